#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "crypto/opcua_keys.h"
#include "opcua_wire.h"
#include "opener.h"
#include "protocol/opcua/service.h"
#include "seal.h"

static struct wire w;
static const char *const nodes[] = {"Temp"};

enum { CHANNEL = 7 };

struct safe {
    struct talk t;
    struct tw_opcua_keys *keys;
    struct tw_opcua_opener *opener;
    struct seal_keys now; /* what both sides seal with */
};

struct logged {
    struct seal_keys keys;
    uint32_t token;
};

static unsigned unread;

/* What stays encrypted is counted; how it is told is in test_opcua_sealed.c. */
static void note(void *user, const struct tw_event *e)
{
    if (e->action == TW_ACTION_UNKNOWN)
        unread++;
    else
        talk_event(user, e);
}

/* A talk whose listener has these keys. */
static void safe_open(struct safe *s, const struct logged *log, unsigned n, bool midstream)
{
    static char text[8192];
    size_t len = 0;
    for (unsigned i = 0; i < n; i++)
        len += seal_log(text + len, sizeof(text) - len, &log[i].keys, CHANNEL, log[i].token);
    *s = (struct safe){.now = log[0].keys};
    talk_open(&s->t, midstream);
    s->t.env.emit = (struct tw_emit){note, &s->t};
    unread = 0;
    s->keys = tw_opcua_keys_parse((struct tw_str){text, len}, NULL, NULL);
    s->opener = tw_opcua_opener_new(s->keys);
    assert_non_null(s->opener);
    s->t.env.opcua_keys = s->opener;
    s->t.env.opcua_key_sets = opener_sets;
    s->t.env.opcua_open = opener_open;
}

static void handshake(struct talk *t, bool renew)
{
    static struct wire certificate;
    certificate.n = 0;
    w_raw(&certificate, "\x30\x82\0\4abcd", 8);
    for (unsigned dir = 0; dir < 2; dir++) {
        w_open(&w, dir == 0 && !renew ? 0 : t->channel, "Basic256Sha256", &certificate);
        for (unsigned i = 0; i < 256; i++)
            w_u8(&w, (i * 167 + 13) & 0xff);
        talk_frame(t, dir, "OPNF", &w);
        t->sequence[dir] = renew ? t->sequence[dir] + 1 : 51;
    }
}

static void safe_start(struct safe *s, const struct logged *log, unsigned n)
{
    safe_open(s, log, n, false);
    talk_hello(&s->t);
    handshake(&s->t, false);
    tw_text_clear(&s->t.said);
}

static void safe_close(struct safe *s)
{
    assert_true(talk_close(&s->t, TW_END_CLOSED));
    tw_text_free(&s->t.said);
    tw_opcua_opener_free(s->opener);
    tw_opcua_keys_free(s->keys);
}

/* `damage`: this byte of what is sealed is wrong, counted from the end; 0: none. */
static void send_sealed(struct safe *s, unsigned dir, const char *type, uint32_t request_id,
    const void *p, size_t n, size_t damage)
{
    static struct wire plain, out;
    plain.n = 0;
    w_u32(&plain, ++s->t.sequence[dir]);
    w_u32(&plain, request_id);
    w_raw(&plain, p, n);
    out.n = 0;
    w_u32(&out, s->t.channel);
    w_u32(&out, s->t.token);
    out.n += seal(&s->now, dir, plain.b, plain.n, out.b + out.n);
    if (damage > 0)
        out.b[out.n - damage] ^= 1;
    talk_frame(&s->t, dir, type, &out);
}

static void answer(struct wire *out, uint32_t request_id)
{
    w_response(out, 634, request_id, 0);
    w_u32(out, 1);
    w_double(out, 1.5);
    w_u32(out, 0);
}

static void exchange(struct safe *s, uint32_t request_id)
{
    w_read(&w, request_id, nodes, 1);
    send_sealed(s, 0, "MSGF", request_id, w.b, w.n, 0);
    answer(&w, request_id);
    send_sealed(s, 1, "MSGF", request_id, w.b, w.n, 0);
}

