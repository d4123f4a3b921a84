/* Scalars as what the schema says they are. YAML's own guesses play no part: 22:30 and no are text
 * until somebody asks for a number or a boolean. */

#include "config/rate.h"

#include "base/num.h"
#include "base/timefmt.h"
#include "config/yaml_tree.h"

/* "topic: #" is a key without a value to YAML, and a comment. Nobody sees that at once. */
static const char *empty_hint(const struct tw_yaml *y, const struct tw_node *n)
{
    struct tw_str line = tw_lines_at(tw_yaml_lines(y), n->line);
    for (size_t i = 0; i < line.len; i++) {
        if (line.p[i] == '#')
            return "put quotes around it: # begins a comment";
    }
    return NULL;
}

/* A plain scalar with something in it; says what is wrong otherwise. */
static bool has_text(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, const char *wanted)
{
    static const char *const kinds[] = {"a text", "a list", "a map"};
    const struct tw_str key = n->key.p != NULL ? n->key : TW_STR("this item");
    if (n->kind != TW_NODE_SCALAR) {
        tw_yaml_error(y, d, n, false, NULL, "\"%.*s\" must be %s, not %s", TW_STR_ARG(key), wanted,
            kinds[n->kind]);
        return false;
    }
    if (n->text.len == 0 && !n->quoted) {
        tw_yaml_error(y, d, n, n->key.p != NULL, empty_hint(y, n),
            "\"%.*s\" has no value; it must be %s", TW_STR_ARG(key), wanted);
        return false;
    }
    return true;
}

static bool bad_value(const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n,
    const char *wanted, const char *hint)
{
    const struct tw_str shown = tw_utf8_cut(n->text, 64);
    tw_yaml_error(y, d, n, false, n->quoted && hint == NULL ? "write it without quotes" : hint,
        "\"%.*s\" is not %s", TW_STR_ARG(shown), wanted);
    return false;
}

bool tw_node_bool(const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, bool *out)
{
    static const char wanted[] = "true or false";
    if (!has_text(y, d, n, wanted))
        return false;
    bool yes = tw_str_is(n->text, "true");
    if (n->quoted || (!yes && !tw_str_is(n->text, "false")))
        return bad_value(y, d, n, wanted, NULL);
    *out = yes;
    return true;
}

bool tw_node_number(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, double *out)
{
    struct tw_number number;
    if (!has_text(y, d, n, "a number"))
        return false;
    if (n->quoted || !tw_num_parse(n->text, &number))
        return bad_value(y, d, n, "a number", NULL);
    *out = number.d;
    return true;
}

bool tw_node_int(const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, int64_t min,
    int64_t max, int64_t *out)
{
    struct tw_number number;
    if (!has_text(y, d, n, "a whole number"))
        return false;
    if (n->quoted || !tw_num_parse(n->text, &number) || !number.is_integer)
        return bad_value(y, d, n, "a whole number", NULL);
    if (number.i < min || number.i > max) {
        tw_yaml_error(y, d, n, false, NULL, "%lld is out of range; it must be %lld to %lld",
            (long long)number.i, (long long)min, (long long)max);
        return false;
    }
    *out = number.i;
    return true;
}

bool tw_node_str(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, struct tw_str *out)
{
    if (!has_text(y, d, n, "a text"))
        return false;
    if (memchr(n->text.p, '\0', n->text.len) != NULL)
        return bad_value(y, d, n, "a text (it holds a zero byte)", "leave \\0 out");
    *out = n->text;
    return true;
}

bool tw_node_duration(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, int64_t *out_ns)
{
    static const char wanted[] = "a duration such as 500ms, 60s, 10m, 2h or 7d";
    if (!has_text(y, d, n, wanted))
        return false;
    return tw_duration_parse(n->text, out_ns) ||
           bad_value(y, d, n, wanted, "give a number and a unit");
}

bool tw_node_choice(const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n,
    const char *const *names, int *out)
{
    if (!has_text(y, d, n, "one of a few names"))
        return false;
    for (int i = 0; names[i] != NULL; i++) {
        if (tw_str_is(n->text, names[i])) {
            *out = i;
            return true;
        }
    }
    struct tw_text all = {0};
    for (int i = 0; names[i] != NULL; i++)
        tw_text_addf(&all, "%s%s", i == 0 ? "" : names[i + 1] == NULL ? " or " : ", ", names[i]);
    tw_text_add(&all, "", 1);
    const struct tw_str shown = tw_utf8_cut(n->text, 64);
    tw_yaml_error(y, d, n, false, tw_nearest(n->text, names), "\"%.*s\" is not %s",
        TW_STR_ARG(shown), all.failed ? "a known name" : all.p);
    tw_text_free(&all);
    return false;
}

bool tw_node_time(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, int64_t *out_ns)
{
    static const char wanted[] = "a time such as 2026-03-01T00:00:00Z";
    if (!has_text(y, d, n, wanted))
        return false;
    return tw_time_parse(n->text, out_ns) || bad_value(y, d, n, wanted, "write ISO 8601");
}

bool tw_node_rate(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *n, struct tw_rate *out)
{
    static const char wanted[] = "a rate such as 6/min, 2/s or 10MB/h";
    if (!has_text(y, d, n, wanted))
        return false;
    return tw_rate_parse(n->text, out) ||
           bad_value(y, d, n, wanted, "the units are s, min, h and d");
}

const char *tw_nearest(struct tw_str text, const char *const *names)
{
    const char *best = NULL;
    unsigned least = 4;
    for (; *names != NULL; names++) {
        struct tw_str name = tw_str_of(*names);
        /* Of two short words nearly all letters differ: that is no likeness. */
        size_t longer = text.len > name.len ? text.len : name.len;
        unsigned limit = longer < 6 ? (unsigned)(longer + 1) / 3 : 3;
        unsigned distance = tw_str_distance(text, name, 3);
        if (distance <= limit && distance < least) {
            least = distance;
            best = *names;
        }
    }
    return best;
}
