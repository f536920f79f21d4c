/* SPDX-License-Identifier: Apache-2.0 */
/* gzip (RFC 1952) by libdeflate, which has its memory from malloc itself. */
#include "deflate.h"

#include <libdeflate.h>

#include "base/fail.h"
#include "base/library.h"
#include "member.h"

#define FUNCTIONS(F)                                                                                                   \
    F(libdeflate_alloc_compressor)                                                                                     \
    F(libdeflate_deflate_compress_bound)                                                                               \
    F(libdeflate_deflate_compress)                                                                                     \
    F(libdeflate_crc32)                                                                                                \
    F(libdeflate_free_compressor)
OCI_LIBRARY(libdeflate, "libdeflate", OCI_LIBDEFLATE_NAME, FUNCTIONS)

/* Little larger than what zlib makes at level 6, and faster than what it makes at level 1. */
enum { DEFAULT_LEVEL = 2 };

static size_t bound(size_t n)
{
    return OCI_MEMBER_HEADER + libdeflate.libdeflate_deflate_compress_bound(NULL, n) + OCI_MEMBER_TRAILER;
}

static int make(int level, void **state, oci_error *err)
{
    struct libdeflate_compressor *c;
    int r = libdeflate_load(err);

    if (r < 0)
        return r;
    c = libdeflate.libdeflate_alloc_compressor(level);
    if (c == NULL)
        return oci_fail_nomem(err);
    *state = c;
    return 0;
}

static int encode(void *state, oci_span block, unsigned char *out, size_t room, size_t *len, oci_error *err)
{
    size_t n = libdeflate.libdeflate_deflate_compress(state, block.data, block.len, out + OCI_MEMBER_HEADER,
                                                      room - OCI_MEMBER_HEADER - OCI_MEMBER_TRAILER);

    if (n == 0)
        return oci_fail(err, OCI_E_INTERNAL, "libdeflate: the data does not fit");
    *len = oci_member_close(out, n, libdeflate.libdeflate_crc32(0, block.data, block.len), block.len);
    return 0;
}

static void encoder_free(void *state)
{
    libdeflate.libdeflate_free_compressor(state);
}

const oci_encoder oci_libdeflate_encoder = { DEFAULT_LEVEL, bound, make, encode, encoder_free };
