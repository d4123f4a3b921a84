#include "protocol/opcua/value.h"

#include "base/limits.h"

enum {
    ARRAY_FLAG = 0x80,
    DIMENSIONS_FLAG = 0x40,
    /* Servers nest two or three levels; this many is an attempt at a parser's stack. */
    SUSPICIOUS_DEPTH = 32,
};

typedef bool (*read_fn)(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out);

static void note(struct tw_opcua_scratch *s, enum tw_opcua_anomaly anomaly)
{
    s->anomalies |= TW_OPCUA_BIT(anomaly);
}

bool tw_opcua_enter(struct tw_opcua_scratch *s)
{
    if (++s->depth > SUSPICIOUS_DEPTH)
        note(s, TW_OPCUA_NESTING_LIMIT);
    return s->depth <= TW_OPCUA_MAX_DEPTH;
}

bool tw_opcua_leave(struct tw_opcua_scratch *s, bool ok)
{
    s->depth--;
    return ok;
}

static size_t spend(struct tw_opcua_scratch *s, size_t want)
{
    size_t most = s->budget < TW_MAX_EVENT_STRING ? s->budget : TW_MAX_EVENT_STRING;
    size_t n = want < most ? want : most;
    if (n < want)
        s->truncated = true;
    s->budget -= n;
    return n;
}

struct tw_str tw_opcua_clip(struct tw_opcua_scratch *s, struct tw_str text)
{
    if (text.p != NULL)
        text.len = spend(s, text.len);
    return text;
}

struct tw_str tw_opcua_clip_text(struct tw_opcua_scratch *s, struct tw_str text)
{
    if (text.p == NULL)
        return text;
    if (!tw_utf8_valid(text))
        note(s, TW_OPCUA_BAD_UTF8);
    return tw_utf8_cut(text, spend(s, text.len));
}

static void set_text(struct tw_opcua_scratch *s, struct tw_value *out, struct tw_str text)
{
    size_t sent = text.len;
    *out = (struct tw_value){.kind = text.p == NULL ? TW_VALUE_NULL : TW_VALUE_STRING};
    if (text.p == NULL)
        return;
    out->s = tw_opcua_clip_text(s, text);
    out->truncated = out->s.len < sent;
}

static void set_bytes(struct tw_opcua_scratch *s, struct tw_value *out, struct tw_str bytes)
{
    size_t sent = bytes.len;
    *out = (struct tw_value){.kind = bytes.p == NULL ? TW_VALUE_NULL : TW_VALUE_BYTES};
    if (bytes.p == NULL)
        return;
    out->s = tw_opcua_clip(s, bytes);
    out->truncated = out->s.len < sent;
}

/* Text that was made in the arena. */
static void set_made(struct tw_opcua_scratch *s, struct tw_value *out, struct tw_str text)
{
    if (text.p == NULL)
        s->truncated = true;
    set_text(s, out, text);
}

void tw_opcua_made(struct tw_opcua_scratch *s, struct tw_str text, struct tw_value *out)
{
    set_made(s, out, text);
}

static bool read_boolean(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)
{
    uint8_t v;
    (void)s;
    if (!tw_cur_u8(c, &v))
        return false;
    if (out != NULL)
        *out = (struct tw_value){.kind = TW_VALUE_BOOL, .b = v != 0};
    return true;
}

static void set_int(struct tw_value *out, int64_t v)
{
    if (out != NULL)
        *out = (struct tw_value){.kind = TW_VALUE_INT, .i = v};
}

static void set_uint(struct tw_value *out, uint64_t v)
{
    if (out != NULL)
        *out = (struct tw_value){.kind = TW_VALUE_UINT, .u = v};
}

#define READ_INTEGER(name, raw, cursor, set, as)                                                   \
    static bool name(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)           \
    {                                                                                              \
        raw v;                                                                                     \
        (void)s;                                                                                   \
        if (!cursor(c, &v))                                                                        \
            return false;                                                                          \
        set(out, (as)v);                                                                           \
        return true;                                                                               \
    }
READ_INTEGER(read_sbyte, uint8_t, tw_cur_u8, set_int, int8_t)
READ_INTEGER(read_byte, uint8_t, tw_cur_u8, set_uint, uint8_t)
READ_INTEGER(read_int16, uint16_t, tw_cur_u16le, set_int, int16_t)
READ_INTEGER(read_uint16, uint16_t, tw_cur_u16le, set_uint, uint16_t)
READ_INTEGER(read_int32, uint32_t, tw_cur_u32le, set_int, int32_t)
READ_INTEGER(read_uint32, uint32_t, tw_cur_u32le, set_uint, uint32_t)
READ_INTEGER(read_int64, uint64_t, tw_cur_u64le, set_int, int64_t)
READ_INTEGER(read_uint64, uint64_t, tw_cur_u64le, set_uint, uint64_t)

