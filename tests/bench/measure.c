/* Runs a command and appends one line to a file: CPU microseconds (user and system), wall-clock
 * microseconds, largest resident set in KiB. Exits as the command did. */

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static int64_t now_us(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int64_t us(struct timeval t)
{
    return (int64_t)t.tv_sec * 1000000 + t.tv_usec;
}

int main(int argc, char **argv)
{
    struct rusage r;
    int status;
    if (argc < 3) {
        fprintf(stderr, "Usage: measure FILE COMMAND [ARGUMENT]...\n");
        return 2;
    }
    int64_t start = now_us();
    pid_t child = fork();
    if (child == 0) {
        execvp(argv[2], argv + 2);
        fprintf(stderr, "measure: %s: %s\n", argv[2], strerror(errno));
        _exit(127);
    }
    if (child < 0 || wait4(child, &status, 0, &r) != child) {
        perror("measure");
        return 1;
    }
    int64_t wall = now_us() - start;
    if (!WIFEXITED(status)) {
        fprintf(stderr, "measure: %s: ended by signal %d\n", argv[2], WTERMSIG(status));
        return 1;
    }
    FILE *out = fopen(argv[1], "a");
    if (out == NULL) {
        perror(argv[1]);
        return 1;
    }
    fprintf(out, "%lld %lld %ld\n", (long long)(us(r.ru_utime) + us(r.ru_stime)), (long long)wall,
        r.ru_maxrss);
    return fclose(out) == 0 ? WEXITSTATUS(status) : 1;
}
