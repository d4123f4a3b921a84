#include <errno.h>
#include <string.h>

#include "base/log.h"
#include "cli/cli.h"
#include "config/yaml.h"

static int completion(const struct tw_options *o);

static const struct tw_command commands[] = {
    {"run", "", "Watch live interfaces and publish alerts", "ciIRBtkKFSDTyqvlL", 0, 0,
        "  tierwatch run -c /etc/tierwatch/tierwatch.yaml -i eth1\n"
        "  tierwatch run -c tierwatch.yaml --test\n",
        tw_cmd_run},
    {"replay", "CAPTURE...", "The same engine over captures; prints alerts and a summary",
        "cIRBtkKFSDTaeLspfbujqvlP", 1, TW_MAX_LIST,
        "  tierwatch replay --inventory plant.yaml monday.pcap\n"
        "  tierwatch replay -c tierwatch.yaml --alerts - --fail-on high captures/ | jq .summary\n"
        "  zcat big.pcap.gz | tierwatch replay --inventory plant.yaml -\n",
        tw_cmd_replay},
    {"decode", "CAPTURE...", "Print the actions seen, one JSON object a line", "tkKFsbujqvlP", 1,
        TW_MAX_LIST,
        "  tierwatch decode plant.pcap | jq -c 'select(.action == \"write\")'\n"
        "  tierwatch decode -F 'tcp port 4840' captures/\n",
        tw_cmd_decode},
    {"rules check", "[PATH...]", "Check rule files; every mistake with line and column", "cRSwjqvl",
        0, TW_MAX_LIST,
        "  tierwatch rules check rules/\n"
        "  tierwatch rules check --werror rules/\n",
        tw_cmd_rules_check},
    {"rules test", "[FILE...]", "Run tests of rules: what must come of events or captures",
        "cRSjqvl", 0, TW_MAX_LIST,
        "  tierwatch rules test rules/tests/\n"
        "  tierwatch rules test --rules new/ rules/tests/cmd.test.yaml\n",
        tw_cmd_rules_test},
    {"rules list", "[PATH...]", "List rules: id, evidence, severity, status, name", "cRSjqvl", 0,
        TW_MAX_LIST, NULL, tw_cmd_rules_list},
    {"rules explain", "ID [PATH...]", "What a rule is asked of, looks at and remembers; its tests",
        "cRSjqvl", 1, TW_MAX_LIST, "  tierwatch rules explain CMD-01\n", tw_cmd_rules_explain},
    {"rules diff", "OLD NEW CAPTURE...", "Compare the alerts of two rule sets on captures",
        "cISjqvl", 3, TW_MAX_LIST,
        "  tierwatch rules diff --inventory plant.yaml rules/ new-rules/ monday.pcap\n",
        tw_cmd_rules_diff},
    {"rules schema", "[tests]", "Print the JSON schema of rule files, or of their tests", "", 0, 1,
        NULL, tw_cmd_rules_schema},
    {"config schema", "", "Print the JSON schema of gateway configurations", "", 0, 0, NULL,
        tw_cmd_config_schema},
    {"completion", "bash", "Print what completes commands and options in a shell", "", 1, 1,
        "  tierwatch completion bash >/etc/bash_completion.d/tierwatch\n", completion},
    {"fields", "", "Every field that a rule can use", "Ajm", 0, 0,
        "  tierwatch fields --markdown >fields.md\n"
        "  tierwatch fields --anomalies | grep ^mqtt\n",
        tw_cmd_fields},
    {"inventory check", "[FILE...]", "Check inventories; every mistake with line and column",
        "cISjqvl", 0, TW_MAX_LIST, "  tierwatch inventory check plant.yaml\n",
        tw_cmd_inventory_check},
    {"inventory learn", "CAPTURE...", "Draft an inventory from captures", "oMtkKFbuqvlP", 1,
        TW_MAX_LIST,
        "  tierwatch inventory learn -o draft.yaml monday.pcap tuesday.pcap\n"
        "  tierwatch inventory learn --merge plant.yaml captures/\n"
        "  tierwatch inventory learn week.pcap | less\n",
        tw_cmd_inventory_learn},
    {"inventory import", "FILE...",
        "Turn what agents declare about themselves into inventory entries", "ojqvl", 1, TW_MAX_LIST,
        "  tierwatch inventory import -o agents.yaml policy.json opcua-mcp.config.yaml\n"
        "\nForms: the tool policy of an MCP server for OPC UA (JSON: profile, "
        "control.writable_nodes,\n"
        "control.callable_methods), and a configuration with named controls (YAML: connection,\n"
        "read.roots, controls.items).\n",
        tw_cmd_inventory_import},
    {"inventory schema", "", "Print the JSON schema of inventories", "", 0, 0, NULL,
        tw_cmd_inventory_schema},
    {"baseline learn", "CAPTURE...", "Learn what is normal from captures of a good time",
        "cIotkKFSbujqvlP", 1, TW_MAX_LIST,
        "  tierwatch baseline learn --inventory plant.yaml -o baseline.json good-week/\n",
        tw_cmd_baseline_learn},
    {"baseline show", "FILE", "Check a baseline's digest; print what it says", "jqvl", 1, 1, NULL,
        tw_cmd_baseline_show},
    {"baseline diff", "OLD NEW", "Compare two baselines", "jqvl", 2, 2, NULL, tw_cmd_baseline_diff},
    {"indicators list", "[FILE]", "List shared indicators (STIX 2.1): state, confidence, what",
        "cSjqvl", 0, 1, "  tierwatch indicators list -c tierwatch.yaml\n", tw_cmd_indicators_list},
    {"indicators import", "FILE...", "Take indicators over into the file of the configuration",
        "coSjqvl", 1, TW_MAX_LIST, "  tierwatch indicators import -c tierwatch.yaml bundle.json\n",
        tw_cmd_indicators_import},
    {"indicators export", "[FILE...]", "Print those that are valid as one STIX bundle", "cSjqvl", 0,
        TW_MAX_LIST, "  tierwatch indicators export -c tierwatch.yaml >bundle.json\n",
        tw_cmd_indicators_export},
    {"ledger verify", "PATH", "Check a ledger's hash chain", "jqvl", 1, 1,
        "  tierwatch ledger verify /var/lib/tierwatch/ledger\n", tw_cmd_ledger_verify},
    {"ledger tail", "PATH", "Print a ledger's alerts", "qvl", 1, 1, NULL, tw_cmd_ledger_tail},
    {"ctl status", "", "How a running gateway is; exit 1 when something is wrong with it",
        "cSXjqvl", 0, 0, "  tierwatch ctl status -c /etc/tierwatch/tierwatch.yaml\n",
        tw_cmd_ctl_status},
    {"ctl counters", "", "What it counted since it started", "cSXjqvl", 0, 0, NULL,
        tw_cmd_ctl_counters},
    {"ctl reload", "", "Let it load rules and inventory again; on any error it keeps the old ones",
        "cSXjqvl", 0, 0, NULL, tw_cmd_ctl_reload},
    {"ctl shutdown", "", "Let it stop, and wait until it has", "cSXjqvl", 0, 0, NULL,
        tw_cmd_ctl_shutdown},
};

