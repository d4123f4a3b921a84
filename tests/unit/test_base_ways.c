#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/ways.h"

static void places_are_given_out_in_order(void **state)
{
    struct tw_ways *w = tw_ways_new();
    size_t place;
    (void)state;
    for (size_t i = 0; i < 100; i++) {
        assert_false(tw_ways_find(w, i * 1000, &place));
        assert_int_equal(tw_ways_of(w, i * 1000), i);
    }
    for (size_t i = 0; i < 100; i++) {
        assert_int_equal(tw_ways_of(w, i * 1000), i);
        assert_true(tw_ways_find(w, i * 1000, &place));
        assert_int_equal(place, i);
    }
    tw_ways_free(w);
    tw_ways_free(NULL);
}

/* Numbers of one set: what they are multiplied with has an inverse. */
static uint64_t of_first_set(uint64_t tag)
{
    uint64_t inverse = 1;
    for (unsigned i = 0; i < 6; i++)
        inverse *= 2 - 0x9e3779b97f4a7c15u * inverse;
    return inverse * (tag << 35);
}

static void what_came_first_makes_room(void **state)
{
    struct tw_ways *w = tw_ways_new();
    size_t place;
    (void)state;
    for (uint64_t i = 0; i < 4; i++)
        assert_int_equal(tw_ways_of(w, of_first_set(i)), i);
    assert_int_equal(tw_ways_of(w, of_first_set(4)), 0);
    assert_false(tw_ways_find(w, of_first_set(0), &place));
    assert_int_equal(tw_ways_of(w, of_first_set(1)), 1);
    assert_int_equal(tw_ways_of(w, of_first_set(5)), 1);
    assert_int_equal(tw_ways_of(w, of_first_set(4)), 0);
    assert_int_equal(tw_ways_of(w, 7), 4); /* of another set */
    tw_ways_free(w);
}

static void there_are_never_more(void **state)
{
    static bool taken[TW_WAYS_PLACES];
    struct tw_ways *w = tw_ways_new();
    size_t n = 0;
    (void)state;
    for (uint64_t i = 0; i < 1000000; i++) {
        const size_t place = tw_ways_of(w, i * i + 1);
        assert_true(place < TW_WAYS_PLACES);
        n += !taken[place];
        taken[place] = true;
        assert_int_equal(tw_ways_of(w, i * i + 1), place);
    }
    assert_int_equal(n, TW_WAYS_PLACES);
    tw_ways_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(places_are_given_out_in_order),
        cmocka_unit_test(what_came_first_makes_room),
        cmocka_unit_test(there_are_never_more),
    };
    return cmocka_run_group_tests_name("base/ways", tests, NULL, NULL);
}
