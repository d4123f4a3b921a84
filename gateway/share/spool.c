#include "share/spool.h"

#include <fcntl.h>
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define COLUMNS "id, topic, payload, retain, expiry, schema, tier, seq, attempts"

enum statement {
    ADD,
    ADD_VOLATILE,
    NEXT,
    DUE,
    NEXT_VOLATILE,
    DONE,
    DONE_VOLATILE,
    HOLD,
    NEXT_DUE,
    RESTING,
    BEGIN,
    COMMIT,
    ROLLBACK,
    STATEMENTS
};

static const char *const sql[STATEMENTS] = {
    [ADD] = "INSERT INTO spool(topic, payload, retain, expiry, schema, tier, seq)"
            " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [ADD_VOLATILE] =
        "INSERT OR REPLACE INTO newest(topic, payload, retain, expiry, schema, tier, seq)"
        " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    [NEXT] = "SELECT " COLUMNS " FROM spool WHERE id > ?1 AND held_until = 0 ORDER BY id LIMIT ?2",
    [DUE] = "SELECT " COLUMNS " FROM spool WHERE held_until > 0 AND held_until <= ?1"
            " ORDER BY held_until LIMIT ?2",
    [NEXT_VOLATILE] = "SELECT " COLUMNS " FROM newest WHERE id > ?1 ORDER BY id LIMIT ?2",
    [DONE] = "DELETE FROM spool WHERE id = ?1",
    [DONE_VOLATILE] = "DELETE FROM newest WHERE id = ?1",
    [HOLD] = "UPDATE spool SET held_until = ?2, attempts = ?3 WHERE id = ?1",
    [NEXT_DUE] = "SELECT min(held_until) FROM spool WHERE held_until > 0",
    [RESTING] = "SELECT count(*) FROM spool WHERE held_until > 0 AND held_until > ?1",
    [BEGIN] = "BEGIN IMMEDIATE",
    [COMMIT] = "COMMIT",
    [ROLLBACK] = "ROLLBACK",
};

/* EXCLUSIVE: one gateway per spool, and no shared-memory file. FULL: on disk when add returns. What
 * a broker refused before is tried again by a new start: somebody may have mended its permissions.
 */
static const char *const set_up[] = {
    "PRAGMA locking_mode = EXCLUSIVE",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA temp_store = MEMORY",
    "PRAGMA journal_size_limit = 16777216",
    "CREATE TABLE IF NOT EXISTS spool(id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL,"
    " payload BLOB NOT NULL, retain INTEGER NOT NULL, expiry INTEGER NOT NULL, schema TEXT,"
    " tier TEXT, seq INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0,"
    " held_until INTEGER NOT NULL DEFAULT 0)",
    "CREATE INDEX IF NOT EXISTS held ON spool(held_until) WHERE held_until > 0",
    "UPDATE spool SET held_until = 0, attempts = 0 WHERE held_until > 0",
    "CREATE TEMP TABLE newest(id INTEGER PRIMARY KEY AUTOINCREMENT, topic TEXT NOT NULL UNIQUE,"
    " payload BLOB NOT NULL, retain INTEGER NOT NULL, expiry INTEGER NOT NULL, schema TEXT,"
    " tier TEXT, seq INTEGER NOT NULL, attempts INTEGER NOT NULL DEFAULT 0)",
};

struct tw_spool {
    sqlite3 *db;
    sqlite3_stmt *statements[STATEMENTS];
    pthread_mutex_t lock;
    struct tw_spool_count count;
};

static enum tw_status status_of(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_DONE:
    case SQLITE_ROW:
        return TW_OK;
    case SQLITE_NOMEM:
        return TW_NO_MEMORY;
    case SQLITE_FULL:
        return TW_FULL;
    default:
        return TW_IO;
    }
}

/* Run a statement that gives no rows. Its values are bound. */
static enum tw_status run(struct tw_spool *s, enum statement which)
{
    int rc = sqlite3_step(s->statements[which]);
    sqlite3_reset(s->statements[which]);
    return status_of(rc);
}

static uint64_t count_rows(struct tw_spool *s, const char *query)
{
    sqlite3_stmt *statement = NULL;
    uint64_t n = 0;
    if (sqlite3_prepare_v2(s->db, query, -1, &statement, NULL) == SQLITE_OK &&
        sqlite3_step(statement) == SQLITE_ROW)
        n = (uint64_t)sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return n;
}

