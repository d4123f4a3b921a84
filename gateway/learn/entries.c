/* Which clients and servers are one system, and what it is called. At one address are one system:
 * a client of OPC UA and one of MQTT, and a server beside them; where there are several of a kind,
 * each has an entry of its own. Two addresses are one system when they are an IPv4 and an IPv6
 * address of one card. */

#include <stdlib.h>

#include "learn/model.h"

static int by_ip(const struct tw_endpoint *a, const struct tw_endpoint *b)
{
    if (a->ip.family != b->ip.family)
        return a->ip.family < b->ip.family ? -1 : 1;
    const int c = memcmp(a->ip.b, b->ip.b, sizeof(a->ip.b));
    return c != 0 || a->ip.family != 0 ? c : memcmp(a->mac, b->mac, sizeof(a->mac));
}

static int client_order(const void *a, const void *b)
{
    const struct learn_client *x = *(struct learn_client *const *)a;
    const struct learn_client *y = *(struct learn_client *const *)b;
    const int c = by_ip(&x->at, &y->at);
    if (c != 0)
        return c;
    if ((x->name.p == NULL) != (y->name.p == NULL))
        return x->name.p == NULL ? 1 : -1;
    const int name = tw_str_cmp(x->name, y->name);
    return name != 0 ? name : (int)x->protocol - (int)y->protocol;
}

static int server_order(const void *a, const void *b)
{
    const struct learn_server *x = *(struct learn_server *const *)a;
    const struct learn_server *y = *(struct learn_server *const *)b;
    return x->protocol != y->protocol ? (int)x->protocol - (int)y->protocol : by_ip(&x->at, &y->at);
}

static bool is_one_place(const struct tw_endpoint *a, const struct tw_endpoint *b)
{
    return by_ip(a, b) == 0;
}

static struct learn_entry *new_entry(
    struct tw_learn *l, enum learn_kind kind, const struct tw_endpoint *at)
{
    struct learn_entry *e = &l->entries[l->n_entries++];
    *e = (struct learn_entry){.kind = kind, .at = *at};
    return e;
}

static void add_client(struct learn_entry *e, struct learn_client *c)
{
    c->entry = e;
    e->n_clients++; /* the list is made when all are known */
    e->is_ai |= learn_is_ai(c);
    if (c->known.p != NULL)
        e->known = c->known;
}

static void make_servers(struct tw_learn *l)
{
    for (size_t i = 0; i < l->n_servers; i++) {
        struct learn_server *s = l->server_list[i];
        struct learn_entry *e = new_entry(
            l, s->protocol == TW_PROTO_OPCUA ? LEARN_SERVES_OPCUA : LEARN_SERVES_MQTT, &s->at);
        e->server = s;
        e->known = s->known;
        s->entry = e;
    }
}

/* The server at an address, when there is exactly one. */
static struct learn_entry *server_at(struct tw_learn *l, const struct tw_endpoint *at)
{
    struct learn_entry *found = NULL;
    for (size_t i = 0; i < l->n_servers; i++) {
        if (!is_one_place(&l->server_list[i]->at, at))
            continue;
        if (found != NULL)
            return NULL;
        found = l->server_list[i]->entry;
    }
    return found;
}

/* Where every program of a machine is. */
static bool is_loopback(const struct tw_ip *ip)
{
    static const struct tw_ip v6 = {.family = 6, .b = {[15] = 1}};
    return (ip->family == 4 && ip->b[0] == 127) || (ip->family == 6 && tw_ip_eq(ip, &v6));
}

/* The clients at one address: list[0] to list[n - 1], those with names first. */
static void make_clients(struct tw_learn *l, struct learn_client **list, size_t n)
{
    size_t opcua = 0, mqtt = 0, named = 0;
    bool is_ai = false;
    for (size_t i = 0; i < n && list[i]->name.p != NULL; i++, named++) {
        opcua += list[i]->protocol == TW_PROTO_OPCUA;
        mqtt += list[i]->protocol == TW_PROTO_MQTT;
    }
    for (size_t i = 0; i < n; i++)
        is_ai |= learn_is_ai(list[i]);
    if (opcua <= 1 && mqtt <= 1) {
        struct learn_entry *e =
            is_ai || is_loopback(&list[0]->at.ip) ? NULL : server_at(l, &list[0]->at);
        if (e == NULL)
            e = new_entry(l, LEARN_ACTS, &list[0]->at);
        for (size_t i = 0; i < n; i++)
            add_client(e, list[i]);
        return;
    }
    for (size_t i = 0; i < named; i++)
        add_client(new_entry(l, LEARN_ACTS, &list[i]->at), list[i]);
    /* Whoever did not say a name is told by the address, which the inventory gives to the AI system
     * there, else to the first [registry/identity.c]. */
    struct learn_entry *nameless = list[0]->entry;
    for (size_t i = 0; i < named; i++)
        nameless = !nameless->is_ai && list[i]->entry->is_ai ? list[i]->entry : nameless;
    for (size_t i = named; i < n; i++)
        add_client(nameless, list[i]);
}

