#include <math.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "detect/acts.h"

enum {
    MAX_TARGETS = 4096,
    MAX_TURNS = 16,
    MAX_NAME = 48,
    TURNS_S = 300,   /* how long a turn counts */
    HOLD_OFF_S = 600 /* where none is declared */
};

/* Who commands one target, and what a person wanted there last. */
struct target {
    struct tw_text_key who;
    size_t name_len;
    char name[MAX_NAME];
    double value;
    int64_t ts_ns; /* 0: nobody did yet */
    size_t n_turns;
    int64_t turns_ns[MAX_TURNS]; /* another one than before wrote something else */
    size_t person_len;           /* 0: none did */
    char person[MAX_NAME];
    double wanted;
    int64_t wanted_ns;
};

struct tw_rivals {
    const struct tw_pulse *pulse;
    struct tw_seed seed;
    struct tw_table *targets;
};

struct tw_rivals *tw_rivals_new(const struct tw_pulse *pulse)
{
    struct tw_rivals *r = calloc(1, sizeof(*r));
    if (r == NULL)
        return NULL;
    r->pulse = pulse;
    r->seed = tw_seed_random();
    r->targets =
        tw_table_new(sizeof(struct tw_place_id), sizeof(struct target), MAX_TARGETS, r->seed);
    if (r->targets != NULL)
        return r;
    free(r);
    return NULL;
}

void tw_rivals_free(struct tw_rivals *r)
{
    if (r == NULL)
        return;
    tw_table_free(r->targets);
    free(r);
}

void tw_rivals_adopt(struct tw_rivals *r, struct tw_rivals *old)
{
    struct tw_table *targets = old->targets;
    old->targets = r->targets;
    r->targets = targets;
    r->seed = old->seed;
}

uint64_t tw_rivals_evictions(const struct tw_rivals *r)
{
    return tw_table_evictions(r->targets);
}

/* Its id in the inventory, else its address. */
static struct tw_str name_of(const struct tw_facts *f, char text[MAX_NAME])
{
    if (f->actor.id.p != NULL)
        return f->actor.id;
    return (struct tw_str){text, tw_ip_text(text, &f->actor.endpoint.ip)};
}

/* More than rounding: a hundredth of the range, else of the values. */
static bool differs(const struct tw_command *c, double other)
{
    const double size = c->span > 0 ? c->span : fmax(fabs(c->value), fabs(other));
    return fabs(c->value - other) > size / 100;
}

static size_t turns(const struct target *t, int64_t now_ns)
{
    size_t n = 0;
    for (size_t i = 0; i < t->n_turns && i < MAX_TURNS; i++)
        n += now_ns - t->turns_ns[i] <= TURNS_S * TW_NS_PER_S;
    return n;
}

static void judge_person(const struct target *t, const struct tw_command *c,
    const struct tw_facts *f, struct tw_act_facts *out)
{
    const int64_t declared_ns = f->variable.hold_off_ns;
    const int64_t hold_off_ns = declared_ns > 0 ? declared_ns : HOLD_OFF_S * TW_NS_PER_S;
    if (t->person_len == 0 || c->at_ns <= t->wanted_ns || c->at_ns - t->wanted_ns > hold_off_ns ||
        fabs(c->value - t->wanted) <= 1e-6 * fmax(fabs(c->value), fabs(t->wanted)))
        return;
    out->person_len =
        tw_str_copy(out->person, sizeof(out->person), (struct tw_str){t->person, t->person_len});
    out->wanted = t->wanted;
    out->wanted_ns = c->at_ns - t->wanted_ns;
    out->hold_off_ns = declared_ns;
}

static void take(struct target *t, const struct tw_command *c, const struct tw_facts *f,
    struct tw_text_key who, struct tw_str name)
{
    t->who = who;
    t->name_len = tw_str_copy(t->name, sizeof(t->name), name);
    t->value = c->value;
    t->ts_ns = c->ts_ns;
    if (!tw_str_is(f->actor.asset_kind, "operator"))
        return;
    t->person_len = tw_str_copy(t->person, sizeof(t->person), f->actor.id);
    t->wanted = c->value;
    t->wanted_ns = c->ts_ns;
}

void tw_rivals_command(struct tw_rivals *r, const struct tw_command *c, const struct tw_facts *f,
    struct tw_act_facts *out)
{
    char text[MAX_NAME];
    bool created;
    const struct tw_str name = name_of(f, text);
    const struct tw_text_key who = tw_text_key(r->seed, name);
    struct target *t = tw_table_find(r->targets, &c->target);
    if (t == NULL && !c->is_accepted)
        return;
    if (t == NULL)
        t = tw_table_put(r->targets, &c->target, &created);
    if (t->ts_ns < r->pulse->hole_ns)
        *t = (struct target){.ts_ns = 0};
    const bool turn =
        t->ts_ns != 0 && (t->who.a != who.a || t->who.b != who.b) && differs(c, t->value);
    if (turn && c->is_accepted)
        t->turns_ns[t->n_turns++ % MAX_TURNS] = c->ts_ns;
    if (out != NULL) {
        judge_person(t, c, f, out);
        out->turns = turn ? turns(t, c->ts_ns) : 0;
        /* Views into the entry, which changes with this command. */
        out->rival_len =
            tw_str_copy(out->rival, sizeof(out->rival), (struct tw_str){t->name, t->name_len});
    }
    if (c->is_accepted)
        take(t, c, f, who, name);
}
