#include "event/sparkplug.h"

#include "base/cursor.h"
#include "base/limits.h"
#include "base/timefmt.h"

const char *tw_sparkplug_kind_name(enum tw_sparkplug_kind kind)
{
    static const char *const names[] = {NULL, "NBIRTH", "NDEATH", "NDATA", "NCMD", "DBIRTH",
        "DDEATH", "DDATA", "DCMD", "STATE", NULL};
    return (size_t)kind < sizeof(names) / sizeof(names[0]) ? names[kind] : NULL;
}

const char *tw_sparkplug_type_name(uint32_t type)
{
    static const char *const names[] = {
#define TW_SPARKPLUG_TYPE_TEXT(name, number, text) [number] = text,
        TW_SPARKPLUG_TYPE_TABLE(TW_SPARKPLUG_TYPE_TEXT)
#undef TW_SPARKPLUG_TYPE_TEXT
    };
    return type < sizeof(names) / sizeof(names[0]) ? names[type] : NULL;
}

bool tw_sparkplug_time(uint64_t ms, int64_t *out_ns)
{
    static const uint64_t latest = UINT64_C(253402300799999);
    if (ms > latest || ms > (uint64_t)(INT64_MAX / TW_NS_PER_MS))
        return false;
    *out_ns = (int64_t)ms * TW_NS_PER_MS;
    return true;
}

/* Bits of an integer type; 0 for any other. */
static unsigned bits_of(uint32_t type)
{
    if (type < TW_SPARKPLUG_INT8 || type > TW_SPARKPLUG_UINT64)
        return 0;
    return 8u << ((type - TW_SPARKPLUG_INT8) & 3);
}

static bool is_signed(uint32_t type)
{
    return type <= TW_SPARKPLUG_INT64;
}

static struct tw_value number(uint32_t type, uint64_t u)
{
    const unsigned unused = 64 - bits_of(type);
    if (!is_signed(type))
        return (struct tw_value){.kind = TW_VALUE_UINT, .u = u << unused >> unused};
    return (struct tw_value){.kind = TW_VALUE_INT, .i = (int64_t)(u << unused) >> unused};
}

/* A negative number comes cut to its width, or extended to 32 or 64 bits: stacks differ. */
static bool integer(uint32_t type, uint64_t u, struct tw_value *out)
{
    const unsigned unused = 64 - bits_of(type);
    *out = number(type, u);
    return u << unused >> unused == u ||
           (out->kind == TW_VALUE_INT && ((uint64_t)out->i == u || (uint32_t)out->i == u));
}

/* A time that has no text is none. */
static bool time_text(uint64_t ms, struct tw_arena *arena, struct tw_value *out)
{
    char text[TW_TIME_TEXT];
    int64_t ns;
    if (!tw_sparkplug_time(ms, &ns))
        return false;
    *out = (struct tw_value){.kind = TW_VALUE_STRING};
    out->s = tw_arena_str(arena, (struct tw_str){text, tw_time_text(text, ns, false)});
    if (out->s.p == NULL)
        *out = (struct tw_value){.kind = TW_VALUE_NULL, .truncated = true};
    return true;
}

static double float_of(uint32_t bits)
{
    float f;
    memcpy(&f, &bits, sizeof(f));
    return (double)f;
}

static double double_of(uint64_t bits)
{
    double d;
    memcpy(&d, &bits, sizeof(d));
    return d;
}

/* The datatype of an array's elements. */
static uint32_t element_of(uint32_t type)
{
    static const uint8_t more[] = {TW_SPARKPLUG_FLOAT, TW_SPARKPLUG_DOUBLE, TW_SPARKPLUG_BOOLEAN,
        TW_SPARKPLUG_STRING, TW_SPARKPLUG_DATETIME};
    return type <= TW_SPARKPLUG_UINT64_ARRAY ? type - TW_SPARKPLUG_INT8_ARRAY + TW_SPARKPLUG_INT8
                                             : more[type - TW_SPARKPLUG_FLOAT_ARRAY];
}

static size_t size_of(uint32_t element)
{
    if (element == TW_SPARKPLUG_FLOAT)
        return 4;
    return bits_of(element) > 0 ? bits_of(element) / 8 : 8;
}

static bool read_element(struct tw_cur *c, size_t size, uint64_t *out)
{
    uint8_t byte;
    if (c->left < size)
        return false;
    *out = 0;
    for (size_t i = 0; i < size && tw_cur_u8(c, &byte); i++)
        *out |= (uint64_t)byte << 8 * i;
    return true;
}

static bool element(uint32_t type, uint64_t bits, struct tw_arena *arena, struct tw_value *out)
{
    if (type == TW_SPARKPLUG_DATETIME)
        return time_text(bits, arena, out);
    if (type == TW_SPARKPLUG_FLOAT)
        *out = (struct tw_value){.kind = TW_VALUE_FLOAT, .d = float_of((uint32_t)bits)};
    else if (type == TW_SPARKPLUG_DOUBLE)
        *out = (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = double_of(bits)};
    else
        *out = number(type, bits);
    return true;
}

