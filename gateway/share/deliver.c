#include "share/deliver.h"

#include <errno.h>
#include <mosquitto.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "share/link.h"

/* One thread owns the connection. Callers only write to the spool and ring a bell.
 *
 *   DOWN ── connect ──▶ CONNECTING ── CONNACK 0 ──▶ UP
 *     ▲                     │ refused, closed, late    │ lost
 *     └──── back-off ◀──────┴──────────────────────────┘
 *
 * At most 16 messages are with the library, each in a slot. A lost connection keeps the handle, and
 * the library sends what was not acknowledged again. A handle that was refused or that waits for an
 * acknowledgement in vain is thrown away; then the slots are emptied and the spool gives the same
 * messages again. Either way every message arrives at least once, and receivers drop what they know by
 * its id. */

enum {
    SLOTS = TW_LINK_WINDOW + 1,  /* one for the state */
    VOLATILE_SHARE = 2,          /* of the window, so that a storm of alerts does not starve stats */
    RETRY_MS = 1000,
    RETRY_GROWTH = 30,
    ANSWER_TIMEOUT_MS = 10000,   /* connection begun to CONNACK */
    ACK_TIMEOUT_MS = 20000,
    GOODBYE_MS = 1000,           /* for the offline state, beyond the time to drain */
    DONE_BATCH = 64,             /* acknowledgements forgotten in one transaction … */
    DONE_EVERY_MS = 100,         /* … or after so long */
    PERMANENT_REFUSALS = 3,      /* of one message, then it rests */
    REST_MS = 3600000,
    FRUITLESS_ALL = 3,           /* connections lost without any acknowledgement, then one at a time */
    FRUITLESS_ONE = 3,           /* of a single message, then it rests */
};

enum state { DOWN, CONNECTING, UP };
enum slot_kind { SLOT_FREE, SLOT_SPOOLED, SLOT_VOLATILE, SLOT_STATE };

struct slot {
    enum slot_kind kind;
    int mid;
    int64_t id, sent_ms;
    int attempts;
};

struct tw_delivery {
    struct tw_broker_config config;
    struct tw_spool *spool;
    pthread_t thread;
    int bell;

    pthread_mutex_t lock; /* guards the two that follow */
    struct tw_publisher_stats stats;
    int64_t stop_at_ms;   /* 0: running */

    /* Of the thread alone. */
    struct tw_link link;
    bool has_link, was_up, spool_failed;
    enum state state;
    int version, failures, fruitless, window;
    bool version_proven, acked_since_up;
    int64_t retry_at_ms, answer_by_ms, next_due_ms, done_at_ms;
    int64_t cursor;       /* id of the last message that was taken from the spool */
    struct slot slots[SLOTS];
    int64_t done[DONE_BATCH];
    size_t n_done;
};

static int64_t now_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void complain(struct tw_delivery *d, const char *what)
{
    pthread_mutex_lock(&d->lock);
    tw_str_copy(d->stats.last_error, sizeof(d->stats.last_error), tw_str_of(what));
    pthread_mutex_unlock(&d->lock);
}

static void count(struct tw_delivery *d, uint64_t *counter)
{
    pthread_mutex_lock(&d->lock);
    ++*counter;
    pthread_mutex_unlock(&d->lock);
}

/* 1 s, 2 s, 4 s … 30 s */
static int64_t pause_after(const struct tw_delivery *d, int failures)
{
    int64_t first = d->config.retry_ms > 0 ? d->config.retry_ms : RETRY_MS;
    int64_t factor = INT64_C(1) << (failures < 5 ? failures : 5);
    return first * (factor < RETRY_GROWTH ? factor : RETRY_GROWTH);
}

static void set_connected(struct tw_delivery *d, bool connected)
{
    pthread_mutex_lock(&d->lock);
    d->stats.connected = connected;
    pthread_mutex_unlock(&d->lock);
}

/* Forget what was acknowledged. When the disk refuses, it is sent again after the next start. */
static void flush_done(struct tw_delivery *d)
{
    if (d->n_done > 0 && tw_spool_done(d->spool, d->done, d->n_done) != TW_OK)
        complain(d, "the spool can not be written");
    d->n_done = 0;
    d->done_at_ms = 0;
}

