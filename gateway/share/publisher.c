#include "share/publisher.h"

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
#include "share/spool.h"

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

struct tw_publisher {
    struct tw_broker_config config; /* strings are own copies */
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

static void complain(struct tw_publisher *p, const char *what)
{
    pthread_mutex_lock(&p->lock);
    tw_str_copy(p->stats.last_error, sizeof(p->stats.last_error), tw_str_of(what));
    pthread_mutex_unlock(&p->lock);
}

static void count(struct tw_publisher *p, uint64_t *counter)
{
    pthread_mutex_lock(&p->lock);
    ++*counter;
    pthread_mutex_unlock(&p->lock);
}

/* 1 s, 2 s, 4 s … 30 s */
static int64_t pause_after(const struct tw_publisher *p, int failures)
{
    int64_t first = p->config.retry_ms > 0 ? p->config.retry_ms : RETRY_MS;
    int64_t factor = INT64_C(1) << (failures < 5 ? failures : 5);
    return first * (factor < RETRY_GROWTH ? factor : RETRY_GROWTH);
}

static void set_connected(struct tw_publisher *p, bool connected)
{
    pthread_mutex_lock(&p->lock);
    p->stats.connected = connected;
    pthread_mutex_unlock(&p->lock);
}

/* Forget what was acknowledged. When the disk refuses, it is sent again after the next start. */
static void flush_done(struct tw_publisher *p)
{
    if (p->n_done > 0 && tw_spool_done(p->spool, p->done, p->n_done) != TW_OK)
        complain(p, "the spool can not be written");
    p->n_done = 0;
    p->done_at_ms = 0;
}

static struct slot *slot_of_mid(struct tw_publisher *p, int mid)
{
    for (int i = 0; i < SLOTS; i++) {
        if (p->slots[i].kind != SLOT_FREE && p->slots[i].mid == mid)
            return &p->slots[i];
    }
    return NULL;
}

static bool has_slot(const struct tw_publisher *p, enum slot_kind kind, int64_t id)
{
    for (int i = 0; i < SLOTS; i++) {
        if (p->slots[i].kind == kind && p->slots[i].id == id)
            return true;
    }
    return false;
}

static int used_slots(const struct tw_publisher *p, enum slot_kind kind)
{
    int n = 0;
    for (int i = 0; i < SLOTS; i++)
        n += p->slots[i].kind == kind;
    return n;
}

static int in_flight(const struct tw_publisher *p)
{
    return used_slots(p, SLOT_SPOOLED) + used_slots(p, SLOT_VOLATILE);
}

static void hold(struct tw_publisher *p, int64_t id, int64_t for_ms, int attempts)
{
    int64_t until = now_ms() + for_ms;
    if (tw_spool_hold(p->spool, id, until, attempts) != TW_OK)
        complain(p, "the spool can not be written");
    if (until < p->next_due_ms)
        p->next_due_ms = until;
}

static void rest(struct tw_publisher *p, int64_t id, int attempts)
{
    count(p, &p->stats.dead);
    hold(p, id, REST_MS, attempts);
}

/* Reasons that the same message will meet again [MQTT5 3.4.2.1]: not authorized, topic name invalid,
 * payload format invalid. The others (quota exceeded, busy, unspecified) pass. */
static bool permanent(int reason)
{
    return reason == 0x87 || reason == 0x90 || reason == 0x99;
}

static void refused(struct tw_publisher *p, const struct slot *slot, int reason)
{
    char text[128];
    count(p, &p->stats.refused);
    snprintf(text, sizeof(text), "the broker refused a message: %s", mosquitto_reason_string(reason));
    complain(p, text);
    if (slot->kind == SLOT_VOLATILE)
        tw_spool_volatile_done(p->spool, slot->id); /* a newer one will follow */
    if (slot->kind != SLOT_SPOOLED)
        return;
    int attempts = slot->attempts + 1;
    if (permanent(reason) && attempts >= PERMANENT_REFUSALS)
        rest(p, slot->id, attempts);
    else
        hold(p, slot->id, pause_after(p, slot->attempts), attempts);
}

static void accepted(struct tw_publisher *p, const struct slot *slot)
{
    if (slot->kind == SLOT_STATE)
        return;
    count(p, &p->stats.acknowledged);
    p->acked_since_up = true;
    p->fruitless = 0;
    p->window = TW_LINK_WINDOW;
    if (slot->kind == SLOT_VOLATILE)
        tw_spool_volatile_done(p->spool, slot->id);
    if (slot->kind != SLOT_SPOOLED)
        return;
    if (p->n_done == DONE_BATCH)
        flush_done(p);
    if (p->n_done == 0)
        p->done_at_ms = now_ms() + DONE_EVERY_MS;
    p->done[p->n_done++] = slot->id;
}

static void take_acks(struct tw_publisher *p)
{
    for (size_t i = 0; i < p->link.n_acks; i++) {
        struct slot *slot = slot_of_mid(p, p->link.acks[i].mid);
        if (slot == NULL)
            continue;
        struct slot was = *slot;
        slot->kind = SLOT_FREE;
        if (p->link.acks[i].reason < 0x80)
            accepted(p, &was);
        else
            refused(p, &was, p->link.acks[i].reason);
    }
    p->link.n_acks = 0;
}

/* Give everything that the handle holds back to the spool. */
static void drop_link(struct tw_publisher *p)
{
    if (p->has_link)
        tw_link_close(&p->link);
    p->has_link = false;
    flush_done(p);
    memset(p->slots, 0, sizeof(p->slots));
    p->cursor = 0;
}

/* The next attempt: 1 s, doubled up to 30 s, a quarter more or less, so that the gateways of a plant
 * do not come back all at once. */
static void retry_later(struct tw_publisher *p)
{
    uint16_t dice = 0;
    int64_t delay = pause_after(p, p->failures);
    if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) != (ssize_t)sizeof(dice))
        dice = UINT16_MAX / 2;
    p->failures++;
    p->retry_at_ms = now_ms() + delay * 3 / 4 + delay / 2 * dice / UINT16_MAX;
}

