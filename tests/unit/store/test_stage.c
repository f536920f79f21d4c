/* SPDX-License-Identifier: Apache-2.0 */
/* Layouts that get their name with the first commit, and blobs that several layouts share. */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layouts.h"

static const oci_layout_options quick = { .fsync = OCI_FSYNC_NONE };

/* Puts a blob and gives it a name. */
static int put_named(oci_layout *l, const char *name, const char *content, oci_error *err)
{
    char text[OCI_DIGEST_MAX_TEXT];
    OCI_AUTO(oci_txn) t = NULL;
    oci_descriptor d;
    oci_digest digest;
    int r = oci_txn_begin(l, &t, err);

    if (r == 0)
        r = oci_store_put(oci_layout_store(l), OCI_DIGEST_SHA256, content, strlen(content), &digest, err);
    if (r < 0)
        return r;
    oci_digest_format(&digest, text, sizeof text);
    d = descriptor_of(text, strlen(content));
    r = oci_txn_set_ref(t, name, &d, err);
    return r == 0 ? oci_txn_commit(oci_steal(&t), err) : r;
}

static bool has_blob(oci_layout *l, const char *content)
{
    oci_digest d;

    assert_int_equal(oci_digest_of(OCI_DIGEST_SHA256, content, strlen(content), &d, NULL), 0);
    return oci_store_stat_blob(oci_layout_store(l), &d, NULL, NULL) == 0;
}

static oci_layout *open_named(int dir, const char *name)
{
    oci_error err = OCI_ERROR_INIT;
    oci_layout *l = NULL;

    assert_ok(&err, oci_layout_open(dir, name, &quick, &l, &err));
    return l;
}

OCI_TEST (stage, has_no_name_before_the_first_commit) {
    oci_error err = OCI_ERROR_INIT;
    int dir = scratch_new();
    oci_layout *l = NULL, *again;

    assert_ok(&err, oci_layout_stage(dir, "new", &quick, &l, &err));
    assert_ok(&err, oci_store_put(oci_layout_store(l), OCI_DIGEST_SHA256, "x", 1, NULL, &err));
    assert_false(exists(dir, "new"));
    assert_ok(&err, put_named(l, "v1", "hello", &err));
    assert_true(exists(dir, "new/index.json"));
    /* From then on it is a layout like all others. */
    assert_ok(&err, put_named(l, "v2", "more", &err));
    assert_int_equal(oci_layout_index(l)->n_manifests, 2);
    oci_layout_free(l);
    assert_int_equal(count_entries(dir), 1);
    again = open_named(dir, "new");
    assert_int_equal(oci_layout_index(again)->n_manifests, 2);
    assert_true(has_blob(again, "x") && has_blob(again, "hello") && has_blob(again, "more"));
    oci_layout_free(again);
    scratch_free(dir);
}

// proves: safety.20
OCI_TEST (stage, that_is_not_committed_leaves_nothing) {
    oci_error err = OCI_ERROR_INIT;
    int dir = scratch_new(), fds = count_fds();
    oci_layout *l = NULL;
    oci_txn *t = NULL;

    assert_ok(&err, oci_layout_stage(dir, "new", &quick, &l, &err));
    assert_ok(&err, oci_txn_begin(l, &t, &err));
    assert_ok(&err, oci_store_put(oci_layout_store(l), OCI_DIGEST_SHA256, "x", 1, NULL, &err));
    assert_false(exists(dir, "new"));
    oci_txn_abort(t);
    assert_false(exists(dir, "new"));
    assert_ok(&err, oci_txn_begin(l, &t, &err));
    assert_ok(&err, oci_txn_delete_ref(t, "none", &err));
    assert_fails(OCI_E_NOT_FOUND, &err, oci_txn_commit(t, &err));
    oci_layout_free(l);
    assert_int_equal(count_entries(dir), 0);
    assert_int_equal(count_fds(), fds);
    scratch_free(dir);
}

