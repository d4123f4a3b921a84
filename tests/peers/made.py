#!/usr/bin/env python3
"""Writes a capture of every service of Part 4 [UA4 5] and every type of Part 6 [UA6 5]: one client, one server,
security policy None. What no recording has is in it, and whatever a response may leave out.

usage: made.py FILE.pcap [answered]

With `answered` each service is not refused, too: tests/golden/opcua-services is made so."""
import sys

from wire import (CLIENT, FAULT, NOTHING, NO_DIAGNOSTICS, SERVER, Talk, array, boolean, byte, data_value, diagnostic,
                  double, expanded, extension, guid, i16, i32, i64, moment, name, node, real, sbyte, string, text, u16,
                  u32, u64, variant)

GOOD, BAD_NODE, BAD_ITEM, BAD_SUBSCRIPTION = 0, 0x80340000, 0x80420000, 0x80280000
BAD_ARGUMENT, BAD_TYPE, UNCERTAIN = 0x80AB0000, 0x80740000, 0x40000000
URL = 'opc.tcp://10.9.0.1:4840'
POLICY = 'http://opcfoundation.org/UA/SecurityPolicy#'
VALUE = 13
STRINGS = ['Symbol', 'urn:made', 'en', 'a text']
TOLD = diagnostic(0, 1, 3, 'not here', BAD_NODE, diagnostic(additional='nor there'), locale=2)


def variant_double(value):
    return variant(11, double(value))


def variant_string(value):
    return variant(12, string(value))


# --- [UA4 5.6], [UA4 5.5] ---

def application(uri, kind):
    return string(uri) + string('urn:made') + text('made', 'en') + u32(kind) + string('urn:gateway') + i32(-1) + \
        array([URL, 'https://10.9.0.1'], string)


def endpoint(mode, policy, level):
    tokens = [string('a') + u32(0) + i32(-1) * 3,
              string('u') + u32(1) + i32(-1) * 2 + string(POLICY + 'Basic256Sha256'),
              string('c') + u32(2) + i32(-1) * 3, string('i') + u32(3) + string('urn:jwt') + string('urn:issuer') + i32(-1)]
    return string(URL) + application('urn:made:server', 0) + string(b'\x30\x03\x02\x01\x05') + u32(mode) + \
        string(POLICY + policy) + array(tokens) + string('urn:profile') + byte(level)


def begin(t):
    t.transport(CLIENT, b'HEL', u32(0) + u32(65536) * 2 + u32(0) * 2 + string(URL))
    t.transport(SERVER, b'ACK', u32(0) + u32(65536) * 2 + u32(0) * 2)
    t.ask(446, u32(0) + u32(0) + u32(1) + i32(-1) + u32(3600000), b'OPN')
    t.answer(449, u32(0) + u32(7) + u32(1) + moment(0) + u32(3600000) + i32(-1), b'OPN')


ENDPOINTS = array([endpoint(1, 'None', 0), endpoint(2, 'Basic256Sha256', 10), endpoint(3, 'Aes128_Sha256_RsaOaep', 20)])


def discovery(t):
    t.both(422, string(URL) + array(['en'], string) + array(['urn:made:server'], string),
           425, array([application('urn:made:%d' % kind, kind) for kind in range(4)]))
    t.both(428, string(URL) + i32(-1) + array(['urn:profile'], string), 431, ENDPOINTS)
    t.both(12208, u32(3) + u32(10) + array(['LDS'], string),
           12209, moment(0) + array([u32(4) + string('made') + string(URL) + array(['LDS', 'NA'], string)]))
    server = string('urn:made:server') + string('urn:made') + array([text('made', 'en'), text('gemacht', 'de')]) + \
        u32(0) + string('urn:gateway') + array([URL], string) + string('/run/made') + boolean(True)
    t.both(437, server, 440, b'')
    t.both(437, server, 440, b'', result=0x80500000)
    mdns = extension(12901, string('made') + array(['LDS', 'DA'], string))
    t.both(12211, server + array([mdns, NOTHING]), 12212, array([GOOD, 0x80380000], u32) + array([NO_DIAGNOSTICS, TOLD]),
           strings=STRINGS)


# --- [UA4 5.7] ---

