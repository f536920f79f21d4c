/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TESTS_FUZZ_STREAM_H
#define OCI_TESTS_FUZZ_STREAM_H
/*
 * What the targets for decompression share. An input is used three ways: as compressed data; as data that is compressed
 * and must come back; and, for inputs that are text, as data that is compressed, damaged where its first bytes say, and
 * decompressed.
 */
#include <string.h>

#include "base/buf.h"
#include "stream/stream.h"

#include "fuzz.h"

enum { FUZZ_MAX_OUTPUT = 8 * 1024 * 1024 };

struct fuzz_pieces {
    const uint8_t *p;
    size_t left;
    size_t step;
};

static int fuzz_next_piece(void *ctx, oci_span *out, oci_error *err)
{
    struct fuzz_pieces *pieces = ctx;
    size_t n = pieces->step < pieces->left ? pieces->step : pieces->left;

    (void)err;
    *out = (oci_span) { pieces->p, n };
    pieces->p += n;
    pieces->left -= n;
    return 0;
}

/* Decompresses spans of step bytes, verified by whoever waits for threads when there are several; OCI_E_LIMIT past
 * FUZZ_MAX_OUTPUT. */
static int fuzz_decompress(oci_compression kind, const uint8_t *p, size_t n, size_t step, unsigned threads,
                           oci_buf *out)
{
    oci_ahead ahead = { .threads = threads, .memory = (size_t)64 << 20 };
    struct fuzz_pieces pieces = { p, n, step };
    OCI_AUTO(oci_reader) r = NULL;
    oci_error err = OCI_ERROR_INIT;
    int result;

    FUZZ_CHECK(oci_reader_from_callbacks(&(oci_reader_callbacks) { fuzz_next_piece, NULL }, &pieces, &r, &err) == 0);
    if (threads > 1) {
        oci_digest want;

        FUZZ_CHECK(oci_digest_of(OCI_DIGEST_SHA256, p, n, &want, &err) == 0);
        FUZZ_CHECK(oci_reader_verify(oci_steal(&r), &want, n, &r, &err) == 0);
        FUZZ_CHECK(oci_reader_hash_later(r, true, &err) == 0);
        ahead.helped = r;
        FUZZ_CHECK(oci_reader_decompress_ahead(oci_steal(&r), kind, UINT32_MAX, &ahead, &r, &err) == 0);
    } else
        FUZZ_CHECK(oci_reader_decompress(oci_steal(&r), kind, UINT32_MAX, &r, &err) == 0);
    result = oci_reader_read_all(r, FUZZ_MAX_OUTPUT, out, &err);
    FUZZ_CHECK(result == 0 || (err.code == result && err.msg[0] != '\0'));
    FUZZ_CHECK(result == 0 || result == OCI_E_INVALID || result == OCI_E_LIMIT || result == OCI_E_UNSUPPORTED);
    return result;
}

/* The verdict and the bytes, which must depend neither on how the data is cut nor on threads. */
static int fuzz_decompress_alike(oci_compression kind, const uint8_t *p, size_t n, oci_buf *out)
{
    int whole = fuzz_decompress(kind, p, n, n > 0 ? n : 1, 1, out);

    for (unsigned threads = 1; threads <= 2; threads++) {
        OCI_AUTO_BUF oci_buf other = OCI_BUF_INIT;
        int cut = fuzz_decompress(kind, p, n, 1 + n % 7, threads, &other);

        FUZZ_CHECK(whole == cut && out->len == other.len);
        FUZZ_CHECK(out->len == 0 || memcmp(out->data, other.data, out->len) == 0);
    }
    return whole;
}

static void fuzz_compress(oci_compression kind, const uint8_t *p, size_t n, oci_buf *out)
{
    OCI_AUTO(oci_writer) w = NULL;
    oci_compress_options o = { .level = 1 };

    /* Of those that can make gzip each has its turn. */
    if (kind == OCI_COMPRESSION_GZIP && n % 2 == 1)
        o.encoder = OCI_GZIP_ENCODER_ZLIB;
    FUZZ_CHECK(oci_writer_to_buf(out, &w, NULL) == 0);
    FUZZ_CHECK(oci_writer_compress(oci_steal(&w), kind, &o, &w, NULL) == 0);
    FUZZ_CHECK(oci_writer_write(w, p, n, NULL) == 0);
    FUZZ_CHECK(oci_writer_finish(w, NULL) == 0);
}

/* check holds the claims about compressed data. */
static void fuzz_stream(oci_compression kind, const uint8_t *p, size_t n, void (*check)(const uint8_t *p, size_t n))
{
    OCI_AUTO_BUF oci_buf packed = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf back = OCI_BUF_INIT;

    check(p, n);
    fuzz_compress(kind, p, n, &packed);
    fuzz_compress(kind, p, n / 2, &packed);
    FUZZ_CHECK(fuzz_decompress_alike(kind, (const uint8_t *)packed.data, packed.len, &back) == 0);
    FUZZ_CHECK(back.len == n + n / 2);
    FUZZ_CHECK(n == 0 || (memcmp(back.data, p, n) == 0 && memcmp(back.data + n, p, n / 2) == 0));
    if (n < 3)
        return;
    packed.data[(p[0] | (size_t)p[1] << 8) % packed.len] ^= (char)(1 << p[2] % 8);
    check((const uint8_t *)packed.data, packed.len);
    check((const uint8_t *)packed.data, packed.len - p[0] % packed.len);
}

#endif
