/* What session/ knows of MQTT across connections. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/timefmt.h"
#include "session/session.h"

static struct tw_sessions *sessions;
static struct tw_event got[8];
static struct tw_session_facts facts; /* of the last event */
static unsigned n_got, n_expanded;
static const struct tw_session_facts *passed;

static void collect(void *user, const struct tw_event *e)
{
    (void)user;
    assert_non_null(e->facts);
    facts = *e->facts;
    got[n_got++ % 8] = *e;
}

static void expand(const struct tw_event *message, const struct tw_emit *out)
{
    struct tw_event leaf = *message;
    n_expanded++;
    leaf.field = TW_STR("/v");
    tw_emit(out, &leaf);
}

static int start(void **state)
{
    struct tw_limits limits = tw_limits_default();
    (void)state;
    static const struct tw_session_readers readers = {.leaves = expand};
    sessions = tw_sessions_new(&limits, &readers);
    n_got = n_expanded = 0;
    return sessions == NULL;
}

static int start_printing(void **state)
{
    struct tw_limits limits = tw_limits_default();
    (void)state;
    static const struct tw_session_readers readers = {.leaves = expand, .prints_only = true};
    sessions = tw_sessions_new(&limits, &readers);
    n_got = n_expanded = 0;
    return sessions == NULL;
}

static int stop(void **state)
{
    (void)state;
    tw_sessions_free(sessions);
    return 0;
}

/* One event: at `s` seconds, of client `id` at 10.0.0.`host` on `flow`. The broker is
 * 10.0.0.9 when none is given. */
struct said {
    unsigned s, host;
    uint64_t flow;
    enum tw_action action;
    const char *id, *object, *payload;
    uint8_t reason;
    bool refused, unanswered, leaf;
    unsigned asked; /* seconds: of the request */
    uint16_t packet_id;
    bool dup, retain;
    const char *will_topic, *will, *reply_topic, *correlation;
    unsigned will_delay;
    uint64_t packet; /* 1 when not given */
    uint64_t bytes;  /* of a payload that is not given */
    const char *content_type;
    enum tw_payload_kind kind;
    unsigned broker;
    enum {
        COMPLETED,
        ASKED
    } how;     /* ASKED: as a delivery that may pass before its payload is read */
    char rest; /* lets a row end before the last field */
};

static void say(struct said w)
{
    static uint64_t serial;
    static struct tw_mqtt_info info;
    static struct tw_mqtt_more more;
    struct tw_endpoint client = {
        .ip = {4, {10, 0, 0, (uint8_t)w.host}}, .port = (uint16_t)(40000 + w.flow)};
    const uint8_t at = w.broker != 0 ? (uint8_t)w.broker : 9;
    struct tw_endpoint broker = {.ip = {4, {10, 0, 0, at}}, .port = 1883};
    bool down = w.action == TW_ACTION_DELIVER || w.reason == 0x8e;
    if (!w.leaf)
        info = (struct tw_mqtt_info){.serial = ++serial};
    info.client_id.s = tw_str_of(w.id);
    info.client_id.is_null = w.id == NULL;
    info.has_reason = w.reason != 0;
    info.reason = w.reason;
    info.packet = w.action == TW_ACTION_DISCONNECT && !w.unanswered ? "DISCONNECT" : NULL;
    if (w.payload != NULL)
        info.payload_hash = tw_hash_stable(w.payload, strlen(w.payload));
    info.payload_bytes = w.payload != NULL ? strlen(w.payload) : w.bytes;
    info.has_packet_id = w.packet_id != 0;
    info.packet_id = w.packet_id;
    info.dup = w.dup;
    info.retain = w.retain;
    info.has_will = w.will_topic != NULL;
    info.will_topic = tw_str_of(w.will_topic);
    if (w.will != NULL)
        info.will_payload_hash = tw_hash_stable(w.will, strlen(w.will));
    info.will_retain = w.retain;
    info.response_topic = tw_str_of(w.reply_topic);
    more =
        (struct tw_mqtt_more){.will_delay = w.will_delay, .has_correlation = w.correlation != NULL};
    if (w.correlation != NULL)
        more.correlation_hash = tw_hash_stable(w.correlation, strlen(w.correlation));
    info.more = &more;
    struct tw_event e = {.ts_ns = (int64_t)w.s * TW_NS_PER_S,
        .packet = w.packet != 0 ? w.packet : 1,
        .protocol = TW_PROTO_MQTT,
        .action = w.action,
        .src = down ? broker : client,
        .dst = down ? client : broker,
        .flow = w.flow,
        .object = tw_str_of(w.object),
        .status_bad = w.refused,
        .mqtt = &info};
    e.status.is_null = w.unanswered;
    if (w.asked != 0) {
        e.request_packet = 1;
        e.request_ts_ns = (int64_t)w.asked * TW_NS_PER_S;
    }
    if (w.leaf)
        e.field = TW_STR("/v");
    if (w.payload != NULL)
        e.value = (struct tw_value){.kind = TW_VALUE_STRING, .s = tw_str_of(w.payload)};
    info.content_type = tw_str_of(w.content_type);
    info.payload_kind = w.kind;
    const struct tw_emit out = {collect, NULL};
    if (w.how == ASKED) {
        e.value = (struct tw_value){.kind = TW_VALUE_NONE};
        passed = tw_sessions_pass(sessions, &e);
        return;
    }
    tw_sessions_event(sessions, &e, &out);
}

