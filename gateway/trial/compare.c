#include "trial/compare.h"

#include <stdlib.h>

static int order(const void *a, const void *b)
{
    const struct tw_trial_alert *x = *(const struct tw_trial_alert *const *)a;
    const struct tw_trial_alert *y = *(const struct tw_trial_alert *const *)b;
    if (x->ts_ns != y->ts_ns)
        return x->ts_ns < y->ts_ns ? -1 : 1;
    int by = strcmp(x->rule, y->rule);
    if (by == 0)
        by = strcmp(x->actor, y->actor);
    return by != 0 ? by : strcmp(x->target, y->target);
}

static const struct tw_trial_alert **sorted(const struct tw_gathered *g)
{
    const struct tw_trial_alert **list = calloc(g->n + 1, sizeof(*list));
    for (size_t i = 0; list != NULL && i < g->n; i++)
        list[i] = &g->list[i];
    if (list != NULL && g->n > 1)
        qsort(list, g->n, sizeof(*list), order);
    return list;
}

static bool is_same(const struct tw_trial_alert *a, const struct tw_trial_alert *b)
{
    return a->severity == b->severity && a->score == b->score && a->tier == b->tier &&
           a->count == b->count && strcmp(a->summary, b->summary) == 0;
}

/* Both lists in one pass, as they are in order. */
static void merge(struct tw_comparison *c, const struct tw_trial_alert **before,
    const struct tw_trial_alert **after)
{
    size_t i = 0, k = 0;
    while (i < c->before.n || k < c->after.n) {
        const int by = i == c->before.n ? 1 : k == c->after.n ? -1 : order(&before[i], &after[k]);
        if (by == 0 && is_same(before[i], after[k])) {
            c->same++;
        } else {
            const enum tw_change_kind kind = by < 0   ? TW_CHANGE_GONE
                                             : by > 0 ? TW_CHANGE_ADDED
                                                      : TW_CHANGE_CHANGED;
            c->changes[c->n++] =
                (struct tw_change){kind, by <= 0 ? before[i] : NULL, by >= 0 ? after[k] : NULL};
        }
        i += by <= 0;
        k += by >= 0;
    }
}

enum tw_status tw_compare(struct tw_comparison *c)
{
    const struct tw_trial_alert **before = sorted(&c->before), **after = sorted(&c->after);
    c->changes = calloc(c->before.n + c->after.n + 1, sizeof(*c->changes));
    const bool ok = before != NULL && after != NULL && c->changes != NULL && !c->before.failed &&
                    !c->after.failed && !c->before.blocks.failed && !c->after.blocks.failed;
    if (ok)
        merge(c, before, after);
    free(before);
    free(after);
    return ok ? TW_OK : TW_NO_MEMORY;
}

void tw_comparison_fini(struct tw_comparison *c)
{
    tw_gathered_fini(&c->before);
    tw_gathered_fini(&c->after);
    free(c->changes);
    *c = (struct tw_comparison){.n = 0};
}
