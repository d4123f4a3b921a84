/* Rule files: finding, reading, naming, compiling, ordering. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "crypto/digest.h"
#include "detect/rule.h"

enum { MAX_FILES = 1024, MAX_FOLDER_DEPTH = 8, MAX_RULES = 4096, MAX_LIST_FILE = 1 << 20 };

struct file {
    struct tw_yaml *yaml;
    uint8_t digest[32];
};

/* What is needed while loading only. */
struct loader {
    struct tw_rules *rules;
    struct tw_diags *diags;
    char *paths[MAX_FILES];
    size_t n_paths;
    struct file *files;
    size_t n_files;
    uint8_t (*extra)[32]; /* digests of word-list files */
    size_t n_extra, extra_size;
    struct tw_names names;
};

static void complain(struct loader *l, const char *file, const char *what)
{
    tw_diag_add(l->diags, TW_DIAG_ERROR, file, 0, 0, NULL, NULL, "%s", what);
}

static bool has_ending(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static void add_path(struct loader *l, char *path)
{
    if (path == NULL)
        l->rules->blocks.failed = true;
    else if (l->n_paths < MAX_FILES)
        l->paths[l->n_paths++] = path;
    else {
        complain(l, path, "more than 1024 rule files");
        free(path);
    }
}

static void add_folder(struct loader *l, const char *folder, unsigned depth);

static void add_entry(struct loader *l, const char *folder, const char *name, unsigned depth)
{
    char *path = NULL;
    struct stat st;
    if (name[0] == '.')
        return;
    if (asprintf(&path, "%s/%s", folder, name) < 0) {
        l->rules->blocks.failed = true;
        return;
    }
    if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
        if (strcmp(name, "tests") != 0 && strcmp(name, "lists") != 0 && depth < MAX_FOLDER_DEPTH)
            add_folder(l, path, depth + 1);
        free(path);
    } else if (has_ending(name)) {
        add_path(l, path);
    } else {
        free(path);
    }
}

/* By name as bytes: what a locale thinks of order must not change what is loaded first. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void add_folder(struct loader *l, const char *folder, unsigned depth)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, by_bytes);
    if (n < 0) {
        complain(l, folder, strerror(errno));
        return;
    }
    for (int i = 0; i < n; i++) {
        add_entry(l, folder, entries[i]->d_name, depth);
        free(entries[i]);
    }
    free(entries);
}

static void find_files(struct loader *l, const char *const *paths, size_t n_paths)
{
    for (size_t i = 0; i < n_paths; i++) {
        struct stat st;
        size_t before = l->n_paths;
        if (stat(paths[i], &st) != 0) {
            complain(l, paths[i], strerror(errno));
            continue;
        }
        if (!S_ISDIR(st.st_mode)) {
            add_path(l, strdup(paths[i]));
            continue;
        }
        add_folder(l, paths[i], 0);
        if (l->n_paths == before)
            complain(l, paths[i], "no rule files (*.yaml) here");
    }
    if (n_paths == 0)
        complain(l, "rules", "no rule files were named");
}

static void read_files(struct loader *l)
{
    l->files = calloc(l->n_paths + 1, sizeof(*l->files));
    if (l->files == NULL) {
        l->rules->blocks.failed = true;
        return;
    }
    for (size_t i = 0; i < l->n_paths; i++) {
        struct tw_yaml *y = tw_yaml_load_file(l->paths[i], l->diags);
        if (y == NULL)
            continue;
        struct file *f = &l->files[l->n_files++];
        f->yaml = y;
        tw_sha256(y->bytes, y->n_bytes, f->digest);
        if (y->root != NULL)
            tw_keys_check(y, l->diags, y->root, tw_rule_file_keys, "the rule file");
    }
}

static size_t count_in(const struct loader *l, const char *key)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n_files; i++) {
        const struct tw_node *node = tw_node_get(l->files[i].yaml->root, key);
        n += node ? node->n : 0;
    }
    return n;
}

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

static void check_engine(struct loader *l)
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

static void list_of_items(struct loader *l, const struct tw_yaml *y, const struct tw_node *node,
    struct tw_named_list *out)
{
    out->items = tw_blocks_alloc(&l->rules->blocks, node->n + 1, sizeof(*out->items));
    for (size_t i = 0; out->items != NULL && i < node->n; i++) {
        struct tw_str text;
        if (tw_node_str(y, l->diags, &node->children[i], &text))
            out->items[out->n++] = tw_blocks_str(&l->rules->blocks, text);
    }
}

static void note_extra(struct loader *l, struct tw_str bytes)
{
    if (l->n_extra == l->extra_size) {
        size_t size = l->extra_size ? 2 * l->extra_size : 8;
        void *p = realloc(l->extra, size * sizeof(*l->extra));
        if (p == NULL) {
            l->rules->blocks.failed = true;
            return;
        }
        l->extra = p;
        l->extra_size = size;
    }
    tw_sha256(bytes.p, bytes.len, l->extra[l->n_extra++]);
}

/* The whole of a small file; absent when it can not be read or is too large. */
static struct tw_str read_file(struct loader *l, const char *path)
{
    struct tw_str out = TW_STR_NONE;
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return out;
    char *bytes = tw_blocks_alloc(&l->rules->blocks, MAX_LIST_FILE, 1);
    size_t n = bytes ? fread(bytes, 1, MAX_LIST_FILE, f) : 0;
    if (bytes != NULL && n < MAX_LIST_FILE && !ferror(f))
        out = (struct tw_str){bytes, n};
    fclose(f);
    return out;
}

