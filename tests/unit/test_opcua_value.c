#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/text.h"
#include "event/emit_json.h"
#include "guard.h"
#include "protocol/opcua/layout.h"
#include "protocol/opcua/plain.h"

#define BYTES(literal) (literal), sizeof(literal) - 1

static uint8_t memory[1 << 16] __attribute__((aligned(16)));
static struct tw_arena arena;

static struct tw_opcua_scratch scratch(void)
{
    struct tw_opcua_scratch s = {.arena = &arena};
    tw_arena_init(&arena, memory, sizeof(memory));
    tw_opcua_scratch_reset(&s);
    return s;
}

static void variants_become_values(void **state)
{
    static const struct {
        const char *wire;
        size_t len;
        const char *json, *type;
    } rows[] = {
        {BYTES("\0"), "null", NULL},
        {BYTES("\1\2"), "true", "Boolean"},
        {BYTES("\2\xff"), "-1", "SByte"},
        {BYTES("\3\xff"), "255", "Byte"},
        {BYTES("\4\0\x80"), "-32768", "Int16"},
        {BYTES("\5\xff\xff"), "65535", "UInt16"},
        {BYTES("\6\xff\xff\xff\xff"), "-1", "Int32"},
        {BYTES("\7\xff\xff\xff\xff"), "4294967295", "UInt32"},
        {BYTES("\x08\0\0\0\0\0\0\0\x80"), "-9223372036854775808", "Int64"},
        {BYTES("\x09\xff\xff\xff\xff\xff\xff\xff\xff"), "18446744073709551615", "UInt64"},
        {BYTES("\x0a\xb8\x1e\xa1\x41"), "20.14", "Float"},
        {BYTES("\x0a\0\0\xc0\x7f"), "\"NaN\"", "Float"},
        {BYTES("\x0b\0\0\0\0\0\x60\x57\x40"), "93.5", "Double"},
        {BYTES("\x0b\0\0\0\0\0\0\xf0\xff"), "\"-Infinity\"", "Double"},
        {BYTES("\x0c\2\0\0\0ok"), "\"ok\"", "String"},
        {BYTES("\x0c\xff\xff\xff\xff"), "null", "String"},
        {BYTES("\x0d\0\0\x5a\xfd\x7d\xa8\xdc\1"), NULL, "DateTime"},
        {BYTES("\x0e\x91\x2b\x96\x72\x75\xfa\xe6\x4a\x8d\x28\xb4\x04\xdc\x7d\xaf\x63"),
            "\"72962B91-FA75-4AE6-8D28-B404DC7DAF63\"", "Guid"},
        {BYTES("\x0f\2\0\0\0\1\2"), "\"AQI=\"", "ByteString"},
        {BYTES("\x10\4\0\0\0<a/>"), "\"<a/>\"", "XmlElement"},
        {BYTES("\x11\1\2\5\0"), "\"ns=2;i=5\"", "NodeId"},
        {BYTES("\x12\x81\0\5\0\1\0\0\0u"), "\"nsu=u;i=5\"", "ExpandedNodeId"},
        {BYTES("\x13\0\0\x34\x80"), "\"BadNodeIdUnknown\"", "StatusCode"},
        {BYTES("\x14\1\0\1\0\0\0N"), "\"1:N\"", "QualifiedName"},
        {BYTES("\x15\3\2\0\0\0en\1\0\0\0x"), "\"x\"", "LocalizedText"},
        {BYTES("\x16\0\0\0"), "null", "ExtensionObject"},
        {BYTES("\x16\1\2\x88\x13\1\2\0\0\0\1\2"), "{\"type_id\":\"ns=2;i=5000\",\"body\":\"AQI=\"}",
            "ExtensionObject"},
        {BYTES("\x16\1\0\x76\3\1\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x80\x56\x40"),
            "{\"Low\":0,\"High\":90}", "ExtensionObject"},
        /* a known type that is cut short is shown as its bytes */
        {BYTES("\x16\1\0\x76\3\1\1\0\0\0\0"), "{\"type_id\":\"i=886\",\"body\":\"AA==\"}",
            "ExtensionObject"},
        {BYTES("\x16\1\0\x79\3\1\x1a\0\0\0\1\0\0\0u\x44\x45\x43\0\2\4\0\0\0degC\2\3\0\0\0abc"),
            "{\"NamespaceUri\":\"u\",\"UnitId\":4408644,\"DisplayName\":\"degC\","
            "\"Description\":\"abc\"}",
            "ExtensionObject"},
        {BYTES("\x16\1\0\x2a\1\1\x14\0\0\0\1\0\0\0x\0\x0b\xff\xff\xff\xff"
               "\xff\xff\xff\xff\2\xff\xff\xff\xff"),
            "{\"Name\":\"x\",\"DataType\":\"i=11\",\"ValueRank\":-1,\"ArrayDimensions\":null,"
            "\"Description\":null}",
            "ExtensionObject"},
        /* the password of a user is passed over */
        {BYTES("\x16\1\0\x44\1\1\x18\0\0\0\1\0\0\0p\3\0\0\0bob\4\0\0\0pass"
               "\xff\xff\xff\xff"),
            "{\"PolicyId\":\"p\",\"UserName\":\"bob\",\"EncryptionAlgorithm\":null}",
            "ExtensionObject"},
        /* the least and the greatest time there is */
        {BYTES("\x0d\0\0\0\0\0\0\0\0"), "\"1601-01-01T00:00:00.000000Z\"", "DateTime"},
        {BYTES("\x0d\xff\xff\xff\xff\xff\xff\xff\x7f"), "\"9999-12-31T23:59:59Z\"", "DateTime"},
        {BYTES("\x19\x30\3\0\0\0why\0\0\x34\x80"),
            "{\"additional_info\":\"why\",\"inner_status\":\"BadNodeIdUnknown\"}",
            "DiagnosticInfo"},
        {BYTES("\x17\3\6\5\0\0\0\0\0\0\0"), "5", "DataValue"},
        {BYTES("\x1f\1\0\0\0A"), "\"QQ==\"", "ByteString"},
        {BYTES("\x19\0"), "null", "DiagnosticInfo"},
        {BYTES("\x8b\1\0\0\0\0\0\0\0\0\0\xf8\x3f"), "[1.5]", "Double[]"},
        {BYTES("\x86\0\0\0\0"), "[]", "Int32[]"},
        {BYTES("\x86\xff\xff\xff\xff"), "null", "Int32[]"},
        {BYTES("\xc6\4\0\0\0\1\0\0\0\2\0\0\0\3\0\0\0\4\0\0\0\2\0\0\0\2\0\0\0\2\0\0\0"), "[1,2,3,4]",
            "Int32[]"},
        {BYTES("\x98\2\0\0\0\1\1\x8c\1\0\0\0\1\0\0\0a"), "[true,[\"a\"]]", "Variant[]"},
    };
    struct guard g = guard_new();
    struct tw_text out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_opcua_typed v;
        for (size_t cut = 0; cut < rows[i].len; cut++) {
            struct tw_opcua_scratch s = scratch();
            struct tw_cur c = tw_cur_of(guard_put(&g, rows[i].wire, cut), cut);
            assert_false(tw_opcua_variant(&s, &c, &v));
            c = tw_cur_of(guard_put(&g, rows[i].wire, cut), cut);
            assert_false(tw_opcua_variant(&s, &c, NULL));
        }
        struct tw_opcua_scratch s = scratch();
        struct tw_cur c = tw_cur_of(guard_put(&g, rows[i].wire, rows[i].len), rows[i].len);
        struct tw_cur skipped = c;
        assert_true(tw_opcua_variant(&s, &c, &v));
        assert_int_equal(c.left, 0);
        assert_true(tw_opcua_variant(&s, &skipped, NULL));
        assert_int_equal(skipped.left, 0);
        assert_int_equal(s.anomalies, 0);
        if (rows[i].type == NULL)
            assert_null(v.type);
        else
            assert_string_equal(v.type, rows[i].type);
        tw_text_clear(&out);
        tw_value_json(&out, &v.value);
        if (rows[i].json != NULL)
            assert_true(tw_str_is(tw_text_str(&out), rows[i].json));
    }
    tw_text_free(&out);
    guard_free(&g);
}

