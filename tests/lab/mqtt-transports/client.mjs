// The session: usage: client.mjs URL [TLS-VERSION CIPHERS CA-FILE]
import { readFileSync } from "node:fs";
import mqtt from "mqtt";

const [url, version, ciphers, ca] = process.argv.slice(2);
const tls = version
  ? {
      minVersion: version,
      maxVersion: version,
      ciphers,
      ca: readFileSync(ca),
      servername: "broker.example",
      checkServerIdentity: () => undefined,
      ALPNProtocols: url.startsWith("mqtts") ? ["mqtt"] : undefined,
    }
  : {};

const client = await mqtt.connectAsync(
  url,
  {
    clientId: "line-agent",
    username: "agent",
    password: "lab-only",
    protocolVersion: 5,
    keepalive: 0,
    reconnectPeriod: 0,
    wsOptions: tls,
    will: { topic: "plant/line/state", payload: "lost", qos: 1, retain: true },
    ...tls,
  },
  false,
);

// Each message sent to a topic of our own comes back: the next step waits for it.
let arrived;
client.on("message", () => arrived?.());
const echoed = async (topic, payload, options) => {
  const back = new Promise((resolve) => (arrived = resolve));
  await client.publishAsync(topic, payload, options);
  await back;
};

await client.subscribeAsync(["plant/echo/#", "plant/cmd/+"], { qos: 2 });
await echoed("plant/echo/json", JSON.stringify({ confidence: 0.31, model: "quality", label: "ok" }), { qos: 1 });
await echoed("plant/echo/number", "93.5", { qos: 0 });
await echoed("plant/echo/twice", "two", { qos: 2, properties: { userProperties: { batch: "B-7" } } });
await client.publishAsync("plant/line/state", "on", { qos: 1, retain: true });
for (let i = 0; i < 20; i++) await client.publishAsync(`plant/line/${i % 4}`, JSON.stringify({ value: i / 8 }), { qos: 1 });
await echoed("plant/echo/long", "long ".repeat(4000), { qos: 1 });
await client.unsubscribeAsync("plant/cmd/+");
await client.endAsync();
