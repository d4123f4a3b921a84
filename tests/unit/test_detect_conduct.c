#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/timefmt.h"
#include "detect/conduct.h"

/* What is remembered of AI systems, and how much of it. What rules make of it is in the tests of
 * rules. */

#define SECOND TW_NS_PER_S

static int64_t now_ns;

static struct tw_facts agent(uint32_t ai)
{
    static const char *const ids[] = {"", "a", "b", "c"};
    return (struct tw_facts){.actor = {.id = tw_str_of(ids[ai]),
                                 .kind = TW_ACTOR_AI_SYSTEM,
                                 .ai = ai,
                                 .model_name = TW_STR("m")}};
}

static struct tw_event write_to(const char *object)
{
    return (struct tw_event){.ts_ns = now_ns,
        .protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_WRITE,
        .object = tw_str_of(object)};
}

static struct tw_conduct_facts did(struct tw_deeds *d, uint32_t ai, const char *object)
{
    struct tw_conduct_facts out = {.known_ns = 0};
    const struct tw_facts facts = agent(ai);
    const struct tw_event e = write_to(object);
    assert_true(tw_deeds_event(d, &e, &facts, &out));
    return out;
}

static void what_was_never_done(void **state)
{
    struct tw_deeds *d = tw_deeds_new(3);
    (void)state;
    now_ns = 1000 * SECOND;
    assert_false(did(d, 1, "x").has_first); /* everything is new */
    now_ns += 299 * SECOND;
    assert_false(did(d, 1, "y").has_first);
    now_ns += SECOND;
    struct tw_conduct_facts out = did(d, 1, "z");
    assert_true(out.has_first && out.first);
    assert_int_equal(300 * SECOND, out.known_ns);
    out = did(d, 1, "z");
    assert_true(out.has_first && !out.first);
    assert_false(did(d, 2, "z").has_first); /* another one, just come */
    tw_deeds_free(d);
}

static void who_does_everything_is_left_alone(void **state)
{
    struct tw_deeds *d = tw_deeds_new(3);
    char object[32];
    (void)state;
    now_ns = 1000 * SECOND;
    for (int i = 0; i < 4096; i++) {
        snprintf(object, sizeof(object), "n%d", i);
        (void)did(d, 1, object);
    }
    (void)did(d, 2, "x");
    now_ns += 600 * SECOND;
    assert_false(did(d, 1, "another").has_first);
    assert_true(did(d, 1, "n7").has_first); /* that it was seen is still known */
    assert_false(did(d, 1, "n7").first);
    assert_true(did(d, 2, "another").first);
    tw_deeds_free(d);
}

static void steps_in_common(void **state)
{
    struct tw_deeds *d = tw_deeds_new(3);
    (void)state;
    now_ns = 1000 * SECOND;
    for (uint32_t ai = 1; ai <= 3; ai++)
        (void)did(d, ai, "x");
    now_ns += 600 * SECOND;
    assert_int_equal(1, did(d, 1, "gate").alike);
    now_ns += 30 * SECOND;
    assert_int_equal(2, did(d, 2, "gate").alike);
    assert_int_equal(0, did(d, 2, "gate").alike); /* not new any more */
    now_ns += 31 * SECOND;
    assert_int_equal(2, did(d, 3, "gate").alike); /* the first was too long ago */
    tw_deeds_free(d);
}

static void others_under_its_name(void **state)
{
    struct tw_deeds *d = tw_deeds_new(1);
    struct tw_conduct_facts out = {.known_ns = 0};
    struct tw_facts facts = agent(1);
    struct tw_event e = write_to("x");
    (void)state;
    facts.actor.identity = TW_IDENTITY_MISMATCH;
    facts.actor.certain = true;
    assert_false(tw_deeds_event(d, &e, &facts, &out));
    facts = agent(1);
    e.field = TW_STR("/leaf"); /* its message was counted */
    assert_false(tw_deeds_event(d, &e, &facts, &out));
    e.field = TW_STR_NONE;
    e.phase = 1; /* a deadline */
    assert_false(tw_deeds_event(d, &e, &facts, &out));
    tw_deeds_free(d);
}

