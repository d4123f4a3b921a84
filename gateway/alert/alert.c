#include "alert/alert.h"

#include <stdlib.h>
#include <string.h>

#include "alert/due.h"
#include "alert/record.h"
#include "base/pool.h"
#include "base/table.h"
#include "base/timefmt.h"

/* Folding. A finding whose key is open adds to that alert; otherwise it opens one. The window is
 * measured from the last repeat: it closes once nothing repeated for window_ns. A repeat is told
 *   - at once when it scores higher than anything before it,
 *   - else 10 s after the line before, together with whatever else repeated until then,
 *   - at the latest when the window closes, the entry is evicted or the input ends.
 * A line never tells again what an earlier one said. What it says was settled when its last finding
 * came, never when it is written, so it does not depend on how often the clock is ticked. */

enum {
    DEFAULT_CAPACITY = 16384,
    MAX_PACKETS = 8,
    DIGEST = 72,                 /* "sha256:" and its digits */
    ENDS = 3,                    /* first and latest packets that stay whatever is folded */
    POOL_BYTES_PER_ALERT = 8192, /* address space; only what is used becomes memory */
    EVICT_FOR_MEMORY = 32,
};
#define DEFAULT_UPDATE_NS (10 * TW_NS_PER_S)

struct entry {
    struct tw_due_node due; /* first: a node is its entry */
    char id[37];
    char *text; /* pool memory of `text_size`: the pieces */
    size_t text_size, at[TW_PIECES + 1];
    char ruleset[DIGEST], inventory[DIGEST]; /* [tw_alert_state] */
    unsigned rev;
    enum tw_severity severity;
    int score, risk;
    enum tw_tier tier;
    bool is_ai, nano, by_baseline, pending, told, own;
    unsigned readable_percent;
    uint64_t count;
    int64_t first_ns, last_ns, window_ns, told_ns;
    uint64_t packets[MAX_PACKETS], proof[2]; /* proof: of the finding that scored highest */
    size_t n_packets;
};

struct tw_alerts {
    struct tw_alerts_config config;
    tw_alert_fn fn;
    void *user;
    struct tw_table *open;
    struct tw_seed seed;
    struct tw_pool *pool;
    struct tw_due due;
    struct tw_risks *risks;
    struct tw_text scratch, line;
    uint64_t serial;
    struct tw_alerts_stats stats;
};

static int64_t later(int64_t ns, int64_t by_ns)
{
    return ns > INT64_MAX - by_ns ? INT64_MAX : ns + by_ns;
}

static const char *digest_of(const char kept[DIGEST])
{
    return kept[0] != '\0' ? kept : NULL;
}

static struct tw_alert_state state_of(const struct entry *e)
{
    return (struct tw_alert_state){.id = e->id,
        .severity = e->severity,
        .score = e->score,
        .risk = e->risk,
        .tier = e->tier,
        .count = e->count,
        .first_ns = e->first_ns,
        .last_ns = e->last_ns,
        .nano = e->nano,
        .readable_percent = e->readable_percent,
        .packets = e->packets,
        .n_packets = e->n_packets,
        .ruleset = digest_of(e->ruleset),
        .inventory = digest_of(e->inventory),
        .by_baseline = e->by_baseline};
}

static struct tw_alert_record record_of(
    const struct entry *e, const struct tw_alert_text *text, struct tw_str json)
{
    struct tw_alert_record record = {.json = json,
        .severity = e->severity,
        .score = e->score,
        .risk = e->risk,
        .tier = e->tier,
        .rule = tw_alert_piece(text, TW_PIECE_RULE).p,
        .actor = tw_alert_piece(text, TW_PIECE_ACTOR),
        .actor_is_ai = e->is_ai,
        .target = tw_alert_piece(text, TW_PIECE_TARGET),
        .summary = tw_alert_piece(text, TW_PIECE_SUMMARY),
        .ts_ns = e->first_ns,
        .last_ts_ns = e->last_ns,
        .count = e->count,
        .update = e->told,
        .packets = e->packets,
        .n_packets = e->n_packets};
    memcpy(record.id, e->id, sizeof(record.id));
    return record;
}

