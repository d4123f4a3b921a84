/* Key logs of TLS: what is read, what is refused without quoting it; records of known sessions. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/tls_keys.h"

#define R1 "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define R2 "ff0102030405060708090A0B0C0D0E0F101112131415161718191a1b1c1d1e1f"
#define S32 "1111111111111111111111111111111111111111111111111111111111111111"
#define S48 S32 "22222222222222222222222222222222"

struct told {
    char text[512];
    size_t len;
};

static void tell(void *user, const struct tw_tls_keys_problem *p)
{
    struct told *t = user;
    t->len += (size_t)snprintf(t->text + t->len, sizeof(t->text) - t->len, "%u%s %s\n", p->line,
        p->warning ? " warning:" : ":", p->text);
}

static struct tw_tls_keys *parse(const char *text, struct told *t)
{
    *t = (struct told){.len = 0};
    return tw_tls_keys_parse(tw_str_of(text), tell, t);
}

static void reads_logs(void **state)
{
    struct told t;
    (void)state;
    struct tw_tls_keys *k = parse("# made by a browser\r\n\nCLIENT_RANDOM " R1 " " S48 "\r\n"
                                  "CLIENT_HANDSHAKE_TRAFFIC_SECRET " R2 " " S48 "\n"
                                  "EXPORTER_SECRET " R2 " " S32 "\n"
                                  "CLIENT_TRAFFIC_SECRET_0 " R2 " " S32 "\n"
                                  "  SERVER_TRAFFIC_SECRET_0\t" R2 "  " S48,
        &t);
    assert_non_null(k);
    assert_string_equal(t.text, "");
    assert_int_equal(tw_tls_keys_count(k), 3);
    struct tw_tls_opener *o = tw_tls_opener_new(k);
    assert_non_null(o);
    uint8_t random[TW_TLS_RANDOM];
    for (uint8_t i = 0; i < TW_TLS_RANDOM; i++)
        random[i] = i;
    assert_true(tw_tls_opener_knows(o, random));
    random[0] = 0xff;
    assert_true(tw_tls_opener_knows(o, random));
    random[1] = 0xff;
    assert_false(tw_tls_opener_knows(o, random));
    tw_tls_opener_free(o);
    tw_tls_keys_free(k);
}

static void names_mistakes_without_quoting(void **state)
{
    static const struct {
        const char *text, *told;
    } rows[] = {
        {"CLIENT_RANDOM " R1 "\n", "1: a line is LABEL CLIENT-RANDOM SECRET\n"},
        {"CLIENT_RANDOM " R1 " " S48 " x\n", "1: a line is LABEL CLIENT-RANDOM SECRET\n"},
        {"client_iv_1_2: " S32 " 00\n", "1: a line is LABEL CLIENT-RANDOM SECRET\n"},
        {"CLIENT_RANDOM 0001 " S48 "\n", "1: the client random is 64 hexadecimal digits\n"},
        {"\nCLIENT_RANDOM " R1 " " S32 "\n", "2: the secret is 96 hexadecimal digits\n"},
        {"CLIENT_TRAFFIC_SECRET_0 " R1 " 11\n", "1: the secret is 64 or 96 hexadecimal digits\n"},
        {"CLIENT_RANDOM " R1 " g" S48 "\n", "1: the secret is 96 hexadecimal digits\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct told t;
        assert_null(parse(rows[i].text, &t));
        assert_string_equal(t.text, rows[i].told);
        assert_null(strstr(t.text, "1111"));
    }
    struct told t;
    struct tw_tls_keys *k = parse("# nothing\n", &t);
    assert_non_null(k);
    assert_string_equal(
        t.text, "0 warning: there are no secrets in it that open application data\n");
    tw_tls_keys_free(k);
    assert_null(tw_tls_keys_load("/nonexistent/keys", tell, &t));
}

static size_t hex(const char *text, uint8_t *out)
{
    size_t n = 0;
    for (; text[0] != '\0'; text += 2) {
        unsigned v;
        assert_int_equal(sscanf(text, "%2x", &v), 1);
        out[n++] = (uint8_t)v;
    }
    return n;
}

/* [RFC8448 3]: the first record of application data of the client of the simple 1-RTT handshake.
 * Its random and secret are those of the document. */
static void opens_the_record_of_the_standard(void **state)
{
    static const char log[] =
        "CLIENT_TRAFFIC_SECRET_0 cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7 "
        "9e40646ce79a7f9dc05af8889bce6552875afa0b06df0087f792ebb7c17504a5\n";
    static const char sealed[] = "a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b"
                                 "46b395bd54a9a20441e2b62974e"
                                 "1f5a6292a2977014bd1e3deae63aeebb21694915e4";
    (void)state;
    struct told t;
    struct tw_tls_keys *k = parse(log, &t);
    assert_non_null(k);
    struct tw_tls_opener *o = tw_tls_opener_new(k);
    uint8_t random[64], server[32] = {0}, bytes[128], out[128], type = 0;
    size_t len = 0;
    hex("cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7", random);
    struct tw_tls_sealed r = {.client_random = random,
        .server_random = server,
        .version = TW_TLS_13,
        .suite = 0x1301,
        .from_client = true,
        .type = 23,
        .record_version = 0x0303,
        .p = bytes,
        .len = hex(sealed, bytes)};
    assert_true(tw_tls_opener_open(o, &r, out, &len, &type));
    assert_int_equal(type, 23);
    assert_int_equal(len, 50);
    for (uint8_t i = 0; i < 50; i++)
        assert_int_equal(out[i], i);
    r.sequence = 1;
    assert_false(tw_tls_opener_open(o, &r, out, &len, &type));
    r.sequence = 0;
    r.suite = 0x1302;
    assert_false(tw_tls_opener_open(o, &r, out, &len, &type));
    r.suite = 0x1301;
    bytes[7] ^= 1;
    assert_false(tw_tls_opener_open(o, &r, out, &len, &type));
    bytes[7] ^= 1;
    for (size_t n = 0; n < r.len; n++) {
        struct tw_tls_sealed cut = r;
        cut.len = n;
        assert_false(tw_tls_opener_open(o, &cut, out, &len, &type));
    }
    r.from_client = false;
    assert_false(tw_tls_opener_open(o, &r, out, &len, &type));
    tw_tls_opener_free(o);
    tw_tls_keys_free(k);
}

static void says_what_it_can(void **state)
{
    (void)state;
    assert_true(tw_tls_opener_can(TW_TLS_12, 0xc02f));
    assert_true(tw_tls_opener_can(TW_TLS_13, 0x1303));
    assert_false(tw_tls_opener_can(TW_TLS_12, 0x1301));
    assert_false(tw_tls_opener_can(TW_TLS_13, 0xc02f));
    assert_false(tw_tls_opener_can(TW_TLS_12, 0x0005));
    assert_false(tw_tls_opener_can(0x0302, 0xc02f + 1u));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_logs),
        cmocka_unit_test(names_mistakes_without_quoting),
        cmocka_unit_test(opens_the_record_of_the_standard),
        cmocka_unit_test(says_what_it_can),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
