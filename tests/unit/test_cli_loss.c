#include "cli/loss.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/timefmt.h"

#define T0 (INT64_C(1772352001) * TW_NS_PER_S)

static const struct tw_alerts_config config = {
    .site = "plant-a", .gateway = "gw-1", .ruleset = "sha256:r", .inventory = "sha256:i"};

struct lines {
    char first[4096], short_form[512];
};

/* The first line in full; of all of them how often, when, how much. */
static void note(void *user, const struct tw_alert_record *r)
{
    struct lines *l = user;
    const size_t len = strlen(l->short_form);
    if (len == 0)
        snprintf(l->first, sizeof(l->first), "%.*s", TW_STR_ARG(r->json));
    snprintf(l->short_form + len, sizeof(l->short_form) - len, "%s%llu@%lld/%d ",
        r->update ? "u" : "n", (unsigned long long)r->count,
        (long long)((r->last_ts_ns - T0) / TW_NS_PER_S), r->score);
    assert_string_equal("GW-02", r->rule);
    assert_false(r->actor_is_ai);
}

/* At a second: so many of ten thousand lost; 0 is a tick without. */
static void lose(struct tw_alerts *a, int at_s, uint64_t lost)
{
    struct tw_loss loss = {.limit_percent = 0.1,
        .lossy = {.lost = lost, .wanted = 10000, .percent = (double)lost / 100}};
    if (lost > 0)
        tw_loss_alert(a, &loss, "gw-1", T0 + at_s * TW_NS_PER_S);
    else
        tw_alerts_tick(a, T0 + at_s * TW_NS_PER_S);
}

static void it_is_an_alert_like_others(void **state)
{
    struct lines l = {{0}, {0}};
    struct tw_alerts *a = tw_alerts_new(&config, note, &l);
    (void)state;
    lose(a, 0, 247);
    tw_alerts_finish(a);
    tw_alerts_free(a);
    char *id = strstr(l.first, "\"id\":\"");
    assert_non_null(id);
    memset(id + 6, 'x', 36);
    assert_string_equal(
        "{\"schema\":\"tierwatch.alert/1\",\"id\":\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\","
        "\"ts\":\"2026-03-01T08:00:01.000000Z\",\"site\":\"plant-a\",\"gateway\":\"gw-1\","
        "\"severity\":\"medium\",\"score\":59,\"tier\":null,"
        "\"rule\":{\"id\":\"GW-02\",\"name\":\"Packets lost before the gateway saw "
        "them\",\"rev\":1},"
        "\"family\":\"GW\","
        "\"actor\":{\"id\":\"gw-1\",\"kind\":\"asset\",\"identity\":\"registered\"},"
        "\"target\":{\"asset\":null},"
        "\"summary\":\"gw-1 lost 247 of 10000 packets (2.470 %) in 10 s before it could look at "
        "them\","
        "\"observed\":2.47,\"expected\":{\"max_percent\":0.1},"
        "\"why\":[{\"rule\":\"GW-02\",\"evidence\":\"D\",\"strength\":0.88,\"severity\":70,"
        "\"p\":0.5852},{\"tier\":null,\"factor\":1,\"because\":\"asset\"},"
        "{\"asset\":\"normal\",\"factor\":1}],"
        "\"evidence\":{\"packets\":[]},\"count\":1,"
        "\"first_ts\":\"2026-03-01T08:00:01.000000Z\",\"last_ts\":\"2026-03-01T08:00:01.000000Z\","
        "\"risk\":59,\"coverage\":{\"readable\":97},\"ruleset\":\"sha256:r\","
        "\"inventory\":\"sha256:i\",\"engine\":null,\"ndpi\":null,\"tags\":[],\"tlp\":\"amber\","
        "\"advice\":\"Raise ring_mb, set a filter, or give the gateway a core more; until then a "
        "silent rule proves nothing.\"}",
        l.first);
}

static void it_is_folded_and_ends(void **state)
{
    struct lines l = {{0}, {0}};
    struct tw_alerts *a = tw_alerts_new(&config, note, &l);
    (void)state;
    lose(a, 0, 11);
    lose(a, 5, 11); /* told with what comes until 10 */
    lose(a, 9, 11);
    lose(a, 12, 0);
    lose(a, 20, 9000); /* worse: at once */
    lose(a, 22, 11);
    lose(a, 700, 0); /* the end is told, ten minutes after the last */
    lose(a, 701, 11);
    tw_alerts_finish(a);
    tw_alerts_free(a);
    assert_string_equal("n1@0/42 u3@9/42 u4@20/67 u5@22/67 n1@701/42 ", l.short_form);
}

static void a_reload_does_not_end_it(void **state)
{
    struct lines l = {{0}, {0}};
    struct tw_alerts *a = tw_alerts_new(&config, note, &l);
    struct tw_diags diags = {0};
    const char *const path = "rules";
    struct tw_rules *rules = tw_rules_load(&path, 1, &diags);
    (void)state;
    assert_non_null(rules);
    lose(a, 0, 11);
    tw_alerts_reload(a, rules, "sha256:s", "sha256:i");
    lose(a, 60, 11);
    tw_alerts_finish(a);
    tw_alerts_free(a);
    tw_rules_free(rules);
    tw_diags_fini(&diags);
    assert_string_equal("n1@0/42 u2@60/42 ", l.short_form);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_an_alert_like_others),
        cmocka_unit_test(it_is_folded_and_ends),
        cmocka_unit_test(a_reload_does_not_end_it),
    };
    return cmocka_run_group_tests_name("loss", tests, NULL, NULL);
}
