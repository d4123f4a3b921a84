/* Values that are more than a number or a text: data sets, the head of templates, property sets. */
#include "protocol/sparkplug/payload.h"

#include "base/limits.h"

static struct tw_value text(struct tw_str s)
{
    struct tw_value v = {.kind = TW_VALUE_STRING, .s = tw_utf8_cut(s, TW_MAX_EVENT_STRING)};
    if (v.s.p == NULL)
        v.s = TW_STR("");
    v.truncated = v.s.len < s.len;
    return v;
}

static struct tw_value bytes_value(struct tw_str s)
{
    struct tw_value v = {.kind = TW_VALUE_BYTES, .s = s};
    if (v.s.len > TW_MAX_EVENT_STRING)
        v.s.len = TW_MAX_EVENT_STRING;
    v.truncated = v.s.len < s.len;
    return v;
}

static struct tw_str name_of(struct tw_str s)
{
    const struct tw_str cut = tw_utf8_cut(s, TW_MAX_IDENTITY);
    return cut.p == NULL ? TW_STR("") : cut;
}

/* Room for those of `n` items that are shown. */
static struct tw_value *items_for(
    struct tw_sparkplug_build *b, uint32_t n, enum tw_value_kind kind, struct tw_value *out)
{
    const uint32_t shown = n < TW_MAX_EVENT_ITEMS ? n : TW_MAX_EVENT_ITEMS;
    struct tw_value *items = shown == 0 ? NULL : tw_arena_alloc(b->arena, shown * sizeof(*items));
    *out = (struct tw_value){.kind = kind, .n = items == NULL ? 0 : shown, .items = items};
    for (uint32_t i = 0; i < out->n; i++)
        items[i].kind = TW_VALUE_NULL;
    out->truncated = n > out->n;
    b->truncated |= out->truncated;
    return items;
}

static void give_extension(struct tw_value *out)
{
    *out = (struct tw_value){.kind = TW_VALUE_NULL, .truncated = true};
}

static uint32_t count(struct tw_cur c, uint32_t number)
{
    struct tw_pb_field f;
    uint32_t n = 0;
    while (tw_pb_next(&c, &f))
        n += tw_pb_is(&f, number, TW_PB_BYTES);
    return n;
}

/* --- data sets ------------------------------------------------------------------------------ */

enum { DATASET_COLUMNS = 2, DATASET_TYPES = 3, DATASET_ROWS = 4 };

struct columns {
    uint64_t declared;
    uint32_t n_names, n_types, n_rows;
    uint32_t types[TW_MAX_EVENT_ITEMS];
    bool well_formed;
};

static void add_type(struct columns *to, uint64_t type)
{
    if (to->n_types < TW_MAX_EVENT_ITEMS)
        to->types[to->n_types] = (uint32_t)type;
    to->n_types++;
}

/* Repeated numbers come one by one, or packed. */
static void read_columns(struct tw_cur c, struct columns *to)
{
    struct tw_pb_field f;
    uint64_t type;
    to->declared = 0;
    to->n_names = to->n_types = to->n_rows = 0;
    while (tw_pb_next(&c, &f)) {
        if (tw_pb_is(&f, 1, TW_PB_VARINT))
            to->declared = f.v;
        else if (tw_pb_is(&f, DATASET_COLUMNS, TW_PB_BYTES))
            to->n_names++;
        else if (tw_pb_is(&f, DATASET_TYPES, TW_PB_VARINT))
            add_type(to, f.v);
        else if (tw_pb_is(&f, DATASET_ROWS, TW_PB_BYTES))
            to->n_rows++;
        else if (tw_pb_is(&f, DATASET_TYPES, TW_PB_BYTES))
            while (tw_pb_varint(&f.bytes, &type))
                add_type(to, type);
    }
    to->well_formed = c.left == 0;
}

/* DataSetValue: its oneof has the numbers 1 to 6, the extension 7. */
static bool read_cell(struct tw_cur c, struct tw_sparkplug_content *out)
{
    enum { CELL_STRING = 6 };
    static const enum tw_pb_type types[] = {
        0, TW_PB_VARINT, TW_PB_VARINT, TW_PB_FIXED32, TW_PB_FIXED64, TW_PB_VARINT, TW_PB_BYTES};
    struct tw_pb_field f;
    *out = (struct tw_sparkplug_content){.form = TW_SPARKPLUG_NO_VALUE};
    while (tw_pb_next(&c, &f)) {
        if (f.number > CELL_STRING || f.type != types[f.number])
            continue;
        *out = (struct tw_sparkplug_content){.form = (enum tw_sparkplug_form)f.number, .v = f.v};
        if (f.type == TW_PB_BYTES)
            out->bytes = f.bytes;
    }
    return c.left == 0;
}

