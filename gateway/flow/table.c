#include <sys/mman.h>

#include "base/mix.h"
#include "flow/state.h"

/* Zeroed address space; a page costs memory once it is written. */
static void *reserve(size_t bytes)
{
    void *p = mmap(
        NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return p == MAP_FAILED ? NULL : p;
}

static void release(void *p, size_t bytes)
{
    if (p != NULL)
        munmap(p, bytes);
}

bool tw_flow_table_init(struct tw_flow_table *t, size_t capacity, struct tw_seed seed)
{
    enum { MIN_BUCKETS = 16 };
    uint32_t buckets = MIN_BUCKETS;
    if (capacity == 0 || capacity >= INT32_MAX / 2)
        return false;
    while (buckets < capacity + capacity / 4)
        buckets *= 2;
    *t = (struct tw_flow_table){
        .capacity = capacity, .mask = MIN_BUCKETS - 1, .max_buckets = buckets, .seed = seed};
    t->flows = reserve(capacity * sizeof(*t->flows));
    t->links = reserve(capacity * sizeof(*t->links));
    t->buckets = reserve(buckets * sizeof(*t->buckets));
    t->heap = reserve(capacity * sizeof(*t->heap));
    if (t->flows != NULL && t->links != NULL && t->buckets != NULL && t->heap != NULL)
        return true;
    tw_flow_table_fini(t);
    return false;
}

void tw_flow_table_fini(struct tw_flow_table *t)
{
    release(t->flows, t->capacity * sizeof(*t->flows));
    release(t->links, t->capacity * sizeof(*t->links));
    release(t->buckets, t->max_buckets * sizeof(*t->buckets));
    release(t->heap, t->capacity * sizeof(*t->heap));
    *t = (struct tw_flow_table){0};
}

static uint64_t ipv4_endpoint(const struct tw_endpoint *e)
{
    struct tw_cur c = tw_cur_of(e->ip.b, 4);
    uint32_t ip;
    return tw_cur_u32be(&c, &ip) ? (uint64_t)ip << 16 | e->port : e->port;
}

/* What came through a tunnel anybody may have made up: it does not get among the rest. */
static uint64_t kind_of(const struct tw_packet *p)
{
    return (uint64_t)(p->tunnel.kind != NULL) << 8 | p->ip_proto;
}

static struct tw_flow_key ipv4_key(const struct tw_packet *p)
{
    const uint64_t src = ipv4_endpoint(&p->src), dst = ipv4_endpoint(&p->dst);
    const bool swapped = dst < src;
    const uint64_t low = swapped ? dst : src, high = swapped ? src : dst;
    return (struct tw_flow_key){{low | kind_of(p) << 48, high}, swapped};
}

static struct tw_flow_key ipv6_key(struct tw_seed seed, const struct tw_packet *p)
{
    const int order = memcmp(p->src.ip.b, p->dst.ip.b, sizeof(p->src.ip.b));
    const bool swapped = order > 0 || (order == 0 && p->src.port > p->dst.port);
    const struct tw_endpoint *a = swapped ? &p->dst : &p->src, *b = swapped ? &p->src : &p->dst;
    uint64_t ends[5] = {kind_of(p) << 32 | (uint64_t)a->port << 16 | b->port};
    memcpy(&ends[1], a->ip.b, sizeof(a->ip.b));
    memcpy(&ends[3], b->ip.b, sizeof(b->ip.b));
    struct tw_flow_key key = {.swapped = swapped};
    tw_hash_wide(seed, ends, sizeof(ends), key.word);
    return key;
}

struct tw_flow_key tw_flow_table_key(const struct tw_flow_table *t, const struct tw_packet *p)
{
    return p->src.ip.family == 4 ? ipv4_key(p) : ipv6_key(t->seed, p);
}

static uint32_t hash_of(struct tw_seed seed, const struct tw_flow_key *key)
{
    const uint64_t secret = seed.k1 ^ UINT64_C(0xa0761d6478bd642f);
    const uint64_t h = tw_mix_fold(key->word[0] ^ seed.k0, key->word[1] ^ secret);
    const uint64_t mixed = tw_mix_fold(h ^ seed.k0, secret);
    return (uint32_t)(mixed ^ mixed >> 32);
}

static uint32_t *bucket_of(const struct tw_flow_table *t, uint32_t hash)
{
    const uint32_t at = hash & t->mask;
    return &t->buckets[at < t->split ? hash & (2 * t->mask + 1) : at];
}

/* One more bucket: the first one not yet split gives up those flows that belong there now. */
static void add_bucket(struct tw_flow_table *t)
{
    const uint32_t wide = 2 * t->mask + 1;
    uint32_t i = t->buckets[t->split];
    t->buckets[t->split] = 0;
    while (i != 0) {
        struct tw_flow_link *l = &t->links[i - 1];
        const uint32_t next = l->chain;
        l->chain = t->buckets[l->hash & wide];
        t->buckets[l->hash & wide] = i;
        i = next;
    }
    if (t->split++ == t->mask) {
        t->mask = wide;
        t->split = 0;
    }
}

static bool has_key(const struct tw_flow *w, const struct tw_flow_key *key)
{
    return w->key[0] == key->word[0] && w->key[1] == key->word[1];
}

struct tw_flow *tw_flow_table_find(
    const struct tw_flow_table *t, const struct tw_flow_key *key, unsigned *out_direction)
{
    const uint32_t hash = hash_of(t->seed, key);
    for (uint32_t i = *bucket_of(t, hash); i != 0; i = t->links[i - 1].chain) {
        struct tw_flow *w = &t->flows[i - 1];
        if (t->links[i - 1].hash != hash || !has_key(w, key))
            continue;
        *out_direction = w->swapped ^ key->swapped;
        return w;
    }
    return NULL;
}

bool tw_flow_table_is_full(const struct tw_flow_table *t)
{
    return t->size == t->capacity;
}

static void list_remove(struct tw_flow_table *t, const struct tw_flow_link *l)
{
    if (l->newer != 0)
        t->links[l->newer - 1].older = l->older;
    else
        t->newest = l->older;
    if (l->older != 0)
        t->links[l->older - 1].newer = l->newer;
    else
        t->oldest = l->newer;
}

static void list_push(struct tw_flow_table *t, uint32_t index)
{
    struct tw_flow_link *l = &t->links[index];
    l->newer = 0;
    l->older = t->newest;
    if (t->newest != 0)
        t->links[t->newest - 1].newer = index + 1;
    else
        t->oldest = index + 1;
    t->newest = index + 1;
}

void tw_flow_table_touch(struct tw_flow_table *t, const struct tw_flow *w)
{
    const uint32_t index = tw_flow_index(t, w);
    if (t->newest == index + 1)
        return;
    list_remove(t, &t->links[index]);
    list_push(t, index);
}

struct tw_flow *tw_flow_table_oldest(const struct tw_flow_table *t)
{
    return t->oldest == 0 ? NULL : &t->flows[t->oldest - 1];
}

struct tw_flow *tw_flow_table_newer(const struct tw_flow_table *t, const struct tw_flow *w)
{
    const uint32_t newer = t->links[tw_flow_index(t, w)].newer;
    return newer == 0 ? NULL : &t->flows[newer - 1];
}

static bool is_before(const struct tw_flow_table *t, const struct tw_flow_deadline *a,
    const struct tw_flow_deadline *b)
{
    if (a->at_ns != b->at_ns)
        return a->at_ns < b->at_ns;
    return t->flows[a->flow].conn.first_packet < t->flows[b->flow].conn.first_packet;
}

static void place(struct tw_flow_table *t, size_t at, struct tw_flow_deadline d)
{
    t->heap[at] = d;
    t->flows[d.flow].heap_at = (uint32_t)at;
}

static void sift_up(struct tw_flow_table *t, size_t at)
{
    const struct tw_flow_deadline d = t->heap[at];
    while (at > 0 && is_before(t, &d, &t->heap[(at - 1) / 2])) {
        place(t, at, t->heap[(at - 1) / 2]);
        at = (at - 1) / 2;
    }
    place(t, at, d);
}

static void sift_down(struct tw_flow_table *t, size_t at)
{
    const struct tw_flow_deadline d = t->heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= t->n_heap)
            break;
        if (child + 1 < t->n_heap && is_before(t, &t->heap[child + 1], &t->heap[child]))
            child++;
        if (!is_before(t, &t->heap[child], &d))
            break;
        place(t, at, t->heap[child]);
        at = child;
    }
    place(t, at, d);
}

