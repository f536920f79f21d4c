/* SPDX-License-Identifier: Apache-2.0 */
/* What an ACI becomes: a layer that is written whenever it is read, and documents that fit it. */
#include <stdio.h>

#include "layouts.h"
#include "tars.h"

static const char manifest[] = "{\"acKind\":\"ImageManifest\",\"acVersion\":\"0.8.11\",\"name\":\"example.com/app\"}";

/* The hard link comes before its target in the order of names, and after it in the archive. */
static oci_layout *aci_of(int dir)
{
    const oci_layout_options o = { .read_only = true };
    OCI_AUTO_BUF oci_buf big = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    struct tar t = tar_begin();
    oci_layout *l = NULL;

    while (big.len < 3 * OCI_STREAM_CHUNK)
        assert_int_equal(oci_buf_puts(&big, "some text that is long enough", NULL), 0);
    tar_file(&t, "manifest", manifest);
    tar_entry(&t, OCI_TAR_DIR, "rootfs", NULL);
    tar_file(&t, "rootfs/z", "hello");
    tar_entry(&t, OCI_TAR_HARDLINK, "rootfs/a", "rootfs/z");
    tar_entry(&t, OCI_TAR_SYMLINK, "rootfs/l", "/z");
    tar_bytes(&t, "rootfs/big", big.data, big.len);
    tar_file(&t, "rootfs/empty", "");
    tar_end(&t, dir, "x.aci");
    assert_ok(&err, oci_layout_open(dir, "x.aci", &o, &l, &err));
    return l;
}

static oci_descriptor layer_of(oci_layout *l, char text[OCI_DIGEST_MAX_TEXT])
{
    OCI_AUTO_BUF oci_buf bytes = OCI_BUF_INIT;
    oci_manifest *m = NULL;
    oci_descriptor d;

    assert_int_equal(oci_store_read_blob(oci_layout_store(l), oci_layout_index(l)->manifests[0], 0, &bytes, NULL), 0);
    assert_int_equal(oci_manifest_parse(bytes.data, bytes.len, NULL, &m, NULL), 0);
    assert_int_equal(m->n_layers, 1);
    d = *m->layers[0];
    snprintf(text, OCI_DIGEST_MAX_TEXT, "%s", d.digest_text);
    d.digest_text = text;
    oci_manifest_free(m);
    return d;
}

static int check_blob(void *ctx, const oci_digest *d, uint64_t size, oci_error *err)
{
    char text[OCI_DIGEST_MAX_TEXT];
    const oci_descriptor of = { .media_type = LAYER_TYPE, .digest_text = text, .digest = *d, .size = size };
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

    oci_digest_format(d, text, sizeof text);
    return oci_store_read_blob(ctx, &of, 0, &out, err);
}

static int count_blob(void *ctx, const oci_digest *d, uint64_t size, oci_error *err)
{
    (void)d;
    (void)size;
    (void)err;
    ++*(int *)ctx;
    return 0;
}

OCI_TEST (aci, has_the_blobs_that_its_documents_name) {
    int dir = scratch_new(), fds = count_fds(), count = 0;
    oci_layout *l = aci_of(dir);
    oci_error err = OCI_ERROR_INIT;
    oci_digest d;
    uint64_t size;

    assert_ok(&err, oci_store_each(oci_layout_store(l), check_blob, oci_layout_store(l), &err));
    assert_ok(&err, oci_store_each(oci_layout_store(l), count_blob, &count, &err));
    assert_int_equal(count, 3);
    assert_int_equal(oci_digest_of(OCI_DIGEST_SHA256, "nothing", 7, &d, NULL), 0);
    assert_fails(OCI_E_NOT_FOUND, &err, oci_store_stat_blob(oci_layout_store(l), &d, &size, &err));
    oci_layout_free(l);
    assert_int_equal(count_fds(), fds);
    scratch_free(dir);
}

OCI_TEST (aci, layer_has_the_order_of_the_archive) {
    static const char *const names[] = { "", "z", "a", "l", "big", "empty" };
    int dir = scratch_new();
    oci_layout *l = aci_of(dir);
    OCI_AUTO(oci_reader) reader = NULL;
    OCI_AUTO(oci_tar_reader) tar = NULL;
    char text[OCI_DIGEST_MAX_TEXT];
    oci_descriptor d = layer_of(l, text);
    const oci_tar_entry *e;

    assert_int_equal(oci_store_open_blob(oci_layout_store(l), &d, &reader, NULL), 0);
    assert_int_equal(oci_tar_reader_new(reader, NULL, &tar, NULL), 0);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        assert_int_equal(oci_tar_reader_next(tar, &e, NULL), 1);
        assert_string_equal(e->name, names[i]);
        if (e->type == OCI_TAR_HARDLINK)
            assert_string_equal(e->link, "z");
        if (e->type == OCI_TAR_SYMLINK)
            assert_string_equal(e->link, "/z");
    }
    assert_int_equal(oci_tar_reader_next(tar, &e, NULL), 0);
    assert_true(oci_tar_reader_has_end(tar));
    oci_tar_reader_free(oci_steal(&tar));
    oci_reader_free(oci_steal(&reader));
    oci_layout_free(l);
    scratch_free(dir);
}

