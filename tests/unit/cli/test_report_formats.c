/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "reports.h"
#include "test.h"

OCI_TEST (formats, have_words) {
    size_t n = 0;

    for (; cli_report_formats[n].name != NULL; n++)
        assert_string_equal(cli_report_formats[n].name, cli_report_format_names[n]);
    assert_null(cli_report_format_names[n]);
    assert_true(n > 0);
}

OCI_TEST (formats, files_beside_the_layout) {
    static const struct {
        const char *directory, *want;
    } cases[] = {
        { NULL, "index.json" },        { "", "index.json" },
        { ".", "index.json" },         { "./", "index.json" },
        { "./.", "index.json" },       { "a", "a/index.json" },
        { ".//./a/", "a/index.json" }, { "/a", "/a/index.json" },
        { "../a", "../a/index.json" }, { ".hidden", ".hidden/index.json" },
    };
    static const oci_finding finding = { .file = "index.json" };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct cli_report_subject s = { .directory = cases[i].directory };
        char *got = cli_report_file(&s, &finding);

        assert_string_equal(got, cases[i].want);
        free(got);
    }
}

OCI_TEST (formats, what_is_in_no_file_is_in_the_whole) {
    static const oci_finding finding = { .text = "" };
    struct cli_report_subject s = { .name = "-", .directory = "./layout" };
    char *got = cli_report_file(&s, &finding);

    assert_string_equal(got, "./layout");
    free(got);
    s.directory = NULL;
    got = cli_report_file(&s, &finding);
    assert_string_equal(got, "-");
    free(got);
    assert_string_equal(cli_report_place(&finding), "");
}

OCI_TEST (formats, what_counts) {
    static const oci_rule rule = { .id = "r" };
    static const oci_finding warning = { .rule = &rule, .severity = OCI_SEVERITY_WARNING };
    static const oci_finding *const findings[] = { &warning };
    struct cli_report_subject s = { .findings = findings, .count = 1, .ignored = 3 };
    struct cli_report_view v = { .subjects = &s, .count = 1, .fail_on = OCI_SEVERITY_ERROR };

    assert_true(cli_report_passed(&v));
    v.fail_on = OCI_SEVERITY_WARNING;
    assert_false(cli_report_passed(&v));
    v.fail_on = OCI_SEVERITY_INFO;
    assert_false(cli_report_passed(&v));
    assert_int_equal(cli_report_count(&v).of[OCI_SEVERITY_WARNING], 1);
    assert_int_equal(cli_report_count(&v).ignored, 3);
    v.fail_on = OCI_SEVERITY_ERROR;
    s.error = "it could not be read";
    assert_false(cli_report_passed(&v));
}

/* Groups in the order of the walk, the most severe first inside, rules together. */
OCI_TEST (formats, groups) {
    static const oci_rule a = { .id = "a" }, b = { .id = "b" };
    static const oci_finding list[] = {
        { .rule = &b, .severity = OCI_SEVERITY_WARNING, .file = "z", .path = "" },
        { .rule = &b, .severity = OCI_SEVERITY_ERROR, .file = "m", .path = "way" },
        { .rule = &a, .severity = OCI_SEVERITY_WARNING, .file = "z" },
        { .rule = &b, .severity = OCI_SEVERITY_WARNING, .file = "z" },
        { .rule = &b, .severity = OCI_SEVERITY_ERROR, .file = "z" },
        { .rule = &b, .severity = OCI_SEVERITY_ERROR, .file = "n", .path = "way" },
    };
    static const struct {
        size_t order, group;
    } files[] = { { 4, 0 }, { 2, 0 }, { 0, 0 }, { 3, 0 }, { 1, 1 }, { 5, 5 } },
      places[] = { { 4, 0 }, { 0, 0 }, { 3, 0 }, { 1, 1 }, { 5, 1 }, { 2, 2 } };
    const oci_finding *findings[6];
    struct cli_report_subject s = { .findings = findings, .count = 6 };
    struct cli_report_item *items;

    for (size_t i = 0; i < 6; i++)
        findings[i] = &list[i];
    assert_int_equal(cli_report_group(&s, CLI_REPORT_BY_FILE, &items), 0);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(items[i].order, files[i].order);
        assert_int_equal(items[i].group, files[i].group);
        assert_ptr_equal(items[i].finding, findings[items[i].order]);
    }
    free(items);
    assert_int_equal(cli_report_group(&s, CLI_REPORT_BY_PLACE_AND_RULE, &items), 0);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(items[i].order, places[i].order);
        assert_int_equal(items[i].group, places[i].group);
    }
    free(items);
    s.count = 0;
    assert_int_equal(cli_report_group(&s, CLI_REPORT_BY_FILE, &items), 0);
    assert_null(items);
}

