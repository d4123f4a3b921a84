#include "session/pubsub_chunks.h"

#include <stdlib.h>

#include "base/pool.h"
#include "base/timefmt.h"

/* A publisher sends the chunks of a message one after the other. */
#define WAIT_NS (10 * TW_NS_PER_S)

enum { MAX_RANGES = 16, OBJECT_BYTES = 256 };

struct range {
    uint32_t from, to;
};

/* A message on its way. Once it is whole, or was given up, it stays until its time is over, without
 * bytes: chunks that are seen twice begin no second one. */
struct partial {
    struct range have[MAX_RANGES]; /* in order, apart from each other */
    unsigned n;
    uint8_t *bytes; /* NULL: nothing is waited for */
    uint32_t total, received;
    int64_t last_ns;
    struct tw_event event; /* of its last chunk, without what it borrowed */
    char object[OBJECT_BYTES];
};

struct tw_pubsub_chunks {
    struct tw_table *table;
    struct tw_pool *pool;
    uint8_t *given; /* what was given to the caller last */
    size_t given_size;
    uint64_t whole, incomplete;
};

struct tw_pubsub_chunks *tw_pubsub_chunks_new(struct tw_seed seed)
{
    struct tw_pubsub_chunks *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->table = tw_table_new(
        sizeof(struct tw_text_key), sizeof(struct partial), TW_PUBSUB_MAX_PARTIAL, seed);
    c->pool = tw_pool_new(TW_PUBSUB_CHUNK_BYTES);
    if (c->table != NULL && c->pool != NULL)
        return c;
    tw_pubsub_chunks_free(c);
    return NULL;
}

void tw_pubsub_chunks_free(struct tw_pubsub_chunks *c)
{
    if (c == NULL)
        return;
    tw_table_free(c->table);
    tw_pool_free(c->pool);
    free(c);
}

void tw_pubsub_chunks_stats(
    const struct tw_pubsub_chunks *c, uint64_t *out_whole, uint64_t *out_incomplete)
{
    *out_whole = c->whole;
    *out_incomplete = c->incomplete;
}

static void drop_bytes(struct tw_pubsub_chunks *c, struct partial *p)
{
    if (p->bytes != NULL)
        tw_pool_put(c->pool, p->bytes, p->total);
    p->bytes = NULL;
}

/* What never came is said where it was last waited for. */
static void give_up(struct tw_pubsub_chunks *c, struct partial *p, int64_t ts_ns, uint64_t packet,
    const struct tw_emit *out)
{
    struct tw_event e = p->event;
    e.ts_ns = ts_ns;
    e.packet = packet;
    e.action = TW_ACTION_GAP;
    e.missing_bytes = p->total - p->received;
    e.detail = TW_STR("chunks");
    c->incomplete++;
    drop_bytes(c, p);
    tw_emit(out, &e);
}

/* The facts of a chunk's event that outlive it. */
static void keep_event(struct partial *p, const struct tw_event *from)
{
    const struct tw_str object = tw_utf8_cut(from->object, sizeof(p->object));
    p->event = (struct tw_event){.protocol = from->protocol,
        .src = from->src,
        .dst = from->dst,
        .vlan = {from->vlan[0], from->vlan[1]},
        .n_vlan = from->n_vlan,
        .nano = from->nano,
        .is_tcp = from->is_tcp,
        .flow = from->flow,
        .flow_first_packet = from->flow_first_packet,
        .facts = from->facts};
    if (object.p == NULL)
        return;
    memcpy(p->object, object.p, object.len);
    p->event.object = (struct tw_str){p->object, object.len};
}

/* Add a range; bytes that are there already stay as they came first. False when there are too many
 * holes to keep account of. */
