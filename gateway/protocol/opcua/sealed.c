/* Messages that can not be read: how long they are and when they came, one event for each request
 * with its answer, where that can be said. Their sequence header is encrypted, so no RequestId
 * tells which answer is whose, and a server answers in any order. One thing is certain all the
 * same: where all of the connection was seen and a request is the only one without an answer, the
 * next answer is its own. As soon as a second one waits beside it (a client with subscriptions
 * keeps several Publish requests waiting), requests and answers are told apart, with how many were
 * waiting, until all have been answered. */

#include "protocol/opcua/state.h"

/* A whole message. */
struct size {
    uint64_t bytes;
    uint32_t chunks;
};

struct told {
    struct tw_value items[4], object;
};

static void tell(struct told *t, const char *name, const struct tw_value *value)
{
    struct tw_value *item = &t->items[t->object.n++];
    *item = *value;
    item->name = tw_str_of(name);
}

static void tell_count(struct told *t, const char *name, uint64_t n)
{
    tell(t, name, &(struct tw_value){.kind = TW_VALUE_UINT, .u = n});
}

static double ms_between(int64_t from_ns, int64_t to_ns)
{
    return to_ns > from_ns ? (double)(to_ns - from_ns) / 1e6 : 0;
}

/* Every count of requests and answers is known, so far. */
static bool is_exact(const struct tw_opcua_call *k, const struct tw_opcua_channel *ch)
{
    return ch->opened && !ch->read_in_part && k->st->client != TW_OPCUA_NO_SIDE &&
           tw_opcua_intact(k);
}

/* `request`, `answer`: NULL where there is none; `waiting`: requests without an answer when it
 * came, itself included; 0: not known. */
static void emit(struct tw_opcua_call *k, const struct tw_opcua_request *request,
    const struct size *answer, uint32_t channel, int32_t waiting)
{
    struct tw_event event;
    struct tw_opcua_info info;
    struct told told = {.object = {.kind = TW_VALUE_OBJECT}};
    struct size last = {0};
    const struct tw_opcua_channel *ch = tw_opcua_channel_find(k->st, channel);
    tw_opcua_event(k, &event, tw_opcua_client_of(k), TW_ACTION_UNKNOWN, &info, NULL);
    info.service_null = true;
    info.has_channel = true;
    info.channel_id = channel;
    if (ch != NULL)
        tw_opcua_channel_info(ch, &info);
    event.object_null = event.status.is_null = event.encrypted = true;
    if (request != NULL) {
        event.request_packet = request->when.packet;
        event.request_ts_ns = request->when.ts_ns;
        tell_count(&told, "request_bytes", request->message_bytes);
        last = (struct size){request->message_bytes, request->chunks};
    }
    if (answer != NULL) {
        tell_count(&told, "response_bytes", answer->bytes);
        last = *answer;
    }
    if (request != NULL && answer != NULL) {
        const double ms = ms_between(request->when.ts_ns, k->when->ts_ns);
        tell(&told, "response_ms", &(struct tw_value){.kind = TW_VALUE_DOUBLE, .d = ms});
    }
    if (waiting > 0)
        tell_count(&told, "waiting_requests", (uint64_t)waiting);
    info.chunks = last.chunks;
    info.message_bytes = last.bytes;
    told.object.items = told.items;
    info.details = &told.object;
    tw_emit(&k->env->emit, &event);
}

/* The request that waits alone. */
static struct tw_opcua_request *alone(const struct tw_opcua_state *st, uint32_t channel)
{
    struct tw_opcua_request *r = st->first;
    while (r != NULL && (r->kind != TW_OPCUA_KIND_SEALED || r->channel != channel))
        r = r->next;
    return r;
}

void tw_opcua_sealed_expire(struct tw_opcua_call *k, const struct tw_opcua_request *r)
{
    emit(k, r, NULL, r->channel, 1);
}

static void request(struct tw_opcua_call *k, struct tw_opcua_channel *ch, const struct size *m,
    const struct tw_when *came)
{
    const bool exact = is_exact(k, ch);
    const int32_t waiting = exact ? ++ch->waiting : 0;
    struct tw_opcua_request *r = alone(k->st, ch->id);
    if (r != NULL) { /* not any more */
        emit(k, r, NULL, ch->id, 1);
        tw_opcua_request_drop(k, r);
    } else if (waiting == 1) {
        r = tw_opcua_request_add(k, (struct tw_cur){NULL, 0});
        if (r != NULL) {
            r->kind = TW_OPCUA_KIND_SEALED;
            r->channel = ch->id;
            r->when = *came;
            r->chunks = m->chunks;
            r->message_bytes = m->bytes;
            return;
        }
    }
    const struct tw_opcua_request now = {
        .when = *came, .chunks = m->chunks, .message_bytes = m->bytes};
    emit(k, &now, NULL, ch->id, waiting);
}

