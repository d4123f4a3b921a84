#include "config/yaml.h"

#include <errno.h>
#include <stdlib.h>
#include <yaml.h>

#include "config/yaml_tree.h"

enum { MAX_BYTES = 4 << 20, MAX_DEPTH = 32, MAX_NODES = 200000, BLOCK_BYTES = 64 * 1024 };

struct loader {
    struct tw_yaml *y;
    struct tw_diags *diags;
    yaml_parser_t parser;
    struct tw_node *stack; /* children of the collections that are open */
    size_t n_stack, size_stack, n_nodes;
    bool stopped; /* said why already */
};

/* Memory of the tree: freed with it, aligned for nodes. */
static void *take(struct tw_yaml *y, size_t size)
{
    struct tw_yaml_memory *m = y->memory;
    size = (size + 15) & ~(size_t)15;
    if (m->blocks == NULL || m->blocks->size - m->blocks->used < size) {
        size_t room = size > BLOCK_BYTES ? size : BLOCK_BYTES;
        struct tw_yaml_block *b = malloc(sizeof(*b) + room + 16);
        if (b == NULL)
            return NULL;
        size_t skew = (16 - (uintptr_t)b->bytes % 16) % 16;
        *b = (struct tw_yaml_block){.next = m->blocks, .size = room + skew, .used = skew};
        m->blocks = b;
    }
    void *p = m->blocks->bytes + m->blocks->used;
    m->blocks->used += size;
    return p;
}

static bool copy_text(struct loader *l, const yaml_event_t *ev, struct tw_str *out)
{
    size_t len = ev->data.scalar.length;
    char *p = take(l->y, len + 1);
    if (p == NULL)
        return false;
    if (len > 0)
        memcpy(p, ev->data.scalar.value, len);
    p[len] = '\0';
    *out = (struct tw_str){p, len};
    return true;
}

/* A mark of libyaml as a node, for messages. */
static struct tw_node at_mark(const yaml_mark_t *mark)
{
    return (struct tw_node){.line = (unsigned)mark->line + 1, .column = (unsigned)mark->column + 1};
}

static void no_memory(struct loader *l)
{
    if (!l->stopped)
        tw_diag_add(
            l->diags, TW_DIAG_ERROR, l->y->file, 0, 0, NULL, NULL, "out of memory while reading");
    l->stopped = true;
}

static void stop_at(struct loader *l, const yaml_mark_t *mark, const char *why)
{
    const struct tw_node at = at_mark(mark);
    if (!l->stopped)
        tw_yaml_error(l->y, l->diags, &at, false, NULL, "%s", why);
    l->stopped = true;
}

/* What libyaml says about bytes that are no YAML. */
static void syntax_error(struct loader *l)
{
    const yaml_parser_t *p = &l->parser;
    const struct tw_lines *lines = tw_yaml_lines(l->y);
    struct tw_node at = at_mark(&p->problem_mark);
    const char *problem = p->problem != NULL ? p->problem : "this is no YAML";
    if (l->stopped)
        return;
    l->stopped = true;
    /* libyaml puts the end of a last line without line end on a line of its own. */
    if (at.line > lines->n)
        tw_lines_find(lines, lines->text.len, &at.line, &at.column);
    if (p->error == YAML_MEMORY_ERROR) {
        l->stopped = false;
        no_memory(l);
    } else if (p->error == YAML_READER_ERROR) {
        tw_lines_find(lines, p->problem_offset, &at.line, &at.column);
        tw_yaml_error(l->y, l->diags, &at, false, NULL, "%s (files are UTF-8)", problem);
    } else if (p->context != NULL && p->context_mark.line + 1 != at.line) {
        tw_yaml_error(l->y, l->diags, &at, false, NULL, "%s, %s that begins in line %zu", problem,
            p->context, p->context_mark.line + 1);
    } else {
        tw_yaml_error(l->y, l->diags, &at, false, NULL, "%s%s%s", problem,
            p->context != NULL ? ", " : "", p->context != NULL ? p->context : "");
    }
}

static bool next_event(struct loader *l, yaml_event_t *ev)
{
    if (l->stopped)
        return false;
    if (yaml_parser_parse(&l->parser, ev) != 0)
        return true;
    syntax_error(l);
    return false;
}