static bool read_float(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)
{
    uint32_t bits;
    float v;
    (void)s;
    if (!tw_cur_u32le(c, &bits))
        return false;
    memcpy(&v, &bits, sizeof(v));
    if (out != NULL)
        *out = (struct tw_value){.kind = TW_VALUE_FLOAT, .d = (double)v};
    return true;
}

static bool read_double(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)
{
    uint64_t bits;
    double v;
    (void)s;
    if (!tw_cur_u64le(c, &bits))
        return false;
    memcpy(&v, &bits, sizeof(v));
    if (out != NULL)
        *out = (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = v};
    return true;
}

static bool read_string(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)
{
    struct tw_str text;
    if (!tw_opcua_string(c, &text))
        return false;
    if (out != NULL)
        set_text(s, out, text);
    else if (!tw_utf8_valid(text))
        note(s, TW_OPCUA_BAD_UTF8);
    return true;
}

static bool read_datetime(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)
{
    uint64_t ticks;
    if (!tw_cur_u64le(c, &ticks))
        return false;
    if (out != NULL) {
        char text[TW_OPCUA_TIME_TEXT];
        size_t len = tw_opcua_time_text(text, (int64_t)ticks);
        set_made(s, out, tw_arena_str(s->arena, (struct tw_str){text, len}));
    }
    return true;
}

static bool read_guid(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)
{
    struct tw_str wire;
    if (!tw_cur_bytes(c, 16, &wire))
        return false;
    if (out != NULL) {
        char text[TW_OPCUA_GUID_TEXT];
        tw_opcua_guid_text(wire, text);
        set_made(s, out, tw_arena_str(s->arena, (struct tw_str){text, sizeof(text)}));
    }
    return true;
}

static bool read_bytestring(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)
{
    struct tw_str bytes;
    if (!tw_opcua_string(c, &bytes))
        return false;
    if (out != NULL)
        set_bytes(s, out, bytes);
    return true;
}

static bool read_node(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)
{
    struct tw_opcua_node node;
    if (!tw_opcua_node(c, &node))
        return false;
    if (out != NULL)
        set_made(s, out, tw_opcua_node_text(s->arena, &node));
    return true;
}

static bool read_expanded_node(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)
{
    struct tw_opcua_node node;
    if (!tw_opcua_expanded_node(c, &node))
        return false;
    if (out != NULL)
        set_made(s, out, tw_opcua_node_text(s->arena, &node));
    return true;
}

static bool read_status(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)
{
    uint32_t code;
    if (!tw_cur_u32le(c, &code))
        return false;
    if (out != NULL) {
        char text[TW_OPCUA_STATUS_TEXT];
        set_made(s, out, tw_arena_str(s->arena, tw_opcua_status_text(code, text)));
    }
    return true;
}

static bool read_name(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)
{
    struct tw_opcua_name name;
    if (!tw_opcua_qualified_name(c, &name))
        return false;
    if (out != NULL)
        set_text(s, out, tw_opcua_name_text(s->arena, &name));
    return true;
}

static bool read_text(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)
{
    struct tw_str text;
    if (!tw_opcua_localized_text(c, NULL, &text))
        return false;
    if (out != NULL)
        set_text(s, out, text);
    return true;
}

static bool read_extension(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)
{
    struct tw_opcua_extension e;
    if (!tw_opcua_extension(c, &e))
        return false;
    if (out == NULL)
        return true;
    tw_opcua_show_extension(s, &e, out);
    return true;
}

static bool read_data_value(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)
{
    struct tw_opcua_data_value v;
    if (!tw_opcua_enter(s))
        return tw_opcua_leave(s, false);
    if (!tw_opcua_leave(s, tw_opcua_data_value(s, c, out == NULL ? NULL : &v)))
        return false;
    if (out != NULL)
        *out = v.has_value ? v.v.value : (struct tw_value){.kind = TW_VALUE_NULL};
    return true;
}

static bool read_variant(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)
{
    struct tw_opcua_typed v;
    if (!tw_opcua_variant(s, c, out == NULL ? NULL : &v))
        return false;
    if (out != NULL)
        *out = v.value;
    return true;
}

