#include "registry/load.h"

#include <stdio.h>
#include <stdlib.h>

#include "crypto/digest.h"
#include "registry/keys.h"

static void load_head(struct tw_load *l, const struct tw_node *root)
{
    const struct tw_node *version = tw_node_get(root, "inventory");
    double number;
    if (tw_load_number(version, &number) && number != 1)
        tw_yaml_error(l->y, l->d, version, false, NULL,
            "this program reads version 1 of the format, not %.*s", TW_STR_ARG(version->text));
    l->r->site = tw_load_one(l, root, "site", tw_load_check_text);
}

static void load_all(struct tw_load *l, const struct tw_node *root)
{
    static void (*const stages[])(struct tw_load * l, const struct tw_node *root) = {
        load_head, tw_load_networks, tw_load_entries, tw_load_approvals, tw_load_variables};
    for (size_t i = 0; i < sizeof(stages) / sizeof(stages[0]) && !l->no_memory; i++)
        stages[i](l, root);
    if (!l->no_memory)
        tw_load_sn_topics(l);
    for (size_t i = 0; i < l->r->n_entries && !l->no_memory; i++)
        tw_load_grants(l, &l->r->entries[i]);
    for (size_t i = l->r->n_assets; i < l->r->n_entries && !l->no_memory; i++)
        tw_load_ai_system(l, &l->r->entries[i]);
    if (!l->no_memory)
        tw_load_changes(l, root);
}

static void load_root(struct tw_registry *r, const struct tw_yaml *y, const struct tw_node *root,
    struct tw_diags *diags)
{
    size_t from = diags->n;
    struct tw_load l = {.r = r, .y = y, .d = diags};
    r->root = root;
    if (root != NULL) {
        tw_keys_check(y, diags, root, tw_inventory_keys(), "the inventory");
        if (root->kind == TW_NODE_MAP)
            load_all(&l, root);
    }
    tw_diags_sort(diags, from);
    if (l.no_memory)
        tw_diag_add(diags, TW_DIAG_ERROR, y->file, 0, 0, NULL, NULL, "out of memory");
}

static bool finish(struct tw_registry *r, const struct tw_yaml *y, struct tw_diags *diags)
{
    memcpy(r->digest, "sha256:", 7);
    tw_sha256_hex(y != NULL ? y->bytes : "", y != NULL ? y->n_bytes : 0, r->digest + 7);
    r->who = tw_who_new();
    r->decisions = tw_decisions_new();
    r->parties = tw_party_cache_new();
    if (r->who != NULL && r->decisions != NULL && r->parties != NULL && tw_registry_index(r))
        return true;
    tw_diag_add(
        diags, TW_DIAG_ERROR, y != NULL ? y->file : "inventory", 0, 0, NULL, NULL, "out of memory");
    return false;
}

/* `y_take` becomes the registry's; NULL where `y` stays its owner's. */
static struct tw_registry *load(struct tw_yaml *y_take, const struct tw_yaml *y,
    const struct tw_node *root, struct tw_diags *diags)
{
    size_t errors = diags->errors;
    struct tw_registry *r = calloc(1, sizeof(*r));
    if (r == NULL) {
        tw_diag_add(diags, TW_DIAG_ERROR, "inventory", 0, 0, NULL, NULL, "out of memory");
        tw_yaml_free(y_take);
        return NULL;
    }
    r->yaml = y_take;
    if (y != NULL)
        load_root(r, y, root, diags);
    if (diags->errors == errors && finish(r, y, diags))
        return r;
    tw_registry_free(r);
    return NULL;
}

struct tw_registry *tw_registry_load(const char *path, struct tw_diags *diags)
{
    size_t errors = diags->errors;
    if (path == NULL)
        return load(NULL, NULL, NULL, diags);
    struct tw_yaml *y = tw_yaml_load_file(path, diags);
    if (y == NULL)
        return NULL;
    struct tw_registry *r = load(y, y, y->root, diags);
    if (diags->errors == errors)
        return r;
    tw_registry_free(r);
    return NULL;
}

struct tw_registry *tw_registry_load_part(
    const struct tw_yaml *y, const struct tw_node *root, struct tw_diags *diags)
{
    return load(NULL, y, root, diags);
}

void tw_registry_free(struct tw_registry *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->n_kept; i++)
        free(r->kept[i]);
    free(r->kept);
    tw_who_free(r->who);
    tw_decisions_free(r->decisions);
    tw_party_cache_free(r->parties);
    tw_yaml_free(r->yaml);
    free(r);
}

struct tw_str tw_registry_site(const struct tw_registry *r)
{
    return r->site;
}

const char *tw_registry_digest(const struct tw_registry *r)
{
    return r->digest;
}

size_t tw_registry_ai_systems(const struct tw_registry *r)
{
    return r->n_entries - r->n_assets;
}

struct tw_str tw_registry_ai_system(const struct tw_registry *r, size_t i)
{
    return r->entries[r->n_assets + i].id;
}

bool tw_registry_orchestrates(const struct tw_registry *r, size_t by, size_t ai)
{
    const struct tw_strs *list = &r->entries[r->n_assets + ai].orchestrators;
    for (size_t i = 0; i < list->n; i++) {
        if (tw_str_eq(list->list[i], r->entries[r->n_assets + by].id))
            return true;
    }
    return false;
}

size_t tw_registry_assets(const struct tw_registry *r)
{
    return r->n_assets;
}

size_t tw_registry_variables(const struct tw_registry *r)
{
    return r->n_variables;
}

size_t tw_registry_approvals(const struct tw_registry *r, const struct tw_approval_def **out)
{
    *out = r->approvals;
    return r->n_approvals;
}

bool tw_registry_grants_steps(const struct tw_registry *r)
{
    return r->grants_steps;
}

const struct tw_heartbeat_def *tw_registry_heartbeats(const struct tw_registry *r)
{
    return r->heartbeats;
}

const struct tw_stop_def *tw_registry_stops(const struct tw_registry *r)
{
    return r->stops;
}

const struct tw_command_def *tw_registry_commands(const struct tw_registry *r)
{
    return r->commands;
}

size_t tw_registry_followed(const struct tw_registry *r)
{
    return r->n_followed;
}

size_t tw_registry_stated(const struct tw_registry *r)
{
    return r->n_stated;
}

const struct tw_input_def *tw_registry_inputs(const struct tw_registry *r)
{
    return r->inputs;
}

size_t tw_registry_changes(const struct tw_registry *r, const struct tw_change_def **out)
{
    *out = r->changes;
    return r->n_changes;
}

size_t tw_registry_reports(
    const struct tw_registry *r, struct tw_str ai_system_id, const struct tw_report_def **out)
{
    for (size_t i = r->n_assets; i < r->n_entries; i++) {
        const struct tw_entry *e = &r->entries[i];
        if (!tw_str_eq(e->id, ai_system_id))
            continue;
        *out = e->reports;
        return e->n_reports;
    }
    *out = NULL;
    return 0;
}
