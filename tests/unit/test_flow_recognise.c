#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "flow_rig.h"

enum { A = TW_TCP_ACK };

/* What the two sides say in turn, ">" to the server and "<" from it, one segment each; "|" first
 * means that the handshake was not seen. */
static const struct {
    const char *said, *out;
} rows[] = {
    {">ONE!abc", "{one 40000>4840}>ONE!abc{input}"},
    {">TWO!abc", "{two 40000>4840}>TWO!abc{input}"},
    {"<ONE!abc", "{one 40000>4840}<ONE!abc{input}"},
    {">O >N >E >! >abc", "{one 40000>4840}>ONE!abc{input}"},
    /* What the other side says meanwhile is not lost, and comes in the order in which it began. */
    {">ON <xy <z >E! >abc", "{one 40000>4840}>ONE!<xyz>abc{input}"},
    {"<T >hello <WO! >more", "{two 40000>4840}<TWO!>hellomore{input}"},
    /* Who speaks first decides. */
    {">xxx <ONE!", "[flow unknown 40000>4840 tcp 5/277 established]"},
    {">ON <ab >X", "[flow unknown 40000>4840 tcp 6/329 established]"},
    /* Both doubt, both are wrong. */
    {">ON <TW >xx <yy", "[flow unknown 40000>4840 tcp 7/386 established]"},
    /* Weak on one side says nothing, on both it does; a port that is not usual does not help. */
    {">t? <t?", "{two 40000>4840}>t?<t?{input}"},
    {">t? <zz", "[flow unknown 40000>4840 tcp 5/274 established]"},
    {"|<t? >t?", "{two 40000>4840 mid}<t?>t?{input}"},
    {"|<t? >one", "{one 40000>4840 mid}<t?>one{input}"},
    /* In the middle of a stream the next segment gets its chance. */
    {"|>zzz >one <two", "{one 40000>4840 mid}>one<two{input}"},
    {"|>zzz <zzz >zzz <zzz >zzz <zzz >zzz <two >one", "{two 40000>4840 mid}<two>one{input}"},
    /* What looks like a start may be the end of something. */
    {"|>ON >one", "{one 40000>4840 mid}>one{input}"},
};

static void say(struct rig *r, const char *said)
{
    uint32_t seq[2] = {1001, 5001};
    if (*said == '|')
        said++;
    else
        rig_handshake(r);
    while (*said != '\0') {
        const unsigned d = *said++ == '<';
        char text[64];
        const size_t n = strcspn(said, " ");
        snprintf(text, sizeof(text), "%.*s", (int)n, said);
        rig_tcp(r, d, A, seq[d], seq[d ^ 1], text);
        seq[d] += (uint32_t)n;
        said += n + (said[n] == ' ');
    }
}

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct rig *r = rig_new(4, false);
        say(r, rows[i].said);
        rig_finish(r);
        if (strcmp(r->log, rows[i].out) != 0)
            fail_msg("%s:\n%s\n%s", rows[i].said, r->log, rows[i].out);
        assert_int_equal(rig_free(r), 0);
    }
}

static bool is_of_no_use(struct tw_proto_env *env, struct tw_cur bytes)
{
    (void)env;
    (void)bytes;
    return false;
}

/* A protocol that has no use for what it knows gets it by no answer, and gives its name alone. */
static void test_not_wanted(void **state)
{
    (void)state;
    static const char *const said[] = {">TWO! <abc", ">t? <t?", "|<t? >t?", "|>two"};
    static const char *const out[] = {"[flow two 40000>4840 tcp 5/277 established]",
        "[flow two 40000>4840 tcp 5/274 established]",
        "[flow two 40000>4840 tcp 2/112 established]",
        "[flow two 40000>4840 tcp 1/57 established]"};
    struct tw_proto unwanted = fake_two;
    unwanted.wanted = is_of_no_use;
    const struct tw_proto *const protocols[] = {&fake_one, &unwanted, NULL};
    for (size_t i = 0; i < sizeof(said) / sizeof(said[0]); i++) {
        struct rig *r = rig_new_of(protocols, 4, true);
        say(r, said[i]);
        rig_finish(r);
        assert_string_equal(r->log, out[i]);
        assert_int_equal(rig_free(r), 0);
    }
}

