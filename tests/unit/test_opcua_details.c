#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "opcua_detailed.h"

static struct wire w, inner;

/* The request in `w` is sent; its answer of plain StatusCodes follows. */
static void answer_statuses(struct talk *t, unsigned response, const uint32_t *codes, uint32_t n)
{
    talk_message(t, 0, 2, &w);
    w_response(&w, response, 4, 0);
    w_u32(&w, n);
    for (uint32_t i = 0; i < n; i++)
        w_u32(&w, codes[i]);
    w_u32(&w, 0);
    talk_message(t, 1, 2, &w);
}

static void w_extension(struct wire *out, unsigned id, const struct wire *body)
{
    w_node(out, 0, id);
    w_u8(out, 1);
    w_bytes(out, body);
}

static void nodes_are_added_and_deleted(void **state)
{
    struct talk t;
    (void)state;
    start(&t);
    w_request(&w, 488, 4, "token");
    w_u32(&w, 1);
    w_node(&w, 0, 85);
    w_node(&w, 0, 47);
    w_node(&w, 2, 9);
    w_u16(&w, 2);
    w_str(&w, "Reset");
    w_u32(&w, 4);
    inner.n = 0;
    w_u32(&inner, 1);
    w_u8(&inner, 2);
    w_str(&inner, "Reset");
    w_u8(&inner, 0);
    w_u32(&inner, 0);
    w_u32(&inner, 0);
    w_u8(&inner, 1);
    w_u8(&inner, 1);
    w_extension(&w, 360, &inner);
    w_node(&w, 0, 0);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 491, 4, 0);
    w_u32(&w, 1);
    w_u32(&w, 0);
    w_node(&w, 2, 9);
    w_u32(&w, 0);
    talk_message(&t, 1, 2, &w);
    w_request(&w, 494, 4, "token");
    w_u32(&w, 1);
    w_node(&w, 2, 9);
    w_node(&w, 0, 35);
    w_u8(&w, 1);
    w_str(&w, NULL);
    w_node(&w, 2, 10);
    w_u32(&w, 2);
    answer_statuses(&t, 497, (const uint32_t[]){0}, 1);
    w_request(&w, 506, 4, "token");
    w_u32(&w, 1);
    w_node(&w, 2, 9);
    w_node(&w, 0, 35);
    w_u8(&w, 0);
    w_node(&w, 2, 10);
    w_u8(&w, 1);
    answer_statuses(&t, 509, (const uint32_t[]){0x80340000}, 1);
    w_request(&w, 500, 4, "token");
    w_u32(&w, 2);
    w_node(&w, 2, 9);
    w_u8(&w, 1);
    w_node(&w, 2, 10);
    w_u8(&w, 0);
    answer_statuses(&t, 503, (const uint32_t[]){0, 0x80340000}, 2);
    finish(&t,
        "6<5 manage AddNodes [ns=2;i=9] Good {\"parent\":\"i=85\",\"reference_type\":\"i=47\","
        "\"browse_name\":\"2:Reset\",\"node_class\":\"Method\",\"attributes\":{"
        "\"SpecifiedAttributes\":1,\"DisplayName\":\"Reset\",\"Description\":null,\"WriteMask\":0,"
        "\"UserWriteMask\":0,\"Executable\":true,\"UserExecutable\":true},"
        "\"type_definition\":\"i=0\"}\n"
        "8<7 manage AddReferences [ns=2;i=9] Good {\"reference_type\":\"i=35\",\"forward\":true,"
        "\"target\":\"ns=2;i=10\",\"node_class\":\"Variable\"}\n"
        "10<9 manage DeleteReferences [ns=2;i=9] BadNodeIdUnknown! {\"reference_type\":\"i=35\","
        "\"forward\":false,\"target\":\"ns=2;i=10\",\"delete_bidirectional\":true}\n"
        "12<11 manage DeleteNodes [ns=2;i=9] Good {\"delete_target_references\":true}\n"
        "12<11 manage DeleteNodes [ns=2;i=10] BadNodeIdUnknown! "
        "{\"delete_target_references\":false}\n");
}

