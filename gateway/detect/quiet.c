#include "detect/quiet.h"

#include <stdlib.h>

#include "base/hash.h"
#include "detect/filter.h"
#include "detect/state.h"

/* Those whose digests meet have places side by side: where one took the place of another, all that
 * was noted under it would be asked again. */
enum { SETS = 2048, WAYS = 4 };

/* Who notifies whom, or reads, and all that rules may ask of it beside the item and its value. The
 * number is never used for another one. */
struct context {
    uint64_t flow, identity, number;
    uint64_t links; /* MAC addresses of both: others may go on in the middle of a connection */
    enum tw_action action;
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
    uint64_t forgotten; /* contexts up to this number are not good any more */
    struct permit permit;
    struct context contexts[SETS][WAYS];
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
    q->forgotten = q->numbers;
    tw_quiet_end(q);
}

/* May events that share this one's message be noted, as far as they share it? */
static bool is_notable(const struct tw_event *e, const struct tw_session_facts *f)
{
    static const uint32_t actions =
        1u << TW_ACTION_NOTIFY | 1u << TW_ACTION_READ | 1u << TW_ACTION_DELIVER;
    return (actions & 1u << e->action) != 0 && f != NULL && f->note != NULL && f->identity != 0 &&
           !f->after_gap && f->live_elsewhere.family == 0 && !e->encrypted && e->field.p == NULL &&
           e->phase == 0;
}

/* Bits of tw_thing_note.kinds: values by what they are like, those that are uncertain, deliveries.
 */
enum { UNCERTAIN = 8, DELIVERY = 16 };

/* Of a delivery: only one of what was seen being published, whose payload nobody looks at again,
 * and that is nothing special. */
static uint32_t kind_of_delivery(const struct tw_event *e, const struct tw_session_facts *f)
{
    const struct tw_mqtt_info *m = e->mqtt;
    if (m == NULL || e->value.kind != TW_VALUE_NONE || e->status.s.p != NULL ||
        e->detail.p != NULL || e->sparkplug != NULL || e->pubsub != NULL || m->mcp != NULL ||
        m->decision != NULL || m->payload_bytes >= TW_LIKE_LARGE_BYTES ||
        tw_payload_kind_is_model(m->payload_kind) ||
        tw_payload_danger_name(m->payload_danger) != NULL || f->takeovers != 0 ||
        f->known_topics != 0 || f->learned != NULL)
        return 0;
    return 1u << (DELIVERY + (f->origin.p != NULL) + 2 * (f->topic_publishers > 0));
}

/* An uncertain value may be a poor input where a good one is none. */
static inline uint32_t kind_of_value(uint32_t status, unsigned like)
{
    return 1u << ((status >> 30) * UNCERTAIN + like);
}

/* The bit of what is alike for all rules under one context; 0: of this event nothing is noted. */
static inline uint32_t kind_of(const struct tw_event *e, const struct tw_session_facts *f)
{
    if (e->action == TW_ACTION_DELIVER)
        return kind_of_delivery(e, f);
    if (e->action == TW_ACTION_READ && !tw_event_is_whole_value(e))
        return 0;
    /* Structures may be ranges, which the registry learns from. */
    if (e->status_bad || e->status_code >> 31 != 0 || e->status.s.p == NULL ||
        e->value.kind == TW_VALUE_NONE || e->value.kind == TW_VALUE_OBJECT)
        return 0;
    return kind_of_value(e->status_code, tw_like_value(&e->value));
}

static inline uint32_t kind_of_plain(const struct tw_plain_value *p)
{
    static const uint8_t likes[] = {
        [TW_VALUE_BOOL] = TW_LIKE_TRUTH,
        [TW_VALUE_INT] = TW_LIKE_NUMBER,
        [TW_VALUE_UINT] = TW_LIKE_NUMBER,
        [TW_VALUE_FLOAT] = TW_LIKE_NUMBER,
        [TW_VALUE_DOUBLE] = TW_LIKE_NUMBER,
        [TW_VALUE_ARRAY] = TW_LIKE_OTHER,
    };
    return kind_of_value(p->status, p->is_odd ? TW_LIKE_OTHER : likes[p->kind]);
}

