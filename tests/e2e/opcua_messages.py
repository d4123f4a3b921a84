#!/usr/bin/env python3
"""Does the decoder name the service of each message of a folder as the file's name does?

The folder holds what clients sent, a message in each file: PREFIX_NUMBER_hel.bin, _opn.bin, _clo.bin,
_msg_SERVICERequest.bin; the messages of a prefix follow each other. Files called otherwise hold several
messages and no label. Each is given to the decoder twice, and refused by a server that we play: by itself in
the middle of a connection, and as a part of its conversation. Prints TAP.

usage: opcua_messages.py TIERWATCH FOLDER
"""
import collections
import json
import os
import re
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../golden'))
from make import SERVER, Capture, Tcp, numeric, string, u32, when  # noqa: E402

SERVICES = {'hel': 'Hello', 'opn': 'OpenSecureChannel', 'clo': 'CloseSecureChannel'}
SIGNATURES = {b'Basic128Rsa15': 20, b'Basic256': 20, b'Basic256Sha256': 32}
NAMED = re.compile(r'(?P<prefix>.+)_(?P<number>\d+)_(?P<kind>hel|opn|clo|msg_(?P<service>\w+)Request)\.bin\Z')
# Every malformed event says one of these.
ANOMALY = re.compile(r'X\(\w+, "([a-z0-9-]+)"\)')


class Message:
    def __init__(self, folder, name):
        found = NAMED.match(name)
        with open(os.path.join(folder, name), 'rb') as f:
            self.data = f.read()
        self.name = name
        self.prefix = found['prefix'] if found else None
        self.service = (found['service'] or SERVICES[found['kind']]) if found else None


def parts(data):
    """The messages that follow each other in one file, by their sizes. Fewer bytes than a header at its end are
    no message: open62541 keeps there how much memory its server is given."""
    while len(data) >= 8:
        size = max(struct.unpack_from('<I', data, 4)[0], 8)
        yield data[:size]
        data = data[size:]


