/* Where packets begin and end: split lengths, huge packets, holes, connections joined in the
 * middle. */
#include "mqtt_lab.h"

static void begin(struct lab *lab)
{
    lab_open(lab, false);
    lab_send(lab, UP, 0x10, "s'MQTT' 04 02 0000 s'x'");
    lab_send(lab, DOWN, 0x20, "00 00");
    tw_text_clear(&lab->lines);
}

/* A PUBLISH of QoS 0 on "t" with `len` bytes of payload, each 'x'. */
static uint8_t *big_publish(size_t len, size_t *out_len)
{
    uint8_t *p = malloc(len + 16);
    assert_non_null(p);
    size_t n = 0, left = len + 3;
    p[n++] = 0x30;
    for (; left > 0x7f; left >>= 7)
        p[n++] = (uint8_t)(0x80 | (left & 0x7f));
    p[n++] = (uint8_t)left;
    p[n++] = 0;
    p[n++] = 1;
    p[n++] = 't';
    memset(p + n, 'x', len);
    *out_len = n + len;
    return p;
}

static void a_huge_packet_is_told_at_its_end(void **state)
{
    static const size_t payload = (size_t)3 << 20, segment = 60000;
    struct lab lab;
    size_t len, last = 0;
    uint8_t *p = big_publish(payload, &len);
    (void)state;
    begin(&lab);
    for (size_t at = 0; at < len; at += segment) {
        assert_int_equal(lab.lines.len, 0);
        size_t n = segment < len - at ? segment : len - at;
        lab_bytes(&lab, UP, p + at, n);
        last = (size_t)lab.when.packet;
    }
    assert_true(tw_pool_stats(lab.env.pool).peak_bytes < (size_t)8 << 20);
    lab_send(&lab, UP, 0x30, "s't' '1'");
    char start[64], end[96];
    snprintf(start, sizeof(start), "%zu>publish t value:\"xxxx", last);
    snprintf(end, sizeof(end),
        " string q0 text %zu truncated\n%zu>publish t value:1 number q0 number 1\n", payload,
        last + 1);
    const char *text = lab_text(&lab);
    assert_memory_equal(text, start, strlen(start));
    assert_string_equal(text + strlen(text) - strlen(end), end);
    lab_end(&lab, TW_END_INPUT);
    assert_int_equal(lab.counters.cut, 1);
    lab_free(&lab);
    free(p);
}

static void a_hole_inside_a_packet_keeps_the_boundary(void **state)
{
    struct lab lab;
    size_t len;
    uint8_t *p = big_publish(1000, &len);
    (void)state;
    begin(&lab);
    lab_bytes(&lab, UP, p, 300);
    tw_mqtt.gap(lab.state, &lab.env, &lab.conn, UP, 400, &lab.when);
    lab_bytes(&lab, UP, p + 700, len - 700);
    lab_send(&lab, UP, 0x30, "s'a' '1'");
    assert_string_equal(lab_text(&lab), "4>publish t q0 ? 1000 truncated\n"
                                        "5>publish a value:1 number q0 number 1\n");
    assert_int_equal(lab.counters.resyncs, 0);
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
    free(p);
}

static char who[64];

static void keep_who(void *user, const struct tw_event *e)
{
    const struct tw_maybe *id = &e->mqtt->client_id, *name = &e->mqtt->username;
    (void)user;
    snprintf(who, sizeof(who), "%s %.*s %.*s", tw_action_name(e->action),
        TW_STR_ARG(id->is_null ? TW_STR("?") : id->s),
        TW_STR_ARG(name->is_null ? TW_STR("?") : name->s));
}

/* All of `p` but what is behind the first `seen` bytes and before the last one. */
static void torn(struct lab *lab, const uint8_t *p, size_t seen, size_t n)
{
    lab_bytes(lab, UP, p, seen);
    if (n - seen > 1)
        tw_mqtt.gap(lab->state, &lab->env, &lab->conn, UP, n - seen - 1, &lab->when);
    lab_bytes(lab, UP, p + n - 1, 1);
}

/* Who publishes after a CONNECT of which so much was seen at first. What was not is not known. */
static const char *who_is_it(const char *spec, size_t seen)
{
    uint8_t connect[64];
    const size_t n = lab_packet(0x10, spec, connect);
    struct lab lab;
    lab_open(&lab, false);
    torn(&lab, connect, seen, n);
    lab_send(&lab, DOWN, 0x20, "00 00");
    lab.env.emit = (struct tw_emit){keep_who, NULL};
    who[0] = '\0';
    lab_send(&lab, UP, 0x30, "s'a' '1'");
    assert_int_equal(lab.counters.malformed, 0);
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
    return who;
}

