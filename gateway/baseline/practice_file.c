/* Practice of AI systems as the file has it: counts and names, nothing else. */

#include <math.h>
#include <stdlib.h>

#include "base/limits.h"
#include "base/text.h"
#include "baseline/practice.h"
#include "config/yaml.h"

/* ---- writing */

static void add_number(struct tw_text *out, double v)
{
    tw_json_double(out, v);
}

static void add_volume(struct tw_text *out, const char *key, const struct tw_practice_volume *v)
{
    tw_json_key(out, key);
    tw_json_array(out);
    add_number(out, v->hours);
    add_number(out, v->q999);
    tw_json_array_end(out);
}

static void add_mix(struct tw_text *out, const struct tw_practice *p)
{
    tw_json_member_double(out, "windows", p->windows);
    tw_json_member_double(out, "divergence", p->divergence);
    tw_json_key(out, "mix");
    tw_json_array(out);
    for (unsigned i = 0; i < TW_MIX_CELLS; i++) {
        if (p->mix.cells[i] == 0)
            continue;
        tw_json_array(out);
        tw_json_z(out, tw_mix_action(i));
        tw_json_z(out, tw_mix_on(i));
        tw_json_u64(out, p->mix.cells[i]);
        tw_json_array_end(out);
    }
    tw_json_array_end(out);
}

/* A list for each class that was left: the class, then pairs of where to and how often. */
static void add_steps(struct tw_text *out, const struct tw_practice *p, size_t *left)
{
    tw_json_key(out, "steps");
    tw_json_array(out);
    for (unsigned i = 0; i < TW_PRACTICE_CLASSES; i++) {
        size_t n = 0;
        for (unsigned k = 0; k < TW_PRACTICE_CLASSES; k++)
            n += p->steps[i][k] > 0;
        if (n == 0 || n > *left)
            continue;
        *left -= n;
        tw_json_array(out);
        tw_json_u64(out, i);
        for (unsigned k = 0; k < TW_PRACTICE_CLASSES; k++) {
            if (p->steps[i][k] == 0)
                continue;
            tw_json_u64(out, k);
            tw_json_u64(out, p->steps[i][k]);
        }
        tw_json_array_end(out);
    }
    tw_json_array_end(out);
}

static void add_system(struct tw_text *out, const struct tw_practice *p, size_t *left)
{
    tw_json_object(out);
    tw_json_member_str(out, "ai_system", p->ai_system);
    tw_json_member_double(out, "seconds", p->seconds);
    tw_json_member_double(out, "acts", p->acts);
    tw_json_member_double(out, "excursion", p->excursion);
    add_volume(out, "history", &p->history);
    add_volume(out, "egress", &p->egress);
    add_mix(out, p);
    tw_json_key(out, "hours");
    tw_json_array(out);
    for (unsigned i = 0; i < TW_PRACTICE_HOURS; i++)
        tw_json_u64(out, p->hours[i]);
    tw_json_array_end(out);
    tw_json_key(out, "targets");
    tw_json_array(out);
    for (unsigned i = 0; i < p->n_targets; i++) {
        tw_json_object(out);
        tw_json_member_str(out, "on", p->targets[i].on);
        tw_json_member_double(out, "commands", p->targets[i].commands);
        tw_json_member_double(out, "at_limit", p->targets[i].at_limit);
        tw_json_object_end(out);
    }
    tw_json_array_end(out);
    tw_json_key(out, "classes");
    tw_json_array(out);
    for (unsigned i = 0; i < p->n_classes; i++)
        tw_json_str(out, p->classes[i]);
    tw_json_array_end(out);
    add_steps(out, p, left);
    tw_json_object_end(out);
}

void tw_practice_write(struct tw_text *out, const struct tw_practice *list, size_t n)
{
    size_t left = TW_BASELINE_MAX_STEPS;
    tw_text_addz(out, ",\n\"systems\":[");
    for (size_t i = 0; i < n; i++) {
        tw_text_addz(out, i == 0 ? "\n" : ",\n");
        add_system(out, &list[i], &left);
    }
    tw_text_addz(out, "\n]");
}

