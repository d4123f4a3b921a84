#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/timefmt.h"
#include "session/pubsub.h"

/* What DataSetMessages say together, one event after the other. */

struct lab {
    struct tw_pubsub_sessions *s;
    uint64_t serial;
    int64_t now_ns;
    struct tw_event event;
    struct tw_pubsub_info info;
};

static void lab_open(struct lab *l)
{
    static const struct tw_session_readers none = {.leaves = NULL};
    *l = (struct lab){.s = tw_pubsub_sessions_new(&none)};
    assert_non_null(l->s);
}

static void lab_close(struct lab *l)
{
    tw_pubsub_sessions_free(l->s);
}

static void message(struct lab *l, const char *publisher, const char *writer)
{
    l->info = (struct tw_pubsub_info){.serial = ++l->serial,
        .encoding = "uadp",
        .message_type = TW_STR("data"),
        .dataset_type = "keyframe",
        .publisher_id = tw_str_of(publisher),
        .data_set_writer = tw_str_of(writer)};
    l->event = (struct tw_event){.protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_PUBLISH,
        .src = {.ip = {.family = 4, .b = {10, 7, 0, 10}}, .port = 50000},
        .dst = {.ip = {.family = 4, .b = {224, 0, 0, 22}}, .port = 4840},
        .flow = 9,
        .packet = l->serial,
        .ts_ns = l->now_ns,
        .pubsub = &l->info};
}

static void numbered(struct lab *l, const char *writer, uint32_t sequence)
{
    message(l, "7", writer);
    l->info.has_sequence = true;
    l->info.sequence = sequence;
    tw_pubsub_sessions_event(l->s, &l->event);
}

static void versioned(struct lab *l, uint32_t major, uint32_t minor)
{
    message(l, "7", "10");
    l->info.has_major = l->info.has_minor = true;
    l->info.major = major;
    l->info.minor = minor;
    tw_pubsub_sessions_event(l->s, &l->event);
}

static void announced(
    struct lab *l, uint32_t major, uint32_t minor, const char *first, const char *second)
{
    const struct tw_pubsub_field fields[] = {
        {.name = tw_str_of(first)}, {.name = tw_str_of(second)}};
    message(l, "7", "10");
    l->info.message_type = TW_STR("metadata");
    l->info.has_major = l->info.has_minor = true;
    l->info.major = major;
    l->info.minor = minor;
    l->info.declares = true;
    l->info.n_fields = 2;
    l->info.fields = fields;
    tw_pubsub_sessions_event(l->s, &l->event);
    l->info.declares = false;
    l->info.n_fields = 0;
}

/* What a field of the last message is called. */
static struct tw_str field(struct lab *l, const char *index)
{
    l->event.field = tw_str_of(index);
    l->event.value = (struct tw_value){.kind = TW_VALUE_STRING, .s = TW_STR("x")};
    tw_pubsub_sessions_event(l->s, &l->event);
    return l->event.field;
}

static void assert_field(struct lab *l, const char *index, const char *name)
{
    const struct tw_str got = field(l, index);
    char text[64];
    snprintf(text, sizeof(text), "%.*s", TW_STR_ARG(got));
    assert_string_equal(name, text);
}

static void numbers_left_out_are_counted(void **state)
{
    static const struct {
        uint32_t sequence, missing;
        bool duplicate, late;
    } rows[] = {
        {65533, 0, false, false},
        {65534, 0, false, false},
        {0, 1, false, false}, /* over the end */
        {1, 0, false, false},
        {5, 3, false, false},
        {4, 0, false, true}, /* overtaken */
        {4, 0, true, true},
        {6, 0, false, false},
        {6, 0, true, false},
        {65535, 0, false, true},      /* the one that was missing at the end */
        {49158, 49151, false, false}, /* just newer */
        {32775, 0, false, false},     /* just not: it began anew */
        {32776, 0, false, false},
        {32784, 7, false, false},
        {32774, 0, false, true},
        {32777, 0, false, true},
        {32778, 0, false, true},
        {32779, 0, false, true},
        {32780, 0, false, false}, /* so many in a row are a new beginning */
        {32781, 0, false, false},
    };
    struct lab l;
    (void)state;
    lab_open(&l);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        numbered(&l, "10", rows[i].sequence);
        assert_int_equal(rows[i].missing, l.info.missing);
        assert_int_equal(rows[i].duplicate, l.info.duplicate);
        assert_int_equal(rows[i].late, l.info.late);
        numbered(&l, "11", (uint32_t)i); /* another writer counts for itself */
        assert_int_equal(0, l.info.missing);
    }
    lab_close(&l);
}

