#!/usr/bin/env python3
"""Recompute score and severity of alerts from the alerts alone, and hold them to their promised form
(CONTRACT 5). Prints TAP.

usage: score_check.py ALERTS.jsonl [live]
"""
import decimal
import json
import re
import sys
import uuid

CLASSES = {'D': '.95', 'S': '.60', 'M': '.35', 'W': '.15'}
TIERS = {'T0': '0.4', 'T1': '0.7', 'T2': '1', 'T3': '1.5', 'T4': '3'}
ASSETS = {'low': '0.7', 'normal': '1', 'high': '1.5', 'essential': '2'}
KEYS = ['schema', 'id', 'ts', 'site', 'gateway', 'severity', 'score', 'tier', 'rule', 'family', 'actor',
        'target', 'summary', 'observed', 'expected', 'why', 'evidence', 'count', 'first_ts', 'last_ts', 'risk',
        'coverage', 'ruleset', 'inventory', 'engine', 'ndpi', 'tags', 'tlp', 'advice', 'boot', 'seq', 'prev']
OPTIONAL = {'observed', 'expected', 'advice', 'boot', 'seq', 'prev'}
ACTOR = ['id', 'kind', 'ip', 'mac', 'identity', 'mismatch', 'client_id', 'application_uri', 'user']
TARGET = ['asset', 'ip', 'object', 'field', 'variable']
EVIDENCE = ['capture', 'sha256', 'packets', 'flow', 'tuple']
TS = re.compile(r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.(\d{6}|\d{9})Z$')
DIGEST = re.compile(r'^sha256:[0-9a-f]{64}$')
TUPLE = re.compile(r'^(\[[0-9a-f:.]+\]|[0-9.]+)(:\d+)?>(\[[0-9a-f:.]+\]|[0-9.]+)(:\d+)?/[a-z0-9]+$')
D = decimal.Decimal
problems = {}


def hold(ok, name, alert, why=''):
    problems.setdefault(name, [])
    if not ok:
        problems[name].append('%s %s' % (why, json.dumps(alert)[:900]))


def ordered(keys, order):
    return [k for k in order if k in keys] == list(keys)


def half_up(v):
    return int(v.quantize(D(1), rounding=decimal.ROUND_HALF_UP))


def severity_of(score):
    return ('info', 'low', 'medium', 'high', 'critical')[min(4, score // 20)]


def score_of(why):
    head, odds, floor = why[0], None, D(0)
    p = D(CLASSES[head['evidence']]) * D(str(head['strength'])) * D(str(head['severity'])) / 100
    odds = p / (1 - p)
    for w in why[1:]:
        odds *= D(str(w.get('factor', 1)))
        floor = max(floor, D(str(w.get('floor', 0))))
    return p, max(100 * odds / (1 + odds), floor)


def check(a):
    why = a['why']
    hold(ordered(a, KEYS) and set(KEYS) - OPTIONAL <= set(a), 'keys are complete and in their order', a,
         str([k for k in KEYS if k not in a and k not in OPTIONAL]))
    hold(a['schema'] == 'tierwatch.alert/1', 'the schema is named', a)
    hold(ordered(a['actor'], ACTOR) and {'id', 'kind', 'identity'} <= set(a['actor']), 'the actor has its keys', a)
    hold(ordered(a['target'], TARGET) and 'asset' in a['target'], 'the target has its keys', a)
    hold(ordered(a['evidence'], EVIDENCE) and a['evidence']['packets'], 'the evidence has its keys', a)
    hold(a['evidence']['packets'] == sorted(set(a['evidence']['packets'])), 'packets are in order', a)
    hold(TUPLE.match(a['evidence'].get('tuple', '')), 'the tuple reads client > server / transport', a)
    hold(all(TS.match(a[k]) for k in ('ts', 'first_ts', 'last_ts')), 'times are UTC', a)
    hold(a['ts'] == a['first_ts'] <= a['last_ts'], 'an alert stands at its first time', a)
    hold(DIGEST.match(a['ruleset']) and DIGEST.match(a['inventory']), 'rules and inventory are named by digest', a)
    u = uuid.UUID(a['id'])
    hold(u.version == 5 and u.variant == uuid.RFC_4122 and str(u) == a['id'], 'ids are UUIDv5', a)
    hold(a['family'] == a['rule']['id'].split('-')[0], 'the family is the rule\'s', a)
    hold(list(a['rule']) == ['id', 'name', 'rev'], 'the rule is named with its revision', a)
    hold(isinstance(a['score'], int) and 0 <= a['score'] <= 100 and isinstance(a['risk'], int), 'scores are integers', a)
    hold(a['tlp'] in ('clear', 'green', 'amber', 'amber+strict', 'red'), 'the traffic light is known', a)
    hold(isinstance(a['coverage'].get('readable'), int), 'the coverage is a percentage', a)
    hold(bool(a['summary']) and '%' not in a['summary'].replace('"%"', '').replace(' %', ''),
         'summaries are filled in', a)
    p, score = score_of(why)
    hold(why[0]['rule'] == a['rule']['id'], 'why begins with the rule', a)
    hold(abs(p - D(str(why[0]['p']))) <= D('0.005'), 'p is evidence x strength x severity', a, str(p))
    hold(half_up(score) == a['score'], 'the score follows from why', a, str(score))
    hold(severity_of(a['score']) == a['severity'], 'the severity follows from the score', a)
    factors = {k: w for w in why[1:] for k in w if k in ('tier', 'asset', 'context')}
    tier, asset = factors['tier'], factors['asset']
    hold(str(asset['asset']) in ASSETS and D(str(asset['factor'])) == D(ASSETS[asset['asset']]),
         'asset factors are those of the table', a)
    if a['actor']['kind'] == 'ai_system':
        hold(tier['tier'] == a['tier'] and D(str(tier['factor'])) == D(TIERS[a['tier']]), 'tier factors are those of the table', a)
    else:
        want = '1.5' if a['actor']['kind'] == 'unregistered' else '1'
        hold(a['tier'] is None and D(str(tier['factor'])) == D(want), 'assets count 1, the unregistered as T3', a)
    floors = [w['floor'] for w in why[1:] if 'floor' in w]
    hold(not floors or a['score'] >= floors[0], 'no score is below its floor', a)


def main():
    seen, order = {}, []
    with open(sys.argv[1]) as f:
        lines = f.read().splitlines()
    for line in lines:
        a = json.loads(line)
        order.append(a)
        check(a)
        numbers = re.findall(r'(?<=[:\[,])-?\d[0-9.eE+-]*(?=[,\]}])', re.sub(r'"(\\.|[^"\\])*"', '""', line))
        hold(all('e' not in n.lower() or len(n) < 24 for n in numbers), 'numbers are short', a)
        old = seen.get(a['id'])
        if old:
            hold(a['count'] > old['count'] and a['last_ts'] >= old['last_ts'] and a['ts'] == old['ts'] and
                 a['actor']['id'] == old['actor']['id'] and a['target']['asset'] == old['target']['asset'] and
                 a['rule'] == old['rule'], 'an update has the same id, a larger count and a later time', a)
        else:
            hold(a['count'] == 1, 'the first alert of an id goes out at once', a)
        seen[a['id']] = a
    hold(order, 'there are alerts', {})
    facts = [(a['ruleset'], a['rule']['id'], a['rule']['rev'], str(a['actor']), str(a['target']), a['ts'],
              a['evidence'].get('tuple'), a['summary']) for a in seen.values()]
    hold(len(set(facts)) == len(facts), 'different alerts have different ids', {})
    if len(sys.argv) > 2:
        hold([a['seq'] for a in order] == list(range(1, len(order) + 1)), 'no number is missing', order[0] if order else {})
        hold(len({a['boot'] for a in order}) == 1, 'they are of one start', {})
    for name, bad in problems.items():
        print('not ok' if bad else 'ok', '-', name)
        for b in bad[:3]:
            print('#', b)
    return any(problems.values())


sys.exit(main())