static bool push(struct loader *l, const struct tw_node *node)
{
    if (l->n_stack == l->size_stack) {
        size_t size = l->size_stack ? l->size_stack * 2 : 256;
        struct tw_node *stack = realloc(l->stack, size * sizeof(*stack));
        if (stack == NULL) {
            no_memory(l);
            return false;
        }
        l->stack = stack;
        l->size_stack = size;
    }
    l->stack[l->n_stack++] = *node;
    return true;
}

/* The nodes above `from` leave the stack and become `node`'s children. */
static bool adopt(struct loader *l, size_t from, struct tw_node *node)
{
    node->n = l->n_stack - from;
    if (node->n == 0)
        return true;
    node->children = take(l->y, node->n * sizeof(*node->children));
    if (node->children == NULL) {
        no_memory(l);
        return false;
    }
    memcpy(node->children, l->stack + from, node->n * sizeof(*node->children));
    l->n_stack = from;
    return true;
}

static int by_key(const void *a, const void *b)
{
    const struct tw_node *const *x = a, *const *y = b;
    int c = tw_str_cmp((*x)->key, (*y)->key);
    if (c != 0)
        return c;
    return *x < *y ? -1 : *x > *y;
}

/* libyaml lets a key come twice; which of the two counts would be a guess. */
static void check_duplicates(struct loader *l, const struct tw_node *map)
{
    if (map->n < 2)
        return;
    const struct tw_node **sorted = malloc(map->n * sizeof(struct tw_node *));
    if (sorted == NULL) {
        no_memory(l);
        return;
    }
    for (size_t i = 0; i < map->n; i++)
        sorted[i] = &map->children[i];
    qsort(sorted, map->n, sizeof(*sorted), by_key);
    const struct tw_node *first = sorted[0];
    for (size_t i = 1; i < map->n; i++) {
        if (!tw_str_eq(first->key, sorted[i]->key)) {
            first = sorted[i];
            continue;
        }
        tw_yaml_error(l->y, l->diags, sorted[i], true, NULL,
            "\"%.*s\" is written twice; the first is in line %u", TW_STR_ARG(first->key),
            first->key_line);
    }
    free(sorted);
}

/* Anchors and tags change what a reader sees into something else; neither is needed here. */
static void check_plain(
    struct loader *l, const yaml_event_t *ev, const yaml_char_t *anchor, const yaml_char_t *tag)
{
    const struct tw_node at = at_mark(&ev->start_mark);
    if (anchor != NULL)
        tw_yaml_error(l->y, l->diags, &at, false, NULL,
            "anchors (&%.64s) are not accepted; write the value out", (const char *)anchor);
    if (tag != NULL)
        tw_yaml_error(l->y, l->diags, &at, false, NULL,
            "tags (%.64s) are not accepted; the key alone says what a value is", (const char *)tag);
}

static bool read_node(
    struct loader *l, const yaml_event_t *ev, unsigned depth, struct tw_node *out);

static bool read_list(struct loader *l, unsigned depth, struct tw_node *out)
{
    size_t from = l->n_stack;
    for (;;) {
        yaml_event_t ev;
        if (!next_event(l, &ev))
            return false;
        struct tw_node child = {0};
        bool end = ev.type == YAML_SEQUENCE_END_EVENT;
        bool ok = end || (read_node(l, &ev, depth, &child) && push(l, &child));
        yaml_event_delete(&ev);
        if (!ok)
            return false;
        if (end)
            return adopt(l, from, out);
    }
}

/* Read what stands where a key should; false stops. A key that is no text gets an empty name. */
static bool read_key(
    struct loader *l, const yaml_event_t *ev, unsigned depth, struct tw_node *child)
{
    struct tw_node key = {0};
    if (!read_node(l, ev, depth, &key))
        return false;
    if (key.kind != TW_NODE_SCALAR) {
        tw_yaml_error(l->y, l->diags, &key, false, NULL, "a key must be a plain name");
        key.text = TW_STR("");
    }
    child->key = key.text;
    child->key_line = key.line;
    child->key_column = key.column;
    return true;
}

