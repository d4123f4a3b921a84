#!/usr/bin/env python3
"""Make captures out of captures, for the tests.

usage: capture_tools.py COMMAND IN OUT...

  pcapng IN OUT [micro|nano]   the same packets as pcapng
  nano IN OUT                  the same packets as a nanosecond pcap; times gain 1 to 999 ns
  swap IN OUT                  the same packets with the file's numbers in the other byte order
  split IN OUT1 OUT2           every other connection's packets to the other file
  halves IN OUT1 OUT2          the first half of the packets, and the rest
  head IN OUT BYTES            the first bytes of the file
  slice IN OUT FROM_S TO_S     the packets of a stretch of time, counted from the first
  wrap IN OUT KIND             the packets as a mirror brings them: gre erspan2 erspan3 vxlan geneve mpls
  later IN OUT N               the packets without the first N
  proxied IN OUT VERSION       each client's bytes behind a header of the PROXY protocol, version 1 or 2
  faster IN OUT FACTOR         the packets so many times faster
  chain IN OUT TIMES GAP_S     the packets again and again, each pass later in time
"""
import struct
import sys


def read(path):
    with open(path, 'rb') as f:
        data = f.read()
    assert data[:4] == b'\xd4\xc3\xb2\xa1', 'a little-endian microsecond pcap is wanted'
    snaplen, link = struct.unpack_from('<II', data, 16)
    at, packets = 24, []
    while at < len(data):
        s, us, cap, wire = struct.unpack_from('<IIII', data, at)
        packets.append((s * 1000000000 + us * 1000, wire, data[at + 16:at + 16 + cap]))
        at += 16 + cap
    return link, snaplen, packets


def write(path, link, snaplen, packets, order='<', nano=False):
    with open(path, 'wb') as f:
        f.write(struct.pack(order + 'IHHIIII', 0xa1b23c4d if nano else 0xa1b2c3d4, 2, 4, 0, 0, snaplen, link))
        for ts, wire, data in packets:
            f.write(struct.pack(order + 'IIII', ts // 1000000000, ts % 1000000000 // (1 if nano else 1000),
                                len(data), wire) + data)


def block(kind, body):
    body += b'\0' * (-len(body) % 4)
    return struct.pack('<II', kind, len(body) + 12) + body + struct.pack('<I', len(body) + 12)


def write_ng(path, link, snaplen, packets, nano):
    unit = 1 if nano else 1000
    with open(path, 'wb') as f:
        f.write(block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1)))
        resolution = struct.pack('<HHB3xHH', 9, 1, 9 if nano else 6, 0, 0)
        f.write(block(1, struct.pack('<HHI', link, 0, snaplen) + resolution))
        for ts, wire, data in packets:
            t = ts // unit
            f.write(block(6, struct.pack('<IIIII', 0, t >> 32, t & 0xffffffff, len(data), wire) + data))


def connection(data):
    """The same for both directions of an IPv4 TCP or UDP packet in Ethernet; 0 for the rest."""
    if data[12:14] != b'\x08\x00' or data[23] not in (6, 17):
        return 0
    at = 14 + (data[14] & 15) * 4
    a, b = data[26:30] + data[at:at + 2], data[30:34] + data[at + 2:at + 4]
    return sum(a) + sum(b)


def wrap(kind, frame):
    """A frame in a tunnel from 192.0.2.1 to 192.0.2.2, behind an Ethernet header of its own."""
    udp = {'vxlan': (4789, struct.pack('>II', 0x08000000, 4711 << 8)),
           'geneve': (6081, struct.pack('>BBHII', 1, 0, 0x6558, 4711 << 8, 0x01020300))}
    gre = {'gre': struct.pack('>HHI', 0x2000, 0x6558, 4711),
           'erspan2': struct.pack('>HHIII', 0x1000, 0x88be, 7, 0x10000000 | 711, 1),
           'erspan3': struct.pack('>HHIIIIQ', 0x1000, 0x22eb, 7, 0x20000000 | 711, 99, 1, 5)}
    outer = bytes.fromhex('02ee0000000202ee00000001')
    if kind == 'mpls':
        return outer + struct.pack('>HIII', 0x8847, 4711 << 12 | 64, 16 << 12 | 0x140, 0) + frame
    if kind in udp:
        port, header = udp[kind]
        body = struct.pack('>HHHH', 50000, port, 8 + len(header) + len(frame), 0) + header + frame
    else:
        body = gre[kind] + frame
    head = struct.pack('>BBHHHBBH4B4B', 0x45, 0, 20 + len(body), 0, 0, 64, 17 if kind in udp else 47, 0,
                       192, 0, 2, 1, 192, 0, 2, 2)
    total = sum(struct.unpack('>10H', head))
    total = (total & 0xffff) + (total >> 16)
    return outer + b'\x08\x00' + head[:10] + struct.pack('>H', 0xffff - total) + head[12:] + body


