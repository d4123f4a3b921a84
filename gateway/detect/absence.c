#include "detect/absence.h"

#include <stdlib.h>

#include "base/num.h"

enum {
    MAX_WAITS = 1024,
    TEXT_BYTES = 4096,
    /* Parts of it, which leave more than TEXT_BYTES / 4 for what was expected. */
    MAX_OBJECT = 512,
    MAX_FIELD = 256,
    MAX_NAME = 128,
    MAX_KEY = 512,
    MAX_SUMMARY = 768,
    MAX_OBSERVED = 256
};

/* A finding that outlives its event: views that end with it are copied, or dropped where nothing
 * is said of them. */
struct wait {
    bool waiting;
    int64_t begun_ns;
    struct tw_event event;
    struct tw_facts facts;
    struct tw_value observed;
    struct tw_finding finding;
    size_t used;
    char text[TEXT_BYTES];
};

struct tw_absences {
    struct tw_table *table;
    int64_t within_ns;
};

struct tw_absences *tw_absences_new(const struct tw_absence_spec *spec)
{
    struct tw_absences *a = calloc(1, sizeof(*a));
    if (a == NULL)
        return NULL;
    a->within_ns = spec->within_ns;
    a->table =
        tw_table_new(sizeof(struct tw_text_key), sizeof(struct wait), MAX_WAITS, tw_seed_random());
    if (a->table != NULL)
        return a;
    free(a);
    return NULL;
}

void tw_absences_free(struct tw_absences *a)
{
    if (a == NULL)
        return;
    tw_table_free(a->table);
    free(a);
}

uint64_t tw_absences_evictions(const struct tw_absences *a)
{
    return tw_table_evictions(a->table);
}

/* A copy, cut when it is longer than `most`. */
static struct tw_str keep(struct wait *w, struct tw_str s, size_t most)
{
    if (s.p == NULL)
        return s;
    const size_t room = TEXT_BYTES - w->used;
    const struct tw_str cut = tw_utf8_cut(s, most < room ? most : room);
    memcpy(w->text + w->used, cut.p, cut.len);
    const struct tw_str kept = {w->text + w->used, cut.len};
    w->used += cut.len;
    return kept;
}

/* A long key is told from others by its digest: cut, two could be one. */
static struct tw_str keep_key(struct wait *w, struct tw_str key)
{
    char digits[TW_NUM_TEXT];
    if (key.len <= MAX_KEY)
        return keep(w, key, MAX_KEY);
    const size_t n = tw_num_u64(digits, tw_hash_stable(key.p, key.len));
    return keep(w, (struct tw_str){digits, n}, sizeof(digits));
}

static void keep_event(struct wait *w, const struct tw_event *e)
{
    w->event = (struct tw_event){.ts_ns = e->ts_ns,
        .packet = e->packet,
        .request_ts_ns = e->ts_ns,
        .request_packet = e->request_packet != 0 ? e->request_packet : e->packet,
        .phase = 1,
        .protocol = e->protocol,
        .action = e->action,
        .src = e->src,
        .dst = e->dst,
        .n_vlan = e->n_vlan,
        .nano = e->nano,
        .is_tcp = e->is_tcp,
        .flow = e->flow};
    memcpy(w->event.vlan, e->vlan, sizeof(w->event.vlan));
    w->event.object = keep(w, e->object, MAX_OBJECT);
    w->event.field = keep(w, e->field, MAX_FIELD);
}

/* Names of the inventory stay; what a client called itself does not. */
static void keep_facts(struct wait *w, const struct tw_facts *f)
{
    struct tw_actor_facts *a = &w->facts.actor;
    w->facts = (struct tw_facts){.actor = f->actor, .target = f->target, .variable = f->variable};
    a->mismatch = TW_STR_NONE;
    a->client_id = keep(w, a->client_id, MAX_NAME);
    a->application_uri = keep(w, a->application_uri, MAX_NAME);
    a->user = keep(w, a->user, MAX_NAME);
    w->facts.variable.unit = keep(w, f->variable.unit, MAX_NAME);
    w->facts.variable.type = keep(w, f->variable.type, MAX_NAME);
}

static void keep_finding(struct wait *w, const struct tw_finding *f)
{
    w->finding = *f;
    w->finding.event = &w->event;
    w->finding.facts = &w->facts;
    w->finding.key = keep_key(w, f->key);
    w->finding.summary = keep(w, f->summary, MAX_SUMMARY);
    w->finding.observed = NULL;
    if (f->observed != NULL && f->observed->kind <= TW_VALUE_STRING) {
        w->observed = *f->observed;
        if (w->observed.kind == TW_VALUE_STRING)
            w->observed.s = keep(w, w->observed.s, MAX_OBSERVED);
        w->finding.observed = &w->observed;
    }
    /* Cut JSON is none. */
    if (f->expected_json.len > TEXT_BYTES - w->used)
        w->finding.expected_json = TW_STR_NONE;
    else
        w->finding.expected_json = keep(w, f->expected_json, TEXT_BYTES);
}

void tw_absences_begin(
    struct tw_absences *a, struct tw_text_key key, int64_t now_ns, const struct tw_finding *f)
{
    struct wait *w = tw_table_peek(a->table, &key);
    if (w != NULL && w->waiting)
        return;
    w = tw_table_put(a->table, &key, NULL);
    w->waiting = true;
    w->begun_ns = now_ns;
    w->used = 0;
    keep_event(w, f->event);
    keep_facts(w, f->facts);
    keep_finding(w, f);
}

void tw_absences_end(struct tw_absences *a, struct tw_text_key key)
{
    struct wait *w = tw_table_peek(a->table, &key);
    if (w != NULL)
        tw_table_remove(a->table, w);
}

static void tell(struct wait *w, int64_t deadline_ns, tw_finding_fn fn, void *user)
{
    w->event.ts_ns = w->finding.ts_ns = deadline_ns;
    fn(user, &w->finding);
}

/* They were put in the order of their deadlines. */
void tw_absences_tick(struct tw_absences *a, const struct tw_pulse *pulse, int64_t now_ns,
    tw_finding_fn fn, void *user)
{
    if (tw_pulse_is_silent(pulse, now_ns))
        return;
    for (struct wait *w = tw_table_oldest(a->table); w != NULL;) {
        struct wait *next = tw_table_newer(a->table, w);
        const int64_t deadline_ns = w->begun_ns + a->within_ns;
        if (deadline_ns >= now_ns)
            return;
        /* It may have come while nobody looked. */
        if (pulse->hole_ns <= w->begun_ns)
            tell(w, deadline_ns, fn, user);
        tw_table_remove(a->table, w);
        w = next;
    }
}
