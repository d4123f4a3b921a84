#pragma once
/* A broker that misbehaves as it is told, one act per connection, the last one for all that follow.
 * It speaks as much MQTT as a publisher with QoS 1 needs, in both versions, and remembers which
 * messages it saw and which of them it acknowledged. One thread, one connection at a time. */

#include <arpa/inet.h>
#include <assert.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum fake_act {
    FAKE_ACK,       /* as it should be */
    FAKE_CLOSE,     /* hang up at CONNECT */
    FAKE_REFUSE,    /* CONNACK: server unavailable */
    FAKE_ONLY_311,  /* CONNACK: unacceptable protocol version, unless 3.1.1 */
    FAKE_CLOSE_311, /* hang up at CONNECT, unless 3.1.1 */
    FAKE_NEVER_ACK,
    FAKE_NAK_97,           /* every third message: quota exceeded */
    FAKE_NAK_87,           /* message 3: not authorized; the others are fine */
    FAKE_HANG_UP,          /* after five messages, without having acknowledged any */
    FAKE_ACK_THEN_HANG_UP, /* after ten acknowledged messages, in the middle of the window */
    FAKE_CHOKE,            /* hang up at message 3, always; acknowledge the others */
};

enum { FAKE_IDS = 4096, FAKE_ACTS = 16 };

struct fake_broker {
    int listener, port;
    pthread_t thread;
    atomic_bool stop;
    enum fake_act acts[FAKE_ACTS];
    int n_acts, connections;
    int versions[64]; /* protocol level of each CONNECT */
    int seen[FAKE_IDS], acked[FAKE_IDS], naked;
    char will[512], last_state[512];
    int order_errors, last_id; /* of first sightings */
};

static inline bool fake_read(struct fake_broker *b, int fd, void *p, size_t n)
{
    uint8_t *at = p;
    while (n > 0) {
        struct pollfd f = {.fd = fd, .events = POLLIN};
        if (b->stop)
            return false;
        if (poll(&f, 1, 50) <= 0)
            continue;
        ssize_t got = read(fd, at, n);
        if (got <= 0)
            return false;
        at += got;
        n -= (size_t)got;
    }
    return true;
}

/* The next packet: its type byte, its body in `p`. */
static inline bool fake_packet(
    struct fake_broker *b, int fd, uint8_t *out_type, uint8_t *p, size_t size, size_t *out_len)
{
    uint8_t byte;
    size_t len = 0;
    if (!fake_read(b, fd, out_type, 1))
        return false;
    for (int shift = 0; shift < 28; shift += 7) {
        if (!fake_read(b, fd, &byte, 1))
            return false;
        len |= (size_t)(byte & 0x7f) << shift;
        if (!(byte & 0x80))
            break;
    }
    *out_len = len;
    return len <= size && fake_read(b, fd, p, len);
}

static inline void fake_send(int fd, const uint8_t *p, size_t n)
{
    ssize_t sent = send(fd, p, n, MSG_NOSIGNAL);
    (void)sent;
}

static inline void fake_connack(int fd, int version, uint8_t code)
{
    const uint8_t v3[] = {0x20, 2, 0, code}, v5[] = {0x20, 3, 0, code, 0};
    fake_send(fd, version == 5 ? v5 : v3, version == 5 ? 5 : 4);
}

static inline void fake_puback(int fd, int version, const uint8_t id[2], uint8_t code)
{
    const uint8_t packet[] = {0x40, (uint8_t)(version == 5 && code ? 3 : 2), id[0], id[1], code};
    fake_send(fd, packet, version == 5 && code ? 5 : 4);
}

/* The number in a payload {"id":N…; -1 for another one. */
static inline int fake_id(const char *payload)
{
    const char *at = strstr(payload, "\"id\":");
    return at != NULL ? atoi(at + 5) : -1;
}

struct fake_publish {
    char topic[512], payload[4096];
    uint8_t id[2];
    int number;
};

static inline void fake_parse_publish(
    int version, const uint8_t *p, size_t len, struct fake_publish *out)
{
    size_t topic = (size_t)(p[0] << 8 | p[1]), at = 2 + topic;
    memcpy(out->topic, p + 2, topic);
    out->topic[topic] = '\0';
    memcpy(out->id, p + at, 2);
    at += 2;
    if (version == 5) {
        size_t properties = p[at] & 0x7f, more = 0;
        if (p[at++] & 0x80)
            more = p[at++];
        at += properties + (more << 7);
    }
    memcpy(out->payload, p + at, len - at);
    out->payload[len - at] = '\0';
    out->number = fake_id(out->payload);
}

