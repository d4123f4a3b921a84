/* Who acts on whom, and what the inventory says of what they do: a connection says the same with
 * every message, so what came of it is kept with the connection. */

#include <stdlib.h>

#include "base/ways.h"
#include "event/sparkplug.h"
#include "registry/model.h"

enum {
    CLIENT_BYTES = 48,
    USER_BYTES = 32,
    TOPIC_BYTES = 96,
    FIELD_BYTES = 48,
    ABSENT = 255,
    LINE = 64
};

/* What a connection does mostly is done on one topic: what that comes to is kept as well. */
struct slot {
    struct tw_parties parties; /* first: handed out */
    uint64_t flow;
    struct tw_endpoint src, dst;
    bool used, pushed, has_value, has_decision, field_has_value;
    uint8_t action;
    uint8_t client_len, user_len, topic_len, field_len; /* field_len ABSENT: of none */
    char client[CLIENT_BYTES], topic[TOPIC_BYTES];
    struct tw_decision decision, of_field; /* of_field: the last one that was declared */
    char field[FIELD_BYTES], user[USER_BYTES];
};

struct tw_party_cache {
    struct tw_parties large; /* of what is not kept */
    struct tw_ways *ways;    /* by flow and side */
    struct slot slots[TW_WAYS_PLACES];
};

struct tw_party_cache *tw_party_cache_new(void)
{
    struct tw_party_cache *c = calloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->ways = tw_ways_new();
    if (c->ways != NULL)
        return c;
    free(c);
    return NULL;
}

void tw_party_cache_free(struct tw_party_cache *c)
{
    if (c == NULL)
        return;
    tw_ways_free(c->ways);
    free(c);
}

/* Events that a server sends by itself: what their session says about the client is about the
 * receiver. */
static bool is_from_server(const struct tw_event *event, const struct tw_place *src)
{
    static const uint32_t pushed =
        1u << TW_ACTION_NOTIFY | 1u << TW_ACTION_ALARM | 1u << TW_ACTION_DELIVER;
    if ((pushed & 1u << event->action) != 0)
        return true;
    /* What a server gave deviates, whoever asked for it. */
    if (event->action == TW_ACTION_DEVIATION)
        return event->protocol == TW_PROTO_OPCUA && event->pubsub == NULL;
    return src->entry != NULL && src->is_server_port;
}

/* Names that the other side did not accept, or will not need any more: a mistyped password is no
 * identity, and what a connection was is judged while it lives. */
static bool is_accepted(const struct tw_event *event)
{
    if (event->action == TW_ACTION_DISCONNECT)
        return false;
    bool asks = event->action == TW_ACTION_AUTHENTICATE || event->action == TW_ACTION_CONNECT;
    return !asks || (!event->status_bad && !event->status.is_null);
}

static const struct tw_entry *sparkplug_owner(const struct tw_registry *r, struct tw_str name)
{
    const struct tw_name_row *row = tw_name_index_find(&r->by_id[TW_ID_SPARKPLUG], name);
    return row == NULL ? NULL : &r->entries[row->item];
}

/* "a/b" or "a/b/c" into `out`, which has room for all names that an event holds. */
static struct tw_str sparkplug_name(char *out, struct tw_str a, struct tw_str b, struct tw_str c)
{
    const struct tw_str levels[] = {a, b, c};
    size_t len = 0;
    for (size_t i = 0; i < 3 && levels[i].len > 0; i++) {
        if (i > 0)
            out[len++] = '/';
        memcpy(out + len, levels[i].p, levels[i].len);
        len += levels[i].len;
    }
    return (struct tw_str){out, len};
}

/* A device counts where the inventory lists those of its edge node. */
static struct tw_str sparkplug_node(
    const struct tw_registry *r, const struct tw_sparkplug_info *s, char *out)
{
    const struct tw_str node = sparkplug_name(out, s->group, s->edge_node, TW_STR_NONE);
    const struct tw_entry *e = sparkplug_owner(r, node);
    return e != NULL && e->lists_devices ? sparkplug_name(out, s->group, s->edge_node, s->device)
                                         : node;
}

static bool is_command(const struct tw_event *event)
{
    const struct tw_sparkplug_info *s = event->sparkplug;
    return s != NULL && (s->kind == TW_SPARKPLUG_NCMD || s->kind == TW_SPARKPLUG_DCMD);
}

/* What a message or a will says its sender is; a command says who is to obey. */
static void claim_sparkplug(
    const struct tw_registry *r, struct tw_claim *c, const struct tw_event *event)
{
    const struct tw_sparkplug_info *s = event->sparkplug;
    if (r->by_id[TW_ID_SPARKPLUG].n == 0 || is_command(event) || event->action == TW_ACTION_DELIVER)
        return;
    c->facts[TW_ID_SPARKPLUG] =
        s->kind == TW_SPARKPLUG_STATE
            ? sparkplug_name(c->sparkplug, TW_STR("STATE"), s->host, TW_STR_NONE)
            : sparkplug_node(r, s, c->sparkplug);
}

