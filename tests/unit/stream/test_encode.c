/* SPDX-License-Identifier: Apache-2.0 */
/* Compressing in blocks and threads: the same bytes whoever makes them. */
#include "help.h"

#include <stdlib.h>
#include <zlib.h>

#include "stream/codec.h"

static const struct {
    oci_compression kind;
    const oci_codec *codec;
    oci_gzip_encoder encoder;
} WAYS[] = { { OCI_COMPRESSION_GZIP, &oci_codec_gzip, OCI_GZIP_ENCODER_ZLIB },
             { OCI_COMPRESSION_GZIP, &oci_codec_gzip, OCI_GZIP_ENCODER_LIBDEFLATE },
             { OCI_COMPRESSION_ZSTD, &oci_codec_zstd, OCI_GZIP_ENCODER_DEFAULT } };

enum { N_WAYS = sizeof WAYS / sizeof *WAYS };

static oci_compress_options options(size_t way, int level, unsigned threads)
{
    return (oci_compress_options) { .level = level, .threads = threads, .encoder = WAYS[way].encoder };
}

static bool is_built_in(size_t way)
{
    const oci_compress_options o = options(way, 1, 1);

    return oci_compress_check(WAYS[way].kind, &o, NULL) == 0;
}

static int compress_with(oci_compression kind, const oci_compress_options *o, const char *p, size_t n, oci_buf *out,
                         oci_error *err)
{
    OCI_AUTO(oci_writer) w = NULL;
    int r = oci_writer_to_buf(out, &w, err);

    if (r == 0)
        r = oci_writer_compress(oci_steal(&w), kind, o, &w, err);
    for (size_t at = 0; r == 0 && at < n; at += 77777)
        r = oci_writer_write(w, p + at, n - at < 77777 ? n - at : 77777, err);
    return r == 0 ? oci_writer_finish(w, err) : r;
}

static int compress_by(size_t way, int level, unsigned threads, const char *p, size_t n, oci_buf *out, oci_error *err)
{
    const oci_compress_options o = options(way, level, threads);

    return compress_with(WAYS[way].kind, &o, p, n, out, err);
}

// proves: diffid.reproducible
OCI_TEST (encode, makes_the_same_bytes_with_any_number_of_threads) {
    static const unsigned threads[] = { 2, 3, 4, 8, 0 };
    oci_error err = OCI_ERROR_INIT;

    for (size_t k = 0; k < N_WAYS; k++) {
        const size_t block = WAYS[k].codec->block_size;
        const size_t sizes[] = { 0, 1, block - 1, block, block + 1, 2 * block, 7 * block / 2 };

        for (size_t s = 0; is_built_in(k) && s < sizeof sizes / sizeof *sizes; s++) {
            OCI_AUTO_BUF oci_buf alone = OCI_BUF_INIT;
            OCI_AUTO_BUF oci_buf back = OCI_BUF_INIT;
            OCI_AUTO_MEM char *data = oci_alloc(sizes[s]);

            oci_test_fill(data, sizes[s], 21);
            assert_ok(&err, compress_by(k, 1, 1, data, sizes[s], &alone, &err));
            assert_ok(&err, oci_test_decompress(WAYS[k].kind, alone.data, alone.len, 5000, &back, &err));
            assert_buf_equal(&back, data, sizes[s]);
            for (size_t t = 0; t < sizeof threads / sizeof *threads; t++) {
                OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

                assert_ok(&err, compress_by(k, 1, threads[t], data, sizes[s], &out, &err));
                assert_buf_equal(&out, alone.data, alone.len);
            }
        }
    }
}

/* Inflates one member by zlib itself; returns how long it was. */
static size_t inflate_member(const char *in, size_t left, oci_buf *out)
{
    const size_t room = oci_codec_gzip.block_size;
    OCI_AUTO_MEM char *piece = oci_alloc(room);
    oci_error err = OCI_ERROR_INIT;
    z_stream z = { 0 };
    size_t taken;

    z.next_in = (Bytef *)(uintptr_t)in;
    z.avail_in = (uInt)left;
    z.next_out = (Bytef *)piece;
    z.avail_out = (uInt)room;
    assert_int_equal(inflateInit2(&z, 15 + 16), Z_OK);
    assert_int_equal(inflate(&z, Z_FINISH), Z_STREAM_END);
    assert_ok(&err, oci_buf_append(out, piece, z.total_out, &err));
    taken = z.total_in;
    inflateEnd(&z);
    return taken;
}