static void emit(struct tw_alerts *a, struct entry *e)
{
    if (a->scratch.failed || e->text == NULL)
        return; /* out of memory: nothing can be said */
    struct tw_alert_text text = {.p = e->text};
    memcpy(text.at, e->at, sizeof(text.at));
    const struct tw_alert_state state = state_of(e);
    tw_text_clear(&a->line);
    tw_alert_line(&a->line, &a->config, &text, &state);
    if (a->line.failed)
        return;
    const struct tw_alert_record record = record_of(e, &text, tw_text_str(&a->line));
    if (e->told)
        a->stats.updates++;
    else
        a->stats.alerts++;
    e->told = true;
    e->pending = false;
    a->fn(a->user, &record);
}

static void close_entry(struct tw_alerts *a, struct entry *e)
{
    if (e->pending)
        emit(a, e);
    tw_due_remove(&a->due, &e->due);
    if (e->text_size > 0)
        tw_pool_put(a->pool, e->text, e->text_size);
    tw_table_remove(a->open, e);
}

static int64_t closes(const struct entry *e)
{
    return later(e->last_ns, e->window_ns);
}

static void schedule(struct tw_alerts *a, struct entry *e)
{
    int64_t at = closes(e), update = later(e->told_ns, a->config.update_every_ns);
    if (e->pending && update < at)
        at = update;
    tw_due_set(&a->due, &e->due, at);
}

void tw_alerts_tick(struct tw_alerts *a, int64_t now_ns)
{
    struct tw_due_node *first;
    while ((first = tw_due_first(&a->due)) != NULL && first->at_ns <= now_ns) {
        struct entry *e = (struct entry *)first;
        int64_t was = e->due.at_ns;
        schedule(a, e);
        if (e->due.at_ns > was)
            continue; /* it repeated since it was queued */
        if (closes(e) <= was) {
            close_entry(a, e);
            continue;
        }
        emit(a, e);
        e->told_ns = was;
        schedule(a, e);
    }
}

void tw_alerts_finish(struct tw_alerts *a)
{
    struct tw_due_node *first;
    while ((first = tw_due_first(&a->due)) != NULL) {
        struct entry *e = (struct entry *)first;
        int64_t was = e->due.at_ns;
        schedule(a, e);
        if (e->due.at_ns <= was)
            close_entry(a, e);
    }
}

/* Memory for the pieces. When the pool is used up the alerts that have been quiet longest make
 * room. */
static char *text_memory(struct tw_alerts *a, const struct entry *e, size_t want, size_t *out_size)
{
    char *p = tw_pool_get(a->pool, want, out_size);
    for (int i = 0; p == NULL && i < EVICT_FOR_MEMORY; i++) {
        struct entry *oldest = tw_table_oldest(a->open);
        if (oldest == NULL || oldest == e)
            break;
        close_entry(a, oldest);
        p = tw_pool_get(a->pool, want, out_size);
    }
    return p;
}

static int by_number(const void *a, const void *b)
{
    uint64_t x, y;
    memcpy(&x, a, sizeof(x));
    memcpy(&y, b, sizeof(y));
    return x < y ? -1 : x > y;
}

/* `n` sorted numbers without those that repeat. */
static size_t unique(uint64_t *list, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (kept == 0 || list[kept - 1] != list[i])
            list[kept++] = list[i];
    }
    return kept;
}

/* The packets of an alert: the first and the latest ones, those of the finding that scored highest,
 * and as many of the early ones as fit. */
