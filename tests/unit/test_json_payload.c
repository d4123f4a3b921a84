#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/text.h"
#include "event/emit_json.h"
#include "guard.h"
#include "protocol/payload.h"

static void leaf_line(void *user, const struct tw_event *e)
{
    struct tw_text *t = user;
    tw_text_addf(t, "%.*s:", TW_STR_ARG(e->field));
    tw_value_json(t, &e->value);
    tw_text_addf(t, " %s%s\n", e->type != NULL ? e->type : "-", e->truncated ? " truncated" : "");
}

/* "FORMAT[:VALUE TYPE][ truncated]" and a line for each leaf. */
static void describe(struct tw_str topic, struct tw_str payload, struct tw_text *out)
{
    struct tw_mqtt_info mqtt = {.payload = payload};
    const struct tw_event message = {.object = topic, .mqtt = &mqtt};
    const struct tw_emit emit = {leaf_line, out};
    struct tw_payload p;
    tw_text_clear(out);
    tw_payload_read(NULL, topic, NULL, payload, &p);
    tw_text_addz(out, p.format);
    if (p.value.kind != TW_VALUE_NONE) {
        tw_text_addz(out, ":");
        tw_value_json(out, &p.value);
        tw_text_addf(out, " %s", p.type != NULL ? p.type : "-");
    }
    tw_text_addf(out, "%s\n", p.truncated ? " truncated" : "");
    tw_payload_leaves(&message, &emit);
    tw_text_add(out, "", 1);
    out->len--;
}

static const struct {
    const char *topic, *payload, *lines;
} rows[] = {
    {"t", "", "empty\n"},
    {"t", "21.5", "number:21.5 number\n"},
    {"t", " -3 \n", "number:-3 number\n"},
    {"t", "9007199254740993", "number:9007199254740993 number\n"},
    {"t", "true", "json:true boolean\n"},
    {"t", "null", "json:null -\n"},
    {"t", "\"on\"", "json:\"on\" string\n"},
    {"t", "\"\\u00b0C\"", "json:\"\xc2\xb0\x43\" string\n"},
    {"t", "ON", "text:\"ON\" string\n"},
    {"t", "+5", "text:\"+5\" string\n"},
    {"t", "NaN", "text:\"NaN\" string\n"},
    {"t", "1,5", "text:\"1,5\" string\n"},
    {"t", "{\"a\":1", "text:\"{\\\"a\\\":1\" string\n"},
    {"t", "temp=3\nhum=4", "text:\"temp=3\\nhum=4\" string\n"},
    {"t", "gr\xc3\xbcn", "text:\"gr\xc3\xbcn\" string\n"},
    {"t", "\xff\xd8\xff", "binary\n"},
    {"t", "\x01\x02", "binary\n"},
    {"t", "{\"a\":\"\xff\"}", "binary\n"},
    {"t", "{}", "json\n"},
    {"t", "[[],{}]", "json\n"},
    {"t", "{\"v\":0.31,\"ok\":true,\"s\":\"x\",\"n\":null}",
        "json\n/v:0.31 number\n/ok:true boolean\n/s:\"x\" string\n/n:null -\n"},
    {"t", "[1,[2,{\"a\":3}],4]",
        "json\n/0:1 number\n/1/0:2 number\n/1/1/a:3 number\n/2:4 number\n"},
    {"t", "{\"a\":{\"b\":[{\"c\":1},{\"c\":2}]},\"d\":3}",
        "json\n/a/b/0/c:1 number\n/a/b/1/c:2 number\n/d:3 number\n"},
    {"t", "{\"a~b/c\":1,\"\":2,\"\\u00e9\\/\":3}",
        "json\n/a~0b~1c:1 number\n/:2 number\n/\xc3\xa9~1:3 number\n"},
    {"t", "{\"a\":1,\"a\":2}", "json\n/a:1 number\n/a:2 number\n"},
    {"t", "{\"v\":NaN,\"w\":-Infinity}", "json\n/v:\"NaN\" number\n/w:\"-Infinity\" number\n"},
    {"t", "{\"e\":{},\"f\":[],\"g\":1}", "json\n/g:1 number\n"},
    {"t", "[\"a\\n\\\"b\"]", "json\n/0:\"a\\n\\\"b\" string\n"},
    /* secrets: by the leaf's name, by that of an object around it, by the topic */
    {"t", "{\"password\":\"x\",\"db_password\":7,\"user\":\"u\",\"token\":null}",
        "json\n/password:\"(redacted)\" string\n/db_password:\"(redacted)\" string\n"
        "/user:\"u\" string\n/token:null -\n"},
    {"t", "{\"secret\":{\"a\":[1,[2]]},\"b\":3}",
        "json\n/secret/a/0:\"(redacted)\" string\n/secret/a/1/0:\"(redacted)\" string\n/b:3 "
        "number\n"},
    {"t", "[{\"token\":[1]},2]", "json\n/0/token/0:\"(redacted)\" string\n/1:2 number\n"},
    {"dev/token", "abc", "text:\"(redacted)\" string\n"},
    {"dev/token", "{\"value\":\"abc\",\"n\":[1]}",
        "json\n/value:\"(redacted)\" string\n/n/0:\"(redacted)\" string\n"},
    {"t", "18446744073709551615", "number:18446744073709551615 number\n"},
    {"dev/token", "", "empty\n"},
    /* chosen by topic, never by trial */
    {"spBv1.0/g/NDATA/e", "\x08\x01", "sparkplug\n"},
    {"spBv1.0/g/NDATA/e", "{\"a\":1}", "sparkplug\n:null -\n"}, /* malformed */
    {"spBv1.0/STATE/h", "{\"online\":true}", "json\n/online:true boolean\n:null -\n"},
};

