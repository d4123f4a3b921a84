#pragma once
/* Values of a made-up plant for the tests of baseline/: noise that is the same every time, events
 * that carry it, a baseline learned from them. */

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/timefmt.h"
#include "baseline/learner.h"
#include "baseline/series.h"

#define LAB_START (INT64_C(1772352000) * TW_NS_PER_S)

struct lab_noise {
    uint64_t state;
};

/* About normal with deviation 1. */
static inline double lab_noise(struct lab_noise *n)
{
    double sum = 0;
    for (int i = 0; i < 12; i++) {
        n->state = n->state * 6364136223846793005u + 1442695040888963407u;
        sum += (double)(n->state >> 40) / (double)(1 << 24);
    }
    return sum - 6;
}

static inline struct tw_endpoint lab_at(const char *ip, uint16_t port)
{
    struct tw_endpoint e = {.port = port};
    assert_true(tw_ip_parse(tw_str_of(ip), &e.ip));
    return e;
}

static inline struct tw_event lab_publish(const char *topic, double value, int64_t ts_ns)
{
    return (struct tw_event){.ts_ns = ts_ns,
        .packet = 7,
        .flow = 1,
        .protocol = TW_PROTO_MQTT,
        .action = TW_ACTION_PUBLISH,
        .src = lab_at("10.7.0.60", 50000),
        .dst = lab_at("10.7.0.20", 1883),
        .object = tw_str_of(topic),
        .field = TW_STR("/v"),
        .value = {.kind = TW_VALUE_DOUBLE, .d = value}};
}

static inline struct tw_event lab_notify(const char *node, double value, int64_t ts_ns)
{
    return (struct tw_event){.ts_ns = ts_ns,
        .packet = 9,
        .flow = 2,
        .protocol = TW_PROTO_OPCUA,
        .action = TW_ACTION_NOTIFY,
        .src = lab_at("10.7.0.10", 4840),
        .dst = lab_at("10.7.0.51", 51000),
        .object = tw_str_of(node),
        .status.s = TW_STR("Good"),
        .value = {.kind = TW_VALUE_DOUBLE, .d = value}};
}

static inline char *lab_file(struct tw_str text)
{
    char *path = strdup("/tmp/tierwatch-baseline-XXXXXX");
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal((ssize_t)text.len, write(fd, text.p, text.len));
    close(fd);
    return path;
}

/* What the learner has, by way of a file. */
static inline struct tw_baseline *lab_baseline(struct tw_learner *l)
{
    struct tw_text t = {0};
    struct tw_diags diags = {0};
    tw_learner_write(l, &t);
    assert_false(t.failed);
    char *path = lab_file(tw_text_str(&t));
    struct tw_baseline *b = tw_baseline_load(path, &diags);
    tw_diags_print(&diags, stderr);
    assert_non_null(b);
    unlink(path);
    free(path);
    tw_text_free(&t);
    tw_diags_fini(&diags);
    return b;
}
