/* The structures that are known, by their members in the order of the wire. */

#include "protocol/opcua/layout.h"
#include "protocol/opcua/names.h"

/* [UA8 5.6.2], [UA8 5.6.4.3], [UA8 5.6.5] */
static const struct tw_opcua_field range[] = {
    {.name = "Low", .type = TW_UA_DOUBLE},
    {.name = "High", .type = TW_UA_DOUBLE},
};
static const struct tw_opcua_layout range_layout = TW_LAYOUT(range);

static const struct tw_opcua_field unit[] = {
    {.name = "NamespaceUri", .type = TW_UA_STRING},
    {.name = "UnitId", .type = TW_UA_INT32},
    {.name = "DisplayName", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "Description", .type = TW_UA_LOCALIZEDTEXT},
};
static const struct tw_opcua_layout unit_layout = TW_LAYOUT(unit);

static const char *const scale_names[] = {"Linear", "Log", "Ln"};
static const struct tw_opcua_words scale = TW_WORDS(scale_names);

static const struct tw_opcua_field axis[] = {
    {.name = "EngineeringUnits", .type = TW_UA_STRUCTURE, .of = &unit_layout},
    {.name = "EURange", .type = TW_UA_STRUCTURE, .of = &range_layout},
    {.name = "Title", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "AxisScaleType", .type = TW_UA_UINT32, .words = &scale},
    {.name = "AxisSteps", .type = TW_UA_DOUBLE, .array = true},
};

static const struct tw_opcua_field xv[] = {
    {.name = "X", .type = TW_UA_DOUBLE},
    {.name = "Value", .type = TW_UA_FLOAT},
};

static const struct tw_opcua_field complex_float[] = {
    {.name = "Real", .type = TW_UA_FLOAT},
    {.name = "Imaginary", .type = TW_UA_FLOAT},
};

static const struct tw_opcua_field complex_double[] = {
    {.name = "Real", .type = TW_UA_DOUBLE},
    {.name = "Imaginary", .type = TW_UA_DOUBLE},
};

/* [UA3 8.6], [UA3 8.39], [UA3 8.8] */
static const struct tw_opcua_field argument[] = {
    {.name = "Name", .type = TW_UA_STRING},
    {.name = "DataType", .type = TW_UA_NODEID},
    {.name = "ValueRank", .type = TW_UA_INT32},
    {.name = "ArrayDimensions", .type = TW_UA_UINT32, .array = true},
    {.name = "Description", .type = TW_UA_LOCALIZEDTEXT},
};

static const struct tw_opcua_field enum_value[] = {
    {.name = "Value", .type = TW_UA_INT64},
    {.name = "DisplayName", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "Description", .type = TW_UA_LOCALIZEDTEXT},
};

static const struct tw_opcua_field time_zone[] = {
    {.name = "Offset", .type = TW_UA_INT16},
    {.name = "DaylightSavingInOffset", .type = TW_UA_BOOLEAN},
};

/* [UA11 5.3] */
static const struct tw_opcua_field annotation[] = {
    {.name = "Message", .type = TW_UA_STRING},
    {.name = "UserName", .type = TW_UA_STRING},
    {.name = "AnnotationTime", .type = TW_UA_DATETIME},
};

/* [UA3 8.48] */
static const struct tw_opcua_field role_permission[] = {
    {.name = "RoleId", .type = TW_UA_NODEID},
    {.name = "Permissions", .type = TW_UA_UINT32},
};

/* [UA5 12.4], [UA5 12.10] */
static const struct tw_opcua_field build_info[] = {
    {.name = "ProductUri", .type = TW_UA_STRING},
    {.name = "ManufacturerName", .type = TW_UA_STRING},
    {.name = "ProductName", .type = TW_UA_STRING},
    {.name = "SoftwareVersion", .type = TW_UA_STRING},
    {.name = "BuildNumber", .type = TW_UA_STRING},
    {.name = "BuildDate", .type = TW_UA_DATETIME},
};
static const struct tw_opcua_layout build_info_layout = TW_LAYOUT(build_info);

static const struct tw_opcua_field server_status[] = {
    {.name = "StartTime", .type = TW_UA_DATETIME},
    {.name = "CurrentTime", .type = TW_UA_DATETIME},
    {.name = "State", .type = TW_UA_INT32},
    {.name = "BuildInfo", .type = TW_UA_STRUCTURE, .of = &build_info_layout},
    {.name = "SecondsTillShutdown", .type = TW_UA_UINT32},
    {.name = "ShutdownReason", .type = TW_UA_LOCALIZEDTEXT},
};

