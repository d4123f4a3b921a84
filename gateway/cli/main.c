#include <string.h>

#include "cli/cli.h"

static const struct tw_command commands[] = {
    {"run", "", "Watch live interfaces and publish alerts", "ciIRtFSDTyqvlL", 0, 0,
        "  tierwatch run -c /etc/tierwatch/tierwatch.yaml -i eth1\n"
        "  tierwatch run -c tierwatch.yaml --test\n",
        tw_cmd_run},
    {"replay", "CAPTURE...", "The same engine over captures; prints alerts and a summary",
        "cIRtFSDTaeLspfbujqvlP", 1, TW_MAX_LIST,
        "  tierwatch replay --inventory plant.yaml monday.pcap\n"
        "  tierwatch replay -c tierwatch.yaml --alerts - --fail-on high captures/ | jq .summary\n"
        "  zcat big.pcap.gz | tierwatch replay --inventory plant.yaml -\n",
        tw_cmd_replay},
    {"decode", "CAPTURE...", "Print the actions seen, one JSON object a line", "tFsbuqvlP", 1,
        TW_MAX_LIST,
        "  tierwatch decode plant.pcap | jq -c 'select(.action == \"write\")'\n"
        "  tierwatch decode -F 'tcp port 4840' captures/\n",
        tw_cmd_decode},
    {"rules check", "[PATH...]", "Check rule files; every mistake with line and column", "jq", 0,
        TW_MAX_LIST, "  tierwatch rules check rules/\n", tw_cmd_rules_check},
    {"rules list", "[PATH...]", "List rules: id, severity, evidence, tiers, name", "jq", 0,
        TW_MAX_LIST, NULL, tw_cmd_rules_list},
    {"rules schema", "", "Print the JSON schema of rule files", "", 0, 0, NULL,
        tw_cmd_rules_schema},
    {"fields", "", "Every field that a rule can use", "jm", 0, 0, NULL, tw_cmd_fields},
    {"inventory check", "FILE...", "Check inventories; every mistake with line and column", "jq",
        1, TW_MAX_LIST, "  tierwatch inventory check plant.yaml\n", tw_cmd_inventory_check},
    {"inventory schema", "", "Print the JSON schema of inventories", "", 0, 0, NULL,
        tw_cmd_inventory_schema},
    {"ledger verify", "PATH", "Check a ledger's hash chain", "jq", 1, 1,
        "  tierwatch ledger verify /var/lib/tierwatch/ledger\n", tw_cmd_ledger_verify},
    {"ledger tail", "PATH", "Print a ledger's alerts", "q", 1, 1, NULL, tw_cmd_ledger_tail},
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
          "5 no permission or interface, 6 damaged capture, 8 ledger, 20 --fail-on reached.\n",
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

/* "tierwatch rules", "tierwatch rules chekc": the commands that begin with that word. */
static int incomplete(const char *word)
{
    bool any = false;
    size_t n = strlen(word);
    for (size_t i = 0; i < N_COMMANDS; i++) {
        if (strncmp(commands[i].name, word, n) != 0 || commands[i].name[n] != ' ')
            continue;
        if (!any)
            fprintf(stderr, "tierwatch: '%s' needs one of:\n", word);
        any = true;
        fprintf(stderr, "  %-18s %s\n", commands[i].name, commands[i].summary);
    }
    if (!any)
        fprintf(stderr, "tierwatch: unknown command '%s'; see 'tierwatch --help'\n", word);
    return TW_EXIT_USAGE;
}

static bool is_any(const char *word, const char *a, const char *b)
{
    return strcmp(word, a) == 0 || strcmp(word, b) == 0;
}

int main(int argc, char **argv)
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
    return incomplete(argv[1]);
}
