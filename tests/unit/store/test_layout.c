/* SPDX-License-Identifier: Apache-2.0 */
/* What a layout is, and what is none. */
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layouts.h"

// proves: layout.blobs-dir.may-be-empty layout.unknown-files.allowed layout.unknown-files.no-error
OCI_TEST (layout, opens_with_whatever_else_is_there) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = NULL;

    make_file(dir, "manifest.json", "[");
    make_file(dir, "x/y", "");
    assert_ok(&err, oci_layout_open(dir, ".", NULL, &l, &err));
    assert_int_equal(oci_layout_index(l)->n_manifests, 0);
    scratch_free(dir);
}

// proves: layout.oci-layout.file-present layout.index-json.file-present
OCI_TEST (layout, is_none_with_a_part_missing_or_wrong) {
    static const struct {
        const char *file, *content; /* NULL: no file */
        int code;
        const char *says;
    } rows[] = {
        { "oci-layout", NULL, OCI_E_INVALID, "oci-layout" },
        { "index.json", NULL, OCI_E_INVALID, "index.json" },
        { "oci-layout", "", OCI_E_INVALID, "oci-layout" },
        { "oci-layout", "{}", OCI_E_INVALID, "imageLayoutVersion" },
        { "oci-layout", "{\"imageLayoutVersion\":\"2.0.0\"}", OCI_E_UNSUPPORTED, "2.0.0" },
        { "index.json", "", OCI_E_INVALID, "index.json" },
        { "index.json", "{\"schemaVersion\":2}", OCI_E_INVALID, "manifests" },
        { "index.json", "{\"schemaVersion\":2,\"manifests\":[]}x", OCI_E_INVALID, "index.json" },
    };
    oci_error err = OCI_ERROR_INIT;
    oci_layout *l = NULL;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int dir = layout_dir_new(), fds = count_fds();

        if (rows[i].content == NULL)
            assert_int_equal(unlinkat(dir, rows[i].file, 0), 0);
        else
            file_write(dir, rows[i].file, rows[i].content, strlen(rows[i].content));
        assert_fails(rows[i].code, &err, oci_layout_open(dir, ".", NULL, &l, &err));
        assert_says(&err, rows[i].says);
        assert_null(l);
        assert_int_equal(count_fds(), fds);
        scratch_free(dir);
    }
}

OCI_TEST (layout, can_be_read_without_its_file) {
    const oci_layout_options o = { .read_only = true };
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    oci_layout *l = NULL;

    assert_int_equal(unlinkat(dir, "oci-layout", 0), 0);
    assert_ok(&err, oci_layout_open(dir, ".", &o, &l, &err));
    oci_layout_free(l);
    l = NULL;
    assert_int_equal(symlinkat("nowhere", dir, "oci-layout"), 0);
    assert_fails(OCI_E_INVALID, &err, oci_layout_open(dir, ".", &o, &l, &err));
    assert_says(&err, "leads nowhere");
    scratch_free(dir);
}

OCI_TEST (layout, is_none_with_a_directory_or_pipe_for_a_file) {
    static const char *const files[] = { "oci-layout", "index.json" };
    oci_error err = OCI_ERROR_INIT;
    oci_layout *l = NULL;

    for (size_t i = 0; i < 2; i++) {
        int dir = layout_dir_new();

        assert_int_equal(unlinkat(dir, files[i], 0), 0);
        make_dir(dir, files[i]);
        assert_fails(OCI_E_INVALID, &err, oci_layout_open(dir, ".", NULL, &l, &err));
        assert_int_equal(unlinkat(dir, files[i], AT_REMOVEDIR), 0);
        assert_int_equal(mkfifoat(dir, files[i], 0644), 0);
        assert_fails(OCI_E_INVALID, &err, oci_layout_open(dir, ".", NULL, &l, &err));
        scratch_free(dir);
    }
}

OCI_TEST (layout, that_is_not_there_is_not_found) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    oci_layout *l = NULL;

    assert_fails(OCI_E_NOT_FOUND, &err, oci_layout_open(dir, "none", NULL, &l, &err));
    assert_says(&err, "none");
    assert_fails(OCI_E_PERM, &err, oci_layout_open(dir, "oci-layout", NULL, &l, &err));
    assert_says(&err, "read only");
    scratch_free(dir);
}

