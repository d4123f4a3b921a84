#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "guard.h"
#include "protocol/pubsub/topic.h"

static struct tw_pubsub_place place_of(struct guard *g, const char *topic)
{
    const size_t len = strlen(topic);
    struct tw_pubsub_place place;
    tw_pubsub_place(tw_str_bytes(guard_put(g, topic, len), len), NULL, &place);
    return place;
}

static const struct {
    const char *topic;
    enum tw_pubsub_encoding encoding;
    const char *publisher, *writer;
} rows[] = {
    {"opcua/json/data/41", TW_PUBSUB_JSON, "41", NULL},
    {"opcua/uadp/metadata/41/1/5", TW_PUBSUB_UADP, "41", "5"},
    {"a/b/c/json/status/x", TW_PUBSUB_JSON, "x", NULL},
    {"json/json/data/x", TW_PUBSUB_JSON, "x", NULL},
    {"uadp/json/json/data/x", TW_PUBSUB_JSON, "x", NULL},
    {"/json/data/x", TW_PUBSUB_JSON, "x", NULL},
    {"json/data/x", TW_PUBSUB_NEITHER, NULL, NULL},
    {"opcua/json/data", TW_PUBSUB_NEITHER, NULL, NULL},
    {"opcua/json/data/", TW_PUBSUB_NEITHER, NULL, NULL},
    {"opcua/json/else/41", TW_PUBSUB_NEITHER, NULL, NULL},
    {"opcua/jsons/data/41", TW_PUBSUB_NEITHER, NULL, NULL},
    {"1/2/3/4/5/6/7/8/json/data/41", TW_PUBSUB_JSON, "41", NULL},
    {"1/2/3/4/5/6/7/8/9/json/data/41", TW_PUBSUB_NEITHER, NULL, NULL},
    {"works/json", TW_PUBSUB_NEITHER, NULL, NULL},
    {"", TW_PUBSUB_NEITHER, NULL, NULL},
};

static void places_in_topics(void **state)
{
    struct guard g = guard_new();
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct tw_pubsub_place p = place_of(&g, rows[i].topic);
        if (p.encoding != rows[i].encoding)
            fail_msg("%s", rows[i].topic);
        assert_true(tw_str_eq(p.publisher, tw_str_of(rows[i].publisher)));
        assert_true(tw_str_eq(p.writer, tw_str_of(rows[i].writer)));
    }
    guard_free(&g);
}

/* Wherever the encoding begins, and whatever stands behind it. */
static void at_every_offset(void **state)
{
    static const char prefix[] = "a-long-prefix-of-one-level";
    static const char publisher[] = "the-publisher-with-a-long-name";
    struct guard g = guard_new();
    char topic[96];
    (void)state;
    for (int before = 0; before < (int)sizeof(prefix); before++) {
        for (int behind = 0; behind < (int)sizeof(publisher); behind++) {
            (void)snprintf(
                topic, sizeof(topic), "%.*s/uadp/data/%.*s", before, prefix, behind, publisher);
            const struct tw_pubsub_place p = place_of(&g, topic);
            assert_int_equal(p.encoding, behind > 0 ? TW_PUBSUB_UADP : TW_PUBSUB_NEITHER);
            assert_int_equal(p.publisher.len, behind);
        }
    }
    guard_free(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_in_topics),
        cmocka_unit_test(at_every_offset),
    };
    return cmocka_run_group_tests_name("pubsub/topic", tests, NULL, NULL);
}
