#include "detect/quiet.h"

#include <stdlib.h>

#include "detect/filter.h"

enum { CONTEXTS = 2048 };

/* Who notifies whom, and all that rules may ask of it beside the item and its value. The number is
 * never used for another one. */
struct context {
    uint64_t flow, identity, number;
    struct tw_quiet_mark mark;
    void *handed;
};

/* The context of the message whose events pass now. */
struct permit {
    uint64_t message; /* tw_session_facts.message */
    uint64_t number;  /* of the context; 0: no event of it may pass */
    void *handed;
};

struct tw_quiet {
    uint64_t numbers;
    struct permit permit;
    struct context contexts[CONTEXTS];
};

struct tw_quiet *tw_quiet_new(void)
{
    return calloc(1, sizeof(struct tw_quiet));
}

void tw_quiet_free(struct tw_quiet *q)
{
    free(q);
}

void tw_quiet_forget(struct tw_quiet *q)
{
    memset(q->contexts, 0, sizeof(q->contexts));
    tw_quiet_end(q);
}

/* May events that share this one's message be noted, as far as they share it? */
static bool is_notable(const struct tw_event *e, const struct tw_session_facts *f)
{
    return e->action == TW_ACTION_NOTIFY && f != NULL && f->note != NULL && f->identity != 0 &&
           !f->after_gap && f->live_elsewhere.family == 0 && !e->encrypted && e->field.p == NULL &&
           e->phase == 0;
}

/* The bit of what is alike for all rules under one context; 0: of this event nothing is noted. */
static uint32_t kind_of(const struct tw_event *e, const struct tw_session_facts *f)
{
    /* Structures may be ranges, which the registry learns from. */
    if (e->status_bad || e->status_code >> 30 != 0 || e->status.s.p == NULL ||
        e->value.kind == TW_VALUE_NONE || e->value.kind == TW_VALUE_OBJECT)
        return 0;
    const unsigned value = tw_like_value(&e->value);
    const unsigned learned = f->learned == NULL ? 0 : f->learned->has_range ? 2 : 1;
    return 1u << (value * 3 + learned);
}

static struct context *context_of(struct tw_quiet *q, uint64_t flow, uint64_t identity)
{
    const uint64_t mixed = (flow ^ identity) * 0x9e3779b97f4a7c15u;
    return &q->contexts[mixed >> 53];
}

static bool same(const struct context *c, const struct tw_event *e,
    const struct tw_session_facts *f, const struct tw_quiet_mark *mark)
{
    return c->flow == e->flow && c->identity == f->identity && c->mark.changes == mark->changes &&
           c->mark.learned == mark->learned && c->mark.acts == mark->acts && c->number != 0;
}

bool tw_quiet_is_begun(const struct tw_quiet *q, const struct tw_session_facts *facts)
{
    return facts->message != 0 && facts->message == q->permit.message;
}

void tw_quiet_begin(struct tw_quiet *q, const struct tw_event *event,
    const struct tw_session_facts *facts, const struct tw_quiet_mark *mark)
{
    const struct context *c = context_of(q, event->flow, facts->identity);
    q->permit = (struct permit){.message = facts->message};
    if (is_notable(event, facts) && same(c, event, facts, mark)) {
        q->permit.number = c->number;
        q->permit.handed = c->handed;
    }
}

void tw_quiet_end(struct tw_quiet *q)
{
    q->permit = (struct permit){.message = 0};
}

void *tw_quiet_find(
    const struct tw_quiet *q, const struct tw_event *event, const struct tw_session_facts *facts)
{
    const struct tw_thing_note *note = facts->note;
    if (note->context != q->permit.number || (note->kinds & kind_of(event, facts)) == 0)
        return NULL;
    return q->permit.handed;
}

void tw_quiet_note(struct tw_quiet *q, const struct tw_event *event,
    const struct tw_session_facts *facts, const struct tw_quiet_mark *mark, void *handed)
{
    const uint32_t kind = is_notable(event, facts) ? kind_of(event, facts) : 0;
    if (kind == 0 || mark->changes == 0)
        return;
    struct context *c = context_of(q, event->flow, facts->identity);
    if (!same(c, event, facts, mark) || c->handed != handed)
        *c = (struct context){event->flow, facts->identity, ++q->numbers, *mark, handed};
    struct tw_thing_note *note = facts->note;
    if (note->context != c->number) {
        note->context = c->number;
        note->kinds = 0;
    }
    note->kinds |= kind;
}
