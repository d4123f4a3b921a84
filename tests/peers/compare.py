#!/usr/bin/env python3
"""Hold `tierwatch decode` against what tshark (and Zeek, and Suricata) makes of the same captures, field by field. Prints TAP.

usage: compare.py [--tierwatch FILE] [--rules FOLDER] [--accepted FILE] [-v]
                  [--zeek FOLDER --traces FOLDER] [--suricata FOLDER] [--base FOLDER] CAPTURE...

Names of captures are printed, and matched by the accepted differences, relative to the base folder.
"""
import argparse
import collections
import json
import os
import re
import subprocess
import sys
import tempfile

import coverage
import dissected
import mqtt
import opcua
import suricata
import zeek

READERS = {'opcua': opcua.Reader, 'mqtt': mqtt.Reader}
# Ports that nothing but the capture's maker knows; tshark must be told.
PORTS = {'opcua': {4840, 4841, 48010, 51210, *range(48410, 48421)},
         'mqtt': {1337, 1883, 1884, 17501, 18830, *range(18880, 18900)}}
# What tierwatch finds by itself and tshark has no word for.
OWN = {'malformed', 'gap', 'conflict', 'flow', 'tool'}
SHOWN_AT_MOST = 12


class Accepted:
    """Lines `capture | action | field | tshark says | tierwatch says | reason`; * stands for anything."""

    def __init__(self, path):
        self.lines = []
        with open(path, encoding='utf-8') as f:
            for number, line in enumerate(f, 1):
                if not line.strip() or line.startswith('#'):
                    continue
                columns = [c.strip() for c in line.split('|')]
                if len(columns) != 6 or not columns[5]:
                    raise SystemExit('%s:%d: six columns are wanted, with a reason' % (path, number))
                pattern = [re.compile(re.escape(c).replace(r'\*', '.*') + r'\Z', re.S) for c in columns[:5]]
                self.lines.append([number, pattern, columns[5], 0])

    def take(self, difference):
        for line in self.lines:
            if all(p.match(text) for p, text in zip(line[1], difference)):
                line[3] += 1
                return True
        return False

    def unused(self, names):
        """Lines about captures that were compared, which no difference needed."""
        return [number for number, pattern, _, times in self.lines
                if times == 0 and any(pattern[0].match(name) for name in names)]


def text_of(value):
    if isinstance(value, str):
        return value
    try:
        return json.dumps(value)
    except TypeError:
        return repr(value)


def lookup(event, path):
    node = event
    for key in path.split('.'):
        if not isinstance(node, dict) or key not in node:
            return opcua.ABSENT
        node = node[key]
    return node


def agrees(want, got, cut):
    """Equal, where a tuple is a choice, and true is not 1."""
    if isinstance(want, tuple):
        return any(agrees(w, got, cut) for w in want)
    if got == '(redacted)':
        return True
    if isinstance(want, list) and isinstance(got, list):
        return (len(want) == len(got) or cut and len(want) > len(got)) and \
            all(agrees(w, g, cut) for w, g in zip(want, got))
    if isinstance(want, dict) and isinstance(got, dict):
        return want.keys() == got.keys() and all(agrees(want[k], got[k], cut) for k in want)
    if cut and isinstance(want, str) and isinstance(got, str):
        return want.startswith(got[:-4])  # base64 may end within a group
    if isinstance(want, (bool, int)) and isinstance(got, (bool, int)):
        return isinstance(want, bool) == isinstance(got, bool) and want == got
    return want == got


def decode(binary, capture):
    """Events of a capture, and its messages by type."""
    run = subprocess.run([binary, 'decode', '-q', capture], capture_output=True, text=True, check=False)
    if run.returncode not in (0, 6):
        raise RuntimeError('decode ends with %d: %s' % (run.returncode, run.stderr.strip()))
    return [json.loads(line) for line in run.stdout.splitlines()]


def counted(binary, rules, capture):
    with tempfile.TemporaryDirectory() as folder:
        summary = os.path.join(folder, 'summary')
        subprocess.run([binary, 'replay', '-q', '--rules', rules, '--alerts', os.devnull, '--summary', summary,
                        capture], capture_output=True, check=False)
        with open(summary, encoding='utf-8') as f:
            return json.load(f)


