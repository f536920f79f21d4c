/* SPDX-License-Identifier: Apache-2.0 */
#include <oci-image/copy.h>
#include <oci-image/export.h>

#include <stdlib.h>

#include "image/copy.h"
#include "image/merge.h"
#include "images.h"

/* An index of two platforms called "app", and a referrer of it. */
static int source_new(void)
{
    int dir = layout_dir_new();
    struct image a = image_put(dir, "linux", "amd64", "a", LINUX("amd64"));
    struct image b = image_put(dir, "linux", "arm64", "b", LINUX("arm64"));
    struct blob index = index_put(dir, NAMED("app"), "%s,%s", a.manifest.json, b.manifest.json);
    struct blob empty = blob_put(dir, EMPTY_TYPE, "", "{}");
    struct blob signature = blob_put(dir, MANIFEST_TYPE, "",
                                     "{\"schemaVersion\":2,\"artifactType\":\"x/y\",\"config\":%s,\"layers\":[%s],"
                                     "\"subject\":{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu}}",
                                     empty.json, empty.json, INDEX_TYPE, index.digest, index.size);

    index_write(dir, "%s,%s", signature.json, index.json);
    return dir;
}

static int copy(oci_layout *from, oci_layout *to, const oci_copier_options *o, oci_error *err)
{
    oci_copier *c = NULL;
    int r = oci_copier_new(to, o, &c, err);

    if (r == 0)
        r = oci_copier_add_entries(c, from, "app", NULL, err);
    if (r == 0)
        r = oci_copier_commit(c, err);
    oci_copier_free(c);
    return r;
}

static int copy_to_archive(oci_layout *from, oci_buf *out, const oci_copier_options *o, oci_error *err)
{
    const oci_export_options archive = { .tmpdir = "/tmp", .docker_load = true };
    OCI_AUTO(oci_writer) w = NULL;
    OCI_AUTO(oci_layout) to = NULL;
    int r = oci_writer_to_buf(out, &w, err);

    if (r == 0)
        r = oci_layout_to_archive(oci_steal(&w), &archive, &to, err);
    return r == 0 ? copy(from, to, o, err) : r;
}

static const oci_compress_options one_thread = { .threads = 1 };
static const oci_copier_options ways[] = {
    { 0 },
    { .referrers = true, .no_sharing = true },
    { .recompress = true, .compression = OCI_COMPRESSION_GZIP, .compress = &one_thread, .format = OCI_FORMAT_DOCKER },
    { .joining = OCI_JOIN_MERGE },
};

OCI_TEST (copy, can_run_out_of_memory_anywhere) {
    int dir = source_new();
    OCI_AUTO(oci_layout) from = layout_of(dir);
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        int dest = layout_dir_new();
        OCI_AUTO(oci_layout) to = layout_of(dest);
        size_t n = 1;

        do {
            int r;

            oci_alloc_fail_at(n++);
            r = copy(from, to, &ways[i], &err);
            assert_int_equal(r, oci_alloc_failed() ? OCI_E_NOMEM : 0);
        } while (oci_alloc_failed());
        oci_alloc_fail_at(0);
        assert_int_equal(oci_layout_index(to)->n_manifests, ways[i].referrers ? 2 : 1);
        scratch_free(dest);
    }
    scratch_free(dir);
}

OCI_TEST (copy, can_run_out_of_memory_while_an_archive_is_written) {
    int dir = source_new();
    OCI_AUTO(oci_layout) from = layout_of(dir);
    OCI_AUTO_BUF oci_buf whole = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
        size_t n = 1;

        do {
            int r;

            oci_alloc_fail_at(n++);
            out.len = 0;
            r = copy_to_archive(from, &out, &ways[i], &err);
            assert_int_equal(r, oci_alloc_failed() ? OCI_E_NOMEM : 0);
        } while (oci_alloc_failed());
        oci_alloc_fail_at(0);
        whole.len = 0;
        assert_ok(&err, copy_to_archive(from, &whole, &ways[i], &err));
        assert_int_equal(whole.len, out.len);
        assert_memory_equal(whole.data, out.data, out.len);
    }
    scratch_free(dir);
}

