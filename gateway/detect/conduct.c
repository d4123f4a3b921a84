#include "detect/conduct.h"

#include <stdlib.h>

struct tw_conduct {
    struct tw_contents *contents;
};

struct tw_conduct *tw_conduct_new(void)
{
    struct tw_conduct *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->contents = tw_contents_new();
    if (c->contents != NULL)
        return c;
    tw_conduct_free(c);
    return NULL;
}

void tw_conduct_free(struct tw_conduct *c)
{
    if (c == NULL)
        return;
    tw_contents_free(c->contents);
    free(c);
}

void tw_conduct_adopt(struct tw_conduct *c, struct tw_conduct *old)
{
    tw_contents_adopt(c->contents, old->contents);
}

uint64_t tw_conduct_evictions(const struct tw_conduct *c)
{
    return tw_contents_evictions(c->contents);
}

void tw_conduct_event(struct tw_conduct *c, const struct tw_event *e, struct tw_facts *facts)
{
    tw_contents_event(c->contents, e, facts);
}
