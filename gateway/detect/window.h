#pragma once
/* What rules remember between events: sliding windows, sequential tests, holds. All tables are
 * bounded and evict what was used least recently; time is event time. One thread. */

#include "base/table.h"
#include "detect/rule.h"

enum { TW_MAX_EVIDENCE = 8 };

/* What proves a match: packets, ascending. */
struct tw_proof {
    uint64_t packets[TW_MAX_EVIDENCE];
    size_t n;
};
/* Keep `packet` if it is among the first ones; the last place is left for tw_proof_last(). */
void tw_proof_add(struct tw_proof *p, uint64_t packet);
void tw_proof_last(struct tw_proof *p, uint64_t packet);

struct tw_windows;
struct tw_windows *tw_windows_new(const struct tw_window_spec *spec);
void tw_windows_free(struct tw_windows *w);
/* Note an event; `hash` is that of the value whose different values are counted. True when the
 * window holds enough; `out_count` is how many (exact up to twice the threshold). */
bool tw_windows_add(struct tw_windows *w, struct tw_text_key key, int64_t ts_ns, uint64_t packet,
    uint64_t hash, double *out_count, struct tw_proof *out_proof);
uint64_t tw_windows_evictions(const struct tw_windows *w);

struct tw_sprts;
struct tw_sprts *tw_sprts_new(const struct tw_sprt_spec *spec);
void tw_sprts_free(struct tw_sprts *s);
/* Note a good or bad event. True when it is bad and the test is decided against the actor;
 * `out_ratio` is the log likelihood ratio so far over the limit, at most 1; `out_bad` counts the
 * bad ones since the test began. */
bool tw_sprts_add(struct tw_sprts *s, struct tw_text_key key, bool bad, uint64_t packet,
    double *out_ratio, double *out_bad, struct tw_proof *out_proof);
/* The present log likelihood ratio, 0 for a key never seen. */
double tw_sprts_llr(const struct tw_sprts *s, struct tw_text_key key);
uint64_t tw_sprts_evictions(const struct tw_sprts *s);

struct tw_holds;
struct tw_holds *tw_holds_new(int64_t for_ns);
void tw_holds_free(struct tw_holds *h);
void tw_holds_start(struct tw_holds *h, struct tw_text_key key, int64_t ts_ns);
bool tw_holds_active(struct tw_holds *h, struct tw_text_key key, int64_t ts_ns);
