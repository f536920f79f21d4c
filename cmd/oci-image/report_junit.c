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
    char *text = NULL, *file = NULL;
    size_t len;
    FILE *memory = open_memstream(&text, &len);
    bool failed = memory == NULL;

    for (size_t i = 0; !failed && i < n; i++) {
        file = cli_report_file(s, items[i].finding);
        failed = file == NULL;
        if (!failed && (i == 0 || strcmp(items[i].finding->file, items[i - 1].finding->file) != 0)) {
            cli_out_text(memory, file, strlen(file));
            fputc('\n', memory);
        }
        free(file);
        cli_report_print_finding(memory, items[i].finding, NULL, false);
    }
    if (memory != NULL && fclose(memory) != 0)
        failed = true;
    if (!failed)
        print_lines(f, text);
    free(text);
    return failed ? OCI_E_NOMEM : 0;
}

/* All findings of one rule at one place; the first stands for all of them in lists. */
static int print_case(FILE *f, const struct cli_report_view *v, const struct cli_report_subject *s,
                      const struct cli_report_item *items, size_t n)
{
    const oci_finding *first = items[0].finding;
    bool counts = first->severity >= v->fail_on;
    const char *element = counts ? "failure" : "system-out";
    int r;

    fputs("    <testcase classname=\"", f);
    cli_out_xml(f, s->name, strlen(s->name));
    fputs(": ", f);
    cli_out_xml(f, cli_report_place(first), strlen(cli_report_place(first)));
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

struct totals {
    size_t tests, failures;
};

static struct totals total(const struct cli_report_view *v, const struct cli_report_item *items, size_t n)
{
    struct totals t = { .tests = 1 };

    for (size_t i = 0; i < n; i += case_length(items + i, n - i)) {
        t.tests++;
        t.failures += items[i].finding->severity >= v->fail_on;
    }
    t.failures += t.failures > 0;
    return t;
}

static void print_verdict(FILE *f, const struct cli_report_subject *s, bool passed)
{
    fputs("    <testcase", f);
    attribute(f, "classname", s->name);
    attribute(f, "name", "valid");
    if (passed)
        fputs("/>\n", f);
    else
        fputs(">\n      <failure type=\"error\" message=\"there are other failures\"/>\n    </testcase>\n", f);
}

static int print_suite(FILE *f, const struct cli_report_view *v, const struct cli_report_subject *s)
{
    struct cli_report_item *items;
    struct totals t;
    int r = cli_report_group(s, CLI_REPORT_BY_PLACE_AND_RULE, &items);

    if (r < 0)
        return r;
    t = total(v, items, s->count);
    fputs("  <testsuite", f);
    attribute(f, "name", s->name);
    fprintf(f, " tests=\"%zu\" failures=\"%zu\" errors=\"0\">\n", t.tests, t.failures);
    print_verdict(f, s, t.failures == 0);
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
