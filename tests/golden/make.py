#!/usr/bin/env python3
"""Build the captures of the golden cases: tests/golden/make.py [CASE]...

Each case is a function; its docstring is the case's README. Packets are written by hand, so that each shows
one thing: bytes of the standards on one side, what tierwatch must say about them on the other.
"""
import os
import struct
import sys

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


def connect(client_id, version=4, user=None, password=None):
    flags = 2 | (0x80 if user else 0) | (0x40 if password else 0)
    body = text('MQTT') + bytes((version, flags)) + struct.pack('>H', 60)
    body += properties(b'') if version == 5 else b''
    return mqtt(1, 0, body + text(client_id) + (text(user) if user else b'') + (text(password) if password else b''))


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


def mqtt_session(capture, host, port, client_id, version=4):
    t = Tcp(capture, (host, port), BROKER).open()
    t.client(connect(client_id, version))
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
        return token + when(self.capture) + u32(handle) + u32(0) + string(None) + u32(10000) + numeric(0, 0) + b'\0'

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
