/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The XML that JUnit runners write, without attributes that strict readers refuse. Each operand is a suite. Its first
 * case, "valid", is there when nothing is wrong, so that readers have something to show; then each rule that something
 * breaks at a place is a case. The names of cases stay the same when an image is built anew, so readers can compare.
 */
#include <stdlib.h>
#include <string.h>

#include "out.h"
#include "report_format.h"

static void attribute(FILE *f, const char *name, const char *value)
{
    fprintf(f, " %s=\"", name);
    cli_out_xml(f, value, strlen(value));
    fputc('"', f);
}

/* A text of our own lines, foreign bytes in them harmless. */
static void print_lines(FILE *f, const char *text)
{
    while (*text != '\0') {
        size_t n = strcspn(text, "\n");

        cli_out_xml(f, text, n);
        fputc('\n', f);
        text += n + (text[n] == '\n');
    }
}

/* The findings of a case as people read them. */
static int print_body(FILE *f, const struct cli_report_subject *s, const struct cli_report_item *items, size_t n)
{
    char *text = NULL, *last = NULL;
    size_t len;
    FILE *memory = open_memstream(&text, &len);
    bool failed = memory == NULL;

    for (size_t i = 0; !failed && i < n; i++) {
        char *file = cli_report_file(s, items[i].finding);

        failed = file == NULL;
        if (!failed && (last == NULL || strcmp(file, last) != 0)) {
            cli_out_text(memory, file, strlen(file));
            fputc('\n', memory);
        }
        free(last);
        last = file;
        cli_report_print_finding(memory, items[i].finding, NULL, false);
    }
    if (memory != NULL && fclose(memory) != 0)
        failed = true;
    if (!failed)
        print_lines(f, text);
    free(text);
    free(last);
    return failed ? OCI_E_NOMEM : 0;
}

/* All findings of one rule at one place; the first stands for all of them in lists. */
static int print_case(FILE *f, const struct cli_report_view *v, const struct cli_report_subject *s,
                      const struct cli_report_item *items, size_t n)
{
    const oci_finding *first = items[0].finding;
    const char *place = cli_report_place(first);
    bool counts = first->severity >= v->fail_on;
    const char *element = counts ? "failure" : "system-out";
    int r;

    fputs("    <testcase classname=\"", f);
    cli_out_xml(f, s->name, strlen(s->name));
    fputs(place[0] != '\0' ? ": " : "", f);
    cli_out_xml(f, place, strlen(place));
    fputc('"', f);
    attribute(f, "name", first->rule->id);
    fprintf(f, ">\n      <%s", element);
    if (counts) {
        attribute(f, "type", cli_severity_name(first->severity));
        attribute(f, "message", first->text);
    }
    fputc('>', f);
    r = print_body(f, s, items, n);
    fprintf(f, "</%s>\n    </testcase>\n", element);
    return r;
}

/* How many findings the case has that begins with the first item. */
static size_t case_length(const struct cli_report_item *items, size_t n)
{
    size_t len = 1;

    while (len < n && items[len].group == items[0].group)
        len++;
    return len;
}

static void count_cases(const struct cli_report_view *v, const struct cli_report_item *items, size_t n, size_t *tests,
                        size_t *failures)
{
    *tests = 0;
    *failures = 0;
    for (size_t i = 0; i < n; i += case_length(items + i, n - i)) {
        ++*tests;
        *failures += items[i].finding->severity >= v->fail_on;
    }
}

static void print_verdict(FILE *f, const struct cli_report_subject *s, bool failed)
{
    fputs("    <testcase", f);
    attribute(f, "classname", s->name);
    attribute(f, "name", "valid");
    if (s->error == NULL && !failed) {
        fputs("/>\n", f);
        return;
    }
    fprintf(f, ">\n      <%s type=\"error\"", s->error != NULL ? "error" : "failure");
    attribute(f, "message", s->error != NULL ? s->error : "there are other failures");
    fputs("/>\n    </testcase>\n", f);
}

static int print_suite(FILE *f, const struct cli_report_view *v, const struct cli_report_subject *s)
{
    struct cli_report_item *items;
    size_t tests, failures;
    int r = cli_report_group(s, CLI_REPORT_BY_PLACE_AND_RULE, &items);

    if (r < 0)
        return r;
    count_cases(v, items, s->count, &tests, &failures);
    fputs("  <testsuite", f);
    attribute(f, "name", s->name);
    fprintf(f, " tests=\"%zu\" failures=\"%zu\" errors=\"%d\">\n", tests + 1,
            failures + (failures > 0 && s->error == NULL), s->error != NULL);
    print_verdict(f, s, failures > 0);
    for (size_t i = 0, n; r == 0 && i < s->count; i += n) {
        n = case_length(items + i, s->count - i);
        r = print_case(f, v, s, items + i, n);
    }
    fputs("  </testsuite>\n", f);
    free(items);
    return r;
}

int cli_report_junit(FILE *f, const struct cli_report_view *v)
{
    int r = 0;

    fputs("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name=\"oci-image validate\">\n", f);
    for (size_t i = 0; r == 0 && i < v->count; i++)
        r = print_suite(f, v, &v->subjects[i]);
    fputs("</testsuites>\n", f);
    return r;
}
