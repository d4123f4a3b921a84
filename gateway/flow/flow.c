#include <stdlib.h>
#include <sys/mman.h>

#include "flow/state.h"

enum { TCP = 6, UDP = 17, PHASE_PACKET = 0, PHASE_DEADLINE = 1, PHASE_END = 2 };

/* A dissector that leaves a deadline where it was must not stop the clock. */
static const int64_t next_try_ns = 1000000;

static size_t largest_state(const struct tw_flows_config *config)
{
    const struct tw_datagram_proto *const *d = config->datagram_protocols;
    size_t size = 16;
    for (const struct tw_proto *const *p = config->protocols; *p != NULL; p++)
        size = (*p)->state_size > size ? (*p)->state_size : size;
    for (; d != NULL && *d != NULL; d++)
        size = (*d)->state_size > size ? (*d)->state_size : size;
    return (size + 15) & ~(size_t)15;
}

struct tw_flows *tw_flows_new(const struct tw_flows_config *config)
{
    struct tw_flows *f = calloc(1, sizeof(*f));
    if (f == NULL)
        return NULL;
    f->config = *config;
    f->env = config->env;
    f->pool = config->env->pool;
    f->state_size = largest_state(config);
    if (!tw_flow_table_init(&f->table, config->capacity, tw_seed_random()))
        goto fail;
    void *states = mmap(NULL, config->capacity * f->state_size, PROT_READ | PROT_WRITE,
        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (states == MAP_FAILED)
        goto fail;
    f->states = states;
    tw_recognise_init(f);
    if (config->ndpi && (f->ndpi = tw_ndpi_new()) == NULL)
        goto fail;
    return f;
fail:
    tw_flows_free(f);
    return NULL;
}

static void drop_flow(struct tw_flows *f, struct tw_flow *w)
{
    for (int d = 0; d < 2; d++) {
        tw_reasm_drop(&w->half[d], f->pool);
        tw_pbuf_drop(f->pool, &w->early[d]);
    }
    tw_classify_drop(f, w);
}

void tw_flows_free(struct tw_flows *f)
{
    if (f == NULL)
        return;
    struct tw_flow *w;
    while (f->table.flows != NULL && (w = tw_flow_table_oldest(&f->table)) != NULL) {
        drop_flow(f, w);
        tw_flow_table_remove(&f->table, w);
    }
    tw_ndpi_free(f->ndpi);
    if (f->states != NULL)
        munmap(f->states, f->config.capacity * f->state_size);
    tw_flow_table_fini(&f->table);
    free(f);
}

/* Hand on what is still queued in one direction. */
static void finish_half(const struct tw_flow_ctx *c, unsigned d)
{
    struct tw_flow_ctx one = *c;
    one.d = d;
    tw_reasm_finish(&c->w->half[d], tw_recognise_env(&one));
}

static bool has_datagram_state(const struct tw_flow *w)
{
    return w->mode == TW_FLOW_DATAGRAMS && w->datagrams->state_size > 0;
}

void tw_flow_end(const struct tw_flow_ctx *c, enum tw_end reason)
{
    struct tw_flow *w = c->w;
    struct tw_flows *f = c->f;
    for (unsigned d = 0; d < 2; d++) {
        if (w->ip_proto == TCP && w->mode != TW_FLOW_OTHER)
            finish_half(c, d);
    }
    if (w->mode == TW_FLOW_OURS) {
        w->proto->close(tw_flow_state(f, w), f->env, &w->conn, reason, &c->when);
        if (tw_flow_is_shared(w))
            tw_classify_end(c);
    } else if (has_datagram_state(w)) {
        w->datagrams->close(tw_flow_state(f, w), f->env, &w->conn, reason, &c->when);
    } else if (w->mode != TW_FLOW_DATAGRAMS) {
        w->mode = TW_FLOW_OTHER;
        tw_classify_end(c);
    }
    drop_flow(f, w);
    w->closed = w->check_deadline = true;
}

static void evict(struct tw_flows *f, const struct tw_when *when)
{
    struct tw_flow_ctx c = {f, tw_flow_table_oldest(&f->table), 0, *when};
    f->stats.evicted++;
    if (!c.w->closed)
        tw_flow_end(&c, TW_END_EVICTED);
    tw_flow_table_remove(&f->table, c.w);
}

/* Does the packet come from the side that opened the connection? Without a handshake the higher
 * port is taken for the client's. */
static bool is_from_opener(const struct tw_packet *p)
{
    if (p->ip_proto != TCP)
        return true;
    if (p->tcp_flags & TW_TCP_SYN)
        return (p->tcp_flags & TW_TCP_ACK) == 0;
    return p->src.port >= p->dst.port;
}

static void open_flow(struct tw_flow_ctx *c, const struct tw_packet *p,
    const struct tw_flow_key *key, const struct tw_flow_syn *syn)
{
    struct tw_flows *f = c->f;
    if (tw_flow_table_is_full(&f->table))
        evict(f, &c->when);
    c->d = syn->waits ? syn->direction : is_from_opener(p) ? 0 : 1;
    struct tw_flow *w = tw_flow_table_add(&f->table, key, c->d);
    const int64_t first_ns = syn->waits ? syn->ts_ns : p->ts_ns;
    c->w = w;
    w->ip_proto = p->ip_proto;
    w->mode = TW_FLOW_OTHER;
    w->last_ns = p->ts_ns;
    w->conn.side[c->d] = p->src;
    w->conn.side[c->d ^ 1] = p->dst;
    w->has_macs = p->src.has_mac && p->dst.has_mac;
    w->conn.n_vlan = p->n_vlan;
    memcpy(w->conn.vlan, p->vlan, sizeof(w->conn.vlan));
    w->conn.tunnel = p->tunnel;
    w->conn.nano = p->nano;
    w->conn.flow = tw_hash_mix(tw_packet_flow_hash(p), (uint64_t)first_ns);
    w->conn.first_packet = syn->waits ? syn->packet : p->number;
    w->check_deadline = true;
    if (syn->waits) {
        w->packets = 1;
        w->bytes = syn->wire_len;
        w->conn.seen = 1;
    }
    if (p->ip_proto == TCP)
        tw_tcp_open(c, p, syn);
    f->stats.flows++;
}

static int64_t idle_ns(const struct tw_flows *f, const struct tw_flow *w)
{
    const struct tw_limits *limits = &f->env->limits;
    if (w->ip_proto == TCP)
        return tw_tcp_idle_ns(w, limits->tcp_idle_ns);
    return has_datagram_state(w) && !w->closed ? limits->tcp_idle_ns : limits->udp_idle_ns;
}

static int64_t min_of(int64_t a, int64_t b)
{
    return a < b ? a : b;
}

static int64_t deadline_of(const struct tw_flows *f, const struct tw_flow *w)
{
    int64_t at = w->last_ns + idle_ns(f, w);
    if (w->closed)
        return at;
    if (w->mode == TW_FLOW_OURS)
        at = min_of(at, w->proto->next_deadline(tw_flow_state(f, w)));
    else if (has_datagram_state(w))
        at = min_of(at, w->datagrams->next_deadline(tw_flow_state(f, w)));
    for (int d = 0; d < 2; d++)
        at = min_of(at, tw_reasm_deadline(&w->half[d]));
    return at;
}

/* When to look at the flow again, whose deadline is `at_ns`. Often enough that nothing which a
 * patient protocol begins to wait for meanwhile can be due before. */
static int64_t next_look(
    const struct tw_flows *f, const struct tw_flow *w, int64_t now_ns, int64_t at_ns)
{
    const bool patient = w->mode == TW_FLOW_OURS && w->proto->is_patient;
    return patient ? min_of(at_ns, now_ns + f->env->limits.request_timeout_ns) : at_ns;
}

/* Deadlines move away with every packet; the heap learns of that when they are due. It has to be
 * told of those that come closer. */
static void reschedule(const struct tw_flow_ctx *c)
{
    struct tw_flow *w = c->w;
    w->check_deadline = false;
    const int64_t at = next_look(c->f, w, c->when.ts_ns, deadline_of(c->f, w));
    if (at < tw_flow_table_due_of(&c->f->table, w))
        tw_flow_table_set_due(&c->f->table, w, at);
}

/* Cooked captures tell the sender's address only. */
__attribute__((noinline)) static void learn_mac(
    const struct tw_flow_ctx *c, const struct tw_packet *p)
{
    struct tw_endpoint *side = c->w->conn.side;
    if (p->src.has_mac && !side[c->d].has_mac) {
        side[c->d].has_mac = true;
        memcpy(side[c->d].mac, p->src.mac, sizeof(p->src.mac));
    }
    c->w->has_macs = side[0].has_mac && side[1].has_mac;
}

static void account(const struct tw_flow_ctx *c, const struct tw_packet *p)
{
    struct tw_flow *w = c->w;
    w->packets++;
    w->bytes += p->wire_len;
    w->conn.seen |= (uint8_t)(1u << c->d);
    if (p->ts_ns > w->last_ns)
        w->last_ns = p->ts_ns;
    if (!w->has_macs)
        learn_mac(c, p);
}

static void tcp_packet(struct tw_flow_ctx *c, const struct tw_packet *p)
{
    tw_tcp_segment(c, p);
    if (tw_classify_wants(c->w, p))
        tw_classify_packet(c, p);
    tw_tcp_close(c, p);
}

static void count(struct tw_flows *f, const struct tw_packet *p)
{
    struct tw_flows_stats *s = &f->stats;
    s->packets++;
    if (p->ip_proto == TCP)
        s->tcp_packets++;
    else if (p->ip_proto == UDP)
        s->udp_packets++;
    if (p->bad_checksum || (f->config.verify_checksums && !tw_packet_checksum_ok(p)))
        s->bad_checksums++;
}

/* A packet of no flow, or of one that it may not belong to. */
__attribute__((noinline)) static void admit(
    struct tw_flow_ctx *c, const struct tw_packet *p, const struct tw_flow_key *key)
{
    struct tw_flow_syn syn = {.waits = false};
    if (c->w != NULL)
        tw_tcp_admit(c, p, &syn);
    if (c->w == NULL)
        open_flow(c, p, key, &syn);
}

void tw_flows_packet(struct tw_flows *f, const struct tw_packet *p)
{
    struct tw_flow_ctx c = {.f = f, .when = {p->ts_ns, p->number}};
    const bool is_tcp = p->ip_proto == TCP;
    count(f, p);
    if (p->kind == TW_PACKET_LINK) {
        tw_link_packet(f, p);
        return;
    }
    const struct tw_flow_key key = tw_flow_table_key(&f->table, p);
    c.w = tw_flow_table_find(&f->table, &key, &c.d);
    if (c.w == NULL || (is_tcp && tw_tcp_is_doubtful(c.w, p)))
        admit(&c, p, &key);
    if (c.w->closed)
        return;
    tw_flow_table_touch(&f->table, c.w);
    account(&c, p);
    if (is_tcp) {
        tcp_packet(&c, p);
    } else {
        tw_datagram_packet(&c, p);
        if (tw_classify_wants(c.w, p))
            tw_classify_packet(&c, p);
    }
    if (c.w->check_deadline)
        reschedule(&c);
}

/* While a deadline is handled every event carries its phase, whoever makes it. */
static void emit_with_phase(void *user, const struct tw_event *event)
{
    struct tw_flows *f = user;
    struct tw_event e = *event;
    e.phase = f->phase;
    tw_emit(&f->outer, &e);
}

static void begin_phase(struct tw_flows *f, uint8_t phase)
{
    f->phase = phase;
    f->outer = f->env->emit;
    f->outer_asks = f->env->asks;
    f->env->emit = (struct tw_emit){emit_with_phase, f};
    f->env->asks = (struct tw_asks){.pass = NULL};
}

static void end_phase(struct tw_flows *f)
{
    f->env->emit = f->outer;
    f->env->asks = f->outer_asks;
    f->phase = PHASE_PACKET;
}

static void expire_half(const struct tw_flow_ctx *c, unsigned d)
{
    struct tw_flow_ctx one = *c;
    one.d = d;
    if (tw_reasm_deadline(&c->w->half[d]) <= c->when.ts_ns)
        tw_reasm_expire(&c->w->half[d], tw_recognise_env(&one));
}

/* What is due of a flow at `c->when`. False when it is gone afterwards. */
static bool fire(const struct tw_flow_ctx *c)
{
    struct tw_flows *f = c->f;
    struct tw_flow *w = c->w;
    const bool idle = w->last_ns + idle_ns(f, w) <= c->when.ts_ns;
    if (idle) {
        if (!w->closed)
            tw_flow_end(c, TW_END_IDLE);
        tw_flow_table_remove(&f->table, w);
        return false;
    }
    for (unsigned d = 0; d < 2; d++)
        expire_half(c, d);
    void *state = tw_flow_state(f, w);
    if (w->mode == TW_FLOW_OURS && w->proto->next_deadline(state) <= c->when.ts_ns)
        w->proto->tick(state, f->env, &w->conn, &c->when);
    if (has_datagram_state(w) && w->datagrams->next_deadline(state) <= c->when.ts_ns)
        w->datagrams->tick(state, f->env, &w->conn, &c->when);
    return true;
}

void tw_flows_tick(struct tw_flows *f, int64_t now_ns, uint64_t packet)
{
    struct tw_flow_ctx c = {.f = f, .when.packet = packet};
    int64_t at_ns;
    begin_phase(f, PHASE_DEADLINE);
    while ((c.w = tw_flow_table_due(&f->table, &at_ns)) != NULL && at_ns <= now_ns) {
        int64_t next_ns = deadline_of(f, c.w);
        if (next_ns <= at_ns) {
            c.when.ts_ns = at_ns;
            if (!fire(&c))
                continue;
            next_ns = deadline_of(f, c.w);
            next_ns = next_ns > at_ns ? next_ns : now_ns + next_try_ns;
        }
        tw_flow_table_set_due(&f->table, c.w, next_look(f, c.w, now_ns, next_ns));
    }
    end_phase(f);
}

void tw_flows_finish(struct tw_flows *f, int64_t now_ns, uint64_t packet)
{
    struct tw_flow_ctx c = {.f = f, .when = {now_ns, packet}};
    int64_t at_ns;
    begin_phase(f, PHASE_END);
    /* Equal deadlines leave the heap in the order in which the flows began. */
    for (c.w = tw_flow_table_oldest(&f->table); c.w != NULL;
         c.w = tw_flow_table_newer(&f->table, c.w))
        tw_flow_table_set_due(&f->table, c.w, INT64_MIN);
    while ((c.w = tw_flow_table_due(&f->table, &at_ns)) != NULL) {
        if (!c.w->closed)
            tw_flow_end(&c, TW_END_INPUT);
        tw_flow_table_remove(&f->table, c.w);
    }
    end_phase(f);
}

struct tw_flows_stats tw_flows_stats(const struct tw_flows *f)
{
    struct tw_flows_stats s = f->stats;
    s.retransmitted_bytes = f->reassembled.retransmitted_bytes;
    s.out_of_order = f->reassembled.out_of_order;
    s.gaps = f->reassembled.gaps;
    s.gap_bytes = f->reassembled.gap_bytes;
    s.conflicts = f->reassembled.conflicts;
    s.active = f->table.size;
    return s;
}
