#pragma once
/* Inside cli/: exit codes, the options that commands share, and one entry per sub-command. */

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum tw_exit {
    TW_EXIT_OK = 0,
    TW_EXIT_FAILED = 1, /* it could not do its work */
    TW_EXIT_USAGE = 2,
    TW_EXIT_CONFIG = 3, /* configuration or inventory invalid */
    TW_EXIT_RULES = 4,
    TW_EXIT_CAPTURE = 5, /* no permission or no such interface */
    TW_EXIT_DAMAGED = 6,
    TW_EXIT_TESTS = 7,
    TW_EXIT_LEDGER = 8,
    TW_EXIT_FAIL_ON = 20,
};

enum { TW_MAX_LIST = 64 };

struct tw_list {
    const char *at[TW_MAX_LIST];
    size_t n;
};

struct tw_options {
    const char *config, *inventory, *filter, *alerts, *events, *ledger, *summary, *fail_on, *from,
        *to, *log_level, *progress, *threads, *play, *opcua_keys, *tls_keys, *output, *merge,
        *baseline, *socket;
    struct tw_list rules, interfaces, set, args;
    bool dump_config, test, json, werror, quiet, verbose, publish, markdown, anomalies;
};

struct tw_command {
    const char *name; /* "rules check" has two words */
    const char *args; /* "CAPTURE…" */
    const char *summary;
    const char *options; /* those it takes, as letters of the table in options.c */
    size_t min_args, max_args;
    const char *examples; /* lines, or NULL */
    int (*run)(const struct tw_options *options);
};

/* Fill `out` from argv (after the command's words). Returns -1 to go on, else an exit code (help
 * was printed, or the usage error was). */
int tw_options_parse(
    const struct tw_command *command, int argc, char **argv, struct tw_options *out);
/* "--config --help": those that a command takes. */
void tw_options_names(const struct tw_command *command, FILE *out);
/* Of tierwatch and of nDPI, to standard output. */
void tw_version(void);

int tw_cmd_decode(const struct tw_options *o);
int tw_cmd_replay(const struct tw_options *o);
int tw_cmd_run(const struct tw_options *o);
int tw_cmd_rules_check(const struct tw_options *o);
int tw_cmd_rules_list(const struct tw_options *o);
int tw_cmd_rules_test(const struct tw_options *o);
int tw_cmd_rules_diff(const struct tw_options *o);
int tw_cmd_rules_explain(const struct tw_options *o);
int tw_cmd_rules_schema(const struct tw_options *o);
int tw_cmd_config_schema(const struct tw_options *o);
int tw_cmd_fields(const struct tw_options *o);
int tw_cmd_inventory_check(const struct tw_options *o);
int tw_cmd_inventory_import(const struct tw_options *o);
int tw_cmd_inventory_learn(const struct tw_options *o);
int tw_cmd_inventory_schema(const struct tw_options *o);
int tw_cmd_indicators_list(const struct tw_options *o);
int tw_cmd_indicators_import(const struct tw_options *o);
int tw_cmd_indicators_export(const struct tw_options *o);
int tw_cmd_baseline_learn(const struct tw_options *o);
int tw_cmd_baseline_show(const struct tw_options *o);
int tw_cmd_baseline_diff(const struct tw_options *o);
int tw_cmd_ledger_verify(const struct tw_options *o);
int tw_cmd_ledger_tail(const struct tw_options *o);
int tw_cmd_ctl_status(const struct tw_options *o);
int tw_cmd_ctl_counters(const struct tw_options *o);
int tw_cmd_ctl_reload(const struct tw_options *o);
int tw_cmd_ctl_shutdown(const struct tw_options *o);