static struct tw_str trimmed(struct tw_str s)
{
    while (s.len > 0 && strchr(" \t\r", s.p[0]) != NULL)
        s = (struct tw_str){s.p + 1, s.len - 1};
    while (s.len > 0 && strchr(" \t\r", s.p[s.len - 1]) != NULL)
        s.len--;
    return s;
}

/* One item a line; empty lines and lines that begin with # do not count. */
static void split_lines(struct loader *l, struct tw_str text, struct tw_named_list *out)
{
    size_t lines = 1;
    for (size_t i = 0; i < text.len; i++)
        lines += text.p[i] == '\n';
    out->items = tw_blocks_alloc(&l->rules->blocks, lines, sizeof(*out->items));
    for (size_t at = 0; out->items != NULL && at < text.len;) {
        const char *end = memchr(text.p + at, '\n', text.len - at);
        size_t n = end ? (size_t)(end - text.p) - at : text.len - at;
        struct tw_str line = trimmed((struct tw_str){text.p + at, n});
        if (line.len > 0 && line.p[0] != '#')
            out->items[out->n++] = tw_blocks_str(&l->rules->blocks, line);
        at += n + 1;
    }
}

static void list_of_file(struct loader *l, const struct tw_yaml *y, const struct tw_node *node,
    struct tw_named_list *out)
{
    static const struct tw_key keys[] = {
        {"file", TW_KEY_STR, true, NULL, NULL, "Path, relative to the rule file."},
        {NULL, TW_KEY_ANY, false, NULL, NULL, NULL},
    };
    if (!tw_keys_check(y, l->diags, node, keys, "the list"))
        return;
    const struct tw_node *name = tw_node_get(node, "file");
    const char *slash = strrchr(y->file, '/');
    char *path = NULL;
    int n = name->text.p[0] == '/' || slash == NULL
                ? asprintf(&path, "%.*s", TW_STR_ARG(name->text))
                : asprintf(&path, "%.*s/%.*s", (int)(slash - y->file), y->file, TW_STR_ARG(name->text));
    if (n < 0) {
        l->rules->blocks.failed = true;
        return;
    }
    struct tw_str text = read_file(l, path);
    if (text.p == NULL && !l->rules->blocks.failed)
        tw_yaml_error(y, l->diags, name, false, NULL, "the list can not be read from %s", path);
    if (text.p != NULL)
        note_extra(l, text);
    split_lines(l, text, out);
    free(path);
}

static bool list_exists(const struct loader *l, struct tw_str name)
{
    for (size_t i = 0; i < l->names.n_lists; i++) {
        if (tw_str_eq(l->names.lists[i].name, name))
            return true;
    }
    return false;
}

static void add_lists(struct loader *l, const struct tw_yaml *y)
{
    const struct tw_node *map = tw_node_get(y->root, "lists");
    for (size_t i = 0; map != NULL && map->kind == TW_NODE_MAP && i < map->n; i++) {
        const struct tw_node *n = &map->children[i];
        if (list_exists(l, n->key)) {
            tw_yaml_error(y, l->diags, n, true, NULL, "there is already a list \"%.*s\"",
                TW_STR_ARG(n->key));
            continue;
        }
        struct tw_named_list *out = &l->names.lists[l->names.n_lists++];
        out->name = tw_blocks_str(&l->rules->blocks, n->key);
        if (n->kind == TW_NODE_LIST)
            list_of_items(l, y, n, out);
        else if (n->kind == TW_NODE_MAP)
            list_of_file(l, y, n, out);
        else
            tw_yaml_error(y, l->diags, n, false, "write [a, b] or {file: PATH}",
                "a list of texts is expected here");
    }
}

