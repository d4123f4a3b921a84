#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <sys/stat.h>
#include <unistd.h>

#include "config/gateway.h"
#include "config/gateway_options.h"
#include "config_help.h"

static char folder[] = "/tmp/tw-test-config-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) == NULL;
}

static int drop_folder(void **state)
{
    char path[128];
    static const char *const files[] = {"gw.yaml", "secret", "more.yaml", "a.yaml", "b.yaml",
        "conf.d/10-site.yaml", "conf.d/20-site.yaml", "conf.d/30-no.txt", "conf.d/.40-hidden.yaml",
        "conf.d"};
    (void)state;
    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
        snprintf(path, sizeof(path), "%s/%s", folder, files[i]);
        remove(path);
    }
    return rmdir(folder);
}

static const char *put(const char *name, const char *text, mode_t mode)
{
    static char path[128];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *out = fopen(path, "w");
    assert_non_null(out);
    fputs(text, out);
    fclose(out);
    assert_int_equal(chmod(path, mode), 0);
    return path;
}

static void defaults_need_no_file(void **state)
{
    (void)state;
    struct tw_diags d = {0};
    struct tw_config *c = tw_config_load(NULL, &d);
    assert_non_null(c);
    assert_null(c->site);
    assert_string_equal(c->gateway, "gw-1");
    assert_int_equal(c->broker.port, 1883);
    assert_int_equal(c->limits.flows, 200000);
    assert_int_equal(c->limits.sessions, 20000);
    assert_int_equal(c->limits.memory_mb, 512);
    assert_int_equal(c->workers, 0);
    assert_true(c->loss_percent == 0.1);
    assert_string_equal(c->log.level, "info");
    assert_int_equal(c->rules.n, 0);
    tw_config_free(c);
}

static void a_file_is_read_and_its_paths_are_its_own(void **state)
{
    static const char text[] =
        "site: plant-b\ngateway: gw-7\ninterfaces: [eth1, eth2]\nfilter: tcp\nworkers: 3\n"
        "inventory: inv.yaml\nrules: [rules.d, /abs/rules]\nbaseline: null\n"
        "ledger: {dir: /var/l, keep_mb: 100}\n"
        "broker: {host: 10.0.0.9, user: gw, password_file: secret, tls: {ca: ca.pem}}\n"
        "metrics: {listen: \"[::1]:9477\", textfile: ~}\nlog: {level: debug}\n";
    char want[192];
    (void)state;
    struct tw_diags d = {0};
    put("secret", "s3cret word\r\nmore\n", 0600);
    const char *path = put("gw.yaml", text, 0644);
    struct tw_config *c = tw_config_load(path, &d);
    assert_string_equal(said(&d), "");
    assert_non_null(c);
    assert_string_equal(c->path, path);
    assert_string_equal(c->site, "plant-b");
    assert_int_equal(c->interfaces.n, 2);
    assert_string_equal(c->interfaces.list[1], "eth2");
    snprintf(want, sizeof(want), "%s/inv.yaml", folder);
    assert_string_equal(c->inventory, want);
    snprintf(want, sizeof(want), "%s/rules.d", folder);
    assert_string_equal(c->rules.list[0], want);
    assert_string_equal(c->rules.list[1], "/abs/rules");
    assert_null(c->baseline);
    assert_string_equal(c->ledger.dir, "/var/l");
    assert_int_equal(c->ledger.segment_mb, 64);
    assert_int_equal(c->ledger.keep_mb, 100);
    assert_string_equal(c->broker.host, "10.0.0.9");
    assert_string_equal(c->broker.password, "s3cret word");
    assert_int_equal(c->broker.port, 8883);
    assert_string_equal(c->metrics.listen, "[::1]:9477");
    assert_null(c->metrics.textfile);
    tw_config_free(c);
}

/* What is included counts more, in the order of names; paths are those of the file they stand in.
 */
static void included_files_come_after(void **state)
{
    char want[192];
    (void)state;
    struct tw_diags d = {0};
    snprintf(want, sizeof(want), "%s/conf.d", folder);
    assert_int_equal(mkdir(want, 0755), 0);
    put("conf.d/20-site.yaml", "site: last\ninventory: plant.yaml\n", 0644);
    put("conf.d/10-site.yaml", "site: first\nworkers: 2\n", 0644);
    put("conf.d/30-no.txt", "site: [\n", 0644);
    put("conf.d/.40-hidden.yaml", "site: [\n", 0644);
    put("more.yaml", "gateway: gw-9\n", 0644);
    const char *path =
        put("gw.yaml", "include: [conf.d, more.yaml]\nsite: main\nworkers: 1\nfilter: tcp\n", 0644);
    struct tw_config *c = tw_config_load(path, &d);
    assert_string_equal(said(&d), "");
    assert_non_null(c);
    assert_string_equal(c->path, path);
    assert_string_equal(c->site, "last");
    assert_string_equal(c->gateway, "gw-9");
    assert_string_equal(c->filter, "tcp");
    assert_int_equal(c->workers, 2);
    assert_int_equal(c->include.n, 0);
    snprintf(want, sizeof(want), "%s/conf.d/plant.yaml", folder);
    assert_string_equal(c->inventory, want);
    tw_config_free(c);
    tw_diags_fini(&d);
}

