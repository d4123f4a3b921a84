/* What the inventory says of an action, kept: the same client does the same to the same object all
 * day. A slot holds the whole question and is compared with it, so a clash costs time, nothing
 * else. */

#include <stdlib.h>

#include "registry/model.h"

enum { SLOTS = 16384, KEY_BYTES = 192 };

struct question {
    const struct tw_entry *actor, *server;
    uint8_t protocol, action;
    bool has_value, has_field;
    uint16_t object_len, field_len, id_len;
};

struct slot {
    struct question question;
    bool used;
    struct tw_decision decision;
    char key[KEY_BYTES];
};

struct tw_decisions {
    struct slot slots[SLOTS];
    struct slot large; /* for what does not fit, and for what depends on more than the question */
};

struct tw_decisions *tw_decisions_new(void)
{
    return calloc(1, sizeof(struct tw_decisions));
}

void tw_decisions_free(struct tw_decisions *d)
{
    free(d);
}

static void decide(struct tw_registry *r, const struct tw_event *event,
    const struct tw_entry *actor, const struct tw_entry *server, struct tw_decision *out)
{
    *out = (struct tw_decision){0};
    tw_variable_find(r, event, server, out);
    tw_grant_find(event, actor, server, out);
    out->report = tw_report_find(actor, event);
    for (size_t i = 0; out->variable != NULL && i < out->variable->n_publishers; i++)
        out->is_publisher |= out->variable->publishers[i] == actor;
}

/* Not keyed: slots are compared, and strangers can do no more than make us look things up again. */
static uint64_t mix(uint64_t h, struct tw_str s)
{
    size_t i = 0;
    for (; i + 8 <= s.len; i += 8) {
        uint64_t w;
        memcpy(&w, s.p + i, sizeof(w));
        h = (h ^ w) * 0x9e3779b97f4a7c15u;
        h ^= h >> 29;
    }
    uint64_t tail = s.len;
    for (; i < s.len; i++)
        tail = tail << 8 | (unsigned char)s.p[i];
    h = (h ^ tail) * 0x9e3779b97f4a7c15u;
    return h ^ h >> 29;
}

static bool same_key(const struct slot *s, const struct question *q, struct tw_str object,
    struct tw_str field, struct tw_str id)
{
    const struct question *have = &s->question;
    const char *at = s->key;
    return s->used && have->actor == q->actor && have->server == q->server &&
           have->protocol == q->protocol && have->action == q->action &&
           have->has_value == q->has_value && have->has_field == q->has_field &&
           have->object_len == q->object_len && have->field_len == q->field_len &&
           have->id_len == q->id_len && memcmp(at, object.p, object.len) == 0 &&
           (field.len == 0 || memcmp(at + object.len, field.p, field.len) == 0) &&
           (id.len == 0 || memcmp(at + object.len + field.len, id.p, id.len) == 0);
}

static void put_key(struct slot *s, struct tw_str object, struct tw_str field, struct tw_str id)
{
    char *at = s->key;
    memcpy(at, object.p, object.len);
    if (field.len > 0)
        memcpy(at + object.len, field.p, field.len);
    if (id.len > 0)
        memcpy(at + object.len + field.len, id.p, id.len);
}

const struct tw_decision *tw_decide(struct tw_registry *r, const struct tw_event *event,
    const struct tw_entry *actor, const struct tw_entry *server)
{
    struct tw_str object = event->object, field = event->field;
    struct tw_str id = event->action == TW_ACTION_CALL && event->opcua != NULL
                           ? event->opcua->object_id
                           : TW_STR_NONE;
    struct slot *s = &r->decisions->large;
    if (event->action == TW_ACTION_FLOW || object.p == NULL || object.len == 0 ||
        event->object_null || object.len + field.len + id.len > KEY_BYTES) {
        decide(r, event, actor, server, &s->decision);
        return &s->decision;
    }
    const struct question q = {.actor = actor,
        .server = server,
        .protocol = (uint8_t)event->protocol,
        .action = (uint8_t)event->action,
        .has_value = event->value.kind != TW_VALUE_NONE,
        .has_field = field.p != NULL,
        .object_len = (uint16_t)object.len,
        .field_len = (uint16_t)field.len,
        .id_len = (uint16_t)id.len};
    uint64_t h = (uint64_t)(uintptr_t)actor ^ (uint64_t)(uintptr_t)server << 20 ^ q.action;
    h = mix(mix(h, object), field);
    s = &r->decisions->slots[(h >> 20) % SLOTS];
    if (same_key(s, &q, object, field, id))
        return &s->decision;
    s->question = q;
    s->used = true;
    put_key(s, object, field, id);
    decide(r, event, actor, server, &s->decision);
    return &s->decision;
}
