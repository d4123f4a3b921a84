#include "config/gateway_options.h"

#include <stddef.h>

static const char *const levels[] = {"error", "warn", "info", "debug", NULL};
static const char *const filters[] = {"filter", "off", NULL};

#define AT(member) offsetof(struct tw_config, member)
#define TEXT(member, text) TW_OPTION_TEXT, AT(member), 0, 0, 0, NULL, text
#define PATH(member) TW_OPTION_PATH, AT(member), 0, 0, 0, NULL, NULL
#define INT(member, min, max, init) TW_OPTION_INT, AT(member), min, max, init, NULL, NULL
#define PERCENT(member, init) TW_OPTION_PERCENT, AT(member), 0, 0, init, NULL, NULL
#define LIST(kind, member) kind, AT(member), 0, 0, 0, NULL, NULL

static const struct tw_option options[] = {
    {"site", TEXT(site, NULL)},
    {"gateway", TEXT(gateway, "gw-1")},
    {"include", LIST(TW_OPTION_PATHS, include)},
    {"interfaces", LIST(TW_OPTION_TEXTS, interfaces)},
    {"filter", TEXT(filter, NULL)},
    {"snaplen", INT(snaplen, 64, 262144, 262144)},
    {"ring_mb", INT(ring_mb, 1, 4096, 64)},
    {"loss_percent", PERCENT(loss_percent, 100)},
    {"workers", INT(workers, 0, 256, 0)},
    {"inventory", PATH(inventory)},
    {"rules", LIST(TW_OPTION_PATHS, rules)},
    {"baseline", PATH(baseline)},
    {"indicators", PATH(indicators)},
    {"ledger.dir", PATH(ledger.dir)},
    {"ledger.segment_mb", INT(ledger.segment_mb, 1, 4096, 64)},
    {"ledger.keep_mb", INT(ledger.keep_mb, 1, 1048576, 4096)},
    {"broker.host", TEXT(broker.host, NULL)},
    {"broker.port", INT(broker.port, 1, 65535, 0)},
    {"broker.user", TEXT(broker.user, NULL)},
    {"broker.password_file", PATH(broker.password_file)},
    {"broker.tls.ca", PATH(broker.tls.ca)},
    {"broker.tls.cert", PATH(broker.tls.cert)},
    {"broker.tls.key", PATH(broker.tls.key)},
    {"limits.flows", INT(limits.flows, 16, 10000000, 200000)},
    {"limits.memory_mb", INT(limits.memory_mb, 16, 1048576, 512)},
    {"limits.sessions", INT(limits.sessions, 16, 1000000, 20000)},
    {"metrics.listen", TW_OPTION_LISTEN, AT(metrics.listen), 0, 0, 0, NULL, NULL},
    {"metrics.textfile", PATH(metrics.textfile)},
    {"log.level", TW_OPTION_CHOICE, AT(log.level), 0, 0, 0, levels, "info"},
    {"log.file", PATH(log.file)},
    {"log.rotate_mb", INT(log.rotate_mb, 0, 1048576, 16)},
    {"log.keep", INT(log.keep, 0, 100, 4)},
    {"control.socket", PATH(control.socket)},
    {"confine.syscalls", TW_OPTION_CHOICE, AT(confine.syscalls), 0, 0, 0, filters, "filter"},
    {0},
};

static const struct tw_key ledger[] = {
    {"dir", TW_KEY_STR, false, NULL, NULL, "Folder of the ledger."},
    {"segment_mb", TW_KEY_INT, false, NULL, NULL, "Size of one file."},
    {"keep_mb", TW_KEY_INT, false, NULL, NULL, "Size of all files; the oldest go."}, {0}};
static const struct tw_key tls[] = {
    {"ca", TW_KEY_STR, false, NULL, NULL, "Certificates to trust, PEM."},
    {"cert", TW_KEY_STR, false, NULL, NULL, "The gateway's certificate, PEM."},
    {"key", TW_KEY_STR, false, NULL, NULL, "Its private key, PEM."}, {0}};
