/* The asking side of the control socket. */

#include <unistd.h>

#include "base/log.h"
#include "cli/live.h"
#include "cli/report.h"
#include "config/yaml.h"
#include "observe/control.h"

/* A reload waits for a turn of the analyst, which may wait for a second of traffic. */
enum { ANSWER_MS = 30000, STOP_MS = 15000, MAX_NAME = 256 };

/* Of the command line, else of the configuration, else where a gateway listens when nobody says. */
static int find_socket(const struct tw_options *o, char *out, size_t size)
{
    struct tw_diags diags = {0};
    int code = TW_EXIT_OK;
    const char *path = o->socket;
    struct tw_config *c = NULL;
    if (path == NULL) {
        c = tw_watch_config(o, &diags);
        code = c == NULL ? TW_EXIT_CONFIG : TW_EXIT_OK;
        path = c != NULL && c->control.socket != NULL ? c->control.socket : tw_default_socket();
    }
    tw_report_diags(&diags, o->json && diags.errors > 0);
    tw_diags_fini(&diags);
    if (code == TW_EXIT_OK && path == NULL) {
        tw_log(TW_LOG_ERROR, "which gateway? Name its socket with --socket, or its configuration");
        code = TW_EXIT_USAGE;
    }
    if (code == TW_EXIT_OK)
        tw_str_copy(out, size, tw_str_of(path));
    tw_config_free(c);
    return code;
}

static struct tw_str text_of(const struct tw_node *map, const char *key)
{
    const struct tw_node *n = tw_node_get(map, key);
    return n != NULL && n->kind == TW_NODE_SCALAR ? n->text : TW_STR_NONE;
}

/* One diagnostic, as a check of the file would print it. */
static void print_diag(const struct tw_node *n)
{
    const struct tw_str file = text_of(n, "file"), line = text_of(n, "line"),
                        column = text_of(n, "column"), hint = text_of(n, "hint");
    fprintf(stderr, "%.*s:%.*s:%.*s: %.*s: %.*s", TW_STR_ARG(file), TW_STR_ARG(line),
        TW_STR_ARG(column), TW_STR_ARG(text_of(n, "severity")), TW_STR_ARG(text_of(n, "message")));
    if (hint.len > 0)
        fprintf(stderr, " (%.*s)", TW_STR_ARG(hint));
    fputc('\n', stderr);
}

/* Names of nested members joined by dots, each with its value. */
static void print_node(const char *name, const struct tw_node *n)
{
    char inner[MAX_NAME];
    if (n->kind == TW_NODE_SCALAR) {
        printf("%-32s %.*s\n", name, TW_STR_ARG(n->text));
        return;
    }
    for (size_t i = 0; i < n->n; i++) {
        const struct tw_node *child = &n->children[i];
        const char *dot = name[0] != '\0' ? "." : "";
        if (n->kind == TW_NODE_MAP)
            snprintf(inner, sizeof(inner), "%s%s%.*s", name, dot, TW_STR_ARG(child->key));
        else
            snprintf(inner, sizeof(inner), "%s%s%zu", name, dot, i + 1);
        print_node(inner, child);
    }
}

static void print_members(const struct tw_node *root)
{
    const struct tw_node *diags = tw_node_get(root, "diagnostics");
    for (size_t i = 0; diags != NULL && i < diags->n; i++)
        print_diag(&diags->children[i]);
    for (size_t i = 0; i < root->n; i++) {
        const struct tw_node *n = &root->children[i];
        char name[MAX_NAME];
        if (n == diags || tw_str_is(n->key, "ok") || tw_str_is(n->key, "error") ||
            tw_str_is(n->key, "code"))
            continue;
        tw_str_copy(name, sizeof(name), n->key);
        print_node(name, n);
    }
}

/* The exit code that goes with an answer. */
static int code_of(const struct tw_node *root)
{
    static const struct {
        const char *text;
        int code;
    } codes[] = {{"3", TW_EXIT_CONFIG}, {"4", TW_EXIT_RULES}};
    if (tw_str_is(text_of(root, "ok"), "true"))
        return tw_str_is(text_of(root, "healthy"), "false") ? TW_EXIT_FAILED : TW_EXIT_OK;
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++) {
        if (tw_str_is(text_of(root, "code"), codes[i].text))
            return codes[i].code;
    }
    return TW_EXIT_FAILED;
}

static int show(const struct tw_options *o, const struct tw_text *answer)
{
    struct tw_diags diags = {0};
    struct tw_yaml *y = tw_yaml_load_bytes("answer", answer->p, answer->len, &diags);
    int code = TW_EXIT_FAILED;
    if (y == NULL || y->root == NULL || diags.errors > 0) {
        tw_log(TW_LOG_ERROR, "the gateway answered something else than JSON");
    } else {
        const struct tw_str error = text_of(y->root, "error");
        code = code_of(y->root);
        if (o->json)
            fwrite(answer->p, 1, answer->len, stdout);
        else if (!o->quiet)
            print_members(y->root);
        if (error.p != NULL)
            tw_log(TW_LOG_ERROR, "%.*s", TW_STR_ARG(error));
    }
    tw_yaml_free(y);
    tw_diags_fini(&diags);
    return code;
}

static int ask(const struct tw_options *o, const char *command, bool until_end)
{
    char path[512], request[64];
    int fd = -1;
    struct tw_text answer = {0};
    if (!tw_common_logging(o))
        return TW_EXIT_USAGE;
    int code = find_socket(o, path, sizeof(path));
    if (code != TW_EXIT_OK)
        return code;
    snprintf(request, sizeof(request), "{\"command\":\"%s\"}", command);
    const enum tw_status st = tw_control_ask(path, tw_str_of(request), ANSWER_MS, &answer, &fd);
    code = TW_EXIT_FAILED;
    if (st == TW_OK)
        code = show(o, &answer);
    else
        tw_log(TW_LOG_ERROR, "no answer from a gateway at %s: %s", path,
            st == TW_NOT_FOUND    ? "none listens there"
            : st == TW_PERMISSION ? "not for you"
                                  : tw_status_text(st));
    if (st == TW_OK && code == TW_EXIT_OK && until_end && !tw_control_wait_end(fd, STOP_MS)) {
        tw_log(TW_LOG_ERROR, "it has not stopped yet");
        code = TW_EXIT_FAILED;
    }
    if (fd >= 0)
        close(fd);
    tw_text_free(&answer);
    return code;
}

int tw_cmd_ctl_status(const struct tw_options *o)
{
    return ask(o, "status", false);
}

int tw_cmd_ctl_counters(const struct tw_options *o)
{
    return ask(o, "counters", false);
}

int tw_cmd_ctl_reload(const struct tw_options *o)
{
    return ask(o, "reload", false);
}

int tw_cmd_ctl_shutdown(const struct tw_options *o)
{
    return ask(o, "shutdown", true);
}
