// The PLC: an OPC UA server whose variables move as those of a small waterworks do.
import { OPCUACertificateManager } from "node-opcua-certificate-manager";
import { DataType, MessageSecurityMode, SecurityPolicy, StatusCodes, Variant, VariantArrayType } from "node-opcua-client";
import { OPCUAServer, OPCUAServerEndPoint } from "node-opcua-server";
import { opcuaAccounts } from "../lib/accounts.mjs";
import { every, noisy, serve } from "../lib/host.mjs";
import { hosts } from "../lib/hosts.mjs";
import { FILTERS, WAVE_SAMPLES, diagnosticTags, folders } from "./plc-variables.mjs";

const CHUNK = 16384; // small buffers, as embedded servers have: long answers come in several chunks

const variables = new Map();
let server;
let stopProcess;

// node-opcua offers no option for user names without encryption on unprotected endpoints; old
// controllers know nothing else, and the lab wants what they put on the wire.
const addEndpoints = OPCUAServerEndPoint.prototype.addStandardEndpointDescriptions;
OPCUAServerEndPoint.prototype.addStandardEndpointDescriptions = function (options) {
  return addEndpoints.call(this, { ...options, allowUnsecurePassword: true });
};

// A 64-bit integer is a pair of words to node-opcua, not an array.
const isArray = (type, value) => typeof value === "object" && Symbol.iterator in value && type !== "Int64";

function variant(type, value) {
  const arrayType = isArray(type, value) ? VariantArrayType.Array : VariantArrayType.Scalar;
  return new Variant({ dataType: DataType[type], arrayType, value });
}

function addVariable(namespace, folder, { id, type, value, name, unit, range, writable, history }) {
  const browseName = name ?? id.slice(2);
  const options = {
    componentOf: folder,
    nodeId: id,
    browseName,
    dataType: type,
    valueRank: isArray(type, value) ? 1 : -1,
    accessLevel: writable ? "CurrentRead | CurrentWrite" : "CurrentRead",
    userAccessLevel: writable ? "CurrentRead | CurrentWrite" : "CurrentRead",
    minimumSamplingInterval: 100,
    value: variant(type, value),
  };
  const variable = range
    ? namespace.addAnalogDataItem({
      ...options,
      engineeringUnitsRange: { low: range[0], high: range[1] },
      engineeringUnits: { namespaceUri: "http://www.opcfoundation.org/UA/units/un/cefact", displayName: unit, unitId: 0 },
    })
    : namespace.addVariable(options);
  if (history) namespace.addressSpace.installHistoricalDataNode(variable, { maxOnlineValues: 300 });
  variables.set(browseName, { variable, type });
}

const get = (name) => variables.get(name).variable.readValue().value.value;

function set(name, value) {
  const { variable, type } = variables.get(name);
  variable.setValueFromSource(variant(type, value), StatusCodes.Good);
}

function addMethod(namespace, folder, id, inputs, run) {
  const method = namespace.addMethod(folder, {
    nodeId: `s=${id}`,
    browseName: id,
    inputArguments: inputs.map(([name, type]) => ({ name, dataType: DataType[type] })),
    outputArguments: [{ name: "Accepted", dataType: DataType.Boolean }],
  });
  method.bindMethod((values, context, callback) => callback(null, {
    statusCode: StatusCodes.Good,
    outputArguments: [variant("Boolean", run(...values.map(({ value }) => value)))],
  }));
}

function buildAddressSpace(addressSpace) {
  const namespace = addressSpace.registerNamespace("urn:lindholt:process"); // ns=2
  const made = {};
  for (const [name, list] of Object.entries(folders)) {
    made[name] = namespace.addObject({ organizedBy: addressSpace.rootFolder.objects, nodeId: `s=${name}`, browseName: name });
    for (const spec of list) addVariable(namespace, made[name], spec);
  }
  const diagnostics = namespace.addFolder(addressSpace.rootFolder.objects, { nodeId: "s=Diag", browseName: "Diag" });
  for (let number = 1; number <= FILTERS; number++) {
    const filter = `Diag.F${String(number).padStart(2, "0")}`;
    const folder = namespace.addFolder(diagnostics, { nodeId: `s=${filter}`, browseName: filter });
    for (const tag of diagnosticTags) {
      addVariable(namespace, folder, { id: `s=${filter}.${tag}`, type: "Float", value: noisy(10, 5) });
    }
  }
  addMethod(namespace, made.Filters, "Filters.StartBackwash", [["Filter", "UInt16"]], (filter) => filter <= FILTERS);
  addMethod(namespace, made.Pumps, "Pumps.Alternate", [], () => true);
  addMethod(namespace, made.Safety, "Safety.Reset", [["Reason", "String"]], () => false);
}

