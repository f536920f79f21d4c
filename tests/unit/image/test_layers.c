/* SPDX-License-Identifier: Apache-2.0 */
/* Layers are used in their order, however many of them are read ahead. */
#include "image/layers.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"
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

static void setup_open(struct setup *s)
{
    oci_error err = OCI_ERROR_INIT;

    s->layout = layout_of(s->dir);
    assert_ok(&err, oci_image_open(oci_layout_store(s->layout), oci_layout_index(s->layout)->manifests[0], NULL,
                                   &s->image, &err));
}

static struct setup setup_new(void)
{
    struct setup s = { .dir = layout_dir_new() };

    image_put_layers(s.dir, s.layers, N_LAYERS);
    setup_open(&s);
    return s;
}

/* An image of n layers, of the same blob, which should become the tar. */
static struct setup setup_large(const oci_buf *blob, const char *media_type, const oci_buf *tar, int n)
{
    struct setup s = { .dir = layout_dir_new() };
    const char *diff_ids[N_LAYERS];
    char diff_id[OCI_DIGEST_MAX_TEXT];
    oci_error err = OCI_ERROR_INIT;
    oci_digest digest;

    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, tar->data, tar->len, &digest, &err));
    oci_digest_format(&digest, diff_id, sizeof diff_id);
    for (int i = 0; i < n; i++) {
        s.layers[i] = blob_put_bytes(s.dir, media_type, "", blob->data, blob->len);
        diff_ids[i] = diff_id;
    }
    image_put_blobs(s.dir, s.layers, diff_ids, n);
    setup_open(&s);
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

/* ---- large ones ---- */

enum { CONTENT = 6000000 /* more than is read ahead */ };

static void large_tar(oci_buf *tar)
{
    OCI_AUTO_MEM unsigned char *content = oci_alloc(CONTENT);

    assert_non_null(content);
    random_seed(5);
    for (size_t i = 0; i < CONTENT; i++)
        content[i] = (unsigned char)pick(i % 7 < 3 ? 256 : 4);
    archive_header(tar, '0', "content", CONTENT);
    archive_data(tar, content, CONTENT);
    archive_end(tar);
}

static int read_through(void *ctx, oci_reader *tar, oci_error *err)
{
    uint64_t *got = ctx;
    int r = oci_reader_drain(tar, err);

    *got += oci_reader_count(tar);
    return r;
}

static int look_at_nothing(void *ctx, size_t n, oci_span head, oci_error *err)
{
    (void)ctx, (void)n, (void)head, (void)err;
    return 0;
}

/* With any number of threads, whoever hashes, heads or not: so many bytes, and then what is wrong with them. */
static void check_large(struct setup *s, uint64_t bytes, int expected)
{
    oci_error err = OCI_ERROR_INIT;
    int fds = count_fds();

    for (unsigned jobs = 0; jobs < 8; jobs += jobs < 5 ? 1 : 2)
        for (int way = 0; way < 4; way++) {
            uint64_t got = 0;
            const oci_layers_use how = { .jobs = jobs,
                                         .hashes = way % 2 > 0,
                                         .use = read_through,
                                         .foresee = way < 2 ? NULL : look_at_nothing,
                                         .ctx = &got };

            assert_int_equal(oci_image_use_layers(s->image, &how, &err), expected);
            assert_int_equal(got, bytes);
            assert_int_equal(count_fds(), fds);
        }
    setup_free(s);
}

// proves: descriptor.digest.verify diffid.uncompressed
OCI_TEST (layers, that_are_large_are_what_two_digests_say) {
    static const char *const types[] = { LAYER_TYPE, LAYER_TYPE "+gzip", LAYER_TYPE "+zstd" };
    OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT, other = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    large_tar(&tar);
    assert_ok(&err, oci_buf_append(&other, tar.data, tar.len, &err));
    other.data[600] ^= 1;
    for (oci_compression kind = OCI_COMPRESSION_NONE; kind <= OCI_COMPRESSION_ZSTD; kind++) {
        OCI_AUTO_BUF oci_buf blob = OCI_BUF_INIT;
        struct setup s;

        compress(kind, &tar, &blob);
        for (int n = 1; n <= 2; n++) {
            s = setup_large(&blob, types[kind], &tar, n);
            check_large(&s, (uint64_t)n * tar.len, 0);
        }
        s = setup_large(&blob, types[kind], &other, 2);
        check_large(&s, tar.len, OCI_E_DIGEST);
        /* A blob that decodes as it should but is another one. */
        blob.data[blob.len / 2] ^= 1;
        s = setup_large(&blob, types[kind], &tar, 1);
        blob.data[blob.len / 2] ^= 1;
        file_write(s.dir, s.layers[0].path, blob.data, blob.len);
        check_large(&s, tar.len, OCI_E_DIGEST);
    }
}

/* ---- looking at them before ---- */

static int look(void *ctx, size_t n, oci_span head, oci_error *err)
{
    struct using *u = ctx;

    /* Before the first one is used. */
    assert_int_equal(u->used, 0);
    assert_true(head.len > 512);
    assert_int_equal(atoi((const char *)head.data + 512), n);
    if ((int)n == u->stop_at)
        return oci_fail(err, OCI_E_CONFLICT, "enough");
    return oci_buf_printf(&u->marks, err, "(%zu) ", n);
}

