#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/text.h"
#include "guard.h"
#include "protocol/stream.h"

enum { MAX_KEPT = 16 };

/* A protocol of one letter, one digit that says how many bytes follow, and those ("*": hundred).
 * '!' is no PDU; 'q' makes the stream untrustworthy; capitals are where a boundary may be after a
 * loss. */
static enum tw_status frame(void *user, struct tw_cur bytes, struct tw_frame *out)
{
    uint8_t letter, digit;
    (void)user;
    if (!tw_cur_u8(&bytes, &letter))
        return TW_NEED_MORE;
    if (letter == '!')
        return TW_MALFORMED;
    if (!tw_cur_u8(&bytes, &digit))
        return TW_NEED_MORE;
    out->len = 2 + (digit == '*' ? 100u : (uint64_t)(digit - '0'));
    return TW_OK;
}

static bool pdu(void *user, const struct tw_pdu *p)
{
    struct tw_str s = tw_cur_rest(&p->bytes);
    assert_int_equal(p->cut, p->bytes.left < p->len);
    tw_text_addf(user, "%.*s", TW_STR_ARG(s));
    if (p->cut)
        tw_text_addf(user, "/%u", (unsigned)p->len);
    tw_text_addz(user, " ");
    return s.p[0] != 'q';
}

static void garbage(void *user, struct tw_cur bytes)
{
    assert_true(bytes.left > 0);
    tw_text_addz(user, "? ");
}

static size_t resync(void *user, struct tw_cur bytes)
{
    struct tw_str s = tw_cur_rest(&bytes);
    (void)user;
    size_t i = 0;
    while (i < s.len && !(s.p[i] >= 'A' && s.p[i] <= 'Z'))
        i++;
    return i;
}

#define TWENTY "01234567890123456789"
#define HUNDRED TWENTY TWENTY TWENTY TWENTY TWENTY

static const struct {
    const char *bytes, *pdus;
} rows[] = {
    {"a0", "a0 "},
    {"a3xyzb0c1q", "a3xyz b0 c1q "},
    {"a3xy", ""},
    {"a", ""},
    {"a9123456789b0", "a9123456789 b0 "},
    {"a*" HUNDRED "b0", "a*01234567890123/102 b0 "},
    {"a*" TWENTY, ""},
    {"a0!x9B1xc0", "a0 ? B1x c0 "},
    {"!", "? "},
    {"!!!A0", "? A0 "},
    {"q1xa0a0C0d0", "q1x C0 d0 "},
    {"q*" HUNDRED "a0C0", "q*01234567890123/102 C0 "},
};

static struct tw_pool *pool;

static void feed(struct tw_stream *s, struct tw_text *out, const char *bytes, size_t len)
{
    const struct tw_stream_user user = {out, frame, pdu, garbage, resync, MAX_KEPT};
    tw_stream_data(s, pool, &user, tw_cur_of(bytes, len));
}

static void drop(struct tw_stream *s)
{
    tw_stream_drop(s, pool);
    assert_int_equal(tw_pool_stats(pool).in_use_bytes, 0);
}

static void cuts_alike_however_segmented(void **state)
{
    struct guard g = guard_new();
    struct tw_text out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t len = strlen(rows[i].bytes);
        for (size_t step = 1; step <= len; step++) {
            struct tw_stream s = {0};
            tw_text_clear(&out);
            for (size_t at = 0; at < len; at += step) {
                size_t n = step < len - at ? step : len - at;
                feed(&s, &out, (const char *)guard_put(&g, rows[i].bytes + at, n), n);
            }
            assert_true(tw_str_eq(tw_text_str(&out), tw_str_of(rows[i].pdus)));
            drop(&s);
        }
    }
    tw_text_free(&out);
    guard_free(&g);
}

