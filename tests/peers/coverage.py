"""What is compared at all: every OPC UA service and type, every capture, every field that either program shows of one.

SERVICES, TYPES and STRUCTURES below list what must be among the messages. captures.txt lists the captures of the corpus. uncompared.txt lists the fields that one side shows and the other has
no counterpart for, each with its reason. What is in neither fails; so does a line that nothing needs."""
import fnmatch
import os

# Compared by where an event stands among the others, or the same in all of them.
PLACES = {'packet', 'request_packet', 'protocol', 'action', 'flow', 'truncated'}

# [UA4 5] Each answered and refused; what a session does not need is answered alone.
SERVICES = """FindServers FindServersOnNetwork GetEndpoints RegisterServer RegisterServer2 CreateSession ActivateSession
    CloseSession Cancel AddNodes AddReferences DeleteNodes DeleteReferences Browse BrowseNext
    TranslateBrowsePathsToNodeIds RegisterNodes UnregisterNodes QueryFirst QueryNext Read HistoryRead Write HistoryUpdate
    Call CreateMonitoredItems ModifyMonitoredItems SetMonitoringMode SetTriggering DeleteMonitoredItems
    CreateSubscription ModifySubscription SetPublishingMode Publish Republish TransferSubscriptions
    DeleteSubscriptions""".split()
ANSWERED_ALONE = ['Hello', 'OpenSecureChannel', 'CloseSecureChannel']
# SessionlessInvoke [UA4 6.3] is missing: tshark 4.0 does not know it. tests/unit/test_opcua_details.c has it.

# [UA6 5.1.2] By themselves and in arrays; a Variant holds no Variant and no DiagnosticInfo by itself.
SCALARS = """Boolean SByte Byte Int16 UInt16 Int32 UInt32 Int64 UInt64 Float Double String DateTime Guid ByteString
    XmlElement NodeId ExpandedNodeId StatusCode QualifiedName LocalizedText ExtensionObject DataValue""".split()
TYPES = SCALARS + [t + '[]' for t in SCALARS + ['Variant', 'DiagnosticInfo']]

# What an ExtensionObject holds in the messages themselves, and what plants read as values. Not among them, since
# tshark 4.0 does not know them: RolePermissionType, ReadAnnotationDataDetails, ReadEventDetails with ReadModified,
# HistoryModifiedEvent (tests/unit/test_opcua_past.c, test_opcua_value.c).
STRUCTURES = """ReadRawModifiedDetails ReadEventDetails ReadProcessedDetails ReadAtTimeDetails HistoryData
    HistoryModifiedData HistoryEvent UpdateDataDetails UpdateStructureDataDetails UpdateEventDetails
    DeleteRawModifiedDetails DeleteAtTimeDetails DeleteEventDetails DataChangeFilter EventFilter AggregateFilter
    EventFilterResult AggregateFilterResult ElementOperand LiteralOperand AttributeOperand SimpleAttributeOperand
    DataChangeNotification EventNotificationList StatusChangeNotification MdnsDiscoveryConfiguration ObjectAttributes
    VariableAttributes MethodAttributes ObjectTypeAttributes VariableTypeAttributes ReferenceTypeAttributes
    DataTypeAttributes ViewAttributes Range EUInformation Argument BuildInfo ServerStatusDataType EnumValueType
    TimeZoneDataType Annotation StatusResult ModelChangeStructureDataType SemanticChangeStructureDataType
    RedundantServerDataType ServerDiagnosticsSummaryDataType SamplingIntervalDiagnosticsDataType
    SessionDiagnosticsDataType SessionSecurityDiagnosticsDataType SubscriptionDiagnosticsDataType AxisInformation XVType
    ComplexNumberType DoubleComplexNumberType ApplicationDescription ModificationInfo""".split()
TOKENS = ['anonymous', 'username', 'certificate', 'issued']


def table(path, columns):
    """Rows of `a | b | reason`, with their line numbers."""
    rows = []
    with open(path, encoding='utf-8') as f:
        for number, line in enumerate(f, 1):
            if not line.strip() or line.startswith('#'):
                continue
            row = [c.strip() for c in line.split('|')]
            if len(row) != columns or not all(row):
                raise SystemExit('%s:%d: %d columns are wanted' % (path, number, columns))
            rows.append((number, row))
    return rows


def members(event, wanted, prefix=''):
    """Keys of an event with their objects', no deeper than what is compared as a whole."""
    for key, value in event.items():
        name = prefix + key
        if isinstance(value, dict) and name not in wanted:
            yield from members(value, wanted, name + '.')
        else:
            yield name


class Fields:
    """Fields seen on either side, and those of them that were compared at least once."""

    def __init__(self):
        self.shown, self.compared = set(), set()
        self.services, self.types, self.tokens, self.structures = set(), set(), set(), set()
        self.used, self.unused = set(), set()

    def event(self, action, wanted, event, protocol):
        if protocol != 'opcua':
            return
        service = event['opcua'].get('service') or action
        self.kinds(service, event)
        for name in members(event, wanted):
            if name.split('.')[0] in PLACES:
                continue
            self.shown.add((service, name))
            if name in wanted:
                self.compared.add((service, name))

    def kinds(self, service, event):
        self.services.add((service, 'answered' if event.get('status') == 'Good' else
                           'refused' if event.get('status') else 'unanswered'))
        if event.get('type'):
            self.types.add(event['type'])
        if service == 'ActivateSession':
            self.tokens.add(event['opcua'].get('user_token'))

    def lacking(self):
        """(what must be compared, what of it was not)."""
        wanted = [(s, 'answered') for s in SERVICES + ANSWERED_ALONE] + [(s, 'refused') for s in SERVICES]
        rows = [(wanted, self.services), (TYPES, self.types), (TOKENS, self.tokens), (STRUCTURES, self.structures)]
        return [len(names) for names, _ in rows], \
            [str(name) for names, seen in rows for name in names if name not in seen]

    def reader(self, reader):
        self.structures |= getattr(reader, 'kinds', set())
        self.used |= getattr(reader, 'used', set())
        self.unused |= getattr(reader, 'unused', set())

    def left(self, path, whole):
        """(side, field) that no row of uncompared.txt excuses, and rows that excuse nothing."""
        rows = [(number, row, [0]) for number, row in table(path, 3)]
        left = []
        for side, field in [('tierwatch', '/'.join(f)) for f in sorted(self.shown - self.compared)] + \
                           [('tshark', f) for f in sorted(self.unused - self.used)]:
            taken = [times for _, row, times in rows if row[0] == side and fnmatch.fnmatchcase(field, row[1])]
            for times in taken:
                times[0] += 1
            if not taken:
                left.append('%s shows %s, which is not compared' % (side, field))
        idle = [number for number, _, times in rows if not times[0]] if whole else []
        return left + ['uncompared.txt, line %d: nothing needs it' % number for number in idle]


def captures(path, base, compared, given):
    """Complaints: a capture with OPC UA that is not listed, one listed that was not compared."""
    listed = {row[0]: row[1] for _, row in table(path, 3)}
    complaints = ['%s: has OPC UA and is not listed in captures.txt' % name for name in sorted(compared - set(listed))]
    for name, how in sorted(listed.items()):
        if not os.path.exists(os.path.join(base, name)):
            complaints.append('%s: is listed and not in the corpus' % name)
        elif name in given and (how == 'fields') != (name in compared):
            complaints.append('%s: is listed as %s, and it %s' % (
                name, how, 'was compared' if name in compared else 'was not'))
    return complaints, sum(name in given for name in listed)
