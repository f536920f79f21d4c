/* SPDX-License-Identifier: Apache-2.0 */
/* The sentences of layer.md, one by one; each with openat2 and with the portable walk. */
#include "fixture.h"

#include <string.h>
#include <sys/sysmacros.h>

static void check(const struct layer *layers, size_t count, const char *want)
{
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    for (int walk = 0; walk < 2; walk++) {
        world_reset(&w);
        w.walk = walk != 0;
        assert_ok(&err, world_apply(&w, layers, count, NULL, &err));
        assert_tree(list_tree(w.root, NULL, LIST_NO_OWNER), want);
        assert_int_equal(stat_of(&w, "").st_mtim.tv_sec, 0);
    }
    world_free(&w);
}

/* What the tree is after the layers. */
#define CHECK_TREE(want, ...)                                                                                          \
    do {                                                                                                               \
        const struct layer layers_[] = { __VA_ARGS__ };                                                                \
        check(layers_, sizeof layers_ / sizeof *layers_, want);                                                        \
    } while (0)

static int apply(struct world *w, const struct layer *layers, size_t count, oci_error *err)
{
    return world_apply(w, layers, count, NULL, err);
}

#define APPLY(w, err, ...)                                                                                             \
    apply(w, (const struct layer[]) { __VA_ARGS__ },                                                                   \
          sizeof((const struct layer[]) { __VA_ARGS__ }) / sizeof(struct layer), err)

/* ---- what there can be ---- */

// proves: layer.types.regular layer.types.directory layer.types.symlink layer.types.fifo layer.attr.mtime
// layer.attr.mode proves: layer.attr.symlink layer.apply.no-whiteouts-as-tar layer.create.base-relative
OCI_TEST (apply, makes_every_kind_of_entry) {
    CHECK_TREE("bin d 1755 7 \n"
               "bin/tool - 4755 8 #!\n"
               "dangling l -1 /no/where\n"
               "empty d 0700 978307200 \n"
               "link l 9 bin/tool\n"
               "pipe p 0620 10 \n",
               LAYER(A_DIR("./"), A_DIR("./bin/", .mode = 01755, .mtime = 7),
                     A_FILE("bin/tool", "#!", .mode = 04755, .mtime = 8), A_SYMLINK("link", "bin/tool", .mtime = 9),
                     A_NODE('6', "pipe", .mode = 0620, .mtime = 10),
                     A_SYMLINK("dangling", "/no/where", .mtime_text = "-1"),
                     A_DIR("empty", .mode = 0700, .mtime = 978307200)));
}

// proves: layer.attr.mtime
OCI_TEST (apply, times_have_fractions_and_may_be_before_1970) {
    CHECK_TREE("d d 0755 5.250000000 \n"
               "d/f - 0644 -2.750000000 x\n"
               "d/l l 4294967296.000000001 f\n",
               LAYER(A_DIR("d", .mtime_text = "5.25"), A_FILE("d/f", "x", .mtime_text = "-1.25"),
                     A_SYMLINK("d/l", "f", .mtime_text = "4294967296.000000001")));
}

// proves: layer.types.char-device layer.types.block-device layer.attr.uid layer.attr.gid
OCI_TEST (apply, devices_and_owners_need_privileges) {
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    if (!is_privileged())
        skip();
    world_new(&w);
    assert_ok(&err,
              APPLY(&w, &err,
                    LAYER(A_NODE('3', "null", .major = 1, .minor = 3, .mode = 0666, .uid = 3, .gid = 4),
                          A_NODE('4', "disk", .major = 8, .minor = 300, .mode = 02660), A_NODE('3', "zero"),
                          A_FILE("f", "x", .uid = 2097151, .gid = 7, .mode = 06755),
                          A_SYMLINK("l", "f", .uid = 8, .gid = 9), A_DIR("d/", .uid = 10, .gid = 11, .mode = 02775))));
    assert_tree(list_tree(w.root, NULL, 0), "d d 2775 10:11 0 \n"
                                            "disk b 2660 0:0 0 8:300\n"
                                            "f - 6755 2097151:7 0 x\n"
                                            "l l 8:9 0 f\n"
                                            "null c 0666 3:4 0 1:3\n"
                                            "zero c 0644 0:0 0 0:0\n");
    world_free(&w);
}

