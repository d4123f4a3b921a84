#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "opcua_detailed.h"
#include "protocol/opcua/value.h"

/* History: every kind of HistoryReadDetails and HistoryUpdateDetails, and every kind of answer
 * [UA11 6.5], [UA11 6.6], [UA11 6.9]. */

static struct wire w;

typedef void (*w_fn)(struct wire *out);

static void w_extension(struct wire *out, unsigned id, const struct wire *body)
{
    w_node(out, 0, id);
    w_u8(out, 1);
    w_bytes(out, body);
}

static void w_later(struct wire *out)
{
    w_le(out, (uint64_t)W_TIME + 36000000000u, 8); /* by an hour */
}

#define TIME "1772352000"
#define HOUR "1772352000..1772355600"

/* EventFilter: one field, and only events of some severity. */
static void w_event_filter(struct wire *out)
{
    w_u32(out, 1);
    w_node(out, 0, 2041);
    w_u32(out, 1);
    w_u16(out, 0);
    w_str(out, "Severity");
    w_u32(out, 13);
    w_str(out, NULL);
    w_u32(out, 0);
}

#define SELECT "\"select\":[\"Severity\"]"

static void w_event_fields(struct wire *out)
{
    w_u32(out, 2);
    w_u32(out, 2);
    w_u8(out, 5);
    w_u16(out, 500);
    w_u8(out, 12);
    w_str(out, "trip");
    w_u32(out, 0);
}

#define FIELDS "[[500,\"trip\"],[]]"

/* --- reading --- */

static void raw(struct wire *out)
{
    w_u8(out, 0);
    w_time(out);
    w_later(out);
    w_u32(out, 1000);
    w_u8(out, 1);
}

static void modified(struct wire *out)
{
    raw(out);
    out->b[0] = 1;
}

static void processed(struct wire *out)
{
    w_time(out);
    w_later(out);
    w_f64(out, 60000);
    w_u32(out, 2);
    w_node(out, 0, 2342);
    w_node(out, 0, 2347);
    w_u8(out, 0);
    w_u8(out, 1);
    w_u8(out, 100);
    w_u8(out, 100);
    w_u8(out, 0);
}

static void own_aggregate(struct wire *out)
{
    processed(out);
    out->n -= 5 + 8;
    w_node(out, 3, 99);
    w_node(out, 0, 2347);
    w_raw(out, "\0\1dd", 5);
}

static void at_times(struct wire *out)
{
    w_u32(out, 3);
    w_later(out);
    w_time(out);
    w_time(out);
    w_u8(out, 0);
}

static void annotations(struct wire *out)
{
    w_u32(out, 1);
    w_time(out);
}

static void read_events(struct wire *out)
{
    w_u32(out, 50);
    w_time(out);
    w_later(out);
    w_event_filter(out);
}

static void read_events2(struct wire *out)
{
    read_events(out);
    w_u8(out, 1);
}

static void data(struct wire *out)
{
    w_u32(out, 2);
    w_double(out, 1.5);
    w_double(out, 2.5);
}

static void nothing(struct wire *out)
{
    w_u32(out, 0);
}

static void w_modification(struct wire *out)
{
    w_u32(out, 1);
    w_time(out);
    w_u32(out, 2);
    w_str(out, "bob");
}

#define MODIFICATION                                                                               \
    "\"modifications\":[{\"ModificationTime\":\"2026-03-01T08:00:00.000000Z\","                    \
    "\"UpdateType\":\"Replace\",\"UserName\":\"bob\"}]"

static void modified_data(struct wire *out)
{
    data(out);
    w_modification(out);
}

static void modified_events(struct wire *out)
{
    w_event_fields(out);
    w_modification(out);
}

static void annotation_values(struct wire *out)
{
    static struct wire note;
    note.n = 0;
    w_str(&note, "checked");
    w_str(&note, "ann");
    w_time(&note);
    w_u32(out, 1);
    w_u8(out, 1);
    w_u8(out, 22);
    w_extension(out, 893, &note);
}

/* A HistoryRead of one node, and its answer. */
static void read_past(struct talk *t, unsigned id, w_fn details, unsigned answer_id, w_fn answer)
{
    static struct wire inner;
    inner.n = 0;
    details(&inner);
    w_request(&w, 664, 4, "token");
    w_extension(&w, id, &inner);
    w_u32(&w, 2);
    w_u8(&w, 0);
    w_u32(&w, 1);
    w_node_str(&w, 2, "Temp");
    w_str(&w, NULL);
    w_u16(&w, 0);
    w_str(&w, NULL);
    w_str(&w, NULL);
    talk_message(t, 0, 2, &w);
    w_response(&w, 667, 4, 0);
    w_u32(&w, 1);
    w_u32(&w, 0);
    w_str(&w, NULL);
    inner.n = 0;
    answer(&inner);
    w_extension(&w, answer_id, &inner);
    w_u32(&w, 0);
    talk_message(t, 1, 2, &w);
}

