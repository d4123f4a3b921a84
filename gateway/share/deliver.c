#include "share/deliver.h"

#include <mosquitto.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <unistd.h>

#include "share/window.h"

/* One thread owns the connection. Callers only write to the spool and ring a bell.
 *
 *   DOWN ── connect ──▶ CONNECTING ── CONNACK 0 ──▶ UP
 *     ▲                     │ refused, closed, late    │ lost
 *     └──── back-off ◀──────┴──────────────────────────┘
 *
 * At most 16 messages are with the library, each in a slot. A lost connection keeps the handle, and
 * the library sends what was not acknowledged again. A handle that was refused or that waits for an
 * acknowledgement in vain is thrown away; then the slots are emptied and the spool gives the same
 * messages again. Either way every message arrives at least once, and receivers drop what they know
 * by its id. */

enum {
    ANSWER_TIMEOUT_MS = 10000, /* connection begun to CONNACK */
    GOODBYE_MS = 1000,         /* for the offline state, beyond the time to drain */
    IDLE_MS = 200,
};

enum state { DOWN, CONNECTING, UP };

struct tw_delivery {
    struct tw_broker_config config;
    struct tw_spool *spool;
    pthread_t thread;
    int bell;
    struct tw_counters counters; /* its lock guards stop_at_ms as well */
    int64_t stop_at_ms;          /* 0: running */

    /* Of the thread alone. */
    struct tw_window window;
    struct tw_link link;
    bool has_link, was_up, version_proven;
    enum state state;
    int version, failures;
    int64_t retry_at_ms, answer_by_ms;
};

static void set_connected(struct tw_delivery *d, bool connected)
{
    pthread_mutex_lock(&d->counters.lock);
    d->counters.stats.connected = connected;
    pthread_mutex_unlock(&d->counters.lock);
}

/* Give everything that the handle holds back to the spool. */
static void drop_link(struct tw_delivery *d)
{
    if (d->has_link)
        tw_link_close(&d->link);
    d->has_link = false;
    tw_window_empty(&d->window);
}

/* The next attempt: 1 s, doubled up to 30 s, a quarter more or less, so that the gateways of a
 * plant do not come back all at once. */
static void retry_later(struct tw_delivery *d)
{
    uint16_t dice = 0;
    int64_t delay = tw_pause_ms(&d->config, d->failures);
    if (getrandom(&dice, sizeof(dice), GRND_NONBLOCK) != (ssize_t)sizeof(dice))
        dice = UINT16_MAX / 2;
    d->failures++;
    d->retry_at_ms = tw_clock_ms() + delay * 3 / 4 + delay / 2 * dice / UINT16_MAX;
}

static void go_down(struct tw_delivery *d, int rc)
{
    char text[256];
    bool was_up = d->state == UP, was_connecting = d->state == CONNECTING;
    if (d->has_link) {
        tw_link_complaint(&d->link, rc, text, sizeof(text));
        tw_complain(&d->counters, text);
    }
    d->state = DOWN;
    set_connected(d, false);
    if (was_up) {
        if (d->window.acked_since_up)
            d->failures = 0;
        if (tw_window_lost(&d->window))
            drop_link(d);
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
            d->retry_at_ms = tw_clock_ms();
    }
}