/* [UA6 5.2.2.12]: the locale stands before the text, against the order of their bits. The first
 * four are places in a table of strings that the message's header holds. */
static const struct diagnostic_part {
    const char *name;
    uint8_t bit, type;
} diagnostic_parts[] = {
    {"symbolic_id", 0x01, TW_UA_INT32},
    {"namespace_uri", 0x02, TW_UA_INT32},
    {"locale", 0x08, TW_UA_INT32},
    {"localized_text", 0x04, TW_UA_INT32},
    {"additional_info", 0x10, TW_UA_STRING},
    {"inner_status", 0x20, TW_UA_STATUSCODE},
    {"inner", 0x40, TW_UA_DIAGNOSTICINFO},
};

enum { DIAGNOSTIC_PARTS = sizeof(diagnostic_parts) / sizeof(diagnostic_parts[0]) };

/* The string that a DiagnosticInfo means by its place; null when there is no such. The way to it is
 * paid for, since a message may ask for the last of many as often as it likes. */
static void table_string(struct tw_opcua_scratch *s, uint32_t place, struct tw_value *out)
{
    enum { LEAST = 4 };
    struct tw_cur c = s->strings;
    struct tw_str text = TW_STR_NONE;
    const size_t way = (size_t)place * LEAST;
    uint32_t n;
    bool exists = tw_opcua_count(&c, LEAST, &n) && place < n;
    if (exists && way <= s->budget) {
        s->budget -= way;
        for (uint32_t i = 0; i <= place; i++)
            if (!tw_opcua_string(&c, &text))
                text = TW_STR_NONE;
    } else if (exists) {
        s->truncated = true;
    }
    set_text(s, out, text);
}

static bool diagnostic_part(struct tw_opcua_scratch *s, struct tw_cur *c,
    const struct diagnostic_part *part, struct tw_value *out)
{
    uint32_t place;
    if (part->type != TW_UA_INT32)
        return tw_opcua_value(s, c, part->type, out);
    if (!tw_cur_u32le(c, &place))
        return false;
    if (out != NULL)
        table_string(s, place, out);
    return true;
}

static bool diagnostic_body(
    struct tw_opcua_scratch *s, struct tw_cur *c, uint8_t mask, struct tw_value *items)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < DIAGNOSTIC_PARTS; i++) {
        const struct diagnostic_part *part = &diagnostic_parts[i];
        if (!(mask & part->bit))
            continue;
        if (!diagnostic_part(s, c, part, items == NULL ? NULL : &items[n]))
            return false;
        if (items != NULL)
            items[n].name = tw_str_of(part->name);
        n++;
    }
    return true;
}

static bool read_diagnostic(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)
{
    uint8_t mask;
    uint32_t n = 0, shown = 0;
    struct tw_value *items = NULL;
    if (!tw_cur_u8(c, &mask) || (mask & 0x80))
        return false;
    for (unsigned i = 0; i < DIAGNOSTIC_PARTS; i++)
        n += (mask & diagnostic_parts[i].bit) != 0;
    if (out != NULL && n > 0)
        items = tw_opcua_elements(s, n, &shown);
    if (shown < n)
        items = NULL;
    if (!tw_opcua_enter(s))
        return tw_opcua_leave(s, false);
    if (!tw_opcua_leave(s, diagnostic_body(s, c, mask, items)))
        return false;
    if (out != NULL)
        *out = items == NULL ? (struct tw_value){.kind = TW_VALUE_NULL}
                             : (struct tw_value){.kind = TW_VALUE_OBJECT, .n = n, .items = items};
    return true;
}