static void mistakes_of_included_files_name_them(void **state)
{
    (void)state;
    struct tw_diags d = {0};
    put("a.yaml", "sit: x\n", 0644);
    put("b.yaml", "include: [a.yaml]\n", 0644);
    assert_null(tw_config_load(put("gw.yaml", "include: [a.yaml, b.yaml, none.yaml]\n", 0644), &d));
    assert_string_equal(said(&d),
        "1:1 unknown key \"sit\" in the configuration | did you mean \"site\"?\n"
        "0:0 a file that is included can not include others | name it in the main file\n"
        "0:0 No such file or directory\n");
    tw_diags_fini(&d);
}

static void all_mistakes_are_reported(void **state)
{
    static const char text[] =
        "sit: x\nworkers: 1.5\nsnaplen: 10\nrules: x\n"
        "broker: {port: 70000, hots: y}\nmetrics: {listen: 9477}\nlog: {level: inof}\nlimits: 5\n"
        "site: \"\"\nloss_percent: 100.5\nring_mb: 9\n";
    (void)state;
    struct tw_diags d = {0};
    assert_null(tw_config_load(put("gw.yaml", text, 0644), &d));
    assert_string_equal(said(&d),
        "1:1 unknown key \"sit\" in the configuration | did you mean \"site\"?\n"
        "2:10 \"1.5\" is not a whole number\n"
        "3:10 10 is out of range; it must be 64 to 262144\n"
        "4:8 \"rules\" must be a list of texts | write it in brackets: [a, b]\n"
        "5:16 70000 is out of range; it must be 1 to 65535\n"
        "5:23 unknown key \"hots\" in broker | did you mean \"host\"?\n"
        "6:19 \"9477\" is not ADDRESS:PORT | such as 127.0.0.1:9477\n"
        "7:14 \"inof\" is not error, warn, info or debug | did you mean \"info\"?\n"
        "8:9 \"limits\" must be a map\n"
        "9:7 this must not be empty\n"
        "10:15 \"100.5\" is out of range; it must be 0 to 100\n");
    tw_diags_fini(&d);
}

static void the_password_is_guarded(void **state)
{
    static const struct {
        const char *secret;
        mode_t mode;
        bool loads;
        const char *message;
    } rows[] = {{"pw\n", 0600, true, NULL},
        {"pw\n", 0644, true, "warning 0:0 others can read this password file (mode 644)"},
        {"\n", 0600, false, "0:0 the password file is empty"}};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct tw_diags d = {0};
        struct tw_text out = {0};
        put("secret", rows[i].secret, rows[i].mode);
        struct tw_config *c =
            tw_config_load(put("gw.yaml", "broker: {password_file: secret}\n", 0644), &d);
        assert_int_equal(c != NULL, rows[i].loads);
        if (rows[i].message != NULL)
            assert_non_null(strstr(said(&d), rows[i].message));
        else
            assert_int_equal(d.n, 0);
        if (c != NULL) {
            tw_config_dump(c, &out);
            assert_null(memmem(out.p, out.len, "pw", 2));
        }
        tw_text_free(&out);
        tw_config_free(c);
        tw_diags_fini(&d);
    }
    struct tw_diags d = {0};
    assert_null(tw_config_load(put("gw.yaml", "broker: {password_file: none}\n", 0644), &d));
    assert_non_null(strstr(said(&d), "the password can not be read: No such file or directory"));
    tw_diags_fini(&d);
}

static void certificate_and_key_belong_together(void **state)
{
    (void)state;
    struct tw_diags d = {0};
    assert_null(tw_config_load(put("gw.yaml", "broker: {tls: {cert: a.pem}}\n", 0644), &d));
    assert_string_equal(said(&d), "0:0 broker.tls.cert and broker.tls.key are given together\n");
    tw_diags_fini(&d);
}

