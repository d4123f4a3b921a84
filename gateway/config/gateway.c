#include "config/gateway.h"

#include <dirent.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/num.h"
#include "config/gateway_options.h"

enum { MAX_SECRET = 1024, MAX_NAMES = 64 };

/* What a value is read with: where it was written, and what paths are relative to. */
struct reading {
    struct tw_config *c;
    const struct tw_yaml *y;
    struct tw_diags *d;
    const char *dir; /* NULL: the working directory */
};

static bool no_memory(struct tw_diags *d)
{
    tw_diag_add(d, TW_DIAG_ERROR, "configuration", 0, 0, NULL, NULL, "out of memory");
    return false;
}

static char *copy_path(const char *dir, struct tw_str s)
{
    char *path = NULL;
    if (dir == NULL || s.p[0] == '/')
        return strndup(s.p, s.len);
    return asprintf(&path, "%s/%.*s", dir, TW_STR_ARG(s)) < 0 ? NULL : path;
}

static char *folder_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    if (slash == NULL)
        return NULL;
    return slash == path ? strdup("/") : strndup(path, (size_t)(slash - path));
}

static void names_free(struct tw_names *names)
{
    for (size_t i = 0; i < names->n; i++)
        free(names->list[i]);
    free(names->list);
    *names = (struct tw_names){0};
}

static bool text_of(const struct reading *r, const struct tw_node *n, struct tw_str *out)
{
    if (!tw_node_str(r->y, r->d, n, out))
        return false;
    if (out->len > 0)
        return true;
    tw_yaml_error(r->y, r->d, n, false, NULL, "this must not be empty");
    return false;
}

static bool set_string(const struct reading *r, const struct tw_option *o, struct tw_str text)
{
    char **at = tw_option_at(r->c, o);
    char *copy = copy_path(o->kind == TW_OPTION_PATH ? r->dir : NULL, text);
    if (copy == NULL)
        return no_memory(r->d);
    free(*at);
    *at = copy;
    return true;
}

static bool set_text(const struct reading *r, const struct tw_option *o, const struct tw_node *n)
{
    struct tw_str text;
    return text_of(r, n, &text) && set_string(r, o, text);
}

static bool set_int(const struct reading *r, const struct tw_option *o, const struct tw_node *n)
{
    int64_t *at = tw_option_at(r->c, o);
    return tw_node_int(r->y, r->d, n, o->min, o->max, at);
}

static bool set_percent(const struct reading *r, const struct tw_option *o, const struct tw_node *n)
{
    double percent;
    if (!tw_node_number(r->y, r->d, n, &percent))
        return false;
    if (!(percent >= 0 && percent <= 100)) {
        tw_yaml_error(r->y, r->d, n, false, NULL, "\"%.*s\" is out of range; it must be 0 to 100",
            TW_STR_ARG(n->text));
        return false;
    }
    *(double *)tw_option_at(r->c, o) = percent;
    return true;
}

static bool set_choice(const struct reading *r, const struct tw_option *o, const struct tw_node *n)
{
    int index;
    return tw_node_choice(r->y, r->d, n, o->choices, &index) &&
           set_string(r, o, tw_str_of(o->choices[index]));
}

/* "127.0.0.1:9477", "[::1]:9477" */
static bool listen_valid(struct tw_str s)
{
    const char *colon = s.len > 0 ? memrchr(s.p, ':', s.len) : NULL;
    struct tw_number port;
    if (colon == NULL || colon == s.p)
        return false;
    struct tw_str host = {s.p, (size_t)(colon - s.p)};
    bool bracketed = host.p[0] == '[' && host.p[host.len - 1] == ']';
    if (memchr(host.p, ':', host.len) != NULL && !bracketed)
        return false;
    return tw_num_parse((struct tw_str){colon + 1, s.len - host.len - 1}, &port) &&
           port.is_integer && port.i >= 1 && port.i <= 65535;
}

