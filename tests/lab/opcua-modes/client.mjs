// The session that is recorded: client.mjs POLICY MODE KEY-LOG. Nothing in it depends on time: each
// step waits for the answer of the one before. Its key log is what Wireshark reads.
import { appendFileSync, readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { AttributeIds, DataType, MessageSecurityMode, OPCUAClient, SecurityPolicy, TimestampsToReturn } from "node-opcua-client";
import { certificateManager, endpointUrl, serverCertificateFile } from "./pki.mjs";

const [policy, mode, keyLog] = process.argv.slice(2);
const require = createRequire(import.meta.url);
const { TokenStack } = require("node-opcua-secure-channel/dist/source/token_stack");

const LIFETIME_MS = 6000; // of a token: it is renewed once, at three quarters of that

const hex = (bytes) => Buffer.from(bytes).toString("hex");

// node-opcua writes no key log; here is where every token comes by with the keys derived for it.
const pushNewToken = TokenStack.prototype.pushNewToken;
TokenStack.prototype.pushNewToken = function (token, keys) {
  if (mode === "SignAndEncrypt") {
    const id = `${token.channelId}_${token.tokenId}`;
    for (const [side, derived] of [["client", keys.derivedClientKeys], ["server", keys.derivedServerKeys]]) {
      appendFileSync(keyLog, `${side}_iv_${id}: ${hex(derived.initializationVector)}\n`);
      appendFileSync(keyLog, `${side}_key_${id}: ${hex(derived.encryptingKey)}\n`);
      appendFileSync(keyLog, `${side}_siglen_${id}: ${derived.signatureLength}\n`);
    }
  }
  return pushNewToken.call(this, token, keys);
};

const pem = readFileSync(serverCertificateFile(), "latin1");
const client = OPCUAClient.create({
  applicationName: "Modes optimiser",
  applicationUri: "urn:modes:optimiser",
  clientName: "optimiser",
  clientCertificateManager: await certificateManager("client"),
  securityPolicy: SecurityPolicy[policy],
  securityMode: MessageSecurityMode[mode],
  // Given, so that no mode asks for it on a connection of its own.
  serverCertificate: Buffer.from(pem.replace(/-----[^-]+-----|\s/g, ""), "base64"),
  endpointMustExist: false,
  keepSessionAlive: false,
  defaultSecureTokenLifetime: LIFETIME_MS,
  connectionStrategy: { maxRetry: 0, initialDelay: 200, maxDelay: 500 },
});
await client.createDefaultCertificate();
const renewed = new Promise((resolve) => client.once("security_token_renewed", resolve));

await client.connect(endpointUrl);
const session = await client.createSession();
const value = (id) => ({ nodeId: `ns=2;s=${id}`, attributeId: AttributeIds.Value });
const read = (...ids) => session.read(ids.map(value));
const write = (id, type, content) =>
  session.write({ ...value(id), value: { value: { dataType: DataType[type], value: content } } });

await read("Boiler.Setpoint", "Boiler.Temperature", "Boiler.Note", "Boiler.Missing");
await read("Boiler.Profile");
await session.browse([{ nodeId: "ns=2;s=Boiler", browseDirection: 0, referenceTypeId: "HierarchicalReferences", includeSubtypes: true, resultMask: 0x3f }]);
await session.call({ objectId: "ns=2;s=Boiler", methodId: "ns=2;s=Boiler.Ignite", inputArguments: [{ dataType: DataType.UInt16, value: 2 }] });

const subscription = await session.createSubscription2({
  requestedPublishingInterval: 100, requestedLifetimeCount: 600, requestedMaxKeepAliveCount: 200,
  maxNotificationsPerPublish: 10, publishingEnabled: true, priority: 1,
});
// The first publishing interval ends with a keep-alive: always before there is anything to notify.
await new Promise((resolve) => { setTimeout(resolve, 350); });
let notified;
const notification = () => new Promise((resolve) => { notified = resolve; });
let next = notification();
const group = await subscription.monitorItems([value("Boiler.Setpoint")], { samplingInterval: 50, discardOldest: true, queueSize: 4 }, TimestampsToReturn.Both);
group.on("changed", () => notified());
await next;

next = notification();
await write("Boiler.Setpoint", "Double", 73.25);
await next;
await write("Boiler.Setpoint", "String", "hot");

await renewed;
next = notification();
await write("Boiler.Setpoint", "Double", 72);
await next;
await read("Boiler.Setpoint");
await subscription.terminate();
await session.close();
await client.disconnect();
