/* A rule set from its files: naming, compiling, ordering. */

#include <stdio.h>
#include <stdlib.h>

#include "crypto/digest.h"
#include "detect/lint.h"

/* ">=1.0" against the version of this program, numbers between dots compared one by one. */
static int compare_versions(const char *a, const char *b)
{
    for (;;) {
        char *a_end, *b_end;
        unsigned long x = strtoul(a, &a_end, 10), y = strtoul(b, &b_end, 10);
        if (x != y)
            return x < y ? -1 : 1;
        if (*a_end != '.' && *b_end != '.')
            return 0;
        a = *a_end == '.' ? a_end + 1 : "";
        b = *b_end == '.' ? b_end + 1 : "";
    }
}

static bool version_fits(const char *wanted)
{
    static const struct {
        const char *sign;
        int least, most;
    } signs[] = {{">=", 0, 1}, {"<=", -1, 0}, {">", 1, 1}, {"<", -1, -1}, {"=", 0, 0}, {"", 0, 1}};
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
        size_t n = strlen(signs[i].sign);
        if (strncmp(wanted, signs[i].sign, n) != 0)
            continue;
        int order = compare_versions(TW_VERSION, wanted + n + strspn(wanted + n, " "));
        return order >= signs[i].least && order <= signs[i].most;
    }
    return false;
}

static void check_engine(struct tw_loader *l)
{
    for (size_t i = 0; i < l->n_files; i++) {
        const struct tw_yaml *y = l->files[i].yaml;
        const struct tw_node *n = tw_node_get(y->root, "required_engine");
        if (n == NULL || n->kind != TW_NODE_SCALAR)
            continue;
        const char *wanted = tw_blocks_str(&l->rules->blocks, n->text).p;
        if (wanted != NULL && !version_fits(wanted))
            tw_yaml_error(y, l->diags, n, false, NULL, "these rules want tierwatch %s; this is %s",
                wanted, TW_VERSION);
    }
}

static void read_rules(struct tw_loader *l)
{
    struct tw_rules *r = l->rules;
    size_t n = tw_loader_count(l, "rules");
    if (n > TW_LOADER_MAX_RULES) {
        tw_loader_complain(l, "rules", "more than 16384 rules");
        return;
    }
    r->list = tw_blocks_alloc(&r->blocks, n + 1, sizeof(*r->list));
    for (size_t i = 0; r->list != NULL && i < l->n_files; i++) {
        const struct tw_yaml *y = l->files[i].yaml;
        const struct tw_node *list = tw_node_get(y->root, "rules");
        for (size_t k = 0; list != NULL && list->kind == TW_NODE_LIST && k < list->n; k++) {
            struct tw_expr_place at = {y, &list->children[k], l->diags, &r->blocks, &l->names};
            if (at.node->kind == TW_NODE_MAP)
                tw_rule_read(&at, &r->list[r->n++]);
        }
    }
}

static int by_id(const void *a, const void *b)
{
    return strcmp(((const struct tw_rule *)a)->info.id, ((const struct tw_rule *)b)->info.id);
}

/* Order by id: alerts of one event come in the same order wherever the files are. */
static void order_rules(struct tw_loader *l)
{
    struct tw_rules *r = l->rules;
    if (r->n == 0)
        return;
    qsort(r->list, r->n, sizeof(*r->list), by_id);
    for (size_t i = 1; i < r->n; i++) {
        const struct tw_rule *rule = &r->list[i];
        if (rule->info.id[0] != '\0' && strcmp(rule->info.id, r->list[i - 1].info.id) == 0)
            tw_yaml_error(rule->yaml, l->diags, tw_node_get(rule->node, "id"), false, NULL,
                "there are two rules \"%s\"", rule->info.id);
    }
}

/* Rules remember under their id and revision, wherever they stand in the set. */
static void count_calls(struct tw_rules *r)
{
    for (size_t i = 0; i < r->n; i++) {
        struct tw_rule *rule = &r->list[i];
        rule->recall_key =
            tw_hash_mix(tw_hash_stable(rule->info.id, strlen(rule->info.id)), rule->info.rev);
        r->n_calls += rule->when.n_calls;
    }
}

