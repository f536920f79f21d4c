/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fixture.h"

/* Both ways through a root. */
static oci_root root_of(int fd, bool walk)
{
    oci_root root = OCI_ROOT_INIT(fd);

    root.walk = walk;
    return root;
}

/* What a path inside the tree of fill_tree leads to; NULL: the error. */
static const struct {
    const char *path, *leads_to;
    int flags, code;
} ways[] = {
    { "", ".", O_RDONLY, 0 },
    { "/", ".", O_RDONLY, 0 },
    { ".", ".", O_RDONLY, 0 },
    { "..", ".", O_RDONLY, 0 },
    { "../../..", ".", O_RDONLY, 0 },
    { "usr/bin/sh", "usr/bin/sh", O_RDONLY, 0 },
    { "/usr//bin/./sh", "usr/bin/sh", O_RDONLY, 0 },
    { "bin/sh", "usr/bin/sh", O_RDONLY, 0 },
    { "bin", "usr/bin", O_RDONLY, 0 },
    { "bin/", "usr/bin", O_RDONLY, 0 },
    { "bin", "bin", O_PATH | O_NOFOLLOW, 0 },
    { "bin/", "usr/bin", O_PATH | O_NOFOLLOW, 0 },
    { "bin/.", "usr/bin", O_PATH | O_NOFOLLOW, 0 },
    { "abs/sh", "usr/bin/sh", O_RDONLY, 0 },
    { "top/usr/bin", "usr/bin", O_RDONLY, 0 },
    { "escape/usr/bin", "usr/bin", O_RDONLY, 0 },
    { "usr/bin/../../usr", "usr", O_RDONLY, 0 },
    { "bin/../lib", "usr/lib", O_RDONLY, 0 },
    { "up/sh", "usr/bin/sh", O_RDONLY, 0 },
    { "chain/sh", "usr/bin/sh", O_RDONLY, 0 },
    { "slash", "usr/bin", O_RDONLY, 0 },
    { "usr/bin/sh", "usr/bin/sh", O_PATH, 0 },
    { "none", NULL, O_RDONLY, OCI_E_NOT_FOUND },
    { "none/more", NULL, O_RDONLY, OCI_E_NOT_FOUND },
    { "dangling", NULL, O_RDONLY, OCI_E_NOT_FOUND },
    { "outside", NULL, O_RDONLY, OCI_E_NOT_FOUND },
    { "usr/bin/sh/x", NULL, O_RDONLY, OCI_E_INVALID },
    { "usr/bin/sh/", NULL, O_RDONLY, OCI_E_INVALID },
    { "usr/bin/sh/..", NULL, O_RDONLY, OCI_E_INVALID },
    { "usr/bin/sh/.", NULL, O_RDONLY, OCI_E_INVALID },
    { "usr/bin/sh", NULL, O_RDONLY | O_DIRECTORY, OCI_E_INVALID },
    { "tosh/", NULL, O_RDONLY, OCI_E_INVALID },
    { "loop", NULL, O_RDONLY, OCI_E_UNSAFE },
    { "loop/x", NULL, O_RDONLY, OCI_E_UNSAFE },
    { "a/x", NULL, O_RDONLY, OCI_E_UNSAFE },
    { "bin", NULL, O_RDONLY | O_NOFOLLOW, OCI_E_UNSAFE },
};

static void fill_tree(int fd)
{
    make_file(fd, "usr/bin/sh", "sh");
    make_dir(fd, "usr/lib");
    make_link(fd, "bin", "usr/bin");
    make_link(fd, "abs", "/usr/bin");
    make_link(fd, "top", "/");
    make_link(fd, "escape", "../../../../../../../..");
    make_link(fd, "usr/lib/up", "../../bin");
    make_link(fd, "up", "usr/lib/up");
    make_link(fd, "chain", "chain1");
    make_link(fd, "chain1", "/chain2/");
    make_link(fd, "chain2", "./bin");
    make_link(fd, "slash", "usr/bin/");
    make_link(fd, "tosh", "usr/bin/sh");
    make_link(fd, "dangling", "nowhere/at/all");
    make_link(fd, "outside", "/etc/passwd");
    make_link(fd, "loop", "loop");
    make_link(fd, "a", "b");
    make_link(fd, "b", "a");
}

// proves: safety.1 safety.2
OCI_TEST (root, links_stay_inside) {
    int dir = scratch_new(), before = count_fds();
    oci_error err;

    fill_tree(dir);
    for (int walk = 0; walk < 2; walk++) {
        for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
            oci_root root = root_of(dir, walk);
            int fd = -1;

            if (ways[i].leads_to == NULL) {
                assert_fails(ways[i].code, &err, oci_root_open(&root, ways[i].path, ways[i].flags, &fd, &err));
                assert_int_equal(fd, -1);
                continue;
            }
            assert_ok(&err, oci_root_open(&root, ways[i].path, ways[i].flags, &fd, &err));
            if (!same_inode(fd, dir, ways[i].leads_to))
                fail_msg("%s does not lead to %s (walk %d)", ways[i].path, ways[i].leads_to, walk);
            assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
            close(fd);
        }
    }
    assert_int_equal(count_fds(), before);
    scratch_free(dir);
}

