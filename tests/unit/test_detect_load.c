#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/stat.h>

#include "detect_scene.h"

static void write_file(const char *folder, const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(strlen(text), fwrite(text, 1, strlen(text), f));
    fclose(f);
}

static void make_folder(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof(path), "%s/%s", folder, name);
    assert_int_equal(0, mkdir(path, 0700));
}

static void remove_folder(const char *folder)
{
    char command[512];
    snprintf(command, sizeof(command), "rm -r '%s'", folder);
    assert_int_equal(0, system(command));
}

#define RULE(id)                                                                                   \
    "  - {id: " id                                                                                 \
    ", name: n, rev: 1, when: object in @l and m, evidence: D, severity: 1, output: o}\n"

static const char with_list[] =
    "lists: {l: {file: lists/words.txt}}\nrules:\n" RULE("Z-1") RULE("A-1");
static const char with_macro[] = "macros: {m: actor.is_ai}\nrules:\n" RULE("M-1");

static struct tw_rules *load(const char *a, const char *b, struct tw_diags *diags)
{
    const char *paths[] = {a, b};
    return tw_rules_load(paths, b ? 2 : 1, diags);
}

static void write_set(const char *folder, const char *first, const char *second)
{
    make_folder(folder, "lists");
    make_folder(folder, "tests");
    make_folder(folder, "more");
    write_file(folder, "lists/words.txt", "# comment\n alpha \n\nbeta\r\n");
    write_file(folder, "lists/ignored.yaml", "not: a rule file\n");
    write_file(folder, "tests/ignored.test.yaml", "tests: []\n");
    write_file(folder, ".hidden.yaml", "broken: [\n");
    write_file(folder, "notes.txt", "no rules\n");
    write_file(folder, first, with_list);
    write_file(folder, second, with_macro);
}

/* Folders are searched, lists and macros serve all files, rules come in the order of their ids. */
static void folders(void **state)
{
    char folder[] = "/tmp/tierwatch-rules-XXXXXX", other[] = "/tmp/tierwatch-rules-XXXXXX";
    struct tw_diags diags = {0};
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_non_null(mkdtemp(other));
    write_set(folder, "b.yaml", "more/a.yml");
    write_set(other, "one.yml", "two.yaml");
    struct tw_rules *r = load(folder, NULL, &diags), *same = load(other, NULL, &diags);
    tw_diags_print(&diags, stderr);
    assert_non_null(r);
    assert_non_null(same);
    assert_int_equal(3, tw_rules_count(r));
    assert_string_equal("A-1", tw_rules_at(r, 0)->id);
    assert_string_equal("M-1", tw_rules_at(r, 1)->id);
    assert_string_equal("Z-1", tw_rules_at(r, 2)->id);
    assert_null(tw_rules_at(r, 3));
    assert_string_equal("Z", tw_rules_at(r, 2)->family);
    /* Where they lie and what they are called does not count; what is in them does. */
    assert_int_equal(71, strlen(tw_rules_digest(r)));
    assert_string_equal(tw_rules_digest(r), tw_rules_digest(same));
    tw_rules_free(same);
    write_file(other, "lists/words.txt", "alpha\n");
    same = load(other, NULL, &diags);
    assert_non_null(same);
    assert_string_not_equal(tw_rules_digest(r), tw_rules_digest(same));
    tw_rules_free(same);
    tw_rules_free(r);
    remove_folder(folder);
    remove_folder(other);
    tw_diags_fini(&diags);
}

static void what_is_not_there(void **state)
{
    char folder[] = "/tmp/tierwatch-rules-XXXXXX", path[256];
    struct tw_diags diags = {0};
    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_null(load(folder, NULL, &diags));
    assert_string_equal("no rule files (*.yaml) here", diags.list[0].message);
    assert_null(load("/nonexistent/rules", NULL, &diags));
    assert_string_equal("No such file or directory", diags.list[1].message);
    assert_null(tw_rules_load(NULL, 0, &diags));
    assert_string_equal("no rule files were named", diags.list[2].message);
    write_file(folder, "x.yaml", "lists: {l: {file: missing.txt}}\n");
    snprintf(path, sizeof(path), "the list can not be read from %s/missing.txt", folder);
    assert_null(load(folder, NULL, &diags));
    assert_string_equal(path, diags.list[3].message);
    assert_int_equal(4, diags.errors);
    remove_folder(folder);
    tw_diags_fini(&diags);
}

