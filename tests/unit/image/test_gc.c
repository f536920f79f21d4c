/* SPDX-License-Identifier: Apache-2.0 */
/* What garbage collection keeps and what it takes. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

#include "images.h"

#include "base/text.h"
#include "image/mark.h"

#define OTHER_TYPE "application/vnd.example.v1+json"

static int collect(int dir, const oci_gc_options *o, oci_gc_result *sum, oci_error *err)
{
    oci_layout *l = layout_of(dir);
    int r = oci_layout_gc(l, o, sum, err);

    oci_layout_free(l);
    return r;
}

/* Collects without grace and asserts how many blobs went. */
static void assert_removes(int dir, uint64_t count)
{
    oci_error err = OCI_ERROR_INIT;
    oci_gc_result sum;

    assert_ok(&err, collect(dir, NULL, &sum, &err));
    assert_int_equal(sum.removed.count, count);
}

static void assert_has_image(int dir, const struct image *i, bool expected)
{
    assert_int_equal(exists(dir, i->manifest.path), expected);
    assert_int_equal(exists(dir, i->config.path), expected);
    assert_int_equal(exists(dir, i->layer.path), expected);
}

// proves: layout.blobs.unreferenced-allowed
OCI_TEST (gc, takes_what_nothing_leads_to) {
    int dir = layout_dir_new();
    struct image kept = image_put_host(dir, "kept", ""), gone = image_put_host(dir, "gone", "");
    struct blob stray = blob_put(dir, LAYER_TYPE, "", "stray");
    const oci_gc_options dry = { .dry_run = true };
    oci_error err = OCI_ERROR_INIT;
    oci_gc_result sum;

    index_write(dir, "%s", kept.manifest.json);
    make_file(dir, "blobs/sha256/note.txt", "no blob");
    make_file(dir, "blobs/unknown/abc", "no algorithm");
    assert_ok(&err, collect(dir, &dry, &sum, &err));
    assert_int_equal(sum.removed.count, 4);
    assert_int_equal(sum.removed.bytes, gone.manifest.size + gone.config.size + gone.layer.size + stray.size);
    assert_int_equal(sum.kept.count, 3);
    assert_has_image(dir, &gone, true);
    assert_removes(dir, 4);
    assert_has_image(dir, &kept, true);
    assert_has_image(dir, &gone, false);
    assert_false(exists(dir, stray.path));
    assert_true(exists(dir, "blobs/sha256/note.txt") && exists(dir, "blobs/unknown/abc"));
    assert_removes(dir, 0);
    scratch_free(dir);
}

OCI_TEST (gc, follows_nested_indexes_and_unknown_documents) {
    int dir = layout_dir_new();
    struct image deep = image_put_host(dir, "deep", ""), odd = image_put_host(dir, "odd", "");
    struct blob index = index_put(dir, "", "%s", deep.manifest.json), top = index_put(dir, "", "%s", index.json),
                document = blob_put(dir, OTHER_TYPE, "", "{\"blobs\":[{\"x\":%s}]}", odd.manifest.json),
                text = blob_put(dir, "text/plain", "", "{ not JSON");

    index_write(dir, "%s,%s,%s", top.json, document.json, text.json);
    assert_removes(dir, 0);
    assert_has_image(dir, &deep, true);
    assert_has_image(dir, &odd, true);
    index_write(dir, "%s", document.json);
    assert_removes(dir, 6);
    assert_has_image(dir, &odd, true);
    scratch_free(dir);
}

/* A blob that is met as a layer first and as a manifest later is opened nevertheless. */
OCI_TEST (gc, opens_what_is_a_document_anywhere) {
    int dir = layout_dir_new();
    struct image inner = image_put_host(dir, "inner", "");
    struct blob as_layer = blob_with(&inner.manifest, LAYER_TYPE, ""),
                outer = blob_put(dir, MANIFEST_TYPE, "", "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}",
                                 inner.config.json, as_layer.json);

    index_write(dir, "%s", outer.json);
    assert_removes(dir, 1);
    inner = image_put_host(dir, "inner", "");
    index_write(dir, "%s,%s,%s", outer.json, inner.manifest.json, outer.json);
    assert_removes(dir, 0);
    scratch_free(dir);
}

