#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "learn/model.h"
#include "registry_help.h"

/* ---- texts that strangers chose */

static void scalars(void **state)
{
    static const struct {
        const char *text, *want;
    } rows[] = {
        {"plant/line1/level", "plant/line1/level"},
        {"/confidence", "/confidence"},
        {"10.10.0.32", "10.10.0.32"},
        {"ns=2;s=Boiler.Setpoint", "\"ns=2;s=Boiler.Setpoint\""},
        {"plant/#", "\"plant/#\""},
        {"", "\"\""},
        {"null", "\"null\""},
        {"No", "\"No\""},
        {"2.3.1", "\"2.3.1\""},
        {"0x1f", "\"0x1f\""},
        {"a\nmay: [{", "\"a\\x0Amay: [{\""},
        {"say \"hi\" \\", "\"say \\\"hi\\\" \\\\\""},
        {"\x7f\x1b[2J", "\"\\x7F\\x1B[2J\""},
        {"\xff", "\"\\uFFFD\""},
        {"a\xc2\x85"
         "b",
            "\"a\\x85b\""},
        {"\xe2\x80\xaetxt", "\"\\u202Etxt\""},
        {"\xf3\xa0\x81\x81", "\"\\U000E0041\""},
        {"\xe6\x80\xa5\xe5\x81\x9c", "\"\xe6\x80\xa5\xe5\x81\x9c\""},
    };
    struct tw_text out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tw_text_clear(&out);
        learn_scalar(&out, tw_str_of(rows[i].text));
        assert_string_equal(rows[i].want, text(tw_text_str(&out)));
    }
    tw_text_free(&out);
}

/* What was written is read back as it was, by the reader of inventories. */
static void scalars_come_back(void **state)
{
    struct tw_text out = {0};
    struct tw_diags diags = {0};
    char bytes[4] = "";
    (void)state;
    for (unsigned c = 1; c < 256; c++) {
        bytes[0] = (char)(c < 0x80 ? c : 0xc0 | c >> 6);
        bytes[1] = (char)(c < 0x80 ? 'x' : 0x80 | (c & 0x3f));
        tw_text_clear(&out);
        tw_text_addz(&out, "key: ");
        learn_scalar(&out, (struct tw_str){bytes, 2});
        tw_text_addz(&out, " # ");
        learn_shown(&out, (struct tw_str){bytes, 2});
        tw_text_addz(&out, "\n");
        struct tw_yaml *y = tw_yaml_load_bytes("x", out.p, out.len, &diags);
        assert_non_null(y);
        const struct tw_node *n = tw_node_get(y->root, "key");
        assert_non_null(n);
        assert_true(tw_str_eq(n->text, (struct tw_str){bytes, 2}));
        tw_yaml_free(y);
    }
    assert_int_equal(0, diags.n);
    tw_diags_fini(&diags);
    tw_text_free(&out);
}

static void lists_go_on(void **state)
{
    struct tw_str list[20];
    struct tw_text out = {0};
    (void)state;
    for (size_t i = 0; i < 20; i++)
        list[i] = TW_STR("plant/line1");
    learn_list(&out, list, 20, 4);
    assert_string_equal("[plant/line1, plant/line1, plant/line1, plant/line1, plant/line1, "
                        "plant/line1, plant/line1,\n    plant/line1, plant/line1, plant/line1, "
                        "plant/line1, plant/line1, plant/line1, plant/line1,\n    plant/line1, "
                        "plant/line1, plant/line1, plant/line1, plant/line1, plant/line1]",
        text(tw_text_str(&out)));
    tw_text_free(&out);
}

static void numbers_for_people(void **state)
{
    static const struct {
        double v;
        const char *want;
    } rows[] = {{0, "0"}, {0.8400000000000034, "0.84"}, {155.79537494730775, "155.795"},
        {7.840000152587891, "7.84"}, {1234567890, "1234570000"}, {-0.000123456789, "-0.000123457"},
        {100000, "100000"}};
    struct tw_text out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        tw_text_clear(&out);
        learn_about(&out, rows[i].v);
        assert_string_equal(rows[i].want, text(tw_text_str(&out)));
    }
    tw_text_free(&out);
}