static const struct tw_opcua_field redundant_server[] = {
    {.name = "ServerId", .type = TW_UA_STRING},
    {.name = "ServiceLevel", .type = TW_UA_BYTE},
    {.name = "ServerState", .type = TW_UA_INT32},
};

/* [UA5 12.9] */
static const struct tw_opcua_field server_diagnostics[] = {
    {.name = "ServerViewCount", .type = TW_UA_UINT32},
    {.name = "CurrentSessionCount", .type = TW_UA_UINT32},
    {.name = "CumulatedSessionCount", .type = TW_UA_UINT32},
    {.name = "SecurityRejectedSessionCount", .type = TW_UA_UINT32},
    {.name = "RejectedSessionCount", .type = TW_UA_UINT32},
    {.name = "SessionTimeoutCount", .type = TW_UA_UINT32},
    {.name = "SessionAbortCount", .type = TW_UA_UINT32},
    {.name = "CurrentSubscriptionCount", .type = TW_UA_UINT32},
    {.name = "CumulatedSubscriptionCount", .type = TW_UA_UINT32},
    {.name = "PublishingIntervalCount", .type = TW_UA_UINT32},
    {.name = "SecurityRejectedRequestsCount", .type = TW_UA_UINT32},
    {.name = "RejectedRequestsCount", .type = TW_UA_UINT32},
};

/* [UA5 12.12] */
static const struct tw_opcua_field session_security[] = {
    {.name = "SessionId", .type = TW_UA_NODEID},
    {.name = "ClientUserIdOfSession", .type = TW_UA_STRING},
    {.name = "ClientUserIdHistory", .type = TW_UA_STRING, .array = true},
    {.name = "AuthenticationMechanism", .type = TW_UA_STRING},
    {.name = "Encoding", .type = TW_UA_STRING},
    {.name = "TransportProtocol", .type = TW_UA_STRING},
    {.name = "SecurityMode", .type = TW_UA_UINT32},
    {.name = "SecurityPolicyUri", .type = TW_UA_STRING},
    {.type = TW_UA_BYTESTRING},
};

/* [UA5 12.15] */
static const struct tw_opcua_field subscription_diagnostics[] = {
    {.name = "SessionId", .type = TW_UA_NODEID},
    {.name = "SubscriptionId", .type = TW_UA_UINT32},
    {.name = "Priority", .type = TW_UA_BYTE},
    {.name = "PublishingInterval", .type = TW_UA_DOUBLE},
    {.name = "MaxKeepAliveCount", .type = TW_UA_UINT32},
    {.name = "MaxLifetimeCount", .type = TW_UA_UINT32},
    {.name = "MaxNotificationsPerPublish", .type = TW_UA_UINT32},
    {.name = "PublishingEnabled", .type = TW_UA_BOOLEAN},
    {.name = "ModifyCount", .type = TW_UA_UINT32},
    {.name = "EnableCount", .type = TW_UA_UINT32},
    {.name = "DisableCount", .type = TW_UA_UINT32},
    {.name = "RepublishRequestCount", .type = TW_UA_UINT32},
    {.name = "RepublishMessageRequestCount", .type = TW_UA_UINT32},
    {.name = "RepublishMessageCount", .type = TW_UA_UINT32},
    {.name = "TransferRequestCount", .type = TW_UA_UINT32},
    {.name = "TransferredToAltClientCount", .type = TW_UA_UINT32},
    {.name = "TransferredToSameClientCount", .type = TW_UA_UINT32},
    {.name = "PublishRequestCount", .type = TW_UA_UINT32},
    {.name = "DataChangeNotificationsCount", .type = TW_UA_UINT32},
    {.name = "EventNotificationsCount", .type = TW_UA_UINT32},
    {.name = "NotificationsCount", .type = TW_UA_UINT32},
    {.name = "LatePublishRequestCount", .type = TW_UA_UINT32},
    {.name = "CurrentKeepAliveCount", .type = TW_UA_UINT32},
    {.name = "CurrentLifetimeCount", .type = TW_UA_UINT32},
    {.name = "UnacknowledgedMessageCount", .type = TW_UA_UINT32},
    {.name = "DiscardedMessageCount", .type = TW_UA_UINT32},
    {.name = "MonitoredItemCount", .type = TW_UA_UINT32},
    {.name = "DisabledMonitoredItemCount", .type = TW_UA_UINT32},
    {.name = "MonitoringQueueOverflowCount", .type = TW_UA_UINT32},
    {.name = "NextSequenceNumber", .type = TW_UA_UINT32},
    {.name = "EventQueueOverflowCount", .type = TW_UA_UINT32},
};

