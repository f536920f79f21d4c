/* SPDX-License-Identifier: Apache-2.0 */
/* Workflow commands of GitHub Actions: each finding becomes an annotation. */
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "report_format.h"

/* Foreign text in a command: what would end it or the part it is in is written as %XX; so is the escape itself. */
static void escaped(FILE *f, const char *s, const char *special)
{
    while (*s != '\0') {
        size_t n = strcspn(s, special);

        cli_out_text(f, s, n);
        s += n;
        if (*s != '\0')
            fprintf(f, "%%%02X", (unsigned char)*s++);
    }
}

static void property(FILE *f, const char *name, const char *value)
{
    fprintf(f, "%s=", name);
    escaped(f, value, "%:,");
}

static void part(FILE *f, const char *before, const char *s)
{
    if (s == NULL || s[0] == '\0')
        return;
    fputs(before, f);
    escaped(f, s, "%");
}

static int print_finding(FILE *f, const struct cli_report_subject *s, const oci_finding *finding)
{
    char *file = cli_report_file(s, finding);

    if (file == NULL)
        return OCI_E_NOMEM;
    fprintf(f, "::%s ", finding->severity == OCI_SEVERITY_INFO ? "notice" : cli_severity_name(finding->severity));
    property(f, "file", file);
    free(file);
    if (finding->line > 0)
        fprintf(f, ",line=%zu", finding->line);
    if (finding->line > 0 && finding->character > 0)
        fprintf(f, ",col=%zu", finding->character);
    property(f, ",title", finding->rule->id);
    fputs("::", f);
    escaped(f, finding->text, "%");
    part(f, "%0Ain ", finding->path);
    part(f, "%0Aat ", finding->pointer);
    if (finding->layer > 0)
        fprintf(f, "%%0Alayer %zu", finding->layer);
    part(f, "%0Aentry ", finding->entry);
    fputc('\n', f);
    return 0;
}

int cli_report_github(FILE *f, const struct cli_report_view *v)
{
    int r = 0;

    for (size_t i = 0; i < v->count; i++)
        for (size_t k = 0; r == 0 && k < v->subjects[i].count; k++)
            r = print_finding(f, &v->subjects[i], v->subjects[i].findings[k]);
    return r;
}
