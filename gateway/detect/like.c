/* What an event is like, for filter.c. Every field that a row names must depend on the bits of
 * tw_like_of() alone as long as none of the row's bits is set; a unit test holds the two together.
 */

#include "detect/filter.h"

/* Numbers, each in some bits. */
enum { ACTION = 0, PROTOCOL = 5, KIND = 7, IDENTITY = 9, TIER = 11, ROLE = 14, APPROVAL = 18 };

#define BIT(n) ((tw_like)1 << (n))

/* Truths, and what is there (or of a kind) that has to be looked at. */
#define OTHER_PROTOCOL BIT(21)
#define IN_REGISTERED_ONLY BIT(22)
#define HAS_MAY BIT(23)
#define CERTAIN BIT(24)
#define REGISTERED_ADDRESS BIT(25)
#define ACTOR_ID BIT(26)
#define TECHNOLOGY BIT(27)
#define ASSET_KIND BIT(28)
#define MISMATCH BIT(29)
#define MIN_CONFIDENCE BIT(30)
#define MAX_AGE BIT(31)
#define VARIABLE BIT(32)
#define RANGE BIT(33)
#define HAS_PUBLISHERS BIT(34)
#define PUBLISHER_OK BIT(35)
#define ALLOWED BIT(36)
#define DEFAULT_OPEN BIT(37)
#define GIVEN BIT(38)
#define GIVER_OK BIT(39)
#define REPORT BIT(40)
#define REPORTED BIT(41)
#define CHANGE BIT(42)
#define OBJECT BIT(43)
#define FIELD BIT(44)
#define STATUS BIT(45)
#define STATUS_BAD BIT(46)
#define ENCRYPTED BIT(47)
#define FACTS BIT(48)
#define AFTER_GAP BIT(49)
#define ELSEWHERE BIT(50)
#define TAKEOVERS BIT(51)
#define PUBLISHERS BIT(52)
#define TOPICS BIT(53)
#define FILTER BIT(54)
#define FLOW BIT(55)
#define MQTT BIT(56)
#define OPCUA BIT(57)
#define LEARNED BIT(58)
#define NUMBER BIT(59)
#define TEXT BIT(60)
#define TRUTH BIT(61)
#define OTHER_VALUE BIT(62)
#define VALUE (NUMBER | TEXT | TRUTH | OTHER_VALUE)
#define SPARKPLUG BIT(63)
#define METRIC BIT(64)
#define PUBSUB BIT(65)
#define MCP BIT(66)
#define DECISION BIT(67)
#define ORIGIN BIT(68)
#define MODEL BIT(69)
#define LARGE BIT(70)
#define GRANT_STEP BIT(71)
#define VARIABLE_STEP BIT(72)
#define VARIABLE_RATE BIT(73)
#define ANOMALY BIT(74)
#define ACT BIT(75)
#define LEAVES BIT(76)
#define ABOVE BIT(77)
#define INDICATOR BIT(78)
#define DANGER BIT(79)
#define CONDUCT BIT(80)
#define CHAIN BIT(81)
#define LOOP BIT(82)
#define CLAIM BIT(83)
#define ROUTINE BIT(84)
#define RICH BIT(85)

/* No word of so many letters is a secret, or a sentence, or code. */
enum { WORD_BYTES = 10 };

