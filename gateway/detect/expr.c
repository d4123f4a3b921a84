#include "detect/expr.h"

#include <stdarg.h>
#include <stdio.h>

#include "detect/expr_parse.h"

static struct tw_expr *parse_or(struct tw_parser *p);

void tw_parser_advance(struct tw_parser *p)
{
    p->token = tw_lexer_next(&p->lexer);
    if (p->token.kind != TW_TOKEN_ERROR || p->lost)
        return;
    tw_parser_report(p, p->token.offset, NULL, "%s", p->token.error);
    p->lost = true;
}

void tw_parser_report(struct tw_parser *p, size_t offset, const char *hint, const char *format, ...)
{
    char message[512];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof(message), format, args);
    va_end(args);
    p->failed = true;
    if (!p->lost)
        tw_yaml_error_at(
            p->place->yaml, p->place->diags, p->place->node, offset, hint, "%s", message);
}

void tw_parser_lost(struct tw_parser *p, const char *wanted)
{
    struct tw_str shown = tw_utf8_cut(p->token.text, 40);
    if (p->token.kind == TW_TOKEN_END)
        tw_parser_report(
            p, p->token.offset, NULL, "the expression ends where %s must come", wanted);
    else
        tw_parser_report(
            p, p->token.offset, NULL, "%s must come here, not \"%.*s\"", wanted, TW_STR_ARG(shown));
    p->lost = true;
}

bool tw_parser_is_word(const struct tw_parser *p, const char *word)
{
    return p->token.kind == TW_TOKEN_WORD && tw_str_is(p->token.text, word);
}

struct tw_expr *tw_parser_new(struct tw_parser *p, enum tw_expr_kind kind)
{
    struct tw_expr *e = tw_blocks_alloc(p->place->blocks, 1, sizeof(*e));
    if (e == NULL) {
        p->failed = p->lost = true;
        return NULL;
    }
    e->kind = kind;
    e->can_be_true = e->can_be_false = TW_EXPR_ALL_ACTIONS;
    return e;
}

static struct tw_macro *find_macro(const struct tw_names *names, struct tw_str name)
{
    for (size_t i = 0; i < names->n_macros; i++) {
        if (tw_str_eq(names->macros[i].name, name))
            return &names->macros[i];
    }
    return NULL;
}

static void parse_macro(const struct tw_expr_place *from, struct tw_macro *m)
{
    struct tw_expr_place place = *from;
    place.yaml = m->yaml;
    place.node = m->node;
    m->state = TW_MACRO_BUSY;
    m->expr = tw_expr_parse(&place);
    m->state = m->expr ? TW_MACRO_DONE : TW_MACRO_BAD;
}

static struct tw_expr *macro_use(struct tw_parser *p, struct tw_macro *m, size_t at)
{
    m->used = true;
    if (m->state == TW_MACRO_BUSY) {
        tw_parser_report(p, at, NULL, "macro \"%.*s\" uses itself", TW_STR_ARG(m->name));
        return NULL;
    }
    if (tw_parser_at_operator(p)) {
        tw_parser_report(p, p->token.offset, NULL,
            "\"%.*s\" is a macro: it is true or false and can not be compared",
            TW_STR_ARG(m->name));
        tw_parser_skip(p);
        return NULL;
    }
    if (m->state == TW_MACRO_NEW)
        parse_macro(p->place, m);
    struct tw_expr *e = m->state == TW_MACRO_DONE ? tw_parser_new(p, TW_EXPR_MACRO) : NULL;
    p->failed |= m->state == TW_MACRO_BAD;
    if (e == NULL)
        return NULL;
    e->first = m->expr;
    e->cost = m->expr->cost;
    e->depth = m->expr->depth + 1;
    e->can_be_true = m->expr->can_be_true;
    e->can_be_false = m->expr->can_be_false;
    return e;
}

/* The nearest of all names that can begin a comparison. */
static const char *nearest_name(const struct tw_expr_place *place, struct tw_str name)
{
    size_t n = tw_fields_count() + place->names->n_macros;
    const char **names = tw_blocks_alloc(place->blocks, n + 1, sizeof(*names));
    if (names == NULL)
        return NULL;
    for (size_t i = 0; i < tw_fields_count(); i++)
        names[i] = tw_fields_at(i)->name;
    for (size_t i = 0; i < place->names->n_macros; i++)
        names[tw_fields_count() + i] = place->names->macros[i].name.p;
    return tw_nearest(name, names);
}

const struct tw_field *tw_expr_field(
    const struct tw_expr_place *place, struct tw_str name, size_t offset)
{
    const struct tw_field *f = tw_field_find(name);
    if (f != NULL)
        return f;
    struct tw_str shown = tw_utf8_cut(name, 64);
    tw_yaml_error_at(place->yaml, place->diags, place->node, offset, nearest_name(place, name),
        "there is no field \"%.*s\"", TW_STR_ARG(shown));
    return NULL;
}

const struct tw_field *tw_expr_by_field(
    const struct tw_expr_place *place, struct tw_str name, size_t offset)
{
    if (tw_str_is(name, "actor.id"))
        name = TW_STR("actor");
    if (tw_str_is(name, "target.asset"))
        name = TW_STR("target");
    const struct tw_field *f = tw_expr_field(place, name, offset);
    if (f == NULL || f->type != TW_FIELD_RANGE)
        return f;
    tw_yaml_error_at(place->yaml, place->diags, place->node, offset, NULL,
        "%s is a range and can not tell alerts apart", f->name);
    return NULL;
}

