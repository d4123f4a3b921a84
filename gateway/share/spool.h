#pragma once
/* What was handed over for publishing and is not acknowledged yet, in SQLite: on disk before the
 * call returns, gone when the broker has taken it. Volatile messages (only the newest per topic
 * counts) are kept in memory. Thread-safe; callbacks run with the lock held and may not call back.
 */

#include "share/publisher.h"

struct tw_spool;

/* `path` NULL: memory only. A spool that is no database is moved aside (.bad) and begun anew. `err`
 * may hold a remark on TW_OK. */
TW_MUST_CHECK enum tw_status tw_spool_open(
    const char *path, struct tw_spool **out, char *err, size_t err_size);
void tw_spool_close(struct tw_spool *s);

/* TW_FULL at the limits below. */
enum { TW_SPOOL_MAX_MESSAGES = 1000000, TW_SPOOL_MAX_VOLATILE = 4096, TW_SPOOL_MAX_MB = 2048 };
TW_MUST_CHECK enum tw_status tw_spool_add(struct tw_spool *s, const struct tw_message *message);

struct tw_spooled {
    int64_t id;
    bool is_volatile, retain;
    const char *topic; /* below the root, terminated */
    struct tw_str payload;
    uint32_t expiry_s;
    const char *schema, *tier; /* may be NULL */
    int64_t seq;
    int attempts; /* that the broker refused */
};
/* False: not taken, stop. */
typedef bool (*tw_spooled_fn)(void *user, const struct tw_spooled *m);

/* In order of arrival, those after `after_id` that are not held back. */
enum tw_status tw_spool_next(
    struct tw_spool *s, int64_t after_id, int limit, tw_spooled_fn fn, void *user);
/* Those whose time to be tried again has come. */
enum tw_status tw_spool_due(
    struct tw_spool *s, int64_t now_ms, int limit, tw_spooled_fn fn, void *user);
enum tw_status tw_spool_volatile(struct tw_spool *s, int limit, tw_spooled_fn fn, void *user);

/* Acknowledged: forget them, in one transaction. */
enum tw_status tw_spool_done(struct tw_spool *s, const int64_t *ids, size_t n);
void tw_spool_volatile_done(struct tw_spool *s, int64_t id);
/* Try again at `until_ms`, not before. */
enum tw_status tw_spool_hold(struct tw_spool *s, int64_t id, int64_t until_ms, int attempts);
/* The earliest such time, INT64_MAX when nothing is held. */
int64_t tw_spool_next_due(struct tw_spool *s);

/* How many are not held back beyond `by_ms`, volatile ones included. */
uint64_t tw_spool_deliverable(struct tw_spool *s, int64_t by_ms);

struct tw_spool_count {
    uint64_t messages, volatiles;
};
struct tw_spool_count tw_spool_count(struct tw_spool *s);