static void words(void **state)
{
    static const char *const list[] = {"sp", "agent", "mcp", NULL};
    (void)state;
    assert_true(learn_has_word(TW_STR("ns=2;s=Boiler.Temp.SP"), list));
    assert_true(learn_has_word(TW_STR("Control/SpeedSP"), list));
    assert_true(learn_has_word(TW_STR("EnergyAgent"), list));
    assert_true(learn_has_word(TW_STR("OPC UA MCP Client"), list));
    assert_true(learn_has_word(TW_STR("mcp-client-7f3a"), list));
    assert_false(learn_has_word(TW_STR("spare"), list));
    assert_false(learn_has_word(TW_STR("agency"), list));
    assert_false(learn_has_word(TW_STR("Spindle"), list));
    assert_false(learn_has_word(TW_STR_NONE, list));
}

static void made_up_ids(void **state)
{
    (void)state;
    assert_true(learn_made_up(TW_STR("")));
    assert_true(learn_made_up(TW_STR("mqttjs_1f3a8c02")));
    assert_true(learn_made_up(TW_STR("auto-8AF2C9D1-77")));
    assert_true(learn_made_up(TW_STR("gw-0a1b2c3d4e")));
    assert_false(learn_made_up(TW_STR("plc1-bridge")));
    assert_false(learn_made_up(TW_STR("line-20240101")));
    assert_false(learn_made_up(TW_STR("deadbeef")));
}

/* ---- patterns */

enum { MOST = 32 };

static size_t list_of(const char *words_, struct tw_str *out)
{
    size_t n = 0;
    for (const char *at = words_; *at != '\0' && n < MOST;) {
        const size_t len = strcspn(at, " ");
        out[n++] = (struct tw_str){at, len};
        at += len + (at[len] == ' ');
    }
    return learn_sort(out, n);
}

static const char *patterns(const char *mine, const char *others, bool topics)
{
    static char said_[1024];
    static _Alignas(16) uint8_t memory[16384];
    struct tw_arena arena;
    struct tw_str own[MOST], all[2 * MOST], out[MOST];
    tw_arena_init(&arena, memory, sizeof(memory));
    const size_t n = list_of(mine, own);
    size_t n_all = list_of(others, all);
    memcpy(all + n_all, own, n * sizeof(*own));
    n_all = learn_sort(all, n_all + n);
    const size_t n_out = topics ? learn_filters(&arena, own, n, all, n_all, out)
                                : learn_globs(&arena, own, n, all, n_all, out);
    size_t len = 0;
    for (size_t i = 0; i < n_out; i++)
        len += (size_t)snprintf(
            said_ + len, sizeof(said_) - len, "%s%.*s", i > 0 ? " " : "", TW_STR_ARG(out[i]));
    return said_;
}

static void globs_of_nodes(void **state)
{
    (void)state;
    assert_string_equal(
        "ns=2;s=TK1.*", patterns("ns=2;s=TK1.Level ns=2;s=TK1.Temp ns=2;s=TK1.Ph", "", false));
    /* Two are written down; three with a fourth that somebody else uses are as well. */
    assert_string_equal("ns=2;s=TK1.Level ns=2;s=TK1.Temp",
        patterns("ns=2;s=TK1.Temp ns=2;s=TK1.Level", "", false));
    assert_string_equal("ns=2;s=TK1.Level ns=2;s=TK1.Ph ns=2;s=TK1.Temp",
        patterns("ns=2;s=TK1.Level ns=2;s=TK1.Temp ns=2;s=TK1.Ph", "ns=2;s=TK1.Trip", false));
    /* A longer prefix still holds. */
    assert_string_equal("ns=2;s=L1.TK1.* ns=2;s=L1.TK2.Temp",
        patterns("ns=2;s=L1.TK1.A ns=2;s=L1.TK1.B ns=2;s=L1.TK1.C ns=2;s=L1.TK2.Temp",
            "ns=2;s=L1.TK2.Level", false));
    /* Identifiers without parts, and other namespaces, stay apart. */
    assert_string_equal("ns=2;i=1 ns=2;i=2 ns=2;i=3 ns=3;s=A.x",
        patterns("ns=2;i=1 ns=2;i=2 ns=2;i=3 ns=3;s=A.x", "", false));
    /* A name that holds what a pattern means would become a wider one. */
    assert_string_equal("ns=2;s=a*.1 ns=2;s=a*.2 ns=2;s=a*.3",
        patterns("ns=2;s=a*.1 ns=2;s=a*.2 ns=2;s=a*.3", "", false));
    assert_string_equal("s=A.*", patterns("s=A.1 s=A.2 s=A.3", "", false));
    assert_string_equal("b=AAAA", patterns("b=AAAA", "", false));
}

