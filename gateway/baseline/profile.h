#pragma once
/* What is normal for the values of one series, in numbers. A series is a variable as it is seen in
 * one way: read by one client, told to one client, or published. Mixed, samplings of several
 * clients would hide what each of them shows. Everything is in event time and in the variable's
 * unit. */

#include "base/addr.h"

enum tw_series_source {
    TW_SERIES_READ,    /* answers to one client's reads */
    TW_SERIES_NOTIFY,  /* data changes told to one client */
    TW_SERIES_PUBLISH, /* messages, whoever sent them */
    TW_SERIES_DELIVER  /* messages to one client, where their publish is not seen */
};
const char *tw_series_source_name(enum tw_series_source s); /* "read" … "deliver" */

enum tw_series_kind {
    TW_SERIES_CONSTANT, /* never changed */
    TW_SERIES_DISCRETE, /* few steps, or seldom: states, set-points */
    TW_SERIES_COUNTER,  /* goes one way: clocks, totals */
    TW_SERIES_ANALOG    /* measures something; the only kind that is judged */
};
const char *tw_series_kind_name(enum tw_series_kind k); /* "constant" … "analog" */

enum { TW_SERIES_OBJECT = 192, TW_SERIES_FIELD = 96, TW_SERIES_VARIABLE = 64 };

struct tw_series_name {
    enum tw_series_source source;
    struct tw_ip server, client; /* client: none of PUBLISH */
    uint16_t port;               /* of the server */
    struct tw_str object, field; /* at most TW_SERIES_OBJECT and TW_SERIES_FIELD bytes */
    struct tw_str variable;      /* its id in the inventory, for readers; absent: not declared */
};
/* The order of the file: object, field, source, server, client. */
int tw_series_name_cmp(const struct tw_series_name *a, const struct tw_series_name *b);

/* Counts are doubles, too: they are written, read and compared as the others. */
struct tw_profile {
    double samples, changes;
    double rising;  /* share of the changes that went up */
    double repeats; /* values that were an exact copy of an earlier stretch */
    double min, max, mean, deviation;
    /* x[i] = intercept + phi * x[i-1], and the deviation of what is left [AR(1)]. */
    double phi, intercept, residual;
    double excursion;           /* largest sum of what is left, in deviations: see tw_cusum_add() */
    double unrest;              /* mean square of changes from value to value */
    double step_max, slope_max; /* largest change to the next value, over five values */
    double resolution;          /* smallest change */
    double period_s, period_deviation_s; /* between values */
    double steady_s;                     /* longest time without a change */
};

/* Its numbers by name, in the order of the file. */
struct tw_profile_number {
    const char *name;
    size_t offset;
    bool below_zero; /* it may be */
};
extern const struct tw_profile_number tw_profile_numbers[];
extern const size_t tw_profile_numbers_count;
static inline double *tw_profile_at(struct tw_profile *p, size_t i)
{
    return (double *)(void *)((char *)p + tw_profile_numbers[i].offset);
}

enum tw_series_kind tw_profile_kind(const struct tw_profile *p);
/* Were there enough values? Else what deviates is counted, not told. */
bool tw_profile_is_active(const struct tw_profile *p);
