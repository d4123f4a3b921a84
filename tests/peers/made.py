#!/usr/bin/env python3
"""Writes a capture of the services that no recording has: one client, one server, security policy None.

usage: made.py FILE.pcap

The bytes are laid out by Part 6 and its NodeIds file; no program that reads them had a hand in them."""
import struct
import sys

CLIENT, SERVER = ('10.9.0.2', 50001), ('10.9.0.1', 4840)
START = 1772352000  # 2026-03-01T08:00:00Z
GOOD, BAD_NODE, BAD_ITEM, BAD_SUBSCRIPTION = 0, 0x80340000, 0x80420000, 0x80280000


# --- [UA6 5.2.2] ---

def number(form):
    return lambda value: struct.pack('<' + form, value)


byte, u16, u32, i32, i64, double = map(number, 'BHIiqd')


def boolean(value):
    return byte(1 if value else 0)


def string(text):
    if text is None:
        return i32(-1)
    data = text if isinstance(text, bytes) else text.encode()
    return i32(len(data)) + data


def array(items, make=bytes):
    return i32(-1) if items is None else i32(len(items)) + b''.join(map(make, items))


def node(name, ns=0):
    """Numeric in two, four or seven bytes, or a string."""
    if isinstance(name, str):
        return b'\x03' + u16(ns) + string(name)
    if ns == 0 and name < 256:
        return b'\x00' + byte(name)
    if ns < 256 and name < 65536:
        return b'\x01' + byte(ns) + u16(name)
    return b'\x02' + u16(ns) + u32(name)


def moment(seconds):
    """DateTime: 100 ns since 1601."""
    return i64(int((START + seconds + 11644473600) * 10000000))


def name(text, ns=0):
    return u16(ns) + string(text)


def text(value, locale=None):
    return byte((locale is not None) | 2) + (b'' if locale is None else string(locale)) + string(value)


def extension(encoding_id, body):
    return node(encoding_id) + b'\x01' + i32(len(body)) + body


NOTHING = node(0) + b'\x00'
NO_DIAGNOSTICS = b'\x00'


def variant_double(value):
    return byte(11) + double(value)


def variant_string(value):
    return byte(12) + string(value)


def data_value(value, at, status=None):
    mask = 0x01 | 0x04 | (0x02 if status is not None else 0)
    return byte(mask) + variant_double(value) + (b'' if status is None else u32(status)) + moment(at)


def diagnostic(symbolic=None, namespace=None, localized=None, additional=None, status=None, inner=None):
    parts = [(0x01, symbolic, i32), (0x02, namespace, i32), (0x04, localized, i32), (0x10, additional, string),
             (0x20, status, u32), (0x40, inner, bytes)]
    return byte(sum(bit for bit, value, _ in parts if value is not None)) + \
        b''.join(make(value) for _, value, make in parts if value is not None)


# --- [UA6 6.7], [UA4 7.33], [UA4 7.34] ---

class Talk:
    """The conversation, as packets."""

    def __init__(self):
        self.packets, self.bytes_sent, self.handle, self.sequence = [], {CLIENT: 1, SERVER: 1}, 0, {CLIENT: 0, SERVER: 0}
        self.token = node(0)
        for source, target, flags in ((CLIENT, SERVER, 0x02), (SERVER, CLIENT, 0x12), (CLIENT, SERVER, 0x10)):
            self.segment(source, target, b'', flags)

    def segment(self, source, target, data, flags=0x18):
        ack = 0 if flags == 0x02 else self.bytes_sent[target]
        at = self.bytes_sent[source] - (1 if flags & 0x02 else 0)
        tcp = struct.pack('>HHIIBBHHH', source[1], target[1], at, ack, 0x50, flags, 64000, 0, 0) + data
        address = b''.join(bytes(map(int, a.split('.'))) for a in (source[0], target[0]))
        ip = struct.pack('>BBHHHBBH', 0x45, 0, 20 + len(tcp), len(self.packets), 0x4000, 64, 6, 0) + address + tcp
        macs = [bytes([2, 0, 0, 0, 0, int(a[0].rsplit('.', 1)[1])]) for a in (target, source)]
        self.packets.append(b''.join(macs) + b'\x08\x00' + ip)
        self.bytes_sent[source] += len(data)

    def transport(self, source, kind, body):
        target = SERVER if source is CLIENT else CLIENT
        self.segment(source, target, kind + b'F' + u32(8 + len(body)) + body)

    def secured(self, source, kind, service, body):
        self.sequence[source] += 1
        security = string('http://opcfoundation.org/UA/SecurityPolicy#None') + i32(-1) + i32(-1) \
            if kind == b'OPN' else u32(1)
        self.transport(source, kind, u32(7) + security + u32(self.sequence[source]) + u32(self.handle) +
                       node(service) + body)

    def ask(self, service, body, kind=b'MSG', audit=None):
        self.handle += 1
        header = self.token + moment(self.handle) + u32(self.handle) + u32(0x3ff) + string(audit) + u32(10000) + NOTHING
        self.secured(CLIENT, kind, service, header + body)

    def answer(self, service, body, kind=b'MSG', result=GOOD, diagnostics=NO_DIAGNOSTICS, strings=None):
        header = moment(self.handle) + u32(self.handle) + u32(result) + diagnostics + array(strings, string) + NOTHING
        self.secured(SERVER, kind, service, header + body)

    def both(self, request, asked, response, answered, **more):
        self.ask(request, asked)
        self.answer(response, answered, **more)

    def write(self, path):
        with open(path, 'wb') as f:
            f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
            for i, packet in enumerate(self.packets):
                f.write(struct.pack('<IIII', START + i, 1000 * i, len(packet), len(packet)) + packet)


