#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <unistd.h>

#include "registry_help.h"

static struct tw_registry *load_text(const char *yaml, struct tw_diags *d)
{
    char path[] = "/tmp/tw-test-inventory-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, yaml, strlen(yaml)), strlen(yaml));
    close(fd);
    struct tw_registry *r = tw_registry_load(path, d);
    unlink(path);
    return r;
}

static void a_good_file_is_counted(void **state)
{
    (void)state;
    struct tw_diags d = {0};
    struct tw_registry *r = tw_registry_load(BREWERY, &d);
    assert_string_equal(said(&d), "");
    assert_int_equal(tw_registry_ai_systems(r), 3);
    assert_int_equal(tw_registry_assets(r), 8);
    assert_int_equal(tw_registry_variables(r), 10);
    assert_string_equal(text(tw_registry_site(r)), "brewery");
    assert_int_equal(strlen(tw_registry_digest(r)), 71);
    assert_int_equal(strncmp(tw_registry_digest(r), "sha256:", 7), 0);
    tw_registry_free(r);
}

static void ten_mistakes_give_ten_messages(void **state)
{
    (void)state;
    struct tw_diags d = {0};
    assert_null(tw_registry_load("tests/unit/data/inventory/ten-mistakes.yaml", &d));
    assert_int_equal(d.errors, 10);
    assert_string_equal(said(&d),
        "2:19 \"10.0.0.0/33\" is not an address range | such as 10.10.0.0/16 or fd00:10::/64\n"
        "3:19 there is no network \"cel\" | did you mean \"cell\"?\n"
        "5:21 \"opcua-sever\" is not opcua-server, mqtt-broker, operator, infrastructure, gateway, "
        "sensor, edge or other | did you mean \"opcua-server\"?\n"
        "6:21 \"10.0.0.400\" is not an IP address | such as 10.10.0.32 or fd00:10::32\n"
        "9:11 tier T1 does not agree: it would be T2 | autonomy A2 with consequence C2 is T2\n"
        "12:5 unknown key \"tecnology\" in ai_systems | did you mean \"technology\"?\n"
        "14:17 there is no asset or AI system \"pcl\" | did you mean \"plc\"?\n"
        "14:48 \"ns=2;Boiler\" is not a NodeId: it begins with i=, s=, g= or b=, after ns=NUMBER; "
        "where there is a namespace | such as ns=2;s=Boiler.Setpoint or i=2258\n"
        "15:20 \"60\" is not a duration such as 500ms, 60s, 10m, 2h or 7d | give a number and a "
        "unit\n"
        "17:62 this range is upside down: 90 is more than 20\n");
    tw_diags_fini(&d);
}

