/* SPDX-License-Identifier: Apache-2.0 */
/* From tars to an image: the tars keep their bytes, and what is no layer adds nothing. */
#include <fcntl.h>
#include <unistd.h>

#include "images.h"

static const int64_t epoch = 1700000000;

static int count_blobs(int dir)
{
    int fd = openat(dir, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = count_entries(fd);

    close(fd);
    return n;
}

static int add(oci_create *c, const oci_buf *tar, oci_error *err)
{
    oci_reader *r = archive_source(tar, 1000, 0, 0);
    int result = oci_create_add_layer(c, r, "test", err);

    oci_reader_free(r);
    return result;
}

static int create(oci_layout *l, const oci_create_options *o, const oci_buf *tar, oci_digest *digest, oci_error *err)
{
    oci_create *c = NULL;
    int r = oci_create_new(l, o, &c, err);

    if (r == 0)
        r = add(c, tar, err);
    if (r == 0)
        r = oci_create_commit(c, "v1", digest, err);
    oci_create_free(c);
    return r;
}

static void simple_tar(oci_buf *tar)
{
    archive_file(tar, "hello", "hello");
    archive_end(tar);
}

static oci_image *image_of(oci_layout *l)
{
    oci_error err = OCI_ERROR_INIT;
    oci_image *i = NULL;

    assert_int_equal(oci_layout_index(l)->n_manifests, 1);
    assert_ok(&err, oci_image_open(oci_layout_store(l), oci_layout_index(l)->manifests[0], NULL, &i, &err));
    return i;
}

// proves: digest.canonicalization.allowed digest.prefer-sha256 manifest.config.portable-image
OCI_TEST (create, keeps_the_bytes_of_the_tar) {
    static const oci_compression kinds[] = { OCI_COMPRESSION_NONE, OCI_COMPRESSION_GZIP, OCI_COMPRESSION_ZSTD };
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;
    oci_digest expected, first[3], again;

    simple_tar(&tar);
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, tar.data, tar.len, &expected, &err));
    for (size_t in = 0; in < 3; in++) {
        OCI_AUTO_BUF oci_buf input = OCI_BUF_INIT;

        compress(kinds[in], &tar, &input);
        for (size_t out = 0; out < 3; out++) {
            const oci_create_options o = { .compression = kinds[out], .epoch = &epoch };
            int dir = layout_dir_new();
            oci_layout *l = layout_of(dir);
            OCI_AUTO(oci_reader) layer = NULL;
            oci_image *i;

            assert_ok(&err, create(l, &o, &input, &again, &err));
            i = image_of(l);
            assert_true(oci_digest_equal(&oci_image_config(i)->diff_ids[0].digest, &expected));
            assert_string_equal(oci_image_manifest(i)->layers[0]->media_type, oci_media_type_of_layer(kinds[out]));
            assert_string_equal(oci_image_manifest(i)->config->media_type, CONFIG_TYPE);
            assert_string_equal(oci_image_config(i)->created, "2023-11-14T22:13:20Z");
            assert_string_equal(oci_image_config(i)->history[0].created_by, "test");
            assert_ok(&err, oci_image_open_layer(i, 0, &layer, &err));
            assert_ok(&err, oci_reader_drain(layer, &err));
            /* The same tar gives the same image, however it was packed. */
            if (in == 0)
                first[out] = again;
            assert_true(oci_digest_equal(&again, &first[out]));
            oci_image_free(i);
            oci_layout_free(l);
            scratch_free(dir);
        }
    }
}

// proves: index.platform.recommended descriptor.platform.recommended
OCI_TEST (create, writes_the_platform_twice) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;
    OCI_AUTO(oci_layout) l = layout_of(dir);
    OCI_AUTO(oci_platform) platform = NULL;
    oci_create_options o = OCI_CREATE_OPTIONS_INIT;
    oci_image *i;

    assert_ok(&err, oci_platform_parse("linux/arm/v7", &platform, &err));
    o.platform = platform;
    o.algorithm = OCI_DIGEST_SHA512;
    simple_tar(&tar);
    assert_ok(&err, create(l, &o, &tar, NULL, &err));
    i = image_of(l);
    assert_string_equal(oci_layout_index(l)->manifests[0]->platform->variant, "v7");
    assert_string_equal(oci_image_config(i)->variant, "v7");
    assert_string_equal(oci_image_config(i)->architecture, "arm");
    assert_int_equal(oci_layout_index(l)->manifests[0]->digest.alg, OCI_DIGEST_SHA512);
    assert_int_equal(oci_image_config(i)->diff_ids[0].digest.alg, OCI_DIGEST_SHA512);
    oci_image_free(i);
    scratch_free(dir);
}