static struct tw_expr *primary(struct tw_parser *p)
{
    size_t at = p->token.offset;
    if (tw_calc_begins(p, true))
        return tw_parser_calc(p);
    if (tw_call_begins(p))
        return tw_parser_call(p);
    if (p->token.kind == TW_TOKEN_OPEN) {
        tw_parser_advance(p);
        struct tw_expr *e = parse_or(p);
        if (p->lost)
            return NULL;
        if (p->token.kind != TW_TOKEN_CLOSE) {
            if (p->token.kind == TW_TOKEN_END)
                tw_parser_report(p, at, NULL, "this parenthesis is never closed");
            else
                tw_parser_lost(p, "and, or, or a closing parenthesis");
            p->lost = true;
            return NULL;
        }
        tw_parser_advance(p);
        return e;
    }
    if (p->token.kind != TW_TOKEN_WORD || tw_parser_reserved(p->token.text)) {
        tw_parser_lost(p, "a field, a macro or a parenthesis");
        return NULL;
    }
    struct tw_str name = p->token.text;
    tw_parser_advance(p);
    struct tw_macro *m = find_macro(p->place->names, name);
    if (m != NULL)
        return macro_use(p, m, at);
    const struct tw_field *field = tw_field_find(name);
    if (field != NULL)
        return tw_parser_comparison(p, field, at);
    struct tw_str shown = tw_utf8_cut(name, 64);
    tw_parser_report(p, at, nearest_name(p->place, name), "there is no field or macro \"%.*s\"",
        TW_STR_ARG(shown));
    tw_parser_skip(p);
    return NULL;
}

static struct tw_expr *parse_not(struct tw_parser *p)
{
    if (++p->depth > TW_EXPR_MAX_DEPTH) {
        tw_parser_report(
            p, p->token.offset, "split it with macros", "the expression is nested too deeply");
        p->lost = true;
    }
    struct tw_expr *e = NULL;
    if (!p->lost && tw_parser_is_word(p, "not")) {
        tw_parser_advance(p);
        struct tw_expr *inner = parse_not(p);
        e = inner ? tw_parser_new(p, TW_EXPR_NOT) : NULL;
        if (e != NULL) {
            e->first = inner;
            e->cost = inner->cost;
            e->depth = inner->depth + 1;
            e->can_be_true = inner->can_be_false;
            e->can_be_false = inner->can_be_true;
        }
    } else if (!p->lost) {
        e = primary(p);
    }
    p->depth--;
    return e;
}

/* Cheap children first; the order does not change the result, since no test has an effect. */
static void add_child(struct tw_expr *parent, struct tw_expr *child)
{
    struct tw_expr **at = &parent->first;
    while (*at != NULL && (*at)->cost <= child->cost)
        at = &(*at)->next;
    child->next = *at;
    *at = child;
    parent->cost += child->cost;
    if (child->depth + 1 > parent->depth)
        parent->depth = child->depth + 1;
    if (parent->kind == TW_EXPR_AND) {
        parent->can_be_true &= child->can_be_true;
        parent->can_be_false |= child->can_be_false;
    } else {
        parent->can_be_true |= child->can_be_true;
        parent->can_be_false &= child->can_be_false;
    }
}

static struct tw_expr *new_parent(
    struct tw_parser *p, enum tw_expr_kind kind, struct tw_expr *child)
{
    struct tw_expr *e = tw_parser_new(p, kind);
    if (e == NULL)
        return NULL;
    e->can_be_true = kind == TW_EXPR_AND ? TW_EXPR_ALL_ACTIONS : 0;
    e->can_be_false = kind == TW_EXPR_AND ? 0 : TW_EXPR_ALL_ACTIONS;
    if (child != NULL)
        add_child(e, child);
    return e;
}

/* One or more operands joined by `word`. */
static struct tw_expr *joined(struct tw_parser *p, const char *word, enum tw_expr_kind kind,
    struct tw_expr *(*operand)(struct tw_parser *p))
{
    struct tw_expr *e = operand(p), *parent = NULL;
    while (!p->lost && tw_parser_is_word(p, word)) {
        tw_parser_advance(p);
        if (parent == NULL)
            parent = new_parent(p, kind, e);
        struct tw_expr *next = operand(p);
        if (parent != NULL && next != NULL)
            add_child(parent, next);
    }
    return parent ? parent : e;
}

static struct tw_expr *parse_and(struct tw_parser *p)
{
    return joined(p, "and", TW_EXPR_AND, parse_not);
}

static struct tw_expr *parse_or(struct tw_parser *p)
{
    return joined(p, "or", TW_EXPR_OR, parse_and);
}

struct tw_expr *tw_expr_parse(const struct tw_expr_place *place)
{
    struct tw_parser p = {.place = place, .lexer = {.text = place->node->text}};
    if (place->node->kind != TW_NODE_SCALAR)
        return NULL;
    if (p.lexer.text.len > TW_EXPR_MAX_BYTES) {
        tw_yaml_error(place->yaml, place->diags, place->node, false, "split it with macros",
            "the expression is longer than %d bytes", TW_EXPR_MAX_BYTES);
        return NULL;
    }
    tw_parser_advance(&p);
    struct tw_expr *e = parse_or(&p);
    if (!p.lost && p.token.kind != TW_TOKEN_END)
        tw_parser_lost(&p, "and, or, or the end");
    if (!p.failed && e != NULL && e->depth > TW_EXPR_MAX_DEPTH)
        tw_parser_report(&p, 0, NULL, "with its macros the expression is nested too deeply");
    return p.failed || place->blocks->failed ? NULL : e;
}
