#include "session/sparkplug.h"

#include <stdlib.h>

#include "base/timefmt.h"
#include "session/sparkplug_births.h"

#define ASKED_NS (60 * TW_NS_PER_S)     /* a rebirth follows its request within this time */
#define LEG_QUIET_NS (60 * TW_NS_PER_S) /* a leg that was silent so long may be gone */

enum {
    MAX_NODES = 4096,
    MAX_DEVICES = 8192,
    MAX_HOSTS = 256,
    MAX_SENDERS = 4096,
    MAX_METRICS = 32768, /* of all edge nodes and devices */
    REQUESTS = 16,       /* rebirths asked for, whose times are kept */
    HOST_TEXT = 128,
    COUNT = 256, /* seq and bdSeq begin again at 0 behind 255 [SPB 6.4.8] */
};

/* A client, by hashes of its client id (0: not seen) and its address (0: nobody is known). */
struct author {
    uint64_t id, ip;
};

/* An edge node. */
struct node {
    struct tw_sparkplug_scope scope;
    struct author author;     /* who it is: it sent the birth, or has the will */
    uint64_t will_flow;       /* of the connection with the will */
    uint64_t awaited;         /* the flow of a connection whose first message is to be a birth */
    uint64_t birth_flow;      /* where the present birth came */
    bool is_dead;             /* it was seen to die */
    bool has_will_bd, has_bd; /* bdSeq of the last will; of the present birth */
    uint64_t will_bd, bd;
    /* The count is followed on one leg: where the node publishes, else where one subscriber gets
     * it. */
    bool has_seq, leg_publishes;
    uint8_t seq;
    uint64_t leg;
    int64_t leg_ns;
    int64_t requests[REQUESTS]; /* a ring */
    unsigned n_requests;
};

struct device {
    struct tw_sparkplug_scope scope;
    uint64_t node_birth; /* the birth of its edge node that its own belongs to */
};

/* A host application. */
struct host {
    bool known, online, has_will;
    struct author author;
    uint64_t will_flow;
    int64_t timestamp_ns, will_ns;
};

/* What a client is known to be beside an edge node. */
struct sender {
    uint16_t host_len, primary_len;
    char host[HOST_TEXT], primary[HOST_TEXT];
};

/* The message that came last: its metrics are told the same. */
struct last {
    uint64_t serial, flow, packet;
    struct tw_text_key node_key, scope_key;
    struct node *node;
    const struct tw_sparkplug_scope *scope; /* NULL: none */
    struct tw_sparkplug_scope *learns;      /* the birth that this is; NULL: it is none, or known */
    unsigned n_metrics;
    struct tw_sparkplug_found found;
};

struct tw_sparkplug_sessions {
    struct tw_table *nodes, *devices, *hosts, *senders;
    struct tw_sparkplug_births *births;
    struct tw_seed seed;
    struct last last;
};

static size_t at_most(const struct tw_limits *limits, size_t n)
{
    return limits->sessions < n ? limits->sessions : n;
}

struct tw_sparkplug_sessions *tw_sparkplug_sessions_new(const struct tw_limits *limits)
{
    static const size_t key = sizeof(struct tw_text_key);
    struct tw_sparkplug_sessions *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->seed = tw_seed_random();
    s->nodes = tw_table_new(key, sizeof(struct node), at_most(limits, MAX_NODES), s->seed);
    s->devices = tw_table_new(key, sizeof(struct device), at_most(limits, MAX_DEVICES), s->seed);
    s->hosts = tw_table_new(key, sizeof(struct host), at_most(limits, MAX_HOSTS), s->seed);
    s->senders = tw_table_new(key, sizeof(struct sender), at_most(limits, MAX_SENDERS), s->seed);
    s->births = tw_sparkplug_births_new(at_most(limits, MAX_METRICS / 2) * 2, s->seed);
    if (s->nodes != NULL && s->devices != NULL && s->hosts != NULL && s->senders != NULL &&
        s->births != NULL)
        return s;
    tw_sparkplug_sessions_free(s);
    return NULL;
}

void tw_sparkplug_sessions_free(struct tw_sparkplug_sessions *s)
{
    if (s == NULL)
        return;
    tw_table_free(s->nodes);
    tw_table_free(s->devices);
    tw_table_free(s->hosts);
    tw_table_free(s->senders);
    tw_sparkplug_births_free(s->births);
    free(s);
}

/* --- keys ----------------------------------------------------------------------------------- */

