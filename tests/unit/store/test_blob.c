/* SPDX-License-Identifier: Apache-2.0 */
/* Reading: what is in a blob is what its descriptor promised, or nothing at all is given. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "layouts.h"

struct setup {
    int dir;
    oci_layout *layout;
    oci_store *store;
    oci_error err;
};

static struct setup setup_new(void)
{
    struct setup s = { .dir = layout_dir_new(), .err = OCI_ERROR_INIT };

    s.layout = layout_of(s.dir);
    s.store = oci_layout_store(s.layout);
    return s;
}

static void setup_free(struct setup *s)
{
    oci_layout_free(s->layout);
    scratch_free(s->dir);
}

// proves: layout.blobs.path-scheme
OCI_TEST (blob, is_read_from_its_path) {
    struct setup s = setup_new();
    struct blob b = blob_put(s.dir, LAYER_TYPE, "", "hello");
    oci_descriptor d = descriptor_of(b.digest, b.size);
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    uint64_t size = 0;

    assert_string_equal(b.path, "blobs/sha256/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824");
    assert_ok(&s.err, oci_store_read_blob(s.store, &d, 0, &out, &s.err));
    assert_string_equal(out.data, "hello");
    assert_ok(&s.err, oci_store_stat_blob(s.store, &d.digest, &size, &s.err));
    assert_int_equal(size, 5);
    assert_ok(&s.err, oci_store_stat_blob(s.store, &d.digest, NULL, &s.err));

    /* Nowhere else. */
    assert_int_equal(renameat(s.dir, b.path, s.dir, strrchr(b.path, '/') + 1), 0);
    assert_fails(OCI_E_NOT_FOUND, &s.err, oci_store_read_blob(s.store, &d, 0, &out, &s.err));
    assert_says(&s.err, b.digest);
    assert_fails(OCI_E_NOT_FOUND, &s.err, oci_store_stat_blob(s.store, &d.digest, &size, &s.err));
    setup_free(&s);
}

OCI_TEST (blob, output_is_written_on_success_only) {
    struct setup s = setup_new();
    struct blob b = blob_put(s.dir, LAYER_TYPE, "", "hello");
    oci_descriptor d = descriptor_of(b.digest, b.size);
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

    assert_ok(&s.err, oci_buf_puts(&out, "before", &s.err));
    file_write(s.dir, b.path, "hellO", 5);
    assert_fails(OCI_E_DIGEST, &s.err, oci_store_read_blob(s.store, &d, 0, &out, &s.err));
    assert_string_equal(out.data, "before");
    file_write(s.dir, b.path, "hello", 5);
    assert_ok(&s.err, oci_store_read_blob(s.store, &d, 0, &out, &s.err));
    assert_string_equal(out.data, "hello");
    setup_free(&s);
}

// proves: safety.11 digest.verify.before-use
OCI_TEST (blob, of_other_bytes_or_another_length_is_refused) {
    static const struct {
        const char *content;
        int code;
    } rows[] = {
        { "hellO", OCI_E_DIGEST },
        { "hell", OCI_E_SIZE },
        { "hello!", OCI_E_SIZE },
        { "", OCI_E_SIZE },
    };
    struct setup s = setup_new();
    struct blob b = blob_put(s.dir, LAYER_TYPE, "", "hello");
    oci_descriptor d = descriptor_of(b.digest, b.size);
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        file_write(s.dir, b.path, rows[i].content, strlen(rows[i].content));
        assert_fails(rows[i].code, &s.err, oci_store_read_blob(s.store, &d, 0, &out, &s.err));
        assert_null(out.data);
    }
    /* The content is right, the descriptor is not. */
    file_write(s.dir, b.path, "hello", 5);
    d.size = 6;
    assert_fails(OCI_E_SIZE, &s.err, oci_store_read_blob(s.store, &d, 0, &out, &s.err));
    d.size = UINT64_MAX;
    assert_fails(OCI_E_SIZE, &s.err, oci_store_read_blob(s.store, &d, 0, &out, &s.err));
    setup_free(&s);
}

// proves: safety.11
OCI_TEST (blob, that_grows_while_it_is_read_is_refused) {
    struct setup s = setup_new();
    struct blob b = blob_put(s.dir, LAYER_TYPE, "", "hello");
    oci_descriptor d = descriptor_of(b.digest, b.size);
    OCI_AUTO(oci_reader) r = NULL;

    assert_ok(&s.err, oci_store_open_blob(s.store, &d, &r, &s.err));
    file_write(s.dir, b.path, "hello, and more", 15);
    assert_fails(OCI_E_SIZE, &s.err, oci_reader_drain(r, &s.err));
    setup_free(&s);
}