OCI_TEST (layout, larger_than_the_limit_is_refused) {
    const oci_limits limits = { .max_document = 40 };
    const oci_layout_options o = { .limits = &limits };
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    oci_layout *l = NULL;

    assert_ok(&err, oci_layout_open(dir, ".", &o, &l, &err));
    oci_layout_free(l);
    l = NULL;
    file_write(dir, "index.json", "{\"schemaVersion\":2,   \"manifests\":[]     }", 43);
    assert_fails(OCI_E_LIMIT, &err, oci_layout_open(dir, ".", &o, &l, &err));
    scratch_free(dir);
}

// proves: layout.blobs-dir.present layout.oci-layout.file-present layout.index-json.file-present
OCI_TEST (layout_init, makes_an_empty_layout) {
    oci_error err = OCI_ERROR_INIT;
    int dir = scratch_new(), fds = count_fds();
    OCI_AUTO_BUF oci_buf file = OCI_BUF_INIT;
    oci_layout *l = NULL, *again = NULL;
    struct stat st;

    assert_ok(&err, oci_layout_init(dir, "l", NULL, &l, &err));
    assert_int_equal(oci_layout_index(l)->n_manifests, 0);
    file_read(dir, "l/oci-layout", &file);
    assert_string_equal(file.data, "{\"imageLayoutVersion\":\"1.0.0\"}");
    assert_int_equal(fstatat(dir, "l/blobs/sha256", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, oci_apply_umask(0777));
    assert_int_equal(fstatat(dir, "l/index.json", &st, 0), 0);
    assert_int_equal(st.st_mode & 0777, oci_apply_umask(0666));
    assert_int_equal(count_entries(dir), 1);
    /* It is the very directory that got the name. */
    assert_ok(&err, oci_store_put(oci_layout_store(l), OCI_DIGEST_SHA256, "x", 1, NULL, &err));
    assert_ok(&err, oci_layout_open(dir, "l", NULL, &again, &err));
    oci_layout_free(again);
    oci_layout_free(l);

    /* An empty directory may be there, nothing else. */
    make_dir(dir, "empty");
    assert_ok(&err, oci_layout_init(dir, "empty", NULL, &l, &err));
    oci_layout_free(l);
    l = NULL;
    make_file(dir, "full/x", "");
    assert_fails(OCI_E_EXISTS, &err, oci_layout_init(dir, "full", NULL, &l, &err));
    assert_fails(OCI_E_EXISTS, &err, oci_layout_init(dir, "l", NULL, &l, &err));
    assert_fails(OCI_E_EXISTS, &err, oci_layout_init(dir, "full/x", NULL, &l, &err));
    assert_fails(OCI_E_NOT_FOUND, &err, oci_layout_init(dir, "no/way", NULL, &l, &err));
    assert_fails(OCI_E_PERM, &err, oci_layout_init(dir, "new", &(oci_layout_options) { .read_only = true }, &l, &err));
    assert_null(l);
    assert_int_equal(count_entries(dir), 3);
    assert_int_equal(count_fds(), fds);
    scratch_free(dir);
}

typedef int open_function(int dirfd, const char *path, const oci_layout_options *o, oci_layout **out, oci_error *err);

/* Whatever allocation fails, nothing is left behind. */
static void try_without_memory(open_function *open, int dir, const char *path)
{
    oci_error err = OCI_ERROR_INIT;
    int fds = count_fds(), entries = count_entries(dir), failed = 1;

    for (unsigned long n = 1; failed; n++) {
        oci_layout *l = NULL;
        int r;

        oci_alloc_fail_at(n);
        r = open(dir, path, NULL, &l, &err);
        failed = oci_alloc_failed();
        oci_alloc_fail_at(0);
        if (!failed) {
            assert_ok(&err, r);
            oci_layout_free(l);
            continue;
        }
        assert_int_equal(r, OCI_E_NOMEM);
        assert_null(l);
        assert_int_equal(count_fds(), fds);
        assert_int_equal(count_entries(dir), entries);
    }
}

OCI_TEST (layout, without_memory_is_neither_opened_nor_made) {
    int dir = layout_dir_new(), empty = scratch_new();

    try_without_memory(oci_layout_open, dir, ".");
    try_without_memory(oci_layout_init, empty, "l");
    scratch_free(dir);
    scratch_free(empty);
}
