#pragma once
/* A draft inventory from what was seen: who talks to whom, under which names, what is read, written
 * and published, in which range and how often. The draft grants what was seen and nothing else, so
 * that it is silent about the very traffic that it was learned from; every line is for a person to
 * confirm. What a server refused is not granted.
 *
 * Bounded: fixed tables [base/limits.h] that take no more when they are full; what was left out is
 * counted and said in the draft. The same events give the same bytes. One thread. */

#include "registry/registry.h"

struct tw_learn;

/* `known`: an inventory to compare with; then only what it lacks is learned. May be NULL; else it
 * stays the caller's and must live as long. NULL when memory is short. */
struct tw_learn *tw_learn_new(struct tw_registry *known);
void tw_learn_free(struct tw_learn *l);

/* An event as session/ completed it, in order. */
void tw_learn_event(struct tw_learn *l, const struct tw_event *event);

struct tw_learn_source { /* what the head of the draft says */
    const char *const *captures;
    size_t n_captures;
    uint64_t packets;
    int64_t first_ns, last_ns;
};
struct tw_learn_stats {
    size_t assets, ai_systems, variables;
    uint64_t
        left_out; /* clients, servers, rights, variables and topics for which no room was left */
};
/* Write the draft: YAML with comments. To be called once, after the last event. False when memory
 * was short. */
bool tw_learn_write(struct tw_learn *l, const struct tw_learn_source *source, struct tw_text *out,
    struct tw_learn_stats *out_stats);
