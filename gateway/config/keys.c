/* One table says which keys a map may hold: it checks files, and prints the schema for editors. */

#include "config/rate.h"
#include "config/yaml.h"

enum { MAX_KEYS = 64 };

static bool check_value(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, const struct tw_key *key);

static bool check_any(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, const struct tw_key *key)
{
    (void)y, (void)d, (void)n, (void)key;
    return true;
}

static bool check_str(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, const struct tw_key *key)
{
    struct tw_str text;
    (void)key;
    return tw_node_str(y, d, n, &text);
}

static bool check_number(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, const struct tw_key *key)
{
    double number;
    (void)key;
    return tw_node_number(y, d, n, &number);
}

static bool check_int(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, const struct tw_key *key)
{
    int64_t number;
    (void)key;
    return tw_node_int(y, d, n, INT64_MIN, INT64_MAX, &number);
}

static bool check_bool(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, const struct tw_key *key)
{
    bool value;
    (void)key;
    return tw_node_bool(y, d, n, &value);
}

static bool check_duration(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, const struct tw_key *key)
{
    int64_t ns;
    (void)key;
    return tw_node_duration(y, d, n, &ns);
}

static bool check_time(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, const struct tw_key *key)
{
    int64_t ns;
    (void)key;
    return tw_node_time(y, d, n, &ns);
}

static bool check_choice(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, const struct tw_key *key)
{
    int index;
    return tw_node_choice(y, d, n, key->choices, &index);
}

static bool check_rate(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, const struct tw_key *key)
{
    struct tw_rate rate;
    (void)key;
    return tw_node_rate(y, d, n, &rate);
}

static bool wants(const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n,
    enum tw_node_kind kind, const char *wanted, const char *hint)
{
    if (n->kind == kind)
        return true;
    bool empty = n->kind == TW_NODE_SCALAR && n->text.len == 0 && !n->quoted;
    const struct tw_str key = n->key.p != NULL ? n->key : TW_STR("this item");
    tw_yaml_error(y, d, n, empty && n->key.p != NULL, hint,
        empty ? "\"%.*s\" has no value; it must be %s" : "\"%.*s\" must be %s", TW_STR_ARG(key),
        wanted);
    return false;
}

static bool check_str_list(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, const struct tw_key *key)
{
    (void)key;
    if (!wants(y, d, n, TW_NODE_LIST, "a list of texts", "write it in brackets: [a, b]"))
        return false;
    bool ok = true;
    for (size_t i = 0; i < n->n; i++) {
        struct tw_str text;
        ok &= tw_node_str(y, d, &n->children[i], &text);
    }
    return ok;
}

static bool check_list(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, const struct tw_key *key)
{
    if (!wants(y, d, n, TW_NODE_LIST, "a list", NULL))
        return false;
    bool ok = true;
    for (size_t i = 0; key->keys != NULL && i < n->n; i++)
        ok &= tw_keys_check(y, d, &n->children[i], key->keys, key->name);
    return ok;
}

static bool check_map(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, const struct tw_key *key)
{
    if (!wants(y, d, n, TW_NODE_MAP, "a map", NULL))
        return false;
    return key->keys == NULL || tw_keys_check(y, d, n, key->keys, key->name);
}

/* By kind: how it is checked, and what the schema says. */
static const struct {
    bool (*check)(const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n,
        const struct tw_key *key);
    const char *type, *pattern;
} kinds[] = {
    [TW_KEY_ANY] = {check_any, NULL, NULL},
    [TW_KEY_STR] = {check_str, "string", NULL},
    [TW_KEY_NUMBER] = {check_number, "number", NULL},
    [TW_KEY_INT] = {check_int, "integer", NULL},
    [TW_KEY_BOOL] = {check_bool, "boolean", NULL},
    [TW_KEY_DURATION] = {check_duration, "string", "^[0-9]+(ms|s|min|m|h|d)$"},
    [TW_KEY_TIME] = {check_time, "string", "^[0-9]{4}-[0-9]{2}-[0-9]{2}"},
    [TW_KEY_CHOICE] = {check_choice, "string", NULL},
    [TW_KEY_STR_LIST] = {check_str_list, "array", NULL},
    [TW_KEY_LIST] = {check_list, "array", NULL},
    [TW_KEY_MAP] = {check_map, "object", NULL},
    [TW_KEY_RATE] = {check_rate, "string", "^[0-9.]+([kMG]?B|[KMG]iB)?/(s|min|h|d)$"},
};

