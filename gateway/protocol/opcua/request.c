#include "protocol/opcua/state.h"

static void unlink_request(struct tw_opcua_state *st, struct tw_opcua_request *r)
{
    if (r->previous != NULL)
        r->previous->next = r->next;
    else
        st->first = r->next;
    if (r->next != NULL)
        r->next->previous = r->previous;
    else
        st->last = r->previous;
    st->n_requests--;
}

void tw_opcua_request_drop(struct tw_opcua_call *k, struct tw_opcua_request *r)
{
    unlink_request(k->st, r);
    k->st->kept -= r->size;
    tw_pool_put(k->env->pool, r, r->size);
}

void tw_opcua_request_expire(struct tw_opcua_call *k, struct tw_opcua_request *r)
{
    if (r->kind == TW_OPCUA_KIND_HELLO)
        tw_opcua_hello_event(k, r, NULL);
    else if (r->kind == TW_OPCUA_KIND_OPEN)
        tw_opcua_open_event(k, r, tw_opcua_channel_find(k->st, r->channel), NULL);
    else if (r->kind == TW_OPCUA_KIND_SEALED)
        tw_opcua_sealed_expire(k, r);
    else if (r->service != NULL && !(r->service->flags & TW_OPCUA_WAITS))
        tw_opcua_service_event(k, r, NULL);
    tw_opcua_request_drop(k, r);
}

/* Publish requests wait by design and are worth least. */
static void make_room(struct tw_opcua_call *k)
{
    struct tw_opcua_request *r = k->st->first;
    while (r != NULL && !(r->service != NULL && (r->service->flags & TW_OPCUA_WAITS)))
        r = r->next;
    if (r == NULL)
        r = k->st->first;
    k->st->lost_requests = true;
    if (r != NULL)
        tw_opcua_request_expire(k, r);
}

struct tw_opcua_request *tw_opcua_request_add(struct tw_opcua_call *k, struct tw_cur body)
{
    if (k->st->n_requests >= TW_OPCUA_MAX_PENDING)
        make_room(k);
    bool cut = body.left > TW_OPCUA_MAX_REQUEST;
    size_t len = cut ? TW_OPCUA_MAX_REQUEST : body.left, size;
    struct tw_opcua_request *r = NULL;
    if (len == 0 || k->st->kept + len <= TW_OPCUA_MAX_KEPT)
        r = tw_pool_get(k->env->pool, sizeof(*r) + len, &size);
    if (r == NULL && len > 0) {
        /* The list of nodes is lost, that the request was made is not. */
        cut = true;
        len = 0;
        r = tw_pool_get(k->env->pool, sizeof(*r), &size);
    }
    if (r == NULL || cut)
        k->env->counters->cut++;
    if (r == NULL) {
        k->st->lost_requests = true;
        return NULL;
    }
    *r = (struct tw_opcua_request){.when = *k->when, .size = size, .len = len, .cut = cut};
    struct tw_str bytes;
    if (len > 0 && tw_cur_bytes(&body, len, &bytes))
        memcpy(r + 1, bytes.p, bytes.len);
    r->previous = k->st->last;
    if (k->st->last != NULL)
        k->st->last->next = r;
    else
        k->st->first = r;
    k->st->last = r;
    k->st->n_requests++;
    k->st->kept += size;
    return r;
}

struct tw_opcua_request *tw_opcua_request_find(
    const struct tw_opcua_state *st, uint32_t channel, uint32_t request_id)
{
    for (struct tw_opcua_request *r = st->first; r != NULL; r = r->next)
        if (r->kind == TW_OPCUA_KIND_SERVICE && r->request_id == request_id &&
            r->channel == channel)
            return r;
    return NULL;
}

struct tw_opcua_request *tw_opcua_request_oldest(
    const struct tw_opcua_state *st, enum tw_opcua_kind kind)
{
    struct tw_opcua_request *r = st->first;
    while (r != NULL && r->kind != kind)
        r = r->next;
    return r;
}

void tw_opcua_late_add(struct tw_opcua_state *st, const struct tw_opcua_request *r)
{
    st->late[st->n_late++ % TW_OPCUA_MAX_LATE] =
        (struct tw_opcua_late){.channel = r->channel, .request_id = r->request_id};
}

bool tw_opcua_is_late(const struct tw_opcua_state *st, uint32_t channel, uint32_t request_id)
{
    for (unsigned i = 0; i < TW_OPCUA_MAX_LATE && i < st->n_late; i++)
        if (st->late[i].channel == channel && st->late[i].request_id == request_id)
            return true;
    return false;
}
