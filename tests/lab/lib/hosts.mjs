// The hosts of the plant, from the table that run.sh makes the namespaces from.
import { readFileSync } from "node:fs";

const table = readFileSync(new URL("../hosts.tsv", import.meta.url), "utf8");

export const hosts = Object.fromEntries(
  table
    .split("\n")
    .filter((line) => line && !line.startsWith("#"))
    .map((line) => line.split("\t"))
    .map(([name, ip, mac]) => [name, { name, ip, mac }]),
);

export const endpointUrl = `opc.tcp://${hosts.plc.ip}:4840`;
export const brokerUrl = `mqtt://${hosts.broker.ip}:1883`;
