#include "share/ledger.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "crypto/digest.h"

struct place {
    char dir[64], path[128], head[160];
};

static int set_up(void **state)
{
    struct place *p = calloc(1, sizeof(*p));
    snprintf(p->dir, sizeof(p->dir), "/tmp/tw-ledger-XXXXXX");
    if (p == NULL || mkdtemp(p->dir) == NULL)
        return -1;
    snprintf(p->path, sizeof(p->path), "%s/alerts.jsonl", p->dir);
    snprintf(p->head, sizeof(p->head), "%s.head", p->path);
    *state = p;
    return 0;
}

static void empty_folder(const char *folder)
{
    char path[512];
    DIR *d = opendir(folder);
    const struct dirent *e;
    while (d != NULL && (e = readdir(d)) != NULL) {
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 && unlink(path) != 0) {
            empty_folder(path);
            rmdir(path);
        }
    }
    if (d != NULL)
        closedir(d);
}

static int tear_down(void **state)
{
    struct place *p = *state;
    empty_folder(p->dir);
    rmdir(p->dir);
    free(p);
    return 0;
}

static struct tw_ledger *open_ledger(const char *path, bool folder, const char *boot, char err[256])
{
    struct tw_ledger_config config = {.path = path, .is_folder = folder, .boot = boot};
    struct tw_ledger *l = NULL;
    assert_int_equal(tw_ledger_open(&config, &l, err, 256), TW_OK);
    return l;
}

static void append(struct tw_ledger *l, int from, int to)
{
    for (int i = from; i <= to; i++) {
        char json[128];
        uint64_t seq;
        struct tw_str line;
        snprintf(json, sizeof(json), "{\"id\":\"alert-%d\",\"score\":%d}", i, i % 100);
        assert_int_equal(tw_ledger_append(l, tw_str_of(json), &seq, &line), TW_OK);
    }
}

static void make(const char *path, int lines)
{
    char err[256];
    struct tw_ledger *l = open_ledger(path, false, "boot-1", err);
    assert_string_equal(err, "");
    append(l, 1, lines);
    tw_ledger_close(l);
}

enum { MAX_LINES = 64 };
struct lines {
    char *text, *list[MAX_LINES];
    int n;
};

static struct lines read_lines(const char *path)
{
    struct lines l = {.text = calloc(1, 65536)};
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    assert_true(fread(l.text, 1, 65535, f) < 65535);
    fclose(f);
    char *rest = NULL;
    for (char *s = strtok_r(l.text, "\n", &rest); s != NULL; s = strtok_r(NULL, "\n", &rest)) {
        assert_true(l.n < MAX_LINES);
        l.list[l.n++] = s;
    }
    return l;
}

static void write_lines(const char *path, const struct lines *l)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    for (int i = 0; i < l->n; i++)
        fprintf(f, "%s\n", l->list[i]);
    fclose(f);
}

static struct tw_ledger_verdict verify(const char *path)
{
    struct tw_ledger_verdict v;
    assert_int_equal(tw_ledger_verify(path, &v), TW_OK);
    return v;
}

static void lines_are_chained_by_sha256(void **state)
{
    const struct place *p = *state;
    make(p->path, 5);
    struct lines l = read_lines(p->path);
    assert_int_equal(l.n, 5);
    char prev[65];
    tw_sha256_hex("", 0, prev);
    for (int i = 0; i < 5; i++) {
        char expected[512];
        snprintf(expected, sizeof(expected),
            "{\"id\":\"alert-%d\",\"score\":%d,\"boot\":\"boot-1\",\"seq\":%d,\"prev\":\"%s\"}",
            i + 1, i + 1, i + 1, prev);
        assert_string_equal(l.list[i], expected);
        tw_sha256_hex(l.list[i], strlen(l.list[i]), prev);
    }
    struct tw_ledger_verdict v = verify(p->path);
    assert_true(v.ok);
    assert_int_equal(v.lines, 5);
    free(l.text);
}

