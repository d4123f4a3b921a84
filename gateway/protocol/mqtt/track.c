#include "protocol/mqtt/state.h"

enum {
    DOUBT = 4,
};

void tw_mqtt_anomaly(const struct tw_mqtt_call *c, enum tw_mqtt_anomaly detail, unsigned type)
{
    uint8_t *doubt = &c->st->doubt[c->dir];
    if (*doubt > 0) {
        *doubt = DOUBT;
        return;
    }
    tw_mqtt_emit_malformed(c, detail, tw_mqtt_type_name(type));
}

void tw_mqtt_grammar(
    const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a, enum tw_mqtt_anomaly detail)
{
    if (detail != TW_MQTT_FINE && !c->st->guessed && !a->pdu->cut)
        tw_mqtt_anomaly(c, detail, a->h.type);
}

/* Not an error of grammar, and a lenient server goes on: the packet counts all the same. */
static void names(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a, struct tw_str name)
{
    if (tw_mqtt_has_control(name))
        tw_mqtt_grammar(c, a, TW_MQTT_CONTROL_CHARACTERS);
}

/* A malformed request has been reported as such: it is not reported again when nobody answers. One
 * that can not be kept is reported without waiting for its answer. */
static void wait_for_answer(
    const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a, uint16_t id, bool refused)
{
    struct tw_str body = tw_cur_rest(&a->body);
    struct tw_mqtt_pending *p = NULL;
    if (body.len <= TW_MQTT_MAX_REQUESTS - c->st->request_bytes)
        p = tw_mqtt_pending_add(c, a->h.type, id, a->h.flags, body);
    if (p != NULL) {
        p->refused = refused;
        p->cut = a->pdu->cut;
        return;
    }
    struct tw_mqtt_pending now = {.ts_ns = c->when->ts_ns, .packet = c->when->packet, .id = id};
    now.type = a->h.type;
    now.flags = a->h.flags;
    now.dir = (uint8_t)c->dir;
    now.refused = refused;
    tw_mqtt_emit_request(c, &now, a->body);
}

static void on_connect(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a)
{
    struct tw_mqtt_state *st = c->st;
    if (st->connect_seen) {
        tw_mqtt_anomaly(c, TW_MQTT_SECOND_CONNECT, a->h.type); /* [MQTT5 3.1] */
        return;
    }
    struct tw_mqtt_connect k;
    enum tw_mqtt_anomaly detail = tw_mqtt_connect_read(a->body, a->h.flags, &k);
    st->client_known = true;
    st->client = (uint8_t)c->dir;
    if (a->pdu->cut && k.level == 0)
        return; /* as good as not seen */
    st->connect_seen = true;
    st->guessed = false;
    st->version = k.level == TW_MQTT_V31 || k.level == TW_MQTT_V5 ? k.level : TW_MQTT_V311;
    struct tw_maybe id = {.is_null = !k.has_client_id};
    struct tw_maybe user = {.is_null = a->pdu->cut && !k.no_username && !k.has_username};
    if (k.has_client_id)
        id.s = k.client_id;
    if (k.has_username)
        user.s = k.username;
    tw_mqtt_identity_set(c, id, user);
    tw_mqtt_terms_of_client(c, &k);
    tw_mqtt_auth_begin(c, &k);
    tw_mqtt_grammar(c, a, detail);
    if (detail == TW_MQTT_FINE) {
        names(c, a, k.client_id);
        names(c, a, k.username);
        names(c, a, k.will_topic);
        if (tw_mqtt_odd_format(&k.will_props))
            tw_mqtt_grammar(c, a, TW_MQTT_PROPERTY_VALUE);
    }
    if (detail != TW_MQTT_FINE && (k.level < TW_MQTT_V31 || k.level > TW_MQTT_V5))
        st->guessed = true;
    if (k.level == 0) {
        st->rejected = true;
        return;
    }
    wait_for_answer(c, a, 0, detail != TW_MQTT_FINE);
}

/* What CONNACK says against CONNECT. */
static enum tw_mqtt_anomaly answer_anomaly(
    const struct tw_mqtt_call *c, const struct tw_mqtt_ack *ack)
{
    const struct tw_mqtt_state *st = c->st;
    if (!st->connect_seen || st->incomplete || st->guessed)
        return TW_MQTT_FINE;
    if (ack->session_present && st->clean && st->version != TW_MQTT_V31)
        return TW_MQTT_SESSION_PRESENT;
    if (tw_mqtt_has(&ack->props, 0x1a) && st->no_response)
        return TW_MQTT_RESPONSE_INFORMATION;
    return tw_mqtt_auth_connack(c, ack);
}

static void settle_connect(const struct tw_mqtt_call *c, const struct tw_mqtt_ack *ack)
{
    struct tw_mqtt_state *st = c->st;
    st->open = ack->reason == 0;
    st->refused = ack->reason != 0;
    tw_mqtt_terms_of_server(c, ack);
    if (ack->props.assigned_id.len == 0)
        return;
    struct tw_mqtt_info now;
    tw_mqtt_info_begin(c, &now);
    tw_mqtt_identity_set(c, (struct tw_maybe){.s = ack->props.assigned_id}, now.username);
}

