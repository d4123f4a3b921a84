// The booster station: takes its pressure over MQTT, reports its state, and leaves a last will.
import { MqttClient } from "../lib/mqtt.mjs";
import { every, noisy, serve } from "../lib/host.mjs";

const STATE = "lindholt/booster/state";

let broker;
let bar = 3;
let stopReporting;

async function start() {
  broker = new MqttClient({
    clientId: "booster", will: { topic: STATE, payload: JSON.stringify({ online: false }), qos: 1, retain: true },
  });
  await broker.connect();
  await broker.subscribe("lindholt/booster/set", (topic, payload) => {
    bar = JSON.parse(payload).bar;
  }, { qos: 2 });
  stopReporting = every(2000, () =>
    broker.publish(STATE, { online: true, bar: noisy(Math.min(bar, 5), 0.02, 2) }, { qos: 1, retain: true }));
}

serve({
  start,
  /** The station loses power; it comes up again with the next start. */
  async powerCut() {
    stopReporting();
    await broker.cut();
  },
  async stop() {
    stopReporting();
    await broker.close();
  },
});
