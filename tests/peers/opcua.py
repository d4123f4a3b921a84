"""The actions that tshark's view of OPC UA asks tierwatch to show."""
import hashlib

import values
from values import diagnostic_info, node_id, status, variant

ABSENT = '(absent)'


# Services whose events are the server's.
SERVERS = {'Publish': 'server', 'Republish': 'server'}


class Message:
    def __init__(self, packet, layer):
        self.packet, self.layer = packet, layer
        self.type, self.chunk = layer.str('transport.type'), layer.str('transport.chunk')
        self.request_id = layer.int('security.rqid')
        self.channel = layer.int('transport.scid')
        holder = layer.get('OpcUa Service') or layer.get('Message')
        self.service, self.body = None, None
        if holder is not None:
            self.body = next((k for k in holder.kids if k.name != 'TypeId'), None)
            self.service = self.body.name if self.body is not None else None
            if self.body is not None and not self.body.kids:
                self.body = None  # the service is known, its body was not read

    def header(self):
        return self.body and (self.body.get('RequestHeader') or self.body.get('ResponseHeader'))


class Flow:
    """One TCP connection."""

    def __init__(self):
        self.hello, self.opens, self.requests = None, [], {}
        self.policy, self.mode = None, None
        # Messages of the channel, and whether tshark could read any.
        self.messages, self.readable = 0, False


class Expected:
    def __init__(self, packet, request, action, fields):
        self.packet, self.request, self.action, self.fields = packet, request, action, fields


