/* Variables: where they are, in which range and how often their values came; and what the shape of
 * messages suggests, commented out. */

#include <math.h>
#include <stdlib.h>

#include "base/topic.h"
#include "learn/model.h"

/* Members of messages that say when and by whom, not what. */
static bool is_about_message(struct tw_str field)
{
    static const char *const words[] = {"ts", "timestamp", "time", "seq", "sequence", "id", "by",
        "q", "quality", "u", "unit", "units", "uom", "counter", "version", "bdSeq", "frame", NULL};
    size_t from = field.len;
    if (field.len == 0)
        return false;
    while (from > 0 && field.p[from - 1] != '/')
        from--;
    const struct tw_str last = {field.p + from, field.len - from};
    for (const char *const *w = words; *w != NULL; w++) {
        if (tw_str_eq_nocase(last, tw_str_of(*w)))
            return true;
    }
    return tw_str_starts(field, TW_STR("Node Control/")) ||
           tw_str_starts(field, TW_STR("Device Control/"));
}

/* What the shape of a message explains is not a variable beside it. */
static bool is_told(const struct tw_learn *l, const struct learn_variable *v)
{
    if (v->known.p != NULL || v->object.len == 0)
        return false;
    if (v->protocol == TW_PROTO_OPCUA)
        return v->numbers + v->texts + v->truths > 0;
    const struct learn_topic *t = learn_topic_find(l, v->object);
    if (t != NULL && (learn_is_report(t) || learn_is_approval(t) || learn_is_change(t)))
        return false;
    if (v->models > 0)
        return true;
    /* Fields of PubSub have names, which an inventory can not point to in MQTT. */
    if (v->field.len > 0 && !v->is_metric && v->field.p[0] != '/')
        return false;
    if (is_about_message(v->field))
        return false;
    const enum tw_role role = learn_role(l, v);
    /* What came once, with a retained message or a birth, is hardly a measurement. */
    if (v->numbers + v->truths == 1 && role == TW_ROLE_MEASUREMENT)
        return false;
    return v->numbers + v->truths > 0 || role == TW_ROLE_NOTE || role == TW_ROLE_SAFETY;
}

static int order(const void *a, const void *b)
{
    const struct learn_variable *x = *(struct learn_variable *const *)a;
    const struct learn_variable *y = *(struct learn_variable *const *)b;
    if (x->protocol != y->protocol)
        return x->protocol == TW_PROTO_OPCUA ? -1 : 1;
    if (x->server != y->server) {
        const int ip = memcmp(&x->server->at.ip, &y->server->at.ip, sizeof(x->server->at.ip));
        if (ip != 0)
            return ip;
    }
    const int c = tw_str_cmp(x->object, y->object);
    return c != 0 ? c : tw_str_cmp(x->field, y->field);
}

/* ---- ids */

static size_t add_plain(char *out, size_t size, size_t n, struct tw_str s)
{
    for (size_t i = 0; i < s.len && n < size; i++) {
        char c = s.p[i];
        c = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
        if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_')
            out[n++] = c;
        else if (n > 0 && out[n - 1] != '.')
            out[n++] = '.';
    }
    return n;
}

/* "hx201.tempout.pv" of a node, "line1.level.v" of a topic and its field. */
static size_t variable_id(const struct learn_variable *v, char *out, size_t size)
{
    struct tw_str object = v->object;
    const char *name = NULL;
    if (v->protocol == TW_PROTO_OPCUA && object.len > 3) {
        const char *semicolon = memchr(object.p, ';', object.len);
        name = semicolon != NULL ? semicolon + 1 : object.p;
        if (name + 2 < object.p + object.len && name[0] == 's' && name[1] == '=')
            object = (struct tw_str){name + 2, object.len - (size_t)(name + 2 - object.p)};
    }
    size_t n = add_plain(out, size, 0, object);
    if (v->field.len > 0 && n > 0 && n < size && out[n - 1] != '.')
        out[n++] = '.';
    n = add_plain(out, size, n, v->field);
    while (n > 0 && out[n - 1] == '.')
        n--;
    if (n == 0 || (out[0] >= '0' && out[0] <= '9')) {
        memmove(out + 2, out, n < size - 2 ? n : size - 2);
        memcpy(out, "v.", 2);
        n = n + 2 < size ? n + 2 : size;
    }
    return n;
}

