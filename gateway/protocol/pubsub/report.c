#include "protocol/pubsub/report.h"

#include "base/num.h"

/* Room for what the value of one field makes; longer ones are cut. */
enum { FIELD_BYTES = 32 * 1024 };

static struct tw_str number_text(uint64_t v, char *out, size_t size)
{
    char digits[TW_NUM_TEXT];
    size_t len = tw_num_u64(digits, v);
    len = len < size ? len : size;
    memcpy(out, digits, len);
    return (struct tw_str){out, len};
}

static const char *security_of(const struct tw_uadp *u)
{
    return u->is_encrypted ? "encrypted" : u->is_signed ? "signed" : "none";
}

/* What the NetworkMessage says, then what only its topic does. */
static void describe_network(const struct tw_uadp *u, const struct tw_pubsub_place *place,
    struct tw_pubsub_text *text, struct tw_pubsub_info *out)
{
    *out = (struct tw_pubsub_info){.encoding = "uadp", .security = security_of(u)};
    if (u->has_publisher)
        out->publisher_id =
            u->publisher_type == TW_UADP_STRING
                ? tw_utf8_cut(u->publisher_text, TW_MAX_IDENTITY)
                : number_text(u->publisher, text->publisher, sizeof(text->publisher));
    if (u->has_writer_group)
        out->writer_group = number_text(u->writer_group, text->group, sizeof(text->group));
    out->has_group_sequence = u->has_sequence;
    out->group_sequence = u->sequence;
    out->has_number = u->has_number;
    out->number = u->number;
    out->timestamp_ns = u->timestamp_ns;
    out->has_chunk = u->is_chunk && !u->is_encrypted;
    out->chunk_offset = u->chunk_offset;
    out->chunk_total = u->chunk_total;
    out->has_sequence = out->has_chunk;
    out->sequence = u->chunk_sequence;
    if (u->is_encrypted || u->is_chunk)
        out->message_bytes = u->payload.left;
    out->message_type = u->kind == TW_UADP_DATA    ? TW_STR("data")
                        : u->kind == TW_UADP_PROBE ? TW_STR("probe")
                                                   : TW_STR("announcement");
    if (u->has_action && !u->is_encrypted)
        out->message_type = u->is_request ? TW_STR("action-request") : TW_STR("action-response");
    else if (place != NULL && place->message_type.p != NULL && u->kind == TW_UADP_DATA)
        out->message_type = tw_utf8_cut(place->message_type, TW_MAX_IDENTITY);
    if (place == NULL || !place->by_topic)
        return;
    out->publisher_differs = out->publisher_id.p != NULL &&
                             memchr(out->publisher_id.p, '/', out->publisher_id.len) == NULL &&
                             !tw_str_eq(out->publisher_id, place->publisher);
    if (out->publisher_id.p == NULL)
        out->publisher_id = tw_utf8_cut(place->publisher, TW_MAX_IDENTITY);
    if (out->writer_group.p == NULL && place->writer_group.p != NULL)
        out->writer_group = tw_utf8_cut(place->writer_group, TW_MAX_IDENTITY);
    if (place->writer.p != NULL)
        out->data_set_writer = out->writer_name = tw_utf8_cut(place->writer, TW_MAX_IDENTITY);
}

static void describe_slice(
    const struct tw_uadp_slice *slice, struct tw_pubsub_text *text, struct tw_pubsub_info *out)
{
    if (slice->has_writer)
        out->data_set_writer = number_text(slice->writer, text->writer, sizeof(text->writer));
}

static void describe_message(
    const struct tw_uadp_message *m, struct tw_pubsub_text *text, struct tw_pubsub_info *out)
{
    static const char *const types[] = {"keyframe", "deltaframe", "event", "keepalive"};
    static const char *const encodings[] = {"variant", "raw", "datavalue"};
    out->invalid = !m->valid;
    if (!m->valid)
        return;
    if (m->type < sizeof(types) / sizeof(types[0]))
        out->dataset_type = types[m->type];
    else
        out->message_type = m->type == TW_UADP_ACTION_REQUEST ? TW_STR("action-request")
                                                              : TW_STR("action-response");
    if (m->type != TW_UADP_KEEP_ALIVE)
        out->field_encoding = encodings[m->type == TW_UADP_EVENT ? 0 : m->encoding];
    out->has_sequence = m->has_sequence;
    out->sequence = m->sequence;
    out->has_major = m->has_major;
    out->has_minor = m->has_minor;
    out->major = m->major;
    out->minor = m->minor;
    if (m->timestamp_ns != 0)
        out->timestamp_ns = m->timestamp_ns;
    if (m->has_status)
        out->status = tw_opcua_status_text((uint32_t)m->status << 16, text->status);
}

