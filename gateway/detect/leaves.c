/* Leaves of a message that nothing is declared about, and whose sender is not followed: nothing is
 * learned from such a leaf, and what rules may ask of it is what they may ask of the message, but
 * for its name and value. Most are of a sort that no rule can match. */

#include <stddef.h>

#include "detect/engine.h"

/* The facts of the message, or of another leaf, become those of a plain leaf: who acts, and the
 * right to the topic. */
static void make_plain(struct tw_detect *d, struct tw_facts *facts)
{
    const struct tw_grant_facts grant = facts->grant;
    const int64_t watching_ns = facts->watching_ns, clock_ahead_ns = facts->clock_ahead_ns;
    if (d->message.plain)
        return;
    memset(&facts->variable, 0, sizeof(*facts) - offsetof(struct tw_facts, variable));
    facts->grant = grant;
    facts->watching_ns = watching_ns;
    facts->clock_ahead_ns = clock_ahead_ns;
    d->message.plain = true;
}

/* Rules that ask about nothing but the value do so of the leaf as it is. */
static bool none_by_value(
    const struct tw_detect *d, const struct tw_left *list, size_t n, const struct tw_scene *scene)
{
    static const struct tw_recall_at nothing;
    bool shared;
    for (size_t i = 0; i < n; i++) {
        const struct tw_rule_memory *memory = &d->memory[list[i].rule];
        if (!list[i].when.of_value || memory->holds != NULL || memory->absences != NULL ||
            d->message.done[list[i].rule] == d->message.number ||
            tw_rest_run(&list[i].when, scene, &nothing, &shared) || shared)
            return false;
    }
    return true;
}

static void ask(struct tw_detect *d, const struct tw_event *leaf,
    const struct tw_session_facts *session, struct tw_facts *facts)
{
    const tw_like like = tw_like_of_leaf(d->message.like, leaf);
    const struct tw_scene bare = {leaf, facts};
    size_t n;
    const struct tw_left *list = tw_filter_known(d->filter, like, &n);
    if (list != NULL && none_by_value(d, list, n, &bare)) {
        d->stats.evaluated += n;
        return;
    }
    struct tw_event event = *leaf;
    const struct tw_scene scene = {&event, facts};
    event.facts = session;
    make_plain(d, facts);
    list = tw_filter_rules_of(d->filter, like, &scene, &n);
    tw_detect_ask(d, &scene, list, n);
}

/* Can any rule match leaves of this sort? */
static void look_at_sort(struct tw_detect *d, const struct tw_event *leaf,
    const struct tw_session_facts *session, struct tw_facts *facts, uint32_t sort)
{
    struct tw_last_message *m = &d->message;
    size_t n;
    m->leaves_seen |= sort;
    if (m->followed)
        return;
    if (tw_filter_known(d->filter, tw_like_of_leaf(m->like, leaf), &n) == NULL) {
        struct tw_event event = *leaf;
        const struct tw_scene scene = {&event, facts};
        event.facts = session;
        make_plain(d, facts);
        (void)tw_filter_rules_of(d->filter, tw_like_of_leaf(m->like, leaf), &scene, &n);
    }
    if (n == 0)
        m->leaves_dull |= sort;
    else
        m->leaves_asked |= sort;
}

bool tw_detect_passes_leaves(const struct tw_detect *d, const struct tw_event *message)
{
    const struct tw_last_message *m = &d->message;
    return m->known && message->mqtt != NULL && m->flow == message->flow &&
           m->serial == message->mqtt->serial && m->action == message->action && !m->followed;
}

bool tw_detect_pass_leaf(struct tw_detect *d, const struct tw_event *leaf,
    const struct tw_session_facts *session, struct tw_facts *facts)
{
    struct tw_last_message *m = &d->message;
    const uint32_t sort = 1u << tw_like_value(&leaf->value);
    if ((m->leaves_seen & sort) == 0)
        look_at_sort(d, leaf, session, facts, sort);
    if (((m->leaves_dull | m->leaves_asked) & sort) == 0)
        return false;
    if (leaf->alike > 0 && ((m->leaves_asked & sort) != 0 || m->declared))
        return false;
    d->stats.events += 1 + leaf->alike;
    m->coverage->events += 1 + leaf->alike;
    if ((m->leaves_asked & sort) != 0 || m->declared) {
        m->coverage->unread += leaf->encrypted;
        tw_pulse_event(&d->pulse, leaf->ts_ns);
    }
    if ((m->leaves_asked & sort) != 0)
        ask(d, leaf, session, facts);
    return true;
}
