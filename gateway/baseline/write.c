#include "base/limits.h"
#include "baseline/baseline.h"
#include "baseline/layout.h"
#include "crypto/digest.h"

static void add_ip(struct tw_text *out, const char *key, const struct tw_ip *ip)
{
    char text[TW_IP_TEXT];
    if (ip->family != 0)
        tw_json_member_str(out, key, (struct tw_str){text, tw_ip_text(text, ip)});
}

static void add_entry(struct tw_text *out, const struct tw_baseline_entry *e)
{
    const struct tw_series_name *name = &e->name;
    struct tw_profile p = e->profile;
    tw_json_object(out);
    tw_json_member_str(out, "object", name->object);
    if (name->field.len > 0)
        tw_json_member_str(out, "field", name->field);
    tw_json_maybe_str(out, "variable", name->variable);
    tw_json_member_z(out, "source", tw_series_source_name(name->source));
    add_ip(out, "server", &name->server);
    tw_json_maybe_u64(out, "port", name->port != 0, name->port);
    add_ip(out, "client", &name->client);
    tw_json_member_z(out, "kind", tw_series_kind_name(e->kind));
    tw_json_member_z(out, "state", e->active ? "active" : "shadow");
    for (size_t i = 0; i < tw_profile_numbers_count; i++)
        tw_json_member_double(out, tw_profile_numbers[i].name, *tw_profile_at(&p, i));
    tw_json_object_end(out);
}

size_t tw_baseline_room(const struct tw_practice *systems, size_t n)
{
    enum { HEAD = 16, NAMES = 9 };
    const size_t of_one = 1 + 2 * (NAMES + tw_profile_numbers_count),
                 taken = HEAD + tw_practice_values(systems, n);
    const size_t room = (TW_BASELINE_MAX_VALUES - taken) / of_one;
    return room < TW_BASELINE_MAX_SERIES ? room : TW_BASELINE_MAX_SERIES;
}

/* From `"learned"` on: what the digest is of. */
static void add_content(const struct tw_baseline_content *c, struct tw_text *out)
{
    tw_json_key(out, "learned");
    tw_json_object(out);
    tw_json_maybe_time(out, "from", c->from_ns, true);
    tw_json_maybe_time(out, "to", c->to_ns, true);
    tw_json_object_end(out);
    tw_text_addz(out, ",\n\"series\":[");
    for (size_t i = 0; i < c->n; i++) {
        tw_text_addz(out, i == 0 ? "\n" : ",\n");
        add_entry(out, &c->entries[i]);
    }
    tw_text_addz(out, "\n]");
    if (c->n_systems > 0)
        tw_practice_write(out, c->systems, c->n_systems);
}

void tw_baseline_write(const struct tw_baseline_content *c, struct tw_text *out)
{
    struct tw_text content = {0};
    char hex[65];
    add_content(c, &content);
    tw_sha256_hex(content.p, content.len, hex);
    tw_text_addf(out, "{\"schema\":\"%s\",\n\"digest\":\"sha256:%s\",\n", TW_BASELINE_SCHEMA, hex);
    tw_text_add_str(out, tw_text_str(&content));
    tw_text_addz(out, "}\n");
    out->failed |= content.failed;
    tw_text_free(&content);
}
