#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "event/facts.h"
#include "event/secret.h"

static void actions_have_the_names_of_the_contract(void **state)
{
    static const char *const names[] = {"connect", "secure", "session", "authenticate",
        "disconnect", "discover", "browse", "read", "write", "call", "subscribe", "unsubscribe",
        "notify", "alarm", "publish", "deliver", "refused", "history_read", "history_write",
        "manage", "tool", "flow", "malformed", "gap", "conflict", "silence", "deviation"};
    (void)state;
    assert_int_equal(TW_ACTION_UNKNOWN, sizeof(names) / sizeof(names[0]));
    for (unsigned i = 0; i < TW_ACTION_UNKNOWN; i++) {
        enum tw_action a = TW_ACTION_COUNT;
        assert_string_equal(tw_action_name((enum tw_action)i), names[i]);
        assert_true(tw_action_of(tw_str_of(names[i]), &a));
        assert_int_equal(a, i);
    }
    enum tw_action a = TW_ACTION_GAP;
    assert_false(tw_action_of(TW_STR("Write"), &a));
    assert_false(tw_action_of(TW_STR(""), &a));
    assert_false(tw_action_of(TW_STR_NONE, &a));
    assert_false(tw_action_of(TW_STR("unknown"), &a));
    assert_int_equal(a, TW_ACTION_GAP);
    assert_string_equal(tw_action_name(TW_ACTION_UNKNOWN), "unknown");
    assert_string_equal(tw_action_name(TW_ACTION_COUNT), "unknown");
}

static void other_names(void **state)
{
    (void)state;
    assert_string_equal(tw_tier_name(TW_TIER_NONE), "none");
    assert_string_equal(tw_tier_name(TW_TIER_T0), "T0");
    assert_string_equal(tw_tier_name(TW_TIER_T4), "T4");
    assert_string_equal(tw_tier_name((enum tw_tier)99), "none");
    assert_string_equal(tw_actor_kind_name(TW_ACTOR_UNREGISTERED), "unregistered");
    assert_string_equal(tw_actor_kind_name(TW_ACTOR_ASSET), "asset");
    assert_string_equal(tw_actor_kind_name(TW_ACTOR_AI_SYSTEM), "ai_system");
    assert_string_equal(tw_identity_name(TW_IDENTITY_UNREGISTERED), "unregistered");
    assert_string_equal(tw_identity_name(TW_IDENTITY_REGISTERED), "registered");
    assert_string_equal(tw_identity_name(TW_IDENTITY_MISMATCH), "mismatch");
    assert_string_equal(tw_importance_name(TW_IMPORTANCE_ESSENTIAL), "essential");
    assert_string_equal(tw_role_name(TW_ROLE_MODEL), "model");
    assert_string_equal(tw_role_name(TW_ROLE_HEARTBEAT), "heartbeat");
    assert_string_equal(tw_approval_name(TW_APPROVAL_USED), "used");
    assert_string_equal(tw_approval_name(TW_APPROVAL_UNKNOWN), "unknown");
}

static void names_of_secrets(void **state)
{
    static const struct {
        const char *name;
        bool secret;
    } rows[] = {
        {"password", true},
        {"PASSWORD", true},
        {"/password", true},
        {"/auth/password", true},
        {"/db_password", true},
        {"/dbPassword", true},
        {"/db-password", true},
        {"passwd", true},
        {"token", true},
        {"/access_token", true},
        {"/accessToken", true},
        {"secret", true},
        {"client_secret", true},
        {"api_key", true},
        {"apiKey", true},
        {"apikey", true},
        {"x-api-key", true},
        {"private_key", true},
        {"Authorization", true},
        {"plant/pump/token", true},
        {"Config.Password", true},
        {"ns=2;s=Config.Password", true},
        {"", false},
        {"/", false},
        {"broken", false},
        {"tokens_used", false},
        {"password/length", false},
        {"key", false},
        {"/node", false},
        {"monkey", false},
        {"secretary", false},
        {"keyboard", false},
        {"ns=2;s=Boiler.Setpoint", false},
        {"/a/b/value", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (tw_secret_name(tw_str_of(rows[i].name)) != rows[i].secret)
            fail_msg("'%s'", rows[i].name);
    }
    assert_false(tw_secret_name(TW_STR_NONE));
}

static void only_numbers_are_numbers(void **state)
{
    (void)state;
    double d = 42;
    assert_false(tw_value_number(&(struct tw_value){.kind = TW_VALUE_BOOL, .b = true}, &d));
    assert_false(
        tw_value_number(&(struct tw_value){.kind = TW_VALUE_STRING, .s = TW_STR("1")}, &d));
    assert_true(d == 42);
    assert_true(tw_value_number(&(struct tw_value){.kind = TW_VALUE_UINT, .u = 7}, &d));
    assert_true(d == 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(actions_have_the_names_of_the_contract),
        cmocka_unit_test(other_names),
        cmocka_unit_test(names_of_secrets),
        cmocka_unit_test(only_numbers_are_numbers),
    };
    return cmocka_run_group_tests_name("event/names", tests, NULL, NULL);
}