// proves: layer.attr.xattrs layer.windows.fileattr
OCI_TEST (apply, extended_attributes_are_set_and_replaced) {
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    if (!is_privileged())
        skip();
    world_new(&w);
    assert_ok(&err, APPLY(&w, &err,
                          LAYER(A_DIR("d", .xattrs = "trusted.a=1;trusted.b=2;trusted.overlay.opaque=y", .mtime = 3),
                                A_FILE("d/f", "x", .mode = 04711, .uid = 5, .xattrs = "trusted.a=z;user.overlay.x=y"),
                                A_NODE('6', "d/p", .xattrs = "trusted.p=q"),
                                A_SYMLINK("d/l", "f", .xattrs = "trusted.l=m"))));
    assert_tree(list_tree(w.root, NULL, 0), "d d 0755 0:0 3  {trusted.a=1} {trusted.b=2}\n"
                                            "d/f - 4711 5:0 0 x {trusted.a=z}\n"
                                            "d/l l 0:0 0 f {trusted.l=m}\n"
                                            "d/p p 0644 0:0 0  {trusted.p=q}\n");
    world_reset(&w);
    assert_ok(&err, APPLY(&w, &err, LAYER(A_DIR("d", .xattrs = "trusted.a=1;trusted.b=2"), A_FILE("d/f", "x")),
                          LAYER(A_DIR("d", .mode = 0700, .uid = 5, .xattrs = "trusted.b=3", .mtime = 9))));
    assert_tree(list_tree(w.root, NULL, 0), "d d 0700 5:0 9  {trusted.b=3}\n"
                                            "d/f - 0644 0:0 0 x\n");
    w.options.no_xattrs = true;
    world_reset(&w);
    assert_ok(&err, APPLY(&w, &err, LAYER(A_FILE("f", "x", .xattrs = "trusted.a=1"))));
    assert_tree(list_tree(w.root, NULL, 0), "f - 0644 0:0 0 x\n");
    assert_string_equal(w.warnings, "");
    world_free(&w);
}

// proves: layer.attr.xattrs
OCI_TEST (apply, attributes_the_system_refuses_are_told_once) {
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    assert_ok(&err, APPLY(&w, &err,
                          LAYER(A_FILE("f", "x", .xattrs = "nonsense.a=1;nonsense.b=1"),
                                A_DIR("d", .xattrs = "nonsense.a=1"))));
    assert_non_null(strstr(w.warnings, "which cannot be set here: 3\n"));
    world_free(&w);
}

OCI_TEST (apply, unknown_types_are_told_and_left_out) {
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    assert_ok(&err, APPLY(&w, &err, LAYER(A_NODE('D', "what", .text = "data"), A_FILE("f", "x"))));
    assert_non_null(strstr(w.warnings, "unknown types left out: 1\n"));
    assert_tree(list_tree(w.root, NULL, LIST_NO_OWNER), "f - 0644 0 x\n");
    world_free(&w);
}

// proves: layer.attr.mode
OCI_TEST (apply, directories_keep_working_until_the_end) {
    CHECK_TREE("a d 0000 1 \n", LAYER(A_DIR("a", .mode = MODE(0), .mtime = 1)));
    if (!is_privileged())
        skip();
    CHECK_TREE("a d 0000 1 \n"
               "a/b d 0111 2 \n"
               "a/b/c d 0555 3 \n"
               "a/b/c/f - 0000 4 x\n"
               "a/b/c/g - 0644 5 y\n",
               LAYER(A_DIR("a", .mode = MODE(0), .mtime = 1), A_DIR("a/b", .mode = 0111, .mtime = 2),
                     A_DIR("a/b/c", .mode = 0555, .mtime = 3), A_FILE("a/b/c/f", "x", .mode = MODE(0), .mtime = 4)),
               LAYER(A_FILE("a/b/c/g", "y", .mtime = 5)));
}

// proves: layer.apply.parents-missing
OCI_TEST (apply, missing_parents_get_fixed_attributes) {
    CHECK_TREE("a d 0755 0 \n"
               "a/b d 0755 0 \n"
               "a/b/c - 0644 0 x\n",
               LAYER(A_FILE("a/b/c", "x")));
    /* A later entry for one of them still counts; a directory that was there keeps what it has. */
    CHECK_TREE(
        "a d 0750 4 \n"
        "a/b d 0700 5 \n"
        "a/b/c - 0644 0 x\n"
        "a/b/d d 0755 0 \n"
        "a/b/d/e - 0644 0 y\n",
        LAYER(A_FILE("a/b/c", "x"), A_DIR("a/b", .mode = 0700, .mtime = 5), A_DIR("a", .mode = 0750, .mtime = 4)),
        LAYER(A_FILE("a/b/d/e", "y")));
}

