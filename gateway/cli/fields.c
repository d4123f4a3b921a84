#include "cli/common.h"
#include "event/fields.h"
#include "protocol/protocol.h"

static const char *type_name(enum tw_field_type type)
{
    static const char *const names[] = {[TW_FIELD_STRING] = "string",
        [TW_FIELD_NUMBER] = "number",
        [TW_FIELD_BOOL] = "boolean",
        [TW_FIELD_ENUM] = "enum",
        [TW_FIELD_IP] = "address",
        [TW_FIELD_RANGE] = "range",
        [TW_FIELD_VALUE] = "value"};
    return names[type];
}

static void as_json(struct tw_text *t, const struct tw_field *f)
{
    tw_json_object(t);
    tw_json_member_z(t, "name", f->name);
    tw_json_member_z(t, "type", type_name(f->type));
    if (f->choices != NULL) {
        tw_json_key(t, "choices");
        tw_json_array(t);
        for (const char *const *c = f->choices; *c != NULL; c++)
            tw_json_z(t, *c);
        tw_json_array_end(t);
    }
    tw_json_member_z(t, "doc", f->doc);
    tw_json_member_str(t, "example", tw_str_of(f->example));
    tw_json_object_end(t);
}

static void anomaly(
    struct tw_text *t, const struct tw_options *o, const char *protocol, const struct tw_anomaly *a)
{
    const char *doc = a->doc != NULL ? a->doc : "";
    if (o->json) {
        tw_json_object(t);
        tw_json_member_z(t, "protocol", protocol);
        tw_json_member_z(t, "name", a->name);
        if (a->doc != NULL)
            tw_json_member_z(t, "doc", a->doc);
        tw_json_object_end(t);
    } else if (o->markdown) {
        tw_text_addf(t, "| %s | `%s` | %s |\n", protocol, a->name, doc);
    } else if (a->doc != NULL) {
        tw_text_addf(t, "%-8s %-28s %s\n", protocol, a->name, doc);
    } else {
        tw_text_addf(t, "%-8s %s\n", protocol, a->name);
    }
}

/* What the field `anomaly` may say of a malformed message. */
static void anomalies(struct tw_text *t, const struct tw_options *o)
{
    if (o->json)
        tw_json_array(t);
    else if (o->markdown)
        tw_text_addz(t, "| protocol | anomaly | meaning |\n|---|---|---|\n");
    for (const struct tw_anomaly_list *l = tw_anomaly_lists; l->protocol != NULL; l++) {
        for (const struct tw_anomaly *a = l->anomalies; a->name != NULL; a++) {
            if (a->name[0] != '\0')
                anomaly(t, o, l->protocol, a);
        }
    }
    if (o->json) {
        tw_json_array_end(t);
        tw_text_add(t, "\n", 1);
    }
}

int tw_cmd_fields(const struct tw_options *o)
{
    struct tw_text t = {0};
    if (o->anomalies) {
        anomalies(&t, o);
        tw_common_print(&t);
        return TW_EXIT_OK;
    }
    if (o->json)
        tw_json_array(&t);
    else if (o->markdown)
        tw_text_addz(&t, "| field | type | meaning | example |\n|---|---|---|---|\n");
    for (size_t i = 0; i < tw_fields_count(); i++) {
        const struct tw_field *f = tw_fields_at(i);
        const char *example = f->example ? f->example : "";
        if (o->json)
            as_json(&t, f);
        else if (o->markdown)
            tw_text_addf(
                &t, "| `%s` | %s | %s | `%s` |\n", f->name, type_name(f->type), f->doc, example);
        else
            tw_text_addf(&t, "%-28s %-8s %s\n", f->name, type_name(f->type), f->doc);
    }
    if (o->json) {
        tw_json_array_end(&t);
        tw_text_add(&t, "\n", 1);
    }
    tw_common_print(&t);
    return TW_EXIT_OK;
}
