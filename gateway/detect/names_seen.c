#include <stdlib.h>

#include "base/timefmt.h"
#include "detect/conduct.h"

enum { MAX_HOSTS = 1024, NAMES = 32, FORGET_S = 3600 };

/* Names in the order in which they were first used. */
struct host {
    struct {
        uint64_t name;
        int64_t ts_ns;
    } seen[NAMES];
    uint32_t n;
};

struct tw_names_seen {
    struct tw_seed seed;
    struct tw_table *hosts; /* by a digest of the address */
};

struct tw_names_seen *tw_names_seen_new(void)
{
    struct tw_names_seen *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->seed = tw_seed_random();
    s->hosts = tw_table_new(sizeof(uint64_t), sizeof(struct host), MAX_HOSTS, s->seed);
    if (s->hosts != NULL)
        return s;
    free(s);
    return NULL;
}

void tw_names_seen_free(struct tw_names_seen *s)
{
    if (s == NULL)
        return;
    tw_table_free(s->hosts);
    free(s);
}

void tw_names_seen_adopt(struct tw_names_seen *s, struct tw_names_seen *old)
{
    const struct tw_names_seen mine = *s;
    *s = *old;
    *old = mine;
}

uint64_t tw_names_seen_evictions(const struct tw_names_seen *s)
{
    return tw_table_evictions(s->hosts);
}

/* Under a name that is not the inventory's. */
static bool is_unknown(const struct tw_event *e, const struct tw_actor_facts *a)
{
    const bool comes = e->action == TW_ACTION_CONNECT || e->action == TW_ACTION_SESSION;
    return comes && !e->status_bad && e->protocol != TW_PROTO_OTHER &&
           (a->kind == TW_ACTOR_UNREGISTERED || a->identity == TW_IDENTITY_MISMATCH);
}

static void add(struct host *h, uint64_t name, int64_t ts_ns)
{
    for (uint32_t i = 0; i < NAMES && i < h->n; i++) {
        if (h->seen[i].name == name)
            return;
    }
    h->seen[h->n % NAMES].name = name;
    h->seen[h->n % NAMES].ts_ns = ts_ns;
    /* Beyond the first round only the place counts. */
    h->n = h->n + 1 == 2 * NAMES ? NAMES : h->n + 1;
}

bool tw_names_seen_event(struct tw_names_seen *s, const struct tw_event *e,
    const struct tw_facts *facts, struct tw_conduct_facts *out)
{
    bool created;
    if (!is_unknown(e, &facts->actor))
        return false;
    const struct tw_str name =
        e->protocol == TW_PROTO_MQTT ? facts->actor.client_id : facts->actor.application_uri;
    if (name.len == 0)
        return false;
    const uint64_t address = tw_hash(s->seed, &e->src.ip, sizeof(e->src.ip));
    struct host *h = tw_table_put(s->hosts, &address, &created);
    add(h, tw_hash(s->seed, name.p, name.len), e->ts_ns);
    for (uint32_t i = 0; i < NAMES && i < h->n; i++)
        out->new_names += e->ts_ns - h->seen[i].ts_ns <= FORGET_S * TW_NS_PER_S;
    return true;
}
