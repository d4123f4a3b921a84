#include "detect/consent.h"

#include "base/timefmt.h"

static const char *const yes[] = {"true", "yes", "1", "ok", "approve", "approved", "accept",
    "accepted", "allow", "allowed", "grant", "granted", NULL};
static const char *const no[] = {
    "false", "no", "0", "reject", "rejected", "deny", "denied", "refuse", "refused", NULL};

static bool is_one_of(struct tw_str s, const char *const *words)
{
    for (; *words != NULL; words++) {
        if (tw_str_eq_nocase(s, tw_str_of(*words)))
            return true;
    }
    return false;
}

bool tw_consent_is_yes(const struct tw_value *v)
{
    double d;
    if (v->kind == TW_VALUE_BOOL)
        return v->b;
    if (tw_value_number(v, &d))
        return d != 0;
    return v->kind == TW_VALUE_STRING && is_one_of(v->s, yes);
}

bool tw_consent_is_no(const struct tw_event *e)
{
    const struct tw_value *v = &e->value;
    double d;
    if (v->kind == TW_VALUE_BOOL)
        return !v->b;
    if (tw_value_number(v, &d))
        return d == 0;
    return v->kind == TW_VALUE_STRING && is_one_of(v->s, no);
}

bool tw_consent_is_cleared(const struct tw_event *e)
{
    return e->mqtt != NULL && e->mqtt->payload_format != NULL &&
           strcmp(e->mqtt->payload_format, "empty") == 0;
}

int64_t tw_consent_end_ns(
    const struct tw_value *v, int64_t given_ns, int64_t otherwise_ns, int64_t clock_ahead_ns)
{
    double seconds;
    int64_t end_ns;
    if (tw_value_as_number(v, &seconds) && seconds < 1e9)
        return seconds >= 0 ? given_ns + (int64_t)(seconds * (double)TW_NS_PER_S) : otherwise_ns;
    if (!tw_value_as_time(v, &end_ns))
        return otherwise_ns;
    const bool is_later = clock_ahead_ns > 0 || end_ns + clock_ahead_ns > given_ns;
    return is_later ? end_ns + clock_ahead_ns : end_ns;
}
