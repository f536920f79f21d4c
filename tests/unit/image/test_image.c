/* SPDX-License-Identifier: Apache-2.0 */
/* An image exists only when its documents agree. */
#include <stdio.h>
#include <unistd.h>

#include "images.h"

static int open_image(int dir, const struct blob *manifest, oci_image **out, oci_error *err)
{
    static oci_layout *l; /* borrowed by the image until close_image */
    OCI_AUTO(oci_index) index = NULL;
    OCI_AUTO_BUF oci_buf json = OCI_BUF_INIT;

    if (manifest == NULL) {
        oci_layout_free(l);
        l = NULL;
        return 0;
    }
    oci_layout_free(l);
    l = layout_of(dir);
    assert_ok(err, oci_buf_printf(&json, err, "{\"schemaVersion\":2,\"manifests\":[%s]}", manifest->json));
    assert_ok(err, oci_index_parse(json.data, json.len, NULL, &index, err));
    return oci_image_open(oci_layout_store(l), index->manifests[0], NULL, out, err);
}

static void close_image(oci_image *i)
{
    oci_image_free(i);
    open_image(-1, NULL, NULL, NULL);
}

static void assert_refused(int dir, const struct blob *manifest, int code, const char *says)
{
    oci_error err = OCI_ERROR_INIT;
    oci_image *i = NULL;

    assert_fails(code, &err, open_image(dir, manifest, &i, &err));
    assert_says(&err, says);
    assert_null(i);
    close_image(NULL);
}

// proves: layout.blob.opaque
OCI_TEST (image, gives_its_documents_and_layers) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new(), fds = count_fds();
    struct image a = image_put_host(dir, "hello", "");
    oci_image *i = NULL;
    oci_reader *tar = NULL;

    assert_ok(&err, open_image(dir, &a.manifest, &i, &err));
    assert_int_equal(oci_image_manifest_bytes(i).len, a.manifest.size);
    assert_int_equal(oci_image_config_bytes(i).len, a.config.size);
    assert_string_equal(oci_image_manifest(i)->config->digest_text, a.config.digest);
    assert_int_equal(oci_image_config(i)->n_diff_ids, 1);
    assert_ok(&err, oci_image_open_layer(i, 0, &tar, &err));
    assert_ok(&err, oci_reader_drain(tar, &err));
    assert_int_equal(oci_reader_count(tar), a.layer.size);
    oci_reader_free(tar);
    tar = NULL;
    assert_fails(OCI_E_USAGE, &err, oci_image_open_layer(i, 1, &tar, &err));
    assert_null(tar);
    close_image(i);
    assert_int_equal(count_fds(), fds);
    scratch_free(dir);
}

#define CONFIG(diff_ids)                                                                                               \
    "{\"architecture\":\"arm\",\"os\":\"linux\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[" diff_ids "]}}"

OCI_TEST (image, whose_documents_disagree_is_none) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", "");
    struct blob config = blob_put(dir, CONFIG_TYPE, "", CONFIG("")),
                manifest = blob_put(dir, MANIFEST_TYPE, "", "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}",
                                    config.json, a.layer.json);

    assert_refused(dir, &manifest, OCI_E_INVALID, "0 diff_ids");
    manifest = blob_put(dir, MANIFEST_TYPE, "", "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s,%s]}", a.config.json,
                        a.layer.json, a.layer.json);
    assert_refused(dir, &manifest, OCI_E_INVALID, "2 layers");
    manifest = blob_put(dir, MANIFEST_TYPE, "",
                        "{\"schemaVersion\":2,\"mediaType\":\"application/vnd.docker.distribution.manifest.v2+json\","
                        "\"config\":%s,\"layers\":[%s]}",
                        a.config.json, a.layer.json);
    assert_refused(dir, &manifest, OCI_E_INVALID, "contradicts");
    scratch_free(dir);
}

// proves: manifest.config.unknown-no-parse
OCI_TEST (image, with_another_configuration_is_an_artifact) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", "");
    struct blob odd = blob_put(dir, "application/vnd.example.v1+json", "", "not JSON"),
                manifest = blob_put(dir, MANIFEST_TYPE, "", "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}",
                                    odd.json, a.layer.json);

    assert_refused(dir, &manifest, OCI_E_UNSUPPORTED, "application/vnd.example.v1+json");
    scratch_free(dir);
}

// proves: artifact.legacy-image-config
OCI_TEST (image, with_a_layer_that_is_none_is_refused) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", "");
    struct blob layer = blob_with(&a.layer, "application/vnd.example.layer", ""),
                manifest = blob_put(dir, MANIFEST_TYPE, "", "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}",
                                    a.config.json, layer.json);

    assert_refused(dir, &manifest, OCI_E_UNSUPPORTED, "application/vnd.example.layer");
    manifest = blob_with(&a.manifest, INDEX_TYPE, "");
    assert_refused(dir, &manifest, OCI_E_UNSUPPORTED, "not an image manifest");
    scratch_free(dir);
}

