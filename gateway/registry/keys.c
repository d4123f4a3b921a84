/* Which keys an inventory may hold. */

#include "registry/keys.h"

#include "registry/registry.h"

static const char *const kinds[] = {"opcua-server", "mqtt-broker", "operator", "infrastructure",
    "gateway", "sensor", "edge", "other", NULL};
static const char *const importances[] = {"low", "normal", "high", "essential", NULL};
static const char *const min_securities[] = {"none", "sign", "sign_and_encrypt", NULL};
static const char *const policies[] = {"None", "Basic128Rsa15", "Basic256", "Basic256Sha256",
    "Aes128_Sha256_RsaOaep", "Aes256_Sha256_RsaPss", "ECC_nistP256", "ECC_nistP384",
    "ECC_brainpoolP256r1", "ECC_brainpoolP384r1", "ECC_curve25519", "ECC_curve448", NULL};
static const char *const types[] = {"Boolean", "SByte", "Byte", "Int16", "UInt16", "Int32",
    "UInt32", "Int64", "UInt64", "Float", "Double", "String", "DateTime", "Guid", "ByteString",
    "LocalizedText", "number", "integer", "string", "boolean", NULL};
static const char *const mqtt_securities[] = {"tls", "plain", NULL};
static const char *const tiers[] = {"T0", "T1", "T2", "T3", "T4", NULL};
static const char *const autonomies[] = {"A0", "A1", "A2", "A3", NULL};
static const char *const consequences[] = {"C0", "C1", "C2", "C3", NULL};
static const char *const technologies[] = {"llm", "ml", "rule", NULL};
static const char *const roles[] = {"command", "measurement", "approval", "safety", "recipe",
    "status", "note", "heartbeat", "model", NULL};
static const char *const labels[] = {"mode", "program", "firmware", "prompt", "policy", "tools",
    "config", "camera-original", "ai-generated", "recipe", "know-how", "personal", "important",
    "core", NULL};

static const struct tw_key identity[] = {
    {"mqtt_client_id", TW_KEY_STR_LIST, false, NULL, NULL, "MQTT client ids it uses."},
    {"mqtt_username", TW_KEY_STR_LIST, false, NULL, NULL, "MQTT user names it uses."},
    {"mqtt_security", TW_KEY_CHOICE, false, mqtt_securities, NULL,
        "Whether its MQTT is inside TLS; plain accepts that it is not."},
    {"opcua_application_uri", TW_KEY_STR_LIST, false, NULL, NULL, "ApplicationUris it uses."},
    {"opcua_user", TW_KEY_STR_LIST, false, NULL, NULL, "OPC UA users; \"anonymous\" for none."},
    {"security", TW_KEY_CHOICE, false, policies, NULL,
        "The OPC UA security policy it uses; None accepts that it talks unprotected."},
    {"certificate_sha256", TW_KEY_STR_LIST, false, NULL, NULL,
        "SHA-256 of its client certificates, 64 hexadecimal digits."},
    {0}};

static const struct tw_key may[] = {
    {"opcua", TW_KEY_STR, false, NULL, NULL, "The OPC UA server, an asset."},
    {"mqtt", TW_KEY_STR, false, NULL, NULL, "The MQTT broker, an asset."},
    {"protocol", TW_KEY_STR_LIST, false, NULL, NULL, "Other protocols, as nDPI names them."},
    {"actions", TW_KEY_STR_LIST, false, NULL, NULL, "What may be done there."},
    {"nodes", TW_KEY_STR_LIST, false, NULL, NULL, "NodeIds; * and ? match."},
    {"objects", TW_KEY_STR_LIST, false, NULL, NULL, "Objects whose methods may be called."},
    {"methods", TW_KEY_STR_LIST, false, NULL, NULL, "Methods that may be called."},
    {"topics", TW_KEY_STR_LIST, false, NULL, NULL, "Topic filters; + and # match."},
    {"to", TW_KEY_STR_LIST, false, NULL, NULL, "Ids, networks or addresses; anywhere when absent."},
    {"ports", TW_KEY_LIST, false, NULL, NULL, "Destination ports."},
    {"hosts", TW_KEY_STR_LIST, false, NULL, NULL,
        "Names that the destination is asked for by (TLS, HTTP, DNS), or is below; with "
        "`protocol`."},
    {"needs_approval", TW_KEY_STR, false, NULL, NULL, "The approval that each action needs."},
    {"max_step", TW_KEY_NUMBER, false, NULL, NULL, "Largest change of the value in one action."},
    {"rate", TW_KEY_RATE, false, NULL, NULL, "How often, such as 6/min."},
    {"max_nodes", TW_KEY_INT, false, NULL, NULL, "Nodes in one history read."},
    {"max_window", TW_KEY_DURATION, false, NULL, NULL, "Time span of one history read."}, {0}};

