/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"

#include <stdlib.h>
#include <zstd.h>

static void put(oci_buf *out, const void *p, size_t n)
{
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_buf_append(out, p, n, &err));
}

static void put_frame(oci_buf *out, const char *text)
{
    oci_test_compress(OCI_COMPRESSION_ZSTD, 3, text, strlen(text), out);
}

static void put_skippable(oci_buf *out, unsigned variant, size_t n)
{
    unsigned char head[8] = {
        (unsigned char)(0x50 + variant), 0x2a, 0x4d, 0x18, (unsigned char)n, (unsigned char)(n >> 8),
        (unsigned char)(n >> 16),        0
    };

    put(out, head, sizeof head);
    for (size_t i = 0; i < n; i++)
        put(out, "s", 1);
}

static int unzstd(const oci_buf *in, size_t step, oci_buf *out, oci_error *err)
{
    return oci_test_decompress(OCI_COMPRESSION_ZSTD, in->data, in->len, step, out, err);
}

// proves: layer.media.zstd safety.14
OCI_TEST (zstd, reads_all_frames_however_they_are_cut) {
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    put_skippable(&in, 0, 5);
    put_frame(&in, "first ");
    put_skippable(&in, 15, 0);
    put_skippable(&in, 7, 300);
    put_frame(&in, "");
    put_frame(&in, "last");
    put_skippable(&in, 1, 1);
    for (size_t step = 1; step <= in.len; step++) {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

        assert_ok(&err, unzstd(&in, step, &out, &err));
        assert_string_equal(out.data, "first last");
    }
}

// proves: layer.media.zstd safety.14
OCI_TEST (zstd, finds_nothing_in_skippable_frames_alone) {
    static const size_t lengths[] = { 0, 1, 8, 100000 };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

        put_skippable(&in, 3, lengths[i]);
        assert_ok(&err, unzstd(&in, 4096, &out, &err));
        assert_int_equal(out.len, 0);
    }
}

// proves: layer.media.zstd safety.14
OCI_TEST (zstd, refuses_every_truncation) {
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    size_t ends[4];

    put_frame(&in, "first first first first");
    ends[0] = in.len;
    put_skippable(&in, 0, 9);
    ends[1] = in.len;
    put_skippable(&in, 0, 0);
    ends[2] = in.len;
    put_frame(&in, "last");
    ends[3] = in.len;
    for (size_t n = 0, unit = 0; n < in.len; n++) {
        /* A cut between two frames cannot be seen here; the digest and the size of the blob tell it. */
        if (n == ends[unit]) {
            unit++;
            continue;
        }
        for (size_t step = 1; step <= 7; step += 3)
            assert_fails(OCI_E_INVALID, &err, oci_test_decompress(OCI_COMPRESSION_ZSTD, in.data, n, step, NULL, &err));
    }
}

// proves: layer.media.zstd safety.14
OCI_TEST (zstd, refuses_every_flipped_bit_of_a_checksum) {
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    size_t first;

    put_frame(&in, "first");
    first = in.len;
    put_frame(&in, "second");
    for (size_t end = first; end <= in.len; end += in.len - first) {
        for (size_t bit = 0; bit < 32; bit++) {
            char *byte = in.data + end - 4 + bit / 8;

            *byte ^= (char)(1 << (bit % 8));
            assert_fails(OCI_E_INVALID, &err, unzstd(&in, 3, NULL, &err));
            assert_text(&err, end == first ? "zstd frame 1: " : "zstd frame 2: ");
            *byte ^= (char)(1 << (bit % 8));
        }
    }
}

// proves: safety.14
OCI_TEST (zstd, lets_nothing_follow_the_last_frame) {
    static const struct {
        const char *bytes;
        size_t len;
    } rows[] = { { "\0", 1 }, { "\0\0\0\0\0\0\0\0", 8 }, { "x", 1 }, { "\x28\xb5\x2f", 3 }, { "\x1f\x8b\x08\0", 4 } };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;

        put_frame(&in, "x");
        put(&in, rows[i].bytes, rows[i].len);
        assert_fails(OCI_E_INVALID, &err, unzstd(&in, 1 + i, NULL, &err));
        assert_text(&err, "goes on behind the last zstd frame");
    }
}

