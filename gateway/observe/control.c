#include "observe/control.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum {
    MAX_CLIENTS = 8,
    BACKLOG = 8,
    ANSWER_MS = 2000, /* a client may take so long to read its answer */
    IDLE_S = 60       /* and say nothing for so long while others wait */
};

struct client {
    int fd; /* -1: free */
    int64_t heard_s;
    size_t n;
    char line[TW_CONTROL_MAX_REQUEST];
};

struct tw_control {
    int fd;
    struct sockaddr_un address;
    tw_control_fn fn;
    void *user;
    struct tw_text answer;
    struct client clients[MAX_CLIENTS];
};

static int64_t clock_ms(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static bool address_of(const char *path, struct sockaddr_un *out)
{
    *out = (struct sockaddr_un){.sun_family = AF_UNIX};
    return tw_str_copy(out->sun_path, sizeof(out->sun_path), tw_str_of(path)) == strlen(path);
}

static int connect_to(const struct sockaddr_un *address)
{
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
        return fd;
    const int why = errno;
    close(fd);
    errno = why;
    return -1;
}

/* Is the place free? A socket that nobody listens on any more is taken away. */
static enum tw_status make_way(const struct sockaddr_un *address, char *err, size_t err_size)
{
    struct stat about;
    if (lstat(address->sun_path, &about) != 0)
        return TW_OK;
    if (!S_ISSOCK(about.st_mode)) {
        snprintf(err, err_size, "there is something else");
        return TW_IO;
    }
    const int fd = connect_to(address);
    if (fd >= 0) {
        close(fd);
        snprintf(err, err_size, "another gateway answers there");
        return TW_FULL;
    }
    if (errno == ECONNREFUSED && unlink(address->sun_path) == 0)
        return TW_OK;
    snprintf(err, err_size, "%s", strerror(errno));
    return TW_IO;
}

/* Rights are set before anybody can connect. */
static bool start_listening(struct tw_control *c)
{
    c->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    return c->fd >= 0 &&
           bind(c->fd, (const struct sockaddr *)&c->address, sizeof(c->address)) == 0 &&
           chmod(c->address.sun_path, 0660) == 0 && listen(c->fd, BACKLOG) == 0;
}

enum tw_status tw_control_open(const char *path, tw_control_fn fn, void *user,
    struct tw_control **out, char *err, size_t err_size)
{
    struct tw_control *c = calloc(1, sizeof(*c));
    if (c == NULL) {
        snprintf(err, err_size, "out of memory");
        return TW_NO_MEMORY;
    }
    enum tw_status st = TW_IO;
    c->fd = -1;
    c->fn = fn;
    c->user = user;
    for (size_t i = 0; i < MAX_CLIENTS; i++)
        c->clients[i].fd = -1;
    if (!address_of(path, &c->address))
        snprintf(
            err, err_size, "the path is longer than %zu bytes", sizeof(c->address.sun_path) - 1);
    else
        st = make_way(&c->address, err, err_size);
    if (st == TW_OK && !start_listening(c)) {
        snprintf(err, err_size, "%s", strerror(errno));
        st = TW_IO;
    }
    if (st == TW_OK) {
        *out = c;
        return TW_OK;
    }
    if (c->fd >= 0)
        close(c->fd);
    free(c);
    return st;
}

static void let_go(struct client *client)
{
    if (client->fd >= 0)
        close(client->fd);
    client->fd = -1;
    client->n = 0;
}

void tw_control_close(struct tw_control *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; i < MAX_CLIENTS; i++)
        let_go(&c->clients[i]);
    close(c->fd);
    unlink(c->address.sun_path);
    tw_text_free(&c->answer);
    free(c);
}

/* All of it, or false. */
static bool send_all(int fd, const char *p, size_t n, int timeout_ms)
{
    const int64_t until = clock_ms() + timeout_ms;
    while (n > 0) {
        const ssize_t sent = send(fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            p += sent;
            n -= (size_t)sent;
            continue;
        }
        if (errno == EINTR)
            continue;
        const int64_t left = until - clock_ms();
        struct pollfd wait = {.fd = fd, .events = POLLOUT};
        if (errno != EAGAIN || left <= 0 || poll(&wait, 1, (int)left) == 0)
            return false;
    }
    return true;
}

static bool reply(struct tw_control *c, struct client *client, struct tw_str request)
{
    tw_text_clear(&c->answer);
    c->fn(c->user, request, &c->answer);
    tw_text_add(&c->answer, "\n", 1);
    return !c->answer.failed && send_all(client->fd, c->answer.p, c->answer.len, ANSWER_MS);
}

