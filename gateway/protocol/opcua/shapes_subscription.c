#include "protocol/opcua/names.h"
#include "protocol/opcua/shapes.h"

#define STATUS_RESULTS                                                                             \
    .has_results = true, .result = TW_LAYOUT(tw_opcua_result_status),                              \
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)
#define SUBSCRIPTION TW_FU(subscription_id, has_subscription)
#define PUBLISHING TW_FD(publishing_interval, has_publishing_interval)
#define SAMPLING TW_FD(sampling_interval, has_sampling_interval)
#define FILTER_RESULT TW_FN(EXTENSIONOBJECT, "filter_result")
#define MONITORED_ITEM TW_FU(monitored_item_id, has_monitored_item)

/* [UA4 5.13.2] */
static const char *const mode_names[] = {"Disabled", "Sampling", "Reporting"};
static const struct tw_opcua_words monitoring_mode = TW_WORDS(mode_names);
#define MONITORING_MODE TW_FNW(UINT32, "monitoring_mode", monitoring_mode)
static const struct tw_opcua_field items_head[] = {SUBSCRIPTION, TW_F(UINT32)};
static const struct tw_opcua_field parameters[] = {TW_FU(client_handle, has_handle), SAMPLING,
    TW_FRN(EXTENSIONOBJECT, FILTER, "filter"), TW_FN(UINT32, "queue_size"), TW_F(BOOLEAN)};
static const struct tw_opcua_layout parameters_layout = TW_LAYOUT(parameters);
static const struct tw_opcua_field create_item[] = {TW_FR(NODEID, OBJECT), TW_FR(UINT32, ATTRIBUTE),
    TW_FR(STRING, INDEX_RANGE), TW_F(QUALIFIEDNAME), MONITORING_MODE, TW_FL(parameters_layout)};
static const struct tw_opcua_field item_created[] = {
    TW_FR(STATUSCODE, STATUS), MONITORED_ITEM, SAMPLING, TW_F(UINT32), FILTER_RESULT};
const struct tw_opcua_shape tw_opcua_shape_create_items = {.head = TW_LAYOUT(items_head),
    .has_items = true,
    .item = TW_LAYOUT(create_item),
    .has_results = true,
    .result = TW_LAYOUT(item_created),
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)};

/* [UA4 5.13.3] */
static const struct tw_opcua_field modify_item[] = {MONITORED_ITEM, TW_FL(parameters_layout)};
static const struct tw_opcua_field item_modified[] = {
    TW_FR(STATUSCODE, STATUS), SAMPLING, TW_F(UINT32), FILTER_RESULT};
const struct tw_opcua_shape tw_opcua_shape_modify_items = {.head = TW_LAYOUT(items_head),
    .has_items = true,
    .item = TW_LAYOUT(modify_item),
    .has_results = true,
    .result = TW_LAYOUT(item_modified),
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)};

/* [UA4 5.13.4], [UA4 5.13.5], [UA4 5.13.6] */
static const struct tw_opcua_field item_id[] = {MONITORED_ITEM};
static const struct tw_opcua_field of_subscription[] = {SUBSCRIPTION};
static const struct tw_opcua_field mode_head[] = {SUBSCRIPTION, MONITORING_MODE};
const struct tw_opcua_shape tw_opcua_shape_set_mode = {
    .head = TW_LAYOUT(mode_head), .has_items = true, .item = TW_LAYOUT(item_id), STATUS_RESULTS};
static const struct tw_opcua_field triggering[] = {SUBSCRIPTION, TW_FN(UINT32, "triggering_item")};
static const struct tw_opcua_shape remove_links = {
    .part = "remove_link", .has_items = true, .item = TW_LAYOUT(item_id), STATUS_RESULTS};
const struct tw_opcua_shape tw_opcua_shape_set_triggering = {.head = TW_LAYOUT(triggering),
    .part = "add_link",
    .has_items = true,
    .item = TW_LAYOUT(item_id),
    STATUS_RESULTS,
    .then = &remove_links};
const struct tw_opcua_shape tw_opcua_shape_delete_items = {.head = TW_LAYOUT(of_subscription),
    .has_items = true,
    .item = TW_LAYOUT(item_id),
    STATUS_RESULTS};

