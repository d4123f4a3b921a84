#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/timefmt.h"
#include "guard.h"
#include "registry/schedule.h"

/* A file of version 2 with one transition, as compilers of the database write it. */
static size_t make_zone(uint8_t out[256], const char *rule)
{
    static const uint8_t counts[] = {
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 4};
    static const uint8_t block[] = {/* one time, its type */ 0x65, 0x92, 0, 0, 1,
        /* two types */ 0, 0, 0, 0, 0, 0, 0, 0, 0x1c, 0x20, 1, 0, /* letters */ 'U', 'T', 'C', 0};
    size_t n = 0;
    for (int version = 0; version < 2; version++) {
        memcpy(out + n, "TZif2", 5);
        memset(out + n + 5, 0, 15);
        memcpy(out + n + 20, counts, sizeof(counts));
        n += 44;
        if (version == 1) {
            memset(out + n, 0, 4);
            n += 4;
        }
        memcpy(out + n, block, sizeof(block));
        n += sizeof(block);
    }
    out[n++] = '\n';
    memcpy(out + n, rule, strlen(rule));
    n += strlen(rule);
    out[n++] = '\n';
    return n;
}

static int64_t at_s(const char *z)
{
    int64_t ns;
    assert_true(tw_time_parse(tw_str_of(z), &ns));
    return ns / TW_NS_PER_S;
}

/* The last transition is at 2023-12-31T23:57:52Z; the rule speaks for what follows. */
static const struct {
    const char *rule, *time;
    int32_t ahead_s;
} rows[] = {
    {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-01-15T12:00:00Z", 3600},
    {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T00:59:59Z", 3600},
    {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T01:00:00Z", 7200},
    {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T00:59:59Z", 7200},
    {"CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-25T01:00:00Z", 3600},
    {"EST5EDT,M3.2.0,M11.1.0", "2026-03-08T06:59:59Z", -5 * 3600},
    {"EST5EDT,M3.2.0,M11.1.0", "2026-03-08T07:00:00Z", -4 * 3600},
    {"EST5EDT,M3.2.0,M11.1.0", "2026-11-01T06:00:00Z", -5 * 3600},
    {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-01-15T00:00:00Z", 11 * 3600}, /* the south */
    {"AEST-10AEDT,M10.1.0,M4.1.0/3", "2026-07-15T00:00:00Z", 10 * 3600},
    {"<+0330>-3:30", "2026-07-15T00:00:00Z", 12600},
    {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T00:59:59Z", -7200},
    {"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", "2026-03-29T01:00:00Z", -3600},

    {"AAA0BBB,J60,J61", "2028-03-01T03:00:00Z", 3600}, /* 29 February does not count … */
    {"AAA0BBB,J60,J61", "2028-02-29T03:00:00Z", 0},
    {"AAA0BBB,59,60", "2028-02-29T03:00:00Z", 3600}, /* … or does */
    {"CST-8", "2026-03-01T00:00:00Z", 8 * 3600},
    {"", "2026-03-01T00:00:00Z", 7200}, /* as it was last */
    {"CST-8", "2020-01-01T00:00:00Z", 0},
    {"CST-8", "2023-12-31T23:57:51Z", 0},
    {"CST", NULL, 0},
    {"CST-8CDT", NULL, 0},
    {"CST-8CDT,M13.1.0,M4.1.0", NULL, 0},
    {"CST-8CDT,M3.0.0,M4.1.0", NULL, 0},
    {"CST-8CDT,M3.1.7,M4.1.0", NULL, 0},
    {"CST-8CDT,400,1", NULL, 0},
    {"CST-999", NULL, 0},
    {"<CST-8", NULL, 0},
};

static void rules_behind_the_last_transition(void **state)
{
    static struct tw_zone z;
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t file[256];
        const size_t n = make_zone(file, rows[i].rule);
        const bool ok = tw_zone_read(tw_cur_of(file, n), &z);
        if (ok != (rows[i].time != NULL))
            fail_msg("%s", rows[i].rule);
        if (ok && tw_zone_ahead_s(&z, at_s(rows[i].time)) != rows[i].ahead_s)
            fail_msg("%s at %s", rows[i].rule, rows[i].time);
    }
}

static void every_truncation_is_refused(void **state)
{
    static struct tw_zone z;
    uint8_t file[256];
    const size_t n = make_zone(file, "CET-1CEST,M3.5.0,M10.5.0/3");
    struct guard g = guard_new();
    (void)state;
    for (size_t len = 0; len < n; len++)
        assert_false(tw_zone_read(tw_cur_of(guard_put(&g, file, len), len), &z));
    assert_true(tw_zone_read(tw_cur_of(guard_put(&g, file, n), n), &z));
    file[4] = '1';
    assert_false(tw_zone_read(tw_cur_of(file, n), &z));
    guard_free(&g);
}

/* mon-fri 22:00 to 06:00, UTC: a shift belongs to the day it begins on. */
static const struct {
    const char *time;
    bool night, day;
} hours[] = {
    {"2026-03-02T05:00:00Z", false, false}, /* Monday; Sunday's shift is none */
    {"2026-03-02T06:00:00Z", false, true},
    {"2026-03-02T21:59:59Z", false, true},
    {"2026-03-02T22:00:00Z", true, false},
    {"2026-03-03T05:59:59Z", true, false},
    {"2026-03-07T05:59:59Z", true, false}, /* Saturday morning is Friday's */
    {"2026-03-07T06:00:00Z", false, false},
    {"2026-03-07T22:00:00Z", false, false},
};

static void shifts(void **state)
{
    static struct tw_schedule night = {
        .days = 0x1f, .from_min = 22 * 60, .to_min = 6 * 60, .minute = INT64_MIN};
    static struct tw_schedule day = {
        .days = 0x1f, .from_min = 6 * 60, .to_min = 22 * 60, .minute = INT64_MIN};
    (void)state;
    for (size_t i = 0; i < sizeof(hours) / sizeof(hours[0]); i++) {
        const int64_t ns = at_s(hours[i].time) * TW_NS_PER_S;
        if (tw_schedule_is_on(&night, ns) != hours[i].night ||
            tw_schedule_is_on(&day, ns) != hours[i].day)
            fail_msg("%s", hours[i].time);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_behind_the_last_transition),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(shifts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
