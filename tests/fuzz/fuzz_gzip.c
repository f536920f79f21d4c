/* SPDX-License-Identifier: Apache-2.0 */
/* gzip data is accepted when zlib, called member by member on the whole, accepts it, and means the same bytes; with
 * OCI_IMAGE_ACCEL=none, only then. */
#include <stdlib.h>
#include <zlib.h>

#include "stream.h"

static bool is_zero(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] != 0)
            return false;
    return true;
}

/* One member; false when it is damaged, cut off or too large. */
static bool inflate_member(z_stream *z, oci_buf *out)
{
    uint8_t piece[4096];
    int r;

    do {
        z->next_out = piece;
        z->avail_out = sizeof piece;
        r = inflate(z, Z_NO_FLUSH);
        if (r != Z_OK && r != Z_STREAM_END)
            return false;
        FUZZ_CHECK(oci_buf_append(out, piece, sizeof piece - z->avail_out, NULL) == 0);
    } while (r == Z_OK && out->len <= FUZZ_MAX_OUTPUT);
    return r == Z_STREAM_END;
}

static bool inflate_all(const uint8_t *p, size_t n, oci_buf *out)
{
    z_stream z = { 0 };
    bool good;

    z.next_in = (Bytef *)(uintptr_t)p;
    z.avail_in = (uInt)n;
    FUZZ_CHECK(inflateInit2(&z, 15 + 16) == Z_OK);
    do {
        good = inflate_member(&z, out) && inflateReset(&z) == Z_OK;
    } while (good && !is_zero(z.next_in, z.avail_in));
    inflateEnd(&z);
    return good;
}

static void check(const uint8_t *p, size_t n)
{
    OCI_AUTO_BUF oci_buf ours = OCI_BUF_INIT;
    OCI_AUTO_BUF oci_buf theirs = OCI_BUF_INIT;
    int verdict = fuzz_decompress_alike(OCI_COMPRESSION_GZIP, p, n, &ours);
    bool by_zlib;

    if (verdict == OCI_E_LIMIT)
        return;
    by_zlib = inflate_all(p, n, &theirs);
    FUZZ_CHECK(verdict == 0 || !by_zlib);
    FUZZ_CHECK(verdict != 0 || by_zlib || getenv("OCI_IMAGE_ACCEL") == NULL);
    FUZZ_CHECK(!by_zlib || ours.len == theirs.len);
    FUZZ_CHECK(!by_zlib || ours.len == 0 || memcmp(ours.data, theirs.data, ours.len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_stream(OCI_COMPRESSION_GZIP, data, size, check);
    return 0;
}
