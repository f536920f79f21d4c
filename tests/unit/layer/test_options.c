/* SPDX-License-Identifier: Apache-2.0 */
/* Limits, cancelling, owners, missing privileges, lack of memory, and the order of calls. */
#include "fixture.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/fail.h"
#include "stream/stream.h"

#define APPLY(w, err, ...)                                                                                             \
    world_apply(w, (const struct layer[]) { __VA_ARGS__ },                                                             \
                sizeof((const struct layer[]) { __VA_ARGS__ }) / sizeof(struct layer), NULL, err)

/* ---- limits ---- */

OCI_TEST (options, entries_are_counted_over_all_layers) {
    const oci_limits limits = { .max_entries = 3 };
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    w.options.limits = &limits;
    assert_ok(&err, APPLY(&w, &err, LAYER(A_FILE("a", ""), A_FILE("b", "")), LAYER(A_WHITEOUT(".wh.a"))));
    assert_fails(OCI_E_LIMIT, &err,
                 APPLY(&w, &err, LAYER(A_FILE("a", ""), A_FILE("b", "")), LAYER(A_WHITEOUT(".wh.a"), A_FILE("c", ""))));
    world_free(&w);
}

/* An entry of a few bytes could have thousands of them made. */
// proves: safety.14
OCI_TEST (options, directories_on_the_way_are_counted) {
    const oci_limits limits = { .max_entries = 4 };
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    w.options.limits = &limits;
    assert_ok(&err, APPLY(&w, &err, LAYER(A_FILE("a/b/c", "")), LAYER(A_FILE("a/b/d", ""))));
    world_reset(&w);
    assert_ok(&err, APPLY(&w, &err, LAYER(A_FILE("a/b/c/d", ""))));
    world_reset(&w);
    assert_fails(OCI_E_LIMIT, &err, APPLY(&w, &err, LAYER(A_FILE("a/b/c/d/e", ""))));
    world_reset(&w);
    assert_ok(&err, APPLY(&w, &err, LAYER(A_DIR("a"), A_DIR("a/b"), A_DIR("a/b/c"), A_FILE("a/b/c/d", ""))));
    world_free(&w);
}

OCI_TEST (options, bytes_are_counted_over_all_layers) {
    const oci_limits limits = { .max_size = 10 };
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    w.options.limits = &limits;
    assert_ok(&err, APPLY(&w, &err, LAYER(A_FILE("a", "12345")), LAYER(A_FILE("a", "67890"), A_FILE("b", ""))));
    world_reset(&w);
    assert_fails(OCI_E_LIMIT, &err, APPLY(&w, &err, LAYER(A_FILE("a", "12345")), LAYER(A_FILE("b", "678901"))));
    assert_int_equal(stat_of(&w, "b").st_size, 0);
    world_free(&w);
}

#define SPARSE_PAX(size, map)                                                                                          \
    "GNU.sparse.major=0;GNU.sparse.minor=1;GNU.sparse.name=s;GNU.sparse.size=" size ";GNU.sparse.numblocks=2;"         \
    "GNU.sparse.map=" map

// proves: layer.sparse.avoid
OCI_TEST (options, holes_stay_holes_and_cost_nothing) {
    const oci_limits limits = { .max_size = 1 << 30 };
    const struct item sparse = A_FILE("x", "headtail", .mtime = 3, .pax = SPARSE_PAX("1073741824", "0,4,536870912,4"));
    const struct item huge = A_FILE("x", "head", .pax = SPARSE_PAX("1073741825", "0,4,1073741825,0"));
    oci_error err = OCI_ERROR_INIT;
    char tail[6] = "";
    struct world w;
    int fd;

    world_new(&w);
    w.options.limits = &limits;
    assert_ok(&err, APPLY(&w, &err, { &sparse, 1 }, { &sparse, 1 }));
    assert_int_equal(stat_of(&w, "s").st_size, 1 << 30);
    assert_true(stat_of(&w, "s").st_blocks < 1000);
    assert_int_equal(stat_of(&w, "s").st_mtim.tv_sec, 3);
    fd = openat(w.root, "s", O_RDONLY);
    assert_int_equal(pread(fd, tail, 5, 536870911), 5);
    assert_memory_equal(tail, "\0tail", 5);
    close(fd);
    assert_fails(OCI_E_LIMIT, &err, APPLY(&w, &err, { &huge, 1 }));
    world_free(&w);
}