/* [UA5 12.16], [UA5 12.17] */
static const struct tw_opcua_field model_change[] = {
    {.name = "Affected", .type = TW_UA_NODEID},
    {.name = "AffectedType", .type = TW_UA_NODEID},
    {.name = "Verb", .type = TW_UA_BYTE},
};

static const struct tw_opcua_field semantic_change[] = {
    {.name = "Affected", .type = TW_UA_NODEID},
    {.name = "AffectedType", .type = TW_UA_NODEID},
};

static const struct tw_opcua_field status_result[] = {
    {.name = "StatusCode", .type = TW_UA_STATUSCODE},
    {.name = "DiagnosticInfo", .type = TW_UA_DIAGNOSTICINFO},
};

/* [UA4 7.24] */
static const struct tw_opcua_field object_attributes[] = {
    {.name = "SpecifiedAttributes", .type = TW_UA_UINT32},
    {.name = "DisplayName", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "Description", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "WriteMask", .type = TW_UA_UINT32},
    {.name = "UserWriteMask", .type = TW_UA_UINT32},
    {.name = "EventNotifier", .type = TW_UA_BYTE},
};

static const struct tw_opcua_field variable_attributes[] = {
    {.name = "SpecifiedAttributes", .type = TW_UA_UINT32},
    {.name = "DisplayName", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "Description", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "WriteMask", .type = TW_UA_UINT32},
    {.name = "UserWriteMask", .type = TW_UA_UINT32},
    {.name = "Value", .type = TW_UA_VARIANT},
    {.name = "DataType", .type = TW_UA_NODEID},
    {.name = "ValueRank", .type = TW_UA_INT32},
    {.name = "ArrayDimensions", .type = TW_UA_UINT32, .array = true},
    {.name = "AccessLevel", .type = TW_UA_BYTE},
    {.name = "UserAccessLevel", .type = TW_UA_BYTE},
    {.name = "MinimumSamplingInterval", .type = TW_UA_DOUBLE},
    {.name = "Historizing", .type = TW_UA_BOOLEAN},
};

static const struct tw_opcua_field method_attributes[] = {
    {.name = "SpecifiedAttributes", .type = TW_UA_UINT32},
    {.name = "DisplayName", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "Description", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "WriteMask", .type = TW_UA_UINT32},
    {.name = "UserWriteMask", .type = TW_UA_UINT32},
    {.name = "Executable", .type = TW_UA_BOOLEAN},
    {.name = "UserExecutable", .type = TW_UA_BOOLEAN},
};

static const struct tw_opcua_field abstract_attributes[] = {
    {.name = "SpecifiedAttributes", .type = TW_UA_UINT32},
    {.name = "DisplayName", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "Description", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "WriteMask", .type = TW_UA_UINT32},
    {.name = "UserWriteMask", .type = TW_UA_UINT32},
    {.name = "IsAbstract", .type = TW_UA_BOOLEAN},
};

static const struct tw_opcua_field variable_type_attributes[] = {
    {.name = "SpecifiedAttributes", .type = TW_UA_UINT32},
    {.name = "DisplayName", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "Description", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "WriteMask", .type = TW_UA_UINT32},
    {.name = "UserWriteMask", .type = TW_UA_UINT32},
    {.name = "Value", .type = TW_UA_VARIANT},
    {.name = "DataType", .type = TW_UA_NODEID},
    {.name = "ValueRank", .type = TW_UA_INT32},
    {.name = "ArrayDimensions", .type = TW_UA_UINT32, .array = true},
    {.name = "IsAbstract", .type = TW_UA_BOOLEAN},
};

static const struct tw_opcua_field reference_type_attributes[] = {
    {.name = "SpecifiedAttributes", .type = TW_UA_UINT32},
    {.name = "DisplayName", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "Description", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "WriteMask", .type = TW_UA_UINT32},
    {.name = "UserWriteMask", .type = TW_UA_UINT32},
    {.name = "IsAbstract", .type = TW_UA_BOOLEAN},
    {.name = "Symmetric", .type = TW_UA_BOOLEAN},
    {.name = "InverseName", .type = TW_UA_LOCALIZEDTEXT},
};

