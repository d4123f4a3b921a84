/* What Browse, TranslateBrowsePathsToNodeIds and the filters of monitored items say. */

#include "base/hash.h"
#include "base/limits.h"
#include "base/num.h"
#include "protocol/opcua/walk.h"

/* A digest stands for the bytes: session/ finds by it which Browse goes on. */
bool tw_opcua_role_continuation(
    struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    struct tw_str point;
    if (!tw_opcua_string(c, &point))
        return false;
    if (point.len == 0)
        return true;
    if (f->name != NULL && !w->quiet) {
        struct tw_value *more = tw_opcua_walk_detail(w, f->name);
        more->kind = TW_VALUE_BOOL;
        more->b = true;
    }
    uint64_t digest = tw_hash_stable(point.p, point.len) | 1;
    if (f->at == offsetof(struct tw_opcua_info, continues))
        w->info->continues = digest;
    else
        w->info->continuation = digest;
    w->fresh = true;
    return true;
}

static enum tw_opcua_property_kind property_of(const struct tw_opcua_name *name)
{
    static const struct {
        const char *name;
        enum tw_opcua_property_kind kind;
    } rows[] = {
        {"EURange", TW_UA_PROPERTY_EU_RANGE},
        {"EngineeringUnits", TW_UA_PROPERTY_UNITS},
        {"InstrumentRange", TW_UA_PROPERTY_INSTRUMENT_RANGE},
        {"EnumStrings", TW_UA_PROPERTY_ENUM_STRINGS},
    };
    for (size_t i = 0; name->ns == 0 && i < sizeof(rows) / sizeof(rows[0]); i++)
        if (tw_str_is(name->name, rows[i].name))
            return rows[i].kind;
    return TW_UA_PROPERTY_NONE;
}

enum { MAX_PROPERTIES = 8 };

static void add_property(struct tw_opcua_walk *w, struct tw_opcua_property *list,
    enum tw_opcua_property_kind kind, const struct tw_opcua_node *node)
{
    if (kind == TW_UA_PROPERTY_NONE || list == NULL || w->info->n_properties == MAX_PROPERTIES)
        return;
    list[w->info->n_properties++] = (struct tw_opcua_property){kind, tw_opcua_walk_node(w, node)};
    w->info->properties = list;
}

/* [UA4 7.30]: the reference, forwards or not, the node, its name, what it is. */
static bool reference(struct tw_opcua_walk *w, struct tw_cur *c, struct tw_opcua_property *list)
{
    enum { HAS_PROPERTY = 46 };
    struct tw_opcua_node type, node, definition;
    struct tw_opcua_name name;
    struct tw_str display;
    uint8_t forward;
    uint32_t class;
    if (!tw_opcua_node(c, &type) || !tw_cur_u8(c, &forward) || !tw_opcua_expanded_node(c, &node) ||
        !tw_opcua_qualified_name(c, &name) || !tw_opcua_localized_text(c, NULL, &display) ||
        !tw_cur_u32le(c, &class) || !tw_opcua_expanded_node(c, &definition))
        return false;
    bool ties = tw_opcua_node_is(&type, HAS_PROPERTY) || tw_opcua_node_is(&type, 0);
    if (ties && forward && node.server == 0)
        add_property(w, list, property_of(&name), &node);
    return true;
}

bool tw_opcua_role_references(
    struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    uint32_t n;
    struct tw_opcua_property *list = NULL;
    if (!tw_opcua_count(c, 1, &n))
        return false;
    if (!w->quiet) {
        struct tw_value *found = tw_opcua_walk_detail(w, f->name);
        found->kind = TW_VALUE_UINT;
        found->u = n;
        if (n > 0)
            list = tw_arena_alloc(w->s.arena, MAX_PROPERTIES * sizeof(*list));
    }
    for (; n > 0; n--)
        if (!reference(w, c, list))
            return false;
    return true;
}