static uint64_t counted(const struct safe *s, unsigned slot)
{
    return s->t.counters.messages[TW_PROTO_OPCUA][slot];
}

static void keys_make_messages_of_chunks(void **state)
{
    static const struct {
        unsigned key_len, signature;
    } rows[] = {{16, 20}, {32, 20}, {32, 32}, {16, 32}, {32, 48}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct safe s;
        const struct logged log = {seal_keys_of(1, rows[i].key_len, rows[i].signature), 1};
        safe_start(&s, &log, 1);
        exchange(&s, 2);
        exchange(&s, 3);
        w_request(&w, 452, 4, NULL);
        send_sealed(&s, 0, "CLOF", 4, w.b, w.n, 0);
        assert_string_equal(talk_said(&s.t), "6<5 read Read [ns=2;s=Temp] 1.5 Double Good\n"
                                             "8<7 read Read [ns=2;s=Temp] 1.5 Double Good\n"
                                             "9 disconnect CloseSecureChannel Good\n");
        assert_int_equal(s.t.counters.malformed, 0);
        assert_int_equal(counted(&s, TW_OPCUA_COUNT_UNSEALED), 5);
        assert_int_equal(counted(&s, TW_OPCUA_COUNT_SEALED), 0);
        assert_int_equal(counted(&s, TW_OPCUA_COUNT_WRONG_KEYS), 0);
        /* One set for each direction, and what told that it was the right one. */
        assert_int_equal(counted(&s, TW_OPCUA_COUNT_KEYS_BY_PADDING) +
                             counted(&s, TW_OPCUA_COUNT_KEYS_BY_MESSAGE),
            2);
        assert_int_equal(unread, 0);
        safe_close(&s);
    }
}

static void chunks_are_put_together(void **state)
{
    const struct logged log = {seal_keys_of(1, 32, 32), 1};
    (void)state;
    for (size_t cut = 1; cut < 60; cut++) {
        struct safe s;
        safe_start(&s, &log, 1);
        exchange(&s, 2);
        tw_text_clear(&s.t.said);
        w_read(&w, 3, nodes, 1);
        send_sealed(&s, 0, "MSGC", 3, w.b, cut, 0);
        send_sealed(&s, 0, "MSGC", 3, w.b + cut, 1, 0);
        send_sealed(&s, 0, "MSGF", 3, w.b + cut + 1, w.n - cut - 1, 0);
        answer(&w, 3);
        send_sealed(&s, 1, "MSGC", 3, w.b, w.n - 3, 0);
        send_sealed(&s, 1, "MSGF", 3, w.b + w.n - 3, 3, 0);
        assert_string_equal(talk_said(&s.t), "11<9 read Read [ns=2;s=Temp] 1.5 Double Good\n");
        assert_int_equal(s.t.counters.malformed, 0);
        safe_close(&s);
    }
}

static void wrong_keys_leave_it_encrypted(void **state)
{
    const struct logged log = {seal_keys_of(1, 32, 32), 1};
    struct safe s;
    (void)state;
    safe_start(&s, &log, 1);
    s.now = seal_keys_of(2, 32, 32);
    for (uint32_t id = 2; id < 1000; id++)
        exchange(&s, id);
    w_request(&w, 452, 4, NULL);
    send_sealed(&s, 0, "CLOF", 4, w.b, w.n, 0);
    assert_string_equal(talk_said(&s.t), "2001 disconnect CloseSecureChannel Good encrypted\n");
    assert_int_equal(counted(&s, TW_OPCUA_COUNT_UNSEALED), 0);
    assert_int_equal(counted(&s, TW_OPCUA_COUNT_SEALED), 1997);
    assert_int_equal(unread, 998); /* each request with its answer */
    assert_int_equal(counted(&s, TW_OPCUA_COUNT_KEYS_BY_PADDING), 0);
    assert_int_equal(counted(&s, TW_OPCUA_COUNT_KEYS_BY_MESSAGE), 0);
    assert_true(counted(&s, TW_OPCUA_COUNT_WRONG_KEYS) > 0);
    assert_int_equal(s.t.counters.malformed, 0);
    safe_close(&s);
}

