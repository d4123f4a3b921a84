#pragma once
/* A JSON reader for payloads [RFC 8259]: one token at a time, in document order, without memory of
 * its own and without recursion. Every token is checked when it is given; a text is valid when the
 * reader gets to TW_JSON_END. Beyond the standard it takes NaN, Infinity and -Infinity inside
 * containers, which Python writes: a measurement that is not a number is exactly what must not be
 * overlooked. */

#include "base/limits.h"
#include "base/str.h"

enum tw_json_kind {
    TW_JSON_ERROR,
    TW_JSON_END,
    TW_JSON_TOO_DEEP, /* more than TW_MAX_JSON_DEPTH containers: the reader goes no further */
    TW_JSON_OBJECT,
    TW_JSON_OBJECT_END,
    TW_JSON_ARRAY,
    TW_JSON_ARRAY_END,
    TW_JSON_KEY,
    TW_JSON_STRING,
    TW_JSON_INT,
    TW_JSON_UINT, /* an integer beyond INT64_MAX */
    TW_JSON_DOUBLE,
    TW_JSON_BOOL,
    TW_JSON_NULL,
};

struct tw_json_token {
    enum tw_json_kind kind;
    bool escaped; /* KEY, STRING: tw_json_unescape() is needed */
    union {
        struct tw_str text; /* KEY, STRING: between the quotes */
        int64_t i;
        uint64_t u;
        double d;
        bool b;
    };
};

struct tw_json {
    struct tw_str text;
    size_t at;
    uint64_t objects; /* a bit for each open container, the outermost lowest: is it an object? */
    unsigned depth;
    uint8_t expect;
};

void tw_json_init(struct tw_json *r, struct tw_str text);

/* The next token, into `out`; returns its kind. After ERROR, END or TOO_DEEP the reader must not be
 * asked again. */
enum tw_json_kind tw_json_next(struct tw_json *r, struct tw_json_token *out);

/* The scalar at the reader's place, for those who know that a value of a container stands there;
 * all that is around it is theirs to check. ERROR where there is none. */
enum tw_json_kind tw_json_scalar(struct tw_json *r, struct tw_json_token *out);

/* For those who look for a few members only. `t` is the last token; false where no more tokens
 * follow, as above. To behind the value that it begins: */
bool tw_json_skip(struct tw_json *r, struct tw_json_token *t);
/* The next key of the open object, `t` the first token of its value; false also at its end. */
bool tw_json_member(struct tw_json *r, struct tw_json_token *t, struct tw_str *out_key);

/* Resolve the escapes of a string token into `out[size]`: as much as fits without cutting a
 * character. A lone surrogate becomes U+FFFD. Returns the length; `out_cut` says whether something
 * is missing. */
size_t tw_json_unescape(struct tw_str text, char *out, size_t size, bool *out_cut);