class Talk:
    """One connection, whose server accepts the connection and the channel, and refuses everything else."""

    def __init__(self, capture, number, opened):
        self.capture, self.sequence, self.signature = capture, 0, b''
        self.tcp = Tcp(capture, ('10.1.%d.%d' % (number // 200 % 200, number % 200 + 1), 20000 + number), SERVER)
        self.port = 20000 + number
        if opened:
            self.tcp.open()

    def send(self, side, data):
        for at in range(0, len(data), 1400):
            self.tcp.segment(side, data=data[at:at + 1400])

    def answer(self, kind, body):
        self.send('server', kind + u32(len(body) + 8) + body)

    def header(self, result):
        return when(self.capture) + u32(1) + u32(result) + b'\0' + u32(0xffffffff) + numeric(0, 0) + b'\0'

    def number(self, request_id):
        self.sequence += 1
        return u32(self.sequence) + request_id

    def message(self, data, channel, token):
        self.send('client', data)
        if data[:3] == b'HEL':
            self.answer(b'ACKF', u32(0) + u32(65536) * 2 + u32(0) * 2)
        elif data[:3] == b'OPN':
            # The sequence header stands behind three strings.
            at = 12
            for _ in range(3):
                at += 4 + max(struct.unpack_from('<i', data, at)[0], 0)
            policy = data[16:16 + max(struct.unpack_from('<i', data, 12)[0], 0)]
            self.signature = bytes(SIGNATURES.get(policy.rpartition(b'#')[2], 0))
            if self.signature:  # the handshake is encrypted
                self.answer(b'OPNF', channel + data[12:at] + bytes(range(256)))
                return
            body = numeric(0, 449) + self.header(0) + u32(0) + channel + token + when(self.capture) + u32(600000)
            self.answer(b'OPNF', channel + data[12:at] + self.number(data[at + 4:at + 8]) + body + string(None))
        elif data[:4] == b'MSGF':
            fault = numeric(0, 397) + self.header(0x800B0000)
            self.answer(b'MSGF', data[8:16] + self.number(data[20:24]) + fault + self.signature)


def conversations(messages):
    """From a HEL to what comes before the next."""
    current = []
    for m in messages:
        if current and (m.prefix != current[-1].prefix or m.service == 'Hello'):
            yield current
            current = []
        current.append(m)
    if current:
        yield current


def channel_of(messages):
    """What the messages behind an OPN say that the server made of it."""
    for m in messages:
        for data in parts(m.data):
            if data[:3] in (b'MSG', b'CLO') and len(data) >= 16:
                return data[8:12], data[12:16]
    return u32(1), u32(1)


def decode(tierwatch, capture):
    with tempfile.NamedTemporaryFile(suffix='.pcap') as f:
        capture.write(f.name)
        run = subprocess.run([tierwatch, 'decode', '-q', f.name], stdout=subprocess.PIPE, check=True)
    by_port = collections.defaultdict(list)
    for line in run.stdout.splitlines():
        event = json.loads(line)
        port = event['src']['port'] if event['src']['port'] != SERVER[1] else event['dst']['port']
        by_port[port].append(event)
    return by_port


failed = False


def tap(ok, name, details=()):
    global failed
    failed = failed or not ok
    print('%sok - %s' % ('' if ok else 'not ', name))
    for line in list(details)[:20]:
        print('# %s' % line)


def alone(tierwatch, messages):
    capture = Capture()
    talks = []
    for number, m in enumerate(messages):
        talk = Talk(capture, number, False)
        channel, token = channel_of([m])
        for data in parts(m.data):
            talk.message(data, channel, token)
        talks.append(talk)
    return decode(tierwatch, capture), talks


def judge(messages, events_of):
    """Counters of what became of the messages by service, and the anomalies that were named."""
    seen, refused, wrong = collections.Counter(), collections.Counter(), []
    for m, events in zip(messages, events_of):
        details = [e['detail'] for e in events if e['action'] == 'malformed']
        services = {e['opcua']['service'] for e in events if e['action'] != 'malformed' and 'opcua' in e}
        refused.update(details)
        if m.service is None:
            seen['without a label'] += 1
        elif services == {m.service}:
            seen[m.service] += 1
        elif not services and details:
            refused['only: ' + m.name] += 1
        else:
            wrong.append('%s: %s %s' % (m.name, sorted(services), details))
    return seen, refused, wrong


def main():
    tierwatch, folder = sys.argv[1:]
    messages = [Message(folder, name) for name in sorted(os.listdir(folder))]
    root = os.path.join(os.path.dirname(os.path.abspath(__file__)), '../..')
    with open(os.path.join(root, 'gateway/protocol/opcua/anomaly.h'), encoding='utf-8') as f:
        known = set(ANOMALY.findall(f.read()))
    tap(len(messages) > 0 and len(known) > 20, '%d messages' % len(messages))

    by_port, talks = alone(tierwatch, messages)
    seen, refused, wrong = judge(messages, [by_port[t.port] for t in talks])
    for service, n in sorted(seen.items()):
        print('# %5d %s' % (n, service))
    tap(not wrong, 'by itself, %d of %d messages are of the service that their name says' %
        (sum(seen.values()), len(messages)), wrong)
    plain = {name: n for name, n in refused.items() if not name.startswith('only: ')}
    tap(set(plain) <= known, 'what is wrong with the others has a name',
        ['%d %s' % (n, name) for name, n in sorted(refused.items())])

    capture = Capture()
    talks = []
    for number, conversation in enumerate(conversations([m for m in messages if m.service is not None])):
        talk = Talk(capture, number, True)
        at = 0
        for m in conversation:
            at += 1
            channel, token = channel_of(conversation[at:])
            for data in parts(m.data):
                talk.message(data, channel, token)
        talks.append((talk, conversation))
    by_port = decode(tierwatch, capture)
    wrong, findings = [], collections.Counter()
    for talk, conversation in talks:
        want = collections.Counter(m.service for m in conversation)
        # One event for each item: requests are told apart by the packet that they ended in.
        requests = {(e['opcua']['service'], e.get('request_packet', e['packet'])) for e in by_port[talk.port]
                    if e['action'] != 'malformed' and 'opcua' in e}
        got = collections.Counter(service for service, _ in requests)
        for e in by_port[talk.port]:
            if e['action'] == 'malformed':
                findings[e['detail']] += 1
        if want != got:
            wrong.append('%s: missing %s, too many %s' % (conversation[0].name, dict(want - got), dict(got - want)))
    tap(not wrong, '%d conversations give each of their requests once' % len(talks), wrong)
    tap(set(findings) <= known, 'and what is wrong with them has a name',
        ['%d %s' % (n, name) for name, n in sorted(findings.items())])
    sys.exit(failed)


main()
