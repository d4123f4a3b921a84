// An OPC UA client that notes every read, write, call, browse and history read as truth.
import { mkdirSync } from "node:fs";
import {
  AttributeIds, DataType, MessageSecurityMode, OPCUAClient, SecurityPolicy, TimestampsToReturn, UserTokenType,
  VariantArrayType, makeBrowsePath,
} from "node-opcua-client";
import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import { opcuaAccounts } from "./accounts.mjs";
import { endpointUrl } from "./hosts.mjs";
import { self, truth } from "./host.mjs";

const BROWSE_BATCH = 20;
const LONG_ARRAY = 64; // values of longer arrays are left out of the truth

/** The shortest decimal that gives back the same Float. */
function shortestFloat(value) {
  for (let digits = 6; digits < 9; digits++) {
    const shorter = Number(value.toPrecision(digits));
    if (Math.fround(shorter) === value) return shorter;
  }
  return value;
}

/** A value as the truth holds it: NaN and infinities as strings, long arrays left out. */
function plain(value, type) {
  if (type === DataType.Int64 || type === DataType.UInt64) return value[0] * 2 ** 32 + value[1]; // [high, low]
  if (Array.isArray(value) || ArrayBuffer.isView(value)) {
    return value.length > LONG_ARRAY ? undefined : Array.from(value, (element) => plain(element, type));
  }
  if (typeof value !== "number") return value;
  if (!Number.isFinite(value)) return String(value);
  return type === DataType.Float ? shortestFloat(value) : value;
}

const typeName = (variant) =>
  DataType[variant.dataType] + (variant.arrayType === VariantArrayType.Array ? "[]" : "");

export class OpcuaClient {
  /** `user` null is anonymous; `policy` and `mode` are names of node-opcua's enumerations. */
  constructor({ uri = `urn:lindholt:${self}`, name = `Lindholt ${self}`, user = null, password, policy = "None",
    mode = "None" } = {}) {
    this.user = user;
    this.password = password ?? opcuaAccounts[user];
    this.options = {
      applicationName: name,
      applicationUri: uri,
      securityPolicy: SecurityPolicy[policy],
      securityMode: MessageSecurityMode[mode],
      endpointMustExist: false,
      keepSessionAlive: true,
      connectionStrategy: { maxRetry: 0, initialDelay: 200, maxDelay: 500 },
    };
  }

  /** Makes key and certificate, so that this slow step is over before the capture begins. */
  async prepare() {
    // Each program has its own PKI: node-opcua's default one would be shared by all of them.
    const rootFolder = `${process.env.LAB_PKI}/${self}`;
    mkdirSync(rootFolder, { recursive: true });
    const manager = new OPCUACertificateManager({ rootFolder, automaticallyAcceptUnknownCertificate: true });
    await manager.initialize();
    this.client = OPCUAClient.create({ ...this.options, clientCertificateManager: manager });
    await this.client.createDefaultCertificate();
  }

  async connect() {
    if (!this.client) await this.prepare();
    await this.client.connect(endpointUrl);
  }

  async openSession() {
    const token = this.user === null
      ? { type: UserTokenType.Anonymous }
      : { type: UserTokenType.UserName, userName: this.user, password: this.password };
    try {
      this.session = await this.client.createSession(token);
      truth({ proto: "opcua", op: "session", user: this.user ?? "anonymous", status: "Good" });
    } catch (error) {
      truth({ proto: "opcua", op: "session", user: this.user ?? "anonymous", status: error.message });
      throw error;
    }
  }

  async open() {
    await this.connect();
    await this.openSession();
  }