static void claim_names(
    const struct tw_registry *r, struct tw_claim *c, const struct tw_event *event)
{
    bool accepted = is_accepted(event);
    if (event->opcua != NULL) {
        const struct tw_opcua_info *o = event->opcua;
        c->facts[TW_ID_URI] = tw_maybe_known(&o->application_uri);
        c->facts[TW_ID_CERTIFICATE] = tw_maybe_known(&o->certificate_sha256);
        c->certificate_uri = o->certificate_uri;
        if (accepted)
            c->facts[TW_ID_OPCUA_USER] = tw_maybe_known(&o->user);
    }
    if (event->mqtt != NULL) {
        struct tw_str id = tw_maybe_known(&event->mqtt->client_id);
        /* A refused client id says something only when it is somebody's. */
        if (accepted || tw_name_index_find(&r->by_id[TW_ID_CLIENT_ID], id) != NULL)
            c->facts[TW_ID_CLIENT_ID] = id;
        if (accepted)
            c->facts[TW_ID_MQTT_USER] = tw_maybe_known(&event->mqtt->username);
        if (accepted && event->sparkplug != NULL)
            claim_sparkplug(r, c, event);
    }
}

/* Damage and gaps belong to a stream, not to what a client said. */
static bool has_names(const struct tw_event *event)
{
    static const uint32_t anonymous = 1u << TW_ACTION_FLOW | 1u << TW_ACTION_MALFORMED |
                                      1u << TW_ACTION_GAP | 1u << TW_ACTION_CONFLICT;
    return (anonymous & 1u << event->action) == 0;
}

/* The edge node that a Sparkplug command is for. */
static const struct tw_entry *commanded(const struct tw_registry *r, const struct tw_event *event)
{
    char text[3 * (TW_MAX_IDENTITY + 1)];
    return sparkplug_owner(
        r, sparkplug_name(text, event->sparkplug->group, event->sparkplug->edge_node, TW_STR_NONE));
}

enum { CLIENT, SERVER }; /* the sides of a flow, for the cache of identities */

static bool is_loopback(const struct tw_ip *ip)
{
    static const uint8_t one[16] = {[15] = 1};
    return ip->family == 6 ? memcmp(ip->b, one, sizeof(one)) == 0 : ip->b[0] == 127;
}

/* On the loopback of a host all its programs have the server's address: only names tell. */
static const struct tw_who_facts *who_is_client(struct tw_registry *r, struct tw_claim *client,
    const struct tw_event *event, const struct tw_entry *server)
{
    const struct tw_who_facts *who = tw_who_is(r, client, event->flow, CLIENT);
    if (server == NULL || who->entry != server || !has_names(event) || !is_loopback(&event->src.ip))
        return who;
    client->facts[TW_ID_IP] = client->facts[TW_ID_MAC] = TW_STR_NONE;
    return tw_who_is(r, client, event->flow, CLIENT);
}

static void find(struct tw_registry *r, const struct tw_event *event, struct tw_parties *out)
{
    const struct tw_place src = tw_who_at(r, &event->src, event->protocol);
    const struct tw_place dst = tw_who_at(r, &event->dst, event->protocol);
    const bool from_server = is_from_server(event, &src);
    struct tw_claim client, plain;
    tw_claim_address(&client, from_server ? &event->dst : &event->src);
    if (has_names(event))
        claim_names(r, &client, event);
    const struct tw_who_facts *named =
        who_is_client(r, &client, event, from_server ? src.entry : dst.entry);
    const struct tw_who_facts *who = named;
    if (from_server) {
        tw_claim_address(&plain, &event->src);
        who = tw_who_is(r, &plain, event->flow, SERVER);
    }
    /* A server is told by where it listens; a client by all that it is. */
    const struct tw_entry *entry = from_server && src.entry != NULL ? src.entry : who->entry;
    *out = (struct tw_parties){.who = *who,
        .entry = entry,
        .server = from_server ? entry : dst.entry,
        .target = from_server ? named->entry : dst.entry,
        .commanded = is_command(event) ? commanded(r, event) : NULL,
        .from_server = from_server,
        .in_plant = dst.in_plant};
}

/* Messages of a client that was let in, by its names; not what metrics say of their sender. */
static bool is_kept(const struct tw_event *event)
{
    static const uint32_t actions =
        1u << TW_ACTION_PUBLISH | 1u << TW_ACTION_DELIVER | 1u << TW_ACTION_SUBSCRIBE;
    return event->protocol == TW_PROTO_MQTT && event->mqtt != NULL && event->sparkplug == NULL &&
           (actions & 1u << event->action) != 0 && event->mqtt->client_id.s.len < CLIENT_BYTES &&
           event->mqtt->username.s.len < USER_BYTES;
}

