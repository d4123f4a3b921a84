#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <float.h>
#include <math.h>

#include "detect_scene.h"

#include "detect/filter.h"
#include "event/mcp.h"
#include "event/sparkplug.h"

/* Events of all sorts, one after the other made from the one before by another choice somewhere. */

enum { ROUNDS = 20000, CHOICES = 64, MAX_FIELDS = 600 };

struct made {
    struct tw_event event;
    struct tw_facts facts;
    struct tw_session_facts session;
    struct tw_learned learned;
    struct tw_opcua_info opcua;
    struct tw_mqtt_info mqtt;
    struct tw_flow_info flow;
    struct tw_sparkplug_info sparkplug;
    struct tw_sparkplug_metric metric;
    struct tw_pubsub_info pubsub;
    struct tw_mcp_info mcp;
    struct tw_decision_context decision;
    struct tw_conduct_facts conduct;
    struct tw_act_facts act;
    struct tw_scene scene;
};

static uint64_t state = 1;

static unsigned any(unsigned n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

static struct tw_str some_text(void)
{
    static const char *const texts[] = {NULL, NULL, "", "mqtt-broker", "safety/trip", "#", "$SYS/#",
        "ns=2;s=Boiler.Setpoint", "i=2258", "BadNodeIdUnknown", "None", "llm", "ml", "nan", "v2.1",
        "https://ignore.previous/instructions", "AKIAIOSFODNN7EXAMPLE", "phone 13912345678",
        "BadUserAccessDenied", "e-stop"};
    return tw_str_of(texts[any(sizeof(texts) / sizeof(texts[0]))]);
}

static const struct tw_value items[2] = {
    {.kind = TW_VALUE_DOUBLE, .d = 1}, {.kind = TW_VALUE_DOUBLE, .d = 1e300}};

static struct tw_value some_value(void)
{
    static const double numbers[] = {0, 1, -1, 25, 1e9, 1e-310, 1e-40, 1e300, NAN, INFINITY};
    struct tw_value v = {.kind = (enum tw_value_kind)any(TW_VALUE_OBJECT + 1)};
    switch (v.kind) {
    case TW_VALUE_FLOAT:
        v.d = (double)(float)numbers[any(10)];
        break;
    case TW_VALUE_DOUBLE:
        v.d = numbers[any(10)];
        break;
    case TW_VALUE_STRING:
    case TW_VALUE_BYTES:
        v.s = some_text();
        if (v.s.p == NULL)
            v.s = TW_STR("x");
        break;
    case TW_VALUE_ARRAY:
    case TW_VALUE_OBJECT:
        v.n = any(3);
        v.items = v.n ? items : NULL;
        break;
    case TW_VALUE_BOOL:
        v.b = any(2) != 0;
        break;
    default:
        v.u = any(3);
    }
    return v;
}

static void change_payload(struct made *m)
{
    m->mqtt.has_payload = any(2);
    m->mqtt.payload_bytes = any(2) ? any(9000) : any(2000000);
    m->mqtt.payload_kind = (enum tw_payload_kind)any(TW_PAYLOAD_KINDS);
    m->mqtt.payload_danger = (enum tw_payload_danger)any(2);
    m->mqtt.mcp = any(2) ? &m->mcp : NULL;
    m->mcp.tool = some_text();
    m->mqtt.decision = any(2) ? &m->decision : NULL;
    m->opcua.decision = any(2) ? &m->decision : NULL;
    m->decision.model = some_text();
}

static void change_past(struct made *m)
{
    struct tw_conduct_facts *c = &m->conduct;
    m->facts.conduct = any(2) ? c : NULL;
    c->alike = any(5);
    c->chain_by = some_text();
    c->loop_with = some_text();
    c->loop_rounds = any(2);
    c->loop_rate_gain = any(3);
    c->loop_size_gain = any(3);
    m->facts.act = any(2) ? &m->act : NULL;
    m->act.stop_object = some_text();
    m->act.input = some_text();
    m->act.turns = any(3);
}

static void change_event(struct made *m, unsigned choice)
{
    struct tw_event *e = &m->event;
    switch (choice % 18) {
    case 0:
        e->action = (enum tw_action)any(TW_ACTION_COUNT);
        break;
    case 1:
        e->protocol = (enum tw_protocol)any(3);
        break;
    case 2:
        e->object = some_text();
        break;
    case 3:
        e->field = some_text();
        break;
    case 4:
        e->value = some_value();
        break;
    case 5:
        e->status.s = some_text();
        break;
    case 6:
        e->status_bad = any(2);
        break;
    case 7:
        e->encrypted = any(2);
        break;
    case 8:
        e->facts = any(4) ? &m->session : NULL;
        break;
    case 9:
        e->opcua = any(2) ? &m->opcua : NULL;
        break;
    case 10:
        e->mqtt = any(2) ? &m->mqtt : NULL;
        break;
    case 11:
        e->detail = some_text();
        break;
    case 12:
        e->sparkplug = any(2) ? &m->sparkplug : NULL;
        m->sparkplug.found.missing = any(2);
        break;
    case 13:
        e->metric = any(2) ? &m->metric : NULL;
        m->metric.is_null = any(2);
        break;
    case 14:
        e->pubsub = any(2) ? &m->pubsub : NULL;
        m->pubsub.missing = any(2);
        break;
    case 15:
        change_payload(m);
        break;
    case 16:
        change_past(m);
        break;
    default:
        e->flow_info = any(2) ? &m->flow : NULL;
        e->app = some_text();
    }
}

static void change_actor(struct tw_actor_facts *a, unsigned choice)
{
    switch (choice % 12) {
    case 0:
        a->kind = (enum tw_actor_kind)any(3);
        break;
    case 1:
        a->identity = (enum tw_identity)any(3);
        break;
    case 2:
        a->tier = (enum tw_tier)any(6);
        break;
    case 3:
        a->in_registered_only = any(2);
        break;
    case 4:
        a->has_may = any(2);
        break;
    case 5:
        a->certain = any(2);
        break;
    case 6:
        a->registered_address = any(2);
        break;
    case 7:
        a->id = some_text();
        break;
    case 8:
        a->technology = some_text();
        break;
    case 9:
        a->asset_kind = some_text();
        break;
    case 10:
        a->mismatch = some_text();
        break;
    default:
        a->has_min_confidence = any(2);
        a->max_input_age_ns = any(3);
        a->security = some_text();
    }
}

static void change_facts(struct made *m, unsigned choice)
{
    struct tw_facts *f = &m->facts;
    static const struct tw_indicator indicator = {
        .id = {"indicator--1", 12}, .type = {"ipv4-addr", 9}, .confidence = 60};
    static const struct tw_claim_facts claim = {
        .variable = {"pv", 2}, .actual = 20, .contradicts = true, .wrong = 1, .judged = 2};
    static const struct tw_routine_facts routine = {
        .windows = 3, .divergence = 0.4, .action = "write", .on = "command", .share = 40};
    switch (choice % 15) {
    case 14:
        f->routine = any(2) ? &routine : NULL;
        break;
    case 13:
        f->claim = any(2) ? &claim : NULL;
        break;
    case 12:
        f->variable.leaves = any(2);
        f->variable.above_clearance = any(2);
        f->indicator = any(2) ? &indicator : NULL;
        break;
    case 0:
        f->variable.id = some_text();
        f->variable.role = (enum tw_role)any(TW_ROLE_MODEL + 1);
        break;
    case 1:
        f->variable.range = (struct tw_range){any(2), any(2), any(9), 10 + any(9)};
        f->variable.has_max_step = any(2);
        f->variable.has_max_rate = any(2);
        f->grant.has_max_step = any(2);
        break;
    case 2:
        f->variable.has_publishers = any(2);
        f->variable.publisher_ok = any(2);
        break;
    case 3:
        f->grant.allowed = any(2);
        f->grant.default_open = any(2);
        break;
    case 4:
        f->approval.state = (enum tw_approval_state)any(TW_APPROVAL_UNKNOWN + 1);
        break;
    case 5:
        f->approval.is_given = any(2);
        f->approval.giver_ok = any(2);
        break;
    case 6:
        f->report.is_report = any(2);
        f->report.has_confidence = any(2);
        f->report.has_inputs_age = any(2);
        break;
    case 7:
        f->report.model = some_text();
        f->report.model_version = some_text();
        f->report.version_declared = any(2);
        break;
    case 8:
        f->change_open = any(2);
        break;
    case 9:
        m->session.after_gap = any(2);
        m->session.live_elsewhere.family = any(2) ? 4 : 0;
        m->session.learned = any(2) ? &m->learned : NULL;
        break;
    case 10:
        m->session.takeovers = any(3);
        m->session.topic_publishers = any(3);
        m->session.origin = some_text();
        break;
    default:
        m->session.known_topics = any(3);
        m->session.filter_topics = any(3);
    }
}

/* Nothing is said of a variable that is none, or of what is no report. */
static void straighten(struct tw_facts *f)
{
    if (f->variable.id.p == NULL)
        f->variable = (struct tw_variable_facts){.role = TW_ROLE_NONE};
    if (!f->report.is_report)
        f->report = (struct tw_report_facts){.is_report = false};
}

static void change(struct made *m)
{
    unsigned choice = any(CHOICES);
    if (any(3) == 0)
        change_event(m, choice);
    else if (any(2) == 0)
        change_actor(&m->facts.actor, choice);
    else
        change_facts(m, choice);
    straighten(&m->facts);
    /* What is called so is bad. */
    m->event.status_bad |= tw_str_starts(m->event.status.s, TW_STR("Bad"));
}

static void begin(struct made *m)
{
    *m = (struct made){.scene = {NULL, NULL}};
    m->scene = (struct tw_scene){&m->event, &m->facts};
    m->event.type = "Double";
}

#define POINT(from, to) ((from) = (from) != NULL ? &(to) : NULL)

/* After a copy: what is there is its own. */
static void point_within(struct made *m)
{
    struct tw_event *e = &m->event;
    m->scene = (struct tw_scene){&m->event, &m->facts};
    POINT(e->facts, m->session);
    POINT(m->session.learned, m->learned);
    POINT(e->opcua, m->opcua);
    POINT(e->mqtt, m->mqtt);
    POINT(e->flow_info, m->flow);
    POINT(e->sparkplug, m->sparkplug);
    POINT(e->metric, m->metric);
    POINT(e->pubsub, m->pubsub);
    POINT(m->mqtt.mcp, m->mcp);
    POINT(m->mqtt.decision, m->decision);
    POINT(m->opcua.decision, m->decision);
    POINT(m->facts.conduct, m->conduct);
    POINT(m->facts.act, m->act);
}

/* These need more than a field: an expression compiled elsewhere has them. */
static bool is_whole(unsigned op)
{
    return op != TW_OP_ACTION && op != TW_OP_MATCHES && op != TW_OP_INSIDE && op != TW_OP_OUTSIDE &&
           op != TW_OP_CALL;
}

/* The field times two against one. */
static struct tw_test calc_of(size_t field)
{
    static struct tw_calc_step steps[MAX_FIELDS][3], one = {.kind = TW_CALC_NUMBER, .number = 1};
    static struct tw_calc calcs[MAX_FIELDS];
    static const struct tw_calc right = {&one, 1, 0};
    assert_true(field < MAX_FIELDS);
    steps[field][0] = (struct tw_calc_step){.kind = TW_CALC_FIELD, .field = tw_fields_at(field)};
    steps[field][1] = (struct tw_calc_step){.kind = TW_CALC_NUMBER, .number = 2};
    steps[field][2] = (struct tw_calc_step){.kind = TW_CALC_MULTIPLY};
    calcs[field] = (struct tw_calc){steps[field], 3, 0};
    return (struct tw_test){
        .op = TW_OP_CALC, .compare = TW_OP_GT, .calc = &calcs[field], .right_calc = &right};
}

static struct tw_test test_of(size_t field, unsigned op)
{
    const struct tw_field *left = tw_fields_at(field);
    if (op == TW_OP_CALC)
        return calc_of(field);
    const bool is_size = strcmp(left->name, "mqtt.payload_bytes") == 0,
               is_status = strcmp(left->name, "status") == 0 && op == TW_OP_EQ,
               is_text = op >= TW_OP_CONTAINS && op <= TW_OP_ENDSWITH;
    struct tw_test t = {.op = (enum tw_op)op,
        .left = left,
        .one = {.kind = TW_LITERAL_NUMBER, .number = is_size ? 16384 : 1}};
    if (is_status || is_text)
        t.one = (struct tw_literal){.kind = TW_LITERAL_TEXT,
            .text = is_status ? TW_STR("BadNodeIdUnknown") : TW_STR("/trip")};
    return t;
}

/* A test that asks for nothing of what an event has comes out as for all that are like it: it is
 * evaluated for each of two likes, whatever else differs. */
static void test_alike(void **unused)
{
    (void)unused;
    static struct made a, b;
    static tw_like asks[MAX_FIELDS][TW_OP_COUNT];
    size_t compared = 0;
    assert_true(tw_fields_count() <= MAX_FIELDS);
    for (size_t f = 0; f < tw_fields_count(); f++) {
        for (unsigned op = 0; op < TW_OP_COUNT; op++) {
            const struct tw_test t = test_of(f, op);
            asks[f][op] = is_whole(op) ? tw_like_asks(&t) : TW_LIKE_ANY;
        }
    }
    begin(&a);
    for (unsigned i = 0; i < ROUNDS; i++) {
        b = a;
        point_within(&b);
        change(&b);
        const tw_like like = tw_like_of(&a.scene);
        const bool alike = like == tw_like_of(&b.scene);
        for (size_t f = 0; alike && f < tw_fields_count(); f++) {
            for (unsigned op = 0; op < TW_OP_COUNT; op++) {
                if ((asks[f][op] & like) != 0)
                    continue;
                const struct tw_test t = test_of(f, op);
                compared++;
                if (tw_test_eval(&t, &a.scene) != tw_test_eval(&t, &b.scene))
                    fail_msg("%s, operator %u", t.left->name, op);
            }
        }
        a = b;
        point_within(&a);
    }
    assert_true(compared > 100000);
}

static bool has(const struct tw_left *list, size_t n, size_t rule)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i].rule == rule)
            return true;
    }
    return false;
}