/* One mistake each; `who` stands for an AI system with an id. */
#define WHO "ai_systems:\n - id: a\n   "
#define ASSET "assets: [{id: p}, {id: b}]\n"
static const struct {
    const char *yaml, *said;
} rows[] = {
    {"inventory: 2\n", "1:12 this program reads version 1 of the format, not 2\n"},
    {"inventory: one\n", "1:12 \"one\" is not a whole number\n"},
    {"assets: [{id: e, sparkplug: {group: a/b, edge_node: c, devices: [d, +]}, sparkplug_host: "
     "h#}]\n",
        "1:37 a Sparkplug id has none of + # /\n1:69 a Sparkplug id has none of + # /\n"
        "1:90 a Sparkplug id has none of + # /\n"},
    {"assets: [{id: g, mqtt_sn_topics: {0: a, 65535: b, x: c, 7: d/#, 8: [e], 65534: f}}]\n",
        "1:35 a predefined topic id is 1 to 65534\n1:41 a predefined topic id is 1 to 65534\n"
        "1:51 a predefined topic id is 1 to 65534\n"
        "1:60 a topic that is published has neither + nor #\n"
        "1:68 this must be the name of a topic\n"},
    {"assets: [{kind: other}]\n", "1:10 \"id\" is missing in assets\n"},
    {"assets: [{id: \"\"}]\n", "1:15 this must not be empty\n"},
    {"assets: [{id: a}, {id: a}]\n",
        "1:24 another asset or AI system in line 1 has the id \"a\"\n"},
    {"assets: [{id: a}]\n" WHO "tier: T1\n",
        "3:8 another asset or AI system in line 1 has the id \"a\"\n"},
    {"variables: [{id: v, mqtt: {topic: a}}, {id: v, mqtt: {topic: b}}]\n",
        "1:45 another variable in line 1 has the id \"v\"\n"},
    {"approvals: [{id: x, mqtt: a}, {id: x, mqtt: b}]\n",
        "1:36 another approval in line 1 has the id \"x\"\n"},
    {"assets: [{id: a, ip: 10.0.0.1}]\n",
        "1:22 \"ip\" must be a list of texts | write it in brackets: [a, b]\n"},
    {"assets: [{id: a, ip: [10.0.0.0/24]}]\n",
        "1:23 \"10.0.0.0/24\" is not an IP address | ranges belong in networks\n"},
    {"assets: [{id: a, mac: [\"02:00:00:00:00\"]}]\n",
        "1:24 \"02:00:00:00:00\" is not a MAC address | such as 02:00:00:00:00:32, in quotes\n"},
    {"assets: [{id: a, ports: [70000, x]}]\n", "1:26 70000 is out of range; it must be 1 to 65535\n"
                                               "1:33 \"x\" is not a whole number\n"},
    {"assets: [{id: a, importance: huge}]\n",
        "1:30 \"huge\" is not low, normal, high or essential\n"},
    {"assets: [{id: a, identity: {security: Basic256SHA256}}]\n",
        "1:39 \"Basic256SHA256\" is not None, Basic128Rsa15, Basic256, Basic256Sha256, "
        "Aes128_Sha256_RsaOaep, Aes256_Sha256_RsaPss, ECC_nistP256, ECC_nistP384, "
        "ECC_brainpoolP256r1, ECC_brainpoolP384r1, ECC_curve25519 or ECC_curve448 | did you mean "
        "\"Basic256Sha256\"?\n"},
    {"assets: [{id: a, identity: {certificate_sha256: [abc]}}]\n",
        "1:50 this is not a SHA-256: 64 hexadecimal digits\n"},
    {"networks: {cell: 10.0.0.0/8}\n", "1:18 a network is a list of address ranges\n"},
    {"networks: {cell: [\"fd00::/129\"]}\n",
        "1:19 \"fd00::/129\" is not an address range | such as 10.10.0.0/16 or fd00:10::/64\n"},
    /* Rights. */
    {WHO "tier: T1\n   may: [{actions: [read]}]\n",
        "4:10 a right is for one of opcua, mqtt and protocol; this is for none\n"},
    {ASSET WHO "tier: T1\n   may: [{opcua: p, mqtt: b, actions: [subscribe]}]\n",
        "5:10 a right is for one of opcua, mqtt and protocol\n"},
    {ASSET WHO "tier: T1\n   may: [{opcua: p, actions: [tool]}]\n",
        "5:31 \"tool\" is not read, write, browse, subscribe, call, history_read, history_write, "
        "manage or publish\n"},
    {ASSET WHO "tier: T1\n   may: [{mqtt: b, actions: [publsh], topics: [a]}]\n",
        "5:30 \"publsh\" is not publish, subscribe or tool | did you mean \"publish\"?\n"},
    {ASSET WHO "tier: T1\n   may: [{opcua: p}]\n", "5:10 \"actions\" is missing in this right\n"},
    {ASSET WHO "tier: T1\n   may: [{opcua: p, actions: [read], topics: [a]}]\n",
        "5:38 \"topics\" has no meaning with \"opcua\"\n"},
    {ASSET WHO "tier: T1\n   may: [{opcua: p, actions: [read], nodes: []}]\n",
        "5:45 \"nodes\" is empty | leave the key out where everything is meant\n"},
    {ASSET WHO "tier: T1\n   may: [{mqtt: b, actions: [subscribe], topics: [\"a/#/b\", a+]}]\n",
        "5:51 \"a/#/b\" is not a topic filter | + stands alone in its level, # alone in the last "
        "one\n"
        "5:60 \"a+\" is not a topic filter | + stands alone in its level, # alone in the last "
        "one\n"},
    {ASSET WHO "tier: T2\n   may: [{opcua: p, actions: [write], needs_approval: ok}]\n",
        "5:55 there is no approval \"ok\"\n"},
    {ASSET WHO "tier: T2\n   may: [{opcua: p, actions: [write], max_step: 0, rate: 6MB/h}]\n",
        "5:49 \"max_step\" must be greater than 0\n"
        "5:58 \"rate\" must be a number per time above 0, such as 6/min\n"},
    {WHO "tier: T1\n   may: [{protocol: [dns], to: [nowhere]}]\n",
        "4:33 there is no asset, AI system or network \"nowhere\", and it is no address range\n"},
    {ASSET WHO
        "tier: T2\n   may: [{opcua: p, actions: [history_read], max_nodes: 0, max_window: 0s}]\n",
        "5:57 \"max_nodes\" must be 1 or more\n5:72 \"max_window\" must be longer than 0\n"},
    /* NodeIds. */
    {"assets: [{id: p}]\nvariables: [{id: v, opcua: {server: p, node: Boiler}}]\n",
        "2:46 \"Boiler\" is not a NodeId: it begins with i=, s=, g= or b=, after ns=NUMBER; where "
        "there is a namespace | such as ns=2;s=Boiler.Setpoint or i=2258\n"},
    {"assets: [{id: p}]\nvariables: [{id: v, opcua: {server: p, node: \"ns=2;i=x\"}}]\n",
        "2:46 \"ns=2;i=x\" is not a NodeId: \"i=\" needs a number | such as ns=2;s=Boiler.Setpoint "
        "or i=2258\n"},
    {"assets: [{id: p}]\nvariables: [{id: v, opcua: {server: p, node: \"ns=0;i=1\"}}]\n",
        "2:46 \"ns=0;i=1\" is not a NodeId: namespace 0 is written without ns=0; | such as "
        "ns=2;s=Boiler.Setpoint or i=2258\n"},
    {"assets: [{id: p}]\nvariables: [{id: v, opcua: {server: p, node: \"ns=3;g=123\"}}]\n",
        "2:46 \"ns=3;g=123\" is not a NodeId: \"g=\" needs a GUID such as "
        "09087E75-8E5E-499B-954F-F2A9603DB28A | such as ns=2;s=Boiler.Setpoint or i=2258\n"},
    {"variables: [{id: v, opcua: {server: pp, node: i=1}}]\n",
        "1:37 there is no asset or AI system \"pp\"\n"},
    /* Variables. */
    {"variables: [{id: v}]\n", "1:13 a variable is in opcua, mqtt or both\n"},
    {"variables: [{id: v, mqtt: {topic: a, field: temp}}]\n",
        "1:45 \"temp\" is not a JSON Pointer: it begins with / | write it as \"/temp\"\n"},
    {"variables: [{id: v, mqtt: {topic: a, field: /a~2}}]\n",
        "1:47 \"/a~2\" is not a JSON Pointer | ~ is written ~0 there, and / is written ~1\n"},
    {"variables: [{id: v, mqtt: {topic: a}, range: [1]}]\n",
        "1:46 a range is two numbers: [lowest, highest]\n"},
    {"variables: [{id: v, mqtt: {topic: a}, range: [1, hot]}]\n", "1:50 \"hot\" is not a number\n"},
    {"variables: [{id: v, mqtt: {topic: a}, unit: \"\"}]\n", "1:45 this must not be empty\n"},
    {"variables: [{id: v, mqtt: {topic: a}, type: Duoble}]\n",
        "1:45 \"Duoble\" is not a data type | did you mean \"Double\"?\n"},
    {"variables: [{id: v, mqtt: {topic: a}, role: comand}]\n",
        "1:45 \"comand\" is not command, measurement, approval, safety, recipe, status, note, "
        "heartbeat or model | did you mean \"command\"?\n"},
    {"variables: [{id: v, mqtt: {topic: a}, normal: [retaind]}]\n",
        "1:48 \"retaind\" is not retained, ramp, cycle or limit | did you mean \"retained\"?\n"},
    {"variables: [{id: v, mqtt: {topic: a}, label: promt}]\n",
        "1:46 \"promt\" is not mode, program, firmware, prompt, policy, tools, config, "
        "camera-original, ai-generated, recipe, know-how, personal, important or core | did you "
        "mean "
        "\"prompt\"?\n"},
    {"variables: [{id: v, mqtt: {topic: a}, label: prompt}]\n",
        "1:46 with this label \"ai_system\" says whose it is\n"},
    {"variables: [{id: v, mqtt: {topic: a}, label: prompt, ai_system: b}]\n",
        "1:65 there is no AI system \"b\"\n"},
    {WHO "tier: T1\nvariables: [{id: v, mqtt: {topic: a}, label: mode, ai_system: a}]\n",
        "4:52 \"ai_system\" goes with the labels prompt, policy, tools and config\n"},
    {"variables: [{id: v, mqtt: {topic: a}, requires: [{variable: w}]}]\n",
        "1:50 this says nothing of \"is\", \"is_not\" or \"range\"\n"
        "1:61 there is no variable \"w\"\n"},
    {"variables: [{id: v, mqtt: {topic: a}, settle: 3s, gain: up}]\n",
        "1:39 \"settle\" has no meaning without \"readback\"\n"
        "1:51 \"gain\" has no meaning without \"readback\"\n"
        "1:57 \"up\" is not direct or reverse\n"},
    {"variables: [{id: v, mqtt: {topic: a}, readback: w, publisher: [x]}]\n",
        "1:49 there is no variable \"w\"\n1:64 there is no asset or AI system \"x\"\n"},
    {"variables: [{id: v, mqtt: {topic: #}}]\n}", "2:2 did not find expected ',' or '}', while "
                                                  "parsing a flow mapping that begins in line 1\n"},
    {"variables:\n - id: v\n   mqtt:\n    topic: #\n",
        "4:5 \"topic\" has no value; it must be a text | put quotes around it: # begins a "
        "comment\n"},
    /* AI systems. */
    {WHO "tier: T5\n", "3:10 \"T5\" is not T0, T1, T2, T3 or T4 | did you mean \"T0\"?\n"},
    {WHO "autonomy: A2\n",
        "2:4 \"autonomy\" and \"consequence\" are given together or not at all\n"},
    {WHO "technology: lmm\n", "3:16 \"lmm\" is not llm, ml or rule | did you mean \"llm\"?\n"},
    {ASSET WHO "tier: T2\n   autonomy: A2\n   consequence: C1\n   technology: llm\n"
               "   may: [{opcua: p, actions: [write]}]\n",
        "4:10 tier T2 does not agree: it would be T3 | autonomy A2 with consequence C1 is T2; an "
        "llm with a right to write is one higher and at least T2 (uplift U1): T3\n"},
    {WHO "tier: T1\n   min_confidence: 60\n", "4:20 \"min_confidence\" is 0 to 1\n"},
    {WHO "tier: T1\n   inputs: [x]\n", "4:13 there is no variable \"x\"\n"},
    {WHO "tier: T1\n   orchestrators: [x]\n   trainer: maybe\n",
        "4:20 there is no asset or AI system \"x\"\n5:13 \"maybe\" is not true or false\n"},
    {WHO "tier: T1\n   max_input_age: 0s\n", "4:19 \"max_input_age\" must be longer than 0\n"},
    {WHO "tier: T1\n   reports: [{mqtt: a, confidence: conf}]\n",
        "4:36 \"conf\" is not a JSON Pointer: it begins with / | write it as \"/conf\"\n"},
    {WHO "tier: T1\n   reports: [{confidence: /c}]\n", "4:14 \"mqtt\" is missing in reports\n"},
    {"variables: [{id: v, mqtt: {topic: a}}, {id: w, mqtt: {topic: \"a/+\"}}]\n" WHO
     "tier: T1\n   reports: [{mqtt: r, states: {t: v, /u: x, /w: w, /v: v, /a: [v], /b: }}]\n",
        "5:33 \"t\" is not a JSON Pointer: it begins with / | write it as \"/t\"\n"
        "5:43 there is no variable \"x\"\n"
        "5:50 \"w\" is a pattern, which is not at one value\n"
        "5:64 this must be the id of a variable\n5:73 this must be the id of a variable\n"},
    {WHO "tier: T1\n   heartbeat: [{every: 5s}, {mqtt: a, every: 5s, timeout: 2s}]\n",
        "4:16 a heartbeat is on one of opcua and mqtt\n"
        "4:59 \"timeout\" must not be shorter than \"every\"\n"},
    {ASSET WHO "tier: T1\n   heartbeat: [{opcua: p, every: 5s}]\n",
        "5:16 \"node\" goes with \"opcua\"\n"},
    {WHO "tier: T1\n   stop: [{by: [a]}, {mqtt: s, node: i=1, field: x, by: [z]}]\n",
        "4:11 a stop is told on one of opcua and mqtt\n4:22 \"node\" goes with \"opcua\"\n"
        "4:50 \"x\" is not a JSON Pointer: it begins with / | write it as \"/x\"\n"
        "4:58 there is no asset or AI system \"z\"\n"},
    {ASSET WHO "tier: T1\n   stop: [{opcua: p, node: i=1, field: /x}]\n",
        "5:33 \"field\" has no meaning with \"opcua\"\n"},
    {WHO "tier: T1\n   active: {days: mon-fry, from: \"6:00\", to: \"24:01\", tz: \"Mars Base\"}\n",
        "4:19 \"mon-fry\" are no days | such as mon-fri or mon,wed,sun\n"
        "4:34 \"6:00\" is not a time of day | such as \"06:00\", in quotes\n"
        "4:46 \"24:01\" is not a time of day | such as \"06:00\", in quotes\n"
        "4:59 \"Mars Base\" is not a time zone | such as Europe/Berlin or Asia/Shanghai\n"},
    {WHO "tier: T1\n   quotas: {writes: 5MB/h, egress: 5/h}\n",
        "4:21 \"writes\" must be a number per time above 0, such as 6/min\n"
        "4:36 \"egress\" is bytes per time above 0, such as 10MB/h\n"},
    {WHO "tier: T1\n   quotas: {history: 0MB/h}\n   clearance: [recipe, prompt]\n",
        "4:22 \"history\" is bytes per time above 0, such as 10MB/h\n"
        "5:24 \"prompt\" is not recipe, know-how, personal, important or core\n"},
    {WHO "tier: T1\n   may: [{protocol: [tls], hosts: [\"https://x\", a..b, \"*.c.example\"]}]\n",
        "4:36 \"https://x\" is not a host name | such as api.example.com; what is below it counts, "
        "too\n"
        "4:49 \"a..b\" is not a host name | such as api.example.com; what is below it counts, "
        "too\n"},
    {"networks: {lab: [10.1.0.0/16]}\nvariables: [{id: v, mqtt: {topic: a}, zones: [lap]}]\n",
        "2:47 there is no network \"lap\" | did you mean \"lab\"?\n"},
    /* Approvals and changes. */
    {"approvals: [{id: x, mqtt: a, by: [z], approved: ok, uses: 0}]\n",
        "1:35 there is no asset or AI system \"z\"\n"
        "1:49 \"ok\" is not a JSON Pointer: it begins with / | write it as \"/ok\"\n"
        "1:59 0 is out of range; it must be 1 to 1000000\n"},
    {"changes: [{ai_system: x, from: 2026-03-02, to: 2026-03-01}]\n",
        "1:23 there is no AI system \"x\"\n1:48 it ends before it begins\n"},
    {"changes: [{ticket: t}]\n",
        "1:11 \"ai_system\" is missing in this change\n1:11 \"from\" is missing in this change\n"
        "1:11 \"to\" is missing in this change\n"},
    {"changes: [{mqtt: a, from: 2026-03-02}]\n", "1:21 \"from\" has no meaning with \"mqtt\"\n"},
    {"changes: [{ai_system: x, window_s: /w, from: 2026-03-01, to: 2026-03-02}]\n",
        "1:23 there is no AI system \"x\"\n1:26 \"window_s\" has no meaning without \"mqtt\"\n"},
    {"[]\n", "1:1 the inventory must be a map of keys and values\n"},
    {"asets: []\n", "1:1 unknown key \"asets\" in the inventory | did you mean \"assets\"?\n"},
};

