#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "guard.h"
#include "opcua_wire.h"
#include "protocol/opcua/walk.h"

/* Messages are made from the very tables that read them: each service's request and response with
 * one element in every list. They are read to their ends, and at every shorter length on a guard
 * page. */

static struct wire inner;

static void w_extension(struct wire *out, unsigned id)
{
    w_node(out, 0, id);
    w_u8(out, 1);
    w_bytes(out, &inner);
}

static void w_select(struct wire *out)
{
    w_u32(out, 1);
    w_node(out, 0, 2041);
    w_u32(out, 1);
    w_u16(out, 0);
    w_str(out, "Severity");
    w_u32(out, 13);
    w_str(out, NULL);
    w_u32(out, 1);
    w_u32(out, 14);
    w_u32(out, 1);
    w_no_extension(out);
}

static void w_past(struct wire *out)
{
    inner.n = 0;
    w_time(&inner);
    w_time(&inner);
    w_f64(&inner, 1000);
    w_u32(&inner, 1);
    w_node(&inner, 0, 2342);
    for (int i = 0; i < 5; i++)
        w_u8(&inner, 1);
    w_extension(out, 652);
}

static void w_past_values(struct wire *out)
{
    inner.n = 0;
    w_u32(&inner, 1);
    w_double(&inner, 1);
    w_extension(out, 658);
}

static void w_past_update(struct wire *out)
{
    inner.n = 0;
    w_node_str(&inner, 2, "Temp");
    w_u32(&inner, 1);
    w_select(&inner);
    w_u32(&inner, 1);
    w_u32(&inner, 0);
    w_extension(out, 685);
}

static void w_references(struct wire *out)
{
    w_u32(out, 1);
    w_node(out, 0, 46);
    w_u8(out, 1);
    w_node_str(out, 2, "p");
    w_u16(out, 0);
    w_str(out, "EURange");
    w_u8(out, 3);
    w_str(out, "en");
    w_str(out, "EURange");
    w_u32(out, 2);
    w_node(out, 0, 68);
}

static void w_path(struct wire *out)
{
    w_u32(out, 1);
    w_node(out, 0, 46);
    w_u8(out, 0);
    w_u8(out, 1);
    w_u16(out, 0);
    w_str(out, "EURange");
}

static void w_path_targets(struct wire *out)
{
    w_u32(out, 1);
    w_node_str(out, 2, "p");
    w_u32(out, UINT32_MAX);
}

static void w_filter(struct wire *out)
{
    inner.n = 0;
    w_select(&inner);
    w_extension(out, 727);
}

static void w_notification(struct wire *out)
{
    w_u32(out, 3);
    inner.n = 0;
    w_u32(&inner, 1);
    w_u32(&inner, 71);
    w_double(&inner, 20);
    w_u32(&inner, 0);
    w_extension(out, 811);
    inner.n = 0;
    w_u32(&inner, 1);
    w_u32(&inner, 72);
    w_u32(&inner, 1);
    w_u8(&inner, 5);
    w_u16(&inner, 500);
    w_extension(out, 916);
    inner.n = 0;
    w_u32(&inner, 0x800A0000);
    w_u8(&inner, 0);
    w_extension(out, 820);
}

static void w_user(struct wire *out)
{
    inner.n = 0;
    w_str(&inner, "policy");
    w_str(&inner, "bob");
    w_str(&inner, "secret");
    w_str(&inner, NULL);
    w_extension(out, 324);
}

static void (*const special[])(struct wire *out) = {
    [TW_UA_ROLE_PAST] = w_past,
    [TW_UA_ROLE_PAST_VALUES] = w_past_values,
    [TW_UA_ROLE_PAST_UPDATE] = w_past_update,
    [TW_UA_ROLE_REFERENCES] = w_references,
    [TW_UA_ROLE_PATH] = w_path,
    [TW_UA_ROLE_PATH_TARGETS] = w_path_targets,
    [TW_UA_ROLE_FILTER] = w_filter,
    [TW_UA_ROLE_NOTIFICATION] = w_notification,
    [TW_UA_ROLE_USER] = w_user,
};

