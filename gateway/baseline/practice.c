#include "baseline/practice.h"

#include "base/text.h"
#include "base/timefmt.h"

static bool is_act(const struct tw_event *e, const struct tw_facts *f)
{
    if (f->actor.ai == 0 || f->variable.role == TW_ROLE_HEARTBEAT || e->status_bad ||
        (f->actor.identity == TW_IDENTITY_MISMATCH && f->actor.certain))
        return false;
    if (e->action == TW_ACTION_PUBLISH)
        return f->variable.role == TW_ROLE_COMMAND && e->value.kind != TW_VALUE_NONE;
    return e->action == TW_ACTION_WRITE || e->action == TW_ACTION_CALL ||
           e->action == TW_ACTION_TOOL;
}

/* 1970 began on a Thursday. */
unsigned tw_practice_hour(int64_t ts_ns)
{
    const int64_t hour = ts_ns / (3600 * TW_NS_PER_S) + INT64_C(3) * 24;
    return (unsigned)((hour % TW_PRACTICE_HOURS + TW_PRACTICE_HOURS) % TW_PRACTICE_HOURS);
}

double tw_practice_history(const struct tw_event *e, uint64_t *last_packet)
{
    if (e->action != TW_ACTION_HISTORY_READ || e->opcua == NULL || e->status_bad ||
        e->packet == *last_packet)
        return 0;
    *last_packet = e->packet;
    return (double)e->opcua->message_bytes;
}

static double egress_of(const struct tw_event *e, const struct tw_facts *f)
{
    const struct tw_flow_info *flow = e->flow_info;
    if (e->action != TW_ACTION_FLOW || flow == NULL || !flow->has_totals || f->target.in_plant)
        return 0;
    return (double)flow->bytes;
}

bool tw_practice_deed_of(
    const struct tw_event *e, const struct tw_facts *f, struct tw_practice_deed *out)
{
    if (f->actor.ai == 0)
        return false;
    *out = (struct tw_practice_deed){is_act(e, f), egress_of(e, f), tw_mix_cell(e, f)};
    return out->act || out->egress > 0 || out->cell != TW_MIX_CELLS;
}

bool tw_practice_limit(const struct tw_event *e, const struct tw_facts *f, bool *out_at_limit)
{
    const struct tw_range *r = &f->variable.range;
    const double span = r->max - r->min;
    double value;
    if (f->variable.role != TW_ROLE_COMMAND || f->variable.id.len > TW_PRACTICE_NAME ||
        !r->has_min || !r->has_max || span <= 0 || !tw_value_number(&e->value, &value))
        return false;
    *out_at_limit = value <= r->min + span / 100 || value >= r->max - span / 100;
    return true;
}

/* A name that the file can hold. */
static bool is_text(struct tw_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        if ((unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f)
            return false;
    }
    return s.len > 0 && tw_utf8_valid(s);
}

static const char *way_of(
    struct tw_practice_trace *t, struct tw_seed seed, struct tw_str target, double value)
{
    const uint64_t key = tw_hash(seed, target.p, target.len) | 1;
    for (size_t i = 0; i < TW_PRACTICE_CLASSES; i++) {
        if (t->last[i].target != key)
            continue;
        const double before = t->last[i].value;
        t->last[i].value = value;
        return value > before ? " up" : value < before ? " down" : " again";
    }
    t->last[t->next].target = key;
    t->last[t->next].value = value;
    t->next = (t->next + 1) % TW_PRACTICE_CLASSES;
    return " set";
}

static const char *how(struct tw_practice_trace *t, struct tw_seed seed, const struct tw_event *e,
    struct tw_str target)
{
    double value;
    if (e->action == TW_ACTION_CALL || e->action == TW_ACTION_TOOL)
        return " call";
    if (e->value.kind == TW_VALUE_BOOL)
        return e->value.b ? " on" : " off";
    return tw_value_number(&e->value, &value) ? way_of(t, seed, target, value) : " set";
}

struct tw_str tw_practice_class(struct tw_practice_trace *t, struct tw_seed seed,
    const struct tw_event *e, const struct tw_facts *f, char out[TW_PRACTICE_NAME])
{
    enum { WAY = 8 }; /* room for how it goes */
    const struct tw_str target = f->variable.id.p != NULL ? f->variable.id : e->object;
    if (target.len > TW_PRACTICE_NAME - WAY || !is_text(target))
        return TW_STR_NONE;
    const struct tw_str way = tw_str_of(how(t, seed, e, target));
    memcpy(out, target.p, target.len);
    memcpy(out + target.len, way.p, way.len);
    return (struct tw_str){out, target.len + way.len};
}

int tw_practice_find(const struct tw_str *classes, size_t n, struct tw_str name)
{
    for (size_t i = 0; i < n; i++) {
        if (tw_str_eq(classes[i], name))
            return (int)i;
    }
    return -1;
}

bool tw_practice_window_ends(struct tw_practice_window *w, int64_t ts_ns, struct tw_mix *out)
{
    const int64_t passed_ns = ts_ns - w->begin_ns, window_ns = TW_MIX_WINDOW_S * TW_NS_PER_S;
    if (w->begin_ns == 0)
        w->begin_ns = ts_ns;
    if (w->begin_ns == ts_ns || passed_ns < window_ns)
        return false;
    *out = w->mix;
    if (out->n < TW_MIX_LEAST || passed_ns >= 2 * window_ns)
        out->n = 0;
    w->mix = (struct tw_mix){.n = 0};
    w->begin_ns = ts_ns;
    return true;
}
