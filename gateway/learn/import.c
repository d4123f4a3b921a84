#include "learn/import_model.h"

#include <math.h>
#include <stdlib.h>

#include "registry/model.h"

enum { FILES = 64 };

struct tw_import {
    struct import_file files[FILES];
    size_t n;
};

struct tw_import *tw_import_new(void)
{
    return calloc(1, sizeof(struct tw_import));
}

static void free_file(struct import_file *f)
{
    tw_yaml_free(f->yaml);
    free(f->nodes);
    free(f->methods);
    free(f->roots);
    tw_text_free(&f->unmapped);
    *f = (struct import_file){0};
}

void tw_import_free(struct tw_import *i)
{
    if (i == NULL)
        return;
    for (size_t k = 0; k < i->n; k++)
        free_file(&i->files[k]);
    free(i);
}

/* ---- reading */

bool import_is(const struct import_file *f, const struct tw_node *n, enum tw_node_kind kind,
    struct tw_diags *d)
{
    static const char *const names[] = {"one value", "a list", "a map"};
    if (n->kind == kind)
        return true;
    tw_yaml_error(
        f->yaml, d, n, false, NULL, "%s was expected here, not %s", names[kind], names[n->kind]);
    return false;
}

bool import_version(struct import_file *f, const struct tw_node *n, struct tw_diags *d)
{
    int64_t version;
    return tw_node_int(f->yaml, d, n, 1, 1, &version);
}

static const struct import_member *find(const struct import_member *members, struct tw_str name)
{
    for (; members->name != NULL; members++) {
        if (tw_str_is(name, members->name))
            return members;
    }
    return NULL;
}

static bool is_named(const struct tw_text *list, struct tw_str name)
{
    const struct tw_str text = tw_text_str(list);
    for (size_t i = 0; i + name.len <= text.len; i++) {
        if (memcmp(text.p + i, name.p, name.len) == 0 &&
            (i + name.len == text.len || text.p[i + name.len] == ',') &&
            (i == 0 || text.p[i - 1] == ' '))
            return true;
    }
    return false;
}

/* Each name once, however many items have it. */
static void not_mapped(struct import_file *f, const char *path, struct tw_str key)
{
    enum { LONGEST = 48, ALL = 4096 };
    struct tw_text name = {0};
    tw_text_addz(&name, path);
    const struct tw_str cut = tw_utf8_cut(key, LONGEST);
    for (size_t i = 0; i < cut.len; i++) {
        const char c = cut.p[i];
        tw_text_add(&name, c > ' ' && c < 0x7f && c != ',' ? &c : "?", 1);
    }
    if (f->unmapped.len < ALL && !is_named(&f->unmapped, tw_text_str(&name))) {
        tw_text_addz(&f->unmapped, f->unmapped.len > 0 ? ", " : "");
        tw_text_add_str(&f->unmapped, tw_text_str(&name));
    }
    tw_text_free(&name);
}

bool import_members(struct import_file *f, const struct tw_node *map, const char *path,
    const struct import_member *members, struct tw_diags *d)
{
    bool ok = true;
    for (size_t i = 0; i < map->n; i++) {
        const struct tw_node *n = &map->children[i];
        const struct import_member *m = find(members, n->key);
        if (m == NULL) {
            const struct tw_str shown = tw_utf8_cut(n->key, 64);
            tw_yaml_warning(f->yaml, d, n, true, NULL, "\"%.*s\" is not known here, and not mapped",
                TW_STR_ARG(shown));
        }
        if (m == NULL || m->take == NULL)
            not_mapped(f, path, n->key);
        else if (!tw_node_is_null(n))
            ok = m->take(f, n, d) && ok;
    }
    return ok;
}

bool import_bounds(const struct import_file *f, const struct tw_node *n,
    const struct import_node *node, struct tw_diags *d)
{
    if (!node->has_min || !node->has_max || node->min <= node->max)
        return true;
    tw_yaml_error(f->yaml, d, n, false, NULL, "\"min\" is more than \"max\"");
    return false;
}

/* "nsu=URI;s=Name": the part behind the URI, which may hold anything but ";" [UA6 5.1.12]. */
static struct tw_str behind_uri(struct tw_str id)
{
    const char *semicolon = memchr(id.p, ';', id.len);
    if (semicolon == NULL)
        return TW_STR_NONE;
    return (struct tw_str){semicolon, id.len - (size_t)(semicolon - id.p)};
}

