#pragma once
/* Devices repeat themselves: message after message has the same keys in the same order, and only
 * the values differ. A shape is a JSON container without its scalars: the text between them, and
 * what each of them is called. A payload that has a known shape is read by comparing that text and
 * reading the scalars; what is valid, unambiguous and where leaves stand is known already.
 *
 * A shape says nothing that reading the text anew would not say: it fits byte by byte or not at
 * all. Shapes are few, the ones not used any more make room, and each is small. */

#include "protocol/json.h"

enum {
    TW_SHAPE_LEAVES = 64,
    TW_SHAPE_TEXT = 4096, /* longest payload that has a shape */
    TW_SHAPE_BYTES = 2048 /* of what stands between the scalars, and of all names */
};

struct tw_shape_leaf {
    uint16_t before;  /* bytes between the scalar before and this one */
    uint16_t at, len; /* its JSON Pointer, among the bytes */
};

struct tw_shape {
    unsigned n_leaves, behind; /* 1 at least; `behind`: bytes after the last one */
    uint64_t secrets; /* by its name, or that of an object around it: a bit for each leaf */
    struct tw_shape_leaf leaves[TW_SHAPE_LEAVES];
    char bytes[TW_SHAPE_BYTES]; /* all that stands between, in order; 8 more may be read; the names
                                 */
};

struct tw_shapes;

/* NULL when memory is short. */
struct tw_shapes *tw_shapes_new(void);
void tw_shapes_free(struct tw_shapes *s);

/* The shape of `text`, and its scalars in `out` (TW_SHAPE_LEAVES of them); NULL when it is not
 * known: read it as if there were no shapes. `topic` only helps to find it. */
const struct tw_shape *tw_shapes_read(
    struct tw_shapes *s, struct tw_str topic, struct tw_str text, struct tw_json_token *out);

/* Such a text was read and is an ordinary object or array: when it comes again, its shape is kept.
 */
void tw_shapes_learn(struct tw_shapes *s, struct tw_str topic, struct tw_str text);

static inline struct tw_str tw_shape_name(const struct tw_shape *s, unsigned leaf)
{
    return (struct tw_str){s->bytes + s->leaves[leaf].at, s->leaves[leaf].len};
}
