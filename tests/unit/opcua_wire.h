#pragma once
/* OPC UA messages put together field by field, and a connection they are sent on. What the
 * dissector says is written down one event a line, in the few words that a row of a test can hold.
 */

#include <stdio.h>
#include <stdlib.h>

#include "base/text.h"
#include "event/emit_json.h"
#include "protocol/opcua/opcua.h"

struct wire {
    uint8_t b[1 << 16];
    size_t n;
};

static inline void w_raw(struct wire *w, const void *p, size_t n)
{
    if (n > 0)
        memcpy(w->b + w->n, p, n);
    w->n += n;
}

static inline void w_le(struct wire *w, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        w->b[w->n++] = (uint8_t)(v >> (8 * i));
}

static inline void w_u8(struct wire *w, unsigned v)
{
    w_le(w, v, 1);
}

static inline void w_u16(struct wire *w, unsigned v)
{
    w_le(w, v, 2);
}

static inline void w_u32(struct wire *w, uint32_t v)
{
    w_le(w, v, 4);
}

static inline void w_f64(struct wire *w, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof(bits));
    w_le(w, bits, 8);
}

/* NULL is the null string. */
static inline void w_str(struct wire *w, const char *z)
{
    w_u32(w, z == NULL ? UINT32_MAX : (uint32_t)strlen(z));
    w_raw(w, z, z == NULL ? 0 : strlen(z));
}

static inline void w_bytes(struct wire *w, const struct wire *inner)
{
    w_u32(w, (uint32_t)inner->n);
    w_raw(w, inner->b, inner->n);
}

static inline void w_node(struct wire *w, unsigned ns, unsigned id)
{
    w_u8(w, 1);
    w_u8(w, ns);
    w_u16(w, id);
}

static inline void w_node_str(struct wire *w, unsigned ns, const char *id)
{
    w_u8(w, 3);
    w_u16(w, ns);
    w_str(w, id);
}

/* 2026-03-01T08:00:00Z */
#define W_TIME INT64_C(134168256000000000)
#define W_TIME_NS INT64_C(1772352000000000000)

static inline void w_time(struct wire *w)
{
    w_le(w, (uint64_t)W_TIME, 8);
}

static inline void w_no_extension(struct wire *w)
{
    w_node(w, 0, 0);
    w_u8(w, 0);
}

/* `diagnostics` are asked for [UA4 7.8]. */
static inline void w_request_asking(
    struct wire *w, unsigned service, uint32_t handle, const char *token, uint32_t diagnostics)
{
    w->n = 0;
    w_node(w, 0, service);
    if (token == NULL)
        w_node(w, 0, 0);
    else
        w_node_str(w, 1, token);
    w_time(w);
    w_u32(w, handle);
    w_u32(w, diagnostics);
    w_str(w, NULL);
    w_u32(w, 5000);
    w_no_extension(w);
}

static inline void w_request(struct wire *w, unsigned service, uint32_t handle, const char *token)
{
    w_request_asking(w, service, handle, token, 0);
}

static inline void w_response(struct wire *w, unsigned service, uint32_t handle, uint32_t result)
{
    w->n = 0;
    w_node(w, 0, service);
    w_time(w);
    w_u32(w, handle);
    w_u32(w, result);
    w_u8(w, 0);
    w_u32(w, UINT32_MAX);
    w_no_extension(w);
}

struct talk {
    struct tw_proto_env env;
    struct tw_proto_counters counters;
    struct tw_conn conn;
    struct tw_when when;
    void *state;
    struct tw_text said;
    uint32_t sequence[2];
    uint32_t channel, token;
    unsigned signature; /* bytes after each chunk */
    bool renew;         /* the next handshake is for the channel there is */
    size_t step;        /* bytes given at once; 0: all */
};

/* The writer would put a comma before it. */
static inline void talk_value(struct tw_text *out, const struct tw_value *value)
{
    struct tw_text json = {0};
    tw_value_json(&json, value);
    tw_text_add_str(out, tw_text_str(&json));
    tw_text_free(&json);
}