static void long_arrays_and_strings_are_cut(void **state)
{
    static uint8_t wire[5 + 70000];
    struct tw_opcua_typed v;
    (void)state;
    struct tw_opcua_scratch s = scratch();
    memcpy(wire, "\x83\x10\x27\0\0", 5); /* 10000 Bytes */
    struct tw_cur c = tw_cur_of(wire, 5 + 10000);
    assert_true(tw_opcua_variant(&s, &c, &v));
    assert_int_equal(c.left, 0);
    assert_int_equal(v.value.kind, TW_VALUE_ARRAY);
    assert_int_equal(v.value.n, TW_MAX_EVENT_ITEMS);
    assert_true(v.value.truncated && s.truncated);

    s = scratch();
    memset(wire, 'a', sizeof(wire));
    memcpy(wire, "\x0c\x10\x27\0\0", 5);
    c = tw_cur_of(wire, 5 + 10000);
    assert_true(tw_opcua_variant(&s, &c, &v));
    assert_int_equal(v.value.s.len, TW_MAX_EVENT_STRING);
    assert_true(v.value.truncated && s.truncated);

    /* Many strings together stay below what an event may hold. */
    s = scratch();
    memcpy(wire, "\x8c\x10\0\0\0", 5);
    for (size_t i = 0; i < 16; i++)
        memcpy(wire + 5 + i * 4004, "\xa0\x0f\0\0", 4);
    c = tw_cur_of(wire, 5 + 16 * 4004);
    assert_true(tw_opcua_variant(&s, &c, &v));
    assert_int_equal(c.left, 0);
    size_t total = 0;
    for (uint32_t i = 0; i < v.value.n; i++)
        total += v.value.items[i].s.len;
    assert_true(total <= TW_OPCUA_EVENT_BYTES && s.truncated);
}

