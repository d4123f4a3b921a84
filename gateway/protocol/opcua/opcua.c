#include "protocol/opcua/opcua.h"

#include "protocol/opcua/state.h"

static struct tw_opcua_call call_of(void *state, struct tw_proto_env *env,
    const struct tw_conn *conn, unsigned dir, const struct tw_when *when)
{
    return (struct tw_opcua_call){
        .st = state, .env = env, .conn = conn, .when = when, .dir = dir & 1};
}

/* The largest chunk that is believed: what the receiver takes, where it said so. The messages of
 * the connection protocol hold two strings of 4096 bytes at most. */
static uint32_t max_chunk(const struct tw_opcua_call *k)
{
    enum { MOST = 64 << 20 };
    const struct tw_opcua_buffers *b = &k->st->buffers[k->dir ^ 1];
    if (b->known && b->receive > TW_OPCUA_MAX_CHUNK)
        return b->receive < MOST ? b->receive : MOST;
    return TW_OPCUA_MAX_CHUNK;
}

enum { MAX_PLAIN = 16384, LEAST_BUFFER = 1024 };

#define WAITING_NS (INT64_C(3600) * 1000000000)

static enum tw_status frame(void *user, struct tw_cur bytes, struct tw_frame *out)
{
    const struct tw_opcua_call *k = user;
    struct tw_opcua_header h;
    if (!tw_opcua_header(&bytes, &h))
        return tw_opcua_header_begins(bytes) ? TW_NEED_MORE : TW_MALFORMED;
    if (h.message == TW_OPCUA_MESSAGES)
        return TW_MALFORMED;
    uint32_t most = h.message < TW_OPCUA_OPN ? MAX_PLAIN : max_chunk(k);
    if (h.size < tw_opcua_min_message(h.message) || h.size > most)
        return TW_MALFORMED;
    out->len = h.size;
    return TW_OK;
}

static void garbage(void *user, struct tw_cur bytes)
{
    struct tw_opcua_call *k = user;
    struct tw_opcua_header h;
    enum tw_opcua_anomaly anomaly = TW_OPCUA_BAD_MESSAGE_TYPE;
    if (tw_opcua_header_begins(bytes) && tw_opcua_header(&bytes, &h))
        anomaly = h.chunk == 0 ? TW_OPCUA_BAD_CHUNK_TYPE : TW_OPCUA_BAD_CHUNK_SIZE;
    if (k->st->intact[k->dir])
        tw_opcua_malformed(k, TW_OPCUA_BIT(anomaly), NULL);
    k->st->intact[k->dir] = false;
}

/* A chunk's beginning in the middle of nowhere: of a channel that is known, or with the end of the
 * bytes or another chunk right behind it. */
static bool is_boundary(const struct tw_opcua_call *k, struct tw_cur c)
{
    struct tw_cur at = c;
    struct tw_opcua_header h;
    uint32_t channel;
    if (!tw_opcua_header_plausible(c, max_chunk(k)) || !tw_opcua_header(&at, &h))
        return false;
    if (h.message >= TW_OPCUA_OPN && tw_cur_u32le(&at, &channel) &&
        tw_opcua_channel_find(k->st, channel) != NULL)
        return true;
    if (k->st->n_channels == 0 && !k->st->started)
        return true;
    return tw_cur_skip(&c, h.size) &&
           (c.left < TW_OPCUA_HEADER || tw_opcua_header_plausible(c, max_chunk(k)));
}

static size_t resync(void *user, struct tw_cur bytes)
{
    struct tw_opcua_call *k = user;
    struct tw_cur c = bytes;
    while (c.left >= TW_OPCUA_HEADER) {
        if (is_boundary(k, c)) {
            k->env->counters->resyncs++;
            return bytes.left - c.left;
        }
        if (!tw_cur_skip(&c, 1))
            break;
    }
    return bytes.left;
}

/* Who opens the TCP connection begins with HEL or RHE [UA6 7.1.3]. Who accepts it answers that;
 * where it seems not to, the beginning of its direction was missed. */
