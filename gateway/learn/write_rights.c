/* What an asset or AI system may do: what it was seen to do. */

#include <stdlib.h>

#include "base/topic.h"
#include "learn/model.h"

struct line { /* rights of an entry that stand together: rights[0] to rights[n - 1] */
    struct learn_right **rights;
    const struct learn_right *first; /* that was granted */
    enum learn_form form;
    size_t n, n_objects; /* different ones, that were granted */
    uint32_t actions;
    uint64_t done;
};

/* What an AI system writes has a line for each node, because limits are given for each. */
static bool is_together(
    const struct learn_entry *e, const struct learn_right *a, const struct learn_right *b)
{
    const enum learn_form form = learn_form_of(a);
    if (form != learn_form_of(b) || a->server != b->server)
        return false;
    if (form == LEARN_FLOW)
        return a->port == b->port && tw_str_eq(a->object, b->object);
    if (form == LEARN_CALL)
        return tw_str_eq(a->owner, b->owner);
    if (form == LEARN_EXACT && a->action == TW_ACTION_WRITE && e->is_ai)
        return false;
    return form == LEARN_LOOK || a->action == b->action;
}

/* What was never told can not be listed. */
static bool is_granted(const struct learn_right *r)
{
    return r->refused < r->done.n && r->object.len > 0;
}

static void write_actions(struct tw_text *out, uint32_t actions)
{
    const char *comma = "";
    tw_text_addz(out, ", actions: [");
    for (unsigned i = 0; i < TW_ACTION_COUNT; i++) {
        if ((actions & 1u << i) == 0)
            continue;
        tw_text_addf(out, "%s%s", comma, tw_action_name((enum tw_action)i));
        comma = ", ";
    }
    tw_text_addz(out, "]");
}

/* Objects of the rights that a line is for, sorted. */
static struct tw_str *objects_of(struct line *line, size_t *out_n)
{
    struct tw_str *list = calloc(line->n, sizeof(*list));
    *out_n = 0;
    for (size_t i = 0; list != NULL && i < line->n; i++) {
        if (is_granted(line->rights[i]))
            list[(*out_n)++] = line->rights[i]->object;
    }
    *out_n = list != NULL ? learn_sort(list, *out_n) : 0;
    line->n_objects = *out_n;
    return list;
}

/* Everything there that anybody was seen to ask for, or publish: a pattern takes in nothing else.
 */
static bool find_all(const struct tw_learn *l, struct learn_server *s)
{
    if (s->all != NULL)
        return true;
    s->all = calloc(l->n_rights + l->n_variables + 1, sizeof(*s->all));
    for (size_t i = 0; s->all != NULL && i < l->n_rights; i++) {
        const struct learn_right *r = l->right_list[i];
        if (r->server == s && r->object.len > 0 &&
            (s->protocol == TW_PROTO_OPCUA || r->action == TW_ACTION_PUBLISH))
            s->all[s->n_all++] = r->object;
    }
    for (size_t i = 0; s->all != NULL && i < l->n_variables; i++) {
        if (l->variable_list[i]->server == s)
            s->all[s->n_all++] = l->variable_list[i]->object;
    }
    s->n_all = s->all != NULL ? learn_sort(s->all, s->n_all) : 0;
    return s->all != NULL;
}

/* Fewer texts for a long list; the list itself where there is nothing to sum up. */
static void write_objects(
    struct tw_learn *l, const struct learn_entry *e, struct line *line, struct tw_text *out)
{
    enum { INDENT = 10 };
    size_t n, n_out = 0;
    struct learn_server *server = line->first->server;
    struct tw_str *mine = objects_of(line, &n), *fewer = calloc(line->n + 1, sizeof(*fewer));
    if (mine == NULL || fewer == NULL || !find_all(l, server)) {
        l->failed = true;
    } else if (n > 2 && line->form == LEARN_LOOK) {
        n_out = learn_globs(&l->arena, mine, n, server->all, server->n_all, fewer);
    } else if (n > 2 && line->first->action == TW_ACTION_PUBLISH &&
               (!e->is_ai || n > LEARN_LISTED)) {
        n_out = learn_filters(&l->arena, mine, n, server->all, server->n_all, fewer);
    }
    learn_list(out, n_out > 0 ? fewer : mine, n_out > 0 ? n_out : n, INDENT);
    free(mine);
    free(fewer);
}

