#include "registry/load.h"

#include <stdlib.h>

#include "base/num.h"
#include "base/timefmt.h"
#include "base/topic.h"

void *tw_registry_keep(struct tw_registry *r, size_t n, size_t size)
{
    if (r->n_kept == r->size_kept) {
        size_t bigger = r->size_kept ? r->size_kept * 2 : 64;
        void **kept = realloc(r->kept, bigger * sizeof(*kept));
        if (kept == NULL)
            return NULL;
        r->kept = kept;
        r->size_kept = bigger;
    }
    void *p = calloc(n > 0 ? n : 1, size);
    if (p != NULL)
        r->kept[r->n_kept++] = p;
    return p;
}

void *tw_load_keep(struct tw_load *l, size_t n, size_t size)
{
    void *p = tw_registry_keep(l->r, n, size);
    l->no_memory |= p == NULL;
    return p;
}

static bool is_text(const struct tw_node *n)
{
    return n != NULL && n->kind == TW_NODE_SCALAR && (n->quoted || n->text.len > 0);
}

struct tw_str tw_load_text(const struct tw_node *map, const char *key)
{
    const struct tw_node *n = tw_node_get(map, key);
    return is_text(n) && n->text.len > 0 ? n->text : TW_STR_NONE;
}

const struct tw_node *tw_load_list(const struct tw_node *map, const char *key)
{
    const struct tw_node *n = tw_node_get(map, key);
    return n != NULL && n->kind == TW_NODE_LIST ? n : NULL;
}

const struct tw_node *tw_load_map(const struct tw_node *map, const char *key)
{
    const struct tw_node *n = tw_node_get(map, key);
    return n != NULL && n->kind == TW_NODE_MAP ? n : NULL;
}

bool tw_load_number(const struct tw_node *n, double *out)
{
    struct tw_number number;
    if (n == NULL || n->kind != TW_NODE_SCALAR || n->quoted || !tw_num_parse(n->text, &number))
        return false;
    *out = number.d;
    return true;
}

bool tw_load_positive(struct tw_load *l, const struct tw_node *map, const char *key, double *out)
{
    const struct tw_node *n = tw_node_get(map, key);
    double value;
    if (!tw_load_number(n, &value))
        return false;
    if (!(value > 0)) {
        tw_yaml_error(l->y, l->d, n, false, NULL, "\"%s\" must be greater than 0", key);
        return false;
    }
    *out = value;
    return true;
}

int64_t tw_load_duration(struct tw_load *l, const struct tw_node *map, const char *key)
{
    const struct tw_node *n = tw_node_get(map, key);
    int64_t ns = 0;
    if (!is_text(n) || !tw_duration_parse(n->text, &ns))
        return 0;
    if (ns == 0)
        tw_yaml_error(l->y, l->d, n, false, NULL, "\"%s\" must be longer than 0", key);
    return ns;
}

bool tw_load_count_rate(
    struct tw_load *l, const struct tw_node *map, const char *key, struct tw_rate *out)
{
    const struct tw_node *n = tw_node_get(map, key);
    struct tw_rate rate;
    if (!is_text(n) || !tw_rate_parse(n->text, &rate))
        return false;
    if (rate.is_bytes || !(rate.per_s > 0)) {
        tw_yaml_error(l->y, l->d, n, false, NULL,
            "\"%s\" must be a number per time above 0, such as 6/min", key);
        return false;
    }
    *out = rate;
    return true;
}

int tw_load_choice(
    const struct tw_node *map, const char *key, const char *const *names, int otherwise)
{
    struct tw_str text = tw_load_text(map, key);
    for (int i = 0; text.p != NULL && names[i] != NULL; i++) {
        if (tw_str_is(text, names[i]))
            return i;
    }
    return otherwise;
}

void tw_load_strs(struct tw_load *l, const struct tw_node *map, const char *key,
    tw_load_check_fn check, struct tw_strs *out)
{
    const struct tw_node *list = tw_load_list(map, key);
    if (list == NULL)
        return;
    struct tw_str *strs = tw_load_keep(l, list->n, sizeof(*strs));
    if (strs == NULL)
        return;
    size_t n = 0;
    for (size_t i = 0; i < list->n; i++) {
        if (is_text(&list->children[i]) && check(l, &list->children[i], &strs[n]))
            n++;
    }
    *out = (struct tw_strs){strs, n};
}

