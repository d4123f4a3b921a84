#include "detect/template.h"

#include <math.h>

#include "base/num.h"
#include "base/timefmt.h"

enum { MAX_SHOWN = 120, MAX_ITEMS_SHOWN = 8 };

static bool is_name(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

static size_t count_segments(struct tw_str text)
{
    size_t n = 1;
    for (size_t i = 0; i < text.len; i++)
        n += text.p[i] == '%';
    return 2 * n;
}

/* Behind a percent sign at `at`: the name's length, without dots that end a sentence. */
static size_t name_len(struct tw_str text, size_t at)
{
    size_t n = 0;
    while (at + n < text.len && is_name(text.p[at + n]))
        n++;
    while (n > 0 && text.p[at + n - 1] == '.')
        n--;
    return n;
}

static void add_text(struct tw_template *t, struct tw_str text)
{
    if (text.len > 0)
        t->list[t->n++] = (struct tw_segment){.kind = TW_SEGMENT_TEXT, .text = text};
}

static void add_name(
    const struct tw_expr_place *place, struct tw_template *t, struct tw_str name, size_t at)
{
    struct tw_segment s = {.kind = TW_SEGMENT_FIELD};
    if (name.len == 0) {
        tw_yaml_error_at(place->yaml, place->diags, place->node, at, "write %% for a percent sign",
            "the name of a field must follow %%");
        return;
    }
    if (tw_str_is(name, "count"))
        s.kind = TW_SEGMENT_COUNT;
    else if (tw_str_is(name, "over"))
        s.kind = TW_SEGMENT_OVER;
    else
        s.field = tw_expr_field(place, name, at + 1);
    if (s.kind != TW_SEGMENT_FIELD || s.field != NULL)
        t->list[t->n++] = s;
}

void tw_template_build(const struct tw_expr_place *place, struct tw_template *out)
{
    struct tw_str text = tw_blocks_str(place->blocks, place->node->text);
    out->list = tw_blocks_alloc(place->blocks, count_segments(text), sizeof(*out->list));
    if (out->list == NULL || text.p == NULL)
        return;
    size_t start = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.p[i] != '%')
            continue;
        bool percent = i + 1 < text.len && text.p[i + 1] == '%';
        add_text(out, (struct tw_str){text.p + start, i - start + percent});
        size_t n = percent ? 1 : name_len(text, i + 1);
        if (!percent)
            add_name(place, out, (struct tw_str){text.p + i + 1, n}, i);
        i += n;
        start = i + 1;
    }
    if (start < text.len)
        add_text(out, (struct tw_str){text.p + start, text.len - start});
}

/* Bytes of a UTF-8 sequence that a terminal or a reader must not see raw: controls, and marks that
 * turn the direction of text. 0: harmless. */
static size_t hostile(struct tw_str s, size_t i)
{
    unsigned char c = (unsigned char)s.p[i];
    if (c < 0x20 || c == 0x7f)
        return 1;
    if (c == 0xc2 && i + 1 < s.len && (unsigned char)s.p[i + 1] < 0xa0)
        return 2;
    if (c != 0xe2 || i + 2 >= s.len)
        return 0;
    unsigned char d = (unsigned char)s.p[i + 1], e = (unsigned char)s.p[i + 2];
    bool turns = (d == 0x80 && ((e >= 0x8b && e <= 0x8f) || (e >= 0xa8 && e <= 0xae))) ||
                 (d == 0x81 && e >= 0xa0 && e <= 0xaf);
    return turns ? 3 : 0;
}

static void print_str(struct tw_text *out, struct tw_str s)
{
    struct tw_str shown = tw_utf8_cut(s, MAX_SHOWN);
    for (size_t i = 0; i < shown.len;) {
        size_t n = hostile(shown, i);
        if (n == 0) {
            tw_text_add(out, shown.p + i++, 1);
            continue;
        }
        for (; n > 0; n--, i++)
            tw_text_addf(out, "\\x%02x", (unsigned char)shown.p[i]);
    }
    if (shown.len < s.len)
        tw_text_addz(out, "…");
}

static void print_number(struct tw_text *out, double d, bool is_float)
{
    char text[TW_NUM_TEXT];
    if (isnan(d)) {
        tw_text_addz(out, "NaN");
    } else if (isinf(d)) {
        tw_text_addz(out, d < 0 ? "-Infinity" : "Infinity");
    } else {
        size_t n = is_float ? tw_num_float(text, (float)d) : tw_num_double(text, d);
        tw_text_add(out, text, n);
    }
}

static void print_scalar(struct tw_text *out, const struct tw_value *v)
{
    char text[TW_NUM_TEXT];
    switch (v->kind) {
    case TW_VALUE_BOOL:
        tw_text_addz(out, v->b ? "true" : "false");
        break;
    case TW_VALUE_INT:
        tw_text_add(out, text, tw_num_i64(text, v->i));
        break;
    case TW_VALUE_UINT:
        tw_text_add(out, text, tw_num_u64(text, v->u));
        break;
    case TW_VALUE_FLOAT:
    case TW_VALUE_DOUBLE:
        print_number(out, v->d, v->kind == TW_VALUE_FLOAT);
        break;
    case TW_VALUE_STRING:
        print_str(out, v->s);
        break;
    case TW_VALUE_BYTES:
        tw_text_addf(out, "%zu bytes", v->s.len);
        break;
    case TW_VALUE_ARRAY:
    case TW_VALUE_OBJECT:
        tw_text_addf(out, "%u items", v->n);
        break;
    case TW_VALUE_NONE:
    case TW_VALUE_NULL:
        tw_text_addz(out, "null");
        break;
    }
}

