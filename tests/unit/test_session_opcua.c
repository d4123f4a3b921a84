#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/timefmt.h"
#include "session/stages.h"

static struct tw_opcua_sessions *sessions;
static struct tw_opcua_info info;
static struct tw_session_facts facts;
static int64_t now;
static uint64_t packets;

static int setup(void **state)
{
    struct tw_limits limits = tw_limits_default();
    (void)state;
    limits.sessions = 8;
    sessions = tw_opcua_sessions_new(&limits);
    now = 0;
    return sessions == NULL;
}

static int teardown(void **state)
{
    (void)state;
    tw_opcua_sessions_free(sessions);
    return 0;
}

/* An event of client 10.0.0.`client` at server 10.0.1.`server`. */
static struct tw_event event_of(enum tw_action action, unsigned client, unsigned server)
{
    const struct tw_endpoint c = {.ip = {4, {10, 0, 0, (uint8_t)client}}, .port = 40000};
    const struct tw_endpoint s = {.ip = {4, {10, 0, 1, (uint8_t)server}}, .port = 4840};
    bool server_acts = action == TW_ACTION_NOTIFY || action == TW_ACTION_ALARM;
    info = (struct tw_opcua_info){.service = TW_STR("x")};
    return (struct tw_event){.ts_ns = now,
        .packet = ++packets,
        .protocol = TW_PROTO_OPCUA,
        .action = action,
        .src = server_acts ? s : c,
        .dst = server_acts ? c : s,
        .flow = client,
        .status = {.s = TW_STR("Good")},
        .has_encrypted = true,
        .opcua = &info};
}

static void give(struct tw_event *e)
{
    facts = (struct tw_session_facts){0};
    tw_opcua_sessions_event(sessions, e, &facts);
    assert_true(info.identity_resolved);
}

static void create(uint64_t token, const char *uri, unsigned client, unsigned server)
{
    struct tw_event e = event_of(TW_ACTION_SESSION, client, server);
    info.auth_token = token;
    info.application_uri.s = tw_str_of(uri);
    info.application_name.s = TW_STR("Name");
    info.product_uri.s = TW_STR("urn:product");
    info.session_name.s = TW_STR("Session1");
    info.session.s = TW_STR("ns=1;i=5");
    info.certificate_sha256.s = TW_STR("c0ffee");
    give(&e);
}

static void activate(uint64_t token, const char *user, unsigned client, unsigned server)
{
    struct tw_event e = event_of(TW_ACTION_AUTHENTICATE, client, server);
    info.auth_token = token;
    info.user.s = tw_str_of(user);
    info.user_token = TW_STR("username");
    give(&e);
    assert_true(tw_str_is(info.user.s, user));
}

static void read_one(uint64_t token, unsigned client, unsigned server)
{
    struct tw_event e = event_of(TW_ACTION_READ, client, server);
    info.auth_token = token;
    give(&e);
}

static void identity_follows_the_token(void **state)
{
    (void)state;
    create(11, "urn:ai", 1, 1);
    assert_null(info.user.s.p);
    assert_false(info.user.is_null);
    read_one(11, 1, 1);
    assert_true(info.user.s.p == NULL && !info.user.is_null); /* nobody logged in yet */
    activate(11, "bob", 1, 1);
    assert_true(tw_str_is(info.application_uri.s, "urn:ai"));
    /* On another connection, from another address. */
    read_one(11, 2, 1);
    assert_true(tw_str_is(info.application_uri.s, "urn:ai"));
    assert_true(tw_str_is(info.application_name.s, "Name"));
    assert_true(tw_str_is(info.product_uri.s, "urn:product"));
    assert_true(tw_str_is(info.session_name.s, "Session1"));
    assert_true(tw_str_is(info.session.s, "ns=1;i=5"));
    assert_true(tw_str_is(info.user.s, "bob"));
    assert_true(tw_str_is(info.user_token, "username"));
    assert_true(tw_str_is(info.certificate_sha256.s, "c0ffee"));
    /* Another user on the same session. */
    activate(11, "eve", 1, 1);
    read_one(11, 1, 1);
    assert_true(tw_str_is(info.user.s, "eve"));
    /* The same token at another server is another session. */
    read_one(11, 1, 2);
    assert_true(info.application_uri.is_null && info.user.is_null && info.session.is_null);
}