static struct slot *slot_of_mid(struct tw_delivery *d, int mid)
{
    for (int i = 0; i < SLOTS; i++) {
        if (d->slots[i].kind != SLOT_FREE && d->slots[i].mid == mid)
            return &d->slots[i];
    }
    return NULL;
}

static bool has_slot(const struct tw_delivery *d, enum slot_kind kind, int64_t id)
{
    for (int i = 0; i < SLOTS; i++) {
        if (d->slots[i].kind == kind && d->slots[i].id == id)
            return true;
    }
    return false;
}

static int used_slots(const struct tw_delivery *d, enum slot_kind kind)
{
    int n = 0;
    for (int i = 0; i < SLOTS; i++)
        n += d->slots[i].kind == kind;
    return n;
}

static int in_flight(const struct tw_delivery *d)
{
    return used_slots(d, SLOT_SPOOLED) + used_slots(d, SLOT_VOLATILE);
}

static void hold(struct tw_delivery *d, int64_t id, int64_t for_ms, int attempts)
{
    int64_t until = now_ms() + for_ms;
    if (tw_spool_hold(d->spool, id, until, attempts) != TW_OK)
        complain(d, "the spool can not be written");
    if (until < d->next_due_ms)
        d->next_due_ms = until;
}

static void rest(struct tw_delivery *d, int64_t id, int attempts)
{
    count(d, &d->stats.dead);
    hold(d, id, REST_MS, attempts);
}

/* Reasons that the same message will meet again [MQTT5 3.4.2.1]: not authorized, topic name invalid,
 * payload format invalid. The others (quota exceeded, busy, unspecified) pass. */
static bool permanent(int reason)
{
    return reason == 0x87 || reason == 0x90 || reason == 0x99;
}

static void refused(struct tw_delivery *d, const struct slot *slot, int reason)
{
    char text[128];
    count(d, &d->stats.refused);
    snprintf(text, sizeof(text), "the broker refused a message: %s", mosquitto_reason_string(reason));
    complain(d, text);
    if (slot->kind == SLOT_VOLATILE)
        tw_spool_volatile_done(d->spool, slot->id); /* a newer one will follow */
    if (slot->kind != SLOT_SPOOLED)
        return;
    int attempts = slot->attempts + 1;
    if (permanent(reason) && attempts >= PERMANENT_REFUSALS)
        rest(d, slot->id, attempts);
    else
        hold(d, slot->id, pause_after(d, slot->attempts), attempts);
}

static void accepted(struct tw_delivery *d, const struct slot *slot)
{
    if (slot->kind == SLOT_STATE)
        return;
    count(d, &d->stats.acknowledged);
    d->acked_since_up = true;
    d->fruitless = 0;
    d->window = TW_LINK_WINDOW;
    if (slot->kind == SLOT_VOLATILE)
        tw_spool_volatile_done(d->spool, slot->id);
    if (slot->kind != SLOT_SPOOLED)
        return;
    if (d->n_done == DONE_BATCH)
        flush_done(d);
    if (d->n_done == 0)
        d->done_at_ms = now_ms() + DONE_EVERY_MS;
    d->done[d->n_done++] = slot->id;
}

static void take_acks(struct tw_delivery *d)
{
    for (size_t i = 0; i < d->link.n_acks; i++) {
        struct slot *slot = slot_of_mid(d, d->link.acks[i].mid);
        if (slot == NULL)
            continue;
        struct slot was = *slot;
        slot->kind = SLOT_FREE;
        if (d->link.acks[i].reason < 0x80)
            accepted(d, &was);
        else
            refused(d, &was, d->link.acks[i].reason);
    }
    d->link.n_acks = 0;
}

/* Give everything that the handle holds back to the spool. */
static void drop_link(struct tw_delivery *d)
{
    if (d->has_link)
        tw_link_close(&d->link);
    d->has_link = false;
    flush_done(d);
    memset(d->slots, 0, sizeof(d->slots));
    d->cursor = 0;
}

/* The next attempt: 1 s, doubled up to 30 s, a quarter more or less, so that the gateways of a plant
 * do not come back all at once. */
static void retry_later(struct tw_delivery *d)
{
    uint16_t dice = 0;
    int64_t delay = pause_after(d, d->failures);
    if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) != (ssize_t)sizeof(dice))
        dice = UINT16_MAX / 2;
    d->failures++;
    d->retry_at_ms = now_ms() + delay * 3 / 4 + delay / 2 * dice / UINT16_MAX;
}

