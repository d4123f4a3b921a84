// Messages that break MQTT and OPC UA: each entry is a list of parts for one connection.
import { mqttAccounts } from "./accounts.mjs";
import { endpointUrl } from "./hosts.mjs";

const text = (string) => {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(Buffer.byteLength(string));
  return Buffer.concat([length, Buffer.from(string)]);
};

/** An MQTT packet shorter than 128 bytes. */
const mqtt = (first, ...parts) => {
  const body = Buffer.concat(parts);
  return Buffer.concat([Buffer.from([first, body.length]), body]);
};

const connect = (clientId) => mqtt(0x10, text("MQTT"), Buffer.from([4, 0xc2, 0, 30]), text(clientId), text("spare"), text(mqttAccounts.spare));

export function malformedMqtt() {
  return [
    [mqtt(0x30, text("lindholt/raw/turbidity"), Buffer.from("9.9"))], // PUBLISH before CONNECT
    [connect("probe-1"), mqtt(0x36, text("lindholt/raw/turbidity"), Buffer.from([0, 1]), Buffer.from("9.9"))], // QoS 3
    [connect("probe-2"), mqtt(0x80, Buffer.from([0, 1]), text("lindholt/raw/#"), Buffer.from([0]))], // reserved flags of SUBSCRIBE
    [connect("probe-3"), Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x7f])], // remaining length of five bytes
    [connect("probe-4"), connect("probe-4")], // second CONNECT
    [connect("probe-5"), mqtt(0x32, Buffer.from([0, 200]), Buffer.from("short"))], // topic longer than its packet
  ];
}

/** An OPC UA TCP message; `size` may lie. */
const opcua = (type, body, size = body.length + 8) => {
  const head = Buffer.alloc(8);
  head.write(type, "latin1");
  head.writeUInt32LE(size, 4);
  return Buffer.concat([head, body]);
};

const words = (...values) => Buffer.concat(values.map((value) => {
  const word = Buffer.alloc(4);
  word.writeUInt32LE(value);
  return word;
}));

const hello = () => opcua("HELF", Buffer.concat([words(0, 65535, 65535, 0, 0, endpointUrl.length), Buffer.from(endpointUrl)]));

export function malformedOpcua() {
  return [
    [opcua("MSGF", words(1, 1, 1, 1, 0))], // a message before any HEL or OPN
    [opcua("HELF", words(0, 65535, 65535, 0, 0, 4096))], // URL longer than its message
    [opcua("HELF", Buffer.alloc(0), 4)], // a size smaller than the header
    [Buffer.from("XYZF\u0010\u0000\u0000\u0000garbage!", "latin1")], // no such message type
    [hello(), opcua("OPNF", words(0, 0x7fffffff, 0x61616161))], // security policy of 2 GiB
    [hello(), opcua("MSGF", words(77, 88, 1, 1, 0x01020304, 0x05060708))], // a channel that was never opened
  ];
}
