/* SecureChannels: which policy and mode, sequence numbers, chunks put together [UA6 6.7.2]. */

#include "protocol/opcua/state.h"

#include "base/timefmt.h"

struct tw_opcua_channel *tw_opcua_channel_find(const struct tw_opcua_state *st, uint32_t id)
{
    struct tw_opcua_channel *ch = st->channels;
    while (ch != NULL && ch->id != id)
        ch = ch->next;
    return ch;
}

static void parts_drop(
    struct tw_opcua_call *k, struct tw_opcua_direction *d, struct tw_opcua_parts *parts)
{
    struct tw_opcua_parts **link = &d->parts;
    while (*link != NULL && *link != parts)
        link = &(*link)->next;
    *link = parts->next;
    d->n_parts--;
    k->st->kept -= parts->body.size;
    tw_pbuf_drop(k->env->pool, &parts->body);
    tw_pool_put(k->env->pool, parts, sizeof(*parts));
}

void tw_opcua_parts_drop_all(struct tw_opcua_call *k, struct tw_opcua_direction *d)
{
    while (d->parts != NULL)
        parts_drop(k, d, d->parts);
}

/* Bytes were lost: what was put together so far is a beginning without its rest. Chunks that follow
 * still count. */
void tw_opcua_parts_torn(struct tw_opcua_direction *d)
{
    for (struct tw_opcua_parts *p = d->parts; p != NULL; p = p->next)
        p->cut = p->torn = true;
    d->parts_bytes = 0;
    d->parts_chunks = 0;
}

void tw_opcua_channel_drop(struct tw_opcua_call *k, struct tw_opcua_channel *ch)
{
    struct tw_opcua_channel **link = &k->st->channels;
    while (*link != NULL && *link != ch)
        link = &(*link)->next;
    *link = ch->next;
    k->st->n_channels--;
    tw_opcua_parts_drop_all(k, &ch->dir[0]);
    tw_opcua_parts_drop_all(k, &ch->dir[1]);
    tw_pool_put(k->env->pool, ch, sizeof(*ch));
}

struct tw_opcua_channel *tw_opcua_channel_add(struct tw_opcua_call *k, uint32_t id)
{
    struct tw_opcua_state *st = k->st;
    struct tw_opcua_channel *oldest = st->channels;
    while (oldest != NULL && oldest->next != NULL)
        oldest = oldest->next;
    if (oldest != NULL && st->n_channels >= TW_OPCUA_MAX_CHANNELS) {
        tw_opcua_channel_drop(k, oldest);
        st->lost_channels = true;
        k->env->counters->cut++;
    }
    struct tw_opcua_channel *ch = tw_pool_get(k->env->pool, sizeof(*ch), NULL);
    if (ch == NULL) {
        k->env->counters->cut++;
        return NULL;
    }
    *ch = (struct tw_opcua_channel){.id = id, .next = st->channels};
    for (unsigned dir = 0; dir < 2; dir++)
        ch->dir[dir].torn = !st->intact[dir];
    st->channels = ch;
    st->n_channels++;
    return ch;
}

/* [UA6 6.7.2.4] */
static bool follows(const struct tw_opcua_channel *ch, uint32_t previous, uint32_t sequence)
{
    enum { LEGACY_FIRST = 1024 };
    if (sequence == previous + 1 && sequence != 0)
        return true;
    if (ch->policy != NULL && ch->policy->zero_based)
        return sequence == 0 && previous == UINT32_MAX;
    return previous >= UINT32_MAX - LEGACY_FIRST && sequence < LEGACY_FIRST;
}

void tw_opcua_channel_sequence(
    struct tw_opcua_call *k, struct tw_opcua_channel *ch, uint32_t sequence)
{
    struct tw_opcua_direction *d = &ch->dir[k->dir];
    if (d->has_sequence && !follows(ch, d->sequence, sequence)) {
        struct tw_opcua_info info = {0};
        tw_opcua_channel_info(ch, &info);
        tw_opcua_malformed(k,
            TW_OPCUA_BIT(sequence > d->sequence ? TW_OPCUA_SEQUENCE_GAP : TW_OPCUA_SEQUENCE_REUSE),
            &info);
    }
    d->has_sequence = true;
    d->sequence = sequence;
}

/* Does the header of this body carry a time near that of the capture? */
static bool time_fits(const struct tw_opcua_call *k, struct tw_cur body, bool request)
{
    const int64_t day = INT64_C(86400) * TW_NS_PER_S;
    struct tw_opcua_node token;
    uint64_t ticks;
    if ((request && !tw_opcua_node(&body, &token)) || !tw_cur_u64le(&body, &ticks))
        return false;
    int64_t at = tw_opcua_time_ns((int64_t)ticks);
    return at > k->when->ts_ns - day && at < k->when->ts_ns + day;
}

