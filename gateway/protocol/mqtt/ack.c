#include "protocol/mqtt/state.h"

/* What an acknowledgement answers: the packet type that waits, whether its own sender sends it
 * (PUBREL goes the way of the PUBLISH), and what waits afterwards. */
static const struct step {
    uint8_t waits, then;
    bool same_sender;
} steps[16] = {
    [TW_MQTT_PUBACK] = {TW_MQTT_PUBLISH, 0, false},
    [TW_MQTT_PUBREC] = {TW_MQTT_PUBLISH, TW_MQTT_PUBREC, false},
    [TW_MQTT_PUBREL] = {TW_MQTT_PUBREC, TW_MQTT_PUBREL, true},
    [TW_MQTT_PUBCOMP] = {TW_MQTT_PUBREL, 0, false},
    [TW_MQTT_SUBACK] = {TW_MQTT_SUBSCRIBE, 0, false},
    [TW_MQTT_UNSUBACK] = {TW_MQTT_UNSUBSCRIBE, 0, false},
};

/* The packet that an acknowledgement sent in direction `dir` answers; NULL when there is none. */
static struct tw_mqtt_pending *answered(
    struct tw_mqtt_state *st, unsigned dir, unsigned type, uint16_t id)
{
    const struct step *step = &steps[type & 15];
    unsigned sender = step->same_sender ? dir : dir ^ 1;
    struct tw_mqtt_pending *p = tw_mqtt_pending_find(st, sender, step->waits, id);
    if (p == NULL || step->waits != TW_MQTT_PUBLISH)
        return p;
    unsigned qos = p->flags >> 1 & 3;
    return qos == (type == TW_MQTT_PUBACK ? 1u : 2u) ? p : NULL;
}

/* PUBREC and PUBREL may be repeated until the next step comes [MQTT311 4.4]. */
static bool is_repeat(struct tw_mqtt_state *st, unsigned dir, unsigned type, uint16_t id)
{
    if (type == TW_MQTT_PUBREC)
        return tw_mqtt_pending_find(st, dir ^ 1, TW_MQTT_PUBREC, id) != NULL ||
               tw_mqtt_pending_find(st, dir ^ 1, TW_MQTT_PUBREL, id) != NULL;
    return type == TW_MQTT_PUBREL && tw_mqtt_pending_find(st, dir, TW_MQTT_PUBREL, id) != NULL;
}

static void move_on(const struct tw_mqtt_call *c, struct tw_mqtt_pending *p, unsigned type)
{
    unsigned then = steps[type & 15].then;
    if (then == 0)
        tw_mqtt_pending_drop(c, p);
    else
        p->type = (uint8_t)then;
}

/* What was held against the sender of a message is explained by its acknowledgement. */
static void explain(struct tw_mqtt_state *st, unsigned sender, uint16_t id)
{
    struct tw_mqtt_held *h = &st->held[sender];
    if (h->what == TW_MQTT_PACKET_ID_IN_USE ? h->id == id
                                            : st->n_underway[sender] <= st->receive_max[sender])
        h->what = TW_MQTT_FINE;
}

static void hold(
    const struct tw_mqtt_call *c, enum tw_mqtt_anomaly what, unsigned type, uint16_t id)
{
    struct tw_mqtt_held *h = &c->st->held[c->dir];
    if (h->what == TW_MQTT_FINE)
        *h = (struct tw_mqtt_held){what, (uint8_t)type, id, c->when->ts_ns};
}

void tw_mqtt_settle_held(const struct tw_mqtt_call *c, bool all)
{
    for (unsigned dir = 0; dir < 2; dir++) {
        struct tw_mqtt_held *h = &c->st->held[dir];
        if (h->what == TW_MQTT_FINE || (!all && c->when->ts_ns - h->ts_ns < TW_MQTT_SKEW_NS))
            continue;
        struct tw_mqtt_call from = *c;
        from.dir = dir;
        tw_mqtt_anomaly(&from, h->what, h->type);
        h->what = TW_MQTT_FINE;
    }
}

