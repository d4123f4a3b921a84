#include "observe/notify.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int64_t number(const char *text)
{
    char *end;
    errno = 0;
    const long long n = text != NULL ? strtoll(text, &end, 10) : 0;
    return text == NULL || errno != 0 || *end != '\0' || n < 0 ? 0 : n;
}

/* Meant for this process, and not for the one that started it? */
static bool is_for_us(const char *pid)
{
    return pid == NULL || number(pid) == (int64_t)getpid();
}

static bool connect_to(int fd, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const size_t len = strlen(path);
    if (len == 0 || len >= sizeof(address.sun_path))
        return false;
    memcpy(address.sun_path, path, len);
    if (path[0] == '@')
        address.sun_path[0] = '\0'; /* an abstract name */
    const size_t size = offsetof(struct sockaddr_un, sun_path) + len;
    return connect(fd, (const struct sockaddr *)&address, (socklen_t)size) == 0;
}

void tw_notify_open(struct tw_notify *n)
{
    const char *path = getenv("NOTIFY_SOCKET");
    *n = (struct tw_notify){.fd = -1};
    if (path == NULL)
        return;
    n->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (n->fd >= 0 && !connect_to(n->fd, path))
        tw_notify_close(n);
    if (n->fd >= 0 && is_for_us(getenv("WATCHDOG_PID")))
        n->watchdog_ns = number(getenv("WATCHDOG_USEC")) * 1000;
}

void tw_notify_close(struct tw_notify *n)
{
    if (n->fd >= 0)
        close(n->fd);
    n->fd = -1;
}

void tw_notify_say(const struct tw_notify *n, const char *format, ...)
{
    char text[512];
    va_list args;
    if (n->fd < 0)
        return;
    va_start(args, format);
    const int len = vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    if (len > 0 && (size_t)len < sizeof(text))
        (void)!send(n->fd, text, (size_t)len, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void tw_notify_reloading(const struct tw_notify *n)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    tw_notify_say(
        n, "RELOADING=1\nMONOTONIC_USEC=%lld", (long long)t.tv_sec * 1000000 + t.tv_nsec / 1000);
}
