/* SPDX-License-Identifier: Apache-2.0 */
#include "out.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <oci-image/text.h>

/* The next character of s and whether it can be shown as it is. */
struct piece {
    size_t len;     /* bytes, at least 1 */
    bool valid;     /* UTF-8 */
    bool printable; /* and not a control character */
    uint32_t code;
    char shown[17];
};

static struct piece next_piece(const char *s, size_t n)
{
    struct piece p = { 0 };

    p.len = oci_utf8_decode(s, n, &p.code);
    p.valid = p.len > 0;
    if (!p.valid)
        p.len = 1;
    p.printable = oci_utf8_escape(s, p.len, p.shown, sizeof p.shown) == p.len;
    return p;
}

/* In characters; wide ones count as one. */
static size_t width(const char *s)
{
    size_t n = 0;

    for (; *s != '\0'; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

size_t cli_out_text(FILE *f, const char *s, size_t n)
{
    size_t columns = 0;

    while (n > 0) {
        struct piece p = next_piece(s, n);

        fputs(p.shown, f);
        columns += width(p.shown);
        s += p.len;
        n -= p.len;
    }
    return columns;
}

void cli_out_json_string(FILE *f, const char *s, size_t n)
{
    fputc('"', f);
    while (n > 0) {
        struct piece p = next_piece(s, n);

        if (p.code == '"' || p.code == '\\')
            fprintf(f, "\\%c", (char)p.code);
        else if (!p.valid)
            fputs("\\ufffd", f);
        else if (!p.printable) /* all of these lie below U+10000 */
            fprintf(f, "\\u%04" PRIx32, p.code);
        else
            fputs(p.shown, f);
        s += p.len;
        n -= p.len;
    }
    fputc('"', f);
}

void cli_out_xml(FILE *f, const char *s, size_t n)
{
    while (n > 0) {
        struct piece p = next_piece(s, n);

        if (p.code == '<' || p.code == '>' || p.code == '&' || p.code == '"')
            fprintf(f, "&#%" PRIu32 ";", p.code);
        else if (p.code == 0xfffe || p.code == 0xffff)
            fputs("&#xfffd;", f);
        else
            fputs(p.shown, f);
        s += p.len;
        n -= p.len;
    }
}

void cli_format_size(uint64_t bytes, char out[CLI_SIZE_TEXT])
{
    static const char units[] = "KMGTPE";
    double value = (double)bytes / 1024;
    size_t unit = 0;

    if (bytes < 1024) {
        snprintf(out, CLI_SIZE_TEXT, "%u B", (unsigned)bytes);
        return;
    }
    /* What would be printed as 1024.0 is the next unit. */
    for (; value >= 1023.95; value /= 1024)
        unit++;
    snprintf(out, CLI_SIZE_TEXT, "%.1f %ciB", value, units[unit]);
}

/* ---- JSON ---- */

static void start_value(struct cli_json *j, const char *name)
{
    if (j->depth > 0) {
        fprintf(j->file, "%s\n%*s", j->filled[j->depth - 1] ? "," : "", (int)(2 * j->depth), "");
        j->filled[j->depth - 1] = true;
    }
    if (name != NULL) {
        cli_out_json_string(j->file, name, strlen(name));
        fputs(": ", j->file);
    }
}

static void end_value(struct cli_json *j)
{
    if (j->depth == 0)
        fputc('\n', j->file);
}

static void open_value(struct cli_json *j, const char *name, char opening, char closing)
{
    if (j->depth == CLI_JSON_DEPTH)
        abort(); /* the depth is that of our own code */
    start_value(j, name);
    fputc(opening, j->file);
    j->closing[j->depth] = closing;
    j->filled[j->depth++] = false;
}

void cli_json_object(struct cli_json *j, const char *name)
{
    open_value(j, name, '{', '}');
}

void cli_json_array(struct cli_json *j, const char *name)
{
    open_value(j, name, '[', ']');
}

void cli_json_end(struct cli_json *j)
{
    j->depth--;
    if (j->filled[j->depth])
        fprintf(j->file, "\n%*s", (int)(2 * j->depth), "");
    fputc(j->closing[j->depth], j->file);
    end_value(j);
}

void cli_json_string_n(struct cli_json *j, const char *name, const char *value, size_t n)
{
    start_value(j, name);
    cli_out_json_string(j->file, value, n);
    end_value(j);
}

void cli_json_string(struct cli_json *j, const char *name, const char *value)
{
    start_value(j, name);
    if (value != NULL)
        cli_out_json_string(j->file, value, strlen(value));
    else
        fputs("null", j->file);
    end_value(j);
}

void cli_json_number(struct cli_json *j, const char *name, uint64_t value)
{
    start_value(j, name);
    fprintf(j->file, "%" PRIu64, value);
    end_value(j);
}

void cli_json_bool(struct cli_json *j, const char *name, bool value)
{
    start_value(j, name);
    fputs(value ? "true" : "false", j->file);
    end_value(j);
}

/* ---- tables ---- */

static char *escaped(const char *s, size_t n)
{
    char *out = malloc(4 * n + 1);

    if (out != NULL)
        oci_utf8_escape(s, n, out, 4 * n + 1);
    return out;
}

static bool append(struct cli_table *t, char *cell)
{
    if (t->count == t->cap) {
        size_t cap = t->cap + t->cap / 2 + 32;
        char **cells = realloc(t->cells, cap * sizeof *cells);

        if (cells == NULL)
            return false;
        t->cells = cells;
        t->cap = cap;
    }
    t->cells[t->count++] = cell;
    return true;
}

void cli_table_cell(struct cli_table *t, const char *fmt, ...)
{
    char *raw = NULL, *cell = NULL;
    va_list args;
    int n;

    va_start(args, fmt);
    n = vasprintf(&raw, fmt, args);
    va_end(args);
    if (n >= 0) {
        cell = escaped(raw, (size_t)n);
        free(raw);
    }
    if (cell == NULL || !append(t, cell)) {
        free(cell);
        t->failed = true;
    }
}

static void print_row(const struct cli_table *t, char *const *cells, const size_t *widths, FILE *f)
{
    for (unsigned c = 0; c < t->columns; c++) {
        int fill = (int)(widths[c] - width(cells[c]));
        bool last = c + 1 == t->columns;

        if ((t->right >> c & 1) != 0)
            fprintf(f, "%*s%s%s", fill, "", cells[c], last ? "" : "  ");
        else
            fprintf(f, "%s%*s", cells[c], last ? 0 : fill + 2, "");
    }
    fputc('\n', f);
}

int cli_table_print(struct cli *cli, struct cli_table *t, FILE *f)
{
    size_t *widths = calloc(t->columns, sizeof *widths);
    bool failed = t->failed || widths == NULL;

    for (size_t i = 0; !failed && i < t->count; i++)
        if (width(t->cells[i]) > widths[i % t->columns])
            widths[i % t->columns] = width(t->cells[i]);
    for (size_t i = 0; !failed && i + t->columns <= t->count; i += t->columns)
        print_row(t, t->cells + i, widths, f);
    for (size_t i = 0; i < t->count; i++)
        free(t->cells[i]);
    free(t->cells);
    free(widths);
    *t = (struct cli_table) { .columns = t->columns, .right = t->right };
    return failed ? cli_fail(cli, OCI_E_NOMEM, "out of memory") : 0;
}
