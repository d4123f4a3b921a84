#include "baseline/sample.h"

#include <math.h>

/* The value of a node as a whole: no property, no item of an array, no member of a structure. */
static bool is_whole_node(const struct tw_event *e)
{
    const struct tw_opcua_info *o = e->opcua;
    return e->protocol == TW_PROTO_OPCUA && e->field.len == 0 &&
           (o == NULL || (o->index_range.s.p == NULL &&
                             (o->attribute.p == NULL || tw_str_is(o->attribute, "Value"))));
}

/* Sent again, or kept by the broker: nothing that was measured now. */
static bool is_old(const struct tw_event *e)
{
    return e->mqtt != NULL && (e->mqtt->dup || (e->action == TW_ACTION_DELIVER && e->mqtt->retain));
}

static bool source_of(const struct tw_event *e, enum tw_series_source *out)
{
    switch (e->action) {
    case TW_ACTION_READ:
        *out = TW_SERIES_READ;
        return is_whole_node(e);
    case TW_ACTION_NOTIFY:
        *out = TW_SERIES_NOTIFY;
        return is_whole_node(e);
    case TW_ACTION_PUBLISH:
        *out = TW_SERIES_PUBLISH;
        return !is_old(e);
    case TW_ACTION_DELIVER:
        *out = TW_SERIES_DELIVER;
        return !is_old(e);
    default:
        return false;
    }
}

bool tw_sample_of(const struct tw_event *e, struct tw_sample *out)
{
    if (!tw_value_number(&e->value, &out->value) || !isfinite(out->value) || e->status_bad ||
        e->encrypted || !source_of(e, &out->source))
        return false;
    const bool told = e->action == TW_ACTION_NOTIFY || e->action == TW_ACTION_DELIVER;
    out->server = told ? &e->src : &e->dst;
    out->client = told ? &e->dst : &e->src;
    return true;
}

struct tw_series_name tw_sample_name(const struct tw_event *e, const struct tw_sample *s)
{
    struct tw_series_name name = {.source = s->source,
        .server = s->server->ip,
        .port = s->server->port,
        .object = e->object,
        .field = e->field};
    if (s->source != TW_SERIES_PUBLISH)
        name.client = s->client->ip;
    return name;
}

static void put_ip(uint8_t out[17], const struct tw_ip *ip)
{
    out[0] = ip->family;
    memcpy(out + 1, ip->b, ip->family == 6 ? 16 : 4);
}

struct tw_series_key tw_series_key(struct tw_seed seed, const struct tw_series_name *name)
{
    uint8_t place[1 + 2 + 2 * 17 + 8] = {(uint8_t)name->source};
    const uint64_t field = name->field.len > 0 ? tw_hash(seed, name->field.p, name->field.len) : 0;
    memcpy(place + 1, &name->port, sizeof(name->port));
    put_ip(place + 3, &name->server);
    put_ip(place + 20, &name->client);
    memcpy(place + 37, &field, sizeof(field));
    return (struct tw_series_key){
        .object = tw_text_key(seed, name->object), .place = tw_hash(seed, place, sizeof(place))};
}
