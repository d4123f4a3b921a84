/* The draft: its head, networks, assets and AI systems. */

#include "learn/model.h"

static void say(
    struct tw_text *out, const char *what, uint64_t n, const char *one, const char *many)
{
    tw_text_addf(out, "%s%llu %s", what, (unsigned long long)n, n == 1 ? one : many);
}

static void write_time(struct tw_text *out, int64_t ns)
{
    char text[TW_TIME_TEXT];
    tw_text_add(out, text, tw_time_text(text, ns / TW_NS_PER_S * TW_NS_PER_S, false));
}

static void write_head(
    const struct tw_learn *l, const struct tw_learn_source *source, struct tw_text *out)
{
    tw_text_addz(out, l->known != NULL ? "# What the inventory lacks, learned from"
                                       : "# Draft of an inventory, learned from");
    for (size_t i = 0; i < source->n_captures; i++) {
        tw_text_addz(out, i > 0 ? ", " : " ");
        learn_shown(out, tw_str_of(source->captures[i]));
    }
    say(out, ":\n# ", source->packets, "packet", "packets");
    if (source->packets > 0) {
        tw_text_addz(out, ", ");
        write_time(out, source->first_ns);
        tw_text_addz(out, " to ");
        write_time(out, source->last_ns);
    }
    tw_text_addz(out,
        ".\n# It allows what was seen, right or wrong: confirm each line before it is used, and "
        "what\n"
        "# CHECK stands beside above all. Names, kinds, roles and tiers are guesses. Ranges are "
        "those\n"
        "# of the values seen, of measurements with half as much again on either side.\n");
}

static void write_left_out(const struct tw_learn *l, struct tw_text *out)
{
    const struct {
        uint64_t n;
        const char *what;
    } all[] = {{l->no_clients, "clients"}, {l->no_servers, "servers"}, {l->no_rights, "rights"},
        {l->no_variables, "variables"}, {l->no_topics, "topics"}, {l->no_text, "texts"}};
    for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        if (all[i].n > 0)
            tw_text_addf(out, "# CHECK: no room was left for %llu more messages with new %s.\n",
                (unsigned long long)all[i].n, all[i].what);
    }
    if (l->refused_connects > 0)
        say(out, "# Not taken in: ", l->refused_connects, "connection that was refused.\n",
            "connections that were refused.\n");
}

/* ---- networks */

static bool is_same_net(const struct tw_ip *a, const struct tw_ip *b)
{
    return a->family == b->family && memcmp(a->b, b->b, a->family == 6 ? 8 : 3) == 0;
}

static bool is_plant(const struct tw_ip *ip)
{
    return learn_is_private(ip) && !(ip->family == 6 && ip->b[0] == 0xfe);
}

static void write_net(struct tw_text *out, const struct tw_ip *ip)
{
    struct tw_ip net = *ip;
    memset(net.b + (ip->family == 6 ? 8 : 3), 0, ip->family == 6 ? 8 : 1);
    tw_text_addz(out, ip->family == 6 ? "\"" : "");
    learn_ip(out, &net);
    tw_text_addz(out, ip->family == 6 ? "/64\"" : "/24");
}

static void write_networks(const struct tw_learn *l, struct tw_text *out)
{
    enum { NETS = 64 };
    struct tw_ip nets[NETS];
    size_t n = 0;
    for (size_t i = 0; i < l->n_entries; i++) {
        const struct tw_ip *ip = &l->entries[i].at.ip;
        size_t k = 0;
        while (k < n && !is_same_net(&nets[k], ip))
            k++;
        if (l->entries[i].id.p != NULL && is_plant(ip) && k == n && n < NETS)
            nets[n++] = *ip;
    }
    if (n == 0)
        return;
    tw_text_addz(out, "networks: {plant: [");
    for (size_t i = 0; i < n; i++) {
        tw_text_addz(out, i > 0 ? ", " : "");
        write_net(out, &nets[i]);
    }
    tw_text_addz(out, "]}\nregistered_only: [plant]\n");
}

/* ---- who it is */

static void write_ips(const struct learn_entry *e, struct tw_text *out)
{
    char text[LEARN_NAMES + 1][TW_IP_TEXT];
    struct tw_str list[LEARN_NAMES + 1];
    size_t n = 0;
    if (e->at.ip.family == 0)
        return;
    list[n] = (struct tw_str){text[0], tw_ip_text(text[0], &e->at.ip)};
    for (n = 1; n <= e->n_more_ips; n++)
        list[n] = (struct tw_str){text[n], tw_ip_text(text[n], &e->more_ips[n - 1])};
    tw_text_addz(out, "    ip: ");
    learn_list(out, list, n, 9);
    tw_text_addz(out, "\n");
}

