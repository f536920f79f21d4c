/* SPDX-License-Identifier: Apache-2.0 */
/* Validation by the library: what the command cannot show. */
#include <fcntl.h>
#include <stdio.h>

#include <oci-image/validate.h>

#include "image/report.h"

#include "images.h"
#include "os/pool.h"

/* Everything that validation allocates for, once: names, subjects, labels, paths, bad documents and links. */
static int hard_layout(void)
{
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", NAMED("a"));
    struct image b = image_put(dir, "linux", "x86_64", "b", "");
    struct blob bad = blob_put(dir, CONFIG_TYPE, "", "{\"os\":1}");
    struct blob artifact =
        blob_put(dir, MANIFEST_TYPE, "",
                 "{\"schemaVersion\":2,\"artifactType\":\"a/b\",\"config\":%s,\"layers\":[%s],\"subject\":%s,"
                 "\"annotations\":{\"My key\":\"x\"}}",
                 bad.json, a.layer.json, b.manifest.json);
    struct blob broken = blob_put(dir, MANIFEST_TYPE, "", "{\"schemaVersion\":2,\"config\":%s}", bad.json);
    struct blob index = index_put(dir, "", "%s,%s", a.manifest.json, b.manifest.json);

    index_write(dir, "%s,%s,%s,%s", a.manifest.json, artifact.json, broken.json, index.json);
    file_write(dir, "stray", "x", 1);
    return dir;
}

static oci_validate_options hard_options(void)
{
    static const char *const labels[] = { "a" }, *const paths[] = { "/mark", "/none" };

    return (oci_validate_options) { .spec = OCI_SPEC_HEAD,
                                    .require_labels = { labels, 1 },
                                    .require_paths = { paths, 2 },
                                    .profiles = OCI_PROFILE_DOCKER,
                                    .threads = 1 };
}

OCI_TEST (validate, without_memory_reports_that_alone) {
    const oci_validate_options o = hard_options();
    oci_error err = OCI_ERROR_INIT;
    int dir = hard_layout(), failed = 1, fds = count_fds();
    size_t findings = 0;

    for (unsigned long n = 1; failed; n++) {
        OCI_AUTO(oci_report) report = NULL;
        int r;

        oci_alloc_fail_at(n);
        r = oci_report_new(&o, &report, &err);
        if (r == 0)
            r = oci_validate_layout(report, dir, ".", NULL, NULL, NULL, &err);
        failed = oci_alloc_failed();
        oci_alloc_fail_at(0);
        if (r != (failed ? OCI_E_NOMEM : 0))
            print_error("allocation %lu: %d %s\n", n, r, err.msg);
        assert_int_equal(r, failed ? OCI_E_NOMEM : 0);
        if (!failed)
            findings = oci_report_count(report);
    }
    assert_true(findings > 10);
    assert_int_equal(count_fds(), fds);
    scratch_free(dir);
}

static bool always(void *ctx)
{
    ++*(unsigned *)ctx;
    return true;
}

OCI_TEST (validate, stops_when_it_is_cancelled) {
    unsigned asked = 0;
    const oci_events events = { .ctx = &asked, .cancelled = always };
    const oci_validate_options o = { .spec = OCI_SPEC_1_1, .events = &events };
    OCI_AUTO(oci_report) report = NULL;
    oci_error err = OCI_ERROR_INIT;
    int dir = hard_layout();

    assert_ok(&err, oci_report_new(&o, &report, &err));
    assert_fails(OCI_E_CANCELLED, &err, oci_validate_layout(report, dir, ".", NULL, NULL, NULL, &err));
    assert_true(asked > 0);
    scratch_free(dir);
}

/* Layers are read in threads; whatever ThreadSanitizer can see, it sees here. */
OCI_TEST (validate, finds_the_same_with_threads) {
    enum { LAYERS = 12 };
    OCI_AUTO_BUF oci_buf one = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO_BUF oci_buf entries = OCI_BUF_INIT;

    for (int i = 0; i < LAYERS; i++) {
        char mark[16];
        struct image image;

        snprintf(mark, sizeof mark, "%d", i);
        image = image_put(dir, "linux", "x86_64", mark, "");
        if (i % 3 == 0)
            file_write(dir, image.layer.path, "no tar", 6);
        assert_ok(&err, oci_buf_printf(&entries, &err, "%s%s", i > 0 ? "," : "", image.manifest.json));
    }
    index_write(dir, "%s", entries.data);
    for (unsigned threads = 1; threads <= 5; threads += 2) {
        const oci_validate_options o = { .spec = OCI_SPEC_1_1, .threads = threads };
        OCI_AUTO(oci_report) report = NULL;
        OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;

        assert_ok(&err, oci_report_new(&o, &report, &err));
        assert_ok(&err, oci_validate_layout(report, dir, ".", NULL, NULL, NULL, &err));
        for (size_t i = 0; i < oci_report_count(report); i++) {
            const oci_finding *f = oci_report_finding(report, i);

            assert_ok(&err, oci_buf_printf(&text, &err, "%s %s %s\n", f->rule->id, f->path, f->text));
        }
        assert_true(oci_report_count(report) > LAYERS);
        if (threads == 1)
            assert_ok(&err, oci_buf_puts(&one, text.data, &err));
        assert_string_equal(text.data, one.data);
    }
    scratch_free(dir);
}
