#pragma once
/* Inside capture/: the bytes of one capture file or pipe. They reach libpcap through a stdio
 * stream, of which we can tell how far it was read and what its first bytes were, also where
 * nothing can be read twice. */

#include <stdio.h>

#include "base/cursor.h"

enum { TW_SOURCE_BUFFER = 256 * 1024, TW_SOURCE_HEAD = 4096 };

struct tw_source {
    int fd;
    int stop_fd; /* readable: whoever waits for a pipe gets its end; 0: none */
    bool own_fd, seekable;
    uint64_t size;       /* of a regular file, else 0 */
    uint64_t read_bytes; /* of a pipe: handed to the reader so far */
    char *buffer;        /* of the stream */
    size_t head_len, head_at;
    uint8_t head[TW_SOURCE_HEAD];
};

/* "-" is standard input. TW_IO with errno set when it can not be opened. Reads the first bytes. */
TW_MUST_CHECK enum tw_status tw_source_open(struct tw_source *s, const char *path);
void tw_source_close(struct tw_source *s);
/* A stream over all of it, from the first byte, for one thread; closing it does not close the
 * source, but has to come first. NULL when memory is short. */
FILE *tw_source_stream(struct tw_source *s);
/* Handed to the reader so far, with what its buffer holds. */
uint64_t tw_source_read_bytes(const struct tw_source *s);

enum tw_source_kind { TW_SOURCE_EMPTY, TW_SOURCE_UNKNOWN, TW_SOURCE_PCAP, TW_SOURCE_PCAPNG };
enum tw_source_kind tw_source_kind(const struct tw_source *s);
/* Do its timestamps resolve less than a microsecond? */
bool tw_source_is_nano(const struct tw_source *s);
/* What is wrong with a file that is no capture, as part of a sentence. */
void tw_source_describe(const struct tw_source *s, char *out, size_t size);

struct tw_source_damage {
    uint64_t offset;  /* of the record that is damaged */
    uint64_t packets; /* whole ones before it */
    char text[160];   /* what is wrong there */
};
/* Find the first record that is not whole. False when the source can not be read again or when
 * nothing is wrong with its records. */
bool tw_source_find_damage(const struct tw_source *s, struct tw_source_damage *out);
