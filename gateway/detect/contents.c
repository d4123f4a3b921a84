#include <stdlib.h>

#include "detect/conduct.h"

enum { MAX_CONTENTS = 4096 };

struct tw_contents {
    struct tw_seed seed;
    struct tw_table *table; /* place → digest of what it held last */
};

struct tw_contents *tw_contents_new(void)
{
    struct tw_contents *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->seed = tw_seed_random();
    c->table = tw_table_new(sizeof(struct tw_place_id), sizeof(uint64_t), MAX_CONTENTS, c->seed);
    if (c->table != NULL)
        return c;
    free(c);
    return NULL;
}

void tw_contents_free(struct tw_contents *c)
{
    if (c == NULL)
        return;
    tw_table_free(c->table);
    free(c);
}

void tw_contents_adopt(struct tw_contents *c, struct tw_contents *old)
{
    const struct tw_contents mine = *c;
    *c = *old;
    *old = mine;
}

uint64_t tw_contents_evictions(const struct tw_contents *c)
{
    return tw_table_evictions(c->table);
}

/* False where the event does not carry the content as a whole. */
static bool digest(const struct tw_contents *c, const struct tw_event *e, uint64_t *out)
{
    if (e->mqtt != NULL && e->field.len == 0) {
        *out = e->mqtt->payload_hash;
        return e->mqtt->has_payload && e->mqtt->payload_hash != 0;
    }
    *out = tw_value_digest(c->seed, &e->value);
    return e->value.kind > TW_VALUE_NULL && (e->opcua == NULL || tw_event_is_whole_value(e));
}

void tw_contents_event(struct tw_contents *c, const struct tw_event *e, struct tw_facts *facts)
{
    struct tw_variable_facts *v = &facts->variable;
    const bool sets = e->action == TW_ACTION_WRITE || e->action == TW_ACTION_PUBLISH,
               shows = e->action == TW_ACTION_READ || e->action == TW_ACTION_NOTIFY ||
                       e->action == TW_ACTION_DELIVER;
    uint64_t now, *last;
    bool created;
    if (v->label < TW_LABEL_PROMPT || v->label > TW_LABEL_CONFIG || !v->is_value || e->status_bad ||
        !(sets || shows) || !digest(c, e, &now))
        return;
    const struct tw_place_id place = tw_place_of(c->seed, e);
    last = tw_table_put(c->table, &place, &created);
    v->has_changed = sets && !created;
    v->changed = v->has_changed && *last != now;
    *last = now;
}