static inline void talk_event(void *user, const struct tw_event *e)
{
    struct talk *t = user;
    struct tw_text *out = &t->said;
    const struct tw_opcua_info *info = e->opcua;
    tw_text_addf(out, "%llu", (unsigned long long)e->packet);
    if (e->request_packet != 0)
        tw_text_addf(out, "<%llu", (unsigned long long)e->request_packet);
    tw_text_addf(out, " %s%s", e->src.port == 4840 ? "server " : "", tw_action_name(e->action));
    if (info->service.p != NULL)
        tw_text_addf(out, " %.*s", TW_STR_ARG(info->service));
    if (e->object.p != NULL || e->object_null)
        tw_text_addf(out, " [%.*s]", TW_STR_ARG(e->object_null ? TW_STR("null") : e->object));
    if (info->attribute.p != NULL && !tw_str_is(info->attribute, "Value"))
        tw_text_addf(out, " .%.*s", TW_STR_ARG(info->attribute));
    if (info->index_range.s.p != NULL)
        tw_text_addf(out, " {%.*s}", TW_STR_ARG(info->index_range.s));
    if (e->value.kind != TW_VALUE_NONE) {
        tw_text_addz(out, " ");
        talk_value(out, &e->value);
    }
    if (e->type != NULL)
        tw_text_addf(out, " %s", e->type);
    if (info->outputs != NULL) {
        tw_text_addz(out, " -> ");
        talk_value(out, info->outputs);
    }
    if (e->status.is_null)
        tw_text_addz(out, " ?");
    else if (e->status.s.p != NULL)
        tw_text_addf(out, " %.*s%s", TW_STR_ARG(e->status.s), e->status_bad ? "!" : "");
    if (e->encrypted)
        tw_text_addz(out, " encrypted");
    if (e->truncated)
        tw_text_addz(out, " truncated");
    if (e->detail.p != NULL)
        tw_text_addf(out, " %.*s", TW_STR_ARG(e->detail));
    tw_text_addz(out, "\n");
}

static inline void talk_open(struct talk *t, bool midstream)
{
    *t = (struct talk){.conn = {.side = {{.port = 40000}, {.port = 4840}}, .flow = 1},
        .when = {W_TIME_NS, 0},
        .channel = 7,
        .token = 1};
    t->conn.midstream = midstream;
    t->env = (struct tw_proto_env){
        .pool = tw_pool_new((size_t)64 << 20), .limits = tw_limits_default(), .next_serial = 1};
    t->env.emit = (struct tw_emit){talk_event, t};
    t->env.counters = &t->counters;
    t->state = calloc(1, tw_opcua.state_size);
    tw_opcua.open(t->state, &t->env, &t->conn);
}

/* One packet. */
static inline void talk_send(struct talk *t, unsigned dir, const void *p, size_t n)
{
    const uint8_t *bytes = p;
    t->when.packet++;
    t->when.ts_ns += 1000000;
    size_t step = t->step == 0 ? n : t->step;
    for (size_t at = 0; at < n; at += step) {
        size_t part = n - at < step ? n - at : step;
        tw_opcua.data(t->state, &t->env, &t->conn, dir, tw_cur_of(bytes + at, part), &t->when);
    }
}

/* Whether memory came back; the talk is over. */
static inline bool talk_close(struct talk *t, enum tw_end reason)
{
    tw_opcua.close(t->state, &t->env, &t->conn, reason, &t->when);
    bool clean = tw_pool_stats(t->env.pool).in_use_bytes == 0;
    free(t->state);
    tw_pool_free(t->env.pool);
    return clean;
}

static inline const char *talk_said(struct talk *t)
{
    tw_text_add(&t->said, "", 1);
    t->said.len--;
    return t->said.p;
}

static inline void w_frame(struct wire *out, const char *type, const struct wire *body)
{
    out->n = 0;
    w_raw(out, type, 4);
    w_u32(out, (uint32_t)body->n + 8);
    w_raw(out, body->b, body->n);
}

static inline void talk_frame(
    struct talk *t, unsigned dir, const char *type, const struct wire *body)
{
    static struct wire out;
    w_frame(&out, type, body);
    talk_send(t, dir, out.b, out.n);
}

