#pragma once
/* A growing output buffer and a JSON writer on top of it, for events, alerts and reports. Output is
 * bytes in a fixed order: the same input gives the same bytes on every machine. Memory grows by
 * realloc and is kept between uses; running out is sticky (`failed`) and checked at the end. */

#include "base/num.h"
#include "base/str.h"

struct tw_text {
    char *p;
    size_t len, size;
    bool failed;
    /* The second that was written last, as text: most times fall into the same one. */
    bool has_second;
    char second_text[19];
    int64_t second;
};

void tw_text_free(struct tw_text *t);
static inline void tw_text_clear(struct tw_text *t)
{
    t->len = 0;
    t->failed = false;
}
void tw_text_add(struct tw_text *t, const char *p, size_t len);
void tw_text_addz(struct tw_text *t, const char *z);
void tw_text_add_str(struct tw_text *t, struct tw_str s);
/* Append the `len` bytes that stand at `at` of the text itself once more. */
void tw_text_repeat(struct tw_text *t, size_t at, size_t len);
void tw_text_addf(struct tw_text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline struct tw_str tw_text_str(const struct tw_text *t)
{
    return (struct tw_str){t->p ? t->p : "", t->len};
}

/* The writer puts commas by itself. Keys are trusted ASCII; string values are escaped, and bytes
 * that are not UTF-8 become U+FFFD, so that the output is always valid JSON. */
void tw_json_object(struct tw_text *t);     /* {  (as a value or after a key) */
void tw_json_object_end(struct tw_text *t); /* } */
void tw_json_array(struct tw_text *t);      /* [ */
void tw_json_array_end(struct tw_text *t);  /* ] */
void tw_json_key_of(struct tw_text *t, const char *key, size_t len);
static inline void tw_json_key(struct tw_text *t, const char *key) /* "key": */
{
    tw_json_key_of(t, key, strlen(key));
}
void tw_json_str(struct tw_text *t, struct tw_str s); /* null when absent */
void tw_json_z(struct tw_text *t, const char *z);
void tw_json_i64(struct tw_text *t, int64_t v);
void tw_json_u64(struct tw_text *t, uint64_t v);
/* NaN and infinities become the strings "NaN", "Infinity", "-Infinity". */
void tw_json_double(struct tw_text *t, double v);
void tw_json_float(struct tw_text *t, float v);
void tw_json_bool(struct tw_text *t, bool v);
void tw_json_null(struct tw_text *t);
/* Already valid JSON. */
void tw_json_raw(struct tw_text *t, struct tw_str json);
void tw_json_base64(struct tw_text *t, const void *p, size_t len);
void tw_json_time(struct tw_text *t, int64_t ns, bool nano);
void tw_json_hex(struct tw_text *t, const uint8_t *p, size_t len);

/* Members of an object whose value is one word: "key":value. */
static inline void tw_json_member_str(struct tw_text *t, const char *key, struct tw_str s)
{
    tw_json_key(t, key);
    tw_json_str(t, s);
}
static inline void tw_json_member_z(struct tw_text *t, const char *key, const char *z)
{
    tw_json_member_str(t, key, tw_str_of(z));
}
static inline void tw_json_member_i64(struct tw_text *t, const char *key, int64_t v)
{
    tw_json_key(t, key);
    tw_json_i64(t, v);
}
static inline void tw_json_member_u64(struct tw_text *t, const char *key, uint64_t v)
{
    tw_json_key(t, key);
    tw_json_u64(t, v);
}
static inline void tw_json_member_double(struct tw_text *t, const char *key, double v)
{
    tw_json_key(t, key);
    tw_json_double(t, v);
}
static inline void tw_json_member_bool(struct tw_text *t, const char *key, bool v)
{
    tw_json_key(t, key);
    tw_json_bool(t, v);
}
static inline void tw_json_member_time(struct tw_text *t, const char *key, int64_t ns, bool nano)
{
    tw_json_key(t, key);
    tw_json_time(t, ns, nano);
}

/* The same for what may not be there: then there is no key. */
static inline void tw_json_maybe_str(struct tw_text *t, const char *key, struct tw_str s)
{
    if (s.p != NULL)
        tw_json_member_str(t, key, s);
}
static inline void tw_json_maybe_u64(struct tw_text *t, const char *key, bool present, uint64_t v)
{
    if (present)
        tw_json_member_u64(t, key, v);
}
static inline void tw_json_maybe_time(struct tw_text *t, const char *key, int64_t ns, bool nano)
{
    if (ns != 0)
        tw_json_member_time(t, key, ns, nano);
}