static void wire_form_has_no_prev(void **state)
{
    const struct place *p = *state;
    char err[256];
    uint64_t seq = 0;
    struct tw_str line;
    struct tw_ledger *l = open_ledger(p->path, false, "b", err);
    assert_int_equal(tw_ledger_append(l, TW_STR("{\"a\":1}"), &seq, &line), TW_OK);
    assert_true(tw_str_is(line, "{\"a\":1,\"boot\":\"b\",\"seq\":1}"));
    assert_int_equal(seq, 1);
    assert_int_equal(tw_ledger_append(l, TW_STR("{}"), &seq, &line), TW_OK);
    assert_true(tw_str_is(line, "{\"boot\":\"b\",\"seq\":2}"));
    static const char *const no_objects[] = {"", "{", "[]", "x", "{\"a\":\n1}", "{}\n"};
    for (size_t i = 0; i < sizeof(no_objects) / sizeof(no_objects[0]); i++)
        assert_int_equal(tw_ledger_append(l, tw_str_of(no_objects[i]), &seq, &line), TW_INVALID);
    tw_ledger_close(l);
    assert_true(verify(p->path).ok);
    assert_int_equal(verify(p->path).lines, 2);
}

static void same_lines_give_the_same_bytes(void **state)
{
    const struct place *p = *state;
    char other[160];
    snprintf(other, sizeof(other), "%s.other", p->path);
    make(p->path, 7);
    make(other, 7);
    struct lines a = read_lines(p->path), b = read_lines(other);
    assert_memory_equal(a.text, b.text, 65536);
    free(a.text);
    free(b.text);
}

static void a_new_start_goes_on(void **state)
{
    const struct place *p = *state;
    char err[256];
    make(p->path, 3);
    struct tw_ledger *l = open_ledger(p->path, false, "boot-2", err);
    assert_string_equal(err, "");
    append(l, 4, 5);
    tw_ledger_close(l);
    l = open_ledger(p->path, false, "boot-2", err); /* the same boot counts on */
    append(l, 6, 6);
    tw_ledger_close(l);
    struct tw_ledger_verdict v = verify(p->path);
    assert_true(v.ok);
    assert_int_equal(v.lines, 6);
    struct lines lines = read_lines(p->path);
    assert_non_null(strstr(lines.list[3], "\"boot\":\"boot-2\",\"seq\":1,"));
    assert_non_null(strstr(lines.list[5], "\"boot\":\"boot-2\",\"seq\":3,"));
    free(lines.text);
}

static void only_one_may_write(void **state)
{
    const struct place *p = *state;
    char err[256];
    struct tw_ledger *first = open_ledger(p->path, false, "b", err), *second = NULL;
    struct tw_ledger_config config = {.path = p->path, .boot = "b"};
    assert_int_equal(tw_ledger_open(&config, &second, err, sizeof(err)), TW_IO);
    assert_non_null(strstr(err, "another process"));
    config.boot = "not/fit";
    assert_int_equal(tw_ledger_open(&config, &second, err, sizeof(err)), TW_INVALID);
    tw_ledger_close(first);
    tw_ledger_close(NULL);
}

/* ---- what somebody may do to a ledger ---- */

enum { N = 9 };
enum tamper {
    CHANGE_TEXT,
    CHANGE_SEQ,
    CHANGE_PREV,
    CUT_OUT,
    COPY_NEXT_TO_IT,
    COPY_TO_END,
    CHANGED_COPY,
    ADD_FOREIGN,
    ADD_LINKED,
    SWAP_WITH_NEXT,
    MOVE_TO_END,
    MOVE_TO_START,
    BREAK_IN_TWO,
    EMPTY_LINE,
    TAMPERS
};

static void insert(struct lines *l, int at, char *line)
{
    memmove(&l->list[at + 1], &l->list[at], (size_t)(l->n - at) * sizeof(l->list[0]));
    l->list[at] = line;
    l->n++;
}

