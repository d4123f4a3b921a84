#include <stdlib.h>

#include "base/timefmt.h"
#include "base/topic.h"
#include "detect/approved.h"
#include "detect/approvers.h"
#include "detect/consent.h"
#include "detect/state.h"

enum {
    MAX_TARGETS = 4096, /* (definition, object) pairs with approvals */
    PER_TARGET = 8,     /* newest approvals kept for each */
    MAX_BY = 64,
    SLACK_MS = 10 /* a mirror port may deliver two flows in the wrong order by so much */
};

struct approval {
    int64_t given_ns, expires_ns;
    bool approved, any_actor;
    struct tw_text_key actor;
    struct tw_approved value;
    uint32_t uses;
    uint16_t by_len;
    char by[MAX_BY];
};

struct target_key {
    uint64_t definition; /* its id: the order of the inventory may change */
    struct tw_text_key object;
};

/* Approvals of one target, a ring, newest at (next - 1). */
struct target {
    uint32_t n, next;
    struct approval list[PER_TARGET];
};

/* A message whose leaves are still coming. */
struct pending {
    bool open;
    struct tw_message_id id;
    size_t definition;
    bool has_approved, has_actor, has_object;
    bool dup;
    struct tw_text_key object;
    struct approval approval;
};

/* How much of a definition's approvals can be seen. */
struct sight {
    int64_t lost_ns; /* when bytes of an approver were last lost */
    bool hidden;     /* an approver talks where nobody can read … */
    bool seen;       /* … and yet a message was seen, where it was delivered */
};

struct tw_approvals {
    const struct tw_approval_def *defs;
    size_t n_defs;
    struct tw_seed seed;
    struct tw_table *targets;
    struct pending *pending; /* by definition */
    struct sight *sights;    /* by definition */
    struct tw_approvers *approvers;
    const struct tw_pulse *pulse;
};

struct tw_approvals *tw_approvals_new(
    const struct tw_registry *registry, const struct tw_pulse *pulse)
{
    struct tw_approvals *a = calloc(1, sizeof(*a));
    if (a == NULL)
        return NULL;
    a->n_defs = tw_registry_approvals(registry, &a->defs);
    a->seed = tw_seed_random();
    a->pulse = pulse;
    a->sights = calloc(a->n_defs + 1, sizeof(*a->sights));
    a->pending = calloc(a->n_defs + 1, sizeof(*a->pending));
    a->targets = tw_table_new(
        sizeof(struct target_key), sizeof(struct target), a->n_defs ? MAX_TARGETS : 1, a->seed);
    a->approvers = tw_approvers_new();
    if (a->sights != NULL && a->pending != NULL && a->targets != NULL && a->approvers != NULL)
        return a;
    tw_approvals_free(a);
    return NULL;
}

void tw_approvals_free(struct tw_approvals *a)
{
    if (a == NULL)
        return;
    tw_table_free(a->targets);
    tw_approvers_free(a->approvers);
    free(a->pending);
    free(a->sights);
    free(a);
}

/* The definition of `id`; n_defs when there is none. */
static size_t definition_of(const struct tw_approvals *a, struct tw_str id)
{
    size_t i = 0;
    while (i < a->n_defs && !tw_str_eq(a->defs[i].id, id))
        i++;
    return i;
}

void tw_approvals_adopt(struct tw_approvals *a, struct tw_approvals *old)
{
    struct tw_table *targets = old->targets;
    if (a->n_defs == 0 || old->n_defs == 0)
        return;
    old->targets = a->targets;
    a->targets = targets;
    a->seed = old->seed;
    tw_approvers_adopt(a->approvers, old->approvers);
    for (size_t i = 0; i < a->n_defs; i++) {
        const size_t before = definition_of(old, a->defs[i].id);
        if (before == old->n_defs)
            continue;
        a->sights[i] = old->sights[before];
        a->pending[i] = old->pending[before];
        a->pending[i].definition = i;
    }
}

static uint64_t id_of(const struct tw_approvals *a, size_t definition)
{
    const struct tw_str id = a->defs[definition].id;
    return tw_hash(a->seed, id.p, id.len);
}

/* An item of an approved array: "/value/0", in document order. */
static bool is_item(struct tw_str pointer, struct tw_str field)
{
    return pointer.p != NULL && field.len > pointer.len && tw_str_starts(field, pointer) &&
           field.p[pointer.len] == '/';
}

static bool at(struct tw_str pointer, struct tw_str field)
{
    return pointer.p != NULL && tw_str_eq(pointer, field);
}

