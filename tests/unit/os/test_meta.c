/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fixture.h"

/* ---- extended attributes ---- */

// proves: layer.attr.xattrs
OCI_TEST (meta, xattrs_with_any_bytes) {
    static const char value[] = "a\0b\xff";
    int dir = scratch_new(), fd;
    char got[16];
    oci_error err;
    int r;

    make_file(dir, "f", "");
    fd = openat(dir, "f", O_RDONLY | O_CLOEXEC);
    r = oci_fd_set_xattr(fd, "user.test", value, 4, &err);
    assert_true(r == 0 || r == 1);
    if (r == 1) {
        assert_int_equal(fgetxattr(fd, "user.test", got, sizeof got), 4);
        assert_memory_equal(got, value, 4);
        assert_int_equal(oci_fd_set_xattr(fd, "user.empty", NULL, 0, &err), 1);
        assert_int_equal(fgetxattr(fd, "user.empty", got, sizeof got), 0);
        assert_int_equal(oci_entry_set_xattr(dir, "f", "user.entry", "v", 1, &err), 1);
        assert_int_equal(fgetxattr(fd, "user.entry", got, sizeof got), 1);
        assert_fails(OCI_E_NOT_FOUND, &err, oci_entry_set_xattr(dir, "none", "user.entry", "v", 1, &err));
        assert_ok(&err, oci_fd_clear_xattrs(fd, (const char *const[]) { "user.x", "user.empty" }, 2, &err));
        assert_true(fgetxattr(fd, "user.test", got, sizeof got) < 0);
        assert_int_equal(fgetxattr(fd, "user.empty", got, sizeof got), 0);
        assert_ok(&err, oci_fd_clear_xattrs(fd, NULL, 0, &err));
        assert_true(fgetxattr(fd, "user.empty", got, sizeof got) < 0);
        assert_ok(&err, oci_fd_clear_xattrs(fd, NULL, 0, &err));
    }
    /* A name space nobody has. */
    assert_int_equal(oci_fd_set_xattr(fd, "nowhere.test", "v", 1, &err), 0);
    assert_fails(OCI_E_IO, &err, oci_fd_set_xattr(-1, "user.test", "v", 1, &err));
    close(fd);
    scratch_free(dir);
    if (r == 0)
        skip();
}

