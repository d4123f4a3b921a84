/* What payloads are, beside JSON's leaves (fuzz_json): the first byte chooses what the rest is.
 * Properties: no beginning of a well-formed CBOR or MessagePack value is well-formed; a key that is
 * there twice is found, and no other; what a pickle calls, a longer one that begins so calls, too;
 * what is inflated keeps its limit; whatever an MCP message or the context of a decision says is
 * printed as UTF-8, and a call is reported once. */

#include <assert.h>
#include <stdlib.h>

#include "crypto/gunzip.h"
#include "event/emit_json.h"
#include "protocol/decision.h"
#include "protocol/mcp.h"
#include "protocol/packed.h"
#include "protocol/payload.h"
#include "protocol/payload_keys.h"
#include "protocol/payload_kind.h"
#include "protocol/payload_nature.h"
#include "protocol/pickle.h"
#include "session/session.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT(z)                                                                                    \
    {                                                                                              \
        z, sizeof(z) - 1                                                                           \
    }

enum { KIND, CBOR, MSGPACK, KEYS, GZIP, AUDIT, CONTEXT, MCP, CALL, NATURE, WAYS };

struct seen {
    struct tw_text line;
    unsigned tools;
};

static void look(void *user, const struct tw_event *event)
{
    struct seen *seen = user;
    seen->tools += event->action == TW_ACTION_TOOL && event->field.p == NULL;
    tw_text_clear(&seen->line);
    tw_event_json(&seen->line, event);
    assert(tw_utf8_valid(tw_text_str(&seen->line)));
}

static void measure(bool (*fn)(struct tw_cur, struct tw_packed *), struct tw_str s)
{
    struct tw_packed whole, part;
    if (!fn(tw_cur_str(s), &whole))
        return;
    assert(whole.items <= s.len && whole.depth <= TW_PACKED_DEPTH);
    for (size_t keep = s.len > 64 ? s.len - 64 : 0; keep < s.len; keep++)
        assert(!fn(tw_cur_of(s.p, keep), &part));
}

/* The same question, asked the long way, of the keys of the outermost object. */
static bool repeats(struct tw_str text)
{
    enum { MANY = 64 };
    struct tw_json r;
    struct tw_json_token t, keys[MANY];
    size_t n = 0;
    tw_json_init(&r, text);
    while (tw_json_next(&r, &t) > TW_JSON_TOO_DEEP && n < MANY)
        if (t.kind == TW_JSON_KEY && r.depth == 1 && (r.objects & 1) != 0)
            keys[n++] = t;
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (!keys[i].escaped && !keys[k].escaped && tw_str_eq(keys[i].text, keys[k].text))
                return true;
    return false;
}

static void keys(struct tw_str s)
{
    struct tw_payload p;
    tw_payload_read(NULL, TW_STR("t"), NULL, s, &p);
    if (!p.container || p.truncated || p.n_tape == 0)
        return;
    const bool found = p.problem == TW_PROBLEM_DUPLICATE_KEY;
    assert(!repeats(s) || found);
    assert(found == tw_payload_keys_repeat(s));
}

static void gzip(struct tw_str s)
{
    struct tw_gunzip *g = tw_gunzip_new();
    struct tw_str out;
    assert(g != NULL);
    const enum tw_gunzip_status st = tw_gunzip_open(g, s, &out);
    assert(st != TW_GUNZIP_OK || out.len <= tw_gunzip_limit(s.len));
    /* What came before it does not matter. */
    assert(tw_gunzip_open(g, s, &out) == st);
    tw_gunzip_free(g);
}

static void context(struct tw_str s, bool audit, struct seen *seen)
{
    struct tw_decision_context c = {.carrier = NULL};
    struct tw_value item = {.kind = TW_VALUE_STRING, .name = TW_STR("ai-model"), .s = s};
    const struct tw_value all = {.kind = TW_VALUE_OBJECT, .n = 1, .items = &item};
    struct tw_mqtt_info mqtt = {.serial = 1};
    const struct tw_event e = {.protocol = TW_PROTO_MQTT, .mqtt = &mqtt};
    if (audit ? tw_decision_of_audit(s, &c) : tw_decision_of_json(s, &c))
        mqtt.decision = &c;
    look(seen, &e);
    if (tw_decision_of_properties(&all, &c))
        mqtt.decision = &c;
    look(seen, &e);
}

static void mcp_leg(
    struct tw_sessions *s, enum tw_action action, struct tw_str payload, struct seen *seen)
{
    static uint64_t serial;
    const struct tw_emit emit = {look, seen};
    struct tw_mcp_read read;
    const struct tw_decision_context said = {.carrier = "payload", .agent = TEXT("a")};
    struct tw_mqtt_info mqtt = {.serial = ++serial, .decision = &said};
    struct tw_event e = {.ts_ns = 1772352000000000000,
        .packet = serial,
        .protocol = TW_PROTO_MQTT,
        .action = action,
        .object = TW_STR("$mcp-rpc/c/s/n"),
        .mqtt = &mqtt};
    (void)tw_mcp_read(e.object, payload, NULL, &read);
    mqtt.mcp = &read.info;
    tw_sessions_event(s, &e, &emit);
}

