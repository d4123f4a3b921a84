/* What a rule found, as it is told. */

#include "detect/engine.h"

static double floor_for(const struct tw_floors *floors, const struct tw_actor_facts *actor)
{
    if (actor->kind == TW_ACTOR_UNREGISTERED)
        return floors->unregistered;
    return actor->kind == TW_ACTOR_ASSET ? floors->asset : floors->tier[actor->tier];
}

static void write_expected(
    const struct tw_rule *rule, const struct tw_scene *scene, struct tw_text *out)
{
    tw_text_clear(out);
    tw_json_object(out);
    for (size_t i = 0; i < rule->n_expected; i++) {
        const struct tw_expected *e = &rule->expected[i];
        if (e->field != NULL) {
            (void)tw_field_json(e->field, scene, e->key, out);
        } else {
            tw_json_key(out, e->key);
            tw_json_str(out, e->text);
        }
    }
    if (out->len == 1)
        tw_text_clear(out);
    else
        tw_json_object_end(out);
}

/* The upgrade that holds decides over evidence and, where it says so, floor. */
static void grade(const struct tw_rule *rule, const struct tw_scene *scene, struct tw_finding *out)
{
    const struct tw_actor_facts *actor = &scene->facts->actor;
    out->evidence = rule->info.evidence;
    out->floor = floor_for(&rule->floor, actor);
    for (size_t i = 0; i < rule->n_upgrades; i++) {
        const struct tw_upgrade *u = &rule->upgrades[i];
        if (!tw_program_run(&u->when, scene))
            continue;
        out->evidence = u->evidence;
        if (u->has_floor)
            out->floor = floor_for(&u->floor, actor);
        return;
    }
}

/* What the alert shows as observed; a long text is cut, the event has all of it. */
static void observe(const struct tw_rule *rule, const struct tw_scene *scene,
    const struct tw_match *m, struct tw_field_value *out)
{
    enum { MAX_OBSERVED = 256 };
    struct tw_value *v = &out->value;
    if (rule->observed == TW_OBSERVED_FIELD) {
        rule->observed_field->get(scene, out);
    } else if (rule->observed == TW_OBSERVED_COUNT) {
        out->present = true;
        *v = (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = m->count};
    } else {
        out->present = scene->event->value.kind != TW_VALUE_NONE;
        *v = scene->event->value;
    }
    if (v->kind == TW_VALUE_STRING && v->s.len > MAX_OBSERVED) {
        v->s = tw_utf8_cut(v->s, MAX_OBSERVED);
        v->truncated = true;
    }
}

/* tw_finding_fn; `detect` is a struct tw_detect. */
void tw_detect_give(void *detect, const struct tw_finding *f)
{
    struct tw_detect *d = detect;
    if (f->rule->shadow) {
        const struct tw_rule *rule = (const struct tw_rule *)(const void *)f->rule;
        d->memory[rule - d->rules->list].shadowed++;
        d->stats.shadowed++;
        return;
    }
    d->stats.matched++;
    d->fn(d->user, f);
}

/* What %over stands for. */
static int64_t span_of(const struct tw_rule *rule)
{
    return rule->sequence.n != 0          ? rule->sequence.within_ns
           : rule->absence.within_ns != 0 ? rule->absence.within_ns
                                          : rule->window.over_ns;
}

void tw_detect_tell(
    struct tw_detect *d, size_t i, const struct tw_scene *scene, const struct tw_match *m)
{
    const struct tw_rule *rule = &d->rules->list[i];
    struct tw_absences *absences = d->memory[i].absences;
    struct tw_field_value observed = {.present = false};
    struct tw_text_key waited_for = {0};
    if (absences != NULL)
        waited_for = tw_detect_key(d, &rule->absence.by, scene);
    struct tw_finding f = {
        .rule = &rule->info,
        .event = scene->event,
        .facts = scene->facts,
        .ts_ns = scene->event->ts_ns,
        .window_ns = rule->suppress_ns,
        .strength = m->strength,
        .n_packets = m->proof.n,
        .window_count = m->count,
        .readable_percent = tw_detect_readable(d, scene),
    };
    memcpy(f.packets, m->proof.packets, sizeof(f.packets));
    grade(rule, scene, &f);
    tw_text_clear(&d->summary);
    tw_template_print(&rule->output, scene, m->count, span_of(rule), &d->summary);
    f.summary = tw_text_str(&d->summary);
    write_expected(rule, scene, &d->expected);
    f.expected_json = d->expected.len ? tw_text_str(&d->expected) : TW_STR_NONE;
    observe(rule, scene, m, &observed);
    f.observed = observed.present ? &observed.value : NULL;
    tw_conduct_mark(d->conduct, rule, scene->event, scene->facts);
    f.key = tw_by_text(&d->key, rule->info.id, &rule->suppress, scene);
    if (absences != NULL) {
        tw_absences_begin(absences, waited_for, f.ts_ns, &f);
        return;
    }
    tw_detect_give(d, &f);
}