OCI_TEST (layers, are_looked_at_from_the_top_down) {
    struct setup s = setup_new();
    oci_error err = OCI_ERROR_INIT;
    int fds = count_fds();

    for (unsigned jobs = 0; jobs < N_LAYERS + 3; jobs++) {
        struct using u = { .stop_at = -1 };
        const oci_layers_use how = { .jobs = jobs, .use = use, .foresee = look, .ctx = &u };

        assert_ok(&err, oci_image_use_layers(s.image, &how, &err));
        assert_string_equal(u.marks.data,
                            jobs == 1 ? "0 1 2 3 4 5 6 7 8 9 10 11 "
                                      : "(11) (10) (9) (8) (7) (6) (5) (4) (3) (2) (1) 0 1 2 3 4 5 6 7 8 9 10 11 ");
        oci_buf_free(&u.marks);
        u = (struct using) { .stop_at = 5 };
        assert_fails(OCI_E_CONFLICT, &err, oci_image_use_layers(s.image, &how, &err));
        oci_buf_free(&u.marks);
        assert_int_equal(count_fds(), fds);
    }
    setup_free(&s);
}

/* What cannot be looked at is told when its turn has come, and what lies below it is used until then. */
OCI_TEST (layers, that_are_damaged_are_not_told_before_their_turn) {
    struct setup s = setup_new();
    oci_error err = OCI_ERROR_INIT;
    int fds = count_fds();

    assert_int_equal(unlinkat(s.dir, s.layers[BAD].path, 0), 0);
    file_write(s.dir, s.layers[BAD + 2].path, "damage", 6);
    for (unsigned jobs = 0; jobs < N_LAYERS + 3; jobs++) {
        struct using u = { .stop_at = -1 };
        const oci_layers_use how = { .jobs = jobs, .use = use, .foresee = look, .ctx = &u };

        assert_true(oci_image_use_layers(s.image, &how, &err) < 0);
        assert_says(&err, "layer 8 (");
        assert_string_equal(u.marks.data,
                            jobs == 1 ? "0 1 2 3 4 5 6 " : "(11) (10) (8) (6) (5) (4) (3) (2) (1) 0 1 2 3 4 5 6 ");
        oci_buf_free(&u.marks);
        assert_int_equal(count_fds(), fds);
    }
    setup_free(&s);
}

/* ---- ten thousand ways to be stopped ---- */

struct stopper {
    unsigned after; /* so many questions; 0: never */
};

static bool stop_after(void *ctx)
{
    struct stopper *s = ctx;

    return s->after > 0 && --s->after == 0;
}

static unsigned rounds(void)
{
    const char *wanted = getenv("OCI_TEST_ROUNDS");

    return wanted != NULL ? (unsigned)strtoul(wanted, NULL, 10) : 500;
}

/* Cancelled, short of memory or with damage in a layer, at any moment and with any number of threads: no wait, no leak,
 * no result. OCI_TEST_ROUNDS=10000 tries that often. */
static void stop_rounds(struct setup *s, unsigned layers, unsigned n)
{
    oci_error err = OCI_ERROR_INIT;
    int out = scratch_new(), fds = count_fds();
    unsigned stopped = 0;

    random_seed(3);
    for (; n > 0; n--) {
        struct stopper stopper = { 0 };
        oci_events events = { .ctx = &stopper, .cancelled = stop_after };
        oci_unpack_options o = { .events = &events };
        const char *bad = s->layers[pick(layers)].path;
        OCI_AUTO_BUF oci_buf good = OCI_BUF_INIT;
        bool failed = true;
        int r;

        o.jobs = pick(5);
        o.rootfs_only = pick(2);
        switch (pick(3)) {
        case 0:
            stopper.after = 1 + pick(150);
            break;
        case 1:
            oci_alloc_fail_at(1 + pick(900));
            break;
        default:
            file_read(s->dir, bad, &good);
            good.data[good.len / 2] ^= 1;
            file_write(s->dir, bad, good.data, pick(2) ? good.len : 6);
            good.data[good.len / 2] ^= 1;
        }
        r = oci_unpack(s->image, out, "b", &o, &err);
        failed = r < 0;
        oci_alloc_fail_at(0);
        if (good.len > 0)
            file_write(s->dir, bad, good.data, good.len);
        stopped += failed;
        assert_true(failed || good.len == 0);
        assert_int_equal(count_entries(out), failed ? 0 : 1);
        assert_int_equal(count_fds(), fds);
        if (!failed)
            assert_ok(&err, oci_entry_remove(out, "b", &err));
    }
    assert_true(stopped > 0);
    scratch_free(out);
}

OCI_TEST (layers, leave_nothing_whenever_they_are_stopped) {
    struct setup s = setup_new();

    stop_rounds(&s, N_LAYERS, rounds());
    setup_free(&s);
}

OCI_TEST (layers, leave_nothing_when_one_alone_is_stopped) {
    OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT, blob = OCI_BUF_INIT;
    struct setup s;

    large_tar(&tar);
    compress(OCI_COMPRESSION_GZIP, &tar, &blob);
    s = setup_large(&blob, LAYER_TYPE "+gzip", &tar, 1);
    stop_rounds(&s, 1, rounds() / 4 + 20);
    setup_free(&s);
}