// proves: safety.11
OCI_TEST (blob, is_a_regular_file_of_the_layout) {
    struct setup s = setup_new();
    struct blob b = blob_put(s.dir, LAYER_TYPE, "", "hello");
    oci_descriptor d = descriptor_of(b.digest, b.size);
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    int outside = scratch_new();
    char to[300], where[256];
    ssize_t n;

    /* A link to a file inside of the layout's own tree is what real layouts have. */
    assert_int_equal(renameat(s.dir, b.path, s.dir, "elsewhere"), 0);
    make_link(s.dir, b.path, "../../elsewhere");
    assert_ok(&s.err, oci_store_read_blob(s.store, &d, 0, &out, &s.err));
    assert_string_equal(out.data, "hello");

    /* The right content outside is not reached, by an absolute link or a climbing one. */
    make_file(outside, "hello", "hello");
    snprintf(to, sizeof to, "/proc/self/fd/%d", outside);
    n = readlink(to, where, sizeof where - 1);
    assert_true(n > 0);
    where[n] = '\0';
    for (int climbing = 0; climbing < 2; climbing++) {
        snprintf(to, sizeof to, "%s%s/hello", climbing ? "../../../../../../../../.." : "", where);
        assert_int_equal(unlinkat(s.dir, b.path, 0), 0);
        make_link(s.dir, b.path, to);
        assert_fails(OCI_E_NOT_FOUND, &s.err, oci_store_read_blob(s.store, &d, 0, &out, &s.err));
    }

    /* Nothing that blocks, and no directory. */
    assert_int_equal(unlinkat(s.dir, b.path, 0), 0);
    assert_int_equal(mkfifoat(s.dir, b.path, 0644), 0);
    assert_fails(OCI_E_INVALID, &s.err, oci_store_read_blob(s.store, &d, 0, &out, &s.err));
    assert_fails(OCI_E_INVALID, &s.err, oci_store_stat_blob(s.store, &d.digest, NULL, &s.err));
    assert_int_equal(unlinkat(s.dir, b.path, 0), 0);
    make_dir(s.dir, b.path);
    assert_fails(OCI_E_INVALID, &s.err, oci_store_read_blob(s.store, &d, 0, &out, &s.err));
    scratch_free(outside);
    setup_free(&s);
}

OCI_TEST (blob, in_the_descriptor_needs_no_file) {
    struct setup s = setup_new();
    struct blob b = blob_put(s.dir, LAYER_TYPE, "", "hello");
    oci_descriptor d = descriptor_of(b.digest, b.size);
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

    assert_int_equal(unlinkat(s.dir, b.path, 0), 0);
    d.has_data = true;
    d.data = (oci_span) { "hello", 5 };
    assert_ok(&s.err, oci_store_read_blob(s.store, &d, 0, &out, &s.err));
    assert_string_equal(out.data, "hello");
    setup_free(&s);
}

/* A caller may make descriptors by hand, and nobody looked at those. */
// proves: safety.11
OCI_TEST (blob, in_the_descriptor_is_verified_like_a_file) {
    struct setup s = setup_new();
    struct blob b = blob_put(s.dir, LAYER_TYPE, "", "hello");
    oci_descriptor d = descriptor_of(b.digest, b.size);
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

    d.has_data = true;
    d.data = (oci_span) { "hellO", 5 };
    assert_fails(OCI_E_DIGEST, &s.err, oci_store_read_blob(s.store, &d, 0, &out, &s.err));
    d.data = (oci_span) { "hello, and more", 15 };
    assert_fails(OCI_E_SIZE, &s.err, oci_store_read_blob(s.store, &d, 0, &out, &s.err));
    d.data = (oci_span) { NULL, 0 };
    assert_fails(OCI_E_SIZE, &s.err, oci_store_read_blob(s.store, &d, 0, &out, &s.err));
    setup_free(&s);
}

// proves: safety.12
OCI_TEST (blob, of_an_unknown_algorithm_becomes_no_path) {
    struct setup s = setup_new();
    oci_descriptor d = { .media_type = LAYER_TYPE, .digest_text = "blake9:abc", .size = 3 };
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

    make_file(s.dir, "blobs/blake9/abc", "abc");
    make_file(s.dir, "blobs/(null)/x", "abc");
    assert_fails(OCI_E_UNSUPPORTED, &s.err, oci_store_read_blob(s.store, &d, 0, &out, &s.err));
    assert_says(&s.err, "blake9:abc");
    d.has_data = true;
    d.data = (oci_span) { "abc", 3 };
    assert_fails(OCI_E_UNSUPPORTED, &s.err, oci_store_read_blob(s.store, &d, 0, &out, &s.err));
    assert_fails(OCI_E_UNSUPPORTED, &s.err, oci_store_stat_blob(s.store, &d.digest, NULL, &s.err));
    assert_fails(OCI_E_UNSUPPORTED, &s.err, oci_store_delete_blob(s.store, &d.digest, &s.err));
    assert_true(exists(s.dir, "blobs/(null)/x"));
    setup_free(&s);
}