static int export(oci_layout *from, oci_buf *out, oci_error *err)
{
    const oci_export_options o = { .mtime = 1 };
    const oci_resolve_options wanted = { .name = "app", .platform = oci_platform_host() };
    oci_docker_archive *a = NULL;
    OCI_AUTO(oci_path) path = NULL;
    OCI_AUTO(oci_writer) w = NULL;
    int r = oci_resolve(from, &wanted, &path, err);

    if (r == 0)
        r = oci_writer_to_buf(out, &w, err);
    if (r == 0)
        r = oci_docker_archive_new(oci_steal(&w), &o, &a, err);
    for (int i = 0; r == 0 && i < 2; i++)
        r = oci_docker_archive_add(a, from, oci_path_target(path), i == 0 ? "app" : "other", err);
    if (r == 0)
        r = oci_docker_archive_finish(a, err);
    oci_docker_archive_free(a);
    return r;
}

OCI_TEST (copy, can_run_out_of_memory_while_a_docker_archive_is_written) {
    int dir = layout_dir_new();
    struct image image = image_put_host(dir, "x", NAMED("app"));
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    OCI_AUTO(oci_layout) from = NULL;
    size_t n = 1;

    index_write(dir, "%s", image.manifest.json);
    from = layout_of(dir);
    do {
        int r;

        oci_alloc_fail_at(n++);
        out.len = 0;
        r = export(from, &out, &err);
        assert_int_equal(r, oci_alloc_failed() ? OCI_E_NOMEM : 0);
    } while (oci_alloc_failed());
    oci_alloc_fail_at(0);
    assert_int_equal(out.len % 512, 0);
    scratch_free(dir);
}

static bool always(void *ctx)
{
    ++*(int *)ctx;
    return true;
}

OCI_TEST (copy, ends_when_it_is_told_to) {
    int dir = source_new(), dest = layout_dir_new(), asked = 0;
    OCI_AUTO(oci_layout) from = layout_of(dir);
    OCI_AUTO(oci_layout) to = layout_of(dest);
    const oci_events events = { .ctx = &asked, .cancelled = always };
    oci_error err = OCI_ERROR_INIT;

    assert_fails(OCI_E_CANCELLED, &err, copy(from, to, &(oci_copier_options) { .events = &events }, &err));
    assert_true(asked > 0);
    assert_int_equal(oci_layout_index(to)->n_manifests, 0);
    scratch_free(dir);
    scratch_free(dest);
}

OCI_TEST (copy, cannot_read_or_use_again_what_it_has_written) {
    int dir = source_new();
    OCI_AUTO(oci_layout) from = layout_of(dir);
    OCI_AUTO(oci_layout) to = NULL;
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    OCI_AUTO(oci_writer) w = NULL;
    const oci_export_options o = { .tmpdir = "/tmp" };
    const oci_descriptor *entry = oci_layout_index(from)->manifests[1];
    oci_error err = OCI_ERROR_INIT;
    oci_reader *r = NULL;

    assert_ok(&err, oci_writer_to_buf(&out, &w, &err));
    assert_ok(&err, oci_layout_to_archive(oci_steal(&w), &o, &to, &err));
    assert_ok(&err, copy(from, to, NULL, &err));
    assert_ok(&err, oci_store_stat_blob(oci_layout_store(to), &entry->digest, NULL, &err));
    assert_fails(OCI_E_UNSUPPORTED, &err, oci_store_open_blob(oci_layout_store(to), entry, &r, &err));
    assert_true(copy(from, to, NULL, &err) < 0);
    scratch_free(dir);
}

OCI_TEST (copy, nests_no_deeper_than_is_read) {
    int dir = layout_dir_new(), dest = layout_dir_new();
    struct image image = image_put_host(dir, "x", "");
    struct blob index = index_put(dir, "", "%s", image.manifest.json);
    OCI_AUTO(oci_layout) to = layout_of(dest);
    oci_error err = OCI_ERROR_INIT;

    for (int depth = 1; depth < 10; depth++) {
        OCI_AUTO(oci_layout) from = NULL;
        struct blob named = blob_with(&index, INDEX_TYPE, NAMED("app"));
        int r;

        index_write(dir, "%s", named.json);
        from = layout_of(dir);
        r = copy(from, to, NULL, &err);
        assert_int_equal(r, depth <= OCI_MAX_NESTING ? 0 : OCI_E_LIMIT);
        index = index_put(dir, "", "%s", index.json);
    }
    scratch_free(dir);
    scratch_free(dest);
}

