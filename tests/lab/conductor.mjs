// Runs the plant: starts a program in each host's namespace, captures, lets the plant work undisturbed,
// plays the scenarios, and writes down what happened. Called by run.sh, which made the namespaces.
//
//   node conductor.mjs --prefix NAMESPACE_PREFIX --work DIR --out DIR --seconds N [SCENARIO...]
import { execFile, spawn } from "node:child_process";
import { X509Certificate } from "node:crypto";
import { once } from "node:events";
import { chmodSync, openSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { parseArgs, promisify } from "node:util";
import { mqttAccounts } from "./lib/accounts.mjs";
import { sleep } from "./lib/host.mjs";
import { hosts } from "./lib/hosts.mjs";
import commands from "./scenarios/commands.mjs";
import identity from "./scenarios/identity.mjs";
import integrity from "./scenarios/integrity.mjs";
import network from "./scenarios/network.mjs";
import oversight from "./scenarios/oversight.mjs";
import privilege from "./scenarios/privilege.mjs";

const PAUSE_BETWEEN_SCENARIOS = 1300;
const MODEL_CHANGE = { ai: "forecaster", from: "3.1.0", to: "3.2.0", ticket: "LW-2041", window_s: 3600 };

const allScenarios = [...identity, ...privilege, ...commands, ...oversight, ...integrity, ...network];
const run = promisify(execFile);
const here = new URL(".", import.meta.url).pathname;

const { values: options, positionals: wanted } = parseArgs({
  allowPositionals: true,
  options: {
    list: { type: "boolean" }, prefix: { type: "string" }, work: { type: "string" }, out: { type: "string" },
    seconds: { type: "string" },
  },
});

const now = () => Date.now() / 1000;
const namespace = (name) => ["netns", "exec", `${options.prefix}-${name}`];

/** Waits until `condition` holds; throws after ten seconds. */
async function until(what, condition) {
  for (let i = 0; i < 100; i++) {
    if (await condition()) return;
    await sleep(100);
  }
  throw new Error(`timeout: ${what}`);
}

/** The program of one host; its handlers can be called like methods of this object. */
function startHost(name, truth, log) {
  // A UTS namespace with the host's own name: the machine's name has no place in certificates.
  const child = spawn("ip", [...namespace(name), "unshare", "--uts", "sh", "-c",
    'hostname "$1" && mount --bind "$2/hosts" /etc/hosts && exec node "$3"',
    "sh", name, options.work, `${here}hosts/${name}.mjs`], {
    stdio: ["ignore", log, "inherit", "ipc"], // node-opcua comments on its own work
    serialization: "advanced", // JSON would turn NaN into null
    env: { ...process.env, LAB_HOST: name, LAB_PKI: `${options.work}/pki`, NODE_NO_WARNINGS: "1" },
  });
  const waiting = new Map();
  let nextId = 0;
  let setReady;
  let stopped = false;
  const ready = new Promise((resolve) => {
    setReady = resolve;
  });
  child.on("message", (message) => {
    if (message.truth) truth.push({ ...message.truth, ip: hosts[name].ip });
    else if (message.ready) setReady();
    else {
      const { resolve, reject } = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error) reject(new Error(message.error));
      else resolve(message.result);
    }
  });
  child.on("exit", (code, signal) => {
    if (stopped) return;
    console.error(`${name} ended before its time: ${code ?? signal}`);
    process.exit(1); // run.sh ends the rest
  });
  const call = (method, args) => new Promise((resolve, reject) => {
    waiting.set(++nextId, { resolve, reject });
    child.send({ id: nextId, name: method, args });
  });
  const release = () => {
    stopped = true;
    child.disconnect();
  };
  return new Proxy({ ready, release }, {
    get: (target, key) => (key === "then" ? undefined : target[key] ?? ((...args) => call(key, args))),
  });
}

async function startBroker() {
  const passwords = `${options.work}/passwords`;
  writeFileSync(passwords, "");
  chmodSync(passwords, 0o600);
  for (const [user, password] of Object.entries(mqttAccounts)) {
    await run("mosquitto_passwd", ["-b", passwords, user, password]);
  }
  const configuration = `${options.work}/mosquitto.conf`;
  writeFileSync(configuration, `listener 1883 0.0.0.0
allow_anonymous false
password_file ${passwords}
user root
persistence false
log_dest file ${options.work}/mosquitto.log
`);
  const broker = spawn("ip", [...namespace("broker"), "mosquitto", "-c", configuration], { stdio: "ignore" });
  await until("mosquitto listens", async () =>
    (await run("ip", [...namespace("broker"), "ss", "-ltnH"])).stdout.includes(":1883"));
  return broker;
}

