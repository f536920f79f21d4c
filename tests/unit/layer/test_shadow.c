/* SPDX-License-Identifier: Apache-2.0 */
/* Files that need not be written, and that nothing else comes out differently without them. */
#include "stacks.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "layer/shadow.h"
#include "stream/stream.h"

/* ---- what is foreseen ---- */

/* Learns the first share (in eighths) of each layer but the lowest, from the top down. */
static oci_shadow *foresee(const struct layer *layers, size_t count, unsigned share)
{
    oci_error err = OCI_ERROR_INIT;
    oci_shadow *s;

    assert_ok(&err, oci_shadow_new(&s, &err));
    for (size_t i = count; i > 1; i--) {
        OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;

        write_layer(&tar, &layers[i - 1]);
        assert_ok(&err, oci_shadow_learn(s, (uint32_t)i, (oci_span) { tar.data, tar.len * share / 8 }, &err));
    }
    return s;
}

static uint32_t of(const oci_shadow *s, const char *path)
{
    return oci_shadow_of(s, path, strlen(path));
}

static uint32_t below(const oci_shadow *s, const char *path)
{
    return oci_shadow_below(s, path, strlen(path));
}

OCI_TEST (shadow, foresees_what_names_say) {
    const struct layer layers[] = {
        LAYER(A_FILE("lowest", "")),
        LAYER(A_FILE("./file", ""), A_SYMLINK("/link", "x"), A_HARDLINK("hard", "file"), A_NODE('6', "d/pipe"),
              A_DIR("d"), A_WHITEOUT("d/.wh.gone"), A_WHITEOUT("o/.wh..wh..opq"), A_FILE(".wh..wh.plnk/1", ""),
              A_NODE('Q', "unknown"), A_WHITEOUT(".wh.again")),
        LAYER(A_FILE("file", ""), A_FILE("again/x", "")),
    };
    OCI_AUTO(oci_shadow) s = foresee(layers, 3, 8);
    OCI_AUTO(oci_shadow) none = foresee(layers, 1, 8);

    assert_int_equal(of(s, "lowest"), 0);
    assert_int_equal(of(s, "file"), 3);
    assert_int_equal(below(s, "file"), 3);
    assert_int_equal(below(s, "file/a/b"), 3);
    assert_int_equal(below(s, "fil"), 0);
    assert_int_equal(of(s, "link"), 2);
    assert_int_equal(of(s, "hard"), 2);
    assert_int_equal(of(s, "d/pipe"), 2);
    assert_int_equal(of(s, "d"), 0);
    assert_int_equal(of(s, "d/gone"), 2);
    assert_int_equal(below(s, "d/gone/x"), 2);
    assert_int_equal(below(s, "d"), 0);
    assert_int_equal(of(s, "o"), 0);
    assert_int_equal(below(s, "o"), 2);
    assert_int_equal(below(s, "o/p"), 2);
    assert_int_equal(below(s, ""), 0);
    assert_int_equal(of(s, ".wh..wh.plnk/1"), 0);
    /* What is of an unknown type replaces nothing. */
    assert_int_equal(of(s, "unknown"), 0);
    /* Of several layers the last one counts. */
    assert_int_equal(of(s, "again"), 2);
    assert_int_equal(of(s, "again/x"), 3);
    assert_int_equal(of(none, "file"), 0);
}

OCI_TEST (shadow, foresees_from_a_beginning_and_from_damage) {
    const struct layer layers[] = {
        LAYER(A_FILE("x", "")),
        LAYER(A_WHITEOUT("d/.wh..wh..opq"), A_FILE("a", ""), A_DIR(".wh.bad"), A_FILE("../up", ""), A_FILE("b", "")),
        LAYER(A_WHITEOUT(".wh..wh..opq")),
    };
    const unsigned char noise[700] = { 1, 2, 3 };
    OCI_AUTO(oci_shadow) s = foresee(layers, 2, 8);
    OCI_AUTO(oci_shadow) little = foresee(layers, 2, 3);
    OCI_AUTO(oci_shadow) all = foresee(layers, 3, 8);
    oci_error err = OCI_ERROR_INIT;

    /* Up to the entry that ends everything. */
    assert_int_equal(of(s, "a"), 2);
    assert_int_equal(of(s, "b"), 0);
    assert_int_equal(below(s, "d"), 2);
    assert_int_equal(below(little, "d"), 2);
    assert_int_equal(of(little, "b"), 0);
    assert_int_equal(below(all, ""), 3);
    assert_int_equal(below(all, "any/where"), 3);
    assert_ok(&err, oci_shadow_learn(s, 3, (oci_span) { noise, sizeof noise }, &err));
    assert_ok(&err, oci_shadow_learn(s, 3, (oci_span) { noise, 0 }, &err));
    assert_int_equal(of(s, "a"), 2);
}

/* ---- what is written ---- */

