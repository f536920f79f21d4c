/* SPDX-License-Identifier: Apache-2.0 */
/* Compressing in blocks and threads: the same bytes whoever makes them. */
#include "help.h"

#include <stdlib.h>

#include "stream/codec.h"

static const struct {
    oci_compression kind;
    const oci_codec *codec;
    int level;
} KINDS[] = { { OCI_COMPRESSION_GZIP, &oci_codec_gzip, 1 }, { OCI_COMPRESSION_ZSTD, &oci_codec_zstd, 1 } };

static int compress(oci_compression kind, int level, unsigned threads, const char *p, size_t n, oci_buf *out,
                    oci_error *err)
{
    const oci_compress_options o = { .level = level, .threads = threads };
    OCI_AUTO(oci_writer) w = NULL;
    int r = oci_writer_to_buf(out, &w, err);

    if (r == 0)
        r = oci_writer_compress(oci_steal(&w), kind, &o, &w, err);
    for (size_t at = 0; r == 0 && at < n; at += 77777)
        r = oci_writer_write(w, p + at, n - at < 77777 ? n - at : 77777, err);
    return r == 0 ? oci_writer_finish(w, err) : r;
}

// proves: diffid.reproducible
OCI_TEST (encode, makes_the_same_bytes_with_any_number_of_threads) {
    static const unsigned threads[] = { 2, 3, 8, 0 };
    oci_error err = OCI_ERROR_INIT;

    for (size_t k = 0; k < 2; k++) {
        const size_t block = KINDS[k].codec->block_size;
        const size_t sizes[] = { 0, 1, block - 1, block, block + 1, 2 * block, 7 * block / 2 };

        for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
            OCI_AUTO_BUF oci_buf alone = OCI_BUF_INIT;
            OCI_AUTO_BUF oci_buf back = OCI_BUF_INIT;
            OCI_AUTO_MEM char *data = oci_alloc(sizes[s]);

            oci_test_fill(data, sizes[s], 21);
            assert_ok(&err, compress(KINDS[k].kind, KINDS[k].level, 1, data, sizes[s], &alone, &err));
            assert_ok(&err, oci_test_decompress(KINDS[k].kind, alone.data, alone.len, 5000, &back, &err));
            assert_buf_equal(&back, data, sizes[s]);
            for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
                OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

                assert_ok(&err, compress(KINDS[k].kind, KINDS[k].level, threads[t], data, sizes[s], &out, &err));
                assert_buf_equal(&out, alone.data, alone.len);
            }
        }
    }
}

/* What is far away in the block before must still be found. */
OCI_TEST (encode, looks_back_over_the_edge_of_a_block) {
    enum { PATTERN = 30000 };
    const size_t block = oci_codec_gzip.block_size, n = block + PATTERN;
    OCI_AUTO_BUF oci_buf repeats = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf differs = OCI_BUF_INIT;
    OCI_AUTO_MEM char *data = oci_calloc(n, 1);
    oci_error err = OCI_ERROR_INIT;
    uint32_t x = 1;

    for (size_t i = 0; i < 2 * PATTERN; i++) {
        x = x * 1664525 + 1013904223;
        data[block - PATTERN + i] = (char)(x >> 24);
    }
    assert_ok(&err, compress(OCI_COMPRESSION_GZIP, 6, 2, data, n, &differs, &err));
    memcpy(data + block, data + block - PATTERN, PATTERN);
    assert_ok(&err, compress(OCI_COMPRESSION_GZIP, 6, 2, data, n, &repeats, &err));
    assert_true(repeats.len + PATTERN * 9 / 10 < differs.len);
}

OCI_TEST (encode, fails_the_same_way_with_threads) {
    const size_t n = 12 * oci_codec_gzip.block_size;
    OCI_AUTO_MEM char *data = oci_alloc(n);

    oci_test_fill(data, n, 3);
    for (size_t k = 0; k < 2; k++) {
        for (uint64_t room = 0; room < 4000000; room = room * 30 + 1) {
            struct oci_test_sink sink = { .room = room, .code = OCI_E_IO };
            oci_error err = OCI_ERROR_INIT;
            oci_writer *w = oci_test_writer(&sink);
            int r;

            assert_ok(&err, oci_writer_compress(w, KINDS[k].kind, &(oci_compress_options) { 1, 4 }, &w, &err));
            r = oci_writer_write(w, data, n, &err);
            if (r == 0)
                r = oci_writer_finish(w, &err);
            assert_int_equal(r, OCI_E_IO);
            assert_string_equal(err.msg, "planned failure");
            oci_writer_free(w);
            assert_int_equal(sink.finished, 0);
            assert_int_equal(sink.freed, 1);
        }
    }
}

OCI_TEST (encode, survives_every_failed_allocation_with_threads) {
    const size_t n = 3 * oci_codec_gzip.block_size;
    OCI_AUTO_MEM char *data = oci_alloc(n);
    int failed = 1;

    oci_test_fill(data, n, 4);
    for (unsigned long i = 1; failed; i++) {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
        oci_error err = OCI_ERROR_INIT;
        int r;

        oci_alloc_fail_at(i);
        r = compress(OCI_COMPRESSION_GZIP, 1, 2, data, n, &out, &err);
        failed = oci_alloc_failed();
        oci_alloc_fail_at(0);
        assert_int_equal(r, failed ? OCI_E_NOMEM : 0);
    }
}

OCI_TEST (encode, refuses_more_threads_than_make_sense) {
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    assert_fails(OCI_E_USAGE, &err, compress(OCI_COMPRESSION_GZIP, 1, 257, "x", 1, &out, &err));
}
