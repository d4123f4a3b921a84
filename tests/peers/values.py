"""tshark's OPC UA values in the form that tierwatch prints."""
import base64
import datetime
import math
import re
import struct

# [UA6 5.1.2] the built-in types, by their number in a Variant.
TYPES = [None, 'Boolean', 'SByte', 'Byte', 'Int16', 'UInt16', 'Int32', 'UInt32', 'Int64', 'UInt64', 'Float',
         'Double', 'String', 'DateTime', 'Guid', 'ByteString', 'XmlElement', 'NodeId', 'ExpandedNodeId',
         'StatusCode', 'QualifiedName', 'LocalizedText', 'ExtensionObject', 'DataValue', 'Variant',
         'DiagnosticInfo']


class Exact:
    """A Float or Double by its bytes: tshark prints 6 or 15 digits."""

    def __init__(self, node, form):
        self.text, self.raw, self.form = node.text, bytes.fromhex(node.raw), form

    def __eq__(self, other):
        if isinstance(other, str):
            other = {'NaN': math.nan, 'Infinity': math.inf, '-Infinity': -math.inf}.get(other)
        if not isinstance(other, (int, float)) or isinstance(other, bool):
            return False
        mine = struct.unpack(self.form, self.raw)[0]
        return math.isnan(other) if math.isnan(mine) else struct.pack(self.form, other) == self.raw or mine == other

    def __repr__(self):
        return self.text


class Skipped:
    """A value that is there, and not compared."""

    def __eq__(self, other):
        return True

    def __repr__(self):
        return '(any)'


class OneOf:
    """A number that may as well be shown by its name."""

    def __init__(self, *forms):
        self.forms = forms

    def __eq__(self, other):
        return any((isinstance(f, Exact) or type(f) is type(other)) and f == other for f in self.forms)

    def __repr__(self):
        return ' or '.join(map(repr, self.forms))


class TooLong:
    """An array that tshark does not look into."""

    def __repr__(self):
        return '(array too long for tshark)'


class Structure:
    """A structure's leaves in order, whatever its fields are called. Secrets may be hidden."""

    def __init__(self, leaves):
        self.leaves = leaves

    def __eq__(self, other):
        if not isinstance(other, dict):
            return False
        got = list(leaves_of(other))
        return len(got) == len(self.leaves) and all(
            g == '(redacted)' or w == g for w, g in zip(self.leaves, got))

    def __repr__(self):
        return repr(self.leaves)


class EventFields:
    """Fields of an event in the order of the filter's names, which are the keys where they fit."""

    def __init__(self, told, names):
        self.told, self.names = told, names

    def __eq__(self, other):
        if self.names is not None and len(self.names) == len(self.told) == len(set(self.names)):
            return isinstance(other, dict) and list(other) == self.names and \
                all(w == g for w, g in zip(self.told, other.values()))
        return isinstance(other, list) and len(other) == len(self.told) and \
            all(w == g for w, g in zip(self.told, other))

    def __repr__(self):
        return '%s %s' % (self.names, self.told)


def leaves_of(value):
    if isinstance(value, dict):
        for inner in value.values():
            yield from leaves_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves_of(inner)
    else:
        yield value


def date_time(text):
    """'Nov 23, 2026 20:43:33.844000100 UTC' with microseconds, as decode prints them."""
    match = re.match(r'(\w+ +\d+, \d{4} \d+:\d+:\d+)\.(\d+)', text)
    if match is None:
        return text
    moment = datetime.datetime.strptime(match[1], '%b %d, %Y %H:%M:%S')
    return moment.strftime('%Y-%m-%dT%H:%M:%S.') + match[2][:6] + 'Z'


def moments(text):
    """A packet's time as decode may print it: six digits, nine in captures of nanoseconds."""
    match = re.match(r'.*\.(\d{9}) ', text)
    short = date_time(text)
    return (short, short[:-7] + match[1] + 'Z') if match else short


# What a 64-bit count of nanoseconds since 1970 can say first; tshark says nothing sensible of what is before.
EARLIEST, EARLIEST_TICKS = '1677-09-21T00:12:43.145224Z', 116444736000000000 - 2 ** 63 // 100


