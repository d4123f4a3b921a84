#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>

#include "detect/expr.h"

static struct tw_str words[] = {{"trip", 4}, {"e-stop", 6}, {"bypass", 6}, {"急停", 6}};
static struct tw_named_list lists[] = {{.name = {"words", 5}, .items = words, .n = 4}};

struct compiled {
    struct tw_yaml *yaml;
    struct tw_blocks blocks;
    struct tw_program program;
};

static void compile(struct compiled *c, const char *expr)
{
    struct tw_diags diags = {0};
    struct tw_names names = {.lists = lists, .n_lists = 1};
    char text[1024];
    *c = (struct compiled){0};
    lists[0].words = NULL;
    int n = snprintf(text, sizeof(text), "when: >\n  %s\n", expr);
    c->yaml = tw_yaml_load_bytes("x", text, (size_t)n, &diags);
    assert_non_null(c->yaml);
    struct tw_expr_place place = {
        c->yaml, tw_node_get(c->yaml->root, "when"), &diags, &c->blocks, &names};
    struct tw_expr *e = tw_expr_parse(&place);
    if (e == NULL || !tw_program_build(&place, e, &c->program))
        fail_msg("%s: %s", expr, diags.n ? diags.list[0].message : "no memory");
    tw_diags_fini(&diags);
}

static void release(struct compiled *c)
{
    tw_blocks_fini(&c->blocks);
    tw_yaml_free(c->yaml);
}

/* A write of 131 to boiler.setpoint (20 to 90) by ai-optimizer, tier T2. */
static struct tw_event event;
static struct tw_facts facts;
static struct tw_opcua_info opcua;

static void make_scene(void)
{
    opcua = (struct tw_opcua_info){.attribute = TW_STR("Value")};
    opcua.security_policy.s = TW_STR("None");
    event = (struct tw_event){.protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_WRITE,
        .object = TW_STR("ns=2;s=Boiler.HighTempTrip"),
        .value = {.kind = TW_VALUE_DOUBLE, .d = 131},
        .type = "Double",
        .status = {.s = TW_STR("Good")},
        .opcua = &opcua};
    assert_true(tw_ip_parse(TW_STR("10.10.0.32"), &event.src.ip));
    assert_true(tw_ip_parse(TW_STR("fd00:10::10"), &event.dst.ip));
    event.src.port = 51122;
    facts = (struct tw_facts){
        .actor = {.id = TW_STR("ai-optimizer"),
            .kind = TW_ACTOR_AI_SYSTEM,
            .tier = TW_TIER_T2,
            .technology = TW_STR("ml"),
            .has_min_confidence = true,
            .min_confidence = 0.6},
        .target = {.importance = TW_IMPORTANCE_ESSENTIAL},
        .variable = {.id = TW_STR("boiler.setpoint"),
            .role = TW_ROLE_COMMAND,
            .type = TW_STR("Float"),
            .range = {true, true, 20, 90}},
        .report = {.has_confidence = true, .confidence = 0.31},
    };
}

