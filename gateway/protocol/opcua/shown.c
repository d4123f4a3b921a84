/* Structures as objects, by the tables of their layouts. */

#include "base/limits.h"
#include "protocol/opcua/layout.h"
#include "protocol/opcua/value.h"

static bool skip_layout(
    struct tw_opcua_scratch *s, struct tw_cur *c, const struct tw_opcua_layout *layout);

static bool skip_field(struct tw_opcua_scratch *s, struct tw_cur *c, const struct tw_opcua_field *f)
{
    uint32_t n = 1;
    bool structure = f->type == TW_UA_STRUCTURE;
    if (f->array && !structure)
        return tw_opcua_array(s, c, f->type, &n, NULL);
    if (f->array && !tw_opcua_count(c, 1, &n))
        return false;
    for (; n > 0; n--)
        if (structure ? !skip_layout(s, c, f->of) : !tw_opcua_skip(s, c, f->type))
            return false;
    return true;
}

static bool skip_layout(
    struct tw_opcua_scratch *s, struct tw_cur *c, const struct tw_opcua_layout *layout)
{
    for (unsigned i = 0; i < layout->n; i++)
        if (!skip_field(s, c, &layout->fields[i]))
            return false;
    return true;
}

static bool show_structures(struct tw_opcua_scratch *s, struct tw_cur *c,
    const struct tw_opcua_layout *layout, struct tw_value *out)
{
    uint32_t n, shown;
    if (!tw_opcua_count(c, 1, &n))
        return false;
    struct tw_value *items = tw_opcua_elements(s, n, &shown);
    for (uint32_t i = 0; i < n; i++)
        if (i < shown ? !tw_opcua_show_layout(s, c, layout, &items[i]) : !skip_layout(s, c, layout))
            return false;
    *out = (struct tw_value){
        .kind = TW_VALUE_ARRAY, .n = shown, .items = items, .truncated = shown < n};
    return true;
}

static void name_number(const struct tw_opcua_words *words, struct tw_value *out)
{
    uint64_t v = out->kind == TW_VALUE_UINT ? out->u : (uint64_t)out->i;
    bool number = out->kind == TW_VALUE_UINT || out->kind == TW_VALUE_INT;
    if (number && v < words->n && words->names[v] != NULL)
        *out = (struct tw_value){.kind = TW_VALUE_STRING, .s = tw_str_of(words->names[v])};
}

bool tw_opcua_show(struct tw_opcua_scratch *s, struct tw_cur *c, const struct tw_opcua_field *f,
    struct tw_value *out)
{
    uint32_t n;
    if (f->type == TW_UA_STRUCTURE)
        return f->array ? show_structures(s, c, f->of, out)
                        : tw_opcua_show_layout(s, c, f->of, out);
    if (f->array)
        return tw_opcua_array(s, c, f->type, &n, out);
    if (!tw_opcua_value(s, c, f->type, out))
        return false;
    if (f->words != NULL)
        name_number(f->words, out);
    return true;
}

/* Members without a name are passed over: secrets, and what says nothing. */
static uint32_t named(const struct tw_opcua_layout *layout)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < layout->n; i++)
        n += layout->fields[i].name != NULL;
    return n;
}

static bool show_members(struct tw_opcua_scratch *s, struct tw_cur *c,
    const struct tw_opcua_layout *layout, struct tw_value *items)
{
    uint32_t n = 0;
    for (unsigned i = 0; i < layout->n; i++) {
        const struct tw_opcua_field *f = &layout->fields[i];
        bool kept = items != NULL && f->name != NULL;
        if (kept ? !tw_opcua_show(s, c, f, &items[n]) : !skip_field(s, c, f))
            return false;
        if (kept)
            items[n++].name = tw_str_of(f->name);
    }
    return true;
}

bool tw_opcua_show_layout(struct tw_opcua_scratch *s, struct tw_cur *c,
    const struct tw_opcua_layout *layout, struct tw_value *out)
{
    uint32_t n = named(layout), shown;
    if (!tw_opcua_enter(s))
        return tw_opcua_leave(s, false);
    struct tw_value *items = tw_opcua_elements(s, n, &shown);
    bool ok = show_members(s, c, layout, shown == n ? items : NULL);
    *out = (struct tw_value){
        .kind = TW_VALUE_OBJECT, .n = shown == n ? n : 0, .items = shown == n ? items : NULL};
    out->truncated = shown < n;
    return tw_opcua_leave(s, ok);
}

/* Bytes of a type that nobody described here. */
static bool show_unknown(
    struct tw_opcua_scratch *s, const struct tw_opcua_extension *e, struct tw_value *out)
{
    struct tw_value *items = tw_arena_alloc(s->arena, 2 * sizeof(*items));
    if (items == NULL)
        return false;
    tw_opcua_made(s, tw_opcua_node_text(s->arena, &e->type), &items[0]);
    items[0].name = TW_STR("type_id");
    struct tw_str body = e->encoding == 0 ? TW_STR_NONE : tw_cur_rest(&e->body);
    size_t sent = body.len;
    items[1] = (struct tw_value){.kind = body.p == NULL ? TW_VALUE_NULL : TW_VALUE_BYTES};
    if (body.p != NULL)
        items[1].s = tw_opcua_clip(s, body);
    items[1].truncated = body.p != NULL && items[1].s.len < sent;
    items[1].name = TW_STR("body");
    *out = (struct tw_value){.kind = TW_VALUE_OBJECT, .n = 2, .items = items};
    return true;
}

void tw_opcua_show_extension(
    struct tw_opcua_scratch *s, const struct tw_opcua_extension *e, struct tw_value *out)
{
    const struct tw_opcua_layout *layout = NULL;
    if (tw_opcua_node_is(&e->type, 0) && e->encoding == 0) {
        *out = (struct tw_value){.kind = TW_VALUE_NULL};
        return;
    }
    if (e->encoding == 1 && e->type.kind == 'i' && e->type.ns == 0)
        layout = tw_opcua_structure(e->type.id);
    struct tw_cur body = e->body;
    if (layout != NULL && tw_opcua_show_layout(s, &body, layout, out))
        return;
    if (!show_unknown(s, e, out))
        *out = (struct tw_value){.kind = TW_VALUE_NULL, .truncated = s->truncated = true};
}
