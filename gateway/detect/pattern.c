#include "detect/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

enum { HEAP_LIMIT_KIB = 4096 };

struct tw_pattern {
    struct tw_pattern *next;
    struct tw_str text;
    pcre2_code *code;
    pcre2_match_context *context;
    pcre2_match_data *data;
    uint64_t limits;
};

static void pattern_free(void *pattern)
{
    struct tw_pattern *p = pattern;
    pcre2_match_data_free(p->data);
    pcre2_match_context_free(p->context);
    pcre2_code_free(p->code);
}

static bool set_up(struct tw_pattern *p)
{
    p->context = pcre2_match_context_create(NULL);
    p->data = pcre2_match_data_create_from_pattern(p->code, NULL);
    if (p->context == NULL || p->data == NULL)
        return false;
    pcre2_set_match_limit(p->context, TW_PATTERN_MATCH_LIMIT);
    pcre2_set_depth_limit(p->context, TW_PATTERN_MATCH_LIMIT);
    pcre2_set_heap_limit(p->context, HEAP_LIMIT_KIB);
    /* The first match takes memory that later ones use again. */
    (void)pcre2_match(p->code, (PCRE2_SPTR) "", 0, 0, 0, p->data, p->context);
    return true;
}

struct tw_pattern *tw_pattern_new(
    struct tw_blocks *blocks, struct tw_str pattern, char *out_why, size_t size, size_t *out_offset)
{
    const uint32_t options =
        PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_DOLLAR_ENDONLY;
    int error;
    PCRE2_SIZE offset = 0;
    *out_offset = 0;
    if (pattern.len > TW_PATTERN_MAX_BYTES) {
        snprintf(out_why, size, "it is longer than %d bytes", TW_PATTERN_MAX_BYTES);
        return NULL;
    }
    struct tw_pattern *p = tw_blocks_alloc(blocks, 1, sizeof(*p));
    if (p == NULL)
        return NULL;
    p->text = tw_blocks_str(blocks, pattern);
    p->code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.len, options, &error, &offset, NULL);
    if (p->code == NULL) {
        *out_offset = offset;
        if (pcre2_get_error_message(error, (PCRE2_UCHAR *)out_why, size) < 0)
            snprintf(out_why, size, "it is no regular expression");
        return NULL;
    }
    const bool ok = set_up(p);
    if (tw_blocks_on_fini(blocks, pattern_free, p) && ok)
        return p;
    blocks->failed = true;
    return NULL;
}

bool tw_pattern_match(struct tw_pattern *p, struct tw_str text)
{
    const int n = pcre2_match(
        p->code, (PCRE2_SPTR)(text.p != NULL ? text.p : ""), text.len, 0, 0, p->data, p->context);
    p->limits += n < 0 && n != PCRE2_ERROR_NOMATCH;
    return n >= 0;
}

struct tw_pattern *tw_pattern_chain(struct tw_pattern *p, struct tw_pattern *others)
{
    p->next = others;
    return p;
}

uint64_t tw_patterns_limits(const struct tw_pattern *chain)
{
    uint64_t n = 0;
    for (; chain != NULL; chain = chain->next)
        n += chain->limits;
    return n;
}

struct tw_str tw_pattern_text(const struct tw_pattern *p)
{
    return p->text;
}
