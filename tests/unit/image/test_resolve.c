/* SPDX-License-Identifier: Apache-2.0 */
/* From what was asked for to one manifest. */
#include <stdio.h>
#include <unistd.h>

#include "images.h"

struct question {
    const char *name, *digest, *platform; /* each may be NULL */
};

static int ask(int dir, struct question q, char found[OCI_DIGEST_MAX_TEXT], oci_buf *warnings, oci_error *err)
{
    const oci_events events = warnings_to(warnings);
    OCI_AUTO(oci_layout) l = layout_of(dir);
    OCI_AUTO(oci_platform) platform = NULL;
    oci_resolve_options o = { .name = q.name, .digest = q.digest, .events = warnings != NULL ? &events : NULL };
    OCI_AUTO(oci_path) path = NULL;
    int r = 0;

    if (q.platform != NULL)
        assert_ok(err, oci_platform_parse(q.platform, &platform, err));
    o.platform = platform;
    r = oci_resolve(l, &o, &path, err);
    if (r == 0)
        snprintf(found, OCI_DIGEST_MAX_TEXT, "%s", oci_path_target(path)->digest_text);
    else
        assert_null(path);
    return r;
}

static void assert_finds(int dir, struct question q, const struct image *expected)
{
    oci_error err = OCI_ERROR_INIT;
    char found[OCI_DIGEST_MAX_TEXT];

    assert_ok(&err, ask(dir, q, found, NULL, &err));
    assert_string_equal(found, expected->manifest.digest);
}

static void assert_refuses(int dir, struct question q, int code, const char *says)
{
    oci_error err = OCI_ERROR_INIT;
    char found[OCI_DIGEST_MAX_TEXT];

    assert_fails(code, &err, ask(dir, q, found, NULL, &err));
    assert_says(&err, says);
}

// proves: index.optional layout.index-json.entry-point layout.blobs.unreferenced-allowed
OCI_TEST (resolve, a_manifest_by_name_or_alone) {
    int dir = layout_dir_new();
    struct image hidden = image_put_host(dir, "hidden", ""), a = image_put_host(dir, "a", NAMED("v1"));

    assert_refuses(dir, (struct question) { 0 }, OCI_E_NOT_FOUND, "no image");
    assert_refuses(dir, (struct question) { .name = "v1" }, OCI_E_NOT_FOUND, "nothing");
    index_write(dir, "%s", a.manifest.json);
    assert_finds(dir, (struct question) { 0 }, &a);
    assert_finds(dir, (struct question) { .name = "v1" }, &a);
    assert_finds(dir, (struct question) { .digest = a.manifest.digest }, &a);
    assert_refuses(dir, (struct question) { .name = "v2" }, OCI_E_NOT_FOUND, "v1");
    /* A blob that index.json does not lead to is not there. */
    assert_refuses(dir, (struct question) { .digest = hidden.manifest.digest }, OCI_E_NOT_FOUND,
                   hidden.manifest.digest);
    scratch_free(dir);
}

OCI_TEST (resolve, the_only_one_without_a_name) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", "");

    index_write(dir, "%s", a.manifest.json);
    assert_finds(dir, (struct question) { 0 }, &a);
    assert_refuses(dir, (struct question) { .name = "v1" }, OCI_E_NOT_FOUND, a.manifest.digest);
    scratch_free(dir);
}

OCI_TEST (resolve, lists_candidates_when_more_than_one_fits) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", NAMED("v1")), b = image_put_host(dir, "b", NAMED("v2"));

    index_write(dir, "%s,%s", a.manifest.json, b.manifest.json);
    assert_refuses(dir, (struct question) { 0 }, OCI_E_AMBIGUOUS, a.manifest.digest);
    assert_refuses(dir, (struct question) { 0 }, OCI_E_AMBIGUOUS, "v2");
    assert_finds(dir, (struct question) { .name = "v2" }, &b);
    /* Two names of one image are no question. */
    b.manifest = blob_with(&a.manifest, MANIFEST_TYPE, NAMED("v2"));
    index_write(dir, "%s,%s", a.manifest.json, b.manifest.json);
    assert_finds(dir, (struct question) { 0 }, &a);
    scratch_free(dir);
}

