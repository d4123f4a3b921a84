#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "protocol/opcua/names.h"
#include "protocol/opcua/policy.h"
#include "protocol/opcua/service.h"

static void status_codes_have_their_names(void **state)
{
    static const struct {
        uint32_t code;
        const char *name;
    } rows[] = {{0, "Good"}, {0x80000000, "Bad"}, {0x40000000, "Uncertain"},
        {0x80340000, "BadNodeIdUnknown"}, {0x803B0000, "BadNotWritable"},
        {0x80AB0000, "BadInvalidArgument"}, {0x80E50000, "BadTooManyArguments"},
        {0x81200000, "BadTicketInvalid"}, {0x04090000, "GoodCascade"},
        {0x420F0000, "UncertainConfigurationError"}, {0x00300000, "GoodClamped"},
        /* flag bits do not matter: an overflow of the queue, a limit */
        {0x00000480, "Good"}, {0x803C0100, "BadOutOfRange"},
        {0x80770000, "BadTooManySubscriptions"},
        /* not of the standard */
        {0x8FFF12AB, "0x8FFF12AB"}, {0x00010000, "0x00010000"}, {0xC0340000, "0xC0340000"}};
    char text[TW_OPCUA_STATUS_TEXT];
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        assert_true(tw_str_is(tw_opcua_status_text(rows[i].code, text), rows[i].name));
}

static void every_name_is_found_by_its_code_only(void **state)
{
    unsigned named = 0;
    char text[TW_OPCUA_STATUS_TEXT];
    (void)state;
    for (uint32_t high = 0; high < 0x10000; high++)
        named += tw_opcua_status_text(high << 16, text).p != text;
    assert_int_equal(named, 274);
}

static void attributes_have_their_names(void **state)
{
    (void)state;
    assert_true(tw_str_is(tw_opcua_attribute_name(1), "NodeId"));
    assert_true(tw_str_is(tw_opcua_attribute_name(13), "Value"));
    assert_true(tw_str_is(tw_opcua_attribute_name(17), "AccessLevel"));
    assert_true(tw_str_is(tw_opcua_attribute_name(21), "Executable"));
    assert_true(tw_str_is(tw_opcua_attribute_name(27), "AccessLevelEx"));
    assert_null(tw_opcua_attribute_name(0).p);
    assert_null(tw_opcua_attribute_name(28).p);
    assert_null(tw_opcua_attribute_name(UINT32_MAX).p);
}

static void types_have_their_names(void **state)
{
    (void)state;
    assert_string_equal(tw_opcua_type_name(TW_UA_DOUBLE, false), "Double");
    assert_string_equal(tw_opcua_type_name(TW_UA_DOUBLE, true), "Double[]");
    assert_string_equal(tw_opcua_type_name(TW_UA_DIAGNOSTICINFO, false), "DiagnosticInfo");
    assert_string_equal(tw_opcua_type_name(31, false), "ByteString");
}

static void services_are_found_by_both_ids(void **state)
{
    static const struct {
        uint32_t request, response;
        const char *name;
        enum tw_action action;
    } rows[] = {{422, 425, "FindServers", TW_ACTION_DISCOVER},
        {461, 464, "CreateSession", TW_ACTION_SESSION},
        {467, 470, "ActivateSession", TW_ACTION_AUTHENTICATE},
        {488, 491, "AddNodes", TW_ACTION_MANAGE},
        {554, 557, "TranslateBrowsePathsToNodeIds", TW_ACTION_BROWSE},
        {631, 634, "Read", TW_ACTION_READ}, {664, 667, "HistoryRead", TW_ACTION_HISTORY_READ},
        {673, 676, "Write", TW_ACTION_WRITE}, {700, 703, "HistoryUpdate", TW_ACTION_HISTORY_WRITE},
        {712, 715, "Call", TW_ACTION_CALL}, {826, 829, "Publish", TW_ACTION_NOTIFY},
        {847, 850, "DeleteSubscriptions", TW_ACTION_UNSUBSCRIBE},
        {12211, 12212, "RegisterServer2", TW_ACTION_MANAGE},
        {15903, 21001, "SessionlessInvoke", TW_ACTION_CALL}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct tw_opcua_service *s = tw_opcua_service_of_request(rows[i].request);
        assert_non_null(s);
        assert_ptr_equal(s, tw_opcua_service_of_response(rows[i].response));
        assert_string_equal(s->name, rows[i].name);
        assert_int_equal(s->action, rows[i].action);
        assert_null(tw_opcua_service_of_request(rows[i].response));
        assert_null(tw_opcua_service_of_response(rows[i].request));
    }
    assert_null(tw_opcua_service_of_request(0));
    assert_null(tw_opcua_service_of_request(706)); /* an element's type, no message */
    assert_null(tw_opcua_service_of_response(TW_OPCUA_SERVICE_FAULT));
}

static void policies_know_their_signatures(void **state)
{
#define URI(name) "http://opcfoundation.org/UA/SecurityPolicy#" name
    static const struct {
        const char *uri;
        int signature;
        bool zero_based;
    } rows[] = {{URI("None"), 0, false}, {URI("Basic128Rsa15"), 20, false},
        {URI("Basic256"), 20, false}, {URI("Basic256Sha256"), 32, false},
        {URI("Aes256_Sha256_RsaPss"), 32, false}, {URI("ECC_nistP384"), 48, true},
        {URI("ECC_nistP256_AesGcm"), 16, true}, {URI("ECC_curve25519"), 16, true},
        {URI("ECC_curve448_ChaChaPoly"), 16, true}, {URI("RSA_DH_AesGcm"), 16, true},
        {URI("Bogus"), -1, false}, {"urn:vendor#None", -1, false}, {"", -1, false}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct tw_opcua_policy *p = tw_opcua_policy_of(tw_str_of(rows[i].uri));
        assert_int_equal(p == NULL ? -1 : p->signature, rows[i].signature);
        if (p != NULL)
            assert_int_equal(p->zero_based, rows[i].zero_based);
    }
    assert_true(tw_str_is(tw_opcua_policy_name(TW_STR("urn:vendor#Own")), "Own"));
    assert_true(tw_str_is(tw_opcua_policy_name(TW_STR("plain")), "plain"));
    assert_true(tw_str_is(tw_opcua_mode_name(3), "SignAndEncrypt"));
    assert_null(tw_opcua_mode_name(0).p);
    assert_null(tw_opcua_mode_name(4).p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(status_codes_have_their_names),
        cmocka_unit_test(every_name_is_found_by_its_code_only),
        cmocka_unit_test(attributes_have_their_names),
        cmocka_unit_test(types_have_their_names),
        cmocka_unit_test(services_are_found_by_both_ids),
        cmocka_unit_test(policies_know_their_signatures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