static void every_mistake_has_its_words_and_place(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_diags d = {0};
        struct tw_registry *r = load_text(rows[i].yaml, &d);
        tw_registry_free(r);
        assert_string_equal(said(&d), rows[i].said);
        assert_null(r);
        tw_diags_fini(&d);
    }
}

static void some_things_are_only_warned_of(void **state)
{
    static const struct {
        const char *yaml, *said;
    } warnings[] = {
        {ASSET WHO "tier: T1\n   technology: llm\n   may: [{opcua: p, actions: [write]}]\n",
            "warning 4:10 an llm with a right to write is at least T2 (uplift U1)\n"},
        {ASSET WHO "tier: T4\n   technology: llm\n   may: [{opcua: p, actions: [call]}]\n",
            "warning 4:10 an llm with a right to write is not admitted at T4\n"},
        {ASSET WHO "autonomy: A1\n   consequence: C1\n   technology: llm\n"
                   "   may: [{mqtt: b, actions: [publish], topics: [cmd/#]}]\n"
                   "variables: [{id: v, mqtt: {topic: cmd/x}, role: command}]\n",
            "warning 3:4 the tier is T2 | autonomy A1 with consequence C1 is T1; an llm with a "
            "right "
            "to write is one higher and at least T2 (uplift U1): T2\n"},
        {ASSET WHO "autonomy: A1\n   consequence: C1\n   technology: llm\n"
                   "   may: [{mqtt: b, actions: [publish], topics: [advice/#]}]\n"
                   "variables: [{id: v, mqtt: {topic: cmd/x}, role: command}]\n",
            ""},
        {WHO "active: {tz: Europe/Berlinn}\n",
            "warning 3:17 this machine knows no time zone \"Europe/Berlinn\" | "
            "its hours are not watched\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(warnings) / sizeof(warnings[0]); i++) {
        struct tw_diags d = {0};
        struct tw_registry *r = load_text(warnings[i].yaml, &d);
        assert_non_null(r);
        bool zones = access("/usr/share/zoneinfo/UTC", R_OK) == 0;
        if (zones || strstr(warnings[i].said, "zone") == NULL)
            assert_string_equal(said(&d), warnings[i].said);
        tw_registry_free(r);
        tw_diags_fini(&d);
    }
}

static void what_is_absent_is_fine(void **state)
{
    static const char *const texts[] = {"", "inventory: 1\n", "assets: []\n", "assets: null\n",
        "assets: [{id: a}]\nai_systems: [{id: b}]\n",
        "{\"inventory\": 1, \"assets\": [{\"id\": \"a\", \"ip\": [\"10.0.0.1\"]}]}",
        "variables: [{id: v, mqtt: {topic: a, field: \"\"}, range: [null, null]}]\n",
        WHO "active: {days: [mon, tue-thu], from: \"00:00\", to: \"24:00\"}\n"};
    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct tw_diags d = {0};
        struct tw_registry *r = load_text(texts[i], &d);
        assert_string_equal(said(&d), "");
        assert_non_null(r);
        tw_registry_free(r);
    }
}

static void the_schema_can_be_read(void **state)
{
    (void)state;
    struct tw_diags d = {0};
    struct tw_text out = {0};
    tw_registry_schema(&out);
    struct tw_yaml *y = tw_yaml_load_bytes("schema", out.p, out.len, &d);
    assert_string_equal(said(&d), "");
    const struct tw_node *properties = tw_node_get(y->root, "properties");
    const struct tw_node *item = tw_node_get(tw_node_get(properties, "ai_systems"), "items");
    const struct tw_node *tier = tw_node_get(tw_node_get(item, "properties"), "tier");
    assert_int_equal(tw_node_get(tier, "enum")->n, 5);
    assert_true(tw_str_is(tw_node_get(item, "required")->children[0].text, "id"));
    assert_int_equal(properties->n, 9);
    tw_yaml_free(y);
    tw_text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_good_file_is_counted),
        cmocka_unit_test(ten_mistakes_give_ten_messages),
        cmocka_unit_test(every_mistake_has_its_words_and_place),
        cmocka_unit_test(some_things_are_only_warned_of),
        cmocka_unit_test(what_is_absent_is_fine),
        cmocka_unit_test(the_schema_can_be_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
