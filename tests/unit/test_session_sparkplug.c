#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/text.h"
#include "base/timefmt.h"
#include "event/emit_json.h"
#include "event/sparkplug.h"
#include "session/sparkplug.h"

/* What Sparkplug messages say together, one after the other. */

struct lab {
    struct tw_sparkplug_sessions *s;
    uint64_t serial;
    int64_t now_ns;
    struct tw_event event;
    struct tw_mqtt_info mqtt;
    struct tw_sparkplug_info info;
    struct tw_sparkplug_metric metric;
    const struct tw_learned *learned;
    size_t base_len;
    uint64_t base_alias;
    struct tw_text text, value;
};

static void lab_open(struct lab *l)
{
    const struct tw_limits limits = tw_limits_default();
    *l = (struct lab){.s = tw_sparkplug_sessions_new(&limits), .now_ns = 1000 * TW_NS_PER_S};
    assert_non_null(l->s);
}

static void lab_close(struct lab *l)
{
    tw_sparkplug_sessions_free(l->s);
    tw_text_free(&l->text);
    tw_text_free(&l->value);
}

/* A message of `client` on its connection `flow`; its seq is not sent when negative. */
struct said {
    enum tw_action action;
    enum tw_sparkplug_kind kind;
    const char *client;
    uint64_t flow;
    int seq, bd_seq;
};

static void begin(struct lab *l, const struct said *m)
{
    const bool device = m->kind >= TW_SPARKPLUG_DBIRTH && m->kind <= TW_SPARKPLUG_DCMD;
    l->now_ns += TW_NS_PER_S;
    l->mqtt = (struct tw_mqtt_info){.serial = ++l->serial, .client_id.s = tw_str_of(m->client)};
    l->mqtt.has_will = m->action == TW_ACTION_CONNECT;
    l->mqtt.qos = m->kind == TW_SPARKPLUG_STATE;
    l->mqtt.will_qos = m->kind == TW_SPARKPLUG_STATE;
    l->mqtt.will_qos |= m->kind == TW_SPARKPLUG_NDEATH;
    l->mqtt.retain = l->mqtt.will_retain = m->kind == TW_SPARKPLUG_STATE;
    l->info = (struct tw_sparkplug_info){.serial = l->serial,
        .kind = m->kind,
        .group = TW_STR("g"),
        .edge_node = TW_STR("e"),
        .device = device ? TW_STR("d") : TW_STR_NONE,
        .has_seq = m->seq >= 0,
        .seq = (uint64_t)(m->seq >= 0 ? m->seq : 0),
        .has_bd_seq = m->bd_seq >= 0,
        .bd_seq = (uint64_t)(m->bd_seq >= 0 ? m->bd_seq : 0)};
    if (m->kind == TW_SPARKPLUG_STATE)
        l->info.host = TW_STR("h");
    l->event = (struct tw_event){.protocol = TW_PROTO_MQTT,
        .action = m->action,
        .ts_ns = l->now_ns,
        .packet = l->serial,
        .flow = m->flow,
        .src = {.ip = {.family = 4, .b = {10, 7, 0, (uint8_t)(m->flow % 10)}}, .port = 50000},
        .dst = {.ip = {.family = 4, .b = {10, 7, 0, 20}}, .port = 1883},
        .status.s = TW_STR("Success"),
        .mqtt = &l->mqtt,
        .sparkplug = &l->info};
    if (m->action == TW_ACTION_DELIVER) {
        const struct tw_endpoint broker = l->event.dst;
        l->event.dst = l->event.src;
        l->event.src = broker;
    }
}