/* Anything of this sender that waits under this identifier; NULL when there is nothing. */
static struct tw_mqtt_pending *user_of(struct tw_mqtt_state *st, unsigned dir, uint16_t id)
{
    for (unsigned i = 0; i < st->n_pending; i++) {
        struct tw_mqtt_pending *p = &st->pending[i];
        if (p->id == id && p->dir == dir && p->type != TW_MQTT_CONNECT)
            return p;
    }
    return NULL;
}

/* An identifier is in use for certain when its sender itself has still to do the next step, or sent
 * both packets in one go. */
void tw_mqtt_take_id(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a, uint16_t id)
{
    struct tw_mqtt_pending *p = user_of(c->st, c->dir, id);
    if (p == NULL)
        return;
    bool again = (a->h.flags & 8) != 0 && a->h.type == TW_MQTT_PUBLISH;
    bool old = c->st->version == TW_MQTT_V31 && (a->h.flags & 8) != 0;
    bool certain = p->type == TW_MQTT_PUBREC || p->packet == c->when->packet;
    if (!again && !old && !p->supposed) {
        if (certain)
            tw_mqtt_grammar(c, a, TW_MQTT_PACKET_ID_IN_USE);
        else if (!c->st->guessed)
            hold(c, TW_MQTT_PACKET_ID_IN_USE, a->h.type, id);
    }
    if (a->h.type == TW_MQTT_PUBLISH && !tw_mqtt_pending_is_request(p))
        tw_mqtt_pending_drop(c, p);
}

/* More than are allowed in one packet are too many for certain. */
void tw_mqtt_count_underway(const struct tw_mqtt_call *c, uint16_t id)
{
    struct tw_mqtt_state *st = c->st;
    if (st->burst_packet != c->when->packet)
        st->n_burst[0] = st->n_burst[1] = 0;
    st->burst_packet = c->when->packet;
    st->n_burst[c->dir]++;
    uint16_t max = st->receive_max[c->dir];
    if (max == 0 || st->n_underway[c->dir] <= max || st->incomplete)
        return;
    struct tw_mqtt_held *h = &st->held[c->dir];
    if (st->n_burst[c->dir] == max + 1u) {
        if (h->what == TW_MQTT_RECEIVE_MAXIMUM_EXCEEDED)
            h->what = TW_MQTT_FINE;
        tw_mqtt_anomaly(c, TW_MQTT_RECEIVE_MAXIMUM_EXCEEDED, TW_MQTT_PUBLISH);
    } else if (st->n_burst[c->dir] <= max) {
        hold(c, TW_MQTT_RECEIVE_MAXIMUM_EXCEEDED, TW_MQTT_PUBLISH, id);
    }
}

/* The other end goes on from an acknowledgement of nothing as if the message had been there. */
static void suppose(const struct tw_mqtt_call *c, unsigned type, uint16_t id)
{
    if (type != TW_MQTT_PUBREC && type != TW_MQTT_PUBREL)
        return;
    struct tw_mqtt_call sender = *c;
    sender.dir = steps[type].same_sender ? c->dir : c->dir ^ 1;
    struct tw_mqtt_pending *p = tw_mqtt_pending_add(&sender, type, id, 4, TW_STR_NONE);
    if (p == NULL)
        return;
    p->supposed = true;
    c->st->n_underway[sender.dir]--;
}

static void drop_supposed(const struct tw_mqtt_call *c, unsigned dir, uint16_t id)
{
    struct tw_mqtt_pending *p = user_of(c->st, dir, id);
    if (p != NULL && p->supposed)
        tw_mqtt_pending_drop(c, p);
}