/* A connection that ended without acknowledging anything may have ended because of a message: brokers
 * of 3.1.1 have no other way to refuse one. Then they go one at a time, and the one that is never
 * taken rests. */
static void note_fruitless(struct tw_delivery *d)
{
    if (d->acked_since_up || in_flight(d) == 0)
        return;
    d->fruitless++;
    if (d->fruitless < FRUITLESS_ALL)
        return;
    d->window = 1;
    if (d->fruitless >= FRUITLESS_ALL + FRUITLESS_ONE) {
        for (int i = 0; i < SLOTS; i++) {
            if (d->slots[i].kind == SLOT_SPOOLED)
                rest(d, d->slots[i].id, d->slots[i].attempts + 1);
        }
        d->fruitless = FRUITLESS_ALL;
    }
    drop_link(d);
}

static void go_down(struct tw_delivery *d, int rc)
{
    char text[256];
    bool was_up = d->state == UP, was_connecting = d->state == CONNECTING;
    if (d->has_link) {
        tw_link_complaint(&d->link, rc, text, sizeof(text));
        complain(d, text);
    }
    d->state = DOWN;
    set_connected(d, false);
    if (was_up) {
        note_fruitless(d);
        if (d->acked_since_up)
            d->failures = 0;
        retry_later(d);
        return;
    }
    /* A refusal in MQTT 5 leaves a handle behind that never connects again. */
    bool other = was_connecting && !d->version_proven && tw_link_try_other(&d->link, rc);
    drop_link(d);
    retry_later(d);
    if (other) {
        d->version = d->version == 5 ? 4 : 5;
        if (d->failures < 3)
            d->retry_at_ms = now_ms();
    }
}

static void connect_now(struct tw_delivery *d)
{
    if (!d->has_link) {
        if (tw_link_open(&d->link, &d->config, d->version, true) != TW_OK) {
            complain(d, d->link.note[0] != '\0' ? d->link.note : "no connection can be made");
            retry_later(d);
            return;
        }
        d->has_link = true;
    }
    int rc = tw_link_connect(&d->link, &d->config);
    if (rc != MOSQ_ERR_SUCCESS) {
        go_down(d, rc);
        return;
    }
    d->state = CONNECTING;
    d->answer_by_ms = now_ms() + ANSWER_TIMEOUT_MS;
}

static struct slot *free_slot(struct tw_delivery *d)
{
    for (int i = 0; i < SLOTS; i++) {
        if (d->slots[i].kind == SLOT_FREE)
            return &d->slots[i];
    }
    return NULL;
}

enum handed { TAKEN, UNSENDABLE, NOT_NOW };

/* Hand one message to the library. */
static enum handed hand_over(
    struct tw_delivery *d, enum slot_kind kind, const struct tw_spooled *m)
{
    struct slot *slot = free_slot(d);
    int mid = 0;
    if (slot == NULL)
        return NOT_NOW;
    int rc = tw_link_publish(&d->link, d->config.root, m, &mid);
    if (!tw_link_owns(rc))
        return tw_link_unsendable(rc) ? UNSENDABLE : NOT_NOW;
    *slot = (struct slot){kind, mid, m->id, now_ms(), m->attempts};
    if (kind != SLOT_STATE)
        count(d, &d->stats.sent);
    return TAKEN;
}

struct filling {
    struct tw_delivery *d;
    enum slot_kind kind;
    bool in_order;      /* the cursor follows */
    int room;
    int64_t unsendable; /* id of one that is to be put to rest, which ends the reading */
    bool stopped;
};

static bool fill_one(void *user, const struct tw_spooled *m)
{
    struct filling *f = user;
    struct tw_delivery *d = f->d;
    if (f->room == 0 || f->unsendable != 0)
        return false;
    if (has_slot(d, f->kind, m->id))
        return true; /* it is on its way already */
    enum handed handed = hand_over(d, f->kind, m);
    f->stopped = handed == NOT_NOW;
    if (handed == NOT_NOW)
        return false;
    if (handed == UNSENDABLE)
        f->unsendable = m->id;
    else
        f->room--;
    if (f->in_order)
        d->cursor = m->id;
    return true;
}