static const struct {
    const char *expr;
    bool holds;
} rows[] = {
    {"action = write", true},
    {"action = call", false},
    {"action != write", false},
    {"action in (call, write)", true},
    {"not action in (call, write)", false},
    {"protocol = opcua", true},
    {"protocol = mqtt", false},
    /* Precedence: not, and, or. */
    {"action = call or action = write and actor.is_ai", true},
    {"(action = call or action = write) and not actor.is_ai", false},
    {"not action = call and actor.is_ai", true},
    {"not (action = call and actor.is_ai)", true},
    {"not not actor.is_ai", true},
    /* Absent fields: every comparison is false, so is its opposite. */
    {"mqtt.client_id = x", false},
    {"mqtt.client_id != x", false},
    {"not mqtt.client_id = x", true},
    {"mqtt.qos < 3", false},
    {"mqtt.qos >= 0", false},
    {"mqtt.client_id exists", false},
    {"not mqtt.client_id exists", true},
    {"object exists", true},
    {"mqtt.retain", false},
    {"actor.id = mqtt.client_id", false},
    {"actor.id != mqtt.client_id", false},
    {"mqtt.client_id in (a, b)", false},
    {"mqtt.client_id glob \"*\"", false},
    /* Text. */
    {"actor.id = ai-optimizer", true},
    {"actor.id = 'ai-optimizer'", true},
    {"actor.id = AI-optimizer", false},
    {"object glob \"ns=2;s=Boiler.*\"", true},
    {"object glob \"*Trip\"", true},
    {"object glob \"Boiler\"", false},
    {"object under (high.example, TempTrip, other)", false},
    {"object under (\"ns=2;s=boiler.hightemptrip\")", true},
    {"object under (a, hightemptrip)", true},
    {"mqtt.client_id under (a)", false},
    {"object contains Boiler", true},
    {"object contains boiler", false},
    {"object startswith \"ns=2;\"", true},
    {"object startswith \"i=\"", false},
    {"object endswith Trip", true},
    {"object endswith trip", false},
    {"object contains \"\"", true},
    {"object matches @words", true},
    {"actor.id matches @words", false},
    {"actor.technology = ml", true},
    {"actor.technology in (llm, rule)", false},
    /* Numbers. */
    {"value > 90", true},
    {"value >= 131", true},
    {"value < 131", false},
    {"value <= 131", true},
    {"value = 131", true},
    {"value != 131", false},
    {"value in (1, 131)", true},
    {"value in (1, \"131\")", false},
    {"value = \"131\"", false},
    {"value = true", false},
    {"report.confidence < actor.min_confidence", true},
    {"report.confidence >= actor.min_confidence", false},
    {"src.port = 51122", true},
    {"dst.port = 4840", false},
    /* Ranges. */
    {"value outside variable.range", true},
    {"value inside variable.range", false},
    {"value inside [100, 200]", true},
    {"value outside [100, 200]", false},
    {"value inside [131, 131]", true},
    {"variable.range exists", true},
    /* Addresses. */
    {"src.ip = 10.10.0.32", true},
    {"src.ip = 10.10.0.0/16", true},
    {"src.ip = 10.11.0.0/16", false},
    {"src.ip in (192.168.0.0/16, 10.0.0.0/8)", true},
    {"src.ip != 10.10.0.33", true},
    {"src.ip in (10.10.0.32/31)", true},
    {"src.ip in (10.10.0.33/32)", false},
    {"src.ip in (0.0.0.0/0)", true},
    {"dst.ip in (fd00:10::/32)", true},
    {"dst.ip in (fd00:11::/32)", false},
    {"dst.ip in (0.0.0.0/0)", false},
    {"src.ip != dst.ip", true},
    {"src.ip = dst.ip", false},
    {"session.live_elsewhere != src.ip", false},
    /* Enumerations have an order. */
    {"actor.tier = T2", true},
    {"actor.tier >= T2", true},
    {"actor.tier > T2", false},
    {"actor.tier < T3", true},
    {"target.importance >= high", true},
    {"variable.role = command", true},
    {"variable.role in (safety, recipe)", false},
    {"actor.kind = ai_system", true},
    /* Kinds of values. */
    {"value is number", true},
    {"value is nan", false},
    {"value is string", false},
    {"value is array", false},
    {"value is infinite", false},
    {"value is null", false},
    {"object is empty", false},
    {"type != variable.type", true},
    {"type = variable.type", false},
    {"opcua.security_policy = None", true},
    {"actor.security = None", false},
};

static void truth_table(void **state)
{
    (void)state;
    make_scene();
    const struct tw_scene scene = {&event, &facts};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct compiled c;
        compile(&c, rows[i].expr);
        if (tw_program_run(&c.program, &scene) != rows[i].holds)
            fail_msg("%s must be %s", rows[i].expr, rows[i].holds ? "true" : "false");
        release(&c);
    }
}

/* All eight worlds of three statements, against what C thinks of the same formula. */
static void logic(void **state)
{
    static const char expr[] =
        "not (actor.is_ai and not status.bad) or encrypted and not (status.bad or encrypted)";
    struct compiled c;
    (void)state;
    make_scene();
    compile(&c, expr);
    for (unsigned world = 0; world < 8; world++) {
        bool a = world & 1, b = (world & 2) != 0, e = (world & 4) != 0;
        facts.actor.kind = a ? TW_ACTOR_AI_SYSTEM : TW_ACTOR_ASSET;
        event.status_bad = b;
        event.encrypted = e;
        const struct tw_scene scene = {&event, &facts};
        assert_int_equal(!(a && !b) || (e && !(b || e)), tw_program_run(&c.program, &scene));
    }
    release(&c);
}