/* Is there more to a text than a word, such as the name of a state? */
static bool is_rich(struct tw_str s)
{
    if (s.len > WORD_BYTES)
        return true;
    for (size_t i = 0; i < s.len; i++) {
        const char c = s.p[i], lower = (char)(c | 0x20);
        if (!((lower >= 'a' && lower <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                c == '.'))
            return true;
    }
    return false;
}

unsigned tw_like_text(struct tw_str s)
{
    return is_rich(s) ? TW_LIKE_RICH : TW_LIKE_TEXT;
}

static tw_like of_value(const struct tw_value *v)
{
    static const tw_like bits[] = {[TW_LIKE_NUMBER] = NUMBER,
        [TW_LIKE_TEXT] = TEXT,
        [TW_LIKE_RICH] = TEXT | RICH,
        [TW_LIKE_TRUTH] = TRUTH,
        [TW_LIKE_OTHER] = OTHER_VALUE};
    return v->kind == TW_VALUE_NONE ? 0 : bits[tw_like_value(v)];
}

/* Without a jump, and in one word: there are many of these, and each bit is known beforehand. */
__attribute__((always_inline)) static inline tw_like when(bool is, tw_like bit)
{
    const uint64_t low = (uint64_t)bit, high = (uint64_t)(bit >> 64);
    return low != 0 ? (tw_like)((uint64_t)is << __builtin_ctzll(low))
                    : (tw_like)((uint64_t)is << (high != 0 ? __builtin_ctzll(high) : 0)) << 64;
}

static tw_like of_actor(const struct tw_actor_facts *a)
{
    return (tw_like)a->kind << KIND | (tw_like)a->identity << IDENTITY | (tw_like)a->tier << TIER |
           when(a->in_registered_only, IN_REGISTERED_ONLY) | when(a->has_may, HAS_MAY) |
           when(a->certain, CERTAIN) | when(a->registered_address, REGISTERED_ADDRESS) |
           when(a->id.p != NULL, ACTOR_ID) | when(a->technology.p != NULL, TECHNOLOGY) |
           when(a->asset_kind.p != NULL, ASSET_KIND) | when(a->mismatch.p != NULL, MISMATCH) |
           when(a->has_min_confidence, MIN_CONFIDENCE) | when(a->max_input_age_ns > 0, MAX_AGE);
}

/* Most of what is sent is declared nowhere. */
static tw_like of_variable(const struct tw_variable_facts *v)
{
    if (v->id.p == NULL)
        return 0;
    return VARIABLE | (tw_like)v->role << ROLE | when(v->range.has_min || v->range.has_max, RANGE) |
           when(v->has_publishers, HAS_PUBLISHERS) | when(v->publisher_ok, PUBLISHER_OK) |
           when(v->leaves, LEAVES) | when(v->above_clearance, ABOVE) |
           when(v->has_max_step, VARIABLE_STEP) | when(v->has_max_rate, VARIABLE_RATE);
}

static tw_like of_report(const struct tw_report_facts *r)
{
    if (!r->is_report)
        return 0;
    return REPORT | when(r->has_confidence || r->has_inputs_age || r->model.p != NULL ||
                             r->model_version.p != NULL || r->object.p != NULL || r->value != NULL,
                        REPORTED);
}

static tw_like of_facts(const struct tw_facts *f)
{
    return of_variable(&f->variable) | of_report(&f->report) |
           (tw_like)f->approval.state << APPROVAL | when(f->approval.is_given, GIVEN) |
           when(f->approval.giver_ok, GIVER_OK) | when(f->grant.allowed, ALLOWED) |
           when(f->grant.default_open, DEFAULT_OPEN) | when(f->grant.has_max_step, GRANT_STEP) |
           when(f->indicator != NULL, INDICATOR) | when(f->change_open, CHANGE) |
           when(f->act != NULL, ACT) | when(f->claim != NULL, CLAIM) |
           when(f->routine != NULL, ROUTINE);
}

/* What the past of an AI system says about this event. */
static tw_like of_past(const struct tw_facts *f)
{
    const struct tw_conduct_facts *c = f->conduct;
    if (c == NULL)
        return 0;
    return CONDUCT | when(c->chain_by.p != NULL, CHAIN) |
           when(c->loop_with.p != NULL || c->loop_rounds > 0 || c->loop_rate_gain > 0 ||
                    c->loop_size_gain > 0,
               LOOP);
}

static tw_like of_session(const struct tw_session_facts *s)
{
    if (s == NULL)
        return 0;
    return FACTS | when(s->after_gap, AFTER_GAP) | when(s->live_elsewhere.family != 0, ELSEWHERE) |
           when(s->takeovers != 0, TAKEOVERS) | when(s->topic_publishers > 0, PUBLISHERS) |
           when(s->known_topics > 0, TOPICS) | when(s->learned != NULL, LEARNED) |
           when(s->origin.p != NULL, ORIGIN);
}

static tw_like of_mqtt(const struct tw_mqtt_info *m)
{
    if (m == NULL)
        return 0;
    return MQTT | when(m->mcp != NULL, MCP) |
           when(m->has_payload && tw_payload_kind_is_model(m->payload_kind), MODEL) |
           when(m->has_payload && m->payload_bytes >= TW_LIKE_LARGE_BYTES, LARGE) |
           when(tw_payload_danger_name(m->payload_danger) != NULL, DANGER);
}

tw_like tw_like_of(const struct tw_scene *scene)
{
    const struct tw_event *e = scene->event;
    const bool filter = e->action == TW_ACTION_SUBSCRIBE && e->protocol == TW_PROTO_MQTT;
    return TW_LIKE_ANY | (tw_like)e->action << ACTION | (tw_like)e->protocol << PROTOCOL |
           when(e->protocol == TW_PROTO_OTHER, OTHER_PROTOCOL) | of_actor(&scene->facts->actor) |
           of_facts(scene->facts) | of_past(scene->facts) | of_session(e->facts) |
           of_value(&e->value) | when(e->object.p != NULL, OBJECT) |
           when(e->field.p != NULL, FIELD) | when(e->status.s.p != NULL, STATUS) |
           when(e->status_bad, STATUS_BAD) | when(e->encrypted, ENCRYPTED) | when(filter, FILTER) |
           when(e->flow_info != NULL || e->action == TW_ACTION_FLOW, FLOW) | of_mqtt(e->mqtt) |
           when(e->opcua != NULL, OPCUA) | when(e->sparkplug != NULL, SPARKPLUG) |
           when(e->metric != NULL, METRIC) | when(e->pubsub != NULL, PUBSUB) |
           when(tw_event_decision(e) != NULL, DECISION) | when(e->detail.p != NULL, ANOMALY);
}

/* What an event says of itself, and not of the message that it is of; declared or remembered things
 * that others have. */
static const tw_like of_leaf_alone =
                         VALUE | RICH | FIELD | STATUS | STATUS_BAD | ENCRYPTED | ANOMALY,
                     of_others = (tw_like)15 << ROLE | (tw_like)7 << APPROVAL | VARIABLE | RANGE |
                                 HAS_PUBLISHERS | PUBLISHER_OK | GIVEN | GIVER_OK | REPORT |
                                 REPORTED | LEAVES | ABOVE | CHANGE | ACT | CLAIM | ROUTINE |
                                 VARIABLE_STEP | VARIABLE_RATE | CONDUCT | CHAIN | LOOP;

tw_like tw_like_of_leaf(tw_like message, const struct tw_event *leaf)
{
    return (message & ~(of_leaf_alone | of_others)) | of_value(&leaf->value) |
           when(leaf->field.p != NULL, FIELD) | when(leaf->status.s.p != NULL, STATUS) |
           when(leaf->status_bad, STATUS_BAD) | when(leaf->encrypted, ENCRYPTED) |
           when(leaf->detail.p != NULL, ANOMALY);
}

/* Fields, and the bits with which they say more than these. A trailing dot: all that begin so. */
static const struct row {
    const char *name;
    tw_like asks;
    bool is_there; /* the field is there exactly where the bit is set */
} rows[] = {
    {"action", 0, false},
    {"protocol", OTHER_PROTOCOL, false},
    {"object", OBJECT, true},
    {"field", FIELD, true},
    {"status", STATUS, true},
    {"status.bad", 0, false},
    {"encrypted", 0, false},
    {"anomaly", ANOMALY, true},
    {"actor.kind", 0, false},
    {"actor.is_ai", 0, false},
    {"actor.identity", 0, false},
    {"actor.tier", 0, false},
    {"actor.in_registered_only", 0, false},
    {"actor.has_may", 0, false},
    {"actor.certain", 0, false},
    {"actor.registered_address", 0, false},
    {"actor.id", ACTOR_ID, true},
    {"actor.technology", TECHNOLOGY, true},
    {"actor.asset_kind", ASSET_KIND, true},
    {"actor.mismatch", MISMATCH, true},
    {"actor.min_confidence", MIN_CONFIDENCE, true},
    {"actor.max_input_age", MAX_AGE, true},
    {"variable.id", VARIABLE, true},
    {"variable.role", 0, false},
    {"variable.label", VARIABLE, false},
    {"variable.leaves_to", LEAVES, false},
    {"variable.above_clearance", 0, false},
    {"value.secret", RICH, false},
    {"value.personal", RICH, false},
    {"value.personal_named", RICH | FIELD, false},
    {"indicator.", INDICATOR, false},
    {"variable.ai_system", VARIABLE, false},
    {"variable.changed", VARIABLE, false},
    {"variable.range", RANGE, true},
    {"variable.max_step", VARIABLE_STEP, true},
    {"variable.max_rate", VARIABLE_RATE, true},
    {"variable.has_publishers", 0, false},
    {"variable.publisher_ok", 0, false},
    {"grant.allowed", 0, false},
    {"grant.default_open", 0, false},
    {"grant.max_step", GRANT_STEP, true},
    {"approval.state", 0, false},
    {"approval.is_given", 0, false},
    {"approval.giver_ok", 0, false},
    {"report.is_report", 0, false},
    {"report.confidence", REPORTED, false},
    {"report.inputs_age", REPORTED, false},
    {"report.model", REPORTED, false},
    {"report.model_version", REPORTED, false},
    {"report.version_declared", REPORTED, false},
    {"report.object", REPORTED, false},
    {"report.value", REPORTED, false},
    {"change.open", 0, false},
    {"session.after_gap", 0, false},
    {"session.live_elsewhere", ELSEWHERE, true},
    {"session.takeovers", TAKEOVERS, false},
    {"topic.publishers", PUBLISHERS, false},
    {"delivery.publisher", ORIGIN, true},
    {"filter.broad", FILTER, false},
    {"filter.topics", TOPICS, false},
    {"filter.known_topics", TOPICS, false},
    {"filter.share", TOPICS, false},
    {"flow.", FLOW, false},
    {"mqtt.payload_danger", DANGER, true},
    {"mqtt.", MQTT, false},
    {"sparkplug.", SPARKPLUG | METRIC, false},
    {"pubsub.", PUBSUB, false},
    {"opcua.", OPCUA, false},
    {"decision.", DECISION, false},
    {"mcp.", MCP, false},
    {"learned.", LEARNED, false},
    {"value.last", NUMBER, false},
    {"value.step", NUMBER, false},
    {"value.rate", NUMBER, false},
    {"heartbeat.", ACTOR_ID, false},
    {"deed.", CONDUCT, false},
    {"injected.", CONDUCT, false},
    {"doubt.", CONDUCT, false},
    {"inputs.", CONDUCT, false},
    {"habit.", CONDUCT, false},
    {"chain.", CHAIN, false},
    {"loop.", LOOP, false},
    {"actor.trainer", ACTOR_ID, false},
    {"claim.", CLAIM, false},
    {"routine.", ROUTINE, false},
    {"will.", MQTT, false},
    {"stop.", ACT, false},
    {"input.", ACT, false},
    {"budget.", ACT, false},
    {"override.", ACT, false},
    {"rivals.", ACT, false},
    {"course.", ACT, false},
    {"approver.", GIVEN, false},
    {"permissive.", ACT, false},
    {"value.slip", ACT, false},
    {"value.usual", ACT, false},
    {"variable.ramps_ok", VARIABLE, false},
    {"variable.cycles_ok", VARIABLE, false},
    {"variable.limits_ok", VARIABLE, false},
    {"variable.retained_ok", VARIABLE, false},
};

/* What a comparison asks of the value; of other kinds than these it comes out one way. */
static const tw_like of_op[TW_OP_COUNT] = {
    [TW_OP_TRUE] = TRUTH | OTHER_VALUE,
    [TW_OP_EXISTS] = 0,
    [TW_OP_EQ] = VALUE,
    [TW_OP_NE] = VALUE,
    [TW_OP_LT] = NUMBER | OTHER_VALUE,
    [TW_OP_LE] = NUMBER | OTHER_VALUE,
    [TW_OP_GT] = NUMBER | OTHER_VALUE,
    [TW_OP_GE] = NUMBER | OTHER_VALUE,
    [TW_OP_IN] = VALUE,
    [TW_OP_GLOB] = TEXT | OTHER_VALUE,
    [TW_OP_CONTAINS] = TEXT | OTHER_VALUE,
    [TW_OP_STARTSWITH] = TEXT | OTHER_VALUE,
    [TW_OP_ENDSWITH] = TEXT | OTHER_VALUE,
    [TW_OP_MATCHES] = TEXT | OTHER_VALUE,
    [TW_OP_UNDER] = TEXT | OTHER_VALUE,
    [TW_OP_INSIDE] = NUMBER | OTHER_VALUE,
    [TW_OP_OUTSIDE] = NUMBER | OTHER_VALUE,
    [TW_OP_IS_NAN] = TEXT | OTHER_VALUE,
    [TW_OP_IS_INFINITE] = TEXT | OTHER_VALUE,
    [TW_OP_IS_SUBNORMAL] = OTHER_VALUE,
    [TW_OP_IS_NUMBER] = OTHER_VALUE,
    [TW_OP_IS_STRING] = 0, /* TEXT or not says it all */
    [TW_OP_IS_BOOL] = 0,
    [TW_OP_IS_ARRAY] = OTHER_VALUE,
    [TW_OP_IS_EMPTY] = TEXT | OTHER_VALUE,
    [TW_OP_IS_NULL] = OTHER_VALUE,
};

static const struct row *row_of(const struct tw_field *field)
{
    const struct tw_str name = tw_str_of(field->name);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct tw_str n = tw_str_of(rows[i].name);
        if (n.p[n.len - 1] == '.' ? tw_str_starts(name, n) : tw_str_eq(name, n))
            return &rows[i];
    }
    return NULL;
}