static char *take(struct lines *l, int at)
{
    char *line = l->list[at];
    memmove(&l->list[at], &l->list[at + 1], (size_t)(l->n - at - 1) * sizeof(l->list[0]));
    l->n--;
    return line;
}

/* A line that says it follows line `at` and comes before line `at` + 1. */
static char *foreign(const struct lines *l, int at, bool linked, char out[512])
{
    char prev[65];
    const char *after = linked && at > 0 ? l->list[at - 1] : "";
    tw_sha256_hex(after, strlen(after), prev);
    if (!linked)
        prev[0] = prev[0] == 'a' ? 'b' : 'a';
    snprintf(out, 512, "{\"id\":\"foreign\",\"boot\":\"boot-1\",\"seq\":%d,\"prev\":\"%s\"}",
        at + 1, prev);
    return out;
}

static void change(char *line, const char *mark)
{
    char *at = strstr(line, mark);
    assert_non_null(at);
    at += strlen(mark);
    *at = *at == '7' ? '8' : '7';
}

/* Do `what` to line `at` (0-based). Returns the number of the line that is to be named, its
 * reason's first word in `out_word`. */
static int do_tamper(
    struct lines *l, enum tamper what, int at, char extra[512], const char **out_word)
{
    char *line;
    *out_word = "changed";
    switch (what) {
    case CHANGE_TEXT:
        change(l->list[at], "alert-");
        return at + 1;
    case CHANGE_SEQ:
        change(l->list[at], "\"seq\":");
        return at + 1;
    case CHANGE_PREV:
        change(l->list[at], "\"prev\":\"");
        return at + 1;
    case CUT_OUT:
        take(l, at);
        *out_word = "missing";
        return at + 1;
    case COPY_NEXT_TO_IT:
        insert(l, at + 1, l->list[at]);
        *out_word = "added";
        return at + 2;
    case COPY_TO_END:
        insert(l, l->n, l->list[at]);
        *out_word = "added";
        return l->n;
    case CHANGED_COPY:
        snprintf(extra, 512, "%s", l->list[at]);
        change(extra, "alert-");
        insert(l, at + 1, extra);
        *out_word = "added";
        return at + 2;
    case ADD_FOREIGN:
    case ADD_LINKED:
        insert(l, at, foreign(l, at, what == ADD_LINKED, extra));
        *out_word = "added";
        return at + 1;
    case SWAP_WITH_NEXT:
        insert(l, at + 1, take(l, at));
        *out_word = "moved";
        return at + 1;
    case MOVE_TO_END:
        line = take(l, at);
        insert(l, l->n, line);
        *out_word = "moved";
        return at + 1;
    case MOVE_TO_START:
        insert(l, 0, take(l, at));
        *out_word = "moved";
        return 1;
    case BREAK_IN_TWO:
        l->list[at][10] = '\n';
        return at + 1;
    case EMPTY_LINE:
        snprintf(extra, 512, "%s", "");
        insert(l, at, extra);
        *out_word = "added";
        return at + 1;
    case TAMPERS:
        break;
    }
    return 0;
}

static bool applies(enum tamper what, int at)
{
    if (what == SWAP_WITH_NEXT || what == MOVE_TO_END)
        return at < N - 1;
    return what != MOVE_TO_START || at > 0;
}

