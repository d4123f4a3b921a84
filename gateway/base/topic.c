#include "base/topic.h"

/* The level at `*at`, which moves behind its separator, to len + 1 after the last level. */
static struct tw_str next_level(struct tw_str s, size_t *at)
{
    const char *from = s.p + *at;
    const char *slash = *at < s.len ? memchr(from, '/', s.len - *at) : NULL;
    size_t len = slash != NULL ? (size_t)(slash - from) : s.len - *at;
    *at += len + 1;
    return (struct tw_str){from, len};
}

struct tw_str tw_topic_unshared(struct tw_str filter, bool *out_shared)
{
    const struct tw_str prefix = TW_STR("$share/");
    bool shared = tw_str_starts(filter, prefix);
    if (out_shared != NULL)
        *out_shared = shared;
    if (!shared)
        return filter;
    size_t at = prefix.len;
    struct tw_str group = next_level(filter, &at);
    if (group.len == 0 || tw_topic_has_wildcard(group) || at >= filter.len)
        return TW_STR_NONE;
    return (struct tw_str){filter.p + at, filter.len - at};
}

bool tw_topic_has_wildcard(struct tw_str s)
{
    return s.len > 0 && (memchr(s.p, '+', s.len) != NULL || memchr(s.p, '#', s.len) != NULL);
}

bool tw_topic_name_valid(struct tw_str topic)
{
    return topic.len > 0 && !tw_topic_has_wildcard(topic);
}

bool tw_topic_filter_valid(struct tw_str filter)
{
    if (filter.len == 0)
        return false;
    for (size_t at = 0; at <= filter.len;) {
        struct tw_str level = next_level(filter, &at);
        if (level.len > 1 && tw_topic_has_wildcard(level))
            return false;
        if (tw_str_is(level, "#") && at <= filter.len)
            return false;
    }
    return true;
}

bool tw_topic_matches(struct tw_str filter, struct tw_str topic)
{
    filter = tw_topic_unshared(filter, NULL);
    if (filter.len == 0 || topic.len == 0)
        return false;
    if (topic.p[0] == '$' && (filter.p[0] == '+' || filter.p[0] == '#'))
        return false;
    size_t f = 0, t = 0;
    while (f <= filter.len) {
        struct tw_str want = next_level(filter, &f);
        if (tw_str_is(want, "#"))
            return f > filter.len;
        if (t > topic.len)
            return false;
        struct tw_str have = next_level(topic, &t);
        if (!tw_str_is(want, "+") && (!tw_str_eq(want, have) || tw_topic_has_wildcard(want)))
            return false;
    }
    return t > topic.len;
}

static bool is_dollar(struct tw_str s)
{
    return s.len > 0 && s.p[0] == '$';
}

static bool starts_wild(struct tw_str s)
{
    return s.len > 0 && (s.p[0] == '+' || s.p[0] == '#');
}

bool tw_topic_overlaps(struct tw_str a, struct tw_str b)
{
    a = tw_topic_unshared(a, NULL);
    b = tw_topic_unshared(b, NULL);
    if (!tw_topic_filter_valid(a) || !tw_topic_filter_valid(b))
        return false;
    if ((is_dollar(a) && starts_wild(b)) || (is_dollar(b) && starts_wild(a)))
        return false;
    size_t i = 0, k = 0;
    while (i <= a.len && k <= b.len) {
        struct tw_str la = next_level(a, &i), lb = next_level(b, &k);
        if (tw_str_is(la, "#") || tw_str_is(lb, "#"))
            return true;
        if (!tw_str_is(la, "+") && !tw_str_is(lb, "+") && !tw_str_eq(la, lb))
            return false;
    }
    /* "a/#" matches "a" too. */
    if (i <= a.len)
        return tw_str_is(next_level(a, &i), "#");
    if (k <= b.len)
        return tw_str_is(next_level(b, &k), "#");
    return true;
}
