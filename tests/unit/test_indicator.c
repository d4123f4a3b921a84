#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/timefmt.h"
#include "config_help.h"
#include "event/carrier.h"
#include "guard.h"
#include "indicator/pattern.h"

/* ---- patterns */

static const struct {
    const char *pattern;
    const char *said; /* "type=value;" for each comparison, or why it is not used */
} patterns[] = {
    {"[ipv4-addr:value = '198.51.100.1']", "ipv4-addr=198.51.100.1;"},
    {" [ ipv4-addr:value='198.51.100.1' ] ", "ipv4-addr=198.51.100.1;"},
    {"[ipv4-addr:value = '1.1.1.1' OR domain-name:value = 'a.example']",
        "ipv4-addr=1.1.1.1;domain-name=a.example;"},
    {"[ipv4-addr:value = '1.1.1.1'] OR [domain-name:value = 'a.example']",
        "ipv4-addr=1.1.1.1;domain-name=a.example;"},
    {"[domain-name:value IN ('a.example','b.example' , 'c.example')]",
        "domain-name=a.example;domain-name=b.example;domain-name=c.example;"},
    {"[file:hashes.'SHA-256' = 'ab']", "file=ab;"},
    {"[x509-certificate:hashes.'SHA-1' = 'ab']", "x509-certificate=ab;"},
    {"[x-tierwatch-mqtt:client_id = 'it\\'s \\\\ x']", "x-tierwatch-mqtt=it's \\ x;"},
    {"", "an observation in brackets is expected"},
    {"ipv4-addr:value = '1.1.1.1'", "an observation in brackets is expected"},
    {"[ipv4-addr:value != '1.1.1.1']", "it compares by something else than = and IN"},
    {"[ipv4-addr:value LIKE '1.1.%']", "it compares by something else than = and IN"},
    {"[ipv4-addr:value = '1.1.1.1' AND domain-name:value = 'a']",
        "it joins comparisons by something else than OR"},
    {"[ipv4-addr:value = '1.1.1.1'] FOLLOWEDBY [domain-name:value = 'a']",
        "it joins observations by something else than OR"},
    {"[ipv4-addr:value = '1.1.1.1'] WITHIN 60 SECONDS",
        "it joins observations by something else than OR"},
    {"[process:name = 'x']", "it compares something that is not looked at here"},
    {"[ipv4-addr]", "an object and its property are expected"},
    {"[ipv4-addr:value = 5]", "a text in single quotes is expected"},
    {"[ipv4-addr:value = '1.1.1.1", "a text does not end"},
    {"[ipv4-addr:value = '1.1.1.1\\", "a text does not end"},
    {"[ipv4-addr:value = '']", "a value is empty"},
    {"[ipv4-addr:value IN ('1.1.1.1'", "a list does not end"},
};

static void read_pattern(struct tw_str pattern, char *out, size_t size)
{
    static struct tw_compared compared[TW_INDICATOR_VALUES];
    char room[512];
    const char *why = NULL;
    size_t len = 0;
    out[0] = '\0';
    const size_t n = tw_pattern_read(pattern, room, compared, &why);
    for (size_t i = 0; i < n; i++)
        len += (size_t)snprintf(out + len, size - len, "%.*s=%.*s;", TW_STR_ARG(compared[i].type),
            TW_STR_ARG(compared[i].value));
    if (n == 0)
        snprintf(out, size, "%s", why);
}

static void patterns_that_are_used(void **state)
{
    char said_[512];
    (void)state;
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        read_pattern(tw_str_of(patterns[i].pattern), said_, sizeof(said_));
        assert_string_equal(patterns[i].said, said_);
    }
}

static void patterns_that_are_cut_short(void **state)
{
    struct guard g = guard_new();
    char said_[512];
    (void)state;
    for (size_t i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        for (size_t len = 0; len <= strlen(patterns[i].pattern); len++)
            read_pattern(
                tw_str_bytes(guard_put(&g, patterns[i].pattern, len), len), said_, sizeof(said_));
    }
    guard_free(&g);
}