def session(t):
    client = string('urn:made:client') + string('urn:made') + text('made') + u32(1) + i32(-1) * 2 + i32(-1)
    create = client + string('urn:made:server') + string(URL) + string('made session') + string(b'nonce')
    signature = string('urn:rsa-sha256') + string(b'\x01\x02')
    t.both(461, create + string(b'\x30\x03\x02\x01\x07') + double(60000) + u32(0),
           464, node(77, 1) + node('secret', 1) + double(30000) + string(b'nonce') + string(b'\x30\x03\x02\x01\x05') +
           ENDPOINTS + array([string(b'soft') + string(b'sign')]) + signature + u32(9000))
    t.token = node('secret', 1)
    basic = POLICY.replace('SecurityPolicy#', '') + 'rsa-oaep'
    identities = [extension(324, string('u') + string('joe') + string(b'\x01\x02\x03') + string(basic)),
                  extension(324, string('u') + string('joe') + string(b'guess') + i32(-1)),
                  extension(327, string('c') + string(b'\x30\x03\x02\x01\x09')),
                  extension(940, string('i') + string(b'jwt') + string(basic)),
                  extension(321, string('a'))]
    for identity in identities:
        t.both(467, signature + array([string(b'soft') + string(b'sign')]) + array(['en', 'de'], string) + identity + signature,
               470, string(b'nonce') + array([GOOD], u32) + array([NO_DIAGNOSTICS]), audit='night shift')
    t.both(479, u32(3), 482, u32(1))


# --- [UA4 5.8], [UA4 5.9], [UA4 5.10] ---

def attributes(encoding_id, *own):
    return extension(encoding_id, u32(0x3fffff) + text('shown') + text('described', 'en') + u32(1) + u32(2) + b''.join(own))


def nodes(t):
    kinds = [(1, attributes(354, byte(5))),
             (2, attributes(357, variant_double(1.5), node(11), i32(1), array([3], u32), byte(3), byte(1), double(100),
                            boolean(True))),
             (4, attributes(360, boolean(True), boolean(False))), (8, attributes(363, boolean(True))),
             (16, attributes(366, variant_string('x'), node(12), i32(-1), array(None), boolean(False))),
             (32, attributes(369, boolean(False), boolean(True), text('inverse'))), (64, attributes(372, boolean(True))),
             (128, attributes(375, boolean(True), byte(1))), (1, NOTHING)]
    items = [expanded('Parent', 2) + node(47) + expanded('New%d' % i, 2) + name('New', 2) + u32(class_) + body +
             expanded(61) for i, (class_, body) in enumerate(kinds)]
    items.append(expanded('Parent', 2, uri='urn:a;b%') + node(47) + expanded(0) + name(None) + u32(1) + NOTHING +
                 expanded(9, server=3))
    t.both(488, array(items), 491, array([u32(BAD_NODE if i == 8 else GOOD) + (node(0) if i == 8 else node(100 + i, 2))
                                          for i in range(len(items))]) +
           array([TOLD if i == 8 else NO_DIAGNOSTICS for i in range(len(items))]), strings=STRINGS)
    add = node('A', 2) + node(35) + boolean(True) + string('urn:elsewhere') + expanded('B', 2) + u32(1)
    t.both(494, array([add, node('C', 2) + node(47) + boolean(False) + i32(-1) + expanded(85) + u32(2)]),
           497, array([GOOD, BAD_NODE], u32) + array([NO_DIAGNOSTICS, diagnostic(additional='no such node')]))
    t.both(500, array([node('A', 2) + boolean(True), node('{72962B91-FA75-4AE6-8D28-B404DC7DAF63}', 2) + boolean(False)]),
           503, array([GOOD, BAD_NODE], u32) + array([NO_DIAGNOSTICS, TOLD]), strings=STRINGS)
    t.both(506, array([node('A', 2) + node(35) + boolean(True) + expanded('B', 2) + boolean(True),
                       node('A', 2) + node(35) + boolean(False) + expanded(b'\x01\x02', 3) + boolean(False)]),
           509, array([GOOD, BAD_NODE], u32) + i32(-1))


def step(target, reference=47, inverse=False, subtypes=True, ns=2):
    return node(reference) + boolean(inverse) + boolean(subtypes) + name(target, ns)


VIEW = node('Part', 2) + moment(0) + u32(3)