static const struct tw_opcua_field view_attributes[] = {
    {.name = "SpecifiedAttributes", .type = TW_UA_UINT32},
    {.name = "DisplayName", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "Description", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "WriteMask", .type = TW_UA_UINT32},
    {.name = "UserWriteMask", .type = TW_UA_UINT32},
    {.name = "ContainsNoLoops", .type = TW_UA_BOOLEAN},
    {.name = "EventNotifier", .type = TW_UA_BYTE},
};

static const char *const trigger_names[] = {"Status", "StatusValue", "StatusValueTimestamp"};
static const struct tw_opcua_words trigger = TW_WORDS(trigger_names);

static const char *const deadband_names[] = {"None", "Absolute", "Percent"};
static const struct tw_opcua_words deadband = TW_WORDS(deadband_names);

/* [UA4 7.22] */
static const struct tw_opcua_field data_change_filter[] = {
    {.name = "Trigger", .type = TW_UA_UINT32, .words = &trigger},
    {.name = "DeadbandType", .type = TW_UA_UINT32, .words = &deadband},
    {.name = "DeadbandValue", .type = TW_UA_DOUBLE},
};

static const char *const operator_names[] = {"Equals", "IsNull", "GreaterThan", "LessThan",
    "GreaterThanOrEqual", "LessThanOrEqual", "Like", "Not", "Between", "InList", "And", "Or",
    "Cast", "InView", "OfType", "RelatedTo", "BitwiseAnd", "BitwiseOr"};
static const struct tw_opcua_words operator= TW_WORDS(operator_names);

/* [UA4 7.7] */
static const struct tw_opcua_field simple_operand[] = {
    {.name = "TypeDefinitionId", .type = TW_UA_NODEID},
    {.name = "BrowsePath", .type = TW_UA_QUALIFIEDNAME, .array = true},
    {.name = "AttributeId", .type = TW_UA_UINT32},
    {.name = "IndexRange", .type = TW_UA_STRING},
};
static const struct tw_opcua_layout simple_operand_layout = TW_LAYOUT(simple_operand);

static const struct tw_opcua_field content_element[] = {{
    .name = "FilterOperator",
    .type = TW_UA_UINT32,
    .words = &operator},
    {.name = "FilterOperands", .type = TW_UA_EXTENSIONOBJECT, .array = true},
};
static const struct tw_opcua_layout content_element_layout = TW_LAYOUT(content_element);

static const struct tw_opcua_field content_filter[] = {
    {.name = "Elements", .type = TW_UA_STRUCTURE, .array = true, .of = &content_element_layout},
};
static const struct tw_opcua_layout content_filter_layout = TW_LAYOUT(content_filter);

static const struct tw_opcua_field event_filter[] = {
    {.name = "SelectClauses", .type = TW_UA_STRUCTURE, .array = true, .of = &simple_operand_layout},
    {.name = "WhereClause", .type = TW_UA_STRUCTURE, .of = &content_filter_layout},
};

static const struct tw_opcua_layout event_filter_layout = TW_LAYOUT(event_filter);

static const struct tw_opcua_field element_operand[] = {
    {.name = "Index", .type = TW_UA_UINT32},
};

static const struct tw_opcua_field literal_operand[] = {
    {.name = "Value", .type = TW_UA_VARIANT},
};

static const struct tw_opcua_field path_element[] = {
    {.name = "ReferenceTypeId", .type = TW_UA_NODEID},
    {.name = "IsInverse", .type = TW_UA_BOOLEAN},
    {.name = "IncludeSubtypes", .type = TW_UA_BOOLEAN},
    {.name = "TargetName", .type = TW_UA_QUALIFIEDNAME},
};
static const struct tw_opcua_layout path_element_layout = TW_LAYOUT(path_element);

static const struct tw_opcua_field attribute_operand[] = {
    {.name = "NodeId", .type = TW_UA_NODEID},
    {.name = "Alias", .type = TW_UA_STRING},
    {.name = "BrowsePath", .type = TW_UA_STRUCTURE, .array = true, .of = &path_element_layout},
    {.name = "AttributeId", .type = TW_UA_UINT32},
    {.name = "IndexRange", .type = TW_UA_STRING},
};

/* [UA13 4.2.1.2] */
static const struct tw_opcua_field aggregate_configuration[] = {
    {.name = "UseServerCapabilitiesDefaults", .type = TW_UA_BOOLEAN},
    {.name = "TreatUncertainAsBad", .type = TW_UA_BOOLEAN},
    {.name = "PercentDataBad", .type = TW_UA_BYTE},
    {.name = "PercentDataGood", .type = TW_UA_BYTE},
    {.name = "UseSlopedExtrapolation", .type = TW_UA_BOOLEAN},
};
static const struct tw_opcua_layout aggregate_configuration_layout =
    TW_LAYOUT(aggregate_configuration);

