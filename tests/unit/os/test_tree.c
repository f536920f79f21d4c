/* SPDX-License-Identifier: Apache-2.0 */
/* Walking through trees, and what else reading one needs. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "fixture.h"

#include "base/buf.h"
#include "base/fail.h"

struct seen {
    oci_buf text;
    const char *skip; /* the directory that is left out */
    int (*disturb)(int dirfd, const char *name);
    bool (*known)(void *ctx, const struct stat *dir, const oci_dir_name *name, struct stat *st);
};

static int see(void *ctx, int dirfd, const char *name, const struct stat *st, oci_error *err)
{
    struct seen *s = ctx;
    int r = oci_buf_printf(&s->text, err, "%s%s ", name, S_ISDIR(st->st_mode) ? "(" : "");

    if (s->disturb != NULL)
        s->disturb(dirfd, name);
    return r < 0 ? r : s->skip != NULL && strcmp(s->skip, name) == 0;
}

static int see_end(void *ctx, oci_error *err)
{
    return oci_buf_puts(&((struct seen *)ctx)->text, ") ", err);
}

static int walk(int dir, struct seen *s, oci_error *err)
{
    const oci_tree_visitor visitor = { .ctx = s, .entry = see, .leave = see_end, .known = s->known };

    return oci_tree_walk(dir, &visitor, NULL, err);
}

OCI_TEST (tree, is_shown_in_the_order_of_its_names) {
    static const char *const names[] = { "b/z", "b/a", "b/c/d/e", "a", "B", "b-c", "empty/x" };
    struct seen s = { 0 };
    int dir = scratch_new(), fds;
    oci_error err;

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        make_file(dir, names[i], "");
    make_link(dir, "link", "b");
    unlinkat(dir, "empty/x", 0);
    fds = count_fds();
    assert_ok(&err, walk(dir, &s, &err));
    assert_string_equal(s.text.data, ".( B a b( a c( d( e ) ) z ) b-c empty( ) link ) ");
    s.text.len = 0;
    s.skip = "c";
    assert_ok(&err, walk(dir, &s, &err));
    assert_string_equal(s.text.data, ".( B a b( a c( z ) b-c empty( ) link ) ");
    assert_int_equal(count_fds(), fds);
    oci_buf_free(&s.text);
    scratch_free(dir);
}

/* Knows the file "a" in every directory, and nothing else. */
static bool know_a(void *ctx, const struct stat *dir, const oci_dir_name *name, struct stat *st)
{
    struct seen *s = ctx;

    assert_true(S_ISDIR(dir->st_mode));
    if (strcmp(name->text, "a") != 0)
        return false;
    assert_int_equal(oci_buf_printf(&s->text, NULL, "known-"), 0);
    *st = (struct stat) { .st_mode = S_IFREG };
    return true;
}

OCI_TEST (tree, is_not_looked_at_where_it_is_known) {
    struct seen s = { .known = know_a };
    int dir = scratch_new();
    oci_error err;

    make_file(dir, "a", "");
    make_file(dir, "b/a", "");
    make_file(dir, "b/b", "");
    assert_ok(&err, walk(dir, &s, &err));
    assert_string_equal(s.text.data, ".( known-a b( known-a b ) ) ");
    oci_buf_free(&s.text);
    scratch_free(dir);
}

