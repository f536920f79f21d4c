/* SPDX-License-Identifier: Apache-2.0 */
#include "help.h"

#include <stdlib.h>
#include <zlib.h>

enum { FTEXT = 1, FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16 };

static void put(oci_buf *out, const void *p, size_t n)
{
    oci_error err = OCI_ERROR_INIT;

    assert_ok(&err, oci_buf_append(out, p, n, &err));
}

static void put_le(oci_buf *out, unsigned long value, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++) {
        unsigned char byte = (unsigned char)(value >> (8 * i));

        put(out, &byte, 1);
    }
}

/* A member by hand: one stored block, and every optional header field that flags ask for, field bytes long. */
static void put_member(oci_buf *out, unsigned flags, size_t field, const char *text)
{
    size_t start = out->len, n = strlen(text);
    char *filler = malloc(field + 1);

    assert_non_null(filler);
    memset(filler, 'f', field);
    filler[field] = '\0';
    put(out, "\x1f\x8b\x08", 3);
    put_le(out, flags, 1);
    put(out, "\1\2\3\4\0\3", 6);
    if (flags & FEXTRA) {
        put_le(out, field, 2);
        put(out, filler, field);
    }
    if (flags & FNAME)
        put(out, filler, field + 1);
    if (flags & FCOMMENT)
        put(out, filler, field + 1);
    if (flags & FHCRC)
        put_le(out, crc32(0, (const Bytef *)out->data + start, (uInt)(out->len - start)) & 0xffff, 2);
    put_le(out, 1, 1);
    put_le(out, n, 2);
    put_le(out, ~n, 2);
    put(out, text, n);
    put_le(out, crc32(0, (const Bytef *)text, (uInt)n), 4);
    put_le(out, n, 4);
    free(filler);
}

static int gunzip(const oci_buf *in, size_t step, oci_buf *out, oci_error *err)
{
    return oci_test_decompress(OCI_COMPRESSION_GZIP, in->data, in->len, step, out, err);
}

// proves: layer.media.gzip safety.14
OCI_TEST (gzip, reads_all_members_however_they_are_cut) {
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    put_member(&in, 0, 0, "first ");
    oci_test_compress(OCI_COMPRESSION_GZIP, 9, "second ", 7, &in);
    put_member(&in, 0, 0, "");
    oci_test_compress(OCI_COMPRESSION_GZIP, 1, "", 0, &in);
    put_member(&in, 0, 0, "last");
    for (size_t step = 1; step <= in.len; step++) {
        OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

        assert_ok(&err, gunzip(&in, step, &out, &err));
        assert_string_equal(out.data, "first second last");
    }
}

// proves: layer.media.gzip safety.14
OCI_TEST (gzip, reads_headers_with_every_field_of_any_length) {
    static const size_t lengths[] = { 0, 1, 300, 65535 };
    oci_error err = OCI_ERROR_INIT;

    for (unsigned flags = 0; flags < 32; flags++) {
        for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
            OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
            OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

            put_member(&in, flags, lengths[i], "x");
            put_member(&in, flags, lengths[i], "y");
            assert_ok(&err, gunzip(&in, 7, &out, &err));
            assert_string_equal(out.data, "xy");
        }
    }
}

OCI_TEST (gzip, reads_a_name_longer_than_all_buffers) {
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    put_member(&in, FNAME | FCOMMENT | FHCRC, 3 * OCI_STREAM_CHUNK, "x");
    assert_ok(&err, gunzip(&in, 10000, &out, &err));
    assert_string_equal(out.data, "x");
}

// proves: layer.media.gzip
OCI_TEST (gzip, refuses_reserved_flags_and_other_methods) {
    static const struct {
        size_t at;
        unsigned char value;
        const char *text;
    } rows[] = {
        { 2, 7, "method" }, { 2, 0, "method" }, { 3, 0x20, "flags" }, { 3, 0x40, "flags" }, { 3, 0x80, "flags" },
    };
    oci_error err = OCI_ERROR_INIT;

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;

        put_member(&in, 0, 0, "x");
        in.data[rows[i].at] = (char)rows[i].value;
        assert_fails(OCI_E_INVALID, &err, gunzip(&in, 0, NULL, &err));
        assert_text(&err, rows[i].text);
        assert_text(&err, "gzip member 1: ");
    }
}

// proves: layer.media.gzip safety.14
OCI_TEST (gzip, refuses_every_truncation) {
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    size_t first;

    put_member(&in, FEXTRA | FNAME | FCOMMENT | FHCRC, 3, "first ");
    first = in.len;
    oci_test_compress(OCI_COMPRESSION_GZIP, 6, "second second second", 20, &in);
    for (size_t n = 0; n < in.len; n++) {
        for (size_t step = 1; step <= 7; step += 3) {
            /* A cut between two members cannot be seen here; the digest and the size of the blob tell it. */
            if (n == first)
                continue;
            assert_fails(OCI_E_INVALID, &err, oci_test_decompress(OCI_COMPRESSION_GZIP, in.data, n, step, NULL, &err));
        }
    }
}

