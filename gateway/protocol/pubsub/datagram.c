#include "protocol/pubsub/pubsub.h"
#include "protocol/pubsub/report.h"

enum { PORT = 4840, ETHER_TYPE = 0xb62c };

/* Slots of the message counters: enum tw_uadp_kind, then these. */
enum { COUNT_CHUNKS = TW_UADP_ANNOUNCEMENT + 1, COUNT_ENCRYPTED, COUNT_BAD, COUNTERS };

/* That every byte of a datagram can be read as fields is strong, but there are protocols with any
 * content: the usual port or a group to send to has to go with it, or it has to happen again and
 * again. What can not be read needs the hint and the repetition. */
static enum tw_probe probe(const struct tw_datagram *d)
{
    const enum tw_uadp_doubt found = tw_uadp_judge(d->bytes);
    const bool hint = d->is_multicast || d->ports[0] == PORT || d->ports[1] == PORT;
    if (found == TW_UADP_SURE)
        return hint ? TW_PROBE_YES : TW_PROBE_WEAK;
    return found == TW_UADP_MAYBE && hint ? TW_PROBE_WEAK : TW_PROBE_NO;
}

static unsigned slot_of(struct tw_cur bytes)
{
    struct tw_uadp u;
    if (tw_uadp_read(bytes, &u) != TW_PUBSUB_NONE)
        return COUNT_BAD;
    if (u.is_encrypted)
        return COUNT_ENCRYPTED;
    return u.is_chunk ? COUNT_CHUNKS : u.kind;
}

static void data(void *state, struct tw_proto_env *env, const struct tw_conn *conn,
    unsigned direction, struct tw_cur bytes, const struct tw_when *when)
{
    (void)state;
    struct tw_event base;
    tw_proto_event(&base, conn, direction, when, TW_PROTO_OPCUA, TW_ACTION_PUBLISH);
    base.is_tcp = false;
    env->counters->messages[TW_COUNT_PUBSUB][slot_of(bytes)]++;
    const struct tw_uadp_report report = {
        .emit = &env->emit, .base = &base, .datagram = true, .serial = env->next_serial++};
    env->counters->malformed += tw_uadp_report(&report, bytes) != TW_PUBSUB_NONE;
}

static size_t counter_name(unsigned slot, char *out, size_t size)
{
    static const char *const names[COUNTERS] = {
        "data", "probe", "announcement", "chunk", "encrypted", "malformed"};
    return slot < COUNTERS ? tw_str_copy(out, size, tw_str_of(names[slot])) : 0;
}

const struct tw_datagram_proto tw_pubsub = {
    .name = "pubsub",
    .id = TW_PROTO_OPCUA,
    .counters = TW_COUNT_PUBSUB,
    .ether_type = ETHER_TYPE,
    .probe = probe,
    .data = data,
    .counter_name = counter_name,
};
