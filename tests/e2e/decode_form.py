#!/usr/bin/env python3
"""Hold decoded actions against the form that is promised (CONTRACT 2). Prints TAP.

usage: decode_form.py DECODED.jsonl
"""
import json
import re
import sys

TS = re.compile(r'^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.(\d{6}|\d{9})Z$')
FLOW = re.compile(r'^[0-9a-f]{16}$')
MAC = re.compile(r'^([0-9a-f]{2}:){5}[0-9a-f]{2}$')
NODE = re.compile(r'^(ns=\d+;)?(i=\d+|s=.*|g=[0-9A-F]{8}(-[0-9A-F]{4}){3}-[0-9A-F]{12}|b=[A-Za-z0-9+/=]*)$', re.S)
ACTIONS = {'connect', 'secure', 'session', 'authenticate', 'disconnect', 'discover', 'browse', 'read',
           'write', 'call', 'subscribe', 'unsubscribe', 'notify', 'alarm', 'publish', 'deliver', 'refused',
           'history_read', 'history_write', 'manage', 'tool', 'flow', 'malformed', 'gap', 'conflict'}
ORDER = ['ts', 'packet', 'request_packet', 'request_ts', 'protocol', 'action', 'src', 'dst', 'vlan', 'flow',
         'object', 'field', 'value', 'type', 'truncated', 'source_ts', 'server_ts', 'status', 'encrypted',
         'detail', 'missing_bytes', 'opcua', 'mqtt', 'bytes', 'packets', 'state', 'transport', 'guessed']
ALWAYS = {'ts', 'packet', 'protocol', 'action', 'src', 'dst', 'flow'}
FORMATS = {'json', 'number', 'text', 'empty', 'binary', 'sparkplug', 'opcua-json', 'uadp'}
NODE_ACTIONS = {'read', 'write', 'call', 'browse', 'history_read', 'notify'}
failures = 0
problems = {}


def hold(ok, name, event):
    problems.setdefault(name, [])
    if not ok:
        problems[name].append(json.dumps(event)[:500])


def opcua(e):
    o = e['opcua']
    if e['action'] is None:
        hold(e['encrypted'] and e['object'] is None and e['status'] is None and o['service'] is None,
             'what is not known is null', e)
        hold('request_bytes' in o or 'response_bytes' in o, 'what is encrypted has a size', e)
        return
    hold(bool(o.get('service')) or e['action'] == 'malformed', 'OPC UA events name their service', e)
    if e['action'] in NODE_ACTIONS and e.get('object') is not None:
        hold(NODE.match(e['object']), 'NodeIds have the form of OPC UA Part 6', e)
    if e['action'] in ('read', 'write', 'call', 'browse', 'history_read') and not e['encrypted']:
        hold({'request_id', 'request_handle', 'audit_entry_id', 'security_policy', 'security_mode', 'application_uri',
              'user', 'session'} <= set(o), 'requests carry channel, session and identity', e)
        hold('status' in e, 'requests have a status', e)
        hold(e.get('request_packet', 0) <= e['packet'], 'a request comes before its response', e)
    if e['action'] in ('read', 'write', 'notify') and 'value' in e and e['value'] is not None:
        hold('type' in e, 'values have a type', e)
    if e['action'] == 'read' and str(e.get('status')).startswith('Bad'):
        hold('value' not in e, 'a read with a bad status has no value', e)
    if e['action'] in ('read', 'write'):
        hold('attribute' in o, 'reads and writes name the attribute', e)
    if e['encrypted']:
        hold(e.get('value') is None, 'what is encrypted has no value', e)


def mqtt(e):
    m = e['mqtt']
    hold(m.get('version') in ('3.1', '3.1.1', '5.0', None), 'MQTT events name the version', e)
    hold('client_id' in m or e['action'] == 'malformed', 'MQTT events name the client', e)
    if e['action'] in ('publish', 'deliver'):
        hold({'qos', 'retain', 'dup', 'payload_bytes', 'payload_format', 'payload_sha256'} <= set(m),
             'messages carry flags and payload facts', e)
        hold(m['payload_format'] in FORMATS, 'payload formats are those of the list', e)
        hold('status' not in e, 'messages have no status', e)
        hold((m['qos'] > 0) == ('packet_id' in m), 'packet identifiers come with QoS 1 and 2', e)
        if 'field' in e and e['field'].startswith('/'):
            hold('value' in e, 'leaves have a value', e)
    if e['action'] in ('connect', 'subscribe', 'unsubscribe', 'refused'):
        hold('status' in e, 'MQTT answers have a status', e)


def main():
    last = 0
    n = 0
    with open(sys.argv[1], encoding='utf-8', errors='strict') as f:
        for line in f:
            n += 1
            e = json.loads(line, parse_constant=lambda c: 1 / 0)
            keys = list(e)
            hold(ALWAYS <= set(keys), 'every event has the keys that every event has', e)
            hold(keys == sorted(keys, key=lambda k: ORDER.index(k) if k in ORDER else 99) and set(keys) <= set(ORDER),
                 'keys are known and in their order', e)
            hold(TS.match(e['ts']), 'times are UTC with six or nine digits', e)
            hold(FLOW.match(e['flow']), 'flow ids are sixteen hex digits', e)
            hold(e['action'] in ACTIONS or e['action'] is None and e.get('encrypted'), 'actions are those of the list', e)
            hold(e['packet'] >= last, 'events come in the order of packets', e)
            last = e['packet']
            for side in ('src', 'dst'):
                hold('ip' in e[side] and (not e[side].get('mac') or MAC.match(e[side]['mac'])),
                     'ends have an address', e)
            hold(('opcua' in e) == (e['protocol'] == 'opcua') or e['action'] in ('gap', 'conflict', 'malformed', 'flow'),
                 'OPC UA facts are with OPC UA events', e)
            hold('password' not in line.lower().replace('clear_password', ''), 'no password is printed', e)
            if e.get('opcua') is not None:
                opcua(e)
            if e.get('mqtt') is not None:
                mqtt(e)
    hold(n > 0, 'there are events', {})
    for name, bad in problems.items():
        print('not ok' if bad else 'ok', '-', name)
        for b in bad[:4]:
            print('#', b)
    return any(problems.values())


sys.exit(main())
