#!/usr/bin/env python3
"""OPC UA traffic that is too much: the right events or a named refusal, in bounded memory. Prints TAP.

usage: opcua_limits.py TIERWATCH
       opcua_limits.py --make CASE OUT    one of its captures
"""
import collections
import json
import os
import struct
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../golden'))
from make import Capture, Opcua, array, double, node, numeric, string, u32  # noqa: E402

# Resident memory of the program at most; 64 MiB are sent to it. (Below some 20 it is that of this process, which
# its children begin with.)
MEMORY_MIB = 40


def send(u, side, chunks):
    for chunk in chunks:
        for at in range(0, len(chunk), 1400):
            u.tcp.segment(side, data=chunk[at:at + 1400])


def fault(u, request_id, code):
    send(u, 'server', u.chunks(request_id, 'server', numeric(0, 397) + u.answer(request_id, code)))


def read(u, request_id, name):
    body = numeric(0, 631) + u.request(request_id) + struct.pack('<d', 0) + u32(2)
    return body + array([node(name) + u32(13) + string(None) + struct.pack('<H', 0) + string(None)])


def one_message(c):
    u = Opcua(c, '10.0.2.1', 43000)
    send(u, 'client', u.chunks(2, 'client', u.write_request(2, [('Set', double(1))])))
    send(u, 'server', u.chunks(2, 'server', u.write_response(2, [0])))


def ten_thousand_items(c):
    u = Opcua(c, '10.0.2.1', 43000)
    items = [('Tag.%d' % i, double(i)) for i in range(10000)]
    send(u, 'client', u.chunks(2, 'client', u.write_request(2, items), size=60000))
    send(u, 'server', u.chunks(2, 'server', u.write_response(2, [0] * 9999 + [0x803B0000])))


def endless_message(c):
    u = Opcua(c, '10.0.2.1', 43000)
    items = [('Tag.%d' % i, double(i)) for i in range(20000)]
    body = u.write_request(2, items)
    body += bytes((64 << 20) - len(body))
    send(u, 'client', u.chunks(2, 'client', body, size=60000))
    fault(u, 2, 0x80B80000)


def thousand_channels(c):
    u = Opcua(c, '10.0.2.1', 43000)
    security = string('http://opcfoundation.org/UA/SecurityPolicy#None') + u32(0xffffffff) * 2
    for channel in range(1000, 2000):
        request = numeric(0, 446) + u.request(1) + u32(0) + u32(0) + u32(1) + u32(0) + u32(3600000)
        u.plain('client', b'OPNF', u32(0) + security + u32(1) + u32(1) + request)
        answer = numeric(0, 449) + u.answer(1) + u32(0) + u32(channel) + u32(1) + bytes(8) + u32(3600000) + u32(0)
        u.plain('server', b'OPNF', u32(channel) + security + u32(1) + u32(1) + answer)


def thousand_connections(c):
    for i in range(1000):
        Opcua(c, '10.0.%d.%d' % (3 + i // 200, 1 + i % 200), 30000 + i)


def unanswered(c):
    u = Opcua(c, '10.0.2.1', 43000)
    for request_id in range(2, 10002):
        send(u, 'client', u.chunks(request_id, 'client', read(u, request_id, 'Temp')))


# What is to be seen besides the connection's own beginning: action and status, or the anomaly.
CASES = [
    (one_message, {'write Good': 1}),
    (ten_thousand_items, {'write Good': 9999, 'write BadNotWritable': 1}),
    (endless_message, {'malformed chunk-limit': 1, 'write BadRequestTooLarge': 10000}),
    (thousand_channels, {'secure Good': 1000}),
    (thousand_connections, {'connect Good': 999, 'secure Good': 999}),
    (unanswered, {'read None': 10000}),
]


def decode(tierwatch, path):
    with tempfile.TemporaryFile() as out:
        child = subprocess.Popen([tierwatch, 'decode', '-q', path], stdout=out)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        seen = collections.Counter({'connect Good': -1, 'secure Good': -1})
        for line in out:
            event = json.loads(line)
            what = event['detail'] if event['action'] == 'malformed' else event.get('status')
            seen['%s %s' % (event['action'], what)] += 1
    return child.returncode, {k: n for k, n in seen.items() if n != 0}, usage.ru_maxrss / 1024


def main():
    failed = False
    sanitized = b'__asan_init' in open(sys.argv[1], 'rb').read()
    for make, want in CASES:
        with tempfile.NamedTemporaryFile(suffix='.pcap') as f:
            # Not here: what this process takes would be counted as what its children take.
            subprocess.run([sys.executable, __file__, '--make', make.__name__, f.name], check=True)
            code, got, rss = decode(sys.argv[1], f.name)
        name = make.__name__.replace('_', ' ')
        for ok, what, detail in ((code == 0 and got == want, 'gives the events it should', got),
                                 (sanitized or rss < MEMORY_MIB, 'takes bounded memory', '')):
            print('%sok - %s %s' % ('' if ok else 'not ', name, what))
            if not ok:
                print('# %s %s' % (code, detail))
                failed = True
        print('# %s: %.1f MiB' % (name, rss))
    sys.exit(failed)




if sys.argv[1] == '--make':
    made = Capture()
    globals()[sys.argv[2]](made)
    made.write(sys.argv[3])
else:
    main()