static bool add_range(struct partial *p, struct range r)
{
    unsigned at = 0, end;
    while (at < p->n && p->have[at].to < r.from)
        at++;
    for (end = at; end < p->n && p->have[end].from <= r.to; end++) {
        r.from = p->have[end].from < r.from ? p->have[end].from : r.from;
        r.to = p->have[end].to > r.to ? p->have[end].to : r.to;
    }
    if (end == at && p->n == MAX_RANGES)
        return false;
    memmove(&p->have[at + 1], &p->have[end], (p->n - end) * sizeof(p->have[0]));
    p->n = p->n - (end - at) + 1;
    p->have[at] = r;
    return true;
}

/* Copy the parts of `r` that are not there yet. */
static void fill(struct partial *p, struct range r, const char *from)
{
    uint32_t at = r.from;
    for (unsigned i = 0; i <= p->n && at < r.to; i++) {
        const uint32_t hole_ends = i == p->n || p->have[i].from > r.to ? r.to : p->have[i].from;
        if (hole_ends > at) {
            memcpy(p->bytes + at, from + (at - r.from), hole_ends - at);
            p->received += hole_ends - at;
        }
        if (i < p->n && p->have[i].to > at)
            at = p->have[i].to;
    }
}

/* Room for a message: the one that was quiet longest goes for it. */
static struct partial *begin(struct tw_pubsub_chunks *c, const struct tw_event *event,
    const struct tw_text_key *key, const struct tw_emit *out)
{
    if (tw_table_size(c->table) == TW_PUBSUB_MAX_PARTIAL) {
        struct partial *oldest = tw_table_oldest(c->table);
        if (oldest->bytes != NULL)
            give_up(c, oldest, event->ts_ns, event->packet, out);
        tw_table_remove(c->table, oldest);
    }
    struct partial *p = tw_table_put(c->table, key, NULL);
    p->total = event->pubsub->chunk_total;
    keep_event(p, event);
    if (p->total > 0 && p->total <= TW_PUBSUB_MAX_WHOLE)
        p->bytes = tw_pool_get(c->pool, p->total, NULL);
    if (p->bytes == NULL)
        give_up(c, p, event->ts_ns, event->packet, out);
    return p;
}

static void release_given(struct tw_pubsub_chunks *c)
{
    if (c->given != NULL)
        tw_pool_put(c->pool, c->given, c->given_size);
    c->given = NULL;
}

bool tw_pubsub_chunks_add(struct tw_pubsub_chunks *c, const struct tw_event *event,
    const struct tw_text_key *key, const struct tw_emit *out, struct tw_str *out_payload)
{
    const struct tw_pubsub_info *info = event->pubsub;
    const struct range r = {info->chunk_offset, info->chunk_offset + info->part_len};
    release_given(c);
    struct partial *p = tw_table_find(c->table, key);
    if (p == NULL)
        p = begin(c, event, key, out);
    p->last_ns = event->ts_ns;
    if (p->bytes == NULL || r.to == r.from)
        return false;
    if (p->total == info->chunk_total)
        fill(p, r, info->bytes.p + info->part_at);
    if (p->total != info->chunk_total || !add_range(p, r)) {
        give_up(c, p, event->ts_ns, event->packet, out);
        return false;
    }
    if (p->received < p->total)
        return false;
    c->given = p->bytes;
    c->given_size = p->total;
    p->bytes = NULL;
    c->whole++;
    *out_payload = (struct tw_str){(const char *)c->given, c->given_size};
    return true;
}

void tw_pubsub_chunks_tick(
    struct tw_pubsub_chunks *c, int64_t now_ns, uint64_t packet, const struct tw_emit *out)
{
    struct partial *p;
    while ((p = tw_table_oldest(c->table)) != NULL &&
           (now_ns == INT64_MAX || p->last_ns + WAIT_NS <= now_ns)) {
        const int64_t at_ns = now_ns == INT64_MAX ? p->last_ns : p->last_ns + WAIT_NS;
        if (p->bytes != NULL)
            give_up(c, p, at_ns, packet, out);
        tw_table_remove(c->table, p);
    }
}
