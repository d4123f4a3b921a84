#include "protocol/opcua/names.h"
#include "protocol/opcua/shapes.h"

#define STATUS_RESULTS                                                                             \
    .has_results = true, .result = TW_LAYOUT(tw_opcua_result_status),                              \
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)

/* [UA4 5.8] */
static const struct tw_opcua_field add_node[] = {TW_F(EXPANDEDNODEID), TW_F(NODEID),
    TW_FR(EXPANDEDNODEID, NEW_OBJECT), TW_F(QUALIFIEDNAME), TW_F(UINT32), TW_F(EXTENSIONOBJECT),
    TW_F(EXPANDEDNODEID)};
static const struct tw_opcua_field node_added[] = {
    TW_FR(STATUSCODE, STATUS), TW_FR(NODEID, NEW_OBJECT)};
const struct tw_opcua_shape tw_opcua_shape_add_nodes = {.has_items = true,
    .item = TW_LAYOUT(add_node),
    .has_results = true,
    .result = TW_LAYOUT(node_added),
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)};

static const struct tw_opcua_field add_reference[] = {TW_FR(NODEID, OBJECT), TW_F(NODEID),
    TW_F(BOOLEAN), TW_F(STRING), TW_F(EXPANDEDNODEID), TW_F(UINT32)};
const struct tw_opcua_shape tw_opcua_shape_add_references = {
    .has_items = true, .item = TW_LAYOUT(add_reference), STATUS_RESULTS};

static const struct tw_opcua_field delete_node[] = {TW_FR(NODEID, OBJECT), TW_F(BOOLEAN)};
const struct tw_opcua_shape tw_opcua_shape_delete_nodes = {
    .has_items = true, .item = TW_LAYOUT(delete_node), STATUS_RESULTS};

static const struct tw_opcua_field delete_reference[] = {
    TW_FR(NODEID, OBJECT), TW_F(NODEID), TW_F(BOOLEAN), TW_F(EXPANDEDNODEID), TW_F(BOOLEAN)};
const struct tw_opcua_shape tw_opcua_shape_delete_references = {
    .has_items = true, .item = TW_LAYOUT(delete_reference), STATUS_RESULTS};

/* [UA4 5.9.2] */
static const struct tw_opcua_field view[] = {TW_F(NODEID), TW_F(DATETIME), TW_F(UINT32)};
static const struct tw_opcua_layout view_layout = TW_LAYOUT(view);
static const struct tw_opcua_field browse_head[] = {TW_FL(view_layout), TW_F(UINT32)};
static const struct tw_opcua_field browse_item[] = {
    TW_FR(NODEID, OBJECT), TW_F(UINT32), TW_F(NODEID), TW_F(BOOLEAN), TW_F(UINT32), TW_F(UINT32)};
static const struct tw_opcua_field reference[] = {TW_F(NODEID), TW_F(BOOLEAN), TW_F(EXPANDEDNODEID),
    TW_F(QUALIFIEDNAME), TW_F(LOCALIZEDTEXT), TW_F(UINT32), TW_F(EXPANDEDNODEID)};
static const struct tw_opcua_layout reference_layout = TW_LAYOUT(reference);
static const struct tw_opcua_field browse_result[] = {
    TW_FR(STATUSCODE, STATUS), TW_F(BYTESTRING), TW_FLS(reference_layout)};
const struct tw_opcua_shape tw_opcua_shape_browse = {.head = TW_LAYOUT(browse_head),
    .has_items = true,
    .item = TW_LAYOUT(browse_item),
    .has_results = true,
    .result = TW_LAYOUT(browse_result),
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)};

/* [UA4 5.9.3] */
static const struct tw_opcua_field flag[] = {TW_F(BOOLEAN)};
static const struct tw_opcua_field continuation[] = {TW_F(BYTESTRING)};
const struct tw_opcua_shape tw_opcua_shape_browse_next = {.head = TW_LAYOUT(flag),
    .has_items = true,
    .item = TW_LAYOUT(continuation),
    .has_results = true,
    .result = TW_LAYOUT(browse_result),
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)};

