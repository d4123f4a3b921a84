/* Makes a capture for the benchmark, with the inventory that registers everybody in it and the
 * number of actions that a full decode must find. Same options, same bytes. */

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#include "traffic.h"

struct options {
    const char *kind, *inventory, *counts, *out;
    uint64_t seed, mb, packets, clients, sessions;
    bool brief;
};

static void usage(FILE *to)
{
    fputs("Usage: generate [OPTION]... OUT.pcap\n\n"
          "  --kind KIND       mqtt, opcua or mixed (both, and as much again of neither)\n"
          "  --seed N          another capture of the same kind (1)\n"
          "  --mb N            about so large (50)\n"
          "  --packets N       or about so many packets\n"
          "  --clients N       MQTT clients (2000)\n"
          "  --sessions N      OPC UA sessions (200)\n"
          "  --inventory FILE  write the inventory that goes with it\n"
          "  --brief           an inventory without permissions, but for AI systems: for many "
          "clients\n"
          "  --counts FILE     write what a full decode must find: protocol, action, events\n"
          "  -h, --help        this text\n",
        to);
}

static bool read_number(const char *text, uint64_t low, uint64_t high, uint64_t *out)
{
    char *end;
    uint64_t v = strtoull(text, &end, 10);
    if (*text < '0' || *text > '9' || *end != '\0' || v < low || v > high) {
        fprintf(stderr, "generate: '%s' is not a number from %llu to %llu\n", text,
            (unsigned long long)low, (unsigned long long)high);
        return false;
    }
    *out = v;
    return true;
}

static bool take(struct options *o, int c)
{
    switch (c) {
    case 'k':
        o->kind = optarg;
        return strcmp(optarg, "mqtt") == 0 || strcmp(optarg, "opcua") == 0 ||
               strcmp(optarg, "mixed") == 0;
    case 's':
        return read_number(optarg, 0, UINT64_MAX, &o->seed);
    case 'm':
        return read_number(optarg, 1, 100000, &o->mb);
    case 'p':
        return read_number(optarg, 1, UINT32_MAX, &o->packets);
    case 'c':
        return read_number(optarg, 1, 50000, &o->clients);
    case 'u':
        return read_number(optarg, 1, 2000, &o->sessions);
    case 'i':
        o->inventory = optarg;
        return true;
    case 'b':
        o->brief = true;
        return true;
    case 'n':
        o->counts = optarg;
        return true;
    default:
        return false;
    }
}

/* -1: go on; else the exit code. */
static int parse(int argc, char **argv, struct options *o)
{
    static const struct option longs[] = {{"kind", 1, NULL, 'k'}, {"seed", 1, NULL, 's'},
        {"mb", 1, NULL, 'm'}, {"packets", 1, NULL, 'p'}, {"clients", 1, NULL, 'c'},
        {"sessions", 1, NULL, 'u'}, {"inventory", 1, NULL, 'i'}, {"brief", 0, NULL, 'b'},
        {"counts", 1, NULL, 'n'}, {"help", 0, NULL, 'h'}, {0}};
    bool ok = true;
    int c;
    while (ok && (c = getopt_long(argc, argv, "h", longs, NULL)) != -1) {
        if (c == 'h') {
            usage(stdout);
            return 0;
        }
        ok = take(o, c);
    }
    if (!ok || optind + 1 != argc) {
        usage(stderr);
        return 2;
    }
    o->out = argv[optind];
    return -1;
}

struct plant {
    struct mqtt *mqtt;
    struct opcua *opcua;
    struct other *other;
    uint64_t of_other; /* packets */
};

static bool build(struct wire *w, const struct options *o, struct plant *p)
{
    bool all = strcmp(o->kind, "mixed") == 0;
    if (all || strcmp(o->kind, "mqtt") == 0)
        p->mqtt = mqtt_new(w, (uint32_t)o->clients);
    if (all || strcmp(o->kind, "opcua") == 0)
        p->opcua = opcua_new(w, (uint32_t)o->sessions);
    if (all)
        p->other = other_new(w);
    return p->mqtt != NULL || p->opcua != NULL;
}