static void on_connack(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a)
{
    struct tw_mqtt_state *st = c->st;
    /* Servers answer a level they do not know in the form that they do know. */
    unsigned form = a->h.remaining == 2 ? TW_MQTT_V311 : TW_MQTT_V5;
    if (form == TW_MQTT_V311 && st->version == TW_MQTT_V31)
        form = TW_MQTT_V31;
    struct tw_mqtt_ack ack;
    enum tw_mqtt_anomaly detail = tw_mqtt_ack_read(a->body, a->h.type, form, true, &ack);
    tw_mqtt_grammar(c, a, detail == TW_MQTT_FINE ? answer_anomaly(c, &ack) : detail);
    struct tw_mqtt_pending *p = tw_mqtt_pending_find(st, st->client, TW_MQTT_CONNECT, 0);
    const bool first = !st->connack_seen && !(p == NULL && st->connect_seen);
    if (p == NULL && st->connack_seen && !st->incomplete)
        tw_mqtt_anomaly(c, TW_MQTT_SECOND_CONNACK, a->h.type);
    if (!first || !ack.has_reason) {
        st->connack_seen = st->connack_seen || p == NULL;
        return;
    }
    st->connack_seen = true;
    settle_connect(c, &ack);
    tw_mqtt_emit_connect(
        c, p, p != NULL ? tw_mqtt_pending_body(p) : tw_cur_of(NULL, 0), &ack, form);
    if (p != NULL)
        tw_mqtt_pending_drop(c, p);
}

/* The topic a PUBLISH is for, through its alias if it has one [MQTT5 3.3.2.3.4]. False when the
 * packet is wrong; an absent topic is one whose binding was not seen. */
static bool resolve_topic(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a,
    const struct tw_mqtt_publish *p, struct tw_str *out)
{
    struct tw_mqtt_state *st = c->st;
    bool has_alias = tw_mqtt_has(&p->props, 0x23);
    *out = p->topic;
    if (!has_alias)
        return true;
    bool known = !st->incomplete && (c->dir != st->client || st->connack_seen);
    if (known && p->props.alias > st->alias_max[c->dir]) {
        tw_mqtt_anomaly(c, TW_MQTT_ALIAS_OVER_MAXIMUM, a->h.type);
        return false;
    }
    if (p->topic.len > 0) {
        tw_mqtt_alias_set(c, p->props.alias, p->topic);
        return true;
    }
    *out = tw_mqtt_alias_get(c, p->props.alias);
    if (out->p == NULL && !st->incomplete && !st->alias_lost) {
        tw_mqtt_anomaly(c, TW_MQTT_ALIAS_UNKNOWN, a->h.type);
        return false;
    }
    return true;
}

/* A PUBLISH of QoS 1 or 2 waits for its answer. The topic is kept where a refusal can come. */
static void await_ack(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a, uint16_t id,
    struct tw_str topic, bool refused)
{
    if ((a->h.flags & 6) == 0 || id == 0)
        return;
    tw_mqtt_take_id(c, a, id);
    if (c->st->version != TW_MQTT_V5)
        topic = TW_STR_NONE;
    struct tw_mqtt_pending *p = tw_mqtt_pending_add(c, TW_MQTT_PUBLISH, id, a->h.flags, topic);
    if (p != NULL)
        p->refused = refused;
    tw_mqtt_count_underway(c, id);
}

static void on_publish(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a)
{
    struct tw_mqtt_publish p;
    struct tw_str topic = TW_STR_NONE;
    enum tw_mqtt_anomaly detail =
        tw_mqtt_publish_read(a->body, a->h.flags, c->st->version, a->from_server, &p);
    tw_mqtt_grammar(c, a, detail);
    bool good = detail == TW_MQTT_FINE && resolve_topic(c, a, &p, &topic);
    await_ack(c, a, p.id, topic, !good);
    if (!good)
        return;
    if (!p.is_plain)
        names(c, a, topic);
    tw_mqtt_judge_publish(c, a, &p);
    tw_mqtt_emit_publish(c, &a->h, &p, topic, a->pdu);
}

static void on_request(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a)
{
    struct tw_mqtt_request q;
    enum tw_mqtt_anomaly detail = tw_mqtt_request_read(a->body, a->h.type, c->st->version, &q);
    tw_mqtt_grammar(c, a, detail);
    struct tw_str filter;
    uint8_t options;
    struct tw_cur filters = q.filters;
    while (detail == TW_MQTT_FINE && tw_mqtt_filter_next(&filters, a->h.type, &filter, &options))
        names(c, a, filter);
    if (detail == TW_MQTT_FINE)
        tw_mqtt_judge_request(c, a, &q);
    if (q.id != 0) {
        tw_mqtt_take_id(c, a, q.id);
        wait_for_answer(c, a, q.id, detail != TW_MQTT_FINE);
    }
}

static void on_ping(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a)
{
    if (a->body.left > 0)
        tw_mqtt_anomaly(c, TW_MQTT_TRAILING_BYTES, a->h.type);
}