/* What was found, as it is printed: "missing=2 rebirth". */
static const char *found(struct lab *l)
{
    const struct tw_sparkplug_found *f = &l->info.found;
    l->text.len = 0;
    if (f->missing > 0)
        tw_text_addf(&l->text, " missing=%u", f->missing);
    if (f->sender_host.p != NULL)
        tw_text_addf(&l->text, " from=%.*s", TW_STR_ARG(f->sender_host));
    if (f->primary_host.p != NULL)
        tw_text_addf(&l->text, " for=%.*s", TW_STR_ARG(f->primary_host));
#define SAY(name, doc)                                                                             \
    if (f->name)                                                                                   \
        tw_text_addz(&l->text, " " #name);
    TW_SPARKPLUG_FOUND_TABLE(SAY)
#undef SAY
    tw_text_add(&l->text, "", 1);
    return l->text.p;
}

static const char *tell(struct lab *l, const struct said *m)
{
    begin(l, m);
    tw_sparkplug_sessions_message(l->s, &l->event, true);
    return found(l);
}

struct row {
    struct said m;
    const char *found;
};

static void play(struct lab *l, const struct row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const char *got = tell(l, &rows[i].m);
        if (strcmp(got, rows[i].found) != 0)
            fail_msg("row %zu: \"%s\" instead of \"%s\"", i, got, rows[i].found);
    }
}

static void play_alone(const struct row *rows, size_t n)
{
    struct lab l;
    lab_open(&l);
    play(&l, rows, n);
    lab_close(&l);
}

#define PLAY(rows) play_alone(rows, sizeof(rows) / sizeof((rows)[0]))

/* CONNECT with the will, births, data, deaths of the client "edge" on connection 1. */
#define WILL(bd)                                                                                   \
    {                                                                                              \
        TW_ACTION_CONNECT, TW_SPARKPLUG_NDEATH, "edge", 1, -1, bd                                  \
    }
#define WILL_OF(client, flow, bd)                                                                  \
    {                                                                                              \
        TW_ACTION_CONNECT, TW_SPARKPLUG_NDEATH, client, flow, -1, bd                               \
    }
#define SENT(kind, seq, bd)                                                                        \
    {                                                                                              \
        TW_ACTION_PUBLISH, TW_SPARKPLUG_##kind, "edge", 1, seq, bd                                 \
    }
#define SENT_BY(client, flow, kind, seq, bd)                                                       \
    {                                                                                              \
        TW_ACTION_PUBLISH, TW_SPARKPLUG_##kind, client, flow, seq, bd                              \
    }
#define GOT(flow, kind, seq, bd)                                                                   \
    {                                                                                              \
        TW_ACTION_DELIVER, TW_SPARKPLUG_##kind, "host", flow, seq, bd                              \
    }

static void a_good_edge_node_is_not_remarked(void **state)
{
    static const struct row rows[] = {{WILL(0), ""}, {SENT(NBIRTH, 0, 0), ""},
        {SENT(DBIRTH, 1, -1), ""}, {SENT(NDATA, 2, -1), ""}, {SENT(DDATA, 3, -1), ""},
        {SENT(DDEATH, 4, -1), ""}, {SENT(DBIRTH, 5, -1), ""}, {SENT(DDATA, 6, -1), ""},
        {SENT(NDEATH, -1, 0), ""}, {WILL_OF("edge", 2, 1), ""},
        {SENT_BY("edge", 2, NBIRTH, 0, 1), ""}, {SENT_BY("edge", 2, NDATA, 1, -1), ""}};
    (void)state;
    PLAY(rows);
}

static void numbers_left_out_are_counted(void **state)
{
    static const struct row rows[] = {{WILL(0), ""}, {SENT(NBIRTH, 0, 0), ""},
        {SENT(NDATA, 1, -1), ""}, {SENT(NDATA, 4, -1), " missing=2"},
        {SENT(NDATA, 4, -1), " seq_repeated"}, {SENT(NDATA, 5, -1), ""},
        {SENT(NDATA, 255, -1), " missing=249"}, {SENT(NDATA, 0, -1), ""},
        {SENT(NDATA, -1, -1), " seq_missing"}, {SENT(NDATA, 1, -1), ""}, {SENT(NDATA, 300, -1), ""},
        {SENT(NDATA, 2, -1), ""}, {SENT(NDATA, 1, -1), " missing=254"}};
    (void)state;
    PLAY(rows);
}