class Reader:
    """Feeds on packets in order; `events` are the actions, `counts` the messages by type and service."""

    def __init__(self):
        self.flows, self.events, self.counts = {}, [], {}
        # Paths of the fields that tshark shows: those that something here looked at, and the others.
        self.used, self.unused = set(), set()
        self.kinds = set()  # names of the structures that it shows decoded
        self.sessions, self.monitored, self.points, self.items, self.aliases = {}, {}, {}, {}, {}
        self.selects = {}  # names of the fields that an event filter asked for

    def feed(self, packet):
        flow = self.flows.setdefault(packet.stream, Flow())
        for _, layer in packet.layers:
            message = Message(packet, layer)
            if message.type is None:
                continue
            self.count(message.type)
            if message.type in ('MSG', 'CLO'):
                flow.messages += 1
                flow.readable |= message.service is not None
            handler = {'HEL': self.hello, 'ACK': self.acknowledge, 'ERR': self.error, 'OPN': self.open,
                       'CLO': self.close, 'MSG': self.message}.get(message.type)
            if handler:
                handler(flow, message)
            if message.type in ('HEL', 'ACK', 'ERR'):
                self.look_over(message)

    def finish(self):
        for flow in self.flows.values():
            if flow.policy not in (None, 'None') and not flow.readable:
                self.count('encrypted', flow.messages)
                if flow.policy.endswith(('AesGcm', 'ChaChaPoly')):
                    self.count('encrypted_aead', flow.messages)
            if flow.hello is not None:
                self.add(None, flow.hello, 'connect', {'status': None})
            for request in flow.requests.values():
                self.service(flow, request, None)

    def look_over(self, message):
        """Which of a message's fields were compared, once all was read that is read of it."""
        if message is None:
            return
        self.kinds |= set(message.layer.kinds())
        for path, used in message.layer.leaves():
            parts = [p for p in path.split('/') if p not in ('opcua', 'Message', 'OpcUa Service')]
            if parts[0].startswith(('transport.', 'security.')):
                parts.insert(0, message.type)
            elif len(parts) > 1 and parts[1] in ('RequestHeader', 'ResponseHeader'):
                del parts[0]
            (self.used if used else self.unused).add('/'.join(parts))

    def count(self, name, times=1):
        if times > 0:
            self.counts[name] = self.counts.get(name, 0) + times

    def add(self, response, request, action, fields, acts='client'):
        """`acts` says who the event's src is: client, server, or the sender of a lone message."""
        fields = dict(fields)
        packet = (response or request).packet
        ends = (request.packet.src, request.packet.dst) if request else (packet.dst, packet.src)
        if acts == ('sender' if request is None else 'server'):
            ends = ends[::-1]
        for key, end in zip(('src', 'dst'), ends):
            fields[key + '.ip'], fields[key + '.port'] = end
            fields[key + '.mac'] = packet.macs.get(end) or ABSENT
        if request is not None:
            fields['request_ts'] = values.moments(request.packet.time)
        if response is not None:
            fields['ts'] = values.moments(response.packet.time)
        fields.setdefault('encrypted', False)
        self.events.append(Expected(response and response.packet.number, request and request.packet.number,
                                    action, fields))

    # --- connection and channel ---

    def hello(self, flow, message):
        flow.hello = message

    def acknowledge(self, flow, message):
        url = flow.hello and flow.hello.layer.str('transport.endpoint')
        self.add(message, flow.hello, 'connect', {'object': url, 'status': 'Good', 'opcua.service': 'Hello',
                                                  'opcua.endpoint_url': url if url else ABSENT})
        flow.hello = None

    def error(self, flow, message):
        code = status(message.layer.get('transport.error'))
        if flow.hello is not None:
            self.add(message, flow.hello, 'connect', {'status': code})
            flow.hello = None
            return
        for request in flow.opens:
            policy = (request.layer.str('security.spu') or '').partition('#')[2]
            self.add(message, request, 'secure', {'status': code, 'opcua.security_policy': policy})
        flow.opens.clear()
        self.add(message, None, 'disconnect', {'status': code, 'opcua.service': 'Error'}, 'sender')

    def open(self, flow, message):
        policy = (message.layer.str('security.spu') or '').partition('#')[2]
        # The first of a channel is the client's; tshark cannot read what is encrypted asymmetrically.
        request = next((m for m in flow.opens if m.packet.src != message.packet.src), None)
        if request is None:
            flow.opens.append(message)
            return
        flow.opens.remove(request)
        flow.policy = policy
        fields = {'opcua.service': 'OpenSecureChannel', 'opcua.security_policy': policy,
                  **digests(request.layer.get('security.scert'))}
        if policy == 'None':
            flow.mode = request.body.enum('MessageSecurityMode')
            fields.update({'opcua.security_mode': flow.mode, 'opcua.request_id': request.request_id,
                           'status': status(message.header().get('ServiceResult')),
                           'opcua.channel': message.body.int('SecurityToken', 'ChannelId')})
        else:
            flow.mode = None
            fields['opcua.channel'] = message.channel
            # Those of ECC are signed alone [UA6 6.8.4].
            fields['encrypted'] = not policy.startswith('ECC_')
        self.add(message, request, 'secure', fields)
        self.look_over(request)
        self.look_over(message)

    def close(self, flow, message):
        fields = {'opcua.service': 'CloseSecureChannel', 'opcua.channel': message.channel, 'status': 'Good'}
        if message.body is None:
            fields.update({'encrypted': True, 'status': values.Skipped()})
        else:
            fields['opcua.audit_entry_id'] = message.header().str('AuditEntryId') or ('', None)
            fields.update({'opcua.request_id': message.request_id,
                           'opcua.request_handle': message.header().int('RequestHandle')})
            self.protection(flow, fields)
            self.count('CloseSecureChannelRequest')
        self.add(message, None, 'disconnect', fields, 'sender')
        self.look_over(message)

    @staticmethod
    def protection(flow, fields):
        if flow.policy is not None:
            fields['opcua.security_policy'] = flow.policy
        if flow.mode is not None:
            fields['opcua.security_mode'] = flow.mode

    # --- services ---

    def message(self, flow, message):
        if message.chunk != 'F':
            return
        if message.service is None:
            return
        self.count(message.service)
        if message.service.endswith('Request'):
            flow.requests[message.channel, message.request_id] = message
            return
        request = flow.requests.pop((message.channel, message.request_id), None)
        self.service(flow, request, message)
        self.look_over(request)
        self.look_over(message)

    def service(self, flow, request, response):
        name = request.service[:-len('Request')] if request else response.service[:-len('Response')]
        if name == 'ServiceFau':
            return  # a fault of a request that was not seen
        build = getattr(self, 'do_' + snake(name), None)
        fault = status(response.header().get('ServiceResult')) if response and response.header() else None
        if response and fault is None:
            fault = 'Good'
        common = self.common(flow, name, request, response)
        answer = response.body if response and response.service != 'ServiceFault' else None
        if build is None:
            # Not known here: whoever teaches tierwatch a service teaches it to this file too.
            self.add(response, request, 'a service that is not compared', common['fields'])
            return
        told = item_diagnostics(name, answer, common['strings']) if fault == 'Good' and answer else []
        for i, (action, fields) in enumerate(build(request and request.body, answer, fault, common)):
            fields = dict(fields)
            if name in OF_ITEMS:
                fields['opcua.item_diagnostics'] = told[i] if i < len(told) else ABSENT
            if response is None:
                fields['status'] = None
            elif fault != 'Good':
                fields['status'] = fault
            else:
                fields.setdefault('status', 'Good')
            self.add(response, request, action, {**common['fields'], **fields}, SERVERS.get(name, 'client'))

    def common(self, flow, name, request, response):
        either = request or response
        fields = {'opcua.service': name, 'opcua.request_id': either.request_id, 'opcua.channel': either.channel}
        if either.header():
            fields['opcua.request_handle'] = either.header().int('RequestHandle')
        if request and request.header():
            fields['opcua.audit_entry_id'] = ('', None) if request.header().str('AuditEntryId') is None else \
                request.header().str('AuditEntryId')
        self.protection(flow, fields)
        said, table = None, []
        if response and response.header():
            response.header().int('RequestHandle')  # the request's again, which is compared
            table = [t.text for t in response.header().items('StringTable') or []]
            said = diagnostic_info(response.header().get('ServiceDiagnostics'), table)
        fields['opcua.diagnostics'] = said if said else ABSENT
        client, server = (either.packet.src, either.packet.dst) if request else \
            (either.packet.dst, either.packet.src)
        token = node_id(request.header().get('AuthenticationToken')) if request and request.header() else None
        if token not in (None, 'i=0') and name != 'ActivateSession':
            fields.update(self.sessions.get((server, token), {}))
        return {'fields': fields, 'server': server, 'client': client, 'token': token, 'strings': table}

    def do_create_session(self, q, r, fault, common):
        facts = {'opcua.session_name': q and q.str('SessionName'),
                 'opcua.application_uri': q and q.str('ClientDescription', 'ApplicationUri'),
                 'opcua.application_name': q and q.str('ClientDescription', 'ApplicationName', 'loctext.Text'),
                 'opcua.product_uri': q and q.str('ClientDescription', 'ProductUri')}
        facts = {k: v if v is not None else (None, '', ABSENT) for k, v in facts.items()} if q else {}
        fields = dict(facts)
        if q:
            fields['object'] = facts['opcua.session_name']
            fields['opcua.endpoint_url'] = q.str('EndpointUrl')
            fields['opcua.max_response_bytes'] = q.int('MaxResponseMessageSize')
            certificate = digests(q.get('ClientCertificate'))
            fields.update(certificate)
            facts['opcua.server_uri'] = fields['opcua.server_uri'] = q.str('ServerUri') or (None, '', ABSENT)
            facts['opcua.certificate_sha256'] = certificate['opcua.certificate_sha256']
        if r and fault == 'Good':
            fields['opcua.max_request_bytes'] = r.int('MaxRequestMessageSize')
            session = node_id(r.get('SessionId'))
            fields['opcua.session'] = session
            fields['opcua.session_timeout_ms'] = values.Exact(r.get('RevisedSessionTimeout'), '<d')
            token = node_id(r.get('AuthenticationToken'))
            self.sessions[common['server'], token] = {**facts, 'opcua.session': session}
        yield 'session', fields

    def do_activate_session(self, q, r, fault, common):
        known = self.sessions.get((common['server'], common['token'])) if q else None
        fields = dict(known or {})
        fields.pop('opcua.user', None)
        if q:
            identity = q.get('UserIdentityToken')
            bodies = [k for k in identity.kids if k.kind and k.name != 'TypeId']
            kind = bodies[0].name if bodies else 'AnonymousIdentityToken'
            user = {'AnonymousIdentityToken': 'anonymous', 'UserNameIdentityToken':
                    bodies[0].str('UserName') if bodies else None}.get(kind)
            fields['opcua.user'] = user
            fields['opcua.user_token'] = TOKENS.get(kind, ABSENT)
            fields['opcua.locales'] = texts(q, 'LocaleIds')
            if kind == 'X509IdentityToken':
                fields['opcua.user_certificate_sha256'] = \
                    digests(bodies[0].get('CertificateData'))['opcua.certificate_sha256']
            if kind == 'UserNameIdentityToken':
                plain = not bodies[0].str('EncryptionAlgorithm')
                # A secret may be encrypted and say so within [UA4 7.40.2]: no capture has one.
                fields['opcua.clear_password'] = True if plain else ABSENT
            if r and fault == 'Good' and known is not None:
                known['opcua.user'] = user
                known['opcua.user_token'] = fields['opcua.user_token']
        yield 'authenticate', fields

    def do_close_session(self, q, r, fault, common):
        yield 'disconnect', {'opcua.delete_subscriptions': q.bool('DeleteSubscriptions')} if q else {}

    def do_cancel(self, q, r, fault, common):
        fields = {'opcua.cancelled_handle': q.int('RequestHandle')} if q else {}
        if r and fault == 'Good':
            fields['opcua.cancelled'] = r.int('CancelCount')
        yield 'manage', fields

    def do_get_endpoints(self, q, r, fault, common):
        fields = {}
        if q:
            url = q.str('EndpointUrl') or (None, '', ABSENT)
            fields = {'object': url, 'opcua.endpoint_url': url,
                      'opcua.profile_uris': texts(q, 'ProfileUris')}
        if r and fault == 'Good':
            fields['opcua.endpoints'] = [{
                'endpoint_url': e.str('EndpointUrl'), 'security_mode': e.enum('MessageSecurityMode'),
                'security_policy_uri': e.str('SecurityPolicyUri'), 'security_level': e.int('SecurityLevel'),
                'identities': [{'type': TOKEN_TYPES.get(t.enum('UserTokenType')),
                                'security_policy_uri': t.str('SecurityPolicyUri')}
                               for t in e.items('UserIdentityTokens') or []]}
                for e in r.items('Endpoints') or []]
        yield 'discover', fields

    def do_find_servers(self, q, r, fault, common):
        fields = {}
        if q:
            url = q.str('EndpointUrl')
            fields = {'object': url or (None, '', ABSENT), 'opcua.endpoint_url': url or ('', ABSENT),
                      'opcua.server_uris': texts(q, 'ServerUris')}
        if r and fault == 'Good':
            fields['opcua.servers'] = [{
                'application_uri': s.str('ApplicationUri'), 'product_uri': s.str('ProductUri'),
                'application_name': s.str('ApplicationName', 'loctext.Text'),
                'application_type': s.enum('ApplicationType'),
                'discovery_urls': [u.text for u in s.items('DiscoveryUrls') or []]}
                for s in r.items('Servers') or []]
        yield 'discover', fields

    def do_find_servers_on_network(self, q, r, fault, common):
        fields = {}
        if q:
            fields = {'opcua.starting_record_id': q.int('StartingRecordId'),
                      'opcua.max_records': q.int('MaxRecordsToReturn'),
                      'opcua.capabilities': texts(q, 'ServerCapabilityFilter')}
        if r and fault == 'Good':
            fields['opcua.servers'] = [{
                'record_id': s.int('RecordId'), 'server_name': s.str('ServerName'),
                'discovery_url': s.str('DiscoveryUrl'),
                'capabilities': [c.text for c in s.items('ServerCapabilities') or []]}
                for s in r.items('Servers') or []]
        yield 'discover', fields

    @staticmethod
    def registered(server):
        return {'opcua.server_uri': server.str('ServerUri'), 'opcua.online': server.bool('IsOnline'),
                'opcua.registered_product_uri': shown(server.str('ProductUri')),
                'opcua.server_type': server.enum('ApplicationType'),
                'opcua.server_names': [n.str('loctext.Text') for n in server.items('ServerNames') or []],
                'opcua.gateway_server_uri': shown(server.str('GatewayServerUri')),
                'opcua.semaphore_file': shown(server.str('SemaphoreFilePath')),
                'opcua.discovery_urls': texts(server, 'DiscoveryUrls')}

    def do_register_server(self, q, r, fault, common):
        yield 'manage', self.registered(q.get('Server')) if q else {}

    def do_register_server2(self, q, r, fault, common):
        fields = self.registered(q.get('Server')) if q else {}
        if q:
            fields['opcua.configurations'] = [values.extension_object(c)
                                              for c in q.items('DiscoveryConfiguration') or []]
        if r and fault == 'Good':
            fields['opcua.configuration_results'] = [status(c) for c in r.items('ConfigurationResults') or []]
            fields['opcua.configuration_diagnostics'] = diagnostics(r, 'DiagnosticInfos', common)
        yield 'manage', fields

    # --- attributes and methods ---

    def do_read(self, q, r, fault, common):
        results = r.items('Results') if r and fault == 'Good' else None
        for i, item in enumerate((q.items('NodesToRead') if q else results) or []):
            fields = attribute(item) if q else {}
            if results and i < len(results):
                fields.update(of_data_value(results[i]))
            yield 'read', fields

    def do_write(self, q, r, fault, common):
        results = r.items('Results') if r and fault == 'Good' else None
        for i, item in enumerate((q.items('NodesToWrite') if q else results) or []):
            fields = {}
            if q:
                fields = attribute(item)
                fields.update(of_data_value(item.get('Value'), written=True))
            if results and i < len(results):
                fields['status'] = status(results[i])
            yield 'write', fields

    def do_call(self, q, r, fault, common):
        results = r.items('Results') if r and fault == 'Good' else None
        for i, item in enumerate((q.items('MethodsToCall') if q else results) or []):
            fields = {}
            if q:
                fields = {'object': node_id(item.get('MethodId')), 'opcua.object_id': node_id(item.get('ObjectId')),
                          'value': [variant(a)[0] for a in item.items('InputArguments') or []]}
            if results and i < len(results):
                fields['status'] = status(results[i].get('StatusCode'))
                fields['opcua.input_results'] = codes(results[i], 'InputArgumentResults')
                fields['opcua.input_diagnostics'] = diagnostics(results[i], 'InputArgumentDiagnosticInfos', common)
                fields['opcua.outputs'] = [variant(a)[0] for a in results[i].items('OutputArguments') or []]
            yield 'call', fields

    def do_history_read(self, q, r, fault, common):
        results = r.items('Results') if r and fault == 'Good' else None
        for i, item in enumerate((q.items('NodesToRead') if q else results) or []):
            fields = {}
            if q:
                fields = {'object': node_id(item.get('NodeId')), 'opcua.index_range': item.str('IndexRange') or None,
                          'opcua.continues': True if item.str('ContinuationPoint') else ABSENT,
                          **history_details(q.get('HistoryReadDetails'))}
            if results and i < len(results):
                fields['status'] = status(results[i].get('StatusCode'))
                fields['opcua.continued'] = True if results[i].str('ContinuationPoint') else ABSENT
                fields.update(history_found(results[i].get('HistoryData')))
            yield 'history_read', fields

    def do_history_update(self, q, r, fault, common):
        results = r.items('Results') if r and fault == 'Good' else None
        for i, item in enumerate((q.items('HistoryUpdateDetails') if q else results) or []):
            fields = history_details(item) if q else {}
            if results and i < len(results):
                fields['status'] = status(results[i].get('StatusCode'))
                done = results[i].items('OperationResults')
                fields['opcua.operation_results'] = ABSENT if done is None else [status(c) for c in done]
                fields['opcua.operation_diagnostics'] = diagnostics(results[i], 'DiagnosticInfos', common)
            yield 'history_write', fields

    # --- the address space ---

    def do_browse(self, q, r, fault, common):
        results = r.items('Results') if r and fault == 'Good' else None
        for i, item in enumerate((q.items('NodesToBrowse') if q else results) or []):
            fields = {}
            if q:
                fields = {'object': node_id(item.get('NodeId')),
                          'opcua.direction': item.enum('BrowseDirection').lower(),
                          'opcua.reference_type': node_id(item.get('ReferenceTypeId'))}
            if results and i < len(results):
                self.references(fields, results[i], common)
            yield 'browse', fields

    def references(self, fields, result, common):
        fields['status'] = status(result.get('StatusCode'))
        fields['opcua.references'] = len(result.items('References') or [])
        fields['opcua.continued'] = True if result.str('ContinuationPoint') else ABSENT
        point = result.str('ContinuationPoint')
        if point and fields.get('object'):
            self.points[common['server'], point] = fields['object']

    def do_browse_next(self, q, r, fault, common):
        results = r.items('Results') if r and fault == 'Good' else None
        for i, item in enumerate((q.items('ContinuationPoints') if q else results) or []):
            fields = {}
            if q:
                fields = {'object': self.points.get((common['server'], item.text), (None, ABSENT)),
                          'opcua.release': q.bool('ReleaseContinuationPoints')}
            if results and i < len(results):
                self.references(fields, results[i], common)
            yield 'browse', fields

    def do_translate_browse_paths_to_node_ids(self, q, r, fault, common):
        results = r.items('Results') if r and fault == 'Good' else None
        for i, item in enumerate((q.items('BrowsePaths') if q else results) or []):
            fields = {}
            if q:
                fields = {'object': node_id(item.get('StartingNode')),
                          'opcua.path': ''.join(map(path_step, item.get('RelativePath').items('Elements') or []))}
            if results and i < len(results):
                fields['status'] = status(results[i].get('StatusCode'))
                targets = [node_id(t.get('TargetId')) for t in results[i].items('Targets') or []]
                fields['opcua.targets'] = targets or ([], ABSENT)
            yield 'browse', fields

    def do_register_nodes(self, q, r, fault, common):
        aliases = r.items('RegisteredNodeIds') if r and fault == 'Good' else None
        for i, item in enumerate((q and q.items('NodesToRegister')) or []):
            fields = {'object': node_id(item)}
            if aliases:
                fields['opcua.alias'] = node_id(aliases[i])
                self.aliases[common['server'], fields['opcua.alias']] = fields['object']
            yield 'browse', fields

    def do_unregister_nodes(self, q, r, fault, common):
        forget = self.aliases.pop if fault == 'Good' else self.aliases.get
        for item in (q and q.items('NodesToUnregister')) or []:
            known = forget((common['server'], node_id(item)), None)
            yield 'browse', {'object': known or node_id(item)}

    def do_query_first(self, q, r, fault, common):
        results = r.items('ParsingResults') if r and fault == 'Good' else None
        for i, item in enumerate((q.items('NodeTypes') if q else results) or [None]):
            fields = {'object': None}
            if q and item is not None:
                fields = {'object': node_id(item.get('TypeDefinitionNode')),
                          'opcua.include_subtypes': item.bool('IncludeSubTypes'),
                          'opcua.data': len(item.items('DataToReturn') or [])}
            self.found(fields, r, fault)
            if results and i < len(results):
                fields['status'] = status(results[i].get('StatusCode'))
                fields['opcua.data_results'] = codes(results[i], 'DataStatusCodes')
                fields['opcua.data_diagnostics'] = diagnostics(results[i], 'DataDiagnosticInfos', common)
            yield 'browse', fields

    @staticmethod
    def found(fields, r, fault):
        if r and fault == 'Good':
            rows = r.items('QueryDataSets') or []
            fields['opcua.found'] = len(rows)
            fields['opcua.rows'] = [{
                'node': node_id(row.get('NodeId')), 'type_definition': node_id(row.get('TypeDefinitionNode')),
                'values': [variant(v)[0] for v in row.items('Values') or []]} for row in rows] or ABSENT
            point = r.str('ContinuationPoint') or r.str('RevisedContinuationPoint')
            fields['opcua.continued'] = True if point else ABSENT

    def do_query_next(self, q, r, fault, common):
        fields = {'opcua.release': q.bool('ReleaseContinuationPoint')} if q else {}
        if q:
            q.str('ContinuationPoint')  # object is the query that it goes on
        self.found(fields, r, fault)
        yield 'browse', fields

    def do_add_nodes(self, q, r, fault, common):
        results = r.items('Results') if r and fault == 'Good' else None
        for i, item in enumerate((q and q.items('NodesToAdd')) or []):
            wanted = node_id(item.get('RequestedNewNodeId'))
            wanted = None if wanted == 'i=0' else wanted
            fields = {'object': wanted, 'opcua.parent': node_id(item.get('ParentNodeId')),
                      'opcua.reference_type': node_id(item.get('ReferenceTypeId')),
                      'opcua.browse_name': shown(values.qualified_name(item.get('BrowseName'))),
                      'opcua.node_class': item.enum('NodeClass'),
                      'opcua.attributes': values.extension_object(item.get('NodeAttributes')) or ABSENT,
                      'opcua.type_definition': node_id(item.get('TypeDefinition'))}
            if results:
                fields['status'] = status(results[i].get('StatusCode'))
                fields['object'] = node_id(results[i].get('AddedNodeId')) if fields['status'] == 'Good' else wanted
            yield 'manage', fields

    def do_delete_nodes(self, q, r, fault, common):
        results = r.items('Results') if r and fault == 'Good' else None
        for i, item in enumerate((q and q.items('NodesToDelete')) or []):
            fields = {'object': node_id(item.get('NodeId')),
                      'opcua.delete_target_references': item.bool('DeleteTargetReferences')}
            if results:
                fields['status'] = status(results[i])
            yield 'manage', fields

    def do_add_references(self, q, r, fault, common):
        results = r.items('Results') if r and fault == 'Good' else None
        for i, item in enumerate((q and q.items('ReferencesToAdd')) or []):
            fields = {**reference(item), 'opcua.target_server_uri': shown(item.str('TargetServerUri')),
                      'opcua.node_class': item.enum('TargetNodeClass') or item.enum('NodeClass')}
            if results:
                fields['status'] = status(results[i])
            yield 'manage', fields

    def do_delete_references(self, q, r, fault, common):
        results = r.items('Results') if r and fault == 'Good' else None
        for i, item in enumerate((q and q.items('ReferencesToDelete')) or []):
            fields = {**reference(item), 'opcua.delete_bidirectional': item.bool('DeleteBidirectional')}
            if results:
                fields['status'] = status(results[i])
            yield 'manage', fields

    # --- subscriptions ---

    def subscription(self, q, r, fault):
        fields = {}
        names = {'publishing_interval': 'PublishingInterval', 'lifetime_count': 'LifetimeCount',
                 'keep_alive_count': 'MaxKeepAliveCount'}
        source, prefix = (r, 'Revised') if r and fault == 'Good' else (q, 'Requested')
        for key, name in names.items():
            if not key.endswith('count'):
                fields['opcua.' + key] = values.Exact(source.get(prefix + name), '<d')
            elif source is r:
                fields['opcua.' + key] = r.int(prefix + name)
        if q:
            fields['opcua.max_notifications'] = q.int('MaxNotificationsPerPublish')
            fields['opcua.priority'] = q.int('Priority')
        return fields

    def do_create_subscription(self, q, r, fault, common):
        fields = self.subscription(q, r, fault)
        if q:
            fields['opcua.publishing_enabled'] = q.bool('PublishingEnabled')
        if r and fault == 'Good':
            fields['opcua.subscription'] = r.int('SubscriptionId')
        yield 'subscribe', {**fields, 'object': ABSENT}

    def do_modify_subscription(self, q, r, fault, common):
        fields = self.subscription(q, r, fault)
        if q:
            fields['opcua.subscription'] = q.int('SubscriptionId')
        yield 'subscribe', fields

    def per_subscription(self, action, q, r, fault, more=None):
        results = r.items('Results') if r and fault == 'Good' else None
        for i, item in enumerate((q and q.items('SubscriptionIds')) or []):
            fields = {'opcua.subscription': int(item.text), **(more or {})}
            if results:
                fields['status'] = status(results[i])
            yield action, fields

    def do_set_publishing_mode(self, q, r, fault, common):
        more = {'opcua.publishing_enabled': q.bool('PublishingEnabled')} if q else None
        yield from self.per_subscription('subscribe', q, r, fault, more)

    def do_delete_subscriptions(self, q, r, fault, common):
        yield from self.per_subscription('unsubscribe', q, r, fault)

    def do_transfer_subscriptions(self, q, r, fault, common):
        results = r.items('Results') if r and fault == 'Good' else None
        for i, item in enumerate((q and q.items('SubscriptionIds')) or []):
            fields = {'opcua.subscription': int(item.text)}
            if results:
                fields['status'] = status(results[i].get('StatusCode'))
                fields['opcua.available_messages'] = len(results[i].items('AvailableSequenceNumbers') or [])
            yield 'subscribe', fields

    def do_create_monitored_items(self, q, r, fault, common):
        results = r.items('Results') if r and fault == 'Good' else None
        for i, item in enumerate((q.items('ItemsToCreate') if q else results) or []):
            fields = {}
            if q:
                parameters = item.get('RequestedParameters')
                fields = attribute(item.get('ItemToMonitor'))
                fields.update(self.asked(parameters))
                fields.update({'opcua.subscription': q.int('SubscriptionId'),
                               'opcua.client_handle': parameters.int('ClientHandle'),
                               'opcua.monitoring_mode': item.enum('MonitoringMode')})
            if results and i < len(results):
                self.revised(fields, results[i])
                fields['opcua.monitored_item'] = results[i].int('MonitoredItemId')
                if fields['status'] == 'Good' and q:
                    key = common['server'], fields['opcua.subscription']
                    self.selected(key + (fields['opcua.client_handle'],), fields)
                    self.monitored[key + (fields['opcua.client_handle'],)] = fields['object']
                    self.items[key + (fields['opcua.monitored_item'],)] = \
                        fields['object'], fields['opcua.client_handle']
                else:
                    fields.pop('opcua.monitored_item')
            yield 'subscribe', fields

    def selected(self, key, fields):
        if fields['opcua.select'] is not ABSENT:
            self.selects[key] = fields['opcua.select']

    @staticmethod
    def asked(parameters):
        """MonitoringParameters: the filter, and what holds unless the server revises it."""
        fields = {'opcua.sampling_interval': values.Exact(parameters.get('SamplingInterval'), '<d'),
                  'opcua.queue_size': parameters.int('QueueSize'),
                  'opcua.filter': ABSENT, 'opcua.select': ABSENT, 'opcua.where': ABSENT}
        holder = parameters.get('Filter')
        events = holder.get('EventFilter')
        if events is not None:
            fields.update(event_filter(events))
        else:
            fields['opcua.filter'] = values.extension_object(holder) or ABSENT
        return fields

    @staticmethod
    def revised(fields, result):
        fields['status'] = status(result.get('StatusCode'))
        if fields['status'] == 'Good':
            fields['opcua.sampling_interval'] = values.Exact(result.get('RevisedSamplingInterval'), '<d')
            # The revised queue is not shown: what was asked for is.
        fields['opcua.filter_result'] = values.extension_object(result.get('FilterResult')) or ABSENT

    def do_modify_monitored_items(self, q, r, fault, common):
        results = r.items('Results') if r and fault == 'Good' else None
        for i, item in enumerate((q and q.items('ItemsToModify')) or []):
            key = common['server'], q.int('SubscriptionId')
            fields = {'opcua.subscription': key[1], 'opcua.monitored_item': item.int('MonitoredItemId'),
                      'opcua.client_handle': item.get('RequestedParameters').int('ClientHandle'),
                      **self.asked(item.get('RequestedParameters'))}
            known = self.items.get(key + (fields['opcua.monitored_item'],))
            if known:
                fields['object'] = known[0]
            if results:
                self.revised(fields, results[i])
                if known and fields['status'] == 'Good':
                    self.selected(key + (fields['opcua.client_handle'],), fields)
                    self.monitored[key + (fields['opcua.client_handle'],)] = known[0]
            yield 'subscribe', fields

    def per_item(self, action, name, q, r, fault, common, more=None):
        results = r.items('Results') if r and fault == 'Good' else None
        for i, item in enumerate((q and q.items(name)) or []):
            key = common['server'], q.int('SubscriptionId'), int(item.text)
            fields = {'opcua.subscription': key[1], 'opcua.monitored_item': key[2], **(more or {})}
            if key in self.items:
                fields['object'] = self.items[key][0]
            if results:
                fields['status'] = status(results[i])
            yield action, fields

    def do_set_monitoring_mode(self, q, r, fault, common):
        more = {'opcua.monitoring_mode': q.enum('MonitoringMode')} if q else None
        yield from self.per_item('subscribe', 'MonitoredItemIds', q, r, fault, common, more)

    def do_set_triggering(self, q, r, fault, common):
        for part, links, results in (('add_link', 'LinksToAdd', 'AddResults'),
                                     ('remove_link', 'LinksToRemove', 'RemoveResults')):
            done = r.items(results) if r and fault == 'Good' else None
            for i, item in enumerate((q and q.items(links)) or []):
                key = common['server'], q.int('SubscriptionId'), int(item.text)
                fields = {'opcua.subscription': key[1], 'opcua.monitored_item': key[2], 'opcua.part': part,
                          'opcua.triggering_item': q.int('TriggeringItemId'),
                          'object': self.items[key][0] if key in self.items else (None, ABSENT)}
                if done:
                    fields['status'] = status(done[i])
                yield 'subscribe', fields

    def do_delete_monitored_items(self, q, r, fault, common):
        yield from self.per_item('unsubscribe', 'MonitoredItemIds', q, r, fault, common)

    def do_publish(self, q, r, fault, common):
        if r is None and fault is None:
            return
        if fault != 'Good':
            yield 'notify', {'object': ABSENT}
            return
        yield from self.notifications(r, r.int('SubscriptionId'), common)

    def do_republish(self, q, r, fault, common):
        if r is None or fault != 'Good':
            yield 'notify', {'object': ABSENT}
            return
        asked = {'opcua.retransmit_sequence_number': q.int('RetransmitSequenceNumber')} if q else {}
        for action, fields in self.notifications(r, q.int('SubscriptionId') if q else None, common):
            yield action, {**asked, **fields}

    def notifications(self, r, subscription, common):
        for notification in r.get('NotificationMessage').items('NotificationData') or []:
            changes, events = notification.get('DataChangeNotification'), notification.get('EventNotificationList')
            for item in (changes and changes.items('MonitoredItems')) or []:
                told = of_data_value(item.get('Value'))
                if told['value'] is ABSENT:
                    told['value'] = (None, ABSENT)  # a status without a value
                yield 'notify', {**self.origin(item, subscription, common), **told}
            change = notification.get('StatusChangeNotification')
            if change is not None:
                yield 'notify', {'status': status(change.get('Status')), 'object': (None, ABSENT),
                                 'opcua.notification': 'status_change', 'opcua.subscription': subscription}
            for item in (events and events.items('Events')) or []:
                fields = self.origin(item, subscription, common)
                told = [variant(f)[0] for f in item.items('EventFields') or []]
                names = self.selects.get((common['server'], subscription, fields['opcua.client_handle']))
                yield 'alarm', {**fields, 'value': values.EventFields(told, names)}

    def origin(self, item, subscription, common):
        handle = item.int('ClientHandle')
        node = self.monitored.get((common['server'], subscription, handle), (None, ABSENT))
        return {'object': node, 'opcua.subscription': subscription, 'opcua.client_handle': handle}


