#include "registry/zone.h"

#include "base/timefmt.h"

enum { DAY_S = 86400, MAX_TYPES = 256, MAX_AHEAD_S = 26 * 3600 };

struct header {
    uint8_t version;
    uint32_t n_utc, n_standard, n_leap, n_times, n_types, n_letters;
};

static bool read_header(struct tw_cur *c, struct header *h)
{
    struct tw_str magic;
    return tw_cur_bytes(c, 4, &magic) && tw_str_is(magic, "TZif") && tw_cur_u8(c, &h->version) &&
           tw_cur_skip(c, 15) && tw_cur_u32be(c, &h->n_utc) && tw_cur_u32be(c, &h->n_standard) &&
           tw_cur_u32be(c, &h->n_leap) && tw_cur_u32be(c, &h->n_times) &&
           tw_cur_u32be(c, &h->n_types) && tw_cur_u32be(c, &h->n_letters) &&
           h->n_times <= TW_ZONE_MAX_TIMES && h->n_types > 0 && h->n_types <= MAX_TYPES;
}

/* What stands behind the types. */
static bool skip_rest(struct tw_cur *c, const struct header *h, size_t time_size)
{
    return tw_cur_skip(c, h->n_letters) && tw_cur_skip(c, h->n_leap * (time_size + 4)) &&
           tw_cur_skip(c, h->n_standard) && tw_cur_skip(c, h->n_utc);
}

static bool skip_block(struct tw_cur *c, const struct header *h, size_t time_size)
{
    return tw_cur_skip(c, h->n_times * (time_size + 1)) && tw_cur_skip(c, h->n_types * 6) &&
           skip_rest(c, h, time_size);
}

static bool read_type(struct tw_cur *c, int32_t *out)
{
    uint32_t ahead;
    if (!tw_cur_u32be(c, &ahead) || !tw_cur_skip(c, 2))
        return false;
    *out = (int32_t)ahead;
    return *out > -MAX_AHEAD_S && *out < MAX_AHEAD_S;
}

static bool read_time(struct tw_cur *c, int64_t *out)
{
    uint32_t high, low;
    if (!tw_cur_u32be(c, &high) || !tw_cur_u32be(c, &low))
        return false;
    *out = (int64_t)((uint64_t)high << 32 | low);
    return true;
}

/* The block with times of 64 bits [RFC8536 3.2]. */
static bool read_block(struct tw_cur *c, const struct header *h, struct tw_zone *z)
{
    uint8_t type_of[TW_ZONE_MAX_TIMES] = {0};
    int32_t types[MAX_TYPES] = {0};
    z->n = h->n_times;
    for (size_t i = 0; i < z->n; i++) {
        if (!read_time(c, &z->at_s[i]) || (i > 0 && z->at_s[i] <= z->at_s[i - 1]))
            return false;
    }
    if (!tw_cur_copy(c, z->n, type_of))
        return false;
    for (size_t i = 0; i < h->n_types; i++) {
        if (!read_type(c, &types[i]))
            return false;
    }
    z->first_s = types[0];
    for (size_t i = 0; i < z->n; i++) {
        if (type_of[i] >= h->n_types)
            return false;
        z->to_s[i] = types[type_of[i]];
    }
    return skip_rest(c, h, 8);
}

/* ---- the rule behind the last transition, such as "CET-1CEST,M3.5.0,M10.5.0/3" [RFC8536 3.3.1] */

static bool take(struct tw_cur *c, char wanted)
{
    uint8_t byte;
    return tw_cur_peek(c, 0, &byte) && byte == (uint8_t)wanted && tw_cur_skip(c, 1);
}

static bool is_letter(uint8_t byte)
{
    return (byte >= 'A' && byte <= 'Z') || (byte >= 'a' && byte <= 'z');
}

static bool skip_name(struct tw_cur *c)
{
    uint8_t byte;
    const bool quoted = take(c, '<');
    size_t n = 0;
    while (
        tw_cur_peek(c, 0, &byte) && (quoted ? byte != '>' : is_letter(byte)) && tw_cur_skip(c, 1))
        n++;
    return n >= 3 && (!quoted || take(c, '>'));
}

static bool number(struct tw_cur *c, int max, int *out)
{
    uint8_t byte;
    int value = 0, digits = 0;
    while (
        digits < 4 && tw_cur_peek(c, 0, &byte) && byte >= '0' && byte <= '9' && tw_cur_skip(c, 1)) {
        value = value * 10 + (byte - '0');
        digits++;
    }
    *out = value;
    return digits > 0 && value <= max;
}

/* [+-]hh[:mm[:ss]] */
static bool time_of_day(struct tw_cur *c, int32_t *out)
{
    int hours, minutes = 0, seconds = 0;
    const bool minus = take(c, '-');
    if (!minus)
        (void)take(c, '+');
    if (!number(c, 167, &hours) || (take(c, ':') && !number(c, 59, &minutes)) ||
        (take(c, ':') && !number(c, 59, &seconds)))
        return false;
    *out = hours * 3600 + minutes * 60 + seconds;
    *out = minus ? -*out : *out;
    return true;
}

