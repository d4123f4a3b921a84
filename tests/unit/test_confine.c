#include "confine/confine.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <linux/if_packet.h>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* What a child does after it gave up what it may; its exit code says what came of it. */
enum outcome { FINE, NOT_THERE = 20, NO_RIGHT, UNFILTERED, OTHER };

static enum outcome outcome_of(long result)
{
    if (result >= 0)
        return FINE;
    return errno == ENOSYS ? NOT_THERE : errno == EPERM || errno == EACCES ? NO_RIGHT : OTHER;
}

static long open_packets(void)
{
    return socket(AF_PACKET, SOCK_RAW, 0);
}

static long open_broker(void)
{
    return socket(AF_INET, SOCK_STREAM, 0);
}

static long open_bluetooth(void)
{
    return socket(AF_BLUETOOTH, SOCK_RAW, 1);
}

static long map(int prot)
{
    void *p = mmap(NULL, 4096, prot, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return p == MAP_FAILED ? -1 : munmap(p, 4096);
}

static long map_data(void)
{
    return map(PROT_READ | PROT_WRITE);
}

static long map_code(void)
{
    return map(PROT_READ | PROT_EXEC);
}

static long make_executable(void)
{
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return mprotect(p, 4096, PROT_READ | PROT_EXEC);
}

static void *nothing(void *user)
{
    return user;
}

static long start_thread(void)
{
    pthread_t t;
    errno = pthread_create(&t, NULL, nothing, NULL);
    return errno == 0 ? -pthread_join(t, NULL) : -1;
}

static long start_process(void)
{
    return syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

static long start_program(void)
{
    char *const words[] = {(char *)(uintptr_t) "true", NULL};
    return execv("/bin/true", words);
}

static long look_at_others(void)
{
    return ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static long leave_root(void)
{
    return chroot("/");
}

static long ask_for_more(void)
{
    return syscall(SYS_capset, NULL, NULL);
}

static long type_into_terminal(void)
{
    return syscall(SYS_ioctl, 0, 0x5412 /* TIOCSTI */, "x");
}

static long profile(void)
{
    return syscall(SYS_io_uring_setup, 1, NULL);
}

enum { KILLED = 100 };

static const struct {
    long (*act)(void);
    int worker, opener; /* enum outcome, or KILLED; as root, who has CAP_NET_RAW */
} rows[] = {
    {open_packets, NOT_THERE, FINE},
    {open_broker, FINE, FINE},
    {open_bluetooth, NOT_THERE, NOT_THERE},
    {map_data, FINE, FINE},
    {map_code, NOT_THERE, NOT_THERE},
    {make_executable, NOT_THERE, NOT_THERE},
    {start_thread, FINE, FINE},
    {start_process, NOT_THERE, NOT_THERE},
    {start_program, KILLED, KILLED},
    {look_at_others, KILLED, KILLED},
    {leave_root, KILLED, KILLED},
    {ask_for_more, KILLED, KILLED},
    {type_into_terminal, NOT_THERE, NOT_THERE},
    {profile, NOT_THERE, NOT_THERE},
};

static int in_child(enum tw_confine_role role, long (*act)(void))
{
    const pid_t pid = fork();
    if (pid == 0) {
        if (tw_confine_process() != TW_OK || tw_confine_capabilities(role) != TW_OK)
            _exit(OTHER);
        if (tw_confine_calls(role) != TW_OK)
            _exit(UNFILTERED);
        _exit((int)outcome_of(act()));
    }
    int status;
    assert_int_equal(pid, waitpid(pid, &status, 0));
    if (WIFSIGNALED(status)) {
        assert_int_equal(SIGSYS, WTERMSIG(status));
        return KILLED;
    }
    return WEXITSTATUS(status);
}

static void only_what_is_listed_is_answered(void **state)
{
    (void)state;
    if (in_child(TW_CONFINE_WORKER, open_broker) == UNFILTERED)
        return; /* an instrumented build, or a kernel without */
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        assert_int_equal(rows[i].worker, in_child(TW_CONFINE_WORKER, rows[i].act));
        const int got = in_child(TW_CONFINE_OPENER, rows[i].act);
        if (rows[i].act != open_packets || got != NO_RIGHT) /* without the capability */
            assert_int_equal(rows[i].opener, got);
    }
}

/* The same without a filter: capabilities alone. */
static void capabilities_are_gone(void **state)
{
    (void)state;
    const pid_t pid = fork();
    if (pid == 0) {
        struct rlimit core;
        bool ok = tw_confine_process() == TW_OK && getrlimit(RLIMIT_CORE, &core) == 0 &&
                  core.rlim_max == 0 && prctl(PR_GET_DUMPABLE) == 0 &&
                  prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
        ok = ok && tw_confine_capabilities(TW_CONFINE_OPENER) == TW_OK;
        ok = ok && outcome_of(chroot("/")) == NO_RIGHT;
        ok = ok && tw_confine_capabilities(TW_CONFINE_WORKER) == TW_OK;
        ok = ok && outcome_of(open_packets()) == NO_RIGHT;
        ok = ok && tw_confine_capabilities(TW_CONFINE_OPENER) == TW_OK; /* nothing comes back */
        ok = ok && outcome_of(open_packets()) == NO_RIGHT;
        _exit(ok ? 0 : 1);
    }
    int status;
    assert_int_equal(pid, waitpid(pid, &status, 0));
    assert_true(WIFEXITED(status));
    assert_int_equal(0, WEXITSTATUS(status));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(capabilities_are_gone),
        cmocka_unit_test(only_what_is_listed_is_answered),
    };
    return cmocka_run_group_tests_name("confine", tests, NULL, NULL);
}