def view(t):
    def what(start):
        return node(start, 2) + u32(2) + node(33) + boolean(True) + u32(0) + u32(63)
    reference = node(47) + boolean(True) + expanded('B', 2) + name('B', 2) + text('b') + u32(2) + expanded(63)
    far = node(46) + boolean(False) + expanded('C', uri='urn:far', server=1) + name('EURange') + text('c', 'en') + \
        u32(2) + expanded(68)
    t.both(527, VIEW + u32(2) + array([what('A'), what('B'), what('C')]),
           530, array([u32(GOOD) + string(b'go on') + array([reference, far]), u32(GOOD) + i32(-1) + array([]),
                       u32(BAD_NODE) + i32(-1) + i32(-1)]) + array([NO_DIAGNOSTICS, NO_DIAGNOSTICS, TOLD]), strings=STRINGS)
    t.both(533, boolean(False) + array([string(b'go on'), string(b'unheard of')]),
           536, array([u32(GOOD) + i32(-1) + array([reference]), u32(0x804A0000) + i32(-1) + i32(-1)]) +
           array([NO_DIAGNOSTICS, TOLD]), strings=STRINGS)
    t.both(533, boolean(True) + array([string(b'go on')]), 536, array([u32(GOOD) + i32(-1) + i32(-1)]) + i32(-1))
    paths = [node('A', 2) + array([step('Level'), step('Low', 46, ns=0), step('Up', 33, inverse=True),
                                   step('Own', 4001, subtypes=False)]),
             node('A', 2) + array([step(None, 44, ns=0)])]
    t.both(554, array(paths), 557, array([u32(GOOD) + array([expanded('Low', 2) + u32(0xffffffff),
                                                             expanded('Up', 2, server=1) + u32(2)]),
                                          u32(0x806F0000) + array([])]) + array([NO_DIAGNOSTICS, TOLD]), strings=STRINGS)
    t.both(560, array([node('Level', 2), node('Flow', 2)]), 563, array([node(9001, 2), node('Flow', 2)]))
    t.both(566, array([node(9001, 2), node('Other', 2)]), 569, b'')


def queries(t):
    path = array([step('Level', subtypes=True), step('High', 46, ns=0)])
    types = [expanded(58) + boolean(True) + array([path + u32(VALUE) + string('0:1'), array([]) + u32(4) + i32(-1)]),
             expanded(61) + boolean(False) + array([])]
    rows = array([expanded('A', 2) + expanded(58) + array([variant_double(1.5), variant_string('x')]),
                  expanded('B', 2, uri='urn:b') + expanded(61) + array([])])
    where = array([u32(0) + array([extension(597, variant_double(3)), extension(594, u32(1))])])
    t.both(615, VIEW + array(types) + where + u32(10) + u32(5),
           618, rows + string(b'\x01\x02') + array([]) + i32(-1) + array([]) + i32(-1))
    t.both(621, boolean(False) + string(b'\x01\x02'), 624, rows + i32(-1))
    t.both(621, boolean(True) + string(b'\x01\x02'), 624, array([]) + i32(-1), result=0x804A0000)
    refused = u32(BAD_NODE) + array([GOOD, BAD_NODE], u32) + array([NO_DIAGNOSTICS, TOLD])
    element = u32(BAD_TYPE) + array([GOOD, BAD_TYPE], u32) + array([])
    t.both(615, VIEW + array(types) + where + u32(0) + u32(0),
           618, array([]) + i32(-1) + array([refused, u32(GOOD) + array([], u32) + array([])]) +
           array([TOLD, NO_DIAGNOSTICS]) + array([element]) + i32(-1), strings=STRINGS)


# --- [UA6 5.1.2], [UA6 5.2.2.16] ---