static void w_reference(struct wire *out, unsigned type, const char *node, const char *name)
{
    w_node(out, 0, type);
    w_u8(out, 1);
    w_node_str(out, 2, node);
    w_u16(out, 0);
    w_str(out, name);
    w_u8(out, 0);
    w_u32(out, 2);
    w_node(out, 0, 68);
}

static void browsing_finds_properties(void **state)
{
    struct talk t;
    (void)state;
    start(&t);
    w_request(&w, 527, 4, "token");
    w_node(&w, 0, 0);
    w_time(&w);
    w_u32(&w, 0);
    w_u32(&w, 2);
    w_u32(&w, 1);
    w_node_str(&w, 2, "Temp");
    w_u32(&w, 0);
    w_node(&w, 0, 46);
    w_u8(&w, 1);
    w_u32(&w, 0);
    w_u32(&w, 63);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 530, 4, 0);
    w_u32(&w, 1);
    w_u32(&w, 0);
    w_str(&w, "point");
    w_u32(&w, 3);
    w_reference(&w, 46, "p1", "EURange");
    w_reference(&w, 47, "c1", "EngineeringUnits"); /* a component that is only called so */
    w_reference(&w, 46, "p2", "EngineeringUnits");
    w_u32(&w, 0);
    talk_message(&t, 1, 2, &w);
    w_request(&w, 533, 4, "token");
    w_u8(&w, 1);
    w_u32(&w, 1);
    w_str(&w, "point");
    talk_message(&t, 0, 3, &w);
    w_response(&w, 536, 4, 0);
    w_u32(&w, 1);
    w_u32(&w, 0);
    w_str(&w, NULL);
    w_u32(&w, 0);
    w_u32(&w, 0);
    talk_message(&t, 1, 3, &w);
    finish(&t, "6<5 browse Browse [ns=2;s=Temp] Good {\"direction\":\"forward\","
               "\"reference_type\":\"i=46\",\"continued\":true,\"references\":3}"
               " property 1 ns=2;s=p1 property 2 ns=2;s=p2\n"
               "8<7 browse BrowseNext [null] Good {\"release\":true,\"references\":0}\n");
}

static void w_element(struct wire *out, unsigned type, unsigned inverse, unsigned ns, const char *z)
{
    w_node(out, 0, type);
    w_u8(out, inverse);
    w_u8(out, 1);
    w_u16(out, ns);
    w_str(out, z);
}

static void paths_are_translated(void **state)
{
    struct talk t;
    (void)state;
    start(&t);
    w_request(&w, 554, 4, "token");
    w_u32(&w, 2);
    w_node_str(&w, 2, "Temp");
    w_u32(&w, 1);
    w_element(&w, 46, 0, 0, "EURange");
    w_node(&w, 0, 85);
    w_u32(&w, 2);
    w_element(&w, 33, 1, 2, "Boiler");
    w_element(&w, 44, 0, 2, "Temp");
    talk_message(&t, 0, 2, &w);
    w_response(&w, 557, 4, 0);
    w_u32(&w, 2);
    w_u32(&w, 0);
    w_u32(&w, 1);
    w_node_str(&w, 2, "p1");
    w_u32(&w, UINT32_MAX);
    w_u32(&w, 0x806F0000);
    w_u32(&w, UINT32_MAX);
    w_u32(&w, 0);
    talk_message(&t, 1, 2, &w);
    w_request(&w, 560, 4, "token");
    w_u32(&w, 1);
    w_node_str(&w, 2, "Temp");
    talk_message(&t, 0, 3, &w);
    w_response(&w, 563, 4, 0);
    w_u32(&w, 1);
    w_node(&w, 9, 1);
    talk_message(&t, 1, 3, &w);
    w_request(&w, 566, 4, "token");
    w_u32(&w, 1);
    w_node(&w, 9, 1);
    talk_message(&t, 0, 4, &w);
    w_response(&w, 569, 4, 0);
    talk_message(&t, 1, 4, &w);
    finish(&t, "6<5 browse TranslateBrowsePathsToNodeIds [ns=2;s=Temp] Good {\"path\":\"/EURange\","
               "\"targets\":[\"ns=2;s=p1\"]} property 1 ns=2;s=p1\n"
               "6<5 browse TranslateBrowsePathsToNodeIds [i=85] BadNoMatch! {\"path\":"
               "\"!/2:Boiler.2:Temp\"}\n"
               "8<7 browse RegisterNodes [ns=2;s=Temp] Good {\"alias\":\"ns=9;i=1\"}\n"
               "10<9 browse UnregisterNodes [ns=9;i=1] Good\n");
}