static int room_for(const struct tw_delivery *d, enum slot_kind kind)
{
    int room = d->window - in_flight(d);
    if (kind == SLOT_VOLATILE || d->window <= VOLATILE_SHARE)
        return room;
    int reserved = VOLATILE_SHARE - used_slots(d, SLOT_VOLATILE);
    return room - (reserved > 0 ? reserved : 0);
}

static void put_to_rest(struct tw_delivery *d, const struct filling *f)
{
    if (f->unsendable == 0)
        return;
    complain(d, "a message is too large for this broker or has an unusable topic");
    if (f->kind == SLOT_VOLATILE)
        tw_spool_volatile_done(d->spool, f->unsendable);
    else
        rest(d, f->unsendable, 1);
}

static void fill(struct tw_delivery *d)
{
    struct filling f = {.d = d, .kind = SLOT_SPOOLED, .room = room_for(d, SLOT_SPOOLED)};
    int64_t now = now_ms();
    if (f.room > 0 && now >= d->next_due_ms) {
        tw_spool_due(d->spool, now, SLOTS + f.room, fill_one, &f);
        d->next_due_ms = f.room > 0 ? tw_spool_next_due(d->spool) : now;
        if (d->next_due_ms <= now)
            d->next_due_ms = now + 100; /* on its way */
        put_to_rest(d, &f);
    }
    f.unsendable = 0;
    f.in_order = true;
    if (f.room > 0 && !f.stopped) {
        tw_spool_next(d->spool, d->cursor, SLOTS + f.room, fill_one, &f);
        put_to_rest(d, &f);
    }
    struct filling v = {.d = d, .kind = SLOT_VOLATILE, .room = room_for(d, SLOT_VOLATILE)};
    if (v.room > 0) {
        tw_spool_volatile(d->spool, SLOTS + v.room, fill_one, &v);
        put_to_rest(d, &v);
    }
}

static void publish_state(struct tw_delivery *d, const char *payload)
{
    struct tw_spooled m = {.topic = "state", .payload = tw_str_of(payload), .retain = true};
    if (payload != NULL && used_slots(d, SLOT_STATE) == 0)
        hand_over(d, SLOT_STATE, &m);
}

static void come_up(struct tw_delivery *d)
{
    d->state = UP;
    d->version_proven = true;
    d->acked_since_up = false;
    int64_t now = now_ms();
    for (int i = 0; i < SLOTS; i++)
        d->slots[i].sent_ms = now; /* the library has just sent them again */
    pthread_mutex_lock(&d->lock);
    d->stats.connected = true;
    d->stats.reconnects += d->was_up;
    d->stats.last_error[0] = '\0';
    pthread_mutex_unlock(&d->lock);
    d->was_up = true;
    publish_state(d, d->config.online);
}

static bool ack_is_late(const struct tw_delivery *d, int64_t now)
{
    int64_t limit = d->config.ack_timeout_ms > 0 ? d->config.ack_timeout_ms : ACK_TIMEOUT_MS;
    for (int i = 0; i < SLOTS; i++) {
        if (d->slots[i].kind != SLOT_FREE && now - d->slots[i].sent_ms > limit)
            return true;
    }
    return false;
}

static void loop(struct tw_delivery *d, int timeout_ms)
{
    int rc = tw_link_loop(&d->link, d->bell, timeout_ms);
    take_acks(d);
    if (d->state == CONNECTING && d->link.answered && d->link.answer == 0 && rc == MOSQ_ERR_SUCCESS)
        come_up(d);
    else if (d->state == CONNECTING && d->link.answered && d->link.answer != 0) {
        if (d->link.note[0] == '\0')
            snprintf(d->link.note, sizeof(d->link.note), "the broker refused the connection: %s",
                tw_link_answer_text(&d->link));
        go_down(d, rc);
    } else if (rc != MOSQ_ERR_SUCCESS) {
        go_down(d, rc);
    } else if (d->state == CONNECTING && now_ms() > d->answer_by_ms) {
        go_down(d, MOSQ_ERR_TIMEOUT);
    }
}

static void sleep_until(struct tw_delivery *d, int64_t until_ms)
{
    int64_t left = until_ms - now_ms();
    if (left > 0 && left < 50)
        left = 50;
    struct timespec t = {.tv_nsec = 50 * 1000000};
    eventfd_t n;
    (void)eventfd_read(d->bell, &n);
    if (left > 0)
        nanosleep(&t, NULL);
}

