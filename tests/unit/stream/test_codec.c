/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"

#include <stdlib.h>

static const oci_compression KINDS[] = { OCI_COMPRESSION_NONE, OCI_COMPRESSION_GZIP, OCI_COMPRESSION_ZSTD };

/* A first block of a tar archive, as far as it can be recognised. */
static void make_tar(char block[512], const char *name)
{
    memset(block, 0, 512);
    memcpy(block, name, strlen(name));
    memcpy(block + 257,
           "ustar\0"
           "00",
           8);
}

OCI_TEST (codec, names_the_kinds) {
    assert_string_equal(oci_compression_name(OCI_COMPRESSION_NONE), "none");
    assert_string_equal(oci_compression_name(OCI_COMPRESSION_GZIP), "gzip");
    assert_string_equal(oci_compression_name(OCI_COMPRESSION_ZSTD), "zstd");
}

// proves: layer.media.tar layer.media.gzip layer.media.zstd safety.14
OCI_TEST (codec, names_what_it_found_and_what_was_promised) {
    static const struct {
        oci_compression promised;
        const char *data;
        size_t len;
        const char *text;
    } rows[] = {
        { OCI_COMPRESSION_GZIP, "\x28\xb5\x2f\xfd....", 8, "the data is zstd, not gzip" },
        { OCI_COMPRESSION_GZIP, "\x52\x2a\x4d\x18....", 8, "the data is zstd, not gzip" },
        { OCI_COMPRESSION_GZIP, "BZh91AY&SY", 10, "the data is bzip2, not gzip" },
        { OCI_COMPRESSION_GZIP, "hello", 5, "the data is not gzip" },
        { OCI_COMPRESSION_GZIP, "\x1f", 1, "the data is not gzip" },
        { OCI_COMPRESSION_GZIP, "\0\0\0\0\0", 5, "the data is not gzip" },
        { OCI_COMPRESSION_GZIP, "", 0, "the data is empty, which is not gzip" },
        { OCI_COMPRESSION_ZSTD, "\x1f\x8b\x08\0....", 8, "the data is gzip, not zstd" },
        { OCI_COMPRESSION_ZSTD,
          "\xfd"
          "7zXZ\0",
          6, "the data is xz, not zstd" },
        { OCI_COMPRESSION_ZSTD, "\x04\x22\x4d\x18..", 6, "the data is lz4, not zstd" },
        { OCI_COMPRESSION_ZSTD, "\x28\xb5\x2f", 3, "the data is not zstd" },
        { OCI_COMPRESSION_ZSTD, "", 0, "the data is empty, which is not zstd" },
        { OCI_COMPRESSION_NONE, "\x1f\x8b\x08\0....", 8, "the data is gzip, not uncompressed" },
        { OCI_COMPRESSION_NONE, "\x1f\x8b", 2, "the data is gzip, not uncompressed" },
        { OCI_COMPRESSION_NONE, "\x28\xb5\x2f\xfd....", 8, "the data is zstd, not uncompressed" },
    };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t step = 1; step <= 8; step++) {
            assert_fails(OCI_E_INVALID, &err,
                         oci_test_decompress(rows[i].promised, rows[i].data, rows[i].len, step, NULL, &err));
            assert_string_equal(err.msg, rows[i].text);
        }
    }
}

// proves: layer.media.gzip layer.media.zstd
OCI_TEST (codec, recognises_a_tar_archive_that_should_be_compressed) {
    oci_error err = OCI_ERROR_INIT;
    char tar[512];

    make_tar(tar, "etc/passwd");
    for (size_t step = 1; step <= 512; step *= 2) {
        assert_fails(OCI_E_INVALID, &err, oci_test_decompress(OCI_COMPRESSION_GZIP, tar, 512, step, NULL, &err));
        assert_string_equal(err.msg, "the data is not gzip (it looks like an uncompressed tar archive)");
        assert_fails(OCI_E_INVALID, &err, oci_test_decompress(OCI_COMPRESSION_ZSTD, tar, 512, step, NULL, &err));
        assert_string_equal(err.msg, "the data is not zstd (it looks like an uncompressed tar archive)");
    }
}

