#include "detect/window.h"

#include <stdlib.h>

enum {
    MIN_ITEMS = 8,
    MAX_KEYS = 4096,
    MIN_KEYS = 64,
    MAX_TABLE_BYTES = 8 << 20, /* of one rule */
    MAX_HOLDS = 1024
};

void tw_proof_add(struct tw_proof *p, uint64_t packet)
{
    size_t at = p->n;
    while (at > 0 && p->packets[at - 1] > packet)
        at--;
    if ((at > 0 && p->packets[at - 1] == packet) || at == TW_MAX_EVIDENCE - 1)
        return;
    size_t n = p->n < TW_MAX_EVIDENCE - 1 ? p->n : TW_MAX_EVIDENCE - 2;
    memmove(p->packets + at + 1, p->packets + at, (n - at) * sizeof(p->packets[0]));
    p->packets[at] = packet;
    p->n = n + 1;
}

void tw_proof_last(struct tw_proof *p, uint64_t packet)
{
    if (p->n > 0 && p->packets[p->n - 1] >= packet) {
        tw_proof_add(p, packet);
        return;
    }
    if (p->n < TW_MAX_EVIDENCE)
        p->packets[p->n++] = packet;
}

struct item {
    int64_t ts_ns;
    uint64_t packet, hash;
};

/* Events: a ring, oldest first. Different values: unordered, each with its last time. */
struct window {
    uint32_t n, first;
    struct item items[];
};

struct tw_windows {
    struct tw_table *table;
    int64_t over_ns;
    uint32_t at_least, size;
    bool distinct;
};

static size_t keys_for(size_t bytes_each)
{
    size_t n = MAX_TABLE_BYTES / bytes_each;
    return n < MIN_KEYS ? MIN_KEYS : n > MAX_KEYS ? MAX_KEYS : n;
}

struct tw_windows *tw_windows_new(const struct tw_window_spec *spec)
{
    struct tw_windows *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return NULL;
    w->over_ns = spec->over_ns;
    w->at_least = (uint32_t)spec->least;
    w->distinct = spec->kind == TW_WINDOW_DISTINCT;
    w->size = 2 * w->at_least < MIN_ITEMS ? MIN_ITEMS : 2 * w->at_least;
    size_t bytes = sizeof(struct window) + w->size * sizeof(struct item);
    w->table = tw_table_new(sizeof(struct tw_text_key), bytes, keys_for(bytes), tw_seed_random());
    if (w->table == NULL) {
        free(w);
        return NULL;
    }
    tw_table_of_digests(w->table);
    /* Items beyond `n` are written before they are read; a ring of a thousand is large. */
    tw_table_zero_first(w->table, sizeof(struct window));
    return w;
}

void tw_windows_free(struct tw_windows *w)
{
    if (w == NULL)
        return;
    tw_table_free(w->table);
    free(w);
}

uint64_t tw_windows_evictions(const struct tw_windows *w)
{
    return tw_table_evictions(w->table);
}

static void count_event(const struct tw_windows *w, struct window *v, const struct item *item)
{
    while (v->n > 0 && v->items[v->first].ts_ns < item->ts_ns - w->over_ns) {
        v->first = (v->first + 1) % w->size;
        v->n--;
    }
    if (v->n == w->size) {
        v->first = (v->first + 1) % w->size;
        v->n--;
    }
    v->items[(v->first + v->n++) % w->size] = *item;
}

static void count_value(const struct tw_windows *w, struct window *v, const struct item *item)
{
    uint32_t n = 0, oldest = 0;
    bool known = false;
    for (uint32_t i = 0; i < v->n; i++) {
        struct item *it = &v->items[i];
        if (it->hash == item->hash) {
            it->ts_ns = item->ts_ns;
            known = true;
        } else if (it->ts_ns < item->ts_ns - w->over_ns) {
            continue;
        }
        v->items[n] = *it;
        if (v->items[n].ts_ns < v->items[oldest].ts_ns)
            oldest = n;
        n++;
    }
    v->n = n;
    if (known)
        return;
    v->items[n < w->size ? v->n++ : oldest] = *item;
}

