// An MQTT client that notes every publish and subscription as truth.
import { createHash } from "node:crypto";
import mqtt from "mqtt";
import { mqttAccounts } from "./accounts.mjs";
import { brokerUrl } from "./hosts.mjs";
import { self, truth } from "./host.mjs";

const digest = (payload) => createHash("sha256").update(payload).digest("hex").slice(0, 16);

export class MqttClient {
  /** `username` defaults to the host's own account; `version` is 4 (3.1.1) or 5. */
  constructor({ clientId, username = self, password, version = 4, ...more }) {
    this.version = version;
    this.options = {
      clientId,
      username,
      password: password ?? mqttAccounts[username],
      protocolVersion: version,
      keepalive: 20,
      reconnectPeriod: 800,
      ...more,
    };
  }

  /** Connects once; throws the broker's refusal. */
  async connect() {
    try {
      this.client = await mqtt.connectAsync(brokerUrl, this.options, false);
      truth({ proto: "mqtt", op: "connect", client_id: this.options.clientId, status: "Success" });
    } catch (error) {
      truth({ proto: "mqtt", op: "connect", client_id: this.options.clientId, status: `refused ${error.code}` });
      throw error;
    }
    this.client.on("error", (error) => console.error(`${self}: ${error.message}`));
  }

  /** Objects are sent as JSON; resolves when the quality of service asked for is fulfilled. */
  async publish(topic, message, options = {}) {
    const payload = Buffer.isBuffer(message) || typeof message === "string" ? message : JSON.stringify(message);
    const { qos = 0, retain = false } = options;
    truth({
      proto: "mqtt", op: "publish", client_id: this.options.clientId, version: this.version,
      topic, qos, retain, bytes: Buffer.byteLength(payload), sha256_16: digest(payload),
    });
    await this.client.publishAsync(topic, payload, options);
  }

  async subscribe(filter, onMessage, options = { qos: 0 }) {
    const granted = await this.client.subscribeAsync(filter, options);
    for (const { topic, qos } of granted) {
      truth({ proto: "mqtt", op: "subscribe", client_id: this.options.clientId, topic, granted: qos });
    }
    if (onMessage) this.client.on("message", (topic, payload) => onMessage(topic, payload));
  }

  async unsubscribe(filter) {
    await this.client.unsubscribeAsync(filter);
    truth({ proto: "mqtt", op: "unsubscribe", client_id: this.options.clientId, topic: filter });
  }

  async close() {
    await this.client.endAsync();
  }

  /** Loses the connection as a power cut would: no DISCONNECT, so the broker publishes the will. */
  async cut() {
    this.client.options.reconnectPeriod = 0;
    this.client.stream.destroy();
    await this.client.endAsync(true);
  }
}
