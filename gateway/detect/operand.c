/* What stands on the right of a comparison, checked against the type of the field on its left. */

#include <stdlib.h>

#include "base/num.h"
#include "detect/expr_parse.h"

static struct tw_str text_of(struct tw_parser *p, const struct tw_token *t)
{
    if (t->kind != TW_TOKEN_TEXT || !t->escaped)
        return tw_blocks_str(p->place->blocks, t->text);
    char *bytes = tw_blocks_alloc(p->place->blocks, t->text.len + 1, 1);
    if (bytes == NULL)
        return TW_STR_NONE;
    return (struct tw_str){bytes, tw_lexer_unescape(t, bytes)};
}

static bool has_text(const struct tw_token *t)
{
    return t->kind == TW_TOKEN_WORD || t->kind == TW_TOKEN_TEXT || t->kind == TW_TOKEN_NUMBER;
}

/* "10.10.0.0/16", "fd00::1". */
static bool net_of(struct tw_str s, struct tw_literal *out)
{
    const char *slash = s.len ? memchr(s.p, '/', s.len) : NULL;
    struct tw_str address = {s.p, slash ? (size_t)(slash - s.p) : s.len};
    if (!tw_ip_parse(address, &out->ip))
        return false;
    out->kind = TW_LITERAL_NET;
    out->prefix = out->ip.family == 6 ? 128 : 32;
    if (slash == NULL)
        return true;
    struct tw_number n;
    struct tw_str bits = {slash + 1, s.len - address.len - 1};
    if (!tw_num_parse(bits, &n) || !n.is_integer || n.i < 0 || n.i > (int64_t)out->prefix)
        return false;
    out->prefix = (unsigned)n.i;
    return true;
}

static bool is_choice(const struct tw_field *f, struct tw_str text)
{
    for (size_t i = 0; f->choices[i] != NULL; i++) {
        if (tw_str_is(text, f->choices[i]))
            return true;
    }
    return false;
}

static void report_choice(
    struct tw_parser *p, const struct tw_field *f, size_t at, struct tw_str text)
{
    struct tw_str shown = tw_utf8_cut(text, 40);
    tw_parser_report(
        p, at, tw_nearest(text, f->choices), "%s is never \"%.*s\"", f->name, TW_STR_ARG(shown));
}

/* Does `name` look like a field that does not exist ("variable.rnage")? */
static bool looks_like_field(struct tw_str name)
{
    const char *dot = memchr(name.p, '.', name.len);
    if (dot == NULL)
        return false;
    struct tw_str group = {name.p, (size_t)(dot - name.p) + 1};
    for (size_t i = 0; i < tw_fields_count(); i++) {
        if (tw_str_starts(tw_str_of(tw_fields_at(i)->name), group))
            return true;
    }
    return false;
}

static bool comparable(const struct tw_field *left, const struct tw_field *right)
{
    if (right->type == TW_FIELD_RANGE)
        return false;
    if (left->type == TW_FIELD_IP || right->type == TW_FIELD_IP)
        return left->type == right->type;
    if (left->type == TW_FIELD_VALUE || right->type == TW_FIELD_VALUE)
        return true;
    bool text = left->type == TW_FIELD_STRING || left->type == TW_FIELD_ENUM;
    if (text)
        return right->type == TW_FIELD_STRING || right->type == TW_FIELD_ENUM;
    return left->type == right->type;
}

/* A field as the operand. True when the token was one (or meant to be one). */
static bool field_operand(struct tw_parser *p, struct tw_test *test)
{
    const struct tw_token *t = &p->token;
    if (t->kind != TW_TOKEN_WORD)
        return false;
    if (test->left->type == TW_FIELD_ENUM && is_choice(test->left, t->text))
        return false;
    const struct tw_field *right = tw_field_find(t->text);
    if (right == NULL) {
        if (!looks_like_field(t->text))
            return false;
        p->failed = true;
        if (!p->lost)
            (void)tw_expr_field(p->place, t->text, t->offset);
        return true;
    }
    if (!comparable(test->left, right))
        tw_parser_report(
            p, t->offset, NULL, "%s can not be compared with %s", test->left->name, right->name);
    test->right = right;
    return true;
}