/* The formats before 0.8 are no zstd of RFC 8478, whatever libzstd was built to read. */
OCI_TEST (zstd, refuses_the_formats_of_its_infancy) {
    oci_error err = OCI_ERROR_INIT;

    for (unsigned char low = 0x22; low <= 0x27; low++) {
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
        OCI_AUTO_BUF oci_buf second = OCI_BUF_INIT;

        put(&in, &low, 1);
        put(&in, "\xb5\x2f\xfd\0\0\0\0\0\0\0\0", 11);
        assert_fails(OCI_E_INVALID, &err, unzstd(&in, 0, NULL, &err));
        assert_string_equal(err.msg, "the data is not zstd");
        put_frame(&second, "x");
        put(&second, in.data, in.len);
        assert_fails(OCI_E_INVALID, &err, unzstd(&second, 0, NULL, &err));
    }
}

/* A frame by hand: its window descriptor or dictionary identifier and an empty last block. */
// proves: safety.14
OCI_TEST (zstd, refuses_windows_and_dictionaries_it_cannot_have) {
    enum { MAX_EXPONENT = sizeof(void *) > 4 ? 17 : 13 };
    unsigned char window[] = { 0x28, 0xb5, 0x2f, 0xfd, 0, MAX_EXPONENT << 3, 1, 0, 0 };
    unsigned char dictionary[] = { 0x28, 0xb5, 0x2f, 0xfd, 1, 0, 77, 1, 0, 0 };
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_test_decompress(OCI_COMPRESSION_ZSTD, window, sizeof window, 0, NULL, &err));
    window[5]++;
    assert_fails(OCI_E_LIMIT, &err, oci_test_decompress(OCI_COMPRESSION_ZSTD, window, sizeof window, 0, NULL, &err));
    assert_text(&err, "window larger than");
    window[5] = 0xff;
    assert_fails(OCI_E_LIMIT, &err, oci_test_decompress(OCI_COMPRESSION_ZSTD, window, sizeof window, 1, NULL, &err));
    assert_fails(OCI_E_UNSUPPORTED, &err,
                 oci_test_decompress(OCI_COMPRESSION_ZSTD, dictionary, sizeof dictionary, 0, NULL, &err));
    assert_text(&err, "dictionary");
}

OCI_TEST (zstd, checks_a_content_size) {
    unsigned char raw[] = { 0x28, 0xb5, 0x2f, 0xfd, 0x20, 3, (3 << 3) | 1, 0, 0, 'a', 'b', 'c' };
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_test_decompress(OCI_COMPRESSION_ZSTD, raw, sizeof raw, 1, &out, &err));
    assert_string_equal(out.data, "abc");
    for (unsigned char size = 0; size < 10; size++) {
        if (size == 3)
            continue;
        raw[5] = size;
        assert_fails(OCI_E_INVALID, &err, oci_test_decompress(OCI_COMPRESSION_ZSTD, raw, sizeof raw, 0, NULL, &err));
    }
}

// proves: diffid.reproducible
OCI_TEST (zstd, writes_a_checksum_and_the_content_size) {
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    unsigned char descriptor;

    oci_test_compress(OCI_COMPRESSION_ZSTD, 0, "abcabcabcabc", 12, &out);
    assert_true(out.len > 9);
    assert_memory_equal(out.data, "\x28\xb5\x2f\xfd", 4);
    descriptor = (unsigned char)out.data[4];
    assert_int_equal(descriptor & 4, 4);
    assert_int_equal(descriptor & 3, 0); /* no dictionary */
    assert_int_equal(ZSTD_getFrameContentSize(out.data, out.len), 12);
}

OCI_TEST (zstd, writes_one_frame_that_libzstd_reads) {
    enum { N = 700000 };
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    char *data = malloc(N), *back = malloc(N);

    assert_true(data != NULL && back != NULL);
    oci_test_fill(data, N, 5);
    oci_test_compress(OCI_COMPRESSION_ZSTD, 0, data, N, &out);
    assert_int_equal(ZSTD_findFrameCompressedSize(out.data, out.len), out.len);
    assert_int_equal(ZSTD_decompress(back, N, out.data, out.len), N);
    assert_memory_equal(data, back, N);
    free(data);
    free(back);
}