/* [UA4 5.9.4]; the specification's servers follow a handful of elements. */
static const struct tw_opcua_field path_element[] = {
    TW_F(NODEID), TW_F(BOOLEAN), TW_F(BOOLEAN), TW_F(QUALIFIEDNAME)};
static const struct tw_opcua_layout path_element_layout = {
    path_element, sizeof(path_element) / sizeof(path_element[0]), 64};
static const struct tw_opcua_field path[] = {TW_FLS(path_element_layout)};
static const struct tw_opcua_layout path_layout = TW_LAYOUT(path);
static const struct tw_opcua_field browse_path[] = {TW_FR(NODEID, OBJECT), TW_FL(path_layout)};
static const struct tw_opcua_field path_target[] = {TW_F(EXPANDEDNODEID), TW_F(UINT32)};
static const struct tw_opcua_layout path_target_layout = TW_LAYOUT(path_target);
static const struct tw_opcua_field path_result[] = {
    TW_FR(STATUSCODE, STATUS), TW_FLS(path_target_layout)};
const struct tw_opcua_shape tw_opcua_shape_translate = {.has_items = true,
    .item = TW_LAYOUT(browse_path),
    .has_results = true,
    .result = TW_LAYOUT(path_result),
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)};

/* [UA4 5.9.5], [UA4 5.9.6] */
static const struct tw_opcua_field node[] = {TW_FR(NODEID, OBJECT)};
static const struct tw_opcua_field any_node[] = {TW_F(NODEID)};
const struct tw_opcua_shape tw_opcua_shape_register_nodes = {
    .has_items = true, .item = TW_LAYOUT(node), .has_results = true, .result = TW_LAYOUT(any_node)};
const struct tw_opcua_shape tw_opcua_shape_unregister_nodes = {
    .has_items = true, .item = TW_LAYOUT(node)};

/* [UA4 5.10], [UA4 7.7] */
static const struct tw_opcua_field filter_element[] = {TW_F(UINT32), TW_FS(EXTENSIONOBJECT)};
static const struct tw_opcua_layout filter_element_layout = TW_LAYOUT(filter_element);
static const struct tw_opcua_field query_data[] = {TW_FL(path_layout), TW_F(UINT32), TW_F(STRING)};
static const struct tw_opcua_layout query_data_layout = TW_LAYOUT(query_data);
static const struct tw_opcua_field query_type[] = {
    TW_F(EXPANDEDNODEID), TW_F(BOOLEAN), TW_FLS(query_data_layout)};
static const struct tw_opcua_layout query_type_layout = TW_LAYOUT(query_type);
static const struct tw_opcua_field query_first[] = {TW_FL(view_layout), TW_FLS(query_type_layout),
    TW_FLS(filter_element_layout), TW_F(UINT32), TW_F(UINT32)};
static const struct tw_opcua_field query_set[] = {
    TW_F(EXPANDEDNODEID), TW_F(EXPANDEDNODEID), TW_FS(VARIANT)};
static const struct tw_opcua_layout query_set_layout = TW_LAYOUT(query_set);
static const struct tw_opcua_field parsing_result[] = {
    TW_F(STATUSCODE), TW_FS(STATUSCODE), TW_FS(DIAGNOSTICINFO)};
static const struct tw_opcua_layout parsing_result_layout = TW_LAYOUT(parsing_result);
static const struct tw_opcua_field query_first_result[] = {TW_FLS(query_set_layout),
    TW_F(BYTESTRING), TW_FLS(parsing_result_layout), TW_FS(DIAGNOSTICINFO),
    TW_FLS(parsing_result_layout), TW_FS(DIAGNOSTICINFO)};