static void wrong(struct tw_parser *p, const struct tw_field *f, const struct tw_token *t,
    const char *what, const char *hint)
{
    struct tw_str shown = tw_utf8_cut(t->text, 40);
    tw_parser_report(
        p, t->offset, hint, "%s is %s, and \"%.*s\" is not", f->name, what, TW_STR_ARG(shown));
}

static void literal_text(
    struct tw_parser *p, const struct tw_field *f, const struct tw_token *t, struct tw_literal *out)
{
    if (t->kind == TW_TOKEN_NUMBER)
        wrong(p, f, t, "a text", "put it in quotes");
    out->kind = TW_LITERAL_TEXT;
    out->text = text_of(p, t);
}

static void literal_number(
    struct tw_parser *p, const struct tw_field *f, const struct tw_token *t, struct tw_literal *out)
{
    if (t->kind != TW_TOKEN_NUMBER)
        wrong(p, f, t, "a number", NULL);
    out->kind = TW_LITERAL_NUMBER;
    out->number = t->number;
}

static void literal_bool(
    struct tw_parser *p, const struct tw_field *f, const struct tw_token *t, struct tw_literal *out)
{
    bool yes = tw_str_is(t->text, "true");
    if (t->kind != TW_TOKEN_WORD || (!yes && !tw_str_is(t->text, "false")))
        wrong(p, f, t, "true or false", NULL);
    out->kind = TW_LITERAL_BOOL;
    out->truth = yes;
}

static void literal_choice(
    struct tw_parser *p, const struct tw_field *f, const struct tw_token *t, struct tw_literal *out)
{
    out->kind = TW_LITERAL_TEXT;
    out->text = text_of(p, t);
    if (out->text.p != NULL && !is_choice(f, out->text))
        report_choice(p, f, t->offset, out->text);
}

static void literal_net(
    struct tw_parser *p, const struct tw_field *f, const struct tw_token *t, struct tw_literal *out)
{
    if (!net_of(t->text, out))
        wrong(p, f, t, "an address", "write an address or a prefix such as 10.0.0.0/8");
}

static void literal_value(
    struct tw_parser *p, const struct tw_field *f, const struct tw_token *t, struct tw_literal *out)
{
    if (t->kind == TW_TOKEN_NUMBER) {
        literal_number(p, f, t, out);
    } else if (t->kind == TW_TOKEN_WORD &&
               (tw_str_is(t->text, "true") || tw_str_is(t->text, "false"))) {
        literal_bool(p, f, t, out);
    } else if (t->kind == TW_TOKEN_WORD && tw_str_eq_nocase(t->text, TW_STR("nan"))) {
        tw_parser_report(p, t->offset, "write \"is nan\"", "nothing equals NaN");
    } else {
        literal_text(p, f, t, out);
    }
}

typedef void (*literal_fn)(struct tw_parser *p, const struct tw_field *f, const struct tw_token *t,
    struct tw_literal *out);

static const literal_fn literals[] = {
    [TW_FIELD_STRING] = literal_text,
    [TW_FIELD_NUMBER] = literal_number,
    [TW_FIELD_BOOL] = literal_bool,
    [TW_FIELD_ENUM] = literal_choice,
    [TW_FIELD_IP] = literal_net,
    [TW_FIELD_RANGE] = literal_text,
    [TW_FIELD_VALUE] = literal_value,
};

void tw_operand_single(struct tw_parser *p, struct tw_test *test)
{
    if (!has_text(&p->token)) {
        if (p->token.kind == TW_TOKEN_LIST)
            tw_parser_report(p, p->token.offset, "in", "a list is asked with \"in\"");
        tw_parser_lost(p, "a value or a field");
        return;
    }
    if (!field_operand(p, test))
        literals[test->left->type](p, test->left, &p->token, &test->one);
    tw_parser_advance(p);
}

