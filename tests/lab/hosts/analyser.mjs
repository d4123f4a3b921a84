// The online water analyser: MQTT 5 with topic aliases, user properties, content type and expiry.
import { MqttClient } from "../lib/mqtt.mjs";
import { every, noisy, serve } from "../lib/host.mjs";

const broker = new MqttClient({ clientId: "analyser", version: 5, autoAssignTopicAlias: true });
let stopMeasuring;

const measure = (name, value, unit) => broker.publish(
  `lindholt/analyser/${name}`,
  { value, unit, ts: Date.now() },
  {
    qos: 1,
    properties: {
      contentType: "application/json", payloadFormatIndicator: true, messageExpiryInterval: 60,
      userProperties: { instrument: "WA-3", calibrated: "2026-01-08" },
    },
  },
);

serve({
  async start() {
    await broker.connect();
    stopMeasuring = every(2000, async () => {
      await measure("chlorine", noisy(0.58, 0.01, 4), "mg/L");
      await measure("conductivity", noisy(412, 3, 1), "uS/cm");
    });
  },
  async stop() {
    stopMeasuring();
    await broker.close();
  },
  publish: (...args) => broker.publish(...args),
});
