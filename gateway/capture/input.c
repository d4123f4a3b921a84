#include "capture/input.h"

#include <errno.h>
#include <inttypes.h>
#include <pcap.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/timefmt.h"
#include "capture/packet.h"

enum { SNAPLEN = 262144, RING_MB = 64, BLOCK_MS = 100, SHORT_NAME = 256 };
/* Times of files are what somebody wrote there. Up to 2255 they fit 64 bits of nanoseconds, with
 * room for every window that is added to them. */
static const int64_t last_second = 9000000000;

__attribute__((format(printf, 3, 4))) static void set_error(
    const struct tw_input *in, struct tw_capture_error *err, const char *format, ...)
{
    va_list args;
    *err = (struct tw_capture_error){.packet = in->head.number_in_input};
    tw_str_copy(err->input, sizeof(err->input), tw_str_of(in->name));
    va_start(args, format);
    vsnprintf(err->text, sizeof(err->text), format, args);
    va_end(args);
}

/* Names may be as long as paths; a sentence stays readable with their end. */
static const char *shown(const struct tw_input *in)
{
    if (strcmp(in->name, "-") == 0)
        return "standard input";
    const size_t len = strlen(in->name);
    return len > SHORT_NAME ? in->name + len - SHORT_NAME : in->name;
}

static enum tw_status compile(struct tw_input *in, const char *filter, struct tw_capture_error *err)
{
    if (filter == NULL || filter[0] == '\0')
        return TW_OK;
    struct bpf_program *program = calloc(1, sizeof(*program));
    if (program == NULL)
        return TW_NO_MEMORY;
    if (pcap_compile(in->pcap, program, filter, 1, PCAP_NETMASK_UNKNOWN) != 0) {
        set_error(in, err, "the filter \"%.200s\" is not valid: %s", filter, pcap_geterr(in->pcap));
        free(program);
        return TW_INVALID;
    }
    in->filter = program;
    return TW_OK;
}

/* Packets that nobody can read look like a silent network: better to say so at once. */
static bool check_link(struct tw_input *in, struct tw_capture_error *err)
{
    in->head.linktype = pcap_datalink(in->pcap);
    if (tw_packet_reads(in->head.linktype))
        return true;
    const char *name = pcap_datalink_val_to_name(in->head.linktype);
    set_error(in, err,
        "%s holds packets of link type %s (%d), which are not read: Ethernet, Linux cooked, raw IP "
        "and loopback are",
        shown(in), name != NULL ? name : "unknown", in->head.linktype);
    return false;
}

static enum tw_status start_pcap(struct tw_input *in, struct tw_capture_error *err)
{
    char why[PCAP_ERRBUF_SIZE] = "", what[160];
    in->stream = tw_source_stream(&in->source);
    if (in->stream == NULL)
        return TW_NO_MEMORY;
    in->pcap =
        pcap_fopen_offline_with_tstamp_precision(in->stream, PCAP_TSTAMP_PRECISION_NANO, why);
    if (in->pcap != NULL) {
        in->stream = NULL;
        return TW_OK;
    }
    const bool headed = in->source.head_len >= 24;
    tw_source_describe(&in->source, what, sizeof(what));
    if (headed && tw_source_kind(&in->source) != TW_SOURCE_UNKNOWN)
        set_error(in, err, "%s is no readable capture: %s", shown(in), why);
    else
        set_error(in, err, "%s is no capture: it %s (packet 0, byte offset 0)", shown(in), what);
    return TW_DAMAGED;
}

enum tw_status tw_input_open_file(
    struct tw_input *in, const char *filter, struct tw_capture_error *err)
{
    in->head = (struct tw_raw_packet){.input = in->head.input};
    in->has_head = false;
    in->record_at = 24;
    if (tw_source_open(&in->source, in->name) != TW_OK) {
        const int why = errno;
        set_error(in, err, "can not read %s: %s", shown(in), strerror(why));
        return why == EACCES ? TW_PERMISSION : TW_IO;
    }
    in->source.stop_fd = in->stop_fd;
    enum tw_status st = start_pcap(in, err);
    if (st == TW_OK) {
        in->head.nano = tw_source_is_nano(&in->source);
        st = check_link(in, err) ? compile(in, filter, err) : TW_DAMAGED;
    }
    if (st == TW_NO_MEMORY)
        set_error(in, err, "out of memory while opening %s", shown(in));
    if (st != TW_OK)
        tw_input_close(in);
    return st;
}

