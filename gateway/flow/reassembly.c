#include "flow/reassembly.h"

#include <assert.h>

enum {
    /* A mirror port may show an acknowledgement before the bytes it acknowledges. So a hole is only
     * given up when some time has passed since, or some later segments have. */
    GRACE_NS = 200 * 1000 * 1000,
    GRACE_SEGMENTS = 3,
    /* Further ahead than this and not acknowledged, a segment is not of this connection. */
    MAX_AHEAD = 4 << 20
};
/* When only one side of the connection is seen there are no acknowledgements to go by. */
static const int64_t grace_blind_ns = INT64_C(2000000000);

struct tw_segment {
    struct tw_segment *next;
    size_t size;       /* of the pool buffer */
    uint32_t seq, len; /* on the wire */
    uint32_t have;     /* bytes captured */
    uint8_t data[];
};

static uint32_t end_of(const struct tw_segment *s)
{
    return s->seq + s->len;
}

static struct tw_cur bytes_of(const struct tw_segment *s)
{
    return tw_cur_of(s->data, s->have);
}

/* Keyed, since an attacker chooses both copies. */
static uint32_t digest(struct tw_seed seed, struct tw_cur c)
{
    const uint64_t h = tw_hash(seed, c.p, c.left);
    return (uint32_t)(h ^ h >> 32);
}

static void remember(
    struct tw_reasm *r, const struct tw_reasm_env *env, uint32_t seq, struct tw_cur bytes)
{
    if (bytes.left == 0 || bytes.left > UINT16_MAX)
        return;
    r->recent[r->recent_at] =
        (struct tw_reasm_recent){seq, digest(env->seed, bytes), (uint16_t)bytes.left};
    r->recent_at = (uint8_t)((r->recent_at + 1) % TW_REASM_RECENT);
}

/* Compare a retransmission with those segments handed on lately that lie inside it. */
static bool differs_from_recent(
    const struct tw_reasm *r, const struct tw_reasm_env *env, uint32_t seq, struct tw_cur bytes)
{
    /* A keep-alive probe repeats the last byte with any content [RFC 9293 3.8.4]. */
    if (bytes.left <= 1 && seq + 1 == r->next)
        return false;
    for (int i = 0; i < TW_REASM_RECENT; i++) {
        const struct tw_reasm_recent *e = &r->recent[i];
        const int32_t at = tw_seq_diff(e->seq, seq);
        struct tw_cur c = bytes, part;
        if (e->len > 0 && at >= 0 && tw_cur_skip(&c, (size_t)at) && tw_cur_sub(&c, e->len, &part) &&
            digest(env->seed, part) != e->digest)
            return true;
    }
    return false;
}

static void tell_conflict(const struct tw_reasm_env *env)
{
    env->counters->conflicts++;
    env->sink->conflict(env->user);
}

static void tell_gap(const struct tw_reasm_env *env, uint32_t missing)
{
    env->counters->gaps++;
    env->counters->gap_bytes += missing;
    env->sink->gap(env->user, missing);
}

static void hand_on(
    struct tw_reasm *r, const struct tw_reasm_env *env, struct tw_cur bytes, uint32_t len)
{
    remember(r, env, r->next, bytes);
    r->next += len;
    if (bytes.left > 0)
        env->sink->data(env->user, bytes);
    if (bytes.left < len)
        tell_gap(env, len - (uint32_t)bytes.left);
}

/* Take the first segment off the queue; the caller returns it to the pool. */
static struct tw_segment *dequeue(struct tw_reasm *r)
{
    struct tw_segment *s = r->queue;
    r->queue = s->next;
    if (r->queue == NULL)
        r->last = NULL;
    r->n_queued--;
    r->queued_bytes -= s->have;
    return s;
}

