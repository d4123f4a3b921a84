#pragma once
/* Words of a rule's expression. Tokens borrow from the text; offsets are bytes into it. */

#include "base/str.h"

enum tw_token_kind {
    TW_TOKEN_END,  /* its offset is behind the last word */
    TW_TOKEN_WORD, /* field, macro, operator word or bare value: letters, digits and _ . - / : + */
    TW_TOKEN_TEXT, /* quoted; the quotes are not part of it */
    TW_TOKEN_NUMBER, /* also with a unit: 60s, 512KiB; `number` is in seconds or bytes then */
    TW_TOKEN_LIST,   /* @name */
    TW_TOKEN_OPEN,
    TW_TOKEN_CLOSE,
    TW_TOKEN_SQUARE_OPEN,
    TW_TOKEN_SQUARE_CLOSE,
    TW_TOKEN_COMMA,
    TW_TOKEN_STAR,
    TW_TOKEN_EQ,
    TW_TOKEN_NE,
    TW_TOKEN_LT,
    TW_TOKEN_LE,
    TW_TOKEN_GT,
    TW_TOKEN_GE,
    TW_TOKEN_ERROR /* `error` says what */
};

struct tw_token {
    enum tw_token_kind kind;
    size_t offset;
    struct tw_str
        text;     /* WORD, TEXT (still with its escapes), NUMBER as written, LIST without the @ */
    bool escaped; /* TEXT with backslashes in it */
    double number;
    const char *error;
};

struct tw_lexer {
    struct tw_str text;
    size_t at;
};

struct tw_token tw_lexer_next(struct tw_lexer *l);
/* Write a quoted text without its escapes to `out[token->text.len]`; returns the length. */
size_t tw_lexer_unescape(const struct tw_token *token, char *out);
