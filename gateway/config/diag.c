#include "config/diag.h"

#include <stdarg.h>
#include <stdlib.h>

/* A file that is wrong everywhere is no help to anybody: the rest is only counted. */
enum { MAX_KEPT = 1000 };

static void diag_fini(struct tw_diag *d)
{
    free(d->file);
    free(d->message);
    free(d->hint);
    free(d->source);
}

void tw_diags_fini(struct tw_diags *d)
{
    for (size_t i = 0; i < d->n; i++)
        diag_fini(&d->list[i]);
    free(d->list);
    *d = (struct tw_diags){0};
}

/* A name alone becomes a question; a phrase stays as it is. */
static char *hint_text(const char *hint)
{
    char *text = NULL;
    if (hint == NULL)
        return NULL;
    if (strchr(hint, ' ') != NULL)
        return strdup(hint);
    return asprintf(&text, "did you mean \"%s\"?", hint) < 0 ? NULL : text;
}

static struct tw_diag *slot(struct tw_diags *d)
{
    if (d->n >= MAX_KEPT)
        return NULL;
    if (d->n == d->size) {
        size_t size = d->size ? d->size * 2 : 16;
        struct tw_diag *list = realloc(d->list, size * sizeof(*list));
        if (list == NULL)
            return NULL;
        d->list = list;
        d->size = size;
    }
    return &d->list[d->n];
}

/* Two checks may find the same thing; it is said once. */
static bool is_said(const struct tw_diags *d, const struct tw_diag *new)
{
    for (size_t i = 0; i < d->n; i++) {
        const struct tw_diag *at = &d->list[i];
        if (at->line == new->line &&
            at->column == new->column &&strcmp(at->message, new->message) == 0 &&
            strcmp(at->file, new->file) == 0)
            return true;
    }
    return false;
}

void tw_diag_add(struct tw_diags *d, enum tw_severity_of_diag severity, const char *file,
    unsigned line, unsigned column, const char *source, const char *hint, const char *format, ...)
{
    struct tw_diag *at = slot(d);
    char *message = NULL;
    va_list args;
    if (at == NULL) {
        d->errors += severity == TW_DIAG_ERROR;
        return;
    }
    va_start(args, format);
    if (vasprintf(&message, format, args) < 0)
        message = NULL;
    va_end(args);
    *at = (struct tw_diag){
        .severity = severity,
        .file = strdup(file != NULL ? file : ""),
        .message = message != NULL ? message : strdup("out of memory"),
        .hint = hint_text(hint),
        .source = source != NULL ? strdup(source) : NULL,
        .line = line,
        .column = column,
    };
    bool whole = at->file != NULL && at->message != NULL, said = whole && is_said(d, at);
    d->errors += severity == TW_DIAG_ERROR && !said;
    if (whole && !said)
        d->n++;
    else
        diag_fini(at);
}

void tw_diag_code(struct tw_diags *d, size_t from, const char *code)
{
    for (size_t i = from; i < d->n; i++)
        d->list[i].code = code;
}

static bool before(const struct tw_diag *a, const struct tw_diag *b)
{
    return a->line != b->line ? a->line < b->line : a->column < b->column;
}

/* By insertion: at most MAX_KEPT entries, nearly sorted, and equals keep their order. */
void tw_diags_sort(struct tw_diags *d, size_t from)
{
    for (size_t i = from + 1; i < d->n; i++) {
        const struct tw_diag moving = d->list[i];
        size_t at = i;
        for (; at > from && before(&moving, &d->list[at - 1]); at--)
            d->list[at] = d->list[at - 1];
        d->list[at] = moving;
    }
}

/* One character of UTF-8; anything else counts as one byte. */
static size_t take_char(const char *p, uint32_t *out)
{
    static const struct {
        unsigned char mask, lead;
        size_t len;
    } forms[] = {{0x80, 0x00, 1}, {0xe0, 0xc0, 2}, {0xf0, 0xe0, 3}, {0xf8, 0xf0, 4}};
    unsigned char first = (unsigned char)p[0];
    for (size_t f = 0; f < sizeof(forms) / sizeof(forms[0]); f++) {
        if ((first & forms[f].mask) != forms[f].lead)
            continue;
        uint32_t c = first & (unsigned char)~forms[f].mask;
        for (size_t i = 1; i < forms[f].len; i++) {
            if (((unsigned char)p[i] & 0xc0) != 0x80)
                goto one_byte;
            c = c << 6 | ((unsigned char)p[i] & 0x3f);
        }
        *out = c;
        return forms[f].len;
    }
one_byte:
    *out = first;
    return 1;
}

