/* nDPI 4.2 and 4.4 keep findings about other flows in caches that can not be switched off; their
 * layout is in the header for those who ask, and checked against known values before it is used. */
#define NDPI_LIB_COMPILATION
#include <ndpi_main.h>
#undef NDPI_LIB_COMPILATION

#include "flow/ndpi_shim.h"

#include <arpa/inet.h>
#include <stdlib.h>

#define NDPI_VERSION (NDPI_MAJOR * 100 + NDPI_MINOR)

enum { NAME_BYTES = 32 };

struct tw_ndpi {
    struct ndpi_detection_module_struct *module;
    unsigned n_names;
    bool cached_findings;      /* caches must be emptied by hand */
    char (*names)[NAME_BYTES]; /* lower case, by protocol number */
};

#if NDPI_VERSION >= 411
static unsigned app_of(const ndpi_protocol *p)
{
    return p->proto.app_protocol != 0 ? p->proto.app_protocol : p->proto.master_protocol;
}
static unsigned master_of(const ndpi_protocol *p)
{
    return p->proto.master_protocol != 0 ? p->proto.master_protocol : p->proto.app_protocol;
}
#else
static unsigned app_of(const ndpi_protocol *p)
{
    return p->app_protocol != 0 ? p->app_protocol : p->master_protocol;
}
static unsigned master_of(const ndpi_protocol *p)
{
    return p->master_protocol != 0 ? p->master_protocol : p->app_protocol;
}
#endif

#if NDPI_VERSION >= 410
static struct ndpi_detection_module_struct *new_module(void)
{
    return ndpi_init_detection_module(NULL);
}
#else
static struct ndpi_detection_module_struct *new_module(void)
{
    return ndpi_init_detection_module(ndpi_no_prefs);
}
#endif

#if NDPI_VERSION >= 410
static void forbid_caches(struct tw_ndpi *n)
{
    static const char *const sizes[] = {"lru.ookla.size", "lru.bittorrent.size", "lru.stun.size",
        "lru.tls_cert.size", "lru.mining.size", "lru.msteams.size", "lru.fpc_dns.size"};
    /* One that a version does not know is not kept by it either. */
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        (void)ndpi_set_config(n->module, NULL, sizes[i], "0");
}
static void empty_caches(struct tw_ndpi *n)
{
    (void)n;
}
#elif NDPI_VERSION >= 406
static void forbid_caches(struct tw_ndpi *n)
{
    for (int i = 0; i < NDPI_LRUCACHE_MAX; i++)
        (void)ndpi_set_lru_cache_size(n->module, (lru_cache_type)i, 0);
}
static void empty_caches(struct tw_ndpi *n)
{
    (void)n;
}
#else
static void forbid_caches(struct tw_ndpi *n)
{
    (void)n;
}

static void empty(struct ndpi_lru_cache **cache)
{
    if (*cache == NULL)
        return;
    ndpi_lru_free_cache(*cache);
    *cache = NULL;
}

/* They are made when first written to, so mostly there is nothing to do. */
static void empty_caches(struct tw_ndpi *n)
{
    if (!n->cached_findings)
        return;
    empty(&n->module->ookla_cache);
    empty(&n->module->bittorrent_cache);
    empty(&n->module->zoom_cache);
    empty(&n->module->stun_cache);
    empty(&n->module->tls_cert_cache);
    empty(&n->module->mining_cache);
    empty(&n->module->msteams_cache);
}
#endif

#if NDPI_VERSION < 406
/* Values on both sides of the caches prove that the header describes this library. */
static bool knows_layout(const struct ndpi_detection_module_struct *m)
{
    const ndpi_proto_defaults_t *http = &m->proto_defaults[NDPI_PROTOCOL_HTTP];
    return m->ndpi_num_supported_protocols == NDPI_MAX_SUPPORTED_PROTOCOLS &&
           m->tcp_max_retransmission_window_size ==
               NDPI_DEFAULT_MAX_TCP_RETRANSMISSION_WINDOW_SIZE &&
           http->protoId == NDPI_PROTOCOL_HTTP && http->protoName != NULL &&
           strcmp(http->protoName, "HTTP") == 0;
}
#else
static bool knows_layout(const struct ndpi_detection_module_struct *m)
{
    (void)m;
    return false;
}
#endif

static bool copy_names(struct tw_ndpi *n)
{
    n->n_names = ndpi_get_num_supported_protocols(n->module);
    n->names = calloc(n->n_names, sizeof(*n->names));
    if (n->names == NULL)
        return false;
    for (unsigned i = 0; i < n->n_names; i++) {
        const char *name = ndpi_get_proto_name(n->module, (u_int16_t)i);
        tw_str_copy(n->names[i], sizeof(n->names[i]), tw_str_of(name != NULL ? name : "unknown"));
        for (char *c = n->names[i]; *c != '\0'; c++)
            *c = *c >= 'A' && *c <= 'Z' ? (char)(*c + ('a' - 'A')) : *c;
    }
    return true;
}