static bool is_field(const struct tw_field *field, const char *name)
{
    return tw_str_is(tw_str_of(field->name), name);
}

static tw_like of_field(const struct tw_field *field)
{
    if (is_field(field, "value"))
        return VALUE;
    const struct row *row = row_of(field);
    return row == NULL ? TW_LIKE_ANY : row->asks;
}

/* A payload that is not large is below every limit that is above. */
static bool is_of_large(const struct tw_test *t)
{
    return is_field(t->left, "mqtt.payload_bytes") && (t->op == TW_OP_GT || t->op == TW_OP_GE) &&
           t->right == NULL && t->one.kind == TW_LITERAL_NUMBER &&
           t->one.number >= TW_LIKE_LARGE_BYTES;
}

static bool is_name_of_bad(const struct tw_literal *l)
{
    return l->kind == TW_LITERAL_TEXT && tw_str_starts(l->text, TW_STR("Bad"));
}

/* Compared with names of bad ones alone, a status that is none comes out false. */
static bool is_of_bad_status(const struct tw_test *t)
{
    if (!is_field(t->left, "status") || t->right != NULL)
        return false;
    if (t->op == TW_OP_EQ)
        return is_name_of_bad(&t->one);
    for (size_t i = 0; t->op == TW_OP_IN && i < t->many.n; i++) {
        if (!is_name_of_bad(&t->many.list[i]))
            return false;
    }
    return t->op == TW_OP_IN;
}

