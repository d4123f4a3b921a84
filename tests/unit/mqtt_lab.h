#pragma once
/* An MQTT connection in the laboratory: packets written as text go in, events come out as short
 * lines.
 *
 * A packet is its first byte and a body: hex bytes, 'text' as it is, and s'text' with its two bytes
 * of length before it. The Remaining Length is put in. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/text.h"
#include "event/emit_json.h"
#include "guard.h"
#include "protocol/mqtt/mqtt.h"

enum { UP, DOWN }; /* client to server, server to client */

struct lab {
    struct tw_proto_counters counters;
    struct tw_proto_env env;
    struct tw_conn conn;
    struct tw_when when;
    struct tw_text lines;
    const struct tw_proto *proto;
    void *state;
    size_t step; /* bytes a segment; 0: all */
};

static inline void lab_add_maybe(struct tw_text *t, const char *key, struct tw_maybe m)
{
    if (m.s.p != NULL)
        tw_text_addf(t, " %s=%.*s", key, TW_STR_ARG(m.s));
    else if (m.is_null)
        tw_text_addf(t, " %s=null", key);
}

static inline void lab_add_mqtt(struct tw_text *t, const struct tw_mqtt_info *m)
{
    if (m->has_publish_flags)
        tw_text_addf(t, " q%d%s%s %s %u", m->qos, m->retain ? " retain" : "", m->dup ? " dup" : "",
            m->payload_format ? m->payload_format : "?", (unsigned)m->payload_bytes);
    if (m->has_packet_id)
        tw_text_addf(t, " id=%u", m->packet_id);
    if (m->has_options)
        tw_text_addf(t, " asks=%u", m->requested_qos);
    if (m->has_reason)
        tw_text_addf(t, " reason=%02x", m->reason);
    if (m->packet != NULL)
        tw_text_addf(t, " %s", m->packet);
    if (m->alias_unresolved)
        tw_text_addz(t, " unresolved");
}

/* "PACKET ACTION" and whatever else the event has. */
static inline void lab_line(struct tw_text *t, const struct tw_event *e)
{
    tw_text_addf(t, "%u%c%s", (unsigned)e->packet, e->src.port == 1883 ? '<' : '>',
        tw_action_name(e->action));
    if (e->object.p != NULL)
        tw_text_addf(t, " %.*s", TW_STR_ARG(e->object));
    else if (e->object_null)
        tw_text_addz(t, " null");
    if (e->field.p != NULL)
        tw_text_addf(t, " at=%.*s", TW_STR_ARG(e->field));
    if (e->value.kind != TW_VALUE_NONE) {
        tw_text_addz(t, " value:");
        tw_value_json(t, &e->value);
        tw_text_addf(t, " %s", e->type != NULL ? e->type : "-");
    }
    lab_add_maybe(t, "status", e->status);
    if (e->detail.p != NULL)
        tw_text_addf(t, " %.*s", TW_STR_ARG(e->detail));
    if (e->request_packet != 0)
        tw_text_addf(t, " asked=%u", (unsigned)e->request_packet);
    if (e->field.p == NULL && e->mqtt != NULL)
        lab_add_mqtt(t, e->mqtt);
    if (e->truncated)
        tw_text_addz(t, " truncated");
    tw_text_add(t, "\n", 1);
}

static inline void lab_collect(void *user, const struct tw_event *e)
{
    lab_line(&((struct lab *)user)->lines, e);
}

static inline void lab_open_as(struct lab *lab, const struct tw_proto *proto, bool midstream)
{
    *lab = (struct lab){.when = {1000, 0}, .proto = proto};
    lab->env = (struct tw_proto_env){.emit = {lab_collect, lab},
        .pool = tw_pool_new((size_t)64 << 20),
        .limits = tw_limits_default(),
        .counters = &lab->counters,
        .next_serial = 1};
    lab->conn = (struct tw_conn){
        .side = {{.port = 40000}, {.port = 1883}}, .midstream = midstream, .flow = 1};
    lab->state = calloc(1, proto->state_size);
    assert_non_null(lab->state);
    proto->open(lab->state, &lab->env, &lab->conn);
}

static inline void lab_open(struct lab *lab, bool midstream)
{
    lab_open_as(lab, &tw_mqtt, midstream);
}

/* One captured packet, in segments of lab->step bytes. */
static inline void lab_bytes(struct lab *lab, unsigned dir, const uint8_t *p, size_t len)
{
    size_t step = lab->step ? lab->step : len;
    lab->when.packet++;
    lab->when.ts_ns += 1000;
    for (size_t at = 0; at < len; at += step) {
        size_t n = step < len - at ? step : len - at;
        lab->proto->data(lab->state, &lab->env, &lab->conn, dir, tw_cur_of(p + at, n), &lab->when);
    }
}

static inline unsigned lab_hex(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)((c | 0x20) - 'a' + 10);
}

/* Write a body into `out`; returns its length. */
static inline size_t lab_body(const char *spec, uint8_t *out)
{
    size_t n = 0;
    while (*spec != '\0') {
        if (*spec == ' ') {
            spec++;
            continue;
        }
        bool counted = *spec == 's';
        spec += counted;
        if (*spec == '\'') {
            const char *end = strchr(spec + 1, '\'');
            size_t len = (size_t)(end - spec - 1);
            if (counted) {
                out[n++] = (uint8_t)(len >> 8);
                out[n++] = (uint8_t)len;
            }
            memcpy(out + n, spec + 1, len);
            n += len;
            spec = end + 1;
        } else {
            out[n++] = (uint8_t)(lab_hex(spec[0]) << 4 | lab_hex(spec[1]));
            spec += 2;
        }
    }
    return n;
}

/* A whole packet into `out`; returns its length. */
static inline size_t lab_packet(uint8_t first, const char *spec, uint8_t *out)
{
    uint8_t body[4096];
    size_t len = lab_body(spec, body), n = 0;
    out[n++] = first;
    for (size_t left = len;;) {
        uint8_t b = left & 0x7f;
        left >>= 7;
        out[n++] = (uint8_t)(b | (left > 0 ? 0x80 : 0));
        if (left == 0)
            break;
    }
    memcpy(out + n, body, len);
    return n + len;
}

static inline void lab_send(struct lab *lab, unsigned dir, uint8_t first, const char *spec)
{
    uint8_t bytes[4096 + 8];
    size_t n = lab_packet(first, spec, bytes);
    lab_bytes(lab, dir, bytes, n);
}

/* The connection ends; nothing may be left in the pool. */
static inline void lab_end(struct lab *lab, enum tw_end reason)
{
    lab->when.packet++;
    lab->when.ts_ns += 1000;
    lab->proto->close(lab->state, &lab->env, &lab->conn, reason, &lab->when);
    assert_int_equal(tw_pool_stats(lab->env.pool).in_use_bytes, 0);
}

static inline const char *lab_text(struct lab *lab)
{
    tw_text_add(&lab->lines, "", 1);
    lab->lines.len--;
    return lab->lines.p;
}

static inline void lab_free(struct lab *lab)
{
    free(lab->state);
    tw_pool_free(lab->env.pool);
    tw_text_free(&lab->lines);
}
