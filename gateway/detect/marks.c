#include <stdlib.h>

#include "base/timefmt.h"
#include "base/topic.h"
#include "detect/conduct.h"

enum { MAX_MARKS = 1024, OBJECT = 160, NAME = 64, DOUBT_S = 86400 };

/* What a rule said of an object. */
struct mark {
    enum tw_mark kind;
    int64_t from_ns, to_ns; /* of the first and of the last match */
    uint64_t content;       /* that was marked, of the last match */
    uint64_t packet;
    bool is_topic;
    uint16_t object_len, by_len, rule_len;
    char object[OBJECT], by[NAME], rule[NAME];
};

/* The marked text that an AI system was given last. */
struct given {
    int64_t ts_ns; /* 0: none */
    uint64_t packet;
    uint16_t object_len, by_len;
    char object[OBJECT], by[NAME];
};

struct tw_marks {
    struct tw_seed seed;
    struct tw_table *table;
    struct given *given;
};

struct tw_marks *tw_marks_new(size_t n)
{
    struct tw_marks *m = calloc(1, sizeof(*m));
    if (m == NULL)
        return NULL;
    m->seed = tw_seed_random();
    m->given = calloc(n + 1, sizeof(*m->given));
    m->table = tw_table_new(sizeof(struct tw_place_id), sizeof(struct mark), MAX_MARKS, m->seed);
    if (m->given != NULL && m->table != NULL)
        return m;
    tw_marks_free(m);
    return NULL;
}

void tw_marks_free(struct tw_marks *m)
{
    if (m == NULL)
        return;
    tw_table_free(m->table);
    free(m->given);
    free(m);
}

void tw_marks_adopt(struct tw_marks *m, struct tw_marks *old, const struct tw_conduct_order *order)
{
    struct tw_table *table = m->table;
    m->seed = old->seed;
    m->table = old->table;
    old->table = table;
    for (size_t i = 0; i < order->n; i++) {
        if (order->before[i] < order->n_before)
            m->given[i] = old->given[order->before[i]];
    }
}

uint64_t tw_marks_evictions(const struct tw_marks *m)
{
    return tw_table_evictions(m->table);
}

static struct tw_str actor_name(const struct tw_event *e, const struct tw_facts *f, char *text)
{
    if (f->actor.id.p != NULL)
        return f->actor.id;
    return (struct tw_str){text, tw_ip_text(text, &e->src.ip)};
}

/* What a server of OPC UA gave deviates, whoever asked for it; what an AI system did is its own. */
static bool is_from_server(const struct tw_event *e)
{
    static const uint32_t pushed =
        1u << TW_ACTION_DELIVER | 1u << TW_ACTION_NOTIFY | 1u << TW_ACTION_ALARM;
    if (e->action == TW_ACTION_DEVIATION)
        return e->deviation != NULL && e->protocol == TW_PROTO_OPCUA && e->pubsub == NULL;
    return (pushed & 1u << e->action) != 0;
}

/* The object as a whole: what is in one field of a payload reaches whoever gets the payload. */
static struct tw_place_id place_of(const struct tw_marks *m, const struct tw_event *e)
{
    const struct tw_ip *ip = is_from_server(e) ? &e->src.ip : &e->dst.ip;
    struct tw_place_id place = {.object = tw_node_key(m->seed, e->object)};
    place.server = tw_hash(m->seed, ip, sizeof(*ip)); /* whichever port it is reached on */
    return place;
}

static uint64_t content_of(const struct tw_marks *m, const struct tw_event *e)
{
    const bool is_payload = e->mqtt != NULL && e->mqtt->has_payload;
    return is_payload ? e->mqtt->payload_hash : tw_value_digest(m->seed, &e->value);
}

/* Whom the event brings what is in it; 0: no AI system. */
static uint32_t receiver(const struct tw_event *e, const struct tw_facts *f)
{
    switch (e->action) {
    case TW_ACTION_DELIVER:
    case TW_ACTION_NOTIFY:
    case TW_ACTION_ALARM:
        return f->target.ai;
    case TW_ACTION_READ:
        return f->actor.ai;
    default:
        return 0;
    }
}

static void give(struct tw_marks *m, const struct mark *mark, const struct tw_event *e, uint32_t ai)
{
    struct given *g = &m->given[ai - 1];
    g->ts_ns = e->ts_ns;
    g->packet = e->packet;
    g->object_len = mark->object_len;
    g->by_len = mark->by_len;
    memcpy(g->object, mark->object, mark->object_len);
    memcpy(g->by, mark->by, mark->by_len);
}