/** Captures on the bridge, where every frame between two hosts passes once. */
async function startCapture(file) {
  // Not writing as another user: the folder may be readable by root only.
  const capture = spawn("ip", [...namespace("hub"), "tcpdump", "-i", "br0", "-n", "-s", "262144", "-B", "16384",
    "--immediate-mode", "-Z", "root", "-w", file], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  capture.stderr.on("data", (text) => {
    said += text;
  });
  await until("tcpdump listens", () => said.includes("listening on"));
  return async () => {
    await sleep(300);
    capture.kill("SIGINT");
    await once(capture, "exit");
    const dropped = /(\d+) packets dropped by kernel/.exec(said);
    if (dropped?.[1] !== "0") throw new Error(`the capture is not complete: ${said}`);
  };
}

/** The inventory with the fingerprint of the certificate made for this run. */
function writeInventory() {
  const folder = `${options.work}/pki/doser/own/certs`;
  const file = readdirSync(folder).find((name) => name.endsWith(".pem"));
  const certificate = new X509Certificate(readFileSync(`${folder}/${file}`));
  const fingerprint = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
  const template = readFileSync(`${here}inventory.yaml.in`, "utf8");
  writeFileSync(`${options.out}/inventory.yaml`, template.replace("@DOSER_CERTIFICATE@", fingerprint));
}

/** The plant at work and nothing else, for `seconds`; a declared model change and a power cut are part of it. */
async function normalPhase(plant, seconds) {
  const end = now() + seconds;
  for (const name of ["historian", "hmi", "sensors", "analyser", "booster", "forecaster", "doser", "pumper"]) {
    plant[name].start().catch((error) => {
      console.error(error.message);
      process.exitCode = 1;
    });
    await sleep(350);
  }
  await sleep(seconds * 300);
  await plant.eng.announce(MODEL_CHANGE);
  await plant.forecaster.deployModel(MODEL_CHANGE.to);
  await sleep(seconds * 150);
  await plant.booster.powerCut();
  await sleep(2500);
  await plant.booster.start();
  await sleep(Math.max(0, (end - now()) * 1000));
}

async function play(scenario, plant) {
  if (scenario.before) {
    await scenario.before(plant);
    await sleep(500);
  }
  const start = now();
  await scenario.run(plant);
  const end = now();
  await scenario.after?.(plant);
  console.error(`  ${scenario.name}: ${scenario.rules.join(" ")} (${(end - start).toFixed(1)} s)`);
  return {
    scenario: scenario.name, rules: scenario.rules, also: scenario.also ?? [], actor_ip: hosts[scenario.actor].ip,
    // A host that only claims to be somebody has no id of its own.
    actor_id: scenario.actor === "visitor" ? null : scenario.actor,
    object: scenario.object ?? null, start, end, min_severity: scenario.severity,
  };
}

async function main(scenarios) {
  writeFileSync(`${options.work}/hosts`, "127.0.0.1 localhost\n");
  const truth = [];
  const broker = await startBroker();
  const log = openSync(`${options.work}/stacks.log`, "a");
  const plant = {};
  for (const name of Object.keys(hosts).filter((host) => host !== "broker")) plant[name] = startHost(name, truth, log);
  await Promise.all(Object.values(plant).map(({ ready }) => ready));
  console.error("making keys and certificates");
  for (const name of ["plc", "historian", "hmi", "forecaster", "doser", "pumper", "visitor"]) await plant[name].prepare();
  writeInventory();

  const stopWhole = await startCapture(`${options.out}/plant.pcap`);
  const stopNormal = await startCapture(`${options.out}/normal.pcap`);
  console.error(`normal work for ${options.seconds} s`);
  await normalPhase(plant, Number(options.seconds));
  await stopNormal();

  console.error(`${scenarios.length} scenarios`);
  const expected = [];
  for (const scenario of scenarios) {
    expected.push(await play(scenario, plant));
    await sleep(PAUSE_BETWEEN_SCENARIOS);
  }
  writeFileSync(`${options.out}/expected.json`, `[\n${expected.map((entry) => JSON.stringify(entry)).join(",\n")}\n]\n`);

  for (const name of ["doser", "pumper", "forecaster", "booster", "analyser", "sensors", "hmi", "historian"]) await plant[name].stop();
  await stopWhole();
  truth.sort((a, b) => a.t - b.t);
  writeFileSync(`${options.out}/truth.jsonl`, truth.map((entry) => `${JSON.stringify(entry)}\n`).join(""));
  await plant.plc.stop();
  for (const host of Object.values(plant)) host.release();
  broker.kill();
}

if (options.list) {
  for (const { name, rules } of allScenarios) console.log(`  ${name.padEnd(38)}${rules.join(" ")}`);
} else {
  const unknown = wanted.filter((name) => !allScenarios.some((scenario) => scenario.name === name));
  if (unknown.length > 0) {
    console.error(`no such scenario: ${unknown.join(" ")}`);
    process.exitCode = 2;
  } else {
    await main(wanted.length > 0 ? allScenarios.filter(({ name }) => wanted.includes(name)) : allScenarios);
  }
}