static void every_tamper_at_every_line_is_named(void **state)
{
    const struct place *p = *state;
    make(p->path, N);
    struct lines original = read_lines(p->path);
    for (int what = 0; what < TAMPERS; what++) {
        for (int at = 0; at < N; at++) {
            if (!applies((enum tamper)what, at))
                continue;
            char extra[512], *text = malloc(65536);
            const char *word;
            memcpy(text, original.text, 65536);
            struct lines l = {.text = text, .n = original.n};
            for (int i = 0; i < l.n; i++)
                l.list[i] = text + (original.list[i] - original.text);
            int bad = do_tamper(&l, (enum tamper)what, at, extra, &word);
            write_lines(p->path, &l);
            struct tw_ledger_verdict v = verify(p->path);
            if (v.ok || v.bad_line != (uint64_t)bad || strstr(v.reason, word) != v.reason)
                print_error("tamper %d at line %d of %d: named %d, expected %d %s: %s\n", what,
                    at + 1, N, (int)v.bad_line, bad, word, v.reason);
            assert_false(v.ok);
            assert_int_equal(v.bad_line, bad);
            assert_ptr_equal(strstr(v.reason, word), v.reason);
            assert_string_equal(v.file, p->path);
            assert_int_equal(v.line_in_file, bad);
            free(text);
        }
    }
    free(original.text);
}

/* Any byte of any line, set to something else, and any place to cut the file off. */
static void no_byte_may_change_and_no_end_be_cut(void **state)
{
    const struct place *p = *state;
    make(p->path, 3);
    int fd = open(p->path, O_RDWR);
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    for (off_t at = 0; at < st.st_size; at++) {
        char was, now;
        assert_int_equal(pread(fd, &was, 1, at), 1);
        now = was == 'x' ? 'y' : 'x';
        assert_int_equal(pwrite(fd, &now, 1, at), 1);
        struct tw_ledger_verdict v = verify(p->path);
        assert_false(v.ok);
        assert_in_range(v.bad_line, 1, 3);
        assert_int_equal(pwrite(fd, &was, 1, at), 1);
    }
    assert_true(verify(p->path).ok);
    for (off_t size = st.st_size - 1; size >= 0; size--) {
        assert_int_equal(ftruncate(fd, size), 0);
        struct tw_ledger_verdict v = verify(p->path);
        assert_false(v.ok);
        assert_true(strncmp(v.reason, "cut", 3) == 0 || strncmp(v.reason, "missing", 7) == 0);
        assert_int_equal(v.bad_line, v.reason[0] == 'c' ? v.lines : v.lines + 1);
    }
    close(fd);
}

static void without_head_the_chain_still_holds(void **state)
{
    const struct place *p = *state;
    make(p->path, 5);
    unlink(p->head);
    assert_true(verify(p->path).ok);
    struct lines l = read_lines(p->path);
    change(l.list[2], "alert-");
    write_lines(p->path, &l);
    assert_int_equal(verify(p->path).bad_line, 3);
    free(l.text);
}

static void head_that_is_none_is_named(void **state)
{
    const struct place *p = *state;
    make(p->path, 2);
    int fd = open(p->head, O_WRONLY);
    assert_int_equal(pwrite(fd, "{\"lines\":9", 10, 0), 10);
    assert_int_equal(ftruncate(fd, 40), 0);
    close(fd);
    struct tw_ledger_verdict v = verify(p->path);
    assert_false(v.ok);
    assert_non_null(strstr(v.reason, "head"));
}

/* ---- crashes ---- */

static void a_cut_line_is_set_aside_and_the_chain_goes_on(void **state)
{
    const struct place *p = *state;
    char err[256], aside[160];
    make(p->path, 3);
    struct stat st;
    assert_int_equal(stat(p->path, &st), 0);
    FILE *f = fopen(p->path, "a");
    fputs("{\"id\":\"alert-4\",\"sco", f);
    fclose(f);
    struct tw_ledger_verdict v = verify(p->path);
    assert_int_equal(v.bad_line, 4);
    struct tw_ledger *l = open_ledger(p->path, false, "boot-2", err);
    assert_non_null(strstr(err, "cut short"));
    append(l, 4, 4);
    tw_ledger_close(l);
    v = verify(p->path);
    assert_true(v.ok);
    assert_int_equal(v.lines, 4);
    snprintf(aside, sizeof(aside), "%s.cut", p->path);
    struct lines cut = read_lines(aside);
    assert_int_equal(cut.n, 1);
    assert_string_equal(cut.list[0], "{\"id\":\"alert-4\",\"sco");
    free(cut.text);
}