static const struct tw_value floats[] = {
    {.kind = TW_VALUE_FLOAT, .d = 3}, {.kind = TW_VALUE_FLOAT, .d = NAN}};
static const struct tw_value none_of[] = {
    {.kind = TW_VALUE_INT, .i = 30}, {.kind = TW_VALUE_UINT, .u = 40}};
static const struct tw_value mixed[] = {
    {.kind = TW_VALUE_INT, .i = 30}, {.kind = TW_VALUE_UINT, .u = 95}};
static const struct tw_value odd[] = {{.kind = TW_VALUE_STRING, .s = {"x", 1}}};

static const struct {
    struct tw_value value;
    const char *expr;
    bool holds;
} values[] = {
    {{.kind = TW_VALUE_DOUBLE, .d = NAN}, "value is nan", true},
    {{.kind = TW_VALUE_DOUBLE, .d = NAN}, "value outside variable.range", false},
    {{.kind = TW_VALUE_DOUBLE, .d = NAN}, "value inside variable.range", false},
    {{.kind = TW_VALUE_DOUBLE, .d = NAN}, "value > 1", false},
    {{.kind = TW_VALUE_DOUBLE, .d = NAN}, "value <= 1", false},
    {{.kind = TW_VALUE_DOUBLE, .d = NAN}, "value = 1 or value != 1", true},
    {{.kind = TW_VALUE_STRING, .s = {"NaN", 3}}, "value is nan", true},
    {{.kind = TW_VALUE_STRING, .s = {"-Infinity", 9}}, "value is infinite", true},
    {{.kind = TW_VALUE_STRING, .s = {"inf", 3}}, "value is infinite", true},
    {{.kind = TW_VALUE_STRING, .s = {"", 0}}, "value is infinite or value is nan", false},
    {{.kind = TW_VALUE_STRING, .s = {"", 0}}, "value is empty and value is string", true},
    {{.kind = TW_VALUE_DOUBLE, .d = -INFINITY}, "value is infinite", true},
    {{.kind = TW_VALUE_DOUBLE, .d = -INFINITY}, "value outside variable.range", true},
    {{.kind = TW_VALUE_DOUBLE, .d = DBL_MIN / 4}, "value is subnormal", true},
    {{.kind = TW_VALUE_FLOAT, .d = (double)(FLT_MIN / 4)}, "value is subnormal", true},
    {{.kind = TW_VALUE_DOUBLE, .d = (double)(FLT_MIN / 4)}, "value is subnormal", false},
    {{.kind = TW_VALUE_DOUBLE, .d = 0}, "value is subnormal", false},
    /* 90.1f is more than 90.1, and not outside a range that ends there. */
    {{.kind = TW_VALUE_FLOAT, .d = (double)90.1f}, "value outside [0, 90.1]", false},
    {{.kind = TW_VALUE_FLOAT, .d = (double)90.1f}, "value = 90.1", true},
    {{.kind = TW_VALUE_DOUBLE, .d = (double)90.1f}, "value = 90.1", false},
    {{.kind = TW_VALUE_INT, .i = -5}, "value < 0", true},
    {{.kind = TW_VALUE_UINT, .u = UINT64_MAX}, "value > 1e18", true},
    {{.kind = TW_VALUE_BOOL, .b = true}, "value = true", true},
    {{.kind = TW_VALUE_BOOL, .b = true}, "value = 1", false},
    {{.kind = TW_VALUE_BOOL, .b = true}, "value is bool and not value is number", true},
    {{.kind = TW_VALUE_NULL}, "value is null and value exists", true},
    {{.kind = TW_VALUE_NULL}, "value = 0", false},
    {{.kind = TW_VALUE_NONE}, "value exists or value is null", false},
    {{.kind = TW_VALUE_STRING, .s = {"go E-STOP now", 13}}, "value matches @words", true},
    {{.kind = TW_VALUE_ARRAY, .n = 2, .items = floats}, "value is nan", true},
    {{.kind = TW_VALUE_ARRAY, .n = 2, .items = floats}, "value is array and not value is empty",
        true},
    {{.kind = TW_VALUE_ARRAY, .n = 0}, "value is empty", true},
    {{.kind = TW_VALUE_ARRAY, .n = 0},
        "value inside variable.range or value outside variable.range", false},
    {{.kind = TW_VALUE_ARRAY, .n = 2, .items = none_of}, "value inside variable.range", true},
    {{.kind = TW_VALUE_ARRAY, .n = 2, .items = mixed}, "value inside variable.range", false},
    {{.kind = TW_VALUE_ARRAY, .n = 2, .items = mixed}, "value outside variable.range", true},
    {{.kind = TW_VALUE_ARRAY, .n = 1, .items = odd},
        "value inside variable.range or value outside variable.range", false},
};

