#pragma once
/* PubSub facts out of a JSON message [UA14 7.2.5]. Publishers may leave out headers, so that a
 * DataSetMessage, a list of them or bare fields are all that is sent. The leaves of the payload are
 * not given here: they keep their JSON Pointers (protocol/payload.h). */

#include "protocol/json.h"
#include "protocol/pubsub/report.h"

enum {
    TW_PUBSUB_MESSAGES = 16
}; /* DataSetMessages with facts of their own; of more only headers */

struct tw_pubsub_json {
    struct tw_pubsub_info head; /* of the NetworkMessage; of its DataSetMessage when there is one */
    uint32_t n_messages;        /* in all; 0 where the message has none or is one itself */
    struct tw_pubsub_info messages[TW_PUBSUB_MESSAGES];
    /* Containers around the members of a DataSetMessage in a list; 0 where there is no list. */
    unsigned depth;
    struct tw_pubsub_field fields[TW_PUBSUB_FIELDS]; /* for head.fields */
    char text[1024];                                 /* of numbers and of what was escaped */
    size_t text_len;
};

/* Is this token the value of a top member "MessageType" that names PubSub? */
bool tw_pubsub_json_says(const struct tw_json_token *t);

/* Read a valid JSON object or array. `out` borrows from `text` and `place`, and from itself. */
void tw_pubsub_json_read(struct tw_str text, const struct tw_pubsub_place *place, uint64_t serial,
    struct tw_pubsub_json *out);