static void queries_name_their_types(void **state)
{
    struct talk t;
    (void)state;
    start(&t);
    w_request(&w, 615, 4, "token");
    w_node(&w, 0, 0);
    w_time(&w);
    w_u32(&w, 0);
    w_u32(&w, 1);
    w_node(&w, 2, 1001);
    w_u8(&w, 1);
    w_u32(&w, 1);
    w_u32(&w, 1);
    w_element(&w, 33, 0, 2, "Temp");
    w_u32(&w, 13);
    w_str(&w, NULL);
    w_u32(&w, 0); /* no filter */
    w_u32(&w, 100);
    w_u32(&w, 0);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 618, 4, 0);
    w_u32(&w, 1);
    w_node(&w, 2, 5);
    w_node(&w, 2, 1001);
    w_u32(&w, 1);
    w_u8(&w, 1);
    w_u8(&w, 1);
    w_str(&w, "more");
    w_u32(&w, 0); /* nothing to say about the types */
    w_u32(&w, 0);
    w_u32(&w, 0);
    w_u32(&w, 0);
    talk_message(&t, 1, 2, &w);
    w_request(&w, 621, 4, "token");
    w_u8(&w, 0);
    w_str(&w, "more");
    talk_message(&t, 0, 3, &w);
    w_response(&w, 624, 4, 0);
    w_u32(&w, 0);
    w_str(&w, NULL);
    talk_message(&t, 1, 3, &w);
    finish(&t, "6<5 browse QueryFirst [ns=2;i=1001] Good {\"found\":1,\"rows\":["
               "{\"node\":\"ns=2;i=5\",\"type_definition\":\"ns=2;i=1001\",\"values\":[true]}],"
               "\"continued\":true,"
               "\"include_subtypes\":true,\"data\":1}\n"
               "8<7 browse QueryNext Good {\"release\":false,\"found\":0}\n");
}

static void monitored_items_are_changed(void **state)
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
    inner.n = 0;
    w_u32(&inner, 1);
    w_u32(&inner, 2);
    w_f64(&inner, 10);
    w_extension(&w, 724, &inner);
    w_u32(&w, 5);
    w_u8(&w, 1);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 766, 4, 0);
    w_u32(&w, 1);
    w_u32(&w, 0);
    w_f64(&w, 500);
    w_u32(&w, 5);
    w_no_extension(&w);
    w_u32(&w, 0);
    talk_message(&t, 1, 2, &w);
    w_request(&w, 769, 4, "token");
    w_u32(&w, 33);
    w_u32(&w, 0);
    w_u32(&w, 2);
    w_u32(&w, 88);
    w_u32(&w, 89);
    answer_statuses(&t, 772, (const uint32_t[]){0, 0x80420000}, 2);
    w_request(&w, 775, 4, "token");
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
    w_u32(&w, 0);
    w_u32(&w, 0);
    w_u32(&w, 2);
    w_u32(&w, 0);
    w_u32(&w, 0x80420000);
    w_u32(&w, 0);
    talk_message(&t, 1, 2, &w);
    w_request(&w, 781, 4, "token");
    w_u32(&w, 33);
    w_u32(&w, 1);
    w_u32(&w, 88);
    answer_statuses(&t, 784, (const uint32_t[]){0}, 1);
    finish(&t, "6<5 subscribe ModifyMonitoredItems [null] Good {\"filter\":{\"Trigger\":"
               "\"StatusValue\",\"DeadbandType\":\"Percent\",\"DeadbandValue\":10},"
               "\"queue_size\":5} sampling 500\n"
               "8<7 subscribe SetMonitoringMode [null] Good {\"monitoring_mode\":\"Disabled\"}\n"
               "8<7 subscribe SetMonitoringMode [null] BadMonitoredItemIdInvalid! "
               "{\"monitoring_mode\":\"Disabled\"}\n"
               "10<9 subscribe SetTriggering [null] Good {\"triggering_item\":88,"
               "\"part\":\"add_link\"}\n"
               "10<9 subscribe SetTriggering [null] Good {\"triggering_item\":88,"
               "\"part\":\"remove_link\"}\n"
               "10<9 subscribe SetTriggering [null] BadMonitoredItemIdInvalid! "
               "{\"triggering_item\":88,\"part\":\"remove_link\"}\n"
               "12<11 unsubscribe DeleteMonitoredItems [null] Good\n");
}