static void describe_discovery(const struct tw_uadp *u, const struct tw_uadp_discovery *d,
    struct tw_pubsub_text *text, struct tw_pubsub_info *out)
{
    const char *name = tw_uadp_discovery_name(d->type, u->kind == TW_UADP_PROBE);
    out->message_type = name != NULL               ? tw_str_of(name)
                        : u->kind == TW_UADP_PROBE ? TW_STR("probe")
                                                   : TW_STR("announcement");
    if (d->has_sequence) {
        out->has_group_sequence = true;
        out->group_sequence = d->sequence;
    }
    if (d->has_writer)
        out->data_set_writer = number_text(d->writer, text->writer, sizeof(text->writer));
    if (!d->is_metadata)
        return;
    out->has_major = out->has_minor = true;
    out->major = d->major;
    out->minor = d->minor;
    out->status = tw_opcua_status_text(d->status, text->status);
    out->declares = true;
    out->n_fields = d->n_fields;
    out->fields = d->fields;
}

/* Metadata may have been seen elsewhere: session/ knows. */
static void carry_raw(const struct tw_uadp_message *m, struct tw_pubsub_info *out)
{
    out->message_bytes = m->fields.left;
    if (m->encoding == TW_UADP_RAW && m->type <= TW_UADP_DELTA_FRAME &&
        m->fields.left <= TW_PUBSUB_MAX_RAW)
        out->bytes = tw_cur_rest(&m->fields);
}

/* The other chunks may have come before, on another way: session/ puts them together. */
static void carry_chunk(const struct tw_uadp *u, struct tw_cur bytes, struct tw_pubsub_info *out)
{
    if (!out->has_chunk || bytes.left > TW_PUBSUB_MAX_RAW)
        return;
    out->bytes = tw_cur_rest(&bytes);
    out->part_len = (uint32_t)u->payload.left;
    out->part_at = (uint32_t)(bytes.left - u->behind) - out->part_len;
}

struct tw_str tw_pubsub_object(const struct tw_pubsub_info *info, char *out)
{
    const struct tw_str levels[] = {info->publisher_id, info->writer_group, info->data_set_writer};
    enum { LEVELS = sizeof(levels) / sizeof(levels[0]), MOST = TW_PUBSUB_OBJECT / LEVELS - 1 };
    size_t len = 0, known = 0;
    for (size_t i = 0; i < LEVELS; i++) {
        const struct tw_str part = tw_utf8_cut(levels[i], MOST);
        if (i > 0)
            out[len++] = '/';
        if (part.len > 0)
            memcpy(out + len, part.p, part.len);
        len += part.len;
        known = part.len > 0 ? len : known;
    }
    return known == 0 ? TW_STR_NONE : (struct tw_str){out, known};
}

/* One NetworkMessage on its way into events. */
struct report {
    const struct tw_uadp_report *how;
    struct tw_uadp u;
    struct tw_event event;
    struct tw_pubsub_info info;
    struct tw_pubsub_text text;
    struct tw_uadp_discovery discovery;
    char object[TW_PUBSUB_OBJECT];
    struct tw_uadp_field_text field_text;
    uint64_t next_serial;
    bool described; /* its only DataSetMessage was: what that carries is with the message's event */
    unsigned n_fields; /* given, of all DataSetMessages */
};

/* Something new was described: it is no longer what was given last. */
static void fresh(struct report *r)
{
    r->info.serial = r->next_serial++;
    r->event = *r->how->base;
    r->event.pubsub = &r->info;
    r->event.has_encrypted = r->how->datagram;
    r->event.encrypted = r->how->datagram && r->u.is_encrypted;
    if (!r->how->datagram)
        return;
    r->event.object = tw_pubsub_object(&r->info, r->object);
    r->event.object_null = r->event.object.p == NULL;
}