static const struct tw_key broker[] = {
    {"host", TW_KEY_STR, false, NULL, NULL, "Name or address of the broker."},
    {"port", TW_KEY_INT, false, NULL, NULL, "1883, or 8883 with tls, when absent."},
    {"user", TW_KEY_STR, false, NULL, NULL, "User name at the broker."},
    {"password_file", TW_KEY_STR, false, NULL, NULL, "File that holds the password."},
    {"tls", TW_KEY_MAP, false, NULL, tls, "Talk inside TLS."}, {0}};
static const struct tw_key limits[] = {
    {"flows", TW_KEY_INT, false, NULL, NULL, "Flows tracked at once."},
    {"memory_mb", TW_KEY_INT, false, NULL, NULL, "Memory for reassembly and state."},
    {"sessions", TW_KEY_INT, false, NULL, NULL, "OPC UA and MQTT sessions tracked at once."}, {0}};
static const struct tw_key metrics[] = {
    {"listen", TW_KEY_STR, false, NULL, NULL, "ADDRESS:PORT for Prometheus."},
    {"textfile", TW_KEY_STR, false, NULL, NULL, "File for its textfile collector."}, {0}};
static const struct tw_key logging[] = {
    {"level", TW_KEY_CHOICE, false, levels, NULL, "How much is said."},
    {"file", TW_KEY_STR, false, NULL, NULL, "Where; standard error when absent."},
    {"rotate_mb", TW_KEY_INT, false, NULL, NULL, "A larger file is put aside; 0: never."},
    {"keep", TW_KEY_INT, false, NULL, NULL, "So many of those put aside."}, {0}};
static const struct tw_key control[] = {
    {"socket", TW_KEY_STR, false, NULL, NULL, "Where tierwatch ctl finds the gateway."}, {0}};

static const struct tw_key confine[] = {
    {"syscalls", TW_KEY_CHOICE, false, filters, NULL, "System calls: only those it needs, or all."},
    {0}};

static const struct tw_key keys[] = {
    {"site", TW_KEY_STR, false, NULL, NULL, "The plant's name in alerts and topics."},
    {"gateway", TW_KEY_STR, false, NULL, NULL, "This gateway's name there."},
    {"include", TW_KEY_STR_LIST, false, NULL, NULL,
        "Further files of this format, and folders of them, which count more."},
    {"interfaces", TW_KEY_STR_LIST, false, NULL, NULL, "Network interfaces to watch."},
    {"filter", TW_KEY_STR, false, NULL, NULL, "Capture filter, as in tcpdump."},
    {"snaplen", TW_KEY_INT, false, NULL, NULL, "Bytes of a packet that are captured."},
    {"ring_mb", TW_KEY_INT, false, NULL, NULL, "Kernel buffer of each interface."},
    {"loss_percent", TW_KEY_NUMBER, false, NULL, NULL,
        "Share of packets lost that raises GW-02; 100: never."},
    {"workers", TW_KEY_INT, false, NULL, NULL, "Threads that dissect; 0: one a core."},
    {"inventory", TW_KEY_STR, false, NULL, NULL, "The plant's inventory."},
    {"rules", TW_KEY_STR_LIST, false, NULL, NULL, "Rule files and folders."},
    {"baseline", TW_KEY_STR, false, NULL, NULL, "A learned baseline."},
    {"indicators", TW_KEY_STR, false, NULL, NULL, "Indicators that others share, STIX 2.1."},
    {"ledger", TW_KEY_MAP, false, NULL, ledger, "Where alerts are kept."},
    {"broker", TW_KEY_MAP, false, NULL, broker, "Where alerts are published."},
    {"limits", TW_KEY_MAP, false, NULL, limits, "What may be used up."},
    {"metrics", TW_KEY_MAP, false, NULL, metrics, "How it is watched itself."},
    {"log", TW_KEY_MAP, false, NULL, logging, "Words for people."},
    {"control", TW_KEY_MAP, false, NULL, control, "How it is told what to do while it runs."},
    {"confine", TW_KEY_MAP, false, NULL, confine, "What it gives up once it is set up."}, {0}};

const struct tw_option *tw_config_options(void)
{
    return options;
}

const struct tw_key *tw_config_keys(void)
{
    return keys;
}

void tw_config_schema(struct tw_text *out)
{
    tw_keys_schema(out, keys, "tierwatch configuration");
}
