/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For people. No line begins with text of an image, however it is indented: systems that run this read commands in the
 * lines of a log.
 */
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "report_format.h"

#define BOLD   "\x1b[1m"
#define NORMAL "\x1b[0m"

static const char *color_of(oci_severity s)
{
    static const char *const colors[] = {
        [OCI_SEVERITY_INFO] = "\x1b[36m", [OCI_SEVERITY_WARNING] = "\x1b[33m", [OCI_SEVERITY_ERROR] = "\x1b[31m"
    };

    return colors[s];
}

static void text(FILE *f, const char *s)
{
    cli_out_text(f, s, strlen(s));
}

static void print_excerpt(FILE *f, const oci_finding *finding, bool color)
{
    size_t len = strlen(finding->excerpt);
    size_t caret = finding->caret < len ? finding->caret : len;
    size_t columns;

    fputs("    | ", f);
    columns = cli_out_text(f, finding->excerpt, caret);
    cli_out_text(f, finding->excerpt + caret, len - caret);
    fprintf(f, "\n    | %*s%s^%s\n", (int)columns, "", color ? color_of(finding->severity) : "", color ? NORMAL : "");
}

/* Where in the file it is, as far as that is known. */
static void print_place(FILE *f, const oci_finding *finding, const char *heading)
{
    const char *before = "    at ";

    if (finding->line > 0) {
        fprintf(f, "%s%zu:%zu", before, finding->line, finding->column);
        before = ", ";
    }
    if (finding->pointer != NULL && finding->pointer[0] != '\0') {
        fputs(before, f);
        text(f, finding->pointer);
        before = ", ";
    }
    if (finding->layer > 0) {
        fprintf(f, "%slayer %zu", before, finding->layer);
        before = ", ";
    }
    if (finding->entry != NULL) {
        fprintf(f, "%sentry '", before);
        text(f, finding->entry);
        fputc('\'', f);
        before = ", ";
    }
    if (finding->path != NULL && finding->path[0] != '\0' && (heading == NULL || strcmp(finding->path, heading) != 0)) {
        fputs(before, f);
        text(f, finding->path);
        before = ", ";
    }
    if (before[0] == ',')
        fputc('\n', f);
}

void cli_report_print_finding(FILE *f, const oci_finding *finding, const char *heading, bool color)
{
    fprintf(f, "  %s%s:%s ", color ? color_of(finding->severity) : "", cli_severity_name(finding->severity),
            color ? NORMAL : "");
    text(f, finding->text);
    fprintf(f, "  [%s]\n", finding->rule->id);
    print_place(f, finding, heading);
    if (finding->excerpt != NULL)
        print_excerpt(f, finding, color);
}

static int print_heading(FILE *f, const struct cli_report_subject *s, const oci_finding *first, bool color)
{
    char *file = cli_report_file(s, first);

    if (file == NULL)
        return OCI_E_NOMEM;
    fputs(color ? BOLD : "", f);
    text(f, file);
    fputs(color ? NORMAL : "", f);
    free(file);
    if (first->path != NULL && first->path[0] != '\0') {
        fputs("  (", f);
        text(f, first->path);
        fputc(')', f);
    }
    fputc('\n', f);
    return 0;
}

/* files counts those that something is printed of. */
static int print_subject(FILE *f, const struct cli_report_view *v, const struct cli_report_subject *s, size_t *files)
{
    const oci_finding *first = NULL;
    struct cli_report_item *items;
    size_t group = 0;
    int r = cli_report_group(s, CLI_REPORT_BY_FILE, &items);

    if (r < 0)
        return r;
    for (size_t i = 0; r == 0 && i < s->count; i++) {
        const oci_finding *finding = items[i].finding;

        if (v->quiet && finding->severity < OCI_SEVERITY_ERROR)
            continue;
        if (first == NULL || items[i].group != group) {
            group = items[i].group;
            first = finding;
            ++*files;
            r = print_heading(f, s, first, v->color);
        }
        cli_report_print_finding(f, finding, first->path, v->color);
    }
    free(items);
    return r;
}

/* That nothing was found in what could not be looked at says nothing. */
static bool has_error(const struct cli_report_view *v)
{
    for (size_t i = 0; i < v->count; i++)
        if (v->subjects[i].error != NULL)
            return true;
    return false;
}

static void print_summary(FILE *f, const struct cli_report_counts *counts, size_t files)
{
    const char *before = "";

    for (unsigned s = OCI_SEVERITY_ERROR + 1; s-- > 0;) {
        size_t n = counts->of[s];

        if (n == 0)
            continue;
        fprintf(f, "%s%zu %s%s", before, n, cli_severity_name(s), n > 1 && s != OCI_SEVERITY_INFO ? "s" : "");
        before = ", ";
    }
    if (files > 0)
        fprintf(f, " in %zu file%s", files, files > 1 ? "s" : "");
    else
        fputs("no findings", f);
    if (counts->ignored > 0)
        fprintf(f, ", %zu ignored", counts->ignored);
    fputc('\n', f);
}

int cli_report_text(FILE *f, const struct cli_report_view *v)
{
    struct cli_report_counts counts = cli_report_count(v);
    size_t files = 0;
    int r = 0;

    for (size_t i = 0; r == 0 && i < v->count; i++)
        r = print_subject(f, v, &v->subjects[i], &files);
    if (r < 0 || v->quiet || (files == 0 && has_error(v)))
        return r;
    if (files > 0)
        fputc('\n', f);
    print_summary(f, &counts, files);
    return 0;
}
