#include "protocol/sparkplug/report.h"

#include "base/limits.h"
#include "base/num.h"
#include "event/secret.h"
#include "protocol/sparkplug/payload.h"

/* Room for what one metric makes, its properties included; more is cut. */
enum { METRIC_BYTES = 32 * 1024 };

static void begin_info(
    const struct tw_sparkplug_place *place, uint64_t serial, struct tw_sparkplug_info *out)
{
    *out = (struct tw_sparkplug_info){.serial = serial,
        .kind = place->kind,
        .group = place->group,
        .edge_node = place->edge_node,
        .device = place->device,
        .host = place->host};
}

void tw_sparkplug_describe(struct tw_cur bytes, const struct tw_sparkplug_place *place,
    uint64_t serial, struct tw_sparkplug_info *out)
{
    struct tw_sparkplug_payload p;
    begin_info(place, serial, out);
    out->incomplete = tw_sparkplug_payload_read(bytes, place->kind, &p) != TW_SPARKPLUG_OK;
    out->has_seq = p.has_seq;
    out->seq = p.seq;
    out->has_bd_seq = p.has_bd_seq;
    out->bd_seq = p.bd_seq;
    if (p.has_timestamp)
        (void)tw_sparkplug_time(p.timestamp_ms, &out->timestamp_ns);
    out->uuid = tw_utf8_cut(p.uuid, TW_MAX_IDENTITY);
    out->body_bytes = p.body.len;
    out->compressed = tw_str_is(p.uuid, "SPBV1.0_COMPRESSED") && p.body.len > 0;
    out->cut = out->compressed || p.n_metrics > TW_MAX_LEAVES;
    out->incomplete |= out->cut;
}

/* A Payload on its way into events. */
struct report {
    const struct tw_emit *out;
    struct tw_event event;
    struct tw_sparkplug_metric metric;
    struct tw_sparkplug_build build;
    struct tw_arena arena;
    struct tw_value properties, metadata;
    unsigned n_leaves;
    bool is_secret;  /* of a topic that is named after one */
    size_t base_len; /* of the outermost template's alias, where it has no name */
    uint64_t base_alias;
    size_t path_len;
    char path[TW_MAX_TOPIC];
};

/* The metric's name behind that of the template it is in. What does not fit is cut, and says so. */
static bool add_name(struct report *r, struct tw_str name)
{
    if (r->path_len > 0 && r->path_len < sizeof(r->path))
        r->path[r->path_len++] = '/';
    const struct tw_str fits = tw_utf8_cut(name, sizeof(r->path) - r->path_len);
    if (fits.len > 0)
        memcpy(r->path + r->path_len, fits.p, fits.len);
    r->path_len += fits.len;
    return fits.len == name.len;
}

/* A metric without a name is known by its alias: session/ finds the name. */
static bool set_field(struct report *r, const struct tw_sparkplug_wire_metric *m)
{
    char digits[TW_NUM_TEXT];
    struct tw_str name = m->name;
    if (name.len == 0 && m->has_alias)
        name = (struct tw_str){digits, tw_num_u64(digits, m->alias)};
    if (name.p == NULL)
        return false;
    r->metric.alias_unresolved = m->name.len == 0;
    r->event.truncated = !add_name(r, name);
    r->event.field = (struct tw_str){r->path, r->path_len};
    return true;
}

static void take_number(const struct tw_value *v, bool *out_has, double *out)
{
    *out_has = tw_value_number(v, out);
}

/* Those that are known by name [SPB 6.4.10]. */
static void take_properties(struct tw_sparkplug_metric *to, const struct tw_value *all)
{
    double quality;
    for (uint32_t i = 0; i < all->n; i++) {
        const struct tw_value *v = &all->items[i];
        if (tw_str_eq_nocase(v->name, TW_STR("engLow")))
            take_number(v, &to->has_low, &to->low);
        else if (tw_str_eq_nocase(v->name, TW_STR("engHigh")))
            take_number(v, &to->has_high, &to->high);
        else if (tw_str_eq_nocase(v->name, TW_STR("engUnit")) && v->kind == TW_VALUE_STRING)
            to->unit = v->s;
        else if (tw_str_eq_nocase(v->name, TW_STR("Quality")))
            take_number(v, &to->has_quality, &quality);
    }
    if (!to->has_quality)
        return;
    to->has_quality = quality >= -1e9 && quality <= 1e9;
    to->quality = to->has_quality ? (int64_t)quality : 0;
}

static void set_facts(struct report *r, const struct tw_sparkplug_wire_metric *m)
{
    const bool unresolved = r->metric.alias_unresolved;
    r->metric = (struct tw_sparkplug_metric){.datatype = m->datatype,
        .has_alias = m->has_alias,
        .alias = m->alias,
        .is_null = m->is_null,
        .is_historical = m->is_historical,
        .is_transient = m->is_transient,
        .base_len = r->base_len,
        .base_alias = r->base_alias,
        .alias_unresolved = unresolved};
    r->event.source_ts_ns = 0;
    if (m->has_timestamp && !tw_sparkplug_time(m->timestamp_ms, &r->event.source_ts_ns))
        tw_sparkplug_note(&r->build, TW_SPARKPLUG_BAD_TIMESTAMP);
    if (m->has_properties) {
        tw_sparkplug_properties(&r->build, m->properties, &r->properties);
        r->metric.properties = &r->properties;
        take_properties(&r->metric, &r->properties);
    }
    if (m->has_metadata) {
        tw_sparkplug_metadata(&r->build, m->metadata, &r->metadata);
        r->metric.metadata = &r->metadata;
    }
}