static void answer(struct tw_opcua_call *k, struct tw_opcua_channel *ch, const struct size *m)
{
    const bool exact = is_exact(k, ch);
    const int32_t waiting = exact ? ch->waiting-- : 0;
    struct tw_opcua_request *r = exact ? alone(k->st, ch->id) : NULL;
    emit(k, r, m, ch->id, waiting);
    if (r != NULL)
        tw_opcua_request_drop(k, r);
}

/* CloseSecureChannel has no answer [UA6 6.7.2.5]. */
static void closing(struct tw_opcua_call *k, const struct tw_opcua_channel *ch)
{
    struct tw_opcua_volume volume;
    struct tw_event event;
    struct tw_opcua_info info;
    char text[TW_OPCUA_STATUS_TEXT];
    tw_opcua_event(k, &event, k->dir, TW_ACTION_DISCONNECT, &info, "CloseSecureChannel");
    tw_opcua_channel_info(ch, &info);
    tw_opcua_sealed_volume(k, ch, &volume, &info);
    event.encrypted = event.has_encrypted = ch->reading == TW_OPCUA_SEALED;
    tw_opcua_event_status(&event, 0, text);
    tw_emit(&k->env->emit, &event);
}

/* How many chunks a message has can be seen; how long their bodies are at least, too. */
static void check_limits(struct tw_opcua_call *k, struct tw_opcua_channel *ch)
{
    enum { HEADERS = 24, MOST_PADDING = 16, MOST_SIGNATURE = 48 };
    struct tw_opcua_direction *d = &ch->dir[k->dir];
    const uint64_t signature = ch->policy != NULL ? ch->policy->signature : MOST_SIGNATURE;
    const uint64_t around = d->parts_chunks * (HEADERS + MOST_PADDING + signature);
    const uint64_t least = d->parts_bytes > around ? d->parts_bytes - around : 0;
    const uint32_t found = tw_opcua_over_limits(k, d->parts_chunks, least);
    if (found == 0 || d->parts_reported || !tw_opcua_intact(k))
        return;
    struct tw_opcua_info info = {0};
    tw_opcua_channel_info(ch, &info);
    info.chunks = d->parts_chunks;
    info.message_bytes = d->parts_bytes;
    d->parts_reported = true;
    tw_opcua_malformed(k, found, &info);
}

static void take(struct tw_opcua_call *k, struct tw_opcua_channel *ch,
    const struct tw_opcua_header *h, const struct tw_when *came)
{
    struct tw_opcua_direction *d = &ch->dir[k->dir];
    k->env->counters->messages[TW_PROTO_OPCUA][TW_OPCUA_COUNT_SEALED]++;
    if (tw_opcua_policy_is_aead(ch->policy))
        k->env->counters->messages[TW_PROTO_OPCUA][TW_OPCUA_COUNT_AEAD]++;
    d->sealed_chunks++;
    d->sealed_bytes += h->size;
    if (h->message == TW_OPCUA_CLO) {
        closing(k, ch);
        return;
    }
    d->parts_chunks++;
    d->parts_bytes += h->size;
    check_limits(k, ch);
    if (h->chunk == 'C')
        return;
    const struct size m = {d->parts_bytes, d->parts_chunks};
    d->parts_chunks = 0;
    d->parts_bytes = 0;
    d->parts_reported = false;
    if (k->dir != tw_opcua_client_of(k))
        answer(k, ch, &m);
    else if (h->chunk != 'A') /* given up: nothing was asked */
        request(k, ch, &m, came);
}

void tw_opcua_sealed_before(struct tw_opcua_call *k, struct tw_opcua_channel *ch)
{
    for (unsigned i = 0; i < ch->n_unsure; i++) {
        const struct tw_opcua_unsure *u = &ch->unsure[i];
        struct tw_opcua_call then = *k;
        then.dir = u->dir;
        take(&then, ch, &u->header, &u->when);
    }
    ch->n_unsure = 0;
}

void tw_opcua_sealed(
    struct tw_opcua_call *k, struct tw_opcua_channel *ch, const struct tw_opcua_header *h)
{
    tw_opcua_sealed_before(k, ch);
    take(k, ch, h, k->when);
}

void tw_opcua_unsure(
    struct tw_opcua_call *k, struct tw_opcua_channel *ch, const struct tw_opcua_header *h)
{
    if (ch->n_unsure < TW_OPCUA_PATIENCE)
        ch->unsure[ch->n_unsure++] = (struct tw_opcua_unsure){*k->when, *h, (uint8_t)k->dir};
}