static void a_line_that_lacks_only_its_newline_is_kept(void **state)
{
    const struct place *p = *state;
    char err[256];
    make(p->path, 3);
    struct stat st;
    assert_int_equal(stat(p->path, &st), 0);
    assert_int_equal(truncate(p->path, st.st_size - 1), 0);
    struct tw_ledger *l = open_ledger(p->path, false, "boot-2", err);
    assert_string_equal(err, "");
    append(l, 4, 4);
    tw_ledger_close(l);
    assert_true(verify(p->path).ok);
    assert_int_equal(verify(p->path).lines, 4);
}

/* Lines that were there are gone at the next start: writing goes on, but the gap stays visible. */
static void going_on_does_not_heal_a_missing_end(void **state)
{
    const struct place *p = *state;
    char err[256];
    make(p->path, 6);
    struct lines l = read_lines(p->path);
    l.n = 4;
    write_lines(p->path, &l);
    struct tw_ledger *ledger = open_ledger(p->path, false, "boot-2", err);
    assert_non_null(strstr(err, "missing at the end"));
    append(ledger, 7, 9);
    tw_ledger_close(ledger);
    struct tw_ledger_verdict v = verify(p->path);
    assert_false(v.ok);
    assert_in_range(v.bad_line, 4, 5);
    free(l.text);
}

static void head_may_lag_behind(void **state)
{
    const struct place *p = *state;
    char old[1024];
    make(p->path, 3);
    int fd = open(p->head, O_RDWR);
    ssize_t n = pread(fd, old, sizeof(old), 0);
    assert_true(n > 0);
    char err[256];
    struct tw_ledger *l = open_ledger(p->path, false, "boot-1", err);
    append(l, 4, 5);
    tw_ledger_close(l);
    assert_int_equal(pwrite(fd, old, (size_t)n, 0), n);
    close(fd);
    assert_true(verify(p->path).ok);
    l = open_ledger(p->path, false, "boot-1", err);
    append(l, 6, 6);
    tw_ledger_close(l);
    assert_true(verify(p->path).ok);
    assert_int_equal(verify(p->path).lines, 6);
}

/* Killed at any moment: what append returned is there, and the chain can be continued. */
static void kill_at_any_moment(void **state)
{
    const struct place *p = *state;
    char err[256];
    for (int round = 0; round < 20; round++) {
        int pipe_fds[2];
        assert_int_equal(pipe(pipe_fds), 0);
        pid_t pid = fork();
        if (pid == 0) {
            char boot[32];
            snprintf(boot, sizeof(boot), "boot-%d", round);
            struct tw_ledger *l = open_ledger(p->path, false, boot, err);
            for (int i = 0;; i++) {
                append(l, i, i);
                if (write(pipe_fds[1], "x", 1) != 1)
                    _exit(1);
            }
        }
        close(pipe_fds[1]);
        char block[256];
        ssize_t n = read(pipe_fds[0], block, 1);
        usleep((useconds_t)(round * 100));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        uint64_t confirmed = n > 0 ? (uint64_t)n : 0;
        while ((n = read(pipe_fds[0], block, sizeof(block))) > 0)
            confirmed += (uint64_t)n;
        close(pipe_fds[0]);
        static uint64_t before;
        before = round == 0 ? 0 : before;
        struct tw_ledger *l = open_ledger(p->path, false, "check", err);
        tw_ledger_close(l);
        struct tw_ledger_verdict v = verify(p->path);
        assert_true(v.ok);
        assert_true(v.lines >= before + confirmed);
        before = v.lines;
    }
}

/* ---- folders of segments ---- */

static int segments(const char *folder)
{
    DIR *d = opendir(folder);
    const struct dirent *e;
    int n = 0;
    while ((e = readdir(d)) != NULL)
        n += strncmp(e->d_name, "alerts-", 7) == 0;
    closedir(d);
    return n;
}

