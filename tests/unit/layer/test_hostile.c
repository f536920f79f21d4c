/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Layers that want out. Whatever they hold, nothing beside the root changes: neither content nor any attribute, not
 * even the times of change. Each is tried with openat2 and with the portable walk, as it is run and as an ordinary
 * user.
 */
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static char name_256[257], path_4096[4097], target_4096[4097];

#define OUT "../../../../../../../../canary"

struct attack {
    const char *what;
    int result;
    struct layer lower, upper;
    const char *present; /* what is in the root afterwards, or NULL */
};

static const struct attack attacks[] = {
    /* names */
    { "up", OCI_E_UNSAFE, LAYER(A_FILE("../x", "")), { 0 }, NULL },
    { "up in the middle", OCI_E_UNSAFE, LAYER(A_FILE("a/../../x", "")), { 0 }, NULL },
    { "up inside", OCI_E_UNSAFE, LAYER(A_FILE("a/../x", "")), { 0 }, NULL },
    { "up alone", OCI_E_UNSAFE, LAYER(A_DIR("..")), { 0 }, NULL },
    { "up from above", OCI_E_UNSAFE, LAYER(A_DIR("/../canary", .mode = 0700)), { 0 }, NULL },
    { "up with a whiteout", OCI_E_UNSAFE, LAYER(A_WHITEOUT("../.wh.canary")), { 0 }, NULL },
    { "up opaquely", OCI_E_UNSAFE, LAYER(A_WHITEOUT("../canary/.wh..wh..opq")), { 0 }, NULL },
    { "absolute", 0, LAYER(A_FILE("/canary/file", "x")), { 0 }, "canary/file" },
    { "many slashes", 0, LAYER(A_FILE("//.//./canary///file", "x")), { 0 }, "canary/file" },
    { "long name", OCI_E_INVALID, LAYER(A_FILE(name_256, "")), { 0 }, NULL },
    { "long path", OCI_E_INVALID, LAYER(A_FILE(path_4096, "")), { 0 }, NULL },
    { "long target", OCI_E_INVALID, LAYER(A_SYMLINK("l", target_4096)), { 0 }, NULL },
    { "control characters", 0, LAYER(A_FILE("a\n\033[2J\377", "x")), { 0 }, "a\n\033[2J\377" },
    /* the root itself */
    { "root as a link", OCI_E_INVALID, LAYER(A_SYMLINK("./", OUT)), LAYER(A_FILE("file", "x")), NULL },
    { "root as a file", OCI_E_INVALID, LAYER(A_FILE("/", "x")), { 0 }, NULL },
    { "root as a hard link", OCI_E_INVALID, LAYER(A_HARDLINK(".", "f")), { 0 }, NULL },
    { "root as a pipe", OCI_E_INVALID, LAYER(A_NODE('6', ".//.")), { 0 }, NULL },
    /* links on the way, of the same layer and of the one below */
    { "relative link", 0, LAYER(A_SYMLINK("l", OUT), A_FILE("l/file", "x")), { 0 }, "canary/file" },
    { "relative link below", 0, LAYER(A_SYMLINK("l", OUT)), LAYER(A_FILE("l/file", "x")), "canary/file" },
    { "absolute link", 0, LAYER(A_SYMLINK("l", "/canary")), LAYER(A_FILE("l/dir/file", "x")), "canary/dir/file" },
    { "links to links", 0, LAYER(A_SYMLINK("a", "b/.."), A_SYMLINK("b", OUT)), LAYER(A_FILE("a/canary/dir/file", "x")),
      "canary/dir/file" },
    { "link to the root above", 0, LAYER(A_SYMLINK("l", "/..")), LAYER(A_FILE("l/secret", "x")), "secret" },
    { "link replaces a directory",
      0,
      LAYER(A_FILE("a/file", "x"), A_SYMLINK("a", OUT), A_FILE("a/file", "y")),
      { 0 },
      "canary/file" },
    { "directory over a link", 0, LAYER(A_SYMLINK("l", OUT)), LAYER(A_DIR("l", .mode = 0777, .mtime = 5)), "l" },
    { "file over a link", 0, LAYER(A_SYMLINK("l", OUT "/file")), LAYER(A_FILE("l", "x", .mode = 0777)), "l" },
    { "attributes of a link",
      0,
      LAYER(A_SYMLINK("l", OUT "/file", .mode = 04777, .mtime = 9, .xattrs = "trusted.a=b")),
      { 0 },
      "l" },
    { "loop on the way", OCI_E_UNSAFE, LAYER(A_SYMLINK("l", "l")), LAYER(A_FILE("l/x", "")), NULL },
    { "loop of two", OCI_E_UNSAFE, LAYER(A_SYMLINK("a", "b/x"), A_SYMLINK("b", "a/x")), LAYER(A_FILE("a/x", "")),
      NULL },
    { "loop under a whiteout", OCI_E_UNSAFE, LAYER(A_SYMLINK("l", "l")), LAYER(A_WHITEOUT("l/.wh.x")), NULL },
    { "magic link", 0, LAYER(A_SYMLINK("l", "/proc/self/fd/3")), LAYER(A_FILE("l/x", "x")), "proc/self/fd/3/x" },
    { "link to itself above", 0, LAYER(A_SYMLINK("l", "../root")), LAYER(A_FILE("l/x", "x")), "root/x" },
    { "link makes a whiteout", OCI_E_INVALID, LAYER(A_SYMLINK("l", "a/.wh.b/c")), LAYER(A_FILE("l/x", "")), NULL },
    /* hard links */
    { "hard link up", OCI_E_UNSAFE, LAYER(A_HARDLINK("h", "../secret")), { 0 }, NULL },
    { "absolute hard link", OCI_E_INVALID, LAYER(A_HARDLINK("h", "/secret")), { 0 }, NULL },
    { "hard link through a link", OCI_E_INVALID, LAYER(A_SYMLINK("l", OUT)), LAYER(A_HARDLINK("h", "l/file")), NULL },
    { "hard link to a link", 0, LAYER(A_SYMLINK("l", OUT "/file"), A_HARDLINK("h", "l")),
      LAYER(A_FILE("h", "x", .mode = 07777)), "h" },
    { "hard link through a link, both there", 0, LAYER(A_SYMLINK("l", OUT), A_FILE("canary/file", "mine")),
      LAYER(A_HARDLINK("h", "l/file"), A_FILE("l/file", "new", .mode = 07777)), "h" },
    { "metadata by hard link",
      0,
      LAYER(A_SYMLINK("l", OUT "/file"), A_HARDLINK("h", "l", .mode = 0, .mtime = 1, .uid = 7)),
      { 0 },
      "h" },
    /* whiteouts */
    { "whiteout through a link", 0, LAYER(A_SYMLINK("l", OUT)), LAYER(A_WHITEOUT("l/.wh.file")), NULL },
    { "whiteout of a link", 0, LAYER(A_SYMLINK("l", OUT)), LAYER(A_WHITEOUT(".wh.l")), NULL },
    { "opaque through a link", 0, LAYER(A_SYMLINK("l", OUT)), LAYER(A_WHITEOUT("l/.wh..wh..opq")), NULL },
    { "opaque through a link deeper", 0, LAYER(A_SYMLINK("l", "..")), LAYER(A_WHITEOUT("l/canary/.wh..wh..opq")),
      NULL },
    { "opaque with links inside", 0, LAYER(A_DIR("d"), A_SYMLINK("d/l", "../" OUT), A_SYMLINK("d/e/m", OUT)),
      LAYER(A_WHITEOUT("d/.wh..wh..opq")), "d" },
    { "whiteout named up", OCI_E_INVALID, LAYER(A_WHITEOUT(".wh...")), { 0 }, NULL },
    { "whiteout named here", OCI_E_INVALID, LAYER(A_WHITEOUT("a/.wh..")), { 0 }, NULL },
    { "tree with links replaced", 0, LAYER(A_SYMLINK("d/l", OUT), A_SYMLINK("d/m", "/canary")), LAYER(A_FILE("d", "x")),
      "d" },
    /* things on the way that are no directories */
    { "file on the way", OCI_E_INVALID, LAYER(A_FILE("f", "")), LAYER(A_FILE("f/x", "")), "f" },
    { "pipe on the way", OCI_E_INVALID, LAYER(A_NODE('6', "p")), LAYER(A_FILE("p/x", "")), "p" },
    { "pipe under a whiteout", 0, LAYER(A_NODE('6', "p")), LAYER(A_WHITEOUT("p/.wh.x"), A_WHITEOUT("p/.wh..wh..opq")),
      "p" },
    { "pipe as target", OCI_E_INVALID, LAYER(A_NODE('6', "p")), LAYER(A_HARDLINK("h", "p/x")), "p" },
    { "device on the way", OCI_E_INVALID, LAYER(A_NODE('3', "c", .major = 1, .minor = 3)), LAYER(A_FILE("c/x", "")),
      "c" },
    { "link to a pipe", OCI_E_INVALID, LAYER(A_NODE('6', "p"), A_SYMLINK("l", "p")), LAYER(A_FILE("l/x", "")), "l" },
    { "file over a pipe", 0, LAYER(A_NODE('6', "p")), LAYER(A_FILE("p", "x")), "p" },
};