/* The approvals that named this object. */
static void write_approvals(
    const struct tw_learn *l, const struct learn_right *r, struct tw_text *out)
{
    for (size_t i = 0; i < l->n_topics; i++) {
        const struct learn_topic *t = l->topic_list[i];
        for (size_t k = 0; learn_is_approval(t) && k < t->n_approved; k++) {
            if (!tw_str_eq(t->approved[k], r->object))
                continue;
            tw_text_addz(out, ", approved on ");
            learn_shown(out, t->topic);
            tw_text_addz(out, ": needs_approval?");
            return;
        }
    }
}

static const char *of_what(struct line *line)
{
    switch (line->form) {
    case LEARN_FLOW:
        return "places";
    case LEARN_SUBSCRIBE:
        return "filters";
    case LEARN_PUBLISH:
        return "topics";
    case LEARN_CALL:
        return "methods";
    default:
        return "nodes";
    }
}

static bool has_safety(const struct line *line)
{
    for (size_t i = 0; i < line->n; i++) {
        if (is_granted(line->rights[i]) && learn_is_safety(line->rights[i]->object))
            return true;
    }
    return false;
}

static void write_count(
    const struct tw_learn *l, const struct learn_entry *e, struct line *line, struct tw_text *out)
{
    tw_text_addf(
        out, "} # %llu time%s", (unsigned long long)line->done, line->done == 1 ? "" : "s");
    if (line->n_objects > 1)
        tw_text_addf(out, ", %zu %s", line->n_objects, of_what(line));
    const enum tw_action action = line->first->action;
    if ((action == TW_ACTION_WRITE || action == TW_ACTION_CALL) && has_safety(line))
        tw_text_addz(out, ", CHECK: a safety function");
    if (!e->is_ai || action != TW_ACTION_WRITE)
        return;
    const struct learn_variable *v =
        learn_variable_find(l, line->first->server, line->first->object);
    if (v != NULL && v->writes > 0 && v->step > 0) {
        tw_text_addz(out, ", steps up to ");
        learn_about(out, v->step);
    }
    write_approvals(l, line->first, out);
}

/* An edge node publishes births, data and deaths below one name. */
static bool write_sparkplug(const struct learn_entry *e, struct line *line, struct tw_text *out)
{
    struct tw_str filters[LEARN_NAMES];
    char text[LEARN_NAMES][2 * TW_MAX_IDENTITY + 24];
    size_t n = 0;
    if (line->first->action != TW_ACTION_PUBLISH)
        return false;
    for (size_t i = 0; i < e->n_clients; i++) {
        const struct learn_names *nodes = &e->clients[i]->sparkplug_nodes;
        for (size_t k = 0; k < nodes->n && n < LEARN_NAMES; k++) {
            const char *slash = memchr(nodes->list[k].p, '/', nodes->list[k].len);
            const int group = (int)(slash - nodes->list[k].p);
            const int len = snprintf(text[n], sizeof(text[n]), "spBv1.0/%.*s/+/%.*s/#", group,
                nodes->list[k].p, (int)nodes->list[k].len - group - 1, slash + 1);
            filters[n] = (struct tw_str){text[n], (size_t)len};
            n++;
        }
    }
    if (n == 0)
        return false;
    /* What it publishes beside it stays as it is. */
    for (size_t i = 0; i < line->n; i++) {
        const struct learn_right *r = line->rights[i];
        bool covered = !is_granted(r);
        for (size_t k = 0; k < n; k++)
            covered |= tw_topic_matches(filters[k], r->object);
        if (!covered)
            return false;
    }
    learn_list(out, filters, n, 10);
    return true;
}

