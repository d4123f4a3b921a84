// AI of tier T2: proposes a coagulant dose, waits for the operator's approval, then writes it.
// Its OPC UA messages are signed and not encrypted.
import { EventEmitter, once } from "node:events";
import { OpcuaClient } from "../lib/opcua.mjs";
import { MqttClient } from "../lib/mqtt.mjs";
import { every, serve, sleep } from "../lib/host.mjs";

const SETPOINT = "ns=2;s=Dosing.Coagulant.Setpoint";
const steps = [0.8, 0.6, -0.4, 0.5, 0.7, -0.3, -0.6, 0.4];
const APPROVAL_TIMEOUT = 8000;

const plc = new OpcuaClient({ user: "doser", policy: "Basic256Sha256", mode: "Sign" });
const broker = new MqttClient({ clientId: "doser" });
const approvals = new EventEmitter();
let dose = 18;
let turn = 0;
let paused = false;
let current = Promise.resolve();
let stopLoop;
let stopHeartbeat;

/** Proposes a dose and resolves when the operator has approved it. */
async function propose(value) {
  const id = `P${++turn}`;
  const approved = once(approvals, id, { signal: AbortSignal.timeout(APPROVAL_TIMEOUT) });
  await broker.publish("lindholt/ai/doser/proposal", {
    id, node: SETPOINT, value, confidence: 0.83, inputs_ts: Date.now(), model: "coag-dose", model_version: "1.4.2",
  }, { qos: 1 });
  await approved;
}

async function setDose(value) {
  if ((await plc.write(SETPOINT, "Double", value)) === "Good") dose = value;
}

async function optimise() {
  const wanted = Number((dose + steps[turn % steps.length]).toFixed(1));
  await propose(wanted);
  await sleep(300);
  await setDose(wanted);
}

serve({
  prepare: () => plc.prepare(),
  async start() {
    await broker.connect();
    await broker.subscribe("lindholt/approvals", (topic, payload) => {
      const { approved, proposal } = JSON.parse(payload);
      if (approved) approvals.emit(proposal);
    }, { qos: 1 });
    await plc.open();
    await plc.subscribe(["ns=2;s=Intake.Turbidity", "ns=2;s=Intake.Flow", "ns=2;s=Dosing.Coagulant.Rate"]);
    stopHeartbeat = every(4000, () => broker.publish("lindholt/ai/doser/heartbeat", { alive: true, n: turn }));
    stopLoop = every(9000, () => {
      if (!paused) current = optimise();
      return current;
    });
  },
  /** Holds the usual work, so that a scenario meets no open proposal or approval. */
  async pause() {
    paused = true;
    await current;
  },
  async resume() {
    paused = false;
  },
  async stop() {
    stopLoop();
    stopHeartbeat();
    await current;
    await plc.close();
    await broker.close();
  },
  propose,
  publish: (...args) => broker.publish(...args),
  setDose,
  /** A second session, unprotected and with a password anyone on the wire can read. */
  async connectUnprotected() {
    const client = new OpcuaClient({ user: "doser", policy: "None", mode: "None" });
    await client.open();
    await client.read("ns=2;s=Intake.Turbidity");
    await client.close();
  },
});
