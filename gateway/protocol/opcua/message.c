/* Whole messages: a request waits for its response, then both are walked together. */

#include "protocol/decision.h"
#include "protocol/opcua/sound.h"
#include "protocol/opcua/state.h"
#include "protocol/opcua/walk.h"

bool tw_opcua_read_request_header(struct tw_cur *c, struct tw_opcua_request_header *out)
{
    uint64_t timestamp;
    uint32_t timeout;
    struct tw_opcua_extension extra;
    if (!tw_opcua_node(c, &out->token) || !tw_cur_u64le(c, &timestamp) ||
        !tw_cur_u32le(c, &out->handle) || !tw_cur_u32le(c, &out->return_diagnostics) ||
        !tw_opcua_string(c, &out->audit_entry_id) || !tw_cur_u32le(c, &timeout) ||
        !tw_opcua_extension(c, &extra))
        return false;
    out->timestamp = (int64_t)timestamp;
    return true;
}

static bool skip_strings(struct tw_cur *c)
{
    uint32_t n;
    struct tw_str text;
    if (!tw_opcua_count(c, 4, &n))
        return false;
    for (; n > 0; n--)
        if (!tw_opcua_string(c, &text))
            return false;
    return true;
}

/* From `from` to where `to` stands in the same bytes. */
static bool between(struct tw_cur from, const struct tw_cur *to, struct tw_cur *out)
{
    return tw_cur_sub(&from, from.left - to->left, out);
}

/* Nearly all responses: a DiagnosticInfo without any of its parts, and no strings. */
static bool skip_nothing(struct tw_cur *c)
{
    struct tw_cur at = tw_cur_here(c);
    uint8_t mask;
    uint32_t n;
    if (!tw_cur_u8(&at, &mask) || mask != 0 || !tw_cur_u32le(&at, &n) ||
        (n != 0 && n != UINT32_MAX))
        return false;
    tw_cur_move(c, &at);
    return true;
}

static bool read_diagnostics(struct tw_cur *c, struct tw_opcua_response_header *out)
{
    out->diagnostics = out->strings = tw_cur_of(NULL, 0);
    if (skip_nothing(c))
        return true;
    struct tw_opcua_scratch s = {0};
    struct tw_cur info = tw_cur_here(c);
    if (!tw_opcua_skip(&s, c, TW_UA_DIAGNOSTICINFO))
        return false;
    struct tw_cur strings = tw_cur_here(c);
    return skip_strings(c) && between(info, &strings, &out->diagnostics) &&
           between(strings, c, &out->strings);
}

bool tw_opcua_read_response_header(struct tw_cur *c, struct tw_opcua_response_header *out)
{
    struct tw_opcua_extension extra;
    uint64_t timestamp;
    if (!tw_cur_u64le(c, &timestamp) || !tw_cur_u32le(c, &out->handle) ||
        !tw_cur_u32le(c, &out->result) || !read_diagnostics(c, out) ||
        !tw_opcua_extension(c, &extra))
        return false;
    out->timestamp = (int64_t)timestamp;
    return true;
}

static void prepare(struct tw_opcua_call *k, struct tw_opcua_walk *w,
    const struct tw_opcua_service *service, const struct tw_opcua_channel *ch)
{
    unsigned client = tw_opcua_client_of(k);
    unsigned acting = (service->flags & TW_OPCUA_SERVER_ACTS) ? client ^ 1 : client;
    tw_opcua_walk_init(w, k->env, service, false);
    tw_proto_event(&w->base, k->conn, acting, k->when, TW_PROTO_OPCUA, service->action);
    w->base.phase = k->phase;
    w->base.has_encrypted = true;
    w->base_info.service = tw_str_of(service->name);
    if (ch != NULL)
        tw_opcua_channel_info(ch, &w->base_info);
}

/* SessionlessInvoke [UA4 6.3] puts what a session would know before the message it carries, and
 * says which that is: by its DataType, or by its encoding, as stacks do. */
static bool read_wrapper(struct tw_cur *c, bool request, uint32_t *out)
{
    uint32_t version;
    if ((request && !tw_cur_u32le(c, &version)) || !skip_strings(c) || !skip_strings(c) ||
        (request && !skip_strings(c)) || !tw_cur_u32le(c, out))
        return false;
    return true;
}

enum { SESSIONLESS_REQUEST = 15903, SESSIONLESS_RESPONSE = 21001 };