struct tw_str tw_load_one(
    struct tw_load *l, const struct tw_node *map, const char *key, tw_load_check_fn check)
{
    const struct tw_node *n = tw_node_get(map, key);
    struct tw_str out = TW_STR_NONE;
    return is_text(n) && check(l, n, &out) ? out : TW_STR_NONE;
}

void tw_load_ports(struct tw_load *l, const struct tw_node *map, struct tw_ports *out)
{
    const struct tw_node *list = tw_load_list(map, "ports");
    if (list == NULL)
        return;
    uint16_t *ports = tw_load_keep(l, list->n, sizeof(*ports));
    size_t n = 0;
    for (size_t i = 0; ports != NULL && i < list->n; i++) {
        int64_t port;
        if (tw_node_int(l->y, l->d, &list->children[i], 1, 65535, &port))
            ports[n++] = (uint16_t)port;
    }
    *out = (struct tw_ports){ports, n};
}

bool tw_load_check_text(struct tw_load *l, const struct tw_node *n, struct tw_str *out)
{
    if (n->text.len == 0) {
        tw_yaml_error(l->y, l->d, n, false, NULL, "this must not be empty");
        return false;
    }
    for (size_t i = 0; i < n->text.len; i++) {
        if ((unsigned char)n->text.p[i] < 0x20 || n->text.p[i] == 0x7f) {
            tw_yaml_error(l->y, l->d, n, false, NULL, "this holds a control character");
            return false;
        }
    }
    *out = n->text;
    return true;
}

/* Events print GUIDs in upper case [UA6 5.1.3]; people write them either way. */
static struct tw_str upper_guid(struct tw_load *l, struct tw_str s)
{
    const char *g = memmem(s.p, s.len, "g=", 2);
    bool is_guid = g != NULL && (g == s.p || g[-1] == ';');
    if (!is_guid)
        return s;
    char *copy = tw_load_keep(l, s.len + 1, 1);
    if (copy == NULL)
        return s;
    size_t from = (size_t)(g - s.p) + 2;
    for (size_t i = 0; i < s.len; i++)
        copy[i] = (char)(i >= from && s.p[i] >= 'a' && s.p[i] <= 'f' ? s.p[i] - 32 : s.p[i]);
    return (struct tw_str){copy, s.len};
}

bool tw_load_check_nodeid(struct tw_load *l, const struct tw_node *n, struct tw_str *out)
{
    const char *why = "";
    const struct tw_str shown = tw_utf8_cut(n->text, 64);
    if (!tw_nodeid_valid(n->text, &why)) {
        tw_yaml_error(l->y, l->d, n, false, "such as ns=2;s=Boiler.Setpoint or i=2258",
            "\"%.*s\" is not a NodeId: %s", TW_STR_ARG(shown), why);
        return false;
    }
    *out = upper_guid(l, n->text);
    return true;
}

bool tw_load_check_filter(struct tw_load *l, const struct tw_node *n, struct tw_str *out)
{
    const struct tw_str shown = tw_utf8_cut(n->text, 64);
    if (!tw_topic_filter_valid(n->text)) {
        tw_yaml_error(l->y, l->d, n, false, "+ stands alone in its level, # alone in the last one",
            "\"%.*s\" is not a topic filter", TW_STR_ARG(shown));
        return false;
    }
    *out = n->text;
    return true;
}

bool tw_load_check_pointer(struct tw_load *l, const struct tw_node *n, struct tw_str *out)
{
    char hint[96];
    const struct tw_str shown = tw_utf8_cut(n->text, 64);
    if (n->text.len == 0 || n->text.p[0] != '/') {
        int len = snprintf(hint, sizeof(hint), "write it as \"/%.*s\"", TW_STR_ARG(shown));
        tw_yaml_error(l->y, l->d, n, false, len > 0 && n->text.len > 0 ? hint : NULL,
            "\"%.*s\" is not a JSON Pointer: it begins with /", TW_STR_ARG(shown));
        return false;
    }
    for (size_t i = 0; i < n->text.len; i++) {
        bool last = i + 1 == n->text.len;
        if (n->text.p[i] == '~' && (last || (n->text.p[i + 1] != '0' && n->text.p[i + 1] != '1'))) {
            tw_yaml_error_at(l->y, l->d, n, i, "~ is written ~0 there, and / is written ~1",
                "\"%.*s\" is not a JSON Pointer", TW_STR_ARG(shown));
            return false;
        }
    }
    *out = n->text;
    return true;
}