static void take_leaf(const struct tw_approvals *a, struct pending *p, const struct tw_event *e,
    const struct tw_facts *facts)
{
    const struct tw_approval_def *def = &a->defs[p->definition];
    const struct tw_value *v = &e->value;
    if (at(def->approved, e->field)) {
        p->has_approved = true;
        p->approval.approved = tw_consent_is_yes(v);
    } else if (at(def->ai_system, e->field) && v->kind == TW_VALUE_STRING) {
        p->has_actor = true;
        p->approval.actor = tw_text_key(a->seed, v->s);
    } else if (at(def->object, e->field) && v->kind == TW_VALUE_STRING) {
        p->has_object = true;
        p->object = tw_node_key(a->seed, v->s);
    } else if (at(def->value, e->field)) {
        p->approval.value = tw_approved_of(a->seed, v);
    } else if (is_item(def->value, e->field)) {
        tw_approved_add(&p->approval.value, v);
    } else if (at(def->expires_s, e->field)) {
        p->approval.expires_ns = tw_consent_end_ns(
            v, p->approval.given_ns, p->approval.expires_ns, facts->clock_ahead_ns);
    }
}

static void begin(struct tw_approvals *a, size_t definition, const struct tw_event *e,
    const struct tw_facts *facts)
{
    const struct tw_approval_def *def = &a->defs[definition];
    struct pending *p = &a->pending[definition];
    a->sights[definition].seen = true;
    *p = (struct pending){
        .open = true,
        .id = tw_message_of(e),
        .definition = definition,
        .dup = e->mqtt && e->mqtt->dup,
        .approval = {.given_ns = e->ts_ns,
            .expires_ns = e->ts_ns + def->valid_ns,
            .approved = !tw_consent_is_no(e),
            .uses = def->uses ? def->uses : 1},
    };
    struct tw_str by = e->action == TW_ACTION_PUBLISH ? facts->actor.id : TW_STR_NONE;
    p->approval.by_len = (uint16_t)tw_str_copy(p->approval.by, sizeof(p->approval.by), by);
}

/* The newest approvals first: 0, 1, … */
static struct approval *newest(struct target *t, uint32_t i)
{
    return &t->list[(t->next + PER_TARGET - 1 - i) % PER_TARGET];
}

/* The same message sent again [MQTT5 3.3.1.1] gives no second permission. */
static bool is_repeat(struct target *t, const struct pending *p)
{
    for (uint32_t i = 0; p->dup && i < t->n; i++) {
        const struct approval *old = newest(t, i);
        if (old->approved == p->approval.approved && old->any_actor == p->approval.any_actor &&
            old->actor.a == p->approval.actor.a && tw_approved_eq(&old->value, &p->approval.value))
            return true;
    }
    return false;
}

static void flush(struct tw_approvals *a, struct pending *p)
{
    if (!p->open)
        return;
    p->open = false;
    const struct tw_approval_def *def = &a->defs[p->definition];
    if ((def->approved.p && !p->has_approved) || (def->ai_system.p && !p->has_actor) ||
        (def->object.p && !p->has_object))
        return;
    p->approval.any_actor = !p->has_actor;
    const struct target_key key = {id_of(a, p->definition), p->object};
    bool created;
    struct target *t = tw_table_put(a->targets, &key, &created);
    if (is_repeat(t, p))
        return;
    if (p->approval.by_len > 0)
        tw_approvers_answered(a->approvers,
            tw_text_key(a->seed, (struct tw_str){p->approval.by, p->approval.by_len}), p->object,
            p->approval.approved, p->approval.given_ns);
    t->list[t->next] = p->approval;
    t->next = (t->next + 1) % PER_TARGET;
    t->n += t->n < PER_TARGET;
}

void tw_approvals_flush(struct tw_approvals *a, int64_t now_ns)
{
    for (size_t i = 0; i < a->n_defs; i++) {
        if (a->pending[i].approval.given_ns < now_ns)
            flush(a, &a->pending[i]);
    }
}

static void learn(struct tw_approvals *a, size_t definition, const struct tw_event *e,
    const struct tw_facts *facts)
{
    struct pending *p = &a->pending[definition];
    const struct tw_approval_def *def = &a->defs[definition];
    if (p->open && tw_message_eq(p->id, tw_message_of(e)) && e->field.p != NULL) {
        take_leaf(a, p, e, facts);
        return;
    }
    flush(a, p);
    if (e->field.p == NULL && !tw_consent_is_cleared(e) && tw_message_is_news(e) &&
        tw_topic_matches(def->topic, e->object) &&
        tw_message_sender_ok(e, facts, def->by, def->n_by))
        begin(a, definition, e, facts);
}