/* A connection that ended without acknowledging anything may have ended because of a message: brokers
 * of 3.1.1 have no other way to refuse one. Then they go one at a time, and the one that is never
 * taken rests. */
static void note_fruitless(struct tw_publisher *p)
{
    if (p->acked_since_up || in_flight(p) == 0)
        return;
    p->fruitless++;
    if (p->fruitless < FRUITLESS_ALL)
        return;
    p->window = 1;
    if (p->fruitless >= FRUITLESS_ALL + FRUITLESS_ONE) {
        for (int i = 0; i < SLOTS; i++) {
            if (p->slots[i].kind == SLOT_SPOOLED)
                rest(p, p->slots[i].id, p->slots[i].attempts + 1);
        }
        p->fruitless = FRUITLESS_ALL;
    }
    drop_link(p);
}

static void go_down(struct tw_publisher *p, int rc)
{
    char text[256];
    bool was_up = p->state == UP, was_connecting = p->state == CONNECTING;
    if (p->has_link) {
        tw_link_complaint(&p->link, rc, text, sizeof(text));
        complain(p, text);
    }
    p->state = DOWN;
    set_connected(p, false);
    if (was_up) {
        note_fruitless(p);
        if (p->acked_since_up)
            p->failures = 0;
        retry_later(p);
        return;
    }
    /* A refusal in MQTT 5 leaves a handle behind that never connects again. */
    bool other = was_connecting && !p->version_proven && tw_link_try_other(&p->link, rc);
    drop_link(p);
    retry_later(p);
    if (other) {
        p->version = p->version == 5 ? 4 : 5;
        if (p->failures < 3)
            p->retry_at_ms = now_ms();
    }
}

static void connect_now(struct tw_publisher *p)
{
    if (!p->has_link) {
        if (tw_link_open(&p->link, &p->config, p->version, true) != TW_OK) {
            complain(p, p->link.note[0] != '\0' ? p->link.note : "no connection can be made");
            retry_later(p);
            return;
        }
        p->has_link = true;
    }
    int rc = tw_link_connect(&p->link, &p->config);
    if (rc != MOSQ_ERR_SUCCESS) {
        go_down(p, rc);
        return;
    }
    p->state = CONNECTING;
    p->answer_by_ms = now_ms() + ANSWER_TIMEOUT_MS;
}

static struct slot *free_slot(struct tw_publisher *p)
{
    for (int i = 0; i < SLOTS; i++) {
        if (p->slots[i].kind == SLOT_FREE)
            return &p->slots[i];
    }
    return NULL;
}

enum handed { TAKEN, UNSENDABLE, NOT_NOW };

/* Hand one message to the library. */
static enum handed hand_over(
    struct tw_publisher *p, enum slot_kind kind, const struct tw_spooled *m)
{
    struct slot *slot = free_slot(p);
    int mid = 0;
    if (slot == NULL)
        return NOT_NOW;
    int rc = tw_link_publish(&p->link, p->config.root, m, &mid);
    if (!tw_link_owns(rc))
        return tw_link_unsendable(rc) ? UNSENDABLE : NOT_NOW;
    *slot = (struct slot){kind, mid, m->id, now_ms(), m->attempts};
    if (kind != SLOT_STATE)
        count(p, &p->stats.sent);
    return TAKEN;
}