bool import_nodeid(
    struct import_file *f, const struct tw_node *n, struct tw_diags *d, struct tw_str *out)
{
    struct tw_str id;
    const char *why = "";
    if (!tw_node_str(f->yaml, d, n, &id))
        return false;
    /* The namespace of the server itself is written without its number. */
    if (tw_str_starts(id, TW_STR("ns=0;")))
        id = (struct tw_str){id.p + 5, id.len - 5};
    if (tw_str_starts(id, TW_STR("nsu="))) {
        const struct tw_str rest = behind_uri(id);
        if (rest.len > 1 && tw_nodeid_valid((struct tw_str){rest.p + 1, rest.len - 1}, &why)) {
            *out = id; /* written as a pattern, see write_node() */
            return true;
        }
    } else if (tw_nodeid_valid(id, &why)) {
        *out = id;
        return true;
    }
    const struct tw_str shown = tw_utf8_cut(id, 64);
    tw_yaml_error(f->yaml, d, n, false, why[0] != '\0' ? why : "such as ns=2;s=Boiler.Setpoint",
        "\"%.*s\" is not a NodeId", TW_STR_ARG(shown));
    return false;
}

/* An id out of the file's name: "agents/boiler.policy.json" → "boiler-policy". */
static void name_file(struct import_file *f, const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    const char *dot = strrchr(base, '.');
    const size_t len = dot != NULL && dot != base ? (size_t)(dot - base) : strlen(base);
    size_t n = 0;
    for (size_t i = 0; i < len && n + 4 < sizeof(f->name); i++) {
        const char c = base[i];
        const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                           (c >= '0' && c <= '9') || c == '_' || c == '-';
        if (plain || (n > 0 && f->name[n - 1] != '-'))
            f->name[n++] = plain ? c : '-';
    }
    f->name[n] = '\0';
    if (n == 0)
        snprintf(f->name, sizeof(f->name), "agent");
}

static bool read_root(struct import_file *f, struct tw_diags *d)
{
    const struct tw_node *root = f->yaml->root;
    if (root != NULL && root->kind == TW_NODE_MAP) {
        if (tw_node_get(root, "controls") != NULL || tw_node_get(root, "connection") != NULL)
            return import_controls(f, root, d);
        if (tw_node_get(root, "control") != NULL || tw_node_get(root, "profile") != NULL)
            return import_policy(f, root, d);
    }
    tw_diag_add(d, TW_DIAG_ERROR, f->yaml->file, root != NULL ? root->line : 1,
        root != NULL ? root->column : 1, NULL,
        "a tool policy has \"profile\" or \"control\", a configuration with named controls has "
        "\"connection\" or \"controls\"",
        "this is none of the forms that are known");
    return false;
}

static bool take(struct tw_import *i, struct tw_yaml *yaml_take, const char *path, size_t errors,
    struct tw_diags *diags)
{
    struct import_file f = {.yaml = yaml_take};
    if (f.yaml == NULL)
        return false;
    name_file(&f, path);
    const bool ok = read_root(&f, diags) && diags->errors == errors && i->n < FILES;
    if (!ok) {
        free_file(&f);
        return false;
    }
    for (size_t k = 0; k < i->n; k++) {
        if (strcmp(i->files[k].name, f.name) == 0)
            snprintf(f.name, sizeof(f.name), "agent-%zu", i->n + 1);
    }
    i->files[i->n++] = f;
    return true;
}

bool tw_import_file(struct tw_import *i, const char *path, struct tw_diags *diags)
{
    const size_t errors = diags->errors;
    return take(i, tw_yaml_load_file(path, diags), path, errors, diags);
}

bool tw_import_bytes(
    struct tw_import *i, const char *name, const char *bytes, size_t n, struct tw_diags *diags)
{
    const size_t errors = diags->errors;
    return take(i, tw_yaml_load_bytes(name, bytes, n, diags), name, errors, diags);
}

/* ---- writing */

static bool same_server(const struct import_file *a, const struct import_file *b)
{
    return strcmp(a->host, b->host) == 0 && a->port == b->port;
}

