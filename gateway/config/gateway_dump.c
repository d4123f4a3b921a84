/* The configuration as YAML again. Texts are written as JSON strings: quoted, so never guessed at.
 */

#include "base/num.h"
#include "config/gateway_options.h"

static void put_string(struct tw_text *out, const char *z)
{
    struct tw_text json = {0};
    tw_json_z(&json, z);
    tw_text_add_str(out, tw_text_str(&json));
    out->failed |= json.failed;
    tw_text_free(&json);
}

static void put_value(struct tw_text *out, const struct tw_config *c, const struct tw_option *o)
{
    const void *at = tw_option_of(c, o);
    if (o->kind == TW_OPTION_INT) {
        tw_text_addf(out, "%lld", (long long)*(const int64_t *)at);
    } else if (o->kind == TW_OPTION_PERCENT) {
        char text[TW_NUM_TEXT];
        tw_text_add(out, text, tw_num_double(text, *(const double *)at));
    } else if (o->kind == TW_OPTION_TEXTS || o->kind == TW_OPTION_PATHS) {
        const struct tw_names *names = at;
        tw_text_addz(out, "[");
        for (size_t i = 0; i < names->n; i++) {
            tw_text_addz(out, i > 0 ? ", " : "");
            put_string(out, names->list[i]);
        }
        tw_text_addz(out, "]");
    } else {
        put_string(out, *(char *const *)at);
    }
}

/* Levels of `name` that were opened for `before`. */
static size_t shared(const char *name, const char *before)
{
    size_t common = 0;
    for (size_t i = 0; name[i] != '\0' && name[i] == before[i]; i++) {
        if (name[i] == '.')
            common = i + 1;
    }
    return common;
}

void tw_config_dump(const struct tw_config *c, struct tw_text *out)
{
    const char *before = "";
    for (const struct tw_option *o = tw_config_options(); o->name != NULL; o++) {
        size_t from = 0, open = shared(o->name, before);
        unsigned depth = 0;
        for (;; depth++) {
            size_t len = strcspn(o->name + from, ".");
            bool last = o->name[from + len] == '\0';
            if (last || from + len >= open)
                tw_text_addf(out, "%*s%.*s:%s", (int)depth * 2, "", (int)len, o->name + from,
                    last ? " " : "\n");
            if (last)
                break;
            from += len + 1;
        }
        put_value(out, c, o);
        tw_text_addz(out, "\n");
        before = o->name;
    }
}
