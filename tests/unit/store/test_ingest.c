/* SPDX-License-Identifier: Apache-2.0 */
/* New content: whole and under its own name, or not there. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "digest/digest_auto.h"
#include "layouts.h"

static const char hello_path[] = "blobs/sha256/2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

static int count_blobs(int dir)
{
    int fd = openat(dir, "blobs/sha256", O_RDONLY | O_DIRECTORY | O_CLOEXEC), n = count_entries(fd);

    close(fd);
    return n;
}

static void assert_content(int dir, const char *path, const char *text)
{
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

    file_read(dir, path, &out);
    assert_int_equal(out.len, strlen(text));
    assert_memory_equal(out.len > 0 ? out.data : "", text, out.len);
}

OCI_TEST (ingest, is_invisible_until_it_is_committed) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = layout_of(dir);
    OCI_AUTO(oci_ingest) i = NULL;
    uint64_t size = 0;
    oci_digest got;

    assert_ok(&err, oci_store_begin(oci_layout_store(l), OCI_DIGEST_SHA256, &i, &err));
    assert_ok(&err, oci_ingest_write(i, "hel", 3, &err));
    assert_ok(&err, oci_ingest_write(i, NULL, 0, &err));
    assert_ok(&err, oci_ingest_write(i, "lo", 2, &err));
    assert_false(exists(dir, hello_path));
    assert_ok(&err, oci_ingest_commit(oci_steal(&i), NULL, &got, &size, &err));
    assert_int_equal(size, 5);
    assert_content(dir, hello_path, "hello");
    assert_int_equal(count_blobs(dir), 1);
    scratch_free(dir);
}

// proves: safety.20
OCI_TEST (ingest, that_is_aborted_leaves_nothing) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new(), fds = count_fds();
    oci_layout *l = layout_of(dir);
    oci_ingest *i = NULL;
    oci_digest other = { 0 };

    assert_ok(&err, oci_store_begin(oci_layout_store(l), OCI_DIGEST_SHA256, &i, &err));
    assert_ok(&err, oci_ingest_write(i, "hello", 5, &err));
    oci_ingest_abort(i);
    oci_ingest_abort(NULL);
    assert_int_equal(count_blobs(dir), 0);

    /* The same when it is not what was expected. */
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, "hellO", 5, &other, &err));
    assert_ok(&err, oci_store_begin(oci_layout_store(l), OCI_DIGEST_SHA256, &i, &err));
    assert_ok(&err, oci_ingest_write(i, "hello", 5, &err));
    assert_fails(OCI_E_DIGEST, &err, oci_ingest_commit(i, &other, NULL, NULL, &err));
    assert_says(&err, "2cf24dba");
    assert_int_equal(count_blobs(dir), 0);
    /* The right digest of another algorithm is another digest. */
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA512, "hello", 5, &other, &err));
    assert_ok(&err, oci_store_begin(oci_layout_store(l), OCI_DIGEST_SHA256, &i, &err));
    assert_ok(&err, oci_ingest_write(i, "hello", 5, &err));
    assert_fails(OCI_E_DIGEST, &err, oci_ingest_commit(i, &other, NULL, NULL, &err));
    assert_int_equal(count_blobs(dir), 0);
    oci_layout_free(l);
    assert_int_equal(count_fds(), fds);
    scratch_free(dir);
}

// proves: safety.20
OCI_TEST (ingest, never_writes_a_right_blob_again) {
    const struct timespec past[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = layout_of(dir);
    struct stat before, after;

    blob_put(dir, LAYER_TYPE, "", "hello");
    assert_int_equal(utimensat(dir, hello_path, past, 0), 0);
    assert_int_equal(fstatat(dir, hello_path, &before, 0), 0);
    assert_ok(&err, oci_store_put(oci_layout_store(l), OCI_DIGEST_SHA256, "hello", 5, NULL, &err));
    assert_int_equal(fstatat(dir, hello_path, &after, 0), 0);
    assert_int_equal(after.st_ino, before.st_ino);
    assert_int_equal(after.st_mtime, 1000);
    /* Who sweeps by age can see that it was used. */
    assert_true(after.st_atime > 1000);
    assert_int_equal(count_blobs(dir), 1);
    scratch_free(dir);
}

// proves: safety.20
OCI_TEST (ingest, repairs_a_damaged_blob) {
    static const char *const damage[] = { "", "hellO", "hello and more", "hell" };
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = layout_of(dir);

    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        oci_entry_remove(dir, hello_path, NULL);
        assert_int_equal(unlinkat(dir, hello_path, 0) == 0 || errno == ENOENT, 1);
        make_file(dir, hello_path, damage[i]);
        assert_ok(&err, oci_store_put(oci_layout_store(l), OCI_DIGEST_SHA256, "hello", 5, NULL, &err));
        assert_content(dir, hello_path, "hello");
    }
    /* What hides behind a link or a pipe is not written to. */
    assert_int_equal(unlinkat(dir, hello_path, 0), 0);
    make_file(dir, "precious", "precious");
    make_link(dir, hello_path, "../../precious");
    assert_ok(&err, oci_store_put(oci_layout_store(l), OCI_DIGEST_SHA256, "hello", 5, NULL, &err));
    assert_content(dir, hello_path, "hello");
    assert_content(dir, "precious", "precious");
    assert_int_equal(unlinkat(dir, hello_path, 0), 0);
    assert_int_equal(mkfifoat(dir, hello_path, 0644), 0);
    assert_ok(&err, oci_store_put(oci_layout_store(l), OCI_DIGEST_SHA256, "hello", 5, NULL, &err));
    assert_content(dir, hello_path, "hello");
    assert_int_equal(count_blobs(dir), 1);
    scratch_free(dir);
}

