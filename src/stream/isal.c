/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gzip (RFC 1952) by ISA-L, which is given the DEFLATE data alone: its own reader of headers neither looks at reserved
 * flags nor bears with fields that come in pieces. Header and trailer are read here, with zlib's texts for what is
 * wrong, so that it does not matter to the reader who found the damage.
 */
#include "isal.h"

#include <isa-l.h>
#include <stddef.h>

#include "base/fail.h"
#include "base/library.h"

#define FUNCTIONS(F) F(isal_inflate_init) F(isal_inflate) F(crc32_gzip_refl)
OCI_LIBRARY(isal, "ISA-L", OCI_LIBISAL_NAME, FUNCTIONS)

enum { METHOD = 8, FHCRC = 2, FEXTRA = 4, FNAME = 8, FCOMMENT = 16, RESERVED = 0xe0 };
enum { FIXED = 10 /* bytes of the header before its fields */, TRAILER = 8 };

enum part { IN_FIXED, IN_EXTRA_LENGTH, IN_EXTRA, IN_NAME, IN_COMMENT, IN_HEADER_SUM, IN_DATA, IN_TRAILER };

struct decoder {
    enum part part;
    uint8_t flags;
    uint32_t seen;       /* bytes of the part */
    uint32_t extra_left; /* of the field, or its length so far */
    uint32_t header_sum;
    uint64_t number; /* what the bytes of a sum, or of the trailer, have become */
    uint32_t size;   /* of the data */
    struct inflate_state inflate;
};

static void begin(struct decoder *d)
{
    d->part = IN_FIXED;
    d->seen = d->header_sum = d->size = 0;
}

static int make(void **state, oci_error *err)
{
    OCI_AUTO_MEM struct decoder *d = oci_alloc(sizeof *d);
    int r = isal_load(err);

    if (r < 0)
        return r;
    if (d == NULL)
        return oci_fail_nomem(err);
    begin(d);
    *state = oci_steal(&d);
    return 0;
}

/* ---- the header ---- */

static void enter(struct decoder *d, enum part part)
{
    d->part = part;
    d->seen = 0;
    d->number = 0;
    if (part != IN_DATA)
        return;
    isal.isal_inflate_init(&d->inflate);
    d->inflate.crc_flag = ISAL_GZIP_NO_HDR;
}

/* To the first part behind this one that the flags promise. */
static void enter_next(struct decoder *d)
{
    static const uint8_t needs[] = {
        [IN_EXTRA_LENGTH] = FEXTRA, [IN_NAME] = FNAME, [IN_COMMENT] = FCOMMENT, [IN_HEADER_SUM] = FHCRC
    };
    enum part next = d->part + 1;

    while (next < IN_DATA && (d->flags & needs[next]) == 0)
        next++;
    enter(d, next);
}

static int take_fixed(struct decoder *d, uint8_t byte, oci_error *err)
{
    switch (d->seen) {
    case 2:
        if (byte != METHOD)
            return oci_fail(err, OCI_E_INVALID, "unknown compression method");
        break;
    case 3:
        if ((byte & RESERVED) != 0)
            return oci_fail(err, OCI_E_INVALID, "unknown header flags set");
        d->flags = byte;
        break;
    default:
        break; /* the magic number has been seen; time, system and so on are nobody's business */
    }
    if (++d->seen == FIXED)
        enter_next(d);
    return 0;
}