// proves: index.select.first-match
OCI_TEST (resolve, several_platforms_under_one_name) {
    int dir = layout_dir_new();
    struct image amd = image_put(dir, "linux", "amd64", "amd", LINUX("amd64") NAMED("v1")),
                 amd2 = image_put(dir, "linux", "amd64", "amd2", LINUX("amd64") NAMED("v1")),
                 arm = image_put(dir, "linux", "arm64", "arm", LINUX("arm64") NAMED("v1"));

    index_write(dir, "%s,%s,%s", amd.manifest.json, amd2.manifest.json, arm.manifest.json);
    assert_finds(dir, (struct question) { .name = "v1", .platform = "linux/arm64" }, &arm);
    assert_finds(dir, (struct question) { .name = "v1", .platform = "linux/amd64" }, &amd);
    assert_finds(dir, (struct question) { .platform = "linux/amd64" }, &amd);
    assert_finds(dir, (struct question) { .digest = amd2.manifest.digest, .platform = "linux/amd64" }, &amd2);
    assert_refuses(dir, (struct question) { .name = "v1", .platform = "linux/s390x" }, OCI_E_NOT_FOUND, "linux/arm64");
    scratch_free(dir);
}

// proves: index.consumer-prepared index.manifests.support-nested-index index.select.first-match
OCI_TEST (resolve, through_nested_indexes_in_document_order) {
    int dir = layout_dir_new();
    struct image amd = image_put(dir, "linux", "amd64", "amd", LINUX("amd64")),
                 amd2 = image_put(dir, "linux", "amd64", "amd2", LINUX("amd64")),
                 arm = image_put(dir, "linux", "arm64", "arm", "");
    struct blob inner = index_put(dir, "", "%s,%s", amd.manifest.json, arm.manifest.json),
                outer = index_put(dir, NAMED("v1"), "%s,%s", inner.json, amd2.manifest.json);
    OCI_AUTO(oci_layout) l = NULL;
    OCI_AUTO(oci_path) path = NULL;
    oci_error err = OCI_ERROR_INIT;

    index_write(dir, "%s", outer.json);
    assert_finds(dir, (struct question) { .name = "v1", .platform = "linux/amd64" }, &amd);
    assert_finds(dir, (struct question) { .platform = "linux/arm64" }, &arm);
    /* By the digest of a child, of an index between, and of one below that. */
    assert_finds(dir, (struct question) { .digest = amd2.manifest.digest, .platform = "linux/amd64" }, &amd2);
    assert_finds(dir, (struct question) { .digest = inner.digest, .platform = "linux/arm64" }, &arm);
    assert_finds(dir, (struct question) { .name = "v1", .digest = amd.manifest.digest, .platform = "linux/amd64" },
                 &amd);

    l = layout_of(dir);
    assert_ok(&err, oci_resolve(l, &(oci_resolve_options) { .digest = arm.manifest.digest }, &path, &err));
    assert_int_equal(path->n_steps, 3);
    assert_string_equal(path->steps[0]->digest_text, outer.digest);
    assert_string_equal(path->steps[1]->digest_text, inner.digest);
    scratch_free(dir);
}

struct seen {
    oci_buf *text;
    int stop;
};

static int see(void *ctx, const oci_platform *platform, const oci_descriptor *manifest, oci_error *err)
{
    const struct seen *seen = ctx;
    char text[100];

    oci_platform_format(platform, text, sizeof text);
    assert_int_equal(oci_buf_printf(seen->text, err, "%s=%.12s ", text, manifest->digest_text), 0);
    return seen->stop;
}

static int ask_all(int dir, const char *name, oci_buf *text, int stop, oci_error *err)
{
    OCI_AUTO(oci_layout) l = layout_of(dir);
    struct seen seen = { text, stop };

    text->len = 0;
    return oci_resolve_each(l, &(oci_resolve_options) { .name = name }, see, &seen, err);
}

