/* Two directions of one connection do not reach a capture in the order in which they were sent:
 * what one of them contradicts may only be late, or stand behind a hole that was not given up yet.
 * So a response without a request is kept for a while, and such anomalies wait for the other side.
 */

#include "protocol/opcua/state.h"

enum { PATIENCE = 8 };

void tw_opcua_doubt_add(struct tw_opcua_call *k, enum tw_opcua_anomaly anomaly,
    const struct tw_opcua_channel *ch, const struct tw_opcua_service *service,
    const uint32_t *request_id)
{
    struct tw_opcua_state *st = k->st;
    if (st->n_doubts == TW_OPCUA_MAX_DOUBTS)
        return;
    struct tw_opcua_doubt *d = &st->doubts[st->n_doubts++];
    *d = (struct tw_opcua_doubt){.anomaly = (uint8_t)anomaly,
        .judge = (uint8_t)(k->dir ^ 1),
        .channel = ch->id,
        .service = service};
    if (request_id != NULL) {
        d->has_request_id = true;
        d->request_id = *request_id;
    }
}

void tw_opcua_doubt_token(
    struct tw_opcua_call *k, const struct tw_opcua_channel *ch, uint32_t token)
{
    struct tw_opcua_state *st = k->st;
    const unsigned before = st->n_doubts;
    tw_opcua_doubt_add(k, TW_OPCUA_UNKNOWN_TOKEN, ch, NULL, NULL);
    if (st->n_doubts > before)
        st->doubts[before].token = token;
}

/* Report it, unless the channel turned out to be open. It stands where it became certain. */
static void decide(struct tw_opcua_call *k, const struct tw_opcua_doubt *d)
{
    struct tw_opcua_call sender = *k;
    struct tw_opcua_info info = {.has_channel = true, .channel_id = d->channel};
    const struct tw_opcua_channel *ch = tw_opcua_channel_find(k->st, d->channel);
    bool opened = ch != NULL && ch->opened;
    if (!tw_opcua_intact(k) || (d->anomaly == TW_OPCUA_UNKNOWN_CHANNEL && opened))
        return;
    if (d->anomaly == TW_OPCUA_UNKNOWN_TOKEN &&
        (ch == NULL || tw_opcua_channel_has_token(ch, d->token)))
        return;
    if (d->anomaly == TW_OPCUA_RESPONSE_WITHOUT_REQUEST && !k->st->early_open.set)
        return; /* of a channel's opening: its request came */
    if (ch != NULL && d->anomaly != TW_OPCUA_UNKNOWN_CHANNEL)
        tw_opcua_channel_info(ch, &info);
    info.service = tw_str_of(d->service == NULL ? NULL : d->service->name);
    info.has_request_id = d->has_request_id;
    info.request_id = d->request_id;
    sender.dir = d->judge ^ 1u;
    tw_opcua_malformed(&sender, TW_OPCUA_BIT(d->anomaly), &info);
}

void tw_opcua_doubt_judge(struct tw_opcua_call *k)
{
    struct tw_opcua_state *st = k->st;
    unsigned kept = 0;
    for (unsigned i = 0; i < st->n_doubts; i++) {
        const struct tw_opcua_doubt d = st->doubts[i];
        if (d.judge == k->dir)
            decide(k, &d);
        else
            st->doubts[kept++] = d;
    }
    st->n_doubts = kept;
}

void tw_opcua_doubt_close(struct tw_opcua_call *k, bool all_seen)
{
    for (unsigned i = 0; all_seen && i < k->st->n_doubts; i++)
        decide(k, &k->st->doubts[i]);
    k->st->n_doubts = 0;
}

static struct tw_cur early_body(const struct tw_opcua_early *e)
{
    return tw_cur_of(e + 1, e->len);
}

/* Take it out of the list and deal with it; its request may be there by now. */
static void release(struct tw_opcua_call *k, struct tw_opcua_early *e, bool unasked)
{
    struct tw_opcua_early **link = &k->st->early;
    while (*link != NULL && *link != e)
        link = &(*link)->next;
    *link = e->next;
    k->st->n_early--;
    struct tw_opcua_call server = *k;
    server.dir = tw_opcua_client_of(k) ^ 1u;
    struct tw_opcua_channel *ch = tw_opcua_channel_find(k->st, e->channel);
    const struct tw_opcua_body m = {.channel = ch,
        .request_id = e->request_id,
        .cut = e->cut,
        .loose = e->loose,
        .chunks = e->chunks,
        .message_bytes = e->message_bytes};
    if (ch != NULL)
        tw_opcua_response(&server, &m, e->service, early_body(e), unasked);
    tw_pool_put(k->env->pool, e, e->size);
}

bool tw_opcua_early_keep(struct tw_opcua_call *k, const struct tw_opcua_body *m,
    const struct tw_opcua_service *service, struct tw_cur body)
{
    struct tw_opcua_state *st = k->st;
    if (body.left > TW_OPCUA_EARLY_BYTES)
        return false;
    if (st->n_early >= TW_OPCUA_MAX_EARLY)
        release(k, st->early, false);
    size_t size;
    struct tw_opcua_early *e = tw_pool_get(k->env->pool, sizeof(*e) + body.left, &size);
    if (e == NULL)
        return false;
    *e = (struct tw_opcua_early){.service = service,
        .size = size,
        .len = body.left,
        .channel = m->channel->id,
        .request_id = m->request_id,
        .patience = PATIENCE,
        .cut = m->cut,
        .loose = m->loose,
        .chunks = m->chunks,
        .message_bytes = m->message_bytes};
    struct tw_str bytes;
    if (tw_cur_bytes(&body, body.left, &bytes) && bytes.len > 0)
        memcpy(e + 1, bytes.p, bytes.len);
    struct tw_opcua_early **link = &st->early;
    while (*link != NULL)
        link = &(*link)->next;
    *link = e;
    st->n_early++;
    return true;
}

void tw_opcua_early_request(
    struct tw_opcua_call *k, struct tw_opcua_channel *ch, uint32_t request_id)
{
    struct tw_opcua_early *next;
    for (struct tw_opcua_early *e = k->st->early; e != NULL; e = next) {
        next = e->next;
        if (e->channel == ch->id && e->request_id == request_id)
            release(k, e, false);
        else if (e->patience-- == 0)
            release(k, e, true);
    }
}

void tw_opcua_early_close(struct tw_opcua_call *k, bool all_seen)
{
    while (k->st->early != NULL)
        release(k, k->st->early, all_seen);
}
