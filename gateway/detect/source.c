/* Rule files: finding them, and reading them as YAML. */

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "crypto/digest.h"
#include "detect/loader.h"

enum { MAX_FOLDER_DEPTH = 8 };

void tw_loader_complain(struct tw_loader *l, const char *file, const char *what)
{
    tw_diag_add(l->diags, TW_DIAG_ERROR, file, 0, 0, NULL, NULL, "%s", what);
}

static bool has_ending(const char *name)
{
    const char *dot = strrchr(name, '.');
    return dot != NULL && (strcmp(dot, ".yaml") == 0 || strcmp(dot, ".yml") == 0);
}

static void add_path(struct tw_loader *l, char *path)
{
    if (path == NULL)
        l->rules->blocks.failed = true;
    else if (l->n_paths < TW_LOADER_MAX_FILES)
        l->paths[l->n_paths++] = path;
    else {
        tw_loader_complain(l, path, "more than 1024 rule files");
        free(path);
    }
}

static void add_folder(struct tw_loader *l, const char *folder, unsigned depth);

static void add_entry(struct tw_loader *l, const char *folder, const char *name, unsigned depth)
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

static void add_folder(struct tw_loader *l, const char *folder, unsigned depth)
{
    struct dirent **entries;
    int n = scandir(folder, &entries, NULL, by_bytes);
    if (n < 0) {
        tw_loader_complain(l, folder, strerror(errno));
        return;
    }
    for (int i = 0; i < n; i++) {
        add_entry(l, folder, entries[i]->d_name, depth);
        free(entries[i]);
    }
    free(entries);
}

static void find_files(struct tw_loader *l, const char *const *paths, size_t n_paths)
{
    for (size_t i = 0; i < n_paths; i++) {
        struct stat st;
        size_t before = l->n_paths;
        if (stat(paths[i], &st) != 0) {
            tw_loader_complain(l, paths[i], strerror(errno));
            continue;
        }
        if (!S_ISDIR(st.st_mode)) {
            add_path(l, strdup(paths[i]));
            continue;
        }
        add_folder(l, paths[i], 0);
        if (l->n_paths == before)
            tw_loader_complain(l, paths[i], "no rule files (*.yaml) here");
    }
    if (n_paths == 0)
        tw_loader_complain(l, "rules", "no rule files were named");
}

static void read_files(struct tw_loader *l)
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
        struct tw_loader_file *f = &l->files[l->n_files++];
        f->yaml = y;
        tw_sha256(y->bytes, y->n_bytes, f->digest);
        if (y->root != NULL)
            tw_keys_check(y, l->diags, y->root, tw_rule_file_keys, "the rule file");
    }
}

void tw_loader_read(struct tw_loader *l, const char *const *paths, size_t n_paths)
{
    find_files(l, paths, n_paths);
    if (!l->rules->blocks.failed)
        read_files(l);
}

size_t tw_loader_count(const struct tw_loader *l, const char *key)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n_files; i++) {
        const struct tw_node *node = tw_node_get(l->files[i].yaml->root, key);
        n += node ? node->n : 0;
    }
    return n;
}
