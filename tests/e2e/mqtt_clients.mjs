// mqtt.js on a broker at 127.0.0.1:PORT, in MQTT 3.1, 3.1.1 and 5. Prints a note (JSON) for each thing
// that it did, as mqtt_clients.py does.
//
// usage: node mqtt_clients.mjs FOLDER-WITH-node_modules PORT >NOTES
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { resolve } from "node:path";

const [modules, port] = process.argv.slice(2);
const mqtt = createRequire(`${resolve(modules)}/x`)("mqtt");
const note = (what) => console.log(JSON.stringify(what));
const digest = (payload) => createHash("sha256").update(payload).digest("hex");
const payloads = ["", "21.5", '{"v":1}', "text", Buffer.from([0, 0, 0, 7]), "x".repeat(70000), "€"];

const run = async (version, level) => {
  const id = `js-${version}`;
  const five = version === "5.0";
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, {
    clientId: id,
    protocolVersion: level,
    protocolId: level === 3 ? "MQIsdp" : "MQTT",
    keepalive: 30,
    username: `user-${version}`,
    password: "pw",
    will: { topic: `state/${id}`, payload: "gone", qos: 1, ...(five && { properties: { willDelayInterval: 5 } }) },
    ...(five && { properties: { receiveMaximum: 5, topicAliasMaximum: 10 }, autoAssignTopicAlias: true }),
  });
  note({
    action: "connect",
    object: id,
    version,
    username: `user-${version}`,
    keep_alive: 30,
    will: `state/${id}`,
    will_delay: five ? 5 : null,
  });
  let delivered;
  client.on("message", (topic, payload, packet) => {
    note({
      action: "deliver",
      client_id: id,
      object: topic,
      qos: packet.qos,
      retain: packet.retain,
      sha: digest(payload),
    });
    delivered();
  });
  await client.subscribeAsync(`${id}/#`, { qos: 2, ...(five && { rap: true, nl: false }) });
  note({
    action: "subscribe",
    client_id: id,
    object: `${id}/#`,
    requested_qos: 2,
    retain_as_published: five ? true : null,
  });
  for (const qos of [0, 1, 2]) {
    for (const [i, payload] of payloads.entries()) {
      const topic = `${id}/${qos}/${i}`;
      const arrival = new Promise((done) => (delivered = done));
      note({
        action: "publish",
        client_id: id,
        object: topic,
        qos,
        retain: i === 1,
        sha: digest(payload),
        content_type: five ? "application/test" : null,
      });
      await client.publishAsync(topic, payload, {
        qos,
        retain: i === 1,
        ...(five && { properties: { contentType: "application/test", userProperties: { k: "v" } } }),
      });
      await arrival;
    }
  }
  await client.unsubscribeAsync(`${id}/#`);
  note({ action: "unsubscribe", client_id: id, object: `${id}/#` });
  await client.endAsync();
  note({ action: "disconnect", client_id: id });
};

for (const [version, level] of Object.entries({ 3.1: 3, "3.1.1": 4, "5.0": 5 })) {
  await run(version, level);
}
process.exit(0);
