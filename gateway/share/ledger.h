#pragma once
/* The append-only, hash-chained record of every alert line. A line is the alert's JSON with "boot",
 * "seq" and "prev" (SHA-256 of the line before, newline excluded; of nothing for the first) added,
 * and is on disk (fdatasync by policy) before it is offered to anybody. Segments rotate by size;
 * the chain runs on. */

#include "base/status.h"
#include "base/str.h"
#include "base/text.h"

struct tw_ledger;

struct tw_ledger_config {
    const char *path; /* a file (replay --ledger), or a folder of segments (run) */
    bool is_folder;
    size_t segment_bytes, keep_bytes; /* folder only; 0: 64 MiB, 4 GiB */
    const char *boot; /* this start's id: the caller's, so that replay can be repeatable */
    bool sync;        /* fdatasync each line */
};
/* Continue the chain that is there (its tail is checked), or begin one. Beside the ledger lies its
 * head (FILE.head, FOLDER/LEDGER.head): number and hash of the last line, so that verification
 * notices a missing end. What a crash left of a line is moved to a file of the same name with .cut.
 * When lines are missing or changed at the end, the next line follows those that were there, so
 * that the break stays visible. On TW_OK `err` is empty or holds such a remark, which is worth a
 * warning. One writer at a time. */
TW_MUST_CHECK enum tw_status tw_ledger_open(
    const struct tw_ledger_config *config, struct tw_ledger **out, char *err, size_t err_size);
void tw_ledger_close(struct tw_ledger *l);
/* Append. `out_line` is the wire form: the alert with boot and seq (without prev), good until the
 * next call. */
TW_MUST_CHECK enum tw_status tw_ledger_append(
    struct tw_ledger *l, struct tw_str alert_json, uint64_t *out_seq, struct tw_str *out_line);

/* Size of all that lies at `path` now; 0 when nothing does. Any thread. */
uint64_t tw_ledger_bytes(const char *path);

struct tw_ledger_verdict {
    bool ok;
    uint64_t lines, bad_line; /* 1-based over all segments, of the first that is wrong */
    char file[512];
    uint64_t line_in_file;
    char reason[256]; /* changed, cut, added, moved, missing: what is known */
};
/* TW_IO when it can not be read. */
TW_MUST_CHECK enum tw_status tw_ledger_verify(const char *path, struct tw_ledger_verdict *out);
/* Every line of a file or folder, in order. `fn` returns false to stop. */
TW_MUST_CHECK enum tw_status tw_ledger_each(
    const char *path, bool (*fn)(void *user, struct tw_str line), void *user);
