/* The MQTT dissector on two directions of hostile bytes. Properties: every slice of an event can be
 * read; the events do not depend on how the bytes were cut into segments; all memory comes back. */

#include "protocol/mqtt/mqtt.h"
#include "stream_feed.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    const struct stream s = {.proto = &tw_mqtt,
        .port = 1883,
        .midstream = (data[0] & 1) != 0,
        .end = (enum tw_end)(data[0] >> 2 & 3),
        .lend = lend_digest};
    for (unsigned dir = 0; dir < 2; dir++)
        (void)tw_mqtt.probe(tw_cur_of(data + 2, size - 2), dir, s.midstream);
    feed_twice(&s, data, size);
    return 0;
}
