#include "share/publisher.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "sender.h"

/* Against a real mosquitto, started here on a free loopback port with its own configuration. */

struct broker {
    char dir[64];
    int port;
    pid_t pid;
};

static const char *program(void)
{
    static const char *const places[] = {
        "/usr/sbin/mosquitto", "/usr/local/sbin/mosquitto", "/usr/bin/mosquitto"};
    for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
        if (access(places[i], X_OK) == 0)
            return places[i];
    }
    return NULL;
}

static struct sockaddr_in loopback(int port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
        .sin_port = htons((uint16_t)port),
        .sin_addr = {htonl(INADDR_LOOPBACK)}};
}

static int free_port(void)
{
    struct sockaddr_in a = loopback(0);
    socklen_t size = sizeof(a);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, size), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &size), 0);
    close(fd);
    return ntohs(a.sin_port);
}

static bool answers(int port)
{
    struct sockaddr_in a = loopback(port);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool yes = connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
    close(fd);
    return yes;
}

static void run_broker(struct broker *b)
{
    char config[128], log[128];
    snprintf(config, sizeof(config), "%s/mosquitto.conf", b->dir);
    snprintf(log, sizeof(log), "%s/log", b->dir);
    b->pid = fork();
    assert_true(b->pid >= 0);
    if (b->pid == 0) {
        int fd = open(log, O_WRONLY | O_CREAT | O_APPEND, 0600);
        dup2(fd, 1);
        dup2(fd, 2);
        execl(program(), "mosquitto", "-c", config, (char *)NULL);
        _exit(127);
    }
    for (int i = 0; i < 300 && !answers(b->port); i++)
        wait_ms(10);
    assert_true(answers(b->port));
}

