#include "config/rate.h"

#include "base/num.h"

struct unit {
    const char *name;
    double factor;
};

static const struct unit per[] = {{"s", 1}, {"min", 60}, {"h", 3600}, {"d", 86400}, {NULL, 0}};
static const struct unit sizes[] = {{"B", 1}, {"kB", 1e3}, {"MB", 1e6}, {"GB", 1e9}, {"KiB", 1024},
    {"MiB", 1048576}, {"GiB", 1073741824}, {NULL, 0}};

static bool factor_of(const struct unit *units, struct tw_str name, double *out)
{
    for (; units->name != NULL; units++) {
        if (tw_str_is(name, units->name)) {
            *out = units->factor;
            return true;
        }
    }
    return false;
}

bool tw_rate_parse(struct tw_str s, struct tw_rate *out)
{
    const char *slash = s.len > 0 ? memchr(s.p, '/', s.len) : NULL;
    if (slash == NULL)
        return false;
    size_t left = (size_t)(slash - s.p), digits = 0;
    while (digits < left && (s.p[digits] == '.' || (s.p[digits] >= '0' && s.p[digits] <= '9')))
        digits++;
    struct tw_number amount;
    double seconds, size = 1;
    if (!tw_num_parse((struct tw_str){s.p, digits}, &amount) ||
        !factor_of(per, (struct tw_str){slash + 1, s.len - left - 1}, &seconds))
        return false;
    bool is_bytes = digits < left;
    if (is_bytes && !factor_of(sizes, (struct tw_str){s.p + digits, left - digits}, &size))
        return false;
    *out = (struct tw_rate){.per_s = amount.d * size / seconds, .is_bytes = is_bytes};
    return true;
}
