#!/usr/bin/env python3
"""Events of decode (standard input) in the form of tests/lab/sparkplug/truth.jsonl: each publish with its metrics."""
import json
import sys


def lines(events):
    for e in events:
        e = json.loads(e)
        about = e.get('sparkplug')
        if e['action'] != 'publish' or about is None:
            continue
        if 'field' not in e:
            yield {'topic': e['object'], 'sha256': e['mqtt']['payload_sha256'], 'about': about, 'metrics': []}
        else:
            yield e['field'], e.get('type'), e['value']


def messages(events):
    last = None
    for one in lines(events):
        if isinstance(one, dict):
            if last is not None:
                yield last
            last = one
        else:
            last['metrics'].append(one)
    if last is not None:
        yield last


for m in messages(sys.stdin):
    about, metrics = m.pop('about'), m.pop('metrics')
    if about['type'] == 'STATE':
        members = ','.join('"%s":%s' % (name[1:], json.dumps(v)) for name, _, v in metrics)
        m['text'] = '{%s}' % members
    else:
        if 'seq' in about:
            m['seq'] = about['seq']
        m['timestamp'] = about['timestamp']
        m['metrics'] = metrics
    print(json.dumps(m, ensure_ascii=False, separators=(',', ':')))