static void filters_of_topics(void **state)
{
    (void)state;
    assert_string_equal("p/+/temp", patterns("p/1/temp p/2/temp p/3/temp p/4/temp", "", true));
    assert_string_equal("p/1/temp p/2/temp p/3/temp p/4/temp",
        patterns("p/1/temp p/2/temp p/3/temp p/4/temp", "p/9/temp", true));
    assert_string_equal("p/raw/#", patterns("p/raw/a p/raw/b/x p/raw/c", "p/other", true));
    assert_string_equal(
        "p/raw/a p/raw/b p/raw/c", patterns("p/raw/a p/raw/b p/raw/c", "p/raw/trip", true));
    /* "p/raw/#" would match "p/raw" as well. */
    assert_string_equal(
        "p/raw/a p/raw/b/x p/raw/c", patterns("p/raw/a p/raw/b/x p/raw/c", "p/raw", true));
    /* Never all below one level, never what begins with "$". */
    assert_string_equal("p/a p/b p/c/d", patterns("p/a p/b p/c/d", "", true));
    assert_string_equal(
        "$x/a/1 $x/a/2 $x/a/3 $x/a/4", patterns("$x/a/1 $x/a/2 $x/a/3 $x/a/4", "", true));
    assert_string_equal("p/x/chunk/+ p/x/manifest",
        patterns("p/x/chunk/0 p/x/chunk/1 p/x/chunk/2 p/x/chunk/3 p/x/manifest", "", true));
}

/* ---- a plant */

enum { STEP_MS = 100 };
static int64_t now_ns;
static uint64_t packet;

static void see(struct tw_learn *l, struct tw_event e)
{
    now_ns += STEP_MS * TW_NS_PER_MS;
    e.ts_ns = now_ns;
    e.request_ts_ns = now_ns;
    e.packet = ++packet;
    tw_learn_event(l, &e);
}

static struct tw_value number(double d)
{
    return (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = d};
}

static struct tw_opcua_info client_info(const char *uri)
{
    return (struct tw_opcua_info){.application_uri = maybe(uri),
        .application_name = maybe("Mash"),
        .user = maybe("anonymous"),
        .security_policy = maybe("None"),
        .server_uri = TW_STR("urn:brewery:kettle-plc"),
        .attribute = TW_STR("Value")};
}

static void reads_and_writes(struct tw_learn *l)
{
    struct tw_opcua_info info = client_info("urn:brewery:mash");
    struct tw_event e = opcua_event(TW_ACTION_SESSION, "192.168.7.30", "Mash1", &info);
    e.status = maybe("Good");
    see(l, e);
    e = opcua_event(TW_ACTION_READ, "192.168.7.30", "ns=2;s=Mash.Temp", &info);
    e.value = number(61.5);
    e.type = "Double";
    see(l, e);
    e.value = number(63.5);
    see(l, e);
    e = opcua_event(TW_ACTION_WRITE, "192.168.7.30", "ns=2;s=Mash.Temp.SP", &info);
    e.type = "Double";
    e.value = number(62);
    see(l, e);
    e.value = number(64.25);
    see(l, e);
    /* Refused: no right, no value. */
    e = opcua_event(TW_ACTION_WRITE, "192.168.7.30", "ns=2;s=Safety.Bypass", &info);
    e.value = number(1);
    e.status_bad = true;
    see(l, e);
    /* Everybody may look at the server itself. */
    see(l, opcua_event(TW_ACTION_BROWSE, "192.168.7.30", "i=85", &info));
}

