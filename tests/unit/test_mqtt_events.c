/* Whole connections: what is reported of legal traffic, and when. Every row also runs byte by byte,
 * and cut off after every byte. */
#include "base/timefmt.h"
#include "mqtt_lab.h"

struct step {
    unsigned dir;
    uint8_t first;
    const char *body;
};

static const struct row {
    const char *name;
    struct step steps[13]; /* ended by one without a body */
    const char *lines;     /* of a connection that is closed after the steps */
} rows[] = {
    {"3.1.1 connect, subscribe, publish, deliver",
        {{UP, 0x10, "s'MQTT' 04 C6 003C s'dev' s'will/t' s'gone' s'ann' s'pw'"},
            {DOWN, 0x20, "00 00"}, {UP, 0x82, "0007 s'a/+' 01 s'b/#' 02"},
            {DOWN, 0x90, "0007 01 80"}, {UP, 0x32, "s'a/x' 0008 '{\"t\":21.5,\"on\":true}'"},
            {DOWN, 0x40, "0008"}, {DOWN, 0x31, "s'a/x' '42'"}, {UP, 0xA2, "0009 s'a/+'"},
            {DOWN, 0xB0, "0009"}, {UP, 0xE0, ""}},
        "2>connect dev status=Success asked=1 reason=00\n"
        "4>subscribe a/+ status=GrantedQoS1 asked=3 id=7 asks=1 reason=01\n"
        "4>subscribe b/# status=UnspecifiedError asked=3 id=7 asks=2 reason=80\n"
        "5>publish a/x q1 json 20 id=8\n"
        "5>publish a/x at=/t value:21.5 number\n"
        "5>publish a/x at=/on value:true boolean\n"
        "7<deliver a/x value:42 number q0 retain number 2\n"
        "9>unsubscribe a/+ status=Success asked=8 id=9\n"
        "10>disconnect status=NormalDisconnection DISCONNECT\n"},
    {"3.1: protocol name, flags that 3.1 lets pass, no session bit",
        {{UP, 0x14, "s'MQIsdp' 03 02 0000 s'old'"}, {DOWN, 0x20, "01 00"},
            {UP, 0x8A, "0001 s'x' 00"}, {DOWN, 0x90, "0001 00"}},
        "2>connect old status=Success asked=1 reason=00\n"
        "4>subscribe x status=GrantedQoS0 asked=3 id=1 asks=0 reason=00\n"
        "5>disconnect status=null\n"},
    {"return codes of 3.1.1 by their MQTT 5 names",
        {{UP, 0x10, "s'MQTT' 04 02 0000 s'x'"}, {DOWN, 0x20, "00 05"}},
        "2>connect x status=NotAuthorized asked=1 reason=05\n"},
    {"5.0: assigned client id, aliases of both sides, subscription id, taken over",
        {{UP, 0x10, "s'MQTT' 05 02 003C 03 22 0004 s''"},
            {DOWN, 0x20, "00 00 0C 12 s'auto-7' 22 0002"}, {UP, 0x30, "s'a/b' 03 23 0001 '1'"},
            {UP, 0x30, "s'' 03 23 0001 '2'"}, {UP, 0x30, "s'c' 03 23 0001 '3'"},
            {UP, 0x30, "s'' 03 23 0001 '4'"}, {DOWN, 0x30, "s'z' 03 23 0001 ''"},
            {DOWN, 0x30, "s'' 05 23 0001 0B 07 'hi'"}, {DOWN, 0xE0, "8E 00"}},
        "2>connect auto-7 status=Success asked=1 reason=00\n"
        "3>publish a/b value:1 number q0 number 1\n"
        "4>publish a/b value:2 number q0 number 1\n"
        "5>publish c value:3 number q0 number 1\n"
        "6>publish c value:4 number q0 number 1\n"
        "7<deliver z q0 empty 0\n"
        "8<deliver z value:\"hi\" string q0 text 2\n"
        "9<disconnect status=SessionTakenOver reason=8e DISCONNECT\n"},
    {"5.0: optional bodies, a refusal, reasons for one filter each",
        {{UP, 0x10, "s'MQTT' 05 02 0000 00 s'v5'"}, {DOWN, 0x20, "00 00 00"},
            {UP, 0x82, "0001 00 s'$share/g/a' 01 s'b' 2D"}, {DOWN, 0x90, "0001 00 9E 01"},
            {UP, 0x32, "s'a' 0002 00 'x'"}, {DOWN, 0x40, "0002 87"}, {UP, 0x34, "s'a' 0003 00 'x'"},
            {DOWN, 0x50, "0003 97 00"}, {UP, 0x34, "s'a' 0004 00 'x'"}, {DOWN, 0x50, "0004 10"},
            {UP, 0x62, "0004"}, {DOWN, 0x70, "0004 00"}},
        "2>connect v5 status=Success asked=1 reason=00\n"
        "4>subscribe $share/g/a status=SharedSubscriptionsNotSupported asked=3 id=1 asks=1 "
        "reason=9e\n"
        "4>subscribe b status=GrantedQoS1 asked=3 id=1 asks=1 reason=01\n"
        "5>publish a value:\"x\" string q1 text 1 id=2\n"
        "6>refused a status=NotAuthorized asked=5 id=2 reason=87 PUBACK\n"
        "7>publish a value:\"x\" string q2 text 1 id=3\n"
        "8>refused a status=QuotaExceeded asked=7 id=3 reason=97 PUBREC\n"
        "9>publish a value:\"x\" string q2 text 1 id=4\n"
        "13>disconnect status=null\n"},
    {"5.0: enhanced authentication before CONNACK",
        {{UP, 0x10, "s'MQTT' 05 02 0000 06 15 s'SCR' s'k'"}, {DOWN, 0xF0, "18 06 15 s'SCR'"},
            {UP, 0xF0, "18 06 15 s'SCR'"}, {DOWN, 0x20, "00 00 06 15 s'SCR'"},
            {UP, 0xF0, "19 06 15 s'SCR'"}, {DOWN, 0xF0, "18 06 15 s'SCR'"},
            {UP, 0xF0, "18 06 15 s'SCR'"}, {DOWN, 0xF0, ""}, {UP, 0xE0, "04"}},
        "2<authenticate status=ContinueAuthentication reason=18 AUTH\n"
        "3>authenticate status=ContinueAuthentication reason=18 AUTH\n"
        "4>connect k status=Success asked=1 reason=00\n"
        "5>authenticate status=ReAuthenticate reason=19 AUTH\n"
        "6<authenticate status=ContinueAuthentication reason=18 AUTH\n"
        "7>authenticate status=ContinueAuthentication reason=18 AUTH\n"
        "8<authenticate status=Success AUTH\n"
        "9>disconnect status=DisconnectWithWillMessage reason=04 DISCONNECT\n"},
    {"equal packet ids of both sides do not meet",
        {{UP, 0x10, "s'MQTT' 04 02 0000 s'x'"}, {DOWN, 0x20, "00 00"}, {UP, 0x34, "s'a' 0001 '1'"},
            {DOWN, 0x34, "s'b' 0001 '2'"}, {DOWN, 0x50, "0001"}, {UP, 0x50, "0001"},
            {UP, 0x62, "0001"}, {DOWN, 0x62, "0001"}, {UP, 0x70, "0001"}, {DOWN, 0x70, "0001"}},
        "2>connect x status=Success asked=1 reason=00\n"
        "3>publish a value:1 number q2 number 1 id=1\n"
        "4<deliver b value:2 number q2 number 1 id=1\n"
        "11>disconnect status=null\n"},
    {"pipelined before CONNACK; the server is of an older make",
        {{UP, 0x10, "s'MQTT' 05 02 0000 00 s'p'"}, {UP, 0x82, "0001 00 s'a' 00"},
            {DOWN, 0x20, "00 01"}},
        "3>connect p status=UnsupportedProtocolVersion asked=1 reason=01\n"
        "4>subscribe a status=null asked=2 id=1 asks=0\n"},
    {"a bridge: top bit of the level",
        {{UP, 0x10, "s'MQTT' 84 02 0000 s'br'"}, {DOWN, 0x20, "00 00"}},
        "2>connect br status=Success asked=1 reason=00\n"
        "3>disconnect status=null\n"},
    {"never answered", {{UP, 0x10, "s'MQTT' 04 02 0000 s'x'"}},
        "2>connect x status=null asked=1\n"},
    {"a session from before: its PUBREL, PUBREC and PUBACK may come without PUBLISH",
        {{UP, 0x10, "s'MQTT' 04 00 0000 s'x'"}, {DOWN, 0x20, "01 00"}, {UP, 0x62, "0009"},
            {DOWN, 0x70, "0009"}, {UP, 0x40, "0005"}, {DOWN, 0x50, "0006"}, {DOWN, 0xD0, ""},
            {UP, 0xC0, ""}},
        "2>connect x status=Success asked=1 reason=00\n"
        "9>disconnect status=null\n"},
};