#define SAY(...) say((struct said){__VA_ARGS__, .rest = 0})

static void assert_elsewhere(unsigned host)
{
    assert_int_equal(facts.live_elsewhere.family, host ? 4 : 0);
    if (host)
        assert_int_equal(facts.live_elsewhere.b[3], host);
}

static void a_client_id_at_two_addresses(void **state)
{
    (void)state;
    SAY(10, 1, 1, TW_ACTION_CONNECT, "a");
    assert_elsewhere(0);
    SAY(11, 1, 1, TW_ACTION_PUBLISH, "a", "t");
    assert_elsewhere(0);
    SAY(20, 2, 2, TW_ACTION_CONNECT, "a");
    assert_elsewhere(1);
    assert_int_equal(facts.takeovers, 1);
    SAY(21, 1, 1, TW_ACTION_PUBLISH, "a", "t");
    assert_elsewhere(2);
    SAY(79, 2, 2, TW_ACTION_PUBLISH, "a", "t");
    assert_elsewhere(1);
    SAY(80, 2, 2, TW_ACTION_PUBLISH, "a", "t");
    assert_elsewhere(0);
    assert_int_equal(facts.takeovers, 0);
}

static void other_ids_and_brokers_do_not_meet(void **state)
{
    (void)state;
    SAY(10, 1, 1, TW_ACTION_CONNECT, "a");
    SAY(11, 2, 2, TW_ACTION_CONNECT, "b");
    assert_elsewhere(0);
    SAY(12, 2, 3, TW_ACTION_CONNECT, "a", .refused = true, .reason = 5);
    SAY(13, 1, 1, TW_ACTION_PUBLISH, "a", "t");
    assert_elsewhere(0);
    assert_int_equal(facts.takeovers, 0);
}

static void moving_house_is_no_clone(void **state)
{
    (void)state;
    SAY(10, 1, 1, TW_ACTION_CONNECT, "a");
    SAY(11, 1, 1, TW_ACTION_DISCONNECT, "a");
    SAY(12, 2, 2, TW_ACTION_CONNECT, "a", .asked = 11);
    assert_elsewhere(0);
    assert_int_equal(facts.takeovers, 0);
}

static void a_dropped_connection_is_no_takeover(void **state)
{
    (void)state;
    SAY(10, 1, 1, TW_ACTION_CONNECT, "a");
    SAY(11, 1, 1, TW_ACTION_DISCONNECT, "a", .unanswered = true);
    SAY(13, 1, 2, TW_ACTION_CONNECT, "a", .asked = 12);
    assert_int_equal(facts.takeovers, 0);
}

static void a_takeover_by_the_same_address(void **state)
{
    (void)state;
    SAY(10, 1, 1, TW_ACTION_CONNECT, "a");
    SAY(13, 1, 2, TW_ACTION_CONNECT, "a", .asked = 12);
    assert_elsewhere(0);
    assert_int_equal(facts.takeovers, 1);
}

