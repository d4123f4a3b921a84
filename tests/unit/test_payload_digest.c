#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "guard.h"
#include "protocol/payload_digest.h"

static void says(struct tw_digests *d, struct guard *g, const char *text, size_t len)
{
    const struct tw_str payload = tw_str_bytes(guard_put(g, text, len), len);
    assert_int_equal(tw_digests_of(d, payload), tw_hash_stable(text, len));
}

/* Around the lengths that are kept, and where a single byte differs from what was kept before. */
static void digests_are_those_of_the_bytes(void **state)
{
    static const size_t lens[] = {0, 1, 8, 31, 32, 33, 140, 1007, 1008, 1009, 5000};
    struct tw_digests *d = tw_digests_new();
    struct guard g = guard_new();
    static char text[5000];
    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i * 7);
    for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
        for (unsigned time = 0; time < 3; time++)
            says(time == 2 ? NULL : d, &g, text, lens[i]);
        for (size_t at = 0; at < lens[i]; at++) {
            text[at] ^= 1;
            says(d, &g, text, lens[i]);
            text[at] ^= 1;
        }
        says(d, &g, text, lens[i]);
    }
    guard_free(&g);
    tw_digests_free(d);
    tw_digests_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(digests_are_those_of_the_bytes),
    };
    return cmocka_run_group_tests_name("protocol/payload_digest", tests, NULL, NULL);
}