GUID = '72962B91-FA75-4AE6-8D28-B404DC7DAF63'
# By type: some values, encoded.
SAMPLES = {
    1: [boolean(True), boolean(False)], 2: [sbyte(-128), sbyte(127)], 3: [byte(0), byte(255)],
    4: [i16(-32768), i16(32767)], 5: [u16(65535), u16(0)], 6: [i32(-2147483648), i32(7)], 7: [u32(0xffffffff), u32(1)],
    8: [i64(-2 ** 63), i64(2 ** 63 - 1)], 9: [u64(2 ** 64 - 1), u64(0)],
    10: [real(20.14), real(float('inf')), real(float('nan'))], 11: [double(0.1), double(float('-inf')), double(1e-300)],
    12: [string('schön'), string(None), string('')], 13: [moment(0), moment(-1000)],
    14: [guid(GUID), guid('00000000-0000-0000-0000-000000000001')], 15: [string(b'\x00\xff'), string(None)],
    16: [string('<a/>'), string(None)],
    17: [node(2258), node('Level', 2), node('{%s}' % GUID, 3), node(b'\x01\x02\x03', 4), node(70000, 300)],
    18: [expanded('Level', 2), expanded(7, uri='urn:a;b'), expanded(7, server=2)],
    19: [u32(0x80340000), u32(0), u32(0x40000000)], 20: [name('Level', 2), name('Plain'), name(None)],
    21: [text('Pegel', 'de'), text('plain'), byte(0)],
    22: [extension(886, double(0) + double(100)), NOTHING],
    23: [data_value(1.5, -5, UNCERTAIN, server_at=-4, pico=7), data_value(None, status=BAD_NODE)],
    25: [diagnostic(additional='x'), NO_DIAGNOSTICS],
}
BUILD = string('urn:made') + string('Maker') + string('made') + string('1.2') + string('3') + moment(0)
# Structures by the id of their encoding.
STRUCTURES = [
    (886, double(-10) + double(90)), (889, string('urn:units') + i32(4408652) + text('°C') + text('degree Celsius', 'en')),
    (298, string('in') + node(11) + i32(1) + array([2], u32) + text('an input')), (340, BUILD),
    (864, moment(-9) + moment(0) + u32(0) + BUILD + u32(5) + text('rest')),
    (8917, i16(60) + boolean(True)),
    (893, string('by hand') + string('joe') + moment(0)), (301, u32(BAD_NODE) + diagnostic(additional='x')),
    (879, node('A', 2) + node(61) + byte(3)), (899, node('A', 2) + node(61)),
    (855, string('twin') + byte(200) + u32(0)), (861, b''.join(u32(i) for i in range(12))),
    (870, node(77, 1) + string('joe') + array(['joe', 'ann'], string) + string('user') + string('UA Binary') +
     string('opc.tcp') + u32(3) + string(POLICY + 'Basic256Sha256') + string(b'\x30')),
    (876, node(77, 1) + u32(41) + byte(1) + double(500) + u32(10) + u32(30) + u32(0) + boolean(True) +
     b''.join(u32(i) for i in range(23))),
    (858, double(250) + u32(1) + u32(2) + u32(3)),
    (867, node(77, 1) + string('made session') + application('urn:made:client', 1) + string('urn:made:server') + string(URL) +
     array(['en'], string) + double(30000) + u32(9000) + moment(-9) + moment(0) + u32(1) + u32(2) + u32(3) + u32(4) + u32(5) +
     u32(6) + b''.join(u32(10 + i) + u32(i) for i in range(28))),
    (12089, string('urn:units') + i32(1) + text('V') + text('volt') + double(0) + double(10) + text('axis') + u32(1) +
     array([0, 5, 10], double)),
    (12090, double(1) + real(2)),
    (310, application('urn:made:server', 0)),
    (11226, moment(0) + u32(2) + string('joe')), (12901, string('made') + array(['LDS'], string)),
]
# One a message: a reader that takes a wrong length for a field loses its place.
ODD_STRUCTURES = [(8251, i64(3) + text('On') + text('is on')), (12181, real(1) + real(-1)),
                  (12182, double(1) + double(-1))]


def reading(t, values, asked=None):
    items = asked or [node('V%d' % i, 2) + u32(VALUE) + i32(-1) + name(None) for i in range(len(values))]
    t.both(631, double(500) + u32(2) + array(items), 634, array(values) + i32(-1))


