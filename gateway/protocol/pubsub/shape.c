#include "protocol/pubsub/shape.h"

#include "base/limits.h"
#include "protocol/opcua/value.h"

enum {
    BUDGET = 4096,   /* descriptions looked at for one metadata message */
    MAX_DEPTH = 8,   /* structures in structures */
    LARGEST = 65535, /* a DataSetMessage is not larger */
    LENGTH = 4,      /* in front of a string or an array */
    MASK = 4,        /* of optional fields; of a union */
};

static bool skip(struct tw_cur *c, unsigned type)
{
    struct tw_opcua_scratch s = {0};
    return tw_opcua_skip(&s, c, type);
}

/* StructureField [UA3 8.51] */
struct field {
    struct tw_opcua_node type;
    uint32_t rank, n_dimensions, max_length;
    struct tw_cur dimensions;
};

static bool read_field(struct tw_cur *c, struct field *out)
{
    return skip(c, TW_UA_STRING) && skip(c, TW_UA_LOCALIZEDTEXT) && tw_opcua_node(c, &out->type) &&
           tw_cur_u32le(c, &out->rank) && tw_opcua_count(c, 4, &out->n_dimensions) &&
           tw_cur_sub(c, (size_t)4 * out->n_dimensions, &out->dimensions) &&
           tw_cur_u32le(c, &out->max_length) && skip(c, TW_UA_BOOLEAN);
}

/* StructureDescription up to its fields. */
struct structure {
    struct tw_opcua_node type;
    uint32_t kind, n_fields;
};

static bool read_structure(struct tw_cur *c, struct structure *out)
{
    return tw_opcua_node(c, &out->type) && skip(c, TW_UA_QUALIFIEDNAME) && skip(c, TW_UA_NODEID) &&
           skip(c, TW_UA_NODEID) && tw_cur_u32le(c, &out->kind) &&
           tw_opcua_count(c, 20, &out->n_fields);
}

static bool skip_structure(struct tw_cur *c)
{
    struct structure s;
    struct field f;
    if (!read_structure(c, &s))
        return false;
    for (; s.n_fields > 0; s.n_fields--)
        if (!read_field(c, &f))
            return false;
    return true;
}

/* EnumField [UA3 8.52] */
static bool skip_enum_field(struct tw_cur *c)
{
    return skip(c, TW_UA_INT64) && skip(c, TW_UA_LOCALIZEDTEXT) && skip(c, TW_UA_LOCALIZEDTEXT) &&
           skip(c, TW_UA_STRING);
}

static bool read_enumeration(struct tw_cur *c, struct tw_opcua_node *type, uint8_t *builtin)
{
    uint32_t n;
    if (!tw_opcua_node(c, type) || !skip(c, TW_UA_QUALIFIEDNAME) || !tw_opcua_count(c, 14, &n))
        return false;
    for (; n > 0; n--)
        if (!skip_enum_field(c))
            return false;
    return tw_cur_u8(c, builtin);
}

static bool read_simple(struct tw_cur *c, struct tw_opcua_node *type, uint8_t *builtin)
{
    return tw_opcua_node(c, type) && skip(c, TW_UA_QUALIFIEDNAME) && skip(c, TW_UA_NODEID) &&
           tw_cur_u8(c, builtin);
}

static bool skip_enumeration(struct tw_cur *c)
{
    struct tw_opcua_node type;
    uint8_t builtin;
    return read_enumeration(c, &type, &builtin);
}

static bool skip_simple(struct tw_cur *c)
{
    struct tw_opcua_node type;
    uint8_t builtin;
    return read_simple(c, &type, &builtin);
}

/* A list and its count become `out`. */
static bool take_list(
    struct tw_cur *c, size_t min_size, bool (*skip_one)(struct tw_cur *c), struct tw_cur *out)
{
    const struct tw_cur from = tw_cur_here(c);
    uint32_t n;
    if (!tw_opcua_count(c, min_size, &n))
        return false;
    for (; n > 0; n--)
        if (!skip_one(c))
            return false;
    *out = (struct tw_cur){from.p, from.left - c->left};
    return true;
}

bool tw_uadp_types(struct tw_cur *c, struct tw_uadp_types *out)
{
    out->budget = BUDGET;
    return take_list(c, 16, skip_structure, &out->structures) &&
           take_list(c, 13, skip_enumeration, &out->enumerations) &&
           take_list(c, 11, skip_simple, &out->simple);
}

