/* Which dissector reads a UDP flow: its datagrams are shown to every protocol's probe, on any port,
 * until one is something else. nDPI goes on looking meanwhile. Straight on the link the EtherType
 * says it. */
#include "flow/state.h"

enum { ENOUGH = 3 }; /* datagrams that may be a protocol's, one after the other */

static bool is_multicast(const struct tw_ip *ip)
{
    static const uint8_t all[4] = {255, 255, 255, 255};
    if (ip->family == 6)
        return ip->b[0] == 0xff;
    return ip->family == 4 && ((ip->b[0] & 0xf0) == 0xe0 || memcmp(ip->b, all, sizeof(all)) == 0);
}

static void claim(const struct tw_flow_ctx *c)
{
    c->w->mode = TW_FLOW_DATAGRAMS;
    c->w->check_deadline = true;
    memset(tw_flow_state(c->f, c->w), 0, c->w->datagrams->state_size);
    tw_classify_drop(c->f, c->w);
    c->f->stats.opcua_flows += c->w->datagrams->id == TW_PROTO_OPCUA;
    c->f->stats.mqtt_flows += c->w->datagrams->id == TW_PROTO_MQTT;
}

/* False when no protocol would have such a datagram. */
static bool ask(const struct tw_flow_ctx *c, const struct tw_packet *p)
{
    struct tw_flow *w = c->w;
    const struct tw_datagram shown = {.bytes = p->payload,
        .ports = {p->src.port, p->dst.port},
        .is_multicast = is_multicast(&p->dst.ip)};
    const struct tw_datagram_proto *const *all = c->f->config.datagram_protocols;
    for (; all != NULL && *all != NULL; all++) {
        const enum tw_probe said = (*all)->probe(&shown);
        if (said == TW_PROBE_NO)
            continue;
        w->alike = w->datagrams == *all ? (uint8_t)(w->alike + 1) : 1;
        w->datagrams = *all;
        if (said == TW_PROBE_YES || w->alike >= ENOUGH)
            claim(c);
        return true;
    }
    return false;
}

void tw_datagram_packet(const struct tw_flow_ctx *c, const struct tw_packet *p)
{
    enum { UDP = 17 };
    struct tw_flow *w = c->w;
    if (p->ip_proto != UDP || p->payload.left == 0)
        return;
    if (w->mode != TW_FLOW_DATAGRAMS && !w->never_datagrams && !p->cut) {
        /* What nDPI knows by its content is that. */
        const bool named = w->has_verdict && !w->guessed && !tw_str_is(w->app, "unknown");
        w->never_datagrams = named || !ask(c, p);
    }
    if (w->mode != TW_FLOW_DATAGRAMS)
        return;
    if (p->cut) {
        c->f->env->counters->cut++;
        return;
    }
    void *state = w->datagrams->state_size > 0 ? tw_flow_state(c->f, w) : NULL;
    w->datagrams->data(state, c->f->env, &w->conn, c->d, p->payload, &c->when);
    w->check_deadline = state != NULL || w->check_deadline;
}

void tw_link_packet(struct tw_flows *f, const struct tw_packet *p)
{
    const struct tw_datagram_proto *const *proto = f->config.datagram_protocols;
    struct tw_conn conn = {.side = {p->src, p->dst},
        .n_vlan = p->n_vlan,
        .tunnel = p->tunnel,
        .nano = p->nano,
        .flow = tw_packet_flow_hash(p),
        .first_packet = p->number};
    const struct tw_when when = {p->ts_ns, p->number};
    memcpy(conn.vlan, p->vlan, sizeof(conn.vlan));
    while (proto != NULL && *proto != NULL && (*proto)->ether_type != p->ether_type)
        proto++;
    if (proto == NULL || *proto == NULL)
        return;
    if (p->cut)
        f->env->counters->cut++;
    else
        (*proto)->data(NULL, f->env, &conn, 0, p->payload, &when);
}
