/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "fixture.h"

// proves: safety.9 safety.20
OCI_TEST (tmpdir, appears_at_its_goal_whole) {
    static const char *const goals[] = { "bundle", "./bundle/", "sub/bundle", "sub/link/bundle", "sub//bundle///" };
    static const char *const places[] = { "bundle", "bundle", "sub/bundle", "real/bundle", "sub/bundle" };
    int dir = scratch_new(), before = count_fds();
    oci_error err;

    make_dir(dir, "sub");
    make_dir(dir, "real");
    make_link(dir, "sub/link", "../real");
    for (size_t i = 0; i < sizeof goals / sizeof *goals; i++) {
        for (int was_empty = 0; was_empty < 2; was_empty++) {
            oci_tmpdir *t = NULL;
            struct stat st;

            if (was_empty)
                make_dir(dir, places[i]);
            assert_ok(&err, oci_tmpdir_new(dir, goals[i], &t, &err));
            assert_int_equal(exists(dir, places[i]), was_empty);
            assert_int_equal(fstat(oci_tmpdir_fd(t), &st), 0);
            assert_int_equal(st.st_mode & 07777, 0700);
            make_file(oci_tmpdir_fd(t), "rootfs/file", "x");
            assert_ok(&err, oci_tmpdir_publish(t, 0755, was_empty, &err));
            assert_int_equal(fstatat(dir, places[i], &st, 0), 0);
            assert_int_equal(st.st_mode & 07777, 0755);
            assert_int_equal(count_entries(dir), strchr(places[i], '/') == NULL ? 3 : 2);
            {
                OCI_AUTO_FD int made = openat(dir, places[i], O_RDONLY | O_DIRECTORY | O_CLOEXEC);

                assert_true(exists(made, "rootfs/file"));
                assert_ok(&err, oci_dir_clear(made, NULL, NULL, NULL, &err));
            }
            assert_int_equal(unlinkat(dir, places[i], AT_REMOVEDIR), 0);
        }
    }
    assert_int_equal(count_fds(), before);
    scratch_free(dir);
}

// proves: safety.9
OCI_TEST (tmpdir, what_is_there_is_left_alone) {
    static const struct {
        const char *path;
        int code;
    } bad[] = {
        { "full", OCI_E_EXISTS },
        { "full/", OCI_E_EXISTS },
        { "file", OCI_E_EXISTS },
        { "link", OCI_E_EXISTS },
        { "link/", OCI_E_EXISTS },
        { "dangling", OCI_E_EXISTS },
        { "", OCI_E_USAGE },
        { ".", OCI_E_USAGE },
        { "..", OCI_E_USAGE },
        { "/", OCI_E_USAGE },
        { "//", OCI_E_USAGE },
        { "full/.", OCI_E_USAGE },
        { "full/..", OCI_E_USAGE },
        { "file/x", OCI_E_USAGE },
        { "none/x", OCI_E_NOT_FOUND },
        { "none/x/y", OCI_E_NOT_FOUND },
        { "dangling/x", OCI_E_NOT_FOUND },
    };
    int dir = scratch_new(), before = count_fds();
    oci_error err;

    make_file(dir, "full/x", "");
    make_file(dir, "file", "");
    make_dir(dir, "empty");
    make_link(dir, "link", "empty");
    make_link(dir, "dangling", "nowhere");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        oci_tmpdir *t = NULL;

        assert_fails(bad[i].code, &err, oci_tmpdir_new(dir, bad[i].path, &t, &err));
        assert_null(t);
    }
    assert_int_equal(count_entries(dir), 5);
    assert_int_equal(count_fds(), before);
    scratch_free(dir);
}

// proves: safety.9
OCI_TEST (tmpdir, leaves_nothing_when_given_up) {
    int dir = scratch_new(), before = count_fds();
    char name[256];
    oci_tmpdir *t;
    oci_error err;

    make_dir(dir, "goal");
    assert_ok(&err, oci_tmpdir_new(dir, "goal", &t, &err));
    make_file(oci_tmpdir_fd(t), "a/b/c", "x");
    assert_int_equal(fchmodat(oci_tmpdir_fd(t), "a/b", 0, 0), 0);
    assert_int_equal(count_entries(dir), 2);
    oci_tmpdir_free(t);
    assert_int_equal(count_entries(dir), 1);
    assert_true(exists(dir, "goal"));
    /* The longest of names leaves room for the ending. */
    memset(name, 'n', 255);
    name[255] = '\0';
    assert_ok(&err, oci_tmpdir_new(dir, name, &t, &err));
    assert_ok(&err, oci_tmpdir_publish(t, 0700, false, &err));
    assert_true(exists(dir, name));
    assert_int_equal(count_fds(), before);
    scratch_free(dir);
}

