#!/usr/bin/env python3
"""Hold the alerts of the lab's capture against its scenarios. Prints TAP.

usage: alerts_expected.py ALERTS.jsonl EXPECTED.json
"""
import datetime
import json
import re
import sys

SEVERITIES = ['info', 'low', 'medium', 'high', 'critical']
SLACK_S = 0.5
AFTER_S = 5  # rules with a deadline


def catalogued(rule):
    """One detection may be several rules: CRY-02 and CRY-02-b."""
    return re.sub(r'-[a-z]$', '', rule)


def epoch(ts):
    head, fraction = ts.rstrip('Z').split('.')
    t = datetime.datetime.fromisoformat(head).replace(tzinfo=datetime.timezone.utc)
    return t.timestamp() + float('0.' + fraction)


def by(alert, scenario):
    actor = alert['actor']
    if scenario['actor_id'] is not None:
        return actor['id'] == scenario['actor_id']
    return actor.get('ip') == scenario['actor_ip']


def during(alert, scenario):
    return epoch(alert['last_ts']) >= scenario['start'] - SLACK_S and \
        epoch(alert['first_ts']) <= scenario['end'] + AFTER_S


def main():
    with open(sys.argv[1]) as f:
        alerts = [json.loads(line) for line in f]
    with open(sys.argv[2]) as f:
        scenarios = json.load(f)
    failures = 0
    for s in scenarios:
        near = [a for a in alerts if during(a, s) and by(a, s)]
        problems = []
        for rule in s['rules']:
            mine = [a for a in near if a['rule']['id'] == rule]
            if not mine:
                problems.append('no %s; there are: %s' % (rule, ', '.join(
                    sorted({a['rule']['id'] + ' ' + str(a['actor']['id'] or a['actor'].get('ip'))
                            for a in alerts if during(a, s)})) or 'none'))
                continue
            if s['object'] is not None:
                on = [a for a in mine if s['object'] == a['target'].get('object')]
                if not on:
                    problems.append('%s is on %s, not on %s' % (
                        rule, {a['target'].get('object') for a in mine}, s['object']))
                    continue
                mine = on
            worst = max(SEVERITIES.index(a['severity']) for a in mine)
            if worst < SEVERITIES.index(s['min_severity']):
                problems.append('%s is %s (%s), at least %s is wanted: %s' % (
                    rule, SEVERITIES[worst], [a['score'] for a in mine], s['min_severity'],
                    json.dumps(mine[0]['why'])))
        print('not ok' if problems else 'ok', '-', 'scenario', s['scenario'], '(%s)' % ', '.join(s['rules']))
        for p in problems:
            print('#', p)
        failures += bool(problems)
    stray = []
    for a in alerts:
        if SEVERITIES.index(a['severity']) < 2:
            continue
        if not any(during(a, s) and (by(a, s) or a['actor'].get('ip') == s['actor_ip']) and
                   catalogued(a['rule']['id']) in s['rules'] + s['also'] for s in scenarios):
            stray.append(a)
    print('not ok' if stray else 'ok', '- no alert of medium or above beside the scenarios')
    for a in stray:
        print('#', a['ts'], a['severity'], a['rule']['id'], a['summary'])
    return 1 if failures or stray else 0


sys.exit(main())
