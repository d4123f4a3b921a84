#!/usr/bin/env python3
"""`tierwatch decode` against protoc (apt install protobuf-compiler) on every Sparkplug payload of captures: which
metrics, their names or aliases, flags, times and values. tshark takes the payloads out. TAP.

usage: sparkplug.py TIERWATCH CAPTURE...
"""
import base64
import hashlib
import json
import os
import re
import struct
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
TOKEN = re.compile(r'\s*(?:([a-z_]+|\d+)\s*(\{|:\s*("(?:[^"\\]|\\.)*"|\S+))|(\}))', re.S)
TOPIC = re.compile(r'spBv1\.0/[^/]+/(N(BIRTH|DEATH|DATA|CMD)/[^/]+|D(BIRTH|DEATH|DATA|CMD)/[^/]+/[^/]+)')
ESCAPES = {b'n': b'\n', b'r': b'\r', b't': b'\t', b'"': b'"', b"'": b"'", b'\\': b'\\'}


def unquote(text):
    def one(m):
        e = m.group(1)
        return bytes((int(e, 8),)) if e.isdigit() else ESCAPES[e]
    return re.sub(rb'\\([0-7]{1,3}|.)', one, text[1:-1].encode(), flags=re.S)


def scalar(text):
    if text.startswith('"'):
        return unquote(text)
    return {'true': True, 'false': False}[text] if text in ('true', 'false') else int(text, 0)


def tree(text):
    """The text form of a message: names with lists of values."""
    root, stack, at = {}, [], 0
    open_now = root
    while (m := TOKEN.match(text, at)) is not None:
        at = m.end()
        name, rest, value, close = m.groups()
        if close:
            open_now = stack.pop()
        elif rest == '{':
            child = {}
            open_now.setdefault(name, []).append(child)
            stack.append(open_now)
            open_now = child
        else:
            open_now.setdefault(name, []).append(scalar(value))
    return root


def protoc(payload):
    """None where protoc says that it is no message."""
    done = subprocess.run(['protoc', '--decode=peers.Payload', '-I', HERE, 'sparkplug.proto'], input=payload,
                          capture_output=True, check=False)
    if done.returncode != 0 and b'Failed to parse input' not in done.stderr:
        sys.exit(done.stderr.decode())
    return tree(done.stdout.decode()) if done.returncode == 0 else None


def leaves(metrics, prefix=b''):
    for m in metrics:
        first = {k: v[-1] for k, v in m.items()}
        name = prefix + (first['name'] if 'name' in first else str(first.get('alias')).encode())
        yield name, first
        if 'template_value' in first and not first.get('is_null'):
            yield from leaves(first['template_value'].get('metrics', []), name + b'/')


def equal(value, want):
    """Is the value that is shown the one on the wire? Its type may be known from a birth alone."""
    if want.get('is_null'):
        return value is None
    for kind, bits in (('int_value', 32), ('long_value', 64)):
        if kind in want:
            if isinstance(value, str):
                return value.endswith('Z')
            return not isinstance(value, bool) and value % 2**bits == want[kind] or value % 2**8 == want[kind]
    for kind, form, raw in (('float_bits', 'f', 'I'), ('double_bits', 'd', 'Q')):
        if kind in want:
            number = struct.unpack('<' + form, struct.pack('<' + raw, want[kind]))[0]
            value = float(value)
            return value != value and number != number or struct.pack('<' + form, value) == struct.pack('<' + form, number)
    if 'boolean_value' in want:
        return value is want['boolean_value']
    if 'string_value' in want:
        return value in ('(redacted)', want['string_value'].decode())
    if 'bytes_value' in want:
        return isinstance(value, list) or base64.b64decode(value) == want['bytes_value']
    return value is None or isinstance(value, dict)


def from_hex(message):
    if message == '<MISSING>':
        return b''
    try:
        return bytes.fromhex(message.replace(':', ''))
    except ValueError:  # tshark shows what is printable as text
        return message.encode()


def payloads(capture):
    out = subprocess.run(['tshark', '-r', capture, '-Y', 'mqtt.msgtype == 3', '-T', 'json', '--no-duplicate-keys', '-e',
                          'mqtt.topic', '-e', 'mqtt.msg'], capture_output=True, check=True).stdout
    for packet in json.loads(out):
        layers = packet['_source']['layers']
        topics, messages = layers.get('mqtt.topic', []), layers.get('mqtt.msg', [])
        if len(topics) != len(messages):  # an empty one is left out: nothing tells which
            continue
        for topic, message in zip(topics, messages):
            if TOPIC.fullmatch(topic):
                yield topic, from_hex(message)


def shown(tierwatch, capture):
    """By topic and digest: the metrics that decode shows, and whether the message is malformed."""
    out = subprocess.run([tierwatch, 'decode', '-q', capture], capture_output=True, check=True).stdout
    found, open_now = {}, {}
    for e in map(json.loads, out.splitlines()):
        if e['action'] not in ('publish', 'deliver', 'malformed') or not TOPIC.fullmatch(e.get('object') or ''):
            continue
        key = (e['object'], e['mqtt']['payload_sha256'])
        if e['action'] == 'malformed':
            open_now[e['flow']]['wrong'] = e['detail']
        elif 'field' not in e:
            open_now[e['flow']] = {'metrics': [], 'wrong': None, 'key': key, 'read': e['action'] == 'publish'}
        else:
            open_now[e['flow']]['metrics'].append(e)
            open_now[e['flow']]['read'] = True
        m = open_now[e['flow']]
        if m['read']:
            found[key] = m
    return found


def differs(message, payload):
    want = protoc(payload)
    if (want is None) != (message['wrong'] == 'bad-protobuf'):
        return 'protoc: %s, tierwatch: %s' % ('malformed' if want is None else 'well-formed', message['wrong'])
    if want is None:
        return None
    expected = list(leaves(want.get('metrics', [])))
    if len(expected) != len(message['metrics']):
        return '%d metrics, %d shown' % (len(expected), len(message['metrics']))
    for (name, m), e in zip(expected, message['metrics']):
        about = e['sparkplug']
        if 'name' in m and not e['field'].encode().endswith(m['name']):
            return 'name %r, shown %r' % (name, e['field'])
        for flag in ('is_null', 'is_historical', 'is_transient'):
            if bool(m.get(flag)) != about.get(flag, False):
                return '%s of %r' % (flag, name)
        if m.get('alias') != about.get('alias'):
            return 'alias of %r' % name
        if not equal(e['value'], m):
            return '%r: %r on the wire, %r shown' % (name, m, e['value'])
    return None


def main():
    tierwatch, captures = sys.argv[1], sys.argv[2:]
    failed = False
    for capture in captures:
        found, seen, wrong = shown(tierwatch, capture), set(), []
        for topic, payload in payloads(capture):
            key = (topic, hashlib.sha256(payload).hexdigest())
            if key in seen:
                continue
            seen.add(key)
            message = found.get(key)
            what = 'not shown' if message is None else differs(message, payload)
            if what:
                wrong.append('%s: %s' % (topic, what))
        if seen:
            name = 'Sparkplug payloads of %s: %d' % (os.path.basename(capture), len(seen))
            print('%s - %s' % ('not ok' if wrong else 'ok', name))
            for line in wrong[:20]:
                print('# ' + line)
            failed |= bool(wrong)
    sys.exit(failed)


if __name__ == '__main__':
    main()
