/* Reading STIX objects. Whatever somebody shares may be broken: every mistake has its place. */

#include <stdlib.h>

#include "crypto/digest.h"
#include "indicator/store.h"

struct load {
    struct tw_indicators *x;
    struct tw_diags *d;
    const struct tw_yaml *y;
    struct tw_compared compared[TW_INDICATOR_VALUES];
    bool failed;
};

static struct tw_str text_of(const struct tw_node *map, const char *key)
{
    const struct tw_node *n = tw_node_get(map, key);
    return n != NULL && n->kind == TW_NODE_SCALAR ? n->text : TW_STR_NONE;
}

static bool is_room(struct tw_indicators *x)
{
    if (x->n_rows < x->size_rows)
        return true;
    const size_t size = x->size_rows > 0 ? 2 * x->size_rows : 64;
    struct tw_trait_row *rows = realloc(x->rows, size * sizeof(*rows));
    if (rows == NULL)
        return false;
    x->rows = rows;
    x->size_rows = size;
    return true;
}

static void add_row(struct load *l, const struct tw_node *at, const struct tw_compared *c)
{
    struct tw_indicators *x = l->x;
    char plain[TW_TRAIT_BYTES];
    const size_t len = tw_trait_plain(c->trait, c->value, plain);
    const struct tw_str shown = tw_utf8_cut(c->value, 64);
    if (len == 0) {
        tw_yaml_error(l->y, l->d, at, false, NULL, "\"%.*s\" is no value of %.*s",
            TW_STR_ARG(shown), TW_STR_ARG(c->type));
        return;
    }
    if (!is_room(x)) {
        l->failed = true;
        return;
    }
    struct tw_trait_row *row = &x->rows[x->n_rows++];
    *row = (struct tw_trait_row){.key = tw_trait_key(x, c->trait, plain, len),
        .object = (uint32_t)x->n,
        .what = x->objects[x->n].what};
    row->what.type = c->type;
    row->what.value = c->value;
    x->has[c->trait] = true;
}

static void load_pattern(struct load *l, const struct tw_node *at, struct tw_indicator_object *o)
{
    const char *why = NULL;
    char *room = malloc(o->pattern.len > 0 ? o->pattern.len : 1);
    if (room == NULL) {
        l->failed = true;
        return;
    }
    l->x->rooms[l->x->n] = room;
    const size_t n = tw_pattern_read(o->pattern, room, l->compared, &why);
    if (n == 0) {
        tw_yaml_warning(l->y, l->d, at, false, why, "this pattern is not used");
        return;
    }
    o->what.type = l->compared[0].type;
    o->what.value = l->compared[0].value;
    o->used = true;
    for (size_t i = 0; i < n; i++)
        add_row(l, at, &l->compared[i]);
}

static void load_times(struct load *l, const struct tw_node *n, struct tw_indicator_object *o)
{
    const struct tw_node *from = tw_node_get(n, "valid_from"),
                         *until = tw_node_get(n, "valid_until");
    o->until_ns = INT64_MAX;
    if (from == NULL)
        tw_yaml_error(l->y, l->d, n, false, NULL, "\"valid_from\" is missing in this indicator");
    else
        (void)tw_node_time(l->y, l->d, from, &o->from_ns);
    if (until != NULL && tw_node_time(l->y, l->d, until, &o->until_ns) && o->until_ns <= o->from_ns)
        tw_yaml_error(l->y, l->d, until, false, NULL, "it ends before it begins");
}

/* Names of properties and of the members of dictionaries [STIX 2.1 2.4, 3.1]. */
static void check_names(struct load *l, const struct tw_node *n)
{
    for (size_t i = 0; i < n->n; i++) {
        const struct tw_node *child = &n->children[i];
        const struct tw_str key = child->key;
        bool ok = n->kind != TW_NODE_MAP || (key.len > 0 && key.len <= 250);
        for (size_t k = 0; ok && n->kind == TW_NODE_MAP && k < key.len; k++) {
            const char c = key.p[k];
            ok = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 c == '_' || c == '-';
        }
        if (!ok)
            tw_yaml_error(l->y, l->d, child, true, NULL, "this is no name of a property");
        check_names(l, child);
    }
}