/* A card that several addresses of one family share is a router's. */
static bool is_shared_card(const struct tw_learn *l, const struct learn_entry *e)
{
    for (size_t i = 0; i < l->n_entries; i++) {
        const struct learn_entry *x = &l->entries[i];
        if (x->id.p != NULL && x->at.has_mac && x->at.ip.family == e->at.ip.family &&
            memcmp(x->at.mac, e->at.mac, sizeof(x->at.mac)) == 0 && !tw_ip_eq(&x->at.ip, &e->at.ip))
            return true;
    }
    return false;
}

static void write_mac(const struct tw_learn *l, const struct learn_entry *e, struct tw_text *out)
{
    static const uint8_t none[6];
    char text[TW_MAC_TEXT];
    if (!e->at.has_mac || memcmp(e->at.mac, none, sizeof(none)) == 0)
        return;
    const struct tw_str mac = {text, tw_mac_text(text, e->at.mac)};
    tw_text_addf(out,
        is_shared_card(l, e)
            ? "    # its packets come from a card that others have too, \"%.*s\": a router?\n"
            : "    mac: [\"%.*s\"]\n",
        TW_STR_ARG(mac));
}

static void write_ports(const struct learn_server *s, struct tw_text *out)
{
    if (s->n_ports == 0)
        return;
    tw_text_addz(out, "    ports: [");
    for (size_t i = 0; i < s->n_ports; i++)
        tw_text_addf(out, "%s%u", i > 0 ? ", " : "", s->ports[i]);
    tw_text_addz(out, "]\n");
}

/* The names of one kind that all clients of an entry use. */
static struct learn_names names_of(
    const struct learn_entry *e, enum tw_protocol protocol, size_t offset)
{
    struct learn_names all = {0};
    for (size_t i = 0; i < e->n_clients; i++) {
        const struct learn_client *c = e->clients[i];
        const struct learn_names *names =
            (const struct learn_names *)(const void *)((const char *)c + offset);
        if (protocol != TW_PROTO_OTHER && c->protocol != protocol)
            continue;
        all.more += names->more;
        for (size_t k = 0; k < names->n && all.n < LEARN_NAMES; k++)
            all.list[all.n++] = names->list[k];
        all.n = learn_sort(all.list, all.n);
    }
    return all;
}

#define NAMES_OF(e, protocol, member) names_of(e, protocol, offsetof(struct learn_client, member))

static void write_names(struct tw_text *out, const char *key, const struct learn_names *names)
{
    if (names->n == 0)
        return;
    tw_text_addf(out, "      %s: ", key);
    learn_list(out, names->list, names->n, 8);
    if (names->more > 0)
        tw_text_addz(out, " # CHECK: it uses others as well");
    tw_text_addz(out, "\n");
}

static void write_mqtt_names(const struct learn_entry *e, struct tw_text *out)
{
    const struct learn_names ids = NAMES_OF(e, TW_PROTO_MQTT, client_ids);
    const struct learn_names users = NAMES_OF(e, TW_PROTO_MQTT, users);
    uint64_t plain = 0, tls = 0, made_up = 0;
    for (size_t i = 0; i < e->n_clients; i++) {
        plain += e->clients[i]->plain;
        tls += e->clients[i]->tls;
        made_up += e->clients[i]->made_up_ids;
    }
    if (made_up == 0)
        write_names(out, "mqtt_client_id", &ids);
    else
        tw_text_addf(out, "      # mqtt_client_id: another one with each of %llu connections\n",
            (unsigned long long)made_up);
    write_names(out, "mqtt_username", &users);
    if (plain > 0 && tls == 0)
        tw_text_addz(
            out, "      mqtt_security: plain # CHECK: accepts that it talks unprotected\n");
    else if (tls > 0 && plain == 0)
        tw_text_addz(out, "      mqtt_security: tls\n");
}

static void write_opcua_names(const struct learn_entry *e, struct tw_text *out)
{
    const struct learn_names uris = NAMES_OF(e, TW_PROTO_OPCUA, uris);
    const struct learn_names users = NAMES_OF(e, TW_PROTO_OPCUA, users);
    const struct learn_names policies = NAMES_OF(e, TW_PROTO_OPCUA, policies);
    const struct learn_names certificates = NAMES_OF(e, TW_PROTO_OPCUA, certificates);
    write_names(out, "opcua_application_uri", &uris);
    write_names(out, "opcua_user", &users);
    if (policies.n == 1 && learn_is_one_of(policies.list[0], tw_inventory_policies())) {
        tw_text_addz(out, "      security: ");
        learn_scalar(out, policies.list[0]);
        tw_text_addz(out, tw_str_is(policies.list[0], "None")
                              ? " # CHECK: accepts that it talks unprotected\n"
                              : "\n");
    }
    write_names(out, "certificate_sha256", &certificates);
}

