#include "protocol/opcua/names.h"
#include "protocol/opcua/shapes.h"

#define STATUS_RESULTS                                                                             \
    .has_results = true, .result = TW_LAYOUT(tw_opcua_result_status),                              \
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)

/* [UA4 5.8] */
static const char *const class_names[] = {[1] = "Object",
    [2] = "Variable",
    [4] = "Method",
    [8] = "ObjectType",
    [16] = "VariableType",
    [32] = "ReferenceType",
    [64] = "DataType",
    [128] = "View"};
static const struct tw_opcua_words node_class = TW_WORDS(class_names);
#define REFERENCE_TYPE TW_FN(NODEID, "reference_type")
#define FORWARD TW_FN(BOOLEAN, "forward")
static const struct tw_opcua_field add_node[] = {TW_FN(EXPANDEDNODEID, "parent"), REFERENCE_TYPE,
    TW_FR(EXPANDEDNODEID, NEW_OBJECT), TW_FN(QUALIFIEDNAME, "browse_name"),
    TW_FNW(UINT32, "node_class", node_class), TW_FN(EXTENSIONOBJECT, "attributes"),
    TW_FN(EXPANDEDNODEID, "type_definition")};
static const struct tw_opcua_field node_added[] = {
    TW_FR(STATUSCODE, STATUS), TW_FR(NODEID, NEW_OBJECT)};
const struct tw_opcua_shape tw_opcua_shape_add_nodes = {.has_items = true,
    .item = TW_LAYOUT(add_node),
    .has_results = true,
    .result = TW_LAYOUT(node_added),
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)};

static const struct tw_opcua_field add_reference[] = {TW_FR(NODEID, OBJECT), REFERENCE_TYPE,
    FORWARD, TW_FN(STRING, "target_server_uri"), TW_FN(EXPANDEDNODEID, "target"),
    TW_FNW(UINT32, "node_class", node_class)};
const struct tw_opcua_shape tw_opcua_shape_add_references = {
    .has_items = true, .item = TW_LAYOUT(add_reference), STATUS_RESULTS};

static const struct tw_opcua_field delete_node[] = {
    TW_FR(NODEID, OBJECT), TW_FN(BOOLEAN, "delete_target_references")};
const struct tw_opcua_shape tw_opcua_shape_delete_nodes = {
    .has_items = true, .item = TW_LAYOUT(delete_node), STATUS_RESULTS};

static const struct tw_opcua_field delete_reference[] = {TW_FR(NODEID, OBJECT), REFERENCE_TYPE,
    FORWARD, TW_FN(EXPANDEDNODEID, "target"), TW_FN(BOOLEAN, "delete_bidirectional")};
const struct tw_opcua_shape tw_opcua_shape_delete_references = {
    .has_items = true, .item = TW_LAYOUT(delete_reference), STATUS_RESULTS};

/* [UA4 5.9.2] */
static const struct tw_opcua_field view[] = {TW_F(NODEID), TW_F(DATETIME), TW_F(UINT32)};
static const struct tw_opcua_layout view_layout = TW_LAYOUT(view);
static const struct tw_opcua_field browse_head[] = {TW_FL(view_layout), TW_F(UINT32)};
static const char *const direction_names[] = {"forward", "inverse", "both"};
static const struct tw_opcua_words direction = TW_WORDS(direction_names);
static const struct tw_opcua_field browse_item[] = {TW_FR(NODEID, OBJECT),
    TW_FNW(UINT32, "direction", direction), REFERENCE_TYPE, TW_F(BOOLEAN), TW_F(UINT32),
    TW_F(UINT32)};
static const struct tw_opcua_field browse_result[] = {TW_FR(STATUSCODE, STATUS),
    TW_FC(continuation, "continued"), TW_FRN(EXTENSIONOBJECT, REFERENCES, "references")};
const struct tw_opcua_shape tw_opcua_shape_browse = {.head = TW_LAYOUT(browse_head),
    .has_items = true,
    .item = TW_LAYOUT(browse_item),
    .has_results = true,
    .result = TW_LAYOUT(browse_result),
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)};

/* [UA4 5.9.3] */
static const struct tw_opcua_field release[] = {TW_FN(BOOLEAN, "release")};
static const struct tw_opcua_field continuation[] = {TW_FC(continues, NULL)};
const struct tw_opcua_shape tw_opcua_shape_browse_next = {.head = TW_LAYOUT(release),
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
static const struct tw_opcua_field browse_path[] = {
    TW_FR(NODEID, OBJECT), TW_FRL(path_element_layout, PATH, "path")};
static const struct tw_opcua_field path_result[] = {
    TW_FR(STATUSCODE, STATUS), TW_FRN(EXPANDEDNODEID, PATH_TARGETS, "targets")};
const struct tw_opcua_shape tw_opcua_shape_translate = {.has_items = true,
    .item = TW_LAYOUT(browse_path),
    .has_results = true,
    .result = TW_LAYOUT(path_result),
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)};

/* [UA4 5.9.5], [UA4 5.9.6] */
static const struct tw_opcua_field node[] = {TW_FR(NODEID, OBJECT)};
static const struct tw_opcua_field alias[] = {TW_FN(NODEID, "alias")};
const struct tw_opcua_shape tw_opcua_shape_register_nodes = {
    .has_items = true, .item = TW_LAYOUT(node), .has_results = true, .result = TW_LAYOUT(alias)};
const struct tw_opcua_shape tw_opcua_shape_unregister_nodes = {
    .has_items = true, .item = TW_LAYOUT(node)};

