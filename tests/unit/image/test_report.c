/* SPDX-License-Identifier: Apache-2.0 */
/* Rules and reports. */
#include <stdio.h>
#include <string.h>

#include "image/report.h"

#include "test.h"

OCI_TEST (rules, are_told_apart_and_complete) {
    size_t n;
    const oci_rule *rules = oci_rules(&n);

    assert_true(n > 150);
    for (size_t i = 0; i < n; i++) {
        const char *since = rules[i].since;

        assert_ptr_equal(oci_rule_find(rules[i].id), &rules[i]);
        assert_true(strcmp(since, "1.0") == 0 || strcmp(since, "1.1") == 0 || strcmp(since, "HEAD") == 0);
        assert_true(rules[i].text[0] != '\0' && rules[i].text[strlen(rules[i].text) - 1] != '.');
        assert_true(rules[i].explanation[strlen(rules[i].explanation) - 1] == '.');
    }
    assert_null(oci_rule_find("no.such.rule"));
}

static oci_report *new_report(const oci_validate_options *o)
{
    oci_error err = OCI_ERROR_INIT;
    oci_report *r = NULL;

    assert_ok(&err, oci_report_new(o, &r, &err));
    return r;
}

OCI_TEST (report, has_the_severity_of_the_rule_and_the_version) {
    static const struct {
        oci_spec_version spec;
        const char *rule;
        oci_told told;
        oci_severity want;
    } cases[] = {
        { OCI_SPEC_1_1, "descriptor.size.required", OCI_TOLD_RULE, OCI_SEVERITY_ERROR },
        { OCI_SPEC_1_1, "descriptor.size.required", OCI_TOLD_WARNING, OCI_SEVERITY_WARNING },
        { OCI_SPEC_1_1, "descriptor.size.required", OCI_TOLD_INFO, OCI_SEVERITY_INFO },
        { OCI_SPEC_1_1, "index.media-type.present", OCI_TOLD_RULE, OCI_SEVERITY_WARNING },
        { OCI_SPEC_1_1, "index.media-type.present", OCI_TOLD_REFUSED, OCI_SEVERITY_ERROR },
        { OCI_SPEC_HEAD, "digest.blake3.encoded", OCI_TOLD_RULE, OCI_SEVERITY_ERROR },
        { OCI_SPEC_1_1, "digest.blake3.encoded", OCI_TOLD_RULE, OCI_SEVERITY_INFO },
        { OCI_SPEC_1_0, "descriptor.data.base64", OCI_TOLD_RULE, OCI_SEVERITY_INFO },
        { OCI_SPEC_1_0, "descriptor.data.base64", OCI_TOLD_REFUSED, OCI_SEVERITY_ERROR },
    };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const oci_validate_options o = { .spec = cases[i].spec };
        OCI_AUTO(oci_report) r = new_report(&o);
        const oci_finding place = { .file = "f" };

        assert_int_equal(oci_report_add(r, cases[i].rule, cases[i].told, &place, 0, "text %d", 1), 0);
        assert_int_equal(oci_report_finding(r, 0)->severity, cases[i].want);
        assert_string_equal(oci_report_finding(r, 0)->text, "text 1");
        assert_int_equal(oci_report_count_of(r, cases[i].want), 1);
    }
}

OCI_TEST (report, leaves_out_what_is_ignored) {
    static const oci_ignore ignores[] = {
        { "index.media-type.present", NULL },
        { "descriptor.*", "blobs/sha256/a*" },
        { "*.config.*", "/config/*" },
    };
    static const struct {
        const char *rule;
        oci_finding place;
        bool ignored;
    } cases[] = {
        { "index.media-type.present", { .file = "index.json" }, true },
        { "manifest.media-type.present", { .file = "index.json" }, false },
        { "descriptor.size.required", { .file = "blobs/sha256/abc" }, true },
        { "descriptor.size.required", { .file = "blobs/sha256/bc" }, false },
        { "config.config.object", { .file = "f", .pointer = "/config/x/y" }, true },
        { "config.config.object", { .file = "f", .pointer = "/config" }, false },
    };
    const oci_validate_options o = { .spec = OCI_SPEC_1_1, .ignores = ignores, .n_ignores = 3 };

    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        OCI_AUTO(oci_report) r = new_report(&o);

        assert_int_equal(oci_report_add(r, cases[i].rule, OCI_TOLD_RULE, &cases[i].place, 0, "x"), 0);
        assert_int_equal(oci_report_ignored(r), cases[i].ignored);
        assert_int_equal(oci_report_count(r), !cases[i].ignored);
    }
}

