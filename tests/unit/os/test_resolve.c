/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random trees, resolved three times: by openat2, by the walk, and by a model of what a path means that works on the
 * plan of the tree and knows no file system.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fixture.h"

enum { MAX_NODES = 40, TREES = 60, PATHS = 150, MODEL_LINKS = 40 };
enum kind { DIRECTORY, REGULAR, LINK };

struct node {
    enum kind kind;
    int parent;
    char name[4], target[64];
};

struct tree {
    struct node nodes[MAX_NODES];
    int count;
};

/* Few names, so that paths often hit. */
static void random_path(char *out, size_t cap)
{
    static const char *const parts[] = { "a", "b", "c", "d", "..", ".", "a", "b" };
    int n = (int)pick(6) + 1;

    out[0] = '\0';
    if (pick(3) == 0)
        strcpy(out, "/");
    for (int i = 0; i < n && strlen(out) + 6 < cap; i++) {
        strcat(out, parts[pick(8)]);
        if (i + 1 < n || pick(6) == 0)
            strcat(out, pick(8) == 0 ? "//" : "/");
    }
}

static int child_of(const struct tree *t, int parent, const char *name, size_t n)
{
    for (int i = 1; i < t->count; i++)
        if (t->nodes[i].parent == parent && strlen(t->nodes[i].name) == n && memcmp(t->nodes[i].name, name, n) == 0)
            return i;
    return -ENOENT;
}

/* The model: where path leads from the directory at; a negative errno. Recursive, since it can be. */
static int model(const struct tree *t, int at, const char *path, bool follow_last, unsigned *links)
{
    if (*path == '/')
        at = 0;
    for (;;) {
        size_t n;
        bool last, slash;
        int next;

        path += strspn(path, "/");
        if (*path == '\0')
            return at;
        if (t->nodes[at].kind != DIRECTORY)
            return -ENOTDIR;
        n = strcspn(path, "/");
        slash = path[n] == '/';
        last = path[n + strspn(path + n, "/")] == '\0';
        if (n == 1 && path[0] == '.') {
            next = at;
        } else if (n == 2 && path[0] == '.' && path[1] == '.') {
            next = t->nodes[at].parent;
        } else {
            next = child_of(t, at, path, n);
            if (next >= 0 && t->nodes[next].kind == LINK && (!last || slash || follow_last)) {
                if ((*links)++ >= MODEL_LINKS)
                    return -ELOOP;
                next = model(t, at, t->nodes[next].target, true, links);
            }
        }
        if (next < 0)
            return next;
        if (slash && t->nodes[next].kind != DIRECTORY)
            return -ENOTDIR;
        at = next;
        path += n;
    }
}

static void plan_tree(struct tree *t)
{
    t->count = 1;
    t->nodes[0] = (struct node) { .kind = DIRECTORY, .parent = 0 };
    while (t->count < MAX_NODES) {
        struct node *node = &t->nodes[t->count];
        uint32_t dice = pick(10);

        *node = (struct node) { .kind = dice < 5 ? DIRECTORY : dice < 6 ? REGULAR : LINK };
        node->parent = (int)pick((uint32_t)t->count);
        if (t->nodes[node->parent].kind != DIRECTORY)
            node->parent = 0;
        node->name[0] = (char)('a' + pick(4));
        random_path(node->target, sizeof node->target);
        if (child_of(t, node->parent, node->name, 1) >= 0) {
            if (pick(12) == 0)
                break; /* otherwise small directories would be tried for ever */
            continue;
        }
        t->count++;
    }
}

static void path_of(const struct tree *t, int node, char *out)
{
    char below[256] = "";

    for (; node != 0; node = t->nodes[node].parent) {
        char longer[256];

        snprintf(longer, sizeof longer, "%s/%.200s", t->nodes[node].name, below);
        strcpy(below, longer);
    }
    strcpy(out, below[0] == '\0' ? "." : below);
    if (strlen(out) > 1)
        out[strlen(out) - 1] = '\0';
}

static void build_tree(const struct tree *t, int dir)
{
    char path[256];

    for (int i = 1; i < t->count; i++) {
        path_of(t, i, path);
        switch (t->nodes[i].kind) {
        case DIRECTORY:
            make_dir(dir, path);
            break;
        case REGULAR:
            make_file(dir, path, "");
            break;
        case LINK:
            make_link(dir, path, t->nodes[i].target);
            break;
        }
    }
}

static int code_of(int number)
{
    switch (number) {
    case -ENOENT:
        return OCI_E_NOT_FOUND;
    case -ENOTDIR:
        return OCI_E_INVALID;
    case -ELOOP:
        return OCI_E_UNSAFE;
    default:
        return 0;
    }
}

static void compare_ways(const struct tree *t, int dir, const char *path, bool follow)
{
    char where[256];
    unsigned links = 0;
    int expected = model(t, 0, path, follow, &links);

    for (int walk = 0; walk < 2; walk++) {
        oci_root root = OCI_ROOT_INIT(dir);
        oci_error err;
        int fd = -1, r;

        root.walk = walk;
        r = oci_root_open(&root, path, O_PATH | (follow ? 0 : O_NOFOLLOW), &fd, &err);
        if (r != code_of(expected))
            fail_msg("'%s' (follow %d, walk %d): %d, not %d", path, follow, walk, r, code_of(expected));
        if (r < 0)
            continue;
        path_of(t, expected, where);
        if (!same_inode(fd, dir, where))
            fail_msg("'%s' (follow %d, walk %d) does not lead to '%s'", path, follow, walk, where);
        close(fd);
    }
}