OCI_TEST (resolve, every_platform_once) {
    int dir = layout_dir_new();
    struct image amd = image_put(dir, "linux", "amd64", "amd", LINUX("amd64")),
                 amd2 = image_put(dir, "linux", "amd64", "amd2", LINUX("amd64")),
                 arm = image_put(dir, "linux", "arm64", "arm", ""),
                 other = image_put(dir, "linux", "s390x", "other", LINUX("s390x") NAMED("v2"));
    struct blob inner = index_put(dir, "", "%s,%s", amd.manifest.json, arm.manifest.json),
                outer = index_put(dir, NAMED("v1"), "%s,%s", inner.json, amd2.manifest.json);
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    char expected[200];

    index_write(dir, "%s,%s", outer.json, other.manifest.json);
    snprintf(expected, sizeof expected, "linux/amd64=%.12s linux/arm64=%.12s ", amd.manifest.digest,
             arm.manifest.digest);
    assert_ok(&err, ask_all(dir, "v1", &text, 0, &err));
    assert_string_equal(text.data, expected);
    assert_int_equal(ask_all(dir, "v1", &text, 7, &err), 7);
    assert_int_equal(text.len, strlen(expected) / 2);
    assert_fails(OCI_E_AMBIGUOUS, &err, ask_all(dir, NULL, &text, 0, &err));
    assert_fails(OCI_E_NOT_FOUND, &err, ask_all(dir, "v3", &text, 0, &err));
    /* An index that is missing may have held more. */
    assert_int_equal(unlinkat(dir, inner.path, 0), 0);
    assert_fails(OCI_E_INVALID, &err, ask_all(dir, "v1", &text, 0, &err));
    assert_says(&err, inner.digest);
    scratch_free(dir);
}

OCI_TEST (resolve, not_more_platforms_than_there_can_be) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", "");
    OCI_AUTO_BUF oci_buf list = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    for (int i = 0; i < 65; i++) {
        char platform[100];

        snprintf(platform, sizeof platform, ",\"platform\":{\"os\":\"linux\",\"architecture\":\"a%d\"}", i);
        assert_int_equal(
            oci_buf_printf(&list, NULL, "%s%s", i > 0 ? "," : "", blob_with(&a.manifest, MANIFEST_TYPE, platform).json),
            0);
    }
    index_write(dir, "%s", list.data);
    assert_fails(OCI_E_LIMIT, &err, ask_all(dir, NULL, &text, 0, &err));
    scratch_free(dir);
}

/* An index that was met on another way is still below the one that was asked for. */
OCI_TEST (resolve, below_the_digest_of_an_index_met_before) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", ""), b = image_put_host(dir, "b", "");
    struct blob inner = index_put(dir, NAMED("inner"), "%s", a.manifest.json), outer;

    outer = index_put(dir, NAMED("outer"), "%s", inner.json);
    index_write(dir, "%s,%s,%s", b.manifest.json, inner.json, outer.json);
    assert_finds(dir, (struct question) { .digest = outer.digest }, &a);
    assert_finds(dir, (struct question) { .digest = inner.digest }, &a);
    scratch_free(dir);
}

// proves: annotations.ref-name.index-json-only layout.ref-name.index-json-only
OCI_TEST (resolve, names_of_index_json_alone) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", NAMED("inside"));
    struct blob inner = index_put(dir, NAMED("v1"), "%s", a.manifest.json);

    index_write(dir, "%s", inner.json);
    assert_refuses(dir, (struct question) { .name = "inside" }, OCI_E_NOT_FOUND, "v1");
    assert_finds(dir, (struct question) { .name = "v1" }, &a);
    scratch_free(dir);
}

// proves: safety.12
OCI_TEST (resolve, names_with_their_length) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", NAMED("v1\\u0000evil"));

    index_write(dir, "%s", a.manifest.json);
    assert_refuses(dir, (struct question) { .name = "v1" }, OCI_E_NOT_FOUND, "v1");
    scratch_free(dir);
}

OCI_TEST (resolve, the_name_that_containerd_gave) {
    static const char annotations[] = ",\"annotations\":{\"io.containerd.image.name\":\"docker.io/library/x:1\","
                                      "\"org.opencontainers.image.ref.name\":\"1\"}";
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", annotations),
                 b = image_put_host(dir, "b", NAMED("docker.io/library/y:1"));

    index_write(dir, "%s,%s", a.manifest.json, b.manifest.json);
    assert_finds(dir, (struct question) { .name = "docker.io/library/x:1" }, &a);
    assert_finds(dir, (struct question) { .name = "1" }, &a);
    assert_finds(dir, (struct question) { .name = "docker.io/library/y:1" }, &b);
    scratch_free(dir);
}