static bool set_listen(const struct reading *r, const struct tw_option *o, const struct tw_node *n)
{
    struct tw_str text;
    if (!text_of(r, n, &text))
        return false;
    if (listen_valid(text))
        return set_string(r, o, text);
    tw_yaml_error(r->y, r->d, n, false, "such as 127.0.0.1:9477", "\"%.*s\" is not ADDRESS:PORT",
        TW_STR_ARG(text));
    return false;
}

static bool set_texts(const struct reading *r, const struct tw_option *o, const struct tw_node *n)
{
    if (n->kind != TW_NODE_LIST) {
        tw_yaml_error(r->y, r->d, n, false, "write it in brackets: [a, b]",
            "\"%s\" must be a list of texts", o->name);
        return false;
    }
    struct tw_names names = {.list = calloc(n->n > 0 ? n->n : 1, sizeof(char *))};
    bool ok = names.list != NULL || no_memory(r->d);
    for (size_t i = 0; names.list != NULL && i < n->n; i++) {
        struct tw_str text;
        if (!text_of(r, &n->children[i], &text)) {
            ok = false;
            continue;
        }
        char *copy = copy_path(o->kind == TW_OPTION_PATHS ? r->dir : NULL, text);
        if (copy != NULL)
            names.list[names.n++] = copy;
        else
            ok = no_memory(r->d);
    }
    struct tw_names *at = tw_option_at(r->c, o);
    names_free(ok ? at : &names);
    if (ok)
        *at = names;
    return ok;
}

static bool (*const setters[])(
    const struct reading *r, const struct tw_option *o, const struct tw_node *n) = {
    [TW_OPTION_TEXT] = set_text,
    [TW_OPTION_PATH] = set_text,
    [TW_OPTION_INT] = set_int,
    [TW_OPTION_PERCENT] = set_percent,
    [TW_OPTION_CHOICE] = set_choice,
    [TW_OPTION_LISTEN] = set_listen,
    [TW_OPTION_TEXTS] = set_texts,
    [TW_OPTION_PATHS] = set_texts,
};

/* The node of "broker.tls.ca" below `root`; NULL when it is not there. */
static const struct tw_node *find_node(const struct tw_node *root, const char *name)
{
    char level[MAX_NAMES];
    while (root != NULL) {
        size_t len = strcspn(name, ".");
        tw_str_copy(level, sizeof(level), (struct tw_str){name, len});
        root = tw_node_get(root, level);
        if (name[len] == '\0')
            return root;
        name += len + 1;
    }
    return NULL;
}

static void forget(char **secret)
{
    if (*secret != NULL)
        explicit_bzero(*secret, strlen(*secret));
    free(*secret);
    *secret = NULL;
}

/* The first line of the password file. */
static bool read_password(struct tw_config *c, struct tw_diags *d)
{
    const char *path = c->broker.password_file;
    char secret[MAX_SECRET + 1];
    struct stat about;
    forget(&c->broker.password);
    FILE *in = path != NULL ? fopen(path, "re") : NULL;
    if (path == NULL)
        return true;
    if (in == NULL || fstat(fileno(in), &about) != 0) {
        tw_diag_add(d, TW_DIAG_ERROR, path, 0, 0, NULL, NULL, "the password can not be read: %s",
            strerror(errno));
        if (in != NULL)
            fclose(in);
        return false;
    }
    if ((about.st_mode & 077) != 0)
        tw_diag_add(d, TW_DIAG_WARNING, path, 0, 0, NULL, "make it readable for its owner only",
            "others can read this password file (mode %03o)", (unsigned)about.st_mode & 0777);
    size_t n = fread(secret, 1, MAX_SECRET, in);
    fclose(in);
    secret[n] = '\0';
    secret[strcspn(secret, "\r\n")] = '\0';
    if (secret[0] == '\0')
        tw_diag_add(d, TW_DIAG_ERROR, path, 0, 0, NULL, NULL, "the password file is empty");
    else if ((c->broker.password = strdup(secret)) == NULL)
        no_memory(d);
    explicit_bzero(secret, sizeof(secret));
    return c->broker.password != NULL;
}