void tw_mqtt_settle_stray(const struct tw_mqtt_call *c, unsigned dir)
{
    struct tw_mqtt_stray s = c->st->stray[dir];
    if (!s.set)
        return;
    c->st->stray[dir].set = false;
    struct tw_mqtt_pending *p = answered(c->st, dir, s.type, s.id);
    if (p != NULL) {
        unsigned sender = p->dir;
        move_on(c, p, s.type);
        drop_supposed(c, sender, s.id);
        return;
    }
    struct tw_mqtt_call from = *c;
    from.dir = dir;
    bool request = s.type == TW_MQTT_SUBACK || s.type == TW_MQTT_UNSUBACK;
    if (!c->st->incomplete && c->st->clean)
        tw_mqtt_anomaly(
            &from, request ? TW_MQTT_ACK_WITHOUT_REQUEST : TW_MQTT_ACK_WITHOUT_PUBLISH, s.type);
}

static void note_stray(const struct tw_mqtt_call *c, unsigned type, uint16_t id)
{
    if (c->st->incomplete || !c->st->clean || (c->st->seen >> (c->dir ^ 1) & 1) == 0 ||
        is_repeat(c->st, c->dir, type, id))
        return;
    tw_mqtt_settle_stray(c, c->dir);
    c->st->stray[c->dir] = (struct tw_mqtt_stray){true, (uint8_t)type, id};
    suppose(c, type, id);
}

void tw_mqtt_on_ack(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a)
{
    struct tw_mqtt_ack ack;
    unsigned type = a->h.type;
    enum tw_mqtt_anomaly detail =
        tw_mqtt_ack_read(a->body, type, c->st->version, a->from_server, &ack);
    tw_mqtt_grammar(c, a, detail);
    tw_mqtt_judge_ack(c, a, &ack);
    if (ack.id == 0)
        return;
    struct tw_mqtt_pending *p = answered(c->st, c->dir, type, ack.id);
    if (p == NULL) {
        /* 0x92: the sender itself says that it does not know the packet [MQTT5 3.6.2.1]. */
        if (detail == TW_MQTT_FINE && ack.reason != 0x92)
            note_stray(c, type, ack.id);
        else if (detail == TW_MQTT_FINE && type == TW_MQTT_PUBREL)
            suppose(c, type, ack.id); /* the answer to it is PUBCOMP all the same */
        return;
    }
    bool negative = c->st->version == TW_MQTT_V5 && ack.reason >= 0x80;
    if (negative && !p->refused && p->type == TW_MQTT_PUBLISH)
        tw_mqtt_emit_refused(c, p, &ack, type);
    unsigned sender = p->dir;
    if (negative)
        tw_mqtt_pending_drop(c, p); /* no PUBREL follows [MQTT5 4.3.3] */
    else
        move_on(c, p, type);
    if (sender != c->dir)
        explain(c->st, sender, ack.id);
}

static unsigned count_filters(const struct tw_mqtt_call *c, const struct tw_mqtt_pending *p)
{
    struct tw_mqtt_request q;
    enum tw_mqtt_anomaly detail =
        tw_mqtt_request_read(tw_mqtt_pending_body(p), p->type, c->st->version, &q);
    return detail == TW_MQTT_FINE ? q.n : 0;
}

void tw_mqtt_on_request_ack(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a)
{
    struct tw_mqtt_ack ack;
    enum tw_mqtt_anomaly detail =
        tw_mqtt_ack_read(a->body, a->h.type, c->st->version, a->from_server, &ack);
    tw_mqtt_grammar(c, a, detail);
    tw_mqtt_judge_ack(c, a, &ack);
    struct tw_mqtt_pending *p = answered(c->st, c->dir, a->h.type, ack.id);
    if (p == NULL) {
        if (detail == TW_MQTT_FINE)
            note_stray(c, a->h.type, ack.id);
        return;
    }
    bool counted = a->h.type == TW_MQTT_SUBACK || c->st->version == TW_MQTT_V5;
    if (detail == TW_MQTT_FINE && !p->refused && !p->cut && counted &&
        ack.codes.len != count_filters(c, p))
        tw_mqtt_grammar(c, a, TW_MQTT_ACK_COUNT); /* [MQTT5 3.9.3, 3.11.3] */
    if (!p->refused)
        tw_mqtt_emit_filters(c, p, tw_mqtt_pending_body(p), &ack);
    tw_mqtt_pending_drop(c, p);
    explain(c->st, c->dir ^ 1, ack.id);
}
