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
from make import Capture, Opcua, array, dataset, double, node, numeric, string, u16, u32, uadp, udp, when  # noqa: E402

# Resident memory of the program at most; 64 MiB are sent to it. (Below some 20 it is that of this process, which
# its children begin with.) And its time, which is a tenth of a second for most, and what it writes for an event.
MEMORY_MIB = 56
SECONDS = 5
EVENT_BYTES = 4096


def send(u, side, chunks):
    for chunk in chunks:
        for at in range(0, len(chunk), 1400):
            u.tcp.segment(side, data=chunk[at:at + 1400])


def fault(u, request_id, code):
    send(u, 'server', u.chunks(request_id, 'server', numeric(0, 397) + u.answer(request_id, code)))


def read(u, request_id, name):
    body = numeric(0, 631) + u.request(request_id) + struct.pack('<d', 0) + u32(2)
    return body + array([node(name) + u32(13) + string(None) + u16(0) + string(None)])


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


def interleaved(c):
    """Messages that never end, each with another request id."""
    u = Opcua(c, '10.0.2.1', 43000)
    for request_id in range(2, 5002):
        whole = u.chunks(request_id, 'client', read(u, request_id, 'Temp'))
        send(u, 'client', [b'MSGC' + chunk[4:] for chunk in whole])


def read_many(u, request_id, n):
    items = [numeric(0, 2258) + u32(13) + string(None) + u16(0) + string(None)] * n
    return numeric(0, 631) + u.request(request_id) + struct.pack('<d', 0) + u32(2) + array(items)


def read_answer(u, request_id, values, diagnostics=b'\0', strings=()):
    header = when(u.capture) + u32(request_id) + u32(0) + diagnostics + array([string(s) for s in strings])
    return numeric(0, 634) + header + numeric(0, 0) + b'\0' + array(values) + u32(0)


def far_strings(c):
    """Values that each mean, many times, the last string of a long table."""
    u = Opcua(c, '10.0.2.1', 43000)
    value = b'\1\x99' + u32(100) + (b'\x0f' + u32(1022) * 4) * 100
    for request_id in range(2, 8):
        answer = read_answer(u, request_id, [value] * 2000, strings=[''] * 1023)
        send(u, 'client', u.chunks(request_id, 'client', read_many(u, request_id, 2000)))
        send(u, 'server', u.chunks(request_id, 'server', answer, size=60000))


def loud_diagnostics(c):
    """A diagnosis of the whole message, which its 10,000 items share."""
    u = Opcua(c, '10.0.2.1', 43000)
    info = (b'\x50' + string('x' * 4000)) * 9 + b'\0'
    send(u, 'client', u.chunks(2, 'client', read_many(u, 2, 10000), size=60000))
    send(u, 'server', u.chunks(2, 'server', read_answer(u, 2, [b'\0'] * 10000, info), size=60000))


def many_fields(c):
    """Fields of a byte each, as many as a datagram holds."""
    message = uadp(2234, [(62541, dataset(u16(60000) + bytes(60000)))])
    udp(c, ('10.0.0.11', 50000), ('224.0.0.22', 4840), message)


def monitored_items(c):
    """100,000 items of one session, and what they say. (More than are known at once: the last are.)"""
    u = Opcua(c, '10.0.2.1', 43000)
    for request_id in range(2, 12):
        item = lambda i: node('Tag.%d' % i) + u32(13) + string(None) + u16(0) + string(None) + u32(2) + u32(i) + \
            struct.pack('<d', 100) + numeric(0, 0) + b'\0' + u32(1) + b'\0'
        first = (request_id - 2) * 10000
        items = array([item(first + i) for i in range(10000)])
        send(u, 'client', u.chunks(request_id, 'client', numeric(0, 751) + u.request(request_id) + u32(77) + u32(0) +
                                   items, size=60000))
        results = [u32(0) + u32(first + i) + struct.pack('<d', 100) + u32(1) + numeric(0, 0) + b'\0'
                   for i in range(10000)]
        send(u, 'server', u.chunks(request_id, 'server', numeric(0, 754) + u.answer(request_id) + array(results) +
                                   u32(0), size=60000))


# What is to be seen besides the connection's own beginning: action and status, or the anomaly; and what the
# summary says of that which was not.
CASES = [
    (one_message, {'write Good': 1}, {}),
    (ten_thousand_items, {'write Good': 9999, 'write BadNotWritable': 1}, {}),
    (endless_message, {'malformed chunk-limit': 1, 'write BadRequestTooLarge': 10000}, {'cut_messages': 3}),
    (thousand_channels, {'secure Good': 1000}, {'cut_messages': 985}),
    (thousand_connections, {'connect Good': 999, 'secure Good': 999}, {}),
    (unanswered, {'read None': 10000}, {}),
    (interleaved, {'malformed chunk-limit': 4992}, {'cut_messages': 4992}),
    (far_strings, {'read Good': 12000}, {}),
    (loud_diagnostics, {'read Good': 10000}, {}),
    (many_fields, {'publish Good': 4096, 'publish None': 1, 'malformed field-limit': 1}, {}),
    (monitored_items, {'subscribe Good': 100000}, {'sessions_evicted': 120000}),
]


def decode(tierwatch, path):
    with tempfile.TemporaryFile() as out, tempfile.NamedTemporaryFile() as summary:
        child = subprocess.Popen([tierwatch, 'decode', '-q', '--summary', summary.name, path], stdout=out)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        seen = collections.Counter()
        for line in out:
            event = json.loads(line)
            what = event['detail'] if event['action'] == 'malformed' else event.get('status')
            seen['%s %s' % (event['action'], what)] += 1
        unseen = json.load(open(summary.name, encoding='utf-8'))['unseen']
        return child.returncode, seen, {k: n for k, n in unseen.items() if n != 0}, usage, out.tell()


def main():
    failed = False
    sanitized = b'__asan_init' in open(sys.argv[1], 'rb').read()
    for make, want, want_unseen in CASES:
        with tempfile.NamedTemporaryFile(suffix='.pcap') as f:
            # Not here: what this process takes would be counted as what its children take.
            subprocess.run([sys.executable, __file__, '--make', make.__name__, f.name], check=True)
            code, got, unseen, usage, size = decode(sys.argv[1], f.name)
        rss, seconds = usage.ru_maxrss / 1024, usage.ru_utime + usage.ru_stime
        small = size < EVENT_BYTES * sum(got.values())
        if make != many_fields: # not on a SecureChannel
            got -= collections.Counter(('connect Good', 'secure Good'))
        name = make.__name__.replace('_', ' ')
        for ok, what in ((code == 0 and got == want, 'gives the events it should'),
                         (unseen == want_unseen, 'says what was not seen'),
                         (sanitized or rss < MEMORY_MIB, 'takes bounded memory'),
                         (sanitized or seconds < SECONDS, 'takes bounded time'),
                         (small, 'gives events of a bounded size')):
            print('%sok - %s %s' % ('' if ok else 'not ', name, what))
            if not ok:
                print('# exit %d, %s, not seen %s' % (code, dict(got), unseen))
                failed = True
        print('# %s: %.1f MiB, %.2f s, %.1f MB' % (name, rss, seconds, size / 1e6))
    sys.exit(failed)


if sys.argv[1] == '--make':
    made = Capture()
    globals()[sys.argv[2]](made)
    made.write(sys.argv[3])
else:
    main()
