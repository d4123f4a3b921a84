#include "detect/recall.h"

#include <stdlib.h>

#include "base/timefmt.h"

enum { MAX_KEYS = 65536 };

struct memory {
    bool known, has_number;
    int64_t first_ns, last_ns;
    uint64_t hash;
    double number;
};

/* What first_seen() knows: the value under its key as well. */
struct key {
    uint64_t rule, slot;
    struct tw_text_key of, by;
};

struct tw_recall {
    struct tw_table *table;
    struct tw_seed seed;
    struct tw_text text;
};

struct tw_recall *tw_recall_new(struct tw_seed seed)
{
    struct tw_recall *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    r->seed = seed;
    r->table = tw_table_new(sizeof(struct key), sizeof(struct memory), MAX_KEYS, seed);
    if (r->table != NULL && tw_by_make_room(&r->text))
        return r;
    tw_recall_free(r);
    return NULL;
}

void tw_recall_free(struct tw_recall *r)
{
    if (r == NULL)
        return;
    tw_table_free(r->table);
    tw_text_free(&r->text);
    free(r);
}

uint64_t tw_recall_evictions(const struct tw_recall *r)
{
    return tw_table_evictions(r->table);
}

static bool truth(bool is, double *out)
{
    *out = is ? 1 : 0;
    return true;
}

/* Is the value new under a key that has been known for long enough? */
static bool first_seen(struct tw_recall *r, const struct tw_call *call, const struct key *key,
    struct tw_text_key of, int64_t now_ns, double *out)
{
    struct memory *by = tw_table_put(r->table, key, NULL);
    struct key with = *key;
    bool created;
    if (!by->known)
        by->first_ns = now_ns;
    by->known = true;
    const int64_t since_ns = by->first_ns;
    with.of = of;
    (void)tw_table_put(r->table, &with, &created);
    return truth(created && now_ns - since_ns >= call->after_ns, out);
}

static bool compare(
    const struct tw_call *call, const struct memory *was, const struct memory *is, double *out)
{
    const double seconds = (double)(is->last_ns - was->last_ns) / (double)TW_NS_PER_S;
    switch (call->kind) {
    case TW_CALL_CHANGED:
        return truth(was->hash != is->hash, out);
    case TW_CALL_AGE:
        *out = seconds;
        return true;
    case TW_CALL_DELTA:
        *out = is->number - was->number;
        break;
    case TW_CALL_RATE:
        *out = (is->number - was->number) / (seconds < 1 ? 1 : seconds);
        break;
    case TW_CALL_FIRST_SEEN:
        break;
    }
    return was->has_number && is->has_number;
}

bool tw_recall_ask(const struct tw_recall_at *at, uint32_t slot, const struct tw_call *call,
    const struct tw_scene *scene, double *out)
{
    struct tw_recall *r = at->recall;
    struct tw_field_value v = {.present = false};
    const struct tw_by of = {{call->of}, 1};
    const int64_t now_ns = scene->event->ts_ns;
    if (r == NULL)
        return false;
    call->of->get(scene, &v);
    if (!v.present)
        return false;
    struct key key = {.rule = at->rule, .slot = slot};
    key.by = tw_by_key(&r->text, r->seed, &call->by, scene);
    const struct tw_text_key hash = tw_by_key(&r->text, r->seed, &of, scene);
    if (call->kind == TW_CALL_FIRST_SEEN)
        return first_seen(r, call, &key, hash, now_ns, out);
    struct memory *m = tw_table_put(r->table, &key, NULL);
    struct memory is = {.known = true, .last_ns = now_ns, .hash = hash.a};
    is.has_number = tw_value_number(&v.value, &is.number);
    const bool has = m->known && compare(call, m, &is, out);
    *m = is;
    return has || (call->kind == TW_CALL_CHANGED && truth(false, out));
}