/* However a server ends the older connection, it is one takeover. */
static void a_takeover_counts_once(void **state)
{
    static const struct {
        unsigned at; /* the old connection's end, against CONNECT at 12 and CONNACK at 14 */
        uint8_t reason;
    } rows[] = {{13, 0x8e}, {15, 0x8e}, {13, 0}, {15, 0}};
    (void)state;
    for (unsigned i = 0; i < 4; i++) {
        char id[] = "id-0";
        id[3] = (char)('0' + i);
        uint64_t f = 10 + 2 * i;
        SAY(10, 1, f, TW_ACTION_CONNECT, id);
        for (unsigned s = 11; s < 17; s++) {
            if (s == 14)
                SAY(14, 2, f + 1, TW_ACTION_CONNECT, id, .asked = 12);
            if (s == rows[i].at)
                SAY(s, 1, f, TW_ACTION_DISCONNECT, id, .reason = rows[i].reason,
                    .unanswered = rows[i].reason == 0);
        }
        SAY(18, 2, f + 1, TW_ACTION_PUBLISH, id, "t");
        assert_int_equal(facts.takeovers, 1);
        assert_elsewhere(1);
    }
}

static void a_war_of_two(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 12; i++)
        SAY(10 + i, 1 + i % 2, 100 + i, TW_ACTION_CONNECT, "a");
    assert_int_equal(facts.takeovers, 8); /* as many as are remembered */
}

static void who_publishes_on_a_topic(void **state)
{
    char id[] = "p-00";
    (void)state;
    SAY(1, 1, 1, TW_ACTION_DELIVER, "sub", "t");
    assert_int_equal(facts.topic_publishers, 0);
    assert_null(facts.first_publisher.p);
    SAY(2, 1, 1, TW_ACTION_PUBLISH, "a", "t");
    assert_int_equal(facts.topic_publishers, 1);
    assert_true(tw_str_is(facts.first_publisher, "a"));
    SAY(3, 1, 2, TW_ACTION_PUBLISH, "a", "t");
    assert_int_equal(facts.topic_publishers, 1);
    SAY(4, 2, 3, TW_ACTION_PUBLISH, NULL, "t");
    assert_int_equal(facts.topic_publishers, 2);
    assert_true(tw_str_is(facts.first_publisher, "a"));
    SAY(5, 2, 3, TW_ACTION_PUBLISH, NULL, "u");
    assert_int_equal(facts.topic_publishers, 1);
    assert_true(tw_str_is(facts.first_publisher, "10.0.0.2"));
    for (unsigned i = 0; i < 30; i++) {
        id[2] = (char)('a' + i / 10);
        id[3] = (char)('0' + i % 10);
        SAY(6, 3, 4, TW_ACTION_PUBLISH, id, "t");
    }
    assert_int_equal(facts.topic_publishers, 16);
    SAY(7, 3, 4, TW_ACTION_DELIVER, "sub", "t");
    assert_int_equal(facts.topic_publishers, 16);
}

static void how_much_a_filter_matches(void **state)
{
    static const char *const topics[] = {"a/1", "a/2", "b/1", "$SYS/up"};
    (void)state;
    for (unsigned i = 0; i < 4; i++)
        SAY(1, 1, 1, TW_ACTION_PUBLISH, "p", topics[i]);
    SAY(2, 2, 2, TW_ACTION_SUBSCRIBE, "s", "#");
    assert_int_equal(facts.filter_topics, 3);
    assert_int_equal(facts.known_topics, 4);
    SAY(2, 2, 2, TW_ACTION_SUBSCRIBE, "s", "a/+");
    assert_int_equal(facts.filter_topics, 2);
    SAY(2, 2, 2, TW_ACTION_SUBSCRIBE, "s", "$share/g/b/1");
    assert_int_equal(facts.filter_topics, 1);
    SAY(2, 2, 2, TW_ACTION_SUBSCRIBE, "s", "x");
    assert_int_equal(facts.filter_topics, 0);
}

