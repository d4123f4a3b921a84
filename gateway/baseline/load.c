#include <math.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/timefmt.h"
#include "baseline/baseline.h"
#include "baseline/layout.h"

struct tw_baseline {
    struct tw_yaml *yaml; /* holds the texts */
    char digest[7 + 64 + 1];
    struct tw_baseline_content content; /* its lists are those below */
    size_t n;
    struct tw_baseline_entry *entries;
    struct tw_practice *systems;
};

struct loading {
    struct tw_yaml *y;
    struct tw_diags *d;
    struct tw_baseline *b;
    size_t errors; /* that there were before */
};

static const struct tw_key learned_keys[] = {
    {"from", TW_KEY_TIME, false, NULL, NULL, "Time of the first packet that was learned from."},
    {"to", TW_KEY_TIME, false, NULL, NULL, "Time of the last one."},
    {.name = NULL},
};

static const struct tw_key keys[] = {
    {"schema", TW_KEY_STR, true, NULL, NULL, "Version of the format."},
    {"digest", TW_KEY_STR, true, NULL, NULL, "SHA-256 over what follows."},
    {"learned", TW_KEY_MAP, true, NULL, learned_keys, "The learning time."},
    {"series", TW_KEY_LIST, true, NULL, NULL, "What is normal, series by series."},
    {"systems", TW_KEY_LIST, false, NULL, NULL, "What AI systems do all week."},
    {.name = NULL},
};

static const char *const sources[] = {"read", "notify", "publish", "deliver", NULL};
static const char *const kinds[] = {"constant", "discrete", "counter", "analog", NULL};
static const char *const states[] = {"shadow", "active", NULL};

/* NULL, and a diagnostic, when it is not there. */
static const struct tw_node *member(
    const struct loading *l, const struct tw_node *map, const char *key)
{
    const struct tw_node *n = tw_node_get(map, key);
    if (n == NULL)
        tw_yaml_error(l->y, l->d, map, false, NULL, "\"%s\" is missing", key);
    return n;
}

static bool load_choice(const struct loading *l, const struct tw_node *map, const char *key,
    const char *const *names, int *out)
{
    const struct tw_node *n = member(l, map, key);
    return n != NULL && tw_node_choice(l->y, l->d, n, names, out);
}

static void load_text(const struct loading *l, const struct tw_node *map, const char *key,
    size_t max, struct tw_str *out)
{
    const struct tw_node *n = tw_node_get(map, key);
    if (n == NULL || !tw_node_str(l->y, l->d, n, out))
        return;
    if (out->len > max)
        tw_yaml_error(l->y, l->d, n, false, NULL, "\"%s\" is longer than %zu bytes", key, max);
}

static void load_ip(
    const struct loading *l, const struct tw_node *map, const char *key, struct tw_ip *out)
{
    struct tw_str text;
    const struct tw_node *n = tw_node_get(map, key);
    if (n != NULL && tw_node_str(l->y, l->d, n, &text) && !tw_ip_parse(text, out))
        tw_yaml_error(l->y, l->d, n, false, NULL, "\"%s\" is no address", key);
}

static void load_name(
    const struct loading *l, const struct tw_node *map, struct tw_series_name *out)
{
    int source = 0;
    int64_t port = 0;
    const struct tw_node *n = tw_node_get(map, "port");
    if (load_choice(l, map, "source", sources, &source))
        out->source = (enum tw_series_source)source;
    if (member(l, map, "object") != NULL)
        load_text(l, map, "object", TW_SERIES_OBJECT, &out->object);
    load_text(l, map, "field", TW_SERIES_FIELD, &out->field);
    load_text(l, map, "variable", TW_SERIES_VARIABLE, &out->variable);
    load_ip(l, map, "server", &out->server);
    load_ip(l, map, "client", &out->client);
    if (n != NULL && tw_node_int(l->y, l->d, n, 0, UINT16_MAX, &port))
        out->port = (uint16_t)port;
}

static void load_number(const struct loading *l, const struct tw_node *n,
    const struct tw_profile_number *number, double *out)
{
    if (!tw_node_number(l->y, l->d, n, out))
        return;
    if (!isfinite(*out))
        tw_yaml_error(l->y, l->d, n, false, NULL, "the number is too large");
    else if (*out < 0 && !number->below_zero)
        tw_yaml_error(l->y, l->d, n, false, NULL, "\"%s\" is not below 0", number->name);
}

static void load_entry(
    const struct loading *l, const struct tw_node *map, struct tw_baseline_entry *out)
{
    int kind = 0, state = 0;
    if (map->kind != TW_NODE_MAP) {
        tw_yaml_error(l->y, l->d, map, false, NULL, "a series is a map");
        return;
    }
    load_name(l, map, &out->name);
    if (load_choice(l, map, "kind", kinds, &kind))
        out->kind = (enum tw_series_kind)kind;
    if (load_choice(l, map, "state", states, &state))
        out->active = state == 1;
    for (size_t i = 0; i < tw_profile_numbers_count; i++) {
        const struct tw_node *n = member(l, map, tw_profile_numbers[i].name);
        if (n != NULL)
            load_number(l, n, &tw_profile_numbers[i], tw_profile_at(&out->profile, i));
    }
}