OCI_TEST (stage, may_stay_empty) {
    oci_error err = OCI_ERROR_INIT;
    int dir = scratch_new();
    oci_layout *l = NULL, *again;
    oci_txn *t = NULL;

    assert_ok(&err, oci_layout_stage(dir, "new", &quick, &l, &err));
    assert_ok(&err, oci_txn_begin(l, &t, &err));
    assert_ok(&err, oci_txn_commit(t, &err));
    oci_layout_free(l);
    again = open_named(dir, "new");
    assert_int_equal(oci_layout_index(again)->n_manifests, 0);
    oci_layout_free(again);
    scratch_free(dir);
}

// proves: safety.19
OCI_TEST (stage, becomes_a_part_of_what_came_meanwhile) {
    static const oci_layout_options *const policies[] = { &quick, NULL };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
        int dir = scratch_new(), fds = count_fds();
        oci_layout *first = NULL, *second = NULL, *l;

        assert_ok(&err, oci_layout_stage(dir, "new", policies[i], &first, &err));
        assert_ok(&err, oci_layout_stage(dir, "new", policies[i], &second, &err));
        assert_ok(&err, oci_store_put(oci_layout_store(first), OCI_DIGEST_SHA512, "five", 4, NULL, &err));
        assert_ok(&err, put_named(second, "v2", "two", &err));
        assert_ok(&err, put_named(first, "v1", "one", &err));
        assert_int_equal(oci_layout_index(first)->n_manifests, 2);
        assert_true(has_blob(first, "one") && has_blob(first, "two"));
        assert_ok(&err, put_named(first, "v3", "three", &err));
        oci_layout_free(first);
        oci_layout_free(second);
        assert_int_equal(count_entries(dir), 1);
        l = open_named(dir, "new");
        assert_int_equal(oci_layout_index(l)->n_manifests, 3);
        assert_true(has_blob(l, "one") && has_blob(l, "two") && has_blob(l, "three"));
        assert_true(exists(dir, "new/blobs/sha512"));
        oci_layout_free(l);
        assert_int_equal(count_fds(), fds);
        scratch_free(dir);
    }
}

OCI_TEST (stage, does_not_mix_with_what_is_no_layout) {
    oci_error err = OCI_ERROR_INIT;
    int dir = scratch_new();
    oci_layout *l = NULL;

    assert_ok(&err, oci_layout_stage(dir, "new", &quick, &l, &err));
    make_file(dir, "new/mine", "mine");
    assert_fails(OCI_E_INVALID, &err, put_named(l, "v1", "hello", &err));
    oci_layout_free(l);
    assert_true(exists(dir, "new/mine"));
    assert_int_equal(count_entries(dir), 1);
    scratch_free(dir);
}

/* ---- shared blobs ---- */

static int count(void *ctx, const oci_digest *d, uint64_t size, oci_error *err)
{
    (void)d, (void)size, (void)err;
    ++*(int *)ctx;
    return 0;
}

// proves: layout.blobs.missing-external-store
OCI_TEST (shared, blobs_are_found_and_put_beside_the_layouts) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new(), blobs = scratch_new(), found = 0;
    char path[64];
    oci_layout_options o = { .fsync = OCI_FSYNC_NONE, .blobs = path };
    oci_layout *l = NULL;

    snprintf(path, sizeof path, "/proc/self/fd/%d", blobs);
    blob_put(dir, LAYER_TYPE, "", "own");
    assert_ok(&err, oci_layout_open(dir, ".", &o, &l, &err));
    assert_ok(&err, put_named(l, "v1", "shared", &err));
    /* What the layout has itself is not put again. */
    assert_ok(&err, oci_store_put(oci_layout_store(l), OCI_DIGEST_SHA256, "own", 3, NULL, &err));
    assert_int_equal(count_entries(blobs), 1);
    assert_true(has_blob(l, "own") && has_blob(l, "shared"));
    assert_ok(&err, oci_store_each(oci_layout_store(l), count, &found, &err));
    assert_int_equal(found, 2);
    oci_layout_free(l);
    l = layout_of(dir);
    assert_false(has_blob(l, "shared"));
    oci_layout_free(l);
    o.blobs = "/no/such/directory";
    assert_fails(OCI_E_NOT_FOUND, &err, oci_layout_open(dir, ".", &o, &l, &err));
    assert_says(&err, "/no/such/directory");
    scratch_free(blobs);
    scratch_free(dir);
}