static void deliveries_of_what_was_published(void **state)
{
    (void)state;
    SAY(1, 1, 1, TW_ACTION_PUBLISH, "p", "t", "one");
    SAY(2, 2, 2, TW_ACTION_DELIVER, "s", "t", "one");
    assert_int_equal(n_expanded, 0);
    assert_int_equal(got[1].value.kind, TW_VALUE_NONE);
    SAY(2, 2, 2, TW_ACTION_DELIVER, "s", "t", "two");
    assert_int_equal(n_expanded, 1);
    assert_int_equal(n_got, 4); /* the message and then its leaf */
    assert_int_equal(got[2].value.kind, TW_VALUE_STRING);
    assert_null(got[2].field.p);
    assert_true(tw_str_is(got[3].field, "/v"));
    SAY(2, 2, 2, TW_ACTION_DELIVER, "s", "u", "one");
    assert_int_equal(n_expanded, 2);
    SAY(61, 2, 2, TW_ACTION_DELIVER, "s", "t", "one");
    assert_int_equal(n_expanded, 2);
    SAY(62, 2, 2, TW_ACTION_DELIVER, "s", "t", "one");
    assert_int_equal(n_expanded, 3);
    SAY(62, 1, 1, TW_ACTION_PUBLISH, "p", "t", "one");
    assert_int_equal(n_expanded, 3);
}

static void note_delivery(void)
{
    assert_non_null(facts.note);
    facts.note->context = 7;
}

/* Only where something was noted of such deliveries, and only of what was published like that. */
static void deliveries_that_need_no_reading(void **state)
{
    (void)state;
    SAY(1, 2, 2, TW_ACTION_CONNECT, "s", "s");
    SAY(1, 1, 1, TW_ACTION_PUBLISH, "p", "t", "one", .packet = 41);
    SAY(2, 2, 2, TW_ACTION_DELIVER, "s", "t", "one", .how = ASKED);
    assert_null(passed);
    SAY(2, 2, 2, TW_ACTION_DELIVER, "s", "t", "one");
    note_delivery();
    const struct tw_session_facts completed = facts;
    SAY(2, 2, 2, TW_ACTION_DELIVER, "s", "t", "one", .how = ASKED);
    assert_non_null(passed);
    assert_ptr_equal(passed->note, completed.note);
    assert_int_equal(passed->identity, completed.identity);
    assert_int_equal(passed->origin_packet, 41);
    assert_true(tw_str_is(passed->origin, "p"));
    assert_int_equal(passed->topic_publishers, 1);
    SAY(2, 2, 2, TW_ACTION_DELIVER, "s", "t", "two", .how = ASKED);
    assert_null(passed);
    SAY(2, 2, 2, TW_ACTION_DELIVER, "s", "u", "one", .how = ASKED);
    assert_null(passed);
    SAY(2, 2, 2, TW_ACTION_DELIVER, "s", "t", "one", .content_type = "x", .how = ASKED);
    assert_null(passed);
    SAY(62, 2, 2, TW_ACTION_DELIVER, "s", "t", "one", .how = ASKED);
    assert_null(passed);
    SAY(63, 1, 1, TW_ACTION_PUBLISH, "p", "t", "one", .kind = TW_PAYLOAD_ONNX);
    SAY(63, 2, 2, TW_ACTION_DELIVER, "s", "t", "one", .how = ASKED);
    assert_null(passed);
    SAY(64, 1, 1, TW_ACTION_PUBLISH, "p", "t", "one", .content_type = "application/json");
    SAY(64, 2, 2, TW_ACTION_DELIVER, "s", "t", "one", .how = ASKED);
    assert_null(passed);
    SAY(65, 1, 1, TW_ACTION_PUBLISH, "p", "t", "one");
    SAY(65, 2, 2, TW_ACTION_DELIVER, "s", "t", "one", .how = ASKED);
    assert_non_null(passed);
    SAY(65, 2, 2, TW_ACTION_GAP, "s", NULL);
    SAY(66, 2, 2, TW_ACTION_DELIVER, "s", "t", "one", .how = ASKED);
    assert_null(passed);
}

/* What another broker was sent is no origin: the will is noted once, when the delivery is
 * completed.
 */
