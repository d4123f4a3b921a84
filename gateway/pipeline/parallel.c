#include <pthread.h>
#include <stdlib.h>

#include "pipeline/drivers.h"
#include "pipeline/round.h"

enum { SLOTS = 4 };

/* Rounds are numbered from 0 and live in slot number % SLOTS. A slot is filled when `filled` has
 * passed its number, worked when every worker has, free again when `analysed` has. */
struct parallel_run {
    const struct tw_pipeline_config *config;
    unsigned workers;
    struct tw_round slots[SLOTS];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    uint64_t filled, analysed;
    uint64_t *worked; /* by worker */
    uint64_t filling; /* the reader's own: number of the round being filled */
};

struct worker_thread {
    struct parallel_run *run;
    struct tw_worker *worker;
    pthread_t thread;
    unsigned index;
    bool started;
};

static struct tw_round *slot(struct parallel_run *run, uint64_t number)
{
    return &run->slots[number % SLOTS];
}

static void announce(struct parallel_run *run, uint64_t *counter)
{
    pthread_mutex_lock(&run->lock);
    ++*counter;
    pthread_cond_broadcast(&run->changed);
    pthread_mutex_unlock(&run->lock);
}

static bool all_worked(const struct parallel_run *run, uint64_t number)
{
    for (unsigned i = 0; i < run->workers; i++) {
        if (run->worked[i] <= number)
            return false;
    }
    return true;
}

static void *work(void *arg)
{
    struct worker_thread *t = arg;
    struct parallel_run *run = t->run;
    for (uint64_t number = 0;; number++) {
        pthread_mutex_lock(&run->lock);
        while (run->filled <= number)
            pthread_cond_wait(&run->changed, &run->lock);
        pthread_mutex_unlock(&run->lock);
        struct tw_round *r = slot(run, number);
        bool last = r->last;
        tw_round_work(r, t->worker, t->index);
        announce(run, &run->worked[t->index]);
        if (last)
            return NULL;
    }
}

static void *analyse(void *arg)
{
    struct parallel_run *run = arg;
    size_t cursors[64];
    for (uint64_t number = 0;; number++) {
        pthread_mutex_lock(&run->lock);
        while (!all_worked(run, number))
            pthread_cond_wait(&run->changed, &run->lock);
        pthread_mutex_unlock(&run->lock);
        struct tw_round *r = slot(run, number);
        bool last = r->last;
        tw_round_merge(r, &run->config->sink, cursors);
        if (run->config->live && run->config->sink.turn != NULL)
            run->config->sink.turn(run->config->sink.user);
        announce(run, &run->analysed);
        if (last)
            return NULL;
    }
}

/* The round being filled goes to the workers; wait until the next slot is free. */
static void hand_over(struct parallel_run *run)
{
    announce(run, &run->filled);
    run->filling++;
    pthread_mutex_lock(&run->lock);
    while (run->filling - run->analysed >= SLOTS)
        pthread_cond_wait(&run->changed, &run->lock);
    pthread_mutex_unlock(&run->lock);
    tw_round_reset(slot(run, run->filling));
}

static void packet(void *user, const struct tw_packet *p)
{
    struct parallel_run *run = user;
    if (tw_round_add_packet(slot(run, run->filling), p))
        return;
    hand_over(run);
    /* An empty round holds any packet. */
    if (!tw_round_add_packet(slot(run, run->filling), p))
        abort();
}

static void add_time(
    struct parallel_run *run, enum tw_item_kind kind, int64_t now_ns, uint64_t last)
{
    if (tw_round_add_time(slot(run, run->filling), kind, now_ns, last))
        return;
    hand_over(run);
    if (!tw_round_add_time(slot(run, run->filling), kind, now_ns, last))
        abort();
}

static void tick(void *user, int64_t now_ns, uint64_t last)
{
    struct parallel_run *run = user;
    add_time(run, TW_ITEM_TICK, now_ns, last);
    /* Live, a second of traffic must not wait for a round to fill up. */
    if (run->config->live)
        hand_over(run);
}