// proves: safety.11
OCI_TEST (image, with_a_missing_or_damaged_part_is_invalid) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", "");
    OCI_AUTO(oci_reader) tar = NULL;
    oci_image *i = NULL;

    assert_ok(&err, open_image(dir, &a.manifest, &i, &err));
    assert_int_equal(unlinkat(dir, a.layer.path, 0), 0);
    assert_fails(OCI_E_INVALID, &err, oci_image_open_layer(i, 0, &tar, &err));
    assert_says(&err, a.layer.digest);
    close_image(i);

    file_write(dir, a.config.path, "{}", 2);
    assert_refused(dir, &a.manifest, OCI_E_SIZE, a.config.digest);
    assert_int_equal(unlinkat(dir, a.config.path, 0), 0);
    assert_refused(dir, &a.manifest, OCI_E_INVALID, a.config.digest);
    assert_int_equal(unlinkat(dir, a.manifest.path, 0), 0);
    assert_refused(dir, &a.manifest, OCI_E_INVALID, a.manifest.digest);
    scratch_free(dir);
}

OCI_TEST (image, whose_layer_is_not_its_diff_id_is_refused) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", "");
    OCI_AUTO(oci_reader) tar = NULL;
    oci_image *i = NULL;

    a.config = blob_put(dir, CONFIG_TYPE, "", CONFIG("\"%s\""), a.config.digest);
    a.manifest = blob_put(dir, MANIFEST_TYPE, "", "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", a.config.json,
                          a.layer.json);
    assert_ok(&err, open_image(dir, &a.manifest, &i, &err));
    assert_ok(&err, oci_image_open_layer(i, 0, &tar, &err));
    assert_fails(OCI_E_DIGEST, &err, oci_reader_drain(tar, &err));
    close_image(i);
    scratch_free(dir);
}

OCI_TEST (image, whose_diff_id_cannot_be_computed_is_unsupported) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", "");
    oci_reader *tar = NULL;
    oci_image *i = NULL;

    a.config = blob_put(dir, CONFIG_TYPE, "", CONFIG("\"blake9:abc\""));
    a.manifest = blob_put(dir, MANIFEST_TYPE, "", "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", a.config.json,
                          a.layer.json);
    assert_ok(&err, open_image(dir, &a.manifest, &i, &err));
    assert_fails(OCI_E_UNSUPPORTED, &err, oci_image_open_layer(i, 0, &tar, &err));
    close_image(i);
    scratch_free(dir);
}

/* ---- chain ids ---- */

OCI_TEST (image, chain_ids_are_those_of_the_specification) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    struct image a[3];
    char chain[OCI_DIGEST_MAX_TEXT], text[2 * OCI_DIGEST_MAX_TEXT + 1];
    oci_image *i = NULL;
    oci_digest id, expected;

    for (int k = 0; k < 3; k++)
        a[k] = image_put_host(dir, k == 0 ? "a" : k == 1 ? "b" : "c", "");
    a[0].config = blob_put(dir, CONFIG_TYPE, "", CONFIG("\"%s\",\"%s\",\"%s\""), a[0].layer.digest, a[1].layer.digest,
                           a[2].layer.digest);
    a[0].manifest = blob_put(dir, MANIFEST_TYPE, "", "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s,%s,%s]}",
                             a[0].config.json, a[0].layer.json, a[1].layer.json, a[2].layer.json);
    assert_ok(&err, open_image(dir, &a[0].manifest, &i, &err));
    assert_fails(OCI_E_USAGE, &err, oci_image_chain_id(i, 0, &id, &err));
    assert_fails(OCI_E_USAGE, &err, oci_image_chain_id(i, 4, &id, &err));
    /* ChainID(L0) = DiffID(L0); ChainID(L0|...|Ln) = Digest(ChainID(L0|...|Ln-1) + " " + DiffID(Ln)). */
    snprintf(chain, sizeof chain, "%s", a[0].layer.digest);
    for (size_t n = 1; n <= 3; n++) {
        if (n > 1) {
            snprintf(text, sizeof text, "%s %s", chain, a[n - 1].layer.digest);
            assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, text, strlen(text), &expected, &err));
            oci_digest_format(&expected, chain, sizeof chain);
        }
        assert_ok(&err, oci_image_chain_id(i, n, &id, &err));
        oci_digest_format(&id, text, sizeof text);
        assert_string_equal(text, chain);
    }
    close_image(i);
    scratch_free(dir);
}

/* ---- the walk ---- */

struct walked {
    oci_buf text;
    int stop_at, count;
};

static int note(void *ctx, const oci_walk_node *node, oci_error *err)
{
    struct walked *w = ctx;

    if (++w->count == w->stop_at)
        return 7;
    return oci_buf_printf(&w->text, err, "%zu%s%s%s%s ", node->depth, node->index != NULL ? "i" : "",
                          node->manifest != NULL ? "m" : "", node->config != NULL ? "c" : "",
                          node->problem != NULL ? oci_error_name(node->problem->code) : "");
}

