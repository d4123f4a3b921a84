#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <setjmp.h>

#include <cmocka.h>

#include "flow/reassembly.h"

/* What came out, as text: bytes as they are, "<3>" for a gap of three, "!" for a conflict. */
struct out {
    char text[8192];
    size_t len;
};

static void on_data(void *user, struct tw_cur bytes)
{
    struct out *o = user;
    assert_true(o->len + bytes.left < sizeof(o->text));
    memcpy(o->text + o->len, bytes.p, bytes.left);
    o->len += bytes.left;
    o->text[o->len] = '\0';
}

static void on_gap(void *user, uint64_t missing)
{
    struct out *o = user;
    o->len += (size_t)snprintf(
        o->text + o->len, sizeof(o->text) - o->len, "<%llu>", (unsigned long long)missing);
}

static void on_conflict(void *user)
{
    on_data(user, tw_cur_of("!", 1));
}

struct fixture {
    struct out out;
    struct tw_reasm_sink sink;
    struct tw_reasm_counters counters;
    struct tw_reasm_env env;
    struct tw_reasm r;
};

static struct fixture *new_fixture(size_t pool_bytes)
{
    struct fixture *f = calloc(1, sizeof(*f));
    f->sink = (struct tw_reasm_sink){on_data, on_gap, on_conflict};
    f->env = (struct tw_reasm_env){.pool = tw_pool_new(pool_bytes),
        .sink = &f->sink,
        .user = &f->out,
        .counters = &f->counters,
        .seed = {1, 2}};
    return f;
}

static void free_fixture(struct fixture *f)
{
    tw_reasm_drop(&f->r, f->env.pool);
    assert_int_equal(tw_pool_stats(f->env.pool).in_use_bytes, 0);
    tw_pool_free(f->env.pool);
    free(f);
}

/* A script: "+12:abc" a segment at offset 12; "+12:abc~5" the same with 5 more bytes on the wire;
 * "a20" acknowledged up to 20; "f20" FIN at 20; "t300" 300 ms pass; "e" time is up for what is due;
 * "." the end of everything. */
static void play(struct fixture *f, uint32_t base, const char *script)
{
    const char *s = script;
    while (*s != '\0') {
        const char what = *s++;
        char *end = NULL;
        const uint32_t n =
            what == '.' || what == 'e' || what == ' ' ? 0 : (uint32_t)strtoul(s, &end, 10);
        s = end != NULL ? end : s;
        if (what == '+') {
            const char *bytes = ++s;
            const size_t len = strcspn(s, " ~");
            s += len;
            uint32_t more = 0;
            if (*s == '~') {
                more = (uint32_t)strtoul(s + 1, &end, 10);
                s = end;
            }
            tw_reasm_segment(&f->r, &f->env, base + n, tw_cur_of(bytes, len), (uint32_t)len + more);
        } else if (what == 'a') {
            if (tw_reasm_ack(&f->r, f->env.now_ns, base + n))
                tw_reasm_expire(&f->r, &f->env);
        } else if (what == 'f') {
            tw_reasm_fin(&f->r, base + n);
        } else if (what == 't') {
            f->env.now_ns += (int64_t)n * 1000000;
        } else if (what == 'e') {
            tw_reasm_expire(&f->r, &f->env);
        } else if (what == '.') {
            tw_reasm_finish(&f->r, &f->env);
        }
    }
}

