#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "share/chain.h"
#include "share/ledger.h"

/* A walk along the chain stops at the first line that does not follow the one before it. One line's
 * hash says that something is wrong there, not what: a second walk looks where the line that it
 * follows, the line that should be there, and a copy of it are now. Together with the numbering
 * that tells a changed line from one that was added, moved or cut out. Memory does not grow with
 * the ledger. */

struct place {
    uint64_t number; /* 1-based over all files */
    struct tw_chain_tail tail;
    char hash[TW_CHAIN_HASH];
};

struct walk {
    const struct tw_chain_files *files;
    bool has_head;
    struct tw_chain_head head;
    struct place at, before;  /* this line and the one before; number 0: none */
    uint64_t first_number;    /* number since the ledger began of line 1 */
    bool segment_gap;         /* this line begins a segment whose name says that lines are
                                 missing before it */
    uint64_t known_to_head;   /* the line that the head tells of, as it tells; 0: none */
    uint64_t unknown_to_head; /* the line that the head knows otherwise; 0: none. Said at
                                 the end: a later line may tell more */
    struct tw_ledger_verdict *verdict;
};

/* What a second walk finds about the line that does not fit. 0: nowhere. */
struct clues {
    uint64_t follows;            /* the line that it follows */
    uint64_t successor;          /* another line that follows the one before it */
    uint64_t copy;               /* another line with the same bytes */
    bool has_next, next_follows; /* there is a next line, and it follows this one */
};

static bool same(const char *a, const char *b)
{
    return strcmp(a, b) == 0;
}

__attribute__((format(printf, 3, 4))) static bool wrong(
    struct walk *w, uint64_t line, const char *reason, ...)
{
    va_list args;
    w->verdict->ok = false;
    w->verdict->bad_line = line;
    va_start(args, reason);
    vsnprintf(w->verdict->reason, sizeof(w->verdict->reason), reason, args);
    va_end(args);
    return false;
}

/* Calls `fn` for every line; it returns false to stop. */
typedef bool (*line_fn)(
    void *user, const struct tw_chain_file *file, uint64_t in_file, struct tw_str line, bool whole);

static enum tw_status each(const struct tw_chain_files *files, line_fn fn, void *user)
{
    bool more = true;
    for (size_t i = 0; more && i < files->n; i++) {
        struct tw_chain_reader r;
        struct tw_str line;
        bool whole;
        uint64_t in_file = 0;
        enum tw_status status;
        TW_TRY(tw_chain_reader_open(&r, files->list[i].path));
        while ((status = tw_chain_reader_next(&r, &line, &whole)) == TW_OK && more)
            more = fn(user, &files->list[i], ++in_file, line, whole);
        tw_chain_reader_close(&r);
        if (status != TW_OK && status != TW_END)
            return status;
    }
    return TW_OK;
}

struct search {
    const struct walk *w;
    const char *should_follow; /* hash of the line before the one in question */
    struct clues clues;
    uint64_t number;
};

static bool look(
    void *user, const struct tw_chain_file *file, uint64_t in_file, struct tw_str line, bool whole)
{
    (void)file, (void)in_file, (void)whole;
    struct search *s = user;
    const struct place *odd = &s->w->at;
    char hash[TW_CHAIN_HASH];
    struct tw_chain_tail tail;
    s->number++;
    tw_chain_hash(line, hash);
    bool parsed = tw_chain_parse(line, &tail);
    if (s->number == odd->number + 1) {
        s->clues.has_next = true;
        s->clues.next_follows = parsed && same(tail.prev, odd->hash);
    }
    if (s->number == odd->number)
        return true;
    if (same(hash, odd->tail.prev) && s->clues.follows == 0)
        s->clues.follows = s->number;
    if (same(hash, odd->hash) && s->clues.copy == 0)
        s->clues.copy = s->number;
    if (parsed && same(tail.prev, s->should_follow) && s->clues.successor == 0)
        s->clues.successor = s->number;
    return true;
}

/* Nothing of this line or its neighbours is anywhere else: one of them was changed, or lines
 * between them are gone. */