// proves: layer.media.gzip descriptor.size.mismatch-untrusted
OCI_TEST (gzip, lets_no_truncation_pass_when_verified) {
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    oci_digest want;

    put_member(&in, 0, 0, "first ");
    put_member(&in, 0, 0, "second ");
    assert_ok(&err, oci_digest_of(OCI_DIGEST_SHA256, in.data, in.len, &want, &err));
    for (size_t n = 0; n < in.len; n++) {
        OCI_AUTO(oci_reader) r = oci_test_chunks(in.data, n, 5);

        assert_ok(&err, oci_reader_verify(oci_steal(&r), &want, in.len, &r, &err));
        assert_ok(&err, oci_reader_decompress(oci_steal(&r), OCI_COMPRESSION_GZIP, 0, &r, &err));
        assert_fails(OCI_E_SIZE, &err, oci_reader_drain(r, &err));
    }
}

// proves: layer.media.gzip safety.14
OCI_TEST (gzip, refuses_every_flipped_bit_of_a_trailer) {
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;
    size_t first;

    put_member(&in, 0, 0, "first ");
    first = in.len;
    put_member(&in, 0, 0, "second");
    for (size_t end = first; end <= in.len; end += in.len - first) {
        for (size_t bit = 0; bit < 64; bit++) {
            char *byte = in.data + end - 8 + bit / 8;

            *byte ^= (char)(1 << (bit % 8));
            assert_fails(OCI_E_INVALID, &err, gunzip(&in, 3, NULL, &err));
            assert_text(&err, bit < 32 ? "incorrect data check" : "incorrect length check");
            *byte ^= (char)(1 << (bit % 8));
        }
    }
}

OCI_TEST (gzip, refuses_a_wrong_header_checksum) {
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    put_member(&in, FHCRC, 0, "x");
    in.data[10] ^= 1;
    assert_fails(OCI_E_INVALID, &err, gunzip(&in, 0, NULL, &err));
    assert_text(&err, "header crc mismatch");
}

// proves: safety.14
OCI_TEST (gzip, lets_only_zero_bytes_follow) {
    oci_error err = OCI_ERROR_INIT;

    for (size_t zeros = 0; zeros < 1100; zeros = zeros * 2 + 1) {
        for (size_t step = 1; step < 600; step = step * 5 + 1) {
            OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
            OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

            put_member(&in, 0, 0, "x");
            for (size_t i = 0; i < zeros; i++)
                put(&in, "", 1);
            assert_ok(&err, gunzip(&in, step, &out, &err));
            assert_string_equal(out.data, "x");
            put(&in, "\1", 1);
            assert_fails(OCI_E_INVALID, &err, gunzip(&in, step, NULL, &err));
            assert_text(&err, "goes on behind the last gzip member");
        }
    }
}

// proves: safety.14
OCI_TEST (gzip, refuses_a_member_behind_padding) {
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    put_member(&in, 0, 0, "x");
    put(&in, "\0\0\0", 3);
    put_member(&in, 0, 0, "y");
    assert_fails(OCI_E_INVALID, &err, gunzip(&in, 0, NULL, &err));
}

OCI_TEST (gzip, refuses_damaged_data_without_reading_on) {
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    put_member(&in, 0, 0, "x");
    in.data[10] = 7; /* a block type that is none */
    put_member(&in, 0, 0, "y");
    assert_fails(OCI_E_INVALID, &err, gunzip(&in, 0, NULL, &err));
    assert_text(&err, "gzip member 1: ");
}

OCI_TEST (gzip, counts_members_in_its_messages) {
    OCI_AUTO_BUF oci_buf in = OCI_BUF_INIT;
    oci_error err = OCI_ERROR_INIT;

    put_member(&in, 0, 0, "x");
    put_member(&in, 0, 0, "y");
    put_member(&in, 0x80, 0, "z");
    assert_fails(OCI_E_INVALID, &err, gunzip(&in, 0, NULL, &err));
    assert_text(&err, "gzip member 3: ");
    in.len -= 21; /* leaves three bytes */
    assert_fails(OCI_E_INVALID, &err, gunzip(&in, 0, NULL, &err));
    assert_string_equal(err.msg, "the data is cut off in gzip member 3");
}

// proves: diffid.reproducible
OCI_TEST (gzip, writes_no_name_no_time_and_no_system) {
    OCI_AUTO_BUF oci_buf out = OCI_BUF_INIT;

    oci_test_compress(OCI_COMPRESSION_GZIP, 0, "abc", 3, &out);
    assert_true(out.len > 18);
    assert_memory_equal(out.data, "\x1f\x8b\x08\4\0\0\0\0\0\xff", 10);
}
