#include "base/timefmt.h"
#include "base/topic.h"
#include "protocol/mqtt/state.h"

/* Receive Maximum where none was sent [MQTT5 3.1.2.11.3]; more than are counted. */
enum { DEFAULT_RECEIVE_MAX = 65535 };

/* Beyond one and a half times the Keep Alive, for servers that look once a second. */
#define GRACE_NS TW_NS_PER_S

static uint16_t counted(const struct tw_mqtt_props *p)
{
    unsigned max = tw_mqtt_has(p, 0x21) ? p->receive_max : DEFAULT_RECEIVE_MAX;
    return (uint16_t)(max < TW_MQTT_MAX_PENDING ? max : 0);
}

static void set_keep_alive(struct tw_mqtt_state *st, uint16_t seconds)
{
    int64_t ns = seconds * TW_NS_PER_S;
    st->keep_alive_ns = seconds > 0 ? ns + ns / 2 + GRACE_NS : 0;
}

void tw_mqtt_terms_of_client(const struct tw_mqtt_call *c, const struct tw_mqtt_connect *k)
{
    struct tw_mqtt_state *st = c->st;
    const unsigned server = c->dir ^ 1;
    const struct tw_mqtt_props *p = &k->props;
    st->clean = k->clean_start;
    st->qos_max = 2;
    set_keep_alive(st, k->keep_alive);
    st->alias_max[server] = p->alias_max;
    st->packet_max[server] = p->packet_max;
    st->receive_max[server] = st->version == TW_MQTT_V5 ? counted(p) : 0;
    st->no_expiry = st->version == TW_MQTT_V5 && p->session_expiry == 0;
    st->no_problem = tw_mqtt_has(p, 0x17) && p->wants_problem == 0;
    st->no_response = p->wants_response == 0;
}

static uint8_t lacks(const struct tw_mqtt_props *p)
{
    unsigned bits = 0;
    if (tw_mqtt_has(p, 0x25) && p->retain == 0)
        bits |= TW_MQTT_LACKS_RETAIN;
    if (tw_mqtt_has(p, 0x28) && p->wildcards == 0)
        bits |= TW_MQTT_LACKS_WILDCARDS;
    if (tw_mqtt_has(p, 0x29) && p->subscription_ids == 0)
        bits |= TW_MQTT_LACKS_SUBSCRIPTION_IDS;
    if (tw_mqtt_has(p, 0x2a) && p->shared == 0)
        bits |= TW_MQTT_LACKS_SHARED;
    return (uint8_t)bits;
}

void tw_mqtt_terms_of_server(const struct tw_mqtt_call *c, const struct tw_mqtt_ack *ack)
{
    struct tw_mqtt_state *st = c->st;
    const struct tw_mqtt_props *p = &ack->props;
    const unsigned client = st->client;
    /* 3.1 does not say whether there was a session. */
    if (st->version != TW_MQTT_V31)
        st->clean = !ack->session_present;
    st->alias_max[client] = p->alias_max;
    st->packet_max[client] = p->packet_max;
    st->receive_max[client] = st->version == TW_MQTT_V5 ? counted(p) : 0;
    if (tw_mqtt_has(p, 0x24))
        st->qos_max = p->qos_max;
    if (tw_mqtt_has(p, 0x11))
        st->no_expiry = p->session_expiry == 0;
    st->lacks = lacks(p);
    if (tw_mqtt_has(p, 0x13))
        set_keep_alive(st, p->server_keep_alive);
}

/* Both ends were heard, from the beginning. */
static bool is_agreed(const struct tw_mqtt_state *st)
{
    return st->connect_seen && st->connack_seen && !st->incomplete;
}