static void write_identity(const struct learn_entry *e, struct tw_text *out)
{
    const size_t before = out->len;
    tw_text_addz(out, "    identity:\n");
    const size_t head = out->len;
    write_mqtt_names(e, out);
    write_opcua_names(e, out);
    if (out->len == head)
        out->len = before;
}

static void write_sparkplug(const struct learn_entry *e, struct tw_text *out)
{
    const struct learn_names nodes = NAMES_OF(e, TW_PROTO_MQTT, sparkplug_nodes);
    const struct learn_names devices = NAMES_OF(e, TW_PROTO_MQTT, sparkplug_devices);
    const struct learn_names hosts = NAMES_OF(e, TW_PROTO_MQTT, hosts);
    if (hosts.n > 0) {
        tw_text_addz(out, "    sparkplug_host: ");
        learn_scalar(out, hosts.list[0]);
        tw_text_addz(out, "\n");
    }
    const char *slash = nodes.n > 0 ? memchr(nodes.list[0].p, '/', nodes.list[0].len) : NULL;
    if (slash == NULL)
        return;
    const size_t group = (size_t)(slash - nodes.list[0].p);
    tw_text_addz(out, "    sparkplug: {group: ");
    learn_scalar(out, (struct tw_str){nodes.list[0].p, group});
    tw_text_addz(out, ", edge_node: ");
    learn_scalar(out, (struct tw_str){slash + 1, nodes.list[0].len - group - 1});
    if (devices.n > 0 && devices.more == 0) {
        tw_text_addz(out, ", devices: ");
        learn_list(out, devices.list, devices.n, 6);
    }
    tw_text_addz(out, nodes.n > 1 ? "} # CHECK: it speaks for other edge nodes too\n" : "}\n");
}

/* ---- what it is */

struct doings { /* of an entry, not refused */
    uint64_t steers, looks, publishes, subscribes, encrypted;
};

static struct doings doings_of(const struct learn_entry *e)
{
    struct doings d = {0};
    for (size_t i = 0; i < e->n_clients; i++)
        d.encrypted += e->clients[i]->encrypted;
    for (size_t i = 0; i < e->n_rights; i++) {
        const struct learn_right *r = e->rights[i];
        const uint64_t n = r->done.n - (r->refused < r->done.n ? r->refused : r->done.n);
        if (r->action == TW_ACTION_WRITE || r->action == TW_ACTION_CALL)
            d.steers += n;
        else if (r->action == TW_ACTION_PUBLISH)
            d.publishes += n;
        else if (r->action == TW_ACTION_SUBSCRIBE && r->server->protocol == TW_PROTO_MQTT)
            d.subscribes += n;
        else if (r->server != NULL)
            d.looks += n;
    }
    return d;
}

static bool approves(const struct tw_learn *l, const struct learn_entry *e)
{
    for (size_t i = 0; i < l->n_topics; i++) {
        const struct learn_topic *t = l->topic_list[i];
        for (size_t k = 0; learn_is_approval(t) && k < t->n_by; k++) {
            if (t->by[k]->entry == e)
                return true;
        }
    }
    return false;
}

static const char *kind_of(const struct tw_learn *l, const struct learn_entry *e)
{
    enum { MANY = 10 };
    const struct doings d = doings_of(e);
    if (e->kind == LEARN_SERVES_OPCUA)
        return e->server->answers ? "opcua-server" : "other";
    if (e->kind == LEARN_SERVES_MQTT)
        return "mqtt-broker";
    const struct learn_names nodes = NAMES_OF(e, TW_PROTO_MQTT, sparkplug_nodes);
    if (nodes.n > 0)
        return "edge";
    if (NAMES_OF(e, TW_PROTO_MQTT, hosts).n > 0)
        return "infrastructure";
    if (d.steers > 0 || d.encrypted > 0 || approves(l, e))
        return "operator";
    if (d.publishes >= MANY && d.subscribes + d.looks == 0)
        return "sensor";
    return d.looks + d.subscribes > 0 && d.publishes == 0 ? "infrastructure" : "other";
}

static bool is_approved(const struct tw_learn *l, struct tw_str node)
{
    for (size_t i = 0; i < l->n_topics; i++) {
        const struct learn_topic *t = l->topic_list[i];
        for (size_t k = 0; learn_is_approval(t) && k < t->n_approved; k++) {
            if (tw_str_eq(t->approved[k], node))
                return true;
        }
    }
    return false;
}

