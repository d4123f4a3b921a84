/* One item of `rules:` to a compiled rule. Shapes were checked against keys.c before. */

#include <stdarg.h>
#include <stdio.h>

#include "base/timefmt.h"
#include "detect/rule_read.h"

enum { DAY_S = 86400, DEFAULT_SUPPRESS_S = 600, MAX_WINDOW_S = 7 * DAY_S };

const char *const tw_rule_tier_names[] = {"none", "T0", "T1", "T2", "T3", "T4", NULL};
static const char *const evidence_names[] = {"D", "S", "M", "W", NULL};

static struct tw_expr_place place_of(const struct tw_expr_place *at, const struct tw_node *node)
{
    struct tw_expr_place place = *at;
    place.node = node;
    return place;
}

void tw_rule_wrong(const struct tw_expr_place *at, const struct tw_node *node, const char *hint,
    const char *format, ...)
{
    char message[256];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    tw_yaml_error(at->yaml, at->diags, node, false, hint, "%s", message);
}

const char *tw_rule_text(const struct tw_expr_place *at, const struct tw_node *map, const char *key,
    const char *otherwise)
{
    const struct tw_node *n = tw_node_get(map, key);
    if (n == NULL || n->kind != TW_NODE_SCALAR)
        return otherwise;
    const char *text = tw_blocks_str(at->blocks, n->text).p;
    return text ? text : otherwise;
}

struct tw_program tw_rule_program(
    const struct tw_expr_place *at, const struct tw_node *map, const char *key)
{
    struct tw_program program = {0};
    const struct tw_node *n = tw_node_get(map, key);
    if (n == NULL || n->kind != TW_NODE_SCALAR)
        return program;
    struct tw_expr_place place = place_of(at, n);
    struct tw_expr *expr = tw_expr_parse(&place);
    if (expr == NULL || !tw_program_build(&place, expr, &program))
        return (struct tw_program){0};
    if (program.actions == 0)
        tw_rule_wrong(at, n, NULL, "this can never hold: no action fits it");
    if (program.n_calls > 0 && map != at->node)
        tw_rule_wrong(at, n, NULL, "what remembers may stand in \"when\" of the rule only");
    return program;
}

/* Shapes were checked: what is no number, duration … was reported, so a failure here says nothing.
 */
double tw_rule_number(const struct tw_node *map, const char *key, double otherwise)
{
    const struct tw_node *n = tw_node_get(map, key);
    struct tw_number number;
    if (n == NULL || n->kind != TW_NODE_SCALAR || !tw_num_parse(n->text, &number))
        return otherwise;
    return number.d;
}

int64_t tw_rule_duration(
    const struct tw_expr_place *at, const struct tw_node *map, const char *key, int64_t otherwise)
{
    const struct tw_node *n = tw_node_get(map, key);
    int64_t ns;
    if (n == NULL || n->kind != TW_NODE_SCALAR || !tw_duration_parse(n->text, &ns))
        return otherwise;
    if (ns <= 0 || ns > MAX_WINDOW_S * TW_NS_PER_S)
        tw_rule_wrong(at, n, NULL, "\"%s\" must be more than 0s and at most 7d", key);
    return ns;
}

bool tw_rule_flag(const struct tw_node *map, const char *key, bool otherwise)
{
    const struct tw_node *n = tw_node_get(map, key);
    return n ? tw_str_is(n->text, "true") : otherwise;
}

enum tw_evidence tw_rule_evidence(const struct tw_node *map)
{
    const struct tw_node *n = tw_node_get(map, "evidence");
    for (int i = 0; n != NULL && evidence_names[i] != NULL; i++) {
        if (tw_str_is(n->text, evidence_names[i]))
            return (enum tw_evidence)i;
    }
    return TW_EVIDENCE_W;
}