static void set_value(struct report *r, const struct tw_sparkplug_wire_metric *m)
{
    struct tw_sparkplug_content content = m->content;
    if (m->is_null)
        content.form = TW_SPARKPLUG_NO_VALUE;
    r->event.type = tw_sparkplug_typed(&r->build, m->datatype, &content, &r->event.value);
    if (r->event.value.kind != TW_VALUE_NULL && (r->is_secret || tw_secret_name(r->event.field))) {
        r->event.value = (struct tw_value){.kind = TW_VALUE_STRING, .s = TW_REDACTED};
        r->event.type = "String";
    }
}

static void give_metric(struct report *r, struct tw_cur bytes, unsigned depth);

static void give_members(struct report *r, struct tw_cur bytes, unsigned depth)
{
    const size_t path_len = r->path_len;
    struct tw_cur member;
    while (r->n_leaves < TW_MAX_LEAVES && tw_sparkplug_next_metric(&bytes, &member)) {
        give_metric(r, member, depth + 1);
        r->path_len = path_len;
    }
}

static void give_metric(struct report *r, struct tw_cur bytes, unsigned depth)
{
    struct tw_sparkplug_wire_metric m;
    if (!tw_sparkplug_metric_read(bytes, &m))
        tw_sparkplug_note(&r->build, TW_SPARKPLUG_BAD_PROTOBUF);
    if (!set_field(r, &m)) {
        tw_sparkplug_note(&r->build, TW_SPARKPLUG_NO_NAME);
        return;
    }
    const bool has_members = m.content.form == TW_SPARKPLUG_OF_TEMPLATE && !m.is_null;
    const bool too_deep = has_members && depth >= TW_MAX_EVENT_DEPTH;
    const bool last = r->n_leaves + 1 == TW_MAX_LEAVES;
    tw_arena_reset(&r->arena);
    r->build.truncated = r->event.truncated || too_deep || last;
    set_facts(r, &m);
    set_value(r, &m);
    r->event.truncated = r->build.truncated;
    r->n_leaves++;
    tw_emit(r->out, &r->event);
    if (depth == 0 && m.name.len == 0) {
        r->base_len = r->path_len;
        r->base_alias = m.alias;
    }
    if (has_members && !too_deep)
        give_members(r, m.content.bytes, depth);
}

static void give_metrics(struct report *r, struct tw_cur bytes)
{
    struct tw_cur metric;
    while (r->n_leaves < TW_MAX_LEAVES && tw_sparkplug_next_metric(&bytes, &metric)) {
        r->path_len = r->base_len = 0;
        give_metric(r, metric, 0);
    }
}

unsigned tw_sparkplug_give_anomaly(
    const struct tw_event *base, enum tw_sparkplug_anomaly wrong, const struct tw_emit *out)
{
    struct tw_event e = *base;
    if (wrong == TW_SPARKPLUG_OK)
        return 0;
    e.action = TW_ACTION_MALFORMED;
    e.detail = tw_str_of(tw_sparkplug_anomaly_name(wrong));
    tw_emit(out, &e);
    return 1;
}

/* What is wrong with it as a whole comes before what is with one of its metrics. */
static enum tw_sparkplug_anomaly judge(const struct tw_event *base, struct tw_cur bytes)
{
    enum { MOST = 255 };
    struct tw_sparkplug_payload p;
    const enum tw_sparkplug_anomaly wrong = tw_sparkplug_payload_read(bytes, TW_SPARKPLUG_NONE, &p);
    int64_t ns;
    if (wrong != TW_SPARKPLUG_OK)
        return base->truncated ? TW_SPARKPLUG_OK : wrong; /* of what was cut, all would be wrong */
    if (p.has_timestamp && !tw_sparkplug_time(p.timestamp_ms, &ns))
        return TW_SPARKPLUG_BAD_TIMESTAMP;
    return p.has_seq && p.seq > MOST ? TW_SPARKPLUG_BAD_SEQUENCE : TW_SPARKPLUG_OK;
}

unsigned tw_sparkplug_report(
    const struct tw_event *base, struct tw_cur bytes, const struct tw_emit *out)
{
    _Alignas(16) uint8_t memory[METRIC_BYTES];
    struct report r;
    r.out = out;
    r.event = *base;
    r.event.metric = &r.metric;
    r.build = (struct tw_sparkplug_build){.arena = &r.arena, .wrong = judge(base, bytes)};
    r.n_leaves = 0;
    r.is_secret = tw_secret_name(base->object);
    tw_arena_init(&r.arena, memory, sizeof(memory));
    give_metrics(&r, bytes);
    return tw_sparkplug_give_anomaly(base, r.build.wrong, out);
}

bool tw_sparkplug_will(
    struct tw_str topic, struct tw_str payload, uint64_t serial, struct tw_sparkplug_info *out)
{
    struct tw_sparkplug_place place;
    tw_sparkplug_place(topic, &place);
    if (place.kind == TW_SPARKPLUG_NDEATH) {
        tw_sparkplug_describe(tw_cur_str(payload), &place, serial, out);
        return true;
    }
    if (place.kind != TW_SPARKPLUG_STATE ||
        (place.is_old_state && !tw_sparkplug_is_state_text(payload)))
        return false;
    (void)tw_sparkplug_state(payload, &place, serial, out);
    return true;
}