/* `before`, then `missing` bytes that were not seen, then `after`. */
static const struct {
    const char *before;
    uint64_t missing;
    const char *after;
    bool known; /* is the boundary? */
    const char *pdus;
} gaps[] = {
    {"a9123", 6, "b0", true, "a9123/11 b0 "},
    {"a9123", 4, "89b0", true, "a9123/11 b0 "},
    {"a9123", 7, "xC0", false, "C0 "},
    {"a0", 3, "b0C0", false, "a0 C0 "},
    {"a", 1, "0b0C0", false, "C0 "},
    {"a*" TWENTY, 80, "b0", true, "a*01234567890123/102 b0 "},
    {"a*" TWENTY, 10, TWENTY TWENTY TWENTY "0123456789b0", true, "a*01234567890123/102 b0 "},
    {"a*" TWENTY, 81, "b0C0", false, "C0 "},
    {"!", 5, "C0", false, "? C0 "},
};

static void knows_the_boundary_after_a_hole_or_not(void **state)
{
    struct tw_text out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(gaps) / sizeof(gaps[0]); i++) {
        struct tw_stream s = {0};
        tw_text_clear(&out);
        feed(&s, &out, gaps[i].before, strlen(gaps[i].before));
        assert_int_equal(tw_stream_gap(&s, pool, gaps[i].missing), gaps[i].known);
        feed(&s, &out, gaps[i].after, strlen(gaps[i].after));
        assert_true(tw_str_eq(tw_text_str(&out), tw_str_of(gaps[i].pdus)));
        drop(&s);
    }
    tw_text_free(&out);
}

/* A hole after a hole: the first ended just where its PDU did, or within it. */
static void hands_over_what_came_before_two_holes(void **state)
{
    struct tw_text out = {0};
    struct tw_stream s = {0};
    (void)state;
    feed(&s, &out, "a9123", 5);
    assert_true(tw_stream_gap(&s, pool, 2));
    feed(&s, &out, "6", 1);
    assert_true(tw_stream_gap(&s, pool, 3));
    feed(&s, &out, "b0", 2);
    assert_true(tw_str_is(tw_text_str(&out), "a9123/11 b0 "));
    feed(&s, &out, "a9123", 5);
    assert_true(tw_stream_gap(&s, pool, 6));
    assert_false(tw_stream_gap(&s, pool, 1));
    feed(&s, &out, "b0C0", 4);
    assert_true(tw_str_is(tw_text_str(&out), "a9123/11 b0 C0 "));
    drop(&s);
    tw_text_free(&out);
}

static void never_resynchronises_without_being_told_how(void **state)
{
    struct tw_text out = {0};
    struct tw_stream s = {0};
    const struct tw_stream_user user = {&out, frame, pdu, garbage, NULL, MAX_KEPT};
    (void)state;
    tw_stream_data(&s, pool, &user, tw_cur_of("!A0", 3));
    tw_stream_data(&s, pool, &user, tw_cur_of("A0", 2));
    assert_true(s.lost && tw_str_is(tw_text_str(&out), "? "));
    drop(&s);
    tw_text_free(&out);
}

static void hands_over_what_it_has_when_memory_is_short(void **state)
{
    struct tw_pool *small = tw_pool_new(64), *whole = pool;
    struct tw_text out = {0};
    struct tw_stream s = {0};
    (void)state;
    void *all = tw_pool_get(small, 64, NULL);
    pool = small;
    feed(&s, &out, "a9123", 5);
    assert_true(tw_str_is(tw_text_str(&out), "a9123/11 "));
    feed(&s, &out, "456789b0", 8);
    assert_true(tw_str_is(tw_text_str(&out), "a9123/11 b0 "));
    feed(&s, &out, "a", 1);
    assert_true(s.lost);
    tw_pool_put(small, all, 64);
    drop(&s);
    pool = whole;
    tw_pool_free(small);
    tw_text_free(&out);
}

static int start(void **state)
{
    (void)state;
    pool = tw_pool_new(1 << 20);
    return pool == NULL;
}

static int stop(void **state)
{
    (void)state;
    tw_pool_free(pool);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cuts_alike_however_segmented),
        cmocka_unit_test(knows_the_boundary_after_a_hole_or_not),
        cmocka_unit_test(hands_over_what_came_before_two_holes),
        cmocka_unit_test(never_resynchronises_without_being_told_how),
        cmocka_unit_test(hands_over_what_it_has_when_memory_is_short),
    };
    return cmocka_run_group_tests_name("protocol/stream", tests, start, stop);
}