/* A value of the wrong kind has been reported at this place already; it is not said twice. */
static void apply(const struct reading *r, const struct tw_node *root)
{
    for (const struct tw_option *o = tw_config_options(); o->name != NULL; o++) {
        const struct tw_node *n = find_node(root, o->name);
        if (n != NULL)
            setters[o->kind](r, o, n);
    }
}

static void clear(struct tw_config *c, const struct tw_option *o)
{
    void *at = tw_option_at(c, o);
    if (o->kind == TW_OPTION_TEXTS || o->kind == TW_OPTION_PATHS) {
        names_free(at);
    } else if (o->kind != TW_OPTION_INT && o->kind != TW_OPTION_PERCENT) {
        free(*(char **)at);
        *(char **)at = NULL;
    }
}

/* What holds when the key is not given. */
static bool set_default(struct tw_config *c, const struct tw_option *o)
{
    clear(c, o);
    if (o->kind == TW_OPTION_INT)
        *(int64_t *)tw_option_at(c, o) = o->init;
    if (o->kind == TW_OPTION_PERCENT)
        *(double *)tw_option_at(c, o) = (double)o->init / 1000;
    if (o->text == NULL)
        return true;
    char **at = tw_option_at(c, o);
    *at = strdup(o->text);
    return *at != NULL;
}

static bool defaults(struct tw_config *c)
{
    for (const struct tw_option *o = tw_config_options(); o->name != NULL; o++) {
        if (!set_default(c, o))
            return false;
    }
    return true;
}

/* What depends on several keys. */
static bool finish(struct tw_config *c, struct tw_diags *d)
{
    bool tls = c->broker.tls.ca != NULL || c->broker.tls.cert != NULL;
    if (c->broker.port == 0)
        c->broker.port = tls ? 8883 : 1883;
    if ((c->broker.tls.cert == NULL) == (c->broker.tls.key == NULL))
        return read_password(c, d);
    tw_diag_add(d, TW_DIAG_ERROR, c->path != NULL ? c->path : "configuration", 0, 0, NULL, NULL,
        "broker.tls.cert and broker.tls.key are given together");
    return false;
}

/* One file over what is in force already. */
static bool read_file(struct tw_config *c, const char *path, struct tw_diags *d)
{
    size_t from = d->n, errors = d->errors;
    struct tw_yaml *y = tw_yaml_load_file(path, d);
    if (y == NULL)
        return false;
    char *dir = folder_of(path);
    if (y->root != NULL) {
        tw_keys_check(y, d, y->root, tw_config_keys(), "the configuration");
        apply(&(struct reading){.c = c, .y = y, .d = d, .dir = dir}, y->root);
    }
    tw_diags_sort(d, from);
    free(dir);
    tw_yaml_free(y);
    return d->errors == errors;
}

/* What comes after the main file includes nothing more: there are no circles. */
static bool include_file(struct tw_config *c, const char *path, struct tw_diags *d)
{
    bool ok = read_file(c, path, d);
    if (c->include.n > 0) {
        tw_diag_add(d, TW_DIAG_ERROR, path, 0, 0, NULL, "name it in the main file",
            "a file that is included can not include others");
        names_free(&c->include);
        ok = false;
    }
    return ok;
}

static int is_yaml(const struct dirent *e)
{
    const struct tw_str name = tw_str_of(e->d_name);
    return name.p[0] != '.' &&
           (tw_str_ends(name, TW_STR(".yaml")) || tw_str_ends(name, TW_STR(".yml")));
}