static struct tw_ledger *open_folder(
    const char *path, size_t segment, size_t keep, const char *boot)
{
    char err[256];
    struct tw_ledger_config config = {.path = path,
        .is_folder = true,
        .segment_bytes = segment,
        .keep_bytes = keep,
        .boot = boot,
        .sync = true};
    struct tw_ledger *l = NULL;
    assert_int_equal(tw_ledger_open(&config, &l, err, sizeof(err)), TW_OK);
    assert_string_equal(err, "");
    return l;
}

static bool count_line(void *user, struct tw_str line)
{
    int *n = user;
    assert_true(line.len > 0);
    return ++*n < 20;
}

static void the_chain_runs_over_segments(void **state)
{
    const struct place *p = *state;
    char folder[128], second[160], file[256];
    int n = 0;
    snprintf(folder, sizeof(folder), "%s/ledger", p->dir);
    for (int start = 0; start < 4; start++) {
        char boot[32];
        snprintf(boot, sizeof(boot), "boot-%d", start);
        struct tw_ledger *l = open_folder(folder, 1000, 0, boot);
        append(l, 1, 10);
        tw_ledger_close(l);
    }
    assert_true(segments(folder) >= 6);
    struct tw_ledger_verdict v = verify(folder);
    assert_true(v.ok);
    assert_int_equal(v.lines, 40);
    assert_int_equal(tw_ledger_each(folder, count_line, &n), TW_OK);
    assert_int_equal(n, 20);
    /* Without the second segment. */
    snprintf(second, sizeof(second), "%s/gone", p->dir);
    for (int first = 2; first < 20; first++) {
        snprintf(file, sizeof(file), "%s/alerts-%012d.jsonl", folder, first);
        if (rename(file, second) != 0)
            continue;
        v = verify(folder);
        assert_false(v.ok);
        assert_int_equal(v.bad_line, first);
        assert_memory_equal(v.reason, "missing", 7);
        assert_int_equal(v.line_in_file, 1);
        assert_int_equal(rename(second, file), 0);
        break;
    }
    /* Without the first. */
    snprintf(file, sizeof(file), "%s/alerts-%012d.jsonl", folder, 1);
    assert_int_equal(rename(file, second), 0);
    v = verify(folder);
    assert_false(v.ok);
    assert_int_equal(v.bad_line, 1);
    assert_non_null(strstr(v.reason, "at the beginning"));
}

static void tampering_is_found_in_any_segment(void **state)
{
    const struct place *p = *state;
    char folder[128];
    snprintf(folder, sizeof(folder), "%s/ledger", p->dir);
    struct tw_ledger *l = open_folder(folder, 1000, 0, "b");
    append(l, 1, 30);
    tw_ledger_close(l);
    DIR *d = opendir(folder);
    const struct dirent *e;
    while ((e = readdir(d)) != NULL) {
        char file[512];
        int first;
        if (sscanf(e->d_name, "alerts-%d.jsonl", &first) != 1)
            continue;
        snprintf(file, sizeof(file), "%s/%s", folder, e->d_name);
        struct lines lines = read_lines(file);
        for (int i = 0; i < lines.n; i++) {
            change(lines.list[i], "alert-");
            write_lines(file, &lines);
            struct tw_ledger_verdict v = verify(folder);
            assert_false(v.ok);
            assert_int_equal(v.bad_line, first + i);
            assert_string_equal(v.file, file);
            assert_int_equal(v.line_in_file, i + 1);
            free(lines.text);
            /* Put it back: the digit is the last of the line's number. */
            lines = read_lines(file);
            char *at = strstr(lines.list[i], "alert-") + 6;
            *at = (char)('0' + (first + i < 10 ? first + i : (first + i) / 10));
            write_lines(file, &lines);
            assert_true(verify(folder).ok);
        }
        free(lines.text);
    }
    closedir(d);
}