// proves: safety.2
OCI_TEST (root, forty_links_and_no_more) {
    int dir = scratch_new();
    char name[16], target[16];
    oci_error err;

    make_dir(dir, "l0");
    for (int i = 1; i <= 41; i++) {
        snprintf(name, sizeof name, "l%d", i);
        snprintf(target, sizeof target, "l%d", i - 1);
        make_link(dir, name, target);
    }
    for (int walk = 0; walk < 2; walk++) {
        oci_root root = root_of(dir, walk);
        int fd;

        assert_ok(&err, oci_root_open(&root, "l40", O_RDONLY, &fd, &err));
        assert_true(same_inode(fd, dir, "l0"));
        close(fd);
        assert_fails(OCI_E_UNSAFE, &err, oci_root_open(&root, "l41", O_RDONLY, &fd, &err));
    }
    scratch_free(dir);
}

// proves: safety.2
OCI_TEST (root, magic_links_are_not_followed) {
    int proc = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    static const char *const magic[] = { "exe", "root/etc", "cwd", "fd/0", "ns/mnt" };
    oci_error err;

    if (proc < 0)
        skip();
    for (int walk = 0; walk < 2; walk++) {
        oci_root root = root_of(proc, walk);
        int fd;

        for (size_t i = 0; i < sizeof magic / sizeof *magic; i++)
            assert_fails(OCI_E_UNSAFE, &err, oci_root_open(&root, magic[i], O_RDONLY, &fd, &err));
    }
    close(proc);
}