static void read_row(struct tw_sparkplug_build *b, struct tw_cur row, const struct columns *columns,
    struct tw_value *out)
{
    struct tw_sparkplug_content cell;
    struct tw_pb_field f;
    const uint32_t n = count(row, 1);
    if (n != columns->n_types)
        tw_sparkplug_note(b, TW_SPARKPLUG_BAD_DATASET);
    struct tw_value *items = items_for(b, n, TW_VALUE_ARRAY, out);
    for (uint32_t i = 0; i < out->n && tw_pb_next(&row, &f);) {
        if (!tw_pb_is(&f, 1, TW_PB_BYTES))
            continue;
        if (!read_cell(f.bytes, &cell))
            tw_sparkplug_note(b, TW_SPARKPLUG_BAD_PROTOBUF);
        (void)tw_sparkplug_typed(b, i < columns->n_types ? columns->types[i] : 0, &cell, &items[i]);
        i++;
    }
}

static void read_rows(struct tw_sparkplug_build *b, struct tw_cur c, const struct columns *columns,
    struct tw_value *out)
{
    struct tw_pb_field f;
    struct tw_value *items = items_for(b, columns->n_rows, TW_VALUE_ARRAY, out);
    for (uint32_t i = 0; i < out->n && tw_pb_next(&c, &f);)
        if (tw_pb_is(&f, DATASET_ROWS, TW_PB_BYTES))
            read_row(b, f.bytes, columns, &items[i++]);
}

static void read_names(struct tw_sparkplug_build *b, struct tw_cur c, const struct columns *columns,
    struct tw_value *out)
{
    struct tw_pb_field f;
    struct tw_value *items = items_for(b, columns->n_names, TW_VALUE_ARRAY, out);
    for (uint32_t i = 0; i < out->n && tw_pb_next(&c, &f);)
        if (tw_pb_is(&f, DATASET_COLUMNS, TW_PB_BYTES))
            items[i++] =
                (struct tw_value){.kind = TW_VALUE_STRING, .s = name_of(tw_cur_rest(&f.bytes))};
}

static void name_types(
    struct tw_sparkplug_build *b, const struct columns *columns, struct tw_value *out)
{
    struct tw_value *items = items_for(b, columns->n_types, TW_VALUE_ARRAY, out);
    for (uint32_t i = 0; i < out->n; i++) {
        const char *name = tw_sparkplug_type_name(columns->types[i]);
        if (name != NULL)
            items[i] = (struct tw_value){.kind = TW_VALUE_STRING, .s = tw_str_of(name)};
    }
}

/* {"columns":[…],"types":[…],"rows":[[…],…]} */
static void data_set(struct tw_sparkplug_build *b, struct tw_cur c, struct tw_value *out)
{
    enum { COLUMNS, TYPES, ROWS, MEMBERS };
    struct columns columns;
    read_columns(c, &columns);
    if (!columns.well_formed)
        tw_sparkplug_note(b, TW_SPARKPLUG_BAD_PROTOBUF);
    else if (columns.n_names != columns.declared || columns.n_types != columns.declared)
        tw_sparkplug_note(b, TW_SPARKPLUG_BAD_DATASET);
    struct tw_value *members = items_for(b, MEMBERS, TW_VALUE_OBJECT, out);
    if (members == NULL)
        return;
    read_names(b, c, &columns, &members[COLUMNS]);
    name_types(b, &columns, &members[TYPES]);
    read_rows(b, c, &columns, &members[ROWS]);
    members[COLUMNS].name = TW_STR("columns");
    members[TYPES].name = TW_STR("types");
    members[ROWS].name = TW_STR("rows");
}

/* --- property sets -------------------------------------------------------------------------- */

struct property {
    uint32_t type;
    bool is_null;
    struct tw_sparkplug_content content;
};