static const struct {
    const char *name, *script, *out;
} rows[] = {
    {"in order", "+0:abc +3:def +6:ghi .", "abcdefghi"},
    {"reversed", "+6:ghi +3:def +0:abc .", "abcdefghi"},
    {"swapped", "+0:abc +6:ghi +3:def .", "abcdefghi"},
    {"repeated", "+0:abc +0:abc +3:def +3:def .", "abcdef"},
    {"repeated early", "+3:def +3:def +0:abc .", "abcdef"},
    {"overlap with the past", "+0:abcd +2:cdef .", "abcdef"},
    {"overlap with the queue", "+4:ef +2:cdef +0:abcd .", "abcdef"},
    {"over several queued", "+2:c +4:e +6:g +1:bcdefgh +0:a .", "abcdefgh"},
    {"inside a queued one", "+2:cdefg +4:e +0:ab .", "abcdefg"},
    {"fills and passes the hole", "+0:ab +4:ef +2:cdefgh .", "abcdefgh"},
    {"first copy wins, queued", "+2:XX +2:YY +0:ab .", "!abXX"},
    {"first copy wins, partly queued", "+2:XX +1:bYYe +0:a .", "!abXXe"},
    {"one conflict a segment", "+2:X +4:X +1:bYdYf +0:a .", "!abXdXf"},
    {"other bytes after delivery", "+0:abc +0:abX .", "abc!"},
    {"other bytes later", "+0:abc +3:def +0:aXc .", "abcdef!"},
    {"other bytes in a bigger one", "+0:abc +3:def +0:abcXef .", "abcdef!"},
    {"same bytes in a bigger one", "+0:abc +3:def +0:abcdefgh .", "abcdefgh"},
    {"keep-alive with a byte", "+0:abc +2:X +3:def .", "abcdef"},
    {"keep-alive without", "+0:abc +2: +3:def .", "abcdef"},
    {"hole, nobody acknowledged: wait", "+0:ab a2 +4:ef +6:gh +8:ij +10:kl t10000 e", "ab"},
    {"hole, then filled late", "+0:ab a2 +4:ef +6:gh +8:ij t10000 e +2:cd", "abcdefghij"},
    {"acknowledged, then the bytes", "+0:ab +4:ef a6 +2:cd .", "abcdef"},
    {"acknowledged, time passes", "+0:ab +4:ef a6 t100 e t100 e .", "ab<2>ef"},
    {"acknowledged, segments pass", "+0:ab +4:ef a6 +6:gh +8:ij +10:kl .", "ab<2>efghijkl"},
    {"two segments are not enough", "+0:ab +4:ef a6 +6:gh +8:ij +2:cd .", "abcdefghij"},
    {"known to be lost before", "+0:ab a6 t300 +6:gh .", "ab<4>gh"},
    {"lost, and not acknowledged up to the queue", "+0:ab a3 t300 +6:gh e", "ab"},
    {"two holes at once", "+0:ab +4:ef +8:ij a10 t200 e", "ab<2>ef<2>ij"},
    {"second hole is younger", "+0:ab +4:ef +8:ij a6 t200 e a10 e", "ab<2>ef"},
    {"second hole, its time comes", "+0:ab +4:ef +8:ij a6 t200 e a10 t200 e", "ab<2>ef<2>ij"},
    {"one-sided, waits", "+0:ab +4:ef t1900 e", "ab"},
    {"one-sided, gives up", "+0:ab +4:ef t2000 e", "ab<2>ef"},
    {"end with a hole", "+0:ab +4:ef .", "ab<2>ef"},
    {"end before what was acknowledged", "+0:ab a9 .", "ab<7>"},
    {"FIN acknowledged", "+0:ab f2 a3 .", "ab"},
    {"FIN, bytes before it are missing", "+0:ab f5 a6 .", "ab<3>"},
    {"FIN not seen, acknowledged", "+0:ab a3 .", "ab"},
    {"bytes behind FIN", "+0:ab f2 +2:cd .", "ab"},
    {"bytes across FIN", "+0:ab f2 +0:abcd .", "ab"},
    {"FIN from nowhere", "+0:ab f1000 +2:cd a4 +4:ef a6 .", "abcdef"},
    {"FIN in the middle of what follows", "f3 +0:ab +2:cdef .", "abcdef"},
    {"cut by the capture", "+0:ab~3 +5:cd .", "ab<3>cd"},
    {"cut, early", "+5:cd~2 +0:abcde +9:ef .", "abcdecd<2>ef"},
    {"cut, then whole again", "+0:ab~3 +0:abcde +5:f .", "ab<3>f"},
    {"all cut", "+0:~4 +4:ef .", "<4>ef"},
    {"far ahead", "+0:ab a2 +9000000:zz +2:cd .", "abcd"},
    {"far ahead, but acknowledged", "+0:ab a9000002 t300 +9000000:zz .", "ab<8999998>zz"},
    {"zero-window probe", "+0:abc +3:d +3:def .", "abcdef"},
};

static void test_rows(void **state)
{
    (void)state;
    /* The second start makes the sequence numbers wrap. */
    static const uint32_t starts[] = {1000, 0xfffffffd};
    for (size_t k = 0; k < 2; k++) {
        for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
            struct fixture *f = new_fixture(1 << 20);
            tw_reasm_start(&f->r, starts[k]);
            play(f, starts[k], rows[i].script);
            if (strcmp(f->out.text, rows[i].out) != 0)
                fail_msg("%s: \"%s\", not \"%s\"", rows[i].name, f->out.text, rows[i].out);
            free_fixture(f);
        }
    }
}

static void test_without_start(void **state)
{
    (void)state;
    struct fixture *f = new_fixture(1 << 20);
    play(f, 77, "+10:ab +8:xx +12:cd .");
    assert_string_equal(f->out.text, "abcd");
    free_fixture(f);
}

