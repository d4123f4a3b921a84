#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "event/confidential.h"
#include "guard.h"

#define TOKEN                                                                                      \
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N_XgL0"

static const struct {
    const char *text, *secret, *personal;
} rows[] = {
    {"", NULL, NULL},
    {"-----BEGIN RSA PRIVATE KEY-----\nMIIE", "private-key", NULL},
    {"x -----BEGIN PRIVATE KEY-----", "private-key", NULL},
    {"-----BEGIN CERTIFICATE-----\nMIIE\n-----BEGIN ENCRYPTED PRIVATE KEY-----", "private-key",
        NULL},
    {"-----BEGIN CERTIFICATE-----\nMIIEPRIVATE KEY", NULL, NULL},
    {"-----BEGIN a long text that goes on before it says PRIVATE KEY-----", NULL, NULL},
    {"key AKIAIOSFODNN7EXAMPLE.", "access-key", NULL},
    {"ASIAIOSFODNN7EXAMPLE", "access-key", NULL},
    {"XAKIAIOSFODNN7EXAMPLE", NULL, NULL},
    {"AKIAIOSFODNN7EXAMPLEX", NULL, NULL},
    {"AKIAIOSFODNN7EXAMPLe", NULL, NULL},
    {"AKIAKIAIOSFODNN7EXAMPLE", NULL, NULL},
    {"Bearer " TOKEN, "token", NULL},
    {"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0", NULL, NULL},
    {"x" TOKEN, NULL, NULL},
    {"eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.xxxxxxxxxxxxxxxxxxxxx.yyy", NULL, NULL},
    /* GB 11643: the example of the standard, and what is nearly it. */
    {"11010519491231002X", NULL, "resident-id"},
    {"id 11010519491231002x, room 4", NULL, "resident-id"},
    {"440524188001010014", NULL, NULL}, /* born in 1880 */
    {"110105194912310021", NULL, NULL}, /* check digit */
    {"11010519491331002X", NULL, NULL}, /* month */
    {"11010519490431002X", NULL, NULL}, /* day, and check digit */
    {"91010519491231002X", NULL, NULL}, /* no such place */
    {"A11010519491231002X", NULL, NULL},
    {"111010519491231002X", NULL, NULL},
    {"11010519491231002XA", NULL, NULL},
    {"call 13912345678", NULL, "phone-number"},
    {"+8613912345678", NULL, "phone-number"},
    {"12912345678", NULL, NULL},
    {"0.13912345678", NULL, NULL},
    {"139123456789", NULL, NULL},
    {"13912345678 11010519491231002X", NULL, "resident-id"},
    {"2026112322044500001", NULL, NULL},
};

static void check(const char *wanted, const char *got, const char *text)
{
    if ((wanted == NULL) != (got == NULL) || (got != NULL && strcmp(wanted, got) != 0))
        fail_msg("%s: %s, not %s", text, got ? got : "nothing", wanted ? wanted : "nothing");
}

static void texts_that_give_something_away(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct tw_str text = tw_str_of(rows[i].text);
        check(rows[i].secret, tw_confidential_secret(text), rows[i].text);
        check(rows[i].personal, tw_confidential_personal(text), rows[i].text);
    }
    assert_null(tw_confidential_secret(TW_STR_NONE));
    assert_null(tw_confidential_personal(TW_STR_NONE));
}

static void nothing_is_read_beyond_the_text(void **state)
{
    struct guard g = guard_new();
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        for (size_t len = 0; len <= strlen(rows[i].text); len++) {
            const struct tw_str cut = tw_str_bytes(guard_put(&g, rows[i].text, len), len);
            (void)tw_confidential_secret(cut);
            (void)tw_confidential_personal(cut);
            (void)tw_confidential_named(cut, cut);
        }
    }
    guard_free(&g);
}

static void words_for_persons(void **state)
{
    (void)state;
    assert_true(tw_confidential_named(TW_STR("/worker/Phone"), TW_STR("1")));
    assert_true(tw_confidential_named(TW_STR_NONE, TW_STR("手机 13912345678")));
    assert_true(tw_confidential_named(TW_STR("/id_card"), TW_STR_NONE));
    assert_false(tw_confidential_named(TW_STR("/serial"), TW_STR("13912345678")));
    assert_false(tw_confidential_named(TW_STR_NONE, TW_STR_NONE));
}

static void who_gets_a_value(void **state)
{
    struct tw_event e = {.src = {.port = 1}, .dst = {.port = 2}};
    (void)state;
    for (int a = 0; a < TW_ACTION_UNKNOWN; a++) {
        e.action = (enum tw_action)a;
        const bool asked = a == TW_ACTION_READ || a == TW_ACTION_HISTORY_READ;
        assert_ptr_equal(asked ? &e.src.ip : &e.dst.ip, tw_value_receiver(&e));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_that_give_something_away),
        cmocka_unit_test(nothing_is_read_beyond_the_text),
        cmocka_unit_test(words_for_persons),
        cmocka_unit_test(who_gets_a_value),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
