/* Patterns of shared indicators. Properties: values lie in the room that was given, none is empty,
 * and a pattern either has comparisons or says why it is not used. */

#include <assert.h>
#include <stdlib.h>

#include "indicator/pattern.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tw_compared compared[TW_INDICATOR_VALUES];
    const char *why = NULL;
    char *room = malloc(size > 0 ? size : 1);
    assert(room != NULL);
    const size_t n = tw_pattern_read(tw_str_bytes(data, size), room, compared, &why);
    assert((n == 0) == (why != NULL));
    for (size_t i = 0; i < n; i++) {
        const struct tw_str v = compared[i].value;
        assert(v.len > 0 && v.p >= room && v.p + v.len <= room + size);
        assert(compared[i].trait < TW_TRAITS && compared[i].type.len > 0);
    }
    free(room);
    return 0;
}
