#include "cli/keys.h"

#include "base/log.h"
#include "cli/report.h"
#include "config/yaml.h"
#include "crypto/opcua_keys.h"
#include "protocol/opcua/service.h"

struct problems {
    const char *path;
    struct tw_diags diags;
};

/* Neither the message nor the line shown holds a value. */
static void on_problem(void *user, const struct tw_opcua_keys_problem *p)
{
    struct problems *all = user;
    const char *hint = p->word.p != NULL ? tw_nearest(p->word, tw_opcua_keys_names) : NULL;
    tw_diag_add(&all->diags, p->warning ? TW_DIAG_WARNING : TW_DIAG_ERROR, all->path, p->line,
        p->column, p->source, hint, "%s", p->text);
}

int tw_cli_keys_load(const struct tw_options *o, struct tw_pipeline_config *config)
{
    struct problems all = {.path = o->opcua_keys};
    if (o->opcua_keys == NULL)
        return TW_EXIT_OK;
    struct tw_opcua_keys *keys = tw_opcua_keys_load(o->opcua_keys, on_problem, &all);
    tw_diags_sort(&all.diags, 0);
    tw_report_diags(&all.diags, o->json && all.diags.errors > 0);
    tw_diags_fini(&all.diags);
    config->opcua_keys = keys;
    if (keys != NULL)
        tw_log(TW_LOG_DEBUG, "%zu sets of OPC UA keys", tw_opcua_keys_count(keys));
    return keys != NULL ? TW_EXIT_OK : TW_EXIT_CONFIG;
}

void tw_cli_keys_free(struct tw_pipeline_config *config)
{
    tw_opcua_keys_free(config->opcua_keys);
    config->opcua_keys = NULL;
}

void tw_cli_keys_report(const struct tw_options *o, const struct tw_pipeline_result *result)
{
    const uint64_t *n = result->workers.counters.messages[TW_PROTO_OPCUA];
    if (o->opcua_keys == NULL)
        return;
    const unsigned long long opened = n[TW_OPCUA_COUNT_UNSEALED];
    const unsigned long long sealed = n[TW_OPCUA_COUNT_SEALED];
    if (opened == 0)
        tw_log(TW_LOG_WARN,
            "none of %llu encrypted OPC UA chunks could be decrypted with these keys", sealed);
    else /* a key log holds no signing keys */
        tw_log(TW_LOG_INFO,
            "%llu OPC UA chunks decrypted, padding and sequence checked, signatures not; %llu "
            "stayed encrypted",
            opened, sealed);
    if (n[TW_OPCUA_COUNT_AEAD] > 0)
        tw_log(TW_LOG_WARN,
            "%llu of these are of channels with AES-GCM or ChaCha20-Poly1305 (ECC_*, RSA_DH_*), "
            "which are not decrypted",
            (unsigned long long)n[TW_OPCUA_COUNT_AEAD]);
}