/* 0 is as fast as the server can, -1 as fast as the subscription: both are told. What a server
 * revises of an item that it refuses is not. */
static void intervals_are_told_as_sent(void **state)
{
    static const struct {
        double asked, revised;
        uint32_t status;
    } items[] = {{0, 0, 0}, {-1, 1000, 0}, {250, -1, 0}, {250, 0, 0x80340000}};
    struct talk t;
    (void)state;
    start(&t);
    for (uint32_t id = 2; id < 4; id++) {
        w_request(&w, 787, id, "token");
        w_f64(&w, id == 2 ? -1 : 500);
        w_u32(&w, 30);
        w_u32(&w, 10);
        w_u32(&w, 12);
        w_u8(&w, 1);
        w_u8(&w, 7);
        talk_message(&t, 0, id, &w);
        w_response(&w, id == 2 ? 397 : 790, id, id == 2 ? 0x800B0000 : 0);
        if (id == 3) {
            w_u32(&w, 33);
            w_f64(&w, 0);
            w_u32(&w, 30);
            w_u32(&w, 10);
        }
        talk_message(&t, 1, id, &w);
    }
    w_request(&w, 751, 6, "token");
    w_u32(&w, 33);
    w_u32(&w, 2);
    w_u32(&w, 4);
    for (unsigned i = 0; i < 4; i++) {
        w_read_id(&w, "Temp", 13);
        w_u32(&w, 2);
        w_u32(&w, i);
        w_f64(&w, items[i].asked);
        w_no_extension(&w);
        w_u32(&w, 1);
        w_u8(&w, 1);
    }
    talk_message(&t, 0, 4, &w);
    w_response(&w, 754, 6, 0);
    w_u32(&w, 4);
    for (unsigned i = 0; i < 4; i++) {
        w_u32(&w, items[i].status);
        w_u32(&w, 70 + i);
        w_f64(&w, items[i].revised);
        w_u32(&w, 1);
        w_no_extension(&w);
    }
    w_u32(&w, 0);
    talk_message(&t, 1, 4, &w);
#define ITEM "10<9 subscribe CreateMonitoredItems [ns=2;s=Temp] "
#define MODE " {\"monitoring_mode\":\"Reporting\",\"queue_size\":1} sampling "
#define ASKED "{\"max_notifications\":12,\"publishing_enabled\":true,\"priority\":7"
    finish(&t,
        "6<5 subscribe CreateSubscription BadServiceUnsupported! " ASKED "} publishing -1\n"
        "8<7 subscribe CreateSubscription Good " ASKED
        ",\"lifetime_count\":30,\"keep_alive_count\":10} publishing 0\n" ITEM "Good" MODE "0\n" ITEM
        "Good" MODE "1000\n" ITEM "Good" MODE "-1\n" ITEM "BadNodeIdUnknown!" MODE "250\n");
}

