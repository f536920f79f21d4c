/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "fixture.h"

static uint64_t plenty = UINT64_MAX;

static int open_dir(int dirfd, const char *name)
{
    int fd = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    assert_true(fd >= 0);
    return fd;
}

static int copy(int dir, const char *from, const char *to, const oci_copy_options *o, oci_error *err)
{
    OCI_AUTO_FD int source = open_dir(dir, from);
    OCI_AUTO_FD int target = -1;

    make_dir(dir, to);
    target = open_dir(dir, to);
    return oci_dir_copy(source, target, o, err);
}

static struct stat look(int dir, const char *path)
{
    struct stat st;

    assert_int_equal(fstatat(dir, path, &st, AT_SYMLINK_NOFOLLOW), 0);
    return st;
}

static void assert_alike(int dir, const char *from, const char *to)
{
    struct stat a = look(dir, from), b = look(dir, to);

    assert_int_equal(a.st_mode, b.st_mode);
    assert_int_equal(a.st_uid, b.st_uid);
    assert_int_equal(a.st_gid, b.st_gid);
    assert_int_equal(a.st_nlink, b.st_nlink);
    assert_int_equal(a.st_mtim.tv_sec, b.st_mtim.tv_sec);
    assert_int_equal(a.st_mtim.tv_nsec, b.st_mtim.tv_nsec);
    if (!S_ISDIR(a.st_mode))
        assert_int_equal(a.st_size, b.st_size);
}

static void make_tree(int dir)
{
    const struct timespec times[2] = { { 100, 7 }, { 100, 7 } };

    make_file(dir, "a/file", "text");
    make_file(dir, "a/sub/deep/other", "other");
    make_file(dir, "a/secret", "secret");
    make_link(dir, "a/link", "/etc/passwd");
    assert_int_equal(linkat(dir, "a/file", dir, "a/sub/again", 0), 0);
    assert_int_equal(linkat(dir, "a/link", dir, "a/sub/link", 0), 0);
    assert_int_equal(mkfifoat(dir, "a/pipe", 0600), 0);
    assert_int_equal(fchmodat(dir, "a/secret", 04000, 0), 0);
    assert_int_equal(fchmodat(dir, "a/sub/deep", 0300, 0), 0);
    assert_int_equal(utimensat(dir, "a/file", times, 0), 0);
    assert_int_equal(utimensat(dir, "a/link", times, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(utimensat(dir, "a/sub/deep", times, 0), 0);
    assert_int_equal(utimensat(dir, "a", times, 0), 0);
}

static void check_tree(int dir)
{
    static const char *const names[] = { "", "/file", "/sub", "/sub/deep", "/secret", "/link", "/sub/link", "/pipe" };
    char from[64], to[64];

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        snprintf(from, sizeof from, "a%s", names[i]);
        snprintf(to, sizeof to, "b%s", names[i]);
        assert_alike(dir, from, to);
    }
    assert_int_equal(look(dir, "b/file").st_ino, look(dir, "b/sub/again").st_ino);
    assert_int_equal(look(dir, "b/link").st_ino, look(dir, "b/sub/link").st_ino);
    assert_int_not_equal(look(dir, "b/file").st_ino, look(dir, "a/file").st_ino);
}

/* Long paths of many files would take gigabytes. */
OCI_TEST (copy, paths_of_files_with_several_names_are_bounded) {
    const oci_copy_options o = { .budget = &plenty };
    oci_error err = OCI_ERROR_INIT;
    int dir = scratch_new(), others, at;
    char name[201] = "";

    memset(name, 'x', sizeof name - 1);
    make_dir(dir, "a");
    make_dir(dir, "others");
    others = open_dir(dir, "others");
    at = open_dir(dir, "a");
    for (int i = 0; i < 335; i++) {
        OCI_AUTO_FD int above = at;

        make_dir(above, name);
        at = open_dir(above, name);
    }
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "%d", i);
        make_file(at, name, "");
        assert_int_equal(linkat(at, name, others, name, 0), 0);
    }
    assert_fails(OCI_E_LIMIT, &err, copy(dir, "a", "b", &o, &err));
    close(at);
    close(others);
    scratch_free(dir);
}

