#include "pipeline/reader.h"

#include <time.h>

#include "base/log.h"
#include "base/timefmt.h"
#include "flow/defrag.h"

enum { DATAGRAMS = 1024, IDLE_MS = 200, PROGRESS_EVERY = 4096, BUSY_EVERY = 256 };

/* A live capture's packets may reach us this much after the wall clock passed their time. */
#define LIVE_SLACK_NS (2 * TW_NS_PER_S)
/* After a longer silence event time jumps: no deadline of ours is further away than this. */
#define LONGEST_WALK_NS (INT64_C(8) * 86400 * TW_NS_PER_S)

struct reader {
    const struct tw_pipeline_config *config;
    const struct tw_reader_ops *ops;
    struct tw_pipeline_result *out;
    struct tw_defrag *defrag;
    int64_t next_tick_ns; /* 0 before the first packet */
    uint64_t last_packet;
    uint32_t input;         /* the last packet came from */
    int64_t clock_shift_ns; /* a played capture: wall clock minus event time */
    bool playing;
};

static void progress(const struct reader *r)
{
    const struct tw_pipeline_config *c = r->config;
    if (c->progress == NULL)
        return;
    const struct tw_capture_stats stats = tw_capture_stats(c->capture);
    c->progress(c->progress_user, &stats);
}

/* Let event time reach `now_ns`: one tick for every full second on the way. */
static void advance(struct reader *r, int64_t now_ns)
{
    if (r->next_tick_ns == 0) {
        r->next_tick_ns = (now_ns / TW_TICK_NS + 1) * TW_TICK_NS;
        return;
    }
    if (r->config->live && r->next_tick_ns <= now_ns)
        progress(r);
    if (now_ns - r->next_tick_ns > LONGEST_WALK_NS)
        r->next_tick_ns = (now_ns - LONGEST_WALK_NS) / TW_TICK_NS * TW_TICK_NS;
    for (unsigned n = 1; r->next_tick_ns <= now_ns; n++) {
        r->ops->tick(r->ops->user, r->next_tick_ns, r->last_packet);
        r->next_tick_ns += TW_TICK_NS;
        /* Days of silence take a moment, and Ctrl-C none. */
        if (n % PROGRESS_EVERY == 0 && tw_capture_stopped(r->config->capture))
            return;
    }
}

static bool wanted(const struct tw_pipeline_config *c, int64_t ts_ns)
{
    return (c->from_ns == 0 || ts_ns >= c->from_ns) && (c->to_ns == 0 || ts_ns <= c->to_ns);
}

static void count_unread(struct tw_pipeline_result *out, enum tw_packet_kind kind)
{
    if (kind == TW_PACKET_OTHER)
        out->not_ip++;
    else if (kind == TW_PACKET_BAD)
        out->bad_headers++;
}

static void note_input(struct reader *r, const struct tw_raw_packet *raw)
{
    const struct tw_pipeline_config *c = r->config;
    if (c->input == NULL || (raw->input == r->input && r->last_packet != 0))
        return;
    r->input = raw->input;
    c->input(c->input_user, raw->number, raw->input);
}

static void take(struct reader *r, const struct tw_raw_packet *raw)
{
    struct tw_pipeline_result *out = r->out;
    note_input(r, raw);
    if (!wanted(r->config, raw->ts_ns))
        return;
    /* Event time never runs backwards: an input that jumps back keeps the clock where it was. */
    if (raw->ts_ns > out->last_ns || out->packets == 0)
        out->last_ns = raw->ts_ns;
    if (r->next_tick_ns <= out->last_ns)
        advance(r, out->last_ns);
    if (out->packets == 0)
        out->first_ns = raw->ts_ns;
    out->packets++;
    out->bytes += raw->len;
    out->cut_packets += raw->caplen < raw->len;
    struct tw_packet p;
    p.ts_ns = raw->ts_ns;
    p.number = raw->number;
    p.nano = raw->nano;
    tw_packet_decode(&p, raw->linktype, tw_cur_of(raw->p, raw->caplen), raw->len);
    r->last_packet = raw->number;
    if (p.kind == TW_PACKET_FRAGMENT && !tw_defrag_packet(r->defrag, &p))
        return;
    if (p.kind == TW_PACKET_IP || p.kind == TW_PACKET_LINK)
        r->ops->packet(r->ops->user, &p);
    else
        count_unread(out, p.kind);
}

static void idle(struct reader *r)
{
    if (r->config->live && r->next_tick_ns != 0) {
        int64_t now = tw_time_now() - r->clock_shift_ns - LIVE_SLACK_NS;
        if (now > r->out->last_ns)
            advance(r, now);
    }
    r->ops->idle(r->ops->user);
}

/* Wait until a played packet is due. False when stopped. */
static bool play(struct reader *r, const struct tw_raw_packet *raw)
{
    if (!r->playing)
        r->clock_shift_ns = tw_time_now() - raw->ts_ns;
    r->playing = true;
    for (;;) {
        int64_t wait_ns = raw->ts_ns + r->clock_shift_ns - tw_time_now();
        if (wait_ns <= 0)
            return true;
        if (wait_ns > IDLE_MS * TW_NS_PER_MS)
            wait_ns = IDLE_MS * TW_NS_PER_MS;
        const struct timespec t = {.tv_nsec = (long)wait_ns};
        nanosleep(&t, NULL);
        if (tw_capture_stopped(r->config->capture))
            return false;
        idle(r);
    }
}

static enum tw_status loop(struct reader *r)
{
    struct tw_capture_error err = {0}; /* long, and rarely written */
    for (unsigned n = 1;; n++) {
        const struct tw_raw_packet *raw;
        enum tw_status st = tw_capture_next(r->config->capture, IDLE_MS, &raw, &err);
        if (st == TW_END)
            return TW_OK;
        if (st == TW_OK && n % BUSY_EVERY == 0 && r->ops->busy != NULL)
            r->ops->busy(r->ops->user);
        if (st == TW_OK) {
            if (r->config->play && !play(r, raw))
                return TW_OK;
            take(r, raw);
        } else if (st == TW_AGAIN) {
            idle(r);
        } else if (st == TW_DAMAGED) {
            /* Whoever started the run tells the first; nobody else would tell the others. */
            if (r->out->damaged)
                tw_log(TW_LOG_ERROR, "%s", err.text);
            else
                r->out->damage = err;
            r->out->damaged = true;
            err = (struct tw_capture_error){0};
        } else if (st == TW_IO && r->config->live) {
            tw_log(TW_LOG_WARN, "%s", err.text);
        } else {
            r->out->damage = err;
            return st;
        }
        if (st != TW_OK || n % PROGRESS_EVERY == 0)
            progress(r);
    }
}

enum tw_status tw_reader_run(const struct tw_pipeline_config *config,
    const struct tw_reader_ops *ops, struct tw_pipeline_result *out)
{
    struct reader r = {.config = config, .ops = ops, .out = out};
    r.defrag = tw_defrag_new(DATAGRAMS);
    if (r.defrag == NULL)
        return TW_NO_MEMORY;
    enum tw_status st = loop(&r);
    ops->finish(ops->user, out->last_ns, r.last_packet);
    const struct tw_defrag_stats defrag = tw_defrag_stats(r.defrag);
    out->fragments = defrag.fragments;
    out->reassembled = defrag.reassembled;
    out->capture = tw_capture_stats(config->capture);
    tw_defrag_free(r.defrag);
    return st;
}
