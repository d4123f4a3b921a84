#include "capture/capture.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "capture/input.h"
#include "capture/paths.h"

/* More files than this at once are opened when their first packet is due: rotated captures come in
 * hundreds, and mostly follow each other. */
enum { MAX_OPEN_FILES = 16 };

/* An interface between going away and coming back: the reader says that it is gone, somebody else
 * opens it anew, the reader takes that over. */
struct returning {
    atomic_bool gone;
    _Atomic(struct tw_input *) found;
};

struct tw_capture {
    struct tw_input *inputs;
    struct tw_capture_input *names;
    struct tw_capture_error *errors; /* per input: damage found while opening, told by next() */
    size_t n;
    size_t *heap; /* files with a packet at hand, the earliest first */
    size_t n_heap;
    size_t open_files, n_errors, next_error;
    bool live, consumed; /* consumed: the head of heap[0] was returned already */
    char *filter;
    struct tw_capture_live options; /* live; its filter is the one above */
    struct returning *returning;    /* live, by input */
    int stop_fd;
    atomic_bool stopped;
    uint64_t packets, bytes;
};

/* Ties go to the input that was named first. */
static bool is_before(const struct tw_capture *c, size_t a, size_t b)
{
    const int64_t ta = c->inputs[a].head.ts_ns, tb = c->inputs[b].head.ts_ns;
    return ta != tb ? ta < tb : a < b;
}

static void sift_down(struct tw_capture *c, size_t at)
{
    for (;;) {
        size_t least = at;
        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < c->n_heap; child++) {
            if (is_before(c, c->heap[child], c->heap[least]))
                least = child;
        }
        if (least == at)
            return;
        const size_t moved = c->heap[at];
        c->heap[at] = c->heap[least];
        c->heap[least] = moved;
        at = least;
    }
}

static void heap_push(struct tw_capture *c, size_t input)
{
    size_t at = c->n_heap++;
    c->heap[at] = input;
    while (at > 0 && is_before(c, c->heap[at], c->heap[(at - 1) / 2])) {
        const size_t parent = (at - 1) / 2;
        c->heap[at] = c->heap[parent];
        c->heap[parent] = input;
        at = parent;
    }
}

static void heap_pop(struct tw_capture *c)
{
    c->heap[0] = c->heap[--c->n_heap];
    sift_down(c, 0);
}

static struct tw_capture *new_capture(size_t n)
{
    struct tw_capture *c = n == 0 ? NULL : calloc(1, sizeof(*c));
    if (c == NULL)
        return NULL;
    c->n = n;
    c->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    c->inputs = calloc(n, sizeof(*c->inputs));
    c->names = calloc(n, sizeof(*c->names));
    c->errors = calloc(n, sizeof(*c->errors));
    c->heap = calloc(n, sizeof(*c->heap));
    if (c->inputs == NULL || c->names == NULL || c->errors == NULL || c->heap == NULL ||
        c->stop_fd < 0) {
        tw_capture_close(c);
        return NULL;
    }
    return c;
}

static enum tw_status no_memory(struct tw_capture_error *err)
{
    *err = (struct tw_capture_error){.text = "out of memory while opening captures"};
    return TW_NO_MEMORY;
}

static void remember_error(struct tw_capture *c, const struct tw_capture_error *err)
{
    c->errors[c->n_errors++] = *err;
}

static void shut(struct tw_capture *c, size_t i)
{
    if (c->inputs[i].pcap != NULL)
        c->open_files--;
    tw_input_close(&c->inputs[i]);
}

/* Open file `i` and read its first packet. Damage is for later; only what stops everything is
 * returned. */
static enum tw_status open_file(struct tw_capture *c, size_t i, struct tw_capture_error *err)
{
    struct tw_input *in = &c->inputs[i];
    struct tw_capture_error why;
    enum tw_status st = tw_input_open_file(in, c->filter, &why);
    c->names[i].bytes = in->source.size;
    if (st == TW_OK) {
        c->open_files++;
        st = tw_input_read(in, &why);
    }
    if (st == TW_OK) {
        in->dormant = in->source.seekable && c->open_files > MAX_OPEN_FILES;
        if (in->dormant) {
            shut(c, i);
            in->read_bytes = 0;
        }
        heap_push(c, i);
        return TW_OK;
    }
    shut(c, i);
    if (st == TW_DAMAGED)
        remember_error(c, &why);
    if (st == TW_DAMAGED || st == TW_END)
        return TW_OK;
    *err = why;
    return st;
}