static void births_come_first(void **state)
{
    static const struct row seen[] = {{WILL(0), ""}, {SENT(NDATA, 0, -1), " before_birth"},
        {SENT(DBIRTH, 1, -1), " before_birth"}, {SENT(NBIRTH, 0, 0), ""},
        {SENT(DDATA, 1, -1), " device_unborn"}, {SENT(DBIRTH, 2, -1), ""}, {SENT(DDATA, 3, -1), ""},
        {SENT(DDEATH, 4, -1), ""}, {SENT(DDATA, 5, -1), " device_unborn"},
        {SENT(NDEATH, -1, 0), ""}, {SENT(NDATA, 6, -1), " before_birth"}};
    /* Watching began in the middle. */
    static const struct row unseen[] = {{SENT(NDATA, 7, -1), " birth_unseen"},
        {SENT(DDATA, 8, -1), " birth_unseen"}, {SENT(NDATA, 10, -1), " missing=1 birth_unseen"},
        {SENT(NBIRTH, 0, 3), ""}, {SENT(NDATA, 1, -1), ""}};
    /* It need not wait for the answer to its CONNECT. */
    static const struct row early[] = {
        {SENT(NBIRTH, 0, 0), ""}, {WILL(0), ""}, {SENT(NDATA, 1, -1), ""}};
    (void)state;
    PLAY(seen);
    PLAY(unseen);
    PLAY(early);
}

static void rebirths_are_asked_for(void **state)
{
    struct lab l;
    static const struct row born[] = {{WILL(4), ""}, {SENT(NBIRTH, 0, 4), ""}};
    static const struct row again[] = {{SENT(NBIRTH, 0, 4), " rebirth"}};
    static const struct row unasked[] = {{SENT(NBIRTH, 0, 4), " rebirth rebirth_unasked"},
        {SENT(DBIRTH, 1, -1), ""}, {SENT(DBIRTH, 2, -1), " rebirth"},
        {SENT(NBIRTH, 9, 5), " rebirth rebirth_unasked bd_seq_differs seq_not_zero"}};
    (void)state;
    lab_open(&l);
    play(&l, born, 2);
    for (unsigned i = 1; i <= 3; i++) {
        const struct said command = SENT_BY("host", 9, NCMD, -1, -1);
        assert_string_equal("", tell(&l, &command));
        l.metric = (struct tw_sparkplug_metric){.datatype = 11};
        l.event.metric = &l.metric;
        l.event.field = TW_STR("Node Control/Rebirth");
        l.event.value = (struct tw_value){.kind = TW_VALUE_BOOL, .b = true};
        (void)tw_sparkplug_sessions_leaf(l.s, &l.event);
        assert_int_equal(i, l.metric.rebirth_requests);
    }
    play(&l, again, 1);
    l.now_ns += 61 * TW_NS_PER_S;
    play(&l, unasked, sizeof(unasked) / sizeof(unasked[0]));
    lab_close(&l);
}

/* [SPB 6.4.23] */
static void bd_seq_ties_births_deaths_and_wills(void **state)
{
    static const struct row rows[] = {{WILL(0), ""}, {SENT(NBIRTH, 0, 1), " bd_seq_differs"},
        {SENT(NDEATH, -1, 0), " bd_seq_differs"}, {SENT(NDATA, 1, -1), ""},
        {SENT(NDEATH, -1, 1), ""}, {WILL_OF("edge", 2, 1), ""},
        {SENT_BY("edge", 2, NBIRTH, 0, -1), " bd_seq_missing"},
        {SENT_BY("edge", 2, NDEATH, 1, -1), " bd_seq_missing seq_unexpected"},
        {WILL_OF("edge", 3, 1), " bd_seq_skipped"}, {WILL_OF("edge", 4, -1), " bd_seq_missing"},
        {WILL_OF("edge", 5, 255), ""}, {WILL_OF("edge", 6, 0), ""}};
    (void)state;
    PLAY(rows);
}