static void a_hole_inside_a_connect(void **state)
{
    (void)state;
    for (size_t seen = 2; seen < 20; seen++)
        assert_string_equal(
            who_is_it("s'MQTT' 04 82 0000 s'x' s'ann'", seen), seen < 15   ? "publish ? ?"
                                                               : seen < 19 ? "publish x ?"
                                                                           : "publish x ann");
    for (size_t seen = 2; seen < 20; seen++)
        assert_string_equal(who_is_it("s'MQTT' 04 02 0000 s'x-and-y'", seen),
            seen < 12 ? "publish ? ?" : "publish ? ");
}

/* Less filters were seen than are answered: no mistake of anybody. */
static void a_hole_inside_a_subscribe(void **state)
{
    uint8_t subscribe[64];
    const size_t n = lab_packet(0x82, "0001 s'a' 00 s'b' 00", subscribe);
    (void)state;
    for (size_t seen = 2; seen < n; seen++) {
        struct lab lab;
        begin(&lab);
        torn(&lab, subscribe, seen, n);
        lab_send(&lab, DOWN, 0x90, "0001 00 00");
        assert_int_equal(lab.counters.malformed, 0);
        if (seen == 8)
            assert_non_null(strstr(lab_text(&lab), ">subscribe a status=GrantedQoS0"));
        lab_end(&lab, TW_END_INPUT);
        lab_free(&lab);
    }
}

static void finds_a_boundary_again(void **state)
{
    uint8_t bytes[256] = "\x01tail of something\x30\x40";
    size_t n = 19;
    struct lab lab;
    (void)state;
    begin(&lab);
    tw_mqtt.gap(lab.state, &lab.env, &lab.conn, UP, 5000, &lab.when);
    n += lab_packet(0x30, "s'a/b' '1'", bytes + n);
    n += lab_packet(0x32, "s'a/c' 0001 '2'", bytes + n);
    lab_bytes(&lab, UP, bytes, n);
    assert_string_equal(lab_text(&lab), "3>publish a/b value:1 number q0 number 1\n"
                                        "3>publish a/c value:2 number q1 number 1 id=1\n");
    assert_int_equal(lab.counters.resyncs, 1);
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

static const struct {
    const char *name;
    uint8_t first;
    const char *body;
    const char *line;
    const char *version;
} joined[] = {
    {"3.x", 0x30, "s'a/b' '{\"v\":1}'",
        "1>publish a/b q0 json 7\n1>publish a/b at=/v value:1 number\n", NULL},
    {"5.0, no properties", 0x30, "s'a/b' 00 '7'", "1>publish a/b value:7 number q0 number 1\n",
        "5.0"},
    {"5.0, properties", 0x32, "s'a/b' 0009 05 02 00000001 '7'",
        "1>publish a/b value:7 number q1 number 1 id=9\n", "5.0"},
    {"5.0, an alias bound before", 0x30, "s'' 03 23 0001 '7'",
        "1>publish null value:7 number q0 number 1 unresolved\n", "5.0"},
    {"5.0, an alias bound here", 0x30, "s'a' 03 23 0001 '7'",
        "1>publish a value:7 number q0 number 1\n", "5.0"},
    {"numbers that begin with zeroes", 0x30, "s'a/b' 00 00 01 02", "1>publish a/b q0 binary 4\n",
        NULL},
    {"binary that happens to begin with a zero", 0x30, "s'a/b' 00 FF FE",
        "1>publish a/b q0 binary 3\n", NULL},
    {"Sparkplug, which does not begin with a zero", 0x30, "s'spBv1.0/G/NDATA/N' 00 08 80 80 01",
        "1>publish spBv1.0/G/NDATA/N q0 sparkplug 4\n", "5.0"},
    {"3.x subscribe", 0x82, "0001 s'a/b' 01", "", NULL},
};

static const char *version;

static void keep_version(void *user, const struct tw_event *e)
{
    version = e->mqtt->version;
    lab_collect(user, e);
}

static void joins_in_the_middle(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(joined) / sizeof(joined[0]); i++) {
        struct lab lab;
        lab_open(&lab, true);
        lab.env.emit.fn = keep_version;
        version = NULL;
        lab_send(&lab, UP, joined[i].first, joined[i].body);
        assert_string_equal(lab_text(&lab), joined[i].line);
        if (joined[i].version == NULL)
            assert_null(version);
        else
            assert_string_equal(version, joined[i].version);
        lab_end(&lab, TW_END_INPUT);
        lab_free(&lab);
    }
}