/* Where a flow goes: ids where there are any, else addresses. */
static void write_places(struct tw_learn *l, struct line *line, struct tw_text *out)
{
    size_t n = 0;
    struct tw_str *list = calloc(line->n, sizeof(*list));
    for (size_t i = 0; list != NULL && i < line->n; i++) {
        const struct learn_right *r = line->rights[i];
        char text[TW_IP_TEXT + 5];
        if (!is_granted(r))
            continue;
        const struct learn_entry *to = learn_entry_at(l, &r->to);
        size_t len = tw_ip_text(text, &r->to);
        len += (size_t)snprintf(text + len, 5, r->to.family == 6 ? "/128" : "/32");
        list[n++] = r->to_known.p != NULL ? r->to_known
                    : to != NULL          ? to->id
                                          : learn_keep(l, (struct tw_str){text, len});
    }
    l->failed |= list == NULL;
    tw_text_addz(out, "protocol: [");
    learn_scalar(out, line->first->object);
    tw_text_addz(out, "], to: ");
    line->n_objects = learn_sort(list, n);
    learn_list(out, list, line->n_objects, 10);
    free(list);
    if (line->first->port != 0)
        tw_text_addf(out, ", ports: [%u]", line->first->port);
}

static void write_request(
    struct tw_learn *l, const struct learn_entry *e, struct line *line, struct tw_text *out)
{
    const struct learn_right *r = line->first;
    const bool mqtt = r->server->protocol == TW_PROTO_MQTT;
    tw_text_addz(out, mqtt ? "mqtt: " : "opcua: ");
    learn_scalar(out, r->server->entry->id);
    write_actions(out, line->actions);
    if (line->form == LEARN_DATA_SET)
        return;
    if (line->form == LEARN_CALL && r->owner.len > 0) {
        tw_text_addz(out, ", objects: ");
        learn_list(out, &r->owner, 1, 10);
    }
    tw_text_addz(out, mqtt ? ", topics: " : line->form == LEARN_CALL ? ", methods: " : ", nodes: ");
    if (line->form != LEARN_PUBLISH || !write_sparkplug(e, line, out))
        write_objects(l, e, line, out);
}

static void write_line(
    struct tw_learn *l, const struct learn_entry *e, struct line *line, struct tw_text *out)
{
    tw_text_addz(out, "      - {");
    if (line->form == LEARN_FLOW)
        write_places(l, line, out);
    else
        write_request(l, e, line, out);
    write_count(l, e, line, out);
    tw_text_addz(out, "\n");
}

/* The rights that stand together from `at` on; nothing is granted when `first` is NULL. */
static struct line line_at(const struct learn_entry *e, size_t at)
{
    struct line line = {.rights = e->rights + at, .form = learn_form_of(e->rights[at])};
    do {
        struct learn_right *r = line.rights[line.n++];
        if (!is_granted(r))
            continue;
        line.first = line.first != NULL ? line.first : r;
        line.actions |= 1u << r->action;
        line.done += r->done.n;
    } while (at + line.n < e->n_rights && is_together(e, e->rights[at], line.rights[line.n]));
    return line;
}

/* What was refused each time, in one line. */
static void write_refused(const struct learn_entry *e, struct tw_text *out)
{
    size_t n = 0;
    for (size_t i = 0; i < e->n_rights; i++) {
        const struct learn_right *r = e->rights[i];
        if (r->refused < r->done.n || r->object.len == 0 || n++ >= LEARN_LISTED)
            continue;
        tw_text_addf(out, "%s%s ", n == 1 ? "      # Refused, so not here: " : ", ",
            tw_action_name(r->action));
        learn_shown(out, r->object);
    }
    if (n > LEARN_LISTED)
        tw_text_addf(out, " and %zu more", n - LEARN_LISTED);
    tw_text_addz(out, n > 0 ? "\n" : "");
}

void learn_write_rights(struct tw_learn *l, const struct learn_entry *e, struct tw_text *out)
{
    uint64_t encrypted = 0;
    const size_t before = out->len;
    tw_text_addz(out, "    may:\n");
    const size_t head = out->len;
    for (size_t i = 0; i < e->n_rights;) {
        struct line line = line_at(e, i);
        if (line.first != NULL)
            write_line(l, e, &line, out);
        i += line.n;
    }
    if (out->len == head)
        out->len = before;
    write_refused(e, out);
    for (size_t i = 0; i < e->n_clients; i++)
        encrypted += e->clients[i]->encrypted;
    if (encrypted > 0)
        tw_text_addf(out, "      # %llu requests were encrypted: what they did is not here\n",
            (unsigned long long)encrypted);
}
