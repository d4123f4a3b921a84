/* From one inventory to the next while packets come in: what the wire told stays known, and what is
 * kept elsewhere of the old inventory is said again in the words of the new one. */

#include "registry/model.h"

/* A variable of the same node of the same server. */
static struct tw_variable *variable_like(struct tw_registry *r, const struct tw_variable *v)
{
    const struct tw_name_index *index = &r->exact_nodes;
    const struct tw_name_row *row = tw_name_index_find(index, v->opcua_node);
    for (; row != NULL && row < index->rows + index->n && tw_str_eq(row->text, v->opcua_node);
         row++) {
        struct tw_variable *like = &r->variables[row->item];
        if (like->server != NULL && tw_str_eq(like->server->id, v->server->id))
            return like;
    }
    return NULL;
}

void tw_registry_adopt(struct tw_registry *r, const struct tw_registry *old)
{
    r->clock = old->clock;
    r->learned = old->learned;
    for (size_t i = 0; i < old->n_variables; i++) {
        const struct tw_variable *v = &old->variables[i];
        struct tw_variable *like =
            v->learned.has_min && v->server != NULL ? variable_like(r, v) : NULL;
        if (like != NULL)
            like->learned = v->learned;
    }
}

static const struct tw_entry *entry_of(const struct tw_registry *r, struct tw_str id)
{
    for (size_t i = 0; id.p != NULL && i < r->n_entries; i++) {
        if (tw_str_eq(r->entries[i].id, id))
            return &r->entries[i];
    }
    return NULL;
}

static struct tw_str network_of(const struct tw_registry *r, struct tw_str name)
{
    for (size_t i = 0; name.p != NULL && i < r->n_networks; i++) {
        if (tw_str_eq(r->networks[i].name, name))
            return r->networks[i].name;
    }
    return TW_STR_NONE;
}

void tw_registry_renew(
    const struct tw_registry *r, struct tw_actor_facts *actor, struct tw_target_facts *target)
{
    const struct tw_entry *e = entry_of(r, actor->id), *to = entry_of(r, target->asset);
    *actor = (struct tw_actor_facts){.identity = actor->identity,
        .network = network_of(r, actor->network),
        .in_registered_only = actor->in_registered_only,
        .certain = actor->certain,
        .registered_address = actor->registered_address,
        .endpoint = actor->endpoint};
    if (e != NULL)
        tw_entry_facts(e, actor);
    *target = (struct tw_target_facts){.importance = TW_IMPORTANCE_NORMAL,
        .in_plant = target->in_plant,
        .endpoint = target->endpoint};
    if (to == NULL)
        return;
    target->asset = to->id;
    target->ai = to->ai;
    target->kind = to->kind;
    target->importance = to->importance;
    target->min_security = to->min_security;
}