/* [UA4 5.10], [UA4 7.7] */
static const struct tw_opcua_field filter_element[] = {TW_F(UINT32), TW_FS(EXTENSIONOBJECT)};
static const struct tw_opcua_layout filter_element_layout = TW_LAYOUT(filter_element);
static const struct tw_opcua_field query_data[] = {TW_FL(path_layout), TW_F(UINT32), TW_F(STRING)};
static const struct tw_opcua_layout query_data_layout = TW_LAYOUT(query_data);
static const struct tw_opcua_field query_type[] = {TW_FR(EXPANDEDNODEID, OBJECT),
    TW_FN(BOOLEAN, "include_subtypes"), TW_FNCL(query_data_layout, "data")};
static const struct tw_opcua_field query_head[] = {TW_FL(view_layout)};
static const struct tw_opcua_field query_tail[] = {
    TW_FLS(filter_element_layout), TW_F(UINT32), TW_F(UINT32)};
static const struct tw_opcua_field query_set[] = {TW_FN(EXPANDEDNODEID, "node"),
    TW_FN(EXPANDEDNODEID, "type_definition"), TW_FNS(VARIANT, "values")};
static const struct tw_opcua_layout query_set_layout = TW_LAYOUT(query_set);
static const struct tw_opcua_field query_found[] = {
    TW_FRL(query_set_layout, ROWS, "rows"), TW_FC(continuation, "continued")};
static const struct tw_opcua_field parsing_result[] = {TW_FR(STATUSCODE, STATUS),
    TW_FNX(STATUSCODE, "data_results"), TW_FNX(DIAGNOSTICINFO, "data_diagnostics")};
static const struct tw_opcua_field filter_result[] = {
    TW_F(STATUSCODE), TW_FS(STATUSCODE), TW_FS(DIAGNOSTICINFO)};
static const struct tw_opcua_layout filter_result_layout = TW_LAYOUT(filter_result);
static const struct tw_opcua_field query_end[] = {
    TW_FS(DIAGNOSTICINFO), TW_FLS(filter_result_layout), TW_FS(DIAGNOSTICINFO)};
const struct tw_opcua_shape tw_opcua_shape_query_first = {.head = TW_LAYOUT(query_head),
    .has_items = true,
    .item = TW_LAYOUT(query_type),
    .tail = TW_LAYOUT(query_tail),
    .response_head = TW_LAYOUT(query_found),
    .has_results = true,
    .results_optional = true,
    .result = TW_LAYOUT(parsing_result),
    .response_tail = TW_LAYOUT(query_end)};
static const struct tw_opcua_field query_next[] = {
    TW_FN(BOOLEAN, "release"), TW_FC(continues, NULL)};
const struct tw_opcua_shape tw_opcua_shape_query_next = {
    .head = TW_LAYOUT(query_next), .response_head = TW_LAYOUT(query_found)};

/* [UA4 5.11.2] */
static const struct tw_opcua_field read_head[] = {TW_F(DOUBLE), TW_F(UINT32)};
static const struct tw_opcua_field read_item[] = {TW_FR(NODEID, OBJECT), TW_FR(UINT32, ATTRIBUTE),
    TW_FR(STRING, INDEX_RANGE), TW_F(QUALIFIEDNAME)};
static const struct tw_opcua_field read_result[] = {TW_FR(DATAVALUE, RESULT_VALUE)};
const struct tw_opcua_shape tw_opcua_shape_read = {.head = TW_LAYOUT(read_head),
    .has_items = true,
    .item = TW_LAYOUT(read_item),
    .has_results = true,
    .reads = true,
    .result = TW_LAYOUT(read_result),
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)};

/* [UA4 5.11.3] */
static const struct tw_opcua_field history_head[] = {
    TW_FR(EXTENSIONOBJECT, PAST), TW_F(UINT32), TW_F(BOOLEAN)};
static const struct tw_opcua_field history_item[] = {TW_FR(NODEID, OBJECT),
    TW_FR(STRING, INDEX_RANGE), TW_F(QUALIFIEDNAME), TW_FC(continues, "continues")};
static const struct tw_opcua_field history_result[] = {TW_FR(STATUSCODE, STATUS),
    TW_FC(continuation, "continued"), TW_FR(EXTENSIONOBJECT, PAST_VALUES)};
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
static const struct tw_opcua_field update_item[] = {TW_FR(EXTENSIONOBJECT, PAST_UPDATE)};
static const struct tw_opcua_field update_result[] = {TW_FR(STATUSCODE, STATUS),
    TW_FNS(STATUSCODE, "operation_results"), TW_FNX(DIAGNOSTICINFO, "operation_diagnostics")};
const struct tw_opcua_shape tw_opcua_shape_history_update = {.has_items = true,
    .item = TW_LAYOUT(update_item),
    .has_results = true,
    .result = TW_LAYOUT(update_result),
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)};

/* [UA4 5.12.2] */
static const struct tw_opcua_field call_item[] = {
    TW_FR(NODEID, OBJECT_ID), TW_FR(NODEID, OBJECT), TW_FRS(VARIANT, INPUTS)};
static const struct tw_opcua_field call_result[] = {TW_FR(STATUSCODE, STATUS),
    TW_FNX(STATUSCODE, "input_results"), TW_FNX(DIAGNOSTICINFO, "input_diagnostics"),
    TW_FRS(VARIANT, OUTPUTS)};
const struct tw_opcua_shape tw_opcua_shape_call = {.has_items = true,
    .item = TW_LAYOUT(call_item),
    .has_results = true,
    .result = TW_LAYOUT(call_result),
    .response_tail = TW_LAYOUT(tw_opcua_diagnostics)};