def begin(t):
    url = string('opc.tcp://10.9.0.1:4840')
    t.transport(CLIENT, b'HEL', u32(0) + u32(65536) * 2 + u32(0) * 2 + url)
    t.transport(SERVER, b'ACK', u32(0) + u32(65536) * 2 + u32(0) * 2)
    t.ask(446, u32(0) + u32(0) + u32(1) + i32(-1) + u32(3600000), b'OPN')
    t.answer(449, u32(0) + u32(7) + u32(1) + moment(0) + u32(3600000) + i32(-1), b'OPN')
    client = string('urn:made:client') + string('urn:made') + text('made') + u32(1) + i32(-1) * 2 + i32(-1)
    t.both(461, client + string('urn:made:server') + url + string('made session') + i32(-1) * 2 + double(60000) + u32(0),
           464, node(77, 1) + node('secret', 1) + double(30000) + i32(-1) * 2 + i32(-1) + i32(-1) + i32(-1) * 2 + u32(9000))
    t.token = node('secret', 1)
    anonymous = extension(321, string('anonymous'))
    t.both(467, i32(-1) * 2 + i32(-1) + array(['en', 'de'], string) + anonymous + i32(-1) * 2,
           470, i32(-1) + i32(-1) + i32(-1))


def discovery(t):
    server = string('urn:made:server') + string('urn:made') + array([text('made', 'en'), text('gemacht', 'de')]) + \
        u32(0) + string('urn:gateway') + array(['opc.tcp://10.9.0.1:4840'], string) + string('/run/made') + boolean(True)
    t.both(437, server, 440, b'')
    t.both(437, server, 440, b'', result=0x80500000)


def nodes(t):
    add = node('A', 2) + node(35) + boolean(True) + string('urn:elsewhere') + node('B', 2) + u32(1)
    t.both(494, array([add, node('C', 2) + node(47) + boolean(False) + i32(-1) + node(85) + u32(2)]),
           497, array([GOOD, BAD_NODE], u32) + array([NO_DIAGNOSTICS, diagnostic(additional='no such node')]))
    t.both(506, array([node('A', 2) + node(35) + boolean(True) + node('B', 2) + boolean(True)]),
           509, array([GOOD], u32) + i32(-1))
    t.both(479, u32(3), 482, u32(1))


def queries(t):
    view = node(0) + moment(0) + u32(0)
    path = array([node(47) + boolean(False) + boolean(True) + name('Level', 2)])
    types = [node(58) + boolean(True) + array([path + u32(13) + string('0:1')]),
             node(61) + boolean(False) + array([])]
    found = array([node('A', 2) + node(58) + array([variant_double(1.5), variant_string('x')])])
    t.both(615, view + array(types) + array([]) + u32(10) + u32(5),
           618, found + string(b'\x01\x02') + array([]) + i32(-1) + array([]) + i32(-1))
    t.both(621, boolean(False) + string(b'\x01\x02'), 624, found + i32(-1))
    t.both(621, boolean(True) + string(b'\x01\x02'), 624, array([]) + i32(-1), result=0x804A0000)
    refused = u32(BAD_NODE) + array([GOOD], u32) + array([])
    t.both(615, view + array(types) + array([]) + u32(0) + u32(0),
           618, array([]) + i32(-1) + array([refused, u32(GOOD) + array([], u32) + array([])]) + i32(-1) +
           array([]) + i32(-1))