static const struct reader {
    read_fn read;
    uint8_t min_size;
    bool fixed; /* every value takes min_size bytes */
} readers[TW_UA_TYPES] = {
    [TW_UA_BOOLEAN] = {read_boolean, 1, true},
    [TW_UA_SBYTE] = {read_sbyte, 1, true},
    [TW_UA_BYTE] = {read_byte, 1, true},
    [TW_UA_INT16] = {read_int16, 2, true},
    [TW_UA_UINT16] = {read_uint16, 2, true},
    [TW_UA_INT32] = {read_int32, 4, true},
    [TW_UA_UINT32] = {read_uint32, 4, true},
    [TW_UA_INT64] = {read_int64, 8, true},
    [TW_UA_UINT64] = {read_uint64, 8, true},
    [TW_UA_FLOAT] = {read_float, 4, true},
    [TW_UA_DOUBLE] = {read_double, 8, true},
    [TW_UA_STRING] = {read_string, 4, false},
    [TW_UA_DATETIME] = {read_datetime, 8, true},
    [TW_UA_GUID] = {read_guid, 16, true},
    [TW_UA_BYTESTRING] = {read_bytestring, 4, false},
    [TW_UA_XMLELEMENT] = {read_string, 4, false},
    [TW_UA_NODEID] = {read_node, 2, false},
    [TW_UA_EXPANDEDNODEID] = {read_expanded_node, 2, false},
    [TW_UA_STATUSCODE] = {read_status, 4, true},
    [TW_UA_QUALIFIEDNAME] = {read_name, 6, false},
    [TW_UA_LOCALIZEDTEXT] = {read_text, 1, false},
    [TW_UA_EXTENSIONOBJECT] = {read_extension, 3, false},
    [TW_UA_DATAVALUE] = {read_data_value, 1, false},
    [TW_UA_VARIANT] = {read_variant, 1, false},
    [TW_UA_DIAGNOSTICINFO] = {read_diagnostic, 1, false},
};

static const struct reader *reader_of(unsigned type)
{
    return &readers[type < TW_UA_TYPES ? type : TW_UA_BYTESTRING];
}

size_t tw_opcua_fixed_size(unsigned type)
{
    return reader_of(type)->fixed ? reader_of(type)->min_size : 0;
}

size_t tw_opcua_min_size(unsigned type)
{
    size_t size = reader_of(type)->min_size;
    return size == 0 ? 1 : size;
}

bool tw_opcua_value(
    struct tw_opcua_scratch *s, struct tw_cur *c, unsigned type, struct tw_value *out)
{
    const struct reader *r = reader_of(type);
    return r->read != NULL && r->read(s, c, out);
}

bool tw_opcua_skip(struct tw_opcua_scratch *s, struct tw_cur *c, unsigned type)
{
    return tw_opcua_value(s, c, type, NULL);
}

static bool skip_rest(
    struct tw_opcua_scratch *s, struct tw_cur *c, const struct reader *r, uint32_t n)
{
    if (r->fixed)
        return tw_cur_skip(c, (size_t)n * r->min_size);
    for (; n > 0; n--)
        if (!r->read(s, c, NULL))
            return false;
    return true;
}

/* Room for the elements that are shown; how many in `*shown`. */
struct tw_value *tw_opcua_elements(struct tw_opcua_scratch *s, uint32_t n, uint32_t *shown)
{
    size_t most = s->budget / sizeof(struct tw_value);
    if (most > TW_MAX_EVENT_ITEMS)
        most = TW_MAX_EVENT_ITEMS;
    if (s->depth > TW_MAX_EVENT_DEPTH)
        most = 0;
    *shown = n < most ? n : (uint32_t)most;
    struct tw_value *items = NULL;
    if (*shown > 0)
        items = tw_arena_alloc(s->arena, *shown * sizeof(*items));
    if (items == NULL)
        *shown = 0;
    if (*shown < n)
        s->truncated = true;
    s->budget -= *shown * sizeof(*items);
    return items;
}

/* `n` values of a type, of which the event shows the first. */
static bool read_elements(
    struct tw_opcua_scratch *s, struct tw_cur *c, unsigned type, uint32_t n, struct tw_value *out)
{
    const struct reader *r = reader_of(type);
    uint32_t shown = 0;
    struct tw_value *items = NULL;
    if (r->read == NULL)
        return false;
    if (out != NULL)
        items = tw_opcua_elements(s, n, &shown);
    for (uint32_t i = 0; i < shown; i++)
        if (!r->read(s, c, &items[i]))
            return false;
    if (!skip_rest(s, c, r, n - shown))
        return false;
    if (out != NULL)
        *out = (struct tw_value){
            .kind = TW_VALUE_ARRAY, .n = shown, .items = items, .truncated = shown < n};
    return true;
}

bool tw_opcua_array(
    struct tw_opcua_scratch *s, struct tw_cur *c, unsigned type, uint32_t *n, struct tw_value *out)
{
    uint32_t sent;
    struct tw_cur at = tw_cur_here(c);
    if (!tw_cur_u32le(&at, &sent) || !tw_opcua_count(c, tw_opcua_min_size(type), n))
        return false;
    if (!read_elements(s, c, type, *n, out))
        return false;
    if (out != NULL && sent == UINT32_MAX)
        *out = (struct tw_value){.kind = TW_VALUE_NULL};
    return true;
}

