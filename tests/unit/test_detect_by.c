#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect/by.h"

/* Keys of fields: equal where all values are, and only there, whatever their length. */

enum { TEXTS = 9, LONG = 300 };

static void keys_are_equal_where_values_are(void **state)
{
    static char at_limit[LONG], above[LONG], large[LONG];
    const struct tw_str texts[TEXTS] = {TW_STR_NONE, TW_STR(""), TW_STR("a"), TW_STR("ab"),
        TW_STR("b"),
        TW_STR("\x02\x01"
               "a"),
        {at_limit, 127}, {above, 128}, {large, LONG}};
    const struct tw_by by = {{tw_field_find(TW_STR("object")), tw_field_find(TW_STR("field"))}, 2};
    const struct tw_seed seed = {1, 2};
    struct tw_text scratch = {0};
    struct tw_text_key keys[TEXTS * TEXTS];
    (void)state;
    memset(at_limit, 'x', LONG);
    memset(above, 'x', LONG);
    memset(large, 'x', LONG);
    for (size_t i = 0; i < TEXTS * TEXTS; i++) {
        const struct tw_event e = {.object = texts[i / TEXTS], .field = texts[i % TEXTS]};
        const struct tw_facts facts = {.watching_ns = 0};
        const struct tw_scene scene = {&e, &facts};
        keys[i] = tw_by_key(&scratch, seed, &by, &scene);
        const struct tw_text_key again = tw_by_key(&scratch, seed, &by, &scene);
        assert_memory_equal(&keys[i], &again, sizeof(again));
        for (size_t k = 0; k < i; k++)
            assert_memory_not_equal(&keys[k], &keys[i], sizeof(keys[i]));
    }
    tw_text_free(&scratch);
}

/* A number is no text that looks like it. */
static void numbers_are_no_texts(void **state)
{
    const struct tw_by by = {{tw_field_find(TW_STR("value"))}, 1};
    const struct tw_event number = {.value = {.kind = TW_VALUE_INT, .i = 5}},
                          word = {.value = {.kind = TW_VALUE_STRING, .s = TW_STR("5")}};
    const struct tw_facts facts = {.watching_ns = 0};
    const struct tw_scene a = {&number, &facts}, b = {&word, &facts};
    struct tw_text scratch = {0};
    (void)state;
    const struct tw_text_key x = tw_by_key(&scratch, (struct tw_seed){1, 2}, &by, &a),
                             y = tw_by_key(&scratch, (struct tw_seed){1, 2}, &by, &b);
    assert_memory_not_equal(&x, &y, sizeof(x));
    tw_text_free(&scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_equal_where_values_are),
        cmocka_unit_test(numbers_are_no_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
