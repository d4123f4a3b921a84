/* Baselines. The first byte chooses: a file as it is; numbers of a profile, any at all, in a file
 * with the right digest; or values that are learned. What is written is read again and says the
 * same, and whatever it says, values can be held against it: what deviates has a name and stands in
 * event time. */

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/timefmt.h"
#include "baseline/learner.h"
#include "baseline/practice_judge.h"
#include "baseline/series.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Sixteen bytes: which series, how much later, the value; at the end there is none. */
static bool next(const uint8_t **data, size_t *size, struct tw_event *out)
{
    static const char *const objects[] = {"a/t", "ns=2;s=T", "a\nb", "ns=2;s=U"};
    static const enum tw_action actions[] = {TW_ACTION_PUBLISH, TW_ACTION_NOTIFY, TW_ACTION_READ,
        TW_ACTION_DELIVER, TW_ACTION_GAP, TW_ACTION_UNSUBSCRIBE};
    const uint8_t *d = *data;
    uint32_t later;
    if (*size < 16)
        return false;
    memcpy(&later, d + 2, sizeof(later));
    out->ts_ns += (int64_t)later * (d[6] % 8 == 0 ? 1000 : 1) * (d[6] % 16 == 1 ? -1 : 1);
    out->packet++;
    out->flow = 1 + d[7] % 2;
    out->action = actions[d[0] % 6];
    out->protocol = out->action == TW_ACTION_PUBLISH ? TW_PROTO_MQTT : TW_PROTO_OPCUA;
    out->object = tw_str_of(objects[d[1] % 4]);
    out->src = out->dst = (struct tw_endpoint){.ip = {4, {10, 0, 0, 1}}, .port = 4840};
    out->value.kind = TW_VALUE_DOUBLE;
    memcpy(&out->value.d, d + 8, sizeof(out->value.d));
    if (d[6] & 1) /* small numbers now and then, so that they come again */
        out->value.d = d[8] % 32;
    *data += 16;
    *size -= 16;
    return true;
}

static void departs(void *user, const struct tw_event *e, const struct tw_facts *facts)
{
    (void)user;
    assert(e->action == TW_ACTION_DEVIATION && facts->actor.ai == 1);
    assert(e->departure != NULL && e->departure->kind < TW_DEPARTURE_KINDS);
    assert(isfinite(e->departure->now) && isfinite(e->departure->usual));
}

static const struct tw_facts pilot = {.actor = {.ai = 1, .id = {"pilot", 5}},
    .variable = {
        .id = {"v", 1}, .is_value = true, .role = TW_ROLE_COMMAND, .range = {true, true, 0, 100}}};

static void deviates(void *user, const struct tw_event *e)
{
    const struct tw_series *const *s = user;
    assert(*s != NULL && e->action == TW_ACTION_DEVIATION && e->object.len > 0);
    assert(e->deviation != NULL && e->deviation->kind < TW_DEVIATION_KINDS);
    assert(tw_deviation_name(e->deviation->kind)[0] != '\0');
    assert(!isnan(e->deviation->low) && !isnan(e->deviation->high));
}

static void judge(const struct tw_baseline *b, const uint8_t *data, size_t size)
{
    struct tw_event e = {.ts_ns = INT64_C(1772352000) * TW_NS_PER_S};
    struct tw_series *s = NULL;
    struct tw_thing_note note = {0};
    const struct tw_session_facts facts = {.note = &note};
    s = tw_series_new(b, deviates, &s);
    struct tw_practices *p = tw_practices_new(b, departs, NULL);
    if (s == NULL || p == NULL)
        abort();
    while (next(&data, &size, &e)) {
        tw_practices_event(p, &e, &pilot);
        e.facts = &facts;
        if (note.series != 0 && e.action == TW_ACTION_NOTIFY && size % 3 == 0)
            tw_series_pass(s, &e, &facts);
        else
            tw_series_event(s, &e);
        tw_series_tick(s, e.ts_ns);
    }
    const struct tw_series_stats stats = tw_series_stats(s);
    assert(stats.seen <= stats.series && stats.active <= stats.series);
    assert(stats.shadowed <= stats.deviations);
    tw_series_free(s);
    tw_practices_free(p);
}

/* The file that says `text`; NULL when it is refused, which is always with a reason. */
static struct tw_baseline *load(struct tw_str text)
{
    struct tw_diags diags = {0};
    char path[64];
    const int fd = memfd_create("baseline", 0);
    if (fd < 0 || write(fd, text.p, text.len) != (ssize_t)text.len)
        abort();
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    struct tw_baseline *b = tw_baseline_load(path, &diags);
    assert((b == NULL) == (diags.errors > 0));
    close(fd);
    tw_diags_fini(&diags);
    return b;
}

/* What was written is read, and written again the same. */
static struct tw_baseline *again(const struct tw_text *text)
{
    struct tw_text second = {0};
    struct tw_baseline *b = load(tw_text_str(text));
    assert(b != NULL);
    tw_baseline_write(tw_baseline_content(b), &second);
    assert(second.len == text->len && memcmp(second.p, text->p, text->len) == 0);
    tw_text_free(&second);
    return b;
}

static void any_profile(const uint8_t *data, size_t size)
{
    struct tw_text text = {0};
    struct tw_baseline_entry entries[2] = {
        {.name = {.object = TW_STR("a/t"), .server = {4, {10, 0, 0, 1}}, .port = 4840}},
        {.name = {.source = TW_SERIES_NOTIFY,
             .object = TW_STR("ns=2;s=T"),
             .server = {4, {10, 0, 0, 1}},
             .client = {4, {10, 0, 0, 1}},
             .port = 4840}},
    };
    entries[0].name.source = TW_SERIES_PUBLISH;
    for (size_t k = 0; k < 2; k++) {
        entries[k].kind = TW_SERIES_ANALOG;
        entries[k].active = true;
        for (size_t i = 0; i < tw_profile_numbers_count; i++) {
            double *at = tw_profile_at(&entries[k].profile, i);
            if (size >= sizeof(*at)) {
                memcpy(at, data, sizeof(*at));
                data += sizeof(*at);
                size -= sizeof(*at);
            }
            if (!isfinite(*at) || (*at < 0 && !tw_profile_numbers[i].below_zero))
                *at = 1;
        }
    }
    const struct tw_baseline_content content = {0, TW_NS_PER_S, entries, 2, NULL, 0};
    tw_baseline_write(&content, &text);
    struct tw_baseline *b = again(&text);
    judge(b, data, size);
    tw_baseline_free(b);
    tw_text_free(&text);
}

static void learned(const uint8_t *data, size_t size)
{
    struct tw_event e = {.ts_ns = INT64_C(1772352000) * TW_NS_PER_S};
    struct tw_text text = {0};
    struct tw_learner *l = tw_learner_new(4);
    const uint8_t *values = data;
    size_t left = size;
    if (l == NULL)
        return;
    while (next(&values, &left, &e))
        tw_learner_event(l, &e, &pilot);
    tw_learner_write(l, &text);
    struct tw_baseline *b = again(&text);
    judge(b, data, size);
    tw_baseline_free(b);
    tw_text_free(&text);
    tw_learner_free(l);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    if (data[0] % 3 == 0)
        tw_baseline_free(load(tw_str_bytes(data + 1, size - 1)));
    else if (data[0] % 3 == 1)
        any_profile(data + 1, size - 1);
    else
        learned(data + 1, size - 1);
    return 0;
}
