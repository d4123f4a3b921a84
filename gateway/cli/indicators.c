/* What others share: looked at, taken over, handed on. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/log.h"
#include "base/timefmt.h"
#include "cli/report.h"
#include "cli/watch.h"

/* Commands about files are about today. */
static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_REALTIME, &t);
    return (int64_t)t.tv_sec * TW_NS_PER_S + t.tv_nsec;
}

static const char *state_of(const struct tw_indicator_object *o, int64_t at_ns)
{
    return o->revoked             ? "revoked"
           : !o->used             ? "not used"
           : at_ns < o->from_ns   ? "not yet valid"
           : at_ns >= o->until_ns ? "expired"
                                  : "valid";
}

/* What a file of somebody else says goes to a terminal without its control characters. */
static void add_plain(struct tw_text *t, struct tw_str s)
{
    for (size_t i = 0; i < s.len; i++) {
        const unsigned char c = (unsigned char)s.p[i];
        tw_text_add(t, c < 0x20 || c == 0x7f ? " " : s.p + i, 1);
    }
}

static void add_line(struct tw_text *t, const struct tw_indicator_object *o, int64_t at_ns)
{
    tw_text_addf(t, "%-13s %3.0f  ", state_of(o, at_ns), o->what.confidence);
    add_plain(t, o->used ? o->what.type : TW_STR("-"));
    tw_text_addz(t, " ");
    add_plain(t, o->used ? o->what.value : o->pattern);
    tw_text_addz(t, "  ");
    add_plain(t, o->what.name);
    tw_text_addz(t, "\n");
}

static void add_json(struct tw_text *t, const struct tw_indicator_object *o, int64_t at_ns)
{
    tw_json_object(t);
    tw_json_member_str(t, "id", o->what.id);
    tw_json_maybe_str(t, "name", o->what.name);
    tw_json_member_z(t, "state", state_of(o, at_ns));
    tw_json_member_double(t, "confidence", o->what.confidence);
    tw_json_member_str(t, "pattern", o->pattern);
    tw_json_member_time(t, "valid_from", o->from_ns, false);
    if (o->until_ns != INT64_MAX)
        tw_json_member_time(t, "valid_until", o->until_ns, false);
    tw_json_object_end(t);
    tw_text_addz(t, "\n");
}

/* The file of the argument, else that of the configuration. NULL: said so. */
static const char *path_of(const struct tw_options *o, const struct tw_config *c)
{
    const char *path = o->args.n > 0 ? o->args.at[0] : c->indicators;
    if (path == NULL)
        tw_log(TW_LOG_ERROR, "name a file, or one under indicators: in the configuration");
    return path;
}

static int list(const struct tw_options *o, const char *path, struct tw_diags *diags)
{
    struct tw_indicators *x = tw_indicators_load(path, diags);
    struct tw_text t = {0};
    const int64_t at_ns = now_ns();
    for (size_t i = 0; i < tw_indicators_count(x); i++) {
        if (o->json)
            add_json(&t, tw_indicators_at(x, i), at_ns);
        else
            add_line(&t, tw_indicators_at(x, i), at_ns);
    }
    tw_common_print(&t);
    const int code = x != NULL ? TW_EXIT_OK : TW_EXIT_CONFIG;
    tw_indicators_free(x);
    return code;
}

static int with_config(const struct tw_options *o,
    int (*fn)(const struct tw_options *o, const struct tw_config *c, struct tw_diags *diags))
{
    struct tw_diags diags = {0};
    if (!tw_common_logging(o))
        return TW_EXIT_USAGE;
    struct tw_config *c = tw_watch_config(o, &diags);
    const int code = c == NULL ? TW_EXIT_CONFIG : fn(o, c, &diags);
    if (code != TW_EXIT_USAGE)
        tw_report_diags(&diags, o->json && diags.errors > 0);
    tw_config_free(c);
    tw_diags_fini(&diags);
    return code;
}