// proves: manifest.subject.referrers manifest.subject.weak index.subject.weak
OCI_TEST (gc, keeps_subjects_and_referrers) {
    int dir = layout_dir_new();
    struct image base = image_put_host(dir, "base", ""), gone = image_put_host(dir, "gone", "");
    struct blob content = blob_put(dir, OTHER_TYPE, "", "signature"), more = blob_put(dir, OTHER_TYPE, "", "more");
    struct blob referrer =
        blob_put(dir, MANIFEST_TYPE, "", "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s],\"subject\":%s}",
                 base.config.json, content.json, base.manifest.json);
    struct blob of_referrer = blob_put(dir, INDEX_TYPE, "", "{\"schemaVersion\":2,\"manifests\":[%s],\"subject\":%s}",
                                       more.json, referrer.json);
    struct blob of_gone =
        blob_put(dir, MANIFEST_TYPE, "", "{\"schemaVersion\":2,\"layers\":[],\"subject\":%s}", gone.manifest.json);

    /* A referrer, and a referrer of that, stay with their subject. */
    index_write(dir, "%s", base.manifest.json);
    assert_removes(dir, 4);
    assert_true(exists(dir, content.path) && exists(dir, more.path) && exists(dir, of_referrer.path));
    assert_false(exists(dir, of_gone.path));
    /* A subject stays with its referrer. */
    index_write(dir, "%s", of_referrer.json);
    assert_removes(dir, 0);
    assert_has_image(dir, &base, true);
    index_write(dir, "%s", "");
    assert_removes(dir, 7);
    /* A subject that is not there is no damage. */
    referrer =
        blob_put(dir, MANIFEST_TYPE, "", "{\"schemaVersion\":2,\"layers\":[],\"subject\":%s}", base.manifest.json);
    index_write(dir, "%s", referrer.json);
    assert_removes(dir, 0);
    scratch_free(dir);
}

OCI_TEST (gc, reads_documents_that_descriptors_bring_along) {
    int dir = layout_dir_new();
    struct blob layer = blob_put(dir, LAYER_TYPE, "", "x"), manifest;
    char text[1200], data[1700], members[1800];

    snprintf(text, sizeof text, "{\"schemaVersion\":2,\"layers\":[%s]}", layer.json);
    oci_base64_encode(text, strlen(text), data);
    snprintf(members, sizeof members, ",\"data\":\"%s\"", data);
    manifest = blob_put(dir, MANIFEST_TYPE, "", "%s", text);
    assert_int_equal(unlinkat(dir, manifest.path, 0), 0);
    manifest = blob_with(&manifest, MANIFEST_TYPE, members);
    index_write(dir, "%s", manifest.json);
    assert_removes(dir, 0);
    assert_true(exists(dir, layer.path));
    scratch_free(dir);
}

OCI_TEST (gc, knows_all_algorithms_and_links) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = layout_of(dir);
    struct blob target = blob_put(dir, LAYER_TYPE, "", "hello");
    char text[OCI_DIGEST_MAX_TEXT], path[OCI_BLOB_PATH_MAX];
    oci_digest digest, stray;
    oci_store *s = oci_layout_store(l);

    assert_ok(&err, oci_store_put(s, OCI_DIGEST_SHA512, "stray", 5, &stray, &err));
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA512, "hello", 5, &digest, &err));
    oci_blob_path(&digest, path);
    oci_digest_format(&digest, text, sizeof text);
    make_link(dir, path, "../sha256/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    assert_true(exists(dir, target.path));
    index_write(dir, "{\"mediaType\":\"" LAYER_TYPE "\",\"digest\":\"%s\",\"size\":5}", text);
    assert_removes(dir, 1);
    assert_int_equal(oci_store_stat_blob(s, &digest, NULL, &err), 0);
    assert_fails(OCI_E_NOT_FOUND, &err, oci_store_stat_blob(s, &stray, NULL, &err));
    scratch_free(dir);
}

/* ---- damage ---- */

OCI_TEST (gc, stops_at_a_document_that_cannot_be_read) {
    static const char *const contents[] = { "", "{\"schemaVersion\":2", "not what it was" };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof contents / sizeof *contents; i++) {
        int dir = layout_dir_new(), fds = count_fds();
        struct image kept = image_put_host(dir, "kept", "");
        struct blob stray = blob_put(dir, LAYER_TYPE, "", "stray"), whole = kept.manifest;
        OCI_AUTO_BUF oci_buf warnings = OCI_BUF_INIT;
        const oci_events events = warnings_to(&warnings);
        const oci_gc_options anyhow = { .ignore_damaged = true, .events = &events };
        oci_gc_result sum = { 0 };

        /* Truncated, or with the right digest but no JSON. */
        if (i == 1)
            whole = blob_put(dir, MANIFEST_TYPE, "", "%s", contents[i]);
        else
            file_write(dir, kept.manifest.path, contents[i], strlen(contents[i]));
        index_write(dir, "%s", whole.json);
        assert_true(collect(dir, NULL, &sum, &err) < 0);
        assert_says(&err, whole.digest);
        assert_true(exists(dir, stray.path) && exists(dir, kept.layer.path));
        assert_ok(&err, collect(dir, &anyhow, &sum, &err));
        assert_false(exists(dir, stray.path) || exists(dir, kept.layer.path));
        assert_true(exists(dir, whole.path));
        assert_true(warnings.len > 0 && strstr(warnings.data, whole.digest) != NULL);
        assert_int_equal(count_fds(), fds);
        scratch_free(dir);
    }
}