/* ---- ranges */

/* `v` moved outwards to a multiple of a hundredth of the span's magnitude. */
static double outwards(double v, double span, bool up)
{
    const double unit = pow(10, floor(log10(span)) - 1);
    const double steps = v / unit;
    const double moved = up ? ceil(steps - 1e-9) : floor(steps + 1e-9);
    /* By division where the unit is less than one: it has no exact binary form. */
    return unit < 1 ? moved / round(1 / unit) : moved * unit;
}

/* A few whole numbers are states: their range says nothing. */
enum { STATES = 4 };

static bool counts_up(const struct learn_variable *v)
{
    return v->numbers > 8 && v->varies && !v->falls && !v->fractional && v->max - v->min >= STATES;
}

/* What is declared on the wire; else of commands what was seen, of measurements half the span more
 * on either side. */
static bool range_of(const struct learn_variable *v, enum tw_role role, double *low, double *high)
{
    if (v->has_range && v->low < v->high && isfinite(v->low) && isfinite(v->high)) {
        *low = v->low;
        *high = v->high;
        return true;
    }
    const double span = v->max - v->min;
    if (v->numbers < 2 || !(span > 0) || !isfinite(span) || counts_up(v) ||
        (!v->fractional && span < STATES))
        return false;
    *low = v->min;
    *high = v->max;
    if (role != TW_ROLE_MEASUREMENT)
        return role == TW_ROLE_COMMAND || role == TW_ROLE_SAFETY || role == TW_ROLE_RECIPE;
    *low = outwards(v->min - span / 2, span, false);
    *high = outwards(v->max + span / 2, span, true);
    if (v->min >= 0 && *low < 0)
        *low = 0;
    return *low <= v->min && *high >= v->max;
}

static void write_range(const struct learn_variable *v, enum tw_role role, struct tw_text *out)
{
    double low, high;
    if (!range_of(v, role, &low, &high))
        return;
    tw_text_addz(out, ", range: [");
    learn_number(out, low, v->single && low == v->min);
    tw_text_addz(out, ", ");
    learn_number(out, high, v->single && high == v->max);
    tw_text_addz(out, "]");
}

/* ---- lines */

static void write_member(struct tw_text *out, const char *key, struct tw_str s)
{
    if (s.len == 0)
        return;
    tw_text_addf(out, ", %s: ", key);
    learn_scalar(out, s);
}

static void write_place(const struct learn_variable *v, struct tw_text *out)
{
    if (v->protocol == TW_PROTO_OPCUA) {
        tw_text_addz(out, ", opcua: {server: ");
        learn_scalar(out, v->server->entry->id);
        write_member(out, "node", v->object);
    } else {
        tw_text_addz(out, ", mqtt: {topic: ");
        learn_scalar(out, v->object);
        write_member(out, "field", v->field);
        if (v->whole && v->models == 0)
            tw_text_addz(out, ", field: \"\"");
    }
    tw_text_addz(out, "}");
}

static void write_publishers(const struct learn_variable *v, struct tw_text *out)
{
    struct tw_str ids[LEARN_NAMES];
    size_t n = 0;
    for (size_t i = 0; i < v->n_publishers; i++) {
        if (v->publishers[i]->entry == NULL)
            return;
        ids[n++] = v->publishers[i]->entry->id;
    }
    if (n == 0 || v->more_publishers)
        return;
    tw_text_addz(out, ", publisher: ");
    learn_list(out, ids, learn_sort(ids, n), 6);
}

