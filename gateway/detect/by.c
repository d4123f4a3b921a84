#include "detect/by.h"

#include "detect/template.h"

enum { ROW_BYTES = 256, NAME_BYTES = 127 };

bool tw_by_eq(const struct tw_by *a, const struct tw_by *b)
{
    return a->n == b->n && memcmp(a->fields, b->fields, a->n * sizeof(a->fields[0])) == 0;
}

bool tw_by_make_room(struct tw_text *t)
{
    static const char blank[256];
    for (size_t n = 0; n < TW_BY_TEXT_BYTES; n += sizeof(blank))
        tw_text_add(t, blank, sizeof(blank));
    bool ok = !t->failed;
    tw_text_clear(t);
    return ok;
}

static void add(struct tw_text *out, const struct tw_field *f, const struct tw_scene *scene)
{
    struct tw_field_value v = {.present = false};
    f->get(scene, &v);
    if (v.present && v.value.kind == TW_VALUE_STRING) {
        char digits[TW_NUM_TEXT];
        tw_text_add(out, digits, tw_num_u64(digits, v.value.s.len));
        tw_text_add(out, ":", 1);
        tw_text_add_str(out, v.value.s);
    } else if (v.present) {
        tw_field_print(f, scene, out);
    }
}

struct tw_str tw_by_text(
    struct tw_text *out, const char *prefix, const struct tw_by *by, const struct tw_scene *scene)
{
    tw_text_clear(out);
    tw_text_addz(out, prefix);
    for (size_t i = 0; i < by->n; i++) {
        tw_text_add(out, "\x1f", 1);
        add(out, by->fields[i], scene);
    }
    return tw_text_str(out);
}

/* Nearly all are a few names. Those in a row, each with its length: what begins so is not the text
 * of any others. False when there is more to it. */
static bool names_in_a_row(
    const struct tw_by *by, const struct tw_scene *scene, char room[ROW_BYTES], size_t *out_len)
{
    size_t at = 0;
    room[at++] = 1;
    for (size_t i = 0; i < by->n; i++) {
        struct tw_field_value v = {.present = false};
        by->fields[i]->get(scene, &v);
        const struct tw_str s = v.present ? v.value.s : TW_STR_NONE;
        if ((v.present && v.value.kind != TW_VALUE_STRING) || s.len > NAME_BYTES ||
            ROW_BYTES - at < s.len + 2)
            return false;
        room[at++] = v.present ? 2 : 1;
        room[at++] = (char)s.len;
        if (s.len > 0)
            memcpy(room + at, s.p, s.len);
        at += s.len;
    }
    *out_len = at;
    return true;
}

struct tw_text_key tw_by_key(struct tw_text *scratch, struct tw_seed seed, const struct tw_by *by,
    const struct tw_scene *scene)
{
    char room[ROW_BYTES];
    size_t len;
    if (names_in_a_row(by, scene, room, &len))
        return tw_text_key(seed, (struct tw_str){room, len});
    return tw_text_key(seed, tw_by_text(scratch, "", by, scene));
}