OCI_TEST (blob, above_the_limit_is_not_read) {
    struct setup s = setup_new();
    struct blob b = blob_put(s.dir, LAYER_TYPE, "", "hello");
    oci_descriptor d = descriptor_of(b.digest, b.size);
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

    assert_ok(&s.err, oci_store_read_blob(s.store, &d, 5, &out, &s.err));
    assert_int_equal(unlinkat(s.dir, b.path, 0), 0);
    assert_fails(OCI_E_LIMIT, &s.err, oci_store_read_blob(s.store, &d, 4, &out, &s.err));
    setup_free(&s);
}

/* ---- all of them ---- */

static int list(void *ctx, const oci_digest *d, uint64_t size, oci_error *err)
{
    char text[OCI_DIGEST_MAX_TEXT];

    oci_digest_format(d, text, sizeof text);
    return oci_buf_printf(ctx, err, "%.*s=%d ", 11, text, (int)size);
}

static int stop(void *ctx, const oci_digest *d, uint64_t size, oci_error *err)
{
    (void)d, (void)size, (void)err;
    ++*(int *)ctx;
    return 7;
}

// proves: layout.unknown-files.no-error
OCI_TEST (each, gives_every_blob_in_order_and_nothing_else) {
    struct setup s = setup_new();
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    oci_digest d;
    int calls = 0;

    blob_put(s.dir, LAYER_TYPE, "", "hello");  /* 2cf2 */
    blob_put(s.dir, LAYER_TYPE, "", "b");      /* 3e23 */
    blob_put(s.dir, LAYER_TYPE, "", "%s", ""); /* e3b0 */
    assert_ok(&s.err, oci_store_put(s.store, OCI_DIGEST_SHA512, "x", 1, &d, &s.err));
    make_file(s.dir, "blobs/README", "none");
    make_file(s.dir, "blobs/sha256/README", "none");
    make_file(s.dir, "blobs/sha256/0123.tmp", "none");
    make_file(s.dir, "blobs/blake9/abc", "none");
    make_file(s.dir, "blobs/.tmp/abc", "none");
    make_dir(s.dir, "blobs/sha256/0000000000000000000000000000000000000000000000000000000000000000");
    assert_ok(&s.err, oci_store_each(s.store, list, &out, &s.err));
    assert_string_equal(out.data, "sha256:2cf2=5 sha256:3e23=1 sha256:e3b0=0 sha512:a4ab=1 ");
    assert_int_equal(oci_store_each(s.store, stop, &calls, &s.err), 7);
    assert_int_equal(calls, 1);
    setup_free(&s);
}

OCI_TEST (each, of_a_layout_without_blobs_is_nothing) {
    struct setup s = setup_new();
    int calls = 0;

    assert_ok(&s.err, oci_store_each(s.store, stop, &calls, &s.err));
    assert_int_equal(oci_entry_remove(s.dir, "blobs", NULL), 0);
    assert_ok(&s.err, oci_store_each(s.store, stop, &calls, &s.err));
    assert_int_equal(calls, 0);
    setup_free(&s);
}

OCI_TEST (delete, removes_one_and_absent_is_success) {
    struct setup s = setup_new();
    struct blob a = blob_put(s.dir, LAYER_TYPE, "", "a"), b = blob_put(s.dir, LAYER_TYPE, "", "b");
    oci_descriptor d = descriptor_of(a.digest, 1);

    assert_ok(&s.err, oci_store_delete_blob(s.store, &d.digest, &s.err));
    assert_false(exists(s.dir, a.path));
    assert_true(exists(s.dir, b.path));
    assert_ok(&s.err, oci_store_delete_blob(s.store, &d.digest, &s.err));
    assert_int_equal(oci_entry_remove(s.dir, "blobs", NULL), 0);
    assert_ok(&s.err, oci_store_delete_blob(s.store, &d.digest, &s.err));

    /* The link goes, not what it leads to. */
    make_file(s.dir, "precious", "a");
    make_link(s.dir, a.path, "../../precious");
    assert_ok(&s.err, oci_store_delete_blob(s.store, &d.digest, &s.err));
    assert_false(exists(s.dir, a.path));
    assert_true(exists(s.dir, "precious"));
    setup_free(&s);
}
