/* Which dissector reads a TCP connection: each direction's first bytes are shown to every
 * protocol's probe, on any port. A connection whose start was seen is judged by whoever speaks
 * first; otherwise several segments get a chance. */
#include "flow/state.h"

enum {
    MAX_EARLY = 4096,   /* bytes kept while a probe asks for more */
    MAX_PROBES = 24,    /* segments looked at when the start was not seen */
    MAX_CONFLICTS = 100 /* events of one flow; more are only counted */
};

void *tw_flow_state(const struct tw_flows *f, const struct tw_flow *w)
{
    return f->states + f->state_size * tw_flow_index(&f->table, w);
}

void tw_recognise_midstream(struct tw_flow *w)
{
    if (!w->midstream_probe)
        w->probes_left = MAX_PROBES;
    w->midstream_probe = true;
}

/* May the flow be due sooner for what its dissector was just given? Where that is patient, only
 * before both sides were heard, or when nobody looks at the flow until then. */
static bool may_be_due(const struct tw_flow_ctx *c)
{
    const struct tw_flow *w = c->w;
    return !w->proto->is_patient || !w->both_heard ||
           tw_flow_table_due_of(&c->f->table, w) - c->when.ts_ns >
               c->f->env->limits.request_timeout_ns;
}

static void feed(const struct tw_flow_ctx *c, unsigned d, struct tw_cur bytes)
{
    struct tw_flow *w = c->w;
    w->check_deadline = w->check_deadline || may_be_due(c);
    w->both_heard = w->conn.seen == 3;
    w->proto->data(tw_flow_state(c->f, w), c->f->env, &w->conn, d, bytes, &c->when);
}

static void feed_early(const struct tw_flow_ctx *c, unsigned d)
{
    struct tw_pbuf kept = c->w->early[d];
    c->w->early[d] = (struct tw_pbuf){0};
    if (kept.len > 0)
        feed(c, d, tw_cur_of(kept.p, kept.len));
    tw_pbuf_drop(c->f->pool, &kept);
}

static void drop_early(const struct tw_flow_ctx *c)
{
    c->w->wants_more = c->w->weak[0] = c->w->weak[1] = 0;
    tw_pbuf_drop(c->f->pool, &c->w->early[0]);
    tw_pbuf_drop(c->f->pool, &c->w->early[1]);
}

static void claim(const struct tw_flow_ctx *c, const struct tw_proto *proto)
{
    struct tw_flow *w = c->w;
    void *state = tw_flow_state(c->f, w);
    memset(state, 0, proto->state_size);
    w->proto = proto;
    w->mode = TW_FLOW_OURS;
    w->conn.midstream = w->conn.midstream || w->midstream_probe;
    if (!proto->is_shared)
        tw_classify_drop(c->f, w);
    c->f->stats.opcua_flows += proto->id == TW_PROTO_OPCUA;
    c->f->stats.mqtt_flows += proto->id == TW_PROTO_MQTT;
    proto->open(state, c->f->env, &w->conn);
}

/* Nobody reads it: drop what was kept for a dissector and let nDPI speak. */
static void give_up(const struct tw_flow_ctx *c)
{
    struct tw_flow *w = c->w;
    drop_early(c);
    tw_reasm_drop(&w->half[0], c->f->pool);
    tw_reasm_drop(&w->half[1], c->f->pool);
    w->mode = TW_FLOW_OTHER;
    tw_classify_tell(c);
}

static bool is_usual_port(const struct tw_flow *w, const struct tw_proto *proto)
{
    const uint16_t port = w->conn.side[1].port;
    return w->syn && port != 0 && (port == proto->ports[0] || port == proto->ports[1]);
}

/* What the probes say of a direction that starts with `bytes`. Weak answers of both directions make
 * a sure one; so does the usual port. */
static enum tw_probe ask(
    const struct tw_flow_ctx *c, struct tw_cur bytes, const struct tw_proto **out)
{
    struct tw_flow *w = c->w;
    enum tw_probe answer = TW_PROBE_NO;
    unsigned weak = 0, bit = 1;
    for (const struct tw_proto *const *p = c->f->config.protocols; *p != NULL; p++, bit <<= 1) {
        const enum tw_probe said = (*p)->probe(bytes, c->d, w->midstream_probe);
        const bool is_weak = said == TW_PROBE_WEAK;
        if (said == TW_PROBE_YES ||
            (is_weak && ((w->weak[c->d ^ 1] & bit) != 0 || is_usual_port(w, *p)))) {
            if ((*p)->wanted == NULL || (*p)->wanted(c->f->env, bytes)) {
                *out = *p;
                return TW_PROBE_YES;
            }
            w->named = *p;
            continue;
        }
        weak |= is_weak ? bit : 0;
        if (said == TW_PROBE_MORE || (is_weak && answer == TW_PROBE_NO))
            answer = said;
    }
    w->weak[c->d] = (uint8_t)weak;
    return answer;
}

