// The raw-water sensor hub: MQTT 3.1.1, one topic an instrument, JSON and bare numbers.
import { MqttClient } from "../lib/mqtt.mjs";
import { every, noisy, serve } from "../lib/host.mjs";

const broker = new MqttClient({ clientId: "sensor-hub" });
const stops = [];

serve({
  async start() {
    await broker.connect();
    await broker.publish("lindholt/raw/info", { hub: "sensor-hub", firmware: "2.8" }, { qos: 1, retain: true });
    stops.push(
      every(1000, () => broker.publish("lindholt/raw/turbidity", { ntu: noisy(6.2, 0.25), ts: Date.now() }, { qos: 1 })),
      every(2000, () => broker.publish("lindholt/raw/temperature", String(noisy(11.4, 0.05)))),
      every(5000, () => broker.publish("lindholt/raw/level", { m: noisy(1.84, 0.02), ts: Date.now() }, { qos: 2 })),
    );
  },
  async stop() {
    stops.forEach((stop) => stop());
    await broker.close();
  },
});