/* [UA14 7.2.4.5.8] It has the number that comes next. */
static void a_keep_alive_has_the_next_number(void **state)
{
    struct lab l;
    (void)state;
    lab_open(&l);
    numbered(&l, "10", 8);
    message(&l, "7", "10");
    l.info.dataset_type = "keepalive";
    l.info.has_sequence = true;
    l.info.sequence = 9;
    tw_pubsub_sessions_event(l.s, &l.event);
    assert_int_equal(0, l.info.missing);
    numbered(&l, "10", 9);
    assert_int_equal(0, l.info.missing);
    numbered(&l, "10", 11);
    assert_int_equal(1, l.info.missing);
    lab_close(&l);
}

/* A publisher that was quiet for long may have forgotten where it was [UA14 7.2.3]. */
static void a_silence_forgives_low_numbers(void **state)
{
    struct lab l;
    (void)state;
    lab_open(&l);
    numbered(&l, "10", 8);
    l.now_ns += 61 * TW_NS_PER_S;
    numbered(&l, "10", 2);
    assert_false(l.info.late);
    numbered(&l, "10", 3);
    assert_false(l.info.late || l.info.duplicate);
    lab_close(&l);
}

/* The messages of one NetworkMessage share its number. */
static void a_group_counts_network_messages(void **state)
{
    static const struct {
        uint64_t packet;
        uint32_t sequence, missing;
        bool duplicate;
    } rows[] = {
        {1, 7, 0, false}, {1, 7, 0, false}, {2, 9, 1, false}, {2, 9, 0, false}, {3, 9, 0, true}};
    struct lab l;
    (void)state;
    lab_open(&l);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        message(&l, "7", i % 2 ? "11" : "10");
        l.info.writer_group = TW_STR("3");
        l.info.has_group_sequence = true;
        l.info.group_sequence = rows[i].sequence;
        l.event.packet = rows[i].packet;
        tw_pubsub_sessions_event(l.s, &l.event);
        assert_int_equal(rows[i].missing, l.info.missing);
        assert_int_equal(rows[i].duplicate, l.info.duplicate);
    }
    lab_close(&l);
}

static void all_events_of_a_message_are_told_the_same(void **state)
{
    struct lab l;
    (void)state;
    lab_open(&l);
    numbered(&l, "10", 1);
    numbered(&l, "10", 4);
    assert_int_equal(2, l.info.missing);
    assert_field(&l, "0", "0");
    assert_int_equal(2, l.info.missing);
    lab_close(&l);
}

static void metadata_names_the_fields(void **state)
{
    struct lab l;
    (void)state;
    lab_open(&l);
    versioned(&l, 3, 4);
    assert_true(l.info.before_metadata);
    assert_field(&l, "1", "1");
    announced(&l, 3, 4, "Temp", "Level");
    versioned(&l, 3, 4);
    assert_false(l.info.before_metadata);
    assert_false(l.info.version_unannounced);
    assert_field(&l, "0", "Temp");
    assert_field(&l, "1", "Level");
    assert_field(&l, "2", "2");
    /* Of another major version the fields may be others. */
    versioned(&l, 4, 0);
    assert_true(l.info.version_unannounced);
    assert_field(&l, "0", "0");
    announced(&l, 4, 0, "Pressure", "Level");
    versioned(&l, 4, 0);
    assert_false(l.info.version_unannounced);
    assert_field(&l, "0", "Pressure");
    lab_close(&l);
}

static void the_name_of_a_secret_hides_its_text(void **state)
{
    struct lab l;
    (void)state;
    lab_open(&l);
    announced(&l, 1, 0, "password", "Level");
    versioned(&l, 1, 0);
    assert_field(&l, "0", "password");
    assert_true(tw_str_is(l.event.value.s, "(redacted)"));
    assert_field(&l, "1", "Level");
    assert_true(tw_str_is(l.event.value.s, "x"));
    lab_close(&l);
}

/* Two hosts may both call themselves 7. */
static void publishers_are_told_apart_by_their_hosts(void **state)
{
    struct lab l;
    (void)state;
    lab_open(&l);
    announced(&l, 1, 0, "Temp", "Level");
    message(&l, "7", "10");
    l.event.src.ip.b[3] = 11;
    tw_pubsub_sessions_event(l.s, &l.event);
    assert_true(l.info.before_metadata);
    assert_field(&l, "0", "0");
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers_left_out_are_counted),
        cmocka_unit_test(a_keep_alive_has_the_next_number),
        cmocka_unit_test(a_silence_forgives_low_numbers),
        cmocka_unit_test(a_group_counts_network_messages),
        cmocka_unit_test(all_events_of_a_message_are_told_the_same),
        cmocka_unit_test(metadata_names_the_fields),
        cmocka_unit_test(the_name_of_a_secret_hides_its_text),
        cmocka_unit_test(publishers_are_told_apart_by_their_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
