#include "share/chain.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/digest.h"

const char tw_chain_origin[TW_CHAIN_HASH] =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

bool tw_chain_boot_valid(struct tw_str boot)
{
    if (boot.len == 0 || boot.len >= TW_CHAIN_BOOT)
        return false;
    for (size_t i = 0; i < boot.len; i++) {
        char c = boot.p[i];
        bool fine = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                    c == '-' || c == '_';
        if (!fine)
            return false;
    }
    return true;
}

static bool is_hash(struct tw_str s)
{
    if (s.len != TW_CHAIN_HASH - 1)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (!((s.p[i] >= '0' && s.p[i] <= '9') || (s.p[i] >= 'a' && s.p[i] <= 'f')))
            return false;
    }
    return true;
}

/* Take `end` off the end of `s`. */
static bool chop(struct tw_str *s, struct tw_str end)
{
    if (s->len < end.len || memcmp(s->p + s->len - end.len, end.p, end.len) != 0)
        return false;
    s->len -= end.len;
    return true;
}

/* Take everything after the last `mark` off the end of `s`, and the mark. */
static bool chop_after(struct tw_str *s, struct tw_str mark, size_t at_most, struct tw_str *out)
{
    for (size_t n = 0; n <= at_most && n + mark.len <= s->len; n++) {
        const char *at = s->p + s->len - n - mark.len;
        if (memcmp(at, mark.p, mark.len) == 0) {
            *out = (struct tw_str){at + mark.len, n};
            s->len -= n + mark.len;
            return true;
        }
    }
    return false;
}

/* Decimal digits and nothing else; at most 19, so that they fit. */
static bool parse_digits(struct tw_str s, uint64_t *out)
{
    uint64_t v = 0;
    if (s.len == 0 || s.len > 19)
        return false;
    for (size_t i = 0; i < s.len; i++) {
        if (s.p[i] < '0' || s.p[i] > '9')
            return false;
        v = v * 10 + (uint64_t)(s.p[i] - '0');
    }
    *out = v;
    return true;
}

/* As a writer puts it: without leading zeros. */
static bool parse_seq(struct tw_str s, uint64_t *out)
{
    return (s.len < 2 || s.p[0] != '0') && parse_digits(s, out);
}

bool tw_chain_parse(struct tw_str line, struct tw_chain_tail *out)
{
    struct tw_str prev, seq, boot, rest = line;
    uint64_t n;
    if (line.len == 0 || line.p[0] != '{' || !chop(&rest, TW_STR("\"}")) ||
        !chop_after(&rest, TW_STR(",\"prev\":\""), TW_CHAIN_HASH, &prev) || !is_hash(prev) ||
        !chop_after(&rest, TW_STR("\",\"seq\":"), 20, &seq) || !parse_seq(seq, &n) ||
        !chop_after(&rest, TW_STR("\"boot\":\""), TW_CHAIN_BOOT, &boot) ||
        !tw_chain_boot_valid(boot) || rest.len == 0)
        return false;
    char before = rest.p[rest.len - 1];
    if (before != ',' && !(before == '{' && rest.len == 1))
        return false;
    out->seq = n;
    tw_str_copy(out->boot, sizeof(out->boot), boot);
    tw_str_copy(out->prev, sizeof(out->prev), prev);
    return true;
}

void tw_chain_hash(struct tw_str line, char out[TW_CHAIN_HASH])
{
    tw_sha256_hex(line.p, line.len, out);
}

/* alerts-000000000001.jsonl */
static bool segment_number(const char *name, uint64_t *out)
{
    const struct tw_str start = TW_STR("alerts-");
    struct tw_str s = tw_str_of(name);
    if (s.len != 25 || !tw_str_starts(s, start) || !chop(&s, TW_STR(".jsonl")))
        return false;
    return parse_digits((struct tw_str){s.p + start.len, s.len - start.len}, out) && *out > 0;
}

bool tw_chain_segment_path(char out[TW_CHAIN_PATH], const char *folder, uint64_t first)
{
    int n =
        snprintf(out, TW_CHAIN_PATH, "%s/alerts-%012llu.jsonl", folder, (unsigned long long)first);
    return n > 0 && n < TW_CHAIN_PATH;
}

bool tw_chain_head_path(char out[TW_CHAIN_PATH], const char *path, bool is_folder)
{
    int n = snprintf(out, TW_CHAIN_PATH, is_folder ? "%s/LEDGER.head" : "%s.head", path);
    return n > 0 && n < TW_CHAIN_PATH;
}

