#include "share/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "share/chain.h"

#define DEFAULT_SEGMENT ((size_t)64 << 20)
#define DEFAULT_KEEP ((size_t)4 << 30)

struct tw_ledger {
    char path[TW_CHAIN_PATH], file[TW_CHAIN_PATH];
    bool is_folder, sync, broken;
    size_t segment_bytes, keep_bytes;
    int fd, head_fd, folder_fd;
    off_t size; /* of the open file: what is whole */
    struct tw_chain_head head;
    char boot[TW_CHAIN_BOOT];
    char prev[TW_CHAIN_HASH]; /* what the next line follows */
    uint64_t seq;             /* of the last line of this boot, 0 for none */
    struct tw_text wire, line;
};

/* What is found at the end of a chain that is there already. */
struct found {
    uint64_t lines; /* number of the last whole line */
    bool any;       /* there is one, and these are of it: */
    char sha256[TW_CHAIN_HASH];
    struct tw_chain_tail tail;
    bool tail_valid;
    off_t whole;       /* bytes of the last file up to the last newline */
    bool cut;          /* something follows without a newline … */
    bool cut_complete; /* … but only the newline is missing */
};

static enum tw_status say(
    char *err, size_t size, enum tw_status status, const char *what, const char *path)
{
    if (size > 0)
        snprintf(err, size, "%s: %s", path, what);
    return status;
}

static enum tw_status say_errno(char *err, size_t size, const char *path)
{
    char text[128];
    enum tw_status status = errno == ENOMEM ? TW_NO_MEMORY : TW_IO;
    return say(err, size, status, strerror_r(errno, text, sizeof(text)), path);
}

static void note_line(struct found *f, struct tw_str line)
{
    f->any = true;
    f->lines++;
    tw_chain_hash(line, f->sha256);
    f->tail_valid = tw_chain_parse(line, &f->tail);
}

/* The last whole line of one file; `f->lines` counts on from what it is. */
static enum tw_status scan_file(const char *path, struct found *f)
{
    struct tw_chain_reader r;
    struct tw_str line;
    bool whole;
    enum tw_status status;
    TW_TRY(tw_chain_reader_open(&r, path));
    while ((status = tw_chain_reader_next(&r, &line, &whole)) == TW_OK) {
        struct tw_chain_tail tail;
        f->cut = !whole;
        f->cut_complete = !whole && tw_chain_parse(line, &tail);
        if (whole || f->cut_complete)
            note_line(f, line);
        if (whole)
            f->whole = (off_t)r.offset;
    }
    tw_chain_reader_close(&r);
    return status == TW_END ? TW_OK : status;
}

/* The end of the chain. A segment that was begun and got no line yet is as good as none. */
static enum tw_status scan_end(const struct tw_chain_files *files, struct found *out)
{
    struct found f = {.lines = 0};
    if (files->n > 0) {
        f.lines = files->list[files->n - 1].first - 1;
        TW_TRY(scan_file(files->list[files->n - 1].path, &f));
    }
    for (size_t i = files->n; !f.any && i > 1; i--) {
        struct found before = {.lines = files->list[i - 2].first - 1};
        TW_TRY(scan_file(files->list[i - 2].path, &before));
        f.any = before.any;
        f.lines = before.lines;
        f.tail = before.tail;
        f.tail_valid = before.tail_valid;
        memcpy(f.sha256, before.sha256, sizeof(f.sha256));
    }
    *out = f;
    return TW_OK;
}

