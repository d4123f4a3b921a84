#include "protocol/websocket/websocket.h"

#include "base/proxy.h"
#include "protocol/mqtt/mqtt.h"
#include "protocol/websocket/frame.h"
#include "protocol/websocket/inflate.h"
#include "protocol/websocket/upgrade.h"

enum { CLIENT = 0, MAX_HEAD = 2 * TW_HTTP_MAX_HEAD, LOOK = 256, ALL_BITS = 15 };

struct state {
    struct tw_conn conn; /* as MQTT sees it: with the carrier */
    struct tw_carrier carrier;
    void *mqtt;             /* state of the dissector inside, in the pool */
    struct tw_pbuf head[2]; /* of a request or response that is not whole yet */
    char *texts;            /* what the carrier points to */
    size_t texts_size;
    struct tw_ws_half half[2];
    struct tw_inflater *inflater[2];
    struct tw_ws_deflate deflate;
    unsigned n_anomalies;
    char proxy_tls[TW_PROXY_TLS];
    uint8_t client;   /* the direction the client sends in */
    bool upgraded[2]; /* frames come */
    bool answered;    /* the server's 101 was seen: what was agreed on is known */
    bool unread[2];   /* what is deflated can not be read until the window is known again */
    bool bombed[2];   /* nor ever after */
    bool rejected;    /* no WebSocket, or refused: nothing more is read */
};

/* What flow/ keeps of each flow, whatever its protocol, is small: the rest is in the pool. */
struct holder {
    struct state *st; /* NULL: there was no room */
};

/* One call into the dissector. */
struct call {
    struct state *st;
    struct tw_proto_env *env;
    const struct tw_when *when;
    unsigned dir;
};

/* ---- what is told ---- */

static void begin_event(
    const struct call *c, enum tw_action action, struct tw_event *e, struct tw_mqtt_info *info)
{
    tw_mqtt_carrier_event(c->st->mqtt, c->env, &c->st->conn, c->dir, c->when, action, e, info);
}

static void anomaly(const struct call *c, const char *detail)
{
    struct tw_event e;
    struct tw_mqtt_info info;
    c->env->counters->malformed++;
    if (c->st->n_anomalies++ >= TW_WS_MAX_ANOMALIES)
        return;
    begin_event(c, TW_ACTION_MALFORMED, &e, &info);
    e.detail = tw_str_of(detail);
    tw_emit(&c->env->emit, &e);
}

static void on_anomaly(void *user, const char *detail)
{
    anomaly(user, detail);
}

/* The server does not become a WebSocket: the HTTP status is all that there will be. */
static void tell_refused(const struct call *c, unsigned status)
{
    struct tw_event e;
    struct tw_mqtt_info info;
    char text[] = "Http000";
    struct call client = *c;
    client.dir = c->st->client;
    begin_event(&client, TW_ACTION_REFUSED, &e, &info);
    for (unsigned i = 0, v = status; i < 3; i++, v /= 10)
        text[6 - i] = (char)('0' + v % 10);
    e.object = c->st->carrier.path;
    e.object_null = e.object.p == NULL;
    e.status.s = (struct tw_str){text, sizeof(text) - 1};
    e.status_code = status;
    e.status_bad = true;
    tw_emit(&c->env->emit, &e);
}

/* ---- the stream inside ---- */

static void mqtt_data(void *user, struct tw_cur bytes)
{
    const struct call *c = user;
    tw_mqtt.data(c->st->mqtt, c->env, &c->st->conn, c->dir, bytes, c->when);
}

static void mqtt_gap(const struct call *c, uint64_t missing)
{
    tw_mqtt.gap(c->st->mqtt, c->env, &c->st->conn, c->dir, missing, c->when);
}

/* How much is missing of what was deflated, nobody knows. */
static void lose_deflated(const struct call *c)
{
    struct tw_event e;
    struct tw_mqtt_info info;
    if (c->st->unread[c->dir])
        return;
    c->st->unread[c->dir] = true;
    begin_event(c, TW_ACTION_GAP, &e, &info);
    e.detail = TW_STR("websocket-deflate-lost");
    tw_emit(&c->env->emit, &e);
    mqtt_gap(c, UINT64_MAX);
}