static void drain(struct tw_reasm *r, const struct tw_reasm_env *env)
{
    while (r->queue != NULL && r->queue->seq == r->next) {
        struct tw_segment *s = dequeue(r);
        hand_on(r, env, bytes_of(s), s->len);
        tw_pool_put(env->pool, s, s->size);
    }
}

/* Are there acknowledged bytes that were not seen here, and since when? */
static void watch(struct tw_reasm *r, int64_t now_ns)
{
    const bool all = r->has_fin && r->next == r->fin;
    const bool behind = r->has_ack && r->started && !all && tw_seq_diff(r->acked, r->next) > 0;
    if (behind && !r->behind) {
        r->since_ns = now_ns;
        r->later = 0;
    }
    r->behind = behind;
}

static bool is_lost(const struct tw_reasm *r, int64_t now_ns)
{
    if (r->queue == NULL)
        return false;
    if (!r->has_ack)
        return now_ns - r->since_ns >= grace_blind_ns;
    return r->behind && tw_seq_diff(r->acked, r->queue->seq) >= 0 &&
           (r->later >= GRACE_SEGMENTS || now_ns - r->since_ns >= GRACE_NS);
}

static void give_up(struct tw_reasm *r, const struct tw_reasm_env *env)
{
    const uint32_t missing = r->queue->seq - r->next;
    r->next = r->queue->seq;
    tell_gap(env, missing);
    drain(r, env);
    r->since_ns = env->now_ns;
    watch(r, env->now_ns);
}

void tw_reasm_expire(struct tw_reasm *r, const struct tw_reasm_env *env)
{
    while (is_lost(r, env->now_ns)) {
        /* What was lost before one acknowledgement needs no second grace. */
        const int64_t since_ns = r->since_ns;
        const uint8_t later = r->later;
        give_up(r, env);
        if (r->behind || !r->has_ack) {
            r->since_ns = since_ns;
            r->later = later;
        }
    }
}

int64_t tw_reasm_deadline(const struct tw_reasm *r)
{
    if (r->queue == NULL)
        return INT64_MAX;
    if (!r->has_ack)
        return r->since_ns + grace_blind_ns;
    if (r->behind && tw_seq_diff(r->acked, r->queue->seq) >= 0)
        return r->since_ns + GRACE_NS;
    return INT64_MAX;
}

static bool is_full(const struct tw_reasm *r, size_t more)
{
    return r->n_queued >= TW_MAX_SEGMENTS || r->queued_bytes + more > TW_MAX_REORDER;
}

/* Keep `len` bytes at `seq`, of which `bytes` were captured, behind `after` (NULL: first). */
static bool keep(struct tw_reasm *r, const struct tw_reasm_env *env, struct tw_segment *after,
    uint32_t seq, struct tw_cur bytes, uint32_t len)
{
    size_t size;
    if (is_full(r, bytes.left))
        return false;
    struct tw_segment *s = tw_pool_get(env->pool, sizeof(*s) + bytes.left, &size);
    if (s == NULL)
        return false;
    *s = (struct tw_segment){.size = size, .seq = seq, .len = len, .have = (uint32_t)bytes.left};
    if (!tw_cur_copy(&bytes, bytes.left, s->data)) {
        tw_pool_put(env->pool, s, size);
        return false;
    }
    struct tw_segment **link = after == NULL ? &r->queue : &after->next;
    s->next = *link;
    *link = s;
    if (s->next == NULL)
        r->last = s;
    r->n_queued++;
    r->queued_bytes += s->have;
    return true;
}

/* A segment cut down from its front. */
struct piece {
    uint32_t seq, len;
    struct tw_cur bytes;
};

static struct piece take(struct piece *p, uint32_t n)
{
    struct piece front = {p->seq, n, {NULL, 0}};
    const size_t have = n < p->bytes.left ? n : p->bytes.left;
    p->seq += n;
    p->len -= n;
    if (!tw_cur_sub(&p->bytes, have, &front.bytes))
        front.bytes = tw_cur_of(NULL, 0);
    return front;
}