// proves: safety.1 safety.2
OCI_TEST (resolve, kernel_walk_and_model_agree) {
    int found = 0;

    random_seed(42);
    for (int i = 0; i < TREES; i++) {
        struct tree tree;
        int dir = scratch_new();

        plan_tree(&tree);
        build_tree(&tree, dir);
        for (int k = 0; k < PATHS; k++) {
            char path[64];
            unsigned links = 0;

            random_path(path, sizeof path);
            compare_ways(&tree, dir, path, k % 3 != 0);
            found += model(&tree, 0, path, true, &links) > 0 && links > 0;
        }
        scratch_free(dir);
    }
    /* Paths through links that lead somewhere were among them. */
    assert_true(found > TREES);
}

/* A link of 1638 components that ends where it began. */
static void make_winding_link(int dir, const char *name)
{
    char target[4096] = "";

    for (size_t i = 0; i + 5 < sizeof target; i += 5)
        memcpy(target + i, "d/../", 5);
    make_dir(dir, "d");
    make_link(dir, name, target);
}

/* Far more than paths have is a loop, whether the kernel would go through them or not. */
// proves: safety.1 safety.2
OCI_TEST (resolve, ends_after_so_many_components) {
    static const struct {
        const char *path;
        int code;
    } rows[] = {
        { "w/w/w/w/f", 0 },          { "w/w/none", OCI_E_NOT_FOUND },
        { "w/w/f/", OCI_E_INVALID }, { "w/w/w/w/w/w/f", OCI_E_UNSAFE },
        { "loop/f", OCI_E_UNSAFE },
    };
    int dir = scratch_new();

    make_winding_link(dir, "w");
    make_file(dir, "f", "");
    make_link(dir, "loop", "loop/loop");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        for (int walk = 0; walk < 2; walk++) {
            oci_root root = OCI_ROOT_INIT(dir);
            oci_error err = OCI_ERROR_INIT;
            OCI_AUTO_FD int fd = -1;
            int r;

            root.walk = walk;
            r = oci_root_open(&root, rows[i].path, O_PATH, &fd, &err);
            assert_int_equal(r, rows[i].code);
        }
    scratch_free(dir);
}

/* An image of few bytes shall not cost minutes. */
// proves: safety.2
OCI_TEST (resolve, bounds_the_links_of_all_paths) {
    int dir = scratch_new();

    make_winding_link(dir, "w");
    make_file(dir, "d/f", "");
    for (int walk = 0; walk < 2; walk++) {
        oci_root root = OCI_ROOT_INIT(dir);
        oci_error err = OCI_ERROR_INIT;
        int fd = -1, r = 0, n = 0;

        root.walk = walk;
        for (; r == 0 && n < 10000; n++) {
            r = oci_root_open(&root, n % 2 == 0 ? "w/w/w/w/d/f" : "w/w/w/d/f", O_PATH, &fd, &err);
            if (r == 0)
                close(fd);
        }
        assert_int_equal(r, OCI_E_LIMIT);
        assert_non_null(strstr(err.msg, "are followed too far"));
        assert_in_range(n, 50, 100);
        /* What meets no link is not concerned. */
        assert_ok(&err, oci_root_open(&root, "d/f", O_PATH, &fd, &err));
        close(fd);
    }
    scratch_free(dir);
}

/* Honest images have any number of paths through links, even longer ones than they have. */
OCI_TEST (resolve, short_links_have_no_end) {
    const char *const target = "/usr/a-directory-with-a-name-that-is-longer-than-those-which-links-lead-to";
    int dir = scratch_new();

    make_dir(dir, target + 1);
    make_link(dir, "lib", target);
    for (int walk = 0; walk < 2; walk++) {
        oci_root root = OCI_ROOT_INIT(dir);
        oci_error err = OCI_ERROR_INIT;
        int fd;

        root.walk = walk;
        for (int i = 0; i < 20000; i++) {
            assert_ok(&err, oci_root_open(&root, "lib", O_PATH, &fd, &err));
            close(fd);
        }
    }
    scratch_free(dir);
}

/* ---- while directories move ---- */

struct mover {
    int dir;
    atomic_bool stop;
};

static void *move_about(void *ctx)
{
    struct mover *m = ctx;

    while (!atomic_load(&m->stop)) {
        renameat(m->dir, "root/a/b", m->dir, "out/b");
        renameat(m->dir, "out/b", m->dir, "root/a/b");
    }
    return NULL;
}

// proves: safety.1 safety.3
OCI_TEST (resolve, never_leaves_while_directories_move) {
    struct mover m = { .dir = scratch_new() };
    pthread_t thread;
    int inside;

    make_dir(m.dir, "root/a/b/c/d");
    make_dir(m.dir, "out");
    make_file(m.dir, "secret", "no");
    make_file(m.dir, "out/secret", "no");
    inside = openat(m.dir, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(inside >= 0);
    assert_int_equal(pthread_create(&thread, NULL, move_about, &m), 0);
    for (int i = 0; i < 4000; i++) {
        oci_root root = OCI_ROOT_INIT(inside);
        oci_error err;
        int fd, r;

        root.walk = i % 4 != 0;
        r = oci_root_open(&root, "a/b/c/d/../../../secret", O_RDONLY, &fd, &err);
        if (r != OCI_E_NOT_FOUND && r != OCI_E_CONFLICT)
            fail_msg("%d", r);
        r = oci_root_open(&root, "a/b/c/d/../../../../secret", O_RDONLY, &fd, &err);
        if (r != OCI_E_NOT_FOUND && r != OCI_E_CONFLICT)
            fail_msg("%d", r);
    }
    atomic_store(&m.stop, true);
    assert_int_equal(pthread_join(thread, NULL), 0);
    close(inside);
    scratch_free(m.dir);
}
