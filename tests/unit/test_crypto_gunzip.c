#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <zlib.h>

#include "crypto/gunzip.h"
#include "guard.h"

static size_t compress_to(uint8_t *out, size_t size, const void *p, size_t len)
{
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (z_const Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)len;
    z.next_out = out;
    z.avail_out = (uInt)size;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    const size_t n = z.total_out;
    deflateEnd(&z);
    return n;
}

static const char json[] = "{\"line\":1,\"values\":[1,2,3,4,5,6,7,8,9,10,11,12],\"unit\":\"bar\"}";

static void opens_what_is_whole(void **state)
{
    struct guard g = guard_new();
    struct tw_gunzip *z = tw_gunzip_new();
    uint8_t packed[512];
    struct tw_str out;
    (void)state;
    assert_non_null(z);
    const size_t n = compress_to(packed, sizeof(packed), json, sizeof(json) - 1);
    for (unsigned again = 0; again < 3; again++) {
        const struct tw_str in = tw_str_bytes(guard_put(&g, packed, n), n);
        assert_int_equal(tw_gunzip_open(z, in, &out), TW_GUNZIP_OK);
        assert_true(tw_str_is(out, json));
    }
    for (size_t keep = 0; keep < n; keep++) {
        const struct tw_str in = tw_str_bytes(guard_put(&g, packed, keep), keep);
        assert_int_equal(tw_gunzip_open(z, in, &out), TW_GUNZIP_BAD);
    }
    /* Its check sum, its length, its data; bytes behind it. */
    for (size_t at = 10; at < n; at++) {
        packed[at] ^= 0x55;
        assert_int_equal(tw_gunzip_open(z, tw_str_bytes(packed, n), &out), TW_GUNZIP_BAD);
        packed[at] ^= 0x55;
    }
    packed[n] = 0;
    assert_int_equal(tw_gunzip_open(z, tw_str_bytes(packed, n + 1), &out), TW_GUNZIP_BAD);
    tw_gunzip_free(z);
    guard_free(&g);
}

/* Zeros shrink a thousandfold. */
static void bombs_stay_closed(void **state)
{
    struct tw_gunzip *z = tw_gunzip_new();
    const size_t most = 16 << 20;
    uint8_t *zeros = calloc(1, most), *packed = malloc(1 << 20);
    struct tw_str out;
    (void)state;
    assert_true(z != NULL && zeros != NULL && packed != NULL);
    size_t n = compress_to(packed, 1 << 20, zeros, most);
    assert_int_equal(tw_gunzip_open(z, tw_str_bytes(packed, n), &out), TW_GUNZIP_TOO_LARGE);
    n = compress_to(packed, 1 << 20, zeros, 300000);
    assert_true(tw_gunzip_limit(n) < 300000);
    assert_int_equal(tw_gunzip_open(z, tw_str_bytes(packed, n), &out), TW_GUNZIP_TOO_LARGE);
    n = compress_to(packed, 1 << 20, zeros, 60000);
    assert_int_equal(tw_gunzip_open(z, tw_str_bytes(packed, n), &out), TW_GUNZIP_OK);
    assert_int_equal(out.len, 60000);
    free(zeros);
    free(packed);
    tw_gunzip_free(z);
}

/* A text that does not repeat needs the window. */
static void long_texts(void **state)
{
    struct tw_gunzip *z = tw_gunzip_new();
    const size_t len = 500000;
    char *text = malloc(len);
    uint8_t *packed = malloc(len);
    struct tw_str out;
    uint32_t x = 1;
    (void)state;
    assert_true(z != NULL && text != NULL && packed != NULL);
    for (size_t i = 0; i < len; i++) {
        x = x * 1664525 + 1013904223;
        text[i] = (char)('0' + (x >> 24) % 10);
    }
    const size_t n = compress_to(packed, len, text, len);
    assert_int_equal(tw_gunzip_open(z, tw_str_bytes(packed, n), &out), TW_GUNZIP_OK);
    assert_true(out.len == len && memcmp(out.p, text, len) == 0);
    free(text);
    free(packed);
    tw_gunzip_free(z);
}

static void limits(void **state)
{
    (void)state;
    assert_int_equal(tw_gunzip_limit(0), 64 << 10);
    assert_int_equal(tw_gunzip_limit(100), (64 << 10) + 6400);
    assert_int_equal(tw_gunzip_limit(15360), TW_GUNZIP_MOST);
    assert_int_equal(tw_gunzip_limit(SIZE_MAX), TW_GUNZIP_MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_what_is_whole),
        cmocka_unit_test(bombs_stay_closed),
        cmocka_unit_test(long_texts),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
