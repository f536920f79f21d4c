/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_auto.h"

#include <errno.h>
#include <unistd.h>

#include "alg.h"
#include "base/alloc.h"
#include "base/fail.h"
#include "evp.h"

struct oci_digester {
    const oci_digest_ops *ops;
    oci_digest_alg alg;
    int failed;      /* what oci_digester_final is to return, or 0 */
    EVP_MD_CTX *ctx; /* for libcrypto's algorithms; used again and again */
    void *state;     /* for others */
};

/* Makes ready for the first byte. */
static void start(oci_digester *d)
{
    if (d->ops->init == NULL) {
        d->failed = EVP_DigestInit_ex2(d->ctx, oci_evp_md(d->alg), NULL) == 1 ? 0 : OCI_E_INTERNAL;
        return;
    }
    if (d->state != NULL)
        d->ops->free(d->state);
    d->state = d->ops->init();
    d->failed = d->state != NULL ? 0 : OCI_E_NOMEM;
}

static int fail_start(const oci_digester *d, oci_error *err)
{
    if (d->failed == OCI_E_NOMEM)
        return oci_fail_nomem(err);
    return oci_fail(err, OCI_E_INTERNAL, "libcrypto does not compute %s", d->ops->name);
}

int oci_digester_new(oci_digest_alg alg, oci_digester **out, oci_error *err)
{
    const oci_digest_ops *ops = oci_digest_alg_ops(alg);
    OCI_AUTO(oci_digester) d = NULL;

    if (ops == NULL)
        return oci_fail(err, OCI_E_UNSUPPORTED, "digest algorithm number %u is not registered", alg);
    if (!oci_digest_alg_available(alg))
        return oci_fail(err, OCI_E_UNSUPPORTED, "libcrypto has no %s", ops->name);
    d = oci_calloc(1, sizeof *d);
    if (d == NULL)
        return oci_fail_nomem(err);
    d->ops = ops;
    d->alg = alg;
    if (ops->init == NULL) {
        d->ctx = EVP_MD_CTX_new();
        if (d->ctx == NULL)
            return oci_fail_nomem(err);
    }
    start(d);
    if (d->failed < 0)
        return fail_start(d, err);
    *out = oci_steal(&d);
    return 0;
}

void oci_digester_update(oci_digester *d, const void *p, size_t n)
{
    if (d->failed < 0 || n == 0)
        return;
    if (d->ops->init != NULL)
        d->ops->update(d->state, p, n);
    else if (EVP_DigestUpdate(d->ctx, p, n) != 1)
        d->failed = OCI_E_INTERNAL;
}

int oci_digester_final(oci_digester *d, oci_digest *out, oci_error *err)
{
    oci_digest digest = { .alg = d->alg, .len = d->ops->len };
    int r = 0;

    if (d->failed == 0 && d->ops->init != NULL)
        d->ops->final(d->state, digest.bytes);
    else if (d->failed == 0 && EVP_DigestFinal_ex(d->ctx, digest.bytes, NULL) != 1)
        d->failed = OCI_E_INTERNAL;
    if (d->failed < 0)
        r = fail_start(d, err);
    else
        *out = digest;
    start(d);
    return r;
}

void oci_digester_reset(oci_digester *d)
{
    start(d);
}

void oci_digester_free(oci_digester *d)
{
    if (d == NULL)
        return;
    EVP_MD_CTX_free(d->ctx);
    if (d->state != NULL)
        d->ops->free(d->state);
    oci_free(d);
}

int oci_digest_of(oci_digest_alg alg, const void *p, size_t n, oci_digest *out, oci_error *err)
{
    OCI_AUTO(oci_digester) d = NULL;
    int r = oci_digester_new(alg, &d, err);

    if (r < 0)
        return r;
    oci_digester_update(d, p, n);
    return oci_digester_final(d, out, err);
}

int oci_digest_of_fd(oci_digest_alg alg, int fd, oci_digest *out, uint64_t *size, oci_error *err)
{
    enum { CHUNK = 256 * 1024 };
    OCI_AUTO(oci_digester) d = NULL;
    OCI_AUTO_MEM char *buf = NULL;
    uint64_t total = 0;
    int r = oci_digester_new(alg, &d, err);

    if (r < 0)
        return r;
    buf = oci_alloc(CHUNK);
    if (buf == NULL)
        return oci_fail_nomem(err);
    for (;;) {
        ssize_t n = read(fd, buf, CHUNK);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return oci_fail_errno(err, "read");
        if (n == 0)
            break;
        oci_digester_update(d, buf, (size_t)n);
        total += (uint64_t)n;
    }
    r = oci_digester_final(d, out, err);
    if (r == 0 && size != NULL)
        *size = total;
    return r;
}