static inline void fake_note(struct fake_broker *b, const struct fake_publish *m)
{
    if (m->number < 0 || m->number >= FAKE_IDS)
        return;
    if (b->seen[m->number]++ > 0)
        return;
    b->order_errors += m->number < b->last_id;
    b->last_id = m->number;
}

/* Answer one message. False: hang up. */
static inline bool fake_answer(struct fake_broker *b, int fd, int version, enum fake_act act,
    const struct fake_publish *m, int nth)
{
    bool state = strstr(m->topic, "/state") != NULL;
    uint8_t code = 0;
    if (state)
        snprintf(b->last_state, sizeof(b->last_state), "%.500s", m->payload);
    if (act == FAKE_NEVER_ACK && !state)
        return true;
    if ((act == FAKE_HANG_UP && nth >= 5) || (act == FAKE_ACK_THEN_HANG_UP && nth > 10) ||
        (act == FAKE_CHOKE && m->number == 3))
        return false;
    if (act == FAKE_HANG_UP && !state)
        return true;
    if (act == FAKE_NAK_97 && m->number % 3 == 0 && b->seen[m->number] <= 1)
        code = 0x97;
    if (act == FAKE_NAK_87 && m->number == 3)
        code = 0x87;
    if (code != 0)
        b->naked++;
    else if (m->number >= 0)
        b->acked[m->number]++;
    fake_puback(fd, version, m->id, code);
    return true;
}

static inline bool fake_accept(struct fake_broker *b, int fd, enum fake_act act, int *out_version)
{
    uint8_t type, p[4096];
    size_t len;
    if (!fake_packet(b, fd, &type, p, sizeof(p), &len) || (type >> 4) != 1)
        return false;
    *out_version = p[6];
    if (b->connections < 64)
        b->versions[b->connections] = p[6];
    b->connections++;
    bool other = p[6] != 4;
    if (act == FAKE_CLOSE || (act == FAKE_CLOSE_311 && other))
        return false;
    if (act == FAKE_REFUSE) {
        fake_connack(fd, p[6], p[6] == 5 ? 0x88 : 3);
        return false;
    }
    if (act == FAKE_ONLY_311 && other) {
        fake_connack(fd, 4, 1); /* in the words of 3.1.1, as such a broker would */
        return false;
    }
    fake_connack(fd, p[6], 0);
    return true;
}

static inline void fake_serve(struct fake_broker *b, int fd, enum fake_act act)
{
    uint8_t type, p[65536];
    size_t len;
    int version = 0, nth = 0;
    if (!fake_accept(b, fd, act, &version))
        return;
    while (fake_packet(b, fd, &type, p, sizeof(p), &len)) {
        struct fake_publish m;
        if ((type >> 4) == 12)
            fake_send(fd, (const uint8_t[]){0xd0, 0}, 2);
        if ((type >> 4) == 14)
            return;
        if ((type >> 4) != 3)
            continue;
        fake_parse_publish(version, p, len, &m);
        fake_note(b, &m);
        nth += m.number >= 0;
        if (!fake_answer(b, fd, version, act, &m, nth))
            return;
    }
}

static inline void *fake_run(void *user)
{
    struct fake_broker *b = user;
    while (!b->stop) {
        struct pollfd f = {.fd = b->listener, .events = POLLIN};
        if (poll(&f, 1, 50) <= 0)
            continue;
        int fd = accept(b->listener, NULL, NULL);
        if (fd < 0)
            continue;
        int at = b->connections < b->n_acts ? b->connections : b->n_acts - 1;
        fake_serve(b, fd, b->acts[at]);
        shutdown(fd, SHUT_WR);
        close(fd);
    }
    return NULL;
}

static inline void fake_start(struct fake_broker *b, const enum fake_act *acts, int n)
{
    memset(b, 0, sizeof(*b));
    memcpy(b->acts, acts, (size_t)n * sizeof(*acts));
    b->n_acts = n;
    b->last_id = -1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t size = sizeof(a);
    b->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int ok = bind(b->listener, (struct sockaddr *)&a, size) | listen(b->listener, 8) |
             getsockname(b->listener, (struct sockaddr *)&a, &size);
    assert(ok == 0);
    (void)ok;
    b->port = ntohs(a.sin_port);
    int rc = pthread_create(&b->thread, NULL, fake_run, b);
    assert(rc == 0);
    (void)rc;
}

static inline void fake_stop(struct fake_broker *b)
{
    b->stop = true;
    pthread_join(b->thread, NULL);
    close(b->listener);
}