void tw_flow_table_set_due(struct tw_flow_table *t, struct tw_flow *w, int64_t at_ns)
{
    const size_t at = w->heap_at;
    const bool later = at_ns > t->heap[at].at_ns;
    t->heap[at].at_ns = at_ns;
    if (later)
        sift_down(t, at);
    else
        sift_up(t, at);
}

struct tw_flow *tw_flow_table_due(const struct tw_flow_table *t, int64_t *out_at_ns)
{
    if (t->n_heap == 0)
        return NULL;
    *out_at_ns = t->heap[0].at_ns;
    return &t->flows[t->heap[0].flow];
}

static void heap_remove(struct tw_flow_table *t, size_t at)
{
    t->n_heap--;
    if (at == t->n_heap)
        return;
    place(t, at, t->heap[t->n_heap]);
    sift_up(t, at);
    sift_down(t, at);
}

struct tw_flow *tw_flow_table_add(
    struct tw_flow_table *t, const struct tw_flow_key *key, unsigned d)
{
    uint32_t index = t->unused;
    if (t->free != 0) {
        index = t->free - 1;
        t->free = t->links[index].chain;
    } else {
        t->unused++;
    }
    const uint32_t in_use = t->mask + 1 + t->split;
    if (in_use < t->max_buckets && 2 * t->size >= in_use)
        add_bucket(t);
    struct tw_flow *w = &t->flows[index];
    const uint32_t hash = hash_of(t->seed, key);
    uint32_t *bucket = bucket_of(t, hash);
    *w = (struct tw_flow){.key = {key->word[0], key->word[1]}, .swapped = key->swapped ^ (d != 0)};
    t->links[index] = (struct tw_flow_link){.hash = hash, .chain = *bucket};
    *bucket = index + 1;
    list_push(t, index);
    place(t, t->n_heap, (struct tw_flow_deadline){INT64_MAX, index});
    t->n_heap++;
    t->size++;
    return w;
}

void tw_flow_table_remove(struct tw_flow_table *t, struct tw_flow *w)
{
    const uint32_t index = tw_flow_index(t, w);
    struct tw_flow_link *l = &t->links[index];
    uint32_t *at = bucket_of(t, l->hash);
    while (*at != index + 1)
        at = &t->links[*at - 1].chain;
    *at = l->chain;
    list_remove(t, l);
    heap_remove(t, w->heap_at);
    l->chain = t->free;
    t->free = index + 1;
    t->size--;
}