static void print_value(struct tw_text *out, const struct tw_value *v)
{
    if (v->kind != TW_VALUE_ARRAY) {
        print_scalar(out, v);
        return;
    }
    tw_text_addz(out, "[");
    for (uint32_t i = 0; i < v->n && i < MAX_ITEMS_SHOWN; i++) {
        if (i > 0)
            tw_text_addz(out, ", ");
        print_scalar(out, &v->items[i]);
    }
    tw_text_addz(out, v->n > MAX_ITEMS_SHOWN || v->truncated ? ", …]" : "]");
}

static void print_range(struct tw_text *out, const struct tw_range *r, struct tw_str unit)
{
    if (!r->has_min)
        tw_text_addz(out, "at most ");
    if (!r->has_max)
        tw_text_addz(out, "at least ");
    if (r->has_min)
        print_number(out, r->min, false);
    if (r->has_min && r->has_max)
        tw_text_addz(out, " to ");
    if (r->has_max)
        print_number(out, r->max, false);
    if (unit.len > 0) {
        tw_text_addz(out, " ");
        print_str(out, unit);
    }
}

static void print_ip(struct tw_text *out, const struct tw_ip *ip)
{
    char text[TW_IP_TEXT];
    tw_text_add(out, text, tw_ip_text(text, ip));
}

static bool is_unit(const struct tw_field *f)
{
    return strcmp(f->name, "variable.unit") == 0;
}

void tw_field_print(const struct tw_field *f, const struct tw_scene *scene, struct tw_text *out)
{
    struct tw_field_value v = {.present = false};
    f->get(scene, &v);
    bool object = strcmp(f->name, "object") == 0 && scene->facts->variable.id.p != NULL;
    if (object)
        print_str(out, scene->facts->variable.id);
    else if (v.present && f->type == TW_FIELD_RANGE)
        print_range(out, &v.range, scene->facts->variable.unit);
    else if (v.present && f->type == TW_FIELD_IP)
        print_ip(out, &v.ip);
    else if (v.present)
        print_value(out, &v.value);
    else if (strcmp(f->name, "status") == 0)
        tw_text_addz(out, "nothing");
    else if (!is_unit(f))
        tw_text_addz(out, "unknown");
    else if (out->len > 0 && out->p[out->len - 1] == ' ')
        out->len--;
}

/* "60 s", "10 min". */
static void print_duration(struct tw_text *out, int64_t ns)
{
    double s = (double)ns / (double)TW_NS_PER_S;
    bool minutes = s >= 120 && fmod(s, 60) == 0;
    print_number(out, minutes ? s / 60 : s, false);
    tw_text_addz(out, minutes ? " min" : " s");
}

void tw_template_print(const struct tw_template *t, const struct tw_scene *scene, double count,
    int64_t over_ns, struct tw_text *out)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct tw_segment *s = &t->list[i];
        if (s->kind == TW_SEGMENT_TEXT)
            tw_text_add_str(out, s->text);
        else if (s->kind == TW_SEGMENT_COUNT)
            print_number(out, count, false);
        else if (s->kind == TW_SEGMENT_OVER)
            print_duration(out, over_ns);
        else
            tw_field_print(s->field, scene, out);
    }
}

static void json_scalar(struct tw_text *out, const struct tw_value *v)
{
    switch (v->kind) {
    case TW_VALUE_BOOL:
        tw_json_bool(out, v->b);
        break;
    case TW_VALUE_INT:
        tw_json_i64(out, v->i);
        break;
    case TW_VALUE_UINT:
        tw_json_u64(out, v->u);
        break;
    case TW_VALUE_FLOAT:
        tw_json_float(out, (float)v->d);
        break;
    case TW_VALUE_DOUBLE:
        tw_json_double(out, v->d);
        break;
    case TW_VALUE_STRING:
        tw_json_str(out, tw_utf8_cut(v->s, MAX_SHOWN));
        break;
    case TW_VALUE_BYTES:
        tw_json_base64(out, v->s.p, v->s.len < MAX_SHOWN ? v->s.len : MAX_SHOWN);
        break;
    case TW_VALUE_ARRAY:
    case TW_VALUE_OBJECT:
    case TW_VALUE_NONE:
    case TW_VALUE_NULL:
        tw_json_null(out);
        break;
    }
}

static void json_value(struct tw_text *out, const struct tw_value *v)
{
    if (v->kind != TW_VALUE_ARRAY) {
        json_scalar(out, v);
        return;
    }
    tw_json_array(out);
    for (uint32_t i = 0; i < v->n && i < MAX_ITEMS_SHOWN; i++)
        json_scalar(out, &v->items[i]);
    tw_json_array_end(out);
}

static void json_limit(struct tw_text *out, bool has, double v)
{
    if (has)
        tw_json_double(out, v);
    else
        tw_json_null(out);
}

bool tw_field_json(
    const struct tw_field *f, const struct tw_scene *scene, const char *key, struct tw_text *out)
{
    struct tw_field_value v = {.present = false};
    f->get(scene, &v);
    if (!v.present)
        return false;
    if (key != NULL)
        tw_json_key(out, key);
    if (f->type == TW_FIELD_RANGE) {
        tw_json_array(out);
        json_limit(out, v.range.has_min, v.range.min);
        json_limit(out, v.range.has_max, v.range.max);
        tw_json_array_end(out);
    } else if (f->type == TW_FIELD_IP) {
        char text[TW_IP_TEXT];
        tw_json_str(out, (struct tw_str){text, tw_ip_text(text, &v.ip)});
    } else {
        json_value(out, &v.value);
    }
    return true;
}
