/* The page's modules alone, without a browser. */

import {readFileSync} from 'node:fs';
import {join} from 'node:path';
import {scoreSteps} from '../../dashboards/web/js/alert.js';
import {everything, select} from '../../dashboards/web/js/filter.js';
import {Store} from '../../dashboards/web/js/store.js';
import {shellWord, visible, yamlText} from '../../dashboards/web/js/text.js';
import {languages} from '../../dashboards/web/js/words.js';
import {is, ok, run, work} from './lib.mjs';

function texts() {
    is(visible('pump 1'), 'pump 1', 'text stays');
    is(visible('锅炉 setpoint ä'), '锅炉 setpoint ä', 'in any script');
    is(visible('a\u001b[31mb\n\u0000\u007f'), 'a␛[31mb␊␀␡', 'controls are written out');
    is(
        visible('user\u202egnp.exe\u2066x\u2069'),
        'user‹U+202E›gnp.exe‹U+2066›x‹U+2069›',
        'so is what turns the direction',
    );
    is(
        visible('a\u200bb\ufeffc\u{e0041}\u3164'),
        'a‹U+200B›b‹U+FEFF›c‹U+E0041›‹U+3164›',
        'and what can not be seen',
    );
    is(visible('\ud83d'), '‹U+D83D›', 'and half a character');
    is(visible('12345', 3), '123…', 'long text is cut, and it shows');
    is(shellWord('plant.pcap'), 'plant.pcap', 'a word of a shell');
    is(shellWord("a b'; rm -rf /"), "'a b'\\''; rm -rf /'", 'whatever is in it');
    is(
        [
            yamlText('plc-1'),
            yamlText('yes'),
            yamlText('10'),
            yamlText('a: b'),
            yamlText('x\u2028y'),
            yamlText('\u{e0041}\ud800'),
        ].join(' '),
        'plc-1 "yes" "10" "a: b" "x\\u2028y" "\\U000e0041\ufffd"',
        'YAML scalars that stay strings',
    );
}

const gateway = 'works/gw-1';
function alert(part = {}) {
    return JSON.stringify({
        schema: 'tierwatch.alert/1',
        id: 'a1',
        ts: '2026-03-01T08:00:01.123456Z',
        severity: 'high',
        score: 60,
        tier: 'T2',
        rule: {id: 'CMD-01', name: 'n'},
        actor: {id: 'opt', kind: 'ai_system'},
        target: {asset: 'plc'},
        summary: 's',
        count: 1,
        risk: 50,
        boot: 'b',
        seq: 1,
        ...part,
    });
}

function store() {
    const s = new Store(3);
    s.takeAlert(alert(), gateway, 1);
    s.takeAlert(alert(), gateway, 2);
    is(
        `${s.alerts.size} ${s.counts.repeats} ${s.systems.size}`,
        '1 1 1',
        'an alert that comes twice is there once',
    );
    s.takeAlert(alert({count: 5, seq: 2, last_ts: '2026-03-01T08:00:09Z'}), gateway, 3);
    is(`${s.alerts.size} ${s.alerts.get('a1').count}`, '1 5', 'an update replaces it');
    s.takeAlert(alert({count: 4, seq: 2}), gateway, 3);
    is(s.alerts.get('a1').count, 5, 'an old update does not');
    is(
        s.systems.get(`${gateway} opt`).peers.get('plc').count,
        5,
        'its system was seen with the target as often',
    );
    s.takeAlert(alert({id: 'a2', seq: 6}), gateway, 4);
    is(s.gateways.get(gateway).missed, 3, 'a hole in seq is what was missed');
    s.takeAlert(alert({id: 'a3', boot: 'c', seq: 1}), gateway, 5);
    is(s.gateways.get(gateway).missed, 3, 'a new boot is no hole');
    s.takeAlert(alert({id: 'a4', boot: 'c', seq: 2}), gateway, 6);
    const again = new Store();
    again.takeAlert(alert({seq: 1}), gateway, 1, true);
    again.takeAlert(alert({id: 'a2', seq: 8}), gateway, 2, true);
    again.takeAlert(alert({id: 'a3', seq: 11}), gateway, 3);
    again.takeAlert(alert({id: 'a4', boot: 'a', seq: 3}), gateway, 4, true);
    again.takeAlert(alert({id: 'a5', seq: 12}), gateway, 5);
    is(
        again.gateways.get(gateway).missed,
        2,
        'what this page had before says where a gateway was, not what was missed',
    );
    is(
        `${[...s.alerts.keys()]} ${s.counts.letGo}`,
        'a2,a3,a4 1',
        'above the limit the first goes, and is counted',
    );
    for (const odd of [
        '',
        '{',
        '[]',
        'null',
        '{"schema":"tierwatch.alert/1"}',
        alert({severity: 'dire'}),
        alert({rule: 1}),
        alert({ts: 'now'}),
        alert({id: {}}),
    ])
        s.takeAlert(odd, gateway, 7);
    is(s.counts.odd, 9, 'what is no alert is counted');
    s.takeMessage(['w', 'g', 'nonsense'], '{}', 8);
    s.takeMessage(['w', 'g', '__proto__'], '{}', 8);
    s.takeMessage(['w', 'g', 'state'], '{"state":7,"received":"x","__proto__":{"polluted":1}}', 8);
    is(
        `${s.counts.odd} ${s.gateways.get('w/g').state} ${s.gateways.get('w/g').received} ${{}.polluted}`,
        '11 offline 0 undefined',
        'and so are other messages',
    );
}