/* The keys of one side under the name of the other, those of another channel, and those of another
 * token: none of them fits, in whatever order the sides speak and whoever is known to be the
 * client.
 */
static void keys_of_others_are_refused(void **state)
{
    enum { SWAPPED, OTHER_CHANNEL, OTHER_TOKEN, KINDS };
    (void)state;
    for (unsigned kind = 0; kind < KINDS; kind++)
        for (unsigned midstream = 0; midstream < 2; midstream++)
            for (unsigned seed = 0; seed < 16; seed++) {
                struct logged log = {seal_keys_of(seed, 32, 32), kind == OTHER_TOKEN ? 9 : 1};
                const struct seal_keys right = log.keys;
                struct safe s;
                if (kind == SWAPPED) {
                    memcpy(log.keys.key[0], right.key[1], 32);
                    memcpy(log.keys.key[1], right.key[0], 32);
                    memcpy(log.keys.iv[0], right.iv[1], 16);
                    memcpy(log.keys.iv[1], right.iv[0], 16);
                }
                if (midstream)
                    safe_open(&s, &log, 1, true);
                else
                    safe_start(&s, &log, 1);
                s.now = right;
                if (kind == OTHER_CHANNEL)
                    s.t.channel = 8;
                if (kind == OTHER_CHANNEL && !midstream)
                    handshake(&s.t, false);
                tw_text_clear(&s.t.said);
                for (uint32_t id = 2; id < 40; id++)
                    exchange(&s, id);
                assert_string_equal(talk_said(&s.t), "");
                assert_int_equal(counted(&s, TW_OPCUA_COUNT_UNSEALED), 0);
                assert_int_equal(counted(&s, TW_OPCUA_COUNT_SEALED), 76);
                assert_int_equal(s.t.counters.malformed, 0);
                assert_int_equal(counted(&s, TW_OPCUA_COUNT_WRONG_KEYS) > 0, kind == SWAPPED);
                assert_true(unread >= 38);
                safe_close(&s);
            }
}

/* A channel of the same number on the next connection of the same flow, or damage: what keys that
 * fitted before make of it is not shown. */
static void garbage_is_not_shown(void **state)
{
    const struct logged log = {seal_keys_of(1, 32, 32), 1};
    struct safe s;
    (void)state;
    safe_start(&s, &log, 1);
    exchange(&s, 2);
    tw_text_clear(&s.t.said);
    s.now = seal_keys_of(2, 32, 32);
    for (uint32_t id = 3; id < 3000; id++)
        exchange(&s, id);
    for (const char *p = talk_said(&s.t); *p != '\0'; p = strchr(p, '\n') + 1)
        assert_true(strstr(p, " malformed decode-error\n") + strlen(" malformed decode-error\n") ==
                    strchr(p, '\n') + 1);
    assert_int_equal(counted(&s, TW_OPCUA_COUNT_UNSEALED), 2);
    /* After a while they are taken for the keys of something else. */
    assert_int_equal(s.t.counters.malformed, 2 * 16);
    safe_close(&s);
}

static void the_right_set_is_found(void **state)
{
    struct logged log[20];
    (void)state;
    for (unsigned right = 0; right < 20; right += 19) {
        struct safe s;
        for (unsigned i = 0; i < 20; i++)
            log[i] = (struct logged){seal_keys_of(i + 1, 32, 32), 1};
        safe_start(&s, log, 20);
        s.now = log[right].keys;
        exchange(&s, 2);
        assert_string_equal(talk_said(&s.t), "6<5 read Read [ns=2;s=Temp] 1.5 Double Good\n");
        safe_close(&s);
    }
}

