#include "share/publisher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "fake_broker.h"
#include "sender.h"

static struct tw_broker_config config_of(int port)
{
    return (struct tw_broker_config){.host = "127.0.0.1",
        .port = port,
        .client_id = "site-gw",
        .root = "tierwatch/1/site/gw",
        .online = "{\"state\":\"online\"}",
        .offline = "{\"state\":\"offline\"}",
        .drain_ms = 20000,
        .ack_timeout_ms = 400,
        .retry_ms = 60};
}

static void all_acked(const struct fake_broker *b, int n)
{
    for (int i = 0; i < n; i++)
        assert_true(b->acked[i] >= 1);
}

static const struct {
    const char *what;
    int n_acts;
    enum fake_act acts[4];
    int seconds; /* enough */
    bool in_order;
} rows[] = {
    {"a good broker", 1, {FAKE_ACK}, 5, true},
    {"hangs up at CONNECT", 2, {FAKE_CLOSE, FAKE_ACK}, 10, true},
    {"refuses twice", 3, {FAKE_REFUSE, FAKE_REFUSE, FAKE_ACK}, 10, true},
    {"never acknowledges, then does", 2, {FAKE_NEVER_ACK, FAKE_ACK}, 10, true},
    {"quota exceeded", 1, {FAKE_NAK_97}, 10, true},
    {"hangs up in the middle of the window", 3,
        {FAKE_ACK_THEN_HANG_UP, FAKE_ACK_THEN_HANG_UP, FAKE_ACK}, 10, true},
    {"hangs up without acknowledging", 2, {FAKE_HANG_UP, FAKE_ACK}, 10, true},
    {"everything in turn", 4, {FAKE_REFUSE, FAKE_ACK_THEN_HANG_UP, FAKE_NEVER_ACK, FAKE_NAK_97}, 15,
        true},
};

static void each_message_arrives_whatever_the_broker_does(void **state)
{
    (void)state;
    enum { N = 60 };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        static struct fake_broker b;
        fake_start(&b, rows[i].acts, rows[i].n_acts);
        struct tw_broker_config config = config_of(b.port);
        struct tw_publisher *p = start(&config);
        send_ids(p, 0, N);
        bool done = acknowledged(p, N, rows[i].seconds * 1000);
        struct tw_publisher_stats stats = tw_publisher_stats(p);
        if (!done)
            print_error(
                "%s: %d of %d, %s\n", rows[i].what, (int)stats.acknowledged, N, stats.last_error);
        assert_true(done);
        assert_true(tw_publisher_stop(p));
        fake_stop(&b);
        all_acked(&b, N);
        if (rows[i].in_order)
            assert_int_equal(b.order_errors, 0);
        assert_int_equal(stats.dead, 0);
        assert_int_equal(stats.queued, N);
        assert_string_equal(b.last_state, config.offline);
    }
}

static void older_brokers_are_spoken_to_in_their_version(void **state)
{
    (void)state;
    static const enum fake_act acts[] = {FAKE_ONLY_311, FAKE_CLOSE_311};
    for (size_t i = 0; i < 2; i++) {
        static struct fake_broker b;
        fake_start(&b, &acts[i], 1);
        struct tw_broker_config config = config_of(b.port);
        char err[256];
        assert_int_equal(tw_publisher_test(&config, err, sizeof(err)), TW_OK);
        struct tw_publisher *p = start(&config);
        send_ids(p, 0, 20);
        assert_true(acknowledged(p, 20, 5000));
        assert_true(tw_publisher_stop(p));
        fake_stop(&b);
        all_acked(&b, 20);
        assert_int_equal(b.versions[0], 5);
        assert_int_equal(b.versions[1], 4);
    }
}

