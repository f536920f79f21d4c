/* SPDX-License-Identifier: Apache-2.0 */
/* Which codec belongs to which kind, and what data without a codec looks like. */
#include "codec.h"

#include <string.h>

#include "base/accel.h"
#include "base/fail.h"
#include "foreign.h"
#include "thread.h"

/* Each thread costs some megabytes, so that more have to be asked for. */
enum { DEFAULT_THREADS = 8, MAX_THREADS = 256 };

const char *oci_compression_name(oci_compression kind)
{
    switch (kind) {
    case OCI_COMPRESSION_NONE:
        return "none";
    case OCI_COMPRESSION_GZIP:
        return "gzip";
    case OCI_COMPRESSION_ZSTD:
        return "zstd";
    }
    return "unknown";
}

/* NULL for OCI_COMPRESSION_NONE and for what is no kind. */
static const oci_codec *codec_of(oci_compression kind)
{
    switch (kind) {
    case OCI_COMPRESSION_NONE:
        break;
    case OCI_COMPRESSION_GZIP:
        return &oci_codec_gzip;
    case OCI_COMPRESSION_ZSTD:
        return &oci_codec_zstd;
    }
    return NULL;
}

static int unknown_kind(oci_compression kind, oci_error *err)
{
    return oci_fail(err, OCI_E_USAGE, "%d is no kind of compression", (int)kind);
}

/* ---- recognising ---- */

static oci_compression kind_of(oci_span head)
{
    if (oci_codec_gzip.begins(head))
        return OCI_COMPRESSION_GZIP;
    if (oci_codec_zstd.begins(head))
        return OCI_COMPRESSION_ZSTD;
    return OCI_COMPRESSION_NONE;
}

/* POSIX and GNU archives have it at offset 257 of the first header. */
static bool is_tar(oci_span head)
{
    return head.len >= 262 && memcmp((const char *)head.data + 257, "ustar", 5) == 0;
}

/* NULL when there is none. */
static const char *look_of(oci_span head)
{
    oci_compression kind = kind_of(head);

    return kind != OCI_COMPRESSION_NONE ? oci_compression_name(kind) : oci_foreign_name(head);
}

int oci_codec_mismatch(oci_input *in, const char *promised, oci_error *err)
{
    oci_span head;
    const char *look;
    int r = oci_input_peek(in, OCI_INPUT_PEEK, &head, err);

    if (r < 0)
        return r;
    look = look_of(head);
    if (head.len == 0)
        return oci_fail(err, OCI_E_INVALID, "the data is empty, which is not %s", promised);
    if (is_tar(head))
        return oci_fail(err, OCI_E_INVALID, "the data is not %s (it looks like an uncompressed tar archive)", promised);
    if (look != NULL)
        return oci_fail(err, OCI_E_INVALID, "the data is %s, not %s", look, promised);
    return oci_fail(err, OCI_E_INVALID, "the data is not %s", promised);
}

/* ---- passing on ---- */

struct plain_reader {
    oci_reader r;
    oci_input in;
    bool check; /* the first bytes are still to be looked at */
};

/* A tar archive may begin with any file name, so the bytes of another kind count only where no tar header is. */
static int check_plain(oci_input *in, oci_error *err)
{
    oci_span head;
    int r = oci_input_peek(in, OCI_INPUT_PEEK, &head, err);

    if (r < 0)
        return r;
    return kind_of(head) == OCI_COMPRESSION_NONE || is_tar(head) ? 0 : oci_codec_mismatch(in, "uncompressed", err);
}

static int plain_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct plain_reader *p = (struct plain_reader *)r;
    int result = p->check ? check_plain(&p->in, err) : 0;

    if (result == 0)
        result = oci_input_peek(&p->in, 1, out, err);
    if (result < 0)
        return result;
    p->check = false;
    oci_input_skip(&p->in, out->len);
    return 0;
}

static void plain_free(oci_reader *r)
{
    oci_reader_free(((struct plain_reader *)r)->in.src);
}

static const oci_reader_ops plain_ops = { plain_next, plain_free, NULL };

static int plain_new(oci_reader *src, bool check, struct plain_reader **out, oci_error *err)
{
    OCI_AUTO(oci_reader) owned = src;
    struct plain_reader *p = oci_calloc(1, sizeof *p);

    if (p == NULL)
        return oci_fail_nomem(err);
    p->r.ops = &plain_ops;
    p->in.src = oci_steal(&owned);
    p->check = check;
    *out = p;
    return 0;
}

/* ---- choosing ---- */

int oci_reader_decompress(oci_reader *src, oci_compression kind, uint32_t max_ratio, oci_reader **out, oci_error *err)
{
    OCI_AUTO(oci_reader) owned = src;
    const oci_codec *codec = codec_of(kind);
    struct plain_reader *plain = NULL;
    int r;

    if (max_ratio == 0)
        max_ratio = oci_limits_resolve(NULL).max_ratio;
    if (codec != NULL)
        return oci_reader_decode(oci_steal(&owned), codec, max_ratio, (oci_row) { 0 }, out, err);
    if (kind != OCI_COMPRESSION_NONE)
        return unknown_kind(kind, err);
    r = plain_new(oci_steal(&owned), true, &plain, err);
    if (r < 0)
        return r;
    *out = &plain->r;
    return 0;
}