static int prepare(struct tw_spool *s)
{
    char limit[64];
    int rc = SQLITE_OK;
    for (size_t i = 0; i < sizeof(set_up) / sizeof(set_up[0]) && rc == SQLITE_OK; i++)
        rc = sqlite3_exec(s->db, set_up[i], NULL, NULL, NULL);
    uint64_t page = rc == SQLITE_OK ? count_rows(s, "PRAGMA page_size") : 0;
    if (page > 0) {
        snprintf(limit, sizeof(limit), "PRAGMA max_page_count = %llu",
            (unsigned long long)TW_SPOOL_MAX_MB * 1048576ULL / page);
        rc = sqlite3_exec(s->db, limit, NULL, NULL, NULL);
    }
    for (int i = 0; i < STATEMENTS && rc == SQLITE_OK; i++)
        rc = sqlite3_prepare_v3(
            s->db, sql[i], -1, SQLITE_PREPARE_PERSISTENT, &s->statements[i], NULL);
    if (rc == SQLITE_OK)
        s->count.messages = count_rows(s, "SELECT count(*) FROM spool");
    return rc;
}

static void shut(struct tw_spool *s)
{
    for (int i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(s->statements[i]);
    memset(s->statements, 0, sizeof(s->statements));
    sqlite3_close(s->db);
    s->db = NULL;
}

static int open_database(struct tw_spool *s, const char *path)
{
    if (path != NULL) {
        /* Ours alone: SQLite would make it readable for everybody. */
        int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
        if (fd < 0)
            return SQLITE_CANTOPEN;
        close(fd);
    }
    int rc = sqlite3_open_v2(path != NULL ? path : ":memory:", &s->db,
        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_NOMUTEX, NULL);
    return rc == SQLITE_OK ? prepare(s) : rc;
}

static bool move_aside(const char *path)
{
    char bad[1024], side[1024];
    static const char *const ends[] = {"-wal", "-shm"};
    if (snprintf(bad, sizeof(bad), "%s.bad", path) >= (int)sizeof(bad) || rename(path, bad) != 0)
        return false;
    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (snprintf(side, sizeof(side), "%s%s", path, ends[i]) < (int)sizeof(side))
            unlink(side);
    }
    return true;
}

enum tw_status tw_spool_open(const char *path, struct tw_spool **out, char *err, size_t err_size)
{
    struct tw_spool *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return TW_NO_MEMORY;
    if (err_size > 0)
        err[0] = '\0';
    int rc = open_database(s, path);
    if (path != NULL && ((rc & 0xff) == SQLITE_NOTADB || (rc & 0xff) == SQLITE_CORRUPT)) {
        shut(s);
        if (move_aside(path)) {
            snprintf(err, err_size, "%s: is no spool; moved aside as %s.bad", path, path);
            s->count = (struct tw_spool_count){0};
            rc = open_database(s, path);
        }
    }
    if (rc != SQLITE_OK) {
        snprintf(err, err_size, "%s: %s", path != NULL ? path : "spool",
            (rc & 0xff) == SQLITE_BUSY ? "another process uses this spool" : sqlite3_errstr(rc));
        shut(s);
        free(s);
        return status_of(rc) == TW_OK ? TW_IO : status_of(rc);
    }
    pthread_mutex_init(&s->lock, NULL);
    *out = s;
    return TW_OK;
}