/* Privileges and names that do not exist are the operator's to mend: both say which interface. */
static enum tw_status activate(struct tw_input *in, struct tw_capture_error *err)
{
    const int rc = pcap_activate(in->pcap);
    if (rc >= 0)
        return TW_OK;
    const char *detail = pcap_geterr(in->pcap);
    const char *hint = rc == PCAP_ERROR_PERM_DENIED || rc == PCAP_ERROR_PROMISC_PERM_DENIED
                           ? " (capturing needs the capability CAP_NET_RAW)"
                       : rc == PCAP_ERROR_NO_SUCH_DEVICE ? " ('ip link' lists the interfaces)"
                                                         : "";
    const char *what = pcap_statustostr(rc);
    const bool more = detail[0] != '\0' && strcmp(detail, what) != 0;
    set_error(in, err, "can not capture on interface %s: %s%s%.200s%s", shown(in), what,
        more ? ": " : "", more ? detail : "", hint);
    return TW_PERMISSION;
}

static bool configure(struct tw_input *in, const struct tw_capture_live *options)
{
    const int ring = options->ring_mb > 0 && options->ring_mb < 2048 ? options->ring_mb : RING_MB;
    /* Microseconds, as a capture that is recorded beside it has them: live then equals replay. */
    return pcap_set_snaplen(in->pcap, options->snaplen > 0 ? options->snaplen : SNAPLEN) == 0 &&
           pcap_set_promisc(in->pcap, 1) == 0 && pcap_set_timeout(in->pcap, BLOCK_MS) == 0 &&
           pcap_set_buffer_size(in->pcap, ring << 20) == 0;
}

/* Ask the kernel to stamp packets as they come in. Otherwise each reader of the interface takes the
 * time when it is its turn, and a recording beside us is a microsecond off. */
static void stamp_once(const struct tw_input *in)
{
    const int on = 1;
    /* Where it is no socket, its times are what they are. */
    (void)setsockopt(pcap_fileno(in->pcap), SOL_SOCKET, SO_TIMESTAMP, &on, sizeof(on));
}

static enum tw_status start_live(
    struct tw_input *in, const struct tw_capture_live *options, struct tw_capture_error *err)
{
    char why[PCAP_ERRBUF_SIZE] = "";
    in->live = true;
    in->pcap = pcap_create(in->name, why);
    if (in->pcap == NULL || !configure(in, options)) {
        set_error(in, err, "can not open interface %s: %s", shown(in), why);
        return TW_PERMISSION;
    }
    TW_TRY(activate(in, err));
    stamp_once(in);
    if (pcap_setnonblock(in->pcap, 1, why) != 0) {
        set_error(in, err, "can not poll interface %s: %s", shown(in), why);
        return TW_IO;
    }
    if (!check_link(in, err))
        return TW_PERMISSION;
    TW_TRY(compile(in, options->filter, err));
    if (in->filter != NULL && pcap_setfilter(in->pcap, in->filter) != 0) {
        set_error(in, err, "can not filter on %s: %s", shown(in), pcap_geterr(in->pcap));
        return TW_INVALID;
    }
    return TW_OK;
}

enum tw_status tw_input_open_live(
    struct tw_input *in, const struct tw_capture_live *options, struct tw_capture_error *err)
{
    const enum tw_status st = start_live(in, options, err);
    if (st == TW_NO_MEMORY)
        set_error(in, err, "out of memory while opening %s", shown(in));
    if (st != TW_OK)
        tw_input_close(in);
    return st;
}

void tw_input_resume(struct tw_input *in, struct tw_input *found)
{
    tw_input_close(in);
    in->pcap = found->pcap;
    in->filter = found->filter;
    in->head.linktype = found->head.linktype;
    in->last_received = in->last_dropped = in->last_if_dropped = 0;
    found->pcap = NULL;
    found->filter = NULL;
}