static const struct tw_opcua_service *find(uint32_t type, bool request)
{
    return request ? tw_opcua_service_of_request(type) : tw_opcua_service_of_response(type);
}

/* The service that such a message wraps; `outer` where it can not be told. */
static const struct tw_opcua_service *unwrap(
    const struct tw_opcua_service *outer, bool request, struct tw_cur *body)
{
    enum { TO_ENCODING = 2 };
    const struct tw_opcua_service *inner;
    struct tw_cur at = tw_cur_here(body);
    uint32_t id;
    if (!read_wrapper(&at, request, &id))
        return outer;
    inner = find(id, request);
    if (inner == NULL)
        inner = find(id + TO_ENCODING, request);
    if (inner == NULL || inner == outer)
        return NULL;
    *body = at;
    return inner;
}

/* The service that a message is for; what it is wrapped in is passed over. */
static inline const struct tw_opcua_service *service_of(
    uint32_t type, bool request, struct tw_cur *body, bool *sessionless)
{
    const struct tw_opcua_service *outer = find(type, request);
    *sessionless = type == (request ? SESSIONLESS_REQUEST : SESSIONLESS_RESPONSE);
    return *sessionless ? unwrap(outer, request, body) : outer;
}

enum { OF_ITEMS = 0x3e0 }; /* bits of ReturnDiagnostics */

/* What a request says before that which its service defines; `bytes` from its type on, `c` from its
 * header on. */
static void read_asked(
    struct tw_cur bytes, struct tw_cur c, bool sessionless, struct tw_opcua_asked *out)
{
    struct tw_opcua_request_header h;
    *out = (struct tw_opcua_asked){.sessionless = sessionless};
    if (!tw_opcua_read_request_header(&c, &h))
        return;
    out->whole = true;
    out->handle = h.handle;
    out->asks_diagnostics = (h.return_diagnostics & OF_ITEMS) != 0;
    out->token = tw_opcua_node_digest(&h.token);
    out->rest_at = (uint32_t)(bytes.left - c.left);
    out->audit_len = (uint32_t)h.audit_entry_id.len;
    if (h.audit_entry_id.len > 0)
        out->audit_at = (uint32_t)(h.audit_entry_id.p - (const char *)bytes.p);
}

/* The request's side of the walk; `bytes` are those that it was read from, or as many of them as
 * were kept. */
static void take_asked(
    struct tw_opcua_walk *w, const struct tw_opcua_asked *asked, struct tw_cur bytes, bool cut)
{
    struct tw_cur audit = bytes;
    w->base_info.sessionless = asked->sessionless;
    if (!asked->whole || !tw_cur_skip(&bytes, asked->rest_at)) {
        if (!cut)
            w->request_anomalies |= TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR);
        w->base.truncated = cut;
        return;
    }
    w->has_request = true;
    w->cut_request = cut;
    w->request = bytes;
    w->asks_diagnostics = asked->asks_diagnostics;
    w->base_info.has_request_handle = true;
    w->base_info.request_handle = asked->handle;
    w->base_info.auth_token = asked->token;
    w->base_info.audit_entry_id.s = TW_STR("");
    struct tw_str id;
    if (asked->audit_len > 0 && tw_cur_skip(&audit, asked->audit_at) &&
        tw_cur_bytes(&audit, asked->audit_len, &id)) {
        w->base_info.audit_entry_id.s = tw_utf8_cut(id, TW_MAX_IDENTITY);
        if (tw_decision_of_audit(id, &w->decision))
            w->base_info.decision = &w->decision;
    }
}

static void take_pending(struct tw_opcua_walk *w, const struct tw_opcua_request *r)
{
    w->base.request_packet = r->when.packet;
    w->base.request_ts_ns = r->when.ts_ns;
    w->base_info.has_request_id = true;
    w->base_info.request_id = r->request_id;
    w->base_info.chunks = r->chunks;
    w->base_info.message_bytes = r->message_bytes;
    take_asked(w, &r->asked, tw_opcua_request_body(r), r->cut);
}

/* False when memory is short: the events are lost and counted. */
static bool walk(struct tw_opcua_call *k, struct tw_opcua_walk *w)
{
    void *memory = tw_pool_get(k->env->pool, TW_OPCUA_SCRATCH_BYTES, NULL);
    if (memory == NULL) {
        k->env->counters->cut++;
        return false;
    }
    tw_opcua_walk(w, memory);
    tw_pool_put(k->env->pool, memory, TW_OPCUA_SCRATCH_BYTES);
    return true;
}