bool tw_windows_add(struct tw_windows *w, struct tw_text_key key, int64_t ts_ns, uint64_t packet,
    uint64_t hash, double *out_count, struct tw_proof *out_proof)
{
    bool created;
    struct window *v = tw_table_put(w->table, &key, &created);
    const struct item item = {ts_ns, packet, hash};
    if (w->distinct)
        count_value(w, v, &item);
    else
        count_event(w, v, &item);
    if (v->n < w->at_least)
        return false;
    *out_count = v->n;
    *out_proof = (struct tw_proof){.n = 0};
    for (uint32_t i = 0; i < v->n; i++)
        tw_proof_add(out_proof, v->items[(v->first + i) % w->size].packet);
    tw_proof_last(out_proof, packet);
    return true;
}

struct sprt {
    double llr;
    double bad;
    struct tw_proof proof;
};

struct tw_sprts {
    struct tw_table *table;
    double step_bad, step_good, accept, reject;
};

struct tw_sprts *tw_sprts_new(const struct tw_sprt_spec *spec)
{
    struct tw_sprts *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->step_bad = spec->step_bad;
    s->step_good = spec->step_good;
    s->accept = spec->accept;
    s->reject = spec->reject;
    s->table =
        tw_table_new(sizeof(struct tw_text_key), sizeof(struct sprt), MAX_KEYS, tw_seed_random());
    if (s->table == NULL) {
        free(s);
        return NULL;
    }
    tw_table_of_digests(s->table);
    return s;
}

void tw_sprts_free(struct tw_sprts *s)
{
    if (s == NULL)
        return;
    tw_table_free(s->table);
    free(s);
}

uint64_t tw_sprts_evictions(const struct tw_sprts *s)
{
    return tw_table_evictions(s->table);
}

/* Wald's test: in favour of the actor it starts anew; against it, it stays at the limit, so that
 * every further bad event is told and good ones lead back. */
bool tw_sprts_add(struct tw_sprts *s, struct tw_text_key key, bool bad, uint64_t packet,
    double *out_ratio, double *out_bad, struct tw_proof *out_proof)
{
    bool created;
    struct sprt *t = tw_table_put(s->table, &key, &created);
    t->llr += bad ? s->step_bad : s->step_good;
    if (bad) {
        t->bad += 1;
        tw_proof_add(&t->proof, packet);
    }
    if (t->llr <= s->accept)
        *t = (struct sprt){.llr = 0};
    if (t->llr < s->reject)
        return false;
    t->llr = s->reject;
    if (!bad)
        return false;
    *out_ratio = 1;
    *out_bad = t->bad;
    *out_proof = t->proof;
    tw_proof_last(out_proof, packet);
    return true;
}

double tw_sprts_llr(const struct tw_sprts *s, struct tw_text_key key)
{
    const struct sprt *t = tw_table_peek(s->table, &key);
    return t ? t->llr : 0;
}

struct tw_holds {
    struct tw_table *table;
    int64_t for_ns;
};

struct tw_holds *tw_holds_new(int64_t for_ns)
{
    struct tw_holds *h = calloc(1, sizeof(*h));
    if (h == NULL)
        return NULL;
    h->for_ns = for_ns;
    h->table =
        tw_table_new(sizeof(struct tw_text_key), sizeof(int64_t), MAX_HOLDS, tw_seed_random());
    if (h->table == NULL) {
        free(h);
        return NULL;
    }
    tw_table_of_digests(h->table);
    return h;
}

void tw_holds_free(struct tw_holds *h)
{
    if (h == NULL)
        return;
    tw_table_free(h->table);
    free(h);
}

void tw_holds_start(struct tw_holds *h, struct tw_text_key key, int64_t ts_ns)
{
    bool created;
    int64_t *until = tw_table_put(h->table, &key, &created);
    *until = ts_ns + h->for_ns;
}

bool tw_holds_active(struct tw_holds *h, struct tw_text_key key, int64_t ts_ns)
{
    const int64_t *until = tw_table_find(h->table, &key);
    return until != NULL && ts_ns <= *until;
}