static void tells_the_sides_by_what_they_send(void **state)
{
    struct lab lab;
    (void)state;
    lab_open(&lab, true);
    lab.conn.side[0].port = 1337; /* the server's, and not seen first */
    lab.conn.side[1].port = 50000;
    lab_send(&lab, 0, 0xD0, "");
    lab_send(&lab, 0, 0x30, "s'a' '1'");
    assert_string_equal(lab_text(&lab), "2>deliver a value:1 number q0 number 1\n");
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

static void an_alias_from_before_is_not_resolved(void **state)
{
    struct lab lab;
    (void)state;
    lab_open(&lab, true);
    lab_send(&lab, UP, 0x30, "s'a' 03 23 0001 '7'");
    lab_send(&lab, UP, 0x30, "s'a' 03 23 0001 '8'");
    tw_text_clear(&lab.lines);
    lab_send(&lab, UP, 0x30, "s'' 03 23 0002 '9'");
    assert_string_equal(lab_text(&lab), "3>publish null value:9 number q0 number 1 unresolved\n");
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

/* All aliases there are, each bound to a topic: as many as there is room for are known. */
static void memory_is_bounded(void **state)
{
    struct lab lab;
    char body[48];
    unsigned known = 0, unknown = 0;
    (void)state;
    lab_open(&lab, false);
    lab_send(&lab, UP, 0x10, "s'MQTT' 05 02 0000 00 s'x'");
    lab_send(&lab, DOWN, 0x20, "00 00 03 22 FFFF");
    for (unsigned i = 1; i <= 65535; i++) {
        snprintf(body, sizeof(body), "s'topic/%04x' %04x 03 23 %04x 'x'", i, i, i);
        lab_send(&lab, UP, 0x32, body);
    }
    assert_true(tw_pool_stats(lab.env.pool).peak_bytes < (size_t)3 << 20);
    tw_text_clear(&lab.lines);
    for (unsigned i = 1; i <= 65535; i++) {
        char want[48];
        snprintf(body, sizeof(body), "s'' 03 23 %04x 'x'", i);
        lab_send(&lab, UP, 0x30, body);
        snprintf(want, sizeof(want), "publish topic/%04x value:\"x\"", i);
        bool resolved = strstr(lab_text(&lab), want) != NULL;
        known += resolved;
        unknown += strstr(lab_text(&lab), "unresolved\n") != NULL;
        tw_text_clear(&lab.lines);
    }
    assert_int_equal(known, TW_MQTT_MAX_ALIASES);
    assert_int_equal(known + unknown, 65535);
    /* What was forgotten for want of room is no reason to accuse anybody. */
    lab_send(&lab, DOWN, 0x40, "0001");
    lab_send(&lab, UP, 0xC0, "");
    lab_end(&lab, TW_END_INPUT);
    assert_int_equal(lab.counters.malformed, 0);
    lab_free(&lab);
}

/* 100,000 filters in one SUBSCRIBE, each told with its own answer. */
static void as_many_subscriptions_as_fit(void **state)
{
    enum { FILTERS = 100000, EACH = 2 + 8 + 1 };
    struct lab lab;
    (void)state;
    uint8_t *p = malloc(16 + (size_t)FILTERS * EACH);
    assert_non_null(p);
    size_t n = 0;
    p[n++] = 0x82;
    for (size_t left = 2 + (size_t)FILTERS * EACH; left > 0; left >>= 7)
        p[n++] = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    p[n++] = 0;
    p[n++] = 1;
    for (unsigned i = 0; i < FILTERS; i++) {
        char filter[16];
        snprintf(filter, sizeof(filter), "f/%06u", i);
        p[n++] = 0;
        p[n++] = 8;
        memcpy(p + n, filter, 8);
        n += 8;
        p[n++] = (uint8_t)(i % 3);
    }
    begin(&lab);
    lab_bytes(&lab, UP, p, n);
    assert_int_equal(lab.lines.len, 0);
    n = 0;
    p[n++] = 0x90;
    for (size_t left = 2 + (size_t)FILTERS; left > 0; left >>= 7)
        p[n++] = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
    p[n++] = 0;
    p[n++] = 1;
    for (unsigned i = 0; i < FILTERS; i++)
        p[n++] = (uint8_t)(i % 3);
    lab_bytes(&lab, DOWN, p, n);
    const char *text = lab_text(&lab), *at = text;
    unsigned lines = 0;
    for (; (at = strchr(at, '\n')) != NULL; at++)
        lines++;
    assert_int_equal(lines, FILTERS);
    assert_non_null(
        strstr(text, "4>subscribe f/099999 status=GrantedQoS0 asked=3 id=1 asks=0 reason=00\n"));
    assert_non_null(
        strstr(text, "4>subscribe f/000002 status=GrantedQoS2 asked=3 id=1 asks=2 reason=02\n"));
    assert_true(tw_pool_stats(lab.env.pool).peak_bytes < (size_t)5 << 20);
    lab_end(&lab, TW_END_INPUT);
    assert_int_equal(lab.counters.malformed, 0);
    lab_free(&lab);
    free(p);
}

/* An announced length alone costs nothing, and neither do many of them. */
static void a_length_of_256_mb(void **state)
{
    static const uint8_t bytes[] = {0x30, 0xff, 0xff, 0xff, 0x7f, 0, 1, 't', 'x'};
    uint8_t more[1000] = {0};
    struct lab lab;
    (void)state;
    begin(&lab);
    lab.step = 1;
    lab_bytes(&lab, UP, bytes, sizeof(bytes));
    assert_true(tw_pool_stats(lab.env.pool).in_use_bytes <= 4096);
    lab.step = 0;
    for (unsigned i = 0; i < 5000; i++)
        lab_bytes(&lab, UP, more, sizeof(more));
    assert_true(tw_pool_stats(lab.env.pool).peak_bytes <= (size_t)6 << 20);
    assert_int_equal(lab.lines.len, 0);
    lab_end(&lab, TW_END_CLOSED);
    assert_string_equal(lab_text(&lab), "5004>disconnect status=null\n");
    lab_free(&lab);
}

static void goes_on_without_memory(void **state)
{
    struct lab lab;
    (void)state;
    lab_open(&lab, false);
    tw_pool_free(lab.env.pool);
    lab.env.pool = tw_pool_new(64);
    lab_send(&lab, UP, 0x10, "s'MQTT' 04 02 0000 s'x'");
    lab_send(&lab, DOWN, 0x20, "00 00");
    lab_send(&lab, UP, 0x82, "0001 s'f' 00");
    lab_send(&lab, UP, 0x32, "s'a' 0002 '1'");
    lab_send(&lab, DOWN, 0x40, "0002");
    lab_end(&lab, TW_END_INPUT);
    assert_string_equal(lab_text(&lab), "1>connect x status=null asked=1\n"
                                        "3>subscribe f status=null asked=3 id=1 asks=0\n"
                                        "4>publish a value:1 number q1 number 1 id=2\n");
    lab_free(&lab);
}

/* What a load balancer puts before CONNECT, however it is cut. */
static void passes_over_a_proxy_header(void **state)
{
    static const char *const headers[] = {
        "'PROXY TCP4 10.0.0.1 10.0.0.2 4000 1883' 0D0A",
        "0D0A0D0A000D0A515549540A 21 11 000C 0A000001 0A000002 0FA0 075B",
    };
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        for (size_t step = 1; step < 40; step++) {
            struct lab lab;
            uint8_t bytes[128];
            size_t n = lab_body(headers[i], bytes);
            n += lab_packet(0x10, "s'MQTT' 04 02 0000 s'x'", bytes + n);
            lab_open(&lab, false);
            lab.step = step;
            lab_bytes(&lab, UP, bytes, n);
            lab_send(&lab, DOWN, 0x20, "00 00");
            lab_end(&lab, TW_END_INPUT);
            assert_string_equal(lab_text(&lab), "2>connect x status=Success asked=1 reason=00\n");
            lab_free(&lab);
        }
    }
}

static void counts_every_packet(void **state)
{
    struct lab lab;
    uint8_t bytes[64];
    size_t n = 0;
    (void)state;
    begin(&lab);
    for (unsigned i = 0; i < 5; i++)
        n += lab_packet(0xC0, "", bytes + n);
    lab_bytes(&lab, UP, bytes, n);
    lab_end(&lab, TW_END_INPUT);
    assert_string_equal(lab_text(&lab), "");
    assert_int_equal(lab.counters.messages[TW_PROTO_MQTT][12], 5);
    assert_int_equal(lab.counters.messages[TW_PROTO_MQTT][1], 1);
    lab_free(&lab);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_huge_packet_is_told_at_its_end),
        cmocka_unit_test(a_hole_inside_a_packet_keeps_the_boundary),
        cmocka_unit_test(a_hole_inside_a_connect),
        cmocka_unit_test(a_hole_inside_a_subscribe),
        cmocka_unit_test(finds_a_boundary_again),
        cmocka_unit_test(joins_in_the_middle),
        cmocka_unit_test(tells_the_sides_by_what_they_send),
        cmocka_unit_test(an_alias_from_before_is_not_resolved),
        cmocka_unit_test(memory_is_bounded),
        cmocka_unit_test(as_many_subscriptions_as_fit),
        cmocka_unit_test(a_length_of_256_mb),
        cmocka_unit_test(goes_on_without_memory),
        cmocka_unit_test(passes_over_a_proxy_header),
        cmocka_unit_test(counts_every_packet),
    };
    return cmocka_run_group_tests_name("mqtt/framing", tests, NULL, NULL);
}