static void nesting_is_noticed_and_bounded(void **state)
{
    static const struct {
        unsigned depth;
        bool read;
        uint32_t anomalies;
    } rows[] = {{1, true, 0}, {31, true, 0}, {40, true, TW_OPCUA_BIT(TW_OPCUA_NESTING_LIMIT)},
        {98, true, TW_OPCUA_BIT(TW_OPCUA_NESTING_LIMIT)},
        {150, false, TW_OPCUA_BIT(TW_OPCUA_NESTING_LIMIT)}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        uint8_t wire[1024];
        size_t n = 0;
        for (unsigned d = 0; d < rows[i].depth; d++) {
            memcpy(wire + n, "\x98\1\0\0\0", 5);
            n += 5;
        }
        wire[n++] = 1;
        wire[n++] = 1;
        struct tw_opcua_scratch s = scratch();
        struct tw_opcua_typed v;
        struct tw_cur c = tw_cur_of(wire, n);
        assert_int_equal(tw_opcua_variant(&s, &c, &v), rows[i].read);
        assert_int_equal(s.anomalies, rows[i].anomalies);
        c = tw_cur_of(wire, n);
        tw_opcua_scratch_reset(&s);
        assert_int_equal(tw_opcua_variant(&s, &c, NULL), rows[i].read);
    }
    /* DiagnosticInfo in DiagnosticInfo */
    uint8_t inner[200];
    memset(inner, 0x40, sizeof(inner));
    struct tw_opcua_scratch s = scratch();
    struct tw_cur c = tw_cur_of(inner, sizeof(inner));
    assert_false(tw_opcua_skip(&s, &c, TW_UA_DIAGNOSTICINFO));
    assert_int_equal(s.anomalies, TW_OPCUA_BIT(TW_OPCUA_NESTING_LIMIT));
}

static void hostile_values_are_named(void **state)
{
    static const struct {
        const char *wire;
        size_t len;
        bool read;
        uint32_t anomalies;
    } rows[] = {
        {BYTES("\x0c\2\0\0\0\xc3\x28"), true, TW_OPCUA_BIT(TW_OPCUA_BAD_UTF8)},
        /* a zero among the dimensions, and a product that no int holds */
        {BYTES("\xc1\1\0\0\0\1\1\0\0\0\0\0\0\0"), true, TW_OPCUA_BIT(TW_OPCUA_BAD_DIMENSIONS)},
        {BYTES("\xc1\0\0\0\0\2\0\0\0\xff\xff\0\0\xff\xff\0\0"), true,
            TW_OPCUA_BIT(TW_OPCUA_BAD_DIMENSIONS)},
        {BYTES("\x41\1"), true, TW_OPCUA_BIT(TW_OPCUA_BAD_DIMENSIONS)},
        /* servers that only miscount are not attackers */
        {BYTES("\xc1\3\0\0\0\1\1\1\2\0\0\0\2\0\0\0\2\0\0\0"), true, 0},
        {BYTES("\x8b\xff\xff\xff\x7f"), false, 0},
        {BYTES("\x20"), false, 0},
        {BYTES("\x17\x80"), false, 0},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_opcua_scratch s = scratch();
        struct tw_opcua_typed v;
        struct tw_cur c = tw_cur_of(rows[i].wire, rows[i].len);
        assert_int_equal(tw_opcua_variant(&s, &c, &v), rows[i].read);
        assert_int_equal(s.anomalies, rows[i].anomalies);
    }
}

