#include "cli/report.h"
#include "registry/registry.h"

int tw_cmd_inventory_check(const struct tw_options *o)
{
    int code = TW_EXIT_OK;
    struct tw_diags diags = {0};
    for (size_t i = 0; i < o->args.n; i++) {
        struct tw_registry *r = tw_registry_load(o->args.at[i], &diags);
        if (r == NULL) {
            code = TW_EXIT_CONFIG;
            continue;
        }
        if (!o->quiet && !o->json)
            printf("%s: %zu AI systems, %zu assets, %zu variables, %s\n", o->args.at[i],
                tw_registry_ai_systems(r), tw_registry_assets(r), tw_registry_variables(r),
                tw_registry_digest(r));
        tw_registry_free(r);
    }
    tw_report_diags(&diags, o->json);
    tw_diags_fini(&diags);
    return code;
}

int tw_cmd_inventory_schema(const struct tw_options *o)
{
    struct tw_text t = {0};
    (void)o;
    tw_registry_schema(&t);
    fwrite(t.p, 1, t.len, stdout);
    tw_text_free(&t);
    return TW_EXIT_OK;
}
