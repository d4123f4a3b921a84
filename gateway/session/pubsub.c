#include "session/pubsub.h"

#include <stdlib.h>

#include "base/num.h"
#include "base/table.h"
#include "base/timefmt.h"
#include "event/secret.h"
#include "session/pubsub_chunks.h"

enum {
    MAX_STREAMS = 4096,  /* DataSetWriters whose sequence is followed */
    MAX_METADATA = 1024, /* each is found by up to four keys */
    MAX_NAMES = TW_PUBSUB_FIELDS,
    NAME_BYTES = 2048, /* of all names of one metadata; those that do not fit stay numbers */
    LATE = 64,         /* of so many numbers it is known whether they came */
    RESTART = 4,       /* so many low numbers in a row: the publisher began anew */
};

/* The same for low numbers after such a silence. */
#define SILENCE_NS (60 * TW_NS_PER_S)

struct stream {
    bool has_sequence, has_version;
    uint8_t n_low;     /* numbers below the last one, each one more than the one before */
    uint32_t sequence; /* the highest number */
    uint32_t low;      /* the last of those below it */
    uint64_t came;     /* bit n: so did the number that is n lower */
    int64_t last_ns;
    uint64_t packet; /* of the last number: it is that of all that came in it */
    uint32_t major, minor;
};

struct metadata {
    bool has_version;
    uint32_t major, minor;
    uint16_t n, at[MAX_NAMES + 1]; /* where each name begins, and the last one ends */
    struct tw_pubsub_shape shape[MAX_NAMES];
    char text[NAME_BYTES];
};

/* What was found about the DataSetMessage that came last: its other events are told the same. */
struct last {
    uint64_t serial, flow, packet;
    uint32_t missing;
    bool duplicate, late, before_metadata, version_unannounced;
    const struct metadata *metadata;
};

struct tw_pubsub_sessions {
    struct tw_table *streams, *metadata;
    struct tw_pubsub_chunks *chunks;
    const struct tw_session_readers *readers;
    struct tw_seed seed;
    struct last last;
};

struct tw_pubsub_sessions *tw_pubsub_sessions_new(const struct tw_session_readers *readers)
{
    struct tw_pubsub_sessions *s = calloc(1, sizeof(*s));
    if (s == NULL)
        return NULL;
    s->readers = readers;
    s->seed = tw_seed_random();
    s->chunks = tw_pubsub_chunks_new(s->seed);
    s->streams =
        tw_table_new(sizeof(struct tw_text_key), sizeof(struct stream), MAX_STREAMS, s->seed);
    s->metadata =
        tw_table_new(sizeof(struct tw_text_key), sizeof(struct metadata), MAX_METADATA, s->seed);
    if (s->streams != NULL && s->metadata != NULL && s->chunks != NULL)
        return s;
    tw_pubsub_sessions_free(s);
    return NULL;
}

void tw_pubsub_sessions_free(struct tw_pubsub_sessions *s)
{
    if (s == NULL)
        return;
    tw_table_free(s->streams);
    tw_table_free(s->metadata);
    tw_pubsub_chunks_free(s->chunks);
    free(s);
}

/* PublisherIds are given per plant: two of them may well be called 1. Over UDP and Ethernet they
 * are told apart by the host that sends, over MQTT by the broker. */
static uint64_t place_of(const struct tw_pubsub_sessions *s, const struct tw_event *e)
{
    const bool from_broker = e->mqtt == NULL || e->action == TW_ACTION_DELIVER;
    const struct tw_endpoint *at = from_broker ? &e->src : &e->dst;
    if (at->ip.family == 0)
        return tw_hash(s->seed, at->mac, sizeof(at->mac));
    return tw_hash(s->seed, at->ip.b, at->ip.family == 6 ? 16 : 4);
}

static struct tw_text_key key_of(const struct tw_pubsub_sessions *s, struct tw_str publisher,
    struct tw_str writer, uint64_t where)
{
    struct tw_text_key key = tw_text_key(s->seed, publisher);
    const struct tw_text_key of_writer = tw_text_key(s->seed, writer);
    key.a = tw_hash_mix(tw_hash_mix(key.a, of_writer.a), where);
    key.b = tw_hash_mix(key.b, of_writer.b);
    return key;
}

