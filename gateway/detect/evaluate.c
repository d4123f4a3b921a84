/* One rule and one event. */

#include <math.h>

#include "detect/engine.h"

static bool excused(struct tw_detect *d, const struct tw_rule *rule, const struct tw_scene *scene)
{
    for (size_t i = 0; i < rule->n_exceptions; i++) {
        const struct tw_exception *e = &rule->exceptions[i];
        if (!tw_program_run(&e->when, scene))
            continue;
        if (scene->event->ts_ns <= e->expires_ns)
            return true;
        d->stats.expired++;
    }
    return false;
}

/* How far a count is above its threshold. */
static double strength_of_count(double count, double threshold)
{
    double q = count / threshold - 1;
    return q < 0.25 ? 0.25 : q > 1 ? 1 : q;
}

static void add_packets(const struct tw_event *e, struct tw_proof *proof)
{
    if (e->request_packet != 0)
        tw_proof_add(proof, e->request_packet);
    tw_proof_last(proof, e->packet);
}

/* Estimates come from it, and a replay is to estimate the same. */
static uint64_t hash_of_field(
    struct tw_detect *d, const struct tw_field *f, const struct tw_scene *scene)
{
    const struct tw_by by = {{f}, 1};
    struct tw_str text = tw_by_text(&d->key, "", &by, scene);
    return tw_hash_stable(text.p, text.len);
}

/* What an event adds to a sum. False when its field holds no number. */
static bool amount_of(const struct tw_window_spec *w, const struct tw_scene *scene, double *out)
{
    struct tw_field_value v = {.present = false};
    *out = 1;
    if (w->field == NULL || w->kind == TW_WINDOW_DISTINCT)
        return true;
    w->field->get(scene, &v);
    return v.present && tw_value_number(&v.value, out) && isfinite(*out);
}

static bool window_enough(
    struct tw_detect *d, size_t i, const struct tw_scene *scene, struct tw_match *out)
{
    const struct tw_window_spec *w = &d->rules->list[i].window;
    const struct tw_event *e = scene->event;
    const struct tw_rule_memory *m = &d->memory[i];
    const bool distinct = w->kind == TW_WINDOW_DISTINCT;
    double amount;
    uint64_t hash = distinct ? hash_of_field(d, w->field, scene) : 0;
    struct tw_text_key key = tw_detect_key(d, &w->by, scene);
    if (!amount_of(w, scene, &amount))
        return false;
    const bool is = w->exact ? tw_windows_add(m->windows, key, e->ts_ns, e->packet, hash,
                                   &out->count, &out->proof)
                             : tw_tallies_add(m->tallies, key, e->ts_ns, e->packet, amount, hash,
                                   &out->count, &out->proof);
    if (is)
        out->strength = strength_of_count(out->count, w->least);
    return is;
}

static bool sequence_done(
    struct tw_detect *d, size_t i, const struct tw_scene *scene, struct tw_match *out)
{
    const struct tw_sequence_spec *s = &d->rules->list[i].sequence;
    const struct tw_event *e = scene->event;
    uint32_t steps = 0;
    for (size_t k = 0; k < s->n; k++) {
        if ((s->steps[k].actions >> e->action & 1u) != 0 && tw_program_run(&s->steps[k], scene))
            steps |= 1u << k;
    }
    return steps != 0 && tw_sequences_add(d->memory[i].sequences, tw_detect_key(d, &s->by, scene),
                             steps, e->ts_ns, e->packet, &out->proof);
}

static bool enough(
    struct tw_detect *d, size_t i, const struct tw_scene *scene, struct tw_match *out)
{
    const struct tw_rule *rule = &d->rules->list[i];
    const struct tw_event *e = scene->event;
    struct tw_rule_memory *memory = &d->memory[i];
    *out = (struct tw_match){.strength = 1, .count = 1};
    if (rule->window.over_ns != 0)
        return window_enough(d, i, scene, out);
    if (memory->sequences != NULL)
        return sequence_done(d, i, scene, out);
    if (memory->sprts != NULL) {
        struct tw_text_key key = tw_detect_key(d, &rule->sprt.by, scene);
        bool bad = tw_program_run(&rule->sprt.bad, scene);
        return tw_sprts_add(
            memory->sprts, key, bad, e->packet, &out->strength, &out->count, &out->proof);
    }
    add_packets(e, &out->proof);
    return true;
}

/* What was waited for has come. */
static void note_arrival(struct tw_detect *d, size_t i, const struct tw_scene *scene)
{
    const struct tw_absence_spec *a = &d->rules->list[i].absence;
    if ((a->of.actions >> scene->event->action & 1u) != 0 && tw_program_run(&a->of, scene))
        tw_absences_end(d->memory[i].absences, tw_detect_key(d, &a->by, scene));
}

static bool held(struct tw_detect *d, size_t i, const struct tw_scene *scene)
{
    const struct tw_rule *rule = &d->rules->list[i];
    struct tw_holds *holds = d->memory[i].holds;
    if (holds == NULL)
        return false;
    struct tw_text_key key = tw_detect_key(d, &rule->hold.by, scene);
    if ((rule->hold.when.actions >> scene->event->action & 1u) != 0 &&
        tw_program_run(&rule->hold.when, scene))
        tw_holds_start(holds, key, scene->event->ts_ns);
    return tw_holds_active(holds, key, scene->event->ts_ns);
}

/* False when no other event of the same message can match it either. */
bool tw_detect_evaluate(
    struct tw_detect *d, const struct tw_left *left, const struct tw_scene *scene)
{
    const size_t i = left->rule;
    const struct tw_rule *rule = &d->rules->list[i];
    struct tw_match match;
    const bool absence = d->memory[i].absences != NULL;
    bool shared, holds = d->memory[i].holds != NULL || absence;
    if (absence)
        note_arrival(d, i, scene);
    if (held(d, i, scene))
        return true;
    if (!tw_rule_concerns(rule, &scene->facts->actor))
        return holds;
    d->stats.evaluated++;
    const struct tw_recall_at at = {d->recall, rule->recall_key};
    if (!tw_rest_run(&left->when, scene, &at, &shared))
        return holds || !shared;
    if (!excused(d, rule, scene) && enough(d, i, scene, &match))
        tw_detect_tell(d, i, scene, &match);
    return true;
}
