#include "share/link.h"

#include <errno.h>
#include <mosquitto.h>
#include <mqtt_protocol.h>
#include <netdb.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECT_TIMEOUT_MS = 5000, SESSION_EXPIRY_S = 86400 };

static void init_library(void)
{
    mosquitto_lib_init();
}

static void on_connect(
    struct mosquitto *m, void *user, int answer, int flags, const mosquitto_property *properties)
{
    (void)m, (void)flags;
    struct tw_link *link = user;
    char *reason = NULL;
    link->answered = true;
    link->answer = answer;
    if (properties != NULL)
        mosquitto_property_read_string(properties, MQTT_PROP_REASON_STRING, &reason, false);
    if (reason != NULL)
        tw_str_copy(link->note, sizeof(link->note), tw_str_of(reason));
    free(reason);
}

/* The plain callback hides the reason of a negative PUBACK [MQTT5 3.4.2.1]. */
static void on_publish(
    struct mosquitto *m, void *user, int mid, int reason, const mosquitto_property *properties)
{
    (void)m, (void)properties;
    struct tw_link *link = user;
    if (link->n_acks < sizeof(link->acks) / sizeof(link->acks[0]))
        link->acks[link->n_acks++] = (struct tw_link_ack){mid, reason};
}

static void on_disconnect(
    struct mosquitto *m, void *user, int reason, const mosquitto_property *properties)
{
    (void)m, (void)properties;
    struct tw_link *link = user;
    if (link->version == 5 && reason >= 0x80)
        snprintf(link->note, sizeof(link->note), "the broker disconnected: %s",
            mosquitto_reason_string(reason));
}

/* What TLS has to say appears nowhere else. */
static void on_log(struct mosquitto *m, void *user, int level, const char *text)
{
    (void)m;
    struct tw_link *link = user;
    if (level == MOSQ_LOG_ERR)
        tw_str_copy(link->note, sizeof(link->note), tw_str_of(text));
}

static int set_tls(struct mosquitto *m, const struct tw_broker_config *c)
{
    if (c->ca == NULL && c->cert == NULL && c->key == NULL)
        return MOSQ_ERR_SUCCESS;
    int rc = c->ca == NULL ? mosquitto_int_option(m, MOSQ_OPT_TLS_USE_OS_CERTS, 1)
                           : mosquitto_tls_set(m, c->ca, NULL, c->cert, c->key, NULL);
    if (rc == MOSQ_ERR_SUCCESS && c->ca == NULL && c->cert != NULL)
        rc = mosquitto_tls_set(m, NULL, "/etc/ssl/certs", c->cert, c->key, NULL);
    return rc != MOSQ_ERR_SUCCESS ? rc : mosquitto_tls_opts_set(m, 1, "tlsv1.2", NULL);
}

static int set_will(struct tw_link *link, const struct tw_broker_config *c)
{
    char topic[512];
    mosquitto_property *properties = NULL;
    if (snprintf(topic, sizeof(topic), "%s/state", c->root) >= (int)sizeof(topic))
        return MOSQ_ERR_INVAL;
    if (link->version == 5)
        mosquitto_property_add_string(&properties, MQTT_PROP_CONTENT_TYPE, "application/json");
    /* The library keeps the properties when it succeeds. */
    int rc = mosquitto_will_set_v5(
        link->m, topic, (int)strlen(c->offline), c->offline, 1, true, properties);
    if (rc != MOSQ_ERR_SUCCESS)
        mosquitto_property_free_all(&properties);
    return rc;
}

static int set_up(struct tw_link *link, const struct tw_broker_config *c, bool with_will)
{
    struct mosquitto *m = link->m;
    int rc = mosquitto_int_option(
        m, MOSQ_OPT_PROTOCOL_VERSION, link->version == 5 ? MQTT_PROTOCOL_V5 : MQTT_PROTOCOL_V311);
    if (rc == MOSQ_ERR_SUCCESS)
        rc = mosquitto_int_option(m, MOSQ_OPT_SEND_MAXIMUM, TW_LINK_WINDOW);
    if (rc == MOSQ_ERR_SUCCESS && c->user != NULL)
        rc = mosquitto_username_pw_set(m, c->user, c->password);
    if (rc == MOSQ_ERR_SUCCESS)
        rc = set_tls(m, c);
    if (rc == MOSQ_ERR_SUCCESS && with_will && c->offline != NULL)
        rc = set_will(link, c);
    return rc;
}

