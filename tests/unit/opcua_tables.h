#pragma once
/* OPC UA messages made from the very tables that read them: each service's request and response
 * with one element in every list, each structure, each built-in type. */

#include <assert.h>

#include "opcua_wire.h"
#include "protocol/opcua/walk.h"

static inline void w_extension(struct wire *out, unsigned id, const struct wire *body)
{
    w_node(out, 0, id);
    w_u8(out, 1);
    w_bytes(out, body);
}

static inline void w_select(struct wire *out)
{
    w_u32(out, 1);
    w_node(out, 0, 2041);
    w_u32(out, 1);
    w_u16(out, 0);
    w_str(out, "Severity");
    w_u32(out, 13);
    w_str(out, NULL);
    w_u32(out, 1);
    w_u32(out, 14);
    w_u32(out, 1);
    w_no_extension(out);
}

static inline void w_past(struct wire *out)
{
    static struct wire inner;
    inner.n = 0;
    w_time(&inner);
    w_time(&inner);
    w_f64(&inner, 1000);
    w_u32(&inner, 1);
    w_node(&inner, 0, 2342);
    for (int i = 0; i < 5; i++)
        w_u8(&inner, 1);
    w_extension(out, 652, &inner);
}

static inline void w_past_values(struct wire *out)
{
    static struct wire inner;
    inner.n = 0;
    w_u32(&inner, 1);
    w_double(&inner, 1);
    w_extension(out, 658, &inner);
}

static inline void w_past_update(struct wire *out)
{
    static struct wire inner;
    inner.n = 0;
    w_node_str(&inner, 2, "Temp");
    w_u32(&inner, 1);
    w_select(&inner);
    w_u32(&inner, 1);
    w_u32(&inner, 0);
    w_extension(out, 685, &inner);
}

static inline void w_references(struct wire *out)
{
    w_u32(out, 1);
    w_node(out, 0, 46);
    w_u8(out, 1);
    w_node_str(out, 2, "p");
    w_u16(out, 0);
    w_str(out, "EURange");
    w_u8(out, 3);
    w_str(out, "en");
    w_str(out, "EURange");
    w_u32(out, 2);
    w_node(out, 0, 68);
}

static inline void w_path(struct wire *out)
{
    w_u32(out, 1);
    w_node(out, 0, 46);
    w_u8(out, 0);
    w_u8(out, 1);
    w_u16(out, 0);
    w_str(out, "EURange");
}

static inline void w_path_targets(struct wire *out)
{
    w_u32(out, 1);
    w_node_str(out, 2, "p");
    w_u32(out, UINT32_MAX);
}

static inline void w_filter(struct wire *out)
{
    static struct wire inner;
    inner.n = 0;
    w_select(&inner);
    w_extension(out, 727, &inner);
}

static inline void w_notification(struct wire *out)
{
    static struct wire inner;
    w_u32(out, 3);
    inner.n = 0;
    w_u32(&inner, 1);
    w_u32(&inner, 71);
    w_double(&inner, 20);
    w_u32(&inner, 0);
    w_extension(out, 811, &inner);
    inner.n = 0;
    w_u32(&inner, 1);
    w_u32(&inner, 72);
    w_u32(&inner, 1);
    w_u8(&inner, 5);
    w_u16(&inner, 500);
    w_extension(out, 916, &inner);
    inner.n = 0;
    w_u32(&inner, 0x800A0000);
    w_u8(&inner, 0);
    w_extension(out, 820, &inner);
}

static inline void w_user(struct wire *out)
{
    static struct wire inner;
    inner.n = 0;
    w_str(&inner, "policy");
    w_str(&inner, "bob");
    w_str(&inner, "secret");
    w_str(&inner, NULL);
    w_extension(out, 324, &inner);
}

typedef void (*w_fn)(struct wire *out);

/* What the walk reads in a way of its own. */
static const w_fn w_specials[] = {
    [TW_UA_ROLE_PAST] = w_past,
    [TW_UA_ROLE_PAST_VALUES] = w_past_values,
    [TW_UA_ROLE_PAST_UPDATE] = w_past_update,
    [TW_UA_ROLE_REFERENCES] = w_references,
    [TW_UA_ROLE_PATH] = w_path,
    [TW_UA_ROLE_PATH_TARGETS] = w_path_targets,
    [TW_UA_ROLE_FILTER] = w_filter,
    [TW_UA_ROLE_NOTIFICATION] = w_notification,
    [TW_UA_ROLE_USER] = w_user,
};