static bool enough(const struct wire *w, const struct options *o)
{
    return o->packets > 0 ? w->counts.packets >= o->packets : w->counts.bytes >= o->mb * 1000000;
}

static void play(struct wire *w, const struct options *o, struct plant *p)
{
    while (!enough(w, o)) {
        uint64_t before = w->counts.packets;
        if (p->other != NULL && p->of_other < before / 2) {
            other_step(w, p->other);
            p->of_other += w->counts.packets - before;
        } else if (p->opcua == NULL || (p->mqtt != NULL && rng_percent(&w->rng, 50))) {
            mqtt_step(w, p->mqtt);
        } else {
            opcua_step(w, p->opcua);
        }
    }
    wire_settle(w);
}

static bool copy_out(FILE *from, FILE *to, const char *title)
{
    char block[4096];
    size_t n;
    rewind(from);
    fputs(title, to);
    while ((n = fread(block, 1, sizeof(block), from)) > 0)
        fwrite(block, 1, n, to);
    return ferror(from) == 0;
}

static bool write_inventory(const char *path, const struct plant *p, bool brief)
{
    FILE *out = fopen(path, "w"), *part[3] = {tmpfile(), tmpfile(), tmpfile()};
    static const char *const titles[3] = {"assets:\n", "ai_systems:\n", "variables:\n"};
    if (out == NULL || part[0] == NULL || part[1] == NULL || part[2] == NULL)
        return false;
    fputs("inventory: 1\nsite: bench\nnetworks: {works: [10.0.0.0/8]}\nregistered_only: [works]\n",
        out);
    if (p->mqtt != NULL)
        mqtt_inventory(p->mqtt, brief, part[0], part[1], part[2]);
    if (p->opcua != NULL)
        opcua_inventory(p->opcua, part[0], part[1], part[2]);
    if (p->other != NULL)
        other_inventory(p->other, part[0]);
    bool ok = true;
    for (unsigned i = 0; i < 3; i++) {
        if (ftell(part[i]) > 0)
            ok = copy_out(part[i], out, titles[i]) && ok;
        fclose(part[i]);
    }
    return fclose(out) == 0 && ok;
}

static bool write_counts(const char *path, const struct counts *c)
{
    FILE *out = fopen(path, "w");
    if (out == NULL)
        return false;
#define COUNT_PRINT(protocol, action)                                                              \
    if (c->protocol##_##action > 0)                                                                \
        fprintf(                                                                                   \
            out, "%s %s %llu\n", #protocol, #action, (unsigned long long)c->protocol##_##action);
    COUNT_TABLE(COUNT_PRINT)
#undef COUNT_PRINT
    return fclose(out) == 0;
}

int main(int argc, char **argv)
{
    struct options o = {.kind = "mqtt", .seed = 1, .mb = 50, .clients = 2000, .sessions = 200};
    struct plant p = {0};
    static struct wire w;
    int code = parse(argc, argv, &o);
    if (code >= 0)
        return code;
    if (!wire_open(&w, o.out, o.seed) || !build(&w, &o, &p)) {
        perror(o.out);
        return 1;
    }
    play(&w, &o, &p);
    if (o.inventory != NULL && !write_inventory(o.inventory, &p, o.brief)) {
        perror(o.inventory);
        return 1;
    }
    if (p.mqtt != NULL)
        mqtt_end(&w, p.mqtt);
    if (p.opcua != NULL)
        opcua_end(&w, p.opcua);
    if (p.other != NULL)
        other_end(&w, p.other);
    if (!wire_close(&w) || (o.counts != NULL && !write_counts(o.counts, &w.counts))) {
        perror(o.out);
        return 1;
    }
    const struct counts *c = &w.counts;
    printf("packets %llu\nbytes %llu\nflows %llu\nmessages %llu\n", (unsigned long long)c->packets,
        (unsigned long long)c->bytes, (unsigned long long)(c->tcp_flows + c->udp_flows),
        (unsigned long long)(c->mqtt_messages + c->opcua_messages));
    return 0;
}
