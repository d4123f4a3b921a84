#!/usr/bin/env python3
"""Hold the statistics of sensors against SKAB, the Skoltech anomaly benchmark (https://github.com/waico/SKAB).

usage: tests/bench/skab.py [--binary build/tierwatch] [--rules rules] [--rows 400] [--keep DIR] [-v] FOLDER_OR_CSV...

Each experiment is one CSV file: a row a second of what eight sensors of a water loop say, with a column that says when
something was wrong. A gateway publishes every value over MQTT, in a capture that is made here; the baseline is learned
from the first 400 rows, the rest is replayed with the shipped rules. The data is not in this tree.

What is printed is measured, nothing is passed or failed:
  events   stretches labelled as anomalous; found: an alert, or an update of one, within it
  delay    seconds from the beginning of a found event to that
  early    of those found, how many an episode that began before them led into
  false    episodes (alerts and updates at most 60 s apart) that touch no event
  F1       by seconds: a second counts as alarmed inside an episode, as anomalous where the label says so
"""
import argparse
import csv
import datetime
import glob
import importlib.util
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
APART_S = 60  # alerts further apart are two episodes
LABELS = ('datetime', 'anomaly', 'changepoint')


def packets():
    """The writer of packets that the golden captures are made with."""
    spec = importlib.util.spec_from_file_location('make', os.path.join(ROOT, 'tests', 'golden', 'make.py'))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def second(text):
    return int(datetime.datetime.fromisoformat(text).replace(tzinfo=datetime.timezone.utc).timestamp())


def read(path):
    with open(path, newline='') as f:
        rows = list(csv.DictReader(f, delimiter=';'))
    sensors = [c for c in rows[0] if c not in LABELS]
    return [(second(r['datetime']), {s: r[s] for s in sensors}, float(r.get('anomaly') or 0) > 0) for r in rows]


def capture(rows, path):
    """The rows as MQTT, each at its second."""
    m = packets()
    c = m.Capture()
    c.now = (rows[0][0] - 1) * 1000000
    gateway = m.mqtt_session(c, '10.0.0.60', 40060, 'skab-gateway')
    for at, values, _ in rows:
        c.now = max(c.now, at * 1000000)
        c.ip_id = 0
        for name, value in values.items():
            gateway.client(m.publish('skab/' + name.replace(' ', '-'), value))
    c.write(path)


def run(command, wanted):
    r = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    if r.returncode not in wanted:
        sys.exit('%s ended with %d: %s' % (' '.join(command), r.returncode, r.stderr.strip()))
    return r.stdout


def alarms(options, rows, folder, name):
    """(second, rule) of every alert and update."""
    files = {part: os.path.join(folder, '%s-%s' % (name, part)) for part in ('learn.pcap', 'watch.pcap', 'baseline.json')}
    capture(rows[:options.rows], files['learn.pcap'])
    capture(rows[options.rows:], files['watch.pcap'])
    run([options.binary, 'baseline', 'learn', '-q', '-o', files['baseline.json'], files['learn.pcap']], (0,))
    lines = run([options.binary, 'replay', '-q', '--rules', options.rules, '--baseline', files['baseline.json'],
                 '--alerts', '-', files['watch.pcap']], (0,))
    out = []
    for line in lines.splitlines():
        alert = json.loads(line)
        if alert['rule']['id'].startswith('INP-'):
            out += [(second(alert[key][:19]), alert['rule']['id']) for key in ('first_ts', 'last_ts')]
    return sorted(set(out))


def stretches(seconds, apart):
    out = []
    for at in seconds:
        if out and at - out[-1][1] <= apart:
            out[-1][1] = at
        else:
            out.append([at, at])
    return out


def labelled(rows):
    """Rows that follow each other, whatever seconds are left out between them."""
    out, before = [], False
    for at, _, bad in rows:
        if bad and before:
            out[-1][1] = at
        elif bad:
            out.append([at, at])
        before = bad
    return out


def judge(rows, told):
    """One experiment: what was found and what was not there."""
    events = labelled(rows)
    episodes = stretches(sorted({at for at, _ in told}), APART_S)
    hits = [next((at for at, _ in told if first <= at <= last), None) for first, last in events]
    early = [e for e in events if any(first < e[0] <= last for first, last in episodes)]
    false = [e for e in episodes if not any(e[0] <= last and e[1] >= first for first, last in events)]
    alarmed = {at for first, last in episodes for at in range(first, last + 1)}
    bad = {at for at, _, is_bad in rows if is_bad}
    seen = {at for at, _, _ in rows}
    return {'events': len(events), 'found': sum(h is not None for h in hits),
            'delays': [h - e[0] for h, e in zip(hits, events) if h is not None], 'early': len(early), 'false': len(false),
            'tp': len(alarmed & bad), 'fp': len((alarmed & seen) - bad), 'fn': len(bad - alarmed)}


def total(results, what):
    return sum(r[what] for r in results)


def line(name, results):
    events, found, false = total(results, 'events'), total(results, 'found'), total(results, 'false')
    tp, fp, fn = (total(results, k) for k in ('tp', 'fp', 'fn'))
    delays = [d for r in results for d in r['delays']]
    print('%-14s events %2d/%2d (%3.0f %%)  early %2d  median delay %4s s  false %3d (%.2f an experiment)  F1 %.2f' % (
        name, found, events, 100 * found / events if events else 0, total(results, 'early'),
        '%d' % statistics.median(delays) if delays else '-', false, false / len(results),
        2 * tp / (2 * tp + fp + fn) if tp else 0))


def files_of(paths):
    for path in paths:
        found = sorted(glob.glob(os.path.join(path, '**', '*.csv'), recursive=True)) if os.path.isdir(path) else [path]
        yield from found


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument('paths', nargs='+')
    parser.add_argument('--binary', default=os.path.join(ROOT, 'build', 'tierwatch'))
    parser.add_argument('--rules', default=os.path.join(ROOT, 'rules'))
    parser.add_argument('--rows', type=int, default=400, help='rows that are learned from')
    parser.add_argument('--keep', help='folder to leave captures and baselines in')
    parser.add_argument('-v', action='store_true', help='a line for each experiment')
    options = parser.parse_args()
    names, by_rule = [], {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = options.keep or temporary
        os.makedirs(folder, exist_ok=True)
        for number, path in enumerate(files_of(options.paths)):
            rows = read(path)
            if len(rows) <= options.rows:
                continue
            told = alarms(options, rows, folder, '%02d' % number)
            names.append(path)
            for rule in ('INP-03', 'INP-04', 'INP-06', 'all'):
                mine = [t for t in told if rule in ('all', t[1])]
                by_rule.setdefault(rule, []).append(judge(rows[options.rows:], mine))
            if options.v:
                line(os.path.relpath(path, options.paths[0]), by_rule['all'][-1:])
    if not names:
        sys.exit('no experiment has more than %d rows' % options.rows)
    print('%d experiments' % len(names))
    for rule, results in by_rule.items():
        line(rule, results)


if __name__ == '__main__':
    main()