OCI_TEST (create, refuses_what_is_no_layer) {
    static const struct {
        const char *names[2];
        int code;
        const char *says;
    } rows[] = {
        { { "/etc/passwd" }, OCI_E_INVALID, "absolute" }, { { "../x" }, OCI_E_UNSAFE, ".." },
        { { "a/../../x" }, OCI_E_UNSAFE, ".." },          { { "a", "a" }, OCI_E_INVALID, "twice" },
        { { "a", "./a" }, OCI_E_INVALID, "twice" },       { { "a/b", "a//b" }, OCI_E_INVALID, "twice" },
        { { ".wh.x" }, OCI_E_INVALID, "whiteout" },       { { "a/.wh..wh..opq" }, OCI_E_INVALID, "whiteout" },
        { { "a/.wh.b/c" }, OCI_E_INVALID, "whiteout" },   { { "." }, OCI_E_INVALID, "root" },
    };
    oci_error err = OCI_ERROR_INIT;
    const oci_create_options o = OCI_CREATE_OPTIONS_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int dir = layout_dir_new();
        OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;
        oci_layout *l = layout_of(dir);

        for (size_t k = 0; k < 2 && rows[i].names[k] != NULL; k++)
            archive_file(&tar, rows[i].names[k], "x");
        archive_end(&tar);
        assert_fails(rows[i].code, &err, create(l, &o, &tar, NULL, &err));
        assert_says(&err, rows[i].says);
        assert_int_equal(count_blobs(dir), 0);
        assert_int_equal(oci_layout_index(l)->n_manifests, 0);
        oci_layout_free(l);
        scratch_free(dir);
    }
}

OCI_TEST (create, refuses_what_is_no_whole_archive) {
    oci_error err = OCI_ERROR_INIT;
    const oci_create_options o = OCI_CREATE_OPTIONS_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = layout_of(dir);
    OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf packed = OCI_BUF_INIT;
    char text[] = "this is no archive at all";
    oci_buf part;

    simple_tar(&tar);
    compress(OCI_COMPRESSION_GZIP, &tar, &packed);
    /* An empty stream is an archive without entries, and one may end with the last byte of a file. */
    for (size_t n = 1; n < 512 + sizeof "hello" - 1; n++) {
        part = (oci_buf) { .data = tar.data, .len = n };
        assert_fails(OCI_E_INVALID, &err, create(l, &o, &part, NULL, &err));
    }
    for (size_t n = 1; n < packed.len; n += 7) {
        part = (oci_buf) { .data = packed.data, .len = n };
        assert_fails(OCI_E_INVALID, &err, create(l, &o, &part, NULL, &err));
    }
    part = (oci_buf) { .data = text, .len = sizeof text - 1 };
    assert_fails(OCI_E_INVALID, &err, create(l, &o, &part, NULL, &err));
    assert_int_equal(count_blobs(dir), 0);
    scratch_free(dir);
}

static bool always(void *ctx)
{
    (void)ctx;
    return true;
}

OCI_TEST (create, stops_when_it_is_cancelled) {
    const oci_events events = { .cancelled = always };
    const oci_create_options o = { .events = &events };
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = layout_of(dir);
    OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;

    simple_tar(&tar);
    assert_fails(OCI_E_CANCELLED, &err, create(l, &o, &tar, NULL, &err));
    assert_int_equal(count_blobs(dir), 0);
    scratch_free(dir);
}

OCI_TEST (create, is_committed_once) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = layout_of(dir);
    OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;
    oci_create *c = NULL;

    simple_tar(&tar);
    assert_ok(&err, oci_create_new(l, NULL, &c, &err));
    assert_ok(&err, add(c, &tar, &err));
    /* A wrong name may be mended. */
    assert_fails(OCI_E_USAGE, &err, oci_create_commit(c, "no name!", NULL, &err));
    assert_ok(&err, oci_create_commit(c, "v1", NULL, &err));
    assert_fails(OCI_E_USAGE, &err, oci_create_commit(c, "v2", NULL, &err));
    oci_create_free(c);
    assert_int_equal(oci_layout_index(l)->n_manifests, 1);
    scratch_free(dir);
}