/* PropertyValue and, with another beginning, Parameter: `first` is the number of int_value. */
static bool read_property(struct tw_cur c, uint32_t first, struct property *out)
{
    static const enum tw_sparkplug_form forms[] = {TW_SPARKPLUG_OF_INT, TW_SPARKPLUG_OF_LONG,
        TW_SPARKPLUG_OF_FLOAT, TW_SPARKPLUG_OF_DOUBLE, TW_SPARKPLUG_OF_BOOLEAN,
        TW_SPARKPLUG_OF_STRING, TW_SPARKPLUG_OF_PROPERTIES, TW_SPARKPLUG_OF_PROPERTY_LIST,
        TW_SPARKPLUG_OF_EXTENSION};
    static const enum tw_pb_type types[] = {TW_PB_VARINT, TW_PB_VARINT, TW_PB_FIXED32,
        TW_PB_FIXED64, TW_PB_VARINT, TW_PB_BYTES, TW_PB_BYTES, TW_PB_BYTES, TW_PB_BYTES};
    struct tw_pb_field f;
    *out = (struct property){.type = 0};
    while (tw_pb_next(&c, &f)) {
        const uint32_t at = f.number - first;
        if (tw_pb_is(&f, first - 2, TW_PB_VARINT))
            out->type = (uint32_t)f.v;
        else if (tw_pb_is(&f, first - 1, TW_PB_VARINT))
            out->is_null = f.v != 0;
        else if (f.number >= first && at < sizeof(forms) / sizeof(forms[0]) && f.type == types[at])
            out->content = (struct tw_sparkplug_content){.form = forms[at],
                .v = f.v,
                .bytes = f.type == TW_PB_BYTES ? f.bytes : tw_cur_of(NULL, 0)};
    }
    return c.left == 0;
}

static void give_property(struct tw_sparkplug_build *b, struct tw_cur c, struct tw_value *out)
{
    enum { INT_VALUE = 3 };
    const struct tw_str name = out->name;
    struct property p;
    if (!read_property(c, INT_VALUE, &p))
        tw_sparkplug_note(b, TW_SPARKPLUG_BAD_PROTOBUF);
    if (p.is_null)
        p.content.form = TW_SPARKPLUG_NO_VALUE;
    (void)tw_sparkplug_typed(b, p.type, &p.content, out);
    out->name = name;
}

static bool enter(struct tw_sparkplug_build *b)
{
    if (b->depth >= TW_MAX_EVENT_DEPTH) {
        b->truncated = true;
        return false;
    }
    b->depth++;
    return true;
}

/* Keys and values are two lists, which belong together by their order. */
void tw_sparkplug_properties(
    struct tw_sparkplug_build *b, struct tw_cur bytes, struct tw_value *out)
{
    enum { KEYS = 1, VALUES = 2 };
    const uint32_t n_keys = count(bytes, KEYS), n_values = count(bytes, VALUES);
    struct tw_pb_field f;
    uint32_t keys = 0, values = 0;
    struct tw_value *items =
        items_for(b, n_keys < n_values ? n_keys : n_values, TW_VALUE_OBJECT, out);
    if (n_keys != n_values)
        tw_sparkplug_note(b, TW_SPARKPLUG_BAD_PROPERTIES);
    if (!enter(b)) {
        out->n = 0;
        out->truncated = true;
        return;
    }
    while (tw_pb_next(&bytes, &f)) {
        if (tw_pb_is(&f, KEYS, TW_PB_BYTES) && keys < out->n)
            items[keys++].name = name_of(tw_cur_rest(&f.bytes));
        else if (tw_pb_is(&f, VALUES, TW_PB_BYTES) && values < out->n)
            give_property(b, f.bytes, &items[values++]);
    }
    if (bytes.left > 0)
        tw_sparkplug_note(b, TW_SPARKPLUG_BAD_PROTOBUF);
    b->depth--;
}

static void property_list(struct tw_sparkplug_build *b, struct tw_cur bytes, struct tw_value *out)
{
    struct tw_pb_field f;
    struct tw_value *items = items_for(b, count(bytes, 1), TW_VALUE_ARRAY, out);
    for (uint32_t i = 0; i < out->n && tw_pb_next(&bytes, &f);)
        if (tw_pb_is(&f, 1, TW_PB_BYTES))
            tw_sparkplug_properties(b, f.bytes, &items[i++]);
}