static void add_by(const struct tw_expr_place *at, const struct tw_node *item, struct tw_by *out)
{
    struct tw_expr_place place = place_of(at, item);
    if (item->kind != TW_NODE_SCALAR)
        return;
    const struct tw_field *f = tw_expr_by_field(&place, item->text, 0);
    if (f == NULL)
        return;
    if (out->n == TW_BY_MAX)
        tw_rule_wrong(at, item, NULL, "at most %d fields", TW_BY_MAX);
    else
        out->fields[out->n++] = f;
}

struct tw_by tw_rule_by(const struct tw_expr_place *at, const struct tw_node *map,
    const char *first, const char *second, const char *third)
{
    struct tw_by by = {.n = 0};
    const struct tw_node *n = tw_node_get(map, "by");
    const char *const names[] = {first, second, third};
    if (n != NULL && n->kind == TW_NODE_LIST) {
        for (size_t i = 0; i < n->n; i++)
            add_by(at, &n->children[i], &by);
        return by;
    }
    for (size_t i = 0; i < 3; i++) {
        if (names[i] != NULL)
            by.fields[by.n++] = tw_field_find(tw_str_of(names[i]));
    }
    return by;
}

static int tier_of(struct tw_str name)
{
    for (int i = TW_TIER_T0; i <= TW_TIER_T4; i++) {
        if (tw_str_is(name, tw_rule_tier_names[i]))
            return i;
    }
    return -1;
}

static void read_tiers(
    const struct tw_expr_place *at, const struct tw_node *map, struct tw_rule *out)
{
    const struct tw_node *n = tw_node_get(map, "tiers");
    out->for_assets = tw_rule_flag(map, "assets", n == NULL);
    if (n == NULL || n->kind != TW_NODE_LIST)
        return;
    out->has_tiers = true;
    for (size_t i = 0; i < n->n; i++) {
        int tier = tier_of(n->children[i].text);
        if (tier < 0)
            tw_rule_wrong(at, &n->children[i],
                tw_nearest(n->children[i].text, tw_rule_tier_names + 1),
                "a tier is T0, T1, T2, T3 or T4");
        else
            out->tiers[tier] = true;
    }
}

static bool floor_number(const struct tw_expr_place *at, const struct tw_node *n, double *out)
{
    if (!tw_node_number(at->yaml, at->diags, n, out))
        return false;
    if (*out >= 0 && *out <= 100)
        return true;
    tw_rule_wrong(at, n, NULL, "a floor is 0 to 100");
    return false;
}

static void floor_member(
    const struct tw_expr_place *at, const struct tw_node *n, struct tw_floors *out)
{
    static const char *const names[] = {
        "T0", "T1", "T2", "T3", "T4", "assets", "unregistered", NULL};
    double v;
    int tier = tier_of(n->key);
    if (tier < 0 && !tw_str_is(n->key, "assets") && !tw_str_is(n->key, "unregistered")) {
        tw_yaml_error(at->yaml, at->diags, n, true, tw_nearest(n->key, names),
            "a floor is given for T0, T1, T2, T3, T4, assets or unregistered");
        return;
    }
    if (!floor_number(at, n, &v))
        return;
    if (tier >= 0)
        out->tier[tier] = v;
    else if (tw_str_is(n->key, "assets"))
        out->asset = v;
    else
        out->unregistered = v;
}

struct tw_floors tw_rule_floors(const struct tw_expr_place *at, const struct tw_node *map)
{
    struct tw_floors floors = {.unregistered = -1};
    const struct tw_node *n = tw_node_get(map, "floor");
    double v;
    if (n != NULL && n->kind == TW_NODE_MAP) {
        for (size_t i = 0; i < n->n; i++)
            floor_member(at, &n->children[i], &floors);
    } else if (n != NULL && floor_number(at, n, &v)) {
        for (int i = TW_TIER_T0; i <= TW_TIER_T4; i++)
            floors.tier[i] = v;
        floors.asset = floors.unregistered = v;
    }
    if (floors.unregistered < 0)
        floors.unregistered = floors.tier[TW_TIER_T3];
    floors.tier[TW_TIER_NONE] = floors.asset;
    return floors;
}

