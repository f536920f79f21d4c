/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <unistd.h>

#include "fixture.h"

// proves: safety.4
OCI_TEST (clear, removes_anything_and_follows_nothing) {
    int dir = scratch_new(), before = count_fds();
    oci_error err;

    make_file(dir, "precious/file", "x");
    make_file(dir, "tree/a/b/file", "x");
    make_dir(dir, "tree/empty");
    make_dir(dir, "tree/a/c/d/e");
    make_link(dir, "tree/link", "../precious");
    make_link(dir, "tree/a/up", "../..");
    make_link(dir, "link", "precious");
    assert_int_equal(mkfifoat(dir, "tree/fifo", 0600), 0);
    assert_ok(&err, oci_entry_remove(dir, "tree", &err));
    assert_ok(&err, oci_entry_remove(dir, "link", &err));
    assert_ok(&err, oci_entry_remove(dir, "never was", &err));
    assert_int_equal(count_entries(dir), 1);
    assert_true(exists(dir, "precious/file"));
    assert_ok(&err, oci_entry_remove(dir, "precious", &err));
    assert_int_equal(count_entries(dir), 0);
    assert_int_equal(count_fds(), before);
    scratch_free(dir);
}

/* ---- what is kept ---- */

static bool keep_names(void *ctx, const struct stat *dir, const char *name)
{
    (void)ctx, (void)dir;
    return name[0] == 'K';
}

static void fill_keep_tree(int dir)
{
    make_file(dir, "t/old", "");
    make_file(dir, "t/olddir/x", "");
    make_file(dir, "t/olddir/y/z", "");
    make_file(dir, "t/mixed/Kept", "");
    make_file(dir, "t/mixed/old", "");
    make_file(dir, "t/mixed/olddir/old", "");
    make_file(dir, "t/Kdir/old", "");
    make_file(dir, "t/Kdir/sub/Kept", "");
    make_dir(dir, "t/Kempty");
    make_dir(dir, "t/empty");
    make_file(dir, "t/Kfile", "");
}

static void check_keep_tree(int dir)
{
    assert_false(exists(dir, "t/old"));
    assert_false(exists(dir, "t/olddir"));
    assert_false(exists(dir, "t/empty"));
    assert_true(exists(dir, "t/mixed/Kept"));
    assert_false(exists(dir, "t/mixed/old"));
    assert_false(exists(dir, "t/mixed/olddir"));
    assert_true(exists(dir, "t/Kdir/sub/Kept"));
    assert_false(exists(dir, "t/Kdir/old"));
    assert_true(exists(dir, "t/Kempty"));
    assert_true(exists(dir, "t/Kfile"));
}