/* The way of an event to whoever listens; `kind` tells apart what is counted on its own. */
static uint64_t way_of(const struct tw_pubsub_sessions *s, const struct tw_event *e, uint64_t kind)
{
    const uint64_t where = tw_hash_mix(place_of(s, e), kind);
    if (e->mqtt == NULL || e->mqtt->client_id.s.len == 0)
        return tw_hash_mix(where, e->dst.port);
    return tw_hash_mix(where, tw_hash(s->seed, e->mqtt->client_id.s.p, e->mqtt->client_id.s.len));
}

/* A writer's sequence on its own way. */
static struct stream *stream_of(
    struct tw_pubsub_sessions *s, const struct tw_event *e, bool of_group, bool *out_created)
{
    const struct tw_pubsub_info *info = e->pubsub;
    const struct tw_str writer = of_group ? info->writer_group : info->data_set_writer;
    const uint64_t where = way_of(s, e, (uint64_t)(info->encoding[0] == 'u') << 1 | of_group);
    const struct tw_text_key key = key_of(s, info->publisher_id, writer, where);
    return tw_table_put(s->streams, &key, out_created);
}

static void remember_under(struct tw_pubsub_sessions *s, const struct metadata *m,
    struct tw_str publisher, struct tw_str writer, uint64_t where)
{
    if (writer.len == 0)
        return;
    const struct tw_text_key key = key_of(s, publisher, writer, where);
    *(struct metadata *)tw_table_put(s->metadata, &key, NULL) = *m;
}

static void learn(struct tw_pubsub_sessions *s, const struct tw_event *e)
{
    const struct tw_pubsub_info *info = e->pubsub;
    struct metadata m = {
        .has_version = info->has_major, .major = info->major, .minor = info->minor};
    size_t len = 0;
    for (uint32_t i = 0; i < info->n_fields && i < MAX_NAMES; i++) {
        const struct tw_str name = info->fields[i].name;
        m.shape[i] = info->fields[i].shape;
        m.at[i] = (uint16_t)len;
        if (name.len <= sizeof(m.text) - len && name.len > 0) {
            memcpy(m.text + len, name.p, name.len);
            len += name.len;
        }
        m.n++;
    }
    m.at[m.n] = (uint16_t)len;
    s->last.metadata = NULL;
    const uint64_t where = place_of(s, e);
    remember_under(s, &m, info->publisher_id, info->data_set_writer, where);
    remember_under(s, &m, info->publisher_id, info->data_set_writer, 0);
    if (!tw_str_eq(info->writer_name, info->data_set_writer)) {
        remember_under(s, &m, info->publisher_id, info->writer_name, where);
        remember_under(s, &m, info->publisher_id, info->writer_name, 0);
    }
}

static bool is_version(const struct metadata *m, const struct tw_pubsub_info *info)
{
    return (!info->has_major || m->major == info->major) &&
           (!info->has_minor || m->minor == info->minor);
}

/* From the same place; from another one only what is of the very version. */
static const struct metadata *metadata_of(
    const struct tw_pubsub_sessions *s, const struct tw_event *e)
{
    const struct tw_pubsub_info *info = e->pubsub;
    const struct tw_str writers[] = {info->data_set_writer, info->writer_name};
    for (size_t i = 0; i < sizeof(writers) / sizeof(writers[0]); i++) {
        if (writers[i].len == 0)
            continue;
        struct tw_text_key key = key_of(s, info->publisher_id, writers[i], place_of(s, e));
        const struct metadata *m = tw_table_find(s->metadata, &key);
        if (m != NULL)
            return m;
        key = key_of(s, info->publisher_id, writers[i], 0);
        m = info->has_major ? tw_table_find(s->metadata, &key) : NULL;
        if (m != NULL && m->has_version && is_version(m, info))
            return m;
    }
    return NULL;
}

/* Does it fall back to its beginning behind 16 bits? */
static bool is_short(const struct tw_pubsub_info *info, uint32_t last, uint32_t now)
{
    enum { NEAR = 0x100 };
    return info->encoding[0] == 'u' ||
           (last <= UINT16_MAX && last > UINT16_MAX - NEAR && now < NEAR);
}

/* A higher number than those before. */
static void advance(struct stream *k, uint32_t number, uint32_t step, bool came)
{
    k->came = step < LATE ? k->came << step : 0;
    k->came |= came;
    k->sequence = number;
    k->n_low = 0;
}

