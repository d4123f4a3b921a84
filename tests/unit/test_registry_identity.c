#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <unistd.h>

#include "event/sparkplug.h"
#include "registry_help.h"

#define MASH_MAC "02:07:00:00:00:51"
#define MASH_URI "urn:brewery:mash-ai"
#define CERT "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define OTHER "ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define UNREG TW_IDENTITY_UNREGISTERED
#define REG TW_IDENTITY_REGISTERED
#define WRONG TW_IDENTITY_MISMATCH

/* OPC UA clients: what is seen, who that is. */
static const struct {
    const char *ip, *mac, *uri, *user, *cert, *cert_uri;
    const char *id;
    enum tw_identity identity;
    bool certain;
    const char *mismatch;
} opcua[] = {
    {"192.168.7.51", MASH_MAC, MASH_URI, "mash", CERT, MASH_URI, "mash-ai", REG, false, "-"},
    {"192.168.7.51", NULL, NULL, NULL, NULL, NULL, "mash-ai", REG, false, "-"},
    {"192.168.7.51", NULL, "?", "?", "?", NULL, "mash-ai", REG, false, "-"},
    /* A stranger with nothing, with the user of nobody in particular, and with unknown names. */
    {"192.168.7.99", "02:07:00:00:00:99", NULL, NULL, NULL, NULL, "-", UNREG, false, "-"},
    {"192.168.7.99", NULL, "urn:x", "anonymous", NULL, NULL, "-", UNREG, false, "-"},
    {"203.0.113.9", NULL, "urn:x", "nobody", OTHER, NULL, "-", UNREG, false, "-"},
    /* Names of somebody from another place. */
    {"192.168.7.99", NULL, MASH_URI, NULL, NULL, NULL, "mash-ai", WRONG, true,
        "ApplicationUri urn:brewery:mash-ai is registered for mash-ai at 192.168.7.51, seen from "
        "192.168.7.99"},
    {"192.168.7.99", NULL, "urn:x", "mash", NULL, NULL, "mash-ai", WRONG, true,
        "user mash is registered for mash-ai at 192.168.7.51, seen from 192.168.7.99"},
    {"192.168.7.99", NULL, "urn:x", NULL, CERT, NULL, "mash-ai", WRONG, true,
        "certificate " CERT " is registered for mash-ai at 192.168.7.51, seen from 192.168.7.99"},
    {"192.168.7.40", "02:07:00:00:00:40", MASH_URI, NULL, NULL, NULL, "mash-ai", WRONG, true,
        "ApplicationUri urn:brewery:mash-ai is registered for mash-ai at 192.168.7.51, seen from "
        "192.168.7.40"},
    /* The right address with something else wrong. */
    {"192.168.7.51", "02:07:00:00:00:99", NULL, NULL, NULL, NULL, "mash-ai", WRONG, true,
        "address 192.168.7.51 is registered for mash-ai with MAC 02:07:00:00:00:51, seen with "
        "02:07:00:00:00:99"},
    {"192.168.7.51", MASH_MAC, MASH_URI, "mash", OTHER, NULL, "mash-ai", WRONG, true,
        "ApplicationUri urn:brewery:mash-ai is registered for mash-ai with certificate " CERT
        ", seen with " OTHER},
    {"192.168.7.51", NULL, "urn:x", NULL, NULL, NULL, "mash-ai", WRONG, false,
        "address 192.168.7.51 is registered for mash-ai with ApplicationUri urn:brewery:mash-ai, "
        "seen with urn:x"},
    {"192.168.7.51", NULL, MASH_URI, "anonymous", NULL, NULL, "mash-ai", WRONG, false,
        "ApplicationUri urn:brewery:mash-ai is registered for mash-ai with user mash, seen with "
        "anonymous"},
    {"192.168.7.51", NULL, MASH_URI, NULL, CERT, "urn:y", "mash-ai", WRONG, false,
        "ApplicationUri urn:brewery:mash-ai is not the one of its certificate, urn:y"},
    /* The gateway's MAC is on everything that it forwards; a router far away likewise. */
    {"192.168.7.51", "02:07:00:00:00:01", MASH_URI, NULL, NULL, NULL, "mash-ai", REG, false, "-"},
    {"192.168.7.77", "02:07:00:00:00:01", NULL, NULL, NULL, NULL, "-", UNREG, false, "-"},
    {"203.0.113.9", MASH_MAC, NULL, NULL, NULL, NULL, "-", UNREG, false, "-"},
    /* A known card with another address. */
    {"192.168.7.88", MASH_MAC, NULL, NULL, NULL, NULL, "mash-ai", WRONG, true,
        "MAC 02:07:00:00:00:51 is registered for mash-ai at 192.168.7.51, seen from 192.168.7.88"},
    /* Addresses that every card has say nothing; a second protocol of the same card is fine. */
    {"fe80::51", MASH_MAC, NULL, NULL, NULL, NULL, "mash-ai", REG, false, "-"},
    {"169.254.3.4", MASH_MAC, NULL, NULL, NULL, NULL, "mash-ai", REG, false, "-"},
    {"fd07::51", MASH_MAC, MASH_URI, NULL, NULL, NULL, "mash-ai", REG, false, "-"},
    {"fd07::51", "02:07:00:00:00:99", MASH_URI, NULL, NULL, NULL, "mash-ai", WRONG, true,
        "ApplicationUri urn:brewery:mash-ai is registered for mash-ai at 192.168.7.51, seen from "
        "fd07::51"},
    /* Nothing is declared of that kind, so nothing is contradicted. */
    {"192.168.7.30", "02:07:00:00:00:30", "urn:z", "anonymous", OTHER, NULL, "archive", REG, false,
        "-"},
    {"192.168.7.30", NULL, "urn:z", "admin", NULL, NULL, "archive", WRONG, false,
        "address 192.168.7.30 is registered for archive with user anonymous, seen with admin"},
    {"192.168.7.52", NULL, NULL, "brewer", NULL, NULL, "cellar-ai", WRONG, false,
        "address 192.168.7.52 is registered for cellar-ai, seen with user brewer of desk"},
};