/* Do the bytes of `p`, which lies inside `s`, differ from those kept? */
static bool differs(const struct tw_segment *s, const struct piece *p)
{
    struct tw_cur mine = bytes_of(s), theirs = p->bytes, a, b;
    if (!tw_cur_skip(&mine, p->seq - s->seq))
        return false;
    const size_t n = mine.left < theirs.left ? mine.left : theirs.left;
    return tw_cur_sub(&mine, n, &a) && tw_cur_sub(&theirs, n, &b) &&
           !tw_str_eq(tw_cur_rest(&a), tw_cur_rest(&b));
}

/* Keep those parts of `p` that are not kept yet, and compare the others. */
static void insert(struct tw_reasm *r, const struct tw_reasm_env *env, struct piece p)
{
    struct tw_segment *before = NULL, *at = r->queue;
    bool conflict = false;
    if (r->last != NULL && tw_seq_diff(p.seq, end_of(r->last)) >= 0) {
        before = r->last;
        at = NULL;
    }
    while (p.len > 0) {
        while (at != NULL && tw_seq_diff(end_of(at), p.seq) <= 0) {
            before = at;
            at = at->next;
        }
        const int32_t room = at == NULL ? INT32_MAX : tw_seq_diff(at->seq, p.seq);
        if (room > 0) {
            struct piece part = take(&p, p.len < (uint32_t)room ? p.len : (uint32_t)room);
            if (!keep(r, env, before, part.seq, part.bytes, part.len))
                break;
            before = before == NULL ? r->queue : before->next;
        } else if (at != NULL) {
            const uint32_t inside = end_of(at) - p.seq;
            struct piece part = take(&p, p.len < inside ? p.len : inside);
            env->counters->retransmitted_bytes += part.len;
            conflict = conflict || differs(at, &part);
        }
    }
    if (conflict)
        tell_conflict(env);
}

/* Cut off what was handed on before. False when nothing is left. */
static bool trim_old(struct tw_reasm *r, const struct tw_reasm_env *env, struct piece *p)
{
    const int32_t old = tw_seq_diff(r->next, p->seq);
    if (old <= 0)
        return p->len > 0;
    const struct piece front = take(p, (uint32_t)old < p->len ? (uint32_t)old : p->len);
    env->counters->retransmitted_bytes += front.len;
    if (differs_from_recent(r, env, front.seq, front.bytes))
        tell_conflict(env);
    return p->len > 0;
}

static bool is_plausible(const struct tw_reasm *r, uint32_t seq)
{
    const int32_t ahead = tw_seq_diff(seq, r->next);
    if (ahead < MAX_AHEAD || !r->has_ack)
        return true;
    return tw_seq_diff(seq, r->acked) < MAX_AHEAD;
}

/* What stands behind a FIN does not count, if the stream was whole up to the FIN. If it was not,
 * the FIN is not to be trusted. */
static void trim_to_fin(struct tw_reasm *r, struct piece *p)
{
    if (!r->has_fin || tw_seq_diff(p->seq + p->len, r->fin) <= 0)
        return;
    if (r->next != r->fin) {
        r->has_fin = false;
        return;
    }
    const int32_t valid = tw_seq_diff(r->fin, p->seq);
    *p = take(p, valid > 0 ? (uint32_t)valid : 0);
}

static void early(struct tw_reasm *r, const struct tw_reasm_env *env, struct piece p)
{
    env->counters->out_of_order++;
    if (r->queue == NULL && !r->has_ack)
        r->since_ns = env->now_ns;
    while (r->queue != NULL && is_full(r, p.bytes.left))
        give_up(r, env);
    if (!trim_old(r, env, &p))
        return;
    if (p.seq == r->next)
        hand_on(r, env, p.bytes, p.len);
    else
        insert(r, env, p);
    drain(r, env);
}