// proves: safety.7
OCI_TEST (clear, keeps_what_is_wanted) {
    int dir = scratch_new(), t, o_path;
    uint64_t removed = 99;
    oci_error err;

    fill_keep_tree(dir);
    o_path = openat(dir, "t", O_PATH | O_CLOEXEC);
    t = openat(dir, "t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_ok(&err, oci_dir_clear(o_path, keep_names, NULL, &removed, &err));
    /* old, olddir, empty, mixed/old, mixed/olddir, Kdir/old */
    assert_int_equal(removed, 6);
    check_keep_tree(dir);
    assert_ok(&err, oci_dir_clear(t, keep_names, NULL, &removed, &err));
    assert_int_equal(removed, 0);
    check_keep_tree(dir);
    assert_ok(&err, oci_dir_clear(t, NULL, NULL, NULL, &err));
    assert_int_equal(count_entries(t), 0);
    close(t);
    close(o_path);
    scratch_free(dir);
}

OCI_TEST (clear, keeps_the_directory_above_what_is_wanted) {
    int dir = scratch_new();
    uint64_t removed = 99;
    oci_error err;

    fill_keep_tree(dir);
    make_file(dir, "gone/x", "");
    make_file(dir, "Kother/x", "");
    assert_ok(&err, oci_entry_remove_unless(dir, "t", keep_names, NULL, &removed, &err));
    assert_int_equal(removed, 6);
    check_keep_tree(dir);
    assert_ok(&err, oci_entry_remove_unless(dir, "gone", keep_names, NULL, &removed, &err));
    assert_int_equal(removed, 1);
    assert_false(exists(dir, "gone"));
    assert_ok(&err, oci_entry_remove_unless(dir, "Kother", keep_names, NULL, &removed, &err));
    assert_int_equal(removed, 1);
    assert_true(exists(dir, "Kother"));
    assert_false(exists(dir, "Kother/x"));
    assert_ok(&err, oci_entry_remove_unless(dir, "none", keep_names, NULL, &removed, &err));
    assert_int_equal(removed, 0);
    scratch_free(dir);
}

static bool check_stat(void *ctx, const struct stat *dir, const char *name)
{
    int *fd = ctx;
    struct stat st;

    /* Every file is called like the directory that holds it. */
    if (name[0] != 'f')
        return false;
    if (fstatat(*fd, name + 1, &st, 0) < 0 || st.st_ino != dir->st_ino || st.st_dev != dir->st_dev)
        *fd = -1;
    return true;
}

OCI_TEST (clear, asks_with_the_directory_that_holds_the_entry) {
    int dir = scratch_new(), fd = dir;
    oci_error err;

    make_file(dir, "a/fa", "");
    make_file(dir, "b/c/c2", "");
    make_file(dir, "d/fd", "");
    make_file(dir, "d/e/x", "");
    assert_ok(&err, oci_dir_clear(dir, check_stat, &fd, NULL, &err));
    assert_int_equal(fd, dir);
    assert_true(exists(dir, "a/fa"));
    assert_true(exists(dir, "d/fd"));
    assert_int_equal(count_entries(dir), 2);
    scratch_free(dir);
}

/* ---- depth ---- */

enum { DEPTH = 3000, NAME = 200 };

static int make_deep(int dir, const char *first)
{
    char name[NAME + 1];
    int at = dup(dir);

    memset(name, 'd', NAME);
    name[NAME] = '\0';
    for (int i = 0; i < DEPTH; i++) {
        const char *base = i == 0 ? first : name;
        int next;

        CHECK(mkdirat(at, base, 0700) == 0);
        next = openat(at, base, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        CHECK(next >= 0);
        close(at);
        at = next;
        if (i % 100 == 7)
            CHECK(symlinkat("x", at, "side") == 0 && mkdirat(at, "sidedir", 0700) == 0);
    }
    close(at);
    return 0;
}

static int remove_deep(void *ctx)
{
    int dir = *(int *)ctx;
    struct rlimit limit = { 16, 16 };
    oci_error err;

    CHECK(make_deep(dir, "deep") == 0);
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    CHECK(oci_entry_remove(dir, "deep", &err) == 0);
    CHECK(!exists(dir, "deep"));
    return 0;
}

// proves: safety.4 safety.9
OCI_TEST (clear, thousands_of_levels_with_sixteen_descriptors) {
    int dir = scratch_new();

    in_child(remove_deep, &dir);
    scratch_free(dir);
}

OCI_TEST (clear, many_entries) {
    int dir = scratch_new();
    uint64_t removed;
    char name[32];
    oci_error err;

    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, i % 3 == 0 ? "wide/d%d/f" : "wide/f%d", i);
        make_file(dir, name, "");
    }
    assert_ok(&err, oci_entry_remove_unless(dir, "wide", NULL, NULL, &removed, &err));
    assert_int_equal(removed, 1);
    assert_int_equal(count_entries(dir), 0);
    scratch_free(dir);
}

/* ---- modes ---- */

static int remove_closed(void *ctx)
{
    static const mode_t modes[] = { 0000, 0100, 0200, 0300, 0400, 0500, 0600, 0700 };
    int dir = *(int *)ctx, t;
    struct stat st;
    uint64_t removed;
    char name[32];
    oci_error err;

    CHECK(become_nobody());
    CHECK(mkdirat(dir, "t", 0700) == 0);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        snprintf(name, sizeof name, "t/d%zu", i);
        CHECK(mkdirat(dir, name, 0700) == 0);
        snprintf(name, sizeof name, "t/d%zu/e", i);
        CHECK(mkdirat(dir, name, 0700) == 0);
        snprintf(name, sizeof name, "t/d%zu/e/%s", i, i % 2 == 0 ? "x" : "K");
        CHECK(mkdirat(dir, name, 0000) == 0);
        snprintf(name, sizeof name, "t/d%zu/e", i);
        CHECK(fchmodat(dir, name, modes[i], 0) == 0);
        snprintf(name, sizeof name, "t/d%zu", i);
        CHECK(fchmodat(dir, name, modes[i], 0) == 0);
    }
    t = openat(dir, "t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(fchmod(t, 0000) == 0);
    CHECK(oci_dir_clear(t, keep_names, NULL, &removed, &err) == 0);
    CHECK(removed == 4);
    /* What stays has the mode it had. */
    CHECK(fstat(t, &st) == 0 && (st.st_mode & 07777) == 0);
    CHECK(fchmod(t, 0700) == 0);
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++) {
        snprintf(name, sizeof name, "d%zu", i);
        CHECK(exists(t, name) == (i % 2 == 1));
        CHECK(i % 2 == 0 || (fstatat(t, name, &st, 0) == 0 && (st.st_mode & 07777) == modes[i]));
    }
    CHECK(oci_entry_remove(dir, "t", &err) == 0);
    CHECK(!exists(dir, "t"));
    return 0;
}

