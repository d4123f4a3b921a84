#pragma once
/* Inside capture/: one file, pipe or interface. The only user of libpcap. */

#include "capture/capture.h"
#include "capture/source.h"

struct pcap;
struct bpf_program;

struct tw_input {
    char *name;
    struct tw_source source; /* files */
    int stop_fd;             /* of the capture, for pipes */
    FILE *stream;            /* closed by libpcap once it has it */
    struct pcap *pcap;       /* NULL: not open */
    struct bpf_program *filter;
    bool live;
    bool dormant;  /* a file read up to its first packet, then closed again */
    bool reported; /* its damage was named already */
    bool has_head;
    struct tw_raw_packet head; /* the next packet of this input; its kind of link all the time */
    uint64_t record_at;        /* pcap files: where the next record starts */
    uint64_t read_bytes;       /* of closed files */
    /* libpcap counts in 32 bits: the last reading, and the sums. */
    unsigned last_received, last_dropped, last_if_dropped;
    uint64_t received, dropped, if_dropped;
};

/* Open the file `in->name`. TW_IO: it can not be read. TW_PERMISSION: it must not be.
 * TW_DAMAGED: it is no capture that we read.
 * TW_INVALID: the filter does not compile. */
TW_MUST_CHECK enum tw_status tw_input_open_file(
    struct tw_input *in, const char *filter, struct tw_capture_error *err);
TW_MUST_CHECK enum tw_status tw_input_open_live(
    struct tw_input *in, const struct tw_capture_live *options, struct tw_capture_error *err);
/* Go on with what `found` opened anew; the counts go on. Only the name of `found` is left. */
void tw_input_resume(struct tw_input *in, struct tw_input *found);
/* The next packet into `in->head`. TW_END, TW_AGAIN (live), TW_DAMAGED, TW_IO (live). */
TW_MUST_CHECK enum tw_status tw_input_read(struct tw_input *in, struct tw_capture_error *err);
/* Does the head pass the filter? */
bool tw_input_matches(const struct tw_input *in);
/* To poll for more; -1 when it can not be polled. */
int tw_input_fd(const struct tw_input *in);
void tw_input_count(struct tw_input *in);
uint64_t tw_input_read_bytes(const struct tw_input *in);
/* Leaves the name and the counts. */
void tw_input_close(struct tw_input *in);