static void reads_payloads(void **state)
{
    struct guard g = guard_new();
    struct tw_text out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t n = strlen(rows[i].payload);
        struct tw_str payload = tw_str_bytes(guard_put(&g, rows[i].payload, n), n);
        describe(tw_str_of(rows[i].topic), payload, &out);
        assert_string_equal(out.p, rows[i].lines);
        for (size_t keep = 0; keep < n; keep++) {
            payload = tw_str_bytes(guard_put(&g, rows[i].payload, keep), keep);
            describe(tw_str_of(rows[i].topic), payload, &out);
        }
    }
    tw_text_free(&out);
    guard_free(&g);
}

static void count_leaf(void *user, const struct tw_event *e)
{
    unsigned *n = user;
    assert_true(e->value.kind == TW_VALUE_INT && e->value.i == (int64_t)*n);
    ++*n;
}

/* More tokens than the tape holds; more leaves than are given. */
static void gives_many_leaves_but_not_all(void **state)
{
    static const unsigned counts[] = {1, TW_PAYLOAD_TAPE - 4, TW_PAYLOAD_TAPE - 3, TW_PAYLOAD_TAPE,
        TW_MAX_LEAVES, TW_MAX_LEAVES + 1};
    (void)state;
    for (size_t i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        struct tw_text text = {0};
        const struct tw_event message = {.object = TW_STR("t")};
        unsigned n = 0;
        const struct tw_emit emit = {count_leaf, &n};
        struct tw_payload p;
        tw_json_array(&text);
        for (unsigned k = 0; k < counts[i]; k++)
            tw_json_u64(&text, k);
        tw_json_array_end(&text);
        tw_payload_read(NULL, message.object, NULL, tw_text_str(&text), &p);
        assert_string_equal(p.format, "json");
        assert_int_equal(p.truncated, counts[i] > TW_MAX_LEAVES);
        tw_payload_expand(&p, &message, &emit);
        assert_int_equal(n, counts[i] > TW_MAX_LEAVES ? TW_MAX_LEAVES : counts[i]);
        tw_text_free(&text);
    }
}

static struct tw_str filled(char *p, const char *start, size_t n, char c, const char *end)
{
    size_t a = strlen(start), b = strlen(end);
    memcpy(p, start, a);
    memset(p + a, c, n);
    memcpy(p + a + n, end, b);
    return (struct tw_str){p, a + n + b};
}

static void keep_last(void *user, const struct tw_event *e)
{
    struct tw_event *last = user;
    *last = *e;
    last->field.p = NULL; /* only its length is good afterwards */
    if (last->value.kind == TW_VALUE_STRING)
        last->value.s.p = NULL;
}

static void cuts_what_is_long(void **state)
{
    char *p = malloc(10000);
    struct tw_payload read;
    struct tw_event last = {0};
    struct tw_mqtt_info mqtt = {0};
    const struct tw_event message = {.object = TW_STR("t"), .mqtt = &mqtt};
    const struct tw_emit emit = {keep_last, &last};
    (void)state;
    tw_payload_read(NULL, message.object, NULL, filled(p, "", 5000, 'x', ""), &read);
    assert_true(read.truncated && read.value.truncated);
    assert_int_equal(read.value.s.len, TW_MAX_EVENT_STRING);
    mqtt.payload = filled(p, "[\"", 5000, 'x', "\\n\"]");
    tw_payload_leaves(&message, &emit);
    assert_true(last.truncated && last.value.truncated);
    assert_int_equal(last.value.s.len, TW_MAX_EVENT_STRING);
    mqtt.payload = filled(p, "{\"", 5000, 'k', "\":1}");
    tw_payload_leaves(&message, &emit);
    assert_true(last.truncated && last.field.len <= TW_MAX_TOPIC && last.value.i == 1);
    mqtt.payload = filled(p, "", 70, '[', "");
    tw_payload_read(NULL, message.object, NULL, mqtt.payload, &read);
    assert_true(read.truncated && read.container);
    assert_string_equal(read.format, "json");
    free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_payloads),
        cmocka_unit_test(gives_many_leaves_but_not_all),
        cmocka_unit_test(cuts_what_is_long),
    };
    return cmocka_run_group_tests_name("json/payload", tests, NULL, NULL);
}