static void others_do_not_speak_for_it(void **state)
{
    static const struct row rows[] = {{WILL(0), ""}, {SENT(NBIRTH, 0, 0), ""},
        {SENT_BY("rogue", 9, NDEATH, -1, 0), " other_publisher"},
        {SENT(NDATA, 1, -1), ""}, /* it lives on */
        {SENT_BY("rogue", 9, NDATA, 77, -1), " other_publisher"},
        {SENT(NDATA, 2, -1), ""}, /* and counts on */
        {WILL_OF("rogue", 9, 1), " other_publisher"},
        {SENT_BY("rogue", 9, NBIRTH, 0, 1), " other_publisher"},
        {SENT(NDATA, 3, -1), " other_publisher"}};
    /* In the middle of a connection only the address is known; the name comes with the next. */
    static const struct row later[] = {{SENT_BY("", 1, NBIRTH, 0, 0), ""},
        {SENT_BY("", 1, NDATA, 1, -1), ""}, {WILL_OF("edge", 11, 1), ""},
        {SENT_BY("edge", 11, NDATA, 2, -1), " before_birth"},
        {SENT_BY("", 2, NDEATH, -1, 0), " other_publisher"}};
    (void)state;
    PLAY(rows);
    PLAY(later);
}

/* Where the node itself is not seen, one subscriber tells; others say the same again. */
static void one_leg_is_followed(void **state)
{
    static const struct row rows[] = {{GOT(5, NBIRTH, 0, 0), ""}, {GOT(6, NBIRTH, 0, 0), ""},
        {GOT(5, NDATA, 1, -1), ""}, {GOT(6, NDATA, 1, -1), ""},
        {GOT(5, NDATA, 3, -1), " missing=1"}, {GOT(6, NDATA, 3, -1), ""},
        {GOT(5, NDEATH, -1, 0), ""}, {GOT(6, NDEATH, -1, 0), ""},
        {GOT(5, NDATA, 4, -1), " before_birth"}, {GOT(6, NDATA, 4, -1), ""},
        {GOT(5, NBIRTH, 0, 1), ""}, {GOT(5, NBIRTH, 0, 1), " rebirth rebirth_unasked"},
        /* What it publishes comes before what others get. */
        {SENT(NDATA, 1, -1), ""}, {GOT(5, NDATA, 9, -1), ""}, {SENT(NDATA, 2, -1), ""}};
    (void)state;
    PLAY(rows);
}

static void deliveries_that_were_seen_published_are_no_news(void **state)
{
    static const struct row rows[] = {{WILL(0), ""}, {SENT(NBIRTH, 0, 0), ""}};
    static const struct said delivered = GOT(5, NBIRTH, 0, 0);
    static const struct row next[] = {{SENT(NDATA, 1, -1), ""}};
    struct lab l;
    (void)state;
    lab_open(&l);
    play(&l, rows, 2);
    begin(&l, &delivered);
    tw_sparkplug_sessions_message(l.s, &l.event, false);
    assert_string_equal("", found(&l));
    play(&l, next, 1);
    lab_close(&l);
}

static void quality_of_service_and_retain(void **state)
{
    static const struct said birth = SENT(NBIRTH, 0, 0), connect = WILL(0),
                             command = SENT_BY("host", 9, NCMD, 4, -1);
    struct lab l;
    (void)state;
    lab_open(&l);
    begin(&l, &connect);
    l.mqtt.will_qos = 0;
    l.mqtt.will_retain = true;
    tw_sparkplug_sessions_message(l.s, &l.event, true);
    assert_string_equal(" wrong_qos wrong_retain", found(&l));
    begin(&l, &birth);
    l.mqtt.qos = 1;
    l.mqtt.retain = true;
    tw_sparkplug_sessions_message(l.s, &l.event, true);
    assert_string_equal(" wrong_qos wrong_retain", found(&l));
    assert_string_equal(" seq_unexpected", tell(&l, &command));
    lab_close(&l);
}

/* --- hosts ---------------------------------------------------------------------------------- */

static const char *host_says(
    struct lab *l, const char *client, uint64_t flow, bool online, int64_t timestamp_s)
{
    const struct said m = {TW_ACTION_PUBLISH, TW_SPARKPLUG_STATE, client, flow, -1, -1};
    begin(l, &m);
    l->info.has_online = true;
    l->info.online = online;
    l->info.timestamp_ns = timestamp_s * TW_NS_PER_S;
    tw_sparkplug_sessions_message(l->s, &l->event, true);
    return found(l);
}

static void host_connects(struct lab *l, const char *client, uint64_t flow, int64_t timestamp_s)
{
    const struct said m = {TW_ACTION_CONNECT, TW_SPARKPLUG_STATE, client, flow, -1, -1};
    begin(l, &m);
    l->info.has_online = true;
    l->info.timestamp_ns = timestamp_s * TW_NS_PER_S;
    tw_sparkplug_sessions_message(l->s, &l->event, true);
}

