#include "protocol/opcua/names.h"
#include "protocol/opcua/shapes.h"

const struct tw_opcua_field tw_opcua_result_status[1] = {TW_FR(STATUSCODE, STATUS)};
const struct tw_opcua_field tw_opcua_diagnostics[1] = {TW_FS(DIAGNOSTICINFO)};

const struct tw_opcua_shape tw_opcua_shape_empty = {0};

/* [UA4 7.2] */
static const char *const application_type_names[] = {
    "Server", "Client", "ClientAndServer", "DiscoveryServer"};
static const struct tw_opcua_words application_type = TW_WORDS(application_type_names);
static const struct tw_opcua_field application[] = {TW_FN(STRING, "application_uri"),
    TW_FN(STRING, "product_uri"), TW_FN(LOCALIZEDTEXT, "application_name"),
    TW_FNW(UINT32, "application_type", application_type), TW_F(STRING), TW_F(STRING),
    TW_FNS(STRING, "discovery_urls")};
static const struct tw_opcua_layout application_layout = TW_LAYOUT(application);
/* The same as a part of something else, passed over. */
static const struct tw_opcua_field some_application[] = {TW_F(STRING), TW_F(STRING),
    TW_F(LOCALIZEDTEXT), TW_F(UINT32), TW_F(STRING), TW_F(STRING), TW_FS(STRING)};
static const struct tw_opcua_layout some_application_layout = TW_LAYOUT(some_application);

/* The client's, in CreateSession: who it says it is. */
static const struct tw_opcua_field client[] = {TW_FI(STRING, TEXT, application_uri),
    TW_FI(STRING, TEXT, product_uri), TW_FI(LOCALIZEDTEXT, TEXT, application_name), TW_F(UINT32),
    TW_F(STRING), TW_F(STRING), TW_FS(STRING)};
static const struct tw_opcua_layout client_layout = TW_LAYOUT(client);

/* [UA4 7.14], [UA4 7.42] */
static const char *const token_type_names[] = {"anonymous", "username", "certificate", "issued"};
static const struct tw_opcua_words token_type = TW_WORDS(token_type_names);
static const struct tw_opcua_field user_policy[] = {TW_F(STRING),
    TW_FNW(UINT32, "type", token_type), TW_F(STRING), TW_F(STRING),
    TW_FN(STRING, "security_policy_uri")};
static const struct tw_opcua_layout user_policy_layout = TW_LAYOUT(user_policy);
static const char *const security_mode_names[] = {NULL, "None", "Sign", "SignAndEncrypt"};
static const struct tw_opcua_words security_mode = TW_WORDS(security_mode_names);
static const struct tw_opcua_field endpoint[] = {TW_FN(STRING, "endpoint_url"),
    TW_FL(some_application_layout), TW_F(BYTESTRING),
    TW_FNW(UINT32, "security_mode", security_mode), TW_FN(STRING, "security_policy_uri"),
    TW_FNLS(user_policy_layout, "identities"), TW_F(STRING), TW_FN(BYTE, "security_level")};
static const struct tw_opcua_layout endpoint_layout = TW_LAYOUT(endpoint);
static const struct tw_opcua_field some_user_policy[] = {
    TW_F(STRING), TW_F(UINT32), TW_F(STRING), TW_F(STRING), TW_F(STRING)};
static const struct tw_opcua_layout some_user_policy_layout = TW_LAYOUT(some_user_policy);
static const struct tw_opcua_field some_endpoint[] = {TW_F(STRING), TW_FL(some_application_layout),
    TW_F(BYTESTRING), TW_F(UINT32), TW_F(STRING), TW_FLS(some_user_policy_layout), TW_F(STRING),
    TW_F(BYTE)};
static const struct tw_opcua_layout some_endpoint_layout = TW_LAYOUT(some_endpoint);

static const struct tw_opcua_field signature[] = {TW_F(STRING), TW_F(BYTESTRING)};
static const struct tw_opcua_layout signature_layout = TW_LAYOUT(signature);
static const struct tw_opcua_field software_certificate[] = {TW_F(BYTESTRING), TW_F(BYTESTRING)};
static const struct tw_opcua_layout software_certificate_layout = TW_LAYOUT(software_certificate);

/* [UA4 5.5.2] */
static const struct tw_opcua_field finding[] = {
    TW_FR(STRING, URL), TW_FS(STRING), TW_FNS(STRING, "server_uris")};
static const struct tw_opcua_field discovery[] = {
    TW_FR(STRING, URL), TW_FS(STRING), TW_FNS(STRING, "profile_uris")};
static const struct tw_opcua_field applications[] = {TW_FNLS(application_layout, "servers")};
const struct tw_opcua_shape tw_opcua_shape_find_servers = {
    .head = TW_LAYOUT(finding), .response_head = TW_LAYOUT(applications)};

/* [UA4 5.5.4] */
static const struct tw_opcua_field endpoints[] = {TW_FNLS(endpoint_layout, "endpoints")};
const struct tw_opcua_shape tw_opcua_shape_get_endpoints = {
    .head = TW_LAYOUT(discovery), .response_head = TW_LAYOUT(endpoints)};

/* [UA4 5.5.3] */
static const struct tw_opcua_field on_network[] = {TW_FN(UINT32, "starting_record_id"),
    TW_FN(UINT32, "max_records"), TW_FNS(STRING, "capabilities")};