OCI_TEST (report, makes_texts_printable) {
    OCI_AUTO(oci_report) r = new_report(NULL);
    const oci_finding place = { .file = "a\nb", .path = "\x1b[1m", .pointer = "/a\nb", .entry = "e\xff" };
    const oci_finding *f;

    assert_int_equal(oci_report_add(r, "media.json-types", OCI_TOLD_RULE, &place, 0, "%s", "t\x01"), 0);
    f = oci_report_finding(r, 0);
    assert_string_equal(f->file, "a\\x0ab");
    assert_string_equal(f->path, "\\x1b[1m");
    assert_string_equal(f->text, "t\\x01");
    assert_string_equal(f->pointer, "/a\nb");
    assert_string_equal(f->entry, "e\xff");
}

/* The last one counts the rest, and is as bad as the worst of it. */
OCI_TEST (report, has_a_ceiling) {
    OCI_AUTO(oci_report) r = new_report(NULL);
    OCI_AUTO(oci_report) all = new_report(NULL);
    const oci_finding place = { .file = "f" }, *last;

    for (size_t i = 0; i < OCI_REPORT_MAX + 5; i++)
        assert_int_equal(oci_report_add(r, "index.media-type.present", OCI_TOLD_INFO, &place, i, "x"), 0);
    assert_int_equal(oci_report_count_of(r, OCI_SEVERITY_ERROR), 0);
    assert_int_equal(oci_report_add(r, "media.json-types", OCI_TOLD_RULE, &place, 3, "x"), 0);
    oci_report_sort(r, 0);
    assert_int_equal(oci_report_count(r), OCI_REPORT_MAX + 1);
    last = oci_report_finding(r, OCI_REPORT_MAX);
    assert_string_equal(last->rule->id, "report.more");
    assert_string_equal(last->text, "6 more findings are not shown");
    assert_int_equal(last->severity, OCI_SEVERITY_ERROR);
    assert_int_equal(oci_report_count_of(r, OCI_SEVERITY_ERROR), 1);

    assert_int_equal(oci_report_add(all, "media.json-types", OCI_TOLD_RULE, &place, 0, "x"), 0);
    assert_int_equal(oci_report_append(all, r), 0);
    last = oci_report_finding(all, OCI_REPORT_MAX);
    assert_string_equal(last->text, "7 more findings are not shown");
    assert_int_equal(last->severity, OCI_SEVERITY_ERROR);
}

OCI_TEST (report, is_in_the_order_of_the_walk) {
    OCI_AUTO(oci_report) r = new_report(NULL);
    const oci_finding place = { .file = "f" };
    static const size_t orders[] = { 3, 1, 2, 1, 3 };
    static const char *const want[] = { "1", "3", "2", "0", "4" };

    for (size_t i = 0; i < 5; i++)
        assert_int_equal(oci_report_add(r, "media.json-types", OCI_TOLD_RULE, &place, orders[i], "%zu", i), 0);
    oci_report_sort(r, 0);
    for (size_t i = 0; i < 5; i++)
        assert_string_equal(oci_report_finding(r, i)->text, want[i]);
}

OCI_TEST (report, shows_the_place) {
    OCI_AUTO(oci_report) r = new_report(NULL);
    static const char text[] = "{\n  \"a\": 1,\n\t\"b\": \"\xc3\xa4\", \"c\": 3\n}\n";
    const oci_finding c = { .file = "f", .pointer = "/c" }, a = { .file = "f", .pointer = "/a" },
                      other = { .file = "f", .pointer = "/a" };

    assert_int_equal(oci_report_add(r, "media.json-types", OCI_TOLD_RULE, &c, 7, "x"), 0);
    assert_int_equal(oci_report_add(r, "media.json-types", OCI_TOLD_RULE, &a, 7, "x"), 0);
    assert_int_equal(oci_report_add(r, "media.json-types", OCI_TOLD_RULE, &other, 8, "x"), 0);
    assert_int_equal(oci_report_locate(r, 0, 7, text, sizeof text - 1), 0);
    assert_int_equal(oci_report_finding(r, 0)->line, 3);
    assert_int_equal(oci_report_finding(r, 0)->column, 18);
    assert_int_equal(oci_report_finding(r, 0)->character, 17);
    assert_string_equal(oci_report_finding(r, 0)->excerpt, "\\x09\"b\": \"\xc3\xa4\", \"c\": 3");
    assert_string_equal(oci_report_finding(r, 0)->excerpt + oci_report_finding(r, 0)->caret, "3");
    assert_int_equal(oci_report_finding(r, 1)->line, 2);
    assert_int_equal(oci_report_finding(r, 1)->column, 8);
    assert_int_equal(oci_report_finding(r, 1)->character, 8);
    assert_string_equal(oci_report_finding(r, 1)->excerpt, "  \"a\": 1,");
    assert_int_equal(oci_report_finding(r, 2)->line, 0);
    assert_null(oci_report_finding(r, 2)->excerpt);
}