static void more_values_than_are_kept(void **state)
{
    char text[2048] = "[domain-name:value IN ('a'";
    static char room[2048];
    static struct tw_compared compared[TW_INDICATOR_VALUES];
    const char *why = NULL;
    (void)state;
    for (int i = 1; i < TW_INDICATOR_VALUES; i++)
        strcat(text, ",'a'");
    const size_t len = strlen(text);
    strcpy(text + len, ")]");
    assert_int_equal(TW_INDICATOR_VALUES, tw_pattern_read(tw_str_of(text), room, compared, &why));
    strcpy(text + len, ",'a')]");
    assert_int_equal(0, tw_pattern_read(tw_str_of(text), room, compared, &why));
    assert_string_equal("it has more than 64 values", why);
}

/* ---- files */

static struct tw_indicators *load(const char *text, struct tw_diags *diags)
{
    char path[] = "/tmp/tierwatch-indicators-XXXXXX";
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal((ssize_t)strlen(text), write(fd, text, strlen(text)));
    close(fd);
    struct tw_indicators *x = tw_indicators_load(path, diags);
    unlink(path);
    return x;
}

#define ID "indicator--00000000-0000-4000-8000-00000000000"
#define HEAD(n) "{\"type\":\"indicator\",\"id\":\"" ID n "\",\"pattern_type\":\"stix\","
#define FROM "\"valid_from\":\"2026-03-01T00:00:00.000Z\""

static const struct {
    const char *text, *said;
} mistakes[] = {
    {"[]", ""},
    {"{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[{\"type\":\"identity\"}]}", ""},
    {"{\"type\":\"report\"}", "1:1 this is no STIX bundle | {\"type\": \"bundle\", …}\n"},
    {HEAD("1") "\"pattern\":\"[ipv4-addr:value = 'x']\"," FROM "}",
        "1:108 \"x\" is no value of ipv4-addr\n"},
    {HEAD("1") "\"pattern\":\"[process:name = 'x']\"," FROM "}",
        "warning 1:108 this pattern is not used | it compares something that is not looked at "
        "here\n"},
    {HEAD("1") FROM "}", "1:1 \"pattern\" is missing in this indicator\n"},
    {HEAD("1") "\"pattern\":\"[domain-name:value = 'x']\"}",
        "1:1 \"valid_from\" is missing in this indicator\n"},
    {HEAD("1") "\"pattern\":\"[domain-name:value = 'x']\"," FROM
               ",\"valid_until\":\"2026-02-01T00:00:00Z\"}",
        "1:190 it ends before it begins\n"},
    {HEAD("1") "\"pattern\":\"[domain-name:value = 'x']\"," FROM ",\"a b\":1}",
        "1:176 this is no name of a property\n"},
    {HEAD("1") "\"pattern\":\"[domain-name:value = 'x']\"," FROM ",\"confidence\":101}",
        "1:189 101 is out of range; it must be 0 to 100\n"},
};

static void mistakes_have_their_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mistakes) / sizeof(mistakes[0]); i++) {
        struct tw_diags d = {0};
        struct tw_indicators *x = load(mistakes[i].text, &d);
        const bool broken = d.errors > 0;
        assert_string_equal(mistakes[i].said, said(&d));
        assert_int_equal(broken, x == NULL);
        tw_indicators_free(x);
        tw_diags_fini(&d);
    }
}

/* ---- matching */

#define SHA "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static const char bundle[] = "{\"type\":\"bundle\",\"id\":\"bundle--1\",\"objects\":[\n" HEAD(
    "1") "\"name\":\"one\",\"confidence\":30,\"pattern\":\"[ipv4-addr:value IN ('203.0.113.1', "
         "'203.0.113.2')]\"," FROM ",\"valid_until\":\"2026-03-02T00:00:00Z\"},\n" HEAD(
             "2") "\"name\":\"two\",\"confidence\":90,\"pattern\":\"[ipv4-addr:value = "
                  "'203.0.113.2' OR "
                  "ipv6-addr:value = '2001:DB8::5']\"," FROM "},\n" HEAD(
                      "3") "\"pattern\":\"[domain-name:value = 'Bad.Example.'] OR "
                           "[x-tierwatch-tls:ja3 = "
                           "'E7D705A3286E19EA42F587B344EE6865']\"," FROM "},\n" HEAD(
                               "4") "\"pattern\":\"[file:hashes.'SHA-256' = '" SHA
                                    "' OR x509-certificate:hashes.'SHA-256' = '" SHA "']\"," FROM
                                    "},\n" HEAD(
                                        "5") "\"pattern\":\"[x-tierwatch-opcua:application_name = "
                                             "'Sweeper' OR x-tierwatch-mqtt:client_id = "
                                             "'sweep']\"," FROM "}]}\n";