def comparable(event, protocol):
    if event['protocol'] != protocol or event['action'] in OWN or 'field' in event:
        return False
    if protocol == 'opcua' and 'pubsub' in event:
        return False  # tshark 4.0 reads no UADP
    if event['action'] is None:  # encrypted: tshark shows none
        return False
    # The end of a connection without a DISCONNECT.
    return not (protocol == 'mqtt' and event['action'] == 'disconnect' and 'packet' not in event['mqtt'])


class Comparison:
    def __init__(self, name, accepted, fields):
        self.name, self.accepted, self.covered = name, accepted, fields
        self.actions = self.fields = self.excused = 0
        self.differences = []

    def differ(self, action, field, want, got, where):
        line = (self.name, action, field, text_of(want), text_of(got))
        if self.accepted.take(line):
            self.excused += 1
        else:
            self.differences.append('%s %s: tshark %s, tierwatch %s (%s)' % (
                action, field, line[3][:300], line[4][:300], where))

    def events(self, expected, events, protocol):
        answered = {(item.packet, item.request) for item in expected}
        have = collections.defaultdict(list)
        for event in events:
            if not comparable(event, protocol):
                continue
            place = event['packet'], event.get('request_packet')
            # A request without an answer stands where its flow ends; compare at the request.
            if event.get('status', '') is None and place[1] is not None and place not in answered:
                place = None, place[1]
            have[place + (event['action'],)].append(event)
        want = collections.defaultdict(list)
        for item in expected:
            key = item.packet, item.request, item.action
            if item.action == 'publish or deliver':
                key = next((k for k in ((item.packet, None, a) for a in ('deliver', 'publish')) if k in have), key)
            want[key].append(item)
        for key in sorted(set(want) | set(have), key=lambda k: (k[0] or 0, k[1] or 0, k[2])):
            self.group(key, want[key], have[key], protocol)

    def group(self, key, want, have, protocol):
        packet, request, action = key
        where = 'packet %s, request %s' % (packet, request)
        for i in range(max(len(want), len(have))):
            if i >= len(have):
                self.differ(action, 'missing', self.brief(want[i].fields), opcua.ABSENT, where)
            elif i >= len(want):
                service = have[i].get(protocol, {}).get('service') or ''
                self.differ(action, 'extra', opcua.ABSENT, '%s %s' % (service, have[i].get('object')), where)
            else:
                self.one(action, want[i].fields, have[i], where)
                self.covered.event(action, want[i].fields, have[i], protocol)

    @staticmethod
    def brief(fields):
        return '%s %s' % (fields.get('opcua.service', ''), fields.get('object'))

    def one(self, action, want, event, where):
        self.actions += 1
        cut = event.get('truncated', False)
        for field, value in want.items():
            self.fields += 1
            got = lookup(event, field)
            if not agrees(value, got, cut):
                self.differ(action, field, value, got, where)

    def counts(self, want, got):
        for name in sorted(set(want) | set(got)):
            self.fields += 1
            if want.get(name, 0) != got.get(name, 0):
                self.differ('count', name, want.get(name, 0), got.get(name, 0), 'whole capture')


VERBOSE = False


def report(ok, name, details=()):
    print('ok' if ok else 'not ok', '-', name, flush=True)
    for line in details[:None if VERBOSE else SHOWN_AT_MOST]:
        print('#', line)
    if not VERBOSE and len(details) > SHOWN_AT_MOST:
        print('#', len(details) - SHOWN_AT_MOST, 'more')


def one_capture(options, accepted, fields, capture, name):
    """Compares a capture in each protocol that either program sees in it: (do all agree, which protocols)."""
    events = decode(options.tierwatch, capture)
    summary = counted(options.tierwatch, options.rules, capture)
    good, compared = True, set()
    for protocol, make in READERS.items():
        found = {e['dst']['port'] for e in events if e['protocol'] == protocol and 'port' in e['dst'] and
                 e['action'] == 'connect'}
        reader = make()
        for packet in dissected.packets(capture, protocol, PORTS[protocol] | found):
            reader.feed(packet)
        reader.finish()
        if not reader.events and not any(comparable(e, protocol) for e in events):
            continue
        compared.add(protocol)
        fields.reader(reader)
        comparison = Comparison(name, accepted, fields)
        comparison.events(reader.events, events, protocol)
        comparison.counts(reader.counts, summary[protocol])
        good &= not comparison.differences
        report(not comparison.differences, '%s: %s, %d actions, %d fields as tshark reads them%s' % (
            name, protocol, comparison.actions, comparison.fields,
            ' but %d accepted' % comparison.excused if comparison.excused else ''), comparison.differences)
    return good, compared