enum { N_COMMANDS = sizeof(commands) / sizeof(commands[0]) };

static void help(FILE *out)
{
    fputs("tierwatch watches what AI systems do on a plant network (OPC UA, MQTT) and raises\n"
          "alerts by risk tier.\n\nUsage: tierwatch COMMAND [OPTION]...\n\nCommands:\n",
        out);
    for (size_t i = 0; i < N_COMMANDS; i++)
        fprintf(out, "  %-18s %s\n", commands[i].name, commands[i].summary);
    fputs("\n'tierwatch COMMAND --help' explains one. -V, --version prints versions.\n"
          "Exit codes: 0 done, 1 failed, 2 usage, 3 configuration or inventory, 4 rules,\n"
          "5 no permission or interface, 6 damaged capture, 7 rule tests, 8 ledger,\n"
          "20 --fail-on reached.\n",
        out);
}

/* How many of argv's words name `command`; 0 when they do not. */
static int match(const struct tw_command *command, int argc, char **argv)
{
    const char *space = strchr(command->name, ' ');
    if (space == NULL)
        return argc > 1 && strcmp(argv[1], command->name) == 0 ? 1 : 0;
    size_t first = (size_t)(space - command->name);
    return argc > 2 && strlen(argv[1]) == first && strncmp(argv[1], command->name, first) == 0 &&
                   strcmp(argv[2], space + 1) == 0
               ? 2
               : 0;
}

/* The commands whose first word is `word`; how many there are. */
static size_t list_group(const char *word, FILE *out)
{
    size_t found = 0, n = strlen(word);
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strncmp(commands[i].name, word, n) != 0 || commands[i].name[n] != ' ')
            continue;
        if (out != NULL)
            fprintf(out, "  %-18s %s\n", commands[i].name, commands[i].summary);
        found++;
    }
    return found;
}

/* The nearest command to what was typed: "tierwatch repaly", "tierwatch rules chekc". */
static const char *nearest(int argc, char **argv)
{
    const char *names[N_COMMANDS + 1] = {NULL};
    char typed[128];
    for (size_t i = 0; i < N_COMMANDS; i++)
        names[i] = commands[i].name;
    snprintf(typed, sizeof(typed), "%s %s", argv[1], argc > 2 ? argv[2] : "");
    const char *near = tw_nearest(tw_str_of(typed), names);
    return near != NULL ? near : tw_nearest(tw_str_of(argv[1]), names);
}

