/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A layer in another compression:
 *
 *     blob -> verify -> decompress ahead -> verify (diff_id) -> compress -> ingest (digest, size)
 */
#include <string.h>

#include "base/buf.h"
#include "base/event.h"
#include "base/fail.h"
#include "copy.h"
#include "image.h"
#include "os/pool.h"
#include "store/store.h"
#include "stream/stream.h"

/* Bytes that wait between the threads that decode. */
enum { AHEAD = 32 * 1024 * 1024 };

static int open_content(oci_copier *c, const oci_descriptor *d, const oci_diff_id *diff_id, oci_reader **out,
                        oci_error *err)
{
    const unsigned threads = c->o.compress != NULL ? c->o.compress->threads : 0;
    const oci_ahead ahead = { .threads = threads > 0 ? threads : oci_pool_processors(), .memory = AHEAD };
    OCI_AUTO(oci_reader) reader = NULL;
    int r;

    if (diff_id->digest.alg == OCI_DIGEST_NONE)
        return oci_fail(err, OCI_E_UNSUPPORTED,
                        "the digest algorithm of diff_id %s is unknown, the layer cannot be verified", diff_id->text);
    r = oci_store_open_blob(c->from, d, &reader, err);
    if (r == 0)
        r = oci_reader_decompress_ahead(oci_steal(&reader), oci_media_type_info(d->media_type).compression,
                                        c->limits.max_ratio, &ahead, &reader, err);
    return r < 0 ? r : oci_reader_verify(oci_steal(&reader), &diff_id->digest, OCI_SIZE_UNKNOWN, out, err);
}

static int pump(const oci_copier *c, const oci_descriptor *d, oci_reader *content, oci_writer *w, oci_error *err)
{
    uint64_t done = 0;
    oci_span span;
    int r;

    do {
        r = oci_check_cancelled(c->o.events, err);
        if (r == 0)
            r = oci_reader_next(content, &span, err);
        if (r == 0)
            r = oci_writer_write(w, span.data, span.len, err);
        if (r == 0)
            oci_progress(c->o.events, d->digest_text, done += span.len, 0);
    } while (r == 0 && span.len > 0);
    return r == 0 ? oci_writer_finish(w, err) : r;
}

static int recompress(oci_copier *c, const oci_descriptor *d, const oci_diff_id *diff_id, oci_digest *digest,
                      uint64_t *size, oci_error *err)
{
    OCI_AUTO(oci_ingest) ingest = NULL;
    OCI_AUTO(oci_reader) content = NULL;
    OCI_AUTO(oci_writer) w = NULL;
    int r = open_content(c, d, diff_id, &content, err);

    if (r == 0)
        r = oci_store_begin(oci_layout_store(c->to), d->digest.alg, &ingest, err);
    if (r == 0)
        r = oci_writer_to_ingest(ingest, &w, err);
    if (r == 0)
        r = oci_writer_compress(oci_steal(&w), c->o.compression, c->o.compress, &w, err);
    if (r == 0)
        r = pump(c, d, content, w, err);
    return r < 0 ? r : oci_ingest_commit(oci_steal(&ingest), NULL, digest, size, err);
}

int oci_copy_layer(oci_copier *c, const oci_descriptor *d, const oci_diff_id *diff_id, const char *type,
                   oci_copied *out, oci_error *err)
{
    OCI_AUTO_BUF oci_buf key = OCI_BUF_INIT;
    char text[OCI_DIGEST_MAX_TEXT];
    oci_copied now = { .media_type = type, .digest_text = text };
    int r = oci_buf_printf(&key, err, "%s %s as %s", d->digest_text, diff_id->text, type);

    if (r < 0 || oci_copier_find(c, key.data, out))
        return r;
    r = recompress(c, d, diff_id, &now.digest, &now.size, err);
    if (r == OCI_E_NOT_FOUND) {
        *out = (oci_copied) { d->media_type, d->digest_text, d->digest, d->size };
        return oci_copier_tolerate(c, r, d, err);
    }
    if (r < 0)
        return r;
    oci_digest_format(&now.digest, text, sizeof text);
    r = oci_copier_remember(c, key.data, &now, err);
    if (r == 0)
        *out = now;
    return r;
}