static void write_file(const struct broker *b, const char *name, const char *text)
{
    char path[128];
    snprintf(path, sizeof(path), "%s/%s", b->dir, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
}

/* `listener`: lines that go with the listener; DIR stands for the folder. */
static struct broker start_broker(const char *listener)
{
    struct broker b = {.dir = "/tmp/tw-broker-XXXXXX"};
    char text[1024];
    if (program() == NULL) {
        print_message("mosquitto is not installed: skipped\n");
        skip();
    }
    assert_non_null(mkdtemp(b.dir));
    b.port = free_port();
    /* As root the broker would give its rights away, and could no longer read its own folder. */
    snprintf(text, sizeof(text), "%smax_queued_messages 0\nlistener %d 127.0.0.1\n%s",
        geteuid() == 0 ? "user root\n" : "", b.port, listener);
    write_file(&b, "mosquitto.conf", text);
    return b;
}

static void kill_broker(struct broker *b, int signal)
{
    kill(b->pid, signal);
    waitpid(b->pid, NULL, 0);
}

static void remove_broker(struct broker *b)
{
    char command[128];
    kill_broker(b, SIGTERM);
    snprintf(command, sizeof(command), "rm -rf '%s'", b->dir);
    assert_int_equal(system(command), 0);
}

/* ---- somebody who listens ---- */

enum { IDS = 65536 };

struct listener {
    struct mosquitto *m;
    pthread_t thread;
    pthread_mutex_t lock;
    atomic_bool stop, subscribed;
    int seen[IDS], distinct, order_errors, last_id;
    char state[128], content_type[64], user_properties[256];
    uint32_t expiry;
    bool state_retained;
};

static void listener_connected(struct mosquitto *m, void *user, int rc)
{
    (void)user;
    if (rc == 0)
        mosquitto_subscribe(m, NULL, "tierwatch/#", 1);
}

static void listener_subscribed(struct mosquitto *m, void *user, int mid, int n, const int *granted)
{
    (void)m, (void)mid, (void)n, (void)granted;
    ((struct listener *)user)->subscribed = true;
}

static void note_properties(struct listener *l, const mosquitto_property *p)
{
    char *text = NULL, *name = NULL;
    if (mosquitto_property_read_string(p, MQTT_PROP_CONTENT_TYPE, &text, false) != NULL)
        snprintf(l->content_type, sizeof(l->content_type), "%s", text);
    free(text);
    mosquitto_property_read_int32(p, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, &l->expiry, false);
    l->user_properties[0] = '\0';
    for (bool again = false;; again = true) {
        p = mosquitto_property_read_string_pair(p, MQTT_PROP_USER_PROPERTY, &name, &text, again);
        if (p == NULL)
            break;
        size_t at = strlen(l->user_properties);
        snprintf(l->user_properties + at, sizeof(l->user_properties) - at, "%s=%s;", name, text);
        free(name);
        free(text);
    }
}

static void listener_message(struct mosquitto *m, void *user, const struct mosquitto_message *msg,
    const mosquitto_property *properties)
{
    (void)m;
    struct listener *l = user;
    char payload[256];
    snprintf(payload, sizeof(payload), "%.*s", msg->payloadlen, (const char *)msg->payload);
    pthread_mutex_lock(&l->lock);
    const char *id = strstr(payload, "\"id\":");
    size_t len = strlen(msg->topic);
    if (len > 6 && strcmp(msg->topic + len - 6, "/state") == 0) {
        snprintf(l->state, sizeof(l->state), "%.100s", payload);
        l->state_retained = msg->retain;
    } else if (id != NULL && atoi(id + 5) < IDS) {
        int n = atoi(id + 5);
        note_properties(l, properties);
        if (l->seen[n]++ == 0) {
            l->distinct++;
            l->order_errors += n < l->last_id;
            l->last_id = n;
        }
    }
    pthread_mutex_unlock(&l->lock);
}

static void *listen_on(void *user)
{
    struct listener *l = user;
    while (!l->stop) {
        if (mosquitto_loop(l->m, 20, 1) != MOSQ_ERR_SUCCESS) {
            l->subscribed = false;
            wait_ms(20);
            mosquitto_reconnect(l->m);
        }
    }
    return NULL;
}

static void start_listener(
    struct listener *l, const struct broker *b, const char *user, const char *password)
{
    memset(l, 0, sizeof(*l));
    mosquitto_lib_init();
    pthread_mutex_init(&l->lock, NULL);
    l->last_id = -1;
    l->m = mosquitto_new("listener", true, l);
    mosquitto_int_option(l->m, MOSQ_OPT_PROTOCOL_VERSION, MQTT_PROTOCOL_V5);
    mosquitto_username_pw_set(l->m, user, password);
    mosquitto_connect_callback_set(l->m, listener_connected);
    mosquitto_subscribe_callback_set(l->m, listener_subscribed);
    mosquitto_message_v5_callback_set(l->m, listener_message);
    assert_int_equal(mosquitto_connect(l->m, "127.0.0.1", b->port, 30), 0);
    assert_int_equal(pthread_create(&l->thread, NULL, listen_on, l), 0);
    for (int i = 0; i < 300 && !l->subscribed; i++)
        wait_ms(10);
    assert_true(l->subscribed);
}

static void stop_listener(struct listener *l)
{
    l->stop = true;
    pthread_join(l->thread, NULL);
    mosquitto_destroy(l->m);
}

static int distinct(struct listener *l)
{
    pthread_mutex_lock(&l->lock);
    int n = l->distinct;
    pthread_mutex_unlock(&l->lock);
    return n;
}

static bool heard(struct listener *l, int n, int ms)
{
    for (; ms > 0 && distinct(l) < n; ms -= 10)
        wait_ms(10);
    return distinct(l) >= n;
}

static bool heard_state(struct listener *l, const char *state, int ms)
{
    for (; ms > 0; ms -= 10) {
        pthread_mutex_lock(&l->lock);
        bool yes = strcmp(l->state, state) == 0;
        pthread_mutex_unlock(&l->lock);
        if (yes)
            return true;
        wait_ms(10);
    }
    return false;
}

/* ---- the publisher ---- */

#define ONLINE "{\"state\":\"online\"}"
#define OFFLINE "{\"state\":\"offline\"}"

static struct tw_broker_config config_of(const struct broker *b)
{
    return (struct tw_broker_config){.host = "127.0.0.1",
        .port = b->port,
        .client_id = "site-gw",
        .root = "tierwatch/1/site/gw",
        .online = ONLINE,
        .offline = OFFLINE,
        .drain_ms = 10000};
}

static void everything_arrives_in_order_with_its_properties(void **state)
{
    (void)state;
    struct broker b = start_broker("allow_anonymous true\n");
    run_broker(&b);
    static struct listener l;
    start_listener(&l, &b, NULL, NULL);
    struct tw_broker_config config = config_of(&b);
    struct tw_publisher *p = start(&config);
    send_ids(p, 0, 2000);
    assert_true(heard_state(&l, ONLINE, 5000));
    assert_true(heard(&l, 2000, 20000));
    assert_int_equal(l.order_errors, 0);
    assert_string_equal(l.content_type, "application/json");
    assert_string_equal(l.user_properties, "schema=tierwatch.alert/1;tier=T2;seq=2000;");
    assert_in_range(l.expiry, 604790, 604800);
    assert_true(tw_publisher_stats(p).connected);
    assert_true(tw_publisher_stop(p));
    assert_true(heard_state(&l, OFFLINE, 5000));
    stop_listener(&l);
    /* The state is retained: somebody who comes later sees it, and no old alerts. */
    start_listener(&l, &b, NULL, NULL);
    assert_true(heard_state(&l, OFFLINE, 5000));
    assert_true(l.state_retained);
    assert_int_equal(distinct(&l), 0);
    stop_listener(&l);
    remove_broker(&b);
}

static void a_killed_broker_costs_delay_only(void **state)
{
    (void)state;
    struct broker b = start_broker("allow_anonymous true\n");
    run_broker(&b);
    static struct listener l;
    start_listener(&l, &b, NULL, NULL);
    struct tw_broker_config config = config_of(&b);
    struct tw_publisher *p = start(&config);
    send_ids(p, 0, 300);
    assert_true(heard(&l, 300, 10000));
    /* It stands still while the next ones come, so none of them is acknowledged, and dies. */
    kill(b.pid, SIGSTOP);
    send_ids(p, 300, 600);
    wait_ms(100);
    kill_broker(&b, SIGKILL);
    send_ids(p, 600, 700);
    run_broker(&b);
    bool all = heard(&l, 700, 30000);
    struct tw_publisher_stats stats = tw_publisher_stats(p);
    if (!all)
        print_error("%d heard, %d acknowledged, %s\n", distinct(&l), (int)stats.acknowledged,
            stats.last_error);
    assert_true(all);
    assert_int_equal(l.order_errors, 0);
    assert_true(stats.reconnects >= 1);
    assert_true(tw_publisher_stop(p));
    stop_listener(&l);
    remove_broker(&b);
}

static void refused_credentials_keep_everything_for_the_right_ones(void **state)
{
    (void)state;
    struct broker b = start_broker("");
    char text[512], spool[128], err[256], command[256];
    snprintf(text, sizeof(text),
        "per_listener_settings false\nallow_anonymous false\npassword_file %s/passwords\n%s"
        "listener %d 127.0.0.1\n",
        b.dir, geteuid() == 0 ? "user root\n" : "", b.port);
    write_file(&b, "mosquitto.conf", text);
    snprintf(command, sizeof(command), "mosquitto_passwd -b -c '%s/passwords' gw-1 right", b.dir);
    assert_int_equal(system(command), 0);
    run_broker(&b);
    snprintf(spool, sizeof(spool), "%s/spool", b.dir);
    static struct listener l;
    start_listener(&l, &b, "gw-1", "right");
    struct tw_broker_config config = config_of(&b);
    config.spool = spool;
    config.user = "gw-1";
    config.password = "wrong-secret";
    config.drain_ms = 300;
    assert_int_equal(tw_publisher_test(&config, err, sizeof(err)), TW_IO);
    assert_non_null(strstr(err, "Not authorized"));
    assert_null(strstr(err, "wrong-secret"));
    struct tw_publisher *p = start(&config);
    send_ids(p, 0, 40);
    wait_ms(1500);
    struct tw_publisher_stats stats = tw_publisher_stats(p);
    assert_false(stats.connected);
    assert_non_null(strstr(stats.last_error, "Not authorized"));
    assert_int_equal(stats.spooled, 40);
    assert_false(tw_publisher_stop(p));

    config.password = "right";
    config.drain_ms = 10000;
    assert_int_equal(tw_publisher_test(&config, err, sizeof(err)), TW_OK);
    p = start(&config);
    assert_true(acknowledged(p, 40, 10000));
    assert_true(heard(&l, 40, 5000));
    assert_true(tw_publisher_stop(p));
    stop_listener(&l);
    remove_broker(&b);
}

static void wait_for_child_state(const char *file)
{
    for (int i = 0; i < 1000 && access(file, F_OK) != 0; i++)
        wait_ms(10);
    assert_int_equal(access(file, F_OK), 0);
}

/* The process that is killed: it sends, and goes on sending while the broker stands still. */
static int be_gateway(const char *port, const char *dir)
{
    struct broker b = {.port = atoi(port)};
    char spool[128];
    snprintf(b.dir, sizeof(b.dir), "%s", dir);
    snprintf(spool, sizeof(spool), "%s/spool", dir);
    struct tw_broker_config config = config_of(&b);
    config.spool = spool;
    struct tw_publisher *p = start(&config);
    send_ids(p, 0, 100);
    if (!acknowledged(p, 100, 10000))
        return 1;
    write_file(&b, "connected", "");
    wait_ms(300); /* until the broker stands still */
    send_ids(p, 100, 400);
    write_file(&b, "sent", "");
    for (;;)
        wait_ms(1000);
}

/* The process that is killed at any moment: it says which messages were taken from it. */
static int be_stream(const char *port, const char *dir, const char *from)
{
    struct broker b = {.port = atoi(port)};
    char spool[128];
    snprintf(b.dir, sizeof(b.dir), "%s", dir);
    snprintf(spool, sizeof(spool), "%s/spool", dir);
    struct tw_broker_config config = config_of(&b);
    config.spool = spool;
    struct tw_publisher *p = start(&config);
    for (int i = atoi(from);; i++) {
        send_ids(p, i, i + 1);
        if (write(STDOUT_FILENO, &i, sizeof(i)) != (ssize_t)sizeof(i))
            return 1;
        if (i % 20 == 0)
            wait_ms(1);
    }
}

/* Start a stream at `from`, kill it after a while. Returns the number after the last that was
 * taken. */
static int stream_and_kill(const struct broker *b, int from, int ms)
{
    int fds[2], next = from, id;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char port[16], start_at[16];
        snprintf(port, sizeof(port), "%d", b->port);
        snprintf(start_at, sizeof(start_at), "%d", from);
        dup2(fds[1], STDOUT_FILENO);
        execl("/proc/self/exe", "test", "stream", port, b->dir, start_at, (char *)NULL);
        _exit(127);
    }
    close(fds[1]);
    wait_ms(ms);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    while (read(fds[0], &id, sizeof(id)) == (ssize_t)sizeof(id))
        next = id + 1;
    close(fds[0]);
    return next;
}

