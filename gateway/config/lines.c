#include "config/lines.h"

#include <stdlib.h>

/* Bytes of the line end at `i`, 0 when there is none. */
static size_t line_end(struct tw_str s, size_t i)
{
    size_t left = s.len - i;
    const unsigned char *p = (const unsigned char *)s.p + i;
    if (p[0] == '\n')
        return 1;
    if (p[0] == '\r')
        return left > 1 && p[1] == '\n' ? 2 : 1;
    if (left > 1 && p[0] == 0xc2 && p[1] == 0x85)
        return 2;
    if (left > 2 && p[0] == 0xe2 && p[1] == 0x80 && (p[2] == 0xa8 || p[2] == 0xa9))
        return 3;
    return 0;
}

static bool add(struct tw_lines *l, size_t *size, size_t start)
{
    if (l->n == *size) {
        size_t bigger = *size ? *size * 2 : 64;
        size_t *starts = realloc(l->starts, bigger * sizeof(*starts));
        if (starts == NULL)
            return false;
        l->starts = starts;
        *size = bigger;
    }
    l->starts[l->n++] = start;
    return true;
}

bool tw_lines_init(struct tw_lines *l, struct tw_str text)
{
    size_t size = 0;
    *l = (struct tw_lines){.text = text};
    bool ok = add(l, &size, 0);
    for (size_t i = 0; ok && i < text.len;) {
        size_t n = line_end(text, i);
        i += n != 0 ? n : 1;
        if (n != 0)
            ok = add(l, &size, i);
    }
    if (!ok)
        tw_lines_fini(l);
    return ok;
}

void tw_lines_fini(struct tw_lines *l)
{
    free(l->starts);
    *l = (struct tw_lines){0};
}

struct tw_str tw_lines_at(const struct tw_lines *l, unsigned line)
{
    if (line == 0 || line > l->n)
        return TW_STR_NONE;
    size_t from = l->starts[line - 1], to = from;
    while (to < l->text.len && line_end(l->text, to) == 0)
        to++;
    return (struct tw_str){l->text.p + from, to - from};
}

static bool starts_char(char c)
{
    return ((unsigned char)c & 0xc0) != 0x80;
}

void tw_lines_find(
    const struct tw_lines *l, size_t offset, unsigned *out_line, unsigned *out_column)
{
    size_t low = 0, high = l->n;
    if (offset > l->text.len)
        offset = l->text.len;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (l->starts[middle] <= offset)
            low = middle;
        else
            high = middle;
    }
    unsigned column = 1;
    for (size_t i = l->starts[low]; i < offset; i++)
        column += starts_char(l->text.p[i]);
    *out_line = (unsigned)low + 1;
    *out_column = column;
}

size_t tw_lines_offset(const struct tw_lines *l, unsigned line, unsigned column)
{
    if (line == 0 || line > l->n)
        return l->text.len;
    size_t i = l->starts[line - 1];
    while (column > 1 && i < l->text.len) {
        i++;
        while (i < l->text.len && !starts_char(l->text.p[i]))
            i++;
        column--;
    }
    return i;
}