static enum tw_status expand(
    struct tw_paths *list, const char *const *paths, size_t n_paths, struct tw_capture_error *err)
{
    for (size_t i = 0; i < n_paths; i++) {
        const enum tw_status st = tw_paths_add(list, paths[i]);
        if (st == TW_OK)
            continue;
        if (st == TW_NO_MEMORY)
            return no_memory(err);
        *err = (struct tw_capture_error){0};
        tw_str_copy(err->input, sizeof(err->input), tw_str_of(paths[i]));
        if (st == TW_NOT_FOUND)
            snprintf(err->text, sizeof(err->text),
                "folder %.400s holds no *.pcap, *.pcapng or *.cap", paths[i]);
        else
            snprintf(err->text, sizeof(err->text), "can not read folder %.300s: %s", paths[i],
                strerror(errno));
        return TW_IO;
    }
    return TW_OK;
}

static enum tw_status open_all(
    struct tw_capture *c, struct tw_paths *list, const char *filter, struct tw_capture_error *err)
{
    if (filter != NULL && (c->filter = strdup(filter)) == NULL)
        return no_memory(err);
    for (size_t i = 0; i < c->n; i++) {
        c->names[i].name = c->inputs[i].name = list->names[i];
        list->names[i] = NULL;
    }
    for (size_t i = 0; i < c->n; i++) {
        c->inputs[i].head.input = (uint32_t)i;
        c->inputs[i].stop_fd = c->stop_fd;
        TW_TRY(open_file(c, i, err));
    }
    return TW_OK;
}

enum tw_status tw_capture_open_files(const char *const *paths, size_t n_paths, const char *filter,
    struct tw_capture **out, struct tw_capture_error *err)
{
    struct tw_paths list = {0};
    struct tw_capture *c = NULL;
    enum tw_status st = expand(&list, paths, n_paths, err);
    if (st == TW_OK && list.n == 0) {
        *err = (struct tw_capture_error){.text = "no capture was named"};
        st = TW_INVALID;
    }
    if (st == TW_OK && (c = new_capture(list.n)) == NULL)
        st = no_memory(err);
    if (st == TW_OK)
        st = open_all(c, &list, filter, err);
    tw_paths_free(&list);
    if (st != TW_OK) {
        tw_capture_close(c);
        return st;
    }
    *out = c;
    if (c->n_errors == 0)
        return TW_OK;
    *err = c->errors[c->next_error++];
    return TW_DAMAGED;
}

static bool keep_options(struct tw_capture *c, const struct tw_capture_live *options)
{
    c->live = true;
    c->options = *options;
    c->filter = options->filter != NULL ? strdup(options->filter) : NULL;
    c->options.filter = c->filter;
    c->returning = calloc(c->n, sizeof(*c->returning));
    return c->returning != NULL && (options->filter == NULL || c->filter != NULL);
}

enum tw_status tw_capture_open_live(const char *const *names, size_t n_names,
    const struct tw_capture_live *options, struct tw_capture **out, struct tw_capture_error *err)
{
    struct tw_capture *c = n_names <= TW_MAX_INTERFACES ? new_capture(n_names) : NULL;
    if (c == NULL || !keep_options(c, options)) {
        tw_capture_close(c);
        return no_memory(err);
    }
    for (size_t i = 0; i < n_names; i++) {
        struct tw_input *in = &c->inputs[i];
        in->head.input = (uint32_t)i;
        in->live = true;
        c->names[i].name = in->name = strdup(names[i]);
        enum tw_status st =
            in->name == NULL ? no_memory(err) : tw_input_open_live(in, &c->options, err);
        if (st != TW_OK) {
            tw_capture_close(c);
            return st;
        }
    }
    *out = c;
    return TW_OK;
}