static void fold_packets(struct entry *e, const struct tw_finding *f)
{
    uint64_t all[2 * MAX_PACKETS];
    size_t n = e->n_packets, added = f->n_packets < MAX_PACKETS ? f->n_packets : MAX_PACKETS;
    memcpy(all, e->packets, n * sizeof(all[0]));
    memcpy(all + n, f->packets, added * sizeof(all[0]));
    if (added == 0 && f->event->packet != 0)
        all[n + added++] = f->event->packet;
    n += added;
    qsort(all, n, sizeof(all[0]), by_number);
    n = unique(all, n);
    bool keep[2 * MAX_PACKETS];
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        keep[i] = i < ENDS || i + ENDS >= n || all[i] == e->proof[0] || all[i] == e->proof[1];
        kept += keep[i];
    }
    e->n_packets = 0;
    for (size_t i = 0; i < n; i++) {
        if (!keep[i] && kept < MAX_PACKETS)
            keep[i] = ++kept > 0;
        if (keep[i] && e->n_packets < MAX_PACKETS)
            e->packets[e->n_packets++] = all[i];
    }
}

/* Make `f` what the alert says: it is the first or scores higher than what was told. Without memory
 * the words stay in the scratch text, good for one line (`text_size` 0). */
static void take_content(struct tw_alerts *a, struct entry *e, const struct tw_finding *f,
    const struct tw_score_input *input, const struct tw_score *score)
{
    tw_text_clear(&a->scratch);
    tw_alert_pieces(&a->scratch, &a->config, f, input, score, e->at);
    if (e->text_size > 0)
        tw_pool_put(a->pool, e->text, e->text_size);
    e->text_size = 0;
    e->text = text_memory(a, e, a->scratch.len, &e->text_size);
    if (e->text != NULL)
        memcpy(e->text, a->scratch.p, a->scratch.len);
    else
        e->text = a->scratch.p;
    tw_str_copy(e->inventory, sizeof(e->inventory), tw_str_of(a->config.inventory));
    e->severity = score->severity;
    e->score = score->score;
    e->tier = f->facts->actor.tier;
    e->is_ai = f->facts->actor.kind == TW_ACTOR_AI_SYSTEM;
    e->nano = f->event->nano;
    e->by_baseline = f->event->action == TW_ACTION_DEVIATION;
    if (f->n_packets > 0) {
        e->proof[0] = f->packets[f->n_packets - 1];
        e->proof[1] = f->packets[f->n_packets > 1 ? f->n_packets - 2 : 0];
    }
}

static void add_repeat(struct entry *e, const struct tw_finding *f, int risk)
{
    e->count++;
    if (f->ts_ns > e->last_ns)
        e->last_ns = f->ts_ns;
    if (f->readable_percent < e->readable_percent)
        e->readable_percent = f->readable_percent;
    e->window_ns = f->window_ns;
    e->risk = risk;
    e->pending = true;
    fold_packets(e, f);
}

/* Tell it now, and again when it is due; what could not be kept is told once and forgotten. */
static void tell(struct tw_alerts *a, struct entry *e, int64_t now_ns)
{
    emit(a, e);
    e->told_ns = now_ns;
    if (e->text_size > 0)
        schedule(a, e);
    else
        close_entry(a, e);
}

static void repeat(struct tw_alerts *a, struct entry *e, const struct tw_finding *f,
    const struct tw_score_input *input, const struct tw_score *score, int risk)
{
    bool higher = score->score > e->score;
    a->stats.folded++;
    if (higher) {
        a->stats.by_severity[e->severity]--;
        take_content(a, e, f, input, score);
        a->stats.by_severity[e->severity]++;
    }
    add_repeat(e, f, risk);
    if (higher || f->ts_ns >= later(e->told_ns, a->config.update_every_ns))
        tell(a, e, f->ts_ns);
    else
        schedule(a, e);
}

