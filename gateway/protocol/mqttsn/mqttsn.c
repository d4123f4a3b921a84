#include "protocol/mqttsn/mqttsn.h"

#include "base/hash.h"
#include "protocol/mqttsn/state.h"

enum { PORT = 1884, OTHER_PORT = 10000, MAX_CLIENT_ID = 23, BAD_SLOT = 255 };

/* ---- topics ---- */

static struct tw_str topic_of(const struct tw_sn_client *k, const struct tw_sn_message *m)
{
    switch (tw_sn_topic_type(m->flags)) {
    case TW_SN_NORMAL:
        return tw_sn_topic_get(k, m->topic_id);
    case TW_SN_SHORT:
        return tw_str_bytes(m->short_topic, sizeof(m->short_topic));
    default:
        return TW_STR_NONE; /* agreed on beforehand, never on the wire */
    }
}

/* The gateway tells its clients the number at once, they get theirs with the answer. */
static void on_register(const struct tw_sn_call *c, const struct tw_sn_message *m)
{
    if (c->dir != c->st->client_dir)
        tw_sn_topic_set(c->k, c->env->pool, m->topic_id, m->text);
    tw_sn_pending_add(c, m, m->text);
}

static void bind_answer(
    const struct tw_sn_call *c, const struct tw_sn_pending *p, const struct tw_sn_message *m)
{
    const struct tw_str name = tw_str_bytes(p->text.p, p->text.len);
    const bool wild =
        name.len > 0 && (memchr(name.p, '#', name.len) || memchr(name.p, '+', name.len));
    if (m->code == 0 && m->topic_id != 0 && name.len > 0 && !wild)
        tw_sn_topic_set(c->k, c->env->pool, m->topic_id, name);
}

/* ---- requests and answers ---- */

/* What an answer answers. */
static unsigned request_of(unsigned answer)
{
    switch (answer) {
    case TW_SN_CONNACK:
        return TW_SN_CONNECT;
    case TW_SN_REGACK:
        return TW_SN_REGISTER;
    case TW_SN_SUBACK:
        return TW_SN_SUBSCRIBE;
    case TW_SN_UNSUBACK:
        return TW_SN_UNSUBSCRIBE;
    default:
        return TW_SN_PUBLISH;
    }
}

static void on_answer(const struct tw_sn_call *c, const struct tw_sn_message *m)
{
    struct tw_sn_pending *p = tw_sn_pending_find(c->k, c->dir ^ 1, request_of(m->type), m->msg_id);
    if (p == NULL)
        return;
    /* Of a connection the answer has no number: it is 0 in both. */
    if (m->type == TW_SN_CONNACK)
        c->k->connected = m->code == 0;
    if (m->type == TW_SN_REGACK || m->type == TW_SN_SUBACK)
        bind_answer(c, p, m);
    tw_sn_emit_answered(c, p, m);
    tw_sn_pending_drop(c, p);
}

static void on_request(const struct tw_sn_call *c, const struct tw_sn_message *m)
{
    tw_sn_pending_add(c, m, m->text);
}

static void keep(const struct tw_sn_call *c, struct tw_pbuf *b, struct tw_str s)
{
    b->len = 0;
    s = tw_utf8_cut(s, TW_MAX_TOPIC);
    if (s.len > 0 && !tw_pbuf_add(c->env->pool, b, s.p, s.len, SIZE_MAX))
        b->len = 0;
}

static void on_connect(const struct tw_sn_call *c, const struct tw_sn_message *m)
{
    struct tw_sn_client *k = c->k;
    if ((m->flags & TW_SN_CLEAN) != 0)
        tw_sn_client_forget(k, c->env->pool, false);
    k->has_will = k->has_will && (m->flags & TW_SN_CLEAN) == 0;
    k->connected = false;
    keep(c, &k->id, m->text);
    tw_sn_pending_add(c, m, TW_STR_NONE);
}

/* Without a topic the will is deleted [MQTT-SN 5.4.7]. */
static void on_will_topic(const struct tw_sn_call *c, const struct tw_sn_message *m)
{
    c->k->has_will = m->text.len > 0;
    c->k->will_flags = m->flags;
    keep(c, &c->k->will_topic, m->text);
}

