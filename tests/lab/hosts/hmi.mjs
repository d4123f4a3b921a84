// The operator station: encrypted OPC UA; shows the works, acknowledges what the doser proposes.
import { OpcuaClient } from "../lib/opcua.mjs";
import { MqttClient } from "../lib/mqtt.mjs";
import { every, serve, sleep } from "../lib/host.mjs";

const shown = ["Intake.Flow", "Intake.Turbidity", "Dosing.Coagulant.Setpoint", "Dosing.Chlorine.Residual",
  "Pumps.P1.Speed", "Pumps.P2.Speed", "Reservoir.Level", "Safety.ChlorineLeak"].map((name) => `ns=2;s=${name}`);
const notes = ["Raw water clear, wind from the west.", "Sampled at filter 7, result pending.", "Delivery of coagulant due at noon."];

const plc = new OpcuaClient({ user: "operator", policy: "Basic256Sha256", mode: "SignAndEncrypt" });
const broker = new MqttClient({ clientId: "hmi" });
let stopNotes;
let turn = 0;

/** Looks at a proposal for a moment and approves it. */
async function approve(topic, payload) {
  if (topic !== "lindholt/ai/doser/proposal") return;
  const { node, value, id } = JSON.parse(payload);
  await sleep(2000 + Math.random() * 600);
  await broker.publish("lindholt/approvals", { approved: true, ai: "doser", node, value, proposal: id, expires_s: 60 }, { qos: 1 });
}

serve({
  prepare: () => plc.prepare(),
  async start() {
    await broker.connect();
    await broker.subscribe("lindholt/ai/doser/proposal", approve, { qos: 1 });
    await plc.open();
    await plc.subscribe(shown);
    await plc.write("ns=2;s=Filters.BackwashInterval", "Int32", 40);
    await plc.call("ns=2;s=Filters", "ns=2;s=Filters.StartBackwash", [["UInt16", 7]]);
    await broker.publish("lindholt/shift/state", { shift: "early", lead: "operator" }, { qos: 1, retain: true });
    stopNotes = every(11000, () => broker.publish("lindholt/shift/notes", { text: notes[turn++ % notes.length] }, { qos: 1 }));
  },
  async stop() {
    stopNotes();
    await plc.close();
    await broker.close();
  },
  publish: (...args) => broker.publish(...args),
});
