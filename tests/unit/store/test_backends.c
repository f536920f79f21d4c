/* SPDX-License-Identifier: Apache-2.0 */
/* What every store promises, asked of each of them: a backend is a row of the table below. */
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "layouts.h"
#include "tars.h"

enum { N_BLOBS = 3 };
static const char *const contents[N_BLOBS] = { "hello", "{\"of\":\"json\"}", "" };

struct backend {
    int dir;
    oci_layout *layout; /* or NULL */
    oci_store *store;
};

static void put_all(oci_store *s)
{
    for (size_t i = 0; i < N_BLOBS; i++)
        assert_int_equal(oci_store_put(s, OCI_DIGEST_SHA256, contents[i], strlen(contents[i]), NULL, NULL), 0);
}

static void open_read_only(struct backend *b, const char *name, const char *blobs)
{
    const oci_layout_options o = { .read_only = true, .blobs = blobs };
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_layout_open(b->dir, name, &o, &b->layout, &err));
    b->store = oci_layout_store(b->layout);
}

static void make_directory(struct backend *b)
{
    b->dir = layout_dir_new();
    b->layout = layout_of(b->dir);
    b->store = oci_layout_store(b->layout);
    put_all(b->store);
}

/* One blob is in the layout, the others are elsewhere. */
static void make_shared(struct backend *b)
{
    char path[64];

    b->dir = layout_dir_new();
    make_dir(b->dir, "shared/sha256");
    for (size_t i = 0; i < N_BLOBS; i++) {
        struct blob blob = blob_put_bytes(b->dir, LAYER_TYPE, "", contents[i], strlen(contents[i]));
        OCI_AUTO_BUF oci_buf to = OCI_BUF_INIT;

        if (i == 0)
            continue;
        assert_int_equal(oci_buf_printf(&to, NULL, "shared/%s", blob.path + strlen("blobs/")), 0);
        assert_int_equal(renameat(b->dir, blob.path, b->dir, to.data), 0);
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d/shared", b->dir);
    open_read_only(b, ".", path);
}

static void make_oci_archive(struct backend *b)
{
    struct tar t = tar_begin();

    b->dir = scratch_new();
    tar_file(&t, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
    for (size_t i = 0; i < N_BLOBS; i++)
        tar_blob(&t, contents[i], strlen(contents[i]));
    tar_file(&t, "index.json", "{\"schemaVersion\":2,\"manifests\":[]}");
    tar_end(&t, b->dir, "image.tar");
    open_read_only(b, "image.tar", NULL);
}

/* Layers that are no tars, which a store does not look at. */
static void make_docker_archive(struct backend *b)
{
    OCI_AUTO_BUF oci_buf ids = OCI_BUF_INIT;
    struct tar t = tar_begin();

    b->dir = scratch_new();
    for (size_t i = 0; i < N_BLOBS; i++) {
        char name[] = "0/layer.tar", digest[OCI_DIGEST_MAX_TEXT];
        oci_digest d;

        name[0] = (char)('0' + i);
        tar_file(&t, name, contents[i]);
        assert_int_equal(oci_digest_of(OCI_DIGEST_SHA256, contents[i], strlen(contents[i]), &d, NULL), 0);
        oci_digest_format(&d, digest, sizeof digest);
        assert_int_equal(oci_buf_printf(&ids, NULL, "%s\"%s\"", i > 0 ? "," : "", digest), 0);
    }
    tar_printf(&t, "c.json", "{\"os\":\"linux\",\"architecture\":\"amd64\",\"rootfs\":{\"diff_ids\":[%s]}}", ids.data);
    tar_file(&t, "manifest.json",
             "[{\"Config\":\"c.json\",\"Layers\":[\"0/layer.tar\",\"1/layer.tar\",\"2/layer.tar\"]}]");
    tar_end(&t, b->dir, "image.tar");
    open_read_only(b, "image.tar", NULL);
}

static void make_memory(struct backend *b)
{
    b->dir = scratch_new();
    assert_int_equal(oci_store_new_memory(&b->store, NULL), 0);
    put_all(b->store);
}

static const struct row {
    const char *name;
    void (*make)(struct backend *b);
    bool writes;
    size_t more; /* blobs besides those of contents */
} rows[] = {
    { "directory", make_directory, true, 0 },
    { "directory with shared blobs", make_shared, false, 0 },
    { "oci-archive", make_oci_archive, false, 0 },
    { "docker-archive", make_docker_archive, false, 2 },
    { "memory", make_memory, true, 0 },
};

static void backend_free(struct backend *b)
{
    if (b->layout != NULL)
        oci_layout_free(b->layout);
    else
        oci_store_free(b->store);
    scratch_free(b->dir);
}

/* Runs a check on every backend; what it leaves open is a failure. */
static void on_each(void (*check)(const struct row *row, oci_store *s))
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct backend b = { .dir = -1 };
        int fds = count_fds();

        rows[i].make(&b);
        check(&rows[i], b.store);
        backend_free(&b);
        if (count_fds() != fds)
            fail_msg("%s: descriptors are left open", rows[i].name);
    }
}