static bool is_llm(const struct learn_entry *e)
{
    for (size_t i = 0; i < e->n_clients; i++) {
        if (e->clients[i]->signs[LEARN_SIGN_NAME] + e->clients[i]->signs[LEARN_SIGN_MCP] > 0)
            return true;
    }
    return false;
}

/* Does it steer with this? A language model does with whatever it publishes. */
static bool steers(const struct learn_entry *e, const struct learn_right *r)
{
    static const char *const commands[] = {
        "cmd", "command", "commands", "set", "setpoint", "setpoints", "sp", NULL};
    if (r->refused >= r->done.n || learn_is_heartbeat(r->object))
        return false;
    if (r->action == TW_ACTION_PUBLISH)
        return is_llm(e) || learn_has_word(r->object, commands);
    return r->action == TW_ACTION_WRITE || r->action == TW_ACTION_CALL ||
           r->action == TW_ACTION_TOOL;
}

/* Advice is T1; writes that are approved each T2; by itself T3. */
static const char *tier_of(const struct tw_learn *l, const struct learn_entry *e)
{
    bool acts = false, alone = false;
    for (size_t i = 0; i < e->n_rights; i++) {
        const struct learn_right *r = e->rights[i];
        if (!steers(e, r))
            continue;
        acts = true;
        alone |= r->action != TW_ACTION_WRITE || !is_approved(l, r->object);
    }
    return alone ? "T3" : acts ? "T2" : "T1";
}

static void write_tier(const struct tw_learn *l, const struct learn_entry *e, struct tw_text *out)
{
    const char *tier = tier_of(l, e);
    tw_text_addf(out, "    tier: %s # CHECK: %s; the tier is the plant's decision\n", tier,
        tier[1] == '1'   ? "it reads and reports"
        : tier[1] == '2' ? "approvals were seen of all that it writes"
                         : "it acts without an approval that was seen");
    if (is_llm(e))
        tw_text_addz(out, "    technology: llm\n");
}

static void write_signs(const struct learn_entry *e, struct tw_text *out)
{
    static const char *const said[LEARN_SIGNS] = {
        [LEARN_SIGN_NAME] = "a name of bridges to language models",
        [LEARN_SIGN_MCP] = "calls of tools (MCP)",
        [LEARN_SIGN_REPORT] = "reports with a confidence",
        [LEARN_SIGN_CONTEXT] = "actions that carry their decision",
        [LEARN_SIGN_LIBRARY] = "a library's default name",
        [LEARN_SIGN_READ_WRITE] = "writes right after a read of the same node",
        [LEARN_SIGN_SWEEP] = "sweeps through the address space",
        [LEARN_SIGN_ONE_SHOT] = "connections under made-up client ids",
        [LEARN_SIGN_EVERYTHING] = "subscriptions to everything",
        [LEARN_SIGN_TOPIC] = "names and topics of AI",
    };
    uint64_t n[LEARN_SIGNS] = {0};
    const char *comma = "";
    for (size_t i = 0; i < e->n_clients; i++) {
        for (size_t k = 0; k < LEARN_SIGNS; k++)
            n[k] += e->clients[i]->signs[k];
    }
    tw_text_addz(out, "  # Looks like an AI system: ");
    for (size_t k = 0; k < LEARN_SIGNS; k++) {
        if (n[k] == 0)
            continue;
        tw_text_addf(out, "%s%s (%llu)", comma, said[k], (unsigned long long)n[k]);
        comma = ", ";
    }
    tw_text_addz(out, ".\n");
}

static void write_seen(const struct learn_entry *e, struct tw_text *out)
{
    const struct learn_names applications = NAMES_OF(e, TW_PROTO_OPCUA, applications);
    uint64_t seen = 0, connects = 0;
    for (size_t i = 0; i < e->n_clients; i++) {
        seen += e->clients[i]->seen.n;
        connects += e->clients[i]->connects;
    }
    tw_text_addz(out, "  #");
    if (e->server != NULL)
        say(out, " Asked ", e->server->seen.n, "time.", "times.");
    if (e->n_clients > 0) {
        say(out, " Acted ", seen, "time", "times");
        say(out, ", with ", connects, "login.", "logins.");
    }
    if (e->kind == LEARN_ROUTES)
        tw_text_addz(out, " Others go to it, see below.");
    for (size_t i = 0; i < applications.n; i++) {
        tw_text_addz(out, i == 0 ? " Calls itself " : ", ");
        learn_shown(out, applications.list[i]);
    }
    tw_text_addz(out, "\n");
}

