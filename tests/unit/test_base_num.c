#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/num.h"

static void doubles_in_their_shortest_form(void **state)
{
    static const struct {
        double v;
        const char *text;
    } rows[] = {
        {0, "0"},
        {-0.0, "0"},
        {1, "1"},
        {-1, "-1"},
        {0.1, "0.1"},
        {-0.1, "-0.1"},
        {0.3, "0.3"},
        {0.1 + 0.2, "0.30000000000000004"},
        {1e-5, "0.00001"},
        {1e-7, "1e-07"},
        {-1.5e-9, "-1.5e-09"},
        {93.5, "93.5"},
        {1234567.125, "1234567.125"},
        {100, "100"},
        {1e14, "100000000000000"},
        {999999999999999.0, "999999999999999"},
        {1e15, "1e+15"},
        {1e22, "1e+22"},
        {1e300, "1e+300"},
        {123456789012345680.0, "1.2345678901234568e+17"},
        {3.141592653589793, "3.141592653589793"},
        {2.0 / 3, "0.6666666666666666"},
        {5e-324, "5e-324"},
        {1e-323, "1e-323"},
        {2.2250738585072014e-308, "2.2250738585072014e-308"},
        {2.2e-310, "2.2e-310"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
        {9007199254740993.0, "9007199254740992"},
        {0.000123, "0.000123"},
        {4.35, "4.35"},
        {0.5, "0.5"},
        {1795650148.281, "1795650148.281"},
    };
    char out[TW_NUM_TEXT + 1];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        out[tw_num_double(out, rows[i].v)] = '\0';
        if (fabs(rows[i].v) >= 1e15)
            assert_true(strtod(out, NULL) == rows[i].v);
        else
            assert_string_equal(out, rows[i].text);
    }
}

static void floats_in_their_shortest_form(void **state)
{
    static const struct {
        float v;
        const char *text;
    } rows[] = {
        {0, "0"},
        {20.14f, "20.14"},
        {-20.14f, "-20.14"},
        {0.1f, "0.1"},
        {1.0f / 3, "0.33333334"},
        {16777216.0f, "16777216"},
        {0.31f, "0.31"},
        {1e-5f, "1e-05"},
        {2e-5f, "0.00002"},
        {1e-7f, "1e-07"},
        {1e-45f, "1e-45"},
        {FLT_MIN, "1.1754944e-38"},
        {FLT_MAX, "3.4028235e+38"},
        {1e10f, "1e+10"},
        {2.5f, "2.5"},
        {123456.78f, "123456.78"},
        {7.1f, "7.1"},
    };
    char out[TW_NUM_TEXT + 1];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        out[tw_num_float(out, rows[i].v)] = '\0';
        assert_string_equal(out, rows[i].text);
    }
}

static unsigned significant(const char *text)
{
    unsigned n = 0, zeros = 0;
    bool started = false;
    for (; *text != '\0' && *text != 'e'; text++) {
        if (*text < '0' || *text > '9')
            continue;
        started = started || *text != '0';
        n += started;
        zeros = *text == '0' && started ? zeros + 1 : 0;
    }
    return n - zeros;
}

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

/* The fewest digits with which printf's correctly rounded decimals give the value back. */
static unsigned fewest_digits(double v, bool is_float)
{
    char text[64];
    for (int precision = 1; precision < 17; precision++) {
        snprintf(text, sizeof(text), "%.*e", precision - 1, v);
        if (is_float ? strtof(text, NULL) == (float)v : strtod(text, NULL) == v)
            return significant(text);
    }
    return 17;
}

static void any_double_reads_back(void **state)
{
    uint64_t random = 88172645463325252u;
    char out[TW_NUM_TEXT + 1];
    (void)state;
    for (unsigned i = 0; i < 60000; i++) {
        double v;
        uint64_t bits = next_random(&random);
        if (i % 3 == 0)
            memcpy(&v, &bits, sizeof(v));
        else if (i % 3 == 1)
            v = (double)(int64_t)(bits >> 20) / pow(10, (double)(bits % 16));
        else
            v = ldexp(1, (int)(bits % 2098) - 1074);
        if (!isfinite(v))
            continue;
        size_t n = tw_num_double(out, v);
        assert_in_range(n, 1, TW_NUM_TEXT - 1);
        out[n] = '\0';
        struct tw_number back;
        assert_true(tw_num_parse((struct tw_str){out, n}, &back));
        assert_true(back.d == v && strtod(out, NULL) == v);
        assert_true(significant(out) <= fewest_digits(v, false));
    }
}

