#include "cli/keys.h"

#include "base/log.h"
#include "cli/report.h"
#include "config/yaml.h"
#include "crypto/opcua_keys.h"
#include "crypto/tls_keys.h"
#include "protocol/opcua/service.h"
#include "protocol/tls/tls.h"

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

static void on_tls_problem(void *user, const struct tw_tls_keys_problem *p)
{
    struct problems *all = user;
    tw_diag_add(&all->diags, p->warning ? TW_DIAG_WARNING : TW_DIAG_ERROR, all->path, p->line,
        p->line > 0, NULL, NULL, "%s", p->text);
}

static int load_opcua(const struct tw_options *o, struct tw_pipeline_config *config)
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

static int load_tls(const struct tw_options *o, struct tw_pipeline_config *config)
{
    struct problems all = {.path = o->tls_keys};
    if (o->tls_keys == NULL)
        return TW_EXIT_OK;
    config->tls_keys = tw_tls_keys_load(o->tls_keys, on_tls_problem, &all);
    tw_report_diags(&all.diags, o->json && all.diags.errors > 0);
    tw_diags_fini(&all.diags);
    if (config->tls_keys != NULL)
        tw_log(TW_LOG_DEBUG, "%zu TLS secrets", tw_tls_keys_count(config->tls_keys));
    return config->tls_keys != NULL ? TW_EXIT_OK : TW_EXIT_CONFIG;
}

int tw_cli_keys_load(const struct tw_options *o, struct tw_pipeline_config *config)
{
    int code = load_opcua(o, config);
    return code != TW_EXIT_OK ? code : load_tls(o, config);
}

void tw_cli_keys_free(struct tw_pipeline_config *config)
{
    tw_opcua_keys_free(config->opcua_keys);
    config->opcua_keys = NULL;
    tw_tls_keys_free(config->tls_keys);
    config->tls_keys = NULL;
}

static void report_tls(const struct tw_options *o, const uint64_t *n)
{
    static const struct {
        enum tw_tls_count slot;
        const char *why;
    } reasons[] = {
        {TW_TLS_COUNT_OTHER, "hold something else than MQTT"},
        {TW_TLS_COUNT_NO_SECRET, "are not in the key log"},
        {TW_TLS_COUNT_MIDSTREAM,
            "began before the capture, or with packets that it lacks: their randoms, which tell "
            "which secret is theirs, were not seen"},
        {TW_TLS_COUNT_UNSUPPORTED,
            "are of a version or cipher suite that is not decrypted (TLS 1.2 and 1.3 with AES-GCM, "
            "ChaCha20-Poly1305 or AES-CBC are)"},
        {TW_TLS_COUNT_FAILED, "do not fit their secret, or lack records"},
    };
    if (o->tls_keys == NULL)
        return;
    tw_log(n[TW_TLS_COUNT_OPENED] > 0 ? TW_LOG_INFO : TW_LOG_WARN,
        "%llu TLS sessions with MQTT decrypted, %llu records",
        (unsigned long long)n[TW_TLS_COUNT_OPENED], (unsigned long long)n[TW_TLS_COUNT_RECORDS]);
    for (size_t i = 0; i < sizeof(reasons) / sizeof(reasons[0]); i++) {
        if (n[reasons[i].slot] > 0)
            tw_log(TW_LOG_WARN, "%llu TLS sessions %s", (unsigned long long)n[reasons[i].slot],
                reasons[i].why);
    }
}

static void report_opcua(const struct tw_options *o, const uint64_t *n)
{
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

void tw_cli_keys_report(const struct tw_options *o, const struct tw_pipeline_result *result)
{
    const struct tw_proto_counters *counters = &result->workers.counters;
    report_opcua(o, counters->messages[TW_PROTO_OPCUA]);
    report_tls(o, counters->messages[TW_COUNT_TLS]);
}