__attribute__((noinline)) static enum tw_status broken(
    struct tw_input *in, struct tw_capture_error *err)
{
    const char *why = pcap_geterr(in->pcap);
    if (in->live) {
        set_error(in, err, "interface %s is gone: %s; nothing is seen there until it is back",
            shown(in), why);
        return TW_IO;
    }
    struct tw_source_damage d;
    if (tw_source_find_damage(&in->source, &d)) {
        set_error(in, err,
            "%s is damaged after packet %" PRIu64 ", at byte offset %" PRIu64
            ": %s; all packets before it were read",
            shown(in), in->head.number_in_input, d.offset, d.text);
        err->offset = d.offset;
    } else {
        const bool exact = tw_source_kind(&in->source) == TW_SOURCE_PCAP;
        const uint64_t at = exact ? in->record_at : tw_source_read_bytes(&in->source);
        set_error(in, err,
            "%s is damaged after packet %" PRIu64 ", %s byte offset %" PRIu64
            ": %s; all packets before it were read",
            shown(in), in->head.number_in_input, exact ? "at" : "before", at, why);
        err->offset = at;
    }
    return TW_DAMAGED;
}

/* tv_usec holds nanoseconds in files, which were opened so, and microseconds live. */
static int64_t time_ns(const struct timeval *ts, bool live)
{
    const int64_t unit = live ? TW_NS_PER_S / 1000000 : 1;
    if (ts->tv_sec < 0 || ts->tv_usec < 0)
        return 0;
    if (ts->tv_sec > last_second || ts->tv_usec * unit >= TW_NS_PER_S)
        return (ts->tv_sec > last_second ? last_second : ts->tv_sec) * TW_NS_PER_S;
    return ts->tv_sec * TW_NS_PER_S + ts->tv_usec * unit;
}

enum tw_status tw_input_read(struct tw_input *in, struct tw_capture_error *err)
{
    struct pcap_pkthdr *header;
    const u_char *data;
    const int rc = pcap_next_ex(in->pcap, &header, &data);
    in->has_head = rc == 1;
    if (rc == 0)
        return TW_AGAIN;
    if (rc == PCAP_ERROR_BREAK)
        return TW_END;
    if (rc != 1)
        return broken(in, err);
    in->head.ts_ns = time_ns(&header->ts, in->live);
    in->head.p = data;
    in->head.caplen = header->caplen;
    in->head.len = header->len;
    in->head.number_in_input++;
    in->record_at += 16 + (uint64_t)header->caplen;
    return TW_OK;
}

bool tw_input_matches(const struct tw_input *in)
{
    if (in->filter == NULL || in->live)
        return true;
    const struct pcap_pkthdr header = {.caplen = in->head.caplen, .len = in->head.len};
    return pcap_offline_filter(in->filter, &header, in->head.p) != 0;
}

int tw_input_fd(const struct tw_input *in)
{
    return in->pcap == NULL ? -1 : pcap_get_selectable_fd(in->pcap);
}

void tw_input_count(struct tw_input *in)
{
    struct pcap_stat now;
    if (in->pcap == NULL || !in->live || pcap_stats(in->pcap, &now) != 0)
        return;
    /* libpcap's figure of what passed the filter holds what was then dropped [packet(7)]. */
    in->received += (now.ps_recv - in->last_received) - (now.ps_drop - in->last_dropped);
    in->dropped += now.ps_drop - in->last_dropped;
    in->if_dropped += now.ps_ifdrop - in->last_if_dropped;
    in->last_received = now.ps_recv;
    in->last_dropped = now.ps_drop;
    in->last_if_dropped = now.ps_ifdrop;
}

uint64_t tw_input_read_bytes(const struct tw_input *in)
{
    return in->pcap != NULL ? tw_source_read_bytes(&in->source) : in->read_bytes;
}

void tw_input_close(struct tw_input *in)
{
    tw_input_count(in);
    in->read_bytes = in->source.read_bytes = tw_source_read_bytes(&in->source);
    if (in->filter != NULL) {
        pcap_freecode(in->filter);
        free(in->filter);
        in->filter = NULL;
    }
    if (in->pcap != NULL)
        pcap_close(in->pcap);
    if (in->stream != NULL)
        fclose(in->stream);
    if (!in->live)
        tw_source_close(&in->source);
    in->pcap = NULL;
    in->stream = NULL;
    in->has_head = false;
}
