/* SPDX-License-Identifier: Apache-2.0 */
/* Stages that hash what passes: to tell its digest, or to demand one. */
#include "stream.h"

#include "base/fail.h"
#include "digest/together.h"

/* ---- demanding ---- */

struct verify_reader {
    oci_reader r;
    oci_reader *src;
    oci_verifier *verifier;
    oci_span rest; /* of the last span given: what is not hashed yet */
};

/* Hashes the next n bytes of what was given, for also (or NULL) too. */
static void hash_rest(struct verify_reader *v, size_t n, oci_digester *also)
{
    if (n == 0)
        return;
    oci_verifier_hash(v->verifier, v->rest.data, n, also);
    v->rest = (oci_span) { (const char *)v->rest.data + n, v->rest.len - n };
}

static int verify_next(oci_reader *r, oci_span *out, oci_error *err)
{
    struct verify_reader *v = (struct verify_reader *)r;
    int result;

    hash_rest(v, v->rest.len, NULL);
    result = oci_reader_next(v->src, out, err);
    if (result < 0)
        return result;
    if (out->len == 0)
        return oci_verifier_finish(v->verifier, err);
    result = oci_verifier_admit(v->verifier, out->len, err);
    if (result == 0)
        v->rest = *out;
    return result;
}

/* Room is the caller's, so it is hashed at once. */
static int verify_fill(oci_reader *r, void *room, size_t n, size_t *got, oci_error *err)
{
    struct verify_reader *v = (struct verify_reader *)r;
    int result;

    hash_rest(v, v->rest.len, NULL);
    result = oci_reader_fill(v->src, room, n, got, err);
    if (result < 0)
        return result;
    return *got > 0 ? oci_verifier_update(v->verifier, room, *got, err) : oci_verifier_finish(v->verifier, err);
}

static void verify_free(oci_reader *r)
{
    struct verify_reader *v = (struct verify_reader *)r;

    oci_verifier_free(v->verifier);
    oci_reader_free(v->src);
}

static const oci_reader_ops verify_ops = { verify_next, verify_free, verify_fill };

int oci_reader_verify(oci_reader *src, const oci_digest *want, uint64_t size, oci_reader **out, oci_error *err)
{
    OCI_AUTO(oci_reader) owned = src;
    OCI_AUTO_MEM struct verify_reader *v = oci_calloc(1, sizeof *v);
    int result;

    if (v == NULL)
        return oci_fail_nomem(err);
    result = oci_verifier_new(want, size, &v->verifier, err);
    if (result < 0)
        return result;
    v->r.ops = &verify_ops;
    v->src = oci_steal(&owned);
    *out = &oci_steal(&v)->r;
    return 0;
}

/* How far p is behind the beginning of span, when all of p[0..n) is in it. */
static bool is_within(oci_span span, const void *p, size_t n, size_t *behind)
{
    const uintptr_t begin = (uintptr_t)span.data, at = (uintptr_t)p;

    *behind = at - begin;
    return at >= begin && *behind <= span.len && n <= span.len - *behind;
}

void oci_reader_hash_too(oci_reader *r, oci_digester *also, const void *p, size_t n)
{
    struct verify_reader *v = (struct verify_reader *)r;
    size_t before;

    if (r == NULL || r->ops != &verify_ops || !is_within(v->rest, p, n, &before)) {
        oci_digester_update(also, p, n);
        return;
    }
    hash_rest(v, before, NULL);
    hash_rest(v, n, also);
}

/* ---- telling, reading ---- */

struct hash_reader {
    oci_reader r;
    oci_reader *src;
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
    oci_digester_update(h->digester, out->data, out->len);
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

/* ---- telling, writing ---- */

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
