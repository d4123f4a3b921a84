#include "protocol/decision.h"

#include "base/num.h"
#include "base/timefmt.h"
#include "protocol/json.h"

enum part {
    AGENT,
    MODEL,
    MODEL_VERSION,
    MODEL_SHA256,
    CONFIDENCE,
    INPUTS,
    APPROVAL,
    TRACE,
    NO_PART
};

/* How each carrier calls a part. JSON is written by many hands. */
static const struct name {
    const char *name;
    enum part part;
} property_names[] = {{"ai-agent", AGENT}, {"ai-model", MODEL}, {"ai-model-version", MODEL_VERSION},
    {"ai-model-sha256", MODEL_SHA256}, {"ai-conf", CONFIDENCE}, {"ai-input-ts", INPUTS},
    {"ai-approval", APPROVAL}, {"ai-trace", TRACE}, {NULL, NO_PART}},
  json_names[] = {{"agent", AGENT}, {"model", MODEL}, {"model_version", MODEL_VERSION},
      {"version", MODEL_VERSION}, {"model_sha256", MODEL_SHA256}, {"model-sha256", MODEL_SHA256},
      {"conf", CONFIDENCE}, {"confidence", CONFIDENCE}, {"input_ts", INPUTS}, {"inputs_ts", INPUTS},
      {"input-ts", INPUTS}, {"approval", APPROVAL}, {"trace", TRACE}, {NULL, NO_PART}},
  audit_names[] = {{"ai", AGENT}, {"m", MODEL}, {"c", CONFIDENCE}, {"in", INPUTS}, {"ap", APPROVAL},
      {NULL, NO_PART}};

static enum part part_of(const struct name *names, struct tw_str name)
{
    while (names->name != NULL && !tw_str_is(name, names->name))
        names++;
    return names->part;
}

static bool set_text(struct tw_str *to, struct tw_str s)
{
    if (to->p != NULL || s.p == NULL || s.len == 0)
        return false;
    *to = tw_utf8_cut(s, TW_MAX_IDENTITY);
    return true;
}

/* "forge-opt@2.4.1" is a name and a version. */
static bool set_model(struct tw_decision_context *c, struct tw_str s)
{
    const char *at = s.len > 0 ? memrchr(s.p, '@', s.len) : NULL;
    if (at == NULL || at == s.p)
        return set_text(&c->model, s);
    const size_t name = (size_t)(at - s.p);
    const bool said = set_text(&c->model, (struct tw_str){s.p, name});
    return set_text(&c->model_version, (struct tw_str){at + 1, s.len - name - 1}) || said;
}

static bool set_number(struct tw_decision_context *c, enum part part, const struct tw_value *v)
{
    if (part == CONFIDENCE && !c->has_confidence)
        return c->has_confidence = tw_value_as_number(v, &c->confidence);
    if (part == INPUTS && c->inputs_ts_ns == 0)
        return tw_value_as_time(v, &c->inputs_ts_ns);
    return false;
}

static bool set_part(struct tw_decision_context *c, enum part part, const struct tw_value *v)
{
    const struct tw_str s = v->kind == TW_VALUE_STRING ? v->s : TW_STR_NONE;
    switch (part) {
    case AGENT:
        return set_text(&c->agent, s);
    case MODEL:
        return set_model(c, s);
    case MODEL_VERSION:
        return set_text(&c->model_version, s);
    case MODEL_SHA256:
        return set_text(&c->model_sha256, s);
    case APPROVAL:
        return set_text(&c->approval, s);
    case TRACE:
        return set_text(&c->trace, s);
    case CONFIDENCE:
    case INPUTS:
        return set_number(c, part, v);
    case NO_PART:
        break;
    }
    return false;
}

bool tw_decision_of_properties(const struct tw_value *properties, struct tw_decision_context *out)
{
    struct tw_decision_context c = {.carrier = "user_properties"};
    bool said = false;
    for (uint32_t i = 0; properties->items != NULL && i < properties->n; i++) {
        const struct tw_value *v = &properties->items[i];
        if (tw_str_starts(v->name, TW_STR("ai-")))
            said |= set_part(&c, part_of(property_names, v->name), v);
    }
    if (said)
        *out = c;
    return said;
}

/* A text with escapes is not taken: none of the parts has a use for them. Numbers stay numbers. */
static struct tw_value value_of(const struct tw_json_token *t)
{
    switch (t->kind) {
    case TW_JSON_STRING:
        if (t->escaped)
            break;
        return (struct tw_value){.kind = TW_VALUE_STRING, .s = t->text};
    case TW_JSON_INT:
        return (struct tw_value){.kind = TW_VALUE_INT, .i = t->i};
    case TW_JSON_DOUBLE:
        return (struct tw_value){.kind = TW_VALUE_DOUBLE, .d = t->d};
    default:
        break;
    }
    return (struct tw_value){.kind = TW_VALUE_NONE};
}

bool tw_decision_of_json(struct tw_str value, struct tw_decision_context *out)
{
    struct tw_json r;
    struct tw_json_token t;
    enum part part = NO_PART;
    bool said = false;
    tw_json_init(&r, value);
    if (tw_json_next(&r, &t) != TW_JSON_OBJECT)
        return false;
    while (r.depth > 0 && tw_json_next(&r, &t) > TW_JSON_TOO_DEEP) {
        if (r.depth > 1)
            continue;
        if (t.kind == TW_JSON_KEY) {
            part = part_of(json_names, t.text);
        } else {
            const struct tw_value v = value_of(&t);
            said |= set_part(out, part, &v);
            part = NO_PART;
        }
    }
    if (said && out->carrier == NULL)
        out->carrier = "payload";
    return said;
}

bool tw_decision_of_audit(struct tw_str audit, struct tw_decision_context *out)
{
    struct tw_decision_context c = {.carrier = "audit_entry_id"};
    bool said = false;
    while (audit.len > 0) {
        const char *end = memchr(audit.p, ';', audit.len);
        const size_t len = end != NULL ? (size_t)(end - audit.p) : audit.len;
        const char *is = memchr(audit.p, '=', len);
        if (is != NULL) {
            const size_t name = (size_t)(is - audit.p);
            const struct tw_value v = {.kind = TW_VALUE_STRING, .s = {is + 1, len - name - 1}};
            said |= set_part(&c, part_of(audit_names, (struct tw_str){audit.p, name}), &v);
        }
        audit.p += end != NULL ? len + 1 : len;
        audit.len -= end != NULL ? len + 1 : len;
    }
    if (said)
        *out = c;
    return said;
}