static void killed_at_any_moment_nothing_that_was_taken_is_lost(void **state)
{
    (void)state;
    struct broker b = start_broker("allow_anonymous true\n");
    run_broker(&b);
    static struct listener l;
    start_listener(&l, &b, NULL, NULL);
    int next = 0;
    for (int round = 0; round < 25; round++)
        next = stream_and_kill(&b, next, 20 + round * 37 % 150);
    assert_in_range(next, 25, IDS - 1);
    char spool[128];
    snprintf(spool, sizeof(spool), "%s/spool", b.dir);
    struct tw_broker_config config = config_of(&b);
    config.spool = spool;
    struct tw_publisher *p = start(&config);
    assert_true(tw_publisher_stop(p));
    assert_true(heard(&l, next, 5000));
    for (int i = 0; i < next; i++)
        assert_true(l.seen[i] >= 1);
    stop_listener(&l);
    remove_broker(&b);
}

/* The gateway is killed between sending and being told that it arrived. The broker stands still
 * meanwhile, so that nothing could be acknowledged. */
static void a_killed_gateway_is_said_to_be_offline_and_loses_nothing(void **state)
{
    (void)state;
    struct broker b = start_broker("allow_anonymous true\n");
    run_broker(&b);
    static struct listener l;
    start_listener(&l, &b, NULL, NULL);
    char spool[128], connected[128], sent[128];
    snprintf(spool, sizeof(spool), "%s/spool", b.dir);
    snprintf(connected, sizeof(connected), "%s/connected", b.dir);
    snprintf(sent, sizeof(sent), "%s/sent", b.dir);
    struct tw_broker_config config = config_of(&b);
    config.spool = spool;
    pid_t pid = fork();
    if (pid == 0) {
        char port[16];
        snprintf(port, sizeof(port), "%d", b.port);
        execl("/proc/self/exe", "test", "gateway", port, b.dir, (char *)NULL);
        _exit(127);
    }
    wait_for_child_state(connected);
    kill(b.pid, SIGSTOP);
    wait_for_child_state(sent);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    kill(b.pid, SIGCONT);
    assert_true(heard_state(&l, OFFLINE, 5000)); /* the will */

    struct tw_publisher *p = start(&config);
    assert_true(heard_state(&l, ONLINE, 5000));
    assert_true(heard(&l, 400, 10000));
    assert_true(tw_publisher_stop(p));
    stop_listener(&l);
    remove_broker(&b);
}