static void run(struct lab *lab, const struct row *row, size_t step)
{
    lab_open(lab, false);
    lab->step = step;
    for (const struct step *s = row->steps; s->body != NULL; s++)
        lab_send(lab, s->dir, s->first, s->body);
    lab_end(lab, TW_END_CLOSED);
}

static void reports_what_was_done(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t step = 0; step < 4; step++) {
            struct lab lab;
            run(&lab, &rows[i], step);
            assert_string_equal(lab_text(&lab), rows[i].lines);
            assert_int_equal(lab.counters.malformed, 0);
            lab_free(&lab);
        }
    }
}

/* All packets of a row behind each other, cut off after `keep` bytes, against a guard page. */
static void run_cut(struct guard *g, const struct row *row, size_t keep)
{
    struct lab lab;
    lab_open(&lab, false);
    for (const struct step *s = row->steps; s->body != NULL && keep > 0; s++) {
        uint8_t bytes[512];
        size_t n = lab_packet(s->first, s->body, bytes);
        n = n < keep ? n : keep;
        lab_bytes(&lab, s->dir, guard_put(g, bytes, n), n);
        keep -= n;
    }
    lab_end(&lab, TW_END_INPUT);
    assert_int_equal(lab.counters.malformed, 0);
    lab_free(&lab);
}

