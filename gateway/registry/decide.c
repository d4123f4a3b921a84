/* What the inventory says of an action, kept: the same client does the same to the same object all
 * day. A slot holds a keyed digest of the whole question and fits a line of the cache: most of the
 * time here was waiting for memory. Two questions in one slot cost time, nothing else. */

#include <stdlib.h>

#include "base/topic.h"
#include "registry/model.h"

enum { SLOTS = 32768, TEXT_BYTES = 512, LINE = 64 };

struct slot {
    uint64_t key[2];
    bool used;
    struct tw_decision decision;
} __attribute__((aligned(LINE)));

_Static_assert(sizeof(struct slot) == LINE, "one line of the cache");

struct tw_decisions {
    void *memory;
    struct slot *slots;       /* in pairs: a question has two places, the first for what is new */
    struct tw_decision large; /* for what depends on more than the question */
    struct tw_seed seed;
};

struct tw_decisions *tw_decisions_new(void)
{
    struct tw_decisions *d = calloc(1, sizeof(*d));
    if (d == NULL)
        return NULL;
    /* Zero already, so that pages nobody needs are never touched. */
    d->memory = calloc(SLOTS + 1, sizeof(struct slot));
    if (d->memory == NULL) {
        free(d);
        return NULL;
    }
    const uintptr_t at = (uintptr_t)d->memory;
    d->slots = (struct slot *)(void *)((char *)d->memory + (LINE - at % LINE) % LINE);
    d->seed = tw_seed_random();
    return d;
}

void tw_decisions_free(struct tw_decisions *d)
{
    if (d == NULL)
        return;
    free(d->memory);
    free(d);
}

/* What comes by such a topic is read leaf by leaf. */
static bool is_order(const struct tw_registry *r, const struct tw_event *event)
{
    const struct tw_str topic = event->object;
    if (event->protocol != TW_PROTO_MQTT || topic.p == NULL)
        return false;
    for (size_t i = 0; i < r->n_approvals; i++) {
        if (tw_topic_matches(r->approvals[i].topic, topic))
            return true;
    }
    for (size_t i = 0; i < r->n_changes; i++) {
        if (r->changes[i].topic.p != NULL && tw_topic_matches(r->changes[i].topic, topic))
            return true;
    }
    for (const struct tw_stop_def *stop = r->stops; stop != NULL; stop = stop->next) {
        if (stop->server.p == NULL && tw_topic_matches(stop->object, topic))
            return true;
    }
    return false;
}

static void decide(struct tw_registry *r, const struct tw_event *event,
    const struct tw_entry *actor, const struct tw_entry *server, struct tw_decision *out)
{
    *out = (struct tw_decision){0};
    tw_variable_find(r, event, server, out);
    tw_grant_find(event, actor, server, out);
    out->report = tw_report_find(actor, event);
    out->is_order = is_order(r, event);
    for (size_t i = 0; out->variable != NULL && i < out->variable->n_publishers; i++)
        out->is_publisher |= out->variable->publishers[i] == actor;
}

/* The texts of the question as one, told apart by their lengths; false when they are too long. */
static bool digest(struct tw_seed seed, struct tw_str object, struct tw_str field, struct tw_str id,
    uint64_t out[2])
{
    char text[TEXT_BYTES];
    if (field.len == 0 && id.len == 0) {
        tw_hash_wide(seed, object.p, object.len, out);
        return true;
    }
    if (object.len + field.len + id.len > sizeof(text))
        return false;
    memcpy(text, object.p, object.len);
    if (field.len > 0)
        memcpy(text + object.len, field.p, field.len);
    if (id.len > 0)
        memcpy(text + object.len + field.len, id.p, id.len);
    tw_hash_wide(seed, text, object.len + field.len + id.len, out);
    return true;
}

/* Of whom the inventory says nothing but who they are, it says the same. */
static uint64_t alike(const struct tw_entry *actor)
{
    if (actor == NULL)
        return 0;
    const bool is_mere =
        !actor->has_may && actor->n_grants == 0 && actor->n_reports == 0 && !actor->is_publisher;
    return is_mere ? 1 : (uint64_t)(uintptr_t)actor;
}

const struct tw_decision *tw_decide(struct tw_registry *r, const struct tw_event *event,
    const struct tw_entry *actor, const struct tw_entry *server)
{
    struct tw_str object = event->object, field = event->field;
    struct tw_str id = event->action == TW_ACTION_CALL && event->opcua != NULL
                           ? event->opcua->object_id
                           : TW_STR_NONE;
    if (event->action == TW_ACTION_TOOL)
        id = tw_grant_topic(event);
    struct tw_decisions *all = r->decisions;
    uint64_t key[2];
    if (event->action == TW_ACTION_FLOW || object.p == NULL || object.len == 0 ||
        event->object_null || !digest(all->seed, object, field, id, key)) {
        decide(r, event, actor, server, &all->large);
        return &all->large;
    }
    const uint64_t what = (uint64_t)event->protocol | (uint64_t)event->action << 8 |
                          (uint64_t)(event->value.kind != TW_VALUE_NONE) << 16 |
                          (uint64_t)(field.p != NULL) << 17 | (uint64_t)field.len << 20 |
                          (uint64_t)id.len << 40;
    for (unsigned i = 0; i < 2; i++) {
        key[i] = tw_hash_mix(key[i], alike(actor));
        key[i] = tw_hash_mix(key[i], (uint64_t)(uintptr_t)server);
        key[i] = tw_hash_mix(key[i], what);
    }
    struct slot *s = &all->slots[key[0] % SLOTS & ~(uint64_t)1];
    for (unsigned i = 0; i < 2; i++) {
        if (s[i].used && s[i].key[0] == key[0] && s[i].key[1] == key[1])
            return &s[i].decision;
    }
    s[1] = s[0];
    memcpy(s->key, key, sizeof(key));
    s->used = true;
    decide(r, event, actor, server, &s->decision);
    return &s->decision;
}
