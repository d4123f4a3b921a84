#include <stdlib.h>

#include "session/opcua.h"

enum { MAX_NODE = 240 };

/* A number by which a subscription speaks of a node. Compared as bytes, so it has no padding. */
struct item_key {
    struct tw_opcua_server server;
    uint32_t subscription, number;
    uint32_t is_handle; /* the client's handle, else the server's monitored item id */
};

struct item {
    uint16_t len;
    char node[MAX_NODE];
};

struct tw_opcua_items {
    struct tw_table *table;
};

struct tw_opcua_items *tw_opcua_items_new(size_t capacity)
{
    struct tw_opcua_items *items = calloc(1, sizeof(*items));
    if (items == NULL)
        return NULL;
    items->table =
        tw_table_new(sizeof(struct item_key), sizeof(struct item), capacity, tw_seed_random());
    if (items->table == NULL) {
        free(items);
        return NULL;
    }
    return items;
}

void tw_opcua_items_free(struct tw_opcua_items *items)
{
    if (items == NULL)
        return;
    tw_table_free(items->table);
    free(items);
}

static struct item_key key_of(const struct tw_event *event, bool handle)
{
    const struct tw_opcua_info *info = event->opcua;
    return (struct item_key){.server = tw_opcua_server_of(event),
        .subscription = info->subscription_id,
        .number = handle ? info->client_handle : info->monitored_item_id,
        .is_handle = handle};
}

/* A name too long to keep is forgotten rather than cut: half a NodeId is another node. */
static void note(struct tw_opcua_items *items, const struct tw_event *event, bool handle)
{
    const struct item_key key = key_of(event, handle);
    struct item *item = tw_table_put(items->table, &key, NULL);
    if (event->object.len > sizeof(item->node)) {
        tw_table_remove(items->table, item);
        return;
    }
    item->len = (uint16_t)event->object.len;
    memcpy(item->node, event->object.p, event->object.len);
}

static void name(struct tw_opcua_items *items, struct tw_event *event, bool handle)
{
    const struct item_key key = key_of(event, handle);
    const struct item *item = tw_table_find(items->table, &key);
    if (item == NULL)
        return;
    event->object = (struct tw_str){item->node, item->len};
    event->object_null = false;
}

void tw_opcua_items_event(struct tw_opcua_items *items, struct tw_event *event)
{
    const struct tw_opcua_info *info = event->opcua;
    if (!info->has_subscription)
        return;
    bool answered = event->status.s.p != NULL && !event->status_bad;
    switch (event->action) {
    case TW_ACTION_SUBSCRIBE:
        if (!answered || event->object.p == NULL || !info->has_handle)
            return;
        note(items, event, true);
        if (info->has_monitored_item)
            note(items, event, false);
        return;
    case TW_ACTION_UNSUBSCRIBE:
        if (info->has_monitored_item && event->object.p == NULL)
            name(items, event, false);
        return;
    case TW_ACTION_NOTIFY:
    case TW_ACTION_ALARM:
        if (info->has_handle && event->object.p == NULL)
            name(items, event, true);
        return;
    default:
        return;
    }
}