static void survives_every_end(void **state)
{
    struct guard g = guard_new();
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        size_t all = 0;
        for (const struct step *s = rows[i].steps; s->body != NULL; s++) {
            uint8_t bytes[512];
            all += lab_packet(s->first, s->body, bytes);
        }
        for (size_t keep = 0; keep <= all; keep++)
            run_cut(&g, &rows[i], keep);
    }
    guard_free(&g);
}

static struct tw_mqtt_info seen;
static char seen_text[6][64];

static void keep_info(void *user, const struct tw_event *e)
{
    (void)user;
    seen = *e->mqtt;
    tw_str_copy(seen_text[0], sizeof(seen_text[0]), e->mqtt->client_id.s);
    tw_str_copy(seen_text[1], sizeof(seen_text[1]), e->mqtt->username.s);
    tw_str_copy(seen_text[2], sizeof(seen_text[2]), e->mqtt->will_topic);
    tw_str_copy(seen_text[3], sizeof(seen_text[3]), e->mqtt->content_type);
    tw_str_copy(seen_text[4], sizeof(seen_text[4]), e->mqtt->response_topic);
    seen_text[5][0] = '\0';
    if (e->mqtt->user_properties != NULL)
        tw_str_copy(seen_text[5], sizeof(seen_text[5]), e->mqtt->user_properties->items[1].s);
}

