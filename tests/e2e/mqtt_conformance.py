#!/usr/bin/env python3
"""Packets that the mosquitto project sends to its broker, each in a connection of its own, through the
decoder: what the broker refuses must be named malformed, what it takes must be accepted. Prints TAP.

usage: mqtt_conformance.py TIERWATCH FOLDER ACCEPTED [-v]

A case is its sequence of packets sent and received, written as words: hex bytes, 'text', and numbers in
their form on the wire (r and v: Variable Byte Integers; s, m, k, H: two bytes; L: four; i: one). What
comes before (CONNECT) and after (the end of the connection) is as in the broker's own test. ACCEPTED
lists the differences that are known, with their reasons.
"""
import collections
import glob
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

import capture_tools

SERVER = bytes((10, 0, 0, 1))
CONNECT = {3: "10 r20 s6 'MQIsdp' 03 02 k60 s6 'client'", 4: "10 r18 s4 'MQTT' 04 02 k60 s6 'client'",
           5: "10 r19 s4 'MQTT' 05 02 k60 00 s6 'client'"}
CONNACK = {3: '20 r2 00 00', 4: '20 r2 00 00', 5: '20 r14 00 00 0B 22 H10 27 L2000000 21 H20'}


def varint(n):
    out = b''
    while n > 127:
        out += bytes((n & 127 | 128,))
        n >>= 7
    return out + bytes((n,))


def packet(words):
    out = b''
    for word in re.findall(r"'[^']*'|[^\s']+", words):
        if word[0] == "'":
            out += word[1:-1].encode()
        elif word[0] in 'rv':
            out += varint(int(word[1:]))
        elif word[0] in 'smkH':
            out += struct.pack('>H', int(word[1:]))
        elif word[0] == 'L':
            out += struct.pack('>I', int(word[1:]))
        elif word[0] == 'i':
            out += bytes((int(word[1:]),))
        else:
            out += bytes.fromhex(word)
    return out


class Case:
    def __init__(self, file, group, test):
        self.name = '%s: %s: %s' % (file, group['group'], test['name'].strip())
        self.version = test.get('ver', group.get('ver', 4))
        self.refused = test.get('expect_disconnect', True)
        connects = test.get('connect', group.get('connect', True))
        self.messages = []
        if connects:
            self.messages = [(True, packet(CONNECT[self.version])), (False, packet(CONNACK[self.version]))]
        self.messages += [(m['type'] == 'send', packet(m['payload'])) for m in test['msgs']
                          if m['type'] in ('send', 'recv')]


def cases(folder):
    for path in sorted(glob.glob(os.path.join(folder, '*.json'))):
        with open(path, encoding='utf-8') as f:
            for group in json.load(f):
                for test in group['tests']:
                    yield Case(os.path.basename(path)[:-5], group, test)


class Connection:
    """One on TCP, in Ethernet frames."""

    def __init__(self, number, packets):
        self.packets = packets
        self.client = bytes((10, 1, number >> 8, number & 255))
        self.next = [1000, 5000]
        self.segment(True, 2)
        self.segment(False, 0x12)
        self.segment(True, 0x10)

    def segment(self, up, flags, data=b''):
        me, peer = (self.client, SERVER) if up else (SERVER, self.client)
        ports = (40000, 1883) if up else (1883, 40000)
        own = self.next[0 if up else 1]
        tcp = struct.pack('>HHIIBBHHH', *ports, own, self.next[1 if up else 0] if flags & 0x10 else 0, 0x50,
                          flags, 0xffff, 0, 0) + data
        ip = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0) + me + peer
        frame = bytes(12) + b'\x08\x00' + ip + tcp
        self.packets.append((1700000000000000000 + len(self.packets) * 1000000, len(frame), frame))
        self.next[0 if up else 1] = own + len(data) + (1 if flags & 3 else 0)

    def send(self, up, data):
        for at in range(0, len(data), 1400):
            self.segment(up, 0x18, data[at:at + 1400])


def record(path, all_cases):
    packets = []
    for number, case in enumerate(all_cases):
        connection = Connection(number, packets)
        for up, data in case.messages:
            connection.send(up, data)
        connection.segment(not case.refused, 0x11)
        connection.segment(case.refused, 0x11)
    capture_tools.write(path, 1, 65535, packets)


def decode(tierwatch, path, n):
    """What was malformed, by case: [from the client, from the server]."""
    run = subprocess.run([tierwatch, 'decode', '-q', path], capture_output=True, text=True, check=False)
    if run.returncode != 0:
        sys.exit('Bail out! decode ends with %d: %s' % (run.returncode, run.stderr.strip()))
    found = [[[], []] for _ in range(n)]
    for line in run.stdout.splitlines():
        event = json.loads(line)
        up = event['src']['port'] != 1883
        ip = event['src' if up else 'dst']['ip'].split('.')
        if event['action'] == 'malformed':
            found[int(ip[2]) * 256 + int(ip[3])][0 if up else 1].append(event['detail'])
        elif event['action'] in ('gap', 'conflict'):
            sys.exit('Bail out! the capture is not whole: ' + line)
    return found


def verdict(case, found):
    """What is wrong, or None."""
    if found[1]:
        return 'the broker sends ' + ', '.join(found[1])
    if case.refused and not found[0]:
        return 'refused by the broker, accepted here'
    if not case.refused and found[0]:
        return 'taken by the broker, here ' + ', '.join(found[0])
    return None


def accepted_lines(path):
    """`case | difference | reason`; * stands for anything."""
    with open(path, encoding='utf-8') as f:
        for number, line in enumerate(f, 1):
            if not line.strip() or line.startswith('#'):
                continue
            columns = [c.strip() for c in line.split('|')]
            if len(columns) != 3 or not columns[2]:
                sys.exit('Bail out! %s:%d: three columns are wanted' % (path, number))
            yield number, [re.compile(re.escape(c).replace(r'\*', '.*') + r'\Z') for c in columns[:2]]


def main():
    tierwatch, folder, accepted = sys.argv[1:4]
    everything = list(cases(folder))
    with tempfile.TemporaryDirectory() as work:
        path = os.path.join(work, 'cases.pcap')
        record(path, everything)
        found = decode(tierwatch, path, len(everything))
    lines, used = list(accepted_lines(accepted)), set()
    wrong, excused, groups = [], 0, collections.Counter()
    for case, told in zip(everything, found):
        groups[case.refused] += 1
        problem = verdict(case, told)
        if problem is None:
            continue
        line = next((n for n, p in lines if p[0].match(case.name) and p[1].match(problem)), None)
        if line is None:
            wrong.append('%s: %s' % (case.name, problem))
        else:
            used.add(line)
            excused += 1
    unused = ['%s, line %d' % (accepted, n) for n, _ in lines if n not in used]
    print('%s - %d packets that the broker refuses and %d that it takes, judged alike but for %d accepted' % (
        'not ok' if wrong else 'ok', groups[True], groups[False], excused))
    for line in wrong[:None if '-v' in sys.argv else 40]:
        print('#', line)
    print('%s - every accepted difference is still there' % ('not ok' if unused else 'ok'))
    for line in unused:
        print('#', line)
    return 1 if wrong or unused else 0


if __name__ == '__main__':
    sys.exit(main())
