#include "protocol/opcua/service.h"

#include "protocol/opcua/shapes.h"

enum {
    OBJECT = TW_OPCUA_NEEDS_OBJECT,
    REPUBLISH = TW_OPCUA_SERVER_ACTS | TW_OPCUA_DELIVERS,
    PUBLISH = REPUBLISH | TW_OPCUA_WAITS,
};

/* request id, response id, name, action, flags, shape */
#define SERVICES(X)                                                                                \
    X(422, 425, FindServers, DISCOVER, OBJECT, find_servers)                                       \
    X(428, 431, GetEndpoints, DISCOVER, OBJECT, get_endpoints)                                     \
    X(437, 440, RegisterServer, MANAGE, 0, register_server)                                        \
    X(446, 449, OpenSecureChannel, SECURE, 0, open)                                                \
    X(452, 455, CloseSecureChannel, DISCONNECT, 0, empty)                                          \
    X(461, 464, CreateSession, SESSION, OBJECT, create_session)                                    \
    X(467, 470, ActivateSession, AUTHENTICATE, 0, activate_session)                                \
    X(473, 476, CloseSession, DISCONNECT, 0, close_session)                                        \
    X(479, 482, Cancel, MANAGE, 0, cancel)                                                         \
    X(488, 491, AddNodes, MANAGE, OBJECT, add_nodes)                                               \
    X(494, 497, AddReferences, MANAGE, OBJECT, add_references)                                     \
    X(500, 503, DeleteNodes, MANAGE, OBJECT, delete_nodes)                                         \
    X(506, 509, DeleteReferences, MANAGE, OBJECT, delete_references)                               \
    X(527, 530, Browse, BROWSE, OBJECT, browse)                                                    \
    X(533, 536, BrowseNext, BROWSE, OBJECT, browse_next)                                           \
    X(554, 557, TranslateBrowsePathsToNodeIds, BROWSE, OBJECT, translate)                          \
    X(560, 563, RegisterNodes, BROWSE, OBJECT, register_nodes)                                     \
    X(566, 569, UnregisterNodes, BROWSE, OBJECT, unregister_nodes)                                 \
    X(615, 618, QueryFirst, BROWSE, OBJECT, query_first)                                           \
    X(621, 624, QueryNext, BROWSE, 0, query_next)                                                  \
    X(631, 634, Read, READ, OBJECT, read)                                                          \
    X(664, 667, HistoryRead, HISTORY_READ, OBJECT, history_read)                                   \
    X(673, 676, Write, WRITE, OBJECT, write)                                                       \
    X(700, 703, HistoryUpdate, HISTORY_WRITE, OBJECT, history_update)                              \
    X(712, 715, Call, CALL, OBJECT, call)                                                          \
    X(751, 754, CreateMonitoredItems, SUBSCRIBE, OBJECT, create_items)                             \
    X(763, 766, ModifyMonitoredItems, SUBSCRIBE, OBJECT, modify_items)                             \
    X(769, 772, SetMonitoringMode, SUBSCRIBE, OBJECT, set_mode)                                    \
    X(775, 778, SetTriggering, SUBSCRIBE, OBJECT, set_triggering)                                  \
    X(781, 784, DeleteMonitoredItems, UNSUBSCRIBE, OBJECT, delete_items)                           \
    X(787, 790, CreateSubscription, SUBSCRIBE, 0, create_subscription)                             \
    X(793, 796, ModifySubscription, SUBSCRIBE, 0, modify_subscription)                             \
    X(799, 802, SetPublishingMode, SUBSCRIBE, 0, set_publishing)                                   \
    X(826, 829, Publish, NOTIFY, PUBLISH, publish)                                                 \
    X(832, 835, Republish, NOTIFY, REPUBLISH, republish)                                           \
    X(841, 844, TransferSubscriptions, SUBSCRIBE, 0, transfer)                                     \
    X(847, 850, DeleteSubscriptions, UNSUBSCRIBE, 0, delete_subscriptions)                         \
    X(12208, 12209, FindServersOnNetwork, DISCOVER, 0, find_on_network)                            \
    X(12211, 12212, RegisterServer2, MANAGE, 0, register_server2)                                  \
    X(15903, 21001, SessionlessInvoke, CALL, OBJECT, empty)

static const struct tw_opcua_service services[] = {
#define ROW(request, response, name, action, flags, shape)                                         \
    {request, response, #name, TW_ACTION_##action, flags, &tw_opcua_shape_##shape},
    SERVICES(ROW)
#undef ROW
};

enum {
#define ROW(request, response, name, action, flags, shape) AT_##name,
    SERVICES(ROW)
#undef ROW
        N_SERVICES
};

/* Places in the table above by the low bits of an id, in which no two of these ids agree: only one
 * row has to be looked at. */
enum { ID_BITS = 12, ID_MASK = (1 << ID_BITS) - 1 };

static const uint8_t by_request[ID_MASK + 1] = {
#define ROW(request, response, name, action, flags, shape) [(request)&ID_MASK] = AT_##name,
    SERVICES(ROW)
#undef ROW
};

static const uint8_t by_response[ID_MASK + 1] = {
#define ROW(request, response, name, action, flags, shape) [(response)&ID_MASK] = AT_##name,
    SERVICES(ROW)
#undef ROW
};

const struct tw_opcua_service *tw_opcua_service_of_request(uint32_t id)
{
    const struct tw_opcua_service *service = &services[by_request[id & ID_MASK]];
    return service->request == id ? service : NULL;
}

const struct tw_opcua_service *tw_opcua_service_of_response(uint32_t id)
{
    const struct tw_opcua_service *service = &services[by_response[id & ID_MASK]];
    return service->response == id ? service : NULL;
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
    if (slot < TW_OPCUA_COUNT_SERVICES)
        return plain[slot] ? tw_str_copy(out, size, tw_str_of(plain[slot])) : 0;
    size_t index = (slot - TW_OPCUA_COUNT_SERVICES) / 2;
    if (index >= N_SERVICES)
        return 0;
    size_t n = tw_str_copy(out, size, tw_str_of(services[index].name));
    const char *side = slot % 2 == 0 ? "Request" : "Response";
    return n + tw_str_copy(out + n, size - n, tw_str_of(side));
}