static void tells_the_facts_of_a_session(void **state)
{
    struct lab lab;
    (void)state;
    lab_open(&lab, false);
    lab.env.emit.fn = keep_info;
    lab_send(&lab, UP, 0x10,
        "s'MQTT' 05 F6 003C 00 s'dev' 05 18 00000001 s'will/t' s'gone' s'ann' s'pw'");
    lab_send(&lab, DOWN, 0x20, "00 00 03 13 0010");
    assert_string_equal(seen.version, "5.0");
    assert_string_equal(seen_text[0], "dev");
    assert_string_equal(seen_text[1], "ann");
    assert_string_equal(seen_text[2], "will/t");
    assert_true(seen.has_will && seen.will_retain && seen.clear_password && seen.clean_start);
    assert_int_equal(seen.will_qos, 2);
    assert_int_equal(seen.will_payload_bytes, 4);
    assert_int_equal(seen.will_payload_hash, tw_hash_stable("gone", 4));
    assert_int_equal(seen.keep_alive, 16);
    lab_send(
        &lab, UP, 0x30, "s'a' 26 03 s'json' 08 s'r/t' 26 s'k' s'v' 26 s'my_token' s'12345' '77'");
    assert_string_equal(seen_text[3], "json");
    assert_string_equal(seen_text[4], "r/t");
    assert_int_equal(seen.user_properties->n, 2);
    assert_string_equal(seen_text[5], "(redacted)");
    assert_int_equal(seen.payload_hash, tw_hash_stable("77", 2));
    lab_end(&lab, TW_END_CLOSED);
    lab_free(&lab);
}

static uint64_t token;

static void keep_token(void *user, const struct tw_event *e)
{
    (void)user;
    token = e->mqtt->more != NULL ? e->mqtt->more->token : 0;
}

/* A password that is a token is told from others by a digest; one that is none goes nowhere. */
static void tokens_are_told_apart(void **state)
{
    static const struct {
        const char *connect, *token;
    } rows_of[] = {
        {"s'MQTT' 04 C2 003C s'dev' s'ann' s'eyJhbGci.eyJzdWIi.c2ln'", "eyJhbGci.eyJzdWIi.c2ln"},
        {"s'MQIsdp' 03 C2 003C s'dev' s'ann' s'eyJhbGci.eyJzdWIi.c2lo'", "eyJhbGci.eyJzdWIi.c2lo"},
        {"s'MQTT' 05 C2 003C 00 s'dev' s'ann' s'eyJhbGci.eyJzdWIi'", NULL},
        {"s'MQTT' 04 C2 003C s'dev' s'ann' s'a.b.c'", NULL},
        {"s'MQTT' 04 82 003C s'dev' s'eyJhbGci.eyJzdWIi.c2ln'", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows_of) / sizeof(rows_of[0]); i++) {
        const char *t = rows_of[i].token;
        const uint64_t bits = ((uint64_t)1 << 48) - 1;
        struct lab lab;
        lab_open(&lab, false);
        lab.env.emit.fn = keep_token;
        token = 1;
        lab_send(&lab, UP, 0x10, rows_of[i].connect);
        lab_send(&lab, DOWN, 0x20, i == 2 ? "00 00 00" : "00 00");
        assert_true(token == (t != NULL ? tw_hash_stable(t, strlen(t)) & bits : 0));
        lab_end(&lab, TW_END_CLOSED);
        lab_free(&lab);
    }
}

static void collect_json(void *user, const struct tw_event *e)
{
    tw_event_json(user, e);
}

/* The section "mqtt" of what the last packet gave, from `from` on. */
static void expect_json(struct lab *lab, struct tw_text *json, const char *from, const char *want)
{
    tw_text_add(json, "", 1);
    const char *at = strstr(json->p, from);
    assert_non_null(at);
    assert_string_equal(at, want);
    tw_text_clear(json);
    lab->env.emit = (struct tw_emit){collect_json, json};
}