TOKENS = {'AnonymousIdentityToken': 'anonymous', 'UserNameIdentityToken': 'username',
          'X509IdentityToken': 'certificate', 'IssuedIdentityToken': 'issued'}

TOKEN_TYPES = {'Anonymous': 'anonymous', 'UserName': 'username', 'Certificate': 'certificate', 'IssuedToken': 'issued'}


# Services whose response says of each item what is the matter with it.
OF_ITEMS = {'AddNodes', 'AddReferences', 'DeleteNodes', 'DeleteReferences', 'Browse', 'BrowseNext',
            'TranslateBrowsePathsToNodeIds', 'QueryFirst', 'Read', 'HistoryRead', 'Write', 'HistoryUpdate', 'Call',
            'CreateMonitoredItems', 'ModifyMonitoredItems', 'SetMonitoringMode', 'SetTriggering',
            'DeleteMonitoredItems', 'SetPublishingMode', 'TransferSubscriptions', 'DeleteSubscriptions'}


def item_diagnostics(name, answer, table):
    if name not in OF_ITEMS:
        return []
    parts = [('AddResults', 'AddDiagnosticInfos'), ('RemoveResults', 'RemoveDiagnosticInfos')] \
        if name == 'SetTriggering' else [(None, 'DiagnosticInfos')]
    told = []
    for results, infos in parts:
        said = [diagnostic_info(d, table) or ABSENT for d in answer.items(infos) or []]
        if results:
            said += [ABSENT] * (len(answer.items(results) or []) - len(said))
        told += said
    return told