/* Names are given per broker. */
static uint64_t broker_of(const struct tw_sparkplug_sessions *s, const struct tw_event *e)
{
    const struct tw_endpoint *at = e->action == TW_ACTION_DELIVER ? &e->src : &e->dst;
    return tw_hash(s->seed, at->ip.b, at->ip.family == 6 ? 16 : 4);
}

static struct tw_text_key text_key(
    const struct tw_sparkplug_sessions *s, struct tw_str text, struct tw_text_key with)
{
    struct tw_text_key key = tw_text_key(s->seed, text);
    key.a = tw_hash_mix(key.a, with.a);
    key.b = tw_hash_mix(key.b, with.b);
    return key;
}

static struct tw_text_key broker_key(
    const struct tw_sparkplug_sessions *s, const struct tw_event *e)
{
    const uint64_t broker = broker_of(s, e);
    return (struct tw_text_key){broker, ~broker};
}

static struct tw_text_key node_key(const struct tw_sparkplug_sessions *s, const struct tw_event *e)
{
    const struct tw_sparkplug_info *info = e->sparkplug;
    return text_key(s, info->edge_node, text_key(s, info->group, broker_key(s, e)));
}

/* Who sent it; nobody of what a broker passes on. */
static struct author author_of(const struct tw_sparkplug_sessions *s, const struct tw_event *e)
{
    const struct tw_str id = e->mqtt->client_id.s;
    if (e->action == TW_ACTION_DELIVER)
        return (struct author){0, 0};
    return (struct author){id.len > 0 ? tw_hash(s->seed, id.p, id.len) | 1 : 0,
        tw_hash(s->seed, e->src.ip.b, e->src.ip.family == 6 ? 16 : 4) | 1};
}

/* In the middle of a connection its client id is not known. */
static bool is_other(struct author a, struct author b)
{
    if (a.ip == 0 || b.ip == 0)
        return false;
    return a.id != 0 && b.id != 0 ? a.id != b.id : a.ip != b.ip;
}

static struct tw_text_key sender_key(
    const struct tw_sparkplug_sessions *s, const struct tw_event *e)
{
    const struct tw_text_key broker = broker_key(s, e);
    const struct author author = author_of(s, e);
    return (struct tw_text_key){
        tw_hash_mix(broker.a, author.id != 0 ? author.id : author.ip), broker.b};
}

/* NULL for what a broker passes on, and for who was nothing so far. */
static const struct sender *sender_of(
    const struct tw_sparkplug_sessions *s, const struct tw_event *e)
{
    const struct tw_text_key key = sender_key(s, e);
    return e->action == TW_ACTION_DELIVER ? NULL : tw_table_find(s->senders, &key);
}

static uint16_t keep(char room[HOST_TEXT], struct tw_str host)
{
    const struct tw_str cut = tw_utf8_cut(host, HOST_TEXT);
    if (cut.len > 0)
        memcpy(room, cut.p, cut.len);
    return (uint16_t)cut.len;
}

/* --- hosts ---------------------------------------------------------------------------------- */

static struct host *host_of(const struct tw_sparkplug_sessions *s, const struct tw_event *e,
    struct tw_str name, bool create)
{
    const struct tw_text_key key = text_key(s, name, broker_key(s, e));
    return create ? tw_table_put(s->hosts, &key, NULL) : tw_table_find(s->hosts, &key);
}

/* The will of a host has the time of the STATE that follows [SPB 5.14]. */
static void host_connects(
    const struct tw_event *e, struct author author, struct host *h, struct tw_sparkplug_found *out)
{
    out->wrong_qos = e->mqtt->will_qos != 1;
    out->wrong_retain = !e->mqtt->will_retain;
    out->other_publisher = h->online && is_other(h->author, author);
    if (!out->other_publisher)
        h->author = author;
    h->has_will = e->sparkplug->timestamp_ns != 0;
    h->will_ns = e->sparkplug->timestamp_ns;
    h->will_flow = e->flow;
}