static uint64_t side_of(const struct tw_event *event)
{
    return event->flow + (event->action == TW_ACTION_DELIVER);
}

static struct slot *slot_of(struct tw_party_cache *c, const struct tw_event *event)
{
    return &c->slots[tw_ways_of(c->ways, side_of(event))];
}

void tw_registry_expect(const struct tw_registry *r, const struct tw_event *event)
{
    size_t place;
    if (!tw_ways_find(r->parties->ways, side_of(event), &place))
        return;
    const char *at = (const char *)&r->parties->slots[place];
    for (size_t line = 0; line < sizeof(struct slot); line += LINE)
        __builtin_prefetch(at + line);
}

static bool same_text(const char *kept, uint8_t len, struct tw_str s)
{
    if (s.p == NULL || len == ABSENT)
        return s.p == NULL && len == ABSENT;
    return s.len == len && memcmp(kept, s.p, len) == 0;
}

static uint8_t keep_text(char *out, size_t size, struct tw_str s)
{
    return s.p == NULL ? ABSENT : (uint8_t)tw_str_copy(out, size, s);
}

/* Endpoints of a connection are copies of each other, to the last byte. */
static bool is_of(const struct slot *s, const struct tw_event *event)
{
    return s->used && s->flow == event->flow && s->pushed == (event->action == TW_ACTION_DELIVER) &&
           same_text(s->client, s->client_len, tw_maybe_known(&event->mqtt->client_id)) &&
           same_text(s->user, s->user_len, tw_maybe_known(&event->mqtt->username)) &&
           memcmp(&s->src, &event->src, sizeof(s->src)) == 0 &&
           memcmp(&s->dst, &event->dst, sizeof(s->dst)) == 0;
}

struct tw_parties *tw_parties_of(struct tw_registry *r, const struct tw_event *event)
{
    struct tw_party_cache *c = r->parties;
    const bool pushed = event->action == TW_ACTION_DELIVER;
    if (!is_kept(event)) {
        find(r, event, &c->large);
        return &c->large;
    }
    struct slot *s = slot_of(c, event);
    if (is_of(s, event))
        return &s->parties;
    find(r, event, &s->parties);
    s->flow = event->flow;
    s->pushed = pushed;
    s->has_decision = false;
    s->src = event->src;
    s->dst = event->dst;
    s->client_len = keep_text(s->client, CLIENT_BYTES, tw_maybe_known(&event->mqtt->client_id));
    s->user_len = keep_text(s->user, USER_BYTES, tw_maybe_known(&event->mqtt->username));
    s->parties.is_kept = true;
    /* Why two facts contradict each other is written where others write as well. */
    s->used = s->parties.who.mismatch.p == NULL;
    return &s->parties;
}

/* The same question as the last one of the connection [tw_decide()]? */
static bool is_asked_again(const struct slot *s, const struct tw_event *event)
{
    return s->has_decision && s->action == event->action &&
           s->has_value == (event->value.kind != TW_VALUE_NONE) &&
           same_text(s->topic, s->topic_len, event->object);
}

/* Of a leaf of the message that the connection sent last on its topic. */
static const struct tw_decision *decide_field(
    struct tw_registry *r, struct slot *s, const struct tw_event *event)
{
    const bool has_value = event->value.kind != TW_VALUE_NONE;
    if (!s->has_decision || s->action != event->action || event->field.len >= FIELD_BYTES ||
        !same_text(s->topic, s->topic_len, event->object))
        return tw_decide(r, event, s->parties.entry, s->parties.server);
    if (s->field_has_value == has_value && same_text(s->field, s->field_len, event->field))
        return &s->of_field;
    s->of_field = *tw_decide(r, event, s->parties.entry, s->parties.server);
    s->field_len = keep_text(s->field, FIELD_BYTES, event->field);
    s->field_has_value = has_value;
    return &s->of_field;
}

const struct tw_decision *tw_parties_decide(
    struct tw_registry *r, struct tw_parties *p, const struct tw_event *event)
{
    struct slot *s = (struct slot *)p;
    const size_t len = event->object.len;
    if (!p->is_kept || event->object_null || len == 0 || len >= TOPIC_BYTES)
        return tw_decide(r, event, p->entry, p->server);
    if (event->field.p != NULL)
        return decide_field(r, s, event);
    if (is_asked_again(s, event))
        return &s->decision;
    s->decision = *tw_decide(r, event, p->entry, p->server);
    s->has_decision = true;
    s->field_len = ABSENT;
    s->action = (uint8_t)event->action;
    s->has_value = event->value.kind != TW_VALUE_NONE;
    s->topic_len = keep_text(s->topic, TOPIC_BYTES, event->object);
    return &s->decision;
}