OCI_TEST (resolve, passes_attestations_over) {
    static const char attestation[] = ",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"},"
                                      "\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"}";
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", ""), b = image_put(dir, "unknown", "unknown", "b", attestation);
    struct blob index = index_put(dir, NAMED("v1"), "%s,%s", b.manifest.json, a.manifest.json);

    index_write(dir, "%s", index.json);
    assert_finds(dir, (struct question) { .name = "v1" }, &a);
    /* Whoever asks for that very digest gets it. */
    assert_finds(dir, (struct question) { .digest = b.manifest.digest }, &b);
    /* Whoever asks for the index by digest wants an image, be it of another platform. */
    a = image_put(dir, "linux", "s390x", "a", "");
    index = index_put(dir, "", "%s,%s", b.manifest.json, a.manifest.json);
    index_write(dir, "%s", index.json);
    assert_finds(dir, (struct question) { .digest = index.digest }, &a);
    scratch_free(dir);
}

// proves: index.manifests.unknown-media-type
OCI_TEST (resolve, passes_unknown_types_over) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", "");
    struct blob odd = blob_put(dir, "application/vnd.example.v1+json", "", "not JSON");
    struct blob index = index_put(dir, NAMED("v1"), "%s,%s", odd.json, a.manifest.json);

    index_write(dir, "%s,%s", odd.json, index.json);
    assert_finds(dir, (struct question) { 0 }, &a);
    scratch_free(dir);
}

OCI_TEST (resolve, passes_artifacts_over_beside_an_image) {
    int dir = layout_dir_new();
    struct image a = image_put(dir, "linux", "s390x", "a", "");
    struct blob empty = blob_put(dir, EMPTY_TYPE, "", "{}");
    struct blob artifact =
        blob_put(dir, MANIFEST_TYPE, "",
                 "{\"schemaVersion\":2,\"artifactType\":\"application/x.y\",\"config\":%s,\"layers\":[%s]}", empty.json,
                 empty.json);
    struct image alone = { .manifest = artifact };

    index_write(dir, "%s,%s", artifact.json, a.manifest.json);
    assert_finds(dir, (struct question) { 0 }, &a);
    index_write(dir, "%s", artifact.json);
    assert_finds(dir, (struct question) { 0 }, &alone);
    scratch_free(dir);
}

OCI_TEST (resolve, tolerates_children_that_are_missing) {
    int dir = layout_dir_new();
    struct image amd = image_put(dir, "linux", "amd64", "amd", LINUX("amd64")),
                 arm = image_put(dir, "linux", "arm64", "arm", LINUX("arm64"));
    struct blob gone = index_put(dir, "", "%s", arm.manifest.json),
                index = index_put(dir, NAMED("v1"), "%s,%s,%s", gone.json, arm.manifest.json, amd.manifest.json);

    assert_int_equal(unlinkat(dir, gone.path, 0), 0);
    assert_int_equal(unlinkat(dir, arm.manifest.path, 0), 0);
    index_write(dir, "%s", index.json);
    assert_finds(dir, (struct question) { .platform = "linux/amd64" }, &amd);
    /* It matters when there is nothing else. */
    index_write(dir, "%s", gone.json);
    assert_refuses(dir, (struct question) { 0 }, OCI_E_NOT_FOUND, gone.digest);
    scratch_free(dir);
}

// proves: index.subject.weak manifest.subject.weak
OCI_TEST (resolve, whatever_became_of_the_subject) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", ""), gone = image_put_host(dir, "gone", "");
    OCI_AUTO(oci_layout) l = NULL;
    OCI_AUTO(oci_path) path = NULL;
    OCI_AUTO(oci_image) image = NULL;
    struct blob index;

    a.manifest = blob_put(dir, MANIFEST_TYPE, "", "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s],\"subject\":%s}",
                          a.config.json, a.layer.json, gone.manifest.json);
    index = blob_put(dir, INDEX_TYPE, NAMED("v1"), "{\"schemaVersion\":2,\"manifests\":[%s],\"subject\":%s}",
                     a.manifest.json, gone.manifest.json);
    assert_int_equal(unlinkat(dir, gone.manifest.path, 0), 0);
    index_write(dir, "%s", index.json);
    l = layout_of(dir);
    assert_ok(&err, oci_resolve(l, &(oci_resolve_options) { .name = "v1" }, &path, &err));
    assert_ok(&err, oci_image_open(oci_layout_store(l), oci_path_target(path), NULL, &image, &err));
    assert_string_equal(oci_image_manifest(image)->subject->digest_text, gone.manifest.digest);
    scratch_free(dir);
}

