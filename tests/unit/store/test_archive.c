/* SPDX-License-Identifier: Apache-2.0 */
/* A tar archive as a place to look things up. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "layouts.h"
#include "store/archive.h"
#include "tars.h"

static int open_archive(int dir, const char *name, oci_archive **out, oci_error *err)
{
    const oci_archive_options o = { .max_size = 1 << 20 };
    int fd = openat(dir, name, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    return oci_archive_open(fd, &o, out, err);
}

static oci_archive *archive_of(struct tar *t, int dir)
{
    oci_error err = OCI_ERROR_INIT;
    oci_archive *a = NULL;

    tar_end(t, dir, "x.tar");
    assert_ok(&err, open_archive(dir, "x.tar", &a, &err));
    return a;
}

OCI_TEST (archive, has_its_members_in_the_order_of_paths) {
    static const char *const sorted[] = { "a", "a/b", "a/b/c", "a-b", "a-b/c", "a.b", "b", "\xff" };
    static const size_t shuffled[] = { 6, 2, 0, 4, 7, 1, 3, 5 };
    struct tar t = tar_begin();
    int dir = scratch_new();
    OCI_AUTO(oci_archive) a = NULL;

    for (size_t i = 0; i < 8; i++) {
        const char *name = sorted[shuffled[i]];

        if (strcmp(name, "a") == 0 || strcmp(name, "a/b") == 0 || strcmp(name, "a-b") == 0)
            tar_entry(&t, OCI_TAR_DIR, name, NULL);
        else
            tar_file(&t, name, name);
    }
    /* Directories may come again. */
    tar_entry(&t, OCI_TAR_DIR, "a/b", NULL);
    a = archive_of(&t, dir);
    assert_int_equal(oci_archive_count(a), 8);
    for (size_t i = 0; i < 8; i++) {
        assert_string_equal(oci_archive_member(a, i)->name, sorted[i]);
        assert_int_equal(oci_archive_below(a, sorted[i]), i);
        assert_non_null(oci_archive_get(a, sorted[i]));
    }
    assert_null(oci_archive_get(a, "a/"));
    assert_null(oci_archive_get(a, "a/b/c/d"));
    assert_null(oci_archive_get(a, ""));
    assert_int_equal(oci_archive_below(a, "z"), 7);
    scratch_free(dir);
}

// proves: safety.11
OCI_TEST (archive, follows_links_to_members_alone) {
    static const struct {
        const char *name;
        int code; /* 0: leads to the content "x" */
        const char *says;
    } rows[] = {
        { "d/file", 0, NULL },
        { "d/soft", 0, NULL },
        { "soft", 0, NULL },
        { "d/up", 0, NULL },
        { "hard", 0, NULL },
        { "chain", 0, NULL },
        { "out", OCI_E_UNSAFE, "leads out" },
        { "d/out", OCI_E_UNSAFE, "leads out" },
        { "root", OCI_E_UNSAFE, "leads out" },
        { "self", OCI_E_UNSAFE, "too many links" },
        { "ring", OCI_E_UNSAFE, "too many links" },
        { "nothing", OCI_E_INVALID, "nowhere" },
        { "hard-nothing", OCI_E_INVALID, "nowhere" },
        { "dir", OCI_E_INVALID, "regular file" },
        { "d", OCI_E_INVALID, "regular file" },
        { "fifo", OCI_E_INVALID, "regular file" },
        { "none", OCI_E_NOT_FOUND, "none" },
        /* A link to a directory is not gone through. */
        { "dir/file", OCI_E_NOT_FOUND, "dir/file" },
    };
    static const struct {
        oci_tar_type type;
        const char *name, *link;
    } links[] = {
        { OCI_TAR_SYMLINK, "d/soft", "file" },         { OCI_TAR_SYMLINK, "soft", ".//d/./file" },
        { OCI_TAR_SYMLINK, "d/up", "../d/../d/file" }, { OCI_TAR_HARDLINK, "hard", "d/file" },
        { OCI_TAR_SYMLINK, "chain", "hard" },          { OCI_TAR_SYMLINK, "out", "../x" },
        { OCI_TAR_SYMLINK, "d/out", "../../x" },       { OCI_TAR_SYMLINK, "root", "/d/file" },
        { OCI_TAR_SYMLINK, "self", "self" },           { OCI_TAR_SYMLINK, "ring", "gnir" },
        { OCI_TAR_SYMLINK, "gnir", "ring" },           { OCI_TAR_SYMLINK, "nothing", "where" },
        { OCI_TAR_HARDLINK, "hard-nothing", "where" }, { OCI_TAR_SYMLINK, "dir", "d" },
    };
    struct tar t = tar_begin();
    int dir = scratch_new();
    OCI_AUTO(oci_archive) a = NULL;

    tar_entry(&t, OCI_TAR_DIR, "d", NULL);
    for (size_t i = 0; i < sizeof links / sizeof links[0]; i++)
        tar_entry(&t, links[i].type, links[i].name, links[i].link);
    tar_entry(&t, OCI_TAR_FIFO, "fifo", NULL);
    tar_file(&t, "d/file", "x");
    a = archive_of(&t, dir);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
        oci_error err = OCI_ERROR_INIT;

        if (rows[i].code < 0) {
            assert_fails(rows[i].code, &err, oci_archive_read_file(a, rows[i].name, 100, &out, &err));
            assert_says(&err, rows[i].says);
            continue;
        }
        assert_ok(&err, oci_archive_read_file(a, rows[i].name, 100, &out, &err));
        assert_string_equal(out.data, "x");
    }
    scratch_free(dir);
}