static int read_only_xattrs(void *ctx)
{
    int dir = *(int *)ctx, fd;
    struct stat st;
    oci_error err;

    CHECK(become_nobody());
    fd = openat(dir, "mine", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    CHECK(fd >= 0);
    if (fsetxattr(fd, "user.probe", "", 0, 0) < 0)
        return CANNOT;
    CHECK(fchmod(fd, 04444) == 0);
    CHECK(oci_fd_set_xattr(fd, "user.test", "v", 1, &err) == 1);
    CHECK(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 04444);
    CHECK(oci_fd_clear_xattrs(fd, (const char *const[]) { "user.probe" }, 1, &err) == 0);
    CHECK(fgetxattr(fd, "user.test", NULL, 0) < 0 && fgetxattr(fd, "user.probe", NULL, 0) == 0);
    CHECK(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 04444);
    return 0;
}

OCI_TEST (meta, xattrs_of_read_only_files) {
    int dir = scratch_new();
    bool could = in_child(read_only_xattrs, &dir);

    scratch_free(dir);
    if (!could)
        skip();
}

static bool has_attribute(int dir, const char *base, const char *name)
{
    char path[64];

    snprintf(path, sizeof path, "/proc/self/fd/%d/%s", dir, base);
    return lgetxattr(path, name, NULL, 0) >= 0;
}

static int link_xattrs(void *ctx)
{
    int dir = *(int *)ctx;
    oci_error err;

    CHECK(oci_entry_set_xattr(dir, "link", "trusted.test", "v", 1, &err) == 1);
    CHECK(has_attribute(dir, "link", "trusted.test"));
    CHECK(!has_attribute(dir, "file", "trusted.test"));
    CHECK(oci_entry_set_xattr(dir, "fifo", "trusted.test", "v", 1, &err) == 1);
    CHECK(has_attribute(dir, "fifo", "trusted.test"));
    CHECK(oci_entry_set_xattr(dir, "link", "user.test", "v", 1, &err) == 0);
    CHECK(oci_entry_set_xattr(dir, "none", "trusted.test", "v", 1, &err) == OCI_E_NOT_FOUND);
    return 0;
}

static int link_xattrs_by_proc(void *ctx)
{
    int dir = *(int *)ctx;
    char path[64];

    snprintf(path, sizeof path, "/proc/self/fd/%d/link", dir);
    CHECK(lremovexattr(path, "trusted.test") == 0);
    CHECK(forbid_syscall(463, ENOSYS));
    return link_xattrs(ctx);
}

static int link_xattrs_without_anything(void *ctx)
{
    oci_error err;

    if (!hide_proc())
        return CANNOT;
    CHECK(forbid_syscall(463, ENOSYS));
    CHECK(oci_entry_set_xattr(*(int *)ctx, "link", "trusted.other", "v", 1, &err) == 0);
    return 0;
}

// proves: safety.5
OCI_TEST (meta, xattrs_of_links_themselves) {
    int dir = scratch_new(), fd;
    bool could;

    make_file(dir, "file", "");
    make_link(dir, "link", "file");
    assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
    fd = openat(dir, "file", O_RDONLY | O_CLOEXEC);
    could = fsetxattr(fd, "trusted.probe", "", 0, 0) == 0;
    close(fd);
    if (could) {
        in_child(link_xattrs, &dir);
        in_child(link_xattrs_by_proc, &dir);
        in_child(link_xattrs_without_anything, &dir);
    }
    scratch_free(dir);
    if (!could)
        skip();
}

/* ---- owners and times ---- */

// proves: safety.5 layer.attr.symlink
OCI_TEST (meta, times_are_of_the_link_itself) {
    static const struct {
        int64_t sec;
        uint32_t nsec;
    } times[] = { { 0, 0 }, { 1, 999999999 }, { -1000, 5 }, { INT64_C(4000000000), 0 } };
    int dir = scratch_new();
    struct stat st, before;
    oci_error err;

    make_file(dir, "file", "");
    make_link(dir, "link", "file");
    assert_int_equal(fstatat(dir, "file", &before, 0), 0);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++) {
        assert_ok(&err, oci_entry_set_mtime(dir, "link", times[i].sec, times[i].nsec, &err));
        assert_int_equal(oci_entry_stat(dir, "link", &st, &err), 1);
        assert_int_equal(st.st_mtim.tv_sec, times[i].sec);
        assert_int_equal(st.st_mtim.tv_nsec, times[i].nsec);
        assert_int_equal(fstatat(dir, "file", &st, 0), 0);
        assert_memory_equal(&st.st_mtim, &before.st_mtim, sizeof st.st_mtim);
    }
    for (int i = 0; i < 3; i++)
        assert_fails(
            OCI_E_INVALID, &err,
            oci_entry_set_mtime(dir, "file", 5, (const uint32_t[]) { 1000000000, UTIME_NOW, UTIME_OMIT }[i], &err));
    assert_fails(OCI_E_IO, &err, oci_entry_set_mtime(dir, "none", 5, 5, &err));
    assert_fails(OCI_E_UNSAFE, &err, oci_entry_set_mtime(dir, "../x", 5, 5, &err));
    scratch_free(dir);
}