// proves: conversion.volumes.seed
OCI_TEST (copy, keeps_everything) {
    const oci_copy_options o = { .budget = &plenty };
    oci_error err = OCI_ERROR_INIT;
    int dir = scratch_new(), fds = count_fds();
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    OCI_AUTO_FD int b = -1;
    char value[8];
    bool marked;

    make_tree(dir);
    b = open_dir(dir, "a/sub");
    marked = fsetxattr(b, "user.mark", "x", 1, 0) == 0;
    oci_closep_(&b);
    assert_ok(&err, copy(dir, "a", "b", &o, &err));
    check_tree(dir);
    b = open_dir(dir, "b/sub");
    if (marked)
        assert_int_equal(fgetxattr(b, "user.mark", value, sizeof value), 1);
    oci_closep_(&b);
    b = open_dir(dir, "b");
    assert_ok(&err, oci_read_file_at(b, "file", 100, &text, &err));
    assert_int_equal(text.len, 4);
    assert_memory_equal(text.data, "text", 4);
    oci_closep_(&b);
    b = -1;
    assert_int_equal(count_fds(), fds);
    scratch_free(dir);
}

static int copy_as_nobody(void *ctx)
{
    const oci_copy_options o = { .budget = &plenty };
    oci_error err = OCI_ERROR_INIT;
    int dir = *(int *)ctx, from, to;
    struct stat st;

    if (!become_nobody())
        return CANNOT;
    CHECK(mkdirat(dir, "a", 0700) == 0 && mkdirat(dir, "a/barred", 0700) == 0 && mkdirat(dir, "b", 0700) == 0);
    from = openat(dir, "a/barred/file", O_WRONLY | O_CREAT, 0000);
    CHECK(from >= 0 && write(from, "x", 1) == 1 && close(from) == 0);
    CHECK(fchmodat(dir, "a/barred", 0, 0) == 0);
    from = openat(dir, "a", O_RDONLY | O_DIRECTORY);
    to = openat(dir, "b", O_RDONLY | O_DIRECTORY);
    CHECK(oci_dir_copy(from, to, &o, &err) == 0);
    CHECK(fstatat(dir, "a/barred", &st, 0) == 0 && (st.st_mode & 07777) == 0);
    CHECK(fstatat(dir, "b/barred", &st, 0) == 0 && (st.st_mode & 07777) == 0);
    CHECK(fchmodat(dir, "b/barred", 0700, 0) == 0);
    CHECK(fstatat(dir, "b/barred/file", &st, 0) == 0 && (st.st_mode & 07777) == 0 && st.st_size == 1);
    return 0;
}

OCI_TEST (copy, reads_what_its_owner_may_not) {
    int dir = scratch_new();

    assert_int_equal(fchmod(dir, 0777), 0);
    if (!in_child(copy_as_nobody, &dir))
        print_message("skipped: cannot become an ordinary user\n");
    scratch_free(dir);
}

static int copy_poorly(void *ctx)
{
    const oci_copy_options o = { .budget = &plenty };
    oci_error err = OCI_ERROR_INIT;
    int dir = *(int *)ctx, from = openat(dir, "a", O_RDONLY | O_DIRECTORY), to;

    CHECK(mkdirat(dir, "b", 0700) == 0);
    to = openat(dir, "b", O_RDONLY | O_DIRECTORY);
    if (!forbid_syscall(SYS_fchown, EPERM) || !forbid_syscall(SYS_fchmod, ENOSYS) ||
        !forbid_syscall(SYS_copy_file_range, EXDEV) || !forbid_syscall(SYS_fsetxattr, ENOTSUP))
        return CANNOT;
    CHECK(oci_dir_copy(from, to, &o, &err) == 0);
    return 0;
}

OCI_TEST (copy, leaves_out_what_cannot_be_set) {
    int dir = scratch_new();

    make_file(dir, "a/file", "text");
    assert_int_equal(fchmodat(dir, "a/file", 04711, 0), 0);
    if (in_child(copy_poorly, &dir))
        assert_int_equal(look(dir, "b/file").st_size, 4);
    scratch_free(dir);
}

static bool is_sub(void *ctx, const struct stat *st)
{
    return st->st_ino == *(ino_t *)ctx;
}

OCI_TEST (copy, leaves_directories_empty) {
    oci_error err = OCI_ERROR_INIT;
    int dir = scratch_new();
    oci_copy_options o = { .budget = &plenty, .leave_empty = is_sub };
    ino_t sub;

    make_tree(dir);
    sub = look(dir, "a/sub").st_ino;
    o.ctx = &sub;
    assert_ok(&err, copy(dir, "a", "b", &o, &err));
    assert_true(exists(dir, "b/sub"));
    assert_false(exists(dir, "b/sub/deep"));
    assert_true(exists(dir, "b/file"));
    scratch_free(dir);
}

OCI_TEST (copy, ends_at_its_budget) {
    uint64_t budget = 9;
    const oci_copy_options o = { .budget = &budget };
    oci_error err = OCI_ERROR_INIT;
    int dir = scratch_new();

    make_file(dir, "a/one", "12345");
    make_file(dir, "a/two", "12345");
    assert_fails(OCI_E_LIMIT, &err, copy(dir, "a", "b", &o, &err));
    budget = 12;
    assert_ok(&err, copy(dir, "a", "c", &o, &err));
    assert_int_equal(budget, 2);
    scratch_free(dir);
}