static struct tw_named_list *find_list(struct tw_parser *p, const struct tw_token *t)
{
    struct tw_names *names = p->place->names;
    for (size_t i = 0; i < names->n_lists; i++) {
        if (tw_str_eq(names->lists[i].name, t->text)) {
            names->lists[i].used = true;
            return &names->lists[i];
        }
    }
    const char **all = tw_blocks_alloc(p->place->blocks, names->n_lists + 1, sizeof(*all));
    for (size_t i = 0; all != NULL && i < names->n_lists; i++)
        all[i] = names->lists[i].name.p;
    struct tw_str shown = tw_utf8_cut(t->text, 64);
    tw_parser_report(p, t->offset, all ? tw_nearest(t->text, all) : NULL,
        "there is no list \"%.*s\"", TW_STR_ARG(shown));
    return NULL;
}

/* One item of a list, as a token of its own that stands where the list is used. */
static void add_named(struct tw_parser *p, const struct tw_field *f, const struct tw_token *use,
    struct tw_str item, struct tw_literal *out)
{
    struct tw_lexer lexer = {.text = item};
    struct tw_token t = tw_lexer_next(&lexer);
    if (f->type == TW_FIELD_STRING || t.kind == TW_TOKEN_ERROR || lexer.at < item.len)
        t = (struct tw_token){.kind = TW_TOKEN_TEXT, .text = item};
    t.offset = use->offset;
    literals[f->type](p, f, &t, out);
}

static int order(const void *a, const void *b)
{
    const struct tw_literal *x = a, *y = b;
    return tw_str_cmp(x->text, y->text);
}

enum { MAX_ITEMS = 65536 };

struct items {
    struct tw_literal *list;
    size_t n, size;
};

static struct tw_literal *one_more(struct tw_parser *p, struct items *items, size_t at)
{
    if (items->n == MAX_ITEMS)
        tw_parser_report(p, at, NULL, "a list holds at most %d items", MAX_ITEMS);
    if (items->n == items->size) {
        size_t size = items->size ? 2 * items->size : 16;
        struct tw_literal *list = tw_blocks_alloc(p->place->blocks, size, sizeof(*list));
        if (list == NULL || items->n == MAX_ITEMS) {
            p->failed = p->lost = true;
            return NULL;
        }
        if (items->n > 0)
            memcpy(list, items->list, items->n * sizeof(*list));
        items->list = list;
        items->size = size;
    }
    return &items->list[items->n++];
}

static void add_item(struct tw_parser *p, struct tw_test *test, struct items *items)
{
    struct tw_token t = p->token;
    if (t.kind != TW_TOKEN_LIST) {
        struct tw_literal *item = one_more(p, items, t.offset);
        if (item != NULL)
            literals[test->left->type](p, test->left, &t, item);
        return;
    }
    const struct tw_named_list *list = find_list(p, &t);
    for (size_t i = 0; list != NULL && i < list->n; i++) {
        struct tw_literal *item = one_more(p, items, t.offset);
        if (item == NULL)
            return;
        add_named(p, test->left, &t, list->items[i], item);
    }
}

void tw_operand_list(struct tw_parser *p, struct tw_test *test)
{
    struct items items = {0};
    bool open = p->token.kind == TW_TOKEN_OPEN;
    if (!open && p->token.kind != TW_TOKEN_LIST) {
        tw_parser_lost(p, "( or @list");
        return;
    }
    if (open)
        tw_parser_advance(p);
    do {
        if (!has_text(&p->token) && p->token.kind != TW_TOKEN_LIST) {
            tw_parser_lost(p, "a value or @list");
            return;
        }
        add_item(p, test, &items);
        tw_parser_advance(p);
        if (!open || p->lost || p->token.kind != TW_TOKEN_COMMA)
            break;
        tw_parser_advance(p);
    } while (!p->lost);
    if (open && !p->lost && p->token.kind != TW_TOKEN_CLOSE) {
        tw_parser_lost(p, "a comma or a closing parenthesis");
        return;
    }
    if (open)
        tw_parser_advance(p);
    bool texts = test->left->type == TW_FIELD_STRING || test->left->type == TW_FIELD_ENUM;
    if (texts && items.n > 0 && !p->failed)
        qsort(items.list, items.n, sizeof(*items.list), order);
    test->many = (struct tw_literals){items.list, items.n, texts};
}