// proves: layer.attr.mtime
OCI_TEST (apply, times_of_directories_survive_what_happens_in_them) {
    CHECK_TREE(
        "a d 0755 1000 \n"
        "a/b d 0755 2000 \n"
        "a/b/new - 0644 0 x\n",
        LAYER(A_DIR("a", .mtime = 1000), A_DIR("a/b", .mtime = 2000), A_FILE("a/b/old", "x"), A_FILE("a/gone", "")),
        LAYER(A_WHITEOUT("a/b/.wh.old"), A_FILE("a/b/new", "x"), A_WHITEOUT("a/.wh.gone")));
}

/* ---- what meets what ---- */

// proves: layer.apply.dir-over-dir layer.change.add-modify-same
OCI_TEST (apply, directory_over_directory_merges) {
    CHECK_TREE("d d 0700 9 \n"
               "d/f - 0644 0 x\n"
               "d/g - 0644 0 y\n",
               LAYER(A_DIR("d", .mtime = 3), A_FILE("d/f", "x")),
               LAYER(A_DIR("d", .mode = 0700, .mtime = 9), A_FILE("d/g", "y")));
}

// proves: layer.apply.other-remove-recreate safety.4
OCI_TEST (apply, everything_else_is_made_anew) {
    const struct item lower[] = { A_FILE("x", "old"), A_DIR("x/"), A_SYMLINK("x", "target"), A_NODE('6', "x"),
                                  A_HARDLINK("x", "target/f") };
    const struct item upper[] = { A_FILE("x", "new"), A_DIR("x/"), A_SYMLINK("x", "else"), A_NODE('6', "x"),
                                  A_HARDLINK("x", "other") };
    const char types[] = { '-', 'd', 'l', 'p', '-' };
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    for (size_t i = 0; i < 5; i++) {
        for (size_t j = 0; j < 5; j++) {
            const struct item below[] = { A_DIR("target"), A_FILE("target/f", "t"), A_FILE("other", "o"), lower[i] };
            const struct item inside[] = { below[0], below[1], below[2], lower[i], A_FILE("x/kept", "") };
            const struct layer layers[] = { { i == 1 ? inside : below, i == 1 ? 5 : 4 }, { &upper[j], 1 } };
            static const char *const kinds = "-dlp";
            struct stat st;

            world_reset(&w);
            assert_ok(&err, apply(&w, layers, 2, &err));
            st = stat_of(&w, "x");
            assert_int_equal(S_ISDIR(st.st_mode), types[j] == 'd');
            assert_int_equal(S_ISLNK(st.st_mode), types[j] == 'l');
            assert_int_equal(S_ISFIFO(st.st_mode), types[j] == 'p');
            assert_non_null(strchr(kinds, types[i]));
            assert_int_equal(there(&w, "x/kept"), i == 1 && j == 1);
            assert_string_equal(content_of(&w, "target/f"), "t");
            assert_string_equal(content_of(&w, "other"), "o");
            if (j == 0)
                assert_string_equal(content_of(&w, "x"), "new");
        }
    }
    world_free(&w);
}

// proves: layer.attr.hardlink layer.hardlink.typeflag layer.hardlink.not-directories layer.hardlink.outside-may-fail
OCI_TEST (apply, hard_links_join_names) {
    CHECK_TREE("a - 0640 5 =1 x\n"
               "b - 0640 5 =1 x\n"
               "d d 0755 0 \n"
               "d/c - 0640 5 =1 x\n"
               "l l 6 =2 nowhere\n"
               "m l 6 =2 nowhere\n",
               LAYER(A_FILE("a", "x", .mode = 0640, .mtime = 5), A_HARDLINK("b", "./a", .mode = 0777, .mtime = 9),
                     A_SYMLINK("l", "nowhere", .mtime = 6), A_HARDLINK("m", "/l")),
               LAYER(A_HARDLINK("d/c", "b")));
}

// proves: layer.hardlink.union-limits
OCI_TEST (apply, new_content_for_one_name_leaves_the_other) {
    CHECK_TREE("a - 0644 0 new\n"
               "b - 0644 0 old\n",
               LAYER(A_FILE("a", "old"), A_HARDLINK("b", "a")), LAYER(A_FILE("a", "new")));
}

