#include "protocol/tls/tls.h"

#include "base/proxy.h"
#include "protocol/mqtt/mqtt.h"
#include "protocol/stream.h"
#include "protocol/tls/hello.h"
#include "protocol/websocket/websocket.h"

enum { CLIENT = 0, CHANGE_CIPHER = 20, HANDSHAKE = 22, APPLICATION = 23 };
enum { MAX_FRAGMENT = 16384 + 2048, MAX_RECORD = TW_TLS_RECORD_HEADER + MAX_FRAGMENT };
enum { MAX_HELLO = 32 << 10, MAX_FIRST = 4096, KEY_UPDATE = 24, RANDOM_AT = 11 };
enum { SEARCH = 64, MAX_UNOPENED = 200 };

struct half {
    struct tw_stream stream;
    struct tw_pbuf handshake; /* messages in clear that are not whole yet */
    uint64_t sequence;
    unsigned updates, unopened;
    bool sealed; /* records are encrypted */
    bool opened; /* one could be */
    bool unsure; /* records are missing: the sequence number has to be found again */
};

struct state {
    struct tw_conn conn; /* as what is inside sees it */
    struct tw_carrier carrier;
    struct tw_tls_info info;
    struct half half[2];
    struct tw_pbuf first[2]; /* content that came before it was known what it is */
    const struct tw_proto *inside;
    void *inner; /* its state, in the pool */
    uint16_t version, suite;
    uint8_t client_random[TW_TLS_RANDOM], server_random[TW_TLS_RANDOM];
    bool has_client, has_server, encrypt_then_mac;
    bool over; /* nothing more is read */
    char sni[TW_MAX_IDENTITY], alpn[TW_TLS_MAX_ALPN], proxy_tls[TW_PROXY_TLS];
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

static void count(const struct call *c, enum tw_tls_count what)
{
    c->env->counters->messages[TW_COUNT_TLS][what]++;
}

/* It can not be read, or not any more, for this reason. */
static void stop(const struct call *c, enum tw_tls_count why)
{
    if (!c->st->over)
        count(c, why);
    c->st->over = true;
}

/* ---- what is inside ---- */

static void inner_data(const struct call *c, struct tw_cur bytes)
{
    struct state *st = c->st;
    st->inside->data(st->inner, c->env, &st->conn, c->dir, bytes, c->when);
}

static bool open_inside(const struct call *c, const struct tw_proto *proto)
{
    struct state *st = c->st;
    st->inner = tw_pool_get(c->env->pool, proto->state_size, NULL);
    if (st->inner == NULL)
        return false;
    memset(st->inner, 0, proto->state_size);
    st->inside = proto;
    proto->open(st->inner, c->env, &st->conn);
    count(c, TW_TLS_COUNT_OPENED);
    return true;
}

/* The first content from the client tells whose it is. */
static void recognise(const struct call *c)
{
    static const struct tw_proto *const protocols[] = {&tw_mqtt, &tw_mqtt_websocket};
    struct state *st = c->st;
    struct tw_pbuf *kept = &st->first[CLIENT];
    bool wants_more = false;
    for (size_t i = 0; i < 2; i++) {
        enum tw_probe said = protocols[i]->probe(tw_cur_of(kept->p, kept->len), CLIENT, false);
        wants_more = wants_more || said == TW_PROBE_MORE;
        if (said != TW_PROBE_YES)
            continue;
        if (!open_inside(c, protocols[i])) {
            st->over = true;
            return;
        }
        for (unsigned dir = 0; dir < 2; dir++) {
            struct call one = *c;
            one.dir = dir;
            if (st->first[dir].len > 0)
                inner_data(&one, tw_cur_of(st->first[dir].p, st->first[dir].len));
            tw_pbuf_drop(c->env->pool, &st->first[dir]);
        }
        return;
    }
    if (!wants_more)
        stop(c, TW_TLS_COUNT_OTHER);
}

static void content(const struct call *c, struct tw_cur bytes)
{
    struct state *st = c->st;
    if (st->inside != NULL) {
        inner_data(c, bytes);
        return;
    }
    if (!tw_pbuf_add(c->env->pool, &st->first[c->dir], bytes.p, bytes.left, MAX_FIRST))
        stop(c, TW_TLS_COUNT_OTHER);
    else if (c->dir == CLIENT)
        recognise(c);
}

/* ---- the handshake ---- */

static void on_client_hello(const struct call *c, const struct tw_tls_hello *h)
{
    struct state *st = c->st;
    if (st->has_client)
        return; /* again, after a HelloRetryRequest: the random is the same */
    st->has_client = true;
    memcpy(st->client_random, h->random.p, TW_TLS_RANDOM);
    st->info.sni.len = tw_str_copy(st->sni, sizeof(st->sni), h->sni);
    st->info.sni.p = h->sni.p != NULL ? st->sni : NULL;
    if (h->alpn.len > 0)
        memcpy(st->alpn, h->alpn.p, h->alpn.len);
    st->info.alpn = (struct tw_str){h->alpn.p != NULL ? st->alpn : NULL, h->alpn.len};
}

static void on_server_hello(const struct call *c, const struct tw_tls_hello *h)
{
    struct state *st = c->st;
    if (h->retry || st->has_server)
        return;
    st->has_server = true;
    memcpy(st->server_random, h->random.p, TW_TLS_RANDOM);
    st->version = h->version;
    st->suite = h->suite;
    st->encrypt_then_mac = h->encrypt_then_mac;
    st->info.version = tw_tls_version_name(h->version);
    st->info.cipher = tw_tls_cipher_name(h->suite);
    if (!c->env->tls_can(h->version, h->suite))
        stop(c, TW_TLS_COUNT_UNSUPPORTED);
    if (h->version == TW_TLS_13)
        st->half[0].sealed = st->half[1].sealed = true;
}

static void on_handshake(const struct call *c, struct tw_cur bytes)
{
    struct tw_pbuf *kept = &c->st->half[c->dir].handshake;
    struct tw_cur body, all;
    struct tw_tls_hello h;
    uint8_t type;
    if (!tw_pbuf_add(c->env->pool, kept, bytes.p, bytes.left, MAX_HELLO)) {
        stop(c, TW_TLS_COUNT_FAILED);
        return;
    }
    all = tw_cur_of(kept->p, kept->len);
    while (!c->st->over && tw_tls_handshake_next(&all, &type, &body) == TW_OK) {
        const bool server = type == TW_TLS_SERVER_HELLO;
        if (type != (c->dir == CLIENT ? TW_TLS_CLIENT_HELLO : TW_TLS_SERVER_HELLO))
            continue;
        if (!tw_tls_hello_read(body, server, &h))
            stop(c, TW_TLS_COUNT_FAILED);
        else if (server)
            on_server_hello(c, &h);
        else
            on_client_hello(c, &h);
    }
    if (all.left > 0 && all.left < kept->len)
        memmove(kept->p, all.p, all.left);
    kept->len = all.left;
}

/* ---- records ---- */

/* Of another side's keys only KeyUpdate is of interest [RFC8446 4.6.3]. */
static void on_sealed_handshake(const struct call *c, struct tw_cur bytes)
{
    struct half *half = &c->st->half[c->dir];
    struct tw_cur body;
    uint8_t type;
    while (c->st->version == TW_TLS_13 && tw_tls_handshake_next(&bytes, &type, &body) == TW_OK) {
        if (type != KEY_UPDATE)
            continue;
        half->updates++;
        half->sequence = 0;
    }
}

/* A record of TLS 1.3 before the first of application data is sealed with other keys. */
static void on_unopened(const struct call *c)
{
    struct half *half = &c->st->half[c->dir];
    const bool may_be = c->st->version == TW_TLS_13 && !half->opened;
    if (!may_be || ++half->unopened > MAX_UNOPENED)
        stop(c, TW_TLS_COUNT_FAILED);
}

/* Where records are missing the next few numbers are tried: only the right one is authentic. */
static bool open_record(const struct call *c, struct tw_tls_sealed *sealed, uint8_t *out,
    size_t *out_len, uint8_t *out_type)
{
    struct half *half = &c->st->half[c->dir];
    const unsigned tries = half->unsure ? SEARCH : 1;
    for (unsigned i = 0; i < tries; i++) {
        sealed->sequence = half->sequence + i;
        if (!c->env->tls_open(c->env->tls_keys, sealed, out, out_len, out_type))
            continue;
        half->sequence += i + 1;
        half->unsure = false;
        half->opened = true;
        return true;
    }
    return false;
}

static void on_sealed(
    const struct call *c, uint8_t type, uint16_t record_version, struct tw_cur fragment)
{
    struct state *st = c->st;
    uint8_t plain[MAX_FRAGMENT];
    size_t len = 0;
    struct tw_tls_sealed sealed = {.client_random = st->client_random,
        .server_random = st->server_random,
        .version = st->version,
        .suite = st->suite,
        .from_client = c->dir == CLIENT,
        .encrypt_then_mac = st->encrypt_then_mac,
        .updates = st->half[c->dir].updates,
        .type = type,
        .record_version = record_version,
        .p = fragment.p,
        .len = fragment.left};
    if (!open_record(c, &sealed, plain, &len, &type)) {
        on_unopened(c);
        return;
    }
    count(c, TW_TLS_COUNT_RECORDS);
    if (type == HANDSHAKE)
        on_sealed_handshake(c, tw_cur_of(plain, len));
    else if (type == APPLICATION && len > 0)
        content(c, tw_cur_of(plain, len));
}

/* A load balancer's header may come before the first record of the client. */
static bool awaits_hello(const struct call *c)
{
    return c->dir == CLIENT && !c->st->has_client;
}

/* False: it is none. One that breaks its rules says nothing. */
static bool on_proxy_header(const struct call *c, struct tw_cur bytes)
{
    struct tw_proxy proxy;
    uint64_t len;
    if (tw_proxy_length(bytes, &len) != TW_OK)
        return false;
    if (tw_proxy_read(bytes, &proxy))
        tw_carrier_proxied(&c->st->carrier, &proxy, c->st->proxy_tls);
    return true;
}

static bool on_record(void *user, const struct tw_pdu *pdu)
{
    const struct call *c = user;
    struct state *st = c->st;
    struct half *half = &st->half[c->dir];
    struct tw_cur body = pdu->bytes;
    uint8_t type;
    uint16_t version, len;
    if (awaits_hello(c) && on_proxy_header(c, body))
        return true;
    /* The beginning of a record is not authentic; the number of the next one will be found. */
    if (pdu->has_hole)
        return true;
    if (st->over || !tw_cur_u8(&body, &type) || !tw_cur_u16be(&body, &version) ||
        !tw_cur_u16be(&body, &len))
        return true;
    if (!half->sealed && type == HANDSHAKE) {
        on_handshake(c, body);
    } else if (type == CHANGE_CIPHER) {
        /* In TLS 1.3 it means nothing; sealed, a new handshake begins that is not followed. */
        if (half->sealed && st->version != TW_TLS_13)
            stop(c, TW_TLS_COUNT_FAILED);
        half->sealed = half->sealed || st->has_server;
    } else if (half->sealed && st->has_client && st->has_server) {
        on_sealed(c, type, version, body);
    }
    return true;
}

static enum tw_status frame_record(struct tw_cur bytes, struct tw_frame *out)
{
    uint8_t type, major;
    uint16_t len;
    if (!tw_cur_u8(&bytes, &type))
        return TW_NEED_MORE;
    if (type < CHANGE_CIPHER || type > APPLICATION + 1)
        return TW_MALFORMED;
    if (!tw_cur_u8(&bytes, &major) || !tw_cur_skip(&bytes, 1) || !tw_cur_u16be(&bytes, &len))
        return TW_NEED_MORE;
    if (major != 3 || len > MAX_FRAGMENT)
        return TW_MALFORMED;
    out->len = (uint64_t)TW_TLS_RECORD_HEADER + len;
    return TW_OK;
}

static enum tw_status frame(void *user, struct tw_cur bytes, struct tw_frame *out)
{
    if (awaits_hello(user)) {
        const enum tw_status proxy = tw_proxy_length(bytes, &out->len);
        if (proxy != TW_NOT_FOUND)
            return proxy;
    }
    return frame_record(bytes, out);
}

static void garbage(void *user, struct tw_cur bytes)
{
    (void)bytes;
    stop(user, TW_TLS_COUNT_FAILED);
}

/* A record at the start of a segment: what is inside it proves itself. */
static size_t resync(void *user, struct tw_cur bytes)
{
    struct tw_frame f;
    struct tw_cur rest = bytes;
    (void)user;
    for (size_t at = 0; rest.left > TW_TLS_RECORD_HEADER; at++) {
        if (frame_record(rest, &f) == TW_OK && rest.p[0] == APPLICATION &&
            (at == 0 || f.len == rest.left))
            return at;
        if (!tw_cur_skip(&rest, 1))
            break;
    }
    return bytes.left;
}

/* ---- what flow/ calls ---- */

/* A record with the start of a ClientHello, to its random. */
static enum tw_probe probe_hello(struct tw_cur bytes)
{
    static const uint8_t pattern[] = {HANDSHAKE, 3};
    uint8_t b;
    for (size_t i = 0; i < sizeof(pattern); i++) {
        if (tw_cur_peek(&bytes, i, &b) && b != pattern[i])
            return TW_PROBE_NO;
    }
    if (tw_cur_peek(&bytes, TW_TLS_RECORD_HEADER, &b) && b != TW_TLS_CLIENT_HELLO)
        return TW_PROBE_NO;
    return bytes.left < RANDOM_AT + TW_TLS_RANDOM ? TW_PROBE_MORE : TW_PROBE_YES;
}

/* Records that end with the bytes, or stand one behind the other. */
static enum tw_probe probe_records(struct tw_cur bytes)
{
    struct tw_frame f;
    for (unsigned n = 0;; n++) {
        const enum tw_status st = frame_record(bytes, &f);
        if (st == TW_MALFORMED || (st == TW_OK && f.len == TW_TLS_RECORD_HEADER))
            return TW_PROBE_NO;
        if (st == TW_NEED_MORE)
            return n > 0 ? TW_PROBE_WEAK : TW_PROBE_MORE;
        if (!tw_cur_skip(&bytes, (size_t)f.len))
            return n > 0 ? TW_PROBE_YES : TW_PROBE_WEAK;
        if (bytes.left == 0)
            return TW_PROBE_YES;
    }
}

static enum tw_probe probe(struct tw_cur bytes, unsigned dir, bool midstream)
{
    uint64_t proxy;
    if (midstream) {
        const enum tw_probe said = dir == CLIENT ? probe_hello(bytes) : TW_PROBE_NO;
        return said == TW_PROBE_NO ? probe_records(bytes) : said;
    }
    if (dir != CLIENT)
        return TW_PROBE_NO;
    const enum tw_status st = tw_proxy_length(bytes, &proxy);
    if (st == TW_NEED_MORE || (st == TW_OK && proxy >= bytes.left))
        return TW_PROBE_MORE;
    if (st == TW_OK && !tw_cur_skip(&bytes, (size_t)proxy))
        return TW_PROBE_NO;
    return probe_hello(bytes);
}

static bool wanted(struct tw_proto_env *env, struct tw_cur bytes)
{
    struct tw_str random;
    uint64_t proxy;
    if (env->tls_keys == NULL)
        return false;
    if (tw_proxy_length(bytes, &proxy) == TW_OK && !tw_cur_skip(&bytes, (size_t)proxy))
        return false;
    const bool begins = probe_hello(bytes) == TW_PROBE_YES;
    if (begins && tw_cur_skip(&bytes, RANDOM_AT) && tw_cur_bytes(&bytes, TW_TLS_RANDOM, &random) &&
        env->tls_knows(env->tls_keys, (const uint8_t *)random.p))
        return true;
    env->counters
        ->messages[TW_COUNT_TLS][begins ? TW_TLS_COUNT_NO_SECRET : TW_TLS_COUNT_MIDSTREAM]++;
    return false;
}

/* Its `st` is NULL when there was no room for it. */
static struct call call_of(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    unsigned dir, const struct tw_when *when)
{
    struct state *st = ((struct holder *)state)->st;
    if (st != NULL) {
        st->conn = *conn;
        st->conn.carrier = &st->carrier;
        st->conn.midstream = false; /* what is inside begins with the session */
    }
    return (struct call){st, env, when, dir & 1};
}

static void tls_open(void *state, struct tw_proto_env *env, const struct tw_conn *conn)
{
    struct state *st = tw_pool_get(env->pool, sizeof(*st), NULL);
    ((struct holder *)state)->st = st;
    if (st == NULL)
        return;
    *st = (struct state){.conn = *conn};
    st->carrier = (struct tw_carrier){.transport = "tls", .tls = &st->info};
    st->conn.carrier = &st->carrier;
}

static void tls_data(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    unsigned dir, struct tw_cur bytes, const struct tw_when *when)
{
    struct call c = call_of(state, env, conn, dir, when);
    const struct tw_stream_user user = {.user = &c,
        .frame = frame,
        .pdu = on_record,
        .garbage = garbage,
        .resync = resync,
        .max_kept = MAX_RECORD};
    if (c.st != NULL && !c.st->over)
        tw_stream_data(&c.st->half[c.dir].stream, env->pool, &user, bytes);
}

static void tls_gap(void *state, struct tw_proto_env *env, const struct tw_conn *conn, unsigned dir,
    uint64_t missing, const struct tw_when *when)
{
    struct call c = call_of(state, env, conn, dir, when);
    struct state *st = c.st;
    if (st == NULL)
        return;
    struct half *half = &st->half[c.dir];
    (void)tw_stream_gap(&half->stream, env->pool, missing);
    half->unsure = true;
    if (!half->sealed && !st->over)
        stop(&c, TW_TLS_COUNT_FAILED);
    if (st->inside != NULL)
        st->inside->gap(st->inner, env, &st->conn, c.dir, UINT64_MAX, when);
}

static void tls_tick(
    void *state, struct tw_proto_env *env, const struct tw_conn *conn, const struct tw_when *when)
{
    const struct call c = call_of(state, env, conn, CLIENT, when);
    if (c.st != NULL && c.st->inside != NULL)
        c.st->inside->tick(c.st->inner, env, &c.st->conn, when);
}

static int64_t tls_next_deadline(const void *state)
{
    const struct state *st = ((const struct holder *)state)->st;
    return st != NULL && st->inside != NULL ? st->inside->next_deadline(st->inner) : INT64_MAX;
}

static void tls_close(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    enum tw_end reason, const struct tw_when *when)
{
    const struct call c = call_of(state, env, conn, CLIENT, when);
    struct state *st = c.st;
    if (st == NULL)
        return;
    if (st->inside != NULL) {
        st->inside->close(st->inner, env, &st->conn, reason, when);
        tw_pool_put(env->pool, st->inner, st->inside->state_size);
    }
    for (unsigned dir = 0; dir < 2; dir++) {
        tw_stream_drop(&st->half[dir].stream, env->pool);
        tw_pbuf_drop(env->pool, &st->half[dir].handshake);
        tw_pbuf_drop(env->pool, &st->first[dir]);
    }
    tw_pool_put(env->pool, st, sizeof(*st));
    ((struct holder *)state)->st = NULL;
}

static size_t tls_counter_name(unsigned slot, char *out, size_t size)
{
    static const char *const names[TW_TLS_COUNTS] = {
        "opened", "other", "no_secret", "unsupported", "failed", "records", "midstream"};
    return slot < TW_TLS_COUNTS ? tw_str_copy(out, size, tw_str_of(names[slot])) : 0;
}

const struct tw_proto tw_mqtt_tls = {
    .name = "tls",
    .id = TW_PROTO_MQTT,
    .state_size = sizeof(struct holder),
    .probe = probe,
    .wanted = wanted,
    .is_shared = true,
    .open = tls_open,
    .data = tls_data,
    .gap = tls_gap,
    .tick = tls_tick,
    .next_deadline = tls_next_deadline,
    .close = tls_close,
    .counter_name = tls_counter_name,
    .counters = TW_COUNT_TLS,
};