static const struct tw_opcua_field aggregate_filter[] = {
    {.name = "StartTime", .type = TW_UA_DATETIME},
    {.name = "AggregateType", .type = TW_UA_NODEID},
    {.name = "ProcessingInterval", .type = TW_UA_DOUBLE},
    {.name = "AggregateConfiguration",
        .type = TW_UA_STRUCTURE,
        .of = &aggregate_configuration_layout},
};

static const struct tw_opcua_field aggregate_result[] = {
    {.name = "RevisedStartTime", .type = TW_UA_DATETIME},
    {.name = "RevisedProcessingInterval", .type = TW_UA_DOUBLE},
    {.name = "RevisedAggregateConfiguration",
        .type = TW_UA_STRUCTURE,
        .of = &aggregate_configuration_layout},
};

static const struct tw_opcua_field content_element_result[] = {
    {.name = "StatusCode", .type = TW_UA_STATUSCODE},
    {.name = "OperandStatusCodes", .type = TW_UA_STATUSCODE, .array = true},
    {.type = TW_UA_DIAGNOSTICINFO, .array = true},
};
static const struct tw_opcua_layout content_element_result_layout =
    TW_LAYOUT(content_element_result);

static const struct tw_opcua_field content_filter_result[] = {
    {.name = "ElementResults",
        .type = TW_UA_STRUCTURE,
        .array = true,
        .of = &content_element_result_layout},
    {.type = TW_UA_DIAGNOSTICINFO, .array = true},
};
static const struct tw_opcua_layout content_filter_result_layout = TW_LAYOUT(content_filter_result);

static const struct tw_opcua_field event_filter_result[] = {
    {.name = "SelectClauseResults", .type = TW_UA_STATUSCODE, .array = true},
    {.type = TW_UA_DIAGNOSTICINFO, .array = true},
    {.name = "WhereClauseResult", .type = TW_UA_STRUCTURE, .of = &content_filter_result_layout},
};

/* [UA11 6.5] */
static const struct tw_opcua_field raw_details[] = {
    {.name = "IsReadModified", .type = TW_UA_BOOLEAN},
    {.name = "StartTime", .type = TW_UA_DATETIME},
    {.name = "EndTime", .type = TW_UA_DATETIME},
    {.name = "NumValuesPerNode", .type = TW_UA_UINT32},
    {.name = "ReturnBounds", .type = TW_UA_BOOLEAN},
};

static const struct tw_opcua_field processed_details[] = {
    {.name = "StartTime", .type = TW_UA_DATETIME},
    {.name = "EndTime", .type = TW_UA_DATETIME},
    {.name = "ProcessingInterval", .type = TW_UA_DOUBLE},
    {.name = "AggregateType", .type = TW_UA_NODEID, .array = true},
    {.name = "AggregateConfiguration",
        .type = TW_UA_STRUCTURE,
        .of = &aggregate_configuration_layout},
};

static const struct tw_opcua_field at_time_details[] = {
    {.name = "ReqTimes", .type = TW_UA_DATETIME, .array = true},
    {.name = "UseSimpleBounds", .type = TW_UA_BOOLEAN},
};

static const struct tw_opcua_field history_data[] = {
    {.name = "DataValues", .type = TW_UA_DATAVALUE, .array = true},
};

static const char *const change_names[] = {NULL, "Insert", "Replace", "Update", "Delete"};
static const struct tw_opcua_words change = TW_WORDS(change_names);

static const struct tw_opcua_field modification_info[] = {
    {.name = "ModificationTime", .type = TW_UA_DATETIME},
    {.name = "UpdateType", .type = TW_UA_UINT32, .words = &change},
    {.name = "UserName", .type = TW_UA_STRING},
};
static const struct tw_opcua_layout modification_info_layout = TW_LAYOUT(modification_info);

static const struct tw_opcua_field history_modified_data[] = {
    {.name = "DataValues", .type = TW_UA_DATAVALUE, .array = true},
    {.name = "ModificationInfos",
        .type = TW_UA_STRUCTURE,
        .array = true,
        .of = &modification_info_layout},
};

static const struct tw_opcua_field event_field_list[] = {
    {.name = "EventFields", .type = TW_UA_VARIANT, .array = true},
};
static const struct tw_opcua_layout event_field_list_layout = TW_LAYOUT(event_field_list);