/* What has come of layers. */
struct outcome {
    int code;
    oci_error err;
    char *list, *mtree, *warnings;
    oci_apply_stats stats;
    struct stat root;
    bool missing;
};

static char *mtree_of(oci_applier *a)
{
    OCI_AUTO(oci_writer) w = NULL;
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_writer_to_buf(&text, &w, &err));
    assert_ok(&err, oci_applier_write_mtree(a, w, &err));
    return strdup(text.data);
}

static struct outcome outcome_of(struct world *w, const struct layer *layers, size_t count, const oci_shadow *shadow)
{
    struct outcome o = { .err = OCI_ERROR_INIT };
    OCI_AUTO(oci_applier) a = NULL;

    world_reset(w);
    w->shadow = shadow;
    o.code = world_apply(w, layers, count, &a, &o.err);
    o.missing = a->stand_in.missing;
    if (o.code == 0) {
        o.list = list_tree(w->root, NULL, is_privileged() ? 0 : LIST_NO_OWNER);
        o.mtree = mtree_of(a);
    }
    o.warnings = strdup(w->warnings);
    o.stats = w->stats;
    assert_int_equal(fstat(w->root, &o.root), 0);
    return o;
}

static void outcome_free(struct outcome *o)
{
    free(o->list);
    free(o->mtree);
    free(o->warnings);
}

static bool is_same(const struct outcome *a, const struct outcome *b)
{
    if (a->code < 0 || b->code < 0)
        return a->code == b->code && strcmp(a->err.msg, b->err.msg) == 0;
    return strcmp(a->list, b->list) == 0 && strcmp(a->mtree, b->mtree) == 0 && strcmp(a->warnings, b->warnings) == 0 &&
           a->stats.entries == b->stats.entries && a->stats.bytes == b->stats.bytes &&
           a->stats.removed == b->stats.removed && a->root.st_mode == b->root.st_mode &&
           a->root.st_mtim.tv_sec == b->root.st_mtim.tv_sec;
}

struct tally {
    unsigned compared, shadowed, missing;
};

static void compare(struct world *w, const struct stack *s, uint64_t seed, unsigned share, struct tally *t)
{
    OCI_AUTO(oci_shadow) shadow = foresee(s->layers, s->count, share);
    struct outcome want = outcome_of(w, s->layers, s->count, NULL);
    struct outcome got = outcome_of(w, s->layers, s->count, shadow);

    if (!got.missing && !is_same(&want, &got)) {
        stack_print(s);
        print_error("seed %llu: %s\n---- got\n%s---- want: %s\n%s----\n", (unsigned long long)seed, got.err.msg,
                    got.list != NULL ? got.list : "(failed)\n", want.err.msg,
                    want.list != NULL ? want.list : "(fails)\n");
        fail();
    }
    t->compared += want.code == 0;
    t->missing += got.missing;
    t->shadowed += (unsigned)got.stats.shadowed;
    outcome_free(&want);
    outcome_free(&got);
}

// proves: whiteout.lower-only layer.apply.other-remove-recreate
OCI_TEST (shadow, random_stacks_give_the_same_tree) {
    struct stack *s = calloc(1, sizeof *s);
    struct tally t = { 0 };
    struct world w;

    world_new(&w);
    w.options.snapshot = true;
    for (uint64_t seed = 1; seed <= 2500; seed++) {
        random_stack(s, seed, seed % 4 != 0);
        /* More files. */
        for (size_t l = 0; l < s->count; l++)
            for (size_t i = 0; i < s->layers[l].count; i++)
                if (s->items[l][i].type == '5' && pick(2) == 0)
                    s->items[l][i].type = '0';
        w.walk = seed % 2 == 0;
        w.options.keep_dirlinks = seed % 3 == 0;
        compare(&w, s, seed, 1 + pick(8), &t);
        stack_make_possible(s, w.options.keep_dirlinks);
        compare(&w, s, seed, 8, &t);
    }
    assert_true(t.compared > 3000 && t.shadowed > 1500);
    assert_true(t.missing > 0 && t.missing < t.compared / 20);
    world_free(&w);
    free(s);
}

/* ---- one by one ---- */

