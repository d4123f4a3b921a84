#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "event/plain_value.h"

static struct tw_opcua_info info;

static struct tw_event a_read(struct tw_value value)
{
    info = (struct tw_opcua_info){.attribute = TW_STR("Value"), .node = {{5, 6}}};
    return (struct tw_event){.action = TW_ACTION_READ,
        .object = TW_STR("ns=2;s=Temp"),
        .value = value,
        .status = {.s = TW_STR("Good")},
        .server_ts_ns = 77,
        .opcua = &info};
}

/* Every number comes out as what it was. */
static void numbers(void **state)
{
    static const struct {
        struct tw_value value;
        double number;
        bool is_odd;
    } rows[] = {{{.kind = TW_VALUE_INT, .i = -3}, -3, false},
        {{.kind = TW_VALUE_UINT, .u = UINT64_MAX}, 18446744073709551615.0, false},
        {{.kind = TW_VALUE_FLOAT, .d = 0.5}, 0.5, false},
        {{.kind = TW_VALUE_DOUBLE, .d = -0.25}, -0.25, false},
        {{.kind = TW_VALUE_DOUBLE, .d = 0}, 0, false},
        {{.kind = TW_VALUE_DOUBLE, .d = INFINITY}, INFINITY, true},
        {{.kind = TW_VALUE_DOUBLE, .d = DBL_MIN / 2}, DBL_MIN / 2, true},
        {{.kind = TW_VALUE_FLOAT, .d = (double)(FLT_MIN / 2)}, (double)(FLT_MIN / 2), true},
        {{.kind = TW_VALUE_FLOAT, .d = -INFINITY}, -INFINITY, true}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct tw_event e = a_read(rows[i].value);
        struct tw_plain_values out;
        double number;
        assert_true(tw_plain_read(&e, &out));
        assert_int_equal(out.n, 1);
        assert_int_equal(out.list[0].kind, rows[i].value.kind);
        assert_true(tw_plain_number(&out.list[0], &number));
        assert_true(number == rows[i].number);
        assert_int_equal(out.list[0].is_odd, rows[i].is_odd);
        assert_int_equal(out.list[0].server_ts_ns, 77);
        assert_int_equal(out.of.nodes[0].h[0], 5);
        assert_int_equal(out.of.nodes[0].h[1], 6);
    }
}

static void what_is_no_plain_read(void **state)
{
    const struct tw_value one = {.kind = TW_VALUE_DOUBLE, .d = 1};
    const struct tw_value word = {.kind = TW_VALUE_STRING, .s = TW_STR("x")};
    const struct tw_value list = {.kind = TW_VALUE_ARRAY, .n = 1, .items = &one};
    const struct tw_value words = {.kind = TW_VALUE_ARRAY, .n = 1, .items = &word};
    const struct tw_value none = {.kind = TW_VALUE_ARRAY};
    const struct tw_value others[] = {word, words, none, {.kind = TW_VALUE_NULL}, {0}};
    struct tw_plain_values out;
    (void)state;
    for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
        const struct tw_event e = a_read(others[i]);
        assert_false(tw_plain_read(&e, &out));
    }
    struct tw_event e = a_read(list);
    assert_true(tw_plain_read(&e, &out));
    assert_int_equal(out.list[0].kind, TW_VALUE_ARRAY);
    e.object = TW_STR("i=2255"); /* of OPC UA itself: names may be learned from it */
    assert_false(tw_plain_read(&e, &out));
    e = a_read(one);
    e.object = TW_STR("i=2255");
    assert_true(tw_plain_read(&e, &out));
    info.node = (struct tw_node_key){{0, 0}};
    assert_false(tw_plain_read(&e, &out));
    e = a_read(one);
    info.attribute = TW_STR("DisplayName");
    assert_false(tw_plain_read(&e, &out));
    e = a_read(one);
    info.index_range.s = TW_STR("1:2");
    assert_false(tw_plain_read(&e, &out));
    e = a_read(one);
    e.status_bad = true;
    assert_false(tw_plain_read(&e, &out));
    e = a_read(one);
    e.status = (struct tw_maybe){.is_null = true};
    assert_false(tw_plain_read(&e, &out));
    e = a_read(one);
    e.object = TW_STR_NONE;
    assert_false(tw_plain_read(&e, &out));
    e = a_read(one);
    e.opcua = NULL;
    assert_false(tw_plain_read(&e, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numbers),
        cmocka_unit_test(what_is_no_plain_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