static void index_rules(struct tw_rules *r)
{
    for (unsigned action = 0; action < TW_ACTION_COUNT; action++) {
        uint16_t *list = tw_blocks_alloc(&r->blocks, r->n + 1, sizeof(*list));
        for (size_t i = 0; list != NULL && i < r->n; i++) {
            const struct tw_rule *rule = &r->list[i];
            uint32_t wanted = rule->when.actions |
                              (rule->hold.for_ns ? rule->hold.when.actions : 0) |
                              (rule->absence.within_ns ? rule->absence.of.actions : 0);
            if (rule->enabled && (wanted >> action & 1u) != 0)
                list[r->n_by_action[action]++] = (uint16_t)i;
        }
        r->by_action[action] = list;
    }
}

static int by_digest(const void *a, const void *b)
{
    return memcmp(a, b, 32);
}

/* Over the files' own digests in order: neither where they lie nor how they are called counts. */
static void digest_rules(struct tw_loader *l)
{
    size_t n = l->n_files + l->n_extra;
    uint8_t(*all)[32] = tw_blocks_alloc(&l->rules->blocks, n + 1, sizeof(*all));
    if (all == NULL)
        return;
    for (size_t i = 0; i < l->n_files; i++)
        memcpy(all[i], l->files[i].digest, sizeof(all[i]));
    for (size_t i = 0; i < l->n_extra; i++)
        memcpy(all[l->n_files + i], l->extra[i], sizeof(all[i]));
    qsort(all, n, sizeof(*all), by_digest);
    char hex[65];
    tw_sha256_hex(all, n * sizeof(*all), hex);
    snprintf(l->rules->digest, sizeof(l->rules->digest), "sha256:%s", hex);
}

static void loader_fini(struct tw_loader *l)
{
    for (size_t i = 0; i < l->n_files; i++)
        tw_yaml_free(l->files[i].yaml);
    for (size_t i = 0; i < l->n_paths; i++)
        free(l->paths[i]);
    free(l->files);
    free(l->extra);
    free(l);
}

struct tw_rules *tw_rules_load(const char *const *paths, size_t n_paths, struct tw_diags *diags)
{
    return tw_rules_check(paths, n_paths, NULL, diags);
}

struct tw_rules *tw_rules_check(const char *const *paths, size_t n_paths,
    const struct tw_rules_lint *lint, struct tw_diags *diags)
{
    size_t before = diags->errors;
    struct tw_loader *l = calloc(1, sizeof(*l));
    struct tw_rules *r = calloc(1, sizeof(*r));
    if (l == NULL || r == NULL) {
        tw_diag_add(diags, TW_DIAG_ERROR, "rules", 0, 0, NULL, NULL, "out of memory");
        free(l);
        free(r);
        return NULL;
    }
    l->rules = r;
    l->diags = diags;
    tw_loader_read(l, paths, n_paths);
    check_engine(l);
    if (!r->blocks.failed)
        tw_loader_name(l);
    if (!r->blocks.failed)
        read_rules(l);
    if (!r->blocks.failed) {
        order_rules(l);
        index_rules(r);
        count_calls(r);
        r->patterns = l->names.patterns;
        digest_rules(l);
    }
    if (r->blocks.failed)
        tw_loader_complain(l, "rules", "out of memory");
    if (lint != NULL && diags->errors == before)
        tw_lint(l, lint);
    loader_fini(l);
    for (size_t i = 0; i < r->n; i++) {
        r->list[i].yaml = NULL;
        r->list[i].node = NULL;
    }
    if (diags->errors == before)
        return r;
    tw_rules_free(r);
    return NULL;
}

void tw_rules_free(struct tw_rules *r)
{
    if (r == NULL)
        return;
    tw_blocks_fini(&r->blocks);
    free(r);
}

size_t tw_rules_count(const struct tw_rules *r)
{
    return r->n;
}

const struct tw_rule_info *tw_rules_at(const struct tw_rules *r, size_t i)
{
    return i < r->n ? &r->list[i].info : NULL;
}

static int id_order(const void *id, const void *rule)
{
    return strcmp(id, ((const struct tw_rule *)rule)->info.id);
}

const struct tw_rule_info *tw_rules_find(const struct tw_rules *r, const char *id)
{
    const struct tw_rule *rule =
        r->n == 0 ? NULL : bsearch(id, r->list, r->n, sizeof(*r->list), id_order);
    return rule == NULL ? NULL : &rule->info;
}

const char *tw_rules_digest(const struct tw_rules *r)
{
    return r->digest;
}
