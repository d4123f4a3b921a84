#include "detect/tally.h"

#include <math.h>
#include <stdlib.h>

#include "base/timefmt.h"

enum {
    MAX_KEYS = 8192,
    MAX_DISTINCT_KEYS = 512,
    REGISTER_BITS = 10, /* 1024 registers: a standard error of 1.04 / 32 */
    REGISTERS = 1 << REGISTER_BITS
};

/* The slices that are in the window: `last` is the one that the newest event fell into. */
struct span {
    int64_t last;
    struct tw_proof proof;
};

struct sum {
    struct span span;
    double amounts[TW_TALLY_SLICES];
};

/* Registers of HyperLogLog for each slice; those of the window are their maxima. */
struct distinct {
    struct span span;
    uint8_t registers[TW_TALLY_DISTINCT_SLICES][REGISTERS];
};

struct tw_tallies {
    struct tw_table *table;
    enum tw_window_kind kind;
    double least, per_s; /* per_s: what a rate divides by */
    int64_t slice_ns;
};

struct tw_tallies *tw_tallies_new(const struct tw_window_spec *spec)
{
    struct tw_tallies *t = calloc(1, sizeof(*t));
    const bool distinct = spec->kind == TW_WINDOW_DISTINCT;
    if (t == NULL)
        return NULL;
    t->kind = spec->kind;
    t->least = spec->least;
    t->per_s = (double)spec->over_ns / (double)TW_NS_PER_S;
    t->slice_ns = spec->over_ns / (distinct ? TW_TALLY_DISTINCT_SLICES : TW_TALLY_SLICES);
    if (t->slice_ns == 0)
        t->slice_ns = 1;
    t->table = tw_table_new(sizeof(struct tw_text_key),
        distinct ? sizeof(struct distinct) : sizeof(struct sum),
        distinct ? MAX_DISTINCT_KEYS : MAX_KEYS, tw_seed_random());
    if (t->table != NULL)
        return t;
    free(t);
    return NULL;
}

void tw_tallies_free(struct tw_tallies *t)
{
    if (t == NULL)
        return;
    tw_table_free(t->table);
    free(t);
}

uint64_t tw_tallies_evictions(const struct tw_tallies *t)
{
    return tw_table_evictions(t->table);
}

/* Move on to the slice of `now`; how many slices begin anew, and at which one. Time that jumps back
 * counts as now. */
static int64_t move_on(struct span *s, int64_t now, int64_t slices, bool created)
{
    int64_t fresh = created ? slices : now - s->last;
    if (fresh <= 0)
        return 0;
    if (fresh > slices)
        fresh = slices;
    if (fresh == slices)
        s->proof = (struct tw_proof){.n = 0};
    s->last = now;
    return fresh;
}

static size_t place(int64_t slice, int64_t slices)
{
    const int64_t at = slice % slices;
    return (size_t)(at < 0 ? at + slices : at);
}

static double add_amount(struct sum *s, int64_t slice, double amount, bool created)
{
    const int64_t fresh = move_on(&s->span, slice, TW_TALLY_SLICES, created);
    double sum = 0;
    for (int64_t i = 0; i < fresh; i++)
        s->amounts[place(s->span.last - i, TW_TALLY_SLICES)] = 0;
    s->amounts[place(s->span.last, TW_TALLY_SLICES)] += amount;
    for (size_t i = 0; i < TW_TALLY_SLICES; i++)
        sum += s->amounts[i];
    return sum;
}

/* With the correction for small numbers by counting what is empty. */
static double estimate(const struct distinct *d)
{
    double sum = 0;
    unsigned empty = 0;
    for (size_t r = 0; r < REGISTERS; r++) {
        uint8_t most = 0;
        for (size_t i = 0; i < TW_TALLY_DISTINCT_SLICES; i++)
            most = d->registers[i][r] > most ? d->registers[i][r] : most;
        sum += ldexp(1, -most);
        empty += most == 0;
    }
    const double m = REGISTERS, raw = 0.7213 / (1 + 1.079 / m) * m * m / sum;
    return raw <= 2.5 * m && empty > 0 ? m * log(m / empty) : raw;
}

static double add_value(struct distinct *d, int64_t slice, uint64_t hash, bool created)
{
    const int64_t fresh = move_on(&d->span, slice, TW_TALLY_DISTINCT_SLICES, created);
    for (int64_t i = 0; i < fresh; i++)
        memset(d->registers[place(d->span.last - i, TW_TALLY_DISTINCT_SLICES)], 0, REGISTERS);
    uint8_t *at =
        &d->registers[place(d->span.last, TW_TALLY_DISTINCT_SLICES)][hash >> (64 - REGISTER_BITS)];
    const uint64_t rest = hash << REGISTER_BITS | UINT64_C(1) << (REGISTER_BITS - 1);
    const uint8_t rank = (uint8_t)(__builtin_clzll(rest) + 1);
    if (rank > *at)
        *at = rank;
    return round(estimate(d));
}

bool tw_tallies_add(struct tw_tallies *t, struct tw_text_key key, int64_t ts_ns, uint64_t packet,
    double amount, uint64_t hash, double *out_count, struct tw_proof *out_proof)
{
    bool created;
    void *value = tw_table_put(t->table, &key, &created);
    struct span *span = value; /* which both begin with */
    const int64_t slice = ts_ns / t->slice_ns;
    double n = t->kind == TW_WINDOW_DISTINCT ? add_value(value, slice, hash, created)
                                             : add_amount(value, slice, amount, created);
    if (t->kind == TW_WINDOW_RATE)
        n /= t->per_s;
    tw_proof_add(&span->proof, packet);
    if (!(n >= t->least))
        return false;
    *out_count = n;
    *out_proof = span->proof;
    tw_proof_last(out_proof, packet);
    return true;
}