struct tw_ndpi *tw_ndpi_new(void)
{
    if (ndpi_detection_get_sizeof_ndpi_flow_struct() != sizeof(struct ndpi_flow_struct))
        return NULL;
    struct tw_ndpi *n = calloc(1, sizeof(*n));
    if (n == NULL || (n->module = new_module()) == NULL)
        goto fail;
    NDPI_PROTOCOL_BITMASK all;
    NDPI_BITMASK_RESET(all);
    for (unsigned i = 0; i < NDPI_MAX_SUPPORTED_PROTOCOLS; i++) {
        /* TINC: its findings about one flow come from another one, through a cache of its own. */
        if (i != NDPI_PROTOCOL_TINC)
            all.fds_bits[i / NDPI_BITS] |= (ndpi_ndpi_mask)1 << (i % NDPI_BITS);
    }
    ndpi_set_protocol_detection_bitmask2(n->module, &all);
    forbid_caches(n);
    ndpi_finalize_initialization(n->module);
    n->cached_findings = knows_layout(n->module);
    if (!copy_names(n))
        goto fail;
    return n;
fail:
    tw_ndpi_free(n);
    return NULL;
}

void tw_ndpi_free(struct tw_ndpi *n)
{
    if (n == NULL)
        return;
    if (n->module != NULL)
        ndpi_exit_detection_module(n->module);
    free(n->names);
    free(n);
}

size_t tw_ndpi_flow_size(void)
{
    return sizeof(struct ndpi_flow_struct);
}

void tw_ndpi_flow_fini(void *flow)
{
    ndpi_free_flow_data(flow);
}

/* nDPI puts the host in front. What stands behind a question mark may be a secret. */
static struct tw_str path_of(const char *url)
{
    const char *host = url != NULL ? strstr(url, "://") : NULL;
    const char *path = url != NULL ? strchr(host != NULL ? host + 3 : url, '/') : NULL;
    if (path == NULL)
        return TW_STR_NONE;
    return (struct tw_str){path, strcspn(path, "?#;")};
}

static void fill(struct tw_ndpi *n, const ndpi_protocol *p, const struct ndpi_flow_struct *flow,
    bool guessed, struct tw_ndpi_verdict *out)
{
    const unsigned app = app_of(p);
    out->known = app != NDPI_PROTOCOL_UNKNOWN && app < n->n_names;
    out->app = out->known ? tw_str_of(n->names[app]) : TW_STR("unknown");
    out->guessed = out->known && guessed;
    out->host = out->path = TW_STR_NONE;
    out->more = false;
    if (flow != NULL && app == NDPI_PROTOCOL_HTTP)
        out->path = path_of(flow->http.url);
    if (flow == NULL || flow->host_server_name[0] == '\0')
        return;
    const char *host = (const char *)flow->host_server_name;
    /* nDPI cuts the port off at the first colon, and so most of an IPv6 address in brackets. */
    if (host[0] == '[')
        return;
    out->host = (struct tw_str){host, strnlen(host, sizeof(flow->host_server_name))};
}

static ndpi_protocol process(
    struct tw_ndpi *n, struct ndpi_flow_struct *flow, struct tw_cur ip, int64_t ts_ns)
{
    const u_int64_t ms = (u_int64_t)(ts_ns / 1000000);
    const unsigned short len = (unsigned short)(ip.left < UINT16_MAX ? ip.left : UINT16_MAX);
#if NDPI_VERSION >= 406
    return ndpi_detection_process_packet(n->module, flow, ip.p, len, ms, NULL);
#else
    return ndpi_detection_process_packet(n->module, flow, ip.p, len, ms);
#endif
}

/* These are known before the host is, if their first flight takes several packets. */
static bool may_name_host(const ndpi_protocol *p)
{
    const unsigned master = master_of(p);
    return master == NDPI_PROTOCOL_TLS || master == NDPI_PROTOCOL_HTTP ||
           master == NDPI_PROTOCOL_QUIC;
}

static bool is_tls(const struct ndpi_flow_struct *flow)
{
    for (unsigned i = 0; i < NDPI_PROTOCOL_SIZE; i++) {
        const unsigned p = flow->detected_protocol_stack[i];
        if (p == NDPI_PROTOCOL_TLS || p == NDPI_PROTOCOL_DTLS || p == NDPI_PROTOCOL_QUIC)
            return true;
    }
    return false;
}

#if NDPI_VERSION >= 406
#define OFFERED_ALPN advertised_alpns
#else
#define OFFERED_ALPN alpn
#endif

