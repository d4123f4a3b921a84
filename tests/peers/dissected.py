"""What tshark makes of a capture: its protocol trees, read from PDML."""
import re
import subprocess
import xml.etree.ElementTree as ElementTree


# Lengths, masks and type ids: compared by what they announce.
STRUCTURAL = re.compile(r'mask$|\.has_|^variant\.ArraySize$|^servicenodeid\.')


class Node:
    """One line of a protocol tree. `name` is the field's name without its protocol, or the label."""
    __slots__ = ('name', 'kind', 'text', 'shown', 'raw', 'kids', 'used')

    def __init__(self, field):
        name = field.get('name', '')
        self.text = field.get('show', '')
        self.shown = field.get('showname', '')
        self.raw = field.get('value', '')
        self.kind = ''
        if name:
            self.name = name.split('.', 1)[-1]
        else:
            self.name, _, self.kind = (part.strip() for part in self.text.partition(':'))
        self.kids = [Node(kid) for kid in field if kid.tag == 'field']
        self.used = False

    def all(self, name):
        return [kid for kid in self.kids if kid.name == name]

    def get(self, *path):
        node = self
        for name in path:
            node = next((kid for kid in node.kids if kid.name == name), None)
            if node is None:
                return None
        node.used = True
        return node

    def take(self):
        """All of it is compared."""
        self.used = True
        for kid in self.kids:
            kid.take()
        return self

    def leaves(self, path=''):
        """(path, is it compared) of what it holds, elements of arrays without their number."""
        name = re.sub(r'^\[\d+\]$', '[]', self.name)
        if STRUCTURAL.search(name):
            return
        path = path + '/' + name if path else name
        if not self.kids:
            yield path, self.used
        for kid in self.kids:
            yield from kid.leaves(path)

    def kinds(self):
        """Types of the structures and values in it that are compared."""
        if self.kids and self.used and self.kind:
            yield self.kind
        for kid in self.kids:
            yield from kid.kinds()

    def str(self, *path):
        """A string; None where it is missing or null."""
        node = self.get(*path)
        return None if node is None or node.is_null() else node.text

    def int(self, *path):
        node = self.get(*path)
        return None if node is None else int(node.text, 0)

    def bool(self, *path):
        number = self.int(*path)
        return None if number is None else bool(number)

    def is_null(self):
        return 'OpcUa Null' in self.shown

    def enum(self, *path):
        """The name that tshark gives a number: 'Label: Name (0x...)'."""
        node = self.get(*path)
        return None if node is None else re.sub(r' \(\w+\)$', '', node.shown.partition(': ')[2])

    def items(self, name):
        """The elements of an array; None where there is none or it is null."""
        array = self.get(name)
        if array is None:
            return None
        size = array.int('variant.ArraySize')
        if size is not None and size < 0:
            return None
        kids = [kid for kid in array.kids if kid.name != 'variant.ArraySize']
        for kid in kids:
            kid.used = True
        return kids


class Packet:
    __slots__ = ('number', 'stream', 'src', 'dst', 'macs', 'time', 'layers')

    def __init__(self, element):
        self.layers = []
        address, port, mac = {}, {}, {}
        self.number, self.stream, self.time = 0, None, ''
        for proto in element:
            name = proto.get('name')
            if name == 'geninfo':
                fields = {f.get('name'): f for f in proto}
                self.number, self.time = int(fields['num'].get('show')), fields['timestamp'].get('show')
                continue
            if name in ('opcua', 'mqtt'):
                self.layers.append((name, Node(proto)))
                continue
            for field in proto:
                key = field.get('name')
                if key in ('ip.src', 'ipv6.src', 'ip.dst', 'ipv6.dst'):
                    address[key[-3:]] = field.get('show')
                elif key in ('eth.src', 'eth.dst', 'sll.src.eth'):
                    mac['dst' if key == 'eth.dst' else 'src'] = field.get('show')
                elif key in ('tcp.srcport', 'tcp.dstport'):
                    port[key[4:7]] = int(field.get('show'))
                elif key == 'tcp.stream':
                    self.stream = int(field.get('show'))
        self.src = (address.get('src'), port.get('src'))
        self.dst = (address.get('dst'), port.get('dst'))
        self.macs = {self.src: mac.get('src'), self.dst: mac.get('dst')}


def packets(capture, protocol, ports):
    """The packets in which tshark completes a message of the protocol. Raises on failure."""
    command = ['tshark', '-r', capture, '-n', '-o', 'tcp.reassemble_out_of_order:TRUE', '-T', 'pdml',
               '-J', 'eth sll ip ipv6 tcp ' + protocol, '-Y', protocol]
    for port in sorted(ports):
        command += ['-d', 'tcp.port==%d,%s' % (port, protocol)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        for _, element in ElementTree.iterparse(process.stdout):
            if element.tag == 'packet':
                yield Packet(element)
                element.clear()
        process.stdout.close()
        complaint = process.stderr.read().decode(errors='replace')
        # 2: the capture is cut short; what is whole was shown.
        if process.wait() not in (0, 2):
            raise RuntimeError('tshark: ' + complaint.strip())


def version():
    """'4.0.17', or None when there is no tshark."""
    try:
        text = subprocess.run(['tshark', '--version'], capture_output=True, text=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    found = re.search(r'\b(\d+\.\d+\.\d+)\b', text)
    return found and found[1]
