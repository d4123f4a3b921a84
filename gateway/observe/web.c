#include "observe/web.h"

#include <arpa/inet.h>
#include <errno.h>
#include <microhttpd.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_CONNECTIONS = 16, IDLE_S = 10, MAX_HEAD = 8192 };

struct tw_web {
    struct MHD_Daemon *daemon;
    struct tw_web_pages pages;
};

union address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
};

/* "127.0.0.1:9477", "[::1]:9477" */
static bool parse(const char *listen, union address *out)
{
    char host[64], *end;
    const char *colon = strrchr(listen, ':');
    if (colon == NULL)
        return false;
    const bool bracketed = listen[0] == '[' && colon > listen + 1 && colon[-1] == ']';
    const char *from = listen + bracketed;
    const size_t len = (size_t)(colon - from) - bracketed;
    const unsigned long port = strtoul(colon + 1, &end, 10);
    if (tw_str_copy(host, sizeof(host), (struct tw_str){from, len}) != len || *end != '\0' ||
        end == colon + 1 || port > 65535)
        return false;
    memset(out, 0, sizeof(*out));
    if (inet_pton(AF_INET, host, &out->v4.sin_addr) == 1) {
        out->v4.sin_family = AF_INET;
        out->v4.sin_port = htons((uint16_t)port);
        return true;
    }
    out->v6.sin6_family = AF_INET6;
    out->v6.sin6_port = htons((uint16_t)port);
    return inet_pton(AF_INET6, host, &out->v6.sin6_addr) == 1;
}

static enum MHD_Result respond(
    struct MHD_Connection *to, unsigned status, const char *type, struct tw_text *t)
{
    const char *body = t != NULL && t->p != NULL ? t->p : "";
    struct MHD_Response *r = MHD_create_response_from_buffer(
        t != NULL ? t->len : 0, (void *)(uintptr_t)body, MHD_RESPMEM_MUST_COPY);
    if (r == NULL)
        return MHD_NO;
    MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(r, "X-Content-Type-Options", "nosniff");
    if (status == MHD_HTTP_METHOD_NOT_ALLOWED)
        MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    const enum MHD_Result result = MHD_queue_response(to, status, r);
    MHD_destroy_response(r);
    return result;
}

static enum MHD_Result answer(void *user, struct MHD_Connection *to, const char *url,
    const char *method, const char *version, const char *upload, size_t *upload_size, void **state)
{
    const struct tw_web *w = user;
    struct tw_text t = {0};
    unsigned status = MHD_HTTP_OK;
    const char *type = "text/plain; charset=utf-8";
    (void)version, (void)upload, (void)upload_size, (void)state;
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
        status = MHD_HTTP_METHOD_NOT_ALLOWED;
    } else if (strcmp(url, "/metrics") == 0) {
        type = "text/plain; version=0.0.4; charset=utf-8";
        w->pages.metrics(w->pages.user, &t);
    } else if (strcmp(url, "/healthz") == 0) {
        type = "application/json";
        status = w->pages.health(w->pages.user, &t) ? MHD_HTTP_OK : MHD_HTTP_SERVICE_UNAVAILABLE;
    } else {
        status = MHD_HTTP_NOT_FOUND;
    }
    if (t.failed)
        status = MHD_HTTP_INTERNAL_SERVER_ERROR;
    const enum MHD_Result result = respond(to, status, type, t.failed ? NULL : &t);
    tw_text_free(&t);
    return result;
}

/* What goes wrong with one client is not worth a line. */
static void say_nothing(void *user, const char *format, va_list args)
{
    (void)user, (void)format, (void)args;
}

enum tw_status tw_web_open(const char *listen, const struct tw_web_pages *pages,
    struct tw_web **out, char *err, size_t err_size)
{
    union address at;
    if (!parse(listen, &at)) {
        snprintf(err, err_size, "it is no numeric address with a port");
        return TW_INVALID;
    }
    struct tw_web *w = calloc(1, sizeof(*w));
    if (w == NULL) {
        snprintf(err, err_size, "out of memory");
        return TW_NO_MEMORY;
    }
    const unsigned flags = MHD_USE_POLL_INTERNAL_THREAD | MHD_USE_ITC |
                           (at.any.sa_family == AF_INET6 ? MHD_USE_IPv6 : 0);
    w->pages = *pages;
    errno = 0;
    w->daemon = MHD_start_daemon(flags, 0, NULL, NULL, answer, w, MHD_OPTION_SOCK_ADDR, &at.any,
        MHD_OPTION_CONNECTION_LIMIT, (unsigned)MAX_CONNECTIONS, MHD_OPTION_CONNECTION_TIMEOUT,
        (unsigned)IDLE_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)MAX_HEAD,
        MHD_OPTION_EXTERNAL_LOGGER, say_nothing, NULL, MHD_OPTION_END);
    if (w->daemon != NULL) {
        *out = w;
        return TW_OK;
    }
    snprintf(err, err_size, "%s", errno != 0 ? strerror(errno) : "it can not be served");
    free(w);
    return TW_IO;
}

void tw_web_close(struct tw_web *w)
{
    if (w == NULL)
        return;
    MHD_stop_daemon(w->daemon);
    free(w);
}