/* A number that is not higher: it came twice, or too late, or the publisher began anew. */
static void look_back(
    struct stream *k, uint32_t number, uint32_t back, bool silent, struct last *out)
{
    if (back > 0) {
        k->n_low = k->n_low > 0 && number == k->low + 1 ? (uint8_t)(k->n_low + 1) : 1;
        k->low = number;
    }
    if (back >= LATE || k->n_low >= RESTART || (silent && back > 0)) {
        k->came = 0;
        advance(k, number, 0, true);
        return;
    }
    const uint64_t bit = UINT64_C(1) << back;
    out->duplicate = (k->came & bit) != 0;
    out->late = back > 0;
    k->came |= bit;
}

/* Newer is what is at most three quarters of all numbers ahead [UA14 7.2.3]. A keep-alive has the
 * number that comes next. */
static void follow(struct stream *k, const struct tw_event *e, uint32_t now, struct last *out)
{
    const struct tw_pubsub_info *info = e->pubsub;
    const bool keep_alive = tw_str_is(tw_str_of(info->dataset_type), "keepalive");
    const uint32_t mask = is_short(info, k->sequence, now) ? UINT16_MAX : UINT32_MAX;
    const uint32_t number = keep_alive ? (now - 1) & mask : now;
    const uint32_t step = (number - k->sequence) & mask;
    const bool silent = e->ts_ns - k->last_ns > SILENCE_NS;
    k->last_ns = e->ts_ns;
    if (!k->has_sequence) {
        k->has_sequence = true;
        advance(k, number, 0, !keep_alive);
    } else if (step > 0 && step <= mask - mask / 4) {
        out->missing = step - !keep_alive;
        advance(k, number, step, !keep_alive);
    } else if (!keep_alive || ((k->sequence - number) & mask) >= LATE) {
        look_back(k, number, (k->sequence - number) & mask, silent, out);
    }
}

/* All DataSetMessages of a NetworkMessage have its number. */
static void follow_group(struct stream *k, const struct tw_event *e, struct last *out)
{
    if (k->has_sequence && k->packet == e->packet && k->sequence == e->pubsub->group_sequence)
        return;
    k->packet = e->packet;
    follow(k, e, e->pubsub->group_sequence, out);
}

static bool changes_version(struct stream *k, const struct tw_pubsub_info *info)
{
    const bool changed = k->has_version && ((info->has_major && k->major != info->major) ||
                                               (info->has_minor && k->minor != info->minor));
    k->has_version = true;
    k->major = info->major;
    k->minor = info->minor;
    return changed;
}

/* A DataSetMessage on its way from its publisher. */
static void follow_stream(struct tw_pubsub_sessions *s, const struct tw_event *e, struct last *out)
{
    const struct tw_pubsub_info *info = e->pubsub;
    bool created;
    struct stream *k = stream_of(s, e, false, &created);
    out->before_metadata = created && out->metadata == NULL;
    if (info->has_major || info->has_minor) {
        const bool fits = out->metadata != NULL && is_version(out->metadata, info);
        const bool differs = created && out->metadata != NULL && out->metadata->has_version;
        out->version_unannounced = (changes_version(k, info) || differs) && !fits;
    }
    if (info->has_sequence)
        follow(k, e, info->sequence, out);
    else if (info->has_group_sequence)
        follow_group(stream_of(s, e, true, &created), e, out);
}

static void judge(struct tw_pubsub_sessions *s, const struct tw_event *e)
{
    const struct tw_pubsub_info *info = e->pubsub;
    struct last found = {.serial = info->serial, .flow = e->flow, .packet = e->packet};
    if (info->declares)
        learn(s, e);
    const bool data = tw_str_is(info->message_type, "data") && info->data_set_writer.len > 0;
    if (data)
        found.metadata = metadata_of(s, e);
    if (data && e->action == TW_ACTION_PUBLISH && !info->has_chunk)
        follow_stream(s, e, &found);
    s->last = found;
}

/* A number becomes the name that metadata gives it. */
static void name_field(const struct metadata *m, struct tw_event *e)
{
    struct tw_number index;
    if (m == NULL || !tw_num_parse(e->field, &index) || index.i < 0 || index.i >= m->n ||
        (e->pubsub->has_major && m->has_version && m->major != e->pubsub->major))
        return;
    const struct tw_str name = {
        m->text + m->at[index.i], (size_t)m->at[index.i + 1] - m->at[index.i]};
    if (name.len == 0)
        return;
    e->field = name;
    if (e->value.kind >= TW_VALUE_STRING && tw_secret_name(name))
        e->value = (struct tw_value){.kind = TW_VALUE_STRING, .s = TW_REDACTED};
}