void tw_mqtt_judge_packet(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a)
{
    struct tw_mqtt_state *st = c->st;
    if (st->overdue) {
        st->overdue = false;
        tw_mqtt_anomaly(c, TW_MQTT_KEEP_ALIVE_EXCEEDED, a->h.type);
    }
    if (!st->connect_seen || st->incomplete)
        return;
    const bool answer = a->h.type == TW_MQTT_CONNACK || a->h.type == TW_MQTT_AUTH;
    if (a->from_server && !st->connack_seen && !answer)
        tw_mqtt_anomaly(c, TW_MQTT_PACKET_BEFORE_CONNACK, a->h.type);
    else if (a->from_server && st->refused && st->connack_seen)
        tw_mqtt_anomaly(c, TW_MQTT_PACKET_AFTER_REFUSAL, a->h.type);
    else if (!a->from_server && !st->connack_seen && st->auth_method != 0 && !answer &&
             a->h.type != TW_MQTT_DISCONNECT && a->h.type != TW_MQTT_CONNECT)
        tw_mqtt_anomaly(c, TW_MQTT_PACKET_BEFORE_CONNACK, a->h.type);
    const uint32_t max = st->packet_max[c->dir];
    const bool known = a->from_server || st->connack_seen;
    if (max != 0 && known && a->h.type != TW_MQTT_CONNECT && a->pdu->len > max)
        tw_mqtt_anomaly(c, TW_MQTT_PACKET_OVER_MAXIMUM, a->h.type);
}

void tw_mqtt_judge_publish(
    const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a, const struct tw_mqtt_publish *p)
{
    const struct tw_mqtt_state *st = c->st;
    if (tw_mqtt_odd_format(&p->props))
        tw_mqtt_grammar(c, a, TW_MQTT_PROPERTY_VALUE); /* [MQTT5 3.3.2.3.2] */
    if (a->from_server || !is_agreed(st))
        return;
    if ((a->h.flags >> 1 & 3) > st->qos_max)
        tw_mqtt_anomaly(c, TW_MQTT_QOS_OVER_MAXIMUM, a->h.type);
    if ((a->h.flags & 1) != 0 && (st->lacks & TW_MQTT_LACKS_RETAIN) != 0)
        tw_mqtt_anomaly(c, TW_MQTT_RETAIN_UNAVAILABLE, a->h.type);
}

void tw_mqtt_judge_request(
    const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a, const struct tw_mqtt_request *q)
{
    const struct tw_mqtt_state *st = c->st;
    if (a->h.type != TW_MQTT_SUBSCRIBE || st->lacks == 0 || !is_agreed(st))
        return;
    if ((st->lacks & TW_MQTT_LACKS_SUBSCRIPTION_IDS) != 0 && tw_mqtt_has(&q->props, 0x0b))
        tw_mqtt_anomaly(c, TW_MQTT_SUBSCRIPTION_ID_UNAVAILABLE, a->h.type);
    struct tw_cur filters = q->filters;
    struct tw_str filter;
    uint8_t options;
    bool any_shared = false, any_wildcard = false, shared;
    while (tw_mqtt_filter_next(&filters, a->h.type, &filter, &options)) {
        any_wildcard |= tw_topic_has_wildcard(tw_topic_unshared(filter, &shared));
        any_shared |= shared;
    }
    if (any_wildcard && (st->lacks & TW_MQTT_LACKS_WILDCARDS) != 0)
        tw_mqtt_anomaly(c, TW_MQTT_WILDCARD_UNAVAILABLE, a->h.type);
    if (any_shared && (st->lacks & TW_MQTT_LACKS_SHARED) != 0)
        tw_mqtt_anomaly(c, TW_MQTT_SHARED_UNAVAILABLE, a->h.type);
}

void tw_mqtt_judge_ack(
    const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a, const struct tw_mqtt_ack *ack)
{
    bool says = tw_mqtt_has(&ack->props, 0x1f) || ack->props.n_user > 0;
    if (a->from_server && says && c->st->no_problem)
        tw_mqtt_grammar(c, a, TW_MQTT_PROBLEM_INFORMATION);
}

bool tw_mqtt_is_silent(const struct tw_mqtt_state *st, int64_t now_ns)
{
    return st->keep_alive_ns != 0 && st->client_ns != 0 &&
           now_ns - st->client_ns > st->keep_alive_ns;
}

void tw_mqtt_judge_silence(const struct tw_mqtt_call *c)
{
    struct tw_mqtt_state *st = c->st;
    if (st->connack_seen && !st->refused && tw_mqtt_is_silent(st, c->when->ts_ns))
        st->overdue = true;
    st->client_ns = c->when->ts_ns;
}
