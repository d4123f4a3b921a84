/* A ledger that somebody tampers with. The input is a list of edits, six bytes each and what they
 * insert, applied to a freshly written ledger of a few lines. Whatever they do: verification ends,
 * and says "whole" only for the bytes that were written; and a writer that opens the remains can go
 * on without losing a whole line. */

#include <assert.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "share/ledger.h"

enum { LINES = 6, ROOM = 65536 };

static char folder[64] = "/dev/shm/tw-fuzz-XXXXXX", file[128], head[160], cut[160];

static void clean(void)
{
    unlink(file);
    unlink(head);
    unlink(cut);
    rmdir(folder);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void make_folder(void)
{
    if (file[0] != '\0')
        return;
    if (mkdtemp(folder) == NULL)
        abort();
    snprintf(file, sizeof(file), "%s/ledger", folder);
    snprintf(head, sizeof(head), "%s.head", file);
    snprintf(cut, sizeof(cut), "%s.cut", file);
    atexit(clean);
}

static struct tw_ledger *open_ledger(const char *boot)
{
    struct tw_ledger_config config = {.path = file, .boot = boot};
    struct tw_ledger *l = NULL;
    char err[256];
    if (tw_ledger_open(&config, &l, err, sizeof(err)) != TW_OK)
        abort();
    return l;
}

static void append(struct tw_ledger *l, int i)
{
    char json[64];
    uint64_t seq;
    struct tw_str line;
    snprintf(json, sizeof(json), "{\"id\":\"alert-%d\"}", i);
    if (tw_ledger_append(l, tw_str_of(json), &seq, &line) != TW_OK)
        abort();
}

static size_t load(char *out)
{
    int fd = open(file, O_RDONLY);
    ssize_t n = read(fd, out, ROOM);
    close(fd);
    return n > 0 ? (size_t)n : 0;
}

static void store(const char *p, size_t n)
{
    int fd = open(file, O_WRONLY | O_TRUNC);
    if (write(fd, p, n) != (ssize_t)n)
        abort();
    close(fd);
}

/* One edit: at a place take `gone` bytes away and put `added` bytes there, from the input or from
 * elsewhere in the ledger. */
static size_t edit(char *text, size_t len, const uint8_t **data, size_t *size)
{
    const uint8_t *d = *data;
    size_t at = (size_t)(d[0] << 8 | d[1]) % (len + 1), gone = d[2], added = d[3] % 64;
    size_t from = (size_t)(d[4] << 8 | d[5]);
    *data += 6;
    *size -= 6;
    gone = gone < len - at ? gone : len - at;
    char insert[256];
    if (from & 0x8000) {
        from = len > 0 ? (from & 0x7fff) % len : 0;
        added = (size_t)d[3] < len - from ? (size_t)d[3] : len - from;
        memcpy(insert, text + from, added);
    } else {
        added = added < *size ? added : *size;
        memcpy(insert, *data, added);
        *data += added;
        *size -= added;
    }
    if (len - gone + added > ROOM)
        return len;
    memmove(text + at + added, text + at + gone, len - at - gone);
    memcpy(text + at, insert, added);
    return len - gone + added;
}

static bool count_line(void *user, struct tw_str line)
{
    (void)line;
    ++*(uint64_t *)user;
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char before[ROOM], after[ROOM];
    make_folder();
    unlink(file);
    unlink(head);
    unlink(cut);
    struct tw_ledger *l = open_ledger("boot-1");
    for (int i = 0; i < LINES; i++)
        append(l, i);
    tw_ledger_close(l);
    size_t len = load(before), now = len;
    memcpy(after, before, len);
    while (size >= 6)
        now = edit(after, now, &data, &size);
    store(after, now);

    struct tw_ledger_verdict v;
    enum tw_status status = tw_ledger_verify(file, &v);
    assert(status == TW_OK);
    bool same = now == len && memcmp(before, after, len) == 0;
    assert(v.ok == same);
    assert(v.ok || (v.reason[0] != '\0' && v.bad_line >= 1 && v.bad_line <= v.lines + LINES + 1));

    uint64_t whole = 0, then = 0;
    status = tw_ledger_each(file, count_line, &whole);
    assert(status == TW_OK);
    l = open_ledger("boot-2");
    append(l, LINES);
    tw_ledger_close(l);
    status = tw_ledger_each(file, count_line, &then);
    assert(status == TW_OK && then >= whole + 1);
    status = tw_ledger_verify(file, &v);
    /* Going on heals what a crash may leave behind the last line or of its newline, nothing else.
     */
    size_t end = now;
    while (end > 0 && after[end - 1] != '\n')
        end--;
    bool healable = (end == len || now == len - 1) && memcmp(before, after, len - 1) == 0;
    assert(status == TW_OK && (healable || !v.ok));
    return 0;
}