static void digest(const void *p, size_t len, uint8_t out[32])
{
    memset(out, len > 0 ? ((const uint8_t *)p)[len - 1] : 0, 32);
}

/* Where servers and clients say that they are there, and what they can do. */
static void mcp_notes(struct tw_str s, struct seen *seen)
{
    static const struct tw_str topics[] = {TEXT("$mcp-server/presence/id/a/b"),
        TEXT("$mcp-server/capability/id/a"), TEXT("$mcp-client/presence/c"),
        TEXT("$mcp-rpc/c/s/n")};
    for (size_t i = 0; i < sizeof(topics) / sizeof(topics[0]); i++) {
        struct tw_mcp_read read;
        struct tw_mqtt_info mqtt = {.serial = 1, .mcp = &read.info};
        const struct tw_event e = {.protocol = TW_PROTO_MQTT, .object = topics[i], .mqtt = &mqtt};
        (void)tw_mcp_read(topics[i], s, digest, &read);
        look(seen, &e);
    }
}

static void mcp(struct tw_str s, bool as_call, struct seen *seen)
{
    static struct tw_sessions *sessions;
    static const struct tw_session_readers readers = {.leaves = tw_payload_leaves};
    static const struct tw_str list =
        TEXT("{\"jsonrpc\":\"2.0\",\"id\":0,\"result\":{\"tools\":[{\"name\":\"set\"}]}}");
    static const struct tw_str answers[] = {TEXT("{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"),
        TEXT("{\"jsonrpc\":\"2.0\",\"id\":1,\"error\":{\"code\":-32602}}")};
    const struct tw_limits limits = tw_limits_default();
    const struct tw_emit emit = {look, seen};
    struct tw_text call = {0};
    if (sessions == NULL)
        sessions = tw_sessions_new(&limits, &readers);
    if (sessions == NULL)
        return;
    mcp_notes(s, seen);
    if (as_call) {
        tw_text_addz(&call, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"params\":");
        tw_text_add_str(&call, s);
        tw_text_addz(&call, "}");
        s = tw_text_str(&call);
        mcp_leg(sessions, TW_ACTION_PUBLISH, list, seen);
    }
    mcp_leg(sessions, TW_ACTION_PUBLISH, s, seen);
    mcp_leg(sessions, TW_ACTION_DELIVER, s, seen);
    mcp_leg(sessions, TW_ACTION_PUBLISH, answers[s.len % 2], seen);
    assert(seen->tools <= 1);
    /* Twice more under the same id: none is lost, whether the answer was that of the first or not.
     */
    mcp_leg(sessions, TW_ACTION_PUBLISH, s, seen);
    mcp_leg(sessions, TW_ACTION_PUBLISH, s, seen);
    tw_sessions_finish(sessions, &emit);
    assert(seen->tools == 0 || seen->tools == 3);
    tw_text_free(&call);
}

static void nature(struct tw_str s)
{
    const char *calls = NULL;
    const enum tw_payload_danger danger =
        tw_payload_danger_of(s, tw_payload_kind_of(s, s.len), &calls);
    assert((danger == TW_DANGER_PICKLE) == (calls != NULL));
    (void)tw_payload_origin_of(s);
    calls = tw_pickle_calls(s);
    for (size_t keep = s.len > 64 ? s.len - 64 : 0; keep < s.len; keep++) {
        const char *before = tw_pickle_calls((struct tw_str){s.p, keep});
        assert(before == NULL || before == calls);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct seen seen;
    struct tw_cur c = tw_cur_of(data, size);
    uint8_t way;
    if (!tw_cur_u8(&c, &way))
        return 0;
    const struct tw_str s = tw_cur_rest(&c);
    seen.tools = 0;
    switch (way % WAYS) {
    case KIND:
        (void)tw_payload_kind_name(tw_payload_kind_of(s, s.len + (way / WAYS)));
        break;
    case CBOR:
        measure(tw_cbor_measure, s);
        break;
    case MSGPACK:
        measure(tw_msgpack_measure, s);
        break;
    case KEYS:
        keys(s);
        break;
    case GZIP:
        gzip(s);
        break;
    case AUDIT:
    case CONTEXT:
        context(s, way % WAYS == AUDIT, &seen);
        break;
    case NATURE:
        nature(s);
        break;
    default:
        mcp(s, way % WAYS == CALL, &seen);
    }
    return 0;
}
