#pragma once
/* Inside the Sparkplug part of session/: the metrics that births declare. */

#include "base/table.h"
#include "event/sparkplug.h"

/* What a birth declares for: an edge node, or one of its devices. Zero: not born. */
struct tw_sparkplug_scope {
    uint64_t birth;     /* never the same number twice */
    bool complete;      /* all its metrics were seen */
    uint64_t evictions; /* of metrics, when it was born: after another one it may have lost some */
};

struct tw_sparkplug_births;
struct tw_sparkplug_births *tw_sparkplug_births_new(size_t metrics, struct tw_seed seed);
void tw_sparkplug_births_free(struct tw_sparkplug_births *b);

/* A birth: nothing that was declared before counts any more. */
void tw_sparkplug_births_begin(struct tw_sparkplug_births *b, struct tw_sparkplug_scope *scope);

/* Whose metric it is: aliases are those of the edge node, names of the scope. */
struct tw_sparkplug_owner {
    struct tw_text_key node, scope_key;
    uint64_t node_birth;
    const struct tw_sparkplug_scope *scope;
};

/* A metric of a birth. */
void tw_sparkplug_births_learn(
    struct tw_sparkplug_births *b, const struct tw_sparkplug_owner *owner, struct tw_event *event);
/* Any other: give it the name, type and value that the birth says. */
void tw_sparkplug_births_resolve(
    struct tw_sparkplug_births *b, const struct tw_sparkplug_owner *owner, struct tw_event *event);
/* What is known of a metric with a name; NULL: nothing. */
const struct tw_learned *tw_sparkplug_births_learned(const struct tw_sparkplug_births *b,
    const struct tw_sparkplug_owner *owner, const struct tw_event *event);
