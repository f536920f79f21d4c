/* SPDX-License-Identifier: Apache-2.0 */
#include "tars.h"

#include <stdio.h>
#include <stdlib.h>

#include "layouts.h"

struct tar tar_begin(void)
{
    struct tar t = { .bytes = oci_calloc(1, sizeof(oci_buf)) };

    assert_non_null(t.bytes);
    assert_int_equal(oci_writer_to_buf(t.bytes, &t.writer, NULL), 0);
    assert_int_equal(oci_tar_writer_new(t.writer, &t.tar, NULL), 0);
    return t;
}

void tar_bytes(struct tar *t, const char *name, const void *p, size_t n)
{
    const oci_tar_entry e = { .name = name, .name_len = strlen(name), .type = OCI_TAR_FILE, .mode = 0644, .size = n };

    assert_int_equal(oci_tar_writer_entry(t->tar, &e, NULL), 0);
    assert_int_equal(oci_tar_writer_data(t->tar, p, n, NULL), 0);
}

void tar_file(struct tar *t, const char *name, const char *text)
{
    tar_bytes(t, name, text, strlen(text));
}

void tar_printf(struct tar *t, const char *name, const char *format, ...)
{
    char *text = NULL;
    va_list args;
    int n;

    va_start(args, format);
    n = vasprintf(&text, format, args);
    va_end(args);
    assert_true(n >= 0);
    tar_bytes(t, name, text, (size_t)n);
    free(text);
}

void tar_blob(struct tar *t, const void *p, size_t n)
{
    char path[OCI_BLOB_PATH_MAX];
    oci_digest d;

    assert_int_equal(oci_digest_of(OCI_DIGEST_SHA256, p, n, &d, NULL), 0);
    oci_blob_path(&d, path);
    tar_bytes(t, path, p, n);
}

void tar_entry(struct tar *t, oci_tar_type type, const char *name, const char *link)
{
    const oci_tar_entry e = { .name = name, .name_len = strlen(name), .type = type, .mode = 0755, .link = link };

    assert_int_equal(oci_tar_writer_entry(t->tar, &e, NULL), 0);
}

void tar_end(struct tar *t, int dir, const char *name)
{
    assert_int_equal(oci_tar_writer_finish(t->tar, NULL), 0);
    oci_tar_writer_free(t->tar);
    oci_writer_free(t->writer);
    file_write(dir, name, t->bytes->data, t->bytes->len);
    oci_buf_free(t->bytes);
    oci_free(t->bytes);
}