const struct tw_opcua_shape tw_opcua_shape_query_first = {
    .head = TW_LAYOUT(query_first), .response_head = TW_LAYOUT(query_first_result)};
static const struct tw_opcua_field query_next[] = {TW_F(BOOLEAN), TW_F(BYTESTRING)};
static const struct tw_opcua_field query_next_result[] = {
    TW_FLS(query_set_layout), TW_F(BYTESTRING)};
const struct tw_opcua_shape tw_opcua_shape_query_next = {
    .head = TW_LAYOUT(query_next), .response_head = TW_LAYOUT(query_next_result)};

/* [UA4 5.11.2] */
static const struct tw_opcua_field read_head[] = {TW_F(DOUBLE), TW_F(UINT32)};
static const struct tw_opcua_field read_item[] = {TW_FR(NODEID, OBJECT), TW_FR(UINT32, ATTRIBUTE),
    TW_FR(STRING, INDEX_RANGE), TW_F(QUALIFIEDNAME)};
static const struct tw_opcua_field read_result[] = {TW_FR(DATAVALUE, RESULT_VALUE)};
const struct tw_opcua_shape tw_opcua_shape_read = {.head = TW_LAYOUT(read_head),
    .has_items = true,
    .item = TW_LAYOUT(read_item),
    .has_results = true,
    .result = TW_LAYOUT(read_result),
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)};

/* [UA4 5.11.3] */
static const struct tw_opcua_field history_head[] = {
    TW_F(EXTENSIONOBJECT), TW_F(UINT32), TW_F(BOOLEAN)};
static const struct tw_opcua_field history_item[] = {
    TW_FR(NODEID, OBJECT), TW_FR(STRING, INDEX_RANGE), TW_F(QUALIFIEDNAME), TW_F(BYTESTRING)};
static const struct tw_opcua_field history_result[] = {
    TW_FR(STATUSCODE, STATUS), TW_F(BYTESTRING), TW_F(EXTENSIONOBJECT)};
const struct tw_opcua_shape tw_opcua_shape_history_read = {.head = TW_LAYOUT(history_head),
    .has_items = true,
    .item = TW_LAYOUT(history_item),
    .has_results = true,
    .result = TW_LAYOUT(history_result),
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)};

/* [UA4 5.11.4] */
static const struct tw_opcua_field write_item[] = {TW_FR(NODEID, OBJECT), TW_FR(UINT32, ATTRIBUTE),
    TW_FR(STRING, INDEX_RANGE), TW_FR(DATAVALUE, DATA_VALUE)};
const struct tw_opcua_shape tw_opcua_shape_write = {
    .has_items = true, .item = TW_LAYOUT(write_item), STATUS_RESULTS};

/* [UA4 5.11.5] */
static const struct tw_opcua_field update_item[] = {TW_FR(EXTENSIONOBJECT, DETAILS)};
static const struct tw_opcua_field update_result[] = {
    TW_FR(STATUSCODE, STATUS), TW_FS(STATUSCODE), TW_FS(DIAGNOSTICINFO)};
const struct tw_opcua_shape tw_opcua_shape_history_update = {.has_items = true,
    .item = TW_LAYOUT(update_item),
    .has_results = true,
    .result = TW_LAYOUT(update_result),
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)};

/* [UA4 5.12.2] */
static const struct tw_opcua_field call_item[] = {
    TW_FR(NODEID, OBJECT_ID), TW_FR(NODEID, OBJECT), TW_FRS(VARIANT, INPUTS)};
static const struct tw_opcua_field call_result[] = {
    TW_FR(STATUSCODE, STATUS), TW_FS(STATUSCODE), TW_FS(DIAGNOSTICINFO), TW_FRS(VARIANT, OUTPUTS)};
const struct tw_opcua_shape tw_opcua_shape_call = {.has_items = true,
    .item = TW_LAYOUT(call_item),
    .has_results = true,
    .result = TW_LAYOUT(call_result),
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)};