static int command_in(const struct broker *b, const char *format)
{
    char command[1024];
    snprintf(command, sizeof(command), "cd '%s' && (%s) >/dev/null 2>&1", b->dir, format);
    return system(command);
}

static void tls_is_checked(void **state)
{
    (void)state;
    struct broker b = start_broker("");
    char text[512], ca[128], other[128], err[256];
    if (command_in(&b, "openssl version") != 0) {
        print_message("openssl is not installed: skipped\n");
        skip();
    }
    assert_int_equal(
        command_in(&b,
            "for n in ca other; do openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 "
            "-nodes "
            "-keyout $n.key -out $n.pem -subj /CN=$n -days 2; done; "
            "openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key "
            "-out server.csr -subj /CN=localhost && "
            "printf 'subjectAltName=DNS:localhost,IP:127.0.0.1' > ext && "
            "openssl x509 -req -in server.csr -CA ca.pem -CAkey ca.key -CAcreateserial -extfile "
            "ext "
            "-out server.pem -days 2"),
        0);
    snprintf(text, sizeof(text),
        "allow_anonymous true\n%slistener %d 127.0.0.1\ncertfile %s/server.pem\n"
        "keyfile %s/server.key\n",
        geteuid() == 0 ? "user root\n" : "", b.port, b.dir, b.dir);
    write_file(&b, "mosquitto.conf", text);
    run_broker(&b);
    snprintf(ca, sizeof(ca), "%s/ca.pem", b.dir);
    snprintf(other, sizeof(other), "%s/other.pem", b.dir);
    struct tw_broker_config config = config_of(&b);
    config.ca = other;
    assert_int_equal(tw_publisher_test(&config, err, sizeof(err)), TW_IO);
    assert_non_null(strstr(err, "certificate verify failed"));
    config.ca = ca;
    assert_int_equal(tw_publisher_test(&config, err, sizeof(err)), TW_OK);
    struct tw_publisher *p = start(&config);
    send_ids(p, 0, 200);
    assert_true(acknowledged(p, 200, 10000));
    assert_true(tw_publisher_stop(p));
    config.ca = "/nowhere/ca.pem";
    config.drain_ms = 1;
    p = start(&config);
    wait_ms(100);
    assert_int_not_equal(tw_publisher_stats(p).last_error[0], '\0');
    tw_publisher_stop(p);
    remove_broker(&b);
}

