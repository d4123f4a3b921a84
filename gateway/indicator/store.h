#pragma once
/* Inside indicator/: how indicators are kept. */

#include "base/hash.h"
#include "base/table.h"
#include "indicator/pattern.h"

enum { TW_TRAIT_BYTES = 256 }; /* of a value; longer ones are none */

/* One comparison of a pattern. */
struct tw_trait_row {
    struct tw_text_key key; /* of the trait and the value */
    uint32_t object;
    struct tw_indicator what;
};

struct tw_indicators {
    struct tw_yaml *yaml;
    char digest[7 + 64 + 1];
    struct tw_seed seed;
    struct tw_indicator_object *objects;
    char **rooms; /* of their patterns' values */
    size_t n;
    struct tw_trait_row *rows; /* by key */
    size_t n_rows, size_rows;
    bool has[TW_TRAITS];
};

/* What is compared: addresses as bytes, names and digests in lower case. 0: it is no such value. */
size_t tw_trait_plain(enum tw_trait trait, struct tw_str value, char out[TW_TRAIT_BYTES]);
struct tw_text_key tw_trait_key(
    const struct tw_indicators *x, enum tw_trait trait, const char *plain, size_t len);
void tw_indicators_sort(struct tw_indicators *x);

/* What of an event that somebody arrives with is compared: an address as its bytes, all else as it
 * was sent. False for other events. */
typedef void (*tw_trait_fn)(void *user, enum tw_trait trait, struct tw_str value);
bool tw_traits_of_arrival(const struct tw_event *e, tw_trait_fn fn, void *user);
struct tw_trait_value {
    enum tw_trait trait;
    struct tw_str value;
};
/* The surest indicator that is valid at `now_ns` and names one of them; NULL: none. */
const struct tw_indicator *tw_indicators_find(
    const struct tw_indicators *x, int64_t now_ns, const struct tw_trait_value *traits, size_t n);