static void write_seen(const struct learn_variable *v, struct tw_text *out)
{
    tw_text_addf(out, " # %llu value%s", (unsigned long long)v->seen.n, v->seen.n == 1 ? "" : "s");
    if (v->numbers > 0) {
        tw_text_addz(out, v->varies ? ", " : ", always ");
        learn_about(out, v->min);
        if (v->varies) {
            tw_text_addz(out, " to ");
            learn_about(out, v->max);
        }
        if (counts_up(v))
            tw_text_addz(out, ", counts up");
    }
    if (v->has_range)
        tw_text_addz(out, "; the range was declared on the wire");
    if (v->writes > 0)
        tw_text_addf(
            out, "; written %llu time%s", (unsigned long long)v->writes, v->writes == 1 ? "" : "s");
}

static struct tw_str unit_of(const struct tw_learn *l, const struct learn_variable *v)
{
    const struct learn_topic *t =
        v->protocol == TW_PROTO_MQTT ? learn_topic_find(l, v->object) : NULL;
    return v->unit.p != NULL || t == NULL || v->numbers == 0 ? v->unit : t->unit;
}

static bool is_type(struct tw_str type)
{
    if (type.len > 2 && memcmp(type.p + type.len - 2, "[]", 2) == 0)
        type.len -= 2;
    return learn_is_one_of(type, tw_inventory_types());
}

static void write_variable(
    const struct tw_learn *l, const struct learn_variable *v, struct tw_str id, struct tw_text *out)
{
    const enum tw_role role = learn_role(l, v);
    const int64_t period = v->writes == 0 ? learn_period_ns(v) : 0;
    tw_text_addz(out, "  - {id: ");
    learn_scalar(out, id);
    write_place(v, out);
    write_publishers(v, out);
    if (v->protocol == TW_PROTO_OPCUA && is_type(v->type))
        write_member(out, "type", v->type);
    write_member(out, "unit", unit_of(l, v));
    write_range(v, role, out);
    if (period > 0 && role == TW_ROLE_MEASUREMENT) {
        tw_text_addz(out, ", every: ");
        learn_duration(out, period);
    }
    tw_text_addf(out, ", role: %s}", tw_role_name(role));
    write_seen(v, out);
    tw_text_addz(out, "\n");
}

static void write_outside(const struct learn_variable *v, struct tw_text *out)
{
    tw_text_addz(out, "# CHECK: ");
    learn_shown(out, v->known);
    tw_text_addf(out, " was outside its range %llu time%s: ", (unsigned long long)v->outside,
        v->outside == 1 ? "" : "s");
    learn_about(out, v->min);
    tw_text_addz(out, " to ");
    learn_about(out, v->max);
    tw_text_addz(out, "\n");
}

/* Ids that are taken: sorted by being written in order is not enough, because characters fold. */
static struct tw_str unique_id(
    struct tw_learn *l, struct tw_table *taken, const struct learn_variable *v, size_t index)
{
    enum { ID = 160 };
    char text[ID + 24];
    bool is_new;
    const size_t n = variable_id(v, text, ID);
    size_t len = n;
    for (size_t k = 2;; k = k < 9 ? k + 1 : k + index + 9) {
        const struct tw_text_key key = tw_text_key(l->seed, (struct tw_str){text, len});
        (void)tw_table_put(taken, &key, &is_new);
        if (is_new)
            break;
        len = n + (size_t)snprintf(text + n, sizeof(text) - n, ".%zu", k);
    }
    return learn_keep(l, (struct tw_str){text, len});
}