static void subscriptions_are_changed(void **state)
{
    struct talk t;
    (void)state;
    start(&t);
    w_request(&w, 793, 4, "token");
    w_u32(&w, 33);
    w_f64(&w, 500);
    for (unsigned i = 0; i < 3; i++)
        w_u32(&w, 10 + i);
    w_u8(&w, 7);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 796, 4, 0);
    w_f64(&w, 1000);
    w_u32(&w, 30);
    w_u32(&w, 10);
    talk_message(&t, 1, 2, &w);
    w_request(&w, 799, 4, "token");
    w_u8(&w, 0);
    w_u32(&w, 2);
    w_u32(&w, 33);
    w_u32(&w, 34);
    answer_statuses(&t, 802, (const uint32_t[]){0, 0x80280000}, 2);
    w_request(&w, 841, 4, "token");
    w_u32(&w, 1);
    w_u32(&w, 33);
    w_u8(&w, 1);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 844, 4, 0);
    w_u32(&w, 1);
    w_u32(&w, 0);
    w_u32(&w, 2);
    w_u32(&w, 5);
    w_u32(&w, 6);
    w_u32(&w, 0);
    talk_message(&t, 1, 2, &w);
    w_request(&w, 832, 4, "token");
    w_u32(&w, 33);
    w_u32(&w, 5);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 835, 4, 0);
    w_u32(&w, 5);
    w_time(&w);
    w_u32(&w, 2);
    inner.n = 0;
    w_u32(&inner, 1);
    w_u32(&inner, 71);
    w_double(&inner, 20);
    w_u32(&inner, 0);
    w_extension(&w, 811, &inner);
    inner.n = 0;
    w_u32(&inner, 0x800A0000);
    w_u8(&inner, 0);
    w_extension(&w, 820, &inner);
    talk_message(&t, 1, 2, &w);
    w_request(&w, 847, 4, "token");
    w_u32(&w, 1);
    w_u32(&w, 33);
    answer_statuses(&t, 850, (const uint32_t[]){0}, 1);
    finish(&t, "6<5 subscribe ModifySubscription Good {\"max_notifications\":12,\"priority\":7,"
               "\"lifetime_count\":30,\"keep_alive_count\":10} publishing 1000\n"
               "8<7 subscribe SetPublishingMode Good {\"publishing_enabled\":false}\n"
               "8<7 subscribe SetPublishingMode BadSubscriptionIdInvalid! "
               "{\"publishing_enabled\":false}\n"
               "10<9 subscribe TransferSubscriptions Good {\"available_messages\":2}\n"
               "12<11 server notify Republish [null] 20 Double Good "
               "{\"retransmit_sequence_number\":5}\n"
               "12<11 server notify Republish BadTimeout! "
               "{\"retransmit_sequence_number\":5,\"notification\":\"status_change\"}\n"
               "14<13 unsubscribe DeleteSubscriptions Good\n");
}

static void w_clause(struct wire *out, unsigned n, const char *const *path, uint32_t attribute)
{
    w_node(out, 0, 2041);
    w_u32(out, n);
    for (unsigned i = 0; i < n; i++) {
        w_u16(out, i == 0 ? 0 : 2);
        w_str(out, path[i]);
    }
    w_u32(out, attribute);
    w_str(out, NULL);
}

static void event_filters_name_their_fields(void **state)
{
    static const char *const severity[] = {"Severity"}, *const active[] = {"ActiveState", "Id"};
    struct talk t;
    (void)state;
    start(&t);
    w_request(&w, 751, 4, "token");
    w_u32(&w, 33);
    w_u32(&w, 2);
    w_u32(&w, 1);
    w_read_id(&w, "Boiler", 12);
    w_u32(&w, 2);
    w_u32(&w, 71);
    w_f64(&w, 0);
    inner.n = 0;
    w_u32(&inner, 4);
    w_clause(&inner, 1, severity, 13);
    w_clause(&inner, 2, active, 13);
    w_clause(&inner, 1, severity, 4);
    w_clause(&inner, 0, NULL, 1);
    w_u32(&inner, 1); /* where: OfType */
    w_u32(&inner, 14);
    w_u32(&inner, 1);
    static struct wire literal;
    literal.n = 0;
    w_u8(&literal, 17);
    w_node(&literal, 0, 2915);
    w_extension(&inner, 597, &literal);
    w_extension(&w, 727, &inner);
    w_u32(&w, 100);
    w_u8(&w, 1);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 754, 4, 0);
    w_u32(&w, 1);
    w_u32(&w, 0);
    w_u32(&w, 88);
    w_f64(&w, 0);
    w_u32(&w, 100);
    w_no_extension(&w);
    w_u32(&w, 0);
    talk_message(&t, 1, 2, &w);
    finish(&t, "6<5 subscribe CreateMonitoredItems [ns=2;s=Boiler] .EventNotifier Good "
               "{\"monitoring_mode\":\"Reporting\",\"select\":[\"Severity\",\"ActiveState/2:Id\","
               "\"Severity@DisplayName\",\"NodeId\"],\"where\":{\"Elements\":[{\"FilterOperator\":"
               "\"OfType\",\"FilterOperands\":[{\"Value\":\"i=2915\"}]}]},\"queue_size\":100} "
               "sampling 0\n");
}

