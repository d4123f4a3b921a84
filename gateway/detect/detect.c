#include "detect/detect.h"

#include <math.h>
#include <stdlib.h>

#include "base/timefmt.h"
#include "detect/absence.h"
#include "detect/acts.h"
#include "detect/conduct.h"
#include "detect/filter.h"
#include "detect/quiet.h"
#include "detect/rule.h"
#include "detect/sequence.h"
#include "detect/state.h"
#include "detect/tally.h"
#include "detect/window.h"

enum {
    MAX_ACTORS = 16384, /* whose coverage is counted */
    NEAR = 2048,
    NEAR_ID = 48
};

/* What a rule remembers; NULL where it does not. */
struct memory {
    struct tw_windows *windows;
    struct tw_tallies *tallies;
    struct tw_sprts *sprts;
    struct tw_holds *holds;
    struct tw_sequences *sequences;
    struct tw_absences *absences;
    uint64_t shadowed;
};

struct coverage {
    uint64_t events, unread;
};

/* The way to the coverage of actors of the inventory without making a key, as long as none was
 * evicted. */
struct near {
    struct coverage *coverage;
    uint16_t len; /* 0: free */
    char id[NEAR_ID];
};

/* Events of one message differ in a few fields only. Rules that failed on the others are not asked
 * again before the next message. */
struct message {
    uint64_t flow, packet, serial, session;
    enum tw_action action;
    bool known;
    struct coverage *coverage; /* of its actor */
    /* By what sort of value its leaves have: was looked at, and no rule can match such a leaf. */
    uint32_t leaves_seen, leaves_dull;
    uint32_t number;
    uint32_t *done; /* by rule: number of the last message that it need not be asked about again */
};

struct tw_detect {
    const struct tw_rules *rules;
    tw_finding_fn fn;
    void *user;
    struct tw_seed seed;
    struct memory *memory;
    size_t n_absences; /* rules that wait for something */
    struct tw_filter *filter;
    struct tw_quiet *quiet;
    const struct tw_registry *registry;
    struct tw_approvals *approvals;
    struct tw_changes *changes;
    struct tw_lasts *lasts;
    struct tw_conduct *conduct;
    struct tw_heartbeats *heartbeats;
    struct tw_recall *recall; /* NULL: no rule remembers by itself */
    struct tw_acts *acts;
    struct tw_pulse pulse;
    struct tw_by actor; /* the field by which coverage is counted */
    struct tw_table *coverage;
    struct near *near;
    struct message message;
    struct tw_text key, summary, expected;
    int64_t first_ns;
    bool started;
    struct tw_detect_stats stats;
};

static bool memory_init(const struct tw_rule *rule, struct memory *m)
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

static void memory_fini(struct memory *m)
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
        tw_table_new(sizeof(struct tw_text_key), sizeof(struct coverage), MAX_ACTORS, d->seed);
    d->near = calloc(NEAR, sizeof(*d->near));
    if (d->memory == NULL || d->near == NULL || d->message.done == NULL || d->filter == NULL ||
        d->quiet == NULL || d->approvals == NULL || d->changes == NULL || d->lasts == NULL ||
        d->conduct == NULL || d->heartbeats == NULL || d->acts == NULL || d->coverage == NULL)
        return false;
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

static uint64_t memory_evictions(const struct memory *m)
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
        const struct memory fresh = d->memory[i];
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
    struct near *near = d->near;
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
    tw_acts_adopt(d->acts, old->acts, d->registry);
}

static struct tw_text_key key_of(
    struct tw_detect *d, const struct tw_by *by, const struct tw_scene *scene)
{
    return tw_by_key(&d->key, d->seed, by, scene);
}

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