enum tw_status tw_link_open(
    struct tw_link *link, const struct tw_broker_config *config, int version, bool with_will)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    char id[256];
    pthread_once(&once, init_library);
    *link = (struct tw_link){.version = version};
    snprintf(id, sizeof(id), with_will ? "%s" : "%s-test", config->client_id);
    link->m = mosquitto_new(id, !with_will, link);
    if (link->m == NULL)
        return errno == ENOMEM ? TW_NO_MEMORY : TW_INVALID;
    mosquitto_connect_v5_callback_set(link->m, on_connect);
    mosquitto_publish_v5_callback_set(link->m, on_publish);
    mosquitto_disconnect_v5_callback_set(link->m, on_disconnect);
    mosquitto_log_callback_set(link->m, on_log);
    int rc = set_up(link, config, with_will);
    if (rc == MOSQ_ERR_SUCCESS)
        return TW_OK;
    if (link->note[0] == '\0')
        tw_str_copy(link->note, sizeof(link->note), tw_str_of(mosquitto_strerror(rc)));
    mosquitto_destroy(link->m);
    link->m = NULL;
    return rc == MOSQ_ERR_NOMEM ? TW_NO_MEMORY : TW_INVALID;
}

void tw_link_close(struct tw_link *link)
{
    if (link->m != NULL)
        mosquitto_destroy(link->m);
    link->m = NULL;
}

/* One address; 0 or errno. */
static int reach(const struct addrinfo *a)
{
    int error = 0;
    socklen_t size = sizeof(error);
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return errno;
    if (connect(fd, a->ai_addr, a->ai_addrlen) != 0) {
        struct pollfd p = {.fd = fd, .events = POLLOUT};
        if (errno != EINPROGRESS)
            error = errno;
        else if (poll(&p, 1, CONNECT_TIMEOUT_MS) != 1)
            error = ETIMEDOUT;
        else if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0)
            error = errno;
    }
    close(fd);
    return error;
}

static bool is_loopback(const char *host)
{
    return strncmp(host, "127.", 4) == 0 || strcmp(host, "localhost") == 0 ||
           strcmp(host, "::1") == 0;
}

/* The library's own connect() waits as long as the kernel does, minutes for a host that is switched
 * off, and cannot be interrupted. So ask first whether somebody answers. */
static int reachable(const char *host, int port)
{
    if (is_loopback(host))
        return MOSQ_ERR_SUCCESS;
    char service[16];
    struct addrinfo *list = NULL, hints = {.ai_socktype = SOCK_STREAM};
    snprintf(service, sizeof(service), "%d", port);
    if (getaddrinfo(host, service, &hints, &list) != 0)
        return MOSQ_ERR_EAI;
    int error = EADDRNOTAVAIL;
    for (const struct addrinfo *a = list; a != NULL && error != 0; a = a->ai_next)
        error = reach(a);
    freeaddrinfo(list);
    errno = error;
    return error == 0 ? MOSQ_ERR_SUCCESS : MOSQ_ERR_ERRNO;
}

int tw_link_connect(struct tw_link *link, const struct tw_broker_config *config)
{
    link->answered = false;
    link->note[0] = '\0';
    int rc = reachable(config->host, config->port);
    if (rc != MOSQ_ERR_SUCCESS)
        return rc;
    mosquitto_property *properties = NULL;
    if (link->version == 5) {
        rc = mosquitto_property_add_int32(
            &properties, MQTT_PROP_SESSION_EXPIRY_INTERVAL, SESSION_EXPIRY_S);
        if (rc != MOSQ_ERR_SUCCESS)
            return rc;
    }
    rc = mosquitto_connect_bind_v5(
        link->m, config->host, config->port, TW_LINK_KEEP_ALIVE_S, NULL, properties);
    int error = errno;
    mosquitto_property_free_all(&properties);
    errno = error;
    return rc;
}

