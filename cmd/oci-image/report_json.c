/* SPDX-License-Identifier: Apache-2.0 */
/* For programs; docs/report-schema.json says what they may rely on. Every member is always there, null when unknown. */
#include "out.h"
#include "report_format.h"

/* Raised when a member changes its meaning or goes; new ones may come at any time. */
enum { VERSION = 1 };

/* Lines, columns and layers count from 1. */
static void number_or_null(struct cli_json *j, const char *name, size_t value)
{
    if (value > 0)
        cli_json_number(j, name, value);
    else
        cli_json_string(j, name, NULL);
}

static void print_subject(struct cli_json *j, const struct cli_report_subject *s)
{
    cli_json_object(j, NULL);
    cli_json_string(j, "name", s->name);
    cli_json_string(j, "layout", s->directory);
    cli_json_string(j, "error", s->error);
    cli_json_number(j, "findings", s->count);
    cli_json_number(j, "ignored", s->ignored);
    cli_json_end(j);
}

static void print_finding(struct cli_json *j, const struct cli_report_subject *s, const oci_finding *finding)
{
    cli_json_object(j, NULL);
    cli_json_string(j, "rule", finding->rule->id);
    cli_json_string(j, "severity", cli_severity_name(finding->severity));
    cli_json_string(j, "message", finding->text);
    cli_json_string(j, "section", finding->rule->section);
    cli_json_string(j, "subject", s->name);
    cli_json_string(j, "layout", s->directory);
    cli_json_string(j, "file", finding->file);
    cli_json_string(j, "digest", finding->digest);
    cli_json_string(j, "path", finding->path);
    cli_json_string(j, "pointer", finding->pointer);
    number_or_null(j, "line", finding->line);
    number_or_null(j, "column", finding->column);
    number_or_null(j, "character", finding->character);
    cli_json_string(j, "excerpt", finding->excerpt);
    if (finding->excerpt != NULL)
        cli_json_number(j, "caret", finding->caret);
    else
        cli_json_string(j, "caret", NULL);
    number_or_null(j, "layer", finding->layer);
    cli_json_string(j, "entry", finding->entry);
    cli_json_end(j);
}

static void print_summary(struct cli_json *j, const struct cli_report_view *v)
{
    struct cli_report_counts counts = cli_report_count(v);

    cli_json_object(j, "summary");
    cli_json_number(j, "errors", counts.of[OCI_SEVERITY_ERROR]);
    cli_json_number(j, "warnings", counts.of[OCI_SEVERITY_WARNING]);
    cli_json_number(j, "infos", counts.of[OCI_SEVERITY_INFO]);
    cli_json_number(j, "ignored", counts.ignored);
    cli_json_end(j);
}

int cli_report_json(FILE *f, const struct cli_report_view *v)
{
    struct cli_json j = { .file = f };

    cli_json_object(&j, NULL);
    cli_json_number(&j, "version", VERSION);
    cli_json_string(&j, "spec", v->spec);
    cli_json_bool(&j, "passed", cli_report_passed(v));
    cli_json_string(&j, "failOn", cli_severity_name(v->fail_on));
    print_summary(&j, v);
    cli_json_array(&j, "subjects");
    for (size_t i = 0; i < v->count; i++)
        print_subject(&j, &v->subjects[i]);
    cli_json_end(&j);
    cli_json_array(&j, "findings");
    for (size_t i = 0; i < v->count; i++)
        for (size_t k = 0; k < v->subjects[i].count; k++)
            print_finding(&j, &v->subjects[i], v->subjects[i].findings[k]);
    cli_json_end(&j);
    cli_json_end(&j);
    return 0;
}
