#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli.h"
#include "config/yaml.h"
#include "flow/flow.h"

enum kind { FLAG, TEXT, LIST };

struct option_row {
    char letter; /* in a command's list; also the short option when `is_short` */
    bool is_short;
    const char *name, *argument, *help;
    enum kind kind;
    size_t offset;
};

#define AT(member) offsetof(struct tw_options, member)

static const struct option_row rows[] = {
    {'c', true, "config", "FILE", "gateway configuration (YAML)", TEXT, AT(config)},
    {'i', true, "interface", "IFACE", "interface to watch; may be repeated", LIST, AT(interfaces)},
    {'I', false, "inventory", "FILE", "plant inventory (YAML)", TEXT, AT(inventory)},
    {'R', false, "rules", "PATH", "rule file or folder; may be repeated", LIST, AT(rules)},
    {'B', false, "baseline", "FILE", "what is normal, as 'baseline learn' wrote it", TEXT,
        AT(baseline)},
    {'o', true, "output", "FILE", "write to this file (- = standard output)", TEXT, AT(output)},
    {'t', false, "threads", "N", "workers; 0 = one for each core (default 1)", TEXT, AT(threads)},
    {'k', false, "opcua-keys", "FILE", "decrypt OPC UA with this key log (Wireshark's format)",
        TEXT, AT(opcua_keys)},
    {'K', false, "tls-keys", "FILE", "decrypt MQTT over TLS with this key log (SSLKEYLOGFILE)",
        TEXT, AT(tls_keys)},
    {'F', true, "filter", "BPF", "look only at packets that match", TEXT, AT(filter)},
    {'S', false, "set", "KEY=VALUE", "override a setting; may be repeated", LIST, AT(set)},
    {'D', false, "dump-config", NULL, "print the configuration in force and leave", FLAG,
        AT(dump_config)},
    {'T', true, "test", NULL, "check everything, capture nothing", FLAG, AT(test)},
    {'a', false, "alerts", "FILE", "write alerts as JSON lines (- = standard output)", TEXT,
        AT(alerts)},
    {'e', false, "events", "FILE", "write every action seen as JSON lines", TEXT, AT(events)},
    {'L', false, "ledger", "FILE", "append alerts to a hash-chained ledger", TEXT, AT(ledger)},
    {'s', false, "summary", "FILE", "write the summary as JSON", TEXT, AT(summary)},
    {'o', true, "output", "FILE", "write there instead of to standard output", TEXT, AT(output)},
    {'M', false, "merge", "FILE", "show only what this inventory lacks", TEXT, AT(merge)},
    {'p', false, "publish", NULL, "publish under tierwatch-replay/1/…", FLAG, AT(publish)},
    {'f', false, "fail-on", "SEVERITY", "exit 20 when an alert is at least this severe", TEXT,
        AT(fail_on)},
    {'b', false, "from", "TIME", "ignore packets before (ISO 8601, UTC)", TEXT, AT(from)},
    {'u', false, "to", "TIME", "ignore packets after", TEXT, AT(to)},
    {'y', false, "play", "CAPTURE", "instead of an interface: play a capture as if it came in now",
        TEXT, AT(play)},
    {'X', false, "socket", "PATH", "the gateway's control socket, instead of the configured one",
        TEXT, AT(socket)},
    {'j', false, "json", NULL, "machine-readable output", FLAG, AT(json)},
    {'w', false, "werror", NULL, "warnings are mistakes", FLAG, AT(werror)},
    {'m', false, "markdown", NULL, "output as a Markdown table", FLAG, AT(markdown)},
    {'A', false, "anomalies", NULL, "what can be wrong with a message, instead", FLAG,
        AT(anomalies)},
    {'q', true, "quiet", NULL, "no summary, no progress", FLAG, AT(quiet)},
    {'v', true, "verbose", NULL, "say more", FLAG, AT(verbose)},
    {'l', false, "log-level", "LEVEL", "error, warn, info or debug", TEXT, AT(log_level)},
    {'P', false, "progress", "WHEN", "auto, always or never", TEXT, AT(progress)},
};

enum { N_ROWS = sizeof(rows) / sizeof(rows[0]) };

static bool takes(const struct tw_command *command, const struct option_row *row)
{
    return strchr(command->options, row->letter) != NULL;
}

static void help(const struct tw_command *command, FILE *out)
{
    fprintf(out, "Usage: tierwatch %s [OPTION]...%s%s\n\n%s.\n\nOptions:\n", command->name,
        command->args[0] ? " " : "", command->args, command->summary);
    for (size_t i = 0; i < N_ROWS; i++) {
        const struct option_row *row = &rows[i];
        char left[64];
        if (!takes(command, row))
            continue;
        snprintf(left, sizeof(left), "%s%c%s --%s%s%s", row->is_short ? "-" : " ",
            row->is_short ? row->letter : ' ', row->is_short ? "," : " ", row->name,
            row->argument ? " " : "", row->argument ? row->argument : "");
        fprintf(out, "  %-26s %s\n", left, row->help);
    }
    fprintf(out, "  %-26s %s\n", "-h, --help", "this text");
    fprintf(out, "  %-26s %s\n", "-V, --version", "versions of tierwatch and nDPI");
    if (command->examples != NULL)
        fprintf(out, "\nExamples:\n%s", command->examples);
}