def diagnostics(node, name, common):
    """An array of DiagnosticInfos: absent where it is empty."""
    return [diagnostic_info(d, common['strings']) or None for d in node.items(name) or []] or ABSENT


def codes(node, name):
    """An array of StatusCodes: absent where it is empty."""
    return [status(c) for c in node.items(name) or []] or ABSENT


def shown(text):
    """A detail: absent where it is null."""
    return ABSENT if text is None else text


def texts(node, name):
    """An array of Strings: absent where it is null."""
    array = node.items(name)
    return ABSENT if array is None else [None if t.is_null() else t.text for t in array]


def digests(node):
    """Of the first certificate of a chain, which is DER and says how long it is."""
    if node is None or node.is_null() or not node.raw:
        return {'opcua.certificate_sha256': (None, ABSENT), 'opcua.certificate_sha1': (None, ABSENT)}
    chain = bytes.fromhex(node.raw)
    first = chain[:4 + int.from_bytes(chain[2:4], 'big')] if chain[:2] == b'\x30\x82' else chain
    return {'opcua.certificate_sha256': hashlib.sha256(first).hexdigest(),
            'opcua.certificate_sha1': hashlib.sha1(first).hexdigest()}


def clause(node):
    """SimpleAttributeOperand: its path of names, and which attribute where it is not the value."""
    path = '/'.join(values.qualified_name(n.take()) or '' for n in node.items('BrowsePath') or [])
    name = node.enum('AttributeId')
    return path if path and name == 'Value' else '%s@%s' % (path, name) if path else name