static void opcua_clients_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(opcua) / sizeof(opcua[0]); i++) {
        struct tw_opcua_info info = {.application_uri = maybe(opcua[i].uri),
            .user = maybe(opcua[i].user),
            .certificate_sha256 = maybe(opcua[i].cert),
            .certificate_uri = tw_str_of(opcua[i].cert_uri)};
        struct tw_event e = opcua_event(TW_ACTION_READ, opcua[i].ip, "i=2258", &info);
        e.src = place(opcua[i].ip, 50000, opcua[i].mac);
        struct tw_facts f = resolve(&e);
        assert_string_equal(text(f.actor.mismatch), opcua[i].mismatch);
        assert_string_equal(text(f.actor.id), opcua[i].id);
        assert_int_equal(f.actor.identity, opcua[i].identity);
        assert_int_equal(f.actor.certain, opcua[i].certain);
        assert_int_equal(f.actor.endpoint.port, 50000);
        assert_string_equal(text(f.target.asset), "kettle-plc");
    }
}

static const struct {
    enum tw_action action;
    const char *ip, *client_id, *username;
    bool status_bad, unanswered;
    const char *id;
    enum tw_identity identity;
    bool certain;
} mqtt[] = {
    {TW_ACTION_CONNECT, "192.168.7.51", "mash-ai", "mash", false, false, "mash-ai", REG, false},
    {TW_ACTION_PUBLISH, "192.168.7.51", "?", "?", false, false, "mash-ai", REG, false},
    {TW_ACTION_CONNECT, "192.168.7.99", "mash-ai", "mash", false, false, "mash-ai", WRONG, true},
    {TW_ACTION_CONNECT, "192.168.7.51", "mash-ai-2", NULL, false, false, "mash-ai", WRONG, false},
    {TW_ACTION_CONNECT, "192.168.7.51", "desk", NULL, false, false, "desk", WRONG, true},
    {TW_ACTION_CONNECT, "192.168.7.51", "mash-ai", "desk", false, false, "mash-ai", WRONG, false},
    /* A mistyped name that the broker refused, or did not answer, is no identity. */
    {TW_ACTION_CONNECT, "192.168.7.51", "mash-ai", "dekk", true, false, "mash-ai", REG, false},
    {TW_ACTION_CONNECT, "192.168.7.51", "mash-ai", "dekk", false, true, "mash-ai", REG, false},
    {TW_ACTION_CONNECT, "192.168.7.99", "probe", "mash", true, false, "-", UNREG, false},
    {TW_ACTION_CONNECT, "192.168.7.99", "mash-ai", "mash", true, false, "mash-ai", WRONG, true},
    /* Nor is a refused client id, unless it is somebody else's; a connection that ends is not
       judged. */
    {TW_ACTION_CONNECT, "192.168.7.40", "desk-2", "desk", true, false, "desk", REG, false},
    /* A second connection with the right user from the right place is fine. */
    {TW_ACTION_CONNECT, "192.168.7.40", "desk-2", "desk", false, false, "desk", REG, false},
    {TW_ACTION_CONNECT, "192.168.7.40", "desk-2", "mash", false, false, "desk", WRONG, false},
    {TW_ACTION_CONNECT, "192.168.7.40", "desk-2", NULL, false, false, "desk", WRONG, false},
    {TW_ACTION_CONNECT, "192.168.7.93", "desk-2", "desk", false, false, "desk", WRONG, true},
    {TW_ACTION_DISCONNECT, "192.168.7.40", "desk-2", "dekk", false, false, "desk", REG, false},
    {TW_ACTION_CONNECT, "192.168.7.40", "mash-ai", "desk", true, false, "mash-ai", WRONG, true},
    /* An AI system without an address may come from anywhere. */
    {TW_ACTION_CONNECT, "192.168.7.93", "floating-ai", NULL, false, false, "floating-ai", REG,
        false},
    {TW_ACTION_CONNECT, "192.168.7.30", "floating-ai", NULL, false, false, "floating-ai", WRONG,
        false},
    {TW_ACTION_PUBLISH, "192.168.7.10", "kettle-bridge", NULL, false, false, "kettle-plc", REG,
        false},
    {TW_ACTION_PUBLISH, "fd07::10", "kettle-bridge", NULL, false, false, "kettle-plc", REG, false},
    /* Damage has no name. */
    {TW_ACTION_MALFORMED, "192.168.7.99", "mash-ai", NULL, false, false, "-", UNREG, false},
    {TW_ACTION_GAP, "192.168.7.51", "desk", NULL, false, false, "mash-ai", REG, false},
};