static void discovery_says_what_is_offered(void **state)
{
    struct talk t;
    (void)state;
    start(&t);
    w_request(&w, 428, 4, NULL);
    w_str(&w, "opc.tcp://plc:4840");
    w_u32(&w, 0);
    w_u32(&w, 0);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 431, 4, 0);
    w_u32(&w, 1);
    w_str(&w, "opc.tcp://plc:4840");
    for (int i = 0; i < 2; i++)
        w_str(&w, "urn:server");
    w_u8(&w, 0);
    w_u32(&w, 0);
    w_str(&w, NULL);
    w_str(&w, NULL);
    w_u32(&w, 0);
    w_str(&w, "a certificate");
    w_u32(&w, 1);
    w_str(&w, "#None");
    w_u32(&w, 1);
    w_str(&w, "policy");
    w_u32(&w, 1);
    for (int i = 0; i < 4; i++)
        w_str(&w, NULL);
    w_u8(&w, 0);
    talk_message(&t, 1, 2, &w);
    w_request(&w, 12208, 4, NULL);
    w_u32(&w, 0);
    w_u32(&w, 10);
    w_u32(&w, 0);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 12209, 4, 0);
    w_time(&w);
    w_u32(&w, 1);
    w_u32(&w, 3);
    w_str(&w, "PLC");
    w_str(&w, "opc.tcp://plc:4840");
    w_u32(&w, 1);
    w_str(&w, "DA");
    talk_message(&t, 1, 2, &w);
    w_request(&w, 437, 4, NULL);
    w_str(&w, "urn:rogue");
    w_str(&w, "urn:product");
    w_u32(&w, 0);
    w_u32(&w, 0);
    w_str(&w, NULL);
    w_u32(&w, 1);
    w_str(&w, "opc.tcp://rogue:4840");
    w_str(&w, NULL);
    w_u8(&w, 1);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 440, 4, 0);
    talk_message(&t, 1, 2, &w);
    w_request(&w, 479, 4, "token");
    w_u32(&w, 99);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 482, 4, 0);
    w_u32(&w, 1);
    talk_message(&t, 1, 2, &w);
    finish(&t,
        "6<5 discover GetEndpoints [opc.tcp://plc:4840] Good {\"profile_uris\":[],\"endpoints\":"
        "[{\"endpoint_url\":\"opc.tcp://plc:4840\",\"security_mode\":\"None\","
        "\"security_policy_uri\":\"#None\",\"identities\":[{\"type\":\"username\","
        "\"security_policy_uri\":null}],\"security_level\":0}]}\n"
        "8<7 discover FindServersOnNetwork Good {\"starting_record_id\":0,\"max_records\":10,"
        "\"capabilities\":[],\"servers\":[{\"record_id\":3,\"server_name\":\"PLC\","
        "\"discovery_url\":\"opc.tcp://plc:4840\",\"capabilities\":[\"DA\"]}]}\n"
        "10<9 manage RegisterServer Good {\"registered_product_uri\":\"urn:product\","
        "\"server_names\":[],\"server_type\":\"Server\",\"discovery_urls\":"
        "[\"opc.tcp://rogue:4840\"],\"online\":true}\n"
        "12<11 manage Cancel Good {\"cancelled_handle\":99,\"cancelled\":1}\n");
}

