/* What agents declare about themselves: any bytes as a policy or as a configuration. What is taken
 * in is written as an inventory whose every key is one, and a refusal says why. */

#include <assert.h>

#include "learn/import.h"
#include "registry/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_written(const struct tw_import *import)
{
    struct tw_diags diags = {0};
    struct tw_text text = {0};
    tw_import_write(import, &text);
    assert(!text.failed);
    struct tw_yaml *y = tw_yaml_load_bytes("written", text.p, text.len, &diags);
    assert(y != NULL);
    tw_keys_check(y, &diags, y->root, tw_inventory_keys(), "the inventory");
    assert(diags.errors == 0);
    tw_yaml_free(y);
    tw_diags_fini(&diags);
    tw_text_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tw_diags diags = {0};
    struct tw_import *import = tw_import_new();
    assert(import != NULL);
    if (tw_import_bytes(import, "agent.json", (const char *)data, size, &diags))
        check_written(import);
    else
        assert(diags.errors > 0);
    tw_import_free(import);
    tw_diags_fini(&diags);
    return 0;
}
