/* PubSub messages: the first byte chooses UADP as a datagram, UADP on a topic, JSON on one,
 * datagrams with their lengths in front, of which session/ makes more than each says, or a message
 * whose topic and properties are the input's, too. Properties: what is printed is UTF-8; a message
 * that is sure to be UADP has nothing wrong with it but too many fields; no event that only carries
 * bytes is ever shown. */

#include <assert.h>
#include <stdlib.h>

#include "base/text.h"
#include "event/emit_json.h"
#include "protocol/payload.h"
#include "protocol/pubsub/pubsub.h"
#include "protocol/pubsub/raw.h"
#include "protocol/pubsub/report.h"
#include "session/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { DATAGRAM, TOPIC_UADP, TOPIC_JSON, SEVERAL, PROPERTIES, WAYS };

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
    tw_pubsub.data(NULL, &env, &conn, 0, bytes, &when);
    assert(seen->events > 0 && seen->malformed == counters.malformed);
    const bool sure = tw_uadp_judge(bytes) == TW_UADP_SURE;
    assert(!sure || seen->malformed == 0 || seen->events > TW_MAX_LEAVES);
    for (unsigned hint = 0; hint < 2; hint++) {
        const struct tw_datagram d = {.bytes = bytes, .ports = {50000, 9}, .is_multicast = hint};
        assert((tw_pubsub.probe(&d) == TW_PROBE_YES) == (sure && hint));
    }
}

static void as_payload(
    struct tw_str topic, struct tw_mqtt_info *mqtt, struct tw_str bytes, struct seen *seen)
{
    const struct tw_emit emit = {look, seen};
    mqtt->serial = 1;
    mqtt->payload = bytes;
    const struct tw_event message = {
        .protocol = TW_PROTO_MQTT, .action = TW_ACTION_PUBLISH, .object = topic, .mqtt = mqtt};
    struct tw_payload p;
    tw_payload_read(NULL, topic, mqtt, bytes, &p);
    mqtt->payload_format = p.format;
    const unsigned wrong = tw_payload_give(&p, &message, true, NULL, &emit);
    assert(seen->events > 0 && seen->malformed == wrong);
    tw_payload_leaves(&message, &emit);
}

/* Three texts with their lengths before them: a topic, a content type, a UAMessageType. */
static void with_properties(struct tw_cur c, struct seen *seen)
{
    struct tw_str text[3] = {{"", 0}, {"", 0}, {"", 0}};
    for (size_t i = 0; i < 3; i++) {
        uint8_t len;
        if (!tw_cur_u8(&c, &len) || !tw_cur_bytes(&c, len, &text[i]) || !tw_utf8_valid(text[i]))
            return;
    }
    const struct tw_value type = {
        .kind = TW_VALUE_STRING, .s = text[2], .name = TW_STR("UAMessageType")};
    const struct tw_value properties = {.kind = TW_VALUE_OBJECT, .n = 1, .items = &type};
    struct tw_mqtt_info mqtt = {.content_type = text[1].len > 0 ? text[1] : TW_STR_NONE,
        .user_properties = text[2].len > 0 ? &properties : NULL};
    as_payload(text[0], &mqtt, tw_cur_rest(&c), seen);
}

struct several {
    struct tw_sessions *sessions;
    struct tw_emit out;
};

static void shown(void *user, const struct tw_event *event)
{
    assert(event->pubsub == NULL || !event->pubsub->carrier);
    look(user, event);
}

static void dissected(void *user, const struct tw_event *from)
{
    const struct several *s = user;
    struct tw_event e = *from;
    struct tw_pubsub_info info = *from->pubsub;
    e.pubsub = &info;
    tw_sessions_event(s->sessions, &e, &s->out);
}

static void as_several(struct tw_cur c, struct seen *seen)
{
    static const struct tw_conn conn = {.side = {{.port = 50000}, {.port = 4840}}};
    static const struct tw_session_readers readers = {
        .leaves = tw_payload_leaves, .raw = tw_pubsub_raw, .whole = tw_pubsub_whole};
    const struct tw_limits limits = {.sessions = 16};
    struct several s = {tw_sessions_new(&limits, &readers), {shown, seen}};
    struct tw_proto_counters counters = {.malformed = 0};
    struct tw_proto_env env = {.emit = {dissected, &s}, .counters = &counters, .next_serial = 1};
    struct tw_when when = {.ts_ns = 1772352000000000000, .packet = 1};
    struct tw_cur bytes;
    uint16_t len;
    for (; tw_cur_u16le(&c, &len) && tw_cur_sub(&c, len, &bytes); when.packet++) {
        tw_pubsub.data(NULL, &env, &conn, 0, bytes, &when);
        when.ts_ns += 1000000000;
        tw_sessions_tick(s.sessions, when.ts_ns, &s.out);
    }
    tw_sessions_finish(s.sessions, &s.out);
    tw_sessions_free(s.sessions);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct seen seen;
    struct tw_cur c = tw_cur_of(data, size);
    uint8_t way;
    if (!tw_cur_u8(&c, &way))
        return 0;
    struct tw_mqtt_info mqtt = {.serial = 0};
    seen.events = seen.malformed = 0;
    switch (way % WAYS) {
    case DATAGRAM:
        as_datagram(c, &seen);
        break;
    case TOPIC_UADP:
        as_payload(TW_STR("opcua/uadp/data/7/1/10"), &mqtt, tw_cur_rest(&c), &seen);
        break;
    case TOPIC_JSON:
        as_payload(TW_STR("opcua/json/data/Cell/Axes/Axis"), &mqtt, tw_cur_rest(&c), &seen);
        break;
    case SEVERAL:
        as_several(c, &seen);
        break;
    default:
        with_properties(c, &seen);
    }
    return 0;
}