static void assert_walk(int dir, const char *expected)
{
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO(oci_layout) l = layout_of(dir);
    struct walked w = { 0 };

    assert_ok(&err, oci_walk(l, NULL, note, &w, &err));
    assert_string_equal(w.count > 0 ? w.text.data : "", expected);
    oci_buf_free(&w.text);
    w = (struct walked) { .stop_at = 1 };
    assert_int_equal(oci_walk(l, NULL, note, &w, &err), expected[0] != '\0' ? 7 : 0);
    oci_buf_free(&w.text);
}

// proves: safety.15
OCI_TEST (walk, visits_everything_in_order_and_each_index_once) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", ""), b = image_put_host(dir, "b", "");
    struct blob inner = index_put(dir, "", "%s", a.manifest.json),
                outer = index_put(dir, NAMED("v1"), "%s,%s,%s", inner.json, b.manifest.json, inner.json),
                odd = blob_put(dir, "application/x.y", "", "not JSON");

    assert_walk(dir, "");
    index_write(dir, "%s,%s,%s", outer.json, odd.json, inner.json);
    assert_walk(dir, "0i 1i 2mc 1mc 1 0 0 ");
    /* What cannot be read is told and does not end the walk. */
    assert_int_equal(unlinkat(dir, a.manifest.path, 0), 0);
    file_write(dir, b.config.path, "{}", 2);
    assert_walk(dir, "0i 1i 2OCI_E_NOT_FOUND 1mOCI_E_SIZE 1 0 0 ");
    file_write(dir, inner.path, "{}", 2);
    assert_walk(dir, "0i 1OCI_E_SIZE 1mOCI_E_SIZE 1 0 0 ");
    scratch_free(dir);
}

// proves: safety.15
OCI_TEST (walk, ends_at_the_limit_of_nesting) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    struct walked w = { 0 };
    oci_layout *l;
    struct blob b = image_put_host(dir, "a", "").manifest;

    for (int i = 0; i < OCI_MAX_NESTING; i++)
        b = index_put(dir, "", "%s,%s", b.json, b.json);
    index_write(dir, "%s", b.json);
    assert_walk(dir, "0i 1i 2i 3i 4i 5i 6i 7i 8mc 8mc 7 6 5 4 3 2 1 ");
    b = index_put(dir, "", "%s", b.json);
    index_write(dir, "%s", b.json);
    l = layout_of(dir);
    assert_fails(OCI_E_LIMIT, &err, oci_walk(l, NULL, note, &w, &err));
    oci_buf_free(&w.text);
    oci_layout_free(l);
    scratch_free(dir);
}

/* ---- memory ---- */

OCI_TEST (image, without_memory_is_not_opened) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new(), failed = 1, fds;
    struct image a = image_put_host(dir, "a", "");
    OCI_AUTO(oci_layout) l = layout_of(dir);
    const oci_descriptor d = descriptor_of(a.manifest.digest, a.manifest.size);

    index_write(dir, "%s", a.manifest.json);
    fds = count_fds();
    for (unsigned long n = 1; failed; n++) {
        OCI_AUTO(oci_image) i = NULL;
        OCI_AUTO(oci_reader) tar = NULL;
        oci_digest id;
        int r;

        oci_alloc_fail_at(n);
        r = oci_image_open(oci_layout_store(l), &d, NULL, &i, &err);
        if (r == 0)
            r = oci_image_chain_id(i, 1, &id, &err);
        if (r == 0)
            r = oci_image_open_layer(i, 0, &tar, &err);
        if (r == 0)
            r = oci_reader_drain(tar, &err);
        failed = oci_alloc_failed();
        oci_alloc_fail_at(0);
        assert_int_equal(r, failed ? OCI_E_NOMEM : 0);
    }
    assert_int_equal(count_fds(), fds);
    scratch_free(dir);
}

OCI_TEST (walk, without_memory_reports_that_alone) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new(), failed = 1;
    struct image a = image_put_host(dir, "a", "");
    struct blob index = index_put(dir, "", "%s", a.manifest.json);
    OCI_AUTO(oci_layout) l = NULL;

    index_write(dir, "%s", index.json);
    l = layout_of(dir);
    for (unsigned long n = 1; failed; n++) {
        struct walked w = { 0 };
        int r;

        oci_alloc_fail_at(n);
        r = oci_walk(l, NULL, note, &w, &err);
        failed = oci_alloc_failed();
        oci_alloc_fail_at(0);
        assert_int_equal(r, failed ? OCI_E_NOMEM : 0);
        if (!failed)
            assert_string_equal(w.text.data, "0i 1mc ");
        oci_buf_free(&w.text);
    }
    scratch_free(dir);
}
