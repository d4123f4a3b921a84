#include "observe/control.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

/* A gateway that says back what it is asked, on a thread of its own. */
struct echo {
    char folder[64], path[96];
    struct tw_control *control;
    pthread_t thread;
    atomic_bool over;
    int bell;
    unsigned asked;
};

static void answer(void *user, struct tw_str request, struct tw_text *out)
{
    struct echo *e = user;
    e->asked++;
    if (tw_str_is(request, "much")) {
        for (int i = 0; i < 200000; i++)
            tw_text_add(out, "0123456789", 10);
        return;
    }
    tw_json_object(out);
    tw_json_member_str(out, "said", request);
    tw_json_object_end(out);
}

static void *serve(void *user)
{
    struct echo *e = user;
    while (!atomic_load(&e->over))
        tw_control_serve(e->control, e->bell, 10000);
    return NULL;
}

static void start(struct echo *e)
{
    char err[128] = "";
    *e = (struct echo){.folder = "/tmp/tierwatch-control-XXXXXX"};
    assert_non_null(mkdtemp(e->folder));
    snprintf(e->path, sizeof(e->path), "%s/socket", e->folder);
    assert_int_equal(TW_OK, tw_control_open(e->path, answer, e, &e->control, err, sizeof(err)));
    e->bell = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    assert_int_equal(0, pthread_create(&e->thread, NULL, serve, e));
}

static void end(struct echo *e)
{
    struct stat about;
    atomic_store(&e->over, true);
    assert_int_equal(0, eventfd_write(e->bell, 1));
    pthread_join(e->thread, NULL);
    tw_control_close(e->control);
    close(e->bell);
    assert_int_not_equal(0, stat(e->path, &about)); /* it takes its file away */
    rmdir(e->folder);
}

static int dial(const struct echo *e)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    tw_str_copy(address.sun_path, sizeof(address.sun_path), tw_str_of(e->path));
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(0, connect(fd, (const struct sockaddr *)&address, sizeof(address)));
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal((ssize_t)strlen(text), send(fd, text, strlen(text), MSG_NOSIGNAL));
}

/* What comes until `n` lines have, or the end. */
static const char *hear(int fd, int n, char out[512])
{
    size_t len = 0;
    while (n > 0 && len < 511 && recv(fd, out + len, 1, 0) == 1)
        n -= out[len++] == '\n';
    out[len] = '\0';
    return out;
}

static void a_line_is_answered_by_a_line(void **state)
{
    struct echo e;
    struct stat about;
    char out[512];
    (void)state;
    start(&e);
    assert_int_equal(0, stat(e.path, &about));
    assert_int_equal(0660, about.st_mode & 0777);
    const int a = dial(&e), b = dial(&e);
    say(a, "on");
    say(b, "first\nsecond\nthi");
    assert_string_equal("{\"said\":\"first\"}\n{\"said\":\"second\"}\n", hear(b, 2, out));
    say(a, "e\n");
    assert_string_equal("{\"said\":\"one\"}\n", hear(a, 1, out));
    say(b, "rd\n\n");
    assert_string_equal("{\"said\":\"third\"}\n{\"said\":\"\"}\n", hear(b, 2, out));
    close(a);
    close(b);
    end(&e);
    assert_int_equal(5, e.asked);
}

/* The same by the side that asks. */
static void ask(void **state)
{
    struct echo e;
    struct tw_text answer_text = {0};
    int fd = -1;
    (void)state;
    start(&e);
    assert_int_equal(TW_OK, tw_control_ask(e.path, TW_STR("how?"), 5000, &answer_text, &fd));
    assert_memory_equal("{\"said\":\"how?\"}\n", answer_text.p, answer_text.len);
    assert_false(tw_control_wait_end(fd, 50));
    tw_text_clear(&answer_text);
    int other = -1;
    assert_int_equal(TW_OK, tw_control_ask(e.path, TW_STR("much"), 5000, &answer_text, &other));
    assert_int_equal(2000001, answer_text.len);
    char path[128];
    snprintf(path, sizeof(path), "%s/nothing", e.folder);
    int none = -1;
    assert_int_equal(TW_NOT_FOUND, tw_control_ask(path, TW_STR("x"), 100, &answer_text, &none));
    assert_int_equal(-1, none);
    end(&e);
    assert_true(tw_control_wait_end(fd, 1000)); /* it let go of the connection */
    close(fd);
    close(other);
    tw_text_free(&answer_text);
}

static void who_says_too_much_or_nothing_is_let_go(void **state)
{
    struct echo e;
    char out[512], much[TW_CONTROL_MAX_REQUEST];
    (void)state;
    start(&e);
    const int fd = dial(&e);
    memset(much, 'x', sizeof(much));
    (void)!send(fd, much, sizeof(much), MSG_NOSIGNAL);
    assert_string_equal("", hear(fd, 1, out));
    close(fd);
    /* More clients than places: the last one is not served, the others are. */
    int many[9];
    for (int i = 0; i < 9; i++)
        many[i] = dial(&e);
    assert_string_equal("", hear(many[8], 1, out));
    for (int i = 0; i < 8; i++) {
        say(many[i], "x\n");
        assert_string_equal("{\"said\":\"x\"}\n", hear(many[i], 1, out));
        close(many[i]);
    }
    close(many[8]);
    /* Who does not take an answer does not hold up the others for long. */
    const int deaf = dial(&e), other = dial(&e);
    say(deaf, "much\n");
    say(other, "x\n");
    assert_string_equal("{\"said\":\"x\"}\n", hear(other, 1, out));
    close(deaf);
    close(other);
    end(&e);
}

static void a_place_is_taken_over_only_from_the_dead(void **state)
{
    struct echo e;
    struct tw_control *second = NULL;
    char err[128] = "", path[128];
    (void)state;
    start(&e);
    assert_int_equal(TW_FULL, tw_control_open(e.path, answer, &e, &second, err, sizeof(err)));
    assert_string_equal("another gateway answers there", err);
    /* A socket that nobody listens on. */
    snprintf(path, sizeof(path), "%s/left", e.folder);
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    tw_str_copy(address.sun_path, sizeof(address.sun_path), tw_str_of(path));
    const int left = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(0, bind(left, (const struct sockaddr *)&address, sizeof(address)));
    close(left);
    assert_int_equal(TW_OK, tw_control_open(path, answer, &e, &second, err, sizeof(err)));
    tw_control_close(second);
    /* A file stays. */
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fclose(file);
    assert_int_equal(TW_IO, tw_control_open(path, answer, &e, &second, err, sizeof(err)));
    assert_string_equal("there is something else", err);
    assert_int_equal(0, unlink(path));
    char longer[200];
    memset(longer, 'x', sizeof(longer));
    longer[199] = '\0';
    assert_int_equal(TW_IO, tw_control_open(longer, answer, &e, &second, err, sizeof(err)));
    assert_non_null(strstr(err, "longer than 107"));
    snprintf(path, sizeof(path), "%s/no/where", e.folder);
    assert_int_equal(TW_IO, tw_control_open(path, answer, &e, &second, err, sizeof(err)));
    end(&e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_is_answered_by_a_line),
        cmocka_unit_test(ask),
        cmocka_unit_test(who_says_too_much_or_nothing_is_let_go),
        cmocka_unit_test(a_place_is_taken_over_only_from_the_dead),
    };
    return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