/* Half of it from a small alphabet, so that there is something to find. */
static void fill_unevenly(char *data, size_t n)
{
    oci_test_fill(data, n, 23);
    for (size_t i = 0; i < n / 2; i++)
        data[i] &= 3;
}

// proves: layer.media.gzip
OCI_TEST (encode, makes_a_member_of_each_block_that_tells_its_length) {
    const size_t block = oci_codec_gzip.block_size;
    const size_t sizes[] = { 0, 1, block - 1, block, block + 1 };
    OCI_AUTO_MEM char *data = oci_alloc(block + 1);
    oci_error err = OCI_ERROR_INIT;

    fill_unevenly(data, block + 1);
    for (size_t k = 0; k < 2; k++) {
        for (int level = 1; is_built_in(k) && level <= oci_codec_gzip.max_level; level++) {
            for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
                OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
                OCI_AUTO_BUF oci_buf back = OCI_BUF_INIT;
                size_t members = 0, at = 0;

                assert_ok(&err, compress_by(k, level, 2, data, sizes[s], &out, &err));
                for (; at < out.len; members++) {
                    const unsigned char *header = (const unsigned char *)out.data + at;
                    size_t length = inflate_member(out.data + at, out.len - at, &back);

                    assert_memory_equal(header, "\x1f\x8b\x08\4\0\0\0\0\0\xff\x08\0IG\4\0", 16);
                    assert_int_equal(header[16] | header[17] << 8 | header[18] << 16 | (size_t)header[19] << 24,
                                     length);
                    at += length;
                }
                assert_buf_equal(&back, data, sizes[s]);
                assert_int_equal(members, sizes[s] > block ? (sizes[s] + block - 1) / block : 1);
            }
        }
    }
}

OCI_TEST (encode, has_room_for_what_cannot_be_compressed) {
    const size_t n = oci_codec_zstd.block_size + 1;
    OCI_AUTO_MEM char *data = oci_alloc(n);
    oci_error err = OCI_ERROR_INIT;

    random_seed(1);
    for (size_t i = 0; i < n; i++)
        data[i] = (char)pick(256);
    for (size_t k = 0; k < N_WAYS; k++) {
        for (int level = 1; is_built_in(k) && level <= 9; level += 4) {
            OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
            OCI_AUTO_BUF oci_buf back = OCI_BUF_INIT;

            assert_ok(&err, compress_by(k, level, 2, data, n, &out, &err));
            assert_ok(&err, oci_test_decompress(WAYS[k].kind, out.data, out.len, 5000, &back, &err));
            assert_buf_equal(&back, data, n);
        }
    }
}

/* One block in which many runs of zeros begin, as in programs; then one like text, with a long run as tars have it. */
static void fill_two_blocks(char *data, size_t block)
{
    oci_test_fill(data, 2 * block, 29);
    for (size_t i = 0; i < 2 * block; i++)
        data[i] = (char)(i < block && i % 4 == 3 ? 0 : 'a' + (data[i] & 15));
    memset(data + block + block / 2, 0, block / 4);
}

OCI_TEST (encode, by_libdeflate_searches_longer_in_programs) {
    const size_t block = oci_codec_gzip.block_size;
    OCI_AUTO_MEM char *data = oci_alloc(2 * block);
    OCI_AUTO_BUF oci_buf one = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf by_default = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf levels = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    if (!is_built_in(1))
        skip();
    fill_two_blocks(data, block);
    assert_ok(&err, compress_by(1, 2, 1, data, block, &levels, &err));
    assert_ok(&err, compress_by(1, 1, 1, data + block, block, &levels, &err));
    assert_ok(&err, compress_by(1, 1, 1, data, 2 * block, &one, &err));
    assert_ok(&err, compress_by(1, 0, 2, data, 2 * block, &by_default, &err));
    assert_buf_equal(&by_default, levels.data, levels.len);
    assert_true(by_default.len != one.len || memcmp(by_default.data, one.data, one.len) != 0);
}