static int publish_too_late(void *ctx)
{
    int dir = *(int *)ctx;

    for (int was_empty = 0; was_empty < 2; was_empty++) {
        for (int kind = 0; kind < 3; kind++) {
            oci_tmpdir *t;
            oci_error err;

            CHECK(!was_empty || mkdirat(dir, "goal", 0700) == 0);
            CHECK(oci_tmpdir_new(dir, "goal", &t, &err) == 0);
            CHECK(oci_entry_remove(dir, "goal", &err) == 0);
            switch (kind) {
            case 0:
                CHECK(mkdirat(dir, "goal", 0700) == 0 && mkdirat(dir, "goal/x", 0700) == 0);
                break;
            case 1:
                CHECK(mknodat(dir, "goal", S_IFREG | 0600, 0) == 0);
                break;
            default:
                CHECK(mkdirat(dir, "other", 0700) == 0 && symlinkat("other", dir, "goal") == 0);
                break;
            }
            CHECK(oci_tmpdir_publish(t, 0755, false, &err) == OCI_E_EXISTS);
            CHECK(strstr(err.msg, "'goal'") != NULL);
            CHECK(count_entries(dir) == (kind == 2 ? 2 : 1));
            CHECK(oci_entry_remove(dir, "goal", &err) == 0 && oci_entry_remove(dir, "other", &err) == 0);
        }
    }
    return 0;
}

static int publish_too_late_without_noreplace(void *ctx)
{
    CHECK(forbid_syscall(SYS_renameat2, ENOSYS));
    return publish_too_late(ctx);
}

// proves: safety.9
OCI_TEST (tmpdir, does_not_replace_what_came_meanwhile) {
    int dir = scratch_new();

    in_child(publish_too_late, &dir);
    in_child(publish_too_late_without_noreplace, &dir);
    scratch_free(dir);
}

OCI_TEST (tmpdir, inherits_no_group_and_no_acl) {
    /* Version 2; user::rwx, user:12345:rwx, group::rwx, mask::rwx, other::rwx. */
    static const unsigned char acl[] = { 2,    0,    0,    0,    1,    0, 7, 0, 0xff, 0xff, 0xff, 0xff, 2,    0, 7, 0,
                                         0x39, 0x30, 0,    0,    4,    0, 7, 0, 0xff, 0xff, 0xff, 0xff, 0x10, 0, 7, 0,
                                         0xff, 0xff, 0xff, 0xff, 0x20, 0, 7, 0, 0xff, 0xff, 0xff, 0xff };
    int dir = scratch_new();
    bool has_acl = fsetxattr(dir, "system.posix_acl_default", acl, sizeof acl, 0) == 0;
    oci_tmpdir *t;
    struct stat st;
    oci_error err;

    assert_int_equal(fchmod(dir, 02777), 0);
    assert_ok(&err, oci_tmpdir_new(dir, "goal", &t, &err));
    make_dir(oci_tmpdir_fd(t), "sub");
    assert_int_equal(fstatat(oci_tmpdir_fd(t), "sub", &st, 0), 0);
    assert_int_equal(st.st_mode & S_ISGID, 0);
    assert_true(fgetxattr(oci_tmpdir_fd(t), "system.posix_acl_default", NULL, 0) < 0);
    assert_true(fgetxattr(oci_tmpdir_fd(t), "system.posix_acl_access", NULL, 0) < 0);
    oci_tmpdir_free(t);
    scratch_free(dir);
    if (!has_acl)
        skip();
}

OCI_TEST (tmpdir, survives_no_memory) {
    int dir = scratch_new(), before = count_fds(), r;
    oci_tmpdir *t = NULL;
    oci_error err;

    for (unsigned long n = 1;; n++) {
        err.msg[0] = '\0';
        oci_alloc_fail_at(n);
        r = oci_tmpdir_new(dir, "goal", &t, &err);
        oci_alloc_fail_at(0);
        if (r == 0)
            break;
        assert_int_equal(r, OCI_E_NOMEM);
        assert_true(err.msg[0] != '\0');
        assert_int_equal(count_entries(dir), 0);
    }
    oci_tmpdir_free(t);
    assert_int_equal(count_fds(), before);
    scratch_free(dir);
}
