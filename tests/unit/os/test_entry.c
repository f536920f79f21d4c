/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "fixture.h"

static const char *const no_components[] = { "", ".", "..", "a/b", "/", "/etc", "../x", "a/" };

/* Whatever is asked of a name that is more than a component. */
// proves: safety.1
OCI_TEST (entry, names_are_single_components) {
    int dir = scratch_new();
    oci_error err;

    make_dir(dir, "a/b");
    for (size_t i = 0; i < sizeof no_components / sizeof *no_components; i++) {
        const char *base = no_components[i];
        struct stat st;
        int fd;

        assert_fails(OCI_E_UNSAFE, &err, oci_entry_stat(dir, base, &st, &err));
        assert_fails(OCI_E_UNSAFE, &err, oci_entry_remove(dir, base, &err));
        assert_fails(OCI_E_UNSAFE, &err, oci_entry_create_file(dir, base, 0600, &fd, &err));
        assert_fails(OCI_E_UNSAFE, &err, oci_entry_mkdir(dir, base, &fd, &err));
        assert_fails(OCI_E_UNSAFE, &err, oci_entry_open_dir(dir, base, &fd, &err));
        assert_fails(OCI_E_UNSAFE, &err, oci_entry_symlink(dir, base, "t", &err));
        assert_fails(OCI_E_UNSAFE, &err, oci_entry_mknod(dir, base, S_IFIFO, 0, 0, &err));
        assert_fails(OCI_E_UNSAFE, &err, oci_entry_link(dir, "a", dir, base, &err));
        assert_fails(OCI_E_UNSAFE, &err, oci_entry_link(dir, base, dir, "c", &err));
    }
    assert_int_equal(count_entries(dir), 1);
    assert_true(exists(dir, "a/b"));
    scratch_free(dir);
}

// proves: safety.4
OCI_TEST (entry, is_made_exclusively_and_without_following) {
    int dir = scratch_new(), fd;
    struct stat st;
    oci_error err;

    make_link(dir, "link", "target");
    make_file(dir, "file", "x");
    make_dir(dir, "dir");
    for (size_t i = 0; i < 3; i++) {
        const char *base = (const char *const[]) { "link", "file", "dir" }[i];

        assert_fails(OCI_E_EXISTS, &err, oci_entry_create_file(dir, base, 0600, &fd, &err));
        assert_fails(OCI_E_EXISTS, &err, oci_entry_mkdir(dir, base, &fd, &err));
        assert_fails(OCI_E_EXISTS, &err, oci_entry_symlink(dir, base, "x", &err));
        assert_fails(OCI_E_EXISTS, &err, oci_entry_mknod(dir, base, S_IFIFO, 0, 0, &err));
        assert_fails(OCI_E_EXISTS, &err, oci_entry_link(dir, "file", dir, base, &err));
    }
    assert_false(exists(dir, "target"));

    assert_ok(&err, oci_entry_create_file(dir, "new", 0600, &fd, &err));
    assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_WRONLY);
    assert_int_equal(fstat(fd, &st), 0);
    assert_true(S_ISREG(st.st_mode));
    assert_int_equal(st.st_mode & 07177, 0);
    close(fd);
    assert_ok(&err, oci_entry_mkdir(dir, "newdir", &fd, &err));
    assert_int_equal(fstat(fd, &st), 0);
    assert_true(S_ISDIR(st.st_mode));
    assert_int_equal(st.st_mode & 0777, 0700);
    close(fd);
    scratch_free(dir);
}

OCI_TEST (entry, symlinks_and_links) {
    int dir = scratch_new();
    struct stat st;
    char text[64];
    oci_error err;

    assert_ok(&err, oci_entry_symlink(dir, "l", "../../etc/passwd", &err));
    assert_int_equal(readlinkat(dir, "l", text, sizeof text), 16);
    assert_fails(OCI_E_INVALID, &err, oci_entry_symlink(dir, "e", "", &err));
    /* The link itself is linked, not what it leads to. */
    assert_ok(&err, oci_entry_link(dir, "l", dir, "l2", &err));
    assert_int_equal(oci_entry_stat(dir, "l2", &st, &err), 1);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(st.st_nlink, 2);
    assert_fails(OCI_E_NOT_FOUND, &err, oci_entry_link(dir, "none", dir, "x", &err));
    make_dir(dir, "d");
    assert_fails(OCI_E_PERM, &err, oci_entry_link(dir, "d", dir, "x", &err));
    assert_int_equal(oci_entry_stat(dir, "x", &st, &err), 0);
    scratch_free(dir);
}