// proves: safety.11
OCI_TEST (resolve, does_not_tolerate_damage) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", "");
    struct blob index = index_put(dir, NAMED("v1"), "%s", a.manifest.json);
    struct blob liar = blob_with(&a.manifest, INDEX_TYPE, "");

    index_write(dir, "%s", index.json);
    file_write(dir, index.path, "{}", 2);
    assert_refuses(dir, (struct question) { .name = "v1" }, OCI_E_SIZE, index.digest);
    index_write(dir, "%s", liar.json);
    assert_refuses(dir, (struct question) { 0 }, OCI_E_INVALID, a.manifest.digest);
    scratch_free(dir);
}

OCI_TEST (resolve, the_only_image_of_another_platform_with_a_warning) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    struct image a = image_put(dir, "linux", "s390x", "a", ""), b = image_put(dir, "linux", "riscv64", "b", "");
    OCI_AUTO_BUF oci_buf warnings = OCI_BUF_INIT;
    char found[OCI_DIGEST_MAX_TEXT];

    index_write(dir, "%s", a.manifest.json);
    assert_ok(&err, ask(dir, (struct question) { 0 }, found, &warnings, &err));
    assert_string_equal(found, a.manifest.digest);
    assert_non_null(strstr(warnings.data, "linux/s390x"));
    /* But not when it was asked for by platform, and not when there are two. */
    assert_refuses(dir, (struct question) { .platform = "linux/amd64" }, OCI_E_NOT_FOUND, "linux/s390x");
    index_write(dir, "%s,%s", a.manifest.json, b.manifest.json);
    assert_refuses(dir, (struct question) { 0 }, OCI_E_NOT_FOUND, "linux/riscv64");
    scratch_free(dir);
}

/* Indexes of which each holds the one before; the outermost. */
static struct blob nest(int dir, struct blob inner, int times)
{
    for (int i = 0; i < times; i++)
        inner = index_put(dir, "", "%s", inner.json);
    return inner;
}

// proves: safety.15
OCI_TEST (resolve, down_to_a_limit) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", "");
    struct blob deep = nest(dir, a.manifest, OCI_MAX_NESTING);

    index_write(dir, "%s", deep.json);
    assert_finds(dir, (struct question) { 0 }, &a);
    deep = nest(dir, deep, 1);
    index_write(dir, "%s", deep.json);
    assert_refuses(dir, (struct question) { 0 }, OCI_E_LIMIT, "nested");
    scratch_free(dir);
}

/* Each level holds the one below many times: opened anew each time, that would be 16 to the power of 8 documents. */
// proves: safety.15
OCI_TEST (resolve, opens_an_index_once) {
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", "");
    struct blob b = a.manifest;

    for (int i = 0; i < OCI_MAX_NESTING; i++) {
        OCI_AUTO_BUF oci_buf list = OCI_BUF_INIT;

        for (int k = 0; k < 16; k++)
            assert_int_equal(oci_buf_printf(&list, NULL, "%s%s", k > 0 ? "," : "", b.json), 0);
        b = index_put(dir, "", "%s", list.data);
    }
    index_write(dir, "%s,%s", b.json, b.json);
    assert_finds(dir, (struct question) { 0 }, &a);
    assert_finds(dir, (struct question) { .digest = a.manifest.digest }, &a);
    scratch_free(dir);
}

/* Read anew for each entry, the configuration alone would be 20 GiB to hash and to keep. */
// proves: safety.15
OCI_TEST (resolve, reads_a_document_once_for_all_its_entries) {
    enum { ENTRIES = 5000, SIZE = 4 << 20 };
    int dir = layout_dir_new();
    const oci_platform *host = oci_platform_host();
    char *padding = oci_calloc(SIZE, 1);
    OCI_AUTO_BUF oci_buf list = OCI_BUF_INIT;
    struct image a;

    assert_non_null(padding);
    memset(padding, ' ', SIZE - 1000);
    a.config = blob_put(dir, CONFIG_TYPE, "",
                        "{\"architecture\":\"%s\",\"os\":\"%s\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}}%s",
                        host->architecture, host->os, padding);
    oci_free(padding);
    a.manifest =
        blob_put(dir, MANIFEST_TYPE, NAMED("v1"), "{\"schemaVersion\":2,\"config\":%s,\"layers\":[]}", a.config.json);
    for (int i = 0; i < ENTRIES; i++)
        assert_int_equal(oci_buf_printf(&list, NULL, "%s%s", i > 0 ? "," : "", a.manifest.json), 0);
    index_write(dir, "%s", list.data);
    assert_finds(dir, (struct question) { .name = "v1" }, &a);
    scratch_free(dir);
}

