// A host application, an edge node with a device, and mosquitto between them: births, data, commands, a
// rebirth, deaths. Every step waits for the one before; what each program sent is written down, a message a
// line, as it was meant: metrics by name, with their types and values.
//
// usage: play.mjs BROKER TRUTH
import { createHash } from 'node:crypto';
import { appendFileSync, writeFileSync } from 'node:fs';
import mqtt from 'mqtt';
import sparkplug from 'sparkplug-payload';

const [broker, truth] = process.argv.slice(2);
const { encodePayload, decodePayload } = sparkplug.get('spBv1.0');
const started = Date.now();
const group = 'Waterworks', node = 'Intake', device = 'Screen';
writeFileSync(truth, '');

// What a value of the library is in the form of the contract.
const iso = ms => new Date(ms).toISOString().replace('Z', '000Z');
const shown = (type, v) => v === null ? null : {
  DateTime: () => iso(v),
  Bytes: () => Buffer.from(v).toString('base64'),
  DataSet: () => ({ columns: v.columns, types: v.types, rows: v.rows }),
  Template: () => ({
    ...(v.templateRef ? { template_ref: v.templateRef } : {}),
    ...(v.version ? { version: v.version } : {}),
    ...(v.isDefinition ? { is_definition: true } : {}),
    ...(v.parameters ? { parameters: Object.fromEntries(v.parameters.map(p => [p.name, p.value])) } : {}),
  }),
}[type]?.() ?? (Number.isNaN(v) ? 'NaN' : v);

// One line for each value, those of a template behind it.
function leaves(metrics, aliases, prefix = '') {
  return metrics.flatMap(m => {
    const name = prefix + (m.name ?? aliases[m.alias] ?? m.alias);
    const own = [name, m.value === null ? undefined : m.type, shown(m.type, m.value)];
    return m.type === 'Template' ? [own, ...leaves(m.value.metrics ?? [], aliases, name + '/')] : [own];
  });
}

function note(topic, payload, facts) {
  const sha256 = createHash('sha256').update(payload).digest('hex');
  appendFileSync(truth, JSON.stringify({ topic, sha256, ...facts }) + '\n');
}

const connect = (clientId, will) => new Promise((done, failed) => {
  const c = mqtt.connect(broker, { clientId, will, reconnectPeriod: 0, protocolVersion: 4, keepalive: 0 });
  c.once('connect', () => done(c));
  c.once('error', failed);
});
const pause = ms => new Promise(done => setTimeout(done, ms));

async function send(client, topic, payload, aliases = {}, options = {}) {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : Buffer.from(encodePayload(payload));
  const facts = typeof payload === 'string' ? { text: payload }
    : { seq: payload.seq, timestamp: iso(payload.timestamp), metrics: leaves(payload.metrics, aliases) };
  note(topic, bytes, facts);
  await client.publishAsync(topic, bytes, { qos: 0, ...options });
  await pause(40);
}

// --- the host ---------------------------------------------------------------------------------------

const state = online => JSON.stringify({ online, timestamp: started });
const stateTopic = 'spBv1.0/STATE/Control';
const host = await connect('control', { topic: stateTopic, payload: state(false), qos: 1, retain: true });
await host.subscribeAsync(`spBv1.0/${group}/#`);
await send(host, stateTopic, state(true), {}, { qos: 1, retain: true });
const received = [];
host.on('message', (topic, bytes) => received.push([topic, decodePayload(bytes)]));

// --- the edge node ----------------------------------------------------------------------------------

let seq = 0;
const next = () => seq++ % 256;
const at = () => Date.now();
const metric = (name, type, value, alias, more = {}) => ({ name, type, value, alias, timestamp: at(), ...more });
const topic = (type, ...rest) => ['spBv1.0', group, type, node, ...rest].join('/');
const death = bd => ({ timestamp: started, metrics: [{ name: 'bdSeq', type: 'UInt64', value: bd }] });

async function edge(bd) {
  const payload = Buffer.from(encodePayload(death(bd)));
  const c = await connect('intake', { topic: topic('NDEATH'), payload, qos: 1, retain: false });
  await c.subscribeAsync([topic('NCMD') + '/#', topic('DCMD') + '/#', stateTopic]);
  return c;
}

const eng = (low, high, unit) => ({ engLow: { type: 'Double', value: low }, engHigh: { type: 'Double', value: high },
  engUnit: { type: 'String', value: unit }, Quality: { type: 'Int32', value: 192 } });