/* Does the body begin with a service that goes this way? */
static bool service_fits(const struct tw_opcua_call *k, struct tw_cur *body, bool *request)
{
    struct tw_opcua_node type;
    if (!tw_opcua_node(body, &type) || type.kind != 'i' || type.ns != 0)
        return false;
    bool asks = tw_opcua_service_of_request(type.id) != NULL;
    bool answers =
        tw_opcua_service_of_response(type.id) != NULL || type.id == TW_OPCUA_SERVICE_FAULT;
    *request = asks;
    if (k->st->client == TW_OPCUA_NO_SIDE)
        return asks || answers;
    return k->st->client == k->dir ? asks : answers;
}

unsigned tw_opcua_channel_signs(
    struct tw_opcua_call *k, const struct tw_opcua_channel *ch, struct tw_cur c)
{
    enum { SMALL_REQUEST = 1 << 24 };
    const struct tw_opcua_direction *d = &ch->dir[k->dir];
    uint32_t sequence, request_id;
    bool request = false;
    if (!tw_cur_u32le(&c, &sequence) || !tw_cur_u32le(&c, &request_id))
        return 0;
    unsigned signs = d->has_sequence && follows(ch, d->sequence, sequence);
    signs += request_id < SMALL_REQUEST;
    if (service_fits(k, &c, &request))
        signs += 1u + time_fits(k, c, request);
    return signs;
}

/* Sign or SignAndEncrypt is not said outside an RSA handshake: what is encrypted looks random, what
 * is only signed looks like a message. Two independent signs are asked for. */
static bool looks_readable(struct tw_opcua_call *k, struct tw_opcua_channel *ch, struct tw_cur c)
{
    struct tw_opcua_direction *d = &ch->dir[k->dir];
    unsigned signs = tw_opcua_channel_signs(k, ch, c);
    if (!tw_cur_u32le(&c, &d->sequence))
        return false;
    d->has_sequence = true;
    return signs >= 2;
}

/* Later chunks of a message whose first was not seen look random, too; a CLO has only one. */
static void decide(struct tw_opcua_call *k, struct tw_opcua_channel *ch,
    const struct tw_opcua_header *h, struct tw_cur c)
{
    if (looks_readable(k, ch, c)) {
        ch->reading = TW_OPCUA_READABLE;
        ch->n_unsure = 0; /* the ends of messages whose beginnings were not seen */
        ch->dir[k->dir].has_sequence = false;
        if (ch->policy != NULL && ch->mode == TW_OPCUA_MODE_UNKNOWN)
            ch->mode = ch->policy->signature == 0 ? TW_OPCUA_NONE : TW_OPCUA_SIGN;
    } else if (++ch->misses >= TW_OPCUA_PATIENCE || h->message == TW_OPCUA_CLO ||
               (ch->opened && tw_opcua_intact(k))) {
        ch->reading = TW_OPCUA_SEALED;
        ch->mode = TW_OPCUA_ENCRYPT;
    }
    if (ch->reading != TW_OPCUA_UNDECIDED && ch->policy != NULL) {
        ch->has_signature = true;
        ch->signature = ch->policy->signature;
    }
}

static struct tw_opcua_parts *parts_find(struct tw_opcua_direction *d, uint32_t request_id)
{
    struct tw_opcua_parts *p = d->parts;
    while (p != NULL && p->request_id != request_id)
        p = p->next;
    return p;
}

/* What the receiver said it takes, and what no client sends: requests in more parts than this are a
 * flood of intermediate chunks, not a message. */
uint32_t tw_opcua_over_limits(const struct tw_opcua_call *k, uint32_t chunks, uint64_t bytes)
{
    enum { REQUEST_CHUNKS = 64 };
    const struct tw_opcua_buffers *b = &k->st->buffers[k->dir ^ 1];
    uint32_t found = 0;
    bool request = k->st->client == k->dir;
    if (chunks > TW_OPCUA_MAX_CHUNKS || (request && chunks > REQUEST_CHUNKS) ||
        (b->known && b->chunks != 0 && chunks > b->chunks))
        found |= TW_OPCUA_BIT(TW_OPCUA_CHUNK_LIMIT);
    if (b->known && b->message != 0 && bytes > b->message)
        found |= TW_OPCUA_BIT(TW_OPCUA_MESSAGE_LIMIT);
    return found;
}

static void report_parts(struct tw_opcua_call *k, const struct tw_opcua_channel *ch,
    struct tw_opcua_parts *p, uint32_t found)
{
    struct tw_opcua_info info = {0};
    if (found == 0 || p->reported)
        return;
    tw_opcua_channel_info(ch, &info);
    info.has_request_id = true;
    info.request_id = p->request_id;
    info.chunks = p->chunks;
    info.message_bytes = p->on_wire;
    p->reported = true;
    tw_opcua_malformed(k, found, &info);
}

