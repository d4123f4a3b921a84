#!/usr/bin/env python3
"""Build the captures of the golden cases: tests/golden/make.py [CASE]...

Each case is a function; its docstring is the case's README. Packets are written by hand, so that each shows
one thing: bytes of the standards on one side, what tierwatch must say about them on the other.
"""
import json
import os
import struct
import sys
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
START_US = 1772352000000000  # 2026-03-01T08:00:00Z
SYN, ACK, PSH, FIN, RST = 2, 16, 8, 1, 4
CASES = {}


def case(function):
    CASES[function.__name__.replace('_', '-')] = function
    return function


# --- link, network, transport ---------------------------------------------------------------------


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack('>%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Capture:
    def __init__(self):
        self.packets, self.now, self.ip_id = [], START_US, 0

    def wait(self, seconds):
        self.now += round(seconds * 1000000)

    def frame(self, src, dst, ethertype, body, vlan=()):
        tags = b''.join(struct.pack('>HH', 0x8100, v) for v in vlan)
        self.packets.append((self.now, mac(dst) + mac(src) + tags + struct.pack('>H', ethertype) + body))
        self.now += 1000

    def ipv4(self, src, dst, proto, body, vlan=(), fragment=None):
        """`fragment` cuts the datagram after so many bytes (a multiple of 8)."""
        self.ip_id += 1
        parts = [(0, body, 0)] if fragment is None else [(0, body[:fragment], 1), (fragment, body[fragment:], 0)]
        for at, part, more in parts:
            head = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(part), self.ip_id, more << 13 | at // 8, 64,
                               proto, 0, ip(src), ip(dst))
            head = head[:10] + struct.pack('>H', checksum(head)) + head[12:]
            self.frame(src, dst, 0x0800, head + part, vlan)

    def write(self, path):
        with open(path, 'wb') as f:
            f.write(struct.pack('<IHHIIII', 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1))
            for us, data in self.packets:
                f.write(struct.pack('<IIII', us // 1000000, us % 1000000, len(data), len(data)) + data)


def ip(address):
    return bytes(map(int, address.split('.')))


def mac(address):
    return bytes((2, 0, 0, 0, 0, int(address.split('.')[3])))


class Tcp:
    """One connection. `client` and `server` send; nothing is sent by itself but acknowledgements."""

    def __init__(self, capture, client, server, vlan=()):
        self.capture, self.vlan = capture, vlan
        self.ends = {'client': client, 'server': server}
        self.seq = {'client': 1000, 'server': 500000}
        self.fragment = None

    def segment(self, side, flags=PSH | ACK, data=b'', at=None):
        """`at` places the bytes elsewhere in the stream than at its end."""
        other = 'server' if side == 'client' else 'client'
        (a, sport), (b, dport) = self.ends[side], self.ends[other]
        seq = self.seq[side] if at is None else at
        head = struct.pack('>HHIIBBHHH', sport, dport, seq & 0xffffffff,
                           self.seq[other] & 0xffffffff if flags & ACK else 0, 5 << 4, flags, 64240, 0, 0)
        pseudo = ip(a) + ip(b) + struct.pack('>BBH', 0, 6, len(head) + len(data))
        head = head[:16] + struct.pack('>H', checksum(pseudo + head + data)) + head[18:]
        self.capture.ipv4(a, b, 6, head + data, self.vlan, self.fragment)
        if at is None:
            self.seq[side] += len(data) + bool(flags & (SYN | FIN))

    def open(self):
        self.segment('client', SYN)
        self.segment('server', SYN | ACK)
        self.segment('client', ACK)
        return self

    def client(self, data):
        self.segment('client', data=data)

    def server(self, data):
        self.segment('server', data=data)

    def close(self):
        self.segment('client', FIN | ACK)
        self.segment('server', FIN | ACK)
        self.segment('client', ACK)


# --- MQTT -----------------------------------------------------------------------------------------


def text(s):
    data = s if isinstance(s, bytes) else s.encode()
    return struct.pack('>H', len(data)) + data


def remaining(n):
    out = b''
    while True:
        out += bytes((n % 128 | (128 if n > 127 else 0),))
        n //= 128
        if n == 0:
            return out


def mqtt(kind, flags, body):
    return bytes((kind << 4 | flags,)) + remaining(len(body)) + body


def properties(body):
    return remaining(len(body)) + body


def connect(client_id, version=4, user=None, password=None, will=None):
    """`will`: (topic, payload, QoS, retain)"""
    flags = 2 | (0x80 if user else 0) | (0x40 if password else 0)
    flags |= 4 | will[2] << 3 | will[3] << 5 if will else 0
    body = text('MQTT') + bytes((version, flags)) + struct.pack('>H', 60)
    body += properties(b'') if version == 5 else b''
    body += text(client_id)
    if will:
        body += (properties(b'') if version == 5 else b'') + text(will[0]) + text(will[1])
    return mqtt(1, 0, body + (text(user) if user else b'') + (text(password) if password else b''))


def connack(version=4, code=0, props=b''):
    return mqtt(2, 0, bytes((0, code)) + (properties(props) if version == 5 else b''))


def publish(topic, payload, qos=0, packet_id=None, props=None, retain=0, dup=0):
    body = text(topic) + (struct.pack('>H', packet_id) if qos else b'')
    body += properties(props) if props is not None else b''
    return mqtt(3, dup << 3 | qos << 1 | retain, body + (payload if isinstance(payload, bytes) else payload.encode()))


def ack(kind, packet_id, reason=None):
    return mqtt(kind, 2 if kind == 6 else 0, struct.pack('>H', packet_id) + (bytes((reason,)) if reason is not None else b''))


BROKER = ('10.0.0.20', 1883)
ALIASES = b'\x22\0\x0a'  # the broker takes ten topic aliases


def mqtt_session(capture, host, port, client_id, version=4, will=None):
    t = Tcp(capture, (host, port), BROKER).open()
    t.client(connect(client_id, version, will=will))
    t.server(connack(version, props=ALIASES))
    return t


# --- OPC UA ---------------------------------------------------------------------------------------

SERVER = ('10.0.0.10', 4840)
EPOCH = 116444736000000000


def u32(v):
    return struct.pack('<I', v)


def string(s):
    return u32(0xffffffff) if s is None else u32(len(s.encode())) + s.encode()


def numeric(ns, i):
    return struct.pack('<BBH', 1, ns, i)


def node(s, ns=2):
    return struct.pack('<BH', 3, ns) + string(s)


def when(capture):
    return struct.pack('<q', EPOCH + capture.now * 10)


def array(items):
    return u32(len(items)) + b''.join(items)


def double(v):
    return struct.pack('<BBd', 1, 11, v)


class Opcua:
    """A SecureChannel without security, and messages on it."""

    def __init__(self, capture, host, port, begin=True):
        self.capture = capture
        self.tcp = Tcp(capture, (host, port), SERVER)
        self.number = {'client': 1, 'server': 1}
        self.audit = None
        if begin:
            self.tcp.open()
            self.hello()

    def hello(self):
        limits = u32(0) + u32(65535) + u32(65535) + u32(0) + u32(0)
        self.plain('client', b'HELF', limits + string('opc.tcp://10.0.0.10:4840'))
        self.plain('server', b'ACKF', limits)
        security = string('http://opcfoundation.org/UA/SecurityPolicy#None') + u32(0xffffffff) * 2
        request = numeric(0, 446) + self.request(1) + u32(0) + u32(0) + u32(1) + u32(0) + u32(3600000)
        answer = numeric(0, 449) + self.answer(1) + u32(0) + u32(7) + u32(1) + when(self.capture) + u32(3600000) + u32(0)
        self.plain('client', b'OPNF', u32(0) + security + self.sequence('client', 1) + request)
        self.plain('server', b'OPNF', u32(7) + security + self.sequence('server', 1) + answer)

    def plain(self, side, kind, body):
        self.tcp.segment(side, data=kind + u32(8 + len(body)) + body)

    def sequence(self, side, request_id):
        self.number[side] += 1
        return u32(self.number[side] - 1) + u32(request_id)

    def request(self, handle):
        token = numeric(1, 4711)
        return token + when(self.capture) + u32(handle) + u32(0) + string(self.audit) + u32(10000) + numeric(0, 0) + b'\0'

    def answer(self, handle, result=0):
        return when(self.capture) + u32(handle) + u32(result) + b'\0' + u32(0xffffffff) + numeric(0, 0) + b'\0'

    def chunks(self, request_id, side, body, size=None):
        """The chunks of one message, each at most `size` bytes of body."""
        parts = [body] if size is None else [body[i:i + size] for i in range(0, len(body), size)]
        out = []
        for n, part in enumerate(parts):
            kind = b'MSGF' if n == len(parts) - 1 else b'MSGC'
            part = u32(7) + u32(1) + self.sequence(side, request_id) + part
            out.append(kind + u32(8 + len(part)) + part)
        return out

    def write_request(self, handle, items):
        return numeric(0, 673) + self.request(handle) + array(
            [node(n) + u32(13) + string(None) + value for n, value in items])

    def write_response(self, handle, results):
        return numeric(0, 676) + self.answer(handle) + array([u32(r) for r in results]) + u32(0xffffffff)

    def write(self, request_id, items, results):
        self.tcp.client(b''.join(self.chunks(request_id, 'client', self.write_request(request_id, items))))
        self.tcp.server(b''.join(self.chunks(request_id, 'server', self.write_response(request_id, results))))


# --- cases ----------------------------------------------------------------------------------------


@case
def tcp_reordered(c):
    """A PUBLISH in five segments that arrive as 1 4 3 3 5 2: one publish event, at the packet that fills the hole,
    and no gap."""
    t = mqtt_session(c, '10.0.0.60', 40001, 'sensor')
    message = publish('plant/level', '{"m":3.25,"ok":true}')
    base = t.seq['client']
    parts = [(0, 7), (7, 13), (13, 21), (21, 30), (30, len(message))]
    for n in (0, 3, 2, 2, 4, 1):
        begin, end = parts[n]
        t.segment('client', data=message[begin:end], at=base + begin)
    t.seq['client'] = base + len(message)
    t.segment('server', ACK)
    t.close()


@case
def tcp_overlapped(c):
    """An injected copy of a segment with another value reaches the wire before and after the true one. What the
    receiver took can not be known: both times a conflict is reported; the first copy is decoded."""
    t = mqtt_session(c, '10.0.0.60', 40002, 'sensor')
    for true, forged, first in (('10', '99', 'true'), ('20', '77', 'forged')):
        base = t.seq['client']
        message, copy = publish('plant/speed', true), publish('plant/speed', forged)
        # The value waits behind a hole, so that both copies are there before either is delivered.
        order = (message, copy) if first == 'true' else (copy, message)
        for m in order:
            t.segment('client', data=m[5:], at=base + 5)
        t.segment('client', data=message[:5], at=base)
        t.seq['client'] = base + len(message)
        t.segment('server', ACK)
    t.close()


@case
def tcp_gap(c):
    """A segment that was never captured, though the receiver acknowledged it: after a grace, since a mirror port may
    show packets late, a gap of 100 bytes; then the stream goes on with the next message."""
    t = mqtt_session(c, '10.0.0.60', 40003, 'sensor')
    t.client(publish('plant/a', '1'))
    t.segment('server', ACK)
    lost = publish('plant/b', 'x' * 89)
    t.seq['client'] += len(lost)
    t.client(publish('plant/c', '3'))
    t.segment('server', ACK)
    c.wait(3)
    t.client(publish('plant/d', '4'))
    t.segment('server', ACK)
    t.close()


@case
def ip_fragments(c):
    """A PUBLISH in an IPv4 datagram that comes in two fragments, in a VLAN."""
    t = Tcp(c, ('10.0.0.60', 40004), BROKER, vlan=(120,)).open()
    t.client(connect('sensor'))
    t.server(connack())
    t.fragment = 48
    t.client(publish('plant/line1/quality', '{"confidence":0.31}'))
    t.fragment = None
    t.segment('server', ACK)
    t.close()


@case
def mqtt5_alias(c):
    """Topic aliases [MQTT5 3.3.2.3.4]: set, used, set anew; one that was never set, and one above what the broker
    takes, which are malformed; and one that was set before the capture began, whose topic is null."""
    t = mqtt_session(c, '10.0.0.61', 40005, 'analyser', 5)
    alias = lambda n: b'\x23' + struct.pack('>H', n)
    t.client(publish('plant/ph', '7.1', props=alias(3)))
    t.client(publish('', '7.2', props=alias(3)))
    t.client(publish('plant/flow', '55', props=alias(3)))
    t.client(publish('', '56', props=alias(3)))
    t.client(publish('', '57', props=alias(9)))
    t.client(publish('plant/ph', '7.3', props=alias(11)))
    t.close()
    late = Tcp(c, ('10.0.0.62', 40006), BROKER)
    late.client(publish('plant/temperature', '20.5', props=b'') + publish('', '20.6', props=alias(1)))
    late.server(b'\xd0\x00')
    late.client(publish('plant/temperature', '20.7', props=b''))


@case
def mqtt5_refused(c):
    """Three publishes with QoS 1 and 2: taken, refused with 0x87, and with 0x97 in the PUBREC. Wildcards in a SUBSCRIBE
    whose filters get different answers."""
    t = mqtt_session(c, '10.0.0.51', 40007, 'advisor', 5)
    t.client(publish('plant/cmd/speed', '900', 1, 11, b''))
    t.server(ack(4, 11))
    t.client(publish('plant/cmd/trip', '0', 1, 12, b''))
    t.server(ack(4, 12, 0x87))
    t.client(publish('plant/cmd/speed', '905', 2, 13, b''))
    t.server(ack(5, 13, 0x97))
    t.client(mqtt(8, 2, struct.pack('>H', 14) + properties(b'') + text('plant/+/state') + b'\1' + text('$SYS/#') + b'\2'))
    t.server(mqtt(9, 0, struct.pack('>H', 14) + properties(b'') + b'\1\x87'))
    t.client(mqtt(14, 0, b'\0'))
    t.close()


@case
def mqtt5_auth(c):
    """Enhanced authentication, once for the connection and once again; what both ends say that they take; a will that
    waits; then what goes against all that: AUTH when it is not the client's turn, another method, QoS 2, RETAIN, a
    wildcard, a message too large, three messages at a time, an identifier in use."""
    t = Tcp(c, ('10.0.0.52', 40012), BROKER).open()
    method = b'\x15' + text('SCRAM-SHA-256')
    auth = lambda reason, data='', m=method: mqtt(15, 0, bytes((reason,)) + properties(m + b'\x16' + text(data)))
    asks = method + b'\x16' + text('n,,n=ann') + b'\x11\0\0\x0e\x10' + b'\x21\0\x05' + b'\x17\0'
    will = b'\x18\0\0\0\x1e' + b'\x03' + text('text/plain')
    t.client(mqtt(1, 0, text('MQTT') + b'\x05\x0e' + struct.pack('>H', 60) + properties(asks) + text('advisor') +
                  properties(will) + text('plant/advisor/state') + text('gone')))
    t.server(auth(0x18, 'r=1'))
    t.client(auth(0x18, 'p=2'))
    t.server(connack(5, props=method + b'\x13\0\x1e' + b'\x21\0\x02' + b'\x24\x01' + b'\x25\0' + b'\x28\0' +
                     b'\x27\0\0\0\x40' + b'\x2a\0'))
    t.client(auth(0x19, 'n,,n=ann'))
    t.server(auth(0x18, 'r=3'))
    t.client(auth(0x18, 'p=4'))
    t.server(auth(0x00, 'v=5'))
    message = b'\x02\0\0\0\x3c' + b'\x08' + text('r/1') + b'\x09' + text('job-1') + b'\x01\x01'
    t.client(publish('plant/jobs', '1', 1, 1, message))
    t.server(ack(4, 1))
    t.client(auth(0x18))
    t.client(auth(0x19, m=b'\x15' + text('PLAIN')))
    t.client(publish('plant/a', '1', 2, 2, b''))
    t.server(ack(5, 2))
    t.client(publish('plant/a', '2', 1, 2, b''))
    t.client(publish('plant/a', '1', retain=1, props=b''))
    t.client(mqtt(8, 2, struct.pack('>H', 3) + properties(b'\x0b\x07') + text('$share/g/plant/+') + b'\x29'))
    t.server(mqtt(9, 0, struct.pack('>H', 3) + properties(b'\x1f' + text('no')) + b'\x9e'))
    t.client(publish('plant/a', 'x' * 64, props=b''))
    t.client(b''.join(publish('plant/b', str(n), 1, n, b'') for n in (5, 6, 7)))
    t.server(mqtt(14, 0, b'\x93' + properties(b'\x1f' + text('too many'))))
    t.close()


@case
def mqtt_will(c):
    """Who is behind a message: a retained one, delivered to who subscribes later; a will, published by the broker when
    its client is gone; a reply to a request; a publish that is sent again on a new connection. Each is an alert that
    names who it was."""
    a = Tcp(c, ('10.0.0.63', 40013), BROKER).open()
    a.client(mqtt(1, 0, text('MQTT') + b'\x04\x04' + struct.pack('>H', 60) + text('edge') + text('plant/edge/state') +
                  text('gone')))
    a.server(connack())
    a.client(publish('plant/edge/model', 'v2', retain=1))
    a.client(publish('plant/edge/count', '7', 1, 9))
    s = mqtt_session(c, '10.0.0.64', 40014, 'viewer', 5)
    s.client(mqtt(8, 2, struct.pack('>H', 1) + properties(b'') + text('plant/#') + b'\1'))
    s.server(mqtt(9, 0, struct.pack('>H', 1) + properties(b'') + b'\1'))
    s.server(publish('plant/edge/model', 'v2', retain=1, props=b''))
    a.close()
    s.server(publish('plant/edge/state', 'gone', props=b''))
    b = Tcp(c, ('10.0.0.63', 40015), BROKER).open()
    b.client(mqtt(1, 0, text('MQTT') + b'\x04\0' + struct.pack('>H', 60) + text('edge')))
    b.server(mqtt(2, 0, b'\1\0'))
    b.client(publish('plant/edge/count', '7', 1, 9, dup=1))
    b.server(ack(4, 9))
    s.server(publish('plant/edge/count', '7', props=b''))
    asks = b'\x08' + text('plant/replies') + b'\x09' + text('q1')
    s.client(publish('plant/ask', 'how many', props=asks))
    r = mqtt_session(c, '10.0.0.65', 40016, 'oracle', 5)
    r.client(publish('plant/replies', '7', props=b'\x09' + text('q1')))
    for t in (b, s, r):
        t.close()


@case
def mqtt_secrets(c):
    """Passwords on the wire and in payloads: none is printed, their places are."""
    t = Tcp(c, ('10.0.0.51', 40008), BROKER).open()
    t.client(connect('advisor', user='advisor', password='correct horse'))
    t.server(connack())
    t.client(publish('plant/login', '{"user":"advisor","password":"battery staple","nested":{"api_key":"k-123","n":1}}'))
    t.client(publish('plant/advisor/token', 'eyJhbGciOi'))
    t.close()


@case
def opcua_chunked(c):
    """A WriteRequest in four chunks, in TCP segments that do not end where chunks do; one event for each of its three
    items, with the status of each."""
    u = Opcua(c, '10.0.0.52', 41001)
    items = [('Dosing.Setpoint', double(19.5)), ('Works.Note', struct.pack('<BB', 1, 12) + string('n' * 40)),
             ('Pumps.Run', struct.pack('<BBB', 1, 1, 1))]
    stream = b''.join(u.chunks(5, 'client', u.write_request(5, items), size=50))
    for begin in range(0, len(stream), 61):
        u.tcp.client(stream[begin:begin + 61])
    u.tcp.server(b''.join(u.chunks(5, 'server', u.write_response(5, [0, 0x80740000, 0x80340000]))))
    u.tcp.close()


@case
def opcua_values(c):
    """A Write for each way a value can be on the wire: built-in types, arrays, NaN, a Float whose shortest decimal is
    20.14, the largest integers, NodeIds of all kinds."""
    u = Opcua(c, '10.0.0.52', 41002)
    def value(kind, data):
        return struct.pack('<BB', 1, kind) + data
    rows = [
        value(1, b'\0'), value(2, b'\x80'), value(3, b'\xff'), value(4, struct.pack('<h', -2)),
        value(5, struct.pack('<H', 65535)), value(6, struct.pack('<i', -5)), value(7, u32(4294967295)),
        value(8, struct.pack('<q', -9223372036854775808)), value(9, struct.pack('<Q', 18446744073709551615)),
        value(10, struct.pack('<f', 20.14)), double(0.1), double(float('nan')), double(float('-inf')),
        double(1e-7), double(-0.0), value(12, string('caf\u00e9 "x"\n')), value(12, string(None)),
        value(13, struct.pack('<q', EPOCH + 17723520011234567)), value(14, struct.pack('<IHH', 0x5f3a1c08, 0x9b7d, 0x4e21) + bytes(range(8))),
        value(15, u32(3) + b'\0\xff\x10'), value(17, numeric(0, 2258)), value(17, struct.pack('<BH', 5, 4) + u32(2) + b'\1\2'),
        value(19, u32(0x80340000)), value(0x80 | 11, array([struct.pack('<d', v) for v in (1, 2.5)])),
        value(0x80 | 6, array([])), value(0x80 | 1, array([b'\1', b'\0'])),
    ]
    for n, row in enumerate(rows):
        u.write(10 + n, [('V%02d' % n, row)], [0])
    u.tcp.close()


@case
def opcua_midstream(c):
    """The capture begins between a request and its response: object and value of that one are null. Of the session
    nothing is known, so its members are null. A request without an answer is told when the input ends, with
    a null status."""
    u = Opcua(c, '10.0.0.53', 41003, begin=False)
    u.tcp.server(b''.join(u.chunks(90, 'server', u.write_response(90, [0]))))
    u.write(91, [('Pumps.P1.Speed.Setpoint', double(900))], [0])
    u.tcp.client(b''.join(u.chunks(92, 'client', u.write_request(92, [('Pumps.P2.Speed.Setpoint', double(905))]))))


@case
def range_alert(c):
    """Writes within and outside a variable's range by an AI system of tier T3: one alert, folded over three
    repeats; and a publish outside another range."""
    u = Opcua(c, '10.0.0.53', 41004)
    u.write(5, [('Pumps.P1.Speed.Setpoint', double(900))], [0])
    for request, value in ((6, 4200), (7, 4300), (8, 4400)):
        c.wait(1)
        u.write(request, [('Pumps.P1.Speed.Setpoint', double(value))], [0])
    c.wait(1)
    u.write(9, [('Pumps.P1.Speed.Setpoint', double(950))], [0])
    t = mqtt_session(c, '10.0.0.53', 41005, 'pumper')
    t.client(publish('plant/booster/set', '{"bar":9.5}', 1, 1))
    t.server(ack(4, 1))
    c.wait(12)
    t.client(publish('plant/booster/set', '{"bar":3.5}', 1, 2))
    t.server(ack(4, 2))
    t.close()


# --- OPC UA PubSub --------------------------------------------------------------------------------


def u16(v):
    return struct.pack('<H', v)


def udp(capture, src, dst, payload):
    """`src` and `dst` are (address, port)."""
    head = struct.pack('>HHHH', src[1], dst[1], 8 + len(payload), 0)
    capture.ipv4(src[0], dst[0], 17, head + payload)


def uadp(publisher, messages, group=None, sequence=None, security=b'', extended=0, kind=0):
    """A NetworkMessage of a publisher with a number or a name; `messages` are (writer, bytes). With `kind` they are
    the bytes of a discovery message instead."""
    name = isinstance(publisher, str)
    one = (4 if name else 1) | (0x10 if security else 0) | (0x80 if extended or kind else 0)
    group_flags = (1 if group is not None else 0) | (8 if sequence is not None else 0)
    out = bytes((1 | 0x10 | (0x20 if group_flags else 0) | (0 if kind else 0x40) | 0x80, one))
    out += bytes((extended | kind << 2,)) if one & 0x80 else b''
    out += string(publisher) if name else u16(publisher)
    if group_flags:
        out += bytes((group_flags,)) + (u16(group) if group is not None else b'')
        out += u16(sequence) if sequence is not None else b''
    if kind:
        return out + messages
    out += bytes((len(messages),)) + b''.join(u16(w) for w, _ in messages) + security
    out += b''.join(u16(len(m)) for _, m in messages) if len(messages) > 1 else b''
    return out + b''.join(m for _, m in messages)


def dataset(fields=b'', kind=0, encoding=0, sequence=None, version=(1, 1), status=None):
    """A DataSetMessage; `fields` stand behind its header as they are."""
    flags = 1 | encoding << 1 | (8 if sequence is not None else 0) | (0x10 if status is not None else 0)
    flags |= 0x60 | (0x80 if kind else 0)
    out = bytes((flags,)) + (bytes((kind,)) if kind else b'')
    out += u16(sequence) if sequence is not None else b''
    out += u16(status) if status is not None else b''
    return out + u32(version[0]) + u32(version[1]) + fields


def variant(v):
    if isinstance(v, bool):
        return bytes((1, v))
    if isinstance(v, float):
        return struct.pack('<Bd', 11, v)
    if isinstance(v, int):
        return struct.pack('<Bi', 6, v)
    return bytes((12,)) + string(v)


def key_frame(*values):
    return u16(len(values)) + b''.join(variant(v) for v in values)


def field_metadata(name, kind=11, length=0, dimensions=()):
    """FieldMetaData of a built-in type: a scalar, or an array with its largest dimensions."""
    rank = len(dimensions) or 0xffffffff
    return string(name) + b'\0' + u16(0) + bytes((kind, 0, kind)) + u32(rank) + array([u32(d) for d in dimensions]) + \
        u32(length) + bytes(16) + u32(0)


def metadata_payload(writer, fields, version=(1, 1)):
    """An announcement behind the headers of its NetworkMessage; `fields` are names or FieldMetaData."""
    fields = [field_metadata(f) if isinstance(f, str) else f for f in fields]
    return bytes((2,)) + u16(1) + u16(writer) + u32(0) * 4 + string('Boiler') + b'\0' + array(fields) + bytes(16) + \
        u32(version[0]) + u32(version[1]) + u32(0)


def metadata_announcement(publisher, writer, fields, version=(1, 1)):
    return uadp(publisher, metadata_payload(writer, fields, version), kind=2)


def uadp_chunks(publisher, payload, size, sequence, writer=None):
    """The NetworkMessages of a payload in parts of `size` bytes; without a writer it is an announcement."""
    head = bytes((0x91 if writer is None else 0xd1, 0x81, 0x09 if writer is None else 0x01)) + u16(publisher)
    head += b'' if writer is None else u16(writer)
    parts = [(at, payload[at:at + size]) for at in range(0, len(payload), size)]
    return [head + u16(sequence) + u32(at) + u32(len(payload)) + u32(len(part)) + part for at, part in parts]


@case
def pubsub_udp(c):
    """OPC UA PubSub over UDP. A controller announces its metadata to a group and publishes: key frames whose fields
    have names from then on, a delta frame, a keep-alive; its numbers run over their end, then two messages are
    lost. Its version changes unannounced. Another one sends DataValues and an event to one host, two DataSets in one
    message, one message encrypted and one signed, a chunk, and one that is cut short. On a port that says nothing,
    the third datagram of a kind is believed; DNS beside it is DNS."""
    group, plc = ('224.0.0.22', 4840), ('10.0.0.11', 50000)
    data = lambda m, n=None: udp(c, plc, group, uadp(2234, [(62541, m)], group=100, sequence=n))
    data(dataset(key_frame(81.5, 7), sequence=65534))
    udp(c, plc, group, metadata_announcement(2234, 62541, ['Temperature', 'Pressure', 'Api_Token']))
    data(dataset(key_frame(81.75, 8, 'hunter2'), sequence=65535))
    data(dataset(u16(1) + u16(1) + variant(9), kind=1, sequence=0))
    data(dataset(kind=3, sequence=1))
    data(dataset(key_frame(82.0, 8, 'hunter2'), sequence=1, status=0x4000))
    data(dataset(key_frame(82.25, 9, 'hunter2'), sequence=4))
    data(dataset(key_frame(82.5, True), sequence=5, version=(2, 1)))
    line, edge = ('10.0.0.12', 50001), ('10.0.0.60', 4840)
    value = lambda v, more=b'', mask=1: bytes((mask,)) + variant(v) + more
    ticks = when(c)
    udp(c, line, edge, uadp('Line 1', [(3, dataset(u16(2) + value(1.5, ticks, 5) + value(2.5, u32(0x80340000), 3),
                                                   encoding=2))]))
    udp(c, line, edge, uadp('Line 1', [(4, dataset(key_frame('door open', 700), kind=2)),
                                       (3, dataset(u16(1) + value(1.25), encoding=2))], group=5, sequence=9))
    security = lambda flags: bytes((flags,)) + u32(17) + bytes((8,)) + bytes(8)
    udp(c, line, edge, uadp('Line 1', [(3, b'\x8e' * 60)], security=security(3)))
    udp(c, line, edge, uadp('Line 1', [(3, dataset(key_frame(1.0)) + b'\x5a' * 32)], security=security(1)))
    chunk = uadp('Line 1', [(3, u16(1) + u32(0) + u32(5000) + string('x' * 40))], extended=1)
    udp(c, line, edge, chunk[:13] + chunk[14:])  # of a chunk there is one writer, without a count
    udp(c, line, edge, uadp('Line 1', [(3, dataset(u16(3) + variant(1.0)))]))
    udp(c, line, edge, uadp('Line 1', [(3, dataset(bytes(12), encoding=1))]))
    for v in range(4):
        udp(c, ('10.0.0.13', 50002), ('10.0.0.60', 9600), uadp(7, [(1, dataset(key_frame(v)))]))
        query = struct.pack('>HHHHHH', v, 0x100, 1, 0, 0, 0) + b'\x03plc\x04test\0\0\x01\0\x01'
        udp(c, ('10.0.0.13', 50003), ('10.0.0.2', 53), query)


@case
def pubsub_mqtt(c):
    """OPC UA PubSub over MQTT. JSON on the standard's topics and elsewhere, metadata before data, a number left out,
    a publisher other than its topic says, two DataSets in one message, a single one, bare fields; an action request;
    one DataSetMessage alone whose fields have a status and times in the forms of 1.04 and 1.05.
    UADP by topic and by content type, named by metadata that a broker had retained for a subscriber; what was
    published is not read again where it is delivered."""
    t = mqtt_session(c, '10.0.0.70', 40010, 'cell', 5)
    s = mqtt_session(c, '10.0.0.71', 40011, 'viewer', 5)
    prop = lambda kind: b'\x26' + text('UAMessageType') + text('ua-' + kind)
    content = lambda z: b'\x03' + text(z)
    meta = '{"MessageId":"m1","MessageType":"ua-metadata","PublisherId":"Cell 7","DataSetWriterId":31,"MetaData":' \
        '{"Name":"Axis","Fields":[{"Name":"Speed"},{"Name":"Torque"}],' \
        '"ConfigurationVersion":{"MajorVersion":3,"MinorVersion":0}}}'
    data = lambda n, more='': '{"MessageId":"d%d","MessageType":"ua-data","PublisherId":"Cell 7","Messages":' \
        '[{"DataSetWriterId":31,"SequenceNumber":%d,"MetaDataVersion":{"MajorVersion":3,"MinorVersion":0},' \
        '"Timestamp":"2026-03-01T08:00:00.5Z","Status":{"Code":2147483648,"Symbol":"Bad"},' \
        '"Payload":{"Speed":{"UaType":11,"Value":1.5},"Torque":{"Type":11,"Body":"NaN"}}}%s]}' % (n, n, more)
    t.client(publish('opcua/json/status/Cell 7', '{"MessageType":"ua-status","PublisherId":"Cell 7","Status":4}', 0,
                     props=b'', retain=1))
    t.client(publish('opcua/json/metadata/Cell 7/Axes/Axis', meta, props=prop('metadata'), retain=1))
    t.client(publish('opcua/json/data/Cell 7/Axes/Axis', data(1), props=b''))
    t.client(publish('opcua/json/data/Cell 7/Axes/Axis', data(4), props=b''))
    t.client(publish('opcua/json/data/Cell 8/Axes/Axis', data(5, ',{"DataSetWriterId":32,"MessageType":"ua-event",'
                                                              '"Payload":{"Alarm":"open"}}'), props=b''))
    t.client(publish('plant/axis', '{"MessageType":"ua-data","Messages":{"DataSetWriterName":"Axis","Payload":{"V":2}}}',
                     props=b''))
    t.client(publish('site/area/json/data/Cell 7/Axes/Axis', '{"Speed":3.5}', props=b''))
    t.client(publish('opcua/json/action-request/Cell 7/Axes/Axis',
                     '{"MessageType":"ua-action-request","PublisherId":"Cell 7","Messages":[{"DataSetWriterId":31,'
                     '"ActionTargetId":1,"RequestId":7,"Payload":{"Stop":true}}]}', props=b''))
    t.client(publish('opcua/json/data/Cell 7/Axes/Axis', '{"DataSetWriterId":33,"Payload":{'
                     '"A":{"Value":1.5,"StatusCode":{"Code":2147483648,"Symbol":"Bad"},"SourceTimestamp":"2026-03-01T08:00:00Z"},'
                     '"B":{"SourceTimestamp":"2026-03-01T08:00:01Z","Value":{"Type":10,"Body":2.5},"Status":1073741824},'
                     '"C":{"Value":[1,2],"ServerTimestamp":"2026-03-01T08:00:02Z"},"D":{"UaType":11,"Value":3.5}}}', props=b''))
    t.client(publish('plant/other', '{"MessageType":"order","Payload":{"V":2}}', props=b''))
    s.server(publish('opcua/uadp/metadata/41/1', metadata_announcement(41, 5, ['Flow', 'Level'], (2, 0)), props=b'',
                     retain=1))
    frame = uadp(41, [(5, dataset(key_frame(12.5, 40), sequence=8, version=(2, 0)))], group=1)
    t.client(publish('opcua/uadp/data/41/1', frame, props=b''))
    s.server(publish('opcua/uadp/data/41/1', frame, props=b''))
    s.server(publish('opcua/uadp/data/41/1', uadp(41, [(5, dataset(key_frame(13.5), version=(2, 0)))]), props=b''))
    t.client(publish('plant/raw', uadp(41, [(6, dataset(key_frame(True)))]), props=content('application/opcua+uadp')))
    t.client(publish('opcua/uadp/data/41/1', frame[:-3], props=b''))
    t.close()
    s.close()


def uadp_frame(capture, src, dst, message, vlan=()):
    """Straight on the link: addresses are the last byte of a MAC, or a group's whole one; frames are filled up."""
    address = lambda a: bytes.fromhex(a.replace(':', '')) if isinstance(a, str) else bytes((2, 0, 0, 0, 0, a))
    tags = b''.join(struct.pack('>HH', 0x8100, v) for v in vlan)
    frame = address(dst) + address(src) + tags + b'\xb6\x2c' + message
    capture.packets.append((capture.now, frame.ljust(60, b'\0')))
    capture.now += 1000


@case
def pubsub_ethernet(c):
    """OPC UA PubSub straight over Ethernet: events have link addresses only. A drive announces its metadata to a
    group and publishes, in frames that are filled up to the least length, without a VLAN and in VLAN 100 with a
    priority; another one with the same PublisherId is another publisher; one sends to a single card; the EtherType
    with something else in it is malformed; ARP beside it is nothing."""
    group = '01:1b:19:00:00:07'
    data = lambda src, m, dst=group, vlan=(): uadp_frame(c, src, dst, uadp(40, [(1, m)], group=2), vlan)
    uadp_frame(c, 0x0b, group, metadata_announcement(40, 1, ['Speed', 'Torque']))
    data(0x0b, dataset(key_frame(1450.5, 12), sequence=1))
    data(0x0b, dataset(key_frame(1451.5, 13), sequence=3), vlan=(0xc064,))
    data(0x0c, dataset(key_frame(3.5, True), sequence=7, version=(2, 1)))
    data(0x0b, dataset(u16(1) + u16(1) + variant(14), kind=1, sequence=4), dst=0x3c)
    uadp_frame(c, 0x0d, group, b'\x07\x00\x00')
    c.packets.append((c.now, b'\xff' * 6 + bytes((2, 0, 0, 0, 0, 0x0d)) + b'\x08\x06' + bytes(46)))


@case
def pubsub_opened(c):
    """What only several PubSub messages make readable. A controller sends raw fields, bytes until its metadata
    passes (in chunks) and named values from then on: a number, a text filled up to its length, an array that is
    shorter than it may be, one with two dimensions; of another version they are bytes again. A DataSetMessage in
    chunks that come in another order and twice; one of which a chunk is missing is a gap, 10 s later. Over MQTT raw
    fields by metadata in JSON and UADP, chunks to the broker, and chunks that only a subscriber's side shows.
    A number that comes again is said to."""
    group, plc = ('224.0.0.22', 4840), ('10.0.0.11', 50000)
    send = lambda m: udp(c, plc, group, m)
    fields = [field_metadata('Temperature'), field_metadata('Batch', 12, 6), field_metadata('Counts', 5, 0, (4,)),
              field_metadata('Grid', 3, 0, (2, 2)), field_metadata('Token', 12, 8)]
    padded = lambda s, n: string(s) + bytes(n - len(s))
    raw = struct.pack('<d', 81.5) + padded('B-17', 6) + u32(3) + struct.pack('<4H', 7, 8, 9, 0) + \
        u32(2) + u32(2) + u32(2) + bytes((1, 2, 3, 4)) + padded('hunter2', 8)
    frame = lambda n, version=(3, 0): dataset(raw, encoding=1, sequence=n, version=version)
    send(uadp(2234, [(6, dataset(key_frame(1)))], group=1))
    send(uadp(2234, [(7, frame(1))], group=1))
    for part in uadp_chunks(2234, metadata_payload(7, fields, (3, 0)), 90, 1):
        send(part)
    send(uadp(2234, [(7, frame(2))], group=1))
    send(uadp(2234, [(7, frame(3, (4, 0)))], group=1))
    first, second, third = uadp_chunks(2234, dataset(key_frame(1.5, 'long'), sequence=8), 12, 8, 9)
    for part in (third, first, first, second):
        send(part)
    send(uadp_chunks(2234, frame(4), 40, 4, 7)[0])
    send(uadp(2234, [(7, frame(2))], group=1))
    t = mqtt_session(c, '10.0.0.70', 40010, 'cell', 5)
    s = mqtt_session(c, '10.0.0.71', 40011, 'viewer', 5)
    meta = '{"MessageId":"m","MessageType":"ua-metadata","PublisherId":"41","DataSetWriterId":5,"MetaData":{"Fields":[' \
        '{"Name":"Flow","BuiltInType":10,"ValueRank":-1},{"Name":"Codes","BuiltInType":4,"ValueRank":1,' \
        '"ArrayDimensions":[2]},{"Name":"Note","BuiltInType":12,"ValueRank":-1,"MaxStringLength":4}],' \
        '"ConfigurationVersion":{"MajorVersion":2,"MinorVersion":0}}}'
    t.client(publish('opcua/json/metadata/41/1', meta, props=b'', retain=1))
    body = lambda n: dataset(struct.pack('<f', 12.5 + n) + u32(2) + struct.pack('<2h', -1, 5) + padded('ok', 4), encoding=1,
                             sequence=n, version=(2, 0))
    t.client(publish('opcua/uadp/data/41/1', uadp(41, [(5, body(1)), (6, body(2))]) + b'\x01', props=b''))
    for part in uadp_chunks(41, body(2), 20, 2, 5):
        t.client(publish('opcua/uadp/data/41/1', part, props=b''))
        s.server(publish('opcua/uadp/data/41/1', part, props=b''))
    for part in uadp_chunks(42, dataset(key_frame(9.0)), 12, 1, 8):
        s.server(publish('opcua/uadp/data/42/1', part, props=b''))
    c.wait(12)
    t.client(b'\xc0\0')
    t.close()
    s.close()


# --- Sparkplug B ----------------------------------------------------------------------------------

INT8, INT16, INT32, INT64, UINT64, FLOAT, DOUBLE, BOOLEAN, STRING, DATETIME = 1, 2, 3, 4, 8, 9, 10, 11, 12, 13
DATASET, BYTES, FILE, TEMPLATE, INT16_ARRAY, BOOLEAN_ARRAY, STRING_ARRAY = 16, 17, 18, 19, 23, 32, 33


def number(field, v):
    return varint(field << 3) + varint(v)


def varint(v):
    out = b''
    while v > 127:
        out += bytes((v & 127 | 128,))
        v >>= 7
    return out + bytes((v,))


def field(number, v):
    v = v.encode() if isinstance(v, str) else v
    return varint(number << 3 | 2) + varint(len(v)) + v


def value(kind, v, first=10):
    """A value of a datatype in its oneof, whose int_value has the number `first`."""
    if kind in (FLOAT, DOUBLE):
        wire, form = (5, '<f') if kind == FLOAT else (1, '<d')
        return varint(first + (2 if kind == FLOAT else 3) << 3 | wire) + struct.pack(form, v)
    if kind in (DATASET, TEMPLATE):
        return field(first + 7 + (kind == TEMPLATE), v)
    if isinstance(v, bytes):
        return field(first + 6, v)
    if isinstance(v, str):
        return field(first + 5, v)
    if kind == BOOLEAN:
        return number(first + 4, v)
    wide = kind in (INT64, UINT64, DATETIME)
    return number(first + wide, v & (2**64 - 1 if wide else 2**32 - 1))


def metric(name, kind, v, alias=None, typed=True, properties=None, time=None, extra=b''):
    out = (field(1, name) if name is not None else b'') + (number(2, alias) if alias is not None else b'')
    out += (number(3, time) if time else b'') + (number(4, kind) if typed else b'') + extra
    if properties:
        out += field(9, b''.join(field(1, k) for k in properties) + b''.join(
            field(2, number(1, t) + value(t, p, 3)) for t, p in properties.values()))
    return out + (number(7, 1) if v is None else value(kind, v))


def sparkplug_payload(capture, metrics, seq=None, timestamp=None):
    out = number(1, timestamp or capture.now // 1000) + b''.join(field(2, m) for m in metrics)
    return out + (number(3, seq) if seq is not None else b'')


def bd_seq(n):
    return metric('bdSeq', INT64, n)


def state(online, timestamp):
    return '{"online":%s,"timestamp":%d}' % ('true' if online else 'false', timestamp)


@case
def sparkplug(c):
    """Sparkplug B 3.0: a host says that it is online, an edge node with a device is born, sends data by alias and by
    name, is commanded, loses a message, is asked for its births; structures, arrays, properties, values that are
    none; what was never declared. Somebody else ends the node's life and the host's. The node dies by its will and
    comes back; a host of version 2."""
    now = c.now // 1000
    send = lambda t, topic, *more, **how: t.client(publish(topic, sparkplug_payload(c, *more), **how))
    h = mqtt_session(c, '10.0.0.40', 40001, 'scada', will=('spBv1.0/STATE/Scada', state(False, now), 1, 1))
    h.client(publish('spBv1.0/STATE/Scada', state(True, now), 1, 1, retain=1))
    will = lambda n: ('spBv1.0/Dairy/NDEATH/Line4', sparkplug_payload(c, [bd_seq(n)], timestamp=now), 1, 0)
    e = mqtt_session(c, '10.0.0.61', 40002, 'line4', will=will(7))
    e.client(mqtt(8, 2, struct.pack('>H', 9) + text('spBv1.0/STATE/Scada') + b'\1'))
    e.server(mqtt(9, 0, struct.pack('>H', 9) + b'\1'))
    units = {'engLow': (DOUBLE, 2.0), 'engHigh': (DOUBLE, 72.5), 'engUnit': (STRING, '\u00b0C'), 'Quality': (INT32, 192)}
    node = [bd_seq(7), metric('Node Control/Rebirth', BOOLEAN, False), metric('Shift', INT8, -1, 1),
            metric('Serial/Password', STRING, 'hush', 2), metric('Since', DATETIME, now, 3)]
    send(e, 'spBv1.0/Dairy/NBIRTH/Line4', node, 0)
    motor = number(5, 1) + field(1, '2.1') + field(2, metric('Speed', INT16, 0)) + field(
        3, field(1, 'Poles') + number(2, INT32) + value(INT32, 4, 3))
    instance = field(2, metric('Speed', INT16, -1200)) + field(4, 'Motor')
    rows = field(2, 'batch') + field(2, 'ok') + number(3, UINT64) + number(3, BOOLEAN) + field(
        4, field(1, value(UINT64, 2**63, 1)) + field(1, value(BOOLEAN, True, 1)))
    device = [metric('Temp', DOUBLE, 20.25, 10, properties=units), metric('Setpoint', FLOAT, 20.14, 11, properties=units),
              metric('_types_/Motor', TEMPLATE, motor), metric('Pump', TEMPLATE, instance, 12),
              metric('Log', DATASET, number(1, 2) + rows, 13), metric('Trend', INT16_ARRAY, b'\xfe\xff\x10\0', 14),
              metric('Bits', BOOLEAN_ARRAY, b'\x03\0\0\0\xa0', 15), metric('Names', STRING_ARRAY, b'a\0bc\0', 16),
              metric('Recipe', FILE, b'\x08\x01', 17, extra=field(8, field(5, 'recipe.onnx') + number(3, 2))),
              metric('Door', BOOLEAN, None, 18)]
    send(e, 'spBv1.0/Dairy/DBIRTH/Line4/Tank', device, 1)
    birth = sparkplug_payload(c, node, 0)
    send(e, 'spBv1.0/Dairy/NDATA/Line4', [metric(None, INT8, -3, 1, False), metric('Shift', INT8, 4, typed=False),
                                         metric(None, STRING, 'hush', 2, False)], 2)
    send(e, 'spBv1.0/Dairy/DDATA/Line4/Tank', [
        metric(None, DOUBLE, 21.5, 10, False, time=now - 60000, extra=number(5, 1)),
        metric(None, INT16_ARRAY, b'\x01\0', 14, False),
        metric(None, TEMPLATE, field(2, metric('Speed', INT16, -1100, typed=False)), 12, False),
        metric(None, DOUBLE, None, 10, False, properties={'Quality': (INT32, 0)}, extra=number(6, 1))], 3)
    send(h, 'spBv1.0/Dairy/DCMD/Line4/Tank', [metric('Setpoint', FLOAT, 61.5, typed=False)])
    send(e, 'spBv1.0/Dairy/DDATA/Line4/Tank', [metric(None, FLOAT, 61.5, 11, False), metric('Ghost', INT32, 1),
                                              metric(None, INT32, 1, 99, False), metric(None, INT32, 1, 10)], 6)
    send(e, 'spBv1.0/Dairy/DDATA/Line4/Other', [metric('Temp', DOUBLE, 1.0)], 7)
    send(h, 'spBv1.0/Dairy/NCMD/Line4', [metric('Node Control/Rebirth', BOOLEAN, True)])
    e.client(publish('spBv1.0/Dairy/NBIRTH/Line4', birth))
    send(e, 'spBv1.0/Dairy/DBIRTH/Line4/Tank', device[:1], 1)
    r = mqtt_session(c, '10.0.0.99', 40003, 'x')
    send(r, 'spBv1.0/Dairy/NDEATH/Line4', [bd_seq(7)])
    r.client(publish('spBv1.0/STATE/Scada', state(False, now + 5000), 0, retain=1))
    send(r, 'spBv1.0/Dairy/DCMD/Line4/Tank', [metric('Setpoint', FLOAT, 99.0, typed=False)], 1)
    e.client(publish('spBv1.0/Dairy/NDATA/Line4', sparkplug_payload(c, node[2:3], 2)[:-7]))
    e.segment('client', RST | ACK)
    h.server(publish('spBv1.0/Dairy/NDEATH/Line4', sparkplug_payload(c, [bd_seq(7)], timestamp=now)))
    e = mqtt_session(c, '10.0.0.61', 40004, 'line4', will=will(8))
    send(e, 'spBv1.0/Dairy/NDATA/Line4', [metric('Shift', INT8, 1)], 0)
    send(e, 'spBv1.0/Dairy/NBIRTH/Line4', [bd_seq(9)] + node[1:], 0)
    e.client(publish('spBv1.0/Dairy/XDATA/Line4', b'\x08\x01'))
    o = mqtt_session(c, '10.0.0.41', 40005, 'old', will=('STATE/Old', 'OFFLINE', 1, 1))
    o.client(publish('STATE/Old', 'ONLINE', 1, 1, retain=1))
    for t in (h, r, e, o):
        t.close()


@case
def sparkplug_alerts(c):
    """What births teach: a command beyond engLow and engHigh of the metric is an alert, by name and by alias; and who
    publishes as an edge node or a host of the inventory without being it is somebody else."""
    send = lambda t, topic, *more: t.client(publish(topic, sparkplug_payload(c, *more)))
    will = ('spBv1.0/Dairy/NDEATH/Line4', sparkplug_payload(c, [bd_seq(0)]), 1, 0)
    e = mqtt_session(c, '10.0.0.61', 40002, 'line4', will=will)
    units = {'engLow': (DOUBLE, 2.0), 'engHigh': (DOUBLE, 72.5), 'engUnit': (STRING, 'degC')}
    send(e, 'spBv1.0/Dairy/NBIRTH/Line4', [bd_seq(0)], 0)
    send(e, 'spBv1.0/Dairy/DBIRTH/Line4/Tank', [metric('Setpoint', FLOAT, 20.5, 11, properties=units)], 1)
    a = mqtt_session(c, '10.0.0.32', 40003, 'ai')
    for v, name, alias in ((72.0, 'Setpoint', None), (72.75, 'Setpoint', None), (1.5, None, 11)):
        send(a, 'spBv1.0/Dairy/DCMD/Line4/Tank', [metric(name, FLOAT, v, alias, typed=False)])
        c.wait(700)
    r = mqtt_session(c, '10.0.0.99', 40004, 'x')
    send(r, 'spBv1.0/Dairy/NDEATH/Line4', [bd_seq(0)])
    r.client(publish('spBv1.0/STATE/Scada', state(False, c.now // 1000), 0, retain=1))
    send(e, 'spBv1.0/Dairy/DBIRTH/Line4/Unlisted', [metric('Setpoint', FLOAT, 20.5, 12)], 2)
    for t in (e, a, r):
        t.close()


@case
def mqtt_payloads(c):
    """What payloads are, by topic, content type or their own marks, and what is wrong with them: JSON with a key
    twice, cut, and compressed; CBOR and MessagePack, well-formed and not; an image; artefacts of models; a bomb."""
    t = mqtt_session(c, '10.0.0.80', 40012, 'edge', 5)
    content = lambda z: b'\x03' + text(z)

    def gzip(data):
        z = zlib.compressobj(9, zlib.DEFLATED, 31)
        return z.compress(data) + z.flush()

    t.client(publish('plant/press', '{"p":3.5,"p":9.5}', props=b''))
    t.client(publish('plant/press', '{"p":3.5,"t":', props=b''))
    t.client(publish('plant/press', '{"p":3.5,"t":', props=content('application/json')))
    packed = gzip(b'{"values":[1,2.5,"x"]}')
    t.client(publish('plant/press', packed, props=content('application/json+gzip')))
    t.client(publish('plant/press', packed[:-4], props=content('application/json+gzip')))
    t.client(publish('plant/press', gzip(b'[' + b'0,' * 100000 + b'0]'), props=b''))
    t.client(publish('plant/cell', b'\xa2\x61a\x01\x61b\x82\x02\x03', props=content('application/cbor')))
    t.client(publish('plant/cell', b'\xa2\x61a\x01', props=content('application/cbor')))
    t.client(publish('plant/cell/msgpack', b'\x82\xa1a\x01\xa1b\x92\x02\x03', props=b''))
    t.client(publish('plant/camera', b'\xff\xd8\xff\xe0\0\x10JFIF\0', props=content('image/jpeg')))
    t.client(publish('edge/model', b'\x08\x07\x12\x07pytorch\x1a\x052.0.1:\x02\x0a\0', props=b''))
    t.client(publish('edge/model', b'GGUF\x03\0\0\0' + bytes(24), props=content('application/octet-stream')))
    t.client(publish('edge/model', b'\x1c\0\0\0TFL3' + bytes(24), props=b''))
    t.client(publish('edge/model', b'PK\x03\x04' + bytes(22) + b'\x10\0\0\0archive/data.pkl', props=b''))
    t.client(publish('edge/model', b'\x80\x04\x95\x1a\0\0\0\0\0\0\0\x8c\x14joblib.numpy_pickle.', props=b''))
    t.close()


@case
def mqtt_mcp(c):
    """MCP over MQTT: a planner and a valve server on one broker, every message seen from its sender and to its
    receiver. The server lists its tools; a call that succeeds, one that fails, one of a tool that it never listed,
    which it refuses; then it lists a tool otherwise, and that one is called again. The last call is never answered.
    A text that is no JSON-RPC is malformed."""
    props = lambda kind: b'\x26' + text('MCP-COMPONENT-TYPE') + text('mcp-' + kind)
    server = mqtt_session(c, '10.0.0.90', 40013, 'valve-gw', 5)
    client = mqtt_session(c, '10.0.0.91', 40014, 'planner', 5)
    rpc = '$mcp-rpc/planner/valve-gw/line1/valves'

    def message(kind, topic, **parts):
        data = parts.pop('raw', None) or json.dumps(dict(jsonrpc='2.0', **parts), separators=(',', ':'))
        one, other = (client, server) if kind == 'client' else (server, client)
        one.client(publish(topic, data, props=props(kind)))
        other.server(publish(topic, data, props=props(kind)))

    def call(number, name, arguments, **result):
        message('client', rpc, id=number, method='tools/call', params=dict(name=name, arguments=arguments))
        if result:
            message('server', rpc, id=number, **result)

    def tools(number, limit):
        schema = dict(type='object', properties=dict(percent=dict(type='number', maximum=limit)))
        message('client', rpc, id=number, method='tools/list')
        message('server', rpc, id=number, result=dict(tools=[
            dict(name='read_valve', inputSchema=dict(type='object')), dict(name='set_valve', inputSchema=schema)]))

    message('server', '$mcp-server/presence/valve-gw/line1/valves', method='notifications/server/online',
            params=dict(server_name='line1/valves', description='valves'))
    message('client', '$mcp-server/valve-gw/line1/valves', id=1, method='initialize',
            params=dict(protocolVersion='2025-06-18', capabilities={}, clientInfo=dict(name='planner', version='1')))
    message('server', rpc, id=1, result=dict(protocolVersion='2025-06-18', capabilities=dict(tools={})))
    message('client', rpc, method='notifications/initialized')
    tools(2, 80)
    call(3, 'read_valve', dict(id='V101'), result=dict(content=[dict(type='text', text='40')]))
    call(4, 'set_valve', dict(id='V101', percent=95), result=dict(content=[], isError=True))
    call(5, 'firmware_update', dict(url='http://198.51.100.9/fw.bin', token='x'),
         error=dict(code=-32602, message='no such tool'))
    tools(6, 100)
    call('seven', 'set_valve', dict(id='V101', percent=95), result=dict(content=[]))
    call(8, 'read_valve', dict(id='V102'))
    message('server', rpc, raw='{"jsonrpc":"2.0","id":8}')
    client.close()
    server.close()


@case
def decisions(c):
    """What an AI system says about its decision, in User Properties, in "_ai" of a payload, and in the AuditEntryId of
    an OPC UA write. The rules look at it: a confidence below what is asked of it, a model that nobody declared. The
    third publish is as it should be, and what others say about themselves counts for nothing."""
    t = mqtt_session(c, '10.0.0.51', 40015, 'advisor', 5)
    prop = lambda name, value: b'\x26' + text(name) + text(value)
    said = lambda conf, model: prop('ai-agent', 'advisor') + prop('ai-model', model) + prop('ai-conf', conf) + \
        prop('ai-input-ts', '2026-03-01T07:59:58Z') + prop('ai-trace', '4bf92f35')
    t.client(publish('plant/cmd/speed', '900', props=said('0.31', 'pump-opt@2.0')))
    t.client(publish('plant/cmd/speed', '{"value":910,"_ai":{"model":"pump-opt","model_version":"3.1-dev",'
                                        '"confidence":0.9,"input_ts":1772351999,"approval":"CO-7"}}', props=b''))
    t.client(publish('plant/cmd/speed', '920', props=said('0.92', 'pump-opt@2.0')))
    t.close()
    other = mqtt_session(c, '10.0.0.61', 40016, 'sensor', 5)
    other.client(publish('plant/flow', '55', props=said('0.1', 'x@1')))
    other.close()
    o = Opcua(c, '10.0.0.51', 40017)
    o.audit = 'ai=advisor;m=pump-opt@9.9;c=0.2;in=2026-03-01T07:59:59Z;ap=CO-9'
    o.write(2, [('Pump.Speed', double(930))], [0])


# --- what carries MQTT ----------------------------------------------------------------------------


def upgrade(extensions=''):
    return ('GET /mqtt?token=x HTTP/1.1\r\nHost: broker:9001\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
            'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\nOrigin: http://hmi\r\n'
            'Sec-WebSocket-Protocol: mqtt\r\n%s\r\n' % extensions).encode()


def switching(extensions=''):
    return ('HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n'
            'Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\nSec-WebSocket-Protocol: mqtt\r\n%s\r\n'
            % extensions).encode()


def frame(payload, first=0x82, mask=b'\x37\xfa\x21\x3d'):
    """A WebSocket frame; `mask` is None for the server's."""
    n = len(payload)
    size = bytes((n,)) if n < 126 else b'\x7e' + struct.pack('>H', n)
    if mask is None:
        return bytes((first,)) + size + payload
    return bytes((first, size[0] | 0x80)) + size[1:] + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(payload))


def deflated(z, data):
    """A message of permessage-deflate [RFC7692 7.2.1]."""
    return (z.compress(data) + z.flush(zlib.Z_SYNC_FLUSH))[:-4]


@case
def mqtt_websocket(c):
    """MQTT over WebSocket: two packets in a frame, one in three frames with a ping between them, a text frame and one
    that is not masked, which are malformed. Then permessage-deflate with a window of 512 bytes that lives on from
    message to message, behind a proxy that tells the client; and a server that refuses the upgrade."""
    t = Tcp(c, ('10.0.0.80', 40020), ('10.0.0.20', 9001)).open()
    t.client(upgrade())
    t.server(switching())
    t.client(frame(connect('panel')))
    t.server(frame(connack(), mask=None))
    t.client(frame(publish('plant/a', '1') + publish('plant/b', '{"v":2.5}')))
    one = publish('plant/c', '3', 1, 7)
    t.client(frame(one[:4], 0x02) + frame(b'?', 0x89) + frame(one[4:9], 0x00))
    t.server(frame(b'?', 0x8a, mask=None))
    t.client(frame(one[9:], 0x80))
    t.server(frame(ack(4, 7), mask=None))
    t.client(frame(publish('plant/d', '4'), 0x81))
    t.client(frame(publish('plant/e', '5'), mask=None))
    t.close()
    extension = 'Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=9\r\n'
    t = Tcp(c, ('10.0.0.21', 40021), ('10.0.0.20', 9001)).open()
    t.client(b'PROXY TCP4 203.0.113.7 10.0.0.21 56324 9001\r\n' + upgrade(extension))
    t.server(switching(extension))
    z = zlib.compressobj(9, zlib.DEFLATED, -9)
    t.client(frame(deflated(z, connect('agent')), 0xc2))
    t.server(frame(connack(), mask=None))
    for n in range(3):
        t.client(frame(deflated(z, publish('plant/line1/quality', '{"confidence":0.3%d,"model":"quality"}' % n)), 0xc2))
    t.client(frame(mqtt(14, 0, b'')) + frame(b'\x03\xe8', 0x88))
    t.close()
    t = Tcp(c, ('10.0.0.99', 40022), ('10.0.0.20', 9001)).open()
    t.client(upgrade())
    t.server(b'HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n')
    t.close()


def sn(kind, body=b''):
    return bytes((len(body) + 2, kind)) + body


@case
def mqtt_sn(c):
    """MQTT-SN 1.2 over UDP: a connection with a will, a topic by the number that it was registered with, one by a
    number agreed on beforehand, one by its two letters, a subscription and what comes of it, a refusal; a publish
    without a connection; a node behind a forwarder."""
    client, gateway = ('10.0.0.90', 40030), ('10.0.0.20', 1884)
    up = lambda *m: udp(c, client, gateway, sn(*m))
    down = lambda *m: udp(c, gateway, client, sn(*m))
    up(0x04, b'\x0c\x01\0\x3csensor')
    down(0x06)
    up(0x07, b'\x30plant/sensor/state')
    down(0x08)
    up(0x09, b'lost')
    down(0x05, b'\0')
    up(0x0a, b'\0\0\0\x01plant/t')
    down(0x0b, b'\0\x07\0\x01\0')
    up(0x0c, b'\x20\0\x07\0\x0221.5')
    down(0x0d, b'\0\x07\0\x02\0')
    up(0x0c, b'\x01\0\x05\0\0{"v":1}')
    up(0x0c, b'\x12ab\0\0on')
    up(0x12, b'\x20\0\x03plant/cmd/#')
    down(0x13, b'\x20\0\0\0\x03\0')
    down(0x0a, b'\0\x09\0\x04plant/cmd/speed')
    up(0x0b, b'\0\x09\0\x04\0')
    down(0x0c, b'\0\0\x09\0\x001450')
    up(0x0a, b'\0\0\0\x05plant/secret')
    down(0x0b, b'\0\0\0\x05\x03')
    up(0x18)
    down(0x18)
    udp(c, ('10.0.0.91', 40031), gateway, sn(0x0c, b'\x62xy\0\0alone'))
    forwarder = ('10.0.0.92', 40032)
    wrap = lambda m: b'\x05\xfe\0\x0a\x1b' + m
    udp(c, forwarder, gateway, wrap(sn(0x04, b'\x04\x01\0\x3cnode')))
    udp(c, gateway, forwarder, wrap(sn(0x05, b'\0')))
    udp(c, forwarder, gateway, wrap(sn(0x0c, b'\x02xy\0\0near')))
    udp(c, forwarder, gateway, wrap(sn(0x0c, b'\x03\0\x07\0\0x')))


@case
def mqtt_sn_named(c):
    """The capture of mqtt-sn with an inventory that says which topic the gateway's predefined id 5 is: the value
    that is published under it is held against the range of its variable."""
    mqtt_sn(c)


class Noise:
    """About normal, the same on every machine."""

    def __init__(self, state):
        self.state, self.level = state, 0

    def draw(self):
        total = 0
        for _ in range(12):
            self.state = (self.state * 6364136223846793005 + 1442695040888963407) % 2 ** 64
            total += self.state >> 40
        return total / 2 ** 24 - 6

    def near(self, middle):
        """Around `middle`, and not far from the value before."""
        self.level = 0.8 * self.level + 0.3 * self.draw()
        return round(middle + self.level, 3)


@case
def series(c):
    """Four sensors of one gateway, a message of all of them every second. Learned are the first 150 s. Then the
    flow stands still for 40 s while its message says that it is new (INP-03), the acidity says for 60 s what it said
    in the 20 s before (INP-04), and the temperature goes up by a twentieth of a degree a second (INP-06). The level
    is in the same messages and as always: nothing is said of it. The temperature is an input of an AI system.
    """
    sensors = mqtt_session(c, '10.0.0.60', 40060, 'gateway-7')
    noise = {name: Noise(n + 1) for n, name in enumerate(('flow', 'ph', 'temp', 'level'))}
    middle = {'flow': 20, 'ph': 7, 'temp': 60, 'level': 40}
    said = []
    for second in range(400):
        c.now = START_US + (second + 1) * 1000000
        now = {name: noise[name].near(middle[name]) for name in noise}
        if 180 <= second < 220:
            now['flow'] = said[179]['flow']
        if 240 <= second < 300:
            now['ph'] = said[220 + second % 20]['ph']
        if second >= 320:
            now['temp'] = round(now['temp'] + 0.05 * (second - 320), 3)
        said.append(now)
        sensors.client(publish('plant/line1/analyser', json.dumps(now)))
    sensors.close()


@case
def behaviour(c):
    """An AI system reports every nine seconds where a kiln is, advises and gives a command, seven to two to one, for
    more than three hours, which are learned. Then it goes on so for a quarter of an hour, but three of its reports are
    far from what the sensor says (HAL-03): the third one weighs more than the first. From then on it commands only
    (MDL-02): told after three windows of five minutes. Its sensor is noisy, and so are its reports; both are as they
    always were.
    """
    sensor = mqtt_session(c, '10.0.0.60', 40060, 'kiln-sensor')
    pilot = mqtt_session(c, '10.0.0.32', 40032, 'pilot')
    noise, begin = Noise(5), START_US
    for act in range(1560):
        c.now = begin + (act + 1) * 9000000
        pv = noise.near(500)
        if act % 3 == 0:
            sensor.client(publish('kiln/pv', json.dumps({'v': pv})))
        c.now += 200000
        if act >= 1400 or act % 10 == 9:
            pilot.client(publish('kiln/set', json.dumps({'sp': 500 + act % 7})))
        elif act % 10 in (2, 6):
            pilot.client(publish('pilot/advice', 'hold'))
        else:
            wrong = act in (1311, 1313, 1317)
            pilot.client(publish('pilot/says', json.dumps({'pv': round(pv - 200, 3) if wrong else pv})))
    pilot.close()
    sensor.close()


def main():
    for name in sys.argv[1:] or CASES:
        folder = os.path.join(HERE, name)
        os.makedirs(folder, exist_ok=True)
        capture = Capture()
        CASES[name](capture)
        capture.write(os.path.join(folder, 'in.pcap'))
        with open(os.path.join(folder, 'README'), 'w') as f:
            lines = [line.strip() for line in CASES[name].__doc__.splitlines()]
            f.write('\n'.join(lines) + '\n\nin.pcap is made by tests/golden/make.py.\n')


if __name__ == '__main__':
    main()