/* Newer times win; a delivery of what was retained is no news. */
static void host_says(
    const struct tw_event *e, struct author author, struct host *h, struct tw_sparkplug_found *out)
{
    const struct tw_sparkplug_info *info = e->sparkplug;
    const bool older = info->timestamp_ns != 0 && info->timestamp_ns < h->timestamp_ns;
    if (e->action == TW_ACTION_PUBLISH) {
        out->wrong_qos = e->mqtt->qos != 1;
        out->wrong_retain = !e->mqtt->retain;
        out->state_older = older;
        out->other_publisher = h->online && is_other(h->author, author);
        out->state_will_differs = info->has_online && info->online && h->has_will &&
                                  h->will_flow == e->flow && info->timestamp_ns != h->will_ns;
        if (!out->other_publisher)
            h->author = author;
    }
    if (!info->has_online || older || out->other_publisher ||
        (h->known && e->action == TW_ACTION_DELIVER && e->mqtt->retain))
        return;
    h->known = true;
    h->online = info->online;
    h->timestamp_ns = info->timestamp_ns;
}

static void judge_host(struct tw_sparkplug_sessions *s, const struct tw_event *e, struct last *out)
{
    struct host *h = host_of(s, e, e->sparkplug->host, true);
    const struct author author = author_of(s, e);
    if (e->action == TW_ACTION_CONNECT)
        host_connects(e, author, h, &out->found);
    else
        host_says(e, author, h, &out->found);
    if (author.ip == 0 || out->found.other_publisher)
        return;
    const struct tw_text_key key = sender_key(s, e);
    struct sender *sender = tw_table_put(s->senders, &key, NULL);
    sender->host_len = keep(sender->host, e->sparkplug->host);
}

/* An edge node waits for the host whose STATE it asks for [SPB 5.4]. */
static void note_subscription(struct tw_sparkplug_sessions *s, const struct tw_event *e)
{
    static const struct tw_str filters[] = {{"spBv1.0/STATE/", 14}, {"STATE/", 6}};
    for (size_t i = 0; i < sizeof(filters) / sizeof(filters[0]); i++) {
        if (!tw_str_starts(e->object, filters[i]))
            continue;
        const struct tw_str host = {e->object.p + filters[i].len, e->object.len - filters[i].len};
        if (host.len == 0 || memchr(host.p, '/', host.len) != NULL ||
            memchr(host.p, '+', host.len) != NULL || memchr(host.p, '#', host.len) != NULL)
            continue;
        const struct tw_text_key key = sender_key(s, e);
        struct sender *sender = tw_table_put(s->senders, &key, NULL);
        sender->primary_len = keep(sender->primary, host);
    }
}

static void judge_sender(struct tw_sparkplug_sessions *s, const struct tw_event *e, bool is_command,
    struct tw_sparkplug_found *out)
{
    const struct sender *sender = sender_of(s, e);
    if (sender == NULL)
        return;
    if (is_command && sender->host_len > 0)
        out->sender_host = (struct tw_str){sender->host, sender->host_len};
    if (is_command || sender->primary_len == 0)
        return;
    out->primary_host = (struct tw_str){sender->primary, sender->primary_len};
    const struct host *h = host_of(s, e, out->primary_host, false);
    out->host_offline = h != NULL && h->known && !h->online;
}

/* --- edge nodes ----------------------------------------------------------------------------- */

/* bdSeq goes up by one with each connection [SPB 6.4.23]. */
static void node_connects(
    const struct tw_event *e, struct author author, struct node *n, struct tw_sparkplug_found *out)
{
    const struct tw_sparkplug_info *will = e->sparkplug;
    if (e->status.is_null || e->status_bad)
        return;
    out->wrong_qos = e->mqtt->will_qos != 1;
    out->wrong_retain = e->mqtt->will_retain;
    out->bd_seq_missing = !will->has_bd_seq;
    out->other_publisher = n->scope.birth != 0 && is_other(n->author, author);
    out->bd_seq_skipped = will->has_bd_seq && n->has_will_bd && !is_other(n->author, author) &&
                          will->bd_seq % COUNT != (n->will_bd + 1) % COUNT;
    n->has_will_bd = will->has_bd_seq;
    n->will_bd = will->bd_seq;
    n->will_flow = e->flow;
    /* It need not wait for the answer to its CONNECT. */
    n->awaited = n->scope.birth != 0 && n->birth_flow == e->flow ? 0 : e->flow;
    if (!out->other_publisher)
        n->author = author;
}

static bool was_asked(const struct node *n, int64_t ts_ns)
{
    const unsigned last = (n->n_requests - 1) % REQUESTS;
    return n->n_requests > 0 && ts_ns - n->requests[last] <= ASKED_NS;
}

