#include "detect/standing.h"

#include <math.h>
#include <stdlib.h>

#include "base/num.h"
#include "detect/filter.h"

struct tw_standings {
    const struct tw_pulse *pulse;
    struct tw_table *table; /* by where the id of the variable is written */
};

struct tw_standings *tw_standings_new(
    const struct tw_registry *registry, const struct tw_pulse *pulse)
{
    struct tw_standings *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->pulse = pulse;
    s->table = tw_table_new(sizeof(const char *), sizeof(struct tw_standing),
        tw_registry_followed(registry) + 1, tw_seed_random());
    if (s->table != NULL)
        return s;
    free(s);
    return NULL;
}

void tw_standings_free(struct tw_standings *s)
{
    if (s == NULL)
        return;
    tw_table_free(s->table);
    free(s);
}

static void adopt_one(
    struct tw_standings *s, const struct tw_standings *old, struct tw_str variable)
{
    bool created;
    const struct tw_standing *was = tw_table_oldest(old->table);
    while (was != NULL && !tw_str_eq(was->variable, variable))
        was = tw_table_newer(old->table, was);
    if (was == NULL)
        return;
    struct tw_standing *v = tw_table_put(s->table, &variable.p, &created);
    *v = *was;
    v->variable = variable;
}

void tw_standings_adopt(
    struct tw_standings *s, const struct tw_standings *old, const struct tw_registry *registry)
{
    for (const struct tw_command_def *def = tw_registry_commands(registry); def != NULL;
         def = def->next) {
        if (def->readback.p != NULL)
            adopt_one(s, old, def->readback);
        for (size_t i = 0; i < def->n_requires; i++)
            adopt_one(s, old, def->requires[i].variable);
    }
}

const struct tw_standing *tw_standing_of(const struct tw_standings *s, struct tw_str variable)
{
    const struct tw_standing *v = tw_table_peek(s->table, &variable.p);
    /* Behind a hole nobody knows. */
    return v == NULL || v->seen_ns < s->pulse->hole_ns ? NULL : v;
}

struct tw_str tw_standing_text(const struct tw_value *v, char digits[TW_NUM_TEXT])
{
    double d;
    if (v->kind == TW_VALUE_STRING)
        return v->s;
    if (v->kind == TW_VALUE_BOOL)
        return tw_str_of(v->b ? "true" : "false");
    if (v->kind == TW_VALUE_FLOAT && isfinite(v->d))
        return (struct tw_str){digits, tw_num_float(digits, (float)v->d)};
    if (tw_value_number(v, &d) && isfinite(d))
        return (struct tw_str){digits, tw_num_double(digits, d)};
    return TW_STR_NONE;
}

/* Does the event say what a variable stands at? */
static bool tells(const struct tw_event *e)
{
    static const uint32_t actions = 1u << TW_ACTION_READ | 1u << TW_ACTION_NOTIFY |
                                    1u << TW_ACTION_WRITE | 1u << TW_ACTION_PUBLISH |
                                    1u << TW_ACTION_DELIVER;
    if ((actions & 1u << e->action) == 0 || e->status_bad || e->value.kind == TW_VALUE_NONE)
        return false;
    return e->protocol == TW_PROTO_MQTT || (e->status.s.p != NULL && tw_event_is_whole_value(e));
}

/* How much it moves by itself from one value to the next: once that is known, an answer to a
 * command does not count as a whole. */
static void note_noise(struct tw_standing *v, double step)
{
    enum { KNOWN = 8, WEIGHT = 16 };
    const double size = v->n_steps < KNOWN ? fabs(step) : fmin(fabs(step), 4 * v->noise);
    v->n_steps += v->n_steps < WEIGHT;
    v->noise += (size - v->noise) / (double)v->n_steps;
}

bool tw_standings_event(struct tw_standings *s, const struct tw_event *e, const struct tw_facts *f,
    const struct tw_standing **out_told)
{
    char digits[TW_NUM_TEXT];
    double number = 0;
    bool created;
    *out_told = NULL;
    if (!f->variable.is_followed || !f->variable.is_value)
        return false;
    if (!tells(e))
        return true;
    const struct tw_str text = tw_standing_text(&e->value, digits);
    if (text.p == NULL)
        return true;
    struct tw_standing *v = tw_table_put(s->table, &f->variable.id.p, &created);
    const bool is_number = tw_value_number(&e->value, &number);
    if (is_number && v->is_number)
        note_noise(v, number - v->number);
    v->variable = f->variable.id;
    v->is_number = is_number;
    v->number = number;
    v->is_local = tw_str_is(e->status.s, "GoodLocalOverride");
    v->text_len = tw_str_copy(v->text, sizeof(v->text), text);
    v->seen_ns = e->ts_ns;
    v->packet = e->packet;
    *out_told = v;
    return true;
}
