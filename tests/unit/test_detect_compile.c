#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "detect_scene.h"

/* What is wrong with an expression, and at which of its bytes. NULL: nothing. */
static const struct {
    const char *expr;
    unsigned offset;
    const char *message, *hint;
} expressions[] = {
    {"action = write", 0, NULL, NULL},
    {"action in (write, publish) and actor.is_ai and variable.role = command and value outside "
     "variable.range",
        0, NULL, NULL},
    {"not (status.bad or status exists) and not encrypted", 0, NULL, NULL},
    {"src.ip in (10.0.0.0/8, fd00::1, 192.168.1.7)", 0, NULL, NULL},
    {"src.ip = 10.0.0.0/8", 0, NULL, NULL},
    {"session.live_elsewhere != src.ip", 0, NULL, NULL},
    {"actor.tier >= T2", 0, NULL, NULL},
    {"mqtt.version = 5.0", 0, NULL, NULL},
    {"report.confidence < actor.min_confidence", 0, NULL, NULL},
    {"value = true or value = 3 or value = word or value = 'two words'", 0, NULL, NULL},
    {"value is nan or value is empty", 0, NULL, NULL},
    {"value inside [20, 90]", 0, NULL, NULL},
    {"mqtt.payload_bytes > 512KiB and report.inputs_age > 2h", 0, NULL, NULL},
    {"object startswith actor.id", 0, NULL, NULL},
    {"type != variable.type", 0, NULL, NULL},
    {"action != write", 0, NULL, NULL},
    {"object in @names", 0, NULL, NULL},
    {"object in (a, @names, b)", 0, NULL, NULL},
    {"object matches @names", 0, NULL, NULL},
    {"m_writes and m_bad", 0, NULL, NULL},

    {"action = writ", 9, "action is never \"writ\"", "did you mean \"write\"?"},
    {"action in (write, publsh)", 18, "action is never \"publsh\"", "did you mean \"publish\"?"},
    {"variable.rol = command", 0, "there is no field or macro \"variable.rol\"",
        "did you mean \"variable.role\"?"},
    {"actor.is_ai and valu > 3", 16, "there is no field or macro \"valu\"",
        "did you mean \"value\"?"},
    {"m_write and action = call", 0, "there is no field or macro \"m_write\"",
        "did you mean \"m_writes\"?"},
    {"value outside variable.rnage", 14, "there is no field \"variable.rnage\"",
        "did you mean \"variable.range\"?"},
    {"type != variable.typ", 8, "there is no field \"variable.typ\"",
        "did you mean \"variable.type\"?"},
    {"value outside value", 14, "value is not a range", "did you mean \"variable.range\"?"},
    {"report.confidence = high", 20, "report.confidence is a number, and \"high\" is not", NULL},
    {"report.confidence < \"0.5\"", 20, "report.confidence is a number, and \"0.5\" is not", NULL},
    {"actor.id = 7", 11, "actor.id is a text, and \"7\" is not", "put it in quotes"},
    {"actor.is_ai = yes", 14, "actor.is_ai is true or false, and \"yes\" is not", NULL},
    {"src.ip = localhost", 9, "src.ip is an address, and \"localhost\" is not",
        "write an address or a prefix such as 10.0.0.0/8"},
    {"src.ip in (10.0.0.0/33)", 11, "src.ip is an address, and \"10.0.0.0/33\" is not",
        "write an address or a prefix such as 10.0.0.0/8"},
    {"src.ip = actor.id", 9, "src.ip can not be compared with actor.id", NULL},
    {"mqtt.qos = actor.id", 11, "mqtt.qos can not be compared with actor.id", NULL},
    {"value = nan", 8, "nothing equals NaN", "write \"is nan\""},
    {"value is nun", 9,
        "after \"is\" comes nan, infinite, subnormal, number, string, bool, array, empty or null",
        "did you mean \"nan\"?"},
    {"object is nan", 10, "\"is nan\" asks about a value, and object is not one", NULL},
    {"object", 0, "object is not true or false by itself: compare it, or write \"object exists\"",
        NULL},
    {"object < 3", 7, "\"<\" can not be asked of object, which is a text", NULL},
    {"actor.is_ai in (true)", 12, "\"in\" can not be asked of actor.is_ai, which is true or false",
        NULL},
    {"mqtt.qos glob \"1*\"", 9, "\"glob\" can not be asked of mqtt.qos, which is a number", NULL},
    {"object outside [1, 2]", 7, "\"outside\" can not be asked of object, which is a text", NULL},
    {"value inside [9, 2]", 13, "the range is empty: its lower limit is above its upper one", NULL},
    {"value inside [9]", 15, "a comma must come here, not \"]\"", NULL},
    {"value inside 9", 13, "a range such as variable.range or [20, 90] must come here, not \"9\"",
        NULL},
    {"object in @nams", 10, "there is no list \"nams\"", "did you mean \"names\"?"},
    {"object in names", 10, "( or @list must come here, not \"names\"", NULL},
    {"object = @names", 9, "a list is asked with \"in\"", "did you mean \"in\"?"},
    {"object matches names", 15,
        "@list (of words) or a regular expression in quotes must come here, not \"names\"", NULL},
    {"src.ip in @names", 10, "src.ip is an address, and \"one\" is not",
        "write an address or a prefix such as 10.0.0.0/8"},
    {"m_writes = true", 9, "\"m_writes\" is a macro: it is true or false and can not be compared",
        NULL},
    {"(action = write", 0, "this parenthesis is never closed", NULL},
    {"action = write)", 14, "and, or, or the end must come here, not \")\"", NULL},
    {"action = write action = call", 15, "and, or, or the end must come here, not \"action\"",
        NULL},
    {"action = ", 8, "the expression ends where a value or a field must come", NULL},
    {"action in (write publish)", 17,
        "a comma or a closing parenthesis must come here, not \"publish\"", NULL},
    {"and action = write", 0, "a field, a macro or a parenthesis must come here, not \"and\"",
        NULL},
    {"action = write and", 18,
        "the expression ends where a field, a macro or a parenthesis must come", NULL},
    {"action == write", 7, "write a single =, and the words and, or, not", NULL},
    {"action = write && actor.is_ai", 15, "write a single =, and the words and, or, not", NULL},
    {"object = \"half", 9, "this quotation mark is never closed", NULL},
    {"action = write and action = call", 0, "this can never hold: no action fits it", NULL},
    {"action = write and not m_writes", 0, "this can never hold: no action fits it", NULL},
};