int oci_reader_decompress_ahead(oci_reader *src, oci_compression kind, uint32_t max_ratio, const oci_ahead *o,
                                oci_reader **out, oci_error *err)
{
    OCI_AUTO(oci_reader) owned = src;
    const oci_codec *codec = codec_of(kind);
    int r;

    if (max_ratio == 0)
        max_ratio = oci_limits_resolve(NULL).max_ratio;
    if (codec != NULL && o->threads > 1)
        return oci_reader_decode_ahead(oci_steal(&owned), codec, max_ratio, o, out, err);
    r = oci_reader_decompress(oci_steal(&owned), kind, max_ratio, &owned, err);
    return r < 0 ? r : oci_reader_run_ahead(oci_steal(&owned), o, out, err);
}

int oci_reader_sniff(oci_reader *src, oci_compression *kind, oci_reader **out, oci_error *err)
{
    struct plain_reader *plain = NULL;
    oci_span head;
    int r = plain_new(src, false, &plain, err);

    if (r < 0)
        return r;
    r = oci_input_peek(&plain->in, OCI_CODEC_MAGIC, &head, err);
    if (r < 0) {
        oci_reader_free(&plain->r);
        return r;
    }
    *kind = kind_of(head);
    *out = &plain->r;
    return 0;
}

int oci_reader_decompress_any(oci_reader *src, uint32_t max_ratio, oci_reader **out, oci_error *err)
{
    OCI_AUTO(oci_reader) r = NULL;
    struct plain_reader *plain = NULL;
    oci_compression kind;
    const char *foreign;
    oci_span head;
    int result = plain_new(src, false, &plain, err);

    if (result < 0)
        return result;
    r = &plain->r;
    result = oci_input_peek(&plain->in, OCI_INPUT_PEEK, &head, err);
    if (result < 0)
        return result;
    if (max_ratio == 0)
        max_ratio = oci_limits_resolve(NULL).max_ratio;
    kind = is_tar(head) ? OCI_COMPRESSION_NONE : kind_of(head);
    foreign = is_tar(head) ? NULL : oci_foreign_name(head);
    if (foreign != NULL)
        return oci_reader_decode_foreign(oci_steal(&r), foreign, max_ratio, out, err);
    return oci_reader_decompress(oci_steal(&r), kind, max_ratio, out, err);
}

/* NULL when it is not there. */
static const oci_encoder *encoder_of(const oci_codec *codec, oci_gzip_encoder wanted)
{
    switch (wanted) {
    case OCI_GZIP_ENCODER_DEFAULT:
        return codec->fast_encoder != NULL && oci_accelerates() ? codec->fast_encoder : codec->encoder;
    case OCI_GZIP_ENCODER_ZLIB:
        return codec->encoder;
    case OCI_GZIP_ENCODER_LIBDEFLATE:
        return codec->fast_encoder;
    }
    return NULL;
}

/* o with its defaults filled in; out has no encoder when nothing is to be compressed. */
static int resolve(oci_compression kind, const oci_compress_options *o, oci_encode_options *out, oci_error *err)
{
    static const oci_compress_options defaults;
    const oci_codec *codec = codec_of(kind);

    *out = (oci_encode_options) { NULL, 0, 0, 0 };
    if (o == NULL)
        o = &defaults;
    if (codec == NULL && kind != OCI_COMPRESSION_NONE)
        return unknown_kind(kind, err);
    if (kind != OCI_COMPRESSION_GZIP && o->encoder != OCI_GZIP_ENCODER_DEFAULT)
        return oci_fail(err, OCI_E_USAGE, "only gzip has encoders to choose from, not %s", oci_compression_name(kind));
    if (codec == NULL)
        return 0;
    *out = (oci_encode_options) { encoder_of(codec, o->encoder), codec->block_size, o->level, o->threads };
    if (out->encoder == NULL)
        return oci_fail(err, OCI_E_USAGE, "this encoder of %s was not built in", codec->name);
    if (out->level == 0)
        out->level = out->encoder->default_level;
    if (out->level < 0 || out->level > codec->max_level)
        return oci_fail(err, OCI_E_USAGE, "%s has the levels 1 to %d, not %d", codec->name, codec->max_level,
                        out->level);
    if (out->threads == 0)
        out->threads = oci_thread_count(DEFAULT_THREADS);
    if (out->threads > MAX_THREADS)
        return oci_fail(err, OCI_E_USAGE, "%u threads; %d are the most", out->threads, MAX_THREADS);
    return 0;
}

int oci_compress_check(oci_compression kind, const oci_compress_options *o, oci_error *err)
{
    oci_encode_options ignored;

    return resolve(kind, o, &ignored, err);
}

int oci_writer_compress(oci_writer *dst, oci_compression kind, const oci_compress_options *o, oci_writer **out,
                        oci_error *err)
{
    OCI_AUTO(oci_writer) owned = dst;
    oci_encode_options resolved;
    int r = resolve(kind, o, &resolved, err);

    if (r < 0)
        return r;
    if (resolved.encoder != NULL)
        return oci_writer_encode(oci_steal(&owned), &resolved, out, err);
    *out = oci_steal(&owned);
    return 0;
}