/* One message that the broker will never take does not hold up the others, and is not forgotten. */
static void a_message_without_permission_rests(void **state)
{
    (void)state;
    static struct fake_broker b;
    const enum fake_act acts[] = {FAKE_NAK_87};
    fake_start(&b, acts, 1);
    struct tw_broker_config config = config_of(b.port);
    config.drain_ms = 100;
    struct tw_publisher *p = start(&config);
    send_ids(p, 0, 20);
    assert_true(acknowledged(p, 19, 5000));
    for (int i = 0; i < 800 && tw_publisher_stats(p).dead == 0; i++)
        wait_ms(10);
    struct tw_publisher_stats stats = tw_publisher_stats(p);
    assert_int_equal(stats.acknowledged, 19);
    assert_int_equal(stats.refused, 3);
    assert_int_equal(stats.dead, 1);
    assert_int_equal(stats.spooled, 1);
    assert_non_null(strstr(stats.last_error, "Not authorized"));
    assert_false(tw_publisher_stop(p));
    fake_stop(&b);
}

/* Brokers of 3.1.1 hang up where they would refuse: the culprit is found, the others arrive. */
static void a_message_that_kills_connections_rests(void **state)
{
    (void)state;
    static struct fake_broker b;
    const enum fake_act acts[] = {FAKE_CHOKE};
    fake_start(&b, acts, 1);
    struct tw_broker_config config = config_of(b.port);
    config.drain_ms = 100;
    config.retry_ms = 15;
    struct tw_publisher *p = start(&config);
    send_ids(p, 0, 12);
    bool done = acknowledged(p, 11, 60000);
    struct tw_publisher_stats stats = tw_publisher_stats(p);
    if (!done)
        print_error("%d acknowledged, %d dead\n", (int)stats.acknowledged, (int)stats.dead);
    assert_true(done);
    assert_int_equal(stats.dead, 1);
    tw_publisher_stop(p);
    fake_stop(&b);
    for (int i = 0; i < 12; i++)
        assert_int_equal(b.acked[i] >= 1, i != 3);
}