struct filling {
    struct tw_publisher *p;
    enum slot_kind kind;
    bool in_order;      /* the cursor follows */
    int room;
    int64_t unsendable; /* id of one that is to be put to rest, which ends the reading */
    bool stopped;
};

static bool fill_one(void *user, const struct tw_spooled *m)
{
    struct filling *f = user;
    struct tw_publisher *p = f->p;
    if (f->room == 0 || f->unsendable != 0)
        return false;
    if (has_slot(p, f->kind, m->id))
        return true; /* it is on its way already */
    enum handed handed = hand_over(p, f->kind, m);
    f->stopped = handed == NOT_NOW;
    if (handed == NOT_NOW)
        return false;
    if (handed == UNSENDABLE)
        f->unsendable = m->id;
    else
        f->room--;
    if (f->in_order)
        p->cursor = m->id;
    return true;
}

static int room_for(const struct tw_publisher *p, enum slot_kind kind)
{
    int room = p->window - in_flight(p);
    if (kind == SLOT_VOLATILE || p->window <= VOLATILE_SHARE)
        return room;
    int reserved = VOLATILE_SHARE - used_slots(p, SLOT_VOLATILE);
    return room - (reserved > 0 ? reserved : 0);
}

static void put_to_rest(struct tw_publisher *p, const struct filling *f)
{
    if (f->unsendable == 0)
        return;
    complain(p, "a message is too large for this broker or has an unusable topic");
    if (f->kind == SLOT_VOLATILE)
        tw_spool_volatile_done(p->spool, f->unsendable);
    else
        rest(p, f->unsendable, 1);
}

static void fill(struct tw_publisher *p)
{
    struct filling f = {.p = p, .kind = SLOT_SPOOLED, .room = room_for(p, SLOT_SPOOLED)};
    int64_t now = now_ms();
    if (f.room > 0 && now >= p->next_due_ms) {
        tw_spool_due(p->spool, now, SLOTS + f.room, fill_one, &f);
        p->next_due_ms = f.room > 0 ? tw_spool_next_due(p->spool) : now;
        if (p->next_due_ms <= now)
            p->next_due_ms = now + 100; /* on its way */
        put_to_rest(p, &f);
    }
    f.unsendable = 0;
    f.in_order = true;
    if (f.room > 0 && !f.stopped) {
        tw_spool_next(p->spool, p->cursor, SLOTS + f.room, fill_one, &f);
        put_to_rest(p, &f);
    }
    struct filling v = {.p = p, .kind = SLOT_VOLATILE, .room = room_for(p, SLOT_VOLATILE)};
    if (v.room > 0) {
        tw_spool_volatile(p->spool, SLOTS + v.room, fill_one, &v);
        put_to_rest(p, &v);
    }
}

static void publish_state(struct tw_publisher *p, const char *payload)
{
    struct tw_spooled m = {.topic = "state", .payload = tw_str_of(payload), .retain = true};
    if (payload != NULL && used_slots(p, SLOT_STATE) == 0)
        hand_over(p, SLOT_STATE, &m);
}

static void come_up(struct tw_publisher *p)
{
    p->state = UP;
    p->version_proven = true;
    p->acked_since_up = false;
    int64_t now = now_ms();
    for (int i = 0; i < SLOTS; i++)
        p->slots[i].sent_ms = now; /* the library has just sent them again */
    pthread_mutex_lock(&p->lock);
    p->stats.connected = true;
    p->stats.reconnects += p->was_up;
    p->stats.last_error[0] = '\0';
    pthread_mutex_unlock(&p->lock);
    p->was_up = true;
    publish_state(p, p->config.online);
}

static bool ack_is_late(const struct tw_publisher *p, int64_t now)
{
    int64_t limit = p->config.ack_timeout_ms > 0 ? p->config.ack_timeout_ms : ACK_TIMEOUT_MS;
    for (int i = 0; i < SLOTS; i++) {
        if (p->slots[i].kind != SLOT_FREE && now - p->slots[i].sent_ms > limit)
            return true;
    }
    return false;
}

