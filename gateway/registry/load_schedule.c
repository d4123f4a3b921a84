/* When an AI system is supposed to act. */

#include <stdio.h>
#include <unistd.h>

#include "registry/load.h"
#include "registry/schedule.h"

#define ZONES "/usr/share/zoneinfo/"

static int day_of(struct tw_str s)
{
    static const char *const days[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
    for (int i = 0; i < 7; i++) {
        if (tw_str_is(s, days[i]))
            return i;
    }
    return -1;
}

/* "mon" or "fri-sun", which may go over the end of the week. */
static bool add_days(struct tw_str part, unsigned *days)
{
    if (part.len != 3 && (part.len != 7 || part.p[3] != '-'))
        return false;
    const int from = day_of((struct tw_str){part.p, 3}),
              to = day_of((struct tw_str){part.p + part.len - 3, 3});
    if (from < 0 || to < 0)
        return false;
    for (int day = from;; day = (day + 1) % 7) {
        *days |= 1u << day;
        if (day == to)
            return true;
    }
}

/* "mon-fri,sun" */
static bool read_days(struct tw_str s, unsigned *days)
{
    size_t at = 0;
    while (at < s.len) {
        size_t end = at;
        while (end < s.len && s.p[end] != ',')
            end++;
        if (!add_days((struct tw_str){s.p + at, end - at}, days))
            return false;
        at = end + 1;
    }
    return s.len > 0 && s.p[s.len - 1] != ',';
}

static void load_days(struct tw_load *l, const struct tw_node *n, unsigned *days)
{
    const struct tw_str shown = tw_utf8_cut(n->text, 64);
    if (n->kind == TW_NODE_LIST) {
        for (size_t i = 0; i < n->n; i++)
            load_days(l, &n->children[i], days);
    } else if (n->kind != TW_NODE_SCALAR || !read_days(n->text, days)) {
        tw_yaml_error(l->y, l->d, n, false, "such as mon-fri or mon,wed,sun",
            "\"%.*s\" are no days", TW_STR_ARG(shown));
    }
}

/* Minutes since midnight. */
static int load_clock(
    struct tw_load *l, const struct tw_node *active, const char *key, int otherwise)
{
    const struct tw_node *n = tw_node_get(active, key);
    if (n == NULL || n->kind != TW_NODE_SCALAR || n->text.len == 0)
        return otherwise;
    const char *p = n->text.p;
    bool ok = n->text.len == 5 && p[2] == ':';
    for (size_t i = 0; ok && i < 5; i++)
        ok = i == 2 || (p[i] >= '0' && p[i] <= '9');
    int minutes = ok ? ((p[0] - '0') * 10 + p[1] - '0') * 60 + (p[3] - '0') * 10 + p[4] - '0' : 0;
    const struct tw_str shown = tw_utf8_cut(n->text, 64);
    if (!ok || p[3] > '5' || minutes > 24 * 60)
        tw_yaml_error(l->y, l->d, n, false, "such as \"06:00\", in quotes",
            "\"%.*s\" is not a time of day", TW_STR_ARG(shown));
    return minutes;
}

static bool read_zone(const char *path, struct tw_zone *out)
{
    uint8_t bytes[TW_ZONE_MAX_BYTES];
    FILE *f = fopen(path, "rbe");
    if (f == NULL)
        return false;
    const size_t n = fread(bytes, 1, sizeof(bytes), f);
    fclose(f);
    return tw_zone_read(tw_cur_of(bytes, n), out);
}

/* The shape of a zone's name is checked everywhere; whether there is one depends on the machine, so
 * it is only a warning, and the hours are not judged. */
static bool load_zone(struct tw_load *l, const struct tw_node *active, struct tw_zone *out)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_+-/";
    char path[128];
    struct tw_str tz = tw_load_text(active, "tz");
    if (tz.p == NULL || tw_str_is(tz, "UTC"))
        return true;
    const struct tw_node *n = tw_node_get(active, "tz");
    bool ok = tz.len < 64 && tz.p[0] != '/';
    for (size_t i = 0; ok && i < tz.len; i++)
        ok = memchr(letters, tz.p[i], sizeof(letters) - 1) != NULL;
    const struct tw_str shown = tw_utf8_cut(tz, 64);
    snprintf(path, sizeof(path), ZONES "%.*s", TW_STR_ARG(shown));
    if (!ok)
        tw_yaml_error(l->y, l->d, n, false, "such as Europe/Berlin or Asia/Shanghai",
            "\"%.*s\" is not a time zone", TW_STR_ARG(shown));
    else if (!read_zone(path, out))
        tw_yaml_warning(l->y, l->d, n, false, "its hours are not watched",
            "this machine knows no time zone \"%.*s\"", TW_STR_ARG(shown));
    else
        return true;
    return false;
}

void tw_load_schedule(struct tw_load *l, struct tw_entry *e)
{
    const struct tw_node *active = tw_load_map(e->node, "active");
    if (active == NULL)
        return;
    struct tw_schedule *s = tw_load_keep(l, 1, sizeof(*s));
    if (s == NULL)
        return;
    if (tw_node_get(active, "days") != NULL)
        load_days(l, tw_node_get(active, "days"), &s->days);
    else
        s->days = TW_SCHEDULE_ALL_DAYS;
    s->minute = INT64_MIN;
    s->from_min = load_clock(l, active, "from", 0);
    s->to_min = load_clock(l, active, "to", TW_SCHEDULE_DAY_MIN);
    if (load_zone(l, active, &s->zone))
        e->schedule = s;
}