static void open_alert(struct tw_alerts *a, const struct tw_text_key *key,
    const struct tw_finding *f, const struct tw_score_input *input, const struct tw_score *score,
    int risk)
{
    if (tw_table_size(a->open) >= a->due.capacity)
        close_entry(a, tw_table_oldest(a->open));
    struct entry *e = tw_table_put(a->open, key, NULL);
    e->due.serial = ++a->serial;
    e->readable_percent = 100;
    e->first_ns = e->last_ns = f->ts_ns;
    e->rev = f->rule->rev;
    e->own = f->rule->own;
    tw_str_copy(e->ruleset, sizeof(e->ruleset), tw_str_of(a->config.ruleset));
    tw_alert_id(&a->scratch, a->config.ruleset, f, e->id);
    take_content(a, e, f, input, score);
    a->stats.by_severity[e->severity]++;
    a->stats.by_tier[e->tier]++;
    add_repeat(e, f, risk);
    tell(a, e, f->ts_ns);
}

void tw_alerts_finding(struct tw_alerts *a, const struct tw_finding *f)
{
    char address[TW_IP_TEXT];
    tw_alerts_tick(a, f->ts_ns);
    struct tw_score_input input = tw_alert_score_input(f);
    struct tw_score score = tw_score_of(&input);
    int risk = tw_risks_add(a->risks, tw_alert_actor(f, address), f->rule->family, f->rule->id,
        &input, &score, f->ts_ns);
    struct tw_text_key key = tw_text_key(a->seed, f->key);
    struct entry *e = tw_table_find(a->open, &key);
    if (e != NULL)
        repeat(a, e, f, &input, &score, risk);
    else
        open_alert(a, &key, f, &input, &score, risk);
}

struct tw_alerts *tw_alerts_new(const struct tw_alerts_config *config, tw_alert_fn fn, void *user)
{
    struct tw_alerts *a = calloc(1, sizeof(*a));
    if (a == NULL)
        return NULL;
    a->config = *config;
    a->fn = fn;
    a->user = user;
    if (a->config.capacity == 0)
        a->config.capacity = DEFAULT_CAPACITY;
    if (a->config.update_every_ns <= 0)
        a->config.update_every_ns = DEFAULT_UPDATE_NS;
    size_t capacity = a->config.capacity;
    a->seed = tw_seed_random();
    a->open = tw_table_new(sizeof(struct tw_text_key), sizeof(struct entry), capacity, a->seed);
    a->pool = tw_pool_new(capacity * POOL_BYTES_PER_ALERT + ((size_t)1 << 20));
    a->risks = tw_risks_new(capacity < 4096 ? capacity : 4096);
    if (!tw_due_init(&a->due, capacity) || a->open == NULL || a->pool == NULL || a->risks == NULL) {
        tw_alerts_free(a);
        return NULL;
    }
    return a;
}

void tw_alerts_free(struct tw_alerts *a)
{
    if (a == NULL)
        return;
    tw_table_free(a->open);
    tw_pool_free(a->pool);
    tw_due_fini(&a->due);
    tw_risks_free(a->risks);
    tw_text_free(&a->scratch);
    tw_text_free(&a->line);
    free(a);
}

/* The rule of an alert, as it is written among its pieces. */
static bool is_kept(const struct entry *e, const struct tw_rules *rules)
{
    const struct tw_rule_info *rule = tw_rules_find(rules, e->text + e->at[TW_PIECE_RULE]);
    return rule != NULL && rule->rev == e->rev;
}

void tw_alerts_reload(
    struct tw_alerts *a, const struct tw_rules *rules, const char *ruleset, const char *inventory)
{
    struct entry *e = tw_table_oldest(a->open);
    while (e != NULL) {
        struct entry *newer = tw_table_newer(a->open, e);
        if (!e->own && !is_kept(e, rules))
            close_entry(a, e);
        e = newer;
    }
    a->config.ruleset = ruleset;
    a->config.inventory = inventory;
}

struct tw_alerts_stats tw_alerts_stats(const struct tw_alerts *a)
{
    return a->stats;
}

struct tw_risks *tw_alerts_risks(struct tw_alerts *a)
{
    return a->risks;
}
