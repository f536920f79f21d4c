/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip (RFC 1952) by zlib, which reads and checks the header of a member (reserved flags, header CRC, fields of any
 * length) and its trailer (CRC-32 and length) by itself when the window bits say so.
 */
#include "codec.h"

#define ZLIB_CONST
#include <limits.h>
#include <zlib.h>

#include "base/fail.h"
#include "base/library.h"
#include "deflate.h"
#include "isal.h"
#include "member.h"

#define FUNCTIONS(F)                                                                                                   \
    F(inflateInit2_)                                                                                                   \
    F(inflate)                                                                                                         \
    F(inflateReset)                                                                                                    \
    F(inflateEnd)                                                                                                      \
    F(deflateInit2_)                                                                                                   \
    F(deflateBound)                                                                                                    \
    F(deflate)                                                                                                         \
    F(deflateReset)                                                                                                    \
    F(deflateEnd)                                                                                                      \
    F(crc32_z)                                                                                                         \
    F(zError)
OCI_LIBRARY(zlib, "zlib", OCI_ZLIB_NAME, FUNCTIONS)

enum {
    WINDOW = 15 + 16, /* the largest window, with gzip headers and nothing else */
    RAW_WINDOW = -15, /* the same without headers */
    MEMORY = 8        /* zlib's default */
};

static bool begins(oci_span head)
{
    const unsigned char *p = head.data;

    return head.len >= 2 && p[0] == 0x1f && p[1] == 0x8b;
}

static voidpf zalloc(voidpf opaque, uInt count, uInt size)
{
    (void)opaque;
    return oci_realloc_array(NULL, count, size);
}

static void zfree(voidpf opaque, voidpf p)
{
    (void)opaque;
    oci_free(p);
}

/* zlib counts in unsigned int. */
static uInt clamp(size_t n)
{
    return n < UINT_MAX ? (uInt)n : UINT_MAX;
}

static void set_step(z_stream *z, const oci_step *step)
{
    z->next_in = step->in;
    z->avail_in = clamp(step->in_len);
    z->next_out = step->out;
    z->avail_out = clamp(step->out_len);
}

static void get_step(const z_stream *z, oci_step *step)
{
    step->in_len -= (size_t)(z->next_in - step->in);
    step->in = z->next_in;
    step->out_len -= (size_t)(z->next_out - step->out);
    step->out = z->next_out;
}

static int fail_zlib(const z_stream *z, int r, oci_error *err)
{
    if (r == Z_MEM_ERROR)
        return oci_fail_nomem(err);
    return oci_fail(err, OCI_E_INTERNAL, "zlib: %s", z->msg != NULL ? z->msg : zlib.zError(r));
}

/* ---- decoding ---- */

static int decoder_new(void **state, oci_error *err)
{
    OCI_AUTO_MEM z_stream *z = oci_calloc(1, sizeof *z);
    int r = zlib_load(err);

    if (r < 0)
        return r;
    if (z == NULL)
        return oci_fail_nomem(err);
    z->zalloc = zalloc;
    z->zfree = zfree;
    r = zlib.inflateInit2_(z, WINDOW, ZLIB_VERSION, (int)sizeof *z);
    if (r != Z_OK)
        return fail_zlib(z, r, err);
    *state = oci_steal(&z);
    return 0;
}

static int decode(void *state, oci_step *step, bool *end, oci_error *err)
{
    z_stream *z = state;
    int r;

    set_step(z, step);
    r = zlib.inflate(z, Z_NO_FLUSH);
    get_step(z, step);
    if (r == Z_OK || r == Z_BUF_ERROR)
        return 0;
    if (r == Z_DATA_ERROR)
        return oci_fail(err, OCI_E_INVALID, "%s", z->msg != NULL ? z->msg : "damaged");
    if (r != Z_STREAM_END)
        return fail_zlib(z, r, err);
    *end = true;
    r = zlib.inflateReset(z);
    return r == Z_OK ? 0 : fail_zlib(z, r, err);
}

static void decoder_free(void *state)
{
    zlib.inflateEnd(state);
    oci_free(state);
}

static const oci_decoder decoder = { decoder_new, decode, decoder_free };

/* ---- encoding ---- */

/* A member for each block, as the other encoder makes them. */

static size_t bound(size_t n)
{
    return OCI_MEMBER_HEADER + zlib.deflateBound(NULL, (uLong)n) + OCI_MEMBER_TRAILER;
}

static int encoder_new(int level, void **state, oci_error *err)
{
    OCI_AUTO_MEM z_stream *z = oci_calloc(1, sizeof *z);
    int r = zlib_load(err);

    if (r < 0)
        return r;
    if (z == NULL)
        return oci_fail_nomem(err);
    z->zalloc = zalloc;
    z->zfree = zfree;
    r = zlib.deflateInit2_(z, level, Z_DEFLATED, RAW_WINDOW, MEMORY, Z_DEFAULT_STRATEGY, ZLIB_VERSION, (int)sizeof *z);
    if (r != Z_OK)
        return fail_zlib(z, r, err);
    *state = oci_steal(&z);
    return 0;
}

static int encode(void *state, oci_span block, unsigned char *out, size_t room, size_t *len, oci_error *err)
{
    z_stream *z = state;
    int r = zlib.deflateReset(z);

    if (r != Z_OK)
        return fail_zlib(z, r, err);
    z->next_in = block.data;
    z->avail_in = (uInt)block.len;
    z->next_out = out + OCI_MEMBER_HEADER;
    z->avail_out = clamp(room - OCI_MEMBER_HEADER - OCI_MEMBER_TRAILER);
    r = zlib.deflate(z, Z_FINISH);
    if (r != Z_STREAM_END)
        return fail_zlib(z, r, err);
    *len = oci_member_close(out, z->total_out, (uint32_t)zlib.crc32_z(0, block.data, block.len), block.len);
    return 0;
}

static void encoder_free(void *state)
{
    zlib.deflateEnd(state);
    oci_free(state);
}

static const oci_encoder encoder = { 6, bound, encoder_new, encode, encoder_free };

const oci_codec oci_codec_gzip = {
    .name = "gzip",
    .unit = "member",
    .padding = true,
    .max_level = 9,
    .begins = begins,
    .decoder = &decoder,
    .fast_decoder = OCI_ISAL_DECODER,
    .outline = &oci_member_outline,
    .block_size = (size_t)1 << 20,
    .encoder = &encoder,
    .fast_encoder = OCI_LIBDEFLATE_ENCODER,
};