/* Everything that 5.0 says beside its grammar, as it is printed. */
static void prints_what_5_says(void **state)
{
    struct tw_text json = {0};
    struct lab lab;
    (void)state;
    lab_open(&lab, false);
    lab.env.emit = (struct tw_emit){collect_json, &json};
    lab_send(&lab, UP, 0x10,
        "s'MQTT' 05 06 003C 1B 11 0000000A 21 0005 27 00000400 22 0007 19 01 17 00 26 s'k' s'v'"
        " s'dev' 1B 18 0000003C 01 01 02 00000005 03 s'text' 08 s'r' 09 s'c' s'w' s'gone'");
    lab_send(&lab, DOWN, 0x20,
        "00 00 29 11 00000014 21 0009 24 01 25 00 27 00000800 22 0003 13 0020 28 00 29 00 2A 00"
        " 1A s'info' 1F s'ok'");
    expect_json(&lab, &json, "\"user_properties\"",
        "\"user_properties\":{\"k\":\"v\"},\"reason\":0,\"reason_string\":\"ok\",\"keep_alive\":32,"
        "\"clean_start\":true,\"will\":{\"topic\":\"w\",\"qos\":0,\"retain\":false,"
        "\"payload_bytes\":4,\"delay\":60,\"content_type\":\"text\",\"response_topic\":\"r\"},"
        "\"client\":{\"session_expiry\":10,\"receive_maximum\":5,"
        "\"maximum_packet_size\":1024,\"topic_alias_maximum\":7,"
        "\"request_response_information\":true,\"request_problem_information\":false},"
        "\"server\":{\"session_expiry\":20,\"receive_maximum\":9,\"maximum_packet_size\":2048,"
        "\"topic_alias_maximum\":3,\"keep_alive\":32,\"maximum_qos\":1,\"retain_available\":false,"
        "\"wildcards\":false,\"subscription_ids\":false,\"shared_subscriptions\":false},"
        "\"response_information\":\"info\",\"utf8\":true,\"message_expiry\":5,"
        "\"correlation\":\"Yw==\"}}\n");
    lab_send(&lab, UP, 0x82, "0001 02 0B 07 s'$share/g/a' 29");
    lab_send(&lab, DOWN, 0x90, "0001 00 01");
    expect_json(&lab, &json, "\"packet_id\"",
        "\"packet_id\":1,\"reason\":1,\"requested_qos\":1,\"subscription_ids\":[7],\"no_local\":"
        "false,"
        "\"retain_as_published\":true,\"retain_handling\":2}}\n");
    lab_send(&lab, DOWN, 0x30, "s'a' 10 01 01 02 00000009 09 s'c' 0B 07 0B 8001 'x'");
    expect_json(&lab, &json, "\"payload_format\"",
        "\"payload_format\":\"text\",\"utf8\":true,\"message_expiry\":9,\"correlation\":\"Yw==\","
        "\"subscription_ids\":[7,128]}}\n");
    lab_send(&lab, DOWN, 0xE0, "9D 07 1C s'else'");
    expect_json(&lab, &json, "\"reason\"", "\"reason\":157,\"server_reference\":\"else\"}}\n");
    lab_end(&lab, TW_END_CLOSED);
    lab_free(&lab);
    tw_text_free(&json);
}

/* A connection that ends when its client was silent for one and a half times the Keep Alive, and a
 * second, ended for that. */
static void a_silent_client_is_told(void **state)
{
    (void)state;
    for (unsigned late = 0; late < 2; late++) {
        struct lab lab;
        lab_open(&lab, false);
        lab.env.emit.fn = keep_info;
        lab_send(&lab, UP, 0x10, "s'MQTT' 04 02 0010 s'x'");
        lab_send(&lab, DOWN, 0x20, "00 00");
        lab.when.ts_ns += (24 + 2 * late) * TW_NS_PER_S;
        lab_end(&lab, TW_END_RESET);
        assert_null(seen.packet);
        assert_int_equal(seen.keep_alive_expired, late);
        lab_free(&lab);
    }
}

static struct {
    uint32_t n;
    size_t len;
    bool truncated, last_truncated;
} told;

static void keep_properties(void *user, const struct tw_event *e)
{
    const struct tw_value *all = e->mqtt->user_properties;
    (void)user;
    if (all == NULL) /* the end of the connection */
        return;
    told.n = all->n;
    told.len = 0;
    told.truncated = all->truncated;
    told.last_truncated = all->items[all->n - 1].truncated;
    for (uint32_t i = 0; i < all->n; i++)
        told.len += all->items[i].name.len + all->items[i].s.len;
}

