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

/* 1 or 2: a twentieth larger than what zlib makes at level 6, and made faster by far than what it makes at level 1. */
enum { BY_THE_BLOCK = 0 };

struct encoder {
    struct libdeflate_compressor *compressor;
    struct libdeflate_compressor *quick; /* for blocks in which there is little to find; or NULL */
};

static size_t bound(size_t n)
{
    return OCI_MEMBER_HEADER + libdeflate.libdeflate_deflate_compress_bound(NULL, n) + OCI_MEMBER_TRAILER;
}

static void encoder_free(void *state)
{
    struct encoder *e = state;

    libdeflate.libdeflate_free_compressor(e->compressor);
    libdeflate.libdeflate_free_compressor(e->quick);
    oci_free(e);
}

static int make(int level, void **state, oci_error *err)
{
    struct encoder *e;
    int r = libdeflate_load(err);

    if (r < 0)
        return r;
    e = oci_calloc(1, sizeof *e);
    if (e == NULL)
        return oci_fail_nomem(err);
    e->compressor = libdeflate.libdeflate_alloc_compressor(level != BY_THE_BLOCK ? level : 2);
    if (level == BY_THE_BLOCK)
        e->quick = libdeflate.libdeflate_alloc_compressor(1);
    if (e->compressor == NULL || (level == BY_THE_BLOCK && e->quick == NULL)) {
        encoder_free(e);
        return oci_fail_nomem(err);
    }
    *state = e;
    return 0;
}

/* Whether what level 2 finds in a block is little for its time. It is in text and in what is compressed already, and
 * long runs of zeros any level finds; it is not in the code and the tables of programs, where short runs are all over.
 * Some bytes tell, more than 1 in 16 of which begin a run there. */
static bool has_few_runs_of_zeros(oci_span block)
{
    enum { STEP = 251 }; /* a prime, so that no record has its bytes at multiples of it */
    const unsigned char *p = block.data;
    size_t begins = 0;

    for (size_t i = STEP; i < block.len; i += STEP)
        begins += p[i] == 0 && p[i - 1] != 0;
    return begins * STEP < block.len / 16;
}

static int encode(void *state, oci_span block, unsigned char *out, size_t room, size_t *len, oci_error *err)
{
    const struct encoder *e = state;
    size_t n = libdeflate.libdeflate_deflate_compress(
        e->quick != NULL && has_few_runs_of_zeros(block) ? e->quick : e->compressor, block.data, block.len,
        out + OCI_MEMBER_HEADER, room - OCI_MEMBER_HEADER - OCI_MEMBER_TRAILER);

    if (n == 0)
        return oci_fail(err, OCI_E_INTERNAL, "libdeflate: the data does not fit");
    *len = oci_member_close(out, n, libdeflate.libdeflate_crc32(0, block.data, block.len), block.len);
    return 0;
}

const oci_encoder oci_libdeflate_encoder = { BY_THE_BLOCK, bound, make, encode, encoder_free };