static void data_values_keep_their_order(void **state)
{
    /* value, status, source time, its picoseconds, server time, its picoseconds */
    static const char wire[] = "\x3f\1\1\0\0\x92\x40"
                               "\0\x40\x8f\x74\xb0\xb1\x9d\1\1\0"
                               "\0\x80\x1e\x6f\xb0\xb1\x9d\1\2\0";
    struct tw_opcua_data_value v;
    struct tw_opcua_scratch s = scratch();
    struct tw_cur c = tw_cur_of(wire, sizeof(wire) - 1);
    (void)state;
    assert_true(tw_opcua_data_value(&s, &c, &v));
    assert_int_equal(c.left, 0);
    assert_true(v.has_value && v.v.value.kind == TW_VALUE_BOOL && v.v.value.b);
    assert_int_equal(v.status, 0x40920000);
    uint64_t source, server;
    struct tw_cur at = tw_cur_of(wire + 7, 8);
    assert_true(tw_cur_u64le(&at, &source));
    at = tw_cur_of(wire + 17, 8);
    assert_true(tw_cur_u64le(&at, &server));
    assert_true(v.source_ts_ns == tw_opcua_time_ns((int64_t)source));
    assert_true(v.server_ts_ns == tw_opcua_time_ns((int64_t)server));
    for (size_t cut = 0; cut < sizeof(wire) - 1; cut++) {
        c = tw_cur_of(wire, cut);
        assert_false(tw_opcua_data_value(&s, &c, &v));
    }
    c = tw_cur_of("\0", 1);
    assert_true(tw_opcua_data_value(&s, &c, &v));
    assert_true(!v.has_value && v.status == 0 && v.source_ts_ns == 0);
}

static void every_type_can_be_passed_over(void **state)
{
    (void)state;
    for (unsigned type = 1; type < TW_UA_TYPES; type++) {
        static const uint8_t zeroes[64];
        struct tw_opcua_scratch s = scratch();
        struct tw_cur c = tw_cur_of(zeroes, sizeof(zeroes));
        assert_true(tw_opcua_skip(&s, &c, type));
        assert_true(sizeof(zeroes) - c.left >= tw_opcua_min_size(type));
        assert_true(sizeof(zeroes) - c.left <= 16);
    }
    struct tw_opcua_scratch s = scratch();
    struct tw_cur c = tw_cur_of("", 0);
    assert_false(tw_opcua_skip(&s, &c, TW_UA_NULL));
}

static void dimensions_stand_beside_the_values(void **state)
{
    static const struct {
        const char *wire;
        size_t len;
        const char *dimensions;
    } rows[] = {
        {BYTES("\xc1\4\0\0\0\1\0\1\0\2\0\0\0\2\0\0\0\2\0\0\0"), "[2,2]"},
        {BYTES("\xc1\2\0\0\0\1\0\3\0\0\0\1\0\0\0\2\0\0\0\1\0\0\0"), "[1,2,1]"},
        {BYTES("\xc1\2\0\0\0\1\0\1\0\0\0\2\0\0\0"), NULL},
        {BYTES("\x81\2\0\0\0\1\0"), NULL},
        {BYTES("\1\1"), NULL},
    };
    struct tw_text out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_opcua_scratch s = scratch();
        struct tw_opcua_typed v;
        struct tw_cur c = tw_cur_of(rows[i].wire, rows[i].len);
        assert_true(tw_opcua_variant(&s, &c, &v));
        assert_int_equal(s.anomalies, 0);
        assert_int_equal(v.dimensions == NULL, rows[i].dimensions == NULL);
        if (v.dimensions == NULL)
            continue;
        tw_text_clear(&out);
        tw_value_json(&out, v.dimensions);
        assert_true(tw_str_is(tw_text_str(&out), rows[i].dimensions));
    }
    tw_text_free(&out);
}