static size_t put_length(uint8_t *out, size_t left)
{
    size_t n = 0;
    do {
        out[n++] = (uint8_t)((left & 0x7f) | (left > 0x7f ? 0x80 : 0));
        left >>= 7;
    } while (left > 0);
    return n;
}

/* Each leaf repeats them, so all of them together are as long as one string may be. */
static void long_user_properties_are_cut(void **state)
{
    enum { EACH = 1000 };
    static const struct {
        unsigned sent, told;
        size_t len;
        bool truncated, last_truncated;
    } cases[] = {{1, 1, 1002, false, false}, {4, 4, 4008, false, false},
        {5, 5, TW_MAX_EVENT_STRING, false, true}, {64, 5, TW_MAX_EVENT_STRING, true, true}};
    static uint8_t bytes[64 * (EACH + 7) + 64];
    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct lab lab;
        lab_open(&lab, false);
        lab_send(&lab, UP, 0x10, "s'MQTT' 05 02 003C 00 s'dev'");
        lab_send(&lab, DOWN, 0x20, "00 00 00");
        lab.env.emit.fn = keep_properties;
        const size_t properties = cases[i].sent * (EACH + 7);
        uint8_t size[4];
        const size_t size_len = put_length(size, properties);
        size_t n = 0;
        bytes[n++] = 0x30;
        n += put_length(bytes + n, 3 + size_len + properties + 1);
        memcpy(bytes + n, "\0\1a", 3);
        memcpy(bytes + n + 3, size, size_len);
        n += 3 + size_len;
        for (unsigned k = 0; k < cases[i].sent; k++) {
            memcpy(bytes + n, "\x26\0\2kk\3\xe8", 7);
            memset(bytes + n + 7, 'v', EACH);
            n += 7 + EACH;
        }
        bytes[n++] = '7';
        lab_bytes(&lab, UP, bytes, n);
        assert_int_equal(lab.counters.malformed, 0);
        assert_int_equal(told.n, cases[i].told);
        assert_int_equal(told.len, cases[i].len);
        assert_int_equal(told.truncated, cases[i].truncated);
        assert_int_equal(told.last_truncated, cases[i].last_truncated);
        lab_end(&lab, TW_END_CLOSED);
        lab_free(&lab);
    }
}

