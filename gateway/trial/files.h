#pragma once
/* Which test files there are (NAME.test.yaml), and which rules they expect. */

#include "config/yaml.h"

enum { TW_TRIAL_MAX_FILES = 1024 };

struct tw_trial_files {
    char *list[TW_TRIAL_MAX_FILES];
    size_t n;
};

/* Add a file; or of a folder, by name, the tests in it, else those in its folder "tests". False
 * (errno says why) when it can not be read or there are too many. Nothing to add is no error. */
bool tw_trial_files_add(struct tw_trial_files *f, const char *path);
/* Add the tests that belong to rules at `path`: in the folder "tests" beside a file or in a folder.
 */
bool tw_trial_files_beside(struct tw_trial_files *f, const char *path);
void tw_trial_files_fini(struct tw_trial_files *f);

/* Ids that tests expect an alert of. */
struct tw_trial_expected;
/* What can not be read expects nothing. NULL when memory is short. */
struct tw_trial_expected *tw_trial_expected_new(const struct tw_trial_files *files);
void tw_trial_expected_free(struct tw_trial_expected *e);
/* How many tests expect the rule; `out_line` and `out_file` are of the first. Both may be NULL. */
size_t tw_trial_expects(
    const struct tw_trial_expected *e, const char *rule, const char **out_file, unsigned *out_line);
