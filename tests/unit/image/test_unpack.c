/* SPDX-License-Identifier: Apache-2.0 */
/* All of a bundle, or nothing. */
#include <fcntl.h>
#include <unistd.h>

#include "images.h"

struct setup {
    int dir, out;
    struct image a;
    oci_layout *layout;
    oci_image *image;
};

static struct setup setup_new(void)
{
    struct setup s = { .dir = layout_dir_new(), .out = scratch_new() };
    oci_error err = OCI_ERROR_INIT;

    s.a = image_put_host(s.dir, "hello", NAMED("v1"));
    index_write(s.dir, "%s", s.a.manifest.json);
    s.layout = layout_of(s.dir);
    assert_ok(&err, oci_image_open(oci_layout_store(s.layout), oci_layout_index(s.layout)->manifests[0], NULL, &s.image,
                                   &err));
    return s;
}

static void setup_free(struct setup *s)
{
    oci_image_free(s->image);
    oci_layout_free(s->layout);
    scratch_free(s->out);
    scratch_free(s->dir);
}

OCI_TEST (unpack, makes_a_bundle_or_a_root) {
    const oci_unpack_options bundle = { 0 }, root = { .rootfs_only = true, .verify_first = true };
    oci_error err = OCI_ERROR_INIT;
    struct setup s = setup_new();
    OCI_AUTO_BUF oci_buf mark = OCI_BUF_INIT;

    assert_ok(&err, oci_unpack(s.image, s.out, "b", &bundle, &err));
    assert_true(exists(s.out, "b/config.json"));
    file_read(s.out, "b/rootfs/mark", &mark);
    assert_string_equal(mark.data, "hello");
    assert_ok(&err, oci_unpack(s.image, s.out, "r", &root, &err));
    assert_true(exists(s.out, "r/mark"));
    assert_int_equal(count_entries(s.out), 2);
    /* What is there stays. */
    assert_fails(OCI_E_EXISTS, &err, oci_unpack(s.image, s.out, "b", &bundle, &err));
    assert_true(exists(s.out, "b/config.json"));
    setup_free(&s);
}

static bool always(void *ctx)
{
    (void)ctx;
    return true;
}

OCI_TEST (unpack, that_fails_leaves_nothing) {
    const oci_limits few = { .max_size = 1 };
    const oci_events cancel = { .cancelled = always };
    oci_error err = OCI_ERROR_INIT;
    struct setup s = setup_new();

    for (int k = 0; k < 4; k++) {
        oci_unpack_options o = { .rootfs_only = k & 1, .verify_first = k & 2 };
        int fds = count_fds();

        make_dir(s.out, "b");
        /* The ceilings and callbacks of the whole hold for its parts. */
        o.limits = &few;
        assert_fails(OCI_E_LIMIT, &err, oci_unpack(s.image, s.out, "b", &o, &err));
        o.limits = NULL;
        o.events = &cancel;
        assert_fails(OCI_E_CANCELLED, &err, oci_unpack(s.image, s.out, "b", &o, &err));
        o.events = NULL;
        file_write(s.dir, s.a.layer.path, "damage", 6);
        assert_fails(OCI_E_SIZE, &err, oci_unpack(s.image, s.out, "b", &o, &err));
        assert_says(&err, "layer 1");
        s.a = image_put_host(s.dir, "hello", NAMED("v1"));
        assert_int_equal(count_entries(s.out), 1);
        /* The empty directory is as it was. */
        assert_int_equal(unlinkat(s.out, "b", AT_REMOVEDIR), 0);
        assert_int_equal(count_fds(), fds);
    }
    setup_free(&s);
}

OCI_TEST (unpack, without_memory_leaves_nothing) {
    const oci_unpack_options o = { 0 };
    oci_error err = OCI_ERROR_INIT;
    struct setup s = setup_new();
    int failed = 1, fds = count_fds();

    for (unsigned long n = 1; failed; n++) {
        int r;

        oci_alloc_fail_at(n);
        r = oci_unpack(s.image, s.out, "b", &o, &err);
        failed = oci_alloc_failed();
        oci_alloc_fail_at(0);
        assert_int_equal(r, failed ? OCI_E_NOMEM : 0);
        assert_int_equal(count_entries(s.out), failed ? 0 : 1);
        assert_int_equal(count_fds(), fds);
    }
    setup_free(&s);
}