static bool read_map(struct loader *l, unsigned depth, struct tw_node *out)
{
    size_t from = l->n_stack;
    for (;;) {
        yaml_event_t ev;
        struct tw_node child = {0};
        if (!next_event(l, &ev))
            return false;
        bool end = ev.type == YAML_MAPPING_END_EVENT;
        bool ok = end || read_key(l, &ev, depth, &child);
        yaml_event_delete(&ev);
        if (!ok)
            return false;
        if (end)
            break;
        if (!next_event(l, &ev))
            return false;
        struct tw_node value = {0};
        ok = read_node(l, &ev, depth, &value);
        yaml_event_delete(&ev);
        if (!ok)
            return false;
        value.key = child.key;
        value.key_line = child.key_line;
        value.key_column = child.key_column;
        if (!push(l, &value))
            return false;
    }
    if (!adopt(l, from, out))
        return false;
    check_duplicates(l, out);
    return !l->stopped;
}

static bool read_scalar(struct loader *l, const yaml_event_t *ev, struct tw_node *out)
{
    check_plain(l, ev, ev->data.scalar.anchor, ev->data.scalar.tag);
    out->kind = TW_NODE_SCALAR;
    out->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
    if (copy_text(l, ev, &out->text))
        return true;
    no_memory(l);
    return false;
}

static bool read_node(struct loader *l, const yaml_event_t *ev, unsigned depth, struct tw_node *out)
{
    *out = at_mark(&ev->start_mark);
    if (++l->n_nodes > MAX_NODES) {
        stop_at(l, &ev->start_mark, "more than 200000 values in one file");
        return false;
    }
    if (depth >= MAX_DEPTH && ev->type != YAML_SCALAR_EVENT) {
        stop_at(l, &ev->start_mark, "nested deeper than 32 levels");
        return false;
    }
    switch (ev->type) {
    case YAML_SCALAR_EVENT:
        return read_scalar(l, ev, out);
    case YAML_SEQUENCE_START_EVENT:
        check_plain(l, ev, ev->data.sequence_start.anchor, ev->data.sequence_start.tag);
        out->kind = TW_NODE_LIST;
        return read_list(l, depth + 1, out);
    case YAML_MAPPING_START_EVENT:
        check_plain(l, ev, ev->data.mapping_start.anchor, ev->data.mapping_start.tag);
        out->kind = TW_NODE_MAP;
        return read_map(l, depth + 1, out);
    case YAML_ALIAS_EVENT:
        tw_yaml_error(l->y, l->diags, out, false, NULL,
            "aliases (*%.64s) are not accepted; write the value out",
            (const char *)ev->data.alias.anchor);
        out->text = TW_STR("");
        out->quoted = true;
        return true;
    default:
        stop_at(l, &ev->start_mark, "this is no value");
        return false;
    }
}

static bool is_empty_plain(const struct tw_node *n)
{
    return n->kind == TW_NODE_SCALAR && !n->quoted && n->text.len == 0;
}

/* Stream, at most one document, its root. */
static void read_stream(struct loader *l)
{
    bool seen = false;
    for (;;) {
        yaml_event_t ev;
        if (!next_event(l, &ev))
            return;
        bool end = ev.type == YAML_STREAM_END_EVENT;
        if (ev.type == YAML_DOCUMENT_START_EVENT && seen) {
            stop_at(l, &ev.start_mark, "a second document begins here; a file holds one");
        } else if (ev.type != YAML_STREAM_START_EVENT && ev.type != YAML_DOCUMENT_START_EVENT &&
                   ev.type != YAML_DOCUMENT_END_EVENT && !end) {
            struct tw_node *root = take(l->y, sizeof(*root));
            if (root == NULL)
                no_memory(l);
            else if (read_node(l, &ev, 0, root) && !is_empty_plain(root))
                l->y->root = root;
            seen = true;
        }
        yaml_event_delete(&ev);
        if (end || l->stopped)
            return;
    }
}

static bool parse(struct loader *l)
{
    struct tw_yaml *y = l->y;
    static const char bom[] = "\xef\xbb\xbf";
    size_t skip = y->n_bytes >= 3 && memcmp(y->bytes, bom, 3) == 0 ? 3 : 0;
    struct tw_yaml_memory *m = y->memory;
    const struct tw_str text = {y->bytes + skip, y->n_bytes - skip};
    if (!tw_lines_init(&m->lines, text) || yaml_parser_initialize(&l->parser) == 0) {
        no_memory(l);
        return false;
    }
    yaml_parser_set_encoding(&l->parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&l->parser, (const unsigned char *)text.p, text.len);
    read_stream(l);
    yaml_parser_delete(&l->parser);
    free(l->stack);
    return !l->stopped;
}

