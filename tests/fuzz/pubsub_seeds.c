/* Write the seeds of fuzz_pubsub that no capture holds: actions, promoted fields, metadata with all
 * that it may describe, messages in a row, topics and properties. usage: pubsub_seeds FOLDER */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "opcua_wire.h"

enum { DATAGRAM, TOPIC_UADP, TOPIC_JSON, DATAGRAMS, PROPERTIES };

static const char *folder;
static struct wire w;

static void begin(unsigned way)
{
    w.n = 0;
    w_u8(&w, way);
}

static void put(const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/pubsub/%s", folder, name);
    FILE *f = fopen(path, "wb");
    if (f == NULL || fwrite(w.b, 1, w.n, f) != w.n || fclose(f) != 0) {
        perror(path);
        exit(1);
    }
}

static void text(const char *s)
{
    w_raw(&w, s, strlen(s));
}

/* A PublisherId of a byte, ExtendedFlags2, one writer. */
static void head(unsigned extended)
{
    w_u8(&w, 0xd1);
    w_u8(&w, 0x80);
    w_u8(&w, extended);
    w_u8(&w, 7);
    w_u8(&w, 1);
    w_u16(&w, 10);
}

static void field(double v)
{
    w_u8(&w, 11);
    w_f64(&w, v);
}

/* [UA14 7.2.4.5.9]: as stacks send it, as the standard has it, and as neither. */
static void actions(void)
{
    begin(DATAGRAM);
    head(0x20);
    w_u8(&w, 0x1f); /* a request with all that it may have */
    w_str(&w, "opc.udp://plc");
    w_str(&w, "correlation");
    field(1);
    w_f64(&w, 1000);
    w_raw(&w, "\1\0\2\0\1", 5);
    w_u16(&w, 1);
    field(2.5);
    put("action-request");
    begin(DATAGRAM);
    head(0x20);
    w_u8(&w, 0);
    w_raw(&w, "\x81\5\1\0\2\0\1", 7);
    w_u16(&w, 1);
    field(2.5);
    put("action-response");
    begin(TOPIC_UADP);
    head(0x20);
    w_u8(&w, 0);
    text("neither");
    put("action-opaque");
}

static void promoted(void)
{
    begin(DATAGRAM);
    w_raw(&w, "\xd1\xe8\2\7", 4); /* DataSetClassId, times */
    w_raw(&w, "0123456789abcdef\1\12\0", 19);
    w_time(&w);
    w_u16(&w, 10);
    w_u16(&w, 9);
    field(7);
    w_raw(&w, "\xf9\x30", 2); /* a DataSetMessage with all that it may have */
    w_u16(&w, 1);
    w_time(&w);
    w_u16(&w, 10);
    w_u16(&w, 0x4000);
    w_u32(&w, 1);
    w_u32(&w, 2);
    w_u16(&w, 1);
    field(7);
    put("promoted");
    begin(DATAGRAM);
    w_raw(&w, "\xd1\x84\1", 3); /* a name, a chunk */
    w_str(&w, "plant");
    w_raw(&w, "\12\0\1\0", 4);
    w_u32(&w, 2);
    w_u32(&w, 9);
    w_str(&w, "chunk");
    put("chunk-named");
}

static void described(const char *name)
{
    w_str(&w, name);
    w_u8(&w, 3);
    w_str(&w, "en");
    w_str(&w, "of the boiler");
    w_u16(&w, 1);
    w_u8(&w, 11);
    w_node(&w, 0, 11);
    w_u32(&w, UINT32_MAX);
    w_u32(&w, 0);
    w_u32(&w, 0);
    w_raw(&w, "0123456789abcdef", 16);
    w_u32(&w, 1); /* a property */
    w_u16(&w, 0);
    w_str(&w, "EURange");
    field(100);
}

static void structures(void)
{
    w_u32(&w, 1);
    w_node(&w, 1, 3000);
    w_u16(&w, 1);
    w_str(&w, "Point");
    w_node(&w, 1, 3001);
    w_node(&w, 0, 22);
    w_u32(&w, 0);
    w_u32(&w, 1);
    w_str(&w, "x");
    w_u8(&w, 0);
    w_node(&w, 0, 11);
    w_u32(&w, UINT32_MAX);
    w_u32(&w, 0);
    w_u32(&w, 0);
    w_u8(&w, 0);
    w_u32(&w, 1); /* an enumeration */
    w_node(&w, 1, 3002);
    w_u16(&w, 1);
    w_str(&w, "State");
    w_u32(&w, 1);
    w_f64(&w, 0);
    w_u8(&w, 0);
    w_u8(&w, 0);
    w_str(&w, "Off");
    w_u8(&w, 6);
    w_u32(&w, 1); /* a simple type */
    w_node(&w, 1, 3003);
    w_u16(&w, 1);
    w_str(&w, "Percent");
    w_node(&w, 0, 11);
    w_u8(&w, 11);
}

