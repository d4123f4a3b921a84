#include <stdlib.h>

#include "session/opcua.h"

enum {
    MAX_NODE = 240,
    MAX_FILTERS = 1024,
    NEAR = 32768,     /* ways to items that were found lately */
    TOUCH_EVERY = 64, /* finds by such a way, after which an item counts as used again */
    LATELY = 1024
};

struct subscription_key {
    struct tw_opcua_server server;
    uint32_t subscription;
};

/* A number by which a subscription speaks of a node. Servers give a subscription's id out again:
 * every one that is created gets another generation. Compared as bytes, so it has no padding. */
struct item_key {
    uint32_t generation, number;
    uint32_t is_handle; /* the client's handle, else the server's monitored item id */
    uint32_t zero;
};

struct item {
    struct tw_opcua_item shared;
    uint16_t len;
    bool has_filter;
    char node[MAX_NODE];
    struct tw_text_key filter;
};

/* Notifications are most of the traffic, and most of them need no more than the note about their
 * item: two of these are in one line of the cache, and those of a subscription side by side. */
struct near {
    uint32_t generation, number; /* by its handle */
    uint32_t item;               /* 1 + its index in the table; 0: none */
    uint32_t uses;
    struct tw_thing_note note;
};

/* A subscription that a flow used lately. */
struct lately {
    uint64_t epoch; /* epoch_of() */
    struct subscription_key key;
    uint32_t generation;
    uint32_t at; /* place in the table */
};

struct tw_opcua_items {
    struct tw_table *table;
    struct tw_table *subscriptions; /* → generation */
    struct tw_opcua_filters *filters;
    uint32_t generations;
    uint64_t renewed; /* ids that were given out again */
    struct lately lately[LATELY];
    struct near *near;
};

static uint32_t first_place(uint32_t generation, uint32_t number)
{
    return ((generation * 0x9e3779b9u >> 8) + number) % NEAR;
}

/* Handles of a subscription are mostly counted up, and stand side by side. Each has two places, far
 * from each other: where it is, else the first, which is for what is new. */
static struct near *near_of(
    const struct tw_opcua_items *items, uint32_t generation, uint32_t number)
{
    const uint32_t at = first_place(generation, number);
    struct near *first = &items->near[at];
    if (first->generation == generation && first->number == number)
        return first;
    struct near *second = &items->near[(at + NEAR / 2) % NEAR];
    return second->generation == generation && second->number == number ? second : first;
}

static void forget_near(void *user, const void *key, void *value)
{
    const struct tw_opcua_items *items = user;
    const struct item_key *k = key;
    struct near *near = near_of(items, k->generation, k->number);
    if (near->item == tw_table_index(items->table, value) + 1)
        *near = (struct near){.item = 0};
}

struct tw_opcua_items *tw_opcua_items_new(size_t capacity)
{
    struct tw_opcua_items *items = calloc(1, sizeof(*items));
    if (items == NULL)
        return NULL;
    items->table =
        tw_table_new(sizeof(struct item_key), sizeof(struct item), capacity, tw_seed_random());
    items->near = calloc(NEAR, sizeof(*items->near));
    items->subscriptions =
        tw_table_new(sizeof(struct subscription_key), sizeof(uint32_t), capacity, tw_seed_random());
    items->filters = tw_opcua_filters_new(capacity < MAX_FILTERS ? capacity : MAX_FILTERS);
    if (items->table == NULL || items->near == NULL || items->subscriptions == NULL ||
        items->filters == NULL) {
        tw_opcua_items_free(items);
        return NULL;
    }
    tw_table_on_evict(items->table, forget_near, items);
    return items;
}

void tw_opcua_items_free(struct tw_opcua_items *items)
{
    if (items == NULL)
        return;
    tw_table_free(items->table);
    tw_table_free(items->subscriptions);
    free(items->near);
    tw_opcua_filters_free(items->filters);
    free(items);
}

static struct subscription_key subscription_of(const struct tw_event *event)
{
    return (struct subscription_key){
        .server = tw_opcua_server_of(event), .subscription = event->opcua->subscription_id};
}

static uint64_t epoch_of(const struct tw_opcua_items *items)
{
    return 1 + items->renewed + tw_table_evictions(items->subscriptions);
}

/* One whose creation was not seen gets its generation when it is first spoken of. */
static uint32_t generation_of(struct tw_opcua_items *items, const struct tw_event *event)
{
    const struct subscription_key key = subscription_of(event);
    struct lately *l =
        &items->lately[((event->flow ^ key.subscription) * 0x9e3779b97f4a7c15u >> 32) % LATELY];
    if (l->epoch == epoch_of(items) && memcmp(&l->key, &key, sizeof(key)) == 0) {
        (void)tw_table_use(items->subscriptions, l->at);
        return l->generation;
    }
    bool created;
    uint32_t *generation = tw_table_put(items->subscriptions, &key, &created);
    if (created)
        *generation = ++items->generations;
    *l = (struct lately){.epoch = epoch_of(items),
        .key = key,
        .generation = *generation,
        .at = tw_table_index(items->subscriptions, generation)};
    return *generation;
}

static struct item_key key_of(
    struct tw_opcua_items *items, const struct tw_event *event, bool handle)
{
    const struct tw_opcua_info *info = event->opcua;
    return (struct item_key){.generation = generation_of(items, event),
        .number = handle ? info->client_handle : info->monitored_item_id,
        .is_handle = handle};
}

