#include "base/log.h"
#include "base/text.h"
#include "cli/common.h"
#include "share/ledger.h"

static void as_json(const struct tw_ledger_verdict *v)
{
    struct tw_text t = {0};
    tw_json_object(&t);
    tw_json_member_bool(&t, "ok", v->ok);
    tw_json_member_u64(&t, "lines", v->lines);
    if (!v->ok) {
        tw_json_member_u64(&t, "line", v->bad_line);
        tw_json_member_z(&t, "file", v->file);
        tw_json_member_u64(&t, "line_in_file", v->line_in_file);
        tw_json_member_z(&t, "reason", v->reason);
    }
    tw_json_object_end(&t);
    tw_text_add(&t, "\n", 1);
    tw_common_print(&t);
}

int tw_cmd_ledger_verify(const struct tw_options *o)
{
    struct tw_ledger_verdict v = {0};
    if (!tw_common_logging(o))
        return TW_EXIT_USAGE;
    enum tw_status st = tw_ledger_verify(o->args.at[0], &v);
    if (st != TW_OK) {
        tw_log(TW_LOG_ERROR, "can not read the ledger '%s': %s", o->args.at[0],
            v.reason[0] ? v.reason : tw_status_text(st));
        return TW_EXIT_FAILED;
    }
    if (o->json)
        as_json(&v);
    else if (v.ok && !o->quiet)
        printf("%llu lines, the chain holds\n", (unsigned long long)v.lines);
    else if (!v.ok)
        fprintf(stderr, "%s:%llu: %s (line %llu of the ledger)\n", v.file,
            (unsigned long long)v.line_in_file, v.reason, (unsigned long long)v.bad_line);
    return v.ok ? TW_EXIT_OK : TW_EXIT_LEDGER;
}

static bool print(void *user, struct tw_str line)
{
    (void)user;
    return fwrite(line.p, 1, line.len, stdout) == line.len && fputc('\n', stdout) != EOF;
}

int tw_cmd_ledger_tail(const struct tw_options *o)
{
    if (!tw_common_logging(o))
        return TW_EXIT_USAGE;
    enum tw_status st = tw_ledger_each(o->args.at[0], print, NULL);
    if (st == TW_OK && fflush(stdout) == 0)
        return TW_EXIT_OK;
    tw_log(TW_LOG_ERROR, "can not read the ledger '%s': %s", o->args.at[0], tw_status_text(st));
    return TW_EXIT_FAILED;
}
