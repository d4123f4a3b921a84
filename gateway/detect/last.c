#include <math.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "detect/filter.h"
#include "detect/state.h"

enum {
    MAX_LASTS = 16384,
    SETTLE_S = 5,     /* a notification behind a command may still carry the value before it */
    FLOAT_DIGITS = 7, /* decimal digits that are left of a difference */
    DOUBLE_DIGITS = 12
};

struct reading {
    bool known;
    double value;
    int64_t set_ns; /* when the target got it; 0: was so when first seen */
};

struct last {
    struct reading now, before;
    bool commanded; /* else read, or told by the server */
    int64_t seen_ns;
    uint64_t packet;
};

struct tw_lasts {
    const struct tw_pulse *pulse;
    bool grants_steps; /* tw_registry_grants_steps() */
    struct tw_seed seed;
    struct tw_table *table;
};

struct tw_lasts *tw_lasts_new(const struct tw_pulse *pulse, const struct tw_registry *registry)
{
    struct tw_lasts *l = calloc(1, sizeof(*l));
    if (l == NULL)
        return NULL;
    l->pulse = pulse;
    l->grants_steps = tw_registry_grants_steps(registry);
    l->seed = tw_seed_random();
    l->table = tw_table_new(sizeof(struct tw_place_id), sizeof(struct last), MAX_LASTS, l->seed);
    if (l->table != NULL)
        return l;
    free(l);
    return NULL;
}

void tw_lasts_free(struct tw_lasts *l)
{
    if (l == NULL)
        return;
    tw_table_free(l->table);
    free(l);
}

void tw_lasts_adopt(struct tw_lasts *l, struct tw_lasts *old)
{
    struct tw_table *table = old->table;
    old->table = l->table;
    l->table = table;
    l->seed = old->seed;
}

uint64_t tw_lasts_evictions(const struct tw_lasts *l)
{
    return tw_table_evictions(l->table);
}

static bool is_command(const struct tw_event *e)
{
    return e->action == TW_ACTION_WRITE || e->action == TW_ACTION_PUBLISH;
}

/* Commands always count; what is read or told, where a limit may be exceeded by the next one. */
static bool is_followed(
    const struct tw_lasts *l, const struct tw_event *e, const struct tw_variable_facts *v)
{
    if (!v->is_value)
        return false;
    return v->has_max_step || v->has_max_rate ||
           (v->role == TW_ROLE_COMMAND && (l->grants_steps || is_command(e)));
}

/* Does the event say what a target stands at, or shall? */
static bool concerns(const struct tw_lasts *l, const struct tw_event *e, const struct tw_facts *f)
{
    static const uint32_t opcua =
        1u << TW_ACTION_WRITE | 1u << TW_ACTION_READ | 1u << TW_ACTION_NOTIFY;
    if (e->object.p == NULL)
        return false;
    if (e->protocol == TW_PROTO_MQTT)
        return e->action == TW_ACTION_PUBLISH && is_followed(l, e, &f->variable);
    return e->protocol == TW_PROTO_OPCUA && (opcua & 1u << e->action) != 0 &&
           tw_event_is_whole_value(e) &&
           (is_followed(l, e, &f->variable) ||
               (e->action == TW_ACTION_WRITE && f->grant.has_max_step));
}

/* 22.4 - 20 is 2.4, whatever binary fractions make of it: no limit is exceeded by rounding. */
static double distance(double a, double b, bool is_float)
{
    const double size = fmax(fabs(a), fabs(b)), d = fabs(a - b);
    const int digits = is_float ? FLOAT_DIGITS : DOUBLE_DIGITS;
    const double scale = size > 0 ? pow(10, digits - 1 - floor(log10(size))) : 1;
    const double scaled = round(d * scale);
    return isfinite(scaled) && isfinite(scale) ? scaled / scale : d;
}

/* What the target stood at when the command was sent: the server may tell others of the new value
 * before it answers. */
static const struct reading *base_of(const struct last *last, const struct tw_event *e)
{
    const bool since = !last->commanded && e->request_packet != 0 &&
                       last->packet > e->request_packet && last->before.known;
    return since ? &last->before : &last->now;
}

static void judge(
    const struct last *last, const struct tw_event *e, double value, struct tw_step_facts *out)
{
    const struct reading *base = base_of(last, e);
    const int64_t at_ns = e->request_ts_ns != 0 ? e->request_ts_ns : e->ts_ns;
    out->has_step = true;
    out->last = base->value;
    out->step = distance(value, base->value, e->value.kind == TW_VALUE_FLOAT);
    if (base->set_ns == 0)
        return;
    const double passed_s = (double)(at_ns - base->set_ns) / (double)TW_NS_PER_S;
    out->has_rate = true;
    out->rate = out->step / fmax(passed_s, 1);
}

static void take(struct last *last, const struct tw_event *e, double value)
{
    const bool same = last->now.known && value == last->now.value, command = is_command(e);
    /* One that was on its way already says what was before. */
    if (!command && !same && last->commanded && e->ts_ns - last->seen_ns < SETTLE_S * TW_NS_PER_S)
        return;
    if (!same || command) {
        last->before = last->now;
        last->now = (struct reading){
            .known = true, .value = value, .set_ns = command || last->now.known ? e->ts_ns : 0};
        last->commanded = command;
        last->packet = e->packet;
    }
    last->seen_ns = e->ts_ns;
}

bool tw_lasts_event(struct tw_lasts *l, const struct tw_event *e, struct tw_facts *facts)
{
    double value;
    bool created;
    facts->step = (struct tw_step_facts){.has_step = false};
    if (!concerns(l, e, facts))
        return false;
    if (e->value.kind == TW_VALUE_NONE || tw_like_value(&e->value) != TW_LIKE_NUMBER ||
        !tw_value_number(&e->value, &value))
        return true;
    const bool accepted = !e->status_bad && (e->action != TW_ACTION_WRITE || e->status.s.p != NULL);
    const struct tw_place_id place = tw_place_of(l->seed, e);
    struct last *last = tw_table_find(l->table, &place);
    /* Behind a hole nobody knows. */
    if (last != NULL && l->pulse->hole_ns > last->seen_ns)
        *last = (struct last){.commanded = false};
    if (last != NULL && last->now.known && is_command(e))
        judge(last, e, value, &facts->step);
    if (accepted)
        take(last != NULL ? last : tw_table_put(l->table, &place, &created), e, value);
    return true;
}
