#pragma once
/* What the lines of a ledger have in common for writer, reader and verifier: the three members at
 * the end of each line, the files of a ledger in order, and the head, a small file beside it that
 * says where the chain ends and begins, so that a missing end is noticed. */

#include "base/status.h"
#include "base/str.h"
#include "base/text.h"

enum { TW_CHAIN_HASH = 65, TW_CHAIN_BOOT = 65, TW_CHAIN_PATH = 512, TW_CHAIN_MAX_LINE = 16 << 20 };

/* SHA-256 of nothing: what the very first line follows. */
extern const char tw_chain_origin[TW_CHAIN_HASH];

/* ,"boot":"B","seq":N,"prev":"H"} at the end of a line. */
struct tw_chain_tail {
    char boot[TW_CHAIN_BOOT], prev[TW_CHAIN_HASH];
    uint64_t seq;
};
bool tw_chain_boot_valid(struct tw_str boot);
/* False when `line` does not end like that. */
bool tw_chain_parse(struct tw_str line, struct tw_chain_tail *out);
void tw_chain_hash(struct tw_str line, char out[TW_CHAIN_HASH]);

/* The files of a ledger: the one file, or the segments of a folder. A segment's name is the number
 * of its first line since the ledger began. */
struct tw_chain_file {
    char path[TW_CHAIN_PATH];
    uint64_t first; /* 1 for a single file */
};
struct tw_chain_files {
    struct tw_chain_file *list;
    size_t n;
    bool is_folder;
};
TW_MUST_CHECK enum tw_status tw_chain_files(const char *path, struct tw_chain_files *out);
void tw_chain_files_fini(struct tw_chain_files *files);
/* False when the path is too long. */
bool tw_chain_segment_path(char out[TW_CHAIN_PATH], const char *folder, uint64_t first);

struct tw_chain_head {
    uint64_t lines;             /* number of the last line; 0: none yet */
    char sha256[TW_CHAIN_HASH]; /* of that line */
    char boot[TW_CHAIN_BOOT];
    uint64_t seq;
    uint64_t first; /* number of the first line that is kept */
    char first_prev[TW_CHAIN_HASH];
};
enum { TW_CHAIN_HEAD_BYTES = 512 };
/* Always TW_CHAIN_HEAD_BYTES, so that it is rewritten in place by one write. */
void tw_chain_head_text(char out[TW_CHAIN_HEAD_BYTES], const struct tw_chain_head *head);
bool tw_chain_head_path(char out[TW_CHAIN_PATH], const char *path, bool is_folder);
/* TW_NOT_FOUND when there is none, TW_INVALID when it is no head. */
TW_MUST_CHECK enum tw_status tw_chain_head_read(const char *head_path, struct tw_chain_head *out);

/* Lines of one file, one after the other, in a buffer that grows to the longest. */
struct tw_chain_reader {
    int fd;
    struct tw_text buffer;
    size_t at;       /* start of the next line in the buffer */
    uint64_t offset; /* of that in the file */
    bool end;
};
TW_MUST_CHECK enum tw_status tw_chain_reader_open(struct tw_chain_reader *r, const char *path);
void tw_chain_reader_close(struct tw_chain_reader *r);
/* TW_END after the last one. `out_whole`: it ended with a newline and is not longer than a line may
 * be. The line is good until the next call. */
TW_MUST_CHECK enum tw_status tw_chain_reader_next(
    struct tw_chain_reader *r, struct tw_str *out_line, bool *out_whole);