/* A segment that is not simply the next one. */
__attribute__((noinline)) static void place(
    struct tw_reasm *r, const struct tw_reasm_env *env, struct piece p)
{
    if (!r->started)
        tw_reasm_start(r, p.seq);
    const uint32_t seq = p.seq;
    trim_to_fin(r, &p);
    if (!is_plausible(r, seq)) {
        env->counters->ignored++;
        return;
    }
    if (!trim_old(r, env, &p))
        return;
    if (r->behind && r->later < UINT8_MAX)
        r->later++;
    if (p.seq == r->next && r->queue == NULL) {
        hand_on(r, env, p.bytes, p.len);
    } else if (p.seq == r->next) {
        /* The part before the queue is new; the rest may repeat what is queued. */
        const uint32_t room = r->queue->seq - p.seq;
        struct piece front = take(&p, p.len < room ? p.len : room);
        hand_on(r, env, front.bytes, front.len);
        insert(r, env, p);
        drain(r, env);
    } else {
        early(r, env, p);
    }
    watch(r, env->now_ns);
    tw_reasm_expire(r, env);
}

/* Most segments: the next bytes, captured whole, with no hole and no FIN before them. */
static bool is_next(const struct tw_reasm *r, uint32_t seq, struct tw_cur bytes, uint32_t len)
{
    return seq == r->next && bytes.left == len && r->queue == NULL && r->started && !r->behind &&
           !r->has_fin;
}

void tw_reasm_segment(struct tw_reasm *r, const struct tw_reasm_env *env, uint32_t seq,
    struct tw_cur bytes, uint32_t len)
{
    assert(bytes.left <= len);
    if (!is_next(r, seq, bytes, len)) {
        place(r, env, (struct piece){seq, len, bytes});
    } else if (len > 0) {
        remember(r, env, seq, bytes);
        r->next += len;
        env->sink->data(env->user, bytes);
    }
}

void tw_reasm_start(struct tw_reasm *r, uint32_t seq)
{
    if (r->started)
        return;
    r->next = seq;
    r->started = true;
}

bool tw_reasm_ack(struct tw_reasm *r, int64_t now_ns, uint32_t ack)
{
    if (!r->has_ack || tw_seq_diff(ack, r->acked) > 0) {
        r->acked = ack;
        r->has_ack = true;
    }
    if (r->queue == NULL && !r->behind && tw_seq_diff(r->acked, r->next) <= 0)
        return false;
    watch(r, now_ns);
    return is_lost(r, now_ns);
}

void tw_reasm_fin(struct tw_reasm *r, uint32_t seq)
{
    if (r->has_fin)
        return;
    r->fin = seq;
    r->has_fin = true;
}

void tw_reasm_skip(struct tw_reasm *r, uint32_t seq, uint32_t len)
{
    tw_reasm_start(r, seq);
    if (tw_seq_diff(seq + len, r->next) > 0)
        r->next = seq + len;
}

uint32_t tw_reasm_end(const struct tw_reasm *r)
{
    return r->last != NULL ? end_of(r->last) : r->next;
}

void tw_reasm_finish(struct tw_reasm *r, const struct tw_reasm_env *env)
{
    while (r->queue != NULL)
        give_up(r, env);
    if (!r->started || !r->has_ack)
        return;
    /* Acknowledged, yet never seen: a tail that the capture missed. One byte may be a FIN. */
    const uint32_t end = r->has_fin && tw_seq_diff(r->acked, r->fin) > 0 ? r->fin : r->acked;
    const int32_t missing = tw_seq_diff(end, r->next);
    if (missing > 1 || (missing == 1 && r->has_fin)) {
        r->next = end;
        tell_gap(env, (uint32_t)missing);
    }
}

void tw_reasm_drop(struct tw_reasm *r, struct tw_pool *pool)
{
    while (r->queue != NULL) {
        struct tw_segment *s = dequeue(r);
        tw_pool_put(pool, s, s->size);
    }
}