static const struct tw_key sparkplug[] = {
    {"group", TW_KEY_STR, true, NULL, NULL, "Sparkplug group id."},
    {"edge_node", TW_KEY_STR, true, NULL, NULL, "Sparkplug edge node id."},
    {"devices", TW_KEY_STR_LIST, false, NULL, NULL, "Sparkplug device ids."}, {0}};

static const struct tw_key asset[] = {
    {"id", TW_KEY_STR, true, NULL, NULL, "Its name in rules and alerts."},
    {"kind", TW_KEY_CHOICE, false, kinds, NULL, "What it is."},
    {"ip", TW_KEY_STR_LIST, false, NULL, NULL, "Its addresses."},
    {"mac", TW_KEY_STR_LIST, false, NULL, NULL, "Its hardware addresses."},
    {"ports", TW_KEY_LIST, false, NULL, NULL, "Ports it serves on."},
    {"trainer", TW_KEY_BOOL, false, NULL, NULL, "Models are trained on what it collects."},
    {"importance", TW_KEY_CHOICE, false, importances, NULL, "Raises or lowers the score."},
    {"min_security", TW_KEY_CHOICE, false, min_securities, NULL, "What its clients must use."},
    {"purpose", TW_KEY_STR, false, NULL, NULL, "What it is for."},
    {"owner", TW_KEY_STR, false, NULL, NULL, "Who answers for it."},
    {"identity", TW_KEY_MAP, false, NULL, identity, "What it calls itself on the wire."},
    {"may", TW_KEY_LIST, false, NULL, may, "What it may do; anything when absent."},
    {"clearance", TW_KEY_STR_LIST, false, NULL, NULL,
        "Labels that it may see: recipe, know-how, personal, important, core; all when absent."},
    {"mqtt_sn_topics", TW_KEY_MAP, false, NULL, NULL,
        "Of a gateway of MQTT-SN: predefined topic ids, each with the name of its topic."},
    {"sparkplug_host", TW_KEY_STR, false, NULL, NULL, "Its Sparkplug host application id."},
    {"sparkplug", TW_KEY_MAP, false, NULL, sparkplug, "The Sparkplug edge node that it is."}, {0}};

static const struct tw_key model[] = {{"name", TW_KEY_STR, false, NULL, NULL, "The model's name."},
    {"version", TW_KEY_STR, false, NULL, NULL, "The version that is approved to run."},
    {"sha256", TW_KEY_STR_LIST, false, NULL, NULL, "SHA-256 of its files."}, {0}};

static const struct tw_key reports[] = {
    {"mqtt", TW_KEY_STR, true, NULL, NULL, "The topic (filter) it reports on."},
    {"confidence", TW_KEY_STR, false, NULL, NULL, "JSON Pointer to its confidence, 0 to 1."},
    {"inputs_ts", TW_KEY_STR, false, NULL, NULL, "JSON Pointer to the time of its inputs."},
    {"model", TW_KEY_STR, false, NULL, NULL, "JSON Pointer to the model's name."},
    {"model_version", TW_KEY_STR, false, NULL, NULL, "JSON Pointer to the model's version."},
    {"object", TW_KEY_STR, false, NULL, NULL, "JSON Pointer to what it decided about."},
    {"value", TW_KEY_STR, false, NULL, NULL, "JSON Pointer to the value it decided on."},
    {"states", TW_KEY_MAP, false, NULL, NULL,
        "Where it says what variables are at: JSON Pointers, each with the id of its variable."},
    {0}};

