#pragma once
/* What was learned to be normal, as a file that people review: one line a series, in a fixed order,
 * with a digest over its content. Learned from captures of a declared learning time only, never
 * while judging. Read once, not changed afterwards. */

#include "baseline/practice.h"
#include "baseline/profile.h"
#include "config/yaml.h"

struct tw_baseline_entry {
    struct tw_series_name name;
    enum tw_series_kind kind;
    bool active; /* else shadow: what deviates is counted, not told */
    struct tw_profile profile;
};

/* All that a file says; lists in the order of tw_series_name_cmp(), and by id. */
struct tw_baseline_content {
    int64_t from_ns, to_ns; /* the learning time */
    const struct tw_baseline_entry *entries;
    size_t n;
    const struct tw_practice *systems;
    size_t n_systems;
};

struct tw_baseline;

/* NULL with diagnostics when the file is none, or its digest is not that of its content. */
struct tw_baseline *tw_baseline_load(const char *path, struct tw_diags *diags);
void tw_baseline_free(struct tw_baseline *b);
/* "sha256:…" over what the file says, however it is laid out. */
const char *tw_baseline_digest(const struct tw_baseline *b);
size_t tw_baseline_count(const struct tw_baseline *b);
const struct tw_baseline_entry *tw_baseline_at(const struct tw_baseline *b, size_t i);
const struct tw_practice *tw_baseline_systems(const struct tw_baseline *b, size_t *out_n);
const struct tw_baseline_content *tw_baseline_content(const struct tw_baseline *b);

/* How many series the file has room for beside these. */
size_t tw_baseline_room(const struct tw_practice *systems, size_t n);
void tw_baseline_write(const struct tw_baseline_content *content, struct tw_text *out);