static void check_first(struct tw_opcua_call *k, const struct tw_opcua_header *h)
{
    const struct tw_opcua_info acknowledge = {.service = TW_STR("Acknowledge")};
    const bool opener = k->dir == 0 && !k->conn->midstream;
    if (opener && h->message == TW_OPCUA_ACK)
        tw_opcua_malformed(k, TW_OPCUA_BIT(TW_OPCUA_UNEXPECTED_ACKNOWLEDGE), &acknowledge);
    else if (opener && h->message >= TW_OPCUA_OPN)
        tw_opcua_malformed(k, TW_OPCUA_BIT(TW_OPCUA_MESSAGE_BEFORE_HELLO), NULL);
    else if (h->message >= TW_OPCUA_OPN)
        k->st->intact[k->dir] = false;
}

static void check_start(struct tw_opcua_call *k, const struct tw_opcua_header *h)
{
    struct tw_opcua_state *st = k->st;
    const bool is_first = !st->spoke[k->dir];
    st->spoke[k->dir] = true;
    if (is_first && st->intact[k->dir])
        check_first(k, h);
}

static void open_message(struct tw_opcua_call *k, struct tw_cur c, bool cut)
{
    uint32_t channel;
    if (tw_cur_u32le(&c, &channel))
        tw_opcua_open(k, channel, c, cut);
}

static bool pdu(void *user, const struct tw_pdu *p)
{
    static void (*const simple[])(struct tw_opcua_call * k, struct tw_cur c, bool cut) = {
        [TW_OPCUA_HEL] = tw_opcua_hello,
        [TW_OPCUA_ACK] = tw_opcua_acknowledge,
        [TW_OPCUA_ERR] = tw_opcua_error,
        [TW_OPCUA_RHE] = tw_opcua_reverse_hello,
        [TW_OPCUA_OPN] = open_message,
    };
    struct tw_opcua_call *k = user;
    struct tw_cur c = p->bytes;
    struct tw_opcua_header h;
    if (!tw_opcua_header(&c, &h) || h.message >= TW_OPCUA_MESSAGES)
        return false;
    k->env->counters->messages[TW_PROTO_OPCUA][h.message]++;
    if (p->cut)
        k->env->counters->cut++;
    if (h.chunk == 0) {
        tw_opcua_malformed(k, TW_OPCUA_BIT(TW_OPCUA_BAD_CHUNK_TYPE), NULL);
        return true;
    }
    const struct tw_opcua_buffers *b = &k->st->buffers[k->dir ^ 1];
    if (b->known && b->receive >= LEAST_BUFFER && h.size > b->receive && h.message >= TW_OPCUA_OPN)
        tw_opcua_malformed(k, TW_OPCUA_BIT(TW_OPCUA_BAD_CHUNK_SIZE), NULL);
    check_start(k, &h);
    if (h.message < sizeof(simple) / sizeof(simple[0]))
        simple[h.message](k, c, p->cut);
    else
        tw_opcua_chunk(k, &h, c, p->cut);
    k->st->started = true;
    tw_opcua_doubt_judge(k);
    if (k->dir == k->st->client)
        k->st->early_open.set = false;
    return true;
}

static void open(void *state, struct tw_proto_env *env, const struct tw_conn *conn)
{
    struct tw_opcua_state *st = state;
    st->client = TW_OPCUA_NO_SIDE;
    st->intact[0] = st->intact[1] = !conn->midstream;
    st->stream[0].lost = st->stream[1].lost = conn->midstream;
    st->timeout_ns = env->limits.request_timeout_ns;
    st->one_sided_ns = env->limits.one_sided_ns;
}

static void data(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    unsigned direction, struct tw_cur bytes, const struct tw_when *when)
{
    struct tw_opcua_call k = call_of(state, env, conn, direction, when);
    const struct tw_stream_user user = {.user = &k,
        .frame = frame,
        .pdu = pdu,
        .garbage = garbage,
        .resync = resync,
        .max_kept = max_chunk(&k)};
    k.st->seen |= (uint8_t)(conn->seen | 1u << k.dir);
    tw_stream_data(&k.st->stream[k.dir], env->pool, &user, bytes);
}

/* Those of handshakes that are not over yet are no use any more, either. */
static void forget_sequences(struct tw_opcua_state *st, unsigned dir)
{
    for (struct tw_opcua_request *r = st->first; r != NULL; r = r->next)
        if (st->client == dir)
            r->has_sequence = false;
}