static int take_header_byte(struct decoder *d, uint8_t byte, oci_error *err)
{
    if (d->part == IN_HEADER_SUM) {
        d->number |= (uint64_t)byte << 8 * d->seen;
        if (++d->seen < 2)
            return 0;
        if (d->number != (d->header_sum & 0xffff))
            return oci_fail(err, OCI_E_INVALID, "header crc mismatch");
        enter(d, IN_DATA);
        return 0;
    }
    d->header_sum = isal.crc32_gzip_refl(d->header_sum, &byte, 1);
    switch (d->part) {
    case IN_FIXED:
        return take_fixed(d, byte, err);
    case IN_EXTRA_LENGTH:
        d->extra_left = d->seen == 0 ? byte : d->extra_left | (uint32_t)byte << 8;
        if (++d->seen < 2)
            break;
        enter(d, IN_EXTRA);
        if (d->extra_left == 0)
            enter_next(d);
        break;
    case IN_EXTRA:
        if (--d->extra_left == 0)
            enter_next(d);
        break;
    case IN_NAME:
    case IN_COMMENT:
        if (byte == 0)
            enter_next(d);
        break;
    case IN_HEADER_SUM:
    case IN_DATA:
    case IN_TRAILER:
        break;
    }
    return 0;
}

/* ---- the data ---- */

static int fail_isal(int r, oci_error *err)
{
    switch (r) {
    case ISAL_INVALID_BLOCK:
        return oci_fail(err, OCI_E_INVALID, "invalid block");
    case ISAL_INVALID_SYMBOL:
        return oci_fail(err, OCI_E_INVALID, "invalid code");
    case ISAL_INVALID_LOOKBACK:
        return oci_fail(err, OCI_E_INVALID, "invalid distance too far back");
    default:
        return oci_fail(err, OCI_E_INTERNAL, "ISA-L: error %d", r);
    }
}

/* It counts in 32 bits. */
static uint32_t clamp(size_t n)
{
    return n < UINT32_MAX ? (uint32_t)n : UINT32_MAX;
}

static int take_trailer_byte(struct decoder *d, uint8_t byte, bool *end, oci_error *err)
{
    d->number |= (uint64_t)byte << 8 * d->seen;
    if (++d->seen < TRAILER)
        return 0;
    if ((uint32_t)d->number != d->inflate.crc)
        return oci_fail(err, OCI_E_INVALID, "incorrect data check");
    if (d->number >> 32 != d->size)
        return oci_fail(err, OCI_E_INVALID, "incorrect length check");
    *end = true;
    begin(d);
    return 0;
}

static int take_data(struct decoder *d, oci_step *step, oci_error *err)
{
    struct inflate_state *s = &d->inflate;
    int r;

    s->next_in = (uint8_t *)(uintptr_t)step->in;
    s->avail_in = clamp(step->in_len);
    s->next_out = step->out;
    s->avail_out = clamp(step->out_len);
    r = isal.isal_inflate(s);
    step->in_len -= (size_t)(s->next_in - step->in);
    step->in = s->next_in;
    d->size += (uint32_t)(s->next_out - step->out);
    step->out_len -= (size_t)(s->next_out - step->out);
    step->out = s->next_out;
    if (r < 0)
        return fail_isal(r, err);
    if (s->block_state != ISAL_BLOCK_FINISH)
        return 0;
    enter(d, IN_TRAILER);
    if (s->read_in_length >= 8 * TRAILER)
        return oci_fail(err, OCI_E_INTERNAL, "ISA-L: kept %d bits", (int)s->read_in_length);
    /* What it has taken in and not used: less than a trailer. */
    for (s->read_in >>= s->read_in_length % 8; s->read_in_length >= 8; s->read_in_length -= 8, s->read_in >>= 8)
        d->number |= (s->read_in & 0xff) << 8 * d->seen++;
    return 0;
}

static int decode(void *state, oci_step *step, bool *end, oci_error *err)
{
    struct decoder *d = state;
    int r = 0;

    while (r == 0 && step->in_len > 0 && d->part != IN_DATA && !*end) {
        uint8_t byte = *step->in++;

        step->in_len--;
        r = d->part == IN_TRAILER ? take_trailer_byte(d, byte, end, err) : take_header_byte(d, byte, err);
    }
    return r == 0 && d->part == IN_DATA ? take_data(d, step, err) : r;
}

const oci_decoder oci_isal_decoder = { make, decode, oci_free };