/** Half a second of the process: drives follow their setpoints, everything measured has noise. */
function step() {
  for (const pump of ["P1", "P2"]) {
    const wanted = get(`Pumps.${pump}.Speed.Setpoint`);
    if (!Number.isFinite(wanted)) continue; // the drive holds its speed
    const speed = get(`Pumps.${pump}.Speed`);
    set(`Pumps.${pump}.Speed`, noisy(speed + 0.8 * (Math.min(wanted, 1600) - speed), 0.4, 2));
  }
  const dose = get("Dosing.Coagulant.Setpoint");
  const rate = get("Dosing.Coagulant.Rate");
  if (Number.isFinite(dose)) set("Dosing.Coagulant.Rate", noisy(rate + 0.8 * (Math.min(dose, 60) - rate), 0.03));
  set("Pumps.P1.Power", noisy(44, 0.5, 2));
  set("Intake.Flow", noisy(412, 6, 2));
  set("Intake.Turbidity", noisy(6.2, 0.25));
  set("Intake.Temperature", noisy(11.4, 0.05));
  set("Intake.PH", noisy(7.35, 0.02));
  set("Dosing.Chlorine.Residual", noisy(0.58, 0.01, 4));
  set("Dosing.TankLevel", noisy(71.4, 0.1, 2));
  set("Reservoir.Level", noisy(3.92, 0.01, 4));
  set("Reservoir.Outflow", noisy(398, 5, 2));
  set("Energy.Power", noisy(187, 3, 2));
  set("Intake.MeterTotal", get("Intake.MeterTotal") + 1);
  set("Filters.Headloss", Float64Array.from({ length: FILTERS }, () => noisy(1.2, 0.2)));
}

serve({
  async prepare() {
    const rootFolder = `${process.env.LAB_PKI}/plc`;
    const manager = new OPCUACertificateManager({ rootFolder, automaticallyAcceptUnknownCertificate: true });
    server = new OPCUAServer({
      port: 4840,
      hostname: hosts.plc.ip,
      serverCertificateManager: manager,
      userCertificateManager: manager,
      serverInfo: { applicationUri: "urn:lindholt:plc", productUri: "urn:lindholt:products:plc", applicationName: { text: "Lindholt PLC" } },
      buildInfo: { manufacturerName: "Lindholt Waterworks", productName: "PLC", softwareVersion: "4.2.0", buildDate: new Date(Date.UTC(2026, 0, 5)) },
      securityPolicies: [SecurityPolicy.None, SecurityPolicy.Basic256Sha256],
      securityModes: [MessageSecurityMode.None, MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt],
      allowAnonymous: true,
      userManager: { isValidUser: (user, password) => Object.hasOwn(opcuaAccounts, user) && opcuaAccounts[user] === password },
      transportSettings: {
        adjustTransportLimits: (hello) => ({ ...hello, receiveBufferSize: CHUNK, sendBufferSize: CHUNK, maxMessageSize: 0, maxChunkCount: 0 }),
      },
    });
    await server.initialize();
    buildAddressSpace(server.engine.addressSpace);
    const wave = Float64Array.from({ length: WAVE_SAMPLES }, (_, i) => Number((Math.sin(i / 37) + noisy(0, 0.2)).toFixed(4)));
    set("Filters.PressureWave", wave);
    await server.start();
    stopProcess = every(500, step);
  },
  async stop() {
    stopProcess();
    await server.shutdown(100);
  },
});