/* Files with one endpoint share a server: it is that of the first of them. */
static size_t server_of(const struct tw_import *i, size_t k)
{
    for (size_t first = 0; first < k; first++) {
        if (same_server(&i->files[first], &i->files[k]))
            return first;
    }
    return k;
}

static void write_server_id(const struct tw_import *i, size_t k, struct tw_text *out)
{
    size_t nth = 0;
    const size_t own = server_of(i, k);
    for (size_t n = 0; n <= own; n++)
        nth += server_of(i, n) == n;
    tw_text_addf(out, nth > 1 ? "opcua-server-%zu" : "opcua-server", nth);
}

/* True for a NodeId with the URI of a namespace, which goes by any index: that is to be said. */
static bool write_node(struct tw_text *out, struct tw_str node)
{
    struct tw_text text = {0};
    const bool by_uri = tw_str_starts(node, TW_STR("nsu="));
    if (by_uri) {
        tw_text_addz(&text, "ns=*");
        tw_text_add_str(&text, behind_uri(node));
        node = tw_text_str(&text);
    }
    learn_scalar(out, node);
    tw_text_free(&text);
    return by_uri;
}

/* What is said beside a line: " # a; b". */
static void note(struct tw_text *notes, const char *what, struct tw_str text)
{
    if (text.len == 0)
        return;
    tw_text_addf(notes, "%s%s", notes->len > 0 ? "; " : " # ", what);
    learn_shown(notes, text);
}

static void note_uri(struct tw_text *notes, struct tw_str node)
{
    note(notes, "CHECK: put the index of its namespace for the *: ", node);
}

static void end_line(struct tw_text *out, struct tw_text *notes_take)
{
    tw_text_add_str(out, tw_text_str(notes_take));
    tw_text_addz(out, "\n");
    tw_text_free(notes_take);
}

static void write_server(const struct tw_import *i, size_t k, struct tw_text *out)
{
    const struct import_file *f = &i->files[k];
    struct tw_ip ip;
    tw_text_addz(out, "  - id: ");
    write_server_id(i, k, out);
    tw_text_addz(out, "\n    kind: opcua-server\n");
    if (f->host[0] == '\0') {
        tw_text_addz(
            out, "    # CHECK: the file does not say where it is: ip: [ADDRESS], ports: [4840]\n");
        return;
    }
    if (tw_ip_parse(tw_str_of(f->host), &ip)) {
        const struct tw_str host = tw_str_of(f->host);
        tw_text_addz(out, "    ip: ");
        learn_list(out, &host, 1, 9);
        tw_text_addz(out, "\n");
    } else {
        tw_text_addz(out, "    # CHECK: ip: [ADDRESS] of ");
        learn_shown(out, tw_str_of(f->host));
        tw_text_addz(out, "\n");
    }
    tw_text_addf(out, "    ports: [%u]\n", f->port);
}

static void write_identity(const struct import_file *f, struct tw_text *out)
{
    const bool plain = f->insecure || tw_str_is(f->security, "None");
    const bool known = f->security.len > 0 && learn_is_one_of(f->security, tw_inventory_policies());
    if (f->user.len == 0 && !plain && !known)
        return;
    tw_text_addz(out, "    identity:\n");
    if (f->user.len > 0) {
        tw_text_addz(out, "      opcua_user: ");
        learn_list(out, &f->user, 1, 8);
        tw_text_addz(out, "\n");
    }
    if (plain)
        tw_text_addz(out, "      security: None # CHECK: accepts that it talks unprotected\n");
    else if (known)
        tw_text_addf(out, "      security: %.*s\n", TW_STR_ARG(f->security));
}

/* "12/min" for one write in 5 s; the unit is the smallest that gives one or more. */
static void write_rate(struct tw_text *out, double per_min)
{
    const bool by_hour = per_min < 1, by_second = per_min >= 60;
    const double n = by_hour ? per_min * 60 : by_second ? per_min / 60 : per_min;
    tw_text_addz(out, ", rate: ");
    learn_number(out, ceil(n * 100 - 1e-9) / 100, false);
    tw_text_addz(out, by_hour ? "/h" : by_second ? "/s" : "/min");
}