static struct tw_indicators *matching;
static const int64_t march_1 = INT64_C(1772323200) * TW_NS_PER_S;

static int open_bundle(void **state)
{
    struct tw_diags d = {0};
    (void)state;
    matching = load(bundle, &d);
    if (matching == NULL)
        fputs(said(&d), stderr);
    tw_diags_fini(&d);
    return matching == NULL;
}

static int close_bundle(void **state)
{
    (void)state;
    tw_indicators_free(matching);
    return 0;
}

static void expect(const struct tw_event *e, const char *last, const char *value)
{
    const struct tw_indicator *i = tw_indicators_match(matching, e);
    if (last == NULL) {
        assert_null(i);
        return;
    }
    assert_non_null(i);
    assert_int_equal(last[0], i->id.p[i->id.len - 1]);
    assert_true(tw_str_is(i->value, value));
}

static struct tw_event arrival(const char *src, const char *dst)
{
    struct tw_event e = {.action = TW_ACTION_FLOW, .ts_ns = march_1 + 3600 * TW_NS_PER_S};
    assert_true(tw_ip_parse(tw_str_of(src), &e.src.ip));
    assert_true(tw_ip_parse(tw_str_of(dst), &e.dst.ip));
    return e;
}

static void addresses_while_they_are_valid(void **state)
{
    struct tw_event e = arrival("10.7.0.1", "203.0.113.1");
    (void)state;
    expect(&e, "1", "203.0.113.1");
    e.ts_ns = march_1 + 24 * 3600 * TW_NS_PER_S - 1;
    expect(&e, "1", "203.0.113.1");
    e.ts_ns++;
    expect(&e, NULL, NULL);
    e.ts_ns = march_1 - 1;
    expect(&e, NULL, NULL);
    e = arrival("203.0.113.2", "10.7.0.1"); /* the surer of two */
    expect(&e, "2", "203.0.113.2");
    e = arrival("10.7.0.1", "2001:db8::5");
    expect(&e, "2", "2001:DB8::5");
    e = arrival("10.7.0.1", "203.0.113.3");
    expect(&e, NULL, NULL);
    e = arrival("10.7.0.1", "203.0.113.1"); /* only where somebody arrives */
    e.action = TW_ACTION_READ;
    expect(&e, NULL, NULL);
}

static void names_and_fingerprints(void **state)
{
    struct tw_tls_info tls = {.sni = TW_STR("bad.example")};
    struct tw_flow_info flow = {.transport = "tcp"};
    struct tw_event e = arrival("10.7.0.1", "10.7.0.2");
    (void)state;
    e.object = TW_STR("BAD.example");
    expect(&e, "3", "Bad.Example.");
    e.object = TW_STR("not.bad.example"); /* another name is another name */
    e.flow_info = &flow;
    expect(&e, NULL, NULL);
    flow.tls = &tls;
    expect(&e, "3", "Bad.Example.");
    tls = (struct tw_tls_info){.ja3 = TW_STR("e7d705a3286e19ea42f587b344ee6865")};
    expect(&e, "3", "E7D705A3286E19EA42F587B344EE6865");
}

