#pragma once
/* What a message's payload says: its format, its value when it is a scalar, one event per scalar
 * leaf when it is a JSON object or array, one per field when it is UADP, with both the facts of OPC
 * UA PubSub, one per metric when it is Sparkplug. Borrowed views throughout; the struct is meant
 * for the stack. */

#include "event/event.h"
#include "protocol/payload_shape.h"
#include "protocol/pubsub/topic.h"
#include "protocol/sparkplug/topic.h"

enum { TW_PAYLOAD_TAPE = 96 };

/* What a content type or a topic says that a payload is. */
enum tw_payload_says {
    TW_PAYLOAD_SAYS_NOTHING,
    TW_PAYLOAD_SAYS_JSON,
    TW_PAYLOAD_SAYS_CBOR,
    TW_PAYLOAD_SAYS_MSGPACK,
};

struct tw_payload {
    const char *format;    /* json number text empty binary sparkplug opcua-json uadp */
    struct tw_value value; /* a scalar payload's; NONE otherwise */
    const char *type;      /* of `value`; NULL without one */
    bool container;        /* tw_payload_expand() will give leaves, if there are any */
    bool truncated;        /* a string was cut, or there are more or deeper leaves than are given */
    enum tw_payload_says says;
    enum tw_payload_kind kind;
    enum tw_payload_problem problem;
    enum tw_payload_danger danger;
    enum tw_payload_origin origin;
    const char *calls; /* static; NULL: nothing of the kind */
    bool has_items;    /* CBOR, MessagePack */
    uint32_t items;
    struct tw_str decision; /* what follows the key "_ai" of a JSON object; absent without one */
    struct tw_str text;
    struct tw_pubsub_place place; /* its encoding says whether this is PubSub */
    struct tw_sparkplug_place sparkplug;
    /* The shape that a container has, NULL when none was known: then its scalars alone are on the
     * tape. Else all its tokens, when they fit, `n_tape` of them: spares reading the text a second
     * time. */
    const struct tw_shape *shape;
    unsigned n_tape;
    struct tw_json_token tape[TW_PAYLOAD_TAPE];
    char scratch[TW_MAX_EVENT_STRING];
};

/* Look at a payload that was published on `topic`. `mqtt` (NULL: none) has the properties of the
 * message. `out` borrows from all of them. What the payload is, topic and content type decide where
 * they say it; else JSON is what is whole and valid JSON, text what is UTF-8, and the rest is
 * binary. `problem` names what is wrong, also with what only looks like JSON. `shapes` (NULL: none)
 * are those of the messages before; `out` is good until they are used again. */
void tw_payload_read(struct tw_shapes *shapes, struct tw_str topic, const struct tw_mqtt_info *mqtt,
    struct tw_str payload, struct tw_payload *out);

/* Emit `message`, which carries the payload, and with `expand` what is in it. Leaves of JSON are
 * shown to `pass` first, with the user of `out`; NULL: all are emitted. Returns how many anomalies
 * there were among that. */
unsigned tw_payload_give(const struct tw_payload *p, const struct tw_event *message, bool expand,
    tw_pass_fn pass, const struct tw_emit *out);

/* Give every scalar leaf to `out`, in document order, as a copy of `message` with field and value.
 * Leaves whose name, or the name of an object around them, is that of a secret are redacted. Of
 * UADP every field, known by its index; of Sparkplug every metric. */
void tw_payload_expand(
    const struct tw_payload *p, const struct tw_event *message, const struct tw_emit *out);

/* The two for a message whose payload was kept in message->mqtt->payload; nothing for a scalar,
 * whose value the message itself carries. A tw_expand_fn. */
void tw_payload_leaves(const struct tw_event *message, const struct tw_emit *out);
