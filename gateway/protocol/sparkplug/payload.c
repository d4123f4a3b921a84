#include "protocol/sparkplug/payload.h"

const char *tw_sparkplug_anomaly_name(enum tw_sparkplug_anomaly anomaly)
{
    static const char *const names[] = {
#define TW_SPARKPLUG_ANOMALY_TEXT(name, text) text,
        TW_SPARKPLUG_ANOMALY_TABLE(TW_SPARKPLUG_ANOMALY_TEXT)
#undef TW_SPARKPLUG_ANOMALY_TEXT
    };
    return names[anomaly];
}

enum { TIMESTAMP = 1, SEQ = 3, UUID = 4, BODY = 5 };

static bool is_bd_seq(const struct tw_pb_field *metric, uint64_t *out)
{
    struct tw_sparkplug_wire_metric m;
    if (!tw_sparkplug_metric_read(metric->bytes, &m) || !tw_str_is(m.name, "bdSeq") ||
        (m.content.form != TW_SPARKPLUG_OF_INT && m.content.form != TW_SPARKPLUG_OF_LONG))
        return false;
    *out = m.content.v;
    return true;
}

static void take_field(
    const struct tw_pb_field *f, bool has_bd_seq, struct tw_sparkplug_payload *out)
{
    if (tw_pb_is(f, TIMESTAMP, TW_PB_VARINT)) {
        out->has_timestamp = true;
        out->timestamp_ms = f->v;
    } else if (tw_pb_is(f, TW_SPARKPLUG_METRICS, TW_PB_BYTES)) {
        out->n_metrics++;
        if (has_bd_seq && !out->has_bd_seq)
            out->has_bd_seq = is_bd_seq(f, &out->bd_seq);
    } else if (tw_pb_is(f, SEQ, TW_PB_VARINT)) {
        out->has_seq = true;
        out->seq = f->v;
    } else if (tw_pb_is(f, UUID, TW_PB_BYTES)) {
        out->uuid = tw_cur_rest(&f->bytes);
    } else if (tw_pb_is(f, BODY, TW_PB_BYTES)) {
        out->body = tw_cur_rest(&f->bytes);
    }
}

enum tw_sparkplug_anomaly tw_sparkplug_payload_read(
    struct tw_cur bytes, enum tw_sparkplug_kind kind, struct tw_sparkplug_payload *out)
{
    const bool has_bd_seq = kind == TW_SPARKPLUG_NBIRTH || kind == TW_SPARKPLUG_NDEATH;
    struct tw_pb_field f;
    *out = (struct tw_sparkplug_payload){.has_seq = false};
    while (tw_pb_next(&bytes, &f))
        take_field(&f, has_bd_seq, out);
    return bytes.left > 0 ? TW_SPARKPLUG_BAD_PROTOBUF : TW_SPARKPLUG_OK;
}

bool tw_sparkplug_next_metric(struct tw_cur *c, struct tw_cur *out)
{
    struct tw_pb_field f;
    while (tw_pb_next(c, &f)) {
        if (tw_pb_is(&f, TW_SPARKPLUG_METRICS, TW_PB_BYTES)) {
            *out = f.bytes;
            return true;
        }
    }
    return false;
}

/* The value of a oneof; the last one counts. */
static void take_content(
    const struct tw_pb_field *f, enum tw_sparkplug_form form, struct tw_sparkplug_content *out)
{
    static const enum tw_pb_type types[] = {[TW_SPARKPLUG_OF_INT] = TW_PB_VARINT,
        [TW_SPARKPLUG_OF_LONG] = TW_PB_VARINT,
        [TW_SPARKPLUG_OF_FLOAT] = TW_PB_FIXED32,
        [TW_SPARKPLUG_OF_DOUBLE] = TW_PB_FIXED64,
        [TW_SPARKPLUG_OF_BOOLEAN] = TW_PB_VARINT,
        [TW_SPARKPLUG_OF_STRING] = TW_PB_BYTES,
        [TW_SPARKPLUG_OF_BYTES] = TW_PB_BYTES,
        [TW_SPARKPLUG_OF_DATASET] = TW_PB_BYTES,
        [TW_SPARKPLUG_OF_TEMPLATE] = TW_PB_BYTES,
        [TW_SPARKPLUG_OF_PROPERTIES] = TW_PB_BYTES,
        [TW_SPARKPLUG_OF_PROPERTY_LIST] = TW_PB_BYTES,
        [TW_SPARKPLUG_OF_EXTENSION] = TW_PB_BYTES};
    if (form == TW_SPARKPLUG_NO_VALUE || f->type != types[form])
        return;
    *out = (struct tw_sparkplug_content){.form = form, .v = f->v};
    if (f->type == TW_PB_BYTES)
        out->bytes = f->bytes;
    else if (form == TW_SPARKPLUG_OF_INT)
        out->v = (uint32_t)f->v;
}

