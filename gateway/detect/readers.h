#pragma once
/* Which AI systems decide from which variables. Inside detect/, for the parts of conduct.h. */

#include "detect/state.h"

struct tw_reader {
    struct tw_str variable; /* the very bytes of tw_variable_facts.id */
    uint32_t ai;
    int64_t every_ns; /* of the variable; 0: it comes when it changes */
};

/* Those of one variable follow each other. */
struct tw_readers {
    struct tw_reader *list;
    size_t n;
    struct tw_table *places; /* by where the variable's id is written */
};

struct tw_readers *tw_readers_new(const struct tw_registry *registry);
void tw_readers_free(struct tw_readers *r);
/* The place of the first reader of the event's variable; r->n: nobody. */
size_t tw_readers_first(const struct tw_readers *r, const struct tw_facts *f);
/* Is there another one behind `i`? */
static inline bool tw_readers_more(const struct tw_readers *r, size_t i)
{
    return i + 1 < r->n && r->list[i + 1].variable.p == r->list[i].variable.p;
}