static void node_is_born(struct tw_sparkplug_sessions *s, const struct tw_event *e,
    struct author author, struct node *n, struct tw_sparkplug_found *out)
{
    const struct tw_sparkplug_info *info = e->sparkplug;
    const bool alive = n->scope.birth != 0, same_flow = n->birth_flow == e->flow;
    out->bd_seq_missing = !info->has_bd_seq;
    out->seq_not_zero = info->has_seq && info->seq != 0;
    out->other_publisher = is_other(n->author, author) && (alive || n->awaited != 0);
    out->rebirth = alive && same_flow && n->awaited != e->flow &&
                   (e->action == TW_ACTION_PUBLISH || n->bd == info->bd_seq);
    out->rebirth_unasked = out->rebirth && !was_asked(n, e->ts_ns);
    if (info->has_bd_seq)
        out->bd_seq_differs =
            (n->has_will_bd && n->will_flow == e->flow && n->will_bd != info->bd_seq) ||
            (out->rebirth && n->has_bd && n->bd != info->bd_seq);
    tw_sparkplug_births_begin(s->births, &n->scope);
    n->author = author.ip != 0 ? author : n->author;
    n->birth_flow = e->flow;
    n->awaited = n->awaited == e->flow ? 0 : n->awaited;
    n->has_bd = info->has_bd_seq;
    n->bd = info->bd_seq;
    n->is_dead = n->has_seq = false;
}

/* A death with another bdSeq is one of a connection that has been replaced: hosts ignore it. */
static void node_dies(
    const struct tw_event *e, struct author author, struct node *n, struct tw_sparkplug_found *out)
{
    const struct tw_sparkplug_info *info = e->sparkplug;
    out->bd_seq_missing = !info->has_bd_seq;
    out->seq_unexpected = info->has_seq;
    out->other_publisher = is_other(n->author, author);
    out->bd_seq_differs =
        n->scope.birth != 0 && n->has_bd && info->has_bd_seq && n->bd != info->bd_seq;
    if (out->other_publisher || out->bd_seq_differs)
        return;
    n->scope.birth = 0;
    n->is_dead = true;
    n->has_seq = false;
}

/* The number after the last one [SPB 6.4.7]. */
static void follow(
    struct node *n, const struct tw_sparkplug_info *info, struct tw_sparkplug_found *out)
{
    const uint8_t seq = (uint8_t)info->seq;
    out->seq_missing = !info->has_seq;
    if (!info->has_seq || info->seq >= COUNT)
        return;
    const uint8_t step = (uint8_t)(seq - n->seq);
    out->seq_repeated = n->has_seq && step == 0;
    out->missing = n->has_seq && step > 1 ? step - 1u : 0;
    n->has_seq = true;
    n->seq = seq;
}

/* Is this the leg on which the node is followed? What it publishes comes before what others get. */
static bool take_leg(struct node *n, const struct tw_event *e)
{
    const bool publishes = e->action == TW_ACTION_PUBLISH;
    const bool quiet = e->ts_ns - n->leg_ns > LEG_QUIET_NS;
    if (n->leg == e->flow && n->leg_publishes == publishes) {
        n->leg_ns = e->ts_ns;
        return true;
    }
    if (n->leg != 0 && !publishes && !quiet)
        return false;
    n->leg = e->flow;
    n->leg_publishes = publishes;
    n->leg_ns = e->ts_ns;
    n->has_seq = false;
    return true;
}

static struct device *device_of(
    struct tw_sparkplug_sessions *s, const struct last *last, bool create)
{
    return create ? tw_table_put(s->devices, &last->scope_key, NULL)
                  : tw_table_find(s->devices, &last->scope_key);
}

static bool is_alive(const struct node *n, const struct device *d)
{
    return d != NULL && d->scope.birth != 0 && d->node_birth == n->scope.birth;
}

static void judge_birth_order(
    const struct tw_event *e, const struct node *n, struct tw_sparkplug_found *out)
{
    const bool waits = e->action == TW_ACTION_PUBLISH && n->awaited == e->flow;
    const bool born = n->scope.birth != 0;
    out->before_birth = waits || (!born && n->is_dead);
    out->birth_unseen = !born && !out->before_birth;
}

/* DBIRTH and DDEATH. */
static void device_turns(struct tw_sparkplug_sessions *s, const struct tw_event *e,
    const struct node *n, struct last *out)
{
    const bool birth = e->sparkplug->kind == TW_SPARKPLUG_DBIRTH;
    struct device *d = device_of(s, out, birth);
    const bool alive = is_alive(n, d);
    out->found.rebirth = birth && alive;
    out->found.device_unborn = !birth && !alive && n->scope.birth != 0;
    if (birth) {
        tw_sparkplug_births_begin(s->births, &d->scope);
        d->node_birth = n->scope.birth;
        out->learns = &d->scope;
    } else if (d != NULL) {
        d->scope.birth = 0;
    }
}