/* The event of the DataSetMessage itself; over MQTT only where it carries what session/ may open.
 */
static void give_message(struct report *r, bool truncated)
{
    r->info.carrier = !r->how->datagram;
    if (r->info.carrier && (r->described || r->info.bytes.len == 0))
        return;
    struct tw_event e = r->event;
    e.truncated = truncated;
    if (r->info.status.p != NULL)
        e.status.s = r->info.status;
    tw_emit(r->how->emit, &e);
}

void tw_uadp_field_event(const struct tw_event *base, const struct tw_uadp_field *field,
    struct tw_uadp_field_text *text, struct tw_event *out)
{
    *out = *base;
    out->field = (struct tw_str){text->index, tw_num_u64(text->index, field->index)};
    out->value = field->v.v.value;
    out->type = field->v.v.type;
    out->source_ts_ns = field->v.source_ts_ns;
    out->server_ts_ns = field->v.server_ts_ns;
    /* A broker's message has a status only where a field says that its value is no good one. */
    out->status = (struct tw_maybe){.is_null = false};
    if (base->mqtt == NULL || field->v.status != 0)
        out->status.s = tw_opcua_status_text(field->v.status, text->status);
    out->status_code = field->v.status;
    out->status_bad = tw_opcua_is_bad(field->v.status);
    if (out->status_bad || !field->v.has_value)
        out->value = (struct tw_value){.kind = out->status_bad ? TW_VALUE_NONE : TW_VALUE_NULL};
    if (out->value.kind <= TW_VALUE_NULL)
        out->type = NULL;
}

static void give_field(
    struct report *r, const struct tw_uadp_field *field, const struct tw_opcua_scratch *s)
{
    struct tw_event e;
    tw_uadp_field_event(&r->event, field, &r->field_text, &e);
    e.truncated = s->truncated;
    tw_emit(r->how->emit, &e);
}

static enum tw_pubsub_anomaly give_fields(struct report *r, const struct tw_uadp_message *m)
{
    _Alignas(16) uint8_t memory[FIELD_BYTES];
    struct tw_arena arena;
    struct tw_opcua_scratch s = {.arena = &arena};
    struct tw_uadp_field field;
    struct tw_cur c = m->fields;
    tw_arena_init(&arena, memory, sizeof(memory));
    if (m->opaque)
        return TW_PUBSUB_NONE;
    for (uint32_t i = 0; i < m->n_fields; i++) {
        tw_opcua_scratch_reset(&s);
        if (r->n_fields++ == TW_MAX_LEAVES)
            return TW_PUBSUB_FIELD_LIMIT;
        if (!tw_uadp_field(&s, m, i, &c, &field))
            return TW_PUBSUB_DECODE_ERROR;
        give_field(r, &field, &s);
    }
    return tw_uadp_is_padding(c) ? TW_PUBSUB_NONE : TW_PUBSUB_TRAILING_BYTES;
}

static enum tw_pubsub_anomaly give_slice(struct report *r, const struct tw_uadp_slice *slice)
{
    struct tw_uadp_message m = {0};
    const enum tw_pubsub_anomaly wrong = tw_uadp_message(&r->u, slice->bytes, &m);
    describe_network(&r->u, r->how->place, &r->text, &r->info);
    describe_slice(slice, &r->text, &r->info);
    if (wrong == TW_PUBSUB_NONE)
        describe_message(&m, &r->text, &r->info);
    fresh(r);
    if (wrong != TW_PUBSUB_NONE)
        return wrong;
    if (m.opaque)
        carry_raw(&m, &r->info);
    give_message(r, m.opaque);
    return m.valid ? give_fields(r, &m) : TW_PUBSUB_NONE;
}

