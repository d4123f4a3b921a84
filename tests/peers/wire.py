"""The bytes of OPC UA by Part 6, and a conversation of one client and one server as a capture.

No program that reads them had a hand in them."""
import struct

CLIENT, SERVER = ('10.9.0.2', 50001), ('10.9.0.1', 4840)
START = 1772352000  # 2026-03-01T08:00:00Z
FAULT = 397


# --- [UA6 5.2.2] ---

def number(form):
    return lambda value: struct.pack('<' + form, value)


byte, sbyte, i16, u16, u32, i32, u64, i64, real, double = map(number, 'BbhHIiQqfd')


def boolean(value):
    return byte(1 if value else 0)


def string(text):
    if text is None:
        return i32(-1)
    data = text if isinstance(text, bytes) else text.encode()
    return i32(len(data)) + data


def array(items, make=bytes):
    return i32(-1) if items is None else i32(len(items)) + b''.join(map(make, items))


def guid(text):
    parts = text.split('-')
    return u32(int(parts[0], 16)) + u16(int(parts[1], 16)) + u16(int(parts[2], 16)) + \
        bytes.fromhex(parts[3] + parts[4])


def node(name, ns=0):
    """Numeric in two, four or seven bytes, a string, a GUID in braces, or bytes."""
    if isinstance(name, bytes):
        return b'\x05' + u16(ns) + string(name)
    if isinstance(name, str) and name.startswith('{'):
        return b'\x04' + u16(ns) + guid(name[1:-1])
    if isinstance(name, str):
        return b'\x03' + u16(ns) + string(name)
    if ns == 0 and name < 256:
        return b'\x00' + byte(name)
    if ns < 256 and name < 65536:
        return b'\x01' + byte(ns) + u16(name)
    return b'\x02' + u16(ns) + u32(name)


def expanded(name, ns=0, uri=None, server=None):
    plain = node(name, ns)
    flags = (0x80 if uri is not None else 0) | (0x40 if server is not None else 0)
    return byte(plain[0] | flags) + plain[1:] + (b'' if uri is None else string(uri)) + \
        (b'' if server is None else u32(server))


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


def variant(type_id, *encoded, dimensions=None, many=False):
    """A scalar, or an array of what is already encoded."""
    if not many:
        return byte(type_id) + encoded[0]
    return byte(type_id | 0x80 | (0x40 if dimensions else 0)) + array(encoded) + \
        (array(dimensions, i32) if dimensions else b'')


def data_value(value, at=None, status=None, server_at=None, pico=None):
    """`value` is an encoded Variant, a number as a Double, or nothing."""
    if isinstance(value, (int, float)):
        value = variant(11, double(value))
    parts = [(0x01, value, bytes), (0x02, status, u32), (0x04, at, moment), (0x10, pico, u16),
             (0x08, server_at, moment), (0x20, pico if server_at is not None else None, u16)]
    return byte(sum(bit for bit, given, _ in parts if given is not None)) + \
        b''.join(make(given) for _, given, make in parts if given is not None)


def diagnostic(symbolic=None, namespace=None, localized=None, additional=None, status=None, inner=None, locale=None):
    parts = [(0x01, symbolic, i32), (0x02, namespace, i32), (0x08, locale, i32), (0x04, localized, i32),
             (0x10, additional, string), (0x20, status, u32), (0x40, inner, bytes)]
    return byte(sum(bit for bit, value, _ in parts if value is not None)) + \
        b''.join(make(value) for _, value, make in parts if value is not None)


# --- [UA6 6.7], [UA4 7.33], [UA4 7.34] ---

class Talk:
    """The conversation, as packets."""

    def __init__(self, client=CLIENT, packets=None):
        """A connection of a client, behind the packets of others."""
        self.client, self.packets, self.handle = client, [] if packets is None else packets, 0
        self.bytes_sent, self.sequence = {client: 1, SERVER: 1}, {client: 0, SERVER: 0}
        self.token, self.channel, self.asked = node(0), 7, {}
        for source, target, flags in ((client, SERVER, 0x02), (SERVER, client, 0x12), (client, SERVER, 0x10)):
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
        target = SERVER if source is not SERVER else self.client
        self.segment(source, target, kind + b'F' + u32(8 + len(body)) + body)

    def secured(self, source, kind, service, body):
        self.sequence[source] += 1
        security = string('http://opcfoundation.org/UA/SecurityPolicy#None') + i32(-1) + i32(-1) \
            if kind == b'OPN' else u32(1)
        self.transport(source, kind, u32(self.channel) + security + u32(self.sequence[source]) + u32(self.handle) +
                       node(service) + body)

    def ask(self, service, body, kind=b'MSG', audit=None):
        self.handle += 1
        header = self.token + moment(self.handle) + u32(self.handle) + u32(0x3ff) + string(audit) + u32(10000) + NOTHING
        self.secured(self.client, kind, service, header + body)
        if kind == b'MSG':
            self.asked.setdefault(service, body)

    def answer(self, service, body, kind=b'MSG', result=0, diagnostics=NO_DIAGNOSTICS, strings=None):
        header = moment(self.handle) + u32(self.handle) + u32(result) + diagnostics + array(strings, string) + NOTHING
        self.secured(SERVER, kind, service, header + body)

    def both(self, request, asked, response, answered, audit=None, **more):
        self.ask(request, asked, audit=audit)
        self.answer(response, answered, **more)

    def write(self, path):
        with open(path, 'wb') as f:
            f.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
            for i, packet in enumerate(self.packets):
                f.write(struct.pack('<IIII', START + i, 1000 * (i % 1000), len(packet), len(packet)) + packet)
