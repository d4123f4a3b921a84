#include "observe/notify.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* A service manager's socket, in the file system or with an abstract name. */
static int manager(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    assert_true(fd >= 0);
    memcpy(address.sun_path, path, strlen(path));
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    const size_t size = offsetof(struct sockaddr_un, sun_path) + strlen(path);
    assert_int_equal(0, bind(fd, (const struct sockaddr *)&address, (socklen_t)size));
    return fd;
}

static const char *heard(int fd, char out[256])
{
    const ssize_t n = recv(fd, out, 255, 0);
    out[n > 0 ? n : 0] = '\0';
    return out;
}

static void a_manager_is_told(void **state)
{
    char path[64], out[256], pid[32], other[32];
    struct tw_notify n;
    (void)state;
    for (int abstract = 0; abstract < 2; abstract++) {
        snprintf(path, sizeof(path), "%stierwatch-notify-%d", abstract ? "@" : "/tmp/", getpid());
        const int fd = manager(path);
        snprintf(pid, sizeof(pid), "%d", getpid());
        snprintf(other, sizeof(other), "%d", getpid() + 1);
        setenv("NOTIFY_SOCKET", path, 1);
        setenv("WATCHDOG_USEC", "30000000", 1);
        setenv("WATCHDOG_PID", other, 1);
        tw_notify_open(&n);
        assert_int_equal(0, n.watchdog_ns);
        tw_notify_close(&n);
        setenv("WATCHDOG_PID", pid, 1);
        tw_notify_open(&n);
        assert_int_equal(30000000000, n.watchdog_ns);
        tw_notify_say(&n, "READY=1\nSTATUS=%s", "watching");
        assert_string_equal("READY=1\nSTATUS=watching", heard(fd, out));
        tw_notify_reloading(&n);
        assert_memory_equal("RELOADING=1\nMONOTONIC_USEC=", heard(fd, out), 27);
        assert_true(strtoll(out + 27, NULL, 10) > 0);
        close(fd);
        tw_notify_say(&n, "READY=1"); /* to nobody */
        tw_notify_close(&n);
        if (!abstract)
            unlink(path);
    }
}

static void nobody_is_told(void **state)
{
    struct tw_notify n;
    static const char *const wrong[] = {"", "/tmp/tierwatch-nobody", "@"};
    (void)state;
    unsetenv("NOTIFY_SOCKET");
    tw_notify_open(&n);
    assert_int_equal(-1, n.fd);
    assert_int_equal(0, n.watchdog_ns);
    tw_notify_say(&n, "READY=1");
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        setenv("NOTIFY_SOCKET", wrong[i], 1);
        tw_notify_open(&n);
        assert_int_equal(-1, n.fd);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_manager_is_told),
        cmocka_unit_test(nobody_is_told),
    };
    return cmocka_run_group_tests_name("notify", tests, NULL, NULL);
}