/* --- MetaData and the head of a Template ---------------------------------------------------- */

void tw_sparkplug_metadata(struct tw_sparkplug_build *b, struct tw_cur bytes, struct tw_value *out)
{
    static const struct {
        struct tw_str name;
        enum tw_pb_type type;
        bool is_flag;
    } fields[] = {{{"is_multi_part", 13}, TW_PB_VARINT, true},
        {{"content_type", 12}, TW_PB_BYTES, false}, {{"size", 4}, TW_PB_VARINT, false},
        {{"seq", 3}, TW_PB_VARINT, false}, {{"file_name", 9}, TW_PB_BYTES, false},
        {{"file_type", 9}, TW_PB_BYTES, false}, {{"md5", 3}, TW_PB_BYTES, false},
        {{"description", 11}, TW_PB_BYTES, false}};
    enum { FIELDS = sizeof(fields) / sizeof(fields[0]) };
    struct tw_pb_field f;
    struct tw_value *items = items_for(b, FIELDS, TW_VALUE_OBJECT, out);
    if (items == NULL)
        return;
    out->n = 0;
    while (out->n < FIELDS && tw_pb_next(&bytes, &f)) {
        if (f.number > FIELDS || f.type != fields[f.number - 1].type)
            continue;
        struct tw_value *to = &items[out->n++];
        if (f.type == TW_PB_BYTES)
            *to = text(tw_cur_rest(&f.bytes));
        else if (fields[f.number - 1].is_flag)
            *to = (struct tw_value){.kind = TW_VALUE_BOOL, .b = f.v != 0};
        else
            *to = (struct tw_value){.kind = TW_VALUE_UINT, .u = f.v};
        to->name = fields[f.number - 1].name;
    }
    if (bytes.left > 0 && out->n < FIELDS)
        tw_sparkplug_note(b, TW_SPARKPLUG_BAD_PROTOBUF);
}

/* Parameter: name, type, then the oneof from 3 on, which is that of a property of numbers 1, 2. */
static void give_parameter(struct tw_sparkplug_build *b, struct tw_cur c, struct tw_value *out)
{
    enum { NAME = 1, TYPE = 2, INT_VALUE = 3 };
    struct tw_pb_field f;
    struct tw_cur again = c;
    struct tw_str name = TW_STR_NONE;
    struct property p;
    uint32_t type = 0;
    while (tw_pb_next(&again, &f)) {
        if (tw_pb_is(&f, NAME, TW_PB_BYTES))
            name = tw_cur_rest(&f.bytes);
        else if (tw_pb_is(&f, TYPE, TW_PB_VARINT))
            type = (uint32_t)f.v;
    }
    if (!read_property(c, INT_VALUE, &p))
        tw_sparkplug_note(b, TW_SPARKPLUG_BAD_PROTOBUF);
    if (p.content.form > TW_SPARKPLUG_OF_STRING)
        p.content.form = TW_SPARKPLUG_NO_VALUE;
    (void)tw_sparkplug_typed(b, type, &p.content, out);
    out->name = name_of(name);
}

static void give_parameters(
    struct tw_sparkplug_build *b, struct tw_cur c, uint32_t n, struct tw_value *out)
{
    enum { PARAMETERS = 3 };
    struct tw_pb_field f;
    struct tw_value *items = items_for(b, n, TW_VALUE_OBJECT, out);
    for (uint32_t i = 0; i < out->n && tw_pb_next(&c, &f);)
        if (tw_pb_is(&f, PARAMETERS, TW_PB_BYTES))
            give_parameter(b, f.bytes, &items[i++]);
}

/* {"template_ref":…,"version":…,"is_definition":true,"parameters":{…}}: what was sent of it. */
static void template_head(struct tw_sparkplug_build *b, struct tw_cur c, struct tw_value *out)
{
    enum { MEMBERS = 4 };
    struct tw_sparkplug_wire_template t;
    if (!tw_sparkplug_template_read(c, &t))
        tw_sparkplug_note(b, TW_SPARKPLUG_BAD_PROTOBUF);
    struct tw_value *to = items_for(b, MEMBERS, TW_VALUE_OBJECT, out);
    if (to == NULL)
        return;
    out->n = 0;
    if (t.ref.p != NULL) {
        to[out->n] = text(t.ref);
        to[out->n++].name = TW_STR("template_ref");
    }
    if (t.version.p != NULL) {
        to[out->n] = text(t.version);
        to[out->n++].name = TW_STR("version");
    }
    if (t.is_definition)
        to[out->n++] =
            (struct tw_value){.kind = TW_VALUE_BOOL, .name = TW_STR("is_definition"), .b = true};
    if (t.n_parameters > 0) {
        give_parameters(b, c, t.n_parameters, &to[out->n]);
        to[out->n++].name = TW_STR("parameters");
    }
}

