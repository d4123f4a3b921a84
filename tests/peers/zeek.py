"""Zeek's baseline logs of the icsnpp OPC UA analyser against what tierwatch shows of the same traces."""
import collections
import os

TRACES = {
    'analyzer.basic': 'open62541_client-server_mainloop.pcap',
    'analyzer.data-gap': 'opcua_with-gap.pcap',
    'analyzer.data-gap_with-handshake': 'opcua_with-gap_with-handshake.pcap',
    'analyzer.no-handshake': 'open62541_client-server_mainloop-no-handshake.pcap',
    'analyzer.non-standard-port': 'open62541_client-server_mainloop-not-localhost-non-standard-port.pcap',
}
DIRECTIONS = {'FWD': 'forward', 'INV': 'inverse', 'BOTH': 'both'}


def node_id(columns):
    """From encoding, namespace, numeric, string, guid, opaque."""
    _, index, number, text, guid, opaque = columns
    for letter, value in (('i', number), ('s', text), ('g', guid.upper()), ('b', opaque)):
        if value != '-':
            break
    return ('' if index in ('-', '0') else 'ns=%s;' % index) + '%s=%s' % (letter, value)


def absent(text):
    return None if text in ('-', '(empty)', '') else text


def number(text):
    return float(text)


def of(event, *names):
    o = event['opcua']
    return tuple(event.get('object') if n == 'object' else o.get(n) or None for n in names)


# log: (is it of the requests, what a line says, service, what an event says). Counted as often as they occur.
ITEMS = {
    'read_nodes_to_read': (True, lambda c: (node_id(c[11:17]), c[18]), 'Read',
                           lambda e: of(e, 'object', 'attribute')),
    'write': (True, lambda c: (node_id(c[11:17]), c[18], absent(c[19])), 'Write',
              lambda e: of(e, 'object', 'attribute', 'index_range')),
    'browse_description': (True, lambda c: (node_id(c[11:17]), DIRECTIONS[c[17]]), 'Browse',
                           lambda e: of(e, 'object', 'direction')),
    'create_monitored_items_create_item': (
        True, lambda c: (node_id(c[11:17]), c[17], c[21], int(c[22])), 'CreateMonitoredItems',
        lambda e: of(e, 'object', 'attribute', 'monitoring_mode', 'client_handle')),
    'create_session': (
        True, lambda c: tuple(map(absent, (c[11], c[12], c[15], c[20], c[21]))), 'CreateSession',
        lambda e: of(e, 'application_uri', 'product_uri', 'application_name', 'endpoint_url', 'session_name')),
    'get_endpoints': (True, lambda c: (absent(c[11]),), 'GetEndpoints', lambda e: of(e, 'object')),
    'close_session': (True, lambda c: (c[11] == 'T',), 'CloseSession', lambda e: of(e, 'delete_subscriptions')),
    'activate_session': (True, lambda c: (c[22] if c[19].startswith('UserName') else 'anonymous',),
                         'ActivateSession', lambda e: of(e, 'user')),
    'create_subscription': (
        False, lambda c: (int(c[17]), number(c[18]), int(c[19]), int(c[20])), 'CreateSubscription',
        lambda e: of(e, 'subscription', 'publishing_interval', 'lifetime_count', 'keep_alive_count')),
}


def lines_of(path):
    if not os.path.exists(path):
        return []
    with open(path, encoding='utf-8') as f:
        return [line.rstrip('\n').split('\t') for line in f if not line.startswith('#')]


def compare(folder, traces, decode, counted):
    """Yields (name, differences, lines compared) of each trace."""
    for test, capture in TRACES.items():
        logs, trace = os.path.join(folder, test), os.path.join(traces, capture)
        if not os.path.isdir(logs) or not os.path.exists(trace):
            continue
        name = 'zeek ' + test
        events = [e for e in decode(trace) if e['protocol'] == 'opcua']
        differences, total = [], 0
        for log, (requests, say, service, tell) in ITEMS.items():
            lines = [c for c in lines_of(os.path.join(logs, 'opcua_binary_%s.log' % log))
                     if c[6] == ('T' if requests else 'F')]
            want = collections.Counter(map(say, lines))
            got = collections.Counter(tell(e) for e in events if e['opcua'].get('service') == service and
                                      (not requests or 'request_packet' in e))
            total += len(lines)
            for line in sorted(set(want) | set(got), key=str):
                if want[line] != got[line]:
                    differences.append((name, log, str(line), str(want[line]), str(got[line])))
        lines, more = messages(lines_of(os.path.join(logs, 'opcua_binary.log')), counted(trace)['opcua'], name)
        yield name, differences + more, total + lines


def messages(lines, counts, name):
    """Messages by type, and services by name: a line holds a request and its response."""
    want = collections.Counter()
    for columns in lines:
        if columns[6] in ('HEL', 'ACK', 'ERR'):
            want[columns[6]] += 1
        want.update(c for c in columns[24:] if c.endswith(('Request', 'Response')) or c == 'ServiceFault')
    differences = []
    for key in sorted(want):
        if not key.startswith('OpenSecureChannel') and want[key] != counts.get(key, 0):
            differences.append((name, 'count', key, str(want[key]), str(counts.get(key, 0))))
    return len(lines), differences