OCI_TEST (ingest, goes_to_the_directory_of_its_algorithm) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = layout_of(dir);
    char path[OCI_BLOB_PATH_MAX];
    oci_ingest *i = NULL;
    oci_digest got;

    assert_int_equal(oci_entry_remove(dir, "blobs", NULL), 0);
    assert_ok(&err, oci_store_put(oci_layout_store(l), OCI_DIGEST_SHA512, "hello", 5, &got, &err));
    assert_int_equal(got.alg, OCI_DIGEST_SHA512);
    oci_blob_path(&got, path);
    assert_int_equal(strncmp(path, "blobs/sha512/9b71d224bd62f378", 29), 0);
    assert_content(dir, path, "hello");
    assert_int_not_equal(oci_store_begin(oci_layout_store(l), OCI_DIGEST_NONE, &i, &err), 0);
    assert_int_not_equal(oci_store_begin(oci_layout_store(l), 200, &i, &err), 0);
    assert_null(i);
    scratch_free(dir);
}

OCI_TEST (ingest, does_not_leave_the_layout) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new(), outside = scratch_new();
    OCI_AUTO(oci_layout) l = layout_of(dir);
    char to[64], where[256];
    ssize_t n;

    snprintf(to, sizeof to, "/proc/self/fd/%d", outside);
    n = readlink(to, where, sizeof where - 1);
    assert_true(n > 0);
    where[n] = '\0';
    assert_int_equal(unlinkat(dir, "blobs/sha256", AT_REMOVEDIR), 0);
    make_link(dir, "blobs/sha256", where);
    assert_true(oci_store_put(oci_layout_store(l), OCI_DIGEST_SHA256, "hello", 5, NULL, &err) < 0);
    assert_int_equal(count_entries(outside), 0);
    scratch_free(outside);
    scratch_free(dir);
}

static int many_words(void *ctx, oci_error *err)
{
    return oci_store_put(ctx, OCI_DIGEST_SHA256, "hello", 5, NULL, err);
}

enum { WHOLE = 7 };

/* Writes data in pieces. Before each, as many seventh parts of its bytes are hashed for somebody else. */
static void write_beside(oci_layout *l, const char *data, size_t n, size_t piece, size_t part, bool later)
{
    oci_error err = OCI_ERROR_INIT;
    OCI_AUTO(oci_digester) beside = NULL;
    OCI_AUTO(oci_ingest) i = NULL;
    oci_digest want, got, want_beside, got_beside;
    uint64_t size;

    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, data, n, &want, &err));
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, data, n * part / WHOLE, &want_beside, &err));
    assert_ok(&err, oci_digester_new(OCI_DIGEST_SHA256, &beside, &err));
    assert_ok(&err, oci_store_begin(oci_layout_store(l), OCI_DIGEST_SHA256, &i, &err));
    if (later)
        assert_ok(&err, oci_ingest_hash_later(i, &err));
    for (size_t at = 0; at < n; at += piece) {
        const size_t len = n - at < piece ? n - at : piece;
        const size_t from = at * part / WHOLE, to = (at + len) * part / WHOLE;

        oci_ingest_update_beside(i, beside, (oci_span) { data + from, to - from });
        assert_ok(&err, oci_ingest_write(i, data + at, len, &err));
    }
    assert_ok(&err, oci_digester_final(beside, &got_beside, &err));
    assert_ok(&err, oci_ingest_commit(oci_steal(&i), &want, &got, &size, &err));
    assert_true(oci_digest_equal(&got, &want));
    assert_true(oci_digest_equal(&got_beside, &want_beside));
    assert_int_equal(size, n);
}

// proves: layout.blobs.content-matches-digest digest.calculation
OCI_TEST (ingest, hashes_the_same_beside_something_else) {
    enum { N = 5 << 20 };
    static const size_t pieces[] = { 1000, 65536, 300001, 1 << 20, (1 << 20) + 1, 3 << 20, N };
    static const size_t parts[] = { 1, WHOLE / 2 + 1, WHOLE, 2 * WHOLE + 1 };
    OCI_AUTO_MEM char *data = oci_alloc(3 * N);
    int dir = layout_dir_new();
    OCI_AUTO(oci_layout) l = layout_of(dir);

    random_seed(7);
    for (size_t k = 0; k < 3 * N; k++)
        data[k] = (char)pick(256);
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++) {
            write_beside(l, data, N - k, pieces[k], parts[p], true);
            write_beside(l, data, N - k, pieces[k], parts[p], false);
        }
    }
    scratch_free(dir);
}

OCI_TEST (ingest, without_memory_leaves_nothing) {
    oci_error err = OCI_ERROR_INIT;
    int dir = layout_dir_new(), fds;
    OCI_AUTO(oci_layout) l = layout_of(dir);

    fds = count_fds();
    for (unsigned long n = 1;; n++) {
        int r, failed;

        oci_alloc_fail_at(n);
        r = many_words(oci_layout_store(l), &err);
        failed = oci_alloc_failed();
        oci_alloc_fail_at(0);
        if (!failed) {
            assert_ok(&err, r);
            break;
        }
        assert_int_equal(r, OCI_E_NOMEM);
        assert_int_equal(count_blobs(dir), 0);
        assert_int_equal(count_fds(), fds);
    }
    assert_int_equal(count_blobs(dir), 1);
    scratch_free(dir);
}