OCI_TEST (resolve, without_memory_answers_nothing_else) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new(), failed = 1, fds;
    /* The first fits only as long as its configuration can be read. */
    struct image a = image_put_host(dir, "a", ""), b = image_put_host(dir, "b", "");
    struct blob index = index_put(dir, NAMED("v1"), "%s,%s", a.manifest.json, b.manifest.json);
    OCI_AUTO(oci_layout) l = NULL;

    index_write(dir, "%s", index.json);
    l = layout_of(dir);
    fds = count_fds();
    for (unsigned long n = 1; failed; n++) {
        OCI_AUTO(oci_path) path = NULL;
        int r;

        oci_alloc_fail_at(n);
        r = oci_resolve(l, &(oci_resolve_options) { .name = "v1" }, &path, &err);
        failed = oci_alloc_failed();
        oci_alloc_fail_at(0);
        assert_int_equal(count_fds(), fds);
        if (failed) {
            assert_int_equal(r, OCI_E_NOMEM);
            assert_null(path);
            continue;
        }
        assert_ok(&err, r);
        assert_string_equal(oci_path_target(path)->digest_text, a.manifest.digest);
    }
    scratch_free(dir);
}

/* ---- the entry itself ---- */

static int ask_entry(int dir, struct question q, char found[OCI_DIGEST_MAX_TEXT], oci_error *err)
{
    OCI_AUTO(oci_layout) l = layout_of(dir);
    const oci_resolve_options o = { .name = q.name, .digest = q.digest };
    OCI_AUTO(oci_path) path = NULL;
    int r = oci_resolve_entry(l, &o, &path, err);

    if (r == 0)
        snprintf(found, OCI_DIGEST_MAX_TEXT, "%s", oci_path_target(path)->digest_text);
    return r;
}

OCI_TEST (resolve_entry, is_what_the_name_means) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    struct image a = image_put(dir, "linux", "arm64", "a", LINUX("arm64")), b = image_put_host(dir, "b", NAMED("v2"));
    struct blob odd = blob_put(dir, "text/plain", NAMED("odd"), "no document"),
                index = index_put(dir, NAMED("all"), "%s,%s", a.manifest.json, b.manifest.json),
                again = blob_with(&index, INDEX_TYPE, NAMED("all"));
    const struct {
        struct question q;
        const char *digest; /* NULL: code */
        int code;
    } rows[] = {
        { { .name = "all" }, index.digest, 0 },
        { { .name = "odd" }, odd.digest, 0 },
        { { .name = "v2" }, b.manifest.digest, 0 },
        { { .digest = index.digest }, index.digest, 0 },
        /* In an index, whatever machine it is for. */
        { { .digest = a.manifest.digest }, a.manifest.digest, 0 },
        { { .name = "all", .digest = a.manifest.digest }, a.manifest.digest, 0 },
        { { .name = "v2", .digest = a.manifest.digest }, NULL, OCI_E_NOT_FOUND },
        { { .name = "none" }, NULL, OCI_E_NOT_FOUND },
        { { 0 }, NULL, OCI_E_AMBIGUOUS },
        { { .name = "two" }, NULL, OCI_E_AMBIGUOUS },
    };
    struct blob first = blob_with(&a.manifest, MANIFEST_TYPE, NAMED("two")),
                second = blob_with(&b.manifest, MANIFEST_TYPE, NAMED("two"));

    index_write(dir, "%s,%s,%s,%s,%s,%s", index.json, again.json, odd.json, b.manifest.json, first.json, second.json);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char found[OCI_DIGEST_MAX_TEXT] = "";
        int r = ask_entry(dir, rows[i].q, found, &err);

        assert_int_equal(r, rows[i].code);
        if (rows[i].digest != NULL)
            assert_string_equal(found, rows[i].digest);
    }
    scratch_free(dir);
}