static oci_descriptor descriptor_of_content(const char *content, char text[OCI_DIGEST_MAX_TEXT])
{
    oci_descriptor d = { .media_type = LAYER_TYPE, .digest_text = text, .size = strlen(content) };

    assert_int_equal(oci_digest_of(OCI_DIGEST_SHA256, content, strlen(content), &d.digest, NULL), 0);
    oci_digest_format(&d.digest, text, OCI_DIGEST_MAX_TEXT);
    return d;
}

static void check_reading(const struct row *row, oci_store *s)
{
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < N_BLOBS; i++) {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
        char text[OCI_DIGEST_MAX_TEXT];
        oci_descriptor d = descriptor_of_content(contents[i], text);
        uint64_t size = 77;

        print_message("%s: %s\n", row->name, text);
        assert_ok(&err, oci_store_stat_blob(s, &d.digest, &size, &err));
        assert_int_equal(size, strlen(contents[i]));
        assert_ok(&err, oci_store_read_blob(s, &d, 0, &out, &err));
        assert_int_equal(out.len, strlen(contents[i]));
        assert_memory_equal(out.len > 0 ? out.data : "", contents[i], out.len);
        d.size++;
        assert_fails(OCI_E_SIZE, &err, oci_store_read_blob(s, &d, 0, &out, &err));
    }
}

// proves: layout.blobs.path-scheme digest.verify.before-use
OCI_TEST (backend, gives_what_is_there) {
    on_each(check_reading);
}

static void check_absent(const struct row *row, oci_store *s)
{
    static const oci_digest_alg algorithms[] = { OCI_DIGEST_SHA256, OCI_DIGEST_SHA512 };
    oci_error err = OCI_ERROR_INIT;

    (void)row;
    for (size_t i = 0; i < sizeof algorithms / sizeof algorithms[0]; i++) {
        char text[OCI_DIGEST_MAX_TEXT];
        oci_descriptor d = { .media_type = LAYER_TYPE, .digest_text = text, .size = 5 };
        oci_reader *reader = NULL;
        uint64_t size;

        assert_int_equal(oci_digest_of(algorithms[i], "nothing", 7, &d.digest, NULL), 0);
        oci_digest_format(&d.digest, text, sizeof text);
        assert_fails(OCI_E_NOT_FOUND, &err, oci_store_stat_blob(s, &d.digest, &size, &err));
        assert_says(&err, text);
        assert_fails(OCI_E_NOT_FOUND, &err, oci_store_open_blob(s, &d, &reader, &err));
        assert_says(&err, text);
        assert_null(reader);
    }
}

OCI_TEST (backend, tells_what_is_not_there) {
    on_each(check_absent);
}

struct listed {
    char before[OCI_DIGEST_MAX_TEXT];
    size_t count, known, stop;
};

static int list(void *ctx, const oci_digest *d, uint64_t size, oci_error *err)
{
    struct listed *l = ctx;
    char text[OCI_DIGEST_MAX_TEXT];

    (void)err;
    oci_digest_format(d, text, sizeof text);
    assert_true(strcmp(l->before, text) < 0);
    snprintf(l->before, sizeof l->before, "%s", text);
    for (size_t i = 0; i < N_BLOBS; i++) {
        char known[OCI_DIGEST_MAX_TEXT];
        oci_descriptor of = descriptor_of_content(contents[i], known);

        if (oci_digest_equal(&of.digest, d)) {
            l->known++;
            assert_int_equal(size, of.size);
        }
    }
    return ++l->count == l->stop ? 7 : 0;
}

