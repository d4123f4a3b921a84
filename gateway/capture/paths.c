#include "capture/paths.h"

#include <dirent.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* tcpdump -C numbers its files behind the ending: x.pcap, x.pcap1, x.pcap2; others x.pcap.1. */
static size_t without_number(const char *name)
{
    const size_t whole = strlen(name);
    size_t len = whole;
    while (len > 0 && name[len - 1] >= '0' && name[len - 1] <= '9')
        len--;
    return len < whole && len > 0 && name[len - 1] == '.' ? len - 1 : len;
}

static bool is_capture_name(const char *name)
{
    static const char *const endings[] = {".pcap", ".pcapng", ".cap"};
    const size_t len = without_number(name);
    for (size_t i = 0; i < sizeof(endings) / sizeof(endings[0]); i++) {
        const size_t n = strlen(endings[i]);
        if (name[0] != '.' && len > n && memcmp(name + len - n, endings[i], n) == 0)
            return true;
    }
    return false;
}

static int keep(const struct dirent *entry)
{
    return is_capture_name(entry->d_name);
}

/* By bytes: the same order in every locale. */
static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static enum tw_status add(struct tw_paths *list, char *name_take)
{
    if (name_take == NULL)
        return TW_NO_MEMORY;
    if (list->n == list->size) {
        const size_t size = list->size ? list->size * 2 : 16;
        char **names = realloc(list->names, size * sizeof(*names));
        if (names == NULL) {
            free(name_take);
            return TW_NO_MEMORY;
        }
        list->names = names;
        list->size = size;
    }
    list->names[list->n++] = name_take;
    return TW_OK;
}

static char *join(const char *folder, const char *name)
{
    char *path = NULL;
    const size_t len = strlen(folder);
    const char *slash = len > 0 && folder[len - 1] == '/' ? "" : "/";
    return asprintf(&path, "%s%s%s", folder, slash, name) < 0 ? NULL : path;
}

static enum tw_status add_folder(struct tw_paths *list, const char *folder)
{
    struct dirent **entries;
    const int n = scandir(folder, &entries, keep, by_name);
    if (n < 0)
        return TW_IO;
    enum tw_status st = n == 0 ? TW_NOT_FOUND : TW_OK;
    for (int i = 0; i < n; i++) {
        char *path = join(folder, entries[i]->d_name);
        struct stat info;
        if (st == TW_OK && path != NULL && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
            free(path);
        else if (st == TW_OK)
            st = add(list, path);
        else
            free(path);
        free(entries[i]);
    }
    free(entries);
    return st;
}

enum tw_status tw_paths_add(struct tw_paths *list, const char *path)
{
    struct stat info;
    if (strcmp(path, "-") != 0 && stat(path, &info) == 0 && S_ISDIR(info.st_mode))
        return add_folder(list, path);
    return add(list, strdup(path));
}

void tw_paths_free(struct tw_paths *list)
{
    for (size_t i = 0; i < list->n; i++)
        free(list->names[i]);
    free(list->names);
    *list = (struct tw_paths){0};
}