// proves: layer.media.tar
OCI_TEST (codec, passes_uncompressed_data_on_as_it_is) {
    oci_error err = OCI_ERROR_INIT;
    char data[1500];

    oci_test_fill(data, sizeof data, 9);
    for (size_t step = 1; step <= sizeof data; step = step * 3 + 1) {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

        assert_ok(&err, oci_test_decompress(OCI_COMPRESSION_NONE, data, sizeof data, step, &out, &err));
        assert_buf_equal(&out, data, sizeof data);
        out.len = 0;
        assert_ok(&err, oci_test_decompress(OCI_COMPRESSION_NONE, data, 3, step, &out, &err));
        assert_buf_equal(&out, data, 3);
        out.len = 0;
        assert_ok(&err, oci_test_decompress(OCI_COMPRESSION_NONE, data, 0, step, &out, &err));
        assert_int_equal(out.len, 0);
    }
}

OCI_TEST (codec, passes_a_tar_archive_on_whatever_its_first_name_is) {
    static const char *const names[] = { "\x1f\x8b\x08", "\x28\xb5\x2f\xfd" };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < 2; i++) {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
        char tar[512];

        make_tar(tar, names[i]);
        assert_ok(&err, oci_test_decompress(OCI_COMPRESSION_NONE, tar, sizeof tar, 100, &out, &err));
        assert_buf_equal(&out, tar, sizeof tar);
        tar[260] = 'X';
        assert_fails(OCI_E_INVALID, &err, oci_test_decompress(OCI_COMPRESSION_NONE, tar, sizeof tar, 100, NULL, &err));
    }
}

OCI_TEST (codec, does_not_copy_spans_that_are_long_enough) {
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    char data[600];
    oci_span span;

    memset(data, 'a', sizeof data);
    assert_ok(&err, oci_reader_from_memory(data, sizeof data, &r, &err));
    assert_ok(&err, oci_reader_decompress(oci_steal(&r), OCI_COMPRESSION_NONE, 0, &r, &err));
    assert_ok(&err, oci_reader_next(r, &span, &err));
    assert_ptr_equal(span.data, data);
    assert_int_equal(span.len, sizeof data);
}

/* The damage of the blob is the better answer than what its first bytes look like. */
OCI_TEST (codec, prefers_the_failure_of_the_source) {
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < 3; i++) {
        OCI_AUTO(oci_reader)
        r = oci_test_reader(&(struct oci_test_source) { .data = "BZh", .len = 3, .step = 1, .fail = OCI_E_SIZE });

        assert_ok(&err, oci_reader_decompress(oci_steal(&r), KINDS[i], 0, &r, &err));
        assert_fails(OCI_E_SIZE, &err, oci_reader_drain(r, &err));
    }
}

OCI_TEST (codec, sniffs_without_losing_a_byte) {
    static const struct {
        const char *data;
        size_t len;
        oci_compression kind;
    } rows[] = {
        { "", 0, OCI_COMPRESSION_NONE },
        { "\x1f", 1, OCI_COMPRESSION_NONE },
        { "\x1f\x8b", 2, OCI_COMPRESSION_GZIP },
        { "\x1f\x8b\x08\0\0\0\0\0\0\0", 10, OCI_COMPRESSION_GZIP },
        { "\x28\xb5\x2f", 3, OCI_COMPRESSION_NONE },
        { "\x28\xb5\x2f\xfdrest", 8, OCI_COMPRESSION_ZSTD },
        { "\x5f\x2a\x4d\x18rest", 8, OCI_COMPRESSION_ZSTD },
        { "\x60\x2a\x4d\x18rest", 8, OCI_COMPRESSION_NONE },
        { "BZh9", 4, OCI_COMPRESSION_NONE },
        { "plain text", 10, OCI_COMPRESSION_NONE },
    };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t step = 1; step <= 10; step++) {
            OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
            oci_compression kind = OCI_COMPRESSION_NONE;
            oci_reader *r = oci_test_chunks(rows[i].data, rows[i].len, step);

            assert_ok(&err, oci_reader_sniff(r, &kind, &r, &err));
            assert_int_equal(kind, rows[i].kind);
            assert_ok(&err, oci_test_read(r, &out, &err));
            assert_buf_equal(&out, rows[i].data, rows[i].len);
        }
    }
}