static const char frame[] =
    "lists: {names: [one, two]}\n"
    "macros: {m_writes: \"action in (write, publish)\", m_bad: status.bad}\n"
    "rules:\n"
    "  - id: X-1\n"
    "    name: n\n"
    "    rev: 1\n"
    "    when: >\n"
    "      %s\n"
    "    evidence: D\n"
    "    severity: 1\n"
    "    output: o\n";

static void load(const char *text, struct tw_diags *diags)
{
    char *path = scene_file(text, ".yaml");
    const char *paths[] = {path};
    struct tw_rules *r = tw_rules_load(paths, 1, diags);
    assert_int_equal(r == NULL, diags->errors > 0);
    tw_rules_free(r);
    unlink(path);
    free(path);
}

static void expressions_and_places(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(expressions) / sizeof(expressions[0]); i++) {
        struct tw_diags diags = {0};
        char file[4096];
        snprintf(file, sizeof(file), frame, expressions[i].expr);
        load(file, &diags);
        if (expressions[i].message == NULL) {
            if (diags.n > 0)
                fail_msg("%s: %s", expressions[i].expr, diags.list[0].message);
            tw_diags_fini(&diags);
            continue;
        }
        if (diags.n == 0)
            fail_msg("%s: nothing was reported", expressions[i].expr);
        assert_string_equal(expressions[i].message, diags.list[0].message);
        /* A scalar as a whole stands at the sign that begins it. */
        bool whole = strstr(expressions[i].message, "never hold") != NULL;
        if (whole)
            assert_int_equal(7, diags.list[0].line);
        else
            assert_int_equal(8, diags.list[0].line);
        if (diags.list[0].column != (whole ? 11 : 7 + expressions[i].offset)) {
            tw_diags_print(&diags, stderr);
            fail_msg("%s: not at byte %u", expressions[i].expr, expressions[i].offset);
        }
        if (expressions[i].hint == NULL)
            assert_null(diags.list[0].hint);
        else
            assert_string_equal(expressions[i].hint, diags.list[0].hint);
        tw_diags_fini(&diags);
    }
}

