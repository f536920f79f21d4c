/* SPDX-License-Identifier: Apache-2.0 */
/* Whole chains: what happens when memory is short at any point, and with more data than memory. */
#include "help.h"

#include <stdlib.h>

static const oci_compression KINDS[] = { OCI_COMPRESSION_NONE, OCI_COMPRESSION_GZIP, OCI_COMPRESSION_ZSTD };

struct blob {
    oci_buf bytes;
    oci_digest digest;
    oci_compression kind;
};

static void make_blob(oci_compression kind, struct blob *out)
{
    oci_error err = OCI_ERROR_INIT;
    char text[3000];

    oci_test_fill(text, sizeof text, 31);
    *out = (struct blob) { .kind = kind };
    oci_test_compress(kind, 0, text, sizeof text, &out->bytes);
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, out->bytes.data, out->bytes.len, &out->digest, &err));
}

/* verify, sniff, decompress, limit, hash, and async when asked. */
static int read_blob(const struct blob *blob, bool threaded, atomic_int *freed, oci_buf *out, oci_error *err)
{
    OCI_AUTO(oci_reader)
    r = oci_test_reader(
        &(struct oci_test_source) { .data = blob->bytes.data, .len = blob->bytes.len, .step = 100, .freed = freed });
    oci_compression kind;
    int result;

    if (r == NULL)
        return oci_fail_nomem(err);
    result = oci_reader_verify(oci_steal(&r), &blob->digest, blob->bytes.len, &r, err);
    if (result < 0)
        return result;
    result = oci_reader_sniff(oci_steal(&r), &kind, &r, err);
    if (result < 0)
        return result;
    result = oci_reader_decompress(oci_steal(&r), kind, 0, &r, err);
    if (result < 0)
        return result;
    result = oci_reader_limit(oci_steal(&r), 3000, "the test", &r, err);
    if (result < 0)
        return result;
    if (threaded) {
        result = oci_reader_async(oci_steal(&r), 500, &r, err);
        if (result < 0)
            return result;
    }
    result = oci_reader_hash(oci_steal(&r), OCI_DIGEST_SHA256, &r, err);
    if (result < 0)
        return result;
    return oci_reader_read_all(r, 0, out, err);
}

OCI_TEST (chain, reading_survives_every_failed_allocation) {
    for (size_t i = 0; i < 3; i++) {
        for (int threaded = 0; threaded < 2; threaded++) {
            struct blob blob;
            int result = -1;

            make_blob(KINDS[i], &blob);
            for (unsigned long n = 1; result < 0; n++) {
                OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
                oci_error err = OCI_ERROR_INIT;
                atomic_int freed = 0;

                oci_alloc_fail_at(n);
                result = read_blob(&blob, threaded, &freed, &out, &err);
                oci_alloc_fail_at(0);
                assert_int_equal(freed, 1);
                if (result < 0) {
                    assert_int_equal(result, OCI_E_NOMEM);
                    assert_int_equal(err.code, OCI_E_NOMEM);
                    assert_int_equal(out.len, 0);
                } else {
                    assert_false(oci_alloc_failed());
                    assert_true(n > 5);
                    assert_int_equal(out.len, 3000);
                }
            }
            oci_buf_free(&blob.bytes);
        }
    }
}

static int write_blob(oci_compression kind, struct oci_test_sink *sink, oci_error *err)
{
    OCI_AUTO(oci_writer) w = oci_test_writer(sink);
    int r;

    if (w == NULL)
        return oci_fail_nomem(err);
    r = oci_writer_hash(oci_steal(&w), OCI_DIGEST_SHA256, &w, err);
    if (r < 0)
        return r;
    r = oci_writer_compress(oci_steal(&w), kind, NULL, &w, err);
    if (r < 0)
        return r;
    r = oci_writer_hash(oci_steal(&w), OCI_DIGEST_SHA256, &w, err);
    if (r < 0)
        return r;
    r = oci_writer_write(w, "0123456789", 10, err);
    return r < 0 ? r : oci_writer_finish(w, err);
}

OCI_TEST (chain, writing_survives_every_failed_allocation) {
    for (size_t i = 0; i < 3; i++) {
        int result = -1;

        for (unsigned long n = 1; result < 0; n++) {
            struct oci_test_sink sink = { 0 };
            oci_error err = OCI_ERROR_INIT;

            oci_alloc_fail_at(n);
            result = write_blob(KINDS[i], &sink, &err);
            oci_alloc_fail_at(0);
            assert_int_equal(sink.freed, 1);
            assert_int_equal(sink.finished, result == 0);
            if (result < 0)
                assert_int_equal(err.code, OCI_E_NOMEM);
            else
                assert_true(n > 3);
        }
    }
}

OCI_TEST (chain, writing_stops_at_a_full_destination_and_never_finishes_it) {
    static char data[600000];

    oci_test_fill(data, sizeof data, 37);
    for (size_t i = 0; i < 3; i++) {
        for (uint64_t room = 0; room < 200000; room = room * 9 + 7) {
            struct oci_test_sink sink = { .room = room, .code = OCI_E_IO };
            oci_error err = OCI_ERROR_INIT;
            oci_writer *w = oci_test_writer(&sink);
            int r;

            assert_ok(&err, oci_writer_compress(w, KINDS[i], NULL, &w, &err));
            assert_ok(&err, oci_writer_hash(w, OCI_DIGEST_SHA256, &w, &err));
            r = oci_writer_write(w, data, sizeof data, &err);
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

/* The spans of every stage stay below a chunk, however much flows. */
// proves: safety.14
OCI_TEST (chain, moves_much_data_in_small_spans) {
    enum { MIB = 70 };
    static char block[1 << 20];

    for (size_t i = 0; i < sizeof block; i++)
        block[i] = (char)(i >> 8);
    for (size_t i = 1; i < 3; i++) {
        OCI_AUTO_BUF oci_buf blob = OCI_BUF_INIT;
        OCI_AUTO(oci_writer) w = NULL;
        OCI_AUTO(oci_reader) r = NULL;
        oci_error err = OCI_ERROR_INIT;
        oci_digest written, read;
        oci_span span;

        r = oci_test_reader(
            &(struct oci_test_source) { .data = block, .len = sizeof block, .total = (uint64_t)MIB << 20 });
        assert_ok(&err, oci_writer_to_buf(&blob, &w, &err));
        assert_ok(&err, oci_writer_compress(oci_steal(&w), KINDS[i], &(oci_compress_options) { .level = 1 }, &w, &err));
        assert_ok(&err, oci_writer_hash(oci_steal(&w), OCI_DIGEST_SHA256, &w, &err));
        assert_ok(&err, oci_reader_pump(r, w, &err));
        assert_ok(&err, oci_writer_finish(w, &err));
        assert_ok(&err, oci_writer_digest(w, &written, &err));
        oci_reader_free(oci_steal(&r));

        assert_ok(&err,
                  oci_reader_decompress(oci_test_chunks(blob.data, blob.len, 65536), KINDS[i], UINT32_MAX, &r, &err));
        assert_ok(&err, oci_reader_async(oci_steal(&r), 0, &r, &err));
        assert_ok(&err, oci_reader_hash(oci_steal(&r), OCI_DIGEST_SHA256, &r, &err));
        do {
            assert_ok(&err, oci_reader_next(r, &span, &err));
            assert_true(span.len <= OCI_STREAM_CHUNK);
        } while (span.len > 0);
        assert_int_equal(oci_reader_count(r), (uint64_t)MIB << 20);
        assert_ok(&err, oci_reader_digest(r, &read, &err));
        assert_true(oci_digest_equal(&read, &written));
    }
}
