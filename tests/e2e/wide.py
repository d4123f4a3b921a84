#!/usr/bin/env python3
"""A capture of what fills event batches: payloads of thousands of leaves, huge values, long lists of items, many
connections at once, fragments, holes, requests that are never answered. For the tests that compare threads.

usage: wide.py OUT
"""
import os
import random
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '../golden'))
from make import (Capture, Opcua, Tcp, BROKER, ack, array, connack, connect, double, mqtt, mqtt_session, publish,  # noqa: E402
                  remaining, string, text)


def deep(n):
    return '{"a":[' + ','.join('{"name-%d":%d.5,"s":"%s"}' % (i, i, 'x' * (i % 90)) for i in range(n)) + ']}'


def sliced(t, data, size=1400):
    for at in range(0, len(data), size):
        t.client(data[at:at + size])


def main():
    random.seed(7)
    c = Capture()
    sessions = [mqtt_session(c, '10.0.1.%d' % (1 + i), 42000 + i, 'client-%d' % i, 5) for i in range(12)]
    opcua = [Opcua(c, '10.0.2.%d' % (1 + i), 43000 + i) for i in range(6)]
    user = b''.join(b'\x26' + text('property-%d' % i) + text('v' * 4000) for i in range(200))
    for pass_ in range(3):
        for i, t in enumerate(sessions):
            sliced(t, publish('plant/wide/%d' % i, deep(300 * (i % 5) + 1), props=b''))
            if i % 4 == pass_:
                sliced(t, publish('plant/props', '1', props=user))
        for n, u in enumerate(opcua):
            items = [('Tag.%d.%d' % (n, k), double(k / 8)) for k in range(400)]
            items += [('Long.%d' % k, struct.pack('<BB', 1, 0x80 | 12) + array([string('y' * 5000)] * 80)) for k in range(2)]
            request = b''.join(u.chunks(10 + pass_, 'client', u.write_request(10 + pass_, items), size=8000))
            sliced(u.tcp, request)
            if n != pass_:
                u.tcp.server(b''.join(u.chunks(10 + pass_, 'server', u.write_response(10 + pass_, [0] * len(items)))))
            c.wait(0.4)
        # Deliveries of what was and what was not seen being published, and a hole.
        for i, t in enumerate(sessions[:6]):
            message = publish('plant/other/%d' % i, deep(200), props=b'')
            for at in range(0, len(message), 1400):
                t.server(message[at:at + 1400])
            if i == pass_:
                t.seq['client'] += 333
            t.client(publish('plant/after', str(i), 1, 100 + pass_, b''))
            t.server(ack(4, 100 + pass_))
        c.wait(20)
    flood = [Tcp(c, ('10.0.3.%d' % (i % 250), 20000 + i), BROKER) for i in range(3000)]
    random.shuffle(flood)
    for t in flood:
        t.segment('client', 2)
    for t in flood[:800]:
        t.segment('server', 18)
        t.segment('client', 16)
        t.client(connect('flood'))
    c.wait(400)
    for t in sessions:
        t.client(mqtt(12, 0, b''))
    c.write(sys.argv[1])


main()