static void note_values(struct tw_text *notes, const struct tw_node *values)
{
    tw_text_addf(notes, "%sonly ", notes->len > 0 ? "; " : " # ");
    for (size_t i = 0; i < values->n && i < LEARN_LISTED; i++) {
        const struct tw_node *v = &values->children[i];
        const struct tw_node *member = v->kind == TW_NODE_MAP ? tw_node_get(v, "value") : v;
        tw_text_addz(notes, i > 0 ? ", " : "");
        if (member != NULL && member->kind == TW_NODE_SCALAR)
            learn_shown(notes, member->text);
    }
    tw_text_addz(notes,
        values->n > LEARN_LISTED ? " and more, which is not mapped" : ", which is not mapped");
}

static void write_write(
    const struct tw_import *i, size_t k, const struct import_node *node, struct tw_text *out)
{
    struct tw_text notes = {0};
    note(&notes, "", node->name);
    tw_text_addz(out, "      - {opcua: ");
    write_server_id(i, k, out);
    tw_text_addz(out, ", actions: [write], nodes: [");
    if (write_node(out, node->node))
        note_uri(&notes, node->node);
    tw_text_addz(out, "]");
    if (node->has_step) {
        tw_text_addz(out, ", max_step: ");
        learn_number(out, node->step, false);
    }
    if (node->per_min > 0)
        write_rate(out, node->per_min);
    tw_text_addz(out, "}");
    end_line(out, &notes);
}

static void write_call(
    const struct tw_import *i, size_t k, const struct import_method *m, struct tw_text *out)
{
    struct tw_text notes = {0};
    tw_text_addz(out, "      - {opcua: ");
    write_server_id(i, k, out);
    tw_text_addz(out, ", actions: [call], objects: [");
    if (write_node(out, m->object))
        note_uri(&notes, m->object);
    tw_text_addz(out, "], methods: [");
    if (write_node(out, m->method))
        note_uri(&notes, m->method);
    tw_text_addz(out, "]}");
    end_line(out, &notes);
}

static void write_rights(const struct tw_import *i, size_t k, struct tw_text *out)
{
    const struct import_file *f = &i->files[k];
    for (size_t n = 0; n < f->n_nodes; n++)
        write_write(i, k, &f->nodes[n], out);
    for (size_t n = 0; n < f->n_methods; n++)
        write_call(i, k, &f->methods[n], out);
}

/* Acknowledge, Confirm, AddComment, Unshelve, OneShotShelve, TimedShelve [UA9 5.5, 5.7, 5.8]. */
static void write_alarms(const struct tw_import *i, size_t k, struct tw_text *out)
{
    tw_text_addz(out, "      - {opcua: ");
    write_server_id(i, k, out);
    tw_text_addz(out,
        ", actions: [call], methods: [\"i=9111\", \"i=9113\", \"i=9029\", \"i=2947\", "
        "\"i=2948\",\n          \"i=2949\"]} # acts on alarms\n");
}

static void write_reads(const struct tw_import *i, size_t k, struct tw_text *out)
{
    const struct import_file *f = &i->files[k];
    tw_text_addz(out, "      - {opcua: ");
    write_server_id(i, k, out);
    tw_text_addz(out, ", actions: [read, browse, subscribe]");
    for (size_t n = 0; n < f->n_roots; n++) {
        tw_text_addz(out, n == 0 ? ", nodes: [" : ", ");
        write_node(out, f->roots[n]);
    }
    tw_text_addz(out, f->n_roots > 0 ? "]} # CHECK: and what is below these folders\n"
                                     : "} # CHECK: the file does not say what it reads\n");
}

static bool steers(const struct import_file *f)
{
    return !f->off && f->n_nodes + f->n_methods + f->alarms + f->everything > 0;
}

