/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fixture.h"

static int write_tmpfile(int dir, const char *text, oci_tmpfile **t, oci_error *err)
{
    int r = oci_tmpfile_new(dir, t, err);

    return r < 0 ? r : oci_write_all(oci_tmpfile_fd(*t), text, strlen(text), err);
}

static bool holds(int dir, const char *name, const char *text)
{
    OCI_AUTO_BUF oci_buf buf = OCI_BUF_INIT;

    return oci_read_file_at(dir, name, 100, &buf, NULL) == 0 && buf.len == strlen(text) &&
           (buf.len == 0 || memcmp(buf.data, text, buf.len) == 0);
}

/* The whole contract, in whatever environment the caller made. named: temporary files have names here. */
static int publish_all_ways(int dir, bool named)
{
    oci_tmpfile *t;
    struct stat st;
    oci_error err;

    /* What is thrown away leaves nothing. */
    CHECK(write_tmpfile(dir, "gone", &t, &err) == 0);
    CHECK(count_entries(dir) == (named ? 1 : 0));
    oci_tmpfile_free(t);
    CHECK(count_entries(dir) == 0);

    CHECK(write_tmpfile(dir, "one", &t, &err) == 0);
    CHECK(fstat(oci_tmpfile_fd(t), &st) == 0 && (st.st_mode & 07777) == 0600);
    CHECK(oci_tmpfile_publish(t, "name", 0640, false, true, &err) == 0);
    CHECK(holds(dir, "name", "one"));
    CHECK(fstatat(dir, "name", &st, 0) == 0 && (st.st_mode & 07777) == 0640 && st.st_nlink == 1);
    CHECK(count_entries(dir) == 1);

    CHECK(write_tmpfile(dir, "two", &t, &err) == 0);
    CHECK(oci_tmpfile_publish(t, "name", 0644, false, false, &err) == 0);
    CHECK(holds(dir, "name", "one"));
    CHECK(count_entries(dir) == 1);

    for (int sync = 0; sync < 2; sync++) {
        CHECK(write_tmpfile(dir, "three", &t, &err) == 0);
        CHECK(oci_tmpfile_publish(t, "name", 0600, true, sync, &err) == 0);
        CHECK(holds(dir, "name", "three"));
        CHECK(fstatat(dir, "name", &st, 0) == 0 && (st.st_mode & 07777) == 0600 && st.st_nlink == 1);
        CHECK(count_entries(dir) == 1);
    }

    CHECK(write_tmpfile(dir, "four", &t, &err) == 0);
    CHECK(oci_tmpfile_publish(t, "new", 0444, true, true, &err) == 0);
    CHECK(holds(dir, "new", "four"));
    CHECK(count_entries(dir) == 2);

    /* A symbolic link is replaced, never written through. */
    CHECK(symlinkat("name", dir, "link") == 0);
    CHECK(write_tmpfile(dir, "five", &t, &err) == 0);
    CHECK(oci_tmpfile_publish(t, "link", 0644, true, false, &err) == 0);
    CHECK(holds(dir, "link", "five") && holds(dir, "name", "three"));

    CHECK(write_tmpfile(dir, "six", &t, &err) == 0);
    CHECK(oci_tmpfile_publish(t, "../six", 0644, true, false, &err) == OCI_E_UNSAFE);
    CHECK(mkdirat(dir, "d", 0700) == 0);
    CHECK(write_tmpfile(dir, "six", &t, &err) == 0);
    CHECK(oci_tmpfile_publish(t, "d", 0644, true, false, &err) < 0 && err.msg[0] != '\0');
    CHECK(count_entries(dir) == 4);
    return 0;
}

static int publish_here(void *ctx)
{
    int dir = *(int *)ctx, probe = openat(dir, ".", O_TMPFILE | O_WRONLY, 0600);
    bool named = probe < 0 || access("/proc/self/fd", X_OK) < 0;

    if (probe >= 0)
        close(probe);
    return publish_all_ways(dir, named);
}

// proves: safety.20
OCI_TEST (tmpfile, publishes_whole_files) {
    int dir = scratch_new();

    in_child(publish_here, &dir);
    scratch_free(dir);
}

static int publish_named(void *ctx)
{
    CHECK(forbid_flags(SYS_openat, 2, O_TMPFILE & ~O_DIRECTORY, EOPNOTSUPP));
    return publish_all_ways(*(int *)ctx, true);
}

static int publish_named_without_noreplace(void *ctx)
{
    CHECK(forbid_flags(SYS_renameat2, 4, RENAME_NOREPLACE, EINVAL));
    return publish_named(ctx);
}