static const struct {
    const char *what;
    struct layer layers[3];
    unsigned shadowed; /* if they can be applied */
    bool missing;      /* has to be done again */
} rows[] = {
    { "replaced by a file", { LAYER(A_FILE("d/x", "1")), LAYER(A_FILE("d/x", "2")) }, 1, false },
    { "replaced twice", { LAYER(A_FILE("x", "1")), LAYER(A_FILE("x", "2")), LAYER(A_SYMLINK("x", "y")) }, 2, false },
    { "replaced by a hard link", { LAYER(A_FILE("x", "1"), A_FILE("y", "2")), LAYER(A_HARDLINK("x", "y")) }, 1, false },
    { "hidden", { LAYER(A_FILE("d/x", "1"), A_FILE("d/y", "2")), LAYER(A_WHITEOUT("d/.wh.x")) }, 1, false },
    { "hidden with the directory", { LAYER(A_FILE("d/e/x", "1")), LAYER(A_WHITEOUT(".wh.d")) }, 1, false },
    { "hidden by an opaque one", { LAYER(A_FILE("d/x", "1")), LAYER(A_WHITEOUT("d/.wh..wh..opq")) }, 1, false },
    { "the directory is replaced", { LAYER(A_FILE("d/e/x", "1")), LAYER(A_SYMLINK("d", "e")) }, 1, false },
    { "by the layer itself",
      { LAYER(A_FILE("x", "1"), A_FILE("x", "2"), A_FILE("y", "3"), A_WHITEOUT(".wh.y")) },
      0,
      false },
    { "by a lower layer",
      { LAYER(A_FILE("x", "1")), LAYER(A_FILE("y", "2")), LAYER(A_FILE("y/../z", "3")) },
      0,
      false },
    { "it keeps a directory",
      { LAYER(A_DIR("d", .mode = 0700)), LAYER(A_FILE("d/x", "1"), A_WHITEOUT(".wh.d")), LAYER(A_WHITEOUT("d/.wh.x")) },
      1,
      false },
    { "it is in the way", { LAYER(A_FILE("x", "1"), A_FILE("x/y", "2")), LAYER(A_WHITEOUT(".wh.x")) }, 0, false },
    { "a link leads to it",
      { LAYER(A_FILE("x", "1"), A_SYMLINK("l", "x"), A_FILE("l/y", "2")), LAYER(A_WHITEOUT(".wh.x")) },
      0,
      false },
    { "all names are hidden",
      { LAYER(A_FILE("x", "1"), A_HARDLINK("y", "x")), LAYER(A_WHITEOUT(".wh.x"), A_FILE("y", "2")) },
      1,
      false },
    { "one name is not", { LAYER(A_FILE("x", "1"), A_HARDLINK("y", "x")), LAYER(A_WHITEOUT(".wh.x")) }, 0, true },
    { "a later layer links to it",
      { LAYER(A_FILE("x", "1")), LAYER(A_HARDLINK("y", "x")), LAYER(A_WHITEOUT(".wh.x")) },
      0,
      true },
    { "the path has another meaning",
      { LAYER(A_DIR("d"), A_DIR("e"), A_SYMLINK("l", "d"), A_FILE("l/x", "1")), LAYER(A_SYMLINK("l", "e")),
        LAYER(A_FILE("l/x", "2")) },
      0,
      true },
    { "attributes can be refused",
      { LAYER(A_FILE("x", "1", .xattrs = "user.a=b")), LAYER(A_FILE("x", "2")) },
      0,
      false },
};

OCI_TEST (shadow, spares_what_it_can_and_nothing_else) {
    struct world w;

    world_new(&w);
    w.options.snapshot = true;
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        size_t count = 3;

        while (rows[i].layers[count - 1].count == 0)
            count--;
        for (unsigned k = 0; k < 2; k++) {
            OCI_AUTO(oci_shadow) shadow = foresee(rows[i].layers, count, 8);
            const oci_limits limits = { .max_size = k == 0 ? 0 : 1 };
            struct outcome want, got;

            /* What is not written counts towards the ceiling. */
            w.options.limits = &limits;
            want = outcome_of(&w, rows[i].layers, count, NULL);
            got = outcome_of(&w, rows[i].layers, count, shadow);
            if (k == 0 && (got.missing != rows[i].missing || (!got.missing && got.stats.shadowed != rows[i].shadowed)))
                fail_msg("%s: %d files, %d", rows[i].what, (int)got.stats.shadowed, got.missing);
            if (!got.missing && !is_same(&want, &got))
                fail_msg("%s: '%s', not '%s'", rows[i].what, got.err.msg, want.err.msg);
            outcome_free(&want);
            outcome_free(&got);
        }
    }
    world_free(&w);
}

/* An owner that cannot be is an error, whoever comes later. */
OCI_TEST (shadow, looks_at_owners) {
    static const oci_id_map map = { 0, 0, 10 };
    const struct layer layers[] = { LAYER(A_FILE("x", "1", .uid = 10)), LAYER(A_FILE("x", "2")) };
    OCI_AUTO(oci_shadow) shadow = foresee(layers, 2, 8);
    struct outcome want, got;
    struct world w;

    world_new(&w);
    w.options = (oci_apply_options) {
        .owner = OCI_OWNER_KEEP, .uid_maps = &map, .gid_maps = &map, .n_uid_maps = 1, .n_gid_maps = 1, .snapshot = true
    };
    want = outcome_of(&w, layers, 2, NULL);
    got = outcome_of(&w, layers, 2, shadow);
    assert_int_equal(want.code, OCI_E_INVALID);
    assert_true(is_same(&want, &got));
    outcome_free(&want);
    outcome_free(&got);
    world_free(&w);
}