/* The dimensions follow the elements and multiply to their number [UA6 5.2.2.16]. Servers get that
 * wrong; a zero, or a product that no int holds, is what decoders are attacked with. */
static bool read_dimensions(
    struct tw_opcua_scratch *s, struct tw_cur *c, uint32_t n, struct tw_opcua_typed *out)
{
    uint32_t rank;
    uint64_t product = 1;
    struct tw_cur at = tw_cur_here(c);
    if (!tw_opcua_count(c, 4, &rank))
        return false;
    for (uint32_t i = 0; i < rank; i++) {
        uint32_t d;
        if (!tw_cur_u32le(c, &d))
            return false;
        product = d == 0 ? 0 : product > UINT32_MAX / d ? UINT32_MAX : product * d;
    }
    if ((product == 0 && n > 0) || product > INT32_MAX)
        note(s, TW_OPCUA_BAD_DIMENSIONS);
    if (out == NULL || rank < 2)
        return true;
    struct tw_value *dimensions = tw_arena_alloc(s->arena, sizeof(*dimensions));
    out->dimensions = dimensions;
    return dimensions == NULL || tw_opcua_array(s, &at, TW_UA_INT32, &rank, dimensions);
}

static bool variant_body(
    struct tw_opcua_scratch *s, struct tw_cur *c, uint8_t head, struct tw_opcua_typed *out)
{
    unsigned type = head & 0x3f;
    struct tw_value *value = out == NULL ? NULL : &out->value;
    uint32_t n = 0;
    if (type > 31)
        return false;
    if (!(head & ARRAY_FLAG)) {
        if (head & DIMENSIONS_FLAG)
            note(s, TW_OPCUA_BAD_DIMENSIONS);
        return tw_opcua_value(s, c, type, value);
    }
    if (!tw_opcua_array(s, c, type, &n, value))
        return false;
    return !(head & DIMENSIONS_FLAG) || read_dimensions(s, c, n, out);
}

bool tw_opcua_variant(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_opcua_typed *out)
{
    uint8_t head;
    if (!tw_cur_u8(c, &head))
        return false;
    if (head == 0) {
        if (out != NULL)
            *out = (struct tw_opcua_typed){.value = {.kind = TW_VALUE_NULL}};
        return true;
    }
    if (out != NULL)
        out->dimensions = NULL;
    if (!tw_opcua_enter(s))
        return tw_opcua_leave(s, false);
    if (!tw_opcua_leave(s, variant_body(s, c, head, out)))
        return false;
    if (out != NULL)
        out->type = tw_opcua_type_name(head & 0x3f, (head & ARRAY_FLAG) != 0);
    return true;
}

bool tw_opcua_variants(struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_value *out)
{
    uint32_t n;
    if (!tw_opcua_count(c, 1, &n))
        return false;
    return read_elements(s, c, TW_UA_VARIANT, n, out);
}

static bool read_times(struct tw_cur *c, uint8_t mask, int64_t *source, int64_t *server)
{
    uint64_t ticks;
    if (mask & TW_OPCUA_HAS_SOURCE) {
        if (!tw_cur_u64le(c, &ticks))
            return false;
        *source = tw_opcua_time_ns((int64_t)ticks);
    }
    if ((mask & TW_OPCUA_SOURCE_PS) && !tw_cur_skip(c, 2))
        return false;
    if (mask & TW_OPCUA_HAS_SERVER) {
        if (!tw_cur_u64le(c, &ticks))
            return false;
        *server = tw_opcua_time_ns((int64_t)ticks);
    }
    return !(mask & TW_OPCUA_SERVER_PS) || tw_cur_skip(c, 2);
}

bool tw_opcua_data_value(
    struct tw_opcua_scratch *s, struct tw_cur *c, struct tw_opcua_data_value *out)
{
    struct tw_opcua_data_value passed, *v = out == NULL ? &passed : out;
    uint8_t mask;
    if (!tw_cur_u8(c, &mask) || (mask & 0xc0))
        return false;
    *v = (struct tw_opcua_data_value){
        .has_value = (mask & TW_OPCUA_HAS_VALUE) != 0, .v.value.kind = TW_VALUE_NULL};
    if (v->has_value && !tw_opcua_variant(s, c, out == NULL ? NULL : &v->v))
        return false;
    return (!(mask & TW_OPCUA_HAS_STATUS) || tw_cur_u32le(c, &v->status)) &&
           read_times(c, mask, &v->source_ts_ns, &v->server_ts_ns);
}