// proves: layer.hardlink.outside-may-fail
OCI_TEST (apply, hard_links_may_come_before_their_targets) {
    CHECK_TREE(
        "a - 0644 3 =1 x\n"
        "b - 0644 3 =1 x\n"
        "c - 0644 3 =1 x\n"
        "d d 0755 0 \n"
        "d/e - 0644 3 =1 x\n",
        LAYER(A_HARDLINK("a", "b"), A_HARDLINK("b", "c"), A_HARDLINK("c", "d/e"), A_FILE("d/e", "x", .mtime = 3)));
    /* What stood in their place is gone; what comes later in their place stays. */
    CHECK_TREE("a - 0644 0 =1 x\n"
               "b - 0644 0 mine\n"
               "t - 0644 0 =1 x\n",
               LAYER(A_DIR("a"), A_FILE("a/f", "")),
               LAYER(A_HARDLINK("a", "t"), A_HARDLINK("b", "t"), A_FILE("b", "mine"), A_FILE("t", "x")));
}

// proves: safety.6
OCI_TEST (apply, hard_links_that_cannot_be) {
    static const struct item rows[] = {
        A_HARDLINK("h", "missing"),    A_HARDLINK("h", "dir"),
        A_HARDLINK("h", "./"),         A_HARDLINK("h", "h"),
        A_HARDLINK("f", "f"),          A_HARDLINK("h", "f/x"),
        A_HARDLINK("h", "dir/x/y"),    A_HARDLINK("h", "link/missing"),
        A_HARDLINK("dir", "dir/g"),    A_HARDLINK("dir", "dir"),
        A_HARDLINK("link/g", "dir/g"),
    };
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        world_reset(&w);
        assert_fails(OCI_E_INVALID, &err,
                     APPLY(&w, &err,
                           LAYER(A_FILE("f", ""), A_DIR("dir"), A_FILE("dir/g", ""), A_SYMLINK("link", "dir")),
                           { &rows[i], 1 }));
    }
    assert_fails(OCI_E_INVALID, &err,
                 APPLY(&w, &err, LAYER(A_HARDLINK("1", "2"), A_HARDLINK("2", "3"), A_HARDLINK("3", "1"))));
    assert_non_null(strstr(err.msg, "not there"));
    world_free(&w);
}

// proves: layer.tar.no-duplicates
OCI_TEST (apply, of_equal_names_the_last_counts) {
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    assert_ok(&err, APPLY(&w, &err,
                          LAYER(A_FILE("a", "1"), A_FILE("./a", "2"), A_FILE("//a", "3"), A_DIR("d"), A_FILE("d/x", ""),
                                A_FILE("d", "file"), A_SYMLINK("l", "d"), A_FILE("l", "x"))));
    assert_tree(list_tree(w.root, NULL, LIST_NO_OWNER), "a - 0644 0 3\n"
                                                        "d - 0644 0 file\n"
                                                        "l - 0644 0 x\n");
    assert_non_null(strstr(w.warnings, "the last counts: 4\n"));
    world_free(&w);
}

/* It makes no difference whose the directory is that they are in. */
// proves: layer.tar.no-duplicates
OCI_TEST (apply, equal_names_are_counted_in_any_directory) {
    static const struct item below[] = { A_DIR("d") }, itself[] = { A_DIR("d") }, other[] = { A_DIR("e") };
    static const struct item entries[] = {
        A_FILE("d/a", "1"),
        A_FILE("d/a", "2"),
        A_FILE("d/i/x", ""),
        A_DIR("d/i"), /* the first entry for it, */
        A_DIR("d/i"),
        A_FILE("d/j/x", ""),
        A_FILE("d/j", "file"), /* and for it */
        A_FILE("d/j", "more"),
        A_SYMLINK("d/l", "a"),
        A_HARDLINK("d/l", "d/a"),
        A_HARDLINK("d/h", "d/later"),
        A_FILE("d/h", "mine"),
        A_FILE("d/later", "x"),
        A_FILE("d/w", ""),
        A_HARDLINK("d/w", "d/last"),
        A_FILE("d/last", "y"),
    };
    static const struct layer firsts[][2] = {
        { { below, 1 }, { other, 1 } },
        { { other, 1 }, { itself, 1 } },
        { { other, 1 }, { other, 1 } },
    };
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    for (size_t i = 0; i < sizeof firsts / sizeof *firsts; i++) {
        struct item layer[1 + sizeof entries / sizeof *entries];

        world_reset(&w);
        layer[0] = firsts[i][1].items[0];
        memcpy(layer + 1, entries, sizeof entries);
        assert_ok(&err, APPLY(&w, &err, firsts[i][0], { layer, sizeof layer / sizeof *layer }));
        assert_non_null(strstr(w.warnings, "the last counts: 4\n"));
        assert_tree(list_tree(w.root, "e", LIST_NO_OWNER), "d d 0755 0 \n"
                                                           "d/a - 0644 0 =1 2\n"
                                                           "d/h - 0644 0 mine\n"
                                                           "d/i d 0755 0 \n"
                                                           "d/i/x - 0644 0 \n"
                                                           "d/j - 0644 0 more\n"
                                                           "d/l - 0644 0 =1 2\n"
                                                           "d/last - 0644 0 =2 y\n"
                                                           "d/later - 0644 0 x\n"
                                                           "d/w - 0644 0 =2 y\n");
    }
    world_free(&w);
}