def proxied(packets, version):
    """IPv4 and TCP in Ethernet: the header is a segment of its own, what comes behind it moves."""
    if version == 1:
        header = b'PROXY TCP4 203.0.113.7 10.0.0.2 56324 8883\r\n'
    else:
        header = b'\r\n\r\n\0\r\nQUIT\n' + struct.pack('>BBH4B4BHH', 0x21, 0x11, 12, 203, 0, 113, 7, 10, 0, 0, 2,
                                                          56324, 8883)
    clients, done, out = {}, set(), []
    for ts, wire, data in packets:
        at = 14 + (data[14] & 15) * 4
        one, other = data[26:30] + data[at:at + 2], data[30:34] + data[at + 2:at + 4]
        flags, seq, ack = data[at + 13], *struct.unpack('>II', data[at + 4:at + 12])
        if flags & 0x12 == 2:
            clients[one + other] = seq
        data = bytearray(data)
        data[at + 16:at + 18] = b'\0\0'
        if one + other in clients:
            body = at + (data[at + 12] >> 4) * 4
            end = 14 + struct.unpack('>H', data[16:18])[0]
            if end > body and one + other not in done:
                done.add(one + other)
                first = bytes(data[:body]) + header
                out.append((ts - 1000, len(first), first[:16] + struct.pack('>H', len(first) - 14) + first[18:]))
            if seq != clients[one + other]:
                seq += len(header) if one + other in done else 0
        elif other + one in done:
            ack += len(header)
        data[at + 4:at + 12] = struct.pack('>II', seq, ack)
        out.append((ts, wire, bytes(data)))
    return out


def main():
    command, source, out, *more = sys.argv[1:]
    if command == 'head':
        with open(source, 'rb') as f, open(out, 'wb') as g:
            g.write(f.read(int(more[0])))
        return
    link, snaplen, packets = read(source)
    if command == 'pcapng':
        write_ng(out, link, snaplen, packets, more == ['nano'])
    elif command == 'nano':
        packets = [(ts + i * 7 % 999 + 1, wire, data) for i, (ts, wire, data) in enumerate(packets)]
        write(out, link, snaplen, packets, nano=True)
    elif command == 'swap':
        write(out, link, snaplen, packets, order='>')
    elif command == 'split':
        write(out, link, snaplen, [p for p in packets if connection(p[2]) % 2 == 0])
        write(more[0], link, snaplen, [p for p in packets if connection(p[2]) % 2 == 1])
    elif command == 'halves':
        write(out, link, snaplen, packets[:len(packets) // 2])
        write(more[0], link, snaplen, packets[len(packets) // 2:])
    elif command == 'slice':
        begin, end = (packets[0][0] + int(float(m) * 1e9) for m in more)
        write(out, link, snaplen, [p for p in packets if begin <= p[0] < end])
    elif command == 'wrap':
        write(out, link, snaplen, [(ts, wire - len(data) + len(wrap(more[0], data)), wrap(more[0], data))
                                   for ts, wire, data in packets])
    elif command == 'later':
        write(out, link, snaplen, packets[int(more[0]):])
    elif command == 'proxied':
        write(out, link, snaplen, proxied(packets, int(more[0])))
    elif command == 'faster':
        begin, factor = packets[0][0], int(more[0])
        write(out, link, snaplen, [(begin + (ts - begin) // factor, wire, data) for ts, wire, data in packets])
    elif command == 'chain':
        step = packets[-1][0] - packets[0][0] + int(float(more[1]) * 1e9)
        write(out, link, snaplen, [(ts + i * step, wire, data) for i in range(int(more[0]))
                                   for ts, wire, data in packets])
    else:
        sys.exit(__doc__)


if __name__ == '__main__':
    main()
