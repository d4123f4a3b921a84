/* The life of a TCP connection as a bystander sees it [RFC 9293 3.5, 3.6]: when it begins, when it
 * is over, and which packets belong to another one on the same ports. Packets that an end point
 * would ignore must not end a connection here either, or anyone could blind us with one packet. */
#include "base/timefmt.h"
#include "flow/state.h"

static const int64_t syn_idle_ns = 75 * TW_NS_PER_S; /* SYNs are repeated after up to 64 s */
static const int64_t closing_idle_ns =
    10 * TW_NS_PER_S;                                  /* both said FIN, the last ACK is missing */
static const int64_t reset_idle_ns = 30 * TW_NS_PER_S; /* a RST that may have been ignored */
static const int64_t half_seen_idle_ns = 60 * TW_NS_PER_S;
static const int64_t closed_idle_ns = 30 * TW_NS_PER_S; /* stragglers of a closed connection */

static bool is_bare_syn(const struct tw_packet *p)
{
    return (p->tcp_flags & (TW_TCP_SYN | TW_TCP_ACK | TW_TCP_RST)) == TW_TCP_SYN;
}

static bool has_ack(const struct tw_packet *p)
{
    return (p->tcp_flags & TW_TCP_ACK) != 0;
}

static bool is_fin_acked(const struct tw_reasm *r)
{
    return r->has_fin && r->has_ack && tw_seq_diff(r->acked, r->fin) > 0;
}

int64_t tw_tcp_idle_ns(const struct tw_flow *w, int64_t limit_ns)
{
    int64_t idle_ns = limit_ns;
    if (w->closed)
        return closed_idle_ns;
    if (w->half[0].has_fin && w->half[1].has_fin)
        idle_ns = closing_idle_ns;
    else if (w->weak_reset != 0)
        idle_ns = reset_idle_ns;
    else if (w->syn && !w->answered && w->conn.seen == 1 && !w->acked_back)
        idle_ns = syn_idle_ns;
    else if (w->conn.seen != 3 && (w->half[0].has_fin || w->half[1].has_fin))
        idle_ns = half_seen_idle_ns;
    return idle_ns < limit_ns ? idle_ns : limit_ns;
}

/* The SYN of this very connection, sent or captured once more. */
static bool is_own_syn(const struct tw_flow *w, unsigned d, const struct tw_packet *p)
{
    return w->syn && d == 0 && p->tcp_seq == w->isn;
}

/* A closed connection swallows stragglers, also those of a second tap that sees everything a little
 * later. New bytes from a side that had reset it, or behind its FIN, are another connection whose
 * start was not captured. */
static bool reopens(const struct tw_flow *w, unsigned d, const struct tw_packet *p)
{
    if (is_bare_syn(p))
        return !is_own_syn(w, d, p);
    const struct tw_reasm *r = &w->half[d];
    if (p->payload_len == 0 || !r->started)
        return false;
    const int32_t ahead = tw_seq_diff(p->tcp_seq, r->next);
    return w->reset_by == d + 1 ? ahead >= 0 : w->reset_by == 0 && ahead > 1;
}

/* Is the SYN seen before now answered, or followed up by its sender? */
static bool is_confirmed(const struct tw_flow_syn *syn, unsigned d, const struct tw_packet *p)
{
    if (!syn->waits || !has_ack(p))
        return false;
    return d == syn->direction ? p->tcp_seq == syn->seq + 1 && p->payload_len > 0
                               : p->tcp_ack == syn->seq + 1;
}

/* A SYN on a live connection: its own again, a new attempt after one without an answer, or one that
 * has to wait until somebody answers it. True when it starts another connection at once. */
static bool restarts(struct tw_flow_ctx *c, const struct tw_packet *p)
{
    struct tw_flow *w = c->w;
    if (!is_bare_syn(p) || is_own_syn(w, c->d, p))
        return false;
    if (w->syn && c->d == 0 && w->conn.seen == 1 && !w->acked_back)
        return true;
    w->pending = (struct tw_flow_syn){.waits = true,
        .direction = (uint8_t)c->d,
        .seq = p->tcp_seq,
        .wire_len = p->wire_len,
        .ts_ns = p->ts_ns,
        .packet = p->number};
    return false;
}

void tw_tcp_admit(struct tw_flow_ctx *c, const struct tw_packet *p, struct tw_flow_syn *out_syn)
{
    struct tw_flow *w = c->w;
    bool other;
    if (w->closed) {
        other = reopens(w, c->d, p);
    } else {
        const bool confirmed = is_confirmed(&w->pending, c->d, p);
        other = confirmed || restarts(c, p);
        if (confirmed) {
            *out_syn = w->pending;
            out_syn->direction = c->d == w->pending.direction ? 0 : 1;
        }
        if (other)
            tw_flow_end(c, TW_END_CLOSED);
    }
    if (!other)
        return;
    tw_flow_table_remove(&c->f->table, w);
    c->w = NULL;
}