static void newer_states_win(void **state)
{
    struct lab l;
    (void)state;
    lab_open(&l);
    host_connects(&l, "scada", 8, 100);
    assert_string_equal("", found(&l));
    assert_string_equal("", host_says(&l, "scada", 8, true, 100));
    assert_string_equal(" state_older", host_says(&l, "scada", 8, false, 99));
    assert_string_equal(" other_publisher", host_says(&l, "rogue", 9, false, 200));
    assert_string_equal("", host_says(&l, "scada", 8, false, 101));
    host_connects(&l, "scada", 8, 110);
    assert_string_equal(" state_will_differs", host_says(&l, "scada", 8, true, 111));
    /* Version 2 has no times. */
    assert_string_equal("", host_says(&l, "scada", 8, false, 0));
    /* A standby may take over what is offline. */
    assert_string_equal("", host_says(&l, "standby", 7, true, 120));
    lab_close(&l);
}

static void subscribes(struct lab *l, const char *client, uint64_t flow, const char *filter)
{
    const struct said m = {TW_ACTION_SUBSCRIBE, TW_SPARKPLUG_NONE, client, flow, -1, -1};
    begin(l, &m);
    l->event.sparkplug = NULL;
    l->event.object = tw_str_of(filter);
    tw_sparkplug_sessions_message(l->s, &l->event, true);
}

static void an_edge_node_waits_for_its_host(void **state)
{
    static const struct said birth = SENT(NBIRTH, 0, 0), data = SENT(NDATA, 1, -1),
                             command = SENT_BY("scada", 8, NCMD, -1, -1),
                             other = SENT_BY("ai", 7, NCMD, -1, -1);
    struct lab l;
    (void)state;
    lab_open(&l);
    subscribes(&l, "edge", 1, "spBv1.0/STATE/#");
    subscribes(&l, "edge", 1, "spBv1.0/STATE/h/x");
    subscribes(&l, "edge", 1, "spBv1.0/STATE/");
    assert_string_equal("", tell(&l, &birth));
    subscribes(&l, "edge", 1, "spBv1.0/STATE/h");
    (void)host_says(&l, "scada", 8, true, 100);
    assert_string_equal(" for=h", tell(&l, &data));
    (void)host_says(&l, "scada", 8, false, 101);
    assert_string_equal(" for=h seq_repeated host_offline", tell(&l, &data));
    assert_string_equal(" from=h", tell(&l, &command));
    assert_string_equal("", tell(&l, &other));
    lab_close(&l);
}

/* --- metrics -------------------------------------------------------------------------------- */

struct of {
    const char *name; /* NULL: only the alias */
    int alias;        /* -1: none */
    unsigned datatype;
    struct tw_value value;
};