OCI_TEST (tree, may_be_deeper_than_paths_and_descriptors) {
    enum { DEPTH = 3000 };
    struct seen s = { 0 };
    int dir = scratch_new(), at = dup(dir);
    oci_error err;

    for (int i = 0; i < DEPTH; i++) {
        int next;

        assert_int_equal(mkdirat(at, "d", 0755), 0);
        next = openat(at, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_true(next >= 0);
        close(at);
        at = next;
    }
    close(at);
    assert_ok(&err, walk(dir, &s, &err));
    assert_int_equal(s.text.len, 3 + 5 * DEPTH + 2);
    oci_buf_free(&s.text);
    scratch_free(dir);
}

static int replace_by_link(int dirfd, const char *name)
{
    return strcmp(name, "d") == 0 && unlinkat(dirfd, "d", AT_REMOVEDIR) == 0 ? symlinkat("/", dirfd, "d") : 0;
}

static int replace_by_other(int dirfd, const char *name)
{
    return strcmp(name, "d") == 0 ? renameat(dirfd, "e", dirfd, "d") : 0;
}

static int remove_next(int dirfd, const char *name)
{
    return strcmp(name, "d") == 0 ? unlinkat(dirfd, "f", 0) : 0;
}

static int move_away(int dirfd, const char *name)
{
    return strcmp(name, "inner") == 0 ? renameat(dirfd, "inner", dirfd, "../e/inner") : 0;
}

OCI_TEST (tree, that_changes_is_not_believed) {
    int (*const disturb[])(int, const char *) = { replace_by_link, replace_by_other, remove_next };
    oci_error err;

    for (size_t i = 0; i < sizeof disturb / sizeof *disturb; i++) {
        struct seen s = { .disturb = disturb[i] };
        int dir = scratch_new(), fds;

        make_dir(dir, "d");
        make_dir(dir, "e");
        make_file(dir, "f", "");
        fds = count_fds();
        assert_fails(OCI_E_CONFLICT, &err, walk(dir, &s, &err));
        assert_null(strstr(s.text.data, "etc"));
        assert_int_equal(count_fds(), fds);
        oci_buf_free(&s.text);
        scratch_free(dir);
    }
}

OCI_TEST (tree, directory_that_is_moved_does_not_lead_elsewhere) {
    struct seen s = { .disturb = move_away };
    int dir = scratch_new();
    oci_error err;

    make_file(dir, "d/inner/x", "");
    make_dir(dir, "e");
    /* It was moved before it was opened. */
    assert_fails(OCI_E_CONFLICT, &err, walk(dir, &s, &err));
    oci_buf_free(&s.text);
    scratch_free(dir);
}

OCI_TEST (tree, walk_survives_every_failed_allocation) {
    int dir = scratch_new(), failed = 1, fds;

    make_file(dir, "a/b/c", "");
    make_file(dir, "a/d", "");
    fds = count_fds();
    for (unsigned long n = 1; failed; n++) {
        struct seen s = { 0 };
        oci_error err = OCI_ERROR_INIT;
        int r;

        oci_alloc_fail_at(n);
        r = walk(dir, &s, &err);
        failed = oci_alloc_failed();
        oci_alloc_fail_at(0);
        assert_int_equal(r, failed ? OCI_E_NOMEM : 0);
        assert_int_equal(count_fds(), fds);
        oci_buf_free(&s.text);
    }
    scratch_free(dir);
}

OCI_TEST (tree, xattrs_are_read_in_the_order_of_their_names) {
    static const char *const names[] = { "user.b", "user.a", "user.empty", "user.c" };
    int dir = scratch_new(), fd = -1, path = -1, r = 1;
    oci_xattrs x = { 0 };
    struct stat st;
    oci_error err;

    make_file(dir, "f", "");
    make_link(dir, "link", "f");
    assert_ok(&err, oci_entry_open_file(dir, "f", &fd, &st, &err));
    assert_ok(&err, oci_fd_xattrs(fd, &x, &err));
    assert_int_equal(x.count, 0);
    for (size_t i = 0; r == 1 && i < 4; i++)
        r = oci_fd_set_xattr(fd, names[i], "a\0b", i == 2 ? 0 : i + 1, &err);
    assert_true(r >= 0);
    assert_ok(&err, oci_entry_open_path(dir, "f", &path, &st, &err));
    for (int i = 0; r == 1 && i < 2; i++) {
        assert_ok(&err, oci_fd_xattrs(i == 0 ? fd : path, &x, &err));
        assert_int_equal(x.count, 4);
        assert_string_equal(x.items[0].name, "user.a");
        assert_int_equal(x.items[0].value.len, 2);
        assert_memory_equal(x.items[0].value.data, "a", 2);
        assert_string_equal(x.items[3].name, "user.empty");
        assert_int_equal(x.items[3].value.len, 0);
    }
    close(path);
    assert_ok(&err, oci_entry_open_path(dir, "link", &path, &st, &err));
    assert_true(S_ISLNK(st.st_mode));
    assert_ok(&err, oci_fd_xattrs(path, &x, &err));
    assert_int_equal(x.count, 0);
    close(path);
    close(fd);
    oci_xattrs_free(&x);
    scratch_free(dir);
    if (r == 0)
        skip();
}

OCI_TEST (tree, only_regular_files_are_opened) {
    int dir = scratch_new(), fd = -1;
    struct stat st;
    oci_error err;

    make_dir(dir, "d");
    make_link(dir, "link", "d");
    assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
    assert_fails(OCI_E_INVALID, &err, oci_entry_open_file(dir, "d", &fd, &st, &err));
    assert_fails(OCI_E_INVALID, &err, oci_entry_open_file(dir, "fifo", &fd, &st, &err));
    assert_fails(OCI_E_INVALID, &err, oci_entry_open_file(dir, "link", &fd, &st, &err));
    assert_fails(OCI_E_NOT_FOUND, &err, oci_entry_open_file(dir, "none", &fd, &st, &err));
    assert_fails(OCI_E_UNSAFE, &err, oci_entry_open_file(dir, "d/..", &fd, &st, &err));
    assert_fails(OCI_E_NOT_FOUND, &err, oci_entry_open_path(dir, "none", &fd, &st, &err));
    assert_int_equal(fd, -1);
    scratch_free(dir);
}