/* The usual port makes a weak answer good enough, if the start was seen. */
static void test_usual_port(void **state)
{
    (void)state;
    for (int start = 0; start < 2; start++) {
        struct rig *r = rig_new(4, false);
        struct frame f = {.len = 0};
        for (int i = start ? 0 : 1; i < 2; i++) {
            const char *data = i == 0 ? "" : "t?x";
            f.len = 0;
            frame_ether(&f, 0x0800);
            frame_ipv4(&f, 6, 1, 2, 20 + strlen(data), 1, 0);
            frame_tcp(&f, 14, CLIENT, 1883, i == 0 ? 1000 : 1001, i == 0 ? 0 : 1,
                i == 0 ? TW_TCP_SYN : A, data, strlen(data));
            rig_frame(r, &f, 1);
        }
        rig_finish(r);
        assert_string_equal(r->log, start ? "{two 40000>1883}>t?x{input}"
                                          : "[flow unknown 40000>1883 tcp 1/57 established]");
        assert_int_equal(rig_free(r), 0);
    }
}

/* A stream that never makes sense is left alone after a while, and not kept. */
static void test_gives_up(void **state)
{
    (void)state;
    struct rig *r = rig_new(4, false);
    uint32_t seq = 1;
    for (int i = 0; i < 23; i++, seq += 3)
        rig_tcp(r, 0, A, seq, 1, "zzz");
    rig_tcp(r, 0, A, seq, 1, "one");
    assert_string_equal(r->log, "{one 40000>4840 mid}>one");
    assert_int_equal(rig_free(r), 0);
    r = rig_new(4, false);
    seq = 1;
    for (int i = 0; i < 24; i++, seq += 3)
        rig_tcp(r, 0, A, seq, 1, "zzz");
    rig_tcp(r, 0, A, seq, 1, "one");
    assert_string_equal(r->log, "");
    assert_int_equal(tw_pool_stats(r->env.pool).in_use_bytes, 0);
    assert_int_equal(rig_free(r), 0);
}

/* A probe that always wants more does not get everything. */
static void test_limit(void **state)
{
    (void)state;
    struct rig *r = rig_new(4, false);
    char block[1001];
    memset(block, 'x', sizeof(block) - 1);
    block[1000] = '\0';
    memcpy(block, "t?", 2);
    rig_handshake(r);
    for (uint32_t i = 0; i < 6; i++)
        rig_tcp(r, 0, A, 1001 + 1000 * i, 5001, block);
    assert_int_equal(tw_pool_stats(r->env.pool).in_use_bytes, 0);
    rig_finish(r);
    assert_string_equal(r->log, "[flow unknown 40000>4840 tcp 9/6486 established]");
    assert_int_equal(rig_free(r), 0);
}

static void test_counts(void **state)
{
    (void)state;
    struct rig *r = rig_new(4, false);
    say(r, ">ONE!");
    const struct tw_flows_stats s = tw_flows_stats(r->flows);
    assert_int_equal(s.flows, 1);
    assert_int_equal(s.active, 1);
    assert_int_equal(s.packets, 4);
    assert_int_equal(s.tcp_packets, 4);
    assert_int_equal(s.opcua_flows, 1);
    assert_int_equal(s.mqtt_flows, 0);
    assert_int_equal(s.bad_checksums, 0);
    assert_int_equal(rig_free(r), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_not_wanted),
        cmocka_unit_test(test_usual_port),
        cmocka_unit_test(test_gives_up),
        cmocka_unit_test(test_limit),
        cmocka_unit_test(test_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
