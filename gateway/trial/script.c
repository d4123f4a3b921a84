#include "trial/script.h"

#include <stdlib.h>

#include "base/timefmt.h"
#include "pipeline/pipeline.h"
#include "trial/made.h"

enum { MAX_REPEAT = 100000, MAX_CUES = 1000000, WATCHING_S = 3600, STEP_S = 1 };
static const char default_start[] = "2026-03-01T08:00:00Z";

/* When which event comes. */
struct cue {
    int64_t ts_ns;
    size_t order; /* as written: decides at the same time */
    uint64_t n;   /* repetition, from 1 */
    const struct tw_node *node;
};

struct script {
    struct tw_stage *stage;
    struct tw_analyst *analyst;
    const struct tw_node *test;
    struct cue *cues;
    size_t n, size;
    int64_t next_tick_ns;
    uint64_t packet;
};

/* Members of an event that say when it is. */
static const char *const timing[] = {"at", "after", "repeat", "every", NULL};

static int64_t duration(
    const struct script *s, const struct tw_node *map, const char *key, int64_t otherwise)
{
    int64_t ns = otherwise;
    const struct tw_node *n = tw_node_get(map, key);
    if (n != NULL)
        (void)tw_node_duration(s->stage->yaml, s->stage->diags, n, &ns);
    return ns;
}

static bool add_cue(struct script *s, const struct cue *cue)
{
    if (s->n == s->size) {
        const size_t size = s->size ? 2 * s->size : 64;
        struct cue *p = size <= 2 * MAX_CUES ? realloc(s->cues, size * sizeof(*p)) : NULL;
        if (p == NULL)
            return false;
        s->cues = p;
        s->size = size;
    }
    s->cues[s->n++] = *cue;
    return true;
}

/* `*at_ns` is when the event before was; where nothing is said, the next one is a second later. */
static bool add_event(struct script *s, const struct tw_node *node, int64_t *at_ns)
{
    int64_t repeat = 1;
    const struct tw_node *n = tw_node_get(node, "repeat");
    const int64_t every = duration(s, node, "every", STEP_S * TW_NS_PER_S);
    const int64_t next = *at_ns < 0 ? 0 : *at_ns + STEP_S * TW_NS_PER_S;
    const int64_t before = *at_ns < 0 ? 0 : *at_ns;
    if (n != NULL)
        (void)tw_node_int(s->stage->yaml, s->stage->diags, n, 1, MAX_REPEAT, &repeat);
    if (tw_node_get(node, "after") != NULL)
        *at_ns = before + duration(s, node, "after", 0);
    else
        *at_ns = duration(s, node, "at", next);
    for (int64_t i = 0; i < repeat; i++) {
        const struct cue cue = {
            s->stage->start_ns + *at_ns + i * every, s->n, (uint64_t)i + 1, node};
        if (!add_cue(s, &cue))
            return false;
    }
    *at_ns += (repeat - 1) * every;
    return true;
}

static int by_time(const void *a, const void *b)
{
    const struct cue *x = a, *y = b;
    if (x->ts_ns != y->ts_ns)
        return x->ts_ns < y->ts_ns ? -1 : 1;
    return x->order < y->order ? -1 : x->order > y->order;
}

static enum tw_status read_events(struct script *s)
{
    const struct tw_node *events = tw_node_get(s->test, "events");
    int64_t at_ns = -1;
    for (size_t i = 0; i < events->n; i++) {
        const struct tw_node *e = &events->children[i];
        if (e->kind != TW_NODE_MAP)
            tw_yaml_error(s->stage->yaml, s->stage->diags, e, false, NULL,
                "an event is a map of fields to values");
        else if (!add_event(s, e, &at_ns))
            return TW_NO_MEMORY;
    }
    if (s->n > 0)
        qsort(s->cues, s->n, sizeof(*s->cues), by_time);
    return TW_OK;
}

/* Seconds of event time pass, as they do between packets. */
static void advance(struct script *s, int64_t now_ns)
{
    for (; s->next_tick_ns <= now_ns; s->next_tick_ns += TW_TICK_NS)
        tw_analyst_tick(s->analyst, s->next_tick_ns);
}

static void on_event(void *user, const struct tw_event *event)
{
    struct script *s = user;
    tw_analyst_whole(s->analyst, event);
}

static bool play(struct script *s, const struct cue *cue)
{
    const struct tw_made_place place = {s->stage->yaml, s->stage->diags, &s->stage->blocks, cue->n};
    struct tw_made m;
    tw_made_init(&m, cue->ts_ns);
    bool ok = tw_made_write(&m, &place, tw_node_get(s->stage->yaml->root, "defaults"), timing);
    ok = tw_made_write(&m, &place, tw_node_get(s->test, "defaults"), timing) && ok;
    ok = tw_made_write(&m, &place, cue->node, timing) && ok;
    if (m.event.action == TW_ACTION_UNKNOWN && !m.event.encrypted) {
        tw_yaml_error(s->stage->yaml, s->stage->diags, cue->node, false, NULL,
            "an event needs an \"action\"");
        ok = false;
    }
    if (!ok)
        return false;
    advance(s, cue->ts_ns);
    tw_made_done(&m, ++s->packet);
    tw_made_emit(&m, &place, on_event, s);
    return true;
}

/* As a running gateway takes them over. Without memory for it nothing comes. */
static void change_indicators(struct script *s)
{
    struct tw_stage *stage = s->stage;
    struct tw_analyst_next *next =
        stage->later != NULL ? tw_analyst_next_new(s->analyst, stage->rules, stage->registry)
                             : NULL;
    if (next == NULL)
        return;
    tw_analyst_next_indicators(next, stage->later);
    tw_analyst_change(s->analyst, next);
    tw_analyst_next_free(next);
}

static enum tw_status play_all(struct script *s)
{
    const size_t errors = s->stage->diags->errors;
    const int64_t start_ns = s->stage->start_ns;
    s->next_tick_ns = (start_ns / TW_TICK_NS + 1) * TW_TICK_NS;
    tw_analyst_begin(
        s->analyst, start_ns - duration(s, s->test, "watching", WATCHING_S * TW_NS_PER_S));
    /* What is wrong with an event is wrong with its repetitions. */
    const struct tw_node *bad = NULL;
    for (size_t i = 0; i < s->n; i++) {
        if (s->cues[i].node != bad && !play(s, &s->cues[i]))
            bad = s->cues[i].node;
    }
    if (tw_node_get(s->test, "until") != NULL)
        advance(s, start_ns + duration(s, s->test, "until", 0));
    change_indicators(s);
    tw_analyst_finish(s->analyst);
    return s->stage->diags->errors == errors ? TW_OK : TW_INVALID;
}

enum tw_status tw_script_play(
    struct tw_stage *stage, struct tw_analyst *analyst, const struct tw_node *test)
{
    struct script s = {.stage = stage, .analyst = analyst, .test = test};
    const struct tw_node *start = tw_node_get(test, "start");
    if (!tw_time_parse(start != NULL ? start->text : tw_str_of(default_start), &stage->start_ns))
        return TW_INVALID;
    enum tw_status st = read_events(&s);
    if (st == TW_OK)
        st = play_all(&s);
    free(s.cues);
    return st;
}