static void kinds_of_values(void **state)
{
    (void)state;
    make_scene();
    for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
        struct compiled c;
        compile(&c, values[i].expr);
        event.value = values[i].value;
        const struct tw_scene scene = {&event, &facts};
        if (tw_program_run(&c.program, &scene) != values[i].holds)
            fail_msg(
                "row %zu: %s must be %s", i, values[i].expr, values[i].holds ? "true" : "false");
        release(&c);
    }
}

/* A range that is open on one side. */
static void half_ranges(void **state)
{
    struct compiled c;
    (void)state;
    make_scene();
    compile(&c, "value outside variable.range");
    const struct tw_scene scene = {&event, &facts};
    facts.variable.range = (struct tw_range){.has_min = true, .min = 200};
    assert_true(tw_program_run(&c.program, &scene));
    facts.variable.range = (struct tw_range){.has_max = true, .max = 200};
    assert_false(tw_program_run(&c.program, &scene));
    facts.variable.range = (struct tw_range){0};
    assert_false(tw_program_run(&c.program, &scene));
    release(&c);
}

static const struct {
    const char *expr;
    uint32_t actions;
} masks[] = {
    {"action = write", 1u << TW_ACTION_WRITE},
    {"action in (write, call)", 1u << TW_ACTION_WRITE | 1u << TW_ACTION_CALL},
    {"actor.is_ai", TW_EXPR_ALL_ACTIONS},
    {"actor.is_ai and action = write", 1u << TW_ACTION_WRITE},
    {"actor.is_ai or action = write", TW_EXPR_ALL_ACTIONS},
    {"action = write and actor.is_ai or action = call and encrypted",
        1u << TW_ACTION_WRITE | 1u << TW_ACTION_CALL},
    {"not action = write", TW_EXPR_ALL_ACTIONS & ~(1u << TW_ACTION_WRITE)},
    /* What is not known is neither equal to anything nor different from it. */
    {"action != write", TW_EXPR_ALL_ACTIONS & ~(1u << TW_ACTION_WRITE | 1u << TW_ACTION_UNKNOWN)},
    {"not (action != write or encrypted)", 1u << TW_ACTION_WRITE | 1u << TW_ACTION_UNKNOWN},
};

static void actions_that_can_match(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(masks) / sizeof(masks[0]); i++) {
        struct compiled c;
        compile(&c, masks[i].expr);
        assert_int_equal(masks[i].actions, c.program.actions);
        release(&c);
    }
}

static const struct {
    const char *text;
    bool matches;
} names[] = {
    {"HighTempTrip.Limit", true},
    {"TRIP_2", true},
    {"trip2", true},
    {"Trips", true},
    {"ns=2;s=Trip", true},
    {"Stripper", false},
    {"tripod", false},
    {"strip", false},
    {"EStop", true},
    {"E_STOP", true},
    {"Line1EStopActive", true},
    {"ESTOP", false},
    {"e stop", true},
    {"estimate stop", false},
    {"e", false},
    {"Interlock.Bypass", true},
    {"BYPASS", true},
    {"bypassed", false},
    {"ByPass", false},
    {"阀门急停按钮", true},
    {"急", false},
    {"", false},
    {"....", false},
};

static void words_of_their_own(void **state)
{
    struct tw_blocks blocks = {0};
    (void)state;
    struct tw_words *w = tw_words_new(&blocks, words, 4);
    assert_non_null(w);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (tw_words_match(w, tw_str_of(names[i].text)) != names[i].matches)
            fail_msg("%s", names[i].text);
    }
    tw_blocks_fini(&blocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(truth_table),
        cmocka_unit_test(logic),
        cmocka_unit_test(kinds_of_values),
        cmocka_unit_test(half_ranges),
        cmocka_unit_test(actions_that_can_match),
        cmocka_unit_test(words_of_their_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