static bool keep_early(const struct tw_flow_ctx *c, struct tw_cur bytes)
{
    struct tw_flow *w = c->w;
    if (w->early[c->d ^ 1].len == 0)
        w->first_early = (uint8_t)c->d;
    return tw_pbuf_add(c->f->pool, &w->early[c->d], bytes.p, bytes.left, MAX_EARLY);
}

static void start(const struct tw_flow_ctx *c, const struct tw_proto *proto, struct tw_cur bytes)
{
    struct tw_flow *w = c->w;
    const unsigned other = c->d ^ 1;
    claim(c, proto);
    if (w->early[other].len > 0 && w->first_early == other)
        feed_early(c, other);
    feed_early(c, c->d);
    feed(c, c->d, bytes);
    feed_early(c, other);
}

/* No protocol wants what this direction said. */
static void refuse(const struct tw_flow_ctx *c)
{
    struct tw_flow *w = c->w;
    tw_pbuf_drop(c->f->pool, &w->early[c->d]);
    if (!w->midstream_probe || w->named != NULL || --w->probes_left == 0)
        give_up(c);
}

/* Judge the bytes at hand together with those kept before. In the middle of a stream those may have
 * been the end of something: then the bytes at hand count alone. */
static enum tw_probe judge(
    const struct tw_flow_ctx *c, struct tw_cur bytes, const struct tw_proto **out)
{
    struct tw_flow *w = c->w;
    struct tw_pbuf *early = &w->early[c->d];
    const size_t before = early->len;
    if (before == 0)
        return ask(c, bytes, out);
    if (!keep_early(c, bytes))
        return TW_PROBE_NO;
    enum tw_probe said = ask(c, tw_cur_of(early->p, early->len), out);
    /* The bytes at hand are handled from where they are. */
    early->len = before;
    if (said == TW_PROBE_NO && w->midstream_probe) {
        tw_pbuf_drop(c->f->pool, early);
        said = ask(c, bytes, out);
    }
    return said;
}

__attribute__((noinline)) static void recognise(const struct tw_flow_ctx *c, struct tw_cur bytes)
{
    struct tw_flow *w = c->w;
    const struct tw_proto *proto = NULL;
    const enum tw_probe said = judge(c, bytes, &proto);
    const uint8_t mine = (uint8_t)(1u << c->d), others = (uint8_t)(w->wants_more & ~mine);
    w->wants_more = said == TW_PROBE_MORE ? others | mine : others;
    if (said == TW_PROBE_YES)
        start(c, proto, bytes);
    else if (said == TW_PROBE_NO && (w->midstream_probe || others == 0))
        refuse(c);
    else if (!keep_early(c, bytes))
        refuse(c);
}

static void on_data(void *user, struct tw_cur bytes)
{
    const struct tw_flow_ctx *c = user;
    if (c->w->mode == TW_FLOW_OURS)
        feed(c, c->d, bytes);
    else if (c->w->mode == TW_FLOW_UNDECIDED)
        recognise(c, bytes);
}

static void tell(const struct tw_flow_ctx *c, enum tw_action action, uint64_t missing)
{
    const struct tw_flow *w = c->w;
    struct tw_event e;
    const bool ours = w->mode == TW_FLOW_OURS;
    tw_proto_event(&e, &w->conn, c->d, &c->when, ours ? w->proto->id : TW_PROTO_OTHER, action);
    if (!ours)
        e.app = TW_STR("unknown");
    e.missing_bytes = missing;
    if (action == TW_ACTION_CONFLICT)
        e.detail = TW_STR("first copy used");
    tw_emit(&c->f->env->emit, &e);
}

static void on_gap(void *user, uint64_t missing)
{
    const struct tw_flow_ctx *c = user;
    struct tw_flow *w = c->w;
    if (w->mode == TW_FLOW_OTHER)
        return;
    tell(c, TW_ACTION_GAP, missing);
    if (w->mode == TW_FLOW_OURS) {
        w->proto->gap(tw_flow_state(c->f, w), c->f->env, &w->conn, c->d, missing, &c->when);
        w->check_deadline = true;
        return;
    }
    /* The start is lost: look at what follows as if the capture had begun here. */
    tw_pbuf_drop(c->f->pool, &w->early[c->d]);
    w->wants_more &= (uint8_t) ~(1u << c->d);
    w->weak[c->d] = 0;
    tw_recognise_midstream(w);
}

static void on_conflict(void *user)
{
    const struct tw_flow_ctx *c = user;
    if (c->w->mode == TW_FLOW_OTHER || c->w->conflicts >= MAX_CONFLICTS)
        return;
    c->w->conflicts++;
    tell(c, TW_ACTION_CONFLICT, 0);
}

void tw_recognise_init(struct tw_flows *f)
{
    static const struct tw_reasm_sink sink = {on_data, on_gap, on_conflict};
    f->reasm = (struct tw_reasm_env){
        .pool = f->pool, .sink = &sink, .counters = &f->reassembled, .seed = f->table.seed};
}

const struct tw_reasm_env *tw_recognise_env(struct tw_flow_ctx *c)
{
    c->f->reasm.user = c;
    c->f->reasm.now_ns = c->when.ts_ns;
    return &c->f->reasm;
}
