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

void tw_mqtt_settle_stray(const struct tw_mqtt_call *c, unsigned dir)
{
    struct tw_mqtt_stray s = c->st->stray[dir];
    if (!s.set)
        return;
    c->st->stray[dir].set = false;
    struct tw_mqtt_pending *p = answered(c->st, dir, s.type, s.id);
    if (p != NULL) {
        move_on(c, p, s.type);
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
    if (c->st->incomplete || !c->st->clean || is_repeat(c->st, c->dir, type, id))
        return;
    tw_mqtt_settle_stray(c, c->dir);
    c->st->stray[c->dir] = (struct tw_mqtt_stray){true, (uint8_t)type, id};
}

void tw_mqtt_on_ack(const struct tw_mqtt_call *c, const struct tw_mqtt_arrival *a)
{
    struct tw_mqtt_ack ack;
    unsigned type = a->h.type;
    enum tw_mqtt_anomaly detail =
        tw_mqtt_ack_read(a->body, type, c->st->version, a->from_server, &ack);
    tw_mqtt_grammar(c, a, detail);
    if (ack.id == 0)
        return;
    struct tw_mqtt_pending *p = answered(c->st, c->dir, type, ack.id);
    if (p == NULL) {
        /* 0x92: the sender itself says that it does not know the packet [MQTT5 3.6.2.1]. */
        if (detail == TW_MQTT_FINE && ack.reason != 0x92)
            note_stray(c, type, ack.id);
        return;
    }
    bool negative = c->st->version == TW_MQTT_V5 && ack.reason >= 0x80;
    if (negative && !p->refused && p->type == TW_MQTT_PUBLISH)
        tw_mqtt_emit_refused(c, p, &ack, type);
    if (negative)
        tw_mqtt_pending_drop(c, p); /* no PUBREL follows [MQTT5 4.3.3] */
    else
        move_on(c, p, type);
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
    struct tw_mqtt_pending *p = answered(c->st, c->dir, a->h.type, ack.id);
    if (p == NULL) {
        if (detail == TW_MQTT_FINE)
            note_stray(c, a->h.type, ack.id);
        return;
    }
    bool counted = a->h.type == TW_MQTT_SUBACK || c->st->version == TW_MQTT_V5;
    if (detail == TW_MQTT_FINE && !p->refused && counted && ack.codes.len != count_filters(c, p))
        tw_mqtt_grammar(c, a, TW_MQTT_ACK_COUNT); /* [MQTT5 3.9.3, 3.11.3] */
    if (!p->refused)
        tw_mqtt_emit_filters(c, p, tw_mqtt_pending_body(p), &ack);
    tw_mqtt_pending_drop(c, p);
}
