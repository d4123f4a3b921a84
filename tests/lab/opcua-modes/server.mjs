// An OPC UA server whose values change only when they are written, so that every recording holds the
// same.
import { existsSync } from "node:fs";
import { DataType, MessageSecurityMode, SecurityPolicy, StatusCodes, Variant, VariantArrayType } from "node-opcua-client";
import { OPCUAServer } from "node-opcua-server";
import { certificateManager, serverAddress, serverCertificateFile, serverKeyFile, serverUri } from "./pki.mjs";

const CHUNK = 8192; // the least that the standard allows: long answers come in several chunks
const PROFILE_LENGTH = 1500;

const manager = await certificateManager("server");
if (!existsSync(serverCertificateFile())) {
  await manager.createSelfSignedCertificate({
    applicationUri: serverUri, subject: "/CN=Modes PLC", dns: ["modes-plc"], ip: [serverAddress],
    startDate: new Date(Date.now() - 86400e3), validity: 3650, outputFile: serverCertificateFile(),
  });
}
if (process.argv[2] === "--prepare") process.exit(0);

const server = new OPCUAServer({
  port: 4840,
  hostname: serverAddress,
  serverCertificateManager: manager,
  userCertificateManager: manager,
  certificateFile: serverCertificateFile(),
  privateKeyFile: serverKeyFile(),
  serverInfo: { applicationUri: serverUri, productUri: "urn:modes:products:plc", applicationName: { text: "Modes PLC" } },
  securityPolicies: ["None", "Basic256Sha256", "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss"].map((name) => SecurityPolicy[name]),
  securityModes: [MessageSecurityMode.None, MessageSecurityMode.Sign, MessageSecurityMode.SignAndEncrypt],
  allowAnonymous: true,
  transportSettings: {
    adjustTransportLimits: (hello) => ({ ...hello, receiveBufferSize: CHUNK, sendBufferSize: CHUNK, maxMessageSize: 0, maxChunkCount: 0 }),
  },
});
await server.initialize();

const { addressSpace } = server.engine;
const namespace = addressSpace.registerNamespace("urn:modes:process"); // ns=2
const boiler = namespace.addObject({ organizedBy: addressSpace.rootFolder.objects, nodeId: "s=Boiler", browseName: "Boiler" });
const variable = (id, type, value, arrayType = VariantArrayType.Scalar) => namespace.addVariable({
  componentOf: boiler, nodeId: `s=${id}`, browseName: id.split(".").at(-1), dataType: type,
  valueRank: arrayType === VariantArrayType.Array ? 1 : -1, minimumSamplingInterval: 50,
  accessLevel: "CurrentRead | CurrentWrite", userAccessLevel: "CurrentRead | CurrentWrite",
  value: new Variant({ dataType: DataType[type], arrayType, value }),
});
variable("Boiler.Setpoint", "Double", 71.5);
variable("Boiler.Temperature", "Float", 68.25);
variable("Boiler.Note", "String", "Nachtschicht übergeben");
variable("Boiler.Profile", "Double", Float64Array.from({ length: PROFILE_LENGTH }, (_, i) => i / 8), VariantArrayType.Array);
const method = namespace.addMethod(boiler, {
  nodeId: "s=Boiler.Ignite", browseName: "Ignite",
  inputArguments: [{ name: "Burner", dataType: DataType.UInt16 }],
  outputArguments: [{ name: "Accepted", dataType: DataType.Boolean }],
});
method.bindMethod((values, context, callback) => callback(null, {
  statusCode: StatusCodes.Good,
  outputArguments: [new Variant({ dataType: DataType.Boolean, value: values[0].value === 2 })],
}));

process.on("SIGTERM", async () => {
  await server.shutdown(0);
  process.exit(0);
});
await server.start();
