#!/usr/bin/env python3
"""Writes a capture of the clients' messages that lie in a folder, one a file, in the order of their names: a connection for
each HEL, which is acknowledged, as the OPN of its channel is. Nothing else is answered. Protected channels are left out.

usage: messages.py FOLDER FILE.pcap"""
import os
import struct
import sys

from wire import SERVER, Talk, i32, moment, u32


def channel_of(messages):
    """The channel that the first message after an OPN goes through."""
    for data in messages:
        if data[:3] in (b'MSG', b'CLO'):
            return struct.unpack('<I', data[8:12])[0]
    return 1


def request_of(opening):
    """RequestId and RequestHandle of an OpenSecureChannelRequest without protection."""
    at = 12
    for _ in range(3):
        at += 4 + max(0, struct.unpack('<i', opening[at:at + 4])[0])
    request = struct.unpack('<I', opening[at + 4:at + 8])[0]
    return request, struct.unpack('<I', opening[at + 22:at + 26])[0]


def connection(talk, messages):
    for i, data in enumerate(messages):
        talk.segment(talk.client, SERVER, data)
        if data[:3] == b'HEL':
            talk.transport(SERVER, b'ACK', u32(0) + u32(65536) * 2 + u32(0) * 2)
        elif data[:3] == b'OPN':
            talk.channel = channel_of(messages[i:])
            talk.handle, handle = request_of(data)
            talk.secured(SERVER, b'OPN', 449, moment(0) + u32(handle) + u32(0) + b'\0' + i32(-1) + b'\0\0\0' + u32(0) +
                         u32(talk.channel) + u32(1) + moment(0) + u32(3600000) + i32(-1))


def main():
    folder, packets, groups = sys.argv[1], [], []
    for name in sorted(n for n in os.listdir(folder) if n.endswith('.bin')):
        with open(os.path.join(folder, name), 'rb') as f:
            data = f.read()
        data = data[:struct.unpack('<I', data[4:8])[0]]  # what lies behind is the recorder's
        if data[:3] == b'HEL' or not groups:
            groups.append([])
        groups[-1].append(data)
    talk, opened = None, [g for g in groups if not any(d[:3] == b'OPN' and b'#None' not in d for d in g)]
    for i, messages in enumerate(opened):
        talk = Talk(('10.9.0.2', 20001 + i), packets)
        connection(talk, messages)
    talk.write(sys.argv[2])


if __name__ == '__main__':
    main()
