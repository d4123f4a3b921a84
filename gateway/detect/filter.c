#include "detect/filter.h"

#include <stdlib.h>

enum {
    SLOTS = 4096,
    MAX_USED = SLOTS / 2,
    ROOM = 65536,      /* rules of all lists together */
    JUMP_ROOM = 65536, /* and what is left to ask of them */
};

struct slot {
    tw_like like; /* 0: free */
    uint32_t first;
    uint16_t n;
};

struct tw_filter {
    const struct tw_rules *rules;
    size_t n_used, n_room, room;
    size_t n_jumps, jump_room, most_jumps; /* most: of all rules together */
    struct tw_left *lists;
    struct tw_rest_jump *jumps;
    struct slot slots[SLOTS];
};

struct tw_filter *tw_filter_new(const struct tw_rules *rules)
{
    struct tw_filter *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return NULL;
    f->rules = rules;
    f->room = ROOM + rules->n;
    for (size_t i = 0; i < rules->n; i++)
        f->most_jumps += rules->list[i].when.n;
    f->jump_room = JUMP_ROOM + f->most_jumps;
    /* Zero already, so that pages nobody needs are never touched. */
    f->lists = calloc(f->room, sizeof(*f->lists));
    f->jumps = calloc(f->jump_room, sizeof(*f->jumps));
    if (f->lists != NULL && f->jumps != NULL)
        return f;
    tw_filter_free(f);
    return NULL;
}

void tw_filter_free(struct tw_filter *f)
{
    if (f == NULL)
        return;
    free(f->lists);
    free(f->jumps);
    free(f);
}

bool tw_rule_concerns(const struct tw_rule *rule, const struct tw_actor_facts *actor)
{
    if (actor->kind == TW_ACTOR_ASSET)
        return rule->for_assets;
    if (!rule->has_tiers)
        return true;
    bool tiered = actor->kind == TW_ACTOR_AI_SYSTEM && actor->tier != TW_TIER_NONE;
    return rule->tiers[tiered ? actor->tier : TW_TIER_T3];
}

static bool can_be_step(const struct tw_rule *rule, const struct tw_scene *scene, tw_like like)
{
    for (size_t i = 0; i < rule->sequence.n; i++) {
        if (tw_program_can_hold(&rule->sequence.steps[i], scene, like))
            return true;
    }
    return rule->sequence.n == 0;
}

static bool can_be(const struct tw_program *p, const struct tw_scene *scene, tw_like like)
{
    return (p->actions >> scene->event->action & 1u) != 0 && tw_program_can_hold(p, scene, like);
}

static bool can_match(const struct tw_rule *rule, const struct tw_scene *scene, tw_like like)
{
    /* What holds a rule back may come from anybody. */
    if (rule->hold.for_ns != 0 && can_be(&rule->hold.when, scene, like))
        return true;
    /* What was waited for may come from anybody. */
    if (rule->absence.within_ns != 0 && tw_program_can_hold(&rule->absence.of, scene, like))
        return true;
    return tw_rule_concerns(rule, &scene->facts->actor) &&
           tw_program_can_hold(&rule->when, scene, like) && can_be_step(rule, scene, like);
}

bool tw_rule_can_match(const struct tw_rule *rule, const struct tw_scene *scene)
{
    return can_match(rule, scene, tw_like_of(scene));
}

static void fill(struct tw_filter *f, const struct tw_scene *scene, struct slot *s)
{
    const enum tw_action action = scene->event->action;
    const uint16_t *all = f->rules->by_action[action];
    for (size_t i = 0; i < f->rules->n_by_action[action]; i++) {
        const struct tw_rule *rule = &f->rules->list[all[i]];
        if (!can_match(rule, scene, s->like))
            continue;
        struct tw_left *left = &f->lists[s->first + s->n++];
        left->rule = all[i];
        f->n_jumps +=
            tw_program_rest(&rule->when, scene, s->like, f->jumps + f->n_jumps, &left->when);
    }
    f->n_room += s->n;
}

/* When there are too many kinds of events, those that come again are worked out again. */
static void make_room(struct tw_filter *f)
{
    if (f->n_used < MAX_USED && f->n_room + f->rules->n <= f->room &&
        f->n_jumps + f->most_jumps <= f->jump_room)
        return;
    memset(f->slots, 0, sizeof(f->slots));
    f->n_used = f->n_room = f->n_jumps = 0;
}

static size_t slot_of(tw_like like)
{
    const uint64_t mixed = (uint64_t)(like >> 64) * 0xff51afd7ed558ccdu ^ (uint64_t)like;
    return (mixed * 0x9e3779b97f4a7c15u) >> 52;
}

/* Where the likes of it are, or have to go. */
static size_t find(const struct tw_filter *f, tw_like like)
{
    size_t at = slot_of(like);
    while (f->slots[at].like != 0 && f->slots[at].like != like)
        at = (at + 1) % SLOTS;
    return at;
}

const struct tw_left *tw_filter_known(const struct tw_filter *f, tw_like like, size_t *out_n)
{
    const struct slot *s = &f->slots[find(f, like)];
    if (s->like == 0)
        return NULL;
    *out_n = s->n;
    return f->lists + s->first;
}

const struct tw_left *tw_filter_rules_of(
    struct tw_filter *f, tw_like like, const struct tw_scene *scene, size_t *out_n)
{
    const struct tw_left *known = tw_filter_known(f, like, out_n);
    if (known != NULL)
        return known;
    make_room(f);
    struct slot *s = &f->slots[find(f, like)];
    *s = (struct slot){.like = like, .first = (uint32_t)f->n_room};
    f->n_used++;
    fill(f, scene, s);
    *out_n = s->n;
    return f->lists + s->first;
}

const struct tw_left *tw_filter_rules(
    struct tw_filter *f, const struct tw_scene *scene, size_t *out_n)
{
    return tw_filter_rules_of(f, tw_like_of(scene), scene, out_n);
}
