#pragma once
/* Inside the expression parser: what expr.c and operand.c share. */

#include "detect/expr.h"
#include "detect/lexer.h"

struct tw_parser {
    const struct tw_expr_place *place;
    struct tw_lexer lexer;
    struct tw_token token; /* the next one, not consumed */
    unsigned depth;
    bool failed; /* something was reported */
    bool lost;   /* syntax: no use to go on */
};

void tw_parser_advance(struct tw_parser *p);
void tw_parser_report(struct tw_parser *p, size_t offset, const char *hint, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
/* A syntax error at the present token. */
void tw_parser_lost(struct tw_parser *p, const char *wanted);

/* The present token is this word. */
bool tw_parser_is_word(const struct tw_parser *p, const char *word);

/* A new node of the tree; NULL (and no use to go on) when memory is short. */
struct tw_expr *tw_parser_new(struct tw_parser *p, enum tw_expr_kind kind);
/* An operator's word, or and, or, not: never a name. */
bool tw_parser_reserved(struct tw_str word);
bool tw_parser_at_operator(const struct tw_parser *p);
/* Behind a name that means nothing: skip its comparison, so that the rest is still checked. */
void tw_parser_skip(struct tw_parser *p);
/* What follows `field`, which stands at `at`. */
struct tw_expr *tw_parser_comparison(struct tw_parser *p, const struct tw_field *field, size_t at);

/* Does arithmetic begin here, on the left or on the right of a comparison? Else it is a field, a
 * literal, or a parenthesis around conditions. */
bool tw_calc_begins(const struct tw_parser *p, bool left);
/* NULL when anything was reported. */
const struct tw_calc *tw_calc_parse(struct tw_parser *p);
const struct tw_calc *tw_calc_of_field(struct tw_parser *p, const struct tw_field *field);
/* As it is written. */
const char *tw_call_name(enum tw_call_kind kind);
/* first_seen(…) or another call. */
bool tw_call_begins(const struct tw_parser *p);
/* One that is true or false. */
struct tw_expr *tw_parser_call(struct tw_parser *p);
/* Arithmetic and what it is compared with. */
struct tw_expr *tw_parser_calc(struct tw_parser *p);

/* Parse what stands on the right of `test->op` for the field `test->left`, checked against its
 * type. Errors are reported; the parser goes on behind the operand. */
void tw_operand_single(struct tw_parser *p, struct tw_test *test);
void tw_operand_list(struct tw_parser *p, struct tw_test *test);
void tw_operand_matches(struct tw_parser *p, struct tw_test *test);
void tw_operand_range(struct tw_parser *p, struct tw_test *test);