static void gap(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    unsigned direction, uint64_t missing, const struct tw_when *when)
{
    struct tw_opcua_call k = call_of(state, env, conn, direction, when);
    env->counters->gaps++;
    k.st->intact[k.dir] = false;
    tw_opcua_doubt_close(&k, false);
    forget_sequences(k.st, k.dir);
    (void)tw_stream_gap(&k.st->stream[k.dir], env->pool, missing);
    for (struct tw_opcua_channel *ch = k.st->channels; ch != NULL; ch = ch->next) {
        ch->dir[k.dir].has_sequence = false;
        ch->dir[k.dir].torn = true;
        tw_opcua_parts_torn(&ch->dir[k.dir]);
    }
}

static bool waits(const struct tw_opcua_request *r)
{
    return r->service != NULL && (r->service->flags & TW_OPCUA_WAITS) != 0;
}

static int64_t deadline_of(const struct tw_opcua_state *st, const struct tw_opcua_request *r)
{
    const bool mute = st->client != TW_OPCUA_NO_SIDE && (st->seen >> (st->client ^ 1) & 1) == 0;
    int64_t patience = mute ? st->one_sided_ns : st->timeout_ns;
    /* A server holds a Publish until there is something to say, for as long as its keep-alive. */
    if (waits(r) && patience < WAITING_NS)
        patience = WAITING_NS;
    return r->when.ts_ns > INT64_MAX - patience ? INT64_MAX : r->when.ts_ns + patience;
}

/* The next that has waited too long. They are in the order of their age, but for some that may wait
 * longer: the first of each kind. */
static struct tw_opcua_request *next_due(const struct tw_opcua_state *st)
{
    struct tw_opcua_request *r = st->first, *due = r;
    while (r != NULL && waits(r))
        r = r->next;
    return r != NULL && deadline_of(st, r) < deadline_of(st, due) ? r : due;
}

static int64_t deadline(const struct tw_opcua_state *st)
{
    const struct tw_opcua_request *due = next_due(st);
    return due == NULL ? INT64_MAX : deadline_of(st, due);
}

static int64_t next_deadline(const void *state)
{
    return deadline(state);
}

static void tick(
    void *state, struct tw_proto_env *env, const struct tw_conn *conn, const struct tw_when *when)
{
    struct tw_opcua_call k = call_of(state, env, conn, 0, when);
    k.phase = 1;
    while (deadline(k.st) <= when->ts_ns) {
        /* At its own deadline, however late the clock was read. */
        const struct tw_when due = {deadline(k.st), when->packet};
        struct tw_opcua_request *r = next_due(k.st);
        k.when = &due;
        if (r->kind == TW_OPCUA_KIND_SERVICE)
            tw_opcua_late_add(k.st, r);
        tw_opcua_request_expire(&k, r);
    }
}

/* A connection that ended inside its very first message: its size was a lie, or it was only there
 * to be there. */
static void report_incomplete(struct tw_opcua_call *k, enum tw_end reason)
{
    bool ended = reason == TW_END_CLOSED || reason == TW_END_RESET || reason == TW_END_IDLE;
    for (unsigned dir = 0; dir < 2 && ended && !k->st->started; dir++) {
        k->dir = dir;
        if (k->st->intact[dir] && k->st->stream[dir].kept.len > 0)
            tw_opcua_malformed(k, TW_OPCUA_BIT(TW_OPCUA_INCOMPLETE_MESSAGE), NULL);
    }
}

static void close(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    enum tw_end reason, const struct tw_when *when)
{
    struct tw_opcua_call k = call_of(state, env, conn, 0, when);
    k.phase = reason == TW_END_INPUT ? 2 : 0;
    bool all_seen = tw_opcua_intact(&k) && (reason == TW_END_CLOSED || reason == TW_END_RESET);
    report_incomplete(&k, reason);
    tw_opcua_doubt_close(&k, all_seen);
    tw_opcua_early_close(&k, all_seen);
    while (k.st->first != NULL)
        tw_opcua_request_expire(&k, k.st->first);
    while (k.st->channels != NULL)
        tw_opcua_channel_drop(&k, k.st->channels);
    tw_stream_drop(&k.st->stream[0], env->pool);
    tw_stream_drop(&k.st->stream[1], env->pool);
}

const struct tw_proto tw_opcua = {
    .name = "opcua",
    .id = TW_PROTO_OPCUA,
    .state_size = sizeof(struct tw_opcua_state),
    .probe = tw_opcua_probe,
    .open = open,
    .data = data,
    .gap = gap,
    .tick = tick,
    .next_deadline = next_deadline,
    .close = close,
    .counter_name = tw_opcua_counter_name,
    .counters = TW_PROTO_OPCUA,
    .is_patient = true,
};