OCI_TEST (codec, sniffs_and_decompresses) {
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < 3; i++) {
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
        oci_compression kind = OCI_COMPRESSION_NONE;
        oci_reader *r;

        oci_test_compress(KINDS[i], 0, "some text", 9, &in);
        r = oci_test_chunks(in.data, in.len, 3);
        assert_ok(&err, oci_reader_sniff(r, &kind, &r, &err));
        assert_int_equal(kind, KINDS[i]);
        assert_ok(&err, oci_reader_decompress(r, kind, 0, &r, &err));
        assert_ok(&err, oci_test_read(r, &out, &err));
        assert_string_equal(out.data, "some text");
    }
}

OCI_TEST (codec, takes_a_source_that_cannot_be_sniffed) {
    atomic_int freed = 0;
    oci_reader *r =
        oci_test_reader(&(struct oci_test_source) { .data = "a", .len = 1, .fail = OCI_E_IO, .freed = &freed });
    oci_error err = OCI_ERROR_INIT;
    oci_compression kind;

    assert_fails(OCI_E_IO, &err, oci_reader_sniff(r, &kind, &r, &err));
    assert_int_equal(freed, 1);
}

OCI_TEST (codec, refuses_kinds_and_levels_that_are_none) {
    static const struct {
        oci_compression kind;
        int level;
    } rows[] = { { OCI_COMPRESSION_GZIP, 10 },
                 { OCI_COMPRESSION_GZIP, -1 },
                 { OCI_COMPRESSION_ZSTD, 20 },
                 { OCI_COMPRESSION_ZSTD, -5 },
                 { (oci_compression)77, 0 } };
    oci_error err = OCI_ERROR_INIT;
    atomic_int freed = 0;
    oci_reader *r = oci_test_reader(&(struct oci_test_source) { .data = "a", .len = 1, .freed = &freed });

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct oci_test_sink sink = { 0 };
        oci_writer *w = NULL;

        assert_fails(OCI_E_USAGE, &err,
                     oci_writer_compress(oci_test_writer(&sink), rows[i].kind,
                                         &(oci_compress_options) { .level = rows[i].level }, &w, &err));
        assert_null(w);
        assert_int_equal(sink.freed, 1);
    }
    assert_fails(OCI_E_USAGE, &err, oci_reader_decompress(r, (oci_compression)77, 0, &r, &err));
    assert_int_equal(freed, 1);
}

// proves: layer.media.gzip layer.media.zstd
OCI_TEST (codec, round_trips_at_every_level_and_size) {
    static const int levels[] = { 0, 1, 2, 6, 9 };
    static const size_t sizes[] = { 0, 1, 100, 128 * 1024 - 1, 128 * 1024, 128 * 1024 + 1, 400000 };
    char *data = malloc(400000);
    oci_error err = OCI_ERROR_INIT;

    assert_non_null(data);
    oci_test_fill(data, 400000, 11);
    for (size_t i = 0; i < 3; i++) {
        for (size_t k = 0; k < sizeof levels / sizeof *levels; k++) {
            for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
                OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
                OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

                oci_test_compress(KINDS[i], levels[k], data, sizes[s], &in);
                assert_ok(&err, oci_test_decompress(KINDS[i], in.data, in.len, 5000, &out, &err));
                assert_buf_equal(&out, data, sizes[s]);
            }
        }
    }
    free(data);
}

/* Writes data in pieces whose sizes grow by one from step. */
static void compress_in_pieces(oci_compression kind, int level, const char *data, size_t n, size_t step, oci_buf *out)
{
    OCI_AUTO(oci_writer) w = NULL;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_writer_to_buf(out, &w, &err));
    assert_ok(&err, oci_writer_compress(oci_steal(&w), kind, &(oci_compress_options) { .level = level }, &w, &err));
    while (n > 0) {
        size_t piece = step < n ? step : n;

        assert_ok(&err, oci_writer_write(w, data, piece, &err));
        data += piece;
        n -= piece;
        step++;
    }
    assert_ok(&err, oci_writer_finish(w, &err));
}

// proves: diffid.reproducible
OCI_TEST (codec, writes_the_same_bytes_however_the_data_is_cut) {
    enum { N = 1000000 };
    static const size_t steps[] = { 300, 4096, 100000, 128 * 1024, 400000 };
    static const int levels[] = { 1, 6, 9 };
    char *data = malloc(N);

    assert_non_null(data);
    oci_test_fill(data, N, 13);
    for (size_t i = 1; i < 3; i++) {
        for (size_t k = 0; k < sizeof levels / sizeof *levels; k++) {
            OCI_AUTO_BUF oci_buf whole = OCI_BUF_INIT;

            oci_test_compress(KINDS[i], levels[k], data, N, &whole);
            for (size_t s = 0; s < sizeof steps / sizeof *steps; s++) {
                OCI_AUTO_BUF oci_buf pieces = OCI_BUF_INIT;

                compress_in_pieces(KINDS[i], levels[k], data, N, steps[s], &pieces);
                assert_buf_equal(&pieces, whole.data, whole.len);
            }
        }
    }
    free(data);
}

