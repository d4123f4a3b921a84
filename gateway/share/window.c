#include "share/window.h"

#include <mosquitto.h>
#include <stdio.h>
#include <time.h>

enum {
    VOLATILE_SHARE = 2, /* of the window, so that a storm of alerts does not starve stats */
    RETRY_MS = 1000,
    RETRY_GROWTH = 30,
    ACK_TIMEOUT_MS = 20000,
    PERMANENT_REFUSALS = 3, /* of one message, then it rests */
    REST_MS = 3600000,
    FRUITLESS_ALL = 3, /* connections lost without any acknowledgement, then one at a time */
    FRUITLESS_ONE = 3, /* of a single message, then it rests */
};

int64_t tw_clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void tw_complain(struct tw_counters *c, const char *what)
{
    pthread_mutex_lock(&c->lock);
    tw_str_copy(c->stats.last_error, sizeof(c->stats.last_error), tw_str_of(what));
    pthread_mutex_unlock(&c->lock);
}

void tw_count(struct tw_counters *c, uint64_t *counter)
{
    pthread_mutex_lock(&c->lock);
    ++*counter;
    pthread_mutex_unlock(&c->lock);
}

int64_t tw_pause_ms(const struct tw_broker_config *config, int failures)
{
    int64_t first = config->retry_ms > 0 ? config->retry_ms : RETRY_MS;
    int64_t factor = INT64_C(1) << (failures < 5 ? failures : 5);
    return first * (factor < RETRY_GROWTH ? factor : RETRY_GROWTH);
}

void tw_window_init(struct tw_window *w, const struct tw_broker_config *config,
    struct tw_spool *spool, struct tw_counters *counters, struct tw_link *link)
{
    *w = (struct tw_window){.config = config,
        .spool = spool,
        .counters = counters,
        .link = link,
        .size = TW_LINK_WINDOW,
        .next_due_ms = INT64_MAX};
}

/* Forget what was acknowledged. When the disk refuses, it is sent again after the next start. */
void tw_window_flush(struct tw_window *w)
{
    if (w->n_done > 0 && tw_spool_done(w->spool, w->done, w->n_done) != TW_OK)
        tw_complain(w->counters, "the spool can not be written");
    w->n_done = 0;
    w->done_at_ms = 0;
}

static struct tw_slot *slot_of_mid(struct tw_window *w, int mid)
{
    for (int i = 0; i < TW_WINDOW_SLOTS; i++) {
        if (w->slots[i].kind != TW_SLOT_FREE && w->slots[i].mid == mid)
            return &w->slots[i];
    }
    return NULL;
}

static bool has_slot(const struct tw_window *w, enum tw_slot_kind kind, int64_t id)
{
    for (int i = 0; i < TW_WINDOW_SLOTS; i++) {
        if (w->slots[i].kind == kind && w->slots[i].id == id)
            return true;
    }
    return false;
}

static int used_slots(const struct tw_window *w, enum tw_slot_kind kind)
{
    int n = 0;
    for (int i = 0; i < TW_WINDOW_SLOTS; i++)
        n += w->slots[i].kind == kind;
    return n;
}

static int in_flight(const struct tw_window *w)
{
    return used_slots(w, TW_SLOT_SPOOLED) + used_slots(w, TW_SLOT_VOLATILE);
}

static void hold(struct tw_window *w, int64_t id, int64_t for_ms, int attempts)
{
    int64_t until = tw_clock_ms() + for_ms;
    if (tw_spool_hold(w->spool, id, until, attempts) != TW_OK)
        tw_complain(w->counters, "the spool can not be written");
    if (until < w->next_due_ms)
        w->next_due_ms = until;
}

static void rest(struct tw_window *w, int64_t id, int attempts)
{
    tw_count(w->counters, &w->counters->stats.dead);
    hold(w, id, REST_MS, attempts);
}

/* Reasons that the same message will meet again [MQTT5 3.4.2.1]: not authorized, topic name
 * invalid, payload format invalid. The others (quota exceeded, busy, unspecified) pass. */
static bool permanent(int reason)
{
    return reason == 0x87 || reason == 0x90 || reason == 0x99;
}