static void remove_item(struct tw_opcua_items *items, const struct item_key *key, struct item *item)
{
    forget_near(items, key, item);
    tw_table_remove(items->table, item);
}

/* What was noted of the item that had this number before is not good for this one. A name too long
 * to keep is forgotten rather than cut: half a NodeId is another node. */
static void note(struct tw_opcua_items *items, const struct tw_event *event, bool handle)
{
    const struct item_key key = key_of(items, event, handle);
    bool created;
    struct item *item = tw_table_put(items->table, &key, &created);
    forget_near(items, &key, item);
    if (event->object.len > sizeof(item->node)) {
        remove_item(items, &key, item);
        return;
    }
    item->shared = (struct tw_opcua_item){0};
    item->len = (uint16_t)event->object.len;
    if (event->object.p != item->node && event->object.len > 0)
        memmove(item->node, event->object.p, event->object.len);
    if (event->opcua->select != NULL)
        item->has_filter =
            tw_opcua_filters_keep(items->filters, event->opcua->select, &item->filter);
    else if (created)
        item->has_filter = false;
}

static bool is_it(const struct near *near, uint32_t generation, uint32_t handle)
{
    return near->item != 0 && near->generation == generation && near->number == handle;
}

/* By way of the table, where the item counts as used again. */
__attribute__((noinline)) static struct near *find_far(
    struct tw_opcua_items *items, uint32_t generation, uint32_t handle)
{
    struct near *near = near_of(items, generation, handle);
    const struct item_key key = {.generation = generation, .number = handle, .is_handle = true};
    const struct item *item = tw_table_find(items->table, &key);
    if (item == NULL)
        return NULL;
    const uint32_t place = tw_table_index(items->table, item) + 1;
    const bool known = is_it(near, generation, handle);
    if (known && near->item == place)
        return near;
    if (near->item != 0 && !known)
        items->near[((size_t)(near - items->near) + NEAR / 2) % NEAR] = *near;
    *near = (struct near){.generation = generation, .number = handle, .item = place};
    return near;
}

static inline struct near *find_near(
    struct tw_opcua_items *items, uint32_t generation, uint32_t handle)
{
    struct near *near = &items->near[first_place(generation, handle)];
    if (!is_it(near, generation, handle))
        near = near_of(items, generation, handle);
    if (is_it(near, generation, handle) && ++near->uses % TOUCH_EVERY != 0)
        return near;
    return find_far(items, generation, handle);
}

static struct item *find_handle(struct tw_opcua_items *items, uint32_t generation, uint32_t handle)
{
    const struct near *near = find_near(items, generation, handle);
    return near == NULL ? NULL : tw_table_at(items->table, near->item - 1);
}

static struct item *find(struct tw_opcua_items *items, const struct tw_event *event, bool handle)
{
    const struct item_key key = key_of(items, event, handle);
    return handle ? find_handle(items, key.generation, key.number)
                  : tw_table_find(items->table, &key);
}

uint32_t tw_opcua_items_generation(struct tw_opcua_items *items, const struct tw_event *event)
{
    return generation_of(items, event);
}

struct tw_thing_note *tw_opcua_items_note(
    struct tw_opcua_items *items, uint32_t generation, uint32_t handle)
{
    struct near *near = find_near(items, generation, handle);
    return near == NULL ? NULL : &near->note;
}

uint32_t tw_opcua_items_notes(struct tw_opcua_items *items, uint32_t generation,
    const uint32_t *handles, uint32_t n, struct tw_thing_note **notes)
{
    for (uint32_t i = 0; i < n; i++) {
        struct near *near = find_near(items, generation, handles[i]);
        if (near == NULL)
            return i;
        notes[i] = &near->note;
    }
    return n;
}

static struct item *name(struct tw_opcua_items *items, struct tw_event *event, bool handle)
{
    struct item *item = find(items, event, handle);
    if (item != NULL && event->object.p == NULL) {
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
    struct item *renamed = find(items, event, true);
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
        items->renewed++;
    }
}

struct tw_opcua_item *tw_opcua_items_event(struct tw_opcua_items *items, struct tw_event *event)
{
    const struct tw_opcua_info *info = event->opcua;
    struct item *item;
    if (!info->has_subscription)
        return NULL;
    switch (event->action) {
    case TW_ACTION_SUBSCRIBE:
        subscribed(items, event, event->status.s.p != NULL && !event->status_bad);
        return NULL;
    case TW_ACTION_UNSUBSCRIBE:
        if (info->has_monitored_item && event->object.p == NULL)
            (void)name(items, event, false);
        return NULL;
    case TW_ACTION_NOTIFY:
    case TW_ACTION_ALARM:
        item = info->has_handle && event->object.p == NULL ? name(items, event, true) : NULL;
        if (item != NULL && item->has_filter && event->action == TW_ACTION_ALARM)
            tw_opcua_filters_name(items->filters, &item->filter, &event->value);
        return item == NULL ? NULL : &item->shared;
    default:
        return NULL;
    }
}

uint64_t tw_opcua_items_evicted(const struct tw_opcua_items *items)
{
    return tw_table_evictions(items->table) + tw_table_evictions(items->subscriptions);
}