static enum tw_pubsub_anomaly give_data(struct report *r)
{
    struct tw_uadp_slices slices;
    struct tw_uadp_slice slice;
    enum tw_pubsub_anomaly wrong = tw_uadp_slices(&r->u, &slices);
    while (wrong == TW_PUBSUB_NONE && tw_uadp_next(&slices, &slice))
        wrong = give_slice(r, &slice);
    if (wrong == TW_PUBSUB_NONE && slices.sized && !tw_uadp_is_padding(slices.bytes))
        wrong = TW_PUBSUB_TRAILING_BYTES;
    return wrong;
}

/* What can not be read: one event for each of the writers it names. */
static void give_opaque(struct report *r, struct tw_cur bytes)
{
    struct tw_cur writers = r->u.writers;
    struct tw_uadp_slice slice = {.has_writer = false};
    do {
        slice.has_writer = tw_cur_u16le(&writers, &slice.writer);
        describe_network(&r->u, r->how->place, &r->text, &r->info);
        describe_slice(&slice, &r->text, &r->info);
        fresh(r);
        carry_chunk(&r->u, bytes, &r->info);
        give_message(r, r->u.is_chunk);
    } while (writers.left >= 2);
}

static enum tw_pubsub_anomaly give_discovery(struct report *r)
{
    const enum tw_pubsub_anomaly wrong = tw_uadp_discovery(&r->u, &r->discovery);
    describe_network(&r->u, r->how->place, &r->text, &r->info);
    describe_discovery(&r->u, &r->discovery, &r->text, &r->info);
    fresh(r);
    if (wrong == TW_PUBSUB_NONE || r->discovery.is_metadata)
        give_message(r, false);
    return wrong;
}

static void give_anomaly(struct report *r, enum tw_pubsub_anomaly wrong)
{
    struct tw_event e = r->event;
    e.action = TW_ACTION_MALFORMED;
    e.detail = tw_str_of(tw_pubsub_anomaly_name(wrong));
    e.status = (struct tw_maybe){.is_null = false};
    e.object_null = false;
    tw_emit(r->how->emit, &e);
}

enum tw_pubsub_anomaly tw_uadp_report(const struct tw_uadp_report *how, struct tw_cur bytes)
{
    struct report r;
    r.how = how;
    r.next_serial = how->serial * TW_PUBSUB_SERIALS;
    r.n_fields = 0;
    enum tw_pubsub_anomaly wrong = tw_uadp_read(bytes, &r.u);
    r.described = !how->datagram && r.u.n_writers <= 1;
    /* What is wrong before the first DataSetMessage is said of the NetworkMessage. */
    describe_network(&r.u, how->place, &r.text, &r.info);
    fresh(&r);
    if (wrong == TW_PUBSUB_NONE && (r.u.is_encrypted || r.u.is_chunk))
        give_opaque(&r, bytes);
    else if (wrong == TW_PUBSUB_NONE)
        wrong = r.u.kind == TW_UADP_DATA ? give_data(&r) : give_discovery(&r);
    if (wrong != TW_PUBSUB_NONE)
        give_anomaly(&r, wrong);
    return wrong;
}

void tw_pubsub_whole(const struct tw_event *chunk, struct tw_str payload, const struct tw_emit *out)
{
    struct tw_event base = *chunk;
    struct tw_pubsub_place place;
    struct report r;
    if (chunk->mqtt != NULL)
        tw_pubsub_place(chunk->object, chunk->mqtt, &place);
    const struct tw_uadp_report how = {.emit = out,
        .base = &base,
        .datagram = chunk->mqtt == NULL,
        .place = chunk->mqtt == NULL ? NULL : &place};
    base.pubsub = NULL;
    base.truncated = false;
    r.how = &how;
    r.next_serial = chunk->pubsub->serial + TW_PUBSUB_SERIALS / 2;
    if (tw_uadp_read(tw_cur_str(chunk->pubsub->bytes), &r.u) != TW_PUBSUB_NONE)
        return;
    r.described = false;
    r.u.is_chunk = false;
    r.u.payload = tw_cur_str(payload);
    const enum tw_pubsub_anomaly wrong =
        r.u.kind == TW_UADP_DATA ? give_data(&r) : give_discovery(&r);
    if (wrong != TW_PUBSUB_NONE)
        give_anomaly(&r, wrong);
}

