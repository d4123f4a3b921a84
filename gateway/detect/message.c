#include "detect/state.h"

enum {
    TW_GUID_TEXT = 38,
    TW_NODE_TEXT = 64
}; /* "g=" and 36 characters; with a namespace before it */

struct tw_message_id tw_message_of(const struct tw_event *e)
{
    return (struct tw_message_id){e->flow, e->packet, e->mqtt ? e->mqtt->serial : 0};
}

struct tw_text_key tw_node_key(struct tw_seed seed, struct tw_str node)
{
    char text[TW_NODE_TEXT];
    size_t at = 0;
    if (tw_str_starts(node, TW_STR("ns="))) {
        const char *semicolon = memchr(node.p, ';', node.len);
        at = semicolon ? (size_t)(semicolon - node.p) + 1 : 0;
    }
    if (node.len - at != TW_GUID_TEXT || node.len > sizeof(text) || node.p[at] != 'g' ||
        node.p[at + 1] != '=')
        return tw_text_key(seed, node);
    for (size_t i = 0; i < node.len; i++) {
        char c = node.p[i];
        text[i] = i > at && c >= 'a' && c <= 'f' ? (char)(c - 'a' + 'A') : c;
    }
    return tw_text_key(seed, (struct tw_str){text, node.len});
}

bool tw_message_may_be_lost(const struct tw_event *gap, unsigned fields)
{
    /* A PUBLISH with a topic and a payload of one byte each; "a":1 and what parts it from the next.
     */
    enum { LEAST_PUBLISH = 7, LEAST_FIELD = 6 };
    return gap->missing_bytes == 0 || gap->missing_bytes >= LEAST_PUBLISH + LEAST_FIELD * fields;
}

static bool is_from_server(const struct tw_event *e)
{
    return e->action == TW_ACTION_NOTIFY || e->action == TW_ACTION_ALARM ||
           e->action == TW_ACTION_DELIVER;
}

struct tw_place_id tw_place_of(struct tw_seed seed, const struct tw_event *e)
{
    const struct tw_endpoint *at = is_from_server(e) ? &e->src : &e->dst;
    const uint64_t server = tw_hash(seed, &at->ip, sizeof(at->ip));
    return (struct tw_place_id){.object = tw_node_key(seed, e->object),
        .server = server + at->port,
        .field = e->field.len > 0 ? tw_hash(seed, e->field.p, e->field.len) : 0};
}

bool tw_event_is_whole_value(const struct tw_event *e)
{
    const struct tw_opcua_info *o = e->opcua;
    return o != NULL && e->field.len == 0 && o->index_range.s.p == NULL &&
           (o->attribute.p == NULL || tw_str_is(o->attribute, "Value"));
}

uint64_t tw_value_digest(struct tw_seed seed, const struct tw_value *v)
{
    double number;
    if (v->kind == TW_VALUE_STRING || v->kind == TW_VALUE_BYTES)
        return tw_hash(seed, v->s.p, v->s.len);
    if (tw_value_number(v, &number))
        return tw_hash(seed, &number, sizeof(number));
    if (v->kind == TW_VALUE_BOOL)
        return 1 + v->b;
    uint64_t h = v->kind;
    for (uint32_t i = 0; v->kind >= TW_VALUE_ARRAY && i < v->n; i++)
        h = tw_hash_mix(h, tw_value_digest(seed, &v->items[i]));
    return h;
}

bool tw_message_is_news(const struct tw_event *e)
{
    if (e->protocol != TW_PROTO_MQTT || e->object.p == NULL)
        return false;
    if (e->action == TW_ACTION_PUBLISH)
        return true;
    return e->action == TW_ACTION_DELIVER && !(e->mqtt && e->mqtt->retain);
}

static bool is_one_of(struct tw_str id, const struct tw_str *by, size_t n_by)
{
    for (size_t i = 0; i < n_by; i++) {
        if (id.p != NULL && tw_str_eq(id, by[i]))
            return true;
    }
    return false;
}

bool tw_message_sender_ok(
    const struct tw_event *e, const struct tw_facts *facts, const struct tw_str *by, size_t n_by)
{
    if (e->action == TW_ACTION_DELIVER || n_by == 0)
        return true;
    /* Somebody else under its name; a new client id on its own host is not that. */
    if (facts->actor.identity == TW_IDENTITY_MISMATCH && facts->actor.certain)
        return false;
    return is_one_of(facts->actor.id, by, n_by);
}

bool tw_message_is_hidden(
    const struct tw_event *e, const struct tw_facts *facts, const struct tw_str *by, size_t n_by)
{
    static const char *const prefixes[] = {"tls", "ssl", "quic", "mqtts", "wireguard", "ipsec"};
    if (e->action != TW_ACTION_FLOW || !is_one_of(facts->actor.id, by, n_by))
        return false;
    for (size_t i = 0; i < sizeof(prefixes) / sizeof(prefixes[0]); i++) {
        if (tw_str_starts(e->app, tw_str_of(prefixes[i])))
            return true;
    }
    return false;
}