static void what_was_not_seen_is_null_and_what_does_not_apply_is_absent(void **state)
{
    (void)state;
    read_one(99, 1, 1);
    assert_true(info.application_uri.is_null && info.application_name.is_null);
    assert_true(info.product_uri.is_null && info.session_name.is_null);
    assert_true(info.user.is_null && info.session.is_null);
    assert_false(info.certificate_sha256.is_null);
    read_one(0, 1, 1);
    assert_true(info.application_uri.s.p == NULL && !info.application_uri.is_null);
    assert_true(info.user.s.p == NULL && !info.user.is_null);
    struct tw_event e = event_of(TW_ACTION_DISCONNECT, 1, 1);
    e.encrypted = true;
    give(&e);
    assert_true(info.application_uri.is_null && info.user.is_null);
    /* An answer whose request was not seen: there was a session, whose nobody knows. */
    struct tw_event answer = event_of(TW_ACTION_BROWSE, 3, 1);
    info.audit_entry_id.is_null = true;
    give(&answer);
    assert_true(info.application_uri.is_null && info.user.is_null && info.session.is_null);
}

static void a_refused_login_changes_nobody(void **state)
{
    (void)state;
    create(11, "urn:ai", 1, 1);
    activate(11, "bob", 1, 1);
    struct tw_event e = event_of(TW_ACTION_AUTHENTICATE, 1, 1);
    info.auth_token = 11;
    info.user.s = TW_STR("root");
    e.status.s = TW_STR("BadUserAccessDenied");
    e.status_bad = true;
    give(&e);
    assert_true(tw_str_is(info.user.s, "root"));
    read_one(11, 1, 1);
    assert_true(tw_str_is(info.user.s, "bob"));
    /* Nor does a session that was never created. */
    e = event_of(TW_ACTION_SESSION, 1, 1);
    info.auth_token = 12;
    info.application_uri.s = TW_STR("urn:x");
    e.status = (struct tw_maybe){.is_null = true};
    give(&e);
    read_one(12, 1, 1);
    assert_true(info.application_uri.is_null);
}

static void the_certificate_names_a_sealed_channel(void **state)
{
    (void)state;
    struct tw_event e = event_of(TW_ACTION_SECURE, 1, 1);
    e.encrypted = true;
    info.certificate_uri = TW_STR("urn:hmi");
    info.application_uri.s = TW_STR("urn:hmi");
    info.certificate_sha256.s = TW_STR("beef");
    give(&e);
    e = event_of(TW_ACTION_DISCONNECT, 1, 1);
    e.encrypted = true;
    give(&e);
    assert_true(tw_str_is(info.application_uri.s, "urn:hmi"));
    assert_true(tw_str_is(info.certificate_sha256.s, "beef"));
    assert_true(info.user.is_null && info.session.is_null);
}

static bool elsewhere(unsigned client)
{
    return facts.live_elsewhere.family == 4 && facts.live_elsewhere.b[3] == client;
}

static void one_application_in_two_places(void **state)
{
    (void)state;
    create(11, "urn:ai", 1, 1);
    assert_int_equal(facts.live_elsewhere.family, 0);
    now += 10 * TW_NS_PER_S;
    create(12, "urn:ai", 2, 1);
    assert_true(elsewhere(1));
    read_one(11, 1, 1);
    assert_true(elsewhere(2));
    create(13, "urn:other", 3, 1);
    assert_int_equal(facts.live_elsewhere.family, 0);
    /* One that is silent for a minute is not there any more … */
    now += 60 * TW_NS_PER_S;
    read_one(11, 1, 1);
    assert_int_equal(facts.live_elsewhere.family, 0);
    read_one(12, 2, 1);
    assert_true(elsewhere(1));
    /* … nor is one that was closed. */
    struct tw_event e = event_of(TW_ACTION_DISCONNECT, 1, 1);
    info.auth_token = 11;
    give(&e);
    read_one(12, 2, 1);
    assert_int_equal(facts.live_elsewhere.family, 0);
    /* Answers that still arrive do not bring it back. */
    read_one(11, 1, 1);
    read_one(12, 2, 1);
    assert_int_equal(facts.live_elsewhere.family, 0);
}

