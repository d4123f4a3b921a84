#include "protocol/stream.h"

void tw_stream_drop(struct tw_stream *s, struct tw_pool *pool)
{
    tw_pbuf_drop(pool, &s->kept);
    *s = (struct tw_stream){0};
}

static void lose(struct tw_stream *s, struct tw_pool *pool)
{
    tw_pbuf_drop(pool, &s->kept);
    s->want = s->skip = 0;
    s->torn = s->ended = false;
    s->lost = true;
}

/* Hand over a PDU that was `len` bytes on the wire; no more of it than is ever kept. */
static bool hand_over(
    const struct tw_stream_user *u, struct tw_cur have, uint64_t len, bool has_hole)
{
    struct tw_pdu pdu = {have, len, have.left < len, has_hole};
    if (have.left > u->max_kept) {
        if (!tw_cur_sub(&have, u->max_kept, &pdu.bytes))
            return false;
        pdu.cut = true;
    }
    return u->pdu(u->user, &pdu);
}

/* The end of the kept PDU has passed. */
static void finish(struct tw_stream *s, struct tw_pool *pool, const struct tw_stream_user *u)
{
    struct tw_pbuf kept = s->kept;
    uint64_t want = s->want;
    bool torn = s->torn;
    s->kept = (struct tw_pbuf){0};
    s->want = 0;
    s->torn = s->ended = false;
    bool trusted = hand_over(u, tw_cur_of(kept.p, kept.len), want, torn);
    tw_pbuf_drop(pool, &kept);
    if (!trusted)
        lose(s, pool);
}

/* Bytes of a PDU that are not kept. */
static void pass_over(struct tw_stream *s, struct tw_cur *c)
{
    size_t n = s->skip < c->left ? (size_t)s->skip : c->left;
    if (tw_cur_skip(c, n))
        s->skip -= n;
}

/* Append to the kept PDU, whose length is known, what `c` holds of it. What is over the limit, or
 * does not fit into the pool any more, will be passed over. */
static void fill(
    struct tw_stream *s, struct tw_pool *pool, const struct tw_stream_user *u, struct tw_cur *c)
{
    uint64_t missing = s->want - s->kept.len;
    size_t take = missing < c->left ? (size_t)missing : c->left;
    if (take > u->max_kept - s->kept.len)
        take = u->max_kept - s->kept.len;
    struct tw_cur rest = tw_cur_here(c), part;
    if (!tw_cur_sub(&rest, take, &part))
        return;
    if (take == 0 || !tw_pbuf_add(pool, &s->kept, part.p, part.left, u->max_kept)) {
        s->skip = missing;
        return;
    }
    *c = rest;
    if (s->kept.len == s->want)
        finish(s, pool, u);
}

/* The header of the PDU at the start of the kept bytes was cut: with more bytes, try again. */
static void complete_header(
    struct tw_stream *s, struct tw_pool *pool, const struct tw_stream_user *u, struct tw_cur *c)
{
    struct tw_cur one;
    if (!tw_cur_sub(c, 1, &one))
        return;
    if (!tw_pbuf_add(pool, &s->kept, one.p, 1, u->max_kept)) {
        lose(s, pool);
        return;
    }
    struct tw_frame f;
    enum tw_status st = u->frame(u->user, tw_cur_of(s->kept.p, s->kept.len), &f);
    if (st == TW_NEED_MORE)
        return;
    if (st != TW_OK || f.len < s->kept.len) {
        u->garbage(u->user, tw_cur_of(s->kept.p, s->kept.len));
        lose(s, pool);
        return;
    }
    s->want = f.len;
    if (s->kept.len == s->want)
        finish(s, pool, u);
}

/* Keep all of `c`, the beginning of a PDU that goes on behind it; `want` is 0 when even its header
 * does. */
static void keep(struct tw_stream *s, struct tw_pool *pool, const struct tw_stream_user *u,
    struct tw_cur c, uint64_t want)
{
    struct tw_cur part = c;
    uint64_t rest = want > c.left ? want - c.left : 0;
    size_t n = c.left < u->max_kept ? c.left : u->max_kept;
    if (!tw_cur_sub(&c, n, &part))
        return;
    /* One buffer from the start instead of one that grows, if the pool has it. */
    if (want > 0 && want <= TW_STREAM_AHEAD)
        s->kept.p = tw_pool_get(pool, (size_t)want, &s->kept.size);
    s->want = want;
    if (tw_pbuf_add(pool, &s->kept, part.p, part.left, u->max_kept)) {
        s->skip = c.left > 0 ? rest : 0;
        return;
    }
    lose(s, pool);
    if (want == 0)
        return;
    /* The pool is exhausted: what is at hand is all that will be seen of this PDU. */
    s->lost = !hand_over(u, part, want, false);
    s->skip = s->lost ? 0 : rest;
}

/* One PDU at the start of `c`, in place. False when the rest of `c` was kept. */
static bool in_place(
    struct tw_stream *s, struct tw_pool *pool, const struct tw_stream_user *u, struct tw_cur *c)
{
    struct tw_frame f = {0};
    struct tw_cur pdu;
    enum tw_status st = u->frame(u->user, *c, &f);
    if (st == TW_NEED_MORE || (st == TW_OK && f.len > c->left)) {
        keep(s, pool, u, *c, f.len);
        return false;
    }
    if (st == TW_OK && f.len > 0 && tw_cur_sub(c, (size_t)f.len, &pdu)) {
        if (!hand_over(u, pdu, f.len, false))
            lose(s, pool);
        return true;
    }
    u->garbage(u->user, *c);
    lose(s, pool);
    /* Garbage is not to be found again by resync. */
    return tw_cur_skip(c, 1);
}

/* Find a boundary again; false when `c` holds none. */
static bool recover(struct tw_stream *s, const struct tw_stream_user *u, struct tw_cur *c)
{
    if (u->resync == NULL)
        return false;
    size_t at = u->resync(u->user, *c);
    if (at >= c->left || !tw_cur_skip(c, at))
        return false;
    s->lost = false;
    return true;
}

void tw_stream_data(
    struct tw_stream *s, struct tw_pool *pool, const struct tw_stream_user *u, struct tw_cur c)
{
    while (c.left > 0) {
        if (s->ended)
            finish(s, pool, u);
        if (s->lost && !recover(s, u, &c))
            return;
        if (s->skip > 0) {
            pass_over(s, &c);
            if (s->skip == 0 && s->want > 0)
                finish(s, pool, u);
        } else if (s->want > 0) {
            fill(s, pool, u, &c);
        } else if (s->kept.len > 0) {
            complete_header(s, pool, u, &c);
        } else if (!in_place(s, pool, u, &c)) {
            return;
        }
    }
}

bool tw_stream_gap(struct tw_stream *s, struct tw_pool *pool, uint64_t missing)
{
    if (s->lost)
        return false;
    if (s->ended) { /* and what comes next has a hole where it begins */
        lose(s, pool);
        return false;
    }
    uint64_t rest = s->skip > 0 ? s->skip : s->want - s->kept.len;
    if (rest == 0 || (s->skip == 0 && s->want == 0) || missing > rest) {
        lose(s, pool);
        return false;
    }
    /* The PDU has a hole; its end is still known. What came before the hole is handed over then. */
    s->skip = rest - missing;
    s->torn = s->want > 0;
    s->ended = s->skip == 0 && s->want > 0;
    return true;
}