OCI_TEST (apply, parents_may_be_symbolic_links) {
    CHECK_TREE("bin l 0 usr/bin\n"
               "lib l 0 /usr/lib\n"
               "usr d 0755 1 \n"
               "usr/bin d 0755 2 \n"
               "usr/bin/a - 0644 0 a\n"
               "usr/lib d 0755 3 \n"
               "usr/lib/x d 0755 0 \n"
               "usr/lib/x/b - 0644 0 b\n",
               LAYER(A_DIR("usr", .mtime = 1), A_DIR("usr/bin", .mtime = 2), A_DIR("usr/lib", .mtime = 3),
                     A_SYMLINK("bin", "usr/bin"), A_SYMLINK("lib", "/usr/lib")),
               LAYER(A_FILE("bin/a", "a"), A_FILE("lib/x/b", "b")));
}

/* The time and the mode of a directory reached through a link come right, even when the link is gone by then. */
OCI_TEST (apply, directories_are_found_again_without_their_path) {
    CHECK_TREE("bin - 0644 0 file\n"
               "usr d 0755 1 \n"
               "usr/deep d 0755 2 \n"
               "usr/deep/d d 0500 3 \n"
               "usr/deep/d/e d 0755 0 \n"
               "usr/deep/d/e/f - 0644 0 x\n",
               LAYER(A_DIR("usr", .mtime = 1), A_DIR("usr/deep", .mtime = 2), A_SYMLINK("bin", "usr/deep")),
               LAYER(A_DIR("bin/d", .mode = 0500, .mtime = 3), A_FILE("bin/d/e/f", "x"), A_FILE("bin", "file")));
}

OCI_TEST (apply, keep_dirlinks_keeps_links_to_directories) {
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    w.options.keep_dirlinks = true;
    assert_ok(&err, APPLY(&w, &err,
                          LAYER(A_DIR("usr"), A_DIR("usr/bin", .mtime = 2), A_SYMLINK("bin", "usr/bin"),
                                A_SYMLINK("file", "usr/f"), A_FILE("usr/f", ""), A_SYMLINK("none", "nowhere"),
                                A_SYMLINK("loop", "loop")),
                          LAYER(A_DIR("bin", .mode = 0711, .mtime = 4), A_FILE("bin/x", "x"), A_DIR("file"),
                                A_DIR("none"), A_DIR("loop"))));
    assert_tree(list_tree(w.root, NULL, LIST_NO_OWNER), "bin l 0 usr/bin\n"
                                                        "file d 0755 0 \n"
                                                        "loop d 0755 0 \n"
                                                        "none d 0755 0 \n"
                                                        "usr d 0755 0 \n"
                                                        "usr/bin d 0711 4 \n"
                                                        "usr/bin/x - 0644 0 x\n"
                                                        "usr/f - 0644 0 \n");
    w.options.keep_dirlinks = false;
    world_reset(&w);
    assert_ok(&err, APPLY(&w, &err, LAYER(A_FILE("usr/bin/y", ""), A_SYMLINK("bin", "usr/bin")),
                          LAYER(A_DIR("bin"), A_FILE("bin/x", "x"))));
    assert_tree(list_tree(w.root, NULL, LIST_NO_OWNER), "bin d 0755 0 \n"
                                                        "bin/x - 0644 0 x\n"
                                                        "usr d 0755 0 \n"
                                                        "usr/bin d 0755 0 \n"
                                                        "usr/bin/y - 0644 0 \n");
    world_free(&w);
}