/* Keep what a crash left of a line beside the ledger, and take it out of it. */
static enum tw_status set_aside(struct tw_ledger *l, const struct found *f)
{
    char aside[TW_CHAIN_PATH + 8], block[4096];
    int in = -1, out = -1;
    enum tw_status status = TW_IO;
    snprintf(aside, sizeof(aside), "%s.cut", l->file);
    in = open(l->file, O_RDONLY | O_CLOEXEC);
    out = open(aside, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (in < 0 || out < 0)
        goto done;
    off_t at = f->whole;
    ssize_t n;
    while ((n = pread(in, block, sizeof(block), at)) > 0) {
        if (write(out, block, (size_t)n) != n)
            goto done;
        at += n;
    }
    if (n == 0 && write(out, "\n", 1) == 1 && fdatasync(out) == 0 &&
        ftruncate(l->fd, f->whole) == 0)
        status = TW_OK;
done:
    if (in >= 0)
        close(in);
    if (out >= 0)
        close(out);
    return status;
}

static bool write_all(int fd, const char *p, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

static enum tw_status mend_end(
    struct tw_ledger *l, const struct found *f, char *err, size_t err_size)
{
    l->size = f->whole;
    if (!f->cut)
        return TW_OK;
    if (f->cut_complete) {
        struct stat st;
        if (!write_all(l->fd, "\n", 1) || fstat(l->fd, &st) != 0)
            return say_errno(err, err_size, l->file);
        l->size = st.st_size;
        return TW_OK;
    }
    if (set_aside(l, f) != TW_OK)
        return say_errno(err, err_size, l->file);
    return say(err, err_size, TW_OK,
        "the last line was cut short; what is left of it was moved to "
        "the file of the same name with .cut",
        l->file);
}

/* Where the chain goes on. What the head says is the truth about the end: when lines that it knows
 * are gone or changed, the next line follows what was there, and the break stays visible for ever.
 */
static void join(struct tw_ledger *l, const struct found *f, bool has_head, char *err, size_t size)
{
    const struct tw_chain_head *h = &l->head;
    memcpy(l->prev, f->any ? f->sha256 : tw_chain_origin, sizeof(l->prev));
    if (f->any && f->tail_valid && strcmp(f->tail.boot, l->boot) == 0)
        l->seq = f->tail.seq;
    if (!has_head) {
        l->head.first = 1;
        memcpy(l->head.first_prev, tw_chain_origin, sizeof(l->head.first_prev));
    }
    if (has_head && f->lines <= h->lines && strcmp(h->sha256, l->prev) != 0) {
        memcpy(l->prev, h->sha256, sizeof(l->prev));
        if (strcmp(h->boot, l->boot) == 0 && h->seq > l->seq)
            l->seq = h->seq;
        say(err, size, TW_OK,
            f->lines < h->lines ? "lines are missing at the end of the ledger"
                                : "the last line of the ledger was changed",
            l->path);
    }
    l->head.lines = f->lines;
}

static void write_head(struct tw_ledger *l)
{
    char text[TW_CHAIN_HEAD_BYTES];
    tw_chain_head_text(text, &l->head);
    /* A head that lags behind is harmless: lines beyond it are held by the chain alone. */
    ssize_t n = pwrite(l->head_fd, text, sizeof(text), 0);
    (void)n;
}

static enum tw_status open_file(struct tw_ledger *l, char *err, size_t err_size)
{
    l->fd = open(l->file, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (l->fd < 0)
        return say_errno(err, err_size, l->file);
    if (l->folder_fd >= 0 && l->sync)
        fsync(l->folder_fd); /* the name is as durable as the lines */
    return TW_OK;
}

/* One writer at a time: the lock is on the head, which is never replaced. */
static enum tw_status open_head(struct tw_ledger *l, bool *out_has, char *err, size_t err_size)
{
    char path[TW_CHAIN_PATH];
    if (!tw_chain_head_path(path, l->path, l->is_folder))
        return say(err, err_size, TW_INVALID, "the path is too long", l->path);
    l->head_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0640);
    if (l->head_fd < 0)
        return say_errno(err, err_size, path);
    if (flock(l->head_fd, LOCK_EX | LOCK_NB) != 0)
        return say(err, err_size, TW_IO, "another process is writing this ledger", l->path);
    enum tw_status status = tw_chain_head_read(path, &l->head);
    *out_has = status == TW_OK;
    if (status == TW_INVALID)
        say(err, err_size, TW_OK, "is no ledger head; it is made anew", path);
    return status == TW_IO ? say_errno(err, err_size, path) : TW_OK;
}

static enum tw_status open_place(struct tw_ledger *l, char *err, size_t err_size)
{
    if (!l->is_folder)
        return TW_OK;
    if (mkdir(l->path, 0750) != 0 && errno != EEXIST)
        return say_errno(err, err_size, l->path);
    l->folder_fd = open(l->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return l->folder_fd < 0 ? say_errno(err, err_size, l->path) : TW_OK;
}

static enum tw_status list_files(
    const struct tw_ledger *l, struct tw_chain_files *out, char *err, size_t err_size)
{
    if (!l->is_folder && access(l->path, F_OK) != 0) {
        *out = (struct tw_chain_files){0};
        return TW_OK;
    }
    enum tw_status status = tw_chain_files(l->path, out);
    if (status == TW_OK && out->is_folder != l->is_folder) {
        tw_chain_files_fini(out);
        return say(
            err, err_size, TW_INVALID, l->is_folder ? "is no folder" : "is a folder", l->path);
    }
    return status == TW_OK ? TW_OK : say_errno(err, err_size, l->path);
}

static enum tw_status open_chain(struct tw_ledger *l, char *err, size_t err_size)
{
    bool has_head = false;
    struct tw_chain_files files = {0};
    struct found found = {0};
    TW_TRY(open_place(l, err, err_size));
    TW_TRY(list_files(l, &files, err, err_size));
    enum tw_status status = open_head(l, &has_head, err, err_size);
    if (status == TW_OK && (status = scan_end(&files, &found)) != TW_OK)
        say_errno(err, err_size, l->path);
    bool named = true;
    if (files.n > 0)
        memcpy(l->file, files.list[files.n - 1].path, sizeof(l->file));
    else if (l->is_folder)
        named = tw_chain_segment_path(l->file, l->path, 1);
    else
        memcpy(l->file, l->path, sizeof(l->file));
    tw_chain_files_fini(&files);
    TW_TRY(status);
    if (!named)
        return say(err, err_size, TW_INVALID, "the path is too long", l->path);
    TW_TRY(open_file(l, err, err_size));
    TW_TRY(mend_end(l, &found, err, err_size));
    join(l, &found, has_head, err, err_size);
    return TW_OK;
}

enum tw_status tw_ledger_open(
    const struct tw_ledger_config *config, struct tw_ledger **out, char *err, size_t err_size)
{
    if (err_size > 0)
        err[0] = '\0';
    struct tw_str boot = tw_str_of(config->boot);
    if (!tw_chain_boot_valid(boot))
        return say(err, err_size, TW_INVALID, "the boot id must be of [A-Za-z0-9_-]", config->path);
    if (strlen(config->path) >= TW_CHAIN_PATH)
        return say(err, err_size, TW_INVALID, "the path is too long", config->path);
    struct tw_ledger *l = calloc(1, sizeof(*l));
    if (l == NULL)
        return TW_NO_MEMORY;
    l->fd = l->head_fd = l->folder_fd = -1;
    l->is_folder = config->is_folder;
    l->sync = config->sync;
    l->segment_bytes = config->segment_bytes ? config->segment_bytes : DEFAULT_SEGMENT;
    l->keep_bytes = config->keep_bytes ? config->keep_bytes : DEFAULT_KEEP;
    tw_str_copy(l->path, sizeof(l->path), tw_str_of(config->path));
    tw_str_copy(l->boot, sizeof(l->boot), boot);
    enum tw_status status = open_chain(l, err, err_size);
    if (status != TW_OK) {
        tw_ledger_close(l);
        return status;
    }
    *out = l;
    return TW_OK;
}

void tw_ledger_close(struct tw_ledger *l)
{
    if (l == NULL)
        return;
    if (l->fd >= 0) {
        fdatasync(l->fd);
        close(l->fd);
    }
    if (l->head_fd >= 0)
        close(l->head_fd);
    if (l->folder_fd >= 0)
        close(l->folder_fd);
    tw_text_free(&l->wire);
    tw_text_free(&l->line);
    free(l);
}

/* What the first line of a segment follows. */
static bool first_prev(const char *path, char out[TW_CHAIN_HASH])
{
    struct tw_chain_reader r;
    struct tw_chain_tail tail;
    struct tw_str line;
    bool whole;
    if (tw_chain_reader_open(&r, path) != TW_OK)
        return false;
    bool fine = tw_chain_reader_next(&r, &line, &whole) == TW_OK && tw_chain_parse(line, &tail);
    tw_chain_reader_close(&r);
    if (fine)
        memcpy(out, tail.prev, TW_CHAIN_HASH);
    return fine;
}

static size_t file_bytes(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (size_t)st.st_size : 0;
}

uint64_t tw_ledger_bytes(const char *path)
{
    struct tw_chain_files files;
    uint64_t total = 0;
    if (tw_chain_files(path, &files) != TW_OK)
        return 0;
    for (size_t i = 0; i < files.n; i++)
        total += file_bytes(files.list[i].path);
    tw_chain_files_fini(&files);
    return total;
}

/* Delete the oldest segments until what is left, with a full new one, is within keep_bytes. The
 * head says first where the ledger now begins. */
static void drop_old(struct tw_ledger *l)
{
    struct tw_chain_files files;
    if (tw_chain_files(l->path, &files) != TW_OK)
        return;
    size_t total = l->segment_bytes;
    for (size_t i = 0; i < files.n; i++)
        total += file_bytes(files.list[i].path);
    for (size_t i = 0; i + 1 < files.n && total > l->keep_bytes; i++) {
        size_t bytes = file_bytes(files.list[i].path);
        if (!first_prev(files.list[i + 1].path, l->head.first_prev))
            break;
        l->head.first = files.list[i + 1].first;
        write_head(l);
        if (unlink(files.list[i].path) != 0)
            break;
        total -= bytes;
    }
    tw_chain_files_fini(&files);
}

static enum tw_status rotate(struct tw_ledger *l)
{
    char next[TW_CHAIN_PATH];
    if (!tw_chain_segment_path(next, l->path, l->head.lines + 1))
        return TW_IO;
    int fd = open(next, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0640);
    if (fd < 0)
        return TW_IO;
    fdatasync(l->fd);
    close(l->fd);
    if (l->sync)
        fsync(l->folder_fd);
    l->fd = fd;
    l->size = 0;
    memcpy(l->file, next, sizeof(l->file));
    drop_old(l);
    return TW_OK;
}

/* The alert with the members of the chain at its end. */
static void make_line(struct tw_ledger *l, struct tw_str json)
{
    const struct tw_str open = {json.p, json.len - 1};
    const char *comma = open.len > 1 ? "," : "";
    tw_text_clear(&l->wire);
    tw_text_add_str(&l->wire, open);
    tw_text_addf(&l->wire, "%s\"boot\":\"%s\",\"seq\":%llu", comma, l->boot,
        (unsigned long long)(l->seq + 1));
    tw_text_clear(&l->line);
    tw_text_add_str(&l->line, tw_text_str(&l->wire));
    tw_text_addf(&l->line, ",\"prev\":\"%s\"}\n", l->prev);
    tw_text_addz(&l->wire, "}");
}

/* Write the line, or leave the file as it was. */
static bool write_line(struct tw_ledger *l)
{
    if (write_all(l->fd, l->line.p, l->line.len) && (!l->sync || fdatasync(l->fd) == 0)) {
        l->size += (off_t)l->line.len;
        return true;
    }
    if (ftruncate(l->fd, l->size) != 0)
        l->broken = true; /* half a line is in the way: a later one would be taken for its rest */
    return false;
}

enum tw_status tw_ledger_append(
    struct tw_ledger *l, struct tw_str json, uint64_t *out_seq, struct tw_str *out_line)
{
    if (json.len < 2 || json.len > TW_CHAIN_MAX_LINE / 2 || json.p[0] != '{' ||
        json.p[json.len - 1] != '}' || memchr(json.p, '\n', json.len) != NULL)
        return TW_INVALID;
    if (l->broken)
        return TW_IO;
    make_line(l, json);
    if (l->wire.failed || l->line.failed)
        return TW_NO_MEMORY;
    if (l->is_folder && l->size > 0 && (size_t)l->size + l->line.len > l->segment_bytes)
        TW_TRY(rotate(l));
    if (!write_line(l))
        return TW_IO;
    l->seq++;
    tw_chain_hash((struct tw_str){l->line.p, l->line.len - 1}, l->prev);
    memcpy(l->head.sha256, l->prev, sizeof(l->head.sha256));
    memcpy(l->head.boot, l->boot, sizeof(l->head.boot));
    l->head.seq = l->seq;
    l->head.lines++;
    write_head(l);
    *out_seq = l->seq;
    *out_line = tw_text_str(&l->wire);
    return TW_OK;
}

static enum tw_status each_line(
    const char *file, bool (*fn)(void *user, struct tw_str line), void *user, bool *out_more)
{
    struct tw_chain_reader r;
    struct tw_str line;
    bool whole, more = true;
    TW_TRY(tw_chain_reader_open(&r, file));
    enum tw_status status = TW_OK;
    while (more && (status = tw_chain_reader_next(&r, &line, &whole)) == TW_OK)
        more = !whole || fn(user, line); /* half a line is nobody's alert */
    tw_chain_reader_close(&r);
    *out_more = more;
    return status == TW_END ? TW_OK : status;
}

enum tw_status tw_ledger_each(
    const char *path, bool (*fn)(void *user, struct tw_str line), void *user)
{
    struct tw_chain_files files;
    TW_TRY(tw_chain_files(path, &files));
    enum tw_status status = TW_OK;
    bool more = true;
    for (size_t i = 0; more && status == TW_OK && i < files.n; i++)
        status = each_line(files.list[i].path, fn, user, &more);
    tw_chain_files_fini(&files);
    return status;
}