/* A warning is no error, and an empty file is no mistake. */
static void nearly_empty(void **state)
{
    struct tw_diags diags = {0};
    char *path = scene_file("# nothing yet\n", ".yaml");
    (void)state;
    struct tw_rules *r = load(path, NULL, &diags);
    assert_non_null(r);
    assert_int_equal(0, tw_rules_count(r));
    tw_rules_free(r);
    unlink(path);
    free(path);
    tw_diags_fini(&diags);
}

static const struct {
    const char *wanted;
    bool fits;
} engines[] = {{">=0.1", true}, {">=1.0", true}, {"> 99", false}, {"<99.1", true},
    {"<=0.0.1", false}, {"=" TW_VERSION, true}, {TW_VERSION, true}, {">=1000.0.0", false}};

static void engine_versions(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(engines) / sizeof(engines[0]); i++) {
        struct tw_diags diags = {0};
        char text[128];
        snprintf(text, sizeof(text), "required_engine: \"%s\"\n", engines[i].wanted);
        char *path = scene_file(text, ".yaml");
        struct tw_rules *r = load(path, NULL, &diags);
        if ((r != NULL) != engines[i].fits)
            fail_msg("%s", engines[i].wanted);
        tw_rules_free(r);
        unlink(path);
        free(path);
        tw_diags_fini(&diags);
    }
}

static void schema(void **state)
{
    struct tw_text t = {0};
    (void)state;
    tw_rules_schema(&t);
    tw_text_add(&t, "", 1);
    assert_false(t.failed);
    static const char *const wanted[] = {"\"$schema\":", "\"at_least\"", "\"distinct\"", "\"sprt\"",
        "\"expires\"",
        "\"required\":[\"id\",\"name\",\"rev\",\"evidence\",\"severity\",\"output\"]",
        "\"enum\":[\"D\",\"S\",\"M\",\"W\"]"};
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        if (strstr(t.p, wanted[i]) == NULL)
            fail_msg("%s is not in the schema", wanted[i]);
    }
    tw_text_free(&t);
}

static void shipped_rules_load(void **state)
{
    static const char *const wanted[] = {"AVL-04", "CMD-01", "CMD-02", "CRY-01", "CRY-03", "HAL-01",
        "IDN-01", "IDN-03", "IDN-04", "IDN-06", "INJ-01", "INP-01", "INP-05", "MDL-01", "NET-04",
        "NET-07", "OVR-01", "OVR-02", "OVR-03", "OVR-07", "PRV-01", "PRV-02", "PRV-03", "PRV-04",
        "PRV-05"};
    struct tw_diags diags = {0};
    (void)state;
    struct tw_rules *r = load("rules", NULL, &diags);
    tw_diags_print(&diags, stderr);
    assert_non_null(r);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        bool found = false;
        for (size_t k = 0; k < tw_rules_count(r); k++)
            found |= strcmp(tw_rules_at(r, k)->id, wanted[i]) == 0;
        if (!found)
            fail_msg("%s is missing", wanted[i]);
    }
    for (size_t k = 0; k < tw_rules_count(r); k++) {
        const struct tw_rule_info *info = tw_rules_at(r, k);
        assert_non_null(info->advice);
        assert_true(info->n_tags > 0 && info->severity > 0);
        /* Statistics of hours, which no bundled capture is long enough for. */
        const char *status = strcmp(info->id, "MDL-02-b") == 0 ? "experimental" : "stable";
        assert_string_equal(status, info->status);
    }
    tw_rules_free(r);
    tw_diags_fini(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders),
        cmocka_unit_test(what_is_not_there),
        cmocka_unit_test(nearly_empty),
        cmocka_unit_test(engine_versions),
        cmocka_unit_test(schema),
        cmocka_unit_test(shipped_rules_load),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