function filters() {
    const s = new Store();
    for (const [id, part] of Object.entries({
        a: {summary: 'Pump FAST', score: 90, severity: 'critical'},
        b: {tier: null},
        c: {
            actor: {ip: '10.0.0.9', kind: 'unregistered'},
            count: 7,
            last_ts: '2026-03-01T09:00:00Z',
        },
    }))
        s.takeAlert(alert({id, ...part}), gateway, 1);
    const ids = (part, notes = {}) =>
        select(
            s.alerts.values(),
            {...everything(), ...part},
            (id) => notes[id] ?? {ack: 0, note: ''},
        )
            .map((r) => r.id)
            .join('');
    is(ids({}), 'cab', 'newest first');
    is(ids({sort: 'score'}), 'acb', 'or by score');
    is(ids({sort: 'count'}), 'cab', 'or by count');
    is(ids({text: 'pump fast'}), 'a', 'words in any case');
    is(ids({text: '10.0.0.9 works'}), 'c', 'of actor and gateway');
    is(ids({severities: new Set([4])}), 'a', 'by severity');
    is(ids({tiers: new Set(['none'])}), 'b', 'by tier');
    is(ids({from: Date.parse('2026-03-01T08:30:00Z')}), 'c', 'by time');
    const done = {a: {ack: 1, note: 'Called'}};
    is(ids({}, done) + ids({show: 'done'}, done), 'cba', 'open and acknowledged');
    is(ids({show: 'all', text: 'called'}, done), 'a', 'by note');
}

/* What a real replay says: each score follows from what the alert itself tells. */
function scores() {
    const alerts = readFileSync(join(work, 'plant.jsonl'), 'utf8')
        .trim()
        .split('\n')
        .map((l) => JSON.parse(l));
    const wrong = alerts.filter((a) => scoreSteps(a.why).score !== a.score);
    ok(
        alerts.length > 50 && wrong.length === 0,
        `the points of ${alerts.length} alerts add up to their scores`,
        ...wrong.map((a) => `${a.score} ${JSON.stringify(a.why)}`),
    );
    const {steps} = scoreSteps([
        {rule: 'R', p: 0.57},
        {tier: 'T3', factor: 1.5},
        {asset: 'low', factor: 0.7},
        {floor: 75},
    ]);
    is(
        steps.map((s) => `${s.kind} ${(s.to - s.from).toFixed(1)}`).join(', '),
        'evidence 57.0, tier 9.5, asset -8.3, floor 16.8',
        'each part has its points',
    );
}

function words() {
    const keys = Object.keys(languages.en);
    is(Object.keys(languages.zh).join(' '), keys.join(' '), 'both languages have the same words');
    const holes = (text) => (text.match(/\{\w+\}/g) ?? []).sort().join('');
    is(
        keys.filter((k) => holes(languages.en[k]) !== holes(languages.zh[k])).join(' '),
        '',
        'with the same places to fill',
    );
}

await run(() => [texts, store, filters, scores, words].forEach((test) => test()));
