/* SPDX-License-Identifier: Apache-2.0 */
#include "report_format.h"

#include "output.h"

#include <stdlib.h>
#include <string.h>

#define ROW(word)  { #word, cli_report_##word },
#define WORD(word) #word,

const struct cli_report_format cli_report_formats[] = { CLI_REPORT_FORMATS(ROW) { NULL, NULL } };
const char *const cli_report_format_names[] = { CLI_REPORT_FORMATS(WORD) NULL };

const char *cli_severity_name(oci_severity s)
{
    static const char *const words[] = {
        [OCI_SEVERITY_INFO] = "info", [OCI_SEVERITY_WARNING] = "warning", [OCI_SEVERITY_ERROR] = "error"
    };

    return words[s];
}

struct cli_report_counts cli_report_count(const struct cli_report_view *v)
{
    struct cli_report_counts counts = { 0 };

    for (size_t i = 0; i < v->count; i++) {
        for (size_t k = 0; k < v->subjects[i].count; k++)
            counts.of[v->subjects[i].findings[k]->severity]++;
        counts.ignored += v->subjects[i].ignored;
    }
    return counts;
}

bool cli_report_passed(const struct cli_report_view *v)
{
    struct cli_report_counts counts = cli_report_count(v);

    for (unsigned s = v->fail_on; s <= OCI_SEVERITY_ERROR; s++)
        if (counts.of[s] > 0)
            return false;
    for (size_t i = 0; i < v->count; i++)
        if (v->subjects[i].error != NULL)
            return false;
    return true;
}

static const char *file_of(const oci_finding *finding)
{
    return finding->file != NULL ? finding->file : "";
}

char *cli_report_file(const struct cli_report_subject *s, const oci_finding *finding)
{
    const char *dir = s->directory != NULL ? s->directory : "", *file = file_of(finding), *slash;
    char *out = NULL;
    size_t len;

    if (file[0] == '\0')
        return strdup(s->directory != NULL ? s->directory : s->name);
    while (dir[0] == '.' && dir[1] == '/')
        for (dir += 2; *dir == '/';)
            dir++;
    if (strcmp(dir, ".") == 0)
        dir = "";
    len = strlen(dir);
    slash = len == 0 || dir[len - 1] == '/' ? "" : "/";
    return asprintf(&out, "%s%s%s", dir, slash, file) < 0 ? NULL : out;
}

/* ---- groups ---- */

const char *cli_report_place(const oci_finding *finding)
{
    return finding->path != NULL && finding->path[0] != '\0' ? finding->path : file_of(finding);
}

static int compare_files(const struct cli_report_item *a, const struct cli_report_item *b)
{
    return strcmp(file_of(a->finding), file_of(b->finding));
}

static int compare_places_and_rules(const struct cli_report_item *a, const struct cli_report_item *b)
{
    int c = strcmp(cli_report_place(a->finding), cli_report_place(b->finding));

    return c != 0 ? c : strcmp(a->finding->rule->id, b->finding->rule->id);
}

static int by_number(size_t a, size_t b)
{
    return (a > b) - (a < b);
}

static int by_file(const void *a, const void *b)
{
    const struct cli_report_item *x = a, *y = b;
    int c = compare_files(x, y);

    return c != 0 ? c : by_number(x->order, y->order);
}

static int by_place_and_rule(const void *a, const void *b)
{
    const struct cli_report_item *x = a, *y = b;
    int c = compare_places_and_rules(x, y);

    return c != 0 ? c : by_number(x->order, y->order);
}

static int by_group(const void *a, const void *b)
{
    const struct cli_report_item *x = a, *y = b;
    int c = by_number(x->group, y->group);

    if (c == 0)
        c = by_number(y->finding->severity, x->finding->severity);
    if (c == 0)
        c = strcmp(x->finding->rule->id, y->finding->rule->id);
    return c != 0 ? c : by_number(x->order, y->order);
}

int cli_report_group(const struct cli_report_subject *s, enum cli_report_by by, struct cli_report_item **out)
{
    bool files = by == CLI_REPORT_BY_FILE;
    struct cli_report_item *items = s->count > 0 ? calloc(s->count, sizeof *items) : NULL;

    if (s->count > 0 && items == NULL)
        return OCI_E_NOMEM;
    for (size_t i = 0; i < s->count; i++)
        items[i] = (struct cli_report_item) { .finding = s->findings[i], .order = i };
    if (s->count > 0)
        qsort(items, s->count, sizeof *items, files ? by_file : by_place_and_rule);
    for (size_t i = 0; i < s->count; i++) {
        bool same = i > 0 && (files ? compare_files : compare_places_and_rules)(&items[i - 1], &items[i]) == 0;

        items[i].group = same ? items[i - 1].group : items[i].order;
    }
    if (s->count > 0)
        qsort(items, s->count, sizeof *items, by_group);
    *out = items;
    return 0;
}

/* ---- where it goes ---- */

int cli_report_write(struct cli *cli, const char *file, const struct cli_report_format *format,
                     const struct cli_report_view *v)
{
    struct cli_output_file out;
    int r = cli_output_open(cli, file, &out);

    if (r < 0)
        return r;
    if (format->print(out.f, v) < 0)
        r = cli_fail(cli, OCI_E_NOMEM, "out of memory");
    return cli_output_close(cli, &out, r);
}