def event_filter(node):
    fields = {'opcua.select': [clause(c) for c in node.items('SelectClauses') or []], 'opcua.where': ABSENT}
    where = node.get('WhereClause')
    if where is not None and where.items('Elements'):
        fields['opcua.where'] = values.Structure(values.structure(where.take()))
    return fields


def reference(item):
    return {'object': node_id(item.get('SourceNodeId')), 'opcua.reference_type': node_id(item.get('ReferenceTypeId')),
            'opcua.forward': item.bool('IsForward'), 'opcua.target': node_id(item.get('TargetNodeId'))}


# HistoryReadDetails and HistoryUpdateDetails: what kind tierwatch calls them.
PAST = {'ReadRawModifiedDetails': 'raw', 'ReadEventDetails': 'events', 'ReadProcessedDetails': 'processed',
        'ReadAtTimeDetails': 'at_time', 'ReadAnnotationDataDetails': 'annotations', 'UpdateDataDetails': 'data',
        'UpdateStructureDataDetails': 'structure_data', 'UpdateEventDetails': 'events',
        'DeleteRawModifiedDetails': 'delete_raw', 'DeleteAtTimeDetails': 'delete_at_time',
        'DeleteEventDetails': 'delete_events'}


def history_details(holder):
    kind, body = next(((k, holder.get(k)) for k in PAST if holder.get(k) is not None), (None, None))
    if body is None:
        return {}
    fields = {'opcua.history.kind': PAST[kind]}
    if body.bool('IsReadModified'):
        fields['opcua.history.kind'] = 'modified'
    if body.bool('IsDeleteModified'):
        fields['opcua.history.kind'] = 'delete_modified'
    times = [values.moment(t) for t in body.items('ReqTimes') or []]
    for key, name, pick in (('from', 'StartTime', min), ('to', 'EndTime', max)):
        moment = values.moment(body.get(name)) if body.get(name) is not None else pick(times) if times else None
        fields['opcua.history.' + key] = moment or ABSENT
    if times:
        fields['opcua.history.values'] = len(times)
    elif body.get('NumValuesPerNode') is not None:
        fields['opcua.history.values'] = body.int('NumValuesPerNode')
    if body.get('ProcessingInterval') is not None:
        fields['opcua.history.interval_ms'] = values.Exact(body.get('ProcessingInterval'), '<d')
        body.items('AggregateType')
    select = body.get('Filter')
    if select is not None:
        fields.update(event_filter(select))
    if body.get('NodeId') is not None:
        fields['object'] = node_id(body.get('NodeId'))
    perform = body.enum('PerformInsertReplace') or body.enum('PerformUpdateType')
    if perform is not None:
        fields['opcua.history.perform'] = perform.lower()
    if body.items('UpdateValues') is not None:
        fields['value'] = [values.data_value(v.take()) for v in body.items('UpdateValues')]
    elif body.items('EventData') is not None:
        fields['value'] = [[variant(f)[0] for f in e.items('EventFields') or []] for e in body.items('EventData')]
    elif body.items('EventIds') is not None:
        fields['value'] = [values.octets(v.take()) for v in body.items('EventIds')]
    if 'value' in fields:
        fields['opcua.history.values'] = len(fields['value'])
    return fields


