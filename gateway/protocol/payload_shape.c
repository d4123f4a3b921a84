#include "protocol/payload_shape.h"

#include <endian.h>
#include <stdlib.h>

#include "base/scan.h"
#include "protocol/payload_json.h"

enum { SLOTS = 64, PATIENCE = 4, WAIT = 256, SLACK = 8 };

struct slot {
    uint64_t mark; /* of the texts it is for; 0: none */
    unsigned misses, waits;
    bool is_known; /* else not learned yet, or it has none: asked again after `waits` */
    struct tw_shape shape;
};

struct tw_shapes {
    struct slot slots[SLOTS];
};

/* Zero, so that pages nobody needs are never touched. */
struct tw_shapes *tw_shapes_new(void)
{
    return calloc(1, sizeof(struct tw_shapes));
}

void tw_shapes_free(struct tw_shapes *s)
{
    free(s);
}

/* Texts of one shape mostly begin alike, and their topics end alike. 0 for those too short. */
static uint64_t mark_of(struct tw_str topic, struct tw_str text)
{
    if (text.len < 16 || text.len > TW_SHAPE_TEXT || (text.p[0] != '{' && text.p[0] != '['))
        return 0;
    uint64_t mark = tw_scan_load(text.p);
    if (topic.len >= 8)
        mark ^= tw_scan_load(topic.p + topic.len - 8) * 0xc2b2ae3d27d4eb4fu;
    return mark | 1;
}

static inline struct slot *slot_of(struct tw_shapes *s, uint64_t mark)
{
    return &s->slots[(mark * 0x9e3779b97f4a7c15u) >> 32 & (SLOTS - 1)];
}

/* Do the `len` bytes stand at `at`? Up to SLACK more may be read of `bytes`, none of `s`. */
static inline bool stands(struct tw_str s, size_t at, const char *bytes, size_t len)
{
    if (s.len - at < len + SLACK)
        return s.len - at >= len && memcmp(s.p + at, bytes, len) == 0;
    const char *p = s.p + at;
    for (; len >= sizeof(uint64_t); len -= sizeof(uint64_t)) {
        if (tw_scan_load(p) != tw_scan_load(bytes))
            return false;
        p += sizeof(uint64_t);
        bytes += sizeof(uint64_t);
    }
    const uint64_t differ = le64toh(tw_scan_load(p) ^ tw_scan_load(bytes));
    return (differ & ((UINT64_C(1) << 8 * len) - 1)) == 0;
}

static bool fits(const struct tw_shape *shape, struct tw_str text, struct tw_json_token *out)
{
    struct tw_json r;
    const char *between = shape->bytes;
    tw_json_init(&r, text);
    r.depth = 1; /* inside a container, as all scalars of it are */
    for (unsigned i = 0; i < shape->n_leaves; i++) {
        const size_t before = shape->leaves[i].before;
        if (!stands(text, r.at, between, before))
            return false;
        between += before;
        r.at += before;
        if (tw_json_scalar(&r, &out[i]) == TW_JSON_ERROR)
            return false;
    }
    return text.len - r.at == shape->behind && stands(text, r.at, between, shape->behind);
}

const struct tw_shape *tw_shapes_read(
    struct tw_shapes *s, struct tw_str topic, struct tw_str text, struct tw_json_token *out)
{
    const uint64_t mark = s != NULL ? mark_of(topic, text) : 0;
    if (mark == 0)
        return NULL;
    struct slot *slot = slot_of(s, mark);
    if (slot->mark != mark || !slot->is_known || !fits(&slot->shape, text, out))
        return NULL;
    slot->misses = 0;
    return &slot->shape;
}

/* A shape in the making. */
struct maker {
    struct tw_shape *shape;
    unsigned n_named;
    size_t len; /* of its bytes */
    bool fails;
};

static bool add(struct maker *m, const char *p, size_t len)
{
    if (len > sizeof(m->shape->bytes) - m->len)
        return false;
    memcpy(m->shape->bytes + m->len, p, len);
    m->len += len;
    return true;
}

static void on_name(void *user, struct tw_str path, bool is_secret, bool is_cut)
{
    struct maker *m = user;
    const size_t at = m->len;
    m->fails |= is_cut || m->n_named == m->shape->n_leaves || !add(m, path.p, path.len);
    if (m->fails)
        return;
    m->shape->secrets |= (uint64_t)is_secret << m->n_named;
    struct tw_shape_leaf *leaf = &m->shape->leaves[m->n_named++];
    leaf->at = (uint16_t)at;
    leaf->len = (uint16_t)path.len;
}

/* Before a scalar stands what separates it from the token before. */
static size_t start_of(struct tw_str text, size_t at)
{
    while (at < text.len && strchr(" \n\r\t,", text.p[at]) != NULL && text.p[at] != '\0')
        at++;
    return at;
}

/* What a message says of itself is looked at each time. */
static bool is_plain_key(const struct tw_json_token *key)
{
    return !key->escaped && !tw_str_is(key->text, "MessageType") && !tw_str_is(key->text, "_ai");
}

/* The text between the scalars. */
static bool cut_out(struct maker *m, struct tw_str text)
{
    struct tw_shape *shape = m->shape;
    struct tw_json r;
    struct tw_json_token t;
    size_t from = 0;
    tw_json_init(&r, text);
    for (;;) {
        const size_t before = r.at;
        const enum tw_json_kind kind = tw_json_next(&r, &t);
        if (kind == TW_JSON_KEY && !is_plain_key(&t))
            return false;
        const bool is_scalar = kind >= TW_JSON_STRING;
        if (kind != TW_JSON_END && !is_scalar && kind > TW_JSON_TOO_DEEP)
            continue;
        if ((kind != TW_JSON_END && !is_scalar) ||
            (is_scalar && shape->n_leaves == TW_SHAPE_LEAVES))
            return false;
        const size_t until = is_scalar ? start_of(text, before) : text.len;
        if (!add(m, text.p + from, until - from))
            return false;
        shape->behind = (unsigned)(until - from);
        if (!is_scalar)
            return shape->n_leaves > 0;
        shape->leaves[shape->n_leaves++].before = (uint16_t)(until - from);
        from = r.at;
    }
}

static bool make(struct tw_str text, struct tw_shape *out)
{
    static const char slack[SLACK];
    struct maker m = {.shape = out};
    *out = (struct tw_shape){.n_leaves = 0};
    if (!cut_out(&m, text) || !add(&m, slack, sizeof(slack)))
        return false;
    tw_payload_names(text, on_name, &m);
    return !m.fails && m.n_named == out->n_leaves;
}

void tw_shapes_learn(struct tw_shapes *s, struct tw_str topic, struct tw_str text)
{
    const uint64_t mark = s != NULL ? mark_of(topic, text) : 0;
    if (mark == 0)
        return;
    struct slot *slot = slot_of(s, mark);
    if (slot->mark == mark && !slot->is_known) {
        slot->is_known = slot->waits == 0 && make(text, &slot->shape);
        slot->waits = slot->waits == 0 ? WAIT : slot->waits - 1;
        return;
    }
    if (slot->mark != 0 && slot->misses++ < PATIENCE)
        return;
    slot->mark = mark;
    slot->misses = slot->waits = 0;
    slot->is_known = false;
}