/* Live, also an empty round: it takes the analyst's turn along. */
static void idle(void *user)
{
    struct parallel_run *run = user;
    if (run->config->live || slot(run, run->filling)->n > 0)
        hand_over(run);
}

static void finish(void *user, int64_t now_ns, uint64_t last)
{
    struct parallel_run *run = user;
    add_time(run, TW_ITEM_FINISH, now_ns, last);
    slot(run, run->filling)->last = true;
    announce(run, &run->filled);
}

static bool start(struct parallel_run *run, struct worker_thread *threads, pthread_t *analyst)
{
    const struct tw_worker_config config = {
        .limits = run->config->limits,
        .n_workers = run->workers,
        .payload_digests = run->config->payload_digests,
        .ndpi = true,
        .opcua_keys = run->config->opcua_keys,
        .tls_keys = run->config->tls_keys,
    };
    for (unsigned i = 0; i < SLOTS; i++) {
        if (!tw_round_init(&run->slots[i], run->workers))
            return false;
        run->slots[i].has_figures = run->config->live && run->config->sink.figures != NULL;
    }
    for (unsigned i = 0; i < run->workers; i++) {
        threads[i] = (struct worker_thread){.run = run, .index = i};
        threads[i].worker = tw_worker_new(&config);
        if (threads[i].worker == NULL)
            return false;
    }
    for (unsigned i = 0; i < run->workers; i++) {
        if (pthread_create(&threads[i].thread, NULL, work, &threads[i]) != 0)
            return false;
        threads[i].started = true;
    }
    return pthread_create(analyst, NULL, analyse, run) == 0;
}

/* A failed start leaves threads waiting for a round that never comes: give them an empty last one.
 */
static void abandon(struct parallel_run *run, struct worker_thread *threads)
{
    bool any = false;
    for (unsigned i = 0; i < run->workers; i++)
        any = any || threads[i].started;
    if (!any)
        return;
    slot(run, 0)->last = true;
    announce(run, &run->filled);
}

/* The number of events that were lost for want of memory. */
static uint64_t collect(
    struct parallel_run *run, struct worker_thread *threads, struct tw_pipeline_result *out)
{
    uint64_t lost = 0;
    for (unsigned i = 0; i < run->workers; i++) {
        if (threads[i].started)
            pthread_join(threads[i].thread, NULL);
        if (threads[i].worker != NULL)
            tw_worker_stats_add(threads[i].worker, &out->workers);
        tw_worker_free(threads[i].worker);
    }
    for (unsigned i = 0; i < SLOTS; i++) {
        for (unsigned k = 0; run->slots[i].outboxes != NULL && k < run->workers; k++) {
            out->extra_batches += run->slots[i].outboxes[k].extra;
            lost += run->slots[i].outboxes[k].lost;
        }
    }
    return lost;
}

enum tw_status tw_drive_parallel(
    const struct tw_pipeline_config *config, unsigned workers, struct tw_pipeline_result *out)
{
    struct parallel_run run = {.config = config, .workers = workers};
    struct worker_thread *threads = calloc(workers, sizeof(*threads));
    run.worked = calloc(workers, sizeof(*run.worked));
    pthread_mutex_init(&run.lock, NULL);
    pthread_cond_init(&run.changed, NULL);
    pthread_t analyst;
    enum tw_status st = TW_NO_MEMORY;
    if (threads != NULL && run.worked != NULL) {
        if (start(&run, threads, &analyst)) {
            const struct tw_reader_ops ops = {&run, packet, tick, finish, idle, NULL};
            st = tw_reader_run(config, &ops, out);
            pthread_join(analyst, NULL);
        } else {
            abandon(&run, threads);
        }
        if (collect(&run, threads, out) > 0)
            st = TW_NO_MEMORY;
    }
    for (unsigned i = 0; i < SLOTS; i++)
        tw_round_fini(&run.slots[i]);
    pthread_cond_destroy(&run.changed);
    pthread_mutex_destroy(&run.lock);
    free(run.worked);
    free(threads);
    return st;
}
