// Where the two programs keep their certificates, and how to make one.
import { mkdirSync } from "node:fs";
import { OPCUACertificateManager } from "node-opcua-certificate-manager";

export const serverAddress = "192.168.78.10";
export const endpointUrl = `opc.tcp://${serverAddress}:4840`;
export const serverUri = "urn:modes:plc";

/** The certificate store of a program, made when it is not there yet. */
export async function certificateManager(name) {
  const rootFolder = `${process.env.MODES_PKI}/${name}`;
  mkdirSync(rootFolder, { recursive: true });
  const manager = new OPCUACertificateManager({ rootFolder, automaticallyAcceptUnknownCertificate: true });
  await manager.initialize();
  return manager;
}

export const serverCertificateFile = () => `${process.env.MODES_PKI}/server.pem`;
export const serverKeyFile = () => `${process.env.MODES_PKI}/server/own/private/private_key.pem`;