/* All that a header tells but the names of users. */
OCI_TEST (aci, layer_has_what_headers_tell) {
    static const oci_tar_xattr attributes[] = { { "user.empty", { "", 0 } }, { "user.x", { "a\0b", 3 } } };
    const oci_tar_entry put = { .name = "rootfs/dev",
                                .name_len = strlen("rootfs/dev"),
                                .type = OCI_TAR_CHAR,
                                .mode = 04751,
                                .uid = 3000000,
                                .gid = 7,
                                .mtime = -5,
                                .mtime_nsec = 250000000,
                                .dev_major = 1,
                                .dev_minor = 3,
                                .xattrs = attributes,
                                .n_xattrs = 2 };
    const oci_layout_options o = { .read_only = true };
    int dir = scratch_new();
    struct tar t = tar_begin();
    oci_layout *l = NULL;
    OCI_AUTO(oci_reader) reader = NULL;
    OCI_AUTO(oci_tar_reader) tar = NULL;
    char text[OCI_DIGEST_MAX_TEXT];
    const oci_tar_entry *e;
    oci_descriptor d;

    assert_int_equal(oci_tar_writer_entry(t.tar, &put, NULL), 0);
    tar_file(&t, "manifest", manifest);
    tar_end(&t, dir, "x.aci");
    assert_int_equal(oci_layout_open(dir, "x.aci", &o, &l, NULL), 0);
    d = layer_of(l, text);
    assert_int_equal(oci_store_open_blob(oci_layout_store(l), &d, &reader, NULL), 0);
    assert_int_equal(oci_tar_reader_new(reader, NULL, &tar, NULL), 0);
    assert_int_equal(oci_tar_reader_next(tar, &e, NULL), 1);
    assert_string_equal(e->name, "dev");
    assert_int_equal(e->type, OCI_TAR_CHAR);
    assert_int_equal(e->mode, 04751);
    assert_int_equal(e->uid, 3000000);
    assert_int_equal(e->gid, 7);
    assert_int_equal(e->mtime, -5);
    assert_int_equal(e->mtime_nsec, 250000000);
    assert_int_equal(e->dev_major, 1);
    assert_int_equal(e->dev_minor, 3);
    assert_int_equal(e->n_xattrs, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_string_equal(e->xattrs[i].name, attributes[i].name);
        assert_int_equal(e->xattrs[i].value.len, attributes[i].value.len);
        assert_memory_equal(e->xattrs[i].value.data, attributes[i].value.data, attributes[i].value.len);
    }
    oci_tar_reader_free(oci_steal(&tar));
    oci_reader_free(oci_steal(&reader));
    oci_layout_free(l);
    scratch_free(dir);
}

/* Each reader has its own place in the layer. */
OCI_TEST (aci, layer_is_read_by_two_at_once) {
    int dir = scratch_new();
    oci_layout *l = aci_of(dir);
    OCI_AUTO(oci_reader) one = NULL;
    OCI_AUTO(oci_reader) other = NULL;
    char text[OCI_DIGEST_MAX_TEXT];
    oci_descriptor d = layer_of(l, text);
    oci_error err = OCI_ERROR_INIT;
    oci_span span;

    assert_int_equal(oci_store_open_blob(oci_layout_store(l), &d, &one, NULL), 0);
    assert_int_equal(oci_store_open_blob(oci_layout_store(l), &d, &other, NULL), 0);
    do {
        assert_ok(&err, oci_reader_next(one, &span, &err));
        if (oci_reader_count(one) > d.size / 2 && oci_reader_count(other) == 0)
            assert_ok(&err, oci_reader_drain(other, &err));
    } while (span.len > 0);
    assert_int_equal(oci_reader_count(one), d.size);
    assert_int_equal(oci_reader_count(other), d.size);
    oci_reader_free(oci_steal(&one));
    oci_reader_free(oci_steal(&other));
    oci_layout_free(l);
    scratch_free(dir);
}