/* What stands before the message that a SessionlessInvoke carries. */
static void w_sessionless(
    struct wire *out, const struct wire *carried, unsigned id, uint32_t service)
{
    struct tw_cur c = tw_cur_of(carried->b, carried->n);
    out->n = 0;
    w_node(out, 0, id);
    if (id == 15903)
        w_u32(out, 0);
    w_u32(out, 1);
    w_str(out, "urn:ns");
    w_u32(out, 0);
    if (id == 15903)
        w_u32(out, 0);
    w_u32(out, service);
    assert_true(tw_cur_skip(&c, 4)); /* its own type */
    w_raw(out, c.p, c.left);
}

static void calls_without_a_session_are_read(void **state)
{
    static const uint32_t ids[] = {631, 629}; /* the encoding's, the DataType's */
    static const char *const nodes[] = {"Temp"};
    static struct wire outer;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct talk t;
        start(&t);
        w_read(&w, 4, nodes, 1);
        w_sessionless(&outer, &w, 15903, ids[i]);
        talk_message(&t, 0, 2, &outer);
        w_response(&w, 634, 4, 0);
        w_u32(&w, 1);
        w_double(&w, 3);
        w_u32(&w, 0);
        w_sessionless(&outer, &w, 21001, ids[i] + 3);
        talk_message(&t, 1, 2, &outer);
        finish(&t, "6<5 read Read [ns=2;s=Temp] 3 Double Good sessionless\n");
    }
    struct talk t;
    start(&t);
    w_read(&w, 4, nodes, 1);
    w_sessionless(&outer, &w, 15903, 99999);
    talk_message(&t, 0, 2, &outer);
    assert_string_equal(talk_said(&t), "5 malformed unknown-service\n");
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

static void diagnostics_are_told_in_words(void **state)
{
    static const char *const nodes[] = {"Temp"};
    struct talk t;
    (void)state;
    start(&t);
    w_read(&w, 4, nodes, 1);
    talk_message(&t, 0, 2, &w);
    w.n = 0;
    w_node(&w, 0, 397);
    w_time(&w);
    w_u32(&w, 4);
    w_u32(&w, 0x800B0000);
    w_u8(&w, 0x7f);
    w_u32(&w, 1);
    w_u32(&w, 0);
    w_u32(&w, UINT32_MAX);
    w_u32(&w, 7); /* behind the table */
    w_str(&w, "at line 7");
    w_u32(&w, 0x80010000);
    w_u8(&w, 1);
    w_u32(&w, 0);
    w_u32(&w, 2);
    w_str(&w, "urn:vendor");
    w_str(&w, "ERR_7");
    w_no_extension(&w);
    talk_message(&t, 1, 2, &w);
    finish(&t, "6<5 read Read [ns=2;s=Temp] BadServiceUnsupported! {\"diagnostics\":{"
               "\"symbolic_id\":\"ERR_7\",\"namespace_uri\":\"urn:vendor\",\"locale\":null,"
               "\"localized_text\":null,\"additional_info\":\"at line 7\",\"inner_status\":"
               "\"BadUnexpectedError\",\"inner\":{\"symbolic_id\":\"urn:vendor\"}}}\n");
}

static void arrays_keep_their_dimensions(void **state)
{
    static const char *const nodes[] = {"Matrix"};
    struct talk t;
    (void)state;
    start(&t);
    w_read(&w, 4, nodes, 1);
    talk_message(&t, 0, 2, &w);
    w_response(&w, 634, 4, 0);
    w_u32(&w, 1);
    w_u8(&w, 1);
    w_u8(&w, 0xc3);
    w_u32(&w, 6);
    for (unsigned i = 0; i < 6; i++)
        w_u8(&w, i);
    w_u32(&w, 2);
    w_u32(&w, 2);
    w_u32(&w, 3);
    w_u32(&w, 0);
    talk_message(&t, 1, 2, &w);
    finish(&t, "6<5 read Read [ns=2;s=Matrix] [0,1,2,3,4,5] Byte[] Good {\"dimensions\":[2,3]}\n");
}