void tw_pubsub_sessions_event(struct tw_pubsub_sessions *s, struct tw_event *event)
{
    struct tw_pubsub_info *info = event->pubsub;
    const struct last *last = &s->last;
    if (event->action != TW_ACTION_PUBLISH && event->action != TW_ACTION_DELIVER)
        return;
    if (last->serial != info->serial || last->flow != event->flow ||
        last->packet != event->packet || info->serial == 0)
        judge(s, event);
    info->missing = last->missing;
    info->duplicate = last->duplicate;
    info->late = last->late;
    info->before_metadata = last->before_metadata;
    info->version_unannounced = last->version_unannounced;
    if (event->field.p != NULL && info->encoding[0] == 'u')
        name_field(last->metadata, event);
}

struct expansion {
    struct tw_pubsub_sessions *sessions;
    const struct tw_emit *out;
};

static void complete(void *user, const struct tw_event *event)
{
    const struct expansion *x = user;
    struct tw_event e = *event;
    struct tw_pubsub_info info;
    if (e.pubsub == NULL) {
        tw_emit(x->out, &e);
        return;
    }
    info = *e.pubsub;
    e.pubsub = &info;
    tw_pubsub_sessions_event(x->sessions, &e);
    tw_pubsub_sessions_give(x->sessions, &e, x->out);
}

void tw_pubsub_sessions_expand(struct tw_pubsub_sessions *s, tw_expand_fn expand,
    const struct tw_event *message, const struct tw_emit *out)
{
    struct expansion x = {s, out};
    const struct tw_emit through = {complete, &x};
    expand(message, &through);
}

/* Of another major version the fields may be others. */
static bool is_readable(const struct metadata *m, const struct tw_pubsub_info *info)
{
    return m != NULL && !(info->has_major && m->has_version && m->major != info->major);
}

static void open_raw(struct tw_pubsub_sessions *s, const struct tw_event *e,
    const struct tw_emit *fields, const struct tw_emit *out)
{
    const struct metadata *m = s->last.metadata;
    if (is_readable(m, e->pubsub)) {
        const struct tw_pubsub_layout layout = {.fields = m->shape,
            .n = m->n,
            .sure = e->pubsub->has_major && m->has_version && is_version(m, e->pubsub)};
        s->readers->raw(e, &layout, fields);
    } else if (!e->pubsub->carrier) {
        tw_emit(out, e);
    }
}

static void open_chunk(struct tw_pubsub_sessions *s, const struct tw_event *e,
    const struct tw_emit *messages, const struct tw_emit *out)
{
    enum { KIND = 16 };
    const struct tw_pubsub_info *info = e->pubsub;
    const uint64_t where = way_of(s, e, KIND + (uint8_t)info->message_type.p[0]);
    struct tw_text_key key = key_of(s, info->publisher_id, info->data_set_writer, where);
    struct tw_str payload;
    key.a = tw_hash_mix(key.a, info->sequence);
    key.b = tw_hash_mix(key.b, e->action);
    if (!info->carrier)
        tw_emit(out, e);
    if (tw_pubsub_chunks_add(s->chunks, e, &key, out, &payload))
        s->readers->whole(e, payload, messages);
}

void tw_pubsub_sessions_give(
    struct tw_pubsub_sessions *s, const struct tw_event *event, const struct tw_emit *out)
{
    struct expansion x = {s, out};
    const struct tw_emit through = {complete, &x};
    if (!tw_pubsub_carries(event))
        tw_emit(out, event);
    else if (event->pubsub->has_chunk)
        open_chunk(s, event, &through, out);
    else
        open_raw(s, event, &through, out);
}

void tw_pubsub_sessions_tick(
    struct tw_pubsub_sessions *s, int64_t now_ns, uint64_t packet, const struct tw_emit *out)
{
    tw_pubsub_chunks_tick(s->chunks, now_ns, packet, out);
}

void tw_pubsub_sessions_stats(const struct tw_pubsub_sessions *s, struct tw_sessions_stats *out)
{
    tw_pubsub_chunks_stats(s->chunks, &out->chunked_whole, &out->chunked_incomplete);
}