static uint64_t link_of(const struct tw_endpoint *at)
{
    uint64_t link = 0;
    if (!at->has_mac)
        return 0;
    for (size_t i = 0; i < sizeof(at->mac); i++)
        link = link << 8 | at->mac[i];
    return link + 1;
}

static uint64_t links_of(const struct tw_event *e)
{
    return tw_hash_mix(link_of(&e->src), link_of(&e->dst));
}

/* The context that is kept of who does this on the flow; else the place for a new one: that of the
 * oldest beside it. */
static struct context *place_of(
    struct tw_quiet *q, const struct tw_event *e, const struct tw_session_facts *f)
{
    const uint64_t mixed = (e->flow ^ f->identity ^ e->action) * 0x9e3779b97f4a7c15u;
    struct context *set = q->contexts[mixed >> 53], *oldest = set;
    for (struct context *c = set; c < set + WAYS; c++) {
        if (c->flow == e->flow && c->identity == f->identity && c->action == e->action)
            return c;
        oldest = c->number < oldest->number ? c : oldest;
    }
    return oldest;
}

/* Is it still good, and for this event? */
static bool is_good(const struct tw_quiet *q, const struct context *c, const struct tw_event *e,
    const struct tw_session_facts *f, const struct tw_quiet_mark *mark)
{
    return c->flow == e->flow && c->identity == f->identity && c->action == e->action &&
           c->mark.changes == mark->changes && c->mark.learned == mark->learned &&
           c->mark.acts == mark->acts && c->number > q->forgotten && c->links == links_of(e);
}

bool tw_quiet_is_begun(const struct tw_quiet *q, const struct tw_session_facts *facts)
{
    return facts->message != 0 && facts->message == q->permit.message;
}

void tw_quiet_begin(struct tw_quiet *q, const struct tw_event *event,
    const struct tw_session_facts *facts, const struct tw_quiet_mark *mark)
{
    q->permit = (struct permit){.message = facts->message};
    if (!is_notable(event, facts))
        return;
    const struct context *c = place_of(q, event, facts);
    if (is_good(q, c, event, facts, mark)) {
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

uint32_t tw_quiet_find_values(const struct tw_quiet *q, const struct tw_plain_value *values,
    struct tw_thing_note *const *notes, uint32_t n, void **out_handed)
{
    const uint64_t number = q->permit.number;
    if (number == 0)
        return 0;
    *out_handed = q->permit.handed;
    for (uint32_t i = 0; i < n; i++)
        if (notes[i]->context != number || (notes[i]->kinds & kind_of_plain(&values[i])) == 0)
            return i;
    return n;
}

void *tw_quiet_find_whole(struct tw_quiet *q, const struct tw_event *event,
    const struct tw_session_facts *facts, const struct tw_quiet_mark *mark)
{
    if (!is_notable(event, facts) || facts->note->context == 0)
        return NULL;
    const struct context *c = place_of(q, event, facts);
    if (facts->note->context != c->number || (facts->note->kinds & kind_of(event, facts)) == 0 ||
        !is_good(q, c, event, facts, mark))
        return NULL;
    return c->handed;
}

void tw_quiet_note(struct tw_quiet *q, const struct tw_event *event,
    const struct tw_session_facts *facts, const struct tw_quiet_mark *mark, void *handed)
{
    const uint32_t kind = is_notable(event, facts) ? kind_of(event, facts) : 0;
    if (kind == 0 || mark->changes == 0)
        return;
    struct context *c = place_of(q, event, facts);
    if (!is_good(q, c, event, facts, mark) || c->handed != handed)
        *c = (struct context){.flow = event->flow,
            .identity = facts->identity,
            .number = ++q->numbers,
            .links = links_of(event),
            .action = event->action,
            .mark = *mark,
            .handed = handed};
    struct tw_thing_note *note = facts->note;
    if (note->context != c->number) {
        note->context = c->number;
        note->kinds = 0;
    }
    note->kinds |= kind;
}
