// MCP's messages over MQTT 5: one transport for the server's end of one client, one for the client.
import mqtt from "mqtt";

export const brokerUrl = "mqtt://192.168.79.20:1883";

export function connect(clientId, kind) {
  const userProperties = { "MCP-COMPONENT-TYPE": kind };
  return mqtt.connectAsync(brokerUrl, { clientId, protocolVersion: 5, clean: true, properties: { userProperties } });
}

/** Sends on one topic, receives what `route` hands it. `decision` goes along with the next message. */
export class MqttTransport {
  constructor(client, kind, clientId, topicOf) {
    Object.assign(this, { client, kind, clientId, topicOf, decision: {} });
  }

  async start() {}

  async send(message) {
    const userProperties = { "MCP-COMPONENT-TYPE": this.kind, "MCP-MQTT-CLIENT-ID": this.clientId, ...this.decision };
    this.decision = {};
    const options = { qos: 1, properties: { userProperties, contentType: "application/json" } };
    await this.client.publishAsync(this.topicOf(message), JSON.stringify(message), options);
  }

  receive(payload) {
    this.onmessage?.(JSON.parse(payload.toString()));
  }

  async close() {
    this.onclose?.();
  }
}
