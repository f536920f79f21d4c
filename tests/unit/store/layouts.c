/* SPDX-License-Identifier: Apache-2.0 */
#include "layouts.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

int layout_dir_new(void)
{
    int dir = scratch_new();

    make_file(dir, "oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}");
    make_dir(dir, "blobs/sha256");
    index_write(dir, "%s", "");
    return dir;
}

static void describe(struct blob *b, const char *type, const char *members)
{
    int n = snprintf(b->json, sizeof b->json, "{\"mediaType\":\"%s\",\"digest\":\"%s\",\"size\":%zu%s}", type,
                     b->digest, b->size, members);

    assert_true(n > 0 && (size_t)n < sizeof b->json);
}

struct blob blob_put_bytes(int dir, const char *type, const char *members, const void *p, size_t n)
{
    struct blob b = { .size = n };
    oci_digest d;

    assert_int_equal(oci_digest_of(OCI_DIGEST_SHA256, p, n, &d, NULL), 0);
    oci_digest_format(&d, b.digest, sizeof b.digest);
    oci_blob_path(&d, b.path);
    file_write(dir, b.path, p, n);
    describe(&b, type, members);
    return b;
}

struct blob blob_put(int dir, const char *type, const char *members, const char *format, ...)
{
    char *text = NULL;
    struct blob b;
    va_list args;
    int n;

    va_start(args, format);
    n = vasprintf(&text, format, args);
    va_end(args);
    assert_true(n >= 0);
    b = blob_put_bytes(dir, type, members, text, (size_t)n);
    free(text);
    return b;
}

struct blob blob_with(const struct blob *b, const char *type, const char *members)
{
    struct blob other = *b;

    describe(&other, type, members);
    return other;
}

void index_write(int dir, const char *format, ...)
{
    char *entries = NULL, *text = NULL;
    va_list args;
    int n;

    va_start(args, format);
    n = vasprintf(&entries, format, args);
    va_end(args);
    assert_true(n >= 0);
    n = asprintf(&text, "{\"schemaVersion\":2,\"manifests\":[%s]}", entries);
    assert_true(n >= 0);
    file_write(dir, "index.json", text, (size_t)n);
    free(entries);
    free(text);
}

void file_write(int dir, const char *path, const void *p, size_t n)
{
    int fd = openat(dir, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

    assert_true(fd >= 0);
    assert_int_equal(oci_write_all(fd, p, n, NULL), 0);
    close(fd);
}

void file_read(int dir, const char *path, oci_buf *out)
{
    OCI_AUTO(oci_reader) r = NULL;
    int fd = openat(dir, path, O_RDONLY | O_CLOEXEC);

    assert_true(fd >= 0);
    assert_int_equal(oci_reader_from_fd(fd, &r, NULL), 0);
    assert_int_equal(oci_reader_read_all(r, 0, out, NULL), 0);
}

void compress(oci_compression kind, const oci_buf *in, oci_buf *out)
{
    OCI_AUTO(oci_writer) w = NULL;

    assert_int_equal(oci_writer_to_buf(out, &w, NULL), 0);
    assert_int_equal(oci_writer_compress(oci_steal(&w), kind, NULL, &w, NULL), 0);
    assert_int_equal(oci_writer_write(w, in->data, in->len, NULL), 0);
    assert_int_equal(oci_writer_finish(w, NULL), 0);
}

oci_layout *layout_of(int dir)
{
    const oci_layout_options o = { .fsync = OCI_FSYNC_NONE };
    oci_error err = OCI_ERROR_INIT;
    oci_layout *l = NULL;

    assert_ok(&err, oci_layout_open(dir, ".", &o, &l, &err));
    return l;
}

oci_descriptor descriptor_of(const char *digest_text, uint64_t size)
{
    oci_descriptor d = { .media_type = MANIFEST_TYPE, .digest_text = digest_text, .size = size };

    assert_int_equal(oci_digest_parse(digest_text, strlen(digest_text), &d.digest, NULL), 0);
    return d;
}
