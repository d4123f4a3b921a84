#include "base/timefmt.h"

#include <time.h>

int64_t tw_days_of_date(int64_t y, unsigned m, unsigned d)
{
    y -= m <= 2;
    int64_t era = (y >= 0 ? y : y - 399) / 400;
    int64_t yoe = y - era * 400;
    int64_t doy = (153 * (int64_t)(m > 2 ? m - 3 : m + 9) + 2) / 5 + (int64_t)d - 1;
    int64_t doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    return era * 146097 + doe - 719468;
}

static void date_of_days(int64_t z, int64_t *y, unsigned *m, unsigned *d)
{
    z += 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    int64_t doe = z - era * 146097;
    int64_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    int64_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    int64_t mp = (5 * doy + 2) / 153;
    *d = (unsigned)(doy - (153 * mp + 2) / 5 + 1);
    *m = (unsigned)(mp < 10 ? mp + 3 : mp - 9);
    *y = yoe + era * 400 + (*m <= 2);
}

static char *digits(char *at, uint32_t v, int n)
{
    for (int i = n - 1; i >= 0; i--, v /= 10)
        at[i] = (char)('0' + v % 10);
    return at + n;
}

static char *two(char *at, uint32_t v)
{
    at[0] = (char)('0' + v / 10);
    at[1] = (char)('0' + v % 10);
    return at + 2;
}

size_t tw_time_text(char out[TW_TIME_TEXT], int64_t ns, bool nano)
{
    int64_t s = ns / TW_NS_PER_S, frac = ns % TW_NS_PER_S;
    if (frac < 0) {
        frac += TW_NS_PER_S;
        s--;
    }
    int64_t days = s / 86400, rest = s % 86400, y;
    if (rest < 0) {
        rest += 86400;
        days--;
    }
    unsigned m, d;
    date_of_days(days, &y, &m, &d);
    uint32_t second = (uint32_t)rest, part = (uint32_t)frac;
    char *at = digits(out, (uint32_t)(y < 0 ? 0 : y), 4);
    *at++ = '-';
    at = two(at, m);
    *at++ = '-';
    at = two(at, d);
    *at++ = 'T';
    at = two(at, second / 3600);
    *at++ = ':';
    at = two(at, second / 60 % 60);
    *at++ = ':';
    at = two(at, second % 60);
    *at++ = '.';
    at = nano ? digits(at, part, 9) : digits(at, part / 1000, 6);
    *at++ = 'Z';
    return (size_t)(at - out);
}

struct scan {
    const char *p, *end;
};

static bool number(struct scan *s, int n, unsigned *out)
{
    unsigned v = 0;
    if (s->end - s->p < n)
        return false;
    for (int i = 0; i < n; i++) {
        if (s->p[i] < '0' || s->p[i] > '9')
            return false;
        v = v * 10 + (unsigned)(s->p[i] - '0');
    }
    s->p += n;
    *out = v;
    return true;
}

static bool is(struct scan *s, char c)
{
    if (s->p == s->end || *s->p != c)
        return false;
    s->p++;
    return true;
}

static bool fraction(struct scan *s, int64_t *out_ns)
{
    int64_t unit = TW_NS_PER_S, v = 0;
    if (!is(s, '.') && !is(s, ','))
        return true;
    const char *start = s->p;
    while (s->p < s->end && *s->p >= '0' && *s->p <= '9') {
        unit /= 10;
        v += (*s->p++ - '0') * unit;
    }
    *out_ns += v;
    return s->p > start;
}

static bool zone(struct scan *s, int64_t *out_ns)
{
    unsigned h, m = 0;
    if (s->p == s->end || is(s, 'Z') || is(s, 'z'))
        return true;
    int64_t sign = is(s, '+') ? 1 : is(s, '-') ? -1 : 0;
    if (sign == 0 || !number(s, 2, &h))
        return false;
    is(s, ':');
    if (s->p < s->end && !number(s, 2, &m))
        return false;
    if (h > 23 || m > 59)
        return false;
    *out_ns -= sign * ((int64_t)h * 3600 + (int64_t)m * 60) * TW_NS_PER_S;
    return true;
}

static unsigned days_in(unsigned year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    bool leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    return days[month - 1] + (month == 2 && leap ? 1u : 0u);
}

bool tw_time_parse(struct tw_str text, int64_t *out_ns)
{
    struct scan s = {text.p, text.p + text.len};
    unsigned y, mo, d, h = 0, mi = 0, se = 0;
    if (text.len < 10 || !number(&s, 4, &y) || !is(&s, '-') || !number(&s, 2, &mo) ||
        !is(&s, '-') || !number(&s, 2, &d))
        return false;
    if (mo < 1 || mo > 12 || d < 1 || d > days_in(y, mo))
        return false;
    int64_t ns = 0;
    if (s.p < s.end) {
        if (!is(&s, 'T') && !is(&s, 't') && !is(&s, ' '))
            return false;
        if (!number(&s, 2, &h) || !is(&s, ':') || !number(&s, 2, &mi))
            return false;
        if (is(&s, ':') && (!number(&s, 2, &se) || !fraction(&s, &ns)))
            return false;
        if (!zone(&s, &ns))
            return false;
    }
    if (s.p != s.end || h > 23 || mi > 59 || se > 60)
        return false;
    int64_t seconds = tw_days_of_date(y, mo, d) * 86400 + h * 3600 + mi * 60 + se;
    /* Room for a fraction and a zone within 64 bits of nanoseconds. */
    if (seconds > INT64_MAX / TW_NS_PER_S - 200000 || seconds < INT64_MIN / TW_NS_PER_S + 200000)
        return false;
    *out_ns = ns + seconds * TW_NS_PER_S;
    return true;
}

int64_t tw_time_of_number(double v)
{
    double a = v < 0 ? -v : v;
    double scale = a > 1e17 ? 1 : a > 1e14 ? 1e3 : a > 1e11 ? 1e6 : 1e9;
    double ns = v * scale;
    if (!(ns > -9e18 && ns < 9e18))
        return 0;
    return (int64_t)ns;
}

bool tw_duration_parse(struct tw_str s, int64_t *out_ns)
{
    static const struct {
        const char *unit;
        int64_t ns;
    } units[] = {{"ms", TW_NS_PER_MS}, {"s", TW_NS_PER_S}, {"min", 60 * TW_NS_PER_S},
        {"m", 60 * TW_NS_PER_S}, {"h", 3600 * TW_NS_PER_S}, {"d", 86400 * TW_NS_PER_S}};
    size_t i = 0;
    int64_t v = 0;
    while (i < s.len && s.p[i] >= '0' && s.p[i] <= '9' && v < 1000000000)
        v = v * 10 + (s.p[i++] - '0');
    if (i == 0)
        return false;
    const struct tw_str unit = {s.p + i, s.len - i};
    for (size_t u = 0; u < sizeof(units) / sizeof(units[0]); u++) {
        if (tw_str_is(unit, units[u].unit) && v <= INT64_MAX / units[u].ns) {
            *out_ns = v * units[u].ns;
            return true;
        }
    }
    return false;
}

int64_t tw_time_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * TW_NS_PER_S + t.tv_nsec;
}
