/* SPDX-License-Identifier: Apache-2.0 */
/* The decompressing stage: a row of units to its verified end, in bounded memory and with bounded growth. */
#include "codec.h"

#include <inttypes.h>

#include "base/accel.h"
#include "base/fail.h"

/* Output that no ratio is asked of: little files of zeros are no bombs. */
static const uint64_t FREE_OUTPUT = UINT64_C(64) << 20;

struct decode_reader {
    oci_reader r;
    const oci_codec *codec;
    const oci_decoder *decoder;
    void *state;
    uint32_t max_ratio;
    uint64_t units; /* begun */
    bool inside;    /* of a unit */
    bool full;      /* the last call filled the chunk, so there may be more without new input */
    uint64_t produced;
    oci_input in;
    unsigned char chunk[OCI_STREAM_CHUNK];
};

static bool is_zero(oci_span span)
{
    const unsigned char *bytes = span.data;

    for (size_t i = 0; i < span.len; i++)
        if (bytes[i] != 0)
            return false;
    return true;
}

static int fail_behind(const struct decode_reader *d, oci_error *err)
{
    return oci_fail(err, OCI_E_INVALID, "the data goes on behind the last %s %s, at byte %" PRIu64, d->codec->name,
                    d->codec->unit, d->in.consumed);
}

/* Nothing but zero bytes to the end. */
static int skip_padding(struct decode_reader *d, oci_error *err)
{
    for (;;) {
        oci_span span;
        int r = oci_input_peek(&d->in, 1, &span, err);

        if (r < 0 || span.len == 0)
            return r;
        if (!is_zero(span))
            return fail_behind(d, err);
        oci_input_skip(&d->in, span.len);
    }
}

/* 1 when another unit begins, 0 at the verified end of everything. */
static int begin_unit(struct decode_reader *d, oci_error *err)
{
    oci_span head;
    int r = oci_input_peek(&d->in, OCI_CODEC_MAGIC, &head, err);

    if (r < 0)
        return r;
    if (d->codec->begins(head)) {
        d->units++;
        d->inside = true;
        return 1;
    }
    if (d->units == 0)
        return oci_codec_mismatch(&d->in, d->codec->name, err);
    if (head.len == 0)
        return 0;
    if (d->codec->padding && ((const unsigned char *)head.data)[0] == 0)
        return skip_padding(d, err);
    return fail_behind(d, err);
}

int oci_codec_check_ratio(const char *name, uint64_t consumed, uint64_t produced, uint32_t max_ratio, oci_error *err)
{
    if (produced <= FREE_OUTPUT || (produced - FREE_OUTPUT - 1) / max_ratio < consumed)
        return 0;
    return oci_fail(err, OCI_E_LIMIT,
                    "the %s data grows more than %" PRIu32 "-fold: %" PRIu64 " bytes have become %" PRIu64, name,
                    max_ratio, consumed, produced);
}

/* One call of the codec on what is at hand; *got may be 0. */
static int decode_some(struct decode_reader *d, void *room, size_t n, size_t *got, oci_error *err)
{
    oci_span span;
    oci_step step;
    bool end = false;
    int r = oci_input_peek(&d->in, d->full ? 0 : 1, &span, err);

    if (r < 0)
        return r;
    if (span.len == 0 && !d->full)
        return oci_fail(err, OCI_E_INVALID, "the data is cut off in %s %s %" PRIu64, d->codec->name, d->codec->unit,
                        d->units);
    step = (oci_step) { span.data, span.len, room, n };
    r = d->decoder->decode(d->state, &step, &end, err);
    if (r < 0)
        return oci_wrap(err, r, "%s %s %" PRIu64, d->codec->name, d->codec->unit, d->units);
    oci_input_skip(&d->in, span.len - step.in_len);
    *got = n - step.out_len;
    d->full = !end && step.out_len == 0;
    d->inside = !end;
    d->produced += *got;
    return oci_codec_check_ratio(d->codec->name, d->in.consumed, d->produced, d->max_ratio, err);
}

static int decode_fill(oci_reader *r, void *room, size_t n, size_t *got, oci_error *err)
{
    struct decode_reader *d = (struct decode_reader *)r;

    while (*got == 0) {
        int result = d->inside ? 1 : begin_unit(d, err);

        if (result <= 0)
            return result;
        result = decode_some(d, room, n, got, err);
        if (result < 0)
            return result;
    }
    return 0;
}

static int decode_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct decode_reader *d = (struct decode_reader *)r;

    out->data = d->chunk;
    return decode_fill(r, d->chunk, sizeof d->chunk, &out->len, err);
}

static void decode_free(oci_reader *r)
{
    struct decode_reader *d = (struct decode_reader *)r;

    d->decoder->free(d->state);
    oci_reader_free(d->in.src);
}

static const oci_reader_ops decode_ops = { decode_next, decode_free, decode_fill };

const oci_decoder *oci_codec_decoder(const oci_codec *codec)
{
    return codec->fast_decoder != NULL && oci_accelerates() ? codec->fast_decoder : codec->decoder;
}

int oci_reader_decode(oci_reader *src, const oci_codec *codec, uint32_t max_ratio, oci_row decoded, oci_reader **out,
                      oci_error *err)
{
    OCI_AUTO(oci_reader) owned = src;
    OCI_AUTO_MEM struct decode_reader *d = oci_calloc(1, sizeof *d);
    int r;

    if (d == NULL)
        return oci_fail_nomem(err);
    d->decoder = oci_codec_decoder(codec);
    r = d->decoder->make(&d->state, err);
    if (r < 0)
        return r;
    d->r.ops = &decode_ops;
    d->codec = codec;
    d->max_ratio = max_ratio;
    d->units = decoded.units;
    d->produced = decoded.produced;
    d->in.consumed = decoded.consumed;
    d->in.src = oci_steal(&owned);
    *out = &oci_steal(&d)->r;
    return 0;
}