static bool read_certificate(const void *p, size_t len, struct tw_certificate *out)
{
    (void)p;
    *out = (struct tw_certificate){.sha1 = {0xbe, 0xef},
        .subject = "CN=ai",
        .issuer = "CN=ca",
        .key = "RSA",
        .signature = "sha256WithRSAEncryption",
        .key_bits = 2048,
        .not_before_ns = 1,
        .not_after_ns = 2};
    return len == 10;
}

static void no_digest(const void *p, size_t len, uint8_t out[32])
{
    (void)p;
    memset(out, (int)len, 32);
}

static size_t no_uri(const void *p, size_t len, char *out, size_t size)
{
    (void)p, (void)len, (void)size;
    memcpy(out, "urn:ai", 6);
    return 6;
}

static struct tw_opcua_certificate seen;
static char seen_text[5][64], seen_sha256[65], seen_uri[16];

static void note_certificate(void *user, const struct tw_event *e)
{
    (void)user;
    if (e->opcua->certificate == NULL)
        return;
    seen = *e->opcua->certificate;
    const struct tw_str texts[] = {seen.sha1, seen.subject, seen.issuer, seen.key, seen.signature};
    for (size_t i = 0; i < 5; i++)
        tw_str_copy(seen_text[i], sizeof(seen_text[i]), texts[i]);
    tw_str_copy(seen_sha256, sizeof(seen_sha256), e->opcua->certificate_sha256.s);
    tw_str_copy(seen_uri, sizeof(seen_uri), e->opcua->certificate_uri);
}

/* Leaf and issuer, one behind the other. */
static void certificates_are_told(void **state)
{
    static struct wire chain;
    struct talk t;
    (void)state;
    talk_open(&t, false);
    t.env.emit = (struct tw_emit){note_certificate, NULL};
    t.env.certificate_read = read_certificate;
    t.env.certificate_sha256 = no_digest;
    t.env.certificate_uri = no_uri;
    talk_hello(&t);
    chain.n = 0;
    w_raw(&chain, "\x30\x82\0\6leaf..", 10);
    w_raw(&chain, "\x30\x82\0\3top", 7);
    for (unsigned dir = 0; dir < 2; dir++) {
        w_open(&w, dir == 0 ? 0 : t.channel, "Basic256Sha256", &chain);
        for (unsigned i = 0; i < 256; i++)
            w_u8(&w, (i * 167 + 13) & 0xff);
        talk_frame(&t, dir, "OPNF", &w);
    }
    assert_int_equal(seen.chain, 2);
    assert_int_equal(seen.key_bits, 2048);
    assert_true(seen.not_before_ns == 1 && seen.not_after_ns == 2 && !seen.self_signed);
    assert_string_equal(seen_text[0], "beef000000000000000000000000000000000000");
    assert_string_equal(seen_text[1], "CN=ai");
    assert_string_equal(seen_text[2], "CN=ca");
    assert_string_equal(seen_text[3], "RSA");
    assert_string_equal(seen_text[4], "sha256WithRSAEncryption");
    assert_int_equal(strlen(seen_sha256), 64);
    assert_string_equal(seen_uri, "urn:ai");
    assert_true(talk_close(&t, TW_END_CLOSED));
    tw_text_free(&t.said);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_are_added_and_deleted),
        cmocka_unit_test(browsing_finds_properties),
        cmocka_unit_test(paths_are_translated),
        cmocka_unit_test(queries_name_their_types),
        cmocka_unit_test(monitored_items_are_changed),
        cmocka_unit_test(intervals_are_told_as_sent),
        cmocka_unit_test(subscriptions_are_changed),
        cmocka_unit_test(event_filters_name_their_fields),
        cmocka_unit_test(discovery_says_what_is_offered),
        cmocka_unit_test(calls_without_a_session_are_read),
        cmocka_unit_test(diagnostics_are_told_in_words),
        cmocka_unit_test(arrays_keep_their_dimensions),
        cmocka_unit_test(certificates_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