OCI_TEST (gc, stops_at_a_damaged_index_json) {
    static const char *const texts[] = { "", "{}", "[]", "{\"schemaVersion\":2,\"manifests\":{}}" };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        int dir = layout_dir_new();
        struct image a = image_put_host(dir, "a", "");
        const oci_gc_options anyhow = { .ignore_damaged = true };
        oci_layout *l = layout_of(dir);

        /* As it becomes after the layout was opened. */
        file_write(dir, "index.json", texts[i], strlen(texts[i]));
        assert_fails(OCI_E_INVALID, &err, oci_layout_gc(l, &anyhow, NULL, &err));
        assert_says(&err, "index.json");
        assert_has_image(dir, &a, true);
        oci_layout_free(l);
        scratch_free(dir);
    }
}

/* ---- time and others ---- */

OCI_TEST (gc, spares_what_is_young) {
    const oci_gc_options hour = { .grace = 3600 }, too_long = { .grace = UINT64_MAX };
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    struct image a = image_put_host(dir, "a", "");
    oci_gc_result sum;

    make_file(dir, ".oci-image-01234567", "half");
    make_file(dir, "blobs/sha256/.oci-image-89abcdef", "half");
    assert_ok(&err, collect(dir, &hour, &sum, &err));
    /* What the manifest refers to stays for its sake. */
    assert_int_equal(sum.young.count, 1);
    assert_int_equal(sum.kept.count, 2);
    assert_int_equal(sum.removed.count + sum.temporary.count, 0);
    assert_has_image(dir, &a, true);
    assert_fails(OCI_E_USAGE, &err, collect(dir, &too_long, &sum, &err));
    assert_removes(dir, 3);
    scratch_free(dir);
}

/* Somebody else puts a manifest of layers that were there, and has not named it yet. */
OCI_TEST (gc, spares_what_a_young_document_refers_to) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = layout_of(dir);
    struct image a = image_put_host(dir, "a", "");
    struct blob stray = blob_put(dir, LAYER_TYPE, "", "stray");
    const struct timespec later[2] = { { .tv_sec = time(NULL) + 1000 }, { .tv_sec = time(NULL) + 1000 } };
    const oci_mark_options o = { .before = time(NULL) + 500 };
    OCI_AUTO(oci_marking) m = NULL;

    assert_int_equal(utimensat(dir, a.manifest.path, later, 0), 0);
    assert_ok(&err, oci_marking_new(l, &o, &m, &err));
    assert_ok(&err, oci_marking_follow(m, &err));
    assert_ok(&err, oci_marking_follow_unnamed(m, &err));
    assert_true(oci_marking_find(m, a.layer.digest, strlen(a.layer.digest))->marked);
    assert_true(oci_marking_find(m, a.config.digest, strlen(a.config.digest))->marked);
    assert_false(oci_marking_find(m, stray.digest, strlen(stray.digest))->marked);
    scratch_free(dir);
}

OCI_TEST (gc, sweeps_what_was_left_behind) {
    oci_error err = OCI_ERROR_INIT;
    int above = scratch_new(), dir, held;
    const oci_layout_options quick = { .fsync = OCI_FSYNC_NONE };
    const oci_gc_options dry = { .dry_run = true };
    oci_gc_result sum;
    oci_layout *l = NULL;

    assert_ok(&err, oci_layout_init(above, "layout", &quick, &l, &err));
    dir = openat(above, "layout", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(dir >= 0);
    make_file(dir, ".oci-image-01234567", "half");
    make_file(dir, "blobs/sha256/.oci-image-89abcdef", "half");
    make_file(dir, "blobs/sha256/.oci-image-89abcdeg", "not one of ours");
    make_file(dir, "blobs/sha256/x.oci-image-89abcdef", "not one of ours");
    make_dir(above, ".layout.oci-image-01234567/blobs");
    make_dir(above, ".layout.oci-image-76543210");
    make_dir(above, ".other.oci-image-01234567");
    held = openat(above, ".layout.oci-image-76543210", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(held, LOCK_SH), 0);
    assert_ok(&err, oci_layout_gc(l, &dry, &sum, &err));
    assert_int_equal(sum.temporary.count, 3);
    assert_int_equal(sum.temporary.bytes, 8);
    assert_true(exists(dir, ".oci-image-01234567") && exists(above, ".layout.oci-image-01234567"));
    assert_ok(&err, oci_layout_gc(l, NULL, &sum, &err));
    assert_int_equal(sum.temporary.count, 3);
    assert_false(exists(dir, ".oci-image-01234567") || exists(above, ".layout.oci-image-01234567"));
    assert_false(exists(dir, "blobs/sha256/.oci-image-89abcdef"));
    assert_true(exists(dir, "blobs/sha256/.oci-image-89abcdeg") && exists(dir, "blobs/sha256/x.oci-image-89abcdef"));
    assert_true(exists(above, ".layout.oci-image-76543210") && exists(above, ".other.oci-image-01234567"));
    close(held);
    close(dir);
    oci_layout_free(l);
    scratch_free(above);
}

static bool is_cancelled(void *ctx)
{
    (void)ctx;
    return true;
}

// proves: safety.19
OCI_TEST (gc, may_not_begin_while_somebody_writes) {
    const oci_events events = { .cancelled = is_cancelled };
    const oci_layout_options read_only = { .read_only = true };
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new(), lock;
    oci_layout *l = layout_of(dir);
    oci_txn *t = NULL;

    assert_ok(&err, oci_txn_begin(l, &t, &err));
    lock = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), -1);
    oci_txn_abort(t);
    assert_int_equal(flock(lock, LOCK_EX | LOCK_NB), 0);
    close(lock);
    blob_put(dir, LAYER_TYPE, "", "x");
    assert_fails(OCI_E_CANCELLED, &err, oci_layout_gc(l, &(oci_gc_options) { .events = &events }, NULL, &err));
    oci_layout_free(l);
    assert_ok(&err, oci_layout_open(dir, ".", &read_only, &l, &err));
    assert_fails(OCI_E_PERM, &err, oci_layout_gc(l, NULL, NULL, &err));
    assert_ok(&err, oci_layout_gc(l, &(oci_gc_options) { .dry_run = true }, NULL, &err));
    oci_layout_free(l);
    scratch_free(dir);
}