static void loop(struct tw_publisher *p, int timeout_ms)
{
    int rc = tw_link_loop(&p->link, p->bell, timeout_ms);
    take_acks(p);
    if (p->state == CONNECTING && p->link.answered && p->link.answer == 0 && rc == MOSQ_ERR_SUCCESS)
        come_up(p);
    else if (p->state == CONNECTING && p->link.answered && p->link.answer != 0) {
        if (p->link.note[0] == '\0')
            snprintf(p->link.note, sizeof(p->link.note), "the broker refused the connection: %s",
                tw_link_answer_text(&p->link));
        go_down(p, rc);
    } else if (rc != MOSQ_ERR_SUCCESS) {
        go_down(p, rc);
    } else if (p->state == CONNECTING && now_ms() > p->answer_by_ms) {
        go_down(p, MOSQ_ERR_TIMEOUT);
    }
}

static void sleep_until(struct tw_publisher *p, int64_t until_ms)
{
    int64_t left = until_ms - now_ms();
    if (left > 0 && left < 50)
        left = 50;
    struct timespec t = {.tv_nsec = 50 * 1000000};
    eventfd_t n;
    (void)eventfd_read(p->bell, &n);
    if (left > 0)
        nanosleep(&t, NULL);
}

static int64_t stop_time(struct tw_publisher *p)
{
    pthread_mutex_lock(&p->lock);
    int64_t at = p->stop_at_ms;
    pthread_mutex_unlock(&p->lock);
    return at;
}

static bool all_done(struct tw_publisher *p)
{
    flush_done(p);
    struct tw_spool_count left = tw_spool_count(p->spool);
    return left.messages == 0 && left.volatiles == 0;
}

static void step(struct tw_publisher *p)
{
    if (p->state == DOWN) {
        if (now_ms() >= p->retry_at_ms)
            connect_now(p);
        else
            sleep_until(p, p->retry_at_ms);
        return;
    }
    if (p->state == UP) {
        fill(p);
        if (ack_is_late(p, now_ms())) {
            complain(p, "the broker does not acknowledge");
            p->state = DOWN;
            set_connected(p, false);
            drop_link(p);
            retry_later(p);
            return;
        }
    }
    loop(p, p->n_done > 0 ? DONE_EVERY_MS / 2 : 200);
    if (p->n_done > 0 && now_ms() >= p->done_at_ms)
        flush_done(p);
}

/* The offline state, acknowledged if time allows, and DISCONNECT, so that no will is sent. */
static void say_goodbye(struct tw_publisher *p)
{
    if (p->state != UP)
        return;
    int64_t until = now_ms() + GOODBYE_MS;
    while (p->state == UP && used_slots(p, SLOT_STATE) > 0 && now_ms() < until)
        loop(p, 20);
    if (p->state == UP)
        publish_state(p, p->config.offline);
    while (p->state == UP && used_slots(p, SLOT_STATE) > 0 && now_ms() < until)
        loop(p, 20);
    if (p->state != UP)
        return;
    mosquitto_disconnect(p->link.m);
    for (int i = 0; i < 50 && tw_link_loop(&p->link, -1, 20) == MOSQ_ERR_SUCCESS; i++)
        continue;
}

static void *run(void *user)
{
    struct tw_publisher *p = user;
    bool stopping = false;
    for (;;) {
        int64_t stop_at = stop_time(p);
        if (stop_at != 0 && (now_ms() >= stop_at || all_done(p)))
            break;
        if (stop_at != 0 && !stopping) {
            stopping = true;
            p->retry_at_ms = 0; /* the last chance is not waited away */
        }
        step(p);
    }
    say_goodbye(p);
    drop_link(p);
    set_connected(p, false);
    return NULL;
}

static const char *const *strings_of(const struct tw_broker_config *c, size_t i)
{
    const char *const *const all[] = {&c->host, &c->client_id, &c->user, &c->password, &c->ca,
        &c->cert, &c->key, &c->root, &c->online, &c->offline, &c->spool};
    return i < sizeof(all) / sizeof(all[0]) ? all[i] : NULL;
}

static void free_config(struct tw_broker_config *c)
{
    const char *const *s;
    for (size_t i = 0; (s = strings_of(c, i)) != NULL; i++) {
        char *own = (char *)(uintptr_t)*s;
        if (own != NULL)
            explicit_bzero(own, strlen(own)); /* the password among them */
        free(own);
    }
}

static bool copy_config(struct tw_broker_config *to, const struct tw_broker_config *from)
{
    bool fine = true;
    *to = *from;
    const char **const all[] = {&to->host, &to->client_id, &to->user, &to->password, &to->ca,
        &to->cert, &to->key, &to->root, &to->online, &to->offline, &to->spool};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (*all[i] == NULL)
            continue;
        *all[i] = strdup(*all[i]);
        fine = fine && *all[i] != NULL;
    }
    return fine;
}