/* ---- events ---- */

struct asked {
    int after, calls;
};

static bool cancelled(void *ctx)
{
    struct asked *asked = ctx;

    return ++asked->calls > asked->after;
}

OCI_TEST (options, cancelling_is_heard_everywhere) {
    struct asked asked = { .after = 1000 };
    const oci_events events = { .ctx = &asked, .cancelled = cancelled };
    const struct layer layers[] = { LAYER(A_DIR("d"), A_FILE("d/f", "x"), A_FILE("d/g", "y")),
                                    LAYER(A_WHITEOUT("d/.wh.f")) };
    oci_error err = OCI_ERROR_INIT;
    struct world w;
    int calls;

    world_new(&w);
    w.options.events = &events;
    assert_ok(&err, world_apply(&w, layers, 2, NULL, &err));
    calls = asked.calls;
    assert_true(calls >= 8); /* each entry, the data of each file, each directory at the end */
    for (int i = 0; i < calls; i++) {
        asked = (struct asked) { .after = i };
        world_reset(&w);
        assert_fails(OCI_E_CANCELLED, &err, world_apply(&w, layers, 2, NULL, &err));
        assert_int_equal(asked.calls, i + 1);
    }
    world_free(&w);
}

/* ---- owners ---- */

// proves: layer.attr.uid layer.attr.gid layer.attr.uname-ignored layer.attr.gname-ignored
OCI_TEST (options, ids_go_through_the_maps) {
    const oci_id_map uids[] = { { 0, 100000, 1000 }, { 5000, 200000, 1 } }, gids[] = { { 0, 300000, 65536 } };
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    if (!is_privileged())
        skip();
    world_new(&w);
    w.options.uid_maps = uids;
    w.options.n_uid_maps = 2;
    w.options.gid_maps = gids;
    w.options.n_gid_maps = 1;
    w.options.owner = OCI_OWNER_KEEP;
    assert_ok(&err, APPLY(&w, &err, LAYER(A_FILE("d/f", "", .uid = 5000, .gid = 7), A_SYMLINK("l", "x", .uid = 999))));
    assert_tree(list_tree(w.root, NULL, 0), "d d 0755 100000:300000 0 \n"
                                            "d/f - 0644 200000:300007 0 \n"
                                            "l l 100999:300000 0 x\n");
    world_reset(&w);
    assert_fails(OCI_E_INVALID, &err, APPLY(&w, &err, LAYER(A_FILE("f", "", .uid = 1000))));
    world_reset(&w);
    w.options.owner = OCI_OWNER_MAP;
    assert_ok(&err,
              APPLY(&w, &err,
                    LAYER(A_FILE("f", "", .uid = 1000, .gid = 1), A_FILE("g", "", .uid = 1000, .mode = 04755),
                          A_FILE("h", "", .gid = 70000, .mode = 02755), A_FILE("i", "", .uid = 1, .mode = 06755))));
    /* What would run as the caller, whom the image did not mean, has no set-id bits. */
    assert_tree(list_tree(w.root, NULL, 0), "f - 0644 0:300001 0 \n"
                                            "g - 0755 0:300000 0 \n"
                                            "h - 0755 100000:0 0 \n"
                                            "i - 6755 100001:300000 0 \n");
    world_reset(&w);
    w.options.owner = OCI_OWNER_SQUASH;
    assert_ok(&err, APPLY(&w, &err, LAYER(A_FILE("f", "", .uid = 1000, .gid = 1))));
    assert_tree(list_tree(w.root, NULL, 0), "f - 0644 0:0 0 \n");
    w.options.uid_maps = (const oci_id_map[]) { { 0, 1, 0 } };
    w.options.n_uid_maps = 1;
    assert_fails(OCI_E_USAGE, &err, APPLY(&w, &err, LAYER(A_FILE("f", ""))));
    world_free(&w);
}