/* Every whole line that is there. False when the client is to be let go. */
static bool reply_to_lines(struct tw_control *c, struct client *client)
{
    char *end;
    while ((end = memchr(client->line, '\n', client->n)) != NULL) {
        const size_t len = (size_t)(end - client->line);
        if (!reply(c, client, (struct tw_str){client->line, len}))
            return false;
        client->n -= len + 1;
        memmove(client->line, end + 1, client->n);
    }
    return client->n < sizeof(client->line);
}

static void hear(struct tw_control *c, struct client *client)
{
    const ssize_t got =
        recv(client->fd, client->line + client->n, sizeof(client->line) - client->n, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (got <= 0) {
        let_go(client);
        return;
    }
    client->n += (size_t)got;
    client->heard_s = clock_ms() / 1000;
    if (!reply_to_lines(c, client))
        let_go(client);
}

/* A place for one more; when all are taken, that of the longest silence. */
static struct client *place(struct tw_control *c)
{
    struct client *quietest = &c->clients[0];
    for (size_t i = 0; i < MAX_CLIENTS; i++) {
        if (c->clients[i].fd < 0)
            return &c->clients[i];
        if (c->clients[i].heard_s < quietest->heard_s)
            quietest = &c->clients[i];
    }
    if (clock_ms() / 1000 - quietest->heard_s < IDLE_S)
        return NULL;
    let_go(quietest);
    return quietest;
}

static void welcome(struct tw_control *c)
{
    const int fd = accept4(c->fd, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0)
        return;
    struct client *client = place(c);
    if (client == NULL) {
        close(fd);
        return;
    }
    client->fd = fd;
    client->n = 0;
    client->heard_s = clock_ms() / 1000;
}

void tw_control_serve(struct tw_control *c, int wake_fd, int timeout_ms)
{
    struct pollfd fds[MAX_CLIENTS + 2] = {
        {.fd = wake_fd, .events = POLLIN}, {.fd = c != NULL ? c->fd : -1, .events = POLLIN}};
    for (size_t i = 0; i < MAX_CLIENTS; i++)
        fds[i + 2] = (struct pollfd){.fd = c != NULL ? c->clients[i].fd : -1, .events = POLLIN};
    if (poll(fds, MAX_CLIENTS + 2, timeout_ms) <= 0 || c == NULL)
        return;
    for (size_t i = 0; i < MAX_CLIENTS; i++) {
        if (fds[i + 2].revents != 0)
            hear(c, &c->clients[i]);
    }
    if (fds[1].revents != 0)
        welcome(c);
}

/* A line into `answer`, or why not. */
static enum tw_status read_line(int fd, int64_t until_ms, struct tw_text *answer)
{
    char some[4096];
    for (;;) {
        const int64_t left = until_ms - clock_ms();
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (left <= 0 || poll(&wait, 1, (int)left) == 0)
            return TW_AGAIN;
        const ssize_t got = recv(fd, some, sizeof(some), 0);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return TW_IO;
        tw_text_add(answer, some, (size_t)got);
        if (some[got - 1] == '\n')
            return answer->failed ? TW_NO_MEMORY : TW_OK;
    }
}

enum tw_status tw_control_ask(
    const char *path, struct tw_str request, int timeout_ms, struct tw_text *answer, int *out_fd)
{
    struct sockaddr_un address;
    errno = ENAMETOOLONG;
    const int fd = address_of(path, &address) ? connect_to(&address) : -1;
    if (fd < 0)
        return errno == EACCES ? TW_PERMISSION : TW_NOT_FOUND;
    enum tw_status st =
        send_all(fd, request.p, request.len, timeout_ms) && send_all(fd, "\n", 1, timeout_ms)
            ? read_line(fd, clock_ms() + timeout_ms, answer)
            : TW_IO;
    if (st == TW_OK)
        *out_fd = fd;
    else
        close(fd);
    return st;
}

bool tw_control_wait_end(int fd, int timeout_ms)
{
    const int64_t until = clock_ms() + timeout_ms;
    char some[64];
    int64_t left;
    while ((left = until - clock_ms()) > 0) {
        struct pollfd wait = {.fd = fd, .events = POLLIN};
        if (poll(&wait, 1, (int)left) == 1 && recv(fd, some, sizeof(some), 0) <= 0)
            return true;
    }
    return false;
}