/* What is looked for is in no text that is only a word. */
static bool is_of_rich_text(const struct tw_test *t)
{
    return (t->op == TW_OP_CONTAINS || t->op == TW_OP_STARTSWITH || t->op == TW_OP_ENDSWITH) &&
           is_field(t->left, "value") && t->right == NULL && t->one.kind == TW_LITERAL_TEXT &&
           is_rich(t->one.text);
}

/* Only numbers come to anything. */
static tw_like of_calc(const struct tw_calc *c)
{
    tw_like asks = c->n_calls > 0 ? TW_LIKE_ANY : 0;
    for (uint32_t i = 0; i < c->n; i++) {
        const struct tw_calc_step *s = &c->steps[i];
        if (s->kind == TW_CALC_FIELD)
            asks |= is_field(s->field, "value") ? NUMBER | OTHER_VALUE : of_field(s->field);
    }
    return asks;
}

/* A regular expression that is given up is counted, and so is not asked on trial. */
bool tw_like_is_of_value(const struct tw_test *t)
{
    return t->op > TW_OP_CALL && t->right == NULL && t->pattern == NULL &&
           is_field(t->left, "value");
}

tw_like tw_like_asks(const struct tw_test *t)
{
    if (t->op == TW_OP_ACTION)
        return 0;
    if (t->op == TW_OP_CALL)
        return TW_LIKE_ANY;
    if (t->op == TW_OP_CALC)
        return of_calc(t->calc) | (t->right_calc != NULL ? of_calc(t->right_calc) : 0) |
               (t->right != NULL ? of_field(t->right) : 0);
    const struct row *left = row_of(t->left);
    const struct row *right = t->right == NULL ? NULL : row_of(t->right);
    if (left != NULL && left->is_there && t->op == TW_OP_EXISTS)
        return 0;
    if (is_of_large(t))
        return LARGE;
    if (is_of_bad_status(t))
        return STATUS_BAD;
    if (is_of_rich_text(t))
        return RICH | OTHER_VALUE;
    if (t->op == TW_OP_TRUE && is_field(t->left, "mqtt.payload_is_model"))
        return 0;
    /* What is compared with a field that is absent comes out false. */
    if (right != NULL && right->is_there)
        return right->asks;
    const tw_like asks = t->right == NULL ? 0 : of_field(t->right);
    if (is_field(t->left, "value"))
        return of_op[t->op] == 0 ? 0 : of_op[t->op] | asks;
    return of_field(t->left) | asks;
}
