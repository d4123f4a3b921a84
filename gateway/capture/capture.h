#pragma once
/* Packets from files (pcap, pcapng, micro- or nanoseconds), standard input, folders and live
 * interfaces, through libpcap. Several files are merged by timestamp. One thread reads. */

#include "base/status.h"
#include "base/str.h"

struct tw_capture;

struct tw_raw_packet {
    int64_t ts_ns;
    uint64_t number;  /* 1-based over all inputs, in order; what a file's filter drops is counted */
    const uint8_t *p; /* good until the next call */
    uint32_t caplen, len;
    int linktype; /* DLT_… of the input it came from */
    bool nano;
    uint32_t input;           /* index of the input file or interface */
    uint64_t number_in_input; /* 1-based within that input */
};

struct tw_capture_stats {
    uint64_t packets, bytes;                /* read so far */
    uint64_t total_bytes;                   /* size of all files, 0 when not known */
    uint64_t read_bytes;                    /* file bytes consumed, for progress */
    uint64_t received, dropped, if_dropped; /* live: handed to us, for want of room in the ring, by
                                               the interface itself */
};

struct tw_capture_interface {
    const char *name;
    bool up; /* it is there */
    uint64_t received, dropped, if_dropped;
};

struct tw_capture_error {
    char text[512]; /* one sentence for people: what, where (packet, offset), what to do */
    char input[512];
    uint64_t packet; /* last whole packet of that input */
    uint64_t offset; /* of the damage, in bytes from the start of the file */
};

struct tw_capture_input {
    const char *name; /* as given, or the file inside a folder */
    uint64_t bytes;   /* file size, 0 when not known */
};

/* Open files, folders (every *.pcap, *.pcapng, *.cap in it, also numbered, by name) and "-" .
 * `filter` is a BPF expression or NULL. TW_DAMAGED: one is no capture at all (the others are still
 * read). TW_IO: one can not be opened. TW_PERMISSION: one must not be. TW_INVALID: the filter is no
 * BPF expression. `err` says which and why; further damaged ones are told by tw_capture_next(). On
 * TW_OK and TW_DAMAGED *out is set. */
TW_MUST_CHECK enum tw_status tw_capture_open_files(const char *const *paths, size_t n_paths,
    const char *filter, struct tw_capture **out, struct tw_capture_error *err);

enum { TW_MAX_INTERFACES = 32 };

struct tw_capture_live {
    const char *filter;
    int snaplen; /* 0: 262144 */
    int ring_mb; /* 0: 64 */
};
/* Open interfaces in promiscuous mode, non-blocking. TW_PERMISSION: no right or no such interface.
 * `options` is copied. */
TW_MUST_CHECK enum tw_status tw_capture_open_live(const char *const *names, size_t n_names,
    const struct tw_capture_live *options, struct tw_capture **out, struct tw_capture_error *err);

/* The next packet, lent until the next call. TW_END: no more (files). TW_AGAIN: nothing arrived
 * within `timeout_ms` (live). TW_DAMAGED: an input broke off; `err` says where; call again for the
 * packets of the others. TW_IO: an interface went away; `err` says which, once. The others go on,
 * and so does it when tw_capture_revive() finds it again. */
TW_MUST_CHECK enum tw_status tw_capture_next(struct tw_capture *c, int timeout_ms,
    const struct tw_raw_packet **out, struct tw_capture_error *err);

/* Live, from one other thread: try to open what went away. The name of an interface that is back,
 * NULL when there is none (any more). */
const char *tw_capture_revive(struct tw_capture *c);
/* From a signal handler or another thread: make tw_capture_next() return TW_END soon. */
void tw_capture_stop(struct tw_capture *c);
bool tw_capture_stopped(const struct tw_capture *c);
/* On the reading thread. */
struct tw_capture_stats tw_capture_stats(struct tw_capture *c);
/* As last counted by tw_capture_stats(), on the same thread; at most `size`, their number is
 * returned. */
size_t tw_capture_interfaces(
    const struct tw_capture *c, struct tw_capture_interface *out, size_t size);
size_t tw_capture_inputs(const struct tw_capture *c, const struct tw_capture_input **out);
void tw_capture_close(struct tw_capture *c);