static void publishes(struct tw_learn *l)
{
    struct tw_mqtt_info info = {.client_id = maybe("mash-ai"), .username = maybe("mash")};
    struct tw_event e = mqtt_event(TW_ACTION_CONNECT, "192.168.7.30", "mash-ai", NULL, &info);
    e.status = maybe("Success");
    see(l, e);
    for (unsigned i = 0; i < 3; i++) {
        static const struct {
            const char *field;
            struct tw_value value;
        } leaves[] = {{"/confidence", {.kind = TW_VALUE_DOUBLE, .d = 0.8}},
            {"/model", {.kind = TW_VALUE_STRING, .s = {"mash-net", 8}}},
            {"/model_version", {.kind = TW_VALUE_STRING, .s = {"1.2", 3}}}};
        see(l, mqtt_event(TW_ACTION_PUBLISH, "192.168.7.30", "brewery/ai/mash", NULL, &info));
        for (size_t k = 0; k < 3; k++) {
            e = mqtt_event(
                TW_ACTION_PUBLISH, "192.168.7.30", "brewery/ai/mash", leaves[k].field, &info);
            e.value = leaves[k].value;
            see(l, e);
        }
    }
    e = mqtt_event(TW_ACTION_CONNECT, "192.168.7.99", "guess", NULL, &info);
    e.status = maybe("NotAuthorized");
    e.status_bad = true;
    see(l, e);
}

static struct tw_text written;

static const char *draft(struct tw_learn *l, struct tw_learn_stats *stats)
{
    static const char *const names[] = {"a.pcap"};
    const struct tw_learn_source source = {names, 1, packet, 1772352000 * TW_NS_PER_S, now_ns};
    tw_text_clear(&written);
    assert_true(tw_learn_write(l, &source, &written, stats));
    tw_text_add(&written, "", 1);
    const char *body = strstr(written.p, "on either side.\n");
    assert_non_null(body);
    return body + strlen("on either side.\n");
}

static struct tw_learn *begin(struct tw_registry *known)
{
    struct tw_learn *l = tw_learn_new(known);
    assert_non_null(l);
    now_ns = 1772352000 * TW_NS_PER_S;
    packet = 0;
    return l;
}

static void whole_draft(void **state)
{
    struct tw_learn_stats stats;
    struct tw_diags diags = {0};
    struct tw_learn *l = begin(NULL);
    (void)state;
    reads_and_writes(l);
    publishes(l);
    assert_string_equal(
        "# Not taken in: 1 connection that was refused.\n"
        "inventory: 1\n"
        "# site: the plant's name\n"
        "networks: {plant: [192.168.7.0/24]}\n"
        "registered_only: [plant]\n"
        "\n"
        "assets:\n"
        "  # Asked 7 times.\n"
        "  - id: kettle-plc\n"
        "    kind: opcua-server\n"
        "    ip: [192.168.7.10]\n"
        "    mac: [\"02:07:00:00:00:10\"]\n"
        "    ports: [4840]\n"
        "  # Asked 14 times.\n"
        "  - id: broker\n"
        "    kind: mqtt-broker\n"
        "    ip: [192.168.7.20]\n"
        "    ports: [1883]\n"
        "\n"
        "ai_systems:\n"
        "  # Looks like an AI system: reports with a confidence (3), names and topics of AI (4).\n"
        "  # Acted 20 times, with 2 logins. Calls itself \"Mash\"\n"
        "  - id: mash-ai\n"
        "    tier: T3 # CHECK: it acts without an approval that was seen; the tier is the plant's "
        "decision\n"
        "    ip: [192.168.7.30]\n"
        "    identity:\n"
        "      mqtt_client_id: [mash-ai]\n"
        "      mqtt_username: [mash]\n"
        "      mqtt_security: plain # CHECK: accepts that it talks unprotected\n"
        "      opcua_application_uri: [\"urn:brewery:mash\"]\n"
        "      opcua_user: [anonymous]\n"
        "      security: None # CHECK: accepts that it talks unprotected\n"
        "    may:\n"
        "      - {opcua: kettle-plc, actions: [read], nodes: [\"ns=2;s=Mash.Temp\"]} # 2 times\n"
        "      - {opcua: kettle-plc, actions: [write], nodes: [\"ns=2;s=Mash.Temp.SP\"]} # 2 "
        "times, "
        "steps up to 2.25\n"
        "      - {mqtt: broker, actions: [publish], topics: [brewery/ai/mash]} # 3 times\n"
        "      # Refused, so not here: write \"ns=2;s=Safety.Bypass\"\n"
        "    # Its messages suggest; take it in where they are right:\n"
        "    # model: {name: mash-net, version: \"1.2\"}\n"
        "    # reports:\n"
        "    #   - {mqtt: brewery/ai/mash, confidence: /confidence, model: /model, model_version: "
        "/model_version}\n"
        "\n"
        "variables:\n"
        "  - {id: mash.temp, opcua: {server: kettle-plc, node: \"ns=2;s=Mash.Temp\"}, type: "
        "Double, "
        "range: [60.5, 64.5], role: measurement} # 2 values, 61.5 to 63.5\n"
        "  - {id: mash.temp.sp, opcua: {server: kettle-plc, node: \"ns=2;s=Mash.Temp.SP\"}, type: "
        "Double, range: [62, 64.25], role: command} # 2 values, 62 to 64.25; written 2 times\n",
        draft(l, &stats));
    assert_int_equal(2, stats.assets);
    assert_int_equal(1, stats.ai_systems);
    assert_int_equal(2, stats.variables);
    assert_int_equal(0, stats.left_out);
    struct tw_yaml *y = tw_yaml_load_bytes("draft", written.p, written.len - 1, &diags);
    assert_non_null(y);
    assert_true(
        tw_keys_check(y, &diags, y->root, tw_inventory_keys(), "the inventory") && diags.n == 0);
    tw_yaml_free(y);
    tw_diags_fini(&diags);
    tw_learn_free(l);
}