/* The packet of heap[0] was used: read the next one of that file. */
static enum tw_status advance(struct tw_capture *c, struct tw_capture_error *err)
{
    const size_t i = c->heap[0];
    c->consumed = false;
    const enum tw_status st = tw_input_read(&c->inputs[i], err);
    if (st == TW_OK) {
        if (c->n_heap > 1)
            sift_down(c, 0);
        return TW_OK;
    }
    shut(c, i);
    heap_pop(c);
    /* A pipe that was left because we were stopped is not cut short. */
    if (atomic_load_explicit(&c->stopped, memory_order_relaxed))
        return TW_END;
    return st == TW_END ? TW_OK : st;
}

/* A file that was closed after its first packet is due: open it again up to there. */
static enum tw_status wake(struct tw_capture *c, struct tw_capture_error *err)
{
    struct tw_input *in = &c->inputs[c->heap[0]];
    in->dormant = false;
    enum tw_status st = tw_input_open_file(in, c->filter, err);
    if (st == TW_OK) {
        c->open_files++;
        st = tw_input_read(in, err);
    }
    if (st == TW_OK)
        return TW_OK;
    shut(c, c->heap[0]);
    heap_pop(c);
    return st == TW_END ? TW_OK : st;
}

static void hand_out(struct tw_capture *c, struct tw_input *in, const struct tw_raw_packet **out)
{
    in->head.number = ++c->packets;
    c->bytes += in->head.len;
    *out = &in->head;
}

static enum tw_status next_of_files(
    struct tw_capture *c, const struct tw_raw_packet **out, struct tw_capture_error *err)
{
    if (c->next_error < c->n_errors) {
        *err = c->errors[c->next_error++];
        return TW_DAMAGED;
    }
    for (;;) {
        if (c->consumed)
            TW_TRY(advance(c, err));
        if (c->n_heap == 0)
            return TW_END;
        struct tw_input *in = &c->inputs[c->heap[0]];
        if (in->dormant) {
            TW_TRY(wake(c, err));
            continue;
        }
        c->consumed = true;
        hand_out(c, in, out);
        /* Packets that the filter drops count, so that numbers stay those of the file. */
        if (in->filter == NULL || tw_input_matches(in))
            return TW_OK;
        if (atomic_load_explicit(&c->stopped, memory_order_relaxed))
            return TW_END;
    }
}

/* Go on with an interface that was found again. */
static void take_back(struct tw_capture *c, size_t i)
{
    struct tw_input *found = atomic_exchange(&c->returning[i].found, NULL);
    if (found == NULL)
        return;
    tw_input_resume(&c->inputs[i], found);
    free(found);
}

static void lose(struct tw_capture *c, size_t i)
{
    tw_input_close(&c->inputs[i]);
    atomic_store(&c->returning[i].gone, true);
}

/* Read ahead one packet of every interface, so that the earliest is handed out first. */
static enum tw_status fill_heads(
    struct tw_capture *c, struct tw_input **out_first, struct tw_capture_error *err)
{
    struct tw_input *first = NULL;
    for (size_t i = 0; i < c->n; i++) {
        struct tw_input *in = &c->inputs[i];
        if (in->pcap == NULL)
            take_back(c, i);
        if (in->pcap == NULL)
            continue;
        if (!in->has_head) {
            const enum tw_status st = tw_input_read(in, err);
            if (st != TW_OK && st != TW_AGAIN) {
                lose(c, i);
                return st;
            }
        }
        if (in->has_head && (first == NULL || in->head.ts_ns < first->head.ts_ns))
            first = in;
    }
    *out_first = first;
    return TW_OK;
}

