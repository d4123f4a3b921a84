#include "trial/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "detect/blocks.h"

static const char ending[] = ".test.yaml";

static int is_test(const struct dirent *entry)
{
    const size_t n = strlen(entry->d_name), end = sizeof(ending) - 1;
    return n > end && entry->d_name[0] != '.' && strcmp(entry->d_name + n - end, ending) == 0;
}

/* By name as bytes, whatever a locale thinks of order. */
static int by_bytes(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static bool add(struct tw_trial_files *f, char *path_take)
{
    if (path_take != NULL && f->n < TW_TRIAL_MAX_FILES) {
        f->list[f->n++] = path_take;
        return true;
    }
    errno = path_take == NULL ? ENOMEM : E2BIG;
    free(path_take);
    return false;
}

/* Folder and name, without two slashes in between. */
static char *joined(const char *folder, const char *name)
{
    char *path = NULL;
    const size_t n = strlen(folder);
    const char *slash = n > 0 && folder[n - 1] == '/' ? "" : "/";
    return asprintf(&path, "%s%s%s", folder, slash, name) < 0 ? NULL : path;
}

static bool add_folder(struct tw_trial_files *f, const char *folder)
{
    struct dirent **entries;
    const int n = scandir(folder, &entries, is_test, by_bytes);
    bool ok = n >= 0;
    for (int i = 0; i < n; i++) {
        ok = ok && add(f, joined(folder, entries[i]->d_name));
        free(entries[i]);
    }
    if (n >= 0)
        free(entries);
    return ok;
}

static bool is_folder(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool add_tests_in(struct tw_trial_files *f, const char *folder)
{
    char *inner = joined(folder, "tests");
    bool ok = inner != NULL;
    if (ok && is_folder(inner))
        ok = add_folder(f, inner);
    free(inner);
    return ok;
}

bool tw_trial_files_add(struct tw_trial_files *f, const char *path)
{
    struct stat st;
    const size_t before = f->n;
    if (stat(path, &st) != 0)
        return false;
    if (!S_ISDIR(st.st_mode))
        return add(f, strdup(path));
    return add_folder(f, path) && (f->n > before || add_tests_in(f, path));
}

bool tw_trial_files_beside(struct tw_trial_files *f, const char *path)
{
    if (is_folder(path))
        return add_tests_in(f, path);
    const char *slash = strrchr(path, '/');
    char *folder = slash != NULL ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    const bool ok = folder != NULL && add_tests_in(f, folder);
    free(folder);
    return ok;
}

void tw_trial_files_fini(struct tw_trial_files *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->list[i]);
    f->n = 0;
}

/* ---- which rules they expect */

struct expected {
    const char *rule, *file;
    unsigned line;
    size_t test; /* number of the test: several lines of one count once */
};

struct tw_trial_expected {
    struct tw_blocks blocks;
    struct expected *list;
    size_t n, size, tests;
};

static void note(struct tw_trial_expected *e, const char *file, const struct tw_node *test,
    const struct tw_node *wish)
{
    const struct tw_node *rule = tw_node_get(wish, "rule");
    if (rule == NULL || rule->kind != TW_NODE_SCALAR)
        return;
    if (e->n == e->size) {
        const size_t size = e->size ? 2 * e->size : 64;
        struct expected *list = realloc(e->list, size * sizeof(*list));
        e->blocks.failed |= list == NULL;
        if (list == NULL)
            return;
        e->list = list;
        e->size = size;
    }
    const char *id = tw_blocks_str(&e->blocks, rule->text).p;
    if (id != NULL)
        e->list[e->n++] = (struct expected){id, file, test->line, e->tests};
}

static void note_file(struct tw_trial_expected *e, const char *file)
{
    struct tw_diags diags = {0};
    struct tw_yaml *y = tw_yaml_load_file(file, &diags);
    const struct tw_node *tests = y != NULL ? tw_node_get(y->root, "tests") : NULL;
    for (size_t i = 0; tests != NULL && tests->kind == TW_NODE_LIST && i < tests->n; i++) {
        const struct tw_node *expect = tw_node_get(&tests->children[i], "expect");
        e->tests++;
        for (size_t k = 0; expect != NULL && expect->kind == TW_NODE_LIST && k < expect->n; k++)
            note(e, file, &tests->children[i], &expect->children[k]);
    }
    tw_yaml_free(y);
    tw_diags_fini(&diags);
}

struct tw_trial_expected *tw_trial_expected_new(const struct tw_trial_files *files)
{
    struct tw_trial_expected *e = calloc(1, sizeof(*e));
    for (size_t i = 0; e != NULL && i < files->n; i++)
        note_file(e, files->list[i]);
    if (e == NULL || !e->blocks.failed)
        return e;
    tw_trial_expected_free(e);
    return NULL;
}

void tw_trial_expected_free(struct tw_trial_expected *e)
{
    if (e == NULL)
        return;
    tw_blocks_fini(&e->blocks);
    free(e->list);
    free(e);
}

size_t tw_trial_expects(
    const struct tw_trial_expected *e, const char *rule, const char **out_file, unsigned *out_line)
{
    size_t n = 0, last = 0;
    for (size_t i = 0; i < e->n; i++) {
        const struct expected *x = &e->list[i];
        if (strcmp(x->rule, rule) != 0 || x->test == last)
            continue;
        if (n == 0 && out_file != NULL)
            *out_file = x->file;
        if (n == 0 && out_line != NULL)
            *out_line = x->line;
        last = x->test;
        n++;
    }
    return n;
}