/* Clients without end: the first ones are kept, the draft says that there were more. */
static void full_tables(void **state)
{
    struct tw_learn_stats stats;
    struct tw_learn *l = begin(NULL);
    struct tw_mqtt_info info = {.client_id = maybe("x")};
    (void)state;
    for (unsigned i = 0; i < TW_LEARN_CLIENTS + 10; i++) {
        char ip[32];
        snprintf(ip, sizeof(ip), "10.1.%u.%u", i / 250, i % 250 + 1);
        see(l, mqtt_event(TW_ACTION_PUBLISH, ip, "a/b", NULL, &info));
    }
    const char *body = draft(l, &stats);
    assert_int_equal(10, stats.left_out);
    assert_int_equal(TW_LEARN_CLIENTS + 1, stats.assets);
    assert_non_null(
        strstr(body, "# CHECK: no room was left for 10 more messages with new clients.\n"));
    assert_null(strstr(body, "10.1.16.101"));
    tw_learn_free(l);
}

/* A stranger's names can not become lines of the draft. */
static void hostile_names(void **state)
{
    struct tw_learn_stats stats;
    struct tw_diags diags = {0};
    struct tw_learn *l = begin(NULL);
    struct tw_opcua_info info = client_info("urn:x\n  - id: evil\n    may: []");
    info.application_name = maybe("\n- {id: evil}\n\x1b[31m");
    info.user = maybe("]}\n#");
    (void)state;
    struct tw_event e = opcua_event(TW_ACTION_SESSION, "192.168.7.30", "s", &info);
    e.status = maybe("Good");
    see(l, e);
    e = opcua_event(TW_ACTION_WRITE, "192.168.7.30", "ns=2;s=a\n\"]}\nb", &info);
    e.value = number(1);
    see(l, e);
    (void)draft(l, &stats);
    struct tw_yaml *y = tw_yaml_load_bytes("draft", written.p, written.len - 1, &diags);
    assert_non_null(y);
    assert_true(
        tw_keys_check(y, &diags, y->root, tw_inventory_keys(), "the inventory") && diags.n == 0);
    assert_int_equal(2, tw_node_get(y->root, "assets")->n);
    assert_null(tw_node_get(y->root, "ai_systems"));
    assert_null(memchr(written.p, 0x1b, written.len));
    tw_yaml_free(y);
    tw_diags_fini(&diags);
    tw_learn_free(l);
}

/* Against an inventory: what it allows is not told, what it lacks is. */
static void against_known(void **state)
{
    struct tw_learn_stats stats;
    struct tw_learn *l = begin(brewery);
    struct tw_mqtt_info info = {.client_id = maybe("intruder")};
    (void)state;
    see(l, mqtt_event(TW_ACTION_PUBLISH, "192.168.7.77", "brewery/new", NULL, &info));
    const char *body = draft(l, &stats);
    assert_null(strstr(body, "inventory: 1"));
    assert_null(strstr(body, "kind: mqtt-broker"));
    assert_non_null(strstr(body, "  - id: intruder\n"));
    assert_int_equal(1, stats.assets);
    tw_learn_free(l);

    l = begin(brewery);
    body = draft(l, &stats);
    assert_string_equal("# Nothing is new.\n", body);
    tw_learn_free(l);
}