/* Those that were let in, in order. */
static size_t sort_clients(struct tw_learn *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n_clients; i++) {
        if (l->client_list[i]->accepted > 0)
            l->client_list[n++] = l->client_list[i];
    }
    if (n > 1)
        qsort(l->client_list, n, sizeof(*l->client_list), client_order);
    return n;
}

static void report_signs(struct tw_learn *l)
{
    for (size_t i = 0; i < l->n_topics; i++) {
        const struct learn_topic *t = l->topic_list[i];
        for (size_t k = 0; learn_is_report(t) && k < t->n_by; k++)
            t->by[k]->signs[LEARN_SIGN_REPORT] += t->reports;
    }
}

static bool has_card(const struct learn_entry *e)
{
    static const uint8_t none[6];
    return e->at.has_mac && memcmp(e->at.mac, none, sizeof(none)) != 0 && e->at.ip.family != 0;
}

/* Of the entries that have the card of `e`: how many of its own family, and the only one of the
 * other. */
static struct learn_entry *same_card(
    struct tw_learn *l, const struct learn_entry *e, size_t *out_own)
{
    struct learn_entry *other = NULL;
    size_t n_other = 0;
    *out_own = 0;
    for (size_t i = 0; i < l->n_entries; i++) {
        struct learn_entry *x = &l->entries[i];
        if (!has_card(x) || memcmp(x->at.mac, e->at.mac, sizeof(x->at.mac)) != 0)
            continue;
        *out_own += x->at.ip.family == e->at.ip.family;
        if (x->at.ip.family == e->at.ip.family)
            continue;
        other = x;
        n_other++;
    }
    return n_other == 1 ? other : NULL;
}

static void join(struct tw_learn *l, struct learn_entry *into, struct learn_entry *from)
{
    if (into->n_more_ips < LEARN_NAMES)
        into->more_ips[into->n_more_ips++] = from->at.ip;
    into->is_ai |= from->is_ai;
    into->known = into->known.p != NULL ? into->known : from->known;
    into->n_clients += from->n_clients;
    for (size_t i = 0; i < l->n_clients; i++) {
        if (l->client_list[i]->entry == from)
            l->client_list[i]->entry = into;
    }
    if (from->server != NULL) {
        from->server->entry = into;
        into->kind = from->kind;
        into->server = from->server;
    }
    from->n_clients = 0;
    from->server = NULL;
    from->at.has_mac = false;
}

/* IPv4 and IPv6 of one card. */
static void join_families(struct tw_learn *l)
{
    for (size_t i = 0; i < l->n_entries; i++) {
        struct learn_entry *e = &l->entries[i];
        size_t own;
        if (!has_card(e) || e->at.ip.family != 4)
            continue;
        struct learn_entry *other = same_card(l, e, &own);
        if (other != NULL && own == 1 && (e->server == NULL || other->server == NULL))
            join(l, e, other);
    }
}

/* What the known inventory calls by one id. */
static void join_known(struct tw_learn *l)
{
    for (size_t i = 0; i < l->n_entries; i++) {
        struct learn_entry *e = &l->entries[i];
        for (size_t k = 0; e->known.p != NULL && k < i; k++) {
            if (!tw_str_eq(l->entries[k].known, e->known))
                continue;
            join(l, &l->entries[k], e);
            e->known = TW_STR_NONE;
        }
    }
}

static bool is_empty(const struct learn_entry *e)
{
    return e->n_clients == 0 && e->server == NULL && e->kind != LEARN_ROUTES;
}

/* ---- what others go to */

bool learn_is_private(const struct tw_ip *ip)
{
    const uint8_t *b = ip->b;
    if (ip->family == 6)
        return (b[0] & 0xfe) == 0xfc || (b[0] == 0xfe && (b[1] & 0xc0) == 0x80);
    return ip->family == 4 &&
           (b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168)) &&
           b[3] != 255;
}

struct learn_entry *learn_entry_at(struct tw_learn *l, const struct tw_ip *ip)
{
    for (size_t i = 0; i < l->n_entries; i++) {
        struct learn_entry *e = &l->entries[i];
        if (is_empty(e))
            continue;
        if (tw_ip_eq(&e->at.ip, ip))
            return e;
        for (size_t k = 0; k < e->n_more_ips; k++) {
            if (tw_ip_eq(&e->more_ips[k], ip))
                return e;
        }
    }
    return NULL;
}

static int right_order_to(const void *a, const void *b)
{
    const struct learn_right *x = *(struct learn_right *const *)a;
    const struct learn_right *y = *(struct learn_right *const *)b;
    const struct tw_endpoint p = {.ip = x->to}, q = {.ip = y->to};
    return by_ip(&p, &q);
}