static void the_past_is_read(void **state)
{
    static const struct {
        unsigned id, answer_id;
        w_fn details, answer;
        const char *said;
    } rows[] = {
        {649, 658, raw, data, "[1.5,2.5] Double[] Good <raw " HOUR " n=1000 got=2>"},
        {649, 658, raw, nothing, "[] Good <raw " HOUR " n=1000 got=0>"},
        {649, 11227, modified, modified_data,
            "[1.5,2.5] Double[] Good {" MODIFICATION "} <modified " HOUR " n=1000 got=2>"},
        {652, 658, processed, data,
            "[1.5,2.5] Double[] Good <processed " HOUR " got=2 Average/60000>"},
        {652, 658, own_aggregate, data,
            "[1.5,2.5] Double[] Good <processed " HOUR " got=2 ns=3;i=99/60000>"},
        {655, 658, at_times, data, "[1.5,2.5] Double[] Good <at_time " HOUR " n=3 got=2>"},
        {23500, 658, annotations, annotation_values,
            "[{\"Message\":\"checked\",\"UserName\":\"ann\",\"AnnotationTime\":"
            "\"2026-03-01T08:00:00.000000Z\"}] ExtensionObject[] Good <annotations " TIME ".." TIME
            " n=1 got=1>"},
        {646, 661, read_events, w_event_fields,
            FIELDS " Good {" SELECT "} <events " HOUR " n=50 got=2>"},
        {32800, 32825, read_events2, modified_events,
            FIELDS " Good {" SELECT "," MODIFICATION "} <events " HOUR " n=50 got=2>"},
    };
    struct talk t;
    struct tw_text want = {0};
    (void)state;
    start(&t);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        read_past(&t, rows[i].id, rows[i].details, rows[i].answer_id, rows[i].answer);
        tw_text_addf(&want, "%u<%u history_read HistoryRead [ns=2;s=Temp] %s\n", 6 + 2 * i,
            5 + 2 * i, rows[i].said);
    }
    tw_text_add(&want, "", 1);
    finish(&t, want.p);
    tw_text_free(&want);
}

/* --- changing; behind the NodeId that every kind begins with --- */

static void base(struct wire *out)
{
    (void)out;
}

static void insert(struct wire *out)
{
    w_u32(out, 1);
    w_u32(out, 1);
    w_double(out, 7);
}

static void replace(struct wire *out)
{
    insert(out);
    out->b[out->n - 18] = 2;
}

static void update(struct wire *out)
{
    insert(out);
    out->b[out->n - 18] = 3;
}

static void take_away(struct wire *out)
{
    insert(out);
    out->b[out->n - 18] = 4;
}

static void structure_data(struct wire *out)
{
    w_u32(out, 1);
    annotation_values(out);
}

static void update_events(struct wire *out)
{
    w_u32(out, 2);
    w_event_filter(out);
    w_event_fields(out);
}

static void delete_raw(struct wire *out)
{
    w_u8(out, 0);
    w_time(out);
    w_later(out);
}

static void delete_modified(struct wire *out)
{
    w_u8(out, 1);
    w_time(out);
    w_later(out);
}

static void delete_at_times(struct wire *out)
{
    w_u32(out, 2);
    w_later(out);
    w_time(out);
}

static void delete_events(struct wire *out)
{
    w_u32(out, 2);
    w_str(out, "a");
    w_str(out, "bcd");
}

/* Answered: done, one entry of it inserted. */
static void change_past(struct talk *t, unsigned id, w_fn details)
{
    static struct wire inner;
    inner.n = 0;
    w_node_str(&inner, 2, "Temp");
    details(&inner);
    w_request(&w, 700, 4, "token");
    w_u32(&w, 1);
    w_extension(&w, id, &inner);
    talk_message(t, 0, 2, &w);
    w_response(&w, 703, 4, 0);
    w_u32(&w, 1);
    w_u32(&w, 0);
    w_u32(&w, 1);
    w_u32(&w, 0x00A20000);
    w_u32(&w, 0);
    w_u32(&w, 0);
    talk_message(t, 1, 2, &w);
}

#define DONE "{\"operation_results\":[\"GoodEntryInserted\"]"

