/* SPDX-License-Identifier: Apache-2.0 */
/* Random stacks of layers, applied for real and to a model in memory. The seeds are fixed: every run does the same. */
#include "stacks.h"

#include "layer/nametree.h"
#include "layer/view.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool apply_for_real(struct world *w, const struct stack *s, char **list, oci_error *err)
{
    bool can;

    world_reset(w);
    can = world_apply(w, s->layers, s->count, NULL, err) == 0;
    *list = can ? list_tree(w->root, NULL, is_privileged() ? 0 : LIST_NO_OWNER) : NULL;
    return can;
}

static void compare(struct world *w, const struct stack *s, uint64_t seed, unsigned *applied)
{
    oci_error err = OCI_ERROR_INIT;
    char *got, *want;
    bool could = apply_for_real(w, s, &got, &err), can = stack_to_model(s, w->options.keep_dirlinks, &want);

    if (could != can || (can && strcmp(got, want) != 0)) {
        stack_print(s);
        print_error("seed %llu, walk %d: %s\n---- got\n%s---- want\n%s----\n", (unsigned long long)seed, w->walk,
                    err.msg, got != NULL ? got : "(failed)\n", want != NULL ? want : "(fails)\n");
        fail();
    }
    *applied += can;
    free(got);
    free(want);
}

// proves: layer.apply.other-remove-recreate layer.apply.dir-over-dir whiteout.lower-only whiteout.directory-tree
// proves: whiteout.opaque.descendants whiteout.opaque.keeps-same-layer layer.attr.mtime layer.apply.parents-missing
// safety.2
OCI_TEST (model, random_stacks_give_the_same_tree) {
    struct stack *s = calloc(1, sizeof *s);
    struct world w;
    unsigned applied = 0;

    world_new(&w);
    for (uint64_t seed = 1; seed <= 4000; seed++) {
        random_stack(s, seed, true);
        w.walk = seed % 2 == 0;
        w.options.keep_dirlinks = seed % 3 == 0;
        compare(&w, s, seed, &applied);
        stack_make_possible(s, w.options.keep_dirlinks);
        compare(&w, s, seed, &applied);
    }
    /* All that were made possible, and some that were from the start. */
    assert_true(applied > 4500);
    world_free(&w);
    free(s);
}

/* ---- the merged view, which knows names, types and links ---- */

/* A line of list_tree without what the view does not know. */
static void reduce_line(oci_buf *out, const char *line)
{
    char path[256], kind, rest[256] = "";
    const char *link = strstr(line, " =");

    assert_true(sscanf(line, "%255s %c", path, &kind) == 2);
    if (kind == 'l')
        format(rest, sizeof rest, " %s", strrchr(line, ' ') + 1);
    else if (kind != 'd' && link != NULL)
        format(rest, sizeof rest, " =%d", atoi(link + 2));
    oci_buf_printf(out, NULL, "%s %c%s\n", path, kind, rest);
}

static char *reduce(const char *list)
{
    oci_buf out = OCI_BUF_INIT;

    oci_buf_puts(&out, "", NULL);
    for (const char *line = list; *line != '\0';) {
        char copy[1024];
        size_t n = strcspn(line, "\n");

        format(copy, sizeof copy, "%.*s", (int)n, line);
        reduce_line(&out, copy);
        line += n + 1;
    }
    return out.data;
}

struct seen {
    char path[256], link[64];
    char kind;
    uint32_t file;
};

struct sight {
    struct seen items[512];
    size_t count;
};

static int note_name(void *ctx, const char *path, oci_tar_type type, const char *link, uint32_t file, oci_error *err)
{
    struct sight *sight = ctx;
    struct seen *s = &sight->items[sight->count++];

    (void)err;
    assert_true(sight->count <= 512);
    format(s->path, sizeof s->path, "%s", path);
    format(s->link, sizeof s->link, "%s", link != NULL ? link : "");
    s->kind = type == OCI_TAR_DIR ? 'd' : type == OCI_TAR_SYMLINK ? 'l' : type == OCI_TAR_FIFO ? 'p' : '-';
    s->file = file;
    return 0;
}