static bool read_day(struct tw_cur *c, struct tw_zone_day *d)
{
    bool ok;
    d->time_s = 2 * 3600;
    if (take(c, 'M')) {
        d->kind = TW_ZONE_WEEKDAY;
        ok = number(c, 12, &d->month) && d->month > 0 && take(c, '.') && number(c, 5, &d->week) &&
             d->week > 0 && take(c, '.') && number(c, 6, &d->day);
    } else {
        d->kind = take(c, 'J') ? TW_ZONE_JULIAN : TW_ZONE_YEAR_DAY;
        ok = number(c, 365, &d->day);
    }
    return ok && (!take(c, '/') || time_of_day(c, &d->time_s));
}

static bool read_rule(struct tw_cur *c, struct tw_zone *z)
{
    uint8_t byte;
    if (!take(c, '\n'))
        return false;
    if (take(c, '\n'))
        return true; /* nothing is known */
    z->has_rule = true;
    if (!skip_name(c) || !time_of_day(c, &z->standard_s))
        return false;
    z->standard_s = -z->standard_s; /* written as what is added to get UTC */
    if (take(c, '\n'))
        return true;
    z->has_summer = true;
    z->summer_s = z->standard_s + 3600;
    if (!skip_name(c))
        return false;
    if (tw_cur_peek(c, 0, &byte) && byte != ',') {
        if (!time_of_day(c, &z->summer_s))
            return false;
        z->summer_s = -z->summer_s;
    }
    return take(c, ',') && read_day(c, &z->begin) && take(c, ',') && read_day(c, &z->end) &&
           take(c, '\n');
}

bool tw_zone_read(struct tw_cur file, struct tw_zone *out)
{
    struct header h;
    *out = (struct tw_zone){0};
    /* Version 1 has times of 32 bits only; nobody compiles it any more. */
    return read_header(&file, &h) && h.version >= '2' && skip_block(&file, &h, 4) &&
           read_header(&file, &h) && read_block(&file, &h, out) && read_rule(&file, out);
}

/* ---- which year, which day */

static int64_t year_of(int64_t day)
{
    int64_t year = 1970 + day / 366;
    while (tw_days_of_date(year + 1, 1, 1) <= day)
        year++;
    while (tw_days_of_date(year, 1, 1) > day)
        year--;
    return year;
}

static bool is_leap(int64_t year)
{
    return tw_days_of_date(year + 1, 1, 1) - tw_days_of_date(year, 1, 1) == 366;
}

/* The n-th such weekday of the month, the last one when there are not so many. */
static int64_t weekday(int64_t year, const struct tw_zone_day *d)
{
    const int64_t first = tw_days_of_date(year, (unsigned)d->month, 1);
    const int64_t next = d->month == 12 ? tw_days_of_date(year + 1, 1, 1)
                                        : tw_days_of_date(year, (unsigned)d->month + 1, 1);
    const int64_t is = ((first + 4) % 7 + 7) % 7; /* 1970 began on a Thursday */
    int64_t day = first + (d->day - is + 7) % 7 + 7 * (d->week - 1);
    while (day >= next)
        day -= 7;
    return day;
}

static int64_t local_s(int64_t year, const struct tw_zone_day *d)
{
    int64_t day = tw_days_of_date(year, 1, 1) + d->day;
    if (d->kind == TW_ZONE_WEEKDAY)
        day = weekday(year, d);
    else if (d->kind == TW_ZONE_JULIAN) /* 1 to 365, and 29 February does not count */
        day += is_leap(year) && d->day >= 60 ? 0 : -1;
    return day * DAY_S + d->time_s;
}

static int32_t by_rule(const struct tw_zone *z, int64_t utc_s)
{
    if (!z->has_summer)
        return z->standard_s;
    const int64_t local = utc_s + z->standard_s;
    const int64_t year = year_of(local / DAY_S - (local % DAY_S < 0));
    const int64_t begin = local_s(year, &z->begin) - z->standard_s,
                  end = local_s(year, &z->end) - z->summer_s;
    const bool summer = begin < end ? utc_s >= begin && utc_s < end : utc_s >= begin || utc_s < end;
    return summer ? z->summer_s : z->standard_s;
}

int32_t tw_zone_ahead_s(const struct tw_zone *z, int64_t utc_s)
{
    size_t low = 0, high = z->n;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (z->at_s[middle] <= utc_s)
            low = middle + 1;
        else
            high = middle;
    }
    if (low == z->n && z->has_rule)
        return by_rule(z, utc_s);
    return low == 0 ? z->first_s : z->to_s[low - 1];
}