static bool shares(const struct learn_names *a, const struct learn_names *b, struct tw_str *out)
{
    for (size_t i = 0; i < a->n; i++) {
        for (size_t k = 0; k < b->n; k++) {
            if (!tw_str_eq(a->list[i], b->list[k]))
                continue;
            *out = a->list[i];
            return true;
        }
    }
    return false;
}

/* A name that another system uses as well: one of the two may be a copy. */
static void write_shared(const struct tw_learn *l, const struct learn_entry *e, struct tw_text *out)
{
    struct tw_str name;
    for (size_t i = 0; i < l->n_clients; i++) {
        const struct learn_client *c = l->client_list[i];
        for (size_t k = 0; c->entry != e && k < e->n_clients; k++) {
            const struct learn_client *own = e->clients[k];
            if (own->protocol != c->protocol || (!shares(&own->client_ids, &c->client_ids, &name) &&
                                                    !shares(&own->uris, &c->uris, &name)))
                continue;
            tw_text_addz(out, "  # CHECK: ");
            learn_scalar(out, c->entry->id);
            tw_text_addz(out, " uses the name ");
            learn_shown(out, name);
            tw_text_addz(out, " too: a copy, or two addresses of one system?\n");
            return;
        }
    }
}

static void write_entry(struct tw_learn *l, const struct learn_entry *e, struct tw_text *out)
{
    if (e->is_ai && e->known.p == NULL)
        write_signs(e, out);
    write_seen(e, out);
    write_shared(l, e, out);
    for (size_t i = 0; i < e->n_clients; i++) {
        if (e->clients[i]->mismatch.p == NULL)
            continue;
        tw_text_addz(out, "  # CHECK: ");
        learn_shown(out, e->clients[i]->mismatch);
        tw_text_addz(out, "\n");
    }
    tw_text_addz(out, "  - id: ");
    learn_scalar(out, e->id);
    tw_text_addz(out, "\n");
    if (e->known.p == NULL) {
        if (e->is_ai)
            write_tier(l, e, out);
        else
            tw_text_addf(out, "    kind: %s\n", kind_of(l, e));
        write_ips(e, out);
        write_mac(l, e, out);
        if (e->server != NULL)
            write_ports(e->server, out);
        write_sparkplug(e, out);
        write_identity(e, out);
    }
    learn_write_rights(l, e, out);
    if (e->is_ai && e->known.p == NULL)
        learn_write_suggestions(l, e, out);
}

/* Of an entry that is registered only what is new about it. */
static bool is_told(const struct learn_entry *e)
{
    if (e->id.p == NULL)
        return false;
    if (e->known.p == NULL || e->n_rights > 0)
        return true;
    for (size_t i = 0; i < e->n_clients; i++) {
        if (e->clients[i]->mismatch.p != NULL)
            return true;
    }
    return false;
}

void learn_write_entries(struct tw_learn *l, struct tw_text *out)
{
    for (unsigned ai = 0; ai < 2; ai++) {
        bool any = false;
        for (size_t i = 0; i < l->n_entries; i++) {
            const struct learn_entry *e = &l->entries[i];
            if (!is_told(e) || e->is_ai != (ai == 1))
                continue;
            if (!any)
                tw_text_addz(out, ai == 1 ? "\nai_systems:\n" : "\nassets:\n");
            any = true;
            write_entry(l, e, out);
        }
    }
}

static void count_entries(const struct tw_learn *l, struct tw_learn_stats *out)
{
    for (size_t i = 0; i < l->n_entries; i++) {
        const struct learn_entry *e = &l->entries[i];
        out->ai_systems += is_told(e) && e->is_ai;
        out->assets += is_told(e) && !e->is_ai;
    }
}

bool tw_learn_write(struct tw_learn *l, const struct tw_learn_source *source, struct tw_text *out,
    struct tw_learn_stats *out_stats)
{
    *out_stats = (struct tw_learn_stats){.left_out = l->no_clients + l->no_servers + l->no_rights +
                                                     l->no_variables + l->no_topics + l->no_text};
    if (!learn_entries(l))
        return false;
    write_head(l, source, out);
    write_left_out(l, out);
    count_entries(l, out_stats);
    if (l->known == NULL) {
        tw_text_addz(out, "inventory: 1\n# site: the plant's name\n");
        write_networks(l, out);
    }
    learn_write_entries(l, out);
    learn_write_shapes(l, out);
    learn_write_variables(l, out, &out_stats->variables);
    if (l->known != NULL && out_stats->assets + out_stats->ai_systems + out_stats->variables == 0)
        tw_text_addz(out, "# Nothing is new.\n");
    return !out->failed && !l->failed;
}