static void on_will_message(const struct tw_sn_call *c, const struct tw_sn_message *m)
{
    c->k->will_bytes = m->text.len;
    c->k->will_hash = tw_hash_stable(m->text.p, m->text.len);
}

static void on_publish(const struct tw_sn_call *c, const struct tw_sn_message *m)
{
    const unsigned qos = tw_sn_qos(m->flags);
    tw_sn_emit_publish(c, m, topic_of(c->k, m));
    if (qos == 1 || qos == 2)
        tw_sn_pending_add(c, m, TW_STR_NONE);
}

/* PUBREC, which has no code: the PUBLISH is taken. */
static void on_pubrec(const struct tw_sn_call *c, const struct tw_sn_message *m)
{
    struct tw_sn_pending *p = tw_sn_pending_find(c->k, c->dir ^ 1, TW_SN_PUBLISH, m->msg_id);
    if (p != NULL)
        tw_sn_pending_drop(c, p);
}

/* Both sides say it; the second is the answer [MQTT-SN 6.12]. */
static void on_disconnect(const struct tw_sn_call *c, const struct tw_sn_message *m)
{
    if (c->k->connected || c->dir == c->st->client_dir)
        tw_sn_emit_disconnect(c, m);
    c->k->connected = false;
}

static void (*const handlers[])(const struct tw_sn_call *c, const struct tw_sn_message *m) = {
    [TW_SN_CONNECT] = on_connect,
    [TW_SN_CONNACK] = on_answer,
    [TW_SN_WILLTOPIC] = on_will_topic,
    [TW_SN_WILLMSG] = on_will_message,
    [TW_SN_REGISTER] = on_register,
    [TW_SN_REGACK] = on_answer,
    [TW_SN_PUBLISH] = on_publish,
    [TW_SN_PUBACK] = on_answer,
    [TW_SN_PUBREC] = on_pubrec,
    [TW_SN_SUBSCRIBE] = on_request,
    [TW_SN_SUBACK] = on_answer,
    [TW_SN_UNSUBSCRIBE] = on_request,
    [TW_SN_UNSUBACK] = on_answer,
    [TW_SN_DISCONNECT] = on_disconnect,
    [TW_SN_WILLTOPICUPD] = on_will_topic,
    [TW_SN_WILLMSGUPD] = on_will_message,
};

/* ---- what flow/ calls ---- */

static bool is_printable(struct tw_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.p[i] < 0x20 || s.p[i] == 0x7f)
            return false;
    }
    return s.len > 0;
}

/* A datagram that is right to its last byte, and is a CONNECT or comes to a usual port; by itself
 * it has to happen again and again. */
static enum tw_probe probe(const struct tw_datagram *d)
{
    struct tw_sn_message m;
    if (tw_sn_read(d->bytes, &m) != NULL)
        return TW_PROBE_NO;
    for (unsigned i = 0; i < 2; i++) {
        if (d->ports[i] == PORT || d->ports[i] == OTHER_PORT)
            return TW_PROBE_YES;
    }
    if (m.type == TW_SN_CONNECT && (m.flags & ~(TW_SN_WILL | TW_SN_CLEAN)) == 0 &&
        m.text.len <= MAX_CLIENT_ID && is_printable(m.text))
        return TW_PROBE_YES;
    return TW_PROBE_WEAK;
}

static void begin(struct tw_sn_state *st, struct tw_proto_env *env, const struct tw_conn *conn)
{
    st->conn = *conn;
    st->conn.carrier = &st->carrier;
    if (st->begun)
        return;
    st->begun = true;
    st->carrier.transport = "udp";
    st->timeout_ns = env->limits.request_timeout_ns;
    /* Whoever spoke first, unless from a gateway's port. */
    const uint16_t from = conn->side[0].port;
    st->client_dir = from == PORT || from == OTHER_PORT;
}