/* Ten mistakes, ten reports, each in its place. */
static void all_mistakes_at_once(void **state)
{
    static const char text[] = "required_engine: \">=9.0\"\n"
                               "rulez: []\n"
                               "macros:\n"
                               "  mine: actoin = write\n"
                               "rules:\n"
                               "  - id: A-1\n"
                               "    name: first\n"
                               "    rev: 1\n"
                               "    when: action = writ and mqtt.qos = high\n"
                               "    tiers: [T2, T9]\n"
                               "    evidence: X\n"
                               "    severity: 160\n"
                               "    floor: {T2: 60, T7: 3}\n"
                               "    suppress: {by: [actor.idd], for: 10m}\n"
                               "    output: \"%actor wrote %valeu\"\n"
                               "  - id: A-2\n"
                               "    rev: 1\n"
                               "    when: action = call\n"
                               "    evidence: D\n"
                               "    severity: 10\n"
                               "    output: o\n"
                               "    advise: x\n";
    static const struct {
        unsigned line, column;
        const char *message;
    } wanted[] = {
        {2, 1, "unknown key \"rulez\" in the rule file"},
        {11, 15, "\"X\" is not D, S, M or W"},
        {16, 5, "\"name\" is missing in rules"},
        {22, 5, "unknown key \"advise\" in rules"},
        {1, 18, "these rules want tierwatch >=9.0; this is " TW_VERSION},
        {4, 9, "there is no field or macro \"actoin\""},
        {12, 15, "\"severity\" is 0 to 100"},
        {13, 21, "a floor is given for T0, T1, T2, T3, T4, assets or unregistered"},
        {10, 17, "a tier is T0, T1, T2, T3 or T4"},
        {9, 20, "action is never \"writ\""},
        {9, 40, "mqtt.qos is a number, and \"high\" is not"},
        {14, 21, "there is no field \"actor.idd\""},
        {15, 28, "there is no field \"valeu\""},
    };
    struct tw_diags diags = {0};
    (void)state;
    load(text, &diags);
    assert_int_equal(sizeof(wanted) / sizeof(wanted[0]), diags.errors);
    for (size_t i = 0; i < sizeof(wanted) / sizeof(wanted[0]); i++) {
        bool found = false;
        for (size_t k = 0; k < diags.n; k++) {
            const struct tw_diag *d = &diags.list[k];
            found |= d->line == wanted[i].line && d->column == wanted[i].column &&
                     strcmp(d->message, wanted[i].message) == 0;
        }
        if (!found) {
            tw_diags_print(&diags, stderr);
            fail_msg("not reported: %u:%u %s", wanted[i].line, wanted[i].column, wanted[i].message);
        }
    }
    tw_diags_fini(&diags);
}

/* Members of a rule beside `when`. */
static const struct {
    const char *line, *message;
} members[] = {
    {"window: {over: 60s, at_least: 0}", "\"at_least\" is 1 to 1000000"},
    {"window: {over: 60s, at_least: 2000000}", "\"at_least\" is 1 to 1000000"},
    {"window: {over: 0s, at_least: 5}", "\"over\" must be more than 0s and at most 7d"},
    {"window: {over: 30d, at_least: 5}", "\"over\" must be more than 0s and at most 7d"},
    {"window: {at_least: 5}", "\"over\" is missing in window"},
    {"window: {over: 60s, at_least: 5, distinct: objekt}", "there is no field \"objekt\""},
    {"window: {over: 60s, at_least: 5, by: [variable.range]}",
        "variable.range is a range and can not tell alerts apart"},
    {"sprt: {bad: status.bad, p0: 0.5, p1: 0.1, alpha: 0.001, beta: 0.05}",
        "sprt wants 0 < p0 < p1 < 1, and alpha and beta between 0 and 0.5"},
    {"sprt: {bad: status.baad, p0: 0.1, p1: 0.5, alpha: 0.001, beta: 0.05}",
        "there is no field or macro \"status.baad\""},
    {"upgrade: [{when: actor.certain}]", "\"evidence\" is missing in upgrade"},
    {"upgrade: [{when: actor.certain, evidence: D, floor: 101}]", "a floor is 0 to 100"},
    {"exceptions: [{name: n, when: actor.is_ai, reason: r, owner: o}]",
        "\"expires\" is missing in exceptions"},
    {"exceptions: [{name: n, when: actor.ai, reason: r, owner: o, expires: 2027-01-31}]",
        "there is no field or macro \"actor.ai\""},
    {"expected: {range: variable.rng}", "there is no field \"variable.rng\""},
    {"observed: cuont", "there is no field \"cuont\""},
    {"hold: {when: status.bad, by: [target]}", "\"for\" is missing in hold"},
    {"rev: 0", "duplicate key \"rev\""},
    {"tags: x", "\"tags\" must be a list of texts"},
    {"status: done", "\"done\" is not experimental, test, stable or deprecated"},
};

