/* What a server answers beside statuses and values: why an item was refused, what it thinks of an
 * argument or a filter, which node it made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "event/event.h"
#include "opcua_detailed.h"

static struct wire w, inner;

/* Two nodes are read, the second with something to say about it. */
static void answer_with_diagnostics(struct talk *t, uint32_t asked)
{
    const uint32_t id = 2 + asked;
    w_request_asking(&w, 631, id, "token", asked);
    w_f64(&w, 0);
    w_u32(&w, 2);
    w_u32(&w, 2);
    w_read_id(&w, "Temp", 13);
    w_read_id(&w, "Gone", 13);
    talk_message(t, 0, id, &w);
    w_response(&w, 634, id, 0);
    w_u32(&w, 2);
    w_u8(&w, 1);
    w_u8(&w, 1);
    w_u8(&w, 1);
    w_u8(&w, 2);
    w_u32(&w, 0x80340000);
    w_u32(&w, 2);
    w_u8(&w, 0);
    w_u8(&w, 0x10);
    w_str(&w, "no such node");
    talk_message(t, 1, id, &w);
}

/* Some servers send them to who did not ask. */
static void diagnostics_of_items_are_told(void **state)
{
    struct talk t;
    (void)state;
    start(&t);
    answer_with_diagnostics(&t, 0x3e0);
    answer_with_diagnostics(&t, 0x01f);
#define READ_TWO(at)                                                                               \
    at " read Read [ns=2;s=Temp] true Boolean Good\n" at                                           \
       " read Read [ns=2;s=Gone] BadNodeIdUnknown! {\"item_diagnostics\":{\"additional_info\":"    \
       "\"no such node\"}}\n"
    finish(&t, READ_TWO("6<5") READ_TWO("8<7"));
}

/* Of two lists each has its own, and they need not be as many as the items. */
static void diagnostics_follow_their_list(void **state)
{
    struct talk t;
    (void)state;
    start(&t);
    w_request_asking(&w, 775, 4, "token", 0x3ff);
    w_u32(&w, 33);
    w_u32(&w, 88);
    w_u32(&w, 1);
    w_u32(&w, 90);
    w_u32(&w, 2);
    w_u32(&w, 91);
    w_u32(&w, 92);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 778, 4, 0);
    w_u32(&w, 1);
    w_u32(&w, 0x80420000);
    w_u32(&w, 1);
    w_u8(&w, 0x20);
    w_u32(&w, 0x80010000);
    w_u32(&w, 2);
    w_u32(&w, 0x80420000);
    w_u32(&w, 0);
    w_u32(&w, 1);
    w_u8(&w, 0x40); /* one in another that says nothing else */
    w_u8(&w, 0x10);
    w_str(&w, "gone");
    talk_message(&t, 1, 2, &w);
#define LINK "6<5 subscribe SetTriggering [null] "
    finish(&t, LINK "BadMonitoredItemIdInvalid! {\"triggering_item\":88,\"part\":\"add_link\","
                    "\"item_diagnostics\":{\"inner_status\":\"BadUnexpectedError\"}}\n" LINK
                    "BadMonitoredItemIdInvalid! {\"triggering_item\":88,\"part\":\"remove_link\","
                    "\"item_diagnostics\":{\"inner\":{\"additional_info\":\"gone\"}}}\n" LINK
                    "Good {\"triggering_item\":88,\"part\":\"remove_link\"}\n");
}

static void arguments_have_results(void **state)
{
    struct talk t;
    (void)state;
    start(&t);
    w_request(&w, 712, 4, "token");
    w_u32(&w, 2);
    for (unsigned i = 0; i < 2; i++) {
        w_node_str(&w, 2, "Oven");
        w_node_str(&w, 2, "Start");
        w_u32(&w, 1);
        w_u8(&w, 1);
        w_u8(&w, 1);
    }
    talk_message(&t, 0, 2, &w);
    w_response(&w, 715, 4, 0);
    w_u32(&w, 2);
    w_u32(&w, 0x80AB0000);
    w_u32(&w, 1);
    w_u32(&w, 0x80740000);
    w_u32(&w, 1);
    w_u8(&w, 0x10);
    w_str(&w, "a number");
    w_u32(&w, UINT32_MAX);
    w_u32(&w, 0);
    w_u32(&w, 0);
    w_u32(&w, 0);
    w_u32(&w, 0);
    w_u32(&w, 0);
    talk_message(&t, 1, 2, &w);
    finish(&t, "6<5 call Call [ns=2;s=Start] [true] -> [] BadInvalidArgument! {\"input_results\":["
               "\"BadTypeMismatch\"],\"input_diagnostics\":[{\"additional_info\":\"a number\"}]}\n"
               "6<5 call Call [ns=2;s=Start] [true] -> [] Good\n");
}