/* An entry for a link that is kept is none for the name of the directory it leads to. */
OCI_TEST (apply, equal_names_are_counted_beside_kept_links) {
    static const struct item inside[] = { A_DIR("d"), A_FILE("d/t/x", ""), A_SYMLINK("d/l", "t"), A_DIR("d/l"),
                                          A_DIR("d/t") };
    static const struct item outside[] = { A_FILE("t/x", ""), A_SYMLINK("l", "t"), A_DIR("l"), A_DIR("t") };
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    w.options.keep_dirlinks = true;
    assert_ok(&err, APPLY(&w, &err, { inside, 5 }));
    assert_non_null(strstr(w.warnings, "the last counts: 1\n"));
    world_reset(&w);
    w.options.keep_dirlinks = true;
    assert_ok(&err, APPLY(&w, &err, { outside, 4 }));
    assert_non_null(strstr(w.warnings, "the last counts: 1\n"));
    world_free(&w);
}

OCI_TEST (apply, the_root_gets_attributes_too) {
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    assert_ok(&err, APPLY(&w, &err, LAYER(A_DIR("./", .mode = 0710, .mtime = 77), A_FILE("f", ""))));
    assert_int_equal(stat_of(&w, "").st_mode & 07777, 0710);
    assert_int_equal(stat_of(&w, "").st_mtim.tv_sec, 77);
    world_free(&w);
}

/* ---- whiteouts ---- */

// proves: layer.apply.not-plain-extract whiteout.name whiteout.hidden whiteout.directory-tree
// whiteout.opaque.accept-both proves: layer.change.removal-is-whiteout
OCI_TEST (whiteout, the_example_of_the_specification) {
    CHECK_TREE("a d 0755 0 \n"
               "c d 0755 0 \n"
               "c/file3 - 0644 0 \n"
               "file4 - 0644 0 \n",
               LAYER(A_FILE("file1", ""), A_FILE("a/file2", ""), A_DIR("b/"), A_FILE("c/file3", "")),
               LAYER(A_WHITEOUT(".wh.file1"), A_WHITEOUT("a/.wh.file2"), A_WHITEOUT(".wh.b"), A_FILE("file4", "")));
}

// proves: whiteout.name whiteout.directory-tree
OCI_TEST (whiteout, hides_trees_links_and_odd_names) {
    CHECK_TREE("kept d 0755 0 \n"
               "kept/f - 0644 0 \n",
               LAYER(A_FILE("t/a/b", ""), A_SYMLINK("t/l", "/kept"), A_DIR("kept"), A_FILE("kept/f", ""),
                     A_SYMLINK("link", "kept"), A_FILE(".hidden", ""), A_FILE("a.b", ""), A_NODE('6', "pipe"),
                     A_FILE("...", ""), A_FILE(".wh", "")),
               LAYER(A_WHITEOUT(".wh.t"), A_WHITEOUT(".wh.link"), A_WHITEOUT(".wh..hidden"), A_WHITEOUT(".wh.a.b"),
                     A_WHITEOUT(".wh.pipe"), A_WHITEOUT(".wh...."), A_WHITEOUT(".wh..wh")));
}

// proves: whiteout.lower-only whiteout.same-layer-later
OCI_TEST (whiteout, spares_its_own_layer_in_either_order) {
    const char *want = "d d 0700 5 \n"
                       "d/own - 0644 0 new\n"
                       "f - 0644 0 new\n";

    CHECK_TREE(want, LAYER(A_FILE("f", "old"), A_FILE("d/f", "old"), A_FILE("d/e/g", "")),
               LAYER(A_WHITEOUT(".wh.f"), A_FILE("f", "new"), A_WHITEOUT(".wh.d"), A_DIR("d", .mode = 0700, .mtime = 5),
                     A_FILE("d/own", "new")));
    CHECK_TREE(want, LAYER(A_FILE("f", "old"), A_FILE("d/f", "old"), A_FILE("d/e/g", "")),
               LAYER(A_FILE("f", "new"), A_DIR("d", .mode = 0700, .mtime = 5), A_FILE("d/own", "new"),
                     A_WHITEOUT(".wh.f"), A_WHITEOUT(".wh.d")));
    CHECK_TREE("", LAYER(A_FILE("f", ""), A_WHITEOUT(".wh.f")), LAYER(A_WHITEOUT(".wh.f")));
}