/* ---- the shadow filter ---- */

static oci_image *open_only(oci_layout *l)
{
    oci_error err = OCI_ERROR_INIT;
    oci_image *image;

    assert_ok(&err, oci_image_open(oci_layout_store(l), oci_layout_index(l)->manifests[0], NULL, &image, &err));
    return image;
}

OCI_TEST (unpack, does_not_write_what_layers_above_replace) {
    enum { N = 9 };
    struct setup s = { .dir = layout_dir_new(), .out = scratch_new() };
    struct blob layers[N];
    oci_error err = OCI_ERROR_INIT;

    image_put_layers(s.dir, layers, N);
    s.layout = layout_of(s.dir);
    s.image = open_only(s.layout);
    for (unsigned k = 0; k < 16; k++) {
        oci_apply_stats stats;
        const oci_unpack_options o = {
            .jobs = k / 4, .no_shadow_filter = k & 1, .rootfs_only = k & 2, .stats = &stats
        };
        OCI_AUTO_BUF oci_buf mark = OCI_BUF_INIT;

        assert_ok(&err, oci_unpack(s.image, s.out, "b", &o, &err));
        file_read(s.out, o.rootfs_only ? "b/mark" : "b/rootfs/mark", &mark);
        assert_string_equal(mark.data, "8");
        assert_int_equal(stats.entries, N);
        assert_int_equal(stats.bytes, N);
        assert_int_equal(stats.shadowed, o.jobs == 1 || o.no_shadow_filter ? 0 : N - 1);
        assert_ok(&err, oci_entry_remove(s.out, "b", &err));
    }
    setup_free(&s);
}

/* A file is hidden, but its other name is not: seen when the link is made, or when all is done. */
OCI_TEST (unpack, writes_what_is_needed_under_another_name) {
    static const char *const way[] = { "file", "link/file" };
    struct setup s = { .dir = -1, .out = scratch_new() };
    oci_error err = OCI_ERROR_INIT;

    for (unsigned k = 0; k < 8; k++) {
        oci_buf tars[3] = { OCI_BUF_INIT, OCI_BUF_INIT, OCI_BUF_INIT };
        oci_apply_stats stats = { 0 };
        const oci_unpack_options o = { .jobs = 2, .rootfs_only = true, .verify_first = k & 2, .stats = &stats };
        OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
        struct blob layers[3];
        int fds = count_fds();

        s.dir = layout_dir_new();
        if (k & 1) {
            /* Through a symbolic link that the next layer turns elsewhere. */
            archive_header(&tars[0], '5', "d", 0);
            archive_header(&tars[0], '5', "e", 0);
            memcpy(archive_header(&tars[0], '2', "link", 0) + 157, "d", 1);
            archive_resum((unsigned char *)tars[0].data + tars[0].len - 512);
            memcpy(archive_header(&tars[1], '2', "link", 0) + 157, "e", 1);
            archive_resum((unsigned char *)tars[1].data + tars[1].len - 512);
        }
        archive_file(&tars[0], way[k & 1], "text");
        if ((k & 1) == 0) {
            memcpy(archive_header(&tars[0], '1', "again", 0) + 157, "file", 4);
            archive_resum((unsigned char *)tars[0].data + tars[0].len - 512);
        }
        archive_file(&tars[2], way[k & 1], k & 4 ? "other" : "");
        for (int i = 0; i < 3; i++)
            archive_end(&tars[i]);
        image_put_tars(s.dir, tars, layers, 3);
        s.layout = layout_of(s.dir);
        s.image = open_only(s.layout);
        assert_ok(&err, oci_unpack(s.image, s.out, "b", &o, &err));
        file_read(s.out, k & 1 ? "b/d/file" : "b/again", &text);
        assert_string_equal(text.data, "text");
        assert_int_equal(stats.shadowed, 0);
        assert_int_equal(count_entries(s.out), 1);
        assert_ok(&err, oci_entry_remove(s.out, "b", &err));
        oci_image_free(s.image);
        oci_layout_free(s.layout);
        scratch_free(s.dir);
        assert_int_equal(count_fds(), fds);
        for (int i = 0; i < 3; i++)
            oci_buf_free(&tars[i]);
    }
    scratch_free(s.out);
}