def main():
    global VERBOSE
    parser = argparse.ArgumentParser()
    parser.add_argument('--tierwatch', default='build/tierwatch')
    parser.add_argument('--rules', default='rules')
    parser.add_argument('--accepted', default=os.path.join(os.path.dirname(__file__), 'accepted.txt'))
    parser.add_argument('--zeek')
    parser.add_argument('--traces')
    parser.add_argument('--base', action='append', default=[])
    parser.add_argument('--corpus')
    parser.add_argument('--suricata')
    parser.add_argument('--whole', action='store_true')
    parser.add_argument('-v', action='store_true')
    parser.add_argument('captures', nargs='*')
    options = parser.parse_args()
    VERBOSE = options.v
    accepted, fields = Accepted(options.accepted), coverage.Fields()
    good, names, with_opcua = True, [], set()
    for capture in options.captures:
        names.append(name_of(capture, options.base))
        try:
            same, protocols = one_capture(options, accepted, fields, capture, names[-1])
            good &= same
            if 'opcua' in protocols:
                with_opcua.add(names[-1])
        except (RuntimeError, OSError, ValueError) as problem:
            report(False, '%s is compared' % capture, [str(problem)])
            good = False
    good &= what_was_compared(options, fields, names, with_opcua)
    if options.zeek:
        good &= zeek_logs(options, accepted, names)
    if options.suricata:
        good &= suricata_logs(options, accepted, names)
    unused = accepted.unused(names)
    report(not unused, 'every accepted difference is still there', ['accepted.txt, line %d' % n for n in unused])
    good &= not unused
    return 0 if good else 1


def name_of(capture, bases):
    """Relative to the base that holds it."""
    for base in bases:
        name = os.path.relpath(capture, base)
        if not name.startswith('..'):
            return name
    return os.path.basename(capture)


def what_was_compared(options, fields, names, with_opcua):
    here = os.path.dirname(__file__)
    good = True
    if options.corpus:
        mine = {name for name in with_opcua if os.path.exists(os.path.join(options.corpus, name))}
        complaints, listed = coverage.captures(
            os.path.join(here, 'captures.txt'), options.corpus, mine, set(names))
        report(not complaints, 'the OPC UA captures of the corpus: %d of captures.txt' % listed, complaints)
        good &= not complaints
    # Some rows are needed by captures of the corpus alone.
    left = fields.left(os.path.join(here, 'uncompared.txt'), options.whole and options.corpus is not None)
    report(not left, 'OPC UA fields: %d of tierwatch and %d of tshark are compared, the others are in uncompared.txt' % (
        len(fields.compared), len(fields.used)), left)
    good &= not left
    if options.whole:
        counts, left = fields.lacking()
        report(not left, 'OPC UA: %d answers and refusals of services, %d types, %d tokens, %d structures are compared' %
               tuple(counts), ['not compared: ' + name for name in left])
        good &= not left
    return good


def suricata_logs(options, accepted, names):
    good, lines = True, 0
    for path, name in suricata.logs(options.suricata):
        capture, name = suricata.capture_of(options.base[0], name)
        if capture is None:
            report(False, 'the capture of %s' % path)
            good = False
            continue
        names.append(name)
        excused, left = 0, []
        for action, field, want, got, lines in suricata.compare(path, decode(options.tierwatch, capture)):
            if action is None:
                break
            if accepted.take((name, action, field, want, got)):
                excused += 1
            else:
                left.append('%s: Suricata %s, tierwatch %s' % (action, want, got[:300]))
        if lines:
            report(not left, '%s: %d things as Suricata logged them%s' % (
                name, lines, ' but %d accepted' % excused if excused else ''), left)
        good &= not left
    return good


def zeek_logs(options, accepted, names):
    good = True
    for name, differences, lines in zeek.compare(
            options.zeek, options.traces, lambda c: decode(options.tierwatch, c),
            lambda c: counted(options.tierwatch, options.rules, c)):
        names.append(name)
        left = [d for d in differences if not accepted.take(d)]
        report(not left, '%s: %d lines as Zeek logged them%s' % (
            name, lines, ' but %d accepted' % (len(differences) - len(left)) if left != differences else ''),
            ['%s %s: Zeek %s, tierwatch %s' % d[1:] for d in left])
        good &= not left
    return good


if __name__ == '__main__':
    sys.exit(main())
