/* PubSub messages: the first byte chooses UADP as a datagram, UADP on a topic, or JSON on one.
 * Properties: what is printed is UTF-8; a message that is sure to be UADP has nothing wrong with
 * it. */

#include <assert.h>
#include <stdlib.h>

#include "base/text.h"
#include "event/emit_json.h"
#include "protocol/payload.h"
#include "protocol/pubsub/pubsub.h"
#include "protocol/pubsub/report.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DATAGRAM, TOPIC_UADP, TOPIC_JSON, WAYS };

struct seen {
    struct tw_text line;
    unsigned events, malformed;
};

static void look(void *user, const struct tw_event *event)
{
    struct seen *seen = user;
    seen->events++;
    seen->malformed += event->action == TW_ACTION_MALFORMED;
    tw_text_clear(&seen->line);
    tw_event_json(&seen->line, event);
    assert(tw_utf8_valid(tw_text_str(&seen->line)));
}

static void as_datagram(struct tw_cur bytes, struct seen *seen)
{
    static const struct tw_conn conn = {.side = {{.port = 50000}, {.port = 4840}}};
    static const struct tw_when when = {.ts_ns = 1772352000000000000, .packet = 1};
    struct tw_proto_counters counters = {.malformed = 0};
    struct tw_proto_env env = {.emit = {look, seen}, .counters = &counters, .next_serial = 1};
    tw_pubsub.data(&env, &conn, 0, bytes, &when);
    assert(seen->events > 0 && seen->malformed == counters.malformed);
    assert(tw_uadp_judge(bytes) != TW_UADP_SURE || seen->malformed == 0);
}

static void as_payload(struct tw_str topic, struct tw_str bytes, struct seen *seen)
{
    const struct tw_emit emit = {look, seen};
    struct tw_mqtt_info mqtt = {.serial = 1, .payload = bytes};
    const struct tw_event message = {
        .protocol = TW_PROTO_MQTT, .action = TW_ACTION_PUBLISH, .object = topic, .mqtt = &mqtt};
    struct tw_payload p;
    tw_payload_read(topic, &mqtt, bytes, &p);
    mqtt.payload_format = p.format;
    const unsigned wrong = tw_payload_give(&p, &message, true, &emit);
    assert(seen->events > 0 && seen->malformed == wrong);
    tw_payload_leaves(&message, &emit);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct seen seen;
    struct tw_cur c = tw_cur_of(data, size);
    uint8_t way;
    if (!tw_cur_u8(&c, &way))
        return 0;
    seen.events = seen.malformed = 0;
    if (way % WAYS == DATAGRAM)
        as_datagram(c, &seen);
    else
        as_payload(way % WAYS == TOPIC_UADP ? TW_STR("opcua/uadp/data/7/1/10")
                                            : TW_STR("opcua/json/data/Cell/Axes/Axis"),
            tw_cur_rest(&c), &seen);
    return 0;
}
