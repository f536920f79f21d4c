/* SPDX-License-Identifier: Apache-2.0 */
/* Stages that hash what passes, to tell its digest. */
#include "stream.h"

#include "base/fail.h"

/* ---- reading ---- */

struct hash_reader {
    oci_reader r;
    oci_reader *src;
    oci_reader *beside; /* what is hashed along; or NULL */
    oci_digester *digester;
    oci_digest digest; /* set at the end */
};

static int hash_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct hash_reader *h = (struct hash_reader *)r;
    int result = oci_reader_next(h->src, out, err);

    if (result < 0)
        return result;
    if (out->len == 0)
        return oci_digester_final(h->digester, &h->digest, err);
    oci_reader_update_beside(h->beside, h->digester, *out);
    return 0;
}

static void hash_free(oci_reader *r)
{
    struct hash_reader *h = (struct hash_reader *)r;

    oci_digester_free(h->digester);
    oci_reader_free(h->src);
}

static const oci_reader_ops hash_reader_ops = { hash_next, hash_free, NULL };

int oci_reader_hash(oci_reader *src, oci_digest_alg alg, oci_reader **out, oci_error *err)
{
    return oci_reader_hash_beside(src, alg, NULL, out, err);
}

int oci_reader_hash_beside(oci_reader *src, oci_digest_alg alg, oci_reader *beside, oci_reader **out, oci_error *err)
{
    OCI_AUTO(oci_reader) owned = src;
    OCI_AUTO_MEM struct hash_reader *h = oci_calloc(1, sizeof *h);
    int result;

    if (h == NULL)
        return oci_fail_nomem(err);
    result = oci_digester_new(alg, &h->digester, err);
    if (result < 0)
        return result;
    h->r.ops = &hash_reader_ops;
    h->src = oci_steal(&owned);
    h->beside = beside;
    *out = &oci_steal(&h)->r;
    return 0;
}

int oci_reader_digest(const oci_reader *r, oci_digest *out, oci_error *err)
{
    if (r->ops != &hash_reader_ops)
        return oci_fail(err, OCI_E_USAGE, "the reader does not hash");
    if (!r->ended)
        return oci_fail(err, OCI_E_USAGE, "there is no digest before the end of the data");
    *out = ((const struct hash_reader *)r)->digest;
    return 0;
}

/* ---- writing ---- */

struct hash_writer {
    oci_writer w;
    oci_writer *dst;
    oci_digester *digester;
    oci_digest digest; /* set when finished */
};

static int hash_write(oci_writer *w, const void *p, size_t n, oci_error *err)
{
    struct hash_writer *h = (struct hash_writer *)w;

    oci_digester_update(h->digester, p, n);
    return oci_writer_write(h->dst, p, n, err);
}

/* The digest comes first: when it cannot be had, dst stays unfinished too. */
static int hash_finish(oci_writer *w, oci_error *err)
{
    struct hash_writer *h = (struct hash_writer *)w;
    int result = oci_digester_final(h->digester, &h->digest, err);

    return result < 0 ? result : oci_writer_finish(h->dst, err);
}

static void hash_writer_free(oci_writer *w)
{
    struct hash_writer *h = (struct hash_writer *)w;

    oci_digester_free(h->digester);
    oci_writer_free(h->dst);
}

static const oci_writer_ops hash_writer_ops = { hash_write, hash_finish, hash_writer_free };

int oci_writer_hash(oci_writer *dst, oci_digest_alg alg, oci_writer **out, oci_error *err)
{
    OCI_AUTO(oci_writer) owned = dst;
    OCI_AUTO_MEM struct hash_writer *h = oci_calloc(1, sizeof *h);
    int result;

    if (h == NULL)
        return oci_fail_nomem(err);
    result = oci_digester_new(alg, &h->digester, err);
    if (result < 0)
        return result;
    h->w.ops = &hash_writer_ops;
    h->dst = oci_steal(&owned);
    *out = &oci_steal(&h)->w;
    return 0;
}

int oci_writer_digest(const oci_writer *w, oci_digest *out, oci_error *err)
{
    if (w->ops != &hash_writer_ops)
        return oci_fail(err, OCI_E_USAGE, "the writer does not hash");
    if (!w->finished)
        return oci_fail(err, OCI_E_USAGE, "there is no digest before the writer is finished");
    *out = ((const struct hash_writer *)w)->digest;
    return 0;
}
