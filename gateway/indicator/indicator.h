#pragma once
/* Indicators that others share: STIX 2.1 objects in a file [STIX 2.1 4.7], and which of them an
 * event fits. Loaded once, read by the analysis thread, never changed. An indicator only adds
 * evidence: it allows nothing and lowers nothing.
 *
 * Of the patterns those are used that compare with "=" or IN, joined by OR: addresses, domain
 * names, SHA-256 and SHA-1 of certificates, SHA-256 of files, and what only plants have, as custom
 * objects: x-tierwatch-opcua:application_uri, :application_name, x-tierwatch-mqtt:client_id,
 * x-tierwatch-tls:ja3, :ja4. */

#include "config/yaml.h"
#include "event/facts.h"

enum { TW_MAX_INDICATORS = 10000, TW_INDICATOR_VALUES = 64 /* of one pattern */ };

/* What one indicator says of itself; texts borrow from the file. */
struct tw_indicator_object {
    struct tw_indicator what; /* type and value: of the first comparison */
    struct tw_str pattern, modified;
    int64_t from_ns, until_ns; /* until_ns: INT64_MAX where nothing is said */
    bool revoked;
    bool used; /* its pattern is one of those above */
    const struct tw_node *node;
};

struct tw_indicators;

/* A bundle, a list of objects or one object; what is no indicator is passed over. NULL when there
 * were errors. A pattern that is not used here is warned of. */
struct tw_indicators *tw_indicators_load(const char *path, struct tw_diags *diags);
void tw_indicators_free(struct tw_indicators *x);
/* 0 for NULL. */
size_t tw_indicators_count(const struct tw_indicators *x);
const struct tw_indicator_object *tw_indicators_at(const struct tw_indicators *x, size_t i);
/* "sha256:…" of the file's bytes. */
const char *tw_indicators_digest(const struct tw_indicators *x);

/* The surest indicator that is valid at the time of the event and fits it; NULL: none. Addresses
 * and names are looked at where somebody arrives, files where they are published. */
const struct tw_indicator *tw_indicators_match(
    const struct tw_indicators *x, const struct tw_event *e);

/* Those of both without the ones that are revoked or ended before `now_ns`; of the same id the one
 * that was modified later. A bundle, one object a line, in the order of ids. */
void tw_indicators_merge(const struct tw_indicators *const *all, size_t n, int64_t now_ns,
    struct tw_text *out, size_t *out_n);
