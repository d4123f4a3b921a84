#!/usr/bin/env python3
"""paho on a broker at 127.0.0.1:PORT, in MQTT 3.1, 3.1.1 and 5; or hold the actions seen against what
clients noted. Prints a note (JSON) for each thing that a client did, or TAP.

usage: mqtt_clients.py paho PORT >NOTES
       mqtt_clients.py check EVENTS NOTES...
"""
import collections
import hashlib
import json
import sys
import threading

VERSIONS = {'3.1': 3, '3.1.1': 4, '5.0': 5}


def note(**what):
    print(json.dumps(what), flush=True)


def digest(payload):
    return hashlib.sha256(payload).hexdigest()


PAYLOADS = [b'', b'21.5', b'{"v":1}', b'text', bytes(range(256)), b'\0\0\0\7', b'x' * 70000, b'\xe2\x82\xac']


class Paho:
    def __init__(self, port, version):
        import paho.mqtt.client as paho
        import paho.mqtt.properties as properties
        from paho.mqtt.packettypes import PacketTypes
        self.properties, self.types = properties.Properties, PacketTypes
        self.version, self.id = version, 'paho-%s' % version
        self.five = version == '5.0'
        more = {} if self.five else {'clean_session': True}
        self.client = paho.Client(self.id, protocol=VERSIONS[version], **more)
        self.options = paho.SubscribeOptions
        self.answers, self.got = threading.Semaphore(0), threading.Semaphore(0)
        self.client.on_connect = lambda *_: self.answers.release()
        self.client.on_subscribe = lambda *_: self.answers.release()
        self.client.on_unsubscribe = lambda *_: self.answers.release()
        self.client.on_message = self.on_message
        self.client.username_pw_set('user-' + version, 'pw')
        will = None
        if self.five:
            will = self.properties(PacketTypes.WILLMESSAGE)
            will.WillDelayInterval = 5
        self.client.will_set('state/' + self.id, b'gone', 1, False, properties=will)
        self.client.connect('127.0.0.1', port, 30)
        self.client.loop_start()
        self.wait(self.answers)
        note(action='connect', object=self.id, version=version, username='user-' + version, keep_alive=30,
             will='state/' + self.id, will_delay=5 if self.five else None)

    @staticmethod
    def wait(semaphore):
        if not semaphore.acquire(timeout=20):
            sys.exit('paho waits in vain')

    def on_message(self, _client, _data, m):
        note(action='deliver', client_id=self.id, object=m.topic, qos=m.qos, retain=bool(m.retain),
             sha=digest(m.payload))
        self.got.release()

    def subscribe(self, topic, qos):
        if self.five:
            self.client.subscribe(topic, options=self.options(qos, noLocal=False, retainAsPublished=True))
        else:
            self.client.subscribe(topic, qos)
        self.wait(self.answers)
        note(action='subscribe', client_id=self.id, object=topic, requested_qos=qos,
             retain_as_published=True if self.five else None)

    def publish(self, topic, payload, qos, retain=False):
        asked = None
        if self.five:
            asked = self.properties(self.types.PUBLISH)
            asked.ContentType = 'application/test'
            asked.ResponseTopic = 'reply/' + self.id
            asked.CorrelationData = b'\1\2'
            asked.MessageExpiryInterval = 600
            asked.UserProperty = ('k', 'v')
            if payload != b'' and qos == 0:
                asked.TopicAlias = 1
        note(action='publish', client_id=self.id, object=topic, qos=qos, retain=retain, sha=digest(payload),
             content_type='application/test' if self.five else None, message_expiry=600 if self.five else None,
             correlation='AQI=' if self.five else None)
        self.client.publish(topic, payload, qos, retain, properties=asked).wait_for_publish(20)

    def run(self):
        self.subscribe('%s/#' % self.id, 2)
        for qos in (0, 1, 2):
            for i, payload in enumerate(PAYLOADS):
                self.publish('%s/%d/%d' % (self.id, qos, i), payload, qos, retain=i == 1)
                self.wait(self.got)
        self.client.unsubscribe('%s/#' % self.id)
        self.wait(self.answers)
        note(action='unsubscribe', client_id=self.id, object='%s/#' % self.id)
        self.client.disconnect()
        note(action='disconnect', client_id=self.id)
        self.client.loop_stop()


NAMES = {'client_id': 'client_id', 'qos': 'qos', 'retain': 'retain', 'sha': 'payload_sha256', 'version': 'version',
         'username': 'username', 'keep_alive': 'keep_alive', 'requested_qos': 'requested_qos',
         'content_type': 'content_type', 'message_expiry': 'message_expiry', 'correlation': 'correlation',
         'retain_as_published': 'retain_as_published'}


def key(what):
    return what['action'], what.get('client_id') or what.get('object'), what.get('object')


def told(event):
    """An event in the words of a note."""
    m = event['mqtt']
    what = {'action': event['action'], 'client_id': m['client_id']}
    if event['action'] != 'disconnect':
        what['object'] = event['object']
    for name, own in NAMES.items():
        if own in m:
            what[name] = m[own]
    will = m.get('will', {})
    what.update({'will': will.get('topic'), 'will_delay': will.get('delay')})
    return what


def check(events, notes):
    want, have = collections.defaultdict(list), collections.defaultdict(list)
    for path in notes:
        with open(path, encoding='utf-8') as f:
            for line in f:
                what = json.loads(line)
                want[key(what)].append(what)
    wrong = []
    with open(events, encoding='utf-8') as f:
        for line in f:
            event = json.loads(line)
            if event['protocol'] != 'mqtt' or 'field' in event:
                continue
            if event['action'] in ('malformed', 'gap', 'refused'):
                wrong.append('%s %s' % (event['action'], line.strip()))
                continue
            what = told(event)
            have[key(what)].append(what)
    fields = 0
    for k in sorted(set(want) | set(have), key=str):
        if len(want[k]) != len(have[k]):
            wrong.append('%s: noted %d times, seen %d times' % (k, len(want[k]), len(have[k])))
            continue
        for w, h in zip(want[k], have[k]):
            for name, value in w.items():
                fields += 1
                if h.get(name) != value:
                    wrong.append('%s %s: noted %r, seen %r' % (k, name, value, h.get(name)))
    n = sum(len(v) for v in want.values())
    good = not wrong and n > 0
    print('%s - all %d things that the clients noted are seen once, with %d fields' % (
        'ok' if good else 'not ok', n, fields))
    for line in wrong[:30]:
        print('#', line[:300])
    return 0 if good else 1


def main():
    if sys.argv[1] == 'check':
        return check(sys.argv[2], sys.argv[3:])
    for version in VERSIONS:
        Paho(int(sys.argv[2]), version).run()
    return 0


if __name__ == '__main__':
    sys.exit(main())
