#include "base/log.h"
#include "cli/report.h"
#include "cli/watch.h"
#include "learn/import.h"
#include "registry/registry.h"

static bool check(const struct tw_options *o, const char *path, struct tw_diags *diags)
{
    struct tw_registry *r = tw_registry_load(path, diags);
    if (r == NULL)
        return false;
    if (!o->quiet && !o->json)
        printf("%s: %zu AI systems, %zu assets, %zu variables, %s\n", path,
            tw_registry_ai_systems(r), tw_registry_assets(r), tw_registry_variables(r),
            tw_registry_digest(r));
    tw_registry_free(r);
    return true;
}

/* The files of the arguments, else that which replay and run would take. */
static int check_all(const struct tw_options *o, const struct tw_config *c, struct tw_diags *diags)
{
    const char *path = o->inventory ? o->inventory : c->inventory;
    if (o->args.n == 0 && path == NULL) {
        tw_log(TW_LOG_ERROR, "name an inventory: tierwatch inventory check FILE");
        return TW_EXIT_USAGE;
    }
    bool ok = o->args.n > 0 || check(o, path, diags);
    for (size_t i = 0; i < o->args.n; i++)
        ok = check(o, o->args.at[i], diags) && ok;
    return ok ? TW_EXIT_OK : TW_EXIT_CONFIG;
}

int tw_cmd_inventory_check(const struct tw_options *o)
{
    struct tw_diags diags = {0};
    if (!tw_common_logging(o))
        return TW_EXIT_USAGE;
    struct tw_config *c = tw_watch_config(o, &diags);
    const int code = c == NULL ? TW_EXIT_CONFIG : check_all(o, c, &diags);
    if (code != TW_EXIT_USAGE)
        tw_report_diags(&diags, o->json);
    tw_config_free(c);
    tw_diags_fini(&diags);
    return code;
}

static bool import_all(const struct tw_options *o, struct tw_import *import, struct tw_diags *diags)
{
    bool ok = true;
    for (size_t i = 0; i < o->args.n; i++)
        ok = tw_import_file(import, o->args.at[i], diags) && ok;
    return ok;
}

/* All of the files, or nothing: half of what an agent may do would read as all of it. */
int tw_cmd_inventory_import(const struct tw_options *o)
{
    struct tw_diags diags = {0};
    struct tw_output out;
    struct tw_text text = {0};
    if (!tw_common_logging(o))
        return TW_EXIT_USAGE;
    struct tw_import *import = tw_import_new();
    if (import == NULL) {
        tw_log(TW_LOG_ERROR, "out of memory");
        return TW_EXIT_FAILED;
    }
    bool ok = import_all(o, import, &diags);
    tw_report_diags(&diags, o->json && !ok);
    tw_diags_fini(&diags);
    int code = ok ? TW_EXIT_OK : TW_EXIT_CONFIG;
    if (ok) {
        tw_import_write(import, &text);
        ok = tw_output_open(&out, o->output != NULL ? o->output : "-");
        tw_output_write(&out, tw_text_str(&text));
        code = tw_output_close(&out) && ok && !text.failed ? TW_EXIT_OK : TW_EXIT_FAILED;
    }
    tw_text_free(&text);
    tw_import_free(import);
    return code;
}

int tw_cmd_inventory_schema(const struct tw_options *o)
{
    struct tw_text t = {0};
    (void)o;
    tw_registry_schema(&t);
    tw_common_print(&t);
    return TW_EXIT_OK;
}