static inline void w_value(struct wire *out, unsigned type)
{
    static struct wire inner;
    static const uint8_t bytes[] = {[TW_UA_BOOLEAN] = 1,
        [TW_UA_SBYTE] = 1,
        [TW_UA_BYTE] = 1,
        [TW_UA_INT16] = 2,
        [TW_UA_UINT16] = 2,
        [TW_UA_INT32] = 4,
        [TW_UA_UINT32] = 4,
        [TW_UA_INT64] = 8,
        [TW_UA_UINT64] = 8,
        [TW_UA_FLOAT] = 4,
        [TW_UA_DOUBLE] = 8,
        [TW_UA_STATUSCODE] = 4};
    switch (type) {
    case TW_UA_STRING:
    case TW_UA_BYTESTRING:
    case TW_UA_XMLELEMENT:
        w_str(out, "text");
        return;
    case TW_UA_DATETIME:
        w_time(out);
        return;
    case TW_UA_GUID:
        w_raw(out, "0123456789abcdef", 16);
        return;
    case TW_UA_NODEID:
    case TW_UA_EXPANDEDNODEID:
        w_node_str(out, 2, "Node");
        return;
    case TW_UA_QUALIFIEDNAME:
        w_u16(out, 2);
        w_str(out, "Name");
        return;
    case TW_UA_LOCALIZEDTEXT:
        w_u8(out, 2);
        w_str(out, "Text");
        return;
    case TW_UA_EXTENSIONOBJECT:
        inner.n = 0;
        w_f64(&inner, 0);
        w_f64(&inner, 1);
        w_extension(out, 886, &inner);
        return;
    case TW_UA_DATAVALUE:
        w_double(out, 5);
        return;
    case TW_UA_VARIANT:
        w_u8(out, 11);
        w_f64(out, 5);
        return;
    case TW_UA_DIAGNOSTICINFO:
        w_u8(out, 0x10);
        w_str(out, "info");
        return;
    default:
        assert(type < sizeof(bytes) && bytes[type] != 0);
        w_le(out, 1, bytes[type]);
    }
}

/* Another body for the extension objects that have this role: those of an id, cut short. */
struct w_choice {
    unsigned role, id;
    const struct wire *body;
};

static inline void w_field(
    struct wire *out, const struct tw_opcua_field *f, const struct w_choice *choice);

static inline void w_layout(
    struct wire *out, const struct tw_opcua_layout *layout, const struct w_choice *choice)
{
    for (unsigned i = 0; i < layout->n; i++)
        w_field(out, &layout->fields[i], choice);
}

static inline void w_field(
    struct wire *out, const struct tw_opcua_field *f, const struct w_choice *choice)
{
    bool special =
        f->role < sizeof(w_specials) / sizeof(w_specials[0]) && w_specials[f->role] != NULL;
    bool chosen = choice != NULL && f->role == choice->role;
    if (special && !chosen) {
        w_specials[f->role](out);
        return;
    }
    if (f->array)
        w_u32(out, 1);
    if (chosen)
        w_extension(out, choice->id, choice->body);
    else if (f->type == TW_UA_STRUCTURE)
        w_layout(out, f->of, choice);
    else
        w_value(out, f->type);
}

static inline void w_message(struct wire *out, const struct tw_opcua_shape *shape, bool request,
    const struct w_choice *choice)
{
    out->n = 0;
    w_layout(out, request ? &shape->head : &shape->response_head, choice);
    for (; shape != NULL; shape = shape->then) {
        if (request ? shape->has_items : shape->has_results) {
            w_u32(out, 1);
            w_layout(out, request ? &shape->item : &shape->result, choice);
        }
        w_layout(out, request ? &shape->tail : &shape->response_tail, choice);
    }
}

/* The next id after `id` that a service, or a structure, has; 0 after the last. */
static inline uint32_t w_next_service(uint32_t id)
{
    for (id++; id < 30000; id++)
        if (tw_opcua_service_of_request(id) != NULL)
            return id;
    return 0;
}

static inline uint32_t w_next_structure(uint32_t id)
{
    for (id++; id < 60000; id++)
        if (tw_opcua_structure(id) != NULL)
            return id;
    return 0;
}