static int by_path(const void *a, const void *b)
{
    return strcmp(((const struct seen *)a)->path, ((const struct seen *)b)->path);
}

/* The number of the group of names that the one at i belongs to, in order of their first names; 0 for none. */
static int link_group(const struct sight *s, size_t i)
{
    int groups = 0;

    for (size_t k = 0; k <= i; k++) {
        size_t first = 0, count = 0;

        for (size_t j = 0; j < s->count; j++)
            if (s->items[j].file == s->items[k].file && count++ == 0)
                first = j;
        if (s->items[k].kind == 'd' || count == 1)
            continue;
        groups += first == k;
        if (k == i && first == i)
            return groups;
        if (k == i)
            return link_group(s, first);
    }
    return 0;
}

static char *list_sight(struct sight *s)
{
    oci_buf out = OCI_BUF_INIT;

    oci_buf_puts(&out, "", NULL);
    qsort(s->items, s->count, sizeof *s->items, by_path);
    for (size_t i = 0; i < s->count; i++) {
        const struct seen *n = &s->items[i];
        int group = link_group(s, i);

        oci_buf_printf(&out, NULL, "%s %c", n->path, n->kind);
        if (n->kind == 'l')
            oci_buf_printf(&out, NULL, " %s", n->link);
        else if (group > 0)
            oci_buf_printf(&out, NULL, " =%d", group);
        oci_buf_puts(&out, "\n", NULL);
    }
    return out.data;
}

static int view_layers(oci_view *v, const struct stack *s, oci_error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < s->count; i++) {
        oci_buf tar = OCI_BUF_INIT;
        oci_reader *reader;

        write_layer(&tar, &s->layers[i]);
        assert_int_equal(oci_reader_from_memory(tar.data, tar.len, &reader, NULL), 0);
        r = oci_view_apply(v, reader, err);
        oci_reader_free(reader);
        oci_buf_free(&tar);
    }
    return r;
}

static void compare_view(const struct stack *s, uint64_t seed, unsigned *applied)
{
    oci_error err = OCI_ERROR_INIT;
    struct sight *sight = calloc(1, sizeof *sight);
    char *want = NULL, *full = NULL, *got = NULL;
    oci_view *v;
    bool could, can = stack_to_model(s, false, &full);

    assert_ok(&err, oci_view_new(NULL, NULL, &v, &err));
    could = view_layers(v, s, &err) == 0;
    if (could) {
        assert_int_equal(oci_view_each(v, note_name, sight, NULL), 0);
        got = list_sight(sight);
    }
    want = can ? reduce(full) : NULL;
    if (could != can || (can && strcmp(got, want) != 0)) {
        stack_print(s);
        print_error("seed %llu: %s\n---- got\n%s---- want\n%s----\n", (unsigned long long)seed, err.msg,
                    got != NULL ? got : "(failed)\n", want != NULL ? want : "(fails)\n");
        fail();
    }
    *applied += can;
    oci_view_free(v);
    oci_free(got);
    oci_free(want);
    free(full);
    free(sight);
}

// proves: whiteout.lower-only whiteout.opaque.descendants layer.apply.other-remove-recreate layer.apply.dir-over-dir
OCI_TEST (model, a_merged_view_has_the_names_of_the_tree) {
    struct stack *s = calloc(1, sizeof *s);
    unsigned applied = 0;

    for (uint64_t seed = 1; seed <= 6000; seed++) {
        random_stack(s, seed, true);
        compare_view(s, seed, &applied);
        stack_make_possible(s, false);
        compare_view(s, seed, &applied);
    }
    assert_true(applied > 6500);
    free(s);
}