static double floor_for(const struct tw_floors *floors, const struct tw_actor_facts *actor)
{
    if (actor->kind == TW_ACTOR_UNREGISTERED)
        return floors->unregistered;
    return actor->kind == TW_ACTOR_ASSET ? floors->asset : floors->tier[actor->tier];
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

static unsigned readable(struct tw_detect *d, const struct tw_scene *scene)
{
    struct tw_text_key key = key_of(d, &d->actor, scene);
    const struct coverage *c = tw_table_peek(d->coverage, &key);
    return c == NULL || c->events == 0 ? 100
                                       : (unsigned)(100 * (c->events - c->unread) / c->events);
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

/* What a rule saw in one event, before it is told. */
struct match {
    double strength, count;
    struct tw_proof proof;
};

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
static void observe(const struct tw_rule *rule, const struct tw_scene *scene, const struct match *m,
    struct tw_field_value *out)
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
static void give(void *detect, const struct tw_finding *f)
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

static void tell(struct tw_detect *d, size_t i, const struct tw_scene *scene, const struct match *m)
{
    const struct tw_rule *rule = &d->rules->list[i];
    struct tw_absences *absences = d->memory[i].absences;
    struct tw_field_value observed = {.present = false};
    struct tw_text_key waited_for = {0};
    if (absences != NULL)
        waited_for = key_of(d, &rule->absence.by, scene);
    struct tw_finding f = {
        .rule = &rule->info,
        .event = scene->event,
        .facts = scene->facts,
        .ts_ns = scene->event->ts_ns,
        .window_ns = rule->suppress_ns,
        .strength = m->strength,
        .n_packets = m->proof.n,
        .window_count = m->count,
        .readable_percent = readable(d, scene),
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
    give(d, &f);
}

static uint64_t hash_of_field(
    struct tw_detect *d, const struct tw_field *f, const struct tw_scene *scene)
{
    const struct tw_by by = {{f}, 1};
    struct tw_str text = tw_by_text(&d->key, "", &by, scene);
    return tw_hash(d->seed, text.p, text.len);
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
    struct tw_detect *d, size_t i, const struct tw_scene *scene, struct match *out)
{
    const struct tw_window_spec *w = &d->rules->list[i].window;
    const struct tw_event *e = scene->event;
    const struct memory *m = &d->memory[i];
    const bool distinct = w->kind == TW_WINDOW_DISTINCT;
    double amount;
    uint64_t hash = distinct ? hash_of_field(d, w->field, scene) : 0;
    struct tw_text_key key = key_of(d, &w->by, scene);
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
    struct tw_detect *d, size_t i, const struct tw_scene *scene, struct match *out)
{
    const struct tw_sequence_spec *s = &d->rules->list[i].sequence;
    const struct tw_event *e = scene->event;
    uint32_t steps = 0;
    for (size_t k = 0; k < s->n; k++) {
        if ((s->steps[k].actions >> e->action & 1u) != 0 && tw_program_run(&s->steps[k], scene))
            steps |= 1u << k;
    }
    return steps != 0 && tw_sequences_add(d->memory[i].sequences, key_of(d, &s->by, scene), steps,
                             e->ts_ns, e->packet, &out->proof);
}

static bool enough(struct tw_detect *d, size_t i, const struct tw_scene *scene, struct match *out)
{
    const struct tw_rule *rule = &d->rules->list[i];
    const struct tw_event *e = scene->event;
    struct memory *memory = &d->memory[i];
    *out = (struct match){.strength = 1, .count = 1};
    if (rule->window.over_ns != 0)
        return window_enough(d, i, scene, out);
    if (memory->sequences != NULL)
        return sequence_done(d, i, scene, out);
    if (memory->sprts != NULL) {
        struct tw_text_key key = key_of(d, &rule->sprt.by, scene);
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
        tw_absences_end(d->memory[i].absences, key_of(d, &a->by, scene));
}

static bool held(struct tw_detect *d, size_t i, const struct tw_scene *scene)
{
    const struct tw_rule *rule = &d->rules->list[i];
    struct tw_holds *holds = d->memory[i].holds;
    if (holds == NULL)
        return false;
    struct tw_text_key key = key_of(d, &rule->hold.by, scene);
    if ((rule->hold.when.actions >> scene->event->action & 1u) != 0 &&
        tw_program_run(&rule->hold.when, scene))
        tw_holds_start(holds, key, scene->event->ts_ns);
    return tw_holds_active(holds, key, scene->event->ts_ns);
}

/* False when no other event of the same message can match it either. */
static bool evaluate(struct tw_detect *d, size_t i, const struct tw_scene *scene)
{
    const struct tw_rule *rule = &d->rules->list[i];
    struct match match;
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
    if (!tw_program_run_shared(&rule->when, scene, &at, &shared))
        return holds || !shared;
    if (!excused(d, rule, scene) && enough(d, i, scene, &match))
        tell(d, i, scene, &match);
    return true;
}

/* Of the message that the last event was of? Events that no message carries are each by themselves.
 */
static bool is_same_message(struct message *m, const struct tw_event *e)
{
    uint64_t serial = e->mqtt != NULL ? e->mqtt->serial : 0;
    uint64_t session = e->opcua != NULL ? e->opcua->auth_token : 0;
    if (m->known && m->flow == e->flow && m->packet == e->packet && m->serial == serial &&
        m->session == session && m->action == e->action)
        return true;
    m->known = serial != 0 || session != 0;
    m->leaves_seen = m->leaves_dull = 0;
    m->flow = e->flow;
    m->packet = e->packet;
    m->serial = serial;
    m->session = session;
    m->action = e->action;
    return false;
}

/* How many rules there were to ask. */
static size_t ask_rules(struct tw_detect *d, const struct tw_scene *scene, bool again)
{
    struct message *m = &d->message;
    size_t n;
    const uint16_t *list = tw_filter_rules(d->filter, scene, &n);
    if (!again && ++m->number == 0) {
        memset(m->done, 0, d->rules->n * sizeof(*m->done));
        m->number = 1;
    }
    for (size_t i = 0; i < n; i++) {
        uint16_t rule = list[i];
        if (m->done[rule] != m->number && !evaluate(d, rule, scene))
            m->done[rule] = m->number;
    }
    return n;
}

static struct coverage *coverage_of(struct tw_detect *d, const struct tw_scene *scene)
{
    const struct tw_str id = scene->facts->actor.id;
    struct near *n = NULL;
    if (id.p != NULL && id.len > 0 && id.len <= NEAR_ID && tw_table_evictions(d->coverage) == 0) {
        uint64_t h = id.len;
        for (size_t i = 0; i < id.len; i++)
            h = h * 31 + (unsigned char)id.p[i];
        n = &d->near[(h * 0x9e3779b97f4a7c15u >> 32) % NEAR];
        if (n->len == id.len && memcmp(n->id, id.p, id.len) == 0)
            return n->coverage;
    }
    const struct tw_text_key key = key_of(d, &d->actor, scene);
    struct coverage *c = tw_table_put(d->coverage, &key, NULL);
    if (n != NULL) {
        n->coverage = c;
        n->len = (uint16_t)id.len;
        memcpy(n->id, id.p, id.len);
    }
    return c;
}

/* An event counts as unread when its body was encrypted, bytes of it were lost, or nobody could say
 * whether it was approved. */
static void note_coverage(struct tw_detect *d, const struct tw_scene *scene, bool again)
{
    const struct tw_event *e = scene->event;
    if (!again)
        d->message.coverage = coverage_of(d, scene);
    struct coverage *c = d->message.coverage;
    c->events++;
    c->unread += e->encrypted || e->action == TW_ACTION_GAP ||
                 scene->facts->approval.state == TW_APPROVAL_UNKNOWN;
}

static struct tw_quiet_mark mark_of(struct tw_detect *d, const struct tw_event *event)
{
    return (struct tw_quiet_mark){.changes = tw_changes_epoch(d->changes, event->ts_ns),
        .learned = tw_registry_learned(d->registry),
        .acts = tw_acts_epoch(d->acts)};
}

/* Agents are followed in more ways than rules say. */
static bool is_followed(const struct tw_facts *f)
{
    return f->actor.kind != TW_ACTOR_ASSET || f->actor.ai != 0 || f->target.ai != 0;
}

/* What is told is told by the server, to whom it is of no matter; for the rest, who acts is. */
static bool may_be_quiet(const struct tw_event *event, const struct tw_facts *f)
{
    if (event->action == TW_ACTION_NOTIFY)
        return true;
    return !is_followed(f) && !f->is_order && f->variable.label < TW_LABEL_PROMPT;
}

void tw_detect_event(struct tw_detect *d, const struct tw_event *event, struct tw_facts *facts)
{
    const struct tw_scene scene = {event, facts};
    tw_quiet_end(d->quiet);
    if (!d->started)
        d->first_ns = event->ts_ns;
    d->started = true;
    d->stats.events++;
    if (facts->watching_ns == 0)
        facts->watching_ns = event->ts_ns - d->first_ns;
    tw_pulse_event(&d->pulse, event->ts_ns);
    tw_approvals_event(d->approvals, event, facts);
    tw_changes_event(d->changes, event, facts);
    tw_reports_event(d->changes, event, facts);
    tw_heartbeats_event(d->heartbeats, event, facts);
    const bool lasts = tw_lasts_event(d->lasts, event, facts),
               acts = tw_acts_event(d->acts, event, facts),
               conduct = tw_conduct_event(d->conduct, event, facts);
    bool again = is_same_message(&d->message, event);
    note_coverage(d, &scene, again);
    if (ask_rules(d, &scene, again) == 0 && !lasts && !acts && !conduct &&
        may_be_quiet(event, facts)) {
        const struct tw_quiet_mark mark = mark_of(d, event);
        tw_quiet_note(d->quiet, event, event->facts, &mark, d->message.coverage);
    }
}

bool tw_detect_pass(
    struct tw_detect *d, const struct tw_event *event, const struct tw_session_facts *facts)
{
    if (!tw_quiet_is_begun(d->quiet, facts)) {
        const struct tw_quiet_mark mark = mark_of(d, event);
        tw_quiet_begin(d->quiet, event, facts, &mark);
    }
    struct coverage *coverage = tw_quiet_find(d->quiet, event, facts);
    if (coverage == NULL)
        return false;
    d->stats.events++;
    coverage->events++;
    tw_pulse_event(&d->pulse, event->ts_ns);
    return true;
}

bool tw_detect_is_quiet(struct tw_detect *d, const struct tw_event *event)
{
    if (event->facts == NULL || event->facts->note == NULL)
        return false;
    const struct tw_quiet_mark mark = mark_of(d, event);
    struct coverage *coverage = tw_quiet_find_whole(d->quiet, event, &mark);
    if (coverage == NULL)
        return false;
    tw_quiet_end(d->quiet);
    d->stats.events++;
    coverage->events++;
    tw_pulse_event(&d->pulse, event->ts_ns);
    return true;
}

static void look_at_leaf(struct tw_detect *d, const struct tw_event *leaf,
    const struct tw_session_facts *session, struct tw_facts *facts, uint32_t sort)
{
    struct tw_event event = *leaf;
    const struct tw_scene scene = {&event, facts};
    size_t n;
    event.facts = session;
    (void)tw_filter_rules(d->filter, &scene, &n);
    d->message.leaves_seen |= sort;
    if (n == 0 && !is_followed(facts))
        d->message.leaves_dull |= sort;
}

bool tw_detect_pass_leaf(struct tw_detect *d, const struct tw_event *leaf,
    const struct tw_session_facts *session, struct tw_facts *facts)
{
    struct message *m = &d->message;
    const uint32_t sort = 1u << tw_like_value(&leaf->value);
    if (!m->known || m->flow != leaf->flow || m->serial != leaf->mqtt->serial ||
        m->action != leaf->action)
        return false;
    if ((m->leaves_seen & sort) == 0)
        look_at_leaf(d, leaf, session, facts, sort);
    if ((m->leaves_dull & sort) == 0)
        return false;
    d->stats.events++;
    m->coverage->events++;
    return true;
}

static void on_silence(void *user, const struct tw_event *event, struct tw_facts *facts)
{
    struct tw_detect *d = user;
    const struct tw_scene scene = {event, facts};
    facts->watching_ns = event->ts_ns - d->first_ns;
    bool again = is_same_message(&d->message, event);
    (void)ask_rules(d, &scene, again);
}

void tw_detect_tick(struct tw_detect *d, int64_t now_ns)
{
    tw_quiet_end(d->quiet);
    tw_approvals_flush(d->approvals, now_ns);
    tw_changes_flush(d->changes, now_ns);
    tw_heartbeats_tick(d->heartbeats, now_ns, on_silence, d);
    tw_acts_tick(d->acts, now_ns, on_silence, d);
    for (size_t i = 0; d->n_absences > 0 && i < d->rules->n; i++) {
        if (d->memory[i].absences != NULL)
            tw_absences_tick(d->memory[i].absences, &d->pulse, now_ns, give, d);
    }
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
        const struct memory *m = &d->memory[i];
        stats.window_evictions += memory_evictions(m);
        if (m->shadowed > 0 && stats.n_shadow < TW_SHADOW_SHOWN)
            stats.shadow[stats.n_shadow++] =
                (struct tw_shadow_count){d->rules->list[i].info.id, m->shadowed};
    }
    return stats;
}