static unsigned fields_of(const struct tw_approval_def *def)
{
    return (unsigned)(def->approved.len > 0) + (def->ai_system.len > 0) + (def->object.len > 0) +
           (def->value.len > 0);
}

static void note_sight(
    struct tw_approvals *a, const struct tw_event *e, const struct tw_facts *facts)
{
    /* Approvals travel to the broker; what else an approver does may be lost. */
    const bool to_broker = tw_str_is(facts->target.kind, "mqtt-broker");
    const bool is_lost = e->action == TW_ACTION_GAP && (e->protocol == TW_PROTO_MQTT || to_broker);
    for (size_t i = 0; i < a->n_defs; i++) {
        const struct tw_approval_def *def = &a->defs[i];
        if (is_lost && tw_message_may_be_lost(e, fields_of(def)) &&
            tw_message_sender_ok(e, facts, def->by, def->n_by))
            a->sights[i].lost_ns = e->ts_ns;
        a->sights[i].hidden |= tw_message_is_hidden(e, facts, def->by, def->n_by);
    }
}

/* Where a state stands when several approvals say different things: the greatest decides. */
static const uint8_t weight[] = {
    [TW_APPROVAL_NONE] = 0,
    [TW_APPROVAL_MISSING] = 1,
    [TW_APPROVAL_EXPIRED] = 2,
    [TW_APPROVAL_USED] = 2,
    [TW_APPROVAL_MISMATCH] = 3,
    [TW_APPROVAL_REJECTED] = 4,
    [TW_APPROVAL_VALID] = 5,
    [TW_APPROVAL_UNKNOWN] = 0,
};

/* What one approval says about a write at `now_ns`. One that is over or used up says nothing about
 * another value. */
static enum tw_approval_state state_of(const struct approval *ap, bool fits, int64_t now_ns)
{
    if (ap->given_ns > now_ns + SLACK_MS * TW_NS_PER_MS)
        return TW_APPROVAL_MISSING;
    bool expired = now_ns > ap->expires_ns;
    if (!fits)
        return ap->approved && !expired && ap->uses > 0 ? TW_APPROVAL_MISMATCH
                                                        : TW_APPROVAL_MISSING;
    if (!ap->approved)
        return TW_APPROVAL_REJECTED;
    if (ap->uses == 0)
        return TW_APPROVAL_USED;
    return expired ? TW_APPROVAL_EXPIRED : TW_APPROVAL_VALID;
}

struct verdict {
    enum tw_approval_state state;
    struct approval *approval;
};

static bool for_actor(
    const struct tw_approvals *a, const struct approval *ap, const struct tw_actor_facts *actor)
{
    const struct tw_str names[] = {actor->id, actor->client_id, actor->application_uri};
    if (ap->any_actor)
        return true;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct tw_text_key key = tw_text_key(a->seed, names[i]);
        if (names[i].p != NULL && key.a == ap->actor.a && key.b == ap->actor.b)
            return true;
    }
    return false;
}

static void consult(const struct tw_approvals *a, struct target *t, const struct tw_event *e,
    const struct tw_facts *facts, struct verdict *out)
{
    int64_t now_ns = e->request_ts_ns ? e->request_ts_ns : e->ts_ns;
    for (uint32_t i = 0; i < t->n; i++) {
        struct approval *ap = newest(t, i);
        if (!for_actor(a, ap, &facts->actor))
            continue;
        bool fits = tw_approved_fits(a->seed, &ap->value, &e->value, facts->variable.type);
        enum tw_approval_state state = state_of(ap, fits, now_ns);
        bool refused_since = state == TW_APPROVAL_VALID && out->state == TW_APPROVAL_REJECTED;
        if (weight[state] > weight[out->state] && !refused_since)
            *out = (struct verdict){state, ap};
    }
}

/* Could an approval have been given unseen? */
static bool blind(const struct tw_approvals *a, size_t definition, const struct tw_event *e,
    const struct tw_facts *facts)
{
    const struct sight *sight = &a->sights[definition];
    int64_t valid_ns = a->defs[definition].valid_ns;
    return facts->watching_ns < valid_ns || (sight->hidden && !sight->seen) ||
           (sight->lost_ns != 0 && e->ts_ns - sight->lost_ns < valid_ns) ||
           (a->pulse->hole_ns != 0 && e->ts_ns - a->pulse->hole_ns < valid_ns);
}