def types(t):
    scalars = [data_value(variant(kind, samples[0]), 1) for kind, samples in SAMPLES.items() if kind != 25]
    reading(t, scalars)
    reading(t, [data_value(variant(kind, *samples, many=True), 1) for kind, samples in SAMPLES.items()])
    reading(t, [data_value(variant(kind, many=True)) for kind in SAMPLES])
    nested = variant(24, variant(11, double(1), double(2), many=True), variant_string('x'), byte(0), many=True)
    reading(t, [data_value(nested), data_value(variant(24, nested, many=True)),
                data_value(variant(6, *(i32(i) for i in range(6)), dimensions=[2, 3], many=True)),
                data_value(byte(0)), data_value(None), data_value(None, status=BAD_NODE),
                data_value(variant(22, node('Own', 2) + b'\x00')),
                data_value(variant(22, node('Own', 2) + b'\x01' + string(b'\x01\x02'))),
                data_value(7, -5, UNCERTAIN, server_at=-4, pico=9)])
    reading(t, [data_value(variant(22, node('Own', 2) + b'\x02' + string('<a/>')))])
    reading(t, [data_value(variant(22, extension(kind, body))) for kind, body in STRUCTURES])
    for kind, body in ODD_STRUCTURES:
        reading(t, [data_value(variant(22, extension(kind, body)))])
    asked = [node(i, 0) + u32(attribute) + string(None if attribute % 2 else '1:2') + name('Default Binary')
             for i, attribute in enumerate(range(1, 28))]
    t.both(631, double(0) + u32(3) + array(asked),
           634, array([data_value(i) for i in range(26)] + [data_value(None, status=BAD_NODE)]) +
           array([NO_DIAGNOSTICS] * 26 + [TOLD]), strings=STRINGS)
    t.both(673, array([node('V%d' % kind, 2) + u32(VALUE) + string('0') + data_value(variant(kind, samples[0]), 1, GOOD)
                       for kind, samples in SAMPLES.items() if kind != 25] +
                      [node('V', 2) + u32(17) + i32(-1) + data_value(variant(3, byte(3)))]),
           676, array([GOOD] * 23 + [BAD_TYPE], u32) + array([NO_DIAGNOSTICS] * 23 + [TOLD]), strings=STRINGS)


# --- [UA4 5.11.3], [UA4 5.11.5], [UA11 6] ---

OPERANDS = [extension(594, u32(1)), extension(597, variant_double(500)),
            extension(600, node('A', 2) + string('it') + array([step('Severity', ns=0)]) + u32(VALUE) + i32(-1)),
            extension(603, node(2041) + array([name('Severity')]) + u32(VALUE) + string('0'))]
SELECT = array([node(2041) + array([name('Severity')]) + u32(VALUE) + i32(-1), node(2782) + array([]) + u32(1) + i32(-1),
                node(2041) + array([name('Pump', 2), name('State')]) + u32(4) + string('1')])
EVENT_FILTER = SELECT + array([u32(11) + array([OPERANDS[0], OPERANDS[1]]), u32(4) + array(OPERANDS[2:])])
PLAIN_FILTER = SELECT + array([])


def history(t):
    def read(details, *results, told=None):
        items = [node('Level', 2) + string('1:3' if i else None) + name(None) + string(b'go on' if i else None)
                 for i in range(len(results))]
        t.both(664, details + u32(0) + boolean(False) + array(items), 667,
               array(results) + array(told), strings=STRINGS if told else None)

    def result(data, status=GOOD, more=None):
        return u32(status) + string(more) + data

    values = array([data_value(1.25, -60), data_value(2.5, -30, UNCERTAIN)])
    mixed = array([data_value(1.25, -60), data_value(variant_string('x'), -30), data_value(None, -20, BAD_NODE)])
    changed = array([moment(-50) + u32(1) + string('joe'), moment(-20) + u32(2) + string(None)])
    events = extension(661, array([array([variant_double(500), variant_string('pump'), byte(0)]), array([])]))
    window = moment(-60) + moment(0)
    read(extension(649, boolean(False) + window + u32(10) + boolean(True)),
         result(extension(658, mixed)), result(NOTHING, BAD_NODE), told=[NO_DIAGNOSTICS, TOLD])
    read(extension(649, boolean(True) + window + u32(10) + boolean(False)),
         result(extension(11227, values + changed), more=b'more'), result(NOTHING, BAD_NODE))
    read(extension(646, u32(5) + window + PLAIN_FILTER), result(events))
    read(extension(646, u32(5) + window + EVENT_FILTER), result(events))
    read(extension(652, window + double(5000) + array([node(2342)]) + boolean(True) + boolean(False) + byte(100) +
                   byte(100) + boolean(False)), result(extension(658, values)))
    read(extension(655, array([moment(-10), moment(-40), moment(-25)]) + boolean(True)), result(extension(658, values)))

    target = node('Level', 2)
    updates = [extension(682, target + u32(how) + values) for how in range(1, 5)] + \
        [extension(11300, target + u32(how) + array([data_value(variant(22, extension(893, string('by hand') + string('joe') +
                                                                                     moment(0))), -60)]))
         for how in range(1, 5)] + \
        [extension(685, target + u32(how) + PLAIN_FILTER + array([array([variant_double(7)])])) for how in range(1, 4)] + \
        [extension(688, target + boolean(modified) + window) for modified in (False, True)] + \
        [extension(691, target + array([moment(-40), moment(-10)])),
         extension(694, target + array([b'\x01\x02\x03', b'\x04'], string))]
    outcomes = [u32(GOOD) + array([GOOD, 0x00A20000], u32) + i32(-1) for _ in updates]
    outcomes[1] = u32(BAD_NODE) + i32(-1) + i32(-1)
    outcomes[2] = u32(GOOD) + array([GOOD, 0x809B0000], u32) + array([NO_DIAGNOSTICS, diagnostic(additional='none there')])
    t.both(700, array(updates), 703, array(outcomes) + array([TOLD if i == 1 else NO_DIAGNOSTICS for i in range(len(updates))]),
           strings=STRINGS)


