/* Patterns that stand for many names and for nothing else that was seen. */

#include <stdlib.h>

#include "base/topic.h"
#include "learn/model.h"

static int order(const void *a, const void *b)
{
    return tw_str_cmp(*(const struct tw_str *)a, *(const struct tw_str *)b);
}

size_t learn_sort(struct tw_str *list, size_t n)
{
    size_t left = 0;
    if (n > 1)
        qsort(list, n, sizeof(*list), order);
    for (size_t i = 0; i < n; i++) {
        if (left == 0 || !tw_str_eq(list[left - 1], list[i]))
            list[left++] = list[i];
    }
    return left;
}

/* The first of a sorted list that is not before `text`. */
static size_t lower_bound(const struct tw_str *list, size_t n, struct tw_str text)
{
    size_t from = 0, to = n;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (tw_str_cmp(list[middle], text) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

/* How many of a sorted list begin with `prefix`: they stand together. */
static size_t count_prefix(const struct tw_str *list, size_t n, struct tw_str prefix)
{
    const size_t first = lower_bound(list, n, prefix);
    size_t from = first, to = n;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (tw_str_starts(list[middle], prefix))
            from = middle + 1;
        else
            to = middle;
    }
    return from - first;
}

static bool contains(const struct tw_str *list, size_t n, struct tw_str text)
{
    const size_t at = lower_bound(list, n, text);
    return at < n && tw_str_eq(list[at], text);
}

static struct tw_str with_end(struct tw_arena *a, struct tw_str prefix, char end)
{
    char *p = tw_arena_alloc(a, prefix.len + 1);
    if (p == NULL)
        return TW_STR_NONE;
    memcpy(p, prefix.p, prefix.len);
    p[prefix.len] = end;
    return (struct tw_str){p, prefix.len + 1};
}

/* ---- NodeIds */

/* Where the text of a string identifier begins; 0: it is of another kind. */
static size_t text_from(struct tw_str node)
{
    if (tw_str_starts(node, TW_STR("s=")))
        return 2;
    const char *semicolon = node.len > 0 ? memchr(node.p, ';', node.len) : NULL;
    const size_t at = semicolon != NULL ? (size_t)(semicolon - node.p) + 1 : node.len;
    return at + 2 < node.len && node.p[at] == 's' && node.p[at + 1] == '=' ? at + 2 : 0;
}

static bool is_plain(struct tw_str prefix)
{
    return memchr(prefix.p, '*', prefix.len) == NULL && memchr(prefix.p, '?', prefix.len) == NULL;
}

/* The shortest prefix of list[i], up to a separator, that `least` or more names have and nothing
 * else that was seen; absent: none. */
static struct tw_str node_prefix(
    const struct tw_str *mine, size_t n, const struct tw_str *all, size_t n_all, size_t i)
{
    enum { LEAST = 3 };
    static const char separators[] = "./|:";
    const struct tw_str node = mine[i];
    const size_t from = text_from(node);
    for (size_t k = from + 1; from > 0 && k < node.len; k++) {
        const struct tw_str prefix = {node.p, k + 1};
        if (memchr(separators, node.p[k], sizeof(separators) - 1) == NULL || !is_plain(prefix))
            continue;
        const size_t count = count_prefix(mine, n, prefix);
        if (count >= LEAST && count == count_prefix(all, n_all, prefix))
            return prefix;
    }
    return TW_STR_NONE;
}

size_t learn_globs(struct tw_arena *a, const struct tw_str *mine, size_t n,
    const struct tw_str *all, size_t n_all, struct tw_str *out)
{
    size_t n_out = 0;
    for (size_t i = 0; i < n;) {
        const struct tw_str prefix = node_prefix(mine, n, all, n_all, i);
        const struct tw_str glob = prefix.p != NULL ? with_end(a, prefix, '*') : TW_STR_NONE;
        out[n_out++] = glob.p != NULL ? glob : mine[i];
        i += glob.p != NULL ? count_prefix(mine, n, prefix) : 1;
    }
    return n_out;
}

/* ---- topics */

/* `topic` with "+" for one of its levels; absent when it has no such level, or one that says what
 * kind of topic it is ("$SYS"). */
static struct tw_str with_plus(struct tw_arena *a, struct tw_str topic, unsigned level)
{
    size_t from = 0;
    for (unsigned i = 0; i < level; i++) {
        const char *slash = memchr(topic.p + from, '/', topic.len - from);
        if (slash == NULL)
            return TW_STR_NONE;
        from = (size_t)(slash - topic.p) + 1;
    }
    const char *slash = memchr(topic.p + from, '/', topic.len - from);
    const size_t to = slash != NULL ? (size_t)(slash - topic.p) : topic.len;
    if (level == 0 || topic.p[0] == '$' || to == from)
        return TW_STR_NONE;
    char *p = tw_arena_alloc(a, topic.len - (to - from) + 1);
    if (p == NULL)
        return TW_STR_NONE;
    memcpy(p, topic.p, from);
    p[from] = '+';
    memcpy(p + from + 1, topic.p + to, topic.len - to);
    return (struct tw_str){p, topic.len - (to - from) + 1};
}

struct spread { /* a topic, and what it is with "+" in one level */
    struct tw_str topic, filter;
};

static int by_filter(const void *a, const void *b)
{
    const struct spread *x = a, *y = b;
    const int c = tw_str_cmp(x->filter, y->filter);
    return c != 0 ? c : tw_str_cmp(x->topic, y->topic);
}

/* Sorted, those without such a level left out. */
static size_t spread_all(
    struct tw_arena *a, const struct tw_str *list, size_t n, unsigned level, struct spread *out)
{
    size_t n_out = 0;
    for (size_t i = 0; i < n; i++) {
        const struct tw_str filter =
            tw_topic_has_wildcard(list[i]) ? TW_STR_NONE : with_plus(a, list[i], level);
        if (filter.p != NULL)
            out[n_out++] = (struct spread){list[i], filter};
    }
    if (n_out > 1)
        qsort(out, n_out, sizeof(*out), by_filter);
    return n_out;
}

static size_t run_of(const struct spread *list, size_t n, size_t from)
{
    size_t i = from;
    while (i < n && tw_str_eq(list[i].filter, list[from].filter))
        i++;
    return i - from;
}

static size_t count_filter(const struct spread *all, size_t n, struct tw_str filter)
{
    size_t from = 0, to = n;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (tw_str_cmp(all[middle].filter, filter) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from < n && tw_str_eq(all[from].filter, filter) ? run_of(all, n, from) : 0;
}

static size_t drop(struct tw_str *list, size_t n, const struct spread *run, size_t n_run)
{
    size_t left = 0;
    for (size_t i = 0, k = 0; i < n; i++) {
        while (k < n_run && tw_str_cmp(run[k].topic, list[i]) < 0)
            k++;
        if (k == n_run || !tw_str_eq(run[k].topic, list[i]))
            list[left++] = list[i];
    }
    return left;
}

/* "plant/line1/temp" … "plant/line9/temp" → "plant/+/temp" */
static size_t join_level(struct tw_arena *a, struct tw_str *list, size_t n,
    const struct tw_str *all, size_t n_all, unsigned level)
{
    enum { LEAST = 4 };
    struct spread *mine = calloc(n + 1, sizeof(*mine));
    struct spread *others = calloc(n_all + 1, sizeof(*others));
    if (mine != NULL && others != NULL) {
        const size_t n_mine = spread_all(a, list, n, level, mine);
        const size_t n_others = n_mine >= LEAST ? spread_all(a, all, n_all, level, others) : 0;
        for (size_t i = 0, run; i < n_mine; i += run) {
            run = run_of(mine, n_mine, i);
            if (run < LEAST || count_filter(others, n_others, mine[i].filter) != run)
                continue;
            n = drop(list, n, mine + i, run);
            list[n++] = mine[i].filter;
            n = learn_sort(list, n);
        }
    }
    free(mine);
    free(others);
    return n;
}

/* The shortest "a/b/" of at least two levels below which nobody else publishes. */
static struct tw_str topic_prefix(const struct tw_str *list, size_t n, size_t i,
    const struct tw_str *mine, size_t n_mine, const struct tw_str *all, size_t n_all)
{
    enum { LEAST = 3, LEVELS = 2 };
    unsigned levels = 0;
    const struct tw_str topic = list[i];
    for (size_t k = 0; k < topic.len && topic.p[0] != '$'; k++) {
        if (topic.p[k] != '/' || ++levels < LEVELS)
            continue;
        const struct tw_str prefix = {topic.p, k + 1}, root = {topic.p, k};
        const size_t count = count_prefix(mine, n_mine, prefix);
        if (!tw_topic_has_wildcard(prefix) && count_prefix(list, n, prefix) >= LEAST &&
            count == count_prefix(all, n_all, prefix) &&
            contains(mine, n_mine, root) == contains(all, n_all, root))
            return prefix;
    }
    return TW_STR_NONE;
}

size_t learn_filters(struct tw_arena *a, const struct tw_str *mine, size_t n,
    const struct tw_str *all, size_t n_all, struct tw_str *out)
{
    enum { LEVELS = 8 };
    size_t n_list = n, n_out = 0;
    struct tw_str *list = calloc(n + 1, sizeof(*list));
    if (list == NULL)
        return 0;
    memcpy(list, mine, n * sizeof(*list));
    for (unsigned level = 1; level < LEVELS; level++)
        n_list = join_level(a, list, n_list, all, n_all, level);
    for (size_t i = 0; i < n_list;) {
        const struct tw_str prefix = topic_prefix(list, n_list, i, mine, n, all, n_all);
        const struct tw_str filter = prefix.p != NULL ? with_end(a, prefix, '#') : TW_STR_NONE;
        out[n_out++] = filter.p != NULL ? filter : list[i];
        i += filter.p != NULL ? count_prefix(list, n_list, prefix) : 1;
    }
    free(list);
    return learn_sort(out, n_out);
}
