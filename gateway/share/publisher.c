#include "share/publisher.h"

#include <mosquitto.h>
#include <stdio.h>
#include <stdlib.h>

#include "share/deliver.h"
#include "share/window.h"

enum { TEST_TIMEOUT_MS = 5000 };

struct tw_publisher {
    struct tw_broker_config config; /* strings are own copies */
    struct tw_spool *spool;
    struct tw_delivery *delivery;
};

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
    free_config(&p->config);
    free(p);
}

enum tw_status tw_publisher_start(
    const struct tw_broker_config *config, struct tw_publisher **out, char *err, size_t err_size)
{
    struct tw_publisher *p = calloc(1, sizeof(*p));
    if (p == NULL)
        return TW_NO_MEMORY;
    enum tw_status status = TW_NO_MEMORY;
    if (copy_config(&p->config, config))
        status = tw_spool_open(p->config.spool, &p->spool, err, err_size);
    if (status == TW_OK)
        status = tw_delivery_start(&p->config, p->spool, &p->delivery);
    if (status == TW_NO_MEMORY)
        snprintf(err, err_size, "no memory, thread or descriptor for the publisher");
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
    tw_delivery_queued(p->delivery);
    return TW_OK;
}

struct tw_publisher_stats tw_publisher_stats(struct tw_publisher *p)
{
    struct tw_publisher_stats stats = tw_delivery_stats(p->delivery);
    struct tw_spool_count left = tw_spool_count(p->spool);
    stats.spooled = left.messages + left.volatiles;
    return stats;
}

bool tw_publisher_stop(struct tw_publisher *p)
{
    tw_delivery_stop(p->delivery);
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
    int64_t until = tw_clock_ms() + TEST_TIMEOUT_MS;
    while (rc == MOSQ_ERR_SUCCESS && !link->answered && tw_clock_ms() < until)
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
        snprintf(
            err, err_size, "the broker refused the connection: %s", tw_link_answer_text(&link));
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
