#include "protocol/opcua/service.h"

#include "protocol/opcua/shapes.h"

#define ROW(req, rsp, name, action, flags, shape)                                                  \
    {                                                                                              \
        req, rsp, name, TW_ACTION_##action, flags, &tw_opcua_shape_##shape                         \
    }

enum {
    OBJECT = TW_OPCUA_NEEDS_OBJECT,
    REPUBLISH = TW_OPCUA_SERVER_ACTS | TW_OPCUA_DELIVERS,
    PUBLISH = REPUBLISH | TW_OPCUA_WAITS,
};

/* Ordered by request id, which is also the order of the response ids. */
static const struct tw_opcua_service services[] = {
    ROW(422, 425, "FindServers", DISCOVER, OBJECT, find_servers),
    ROW(428, 431, "GetEndpoints", DISCOVER, OBJECT, get_endpoints),
    ROW(437, 440, "RegisterServer", MANAGE, 0, register_server),
    ROW(446, 449, "OpenSecureChannel", SECURE, 0, open),
    ROW(452, 455, "CloseSecureChannel", DISCONNECT, 0, empty),
    ROW(461, 464, "CreateSession", SESSION, OBJECT, create_session),
    ROW(467, 470, "ActivateSession", AUTHENTICATE, 0, activate_session),
    ROW(473, 476, "CloseSession", DISCONNECT, 0, close_session),
    ROW(479, 482, "Cancel", MANAGE, 0, cancel),
    ROW(488, 491, "AddNodes", MANAGE, OBJECT, add_nodes),
    ROW(494, 497, "AddReferences", MANAGE, OBJECT, add_references),
    ROW(500, 503, "DeleteNodes", MANAGE, OBJECT, delete_nodes),
    ROW(506, 509, "DeleteReferences", MANAGE, OBJECT, delete_references),
    ROW(527, 530, "Browse", BROWSE, OBJECT, browse),
    ROW(533, 536, "BrowseNext", BROWSE, OBJECT, browse_next),
    ROW(554, 557, "TranslateBrowsePathsToNodeIds", BROWSE, OBJECT, translate),
    ROW(560, 563, "RegisterNodes", BROWSE, OBJECT, register_nodes),
    ROW(566, 569, "UnregisterNodes", BROWSE, OBJECT, unregister_nodes),
    ROW(615, 618, "QueryFirst", BROWSE, OBJECT, query_first),
    ROW(621, 624, "QueryNext", BROWSE, 0, query_next),
    ROW(631, 634, "Read", READ, OBJECT, read),
    ROW(664, 667, "HistoryRead", HISTORY_READ, OBJECT, history_read),
    ROW(673, 676, "Write", WRITE, OBJECT, write),
    ROW(700, 703, "HistoryUpdate", HISTORY_WRITE, OBJECT, history_update),
    ROW(712, 715, "Call", CALL, OBJECT, call),
    ROW(751, 754, "CreateMonitoredItems", SUBSCRIBE, OBJECT, create_items),
    ROW(763, 766, "ModifyMonitoredItems", SUBSCRIBE, OBJECT, modify_items),
    ROW(769, 772, "SetMonitoringMode", SUBSCRIBE, OBJECT, set_mode),
    ROW(775, 778, "SetTriggering", SUBSCRIBE, OBJECT, set_triggering),
    ROW(781, 784, "DeleteMonitoredItems", UNSUBSCRIBE, OBJECT, delete_items),
    ROW(787, 790, "CreateSubscription", SUBSCRIBE, 0, create_subscription),
    ROW(793, 796, "ModifySubscription", SUBSCRIBE, 0, modify_subscription),
    ROW(799, 802, "SetPublishingMode", SUBSCRIBE, 0, set_publishing),
    ROW(826, 829, "Publish", NOTIFY, PUBLISH, publish),
    ROW(832, 835, "Republish", NOTIFY, REPUBLISH, republish),
    ROW(841, 844, "TransferSubscriptions", SUBSCRIBE, 0, transfer),
    ROW(847, 850, "DeleteSubscriptions", UNSUBSCRIBE, 0, delete_subscriptions),
    ROW(12208, 12209, "FindServersOnNetwork", DISCOVER, 0, find_on_network),
    ROW(12211, 12212, "RegisterServer2", MANAGE, 0, register_server2),
    ROW(15903, 21001, "SessionlessInvoke", CALL, OBJECT, empty),
};

enum { SERVICES = sizeof(services) / sizeof(services[0]) };

static const struct tw_opcua_service *find(uint32_t id, bool response)
{
    size_t low = 0, high = SERVICES;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        uint32_t at = response ? services[middle].response : services[middle].request;
        if (at == id)
            return &services[middle];
        if (at < id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

const struct tw_opcua_service *tw_opcua_service_of_request(uint32_t id)
{
    return find(id, false);
}

const struct tw_opcua_service *tw_opcua_service_of_response(uint32_t id)
{
    return find(id, true);
}

unsigned tw_opcua_service_index(const struct tw_opcua_service *service)
{
    return (unsigned)(service - services);
}

size_t tw_opcua_counter_name(unsigned slot, char *out, size_t size)
{
    static const char *const plain[TW_OPCUA_COUNT_SERVICES] = {"HEL", "ACK", "ERR", "RHE", "OPN",
        "MSG",
        "CLO", [TW_OPCUA_COUNT_SEALED] = "encrypted", [TW_OPCUA_COUNT_FAULTS] = "ServiceFault",
        [TW_OPCUA_COUNT_UNSEALED] = "decrypted", [TW_OPCUA_COUNT_WRONG_KEYS] = "wrong_keys",
        [TW_OPCUA_COUNT_KEYS_BY_PADDING] = "keys_confirmed_by_padding",
        [TW_OPCUA_COUNT_KEYS_BY_MESSAGE] = "keys_confirmed_by_message",
        [TW_OPCUA_COUNT_AEAD] = "encrypted_aead"};
    const size_t n_services = sizeof(services) / sizeof(services[0]);
    if (slot < TW_OPCUA_COUNT_SERVICES)
        return plain[slot] ? tw_str_copy(out, size, tw_str_of(plain[slot])) : 0;
    size_t index = (slot - TW_OPCUA_COUNT_SERVICES) / 2;
    if (index >= n_services)
        return 0;
    size_t n = tw_str_copy(out, size, tw_str_of(services[index].name));
    const char *side = slot % 2 == 0 ? "Request" : "Response";
    return n + tw_str_copy(out + n, size - n, tw_str_of(side));
}