static const struct tw_opcua_field history_event[] = {
    {.name = "Events", .type = TW_UA_STRUCTURE, .array = true, .of = &event_field_list_layout},
};

static const struct tw_opcua_field history_modified_event[] = {
    {.name = "Events", .type = TW_UA_STRUCTURE, .array = true, .of = &event_field_list_layout},
    {.name = "ModificationInfos",
        .type = TW_UA_STRUCTURE,
        .array = true,
        .of = &modification_info_layout},
};

static const struct tw_opcua_field event_details[] = {
    {.name = "NumValuesPerNode", .type = TW_UA_UINT32},
    {.name = "StartTime", .type = TW_UA_DATETIME},
    {.name = "EndTime", .type = TW_UA_DATETIME},
    {.name = "Filter", .type = TW_UA_STRUCTURE, .of = &event_filter_layout},
};

static const struct tw_opcua_field event_details2[] = {
    {.name = "NumValuesPerNode", .type = TW_UA_UINT32},
    {.name = "StartTime", .type = TW_UA_DATETIME},
    {.name = "EndTime", .type = TW_UA_DATETIME},
    {.name = "Filter", .type = TW_UA_STRUCTURE, .of = &event_filter_layout},
    {.name = "ReadModified", .type = TW_UA_BOOLEAN},
};

static const struct tw_opcua_field annotation_details[] = {
    {.name = "ReqTimes", .type = TW_UA_DATETIME, .array = true},
};

/* [UA11 6.9] */
static const char *const perform_names[] = {NULL, "Insert", "Replace", "Update", "Remove"};
static const struct tw_opcua_words perform = TW_WORDS(perform_names);

static const struct tw_opcua_field update_details[] = {
    {.name = "NodeId", .type = TW_UA_NODEID},
};

static const struct tw_opcua_field update_data_details[] = {
    {.name = "NodeId", .type = TW_UA_NODEID},
    {.name = "PerformInsertReplace", .type = TW_UA_UINT32, .words = &perform},
    {.name = "UpdateValues", .type = TW_UA_DATAVALUE, .array = true},
};

static const struct tw_opcua_field update_event_details[] = {
    {.name = "NodeId", .type = TW_UA_NODEID},
    {.name = "PerformInsertReplace", .type = TW_UA_UINT32, .words = &perform},
    {.name = "Filter", .type = TW_UA_STRUCTURE, .of = &event_filter_layout},
    {.name = "EventData", .type = TW_UA_STRUCTURE, .array = true, .of = &event_field_list_layout},
};

static const struct tw_opcua_field delete_raw_details[] = {
    {.name = "NodeId", .type = TW_UA_NODEID},
    {.name = "IsDeleteModified", .type = TW_UA_BOOLEAN},
    {.name = "StartTime", .type = TW_UA_DATETIME},
    {.name = "EndTime", .type = TW_UA_DATETIME},
};

static const struct tw_opcua_field delete_at_time_details[] = {
    {.name = "NodeId", .type = TW_UA_NODEID},
    {.name = "ReqTimes", .type = TW_UA_DATETIME, .array = true},
};

static const struct tw_opcua_field delete_event_details[] = {
    {.name = "NodeId", .type = TW_UA_NODEID},
    {.name = "EventIds", .type = TW_UA_BYTESTRING, .array = true},
};

static const struct tw_opcua_field history_update_result[] = {
    {.name = "StatusCode", .type = TW_UA_STATUSCODE},
    {.name = "OperationResults", .type = TW_UA_STATUSCODE, .array = true},
    {.type = TW_UA_DIAGNOSTICINFO, .array = true},
};

/* [UA4 7.3], [UA4 7.40]: what proves a user is not shown */
static const struct tw_opcua_field mdns[] = {
    {.name = "MdnsServerName", .type = TW_UA_STRING},
    {.name = "ServerCapabilities", .type = TW_UA_STRING, .array = true},
};

static const struct tw_opcua_field token[] = {
    {.name = "PolicyId", .type = TW_UA_STRING},
};

static const struct tw_opcua_field user_name_token[] = {
    {.name = "PolicyId", .type = TW_UA_STRING},
    {.name = "UserName", .type = TW_UA_STRING},
    {.type = TW_UA_BYTESTRING},
    {.name = "EncryptionAlgorithm", .type = TW_UA_STRING},
};

static const struct tw_opcua_field certificate_token[] = {
    {.name = "PolicyId", .type = TW_UA_STRING},
    {.type = TW_UA_BYTESTRING},
};