/* Backslashes are the expression's own, but for those before a quotation mark. */
static struct tw_str pattern_of(struct tw_parser *p, const struct tw_token *t)
{
    char *out = tw_blocks_alloc(p->place->blocks, t->text.len + 1, 1);
    size_t n = 0;
    for (size_t i = 0; out != NULL && i < t->text.len; i++) {
        const char c = t->text.p[i], next = i + 1 < t->text.len ? t->text.p[i + 1] : '\0';
        if (t->escaped && c == '\\' && next == '"')
            continue;
        out[n++] = c;
        if (t->escaped && c == '\\' && next != '\0')
            out[n++] = t->text.p[++i];
    }
    return out != NULL ? (struct tw_str){out, n} : TW_STR_NONE;
}

/* A regular expression; what is wrong with it is told where it stands. */
static void operand_pattern(struct tw_parser *p, struct tw_test *test)
{
    char why[128] = "";
    size_t at;
    const struct tw_token t = p->token;
    test->pattern = tw_pattern_new(p->place->blocks, pattern_of(p, &t), why, sizeof(why), &at);
    if (test->pattern == NULL && why[0] != '\0')
        tw_parser_report(p, t.offset + 1 + at, NULL, "in the regular expression: %s", why);
    tw_names_keep_pattern(p->place->names, test->pattern);
    tw_parser_advance(p);
}

void tw_operand_matches(struct tw_parser *p, struct tw_test *test)
{
    if (p->token.kind == TW_TOKEN_TEXT) {
        operand_pattern(p, test);
        return;
    }
    if (p->token.kind != TW_TOKEN_LIST) {
        tw_parser_lost(p, "@list (of words) or a regular expression in quotes");
        return;
    }
    struct tw_named_list *list = find_list(p, &p->token);
    if (list != NULL && list->words == NULL)
        list->words = tw_words_new(p->place->blocks, list->items, list->n);
    test->words = list ? list->words : NULL;
    test->words_name = list ? list->name : TW_STR_NONE;
    tw_parser_advance(p);
}

static bool range_limit(struct tw_parser *p, double *out)
{
    if (p->token.kind != TW_TOKEN_NUMBER) {
        tw_parser_lost(p, "a number");
        return false;
    }
    *out = p->token.number;
    tw_parser_advance(p);
    return !p->lost;
}

/* variable.range, or [20, 90]. */
void tw_operand_range(struct tw_parser *p, struct tw_test *test)
{
    size_t at = p->token.offset;
    if (p->token.kind == TW_TOKEN_WORD) {
        const struct tw_field *f = tw_expr_field(p->place, p->token.text, at);
        p->failed |= f == NULL;
        if (f != NULL && f->type != TW_FIELD_RANGE)
            tw_parser_report(p, at, "variable.range", "%s is not a range", f->name);
        test->right = f;
        tw_parser_advance(p);
        return;
    }
    if (p->token.kind != TW_TOKEN_SQUARE_OPEN) {
        tw_parser_lost(p, "a range such as variable.range or [20, 90]");
        return;
    }
    tw_parser_advance(p);
    struct tw_range *r = &test->range;
    r->has_min = r->has_max = true;
    if (!range_limit(p, &r->min))
        return;
    if (p->token.kind != TW_TOKEN_COMMA) {
        tw_parser_lost(p, "a comma");
        return;
    }
    tw_parser_advance(p);
    if (!range_limit(p, &r->max))
        return;
    if (p->token.kind != TW_TOKEN_SQUARE_CLOSE) {
        tw_parser_lost(p, "]");
        return;
    }
    tw_parser_advance(p);
    if (r->min > r->max)
        tw_parser_report(p, at, NULL, "the range is empty: its lower limit is above its upper one");
}