static void a_will_does_not_pass(void **state)
{
    (void)state;
    SAY(1, 2, 2, TW_ACTION_CONNECT, "s", "s", .broker = 8);
    SAY(1, 1, 1, TW_ACTION_CONNECT, "a", "a", .will_topic = "w", .will = "gone", .retain = true,
        .broker = 8);
    SAY(2, 1, 1, TW_ACTION_PUBLISH, "a", "w", "here", .broker = 8);
    SAY(2, 2, 2, TW_ACTION_DELIVER, "s", "w", "here", .broker = 8);
    note_delivery();
    SAY(3, 3, 3, TW_ACTION_PUBLISH, "p", "w", "gone");
    SAY(4, 2, 2, TW_ACTION_DELIVER, "s", "w", "gone", .retain = true, .broker = 8, .how = ASKED);
    assert_null(passed);
    SAY(4, 2, 2, TW_ACTION_DELIVER, "s", "w", "gone", .retain = true, .broker = 8);
    assert_true(tw_str_is(facts.will_of, "a"));
    assert_null(facts.retained_by.p);
}

static void what_is_printed_needs_reading(void **state)
{
    (void)state;
    SAY(1, 1, 1, TW_ACTION_PUBLISH, "p", "t", "one");
    SAY(2, 2, 2, TW_ACTION_DELIVER, "s", "t", "one", .how = ASKED);
    assert_null(passed);
}

/* Where events are only printed, what they show is the same, and what only rules ask is not there.
 */
static void what_is_printed_alone(void **state)
{
    deliveries_of_what_was_published(state);
    SAY(70, 1, 1, TW_ACTION_PUBLISH, "p", "t", "one", .retain = true);
    assert_int_equal(facts.topic_publishers, 0);
    SAY(71, 2, 2, TW_ACTION_DELIVER, "s", "t", "one", .retain = true);
    assert_null(facts.origin.p);
    assert_null(facts.retained_by.p);
}

static void leaves_share_the_facts_of_their_message(void **state)
{
    (void)state;
    SAY(1, 1, 1, TW_ACTION_PUBLISH, "a", "t");
    SAY(1, 1, 2, TW_ACTION_PUBLISH, "b", "t");
    assert_int_equal(facts.topic_publishers, 2);
    SAY(1, 1, 2, TW_ACTION_PUBLISH, "b", "t", .leaf = true);
    assert_int_equal(facts.topic_publishers, 2);
    assert_true(tw_str_is(facts.first_publisher, "a"));
}

static void what_follows_a_gap(void **state)
{
    (void)state;
    SAY(5, 1, 1, TW_ACTION_PUBLISH, "a", "t");
    assert_false(facts.after_gap);
    SAY(10, 1, 1, TW_ACTION_GAP, NULL);
    assert_true(facts.after_gap);
    SAY(11, 1, 2, TW_ACTION_PUBLISH, "a", "t");
    assert_false(facts.after_gap);
    SAY(20, 1, 1, TW_ACTION_PUBLISH, "a", "t");
    assert_true(facts.after_gap);
    SAY(21, 1, 1, TW_ACTION_PUBLISH, "a", "t");
    assert_false(facts.after_gap);
}

#define IS(text, want) assert_true(tw_str_is(text, want))

static void a_delivery_belongs_to_a_publish(void **state)
{
    (void)state;
    SAY(1, 1, 1, TW_ACTION_PUBLISH, "a", "t", "one", .packet = 7);
    SAY(2, 2, 2, TW_ACTION_PUBLISH, "b", "t", "two", .packet = 8);
    SAY(3, 3, 3, TW_ACTION_DELIVER, "s", "t", "one");
    IS(facts.origin, "a");
    assert_int_equal(facts.origin_packet, 7);
    assert_int_equal(facts.origin_ns, TW_NS_PER_S);
    SAY(3, 3, 3, TW_ACTION_DELIVER, "s", "t", "two");
    IS(facts.origin, "b");
    SAY(3, 3, 3, TW_ACTION_DELIVER, "s", "u", "two");
    assert_null(facts.origin.p);
    SAY(63, 3, 3, TW_ACTION_DELIVER, "s", "t", "one");
    assert_null(facts.origin.p); /* another one with the same payload */
}

