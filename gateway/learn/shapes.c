/* Messages whose members say what they are: reports about a decision, approvals, change orders. */

#include "event/secret.h"
#include "learn/model.h"

/* Names of members, lower case without "_" and "-". */
static const struct {
    const char *name;
    enum learn_meaning meaning;
} members[] = {{"confidence", LEARN_CONFIDENCE}, {"conf", LEARN_CONFIDENCE},
    {"probability", LEARN_CONFIDENCE}, {"score", LEARN_CONFIDENCE}, {"inputsts", LEARN_INPUTS_TS},
    {"inputts", LEARN_INPUTS_TS}, {"inputstime", LEARN_INPUTS_TS}, {"inputtime", LEARN_INPUTS_TS},
    {"datats", LEARN_INPUTS_TS}, {"model", LEARN_MODEL}, {"modelname", LEARN_MODEL},
    {"modelid", LEARN_MODEL}, {"modelversion", LEARN_MODEL_VERSION},
    {"modelver", LEARN_MODEL_VERSION}, {"node", LEARN_OBJECT}, {"nodeid", LEARN_OBJECT},
    {"object", LEARN_OBJECT}, {"target", LEARN_OBJECT}, {"tag", LEARN_OBJECT},
    {"value", LEARN_VALUE}, {"setpoint", LEARN_VALUE}, {"approved", LEARN_APPROVED},
    {"approve", LEARN_APPROVED}, {"approval", LEARN_APPROVED}, {"ai", LEARN_AI_SYSTEM},
    {"agent", LEARN_AI_SYSTEM}, {"aisystem", LEARN_AI_SYSTEM}, {"system", LEARN_AI_SYSTEM},
    {"expiress", LEARN_EXPIRES}, {"expires", LEARN_EXPIRES}, {"ttl", LEARN_EXPIRES},
    {"validuntil", LEARN_EXPIRES}, {"ticket", LEARN_TICKET}, {"changeid", LEARN_TICKET},
    {"order", LEARN_TICKET}, {"to", LEARN_TO}, {"toversion", LEARN_TO}, {"version", LEARN_TO},
    {"windows", LEARN_WINDOW}, {"window", LEARN_WINDOW}, {"durations", LEARN_WINDOW},
    {"u", LEARN_UNIT}, {"unit", LEARN_UNIT}, {"units", LEARN_UNIT}, {"uom", LEARN_UNIT}};

/* The last part of a JSON Pointer, folded; its length, 0 when it is too long to be one of them. */
static size_t fold(struct tw_str field, char out[16])
{
    size_t from = field.len, n = 0;
    while (from > 0 && field.p[from - 1] != '/')
        from--;
    for (size_t i = from; i < field.len; i++) {
        const char c = field.p[i];
        if (c == '_' || c == '-')
            continue;
        if (n == 15)
            return 0;
        out[n++] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    return n;
}

static bool meaning_of(struct tw_str field, enum learn_meaning *out)
{
    char name[16];
    const size_t n = fold(field, name);
    for (size_t i = 0; n > 0 && i < sizeof(members) / sizeof(members[0]); i++) {
        if (!tw_str_eq((struct tw_str){name, n}, tw_str_of(members[i].name)))
            continue;
        *out = members[i].meaning;
        return true;
    }
    return false;
}

static bool fits(enum learn_meaning meaning, const struct tw_value *v)
{
    double number;
    switch (meaning) {
    case LEARN_CONFIDENCE:
        return tw_value_number(v, &number) && number >= 0 && number <= 1;
    case LEARN_APPROVED:
        return v->kind == TW_VALUE_BOOL;
    case LEARN_MODEL:
    case LEARN_OBJECT:
    case LEARN_AI_SYSTEM:
    case LEARN_TICKET:
    case LEARN_UNIT:
        return v->kind == TW_VALUE_STRING;
    default:
        return true;
    }
}

static void note_publisher(struct learn_topic *t, struct learn_client *by)
{
    for (size_t i = 0; i < t->n_by; i++) {
        if (t->by[i] == by)
            return;
    }
    if (t->n_by < LEARN_NAMES)
        t->by[t->n_by++] = by;
}

static void note_approved(struct tw_learn *l, struct learn_topic *t, struct tw_str object)
{
    for (size_t i = 0; i < t->n_approved; i++) {
        if (tw_str_eq(t->approved[i], object))
            return;
    }
    if (t->n_approved < LEARN_TARGETS)
        t->approved[t->n_approved++] = learn_keep(l, object);
}

static void note_text(struct tw_learn *l, struct learn_topic *t, enum learn_meaning meaning,
    struct learn_client *by, struct tw_str text)
{
    enum { LONG = 64 };
    if (text.len == 0 || text.len > LONG)
        return;
    if (meaning == LEARN_UNIT && t->unit.p == NULL)
        t->unit = learn_keep(l, text);
    if (meaning == LEARN_MODEL && by->model.p == NULL)
        by->model = learn_keep(l, text);
    if (meaning == LEARN_MODEL_VERSION && !tw_str_eq(by->model_version, text))
        by->model_version = learn_keep(l, text);
}

void learn_shape(struct tw_learn *l, const struct tw_event *e, struct learn_client *by)
{
    bool is_new;
    enum learn_meaning meaning;
    if (e->action != TW_ACTION_PUBLISH || e->protocol != TW_PROTO_MQTT || e->field.len == 0 ||
        e->sparkplug != NULL || !meaning_of(e->field, &meaning) || !fits(meaning, &e->value) ||
        tw_secret_name(e->field))
        return;
    const struct tw_text_key key = tw_text_key(l->seed, e->object);
    struct learn_topic *t = learn_row(l->topics, &key, TW_LEARN_TOPICS, &l->no_topics, &is_new);
    if (t == NULL)
        return;
    if (is_new) {
        l->topic_list[l->n_topics++] = t;
        t->topic = learn_keep(l, e->object);
    }
    t->reports += meaning == LEARN_CONFIDENCE;
    note_publisher(t, by);
    if (t->fields[meaning].p == NULL)
        t->fields[meaning] = learn_keep(l, e->field);
    else if (!tw_str_eq(t->fields[meaning], e->field))
        return; /* another member that could mean the same: the first one counts */
    if (e->value.kind == TW_VALUE_STRING)
        note_text(l, t, meaning, by, e->value.s);
    if (meaning == LEARN_OBJECT && e->value.s.len < TW_MAX_IDENTITY)
        note_approved(l, t, e->value.s);
}

const struct learn_topic *learn_topic_find(const struct tw_learn *l, struct tw_str topic)
{
    const struct tw_text_key key = tw_text_key(l->seed, topic);
    return tw_table_peek(l->topics, &key);
}

static bool has(const struct learn_topic *t, enum learn_meaning meaning)
{
    return t->fields[meaning].p != NULL;
}

bool learn_is_report(const struct learn_topic *t)
{
    return has(t, LEARN_CONFIDENCE) && !has(t, LEARN_APPROVED) &&
           (has(t, LEARN_MODEL) || has(t, LEARN_MODEL_VERSION) || has(t, LEARN_INPUTS_TS));
}

bool learn_is_approval(const struct learn_topic *t)
{
    return has(t, LEARN_APPROVED) && (has(t, LEARN_OBJECT) || has(t, LEARN_AI_SYSTEM));
}

bool learn_is_change(const struct learn_topic *t)
{
    return has(t, LEARN_TICKET) && has(t, LEARN_TO) &&
           (has(t, LEARN_AI_SYSTEM) || has(t, LEARN_MODEL)) && !has(t, LEARN_APPROVED);
}