/* QueryDataSet[]: how many, and what they say of each node. */
bool tw_opcua_role_rows(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    struct tw_cur at = tw_cur_here(c);
    uint32_t n;
    if (!tw_opcua_count(&at, 1, &n))
        return false;
    if (w->quiet || n == 0) {
        for (uint32_t i = 0; i < n; i++)
            if (!tw_opcua_walk_layout(w, &at, f->of))
                return false;
        tw_cur_move(c, &at);
    }
    if (w->quiet)
        return true;
    struct tw_value *found = tw_opcua_walk_detail(w, "found");
    found->kind = TW_VALUE_UINT;
    found->u = n;
    if (n == 0)
        return true;
    struct tw_value *rows = tw_opcua_walk_detail(w, f->name);
    bool ok = tw_opcua_show(&w->s, c, f, rows);
    rows->name = tw_str_of(f->name);
    if (!ok)
        tw_opcua_walk_undo(w, rows);
    return ok;
}

struct path {
    char text[512];
    size_t len;
    bool cut;
};

static void add_text(struct path *p, struct tw_str text)
{
    size_t n = text.len < sizeof(p->text) - p->len ? text.len : sizeof(p->text) - p->len;
    if (n > 0)
        memcpy(p->text + p->len, text.p, n);
    p->len += n;
    p->cut = p->cut || n < text.len;
}

/* The short form of [UA4 A.2], of which the kind of reference is left out but for the two common
 * ones. */
static void add_element(struct path *p, const struct tw_opcua_node *reference, bool inverse,
    const struct tw_opcua_name *name)
{
    enum { AGGREGATES = 44 };
    char digits[TW_NUM_TEXT];
    if (inverse)
        add_text(p, TW_STR("!"));
    add_text(p, tw_opcua_node_is(reference, AGGREGATES) ? TW_STR(".") : TW_STR("/"));
    if (name->ns != 0) {
        size_t n = tw_num_u64(digits, name->ns);
        add_text(p, (struct tw_str){digits, n});
        add_text(p, TW_STR(":"));
    }
    add_text(p, name->name);
}

static void show_path(struct tw_opcua_walk *w, const struct tw_opcua_field *f, struct path *p)
{
    if (w->quiet || p->len == 0)
        return;
    struct tw_value *detail = tw_opcua_walk_detail(w, f->name);
    struct tw_str name = detail->name;
    struct tw_str text = tw_utf8_cut((struct tw_str){p->text, p->len}, p->len);
    tw_opcua_made(&w->s, tw_arena_str(w->s.arena, text), detail);
    detail->name = name;
    detail->truncated = p->cut;
}

bool tw_opcua_role_path(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    uint32_t n;
    struct path p = {.len = 0};
    if (!tw_opcua_count(c, 1, &n))
        return false;
    if (f->of->limit != 0 && n > f->of->limit)
        w->s.anomalies |= TW_OPCUA_BIT(TW_OPCUA_RELATIVE_PATH_LIMIT);
    for (uint32_t i = 0; i < n; i++) {
        struct tw_opcua_node reference;
        struct tw_opcua_name name;
        uint8_t inverse, subtypes;
        if (!tw_opcua_node(c, &reference) || !tw_cur_u8(c, &inverse) || !tw_cur_u8(c, &subtypes) ||
            !tw_opcua_qualified_name(c, &name))
            return false;
        add_element(&p, &reference, inverse != 0, &name);
        if (n == 1 && !inverse)
            w->path_leads_to = property_of(&name);
    }
    show_path(w, f, &p);
    return true;
}

bool tw_opcua_role_path_targets(
    struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    uint32_t n, shown = 0, left;
    struct tw_value *detail = NULL, *items = NULL;
    struct tw_opcua_property *list = NULL;
    if (!tw_opcua_count(c, 6, &n))
        return false;
    if (!w->quiet && n > 0) {
        detail = tw_opcua_walk_detail(w, f->name);
        items = tw_opcua_elements(&w->s, n, &shown);
        list = tw_arena_alloc(w->s.arena, MAX_PROPERTIES * sizeof(*list));
    }
    for (uint32_t i = 0; i < n; i++) {
        struct tw_opcua_node node;
        if (!tw_opcua_expanded_node(c, &node) || !tw_cur_u32le(c, &left))
            return false;
        if (i < shown)
            tw_opcua_made(&w->s, tw_opcua_walk_node(w, &node), &items[i]);
        if (left == UINT32_MAX && node.server == 0)
            add_property(w, list, w->path_leads_to, &node);
    }
    if (detail == NULL)
        return true;
    *detail = (struct tw_value){.kind = TW_VALUE_ARRAY,
        .n = shown,
        .items = items,
        .truncated = shown < n,
        .name = tw_str_of(f->name)};
    return true;
}