/* Characters that a terminal draws two cells wide, so that the caret stands under the right one. */
static bool is_wide(uint32_t c)
{
    static const struct {
        uint32_t from, to;
    } wide[] = {{0x1100, 0x115f}, {0x2e80, 0xa4cf}, {0xac00, 0xd7a3}, {0xf900, 0xfaff},
        {0xfe30, 0xfe6f}, {0xff00, 0xff60}, {0xffe0, 0xffe6}, {0x1f300, 0x1faff},
        {0x20000, 0x3fffd}};
    for (size_t i = 0; i < sizeof(wide) / sizeof(wide[0]); i++) {
        if (c >= wide[i].from && c <= wide[i].to)
            return true;
    }
    return false;
}

/* Control characters could play tricks on a terminal. */
static void print_safely(FILE *out, const char *text, size_t len, bool keep_tabs)
{
    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 && !(keep_tabs && c == '\t'))
            fputc('?', out);
        else if (c == 0x7f)
            fputc('?', out);
        else
            fputc(c, out);
    }
}

/* Long lines are shown around the column only. */
enum { WINDOW = 96, WINDOW_BEFORE = 72 };

/* The byte where the character of a 1-based column begins. */
static const char *column_at(const char *source, unsigned column)
{
    uint32_t c;
    for (unsigned i = 1; i < column && *source != '\0'; i++)
        source += take_char(source, &c);
    return source;
}

static void print_source(FILE *out, const char *source, unsigned line, unsigned column)
{
    unsigned first = column > WINDOW_BEFORE + 1 ? column - WINDOW_BEFORE : 1;
    const char *from = column_at(source, first);
    const char *at = column_at(from, column - first + 1);
    const char *to = column_at(from, WINDOW + 1);
    fprintf(out, "%6u | %s", line, first > 1 ? "..." : "");
    print_safely(out, from, (size_t)(to - from), true);
    fprintf(out, "%s\n       | %s", *to != '\0' ? "..." : "", first > 1 ? "   " : "");
    while (from < at) {
        uint32_t c;
        from += take_char(from, &c);
        if (c == '\t')
            fputc('\t', out);
        else
            fputs(is_wide(c) ? "  " : " ", out);
    }
    fputs("^\n", out);
}

static void print_all(FILE *out, const char *text)
{
    print_safely(out, text, strlen(text), false);
}

void tw_diags_print(const struct tw_diags *d, FILE *out)
{
    for (size_t i = 0; i < d->n; i++) {
        const struct tw_diag *at = &d->list[i];
        print_all(out, at->file);
        if (at->line > 0)
            fprintf(out, ":%u:%u", at->line, at->column);
        fputs(at->severity == TW_DIAG_WARNING ? ": warning: " : ": ", out);
        print_all(out, at->message);
        if (at->code != NULL)
            fprintf(out, " [%s]", at->code);
        fputc('\n', out);
        if (at->source != NULL && at->line > 0)
            print_source(out, at->source, at->line, at->column);
        if (at->hint != NULL) {
            fputs("       = ", out);
            print_all(out, at->hint);
            fputc('\n', out);
        }
    }
    if (d->n >= MAX_KEPT)
        fprintf(out, "only the first %d messages are shown; there are %zu errors\n", (int)MAX_KEPT,
            d->errors);
}

void tw_diags_json(const struct tw_diags *d, struct tw_text *out)
{
    tw_json_array(out);
    for (size_t i = 0; i < d->n; i++) {
        const struct tw_diag *at = &d->list[i];
        tw_json_object(out);
        tw_json_member_z(out, "file", at->file);
        tw_json_member_u64(out, "line", at->line);
        tw_json_member_u64(out, "column", at->column);
        tw_json_member_z(out, "severity", at->severity == TW_DIAG_WARNING ? "warning" : "error");
        if (at->code != NULL)
            tw_json_member_z(out, "code", at->code);
        tw_json_member_z(out, "message", at->message);
        tw_json_member_z(out, "hint", at->hint);
        tw_json_object_end(out);
    }
    tw_json_array_end(out);
    tw_text_addz(out, "\n");
}