static void mqtt_clients_are_told_apart(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(mqtt) / sizeof(mqtt[0]); i++) {
        struct tw_mqtt_info info = {
            .client_id = maybe(mqtt[i].client_id), .username = maybe(mqtt[i].username)};
        struct tw_event e = mqtt_event(mqtt[i].action, mqtt[i].ip, "a/b", NULL, &info);
        e.status_bad = mqtt[i].status_bad;
        e.status.is_null = mqtt[i].unanswered;
        struct tw_facts f = resolve(&e);
        assert_string_equal(text(f.actor.id), mqtt[i].id);
        assert_int_equal(f.actor.identity, mqtt[i].identity);
        assert_int_equal(f.actor.certain, mqtt[i].certain);
        assert_string_equal(text(f.target.asset), "broker");
        assert_string_equal(text(f.target.kind), "mqtt-broker");
    }
}

static void a_failed_login_is_no_identity(void **state)
{
    (void)state;
    struct tw_opcua_info info = {
        .application_uri = maybe("urn:brewery:desk"), .user = maybe("brwer")};
    struct tw_event e = opcua_event(TW_ACTION_AUTHENTICATE, "192.168.7.40", "", &info);
    assert_int_equal(resolve(&e).actor.identity, WRONG);
    e.status_bad = true;
    struct tw_facts f = resolve(&e);
    assert_int_equal(f.actor.identity, REG);
    assert_string_equal(text(f.actor.user), "brwer");
    info.user = maybe("brewer");
    e.status_bad = false;
    assert_int_equal(resolve(&e).actor.identity, REG);
}

