/* SPDX-License-Identifier: Apache-2.0 */
/* Findings for programs. docs/report-schema.json describes the document. */
#include "out.h"
#include "report_format.h"

static void number_or_null(struct cli_json *j, const char *name, size_t value)
{
    if (value > 0)
        cli_json_number(j, name, value);
    else
        cli_json_string(j, name, NULL);
}

static void print_finding(struct cli_json *j, const oci_finding *f)
{
    cli_json_object(j, NULL);
    cli_json_string(j, "rule", f->rule->id);
    cli_json_string(j, "severity", cli_severity_name(f->severity));
    cli_json_string(j, "message", f->text);
    cli_json_string(j, "section", f->rule->section);
    cli_json_string(j, "layout", f->layout);
    cli_json_string(j, "file", f->file);
    cli_json_string(j, "digest", f->digest);
    cli_json_string(j, "path", f->path);
    cli_json_string(j, "pointer", f->pointer);
    number_or_null(j, "line", f->line);
    number_or_null(j, "column", f->column);
    number_or_null(j, "layer", f->layer);
    cli_json_string(j, "entry", f->entry);
    cli_json_end(j);
}

int cli_report_json(FILE *out, const struct cli_report_view *view)
{
    struct cli_json j = { .file = out };

    cli_json_object(&j, NULL);
    cli_json_number(&j, "version", 1);
    cli_json_string(&j, "spec", view->spec);
    cli_json_array(&j, "subjects");
    for (size_t i = 0; i < view->n_subjects; i++)
        cli_json_string(&j, NULL, view->subjects[i]);
    cli_json_end(&j);
    cli_json_object(&j, "summary");
    cli_json_number(&j, "errors", view->errors);
    cli_json_number(&j, "warnings", view->warnings);
    cli_json_number(&j, "infos", view->infos);
    cli_json_number(&j, "ignored", view->ignored);
    cli_json_end(&j);
    cli_json_array(&j, "findings");
    for (size_t i = 0; i < view->n; i++)
        print_finding(&j, view->findings[i]);
    cli_json_end(&j);
    cli_json_end(&j);
    return 0;
}