/* "tierwatch rules", "tierwatch rules chekc", or no command at all. */
static int unknown(int argc, char **argv)
{
    const bool group = list_group(argv[1], NULL) > 0;
    const char *near = group && argc < 3 ? NULL : nearest(argc, argv);
    if (!group)
        fprintf(stderr, "tierwatch: unknown command '%s'", argv[1]);
    else
        fprintf(stderr, "tierwatch: '%s' needs one of these commands", argv[1]);
    if (near != NULL)
        fprintf(stderr, "; did you mean '%s'?", near);
    fputs(group && near == NULL ? ":\n" : "\n", stderr);
    if (list_group(argv[1], stderr) == 0)
        fputs("See 'tierwatch --help'.\n", stderr);
    return TW_EXIT_USAGE;
}

static bool is_any(const char *word, const char *a, const char *b)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

/* "tierwatch rules --help" */
static int group_help(const char *word)
{
    printf("Usage: tierwatch %s COMMAND [OPTION]...\n\nCommands:\n", word);
    list_group(word, stdout);
    fputs("\n'tierwatch COMMAND --help' explains one.\n", stdout);
    return TW_EXIT_OK;
}

/* One case for each command of two words, then for those of one; the options are the table's. */
static void complete_commands(bool with_space)
{
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if ((strchr(commands[i].name, ' ') != NULL) != with_space)
            continue;
        printf("    '%s%s words='", commands[i].name, with_space ? "')" : " '*)");
        tw_options_names(&commands[i], stdout);
        puts("' ;;");
    }
}

/* The second words of a group, once for each group. */
static void complete_groups(void)
{
    for (size_t i = 0; i < N_COMMANDS; i++) {
        const char *name = commands[i].name, *space = strchr(name, ' ');
        const size_t n = space == NULL ? 0 : (size_t)(space - name) + 1;
        if (space == NULL || (i > 0 && strncmp(commands[i - 1].name, name, n) == 0))
            continue;
        printf("    '%.*s '*) words='", (int)n - 1, name);
        for (size_t k = i; k < N_COMMANDS && strncmp(commands[k].name, name, n) == 0; k++)
            printf("%s%s", k > i ? " " : "", commands[k].name + n);
        puts("' ;;");
    }
}

static int completion(const struct tw_options *o)
{
    if (strcmp(o->args.at[0], "bash") != 0) {
        tw_log(TW_LOG_ERROR, "only bash can be completed, not '%s'", o->args.at[0]);
        return TW_EXIT_USAGE;
    }
    fputs("# Completion of tierwatch for bash; made by 'tierwatch completion bash'.\n"
          "_tierwatch() {\n"
          "    local words='' word=${COMP_WORDS[COMP_CWORD]}\n"
          "    COMPREPLY=()\n"
          "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words='",
        stdout);
    for (size_t i = 0; i < N_COMMANDS; i++) {
        const size_t n = strcspn(commands[i].name, " ") + 1;
        if (i == 0 || strncmp(commands[i - 1].name, commands[i].name, n) != 0)
            printf("%.*s ", (int)n - 1, commands[i].name);
    }
    puts("--help --version'\n    else\n"
         "    case \"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" in");
    complete_commands(true);
    complete_groups();
    complete_commands(false);
    puts("    esac\n    fi\n"
         "    [[ $word == -* || -n $words && $COMP_CWORD -le 2 && $words != --* ]] &&\n"
         "        mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$word\")\n"
         "    return 0\n}\n"
         "complete -o default -F _tierwatch tierwatch");
    return TW_EXIT_OK;
}

/* A disk that is full must not look like a short answer. */
static int checked(int code)
{
    const bool failed = ferror(stdout) != 0;
    if ((fflush(stdout) == 0 && !failed) || code != TW_EXIT_OK)
        return code;
    tw_log(TW_LOG_ERROR, "can not write to standard output: %s", strerror(errno));
    return TW_EXIT_FAILED;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        help(stderr);
        return TW_EXIT_USAGE;
    }
    if (is_any(argv[1], "-h", "--help") || strcmp(argv[1], "help") == 0) {
        help(stdout);
        return TW_EXIT_OK;
    }
    if (is_any(argv[1], "-V", "--version")) {
        tw_version();
        return TW_EXIT_OK;
    }
    for (size_t i = 0; i < N_COMMANDS; i++) {
        int words = match(&commands[i], argc, argv);
        if (words == 0)
            continue;
        struct tw_options options = {0};
        int code = tw_options_parse(&commands[i], argc - words, argv + words, &options);
        return code >= 0 ? code : commands[i].run(&options);
    }
    if (argc > 2 && list_group(argv[1], NULL) > 0) {
        if (is_any(argv[2], "-h", "--help") || strcmp(argv[2], "help") == 0)
            return group_help(argv[1]);
        if (is_any(argv[2], "-V", "--version")) {
            tw_version();
            return TW_EXIT_OK;
        }
    }
    return unknown(argc, argv);
}

int main(int argc, char **argv)
{
    return checked(dispatch(argc, argv));
}