/* Messages of which only the beginning was seen have no digest, and are not the same for that. */
static void what_was_seen_in_part_is_equal_to_nothing(void **state)
{
    (void)state;
    SAY(1, 1, 1, TW_ACTION_PUBLISH, "a", "t", .retain = true, .bytes = 9);
    SAY(2, 3, 3, TW_ACTION_DELIVER, "s", "t", .retain = true, .bytes = 9);
    assert_null(facts.origin.p);
    assert_null(facts.retained_by.p);
}

static void who_set_what_is_retained(void **state)
{
    (void)state;
    SAY(1, 1, 1, TW_ACTION_PUBLISH, "a", "t", "on", .retain = true);
    SAY(2, 2, 2, TW_ACTION_PUBLISH, "b", "t", "off");
    SAY(500, 3, 3, TW_ACTION_DELIVER, "s", "t", "on", .retain = true);
    IS(facts.retained_by, "a");
    assert_int_equal(facts.retained_ns, TW_NS_PER_S);
    SAY(500, 3, 3, TW_ACTION_DELIVER, "s", "t", "old", .retain = true);
    assert_null(facts.retained_by.p); /* from before */
    SAY(501, 2, 2, TW_ACTION_PUBLISH, NULL, "t", "", .retain = true);
    SAY(502, 3, 3, TW_ACTION_DELIVER, "s", "t", "on", .retain = true);
    assert_null(facts.retained_by.p); /* deleted */
}

static void on_whose_behalf_a_will_is_published(void **state)
{
    (void)state;
    SAY(1, 1, 1, TW_ACTION_CONNECT, "a", "a", .will_topic = "w", .will = "gone", .retain = true);
    SAY(1, 2, 2, TW_ACTION_CONNECT, "b", "b", .will_topic = "w", .will = "left");
    SAY(2, 3, 3, TW_ACTION_DELIVER, "s", "w", "else");
    assert_null(facts.will_of.p);
    SAY(9, 3, 3, TW_ACTION_DELIVER, "s", "w", "gone");
    IS(facts.will_of, "a");
    SAY(400, 4, 4, TW_ACTION_DELIVER, "t", "w", "gone", .retain = true);
    IS(facts.retained_by, "a");
    SAY(401, 2, 2, TW_ACTION_DISCONNECT, "b"); /* as it should be: no will */
    SAY(402, 3, 3, TW_ACTION_DELIVER, "s", "w", "left");
    assert_null(facts.will_of.p);
    SAY(403, 2, 5, TW_ACTION_CONNECT, "b", "b", .will_topic = "w", .will = "left");
    SAY(404, 2, 5, TW_ACTION_DISCONNECT, "b", .reason = 4); /* with the will */
    SAY(405, 3, 3, TW_ACTION_DELIVER, "s", "w", "left");
    IS(facts.will_of, "b");
}

static void a_message_that_was_published_is_no_will(void **state)
{
    (void)state;
    SAY(1, 1, 1, TW_ACTION_CONNECT, "a", "a", .will_topic = "w", .will = "gone");
    SAY(2, 2, 2, TW_ACTION_PUBLISH, "liar", "w", "gone");
    SAY(2, 3, 3, TW_ACTION_DELIVER, "s", "w", "gone");
    IS(facts.origin, "liar");
    assert_null(facts.will_of.p);
}

static void a_will_that_waits_is_given_up_by_who_returns(void **state)
{
    (void)state;
    SAY(1, 1, 1, TW_ACTION_CONNECT, "a", "a", .will_topic = "w", .will = "gone", .will_delay = 60);
    SAY(5, 1, 1, TW_ACTION_DISCONNECT, "a", .unanswered = true);
    SAY(6, 1, 2, TW_ACTION_CONNECT, "a", "a");
    SAY(7, 3, 3, TW_ACTION_DELIVER, "s", "w", "gone");
    assert_null(facts.will_of.p);
}

/* Nobody came back: it is the will of who left, when its time is over. */
static void a_will_that_waited(void **state)
{
    (void)state;
    SAY(1, 1, 1, TW_ACTION_CONNECT, "a", "a", .will_topic = "w", .will = "gone", .will_delay = 60);
    SAY(5, 1, 1, TW_ACTION_DISCONNECT, "a", .unanswered = true);
    SAY(66, 3, 3, TW_ACTION_DELIVER, "s", "w", "gone");
    IS(facts.will_of, "a");
}