static void take_metric_field(const struct tw_pb_field *f, struct tw_sparkplug_wire_metric *out)
{
    enum { NAME = 1, ALIAS, METRIC_TIMESTAMP, DATATYPE, HISTORICAL, TRANSIENT, IS_NULL, METADATA };
    enum { PROPERTIES = METADATA + 1, VALUE, VALUES_END = VALUE + 9, EXTENSION = 19 };
    if (f->number >= VALUE && f->number < VALUES_END) {
        take_content(
            f, (enum tw_sparkplug_form)(f->number - VALUE + TW_SPARKPLUG_OF_INT), &out->content);
    } else if (tw_pb_is(f, EXTENSION, TW_PB_BYTES)) {
        take_content(f, TW_SPARKPLUG_OF_EXTENSION, &out->content);
    } else if (tw_pb_is(f, NAME, TW_PB_BYTES)) {
        out->name = tw_cur_rest(&f->bytes);
    } else if (tw_pb_is(f, ALIAS, TW_PB_VARINT)) {
        out->has_alias = true;
        out->alias = f->v;
    } else if (tw_pb_is(f, METRIC_TIMESTAMP, TW_PB_VARINT)) {
        out->has_timestamp = true;
        out->timestamp_ms = f->v;
    } else if (tw_pb_is(f, DATATYPE, TW_PB_VARINT)) {
        out->datatype = (uint32_t)f->v;
    } else if (tw_pb_is(f, HISTORICAL, TW_PB_VARINT)) {
        out->is_historical = f->v != 0;
    } else if (tw_pb_is(f, TRANSIENT, TW_PB_VARINT)) {
        out->is_transient = f->v != 0;
    } else if (tw_pb_is(f, IS_NULL, TW_PB_VARINT)) {
        out->is_null = f->v != 0;
    } else if (tw_pb_is(f, METADATA, TW_PB_BYTES)) {
        out->has_metadata = true;
        out->metadata = f->bytes;
    } else if (tw_pb_is(f, PROPERTIES, TW_PB_BYTES)) {
        out->has_properties = true;
        out->properties = f->bytes;
    }
}

bool tw_sparkplug_metric_read(struct tw_cur bytes, struct tw_sparkplug_wire_metric *out)
{
    struct tw_pb_field f;
    *out = (struct tw_sparkplug_wire_metric){.datatype = 0};
    while (tw_pb_next(&bytes, &f))
        take_metric_field(&f, out);
    return bytes.left == 0;
}

bool tw_sparkplug_template_read(struct tw_cur bytes, struct tw_sparkplug_wire_template *out)
{
    enum { VERSION = 1, PARAMETERS = 3, REF, IS_DEFINITION };
    struct tw_pb_field f;
    *out = (struct tw_sparkplug_wire_template){.n_parameters = 0};
    while (tw_pb_next(&bytes, &f)) {
        if (tw_pb_is(&f, VERSION, TW_PB_BYTES))
            out->version = tw_cur_rest(&f.bytes);
        else if (tw_pb_is(&f, PARAMETERS, TW_PB_BYTES))
            out->n_parameters++;
        else if (tw_pb_is(&f, REF, TW_PB_BYTES))
            out->ref = tw_cur_rest(&f.bytes);
        else if (tw_pb_is(&f, IS_DEFINITION, TW_PB_VARINT))
            out->is_definition = f.v != 0;
    }
    return bytes.left == 0;
}
