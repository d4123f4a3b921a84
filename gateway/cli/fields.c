#include "cli/common.h"
#include "event/fields.h"

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

int tw_cmd_fields(const struct tw_options *o)
{
    struct tw_text t = {0};
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