static void periods(void **state)
{
    struct tw_learn *l = begin(NULL);
    struct tw_mqtt_info info = {.client_id = maybe("s")};
    struct tw_event e = mqtt_event(TW_ACTION_PUBLISH, "192.168.7.60", "a/temp", NULL, &info);
    (void)state;
    e.value = number(20);
    for (unsigned i = 0; i < 200; i++) {
        now_ns += (1900 + (i % 7) * 3) * TW_NS_PER_MS;
        see(l, e);
    }
    assert_int_equal(2 * TW_NS_PER_S, learn_period_ns(l->variable_list[0]));
    e.object = TW_STR("a/now-and-then");
    for (unsigned i = 0; i < 200; i++) {
        now_ns += (int64_t)(i * i % 17) * TW_NS_PER_S;
        see(l, e);
    }
    assert_int_equal(0, learn_period_ns(l->variable_list[1]));
    tw_learn_free(l);
}

/* ---- who is one system */

static void meets(struct tw_learn *l, const char *ip, const char *mac, const char *user,
    const char *client_id, const char *topic)
{
    struct tw_mqtt_info info = {.client_id = maybe(client_id), .username = maybe(user)};
    struct tw_event e = mqtt_event(TW_ACTION_PUBLISH, ip, topic, NULL, &info);
    e.src = place(ip, 50000, mac);
    see(l, e);
}

static void one_system_or_two(void **state)
{
    struct tw_learn_stats stats;
    struct tw_learn *l = begin(NULL);
    struct tw_opcua_info info = client_info("urn:brewery:Boiler");
    (void)state;
    /* Two users at one address; a client of either protocol; IPv4 and IPv6 of one card. */
    meets(l, "192.168.7.41", NULL, "a", "press-a", "p/a");
    meets(l, "192.168.7.41", NULL, "b", "press-b", "p/b");
    meets(l, "192.168.7.42", NULL, NULL, "boiler", "p/c");
    see(l, opcua_event(TW_ACTION_READ, "192.168.7.42", "ns=2;s=A", &info));
    meets(l, "192.168.7.43", "02:07:00:00:00:43", NULL, "both", "p/d");
    meets(l, "fd00::43", "02:07:00:00:00:43", NULL, "both", "p/e");
    /* A router's card, and a name that is used twice. */
    meets(l, "192.168.7.44", "02:07:00:00:00:fe", NULL, "far-1", "p/f");
    meets(l, "192.168.7.45", "02:07:00:00:00:fe", NULL, "press-a", "p/g");
    const char *body = draft(l, &stats);
    assert_non_null(strstr(body, "  - id: press-a\n    kind: other\n    ip: [192.168.7.41]\n"));
    assert_non_null(strstr(body, "  - id: press-b\n    kind: other\n    ip: [192.168.7.41]\n"));
    assert_non_null(strstr(body, "      mqtt_client_id: [boiler]\n"
                                 "      mqtt_security: plain # CHECK: accepts that it talks "
                                 "unprotected\n"
                                 "      opcua_application_uri: [\"urn:brewery:Boiler\"]\n"));
    assert_non_null(strstr(body, "    ip: [192.168.7.43, \"fd00::43\"]\n"
                                 "    mac: [\"02:07:00:00:00:43\"]\n"));
    assert_non_null(strstr(body, "topics: [p/d, p/e]} # 2 times, 2 topics\n"));
    assert_null(strstr(body, "mac: [\"02:07:00:00:00:fe\"]"));
    assert_non_null(strstr(body, "# its packets come from a card that others have too"));
    assert_non_null(strstr(body, "  # CHECK: press-a-2 uses the name \"press-a\" too"));
    assert_int_equal(8, stats.assets);
    tw_learn_free(l);
}

static void sweeps(struct tw_learn *l)
{
    struct tw_opcua_info info = client_info("urn:freeopcua:client");
    for (unsigned i = 0; i < 30; i++) {
        char node[32];
        snprintf(node, sizeof(node), "ns=2;i=%u", i);
        now_ns -= (STEP_MS - 10) * TW_NS_PER_MS;
        see(l, opcua_event(
                   i % 5 == 0 ? TW_ACTION_BROWSE : TW_ACTION_READ, "192.168.7.66", node, &info));
    }
}

