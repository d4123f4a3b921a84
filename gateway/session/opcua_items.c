#include <stdlib.h>

#include "session/opcua.h"

enum { MAX_NODE = 240, MAX_FILTERS = 1024 };

struct subscription_key {
    struct tw_opcua_server server;
    uint32_t subscription;
};

/* A number by which a subscription speaks of a node. Servers give a subscription's id out again:
 * the generation tells them apart. Compared as bytes, so it has no padding. */
struct item_key {
    struct tw_opcua_server server;
    uint32_t subscription, generation, number;
    uint32_t is_handle; /* the client's handle, else the server's monitored item id */
};

struct item {
    uint16_t len;
    bool has_filter;
    char node[MAX_NODE];
    struct tw_text_key filter;
};

struct tw_opcua_items {
    struct tw_table *table;
    struct tw_table *subscriptions; /* those whose creation was seen → their generation */
    struct tw_opcua_filters *filters;
    struct tw_seed seed;
    uint32_t generations;
    /* The subscription that was looked up last: its items come together. */
    struct subscription_key last;
    uint32_t last_generation;
    bool has_last;
};

struct tw_opcua_items *tw_opcua_items_new(size_t capacity)
{
    struct tw_opcua_items *items = calloc(1, sizeof(*items));
    if (items == NULL)
        return NULL;
    items->seed = tw_seed_random();
    items->table =
        tw_table_new(sizeof(struct tw_text_key), sizeof(struct item), capacity, items->seed);
    items->subscriptions =
        tw_table_new(sizeof(struct subscription_key), sizeof(uint32_t), capacity, tw_seed_random());
    items->filters = tw_opcua_filters_new(capacity < MAX_FILTERS ? capacity : MAX_FILTERS);
    if (items->table == NULL || items->subscriptions == NULL || items->filters == NULL) {
        tw_opcua_items_free(items);
        return NULL;
    }
    return items;
}

void tw_opcua_items_free(struct tw_opcua_items *items)
{
    if (items == NULL)
        return;
    tw_table_free(items->table);
    tw_table_free(items->subscriptions);
    tw_opcua_filters_free(items->filters);
    free(items);
}

static struct subscription_key subscription_of(const struct tw_event *event)
{
    return (struct subscription_key){
        .server = tw_opcua_server_of(event), .subscription = event->opcua->subscription_id};
}

static uint32_t generation_of(struct tw_opcua_items *items, const struct subscription_key *key)
{
    if (!items->has_last || memcmp(&items->last, key, sizeof(*key)) != 0) {
        const uint32_t *generation = tw_table_peek(items->subscriptions, key);
        items->last = *key;
        items->last_generation = generation == NULL ? 0 : *generation;
        items->has_last = true;
    }
    return items->last_generation;
}

/* As a digest: short, so that key and most nodes share a line of the cache. */
static struct tw_text_key key_of(
    struct tw_opcua_items *items, const struct tw_event *event, bool handle)
{
    const struct tw_opcua_info *info = event->opcua;
    const struct subscription_key subscription = subscription_of(event);
    const struct item_key key = {.server = subscription.server,
        .subscription = info->subscription_id,
        .generation = generation_of(items, &subscription),
        .number = handle ? info->client_handle : info->monitored_item_id,
        .is_handle = handle};
    return tw_text_key(items->seed, tw_str_bytes((const uint8_t *)&key, sizeof(key)));
}

/* A name too long to keep is forgotten rather than cut: half a NodeId is another node. */
static void note(struct tw_opcua_items *items, const struct tw_event *event, bool handle)
{
    const struct tw_text_key key = key_of(items, event, handle);
    bool created;
    struct item *item = tw_table_put(items->table, &key, &created);
    if (event->object.len > sizeof(item->node)) {
        tw_table_remove(items->table, item);
        return;
    }
    item->len = (uint16_t)event->object.len;
    if (event->object.p != item->node && event->object.len > 0)
        memmove(item->node, event->object.p, event->object.len);
    if (event->opcua->select != NULL)
        item->has_filter =
            tw_opcua_filters_keep(items->filters, event->opcua->select, &item->filter);
    else if (created)
        item->has_filter = false;
}

static struct item *name(struct tw_opcua_items *items, struct tw_event *event, bool handle)
{
    const struct tw_text_key key = key_of(items, event, handle);
    struct item *item = tw_table_find(items->table, &key);
    if (item == NULL)
        return NULL;
    if (event->object.p == NULL) {
        event->object = (struct tw_str){item->node, item->len};
        event->object_null = false;
    }
    return item;
}

/* The client may give an item another handle; the filter stays when no other was sent. */
static void modified(struct tw_opcua_items *items, struct tw_event *event)
{
    const struct item *item = name(items, event, false);
    if (item == NULL)
        return;
    const struct item old = *item;
    note(items, event, false);
    note(items, event, true);
    if (event->opcua->select != NULL)
        return;
    const struct tw_text_key key = key_of(items, event, true);
    struct item *renamed = tw_table_find(items->table, &key);
    if (renamed != NULL) {
        renamed->has_filter = old.has_filter;
        renamed->filter = old.filter;
    }
}

static void subscribed(struct tw_opcua_items *items, struct tw_event *event, bool done)
{
    const struct tw_opcua_info *info = event->opcua;
    if (event->object.p != NULL) {
        if (!done || !info->has_handle)
            return;
        note(items, event, true);
        if (info->has_monitored_item)
            note(items, event, false);
    } else if (info->has_monitored_item) {
        if (done && info->has_handle)
            modified(items, event);
        else
            (void)name(items, event, false);
    } else if (done && tw_str_is(info->service, "CreateSubscription")) {
        const struct subscription_key key = subscription_of(event);
        *(uint32_t *)tw_table_put(items->subscriptions, &key, NULL) = ++items->generations;
        items->has_last = false;
    }
}

void tw_opcua_items_event(struct tw_opcua_items *items, struct tw_event *event)
{
    const struct tw_opcua_info *info = event->opcua;
    const struct item *item;
    if (!info->has_subscription)
        return;
    switch (event->action) {
    case TW_ACTION_SUBSCRIBE:
        subscribed(items, event, event->status.s.p != NULL && !event->status_bad);
        return;
    case TW_ACTION_UNSUBSCRIBE:
        if (info->has_monitored_item && event->object.p == NULL)
            (void)name(items, event, false);
        return;
    case TW_ACTION_NOTIFY:
    case TW_ACTION_ALARM:
        item = info->has_handle && event->object.p == NULL ? name(items, event, true) : NULL;
        if (item != NULL && item->has_filter && event->action == TW_ACTION_ALARM)
            tw_opcua_filters_name(items->filters, &item->filter, &event->value);
        return;
    default:
        return;
    }
}