size_t tw_practice_values(const struct tw_practice *list, size_t n)
{
    enum { KEYS = 13, VOLUMES = 4, CELL = 4, TARGET = 7, ROW = 2 };
    size_t values = 2, steps = 0;
    for (size_t i = 0; i < n; i++) {
        const struct tw_practice *p = &list[i];
        values += 1 + 2 * KEYS + VOLUMES + TW_PRACTICE_HOURS + TARGET * p->n_targets +
                  p->n_classes + ROW * TW_PRACTICE_CLASSES;
        for (unsigned k = 0; k < TW_MIX_CELLS; k++)
            values += p->mix.cells[k] > 0 ? CELL : 0;
        for (unsigned k = 0; k < TW_PRACTICE_CLASSES; k++) {
            for (unsigned m = 0; m < TW_PRACTICE_CLASSES; m++)
                steps += p->steps[k][m] > 0;
        }
    }
    return values + 2 * (steps < TW_BASELINE_MAX_STEPS ? steps : TW_BASELINE_MAX_STEPS);
}

/* ---- reading */

static const struct tw_key keys[] = {
    {"ai_system", TW_KEY_STR, true, NULL, NULL, "Its id in the inventory."},
    {"seconds", TW_KEY_NUMBER, true, NULL, NULL, "Learning time in which anything was seen."},
    {"acts", TW_KEY_NUMBER, true, NULL, NULL, "How often it acted."},
    {"excursion", TW_KEY_NUMBER, true, NULL, NULL, "Largest sum of acts beyond the usual pace."},
    {"history", TW_KEY_LIST, true, NULL, NULL, "Hours with any, 99.9th percentile of bytes."},
    {"egress", TW_KEY_LIST, true, NULL, NULL, "The same of what left the plant."},
    {"windows", TW_KEY_NUMBER, true, NULL, NULL, "Windows of 5 min that the mix was learned from."},
    {"divergence", TW_KEY_NUMBER, true, NULL, NULL, "Largest divergence of one from those before."},
    {"mix", TW_KEY_LIST, true, NULL, NULL, "What it does, on what, how often."},
    {"hours", TW_KEY_LIST, true, NULL, NULL, "Acts by hour of the week, from Monday 0:00 UTC."},
    {"targets", TW_KEY_LIST, true, NULL, NULL, "Commands to variables with a range."},
    {"classes", TW_KEY_LIST, true, NULL, NULL, "Commands by target and way."},
    {"steps", TW_KEY_LIST, true, NULL, NULL, "Which class followed which, how often."},
    {.name = NULL},
};

static const struct tw_key target_keys[] = {
    {"on", TW_KEY_STR, true, NULL, NULL, "Id of the variable."},
    {"commands", TW_KEY_NUMBER, true, NULL, NULL, "How many there were."},
    {"at_limit", TW_KEY_NUMBER, true, NULL, NULL, "How many of them were at a limit."},
    {.name = NULL},
};

struct reading {
    const struct tw_yaml *y;
    struct tw_diags *d;
};

static void refuse(const struct reading *r, const struct tw_node *n, const char *what)
{
    tw_yaml_error(r->y, r->d, n, false, NULL, "%s", what);
}

static double number(const struct reading *r, const struct tw_node *n)
{
    double v = 0;
    if (tw_node_number(r->y, r->d, n, &v) && !(isfinite(v) && v >= 0))
        refuse(r, n, "this is a number that is not below 0");
    return isfinite(v) && v >= 0 ? v : 0;
}

static uint32_t count(const struct reading *r, const struct tw_node *n, int64_t most)
{
    int64_t v = 0;
    return tw_node_int(r->y, r->d, n, 0, most, &v) ? (uint32_t)v : 0;
}

static struct tw_str name(const struct reading *r, const struct tw_node *n)
{
    struct tw_str s = TW_STR_NONE;
    if (tw_node_str(r->y, r->d, n, &s) && (s.len == 0 || s.len > TW_PRACTICE_NAME))
        refuse(r, n, "this name is empty, or too long");
    return s.len <= TW_PRACTICE_NAME ? s : TW_STR_NONE;
}

static bool is_long(const struct reading *r, const struct tw_node *n, size_t most)
{
    if (n->n <= most)
        return false;
    tw_yaml_error(r->y, r->d, n, false, NULL, "there are more than %zu", most);
    return true;
}

static struct tw_practice_volume volume(const struct reading *r, const struct tw_node *n)
{
    if (n->n != 2) {
        refuse(r, n, "these are two numbers");
        return (struct tw_practice_volume){.hours = 0};
    }
    return (struct tw_practice_volume){number(r, &n->children[0]), number(r, &n->children[1])};
}