static void load_indicator(struct load *l, const struct tw_node *n)
{
    enum { UNSAID = 50 };
    check_names(l, n);
    struct tw_indicator_object *o = &l->x->objects[l->x->n];
    const struct tw_node *pattern = tw_node_get(n, "pattern"), *revoked = tw_node_get(n, "revoked");
    const struct tw_node *confidence = tw_node_get(n, "confidence");
    int64_t number = UNSAID;
    *o = (struct tw_indicator_object){.node = n,
        .pattern = text_of(n, "pattern"),
        .modified = text_of(n, "modified"),
        .what = {.id = text_of(n, "id"),
            .name = text_of(n, "name"),
            .source = text_of(n, "created_by_ref")}};
    if (!tw_str_starts(o->what.id, TW_STR("indicator--")))
        tw_yaml_error(l->y, l->d, tw_node_get(n, "id") ? tw_node_get(n, "id") : n, false,
            "such as indicator--26ffb872-1dd9-446e-b6f5-d58527e5b5d2", "an indicator needs an id");
    if (confidence != NULL)
        (void)tw_node_int(l->y, l->d, confidence, 0, 100, &number);
    if (revoked != NULL)
        (void)tw_node_bool(l->y, l->d, revoked, &o->revoked);
    o->what.confidence = (double)number;
    load_times(l, n, o);
    if (o->pattern.len == 0)
        tw_yaml_error(l->y, l->d, n, false, NULL, "\"pattern\" is missing in this indicator");
    else if (!tw_str_is(text_of(n, "pattern_type"), "stix"))
        tw_yaml_warning(
            l->y, l->d, pattern, false, "its pattern_type is not stix", "this pattern is not used");
    else
        load_pattern(l, pattern, o);
    l->x->n++;
}

static void load_objects(struct load *l, const struct tw_node *items, size_t n_items)
{
    size_t n = 0;
    for (size_t i = 0; i < n_items; i++)
        n += tw_str_is(text_of(&items[i], "type"), "indicator");
    if (n > TW_MAX_INDICATORS) {
        tw_yaml_error(l->y, l->d, items, false, NULL, "%zu indicators are more than %d", n,
            TW_MAX_INDICATORS);
        return;
    }
    l->x->objects = calloc(n + 1, sizeof(*l->x->objects));
    l->x->rooms = calloc(n + 1, sizeof(*l->x->rooms));
    l->failed = l->x->objects == NULL || l->x->rooms == NULL;
    for (size_t i = 0; !l->failed && i < n_items; i++) {
        if (tw_str_is(text_of(&items[i], "type"), "indicator"))
            load_indicator(l, &items[i]);
    }
}

static void load_root(struct load *l, const struct tw_node *root)
{
    const struct tw_node *objects = tw_node_get(root, "objects");
    if (root != NULL && root->kind == TW_NODE_LIST)
        load_objects(l, root->children, root->n);
    else if (tw_str_is(text_of(root, "type"), "indicator"))
        load_objects(l, root, 1);
    else if (!tw_str_is(text_of(root, "type"), "bundle"))
        tw_diag_add(l->d, TW_DIAG_ERROR, l->y->file, 1, 1, NULL, "{\"type\": \"bundle\", …}",
            "this is no STIX bundle");
    else if (objects != NULL && objects->kind == TW_NODE_LIST)
        load_objects(l, objects->children, objects->n);
}

struct tw_indicators *tw_indicators_load(const char *path, struct tw_diags *diags)
{
    const size_t before = diags->errors;
    struct tw_indicators *x = calloc(1, sizeof(*x));
    struct load l = {.x = x, .d = diags};
    if (x == NULL)
        return NULL;
    x->seed = tw_seed_random();
    x->yaml = tw_yaml_load_file(path, diags);
    if (x->yaml != NULL) {
        l.y = x->yaml;
        memcpy(x->digest, "sha256:", 7);
        tw_sha256_hex(x->yaml->bytes, x->yaml->n_bytes, x->digest + 7);
        load_root(&l, x->yaml->root);
        tw_indicators_sort(x);
    }
    if (l.failed)
        tw_diag_add(diags, TW_DIAG_ERROR, path, 0, 0, NULL, NULL, "out of memory");
    if (x->yaml != NULL && diags->errors == before)
        return x;
    tw_indicators_free(x);
    return NULL;
}

void tw_indicators_free(struct tw_indicators *x)
{
    if (x == NULL)
        return;
    for (size_t i = 0; x->rooms != NULL && i < x->n; i++)
        free(x->rooms[i]);
    free(x->rooms);
    free(x->rows);
    free(x->objects);
    tw_yaml_free(x->yaml);
    free(x);
}

size_t tw_indicators_count(const struct tw_indicators *x)
{
    return x != NULL ? x->n : 0;
}

const struct tw_indicator_object *tw_indicators_at(const struct tw_indicators *x, size_t i)
{
    return &x->objects[i];
}

const char *tw_indicators_digest(const struct tw_indicators *x)
{
    return x->digest;
}