def history_found(holder):
    """HistoryData, HistoryModifiedData, HistoryEvent: the values and who changed them."""
    if holder is None:
        return {}
    data = holder.get('HistoryData') or holder.get('HistoryModifiedData')
    events = holder.get('HistoryEvent')
    if data is not None:
        found = [values.data_value(v.take()) for v in data.items('DataValues') or []]
    elif events is not None:
        found = [[variant(f)[0] for f in e.items('EventFields') or []] for e in events.items('Events') or []]
    else:
        return {}
    fields = {'value': found, 'opcua.history.returned': len(found)}
    changed = data.items('ModificationInfos') if data is not None else None
    if changed:
        fields['opcua.modifications'] = [values.Structure(values.structure(m.take())) for m in changed]
    return fields


def attribute(item):
    """What a ReadValueId or WriteValue names."""
    return {'object': node_id(item.get('NodeId')), 'opcua.attribute': item.enum('AttributeId'),
            'opcua.index_range': item.str('IndexRange')}


def of_data_value(node, written=False):
    code = status(node.get('StatusCode'))
    fields = {} if written else {'status': code}
    inner = node.get('Value')
    value, kind = variant(inner) if inner is not None else (None, None)
    if kind is not None and (written or not code.startswith('Bad')):
        fields.update({'value': value, 'type': kind})
        fields['opcua.dimensions'] = values.dimensions(inner) or ABSENT
    elif not written:
        fields.update({'value': ABSENT if code.startswith('Bad') else (None, ABSENT), 'type': ABSENT})
    for key, name in (('source_ts', 'SourceTimestamp'), ('server_ts', 'ServerTimestamp')):
        text = node.str('datavalue.' + name)
        fields[key] = values.date_time(text) if text else ABSENT
    return fields


def path_step(element):
    """[UA4 A.2] The short text form, in which hierarchical references are all alike."""
    reference, name = node_id(element.get('ReferenceTypeId')), values.qualified_name(element.get('TargetName'))
    sign = ('!' if element.bool('IsInverse') else '') + ('.' if reference == 'i=44' else '/')
    return sign + (name or '')


def snake(name):
    return ''.join('_' + c.lower() if c.isupper() else c for c in name).lstrip('_')