const nodeMetrics = bd => [
  metric('bdSeq', 'UInt64', bd),
  metric('Node Control/Rebirth', 'Boolean', false),
  metric('Int8', 'Int8', -128, 1), metric('Int16', 'Int16', -32768, 2), metric('Int32', 'Int32', -2147483648, 3),
  metric('Int64', 'Int64', -9007199254740991, 4), metric('UInt8', 'UInt8', 255, 5), metric('UInt16', 'UInt16', 65535, 6),
  metric('UInt32', 'UInt32', 4294967295, 7), metric('UInt64', 'UInt64', 9007199254740991, 8),
  metric('Float', 'Float', 20.14, 9), metric('Double', 'Double', Math.PI, 10), metric('Boolean', 'Boolean', true, 11),
  metric('String', 'String', 'intake \u2013 Zulauf', 12), metric('Text', 'Text', 'two\nlines', 13),
  metric('UUID', 'UUID', '6ba7b810-9dad-11d1-80b4-00c04fd430c8', 14), metric('Since', 'DateTime', started, 15),
  metric('Bytes', 'Bytes', Uint8Array.from([0, 1, 254, 255]), 16),
];
const pump = (speed, definition) => ({ version: '1.2', templateRef: definition ? undefined : 'Pump',
  isDefinition: definition, metrics: [metric('Speed', 'Int16', speed), metric('On', 'Boolean', speed !== 0)],
  parameters: [{ name: 'Poles', type: 'UInt32', value: 4 }] });
const deviceMetrics = () => [
  metric('Level', 'Double', 1.25, 20, { properties: eng(0.2, 3.8, 'm') }),
  metric('Setpoint', 'Float', 1.5, 21, { properties: eng(0.5, 3.5, 'm') }),
  metric('_types_/Pump', 'Template', pump(0, true)),
  metric('P1', 'Template', pump(-1200, false), 22),
  metric('Log', 'DataSet', { numOfColumns: 2, columns: ['batch', 'note'], types: ['UInt32', 'String'],
    rows: [[1, 'a'], [4294967295, 'b']] }, 23),
  metric('Gone', 'Int32', null, 24),
];
const aliases = {};
for (const m of [...nodeMetrics(0), ...deviceMetrics()]) if (m.alias !== undefined) aliases[m.alias] = m.name;

async function birth(c, bd) {
  seq = 0;
  await send(c, topic('NBIRTH'), { timestamp: at(), metrics: nodeMetrics(bd), seq: next() });
  await send(c, topic('DBIRTH', device), { timestamp: at(), metrics: deviceMetrics(), seq: next() });
}
const nodeData = (c, ...metrics) => send(c, topic('NDATA'), { timestamp: at(), metrics, seq: next() }, aliases);
const deviceData = (c, ...metrics) =>
  send(c, topic('DDATA', device), { timestamp: at(), metrics, seq: next() }, aliases);

let c = await edge(0);
await birth(c, 0);
for (let i = 0; i < 6; i++) {
  await nodeData(c, metric(undefined, 'Int8', i - 3, 1), metric(undefined, 'Int64', -i, 4));
  await deviceData(c, metric(undefined, 'Double', 1.25 + i / 8, 20), metric('Setpoint', 'Float', 1.5));
}
await deviceData(c, metric(undefined, 'Double', NaN, 20), metric(undefined, 'Double', 0.75, 20,
  { isHistorical: true, timestamp: started - 3600000 }));
await deviceData(c, metric(undefined, 'Template', { metrics: [metric('Speed', 'Int16', -900)] }, 22));

// --- commands, a rebirth, a count that wraps ---------------------------------------------------------

const command = (type, rest, ...metrics) => send(host, topic(type, ...rest), { timestamp: at(), metrics });
await command('DCMD', [device], metric('Setpoint', 'Float', 2.5));
await deviceData(c, metric('Setpoint', 'Float', 2.5));
await command('NCMD', [], metric('Node Control/Rebirth', 'Boolean', true));
await birth(c, 0);
for (let i = 0; i < 260; i++) await nodeData(c, metric(undefined, 'UInt8', i % 256, 5));
seq += 2; // two messages that are never sent
await nodeData(c, metric('Undeclared', 'Int32', 7), metric(undefined, 'Int32', 7, 99));

// --- the node is lost, and comes back ------------------------------------------------------------------

c.stream.destroy();
await pause(300);
c = await edge(1);
await birth(c, 1);
await send(c, topic('DDEATH', device), { timestamp: at(), metrics: [], seq: next() });
await send(c, topic('NDEATH'), death(1));
await c.endAsync();
await host.endAsync();

// What the host made of it: as many messages as were sent on the group's topics, and one will.
console.log(JSON.stringify({ received: received.length }));