OCI_TEST (codec, uses_the_default_level_without_options) {
    enum { N = 100000 };
    OCI_AUTO_BUF oci_buf explicit = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf implicit = OCI_BUF_INIT;
    OCI_AUTO(oci_writer) w = NULL;
    OCI_AUTO_MEM char *data = oci_alloc(N);
    oci_error err = OCI_ERROR_INIT;

    /* That of gzip depends on who makes it, which test_encode.c looks at. */
    oci_test_fill(data, N, 17);
    oci_test_compress(OCI_COMPRESSION_ZSTD, 3, data, N, &explicit);
    assert_ok(&err, oci_writer_to_buf(&implicit, &w, &err));
    assert_ok(&err, oci_writer_compress(oci_steal(&w), OCI_COMPRESSION_ZSTD, NULL, &w, &err));
    assert_ok(&err, oci_writer_write(w, data, N, &err));
    assert_ok(&err, oci_writer_finish(w, &err));
    assert_buf_equal(&implicit, explicit.data, explicit.len);
}

/* mib MiB of zeros, compressed. */
static void make_bomb(oci_compression kind, unsigned mib, oci_buf *out)
{
    OCI_AUTO(oci_writer) w = NULL;
    OCI_AUTO(oci_reader) zeros = NULL;
    static const char mebibyte[1 << 20];
    oci_error err = OCI_ERROR_INIT;

    zeros = oci_test_reader(
        &(struct oci_test_source) { .data = mebibyte, .len = sizeof mebibyte, .total = (uint64_t)mib << 20 });
    assert_ok(&err, oci_writer_to_buf(out, &w, &err));
    assert_ok(&err, oci_writer_compress(oci_steal(&w), kind, &(oci_compress_options) { .level = 1 }, &w, &err));
    assert_ok(&err, oci_reader_pump(zeros, w, &err));
    assert_ok(&err, oci_writer_finish(w, &err));
}

static int defuse(oci_compression kind, const oci_buf *bomb, uint32_t ratio, uint64_t *got, oci_error *err)
{
    OCI_AUTO(oci_reader) r = oci_test_chunks(bomb->data, bomb->len, 4096);
    int result = oci_reader_decompress(oci_steal(&r), kind, ratio, &r, err);

    assert_int_equal(result, 0);
    result = oci_reader_drain(r, err);
    *got = oci_reader_count(r);
    return result;
}

// proves: safety.14 digest.verify.no-heavy-processing
OCI_TEST (codec, stops_what_grows_too_much_behind_the_first_64_mib) {
    static const uint64_t free_output = UINT64_C(64) << 20;
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 1; i < 3; i++) {
        OCI_AUTO_BUF oci_buf small = OCI_BUF_INIT;
        OCI_AUTO_BUF oci_buf large = OCI_BUF_INIT;
        uint64_t got;

        make_bomb(KINDS[i], 64, &small);
        assert_ok(&err, defuse(KINDS[i], &small, 1, &got, &err));
        assert_int_equal(got, free_output);
        make_bomb(KINDS[i], 80, &large);
        assert_fails(OCI_E_LIMIT, &err, defuse(KINDS[i], &large, 10, &got, &err));
        assert_text(&err, oci_compression_name(KINDS[i]));
        assert_text(&err, "more than 10-fold");
        assert_true(got <= free_output + 10 * large.len);
        assert_ok(&err, defuse(KINDS[i], &large, UINT32_MAX, &got, &err));
        assert_int_equal(got, UINT64_C(80) << 20);
    }
}

// proves: safety.14
OCI_TEST (codec, has_a_ratio_of_its_own) {
    OCI_AUTO_BUF oci_buf bomb = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    uint64_t got;

    make_bomb(OCI_COMPRESSION_ZSTD, 256, &bomb);
    assert_fails(OCI_E_LIMIT, &err, defuse(OCI_COMPRESSION_ZSTD, &bomb, 0, &got, &err));
    assert_text(&err, "more than 2048-fold");
}
