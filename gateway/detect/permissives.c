#include "detect/acts.h"

static bool is_one_of(struct tw_str text, const struct tw_str *list, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (tw_str_eq_nocase(text, list[i]))
            return true;
    }
    return false;
}

static bool is_met(const struct tw_require_def *r, const struct tw_standing *v)
{
    const struct tw_str text = {v->text, v->text_len};
    if (r->n_is > 0 && !is_one_of(text, r->is, r->n_is))
        return false;
    if (r->n_is_not > 0 && is_one_of(text, r->is_not, r->n_is_not))
        return false;
    if (!v->is_number)
        return true;
    return (!r->range.has_min || v->number >= r->range.min) &&
           (!r->range.has_max || v->number <= r->range.max);
}

void tw_permissives_judge(const struct tw_standings *s, const struct tw_event *e,
    const struct tw_facts *f, struct tw_act_facts *out)
{
    char digits[TW_NUM_TEXT];
    const struct tw_command_def *def = f->variable.command;
    const struct tw_str text = tw_standing_text(&e->value, digits);
    for (size_t i = 0; def != NULL && i < def->n_requires; i++) {
        const struct tw_require_def *r = &def->requires[i];
        const struct tw_standing *v = tw_standing_of(s, r->variable);
        const bool asked = r->n_only == 0 || is_one_of(text, r->only, r->n_only);
        if (!asked || v == NULL || is_met(r, v))
            continue;
        out->unmet = r->variable;
        out->unmet_forbidden = r->n_is_not > 0;
        out->unmet_len = tw_str_copy(
            out->unmet_value, sizeof(out->unmet_value), (struct tw_str){v->text, v->text_len});
        return;
    }
}