# --- [UA4 5.12] ---

def methods(t):
    calls = [node('Oven', 2) + node('Start', 2) + array([variant_double(180), variant_string('bread')]),
             node('Oven', 2) + node('Stop', 2) + array([]), node('Oven', 2) + node('Start', 2) + i32(-1),
             node('Oven', 2) + node('Start', 2) + array([variant_string('hot')])]
    results = [u32(GOOD) + i32(-1) + i32(-1) + array([variant(6, i32(42)), variant(22, extension(886, double(0) + double(1)))]),
               u32(GOOD) + array([]) + array([]) + array([]), u32(0x80760000) + i32(-1) + i32(-1) + i32(-1),
               u32(BAD_ARGUMENT) + array([BAD_TYPE], u32) + array([diagnostic(additional='a number')]) + i32(-1)]
    t.both(712, array(calls), 715, array(results) + array([NO_DIAGNOSTICS] * 3 + [TOLD]), strings=STRINGS)


# --- [UA4 5.13], [UA4 5.14] ---

AGGREGATE = extension(730, moment(0) + node(2342) + double(1000) + boolean(True) + boolean(False) + byte(100) + byte(100) +
                      boolean(False))


def parameters(handle, filter_=NOTHING):
    return u32(handle) + double(250) + filter_ + u32(2) + boolean(True)


def subscriptions(t):
    t.both(787, double(500) + u32(30) + u32(10) + u32(0) + boolean(True) + byte(3),
           790, u32(41) + double(1000) + u32(60) + u32(20))
    t.both(793, u32(41) + double(200) + u32(30) + u32(10) + u32(100) + byte(9), 796, double(250) + u32(50) + u32(15))
    t.both(799, boolean(False) + array([41, 42], u32), 802, array([GOOD, BAD_SUBSCRIPTION], u32) +
           array([NO_DIAGNOSTICS, TOLD]), strings=STRINGS)


def monitored(t):
    def item(name_, handle, filter_=NOTHING, attribute=VALUE, mode=2):
        return node(name_, 2) + u32(attribute) + i32(-1) + name(None) + u32(mode) + parameters(handle, filter_)

    def made(number, sampling=250, result=NOTHING):
        return u32(GOOD) + u32(number) + double(sampling) + u32(1) + result
    where = extension(727, EVENT_FILTER)
    filter_result = extension(736, array([GOOD, BAD_TYPE, GOOD], u32) + array([]) +
                              array([u32(GOOD) + array([GOOD], u32) + array([])]) + array([]))
    revised = extension(739, moment(0) + double(2000) + boolean(True) + boolean(False) + byte(100) + byte(100) + boolean(False))
    t.both(751, u32(41) + u32(2) + array([item('Level', 5), item('Flow', 6, extension(724, u32(1) + u32(1) + double(0.5))),
                                          item('Server', 8, extension(727, PLAIN_FILTER), 12),
                                          item('Pump', 9, where, 12, 1), item('Mean', 10, AGGREGATE, mode=0),
                                          item('Gone', 7)]),
           754, array([made(105, 0), made(106), made(108), made(109, result=filter_result), made(110, result=revised),
                       u32(BAD_NODE) + u32(0) + double(0) + u32(0) + NOTHING]) + array([NO_DIAGNOSTICS] * 5 + [TOLD]),
           strings=STRINGS)
    t.both(763, u32(41) + u32(0) + array([u32(105) + parameters(55), u32(108) + parameters(8, where),
                                          u32(999) + parameters(1)]),
           766, array([u32(GOOD) + double(100) + u32(2) + NOTHING, u32(GOOD) + double(250) + u32(2) + filter_result,
                       u32(BAD_ITEM) + double(0) + u32(0) + NOTHING]) + array([NO_DIAGNOSTICS, NO_DIAGNOSTICS, TOLD]),
           strings=STRINGS)
    for mode in range(3):
        t.both(769, u32(41) + u32(mode) + array([105, 999], u32), 772, array([GOOD, BAD_ITEM], u32) +
               array([NO_DIAGNOSTICS, TOLD]), strings=STRINGS)
    t.both(775, u32(41) + u32(105) + array([106, 999], u32) + array([106], u32),
           778, array([GOOD, BAD_ITEM], u32) + array([NO_DIAGNOSTICS, TOLD]) + array([BAD_ITEM], u32) + array([TOLD]),
           strings=STRINGS)
    t.both(775, u32(41) + u32(105) + array([]) + array([106], u32), 778, array([]) + i32(-1) + array([GOOD], u32) + i32(-1))


