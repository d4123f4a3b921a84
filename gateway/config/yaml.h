#pragma once
/* The one YAML loader: libyaml events to a tree whose every node knows its line and column. JSON is
 * a subset and works too. Refused with a position: anchors and aliases, duplicate keys, tags,
 * several documents, more than 4 MiB, nesting beyond 32, more than 200,000 nodes. Scalars stay
 * text: their meaning is the schema's business, never YAML's guess ("no", "22:30"). */

#include "base/str.h"
#include "config/diag.h"

enum tw_node_kind { TW_NODE_SCALAR, TW_NODE_LIST, TW_NODE_MAP };

struct tw_node {
    enum tw_node_kind kind;
    unsigned line, column;
    struct tw_str key; /* of a map's member */
    unsigned key_line, key_column;
    struct tw_str text; /* scalar */
    bool quoted;        /* scalar was quoted or a block: never null, number or boolean */
    size_t n;           /* list and map: children, in the order written */
    struct tw_node *children;
};

struct tw_yaml {
    char *file;           /* name for messages */
    struct tw_node *root; /* NULL for an empty file */
    char *bytes;          /* the file, for digests and for quoting lines */
    size_t n_bytes;
    void *memory;
};

/* NULL with diagnostics when the file can not be read or is no YAML. Duplicate keys, anchors,
 * aliases and tags are reported and the tree comes all the same, so that everything else gets
 * reported as well: look at diags->errors before using what was loaded. */
struct tw_yaml *tw_yaml_load_file(const char *path, struct tw_diags *diags);
struct tw_yaml *tw_yaml_load_bytes(
    const char *name, const char *bytes, size_t n, struct tw_diags *diags);
void tw_yaml_free(struct tw_yaml *y);

/* A member of a map, NULL when absent, written as null or ~, or `map` is NULL or no map. */
const struct tw_node *tw_node_get(const struct tw_node *map, const char *key);
/* `null` and `~` stand for "not given" wherever a key is optional. */
bool tw_node_is_null(const struct tw_node *n);

/* Report at a node (its key when `at_key`), quoting the line. */
void tw_yaml_error(const struct tw_yaml *y, struct tw_diags *diags, const struct tw_node *node,
    bool at_key, const char *hint, const char *format, ...) __attribute__((format(printf, 6, 7)));
void tw_yaml_warning(const struct tw_yaml *y, struct tw_diags *diags, const struct tw_node *node,
    bool at_key, const char *hint, const char *format, ...) __attribute__((format(printf, 6, 7)));
/* A warning with a code that scripts can rely on. */
void tw_yaml_warn(const struct tw_yaml *y, struct tw_diags *diags, const struct tw_node *node,
    bool at_key, const char *code, const char *hint, const char *format, ...)
    __attribute__((format(printf, 7, 8)));
/* The same at an offset of bytes into a scalar (a rule's expression). */
void tw_yaml_error_at(const struct tw_yaml *y, struct tw_diags *diags, const struct tw_node *node,
    size_t offset, const char *hint, const char *format, ...) __attribute__((format(printf, 6, 7)));

/* Typed readers: false (and a diagnostic) when the node is not one. */
bool tw_node_bool(const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, bool *out);
bool tw_node_number(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, double *out);
bool tw_node_int(const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, int64_t min,
    int64_t max, int64_t *out);
bool tw_node_str(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, struct tw_str *out);
bool tw_node_duration(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, int64_t *out_ns);
bool tw_node_time(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, int64_t *out_ns);
struct tw_rate; /* config/rate.h */
bool tw_node_rate(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, struct tw_rate *out);
/* One of `names` (NULL-ended); suggests the nearest. */
bool tw_node_choice(const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n,
    const char *const *names, int *out);

enum tw_key_kind {
    TW_KEY_ANY,
    TW_KEY_STR,
    TW_KEY_NUMBER,
    TW_KEY_INT,
    TW_KEY_BOOL,
    TW_KEY_DURATION,
    TW_KEY_TIME,
    TW_KEY_CHOICE,
    TW_KEY_STR_LIST,
    TW_KEY_LIST,
    TW_KEY_MAP,
    TW_KEY_RATE
};
/* What a map may hold: drives validation and the JSON schema that is printed for editors. */
struct tw_key {
    const char *name;
    enum tw_key_kind kind;
    bool required;
    const char *const *choices; /* CHOICE */
    const struct tw_key *keys;  /* MAP, or the maps of a LIST; NULL: free form */
    const char *doc;            /* one sentence */
};
/* Check a map against `keys` (ended by a NULL name), recursively: unknown keys with the nearest
 * name, missing required ones, wrong kinds. False when anything was reported. */
bool tw_keys_check(const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *map,
    const struct tw_key *keys, const char *what);
/* The same table as a JSON schema (draft 2020-12). */
void tw_keys_schema(struct tw_text *out, const struct tw_key *keys, const char *title);
/* The nearest of `names` within edit distance 3, or NULL. */
const char *tw_nearest(struct tw_str text, const char *const *names);