// proves: safety.5 safety.8
OCI_TEST (meta, owners_are_of_the_link_itself) {
    int dir = scratch_new();
    struct stat st;
    oci_error err;

    make_file(dir, "file", "");
    make_link(dir, "link", "file");
    assert_fails(OCI_E_INVALID, &err, oci_entry_chown(dir, "file", UINT32_MAX, 0, &err));
    assert_fails(OCI_E_INVALID, &err, oci_entry_chown(dir, "file", 0, UINT32_MAX, &err));
    assert_fails(OCI_E_UNSAFE, &err, oci_entry_chown(dir, ".", 0, 0, &err));
    assert_ok(&err, oci_entry_chown(dir, "link", geteuid(), getegid(), &err));
    if (geteuid() != 0) {
        assert_fails(OCI_E_PERM, &err, oci_entry_chown(dir, "link", 0, 0, &err));
        scratch_free(dir);
        skip();
    }
    assert_ok(&err, oci_entry_chown(dir, "link", 4294967294, 12345, &err));
    assert_int_equal(oci_entry_stat(dir, "link", &st, &err), 1);
    assert_int_equal(st.st_uid, 4294967294);
    assert_int_equal(st.st_gid, 12345);
    assert_int_equal(fstatat(dir, "file", &st, 0), 0);
    assert_int_equal(st.st_uid, 0);
    scratch_free(dir);
}

/* ---- the umask ---- */

static int check_umask(void *ctx)
{
    mode_t mask = *(mode_t *)ctx;

    umask(mask);
    CHECK(oci_apply_umask(0777) == (0777 & ~mask));
    CHECK(oci_apply_umask(04644) == (04644 & ~mask));
    CHECK(umask(0) == mask);
    return 0;
}

static int check_umask_without_proc(void *ctx)
{
    return hide_proc() ? check_umask(ctx) : CANNOT;
}

OCI_TEST (umask, is_read_and_left_alone) {
    static mode_t masks[] = { 0, 022, 027, 077, 0777 };
    bool could = true;

    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        in_child(check_umask, &masks[i]);
        could = in_child(check_umask_without_proc, &masks[i]) && could;
    }
    if (!could)
        skip();
}

/* ---- locks ---- */

static int lock_is_free(void *ctx)
{
    int fd = openat(*(int *)ctx, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    CHECK(fd >= 0);
    return flock(fd, LOCK_EX | LOCK_NB) == 0 ? 0 : CANNOT;
}

// proves: safety.19
OCI_TEST (lock, excludes_and_ends_with_the_descriptor) {
    int dir = scratch_new(), a, b;
    oci_error err;

    a = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    b = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_ok(&err, oci_lock(a, false, NULL, &err));
    assert_ok(&err, oci_lock(b, false, NULL, &err));
    assert_false(in_child(lock_is_free, &dir));
    close(b);
    assert_ok(&err, oci_lock(a, true, NULL, &err));
    assert_false(in_child(lock_is_free, &dir));
    close(a);
    assert_true(in_child(lock_is_free, &dir));
    assert_fails(OCI_E_IO, &err, oci_lock(-1, true, NULL, &err));
    scratch_free(dir);
}

static void on_alarm(int number)
{
    (void)number;
}

static bool cancel_at_third(void *ctx)
{
    return ++*(int *)ctx == 3;
}

static int lock_until_cancelled(void *ctx)
{
    int dir = *(int *)ctx, asked = 0, fd;
    oci_events events = { .ctx = &asked, .cancelled = cancel_at_third };
    struct sigaction action = { .sa_handler = on_alarm };
    struct itimerval often = { { 0, 10000 }, { 0, 10000 } };
    oci_error err;

    fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(fd >= 0 && sigaction(SIGALRM, &action, NULL) == 0);
    CHECK(setitimer(ITIMER_REAL, &often, NULL) == 0);
    CHECK(oci_lock(fd, true, &events, &err) == OCI_E_CANCELLED);
    CHECK(asked == 3);
    return 0;
}

OCI_TEST (lock, waiting_can_be_cancelled) {
    int dir = scratch_new(), fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    oci_error err;

    assert_ok(&err, oci_lock(fd, true, NULL, &err));
    in_child(lock_until_cancelled, &dir);
    close(fd);
    scratch_free(dir);
}
