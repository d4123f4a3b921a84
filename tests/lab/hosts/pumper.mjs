// AI of tier T3: sets pump speeds and booster pressure on its own, within its ranges, and shows that it lives.
import { OpcuaClient } from "../lib/opcua.mjs";
import { MqttClient } from "../lib/mqtt.mjs";
import { every, serve } from "../lib/host.mjs";

const speeds = { P1: [985, 1000, 1018, 1030, 1022, 1010, 996], P2: [935, 942, 930, 920, 914, 925, 936] };
const pressures = [2.9, 3.05, 3.1, 3.0, 2.95, 3.15, 3.2];

const plc = new OpcuaClient({ user: "pumper" });
const broker = new MqttClient({ clientId: "pumper" });
let beat = 0;
let turn = 0;
let boost = 0;
const stops = [];

serve({
  prepare: () => plc.prepare(),
  async start() {
    await broker.connect();
    await broker.subscribe("lindholt/booster/state");
    await plc.open();
    await plc.browse("ns=2;s=Pumps");
    await plc.subscribe(["ns=2;s=Reservoir.Level", "ns=2;s=Reservoir.Outflow", "ns=2;s=Pumps.P1.Speed"]);
    stops.push(
      every(5000, async () => {
        await plc.write("ns=2;s=AI.Pumper.Heartbeat", "Int32", ++beat);
        await broker.publish("lindholt/ai/pumper/heartbeat", String(beat));
      }),
      every(7000, async () => {
        const pump = turn % 2 === 0 ? "P1" : "P2";
        const value = speeds[pump][(turn++ >> 1) % speeds[pump].length];
        await plc.write(`ns=2;s=Pumps.${pump}.Speed.Setpoint`, "Double", value);
        await broker.publish("lindholt/ai/pumper/decision", {
          node: `ns=2;s=Pumps.${pump}.Speed.Setpoint`, value, confidence: 0.94, inputs_ts: Date.now(),
          model: "pump-rl", model_version: "0.9.7",
        });
      }),
      every(12000, () => broker.publish("lindholt/booster/set", { bar: pressures[boost++ % pressures.length] }, { qos: 2 })),
      every(25000, () => plc.call("ns=2;s=Pumps", "ns=2;s=Pumps.Alternate")),
    );
  },
  async stop() {
    stops.forEach((stop) => stop());
    await plc.close();
    await broker.close();
  },
  write: (...args) => plc.write(...args),
  call: (...args) => plc.call(...args),
  publish: (...args) => broker.publish(...args),
});