/* Hosts of the plant that only other protocols lead to. */
static void make_hosts(struct tw_learn *l, size_t room)
{
    if (l->n_rights > 1)
        qsort(l->right_list, l->n_rights, sizeof(*l->right_list), right_order_to);
    for (size_t i = 0; i < l->n_rights && l->n_entries < room; i++) {
        const struct learn_right *r = l->right_list[i];
        if (r->server != NULL || r->refused > 0 || r->to_known.p != NULL ||
            !learn_is_private(&r->to) || r->client->entry == NULL ||
            learn_entry_at(l, &r->to) != NULL)
            continue;
        const struct tw_endpoint at = {.ip = r->to};
        new_entry(l, LEARN_ROUTES, &at);
    }
}

/* ---- rights */

enum learn_form learn_form_of(const struct learn_right *r)
{
    if (r->server == NULL)
        return LEARN_FLOW;
    if (r->server->protocol == TW_PROTO_MQTT)
        return r->action == TW_ACTION_SUBSCRIBE ? LEARN_SUBSCRIBE : LEARN_PUBLISH;
    switch (r->action) {
    case TW_ACTION_READ:
    case TW_ACTION_BROWSE:
    case TW_ACTION_SUBSCRIBE:
        return LEARN_LOOK;
    case TW_ACTION_CALL:
        return LEARN_CALL;
    case TW_ACTION_PUBLISH:
        return LEARN_DATA_SET;
    default:
        return LEARN_EXACT;
    }
}

static int right_order(const void *a, const void *b)
{
    const struct learn_right *x = *(struct learn_right *const *)a;
    const struct learn_right *y = *(struct learn_right *const *)b;
    const enum learn_form form = learn_form_of(x);
    if ((x->server == NULL) != (y->server == NULL))
        return x->server == NULL ? 1 : -1;
    int c = x->server == NULL ? 0 : server_order(&x->server, &y->server);
    c = c != 0 ? c : (int)form - (int)learn_form_of(y);
    if (c == 0 && form != LEARN_LOOK)
        c = (int)x->action - (int)y->action;
    c = c != 0 ? c : tw_str_cmp(x->owner, y->owner);
    if (c == 0 && form == LEARN_FLOW) {
        c = tw_str_cmp(x->object, y->object);
        c = c != 0 ? c : (int)x->port - (int)y->port;
        return c != 0 ? c : right_order_to(&x, &y);
    }
    c = c != 0 ? c : tw_str_cmp(x->object, y->object);
    return c != 0 ? c : (int)x->action - (int)y->action;
}

static bool share_out(struct tw_learn *l)
{
    for (size_t i = 0; i < l->n_rights; i++) {
        if (l->right_list[i]->client->entry != NULL)
            l->right_list[i]->client->entry->n_rights++;
    }
    for (size_t i = 0; i < l->n_entries; i++) {
        struct learn_entry *e = &l->entries[i];
        e->clients = calloc(e->n_clients + 1, sizeof(*e->clients));
        e->rights = calloc(e->n_rights + 1, sizeof(*e->rights));
        if (e->clients == NULL || e->rights == NULL)
            return false;
        e->n_clients = e->n_rights = 0;
    }
    for (size_t i = 0; i < l->n_clients; i++) {
        struct learn_entry *e = l->client_list[i]->entry;
        e->clients[e->n_clients++] = l->client_list[i];
    }
    for (size_t i = 0; i < l->n_rights; i++) {
        struct learn_entry *e = l->right_list[i]->client->entry;
        if (e != NULL)
            e->rights[e->n_rights++] = l->right_list[i];
    }
    for (size_t i = 0; i < l->n_entries; i++) {
        if (l->entries[i].n_rights > 1)
            qsort(
                l->entries[i].rights, l->entries[i].n_rights, sizeof(*l->right_list), right_order);
    }
    return true;
}

/* ---- names */

static struct tw_str last_part(struct tw_str uri)
{
    size_t from = uri.len;
    if (uri.len == 0)
        return TW_STR_NONE;
    while (from > 0 && uri.p[from - 1] != ':' && uri.p[from - 1] != '/')
        from--;
    return (struct tw_str){uri.p + from, uri.len - from};
}

/* As an id that can be typed, and be a level of a topic. */
static size_t plain_id(char *out, size_t size, struct tw_str s)
{
    size_t n = 0;
    for (size_t i = 0; i < s.len && n + 1 < size; i++) {
        const char c = s.p[i];
        const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
                           (c >= 'A' && c <= 'Z') || c == '_' || c == '-';
        if (plain || (n > 0 && out[n - 1] != '-'))
            out[n++] = plain ? c : '-';
    }
    while (n > 0 && out[n - 1] == '-')
        n--;
    return n;
}

