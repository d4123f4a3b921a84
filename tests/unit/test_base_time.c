#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdlib.h>
#include <time.h>

#include "base/timefmt.h"

#define S TW_NS_PER_S

static void times_as_text(void **state)
{
    static const struct {
        int64_t ns;
        const char *micro, *nano;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000000Z", "1970-01-01T00:00:00.000000000Z"},
        {-1, "1969-12-31T23:59:59.999999Z", "1969-12-31T23:59:59.999999999Z"},
        {1772352001 * S + 123456789, "2026-03-01T08:00:01.123456Z",
            "2026-03-01T08:00:01.123456789Z"},
        {951782400 * S, "2000-02-29T00:00:00.000000Z", "2000-02-29T00:00:00.000000000Z"},
        {INT64_C(4107542400) * S, "2100-03-01T00:00:00.000000Z", "2100-03-01T00:00:00.000000000Z"},
        {INT64_MAX, "2262-04-11T23:47:16.854775Z", "2262-04-11T23:47:16.854775807Z"},
        {INT64_MIN, "1677-09-21T00:12:43.145224Z", "1677-09-21T00:12:43.145224192Z"},
    };
    char out[TW_TIME_TEXT];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        out[tw_time_text(out, rows[i].ns, false)] = '\0';
        assert_string_equal(out, rows[i].micro);
        out[tw_time_text(out, rows[i].ns, true)] = '\0';
        assert_string_equal(out, rows[i].nano);
    }
}

static void times_from_text(void **state)
{
    static const struct {
        const char *text;
        int64_t ns;
    } rows[] = {
        {"1970-01-01", 0},
        {"2026-03-01T08:00:01Z", 1772352001 * S},
        {"2026-03-01T08:00:01.5Z", 1772352001 * S + 500000000},
        {"2026-03-01T08:00:01.123456789Z", 1772352001 * S + 123456789},
        {"2026-03-01T08:00:01.1234567891234Z", 1772352001 * S + 123456789},
        {"2026-03-01t08:00:01z", 1772352001 * S},
        {"2026-03-01 08:00:01", 1772352001 * S},
        {"2026-03-01T08:00", 1772352000 * S},
        {"2026-03-01T16:00:01+08:00", 1772352001 * S},
        {"2026-03-01T16:00:01+0800", 1772352001 * S},
        {"2026-03-01T16:00:01+08", 1772352001 * S},
        {"2026-03-01T02:30:01-05:30", 1772352001 * S},
        {"2024-02-29", 1709164800 * S},
        {"1969-12-31T23:59:59.9Z", -100000000},
        {"2016-12-31T23:59:60Z", 1483228800 * S},
        {"2262-04-09", INT64_C(9223113600) * S},
        {"1677-09-24", INT64_C(-9223113600) * S},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t ns = 1;
        assert_true(tw_time_parse(tw_str_of(rows[i].text), &ns));
        assert_int_equal(ns, rows[i].ns);
    }
}

static void what_is_no_time(void **state)
{
    static const char *const rows[] = {"", "2026", "2026-03", "2026-3-1", "2026-13-01",
        "2026-00-01", "2026-01-00", "2026-01-32", "2026-02-29", "2026-02-30", "2026-04-31",
        "2100-02-29", "2026-03-01T", "2026-03-01T24:00:00", "2026-03-01T08:60:00",
        "2026-03-01T08:00:61", "2026-03-01T08:00:01.", "2026-03-01T08:00:01.Z",
        "2026-03-01T08:00:01+", "2026-03-01T08:00:01+8", "2026-03-01T08:00:01+24:00",
        "2026-03-01T08:00:01+08:60", "2026-03-01T08:00:01Zx", "2026-03-01X08:00:01", " 2026-03-01",
        "2026-03-01 ", "0001-01-01", "1600-01-01", "9999-12-31", "2263-01-01", "now"};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t ns = 42;
        assert_false(tw_time_parse(tw_str_of(rows[i]), &ns));
        assert_int_equal(ns, 42);
    }
}

static void every_day_there_and_back(void **state)
{
    static const unsigned lengths[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int64_t day = tw_days_of_date(1890, 1, 1);
    char out[TW_TIME_TEXT];
    (void)state;
    for (int64_t y = 1890; y < 2220; y++) {
        bool leap = (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
        for (unsigned m = 1; m <= 12; m++) {
            unsigned n = lengths[m - 1] + (m == 2 && leap);
            for (unsigned d = 1; d <= n; d++, day++) {
                assert_int_equal(tw_days_of_date(y, m, d), day);
                int64_t back;
                size_t len = tw_time_text(out, day * 86400 * S + 3600 * S, true);
                assert_true(tw_time_parse((struct tw_str){out, len}, &back));
                assert_int_equal(back, day * 86400 * S + 3600 * S);
            }
        }
    }
    assert_int_equal(tw_days_of_date(1970, 1, 1), 0);
}

static void the_time_zone_does_not_matter(void **state)
{
    char out[TW_TIME_TEXT];
    int64_t ns = 0;
    (void)state;
    setenv("TZ", "Asia/Tokyo", 1);
    tzset();
    out[tw_time_text(out, 1772352001 * S, false)] = '\0';
    assert_string_equal(out, "2026-03-01T08:00:01.000000Z");
    assert_true(tw_time_parse(TW_STR("2026-03-01T08:00:01"), &ns));
    assert_int_equal(ns, 1772352001 * S);
}

static void numbers_that_are_times(void **state)
{
    static const struct {
        double v;
        int64_t ns;
    } rows[] = {{0, 0}, {1772352001, 1772352001 * S}, {1772352001.5, 1772352001 * S + 500000000},
        {1772352001500, 1772352001 * S + 500000000}, {1772352001500000, 1772352001 * S + 500000000},
        {1772352001500000000, 1772352001 * S + 500000000}, {-1, -S}, {NAN, 0}, {INFINITY, 0},
        {1e300, 0}, {-1e300, 0}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_int_equal(tw_time_of_number(rows[i].v), rows[i].ns);
}

static void durations(void **state)
{
    static const struct {
        const char *text;
        int64_t ns; /* -1: none */
    } rows[] = {{"60s", 60 * S}, {"10m", 600 * S}, {"10min", 600 * S}, {"2h", 7200 * S},
        {"7d", 604800 * S}, {"500ms", S / 2}, {"0s", 0}, {"", -1}, {"s", -1}, {"60", -1},
        {"-1s", -1}, {"1.5h", -1}, {"60 s", -1}, {"1w", -1}, {"60S", -1},
        {"99999999999999999999s", -1}, {"999999999d", -1}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t ns = -1;
        assert_int_equal(tw_duration_parse(tw_str_of(rows[i].text), &ns), rows[i].ns >= 0);
        assert_int_equal(ns, rows[i].ns);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_as_text),
        cmocka_unit_test(times_from_text),
        cmocka_unit_test(what_is_no_time),
        cmocka_unit_test(every_day_there_and_back),
        cmocka_unit_test(the_time_zone_does_not_matter),
        cmocka_unit_test(numbers_that_are_times),
        cmocka_unit_test(durations),
    };
    return cmocka_run_group_tests_name("base/time", tests, NULL, NULL);
}