static void create_without_memory(const oci_create_options *o)
{
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new(), failed = 1, fds;
    OCI_AUTO(oci_layout) l = layout_of(dir);
    OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;

    simple_tar(&tar);
    fds = count_fds();
    for (unsigned long n = 1; failed; n++) {
        oci_reader *r = NULL;
        oci_create *c = NULL;
        int result;

        assert_ok(&err, oci_reader_from_memory(tar.data, tar.len, &r, &err));
        oci_alloc_fail_at(n);
        result = oci_create_new(l, o, &c, &err);
        if (result == 0)
            result = oci_create_add_layer(c, r, "test", &err);
        if (result == 0)
            result = oci_create_commit(c, "v1", NULL, &err);
        oci_create_free(c);
        failed = oci_alloc_failed();
        oci_alloc_fail_at(0);
        oci_reader_free(r);
        assert_int_equal(result, failed ? OCI_E_NOMEM : 0);
        assert_int_equal(oci_layout_index(l)->n_manifests, failed ? 0 : 1);
        assert_int_equal(count_fds(), fds);
    }
    scratch_free(dir);
}

OCI_TEST (create, without_memory_names_nothing) {
    static const oci_compression kinds[] = { OCI_COMPRESSION_NONE, OCI_COMPRESSION_GZIP, OCI_COMPRESSION_ZSTD };
    const oci_compress_options alone = { .threads = 1 };

    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        create_without_memory(&(oci_create_options) { .epoch = &epoch, .compression = kinds[i], .compress = &alone });
}

/* ---- directories, and what stands on another image ---- */

OCI_TEST (create, adds_a_directory) {
    const oci_create_options o = {
        .compression = OCI_COMPRESSION_ZSTD, .epoch = &epoch, .set_owner = true, .uid = 1, .gid = 2
    };
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new(), tree = scratch_new();
    OCI_AUTO(oci_layout) l = layout_of(dir);
    OCI_AUTO(oci_reader) layer = NULL;
    OCI_AUTO_BUF oci_buf list = OCI_BUF_INIT;
    oci_create *c;
    oci_image *i;

    make_file(tree, "d/f", "hello");
    assert_ok(&err, oci_create_new(l, &o, &c, &err));
    assert_ok(&err, oci_create_add_dir(c, tree, NULL, &err));
    assert_ok(&err, oci_create_commit(c, "v1", NULL, &err));
    oci_create_free(c);
    i = image_of(l);
    assert_null(oci_image_config(i)->history[0].created_by);
    assert_ok(&err, oci_image_open_layer(i, 0, &layer, &err));
    assert_int_equal(archive_list(layer, &list), 0);
    assert_non_null(strstr(list.data, "0 0 d/f (d/f) "));
    assert_non_null(strstr(list.data, " 1:2 1700000000.000000000 0,0 @0:hello /5\n"));
    oci_image_free(i);
    scratch_free(tree);
    scratch_free(dir);
}

static oci_image *only_image(oci_layout *l, const char *name)
{
    oci_error err = OCI_ERROR_INIT;
    oci_image *i = NULL;

    for (size_t k = 0; k < oci_layout_index(l)->n_manifests; k++) {
        const oci_descriptor *d = oci_layout_index(l)->manifests[k];

        if (strcmp(oci_annotations_get(d->annotations, OCI_ANNOTATION_REF_NAME), name) == 0)
            assert_ok(&err, oci_image_open(oci_layout_store(l), d, NULL, &i, &err));
    }
    assert_non_null(i);
    return i;
}

static void create_on(oci_layout *l, const oci_create_options *o, const oci_buf *tar, const char *name)
{
    oci_error err = OCI_ERROR_INIT;
    oci_create *c;

    assert_ok(&err, oci_create_new(l, o, &c, &err));
    if (tar != NULL)
        assert_ok(&err, add(c, tar, &err));
    assert_ok(&err, oci_create_commit(c, name, NULL, &err));
    oci_create_free(c);
}

