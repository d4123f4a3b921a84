// A laptop that nobody registered: tries identities, passwords and broken messages.
import net from "node:net";
import { OpcuaClient } from "../lib/opcua.mjs";
import { MqttClient } from "../lib/mqtt.mjs";
import { serve, sleep } from "../lib/host.mjs";
import { hosts } from "../lib/hosts.mjs";
import { malformedMqtt, malformedOpcua } from "../lib/malformed.mjs";

const STRANGER = { uri: "urn:toolbox:tag-explorer", name: "Tag Explorer" };

/** Sends the parts one after the other on a fresh connection, then waits for the peer's reaction. */
function sendRaw(address, port, parts) {
  return new Promise((resolve) => {
    const socket = net.connect(port, address, async () => {
      for (const part of parts) {
        if (!socket.writable) break;
        socket.write(part);
        await sleep(120);
      }
      socket.destroy();
    });
    socket.on("error", () => socket.destroy());
    socket.on("close", resolve);
  });
}

serve({
  // The key and certificate of each identity are made before the capture begins.
  prepare: () => new OpcuaClient(STRANGER).prepare(),

  async readAsStranger(...nodes) {
    const client = new OpcuaClient(STRANGER);
    await client.open();
    await client.read(...nodes);
    await client.close();
  },
  async readAs(identity, ...nodes) {
    const client = new OpcuaClient(identity);
    await client.open();
    await client.read(...nodes);
    await client.close();
  },
  async mqttSession(options, filter, ms) {
    const client = new MqttClient(options);
    await client.connect();
    if (filter) await client.subscribe(filter);
    await sleep(ms);
    await client.close();
  },
  async guessMqttPasswords(username, guesses) {
    for (const [i, password] of guesses.entries()) {
      const client = new MqttClient({ clientId: `tool-${i}`, username, password, reconnectPeriod: 0 });
      await client.connect().catch(() => {}); // a refusal is what it expects
      await sleep(150);
    }
  },
  async guessOpcuaPasswords(user, guesses) {
    const client = new OpcuaClient({ ...STRANGER, user });
    await client.connect();
    for (const password of guesses) {
      client.password = password;
      await client.openSession().catch(() => {});
      await sleep(150);
    }
    await client.close();
  },
  async sendMalformedMqtt() {
    for (const parts of malformedMqtt()) await sendRaw(hosts.broker.ip, 1883, parts);
  },
  async sendMalformedOpcua() {
    for (const parts of malformedOpcua()) await sendRaw(hosts.plc.ip, 4840, parts);
  },
});