OCI_TEST (archive, has_limits) {
    struct tar t = tar_begin();
    int dir = scratch_new();
    OCI_AUTO(oci_archive) a = NULL;
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    tar_file(&t, "ten", "0123456789");
    a = archive_of(&t, dir);
    assert_ok(&err, oci_archive_read_file(a, "ten", 10, &out, &err));
    assert_fails(OCI_E_LIMIT, &err, oci_archive_read_file(a, "ten", 9, &out, &err));
    scratch_free(dir);
}

/* Somebody cuts the file that is being read. */
OCI_TEST (archive, that_is_cut_later_is_found_cut) {
    struct tar t = tar_begin();
    int dir = scratch_new();
    OCI_AUTO(oci_archive) a = NULL;
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    int fd;

    tar_file(&t, "a", "0123456789");
    a = archive_of(&t, dir);
    fd = openat(dir, "x.tar", O_WRONLY | O_CLOEXEC);
    assert_int_equal(ftruncate(fd, 515), 0);
    close(fd);
    assert_fails(OCI_E_INVALID, &err, oci_archive_read_file(a, "a", 100, &out, &err));
    assert_says(&err, "too early");
    scratch_free(dir);
}

/* In place and spooled; whatever allocation fails, nothing is left behind. */
OCI_TEST (archive, without_memory_is_not_opened) {
    static const char *const names[] = { "oci.tar", "oci.tar.gz", "docker.tar", "old.tar", "x.aci" };
    const oci_layout_options o = { .read_only = true };
    int dir = scratch_new(), fds;
    OCI_AUTO_BUF oci_buf bytes = OCI_BUF_INIT, packed = OCI_BUF_INIT;
    struct tar t = tar_begin();

    tar_file(&t, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
    tar_file(&t, "index.json", "{\"schemaVersion\":2,\"manifests\":[]}");
    tar_end(&t, dir, "oci.tar");
    file_read(dir, "oci.tar", &bytes);
    compress(OCI_COMPRESSION_GZIP, &bytes, &packed);
    file_write(dir, "oci.tar.gz", packed.data, packed.len);
    t = tar_begin();
    tar_file(&t, "l.tar", "no tar");
    tar_file(&t, "c.json",
             "{\"os\":\"linux\",\"architecture\":\"arm\",\"variant\":\"v7\",\"rootfs\":{\"diff_ids\":"
             "[\"sha256:0000000000000000000000000000000000000000000000000000000000000000\"]}}");
    tar_file(&t, "manifest.json", "[{\"Config\":\"c.json\",\"RepoTags\":[\"a:b\"],\"Layers\":[\"l.tar\"]}]");
    tar_end(&t, dir, "docker.tar");
    t = tar_begin();
    tar_file(&t, "a/layer.tar", "no tar");
    tar_file(&t, "a/json", "{\"config\":{}}");
    tar_file(&t, "b/layer.tar", "no tar either");
    tar_file(&t, "b/json", "{\"parent\":\"a\",\"author\":\"Ann\"}");
    tar_file(&t, "repositories", "{\"a\":{\"1\":\"b\",\"2\":\"b\"}}");
    tar_end(&t, dir, "old.tar");
    t = tar_begin();
    tar_file(&t, "manifest",
             "{\"acKind\":\"ImageManifest\",\"acVersion\":\"0.8.11\",\"name\":\"a\",\"labels\":[{\"name\":\"arch\","
             "\"value\":"
             "\"arm\"}],\"app\":{\"exec\":[\"a\"],\"user\":\"/"
             "f\",\"group\":\"1\",\"ports\":[{\"port\":1,\"protocol\":\"tcp\"}],"
             "\"environment\":[{\"name\":\"A\",\"value\":\"b\"}],\"mountPoints\":[{\"path\":\"/"
             "v\"}]},\"pathWhitelist\":[\"/f\"]}");
    tar_file(&t, "rootfs/f", "x");
    tar_end(&t, dir, "x.aci");
    fds = count_fds();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        int failed = 1;

        for (unsigned long n = 1; failed; n++) {
            oci_error err = OCI_ERROR_INIT;
            oci_layout *l = NULL;
            int r;

            oci_alloc_fail_at(n);
            r = oci_layout_open(dir, names[i], &o, &l, &err);
            failed = oci_alloc_failed();
            oci_alloc_fail_at(0);
            if (!failed) {
                assert_ok(&err, r);
                oci_layout_free(l);
                continue;
            }
            /* The memory of names has a limit of its own, and cannot say which of the two was passed. */
            assert_true(r == OCI_E_NOMEM || r == OCI_E_LIMIT);
            assert_null(l);
            assert_int_equal(count_fds(), fds);
        }
    }
    scratch_free(dir);
}