static void metadata(bool types, unsigned fields)
{
    w_raw(&w, "\x91\x80\x08\7\2\1\0\12\0", 9);
    w_u32(&w, 1);
    w_str(&w, "urn:plant");
    if (types)
        structures();
    else
        w_raw(&w, "\0\0\0\0\0\0\0\0\0\0\0\0", 12);
    w_str(&w, "Boiler");
    w_u8(&w, 0);
    w_u32(&w, fields);
    for (unsigned i = 0; i < fields; i++)
        described(i == 0 ? "Temp" : "password");
    w_raw(&w, "0123456789abcdef", 16);
    w_u32(&w, 1);
    w_u32(&w, 1);
    w_u32(&w, 0);
}

/* A datagram of a row: its length is put before it when it is written. */
static size_t open_row(void)
{
    w_u16(&w, 0);
    return w.n;
}

static void close_row(size_t at)
{
    const size_t len = w.n - at;
    w.b[at - 2] = (uint8_t)len;
    w.b[at - 1] = (uint8_t)(len >> 8);
}

static void key_frame(unsigned sequence, unsigned major)
{
    const size_t at = open_row();
    w_raw(&w, "\x51\7\1\12\0\x69", 6);
    w_u16(&w, sequence);
    w_u32(&w, major);
    w_u32(&w, 1);
    w_u16(&w, 2);
    field(2.5);
    w_u8(&w, 12);
    w_str(&w, "secret");
    close_row(at);
}

static void rows(void)
{
    begin(DATAGRAM);
    metadata(true, 1);
    put("metadata-types");
    begin(DATAGRAMS);
    size_t at = open_row();
    metadata(false, 2);
    close_row(at);
    key_frame(65535, 1);
    key_frame(0, 1);
    key_frame(3, 2);
    at = open_row();
    w_raw(&w, "\x51\7\1\12\0\x89\3\4\0", 9); /* a keep-alive */
    close_row(at);
    key_frame(2, 2);
    put("row");
    begin(DATAGRAMS);
    for (unsigned sequence = 1; sequence < 4; sequence += 2) {
        at = open_row();
        w_raw(&w, "\x71\7\x0d\1\0\2\0", 7); /* of the group */
        w_u16(&w, sequence);
        w_raw(&w, "\2\12\0\13\0\3\0\3\0\1\0\0\1\0\0", 15);
        close_row(at);
    }
    put("row-of-group");
}

static void property(const char *s)
{
    w_u8(&w, (unsigned)strlen(s));
    text(s);
}

static void message(const char *name, const char *topic, const char *content_type, const char *type,
    const char *payload)
{
    begin(PROPERTIES);
    property(topic);
    property(content_type);
    property(type);
    text(payload);
    put(name);
}

static void on_topics(void)
{
    message("topic-status", "a/b/json/status/Cell", "", "",
        "{\"MessageType\":\"ua-status\",\"PublisherId\":\"Cell\",\"Status\":2}");
    message("topic-metadata", "opcua/json/metadata/7/Axes/Axis", "application/json", "ua-metadata",
        "{\"MetaData\":{\"Fields\":[{\"Name\":\"Temp\",\"x\":[1]},3],\"ConfigurationVersion\":"
        "{\"MajorVersion\":1,\"MinorVersion\":\"2\"}},\"PublisherId\":18446744073709551615}");
    message("topic-none", "plain", "", "",
        "{\"MessageType\":\"ua-data\",\"Messages\":[{\"MessageType\":\"ua-deltaframe\","
        "\"MetaDataVersion\":{\"MajorVersion\":1},\"Status\":{\"Code\":2147483648},"
        "\"SequenceNumber\":5,"
        "\"MinorVersion\":1,\"DataSetWriterName\":\"\\u0041xis\",\"Payload\":{\"a\":1}},"
        "{\"Status\":{},\"WriterGroupId\":3},{\"Status\":1073741824,\"Timestamp\":\"2026-03-01T08:"
        "00:00Z\"},7]}");
    message("topic-list", "opcua/json/data/Cell/Axes/Axis", "", "",
        "[{\"DataSetWriterId\":1,\"Payload\":{}},{\"DataSetWriterId\":2}]");
    message("topic-property", "plain", "", "ua-keepalive", "{\"a\":1}");
    message("topic-uadp", "plain", "application/opcua+uadp", "ua-action-response", "\x51\7\1\12");
}

int main(int argc, char **argv)
{
    if (argc != 2)
        return 2;
    folder = argv[1];
    actions();
    promoted();
    rows();
    on_topics();
    return 0;
}