static void w_value(struct wire *out, unsigned type)
{
    static const uint8_t bytes[] = {[TW_UA_BOOLEAN] = 1,
        [TW_UA_BYTE] = 1,
        [TW_UA_UINT16] = 2,
        [TW_UA_INT32] = 4,
        [TW_UA_UINT32] = 4,
        [TW_UA_DOUBLE] = 8,
        [TW_UA_STATUSCODE] = 4};
    switch (type) {
    case TW_UA_STRING:
    case TW_UA_BYTESTRING:
        w_str(out, "text");
        return;
    case TW_UA_DATETIME:
        w_time(out);
        return;
    case TW_UA_NODEID:
    case TW_UA_EXPANDEDNODEID:
        w_node_str(out, 2, "Node");
        return;
    case TW_UA_QUALIFIEDNAME:
        w_u16(out, 2);
        w_str(out, "Name");
        return;
    case TW_UA_LOCALIZEDTEXT:
        w_u8(out, 2);
        w_str(out, "Text");
        return;
    case TW_UA_EXTENSIONOBJECT:
        inner.n = 0;
        w_f64(&inner, 0);
        w_f64(&inner, 1);
        w_extension(out, 886);
        return;
    case TW_UA_DATAVALUE:
        w_double(out, 5);
        return;
    case TW_UA_VARIANT:
        w_u8(out, 11);
        w_f64(out, 5);
        return;
    case TW_UA_DIAGNOSTICINFO:
        w_u8(out, 0x10);
        w_str(out, "info");
        return;
    default:
        assert_true(type < sizeof(bytes) && bytes[type] != 0);
        w_le(out, 1, bytes[type]);
    }
}

static void w_layout(struct wire *out, const struct tw_opcua_layout *layout)
{
    for (unsigned i = 0; i < layout->n; i++) {
        const struct tw_opcua_field *f = &layout->fields[i];
        if (f->role < sizeof(special) / sizeof(special[0]) && special[f->role] != NULL) {
            special[f->role](out);
            continue;
        }
        if (f->array)
            w_u32(out, 1);
        if (f->type == TW_UA_STRUCTURE)
            w_layout(out, f->of);
        else
            w_value(out, f->type);
    }
}

static void w_message(struct wire *out, const struct tw_opcua_shape *shape, bool request)
{
    out->n = 0;
    w_layout(out, request ? &shape->head : &shape->response_head);
    for (; shape != NULL; shape = shape->then) {
        if (request ? shape->has_items : shape->has_results) {
            w_u32(out, 1);
            w_layout(out, request ? &shape->item : &shape->result);
        }
        w_layout(out, request ? &shape->tail : &shape->response_tail);
    }
}

static unsigned events;

static void count(void *user, const struct tw_event *e)
{
    struct tw_text *text = user;
    tw_text_clear(text);
    tw_event_json(text, e);
    events++;
}

struct walked {
    bool complete;
    uint32_t anomalies;
    size_t left;
};

static struct walked walk(struct tw_proto_env *env, const struct tw_opcua_service *service,
    struct tw_cur request, struct tw_cur response, bool quiet)
{
    static uint8_t memory[TW_OPCUA_SCRATCH_BYTES] __attribute__((aligned(16)));
    struct tw_opcua_walk w = {.env = env,
        .service = service,
        .has_request = true,
        .has_response = true,
        .request = request,
        .response = response,
        .answered = true,
        .quiet = quiet};
    w.base.action = service->action;
    tw_opcua_walk(&w, memory);
    return (struct walked){
        w.complete, w.request_anomalies | w.response_anomalies, w.request.left + w.response.left};
}

static void every_service_at_every_length(void **state)
{
    static struct wire request, response;
    struct tw_text text = {0};
    struct tw_proto_counters counters = {0};
    struct tw_proto_env env = {.emit = {count, &text}, .counters = &counters, .next_serial = 1};
    struct guard g = guard_new();
    unsigned services = 0;
    (void)state;
    for (uint32_t id = 400; id < 16000; id++) {
        const struct tw_opcua_service *service = tw_opcua_service_of_request(id);
        if (service == NULL)
            continue;
        services++;
        w_message(&request, service->shape, true);
        w_message(&response, service->shape, false);
        const struct tw_cur r = tw_cur_of(request.b, request.n);
        const struct tw_cur a = tw_cur_of(response.b, response.n);
        for (int quiet = 0; quiet < 2; quiet++) {
            events = 0;
            struct walked w = walk(&env, service, r, a, quiet);
            if (!w.complete || w.anomalies != 0 || w.left != 0)
                fail_msg("%s: complete %d, anomalies %x, %zu left", service->name, w.complete,
                    w.anomalies, w.left);
            assert_int_equal(events > 0, !quiet);
            for (size_t cut = 0; cut < request.n; cut++) {
                w = walk(&env, service, tw_cur_of(guard_put(&g, request.b, cut), cut), a, quiet);
                assert_true(!w.complete && (w.anomalies & TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR)));
            }
            for (size_t cut = 0; cut < response.n; cut++) {
                w = walk(&env, service, r, tw_cur_of(guard_put(&g, response.b, cut), cut), quiet);
                assert_true(!w.complete && (w.anomalies & TW_OPCUA_BIT(TW_OPCUA_DECODE_ERROR)));
            }
        }
    }
    assert_int_equal(services, 40);
    guard_free(&g);
    tw_text_free(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_service_at_every_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