static const struct tw_opcua_field issued_token[] = {
    {.name = "PolicyId", .type = TW_UA_STRING},
    {.type = TW_UA_BYTESTRING},
    {.name = "EncryptionAlgorithm", .type = TW_UA_STRING},
};

static const char *const application_type_names[] = {
    "Server", "Client", "ClientAndServer", "DiscoveryServer"};
static const struct tw_opcua_words application_type = TW_WORDS(application_type_names);

static const struct tw_opcua_field application[] = {
    {.name = "ApplicationUri", .type = TW_UA_STRING},
    {.name = "ProductUri", .type = TW_UA_STRING},
    {.name = "ApplicationName", .type = TW_UA_LOCALIZEDTEXT},
    {.name = "ApplicationType", .type = TW_UA_UINT32, .words = &application_type},
    {.name = "GatewayServerUri", .type = TW_UA_STRING},
    {.name = "DiscoveryProfileUri", .type = TW_UA_STRING},
    {.name = "DiscoveryUrls", .type = TW_UA_STRING, .array = true},
};
static const struct tw_opcua_layout application_layout = TW_LAYOUT(application);

/* [UA5 12.8] */
static const struct tw_opcua_field sampling_diagnostics[] = {
    {.name = "SamplingInterval", .type = TW_UA_DOUBLE},
    {.name = "MonitoredItemCount", .type = TW_UA_UINT32},
    {.name = "MaxMonitoredItemCount", .type = TW_UA_UINT32},
    {.name = "DisabledMonitoredItemCount", .type = TW_UA_UINT32},
};

/* [UA5 12.13] */
static const struct tw_opcua_field service_counter[] = {
    {.name = "TotalCount", .type = TW_UA_UINT32},
    {.name = "ErrorCount", .type = TW_UA_UINT32},
};
static const struct tw_opcua_layout service_counter_layout = TW_LAYOUT(service_counter);

#define SERVICE_COUNT(as)                                                                          \
    {                                                                                              \
        .name = (as), .type = TW_UA_STRUCTURE, .of = &service_counter_layout                       \
    }

/* [UA5 12.11] */
static const struct tw_opcua_field session_diagnostics[] = {
    {.name = "SessionId", .type = TW_UA_NODEID},
    {.name = "SessionName", .type = TW_UA_STRING},
    {.name = "ClientDescription", .type = TW_UA_STRUCTURE, .of = &application_layout},
    {.name = "ServerUri", .type = TW_UA_STRING},
    {.name = "EndpointUrl", .type = TW_UA_STRING},
    {.name = "LocaleIds", .type = TW_UA_STRING, .array = true},
    {.name = "ActualSessionTimeout", .type = TW_UA_DOUBLE},
    {.name = "MaxResponseMessageSize", .type = TW_UA_UINT32},
    {.name = "ClientConnectionTime", .type = TW_UA_DATETIME},
    {.name = "ClientLastContactTime", .type = TW_UA_DATETIME},
    {.name = "CurrentSubscriptionsCount", .type = TW_UA_UINT32},
    {.name = "CurrentMonitoredItemsCount", .type = TW_UA_UINT32},
    {.name = "CurrentPublishRequestsInQueue", .type = TW_UA_UINT32},
    SERVICE_COUNT("TotalRequestCount"),
    {.name = "UnauthorizedRequestCount", .type = TW_UA_UINT32},
    SERVICE_COUNT("ReadCount"),
    SERVICE_COUNT("HistoryReadCount"),
    SERVICE_COUNT("WriteCount"),
    SERVICE_COUNT("HistoryUpdateCount"),
    SERVICE_COUNT("CallCount"),
    SERVICE_COUNT("CreateMonitoredItemsCount"),
    SERVICE_COUNT("ModifyMonitoredItemsCount"),
    SERVICE_COUNT("SetMonitoringModeCount"),
    SERVICE_COUNT("SetTriggeringCount"),
    SERVICE_COUNT("DeleteMonitoredItemsCount"),
    SERVICE_COUNT("CreateSubscriptionCount"),
    SERVICE_COUNT("ModifySubscriptionCount"),
    SERVICE_COUNT("SetPublishingModeCount"),
    SERVICE_COUNT("PublishCount"),
    SERVICE_COUNT("RepublishCount"),
    SERVICE_COUNT("TransferSubscriptionsCount"),
    SERVICE_COUNT("DeleteSubscriptionsCount"),
    SERVICE_COUNT("AddNodesCount"),
    SERVICE_COUNT("AddReferencesCount"),
    SERVICE_COUNT("DeleteNodesCount"),
    SERVICE_COUNT("DeleteReferencesCount"),
    SERVICE_COUNT("BrowseCount"),
    SERVICE_COUNT("BrowseNextCount"),
    SERVICE_COUNT("TranslateBrowsePathsToNodeIdsCount"),
    SERVICE_COUNT("QueryFirstCount"),
    SERVICE_COUNT("QueryNextCount"),
    SERVICE_COUNT("RegisterNodesCount"),
    SERVICE_COUNT("UnregisterNodesCount"),
};

