#include "protocol/payload_shape.h"

#include <endian.h>
#include <stdlib.h>

#include "protocol/payload_json.h"

enum { SLOTS = 64, PATIENCE = 4, WAIT = 256, SLACK = 8 };

struct slot {
    uint64_t mark; /* of the texts it is for; 0: none */
    unsigned misses, waits;
    struct tw_shape *shape; /* NULL: not learned yet, or it has none: asked again after `waits` */
};

struct tw_shapes {
    struct slot slots[SLOTS];
};

struct tw_shapes *tw_shapes_new(void)
{
    return calloc(1, sizeof(struct tw_shapes));
}

void tw_shapes_free(struct tw_shapes *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < SLOTS; i++)
        free(s->slots[i].shape);
    free(s);
}

static inline uint64_t load64(const char *p)
{
    uint64_t w;
    memcpy(&w, p, sizeof(w));
    return w;
}

/* Texts of one shape mostly begin alike, and their topics end alike. 0 for those too short. */
static uint64_t mark_of(struct tw_str topic, struct tw_str text)
{
    if (text.len < 16 || text.len > TW_SHAPE_TEXT || (text.p[0] != '{' && text.p[0] != '['))
        return 0;
    uint64_t mark = load64(text.p);
    if (topic.len >= 8)
        mark ^= load64(topic.p + topic.len - 8) * 0xc2b2ae3d27d4eb4fu;
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
        if (load64(p) != load64(bytes))
            return false;
        p += sizeof(uint64_t);
        bytes += sizeof(uint64_t);
    }
    const uint64_t differ = le64toh(load64(p) ^ load64(bytes));
    return (differ & ((UINT64_C(1) << 8 * len) - 1)) == 0;
}

static bool fits(const struct tw_shape *shape, struct tw_str text, struct tw_json_token *out)
{
    struct tw_json r;
    const char *between = shape->between;
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
    if (slot->mark != mark || slot->shape == NULL || !fits(slot->shape, text, out))
        return NULL;
    slot->misses = 0;
    return slot->shape;
}

/* A shape in the making. */
struct maker {
    unsigned n_leaves, n_named;
    size_t between_len, names_len;
    bool fails;
    struct tw_shape_leaf leaves[TW_SHAPE_LEAVES];
    char between[TW_SHAPE_TEXT], names[TW_SHAPE_PATHS];
};

static void on_name(void *user, struct tw_str path, bool is_secret, bool is_cut)
{
    struct maker *m = user;
    m->fails |= is_cut || m->n_named == m->n_leaves || path.len > sizeof(m->names) - m->names_len;
    if (m->fails)
        return;
    struct tw_shape_leaf *leaf = &m->leaves[m->n_named++];
    leaf->at = (uint16_t)m->names_len;
    leaf->len = (uint16_t)path.len;
    leaf->is_secret = is_secret;
    memcpy(m->names + m->names_len, path.p, path.len);
    m->names_len += path.len;
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
        if ((kind != TW_JSON_END && !is_scalar) || (is_scalar && m->n_leaves == TW_SHAPE_LEAVES))
            return false;
        const size_t until = is_scalar ? start_of(text, before) : text.len;
        memcpy(m->between + m->between_len, text.p + from, until - from);
        m->between_len += until - from;
        if (!is_scalar)
            return true;
        m->leaves[m->n_leaves++].before = (uint16_t)(until - from);
        from = r.at;
    }
}

static struct tw_shape *make(struct tw_str text)
{
    struct maker m = {.n_leaves = 0};
    if (!cut_out(&m, text) || m.n_leaves == 0)
        return NULL;
    tw_payload_names(text, on_name, &m);
    if (m.fails || m.n_named != m.n_leaves)
        return NULL;
    const size_t leaves = m.n_leaves * sizeof(m.leaves[0]);
    struct tw_shape *shape =
        calloc(1, sizeof(*shape) + leaves + m.between_len + SLACK + m.names_len);
    if (shape == NULL)
        return NULL;
    char *between = (char *)shape->leaves + leaves, *names = between + m.between_len + SLACK;
    memcpy(shape->leaves, m.leaves, leaves);
    memcpy(between, m.between, m.between_len);
    memcpy(names, m.names, m.names_len);
    size_t behind = m.between_len;
    for (unsigned i = 0; i < m.n_leaves; i++)
        behind -= m.leaves[i].before;
    shape->n_leaves = m.n_leaves;
    shape->behind = (unsigned)behind;
    shape->between = between;
    shape->names = names;
    return shape;
}

void tw_shapes_learn(struct tw_shapes *s, struct tw_str topic, struct tw_str text)
{
    const uint64_t mark = s != NULL ? mark_of(topic, text) : 0;
    if (mark == 0)
        return;
    struct slot *slot = slot_of(s, mark);
    if (slot->mark == mark && slot->shape == NULL) {
        if (slot->waits > 0) {
            slot->waits--;
            return;
        }
        slot->shape = make(text);
        slot->waits = WAIT;
        return;
    }
    if (slot->mark != 0 && slot->misses++ < PATIENCE)
        return;
    free(slot->shape);
    *slot = (struct slot){.mark = mark};
}