static void old_segments_are_dropped_and_the_rest_verifies(void **state)
{
    const struct place *p = *state;
    char folder[128], file[256];
    snprintf(folder, sizeof(folder), "%s/ledger", p->dir);
    struct tw_ledger *l = open_folder(folder, 1000, 4000, "b");
    append(l, 1, 200);
    tw_ledger_close(l);
    assert_in_range(segments(folder), 2, 5);
    struct tw_ledger_verdict v = verify(folder);
    assert_true(v.ok);
    assert_in_range(v.lines, 5, 40);
    l = open_folder(folder, 1000, 4000, "c");
    append(l, 1, 20);
    tw_ledger_close(l);
    v = verify(folder);
    assert_true(v.ok);
    /* One more segment gone than the ledger dropped itself. */
    for (int first = 1; first < 230; first++) {
        snprintf(file, sizeof(file), "%s/alerts-%012d.jsonl", folder, first);
        if (unlink(file) == 0)
            break;
    }
    v = verify(folder);
    assert_false(v.ok);
    assert_non_null(strstr(v.reason, "at the beginning"));
}

static void nothing_there(void **state)
{
    const struct place *p = *state;
    struct tw_ledger_verdict v;
    int n = 0;
    assert_int_equal(tw_ledger_verify(p->path, &v), TW_IO);
    assert_int_equal(tw_ledger_each(p->path, count_line, &n), TW_IO);
    make(p->path, 0);
    v = verify(p->path);
    assert_true(v.ok);
    assert_int_equal(v.lines, 0);
}

/* The disk is full in the middle of a line: nothing half remains, and it goes on when there is
 * room. */
static void a_full_disk_leaves_whole_lines(void **state)
{
    const struct place *p = *state;
    char err[256];
    make(p->path, 3);
    struct stat st;
    assert_int_equal(stat(p->path, &st), 0);
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGXFSZ, SIG_IGN);
        struct rlimit limit = {(rlim_t)st.st_size + 100, RLIM_INFINITY};
        struct tw_ledger *l = open_ledger(p->path, false, "boot-2", err);
        uint64_t seq;
        struct tw_str line;
        setrlimit(RLIMIT_FSIZE, &limit);
        bool refused = tw_ledger_append(l, TW_STR("{\"id\":4}"), &seq, &line) == TW_IO;
        limit.rlim_cur = RLIM_INFINITY;
        setrlimit(RLIMIT_FSIZE, &limit);
        bool taken = tw_ledger_append(l, TW_STR("{\"id\":4}"), &seq, &line) == TW_OK && seq == 1;
        _exit(refused && taken ? 0 : 1);
    }
    int status = -1;
    waitpid(pid, &status, 0);
    assert_int_equal(status, 0);
    assert_true(verify(p->path).ok);
    assert_int_equal(verify(p->path).lines, 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(lines_are_chained_by_sha256),
        TEST(wire_form_has_no_prev),
        TEST(same_lines_give_the_same_bytes),
        TEST(a_new_start_goes_on),
        TEST(only_one_may_write),
        TEST(every_tamper_at_every_line_is_named),
        TEST(no_byte_may_change_and_no_end_be_cut),
        TEST(without_head_the_chain_still_holds),
        TEST(head_that_is_none_is_named),
        TEST(a_cut_line_is_set_aside_and_the_chain_goes_on),
        TEST(a_line_that_lacks_only_its_newline_is_kept),
        TEST(going_on_does_not_heal_a_missing_end),
        TEST(head_may_lag_behind),
        TEST(kill_at_any_moment),
        TEST(the_chain_runs_over_segments),
        TEST(tampering_is_found_in_any_segment),
        TEST(old_segments_are_dropped_and_the_rest_verifies),
        TEST(nothing_there),
        TEST(a_full_disk_leaves_whole_lines),
    };
    return cmocka_run_group_tests_name("ledger", tests, NULL, NULL);
}
