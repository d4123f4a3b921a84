#include "protocol/mqtt/mqtt.h"

#include "protocol/mqtt/state.h"

enum { DOUBT = 4 };

/* A new connection whose CONNECT is still to come, seen from the side that has to send it. */
static bool awaits_connect(const struct tw_mqtt_call *c)
{
    return !c->st->connect_seen && !c->st->incomplete && c->dir == c->st->client;
}

/* What is wrong with a packet's first bytes; FINE when the packet may be waited for. */
static enum tw_mqtt_anomaly header_anomaly(
    const struct tw_mqtt_call *c, const struct tw_mqtt_header *h)
{
    enum tw_mqtt_anomaly detail = tw_mqtt_header_anomaly(h, c->st->version);
    if (detail != TW_MQTT_FINE)
        return detail;
    if (!tw_mqtt_sane_length(h))
        return TW_MQTT_BAD_REMAINING_LENGTH;
    return awaits_connect(c) && h->type != TW_MQTT_CONNECT ? TW_MQTT_PACKET_BEFORE_CONNECT
                                                           : TW_MQTT_FINE;
}

static enum tw_status frame(void *user, struct tw_cur bytes, struct tw_frame *out)
{
    const struct tw_mqtt_call *c = user;
    struct tw_mqtt_header h;
    uint8_t first = 0;
    if (awaits_connect(c)) {
        enum tw_status proxy = tw_proxy_length(bytes, &out->len);
        if (proxy != TW_NOT_FOUND)
            return proxy;
    }
    enum tw_status st = tw_mqtt_header_read(bytes, &h);
    if (st == TW_NEED_MORE && tw_cur_peek(&bytes, 0, &first) && first >> 4 == TW_MQTT_RESERVED)
        return TW_MALFORMED;
    TW_TRY(st);
    if (header_anomaly(c, &h) != TW_MQTT_FINE)
        return TW_MALFORMED;
    out->len = (uint64_t)h.size + h.remaining;
    return TW_OK;
}

static void garbage(void *user, struct tw_cur bytes)
{
    const struct tw_mqtt_call *c = user;
    struct tw_mqtt_header h;
    uint8_t first = 0;
    if (!tw_cur_peek(&bytes, 0, &first))
        return;
    enum tw_mqtt_anomaly detail =
        first >> 4 == TW_MQTT_RESERVED ? TW_MQTT_RESERVED_TYPE : TW_MQTT_BAD_REMAINING_LENGTH;
    if (tw_mqtt_header_read(bytes, &h) == TW_OK) {
        detail = header_anomaly(c, &h);
        if (tw_mqtt_sane_length(&h))
            c->env->counters->messages[TW_PROTO_MQTT][h.type]++;
    }
    if (detail == TW_MQTT_FINE)
        return;
    tw_mqtt_anomaly(c, detail, first >> 4);
    /* No server obeys what comes before CONNECT; it is not worth more than one event. */
    c->st->rejected = awaits_connect(c);
    c->st->incomplete = true;
    c->st->doubt[c->dir] = DOUBT;
}

static void on_proxy_header(const struct tw_mqtt_call *c, struct tw_cur header)
{
    struct tw_proxy proxy;
    if (tw_proxy_read(header, &proxy))
        tw_mqtt_proxied(c, &proxy);
    else
        tw_mqtt_emit_malformed(c, TW_MQTT_PROXY_HEADER, NULL);
}

static bool pdu(void *user, const struct tw_pdu *p)
{
    const struct tw_mqtt_call *c = user;
    uint64_t len;
    if (awaits_connect(c) && tw_proxy_length(p->bytes, &len) == TW_OK) {
        on_proxy_header(c, p->bytes);
        return true;
    }
    if (p->cut)
        c->env->counters->cut++;
    bool trusted = tw_mqtt_packet(c, p);
    if (c->st->stray[c->dir ^ 1].set)
        tw_mqtt_settle_stray(c, c->dir ^ 1);
    return trusted;
}

static size_t resync(void *user, struct tw_cur bytes)
{
    const struct tw_mqtt_call *c = user;
    if (c->st->rejected)
        return bytes.left;
    size_t at = tw_mqtt_resync(bytes, c->st->version);
    if (at < bytes.left)
        c->env->counters->resyncs++;
    return at;
}

/* The lower port is the server's, unless one is MQTT's own. */
static unsigned likely_client(const struct tw_conn *conn)
{
    for (unsigned side = 0; side < 2; side++) {
        if (conn->side[side].port == tw_mqtt.ports[0])
            return side ^ 1;
    }
    return conn->side[0].port < conn->side[1].port ? 1 : 0;
}

static void mqtt_open(void *state, struct tw_proto_env *env, const struct tw_conn *conn)
{
    struct tw_mqtt_state *st = state;
    st->timeout_ns = env->limits.request_timeout_ns;
    st->one_sided_ns = env->limits.one_sided_ns;
    if (!conn->midstream)
        return;
    st->incomplete = st->open = true;
    st->client = (uint8_t)likely_client(conn);
    for (unsigned dir = 0; dir < 2; dir++) {
        st->stream[dir].lost = true;
        st->doubt[dir] = DOUBT;
    }
}

