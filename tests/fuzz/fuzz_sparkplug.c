/* Sparkplug messages, one after the other, through the decoder and what follows them across
 * messages. Each begins with a byte that chooses its topic, one for what is said around it and two
 * with its length. Properties: every event prints as UTF-8; what is malformed is said once and
 * counted; a metric's event has a field. */

#include <assert.h>
#include <stdlib.h>

#include "base/text.h"
#include "event/emit_json.h"
#include "event/sparkplug.h"
#include "protocol/payload.h"
#include "protocol/sparkplug/report.h"
#include "session/sparkplug.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const topics[] = {"spBv1.0/g/NBIRTH/e", "spBv1.0/g/NDEATH/e",
    "spBv1.0/g/NDATA/e", "spBv1.0/g/NCMD/e", "spBv1.0/g/DBIRTH/e/d", "spBv1.0/g/DDEATH/e/d",
    "spBv1.0/g/DDATA/e/d", "spBv1.0/g/DCMD/e/d", "spBv1.0/STATE/h", "STATE/h", "spBv1.0/g/NFOO/e",
    "spBv1.0/g/DDATA/e/other"};
enum { TOPICS = sizeof(topics) / sizeof(topics[0]) };
enum { DELIVERED = 0x01, CONNECTS = 0x02, OTHER = 0x04, RETAINED = 0x08, ASKS = 0x10 };

struct run {
    struct tw_sparkplug_sessions *sessions;
    struct tw_session_facts facts;
    struct tw_text line;
    unsigned events, malformed;
    uint64_t serial;
};

static void print(void *user, const struct tw_event *event)
{
    struct run *r = user;
    assert(event->metric == NULL || (event->field.p != NULL && event->sparkplug != NULL));
    tw_text_clear(&r->line);
    tw_event_json(&r->line, event);
    assert(tw_utf8_valid(tw_text_str(&r->line)));
}

/* As session/ does with what a dissector says. */
static void pass_on(void *user, const struct tw_event *event)
{
    struct run *r = user;
    const struct tw_emit printed = {print, r};
    struct tw_event e = *event;
    r->events++;
    r->malformed += e.action == TW_ACTION_MALFORMED;
    if (e.sparkplug != NULL && e.field.p != NULL)
        (void)tw_sparkplug_sessions_leaf(r->sessions, &e);
    else if (e.field.p == NULL)
        tw_sparkplug_sessions_message(r->sessions, &e, true);
    print(r, &e);
    if (e.action == TW_ACTION_DELIVER && e.sparkplug != NULL)
        tw_sparkplug_sessions_expand(r->sessions, tw_payload_leaves, &e, &r->facts, &printed);
}

static void give(struct run *r, const struct tw_event *message, struct tw_str bytes, bool expand)
{
    struct tw_payload p;
    const struct tw_emit emit = {pass_on, r};
    tw_payload_read(NULL, message->object, message->mqtt, bytes, &p);
    message->mqtt->payload_format = p.format;
    if (!expand && p.container)
        message->mqtt->payload = bytes;
    r->events = r->malformed = 0;
    const unsigned wrong = tw_payload_give(&p, message, expand, NULL, &emit);
    assert(r->events > 0 && r->malformed == wrong && wrong <= 1);
}

static void one(struct run *r, unsigned topic, unsigned how, struct tw_str bytes)
{
    struct tw_sparkplug_info will;
    struct tw_mqtt_info mqtt = {.serial = ++r->serial,
        .client_id.s = how & OTHER ? TW_STR("other") : TW_STR("edge"),
        .retain = (how & RETAINED) != 0,
        .payload_hash = r->serial};
    struct tw_event e = {.protocol = TW_PROTO_MQTT,
        .action = how & DELIVERED ? TW_ACTION_DELIVER : TW_ACTION_PUBLISH,
        .ts_ns = (int64_t)r->serial * 1000000000,
        .flow = 1 + how % 4,
        .status.s = TW_STR("Success"),
        .object = tw_str_of(topics[topic % TOPICS]),
        .mqtt = &mqtt};
    if (how & ASKS) {
        e.action = TW_ACTION_SUBSCRIBE;
        pass_on(r, &e);
    } else if ((how & CONNECTS) && tw_sparkplug_will(e.object, bytes, mqtt.serial, &will)) {
        e.action = TW_ACTION_CONNECT;
        e.sparkplug = &will;
        pass_on(r, &e);
    } else {
        give(r, &e, bytes, !(how & DELIVERED));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct tw_limits limits;
    static struct run r;
    struct tw_cur c = tw_cur_of(data, size);
    struct tw_str bytes;
    uint8_t topic, how;
    uint16_t len;
    limits = tw_limits_default();
    limits.sessions = 16;
    r.sessions = tw_sparkplug_sessions_new(&limits);
    assert(r.sessions != NULL);
    while (tw_cur_u8(&c, &topic) && tw_cur_u8(&c, &how) && tw_cur_u16le(&c, &len)) {
        if (!tw_cur_bytes(&c, len, &bytes)) {
            bytes = tw_cur_rest(&c);
            c.left = 0;
        }
        one(&r, topic, how, bytes);
    }
    tw_sparkplug_sessions_free(r.sessions);
    return 0;
}