static void signs_of_agents(void **state)
{
    struct tw_learn_stats stats;
    struct tw_learn *l = begin(NULL);
    struct tw_opcua_info info = client_info("urn:vm:x"), plain = client_info("urn:brewery:scada");
    (void)state;
    /* A name that says it. */
    info.application_name = maybe("OPC UA MCP Client");
    struct tw_event e = opcua_event(TW_ACTION_SESSION, "192.168.7.61", "s", &info);
    e.status = maybe("Good");
    see(l, e);
    see(l, opcua_event(TW_ACTION_BROWSE, "192.168.7.61", "i=85", &info));
    /* Two weak signs: a library's default name, and a sweep. */
    info = client_info("urn:freeopcua:client");
    e = opcua_event(TW_ACTION_SESSION, "192.168.7.66", "s", &info);
    e.status = maybe("Good");
    see(l, e);
    sweeps(l);
    /* One weak sign is none: it reads, then writes the same node. */
    e = opcua_event(TW_ACTION_READ, "192.168.7.67", "ns=2;s=B", &plain);
    see(l, e);
    e.action = TW_ACTION_WRITE;
    now_ns -= (STEP_MS - 5) * TW_NS_PER_MS;
    see(l, e);
    const char *body = draft(l, &stats);
    const char *systems = strstr(body, "\nai_systems:\n");
    assert_non_null(systems);
    assert_int_equal(2, stats.ai_systems);
    assert_non_null(strstr(
        systems, "  # Looks like an AI system: a name of bridges to language models (1).\n"));
    assert_non_null(strstr(systems, "  - id: OPC-UA-MCP-Client\n    tier: T1"));
    assert_non_null(strstr(systems, "    technology: llm\n"));
    assert_non_null(strstr(systems, "  # Looks like an AI system: a library's default name (1), "
                                    "sweeps through the address space (1).\n"));
    assert_true(strstr(body, "  - id: scada\n    kind: operator\n") < systems);
    tw_learn_free(l);
}

static void goes(
    struct tw_learn *l, const char *app, const char *to, uint16_t port, const char *end)
{
    struct tw_flow_info info = {.has_totals = end != NULL, .state = end};
    struct tw_event e = {.action = TW_ACTION_FLOW,
        .app = tw_str_of(app),
        .src = place("192.168.7.50", 40000, NULL),
        .dst = place(to, port, NULL),
        .flow = 9,
        .is_tcp = true,
        .flow_info = &info};
    see(l, e);
}

static void other_protocols(void **state)
{
    struct tw_learn_stats stats;
    struct tw_learn *l = begin(NULL);
    (void)state;
    goes(l, "dns", "192.168.7.254", 53, NULL);
    goes(l, "dns", "192.168.7.254", 53, "established");
    goes(l, "tls", "203.0.113.9", 443, NULL);
    goes(l, "tls", "203.0.113.10", 443, NULL);
    goes(l, "ssh", "192.168.7.10", 22, "refused");
    const char *body = draft(l, &stats);
    assert_non_null(
        strstr(body, "    may:\n"
                     "      - {protocol: [dns], to: [host-192-168-7-254], ports: [53]} # 1 time\n"
                     "      - {protocol: [tls], to: [\"203.0.113.10/32\", \"203.0.113.9/32\"], "
                     "ports: [443]} # 2 "
                     "times, 2 places\n"
                     "      # Refused, so not here: flow \"ssh\"\n"));
    assert_non_null(strstr(body, "  # Others go to it, see below.\n  - id: host-192-168-7-254\n"));
    assert_null(strstr(body, "192.168.7.10\n"));
    tw_learn_free(l);
}

static int free_text(void **state)
{
    tw_text_free(&written);
    return close_brewery(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(scalars),
        cmocka_unit_test(scalars_come_back),
        cmocka_unit_test(lists_go_on),
        cmocka_unit_test(numbers_for_people),
        cmocka_unit_test(words),
        cmocka_unit_test(made_up_ids),
        cmocka_unit_test(globs_of_nodes),
        cmocka_unit_test(filters_of_topics),
        cmocka_unit_test(whole_draft),
        cmocka_unit_test(full_tables),
        cmocka_unit_test(hostile_names),
        cmocka_unit_test(against_known),
        cmocka_unit_test(periods),
        cmocka_unit_test(one_system_or_two),
        cmocka_unit_test(signs_of_agents),
        cmocka_unit_test(other_protocols),
    };
    return cmocka_run_group_tests_name("learn", tests, open_brewery, free_text);
}