void tw_marks_set(struct tw_marks *m, const struct tw_rule *rule, const struct tw_event *e,
    const struct tw_facts *facts)
{
    char ip[TW_IP_TEXT];
    bool created;
    if (rule->mark == TW_MARK_NONE || e->object.p == NULL)
        return;
    const struct tw_place_id place = place_of(m, e);
    struct mark *mark = tw_table_put(m->table, &place, &created);
    if (created || mark->kind != rule->mark)
        *mark = (struct mark){.kind = rule->mark, .from_ns = e->ts_ns};
    mark->to_ns = e->ts_ns;
    mark->content = content_of(m, e);
    mark->packet = e->packet;
    mark->is_topic = e->protocol == TW_PROTO_MQTT;
    mark->object_len = (uint16_t)tw_str_copy(mark->object, OBJECT, e->object);
    mark->rule_len = (uint16_t)tw_str_copy(mark->rule, NAME, tw_str_of(rule->info.id));
    /* Who set it says more than the server that shows it. */
    if (mark->by_len == 0 || receiver(e, facts) == 0)
        mark->by_len = (uint16_t)tw_str_copy(mark->by, NAME, actor_name(e, facts, ip));
    if (mark->kind == TW_MARK_INJECTED && receiver(e, facts) != 0)
        give(m, mark, e, receiver(e, facts));
}

static void receive(struct tw_marks *m, const struct tw_event *e, const struct tw_facts *f)
{
    const uint32_t ai = receiver(e, f);
    if (ai == 0 || e->object.p == NULL || tw_table_size(m->table) == 0)
        return;
    const struct tw_place_id place = place_of(m, e);
    const struct mark *mark = tw_table_peek(m->table, &place);
    if (mark != NULL && mark->kind == TW_MARK_INJECTED && mark->content == content_of(m, e))
        give(m, mark, e, ai);
}

/* Does what is asked for take in the time of the doubt? */
static bool takes_in(const struct mark *mark, const struct tw_event *e)
{
    const struct tw_opcua_history *h = e->opcua != NULL ? e->opcua->history : NULL;
    if (mark->kind != TW_MARK_DOUBTFUL)
        return false;
    if (h == NULL || (h->from_ns == 0 && h->to_ns == 0))
        return e->ts_ns - mark->to_ns <= DOUBT_S * TW_NS_PER_S;
    const bool back = h->from_ns != 0 && h->to_ns != 0 && h->from_ns > h->to_ns;
    const int64_t from_ns = back ? h->to_ns : h->from_ns, to_ns = back ? h->from_ns : h->to_ns;
    return mark->to_ns >= from_ns && (to_ns == 0 || mark->from_ns <= to_ns);
}

static const struct mark *doubt(const struct tw_marks *m, const struct tw_event *e)
{
    const struct tw_place_id place = place_of(m, e);
    const struct mark *mark = tw_table_peek(m->table, &place);
    if (mark != NULL && takes_in(mark, e))
        return mark;
    if (e->protocol != TW_PROTO_MQTT)
        return NULL;
    for (mark = tw_table_oldest(m->table); mark != NULL; mark = tw_table_newer(m->table, mark)) {
        const struct tw_str topic = {mark->object, mark->object_len};
        if (mark->is_topic && takes_in(mark, e) && tw_topic_matches(e->object, topic))
            return mark;
    }
    return NULL;
}

static bool collects(const struct tw_event *e, const struct tw_facts *f)
{
    return f->actor.trainer && e->object.p != NULL &&
           (e->action == TW_ACTION_HISTORY_READ || e->action == TW_ACTION_SUBSCRIBE ||
               e->action == TW_ACTION_READ);
}

bool tw_marks_event(struct tw_marks *m, const struct tw_event *e, const struct tw_facts *facts,
    struct tw_conduct_facts *out)
{
    const struct given *g = facts->actor.ai != 0 ? &m->given[facts->actor.ai - 1] : NULL;
    const struct mark *mark = collects(e, facts) ? doubt(m, e) : NULL;
    receive(m, e, facts);
    /* To be given a text is nothing that follows from it. */
    if (g != NULL && g->ts_ns != 0 && g->ts_ns < e->ts_ns) {
        out->injected_object = (struct tw_str){g->object, g->object_len};
        out->injected_by = (struct tw_str){g->by, g->by_len};
        out->injected_ns = g->ts_ns;
        out->injected_packet = g->packet;
    }
    if (mark != NULL) {
        out->doubt_object = (struct tw_str){mark->object, mark->object_len};
        out->doubt_rule = (struct tw_str){mark->rule, mark->rule_len};
        out->doubt_ns = mark->to_ns;
    }
    return mark != NULL || out->injected_ns != 0;
}