static void put_facts(const struct verdict *v, struct tw_approval_facts *out)
{
    const struct approval *ap = v->approval;
    out->state = v->state;
    if (ap == NULL)
        return;
    out->has_value = ap->value.kind == TW_APPROVED_NUMBER;
    out->value = ap->value.number;
    out->given_ns = ap->given_ns;
    out->expires_ns = ap->expires_ns;
    out->by = ap->by_len ? (struct tw_str){ap->by, ap->by_len} : TW_STR_NONE;
}

static void judge(struct tw_approvals *a, const struct tw_event *e, struct tw_facts *facts)
{
    size_t definition = definition_of(a, facts->grant.needs_approval);
    struct verdict v = {.state = TW_APPROVAL_MISSING};
    facts->approval.id = facts->grant.needs_approval;
    /* Of a request that was lost, only the answer is left: nobody knows what it was about. */
    if (definition == a->n_defs || e->object.p == NULL) {
        facts->approval.state = TW_APPROVAL_UNKNOWN;
        return;
    }
    /* An approval may name the node, the variable, or the object whose method is called. */
    const struct tw_str names[] = {
        e->object, facts->variable.id, e->opcua ? e->opcua->object_id : TW_STR_NONE};
    for (size_t i = 0; i <= sizeof(names) / sizeof(names[0]); i++) {
        struct target_key key = {.definition = id_of(a, definition)};
        bool any = i == sizeof(names) / sizeof(names[0]);
        if (!any && names[i].p == NULL)
            continue;
        if (!any)
            key.object = tw_node_key(a->seed, names[i]);
        struct target *t = tw_table_find(a->targets, &key);
        if (t != NULL)
            consult(a, t, e, facts, &v);
    }
    if (v.state == TW_APPROVAL_MISSING && blind(a, definition, e, facts))
        v.state = TW_APPROVAL_UNKNOWN;
    put_facts(&v, &facts->approval);
    /* A write that was refused did not use it up; a message as a whole is judged by its leaves. */
    bool whole = e->action == TW_ACTION_PUBLISH && e->value.kind == TW_VALUE_NONE;
    if (v.state == TW_APPROVAL_VALID && !e->status_bad && !whole)
        v.approval->uses--;
}

/* Does this event carry out what needs approval? Of a message with many leaves, only the whole and
 * the one that is the variable do. */
static bool carries_out(const struct tw_event *e, const struct tw_facts *facts)
{
    if (e->action == TW_ACTION_WRITE || e->action == TW_ACTION_CALL)
        return true;
    return e->action == TW_ACTION_PUBLISH && (e->field.p == NULL || facts->variable.id.p != NULL);
}

/* A publish by which somebody says yes, whether or not it is theirs to say. */
static void note_giving(
    const struct tw_approvals *a, const struct tw_event *e, struct tw_facts *facts)
{
    struct tw_approval_facts *out = &facts->approval;
    for (size_t i = 0; i < a->n_defs && e->action == TW_ACTION_PUBLISH; i++) {
        const struct tw_approval_def *def = &a->defs[i];
        bool whole = e->field.p == NULL && !tw_consent_is_no(e) && !tw_consent_is_cleared(e);
        bool says_so = def->approved.p == NULL
                           ? whole
                           : at(def->approved, e->field) && tw_consent_is_yes(&e->value);
        if (!says_so || e->object.p == NULL || !tw_topic_matches(def->topic, e->object))
            continue;
        out->id = out->is_given ? out->id : def->id;
        out->is_given = true;
        out->giver_ok |= tw_message_sender_ok(e, facts, def->by, def->n_by);
    }
    if (out->is_given && facts->actor.id.p != NULL)
        tw_approvers_judge(
            a->approvers, tw_text_key(a->seed, facts->actor.id), e->ts_ns, &out->approver);
}

void tw_approvals_event(struct tw_approvals *a, const struct tw_event *e, struct tw_facts *facts)
{
    facts->approval = (struct tw_approval_facts){.state = TW_APPROVAL_NONE};
    note_giving(a, e, facts);
    if (facts->report.object.p != NULL && a->n_defs > 0)
        tw_approvers_proposed(a->approvers, tw_node_key(a->seed, facts->report.object), e->ts_ns);
    for (size_t i = 0; i < a->n_defs; i++)
        learn(a, i, e, facts);
    if (e->action == TW_ACTION_GAP || e->action == TW_ACTION_FLOW)
        note_sight(a, e, facts);
    if (facts->grant.needs_approval.p != NULL && carries_out(e, facts))
        judge(a, e, facts);
}