static void attack(struct world *w, const struct attack *a, bool walk, bool keep_dirlinks)
{
    const struct layer layers[2] = { a->lower, a->upper };
    oci_error err = OCI_ERROR_INIT;
    int r;

    world_reset(w);
    w->walk = walk;
    w->options.rootless = !is_privileged();
    w->options.keep_dirlinks = keep_dirlinks;
    r = world_apply(w, layers, 2, NULL, &err);
    if (r != a->result)
        fail_msg("%s: %d (%s)", a->what, r, err.msg);
    if (r < 0)
        assert_true(err.code == r && err.msg[0] != '\0');
    if (a->present != NULL && !there(w, a->present))
        fail_msg("%s: '%s' is not there", a->what, a->present);
    world_check_canary(w);
}

static int attack_all(void *ctx)
{
    struct world w;

    (void)ctx;
    memset(name_256, 'n', 256);
    memset(target_4096, 't', 4096);
    for (size_t i = 0; i < 4096; i++)
        path_4096[i] = i % 100 == 99 ? '/' : 'p';
    path_4096[4095] = 'p';
    world_new(&w);
    for (size_t i = 0; i < sizeof attacks / sizeof *attacks; i++)
        for (int how = 0; how < 4; how++)
            attack(&w, &attacks[i], (how & 1) != 0, (how & 2) != 0);
    world_free(&w);
    return 0;
}