// proves: safety.3
OCI_TEST (root, long_names_are_refused) {
    int dir = scratch_new();
    char name[260], path[5001];
    oci_error err;

    memset(name, 'n', sizeof name);
    name[256] = '\0';
    memset(path, 'p', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    for (size_t i = 1; i < sizeof path; i += 2)
        path[i - 1] = '/';
    for (int walk = 0; walk < 2; walk++) {
        oci_root root = root_of(dir, walk);
        const char *base;
        int fd;

        assert_fails(OCI_E_INVALID, &err, oci_root_open(&root, name, O_RDONLY, &fd, &err));
        assert_fails(OCI_E_INVALID, &err, oci_root_open(&root, path, O_RDONLY, &fd, &err));
        assert_fails(OCI_E_INVALID, &err, oci_root_open_parent(&root, path + 1, NULL, &fd, &base, &err));
    }
    scratch_free(dir);
}

OCI_TEST (root, nothing_is_created_by_opening) {
    int dir = scratch_new();
    oci_root root = OCI_ROOT_INIT(dir);
    oci_error err;
    int fd;

    assert_fails(OCI_E_INTERNAL, &err, oci_root_open(&root, "new", O_WRONLY | O_CREAT, &fd, &err));
    assert_fails(OCI_E_INTERNAL, &err, oci_root_open(&root, ".", O_WRONLY | O_TMPFILE, &fd, &err));
    assert_int_equal(count_entries(dir), 0);
    scratch_free(dir);
}

struct refusal {
    int dir, number;
};

static int refused(void *ctx)
{
    const struct refusal *refusal = ctx;
    oci_root root = OCI_ROOT_INIT(refusal->dir);
    oci_error err;
    int fd;

    CHECK(forbid_syscall(SYS_openat2, refusal->number));
    CHECK(oci_root_open(&root, "bin/sh", O_RDONLY, &fd, &err) == 0);
    CHECK(root.walk);
    CHECK(same_inode(fd, refusal->dir, "usr/bin/sh"));
    CHECK(oci_root_open(&root, "escape/none", O_RDONLY, &fd, &err) == OCI_E_NOT_FOUND);
    return 0;
}

// proves: safety.1
OCI_TEST (root, walks_where_openat2_is_refused) {
    int dir = scratch_new();

    fill_tree(dir);
    in_child(refused, &(struct refusal) { dir, ENOSYS });
    in_child(refused, &(struct refusal) { dir, EPERM });
    scratch_free(dir);
}

static int disturbed(void *ctx)
{
    const struct refusal *refusal = ctx;
    oci_root root = OCI_ROOT_INIT(refusal->dir);
    oci_error err;
    int fd;

    CHECK(forbid_syscall(SYS_openat2, EAGAIN));
    CHECK(oci_root_open(&root, "bin/sh", O_RDONLY, &fd, &err) == 0);
    CHECK(!root.walk);
    return 0;
}

OCI_TEST (root, walks_when_the_kernel_is_disturbed_for_ever) {
    int dir = scratch_new();

    fill_tree(dir);
    in_child(disturbed, &(struct refusal) { dir, 0 });
    scratch_free(dir);
}

// proves: safety.11
OCI_TEST (root, opens_regular_files_only) {
    static const char *const bad[] = { "fifo", "dir", "tofifo", "dir/" };
    int dir = scratch_new();
    oci_error err;

    make_file(dir, "etc/passwd", "root:x:0:0\n");
    make_link(dir, "passwd", "/etc/passwd");
    make_dir(dir, "dir");
    assert_int_equal(mkfifoat(dir, "fifo", 0600), 0);
    make_link(dir, "tofifo", "fifo");
    for (int walk = 0; walk < 2; walk++) {
        oci_root root = root_of(dir, walk);
        struct stat st;
        char text[32];
        int fd, before = count_fds();

        assert_ok(&err, oci_root_open_file(&root, "passwd", &fd, &st, &err));
        assert_int_equal(st.st_size, 11);
        assert_int_equal(read(fd, text, sizeof text), 11);
        close(fd);
        assert_ok(&err, oci_root_open_file(&root, "etc/passwd", &fd, NULL, &err));
        close(fd);
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
            assert_fails(OCI_E_INVALID, &err, oci_root_open_file(&root, bad[i], &fd, &st, &err));
        assert_fails(OCI_E_NOT_FOUND, &err, oci_root_open_file(&root, "none", &fd, &st, &err));
        assert_int_equal(count_fds(), before);
    }
    scratch_free(dir);
}

/* ---- parents ---- */

struct made {
    char names[256];
    int fail_at, count, announced, refuse_at;
};

static int note_before(void *ctx, int dirfd, oci_error *err)
{
    struct made *made = ctx;
    struct stat st;

    if (fstat(dirfd, &st) == 0 && S_ISDIR(st.st_mode) && ++made->announced != made->refuse_at)
        return 0;
    *err = (oci_error) { OCI_E_CANCELLED, 0, "not here" };
    return OCI_E_CANCELLED;
}

static int note_made(void *ctx, int dirfd, const char *base, int fd, oci_error *err)
{
    struct made *made = ctx;
    struct stat st;

    strcat(strcat(made->names, base), " ");
    if (!same_inode(fd, dirfd, base) || fstat(fd, &st) < 0 || (st.st_mode & 07777) != 0755)
        strcat(made->names, "WRONG ");
    if (++made->count == made->fail_at) {
        *err = (oci_error) { OCI_E_LIMIT, 0, "too many" };
        return OCI_E_LIMIT;
    }
    return 0;
}

// proves: safety.2
OCI_TEST (root, parent_through_links) {
    int dir = scratch_new();
    oci_error err;

    fill_tree(dir);
    for (int walk = 0; walk < 2; walk++) {
        oci_root root = root_of(dir, walk);
        const char *path = "escape/bin/new", *base = NULL;
        int fd;

        assert_ok(&err, oci_root_open_parent(&root, path, NULL, &fd, &base, &err));
        assert_ptr_equal(base, path + strlen("escape/bin/"));
        assert_true(same_inode(fd, dir, "usr/bin"));
        close(fd);
        assert_ok(&err, oci_root_open_parent(&root, "bin", NULL, &fd, &base, &err));
        assert_string_equal(base, "bin");
        assert_true(same_inode(fd, dir, "."));
        close(fd);
        assert_fails(OCI_E_NOT_FOUND, &err, oci_root_open_parent(&root, "none/x", NULL, &fd, &base, &err));
        assert_fails(OCI_E_INVALID, &err, oci_root_open_parent(&root, "usr/bin/sh/x", NULL, &fd, &base, &err));
        assert_non_null(strstr(err.msg, "'usr/bin/sh' is not a directory"));
        assert_fails(OCI_E_UNSAFE, &err, oci_root_open_parent(&root, "loop/x", NULL, &fd, &base, &err));
        assert_fails(OCI_E_UNSAFE, &err, oci_root_open_parent(&root, "usr/..", NULL, &fd, &base, &err));
        assert_fails(OCI_E_UNSAFE, &err, oci_root_open_parent(&root, "usr/", NULL, &fd, &base, &err));
    }
    scratch_free(dir);
}

static const struct {
    const char *path, *made, *parent;
} made_ways[] = {
    { "x/y/z/file", "x y z ", "x/y/z" },
    { "bin/deep/file", "deep ", "usr/bin/deep" },
    { "dangling/file", "nowhere at all ", "nowhere/at/all" },
    { "outside/file", "etc passwd ", "etc/passwd" },
    { "usr/file", "", "usr" },
    { "far/file", "one two ", "two" },
};

static int make_under_umask(void *ctx)
{
    int dir = *(int *)ctx;
    oci_error err;

    umask(0377);
    for (int walk = 0; walk < 2; walk++) {
        for (size_t i = 0; i < sizeof made_ways / sizeof *made_ways; i++) {
            struct made made = { .names = "" };
            oci_make_parents make = { &made, note_made, note_before };
            oci_root root = root_of(dir, walk);
            const char *base;
            int fd;

            CHECK(oci_root_open_parent(&root, made_ways[i].path, &make, &fd, &base, &err) == 0);
            /* The second round finds them there. */
            CHECK(strcmp(made.names, walk == 0 ? made_ways[i].made : "") == 0);
            CHECK(made.announced == made.count);
            CHECK(same_inode(fd, dir, made_ways[i].parent));
            close(fd);
        }
    }
    return 0;
}

OCI_TEST (root, makes_parents_with_0755_inside) {
    int dir = scratch_new();

    fill_tree(dir);
    make_link(dir, "far", "/one/../two");
    in_child(make_under_umask, &dir);
    scratch_free(dir);
}

OCI_TEST (root, making_parents_fails_clearly) {
    struct made made = { .names = "", .fail_at = 2 };
    oci_make_parents make = { &made, note_made, note_before };
    int dir = scratch_new(), before = count_fds(), fd;
    oci_root root = OCI_ROOT_INIT(dir);
    const char *base;
    oci_error err;

    fill_tree(dir);
    assert_fails(OCI_E_LIMIT, &err, oci_root_open_parent(&root, "1/2/3/4", &make, &fd, &base, &err));
    assert_string_equal(made.names, "1 2 ");
    made = (struct made) { .names = "", .refuse_at = 2 };
    assert_fails(OCI_E_CANCELLED, &err, oci_root_open_parent(&root, "5/6/7/8", &make, &fd, &base, &err));
    assert_string_equal(made.names, "5 ");
    assert_false(exists(dir, "5/6"));
    assert_fails(OCI_E_INVALID, &err, oci_root_open_parent(&root, "tosh/2/3", &make, &fd, &base, &err));
    assert_fails(OCI_E_UNSAFE, &err, oci_root_open_parent(&root, "loop/2/3", &make, &fd, &base, &err));
    assert_int_equal(count_fds(), before);
    scratch_free(dir);
}

OCI_TEST (root, survives_no_memory) {
    int dir = scratch_new(), before = count_fds();
    oci_root root = root_of(dir, true);
    oci_error err;
    const char *base;
    int fd, r;

    fill_tree(dir);
    for (unsigned long n = 1;; n++) {
        oci_alloc_fail_at(n);
        err.msg[0] = '\0';
        r = oci_root_open_parent(&root, "chain/up/x", NULL, &fd, &base, &err);
        oci_alloc_fail_at(0);
        if (r != OCI_E_NOMEM)
            break;
        assert_true(err.msg[0] != '\0');
    }
    assert_int_equal(r, OCI_E_NOT_FOUND);
    assert_int_equal(count_fds(), before);
    scratch_free(dir);
}

static int closed_directories(void *ctx)
{
    static const char *const paths[] = { "d/f",    "d/.",  "d/..", "d/../o", "d/l",  "d/l/x", "d/none",
                                         "d/e/..", "d/e/", "d",    "d/",     "ld/f", "ld",    "d/e/../../o" };
    int dir = *(int *)ctx;

    CHECK(become_nobody());
    CHECK(mkdirat(dir, "d", 0700) == 0 && mkdirat(dir, "d/e", 0700) == 0 && symlinkat("/o", dir, "d/l") == 0);
    CHECK(symlinkat("d", dir, "ld") == 0 && mkdirat(dir, "o", 0700) == 0);
    CHECK(mknodat(dir, "d/f", S_IFREG | 0600, 0) == 0);
    for (mode_t mode = 0; mode <= 0700; mode += 0100) {
        CHECK(fchmodat(dir, "d", mode, 0) == 0);
        for (size_t i = 0; i < 2 * sizeof paths / sizeof *paths; i++) {
            int flags = i % 2 == 0 ? O_RDONLY : O_PATH, codes[2];

            for (int walk = 0; walk < 2; walk++) {
                oci_root root = root_of(dir, walk);
                int fd = -1;

                codes[walk] = oci_root_open(&root, paths[i / 2], flags, &fd, NULL);
                oci_closep_(&fd);
            }
            if (codes[0] != codes[1])
                print_error("mode %o, '%s': %d and %d\n", mode, paths[i / 2], codes[0], codes[1]);
            CHECK(codes[0] == codes[1]);
        }
    }
    return 0;
}

OCI_TEST (root, both_ways_need_the_same_permissions) {
    int dir = scratch_new();

    in_child(closed_directories, &dir);
    scratch_free(dir);
}