static inline void w_hello(struct wire *w, uint32_t buffer, const char *url)
{
    w->n = 0;
    w_u32(w, 0);
    w_u32(w, buffer);
    w_u32(w, buffer);
    w_u32(w, 0);
    w_u32(w, 0);
    if (url != NULL)
        w_str(w, url);
}

static inline void talk_hello(struct talk *t)
{
    static struct wire w;
    w_hello(&w, 65536, "opc.tcp://plc:4840");
    talk_frame(t, 0, "HELF", &w);
    w_hello(&w, 65536, NULL);
    talk_frame(t, 1, "ACKF", &w);
}

/* OPN up to its sequence header. */
static inline void w_open(
    struct wire *w, uint32_t channel, const char *policy, const struct wire *certificate)
{
    char uri[128];
    snprintf(uri, sizeof(uri), "http://opcfoundation.org/UA/SecurityPolicy#%s", policy);
    w->n = 0;
    w_u32(w, channel);
    w_str(w, uri);
    if (certificate == NULL)
        w_str(w, NULL);
    else
        w_bytes(w, certificate);
    w_str(w, NULL);
}

/* A handshake that can be read, with a signature behind it. */
static inline void talk_secure(struct talk *t, const char *policy, uint32_t mode, size_t signature)
{
    static struct wire w, body;
    static const uint8_t zeroes[128];
    w_open(&w, t->renew ? t->channel : 0, policy, NULL);
    w_u32(&w, ++t->sequence[0]);
    w_u32(&w, 1);
    w_request(&body, 446, 1, NULL);
    w_u32(&body, 0);
    w_u32(&body, 0);
    w_u32(&body, mode);
    w_str(&body, NULL);
    w_u32(&body, 3600000);
    w_raw(&w, body.b, body.n);
    w_raw(&w, zeroes, signature);
    talk_frame(t, 0, "OPNF", &w);
    w_open(&w, t->channel, policy, NULL);
    w_u32(&w, ++t->sequence[1]);
    w_u32(&w, 1);
    w_response(&body, 449, 1, 0);
    w_u32(&body, 0);
    w_u32(&body, t->channel);
    w_u32(&body, t->token);
    w_time(&body);
    w_u32(&body, 3600000);
    w_str(&body, NULL);
    w_raw(&w, body.b, body.n);
    w_raw(&w, zeroes, signature);
    talk_frame(t, 1, "OPNF", &w);
}

/* HEL, ACK and a channel without security; nothing said about it. */
static inline void talk_start(struct talk *t)
{
    talk_open(t, false);
    talk_hello(t);
    talk_secure(t, "None", 1, 0);
    tw_text_clear(&t->said);
}

static inline void talk_chunk(
    struct talk *t, unsigned dir, const char *type, uint32_t request_id, const void *p, size_t n)
{
    static struct wire w;
    w.n = 0;
    w_u32(&w, t->channel);
    w_u32(&w, t->token);
    w_u32(&w, ++t->sequence[dir]);
    w_u32(&w, request_id);
    w_raw(&w, p, n);
    for (unsigned i = 0; i < t->signature; i++)
        w_u8(&w, 0x5a);
    talk_frame(t, dir, type, &w);
}

static inline void talk_message(
    struct talk *t, unsigned dir, uint32_t request_id, const struct wire *body)
{
    talk_chunk(t, dir, "MSGF", request_id, body->b, body->n);
}

/* ReadValueId and its like. */
static inline void w_read_id(struct wire *w, const char *node, uint32_t attribute)
{
    w_node_str(w, 2, node);
    w_u32(w, attribute);
    w_str(w, NULL);
    w_u16(w, 0);
    w_str(w, NULL);
}

static inline void w_read(struct wire *w, uint32_t handle, const char *const *nodes, unsigned n)
{
    w_request(w, 631, handle, "token");
    w_f64(w, 0);
    w_u32(w, 2);
    w_u32(w, n);
    for (unsigned i = 0; i < n; i++)
        w_read_id(w, nodes[i], 13);
}

static inline void w_double(struct wire *w, double v)
{
    w_u8(w, 1); /* DataValue: a value */
    w_u8(w, 11);
    w_f64(w, v);
}
