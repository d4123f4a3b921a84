#include "event/batch.h"

#include <stdlib.h>

#include "event/sparkplug.h"

struct tw_batch *tw_batch_new(size_t bytes)
{
    struct tw_batch *b = calloc(1, sizeof(*b));
    if (b == NULL)
        return NULL;
    b->capacity = bytes / sizeof(struct tw_event);
    b->events = calloc(b->capacity, sizeof(struct tw_event *));
    void *memory = aligned_alloc(16, (bytes + 15) & ~(size_t)15);
    if (b->events == NULL || memory == NULL) {
        free(memory);
        free(b->events);
        free(b);
        return NULL;
    }
    tw_arena_init(&b->arena, memory, bytes);
    return b;
}

void tw_batch_free(struct tw_batch *b)
{
    if (b == NULL)
        return;
    free(b->arena.base);
    free(b->events);
    free(b);
}

void tw_batch_reset(struct tw_batch *b)
{
    tw_arena_reset(&b->arena);
    b->n = 0;
    b->opcua_serial = b->mqtt_serial = b->pubsub_serial = b->sparkplug_serial = 0;
    b->opcua = NULL;
    b->mqtt = NULL;
    b->pubsub = NULL;
    b->sparkplug = NULL;
}

static void keep(struct tw_arena *a, struct tw_str *s)
{
    *s = tw_arena_str(a, *s);
}

static const struct tw_value *copy_items(
    struct tw_arena *a, const struct tw_value *v, unsigned depth);

static void keep_value(struct tw_arena *a, struct tw_value *v, unsigned depth)
{
    keep(a, &v->name);
    if (v->kind == TW_VALUE_STRING || v->kind == TW_VALUE_BYTES)
        keep(a, &v->s);
    else if (v->kind == TW_VALUE_ARRAY || v->kind == TW_VALUE_OBJECT)
        v->items = copy_items(a, v, depth + 1);
}

static const struct tw_value *copy_items(
    struct tw_arena *a, const struct tw_value *v, unsigned depth)
{
    if (v->n == 0 || depth > 32)
        return NULL;
    struct tw_value *items = tw_arena_alloc(a, v->n * sizeof(*items));
    if (items == NULL)
        return NULL;
    for (uint32_t i = 0; i < v->n; i++) {
        items[i] = v->items[i];
        keep_value(a, &items[i], depth);
    }
    return items;
}

static const struct tw_value *copy_value(struct tw_arena *a, const struct tw_value *v)
{
    if (v == NULL)
        return NULL;
    struct tw_value *copy = tw_arena_alloc(a, sizeof(*copy));
    if (copy == NULL)
        return NULL;
    *copy = *v;
    keep_value(a, copy, 0);
    return copy;
}

static const struct tw_opcua_history *copy_history(
    struct tw_arena *a, const struct tw_opcua_history *from)
{
    struct tw_opcua_history *to = from == NULL ? NULL : tw_arena_alloc(a, sizeof(*to));
    if (to == NULL)
        return NULL;
    *to = *from;
    keep(a, &to->aggregate);
    return to;
}

static const struct tw_opcua_certificate *copy_certificate(
    struct tw_arena *a, const struct tw_opcua_certificate *from)
{
    struct tw_opcua_certificate *to = from == NULL ? NULL : tw_arena_alloc(a, sizeof(*to));
    if (to == NULL)
        return NULL;
    *to = *from;
    keep(a, &to->sha1);
    keep(a, &to->subject);
    keep(a, &to->issuer);
    keep(a, &to->key);
    keep(a, &to->signature);
    return to;
}

static const struct tw_opcua_property *copy_properties(
    struct tw_arena *a, const struct tw_opcua_property *from, uint32_t n)
{
    struct tw_opcua_property *to = n == 0 ? NULL : tw_arena_alloc(a, n * sizeof(*to));
    for (uint32_t i = 0; to != NULL && i < n; i++) {
        to[i] = from[i];
        keep(a, &to[i].node);
    }
    return to;
}

static const struct tw_decision_context *copy_decision(
    struct tw_arena *a, const struct tw_decision_context *from)
{
    struct tw_decision_context *to = from == NULL ? NULL : tw_arena_alloc(a, sizeof(*to));
    struct tw_str *texts[TW_DECISION_TEXTS];
    if (to == NULL)
        return NULL;
    *to = *from;
    tw_decision_texts(to, texts);
    for (size_t i = 0; i < TW_DECISION_TEXTS; i++)
        keep(a, texts[i]);
    return to;
}

static const struct tw_mcp_tool *copy_tools(
    struct tw_arena *a, const struct tw_mcp_tool *from, uint32_t n)
{
    struct tw_mcp_tool *to = n == 0 ? NULL : tw_arena_alloc(a, n * sizeof(*to));
    for (uint32_t i = 0; to != NULL && i < n; i++) {
        to[i] = from[i];
        keep(a, &to[i].name);
    }
    return to;
}

