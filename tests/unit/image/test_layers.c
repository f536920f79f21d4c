/* SPDX-License-Identifier: Apache-2.0 */
/* Layers are used in their order, however many of them are read ahead. */
#include "image/layers.h"

#include <stdio.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/fail.h"
#include "images.h"

enum { N_LAYERS = 12, BAD = 7 };

struct setup {
    int dir;
    struct blob layers[N_LAYERS];
    oci_layout *layout;
    oci_image *image;
};

/* Layer n holds the file "mark" with the text "n". */
static struct setup setup_new(void)
{
    const oci_platform *host = oci_platform_host();
    OCI_AUTO_BUF oci_buf diff_ids = OCI_BUF_INIT, layers = OCI_BUF_INIT;
    struct setup s = { .dir = layout_dir_new() };
    oci_error err = OCI_ERROR_INIT;
    struct blob config, manifest;

    for (int n = 0; n < N_LAYERS; n++) {
        OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;
        char mark[16];

        snprintf(mark, sizeof mark, "%d", n);
        archive_file(&tar, "mark", mark);
        archive_end(&tar);
        s.layers[n] = blob_put_bytes(s.dir, LAYER_TYPE, "", tar.data, tar.len);
        assert_ok(&err, oci_buf_printf(&diff_ids, &err, "%s\"%s\"", n > 0 ? "," : "", s.layers[n].digest));
        assert_ok(&err, oci_buf_printf(&layers, &err, "%s%s", n > 0 ? "," : "", s.layers[n].json));
    }
    config = blob_put(s.dir, CONFIG_TYPE, "",
                      "{\"architecture\":\"%s\",\"os\":\"%s\",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[%s]}}",
                      host->architecture, host->os, diff_ids.data);
    manifest = blob_put(s.dir, MANIFEST_TYPE, "", "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", config.json,
                        layers.data);
    index_write(s.dir, "%s", manifest.json);
    s.layout = layout_of(s.dir);
    assert_ok(&err, oci_image_open(oci_layout_store(s.layout), oci_layout_index(s.layout)->manifests[0], NULL, &s.image,
                                   &err));
    return s;
}

static void setup_free(struct setup *s)
{
    oci_image_free(s->image);
    oci_layout_free(s->layout);
    scratch_free(s->dir);
}

/* What is done with the layers. */
struct using
{
    oci_buf marks;
    int stop_at; /* without having read that one; -1: never */
    int used;
};

static int use(void *ctx, oci_reader *tar, oci_error *err)
{
    OCI_AUTO_BUF oci_buf bytes = OCI_BUF_INIT;
    struct using *u = ctx;

    if (u->used++ == u->stop_at)
        return oci_fail(err, OCI_E_CONFLICT, "enough");
    if (oci_reader_read_all(tar, 0, &bytes, err) < 0)
        return err->code;
    assert_true(bytes.len > 512);
    return oci_buf_printf(&u->marks, err, "%s ", bytes.data + 512);
}

OCI_TEST (layers, come_in_their_order) {
    struct setup s = setup_new();
    oci_error err = OCI_ERROR_INIT;
    int fds = count_fds();

    for (unsigned jobs = 0; jobs < N_LAYERS + 3; jobs++) {
        struct using u = { .stop_at = -1 };
        const oci_layers_use how = { .jobs = jobs, .use = use, .ctx = &u };

        assert_ok(&err, oci_image_use_layers(s.image, &how, &err));
        assert_string_equal(u.marks.data, "0 1 2 3 4 5 6 7 8 9 10 11 ");
        oci_buf_free(&u.marks);
        assert_int_equal(count_fds(), fds);
    }
    setup_free(&s);
}

OCI_TEST (layers, of_many_failures_the_first_is_told) {
    struct setup s = setup_new();
    oci_error err = OCI_ERROR_INIT;
    int fds = count_fds();

    file_write(s.dir, s.layers[BAD].path, "damage", 6);
    for (int n = BAD + 1; n < N_LAYERS; n++)
        assert_int_equal(unlinkat(s.dir, s.layers[n].path, 0), 0);
    for (unsigned jobs = 0; jobs < N_LAYERS + 3; jobs++) {
        struct using u = { .stop_at = -1 };
        const oci_layers_use how = { .jobs = jobs, .use = use, .ctx = &u };

        assert_fails(OCI_E_SIZE, &err, oci_image_use_layers(s.image, &how, &err));
        assert_says(&err, "layer 8 (");
        assert_string_equal(u.marks.data, "0 1 2 3 4 5 6 ");
        oci_buf_free(&u.marks);
        assert_int_equal(count_fds(), fds);
    }
    setup_free(&s);
}

OCI_TEST (layers, can_be_left_at_any_time) {
    struct setup s = setup_new();
    oci_error err = OCI_ERROR_INIT;
    int fds = count_fds();

    for (unsigned jobs = 0; jobs < N_LAYERS + 3; jobs++) {
        for (int n = 0; n < N_LAYERS; n++) {
            struct using u = { .stop_at = n };
            const oci_layers_use how = { .jobs = jobs, .use = use, .ctx = &u };

            assert_fails(OCI_E_CONFLICT, &err, oci_image_use_layers(s.image, &how, &err));
            assert_int_equal(u.used, n + 1);
            oci_buf_free(&u.marks);
            assert_int_equal(count_fds(), fds);
        }
    }
    setup_free(&s);
}

OCI_TEST (layers, alone_are_read_alike) {
    struct setup s = setup_new();
    oci_error err = OCI_ERROR_INIT;

    for (unsigned jobs = 0; jobs < 3; jobs++) {
        struct using u = { .stop_at = -1 };
        const oci_layers_use how = { .jobs = jobs, .use = use, .ctx = &u };

        assert_ok(&err, oci_image_use_layer(s.image, BAD, &how, &err));
        assert_string_equal(u.marks.data, "7 ");
        oci_buf_free(&u.marks);
    }
    setup_free(&s);
}
