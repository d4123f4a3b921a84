// The historian: records all variables over OPC UA and all messages over MQTT 5, and, as such machines
// do, has a remote shell for its administrators.
import { OpcuaClient } from "../lib/opcua.mjs";
import { MqttClient } from "../lib/mqtt.mjs";
import { every, serve, sleep } from "../lib/host.mjs";
import { serveSsh } from "../lib/ssh.mjs";
import { folders } from "./plc-variables.mjs";

const recorded = Object.values(folders).flat().map(({ id }) => `ns=2;${id}`)
  .filter((node) => node !== "ns=2;s=Filters.PressureWave");

const plc = new OpcuaClient();
const broker = new MqttClient({ clientId: "historian", version: 5, properties: { receiveMaximum: 40 } });
let stopPolling;

serve({
  prepare: () => plc.prepare(),
  async start() {
    serveSsh();
    await broker.connect();
    await broker.subscribe("lindholt/#", null, { qos: 2, properties: { subscriptionIdentifier: 7 } });
    await plc.open();
    for (const node of ["ns=2;s=Pumps.P1.Speed.Setpoint", "ns=2;s=Dosing.Coagulant.Setpoint"]) {
      await plc.read(await plc.translate(node, "/EURange"));
    }
    await plc.browse("ns=2;s=Intake", "ns=2;s=Dosing");
    await plc.subscribe(recorded, null, { publishing: 1000, sampling: 1000 });
    const start = new Date();
    stopPolling = every(10000, async () => {
      await plc.history("ns=2;s=Intake.Turbidity", start, new Date());
      await plc.read("ns=2;s=Works.LastSample", "ns=2;g=5F3A1C08-9B7D-4E21-8A60-77AA01C3D5E9", "ns=2;s=Filters.Headloss");
    });
    await sleep(6000);
    await plc.read("ns=2;s=Filters.PressureWave");
  },
  async stop() {
    stopPolling();
    await plc.close();
    await broker.close();
  },
});