static const struct tw_opcua_field server_on_network[] = {TW_FN(UINT32, "record_id"),
    TW_FN(STRING, "server_name"), TW_FN(STRING, "discovery_url"), TW_FNS(STRING, "capabilities")};
static const struct tw_opcua_layout server_on_network_layout = TW_LAYOUT(server_on_network);
static const struct tw_opcua_field servers_on_network[] = {
    TW_F(DATETIME), TW_FNLS(server_on_network_layout, "servers")};
const struct tw_opcua_shape tw_opcua_shape_find_on_network = {
    .head = TW_LAYOUT(on_network), .response_head = TW_LAYOUT(servers_on_network)};

/* [UA4 5.5.5], [UA4 5.5.6] */
static const struct tw_opcua_field registered[] = {TW_FI(STRING, STRING, server_uri),
    TW_FN(STRING, "registered_product_uri"), TW_FNS(LOCALIZEDTEXT, "server_names"),
    TW_FNW(UINT32, "server_type", application_type), TW_FN(STRING, "gateway_server_uri"),
    TW_FNS(STRING, "discovery_urls"), TW_FN(STRING, "semaphore_file"), TW_FN(BOOLEAN, "online")};
static const struct tw_opcua_layout registered_layout = TW_LAYOUT(registered);
static const struct tw_opcua_field registration[] = {TW_FL(registered_layout)};
static const struct tw_opcua_field registration2[] = {
    TW_FL(registered_layout), TW_FNS(EXTENSIONOBJECT, "configurations")};
static const struct tw_opcua_field registration2_results[] = {
    TW_FNS(STATUSCODE, "configuration_results"),
    TW_FNX(DIAGNOSTICINFO, "configuration_diagnostics")};
const struct tw_opcua_shape tw_opcua_shape_register_server = {.head = TW_LAYOUT(registration)};
const struct tw_opcua_shape tw_opcua_shape_register_server2 = {
    .head = TW_LAYOUT(registration2), .response_head = TW_LAYOUT(registration2_results)};

/* [UA6 6.7.4]; mode and channel are read beside the walk, since the connection keeps them. */
static const struct tw_opcua_field open_request[] = {
    TW_F(UINT32), TW_F(UINT32), TW_F(UINT32), TW_F(BYTESTRING), TW_F(UINT32)};
static const struct tw_opcua_field open_response[] = {
    TW_F(UINT32), TW_F(UINT32), TW_F(UINT32), TW_F(DATETIME), TW_F(UINT32), TW_F(BYTESTRING)};
const struct tw_opcua_shape tw_opcua_shape_open = {
    .head = TW_LAYOUT(open_request), .response_head = TW_LAYOUT(open_response)};

/* [UA4 5.7.2] */
static const struct tw_opcua_field create_session[] = {TW_FL(client_layout),
    TW_FI(STRING, STRING, server_uri), TW_FI(STRING, STRING, endpoint_url),
    TW_FI(STRING, TEXT, session_name), TW_FI(BYTESTRING, NONCE, client_nonce),
    TW_FR(BYTESTRING, CERTIFICATE), TW_F(DOUBLE), TW_FN(UINT32, "max_response_bytes")};
static const struct tw_opcua_field session_created[] = {TW_FI(NODEID, NODE, session),
    TW_FR(NODEID, TOKEN), TW_FN(DOUBLE, "session_timeout_ms"),
    TW_FI(BYTESTRING, NONCE, server_nonce), TW_F(BYTESTRING), TW_FLS(some_endpoint_layout),
    TW_FLS(software_certificate_layout), TW_FL(signature_layout),
    TW_FN(UINT32, "max_request_bytes")};
const struct tw_opcua_shape tw_opcua_shape_create_session = {
    .head = TW_LAYOUT(create_session), .response_head = TW_LAYOUT(session_created)};

/* [UA4 5.7.3] */
static const struct tw_opcua_field activate_session[] = {TW_FL(signature_layout),
    TW_FLS(software_certificate_layout), TW_FNS(STRING, "locales"), TW_FR(EXTENSIONOBJECT, USER),
    TW_FL(signature_layout)};
static const struct tw_opcua_field session_activated[] = {
    TW_FI(BYTESTRING, NONCE, server_nonce), TW_FS(STATUSCODE), TW_FS(DIAGNOSTICINFO)};
const struct tw_opcua_shape tw_opcua_shape_activate_session = {
    .head = TW_LAYOUT(activate_session), .response_head = TW_LAYOUT(session_activated)};

/* [UA4 5.7.4], [UA4 5.7.5] */
static const struct tw_opcua_field close_session[] = {TW_FN(BOOLEAN, "delete_subscriptions")};
const struct tw_opcua_shape tw_opcua_shape_close_session = {.head = TW_LAYOUT(close_session)};
static const struct tw_opcua_field cancelled_handle[] = {TW_FN(UINT32, "cancelled_handle")};
static const struct tw_opcua_field cancelled[] = {TW_FN(UINT32, "cancelled")};
const struct tw_opcua_shape tw_opcua_shape_cancel = {
    .head = TW_LAYOUT(cancelled_handle), .response_head = TW_LAYOUT(cancelled)};
