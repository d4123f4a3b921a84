#!/usr/bin/env python3
"""MQTT-SN against tshark: every PUBLISH, CONNECT, SUBSCRIBE and UNSUBSCRIBE that tshark shows must be the action of
that datagram, with its fields; nothing more may be there. tshark does not look into what a forwarder encapsulates, knows
no names of topics by number, and shows what breaks the rules like anything else: those are left out. TAP.

usage: mqttsn.py TIERWATCH CAPTURE..."""
import json
import os
import subprocess
import sys

PORTS = ['udp.port==%d,mqttsn' % port for port in (1884, 10000)]
FIELDS = ['frame.number', 'mqttsn.msg.type', 'mqttsn.topic.id', 'mqttsn.topic.id.type', 'mqttsn.msg.id', 'mqttsn.qos',
          'mqttsn.retain', 'mqttsn.dup', 'mqttsn.pub.msg', 'mqttsn.client.id', 'mqttsn.keep.alive',
          'mqttsn.clean.session', 'mqttsn.topic.name.or.id', 'mqttsn.control.info']
CONNECT, PUBLISH, SUBSCRIBE, UNSUBSCRIBE = 0x04, 0x0c, 0x12, 0x14
QOS = {0: 0, 1: 1, 2: 2, 3: -1}
KINDS = ['normal', 'predefined', 'short']


def number(text):
    return int(text, 0) if text not in ('', 'True', 'False') else int(text == 'True')


def datagrams(capture):
    command = ['tshark', '-n', '-r', capture, '-T', 'fields', '-E', 'separator=\t']
    for port in PORTS:
        command += ['-d', port]
    for field in FIELDS:
        command += ['-e', field]
    told = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
    for line in told.splitlines():
        yield dict(zip((f.replace('mqttsn.', '') for f in FIELDS), line.split('\t')))


def expected(d):
    """(action, fields) that tshark's datagram asks for; None for what it can not judge."""
    if not d['msg.type'] or d['control.info'] or ',' in d['msg.type']:
        return None
    kind = number(d['msg.type'])
    if kind == CONNECT:
        return 'connect', {'object': d['client.id'], 'keep_alive': number(d['keep.alive']),
                           'clean_start': bool(number(d['clean.session']))}
    if kind == PUBLISH:
        how = KINDS[number(d['topic.id.type'])] if number(d['topic.id.type']) < 3 else None
        qos = QOS[number(d['qos'])]
        fields = {'qos': qos, 'retain': bool(number(d['retain'])), 'dup': bool(number(d['dup'])), 'topic_id_type': how}
        if how != 'short':
            fields['topic_id'] = number(d['topic.id'])
        if qos > 0:
            fields['packet_id'] = number(d['msg.id'])
        return 'publish', fields if how else None
    if kind in (SUBSCRIBE, UNSUBSCRIBE):
        fields = {'packet_id': number(d['msg.id'])}
        if number(d['topic.id.type']) == 0:
            fields['object'] = d['topic.name.or.id']
        return 'subscribe' if kind == SUBSCRIBE else 'unsubscribe', fields
    return None


def actions(tierwatch, capture):
    """By the packet of what was sent: one action each."""
    told = subprocess.run([tierwatch, 'decode', '-q', capture], stdout=subprocess.PIPE, check=True).stdout
    seen = {}
    for line in told.splitlines():
        e = json.loads(line)
        m = e.get('mqtt', {})
        if m.get('version') != 'SN-1.2' or 'field' in e or 'node' in m:
            continue
        action = {'deliver': 'publish'}.get(e['action'], e['action'])
        if action in ('connect', 'publish', 'subscribe', 'unsubscribe', 'malformed'):
            seen[e.get('request_packet', e['packet'])] = (action, {**m, 'object': e.get('object')})
    return seen


def compare(tierwatch, capture):
    seen, wrong, n = actions(tierwatch, capture), [], 0
    for d in datagrams(capture):
        packet, want = int(d['frame.number']), expected(d)
        have = seen.pop(packet, None)
        if want is None or have is not None and have[0] == 'malformed':
            continue
        n += 1
        if have is None or have[0] != want[0]:
            wrong.append('packet %d: %s, here %s' % (packet, want[0], have and have[0]))
            continue
        for name, value in (want[1] or {}).items():
            if have[1].get(name) != value:
                wrong.append('packet %d: %s is %r, here %r' % (packet, name, value, have[1].get(name)))
    wrong += ['packet %d: tshark has no %s' % (packet, have[0]) for packet, have in seen.items() if have[0] != 'malformed']
    return wrong, n


def main():
    tierwatch, *captures = sys.argv[1:]
    failed = False
    for capture in captures:
        wrong, n = compare(tierwatch, capture)
        if n == 0:
            wrong.append('tshark shows no MQTT-SN')
        failed |= bool(wrong)
        print('%s - MQTT-SN of %s, %d messages' % ('not ok' if wrong else 'ok', os.path.relpath(capture), n))
        for line in wrong:
            print('#', line)
    sys.exit(failed)


if __name__ == '__main__':
    main()