void tw_uadp_describe(struct tw_cur bytes, const struct tw_pubsub_place *place, uint64_t serial,
    struct tw_pubsub_text *text, struct tw_uadp_discovery *discovery, struct tw_pubsub_info *out)
{
    struct tw_uadp u;
    struct tw_uadp_slices slices;
    struct tw_uadp_slice slice;
    struct tw_uadp_message m;
    const bool whole = tw_uadp_read(bytes, &u) == TW_PUBSUB_NONE;
    describe_network(&u, place, text, out);
    out->serial = serial * TW_PUBSUB_SERIALS + 1;
    if (!whole)
        return;
    if (u.kind != TW_UADP_DATA && !u.is_encrypted && !u.is_chunk) {
        (void)tw_uadp_discovery(&u, discovery);
        describe_discovery(&u, discovery, text, out);
        return;
    }
    if (u.is_chunk && !u.has_writers) {
        carry_chunk(&u, bytes, out);
        return;
    }
    if (u.has_writers && u.n_writers > 1) {
        out->serial = serial * TW_PUBSUB_SERIALS;
        out->data_set_writer = out->writer_name = TW_STR_NONE; /* of several; each says which */
        return;
    }
    if (tw_uadp_slices(&u, &slices) != TW_PUBSUB_NONE || !tw_uadp_next(&slices, &slice))
        return;
    describe_slice(&slice, text, out);
    carry_chunk(&u, bytes, out);
    if (u.is_encrypted || u.is_chunk || tw_uadp_message(&u, slice.bytes, &m) != TW_PUBSUB_NONE)
        return;
    describe_message(&m, text, out);
    if (m.opaque)
        carry_raw(&m, out);
}

static enum tw_uadp_doubt judge_message(const struct tw_uadp *u, struct tw_cur bytes)
{
    struct tw_opcua_scratch s = {0};
    struct tw_uadp_message m;
    if (tw_uadp_message(u, bytes, &m) != TW_PUBSUB_NONE || !m.valid)
        return TW_UADP_NOT;
    if (m.opaque)
        return TW_UADP_MAYBE;
    struct tw_cur c = m.fields;
    for (uint32_t i = 0; i < m.n_fields; i++)
        if (!tw_uadp_field(&s, &m, i, &c, NULL))
            return TW_UADP_NOT;
    if (!tw_uadp_is_padding(c))
        return TW_UADP_NOT;
    return m.n_fields > 0 && c.left == 0 ? TW_UADP_SURE : TW_UADP_MAYBE;
}

static enum tw_uadp_doubt judge_data(const struct tw_uadp *u)
{
    struct tw_uadp_slices slices;
    struct tw_uadp_slice slice;
    enum tw_uadp_doubt least = TW_UADP_SURE;
    if (tw_uadp_slices(u, &slices) != TW_PUBSUB_NONE)
        return TW_UADP_NOT;
    while (tw_uadp_next(&slices, &slice)) {
        const enum tw_uadp_doubt one = judge_message(u, slice.bytes);
        least = one < least ? one : least;
    }
    return slices.sized && slices.bytes.left > 0 ? TW_UADP_NOT : least;
}

enum tw_uadp_doubt tw_uadp_judge(struct tw_cur bytes)
{
    struct tw_uadp u;
    struct tw_uadp_discovery d;
    if (tw_uadp_read(bytes, &u) != TW_PUBSUB_NONE)
        return TW_UADP_NOT;
    /* Next to nothing in front of whatever follows: it may be anything. */
    if (!u.has_publisher && !u.has_writers && !u.has_writer_group)
        return TW_UADP_NOT;
    if (u.is_encrypted || u.is_chunk)
        return TW_UADP_MAYBE;
    enum tw_uadp_doubt found = TW_UADP_MAYBE;
    if (u.kind == TW_UADP_DATA)
        found = judge_data(&u);
    else if (tw_uadp_discovery(&u, &d) != TW_PUBSUB_NONE)
        found = TW_UADP_NOT;
    else if (d.is_metadata && d.whole)
        found = TW_UADP_SURE;
    const bool named = u.has_publisher && (u.has_writers || u.kind != TW_UADP_DATA);
    return found == TW_UADP_SURE && !named ? TW_UADP_MAYBE : found;
}
