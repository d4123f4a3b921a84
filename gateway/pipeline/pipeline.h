#pragma once
/* From packets to the events of the whole capture, in capture order. One thread reads, decodes
 * headers and defragments; workers own flows (symmetric hash) and share nothing; one thread
 * analyses. Packets travel in rounds: a bounded ring of slots, each with the packets of a stretch
 * of the capture sorted by worker, then with the events that came of them. The analyst takes the
 * slots in order and merges the workers' events by packet number, so that the stream is the same
 * for any number of workers. With one worker everything runs inline on the calling thread, without
 * copies. */

#include "capture/capture.h"
#include "pipeline/worker.h"

/* Deadlines are looked at once a second of event time. */
#define TW_TICK_NS TW_NS_PER_S

struct tw_pipeline_sink {
    void *user;
    /* Every event that did not pass, in order; the receiver may change it. */
    void (*event)(void *user, struct tw_event *event);
    /* Event time passed `now_ns`, after every event up to there. */
    void (*tick)(void *user, int64_t now_ns);
    struct tw_asks asks; /* of several workers only what is about whole events */
    /* Both only live, on the same thread, may be NULL. Before a tick: what the workers counted. */
    void (*figures)(void *user, const struct tw_worker_stats *stats);
    /* Between two events, several times a second whether or not anything comes in. */
    void (*turn)(void *user);
};

struct tw_pipeline_config {
    struct tw_capture *capture;
    bool live;        /* an idle wall clock moves event time on */
    unsigned workers; /* 0: one for each core */
    struct tw_limits limits;
    bool payload_digests;
    struct tw_opcua_keys *opcua_keys; /* may be NULL; must live until the run ends */
    struct tw_tls_keys *tls_keys;     /* the same */
    int64_t from_ns, to_ns;           /* packets outside are not looked at; 0: no bound */
    struct tw_pipeline_sink sink;
    /* Called on the reading thread, several times a second; live at least once. May be NULL. */
    void (*progress)(void *user, const struct tw_capture_stats *stats);
    void *progress_user;
    /* Called on the reading thread when packets come from another input than before; or NULL. */
    void (*input)(void *user, uint64_t packet, uint32_t index);
    void *input_user;
    /* Files as if they came in live: each packet waits for its time after the first. Needs `live`;
     * event time stays that of the capture. */
    bool play;
};

struct tw_pipeline_result {
    uint64_t packets, bytes, not_ip, bad_headers, cut_packets;
    uint64_t extra_batches; /* event batches made after start-up, because a round was very full */
    int64_t first_ns, last_ns;
    struct tw_worker_stats workers;
    struct tw_capture_stats capture;
    uint64_t fragments, reassembled;
    bool damaged; /* an input broke off: `damage` says where */
    struct tw_capture_error damage;
};

/* Run until the capture ends or is stopped. TW_OK also when an input was damaged; TW_IO,
 * TW_NO_MEMORY otherwise. Live, an interface that goes away is logged, and the others go on. */
TW_MUST_CHECK enum tw_status tw_pipeline_run(
    const struct tw_pipeline_config *config, struct tw_pipeline_result *out);