/* Messages that only one side sends tell who is the client. */
static void learn_sides(struct tw_sn_call *c, unsigned type)
{
    const unsigned senders = tw_sn_senders(type);
    if (c->st->client_known || senders == 3)
        return;
    c->st->client_dir = (uint8_t)(senders == 1 ? c->dir : c->dir ^ 1);
    c->st->client_known = true;
}

static void message(struct tw_sn_call *c, const struct tw_sn_message *m)
{
    learn_sides(c, m->type);
    if ((tw_sn_senders(m->type) & (c->dir == c->st->client_dir ? 1u : 2u)) == 0) {
        tw_sn_emit_malformed(c, "wrong-direction", m->type);
        return;
    }
    c->k = tw_sn_client_of(c->st, c->env, m->node);
    if (c->k == NULL || m->type >= sizeof(handlers) / sizeof(handlers[0]))
        return;
    if (handlers[m->type] != NULL)
        handlers[m->type](c, m);
}

static void data(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    unsigned direction, struct tw_cur bytes, const struct tw_when *when)
{
    struct tw_sn_state *st = state;
    struct tw_sn_call c = {st, env, when, NULL, direction & 1};
    struct tw_sn_message m;
    begin(st, env, conn);
    const char *anomaly = tw_sn_read(bytes, &m);
    const bool known = tw_sn_type_name(m.type) != NULL;
    env->counters->messages[TW_COUNT_MQTTSN][known ? m.type : BAD_SLOT]++;
    if (anomaly == NULL)
        message(&c, &m);
    else
        tw_sn_emit_malformed(&c, anomaly, m.type);
}

static bool is_told(const struct tw_sn_pending *p)
{
    return p->type == TW_SN_CONNECT || p->type == TW_SN_SUBSCRIBE || p->type == TW_SN_UNSUBSCRIBE;
}

static int64_t next_deadline(const void *state)
{
    const struct tw_sn_state *st = state;
    int64_t first = INT64_MAX;
    for (unsigned i = 0; i < st->n_clients; i++) {
        const struct tw_sn_client *k = &st->clients[i];
        for (unsigned n = 0; n < k->n_pending; n++) {
            int64_t at = k->pending[n].ts_ns + st->timeout_ns;
            first = at < first ? at : first;
        }
    }
    return first;
}

/* What was not answered until `until_ns`. */
static void give_up(struct tw_sn_call *c, int64_t until_ns)
{
    for (unsigned i = 0; i < c->st->n_clients; i++) {
        c->k = &c->st->clients[i];
        for (unsigned n = 0; n < c->k->n_pending;) {
            struct tw_sn_pending *p = &c->k->pending[n];
            if (p->ts_ns > until_ns) {
                n++;
                continue;
            }
            if (is_told(p))
                tw_sn_emit_answered(c, p, NULL);
            tw_sn_pending_drop(c, p);
        }
    }
}

static void tick(
    void *state, struct tw_proto_env *env, const struct tw_conn *conn, const struct tw_when *when)
{
    struct tw_sn_call c = {state, env, when, NULL, 0};
    begin(state, env, conn);
    give_up(&c, when->ts_ns - c.st->timeout_ns);
}

static void finish(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    enum tw_end reason, const struct tw_when *when)
{
    struct tw_sn_call c = {state, env, when, NULL, 0};
    (void)reason;
    begin(state, env, conn);
    give_up(&c, INT64_MAX);
    tw_sn_state_fini(state, env->pool);
}

static size_t counter_name(unsigned slot, char *out, size_t size)
{
    const char *name = slot == BAD_SLOT ? "malformed" : tw_sn_type_name(slot);
    return name != NULL ? tw_str_copy(out, size, tw_str_of(name)) : 0;
}

const struct tw_datagram_proto tw_mqttsn = {
    .name = "mqtt-sn",
    .id = TW_PROTO_MQTT,
    .counters = TW_COUNT_MQTTSN,
    .probe = probe,
    .data = data,
    .counter_name = counter_name,
    .state_size = sizeof(struct tw_sn_state),
    .tick = tick,
    .next_deadline = next_deadline,
    .close = finish,
};