static struct tw_str text_of(const char *z)
{
    return z != NULL && z[0] != '\0' ? tw_str_of(z) : TW_STR_NONE;
}

static const int64_t ns_per_s = 1000000000;

bool tw_ndpi_tls(const void *state, struct tw_tls_info *out, char text[TW_NDPI_TEXT])
{
    static const char digits[] = "0123456789abcdef";
    const struct ndpi_flow_struct *flow = state;
    if (!is_tls(flow))
        return false;
    *out = (struct tw_tls_info){
        .sni = text_of((const char *)flow->host_server_name),
        .alpn = text_of(flow->protos.tls_quic.OFFERED_ALPN),
        .ja3s = text_of(flow->protos.tls_quic.ja3_server),
        .subject = text_of(flow->protos.tls_quic.subjectDN),
        .issuer = text_of(flow->protos.tls_quic.issuerDN),
        .not_before_ns = (int64_t)flow->protos.tls_quic.notBefore * ns_per_s,
        .not_after_ns = (int64_t)flow->protos.tls_quic.notAfter * ns_per_s,
    };
#if NDPI_VERSION < 500
    out->ja3 = text_of(flow->protos.tls_quic.ja3_client);
#endif
#if NDPI_VERSION >= 410
    out->ja4 = text_of(flow->protos.tls_quic.ja4_client);
#endif
    if (out->ja3s.p != NULL) { /* the server has answered: before, only what is offered is known */
        out->version = tw_tls_version_name(flow->protos.tls_quic.ssl_version);
        out->cipher = tw_tls_cipher_name(flow->protos.tls_quic.server_cipher);
    }
    const uint8_t *sha1 = flow->protos.tls_quic.sha1_certificate_fingerprint;
    unsigned any = 0;
    for (unsigned i = 0; i < TW_NDPI_TEXT / 2; i++) {
        any |= sha1[i];
        text[2 * i] = digits[sha1[i] >> 4];
        text[2 * i + 1] = digits[sha1[i] & 15];
    }
    if (any != 0)
        out->sha1 = (struct tw_str){text, TW_NDPI_TEXT};
    return true;
}

bool tw_ndpi_packet(
    struct tw_ndpi *n, void *state, struct tw_cur ip, int64_t ts_ns, struct tw_ndpi_verdict *out)
{
    struct ndpi_flow_struct *flow = state;
    const ndpi_protocol p = process(n, flow, ip, ts_ns);
    empty_caches(n);
    fill(n, &p, flow, false, out);
    if (!out->known)
        return false;
    out->more = is_tls(flow) && ndpi_extra_dissection_possible(n->module, flow);
    return out->host.p != NULL || !may_name_host(&p) ||
           !ndpi_extra_dissection_possible(n->module, flow);
}

static bool by_port_or_address(const struct ndpi_flow_struct *flow)
{
    return flow->confidence == NDPI_CONFIDENCE_MATCH_BY_PORT ||
#if NDPI_VERSION != 406
           flow->confidence == NDPI_CONFIDENCE_MATCH_BY_IP ||
#endif
           flow->confidence == NDPI_CONFIDENCE_UNKNOWN;
}

void tw_ndpi_give_up(struct tw_ndpi *n, void *state, struct tw_ndpi_verdict *out)
{
    struct ndpi_flow_struct *flow = state;
    u_int8_t guessed = 0;
#if NDPI_VERSION >= 410
    const ndpi_protocol p = ndpi_detection_giveup(n->module, flow, &guessed);
#else
    const ndpi_protocol p = ndpi_detection_giveup(n->module, flow, 1, &guessed);
#endif
    empty_caches(n);
    /* nDPI says "guessed" of some findings from content as well; its confidence tells them apart.
     */
    fill(n, &p, flow, by_port_or_address(flow), out);
}

static u_int32_t host_order(const struct tw_endpoint *e)
{
    struct tw_cur c = tw_cur_of(e->ip.b, 4);
    uint32_t v;
    return e->ip.family == 4 && tw_cur_u32be(&c, &v) ? v : 0;
}

void tw_ndpi_guess(struct tw_ndpi *n, uint8_t ip_proto, const struct tw_endpoint *a,
    const struct tw_endpoint *b, struct tw_ndpi_verdict *out)
{
#if NDPI_VERSION >= 408
    const ndpi_protocol p = ndpi_guess_undetected_protocol_v4(
        n->module, NULL, ip_proto, host_order(a), a->port, host_order(b), b->port);
#else
    const ndpi_protocol p = ndpi_guess_undetected_protocol(
        n->module, NULL, ip_proto, host_order(a), a->port, host_order(b), b->port);
#endif
    empty_caches(n);
    fill(n, &p, NULL, true, out);
}

const char *tw_ndpi_version(void)
{
    return ndpi_revision();
}
