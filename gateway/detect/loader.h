#pragma once
/* Inside the loader: what it needs until the rules stand. */

#include "detect/rule.h"

enum {
    TW_LOADER_MAX_FILES = 1024,
    TW_LOADER_MAX_RULES = 16384,
    TW_LOADER_MAX_LIST_BYTES = 1 << 20
};

struct tw_loader_file {
    struct tw_yaml *yaml;
    uint8_t digest[32];
};

struct tw_loader {
    struct tw_rules *rules;
    struct tw_diags *diags;
    char *paths[TW_LOADER_MAX_FILES];
    size_t n_paths;
    struct tw_loader_file *files;
    size_t n_files;
    uint8_t (*extra)[32]; /* digests of word-list files */
    size_t n_extra, extra_size;
    struct tw_names names;
};

/* Report about a file as a whole. */
void tw_loader_complain(struct tw_loader *l, const char *file, const char *what);
/* Files and folders to `files`, each checked against the table of keys. */
void tw_loader_read(struct tw_loader *l, const char *const *paths, size_t n_paths);
/* Items under a key of all files together. */
size_t tw_loader_count(const struct tw_loader *l, const char *key);
/* Lists and macros of all files. */
void tw_loader_name(struct tw_loader *l);
