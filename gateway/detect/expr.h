#pragma once
/* A rule's expression: parsed to a tree, checked against the field table, and turned into tests
 * that jump, which are evaluated without recursion or memory. A comparison with a field that is
 * absent is false, whatever the comparison. */

#include "config/yaml.h"
#include "detect/blocks.h"
#include "detect/calc.h"
#include "detect/pattern.h"
#include "detect/words.h"
#include "event/fields.h"

enum {
    TW_EXPR_MAX_BYTES = 16384,
    TW_EXPR_MAX_DEPTH = 48,
    TW_EXPR_MAX_TESTS = 4096, /* of one rule, its macros included */
    TW_EXPR_ALL_ACTIONS = (1 << TW_ACTION_COUNT) - 1,
    TW_COST_CALC = 6,
    TW_COST_CALL = 60 /* asked last, of what everything else holds for */
};

enum tw_literal_kind { TW_LITERAL_TEXT, TW_LITERAL_NUMBER, TW_LITERAL_BOOL, TW_LITERAL_NET };
struct tw_literal {
    enum tw_literal_kind kind;
    struct tw_str text;
    double number;
    bool truth;
    struct tw_ip ip;
    unsigned prefix; /* NET: leading bits that count */
};
struct tw_literals {
    const struct tw_literal *list;
    size_t n;
    bool sorted; /* all TEXT, in order: looked up by halves */
};

enum tw_op {
    TW_OP_TRUE,   /* a boolean field by itself */
    TW_OP_ACTION, /* action is one of `actions` */
    TW_OP_CALC,   /* `calc` is compared; no field is on the left */
    TW_OP_CALL,   /* `call` is true; the same */
    TW_OP_EXISTS,
    TW_OP_EQ,
    TW_OP_NE,
    TW_OP_LT,
    TW_OP_LE,
    TW_OP_GT,
    TW_OP_GE,
    TW_OP_IN,
    TW_OP_GLOB,
    TW_OP_CONTAINS,
    TW_OP_STARTSWITH,
    TW_OP_ENDSWITH,
    TW_OP_MATCHES,
    TW_OP_UNDER, /* one of the domain names, or below one */
    TW_OP_INSIDE,
    TW_OP_OUTSIDE,
    TW_OP_IS_NAN,
    TW_OP_IS_INFINITE,
    TW_OP_IS_SUBNORMAL,
    TW_OP_IS_NUMBER,
    TW_OP_IS_STRING,
    TW_OP_IS_BOOL,
    TW_OP_IS_ARRAY,
    TW_OP_IS_EMPTY,
    TW_OP_IS_NULL,
    TW_OP_COUNT
};

struct tw_test {
    enum tw_op op;
    uint32_t actions;
    const struct tw_field *left, *right; /* right: NULL when a literal is compared with */
    struct tw_literal one;
    struct tw_literals many;
    const struct tw_words *words;
    struct tw_str words_name;
    struct tw_pattern *pattern; /* MATCHES: this or `words` */
    struct tw_range range;
    const struct tw_calc *calc, *right_calc; /* right_calc NULL: `right` or `range` */
    enum tw_op compare;                      /* EQ to GE, INSIDE, OUTSIDE */
    const struct tw_call *call;
};

/* `slot`: the first place of the test's calls in what the rule remembers. */
bool tw_test_ask(const struct tw_test *t, const struct tw_scene *scene,
    const struct tw_recall_at *at, uint32_t slot);
/* The same of a test without calls. */
bool tw_test_eval(const struct tw_test *t, const struct tw_scene *scene);
uint32_t tw_test_calls(const struct tw_test *t);

enum tw_expr_kind { TW_EXPR_AND, TW_EXPR_OR, TW_EXPR_NOT, TW_EXPR_MACRO, TW_EXPR_TEST };
struct tw_expr {
    enum tw_expr_kind kind;
    struct tw_expr *first, *next; /* children; the next child of the same parent */
    struct tw_test test;
    unsigned cost;                      /* to evaluate; cheap children come first */
    uint32_t can_be_true, can_be_false; /* actions with which it may come out so */
    unsigned depth;
};