static const struct tw_key heartbeat[] = {
    {"opcua", TW_KEY_STR, false, NULL, NULL, "The OPC UA server, an asset."},
    {"node", TW_KEY_STR, false, NULL, NULL, "The NodeId that it writes."},
    {"mqtt", TW_KEY_STR, false, NULL, NULL, "Or the topic that it publishes on."},
    {"every", TW_KEY_DURATION, false, NULL, NULL, "How often."},
    {"timeout", TW_KEY_DURATION, false, NULL, NULL, "Silence of this length is an alarm."}, {0}};

static const struct tw_key stop[] = {
    {"opcua", TW_KEY_STR, false, NULL, NULL, "The OPC UA server, an asset."},
    {"node", TW_KEY_STR, false, NULL, NULL, "The NodeId that says whether it has to stop."},
    {"mqtt", TW_KEY_STR, false, NULL, NULL, "Or the topic (filter) that it is told on."},
    {"field", TW_KEY_STR, false, NULL, NULL,
        "JSON Pointer to what says so; any message when absent."},
    {"ai_system", TW_KEY_STR, false, NULL, NULL, "JSON Pointer to the id of who is meant."},
    {"values", TW_KEY_STR_LIST, false, NULL, NULL,
        "Values that mean stop, all others to go on; true, 1, stop and the like when absent."},
    {"by", TW_KEY_STR_LIST, false, NULL, NULL, "Ids of those who may; anybody else when absent."},
    {0}};

static const struct tw_key active[] = {
    {"days", TW_KEY_ANY, false, NULL, NULL, "Such as mon-fri or [mon, wed]."},
    {"from", TW_KEY_STR, false, NULL, NULL, "Such as \"06:00\"."},
    {"to", TW_KEY_STR, false, NULL, NULL, "Such as \"22:00\"."},
    {"tz", TW_KEY_STR, false, NULL, NULL, "Such as Europe/Berlin; UTC when absent."}, {0}};

static const struct tw_key quotas[] = {
    {"writes", TW_KEY_RATE, false, NULL, NULL, "Such as 30/min."},
    {"history", TW_KEY_RATE, false, NULL, NULL, "Bytes of history, such as 10MB/h."},
    {"egress", TW_KEY_RATE, false, NULL, NULL, "Bytes out of the plant, such as 5MB/h."}, {0}};

static const struct tw_key ai_system[] = {
    {"id", TW_KEY_STR, true, NULL, NULL, "Its name in rules and alerts."},
    {"tier", TW_KEY_CHOICE, false, tiers, NULL, "Its risk tier."},
    {"autonomy", TW_KEY_CHOICE, false, autonomies, NULL,
        "A0 sees copies, A1 recommends, A2 acts after approval, A3 acts alone."},
    {"consequence", TW_KEY_CHOICE, false, consequences, NULL,
        "Of its worst action: C0 none, C1 quality, C2 equipment, C3 people."},
    {"technology", TW_KEY_CHOICE, false, technologies, NULL, "What it is made of."},
    {"trainer", TW_KEY_BOOL, false, NULL, NULL, "Models are trained on what it collects."},
    {"purpose", TW_KEY_STR, false, NULL, NULL, "What it is for."},
    {"owner", TW_KEY_STR, false, NULL, NULL, "Who answers for it."},
    {"ip", TW_KEY_STR_LIST, false, NULL, NULL, "Its addresses."},
    {"mac", TW_KEY_STR_LIST, false, NULL, NULL, "Its hardware addresses."},
    {"identity", TW_KEY_MAP, false, NULL, identity, "What it calls itself on the wire."},
    {"model", TW_KEY_MAP, false, NULL, model, "The model it runs."},
    {"may", TW_KEY_LIST, false, NULL, may, "What it may do; nothing else."},
    {"clearance", TW_KEY_STR_LIST, false, NULL, NULL,
        "Labels that it may see: recipe, know-how, personal, important, core; all when absent."},
    {"reports", TW_KEY_LIST, false, NULL, reports, "What it says about itself, and where."},
    {"min_confidence", TW_KEY_NUMBER, false, NULL, NULL, "Less than this is low, 0 to 1."},
    {"max_input_age", TW_KEY_DURATION, false, NULL, NULL, "Older inputs are stale."},
    {"inputs", TW_KEY_STR_LIST, false, NULL, NULL, "Variables it decides from."},
    {"orchestrators", TW_KEY_STR_LIST, false, NULL, NULL, "Ids of those that may direct it."},
    {"heartbeat", TW_KEY_LIST, false, NULL, heartbeat, "Signs of life it gives."},
    {"stop", TW_KEY_LIST, false, NULL, stop, "Where it is told to stop."},
    {"active", TW_KEY_MAP, false, NULL, active, "When it may act."},
    {"quotas", TW_KEY_MAP, false, NULL, quotas, "How much it may do."}, {0}};