static void load_time(
    const struct loading *l, const struct tw_node *map, const char *key, int64_t *out)
{
    const struct tw_node *n = tw_node_get(map, key);
    if (n != NULL)
        (void)tw_node_time(l->y, l->d, n, out);
}

static void load_series(struct loading *l, const struct tw_node *list)
{
    struct tw_baseline *b = l->b;
    if (list->n > TW_BASELINE_MAX_SERIES) {
        tw_yaml_error(
            l->y, l->d, list, false, NULL, "there are more than %d series", TW_BASELINE_MAX_SERIES);
        return;
    }
    b->entries = calloc(list->n + 1, sizeof(*b->entries));
    for (; b->entries != NULL && b->n < list->n; b->n++) {
        const struct tw_node *n = &list->children[b->n];
        struct tw_baseline_entry *e = &b->entries[b->n];
        load_entry(l, n, e);
        if (b->n > 0 && l->d->errors == l->errors && tw_series_name_cmp(&e[-1].name, &e->name) >= 0)
            tw_yaml_error(l->y, l->d, n, false, NULL,
                "the series is there twice, or not in the order of the file");
    }
}

/* Written again as it was understood, the file has to have the digest that it names. */
static void check_digest(struct loading *l, const struct tw_node *named)
{
    struct tw_text again = {0};
    struct tw_baseline *b = l->b;
    tw_baseline_write(&b->content, &again);
    const char *at = again.failed ? NULL : memmem(again.p, again.len, "sha256:", 7);
    if (at != NULL)
        (void)tw_str_copy(b->digest, sizeof(b->digest), (struct tw_str){at, 7 + 64});
    if (!tw_str_is(named->text, b->digest))
        tw_yaml_error(l->y, l->d, named, false,
            "learn it anew, or take back what was changed by hand",
            "the digest is not that of the content");
    tw_text_free(&again);
}

static void load_all(struct loading *l)
{
    const struct tw_node *root = l->y->root, *schema = tw_node_get(root, "schema");
    if (root == NULL) {
        tw_diag_add(l->d, TW_DIAG_ERROR, l->y->file, 0, 0, NULL, NULL, "the file is empty");
        return;
    }
    if (!tw_keys_check(l->y, l->d, root, keys, "a baseline"))
        return;
    if (!tw_str_is(schema->text, TW_BASELINE_SCHEMA)) {
        tw_yaml_error(
            l->y, l->d, schema, false, NULL, "this version reads %s only", TW_BASELINE_SCHEMA);
        return;
    }
    struct tw_baseline_content *c = &l->b->content;
    const struct tw_node *systems = tw_node_get(root, "systems");
    load_time(l, tw_node_get(root, "learned"), "from", &c->from_ns);
    load_time(l, tw_node_get(root, "learned"), "to", &c->to_ns);
    load_series(l, tw_node_get(root, "series"));
    if (systems != NULL)
        l->b->systems = tw_practice_load(l->y, l->d, systems, &c->n_systems);
    c->entries = l->b->entries;
    c->n = l->b->n;
    c->systems = l->b->systems;
    if (l->d->errors == l->errors)
        check_digest(l, tw_node_get(root, "digest"));
}

struct tw_baseline *tw_baseline_load(const char *path, struct tw_diags *diags)
{
    const size_t before = diags->errors;
    struct tw_baseline *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return NULL;
    b->yaml = tw_yaml_load_file(path, diags);
    if (b->yaml != NULL && diags->errors == before) {
        struct loading l = {b->yaml, diags, b, before};
        load_all(&l);
        const bool all = tw_node_get(b->yaml->root, "systems") == NULL || b->systems != NULL;
        if ((b->entries == NULL || !all) && diags->errors == before)
            tw_diag_add(diags, TW_DIAG_ERROR, path, 0, 0, NULL, NULL, "out of memory");
    }
    if (b->yaml != NULL && diags->errors == before)
        return b;
    tw_baseline_free(b);
    return NULL;
}

void tw_baseline_free(struct tw_baseline *b)
{
    if (b == NULL)
        return;
    tw_yaml_free(b->yaml);
    free(b->entries);
    free(b->systems);
    free(b);
}

const char *tw_baseline_digest(const struct tw_baseline *b)
{
    return b->digest;
}

size_t tw_baseline_count(const struct tw_baseline *b)
{
    return b->n;
}

const struct tw_baseline_entry *tw_baseline_at(const struct tw_baseline *b, size_t i)
{
    return &b->entries[i];
}

const struct tw_practice *tw_baseline_systems(const struct tw_baseline *b, size_t *out_n)
{
    *out_n = b->content.n_systems;
    return b->systems;
}

const struct tw_baseline_content *tw_baseline_content(const struct tw_baseline *b)
{
    return &b->content;
}