/* Of another inventory: "b" is the first now, "a" is gone, "c" is new. */
static void another_inventory(void **state)
{
    static const size_t before[] = {1, 2};
    const struct tw_conduct_order order = {.before = before, .n = 2, .n_before = 2};
    struct tw_deeds *old = tw_deeds_new(2), *d = tw_deeds_new(2);
    (void)state;
    now_ns = 1000 * SECOND;
    (void)did(old, 1, "x");
    (void)did(old, 2, "y");
    now_ns += 600 * SECOND;
    tw_deeds_adopt(d, old, &order);
    tw_deeds_free(old);
    struct tw_facts facts = agent(2);
    struct tw_conduct_facts out = {.known_ns = 0};
    facts.actor.ai = 1;
    struct tw_event e = write_to("y");
    assert_true(tw_deeds_event(d, &e, &facts, &out));
    assert_true(out.has_first && !out.first);
    e = write_to("x");
    assert_true(tw_deeds_event(d, &e, &facts, &out));
    assert_true(out.first);
    facts = agent(3);
    facts.actor.ai = 2;
    assert_true(tw_deeds_event(d, &e, &facts, &out));
    assert_int_equal(0, out.known_ns);
    tw_deeds_free(d);
}

static uint32_t connects(struct tw_names_seen *s, const char *ip, const char *name)
{
    struct tw_conduct_facts out = {.known_ns = 0};
    struct tw_facts facts = {.actor = {.client_id = tw_str_of(name)}};
    struct tw_event e = {.ts_ns = now_ns, .protocol = TW_PROTO_MQTT, .action = TW_ACTION_CONNECT};
    assert_true(tw_ip_parse(tw_str_of(ip), &e.src.ip));
    return tw_names_seen_event(s, &e, &facts, &out) ? out.new_names : 0;
}

static void names_at_an_address(void **state)
{
    struct tw_names_seen *s = tw_names_seen_new();
    char name[32];
    (void)state;
    now_ns = 1000 * SECOND;
    assert_int_equal(0, connects(s, "10.7.0.1", NULL));
    for (unsigned i = 0; i < 200; i++) {
        snprintf(name, sizeof(name), "n%u", i);
        assert_int_equal(i < 32 ? i + 1 : 32, connects(s, "10.7.0.1", name));
        assert_int_equal(i < 32 ? i + 1 : 32, connects(s, "10.7.0.1", name));
    }
    assert_int_equal(1, connects(s, "10.7.0.2", "n1"));
    now_ns += 3601 * SECOND;
    assert_int_equal(1, connects(s, "10.7.0.1", "m"));
    assert_int_equal(0, tw_names_seen_evictions(s));
    for (unsigned i = 0; i < 1023; i++) {
        snprintf(name, sizeof(name), "10.8.%u.%u", i / 256, i % 256);
        assert_int_equal(1, connects(s, name, "x"));
    }
    assert_int_equal(1, tw_names_seen_evictions(s));
    tw_names_seen_free(s);
}

static const struct tw_rule marker = {.info = {.id = "R-1"}, .mark = TW_MARK_INJECTED};

/* What "a" knows when it acts, after `e` was marked or not. */
static struct tw_conduct_facts acts(struct tw_marks *m, int64_t after_ns)
{
    struct tw_conduct_facts out = {.known_ns = 0};
    const struct tw_facts facts = agent(1);
    now_ns += after_ns;
    const struct tw_event e = write_to("z");
    (void)tw_marks_event(m, &e, &facts, &out);
    return out;
}