static void free_publisher(struct tw_publisher *p)
{
    tw_spool_close(p->spool);
    if (p->bell >= 0)
        close(p->bell);
    free_config(&p->config);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

enum tw_status tw_publisher_start(
    const struct tw_broker_config *config, struct tw_publisher **out, char *err, size_t err_size)
{
    struct tw_publisher *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return TW_NO_MEMORY;
    pthread_mutex_init(&p->lock, NULL);
    p->version = 5;
    p->window = TW_LINK_WINDOW;
    p->next_due_ms = INT64_MAX;
    p->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    enum tw_status status = TW_NO_MEMORY;
    if (!copy_config(&p->config, config) || p->bell < 0)
        snprintf(err, err_size, "no memory or no descriptor for the publisher");
    else
        status = tw_spool_open(p->config.spool, &p->spool, err, err_size);
    if (status == TW_OK && pthread_create(&p->thread, NULL, run, p) != 0) {
        snprintf(err, err_size, "no thread for the publisher");
        status = TW_NO_MEMORY;
    }
    if (status != TW_OK) {
        free_publisher(p);
        return status;
    }
    *out = p;
    return TW_OK;
}

enum tw_status tw_publisher_send(struct tw_publisher *p, const struct tw_message *message)
{
    TW_TRY(tw_spool_add(p->spool, message));
    count(p, &p->stats.queued);
    (void)eventfd_write(p->bell, 1);
    return TW_OK;
}

struct tw_publisher_stats tw_publisher_stats(struct tw_publisher *p)
{
    pthread_mutex_lock(&p->lock);
    struct tw_publisher_stats stats = p->stats;
    pthread_mutex_unlock(&p->lock);
    struct tw_spool_count left = tw_spool_count(p->spool);
    stats.spooled = left.messages + left.volatiles;
    return stats;
}

bool tw_publisher_stop(struct tw_publisher *p)
{
    pthread_mutex_lock(&p->lock);
    p->stop_at_ms = now_ms() + (p->config.drain_ms > 0 ? p->config.drain_ms : 0);
    pthread_mutex_unlock(&p->lock);
    (void)eventfd_write(p->bell, 1);
    pthread_join(p->thread, NULL);
    struct tw_spool_count left = tw_spool_count(p->spool);
    free_publisher(p);
    return left.messages == 0 && left.volatiles == 0;
}

/* One attempt with one version of the protocol; libmosquitto's code, and the link as it ended. */
static int try_once(struct tw_link *link, const struct tw_broker_config *config, int version)
{
    if (tw_link_open(link, config, version, false) != TW_OK)
        return MOSQ_ERR_INVAL;
    int rc = tw_link_connect(link, config);
    int64_t until = now_ms() + ANSWER_TIMEOUT_MS / 2;
    while (rc == MOSQ_ERR_SUCCESS && !link->answered && now_ms() < until)
        rc = tw_link_loop(link, -1, 50);
    return rc != MOSQ_ERR_SUCCESS || link->answered ? rc : MOSQ_ERR_TIMEOUT;
}

enum tw_status tw_publisher_test(const struct tw_broker_config *config, char *err, size_t err_size)
{
    struct tw_link link;
    enum tw_status status = TW_IO;
    if (err_size > 0)
        err[0] = '\0';
    int rc = try_once(&link, config, 5);
    if (link.m != NULL && rc != MOSQ_ERR_SUCCESS && tw_link_try_other(&link, rc)) {
        tw_link_close(&link);
        rc = try_once(&link, config, 4);
    }
    if (link.answered && link.answer == 0) {
        mosquitto_disconnect(link.m);
        for (int i = 0; i < 50 && tw_link_loop(&link, -1, 20) == MOSQ_ERR_SUCCESS; i++)
            continue;
        status = TW_OK;
    } else if (link.answered) {
        snprintf(err, err_size, "the broker refused the connection: %s", tw_link_answer_text(&link));
    } else {
        tw_link_complaint(&link, rc, err, err_size);
    }
    tw_link_close(&link);
    return status;
}

size_t tw_topic_level(char *out, size_t size, struct tw_str s)
{
    size_t n = 0;
    if (size == 0)
        return 0;
    for (size_t i = 0; i < s.len && n + 1 < size; i++) {
        char c = s.p[i];
        bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                     c == '_' || c == '-';
        out[n++] = plain ? c : '_';
    }
    if (n == 0 && size > 1)
        out[n++] = '_';
    out[n] = '\0';
    return n;
}