static bool changed_or_missing(struct walk *w, const struct clues *c)
{
    const struct place *at = &w->at, *before = &w->before;
    bool same_boot = before->number != 0 && same(at->tail.boot, before->tail.boot);
    uint64_t expected = same_boot ? before->tail.seq + 1 : 1;
    if (w->segment_gap)
        return wrong(w, at->number, "missing: lines at the end of the file before this one");
    if (at->tail.seq > expected && (before->number != 0 || w->first_number == 1))
        return wrong(w, at->number,
            "missing: %" PRIu64 " line(s) before this one, from seq %" PRIu64 " on",
            at->tail.seq - expected, expected);
    bool intact = c->has_next ? c->next_follows : !w->has_head || same(w->head.sha256, at->hash);
    if (before->number == 0 || !intact)
        return wrong(w, at->number, "changed: this line is not as it was written");
    if (!same_boot)
        return wrong(w, before->number,
            "changed, or lines after it are missing: the next line follows another one");
    return wrong(w, before->number, "changed: the next line follows another version of this line");
}

/* The hash that this line has to follow. Of the first line that is kept only the head knows what
 * that was: NULL when there is no head. */
static const char *what_comes_before(const struct walk *w)
{
    if (w->before.number != 0)
        return w->before.hash;
    if (w->first_number == 1)
        return tw_chain_origin;
    return w->has_head && w->head.first == w->first_number ? w->head.first_prev : NULL;
}

/* `w->at` does not follow `w->before`. */
static enum tw_status diagnose(struct walk *w)
{
    const uint64_t at = w->at.number;
    struct search s = {.w = w, .should_follow = what_comes_before(w)};
    TW_TRY(each(w->files, look, &s));
    const struct clues *c = &s.clues;
    bool begins = at > 1 && w->first_number == 1 && same(w->at.tail.prev, tw_chain_origin);
    if (c->copy != 0)
        wrong(w, at, "added: a copy of line %" PRIu64, c->copy);
    else if (c->follows > at && c->successor != 0)
        wrong(w, at, "moved: the line that belongs here is now line %" PRIu64, c->successor);
    else if (c->successor != 0)
        wrong(w, at, "added: lines %" PRIu64 " to %" PRIu64, at, c->successor - 1);
    else if (at > 1 && w->known_to_head == at - 1 && (begins || c->follows != 0))
        wrong(w, at, "added: behind the last line that was written");
    else if (begins)
        wrong(w, 1, "added: lines 1 to %" PRIu64 ", before what was the first", at - 1);
    else if (c->follows != 0 && c->follows < at)
        wrong(w, c->follows + 1, "added: lines %" PRIu64 " to %" PRIu64, c->follows + 1, at - 1);
    else if (c->follows != 0)
        wrong(w, at, "moved: it follows what is now line %" PRIu64, c->follows);
    else
        changed_or_missing(w, c);
    return TW_OK;
}

/* Is `at` numbered as the line after `before`? */
static bool in_sequence(const struct walk *w)
{
    const struct place *at = &w->at, *before = &w->before;
    if (before->number == 0)
        return w->first_number != 1 || at->tail.seq == 1;
    if (same(at->tail.boot, before->tail.boot))
        return at->tail.seq == before->tail.seq + 1;
    return at->tail.seq == 1;
}

static bool follows(const struct walk *w)
{
    const char *hash = what_comes_before(w);
    return hash == NULL || same(w->at.tail.prev, hash);
}

struct check {
    struct walk *w;
    enum tw_status status;
};

