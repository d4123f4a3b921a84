/* Lists and macros of a rule set: named once, used everywhere. */

#include <stdio.h>
#include <stdlib.h>

#include "crypto/digest.h"
#include "detect/loader.h"

static void list_of_items(struct tw_loader *l, const struct tw_yaml *y, const struct tw_node *node,
    struct tw_named_list *out)
{
    out->items = tw_blocks_alloc(&l->rules->blocks, node->n + 1, sizeof(*out->items));
    for (size_t i = 0; out->items != NULL && i < node->n; i++) {
        struct tw_str text;
        if (tw_node_str(y, l->diags, &node->children[i], &text))
            out->items[out->n++] = tw_blocks_str(&l->rules->blocks, text);
    }
}

static void note_extra(struct tw_loader *l, struct tw_str bytes)
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
static struct tw_str read_file(struct tw_loader *l, const char *path)
{
    struct tw_str out = TW_STR_NONE;
    FILE *f = fopen(path, "rb");
    if (f == NULL)
        return out;
    char *bytes = tw_blocks_alloc(&l->rules->blocks, TW_LOADER_MAX_LIST_BYTES, 1);
    size_t n = bytes ? fread(bytes, 1, TW_LOADER_MAX_LIST_BYTES, f) : 0;
    if (bytes != NULL && n < TW_LOADER_MAX_LIST_BYTES && !ferror(f))
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
static void split_lines(struct tw_loader *l, struct tw_str text, struct tw_named_list *out)
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

static void list_of_file(struct tw_loader *l, const struct tw_yaml *y, const struct tw_node *node,
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
    int n =
        name->text.p[0] == '/' || slash == NULL
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

static bool list_exists(const struct tw_loader *l, struct tw_str name)
{
    for (size_t i = 0; i < l->names.n_lists; i++) {
        if (tw_str_eq(l->names.lists[i].name, name))
            return true;
    }
    return false;
}

static void add_lists(struct tw_loader *l, const struct tw_yaml *y)
{
    const struct tw_node *map = tw_node_get(y->root, "lists");
    for (size_t i = 0; map != NULL && map->kind == TW_NODE_MAP && i < map->n; i++) {
        const struct tw_node *n = &map->children[i];
        if (list_exists(l, n->key)) {
            tw_yaml_error(
                y, l->diags, n, true, NULL, "there is already a list \"%.*s\"", TW_STR_ARG(n->key));
            continue;
        }
        struct tw_named_list *out = &l->names.lists[l->names.n_lists++];
        out->name = tw_blocks_str(&l->rules->blocks, n->key);
        out->yaml = y;
        out->node = n;
        if (n->kind == TW_NODE_LIST)
            list_of_items(l, y, n, out);
        else if (n->kind == TW_NODE_MAP)
            list_of_file(l, y, n, out);
        else
            tw_yaml_error(y, l->diags, n, false, "write [a, b] or {file: PATH}",
                "a list of texts is expected here");
    }
}

static void add_macros(struct tw_loader *l, const struct tw_yaml *y)
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
static void parse_macros(struct tw_loader *l)
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

void tw_loader_name(struct tw_loader *l)
{
    struct tw_blocks *b = &l->rules->blocks;
    l->names.lists = tw_blocks_alloc(b, tw_loader_count(l, "lists") + 1, sizeof(*l->names.lists));
    l->names.macros =
        tw_blocks_alloc(b, tw_loader_count(l, "macros") + 1, sizeof(*l->names.macros));
    if (b->failed)
        return;
    for (size_t i = 0; i < l->n_files; i++)
        add_lists(l, l->files[i].yaml);
    for (size_t i = 0; i < l->n_files; i++)
        add_macros(l, l->files[i].yaml);
    parse_macros(l);
}
