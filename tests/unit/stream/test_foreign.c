/* SPDX-License-Identifier: Apache-2.0 */
/* What tarballs may be packed in besides gzip and zstd, packed here by libarchive's own filters. */
#include "help.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>

static const struct {
    const char *name;
    int (*add)(struct archive *);
} KINDS[] = { { "bzip2", archive_write_add_filter_bzip2 },
              { "xz", archive_write_add_filter_xz },
              { "lz4", archive_write_add_filter_lz4 } };

enum { N_KINDS = sizeof KINDS / sizeof *KINDS };

static void pack(size_t kind, const void *p, size_t n, oci_buf *out)
{
    struct archive *a = archive_write_new();
    struct archive_entry *entry = archive_entry_new();
    size_t room = n + n / 2 + 100000, used = 0;
    char *memory = malloc(room);

    assert_true(a != NULL && entry != NULL && memory != NULL);
    assert_int_equal(KINDS[kind].add(a), ARCHIVE_OK);
    assert_int_equal(archive_write_set_format_raw(a), ARCHIVE_OK);
    assert_int_equal(archive_write_set_bytes_in_last_block(a, 1), ARCHIVE_OK);
    assert_int_equal(archive_write_open_memory(a, memory, room, &used), ARCHIVE_OK);
    archive_entry_set_filetype(entry, AE_IFREG);
    assert_int_equal(archive_write_header(a, entry), ARCHIVE_OK);
    assert_int_equal(archive_write_data(a, p, n), n);
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
    archive_entry_free(entry);
    assert_int_equal(oci_buf_append(out, memory, used, NULL), 0);
    free(memory);
}

/* Takes src. */
static int read_any(oci_reader *src, uint32_t max_ratio, oci_buf *out, oci_error *err)
{
    OCI_AUTO_BUF oci_buf ignored = OCI_BUF_INIT;
    OCI_AUTO(oci_reader) r = NULL;
    int result = oci_reader_decompress_any(src, max_ratio, &r, err);

    return result < 0 ? result : oci_reader_read_all(r, 0, out != NULL ? out : &ignored, err);
}

static int unpack(const void *p, size_t n, size_t step, uint32_t max_ratio, oci_buf *out, oci_error *err)
{
    return read_any(oci_test_chunks(p, n, step), max_ratio, out, err);
}

OCI_TEST (foreign, decodes_whatever_the_spans) {
    enum { N = 300000 };
    static char data[N];
    oci_error err = OCI_ERROR_INIT;

    oci_test_fill(data, N, 41);
    for (size_t k = 0; k < N_KINDS; k++) {
        for (size_t n = 1; n <= N; n = n * 60 + 1) {
            OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;

            pack(k, data, n, &in);
            for (size_t step = n < 5000 ? 1 : 1000; step < in.len * 2; step = step * 40 + 1) {
                OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

                assert_ok(&err, unpack(in.data, in.len, step, 0, &out, &err));
                assert_buf_equal(&out, data, n);
            }
        }
    }
}

OCI_TEST (foreign, decodes_streams_of_nothing) {
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = {
        { "BZh9\x17\x72\x45\x38\x50\x90\0\0\0\0", 14 },
        { "\xfd\x37zXZ\0\0\x04\xe6\xd6\xb4\x46\0\0\0\0\x1c\xdf\x44\x21\x1f\xb6\xf3\x7d\x01\0\0\0\0\x04YZ", 32 },
        { "\x04\x22\x4d\x18\x64\x40\xa7\0\0\0\0\x05\x5d\xcc\x02", 15 },
    };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

        assert_ok(&err, unpack(rows[i].bytes, rows[i].len, 1, 0, &out, &err));
        assert_int_equal(out.len, 0);
    }
}

OCI_TEST (foreign, decodes_several_streams_in_a_row) {
    oci_error err = OCI_ERROR_INIT;

    for (size_t k = 0; k < N_KINDS; k++) {
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

        pack(k, "first ", 6, &in);
        pack(k, "second", 6, &in);
        assert_ok(&err, unpack(in.data, in.len, 7, 0, &out, &err));
        assert_string_equal(out.data, "first second");
    }
}

OCI_TEST (foreign, decodes_other_kinds_and_passes_on_the_rest) {
    oci_error err = OCI_ERROR_INIT;
    char tar[512] = { 0 };

    for (oci_compression kind = OCI_COMPRESSION_NONE; kind <= OCI_COMPRESSION_ZSTD; kind++) {
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

        oci_test_compress(kind, 0, "hello", 5, &in);
        assert_ok(&err, unpack(in.data, in.len, 3, 0, &out, &err));
        assert_string_equal(out.data, "hello");
    }
    /* A tar archive whose first file has such a name. */
    memcpy(tar, "BZh91AY&SY", 10);
    memcpy(tar + 257, "ustar", 5);
    for (size_t i = 0; i < 2; i++) {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

        assert_ok(&err, unpack(tar, sizeof tar, 100, 0, &out, &err));
        assert_buf_equal(&out, tar, sizeof tar);
        memcpy(tar, "\x1f\x8b\x08", 3);
    }
}

OCI_TEST (foreign, refuses_every_truncation) {
    char data[400];
    oci_error err = OCI_ERROR_INIT;

    oci_test_fill(data, sizeof data, 5);
    for (size_t k = 0; k < N_KINDS; k++) {
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;

        pack(k, data, sizeof data, &in);
        for (size_t n = 12; n < in.len; n++) {
            if (unpack(in.data, n, 100, 0, NULL, &err) == 0)
                fail_msg("%s: %zu of %zu bytes are taken for the whole", KINDS[k].name, n, in.len);
            assert_int_equal(err.code, OCI_E_INVALID);
            assert_text(&err, KINDS[k].name);
        }
    }
}

OCI_TEST (foreign, lets_nothing_follow) {
    oci_error err = OCI_ERROR_INIT;

    for (size_t k = 0; k < N_KINDS; k++) {
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;

        pack(k, "hello", 5, &in);
        assert_int_equal(oci_buf_append(&in, "something", 9, NULL), 0);
        for (size_t step = 1; step < 200; step *= 5) {
            assert_fails(OCI_E_INVALID, &err, unpack(in.data, in.len, step, 0, NULL, &err));
            assert_text(&err, KINDS[k].name);
        }
    }
}

OCI_TEST (foreign, bounds_the_growth) {
    enum { MIB = 80 };
    OCI_AUTO_MEM char *zeros = oci_calloc(MIB, 1 << 20);
    oci_error err = OCI_ERROR_INIT;

    for (size_t k = 0; k < 2; k++) {
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;

        pack(k, zeros, (size_t)MIB << 20, &in);
        assert_fails(OCI_E_LIMIT, &err, unpack(in.data, in.len, 0, 2, NULL, &err));
        assert_text(&err, "2-fold");
    }
}

OCI_TEST (foreign, passes_on_what_the_source_says) {
    oci_error err = OCI_ERROR_INIT;
    char data[5000];

    oci_test_fill(data, sizeof data, 6);
    for (size_t k = 0; k < N_KINDS; k++) {
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;

        pack(k, data, sizeof data, &in);
        for (size_t n = 20; n <= in.len; n += in.len - 20) {
            oci_reader *src = oci_test_reader(
                &(struct oci_test_source) { .data = in.data, .len = n, .step = 10, .fail = OCI_E_DIGEST });

            assert_fails(OCI_E_DIGEST, &err, read_any(src, 0, NULL, &err));
        }
    }
}