static void set_changes_one_key(void **state)
{
    static const struct {
        const char *assignment, *said;
    } rows[] = {{"broker.port=8884", ""}, {"site=plant-c", ""}, {"rules=[a, b/c]", ""},
        {"log.level=warn", ""}, {"log.file=a.log", ""}, {"log.file=null", ""}, {"workers=3", ""},
        {"workers=~", ""}, {"loss_percent=2.5", ""}, {"gateway=\"null\"", ""},
        {"broker.port=0", "1:1 0 is out of range; it must be 1 to 65535\n"},
        {"loss_percent=-1", "1:1 \"-1\" is out of range; it must be 0 to 100\n"},
        {"loss_percent=.nan", "1:1 \".nan\" is not a number\n"},
        {"brokr.port=1", "0:0 there is no key \"brokr.port\" | did you mean \"broker.port\"?\n"},
        {"site", "0:0 \"site\" has no = | such as --set broker.port=8883\n"},
        {"site=", "0:0 the value is missing\n"},
        {"workers=[1]", "1:1 \"this item\" must be a whole number, not a list\n"},
        {"rules=[a", "1:3 did not find expected ',' or ']', while parsing a flow sequence\n"}};
    (void)state;
    struct tw_diags none = {0};
    struct tw_config *c = tw_config_load(NULL, &none);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_diags d = {0};
        assert_int_equal(tw_config_set(c, rows[i].assignment, &d), rows[i].said[0] == '\0');
        assert_string_equal(said(&d), rows[i].said);
        tw_diags_fini(&d);
    }
    assert_int_equal(c->broker.port, 8884);
    assert_string_equal(c->site, "plant-c");
    assert_int_equal(c->rules.n, 2);
    assert_string_equal(c->rules.list[1], "b/c");
    assert_string_equal(c->log.level, "warn");
    assert_null(c->log.file);
    assert_int_equal(c->workers, 0);
    assert_true(c->loss_percent == 2.5);
    assert_string_equal(c->gateway, "null");
    tw_config_free(c);
}

static void a_dump_can_be_read_again(void **state)
{
    static const char text[] = "site: \"a: \\\"b\\\" #c\"\ninterfaces: [eth0]\nledger: {dir: /l}\n"
                               "broker: {host: h, port: 1}\n";
    (void)state;
    struct tw_diags d = {0};
    struct tw_text once = {0}, twice = {0};
    struct tw_config *c = tw_config_load(put("gw.yaml", text, 0644), &d);
    tw_config_dump(c, &once);
    tw_config_free(c);
    tw_text_add(&once, "", 1);
    c = tw_config_load(put("gw.yaml", once.p, 0644), &d);
    assert_string_equal(said(&d), "");
    tw_config_dump(c, &twice);
    tw_text_add(&twice, "", 1);
    assert_string_equal(once.p, twice.p);
    assert_non_null(strstr(once.p, "\nbroker:\n  host: \"h\"\n  port: 1\n  user: null\n"));
    assert_non_null(strstr(once.p, "\nloss_percent: 0.1\n"));
    assert_non_null(strstr(once.p, "  tls:\n    ca: null\n"));
    tw_config_free(c);
    tw_text_free(&once);
    tw_text_free(&twice);
}

/* The options that are kept and the keys that are accepted are two tables of one thing. */
static void the_schema_knows_every_option(void **state)
{
    (void)state;
    struct tw_diags d = {0};
    struct tw_text out = {0};
    tw_config_schema(&out);
    struct tw_yaml *y = tw_yaml_load_bytes("schema", out.p, out.len, &d);
    assert_string_equal(said(&d), "");
    for (const struct tw_option *o = tw_config_options(); o->name != NULL; o++) {
        char name[64], *rest = name;
        const struct tw_node *at = y->root;
        tw_str_copy(name, sizeof(name), tw_str_of(o->name));
        for (char *level; (level = strsep(&rest, ".")) != NULL;)
            at = tw_node_get(tw_node_get(at, "properties"), level);
        assert_non_null(at);
    }
    tw_yaml_free(y);
    tw_text_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults_need_no_file),
        cmocka_unit_test(a_file_is_read_and_its_paths_are_its_own),
        cmocka_unit_test(included_files_come_after),
        cmocka_unit_test(mistakes_of_included_files_name_them),
        cmocka_unit_test(all_mistakes_are_reported),
        cmocka_unit_test(the_password_is_guarded),
        cmocka_unit_test(certificate_and_key_belong_together),
        cmocka_unit_test(set_changes_one_key),
        cmocka_unit_test(a_dump_can_be_read_again),
        cmocka_unit_test(the_schema_knows_every_option),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