bool tw_load_check_sha256(struct tw_load *l, const struct tw_node *n, struct tw_str *out)
{
    char *copy = tw_load_keep(l, 65, 1);
    size_t digits = 0;
    bool ok = copy != NULL;
    for (size_t i = 0; ok && i < n->text.len; i++) {
        char c = n->text.p[i];
        if (c == ':')
            continue;
        if (c >= 'A' && c <= 'F')
            c = (char)(c + 32);
        ok = digits < 64 && ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
        if (ok)
            copy[digits++] = c;
    }
    if (!ok || digits != 64) {
        tw_yaml_error(l->y, l->d, n, false, NULL, "this is not a SHA-256: 64 hexadecimal digits");
        return false;
    }
    *out = (struct tw_str){copy, 64};
    return true;
}

bool tw_load_names_init(struct tw_load *l, struct tw_load_names *names, size_t n, const char *what)
{
    names->what = what;
    names->index.rows = tw_load_keep(l, n, sizeof(struct tw_name_row));
    names->list = tw_load_keep(l, n + 1, sizeof(char *));
    return names->index.rows != NULL && names->list != NULL;
}

void tw_load_names_add(struct tw_load_names *names, struct tw_str name, size_t item)
{
    if (name.p == NULL)
        return;
    names->list[names->index.n] = name.p;
    names->index.rows[names->index.n++] = (struct tw_name_row){name, (uint32_t)item};
}

void tw_load_names_done(struct tw_load *l, struct tw_load_names *names,
    const struct tw_node *(*node_of)(const struct tw_registry *r, uint32_t item))
{
    const struct tw_name_row *rows = names->index.rows;
    size_t first = 0;
    tw_name_index_sort(&names->index);
    for (size_t i = 1; i < names->index.n; i++) {
        if (!tw_str_eq(rows[first].text, rows[i].text)) {
            first = i;
            continue;
        }
        const struct tw_node *n = tw_node_get(node_of(l->r, rows[i].item), "id");
        tw_yaml_error(l->y, l->d, n, false, NULL, "another %s in line %u has the id \"%.*s\"",
            names->what, tw_node_get(node_of(l->r, rows[first].item), "id")->line,
            TW_STR_ARG(rows[i].text));
    }
}

const struct tw_name_row *tw_load_names_find(
    struct tw_load *l, const struct tw_load_names *names, const struct tw_node *n)
{
    enum { ENOUGH = 1000 }; /* messages: no more is shown, so no more likenesses are sought */
    if (!is_text(n))
        return NULL;
    const struct tw_name_row *row = tw_name_index_find(&names->index, n->text);
    const struct tw_str shown = tw_utf8_cut(n->text, 64);
    if (row == NULL)
        tw_yaml_error(l->y, l->d, n, false,
            l->d->errors < ENOUGH ? tw_nearest(n->text, names->list) : NULL,
            "there is no %s \"%.*s\"", names->what, TW_STR_ARG(shown));
    return row;
}

static bool check_name(struct tw_load *l, const struct tw_load_names *names,
    const struct tw_node *n, struct tw_str *out)
{
    const struct tw_name_row *row = tw_load_names_find(l, names, n);
    if (row != NULL)
        *out = row->text;
    return row != NULL;
}

bool tw_load_check_entry(struct tw_load *l, const struct tw_node *n, struct tw_str *out)
{
    return check_name(l, &l->entries, n, out);
}

bool tw_load_check_variable(struct tw_load *l, const struct tw_node *n, struct tw_str *out)
{
    return check_name(l, &l->variables, n, out);
}

bool tw_load_check_approval(struct tw_load *l, const struct tw_node *n, struct tw_str *out)
{
    return check_name(l, &l->approvals, n, out);
}

struct tw_entry *tw_load_entry(struct tw_load *l, const struct tw_node *n)
{
    const struct tw_name_row *row = tw_load_names_find(l, &l->entries, n);
    return row != NULL ? &l->r->entries[row->item] : NULL;
}