static size_t place_id(char *out, size_t size, const char *what, const struct tw_endpoint *at)
{
    char text[TW_IP_TEXT + 1] = "", whole[TW_IP_TEXT + 32];
    if (at->ip.family != 0)
        text[tw_ip_text(text, &at->ip)] = '\0';
    else if (at->has_mac)
        text[tw_mac_text(text, at->mac)] = '\0';
    snprintf(whole, sizeof(whole), "%s-%s", what, text);
    return plain_id(out, size, tw_str_of(whole));
}

static struct tw_str client_name(const struct learn_entry *e)
{
    for (size_t i = 0; i < e->n_clients; i++) {
        const struct learn_client *c = e->clients[i];
        if (c->signs[LEARN_SIGN_NAME] > 0 && c->applications.n > 0)
            return c->applications.list[0];
    }
    for (size_t i = 0; i < e->n_clients; i++) {
        if (e->clients[i]->client_ids.n > 0)
            return e->clients[i]->client_ids.list[0];
    }
    for (size_t i = 0; i < e->n_clients; i++) {
        if (e->clients[i]->uris.n > 0)
            return last_part(e->clients[i]->uris.list[0]);
        if (e->clients[i]->protocol == TW_PROTO_MQTT && e->clients[i]->users.n > 0)
            return e->clients[i]->users.list[0];
    }
    return TW_STR_NONE;
}

static size_t n_brokers(const struct tw_learn *l)
{
    size_t n = 0;
    for (size_t i = 0; i < l->n_entries; i++)
        n += l->entries[i].kind == LEARN_SERVES_MQTT && !is_empty(&l->entries[i]);
    return n;
}

static size_t name_entry(
    const struct tw_learn *l, const struct learn_entry *e, char *out, size_t size)
{
    size_t n = 0;
    if (e->kind == LEARN_SERVES_MQTT)
        return n_brokers(l) == 1 ? plain_id(out, size, TW_STR("broker"))
                                 : place_id(out, size, "broker", &e->at);
    if (e->kind == LEARN_SERVES_OPCUA) {
        n = plain_id(out, size, last_part(e->server->name));
        return n > 0 ? n : place_id(out, size, e->server->answers ? "opcua" : "pubsub", &e->at);
    }
    n = plain_id(out, size, client_name(e));
    return n > 0 ? n : place_id(out, size, e->kind == LEARN_ACTS ? "client" : "host", &e->at);
}

static bool is_taken(const struct tw_learn *l, const struct learn_entry *but, struct tw_str id)
{
    for (size_t i = 0; i < l->n_entries; i++) {
        if (&l->entries[i] != but && tw_str_eq(l->entries[i].id, id))
            return true;
    }
    return false;
}

static void give_ids(struct tw_learn *l)
{
    enum { ID = 64 };
    for (size_t i = 0; i < l->n_entries; i++)
        l->entries[i].id = l->entries[i].known;
    for (size_t i = 0; i < l->n_entries; i++) {
        struct learn_entry *e = &l->entries[i];
        char text[ID + 24];
        if (is_empty(e) || e->id.p != NULL)
            continue;
        const size_t n = name_entry(l, e, text, ID);
        size_t len = n;
        /* A few by small numbers; a crowd of one name by numbers that nobody else has. */
        for (size_t k = 2; is_taken(l, e, (struct tw_str){text, len});
             k = k < 9 ? k + 1 : k + i + 9)
            len = n + (size_t)snprintf(text + n, sizeof(text) - n, "-%zu", k);
        e->id = learn_keep(l, (struct tw_str){text, len});
    }
}

static void drop_empty(struct tw_learn *l)
{
    /* Entries are pointed to: they stay where they are, and are passed over. */
    for (size_t i = 0; i < l->n_entries; i++) {
        if (is_empty(&l->entries[i]))
            l->entries[i].id = TW_STR_NONE;
    }
}

bool learn_entries(struct tw_learn *l)
{
    enum { HOSTS = 1024 };
    const size_t room = l->n_servers + l->n_clients + HOSTS;
    l->entries = calloc(room, sizeof(*l->entries));
    if (l->entries == NULL)
        return false;
    report_signs(l);
    if (l->n_servers > 1)
        qsort(l->server_list, l->n_servers, sizeof(*l->server_list), server_order);
    l->n_clients = sort_clients(l);
    make_servers(l);
    for (size_t i = 0, n; i < l->n_clients; i += n) {
        for (n = 1; i + n < l->n_clients &&
                    is_one_place(&l->client_list[i]->at, &l->client_list[i + n]->at);)
            n++;
        make_clients(l, l->client_list + i, n);
    }
    join_known(l);
    join_families(l);
    make_hosts(l, room);
    if (!share_out(l))
        return false;
    give_ids(l);
    drop_empty(l);
    return true;
}