def moment(node):
    """A DateTime; None where it says that there is none."""
    ticks = int.from_bytes(bytes.fromhex(node.raw), 'little', signed=True)
    if ticks in (0, 2 ** 63 - 1, -2 ** 63):
        return None
    return EARLIEST if ticks < EARLIEST_TICKS else date_time(node.text)


def octets(node):
    """A ByteString in base64. Its text may be shortened, its bytes are all there."""
    return None if node.is_null() else base64.b64encode(bytes.fromhex(node.raw)).decode()


def status(node):
    """The name of a status code; hexadecimal where tshark has none."""
    if node is None:
        return 'Good'
    name = re.search(r'\[(\w+)\]$', node.shown)
    return name[1] if name and name[1] != 'Unknown' else node.text


def node_id(node):
    """A NodeId or ExpandedNodeId as in Part 6."""
    if node is None:
        return None
    node.take()
    index = node.int('nodeid.nsindex') or 0
    kinds = {'nodeid.numeric': ('i', lambda n: n.text), 'nodeid.string': ('s', lambda n: n.text),
             'nodeid.guid': ('g', lambda n: n.text.upper()),
             'nodeid.bytestring': ('b', lambda n: octets(n) or '')}
    for name, (letter, form) in kinds.items():
        found = node.get(name)
        if found is not None:
            text = '%s=%s' % (letter, form(found))
            break
    else:
        return None
    uri, server = node.get('NamespaceUri'), node.int('expandednodeid.ServerIndex')
    if uri is not None and not uri.is_null():
        text = 'nsu=%s;%s' % (uri.text.replace('%', '%25').replace(';', '%3B'), text)
    elif index:
        text = 'ns=%d;%s' % (index, text)
    return 'svr=%d;%s' % (server, text) if server else text


def qualified_name(node):
    name, index = node.str('qualname.Name'), node.int('qualname.Id')
    if name is None:
        return None if not index else '%d:' % index
    return '%d:%s' % (index, name) if index else name


# Members of structures that tierwatch does not show.
LEFT_OUT = {'ClientCertificate', 'SelectClauseDiagnosticInfos', 'OperandDiagnosticInfos', 'ElementDiagnosticInfos',
            'expert'}


def structure(node):
    """The leaves of a decoded ExtensionObject's body."""
    leaves = []
    for kid in node.kids:
        if kid.name == 'variant.ArraySize' or kid.name.endswith('mask') or kid.name in LEFT_OUT:
            continue
        if kid.kind in FORMS:
            form = FORMS[kid.kind](kid)
            leaves += form.leaves if isinstance(form, Structure) else leaves_of(form)
        elif kid.kind.startswith('Array of'):
            leaves += array_leaves(kid)
        elif kid.kids:
            leaves += structure(kid)
        else:
            leaves.append(leaf(kid))
    return leaves


def array_leaves(node):
    size = node.int('variant.ArraySize')
    if too_long(node):
        return [TooLong()]
    if size is not None and size < 0:
        return [None]
    form = FORMS.get(node.kind[len('Array of '):])
    leaves = []
    for kid in node.kids:
        if kid.name == 'variant.ArraySize':
            continue
        if form:
            made = form(kid)
            leaves += made.leaves if isinstance(made, Structure) else [made]
        elif kid.kids:
            leaves += structure(kid)
        else:
            leaves.append(leaf(kid))
    return leaves


def too_long(node):
    return any(kid.text.startswith('Array length ') for kid in node.kids)


def leaf(node):
    """A field of a structure: tshark tells its type only by how it prints it."""
    if node.is_null():
        return None
    told, text = node.shown.partition(': ')[2], node.text
    if told in ('True', 'False'):
        return told == 'True'
    named = re.fullmatch(r'(\w+) \(\w+\)', told)
    if named:
        return OneOf(int(text, 0), named[1])
    if re.fullmatch(r'0x[0-9a-f]{8}', text):
        return OneOf(int(text, 0), status(node))
    if re.fullmatch(r'-?\d+(\.\d+)?(e[-+]?\d+)?', text):
        forms = [Exact(node, '<d')] if len(node.raw) == 16 else []
        return OneOf(*forms, int(text) if text.lstrip('-').isdigit() else text, text)
    if re.fullmatch(r'[0-9a-f]{2}(:[0-9a-f]{2})*', text):
        return octets(node)
    if not text.endswith(' UTC'):
        return text
    # tshark takes the beginning of OPC UA's time for that of its own.
    return date_time(text) if node.raw.strip('0') else '1601-01-01T00:00:00.000000Z'