static int remove_closed_by_proc(void *ctx)
{
    enum { FCHMODAT2 = 452 };

    CHECK(forbid_syscall(FCHMODAT2, ENOSYS));
    return remove_closed(ctx);
}

// proves: safety.9
OCI_TEST (clear, opens_directories_that_their_owner_closed) {
    int dir = scratch_new();

    in_child(remove_closed, &dir);
    in_child(remove_closed_by_proc, &dir);
    scratch_free(dir);
}

static int remove_foreign(void *ctx)
{
    int dir = *(int *)ctx;
    oci_error err;

    CHECK(become_nobody());
    CHECK(oci_entry_remove(dir, "t", &err) == OCI_E_PERM);
    CHECK(strstr(err.msg, "remove 'f'") != NULL);
    CHECK(exists(dir, "t/f"));
    return 0;
}

OCI_TEST (clear, says_what_it_may_not_remove) {
    int dir = scratch_new();

    if (geteuid() != 0) {
        scratch_free(dir);
        skip();
    }
    make_file(dir, "t/f", "");
    in_child(remove_foreign, &dir);
    scratch_free(dir);
}

/* ---- mounts ---- */

static int remove_mounted(void *ctx)
{
    char link[64], path[256], precious[300], goal[300];
    oci_error err;
    ssize_t n;
    int dir;

    snprintf(link, sizeof link, "/proc/self/fd/%d", *(int *)ctx);
    n = readlink(link, path, sizeof path - 1);
    CHECK(n > 0);
    path[n] = '\0';
    if (unshare(CLONE_NEWNS) < 0 || mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
        return CANNOT;
    /* A bind mount has the device number of what it lies on. */
    snprintf(precious, sizeof precious, "%s/precious", path);
    snprintf(goal, sizeof goal, "%s/t/a/mnt", path);
    CHECK(mount(precious, goal, NULL, MS_BIND, NULL) == 0);
    snprintf(goal, sizeof goal, "%s/u/Kmnt", path);
    CHECK(mount(precious, goal, NULL, MS_BIND, NULL) == 0);
    dir = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    CHECK(dir >= 0);
    CHECK(oci_entry_remove(dir, "t", &err) == OCI_E_IO);
    CHECK(err.sys_errno == EBUSY);
    /* Kept directories would be entered. */
    CHECK(oci_entry_remove_unless(dir, "u", keep_names, NULL, NULL, &err) == OCI_E_IO);
    CHECK(strstr(err.msg, "mount point 'Kmnt'") != NULL);
    CHECK(exists(dir, "precious/file"));
    return 0;
}

OCI_TEST (clear, crosses_no_mount) {
    int dir = scratch_new();
    bool could;

    make_file(dir, "precious/file", "x");
    make_dir(dir, "t/a/mnt");
    make_dir(dir, "u/Kmnt");
    could = in_child(remove_mounted, &dir);
    assert_true(exists(dir, "precious/file"));
    scratch_free(dir);
    if (!could)
        skip();
}

OCI_TEST (clear, survives_no_memory) {
    int dir = scratch_new(), before = count_fds(), r;
    oci_error err;

    make_file(dir, "t/a/b/c/d", "");
    make_file(dir, "t/b/c/d", "");
    for (unsigned long n = 1;; n++) {
        err.msg[0] = '\0';
        oci_alloc_fail_at(n);
        r = oci_entry_remove(dir, "t", &err);
        oci_alloc_fail_at(0);
        if (r == 0)
            break;
        assert_int_equal(r, OCI_E_NOMEM);
        assert_true(err.msg[0] != '\0');
    }
    assert_false(exists(dir, "t"));
    assert_int_equal(count_fds(), before);
    scratch_free(dir);
}