/* Named lists and macros of a rule set. */
struct tw_named_list {
    struct tw_str name;
    struct tw_str *items;
    size_t n;
    struct tw_literals sorted; /* made at the first use */
    const struct tw_words *words;
    bool used;
    const struct tw_yaml *yaml;
    const struct tw_node *node;
};
struct tw_macro {
    struct tw_str name;
    const struct tw_yaml *yaml;
    const struct tw_node *node;
    struct tw_expr *expr;
    bool used;
    enum { TW_MACRO_NEW, TW_MACRO_BUSY, TW_MACRO_DONE, TW_MACRO_BAD } state;
};
struct tw_names {
    struct tw_named_list *lists;
    size_t n_lists;
    struct tw_macro *macros;
    size_t n_macros;
    struct tw_pattern *patterns; /* all that were compiled */
};

struct tw_expr_place {
    const struct tw_yaml *yaml;
    const struct tw_node *node;
    struct tw_diags *diags;
    struct tw_blocks *blocks;
    struct tw_names *names;
};

/* `pattern` may be NULL. */
static inline void tw_names_keep_pattern(struct tw_names *names, struct tw_pattern *pattern)
{
    if (pattern != NULL)
        names->patterns = tw_pattern_chain(pattern, names->patterns);
}

/* Parse and check the scalar `node`. NULL when anything was reported (or memory is short). */
struct tw_expr *tw_expr_parse(const struct tw_expr_place *place);

/* What an event is like, in bits (filter.h). */
__extension__ typedef unsigned __int128 tw_like;

/* The tree as jumps. Zeroed (n == 0): always true. */
struct tw_program {
    struct tw_jump *jumps;
    uint32_t n, entry;
    uint32_t actions; /* with any other action it can not be true */
    uint32_t n_calls; /* places in what its rule remembers */
    const struct tw_expr *expr;
};
/* False when there are too many tests or memory is short; reported at the place. */
bool tw_program_build(
    const struct tw_expr_place *place, struct tw_expr *expr, struct tw_program *out);
/* Of a program without calls. */
bool tw_program_run(const struct tw_program *p, const struct tw_scene *scene);
/* The same. `out_shared` says whether only fields that all events of the message share were looked
 * at: then the others come out the same. */
bool tw_program_run_shared(const struct tw_program *p, const struct tw_scene *scene,
    const struct tw_recall_at *at, bool *out_shared);
/* Can it be true for any event that is like this one (filter.h)? */
bool tw_program_can_hold(const struct tw_program *p, const struct tw_scene *scene, tw_like like);

/* What is left to ask of a program for events that are alike: the tests that come out one way for
 * all of them are gone. `shared` says of a test, and of what is gone on the way behind it, whether
 * only fields were looked at that all events of a message share. */
struct tw_rest_jump {
    const struct tw_test *test;
    uint32_t if_true, if_false, slot;
    bool shared, true_shared, false_shared;
};
struct tw_rest {
    const struct tw_rest_jump *jumps;
    uint32_t entry;
    bool shared;
    bool of_value; /* nothing but the value is left to ask about */
};
/* `room` is for p->n jumps; how many of them were used is returned. */
uint32_t tw_program_rest(const struct tw_program *p, const struct tw_scene *scene, tw_like like,
    struct tw_rest_jump *room, struct tw_rest *out);
/* As tw_program_run_shared() of the program, for an event that is like the one it was made for. */
bool tw_rest_run(const struct tw_rest *rest, const struct tw_scene *scene,
    const struct tw_recall_at *at, bool *out_shared);

/* A field by name, or a report with the nearest one. `offset` is where it stands in place->node. */
const struct tw_field *tw_expr_field(
    const struct tw_expr_place *place, struct tw_str name, size_t offset);
/* The same for a field that makes a key: an actor or target without id counts by its address, never
 * as "no id". */
const struct tw_field *tw_expr_by_field(
    const struct tw_expr_place *place, struct tw_str name, size_t offset);
