/* SPDX-License-Identifier: Apache-2.0 */
/* zstd (RFC 8478) by libzstd, which checks content sizes and checksums and has its memory from malloc itself. */
#include "codec.h"

#include <zstd.h>
#include <zstd_errors.h>

#include "base/fail.h"
#include "base/library.h"

#define FUNCTIONS(F)                                                                                                   \
    F(ZSTD_getErrorCode)                                                                                               \
    F(ZSTD_getErrorName)                                                                                               \
    F(ZSTD_isError)                                                                                                    \
    F(ZSTD_createDCtx)                                                                                                 \
    F(ZSTD_DCtx_setParameter)                                                                                          \
    F(ZSTD_freeDCtx)                                                                                                   \
    F(ZSTD_decompressStream)                                                                                           \
    F(ZSTD_getFrameContentSize)                                                                                        \
    F(ZSTD_compressBound)                                                                                              \
    F(ZSTD_createCCtx)                                                                                                 \
    F(ZSTD_CCtx_setParameter)                                                                                          \
    F(ZSTD_freeCCtx)                                                                                                   \
    F(ZSTD_compress2)
OCI_LIBRARY(zstd, "libzstd", OCI_LIBZSTD_NAME, FUNCTIONS)

enum {
    /* 128 MiB, or 8 MiB (what RFC 8478 asks of every decoder) where address space is short. */
    WINDOW_LOG = sizeof(void *) > 4 ? 27 : 23,
    /* The last level whose window every decoder has. */
    MAX_LEVEL = 19
};

/* libzstd may be built to read the formats of its infancy as well, which are no zstd; hence the look at every frame. */
static bool begins(oci_span head)
{
    const unsigned char *p = head.data;
    uint32_t magic;

    if (head.len < 4)
        return false;
    magic = p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    return magic == ZSTD_MAGICNUMBER || (magic & ZSTD_MAGIC_SKIPPABLE_MASK) == ZSTD_MAGIC_SKIPPABLE_START;
}

static int fail_zstd(size_t r, oci_error *err)
{
    if (zstd.ZSTD_getErrorCode(r) == ZSTD_error_memory_allocation)
        return oci_fail_nomem(err);
    return oci_fail(err, OCI_E_INTERNAL, "libzstd: %s", zstd.ZSTD_getErrorName(r));
}

/* ---- decoding ---- */

static int decoder_new(void **state, oci_error *err)
{
    ZSTD_DCtx *ctx;
    size_t r;
    int loaded = zstd_load(err);

    if (loaded < 0)
        return loaded;
    ctx = zstd.ZSTD_createDCtx();
    if (ctx == NULL)
        return oci_fail_nomem(err);
    r = zstd.ZSTD_DCtx_setParameter(ctx, ZSTD_d_windowLogMax, WINDOW_LOG);
    if (zstd.ZSTD_isError(r)) {
        zstd.ZSTD_freeDCtx(ctx);
        return fail_zstd(r, err);
    }
    *state = ctx;
    return 0;
}

static int fail_data(size_t r, oci_error *err)
{
    ZSTD_ErrorCode code = zstd.ZSTD_getErrorCode(r);

    if (code == ZSTD_error_memory_allocation)
        return oci_fail_nomem(err);
    if (code == ZSTD_error_frameParameter_windowTooLarge)
        return oci_fail(err, OCI_E_LIMIT, "needs a window larger than %u MiB", 1u << (WINDOW_LOG - 20));
    if (code == ZSTD_error_dictionary_wrong)
        return oci_fail(err, OCI_E_UNSUPPORTED, "needs a dictionary");
    return oci_fail(err, OCI_E_INVALID, "%s", zstd.ZSTD_getErrorName(r));
}

static int decode(void *state, oci_step *step, bool *end, oci_error *err)
{
    ZSTD_inBuffer in = { step->in, step->in_len, 0 };
    ZSTD_outBuffer out = { step->out, step->out_len, 0 };
    size_t r = zstd.ZSTD_decompressStream(state, &out, &in);

    if (zstd.ZSTD_isError(r))
        return fail_data(r, err);
    step->in += in.pos;
    step->in_len -= in.pos;
    step->out += out.pos;
    step->out_len -= out.pos;
    *end = r == 0;
    return 0;
}

static void decoder_free(void *state)
{
    zstd.ZSTD_freeDCtx(state);
}

static const oci_decoder decoder = { decoder_new, decode, decoder_free };

/* ---- telling frames apart ---- */