static int by_first(const void *a, const void *b)
{
    const struct tw_chain_file *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

static enum tw_status add_file(struct tw_chain_files *files, const char *path, uint64_t first)
{
    struct tw_chain_file *list = realloc(files->list, (files->n + 1) * sizeof(*list));
    if (list == NULL)
        return TW_NO_MEMORY;
    files->list = list;
    list[files->n].first = first;
    tw_str_copy(list[files->n].path, TW_CHAIN_PATH, tw_str_of(path));
    files->n++;
    return TW_OK;
}

static enum tw_status add_folder(struct tw_chain_files *files, const char *folder)
{
    DIR *dir = opendir(folder);
    if (dir == NULL)
        return TW_IO;
    enum tw_status status = TW_OK;
    const struct dirent *e;
    while (status == TW_OK && (e = readdir(dir)) != NULL) {
        char path[TW_CHAIN_PATH];
        uint64_t first;
        if (!segment_number(e->d_name, &first))
            continue;
        status =
            tw_chain_segment_path(path, folder, first) ? add_file(files, path, first) : TW_INVALID;
    }
    closedir(dir);
    if (files->n > 1)
        qsort(files->list, files->n, sizeof(*files->list), by_first);
    return status;
}

enum tw_status tw_chain_files(const char *path, struct tw_chain_files *out)
{
    struct stat st;
    struct tw_chain_files files = {0};
    if (strlen(path) >= TW_CHAIN_PATH || stat(path, &st) != 0)
        return TW_IO;
    files.is_folder = S_ISDIR(st.st_mode);
    enum tw_status status = files.is_folder ? add_folder(&files, path) : add_file(&files, path, 1);
    if (status != TW_OK) {
        tw_chain_files_fini(&files);
        return status;
    }
    *out = files;
    return TW_OK;
}

void tw_chain_files_fini(struct tw_chain_files *files)
{
    free(files->list);
    *files = (struct tw_chain_files){0};
}

void tw_chain_head_text(char out[TW_CHAIN_HEAD_BYTES], const struct tw_chain_head *h)
{
    char text[TW_CHAIN_HEAD_BYTES];
    int n = snprintf(text, sizeof(text),
        "{\"schema\":\"tierwatch.ledger-head/1\",\"lines\":%llu,\"sha256\":\"%s\",\"boot\":\"%s\","
        "\"seq\":%llu,\"first\":%llu,\"first_prev\":\"%s\"}",
        (unsigned long long)h->lines, h->sha256, h->boot, (unsigned long long)h->seq,
        (unsigned long long)h->first, h->first_prev);
    memset(out, ' ', TW_CHAIN_HEAD_BYTES);
    memcpy(out, text, n > 0 && n < TW_CHAIN_HEAD_BYTES - 1 ? (size_t)n : 0);
    out[TW_CHAIN_HEAD_BYTES - 1] = '\n';
}

static bool parse_head(struct tw_str rest, struct tw_chain_head *out)
{
    struct tw_str first_prev, first, seq, boot, sha256, lines;
    struct tw_chain_head h = {0};
    while (rest.len > 0 && (rest.p[rest.len - 1] == ' ' || rest.p[rest.len - 1] == '\n'))
        rest.len--;
    if (!chop(&rest, TW_STR("\"}")) ||
        !chop_after(&rest, TW_STR(",\"first_prev\":\""), TW_CHAIN_HASH, &first_prev) ||
        !chop_after(&rest, TW_STR(",\"first\":"), 20, &first) ||
        !chop_after(&rest, TW_STR("\",\"seq\":"), 20, &seq) ||
        !chop_after(&rest, TW_STR("\",\"boot\":\""), TW_CHAIN_BOOT, &boot) ||
        !chop_after(&rest, TW_STR(",\"sha256\":\""), TW_CHAIN_HASH, &sha256) ||
        !chop_after(&rest, TW_STR("\"lines\":"), 20, &lines))
        return false;
    if (!is_hash(first_prev) || !is_hash(sha256) || !tw_chain_boot_valid(boot) ||
        !parse_seq(first, &h.first) || !parse_seq(seq, &h.seq) || !parse_seq(lines, &h.lines))
        return false;
    tw_str_copy(h.first_prev, sizeof(h.first_prev), first_prev);
    tw_str_copy(h.sha256, sizeof(h.sha256), sha256);
    tw_str_copy(h.boot, sizeof(h.boot), boot);
    *out = h;
    return true;
}

enum tw_status tw_chain_head_read(const char *head_path, struct tw_chain_head *out)
{
    char text[TW_CHAIN_HEAD_BYTES];
    int fd = open(head_path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT ? TW_NOT_FOUND : TW_IO;
    ssize_t n = read(fd, text, sizeof(text));
    close(fd);
    if (n < 0)
        return TW_IO;
    if (n == 0)
        return TW_NOT_FOUND; /* made, not yet written */
    return parse_head((struct tw_str){text, (size_t)n}, out) ? TW_OK : TW_INVALID;
}

enum tw_status tw_chain_reader_open(struct tw_chain_reader *r, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return TW_IO;
    *r = (struct tw_chain_reader){.fd = fd};
    return TW_OK;
}

void tw_chain_reader_close(struct tw_chain_reader *r)
{
    if (r->fd >= 0)
        close(r->fd);
    r->fd = -1;
    tw_text_free(&r->buffer);
}

/* Drop what was given out, read more behind what is left. */
static enum tw_status refill(struct tw_chain_reader *r)
{
    char block[65536];
    size_t left = r->buffer.len - r->at;
    if (r->at > 0 && left > 0)
        memmove(r->buffer.p, r->buffer.p + r->at, left);
    r->buffer.len = left;
    r->at = 0;
    ssize_t n;
    do {
        n = read(r->fd, block, sizeof(block));
    } while (n < 0 && errno == EINTR);
    if (n < 0)
        return TW_IO;
    r->end = n == 0;
    if (n > 0)
        tw_text_add(&r->buffer, block, (size_t)n);
    return r->buffer.failed ? TW_NO_MEMORY : TW_OK;
}

enum tw_status tw_chain_reader_next(
    struct tw_chain_reader *r, struct tw_str *out_line, bool *out_whole)
{
    size_t searched = 0;
    for (;;) {
        size_t left = r->buffer.len - r->at;
        const char *start = r->buffer.p == NULL ? "" : r->buffer.p + r->at;
        const char *newline =
            left > searched ? memchr(start + searched, '\n', left - searched) : NULL;
        size_t len = newline != NULL ? (size_t)(newline - start) : left;
        if (newline == NULL && left <= TW_CHAIN_MAX_LINE && !r->end) {
            searched = left;
            TW_TRY(refill(r));
            continue;
        }
        if (newline == NULL && left == 0)
            return TW_END;
        *out_line = (struct tw_str){start, len};
        *out_whole = newline != NULL;
        r->at += newline != NULL ? len + 1 : len;
        r->offset += newline != NULL ? len + 1 : len;
        return TW_OK;
    }
}