/* What is left behind a body that was read to its end: nothing, or the signature of a channel whose
 * opening was not seen. Signatures have few lengths. */
static uint32_t check_rest(
    const struct tw_opcua_body *m, const struct tw_opcua_walk *w, const struct tw_cur *rest)
{
    static const uint8_t lengths[] = {0, 16, 20, 32, 48};
    if (!w->complete || m->cut)
        return 0;
    if (!m->loose)
        return rest->left > 0 ? TW_OPCUA_BIT(TW_OPCUA_TRAILING_BYTES) : 0;
    for (size_t i = 0; i < sizeof(lengths); i++)
        if (m->chunks == 1 && rest->left == lengths[i]) {
            m->channel->has_signature = true;
            m->channel->signature = lengths[i];
            m->channel->mode = lengths[i] == 0 ? TW_OPCUA_NONE : TW_OPCUA_SIGN;
            if (lengths[i] == 0 && m->channel->policy == NULL && m->channel->policy_len == 0)
                m->channel->policy =
                    tw_opcua_policy_of(TW_STR("http://opcfoundation.org/UA/SecurityPolicy#None"));
        }
    return 0;
}

static void report(struct tw_opcua_call *k, const struct tw_opcua_body *m, uint32_t anomalies,
    const struct tw_opcua_service *service)
{
    if (anomalies == 0)
        return;
    struct tw_opcua_info info = {.service = tw_str_of(service == NULL ? NULL : service->name)};
    tw_opcua_channel_info(m->channel, &info);
    info.has_request_id = true;
    info.request_id = m->request_id;
    info.chunks = m->chunks;
    info.message_bytes = m->message_bytes;
    tw_opcua_malformed(k, anomalies, &info);
}

/* A request is looked through when it comes, since it may be meant to break the server; its events
 * wait for the response. */
static uint32_t check_request(struct tw_opcua_call *k, const struct tw_opcua_body *m,
    const struct tw_opcua_service *service, const struct tw_opcua_asked *asked)
{
    struct tw_opcua_walk w;
    if (!asked->whole)
        return m->cut ? 0 : TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR);
    struct tw_cur rest = m->bytes;
    /* What may end with a signature has to be read to its end to tell. */
    if (!m->loose && tw_cur_skip(&rest, asked->rest_at) && tw_opcua_is_sound(service, rest))
        return 0;
    tw_opcua_walk_init(&w, k->env, service, true);
    w.has_request = true;
    w.cut_request = m->cut;
    w.request = m->bytes;
    if (!tw_cur_skip(&w.request, asked->rest_at) || service->shape == NULL || !walk(k, &w))
        return 0;
    uint32_t found = w.request_anomalies;
    /* Between the chunks of such a message stands what may be signatures. */
    if (m->loose && m->chunks > 1)
        return 0;
    return found | check_rest(m, &w, &w.request);
}

static void set_message_info(struct tw_opcua_info *info, const struct tw_opcua_body *m)
{
    info->has_request_id = true;
    info->request_id = m->request_id;
    info->chunks = m->chunks;
    info->message_bytes = m->message_bytes;
}

/* CloseSecureChannel has no response [UA6 6.7.2.5]: it happened when it was sent. */
static void closing(struct tw_opcua_call *k, const struct tw_opcua_body *m,
    const struct tw_opcua_service *service, const struct tw_opcua_asked *asked)
{
    struct tw_opcua_walk w;
    prepare(k, &w, service, m->channel);
    take_asked(&w, asked, m->bytes, m->cut);
    set_message_info(&w.base_info, m);
    w.answered = true;
    walk(k, &w);
}