OCI_TEST (entry, open_dir_follows_nothing) {
    int dir = scratch_new(), fd;
    oci_error err;

    make_dir(dir, "d");
    make_link(dir, "l", "d");
    make_file(dir, "f", "");
    assert_ok(&err, oci_entry_open_dir(dir, "d", &fd, &err));
    close(fd);
    assert_fails(OCI_E_INVALID, &err, oci_entry_open_dir(dir, "l", &fd, &err));
    assert_fails(OCI_E_INVALID, &err, oci_entry_open_dir(dir, "f", &fd, &err));
    assert_fails(OCI_E_NOT_FOUND, &err, oci_entry_open_dir(dir, "n", &fd, &err));
    scratch_free(dir);
}

OCI_TEST (entry, long_names_are_invalid) {
    int dir = scratch_new(), fd;
    char name[300];
    oci_error err;

    memset(name, 'n', sizeof name);
    name[256] = '\0';
    assert_fails(OCI_E_INVALID, &err, oci_entry_create_file(dir, name, 0600, &fd, &err));
    assert_fails(OCI_E_INVALID, &err, oci_entry_symlink(dir, name, "x", &err));
    name[255] = '\0';
    assert_ok(&err, oci_entry_create_file(dir, name, 0600, &fd, &err));
    close(fd);
    scratch_free(dir);
}

// proves: safety.8
OCI_TEST (entry, devices_keep_their_numbers) {
    int dir = scratch_new();
    struct stat st;
    oci_error err;

    assert_ok(&err, oci_entry_mknod(dir, "fifo", S_IFIFO, 0, 0, &err));
    assert_int_equal(oci_entry_stat(dir, "fifo", &st, &err), 1);
    assert_true(S_ISFIFO(st.st_mode));
    assert_fails(OCI_E_INVALID, &err, oci_entry_mknod(dir, "big", S_IFCHR, 4096, 0, &err));
    assert_fails(OCI_E_INVALID, &err, oci_entry_mknod(dir, "big", S_IFCHR, 0, 1 << 20, &err));
    assert_fails(OCI_E_INVALID, &err, oci_entry_mknod(dir, "big", S_IFBLK, UINT32_MAX, UINT32_MAX, &err));
    assert_false(exists(dir, "big"));
    if (oci_entry_mknod(dir, "null", S_IFCHR, 1, 3, &err) < 0) {
        assert_int_equal(err.code, OCI_E_PERM);
        scratch_free(dir);
        skip();
    }
    assert_ok(&err, oci_entry_mknod(dir, "largest", S_IFBLK, 4095, (1 << 20) - 1, &err));
    assert_int_equal(oci_entry_stat(dir, "largest", &st, &err), 1);
    assert_true(S_ISBLK(st.st_mode));
    assert_int_equal(major(st.st_rdev), 4095);
    assert_int_equal(minor(st.st_rdev), (1 << 20) - 1);
    scratch_free(dir);
}

static int change_modes(void *ctx)
{
    int dir = *(int *)ctx;
    struct stat st;
    oci_error err;

    CHECK(oci_entry_chmod(dir, "fifo", 0640, &err) == 0);
    CHECK(fstatat(dir, "fifo", &st, 0) == 0 && (st.st_mode & 07777) == 0640);
    CHECK(oci_entry_chmod(dir, "file", 06755, &err) == 0);
    CHECK(fstatat(dir, "file", &st, 0) == 0 && (st.st_mode & 07777) == 06755);
    CHECK(oci_entry_chmod(dir, "link", 0600, &err) == OCI_E_UNSUPPORTED);
    CHECK(oci_entry_chmod(dir, "none", 0600, &err) == OCI_E_NOT_FOUND);
    CHECK(oci_entry_chmod(dir, "../file", 0600, &err) == OCI_E_UNSAFE);
    CHECK(fstatat(dir, "file", &st, 0) == 0 && (st.st_mode & 07777) == 06755);
    return 0;
}

static int change_modes_by_proc(void *ctx)
{
    enum { FCHMODAT2 = 452 };

    CHECK(forbid_syscall(FCHMODAT2, ENOSYS));
    return change_modes(ctx);
}

// proves: safety.5
OCI_TEST (entry, modes_are_set_without_following) {
    int dir = scratch_new();

    make_file(dir, "file", "");
    make_link(dir, "link", "file");
    assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
    in_child(change_modes, &dir);
    in_child(change_modes_by_proc, &dir);
    scratch_free(dir);
}

OCI_TEST (entry, the_directory_above) {
    int dir = scratch_new(), below, up;
    oci_error err;

    make_dir(dir, "a/b");
    below = openat(dir, "a/b", O_PATH | O_DIRECTORY | O_CLOEXEC);
    assert_ok(&err, oci_dir_open_up(below, &up, &err));
    assert_true(same_inode(up, dir, "a"));
    close(up);
    close(below);
    assert_fails(OCI_E_IO, &err, oci_dir_open_up(-1, &up, &err));
    scratch_free(dir);
}
