#pragma once
/* PubSub messages for tests, put together field by field, and what is said of them as one text. */

#include "base/text.h"
#include "event/event.h"
#include "opcua_wire.h"
#include "protocol/opcua/names.h"

/* "publish 7/3/10 [1] = 2.5 Double Good", and what stands in the pubsub section. */
static inline void pubsub_log(struct tw_text *log, const struct tw_event *e)
{
    const struct tw_pubsub_info *p = e->pubsub;
    char version[TW_PUBSUB_VERSION];
    tw_text_addf(log, "%s", tw_action_name(e->action));
    if (e->object.p != NULL)
        tw_text_addf(log, " %.*s", TW_STR_ARG(e->object));
    if (e->field.p != NULL)
        tw_text_addf(log, " [%.*s]", TW_STR_ARG(e->field));
    if (e->value.kind != TW_VALUE_NONE) {
        struct tw_text value = {0};
        tw_value_json(&value, &e->value);
        tw_text_addf(log, " = %.*s", TW_STR_ARG(tw_text_str(&value)));
        tw_text_free(&value);
    }
    if (e->type != NULL)
        tw_text_addf(log, " %s", e->type);
    if (e->status.s.p != NULL)
        tw_text_addf(log, " %.*s", TW_STR_ARG(e->status.s));
    if (e->detail.p != NULL)
        tw_text_addf(log, " %.*s", TW_STR_ARG(e->detail));
    if (e->action == TW_ACTION_GAP)
        tw_text_addf(log, " %llu", (unsigned long long)e->missing_bytes);
    if (e->encrypted)
        tw_text_addz(log, " encrypted");
    if (e->truncated)
        tw_text_addz(log, " truncated");
    if (e->field.p == NULL && e->action == TW_ACTION_PUBLISH) {
        tw_text_addf(log, " (%.*s", TW_STR_ARG(p->message_type));
        if (p->dataset_type != NULL)
            tw_text_addf(log, " %s", p->dataset_type);
        if (p->field_encoding != NULL)
            tw_text_addf(log, " %s", p->field_encoding);
        if (p->has_sequence)
            tw_text_addf(log, " seq %u", p->sequence);
        if (p->has_group_sequence)
            tw_text_addf(log, " group %u", p->group_sequence);
        if (p->has_number)
            tw_text_addf(log, " number %u", p->number);
        if (p->has_major || p->has_minor)
            tw_text_addf(log, " version %.*s", TW_STR_ARG(tw_pubsub_version(p, version)));
        if (p->timestamp_ns != 0)
            tw_text_addf(log, " at %lld", (long long)(p->timestamp_ns - W_TIME_NS));
        if (p->has_chunk)
            tw_text_addf(log, " chunk %u/%u", p->chunk_offset, p->chunk_total);
        if (strcmp(p->security, "none") != 0)
            tw_text_addf(log, " %s", p->security);
        if (p->message_bytes > 0)
            tw_text_addf(log, " bytes %llu", (unsigned long long)p->message_bytes);
        if (p->invalid)
            tw_text_addz(log, " invalid");
        if (p->missing > 0)
            tw_text_addf(log, " missing %u", p->missing);
        if (p->duplicate)
            tw_text_addz(log, " duplicate");
        if (p->late)
            tw_text_addz(log, " late");
        for (uint32_t i = 0; i < p->n_fields; i++)
            tw_text_addf(log, " '%.*s'", TW_STR_ARG(p->fields[i].name));
        tw_text_addz(log, ")");
    }
    tw_text_addz(log, "\n");
}

static inline void w_variant_f64(struct wire *w, double v)
{
    w_u8(w, TW_UA_DOUBLE);
    w_f64(w, v);
}

/* UADP version 1 with a PublisherId of a byte and one writer. */
static inline void w_head(struct wire *w, unsigned publisher, unsigned writer)
{
    w->n = 0;
    w_u8(w, 0x51);
    w_u8(w, publisher);
    w_u8(w, 1);
    w_u16(w, writer);
}

/* A field as metadata declares it: `rank` -1 is a scalar, else `dimensions` follow. */
struct w_field {
    const char *name;
    unsigned type, data_type, ns;
    int rank;
    unsigned dimensions[3], max_length;
};

static inline void w_field_metadata(struct wire *w, const struct w_field *f)
{
    w_str(w, f->name);
    w_u8(w, 0); /* no description */
    w_u16(w, 0);
    w_u8(w, f->type);
    w_node(w, f->ns, f->data_type);
    w_u32(w, (uint32_t)f->rank);
    w_u32(w, f->rank < 0 ? UINT32_MAX : (uint32_t)f->rank);
    for (int i = 0; i < f->rank; i++)
        w_u32(w, f->dimensions[i]);
    w_u32(w, f->max_length);
    for (unsigned i = 0; i < 16; i++)
        w_u8(w, 0);
    w_u32(w, UINT32_MAX);
}