/* The client goes over to the new token first, answers may still come with the old one. */
static void tokens_overlap(void **state)
{
    const struct logged log[] = {{seal_keys_of(1, 32, 32), 1}, {seal_keys_of(2, 32, 32), 2}};
    struct safe s;
    (void)state;
    safe_start(&s, log, 2);
    exchange(&s, 2);
    handshake(&s.t, true);
    tw_text_clear(&s.t.said);
    w_read(&w, 3, nodes, 1);
    s.t.token = 2;
    s.now = log[1].keys;
    send_sealed(&s, 0, "MSGF", 3, w.b, w.n, 0);
    answer(&w, 3);
    s.t.token = 1;
    s.now = log[0].keys;
    send_sealed(&s, 1, "MSGF", 3, w.b, w.n, 0);
    s.t.token = 2;
    s.now = log[1].keys;
    exchange(&s, 4);
    assert_string_equal(talk_said(&s.t), "10<9 read Read [ns=2;s=Temp] 1.5 Double Good\n"
                                         "12<11 read Read [ns=2;s=Temp] 1.5 Double Good\n");
    assert_int_equal(s.t.counters.malformed, 0);
    safe_close(&s);
}

/* Each direction goes to and fro between the two tokens; their keys are looked for once. */
static void either_token_may_be_used(void **state)
{
    const struct logged log[] = {{seal_keys_of(1, 32, 32), 1}, {seal_keys_of(2, 32, 32), 2}};
    struct safe s;
    (void)state;
    safe_start(&s, log, 2);
    exchange(&s, 2);
    handshake(&s.t, true);
    tw_text_clear(&s.t.said);
    for (uint32_t i = 0; i < 8; i++) {
        const unsigned asked = i & 1, answered = i >> 1 & 1;
        w_read(&w, 3 + i, nodes, 1);
        s.t.token = log[asked].token;
        s.now = log[asked].keys;
        send_sealed(&s, 0, "MSGC", 3 + i, w.b, 30, 0);
        s.t.token = log[answered].token;
        s.now = log[answered].keys;
        send_sealed(&s, 0, "MSGF", 3 + i, w.b + 30, w.n - 30, 0);
        answer(&w, 3 + i);
        send_sealed(&s, 1, "MSGF", 3 + i, w.b, w.n, 0);
    }
    assert_int_equal(counted(&s, TW_OPCUA_COUNT_UNSEALED), 2 + 8 * 3);
    assert_int_equal(counted(&s, TW_OPCUA_COUNT_SEALED), 0);
    assert_int_equal(
        counted(&s, TW_OPCUA_COUNT_KEYS_BY_PADDING) + counted(&s, TW_OPCUA_COUNT_KEYS_BY_MESSAGE),
        4);
    assert_int_equal(s.t.counters.malformed, 0);
    unsigned reads = 0;
    const char *p = talk_said(&s.t);
    while ((p = strstr(p, " read Read [ns=2;s=Temp] 1.5 Double Good\n")) != NULL) {
        reads++;
        p++;
    }
    assert_int_equal(reads, 8);
    safe_close(&s);
}

static void a_token_without_keys_is_sealed(void **state)
{
    const struct logged log = {seal_keys_of(1, 32, 32), 1};
    struct safe s;
    (void)state;
    safe_start(&s, &log, 1);
    exchange(&s, 2);
    handshake(&s.t, true);
    tw_text_clear(&s.t.said);
    s.t.token = 2;
    exchange(&s, 3);
    s.t.token = 1;
    exchange(&s, 4);
    assert_string_equal(talk_said(&s.t), "12<11 read Read [ns=2;s=Temp] 1.5 Double Good\n");
    assert_int_equal(counted(&s, TW_OPCUA_COUNT_SEALED), 2);
    /* What was read and what was not may belong together: no pair is made up. */
    assert_int_equal(unread, 2);
    assert_int_equal(s.t.counters.malformed, 0);
    safe_close(&s);
}