static int64_t stop_time(struct tw_delivery *d)
{
    pthread_mutex_lock(&d->lock);
    int64_t at = d->stop_at_ms;
    pthread_mutex_unlock(&d->lock);
    return at;
}

static bool all_done(struct tw_delivery *d)
{
    flush_done(d);
    struct tw_spool_count left = tw_spool_count(d->spool);
    return left.messages == 0 && left.volatiles == 0;
}

static void step(struct tw_delivery *d)
{
    if (d->state == DOWN) {
        if (now_ms() >= d->retry_at_ms)
            connect_now(d);
        else
            sleep_until(d, d->retry_at_ms);
        return;
    }
    if (d->state == UP) {
        fill(d);
        if (ack_is_late(d, now_ms())) {
            complain(d, "the broker does not acknowledge");
            d->state = DOWN;
            set_connected(d, false);
            drop_link(d);
            retry_later(d);
            return;
        }
    }
    loop(d, d->n_done > 0 ? DONE_EVERY_MS / 2 : 200);
    if (d->n_done > 0 && now_ms() >= d->done_at_ms)
        flush_done(d);
}

/* The offline state, acknowledged if time allows, and DISCONNECT, so that no will is sent. */
static void say_goodbye(struct tw_delivery *d)
{
    if (d->state != UP)
        return;
    int64_t until = now_ms() + GOODBYE_MS;
    while (d->state == UP && used_slots(d, SLOT_STATE) > 0 && now_ms() < until)
        loop(d, 20);
    if (d->state == UP)
        publish_state(d, d->config.offline);
    while (d->state == UP && used_slots(d, SLOT_STATE) > 0 && now_ms() < until)
        loop(d, 20);
    if (d->state != UP)
        return;
    mosquitto_disconnect(d->link.m);
    for (int i = 0; i < 50 && tw_link_loop(&d->link, -1, 20) == MOSQ_ERR_SUCCESS; i++)
        continue;
}

static void *run(void *user)
{
    struct tw_delivery *d = user;
    bool stopping = false;
    for (;;) {
        int64_t stop_at = stop_time(d);
        if (stop_at != 0 && (now_ms() >= stop_at || all_done(d)))
            break;
        if (stop_at != 0 && !stopping) {
            stopping = true;
            d->retry_at_ms = 0; /* the last chance is not waited away */
        }
        step(d);
    }
    say_goodbye(d);
    drop_link(d);
    set_connected(d, false);
    return NULL;
}

enum tw_status tw_delivery_start(const struct tw_broker_config *config, struct tw_spool *spool,
    struct tw_delivery **out)
{
    struct tw_delivery *d = calloc(1, sizeof(*d));
    if (d == NULL)
        return TW_NO_MEMORY;
    d->config = *config;
    d->spool = spool;
    d->version = 5;
    d->window = TW_LINK_WINDOW;
    d->next_due_ms = INT64_MAX;
    d->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&d->lock, NULL);
    if (d->bell < 0 || pthread_create(&d->thread, NULL, run, d) != 0) {
        if (d->bell >= 0)
            close(d->bell);
        pthread_mutex_destroy(&d->lock);
        free(d);
        return TW_NO_MEMORY;
    }
    *out = d;
    return TW_OK;
}

void tw_delivery_queued(struct tw_delivery *d)
{
    count(d, &d->stats.queued);
    (void)eventfd_write(d->bell, 1);
}

struct tw_publisher_stats tw_delivery_stats(struct tw_delivery *d)
{
    pthread_mutex_lock(&d->lock);
    struct tw_publisher_stats stats = d->stats;
    pthread_mutex_unlock(&d->lock);
    return stats;
}

void tw_delivery_stop(struct tw_delivery *d)
{
    pthread_mutex_lock(&d->lock);
    d->stop_at_ms = now_ms() + (d->config.drain_ms > 0 ? d->config.drain_ms : 0);
    pthread_mutex_unlock(&d->lock);
    (void)eventfd_write(d->bell, 1);
    pthread_join(d->thread, NULL);
    close(d->bell);
    pthread_mutex_destroy(&d->lock);
    free(d);
}
