#include <stdlib.h>

#include "base/num.h"
#include "base/timefmt.h"
#include "base/topic.h"
#include "detect/acts.h"
#include "detect/consent.h"

enum {
    MAX_BY = 48,
    SETTLE_S = 5
}; /* a notification behind a write may still carry the value before it */

/* A message whose leaves are still coming. */
struct pending {
    bool open, is_meant, has_said, stops;
    struct tw_message_id id;
    int64_t ts_ns;
    size_t by_len;
    char by[MAX_BY];
};

struct stop {
    const struct tw_stop_def *def;
    struct pending pending;
    bool is_stopped;
    bool let_itself_go; /* its AI system wrote the node: what is read of it says nothing */
    int64_t from_ns, seen_ns, written_ns;
    size_t by_len;
    char by[MAX_BY];
};

struct tw_stops {
    const struct tw_pulse *pulse;
    struct stop *list;
    size_t n;
};

struct tw_stops *tw_stops_new(const struct tw_registry *registry, const struct tw_pulse *pulse)
{
    const struct tw_stop_def *def;
    size_t n = 0;
    for (def = tw_registry_stops(registry); def != NULL; def = def->next)
        n++;
    struct tw_stops *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->pulse = pulse;
    s->list = calloc(n + 1, sizeof(*s->list));
    if (s->list == NULL) {
        free(s);
        return NULL;
    }
    for (def = tw_registry_stops(registry); def != NULL; def = def->next)
        s->list[s->n++].def = def;
    return s;
}

void tw_stops_free(struct tw_stops *s)
{
    if (s == NULL)
        return;
    free(s->list);
    free(s);
}

static bool is_same(const struct tw_stop_def *a, const struct tw_stop_def *b)
{
    return tw_str_eq(a->ai_system, b->ai_system) && tw_str_eq(a->server, b->server) &&
           tw_str_eq(a->object, b->object) && tw_str_eq(a->field, b->field) &&
           tw_str_eq(a->to, b->to);
}

void tw_stops_adopt(struct tw_stops *s, const struct tw_stops *old)
{
    for (size_t i = 0; i < s->n; i++) {
        const struct tw_stop_def *def = s->list[i].def;
        for (size_t k = 0; k < old->n; k++) {
            if (is_same(def, old->list[k].def))
                s->list[i] = old->list[k];
        }
        s->list[i].def = def;
    }
}

/* ---- words */

static struct tw_str text_of(const struct tw_value *v, char digits[TW_NUM_TEXT])
{
    double d;
    if (v->kind == TW_VALUE_STRING)
        return v->s;
    if (v->kind == TW_VALUE_BOOL)
        return tw_str_of(v->b ? "true" : "false");
    if (tw_value_number(v, &d) && d - d == 0)
        return (struct tw_str){digits, tw_num_double(digits, d)};
    return TW_STR_NONE;
}

static bool is_stop(const struct tw_stop_def *def, const struct tw_value *v)
{
    static const struct tw_str usual[] = {{"stop", 4}, {"stopped", 7}, {"halt", 4}, {"halted", 6},
        {"disable", 7}, {"disabled", 8}, {"off", 3}, {"estop", 5}, {"e-stop", 6}, {"emergency", 9}};
    char digits[TW_NUM_TEXT];
    const struct tw_str text = text_of(v, digits);
    const struct tw_str *words = def->n_values > 0 ? def->values : usual;
    const size_t n = def->n_values > 0 ? def->n_values : sizeof(usual) / sizeof(usual[0]);
    if (def->n_values == 0 && tw_consent_is_yes(v))
        return true;
    for (size_t i = 0; text.p != NULL && i < n; i++) {
        if (tw_str_eq_nocase(text, words[i]))
            return true;
    }
    return false;
}

static void set(struct stop *s, bool stopped, int64_t ts_ns, struct tw_str by)
{
    s->seen_ns = ts_ns;
    if (stopped && !s->is_stopped) {
        s->from_ns = ts_ns;
        s->by_len = tw_str_copy(s->by, sizeof(s->by), by);
    }
    s->is_stopped = stopped;
}

/* May who sent this say so? Nobody lets itself go, unless it is listed. */
static bool sender_ok(
    const struct stop *s, const struct tw_event *e, const struct tw_facts *f, bool *out_itself)
{
    const struct tw_stop_def *def = s->def;
    *out_itself = e->action != TW_ACTION_DELIVER && f->actor.id.p == def->ai_system.p;
    if (def->n_by == 0)
        return !*out_itself;
    return tw_message_sender_ok(e, f, def->by, def->n_by);
}

/* ---- messages */

static void flush(struct stop *s)
{
    const struct pending *p = &s->pending;
    if (p->open && p->is_meant && p->has_said)
        set(s, p->stops, p->ts_ns, (struct tw_str){p->by, p->by_len});
    s->pending.open = false;
}