/* Who adds what, while other transactions of the same layout come and go: each reads index.json anew. */
OCI_TEST (copy, joins_what_others_have_committed_meanwhile) {
    int dir = source_new(), dest = layout_dir_new();
    struct image riscv = image_put(dest, "linux", "riscv64", "r", LINUX("riscv64") NAMED("n1"));
    OCI_AUTO(oci_layout) from = layout_of(dir);
    OCI_AUTO(oci_layout) to = NULL;
    const oci_descriptor *app = oci_layout_index(from)->manifests[1];
    const oci_copier_options o = { .joining = OCI_JOIN_MERGE };
    const oci_resolve_options n1 = { .name = "n1" };
    oci_copier *c = NULL;
    OCI_AUTO(oci_path) path = NULL;
    OCI_AUTO(oci_index) index = NULL;
    oci_error err = OCI_ERROR_INIT;
    oci_txn *t = NULL;

    index_write(dest, "%s", riscv.manifest.json);
    to = layout_of(dest);
    assert_ok(&err, oci_copier_new(to, &o, &c, &err));
    assert_ok(&err, oci_copier_add(c, from, app, "latest", &err));
    assert_ok(&err, oci_txn_begin(to, &t, &err));
    oci_txn_abort(t);
    assert_ok(&err, oci_copier_add(c, from, app, "n1", &err));
    assert_ok(&err, oci_txn_begin(to, &t, &err));
    assert_ok(&err, oci_txn_set_ref(t, "n2", oci_layout_index(to)->manifests[0], &err));
    assert_ok(&err, oci_txn_commit(t, &err));
    assert_ok(&err, oci_copier_add(c, from, app, "n2", &err));
    assert_ok(&err, oci_copier_commit(c, &err));
    assert_int_equal(oci_layout_index(to)->n_manifests, 3);
    assert_ok(&err, oci_resolve_entry(to, &n1, &path, &err));
    assert_ok(&err, oci_read_index(oci_layout_store(to), oci_path_target(path), NULL, &index, &err));
    assert_int_equal(index->n_manifests, 3);
    oci_copier_free(c);
    scratch_free(dir);
    scratch_free(dest);
}

/* Any number of names may lead to one index of many manifests. */
// proves: safety.2
OCI_TEST (copy, bounds_what_all_names_join) {
    int dir = source_new(), dest = layout_dir_new();
    OCI_AUTO(oci_layout) from = layout_of(dir);
    OCI_AUTO(oci_layout) to = layout_of(dest);
    const oci_descriptor *app = oci_layout_index(from)->manifests[1];
    const oci_copier_options o = { .joining = OCI_JOIN_MERGE };
    const oci_platform arm = { .os = "linux", .architecture = "arm64" };
    OCI_AUTO(oci_copier) c = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_copier_new(to, &o, &c, &err));
    assert_int_equal(c->room, OCI_MAX_JOINED);
    c->room = 3;
    assert_ok(&err, oci_copier_add(c, from, app, "one", &err));
    /* The same platforms again take the places that they have. */
    assert_ok(&err, oci_copier_add(c, from, app, "one", &err));
    assert_int_equal(c->room, 1);
    assert_fails(OCI_E_LIMIT, &err, oci_copier_add(c, from, app, "two", &err));
    assert_non_null(strstr(err.msg, "manifests to join at once"));
    assert_int_equal(c->room, 0);
    assert_ok(&err, oci_copier_remove(c, "one", &arm, NULL, &err));
    assert_ok(&err, oci_copier_add(c, from, app, "two", &err));
    assert_ok(&err, oci_copier_commit(c, &err));
    assert_int_equal(oci_layout_index(to)->n_manifests, 2);
    scratch_free(dir);
    scratch_free(dest);
}

/* What the destination has joins too, and what cannot begin gives its room back. */
OCI_TEST (copy, bounds_what_is_joined_from_before) {
    int dir = source_new();
    OCI_AUTO(oci_layout) l = layout_of(dir);
    OCI_AUTO(oci_entries) entries = NULL;
    OCI_AUTO(oci_merge) m = NULL;
    oci_error err = OCI_ERROR_INIT;
    size_t room = 1;

    assert_ok(&err, oci_entries_new(oci_layout_index(l), &entries, &err));
    assert_fails(OCI_E_LIMIT, &err, oci_merge_new(l, entries, "app", NULL, &room, &m, &err));
    assert_int_equal(room, 1);
    room = 2;
    assert_ok(&err, oci_merge_new(l, entries, "app", NULL, &room, &m, &err));
    assert_int_equal(room, 0);
    oci_merge_free(m);
    m = NULL;
    assert_int_equal(room, 2);
    scratch_free(dir);
}