/* By id. */
static const struct structure {
    uint32_t id;
    struct tw_opcua_layout layout;
} structures[] = {
    {128, TW_LAYOUT(role_permission)},
    {298, TW_LAYOUT(argument)},
    {301, TW_LAYOUT(status_result)},
    {310, TW_LAYOUT(application)},
    {321, TW_LAYOUT(token)},
    {324, TW_LAYOUT(user_name_token)},
    {327, TW_LAYOUT(certificate_token)},
    {340, TW_LAYOUT(build_info)},
    {354, TW_LAYOUT(object_attributes)},
    {357, TW_LAYOUT(variable_attributes)},
    {360, TW_LAYOUT(method_attributes)},
    {363, TW_LAYOUT(abstract_attributes)},
    {366, TW_LAYOUT(variable_type_attributes)},
    {369, TW_LAYOUT(reference_type_attributes)},
    {372, TW_LAYOUT(abstract_attributes)},
    {375, TW_LAYOUT(view_attributes)},
    {588, TW_LAYOUT(content_filter)},
    {594, TW_LAYOUT(element_operand)},
    {597, TW_LAYOUT(literal_operand)},
    {600, TW_LAYOUT(attribute_operand)},
    {603, TW_LAYOUT(simple_operand)},
    {646, TW_LAYOUT(event_details)},
    {649, TW_LAYOUT(raw_details)},
    {652, TW_LAYOUT(processed_details)},
    {655, TW_LAYOUT(at_time_details)},
    {658, TW_LAYOUT(history_data)},
    {661, TW_LAYOUT(history_event)},
    {679, TW_LAYOUT(update_details)},
    {682, TW_LAYOUT(update_data_details)},
    {685, TW_LAYOUT(update_event_details)},
    {688, TW_LAYOUT(delete_raw_details)},
    {691, TW_LAYOUT(delete_at_time_details)},
    {694, TW_LAYOUT(delete_event_details)},
    {697, TW_LAYOUT(history_update_result)},
    {724, TW_LAYOUT(data_change_filter)},
    {727, TW_LAYOUT(event_filter)},
    {730, TW_LAYOUT(aggregate_filter)},
    {736, TW_LAYOUT(event_filter_result)},
    {739, TW_LAYOUT(aggregate_result)},
    {855, TW_LAYOUT(redundant_server)},
    {858, TW_LAYOUT(sampling_diagnostics)},
    {861, TW_LAYOUT(server_diagnostics)},
    {864, TW_LAYOUT(server_status)},
    {867, TW_LAYOUT(session_diagnostics)},
    {870, TW_LAYOUT(session_security)},
    {873, TW_LAYOUT(service_counter)},
    {876, TW_LAYOUT(subscription_diagnostics)},
    {879, TW_LAYOUT(model_change)},
    {886, TW_LAYOUT(range)},
    {889, TW_LAYOUT(unit)},
    {893, TW_LAYOUT(annotation)},
    {899, TW_LAYOUT(semantic_change)},
    {940, TW_LAYOUT(issued_token)},
    {8251, TW_LAYOUT(enum_value)},
    {8917, TW_LAYOUT(time_zone)},
    {11226, TW_LAYOUT(modification_info)},
    {11227, TW_LAYOUT(history_modified_data)},
    {11300, TW_LAYOUT(update_data_details)},
    {12089, TW_LAYOUT(axis)},
    {12090, TW_LAYOUT(xv)},
    {12181, TW_LAYOUT(complex_float)},
    {12182, TW_LAYOUT(complex_double)},
    {12901, TW_LAYOUT(mdns)},
    {23500, TW_LAYOUT(annotation_details)},
    {32800, TW_LAYOUT(event_details2)},
    {32825, TW_LAYOUT(history_modified_event)},
};

const struct tw_opcua_layout *tw_opcua_structure(uint32_t encoding_id)
{
    size_t low = 0, high = sizeof(structures) / sizeof(structures[0]);
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (structures[middle].id == encoding_id)
            return &structures[middle].layout;
        if (structures[middle].id < encoding_id)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