static void connect_now(struct tw_delivery *d)
{
    if (!d->has_link) {
        if (tw_link_open(&d->link, &d->config, d->version, true) != TW_OK) {
            tw_complain(
                &d->counters, d->link.note[0] != '\0' ? d->link.note : "no connection can be made");
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
    d->answer_by_ms = tw_clock_ms() + ANSWER_TIMEOUT_MS;
}

static void come_up(struct tw_delivery *d)
{
    d->state = UP;
    d->version_proven = true;
    tw_window_sent_again(&d->window);
    pthread_mutex_lock(&d->counters.lock);
    d->counters.stats.connected = true;
    d->counters.stats.reconnects += d->was_up;
    d->counters.stats.last_error[0] = '\0';
    pthread_mutex_unlock(&d->counters.lock);
    d->was_up = true;
    tw_window_publish_state(&d->window, d->config.online);
}

static void loop(struct tw_delivery *d, int timeout_ms)
{
    int rc = tw_link_loop(&d->link, d->bell, timeout_ms);
    tw_window_take_acks(&d->window);
    if (d->state == CONNECTING && d->link.answered && d->link.answer == 0 && rc == MOSQ_ERR_SUCCESS)
        come_up(d);
    else if (d->state == CONNECTING && d->link.answered && d->link.answer != 0) {
        if (d->link.note[0] == '\0')
            snprintf(d->link.note, sizeof(d->link.note), "the broker refused the connection: %s",
                tw_link_answer_text(&d->link));
        go_down(d, rc);
    } else if (rc != MOSQ_ERR_SUCCESS) {
        go_down(d, rc);
    } else if (d->state == CONNECTING && tw_clock_ms() > d->answer_by_ms) {
        go_down(d, MOSQ_ERR_TIMEOUT);
    }
}

/* Until then, or until somebody rings. */
static void sleep_until(struct tw_delivery *d, int64_t until_ms)
{
    int64_t left = until_ms - tw_clock_ms();
    struct pollfd p = {.fd = d->bell, .events = POLLIN};
    eventfd_t n;
    if (left > 0 && poll(&p, 1, left < 60000 ? (int)left : 60000) == 1)
        (void)eventfd_read(d->bell, &n);
}

static int64_t stop_time(struct tw_delivery *d)
{
    pthread_mutex_lock(&d->counters.lock);
    int64_t at = d->stop_at_ms;
    pthread_mutex_unlock(&d->counters.lock);
    return at;
}

/* Everything that can be delivered by then is. */
static bool all_done(struct tw_delivery *d, int64_t by_ms)
{
    tw_window_flush(&d->window);
    return tw_spool_deliverable(d->spool, by_ms) == 0;
}

static void give_up_waiting(struct tw_delivery *d)
{
    tw_complain(&d->counters, "the broker does not acknowledge");
    d->state = DOWN;
    set_connected(d, false);
    drop_link(d);
    retry_later(d);
}

static void step(struct tw_delivery *d, int64_t stop_at)
{
    if (d->state == DOWN) {
        if (tw_clock_ms() >= d->retry_at_ms)
            connect_now(d);
        else
            sleep_until(d, stop_at != 0 && stop_at < d->retry_at_ms ? stop_at : d->retry_at_ms);
        return;
    }
    if (d->state == UP && tw_window_is_late(&d->window)) {
        give_up_waiting(d);
        return;
    }
    if (d->state == UP)
        tw_window_fill(&d->window);
    loop(d, d->window.n_done > 0 ? TW_WINDOW_DONE_MS / 2 : IDLE_MS);
    tw_window_flush_due(&d->window);
}

/* The offline state, acknowledged if time allows, and DISCONNECT, so that no will is sent. */
static void say_goodbye(struct tw_delivery *d)
{
    if (d->state != UP)
        return;
    int64_t until = tw_clock_ms() + GOODBYE_MS;
    while (d->state == UP && tw_window_state_waits(&d->window) && tw_clock_ms() < until)
        loop(d, 20);
    if (d->state == UP)
        tw_window_publish_state(&d->window, d->config.offline);
    while (d->state == UP && tw_window_state_waits(&d->window) && tw_clock_ms() < until)
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
        if (stop_at != 0 && (tw_clock_ms() >= stop_at || all_done(d, stop_at)))
            break;
        if (stop_at != 0 && !stopping) {
            stopping = true;
            d->retry_at_ms = 0; /* the last chance is not waited away */
        }
        step(d, stop_at);
    }
    say_goodbye(d);
    drop_link(d);
    set_connected(d, false);
    return NULL;
}

enum tw_status tw_delivery_start(
    const struct tw_broker_config *config, struct tw_spool *spool, struct tw_delivery **out)
{
    struct tw_delivery *d = calloc(1, sizeof(*d));
    if (d == NULL)
        return TW_NO_MEMORY;
    d->config = *config;
    d->spool = spool;
    d->version = 5;
    tw_window_init(&d->window, &d->config, spool, &d->counters, &d->link);
    d->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    pthread_mutex_init(&d->counters.lock, NULL);
    if (d->bell < 0 || pthread_create(&d->thread, NULL, run, d) != 0) {
        if (d->bell >= 0)
            close(d->bell);
        pthread_mutex_destroy(&d->counters.lock);
        free(d);
        return TW_NO_MEMORY;
    }
    *out = d;
    return TW_OK;
}

void tw_delivery_queued(struct tw_delivery *d)
{
    tw_count(&d->counters, &d->counters.stats.queued);
    (void)eventfd_write(d->bell, 1);
}

struct tw_publisher_stats tw_delivery_stats(struct tw_delivery *d)
{
    pthread_mutex_lock(&d->counters.lock);
    struct tw_publisher_stats stats = d->counters.stats;
    pthread_mutex_unlock(&d->counters.lock);
    return stats;
}

void tw_delivery_stop(struct tw_delivery *d)
{
    pthread_mutex_lock(&d->counters.lock);
    d->stop_at_ms = tw_clock_ms() + (d->config.drain_ms > 0 ? d->config.drain_ms : 0);
    pthread_mutex_unlock(&d->counters.lock);
    (void)eventfd_write(d->bell, 1);
    pthread_join(d->thread, NULL);
    close(d->bell);
    pthread_mutex_destroy(&d->counters.lock);
    free(d);
}