static int list_configured(
    const struct tw_options *o, const struct tw_config *c, struct tw_diags *diags)
{
    const char *path = path_of(o, c);
    return path == NULL ? TW_EXIT_USAGE : list(o, path, diags);
}

int tw_cmd_indicators_list(const struct tw_options *o)
{
    return with_config(o, list_configured);
}

/* Whole or not at all: a gateway may read it at any time. */
static bool replace(const char *path, struct tw_str bytes)
{
    char *beside = NULL;
    if (asprintf(&beside, "%s.new", path) < 0)
        return false;
    FILE *f = fopen(beside, "wb");
    bool ok = f != NULL && fwrite(bytes.p, 1, bytes.len, f) == bytes.len && fflush(f) == 0 &&
              fsync(fileno(f)) == 0;
    ok = f != NULL && fclose(f) == 0 && ok;
    ok = ok && rename(beside, path) == 0;
    if (!ok) {
        tw_log(TW_LOG_ERROR, "can not write %s: %s", path, strerror(errno));
        (void)unlink(beside);
    }
    free(beside);
    return ok;
}

struct files {
    struct tw_indicators *list[TW_MAX_LIST + 1];
    size_t n;
};

static bool load_all(
    const struct tw_options *o, const char *own, struct files *out, struct tw_diags *diags)
{
    bool ok = true;
    if (own != NULL && access(own, F_OK) == 0)
        ok = (out->list[out->n] = tw_indicators_load(own, diags)) != NULL && ++out->n > 0;
    for (size_t i = 0; i < o->args.n; i++) {
        struct tw_indicators *x = tw_indicators_load(o->args.at[i], diags);
        ok = ok && x != NULL;
        if (x != NULL)
            out->list[out->n++] = x;
    }
    return ok;
}

/* The merged bundle of all files; false with nothing when one of them is broken. */
static bool merge(const struct tw_options *o, const char *own, struct tw_text *out, size_t *out_n,
    struct tw_diags *diags)
{
    struct files files = {.n = 0};
    const bool ok = load_all(o, own, &files, diags);
    if (ok)
        tw_indicators_merge(
            (const struct tw_indicators *const *)files.list, files.n, now_ns(), out, out_n);
    for (size_t i = 0; i < files.n; i++)
        tw_indicators_free(files.list[i]);
    return ok;
}

static int import(const struct tw_options *o, const struct tw_config *c, struct tw_diags *diags)
{
    const char *path = o->output != NULL ? o->output : c->indicators;
    struct tw_text t = {0};
    size_t n = 0;
    if (path == NULL) {
        tw_log(TW_LOG_ERROR, "say where with -o FILE, or under indicators: in the configuration");
        return TW_EXIT_USAGE;
    }
    int code = TW_EXIT_CONFIG;
    if (merge(o, path, &t, &n, diags))
        code = !t.failed && n <= TW_MAX_INDICATORS && replace(path, tw_text_str(&t))
                   ? TW_EXIT_OK
                   : TW_EXIT_FAILED;
    if (code == TW_EXIT_OK)
        tw_log(TW_LOG_INFO, "%s: %zu indicators", path, n);
    else if (n > TW_MAX_INDICATORS)
        tw_log(TW_LOG_ERROR, "%zu indicators are more than %d", n, TW_MAX_INDICATORS);
    tw_text_free(&t);
    return code;
}

int tw_cmd_indicators_import(const struct tw_options *o)
{
    return with_config(o, import);
}

static int export_bundle(
    const struct tw_options *o, const struct tw_config *c, struct tw_diags *diags)
{
    struct tw_text t = {0};
    size_t n = 0;
    if (path_of(o, c) == NULL)
        return TW_EXIT_USAGE;
    const bool ok = merge(o, o->args.n > 0 ? NULL : c->indicators, &t, &n, diags);
    if (!ok) {
        tw_text_free(&t);
        return TW_EXIT_CONFIG;
    }
    tw_common_print(&t);
    return TW_EXIT_OK;
}

int tw_cmd_indicators_export(const struct tw_options *o)
{
    return with_config(o, export_bundle);
}