static void a_reply_is_told_from_other_messages(void **state)
{
    (void)state;
    SAY(1, 1, 1, TW_ACTION_PUBLISH, "hmi", "jobs", "do", .reply_topic = "r/1", .correlation = "c");
    SAY(2, 2, 2, TW_ACTION_PUBLISH, "bot", "r/1", "done", .correlation = "d");
    assert_null(facts.reply_to.p);
    SAY(3, 2, 2, TW_ACTION_PUBLISH, "bot", "r/1", "done", .correlation = "c");
    IS(facts.reply_to, "hmi");
    IS(facts.reply_topic, "jobs");
    assert_int_equal(facts.reply_asked_ns, TW_NS_PER_S);
    SAY(70, 2, 2, TW_ACTION_PUBLISH, "bot", "r/1", "done", .correlation = "c");
    assert_null(facts.reply_to.p);
}

/* The Packet Identifier of QoS 1 and 2 outlives the connection. */
static void a_message_sent_again_counts_once(void **state)
{
    (void)state;
    SAY(1, 1, 1, TW_ACTION_PUBLISH, "a", "t", "x", .packet_id = 5, .packet = 10, .dup = true);
    assert_int_equal(facts.repeats, 0); /* DUP alone says nothing */
    SAY(2, 1, 2, TW_ACTION_PUBLISH, "a", "t", "x", .packet_id = 5, .packet = 20, .dup = true);
    assert_int_equal(facts.repeats, 10);
    SAY(3, 1, 2, TW_ACTION_PUBLISH, "a", "t", "x", .packet_id = 5, .packet = 30);
    assert_int_equal(facts.repeats, 0);
    SAY(3, 1, 2, TW_ACTION_PUBLISH, "a", "t", "y", .packet_id = 5, .packet = 40, .dup = true);
    assert_int_equal(facts.repeats, 0);
    SAY(3, 2, 3, TW_ACTION_PUBLISH, "b", "t", "y", .packet_id = 5, .packet = 50, .dup = true);
    assert_int_equal(facts.repeats, 0);
}

/* More than there is room for: the last ones are known. */
static void memory_is_bounded(void **state)
{
    char topic[32], who[16];
    (void)state;
    for (unsigned i = 0; i < 100000; i++) {
        snprintf(topic, sizeof(topic), "t/%u", i);
        snprintf(who, sizeof(who), "c%u", i % 20000);
        SAY(1, 1, i, TW_ACTION_PUBLISH, who, topic, "x", .packet = i + 1);
        if (i % 1000 == 0)
            SAY(1, 1, i, TW_ACTION_SUBSCRIBE, who, topic);
    }
    SAY(2, 2, 2, TW_ACTION_DELIVER, "s", "t/99999", "x");
    IS(facts.origin, "c19999");
    SAY(2, 2, 2, TW_ACTION_DELIVER, "s", "t/1", "x");
    assert_null(facts.origin.p);
}

/* What a connection is called by is told by every message, not by the one before. */
static void names_on_one_connection(void **state)
{
    char topic[128], id[128];
    (void)state;
    memset(topic, 't', sizeof(topic));
    memset(id, 'i', sizeof(id));
    topic[127] = id[127] = '\0';
    SAY(1, 1, 1, TW_ACTION_PUBLISH, "a", "t", "one", .packet = 1);
    SAY(1, 1, 1, TW_ACTION_PUBLISH, "a", "u", "two", .packet = 2);
    SAY(1, 1, 1, TW_ACTION_PUBLISH, "b", "u", "three", .packet = 3);
    SAY(1, 1, 1, TW_ACTION_PUBLISH, NULL, "u", "four", .packet = 4);
    SAY(1, 2, 1, TW_ACTION_PUBLISH, NULL, "u", "five", .packet = 5);
    SAY(1, 2, 1, TW_ACTION_PUBLISH, NULL, topic, "six", .packet = 6);
    SAY(1, 2, 1, TW_ACTION_PUBLISH, id, "u", "seven", .packet = 7);
    assert_int_equal(facts.topic_publishers, 5);
    static const char *const on[] = {"t", "u", "u", "u", "u", NULL, "u"},
                             *const said[] = {"one", "two", "three", "four", "five", "six",
                                 "seven"},
                             *const by[] = {
                                 "a", "a", "b", "10.0.0.1", "10.0.0.2", "10.0.0.2", NULL};
    for (unsigned i = 0; i < 7; i++) {
        SAY(2, 3, 3, TW_ACTION_DELIVER, "s", on[i] != NULL ? on[i] : topic, said[i]);
        assert_int_equal(facts.origin_packet, i + 1);
        IS(facts.origin, by[i] != NULL ? by[i] : id);
    }
    topic[126] = 'u';
    SAY(2, 3, 3, TW_ACTION_DELIVER, "s", topic, "six");
    assert_null(facts.origin.p);
}

