#include "base/log.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char folder[64];

static const char *in_folder(const char *name)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    return path;
}

static const char *content(const char *name, char out[4096])
{
    FILE *f = fopen(in_folder(name), "r");
    size_t n = f != NULL ? fread(out, 1, 4095, f) : 0;
    if (f != NULL)
        fclose(f);
    out[n] = '\0';
    return out;
}

static int set_up(void **state)
{
    (void)state;
    snprintf(folder, sizeof(folder), "/tmp/tierwatch-log-XXXXXX");
    return mkdtemp(folder) == NULL;
}

static int tear_down(void **state)
{
    static const char *const names[] = {"log", "log.1", "log.2", "log.3", "away"};
    (void)state;
    tw_log_close();
    tw_log_set_style(TW_LOG_PLAIN);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        (void)unlink(in_folder(names[i]));
    return rmdir(folder);
}

static bool open_log(uint64_t max_bytes, unsigned keep)
{
    const struct tw_log_file file = {in_folder("log"), max_bytes, keep};
    return tw_log_open(&file);
}

static void a_full_file_is_put_aside(void **state)
{
    char out[4096];
    (void)state;
    /* "tierwatch: one" and its newline are 15 bytes. */
    assert_true(open_log(30, 2));
    for (int i = 1; i <= 7; i++)
        tw_log(TW_LOG_INFO, "l-%d", i);
    assert_string_equal("tierwatch: l-7\n", content("log", out));
    assert_string_equal("tierwatch: l-5\ntierwatch: l-6\n", content("log.1", out));
    assert_string_equal("tierwatch: l-3\ntierwatch: l-4\n", content("log.2", out));
    assert_string_equal("", content("log.3", out));
    /* What is there at the start counts. */
    tw_log_close();
    assert_true(open_log(30, 1));
    tw_log(TW_LOG_INFO, "l-8");
    assert_string_equal("", content("log", out));
    assert_string_equal("tierwatch: l-7\ntierwatch: l-8\n", content("log.1", out));
}

static void nothing_is_kept_or_all(void **state)
{
    char out[4096];
    (void)state;
    assert_true(open_log(15, 0));
    tw_log(TW_LOG_INFO, "l-1");
    assert_string_equal("", content("log", out));
    assert_string_equal("", content("log.1", out));
    tw_log_close();
    assert_true(open_log(0, 2));
    for (int i = 0; i < 100; i++)
        tw_log(TW_LOG_INFO, "l-1");
    assert_int_equal(1500, strlen(content("log", out)));
}

static void moved_away_it_is_opened_anew(void **state)
{
    char out[4096], away[128];
    (void)state;
    assert_true(open_log(0, 2));
    snprintf(away, sizeof(away), "%s", in_folder("away"));
    assert_int_equal(0, rename(in_folder("log"), away));
    tw_log(TW_LOG_WARN, "old");
    assert_true(tw_log_reopen());
    tw_log(TW_LOG_WARN, "new");
    assert_string_equal("tierwatch: warning: old\n", content("away", out));
    assert_string_equal("tierwatch: warning: new\n", content("log", out));
}

static void a_file_that_can_not_be_changes_nothing(void **state)
{
    char out[4096];
    const struct tw_log_file nowhere = {"/nowhere/log", 0, 1};
    (void)state;
    assert_true(open_log(0, 1));
    assert_false(tw_log_open(&nowhere));
    tw_log(TW_LOG_INFO, "here");
    assert_string_equal("tierwatch: here\n", content("log", out));
}

/* With standard error as a file of ours. */
static void styles(void **state)
{
    char out[4096], stream[64];
    struct stat about;
    (void)state;
    const int before = dup(STDERR_FILENO);
    const int fd = open(in_folder("log"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    assert_int_equal(STDERR_FILENO, dup2(fd, STDERR_FILENO));
    assert_int_equal(0, fstat(fd, &about));
    unsetenv("JOURNAL_STREAM");
    const bool none = tw_log_is_journal();
    snprintf(stream, sizeof(stream), "%lu:%lu", (unsigned long)about.st_dev,
        (unsigned long)about.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    const bool ours = tw_log_is_journal();
    setenv("JOURNAL_STREAM", "1:2", 1);
    const bool other = tw_log_is_journal();
    tw_log_set_style(TW_LOG_JOURNAL);
    tw_log(TW_LOG_ERROR, "bad\x1b");
    tw_log(TW_LOG_INFO, "good");
    tw_log_set_style(TW_LOG_STAMPED);
    tw_log(TW_LOG_WARN, "mind");
    fflush(stderr);
    dup2(before, STDERR_FILENO);
    close(before);
    close(fd);
    assert_false(none || other);
    assert_true(ours);
    content("log", out);
    assert_memory_equal("<3>bad?\n<6>good\n2", out, 17);
    assert_non_null(strstr(out, "Z warn  mind\n"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_full_file_is_put_aside, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_is_kept_or_all, set_up, tear_down),
        cmocka_unit_test_setup_teardown(moved_away_it_is_opened_anew, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_file_that_can_not_be_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(styles, set_up, tear_down),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
