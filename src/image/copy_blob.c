/* SPDX-License-Identifier: Apache-2.0 */
/* One blob from one store to another. */
#include "base/event.h"
#include "base/fail.h"
#include "copy.h"
#include "store/store.h"
#include "stream/stream.h"

static int write_all(oci_reader *blob, const oci_descriptor *d, const oci_events *events, oci_ingest *ingest,
                     oci_error *err)
{
    uint64_t done = 0;
    oci_span span;
    int r;

    do {
        r = oci_check_cancelled(events, err);
        if (r == 0)
            r = oci_reader_next(blob, &span, err);
        if (r == 0)
            r = oci_ingest_write(ingest, span.data, span.len, err);
        if (r == 0)
            oci_progress(events, d->digest_text, done += span.len, d->size);
    } while (r == 0 && span.len > 0);
    return r;
}

static int write_blob(oci_store *from, oci_store *to, const oci_descriptor *d, const oci_events *events, oci_error *err)
{
    OCI_AUTO(oci_reader) blob = NULL;
    OCI_AUTO(oci_ingest) ingest = NULL;
    int r = oci_store_open_blob(from, d, &blob, err);

    if (r == 0)
        r = oci_store_begin_known(to, d, &ingest, err);
    if (r == 0)
        r = write_all(blob, d, events, ingest, err);
    return r < 0 ? r : oci_ingest_commit(oci_steal(&ingest), &d->digest, NULL, NULL, err);
}

int oci_copy_blob(oci_store *from, oci_store *to, const oci_descriptor *d, bool share, const oci_events *events,
                  oci_error *err)
{
    int r;

    if (d->digest.alg == OCI_DIGEST_NONE)
        return oci_fail(err, OCI_E_UNSUPPORTED, "the digest algorithm of %s is unknown", d->digest_text);
    r = oci_check_cancelled(events, err);
    if (r == 0)
        r = oci_store_has(to, d, err);
    if (r == 0 && share && !d->has_data)
        r = oci_store_share(to, from, d, err);
    if (r != 0)
        return r < 0 ? r : 0;
    return write_blob(from, to, d, events, err);
}

int oci_put_document(oci_store *to, oci_digest_alg alg, const char *type, const oci_buf *json, oci_digest *digest,
                     oci_error *err)
{
    OCI_AUTO(oci_ingest) ingest = NULL;
    char text[OCI_DIGEST_MAX_TEXT];
    oci_descriptor d = { .media_type = type, .digest_text = text, .size = json->len };
    int r = oci_digest_of(alg, json->data, json->len, &d.digest, err);

    if (r < 0)
        return r;
    oci_digest_format(&d.digest, text, sizeof text);
    *digest = d.digest;
    r = oci_store_has(to, &d, err);
    if (r != 0)
        return r < 0 ? r : 0;
    r = oci_store_begin_known(to, &d, &ingest, err);
    if (r == 0)
        r = oci_ingest_write(ingest, json->data, json->len, err);
    return r < 0 ? r : oci_ingest_commit(oci_steal(&ingest), &d.digest, NULL, NULL, err);
}