static void texts_that_reach_an_agent(void **state)
{
    struct tw_marks *m = tw_marks_new(1);
    struct tw_facts desk = {.actor = {.id = TW_STR("desk")}}, reader = agent(1);
    struct tw_conduct_facts out = {.known_ns = 0};
    (void)state;
    now_ns = 1000 * SECOND;
    struct tw_event e = write_to("note");
    e.value = (struct tw_value){.kind = TW_VALUE_STRING, .s = TW_STR("obey")};
    e.packet = 7;
    (void)tw_marks_event(m, &e, &desk, &out);
    tw_marks_set(m, &marker, &e, &desk);
    assert_int_equal(0, acts(m, SECOND).injected_ns); /* not read so far */
    e.action = TW_ACTION_READ;
    e.ts_ns = now_ns;
    e.packet = 9;
    e.value.s = TW_STR("something else now");
    (void)tw_marks_event(m, &e, &reader, &out);
    assert_int_equal(0, acts(m, SECOND).injected_ns);
    e.value.s = TW_STR("obey");
    e.ts_ns = now_ns;
    (void)tw_marks_event(m, &e, &reader, &out);
    assert_int_equal(0, out.injected_ns); /* that it reads it is not what follows */
    out = acts(m, SECOND);
    assert_int_equal(SECOND, now_ns - out.injected_ns);
    assert_int_equal(9, out.injected_packet);
    assert_true(tw_str_is(out.injected_object, "note"));
    assert_true(tw_str_is(out.injected_by, "desk"));
    tw_marks_free(m);
}

/* A deviation of what a server told its client is of the server's node, which others read. */
static void doubts_about_what_deviates(void **state)
{
    static const struct tw_rule doubter = {.info = {.id = "R-2"}, .mark = TW_MARK_DOUBTFUL};
    const struct tw_deviation frozen = {.kind = TW_DEVIATION_FROZEN};
    const struct tw_facts plc = {.actor = {.id = TW_STR("plc")}},
                          trainer = {.actor = {.id = TW_STR("lab"), .trainer = true}};
    struct tw_marks *m = tw_marks_new(1);
    struct tw_conduct_facts out = {.known_ns = 0};
    (void)state;
    now_ns = 1000 * SECOND;
    struct tw_event e = write_to("ns=2;s=Flow"), collected = e;
    e.protocol = collected.protocol = TW_PROTO_OPCUA;
    collected.action = TW_ACTION_READ;
    assert_true(tw_ip_parse(TW_STR("10.7.0.10"), &e.src.ip));
    assert_true(tw_ip_parse(TW_STR("10.7.0.40"), &e.dst.ip));
    assert_true(tw_ip_parse(TW_STR("10.7.0.70"), &collected.src.ip));
    collected.dst = e.src;
    e.action = TW_ACTION_DEVIATION;
    e.deviation = &frozen;
    assert_false(tw_marks_event(m, &collected, &trainer, &out));
    tw_marks_set(m, &doubter, &e, &plc);
    assert_true(tw_marks_event(m, &collected, &trainer, &out));
    assert_true(tw_str_is(out.doubt_object, "ns=2;s=Flow"));
    assert_true(tw_str_is(out.doubt_rule, "R-2"));
    /* The client has no such node. */
    collected.dst = e.dst;
    assert_false(tw_marks_event(m, &collected, &trainer, &out));
    tw_marks_free(m);
}

static void many_marks(void **state)
{
    struct tw_marks *m = tw_marks_new(1);
    const struct tw_facts desk = {.actor = {.id = TW_STR("desk")}};
    char object[400];
    (void)state;
    for (unsigned i = 0; i < 1030; i++) {
        snprintf(object, sizeof(object), "%0*u", 100 + (int)i % 200, i); /* some are cut */
        const struct tw_event e = write_to(object);
        tw_marks_set(m, &marker, &e, &desk);
    }
    assert_int_equal(6, tw_marks_evictions(m));
    tw_marks_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_never_done),
        cmocka_unit_test(who_does_everything_is_left_alone),
        cmocka_unit_test(steps_in_common),
        cmocka_unit_test(others_under_its_name),
        cmocka_unit_test(another_inventory),
        cmocka_unit_test(names_at_an_address),
        cmocka_unit_test(texts_that_reach_an_agent),
        cmocka_unit_test(doubts_about_what_deviates),
        cmocka_unit_test(many_marks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