static const struct tw_mcp_info *copy_mcp(struct tw_arena *a, const struct tw_mcp_info *from)
{
    struct tw_mcp_info *to = from == NULL ? NULL : tw_arena_alloc(a, sizeof(*to));
    if (to == NULL)
        return NULL;
    *to = *from;
    struct tw_str *const strings[] = {&to->topic, &to->client_id, &to->server_id, &to->server_name,
        &to->method, &to->id, &to->tool, &to->arguments, &to->error};
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        keep(a, strings[i]);
    to->tools = copy_tools(a, from->tools, from->n_tools);
    if (to->tools == NULL)
        to->n_tools = 0;
    return to;
}

/* One of the details is not copied a second time. */
static const struct tw_value *copy_select(struct tw_arena *a, const struct tw_value *select,
    const struct tw_value *details, const struct tw_value *copied)
{
    for (uint32_t i = 0; details != NULL && copied != NULL && i < details->n; i++)
        if (&details->items[i] == select)
            return copied->items == NULL ? NULL : &copied->items[i];
    return copy_value(a, select);
}

/* What few messages have. */
static void copy_more(struct tw_arena *a, struct tw_opcua_info *to)
{
    const struct tw_value *details = to->details;
    to->details = copy_value(a, details);
    to->select = copy_select(a, to->select, details, to->details);
    to->history = copy_history(a, to->history);
    to->certificate = copy_certificate(a, to->certificate);
    to->decision = copy_decision(a, to->decision);
    to->properties = copy_properties(a, to->properties, to->n_properties);
    if (to->properties == NULL)
        to->n_properties = 0;
}

static struct tw_opcua_info *copy_opcua(struct tw_batch *b, const struct tw_opcua_info *from)
{
    struct tw_arena *a = &b->arena;
    const bool again = from->serial != 0 && from->serial == b->opcua_serial;
    if (again && tw_opcua_info_same_item(b->opcua, from))
        return b->opcua;
    struct tw_opcua_info *to = tw_arena_alloc(a, sizeof(*to));
    if (to == NULL)
        return NULL;
    if (again) { /* of another item of the message: what it points to is here already */
        *to = *b->opcua;
        tw_opcua_info_set_item(to, from);
        return to;
    }
    *to = *from;
    struct tw_str *const strings[] = {&to->service, &to->attribute, &to->index_range.s,
        &to->audit_entry_id.s, &to->security_policy.s, &to->security_mode.s, &to->application_uri.s,
        &to->application_name.s, &to->product_uri.s, &to->session_name.s, &to->user.s,
        &to->session.s, &to->user_token, &to->certificate_sha256.s, &to->certificate_uri,
        &to->server_uri, &to->endpoint_url, &to->object_id, &to->namespace_uri};
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        keep(a, strings[i]);
    to->outputs = copy_value(a, from->outputs);
    if (to->details != NULL || to->history != NULL || to->certificate != NULL ||
        to->properties != NULL || to->select != NULL || to->decision != NULL)
        copy_more(a, to);
    b->opcua_serial = from->serial;
    b->opcua = to;
    return to;
}

static const struct tw_mqtt_more *copy_mqtt_more(
    struct tw_arena *a, const struct tw_mqtt_more *from)
{
    struct tw_mqtt_more *to = from == NULL ? NULL : tw_arena_alloc(a, sizeof(*to));
    if (to == NULL)
        return NULL;
    *to = *from;
    struct tw_str *const strings[] = {&to->auth_method, &to->response_information,
        &to->server_reference, &to->correlation, &to->will_content_type, &to->will_response_topic};
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        keep(a, strings[i]);
    return to;
}

static struct tw_mqtt_info *copy_mqtt(struct tw_batch *b, const struct tw_mqtt_info *from)
{
    struct tw_arena *a = &b->arena;
    if (from->serial != 0 && from->serial == b->mqtt_serial)
        return b->mqtt;
    struct tw_mqtt_info *to = tw_arena_alloc(a, sizeof(*to));
    if (to == NULL)
        return NULL;
    *to = *from;
    struct tw_str *const strings[] = {&to->client_id.s, &to->username.s, &to->payload,
        &to->reason_string, &to->content_type, &to->response_topic, &to->will_topic, &to->node};
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        keep(a, strings[i]);
    to->user_properties = copy_value(a, from->user_properties);
    to->decision = copy_decision(a, from->decision);
    to->mcp = copy_mcp(a, from->mcp);
    to->carrier = tw_carrier_copy(a, from->carrier);
    to->more = copy_mqtt_more(a, from->more);
    b->mqtt_serial = from->serial;
    b->mqtt = to;
    return to;
}

