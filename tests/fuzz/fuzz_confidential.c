/* Texts that may give something away. Properties: what is found in a text is found with other words
 * around it, and nothing is read beyond its end. */

#include <assert.h>
#include <stdlib.h>

#include "event/confidential.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MAX = 4096, AROUND = 2 };
    if (size > MAX)
        return 0;
    char *wide = malloc(size + 2 * AROUND);
    assert(wide != NULL);
    memset(wide, ' ', size + 2 * AROUND);
    if (size > 0)
        memcpy(wide + AROUND, data, size);
    char *exact = malloc(size > 0 ? size : 1);
    assert(exact != NULL);
    if (size > 0)
        memcpy(exact, data, size);
    const struct tw_str text = {exact, size}, words = {wide, size + 2 * AROUND};
    const char *secret = tw_confidential_secret(text), *personal = tw_confidential_personal(text);
    if (size >= 20)
        assert(secret == tw_confidential_secret(words));
    assert(personal == tw_confidential_personal(words));
    assert(tw_confidential_named(text, TW_STR_NONE) == tw_confidential_named(TW_STR_NONE, words));
    free(exact);
    free(wide);
    return 0;
}