/* An image of a few megabytes can have gigabytes of links. */
OCI_TEST (model, a_merged_view_has_bounds) {
    oci_error err = OCI_ERROR_INIT;
    char target[4096];
    oci_nametree tree;
    uint32_t node;
    int r = 0, made = 0;

    memset(target, 'x', sizeof target - 1);
    target[sizeof target - 1] = '\0';
    assert_int_equal(oci_nametree_init(&tree, &err), 0);
    for (; r == 0 && made < 100000; made++) {
        r = oci_node_add(&tree, OCI_TAR_SYMLINK, target, &node, &err);
        /* What was dropped does not count. */
        for (int i = 0; r == 0 && i < 2; i++) {
            r = oci_node_add(&tree, OCI_TAR_SYMLINK, target, &node, &err);
            if (r == 0)
                oci_node_drop(&tree, node);
        }
    }
    assert_int_equal(r, OCI_E_LIMIT);
    assert_int_equal(made, 65536);
    assert_int_equal(oci_name_put(&tree, OCI_NODE_ROOT, "a", 1, node, &err), OCI_E_LIMIT);
    oci_nametree_clear(&tree);
}

/* The target of a hard link is found before the link takes its place, even the place of what led there. */
OCI_TEST (model, a_hard_link_replaces_the_way_to_its_target) {
    static const struct item link[] = { A_FILE("d/x", ""), A_SYMLINK("s", "d"), A_HARDLINK("s", "s/x") };
    static const struct item way[] = { A_FILE("e/x", ""), A_SYMLINK("d/s", "/e"), A_HARDLINK("d", "d/s/x") };
    static const struct item target[] = { A_FILE("d/x/y", ""), A_HARDLINK("d", "d/x/y") };
    const struct layer layers[] = { { link, 3 }, { way, 3 }, { target, 2 } };
    struct stack *s = calloc(1, sizeof *s);
    unsigned applied = 0;
    struct world w;

    world_new(&w);
    s->count = 1;
    for (size_t i = 0; i < 3; i++) {
        s->layers[0] = layers[i];
        compare(&w, s, i, &applied);
        compare_view(s, i, &applied);
    }
    assert_int_equal(applied, 4);
    world_free(&w);
    free(s);
}

/* ---- places of whiteouts ---- */

static bool is_whiteout(const struct item *i)
{
    const char *slash = strrchr(i->name, '/');

    return strncmp(slash != NULL ? slash + 1 : i->name, ".wh.", 4) == 0;
}

/* Moves the whiteouts of all layers but the first somewhere else; the other entries keep their order. */
static void move_whiteouts(struct stack *to, const struct stack *from)
{
    *to = *from;
    for (size_t l = 0; l < from->count; l++) {
        to->layers[l].items = to->items[l];
        for (size_t i = 0; i < from->layers[l].count; i++) {
            size_t a = pick((unsigned)from->layers[l].count);
            struct item item = to->items[l][a];

            if (!is_whiteout(&item))
                continue;
            /* Out, and in again in another place. */
            memmove(&to->items[l][a], &to->items[l][a + 1], (from->layers[l].count - a - 1) * sizeof item);
            a = pick((unsigned)from->layers[l].count);
            memmove(&to->items[l][a + 1], &to->items[l][a], (from->layers[l].count - a - 1) * sizeof item);
            to->items[l][a] = item;
        }
    }
}

/* Without symbolic links, which whiteouts can take from under a path, the place of a whiteout makes no difference. */
// proves: whiteout.opaque.order-independent whiteout.lower-only whiteout.same-layer-later
OCI_TEST (model, whiteouts_work_wherever_they_stand) {
    struct stack *one = calloc(1, sizeof *one), *other = calloc(1, sizeof *other);
    oci_error err = OCI_ERROR_INIT;
    unsigned compared = 0;
    struct world w;

    world_new(&w);
    for (uint64_t seed = 1; seed <= 3000; seed++) {
        char *first = NULL, *second = NULL;

        random_stack(one, seed + 1000000, false);
        move_whiteouts(other, one);
        /* An entry below a file that a later whiteout hides cannot be made. */
        if (apply_for_real(&w, one, &first, &err) && apply_for_real(&w, other, &second, &err)) {
            if (strcmp(first, second) != 0) {
                stack_print(one);
                stack_print(other);
            }
            assert_string_equal(first, second);
            compared++;
        }
        free(first);
        free(second);
    }
    assert_true(compared > 1000);
    world_free(&w);
    free(one);
    free(other);
}