static void the_past_is_changed(void **state)
{
    static const struct {
        unsigned id;
        w_fn details;
        const char *said;
    } rows[] = {
        {682, insert, "[7] Double[] Good " DONE "} <data insert 0..0 n=1>"},
        {682, replace, "[7] Double[] Good " DONE "} <data replace 0..0 n=1>"},
        {682, update, "[7] Double[] Good " DONE "} <data update 0..0 n=1>"},
        {682, take_away, "[7] Double[] Good " DONE "} <data remove 0..0 n=1>"},
        {11300, structure_data,
            "[{\"Message\":\"checked\",\"UserName\":\"ann\",\"AnnotationTime\":"
            "\"2026-03-01T08:00:00.000000Z\"}] ExtensionObject[] Good " DONE
            "} <structure_data insert 0..0 n=1>"},
        {685, update_events,
            FIELDS " Good {" SELECT ",\"operation_results\":[\"GoodEntryInserted\"]}"
                   " <events replace 0..0 n=2>"},
        {688, delete_raw, "Good " DONE "} <delete_raw " HOUR ">"},
        {688, delete_modified, "Good " DONE "} <delete_modified " HOUR ">"},
        {691, delete_at_times, "Good " DONE "} <delete_at_time " HOUR " n=2>"},
        {694, delete_events,
            "[\"YQ==\",\"YmNk\"] ByteString[] Good " DONE "} <delete_events 0..0 n=2>"},
        {679, base, "Good " DONE "}"},    /* the abstract type: a node and no more */
        {12345, insert, "Good " DONE "}"} /* of a kind that nobody knows */
    };
    struct talk t;
    struct tw_text want = {0};
    (void)state;
    start(&t);
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        change_past(&t, rows[i].id, rows[i].details);
        tw_text_addf(&want, "%u<%u history_write HistoryUpdate [ns=2;s=Temp] %s\n", 6 + 2 * i,
            5 + 2 * i, rows[i].said);
    }
    tw_text_add(&want, "", 1);
    finish(&t, want.p);
    tw_text_free(&want);
}

/* The same structures in a Variant, as audit events hold them. */
static void the_past_may_be_a_value(void **state)
{
    static const struct {
        unsigned id;
        bool of_node; /* begins with a NodeId */
        w_fn body;
        const char *shown;
    } rows[] = {
        {679, true, base, "{\"NodeId\":\"ns=2;s=Temp\"}"},
        {682, true, insert,
            "{\"NodeId\":\"ns=2;s=Temp\",\"PerformInsertReplace\":\"Insert\",\"UpdateValues\":[7]"
            "}"},
        {688, true, delete_raw,
            "{\"NodeId\":\"ns=2;s=Temp\",\"IsDeleteModified\":false,\"StartTime\":"
            "\"2026-03-01T08:00:00.000000Z\",\"EndTime\":\"2026-03-01T09:00:00.000000Z\"}"},
        {691, true, delete_at_times,
            "{\"NodeId\":\"ns=2;s=Temp\",\"ReqTimes\":[\"2026-03-01T09:00:00.000000Z\","
            "\"2026-03-01T08:00:00.000000Z\"]}"},
        {694, true, delete_events, "{\"NodeId\":\"ns=2;s=Temp\",\"EventIds\":[\"YQ==\",\"YmNk\"]}"},
        {685, true, update_events,
            "{\"NodeId\":\"ns=2;s=Temp\",\"PerformInsertReplace\":\"Replace\",\"Filter\":"
            "{\"SelectClauses\":[{\"TypeDefinitionId\":\"i=2041\",\"BrowsePath\":[\"Severity\"],"
            "\"AttributeId\":13,\"IndexRange\":null}],\"WhereClause\":{\"Elements\":[]}},"
            "\"EventData\":[{\"EventFields\":[500,\"trip\"]},{\"EventFields\":[]}]}"},
        {661, false, w_event_fields,
            "{\"Events\":[{\"EventFields\":[500,\"trip\"]},{\"EventFields\":[]}]}"},
        {11227, false, modified_data,
            "{\"DataValues\":[1.5,2.5],\"ModificationInfos\":[{\"ModificationTime\":"
            "\"2026-03-01T08:00:00.000000Z\",\"UpdateType\":\"Replace\",\"UserName\":\"bob\"}]}"},
    };
    static uint8_t memory[TW_OPCUA_EVENT_BYTES * 2] __attribute__((aligned(16)));
    static struct wire inner;
    struct tw_text text = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_arena arena;
        struct tw_value value;
        tw_arena_init(&arena, memory, sizeof(memory));
        struct tw_opcua_scratch s = {.arena = &arena};
        tw_opcua_scratch_reset(&s);
        inner.n = 0;
        if (rows[i].of_node)
            w_node_str(&inner, 2, "Temp");
        rows[i].body(&inner);
        w.n = 0;
        w_extension(&w, rows[i].id, &inner);
        struct tw_cur c = tw_cur_of(w.b, w.n);
        assert_true(tw_opcua_value(&s, &c, TW_UA_EXTENSIONOBJECT, &value));
        tw_text_clear(&text);
        tw_value_json(&text, &value);
        tw_text_add(&text, "", 1);
        assert_string_equal(text.p, rows[i].shown);
    }
    tw_text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_past_is_read),
        cmocka_unit_test(the_past_is_changed),
        cmocka_unit_test(the_past_may_be_a_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
