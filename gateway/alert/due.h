#pragma once
/* A priority queue of deadlines in event time, for entries that embed a node. Order is by deadline
 * and then by the node's serial, so that it is the same in every run. Fixed capacity, no allocation
 * after tw_due_init(). One thread. */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct tw_due_node {
    int64_t at_ns;
    uint64_t serial;
    size_t place; /* in the heap, 1-based; 0: not queued */
};

struct tw_due {
    struct tw_due_node **heap;
    size_t n, capacity;
};

bool tw_due_init(struct tw_due *d, size_t capacity);
void tw_due_fini(struct tw_due *d);
/* Queue a node, or move it to its new deadline. The queue must have room. */
void tw_due_set(struct tw_due *d, struct tw_due_node *node, int64_t at_ns);
void tw_due_remove(struct tw_due *d, struct tw_due_node *node);
/* The earliest, NULL when empty. */
struct tw_due_node *tw_due_first(const struct tw_due *d);