/* Room for those of `n` elements that are shown. */
static struct tw_value *room_for(struct tw_arena *arena, size_t n, struct tw_value *out)
{
    const uint32_t shown = n < TW_MAX_EVENT_ITEMS ? (uint32_t)n : TW_MAX_EVENT_ITEMS;
    struct tw_value *items = shown == 0 ? NULL : tw_arena_alloc(arena, shown * sizeof(*items));
    out->kind = TW_VALUE_ARRAY;
    out->n = items == NULL ? 0 : shown;
    out->items = items;
    out->truncated |= n > out->n;
    return items;
}

/* Elements of one size, least significant byte first [SPB 6.4.17]. */
static bool fixed_array(
    uint32_t type, const struct tw_value *wire, struct tw_arena *arena, struct tw_value *out)
{
    struct tw_cur c = tw_cur_str(wire->s);
    const size_t size = size_of(type);
    uint64_t bits;
    if (c.left % size != 0 && !wire->truncated)
        return false;
    struct tw_value *items = room_for(arena, c.left / size, out);
    for (uint32_t i = 0; i < out->n && read_element(&c, size, &bits); i++)
        if (!element(type, bits, arena, &items[i]))
            return false;
    return true;
}

/* How many there are, in 4 bytes, then a bit for each, the first one the most significant. */
static bool boolean_array(const struct tw_value *wire, struct tw_arena *arena, struct tw_value *out)
{
    struct tw_cur c = tw_cur_str(wire->s);
    uint32_t n;
    uint8_t byte = 0;
    if (!tw_cur_u32le(&c, &n))
        return false;
    const size_t needed = ((size_t)n + 7) / 8;
    if (needed != c.left && !(wire->truncated && needed > c.left))
        return false;
    struct tw_value *items = room_for(arena, n, out);
    for (uint32_t i = 0; i < out->n; i++) {
        if (i % 8 == 0 && !tw_cur_u8(&c, &byte))
            return false;
        items[i] = (struct tw_value){.kind = TW_VALUE_BOOL, .b = (byte >> (7 - i % 8) & 1) != 0};
    }
    return true;
}

static bool next_string(struct tw_str *rest, struct tw_str *out)
{
    const char *end = rest->len == 0 ? NULL : memchr(rest->p, '\0', rest->len);
    if (end == NULL)
        return false;
    *out = (struct tw_str){rest->p, (size_t)(end - rest->p)};
    rest->len -= out->len + 1;
    rest->p = end + 1;
    return true;
}

static bool string_array(const struct tw_value *wire, struct tw_arena *arena, struct tw_value *out)
{
    struct tw_str rest = wire->s, s;
    size_t n = 0;
    while (next_string(&rest, &s))
        n++;
    if (rest.len > 0 && !wire->truncated)
        return false;
    struct tw_value *items = room_for(arena, n, out);
    rest = wire->s;
    for (uint32_t i = 0; i < out->n && next_string(&rest, &s); i++)
        items[i] = (struct tw_value){.kind = TW_VALUE_STRING, .s = s};
    return true;
}

static bool array(
    uint32_t type, const struct tw_value *wire, struct tw_arena *arena, struct tw_value *out)
{
    if (wire->kind != TW_VALUE_BYTES)
        return false;
    *out = (struct tw_value){.kind = TW_VALUE_ARRAY, .truncated = wire->truncated};
    if (type == TW_SPARKPLUG_BOOLEAN_ARRAY)
        return boolean_array(wire, arena, out);
    if (type == TW_SPARKPLUG_STRING_ARRAY)
        return string_array(wire, arena, out);
    return fixed_array(element_of(type), wire, arena, out);
}

static enum tw_value_kind kind_of(uint32_t type)
{
    switch (type) {
    case TW_SPARKPLUG_FLOAT:
        return TW_VALUE_FLOAT;
    case TW_SPARKPLUG_DOUBLE:
        return TW_VALUE_DOUBLE;
    case TW_SPARKPLUG_BOOLEAN:
        return TW_VALUE_BOOL;
    case TW_SPARKPLUG_STRING:
    case TW_SPARKPLUG_TEXT:
    case TW_SPARKPLUG_UUID:
        return TW_VALUE_STRING;
    case TW_SPARKPLUG_BYTES:
    case TW_SPARKPLUG_FILE:
        return TW_VALUE_BYTES;
    case TW_SPARKPLUG_PROPERTYSETLIST:
        return TW_VALUE_ARRAY;
    default:
        return TW_VALUE_OBJECT;
    }
}

bool tw_sparkplug_value(
    uint32_t type, const struct tw_value *wire, struct tw_arena *arena, struct tw_value *out)
{
    struct tw_value v = *wire;
    bool ok;
    if (tw_sparkplug_type_name(type) == NULL)
        return false;
    if (wire->kind == TW_VALUE_NULL)
        ok = true;
    else if (type >= TW_SPARKPLUG_INT8_ARRAY)
        ok = array(type, wire, arena, &v);
    else if (bits_of(type) > 0)
        ok = wire->kind == TW_VALUE_UINT && integer(type, wire->u, &v);
    else if (type == TW_SPARKPLUG_DATETIME)
        ok = wire->kind == TW_VALUE_UINT && time_text(wire->u, arena, &v);
    else
        ok = wire->kind == kind_of(type);
    if (!ok)
        return false;
    v.name = wire->name;
    *out = v;
    return true;
}
