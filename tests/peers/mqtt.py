"""The actions that tshark's view of MQTT asks tierwatch to show."""
import hashlib
import re

from opcua import ABSENT, Expected

TYPES = ['RESERVED', 'CONNECT', 'CONNACK', 'PUBLISH', 'PUBACK', 'PUBREC', 'PUBREL', 'PUBCOMP', 'SUBSCRIBE',
         'SUBACK', 'UNSUBSCRIBE', 'UNSUBACK', 'PINGREQ', 'PINGRESP', 'DISCONNECT', 'AUTH']
VERSIONS = {3: '3.1', 4: '3.1.1', 5: '5.0'}
# [MQTT311 3.2.2.3] return codes by the names that MQTT 5 gives the same answers.
RETURN_CODES = {0: 'Success', 1: 'UnsupportedProtocolVersion', 2: 'ClientIdentifierNotValid',
                3: 'ServerUnavailable', 4: 'BadUserNameOrPassword', 5: 'NotAuthorized'}
GRANTED = {0: 'GrantedQoS0', 1: 'GrantedQoS1', 2: 'GrantedQoS2', 128: 'UnspecifiedError'}


def camel(text):
    return ''.join(word[0].upper() + word[1:] for word in re.split(r'[ -]', text) if word)


def reasons(layer, name):
    """(number, name) of each reason code of a packet."""
    for node in layer.all(name + '.reason_code'):
        number = int(node.text, 0)
        told = node.shown.partition(': ')[2].rpartition(' (')[0]
        yield number, camel(told)


def properties(layer, name='properties'):
    """{identifier: [nodes after it]}, the last of each identifier."""
    found, block = {}, layer.get(name)
    current = None
    for kid in block.kids if block else []:
        if kid.name == 'property_id':
            current = found.setdefault(int(kid.text, 0), [])
            current.clear()
        elif current is not None:
            current.append(kid)
    return found


# Properties [MQTT5 2.2.2.2] by the names that tierwatch shows them under.
OF_CLIENT = {0x11: 'client.session_expiry', 0x21: 'client.receive_maximum', 0x27: 'client.maximum_packet_size',
             0x22: 'client.topic_alias_maximum'}
OF_SERVER = {0x11: 'server.session_expiry', 0x13: 'server.keep_alive', 0x21: 'server.receive_maximum',
             0x22: 'server.topic_alias_maximum', 0x24: 'server.maximum_qos', 0x27: 'server.maximum_packet_size'}
OF_SERVER_FLAGS = {0x25: 'server.retain_available', 0x28: 'server.wildcards', 0x29: 'server.subscription_ids',
                   0x2a: 'server.shared_subscriptions'}
OF_MESSAGE = {0x02: 'message_expiry', 0x03: 'content_type', 0x08: 'response_topic'}


def value_of(nodes):
    """A property's number or text; None where tshark has another form for it."""
    for node in nodes:
        if node.name in ('prop_number', 'property.max_qos', 'property.topic_alias'):
            return int(node.text, 0)
        if node.name in ('prop_string', 'property.content_type'):
            return node.text
    return None


def shown_as(found, names, convert=lambda v: v):
    """{path of tierwatch: value, or ABSENT where the property was not sent}."""
    fields = {}
    for number, name in names.items():
        nodes = found.get(number)
        value = value_of(nodes) if nodes else ABSENT
        if value is not None:
            fields['mqtt.' + name] = value if value is ABSENT else convert(value)
    return fields


class Flow:
    def __init__(self):
        self.client, self.facts, self.connect = None, {}, None
        self.waiting, self.published = {}, {}