/* Every table of a structure, over bytes that say nothing and over none. */
static void every_structure_can_be_shown(void **state)
{
    static const uint8_t zeroes[512];
    unsigned known = 0;
    (void)state;
    for (uint32_t id = 1; id < 33000; id++) {
        const struct tw_opcua_layout *layout = tw_opcua_structure(id);
        struct tw_value v = {0};
        if (layout == NULL)
            continue;
        known++;
        struct tw_opcua_scratch s = scratch();
        struct tw_cur c = tw_cur_of(zeroes, sizeof(zeroes));
        assert_true(tw_opcua_show_layout(&s, &c, layout, &v));
        assert_true(v.kind == TW_VALUE_OBJECT && v.n > 0);
        size_t used = sizeof(zeroes) - c.left;
        for (size_t cut = 0; cut < used; cut++) {
            s = scratch();
            c = tw_cur_of(zeroes, cut);
            assert_false(tw_opcua_show_layout(&s, &c, layout, &v));
        }
    }
    assert_int_equal(known, 66);
}

static bool same_value(const struct tw_value *a, const struct tw_value *b)
{
    if (a->kind != b->kind || a->truncated != b->truncated || a->n != b->n)
        return false;
    if (a->kind != TW_VALUE_ARRAY)
        return a->kind == TW_VALUE_BOOL ? a->b == b->b : a->u == b->u;
    for (uint32_t i = 0; i < a->n; i++)
        if (!same_value(&a->items[i], &b->items[i]))
            return false;
    return true;
}

/* What is read in one go is what reading it piece by piece gives; all else is left to that. */
static void plain_values_are_what_they_are(void **state)
{
    enum { MASKS = 256, TYPES = 64, ELEMENTS = 3, MOST = 2 + 4 + ELEMENTS * 8 + 4 + 16 };
    static uint8_t rooms[2][8192] __attribute__((aligned(16)));
    uint8_t bytes[MOST];
    unsigned plain = 0;
    (void)state;
    for (unsigned i = 0; i < MASKS * TYPES * 2; i++) {
        const bool array = i & 1;
        bytes[0] = (uint8_t)(i / 2 / TYPES);
        bytes[1] = (uint8_t)(i / 2 % TYPES | (array ? 0x80 : 0));
        for (size_t k = 2; k < MOST; k++)
            bytes[k] = (uint8_t)(k * 37 + i);
        if (array)
            memcpy(bytes + 2, (const uint8_t[]){ELEMENTS, 0, 0, 0}, 4);
        for (size_t len = i % 64 == 0 ? 0 : MOST; len <= MOST; len++) {
            struct tw_arena arenas[2];
            struct tw_opcua_scratch s[2] = {{.arena = &arenas[0]}, {.arena = &arenas[1]}};
            struct tw_cur c[2] = {tw_cur_of(bytes, len), tw_cur_of(bytes, len)};
            struct tw_event e = {.value.kind = TW_VALUE_NONE};
            struct tw_opcua_data_value v;
            uint32_t status;
            for (size_t k = 0; k < 2; k++) {
                tw_arena_init(&arenas[k], rooms[k], sizeof(rooms[k]));
                tw_opcua_scratch_reset(&s[k]);
            }
            if (!tw_opcua_plain(&s[0], &c[0], &e, &status)) {
                assert_int_equal(c[0].left, len);
                assert_int_equal(s[0].budget, s[1].budget);
                assert_int_equal(e.value.kind, TW_VALUE_NONE);
                continue;
            }
            plain++;
            assert_true(tw_opcua_data_value(&s[1], &c[1], &v));
            assert_int_equal(c[0].left, c[1].left);
            assert_true(v.has_value && v.v.dimensions == NULL && same_value(&e.value, &v.v.value));
            assert_ptr_equal(e.type, v.v.type);
            assert_int_equal(status, v.status);
            assert_int_equal(e.source_ts_ns, v.source_ts_ns);
            assert_int_equal(e.server_ts_ns, v.server_ts_ns);
            assert_int_equal(s[0].budget, s[1].budget);
            assert_int_equal(s[0].anomalies, s[1].anomalies);
        }
    }
    assert_true(plain >= 8 * 11 * 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(variants_become_values),
        cmocka_unit_test(long_arrays_and_strings_are_cut),
        cmocka_unit_test(nesting_is_noticed_and_bounded),
        cmocka_unit_test(hostile_values_are_named),
        cmocka_unit_test(data_values_keep_their_order),
        cmocka_unit_test(plain_values_are_what_they_are),
        cmocka_unit_test(every_type_can_be_passed_over),
        cmocka_unit_test(dimensions_stand_beside_the_values),
        cmocka_unit_test(every_structure_can_be_shown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