static bool check_value(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, const struct tw_key *key)
{
    return tw_node_is_null(n) || kinds[key->kind].check(y, d, n, key);
}

static const struct tw_key *find_key(const struct tw_key *keys, struct tw_str name)
{
    for (; keys->name != NULL; keys++) {
        if (tw_str_is(name, keys->name))
            return keys;
    }
    return NULL;
}

static void unknown_key(const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n,
    const struct tw_key *keys, const char *what)
{
    const char *names[MAX_KEYS + 1];
    size_t count = 0;
    for (; keys->name != NULL && count < MAX_KEYS; keys++)
        names[count++] = keys->name;
    names[count] = NULL;
    const struct tw_str shown = tw_utf8_cut(n->key, 64);
    tw_yaml_error(y, d, n, true, tw_nearest(n->key, names), "unknown key \"%.*s\" in %s",
        TW_STR_ARG(shown), what);
}

bool tw_keys_check(const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *map,
    const struct tw_key *keys, const char *what)
{
    bool ok = true;
    if (map->kind != TW_NODE_MAP) {
        tw_yaml_error(y, d, map, false, NULL, "%s must be a map of keys and values", what);
        return false;
    }
    for (size_t i = 0; i < map->n; i++) {
        const struct tw_node *n = &map->children[i];
        const struct tw_key *key = find_key(keys, n->key);
        if (key == NULL)
            unknown_key(y, d, n, keys, what);
        ok &= key != NULL && check_value(y, d, n, key);
    }
    for (const struct tw_key *key = keys; key->name != NULL; key++) {
        if (!key->required || tw_node_get(map, key->name) != NULL)
            continue;
        tw_yaml_error(y, d, map, false, NULL, "\"%s\" is missing in %s", key->name, what);
        ok = false;
    }
    return ok;
}

static void put_schema(struct tw_text *out, const struct tw_key *keys);

static void put_items(struct tw_text *out, const struct tw_key *key)
{
    if (key->kind == TW_KEY_LIST && key->keys == NULL)
        return;
    tw_json_key(out, "items");
    tw_json_object(out);
    if (key->kind == TW_KEY_STR_LIST)
        tw_json_member_z(out, "type", "string");
    else
        put_schema(out, key->keys);
    tw_json_object_end(out);
}

static void put_key(struct tw_text *out, const struct tw_key *key)
{
    tw_json_key(out, key->name);
    tw_json_object(out);
    if (key->doc != NULL)
        tw_json_member_z(out, "description", key->doc);
    if (kinds[key->kind].pattern != NULL)
        tw_json_member_z(out, "pattern", kinds[key->kind].pattern);
    if (key->kind == TW_KEY_CHOICE) {
        tw_json_key(out, "enum");
        tw_json_array(out);
        for (const char *const *choice = key->choices; *choice != NULL; choice++)
            tw_json_z(out, *choice);
        tw_json_array_end(out);
    }
    if (key->kind == TW_KEY_MAP && key->keys != NULL)
        put_schema(out, key->keys);
    else if (kinds[key->kind].type != NULL)
        tw_json_member_z(out, "type", kinds[key->kind].type);
    if (key->kind == TW_KEY_LIST || key->kind == TW_KEY_STR_LIST)
        put_items(out, key);
    tw_json_object_end(out);
}

/* The members of a schema object for one map. */
static void put_schema(struct tw_text *out, const struct tw_key *keys)
{
    bool required = false;
    tw_json_member_z(out, "type", "object");
    tw_json_member_bool(out, "additionalProperties", false);
    tw_json_key(out, "properties");
    tw_json_object(out);
    for (const struct tw_key *key = keys; key->name != NULL; key++) {
        put_key(out, key);
        required |= key->required;
    }
    tw_json_object_end(out);
    if (!required)
        return;
    tw_json_key(out, "required");
    tw_json_array(out);
    for (const struct tw_key *key = keys; key->name != NULL; key++) {
        if (key->required)
            tw_json_z(out, key->name);
    }
    tw_json_array_end(out);
}

void tw_keys_schema(struct tw_text *out, const struct tw_key *keys, const char *title)
{
    tw_json_object(out);
    tw_json_member_z(out, "$schema", "https://json-schema.org/draft/2020-12/schema");
    tw_json_member_z(out, "title", title);
    put_schema(out, keys);
    tw_json_object_end(out);
    tw_text_addz(out, "\n");
}