/* A world for an ordinary user: the one of the parent belongs to root. Says what is wrong and returns 1. */
#define CHECK(cond)                                                                                                    \
    do {                                                                                                               \
        if (!(cond)) {                                                                                                 \
            print_error("%s:%d: not so: %s\n", __FILE__, __LINE__, #cond);                                             \
            return 1;                                                                                                  \
        }                                                                                                              \
    } while (0)

static ssize_t xattr_of(const struct world *w, const char *path, const char *name, char value[32])
{
    int fd = openat(w->root, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    ssize_t n = fd >= 0 ? fgetxattr(fd, name, value, 32) : -1;

    if (fd >= 0)
        close(fd);
    return n;
}

static int recorded(void *ctx)
{
    oci_error err = OCI_ERROR_INIT;
    char value[32];
    struct world w;

    (void)ctx;
    world_new(&w);
    w.options.rootless = true;
    w.options.owner = OCI_OWNER_RECORD;
    CHECK(APPLY(&w, &err,
                LAYER(A_FILE("f", "", .uid = 1, .gid = 300, .mode = 0444, .xattrs = "user.rootlesscontainers=liar"),
                      A_FILE("g", "", .xattrs = "user.rootlesscontainers=liar;user.a=b"), A_SYMLINK("l", "f", .uid = 7),
                      A_DIR("d", .uid = 7, .mode = 0500))) == 0);
    if (xattr_of(&w, "g", "user.a", value) == 1) {
        CHECK(xattr_of(&w, "f", "user.rootlesscontainers", value) == 5 && memcmp(value, "\x08\1\x10\xac\2", 5) == 0);
        CHECK(xattr_of(&w, "d", "user.rootlesscontainers", value) == 2 && memcmp(value, "\x08\7", 2) == 0);
        CHECK(xattr_of(&w, "g", "user.rootlesscontainers", value) < 0);
    }
    CHECK(stat_of(&w, "f").st_uid == geteuid() && (stat_of(&w, "f").st_mode & 07777) == 0444);
    world_free(&w);
    return 0;
}

OCI_TEST (options, owners_are_recorded_for_ordinary_users) {
    if (!as_ordinary_user(recorded, NULL))
        skip();
}

static int rootless(void *ctx)
{
    const struct layer layers[] = {
        LAYER(A_DIR("a", .mode = MODE(0), .mtime = 1), A_DIR("a/b", .mode = 0555, .mtime = 2, .uid = 55),
              A_FILE("a/b/f", "x", .mode = 0400, .uid = 5, .mtime = 3),
              A_NODE('3', "null", .mode = 0666, .major = 1, .minor = 3), A_NODE('4', "disk", .mode = 0660, .mtime = 4),
              A_NODE('6', "pipe"), A_FILE("cap", "", .mode = 04755, .xattrs = "security.capability=\1\2;trusted.x=y")),
        LAYER(A_FILE("a/b/g", "y"), A_WHITEOUT("a/b/.wh.f"), A_HARDLINK("a/null", "null")),
    };
    oci_error err = OCI_ERROR_INIT;
    struct world w;
    char *list;

    (void)ctx;
    world_new(&w);
    w.options.rootless = true;
    if (world_apply(&w, layers, 2, NULL, &err) < 0) {
        print_error("%s\n", err.msg);
        return 1;
    }
    CHECK(strstr(w.warnings, "lack of privileges: 2\n") != NULL &&
          strstr(w.warnings, "which cannot be set here: 2\n") != NULL);
    CHECK((stat_of(&w, "a").st_mode & 07777) == 0 && stat_of(&w, "a").st_mtim.tv_sec == 1);
    CHECK(fchmodat(w.root, "a", 0700, 0) == 0);
    list = list_tree(w.root, NULL, LIST_NO_OWNER);
    assert_tree(list, "a d 0700 1 \n"
                      "a/b d 0555 2 \n"
                      "a/b/g - 0644 0 y\n"
                      "a/null - 0666 0 =1 \n"
                      "cap - 4755 0 \n"
                      "disk - 0660 4 \n"
                      "null - 0666 0 =1 \n"
                      "pipe p 0644 0 \n");
    world_free(&w);
    return 0;
}

// proves: layer.types.block-device layer.types.char-device layer.attr.mode
OCI_TEST (options, an_ordinary_user_gets_what_is_possible) {
    if (!as_ordinary_user(rootless, NULL))
        skip();
}

static int without_privileges(void *ctx)
{
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    (void)ctx;
    world_new(&w);
    CHECK(APPLY(&w, &err, LAYER(A_NODE('3', "null", .major = 1, .minor = 3))) == 0);
    CHECK(S_ISREG(stat_of(&w, "null").st_mode));
    CHECK(strstr(w.warnings, "devices made as empty files, for lack of privileges: 1") != NULL);
    w.options.owner = OCI_OWNER_KEEP;
    CHECK(APPLY(&w, &err, LAYER(A_FILE("f", "", .uid = 5, .mode = 04755), A_FILE("own", "", .mode = 0755))) == 0);
    CHECK(strstr(w.warnings, "owners left out, which cannot be set here: 2") != NULL);
    /* It would run as somebody it was not meant for. */
    CHECK((stat_of(&w, "f").st_mode & 07777) == 0755);
    world_free(&w);
    return 0;
}

OCI_TEST (options, what_needs_privileges_is_left_out_and_told) {
    if (!as_ordinary_user(without_privileges, NULL))
        skip();
}

/* ---- the order of calls ---- */

OCI_TEST (options, calls_have_an_order) {
    OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;
    const struct layer good = LAYER(A_DIR("d"), A_FILE("d/f", "12345"), A_FILE("g", "6")),
                       other = LAYER(A_WHITEOUT(".wh.d"), A_WHITEOUT(".wh.g"));
    OCI_AUTO(oci_applier) a = NULL;
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    oci_apply_stats stats = { 0 };
    struct world w;

    world_new(&w);
    assert_ok(&err, oci_applier_new(w.root, NULL, &a, &err));
    write_layer(&tar, &good);
    /* What follows the archive is read too: it is part of what was hashed. */
    assert_ok(&err, oci_buf_append(&tar, "\0\0\0\0", 4, &err));
    assert_ok(&err, oci_reader_from_memory(tar.data, tar.len, &r, &err));
    assert_ok(&err, oci_applier_apply(a, r, &stats, &err));
    assert_int_equal(oci_reader_count(r), tar.len);
    assert_true(stats.entries == 3 && stats.bytes == 6 && stats.removed == 0);
    oci_reader_free(oci_steal(&r));
    tar.len = 0;
    write_layer(&tar, &other);
    assert_ok(&err, oci_reader_from_memory(tar.data, tar.len, &r, &err));
    assert_ok(&err, oci_applier_apply(a, r, &stats, &err));
    assert_true(stats.entries == 2 && stats.bytes == 0 && stats.removed == 2);
    assert_ok(&err, oci_applier_finish(a, &err));
    assert_fails(OCI_E_USAGE, &err, oci_applier_apply(a, r, &stats, &err));
    assert_fails(OCI_E_USAGE, &err, oci_applier_finish(a, &err));
    world_free(&w);
}

OCI_TEST (options, after_a_failure_nothing_goes_on) {
    OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;
    const struct layer bad = LAYER(A_FILE("../f", ""));
    OCI_AUTO(oci_applier) a = NULL;
    OCI_AUTO(oci_reader) r = NULL;
    oci_apply_stats stats = { .entries = 77 };
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    write_layer(&tar, &bad);
    assert_ok(&err, oci_applier_new(w.root, NULL, &a, &err));
    assert_ok(&err, oci_reader_from_memory(tar.data, tar.len, &r, &err));
    assert_fails(OCI_E_UNSAFE, &err, oci_applier_apply(a, r, &stats, &err));
    assert_int_equal(stats.entries, 77);
    assert_fails(OCI_E_USAGE, &err, oci_applier_apply(a, r, &stats, &err));
    assert_fails(OCI_E_USAGE, &err, oci_applier_finish(a, &err));
    oci_applier_free(NULL);
    world_free(&w);
}

OCI_TEST (options, the_root_has_to_be_a_directory) {
    oci_applier *a = NULL;
    oci_error err = OCI_ERROR_INIT;
    struct world w;
    int fd;

    world_new(&w);
    fd = openat(w.top, "secret", O_RDONLY | O_CLOEXEC);
    assert_fails(OCI_E_USAGE, &err, oci_applier_new(fd, NULL, &a, &err));
    close(fd);
    assert_fails(OCI_E_IO, &err, oci_applier_new(-1, NULL, &a, &err));
    assert_null(a);
    world_free(&w);
}

// proves: layer.tar.format safety.11
OCI_TEST (options, broken_streams_are_refused) {
    OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;
    const struct layer layer = LAYER(A_FILE("f", "0123456789"));
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    write_layer(&tar, &layer);
    for (size_t n = 1; n < 522; n += 50) {
        OCI_AUTO(oci_applier) a = NULL;
        OCI_AUTO(oci_reader) r = NULL;

        world_reset(&w);
        assert_ok(&err, oci_applier_new(w.root, NULL, &a, &err));
        assert_ok(&err, oci_reader_from_memory(tar.data, n, &r, &err));
        assert_fails(OCI_E_INVALID, &err, oci_applier_apply(a, r, NULL, &err));
    }
    world_free(&w);
}

/* ---- memory ---- */

// proves: safety.9
OCI_TEST (options, lack_of_memory_is_told_and_nothing_leaks) {
    const struct layer layers[] = {
        LAYER(A_DIR("./"), A_DIR("d", .xattrs = "user.a=b"), A_FILE("d/e/f", "x", .xattrs = "user.a=b"),
              A_SYMLINK("l", "d/e"), A_HARDLINK("h", "late"), A_HARDLINK("i", "h"), A_FILE("late", ""),
              A_NODE('6', "p")),
        LAYER(A_FILE("l/new/g", ""), A_WHITEOUT("d/.wh.e"), A_WHITEOUT("d/.wh..wh..opq"), A_DIR("l"), A_FILE("d", "")),
    };
    const oci_apply_options options = { .snapshot = true };
    oci_error err = OCI_ERROR_INIT;
    unsigned long n = 0;
    bool failed = true;
    struct world w;

    world_new(&w);
    while (failed) {
        OCI_AUTO_BUF oci_buf one = OCI_BUF_INIT;
        OCI_AUTO_BUF oci_buf two = OCI_BUF_INIT;
        OCI_AUTO(oci_applier) a = NULL;
        OCI_AUTO(oci_reader) first = NULL;
        OCI_AUTO(oci_reader) second = NULL;
        int r;

        world_reset(&w);
        write_layer(&one, &layers[0]);
        write_layer(&two, &layers[1]);
        assert_ok(&err, oci_reader_from_memory(one.data, one.len, &first, &err));
        assert_ok(&err, oci_reader_from_memory(two.data, two.len, &second, &err));
        err.msg[0] = '\0';
        oci_alloc_fail_at(++n);
        r = oci_applier_new(w.root, &options, &a, &err);
        if (r == 0)
            r = oci_applier_apply(a, first, NULL, &err);
        if (r == 0)
            r = oci_applier_apply(a, second, NULL, &err);
        if (r == 0)
            r = oci_applier_finish(a, &err);
        failed = oci_alloc_failed() != 0;
        oci_alloc_fail_at(0);
        if (r != (failed ? OCI_E_NOMEM : 0))
            fail_msg("allocation %lu: %d (%s)", n, r, err.msg);
        assert_true(r == 0 || err.msg[0] != '\0');
    }
    if (n <= 50)
        fail_msg("only %lu allocations", n);
    assert_false(there(&w, "h/x"));
    world_free(&w);
}

/* ---- memory grows with what is made ---- */

OCI_TEST (options, many_names_in_many_directories) {
    enum { DIRS = 60, FILES = 60 };
    struct item *items = calloc(DIRS * (FILES + 1), sizeof *items);
    char(*names)[32] = calloc(DIRS * (FILES + 1), sizeof *names);
    const struct item opaque = A_WHITEOUT(".wh..wh..opq");
    struct layer layers[2] = { { items, 0 }, { &opaque, 1 } };
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    for (unsigned d = 0; d < DIRS; d++) {
        for (unsigned f = 0; f <= FILES; f++) {
            struct item *i = &items[layers[0].count];
            char *name = names[layers[0].count++];

            format(name, 32, f == 0 ? "d%u" : "d%u/f%u", d, f);
            *i = (struct item) { .type = f == 0 ? '5' : '0', .name = name, .mtime = d };
        }
    }
    world_new(&w);
    assert_ok(&err, world_apply(&w, layers, 1, NULL, &err));
    assert_int_equal(stat_of(&w, "d59").st_mtim.tv_sec, 59);
    assert_true(there(&w, "d0/f60"));
    assert_ok(&err, world_apply(&w, layers, 2, NULL, &err));
    assert_false(there(&w, "d0"));
    world_free(&w);
    free(items);
    free(names);
}

/* ---- what new things have by themselves ---- */

/* A named user and a mask for whatever is made in the directory. */
static const unsigned char ACL[] = { 2, 0,    0,    0,    1,    0,    7,  0, 0xff, 0xff, 0xff, 0xff, 2,    0,    7,
                                     0, 0xe8, 3,    0,    0,    4,    0,  5, 0,    0xff, 0xff, 0xff, 0xff, 0x10, 0,
                                     7, 0,    0xff, 0xff, 0xff, 0xff, 32, 0, 5,    0,    0xff, 0xff, 0xff, 0xff };

static const struct layer OF_EVERY_MODE[] = {
    LAYER(A_FILE("0", "", .mode = 0200), A_FILE("666", "", .mode = 0666), A_FILE("6755", "", .mode = 06755),
          A_FILE("777", "", .mode = 0777), A_DIR("d", .mode = 0777), A_FILE("d/444", "", .mode = 0444),
          A_NODE('6', "d/p", .mode = 0777), A_DIR("e", .mode = 0707), A_FILE("f/g/666", "", .mode = 0666),
          A_SYMLINK("link", "d")),
};
static const char EVERY_MODE[] = "0 - 0200 0 \n"
                                 "666 - 0666 0 \n"
                                 "6755 - 6755 0 \n"
                                 "777 - 0777 0 \n"
                                 "d d 0777 0 \n"
                                 "d/444 - 0444 0 \n"
                                 "d/p p 0777 0 \n"
                                 "e d 0707 0 \n"
                                 "f d 0755 0 \n"
                                 "f/g d 0755 0 \n"
                                 "f/g/666 - 0666 0 \n"
                                 "link l 0 d\n";

// proves: layer.attr.mode
OCI_TEST (options, no_umask_shows) {
    static const mode_t masks[] = { 0, 022, 027, 077, 0777 };
    const mode_t before = umask(0);
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    for (size_t i = 0; i < sizeof masks / sizeof *masks; i++) {
        world_reset(&w);
        umask(masks[i]);
        assert_ok(&err, world_apply(&w, OF_EVERY_MODE, 1, NULL, &err));
        umask(before);
        assert_tree(list_tree(w.root, NULL, LIST_NO_OWNER), EVERY_MODE);
    }
    world_free(&w);
}

// proves: layer.attr.mode layer.attr.xattrs
OCI_TEST (options, nothing_is_inherited_from_a_list) {
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    if (fsetxattr(w.root, "system.posix_acl_default", ACL, sizeof ACL, 0) < 0) {
        world_free(&w);
        skip();
    }
    assert_ok(&err, world_apply(&w, OF_EVERY_MODE, 1, NULL, &err));
    assert_tree(list_tree(w.root, NULL, LIST_NO_OWNER), EVERY_MODE);
    for (int i = 0; i < 3; i++) {
        static const char *const paths[] = { "d", "d/444", "f/g/666" };
        int fd = openat(w.root, paths[i], O_RDONLY);

        assert_true(fd >= 0);
        assert_true(fgetxattr(fd, "system.posix_acl_access", NULL, 0) < 0);
        assert_true(fgetxattr(fd, "system.posix_acl_default", NULL, 0) < 0);
        close(fd);
    }
    world_free(&w);
}

// proves: layer.attr.gid
OCI_TEST (options, no_group_is_inherited_from_a_directory) {
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    if (!is_privileged())
        skip();
    world_new(&w);
    assert_ok(&err, APPLY(&w, &err,
                          LAYER(A_DIR("d", .mode = 02755, .gid = 7), A_FILE("d/file", "x", .mode = 0644),
                                A_FILE("d/suid", "x", .mode = 04755), A_SYMLINK("d/link", "x"),
                                A_NODE('6', "d/pipe", .mode = 0600), A_FILE("d/sub/file", "", .gid = 9))));
    assert_int_equal(stat_of(&w, "d").st_gid, 7);
    assert_int_equal(stat_of(&w, "d/file").st_gid, 0);
    assert_int_equal(stat_of(&w, "d/suid").st_gid, 0);
    assert_int_equal(stat_of(&w, "d/suid").st_mode & 07777, 04755);
    assert_int_equal(stat_of(&w, "d/link").st_gid, 0);
    assert_int_equal(stat_of(&w, "d/pipe").st_gid, 0);
    assert_int_equal(stat_of(&w, "d/sub").st_gid, 0);
    assert_int_equal(stat_of(&w, "d/sub").st_mode & 07777, 0755);
    assert_int_equal(stat_of(&w, "d/sub/file").st_gid, 9);
    world_free(&w);
}