static void members_and_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
        struct tw_diags diags = {0};
        char file[4096];
        size_t n = (size_t)snprintf(file, sizeof(file), frame, "action = write");
        snprintf(file + n, sizeof(file) - n, "    %s\n", members[i].line);
        load(file, &diags);
        bool found = false;
        for (size_t k = 0; k < diags.n; k++)
            found |= strstr(diags.list[k].message, members[i].message) != NULL;
        if (!found && strncmp(members[i].line, "rev", 3) != 0) {
            tw_diags_print(&diags, stderr);
            fail_msg("%s: not reported: %s", members[i].line, members[i].message);
        }
        assert_true(diags.errors > 0);
        tw_diags_fini(&diags);
    }
}

static const struct {
    const char *macros, *message;
} macros[] = {
    {"{a: b, b: a}", "macro \"a\" uses itself"},
    {"{a: a}", "macro \"a\" uses itself"},
    {"{action: status.bad}", "there is a field of this name"},
    {"{a: [1]}", "a macro is an expression"},
    {"{unused: status = }", "the expression ends where a value or a field must come"},
};

static void macros_and_messages(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(macros) / sizeof(macros[0]); i++) {
        struct tw_diags diags = {0};
        char file[256];
        snprintf(file, sizeof(file), "macros: %s\n", macros[i].macros);
        load(file, &diags);
        assert_int_equal(1, diags.errors);
        assert_string_equal(macros[i].message, diags.list[0].message);
        tw_diags_fini(&diags);
    }
}

static char *repeated(const char *head, const char *part, size_t n, const char *tail)
{
    struct tw_text t = {0};
    tw_text_addz(&t, head);
    for (size_t i = 0; i < n; i++)
        tw_text_addz(&t, part);
    tw_text_addz(&t, tail);
    tw_text_add(&t, "", 1);
    assert_false(t.failed);
    return t.p;
}

static void limits(void **state)
{
    struct {
        char *expr;
        const char *message;
    } rows[] = {
        {repeated("", "(", 200, "action = write"), "the expression is nested too deeply"},
        {repeated("", "not ", 200, "actor.is_ai"), "the expression is nested too deeply"},
        {repeated("", "not ", 40, "actor.is_ai"), NULL},
        {repeated("actor.is_ai", " or status.bad", 800, ""), NULL},
        {repeated("actor.is_ai", " or status.bad", 2000, ""),
            "the expression is longer than 16384 bytes"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct tw_diags diags = {0};
        char *file = malloc(65536);
        assert_non_null(file);
        snprintf(file, 65536, frame, rows[i].expr);
        load(file, &diags);
        assert_int_equal(rows[i].message != NULL, diags.errors);
        if (rows[i].message != NULL)
            assert_string_equal(rows[i].message, diags.list[0].message);
        tw_diags_fini(&diags);
        free(file);
        free(rows[i].expr);
    }
}

/* Macros that double each time: the tests are counted, not made. */
static void macros_that_explode(void **state)
{
    struct tw_text t = {0};
    struct tw_diags diags = {0};
    (void)state;
    tw_text_addz(&t, "macros:\n  m0: actor.is_ai\n");
    for (int i = 1; i < 15; i++)
        tw_text_addf(&t, "  m%d: m%d or m%d\n", i, i - 1, i - 1);
    tw_text_addz(&t,
        "rules:\n  - {id: X-1, name: n, rev: 1, when: m14, evidence: D, severity: 1, output: o}\n");
    tw_text_add(&t, "", 1);
    load(t.p, &diags);
    assert_int_equal(1, diags.errors);
    assert_string_equal(
        "with its macros the expression has more than 4096 comparisons", diags.list[0].message);
    tw_diags_fini(&diags);
    tw_text_free(&t);
}

static void duplicate_ids(void **state)
{
    static const char rule[] =
        "  - {id: X-1, name: n, rev: 1, when: actor.is_ai, evidence: D, severity: 1, output: o}\n";
    struct tw_diags diags = {0};
    char file[512];
    (void)state;
    snprintf(file, sizeof(file), "rules:\n%s%s", rule, rule);
    load(file, &diags);
    assert_int_equal(1, diags.errors);
    assert_string_equal("there are two rules \"X-1\"", diags.list[0].message);
    tw_diags_fini(&diags);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(expressions_and_places),
        cmocka_unit_test(all_mistakes_at_once),
        cmocka_unit_test(members_and_messages),
        cmocka_unit_test(macros_and_messages),
        cmocka_unit_test(limits),
        cmocka_unit_test(macros_that_explode),
        cmocka_unit_test(duplicate_ids),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