static void add_macros(struct loader *l, const struct tw_yaml *y)
{
    const struct tw_node *map = tw_node_get(y->root, "macros");
    for (size_t i = 0; map != NULL && map->kind == TW_NODE_MAP && i < map->n; i++) {
        const struct tw_node *n = &map->children[i];
        const char *why = NULL;
        for (size_t k = 0; k < l->names.n_macros; k++) {
            if (tw_str_eq(l->names.macros[k].name, n->key))
                why = "there is already a macro of this name";
        }
        if (tw_field_find(n->key) != NULL)
            why = "there is a field of this name";
        else if (n->kind != TW_NODE_SCALAR)
            why = "a macro is an expression";
        if (why != NULL) {
            tw_yaml_error(y, l->diags, n, true, NULL, "%s", why);
            continue;
        }
        struct tw_macro *m = &l->names.macros[l->names.n_macros++];
        m->name = tw_blocks_str(&l->rules->blocks, n->key);
        m->yaml = y;
        m->node = n;
    }
}

/* Also those that no rule uses: a mistake in them is one. */
static void parse_macros(struct loader *l)
{
    for (size_t i = 0; i < l->names.n_macros; i++) {
        struct tw_macro *m = &l->names.macros[i];
        struct tw_expr_place place = {m->yaml, m->node, l->diags, &l->rules->blocks, &l->names};
        if (m->state != TW_MACRO_NEW)
            continue;
        m->state = TW_MACRO_BUSY;
        m->expr = tw_expr_parse(&place);
        m->state = m->expr ? TW_MACRO_DONE : TW_MACRO_BAD;
    }
}

static void name_things(struct loader *l)
{
    struct tw_blocks *b = &l->rules->blocks;
    l->names.lists = tw_blocks_alloc(b, count_in(l, "lists") + 1, sizeof(*l->names.lists));
    l->names.macros = tw_blocks_alloc(b, count_in(l, "macros") + 1, sizeof(*l->names.macros));
    if (b->failed)
        return;
    for (size_t i = 0; i < l->n_files; i++)
        add_lists(l, l->files[i].yaml);
    for (size_t i = 0; i < l->n_files; i++)
        add_macros(l, l->files[i].yaml);
    parse_macros(l);
}

static void read_rules(struct loader *l)
{
    struct tw_rules *r = l->rules;
    size_t n = count_in(l, "rules");
    if (n > MAX_RULES) {
        complain(l, "rules", "more than 4096 rules");
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
static void order_rules(struct loader *l)
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

static void index_rules(struct tw_rules *r)
{
    for (unsigned action = 0; action < TW_ACTION_COUNT; action++) {
        uint16_t *list = tw_blocks_alloc(&r->blocks, r->n + 1, sizeof(*list));
        for (size_t i = 0; list != NULL && i < r->n; i++) {
            const struct tw_rule *rule = &r->list[i];
            uint32_t wanted = rule->when.actions | (rule->hold.for_ns ? rule->hold.when.actions : 0);
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
static void digest_rules(struct loader *l)
{
    size_t n = l->n_files + l->n_extra;
    uint8_t (*all)[32] = tw_blocks_alloc(&l->rules->blocks, n + 1, sizeof(*all));
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

static void loader_fini(struct loader *l)
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
    size_t before = diags->errors;
    struct loader *l = calloc(1, sizeof(*l));
    struct tw_rules *r = calloc(1, sizeof(*r));
    if (l == NULL || r == NULL) {
        tw_diag_add(diags, TW_DIAG_ERROR, "rules", 0, 0, NULL, NULL, "out of memory");
        free(l);
        free(r);
        return NULL;
    }
    l->rules = r;
    l->diags = diags;
    find_files(l, paths, n_paths);
    if (!r->blocks.failed)
        read_files(l);
    check_engine(l);
    if (!r->blocks.failed)
        name_things(l);
    if (!r->blocks.failed)
        read_rules(l);
    if (!r->blocks.failed) {
        order_rules(l);
        index_rules(r);
        digest_rules(l);
    }
    if (r->blocks.failed)
        complain(l, "rules", "out of memory");
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

const char *tw_rules_digest(const struct tw_rules *r)
{
    return r->digest;
}