void tw_tcp_open(
    const struct tw_flow_ctx *c, const struct tw_packet *p, const struct tw_flow_syn *syn)
{
    struct tw_flow *w = c->w;
    w->mode = TW_FLOW_UNDECIDED;
    w->syn = syn->waits || (p->tcp_flags & TW_TCP_SYN) != 0;
    w->conn.midstream = !w->syn;
    if (!w->syn) {
        tw_recognise_midstream(w);
    } else if (syn->waits) {
        w->isn = syn->seq;
        tw_reasm_start(&w->half[0], syn->seq + 1);
    } else {
        w->isn = c->d == 1 ? p->tcp_ack - 1 : p->tcp_seq;
    }
}

/* What the other side has acknowledged is lost. */
__attribute__((noinline)) static void give_up(const struct tw_flow_ctx *c, struct tw_reasm *peer)
{
    struct tw_flow_ctx reverse = *c;
    reverse.d ^= 1;
    tw_reasm_expire(peer, tw_recognise_env(&reverse));
}

static void acknowledge(
    const struct tw_flow_ctx *c, const struct tw_packet *p, struct tw_reasm *peer)
{
    struct tw_flow *w = c->w;
    /* In a connection seen from its start, the first acknowledgement tells where the other side
     * begins, should its SYN be missing. */
    if (w->syn && !peer->started)
        tw_reasm_start(peer, p->tcp_ack);
    if (c->d == 0)
        w->acked_back = true;
    else
        w->answered = true;
    if (tw_reasm_ack(peer, c->when.ts_ns, p->tcp_ack))
        give_up(c, peer);
}

/* An address that is chosen is kept, where one that is computed would be so at each use. */
static struct tw_reasm *half_of(struct tw_flow *w, unsigned d)
{
    return d == 0 ? &w->half[0] : &w->half[1];
}

void tw_tcp_segment(struct tw_flow_ctx *c, const struct tw_packet *p)
{
    struct tw_flow *w = c->w;
    struct tw_reasm *r = half_of(w, c->d), *peer = half_of(w, c->d ^ 1);
    const bool syn = (p->tcp_flags & TW_TCP_SYN) != 0;
    const uint32_t seq = p->tcp_seq + syn;
    if (p->tcp_flags & TW_TCP_RST)
        return;
    /* Whoever really resets a connection says no more. */
    if (w->weak_reset == c->d + 1)
        w->weak_reset = 0;
    if (syn)
        tw_reasm_start(r, seq);
    if (has_ack(p))
        acknowledge(c, p, peer);
    if (p->payload_len > 0 && w->mode == TW_FLOW_OTHER)
        tw_reasm_skip(r, seq, p->payload_len);
    else if (p->payload_len > 0)
        tw_reasm_segment(r, tw_recognise_env(c), seq, p->payload, p->payload_len);
    if (r->queue != NULL || peer->queue != NULL)
        w->check_deadline = true;
}

/* Would the other side accept this RST [RFC 5961 3.2]? It must stand between what that side has
 * acknowledged and what it was sent. */
static bool is_valid_reset(const struct tw_flow_ctx *c, const struct tw_packet *p)
{
    const struct tw_flow *w = c->w;
    const struct tw_reasm *r = &w->half[c->d];
    if (w->syn && c->d == 1 && !w->answered)
        return has_ack(p) && tw_seq_diff(p->tcp_ack, w->isn) > 0 &&
               tw_seq_diff(p->tcp_ack, tw_reasm_end(&w->half[0])) <= 0;
    if (!r->started)
        return true;
    return tw_seq_diff(p->tcp_seq, tw_reasm_end(r) + r->has_fin) <= 0 &&
           (!r->has_ack || tw_seq_diff(p->tcp_seq, r->acked) >= 0);
}

static void reset(const struct tw_flow_ctx *c, const struct tw_packet *p)
{
    struct tw_flow *w = c->w;
    if (!is_valid_reset(c, p)) {
        w->weak_reset = (uint8_t)(c->d + 1);
        w->check_deadline = true;
        return;
    }
    w->refused = w->syn && c->d == 1 && !w->answered;
    w->reset_by = (uint8_t)(c->d + 1);
    tw_flow_end(c, TW_END_RESET);
}

__attribute__((noinline)) static void close(const struct tw_flow_ctx *c, const struct tw_packet *p)
{
    struct tw_flow *w = c->w;
    struct tw_reasm *r = &w->half[c->d];
    if (p->tcp_flags & TW_TCP_RST) {
        reset(c, p);
        return;
    }
    if (p->tcp_flags & TW_TCP_FIN) {
        const uint32_t fin = p->tcp_seq + ((p->tcp_flags & TW_TCP_SYN) != 0) + p->payload_len;
        tw_reasm_start(r, fin);
        if (tw_seq_diff(fin, r->next) >= 0)
            tw_reasm_fin(r, fin);
        w->check_deadline = true;
    }
    if (is_fin_acked(&w->half[0]) && is_fin_acked(&w->half[1]))
        tw_flow_end(c, TW_END_CLOSED);
}

void tw_tcp_close(const struct tw_flow_ctx *c, const struct tw_packet *p)
{
    if ((p->tcp_flags & (TW_TCP_RST | TW_TCP_FIN)) != 0 || c->w->half[0].has_fin)
        close(c, p);
}