static void read_targets(const struct reading *r, const struct tw_node *n, struct tw_practice *out)
{
    if (is_long(r, n, TW_PRACTICE_TARGETS))
        return;
    for (size_t i = 0; i < n->n; i++) {
        const struct tw_node *t = &n->children[i];
        if (!tw_keys_check(r->y, r->d, t, target_keys, "a target"))
            return;
        out->targets[out->n_targets++] =
            (struct tw_practice_target){.on = name(r, tw_node_get(t, "on")),
                .commands = number(r, tw_node_get(t, "commands")),
                .at_limit = number(r, tw_node_get(t, "at_limit"))};
    }
}

static void read_step(const struct reading *r, const struct tw_node *n, struct tw_practice *out)
{
    if (n->kind != TW_NODE_LIST || n->n % 2 == 0) {
        refuse(r, n, "a class, and pairs of a class and a count");
        return;
    }
    const uint32_t from = count(r, &n->children[0], TW_PRACTICE_CLASSES - 1);
    for (size_t i = 1; i < n->n; i += 2) {
        const uint32_t to = count(r, &n->children[i], TW_PRACTICE_CLASSES - 1);
        out->steps[from][to] = count(r, &n->children[i + 1], UINT32_MAX);
    }
}

static void read_cell(const struct reading *r, const struct tw_node *n, struct tw_practice *out)
{
    if (n->kind != TW_NODE_LIST || n->n != 3) {
        refuse(r, n, "an action, a class of targets, and a count");
        return;
    }
    const uint32_t times = count(r, &n->children[2], UINT32_MAX);
    for (unsigned i = 0; i < TW_MIX_CELLS; i++) {
        if (!tw_str_is(n->children[0].text, tw_mix_action(i)) ||
            !tw_str_is(n->children[1].text, tw_mix_on(i)))
            continue;
        out->mix.n = out->mix.n - out->mix.cells[i] + times;
        out->mix.cells[i] = times;
        return;
    }
    refuse(r, n, "no AI system does this to that");
}

static void read_lists(const struct reading *r, const struct tw_node *n, struct tw_practice *out)
{
    const struct tw_node *hours = tw_node_get(n, "hours"), *classes = tw_node_get(n, "classes"),
                         *steps = tw_node_get(n, "steps");
    const struct tw_node *mix = tw_node_get(n, "mix");
    for (size_t i = 0; i < mix->n; i++)
        read_cell(r, &mix->children[i], out);
    if (hours->n != TW_PRACTICE_HOURS)
        refuse(r, hours, "a week has 168 hours");
    for (size_t i = 0; hours->n == TW_PRACTICE_HOURS && i < TW_PRACTICE_HOURS; i++)
        out->hours[i] = count(r, &hours->children[i], UINT32_MAX);
    if (!is_long(r, classes, TW_PRACTICE_CLASSES - 1)) {
        out->n_classes = (uint32_t)classes->n;
        for (size_t i = 0; i < classes->n; i++)
            out->classes[i] = name(r, &classes->children[i]);
    }
    if (!is_long(r, steps, TW_PRACTICE_CLASSES)) {
        for (size_t i = 0; i < steps->n; i++)
            read_step(r, &steps->children[i], out);
    }
}

static void read_system(const struct reading *r, const struct tw_node *n, struct tw_practice *out)
{
    if (!tw_keys_check(r->y, r->d, n, keys, "an AI system of a baseline"))
        return;
    out->ai_system = name(r, tw_node_get(n, "ai_system"));
    out->seconds = number(r, tw_node_get(n, "seconds"));
    out->acts = number(r, tw_node_get(n, "acts"));
    out->excursion = number(r, tw_node_get(n, "excursion"));
    out->windows = number(r, tw_node_get(n, "windows"));
    out->divergence = number(r, tw_node_get(n, "divergence"));
    out->history = volume(r, tw_node_get(n, "history"));
    out->egress = volume(r, tw_node_get(n, "egress"));
    read_targets(r, tw_node_get(n, "targets"), out);
    read_lists(r, n, out);
}

struct tw_practice *tw_practice_load(
    const struct tw_yaml *y, struct tw_diags *d, const struct tw_node *list, size_t *out_n)
{
    const struct reading r = {y, d};
    if (is_long(&r, list, TW_BASELINE_MAX_SYSTEMS))
        return NULL;
    struct tw_practice *systems = calloc(list->n + 1, sizeof(*systems));
    for (size_t i = 0; systems != NULL && i < list->n; i++) {
        read_system(&r, &list->children[i], &systems[i]);
        if (i > 0 && tw_str_cmp(systems[i - 1].ai_system, systems[i].ai_system) >= 0)
            refuse(&r, &list->children[i], "it is there twice, or not in the order of the file");
    }
    if (systems != NULL)
        *out_n = list->n;
    return systems;
}