/* Whose metrics are these: the device's, as long as it belongs to the present birth of its node. */
static const struct tw_sparkplug_scope *scope_of(
    struct tw_sparkplug_sessions *s, const struct tw_event *e, const struct last *last)
{
    if (e->sparkplug->device.p == NULL)
        return &last->node->scope;
    const struct device *d = device_of(s, last, false);
    return is_alive(last->node, d) ? &d->scope : NULL;
}

static void judge_data(struct tw_sparkplug_sessions *s, const struct tw_event *e,
    struct author author, struct last *out)
{
    const struct tw_sparkplug_info *info = e->sparkplug;
    struct node *n = out->node;
    out->found.other_publisher = is_other(n->author, author);
    judge_birth_order(e, n, &out->found);
    if (!out->found.other_publisher)
        follow(n, info, &out->found);
    if (info->kind == TW_SPARKPLUG_DBIRTH || info->kind == TW_SPARKPLUG_DDEATH)
        device_turns(s, e, n, out);
    else if (info->device.p != NULL)
        out->found.device_unborn = n->scope.birth != 0 && scope_of(s, e, out) == NULL;
}

static void judge_command(
    struct tw_sparkplug_sessions *s, const struct tw_event *e, struct last *out)
{
    const struct node *n = out->node;
    out->found.seq_unexpected = e->sparkplug->has_seq;
    out->found.before_birth = n->is_dead && n->scope.birth == 0;
    out->found.device_unborn =
        e->sparkplug->device.p != NULL && n->scope.birth != 0 && scope_of(s, e, out) == NULL;
    judge_sender(s, e, true, &out->found);
}

/* Data, births and deaths have QoS 0; an NDEATH that the node sends itself may have that of its
 * will [SPB 6.4]. */
static void judge_delivery(const struct tw_event *e, struct tw_sparkplug_found *out)
{
    if (e->action != TW_ACTION_PUBLISH)
        return;
    out->wrong_qos = e->mqtt->qos > (e->sparkplug->kind == TW_SPARKPLUG_NDEATH ? 1 : 0);
    out->wrong_retain = e->mqtt->retain;
}

static void judge_node(struct tw_sparkplug_sessions *s, const struct tw_event *e, struct last *out)
{
    const struct author author = author_of(s, e);
    struct node *n = out->node;
    switch (e->sparkplug->kind) {
    case TW_SPARKPLUG_NBIRTH:
        node_is_born(s, e, author, n, &out->found);
        follow(n, e->sparkplug, &out->found);
        out->learns = &n->scope;
        break;
    case TW_SPARKPLUG_NDEATH:
        node_dies(e, author, n, &out->found);
        break;
    case TW_SPARKPLUG_NCMD:
    case TW_SPARKPLUG_DCMD:
        judge_command(s, e, out);
        break;
    default:
        judge_data(s, e, author, out);
    }
    if (e->sparkplug->kind != TW_SPARKPLUG_NCMD && e->sparkplug->kind != TW_SPARKPLUG_DCMD)
        judge_sender(s, e, false, &out->found);
    judge_delivery(e, &out->found);
    if (out->learns != NULL)
        out->learns->complete = !e->sparkplug->incomplete;
}

/* --- events --------------------------------------------------------------------------------- */

/* Commands come from hosts, deaths from the broker: only the rest is on the node's own leg. What a
 * broker had retained is old. */
static bool is_judged(
    const struct tw_sparkplug_sessions *s, struct node *n, const struct tw_event *e)
{
    const enum tw_sparkplug_kind kind = e->sparkplug->kind;
    if (kind == TW_SPARKPLUG_NCMD || kind == TW_SPARKPLUG_DCMD || kind == TW_SPARKPLUG_NDEATH)
        return true;
    if (kind != TW_SPARKPLUG_NBIRTH && is_other(n->author, author_of(s, e)))
        return true;
    if (e->action == TW_ACTION_DELIVER && e->mqtt->retain && n->scope.birth != 0)
        return false;
    return take_leg(n, e);
}