static bool check_line(
    void *user, const struct tw_chain_file *file, uint64_t in_file, struct tw_str line, bool whole)
{
    struct check *c = user;
    struct walk *w = c->w;
    w->before = w->at;
    w->at.number++;
    w->verdict->lines++;
    uint64_t named = in_file == 1 ? file->first : 0;
    w->segment_gap = named > w->first_number + w->at.number - 1;
    if (!whole)
        return wrong(w, w->at.number, "cut: the line has no end");
    if (line.len == 0)
        return wrong(w, w->at.number, "added: an empty line");
    if (!tw_chain_parse(line, &w->at.tail))
        return wrong(w, w->at.number, "changed: it does not end with boot, seq and prev");
    tw_chain_hash(line, w->at.hash);
    if (!follows(w)) {
        c->status = diagnose(w);
        return false;
    }
    if (!in_sequence(w))
        return wrong(w, w->at.number, "changed: its seq does not follow the line before");
    if (named != 0 && named != w->first_number + w->at.number - 1)
        return wrong(w, w->at.number, "moved: the name of its file does not fit its place");
    if (w->has_head && w->head.lines == w->first_number + w->at.number - 1) {
        uint64_t *which =
            same(w->head.sha256, w->at.hash) ? &w->known_to_head : &w->unknown_to_head;
        *which = w->at.number;
    }
    return true;
}

struct count {
    uint64_t wanted, number;
    struct tw_ledger_verdict *verdict;
};

static bool find_place(
    void *user, const struct tw_chain_file *file, uint64_t in_file, struct tw_str line, bool whole)
{
    (void)line, (void)whole;
    struct count *c = user;
    if (++c->number > c->wanted)
        return false;
    tw_str_copy(c->verdict->file, sizeof(c->verdict->file), tw_str_of(file->path));
    c->verdict->line_in_file = in_file;
    return c->number < c->wanted;
}

/* Which file the bad line is in; for one that is missing at the end, behind the last. */
static enum tw_status locate(const struct tw_chain_files *files, struct tw_ledger_verdict *v)
{
    struct count c = {.wanted = v->bad_line, .verdict = v};
    if (v->ok || v->bad_line == 0)
        return TW_OK;
    if (files->n > 0)
        tw_str_copy(v->file, sizeof(v->file), tw_str_of(files->list[0].path));
    v->line_in_file = 1;
    TW_TRY(each(files, find_place, &c));
    if (c.number < c.wanted && c.number > 0)
        v->line_in_file++;
    return TW_OK;
}

static void check_end(struct walk *w)
{
    uint64_t last = w->first_number + w->at.number - 1;
    if (w->verdict->ok && w->unknown_to_head != 0)
        wrong(w, w->unknown_to_head, "changed: the head knows another version of this line");
    if (w->verdict->ok && w->has_head && w->head.lines > last)
        wrong(w, w->at.number + 1, "missing: %" PRIu64 " line(s) at the end", w->head.lines - last);
}

/* Segments that are gone from the beginning, other than those that the writer dropped itself. */
static bool check_start(struct walk *w)
{
    uint64_t begins = w->has_head ? w->head.first : 1;
    if (w->files->n > 0)
        w->first_number = w->files->list[0].first;
    if (w->has_head && w->files->n > 0 && w->first_number > begins)
        return wrong(
            w, 1, "missing: %" PRIu64 " line(s) at the beginning", w->first_number - begins);
    return true;
}

static enum tw_status read_head(struct walk *w, const char *path)
{
    char head_path[TW_CHAIN_PATH];
    if (!tw_chain_head_path(head_path, path, w->files->is_folder))
        return TW_INVALID;
    enum tw_status status = tw_chain_head_read(head_path, &w->head);
    w->has_head = status == TW_OK;
    if (status == TW_INVALID)
        wrong(w, 0, "changed: the head file is none");
    return status == TW_IO ? TW_IO : TW_OK;
}

enum tw_status tw_ledger_verify(const char *path, struct tw_ledger_verdict *out)
{
    struct tw_chain_files files;
    struct tw_ledger_verdict verdict = {.ok = true};
    TW_TRY(tw_chain_files(path, &files));
    struct walk w = {.files = &files, .first_number = 1, .verdict = &verdict};
    struct check check = {.w = &w, .status = TW_OK};
    enum tw_status status = read_head(&w, path);
    if (status == TW_OK && verdict.ok && check_start(&w)) {
        status = each(&files, check_line, &check);
        check_end(&w);
    }
    if (status == TW_OK)
        status = check.status;
    if (status == TW_OK)
        status = locate(&files, &verdict);
    tw_chain_files_fini(&files);
    if (status == TW_OK)
        *out = verdict;
    return status;
}
