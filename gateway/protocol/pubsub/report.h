#pragma once
/* UADP as events: one for each DataSetMessage, over UDP, and one for each field. */

#include "base/limits.h"
#include "base/num.h"
#include "protocol/pubsub/topic.h"
#include "protocol/pubsub/uadp.h"

enum { TW_PUBSUB_OBJECT = 2 * TW_MAX_IDENTITY };

/* Where the texts of one tw_pubsub_info stand. */
struct tw_pubsub_text {
    char publisher[24], group[8], writer[8], status[TW_OPCUA_STATUS_TEXT];
};

/* Serials of the DataSetMessages in one message: this many numbers belong to a serial of it. */
enum { TW_PUBSUB_SERIALS = 4096 };

struct tw_uadp_report {
    const struct tw_emit *emit;
    /* What all events have in common. Over UDP each DataSetMessage gets an event of its own, whose
     * object says which it is; else the object stays, and only fields are given. */
    const struct tw_event *base;
    bool datagram;
    const struct tw_pubsub_place *place; /* NULL: none */
    uint64_t serial;                     /* of the message that carries it */
};

/* Give the events of a NetworkMessage, the one that says what is wrong with it the last. Returns
 * what that is. */
enum tw_pubsub_anomaly tw_uadp_report(const struct tw_uadp_report *r, struct tw_cur bytes);

/* The event of a field: a copy of `base`, the event of its message. It borrows from `text`. */
struct tw_uadp_field_text {
    char index[TW_NUM_TEXT], status[TW_OPCUA_STATUS_TEXT];
};
void tw_uadp_field_event(const struct tw_event *base, const struct tw_uadp_field *field,
    struct tw_uadp_field_text *text, struct tw_event *out);

/* The facts of a NetworkMessage that is given as one event: with those of its DataSetMessage when
 * there is one alone, whose serial it then has. `discovery` is what `out` borrows from for
 * metadata; `serial` is that of the message around it. */
void tw_uadp_describe(struct tw_cur bytes, const struct tw_pubsub_place *place, uint64_t serial,
    struct tw_pubsub_text *text, struct tw_uadp_discovery *discovery, struct tw_pubsub_info *out);

/* A message that came in chunks: `chunk` is the event of the last one, `payload` what they were cut
 * from. Its events stand at that chunk; over MQTT only its fields do. */
void tw_pubsub_whole(
    const struct tw_event *chunk, struct tw_str payload, const struct tw_emit *out);

/* "PublisherId/WriterGroup/DataSetWriter" into `out[TW_PUBSUB_OBJECT]`: a level that is not known
 * is empty, and left out at the end. Absent when none is known. */
struct tw_str tw_pubsub_object(const struct tw_pubsub_info *info, char *out);

/* How surely these bytes are UADP. SURE: every byte of them was read as fields or metadata of a
 * publisher with a name. MAYBE: nothing speaks against it. */
enum tw_uadp_doubt { TW_UADP_NOT, TW_UADP_MAYBE, TW_UADP_SURE };
enum tw_uadp_doubt tw_uadp_judge(struct tw_cur bytes);