static void on_disconnect(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a)
{
    struct tw_mqtt_state *st = c->st;
    struct tw_mqtt_ack ack;
    if (a->from_server && st->version != TW_MQTT_V5 && !st->guessed) {
        tw_mqtt_anomaly(c, TW_MQTT_WRONG_DIRECTION, a->h.type);
        return;
    }
    enum tw_mqtt_anomaly detail =
        tw_mqtt_ack_read(a->body, a->h.type, st->version, a->from_server, &ack);
    if (detail == TW_MQTT_FINE && st->no_expiry && ack.props.session_expiry != 0)
        detail = TW_MQTT_PROPERTY_VALUE; /* [MQTT5 3.14.2.2.2] */
    tw_mqtt_grammar(c, a, detail);
    st->closing |= (uint8_t)(1u << c->dir);
    tw_mqtt_emit_disconnect(c, &ack);
}

static void on_auth(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a)
{
    struct tw_mqtt_ack ack;
    enum tw_mqtt_anomaly detail =
        tw_mqtt_ack_read(a->body, a->h.type, TW_MQTT_V5, a->from_server, &ack);
    tw_mqtt_judge_ack(c, a, &ack);
    tw_mqtt_grammar(c, a, detail == TW_MQTT_FINE ? tw_mqtt_auth_packet(c, &ack) : detail);
    if (detail == TW_MQTT_FINE)
        tw_mqtt_emit_auth(c, &ack);
}

static void (*const handlers[16])(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a) = {
    [TW_MQTT_CONNECT] = on_connect,
    [TW_MQTT_CONNACK] = on_connack,
    [TW_MQTT_PUBLISH] = on_publish,
    [TW_MQTT_PUBACK] = tw_mqtt_on_ack,
    [TW_MQTT_PUBREC] = tw_mqtt_on_ack,
    [TW_MQTT_PUBREL] = tw_mqtt_on_ack,
    [TW_MQTT_PUBCOMP] = tw_mqtt_on_ack,
    [TW_MQTT_SUBSCRIBE] = on_request,
    [TW_MQTT_SUBACK] = tw_mqtt_on_request_ack,
    [TW_MQTT_UNSUBSCRIBE] = on_request,
    [TW_MQTT_UNSUBACK] = tw_mqtt_on_request_ack,
    [TW_MQTT_PINGREQ] = on_ping,
    [TW_MQTT_PINGRESP] = on_ping,
    [TW_MQTT_DISCONNECT] = on_disconnect,
    [TW_MQTT_AUTH] = on_auth,
};

/* Where CONNECT was not seen, packets that only one side sends tell who is the client. */
static void learn_sides(const struct tw_mqtt_call *c, unsigned type)
{
    unsigned senders = tw_mqtt_type_senders(type);
    if (c->st->client_known || senders == 3 || senders == 0)
        return;
    c->st->client = (uint8_t)(senders == 1 ? c->dir : c->dir ^ 1);
    c->st->client_known = true;
}

/* What is wrong with this packet coming from this side at this time. */
static enum tw_mqtt_anomaly place_anomaly(const struct tw_mqtt_call *c, unsigned type)
{
    const struct tw_mqtt_state *st = c->st;
    bool server = c->dir != st->client;
    if (st->client_known && (tw_mqtt_type_senders(type) & (server ? 2u : 1u)) == 0)
        return TW_MQTT_WRONG_DIRECTION;
    if ((st->closing >> c->dir & 1) != 0)
        return TW_MQTT_PACKET_AFTER_DISCONNECT; /* [MQTT5 3.14.4] */
    return TW_MQTT_FINE;
}

bool tw_mqtt_packet(const struct tw_mqtt_call *c, const struct tw_pdu *pdu)
{
    struct tw_mqtt_state *st = c->st;
    struct tw_mqtt_arrival a = {.body = pdu->bytes, .pdu = pdu};
    if (tw_mqtt_header_read(pdu->bytes, &a.h) != TW_OK || !tw_cur_skip(&a.body, a.h.size))
        return false;
    c->env->counters->messages[TW_PROTO_MQTT][a.h.type]++;
    learn_sides(c, a.h.type);
    a.from_server = c->dir != st->client;
    enum tw_mqtt_anomaly detail = place_anomaly(c, a.h.type);
    if (detail != TW_MQTT_FINE) {
        tw_mqtt_anomaly(c, detail, a.h.type);
        return true;
    }
    if (!st->connect_seen && a.h.type != TW_MQTT_CONNECT)
        tw_mqtt_guess_version(st, &a.h, a.body, a.from_server);
    if (a.h.overlong && st->version == TW_MQTT_V5)
        tw_mqtt_anomaly(c, TW_MQTT_BAD_REMAINING_LENGTH, a.h.type);
    if (st->doubt[c->dir] > 0)
        st->doubt[c->dir]--;
    if (a.h.type != TW_MQTT_CONNECT && a.h.type != TW_MQTT_CONNACK && a.h.type != TW_MQTT_AUTH &&
        !st->refused)
        st->open = true;
    tw_mqtt_judge_packet(c, &a);
    if (handlers[a.h.type] != NULL)
        handlers[a.h.type](c, &a);
    return !st->rejected;
}