def notifications(t):
    t.both(841, array([41, 42], u32) + boolean(True),
           844, array([u32(GOOD) + array([1, 2, 3], u32), u32(BAD_SUBSCRIPTION) + i32(-1)]) + array([NO_DIAGNOSTICS, TOLD]),
           strings=STRINGS)
    changes = extension(811, array([u32(55) + data_value(3.5, 60), u32(6) + data_value(4.5, 60, UNCERTAIN, server_at=61),
                                    u32(6) + data_value(None, status=BAD_NODE), u32(4711) + data_value(1)]) +
                        array([NO_DIAGNOSTICS, TOLD]))
    alarms = extension(916, array([u32(8) + array([variant_double(900), variant(17, node('Pump', 2)), variant_string('dry')]),
                                   u32(9) + array([byte(0)])]))
    ended = extension(820, u32(0x800A0000) + NO_DIAGNOSTICS)

    def message(*told):
        return u32(9) + moment(61) + array(told)

    def published(*told, more=False):
        return u32(41) + array([8, 9], u32) + boolean(more) + message(*told) + array([GOOD, 0x807A0000], u32) + i32(-1)
    acknowledged = array([u32(41) + u32(8), u32(41) + u32(7)])
    t.both(826, acknowledged, 829, published(changes, alarms, more=True))
    t.both(826, array([]), 829, published())
    t.both(826, i32(-1), 829, published(ended))
    t.both(832, u32(41) + u32(9), 835, message(changes, alarms))
    t.both(832, u32(41) + u32(4), FAULT, b'', result=0x807B0000)
    t.both(781, u32(41) + array([105, 999], u32), 784, array([GOOD, BAD_ITEM], u32) + array([NO_DIAGNOSTICS, TOLD]),
           strings=STRINGS)
    t.both(847, array([41, 42], u32), 850, array([GOOD, BAD_SUBSCRIPTION], u32) + array([NO_DIAGNOSTICS, TOLD]),
           strings=STRINGS)


def odd(t):
    """What a response may leave out, and what a header may say."""
    browse = node(0) + moment(0) + u32(0) + u32(0) + \
        array([node('A', 2) + u32(2) + node(33) + boolean(True) + u32(0) + u32(63)])
    t.both(527, browse, 530, i32(-1) + i32(-1))
    t.both(527, browse, 530, array([u32(GOOD) + i32(-1) + i32(-1)]) + i32(-1), audit='why',
           diagnostics=diagnostic(0, 1, 3, 'who asks', BAD_NODE, locale=2), strings=STRINGS)
    t.both(527, browse, 530, array([u32(GOOD) + i32(-1) + i32(-1)]) + i32(-1),
           diagnostics=diagnostic(-1, 77, 3), strings=None)
    t.both(673, array([node('A', 2) + u32(VALUE) + i32(-1) + data_value(1, 70)]), 676, i32(-1) + i32(-1))


def refused(t):
    """Every service once more, to be answered by a ServiceFault."""
    token = t.token
    for service, body in list(t.asked.items()):
        t.token = node(0) if service == 461 else token
        t.both(service, body, FAULT, b'', result=0x800D0000, diagnostics=diagnostic(additional='closed'))


def main():
    t = Talk()
    for part in (begin, discovery, session, nodes, view, queries, types, history, methods, subscriptions, monitored,
                 notifications, odd):
        part(t)
    t.both(473, boolean(True), 476, b'')
    if sys.argv[2:] != ['answered']:
        refused(t)
    t.ask(452, b'', b'CLO')
    t.write(sys.argv[1])


if __name__ == '__main__':
    main()