/* The next metric of the message that was told last: "Temp=-1 Int8 undeclared". */
static const char *metric(struct lab *l, struct of m)
{
    char digits[TW_NUM_TEXT];
    struct tw_event e = l->event;
    l->metric = (struct tw_sparkplug_metric){.datatype = m.datatype,
        .has_alias = m.alias >= 0,
        .alias = (uint64_t)(m.alias >= 0 ? m.alias : 0),
        .base_len = l->base_len,
        .base_alias = l->base_alias,
        .alias_unresolved = m.name == NULL};
    e.metric = &l->metric;
    e.field = m.name != NULL ? tw_str_of(m.name)
                             : (struct tw_str){digits, tw_num_u64(digits, l->metric.alias)};
    e.value = m.value;
    e.type = m.datatype == 0 ? NULL : tw_sparkplug_type_name(m.datatype);
    if (m.datatype != 0) {
        static _Alignas(16) uint8_t memory[8192];
        struct tw_arena arena;
        tw_arena_init(&arena, memory, sizeof(memory));
        assert_true(tw_sparkplug_value(m.datatype, &m.value, &arena, &e.value));
    }
    l->learned = tw_sparkplug_sessions_leaf(l->s, &e);
    l->text.len = 0;
    tw_text_addf(&l->text, "%.*s=", TW_STR_ARG(e.field));
    l->value.len = 0;
    tw_value_json(&l->value, &e.value);
    tw_text_add_str(&l->text, tw_text_str(&l->value));
    if (e.type != NULL)
        tw_text_addf(&l->text, " %s", e.type);
#define SAY(name, doc)                                                                             \
    if (l->metric.name)                                                                            \
        tw_text_addz(&l->text, " " #name);
    TW_SPARKPLUG_METRIC_TABLE(SAY)
#undef SAY
    tw_text_add(&l->text, "", 1);
    return l->text.p;
}

#define UINT(v)                                                                                    \
    {                                                                                              \
        .kind = TW_VALUE_UINT, .u = (v)                                                            \
    }
#define NAMED(name, alias, type, v) ((struct of){name, alias, type, UINT(v)})
#define ALIAS(alias, v) ((struct of){NULL, alias, 0, UINT(v)})

static void born(struct lab *l)
{
    static const struct said birth = SENT(NBIRTH, 0, 0), device = SENT(DBIRTH, 1, -1);
    assert_string_equal("", tell(l, &birth));
    assert_string_equal("bdSeq=0 UInt64", metric(l, NAMED("bdSeq", -1, 8, 0)));
    assert_string_equal("Count=-1 Int8", metric(l, NAMED("Count", 1, 1, 0xff)));
    assert_string_equal("", tell(l, &device));
    assert_string_equal("Level=7 Int32", metric(l, NAMED("Level", 2, 3, 7)));
    assert_string_equal("Taken=7 Int32 alias_taken", metric(l, NAMED("Taken", 1, 3, 7)));
}

static void births_give_names_and_types(void **state)
{
    static const struct said data = SENT(NDATA, 2, -1), device = SENT(DDATA, 3, -1),
                             command = SENT_BY("host", 9, DCMD, -1, -1);
    struct lab l;
    (void)state;
    lab_open(&l);
    born(&l);
    assert_string_equal("", tell(&l, &data));
    assert_string_equal("Count=-2 Int8", metric(&l, NAMED("Count", -1, 0, 0xfe)));
    assert_string_equal("Count=1024 type_differs", metric(&l, NAMED("Count", -1, 0, 1024)));
    assert_string_equal("Count=5 Int32 type_differs", metric(&l, NAMED("Count", -1, 3, 5)));
    assert_string_equal("Nothing=5 undeclared", metric(&l, NAMED("Nothing", -1, 0, 5)));
    assert_string_equal("99=5 alias_unresolved unknown_alias", metric(&l, ALIAS(99, 5)));
    /* An alias of its device is not one of the node. */
    assert_string_equal("2=5 alias_unresolved unknown_alias", metric(&l, ALIAS(2, 5)));
    assert_string_equal("", tell(&l, &device));
    assert_string_equal("Level=-5 Int32", metric(&l, ALIAS(2, 0xfffffffb)));
    assert_string_equal("Count=5 undeclared", metric(&l, NAMED("Count", -1, 0, 5)));
    assert_string_equal("", tell(&l, &command));
    assert_string_equal("Level=1 Int32", metric(&l, ALIAS(2, 1)));
    lab_close(&l);
}

static void a_birth_begins_anew(void **state)
{
    static const struct said birth = SENT(NBIRTH, 0, 0), data = SENT(NDATA, 1, -1),
                             device = SENT(DDATA, 2, -1);
    struct lab l;
    (void)state;
    lab_open(&l);
    born(&l);
    (void)tell(&l, &birth);
    assert_string_equal("Other=1 UInt8", metric(&l, NAMED("Other", 3, 5, 1)));
    (void)tell(&l, &data);
    assert_string_equal("1=5 alias_unresolved unknown_alias", metric(&l, ALIAS(1, 5)));
    assert_string_equal("Other=5 UInt8", metric(&l, ALIAS(3, 5)));
    assert_string_equal(" device_unborn", tell(&l, &device));
    assert_string_equal("2=5 alias_unresolved", metric(&l, ALIAS(2, 5)));
    lab_close(&l);
}

/* What was not seen, or not whole, says nothing about what is missing in it. */
static void half_a_birth_proves_nothing(void **state)
{
    static const struct said birth = SENT(NBIRTH, 0, 0), data = SENT(NDATA, 1, -1);
    struct lab l;
    (void)state;
    lab_open(&l);
    (void)tell(&l, &data);
    assert_string_equal("5=1 alias_unresolved", metric(&l, ALIAS(5, 1)));
    assert_string_equal("x=1", metric(&l, NAMED("x", -1, 0, 1)));
    begin(&l, &birth);
    l.info.incomplete = true;
    tw_sparkplug_sessions_message(l.s, &l.event, true);
    assert_string_equal("Count=1 Int8", metric(&l, NAMED("Count", 1, 1, 1)));
    (void)tell(&l, &data);
    assert_string_equal("Count=-1 Int8", metric(&l, ALIAS(1, 0xff)));
    assert_string_equal("5=1 alias_unresolved", metric(&l, ALIAS(5, 1)));
    /* A malformed event behind its metrics says so later. */
    (void)tell(&l, &birth);
    l.event.action = TW_ACTION_MALFORMED;
    tw_sparkplug_sessions_message(l.s, &l.event, true);
    (void)tell(&l, &data);
    assert_string_equal("x=1", metric(&l, NAMED("x", -1, 0, 1)));
    lab_close(&l);
}

/* A template sent by its alias alone: the names of its metrics begin with the one it was born with.
 */
static void metrics_of_a_template_have_its_name(void **state)
{
    static const struct said birth = SENT(NBIRTH, 0, 0), data = SENT(NDATA, 1, -1);
    struct lab l;
    (void)state;
    lab_open(&l);
    (void)tell(&l, &birth);
    (void)metric(&l, (struct of){"Pump", 12, 19, {.kind = TW_VALUE_OBJECT}});
    (void)metric(&l, NAMED("Pump/Speed", -1, 2, 0));
    (void)tell(&l, &data);
    l.base_len = 2;
    l.base_alias = 12;
    assert_string_equal("Pump/Speed=-2 Int16", metric(&l, NAMED("12/Speed", -1, 0, 0xfffe)));
    assert_string_equal("Pump/Other=1 undeclared", metric(&l, NAMED("12/Other", -1, 0, 1)));
    l.base_alias = 13;
    assert_string_equal("13/Speed=1 undeclared", metric(&l, NAMED("13/Speed", -1, 0, 1)));
    lab_close(&l);
}

static void arrays_and_times_get_their_type(void **state)
{
    static const struct said birth = SENT(NBIRTH, 0, 0), data = SENT(NDATA, 1, -1);
    struct lab l;
    (void)state;
    lab_open(&l);
    (void)tell(&l, &birth);
    (void)metric(&l, (struct of){"A", 1, 23, {.kind = TW_VALUE_BYTES, .s = {"\1\0", 2}}});
    (void)metric(&l, NAMED("T", 2, 13, 0));
    (void)tell(&l, &data);
    assert_string_equal("A=[-2,1] Int16[]",
        metric(&l, (struct of){NULL, 1, 0, {.kind = TW_VALUE_BYTES, .s = {"\xfe\xff\1\0", 4}}}));
    assert_string_equal("A=\"/v8B\" type_differs",
        metric(&l, (struct of){NULL, 1, 0, {.kind = TW_VALUE_BYTES, .s = {"\xfe\xff\1", 3}}}));
    assert_string_equal("T=\"1970-01-01T00:00:01.000000Z\" DateTime", metric(&l, ALIAS(2, 1000)));
    assert_string_equal("T=null", metric(&l, (struct of){NULL, 2, 0, {.kind = TW_VALUE_NULL}}));
    lab_close(&l);
}

static void the_name_of_a_secret_hides_its_text(void **state)
{
    static const struct said birth = SENT(NBIRTH, 0, 0), data = SENT(NDATA, 1, -1);
    struct lab l;
    (void)state;
    lab_open(&l);
    (void)tell(&l, &birth);
    (void)metric(&l, (struct of){"db_password", 1, 12, {.kind = TW_VALUE_STRING, .s = {"x", 1}}});
    (void)tell(&l, &data);
    assert_string_equal("db_password=\"(redacted)\" String",
        metric(&l, (struct of){NULL, 1, 0, {.kind = TW_VALUE_STRING, .s = {"x", 1}}}));
    lab_close(&l);
}

/* engLow, engHigh and engUnit of a birth are known of every value that follows, commands too. */
static void ranges_are_learned(void **state)
{
    static const struct said birth = SENT(NBIRTH, 0, 0), command = SENT_BY("host", 9, NCMD, -1, -1);
    struct lab l;
    struct tw_event e;
    (void)state;
    lab_open(&l);
    (void)tell(&l, &birth);
    l.metric = (struct tw_sparkplug_metric){.datatype = 10,
        .has_alias = true,
        .alias = 4,
        .has_low = true,
        .has_high = true,
        .low = 20,
        .high = 90,
        .unit = TW_STR("degC")};
    e = l.event;
    e.metric = &l.metric;
    e.field = TW_STR("Setpoint");
    l.learned = tw_sparkplug_sessions_leaf(l.s, &e);
    assert_non_null(l.learned);
    (void)tell(&l, &command);
    assert_string_equal("Setpoint=131 Double",
        metric(&l, (struct of){NULL, 4, 0, {.kind = TW_VALUE_DOUBLE, .d = 131}}));
    assert_non_null(l.learned);
    assert_true(l.learned->has_range && l.learned->low == 20 && l.learned->high == 90);
    assert_true(tw_str_is(l.learned->unit, "degC") && tw_str_is(l.learned->type, "Double"));
    (void)metric(&l, NAMED("Other", -1, 0, 1));
    assert_null(l.learned);
    lab_close(&l);
}

/* More metrics than are kept: the oldest go, and nothing is said of what may have been there. */
static void many_metrics_are_bounded(void **state)
{
    static const struct said birth = SENT(NBIRTH, 0, 0), data = SENT(NDATA, 1, -1);
    struct lab l;
    char name[32];
    (void)state;
    lab_open(&l);
    (void)tell(&l, &birth);
    (void)metric(&l, NAMED("first", 0, 3, 1));
    for (unsigned k = 0; k < 40; k++) {
        const struct said other = {TW_ACTION_PUBLISH, TW_SPARKPLUG_NBIRTH, "x", 2, 0, 0};
        begin(&l, &other);
        snprintf(name, sizeof(name), "node%u", k);
        l.info.edge_node = tw_str_of(name);
        tw_sparkplug_sessions_message(l.s, &l.event, true);
        for (unsigned i = 0; i < 1000; i++) {
            char each[32];
            snprintf(each, sizeof(each), "m%u", i);
            (void)metric(&l, NAMED(each, (int)i, 3, 1));
        }
    }
    assert_string_equal("m5=2 Int32", metric(&l, NAMED("m5", 5, 3, 2)));
    (void)tell(&l, &data);
    assert_string_equal("first=2", metric(&l, NAMED("first", -1, 0, 2)));
    assert_string_equal("0=2 alias_unresolved", metric(&l, ALIAS(0, 2)));
    lab_close(&l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_edge_node_is_not_remarked),
        cmocka_unit_test(numbers_left_out_are_counted),
        cmocka_unit_test(births_come_first),
        cmocka_unit_test(rebirths_are_asked_for),
        cmocka_unit_test(bd_seq_ties_births_deaths_and_wills),
        cmocka_unit_test(others_do_not_speak_for_it),
        cmocka_unit_test(one_leg_is_followed),
        cmocka_unit_test(deliveries_that_were_seen_published_are_no_news),
        cmocka_unit_test(quality_of_service_and_retain),
        cmocka_unit_test(newer_states_win),
        cmocka_unit_test(an_edge_node_waits_for_its_host),
        cmocka_unit_test(births_give_names_and_types),
        cmocka_unit_test(a_birth_begins_anew),
        cmocka_unit_test(half_a_birth_proves_nothing),
        cmocka_unit_test(metrics_of_a_template_have_its_name),
        cmocka_unit_test(arrays_and_times_get_their_type),
        cmocka_unit_test(the_name_of_a_secret_hides_its_text),
        cmocka_unit_test(ranges_are_learned),
        cmocka_unit_test(many_metrics_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
