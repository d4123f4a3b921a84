#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"
#include "event/emit_json.h"
#include "guard.h"
#include "protocol/payload_json.h"

static const struct tw_str topic = {"works/line1/cell7/telemetry", 27};

static void collect(void *user, const struct tw_event *event)
{
    tw_event_json(user, event);
    tw_text_addz(user, "\n");
}

static void leaves_of(const struct tw_payload *p, struct tw_text *out)
{
    const struct tw_event message = {.protocol = TW_PROTO_MQTT, .object = topic};
    const struct tw_emit emit = {collect, out};
    tw_text_clear(out);
    tw_payload_expand(p, &message, &emit);
}

/* Read with and without shapes it says the same. Was it read by its shape? */
static bool is_shaped(struct tw_shapes *shapes, struct guard *g, const char *text)
{
    static struct tw_text a, b;
    struct tw_payload with, without;
    const struct tw_str s = tw_str_bytes(guard_put(g, text, strlen(text)), strlen(text));
    tw_payload_read(shapes, topic, NULL, s, &with);
    tw_payload_read(NULL, topic, NULL, s, &without);
    assert_string_equal(with.format, without.format);
    assert_int_equal(with.container, without.container);
    assert_int_equal(with.problem, without.problem);
    assert_int_equal(with.decision.len, without.decision.len);
    assert_int_equal(with.place.encoding, without.place.encoding);
    leaves_of(&with, &a);
    leaves_of(&without, &b);
    assert_true(tw_str_eq(tw_text_str(&a), tw_text_str(&b)));
    return with.shape != NULL;
}

static void learn(struct tw_shapes *shapes, struct guard *g, const char *text)
{
    assert_false(is_shaped(shapes, g, text));
    assert_false(is_shaped(shapes, g, text));
}

static const char first[] =
    "{\"ts\":17724312, \"temp\" : -38.62e0,\"v\":[1,2.5,true,{\"a~/b\":null}],\"mode\":\"auto\","
    "\"login\":{\"user\":\"x\",\"password\":\"secret\"},\"none\":{},\"list\":[ ]}\n";

static void a_text_of_the_same_shape(void **state)
{
    static const char *const rows[] = {first,
        "{\"ts\":17724313, \"temp\" : "
        "null,\"v\":[\"x\",-0,false,{\"a~/b\":99999999999999999999}],\"mode\":"
        "\"\\u00e9 \\\"x\\\"\",\"login\":{\"user\":1,\"password\":true},\"none\":{},\"list\":[ "
        "]}\n",
        "{\"ts\":17724314, \"temp\" : "
        "NaN,\"v\":[1,2.5,true,{\"a~/b\":Infinity}],\"mode\":\"gr\xc3\xbcn\","
        "\"login\":{\"user\":\"x\",\"password\":null},\"none\":{},\"list\":[ ]}\n"};
    struct guard g = guard_new();
    struct tw_shapes *shapes = tw_shapes_new();
    (void)state;
    learn(shapes, &g, first);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_true(is_shaped(shapes, &g, rows[i]));
    tw_shapes_free(shapes);
    guard_free(&g);
}

static void a_text_of_another(void **state)
{
    static const char base[] = "{\"a_long_key\":1,\"b\":[2,\"x\"],\"c\":{\"d\":3}}";
    static const char *const rows[] = {
        "{\"a_long_key\":1,\"b\":[2,\"x\"],\"c\":{\"d\":3}} ",  /* more behind it */
        "{\"a_long_key\":1,\"b\":[2,\"x\"],\"c\":{\"d\":3}",    /* less */
        "{\"a_long_key\":1,\"b\":[2,\"x\"],\"c\":{\"e\":3}}",   /* another key */
        "{\"a_long_key\":1,\"b\":[2,\"x\"],\"c\":{\"d\":[]}}",  /* a container for a scalar */
        "{\"a_long_key\":1,\"b\":[2,\"x\",3],\"c\":{\"d\":3}}", /* one more */
        "{\"a_long_key\":01,\"b\":[2,\"x\"],\"c\":{\"d\":3}}",  /* no number */
        "{\"a_long_key\":1x,\"b\":[2,\"x\"],\"c\":{\"d\":3}}",
        "{\"a_long_key\":,\"b\":[2,\"x\"],\"c\":{\"d\":3}}",
        "{\"a_long_key\":1,\"b\":[2,\"\xff\"],\"c\":{\"d\":3}}", /* no UTF-8 */
        "{\"a_long_key\":1,\"b\":[2,\"x\n\"],\"c\":{\"d\":3}}",
        "{\"a_long_key\":1,\"b\":[2,\"x],\"c\":{\"d\":3}}"};
    struct guard g = guard_new();
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_shapes *shapes = tw_shapes_new();
        learn(shapes, &g, base);
        assert_true(is_shaped(shapes, &g, base));
        assert_false(is_shaped(shapes, &g, rows[i]));
        assert_true(is_shaped(shapes, &g, base));
        tw_shapes_free(shapes);
    }
    guard_free(&g);
}