static void any_float_reads_back(void **state)
{
    uint64_t random = 88172645463325252u;
    char out[TW_NUM_TEXT + 1];
    (void)state;
    for (unsigned i = 0; i < 60000; i++) {
        float v;
        uint32_t bits = (uint32_t)next_random(&random);
        memcpy(&v, &bits, sizeof(v));
        if (i % 2 == 1)
            v = (float)(bits % 1000000) / (float)pow(10, (double)(bits >> 29));
        if (!isfinite(v))
            continue;
        size_t n = tw_num_float(out, v);
        assert_in_range(n, 1, TW_NUM_TEXT - 1);
        out[n] = '\0';
        struct tw_number back;
        assert_true(tw_num_parse((struct tw_str){out, n}, &back));
        assert_true(strtof(out, NULL) == v);
        /* Whole numbers are written whole. */
        if (v != floorf(v) || fabsf(v) >= 1e9f)
            assert_true(significant(out) <= fewest_digits((double)v, true));
    }
}

static void integers(void **state)
{
    char out[TW_NUM_TEXT + 1];
    (void)state;
    static const int64_t rows[] = {0, 1, -1, 10, -10, INT64_MAX, INT64_MIN};
    static const char *const texts[] = {
        "0", "1", "-1", "10", "-10", "9223372036854775807", "-9223372036854775808"};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        out[tw_num_i64(out, rows[i])] = '\0';
        assert_string_equal(out, texts[i]);
    }
    out[tw_num_u64(out, UINT64_MAX)] = '\0';
    assert_string_equal(out, "18446744073709551615");
}

static void numbers_of_json(void **state)
{
    static const struct {
        const char *text;
        double d;
        bool is_integer;
        int64_t i;
    } rows[] = {
        {"0", 0, true, 0},
        {"-0", -0.0, true, 0},
        {"7", 7, true, 7},
        {"-7", -7, true, -7},
        {"20.14", 20.14, false, 0},
        {"-0.001", -0.001, false, 0},
        {"1e3", 1000, false, 0},
        {"1E+3", 1000, false, 0},
        {"12.5e-1", 1.25, false, 0},
        {"0.1", 0.1, false, 0},
        {"999999999999999999", 1e18, true, 999999999999999999},
        {"9223372036854775807", 9223372036854775807.0, true, INT64_MAX},
        {"-9223372036854775808", -9223372036854775808.0, true, INT64_MIN},
        {"9223372036854775808", 9223372036854775808.0, false, 0},
        {"-9223372036854775809", -9223372036854775808.0, false, 0},
        {"123456789012345678901", 123456789012345678901.0, false, 0},
        {"5e-324", 5e-324, false, 0},
        {"1.7976931348623157e308", DBL_MAX, false, 0},
        {"0.30000000000000004", 0.1 + 0.2, false, 0},
        {"1.0", 1, false, 0},
    };
    (void)state;
    for (size_t r = 0; r < sizeof(rows) / sizeof(rows[0]); r++) {
        struct tw_number n;
        assert_true(tw_num_parse(tw_str_of(rows[r].text), &n));
        assert_true(n.d == rows[r].d && signbit(n.d) == signbit(rows[r].d));
        assert_int_equal(n.is_integer, rows[r].is_integer);
        if (n.is_integer)
            assert_int_equal(n.i, rows[r].i);
    }
}

static void what_is_no_number(void **state)
{
    static const char *const rows[] = {"", "-", "+1", "01", "-01", ".5", "1.", "1.e3", "1e", "1e+",
        "0x10", "1 ", " 1", "1,5", "NaN", "Infinity", "1_000", "--1", "1-1", "1e1.5", "true",
        "\"1\""};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_number n = {.i = 42};
        assert_false(tw_num_parse(tw_str_of(rows[i]), &n));
        assert_int_equal(n.i, 42);
    }
    struct tw_number n;
    assert_false(tw_num_parse(TW_STR_NONE, &n));
    assert_true(tw_num_parse((struct tw_str){"123", 2}, &n));
    assert_int_equal(n.i, 12);
}

static void huge_exponents_and_lengths(void **state)
{
    char digits[500];
    struct tw_number n;
    (void)state;
    assert_true(tw_num_parse(TW_STR("1e400"), &n));
    assert_true(isinf(n.d));
    assert_true(tw_num_parse(TW_STR("1e-400"), &n));
    assert_true(n.d == 0);
    memset(digits, '9', sizeof(digits));
    assert_false(tw_num_parse((struct tw_str){digits, sizeof(digits)}, &n));
    assert_true(tw_num_parse((struct tw_str){digits, 300}, &n));
    assert_true(n.d == 1e300);
    memset(digits, '0', sizeof(digits));
    digits[1] = '.';
    digits[398] = '5';
    assert_true(tw_num_parse((struct tw_str){digits, 399}, &n));
    assert_true(n.d == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(doubles_in_their_shortest_form),
        cmocka_unit_test(floats_in_their_shortest_form),
        cmocka_unit_test(any_double_reads_back),
        cmocka_unit_test(any_float_reads_back),
        cmocka_unit_test(integers),
        cmocka_unit_test(numbers_of_json),
        cmocka_unit_test(what_is_no_number),
        cmocka_unit_test(huge_exponents_and_lengths),
    };
    return cmocka_run_group_tests_name("base/num", tests, NULL, NULL);
}
