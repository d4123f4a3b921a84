#include "protocol/packed.h"

/* Without end: CBOR closes it by a break. */
#define INDEFINITE UINT64_MAX

/* An open container: how many values are to come. Those of maps count keys as well. */
struct level {
    uint64_t left;
    bool is_map, at_key;
    uint8_t chunks_of; /* CBOR: the major type of a string in chunks; 0: no string */
};

struct walk {
    struct tw_cur c;
    struct level levels[TW_PACKED_DEPTH];
    unsigned depth;
    struct tw_packed *out;
};

static bool open_level(struct walk *w, uint64_t n, bool is_map, uint8_t chunks_of)
{
    if (w->depth == TW_PACKED_DEPTH || (n != INDEFINITE && n > w->c.left))
        return false;
    if (is_map && n != INDEFINITE)
        n *= 2;
    w->levels[w->depth++] = (struct level){n, is_map, is_map, chunks_of};
    if (w->depth > w->out->depth)
        w->out->depth = w->depth;
    return true;
}

/* A value stands here: a key, or one that counts unless it is a container. */
static void take_place(struct walk *w, bool is_leaf)
{
    struct level *at = w->depth > 0 ? &w->levels[w->depth - 1] : NULL;
    const bool is_key = at != NULL && at->is_map && at->at_key;
    const bool is_chunk = at != NULL && at->chunks_of != 0;
    w->out->items += is_leaf && !is_key && !is_chunk;
    if (at == NULL)
        return;
    at->at_key = at->is_map && !at->at_key;
    if (at->left != INDEFINITE)
        at->left--;
}

static void close_full(struct walk *w)
{
    while (w->depth > 0 && w->levels[w->depth - 1].left == 0)
        w->depth--;
}

static bool measure(struct walk *w, bool (*one)(struct walk *w))
{
    do {
        if (!one(w))
            return false;
        close_full(w);
    } while (w->depth > 0);
    return w->c.left == 0;
}

/* Big-endian, in 1, 2, 4 or 8 bytes. */
static bool number(struct tw_cur *c, unsigned size, uint64_t *out)
{
    uint8_t b;
    uint16_t two;
    uint32_t four;
    switch (size) {
    case 1:
        if (!tw_cur_u8(c, &b))
            return false;
        *out = b;
        return true;
    case 2:
        if (!tw_cur_u16be(c, &two))
            return false;
        *out = two;
        return true;
    case 4:
        if (!tw_cur_u32be(c, &four))
            return false;
        *out = four;
        return true;
    default: {
        uint32_t low;
        if (!tw_cur_u32be(c, &four) || !tw_cur_u32be(c, &low))
            return false;
        *out = (uint64_t)four << 32 | low;
        return true;
    }
    }
}

static bool skip(struct tw_cur *c, uint64_t n)
{
    return n <= c->left && tw_cur_skip(c, (size_t)n);
}

enum { UNSIGNED, NEGATIVE, BYTES, TEXT, ARRAY, MAP, TAG, SIMPLE };
enum { BREAK = 0xff, IN_1_BYTE = 24, IN_8_BYTES = 27, NO_LENGTH = 31 };

/* The end of a container without a length; between a key and its value it is none. */
static bool cbor_break(struct walk *w)
{
    if (w->depth == 0)
        return false;
    const struct level *at = &w->levels[w->depth - 1];
    if (at->left != INDEFINITE || (at->is_map && !at->at_key))
        return false;
    w->depth--;
    return true;
}

static bool cbor_container(struct walk *w, unsigned major, bool endless, uint64_t n)
{
    take_place(w, false);
    return open_level(w, endless ? INDEFINITE : n, major == MAP, 0);
}

static bool cbor_text(struct walk *w, unsigned major, bool endless, uint64_t n)
{
    take_place(w, true);
    return endless ? open_level(w, INDEFINITE, false, (uint8_t)major) : skip(&w->c, n);
}

