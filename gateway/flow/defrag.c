#include "flow/defrag.h"

#include <stdlib.h>

#include "base/pool.h"
#include "base/table.h"
#include "base/timefmt.h"

enum {
    MAX_DATAGRAM = 65535,
    MAX_PIECES = 256,
    /* Memory for fragments, by datagram: most are a few kilobytes, and few are open at once. */
    BYTES_PER_DATAGRAM = 16 * 1024,
    MIN_POOL = 4 << 20,
    IPV4_HEADER = 20,
    IPV6_HEADER = 40
};
static const int64_t timeout_ns = 30 * TW_NS_PER_S;

struct piece {
    struct piece *next;
    size_t size;
    uint32_t offset, len;
    uint8_t data[];
};

/* Fragments belong together by addresses and identification, in IPv4 also by protocol; in IPv6 the
 * first one's protocol counts [RFC 791, RFC 8200 4.5]. */
struct key {
    struct tw_ip src, dst;
    uint8_t ip_proto;
    bool tunnelled; /* may be made up, and is not mixed with what is not */
    uint32_t id;
};

struct datagram {
    struct piece *pieces; /* sorted, disjoint */
    int64_t first_ns;
    uint32_t received, n_pieces, wire_len;
    uint32_t end; /* of the whole, 0 until the last fragment is known */
    uint8_t ip_proto;
};

struct tw_defrag {
    struct tw_table *table;
    struct tw_pool *pool;
    struct tw_defrag_stats stats;
    uint8_t
        whole[IPV6_HEADER + MAX_DATAGRAM]; /* the reassembled packet, behind a plain IP header */
};

static void drop_pieces(struct tw_defrag *d, struct datagram *g)
{
    while (g->pieces != NULL) {
        struct piece *p = g->pieces;
        g->pieces = p->next;
        tw_pool_put(d->pool, p, p->size);
    }
}

static void on_evict(void *user, const void *key, void *value)
{
    struct tw_defrag *d = user;
    (void)key;
    d->stats.expired++;
    drop_pieces(d, value);
}

struct tw_defrag *tw_defrag_new(size_t datagrams)
{
    struct tw_defrag *d = calloc(1, sizeof(*d));
    if (d == NULL)
        return NULL;
    size_t bytes = datagrams * BYTES_PER_DATAGRAM;
    d->pool = tw_pool_new(bytes > MIN_POOL ? bytes : MIN_POOL);
    d->table =
        tw_table_new(sizeof(struct key), sizeof(struct datagram), datagrams, tw_seed_random());
    if (d->pool == NULL || d->table == NULL) {
        tw_defrag_free(d);
        return NULL;
    }
    tw_table_on_evict(d->table, on_evict, d);
    return d;
}

void tw_defrag_free(struct tw_defrag *d)
{
    if (d == NULL)
        return;
    tw_table_free(d->table);
    tw_pool_free(d->pool);
    free(d);
}

static void expire(struct tw_defrag *d, int64_t now_ns)
{
    struct datagram *g;
    while ((g = tw_table_oldest(d->table)) != NULL && now_ns - g->first_ns > timeout_ns) {
        d->stats.expired++;
        drop_pieces(d, g);
        tw_table_remove(d->table, g);
    }
}

static struct datagram *find(struct tw_defrag *d, const struct tw_packet *p)
{
    struct key key;
    bool created;
    memset(&key, 0, sizeof(key));
    key.src = p->src.ip;
    key.dst = p->dst.ip;
    key.id = p->frag_id;
    key.ip_proto = p->src.ip.family == 4 ? p->ip_proto : 0;
    key.tunnelled = p->tunnel.kind != NULL;
    struct datagram *g = tw_table_put(d->table, &key, &created);
    if (created)
        g->first_ns = p->ts_ns;
    return g;
}

static bool keep(
    struct tw_defrag *d, struct datagram *g, struct piece **link, uint32_t offset, struct tw_cur c)
{
    size_t size;
    if (g->n_pieces >= MAX_PIECES)
        return false;
    struct piece *p = tw_pool_get(d->pool, sizeof(*p) + c.left, &size);
    if (p == NULL)
        return false;
    *p = (struct piece){*link, size, offset, (uint32_t)c.left};
    if (!tw_cur_copy(&c, c.left, p->data)) {
        tw_pool_put(d->pool, p, size);
        return false;
    }
    *link = p;
    g->n_pieces++;
    g->received += p->len;
    return true;
}

static bool differs(const struct piece *p, uint32_t offset, struct tw_cur theirs)
{
    struct tw_cur mine = tw_cur_of(p->data, p->len), same;
    return tw_cur_skip(&mine, offset - p->offset) && tw_cur_sub(&mine, theirs.left, &same) &&
           !tw_str_eq(tw_cur_rest(&same), tw_cur_rest(&theirs));
}

/* Keep what is new of the fragment; bytes that are there already stay, differing ones are counted.
 */