static void identity_is_null_only_when_not_seen(void **state)
{
    struct lab lab;
    (void)state;
    lab_open(&lab, true);
    lab.env.emit.fn = keep_info;
    lab_send(&lab, UP, 0x30, "s'a/b' 'x'");
    assert_true(seen.client_id.is_null && seen.username.is_null);
    assert_null(seen.version);
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
    lab_open(&lab, false);
    lab.env.emit.fn = keep_info;
    lab_send(&lab, UP, 0x10, "s'MQTT' 04 02 0000 s''");
    lab_send(&lab, DOWN, 0x20, "00 00");
    assert_true(!seen.client_id.is_null && seen.client_id.s.p != NULL);
    assert_true(!seen.username.is_null && seen.username.s.p == NULL);
    assert_string_equal(seen.version, "3.1.1");
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

static void requests_time_out(void **state)
{
    struct lab lab;
    (void)state;
    lab_open(&lab, false);
    lab_send(&lab, UP, 0x10, "s'MQTT' 04 02 0000 s'x'");
    lab_send(&lab, DOWN, 0x20, "00 00");
    assert_true(tw_mqtt.next_deadline(lab.state) == INT64_MAX);
    lab_send(&lab, UP, 0x32, "s'a' 0001 '1'");
    assert_true(tw_mqtt.next_deadline(lab.state) == INT64_MAX);
    lab_send(&lab, UP, 0x82, "0002 s'f' 00");
    int64_t due = tw_mqtt.next_deadline(lab.state);
    assert_true(due == lab.when.ts_ns + lab.env.limits.request_timeout_ns);
    tw_text_clear(&lab.lines);
    lab.when = (struct tw_when){due - 1, 90};
    tw_mqtt.tick(lab.state, &lab.env, &lab.conn, &lab.when);
    assert_int_equal(lab.lines.len, 0);
    lab.when.ts_ns = due;
    tw_mqtt.tick(lab.state, &lab.env, &lab.conn, &lab.when);
    assert_string_equal(lab_text(&lab), "90>subscribe f status=null asked=4 id=2 asks=0\n");
    assert_true(tw_mqtt.next_deadline(lab.state) == INT64_MAX);
    lab_end(&lab, TW_END_CLOSED);
    lab_free(&lab);
}

/* A mirror that shows one direction only: nothing is waited for that can not come, and what answers
 * the other one is no mistake. */
static void one_direction_alone(void **state)
{
    struct lab lab;
    (void)state;
    lab_open(&lab, false);
    lab_send(&lab, UP, 0x10, "s'MQTT' 04 02 0000 s'x'");
    int64_t due = tw_mqtt.next_deadline(lab.state);
    assert_true(due == lab.when.ts_ns + lab.env.limits.one_sided_ns);
    assert_true(lab.env.limits.one_sided_ns < lab.env.limits.request_timeout_ns);
    lab_send(&lab, UP, 0x40, "0007");
    lab.when.ts_ns = due;
    tw_mqtt.tick(lab.state, &lab.env, &lab.conn, &lab.when);
    assert_non_null(strstr(lab_text(&lab), ">connect x status=null"));
    lab_end(&lab, TW_END_INPUT);
    assert_int_equal(lab.counters.malformed, 0);
    lab_free(&lab);
    lab_open(&lab, false);
    lab_send(&lab, DOWN, 0x20, "00 00");
    lab_send(&lab, DOWN, 0x90, "0001 00");
    lab_send(&lab, DOWN, 0x40, "0002");
    lab_end(&lab, TW_END_INPUT);
    assert_int_equal(lab.counters.malformed, 0);
    lab_free(&lab);
    /* A server that only takes its time is there all the same: its SYN was seen. */
    lab_open(&lab, false);
    lab.conn.seen = 3;
    lab_send(&lab, UP, 0x10, "s'MQTT' 04 02 0000 s'x'");
    due = tw_mqtt.next_deadline(lab.state);
    assert_true(due == lab.when.ts_ns + lab.env.limits.request_timeout_ns);
    lab_end(&lab, TW_END_INPUT);
    lab_free(&lab);
}

static void the_end_of_the_capture_ends_no_session(void **state)
{
    static const struct {
        enum tw_end reason;
        const char *lines;
    } ends[] = {
        {TW_END_CLOSED, "3>disconnect status=null\n"},
        {TW_END_RESET, "3>disconnect status=null\n"},
        {TW_END_IDLE, "3>disconnect status=null\n"},
        {TW_END_EVICTED, ""},
        {TW_END_INPUT, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        struct lab lab;
        lab_open(&lab, false);
        lab_send(&lab, UP, 0x10, "s'MQTT' 04 02 0000 s'x'");
        lab_send(&lab, DOWN, 0x20, "00 00");
        tw_text_clear(&lab.lines);
        lab_end(&lab, ends[i].reason);
        assert_string_equal(lab_text(&lab), ends[i].lines);
        lab_free(&lab);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_what_was_done),
        cmocka_unit_test(survives_every_end),
        cmocka_unit_test(tells_the_facts_of_a_session),
        cmocka_unit_test(prints_what_5_says),
        cmocka_unit_test(a_silent_client_is_told),
        cmocka_unit_test(long_user_properties_are_cut),
        cmocka_unit_test(identity_is_null_only_when_not_seen),
        cmocka_unit_test(tokens_are_told_apart),
        cmocka_unit_test(requests_time_out),
        cmocka_unit_test(one_direction_alone),
        cmocka_unit_test(the_end_of_the_capture_ends_no_session),
    };
    return cmocka_run_group_tests_name("mqtt/events", tests, NULL, NULL);
}