void learn_write_variables(struct tw_learn *l, struct tw_text *out, size_t *out_n)
{
    struct tw_table *taken =
        tw_table_new(sizeof(struct tw_text_key), 1, TW_LEARN_VARIABLES, l->seed);
    *out_n = 0;
    if (taken == NULL) {
        l->failed = true;
        return;
    }
    if (l->n_variables > 1)
        qsort(l->variable_list, l->n_variables, sizeof(*l->variable_list), order);
    for (size_t i = 0; i < l->n_variables; i++) {
        if (l->variable_list[i]->outside > 0)
            write_outside(l->variable_list[i], out);
    }
    for (size_t i = 0; i < l->n_variables; i++) {
        const struct learn_variable *v = l->variable_list[i];
        if (!is_told(l, v))
            continue;
        if ((*out_n)++ == 0)
            tw_text_addz(out, "\nvariables:\n");
        write_variable(l, v, unique_id(l, taken, v, i), out);
    }
    tw_table_free(taken);
}

/* ---- suggestions */

static void write_pointers(const struct learn_topic *t, const enum learn_meaning *meanings,
    const char *const *keys, struct tw_text *out)
{
    for (size_t i = 0; keys[i] != NULL; i++)
        write_member(out, keys[i], t->fields[meanings[i]]);
}

static void write_by(const struct learn_topic *t, struct tw_text *out)
{
    struct tw_str ids[LEARN_NAMES];
    size_t n = 0;
    for (size_t i = 0; i < t->n_by; i++) {
        if (t->by[i]->entry != NULL)
            ids[n++] = t->by[i]->entry->id;
    }
    tw_text_addz(out, ", by: ");
    learn_list(out, ids, learn_sort(ids, n), 6);
}

static int topic_order(const void *a, const void *b)
{
    return tw_str_cmp(
        (*(struct learn_topic *const *)a)->topic, (*(struct learn_topic *const *)b)->topic);
}

static void write_approval(const struct learn_topic *t, struct tw_text *out)
{
    static const enum learn_meaning meanings[] = {
        LEARN_APPROVED, LEARN_AI_SYSTEM, LEARN_OBJECT, LEARN_VALUE, LEARN_EXPIRES};
    static const char *const keys[] = {
        "approved", "ai_system", "object", "value", "expires_s", NULL};
    tw_text_addz(out, "#   - {id: approval, mqtt: ");
    learn_scalar(out, t->topic);
    write_by(t, out);
    write_pointers(t, meanings, keys, out);
    tw_text_addz(out, ", valid: 60s, uses: 1}\n");
}

static void write_change(const struct learn_topic *t, struct tw_text *out)
{
    static const enum learn_meaning meanings[] = {
        LEARN_AI_SYSTEM, LEARN_TO, LEARN_TICKET, LEARN_WINDOW};
    static const char *const keys[] = {"ai_system", "version", "ticket", "window_s", NULL};
    tw_text_addz(out, "#   - {mqtt: ");
    learn_scalar(out, t->topic);
    write_by(t, out);
    write_pointers(t, meanings, keys, out);
    tw_text_addz(out, "}\n");
}

/* Does the known inventory take in messages of this topic already? */
static bool is_taken_in(const struct tw_learn *l, const struct learn_topic *t)
{
    const struct tw_approval_def *approvals;
    const struct tw_change_def *changes;
    const size_t n = l->known != NULL ? tw_registry_approvals(l->known, &approvals) : 0;
    const size_t m = l->known != NULL ? tw_registry_changes(l->known, &changes) : 0;
    for (size_t i = 0; i < n; i++) {
        if (tw_topic_matches(approvals[i].topic, t->topic))
            return true;
    }
    for (size_t i = 0; i < m; i++) {
        if (changes[i].topic.p != NULL && tw_topic_matches(changes[i].topic, t->topic))
            return true;
    }
    return false;
}

static void write_shaped(const struct tw_learn *l, bool (*is_shape)(const struct learn_topic *t),
    const char *head, void (*write)(const struct learn_topic *t, struct tw_text *out),
    struct tw_text *out)
{
    bool any = false;
    for (size_t i = 0; i < l->n_topics; i++) {
        if (!is_shape(l->topic_list[i]) || is_taken_in(l, l->topic_list[i]))
            continue;
        if (!any)
            tw_text_addz(out, head);
        any = true;
        write(l->topic_list[i], out);
    }
}

