#include "observe/web.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "observe/textfile.h"

struct site {
    bool well, broken;
};

static void metrics(void *user, struct tw_text *out)
{
    const struct site *s = user;
    tw_text_addz(out, "x 1\n");
    out->failed |= s->broken;
}

static bool health(void *user, struct tw_text *out)
{
    const struct site *s = user;
    tw_text_addz(out, s->well ? "{}" : "{\"why\":1}");
    return s->well;
}

/* A port that nobody has. */
static uint16_t free_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(at);
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(0, bind(fd, (struct sockaddr *)&at, size));
    assert_int_equal(0, getsockname(fd, (struct sockaddr *)&at, &size));
    close(fd);
    return ntohs(at.sin_port);
}

static const char *ask(uint16_t port, const char *request, char out[4096])
{
    struct sockaddr_in at = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t n = 0;
    ssize_t got;
    assert_int_equal(0, connect(fd, (struct sockaddr *)&at, sizeof(at)));
    assert_int_equal((ssize_t)strlen(request), send(fd, request, strlen(request), MSG_NOSIGNAL));
    while (n < 4095 && (got = recv(fd, out + n, 4095 - n, 0)) > 0)
        n += (size_t)got;
    out[n] = '\0';
    close(fd);
    return out;
}

#define END " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void pages(void **state)
{
    struct site site = {.well = true};
    const struct tw_web_pages of = {&site, metrics, health};
    struct tw_web *w = NULL, *second = NULL;
    char listen[64], err[128] = "", out[4096];
    (void)state;
    const uint16_t port = free_port();
    snprintf(listen, sizeof(listen), "127.0.0.1:%u", port);
    assert_int_equal(TW_OK, tw_web_open(listen, &of, &w, err, sizeof(err)));
    assert_int_equal(TW_IO, tw_web_open(listen, &of, &second, err, sizeof(err)));
    assert_null(second);
    ask(port, "GET /metrics" END, out);
    assert_memory_equal("HTTP/1.1 200", out, 12);
    assert_non_null(strstr(out, "Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n"));
    assert_string_equal("\r\n\r\nx 1\n", strstr(out, "\r\n\r\n"));
    assert_memory_equal("HTTP/1.1 200", ask(port, "GET /healthz" END, out), 12);
    site.well = false;
    assert_memory_equal("HTTP/1.1 503", ask(port, "GET /healthz" END, out), 12);
    assert_string_equal("\r\n\r\n{\"why\":1}", strstr(out, "\r\n\r\n"));
    site.broken = true;
    assert_memory_equal("HTTP/1.1 500", ask(port, "GET /metrics" END, out), 12);
    assert_memory_equal("HTTP/1.1 404", ask(port, "GET /" END, out), 12);
    assert_memory_equal("HTTP/1.1 405", ask(port, "DELETE /metrics" END, out), 12);
    assert_non_null(strstr(out, "Allow: GET, HEAD\r\n"));
    tw_web_close(w);
}

static void addresses(void **state)
{
    static const char *const wrong[] = {"", ":", "9477", "localhost:9477", "127.0.0.1",
        "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:65536", "[::1:9477", "::1]:9477", "127.0.0.1.2:1"};
    struct site site = {.well = true};
    const struct tw_web_pages of = {&site, metrics, health};
    struct tw_web *w = NULL;
    char err[128] = "", listen[64];
    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
        assert_int_equal(TW_INVALID, tw_web_open(wrong[i], &of, &w, err, sizeof(err)));
    assert_null(w);
    snprintf(listen, sizeof(listen), "[::1]:%u", free_port());
    /* A machine may have no IPv6. */
    if (tw_web_open(listen, &of, &w, err, sizeof(err)) == TW_OK)
        tw_web_close(w);
}

static void a_file_is_whole_or_as_before(void **state)
{
    char folder[] = "/tmp/tierwatch-textfile-XXXXXX", path[64], beside[80], out[16] = "";
    struct stat about;
    (void)state;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/a.prom", folder);
    snprintf(beside, sizeof(beside), "%s.new", path);
    assert_int_equal(TW_OK, tw_textfile_write(path, TW_STR("first\n")));
    assert_int_equal(TW_OK, tw_textfile_write(path, TW_STR("second\n")));
    assert_int_equal(0, stat(path, &about));
    assert_int_equal(0644, about.st_mode & 0777);
    assert_int_equal(-1, access(beside, F_OK));
    /* Nobody's link is followed. */
    assert_int_equal(0, symlink("/tmp/tierwatch-elsewhere", beside));
    assert_int_equal(TW_IO, tw_textfile_write(path, TW_STR("third\n")));
    FILE *f = fopen(path, "r");
    assert_int_equal(7, fread(out, 1, sizeof(out), f));
    fclose(f);
    assert_memory_equal("second\n", out, 7);
    unlink(beside);
    unlink(path);
    assert_int_equal(0, rmdir(folder));
    assert_int_equal(TW_IO, tw_textfile_write(path, TW_STR("x")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pages),
        cmocka_unit_test(addresses),
        cmocka_unit_test(a_file_is_whole_or_as_before),
    };
    return cmocka_run_group_tests_name("web", tests, NULL, NULL);
}