/* A field of an event by its path of names; another attribute than the value behind '@', and alone
 * where the path is empty: that is the condition itself [UA9 5.5.2]. */
static struct tw_str clause_name(struct tw_opcua_walk *w, const struct path *p, uint32_t attribute)
{
    enum { VALUE = 13 };
    struct path whole = *p;
    struct tw_str name = tw_opcua_attribute_name(attribute);
    if (attribute != VALUE || p->len == 0) {
        if (p->len > 0)
            add_text(&whole, TW_STR("@"));
        add_text(&whole, name.p == NULL ? TW_STR("?") : name);
    }
    struct tw_str text = tw_utf8_cut((struct tw_str){whole.text, whole.len}, whole.len);
    return tw_arena_str(w->s.arena, text);
}

/* SimpleAttributeOperand [UA4 7.7.4.5]. */
static bool select_clause(struct tw_opcua_walk *w, struct tw_cur *c, struct tw_value *out)
{
    struct tw_opcua_node type;
    struct path p = {.len = 0};
    struct tw_str range;
    uint32_t n, attribute;
    if (!tw_opcua_node(c, &type) || !tw_opcua_count(c, 6, &n))
        return false;
    for (uint32_t i = 0; i < n; i++) {
        struct tw_opcua_name name;
        char digits[TW_NUM_TEXT];
        if (!tw_opcua_qualified_name(c, &name))
            return false;
        if (i > 0)
            add_text(&p, TW_STR("/"));
        if (name.ns != 0) {
            size_t len = tw_num_u64(digits, name.ns);
            add_text(&p, (struct tw_str){digits, len});
            add_text(&p, TW_STR(":"));
        }
        add_text(&p, name.name);
    }
    if (!tw_cur_u32le(c, &attribute) || !tw_opcua_string(c, &range))
        return false;
    if (out != NULL)
        tw_opcua_made(&w->s, clause_name(w, &p, attribute), out);
    return true;
}

/* EventFilter: the names of what an alarm will carry; the where clause only if there is one. */
bool tw_opcua_walk_event_filter(struct tw_opcua_walk *w, struct tw_cur *c)
{
    enum { CONTENT_FILTER = 588 };
    uint32_t n, shown, elements;
    if (!tw_opcua_count(c, 14, &n))
        return false;
    struct tw_value *select = tw_opcua_walk_detail(w, "select");
    struct tw_value *items = tw_opcua_elements(&w->s, n, &shown);
    for (uint32_t i = 0; i < n; i++)
        if (!select_clause(w, c, i < shown ? &items[i] : NULL)) {
            tw_opcua_walk_undo(w, select);
            return false;
        }
    *select = (struct tw_value){.kind = TW_VALUE_ARRAY,
        .n = shown,
        .items = items,
        .truncated = shown < n,
        .name = TW_STR("select")};
    w->info->select = select;
    struct tw_cur where = tw_cur_here(c);
    if (!tw_opcua_count(&where, 8, &elements))
        return false;
    if (elements == 0) {
        *c = where;
        return true;
    }
    struct tw_value *detail = tw_opcua_walk_detail(w, "where");
    bool ok = tw_opcua_show_layout(&w->s, c, tw_opcua_structure(CONTENT_FILTER), detail);
    detail->name = TW_STR("where");
    if (!ok)
        tw_opcua_walk_undo(w, detail);
    return ok;
}

bool tw_opcua_role_filter(struct tw_opcua_walk *w, struct tw_cur *c, const struct tw_opcua_field *f)
{
    enum { EVENT_FILTER = 727 };
    struct tw_opcua_extension e;
    if (!tw_opcua_extension(c, &e))
        return false;
    if (w->quiet || tw_opcua_node_is(&e.type, 0))
        return true;
    if (e.encoding == 1 && tw_opcua_node_is(&e.type, EVENT_FILTER)) {
        if (!tw_opcua_walk_event_filter(w, &e.body))
            w->s.anomalies |= TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR);
        return true;
    }
    struct tw_value *detail = tw_opcua_walk_detail(w, f->name);
    tw_opcua_show_extension(&w->s, &e, detail);
    detail->name = tw_str_of(f->name);
    return true;
}
