/* The name of flows that no dissector reads: nDPI sees the first packets with payload, then never
 * again. Its state for a flow comes from the pool and goes back with the verdict. */
#include "base/proxy.h"
#include "capture/shorten.h"
#include "flow/state.h"

enum {
    MAX_FED = 12, /* packets shown before nDPI has to decide */
    MAX_WAIT = 3, /* packets shown after it has, in hope of a host name */
    MAX_HOST = 255,
    MAX_PATH = 255
};

static void drop_state(struct tw_flows *f, struct tw_flow *w)
{
    if (w->ndpi == NULL)
        return;
    tw_ndpi_flow_fini(w->ndpi);
    tw_pool_put(f->pool, w->ndpi, tw_ndpi_flow_size());
    w->ndpi = NULL;
}

void tw_classify_drop(struct tw_flows *f, struct tw_flow *w)
{
    drop_state(f, w);
    tw_pool_put(f->pool, w->tls, w->tls_size);
    w->tls = NULL;
    if (w->host.p != NULL)
        tw_pool_put(f->pool, (void *)(uintptr_t)w->host.p, w->host.len + w->path_len);
    w->host = TW_STR_NONE;
    w->path_len = 0;
}

/* Both in one place; a request to an address has a path alone. */
static void keep_host(struct tw_flows *f, struct tw_flow *w, struct tw_str host, struct tw_str path)
{
    if (host.len > MAX_HOST || w->host.p != NULL)
        return;
    path = tw_utf8_cut(path, MAX_PATH);
    if (host.len + path.len == 0)
        return;
    char *copy = tw_pool_get(f->pool, host.len + path.len, NULL);
    if (copy == NULL)
        return;
    if (host.len > 0)
        memcpy(copy, host.p, host.len);
    if (path.len > 0)
        memcpy(copy + host.len, path.p, path.len);
    w->host = (struct tw_str){copy, host.len};
    w->path_len = (uint8_t)path.len;
}

static struct tw_str host_of(const struct tw_flow *w)
{
    return w->host.len > 0 ? w->host : TW_STR_NONE;
}

static struct tw_str path_of(const struct tw_flow *w)
{
    return w->path_len > 0 ? (struct tw_str){w->host.p + w->host.len, w->path_len} : TW_STR_NONE;
}

/* What was seen of a TLS handshake outlives nDPI's state. */
static void keep_tls(struct tw_flows *f, struct tw_flow *w)
{
    char text[TW_NDPI_TEXT];
    struct tw_tls_info seen;
    if (w->ndpi == NULL || w->tls != NULL || !tw_ndpi_tls(w->ndpi, &seen, text))
        return;
    struct tw_str *const texts[] = {&seen.sni, &seen.alpn, &seen.ja3, &seen.ja3s, &seen.ja4,
        &seen.sha1, &seen.subject, &seen.issuer};
    enum { TEXTS = sizeof(texts) / sizeof(texts[0]) };
    size_t size = sizeof(seen);
    for (unsigned i = 0; i < TEXTS; i++) {
        *texts[i] = tw_utf8_cut(*texts[i], MAX_HOST);
        size += texts[i]->len;
    }
    struct tw_tls_info *copy = tw_pool_get(f->pool, size, NULL);
    if (copy == NULL)
        return;
    char *at = (char *)(copy + 1);
    for (unsigned i = 0; i < TEXTS; i++) {
        if (texts[i]->len == 0)
            continue;
        memcpy(at, texts[i]->p, texts[i]->len);
        texts[i]->p = at;
        at += texts[i]->len;
    }
    *copy = seen;
    w->tls = copy;
    w->tls_size = (uint32_t)size;
}

/* Where the port alone told nDPI, or nothing did, a dissector may have known the bytes. */
static void decide(struct tw_flows *f, struct tw_flow *w, const struct tw_ndpi_verdict *v)
{
    const bool named = w->named != NULL && (v->guessed || tw_str_is(v->app, "unknown"));
    w->has_verdict = true;
    w->app = named ? tw_str_of(w->named->name) : v->app;
    w->guessed = v->guessed && !named;
    keep_host(f, w, v->host, v->path);
    /* Of a handshake there is more to come, for the flow's last event. */
    if (v->more && w->fed < MAX_FED)
        return;
    keep_tls(f, w);
    drop_state(f, w);
}

static void *state_of(struct tw_flows *f, struct tw_flow *w)
{
    if (w->ndpi == NULL) {
        w->ndpi = tw_pool_get(f->pool, tw_ndpi_flow_size(), NULL);
        if (w->ndpi != NULL)
            memset(w->ndpi, 0, tw_ndpi_flow_size());
    }
    return w->ndpi;
}

/* The connection may still turn out to be ours: then the verdict waits until it is told. While the
 * first bytes are missing nDPI waits as well; what makes a probe ask for more is shown to it, since
 * it may be the only place where another protocol tells its host. */
static bool is_waiting(const struct tw_flow *w)
{
    if (w->mode != TW_FLOW_UNDECIDED)
        return false;
    const bool unsure = w->midstream_probe || w->weak[0] != 0 || w->weak[1] != 0;
    return w->wants_more == 0 && !unsure;
}