static void refused(struct tw_window *w, const struct tw_slot *slot, int reason)
{
    char text[128];
    tw_count(w->counters, &w->counters->stats.refused);
    snprintf(
        text, sizeof(text), "the broker refused a message: %s", mosquitto_reason_string(reason));
    tw_complain(w->counters, text);
    if (slot->kind == TW_SLOT_VOLATILE)
        tw_spool_volatile_done(w->spool, slot->id); /* a newer one will follow */
    if (slot->kind != TW_SLOT_SPOOLED)
        return;
    int attempts = slot->attempts + 1;
    if (permanent(reason) && attempts >= PERMANENT_REFUSALS)
        rest(w, slot->id, attempts);
    else
        hold(w, slot->id, tw_pause_ms(w->config, slot->attempts), attempts);
}

static void accepted(struct tw_window *w, const struct tw_slot *slot)
{
    if (slot->kind == TW_SLOT_STATE)
        return;
    pthread_mutex_lock(&w->counters->lock);
    w->counters->stats.acknowledged++;
    w->counters->stats.ack_ms += (uint64_t)(tw_clock_ms() - slot->sent_ms);
    pthread_mutex_unlock(&w->counters->lock);
    w->acked_since_up = true;
    w->fruitless = 0;
    w->size = TW_LINK_WINDOW;
    if (slot->kind == TW_SLOT_VOLATILE)
        tw_spool_volatile_done(w->spool, slot->id);
    if (slot->kind != TW_SLOT_SPOOLED)
        return;
    if (w->n_done == TW_WINDOW_DONE)
        tw_window_flush(w);
    if (w->n_done == 0)
        w->done_at_ms = tw_clock_ms() + TW_WINDOW_DONE_MS;
    w->done[w->n_done++] = slot->id;
}

void tw_window_take_acks(struct tw_window *w)
{
    for (size_t i = 0; i < w->link->n_acks; i++) {
        struct tw_slot *slot = slot_of_mid(w, w->link->acks[i].mid);
        if (slot == NULL)
            continue;
        struct tw_slot was = *slot;
        slot->kind = TW_SLOT_FREE;
        if (w->link->acks[i].reason < 0x80)
            accepted(w, &was);
        else
            refused(w, &was, w->link->acks[i].reason);
    }
    w->link->n_acks = 0;
}

/* A connection that ended without acknowledging anything may have ended because of a message:
 * brokers of 3.1.1 have no other way to refuse one. Then they go one at a time, and the one that is
 * never taken rests. */
bool tw_window_lost(struct tw_window *w)
{
    if (w->acked_since_up || in_flight(w) == 0 || ++w->fruitless < FRUITLESS_ALL)
        return false;
    w->size = 1;
    if (w->fruitless < FRUITLESS_ALL + FRUITLESS_ONE)
        return true;
    for (int i = 0; i < TW_WINDOW_SLOTS; i++) {
        if (w->slots[i].kind == TW_SLOT_SPOOLED)
            rest(w, w->slots[i].id, w->slots[i].attempts + 1);
    }
    w->fruitless = FRUITLESS_ALL;
    return true;
}

static struct tw_slot *free_slot(struct tw_window *w)
{
    for (int i = 0; i < TW_WINDOW_SLOTS; i++) {
        if (w->slots[i].kind == TW_SLOT_FREE)
            return &w->slots[i];
    }
    return NULL;
}

enum handed { TAKEN, UNSENDABLE, NOT_NOW };

/* Hand one message to the library. */
static enum handed hand_over(
    struct tw_window *w, enum tw_slot_kind kind, const struct tw_spooled *m)
{
    struct tw_slot *slot = free_slot(w);
    int mid = 0;
    if (slot == NULL)
        return NOT_NOW;
    int rc = tw_link_publish(w->link, w->config->root, m, &mid);
    if (!tw_link_owns(rc))
        return tw_link_unsendable(rc) ? UNSENDABLE : NOT_NOW;
    *slot = (struct tw_slot){kind, mid, m->id, tw_clock_ms(), m->attempts};
    if (kind != TW_SLOT_STATE)
        tw_count(w->counters, &w->counters->stats.sent);
    return TAKEN;
}

struct filling {
    struct tw_window *w;
    enum tw_slot_kind kind;
    bool in_order; /* the cursor follows */
    int room;
    int64_t unsendable; /* id of one that is to be put to rest, which ends the reading */
    bool stopped;
};

