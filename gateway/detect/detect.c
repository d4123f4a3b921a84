#include "detect/detect.h"

#include <stdlib.h>

#include "detect/engine.h"

enum { MAX_ACTORS = 16384 }; /* whose coverage is counted */

static bool memory_init(const struct tw_rule *rule, struct tw_rule_memory *m)
{
    const struct tw_window_spec *w = &rule->window;
    if (w->over_ns != 0 && w->exact && (m->windows = tw_windows_new(w)) == NULL)
        return false;
    if (w->over_ns != 0 && !w->exact && (m->tallies = tw_tallies_new(w)) == NULL)
        return false;
    if (rule->sequence.n != 0 && (m->sequences = tw_sequences_new(&rule->sequence)) == NULL)
        return false;
    if (rule->absence.within_ns != 0 && (m->absences = tw_absences_new(&rule->absence)) == NULL)
        return false;
    if (rule->sprt.used && (m->sprts = tw_sprts_new(&rule->sprt)) == NULL)
        return false;
    return rule->hold.for_ns == 0 || (m->holds = tw_holds_new(rule->hold.for_ns)) != NULL;
}

static void memory_fini(struct tw_rule_memory *m)
{
    tw_windows_free(m->windows);
    tw_tallies_free(m->tallies);
    tw_sequences_free(m->sequences);
    tw_absences_free(m->absences);
    tw_sprts_free(m->sprts);
    tw_holds_free(m->holds);
}

static void coverage_lost(void *user, const void *key, void *value)
{
    struct tw_quiet *quiet = user;
    (void)key;
    (void)value;
    tw_quiet_forget(quiet);
}

static bool detect_init(struct tw_detect *d, const struct tw_registry *registry)
{
    d->memory = calloc(d->rules->n + 1, sizeof(*d->memory));
    d->message.done = calloc(d->rules->n + 1, sizeof(*d->message.done));
    d->filter = tw_filter_new(d->rules);
    d->quiet = tw_quiet_new();
    d->approvals = tw_approvals_new(registry, &d->pulse);
    d->changes = tw_changes_new(registry);
    d->lasts = tw_lasts_new(&d->pulse, registry);
    d->conduct = tw_conduct_new(registry, &d->pulse);
    d->heartbeats = tw_heartbeats_new(registry, &d->pulse);
    d->acts = tw_acts_new(registry, &d->pulse);
    d->coverage =
        tw_table_new(sizeof(struct tw_text_key), sizeof(struct tw_coverage), MAX_ACTORS, d->seed);
    d->near = calloc(TW_COVERAGE_NEAR, sizeof(*d->near));
    if (d->memory == NULL || d->near == NULL || d->message.done == NULL || d->filter == NULL ||
        d->quiet == NULL || d->approvals == NULL || d->changes == NULL || d->lasts == NULL ||
        d->conduct == NULL || d->heartbeats == NULL || d->acts == NULL || d->coverage == NULL)
        return false;
    tw_table_of_digests(d->coverage);
    tw_table_on_evict(d->coverage, coverage_lost, d->quiet);
    if (d->rules->n_calls > 0 && (d->recall = tw_recall_new(d->seed)) == NULL)
        return false;
    for (size_t i = 0; i < d->rules->n; i++) {
        if (!memory_init(&d->rules->list[i], &d->memory[i]))
            return false;
        d->n_absences += d->memory[i].absences != NULL;
    }
    return tw_by_make_room(&d->key) && tw_by_make_room(&d->summary) &&
           tw_by_make_room(&d->expected);
}

struct tw_detect *tw_detect_new(
    const struct tw_rules *rules, const struct tw_registry *registry, tw_finding_fn fn, void *user)
{
    struct tw_detect *d = calloc(1, sizeof(*d));
    if (d == NULL)
        return NULL;
    d->rules = rules;
    d->registry = registry;
    d->fn = fn;
    d->user = user;
    d->seed = tw_seed_random();
    d->actor = (struct tw_by){{tw_field_find(TW_STR("actor"))}, 1};
    if (detect_init(d, registry))
        return d;
    tw_detect_free(d);
    return NULL;
}

void tw_detect_free(struct tw_detect *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; d->memory != NULL && i < d->rules->n; i++)
        memory_fini(&d->memory[i]);
    free(d->memory);
    free(d->message.done);
    tw_filter_free(d->filter);
    tw_quiet_free(d->quiet);
    tw_approvals_free(d->approvals);
    tw_changes_free(d->changes);
    tw_lasts_free(d->lasts);
    tw_conduct_free(d->conduct);
    tw_heartbeats_free(d->heartbeats);
    tw_recall_free(d->recall);
    tw_acts_free(d->acts);
    tw_table_free(d->coverage);
    free(d->near);
    tw_text_free(&d->key);
    tw_text_free(&d->summary);
    tw_text_free(&d->expected);
    free(d);
}