static void judge_inflated(const struct call *c, enum tw_inflate said)
{
    if (said == TW_INFLATE_OK)
        return;
    /* Where the start was not seen, neither was the window. */
    if (said == TW_INFLATE_BAD && c->st->answered)
        anomaly(c, "websocket-bad-deflate");
    if (said == TW_INFLATE_BOMB) {
        anomaly(c, "websocket-deflate-bomb");
        c->st->bombed[c->dir] = true;
    }
    lose_deflated(c);
}

static unsigned side_of(const struct call *c)
{
    return c->dir == c->st->client ? 0 : 1;
}

static void on_payload(void *user, struct tw_cur bytes, bool compressed)
{
    const struct call *c = user;
    struct state *st = c->st;
    if (!compressed) {
        mqtt_data(user, bytes);
        return;
    }
    if (st->unread[c->dir])
        return;
    struct tw_inflater **inflater = &st->inflater[c->dir];
    unsigned bits = st->deflate.on ? st->deflate.window_bits[side_of(c)] : ALL_BITS;
    if (*inflater == NULL && (*inflater = tw_inflater_new(c->env->pool, bits)) == NULL)
        judge_inflated(c, TW_INFLATE_NO_MEMORY);
    else
        judge_inflated(c, tw_inflater_add(*inflater, bytes, mqtt_data, user));
}

static void on_message_end(void *user, bool compressed)
{
    const struct call *c = user;
    struct tw_inflater *inflater = c->st->inflater[c->dir];
    if (compressed && inflater != NULL && !c->st->unread[c->dir])
        judge_inflated(c, tw_inflater_end(inflater, mqtt_data, user));
}

static void on_frame(void *user, const struct tw_ws_header *h)
{
    const struct call *c = user;
    struct state *st = c->st;
    c->env->counters->messages[TW_COUNT_WEBSOCKET][h->opcode & 15]++;
    bool starts = h->opcode == TW_WS_TEXT || h->opcode == TW_WS_BINARY;
    if (!starts || !st->deflate.on || !st->deflate.no_takeover[side_of(c)])
        return;
    if (st->inflater[c->dir] != NULL)
        tw_inflater_reset(st->inflater[c->dir]);
    st->unread[c->dir] = st->bombed[c->dir];
}

static struct tw_ws_user user_of(struct call *c)
{
    const struct state *st = c->st;
    return (struct tw_ws_user){.user = c,
        .anomaly = on_anomaly,
        .frame = on_frame,
        .payload = on_payload,
        .message_end = on_message_end,
        .from_client = c->dir == st->client,
        .may_deflate = !st->answered || st->deflate.on};
}

/* ---- the upgrade ---- */

/* Where a PROXY header and the HTTP head behind it end. */
static enum tw_status head_length(struct tw_cur bytes, size_t *out_proxy, size_t *out_len)
{
    uint64_t proxy = 0;
    enum tw_status st = tw_proxy_length(bytes, &proxy);
    if (st == TW_NEED_MORE)
        return st;
    if (st == TW_OK && proxy > TW_HTTP_MAX_HEAD)
        return TW_NOT_FOUND;
    *out_proxy = st == TW_OK ? (size_t)proxy : 0;
    if (!tw_cur_skip(&bytes, *out_proxy))
        return TW_NEED_MORE;
    TW_TRY(tw_http_head_length(bytes, out_len));
    *out_len += *out_proxy;
    return TW_OK;
}

static void on_proxy_header(const struct call *c, struct tw_cur header)
{
    struct state *st = c->st;
    struct tw_proxy proxy;
    if (!tw_proxy_read(header, &proxy)) {
        anomaly(c, "proxy-header");
        return;
    }
    tw_carrier_proxied(&st->carrier, &proxy, st->proxy_tls);
}