static void write_system(const struct tw_import *i, size_t k, struct tw_text *out)
{
    const struct import_file *f = &i->files[k];
    tw_text_addf(out, "  # From %s, ", f->form);
    learn_shown(out, tw_str_of(f->yaml->file));
    tw_text_addz(
        out, ".\n  # CHECK: its addresses, and the names it uses on the wire, are not in it.\n");
    tw_text_addf(out, "  - id: %s\n    tier: %s # CHECK: %s; the tier is the plant's decision\n",
        f->name, steers(f) ? "T3" : "T1",
        steers(f) ? "it writes by itself" : "it can not write as it is configured");
    tw_text_addz(out, "    technology: llm\n");
    write_identity(f, out);
    if (f->off && f->n_nodes + f->n_methods > 0)
        tw_text_addz(out,
            "    # CHECK: what it may write is declared, but not enabled: nothing of it is here\n");
    if (f->everything)
        tw_text_addz(
            out, "    # CHECK: its profile is \"full\": it may use every tool, on every node\n");
    tw_text_addz(out, "    may:\n");
    write_reads(i, k, out);
    if (!f->off)
        write_rights(i, k, out);
    if (!f->off && f->alarms)
        write_alarms(i, k, out);
    if (f->unmapped.len > 0)
        tw_text_addf(out, "    # Not mapped: %.*s\n", (int)f->unmapped.len, f->unmapped.p);
}

/* Numbers among the allowed values give a range, where none is declared. */
static void range_of(const struct import_node *node, struct import_node *out)
{
    *out = *node;
    for (size_t i = 0; node->values != NULL && i < node->values->n; i++) {
        struct tw_number number;
        const struct tw_node *v = &node->values->children[i];
        const struct tw_node *member = v->kind == TW_NODE_MAP ? tw_node_get(v, "value") : v;
        if (node->has_min || node->has_max || member == NULL || member->quoted ||
            member->kind != TW_NODE_SCALAR || !tw_num_parse(member->text, &number)) {
            *out = *node;
            return;
        }
        out->min = out->has_min && out->min < number.d ? out->min : number.d;
        out->max = out->has_max && out->max > number.d ? out->max : number.d;
        out->has_min = out->has_max = true;
    }
}

static void write_bounds(struct tw_text *out, const struct import_node *node)
{
    if (!node->has_min && !node->has_max)
        return;
    tw_text_addz(out, ", range: [");
    if (node->has_min)
        learn_number(out, node->min, false);
    else
        tw_text_addz(out, "null");
    tw_text_addz(out, ", ");
    if (node->has_max)
        learn_number(out, node->max, false);
    else
        tw_text_addz(out, "null");
    tw_text_addz(out, "]");
}

static void write_variable(const struct tw_import *i, size_t k, size_t n, struct tw_text *out)
{
    struct import_node node;
    struct tw_text notes = {0};
    range_of(&i->files[k].nodes[n], &node);
    tw_text_addf(out, "  - {id: %s.%zu, opcua: {server: ", i->files[k].name, n + 1);
    write_server_id(i, k, out);
    tw_text_addz(out, ", node: ");
    if (write_node(out, node.node))
        note_uri(&notes, node.node);
    tw_text_addz(out, "}");
    if (node.type.len > 0)
        tw_text_addf(out, ", type: %.*s", TW_STR_ARG(node.type));
    if (node.unit.len > 0) {
        tw_text_addz(out, ", unit: ");
        learn_scalar(out, node.unit);
    }
    write_bounds(out, &node);
    if (node.has_step) {
        tw_text_addz(out, ", max_step: ");
        learn_number(out, node.step, false);
    }
    tw_text_addz(out, ", role: command}");
    note(&notes, "", node.name);
    note(&notes, "group ", node.group);
    note(&notes, "risk: ", node.risk);
    if (node.values != NULL)
        note_values(&notes, node.values);
    end_line(out, &notes);
}

void tw_import_write(const struct tw_import *i, struct tw_text *out)
{
    bool any = false;
    tw_text_addz(out, "# What agents declare about themselves; nobody has confirmed it. CHECK "
                      "marks what to decide.\n"
                      "inventory: 1\n\nassets:\n");
    for (size_t k = 0; k < i->n; k++) {
        if (server_of(i, k) == k)
            write_server(i, k, out);
    }
    tw_text_addz(out, "\nai_systems:\n");
    for (size_t k = 0; k < i->n; k++)
        write_system(i, k, out);
    for (size_t k = 0; k < i->n; k++) {
        for (size_t n = 0; n < i->files[k].n_nodes; n++) {
            tw_text_addz(out, any ? "" : "\nvariables:\n");
            any = true;
            write_variable(i, k, n, out);
        }
    }
}
