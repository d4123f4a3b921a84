// AI of tier T1: forecasts turbidity from what it reads and hears; it only advises.
import { OpcuaClient } from "../lib/opcua.mjs";
import { MqttClient } from "../lib/mqtt.mjs";
import { every, noisy, serve } from "../lib/host.mjs";
import { openSsh } from "../lib/ssh.mjs";

const TOPIC = "lindholt/ai/forecaster/prediction";

const plc = new OpcuaClient();
const broker = new MqttClient({ clientId: "forecaster" });
let version = "3.1.0";
let stopForecast;

const forecast = (more = {}) => ({
  turbidity_1h: noisy(6.4, 0.3), confidence: noisy(0.86, 0.04), inputs_ts: Date.now(),
  model: "turbidity-lstm", model_version: version, ...more,
});

serve({
  prepare: () => plc.prepare(),
  async start() {
    await broker.connect();
    await broker.subscribe("lindholt/raw/turbidity", null, { qos: 1 });
    await broker.subscribe("lindholt/shift/notes", null, { qos: 1 });
    await plc.open();
    await plc.browse("ns=2;s=Intake");
    await plc.subscribe(["ns=2;s=Intake.Turbidity", "ns=2;s=Intake.Flow"]);
    stopForecast = every(4000, async () => {
      await plc.read("ns=2;s=Intake.Temperature", "ns=2;s=Intake.PH", "ns=2;i=1001");
      await broker.publish(TOPIC, forecast(), { qos: 1 });
    });
  },
  async stop() {
    stopForecast();
    await plc.close();
    await broker.close();
  },
  async deployModel(next) {
    version = next;
  },
  /** Publishes one forecast that differs from the usual ones in the given fields. */
  report: (more) => broker.publish(TOPIC, forecast(more), { qos: 1 }),
  subscribe: (filter) => broker.subscribe(filter),
  unsubscribe: (filter) => broker.unsubscribe(filter),
  read: (...nodes) => plc.read(...nodes),
  write: (...args) => plc.write(...args),
  sweep: (root) => plc.sweep(root),
  openSsh: (address) => openSsh(address),
});