static void read_tags(
    const struct tw_expr_place *at, const struct tw_node *rule, struct tw_rule *out)
{
    const struct tw_node *n = tw_node_get(rule, "tags");
    if (n == NULL || n->kind != TW_NODE_LIST || n->n == 0)
        return;
    const char **tags = tw_blocks_alloc(at->blocks, n->n, sizeof(*tags));
    for (size_t i = 0; tags != NULL && i < n->n; i++)
        tags[i] = tw_blocks_str(at->blocks, n->children[i].text).p;
    out->info.tags = tags;
    out->info.n_tags = tags ? n->n : 0;
}

static bool id_is_valid(struct tw_str id)
{
    for (size_t i = 0; i < id.len; i++) {
        char c = id.p[i];
        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                c == '-' || c == '_'))
            return false;
    }
    return id.len > 0 && id.len <= 64;
}

static void read_info(
    const struct tw_expr_place *at, const struct tw_node *rule, struct tw_rule *out)
{
    struct tw_rule_info *info = &out->info;
    const struct tw_node *id = tw_node_get(rule, "id");
    if (id != NULL && id->kind == TW_NODE_SCALAR && !id_is_valid(id->text))
        tw_rule_wrong(at, id, NULL, "an id has letters, digits, - and _ only, 64 at most");
    info->id = tw_rule_text(at, rule, "id", "");
    info->name = tw_rule_text(at, rule, "name", "");
    info->status = tw_rule_text(at, rule, "status", "experimental");
    info->advice = tw_rule_text(at, rule, "advice", NULL);
    size_t dash = strcspn(info->id, "-");
    const char *family = tw_blocks_str(at->blocks, (struct tw_str){info->id, dash}).p;
    info->family = tw_rule_text(at, rule, "family", family ? family : "");
    info->evidence = tw_rule_evidence(rule);
    info->severity = tw_rule_number(rule, "severity", 0);
    if (!(info->severity >= 0 && info->severity <= 100))
        tw_rule_wrong(at, tw_node_get(rule, "severity"), NULL, "\"severity\" is 0 to 100");
    double rev = tw_rule_number(rule, "rev", 1);
    if (!(rev >= 1 && rev <= 1e6))
        tw_rule_wrong(at, tw_node_get(rule, "rev"), NULL, "\"rev\" is 1 or more");
    else
        info->rev = (unsigned)rev;
    info->safety = tw_rule_flag(rule, "safety", false);
    const struct tw_node *marks = tw_node_get(rule, "marks");
    for (int i = 0; marks != NULL && tw_rule_mark_names[i] != NULL; i++) {
        if (tw_str_is(marks->text, tw_rule_mark_names[i]))
            out->mark = (enum tw_mark)(i + 1);
    }
    info->shadow = strcmp(tw_rule_text(at, rule, "mode", "active"), "shadow") == 0;
    out->enabled = tw_rule_flag(rule, "enabled", true);
    out->floor = tw_rule_floors(at, rule);
    memcpy(info->floor, out->floor.tier, sizeof(info->floor));
}

void tw_rule_read(const struct tw_expr_place *at, struct tw_rule *out)
{
    const struct tw_node *rule = at->node, *output = tw_node_get(rule, "output");
    out->yaml = at->yaml;
    out->node = rule;
    read_info(at, rule, out);
    read_tags(at, rule, out);
    read_tiers(at, rule, out);
    out->when = tw_rule_program(at, rule, "when");
    tw_rule_read_parts(at, rule, out);
    const struct tw_node *suppress = tw_node_get(rule, "suppress");
    out->suppress = tw_rule_by(at, suppress, "actor", "target", "target.object");
    out->suppress_ns = tw_rule_duration(at, suppress, "for", DEFAULT_SUPPRESS_S * TW_NS_PER_S);
    if (output != NULL && output->kind == TW_NODE_SCALAR) {
        struct tw_expr_place place = place_of(at, output);
        tw_template_build(&place, &out->output);
    }
}