static void filters_have_results(void **state)
{
    struct talk t;
    (void)state;
    start(&t);
    w_request(&w, 763, 4, "token");
    w_u32(&w, 33);
    w_u32(&w, 2);
    w_u32(&w, 1);
    w_u32(&w, 88);
    w_u32(&w, 72);
    w_f64(&w, 500);
    w_no_extension(&w);
    w_u32(&w, 5);
    w_u8(&w, 1);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 766, 4, 0);
    w_u32(&w, 1);
    w_u32(&w, 0);
    w_f64(&w, 500);
    w_u32(&w, 5);
    inner.n = 0;
    w_u32(&inner, 1);
    w_u32(&inner, 0x80740000);
    w_u32(&inner, 0);
    w_u32(&inner, 0);
    w_u32(&inner, 0);
    w_node(&w, 0, 736);
    w_u8(&w, 1);
    w_bytes(&w, &inner);
    w_u32(&w, 0);
    talk_message(&t, 1, 2, &w);
    finish(&t,
        "6<5 subscribe ModifyMonitoredItems [null] Good {\"queue_size\":5,\"filter_result\":{"
        "\"SelectClauseResults\":[\"BadTypeMismatch\"],\"WhereClauseResult\":{\"ElementResults\":[]"
        "}}"
        "} sampling 500\n");
}

/* A server that refuses names no node; the one that was asked for stands. */
static void refused_nodes_keep_their_name(void **state)
{
    struct talk t;
    (void)state;
    start(&t);
    w_request(&w, 488, 4, "token");
    w_u32(&w, 2);
    for (unsigned i = 0; i < 2; i++) {
        w_node(&w, 0, 85);
        w_node(&w, 0, 47);
        w_node(&w, 2, 9 + i);
        w_u16(&w, 2);
        w_str(&w, "Type");
        w_u32(&w, i == 0 ? 64 : 128);
        w_no_extension(&w);
        w_node(&w, 0, 0);
    }
    talk_message(&t, 0, 2, &w);
    w_response(&w, 491, 4, 0);
    w_u32(&w, 2);
    for (unsigned i = 0; i < 2; i++) {
        w_u32(&w, i == 0 ? 0x80340000 : 0);
        w_node(&w, 2, 70 + i);
    }
    w_u32(&w, 0);
    talk_message(&t, 1, 2, &w);
#define MADE(node, status, class)                                                                  \
    "6<5 manage AddNodes [" node "] " status " {\"parent\":\"i=85\",\"reference_type\":\"i=47\","  \
    "\"browse_name\":\"2:Type\",\"node_class\":\"" class "\",\"type_definition\":\"i=0\"}\n"
    finish(&t, MADE("ns=2;i=9", "BadNodeIdUnknown!", "DataType") MADE("ns=2;i=71", "Good", "View"));
}

static void query_rows_are_shown(void **state)
{
    struct talk t;
    (void)state;
    start(&t);
    w_request(&w, 621, 4, "token");
    w_u8(&w, 0);
    w_str(&w, "more");
    talk_message(&t, 0, 2, &w);
    w_response(&w, 624, 4, 0);
    w_u32(&w, 2);
    for (unsigned i = 0; i < 2; i++) {
        w_node(&w, 2, 5 + i);
        w_node(&w, 2, 1001);
        w_u32(&w, 1 - i);
        if (i == 0)
            w_raw(&w, "\x6\x2a\0\0\0", 5);
    }
    w_str(&w, NULL);
    talk_message(&t, 1, 2, &w);
    finish(&t,
        "6<5 browse QueryNext Good {\"release\":false,\"found\":2,\"rows\":[{\"node\":\"ns=2;i=5\","
        "\"type_definition\":\"ns=2;i=1001\",\"values\":[42]},{\"node\":\"ns=2;i=6\","
        "\"type_definition\":\"ns=2;i=1001\",\"values\":[]}]}\n");
}

static void some_digest(const void *p, size_t len, uint8_t out[32])
{
    (void)p;
    memset(out, (int)len, 32);
}

static bool some_facts(const void *p, size_t len, struct tw_certificate *out)
{
    (void)p;
    *out = (struct tw_certificate){.subject = "CN=joe"};
    return len > 2;
}

static void users_may_be_certificates(void **state)
{
    struct talk t;
    (void)state;
    start(&t);
    t.env.certificate_sha256 = some_digest;
    t.env.certificate_read = some_facts;
    w_request(&w, 467, 4, "token");
    w_str(&w, NULL);
    w_str(&w, NULL);
    w_u32(&w, 0);
    w_u32(&w, UINT32_MAX);
    inner.n = 0;
    w_str(&inner, "policy");
    w_str(&inner, "0\3\2\1\7");
    w_node(&w, 0, 327);
    w_u8(&w, 1);
    w_bytes(&w, &inner);
    w_str(&w, NULL);
    w_str(&w, NULL);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 470, 4, 0);
    w_str(&w, NULL);
    w_u32(&w, 0);
    w_u32(&w, 0);
    talk_message(&t, 1, 2, &w);
#define FIVES "0505050505050505050505050505050505050505050505050505050505050505"
    finish(&t, "6<5 authenticate ActivateSession Good {\"user_certificate_sha256\":\"" FIVES
               "\",\"user_certificate_subject\":\"CN=joe\"}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(diagnostics_of_items_are_told),
        cmocka_unit_test(diagnostics_follow_their_list),
        cmocka_unit_test(arguments_have_results),
        cmocka_unit_test(filters_have_results),
        cmocka_unit_test(refused_nodes_keep_their_name),
        cmocka_unit_test(query_rows_are_shown),
        cmocka_unit_test(users_may_be_certificates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
