/* A draft inventory out of any events: who acts, where, under which names, on what, with which
 * value. Whatever strangers call themselves and their topics, the draft is YAML whose every key is
 * one of an inventory, and a second learner of the same events writes the same bytes. */

#include <assert.h>

#include "learn/learn.h"
#include "registry/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { TEXTS = 6, EVENTS = 256 };

struct input {
    const uint8_t *p;
    size_t left;
};

static uint8_t byte(struct input *in)
{
    if (in->left == 0)
        return 0;
    in->left--;
    return *in->p++;
}

static struct tw_str text(struct input *in)
{
    size_t len = byte(in) % 40;
    len = len < in->left ? len : in->left;
    const struct tw_str s = {len > 0 ? (const char *)in->p : NULL, len};
    in->p += len;
    in->left -= len;
    return s;
}

static struct tw_endpoint place(uint8_t b)
{
    struct tw_endpoint at = {.port = (uint16_t)(1024 + b % 3), .has_mac = (b & 64) != 0};
    at.ip.family = (b & 128) != 0 ? 6 : 4;
    at.ip.b[0] = (b & 32) != 0 ? 127 : 10;
    at.ip.b[3] = b % 8;
    at.mac[5] = b % 4;
    return at;
}

static struct tw_value value(uint8_t b, struct tw_str s)
{
    switch (b % 6) {
    case 0:
        return (struct tw_value){.kind = TW_VALUE_NONE};
    case 1:
        return (struct tw_value){.kind = TW_VALUE_BOOL, .b = (b & 64) != 0};
    case 2:
        return (struct tw_value){.kind = TW_VALUE_INT, .i = (b - 128) * (INT64_C(1) << (b % 50))};
    case 3:
        return (struct tw_value){.kind = TW_VALUE_FLOAT, .d = b / 3.0};
    case 4:
        return (struct tw_value){.kind = TW_VALUE_STRING, .s = s};
    default:
        return (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = b < 250 ? b * 1e300 : 0.0 / 0.0};
    }
}

static void learn(struct tw_learn *l, struct input in)
{
    for (unsigned n = 1; in.left > 0 && n < EVENTS; n++) {
        struct tw_str t[TEXTS];
        const uint8_t kind = byte(&in), what = byte(&in), who = byte(&in);
        for (size_t i = 0; i < TEXTS; i++)
            t[i] = (what >> i & 1) != 0 ? text(&in) : TW_STR_NONE;
        struct tw_mqtt_info mqtt = {.client_id.s = t[0], .username.s = t[1]};
        struct tw_opcua_info opcua = {.application_uri.s = t[0],
            .user.s = t[1],
            .application_name.s = t[2],
            .security_policy.s = t[2],
            .server_uri = t[5],
            .object_id = t[5]};
        struct tw_event e = {.ts_ns = n * INT64_C(100000000),
            .packet = n,
            .protocol = (enum tw_protocol)(kind % 3),
            .action = (enum tw_action)(kind / 3 % TW_ACTION_UNKNOWN),
            .src = place(who),
            .dst = place(byte(&in)),
            .flow = who,
            .object = t[3],
            .field = t[4],
            .app = t[3],
            .status.s = TW_STR("Good"),
            .status_bad = (what & 64) != 0};
        e.value = value(byte(&in), t[5]);
        e.mqtt = e.protocol == TW_PROTO_MQTT ? &mqtt : NULL;
        e.opcua = e.protocol == TW_PROTO_OPCUA ? &opcua : NULL;
        tw_learn_event(l, &e);
    }
}

static void draft(struct input in, struct tw_text *out)
{
    static const char *const captures[] = {"a\n.pcap"};
    const struct tw_learn_source source = {.captures = captures, .n_captures = 1};
    struct tw_learn_stats stats;
    struct tw_learn *l = tw_learn_new(NULL);
    assert(l != NULL);
    learn(l, in);
    assert(tw_learn_write(l, &source, out, &stats));
    tw_learn_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct tw_diags diags = {0};
    struct tw_text one = {0}, two = {0};
    const struct input in = {data, size};
    draft(in, &one);
    draft(in, &two);
    assert(tw_str_eq(tw_text_str(&one), tw_text_str(&two)));
    struct tw_yaml *y = tw_yaml_load_bytes("draft", one.p, one.len, &diags);
    assert(y != NULL);
    tw_keys_check(y, &diags, y->root, tw_inventory_keys(), "the inventory");
    assert(diags.errors == 0);
    tw_yaml_free(y);
    tw_diags_fini(&diags);
    tw_text_free(&one);
    tw_text_free(&two);
    return 0;
}