static bool insert(struct tw_defrag *d, struct datagram *g, uint32_t offset, struct tw_cur c)
{
    struct piece **link = &g->pieces;
    bool conflict = false;
    while (c.left > 0) {
        struct tw_cur part;
        while (*link != NULL && (*link)->offset + (*link)->len <= offset)
            link = &(*link)->next;
        const struct piece *at = *link;
        const bool is_new = at == NULL || at->offset > offset;
        const uint32_t room = at == NULL ? MAX_DATAGRAM
                              : is_new   ? at->offset - offset
                                         : at->offset + at->len - offset;
        const size_t n = c.left < room ? c.left : room;
        if (!tw_cur_sub(&c, n, &part))
            return false;
        if (is_new && !keep(d, g, link, offset, part))
            return false;
        if (!is_new)
            conflict = conflict || differs(at, offset, part);
        offset += (uint32_t)n;
    }
    d->stats.conflicts += conflict;
    return true;
}

static void put16(uint8_t *at, uint32_t v)
{
    at[0] = (uint8_t)(v >> 8);
    at[1] = (uint8_t)v;
}

/* A plain header for those who read whole IP packets. Returns its length. */
static size_t write_header(uint8_t *out, const struct tw_packet *p, uint32_t len)
{
    if (p->src.ip.family == 4) {
        memset(out, 0, IPV4_HEADER);
        out[0] = 0x45;
        put16(out + 2, IPV4_HEADER + len);
        out[8] = 64;
        out[9] = p->ip_proto;
        memcpy(out + 12, p->src.ip.b, 4);
        memcpy(out + 16, p->dst.ip.b, 4);
        return IPV4_HEADER;
    }
    memset(out, 0, IPV6_HEADER);
    out[0] = 0x60;
    put16(out + 4, len);
    out[6] = p->ip_proto;
    out[7] = 64;
    memcpy(out + 8, p->src.ip.b, 16);
    memcpy(out + 24, p->dst.ip.b, 16);
    return IPV6_HEADER;
}

static void complete(struct tw_defrag *d, struct datagram *g, struct tw_packet *p)
{
    p->ip_proto = g->ip_proto;
    const size_t header = write_header(d->whole, p, g->end);
    for (const struct piece *at = g->pieces; at != NULL; at = at->next)
        memcpy(d->whole + header + at->offset, at->data, at->len);
    p->ip = tw_cur_of(d->whole, header + g->end);
    p->cut = false;
    p->frag_offset = 0;
    p->frag_more = false;
    tw_packet_transport(p, tw_cur_of(d->whole + header, g->end), g->wire_len);
    /* A fragment header inside the whole is nonsense, or of a fragment in a tunnel whose packets
     * were cut into fragments as well: that much is not put together. */
    if (p->kind == TW_PACKET_FRAGMENT)
        p->kind = TW_PACKET_BAD;
}

/* Is the fragment one that can belong to a datagram [RFC 791 3.2, RFC 8200 4.5]? */
static bool is_sound(const struct tw_packet *p, const struct datagram *g)
{
    const uint32_t end = p->frag_offset + p->payload_len;
    const uint32_t header = p->src.ip.family == 4 ? IPV4_HEADER : 0;
    if (p->cut || p->payload_len == 0 || p->payload.left != p->payload_len ||
        end > MAX_DATAGRAM - header)
        return false;
    if (p->frag_more && p->payload_len % 8 != 0)
        return false;
    if (g->end == 0)
        return true;
    return p->frag_more ? end <= g->end : end == g->end;
}

/* From the first byte to the end without a hole, and nothing behind it. */
static bool is_whole(const struct datagram *g)
{
    uint32_t at = 0;
    if (g->end == 0 || g->received != g->end)
        return false;
    for (const struct piece *p = g->pieces; p != NULL; p = p->next) {
        if (p->offset != at)
            return false;
        at += p->len;
    }
    return at == g->end;
}

bool tw_defrag_packet(struct tw_defrag *d, struct tw_packet *p)
{
    d->stats.fragments++;
    expire(d, p->ts_ns);
    struct datagram *g = find(d, p);
    if (!is_sound(p, g) || !insert(d, g, p->frag_offset, p->payload)) {
        d->stats.refused++;
        if (g->pieces == NULL)
            tw_table_remove(d->table, g);
        return false;
    }
    if (p->frag_offset == 0)
        g->ip_proto = p->ip_proto;
    if (!p->frag_more)
        g->end = p->frag_offset + p->payload_len;
    g->wire_len += p->wire_len;
    if (!is_whole(g))
        return false;
    d->stats.reassembled++;
    complete(d, g, p);
    drop_pieces(d, g);
    tw_table_remove(d->table, g);
    return p->kind == TW_PACKET_IP;
}

struct tw_defrag_stats tw_defrag_stats(const struct tw_defrag *d)
{
    return d->stats;
}