static const struct tw_key approval[] = {
    {"id", TW_KEY_STR, true, NULL, NULL, "Its name in needs_approval."},
    {"mqtt", TW_KEY_STR, true, NULL, NULL, "The topic (filter) approvals come on."},
    {"by", TW_KEY_STR_LIST, false, NULL, NULL, "Ids of those who may approve."},
    {"approved", TW_KEY_STR, false, NULL, NULL, "JSON Pointer to true or false."},
    {"ai_system", TW_KEY_STR, false, NULL, NULL, "JSON Pointer to the AI system's id."},
    {"object", TW_KEY_STR, false, NULL, NULL, "JSON Pointer to what is approved."},
    {"value", TW_KEY_STR, false, NULL, NULL, "JSON Pointer to the approved value."},
    {"expires_s", TW_KEY_STR, false, NULL, NULL,
        "JSON Pointer to its life in seconds, or to its end."},
    {"valid", TW_KEY_DURATION, false, NULL, NULL, "Its life where the message says none."},
    {"uses", TW_KEY_INT, false, NULL, NULL, "Actions that one approval covers."}, {0}};

static const struct tw_key change[] = {
    {"ai_system", TW_KEY_STR, false, NULL, NULL, "Its id; with mqtt: a JSON Pointer to it."},
    {"model_version", TW_KEY_STR, false, NULL, NULL, "The version that will run."},
    {"from", TW_KEY_TIME, false, NULL, NULL, "When the change begins."},
    {"to", TW_KEY_TIME, false, NULL, NULL, "When it ends."},
    {"ticket", TW_KEY_STR, false, NULL, NULL, "The order; with mqtt: a JSON Pointer to it."},
    {"mqtt", TW_KEY_STR, false, NULL, NULL, "The topic (filter) changes are announced on."},
    {"by", TW_KEY_STR_LIST, false, NULL, NULL, "Ids of those who may announce."},
    {"version", TW_KEY_STR, false, NULL, NULL, "JSON Pointer to the new version."},
    {"window_s", TW_KEY_STR, false, NULL, NULL, "JSON Pointer to its length in seconds."}, {0}};

static const struct tw_key variable_opcua[] = {
    {"server", TW_KEY_STR, true, NULL, NULL, "The OPC UA server, an asset."},
    {"node", TW_KEY_STR, true, NULL, NULL, "NodeId; * and ? match."}, {0}};

static const struct tw_key variable_mqtt[] = {
    {"topic", TW_KEY_STR, true, NULL, NULL, "Topic (filter) that carries it."},
    {"field", TW_KEY_STR, false, NULL, NULL,
        "JSON Pointer into the payload; \"\" is all of it; a metric name with Sparkplug."},
    {0}};

static const struct tw_key requires[] = {
    {"variable", TW_KEY_STR, true, NULL, NULL, "The variable that has to be so."},
    {"is", TW_KEY_STR_LIST, false, NULL, NULL, "Values that permit the command."},
    {"is_not", TW_KEY_STR_LIST, false, NULL, NULL, "Values that forbid it."},
    {"range", TW_KEY_LIST, false, NULL, NULL, "[lowest, highest] value that permits it."},
    {"for", TW_KEY_STR_LIST, false, NULL, NULL, "Commanded values that it is asked of."}, {0}};