static void the_end_of_a_connection_ends_its_session(void **state)
{
    (void)state;
    create(11, "urn:ai", 1, 1);
    create(12, "urn:ai", 2, 1);
    assert_true(elsewhere(1));
    struct tw_event e = event_of(TW_ACTION_DISCONNECT, 1, 1);
    give(&e);
    read_one(12, 2, 1);
    assert_int_equal(facts.live_elsewhere.family, 0);
    /* It may go on over another connection. */
    read_one(11, 3, 1);
    assert_true(elsewhere(2));
    read_one(12, 2, 1);
    assert_true(elsewhere(3));
}

static void moving_is_not_being_in_two_places(void **state)
{
    (void)state;
    create(11, "urn:ai", 1, 1);
    read_one(11, 2, 1);
    assert_int_equal(facts.live_elsewhere.family, 0);
    read_one(11, 2, 1);
    assert_int_equal(facts.live_elsewhere.family, 0);
}

static struct tw_event subscription_event(
    enum tw_action action, unsigned server, uint32_t subscription, uint32_t handle, uint32_t item)
{
    struct tw_event e = event_of(action, 1, server);
    info.has_subscription = true;
    info.subscription_id = subscription;
    info.has_handle = handle != 0;
    info.client_handle = handle;
    info.has_monitored_item = item != 0;
    info.monitored_item_id = item;
    e.object_null = true;
    return e;
}