/* Keys that are right do not help with AES-GCM; it is counted apart, so that this can be told. */
static void aead_stays_encrypted(void **state)
{
    const struct logged log = {seal_keys_of(1, 16, 32), 1};
    struct safe s;
    (void)state;
    safe_open(&s, &log, 1, false);
    talk_hello(&s.t);
    s.t.sequence[0] = s.t.sequence[1] = UINT32_MAX;
    talk_secure(&s.t, "ECC_nistP256_AesGcm", 3, 64);
    tw_text_clear(&s.t.said);
    s.now = seal_keys_of(9, 16, 32);
    exchange(&s, 2);
    exchange(&s, 3);
    assert_string_equal(talk_said(&s.t), "");
    assert_int_equal(unread, 2);
    assert_int_equal(counted(&s, TW_OPCUA_COUNT_SEALED), 4);
    assert_int_equal(counted(&s, TW_OPCUA_COUNT_AEAD), 4);
    assert_int_equal(s.t.counters.malformed, 0);
    safe_close(&s);
}

/* Neither the handshake nor who is the client was seen. */
static void the_middle_of_a_connection_is_read(void **state)
{
    const struct logged log = {seal_keys_of(1, 32, 32), 1};
    (void)state;
    for (unsigned answer_first = 0; answer_first < 2; answer_first++) {
        struct safe s;
        safe_open(&s, &log, 1, true);
        s.t.sequence[0] = s.t.sequence[1] = 900;
        if (answer_first) {
            answer(&w, 1);
            send_sealed(&s, 1, "MSGF", 1, w.b, w.n, 0);
        }
        tw_text_clear(&s.t.said);
        exchange(&s, 2);
        assert_non_null(strstr(talk_said(&s.t), " read Read [ns=2;s=Temp] 1.5 Double Good\n"));
        assert_int_equal(s.t.counters.malformed, 0);
        assert_int_equal(counted(&s, TW_OPCUA_COUNT_UNSEALED), 2 + answer_first);
        safe_close(&s);
    }
}

static void damage_is_told(void **state)
{
    const struct logged log = {seal_keys_of(1, 32, 32), 1};
    struct safe s;
    (void)state;
    safe_start(&s, &log, 1);
    exchange(&s, 2);
    tw_text_clear(&s.t.said);
    w_read(&w, 3, nodes, 1);
    /* The block before the signature's two. */
    send_sealed(&s, 0, "MSGF", 3, w.b, w.n, 33);
    assert_non_null(strstr(talk_said(&s.t), "malformed"));
    assert_int_equal(s.t.counters.malformed, 1);
    assert_int_equal(counted(&s, TW_OPCUA_COUNT_SEALED), 1);
    tw_text_clear(&s.t.said);
    exchange(&s, 4);
    assert_string_equal(talk_said(&s.t), "9<8 read Read [ns=2;s=Temp] 1.5 Double Good\n");
    safe_close(&s);
}

static void any_length_is_survived(void **state)
{
    const struct logged log = {seal_keys_of(1, 32, 32), 1};
    static uint8_t bytes[128];
    struct safe s;
    (void)state;
    safe_start(&s, &log, 1);
    for (size_t n = 8; n < sizeof(bytes); n++) {
        w.n = 0;
        w_u32(&w, s.t.channel);
        w_u32(&w, s.t.token);
        w_raw(&w, bytes, n);
        talk_frame(&s.t, (unsigned)n & 1, "MSGF", &w);
    }
    assert_int_equal(counted(&s, TW_OPCUA_COUNT_UNSEALED), 0);
    safe_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_make_messages_of_chunks),
        cmocka_unit_test(chunks_are_put_together),
        cmocka_unit_test(wrong_keys_leave_it_encrypted),
        cmocka_unit_test(keys_of_others_are_refused),
        cmocka_unit_test(garbage_is_not_shown),
        cmocka_unit_test(the_right_set_is_found),
        cmocka_unit_test(tokens_overlap),
        cmocka_unit_test(either_token_may_be_used),
        cmocka_unit_test(a_token_without_keys_is_sealed),
        cmocka_unit_test(aead_stays_encrypted),
        cmocka_unit_test(the_middle_of_a_connection_is_read),
        cmocka_unit_test(damage_is_told),
        cmocka_unit_test(any_length_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
