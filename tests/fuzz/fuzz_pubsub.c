/* PubSub messages: the first byte chooses UADP as a datagram, UADP on a topic, JSON on one, or
 * datagrams with their lengths in front, of which session/ makes more than each says. Properties:
 * what is printed is UTF-8; a message that is sure to be UADP has nothing wrong with it; no event
 * that only carries bytes is ever shown. */

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

enum { DATAGRAM, TOPIC_UADP, TOPIC_JSON, SEVERAL, WAYS };

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
        tw_pubsub.data(&env, &conn, 0, bytes, &when);
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
    seen.events = seen.malformed = 0;
    if (way % WAYS == DATAGRAM)
        as_datagram(c, &seen);
    else if (way % WAYS == SEVERAL)
        as_several(c, &seen);
    else
        as_payload(way % WAYS == TOPIC_UADP ? TW_STR("opcua/uadp/data/7/1/10")
                                            : TW_STR("opcua/json/data/Cell/Axes/Axis"),
            tw_cur_rest(&c), &seen);
    return 0;
}