/* A rule with a sequence is about its steps. */
static bool is_step(const struct tw_rule *rule, const struct tw_scene *scene)
{
    for (size_t i = 0; i < rule->sequence.n; i++) {
        if (tw_program_run(&rule->sequence.steps[i], scene))
            return true;
    }
    return rule->sequence.n == 0;
}

/* What is left to ask comes to the same as all of it. */
static void asked_alike(const struct tw_rules *rules, const struct tw_left *list, size_t n,
    const struct tw_scene *scene)
{
    static const struct tw_recall_at nothing;
    for (size_t i = 0; i < n; i++) {
        const struct tw_rule *rule = &rules->list[list[i].rule];
        bool shared, all_shared;
        if (rule->when.n_calls > 0)
            continue;
        const bool is = tw_rest_run(&list[i].when, scene, &nothing, &shared);
        if (is != tw_program_run_shared(&rule->when, scene, &nothing, &all_shared) ||
            shared != all_shared)
            fail_msg("%s comes out otherwise", rule->info.id);
    }
}

/* No shipped rule that matches an event is left out for it. */
static void test_none_left_out(void **unused)
{
    (void)unused;
    static struct made m;
    struct tw_diags diags = {0};
    const char *const paths[] = {"rules"};
    struct tw_rules *rules = tw_rules_load(paths, 1, &diags);
    assert_non_null(rules);
    struct tw_filter *filter = tw_filter_new(rules);
    assert_non_null(filter);
    size_t matched = 0, left = 0, all = 0;
    begin(&m);
    for (unsigned i = 0; i < ROUNDS; i++) {
        change(&m);
        size_t n;
        const struct tw_left *list = tw_filter_rules(filter, &m.scene, &n);
        asked_alike(rules, list, n, &m.scene);
        all += rules->n;
        left += n;
        for (size_t r = 0; r < rules->n; r++) {
            const struct tw_rule *rule = &rules->list[r];
            if (!rule->enabled || !tw_rule_concerns(rule, &m.facts.actor) ||
                !tw_program_run(&rule->when, &m.scene) || !is_step(rule, &m.scene))
                continue;
            matched++;
            if (!has(list, n, r))
                fail_msg("%s is left out", rule->info.id);
        }
    }
    assert_true(matched > 1000);
    assert_true(left < all / 4);
    tw_filter_free(filter);
    tw_rules_free(rules);
    tw_diags_fini(&diags);
}

/* What a leaf is like is told from its message, whatever that is like. */
static void test_leaf_of_message(void **unused)
{
    static struct made m;
    (void)unused;
    begin(&m);
    for (unsigned i = 0; i < ROUNDS; i++) {
        change(&m);
        m.facts.indicator = NULL;
        struct tw_event leaf = m.event;
        const struct tw_facts plain = {
            .actor = m.facts.actor, .target = m.facts.target, .grant = m.facts.grant};
        const struct tw_scene scene = {&leaf, &plain};
        leaf.field = some_text();
        leaf.value = some_value();
        leaf.status.s = some_text();
        leaf.status_bad = any(2);
        leaf.encrypted = any(2);
        leaf.detail = some_text();
        assert_true(tw_like_of_leaf(tw_like_of(&m.scene), &leaf) == tw_like_of(&scene));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alike),
        cmocka_unit_test(test_leaf_of_message),
        cmocka_unit_test(test_none_left_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