/* A directory that stays only for what the layer put into it is as if made for that: first or last makes no difference.
 */
// proves: whiteout.lower-only
OCI_TEST (whiteout, directories_that_only_hold_lose_what_they_were) {
    const char *want = "d d 0755 0 \n"
                       "d/e d 0755 0 \n"
                       "d/e/own - 0644 0 x\n";

    CHECK_TREE(want,
               LAYER(A_DIR("d", .mode = 0700, .mtime = 8), A_DIR("d/e", .mode = 0711, .mtime = 9), A_FILE("d/e/f", "")),
               LAYER(A_WHITEOUT(".wh.d"), A_FILE("d/e/own", "x")));
    CHECK_TREE(want,
               LAYER(A_DIR("d", .mode = 0700, .mtime = 8), A_DIR("d/e", .mode = 0111, .mtime = 9), A_FILE("d/e/f", "")),
               LAYER(A_FILE("d/e/own", "x"), A_WHITEOUT(".wh.d")));
    CHECK_TREE(want, LAYER(A_DIR("d", .mtime = 0), A_DIR("d/e", .mode = MODE(0), .mtime = 9), A_FILE("d/e/f", "")),
               LAYER(A_FILE("d/e/own", "x"), A_WHITEOUT("d/.wh..wh..opq")));
}

// proves: whiteout.opaque.hides-siblings whiteout.opaque.descendants whiteout.opaque.name whiteout.opaque.accept-both
OCI_TEST (whiteout, opaque_empties_the_directory) {
    const struct item tools[] = { A_FILE("etc/my-app-config", ""), A_DIR("bin", .mtime = 6),
                                  A_FILE("bin/my-app-binary", ""), A_FILE("bin/my-app-tools", ""),
                                  A_FILE("bin/tools/my-app-tool-one", "") };
    const struct layer lower = { tools, sizeof tools / sizeof *tools };
    const char *want = "bin d 0755 6 \n"
                       "etc d 0755 0 \n"
                       "etc/my-app-config - 0644 0 \n";

    CHECK_TREE(want, lower, LAYER(A_DIR("bin", .mtime = 6), A_WHITEOUT("bin/.wh..wh..opq")));
    CHECK_TREE(want, lower, LAYER(A_WHITEOUT("bin/.wh..wh..opq")));
    CHECK_TREE(want, lower,
               LAYER(A_DIR("bin", .mtime = 6), A_WHITEOUT("bin/.wh.my-app-binary"), A_WHITEOUT("bin/.wh.my-app-tools"),
                     A_WHITEOUT("bin/.wh.tools")));
    CHECK_TREE("", lower, LAYER(A_WHITEOUT(".wh..wh..opq")));
}

// proves: whiteout.opaque.keeps-same-layer whiteout.opaque.order-independent
OCI_TEST (whiteout, opaque_works_wherever_it_stands) {
    const struct item base[] = { A_DIR("a"), A_DIR("a/b", .mode = 0700), A_DIR("a/b/c"), A_FILE("a/b/c/bar", ""),
                                 A_FILE("a/x", "") };
    const struct item upper[] = { A_DIR("a", .mtime = 1), A_DIR("a/b", .mtime = 2), A_DIR("a/b/c", .mtime = 3),
                                  A_FILE("a/b/c/foo", "") };
    const struct item opaque = A_WHITEOUT("a/.wh..wh..opq");

    for (size_t at = 0; at <= 4; at++) {
        struct item items[5];

        for (size_t i = 0, n = 0; i < 5; i++)
            items[i] = i == at ? opaque : upper[n++];
        CHECK_TREE("a d 0755 1 \n"
                   "a/b d 0755 2 \n"
                   "a/b/c d 0755 3 \n"
                   "a/b/c/foo - 0644 0 \n",
                   { base, 5 }, { items, 5 });
    }
}