/* A folder's files in the order of their bytes, whatever the locale. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool include_folder(struct tw_config *c, const char *path, struct tw_diags *d)
{
    struct dirent **found = NULL;
    bool ok = true;
    int n = scandir(path, &found, is_yaml, by_bytes);
    if (n < 0) {
        tw_diag_add(d, TW_DIAG_ERROR, path, 0, 0, NULL, NULL, "the folder can not be read: %s",
            strerror(errno));
        return false;
    }
    for (int i = 0; i < n; i++) {
        char *file = copy_path(path, tw_str_of(found[i]->d_name));
        ok = (file != NULL ? include_file(c, file, d) : no_memory(d)) && ok;
        free(file);
        free(found[i]);
    }
    free(found);
    return ok;
}

static bool include(struct tw_config *c, struct tw_diags *d)
{
    struct tw_names names = c->include;
    struct stat about;
    bool ok = true;
    c->include = (struct tw_names){0};
    for (size_t i = 0; i < names.n; i++) {
        const bool is_folder = stat(names.list[i], &about) == 0 && S_ISDIR(about.st_mode);
        ok = (is_folder ? include_folder : include_file)(c, names.list[i], d) && ok;
    }
    names_free(&names);
    return ok;
}

static bool load_file(struct tw_config *c, const char *path, struct tw_diags *d)
{
    bool ok = read_file(c, path, d);
    c->path = strdup(path);
    return include(c, d) && ok;
}

struct tw_config *tw_config_load(const char *path, struct tw_diags *diags)
{
    struct tw_config *c = calloc(1, sizeof(*c));
    bool ok = c != NULL && defaults(c);
    if (!ok)
        no_memory(diags);
    if (ok && path != NULL)
        ok = load_file(c, path, diags);
    if (ok && finish(c, diags))
        return c;
    tw_config_free(c);
    return NULL;
}

void tw_config_free(struct tw_config *c)
{
    if (c == NULL)
        return;
    for (const struct tw_option *o = tw_config_options(); o->name != NULL; o++)
        clear(c, o);
    forget(&c->broker.password);
    free(c->path);
    free(c);
}

static const struct tw_option *find_option(struct tw_str name, struct tw_diags *d)
{
    const char *names[MAX_NAMES + 1];
    size_t n = 0;
    for (const struct tw_option *o = tw_config_options(); o->name != NULL; o++) {
        if (tw_str_is(name, o->name))
            return o;
        if (n < MAX_NAMES)
            names[n++] = o->name;
    }
    names[n] = NULL;
    tw_diag_add(d, TW_DIAG_ERROR, "--set", 0, 0, NULL, tw_nearest(name, names),
        "there is no key \"%.*s\"", TW_STR_ARG(name));
    return NULL;
}

bool tw_config_set(struct tw_config *c, const char *assignment, struct tw_diags *diags)
{
    char *where = NULL;
    const char *sign = strchr(assignment, '=');
    if (sign == NULL) {
        tw_diag_add(diags, TW_DIAG_ERROR, "--set", 0, 0, NULL, "such as --set broker.port=8883",
            "\"%s\" has no =", assignment);
        return false;
    }
    const struct tw_str name = {assignment, (size_t)(sign - assignment)};
    const struct tw_option *o = find_option(name, diags);
    if (o == NULL || asprintf(&where, "--set %s", o->name) < 0)
        return false;
    size_t errors = diags->errors;
    struct tw_yaml *y = tw_yaml_load_bytes(where, sign + 1, strlen(sign + 1), diags);
    if (y != NULL && y->root == NULL)
        tw_diag_add(diags, TW_DIAG_ERROR, where, 0, 0, NULL, NULL, "the value is missing");
    else if (y != NULL && diags->errors == errors && tw_node_is_null(y->root)) {
        if (!set_default(c, o))
            no_memory(diags);
    } else if (y != NULL && diags->errors == errors)
        setters[o->kind](&(struct reading){.c = c, .y = y, .d = diags}, o, y->root);
    tw_yaml_free(y);
    free(where);
    return diags->errors == errors &&
           (o->offset != offsetof(struct tw_config, broker.password_file) ||
               read_password(c, diags));
}