/* Would both remember the same of the same events? */
static bool remembers_alike(const struct tw_rule *a, const struct tw_rule *b)
{
    const struct tw_window_spec *w = &a->window, *v = &b->window;
    const struct tw_sprt_spec *s = &a->sprt, *t = &b->sprt;
    return a->info.rev == b->info.rev && w->over_ns == v->over_ns && w->kind == v->kind &&
           w->field == v->field && w->least == v->least && tw_by_eq(&w->by, &v->by) &&
           s->used == t->used && s->step_bad == t->step_bad && s->step_good == t->step_good &&
           s->accept == t->accept && s->reject == t->reject && tw_by_eq(&s->by, &t->by) &&
           a->hold.for_ns == b->hold.for_ns && tw_by_eq(&a->hold.by, &b->hold.by) &&
           a->sequence.n == b->sequence.n && a->sequence.within_ns == b->sequence.within_ns &&
           tw_by_eq(&a->sequence.by, &b->sequence.by);
}

static uint64_t memory_evictions(const struct tw_rule_memory *m)
{
    return (m->windows != NULL ? tw_windows_evictions(m->windows) : 0) +
           (m->tallies != NULL ? tw_tallies_evictions(m->tallies) : 0) +
           (m->sprts != NULL ? tw_sprts_evictions(m->sprts) : 0) +
           (m->sequences != NULL ? tw_sequences_evictions(m->sequences) : 0) +
           (m->absences != NULL ? tw_absences_evictions(m->absences) : 0);
}

/* Both lists are in the order of ids. */
static void adopt_memory(struct tw_detect *d, struct tw_detect *old)
{
    for (size_t i = 0, k = 0; k < old->rules->n; k++) {
        const struct tw_rule *was = &old->rules->list[k];
        while (i < d->rules->n && strcmp(d->rules->list[i].info.id, was->info.id) < 0)
            i++;
        const struct tw_rule *is = i < d->rules->n ? &d->rules->list[i] : NULL;
        if (is == NULL || strcmp(is->info.id, was->info.id) != 0 || !remembers_alike(is, was)) {
            d->stats.window_evictions += memory_evictions(&old->memory[k]);
            continue;
        }
        const struct tw_rule_memory fresh = d->memory[i];
        d->memory[i] = old->memory[k];
        old->memory[k] = fresh;
        /* What is waited for speaks of the old rule and inventory, which go. */
        old->memory[k].absences = d->memory[i].absences;
        d->memory[i].absences = fresh.absences;
    }
}

/* They belong together: what is forgotten of the one is forgotten of the other. */
static void adopt_coverage(struct tw_detect *d, struct tw_detect *old)
{
    struct tw_table *coverage = d->coverage;
    struct tw_quiet *quiet = d->quiet;
    struct tw_near_coverage *near = d->near;
    d->coverage = old->coverage;
    d->quiet = old->quiet;
    d->near = old->near;
    old->coverage = coverage;
    old->quiet = quiet;
    old->near = near;
    tw_table_on_evict(old->coverage, coverage_lost, old->quiet);
    tw_quiet_forget(d->quiet);
}

void tw_detect_adopt(struct tw_detect *d, struct tw_detect *old)
{
    d->seed = old->seed;
    d->pulse = old->pulse;
    d->first_ns = old->first_ns;
    d->started = old->started;
    d->stats = old->stats;
    adopt_memory(d, old);
    adopt_coverage(d, old);
    /* Rules that have gone leave what they knew behind, to be forgotten in time. */
    if (d->recall != NULL && old->recall != NULL) {
        struct tw_recall *fresh = d->recall;
        d->recall = old->recall;
        old->recall = fresh;
    }
    tw_approvals_adopt(d->approvals, old->approvals);
    tw_changes_adopt(d->changes, old->changes);
    tw_lasts_adopt(d->lasts, old->lasts);
    tw_conduct_adopt(d->conduct, old->conduct);
    tw_heartbeats_adopt(d->heartbeats, old->heartbeats, d->registry);
    tw_acts_adopt(d->acts, old->acts, d->registry, d->registry == old->registry);
}

struct tw_detect_stats tw_detect_stats(const struct tw_detect *d)
{
    struct tw_detect_stats stats = d->stats;
    stats.state_evictions = tw_lasts_evictions(d->lasts) + tw_acts_evictions(d->acts) +
                            tw_conduct_evictions(d->conduct);
    stats.pattern_limits = tw_patterns_limits(d->rules->patterns);
    if (d->recall != NULL)
        stats.state_evictions += tw_recall_evictions(d->recall);
    for (size_t i = 0; i < d->rules->n; i++) {
        const struct tw_rule_memory *m = &d->memory[i];
        stats.window_evictions += memory_evictions(m);
        if (m->shadowed > 0 && stats.n_shadow < TW_SHADOW_SHOWN)
            stats.shadow[stats.n_shadow++] =
                (struct tw_shadow_count){d->rules->list[i].info.id, m->shadowed};
    }
    return stats;
}