// proves: config.history.count config.rootfs.diff-ids.count media.compat.docker-layer considerations.unknown-property
OCI_TEST (create, stands_on_another_image) {
    static const char config[] =
        "{\"os\":\"linux\",\"architecture\":\"amd64\",\"extra\":[1],\"config\":{\"Cmd\":[\"x\"],"
        "\"Healthcheck\":{}},\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]}}";
    oci_error err = OCI_ERROR_INIT;
    int from_dir = layout_dir_new(), to_dir = layout_dir_new();
    OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;
    oci_create_options o = { .compression = OCI_COMPRESSION_NONE, .epoch = &epoch };
    oci_layout *from, *to;
    struct blob layer, conf, manifest;
    oci_image *base, *i;

    simple_tar(&tar);
    layer = blob_put(from_dir, "application/vnd.docker.image.rootfs.diff.tar", "", "%.*s", 0, "");
    conf = blob_put(from_dir, CONFIG_TYPE, "", config, layer.digest);
    manifest = blob_put(from_dir, MANIFEST_TYPE, ",\"annotations\":{\"org.opencontainers.image.ref.name\":\"base\"}",
                        "{\"schemaVersion\":2,\"config\":%s,\"layers\":[%s]}", conf.json, layer.json);
    index_write(from_dir, "%s", manifest.json);
    from = layout_of(from_dir);
    to = layout_of(to_dir);
    base = only_image(from, "base");
    o.from = base;
    create_on(to, &o, &tar, "new");
    i = only_image(to, "new");
    assert_int_equal(oci_image_manifest(i)->n_layers, 2);
    /* The same blob under the name of the specification. */
    assert_string_equal(oci_image_manifest(i)->layers[0]->digest_text, layer.digest);
    assert_string_equal(oci_image_manifest(i)->layers[0]->media_type, OCI_MEDIA_TYPE_LAYER);
    assert_ok(&err, oci_store_stat_blob(oci_layout_store(to), &oci_image_manifest(i)->layers[0]->digest, NULL, &err));
    /* The old image had no history, so ours would have been taken for that of its layer. */
    assert_int_equal(oci_image_config(i)->n_history, 2);
    assert_null(oci_image_config(i)->history[0].created);
    assert_string_equal(oci_image_config(i)->history[1].created_by, "test");
    assert_string_equal(oci_image_config(i)->cmd.items[0], "x");
    assert_int_equal(oci_buf_append(&text, oci_image_config_bytes(i).data, oci_image_config_bytes(i).len, &err), 0);
    assert_non_null(strstr(text.data, "\"extra\":[1]"));
    assert_non_null(strstr(text.data, "\"Healthcheck\":{}"));
    oci_image_free(i);
    o.no_history = true;
    create_on(to, &o, &tar, "quiet");
    i = only_image(to, "quiet");
    assert_int_equal(oci_image_config(i)->n_history, 0);
    oci_image_free(i);
    oci_image_free(base);
    oci_layout_free(from);
    oci_layout_free(to);
    scratch_free(from_dir);
    scratch_free(to_dir);
}

OCI_TEST (create, refuses_a_configuration_that_nobody_could_read) {
    static const char *const env[] = { "no" };
    const oci_config configs[] = { { .user = "a:b:c" }, { .env = { env, 1 } }, { .author = "\xff" } };
    const int64_t late = INT64_MAX;
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = layout_of(dir);
    oci_create *c = NULL;

    for (size_t i = 0; i < sizeof configs / sizeof *configs; i++)
        assert_fails(OCI_E_USAGE, &err, oci_create_new(l, &(oci_create_options) { .config = &configs[i] }, &c, &err));
    assert_fails(OCI_E_USAGE, &err, oci_create_new(l, &(oci_create_options) { .epoch = &late }, &c, &err));
    assert_fails(OCI_E_USAGE, &err, oci_create_new(l, &(oci_create_options) { .clamp_mtime = true }, &c, &err));
    assert_fails(OCI_E_USAGE, &err,
                 oci_create_new(l, &(oci_create_options) { .set_owner = true, .uid = UINT32_MAX }, &c, &err));
    scratch_free(dir);
}

OCI_TEST (create, says_whether_mending_would_help) {
    static const struct {
        const char *name;
        bool helps;
    } rows[] = { { "/abs", true }, { "../up", true }, { "a", false } };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int dir = layout_dir_new();
        oci_layout *l = layout_of(dir);
        OCI_AUTO_BUF oci_buf tar = OCI_BUF_INIT;
        oci_create_options o = OCI_CREATE_OPTIONS_INIT;
        oci_create *c;

        archive_file(&tar, rows[i].name, "x");
        if (rows[i].helps)
            archive_end(&tar);
        else
            tar.len -= 512;
        assert_ok(&err, oci_create_new(l, &o, &c, &err));
        assert_true(add(c, &tar, &err) < 0);
        assert_int_equal(oci_create_fix_helps(c), rows[i].helps);
        oci_create_free(c);
        o.fix = true;
        assert_int_equal(create(l, &o, &tar, NULL, &err) == 0, rows[i].helps);
        oci_layout_free(l);
        scratch_free(dir);
    }
}
