/* SPDX-License-Identifier: Apache-2.0 */
#include "store.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/fail.h"
#include "digest/digest_auto.h"
#include "stream/stream.h"

void oci_blob_path(const oci_digest *d, char out[OCI_BLOB_PATH_MAX])
{
    char encoded[OCI_DIGEST_MAX_TEXT];

    oci_digest_encoded(d, encoded, sizeof encoded);
    snprintf(out, OCI_BLOB_PATH_MAX, "blobs/%s/%s", oci_digest_alg_name(d->alg), encoded);
}

const char *oci_store_place(oci_store *s, const oci_digest *d, char space[OCI_BLOB_PATH_MAX])
{
    const char *place = s->ops->place != NULL ? s->ops->place(s, d) : NULL;

    oci_blob_path(d, space);
    return place != NULL ? place : space;
}

int oci_store_open_blob(oci_store *s, const oci_descriptor *d, oci_reader **out, oci_error *err)
{
    OCI_AUTO(oci_reader) raw = NULL;
    uint64_t size = 0;
    int r;

    if (d->digest.alg == OCI_DIGEST_NONE)
        return oci_fail(err, OCI_E_UNSUPPORTED, "the digest algorithm of %s is unknown, its content cannot be verified",
                        d->digest_text);
    if (d->has_data) {
        /* Parsing has checked it, but a descriptor may also be made by hand. */
        r = oci_reader_from_memory(d->data.data, d->data.len, &raw, err);
        size = d->data.len;
    } else {
        r = s->ops->open(s, &d->digest, &raw, &size, err);
    }
    if (r < 0)
        return r;
    if (size != d->size)
        return oci_fail(err, OCI_E_SIZE, "blob %s has %" PRIu64 " bytes, its descriptor says %" PRIu64, d->digest_text,
                        size, d->size);
    return oci_reader_verify(oci_steal(&raw), &d->digest, d->size, out, err);
}

int oci_store_read_blob(oci_store *s, const oci_descriptor *d, uint64_t limit, oci_buf *out, oci_error *err)
{
    OCI_AUTO(oci_reader) reader = NULL;
    OCI_AUTO_BUF oci_buf bytes = OCI_BUF_INIT;
    int r;

    if (limit > 0 && d->size > limit)
        return oci_fail(err, OCI_E_LIMIT, "%s has %" PRIu64 " bytes, more than the limit of %" PRIu64, d->digest_text,
                        d->size, limit);
    r = oci_store_open_blob(s, d, &reader, err);
    if (r < 0)
        return r;
    r = oci_reader_read_all(reader, 0, &bytes, err);
    if (r < 0)
        return r;
    oci_buf_free(out);
    *out = bytes;
    bytes = (oci_buf)OCI_BUF_INIT;
    return 0;
}

int oci_store_stat_blob(oci_store *s, const oci_digest *d, uint64_t *size, oci_error *err)
{
    uint64_t found = 0;
    int r;

    if (d->alg == OCI_DIGEST_NONE)
        return oci_fail(err, OCI_E_UNSUPPORTED, "a digest of an unknown algorithm names no blob");
    r = s->ops->stat(s, d, &found, err);
    if (r == 0 && size != NULL)
        *size = found;
    return r;
}

/* known: what it is to become, or NULL. */
static int begin(oci_store *s, oci_digest_alg alg, const oci_descriptor *known, oci_ingest **out, oci_error *err)
{
    OCI_AUTO(oci_digester) digester = NULL;
    int r;

    if (s->ops->begin == NULL)
        return oci_fail(err, OCI_E_UNSUPPORTED, "this store cannot be written");
    r = oci_digester_new(alg, &digester, err);
    if (r < 0)
        return r;
    r = known != NULL ? s->ops->begin_known(s, known, out, err) : s->ops->begin(s, alg, out, err);
    if (r < 0)
        return r;
    (*out)->digester = oci_steal(&digester);
    return 0;
}

int oci_store_begin(oci_store *s, oci_digest_alg alg, oci_ingest **out, oci_error *err)
{
    return begin(s, alg, NULL, out, err);
}

int oci_store_begin_known(oci_store *s, const oci_descriptor *d, oci_ingest **out, oci_error *err)
{
    return begin(s, d->digest.alg, s->ops->begin_known != NULL ? d : NULL, out, err);
}

int oci_store_has(oci_store *s, const oci_descriptor *d, oci_error *err)
{
    return s->ops->has != NULL ? s->ops->has(s, &d->digest, d->size, err) : 0;
}

int oci_store_share(oci_store *s, oci_store *from, const oci_descriptor *d, oci_error *err)
{
    return s->ops->share != NULL ? s->ops->share(s, from, &d->digest, d->size, err) : 0;
}

int oci_store_put(oci_store *s, oci_digest_alg alg, const void *p, size_t n, oci_digest *got, oci_error *err)
{
    OCI_AUTO(oci_ingest) ingest = NULL;
    int r = oci_store_begin(s, alg, &ingest, err);

    if (r < 0)
        return r;
    r = oci_ingest_write(ingest, p, n, err);
    if (r < 0)
        return r;
    return oci_ingest_commit(oci_steal(&ingest), NULL, got, NULL, err);
}

int oci_store_each(oci_store *s, int (*each)(void *ctx, const oci_digest *d, uint64_t size, oci_error *err), void *ctx,
                   oci_error *err)
{
    return s->ops->each(s, each, ctx, err);
}

int oci_store_delete_blob(oci_store *s, const oci_digest *d, oci_error *err)
{
    if (s->ops->delete_blob == NULL)
        return oci_fail(err, OCI_E_UNSUPPORTED, "this store cannot be written");
    if (d->alg == OCI_DIGEST_NONE)
        return oci_fail(err, OCI_E_UNSUPPORTED, "a digest of an unknown algorithm names no blob");
    return s->ops->delete_blob(s, d, err);
}

void oci_store_free(oci_store *s)
{
    if (s == NULL)
        return;
    s->ops->free(s);
    oci_free(s);
}