// proves: safety.20
OCI_TEST (tmpfile, publishes_where_nameless_files_are_not_to_be_had) {
    int dir = scratch_new(), other = scratch_new();

    in_child(publish_named, &dir);
    in_child(publish_named_without_noreplace, &other);
    scratch_free(dir);
    scratch_free(other);
}

static int publish_without_proc(void *ctx)
{
    if (!hide_proc())
        return CANNOT;
    return publish_all_ways(*(int *)ctx, true);
}

OCI_TEST (tmpfile, publishes_without_proc) {
    int dir = scratch_new();
    bool could = in_child(publish_without_proc, &dir);

    scratch_free(dir);
    if (!could)
        skip();
}

/* A disk that fails: fsync must have its say. */
static int publish_unsynced(void *ctx)
{
    int dir = *(int *)ctx;
    oci_tmpfile *t;
    oci_error err;

    CHECK(forbid_syscall(SYS_fsync, EIO));
    CHECK(write_tmpfile(dir, "x", &t, &err) == 0);
    CHECK(oci_tmpfile_publish(t, "name", 0644, false, true, &err) == OCI_E_IO);
    CHECK(err.sys_errno == EIO && strstr(err.msg, "'name'") != NULL);
    CHECK(count_entries(dir) == 0);
    return 0;
}

// proves: safety.20
OCI_TEST (tmpfile, a_failed_fsync_fails) {
    int dir = scratch_new();

    in_child(publish_unsynced, &dir);
    scratch_free(dir);
}

OCI_TEST (tmpfile, survives_no_memory_and_no_directory) {
    int dir = scratch_new(), before = count_fds();
    oci_tmpfile *t = NULL;
    oci_error err;

    oci_alloc_fail_at(1);
    assert_fails(OCI_E_NOMEM, &err, oci_tmpfile_new(dir, &t, &err));
    oci_alloc_fail_at(0);
    assert_fails(OCI_E_IO, &err, oci_tmpfile_new(-1, &t, &err));
    assert_null(t);
    assert_int_equal(count_entries(dir), 0);
    assert_int_equal(count_fds(), before);
    scratch_free(dir);
}

struct nameless {
    int dir;
    bool plain; /* the file system has no O_TMPFILE */
};

static int use_nameless(void *ctx)
{
    const struct nameless *n = ctx;
    char path[32], text[4] = { 0 };
    oci_error err;
    int fd = -1, fds = count_fds();

    if (n->plain)
        CHECK(forbid_flags(SYS_openat, 2, O_TMPFILE & ~O_DIRECTORY, EOPNOTSUPP));
    snprintf(path, sizeof path, "/proc/self/fd/%d", n->dir);
    CHECK(oci_nameless_file(path, &fd, &err) == 0);
    CHECK(count_entries(n->dir) == 0);
    CHECK(oci_write_all(fd, "abc", 3, &err) == 0);
    CHECK(pread(fd, text, 3, 0) == 3 && strcmp(text, "abc") == 0);
    close(fd);
    CHECK(count_fds() == fds && count_entries(n->dir) == 0);
    CHECK(oci_nameless_file("/nowhere", &fd, &err) == OCI_E_NOT_FOUND);
    return 0;
}

OCI_TEST (nameless, leaves_nothing_anywhere) {
    struct nameless n = { .dir = scratch_new() };

    in_child(use_nameless, &n);
    n.plain = true;
    in_child(use_nameless, &n);
    scratch_free(n.dir);
}

OCI_TEST (host_file, is_what_a_path_or_a_descriptor_names) {
    int dir = scratch_new(), fds = count_fds(), fd = -1, again = -1;
    struct stat st;
    oci_error err;

    make_file(dir, "file", "x");
    assert_ok(&err, oci_open_host_file(dir, "file", NULL, &fd, &st, &err));
    assert_true(S_ISREG(st.st_mode) && st.st_size == 1);
    assert_ok(&err, oci_open_host_file(fd, "", NULL, &again, &st, &err));
    assert_true(again != fd && S_ISREG(st.st_mode) && (fcntl(again, F_GETFD) & FD_CLOEXEC) != 0);
    close(again);
    close(fd);
    assert_ok(&err, oci_open_host_file(dir, ".", NULL, &fd, &st, &err));
    assert_true(S_ISDIR(st.st_mode));
    close(fd);
    assert_fails(OCI_E_NOT_FOUND, &err, oci_open_host_file(dir, "none", NULL, &fd, &st, &err));
    assert_fails(OCI_E_NOT_FOUND, &err, oci_open_host_file(dir, "file/x", NULL, &fd, &st, &err));
    assert_int_equal(count_fds(), fds);
    scratch_free(dir);
}