// proves: diffid.reproducible
OCI_TEST (encode, takes_the_encoder_that_was_chosen) {
    enum { N = 100000 };
    const char *const before = getenv("OCI_IMAGE_ACCEL");
    OCI_AUTO_MEM char *accel = before != NULL ? oci_strdup(before) : NULL;
    OCI_AUTO_MEM char *data = oci_alloc(N);
    OCI_AUTO_BUF oci_buf by_zlib = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf by_libdeflate = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf plain = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf by_default = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    fill_unevenly(data, N);
    setenv("OCI_IMAGE_ACCEL", "none", 1);
    assert_ok(&err, compress_by(0, 6, 1, data, N, &by_zlib, &err));
    assert_ok(&err, compress_with(OCI_COMPRESSION_GZIP, NULL, data, N, &plain, &err));
    assert_buf_equal(&plain, by_zlib.data, by_zlib.len);
    if (is_built_in(1))
        assert_ok(&err, compress_by(1, 0, 1, data, N, &by_libdeflate, &err));
    unsetenv("OCI_IMAGE_ACCEL");
    assert_ok(&err, compress_with(OCI_COMPRESSION_GZIP, NULL, data, N, &by_default, &err));
    if (is_built_in(1)) {
        assert_buf_equal(&by_default, by_libdeflate.data, by_libdeflate.len);
        assert_true(by_default.len != by_zlib.len || memcmp(by_default.data, by_zlib.data, by_zlib.len) != 0);
    } else {
        assert_buf_equal(&by_default, by_zlib.data, by_zlib.len);
    }
    if (accel != NULL)
        setenv("OCI_IMAGE_ACCEL", accel, 1);
}

OCI_TEST (encode, refuses_encoders_that_are_none) {
    oci_compress_options o = { .encoder = OCI_GZIP_ENCODER_ZLIB };
    oci_error err = OCI_ERROR_INIT;

    assert_fails(OCI_E_USAGE, &err, oci_compress_check(OCI_COMPRESSION_ZSTD, &o, &err));
    assert_string_equal(err.msg, "only gzip has encoders to choose from, not zstd");
    assert_fails(OCI_E_USAGE, &err, oci_compress_check(OCI_COMPRESSION_NONE, &o, &err));
    o.encoder = (oci_gzip_encoder)77;
    assert_fails(OCI_E_USAGE, &err, oci_compress_check(OCI_COMPRESSION_GZIP, &o, &err));
    assert_string_equal(err.msg, "this encoder of gzip was not built in");
}

OCI_TEST (encode, fails_the_same_way_with_threads) {
    const size_t n = 12 * oci_codec_gzip.block_size;
    OCI_AUTO_MEM char *data = oci_alloc(n);

    oci_test_fill(data, n, 3);
    for (size_t k = 0; k < N_WAYS; k++) {
        for (uint64_t room = 0; is_built_in(k) && room < 4000000; room = room * 30 + 1) {
            struct oci_test_sink sink = { .room = room, .code = OCI_E_IO };
            const oci_compress_options o = options(k, 1, 4);
            oci_error err = OCI_ERROR_INIT;
            oci_writer *w = oci_test_writer(&sink);
            int r;

            assert_ok(&err, oci_writer_compress(w, WAYS[k].kind, &o, &w, &err));
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

    oci_test_fill(data, n, 4);
    for (size_t k = 0; k < 2; k++) {
        int failed = is_built_in(k);

        for (unsigned long i = 1; failed; i++) {
            OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
            oci_error err = OCI_ERROR_INIT;
            int r;

            oci_alloc_fail_at(i);
            r = compress_by(k, 0, 2, data, n, &out, &err);
            failed = oci_alloc_failed();
            oci_alloc_fail_at(0);
            assert_int_equal(r, failed ? OCI_E_NOMEM : 0);
        }
    }
}

OCI_TEST (encode, refuses_more_threads_than_make_sense) {
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    assert_fails(OCI_E_USAGE, &err, compress_by(0, 1, 257, "x", 1, &out, &err));
}