/* Room for one more. The end of the message that is given up for it will be taken for one of its
 * own, which its receiver may have read otherwise: that has to be said. */
static void parts_make_room(struct tw_opcua_call *k, struct tw_opcua_channel *ch)
{
    struct tw_opcua_direction *d = &ch->dir[k->dir];
    struct tw_opcua_parts *oldest = d->parts;
    if (d->n_parts < TW_OPCUA_MAX_PARTS)
        return;
    while (oldest->next != NULL)
        oldest = oldest->next;
    if (!oldest->torn) /* its end may be among the bytes that were lost */
        report_parts(k, ch, oldest, TW_OPCUA_BIT(TW_OPCUA_CHUNK_LIMIT));
    k->env->counters->cut++;
    parts_drop(k, d, oldest);
}

static struct tw_opcua_parts *parts_add(
    struct tw_opcua_call *k, struct tw_opcua_channel *ch, uint32_t request_id)
{
    struct tw_opcua_direction *d = &ch->dir[k->dir];
    parts_make_room(k, ch);
    struct tw_opcua_parts *p = tw_pool_get(k->env->pool, sizeof(*p), NULL);
    if (p == NULL) {
        k->env->counters->cut++;
        return NULL;
    }
    *p = (struct tw_opcua_parts){.request_id = request_id, .next = d->parts};
    d->parts = p;
    d->n_parts++;
    return p;
}

static bool parts_keep(struct tw_opcua_call *k, struct tw_opcua_parts *p, struct tw_cur bytes)
{
    const size_t before = p->body.size;
    if (k->st->kept + bytes.left > TW_OPCUA_MAX_KEPT ||
        !tw_pbuf_add(k->env->pool, &p->body, bytes.p, bytes.left, TW_OPCUA_MAX_MESSAGE))
        return false;
    k->st->kept += p->body.size - before;
    return true;
}

static void parts_append(struct tw_opcua_call *k, struct tw_opcua_channel *ch,
    struct tw_opcua_parts *p, const struct tw_opcua_body *chunk)
{
    p->chunks++;
    p->bytes += chunk->bytes.left;
    p->on_wire += chunk->message_bytes;
    p->cut = p->cut || chunk->cut;
    report_parts(k, ch, p, tw_opcua_over_limits(k, p->chunks, p->bytes));
    if (p->cut)
        return;
    if (p->chunks > TW_OPCUA_MAX_CHUNKS || !parts_keep(k, p, chunk->bytes)) {
        p->cut = true;
        k->env->counters->cut++;
    }
}

static void last_part(struct tw_opcua_call *k, struct tw_opcua_channel *ch,
    struct tw_opcua_parts *p, struct tw_opcua_body *m)
{
    parts_append(k, ch, p, m);
    m->bytes = tw_cur_of(p->body.p, p->body.len);
    m->cut = p->cut;
    m->chunks = p->chunks;
    m->message_bytes = p->on_wire;
    tw_opcua_message(k, m);
    parts_drop(k, &ch->dir[k->dir], p);
}

/* [UA6 6.7.3]: an error and a reason instead of the rest. */
static void abort_part(struct tw_opcua_call *k, struct tw_opcua_channel *ch,
    struct tw_opcua_parts *p, const struct tw_opcua_body *m)
{
    struct tw_cur c = m->bytes;
    uint32_t code = 0x80000000u;
    if (p != NULL)
        parts_drop(k, &ch->dir[k->dir], p);
    if (!tw_cur_u32le(&c, &code))
        code = 0x80000000u;
    tw_opcua_aborted(k, ch, m->request_id, code);
}

/* `trailer`: bytes of signature at its end. */
static void message_chunk(struct tw_opcua_call *k, const struct tw_opcua_header *h,
    struct tw_opcua_channel *ch, struct tw_cur c, bool cut, size_t trailer)
{
    struct tw_opcua_body m = {.channel = ch, .cut = cut, .chunks = 1, .message_bytes = h->size};
    uint32_t sequence;
    if (!tw_cur_u32le(&c, &sequence) || !tw_cur_u32le(&c, &m.request_id)) {
        if (!cut)
            tw_opcua_malformed(k, TW_OPCUA_BIT(TW_OPCUA_BAD_CHUNK_SIZE), NULL);
        return;
    }
    tw_opcua_channel_sequence(k, ch, sequence);
    m.loose = !ch->has_signature && ch->reading == TW_OPCUA_READABLE;
    m.closes = h->message == TW_OPCUA_CLO;
    size_t body = c.left >= trailer ? c.left - trailer : c.left;
    if (!tw_cur_sub(&c, body, &m.bytes))
        return;
    struct tw_opcua_direction *d = &ch->dir[k->dir];
    m.torn = d->torn;
    d->torn = d->torn && h->chunk == 'C';
    struct tw_opcua_parts *p = h->message == TW_OPCUA_MSG ? parts_find(d, m.request_id) : NULL;
    if (h->chunk == 'A') {
        abort_part(k, ch, p, &m);
    } else if (h->chunk == 'C') {
        if (p == NULL)
            p = parts_add(k, ch, m.request_id);
        if (p != NULL)
            parts_append(k, ch, p, &m);
    } else if (p != NULL) {
        last_part(k, ch, p, &m);
    } else {
        tw_opcua_message(k, &m);
    }
}