OCI_TEST (gc, leaves_shared_blobs_alone) {
    const oci_layout_options o = { .blobs = "/" };
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = NULL;

    assert_ok(&err, oci_layout_open(dir, ".", &o, &l, &err));
    assert_fails(OCI_E_USAGE, &err, oci_layout_gc(l, NULL, NULL, &err));
    assert_fails(OCI_E_USAGE, &err, oci_layout_remove_blobs(l, NULL, 0, true, NULL, &err));
    scratch_free(dir);
}

OCI_TEST (remove_blobs, are_all_removed_or_none) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = layout_of(dir);
    struct image a = image_put_host(dir, "a", "");
    struct blob stray = blob_put(dir, LAYER_TYPE, "", "stray"), missing = blob_put(dir, LAYER_TYPE, "", "missing");
    oci_digest both[2];

    index_write(dir, "%s", a.manifest.json);
    assert_int_equal(unlinkat(dir, missing.path, 0), 0);
    both[0] = descriptor_of(stray.digest, 1).digest;
    both[1] = descriptor_of(a.layer.digest, 1).digest;
    assert_fails(OCI_E_CONFLICT, &err, oci_layout_remove_blobs(l, both, 2, false, NULL, &err));
    assert_says(&err, a.layer.digest);
    both[1] = descriptor_of(missing.digest, 1).digest;
    assert_fails(OCI_E_NOT_FOUND, &err, oci_layout_remove_blobs(l, both, 2, true, NULL, &err));
    assert_true(exists(dir, stray.path));
    assert_ok(&err, oci_layout_remove_blobs(l, both, 1, false, NULL, &err));
    assert_false(exists(dir, stray.path));
    both[0] = descriptor_of(a.layer.digest, 1).digest;
    assert_ok(&err, oci_layout_remove_blobs(l, both, 1, true, NULL, &err));
    assert_false(exists(dir, a.layer.path));
    scratch_free(dir);
}

OCI_TEST (gc, without_memory_removes_nothing) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new(), failed = 1;
    struct image kept = image_put_host(dir, "kept", "");
    struct blob referrer, stray = blob_put(dir, LAYER_TYPE, "", "{\"subject\":{}}");
    OCI_AUTO(oci_layout) l = NULL;

    referrer = blob_put(dir, MANIFEST_TYPE, "", "{\"subject\":%s}", kept.manifest.json);
    index_write(dir, "%s", kept.manifest.json);
    l = layout_of(dir);
    for (unsigned long n = 1; failed; n++) {
        oci_gc_result sum = { 0 };
        int r;

        oci_alloc_fail_at(n);
        r = oci_layout_gc(l, &(oci_gc_options) { .dry_run = true }, &sum, &err);
        failed = oci_alloc_failed();
        oci_alloc_fail_at(0);
        assert_int_equal(r, failed ? OCI_E_NOMEM : 0);
        assert_int_equal(sum.removed.count, failed ? 0 : 1);
    }
    assert_removes(dir, 1);
    assert_true(exists(dir, referrer.path));
    assert_false(exists(dir, stray.path));
    assert_has_image(dir, &kept, true);
    scratch_free(dir);
}