static void handles_become_nodes(void **state)
{
    (void)state;
    struct tw_event e = subscription_event(TW_ACTION_SUBSCRIBE, 1, 33, 71, 88);
    e.object = TW_STR("ns=2;s=Temp");
    e.object_null = false;
    give(&e);
    static const struct {
        enum tw_action action;
        unsigned server;
        uint32_t subscription, handle, item;
        bool named;
    } rows[] = {
        {TW_ACTION_NOTIFY, 1, 33, 71, 0, true},
        {TW_ACTION_ALARM, 1, 33, 71, 0, true},
        {TW_ACTION_UNSUBSCRIBE, 1, 33, 0, 88, true},
        {TW_ACTION_NOTIFY, 1, 33, 72, 0, false},
        {TW_ACTION_NOTIFY, 1, 34, 71, 0, false},
        {TW_ACTION_NOTIFY, 2, 33, 71, 0, false},
        {TW_ACTION_NOTIFY, 1, 33, 88, 0, false},
        {TW_ACTION_UNSUBSCRIBE, 1, 33, 0, 71, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        e = subscription_event(
            rows[i].action, rows[i].server, rows[i].subscription, rows[i].handle, rows[i].item);
        give(&e);
        assert_int_equal(e.object_null, !rows[i].named);
        if (rows[i].named)
            assert_true(tw_str_is(e.object, "ns=2;s=Temp"));
        else
            assert_null(e.object.p);
    }
}

/* A data change of the session with this token, as it is shown before it is completed. */
static bool passes(uint64_t token, uint32_t handle, struct tw_value value, bool good)
{
    struct tw_event e = subscription_event(TW_ACTION_NOTIFY, 1, 33, handle, 0);
    info.auth_token = token;
    e.value = value;
    e.status.s = good ? TW_STR("Good") : TW_STR("BadNoData");
    e.status_bad = !good;
    facts = (struct tw_session_facts){0};
    return tw_opcua_sessions_pass(sessions, &e, &facts);
}

static const struct tw_value number = {.kind = TW_VALUE_DOUBLE, .d = 1};

/* The same change as a whole event: what is found out about it is noted with its item. */
static struct tw_thing_note *complete(uint64_t token, uint32_t handle)
{
    struct tw_event e = subscription_event(TW_ACTION_NOTIFY, 1, 33, handle, 0);
    info.auth_token = token;
    e.value = number;
    give(&e);
    return facts.note;
}

static void data_changes_of_known_items_pass(void **state)
{
    (void)state;
    create(10, "urn:a", 1, 1);
    activate(10, "op", 1, 1);
    struct tw_event e = subscription_event(TW_ACTION_SUBSCRIBE, 1, 33, 71, 88);
    info.auth_token = 10;
    e.object = TW_STR("ns=2;s=Temp");
    e.object_null = false;
    give(&e);
    assert_null(complete(10, 71)); /* nothing was known of the node */
    struct tw_thing_note *note = complete(10, 71);
    const uint64_t identity = facts.identity;
    assert_non_null(note);
    assert_int_equal(note->context, 0);
    note->context = 5;
    assert_true(passes(10, 71, number, true));
    assert_int_equal(facts.note->context, 5);
    assert_int_equal(facts.identity, identity);
    assert_int_not_equal(facts.message, 0);
    assert_false(passes(10, 72, number, true));  /* an item that was never created */
    assert_false(passes(10, 71, number, false)); /* Bad */
    assert_false(passes(11, 71, number, true));  /* a session that was not seen */
    /* Somebody else: what was found out is about the one before. */
    activate(10, "other", 1, 1);
    assert_true(passes(10, 71, number, true));
    assert_int_not_equal(facts.identity, identity);
    /* The same application elsewhere: that is for rules to see. */
    create(12, "urn:a", 2, 1);
    assert_false(passes(10, 71, number, true));
}

static void observe(uint64_t token, uint32_t handle, uint32_t item, const char *node)
{
    struct tw_event e = subscription_event(TW_ACTION_SUBSCRIBE, 1, 33, handle, item);
    info.auth_token = token;
    e.object = tw_str_of(node);
    e.object_null = false;
    give(&e);
}

/* Handles are the client's to give out again: what was noted is about the node that had it before.
 */
static void another_item_of_the_same_handle_has_no_note(void **state)
{
    (void)state;
    create(10, "urn:a", 1, 1);
    observe(10, 71, 88, "ns=2;s=Temp");
    complete(10, 71);
    struct tw_thing_note *note = complete(10, 71);
    assert_non_null(note);
    *note = (struct tw_thing_note){.context = 5, .kinds = 7, .series = 2};
    observe(10, 72, 89, "ns=2;s=Other");
    assert_true(passes(10, 71, number, true));
    assert_int_equal(facts.note->context, 5);
    observe(10, 71, 90, "ns=2;s=Stop");
    assert_true(passes(10, 71, number, true));
    assert_int_equal(facts.note->context, 0);
    assert_int_equal(facts.note->kinds, 0);
    assert_int_equal(facts.note->series, 0);
}

static void the_message_is_the_same_until_another_event(void **state)
{
    (void)state;
    create(10, "urn:a", 1, 1);
    struct tw_event e = subscription_event(TW_ACTION_SUBSCRIBE, 1, 33, 71, 88);
    info.auth_token = 10;
    e.object = TW_STR("ns=2;s=Temp");
    give(&e);
    complete(10, 71);
    assert_true(passes(10, 71, number, true));
    const uint64_t first = facts.message;
    packets--; /* the next item of the message */
    assert_true(passes(10, 71, number, true));
    assert_int_equal(facts.message, first);
    packets--;
    complete(10, 71);
    packets--;
    assert_true(passes(10, 71, number, true));
    assert_int_not_equal(facts.message, first);
    const uint64_t second = facts.message;
    assert_true(passes(10, 71, number, true)); /* in another packet */
    assert_int_not_equal(facts.message, second);
}

static struct tw_node_key key_of(const char *node)
{
    struct tw_node_key key;
    tw_hash_wide((struct tw_seed){0}, node, strlen(node), key.h);
    return key;
}

/* Values read in the session with this token, as they are shown before they are completed: how many
 * something is noted of. */
static uint32_t reads_pass(
    uint64_t token, const char *const *nodes, uint32_t n, enum tw_value_kind kind)
{
    struct tw_event e = event_of(TW_ACTION_READ, 1, 1);
    struct tw_plain_values values = {.n = n};
    struct tw_thing_note *notes[TW_PLAIN_VALUES] = {NULL};
    info.auth_token = token;
    for (uint32_t i = 0; i < n; i++) {
        values.list[i].kind = kind;
        values.of.nodes[i] = key_of(nodes[i]);
    }
    facts = (struct tw_session_facts){0};
    const uint32_t passed =
        tw_opcua_sessions_pass_values(sessions, &e, &values, 0, n, notes, &facts);
    assert_ptr_equal(facts.note, passed > 0 ? notes[0] : NULL);
    return passed;
}

static struct tw_thing_note *complete_read(uint64_t token, const char *node)
{
    struct tw_event e = event_of(TW_ACTION_READ, 1, 1);
    info.auth_token = token;
    info.attribute = TW_STR("Value");
    info.node = key_of(node);
    e.object = tw_str_of(node);
    e.value = number;
    give(&e);
    return facts.note;
}

static void values_read_of_nodes_that_were_read_before_pass(void **state)
{
    const char *const nodes[] = {"ns=2;s=Temp", "ns=2;s=Flow", "ns=2;s=Other", "ns=2;s=Temp"};
    (void)state;
    create(10, "urn:a", 1, 1);
    activate(10, "op", 1, 1);
    struct tw_thing_note *note = complete_read(10, nodes[0]);
    assert_non_null(note);
    note->context = 5;
    const uint64_t identity = facts.identity;
    assert_int_equal(reads_pass(10, nodes, 4, TW_VALUE_DOUBLE), 1);
    assert_ptr_equal(facts.note, note);
    assert_int_equal(facts.identity, identity);
    assert_int_not_equal(facts.message, 0);
    const uint64_t message = facts.message;
    complete_read(10, nodes[1]);
    assert_int_equal(reads_pass(10, nodes, 4, TW_VALUE_ARRAY), 2);
    assert_int_equal(facts.note->context, 5);
    assert_int_not_equal(facts.message, message);
    complete_read(10, nodes[2]);
    assert_int_equal(reads_pass(10, nodes, 4, TW_VALUE_DOUBLE), 4);
    assert_int_equal(reads_pass(11, nodes, 4, TW_VALUE_DOUBLE), 0); /* a session not seen */
    /* Somebody else: what was found out is about the one before. */
    activate(10, "other", 1, 1);
    assert_int_equal(reads_pass(10, nodes, 1, TW_VALUE_DOUBLE), 1);
    assert_int_not_equal(facts.identity, identity);
    /* The same application elsewhere: that is for rules to see. */
    create(12, "urn:a", 2, 1);
    assert_int_equal(reads_pass(10, nodes, 1, TW_VALUE_DOUBLE), 0);
}

/* A node whose key was not taken has no note that could be found again. */
static void without_a_key_nothing_is_noted_of_a_node(void **state)
{
    (void)state;
    create(10, "urn:a", 1, 1);
    struct tw_event e = event_of(TW_ACTION_READ, 1, 1);
    info.auth_token = 10;
    e.object = TW_STR("ns=2;s=Temp");
    e.value = number;
    give(&e);
    assert_null(facts.note);
}

/* An alias is not the node that is read. */
static void values_read_by_an_alias_do_not_pass(void **state)
{
    const struct tw_value alias = {
        .kind = TW_VALUE_STRING, .s = TW_STR("i=9"), .name = TW_STR("alias")};
    const struct tw_value details = {.kind = TW_VALUE_OBJECT, .n = 1, .items = &alias};
    const char *const nodes[] = {"i=9"};
    (void)state;
    create(10, "urn:a", 1, 1);
    assert_non_null(complete_read(10, "i=9"));
    assert_int_equal(reads_pass(10, nodes, 1, TW_VALUE_DOUBLE), 1);
    struct tw_event e = event_of(TW_ACTION_BROWSE, 1, 1);
    info.service = TW_STR("RegisterNodes");
    info.details = &details;
    e.object = TW_STR("ns=2;s=Temp");
    give(&e);
    assert_int_equal(reads_pass(10, nodes, 1, TW_VALUE_DOUBLE), 0);
}

/* Data changes of one list, looked up together: how many are about known items. */
static uint32_t changes_pass(
    const uint32_t *handles, uint32_t first, uint32_t n, struct tw_thing_note **notes)
{
    struct tw_event e = subscription_event(TW_ACTION_NOTIFY, 1, 33, 0, 0);
    struct tw_plain_values values = {.n = first + n};
    info.auth_token = 10;
    info.has_handle = false;
    for (uint32_t i = 0; i < first + n; i++)
        values.of.handles[i] = handles[i];
    facts = (struct tw_session_facts){0};
    return tw_opcua_sessions_pass_values(sessions, &e, &values, first, n, notes, &facts);
}

static void data_changes_are_looked_up_together(void **state)
{
    const uint32_t handles[] = {73, 71, 72, 71, 73};
    struct tw_thing_note *notes[TW_PLAIN_VALUES];
    (void)state;
    create(10, "urn:a", 1, 1);
    observe(10, 71, 88, "ns=2;s=Temp");
    observe(10, 72, 89, "ns=2;s=Other");
    complete(10, 71);
    struct tw_thing_note *note = complete(10, 71);
    assert_non_null(note);
    assert_int_equal(changes_pass(handles, 0, 5, notes), 0); /* 73 was never created */
    assert_int_equal(changes_pass(handles, 1, 4, notes), 3);
    assert_ptr_equal(notes[0], note);
    assert_ptr_equal(notes[2], note);
    assert_ptr_not_equal(notes[1], note);
    assert_ptr_equal(facts.note, note);
    const uint64_t message = facts.message;
    packets--; /* more of the same message */
    assert_int_equal(changes_pass(handles, 2, 1, notes), 1);
    assert_int_equal(facts.message, message);
    assert_int_equal(changes_pass(handles, 1, 1, notes), 1);
    assert_int_not_equal(facts.message, message);
}

/* Whoever comes again by the same flow is found without being looked up: as long as nothing
 * changed. */
static void a_session_that_is_found_again_is_the_one_that_is_there(void **state)
{
    (void)state;
    create(10, "urn:a", 1, 1);
    create(11, "urn:b", 1, 1);
    for (unsigned i = 0; i < 3; i++) {
        read_one(10, 1, 1);
        assert_true(tw_str_is(info.application_uri.s, "urn:a"));
        read_one(11, 1, 1);
        assert_true(tw_str_is(info.application_uri.s, "urn:b"));
        read_one(10, 1, 2); /* another server knows no such session */
        assert_null(info.application_uri.s.p);
    }
    create(10, "urn:c", 1, 1);
    read_one(10, 1, 1);
    assert_true(tw_str_is(info.application_uri.s, "urn:c"));
    activate(10, "op", 1, 1);
    read_one(10, 1, 1);
    assert_true(tw_str_is(info.user.s, "op"));
    activate(10, "other", 1, 1);
    read_one(10, 1, 1);
    assert_true(tw_str_is(info.user.s, "other"));
}

static void refused_items_and_long_names_are_not_kept(void **state)
{
    static char name[300];
    (void)state;
    memset(name, 'a', sizeof(name) - 1);
    struct tw_event e = subscription_event(TW_ACTION_SUBSCRIBE, 1, 33, 71, 88);
    e.object = TW_STR("ns=2;s=Temp");
    e.status_bad = true;
    give(&e);
    e = subscription_event(TW_ACTION_SUBSCRIBE, 1, 33, 72, 89);
    e.object = tw_str_of(name);
    give(&e);
    for (uint32_t handle = 71; handle < 73; handle++) {
        e = subscription_event(TW_ACTION_NOTIFY, 1, 33, handle, 0);
        give(&e);
        assert_true(e.object_null);
    }
}

static void tables_stay_small(void **state)
{
    (void)state;
    for (uint64_t token = 1; token < 1000; token++) {
        char uri[32];
        snprintf(uri, sizeof(uri), "urn:%u", (unsigned)(token % 20));
        create(token, uri, (unsigned)(token % 200), (unsigned)(token % 3));
        struct tw_event e = subscription_event(
            TW_ACTION_SUBSCRIBE, 1, (uint32_t)token, (uint32_t)token, (uint32_t)token);
        e.object = TW_STR("i=1");
        give(&e);
    }
    read_one(999, 999 % 200, 0);
    assert_true(tw_str_is(info.application_uri.s, "urn:19"));
    read_one(1, 1, 1);
    assert_true(info.application_uri.is_null);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(identity_follows_the_token),
        TEST(what_was_not_seen_is_null_and_what_does_not_apply_is_absent),
        TEST(a_refused_login_changes_nobody),
        TEST(the_certificate_names_a_sealed_channel),
        TEST(one_application_in_two_places),
        TEST(the_end_of_a_connection_ends_its_session),
        TEST(moving_is_not_being_in_two_places),
        TEST(handles_become_nodes),
        TEST(data_changes_of_known_items_pass),
        TEST(another_item_of_the_same_handle_has_no_note),
        TEST(data_changes_are_looked_up_together),
        TEST(values_read_of_nodes_that_were_read_before_pass),
        TEST(without_a_key_nothing_is_noted_of_a_node),
        TEST(values_read_by_an_alias_do_not_pass),
        TEST(a_session_that_is_found_again_is_the_one_that_is_there),
        TEST(the_message_is_the_same_until_another_event),
        TEST(refused_items_and_long_names_are_not_kept),
        TEST(tables_stay_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