void learn_write_shapes(struct tw_learn *l, struct tw_text *out)
{
    if (l->n_topics > 1)
        qsort(l->topic_list, l->n_topics, sizeof(*l->topic_list), topic_order);
    write_shaped(l, learn_is_approval,
        "\n# Messages that look like approvals; take it in where they are.\n# approvals:\n",
        write_approval, out);
    write_shaped(l, learn_is_change,
        "\n# Messages that look like change orders; take it in where they are.\n# changes:\n",
        write_change, out);
}

static bool is_by(const struct learn_topic *t, const struct learn_entry *e)
{
    for (size_t i = 0; i < t->n_by; i++) {
        if (t->by[i]->entry == e)
            return true;
    }
    return false;
}

static void write_reports(
    const struct tw_learn *l, const struct learn_entry *e, struct tw_text *out)
{
    static const enum learn_meaning meanings[] = {LEARN_CONFIDENCE, LEARN_INPUTS_TS, LEARN_MODEL,
        LEARN_MODEL_VERSION, LEARN_OBJECT, LEARN_VALUE};
    static const char *const keys[] = {
        "confidence", "inputs_ts", "model", "model_version", "object", "value", NULL};
    bool any = false;
    for (size_t i = 0; i < l->n_topics; i++) {
        const struct learn_topic *t = l->topic_list[i];
        if (!learn_is_report(t) || !is_by(t, e))
            continue;
        tw_text_addz(out, any ? "" : "    # reports:\n");
        tw_text_addz(out, "    #   - {mqtt: ");
        learn_scalar(out, t->topic);
        write_pointers(t, meanings, keys, out);
        tw_text_addz(out, "}\n");
        any = true;
    }
}

static void write_model(const struct learn_entry *e, struct tw_text *out)
{
    for (size_t i = 0; i < e->n_clients; i++) {
        const struct learn_client *c = e->clients[i];
        if (c->model.p == NULL)
            continue;
        tw_text_addz(out, "    # model: {name: ");
        learn_scalar(out, c->model);
        write_member(out, "version", c->model_version);
        tw_text_addz(out, "}\n");
        return;
    }
}

/* Signs of life that come regularly: nodes that it writes, topics that it publishes on. */
static void write_heartbeats(const struct learn_entry *e, struct tw_text *out)
{
    bool any = false;
    for (size_t i = 0; i < e->n_rights; i++) {
        const struct learn_right *r = e->rights[i];
        const bool write = r->action == TW_ACTION_WRITE, publish = r->action == TW_ACTION_PUBLISH;
        if ((!write && !publish) || r->done.n < 4 || !learn_is_heartbeat(r->object))
            continue;
        const int64_t every =
            (r->done.last_ns - r->done.first_ns) / (int64_t)(r->done.n - 1) + TW_NS_PER_S / 2;
        const int64_t second = every / TW_NS_PER_S > 0 ? every / TW_NS_PER_S : 1;
        tw_text_addz(out, any ? "" : "    # heartbeat:\n");
        any = true;
        tw_text_addz(out, write ? "    #   - {opcua: " : "    #   - {mqtt: ");
        learn_scalar(out, write ? r->server->entry->id : r->object);
        if (write)
            write_member(out, "node", r->object);
        tw_text_addf(
            out, ", every: %llds, timeout: %llds}\n", (long long)second, (long long)(4 * second));
    }
}

void learn_write_suggestions(
    const struct tw_learn *l, const struct learn_entry *e, struct tw_text *out)
{
    const size_t before = out->len;
    tw_text_addz(out, "    # Its messages suggest; take it in where they are right:\n");
    const size_t head = out->len;
    write_model(e, out);
    write_reports(l, e, out);
    write_heartbeats(e, out);
    if (out->len == head)
        out->len = before;
}