  async read(...nodes) {
    const results = await this.session.read(nodes.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value })));
    results.forEach(({ value, statusCode }, i) => {
      const good = statusCode.isGood();
      truth({
        proto: "opcua", op: "read", node: nodes[i], status: statusCode.name,
        ...(good && { type: typeName(value), value: plain(value.value, value.dataType) }),
        ...(good && value.value?.length > LONG_ARRAY && { length: value.value.length }),
      });
    });
    return results.map(({ value }) => value?.value);
  }

  /** Writes the Value attribute of one node; returns the server's status by name. */
  async write(nodeId, type, value) {
    const status = await this.session.write({
      nodeId,
      attributeId: AttributeIds.Value,
      value: { value: { dataType: DataType[type], value } },
    });
    truth({ proto: "opcua", op: "write", node: nodeId, type, value: plain(value), status: status.name });
    return status.name;
  }

  /** Calls a method; `inputs` are [type, value] pairs. */
  async call(objectId, methodId, inputs = []) {
    const result = await this.session.call({
      objectId,
      methodId,
      inputArguments: inputs.map(([type, value]) => ({ dataType: DataType[type], value })),
    });
    truth({
      proto: "opcua", op: "call", object: objectId, node: methodId, value: inputs.map(([, value]) => plain(value)),
      outputs: (result.outputArguments ?? []).map(({ value, dataType }) => plain(value, dataType)), status: result.statusCode.name,
    });
    return result.statusCode.name;
  }

  /** Browses the given nodes forward; returns what they refer to. */
  async browse(...nodes) {
    const results = await this.session.browse(nodes.map((nodeId) => ({
      nodeId, browseDirection: 0, referenceTypeId: "HierarchicalReferences", includeSubtypes: true, resultMask: 0x3f,
    })));
    results.forEach(({ statusCode, references }, i) => {
      truth({ proto: "opcua", op: "browse", node: nodes[i], status: statusCode.name, count: references?.length ?? 0 });
    });
    return results.flatMap(({ references }) => (references ?? []).map((reference) => reference.nodeId.toString()));
  }

  /** Walks the address space down from `root`, as a curious agent does; returns how many nodes it asked for. */
  async sweep(root) {
    const seen = new Set([root]);
    let level = [root];
    while (level.length > 0) {
      const next = [];
      for (let i = 0; i < level.length; i += BROWSE_BATCH) {
        next.push(...(await this.browse(...level.slice(i, i + BROWSE_BATCH))));
      }
      level = [...new Set(next)].filter((node) => !seen.has(node));
      level.forEach((node) => seen.add(node));
    }
    return seen.size;
  }

  /** Resolves a browse path such as "/EURange" from a node; returns the node id found. */
  async translate(nodeId, path) {
    const result = await this.session.translateBrowsePath(makeBrowsePath(nodeId, path));
    const target = result.targets?.[0]?.targetId.toString();
    truth({ proto: "opcua", op: "translate", node: nodeId, path, status: result.statusCode.name, target });
    return target;
  }

  async history(nodeId, from, to) {
    const result = await this.session.readHistoryValue(nodeId, from, to);
    const count = result.historyData?.dataValues?.length ?? 0;
    truth({ proto: "opcua", op: "history_read", node: nodeId, status: result.statusCode.name, count });
  }

  /** Subscribes to value changes of `nodes`; `onChange(node, value)` is called for each. */
  async subscribe(nodes, onChange, { publishing = 500, sampling = 250 } = {}) {
    const subscription = await this.session.createSubscription2({
      requestedPublishingInterval: publishing,
      requestedLifetimeCount: 120,
      requestedMaxKeepAliveCount: 10,
      maxNotificationsPerPublish: 200,
      publishingEnabled: true,
      priority: 5,
    });
    const group = await subscription.monitorItems(
      nodes.map((nodeId) => ({ nodeId, attributeId: AttributeIds.Value })),
      { samplingInterval: sampling, discardOldest: true, queueSize: 4 },
      TimestampsToReturn.Both,
    );
    group.on("changed", (item, dataValue) => onChange?.(item.itemToMonitor.nodeId.toString(), dataValue.value.value));
    for (const node of nodes) truth({ proto: "opcua", op: "subscribe", node });
  }

  async close() {
    if (this.session) await this.session.close();
    await this.client.disconnect();
  }
}