static void check_listing(const struct row *row, oci_store *s)
{
    struct listed all = { .stop = 0 }, one = { .stop = 1 };
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_store_each(s, list, &all, &err));
    assert_int_equal(all.known, N_BLOBS);
    assert_int_equal(all.count, N_BLOBS + row->more);
    assert_int_equal(oci_store_each(s, list, &one, &err), 7);
    assert_int_equal(one.count, 1);
}

/* The shared directory comes after the layout's own. */
OCI_TEST (backend, lists_its_blobs_in_order) {
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct backend b = { .dir = -1 };

        if (rows[i].make == make_shared)
            continue;
        rows[i].make(&b);
        check_listing(&rows[i], b.store);
        backend_free(&b);
    }
}

static void check_writing(const struct row *row, oci_store *s)
{
    OCI_AUTO(oci_ingest) ingest = NULL;
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    char text[OCI_DIGEST_MAX_TEXT];
    oci_descriptor d = descriptor_of_content("new", text);
    oci_error err = OCI_ERROR_INIT;
    oci_digest got;
    uint64_t size;

    if (!row->writes) {
        int r = oci_store_begin(s, OCI_DIGEST_SHA256, &ingest, &err);

        assert_true(r == OCI_E_UNSUPPORTED || r == OCI_E_PERM);
        r = oci_store_delete_blob(s, &d.digest, &err);
        assert_true(r == OCI_E_UNSUPPORTED || r == OCI_E_PERM);
        return;
    }
    assert_ok(&err, oci_store_begin(s, OCI_DIGEST_SHA256, &ingest, &err));
    assert_ok(&err, oci_ingest_write(ingest, "ne", 2, &err));
    assert_ok(&err, oci_ingest_write(ingest, "w", 1, &err));
    assert_fails(OCI_E_NOT_FOUND, &err, oci_store_stat_blob(s, &d.digest, NULL, &err));
    assert_ok(&err, oci_ingest_commit(oci_steal(&ingest), &d.digest, &got, &size, &err));
    assert_true(oci_digest_equal(&got, &d.digest));
    assert_int_equal(size, 3);
    assert_ok(&err, oci_store_read_blob(s, &d, 0, &out, &err));
    assert_string_equal(out.data, "new");
    /* Again is as good as once; what is thrown away was never there. */
    assert_ok(&err, oci_store_put(s, OCI_DIGEST_SHA256, "new", 3, NULL, &err));
    assert_ok(&err, oci_store_begin(s, OCI_DIGEST_SHA512, &ingest, &err));
    assert_ok(&err, oci_ingest_write(ingest, "other", 5, &err));
    oci_ingest_abort(oci_steal(&ingest));
    for (int i = 0; i < 2; i++)
        assert_ok(&err, oci_store_delete_blob(s, &d.digest, &err));
    assert_fails(OCI_E_NOT_FOUND, &err, oci_store_stat_blob(s, &d.digest, NULL, &err));
}

OCI_TEST (backend, takes_new_content_or_says_that_it_does_not) {
    on_each(check_writing);
}

static void *read_often(void *store)
{
    for (int i = 0; i < 50; i++)
        for (size_t k = 0; k < N_BLOBS; k++) {
            OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
            char text[OCI_DIGEST_MAX_TEXT];
            oci_descriptor d = descriptor_of_content(contents[k], text);

            if (oci_store_read_blob(store, &d, 0, &out, NULL) < 0)
                return store;
        }
    return NULL;
}

static void check_threads(const struct row *row, oci_store *s)
{
    pthread_t threads[4];

    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_often, s), 0);
    for (size_t i = 0; i < 4; i++) {
        void *failed = NULL;

        assert_int_equal(pthread_join(threads[i], &failed), 0);
        if (failed != NULL)
            fail_msg("%s: reading failed", row->name);
    }
}

OCI_TEST (backend, is_read_by_several_threads_at_once) {
    on_each(check_threads);
}