/* nDPI does not look behind what a load balancer puts before the first byte of a client. */
__attribute__((noinline)) static bool show_unproxied(const struct tw_flow_ctx *c,
    const struct tw_packet *p, size_t header, struct tw_ndpi_verdict *v)
{
    uint8_t room[TW_SHORTEN_ROOM];
    const struct tw_cur ip = tw_packet_shorten(p, header, room);
    return ip.left > 0 && tw_ndpi_packet(c->f->ndpi, c->w->ndpi, ip, p->ts_ns, v);
}

static bool show(const struct tw_flow_ctx *c, const struct tw_packet *p, struct tw_ndpi_verdict *v)
{
    const struct tw_flow *w = c->w;
    uint64_t header;
    *v = (struct tw_ndpi_verdict){.app = TW_STR("unknown")};
    if (c->d == 0 && w->ip_proto == 6 && w->syn && p->tcp_seq == w->isn + 1 &&
        tw_proxy_length(p->payload, &header) == TW_OK)
        return show_unproxied(c, p, (size_t)header, v);
    return tw_ndpi_packet(c->f->ndpi, w->ndpi, p->ip, p->ts_ns, v);
}

/* The verdict stands; the rest of a TLS handshake. */
static void watch_handshake(const struct tw_flow_ctx *c, const struct tw_packet *p)
{
    struct tw_flow *w = c->w;
    struct tw_ndpi_verdict v;
    (void)tw_ndpi_packet(c->f->ndpi, w->ndpi, p->ip, p->ts_ns, &v);
    if (v.more && ++w->fed < MAX_FED)
        return;
    keep_tls(c->f, w);
    drop_state(c->f, w);
}

void tw_classify_packet(const struct tw_flow_ctx *c, const struct tw_packet *p)
{
    struct tw_flow *w = c->w;
    struct tw_ndpi_verdict v;
    if (w->has_verdict && w->ndpi != NULL) {
        watch_handshake(c, p);
        return;
    }
    if (w->has_verdict || w->mode == TW_FLOW_DATAGRAMS || is_waiting(w))
        return;
    if (c->f->ndpi == NULL || state_of(c->f, w) == NULL)
        return;
    bool final = show(c, p, &v);
    w->fed++;
    w->known_for = (uint8_t)(w->known_for + v.known);
    if (!final && !v.known && w->fed >= MAX_FED)
        tw_ndpi_give_up(c->f->ndpi, w->ndpi, &v);
    else if (!final && w->known_for < MAX_WAIT && w->fed < MAX_FED)
        return;
    decide(c->f, w, &v);
    if (w->mode == TW_FLOW_OTHER || tw_flow_is_shared(w))
        tw_classify_tell(c);
}

static const char *transport_name(uint8_t ip_proto)
{
    static const struct {
        uint8_t number;
        const char *name;
    } names[] = {{6, "tcp"}, {17, "udp"}, {1, "icmp"}, {58, "icmpv6"}, {2, "igmp"}, {132, "sctp"},
        {47, "gre"}, {50, "esp"}, {51, "ah"}, {89, "ospf"}, {112, "vrrp"}, {103, "pim"}};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].number == ip_proto)
            return names[i].name;
    }
    return "ip";
}

static void emit(const struct tw_flow_ctx *c, struct tw_flow_info *info)
{
    const struct tw_flow *w = c->w;
    struct tw_event e;
    tw_proto_event(&e, &w->conn, 0, &c->when, TW_PROTO_OTHER, TW_ACTION_FLOW);
    e.is_tcp = w->ip_proto == 6;
    e.app = w->app;
    e.object = host_of(w);
    info->path = path_of(w);
    info->guessed = w->guessed;
    info->transport = transport_name(w->ip_proto);
    char text[TW_NDPI_TEXT];
    struct tw_tls_info seen;
    info->tls = w->tls;
    if (w->tls == NULL && w->ndpi != NULL && tw_ndpi_tls(w->ndpi, &seen, text))
        info->tls = &seen;
    e.flow_info = info;
    tw_emit(&c->f->env->emit, &e);
}

void tw_classify_tell(const struct tw_flow_ctx *c)
{
    struct tw_flow *w = c->w;
    struct tw_flow_info info = {0};
    if (!w->has_verdict || w->told || tw_str_is(w->app, "unknown"))
        return;
    w->told = true;
    emit(c, &info);
}

static const char *state_name(const struct tw_flow *w)
{
    if (w->refused)
        return "refused";
    if (w->ip_proto != 6)
        return w->conn.seen == 3 ? "established" : "unanswered";
    /* Without an answer seen, an acknowledgement by the initiator proves that there was one. */
    return !w->syn || w->answered || w->acked_back ? "established" : "unanswered";
}

void tw_classify_end(const struct tw_flow_ctx *c)
{
    struct tw_flow *w = c->w;
    struct tw_ndpi_verdict v = {.app = TW_STR("unknown")};
    if (!w->has_verdict) {
        if (w->ndpi != NULL)
            tw_ndpi_give_up(c->f->ndpi, w->ndpi, &v);
        else if (c->f->ndpi != NULL)
            tw_ndpi_guess(c->f->ndpi, w->ip_proto, &w->conn.side[0], &w->conn.side[1], &v);
        decide(c->f, w, &v);
        /* Known from what was said, only held back in hope of a host name. */
        if (w->known_for > 0)
            tw_classify_tell(c);
    }
    struct tw_flow_info info = {
        .has_totals = true, .bytes = w->bytes, .packets = w->packets, .state = state_name(w)};
    emit(c, &info);
}
