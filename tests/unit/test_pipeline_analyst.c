#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include "event/emit_json.h"
#include "pipeline/analyst.h"

static void keep_json(void *user, const struct tw_event *event)
{
    tw_event_json(user, event);
}

static bool says(const struct tw_text *t, const char *words)
{
    return t->len > 0 && memmem(t->p, t->len, words, strlen(words)) != NULL;
}

/* What a node's name calls a secret is not printed, whatever carried it. */
static void secrets_of_nodes_are_hidden(void **state)
{
    (void)state;
    static const struct tw_value argument = {.kind = TW_VALUE_STRING, .s = {"hunter2", 7}};
    static const struct {
        const char *object;
        struct tw_value value;
        bool outputs, hidden;
    } rows[] = {
        {"ns=2;s=Config.Password", {.kind = TW_VALUE_STRING, .s = {"hunter2", 7}}, false, true},
        {"ns=2;s=Config.Password", {.kind = TW_VALUE_BYTES, .s = {"hunter2", 7}}, false, true},
        {"ns=2;s=User.SetPassword", {.kind = TW_VALUE_ARRAY, .n = 1, .items = &argument}, true,
            true},
        {"ns=2;s=Device/api_key", {.kind = TW_VALUE_STRING, .s = {"hunter2", 7}}, false, true},
        {"ns=2;s=Config.Text", {.kind = TW_VALUE_STRING, .s = {"hunter2", 7}}, false, false},
        {"ns=2;s=Line.Token", {.kind = TW_VALUE_INT, .i = 5}, false, false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_text out = {0};
        const struct tw_analyst_config config = {
            .limits = tw_limits_default(), .event = keep_json, .event_user = &out};
        struct tw_analyst *a = tw_analyst_new(&config);
        struct tw_opcua_info info = {.outputs = rows[i].outputs ? &argument : NULL};
        struct tw_event event = {.ts_ns = 1,
            .protocol = TW_PROTO_OPCUA,
            .action = TW_ACTION_WRITE,
            .object = tw_str_of(rows[i].object),
            .value = rows[i].value,
            .opcua = &info};
        assert_non_null(a);
        tw_analyst_event(a, &event);
        assert_int_equal(says(&out, "\"value\":\"(redacted)\""), rows[i].hidden);
        assert_int_equal(says(&out, "\"outputs\":\"(redacted)\""), rows[i].outputs);
        assert_int_equal(
            says(&out, "hunter2"), !rows[i].hidden && rows[i].value.kind != TW_VALUE_INT);
        tw_analyst_free(a);
        tw_text_free(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(secrets_of_nodes_are_hidden),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