static void judge(struct tw_sparkplug_sessions *s, const struct tw_event *e, struct last *out)
{
    const struct tw_sparkplug_info *info = e->sparkplug;
    if (info->kind == TW_SPARKPLUG_STATE) {
        judge_host(s, e, out);
        return;
    }
    if (info->kind == TW_SPARKPLUG_BAD)
        return;
    out->node_key = out->scope_key = node_key(s, e);
    out->node = tw_table_put(s->nodes, &out->node_key, NULL);
    if (info->device.p != NULL)
        out->scope_key = text_key(s, info->device, out->node_key);
    if (e->action == TW_ACTION_CONNECT)
        node_connects(e, author_of(s, e), out->node, &out->found);
    else if (is_judged(s, out->node, e))
        judge_node(s, e, out);
    out->scope = scope_of(s, e, out);
}

void tw_sparkplug_sessions_message(
    struct tw_sparkplug_sessions *s, struct tw_event *event, bool is_new)
{
    struct tw_sparkplug_info *info = event->sparkplug;
    if (event->action == TW_ACTION_SUBSCRIBE && !event->status_bad && event->mqtt != NULL)
        note_subscription(s, event);
    if (info == NULL || event->mqtt == NULL)
        return;
    const bool same = s->last.serial == info->serial && s->last.flow == event->flow;
    if (event->action == TW_ACTION_MALFORMED) {
        if (same && s->last.learns != NULL)
            s->last.learns->complete = false;
        return;
    }
    struct last last = {.serial = info->serial, .flow = event->flow, .packet = event->packet};
    if (is_new)
        judge(s, event, &last);
    s->last = last;
    info->found = last.found;
}

/* "Node Control/Rebirth" asks an edge node for all its births [SPB 6.4.19]. */
static void count_request(struct node *n, struct tw_event *e)
{
    if (e->sparkplug->kind != TW_SPARKPLUG_NCMD || e->value.kind != TW_VALUE_BOOL || !e->value.b ||
        !tw_str_is(e->field, "Node Control/Rebirth"))
        return;
    n->requests[n->n_requests++ % REQUESTS] = e->ts_ns;
    const unsigned kept = n->n_requests < REQUESTS ? n->n_requests : REQUESTS;
    for (unsigned i = 0; i < kept; i++)
        e->metric->rebirth_requests += e->ts_ns - n->requests[i] <= ASKED_NS;
}

const struct tw_learned *tw_sparkplug_sessions_leaf(
    struct tw_sparkplug_sessions *s, struct tw_event *event)
{
    static const struct tw_sparkplug_scope none = {0};
    struct last *last = &s->last;
    if (last->serial != event->sparkplug->serial || last->flow != event->flow)
        return NULL;
    event->sparkplug->found = last->found;
    if (event->metric == NULL || last->node == NULL)
        return NULL;
    const struct tw_sparkplug_owner owner = {.node = last->node_key,
        .scope_key = last->scope_key,
        .node_birth = last->node->scope.birth,
        .scope = last->scope != NULL ? last->scope : &none};
    if (last->learns != NULL)
        tw_sparkplug_births_learn(s->births, &owner, event);
    else if (event->sparkplug->kind != TW_SPARKPLUG_NDEATH)
        tw_sparkplug_births_resolve(s->births, &owner, event);
    if (last->learns != NULL && ++last->n_metrics == TW_MAX_LEAVES)
        last->learns->complete = false;
    count_request(last->node, event);
    return tw_sparkplug_births_learned(s->births, &owner, event);
}

struct expansion {
    struct tw_sparkplug_sessions *sessions;
    struct tw_session_facts *facts;
    const struct tw_emit *out;
};

static void complete(void *user, const struct tw_event *event)
{
    const struct expansion *x = user;
    struct tw_event e = *event;
    if (e.sparkplug != NULL && e.field.p != NULL)
        x->facts->learned = tw_sparkplug_sessions_leaf(x->sessions, &e);
    else if (e.sparkplug != NULL && e.action == TW_ACTION_MALFORMED)
        tw_sparkplug_sessions_message(x->sessions, &e, false);
    tw_emit(x->out, &e);
}

void tw_sparkplug_sessions_expand(struct tw_sparkplug_sessions *s, tw_expand_fn expand,
    const struct tw_event *message, struct tw_session_facts *facts, const struct tw_emit *out)
{
    struct expansion x = {s, facts, out};
    const struct tw_emit through = {complete, &x};
    expand(message, &through);
    facts->learned = NULL;
}