void tw_options_names(const struct tw_command *command, FILE *out)
{
    for (size_t i = 0; i < N_ROWS; i++) {
        if (takes(command, &rows[i]))
            fprintf(out, "--%s ", rows[i].name);
    }
    fputs("--help --version", out);
}

static int bad_usage(const struct tw_command *command)
{
    fprintf(stderr, "Try 'tierwatch %s --help'.\n", command->name);
    return TW_EXIT_USAGE;
}

static int unknown_option(const struct tw_command *command, const char *word)
{
    const char *names[N_ROWS + 1] = {NULL};
    size_t n = 0;
    for (size_t i = 0; i < N_ROWS; i++) {
        if (takes(command, &rows[i]))
            names[n++] = rows[i].name;
    }
    const char *bare = word + strspn(word, "-");
    const char *near = tw_nearest((struct tw_str){bare, strcspn(bare, "=")}, names);
    fprintf(stderr, "tierwatch: unknown option '%s'", word);
    if (near != NULL && strncmp(word, "--", 2) == 0)
        fprintf(stderr, "; did you mean --%s?", near);
    fputc('\n', stderr);
    return bad_usage(command);
}

static bool add(struct tw_list *list, const char *text)
{
    if (list->n == TW_MAX_LIST)
        return false;
    list->at[list->n++] = text;
    return true;
}

static bool store(const struct option_row *row, struct tw_options *out, const char *text)
{
    char *at = (char *)out + row->offset;
    if (row->kind == FLAG)
        *(bool *)(void *)at = true;
    else if (row->kind == TEXT)
        *(const char **)(void *)at = text;
    else
        return add((struct tw_list *)(void *)at, text);
    return true;
}

struct getopt_table {
    struct option longs[N_ROWS + 3];
    char shorts[3 * N_ROWS + 4];
};

/* Long options return 256 + row, so that letters of options without a short form are never typed.
 */
static void build(const struct tw_command *command, struct getopt_table *t)
{
    size_t n = 0;
    char *s = t->shorts;
    *s++ = ':';
    for (size_t i = 0; i < N_ROWS; i++) {
        if (!takes(command, &rows[i]))
            continue;
        t->longs[n++] = (struct option){
            rows[i].name, rows[i].argument ? required_argument : no_argument, NULL, 256 + (int)i};
        if (!rows[i].is_short)
            continue;
        *s++ = rows[i].letter;
        if (rows[i].argument != NULL)
            *s++ = ':';
    }
    *s++ = 'h';
    *s++ = 'V';
    *s = '\0';
    t->longs[n++] = (struct option){"help", no_argument, NULL, 'h'};
    t->longs[n] = (struct option){"version", no_argument, NULL, 'V'};
}

static const struct option_row *row_of(int c)
{
    if (c >= 256)
        return &rows[c - 256];
    for (size_t i = 0; i < N_ROWS; i++) {
        if (rows[i].is_short && rows[i].letter == c)
            return &rows[i];
    }
    return NULL;
}

static int check_count(const struct tw_command *command, const struct tw_options *o)
{
    if (o->args.n < command->min_args) {
        fprintf(stderr, "tierwatch: %s needs %s\n", command->name, command->args);
        return bad_usage(command);
    }
    if (o->args.n > command->max_args) {
        fprintf(stderr, "tierwatch: unexpected argument '%s'\n", o->args.at[command->max_args]);
        return bad_usage(command);
    }
    return -1;
}

void tw_version(void)
{
    printf("tierwatch %s (nDPI %s)\n", TW_VERSION, tw_ndpi_version());
}

int tw_options_parse(
    const struct tw_command *command, int argc, char **argv, struct tw_options *out)
{
    struct getopt_table table = {0};
    build(command, &table);
    opterr = 0;
    optind = 1;
    for (;;) {
        int at = optind;
        int c = getopt_long(argc, argv, table.shorts, table.longs, NULL);
        if (c == -1)
            break;
        if (c == 'h') {
            help(command, stdout);
            return TW_EXIT_OK;
        }
        if (c == 'V') {
            tw_version();
            return TW_EXIT_OK;
        }
        if (c == ':') {
            fprintf(stderr, "tierwatch: option '%s' needs a value\n", argv[optind - 1]);
            return bad_usage(command);
        }
        const struct option_row *row = c == '?' ? NULL : row_of(c);
        if (row == NULL)
            return unknown_option(command, argv[optind > at ? optind - 1 : at]);
        if (!store(row, out, optarg)) {
            fprintf(stderr, "tierwatch: too many --%s\n", row->name);
            return bad_usage(command);
        }
    }
    for (int i = optind; i < argc; i++) {
        if (!add(&out->args, argv[i])) {
            fprintf(stderr, "tierwatch: more than %d arguments\n", TW_MAX_LIST);
            return bad_usage(command);
        }
    }
    return check_count(command, out);
}