static void begin(struct stop *s, const struct tw_event *e, const struct tw_facts *f)
{
    const struct tw_stop_def *def = s->def;
    bool itself;
    if ((e->action != TW_ACTION_PUBLISH && e->action != TW_ACTION_DELIVER) ||
        tw_consent_is_cleared(e) || !tw_topic_matches(def->object, e->object) ||
        !sender_ok(s, e, f, &itself))
        return;
    s->pending = (struct pending){.open = true,
        .is_meant = def->to.p == NULL,
        .has_said = def->field.p == NULL,
        .stops = e->value.kind == TW_VALUE_NONE || is_stop(def, &e->value),
        .id = tw_message_of(e),
        .ts_ns = e->ts_ns};
    if (e->action == TW_ACTION_PUBLISH)
        s->pending.by_len = tw_str_copy(s->pending.by, sizeof(s->pending.by), f->actor.id);
}

static void take_leaf(struct stop *s, const struct tw_event *e)
{
    const struct tw_stop_def *def = s->def;
    if (def->field.p != NULL && tw_str_eq(def->field, e->field)) {
        s->pending.has_said = true;
        s->pending.stops = is_stop(def, &e->value);
    } else if (def->to.p != NULL && tw_str_eq(def->to, e->field)) {
        s->pending.is_meant =
            e->value.kind == TW_VALUE_STRING && tw_str_eq(e->value.s, def->ai_system);
    }
}

static void read_message(struct stop *s, const struct tw_event *e, const struct tw_facts *f)
{
    if (s->pending.open) {
        if (e->field.p != NULL && tw_message_eq(s->pending.id, tw_message_of(e))) {
            take_leaf(s, e);
            return;
        }
        flush(s);
    }
    if (e->protocol == TW_PROTO_MQTT && e->field.p == NULL && e->object.p != NULL)
        begin(s, e, f);
}

/* ---- nodes */

static void read_node(struct stop *s, const struct tw_event *e, const struct tw_facts *f)
{
    bool itself;
    if (e->status_bad || e->status.s.p == NULL || e->value.kind == TW_VALUE_NONE ||
        !tw_event_is_whole_value(e))
        return;
    const bool stops = is_stop(s->def, &e->value);
    if (e->action != TW_ACTION_WRITE) {
        const bool late = e->ts_ns - s->written_ns < SETTLE_S * TW_NS_PER_S;
        if (stops == s->is_stopped || (!late && (stops || !s->let_itself_go)))
            set(s, stops, e->ts_ns, TW_STR_NONE);
        return;
    }
    if (sender_ok(s, e, f, &itself)) {
        s->let_itself_go = false;
        s->written_ns = e->ts_ns;
        set(s, stops, e->ts_ns, f->actor.id);
    } else if (itself && !stops) {
        s->let_itself_go = true;
    }
}

static bool is_node(const struct stop *s, const struct tw_event *e, const struct tw_facts *f)
{
    static const uint32_t actions =
        1u << TW_ACTION_WRITE | 1u << TW_ACTION_READ | 1u << TW_ACTION_NOTIFY;
    const struct tw_str server = e->action == TW_ACTION_NOTIFY ? f->actor.id : f->target.asset;
    return e->protocol == TW_PROTO_OPCUA && (actions & 1u << e->action) != 0 &&
           server.p == s->def->server.p && e->object.p != NULL &&
           tw_str_eq(e->object, s->def->object);
}

bool tw_stops_event(struct tw_stops *stops, const struct tw_event *e, const struct tw_facts *f)
{
    bool followed = false;
    for (size_t i = 0; i < stops->n; i++) {
        struct stop *s = &stops->list[i];
        if (s->def->server.p == NULL) {
            read_message(s, e, f);
        } else if (is_node(s, e, f)) {
            read_node(s, e, f);
            followed = true;
        }
    }
    return followed;
}

void tw_stops_judge(const struct tw_stops *stops, const struct tw_event *e,
    const struct tw_facts *f, struct tw_act_facts *out)
{
    const int64_t at_ns = e->request_ts_ns != 0 ? e->request_ts_ns : e->ts_ns;
    for (size_t i = 0; i < stops->n; i++) {
        const struct stop *s = &stops->list[i];
        /* Behind a hole nobody knows. */
        if (!s->is_stopped || s->def->ai_system.p != f->actor.id.p ||
            s->seen_ns < stops->pulse->hole_ns)
            continue;
        if (out->stop_object.p != NULL && out->stopped_ns >= at_ns - s->from_ns)
            continue;
        out->stop_object = s->def->object;
        out->stop_by = s->by_len > 0 ? (struct tw_str){s->by, s->by_len} : TW_STR_NONE;
        out->stopped_ns = at_ns - s->from_ns;
    }
}
