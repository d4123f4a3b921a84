#include "pipeline/worker.h"

#include <stdlib.h>

#include "crypto/certificate.h"
#include "crypto/digest.h"
#include "crypto/gunzip.h"
#include "protocol/payload_digest.h"
#include "protocol/payload_shape.h"

struct tw_worker {
    struct tw_flows *flows;
    struct tw_proto_env env;
    struct tw_proto_counters counters;
    struct tw_opcua_opener *opener; /* NULL without keys */
    struct tw_tls_opener *tls_opener;
};

static unsigned key_sets(const void *keys, uint32_t channel, uint32_t token)
{
    return tw_opcua_opener_sets(keys, channel, token);
}

static bool open_sealed(
    void *keys, const struct tw_sealed *sealed, void *out, size_t *out_len, unsigned *out_padding)
{
    const struct tw_opcua_chunk_sealed chunk = {
        .channel = sealed->channel,
        .token = sealed->token,
        .set = sealed->set,
        .from_client = sealed->from_client,
        .p = sealed->bytes.p,
        .len = sealed->bytes.left,
    };
    return tw_opcua_opener_open(keys, &chunk, out, out_len, out_padding);
}

static bool tls_knows(const void *keys, const uint8_t client_random[TW_TLS_RANDOM])
{
    return tw_tls_opener_knows(keys, client_random);
}

static bool tls_open(void *keys, const struct tw_tls_sealed *sealed, uint8_t *out, size_t *out_len,
    uint8_t *out_type)
{
    return tw_tls_opener_open(keys, sealed, out, out_len, out_type);
}

/* False when memory is short. */
static bool make_openers(struct tw_worker *w, const struct tw_worker_config *config)
{
    if (config->opcua_keys != NULL)
        w->opener = tw_opcua_opener_new(config->opcua_keys);
    if (config->tls_keys != NULL)
        w->tls_opener = tw_tls_opener_new(config->tls_keys);
    w->env.opcua_keys = w->opener;
    w->env.tls_keys = w->tls_opener;
    return (config->opcua_keys == NULL || w->opener != NULL) &&
           (config->tls_keys == NULL || w->tls_opener != NULL);
}

struct tw_worker *tw_worker_new(const struct tw_worker_config *config)
{
    struct tw_worker *w = calloc(1, sizeof(*w));
    if (w == NULL)
        return NULL;
    w->env = (struct tw_proto_env){
        .pool = tw_pool_new(config->limits.pool_bytes / config->n_workers),
        .limits = config->limits,
        .counters = &w->counters,
        .seed = tw_seed_random(),
        .next_serial = 1,
        .payload_sha256 = config->payload_digests ? tw_sha256 : NULL,
        .certificate_sha256 = tw_certificate_sha256,
        .certificate_uri = tw_certificate_uri,
        .certificate_read = tw_certificate_read,
        .opcua_key_sets = key_sets,
        .opcua_open = open_sealed,
        .shapes = tw_shapes_new(),
        .digests = tw_digests_new(),
        .gunzip = tw_gunzip_open,
        .gunzip_context = tw_gunzip_new(),
        .tls_knows = tls_knows,
        .tls_can = tw_tls_opener_can,
        .tls_open = tls_open,
    };
    const struct tw_flows_config flows = {
        .capacity = config->limits.flows / config->n_workers + 1,
        .protocols = tw_protocols,
        .datagram_protocols = tw_datagram_protocols,
        .env = &w->env,
        .ndpi = config->ndpi,
    };
    if (w->env.pool != NULL && w->env.shapes != NULL && w->env.digests != NULL &&
        w->env.gunzip_context != NULL && make_openers(w, config))
        w->flows = tw_flows_new(&flows);
    if (w->flows == NULL) {
        tw_worker_free(w);
        return NULL;
    }
    return w;
}

void tw_worker_free(struct tw_worker *w)
{
    if (w == NULL)
        return;
    tw_flows_free(w->flows);
    tw_pool_free(w->env.pool);
    tw_shapes_free(w->env.shapes);
    tw_digests_free(w->env.digests);
    tw_gunzip_free(w->env.gunzip_context);
    tw_opcua_opener_free(w->opener);
    tw_tls_opener_free(w->tls_opener);
    free(w);
}

void tw_worker_emit_to(struct tw_worker *w, struct tw_emit emit, const struct tw_asks *asks)
{
    w->env.emit = emit;
    w->env.asks = asks == NULL ? (struct tw_asks){.pass = NULL} : *asks;
}

void tw_worker_packet(struct tw_worker *w, const struct tw_packet *packet)
{
    tw_flows_packet(w->flows, packet);
}

void tw_worker_tick(struct tw_worker *w, int64_t now_ns, uint64_t packet)
{
    tw_flows_tick(w->flows, now_ns, packet);
}

void tw_worker_finish(struct tw_worker *w, int64_t now_ns, uint64_t packet)
{
    tw_flows_finish(w->flows, now_ns, packet);
}

static void add_flows(struct tw_flows_stats *sum, const struct tw_flows_stats *s)
{
    sum->flows += s->flows;
    sum->evicted += s->evicted;
    sum->packets += s->packets;
    sum->tcp_packets += s->tcp_packets;
    sum->udp_packets += s->udp_packets;
    sum->retransmitted_bytes += s->retransmitted_bytes;
    sum->out_of_order += s->out_of_order;
    sum->gaps += s->gaps;
    sum->gap_bytes += s->gap_bytes;
    sum->conflicts += s->conflicts;
    sum->bad_checksums += s->bad_checksums;
    sum->opcua_flows += s->opcua_flows;
    sum->mqtt_flows += s->mqtt_flows;
    sum->active += s->active;
}

static void add_counters(struct tw_proto_counters *sum, const struct tw_proto_counters *c)
{
    for (size_t p = 0; p < sizeof(c->messages) / sizeof(c->messages[0]); p++) {
        for (size_t i = 0; i < sizeof(c->messages[0]) / sizeof(c->messages[0][0]); i++)
            sum->messages[p][i] += c->messages[p][i];
    }
    sum->malformed += c->malformed;
    sum->gaps += c->gaps;
    sum->resyncs += c->resyncs;
    sum->cut += c->cut;
    sum->unknown_services += c->unknown_services;
}

void tw_worker_stats_sum(const struct tw_worker_stats *stats, struct tw_worker_stats *sum)
{
    add_flows(&sum->flows, &stats->flows);
    add_counters(&sum->counters, &stats->counters);
    sum->pool.in_use_bytes += stats->pool.in_use_bytes;
    sum->pool.peak_bytes += stats->pool.peak_bytes;
    sum->pool.refused += stats->pool.refused;
}

void tw_worker_stats_add(const struct tw_worker *w, struct tw_worker_stats *sum)
{
    const struct tw_worker_stats stats = {.flows = tw_flows_stats(w->flows),
        .counters = w->counters,
        .pool = tw_pool_stats(w->env.pool)};
    tw_worker_stats_sum(&stats, sum);
}