static void request(struct tw_opcua_call *k, const struct tw_opcua_body *m,
    const struct tw_opcua_service *service, const struct tw_opcua_asked *asked)
{
    uint32_t found = check_request(k, m, service, asked);
    if (m->torn && (found & TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR)))
        return; /* the middle of something else */
    if (m->closes) {
        report(k, m, found, service);
        closing(k, m, service, asked);
        return;
    }
    struct tw_opcua_request *old = tw_opcua_request_find(k->st, m->channel->id, m->request_id);
    if (old != NULL) {
        if (tw_opcua_intact(k))
            tw_opcua_doubt_add(k, TW_OPCUA_REQUEST_ID_REUSE, m->channel, service, &m->request_id);
        tw_opcua_request_expire(k, old);
    }
    report(k, m, m->torn ? 0 : found, service);
    struct tw_opcua_request *r = tw_opcua_request_add(k, m->bytes);
    if (r == NULL)
        return;
    r->kind = TW_OPCUA_KIND_SERVICE;
    r->asked = *asked;
    r->service = service;
    r->channel = m->channel->id;
    r->request_id = m->request_id;
    r->cut = r->cut || m->cut || (m->loose && m->chunks > 1);
    r->chunks = m->chunks;
    r->message_bytes = m->message_bytes;
    tw_opcua_early_request(k, m->channel, m->request_id);
}

void tw_opcua_service_event(
    struct tw_opcua_call *k, const struct tw_opcua_request *r, const uint32_t *code)
{
    struct tw_opcua_walk w;
    prepare(k, &w, r->service, tw_opcua_channel_find(k->st, r->channel));
    if (!w.base_info.has_channel) {
        w.base_info.has_channel = true;
        w.base_info.channel_id = r->channel;
        w.base_info.security_policy.is_null = w.base_info.security_mode.is_null = true;
    }
    take_pending(&w, r);
    w.answered = code != NULL;
    w.service_result = code == NULL ? 0 : *code;
    walk(k, &w);
}

void tw_opcua_aborted(
    struct tw_opcua_call *k, struct tw_opcua_channel *ch, uint32_t request_id, uint32_t code)
{
    struct tw_opcua_request *r = tw_opcua_request_find(k->st, ch->id, request_id);
    if (r == NULL || k->st->client == k->dir)
        return;
    tw_opcua_service_event(k, r, &code);
    tw_opcua_request_drop(k, r);
}

/* The events of a request, if it was seen, with this response. Returns what is wrong with it. */
static uint32_t answer(struct tw_opcua_call *k, const struct tw_opcua_body *m,
    const struct tw_opcua_request *r, const struct tw_opcua_service *service,
    const struct tw_opcua_response_header *h, struct tw_cur body)
{
    struct tw_opcua_walk w;
    bool fault = service == NULL;
    bool matches = r == NULL || fault || r->service == service;
    /* A refusal may leave out all that would follow its header. */
    bool refusal = r != NULL && body.left == 0 && tw_opcua_is_bad(h->result);
    prepare(k, &w, r != NULL ? r->service : service, m->channel);
    if (r != NULL) {
        take_pending(&w, r);
    } else {
        w.base_info.has_request_handle = true;
        w.base_info.request_handle = h->handle;
        w.base_info.audit_entry_id.is_null = true;
    }
    set_message_info(&w.base_info, m);
    if (r != NULL && r->message_bytes > m->message_bytes)
        w.base_info.message_bytes = r->message_bytes;
    w.answered = matches;
    w.service_result = h->result;
    w.has_response = matches && !fault && !refusal;
    w.diagnostics = h->diagnostics;
    w.s.strings = h->strings;
    w.cut_response = m->cut || (m->loose && m->chunks > 1);
    w.response = body;
    if (!walk(k, &w))
        return 0;
    if (!matches)
        return TW_OPCUA_BIT(TW_OPCUA_RESPONSE_MISMATCH);
    if (w.has_response && service->shape != NULL)
        return w.response_anomalies | check_rest(m, &w, &w.response);
    return w.response_anomalies;
}

void tw_opcua_response(struct tw_opcua_call *k, const struct tw_opcua_body *m,
    const struct tw_opcua_service *service, struct tw_cur body, bool unasked)
{
    struct tw_opcua_request *r = tw_opcua_request_find(k->st, m->channel->id, m->request_id);
    struct tw_opcua_response_header h = {0};
    uint32_t found = 0;
    if (r == NULL && unasked && tw_opcua_intact(k) && !k->st->lost_requests &&
        !tw_opcua_is_late(k->st, m->channel->id, m->request_id))
        found |= TW_OPCUA_BIT(TW_OPCUA_RESPONSE_WITHOUT_REQUEST);
    bool whole = tw_opcua_read_response_header(&body, &h);
    if (!whole && !m->cut)
        found |= TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR);
    bool known = whole && (r != NULL || service != NULL);
    if (known)
        found |= answer(k, m, r, service, &h, body);
    report(k, m, m->torn ? 0 : found, service);
    if (known && r != NULL)
        tw_opcua_request_drop(k, r);
}