/* --- any of them ---------------------------------------------------------------------------- */

static double float_of(uint64_t v)
{
    const uint32_t bits = (uint32_t)v;
    float f;
    memcpy(&f, &bits, sizeof(f));
    return (double)f;
}

static double double_of(uint64_t v)
{
    double d;
    memcpy(&d, &v, sizeof(d));
    return d;
}

void tw_sparkplug_content_value(
    struct tw_sparkplug_build *b, const struct tw_sparkplug_content *content, struct tw_value *out)
{
    switch (content->form) {
    case TW_SPARKPLUG_NO_VALUE:
        *out = (struct tw_value){.kind = TW_VALUE_NULL};
        break;
    case TW_SPARKPLUG_OF_INT:
        *out = (struct tw_value){.kind = TW_VALUE_UINT, .u = (uint32_t)content->v};
        break;
    case TW_SPARKPLUG_OF_LONG:
        *out = (struct tw_value){.kind = TW_VALUE_UINT, .u = content->v};
        break;
    case TW_SPARKPLUG_OF_FLOAT:
        *out = (struct tw_value){.kind = TW_VALUE_FLOAT, .d = float_of(content->v)};
        break;
    case TW_SPARKPLUG_OF_DOUBLE:
        *out = (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = double_of(content->v)};
        break;
    case TW_SPARKPLUG_OF_BOOLEAN:
        *out = (struct tw_value){.kind = TW_VALUE_BOOL, .b = content->v != 0};
        break;
    case TW_SPARKPLUG_OF_STRING:
        *out = text(tw_cur_rest(&content->bytes));
        break;
    case TW_SPARKPLUG_OF_BYTES:
        *out = bytes_value(tw_cur_rest(&content->bytes));
        break;
    case TW_SPARKPLUG_OF_DATASET:
        data_set(b, content->bytes, out);
        break;
    case TW_SPARKPLUG_OF_TEMPLATE:
        template_head(b, content->bytes, out);
        break;
    case TW_SPARKPLUG_OF_PROPERTIES:
        tw_sparkplug_properties(b, content->bytes, out);
        break;
    case TW_SPARKPLUG_OF_PROPERTY_LIST:
        property_list(b, content->bytes, out);
        break;
    case TW_SPARKPLUG_OF_EXTENSION:
        give_extension(out);
        break;
    }
}

/* Structures are told apart by where they stand in the message. */
static bool is_other_structure(uint32_t type, enum tw_sparkplug_form form)
{
    switch (form) {
    case TW_SPARKPLUG_OF_DATASET:
        return type != TW_SPARKPLUG_DATASET;
    case TW_SPARKPLUG_OF_TEMPLATE:
        return type != TW_SPARKPLUG_TEMPLATE;
    case TW_SPARKPLUG_OF_PROPERTIES:
        return type != TW_SPARKPLUG_PROPERTYSET;
    default:
        return false;
    }
}

const char *tw_sparkplug_typed(struct tw_sparkplug_build *b, uint32_t type,
    const struct tw_sparkplug_content *content, struct tw_value *out)
{
    const char *name = type == 0 ? NULL : tw_sparkplug_type_name(type);
    struct tw_value wire;
    tw_sparkplug_content_value(b, content, &wire);
    *out = wire;
    if (type != 0 && name == NULL)
        tw_sparkplug_note(b, TW_SPARKPLUG_BAD_DATATYPE);
    else if (name != NULL && (is_other_structure(type, content->form) ||
                                 !tw_sparkplug_value(type, &wire, b->arena, out))) {
        tw_sparkplug_note(b, TW_SPARKPLUG_BAD_VALUE);
        name = NULL;
    }
    b->truncated |= out->truncated || b->arena->overflowed;
    return wire.kind == TW_VALUE_NULL ? NULL : name;
}