/* Each of them says something of itself that is looked at anew. */
static void texts_without_a_shape(void **state)
{
    static const char *const rows[] = {"{\"a\":1,\"b\":22,\"a\":333}",
        "{\"a\":1,\"_ai\":{\"agent\":\"x\"}}", "{\"x\":{\"_ai\":\"deep, but a key\"}}",
        "{\"MessageType\":\"ua-data\",\"Messages\":[]}",
        "{\"MessageType\":\"others do too\",\"x\":1}", "{\"\\u0061bcdefgh\":1,\"x\":22}", "[1,2]",
        "{\"a\":{},\"bcdefghijk\":[]}", "123456789012345678", "\"a text of more than 16\""};
    struct guard g = guard_new();
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_shapes *shapes = tw_shapes_new();
        for (unsigned n = 0; n < 1000; n++)
            assert_false(is_shaped(shapes, &g, rows[i]));
        tw_shapes_free(shapes);
    }
    guard_free(&g);
}

/* Values as numbers that are no JSON any more where they are cut: the shape never helps. */
static void every_truncation(void **state)
{
    struct guard g = guard_new();
    struct tw_shapes *shapes = tw_shapes_new();
    char cut[sizeof(first)];
    (void)state;
    learn(shapes, &g, first);
    for (size_t n = 1; n + 1 < sizeof(first); n++) {
        memcpy(cut, first, n);
        cut[n] = '\0';
        (void)is_shaped(shapes, &g, cut);
        (void)is_shaped(shapes, &g, first);
    }
    assert_true(is_shaped(shapes, &g, first));
    tw_shapes_free(shapes);
    guard_free(&g);
}

/* A shape that is not used any more makes room for one whose texts begin the same way. */
static void the_next_one(void **state)
{
    static const char before[] = "{\"a_long_key\":1,\"b\":2}",
                      after[] = "{\"a_long_key\":1,\"c\":2}";
    struct guard g = guard_new();
    struct tw_shapes *shapes = tw_shapes_new();
    (void)state;
    learn(shapes, &g, before);
    for (unsigned i = 0; i < 3; i++) {
        assert_false(is_shaped(shapes, &g, after)); /* rare ones do not drive it out */
        assert_true(is_shaped(shapes, &g, before));
    }
    for (unsigned i = 0; i < 8; i++)
        (void)is_shaped(shapes, &g, after);
    assert_true(is_shaped(shapes, &g, after));
    assert_false(is_shaped(shapes, &g, before));
    tw_shapes_free(shapes);
    guard_free(&g);
}

/* Under a topic that is called as a secret is every leaf one. */
static void a_secret_topic(void **state)
{
    const struct tw_event message = {.protocol = TW_PROTO_MQTT, .object = TW_STR("line1/password")};
    static struct tw_text out;
    const struct tw_emit emit = {collect, &out};
    struct tw_shapes *shapes = tw_shapes_new();
    struct tw_payload p;
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        tw_payload_read(
            shapes, message.object, NULL, TW_STR("{\"given\":\"abc\",\"n\":\"def\"}"), &p);
    assert_non_null(p.shape);
    tw_payload_expand(&p, &message, &emit);
    assert_true(out.len > 0);
    assert_null(memmem(out.p, out.len, "abc", 3));
    assert_null(memmem(out.p, out.len, "def", 3));
    tw_shapes_free(shapes);
}

/* Who is asked about the leaves of a message. */
struct asked {
    bool takes_many, takes_one;
    unsigned n_asked, n_passed, n_emitted;
};

static bool on_asked(void *user, const struct tw_event *leaf)
{
    struct asked *a = user;
    a->n_asked++;
    if (leaf->alike > 0 ? !a->takes_many : !a->takes_one)
        return false;
    if (leaf->alike > 0)
        assert_true(tw_str_is(leaf->field, "/a"));
    a->n_passed += 1 + leaf->alike;
    return true;
}

static void on_emitted(void *user, const struct tw_event *leaf)
{
    struct asked *a = user;
    assert_int_equal(leaf->alike, 0);
    a->n_emitted++;
}

/* Numbers pass as one, or each by itself; what is no plain number, or a secret, never with them. */
static void numbers_pass_together(void **state)
{
    const struct tw_str text =
        TW_STR("{\"a\":1,\"b\":-2.5,\"c\":\"x\",\"d\":0.5,\"e\":true,\"f\":NaN,\"g\":1e-310,"
               "\"password\":7,\"h\":null}");
    static const struct {
        struct asked in;
        unsigned asked, passed, emitted;
    } rows[] = {{{.takes_many = true, .takes_one = true}, 7, 9, 0}, {{.takes_many = true}, 7, 3, 6},
        {{.takes_one = true}, 10, 9, 0}, {{.takes_one = false}, 10, 0, 9}};
    const struct tw_event message = {.protocol = TW_PROTO_MQTT, .object = topic};
    struct tw_shapes *shapes = tw_shapes_new();
    struct tw_payload p;
    (void)state;
    for (unsigned i = 0; i < 3; i++)
        tw_payload_read(shapes, topic, NULL, text, &p);
    assert_non_null(p.shape);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct asked a = rows[i].in;
        const struct tw_emit out = {on_emitted, &a};
        tw_payload_expand_json(&p, &message, NULL, on_asked, &out);
        assert_int_equal(a.n_asked, rows[i].asked);
        assert_int_equal(a.n_passed, rows[i].passed);
        assert_int_equal(a.n_emitted, rows[i].emitted);
    }
    tw_shapes_free(shapes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_text_of_the_same_shape),
        cmocka_unit_test(a_text_of_another),
        cmocka_unit_test(texts_without_a_shape),
        cmocka_unit_test(every_truncation),
        cmocka_unit_test(the_next_one),
        cmocka_unit_test(a_secret_topic),
        cmocka_unit_test(numbers_pass_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