static void clients_and_files(void **state)
{
    static const uint8_t empty[32] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb,
        0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c, 0xa4,
        0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
    struct tw_opcua_info opcua = {.application_name.s = TW_STR("Sweeper")};
    struct tw_mqtt_info mqtt = {.client_id.s = TW_STR("sweep"), .has_sha256 = true};
    struct tw_event e = arrival("10.7.0.1", "10.7.0.2");
    (void)state;
    e.action = TW_ACTION_SESSION;
    e.opcua = &opcua;
    expect(&e, "5", "Sweeper");
    opcua.application_name.s = TW_STR("sweeper"); /* case counts in names of programs */
    expect(&e, NULL, NULL);
    opcua.certificate_sha256.s = TW_STR(SHA);
    expect(&e, "4", SHA);
    e.opcua = NULL;
    e.action = TW_ACTION_CONNECT;
    e.mqtt = &mqtt;
    expect(&e, "5", "sweep");
    e.action = TW_ACTION_PUBLISH;
    expect(&e, NULL, NULL);
    memcpy(mqtt.payload_sha256, empty, sizeof(empty));
    expect(&e, "4", SHA);
    e.field = TW_STR("/a"); /* a file is judged once, not with every value in it */
    expect(&e, NULL, NULL);
}

/* ---- merging */

static void the_later_one_is_kept(void **state)
{
    struct tw_diags d = {0};
    struct tw_text t = {0};
    size_t n = 0;
    (void)state;
    struct tw_indicators *old =
        load("[" HEAD("2") "\"modified\":\"2026-01-01T00:00:00Z\",\"name\":"
                           "\"old\",\"pattern\":\"[domain-name:value = 'a']\"," FROM
                           "},\n" HEAD("1") "\"pattern\":\"[domain-name:value = 'b']\"," FROM
                                            ",\"x_list\":[1,\"2\",true]}]",
            &d);
    struct tw_indicators *fresh = load(
        "[" HEAD("2") "\"modified\":\"2026-02-01T00:00:00Z\",\"name\":\"new \\\"one\\\"\","
                      "\"pattern\":\"[domain-name:value = 'a']\"," FROM "},\n" HEAD(
                          "3") "\"revoked\":true,\"pattern\":\"[domain-name:value = 'c']\"," FROM
                               "},\n" HEAD("4") "\"pattern\":\"[domain-name:value = 'd']\"," FROM
                                                ",\"valid_until\":\"2026-03-02T00:00:00Z\"}]",
        &d);
    const struct tw_indicators *const both[] = {old, fresh};
    assert_non_null(old);
    assert_non_null(fresh);
    tw_indicators_merge(both, 2, march_1 + 48 * 3600 * TW_NS_PER_S, &t, &n);
    assert_false(t.failed);
    assert_int_equal(2, n);
    tw_text_add(&t, "", 1);
    assert_non_null(strstr(t.p, "{\"type\":\"bundle\",\"id\":\"bundle--"));
    assert_non_null(strstr(t.p, "'b'"));
    assert_non_null(strstr(t.p, "\"x_list\":[1,\"2\",true]"));
    assert_non_null(strstr(t.p, "\"name\":\"new \\\"one\\\"\""));
    assert_null(strstr(t.p, "\"old\""));
    assert_null(strstr(t.p, "'c'"));
    assert_null(strstr(t.p, "'d'"));
    t.p[t.len - 1] = '\0';
    struct tw_indicators *again = load(t.p, &d);
    assert_int_equal(2, tw_indicators_count(again));
    assert_int_equal(0, tw_indicators_count(NULL));
    tw_indicators_free(again);
    tw_indicators_free(old);
    tw_indicators_free(fresh);
    tw_text_free(&t);
    tw_diags_fini(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(patterns_that_are_used),
        cmocka_unit_test(patterns_that_are_cut_short),
        cmocka_unit_test(more_values_than_are_kept),
        cmocka_unit_test(mistakes_have_their_place),
        cmocka_unit_test_setup_teardown(addresses_while_they_are_valid, open_bundle, close_bundle),
        cmocka_unit_test_setup_teardown(names_and_fingerprints, open_bundle, close_bundle),
        cmocka_unit_test_setup_teardown(clients_and_files, open_bundle, close_bundle),
        cmocka_unit_test(the_later_one_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
