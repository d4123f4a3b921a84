/* The YAML loader with everything that reads through it: the inventory, the configuration,
 * messages. The first byte chooses. Positions stay inside the file, a refusal always says why, and
 * topic filters that are said to cover each other do. */

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/topic.h"
#include "config/gateway.h"
#include "registry/model.h"

static unsigned count_lines(const char *p, size_t n)
{
    unsigned lines = 1;
    for (size_t i = 0; i < n; i++)
        lines += p[i] == '\n' || p[i] == '\r' || (unsigned char)p[i] >= 0x80;
    return lines;
}

static void check_diags(const struct tw_diags *d, unsigned lines)
{
    struct tw_text json = {0};
    FILE *out = fopen("/dev/null", "w");
    for (size_t i = 0; i < d->n; i++) {
        assert(d->list[i].line <= lines + 1);
        assert(d->list[i].message[0] != '\0');
    }
    if (out != NULL) {
        tw_diags_print(d, out);
        fclose(out);
    }
    tw_diags_json(d, &json);
    tw_text_free(&json);
}

static void check_node(const struct tw_node *n, unsigned lines, unsigned depth)
{
    assert(depth <= 33 && n->line >= 1 && n->line <= lines + 1 && n->column >= 1);
    if (n->kind == TW_NODE_SCALAR) {
        assert(n->n == 0 && n->text.p != NULL && n->text.p[n->text.len] == '\0');
        return;
    }
    for (size_t i = 0; i < n->n; i++) {
        assert((n->children[i].key.p != NULL) == (n->kind == TW_NODE_MAP));
        check_node(&n->children[i], lines, depth + 1);
    }
}

/* Every place in every text can be pointed at. */
static void point_everywhere(const struct tw_yaml *y, const struct tw_node *n, unsigned lines)
{
    struct tw_diags d = {0};
    for (size_t i = 0; n->kind == TW_NODE_SCALAR && i <= n->text.len && i < 64; i++)
        tw_yaml_error_at(y, &d, n, i, NULL, "at %zu", i);
    check_diags(&d, lines);
    tw_diags_fini(&d);
    for (size_t i = 0; i < n->n && i < 16; i++)
        point_everywhere(y, &n->children[i], lines);
}

static void read_tree(const char *p, size_t n)
{
    struct tw_diags d = {0};
    unsigned lines = count_lines(p, n);
    struct tw_yaml *y = tw_yaml_load_bytes("fuzz", p, n, &d);
    assert(y != NULL || d.errors > 0);
    check_diags(&d, lines);
    if (y != NULL && y->root != NULL) {
        check_node(y->root, lines, 0);
        point_everywhere(y, y->root, lines);
    }
    tw_yaml_free(y);
    tw_diags_fini(&d);
}

static void ask(struct tw_registry *r)
{
    struct tw_mqtt_info mqtt = {.client_id = {.s = TW_STR("c")}, .username = {.s = TW_STR("u")}};
    struct tw_opcua_info opcua = {.application_uri = {.s = TW_STR("urn:a")}};
    for (int action = 0; action < TW_ACTION_COUNT; action++) {
        for (int protocol = TW_PROTO_OTHER; protocol <= TW_PROTO_MQTT; protocol++) {
            struct tw_facts f, again;
            struct tw_event e = {.action = (enum tw_action)action,
                .protocol = (enum tw_protocol)protocol,
                .src = {.ip = {4, {10, 0, 0, 1}}, .port = 50000, .has_mac = true, .mac = {2}},
                .dst = {.ip = {4, {10, 0, 0, 2}}, .port = 4840},
                .app = TW_STR("dns"),
                .object = protocol == TW_PROTO_MQTT ? TW_STR("a/b") : TW_STR("ns=2;s=A.B"),
                .mqtt = protocol == TW_PROTO_MQTT ? &mqtt : NULL,
                .opcua = protocol == TW_PROTO_OPCUA ? &opcua : NULL};
            tw_registry_resolve(r, &e, &f);
            tw_registry_resolve(r, &e, &again);
            assert(f.actor.id.p == again.actor.id.p && f.actor.identity == again.actor.identity);
            assert(f.grant.allowed == again.grant.allowed);
            assert(f.variable.id.p == again.variable.id.p);
            assert((f.actor.identity == TW_IDENTITY_MISMATCH) == (f.actor.mismatch.p != NULL));
            assert((f.actor.kind == TW_ACTOR_UNREGISTERED) ==
                   (f.actor.identity == TW_IDENTITY_UNREGISTERED));
        }
    }
}

static void load_file(const char *p, size_t n, bool inventory)
{
    char path[64];
    struct tw_diags d = {0};
    int fd = memfd_create("fuzz", 0);
    if (fd < 0 || write(fd, p, n) != (ssize_t)n) {
        close(fd);
        return;
    }
    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    if (inventory) {
        struct tw_registry *r = tw_registry_load(path, &d);
        assert((r != NULL) == (d.errors == 0));
        if (r != NULL)
            ask(r);
        tw_registry_free(r);
    } else {
        struct tw_text dump = {0};
        struct tw_config *c = tw_config_load(path, &d);
        assert((c != NULL) == (d.errors == 0));
        if (c != NULL)
            tw_config_dump(c, &dump);
        tw_text_free(&dump);
        tw_config_free(c);
    }
    check_diags(&d, count_lines(p, n));
    tw_diags_fini(&d);
    close(fd);
}

/* Three texts in a row, a byte each as a letter: if a covers b and b matches c, then a matches c.
 */
static void cover(const char *p, size_t n)
{
    char text[3][32];
    struct tw_str s[3];
    static const char letters[] = "ab/+#$/+";
    for (size_t k = 0; k < 3; k++) {
        size_t len = n > 32 ? 32 : n;
        size_t used = 0;
        while (used < len && p[used] != '\n' && used < 31) {
            text[k][used] = letters[(unsigned char)p[used] % 8];
            used++;
        }
        s[k] = (struct tw_str){text[k], used};
        size_t skip = used < n ? used + 1 : used;
        p += skip;
        n -= skip;
    }
    if (!tw_topic_filter_valid(s[0]) || !tw_topic_filter_valid(s[1]) || !tw_topic_name_valid(s[2]))
        return;
    if (tw_topic_covers(s[0], s[1]) && tw_topic_matches(s[1], s[2]))
        assert(tw_topic_matches(s[0], s[2]));
    if (tw_topic_covers(s[0], s[2]))
        assert(tw_topic_matches(s[0], s[2]));
    else
        assert(!tw_topic_matches(s[0], s[2]));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0 || size > (64 << 10))
        return 0;
    const char *p = (const char *)data + 1;
    switch (data[0] % 4) {
    case 0:
        read_tree(p, size - 1);
        break;
    case 1:
        load_file(p, size - 1, true);
        break;
    case 2:
        load_file(p, size - 1, false);
        break;
    default:
        cover(p, size - 1);
        break;
    }
    return 0;
}