static void who_was_forgotten_is_known_again(void **state)
{
    char who[16];
    (void)state;
    SAY(1, 1, 1, TW_ACTION_PUBLISH, "a", "t", "one");
    for (unsigned i = 0; i < 9000; i++) {
        snprintf(who, sizeof(who), "c%u", i);
        SAY(1, 2, 2, TW_ACTION_PUBLISH, who, "u", "x");
    }
    SAY(2, 3, 3, TW_ACTION_DELIVER, "s", "t", "one");
    assert_null(facts.origin.p);
    SAY(2, 1, 1, TW_ACTION_PUBLISH, "a", "t", "one");
    SAY(2, 3, 3, TW_ACTION_DELIVER, "s", "t", "one");
    IS(facts.origin, "a");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_client_id_at_two_addresses, start, stop),
        cmocka_unit_test_setup_teardown(other_ids_and_brokers_do_not_meet, start, stop),
        cmocka_unit_test_setup_teardown(moving_house_is_no_clone, start, stop),
        cmocka_unit_test_setup_teardown(a_dropped_connection_is_no_takeover, start, stop),
        cmocka_unit_test_setup_teardown(a_takeover_by_the_same_address, start, stop),
        cmocka_unit_test_setup_teardown(a_takeover_counts_once, start, stop),
        cmocka_unit_test_setup_teardown(a_war_of_two, start, stop),
        cmocka_unit_test_setup_teardown(who_publishes_on_a_topic, start, stop),
        cmocka_unit_test_setup_teardown(how_much_a_filter_matches, start, stop),
        cmocka_unit_test_setup_teardown(deliveries_of_what_was_published, start, stop),
        cmocka_unit_test_setup_teardown(deliveries_that_need_no_reading, start, stop),
        cmocka_unit_test_setup_teardown(a_will_does_not_pass, start, stop),
        cmocka_unit_test_setup_teardown(what_is_printed_needs_reading, start_printing, stop),
        cmocka_unit_test_setup_teardown(what_is_printed_alone, start_printing, stop),
        cmocka_unit_test_setup_teardown(leaves_share_the_facts_of_their_message, start, stop),
        cmocka_unit_test_setup_teardown(what_follows_a_gap, start, stop),
        cmocka_unit_test_setup_teardown(a_delivery_belongs_to_a_publish, start, stop),
        cmocka_unit_test_setup_teardown(what_was_seen_in_part_is_equal_to_nothing, start, stop),
        cmocka_unit_test_setup_teardown(who_set_what_is_retained, start, stop),
        cmocka_unit_test_setup_teardown(on_whose_behalf_a_will_is_published, start, stop),
        cmocka_unit_test_setup_teardown(a_message_that_was_published_is_no_will, start, stop),
        cmocka_unit_test_setup_teardown(a_will_that_waits_is_given_up_by_who_returns, start, stop),
        cmocka_unit_test_setup_teardown(a_will_that_waited, start, stop),
        cmocka_unit_test_setup_teardown(a_reply_is_told_from_other_messages, start, stop),
        cmocka_unit_test_setup_teardown(a_message_sent_again_counts_once, start, stop),
        cmocka_unit_test_setup_teardown(memory_is_bounded, start, stop),
        cmocka_unit_test_setup_teardown(names_on_one_connection, start, stop),
        cmocka_unit_test_setup_teardown(who_was_forgotten_is_known_again, start, stop),
    };
    return cmocka_run_group_tests_name("session/mqtt", tests, NULL, NULL);
}