/* What a server sends: the server acts, and the client that its session is about is the target. */
static void servers_act_on_their_clients(void **state)
{
    (void)state;
    struct tw_opcua_info info = {.application_uri = maybe(MASH_URI), .user = maybe("mash")};
    struct tw_event e =
        opcua_event(TW_ACTION_NOTIFY, "192.168.7.10", "ns=2;s=Kettle.Temp.PV", &info);
    e.src.port = 4840;
    e.dst = place("192.168.7.51", 50000, NULL);
    struct tw_facts f = resolve(&e);
    assert_string_equal(text(f.actor.id), "kettle-plc");
    assert_int_equal(f.actor.kind, TW_ACTOR_ASSET);
    assert_int_equal(f.actor.identity, REG);
    assert_null(f.actor.application_uri.p);
    assert_string_equal(text(f.target.asset), "mash-ai");
    assert_string_equal(text(f.target.kind), "ai_system");
    assert_string_equal(text(f.variable.id), "kettle.temp");
    assert_true(f.grant.allowed);

    struct tw_mqtt_info to = {.client_id = maybe("floating-ai")};
    e = mqtt_event(TW_ACTION_DELIVER, "192.168.7.20", "brew/kettle/temp", "/t", &to);
    e.src.port = 1883;
    e.dst = place("192.168.7.93", 50000, NULL);
    f = resolve(&e);
    assert_string_equal(text(f.actor.id), "broker");
    assert_null(f.actor.client_id.p);
    assert_string_equal(text(f.target.asset), "floating-ai");
    assert_string_equal(text(f.variable.id), "kettle.temp");
    assert_false(f.variable.has_publishers);

    /* The broker closes the connection: not the client. */
    e.action = TW_ACTION_DISCONNECT;
    assert_string_equal(text(resolve(&e).actor.id), "broker");
}

static void addresses_are_placed(void **state)
{
    static const struct {
        const char *ip, *network;
        bool registered_only, registered;
    } rows[] = {{"192.168.7.99", "cell", true, false}, {"192.168.9.1", "office", false, false},
        {"203.0.113.9", "-", false, false}, {"fd07::99", "cell", true, false},
        {"192.168.7.51", "cell", true, true}, {"fd07::10", "cell", true, true}};
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_mqtt_info info = {.client_id = maybe("probe")};
        struct tw_event e = mqtt_event(TW_ACTION_CONNECT, rows[i].ip, "probe", NULL, &info);
        struct tw_facts f = resolve(&e);
        assert_string_equal(text(f.actor.network), rows[i].network);
        assert_int_equal(f.actor.in_registered_only, rows[i].registered_only);
        assert_int_equal(f.actor.registered_address, rows[i].registered);
        assert_string_equal(text(f.actor.client_id), "probe");
        assert_true(f.target.in_plant);
    }
}

static void the_entry_comes_along(void **state)
{
    (void)state;
    struct tw_opcua_info info = {.application_uri = maybe(MASH_URI)};
    struct tw_event e =
        opcua_event(TW_ACTION_WRITE, "192.168.7.51", "ns=2;s=Kettle.Temp.SP", &info);
    struct tw_facts f = resolve(&e);
    assert_int_equal(f.actor.kind, TW_ACTOR_AI_SYSTEM);
    assert_int_equal(f.actor.tier, TW_TIER_T2);
    assert_null(f.actor.asset_kind.p);
    assert_string_equal(text(f.actor.technology), "ml");
    assert_true(f.actor.has_may);
    assert_null(f.actor.security.p);
    assert_string_equal(text(f.actor.mqtt_security), "plain");
    assert_true(f.actor.has_min_confidence);
    assert_true(f.actor.min_confidence == 0.6);
    assert_true(f.actor.max_input_age_ns == INT64_C(60000000000));
    assert_string_equal(text(f.actor.model_name), "mash-gbm");
    assert_string_equal(text(f.actor.model_version), "1.4");
    assert_int_equal(f.target.importance, TW_IMPORTANCE_ESSENTIAL);
    assert_string_equal(text(f.target.min_security), "sign");

    e.src = place("192.168.7.40", 50000, NULL);
    info.application_uri = maybe(NULL);
    f = resolve(&e);
    assert_string_equal(text(f.actor.asset_kind), "operator");
    assert_int_equal(f.actor.tier, TW_TIER_NONE);
    assert_string_equal(text(f.actor.security), "Basic256Sha256");
    assert_false(f.actor.has_may);

    e.dst = place("203.0.113.9", 4840, NULL);
    f = resolve(&e);
    assert_null(f.target.asset.p);
    assert_false(f.target.in_plant);
    assert_int_equal(f.target.importance, TW_IMPORTANCE_NORMAL);
}

