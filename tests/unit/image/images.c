/* SPDX-License-Identifier: Apache-2.0 */
#include "images.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"

struct image image_put(int dir, const char *os, const char *architecture, const char *mark, const char *members)
{
    OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;
    struct image i;

    archive_file(&tar, "mark", mark);
    archive_end(&tar);
    i.layer = blob_put_bytes(dir, LAYER_TYPE, "", tar.data, tar.len);
    i.config = blob_put(dir, CONFIG_TYPE, "",
                        "{\"architecture\":\"%s\",\"os\":\"%s\",\"config\":{\"Cmd\":[\"/x\"]},"
                        "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}",
                        architecture, os, i.layer.digest);
    i.manifest = blob_put(dir, MANIFEST_TYPE, members, "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}",
                          i.config.json, i.layer.json);
    return i;
}

struct image image_put_host(int dir, const char *mark, const char *members)
{
    const oci_platform *host = oci_platform_host();

    return image_put(dir, host->os, host->architecture, mark, members);
}

void image_put_blobs(int dir, const struct blob *layers, const char *const *diff_ids, int n)
{
    const oci_platform *host = oci_platform_host();
    OCI_AUTO_BUF oci_buf ids = OCI_BUF_INIT, list = OCI_BUF_INIT;
    struct blob config, manifest;

    for (int i = 0; i < n; i++) {
        assert_int_equal(oci_buf_printf(&ids, NULL, "%s\"%s\"", i > 0 ? "," : "", diff_ids[i]), 0);
        assert_int_equal(oci_buf_printf(&list, NULL, "%s%s", i > 0 ? "," : "", layers[i].json), 0);
    }
    config = blob_put(dir, CONFIG_TYPE, "",
                      "{\"architecture\":\"%s\",\"os\":\"%s\",\"config\":{\"Cmd\":[\"/x\"]},"
                      "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[%s]}}",
                      host->architecture, host->os, ids.data);
    manifest =
        blob_put(dir, MANIFEST_TYPE, "", "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", config.json, list.data);
    index_write(dir, "%s", manifest.json);
}

void image_put_tars(int dir, const oci_buf *tars, struct blob *layers, int n)
{
    const char **diff_ids = calloc((size_t)n, sizeof *diff_ids);

    assert_non_null(diff_ids);
    for (int i = 0; i < n; i++) {
        layers[i] = blob_put_bytes(dir, LAYER_TYPE, "", tars[i].data, tars[i].len);
        diff_ids[i] = layers[i].digest;
    }
    image_put_blobs(dir, layers, diff_ids, n);
    free(diff_ids);
}

void image_put_layers(int dir, struct blob *layers, int n)
{
    oci_buf *tars = calloc((size_t)n, sizeof *tars);

    assert_non_null(tars);
    for (int i = 0; i < n; i++) {
        char mark[16];

        snprintf(mark, sizeof mark, "%d", i);
        archive_file(&tars[i], "mark", mark);
        archive_end(&tars[i]);
    }
    image_put_tars(dir, tars, layers, n);
    for (int i = 0; i < n; i++)
        oci_buf_free(&tars[i]);
    free(tars);
}

struct blob index_put(int dir, const char *members, const char *format, ...)
{
    char *entries = NULL;
    struct blob b;
    va_list args;
    int n;

    va_start(args, format);
    n = vasprintf(&entries, format, args);
    va_end(args);
    assert_true(n >= 0);
    b = blob_put(dir, INDEX_TYPE, members, "{\"schemaVersion\":2,\"manifests\":[%s]}", entries);
    free(entries);
    return b;
}

static void add_warning(void *ctx, const char *text)
{
    assert_int_equal(oci_buf_printf(ctx, NULL, "%s\n", text), 0);
}

oci_events warnings_to(oci_buf *out)
{
    return (oci_events) { .ctx = out, .warning = add_warning };
}
