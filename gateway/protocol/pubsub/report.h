#pragma once
/* UADP as events: one for each DataSetMessage, over UDP, and one for each field. */

#include "base/limits.h"
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

/* The facts of a NetworkMessage that is given as one event: with those of its DataSetMessage when
 * there is one alone, whose serial it then has. `discovery` and `names` are what `out` borrows from
 * for metadata; `serial` is that of the message around it. */
void tw_uadp_describe(struct tw_cur bytes, const struct tw_pubsub_place *place, uint64_t serial,
    struct tw_pubsub_text *text, struct tw_uadp_discovery *discovery, struct tw_value *names,
    struct tw_pubsub_info *out);

/* "PublisherId/WriterGroup/DataSetWriter" into `out[TW_PUBSUB_OBJECT]`: a level that is not known
 * is empty, and left out at the end. Absent when none is known. */
struct tw_str tw_pubsub_object(const struct tw_pubsub_info *info, char *out);

/* How surely these bytes are UADP. SURE: every byte of them was read as fields or metadata of a
 * publisher with a name. MAYBE: nothing speaks against it. */
enum tw_uadp_doubt { TW_UADP_NOT, TW_UADP_MAYBE, TW_UADP_SURE };
enum tw_uadp_doubt tw_uadp_judge(struct tw_cur bytes);