/* Its request may still come: it would be newer than the newest that was seen. */
static bool is_early(const struct tw_opcua_call *k, const struct tw_opcua_body *m)
{
    const struct tw_opcua_channel *ch = m->channel;
    if (tw_opcua_request_find(k->st, ch->id, m->request_id) != NULL)
        return false;
    if (!ch->has_request)
        return tw_opcua_intact(k);
    return (int32_t)(m->request_id - ch->last_request) > 0;
}

static void note_request(struct tw_opcua_channel *ch, uint32_t request_id)
{
    if (!ch->has_request || (int32_t)(request_id - ch->last_request) > 0)
        ch->last_request = request_id;
    ch->has_request = true;
}

static void count(
    struct tw_opcua_call *k, const struct tw_opcua_service *service, unsigned is_response)
{
    unsigned slot = service == NULL ? TW_OPCUA_COUNT_FAULTS
                                    : TW_OPCUA_COUNT_SERVICES +
                                          2 * tw_opcua_service_index(service) + is_response;
    k->env->counters->messages[TW_PROTO_OPCUA][slot]++;
}

/* One chunk may be more than the receiver said it takes, too; several are judged one by one. */
static void check_size(struct tw_opcua_call *k, const struct tw_opcua_body *m)
{
    const struct tw_opcua_buffers *b = &k->st->buffers[k->dir ^ 1];
    if (m->chunks == 1 && b->known && b->message != 0 && m->bytes.left > b->message)
        report(k, m, TW_OPCUA_BIT(TW_OPCUA_MESSAGE_LIMIT), NULL);
}

/* What type a message is of: mostly in four bytes, and in namespace 0. */
static bool read_type(struct tw_cur *c, uint32_t *out, bool *standard)
{
    enum { FOUR_BYTE = 1 };
    struct tw_cur at = tw_cur_here(c);
    struct tw_opcua_node type;
    uint8_t form, ns;
    uint16_t id;
    *standard = true;
    if (tw_cur_u8(&at, &form) && form == FOUR_BYTE && tw_cur_u8(&at, &ns) && ns == 0 &&
        tw_cur_u16le(&at, &id)) {
        *out = id;
        tw_cur_move(c, &at);
        return true;
    }
    if (!tw_opcua_node(c, &type))
        return false;
    *standard = type.kind == 'i' && type.ns == 0;
    *out = type.id;
    return true;
}

void tw_opcua_message(struct tw_opcua_call *k, const struct tw_opcua_body *m)
{
    struct tw_cur body = m->bytes;
    uint32_t type;
    bool standard, sessionless;
    check_size(k, m);
    if (!read_type(&body, &type, &standard)) {
        report(k, m, m->cut || m->torn ? 0 : TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR), NULL);
        return;
    }
    const struct tw_opcua_service *asks =
        standard ? service_of(type, true, &body, &sessionless) : NULL;
    struct tw_opcua_asked asked;
    if (asks != NULL)
        read_asked(m->bytes, body, sessionless, &asked);
    const struct tw_opcua_service *answers =
        standard && asks == NULL ? service_of(type, false, &body, &sessionless) : NULL;
    bool fault = standard && type == TW_OPCUA_SERVICE_FAULT;
    if (asks == NULL && answers == NULL && !fault) {
        if (m->torn)
            return;
        k->env->counters->unknown_services++;
        report(k, m, TW_OPCUA_BIT(TW_OPCUA_UNKNOWN_SERVICE), NULL);
        return;
    }
    count(k, asks != NULL ? asks : answers, asks == NULL);
    if (k->st->client == TW_OPCUA_NO_SIDE)
        k->st->client = (uint8_t)(asks != NULL ? k->dir : k->dir ^ 1);
    if ((asks != NULL) != (k->st->client == k->dir)) {
        report(k, m, TW_OPCUA_BIT(TW_OPCUA_WRONG_DIRECTION), asks != NULL ? asks : answers);
    } else if (asks != NULL) {
        note_request(m->channel, m->request_id);
        request(k, m, asks, &asked);
    } else if (!is_early(k, m) || !tw_opcua_early_keep(k, m, answers, body)) {
        tw_opcua_response(k, m, answers, body, true);
    }
}
