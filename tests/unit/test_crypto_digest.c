#include "crypto/digest.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static const struct {
    const char *text, *hex;
} known[] = {
    {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
    {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
    {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
        "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
};

static void sha256_of_known_texts(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++) {
        char hex[65];
        tw_sha256_hex(known[i].text, strlen(known[i].text), hex);
        assert_string_equal(hex, known[i].hex);
    }
}

static void stream_equals_whole_at_every_split(void **state)
{
    (void)state;
    const char *text = known[2].text;
    size_t len = strlen(text);
    uint8_t whole[32], parts[32];
    tw_sha256(text, len, whole);
    for (size_t at = 0; at <= len; at++) {
        struct tw_sha256_stream *s = tw_sha256_begin();
        tw_sha256_add(s, text, at);
        tw_sha256_add(s, text + at, len - at);
        tw_sha256_end(s, parts);
        assert_memory_equal(parts, whole, 32);
    }
}

static void streams_do_not_disturb_each_other(void **state)
{
    (void)state;
    char hex[65];
    uint8_t a[32], b[32], empty[32];
    struct tw_sha256_stream *first = tw_sha256_begin(), *second = tw_sha256_begin();
    tw_sha256_add(first, "ab", 2);
    tw_sha256_hex("between", 7, hex);
    tw_sha256_add(second, "abc", 3);
    tw_sha256_add(first, "c", 1);
    tw_sha256_end(second, b);
    tw_sha256_end(first, a);
    assert_memory_equal(a, b, 32);
    tw_sha256_end(tw_sha256_begin(), empty);
    tw_sha256_hex("", 0, hex);
    assert_string_equal(hex, known[0].hex);
    assert_int_equal(empty[0], 0xe3);
}

static void uuid_is_version_5_and_stable(void **state)
{
    (void)state;
    char a[37], b[37], c[37];
    tw_uuid5("alert", 5, a);
    tw_uuid5("alert", 5, b);
    tw_uuid5("alerT", 5, c);
    assert_string_equal(a, b);
    assert_string_not_equal(a, c);
    /* Pinned: ids of alerts that were published before must never change. */
    assert_string_equal(a, "56d1e238-9597-505d-bd0f-5eb71d2ecd85");
    assert_int_equal(a[14], '5');
    assert_non_null(strchr("89ab", a[19]));
}

static void *hash_often(void *out)
{
    char hex[65];
    for (int i = 0; i < 2000; i++) {
        tw_sha256_hex(known[1].text, 3, hex);
        if (strcmp(hex, known[1].hex) != 0)
            return NULL;
    }
    return out;
}

static void threads_have_their_own_contexts(void **state)
{
    (void)state;
    pthread_t threads[4];
    int mark;
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hash_often, &mark), 0);
    for (int i = 0; i < 4; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, &mark);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sha256_of_known_texts),
        cmocka_unit_test(stream_equals_whole_at_every_split),
        cmocka_unit_test(streams_do_not_disturb_each_other),
        cmocka_unit_test(uuid_is_version_5_and_stable),
        cmocka_unit_test(threads_have_their_own_contexts),
    };
    return cmocka_run_group_tests_name("crypto digest", tests, NULL, NULL);
}