/* A query may hold a token: it is left out. */
static struct tw_str without_query(struct tw_str path)
{
    const char *query = path.len > 0 ? memchr(path.p, '?', path.len) : NULL;
    return query != NULL ? (struct tw_str){path.p, (size_t)(query - path.p)} : path;
}

static void keep_texts(const struct call *c, const struct tw_http_head *h)
{
    struct tw_carrier *k = &c->st->carrier;
    struct tw_str *const to[] = {&k->path, &k->host, &k->origin, &k->subprotocol};
    const struct tw_str from[] = {without_query(h->path), h->host, h->origin, h->subprotocol};
    enum { TEXTS = sizeof(from) / sizeof(from[0]) };
    size_t size = 0;
    for (unsigned i = 0; i < TEXTS; i++)
        size += tw_utf8_cut(from[i], TW_MAX_IDENTITY).len;
    char *p = tw_pool_get(c->env->pool, size, NULL);
    if (p == NULL)
        return;
    c->st->texts = p;
    c->st->texts_size = size;
    for (unsigned i = 0; i < TEXTS; i++) {
        struct tw_str s = tw_utf8_cut(from[i], TW_MAX_IDENTITY);
        if (s.p == NULL)
            continue;
        if (s.len > 0)
            memcpy(p, s.p, s.len);
        *to[i] = (struct tw_str){p, s.len};
        p += s.len;
    }
}

static void on_request(const struct call *c, const struct tw_http_head *h)
{
    if (c->st->texts != NULL || h->status != 0 || !h->upgrades) {
        c->st->rejected = true;
        return;
    }
    keep_texts(c, h);
    c->st->upgraded[c->dir] = true;
}

static void on_response(const struct call *c, const struct tw_http_head *h)
{
    struct state *st = c->st;
    if (h->status / 100 == 1 && h->status != 101)
        return;
    if (h->status != 101) {
        st->rejected = true;
        tell_refused(c, h->status);
        return;
    }
    if (!h->upgrades)
        anomaly(c, "websocket-upgrade");
    st->upgraded[c->dir] = st->answered = true;
    st->deflate = h->deflate;
    st->carrier.deflate = h->deflate.on;
}

static void on_head(const struct call *c, struct tw_cur bytes, size_t proxy)
{
    struct tw_http_head h;
    struct tw_cur header;
    if (!tw_cur_sub(&bytes, proxy, &header))
        return;
    if (proxy > 0)
        on_proxy_header(c, header);
    if (!tw_http_head_read(bytes, &h)) {
        anomaly(c, "websocket-upgrade");
        c->st->rejected = true;
    } else if (c->dir == c->st->client) {
        on_request(c, &h);
    } else {
        on_response(c, &h);
    }
}

/* Bytes of a head; `bytes` moves to what is behind it. False when it goes on. */
static bool take_head(const struct call *c, struct tw_cur *bytes)
{
    struct tw_pbuf *kept = &c->st->head[c->dir];
    const size_t before = kept->len;
    struct tw_cur all = tw_cur_here(bytes), whole;
    size_t proxy = 0, len = 0;
    if (before > 0) {
        size_t room = MAX_HEAD - before, n = bytes->left < room ? bytes->left : room;
        if (!tw_pbuf_add(c->env->pool, kept, bytes->p, n, MAX_HEAD))
            n = 0;
        all = tw_cur_of(kept->p, kept->len);
    }
    enum tw_status st = head_length(all, &proxy, &len);
    if (st == TW_NEED_MORE && kept->len < MAX_HEAD) {
        if (before == 0 && !tw_pbuf_add(c->env->pool, kept, bytes->p, bytes->left, MAX_HEAD))
            c->st->rejected = true;
        return false;
    }
    if (st != TW_OK || !tw_cur_sub(&all, len, &whole) || !tw_cur_skip(bytes, len - before)) {
        anomaly(c, "websocket-upgrade");
        c->st->rejected = true;
        return false;
    }
    struct tw_pbuf head = *kept;
    *kept = (struct tw_pbuf){0};
    on_head(c, whole, proxy);
    tw_pbuf_drop(c->env->pool, &head);
    return true;
}