static bool fill_one(void *user, const struct tw_spooled *m)
{
    struct filling *f = user;
    struct tw_window *w = f->w;
    if (f->room == 0 || f->unsendable != 0)
        return false;
    if (has_slot(w, f->kind, m->id))
        return true; /* it is on its way already */
    enum handed handed = hand_over(w, f->kind, m);
    f->stopped = handed == NOT_NOW;
    if (handed == NOT_NOW)
        return false;
    if (handed == UNSENDABLE)
        f->unsendable = m->id;
    else
        f->room--;
    if (f->in_order)
        w->cursor = m->id;
    return true;
}

static int room_for(const struct tw_window *w, enum tw_slot_kind kind)
{
    int room = w->size - in_flight(w);
    if (kind == TW_SLOT_VOLATILE || w->size <= VOLATILE_SHARE)
        return room;
    int reserved = VOLATILE_SHARE - used_slots(w, TW_SLOT_VOLATILE);
    return room - (reserved > 0 ? reserved : 0);
}

static void put_to_rest(struct tw_window *w, const struct filling *f)
{
    if (f->unsendable == 0)
        return;
    tw_complain(w->counters, "a message is too large for this broker or has an unusable topic");
    if (f->kind == TW_SLOT_VOLATILE)
        tw_spool_volatile_done(w->spool, f->unsendable);
    else
        rest(w, f->unsendable, 1);
}

void tw_window_fill(struct tw_window *w)
{
    struct filling f = {.w = w, .kind = TW_SLOT_SPOOLED, .room = room_for(w, TW_SLOT_SPOOLED)};
    int64_t now = tw_clock_ms();
    if (f.room > 0 && now >= w->next_due_ms) {
        tw_window_flush(w); /* or what was just acknowledged would be due again */
        tw_spool_due(w->spool, now, TW_WINDOW_SLOTS + f.room, fill_one, &f);
        w->next_due_ms = f.room > 0 ? tw_spool_next_due(w->spool) : now;
        if (w->next_due_ms <= now)
            w->next_due_ms = now + 100; /* on its way */
        put_to_rest(w, &f);
    }
    f.unsendable = 0;
    f.in_order = true;
    if (f.room > 0 && !f.stopped) {
        tw_spool_next(w->spool, w->cursor, TW_WINDOW_SLOTS + f.room, fill_one, &f);
        put_to_rest(w, &f);
    }
    struct filling v = {.w = w, .kind = TW_SLOT_VOLATILE, .room = room_for(w, TW_SLOT_VOLATILE)};
    if (v.room > 0) {
        tw_spool_volatile(w->spool, TW_WINDOW_SLOTS + v.room, fill_one, &v);
        put_to_rest(w, &v);
    }
}

void tw_window_publish_state(struct tw_window *w, const char *payload)
{
    struct tw_spooled m = {.topic = "state", .payload = tw_str_of(payload), .retain = true};
    if (payload != NULL && !tw_window_state_waits(w))
        hand_over(w, TW_SLOT_STATE, &m);
}

bool tw_window_state_waits(const struct tw_window *w)
{
    return used_slots(w, TW_SLOT_STATE) > 0;
}

bool tw_window_is_late(const struct tw_window *w)
{
    int64_t limit = w->config->ack_timeout_ms > 0 ? w->config->ack_timeout_ms : ACK_TIMEOUT_MS;
    int64_t now = tw_clock_ms();
    for (int i = 0; i < TW_WINDOW_SLOTS; i++) {
        if (w->slots[i].kind != TW_SLOT_FREE && now - w->slots[i].sent_ms > limit)
            return true;
    }
    return false;
}

void tw_window_empty(struct tw_window *w)
{
    tw_window_flush(w);
    memset(w->slots, 0, sizeof(w->slots));
    w->cursor = 0;
}

void tw_window_sent_again(struct tw_window *w)
{
    int64_t now = tw_clock_ms();
    for (int i = 0; i < TW_WINDOW_SLOTS; i++)
        w->slots[i].sent_ms = now;
    w->acked_since_up = false;
}

void tw_window_flush_due(struct tw_window *w)
{
    if (w->n_done > 0 && tw_clock_ms() >= w->done_at_ms)
        tw_window_flush(w);
}
