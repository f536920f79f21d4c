/* SPDX-License-Identifier: Apache-2.0 */
/* Findings for people: one line each, as compilers have it. */
#include <string.h>

#include "out.h"
#include "report_format.h"

static void print_place(FILE *out, const oci_finding *f)
{
    const char *file = f->file != NULL ? f->file : f->layout;

    if (file != NULL)
        fputs(file, out);
    if (f->line > 0)
        fprintf(out, ":%zu:%zu", f->line, f->column);
    if (file != NULL)
        fputs(": ", out);
}

static void print_finding(FILE *out, const oci_finding *f)
{
    print_place(out, f);
    fprintf(out, "%s: %s", cli_severity_name(f->severity), f->text);
    if (f->pointer != NULL && f->pointer[0] != '\0') {
        fputs(" (", out);
        cli_out_text(out, f->pointer, strlen(f->pointer));
        fputs(")", out);
    }
    fprintf(out, " [%s]\n", f->rule->id);
}

int cli_report_text(FILE *out, const struct cli_report_view *view)
{
    for (size_t i = 0; i < view->n; i++)
        if (!view->quiet || view->findings[i]->severity == OCI_SEVERITY_ERROR)
            print_finding(out, view->findings[i]);
    if (!view->quiet)
        fprintf(out, "%zu errors, %zu warnings, %zu notes\n", view->errors, view->warnings, view->infos);
    return 0;
}