/* ---- what flow/ calls ---- */

/* The payload of a frame looks like MQTT. */
static enum tw_probe look_inside(struct tw_cur bytes, const struct tw_ws_header *h, unsigned dir)
{
    uint8_t plain[LOOK];
    if (!tw_cur_skip(&bytes, h->size))
        return TW_PROBE_NO;
    size_t n = h->len < bytes.left ? (size_t)h->len : bytes.left;
    n = tw_ws_unmask(bytes, h->mask, 0, plain, n < sizeof(plain) ? n : sizeof(plain));
    return n == 0 ? TW_PROBE_MORE : tw_mqtt.probe(tw_cur_of(plain, n), dir, true);
}

static enum tw_probe probe_midstream(struct tw_cur bytes, unsigned dir)
{
    struct tw_ws_header h;
    if (!tw_ws_plausible(bytes, true, false, &h) && !tw_ws_plausible(bytes, false, false, &h))
        return TW_PROBE_NO;
    return h.opcode == TW_WS_BINARY ? look_inside(bytes, &h, dir) : TW_PROBE_NO;
}

/* A request for a WebSocket that offers MQTT as its subprotocol, as MQTT over WebSocket must [MQTT5
 * 6.0-3], or offers none but names MQTT in its path. */
static enum tw_probe probe(struct tw_cur bytes, unsigned dir, bool midstream)
{
    struct tw_http_head h;
    struct tw_cur head;
    size_t proxy = 0, len = 0;
    if (midstream)
        return probe_midstream(bytes, dir);
    if (dir != CLIENT)
        return TW_PROBE_NO;
    enum tw_status st = head_length(bytes, &proxy, &len);
    if (st == TW_NEED_MORE)
        return TW_PROBE_MORE;
    if (st != TW_OK || !tw_cur_skip(&bytes, proxy) || !tw_cur_sub(&bytes, len - proxy, &head) ||
        !tw_http_head_read(head, &h) || h.status != 0 || !h.upgrades)
        return TW_PROBE_NO;
    bool named = h.subprotocol.p == NULL && tw_str_glob(TW_STR("*mqtt*"), without_query(h.path));
    return h.mqtt || named ? TW_PROBE_YES : TW_PROBE_NO;
}

static void ws_open(void *state, struct tw_proto_env *env, const struct tw_conn *conn)
{
    struct state *st = tw_pool_get(env->pool, sizeof(*st), NULL);
    void *mqtt = tw_pool_get(env->pool, tw_mqtt.state_size, NULL);
    if (st == NULL || mqtt == NULL) {
        tw_pool_put(env->pool, st, sizeof(*st));
        tw_pool_put(env->pool, mqtt, tw_mqtt.state_size);
        return;
    }
    *st = (struct state){.client = CLIENT, .mqtt = mqtt, .conn = *conn};
    ((struct holder *)state)->st = st;
    if (conn->carrier != NULL)
        st->carrier = *conn->carrier;
    st->carrier.transport = conn->carrier != NULL ? "websocket-tls" : "websocket";
    st->conn.carrier = &st->carrier;
    memset(mqtt, 0, tw_mqtt.state_size);
    tw_mqtt.open(mqtt, env, &st->conn);
    for (unsigned dir = 0; dir < 2; dir++)
        st->upgraded[dir] = st->half[dir].lost = conn->midstream;
}

/* Its `st` is NULL when there was no room for it. */
static struct call call_of(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    unsigned dir, const struct tw_when *when)
{
    struct state *st = ((struct holder *)state)->st;
    if (st != NULL) {
        st->conn = *conn;
        st->conn.carrier = &st->carrier;
    }
    return (struct call){st, env, when, dir & 1};
}

