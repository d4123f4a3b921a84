#pragma once
/* How a broker's message says that it is PubSub: by its topic, its MQTT 5 properties, or the JSON
 * in it [UA14 7.3.4]. */

#include "event/event.h"

enum tw_pubsub_encoding { TW_PUBSUB_NEITHER, TW_PUBSUB_JSON, TW_PUBSUB_UADP };

/* What is known before the payload is read; absent where nothing says it. Borrows from the topic
 * and the properties. */
struct tw_pubsub_place {
    enum tw_pubsub_encoding encoding;
    bool by_topic; /* the levels of the topic say who publishes */
    struct tw_str message_type, publisher, writer_group, writer;
};

/* `mqtt` may be NULL: then only the topic counts. */
void tw_pubsub_place(
    struct tw_str topic, const struct tw_mqtt_info *mqtt, struct tw_pubsub_place *out);