const char *tw_capture_revive(struct tw_capture *c)
{
    for (size_t i = 0; c->live && i < c->n; i++) {
        struct returning *r = &c->returning[i];
        if (!atomic_load(&r->gone))
            continue;
        struct tw_capture_error err;
        struct tw_input *found = calloc(1, sizeof(*found));
        if (found == NULL)
            return NULL;
        found->name = c->inputs[i].name;
        if (tw_input_open_live(found, &c->options, &err) != TW_OK) {
            free(found);
            continue;
        }
        atomic_store(&r->gone, false);
        atomic_store(&r->found, found);
        return found->name;
    }
    return NULL;
}

static void wait_for_packets(struct tw_capture *c, int timeout_ms)
{
    struct pollfd fds[TW_MAX_INTERFACES + 1];
    nfds_t n = 0;
    fds[n++] = (struct pollfd){.fd = c->stop_fd, .events = POLLIN};
    for (size_t i = 0; i < c->n; i++) {
        const int fd = tw_input_fd(&c->inputs[i]);
        if (fd >= 0)
            fds[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    /* Interrupted or not: the caller looks again. */
    (void)poll(fds, n, timeout_ms);
}

static enum tw_status next_live(struct tw_capture *c, int timeout_ms,
    const struct tw_raw_packet **out, struct tw_capture_error *err)
{
    struct tw_input *first;
    TW_TRY(fill_heads(c, &first, err));
    if (first == NULL) {
        wait_for_packets(c, timeout_ms);
        if (atomic_load_explicit(&c->stopped, memory_order_relaxed))
            return TW_END;
        TW_TRY(fill_heads(c, &first, err));
    }
    if (first == NULL)
        return TW_AGAIN;
    first->has_head = false;
    hand_out(c, first, out);
    return TW_OK;
}

enum tw_status tw_capture_next(struct tw_capture *c, int timeout_ms,
    const struct tw_raw_packet **out, struct tw_capture_error *err)
{
    if (atomic_load_explicit(&c->stopped, memory_order_relaxed))
        return TW_END;
    return c->live ? next_live(c, timeout_ms, out, err) : next_of_files(c, out, err);
}

bool tw_capture_stopped(const struct tw_capture *c)
{
    return atomic_load(&c->stopped);
}

void tw_capture_stop(struct tw_capture *c)
{
    const uint64_t one = 1;
    atomic_store(&c->stopped, true);
    /* Full or not, the descriptor is readable afterwards. */
    ssize_t n = write(c->stop_fd, &one, sizeof(one));
    (void)n;
}

struct tw_capture_stats tw_capture_stats(struct tw_capture *c)
{
    struct tw_capture_stats s = {.packets = c->packets, .bytes = c->bytes};
    bool known = !c->live;
    for (size_t i = 0; i < c->n; i++) {
        struct tw_input *in = &c->inputs[i];
        tw_input_count(in);
        s.received += in->received;
        s.dropped += in->dropped;
        s.if_dropped += in->if_dropped;
        s.read_bytes += tw_input_read_bytes(in);
        s.total_bytes += c->names[i].bytes;
        known = known && c->names[i].bytes != 0;
    }
    if (!known)
        s.total_bytes = 0;
    return s;
}

size_t tw_capture_interfaces(
    const struct tw_capture *c, struct tw_capture_interface *out, size_t size)
{
    const size_t n = c->live ? c->n : 0;
    for (size_t i = 0; i < n && i < size; i++) {
        const struct tw_input *in = &c->inputs[i];
        out[i] = (struct tw_capture_interface){
            in->name, in->pcap != NULL, in->received, in->dropped, in->if_dropped};
    }
    return n < size ? n : size;
}

size_t tw_capture_inputs(const struct tw_capture *c, const struct tw_capture_input **out)
{
    *out = c->names;
    return c->n;
}

void tw_capture_close(struct tw_capture *c)
{
    if (c == NULL)
        return;
    for (size_t i = 0; c->inputs != NULL && i < c->n; i++) {
        if (c->returning != NULL)
            take_back(c, i);
        tw_input_close(&c->inputs[i]);
        free(c->inputs[i].name);
    }
    if (c->stop_fd >= 0)
        close(c->stop_fd);
    free(c->inputs);
    free(c->names);
    free(c->errors);
    free(c->heap);
    free(c->returning);
    free(c->filter);
    free(c);
}