static void mqtt_data(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    unsigned direction, struct tw_cur bytes, const struct tw_when *when)
{
    struct tw_mqtt_state *st = state;
    if (st->rejected)
        return;
    /* Asked for only once there is something to tell of. */
    __builtin_prefetch(st->who);
    __builtin_prefetch(&conn->tunnel);
    struct tw_mqtt_call call = {st, env, conn, when, direction & 1};
    st->seen |= (uint8_t)(conn->seen | 1u << call.dir);
    if (st->held[0].what != TW_MQTT_FINE || st->held[1].what != TW_MQTT_FINE)
        tw_mqtt_settle_held(&call, false);
    if (call.dir == st->client)
        tw_mqtt_judge_silence(&call);
    const struct tw_stream_user user = {.user = &call,
        .frame = frame,
        .pdu = pdu,
        .garbage = garbage,
        .resync = resync,
        .max_kept = TW_MQTT_MAX_PACKET};
    tw_stream_data(&st->stream[call.dir], env->pool, &user, bytes);
}

static void mqtt_gap(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    unsigned direction, uint64_t missing, const struct tw_when *when)
{
    struct tw_mqtt_state *st = state;
    (void)conn;
    (void)when;
    env->counters->gaps++;
    st->incomplete = true;
    st->doubt[direction & 1] = DOUBT;
    st->stray[0].set = st->stray[1].set = false;
    st->held[0].what = st->held[1].what = TW_MQTT_FINE;
    st->client_ns = 0;
    st->overdue = false;
    (void)tw_stream_gap(&st->stream[direction & 1], env->pool, missing);
}

/* When the answer to a request is overdue; INT64_MAX for what nobody reports. */
static int64_t deadline(const struct tw_mqtt_state *st, const struct tw_mqtt_pending *p)
{
    bool request = p->type == TW_MQTT_CONNECT || p->type == TW_MQTT_SUBSCRIBE ||
                   p->type == TW_MQTT_UNSUBSCRIBE;
    const bool mute = (st->seen >> (st->client ^ 1) & 1) == 0;
    return request ? p->ts_ns + (mute ? st->one_sided_ns : st->timeout_ns) : INT64_MAX;
}

static int64_t mqtt_next_deadline(const void *state)
{
    const struct tw_mqtt_state *st = state;
    int64_t first = INT64_MAX;
    for (unsigned i = 0; i < st->n_pending; i++) {
        int64_t at = deadline(st, &st->pending[i]);
        first = at < first ? at : first;
    }
    return first;
}

static void mqtt_tick(
    void *state, struct tw_proto_env *env, const struct tw_conn *conn, const struct tw_when *when)
{
    struct tw_mqtt_state *st = state;
    const struct tw_mqtt_call call = {st, env, conn, when, st->client};
    for (unsigned i = 0; i < st->n_pending;) {
        struct tw_mqtt_pending *p = &st->pending[i];
        if (deadline(st, p) > when->ts_ns) {
            i++;
            continue;
        }
        tw_mqtt_emit_unanswered(&call, p);
        tw_mqtt_pending_drop(&call, p);
    }
}

/* A connection that was closed within its CONNECT never became one. */
static void report_unfinished(const struct tw_mqtt_call *c)
{
    const struct tw_stream *s = &c->st->stream[c->dir];
    struct tw_cur kept = tw_cur_of(s->kept.p, s->kept.len);
    uint8_t first;
    if (awaits_connect(c) && tw_cur_u8(&kept, &first))
        tw_mqtt_anomaly(c, TW_MQTT_TRUNCATED_PACKET, first >> 4);
}

static void mqtt_close(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    enum tw_end reason, const struct tw_when *when)
{
    struct tw_mqtt_state *st = state;
    const struct tw_mqtt_call call = {st, env, conn, when, st->client};
    /* The end of the input, or of the room for flows, is not the end of the connection. */
    bool over = reason == TW_END_CLOSED || reason == TW_END_RESET || reason == TW_END_IDLE;
    tw_mqtt_settle_stray(&call, 0);
    tw_mqtt_settle_stray(&call, 1);
    tw_mqtt_settle_held(&call, over);
    if (over)
        report_unfinished(&call);
    for (unsigned i = 0; i < st->n_pending; i++)
        tw_mqtt_emit_unanswered(&call, &st->pending[i]);
    if (over && st->open && st->closing == 0)
        tw_mqtt_emit_disconnect(&call, NULL);
    tw_mqtt_state_fini(st, env->pool);
}

static size_t mqtt_counter_name(unsigned slot, char *out, size_t size)
{
    return slot < 16 ? tw_str_copy(out, size, tw_str_of(tw_mqtt_type_name(slot))) : 0;
}

const struct tw_proto tw_mqtt = {
    .name = "mqtt",
    .id = TW_PROTO_MQTT,
    .state_size = sizeof(struct tw_mqtt_state),
    .probe = tw_mqtt_probe,
    .open = mqtt_open,
    .data = mqtt_data,
    .gap = mqtt_gap,
    .tick = mqtt_tick,
    .next_deadline = mqtt_next_deadline,
    .close = mqtt_close,
    .counter_name = mqtt_counter_name,
    .ports = {1883},
    .counters = TW_PROTO_MQTT,
    .is_patient = true,
};