/* [RFC 8949 3] */
static bool cbor_one(struct walk *w)
{
    const struct level *at = w->depth > 0 ? &w->levels[w->depth - 1] : NULL;
    uint8_t head;
    uint64_t n;
    if (!tw_cur_u8(&w->c, &head))
        return false;
    if (head == BREAK)
        return cbor_break(w);
    const unsigned major = head >> 5, info = head & 31;
    const bool endless = info == NO_LENGTH;
    n = info;
    if (info >= IN_1_BYTE && info <= IN_8_BYTES && !number(&w->c, 1u << (info - IN_1_BYTE), &n))
        return false;
    if (info > IN_8_BYTES && !(endless && major >= BYTES && major <= MAP))
        return false;
    /* Chunks are strings of the same type that have a length. */
    if (at != NULL && at->chunks_of != 0 && (major != at->chunks_of || endless))
        return false;
    switch (major) {
    case BYTES:
    case TEXT:
        return cbor_text(w, major, endless, n);
    case ARRAY:
    case MAP:
        return cbor_container(w, major, endless, n);
    case TAG: /* stands before its value */
        return w->c.left > 0;
    case SIMPLE:
        if (info == IN_1_BYTE && n < 32)
            return false;
        break;
    default:
        break;
    }
    take_place(w, true);
    return true;
}

/* A value with the tags before it, which are nothing by themselves. */
static bool cbor_tagged(struct walk *w)
{
    uint8_t head = 0;
    bool tagged = false;
    while (tw_cur_peek(&w->c, 0, &head) && head >> 5 == TAG) {
        if (!cbor_one(w))
            return false;
        tagged = true;
    }
    return !(tagged && head == BREAK) && cbor_one(w);
}

bool tw_cbor_measure(struct tw_cur bytes, struct tw_packed *out)
{
    struct walk w;
    *out = (struct tw_packed){0};
    w.c = bytes;
    w.depth = 0;
    w.out = out;
    return measure(&w, cbor_tagged);
}

/* Formats from 0xc0 to 0xdf: bytes of their length or number, bytes that always follow. */
enum form { PLAIN, DATA, LIST, PAIRS, NEVER };
static const struct {
    uint8_t form, size, more;
} forms[32] = {
    {PLAIN, 0, 0},
    {NEVER, 0, 0},
    {PLAIN, 0, 0},
    {PLAIN, 0, 0}, /* nil, (never used), false, true */
    {DATA, 1, 0},
    {DATA, 2, 0},
    {DATA, 4, 0}, /* bin */
    {DATA, 1, 1},
    {DATA, 2, 1},
    {DATA, 4, 1}, /* ext: a type before its bytes */
    {PLAIN, 0, 4},
    {PLAIN, 0, 8}, /* float */
    {PLAIN, 0, 1},
    {PLAIN, 0, 2},
    {PLAIN, 0, 4},
    {PLAIN, 0, 8}, /* uint */
    {PLAIN, 0, 1},
    {PLAIN, 0, 2},
    {PLAIN, 0, 4},
    {PLAIN, 0, 8}, /* int */
    {PLAIN, 0, 2},
    {PLAIN, 0, 3},
    {PLAIN, 0, 5},
    {PLAIN, 0, 9},
    {PLAIN, 0, 17}, /* fixext */
    {DATA, 1, 0},
    {DATA, 2, 0},
    {DATA, 4, 0}, /* str */
    {LIST, 2, 0},
    {LIST, 4, 0},
    {PAIRS, 2, 0},
    {PAIRS, 4, 0},
};

static bool msgpack_container(struct walk *w, uint64_t n, bool is_map)
{
    take_place(w, false);
    return open_level(w, n, is_map, 0);
}

static bool msgpack_one(struct walk *w)
{
    uint8_t head;
    uint64_t n = 0;
    if (!tw_cur_u8(&w->c, &head))
        return false;
    if (head >= 0x80 && head < 0xa0) /* fixmap, fixarray */
        return msgpack_container(w, head & 15, head < 0x90);
    if (head >= 0xa0 && head < 0xc0) { /* fixstr */
        take_place(w, true);
        return skip(&w->c, head & 31);
    }
    if (head < 0x80 || head >= 0xe0) { /* fixint */
        take_place(w, true);
        return true;
    }
    const unsigned row = head - 0xc0u;
    if (forms[row].form == NEVER || (forms[row].size > 0 && !number(&w->c, forms[row].size, &n)))
        return false;
    if (forms[row].form == LIST || forms[row].form == PAIRS)
        return msgpack_container(w, n, forms[row].form == PAIRS);
    take_place(w, true);
    return skip(&w->c, n) && skip(&w->c, forms[row].more);
}

bool tw_msgpack_measure(struct tw_cur bytes, struct tw_packed *out)
{
    struct walk w;
    *out = (struct tw_packed){0};
    w.c = bytes;
    w.depth = 0;
    w.out = out;
    return measure(&w, msgpack_one);
}