/* Who publishes as an edge node or a host of the inventory. */
static void sparkplug_names_are_identities(void **state)
{
    static const struct {
        const char *ip;
        enum tw_action action;
        enum tw_sparkplug_kind kind;
        const char *edge_node, *device, *id;
        enum tw_identity identity;
        const char *mismatch, *target;
    } rows[] = {
        {"192.168.7.61", TW_ACTION_PUBLISH, TW_SPARKPLUG_NDATA, "mill", NULL, "mill-edge", REG, "-",
            "broker"},
        /* It lists no devices, so there may be any. */
        {"192.168.7.61", TW_ACTION_PUBLISH, TW_SPARKPLUG_DDATA, "mill", "roll", "mill-edge", REG,
            "-", "broker"},
        {"192.168.7.62", TW_ACTION_PUBLISH, TW_SPARKPLUG_DDATA, "filler", "caps", "filler-edge",
            REG, "-", "broker"},
        {"192.168.7.62", TW_ACTION_PUBLISH, TW_SPARKPLUG_DDATA, "filler", "other", "filler-edge",
            WRONG,
            "address 192.168.7.62 is registered for filler-edge with Sparkplug name brew/filler or "
            "brew/filler/caps, seen with brew/filler/other",
            "broker"},
        /* One edge node as another. */
        {"192.168.7.62", TW_ACTION_PUBLISH, TW_SPARKPLUG_NDEATH, "mill", NULL, "filler-edge", WRONG,
            "address 192.168.7.62 is registered for filler-edge with Sparkplug name brew/filler or "
            "brew/filler/caps, seen with brew/mill",
            "broker"},
        /* Somebody else, by the message or by the will. */
        {"192.168.7.99", TW_ACTION_PUBLISH, TW_SPARKPLUG_NDEATH, "mill", NULL, "mill-edge", WRONG,
            "Sparkplug name brew/mill is registered for mill-edge at 192.168.7.61, seen from "
            "192.168.7.99",
            "broker"},
        {"192.168.7.99", TW_ACTION_CONNECT, TW_SPARKPLUG_NDEATH, "mill", NULL, "mill-edge", WRONG,
            "Sparkplug name brew/mill is registered for mill-edge at 192.168.7.61, seen from "
            "192.168.7.99",
            "broker"},
        {"192.168.7.40", TW_ACTION_PUBLISH, TW_SPARKPLUG_NBIRTH, "mill", NULL, "desk", WRONG,
            "address 192.168.7.40 is registered for desk, seen with Sparkplug name brew/mill of "
            "mill-edge",
            "broker"},
        {"192.168.7.99", TW_ACTION_PUBLISH, TW_SPARKPLUG_NDATA, "nobody", NULL, "-", UNREG, "-",
            "broker"},
        /* A broker that passes on what edge nodes said to another broker. */
        {"192.168.7.20", TW_ACTION_PUBLISH, TW_SPARKPLUG_NDATA, "mill", NULL, "broker", REG, "-",
            "broker"},
        {"192.168.7.30", TW_ACTION_PUBLISH, TW_SPARKPLUG_STATE, NULL, NULL, "archive", REG, "-",
            "broker"},
        {"192.168.7.99", TW_ACTION_PUBLISH, TW_SPARKPLUG_STATE, NULL, NULL, "archive", WRONG,
            "Sparkplug name STATE/Brew is registered for archive at 192.168.7.30, seen from "
            "192.168.7.99",
            "broker"},
        /* A command names who is to obey. */
        {"192.168.7.40", TW_ACTION_PUBLISH, TW_SPARKPLUG_NCMD, "mill", NULL, "desk", REG, "-",
            "mill-edge"},
        {"192.168.7.40", TW_ACTION_PUBLISH, TW_SPARKPLUG_DCMD, "filler", "any", "desk", REG, "-",
            "filler-edge"},
        {"192.168.7.40", TW_ACTION_PUBLISH, TW_SPARKPLUG_NCMD, "nobody", NULL, "desk", REG, "-",
            "broker"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_mqtt_info spoken = {.version = "3.1.1"};
        struct tw_sparkplug_info info = {.kind = rows[i].kind,
            .group = TW_STR("brew"),
            .edge_node = tw_str_of(rows[i].edge_node),
            .device = tw_str_of(rows[i].device),
            .host = TW_STR("Brew")};
        struct tw_event e = mqtt_event(rows[i].action, rows[i].ip, "t", NULL, &spoken);
        e.sparkplug = &info;
        const struct tw_facts f = resolve(&e);
        assert_string_equal(text(f.actor.id), rows[i].id);
        assert_int_equal(f.actor.identity, rows[i].identity);
        assert_string_equal(text(f.actor.mismatch), rows[i].mismatch);
        assert_string_equal(text(f.target.asset), rows[i].target);
        if (tw_str_is(f.target.asset, "mill-edge"))
            assert_int_equal(f.target.importance, TW_IMPORTANCE_HIGH);
    }
}

static void an_empty_inventory_knows_nobody(void **state)
{
    (void)state;
    struct tw_diags d = {0};
    struct tw_facts f;
    struct tw_registry *r = tw_registry_load(NULL, &d);
    assert_non_null(r);
    assert_string_equal(tw_registry_digest(r),
        "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    assert_null(tw_registry_site(r).p);
    struct tw_mqtt_info info = {.client_id = maybe("x")};
    struct tw_event e = mqtt_event(TW_ACTION_PUBLISH, "10.0.0.1", "a", NULL, &info);
    tw_registry_resolve(r, &e, &f);
    assert_int_equal(f.actor.kind, TW_ACTOR_UNREGISTERED);
    assert_int_equal(f.actor.identity, UNREG);
    assert_false(f.actor.in_registered_only);
    assert_false(f.grant.allowed);
    assert_int_equal(f.target.importance, TW_IMPORTANCE_NORMAL);
    tw_registry_free(r);
}

/* Where a whole plant is tried on one host, all its programs have the address of the server. */
static void loopback_names_nobody(void **state)
{
    static const char inventory[] =
        "inventory: 1\n"
        "networks: {bench: [127.0.0.0/8]}\n"
        "assets:\n"
        "  - {id: plc, kind: opcua-server, ip: [127.0.0.1], ports: [4840]}\n"
        "  - {id: desk, ip: [127.0.0.1], identity: {opcua_application_uri: [\"urn:desk\"]}}\n";
    static const struct {
        const char *uri, *id;
        enum tw_identity identity;
    } rows[] = {{"urn:agent", "-", UNREG}, {"urn:desk", "desk", REG}};
    struct tw_diags d = {0};
    char path[] = "/tmp/tierwatch-identity-XXXXXX";
    (void)state;
    const int fd = mkstemp(path);
    assert_int_equal(write(fd, inventory, sizeof(inventory) - 1), sizeof(inventory) - 1);
    close(fd);
    struct tw_registry *r = tw_registry_load(path, &d);
    unlink(path);
    assert_non_null(r);
    for (size_t i = 0; i < 2; i++) {
        struct tw_facts f;
        struct tw_opcua_info info = {.application_uri = maybe(rows[i].uri)};
        struct tw_event e = opcua_event(TW_ACTION_READ, "127.0.0.1", "i=2258", &info);
        e.flow = i;
        e.src = place("127.0.0.1", 50000, NULL);
        e.dst = place("127.0.0.1", 4840, NULL);
        tw_registry_resolve(r, &e, &f);
        assert_string_equal(text(f.actor.id), rows[i].id);
        assert_int_equal(f.actor.identity, rows[i].identity);
        assert_string_equal(text(f.target.asset), "plc");
        assert_string_equal(text(f.actor.network), "bench");
    }
    tw_registry_free(r);
}

static unsigned any(unsigned n)
{
    static uint64_t state = 1;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

static const char *one_of(const char *const *list, unsigned n)
{
    return list[any(n)];
}

static bool same_str(struct tw_str a, struct tw_str b)
{
    return (a.p == NULL) == (b.p == NULL) && tw_str_eq(a, b);
}

static void assert_same_facts(const struct tw_facts *a, const struct tw_facts *b)
{
    assert_true(same_str(a->actor.id, b->actor.id));
    assert_true(same_str(a->actor.client_id, b->actor.client_id));
    assert_true(same_str(a->actor.user, b->actor.user));
    assert_true(same_str(a->actor.network, b->actor.network));
    assert_true(same_str(a->actor.mismatch, b->actor.mismatch));
    assert_int_equal(a->actor.kind, b->actor.kind);
    assert_int_equal(a->actor.identity, b->actor.identity);
    assert_int_equal(a->actor.certain, b->actor.certain);
    assert_int_equal(a->actor.registered_address, b->actor.registered_address);
    assert_int_equal(a->actor.in_registered_only, b->actor.in_registered_only);
    assert_true(same_str(a->target.asset, b->target.asset));
    assert_int_equal(a->target.in_plant, b->target.in_plant);
    assert_int_equal(a->grant.allowed, b->grant.allowed);
    assert_int_equal(a->grant.default_open, b->grant.default_open);
    assert_true(same_str(a->grant.needs_approval, b->grant.needs_approval));
    assert_true(same_str(a->variable.id, b->variable.id));
    assert_int_equal(a->variable.is_value, b->variable.is_value);
    assert_int_equal(a->variable.publisher_ok, b->variable.publisher_ok);
    assert_int_equal(a->is_order, b->is_order);
    assert_int_equal(a->report.is_report, b->report.is_report);
}

/* What is known of a connection is known of what it said, not of what it says next: names,
 * addresses and topics may be others. On a connection that nothing is known of, the same comes out.
 */
static void a_connection_is_asked_about_anew(void **state)
{
    static const char *const ids[] = {"mash-ai", "mash-ai", "desk", "nobody", "", "?", NULL},
                             *const users[] = {"mash", "desk", "", NULL},
                             *const ips[] = {"192.168.7.51", "192.168.7.40", "192.168.7.20",
                                 "192.168.7.99", "fd07::10"},
                             *const macs[] = {NULL, NULL, "02:07:00:00:00:01"},
                             *const topics[] = {"brew/ai/mash/advice", "brew/cmd/valve",
                                 "brew/kettle/temp", "brew/notes", "", NULL};
    static const enum tw_action actions[] = {TW_ACTION_PUBLISH, TW_ACTION_PUBLISH,
        TW_ACTION_DELIVER, TW_ACTION_SUBSCRIBE, TW_ACTION_CONNECT, TW_ACTION_DISCONNECT};
    struct tw_mqtt_info info = {.serial = 0};
    struct tw_event e = mqtt_event(TW_ACTION_PUBLISH, ips[0], topics[0], NULL, &info);
    unsigned registered = 0;
    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        switch (any(7)) {
        case 0:
            info.client_id = maybe(one_of(ids, 7));
            break;
        case 1:
            info.username = maybe(one_of(users, 4));
            break;
        case 2:
            e.src = place(one_of(ips, 5), 50000, one_of(macs, 3));
            break;
        case 3:
            e.dst = place(one_of(ips, 5), any(2) ? 1883 : 1884, NULL);
            break;
        case 4:
            e.object = tw_str_of(one_of(topics, 6));
            break;
        case 5:
            e.value.kind = any(2) ? TW_VALUE_DOUBLE : TW_VALUE_NONE;
            e.field = tw_str_of(any(4) ? NULL : "/t");
            break;
        default:
            e.action = actions[any(6)];
        }
        struct tw_facts known, fresh;
        e.flow = 2;
        info.serial++;
        tw_registry_resolve(brewery, &e, &known);
        struct tw_event other = e;
        other.flow = 1000 + i;
        tw_registry_resolve(brewery, &other, &fresh);
        assert_same_facts(&fresh, &known);
        registered += known.actor.id.p != NULL;
    }
    assert_true(registered > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opcua_clients_are_told_apart),
        cmocka_unit_test(mqtt_clients_are_told_apart),
        cmocka_unit_test(a_failed_login_is_no_identity),
        cmocka_unit_test(servers_act_on_their_clients),
        cmocka_unit_test(addresses_are_placed),
        cmocka_unit_test(the_entry_comes_along),
        cmocka_unit_test(sparkplug_names_are_identities),
        cmocka_unit_test(an_empty_inventory_knows_nobody),
        cmocka_unit_test(loopback_names_nobody),
        cmocka_unit_test(a_connection_is_asked_about_anew),
    };
    return cmocka_run_group_tests(tests, open_brewery, close_brewery);
}
