#include "cli/watch.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "cli/evidence.h"
#include "cli/paths.h"
#include "cli/report.h"

static bool apply_sets(const struct tw_options *o, struct tw_config *c, struct tw_diags *diags)
{
    bool ok = true;
    for (size_t i = 0; i < o->set.n; i++)
        ok = tw_config_set(c, o->set.at[i], diags) && ok;
    return ok;
}

static void dump(const struct tw_config *c)
{
    struct tw_text t = {0};
    tw_config_dump(c, &t);
    tw_common_print(&t);
}

struct tw_list tw_watch_list(const struct tw_list *given, const struct tw_names *configured)
{
    struct tw_list list = *given;
    if (given->n > 0)
        return list;
    for (; list.n < configured->n && list.n < TW_MAX_LIST; list.n++)
        list.at[list.n] = configured->list[list.n];
    return list;
}

struct tw_rules *tw_watch_rules(const struct tw_options *o, const struct tw_config *c,
    const struct tw_rules_lint *lint, struct tw_diags *diags)
{
    struct tw_list paths = tw_watch_list(&o->rules, &c->rules);
    if (paths.n == 0)
        paths.at[paths.n++] = tw_default_rules();
    if (o->rules.n == 0 && c->rules.n == 0 && access(paths.at[0], R_OK) != 0) {
        tw_diag_add(diags, TW_DIAG_ERROR, paths.at[0], 0, 0, NULL,
            "name them with --rules, or under rules: in the configuration",
            "no rules are installed, and there are none here");
        return NULL;
    }
    return tw_rules_check(paths.at, paths.n, lint, diags);
}

struct tw_config *tw_watch_config(const struct tw_options *o, struct tw_diags *diags)
{
    struct tw_config *c = tw_config_load(o->config, diags);
    if (c != NULL && apply_sets(o, c, diags))
        return c;
    tw_config_free(c);
    return NULL;
}

/* What the command line says of it goes before the configuration. */
static void set_log_level(const struct tw_options *o, const struct tw_config *c)
{
    const int level = tw_log_level_of(c->log.level);
    if (o->log_level == NULL && !o->quiet && !o->verbose && level >= 0)
        tw_log_set_level((enum tw_log_level)level);
}

static int load_config(const struct tw_options *o, struct tw_watch *out, struct tw_diags *diags)
{
    out->config = tw_watch_config(o, diags);
    if (out->config == NULL)
        return TW_EXIT_CONFIG;
    set_log_level(o, out->config);
    if (o->dump_config)
        dump(out->config);
    return TW_EXIT_OK;
}

static void names(struct tw_watch *w)
{
    struct tw_str site = tw_registry_site(w->registry);
    /* Of its own: the inventory may be another one later, the name stays until the next start. */
    w->inventory_site = site.p != NULL ? strndup(site.p, site.len) : NULL;
    w->site = w->config->site ? w->config->site : w->inventory_site ? w->inventory_site : "plant";
    w->gateway = w->config->gateway ? w->config->gateway : "gw-1";
}

static bool load_baseline(const struct tw_options *o, struct tw_watch *out, struct tw_diags *diags)
{
    const char *path = o->baseline ? o->baseline : out->config->baseline;
    if (path != NULL)
        out->baseline = tw_baseline_load(path, diags);
    return path == NULL || out->baseline != NULL;
}

bool tw_watch_indicators(
    const struct tw_config *c, struct tw_diags *diags, struct tw_indicators **out)
{
    *out = c->indicators != NULL ? tw_indicators_load(c->indicators, diags) : NULL;
    return c->indicators == NULL || *out != NULL;
}

int tw_watch_load(const struct tw_options *o, struct tw_watch *out)
{
    struct tw_diags diags = {0};
    int code = load_config(o, out, &diags);
    if (code == TW_EXIT_OK && !o->dump_config) {
        const char *inventory = o->inventory ? o->inventory : out->config->inventory;
        out->registry = tw_registry_load(inventory, &diags);
        if (out->registry == NULL)
            code = TW_EXIT_CONFIG;
        out->rules = tw_watch_rules(o, out->config, NULL, &diags);
        if (code == TW_EXIT_OK && out->rules == NULL)
            code = TW_EXIT_RULES;
        if (!load_baseline(o, out, &diags) ||
            !tw_watch_indicators(out->config, &diags, &out->indicators))
            code = TW_EXIT_CONFIG;
        if (code == TW_EXIT_OK)
            names(out);
        if (code == TW_EXIT_OK && inventory == NULL)
            tw_log(TW_LOG_WARN, "no inventory: nobody is registered, no grant is known");
    }
    tw_report_diags(&diags, o->json && diags.errors > 0);
    tw_diags_fini(&diags);
    return code;
}

void tw_watch_free(struct tw_watch *w)
{
    tw_indicators_free(w->indicators);
    tw_baseline_free(w->baseline);
    tw_rules_free(w->rules);
    tw_registry_free(w->registry);
    tw_config_free(w->config);
    free(w->inventory_site);
}

struct tw_limits tw_watch_limits(const struct tw_watch *w)
{
    struct tw_limits limits = tw_limits_default();
    const struct tw_config *c = w->config;
    if (c->limits.flows > 0)
        limits.flows = (size_t)c->limits.flows;
    if (c->limits.sessions > 0)
        limits.sessions = (size_t)c->limits.sessions;
    if (c->limits.memory_mb > 0)
        limits.pool_bytes = (size_t)c->limits.memory_mb << 19; /* half of it for buffers */
    return limits;
}

struct tw_alerts_config tw_watch_alerts(
    const struct tw_watch *w, struct tw_evidence_source *captures)
{
    return (struct tw_alerts_config){
        .site = w->site,
        .gateway = w->gateway,
        .ruleset = tw_rules_digest(w->rules),
        .inventory = tw_registry_digest(w->registry),
        .baseline = w->baseline != NULL ? tw_baseline_digest(w->baseline) : NULL,
        .engine = TW_VERSION,
        .ndpi = tw_ndpi_version(),
        .source = captures != NULL ? tw_evidence_source_get : NULL,
        .source_user = captures,
    };
}

struct tw_broker_config tw_watch_broker(const struct tw_watch *w, const char *root, char *root_out,
    size_t root_size, char *client_id, size_t client_id_size)
{
    const struct tw_config *c = w->config;
    char site[96], gateway[96];
    tw_topic_level(site, sizeof(site), tw_str_of(w->site));
    tw_topic_level(gateway, sizeof(gateway), tw_str_of(w->gateway));
    snprintf(root_out, root_size, "%s/%s/%s", root, site, gateway);
    snprintf(client_id, client_id_size, "tierwatch-%s-%s%s", site, gateway,
        strcmp(root, "tierwatch/1") == 0 ? "" : "-replay");
    return (struct tw_broker_config){
        .host = c->broker.host ? c->broker.host : "127.0.0.1",
        .port = (int)c->broker.port,
        .client_id = client_id,
        .user = c->broker.user,
        .password = c->broker.password,
        .ca = c->broker.tls.ca,
        .cert = c->broker.tls.cert,
        .key = c->broker.tls.key,
        .root = root_out,
    };
}