static void make_holes(int dir)
{
    int fd;

    make_file(dir, "a/holes", "head");
    fd = openat(dir, "a/holes", O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, "middle", 6, 64 << 20), 6);
    assert_int_equal(ftruncate(fd, (128 << 20) + 3), 0);
    close(fd);
}

static void check_holes(int dir, uint64_t budget)
{
    char text[7] = "";
    int fd = openat(dir, "b/holes", O_RDONLY | O_CLOEXEC);

    assert_int_equal(look(dir, "b/holes").st_size, look(dir, "a/holes").st_size);
    assert_int_equal(pread(fd, text, 6, 64 << 20), 6);
    assert_string_equal(text, "middle");
    close(fd);
    if (look(dir, "a/holes").st_blocks < 1000) {
        assert_true(look(dir, "b/holes").st_blocks < 1000);
        assert_true(budget > 0);
    }
}

/* Zeros that cost an image nothing do not fill a disk. */
OCI_TEST (copy, holes_stay_holes) {
    uint64_t budget = 1 << 20;
    const oci_copy_options o = { .budget = &budget };
    oci_error err = OCI_ERROR_INIT;
    int dir = scratch_new();

    make_holes(dir);
    assert_ok(&err, copy(dir, "a", "b", &o, &err));
    check_holes(dir, budget);
    assert_ok(&err, oci_entry_remove(dir, "b", &err));
    if (in_child(copy_poorly, &dir))
        check_holes(dir, budget);
    scratch_free(dir);
}

static bool always(void *ctx)
{
    (void)ctx;
    return true;
}

OCI_TEST (copy, can_be_stopped) {
    const oci_events events = { .cancelled = always };
    const oci_copy_options o = { .budget = &plenty, .events = &events };
    oci_error err = OCI_ERROR_INIT;
    int dir = scratch_new();

    make_file(dir, "a/one", "12345");
    assert_fails(OCI_E_CANCELLED, &err, copy(dir, "a", "b", &o, &err));
    scratch_free(dir);
}

OCI_TEST (copy, goes_as_deep_as_the_tree) {
    enum { DEPTH = 3000 };
    const oci_copy_options o = { .budget = &plenty };
    oci_error err = OCI_ERROR_INIT;
    int dir = scratch_new(), fds = count_fds(), at;

    make_dir(dir, "a");
    at = open_dir(dir, "a");
    for (int i = 0; i < DEPTH; i++) {
        int next;

        assert_ok(&err, oci_entry_mkdir(at, "d", &next, &err));
        close(at);
        at = next;
    }
    close(at);
    assert_ok(&err, copy(dir, "a", "b", &o, &err));
    at = open_dir(dir, "b");
    for (int i = 0; i < DEPTH; i++) {
        int next;

        assert_ok(&err, oci_entry_open_dir(at, "d", &next, &err));
        close(at);
        at = next;
    }
    close(at);
    assert_int_equal(count_fds(), fds);
    scratch_free(dir);
}

OCI_TEST (copy, without_memory_fails) {
    const oci_copy_options o = { .budget = &plenty };
    oci_error err = OCI_ERROR_INIT;
    int failed = 1, dir = scratch_new(), fds = count_fds();

    make_tree(dir);
    for (unsigned long n = 1; failed; n++) {
        int r;

        assert_ok(&err, oci_entry_remove(dir, "b", &err));
        make_dir(dir, "b");
        oci_alloc_fail_at(n);
        {
            OCI_AUTO_FD int from = open_dir(dir, "a");
            OCI_AUTO_FD int to = open_dir(dir, "b");

            r = oci_dir_copy(from, to, &o, &err);
        }
        failed = oci_alloc_failed();
        oci_alloc_fail_at(0);
        assert_int_equal(r, failed ? OCI_E_NOMEM : 0);
        assert_int_equal(count_fds(), fds);
    }
    check_tree(dir);
    scratch_free(dir);
}

OCI_TEST (copy, one_entry) {
    const oci_copy_options o = { .budget = &plenty };
    oci_error err = OCI_ERROR_INIT;
    int dir = scratch_new();

    make_tree(dir);
    assert_ok(&err, oci_entry_copy(dir, "a", dir, "a", &o, NULL) < 0 ? 0 : -1);
    make_file(dir, "x", "content");
    assert_ok(&err, oci_entry_copy(dir, "x", dir, "y", &o, &err));
    assert_alike(dir, "x", "y");
    assert_fails(OCI_E_NOT_FOUND, &err, oci_entry_copy(dir, "none", dir, "z", &o, &err));
    scratch_free(dir);
}