/* A directory that was emptied and holds nothing of the layer is still one of a lower layer. */
// proves: whiteout.directory-tree
OCI_TEST (whiteout, of_a_directory_that_was_emptied_before) {
    CHECK_TREE("", LAYER(A_FILE("b/c/d", ""), A_FILE("b/e", "")),
               LAYER(A_WHITEOUT("b/.wh..wh..opq"), A_WHITEOUT("b/.wh.c"), A_WHITEOUT(".wh.b"), A_WHITEOUT(".wh.b")));
    CHECK_TREE("b d 0755 0 \n"
               "b/f - 0644 0 \n",
               LAYER(A_FILE("b/c/d", "")),
               LAYER(A_WHITEOUT("b/.wh..wh..opq"), A_FILE("b/f", ""), A_WHITEOUT(".wh.b"), A_WHITEOUT("b/.wh.f"),
                     A_WHITEOUT(".wh..wh..opq")));
}

/* The memory of what a layer made knows places, not paths. */
// proves: whiteout.lower-only
OCI_TEST (whiteout, aliases_of_a_directory_are_one_place) {
    const char *want = "bin l 0 usr/bin\n"
                       "usr d 0755 0 \n"
                       "usr/bin d 0755 0 \n"
                       "usr/bin/new - 0644 0 \n";

    CHECK_TREE(want, LAYER(A_FILE("usr/bin/old", ""), A_SYMLINK("bin", "usr/bin")),
               LAYER(A_FILE("usr/bin/new", ""), A_WHITEOUT("bin/.wh..wh..opq"), A_WHITEOUT("bin/.wh.new")));
    CHECK_TREE(want, LAYER(A_FILE("usr/bin/old", ""), A_FILE("usr/bin/new", "old"), A_SYMLINK("bin", "usr/bin")),
               LAYER(A_FILE("bin/new", ""), A_WHITEOUT("usr/bin/.wh.old"), A_WHITEOUT("usr/bin/.wh.new"),
                     A_WHITEOUT("usr/bin/.wh..wh..opq")));
}

// proves: whiteout.hidden
OCI_TEST (whiteout, without_target_does_nothing) {
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    /* In the base layer, in directories that are not there, below what was hidden, below files. */
    CHECK_TREE("f - 0644 0 \n",
               LAYER(A_WHITEOUT(".wh.a"), A_WHITEOUT("b/.wh.c"), A_WHITEOUT("d/.wh..wh..opq"),
                     A_WHITEOUT(".wh..wh..opq"), A_FILE("f", ""), A_WHITEOUT("f/.wh.x"), A_WHITEOUT("f/.wh..wh..opq"),
                     A_FILE("g/h", "")),
               LAYER(A_WHITEOUT(".wh.g"), A_WHITEOUT("g/.wh.h"), A_WHITEOUT("g/i/.wh.j")));
    /* Hard links, and what AUFS left behind. */
    CHECK_TREE("f - 0644 0 \n", LAYER(A_FILE("f", ""), A_FILE("g", ""), A_FILE("h", "")),
               LAYER(A_WHITEOUT(".wh.g"), A_HARDLINK(".wh.h", ".wh.g"), A_WHITEOUT(".wh..wh.aufs"),
                     A_DIR(".wh..wh.plnk/"), A_FILE(".wh..wh.plnk/1.2", "x"), A_WHITEOUT(".wh..wh..opqX")));
    world_new(&w);
    assert_ok(&err, APPLY(&w, &err, LAYER(A_FILE("f", "")), LAYER(A_FILE(".wh.f", "content"))));
    assert_tree(list_tree(w.root, NULL, 0), "");
    assert_non_null(strstr(w.warnings, "whiteouts with content, which means nothing: 1\n"));
    world_free(&w);
}

// proves: whiteout.bare-prefix safety.7
OCI_TEST (whiteout, malformed_ones_are_refused_and_remove_nothing) {
    static const char *const names[] = { "etc/.wh.",  ".wh.",        "etc/.wh..",         "etc/.wh...",
                                         ".wh.etc/f", "etc/.wh.x/y", "etc/.wh..wh..opq/x" };
    oci_error err = OCI_ERROR_INIT;
    struct world w;

    world_new(&w);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const struct item bad = A_WHITEOUT(names[i]);

        world_reset(&w);
        assert_fails(OCI_E_INVALID, &err, APPLY(&w, &err, LAYER(A_FILE("etc/f", "")), { &bad, 1 }));
        assert_true(there(&w, "etc/f"));
    }
    assert_fails(OCI_E_INVALID, &err, APPLY(&w, &err, LAYER(A_DIR("etc/.wh.f/"))));
    world_free(&w);
}