class Reader:
    def __init__(self):
        self.flows, self.events, self.counts = {}, [], {}

    def feed(self, packet):
        flow = self.flows.setdefault(packet.stream, Flow())
        for _, layer in packet.layers:
            number = layer.int('hdrflags', 'msgtype')
            if number is None:
                continue
            name = TYPES[number]
            self.counts[name] = self.counts.get(name, 0) + 1
            handler = getattr(self, 'on_' + name.lower(), None)
            if handler:
                handler(flow, packet, layer)

    def finish(self):
        for flow in self.flows.values():
            if flow.connect:
                packet, fields = flow.connect
                self.events.append(Expected(None, packet.number, 'connect', {**fields, 'status': None}))
            for packet, action, items in flow.waiting.values():
                for fields in items:
                    self.events.append(Expected(None, packet.number, action, {**fields, 'status': None}))

    def add(self, packet, request, action, fields):
        self.events.append(Expected(packet.number, request and request.number, action, fields))

    def on_connect(self, flow, packet, layer):
        flow.client = packet.src
        version = VERSIONS.get(layer.int('ver'))
        client = layer.str('clientid') or ''
        flow.facts = {'mqtt.version': version, 'mqtt.client_id': client}
        if layer.bool('conflags', 'conflag.uname'):
            flow.facts['mqtt.username'] = layer.str('username')
        else:
            flow.facts['mqtt.username'] = ABSENT
        fields = {'object': client, 'mqtt.keep_alive': layer.int('kalive'),
                  'mqtt.clean_start': layer.bool('conflags', 'conflag.cleansess'), **flow.facts}
        if layer.bool('conflags', 'conflag.willflag'):
            fields.update({'mqtt.will.topic': layer.str('willtopic'),
                           'mqtt.will.qos': layer.int('conflags', 'conflag.qos'),
                           'mqtt.will.retain': layer.bool('conflags', 'conflag.retain'),
                           'mqtt.will.payload_bytes': layer.int('willmsg_len')})
        else:
            fields['mqtt.will'] = ABSENT
        if version == '5.0':
            found = properties(layer)
            fields.update(shown_as(found, {**OF_CLIENT, 0x15: 'auth_method'}))
            if layer.bool('conflags', 'conflag.willflag'):
                will = properties(layer, 'will_properties')
                fields.update(shown_as(will, {0x18: 'will.delay', 0x03: 'will.content_type',
                                              0x08: 'will.response_topic', 0x02: 'message_expiry'}))
        flow.connect = packet, fields

    def on_connack(self, flow, packet, layer):
        request, fields = flow.connect or (None, {})
        flow.connect = None
        fields = dict(fields)
        assigned = properties(layer).get(0x12)
        if assigned:
            name = next(kid.text for kid in assigned if kid.name == 'prop_string')
            flow.facts['mqtt.client_id'] = fields['mqtt.client_id'] = fields['object'] = name
        if flow.facts.get('mqtt.version') == '5.0':
            found = properties(layer)
            fields.update(shown_as(found, OF_SERVER))
            fields.update(shown_as(found, OF_SERVER_FLAGS, bool))
            if 0x13 in found:
                fields['mqtt.keep_alive'] = value_of(found[0x13])
        code = layer.int('conack.val')
        if code is not None:
            fields.update({'mqtt.reason': code, 'status': RETURN_CODES.get(code)})
        for code, name in reasons(layer, 'connack'):
            fields.update({'mqtt.reason': code, 'status': name})
        self.add(packet, request, 'connect', fields)

    def on_publish(self, flow, packet, layer):
        flags = layer.get('hdrflags')
        node = layer.get('msg')
        payload = bytes.fromhex(node.raw) if node is not None else b''
        qos, number = flags.int('qos'), layer.int('msgid')
        fields = {'object': layer.str('topic'), 'mqtt.qos': qos, 'mqtt.retain': flags.bool('retain'),
                  'mqtt.dup': flags.bool('dupflag'), 'mqtt.packet_id': number if qos else ABSENT,
                  'mqtt.payload_bytes': len(payload), 'mqtt.payload_sha256': hashlib.sha256(payload).hexdigest(),
                  'status': ABSENT, **flow.facts}
        alias = properties(layer).get(0x23)
        fields['mqtt.topic_alias'] = next((int(kid.text) for kid in alias), ABSENT) if alias else ABSENT
        if flow.facts.get('mqtt.version') == '5.0':
            fields.update(shown_as(properties(layer), OF_MESSAGE))
        action = 'publish' if flow.client == packet.src else 'deliver'
        if flow.client is None:
            action = 'publish or deliver'
        if qos:
            flow.published[packet.src, number] = fields['object']
        self.add(packet, None, action, fields)

    def refusal(self, flow, packet, layer, name):
        for code, told in reasons(layer, name):
            topic = flow.published.get((packet.dst, layer.int('msgid')))
            if code >= 0x80:
                self.add(packet, None, 'refused', {'object': topic, 'mqtt.reason': code, 'status': told})

    def on_puback(self, flow, packet, layer):
        self.refusal(flow, packet, layer, 'puback')

    def on_pubrec(self, flow, packet, layer):
        self.refusal(flow, packet, layer, 'pubrec')

    def on_subscribe(self, flow, packet, layer):
        number = layer.int('msgid')
        asked = [kid for kid in layer.kids if kid.name in ('sub.qos', 'subscription_options')]
        items = []
        for topic, options in zip(layer.all('topic'), asked):
            qos = int(options.text, 0) if options.name == 'sub.qos' else options.int('subscription_options_qos')
            fields = {'object': topic.text, 'mqtt.packet_id': number, 'mqtt.requested_qos': qos, **flow.facts}
            if options.name == 'subscription_options':
                fields['mqtt.no_local'] = options.bool('subscription_options_nl')
                fields['mqtt.retain_as_published'] = options.bool('subscription_options_rap')
                fields['mqtt.retain_handling'] = options.int('subscription_options_retain')
            items.append(fields)
        flow.waiting[number] = packet, 'subscribe', items

    def on_unsubscribe(self, flow, packet, layer):
        number = layer.int('msgid')
        items = [{'object': topic.text, 'mqtt.packet_id': number, **flow.facts} for topic in layer.all('topic')]
        flow.waiting[number] = packet, 'unsubscribe', items

    def answer(self, flow, packet, number, told):
        request, action, items = flow.waiting.pop(number, (None, None, []))
        for i, fields in enumerate(items):
            if i < len(told):
                fields = {**fields, **told[i]}
            self.add(packet, request, action, fields)

    def on_suback(self, flow, packet, layer):
        told = [{'mqtt.reason': int(node.text), 'status': GRANTED[int(node.text)]}
                for node in layer.all('suback.qos')]
        told += [{'mqtt.reason': code, 'status': name} for code, name in reasons(layer, 'suback')]
        self.answer(flow, packet, layer.int('msgid'), told)

    def on_unsuback(self, flow, packet, layer):
        told = [{'mqtt.reason': code, 'status': name} for code, name in reasons(layer, 'unsuback')]
        waiting = flow.waiting.get(layer.int('msgid'))
        if waiting and not told:
            told = [{'mqtt.reason': ABSENT, 'status': 'Success'}] * len(waiting[2])
        self.answer(flow, packet, layer.int('msgid'), told)

    def on_disconnect(self, flow, packet, layer):
        fields = {'status': 'NormalDisconnection', 'mqtt.reason': ABSENT, **flow.facts}
        for code, name in reasons(layer, 'disconnect'):
            fields.update({'mqtt.reason': code, 'status': name})
        self.add(packet, None, 'disconnect', fields)

    def on_auth(self, flow, packet, layer):
        fields = {'status': 'Success', **flow.facts}
        for code, name in reasons(layer, 'auth'):
            fields.update({'mqtt.reason': code, 'status': name})
        self.add(packet, None, 'authenticate', fields)