static int publish_properties(const struct tw_spooled *m, mosquitto_property **out)
{
    char seq[24];
    int rc = mosquitto_property_add_string(out, MQTT_PROP_CONTENT_TYPE, "application/json");
    if (rc == 0 && m->expiry_s > 0)
        rc = mosquitto_property_add_int32(out, MQTT_PROP_MESSAGE_EXPIRY_INTERVAL, m->expiry_s);
    if (rc == 0 && m->schema != NULL)
        rc = mosquitto_property_add_string_pair(out, MQTT_PROP_USER_PROPERTY, "schema", m->schema);
    if (rc == 0 && m->tier != NULL)
        rc = mosquitto_property_add_string_pair(out, MQTT_PROP_USER_PROPERTY, "tier", m->tier);
    if (rc == 0 && m->seq > 0) {
        snprintf(seq, sizeof(seq), "%lld", (long long)m->seq);
        rc = mosquitto_property_add_string_pair(out, MQTT_PROP_USER_PROPERTY, "seq", seq);
    }
    return rc;
}

int tw_link_publish(
    struct tw_link *link, const char *root, const struct tw_spooled *m, int *out_mid)
{
    char topic[65536];
    mosquitto_property *properties = NULL;
    if (snprintf(topic, sizeof(topic), "%s/%s", root, m->topic) >= (int)sizeof(topic))
        return MOSQ_ERR_INVAL;
    int rc = link->version == 5 ? publish_properties(m, &properties) : MOSQ_ERR_SUCCESS;
    if (rc == MOSQ_ERR_SUCCESS)
        rc = mosquitto_publish_v5(
            link->m, out_mid, topic, (int)m->payload.len, m->payload.p, 1, m->retain, properties);
    mosquitto_property_free_all(&properties);
    return rc;
}

bool tw_link_owns(int rc)
{
    return rc == MOSQ_ERR_SUCCESS || rc == MOSQ_ERR_NO_CONN || rc == MOSQ_ERR_CONN_LOST ||
           rc == MOSQ_ERR_ERRNO;
}

bool tw_link_unsendable(int rc)
{
    return rc == MOSQ_ERR_OVERSIZE_PACKET || rc == MOSQ_ERR_PAYLOAD_SIZE ||
           rc == MOSQ_ERR_MALFORMED_UTF8 || rc == MOSQ_ERR_QOS_NOT_SUPPORTED ||
           rc == MOSQ_ERR_INVAL;
}

int tw_link_loop(struct tw_link *link, int wake_fd, int timeout_ms)
{
    struct pollfd p[2] = {
        {.fd = mosquitto_socket(link->m), .events = POLLIN}, {.fd = wake_fd, .events = POLLIN}};
    if (mosquitto_want_write(link->m))
        p[0].events |= POLLOUT;
    poll(p, 2, timeout_ms); /* one that is negative is ignored */
    if (p[1].revents & POLLIN) {
        eventfd_t n;
        eventfd_read(wake_fd, &n);
    }
    return mosquitto_loop(link->m, 0, 1);
}

void tw_link_complaint(const struct tw_link *link, int rc, char *out, size_t size)
{
    char text[128];
    if (link->note[0] != '\0')
        snprintf(out, size, "%s", link->note);
    else if (rc == MOSQ_ERR_EAI)
        snprintf(out, size, "the broker's name is not known");
    else if (rc == MOSQ_ERR_ERRNO)
        snprintf(out, size, "%s", strerror_r(errno, text, sizeof(text)));
    else
        snprintf(out, size, "%s", mosquitto_strerror(rc));
}

const char *tw_link_answer_text(const struct tw_link *link)
{
    return link->version == 5 ? mosquitto_reason_string(link->answer)
                              : mosquitto_connack_string(link->answer);
}

bool tw_link_try_other(const struct tw_link *link, int rc)
{
    if (link->answered)
        return link->answer == (link->version == 5 ? MQTT_RC_UNSUPPORTED_PROTOCOL_VERSION
                                                   : CONNACK_REFUSED_PROTOCOL_VERSION);
    return rc == MOSQ_ERR_PROTOCOL || rc == MOSQ_ERR_MALFORMED_PACKET || rc == MOSQ_ERR_CONN_LOST;
}