static const char *const gains[] = {"direct", "reverse", NULL};

static const struct tw_key variable[] = {
    {"id", TW_KEY_STR, true, NULL, NULL, "Its name in rules and alerts."},
    {"opcua", TW_KEY_MAP, false, NULL, variable_opcua, "Where it is in OPC UA."},
    {"mqtt", TW_KEY_MAP, false, NULL, variable_mqtt, "Where it is in MQTT."},
    {"type", TW_KEY_STR, false, NULL, NULL, "Its data type, such as Double or Int16[]."},
    {"unit", TW_KEY_STR, false, NULL, NULL, "Its unit, such as degC."},
    {"range", TW_KEY_LIST, false, NULL, NULL, "[lowest, highest] sensible value."},
    {"max_step", TW_KEY_NUMBER, false, NULL, NULL, "Largest sensible change at once."},
    {"max_rate", TW_KEY_RATE, false, NULL, NULL, "Fastest sensible change, such as 2/s."},
    {"role", TW_KEY_CHOICE, false, roles, NULL, "What it is for."},
    {"label", TW_KEY_CHOICE, false, labels, NULL,
        "What its content decides, where its pictures come from, or who may see it."},
    {"ai_system", TW_KEY_STR, false, NULL, NULL,
        "The AI system whose prompt, policy, tools or config it is."},
    {"zones", TW_KEY_STR_LIST, false, NULL, NULL,
        "Networks that its value may go to; any one when absent, if its label is important or "
        "core."},
    {"readback", TW_KEY_STR, false, NULL, NULL, "The variable that follows this command."},
    {"settle", TW_KEY_DURATION, false, NULL, NULL, "How long that takes."},
    {"tolerance", TW_KEY_NUMBER, false, NULL, NULL,
        "How far from the command it may stay; 1 % of its range when absent."},
    {"gain", TW_KEY_CHOICE, false, gains, NULL,
        "Whether it goes the way of the command, or the other way."},
    {"requires", TW_KEY_LIST, false, NULL, requires,
        "What has to be so before a command is given."},
    {"publisher", TW_KEY_STR_LIST, false, NULL, NULL, "Ids of those who may publish it."},
    {"every", TW_KEY_DURATION, false, NULL, NULL, "How often it comes."},
    {"normal", TW_KEY_STR_LIST, false, NULL, NULL,
        "What is by design with commands on it: retained, ramp, cycle, limit."},
    {"hold_off", TW_KEY_DURATION, false, NULL, NULL,
        "For how long AI systems leave a value alone that a person commanded."},
    {0}};

static const struct tw_key inventory[] = {
    {"inventory", TW_KEY_INT, false, NULL, NULL, "Version of this format: 1."},
    {"site", TW_KEY_STR, false, NULL, NULL, "The plant's name."},
    {"networks", TW_KEY_MAP, false, NULL, NULL, "Names of address ranges; the rest is outside."},
    {"registered_only", TW_KEY_STR_LIST, false, NULL, NULL, "Networks where all are registered."},
    {"assets", TW_KEY_LIST, false, NULL, asset, "Machines that are no AI systems."},
    {"ai_systems", TW_KEY_LIST, false, NULL, ai_system, "The registered AI systems."},
    {"approvals", TW_KEY_LIST, false, NULL, approval, "How people approve actions."},
    {"changes", TW_KEY_LIST, false, NULL, change, "Change orders."},
    {"variables", TW_KEY_LIST, false, NULL, variable, "What the nodes and topics mean."}, {0}};

const struct tw_key *tw_inventory_keys(void)
{
    return inventory;
}

const char *const *tw_inventory_labels(void)
{
    return labels;
}

const char *const *tw_inventory_roles(void)
{
    return roles;
}

const char *const *tw_inventory_types(void)
{
    return types;
}

const char *const *tw_inventory_policies(void)
{
    return policies;
}

const char *const *tw_inventory_importances(void)
{
    return importances;
}

void tw_registry_schema(struct tw_text *out)
{
    tw_keys_schema(out, inventory, "tierwatch inventory");
}