static bool is_same(const struct tw_opcua_node *a, const struct tw_opcua_node *b)
{
    return a->kind == b->kind && a->ns == b->ns && a->id == b->id && tw_str_eq(a->text, b->text);
}

/* Types of the standard that are a built-in one by another name. */
static unsigned known_builtin(const struct tw_opcua_node *type)
{
    enum { DURATION = 290, UTC_TIME = 294 };
    if (type->kind != 'i' || type->ns != 0)
        return 0;
    if (type->id == DURATION)
        return TW_UA_DOUBLE;
    if (type->id == UTC_TIME)
        return TW_UA_DATETIME;
    return type->id < TW_UA_TYPES ? (unsigned)type->id : 0;
}

static unsigned find_in(struct tw_uadp_types *types, struct tw_cur list,
    bool (*read)(struct tw_cur *c, struct tw_opcua_node *type, uint8_t *builtin),
    const struct tw_opcua_node *wanted)
{
    struct tw_opcua_node type;
    uint8_t builtin;
    uint32_t n;
    if (!tw_opcua_count(&list, 1, &n))
        return 0;
    for (; n > 0 && types->budget > 0 && read(&list, &type, &builtin); n--, types->budget--)
        if (is_same(&type, wanted))
            return builtin;
    return 0;
}

static unsigned builtin_of(struct tw_uadp_types *types, const struct tw_opcua_node *type)
{
    unsigned found = known_builtin(type);
    if (found == 0)
        found = find_in(types, types->enumerations, read_enumeration, type);
    if (found == 0)
        found = find_in(types, types->simple, read_simple, type);
    return found;
}

static uint32_t structure_size(
    struct tw_uadp_types *types, const struct tw_opcua_node *type, unsigned depth);

static uint64_t element_size(struct tw_uadp_types *types, const struct field *f, unsigned depth)
{
    const unsigned builtin = builtin_of(types, &f->type);
    if (builtin == TW_UA_STRING || builtin == TW_UA_BYTESTRING)
        return f->max_length == 0 ? 0 : (uint64_t)LENGTH + f->max_length;
    if (builtin != 0)
        return tw_opcua_fixed_size(builtin);
    return structure_size(types, &f->type, depth + 1);
}

/* An array has its length, several dimensions have theirs, in front. */
static uint64_t field_size(struct tw_uadp_types *types, const struct field *f, unsigned depth)
{
    uint64_t size = element_size(types, f, depth);
    struct tw_cur dimensions = f->dimensions;
    uint32_t n;
    if (f->rank == UINT32_MAX)
        return size;
    if (f->rank == 0 || f->rank > TW_PUBSUB_DIMENSIONS || f->rank != f->n_dimensions)
        return 0;
    while (tw_cur_u32le(&dimensions, &n))
        size = size > LARGEST || n > LARGEST ? LARGEST + 1 : size * n;
    if (size == 0)
        return 0;
    return size + LENGTH + (f->rank > 1 ? (uint64_t)4 * f->rank : 0);
}

static uint32_t sum_of_fields(
    struct tw_uadp_types *types, struct tw_cur c, const struct structure *s, unsigned depth)
{
    enum { STRUCTURE, OPTIONAL_FIELDS, UNION };
    struct field f;
    uint64_t sum = 0;
    if (s->kind > UNION)
        return 0;
    for (uint32_t i = 0; i < s->n_fields; i++) {
        const uint64_t size = read_field(&c, &f) ? field_size(types, &f, depth) : 0;
        if (size == 0 || size > LARGEST || sum > LARGEST)
            return 0;
        sum = s->kind != UNION ? sum + size : size > sum ? size : sum;
    }
    sum += s->kind == STRUCTURE ? 0 : MASK;
    return sum > LARGEST ? 0 : (uint32_t)sum;
}

static uint32_t structure_size(
    struct tw_uadp_types *types, const struct tw_opcua_node *type, unsigned depth)
{
    struct tw_cur c = types->structures;
    uint32_t n;
    if (depth > MAX_DEPTH || !tw_opcua_count(&c, 1, &n))
        return 0;
    for (; n > 0 && types->budget > 0; n--) {
        struct structure s;
        struct tw_cur next = c;
        types->budget--;
        if (!skip_structure(&next) || !read_structure(&c, &s))
            return 0;
        if (is_same(&s.type, type))
            return sum_of_fields(types, c, &s, depth);
        c = next;
    }
    return 0;
}

uint32_t tw_uadp_structure_size(struct tw_uadp_types *types, const struct tw_opcua_node *type)
{
    return structure_size(types, type, 0);
}
