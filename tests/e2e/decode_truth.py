#!/usr/bin/env python3
"""Hold decoded actions against what the lab's programs say they did. Prints TAP.

usage: decode_truth.py DECODED.jsonl TRUTH.jsonl

Every action of the truth that the wire shows in clear must be there with object, value, type and status,
as often as it was done and at about that time; nothing else may be. Exempt, as tests/lab/README.md says:
the HMI's OPC UA (encrypted), what the stacks do by themselves (namespace 0), the hand-made messages of
the visitor, repeats after a lost connection.
"""
import collections
import datetime
import json
import math
import sys

ENCRYPTED = {'192.168.77.40'}
SLACK_S = 1.5  # a publish stands at the time it was asked for; reconnects take a moment
failures = 0


def report(ok, name, details=()):
    global failures
    print('ok' if ok else 'not ok', '-', name)
    if not ok:
        failures += 1
        details = list(details)
        for d in details[:8]:
            print('#', d)
        if len(details) > 8:
            print('#', len(details) - 8, 'more')


def epoch(ts):
    head, fraction = ts.rstrip('Z').split('.')
    t = datetime.datetime.fromisoformat(head).replace(tzinfo=datetime.timezone.utc)
    return t.timestamp() + float('0.' + fraction)


def plain(value):
    """A value in one form for both sides: the truth writes timestamps with milliseconds."""
    if isinstance(value, list):
        return [plain(v) for v in value]
    if isinstance(value, dict):
        return {k.lower(): plain(v) for k, v in value.items()}
    if isinstance(value, str) and len(value) >= 20 and value[10] == 'T' and value.endswith('Z'):
        return round(epoch(value if '.' in value else value[:-1] + '.0Z'), 3)
    return value


def same(a, b):
    if isinstance(a, (int, float)) and isinstance(b, (int, float)) and not isinstance(a, bool):
        return math.isclose(a, b, rel_tol=1e-12)
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b))
    return a == b


class Item:
    def __init__(self, time, key, facts, line):
        self.time, self.key, self.facts, self.line = time, key, facts, line

    def agrees(self, other):
        return abs(self.time - other.time) <= SLACK_S and all(
            k in other.facts and same(v, other.facts[k]) for k, v in self.facts.items())


def of_truth(d):
    """The item a line of the truth stands for; None when the wire does not show it in clear."""
    op, ip = d['op'], d['ip']
    if d['proto'] == 'opcua':
        if ip in ENCRYPTED:
            return None
        key = (op, ip, d.get('node'))
        if op == 'session':
            return Item(d['t'], (op, ip, None), {'user': d['user'], 'good': d['status'] == 'Good'}, d)
        if op == 'translate':
            return Item(d['t'], ('browse', ip, d['node']), {'status': d['status']}, d)
        facts = {k: plain(d[k]) for k in ('status', 'type', 'value', 'outputs', 'object') if k in d}
        if op in ('history_read', 'subscribe', 'browse'):
            facts.pop('value', None)
        return Item(d['t'], key, facts, d)
    key = (op, ip, d['client_id'] if op == 'connect' else d['topic'])
    facts = {'client_id': d['client_id']}
    if op == 'publish':
        facts.update(qos=d['qos'], retain=d['retain'], bytes=d['bytes'], sha256_16=d['sha256_16'],
                     version={4: '3.1.1', 5: '5.0'}[d['version']])
    elif op == 'connect':
        facts.update(good=d['status'] == 'Success')
    elif op == 'subscribe':
        facts.update(status='GrantedQoS%d' % d['granted'])
    return Item(d['t'], key, facts, d)


def of_event(e):
    action, ip, obj = e['action'], e['src']['ip'], e.get('object')
    if e['protocol'] == 'opcua':
        o = e.get('opcua', {})
        if ip in ENCRYPTED or e.get('encrypted'):
            return None
        if action == 'authenticate':
            return Item(epoch(e['ts']), ('session', ip, None),
                        {'user': o.get('user'), 'good': e.get('status') == 'Good'}, e)
        if action not in ('read', 'write', 'call', 'browse', 'history_read', 'subscribe'):
            return None
        if action == 'subscribe' and obj is None:
            return None  # a CreateSubscription
        facts = {k: plain(e[k]) for k in ('status', 'type', 'value') if k in e}
        if action == 'call':
            facts.update(object=o.get('object_id'), outputs=plain(o.get('outputs', [])))
        return Item(epoch(e['ts']), (action, ip, obj), facts, e)
    if e['protocol'] != 'mqtt' or action not in ('publish', 'connect', 'subscribe', 'unsubscribe'):
        return None
    if action == 'publish' and 'field' in e:
        return None  # a leaf
    m = e['mqtt']
    facts = {'client_id': m.get('client_id')}
    if action == 'publish':
        facts.update(qos=m.get('qos'), retain=m.get('retain'), bytes=m.get('payload_bytes'),
                     sha256_16=m.get('payload_sha256', '')[:16], version=m.get('version'))
    elif action == 'connect':
        facts.update(good=e.get('status') == 'Success')
    elif action == 'subscribe':
        facts.update(status=e.get('status'))
    return Item(epoch(e['ts']), (action, ip, obj), facts, e)


def may_be_extra(item):
    action, ip, obj = item.key
    e = item.line
    if e['protocol'] == 'opcua':
        # Sessions and reads of namespace 0 are the stacks' own; so are endpoint look-ups.
        return obj is None or obj.startswith('i=') or ip == '192.168.77.99'
    if ip == '192.168.77.99':
        return True  # broken packets, and what surrounds them
    if action == 'publish':
        return e['mqtt'].get('dup') is True
    # mqtt.js connects and subscribes again by itself.
    return action in ('connect', 'subscribe')


def main():
    decoded, truth = sys.argv[1:]
    with open(truth) as f:
        want = [i for i in map(of_truth, map(json.loads, f)) if i]
    with open(decoded) as f:
        events = [json.loads(line) for line in f]
    have = collections.defaultdict(list)
    for item in filter(None, map(of_event, events)):
        have[item.key].append(item)
    missing, wrong, found = (collections.defaultdict(list) for _ in range(3))
    for w in want:
        candidates = have.get(w.key, [])
        near = [c for c in candidates if w.agrees(c)]
        action = w.line['proto'] + ' ' + w.line['op']
        if near:
            candidates.remove(min(near, key=lambda c: abs(c.time - w.time)))
            found[action].append(w)
            continue
        close = [c for c in candidates if abs(c.time - w.time) <= SLACK_S]
        if close:
            wrong[action].append('%s\n#   decoded as %s' % (json.dumps(w.line), json.dumps(close[0].line)[:900]))
        else:
            missing[action].append(json.dumps(w.line))
    extra = collections.defaultdict(list)
    for items in have.values():
        for item in items:
            if not may_be_extra(item):
                extra[item.line['protocol'] + ' ' + item.key[0]].append(json.dumps(item.line)[:700])
    for action in sorted(set(found) | set(missing) | set(wrong) | set(extra)):
        bad = missing[action] + wrong[action]
        report(not bad, '%s: all %d found with their values' % (action, len(found[action]) + len(bad)), bad)
        report(not extra[action], action + ': nothing that was not done', extra[action])
    return failures != 0


sys.exit(main())