OCI_TEST (formats, text) {
    assert_form_prints("text", "txt");
}

OCI_TEST (formats, json) {
    assert_form_prints("json", "json");
}

OCI_TEST (formats, sarif) {
    assert_form_prints("sarif", "sarif");
}

OCI_TEST (formats, junit) {
    assert_form_prints("junit", "xml");
}

OCI_TEST (formats, github) {
    assert_form_prints("github", "github");
}

OCI_TEST (formats, quiet_text_is_errors_alone) {
    struct cli_report_view v = samples[0].view;
    char *text;

    v.quiet = true;
    text = printed("text", &v);
    assert_string_equal(text, "");
    free(text);
    v = samples[1].view;
    v.quiet = true;
    text = printed("text", &v);
    assert_non_null(strstr(text, "size is -1"));
    assert_non_null(strstr(text, "etc/group"));
    assert_null(strstr(text, "warning"));
    assert_null(strstr(text, "info"));
    assert_null(strstr(text, "2 errors"));
    free(text);
}

/* Colours are all that --color changes. */
OCI_TEST (formats, coloured_text) {
    struct cli_report_view v = samples[1].view;
    char *plain = printed("text", &v), *text, *to;

    v.color = true;
    text = printed("text", &v);
    assert_non_null(strstr(text, "\x1b[31merror:\x1b[0m size is -1"));
    assert_non_null(strstr(text, "\x1b[33mwarning:\x1b[0m "));
    assert_non_null(strstr(text, "\x1b[1mlayout/index.json\x1b[0m\n"));
    to = text;
    for (const char *from = text; *from != '\0';)
        if (*from == '\x1b')
            from = strchr(from, 'm') + 1;
        else
            *to++ = *from++;
    *to = '\0';
    assert_string_equal(text, plain);
    free(plain);
    free(text);
}

/* The text between the next name and the end of its line; free it. */
static char *member(const char *document, const char *name)
{
    const char *start = strstr(document, name);

    assert_non_null(start);
    return strndup(start, strcspn(start, "\n"));
}

static char *fingerprint(const oci_finding *finding)
{
    const struct cli_report_subject s = { .name = "layout", .findings = &finding, .count = 1 };
    const struct cli_report_view v = { .subjects = &s, .count = 1, .rules = finding->rule, .version = "1" };
    char *document = printed("sarif", &v), *print = member(document, "\"finding/v1\"");

    free(document);
    return print;
}

/* A finding is known again when the image was built anew, and is not taken for another. */
OCI_TEST (formats, fingerprints) {
    static const oci_rule rule = { .id = "r", .section = "", .since = "1.0", .text = "" };
    static const oci_finding was = { .rule = &rule, .text = "a", .file = "blobs/1", .path = "layers[0]", .entry = "x" };
    char *print = fingerprint(&was), *other;
    oci_finding is = was;

    is.file = "blobs/2";
    is.digest = "sha256:2";
    is.text = "b";
    is.line = 7;
    other = fingerprint(&is);
    assert_string_equal(print, other);
    free(other);
    is.entry = "y";
    other = fingerprint(&is);
    assert_string_not_equal(print, other);
    free(other);
    /* What ends in one part and what begins the next. */
    is.entry = "";
    is.pointer = "x";
    other = fingerprint(&is);
    assert_string_not_equal(print, other);
    free(other);
    free(print);
}

OCI_TEST (formats, messages_of_sarif_hold_no_placeholder_and_no_link) {
    static const oci_rule rule = { .id = "r", .section = "", .since = "1.0", .text = "" };
    static const oci_finding finding = { .rule = &rule, .text = "{0} [here](http://x) {{", .file = "f" };
    const oci_finding *const findings[] = { &finding };
    const struct cli_report_subject s = { .name = "f", .findings = findings, .count = 1 };
    const struct cli_report_view v = { .subjects = &s, .count = 1, .rules = &rule, .version = "1" };
    char *document = printed("sarif", &v);

    assert_non_null(strstr(document, "\"text\": \"{{0}} [here] (http://x) {{{{\""));
    free(document);
}

/* Logs of continuous integration are read for commands, blanks before them skipped. */
OCI_TEST (formats, no_line_of_text_is_a_command) {
    char *text = printed("text", &samples[2].view);

    for (const char *line = text; line != NULL; line = strchr(line, '\n')) {
        line += strspn(line, "\n ");
        assert_int_not_equal(strncmp(line, "::", 2), 0);
    }
    free(text);
}