void tw_spool_close(struct tw_spool *s)
{
    if (s == NULL)
        return;
    shut(s);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

static void bind_text(sqlite3_stmt *statement, int at, struct tw_str s)
{
    if (s.p == NULL)
        sqlite3_bind_null(statement, at);
    else
        sqlite3_bind_text(statement, at, s.p, (int)s.len, SQLITE_STATIC);
}

enum tw_status tw_spool_add(struct tw_spool *s, const struct tw_message *m)
{
    enum tw_status status = TW_FULL;
    if (m->topic.len == 0 || m->topic.len > 60000 || m->payload.len > (size_t)64 << 20)
        return TW_INVALID;
    pthread_mutex_lock(&s->lock);
    bool room = m->volatile_ ? s->count.volatiles < TW_SPOOL_MAX_VOLATILE
                             : s->count.messages < TW_SPOOL_MAX_MESSAGES;
    if (room) {
        enum statement which = m->volatile_ ? ADD_VOLATILE : ADD;
        sqlite3_stmt *st = s->statements[which];
        bind_text(st, 1, m->topic);
        sqlite3_bind_blob(
            st, 2, m->payload.p != NULL ? m->payload.p : "", (int)m->payload.len, SQLITE_STATIC);
        sqlite3_bind_int(st, 3, m->retain);
        sqlite3_bind_int64(st, 4, m->expiry_s);
        bind_text(st, 5, m->schema);
        bind_text(st, 6, m->tier);
        sqlite3_bind_int64(st, 7, (int64_t)m->seq);
        status = run(s, which);
        sqlite3_clear_bindings(st);
    }
    if (status == TW_OK && m->volatile_)
        s->count.volatiles = count_rows(s, "SELECT count(*) FROM newest");
    else if (status == TW_OK)
        s->count.messages++;
    pthread_mutex_unlock(&s->lock);
    return status;
}

static struct tw_spooled row_of(sqlite3_stmt *st, bool is_volatile)
{
    /* The blob before its size, as SQLite asks. */
    const char *payload = sqlite3_column_blob(st, 2);
    return (struct tw_spooled){
        .id = sqlite3_column_int64(st, 0),
        .is_volatile = is_volatile,
        .topic = (const char *)sqlite3_column_text(st, 1),
        .payload = {payload, (size_t)sqlite3_column_bytes(st, 2)},
        .retain = sqlite3_column_int(st, 3) != 0,
        .expiry_s = (uint32_t)sqlite3_column_int64(st, 4),
        .schema = (const char *)sqlite3_column_text(st, 5),
        .tier = (const char *)sqlite3_column_text(st, 6),
        .seq = sqlite3_column_int64(st, 7),
        .attempts = sqlite3_column_int(st, 8),
    };
}

static enum tw_status each(
    struct tw_spool *s, enum statement which, int64_t from, int limit, tw_spooled_fn fn, void *user)
{
    sqlite3_stmt *st = s->statements[which];
    int rc;
    pthread_mutex_lock(&s->lock);
    sqlite3_bind_int64(st, 1, from);
    sqlite3_bind_int(st, 2, limit);
    while ((rc = sqlite3_step(st)) == SQLITE_ROW) {
        struct tw_spooled m = row_of(st, which == NEXT_VOLATILE);
        if (m.topic == NULL || !fn(user, &m))
            break;
    }
    sqlite3_reset(st);
    pthread_mutex_unlock(&s->lock);
    return status_of(rc);
}

enum tw_status tw_spool_next(
    struct tw_spool *s, int64_t after_id, int limit, tw_spooled_fn fn, void *user)
{
    return each(s, NEXT, after_id, limit, fn, user);
}

enum tw_status tw_spool_due(
    struct tw_spool *s, int64_t now_ms, int limit, tw_spooled_fn fn, void *user)
{
    return each(s, DUE, now_ms, limit, fn, user);
}

enum tw_status tw_spool_volatile(struct tw_spool *s, int limit, tw_spooled_fn fn, void *user)
{
    return each(s, NEXT_VOLATILE, 0, limit, fn, user);
}

enum tw_status tw_spool_done(struct tw_spool *s, const int64_t *ids, size_t n)
{
    if (n == 0)
        return TW_OK;
    pthread_mutex_lock(&s->lock);
    uint64_t gone = 0;
    enum tw_status status = run(s, BEGIN);
    for (size_t i = 0; i < n && status == TW_OK; i++) {
        sqlite3_bind_int64(s->statements[DONE], 1, ids[i]);
        status = run(s, DONE);
        gone += (uint64_t)sqlite3_changes(s->db);
    }
    if (status == TW_OK)
        status = run(s, COMMIT);
    if (status == TW_OK)
        s->count.messages -= gone;
    else
        (void)run(s, ROLLBACK);
    pthread_mutex_unlock(&s->lock);
    return status;
}

void tw_spool_volatile_done(struct tw_spool *s, int64_t id)
{
    pthread_mutex_lock(&s->lock);
    sqlite3_bind_int64(s->statements[DONE_VOLATILE], 1, id);
    /* Nothing is gone when a newer one took its place meanwhile. */
    if (run(s, DONE_VOLATILE) == TW_OK)
        s->count.volatiles -= (uint64_t)sqlite3_changes(s->db);
    pthread_mutex_unlock(&s->lock);
}

enum tw_status tw_spool_hold(struct tw_spool *s, int64_t id, int64_t until_ms, int attempts)
{
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *st = s->statements[HOLD];
    sqlite3_bind_int64(st, 1, id);
    sqlite3_bind_int64(st, 2, until_ms > 0 ? until_ms : 1);
    sqlite3_bind_int(st, 3, attempts);
    enum tw_status status = run(s, HOLD);
    pthread_mutex_unlock(&s->lock);
    return status;
}

int64_t tw_spool_next_due(struct tw_spool *s)
{
    int64_t due = INT64_MAX;
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *st = s->statements[NEXT_DUE];
    if (sqlite3_step(st) == SQLITE_ROW && sqlite3_column_type(st, 0) != SQLITE_NULL)
        due = sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    pthread_mutex_unlock(&s->lock);
    return due;
}

struct tw_spool_count tw_spool_count(struct tw_spool *s)
{
    pthread_mutex_lock(&s->lock);
    struct tw_spool_count count = s->count;
    pthread_mutex_unlock(&s->lock);
    return count;
}

uint64_t tw_spool_deliverable(struct tw_spool *s, int64_t by_ms)
{
    pthread_mutex_lock(&s->lock);
    sqlite3_stmt *st = s->statements[RESTING];
    uint64_t n = s->count.messages + s->count.volatiles;
    sqlite3_bind_int64(st, 1, by_ms);
    if (sqlite3_step(st) == SQLITE_ROW)
        n -= (uint64_t)sqlite3_column_int64(st, 0);
    sqlite3_reset(st);
    pthread_mutex_unlock(&s->lock);
    return n;
}
