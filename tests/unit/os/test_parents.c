/* SPDX-License-Identifier: Apache-2.0 */
/* What appliers need besides: to hear of parents before they are made, the way up, modes of nodes. */
#include <string.h>
#include <unistd.h>

#include "fixture.h"

#include "base/fail.h"

struct heard {
    char text[64];
    ino_t in; /* the directory of the last call of before */
    int fail_at, calls;
};

static int before(void *ctx, int dirfd, oci_error *err)
{
    struct heard *h = ctx;
    struct stat st;

    assert_int_equal(fstat(dirfd, &st), 0);
    h->in = st.st_ino;
    strcat(h->text, "<");
    return ++h->calls == h->fail_at ? oci_fail(err, OCI_E_LIMIT, "no more") : 0;
}

static int made(void *ctx, int dirfd, const char *base, int fd, oci_error *err)
{
    struct heard *h = ctx;
    struct stat st;

    (void)fd;
    (void)err;
    assert_int_equal(fstat(dirfd, &st), 0);
    assert_int_equal(st.st_ino, h->in);
    strcat(h->text, base);
    return 0;
}

OCI_TEST (parents, are_announced_before_they_are_made) {
    int dir = scratch_new(), fd;
    struct heard h = { .in = 0 };
    oci_root root = OCI_ROOT_INIT(dir);
    oci_make_parents make = { &h, made, before };
    const char *base;
    oci_error err;

    make_dir(dir, "a");
    make_link(dir, "link", "/a/to");
    assert_ok(&err, oci_root_open_parent(&root, "link/b/c", &make, &fd, &base, &err));
    assert_string_equal(h.text, "<to<b");
    close(fd);
    h = (struct heard) { .fail_at = 2 };
    assert_fails(OCI_E_LIMIT, &err, oci_root_open_parent(&root, "x/y/z", &make, &fd, &base, &err));
    assert_string_equal(h.text, "<x<");
    assert_true(exists(dir, "x"));
    assert_false(exists(dir, "x/y"));
    scratch_free(dir);
}

OCI_TEST (parents, the_way_up_is_the_real_one) {
    int dir = scratch_new(), fd, up;
    struct stat st, want;
    oci_error err;

    make_dir(dir, "a/b");
    assert_ok(&err, oci_entry_open_dir(dir, "a", &fd, &err));
    assert_int_equal(fstat(dir, &want), 0);
    assert_ok(&err, oci_dir_open_up(fd, &up, &err));
    assert_int_equal(fstat(up, &st), 0);
    assert_true(st.st_ino == want.st_ino && st.st_dev == want.st_dev);
    close(up);
    close(fd);
    assert_fails(OCI_E_IO, &err, oci_dir_open_up(-1, &up, &err));
    scratch_free(dir);
}

OCI_TEST (entry, modes_of_nodes_are_set_without_opening_them) {
    int dir = scratch_new();
    struct stat st;
    oci_error err;

    make_file(dir, "file", "x");
    make_link(dir, "link", "file");
    assert_ok(&err, oci_entry_mknod(dir, "pipe", S_IFIFO, 0, 0, &err));
    assert_ok(&err, oci_entry_chmod(dir, "pipe", 04711, &err));
    assert_int_equal(oci_entry_stat(dir, "pipe", &st, &err), 1);
    assert_int_equal(st.st_mode, S_IFIFO | 04711);
    assert_fails(OCI_E_UNSUPPORTED, &err, oci_entry_chmod(dir, "link", 0777, &err));
    assert_int_equal(oci_entry_stat(dir, "file", &st, &err), 1);
    assert_int_not_equal(st.st_mode & 07777, 0777);
    assert_fails(OCI_E_UNSAFE, &err, oci_entry_chmod(dir, "../x", 0777, &err));
    assert_true(oci_entry_chmod(dir, "absent", 0777, &err) < 0);
    scratch_free(dir);
}

OCI_TEST (entry, the_target_of_a_link_can_be_read) {
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    int dir = scratch_new();
    oci_error err;

    make_link(dir, "link", "some/where");
    make_file(dir, "file", "x");
    assert_ok(&err, oci_entry_read_link(dir, "link", &out, &err));
    assert_int_equal(out.len, 10);
    assert_memory_equal(out.data, "some/where", 10);
    assert_fails(OCI_E_INVALID, &err, oci_entry_read_link(dir, "file", &out, &err));
    assert_fails(OCI_E_UNSAFE, &err, oci_entry_read_link(dir, "../link", &out, &err));
    assert_true(oci_entry_read_link(dir, "absent", &out, &err) < 0);
    assert_int_equal(out.len, 10);
    scratch_free(dir);
}
