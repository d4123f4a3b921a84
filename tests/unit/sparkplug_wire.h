#pragma once
/* Payloads of Sparkplug put together field by field. */

#include <stdint.h>
#include <string.h>

struct pb {
    uint8_t b[1 << 16];
    size_t n;
};

static inline void pb_raw(struct pb *w, const void *p, size_t n)
{
    if (n > 0)
        memcpy(w->b + w->n, p, n);
    w->n += n;
}

static inline void pb_varint(struct pb *w, uint64_t v)
{
    for (; v > 0x7f; v >>= 7)
        w->b[w->n++] = (uint8_t)(v | 0x80);
    w->b[w->n++] = (uint8_t)v;
}

static inline void pb_tag(struct pb *w, unsigned field, unsigned type)
{
    pb_varint(w, field << 3 | type);
}

static inline void pb_number(struct pb *w, unsigned field, uint64_t v)
{
    pb_tag(w, field, 0);
    pb_varint(w, v);
}

static inline void pb_bytes(struct pb *w, unsigned field, const void *p, size_t n)
{
    pb_tag(w, field, 2);
    pb_varint(w, n);
    pb_raw(w, p, n);
}

static inline void pb_text(struct pb *w, unsigned field, const char *z)
{
    pb_bytes(w, field, z, strlen(z));
}

static inline void pb_sub(struct pb *w, unsigned field, const struct pb *sub)
{
    pb_bytes(w, field, sub->b, sub->n);
}

static inline void pb_float(struct pb *w, unsigned field, float v)
{
    pb_tag(w, field, 5);
    pb_raw(w, &v, sizeof(v));
}

static inline void pb_double(struct pb *w, unsigned field, double v)
{
    pb_tag(w, field, 1);
    pb_raw(w, &v, sizeof(v));
}

/* Fields of a Metric [SPB 6.4.6], and of a Payload. */
enum {
    M_NAME = 1,
    M_ALIAS,
    M_TIMESTAMP,
    M_DATATYPE,
    M_HISTORICAL,
    M_TRANSIENT,
    M_NULL,
    M_METADATA,
    M_PROPERTIES,
    M_INT,
    M_LONG,
    M_FLOAT,
    M_DOUBLE,
    M_BOOLEAN,
    M_STRING,
    M_BYTES,
    M_DATASET,
    M_TEMPLATE,
    P_TIMESTAMP = 1,
    P_METRICS = 2,
    P_SEQ = 3,
    P_UUID = 4,
    P_BODY = 5,
};

static inline void pb_metric(struct pb *w, const char *name, unsigned datatype)
{
    if (name != NULL)
        pb_text(w, M_NAME, name);
    if (datatype != 0)
        pb_number(w, M_DATATYPE, datatype);
}