static void test_deadline(void **state)
{
    (void)state;
    struct fixture *f = new_fixture(1 << 20);
    tw_reasm_start(&f->r, 0);
    f->env.now_ns = 5000;
    play(f, 0, "+0:ab a2");
    assert_true(tw_reasm_deadline(&f->r) == INT64_MAX);
    play(f, 0, "+4:ef");
    assert_true(tw_reasm_deadline(&f->r) == INT64_MAX);
    play(f, 0, "a6");
    assert_true(tw_reasm_deadline(&f->r) == 5000 + 200000000);
    play(f, 0, "+2:cd");
    assert_true(tw_reasm_deadline(&f->r) == INT64_MAX);
    free_fixture(f);
}

/* More early segments than are kept: the hole is given up, nothing else is lost. */
static void test_limit_of_segments(void **state)
{
    (void)state;
    struct fixture *f = new_fixture(4 << 20);
    tw_reasm_start(&f->r, 0);
    assert_false(tw_reasm_ack(&f->r, 0, 0));
    for (uint32_t i = 0; i <= TW_MAX_SEGMENTS; i++)
        tw_reasm_segment(&f->r, &f->env, 1 + 2 * i, tw_cur_of("x", 1), 1);
    /* "<1>x" once; the others wait behind their own holes. */
    assert_string_equal(f->out.text, "<1>x");
    assert_int_equal(f->r.n_queued, TW_MAX_SEGMENTS);
    assert_int_equal(f->counters.gaps, 1);
    free_fixture(f);
}

static void count_data(void *user, struct tw_cur bytes)
{
    struct out *o = user;
    o->len += bytes.left;
}

static void ignore_gap(void *user, uint64_t missing)
{
    (void)user;
    (void)missing;
}

static void test_limit_of_bytes(void **state)
{
    (void)state;
    struct fixture *f = new_fixture(8 << 20);
    struct out *o = &f->out;
    f->sink.gap = ignore_gap;
    tw_reasm_start(&f->r, 0);
    assert_false(tw_reasm_ack(&f->r, 0, 0));
    /* 64 KiB at a time, so that bytes are the limit, not their number. */
    static uint8_t big[65536];
    for (uint32_t i = 0; i < TW_MAX_REORDER / sizeof(big); i++)
        tw_reasm_segment(&f->r, &f->env, 1 + i * (uint32_t)sizeof(big), tw_cur_of(big, sizeof(big)),
            sizeof(big));
    assert_int_equal(o->len, 0);
    assert_int_equal(f->r.queued_bytes, TW_MAX_REORDER);
    f->sink.data = count_data;
    tw_reasm_segment(&f->r, &f->env, 1 + TW_MAX_REORDER, tw_cur_of("z", 1), 1);
    assert_int_equal(o->len, TW_MAX_REORDER + 1);
    assert_int_equal(f->counters.gap_bytes, 1);
    free_fixture(f);
}

/* The pool is used up: bytes are lost, and said to be. */
static void test_pool_is_full(void **state)
{
    (void)state;
    struct fixture *f = new_fixture(256);
    tw_reasm_start(&f->r, 0);
    for (uint32_t i = 0; i < 10; i++)
        tw_reasm_segment(&f->r, &f->env, 1 + 2 * i, tw_cur_of("x", 1), 1);
    tw_reasm_segment(&f->r, &f->env, 0, tw_cur_of("a", 1), 1);
    tw_reasm_segment(&f->r, &f->env, 30, tw_cur_of("z", 1), 1);
    tw_reasm_finish(&f->r, &f->env);
    uint64_t seen = 0, lost = f->counters.gap_bytes;
    for (const char *c = f->out.text; *c; c++)
        seen += *c == 'x' || *c == 'a' || *c == 'z';
    assert_int_equal(seen + lost, 31);
    free_fixture(f);
}

/* Sixteen bytes and the next sixteen whose words would cancel out in a digest of two chains, if the
 * secrets of these differed by something known. */
static void no_copy_hides_behind_another(void **state)
{
    (void)state;
    for (uint64_t i = 1; i < 50; i++) {
        struct fixture *f = new_fixture(1 << 16);
        uint64_t words[5] = {0, 7, 7 ^ UINT64_C(0xe7037ed1a0b428db) ^ sizeof(words)};
        tw_reasm_segment(&f->r, &f->env, 0, tw_cur_of(words, sizeof(words)), sizeof(words));
        tw_reasm_segment(&f->r, &f->env, 0, tw_cur_of(words, sizeof(words)), sizeof(words));
        assert_int_equal(f->counters.conflicts, 0);
        words[0] = words[3] = i;
        tw_reasm_segment(&f->r, &f->env, 0, tw_cur_of(words, sizeof(words)), sizeof(words));
        assert_int_equal(f->counters.conflicts, 1);
        free_fixture(f);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_without_start),
        cmocka_unit_test(test_deadline),
        cmocka_unit_test(test_limit_of_segments),
        cmocka_unit_test(test_limit_of_bytes),
        cmocka_unit_test(test_pool_is_full),
        cmocka_unit_test(no_copy_hides_behind_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