/* `bytes_take` (from malloc) belongs to the tree from here on. */
static struct tw_yaml *load(const char *name, char *bytes_take, size_t n, struct tw_diags *diags)
{
    struct tw_yaml *y = calloc(1, sizeof(*y));
    struct tw_yaml_memory *m = calloc(1, sizeof(*m));
    char *file = strdup(name);
    if (y == NULL || m == NULL || file == NULL) {
        free(y);
        free(m);
        free(file);
        free(bytes_take);
        tw_diag_add(diags, TW_DIAG_ERROR, name, 0, 0, NULL, NULL, "out of memory while reading");
        return NULL;
    }
    *y = (struct tw_yaml){.file = file, .bytes = bytes_take, .n_bytes = n, .memory = m};
    struct loader l = {.y = y, .diags = diags};
    if (parse(&l))
        return y;
    tw_yaml_free(y);
    return NULL;
}

static void too_large(const char *name, struct tw_diags *diags)
{
    tw_diag_add(diags, TW_DIAG_ERROR, name, 0, 0, NULL, NULL, "the file is larger than 4 MiB");
}

struct tw_yaml *tw_yaml_load_bytes(
    const char *name, const char *bytes, size_t n, struct tw_diags *diags)
{
    if (n > MAX_BYTES) {
        too_large(name, diags);
        return NULL;
    }
    char *copy = malloc(n + 1);
    if (copy == NULL) {
        tw_diag_add(diags, TW_DIAG_ERROR, name, 0, 0, NULL, NULL, "out of memory while reading");
        return NULL;
    }
    if (n > 0)
        memcpy(copy, bytes, n);
    copy[n] = '\0';
    return load(name, copy, n, diags);
}

struct tw_yaml *tw_yaml_load_file(const char *path, struct tw_diags *diags)
{
    char *bytes = NULL;
    struct tw_yaml *y = NULL;
    FILE *in = fopen(path, "re");
    if (in == NULL) {
        tw_diag_add(diags, TW_DIAG_ERROR, path, 0, 0, NULL, NULL, "%s", strerror(errno));
        return NULL;
    }
    bytes = malloc((size_t)MAX_BYTES + 2);
    size_t n = bytes != NULL ? fread(bytes, 1, (size_t)MAX_BYTES + 1, in) : 0;
    if (bytes == NULL || ferror(in) != 0) {
        tw_diag_add(diags, TW_DIAG_ERROR, path, 0, 0, NULL, NULL, "%s",
            bytes == NULL ? "out of memory while reading" : strerror(errno));
    } else if (n > MAX_BYTES) {
        too_large(path, diags);
    } else {
        bytes[n] = '\0';
        char *fitting = realloc(bytes, n + 1);
        y = load(path, fitting != NULL ? fitting : bytes, n, diags);
        bytes = NULL;
    }
    free(bytes);
    fclose(in);
    return y;
}

void tw_yaml_free(struct tw_yaml *y)
{
    if (y == NULL)
        return;
    struct tw_yaml_memory *m = y->memory;
    while (m->blocks != NULL) {
        struct tw_yaml_block *next = m->blocks->next;
        free(m->blocks);
        m->blocks = next;
    }
    tw_lines_fini(&m->lines);
    free(m);
    free(y->file);
    free(y->bytes);
    free(y);
}

bool tw_node_is_null(const struct tw_node *n)
{
    return n->kind == TW_NODE_SCALAR && !n->quoted &&
           (tw_str_is(n->text, "null") || tw_str_is(n->text, "~"));
}

const struct tw_node *tw_node_get(const struct tw_node *map, const char *key)
{
    if (map == NULL || map->kind != TW_NODE_MAP)
        return NULL;
    for (size_t i = 0; i < map->n; i++) {
        if (tw_str_is(map->children[i].key, key))
            return tw_node_is_null(&map->children[i]) ? NULL : &map->children[i];
    }
    return NULL;
}
