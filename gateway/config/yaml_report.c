/* Where in a file something is wrong: positions of nodes, and of bytes inside a scalar's text. */

#include <stdarg.h>
#include <stdlib.h>

#include "config/yaml_tree.h"

/* What is kept of a line: enough to show the column and a little more. */
enum { MAX_QUOTED = 16384, QUOTED_AFTER = 200 };

static char *quote(const struct tw_lines *lines, unsigned line, unsigned column)
{
    struct tw_str text = tw_lines_at(lines, line);
    size_t start = tw_lines_offset(lines, line, 1), at = tw_lines_offset(lines, line, column);
    size_t keep = at - start + QUOTED_AFTER;
    if (text.p == NULL || keep > MAX_QUOTED)
        return NULL;
    text = tw_utf8_cut(text, keep);
    return strndup(text.p, text.len);
}

__attribute__((format(printf, 7, 0))) static void report(const struct tw_yaml *y,
    struct tw_diags *diags, enum tw_severity_of_diag severity, unsigned line, unsigned column,
    const char *hint, const char *format, va_list args)
{
    char *source = quote(tw_yaml_lines(y), line, column);
    char *message = NULL;
    if (vasprintf(&message, format, args) < 0)
        message = NULL;
    tw_diag_add(diags, severity, y->file, line, column, source, hint, "%s",
        message != NULL ? message : "out of memory");
    free(message);
    free(source);
}

void tw_yaml_error(const struct tw_yaml *y, struct tw_diags *diags, const struct tw_node *node,
    bool at_key, const char *hint, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool key = at_key && node->key.p != NULL;
    report(y, diags, TW_DIAG_ERROR, key ? node->key_line : node->line,
        key ? node->key_column : node->column, hint, format, args);
    va_end(args);
}

void tw_yaml_warning(const struct tw_yaml *y, struct tw_diags *diags, const struct tw_node *node,
    bool at_key, const char *hint, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    bool key = at_key && node->key.p != NULL;
    report(y, diags, TW_DIAG_WARNING, key ? node->key_line : node->line,
        key ? node->key_column : node->column, hint, format, args);
    va_end(args);
}

void tw_yaml_warn(const struct tw_yaml *y, struct tw_diags *diags, const struct tw_node *node,
    bool at_key, const char *code, const char *hint, const char *format, ...)
{
    const size_t before = diags->n;
    va_list args;
    va_start(args, format);
    bool key = at_key && node->key.p != NULL;
    report(y, diags, TW_DIAG_WARNING, key ? node->key_line : node->line,
        key ? node->key_column : node->column, hint, format, args);
    va_end(args);
    tw_diag_code(diags, before, code);
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Bytes of an escape sequence of a double-quoted scalar, its backslash included. */
static size_t escape_len(struct tw_str source, size_t at)
{
    char kind = at + 1 < source.len ? source.p[at + 1] : '\0';
    size_t n = kind == 'x' ? 4 : kind == 'u' ? 6 : kind == 'U' ? 10 : 2;
    return at + n <= source.len ? n : source.len - at;
}

/* Bytes at `at` that stand for white space in the text: written so, or escaped. */
static size_t blank_len(struct tw_str source, size_t at, char style)
{
    if (at >= source.len)
        return 0;
    if (is_space(source.p[at]))
        return 1;
    if (style != '"' || source.p[at] != '\\' || at + 1 >= source.len)
        return 0;
    return memchr("ntr \t\n\r", source.p[at + 1], 7) != NULL ? 2 : 0;
}

/* Behind the header of a block scalar ("|", ">-", "|2 # …"). */
static size_t block_start(struct tw_str source, size_t at)
{
    while (at < source.len && source.p[at] != '\n' && source.p[at] != '\r')
        at++;
    return at;
}

/* Walk the scalar's text and what was written side by side: folding and indentation only change
 * white space, so everything else comes in the same order. The source's place of text[offset]. */
static size_t source_of(struct tw_str source, size_t at, const struct tw_node *node, size_t offset)
{
    char style = at < source.len ? source.p[at] : '\0';
    if (!node->quoted)
        style = '\0';
    if (style == '|' || style == '>')
        at = block_start(source, at);
    else if (style == '"' || style == '\'')
        at++;
    for (size_t i = 0; i <= offset && i < node->text.len; i++) {
        char c = node->text.p[i];
        if (is_space(c) && i < offset)
            continue;
        while (!is_space(c) && blank_len(source, at, style) > 0)
            at += blank_len(source, at, style);
        if (i == offset)
            break;
        size_t n = 1;
        if (style == '"' && at < source.len && source.p[at] == '\\') {
            n = escape_len(source, at);
            while (i + 1 < offset && ((unsigned char)node->text.p[i + 1] & 0xc0) == 0x80)
                i++;
        } else if (style == '\'' && c == '\'') {
            n = 2;
        }
        at += n;
    }
    return at < source.len ? at : source.len;
}

void tw_yaml_error_at(const struct tw_yaml *y, struct tw_diags *diags, const struct tw_node *node,
    size_t offset, const char *hint, const char *format, ...)
{
    const struct tw_lines *lines = tw_yaml_lines(y);
    unsigned line = node->line, column = node->column;
    if (node->kind == TW_NODE_SCALAR) {
        size_t last = node->text.len;
        bool behind = offset >= last && last > 0;
        size_t at = tw_lines_offset(lines, node->line, node->column);
        at = source_of(lines->text, at, node, behind ? last - 1 : offset);
        tw_lines_find(lines, at, &line, &column);
        column += behind;
    }
    va_list args;
    va_start(args, format);
    report(y, diags, TW_DIAG_ERROR, line, column, hint, format, args);
    va_end(args);
}