/* A payload above what the broker takes: it rests, the others go on. */
static void an_oversized_message_rests(void **state)
{
    (void)state;
    struct broker b = start_broker("allow_anonymous true\n");
    char text[512];
    snprintf(text, sizeof(text),
        "allow_anonymous true\nmax_packet_size 2000\n%slistener %d 127.0.0.1\n",
        geteuid() == 0 ? "user root\n" : "", b.port);
    write_file(&b, "mosquitto.conf", text);
    run_broker(&b);
    struct tw_broker_config config = config_of(&b);
    config.drain_ms = 100;
    struct tw_publisher *p = start(&config);
    assert_true(acknowledged(p, 0, 1000));
    char *large = malloc(5000);
    memset(large, 'x', 5000);
    send_ids(p, 0, 5);
    struct tw_message m = {.topic = TW_STR("alert/low/none/X"), .payload = {large, 5000}};
    assert_int_equal(tw_publisher_send(p, &m), TW_OK);
    send_ids(p, 5, 10);
    assert_true(acknowledged(p, 10, 10000));
    struct tw_publisher_stats stats = tw_publisher_stats(p);
    assert_int_equal(stats.dead, 1);
    assert_int_equal(stats.reconnects, 0);
    assert_false(tw_publisher_stop(p));
    free(large);
    remove_broker(&b);
}

int main(int argc, char **argv)
{
    if (argc == 4 && strcmp(argv[1], "gateway") == 0)
        return be_gateway(argv[2], argv[3]);
    if (argc == 5 && strcmp(argv[1], "stream") == 0)
        return be_stream(argv[2], argv[3], argv[4]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everything_arrives_in_order_with_its_properties),
        cmocka_unit_test(a_killed_broker_costs_delay_only),
        cmocka_unit_test(refused_credentials_keep_everything_for_the_right_ones),
        cmocka_unit_test(a_killed_gateway_is_said_to_be_offline_and_loses_nothing),
        cmocka_unit_test(killed_at_any_moment_nothing_that_was_taken_is_lost),
        cmocka_unit_test(tls_is_checked),
        cmocka_unit_test(an_oversized_message_rests),
    };
    return cmocka_run_group_tests_name("publisher with mosquitto", tests, NULL, NULL);
}