static const struct tw_pubsub_field *copy_fields(
    struct tw_arena *a, const struct tw_pubsub_info *from)
{
    if (from->n_fields == 0)
        return NULL;
    struct tw_pubsub_field *fields = tw_arena_alloc(a, from->n_fields * sizeof(*fields));
    if (fields == NULL)
        return NULL;
    for (uint32_t i = 0; i < from->n_fields; i++) {
        fields[i] = from->fields[i];
        keep(a, &fields[i].name);
    }
    return fields;
}

static struct tw_pubsub_info *copy_pubsub(struct tw_batch *b, const struct tw_pubsub_info *from)
{
    struct tw_arena *a = &b->arena;
    if (from->serial != 0 && from->serial == b->pubsub_serial)
        return b->pubsub;
    struct tw_pubsub_info *to = tw_arena_alloc(a, sizeof(*to));
    if (to == NULL)
        return NULL;
    *to = *from;
    struct tw_str *const strings[] = {&to->message_type, &to->publisher_id, &to->writer_group,
        &to->data_set_writer, &to->writer_name, &to->status, &to->bytes};
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        keep(a, strings[i]);
    to->fields = copy_fields(a, from);
    b->pubsub_serial = from->serial;
    b->pubsub = to;
    return to;
}

static struct tw_sparkplug_info *copy_sparkplug(
    struct tw_batch *b, const struct tw_sparkplug_info *from)
{
    struct tw_arena *a = &b->arena;
    if (from->serial != 0 && from->serial == b->sparkplug_serial)
        return b->sparkplug;
    struct tw_sparkplug_info *to = tw_arena_alloc(a, sizeof(*to));
    if (to == NULL)
        return NULL;
    *to = *from;
    struct tw_str *const strings[] = {
        &to->group, &to->edge_node, &to->device, &to->host, &to->uuid};
    for (size_t i = 0; i < sizeof(strings) / sizeof(strings[0]); i++)
        keep(a, strings[i]);
    b->sparkplug_serial = from->serial;
    b->sparkplug = to;
    return to;
}

static struct tw_sparkplug_metric *copy_metric(
    struct tw_arena *a, const struct tw_sparkplug_metric *from)
{
    struct tw_sparkplug_metric *to = tw_arena_alloc(a, sizeof(*to));
    if (to == NULL)
        return NULL;
    *to = *from;
    to->properties = copy_value(a, from->properties);
    to->metadata = copy_value(a, from->metadata);
    keep(a, &to->unit);
    return to;
}

static const struct tw_tunnel *copy_tunnel(struct tw_arena *a, const struct tw_tunnel *from)
{
    struct tw_tunnel *to = tw_arena_alloc(a, sizeof(*to));
    if (to != NULL)
        *to = *from;
    return to;
}

static void copy_event(struct tw_batch *b, struct tw_event *to)
{
    struct tw_arena *a = &b->arena;
    keep(a, &to->app);
    keep(a, &to->object);
    keep(a, &to->field);
    keep(a, &to->status.s);
    keep(a, &to->detail);
    keep_value(a, &to->value, 0);
    if (to->tunnel != NULL)
        to->tunnel = copy_tunnel(a, to->tunnel);
    if (to->opcua != NULL)
        to->opcua = copy_opcua(b, to->opcua);
    if (to->mqtt != NULL)
        to->mqtt = copy_mqtt(b, to->mqtt);
    if (to->pubsub != NULL)
        to->pubsub = copy_pubsub(b, to->pubsub);
    if (to->sparkplug != NULL)
        to->sparkplug = copy_sparkplug(b, to->sparkplug);
    if (to->metric != NULL)
        to->metric = copy_metric(a, to->metric);
    if (to->flow_info != NULL) {
        struct tw_flow_info *info = tw_arena_alloc(a, sizeof(*info));
        if (info != NULL)
            *info = *to->flow_info;
        if (info != NULL)
            info->tls = tw_tls_info_copy(a, info->tls);
        if (info != NULL)
            info->path = tw_arena_str(a, info->path);
        to->flow_info = info;
    }
    to->facts = NULL;
}

enum tw_status tw_batch_add(struct tw_batch *b, const struct tw_event *event)
{
    if (b->n == b->capacity)
        return TW_FULL;
    struct tw_event *to = tw_arena_alloc(&b->arena, sizeof(*to));
    if (to == NULL)
        return TW_FULL;
    *to = *event;
    copy_event(b, to);
    if (b->arena.overflowed) {
        /* Half a message's facts may be in here: later events must not share them. */
        b->opcua_serial = b->mqtt_serial = b->pubsub_serial = b->sparkplug_serial = 0;
        return TW_FULL;
    }
    b->events[b->n++] = to;
    return TW_OK;
}