static void ws_data(void *state, struct tw_proto_env *env, const struct tw_conn *conn, unsigned dir,
    struct tw_cur bytes, const struct tw_when *when)
{
    struct call c = call_of(state, env, conn, dir, when);
    struct state *st = c.st;
    if (st == NULL)
        return;
    while (!st->rejected && !st->upgraded[c.dir] && bytes.left > 0) {
        if (!take_head(&c, &bytes))
            return;
    }
    if (st->rejected)
        return;
    const struct tw_ws_user user = user_of(&c);
    tw_ws_data(&st->half[c.dir], &user, bytes);
    env->counters->resyncs += st->half[c.dir].recovered;
    st->half[c.dir].recovered = 0;
}

static void ws_gap(void *state, struct tw_proto_env *env, const struct tw_conn *conn, unsigned dir,
    uint64_t missing, const struct tw_when *when)
{
    struct call c = call_of(state, env, conn, dir, when);
    struct state *st = c.st;
    if (st == NULL || st->rejected)
        return;
    struct tw_ws_half *half = &st->half[c.dir];
    if (!st->upgraded[c.dir]) {
        /* Of the upgrade: frames will follow, and what was agreed on is not known. */
        tw_pbuf_drop(env->pool, &st->head[c.dir]);
        st->upgraded[c.dir] = true;
    }
    bool deflated = st->inflater[c.dir] != NULL || half->message_compressed;
    const struct tw_ws_user user = user_of(&c);
    uint64_t lost = tw_ws_gap(half, &user, missing);
    if (lost > 0 && deflated)
        lose_deflated(&c);
    else if (lost > 0)
        mqtt_gap(&c, lost);
}

static void ws_tick(
    void *state, struct tw_proto_env *env, const struct tw_conn *conn, const struct tw_when *when)
{
    const struct call c = call_of(state, env, conn, CLIENT, when);
    if (c.st != NULL)
        tw_mqtt.tick(c.st->mqtt, env, &c.st->conn, when);
}

static int64_t ws_next_deadline(const void *state)
{
    const struct state *st = ((const struct holder *)state)->st;
    return st != NULL ? tw_mqtt.next_deadline(st->mqtt) : INT64_MAX;
}

static void ws_close(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    enum tw_end reason, const struct tw_when *when)
{
    const struct call c = call_of(state, env, conn, CLIENT, when);
    struct state *st = c.st;
    if (st == NULL)
        return;
    tw_mqtt.close(st->mqtt, env, &st->conn, reason, when);
    tw_pool_put(env->pool, st->mqtt, tw_mqtt.state_size);
    for (unsigned dir = 0; dir < 2; dir++) {
        tw_pbuf_drop(env->pool, &st->head[dir]);
        tw_inflater_free(st->inflater[dir], env->pool);
    }
    tw_pool_put(env->pool, st->texts, st->texts_size);
    tw_pool_put(env->pool, st, sizeof(*st));
    ((struct holder *)state)->st = NULL;
}

static size_t ws_counter_name(unsigned slot, char *out, size_t size)
{
    static const char *const names[16] = {[TW_WS_CONTINUATION] = "CONTINUATION",
        [TW_WS_TEXT] = "TEXT",
        [TW_WS_BINARY] = "BINARY",
        [TW_WS_CLOSE] = "CLOSE",
        [TW_WS_PING] = "PING",
        [TW_WS_PONG] = "PONG"};
    if (slot >= 16)
        return 0;
    return tw_str_copy(out, size, tw_str_of(names[slot] != NULL ? names[slot] : "RESERVED"));
}

const struct tw_proto tw_mqtt_websocket = {
    .name = "websocket",
    .id = TW_PROTO_MQTT,
    .state_size = sizeof(struct holder),
    .probe = probe,
    .open = ws_open,
    .data = ws_data,
    .gap = ws_gap,
    .tick = ws_tick,
    .next_deadline = ws_next_deadline,
    .close = ws_close,
    .counter_name = ws_counter_name,
    .counters = TW_COUNT_WEBSOCKET,
};
