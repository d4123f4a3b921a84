#include "indicator/recent.h"

#include <stdlib.h>

#include "base/table.h"
#include "base/timefmt.h"
#include "indicator/store.h"

enum {
    ARRIVALS = 8192,
    HOURS = 24,
    TRAITS = 8,
    ROOM = 256, /* bytes of their values; what does not fit is left out */
    NAME = 96   /* of the object that the alert names */
};

struct arrival {
    struct tw_event e; /* what of it is kept; its object is `name`, its other texts are none */
    uint8_t n, traits[TRAITS];
    uint16_t used, ends[TRAITS]; /* of `room` */
    char name[NAME], room[ROOM];
};

struct tw_recent {
    struct tw_seed seed;
    struct tw_table *arrivals;
    struct arrival at_hand;
};

struct tw_recent *tw_recent_new(void)
{
    struct tw_recent *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    r->seed = tw_seed_random();
    r->arrivals =
        tw_table_new(sizeof(struct tw_text_key), sizeof(struct arrival), ARRIVALS, r->seed);
    if (r->arrivals != NULL)
        return r;
    free(r);
    return NULL;
}

void tw_recent_free(struct tw_recent *r)
{
    if (r == NULL)
        return;
    tw_table_free(r->arrivals);
    free(r);
}

static void keep(void *arrival, enum tw_trait trait, struct tw_str value)
{
    struct arrival *a = arrival;
    if (a->n == TRAITS || value.len > (size_t)(ROOM - a->used))
        return;
    memcpy(a->room + a->used, value.p, value.len);
    a->used = (uint16_t)(a->used + value.len);
    a->traits[a->n] = (uint8_t)trait;
    a->ends[a->n++] = a->used;
}

/* Who it was, to whom, under which names: not when, and from which port. */
static struct tw_text_key key_of(const struct tw_recent *r, const struct arrival *a)
{
    struct tw_text_key key = tw_text_key(r->seed, (struct tw_str){a->room, a->used});
    for (unsigned i = 0; i < a->n; i++)
        key.a = tw_hash_mix(key.a, (uint64_t)a->traits[i] << 16 | a->ends[i]);
    key.a = tw_hash_mix(key.a, (uint64_t)a->e.protocol << 16 | a->e.dst.port);
    return key;
}

void tw_recent_event(struct tw_recent *r, const struct tw_event *e)
{
    struct arrival *a = &r->at_hand;
    a->n = 0;
    a->used = 0;
    if (!tw_traits_of_arrival(e, keep, a) || a->n == 0)
        return;
    const size_t len = e->object.len < NAME ? e->object.len : NAME;
    a->e = (struct tw_event){.ts_ns = e->ts_ns,
        .request_ts_ns = e->ts_ns,
        .packet = e->packet,
        .protocol = e->protocol,
        .action = TW_ACTION_SILENCE,
        .src = e->src,
        .dst = e->dst,
        .nano = e->nano,
        .is_tcp = e->is_tcp,
        .flow = e->flow};
    if (len > 0)
        memcpy(a->name, e->object.p, len);
    a->e.object = (struct tw_str){NULL, len};
    const struct tw_text_key key = key_of(r, a);
    struct arrival *kept = tw_table_put(r->arrivals, &key, NULL);
    *kept = *a;
}

static size_t traits_of(const struct arrival *a, struct tw_trait_value out[TRAITS])
{
    size_t begin = 0;
    for (size_t i = 0; i < a->n; i++) {
        out[i] = (struct tw_trait_value){
            .trait = (enum tw_trait)a->traits[i], .value = {a->room + begin, a->ends[i] - begin}};
        begin = a->ends[i];
    }
    return a->n;
}

void tw_recent_look(struct tw_recent *r, const struct tw_indicators *x,
    const struct tw_indicators *before, int64_t now_ns, tw_recent_fn fn, void *user)
{
    struct tw_trait_value traits[TRAITS];
    for (struct arrival *a = tw_table_oldest(r->arrivals); a != NULL;
         a = tw_table_newer(r->arrivals, a)) {
        if (now_ns - a->e.request_ts_ns > (int64_t)HOURS * 3600 * TW_NS_PER_S)
            continue;
        const size_t n = traits_of(a, traits);
        const struct tw_indicator *found = tw_indicators_find(x, now_ns, traits, n);
        const struct tw_indicator *known =
            found == NULL || before == NULL
                ? NULL
                : tw_indicators_find(before, a->e.request_ts_ns, traits, n);
        if (found == NULL || (known != NULL && tw_str_eq(known->id, found->id)))
            continue;
        struct tw_event e = a->e;
        e.ts_ns = now_ns;
        if (e.object.len > 0)
            e.object.p = a->name;
        fn(user, &e, found);
    }
}

uint64_t tw_recent_evictions(const struct tw_recent *r)
{
    return tw_table_evictions(r->arrivals);
}