def extension_object(node):
    """A Structure; None of an empty one; its type and bytes where tshark does not know it."""
    mask, type_id = node.int('extobj.mask'), node_id(node.get('TypeId'))
    if mask == 0 and type_id == 'i=0':
        return None
    node.take()
    bodies = [kid for kid in node.kids if kid.kind and kid.name != 'TypeId']
    if bodies and bodies[0].kids:
        return Structure(structure(bodies[0]))
    return Structure([type_id, None if mask == 0 else Skipped()])


def data_value(node):
    inner = node.get('Value')
    return None if inner is None else variant(inner)[0]


FORMS = {
    'Boolean': lambda n: n.text not in ('0', 'False'),
    'Float': lambda n: Exact(n, '<f'),
    'Double': lambda n: Exact(n, '<d'),
    'String': lambda n: None if n.is_null() else n.text,
    'XmlElement': lambda n: None if n.is_null() else bytes.fromhex(n.raw).decode(),
    'DateTime': lambda n: date_time(n.text),
    'Guid': lambda n: n.text.upper(),
    'ByteString': octets,
    'NodeId': node_id,
    'ExpandedNodeId': node_id,
    'StatusCode': status,
    'QualifiedName': qualified_name,
    'LocalizedText': lambda n: n.str('loctext.Text'),
    'ExtensionObject': extension_object,
    'DataValue': data_value,
    'Variant': lambda n: variant(n)[0],
    # tshark swaps Locale and LocalizedText of a DiagnosticInfo.
    'DiagnosticInfo': lambda n: Skipped(),
}
for integer in ('SByte', 'Byte', 'Int16', 'UInt16', 'Int32', 'UInt32', 'Int64', 'UInt64'):
    FORMS[integer] = lambda n: int(n.text, 0)


def diagnostic_info(node, table=()):
    """What a DiagnosticInfo says, by the names of decode; its numbers are places in the table of strings. tshark
    reads Locale and LocalizedText in the wrong order where there are both."""
    if node is None:
        return None
    node.take()
    read = {name: node.get('diag.' + name) for name in ('SymbolicId', 'Namespace', 'Locale', 'LocalizedText')}
    if read['Locale'] is not None and read['LocalizedText'] is not None:
        read['Locale'], read['LocalizedText'] = read['LocalizedText'], read['Locale']
    said = {}
    for key, name in (('symbolic_id', 'SymbolicId'), ('namespace_uri', 'Namespace'), ('locale', 'Locale'),
                      ('localized_text', 'LocalizedText')):
        if read[name] is not None:
            place = int(read[name].text)
            said[key] = table[place] if 0 <= place < len(table) else None
    if node.get('diag.AdditionalInfo') is not None:
        said['additional_info'] = node.str('diag.AdditionalInfo')
    if node.get('diag.InnerStatusCode') is not None:
        said['inner_status'] = status(node.get('diag.InnerStatusCode'))
    inner = diagnostic_info(node.get('Inner DiagnosticInfo'), table)
    if inner is not None:
        said['inner'] = inner
    return said


def dimensions(node):
    """ArrayDimensions of a Variant, or None."""
    found = node.items('ArrayDimensions') if node is not None else None
    return [int(d.text, 0) for d in found] if found else None


def variant(node):
    """(value, type) of a Variant; (None, None) of an empty one."""
    encoding = node.int('variant.has_value')
    if not encoding:
        return None, None
    name = TYPES[encoding & 0x3f] if (encoding & 0x3f) < len(TYPES) else None
    node.take()
    rest = [kid for kid in node.kids if kid.name not in ('variant.has_value', 'ArrayDimensions')]
    if name is None or not rest:
        return Skipped(), name
    if not encoding & 0x80:
        return FORMS[name](rest[0]), name
    size = rest[0].int('variant.ArraySize')
    if too_long(rest[0]):
        return TooLong(), name + '[]'
    if size is not None and size < 0:
        return None, name + '[]'
    return [FORMS[name](kid) for kid in rest[0].kids if kid.name != 'variant.ArraySize'], name + '[]'
