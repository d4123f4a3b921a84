/* The section "sparkplug" of an event. */
#include "event/emit_json.h"
#include "event/sparkplug.h"

static void flag(struct tw_text *t, const char *key, bool v)
{
    if (v)
        tw_json_member_bool(t, key, true);
}

static void value(struct tw_text *t, const char *key, const struct tw_value *v)
{
    if (v == NULL)
        return;
    tw_json_key(t, key);
    tw_value_json(t, v);
}

static void found(struct tw_text *t, const struct tw_sparkplug_found *f)
{
    tw_json_maybe_u64(t, "missing", f->missing > 0, f->missing);
    tw_json_maybe_str(t, "sender_host", f->sender_host);
    tw_json_maybe_str(t, "primary_host", f->primary_host);
#define TW_SPARKPLUG_PRINT(name, doc) flag(t, #name, f->name);
    TW_SPARKPLUG_FOUND_TABLE(TW_SPARKPLUG_PRINT)
}

static void metric(struct tw_text *t, const struct tw_sparkplug_metric *f)
{
    tw_json_maybe_u64(t, "alias", f->has_alias, f->alias);
    flag(t, "is_null", f->is_null);
    flag(t, "is_historical", f->is_historical);
    flag(t, "is_transient", f->is_transient);
    if (f->has_quality)
        tw_json_member_i64(t, "quality", f->quality);
    value(t, "properties", f->properties);
    value(t, "metadata", f->metadata);
    tw_json_maybe_u64(t, "rebirth_requests", f->rebirth_requests > 0, f->rebirth_requests);
    TW_SPARKPLUG_METRIC_TABLE(TW_SPARKPLUG_PRINT)
#undef TW_SPARKPLUG_PRINT
}

void tw_sparkplug_json(struct tw_text *t, const struct tw_sparkplug_info *p,
    const struct tw_sparkplug_metric *of_metric)
{
    const char *type = tw_sparkplug_kind_name(p->kind);
    tw_json_key(t, "sparkplug");
    tw_json_object(t);
    if (type != NULL)
        tw_json_member_z(t, "type", type);
    tw_json_maybe_str(t, "group", p->group);
    tw_json_maybe_str(t, "edge_node", p->edge_node);
    tw_json_maybe_str(t, "device", p->device);
    tw_json_maybe_str(t, "host", p->host);
    if (p->has_online)
        tw_json_member_bool(t, "online", p->online);
    tw_json_maybe_u64(t, "seq", p->has_seq, p->seq);
    tw_json_maybe_u64(t, "bd_seq", p->has_bd_seq, p->bd_seq);
    tw_json_maybe_time(t, "timestamp", p->timestamp_ns, false);
    tw_json_maybe_str(t, "uuid", p->uuid);
    tw_json_maybe_u64(t, "body_bytes", p->body_bytes > 0, p->body_bytes);
    flag(t, "compressed", p->compressed);
    found(t, &p->found);
    if (of_metric != NULL)
        metric(t, of_metric);
    tw_json_object_end(t);
}