/* RFC 8478, 3.1.1. The walk along the blocks goes from one header to the next, a step a call. */
enum {
    PREFIX = 5,      /* the magic number and the byte that describes the header */
    NOT_OURS = 0x0b, /* in it: a dictionary, and what is reserved */
    BLOCK_HEADER = 3,
    CHECKSUM = 4,
    RLE = 1,
    RESERVED = 3,
    BLOCK_LOG = 17 /* of the largest block, which may be no larger than the window either */
};

static bool is_single_segment(uint8_t description)
{
    return (description & 0x20) != 0;
}

static bool has_checksum(uint8_t description)
{
    return (description & 4) != 0;
}

/* Without its dictionary, which is none of ours. */
static size_t header_length(uint8_t description)
{
    static const uint8_t content_size[] = { 0, 2, 4, 8 };

    return PREFIX + (is_single_segment(description) ? description >> 6 == 0 : 1) + content_size[description >> 6];
}

static bool extend(oci_span head, size_t *need, bool *last)
{
    const unsigned char *p = head.data, *block;
    uint32_t type, n;

    *last = false;
    *need = PREFIX;
    if (head.len == 0)
        return true;
    *need = header_length(p[4]) + BLOCK_HEADER;
    if (head.len == PREFIX)
        return begins(head) && p[0] == (ZSTD_MAGICNUMBER & 0xff) && (p[4] & NOT_OURS) == 0;
    block = p + head.len - BLOCK_HEADER;
    *last = (block[0] & 1) != 0;
    type = block[0] >> 1 & 3;
    n = type == RLE ? 1 : (block[0] | (uint32_t)block[1] << 8 | (uint32_t)block[2] << 16) >> 3;
    *need = head.len + n + (!*last ? BLOCK_HEADER : has_checksum(p[4]) ? CHECKSUM : 0);
    return type != RESERVED && n <= 1u << BLOCK_LOG;
}

/* Of a frame that is there whole libzstd asks neither whether its window is too large nor whether its blocks are too
 * large for it. */
static uint64_t size(oci_span unit)
{
    const unsigned char *p = unit.data;
    const int window_log = 10 + (p[5] >> 3); /* rounded down */
    unsigned long long n;

    if (zstd_load(NULL) < 0)
        return UINT64_MAX;
    n = zstd.ZSTD_getFrameContentSize(unit.data, unit.len);
    if (!is_single_segment(p[4]) && (window_log < BLOCK_LOG || window_log >= WINDOW_LOG))
        return UINT64_MAX;
    return n == ZSTD_CONTENTSIZE_UNKNOWN || n == ZSTD_CONTENTSIZE_ERROR ? UINT64_MAX : n;
}

static const oci_outline outline = { extend, size };

/* ---- encoding ---- */

/* A frame for each block, so that several can be made, and read, at the same time. */

static size_t bound(size_t n)
{
    return zstd.ZSTD_compressBound(n);
}

static int encoder_new(int level, void **state, oci_error *err)
{
    const struct {
        ZSTD_cParameter name;
        int value;
    } parameters[] = { { ZSTD_c_compressionLevel, level }, { ZSTD_c_checksumFlag, 1 } };
    ZSTD_CCtx *ctx;
    int loaded = zstd_load(err);

    if (loaded < 0)
        return loaded;
    ctx = zstd.ZSTD_createCCtx();
    if (ctx == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; i < sizeof parameters / sizeof *parameters; i++) {
        size_t r = zstd.ZSTD_CCtx_setParameter(ctx, parameters[i].name, parameters[i].value);

        if (zstd.ZSTD_isError(r)) {
            zstd.ZSTD_freeCCtx(ctx);
            return fail_zstd(r, err);
        }
    }
    *state = ctx;
    return 0;
}

static int encode(void *state, oci_span block, unsigned char *out, size_t room, size_t *len, oci_error *err)
{
    size_t n = zstd.ZSTD_compress2(state, out, room, block.data, block.len);

    if (zstd.ZSTD_isError(n))
        return fail_zstd(n, err);
    *len = n;
    return 0;
}

static void encoder_free(void *state)
{
    zstd.ZSTD_freeCCtx(state);
}

static const oci_encoder encoder = { 3, bound, encoder_new, encode, encoder_free };

const oci_codec oci_codec_zstd = {
    .name = "zstd",
    .unit = "frame",
    .padding = false,
    .max_level = MAX_LEVEL,
    .begins = begins,
    .decoder = &decoder,
    .outline = &outline,
    .block_size = (size_t)4 << 20,
    .encoder = &encoder,
};