// proves: safety.1 safety.2 safety.3 safety.4 safety.5 safety.6 safety.7 whiteout.directory-tree
OCI_TEST (hostile, nothing_leaves_the_root) {
    attack_all(NULL);
}

// proves: safety.2 safety.6 safety.7
OCI_TEST (hostile, nothing_leaves_the_root_of_an_ordinary_user) {
    if (!as_ordinary_user(attack_all, NULL))
        skip();
}

/* A whiteout through a link hides what is inside the root. */
OCI_TEST (hostile, links_mean_places_inside) {
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    for (int walk = 0; walk < 2; walk++) {
        const struct layer layers[] = {
            LAYER(A_FILE("canary/file", ""), A_FILE("canary/dir/file", ""), A_FILE("two/file", ""), A_SYMLINK("l", OUT),
                  A_SYMLINK("m", "/two")),
            LAYER(A_WHITEOUT("l/.wh.file"), A_WHITEOUT("m/.wh..wh..opq")),
        };

        world_reset(&w);
        w.walk = walk != 0;
        assert_ok(&err, world_apply(&w, layers, 2, NULL, &err));
        assert_tree(list_tree(w.root, NULL, LIST_NO_OWNER), "canary d 0755 0 \n"
                                                            "canary/dir d 0755 0 \n"
                                                            "canary/dir/file - 0644 0 \n"
                                                            "l l 0 " OUT "\n"
                                                            "m l 0 /two\n"
                                                            "two d 0755 0 \n");
    }
    world_free(&w);
}

/* ---- depth ---- */

enum { HOP = 1500, HOPS = 4 };

/* Directories far deeper than a path can be, by links into the deep. */
static void make_deep(struct item *items, size_t *count, char paths[HOPS][2 * HOP + 16], char links[HOPS][16],
                      char targets[HOPS][2 * HOP + 16])
{
    *count = 0;
    for (size_t i = 0; i < HOPS; i++) {
        size_t n = 0;

        if (i > 0)
            n = (size_t)sprintf(paths[i], "l%zu/", i - 1);
        for (size_t j = 0; j < HOP; j++)
            n += (size_t)sprintf(paths[i] + n, "d/");
        strcpy(targets[i], paths[i]);
        strcpy(paths[i] + n, "f");
        sprintf(links[i], "l%zu", i);
        items[(*count)++] = (struct item)A_FILE(paths[i], "deep");
        items[(*count)++] = (struct item)A_SYMLINK(links[i], targets[i]);
    }
}

static int count_open(void)
{
    int n = 0;

    for (int fd = 0; fd < 256; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

// proves: safety.3 safety.4 safety.9
OCI_TEST (hostile, depth_has_no_limit_but_the_file_system) {
    static char paths[HOPS][2 * HOP + 16], links[HOPS][16], targets[HOPS][2 * HOP + 16];
    struct rlimit old, few = { .rlim_cur = 64 };
    oci_error err = OCI_ERROR_INIT;
    struct item items[2 * HOPS];
    size_t count;
    struct world w;
    int before;

    make_deep(items, &count, paths, links, targets);
    world_new(&w);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &old), 0);
    few.rlim_max = old.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
    before = count_open();
    for (int how = 0; how < 3; how++) {
        static const struct item whiteout = A_WHITEOUT(".wh.d"), opaque = A_WHITEOUT(".wh..wh..opq"),
                                 file = A_FILE("d", "");
        const struct layer layers[] = { { items, count }, { how == 0 ? &whiteout : how == 1 ? &opaque : &file, 1 } };

        world_reset(&w);
        assert_ok(&err, world_apply(&w, layers, 1, NULL, &err));
        assert_true(there(&w, "d"));
        world_reset(&w);
        assert_ok(&err, world_apply(&w, layers, 2, NULL, &err));
        assert_int_equal(there(&w, "d"), how == 2);
    }
    assert_int_equal(count_open(), before);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &old), 0);
    world_free(&w);
}