/* Nobody there, then somebody: what was stopped unsent is in the spool for the next start. */
static void what_was_not_sent_is_sent_by_the_next_start(void **state)
{
    (void)state;
    char spool[] = "/tmp/tw-spool-XXXXXX";
    close(mkstemp(spool));
    struct tw_broker_config config = config_of(1); /* nobody listens there */
    config.spool = spool;
    config.drain_ms = 50;
    struct tw_publisher *p = start(&config);
    send_ids(p, 0, 50);
    wait_ms(100);
    assert_false(tw_publisher_stats(p).connected);
    assert_non_null(strstr(tw_publisher_stats(p).last_error, "refused"));
    struct tw_publisher *second = NULL;
    char err[256];
    assert_int_equal(tw_publisher_start(&config, &second, err, sizeof(err)), TW_IO);
    assert_non_null(strstr(err, "another process"));
    assert_false(tw_publisher_stop(p));

    static struct fake_broker b;
    const enum fake_act acts[] = {FAKE_ACK};
    fake_start(&b, acts, 1);
    config.port = b.port;
    config.drain_ms = 5000;
    p = start(&config);
    send_ids(p, 50, 60);
    assert_true(acknowledged(p, 60, 5000));
    assert_true(tw_publisher_stop(p));
    fake_stop(&b);
    all_acked(&b, 60);
    assert_int_equal(b.order_errors, 0);
    struct stat st;
    assert_int_equal(stat(spool, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    unlink(spool);
}

static void a_spool_that_is_none_is_moved_aside(void **state)
{
    (void)state;
    char spool[] = "/tmp/tw-spool-XXXXXX", bad[64], err[256];
    int fd = mkstemp(spool);
    char junk[8192];
    memset(junk, 'x', sizeof(junk));
    assert_int_equal(write(fd, junk, sizeof(junk)), sizeof(junk));
    close(fd);
    struct tw_broker_config config = config_of(1);
    config.spool = spool;
    config.drain_ms = 1;
    struct tw_publisher *p = NULL;
    assert_int_equal(tw_publisher_start(&config, &p, err, sizeof(err)), TW_OK);
    assert_non_null(strstr(err, "moved aside"));
    tw_publisher_stop(p);
    snprintf(bad, sizeof(bad), "%s.bad", spool);
    assert_int_equal(unlink(bad), 0);
    unlink(spool);
}

/* Only the newest of a volatile topic is sent once a broker is there. */
static void only_the_newest_of_a_volatile_topic_is_sent(void **state)
{
    (void)state;
    static struct fake_broker b;
    const enum fake_act acts[] = {FAKE_REFUSE, FAKE_ACK};
    fake_start(&b, acts, 2);
    struct tw_broker_config config = config_of(b.port);
    config.retry_ms = 1000;
    struct tw_publisher *p = start(&config);
    wait_ms(200);
    for (int i = 0; i < 10; i++) {
        char payload[32];
        snprintf(payload, sizeof(payload), "{\"id\":%d}", i);
        struct tw_message m = {.topic = TW_STR("stats"),
            .payload = tw_str_of(payload),
            .retain = true,
            .volatile_ = true};
        assert_int_equal(tw_publisher_send(p, &m), TW_OK);
    }
    assert_int_equal(tw_publisher_stats(p).spooled, 1);
    assert_true(tw_publisher_stop(p));
    fake_stop(&b);
    for (int i = 0; i < 10; i++)
        assert_int_equal(b.seen[i], i == 9);
}

static void unusable_topics_are_refused(void **state)
{
    (void)state;
    struct tw_broker_config config = config_of(1);
    config.drain_ms = 1;
    struct tw_publisher *p = start(&config);
    struct tw_message m = {.payload = TW_STR("{}")};
    assert_int_equal(tw_publisher_send(p, &m), TW_INVALID);
    tw_publisher_stop(p);
}

static void the_test_says_what_the_broker_says(void **state)
{
    (void)state;
    static struct fake_broker b;
    char err[256];
    const enum fake_act refuse[] = {FAKE_REFUSE}, good[] = {FAKE_ACK};
    struct tw_broker_config config = config_of(1);
    assert_int_equal(tw_publisher_test(&config, err, sizeof(err)), TW_IO);
    assert_non_null(strstr(err, "refused"));
    fake_start(&b, refuse, 1);
    config.port = b.port;
    assert_int_equal(tw_publisher_test(&config, err, sizeof(err)), TW_IO);
    assert_string_equal(err, "the broker refused the connection: Server unavailable");
    fake_stop(&b);
    fake_start(&b, good, 1);
    config.port = b.port;
    assert_int_equal(tw_publisher_test(&config, err, sizeof(err)), TW_OK);
    fake_stop(&b);
    config.host = "no-such-host.invalid";
    assert_int_equal(tw_publisher_test(&config, err, sizeof(err)), TW_IO);
    assert_string_equal(err, "the broker's name is not known");
}

static void topic_levels(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } levels[] = {{"CMD-01", "CMD-01"}, {"10.0.0.5", "10_0_0_5"}, {"a/b#+$", "a_b___"}, {"", "_"},
        {"gw_1", "gw_1"}, {"\xc3\xa9", "__"}, {"0123456789abcdef", "0123456789abcde"}};
    for (size_t i = 0; i < sizeof(levels) / sizeof(levels[0]); i++) {
        char out[16];
        assert_int_equal(
            tw_topic_level(out, sizeof(out), tw_str_of(levels[i].in)), strlen(levels[i].out));
        assert_string_equal(out, levels[i].out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(topic_levels),
        cmocka_unit_test(each_message_arrives_whatever_the_broker_does),
        cmocka_unit_test(older_brokers_are_spoken_to_in_their_version),
        cmocka_unit_test(a_message_without_permission_rests),
        cmocka_unit_test(a_message_that_kills_connections_rests),
        cmocka_unit_test(what_was_not_sent_is_sent_by_the_next_start),
        cmocka_unit_test(a_spool_that_is_none_is_moved_aside),
        cmocka_unit_test(only_the_newest_of_a_volatile_topic_is_sent),
        cmocka_unit_test(unusable_topics_are_refused),
        cmocka_unit_test(the_test_says_what_the_broker_says),
    };
    return cmocka_run_group_tests_name("publisher faults", tests, NULL, NULL);
}
