"""The EVE lines that Suricata wrote about MQTT, against the actions of tierwatch.

Suricata misses what is not on port 1883 and gives up on connections that it does not understand: what it
tells must be here, not the other way round. Within a connection lines are compared as a set, because it
writes a PUBLISH when its acknowledgement has come."""
import collections
import ipaddress
import json
import os

FOLDERS = {'selfgen': 'generated'}


def logs(folder):
    """(log, name of its capture without ending) of each log."""
    for name in sorted(os.listdir(folder)):
        if name.endswith('.jsonl'):
            origin, _, rest = name[:-len('.jsonl')].partition('_')
            yield os.path.join(folder, name), os.path.join('mqtt', FOLDERS.get(origin, origin), rest)


def capture_of(corpus, name):
    """Folders of a capture's name are joined by _ in the log's."""
    folder, _, rest = name.rpartition('/')
    for path in (rest, rest.replace('_', '/', 1)):
        full = os.path.join(corpus, folder, path)
        if os.path.exists(full):
            return full, os.path.join(folder, path)
    return None, name


def flow(a_ip, a_port, b_ip, b_port):
    return frozenset(((str(ipaddress.ip_address(a_ip)), a_port), (str(ipaddress.ip_address(b_ip)), b_port)))


def told_by_suricata(line):
    """(what, fields) of one EVE line."""
    m = line['mqtt']
    if 'connect' in m:
        c = m['connect']
        fields = {'client_id': c.get('client_id') or None, 'username': c.get('username'),
                  'clean_start': c['flags']['clean_session'], 'will': c.get('will', {}).get('topic'),
                  'will_retain': c['flags']['will_retain']}
        for name in ('session_expiry_interval', 'receive_maximum', 'maximum_packet_size', 'topic_alias_maximum'):
            fields[name] = c.get('properties', {}).get(name)
        if not fields['client_id']:
            del fields['client_id']  # the server gives one, which it does not tell
        if 'connack' in m:
            fields['reason'] = m['connack']['return_code']
        yield 'connect', fields
    if 'publish' in m:
        p = m['publish']
        yield 'publish', {'object': p['topic'], 'qos': p['qos'], 'retain': p['retain'], 'dup': p['dup'],
                          'packet_id': p.get('message_id')}
    for name, filters in (('subscribe', m.get('subscribe')), ('unsubscribe', m.get('unsubscribe'))):
        granted = m.get('suback', {}).get('qos_granted') or m.get('unsuback', {}).get('reason_codes') or []
        for i, item in enumerate(filters['topics'] if filters else []):
            fields = {'object': item['topic'] if name == 'subscribe' else item,
                      'packet_id': filters['message_id']}
            if name == 'subscribe':
                fields['requested_qos'] = item['qos']
                fields['reason'] = granted[i] if i < len(granted) else None
            yield name, fields


def told_by_us(event, what, names):
    m = event['mqtt']
    own = {**m, 'object': event.get('object'), 'will': m.get('will', {}).get('topic'),
           'will_retain': m.get('will', {}).get('retain', False)}
    own['client_id'] = m['client_id'] or None
    client = m.get('client', {})
    own.update({'session_expiry_interval': client.get('session_expiry'),
                'receive_maximum': client.get('receive_maximum'),
                'maximum_packet_size': client.get('maximum_packet_size'),
                'topic_alias_maximum': client.get('topic_alias_maximum')})
    return what, tuple((n, own.get(n)) for n in names)


def compare(path, events):
    """Differences (what, field, Suricata says, tierwatch says), and how many lines were compared."""
    ours = collections.defaultdict(list)
    for event in events:
        if event['protocol'] == 'mqtt' and 'field' not in event:
            a, b = event['src'], event['dst']
            what = {'deliver': 'publish'}.get(event['action'], event['action'])
            ours[flow(a['ip'], a['port'], b['ip'], b['port']), what].append(event)
    lines, used = 0, collections.Counter()
    with open(path, encoding='utf-8') as f:
        for text in f:
            line = json.loads(text)
            if line['event_type'] != 'mqtt':
                continue
            place = flow(line['src_ip'], line['src_port'], line['dest_ip'], line['dest_port'])
            for what, fields in told_by_suricata(line):
                lines += 1
                want = what, tuple(fields.items())
                have = sum(told_by_us(e, what, fields) == want for e in ours[place, what])
                used[place, want] += 1
                if used[place, want] > have:
                    near = [dict(told_by_us(e, what, fields)[1]) for e in ours[place, what]]
                    yield what, 'suricata', json.dumps(fields), json.dumps(near[:3]), lines
    yield None, None, None, None, lines
