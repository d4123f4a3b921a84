#include "detect/conduct.h"

#include <stdlib.h>

struct tw_conduct {
    const struct tw_registry *registry;
    struct tw_contents *contents;
    struct tw_deeds *deeds;
    struct tw_names_seen *names;
    struct tw_marks *marks;
    struct tw_basis *basis;
    struct tw_chains *chains;
    struct tw_claims *claims;
    struct tw_routines *routines;
    struct tw_conduct_facts facts; /* of the event at hand */
};

struct tw_conduct *tw_conduct_new(const struct tw_registry *registry, const struct tw_pulse *pulse)
{
    const size_t n = tw_registry_ai_systems(registry);
    struct tw_conduct *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->registry = registry;
    c->contents = tw_contents_new();
    c->deeds = tw_deeds_new(n);
    c->names = tw_names_seen_new();
    c->marks = tw_marks_new(n);
    c->basis = tw_basis_new(registry, pulse, n);
    c->chains = tw_chains_new(registry, n);
    c->claims = tw_claims_new(registry, pulse, n);
    c->routines = tw_routines_new(pulse, n);
    if (c->contents != NULL && c->deeds != NULL && c->names != NULL && c->marks != NULL &&
        c->basis != NULL && c->chains != NULL && c->claims != NULL && c->routines != NULL)
        return c;
    tw_conduct_free(c);
    return NULL;
}

void tw_conduct_free(struct tw_conduct *c)
{
    if (c == NULL)
        return;
    tw_contents_free(c->contents);
    tw_deeds_free(c->deeds);
    tw_names_seen_free(c->names);
    tw_marks_free(c->marks);
    tw_basis_free(c->basis);
    tw_chains_free(c->chains);
    tw_claims_free(c->claims);
    tw_routines_free(c->routines);
    free(c);
}

/* Without memory for it, what AI systems did is forgotten. */
void tw_conduct_adopt(struct tw_conduct *c, struct tw_conduct *old)
{
    struct tw_conduct_order order = {.n = tw_registry_ai_systems(c->registry),
        .n_before = tw_registry_ai_systems(old->registry)};
    size_t *before = calloc(order.n + 1, sizeof(*before));
    tw_contents_adopt(c->contents, old->contents);
    tw_names_seen_adopt(c->names, old->names);
    if (before == NULL)
        return;
    for (size_t i = 0; i < order.n; i++) {
        const struct tw_str id = tw_registry_ai_system(c->registry, i);
        while (before[i] < order.n_before &&
               !tw_str_eq(id, tw_registry_ai_system(old->registry, before[i])))
            before[i]++;
    }
    order.before = before;
    tw_deeds_adopt(c->deeds, old->deeds, &order);
    tw_marks_adopt(c->marks, old->marks, &order);
    tw_basis_adopt(c->basis, old->basis, &order);
    tw_claims_adopt(c->claims, old->claims, &order);
    tw_routines_adopt(c->routines, old->routines, &order);
    free(before);
}

uint64_t tw_conduct_evictions(const struct tw_conduct *c)
{
    return tw_contents_evictions(c->contents) + tw_names_seen_evictions(c->names) +
           tw_marks_evictions(c->marks) + tw_basis_evictions(c->basis);
}

bool tw_conduct_event(struct tw_conduct *c, const struct tw_event *e, struct tw_facts *facts)
{
    struct tw_conduct_facts *out = &c->facts;
    bool told = false;
    tw_contents_event(c->contents, e, facts);
    *out = (struct tw_conduct_facts){.known_ns = 0};
    told |= tw_deeds_event(c->deeds, e, facts, out);
    told |= tw_names_seen_event(c->names, e, facts, out);
    told |= tw_marks_event(c->marks, e, facts, out);
    told |= tw_basis_event(c->basis, e, facts, out);
    told |= tw_chains_event(c->chains, e, facts, out);
    facts->conduct = told ? out : NULL;
    tw_routines_event(c->routines, e, facts);
    return tw_claims_event(c->claims, e, facts);
}

void tw_conduct_mark(struct tw_conduct *c, const struct tw_rule *rule, const struct tw_event *e,
    const struct tw_facts *facts)
{
    tw_marks_set(c->marks, rule, e, facts);
}