def history(t):
    def read(details, *results):
        items = [node('Level', 2) + string('1:3' if i else None) + name(None) + string(b'go on' if i else None)
                 for i in range(len(results))]
        t.both(664, details + u32(0) + boolean(False) + array(items), 667, array(results) + i32(-1))

    def result(data, status=GOOD, more=None):
        return u32(status) + string(more) + data

    values = array([data_value(1.25, -60), data_value(2.5, -30, 0x40000000)])
    select = array([node(2041) + array([name('Severity')]) + u32(13) + i32(-1),
                    node(2782) + array([]) + u32(1) + i32(-1)])
    event_filter = select + array([])
    modified = extension(11227, values + array([moment(-50) + u32(1) + string('joe'), moment(-20) + u32(2) + string(None)]))
    events = extension(661, array([array([variant_double(500), variant_string('pump')])]))
    read(extension(649, boolean(True) + moment(-60) + moment(0) + u32(10) + boolean(False)),
         result(modified, more=b'more'), result(NOTHING, BAD_NODE))
    read(extension(646, u32(5) + moment(-60) + moment(0) + event_filter), result(events))
    read(extension(652, moment(-60) + moment(0) + double(5000) + array([node(2342)]) +
                   boolean(True) + boolean(False) + byte(100) + byte(100) + boolean(False)),
         result(extension(658, values)))
    read(extension(655, array([moment(-10), moment(-40), moment(-25)]) + boolean(True)), result(extension(658, values)))

    target = node('Level', 2)
    updates = [extension(682, target + u32(3) + values),
               extension(688, target + boolean(True) + moment(-60) + moment(-10)),
               extension(691, target + array([moment(-40), moment(-10)])),
               extension(694, target + array([b'\x01\x02\x03', b'\x04'], string)),
               extension(685, target + u32(1) + event_filter + array([array([variant_double(7)])]))]
    outcomes = [u32(GOOD) + array([GOOD, 0x00A20000], u32) + i32(-1), u32(BAD_NODE) + i32(-1) + i32(-1),
                u32(GOOD) + array([GOOD, 0x809B0000], u32) + array([NO_DIAGNOSTICS, diagnostic(additional='none there')]),
                u32(GOOD) + array([GOOD, GOOD], u32) + i32(-1), u32(GOOD) + array([GOOD], u32) + i32(-1)]
    t.both(700, array(updates), 703, array(outcomes) + i32(-1))


def subscriptions(t):
    t.both(787, double(500) + u32(30) + u32(10) + u32(0) + boolean(True) + byte(3),
           790, u32(41) + double(1000) + u32(60) + u32(20))

    def item(name_, handle):
        return node(name_, 2) + u32(13) + i32(-1) + name(None) + u32(2) + u32(handle) + double(0) + NOTHING + u32(1) + \
            boolean(True)
    t.both(751, u32(41) + u32(2) + array([item('Level', 5), item('Flow', 6), item('Gone', 7)]),
           754, array([u32(GOOD) + u32(105) + double(0) + u32(1) + NOTHING,
                       u32(GOOD) + u32(106) + double(250) + u32(1) + NOTHING,
                       u32(BAD_NODE) + u32(0) + double(0) + u32(0) + NOTHING]) +
           array([NO_DIAGNOSTICS, NO_DIAGNOSTICS, diagnostic(0, 1, 2, 'not here', BAD_NODE,
                                                              diagnostic(additional='nor there'))]))
    t.both(775, u32(41) + u32(105) + array([106, 999], u32) + array([106], u32),
           778, array([GOOD, BAD_ITEM], u32) + i32(-1) + array([BAD_ITEM], u32) + i32(-1))
    t.both(841, array([41, 42], u32) + boolean(True),
           844, array([u32(GOOD) + array([1, 2, 3], u32), u32(BAD_SUBSCRIPTION) + i32(-1)]) + i32(-1))
    changes = extension(811, array([u32(5) + data_value(3.5, 60), u32(6) + data_value(4.5, 60)]) + i32(-1))
    ended = extension(820, u32(0x800A0000) + NO_DIAGNOSTICS)

    def message(*told):
        return u32(9) + moment(61) + array(told)
    t.both(826, array([u32(41) + u32(8)]),
           829, u32(41) + array([9], u32) + boolean(False) + message(changes, ended) + array([GOOD], u32) + i32(-1))
    t.both(832, u32(41) + u32(9), 835, message(changes))
    t.both(832, u32(41) + u32(4), 397, b'', result=0x807B0000)


def odd(t):
    """What a response may leave out, and what a header may say."""
    browse = node(0) + moment(0) + u32(0) + u32(0) + \
        array([node('A', 2) + u32(2) + node(33) + boolean(True) + u32(0) + u32(63)])
    t.both(527, browse, 530, i32(-1) + i32(-1))
    t.both(527, browse, 530, array([u32(GOOD) + i32(-1) + i32(-1)]) + i32(-1),
           diagnostics=diagnostic(0, 1, 2, 'who asks', BAD_NODE), strings=['Symbol', 'urn:made', 'a text'])
    t.both(673, array([node('A', 2) + u32(13) + i32(-1) + data_value(1, 70)]), 676, i32(-1) + i32(-1))


def main():
    t = Talk()
    for part in (begin, discovery, nodes, queries, history, subscriptions, odd):
        part(t)
    t.both(473, boolean(True), 476, b'')
    t.ask(452, b'', b'CLO')
    t.write(sys.argv[1])


if __name__ == '__main__':
    main()