static void readable_chunk(struct tw_opcua_call *k, const struct tw_opcua_header *h,
    struct tw_opcua_channel *ch, struct tw_cur c, bool cut)
{
    message_chunk(k, h, ch, c, cut, cut || !ch->has_signature ? 0 : ch->signature);
}

void tw_opcua_plain_chunk(struct tw_opcua_call *k, const struct tw_opcua_header *h,
    struct tw_opcua_channel *ch, struct tw_cur c)
{
    message_chunk(k, h, ch, c, false, 0);
}

/* A channel that was never opened. Its own direction says so at once if it sent no OPN at all; the
 * server knows its channels; the client may have been told what was not seen yet. */
static struct tw_opcua_channel *unknown_channel(struct tw_opcua_call *k, uint32_t id)
{
    struct tw_opcua_state *st = k->st;
    struct tw_opcua_info info = {.has_channel = true, .channel_id = id};
    bool first = st->intact[k->dir] && !st->opened[k->dir];
    bool server = st->client == (k->dir ^ 1);
    if (first)
        tw_opcua_malformed(k, TW_OPCUA_BIT(TW_OPCUA_MESSAGE_BEFORE_OPEN), &info);
    else if (server && st->intact[k->dir] && !st->lost_channels)
        tw_opcua_malformed(k, TW_OPCUA_BIT(TW_OPCUA_UNKNOWN_CHANNEL), &info);
    struct tw_opcua_channel *ch = tw_opcua_channel_add(k, id);
    if (ch != NULL && !first && !server && !st->lost_channels && tw_opcua_intact(k))
        tw_opcua_doubt_add(k, TW_OPCUA_UNKNOWN_CHANNEL, ch, NULL, NULL);
    return ch;
}

bool tw_opcua_channel_has_token(const struct tw_opcua_channel *ch, uint32_t token)
{
    for (unsigned i = 0; i < ch->n_tokens; i++)
        if (ch->tokens[i] == token)
            return true;
    return ch->n_tokens == 0;
}

/* At a renewal both sides may use the token before for a while [UA6 6.7.4]; no other was issued.
 * The client may have been told what was not seen yet. */
static void check_token(struct tw_opcua_call *k, struct tw_opcua_channel *ch, uint32_t token)
{
    struct tw_opcua_direction *d = &ch->dir[k->dir];
    if (tw_opcua_channel_has_token(ch, token) || (d->has_stray && d->stray == token) ||
        !tw_opcua_intact(k))
        return;
    d->has_stray = true;
    d->stray = token;
    if (k->st->client == k->dir) {
        tw_opcua_doubt_token(k, ch, token);
        return;
    }
    struct tw_opcua_info info = {0};
    tw_opcua_channel_info(ch, &info);
    tw_opcua_malformed(k, TW_OPCUA_BIT(TW_OPCUA_UNKNOWN_TOKEN), &info);
}

void tw_opcua_chunk(
    struct tw_opcua_call *k, const struct tw_opcua_header *h, struct tw_cur c, bool cut)
{
    uint32_t id, token;
    if (!tw_cur_u32le(&c, &id) || !tw_cur_u32le(&c, &token)) {
        if (!cut)
            tw_opcua_malformed(k, TW_OPCUA_BIT(TW_OPCUA_BAD_CHUNK_SIZE), NULL);
        return;
    }
    if (h->message == TW_OPCUA_CLO && k->st->client == TW_OPCUA_NO_SIDE)
        k->st->client = (uint8_t)k->dir;
    struct tw_opcua_channel *ch = tw_opcua_channel_find(k->st, id);
    if (ch == NULL)
        ch = unknown_channel(k, id);
    if (ch == NULL)
        return;
    check_token(k, ch, token);
    if (ch->reading != TW_OPCUA_READABLE && !cut && tw_opcua_unseal(k, h, ch, token, c))
        return;
    if (ch->reading == TW_OPCUA_UNDECIDED)
        decide(k, ch, h, c);
    if (ch->reading == TW_OPCUA_READABLE)
        readable_chunk(k, h, ch, c, cut);
    else if (ch->reading == TW_OPCUA_SEALED)
        tw_opcua_sealed(k, ch, h);
    else
        tw_opcua_unsure(k, ch, h);
}