/* [UA4 5.14.2], [UA4 5.14.3]: the revised interval of the response is the one that holds. */
static const struct tw_opcua_field subscription[] = {PUBLISHING, TW_F(UINT32), TW_F(UINT32),
    TW_FN(UINT32, "max_notifications"), TW_FN(BOOLEAN, "publishing_enabled"),
    TW_FN(BYTE, "priority")};
static const struct tw_opcua_field subscription_created[] = {
    SUBSCRIPTION, PUBLISHING, TW_FN(UINT32, "lifetime_count"), TW_FN(UINT32, "keep_alive_count")};
const struct tw_opcua_shape tw_opcua_shape_create_subscription = {
    .head = TW_LAYOUT(subscription), .response_head = TW_LAYOUT(subscription_created)};
static const struct tw_opcua_field modify_subscription[] = {SUBSCRIPTION, PUBLISHING, TW_F(UINT32),
    TW_F(UINT32), TW_FN(UINT32, "max_notifications"), TW_FN(BYTE, "priority")};
static const struct tw_opcua_field subscription_modified[] = {
    PUBLISHING, TW_FN(UINT32, "lifetime_count"), TW_FN(UINT32, "keep_alive_count")};
const struct tw_opcua_shape tw_opcua_shape_modify_subscription = {
    .head = TW_LAYOUT(modify_subscription), .response_head = TW_LAYOUT(subscription_modified)};

/* [UA4 5.14.4], [UA4 5.14.7], [UA4 5.14.8] */
static const struct tw_opcua_field flag[] = {TW_F(BOOLEAN)};
static const struct tw_opcua_field publishing[] = {TW_FN(BOOLEAN, "publishing_enabled")};
const struct tw_opcua_shape tw_opcua_shape_set_publishing = {.head = TW_LAYOUT(publishing),
    .has_items = true,
    .item = TW_LAYOUT(of_subscription),
    STATUS_RESULTS};
static const struct tw_opcua_field transferred[] = {
    TW_FR(STATUSCODE, STATUS), TW_FNC(UINT32, "available_messages")};
const struct tw_opcua_shape tw_opcua_shape_transfer = {.has_items = true,
    .item = TW_LAYOUT(of_subscription),
    .tail = TW_LAYOUT(flag),
    .has_results = true,
    .result = TW_LAYOUT(transferred),
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)};
const struct tw_opcua_shape tw_opcua_shape_delete_subscriptions = {
    .has_items = true, .item = TW_LAYOUT(of_subscription), STATUS_RESULTS};

/* [UA4 5.14.5], [UA4 5.14.6], [UA4 7.26] */
static const struct tw_opcua_field acknowledgement[] = {TW_F(UINT32), TW_F(UINT32)};
static const struct tw_opcua_layout acknowledgement_layout = TW_LAYOUT(acknowledgement);
static const struct tw_opcua_field publish[] = {TW_FLS(acknowledgement_layout)};
static const struct tw_opcua_field message[] = {
    TW_F(UINT32), TW_F(DATETIME), TW_FRS(EXTENSIONOBJECT, NOTIFICATION)};
static const struct tw_opcua_layout message_layout = TW_LAYOUT(message);
static const struct tw_opcua_field published_parts[] = {SUBSCRIPTION, TW_FS(UINT32), TW_F(BOOLEAN),
    TW_FL(message_layout), TW_FS(STATUSCODE), TW_FS(DIAGNOSTICINFO)};
static const struct tw_opcua_layout published_layout = TW_LAYOUT(published_parts);
static const struct tw_opcua_field published[] = {
    {.type = TW_UA_STRUCTURE, .role = TW_UA_ROLE_PUBLISHED, .of = &published_layout}};
const struct tw_opcua_shape tw_opcua_shape_publish = {
    .head = TW_LAYOUT(publish), .response_head = TW_LAYOUT(published)};
static const struct tw_opcua_field republish[] = {
    SUBSCRIPTION, TW_FN(UINT32, "retransmit_sequence_number")};
static const struct tw_opcua_field republished[] = {TW_FL(message_layout)};
const struct tw_opcua_shape tw_opcua_shape_republish = {
    .head = TW_LAYOUT(republish), .response_head = TW_LAYOUT(republished)};
