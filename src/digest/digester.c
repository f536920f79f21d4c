/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_auto.h"

#include <errno.h>
#include <unistd.h>

#include "alg.h"
#include "base/alloc.h"
#include "base/fail.h"
#include "libcrypto.h"
#include "sha_ni.h"
#include "together.h"

struct oci_digester {
    const oci_digest_ops *ops;
    oci_digest_alg alg;
    bool over;    /* and starts anew with what comes next */
    int failed;   /* what oci_digester_final is to return, or 0 */
    oci_evp *evp; /* for the algorithms of libcrypto; used again and again */
    void *state;  /* for others */
};

/* Makes ready for the first byte. */
static void start(oci_digester *d)
{
    d->over = false;
    if (d->ops->init == NULL) {
        d->failed = oci_evp_start(d->evp) ? 0 : OCI_E_INTERNAL;
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
    int r;

    if (ops == NULL)
        return oci_fail(err, OCI_E_UNSUPPORTED, "digest algorithm number %u is not registered", alg);
    d = oci_calloc(1, sizeof *d);
    if (d == NULL)
        return oci_fail_nomem(err);
    d->ops = ops;
    d->alg = alg;
    if (ops->init == NULL && (r = oci_evp_new(alg, &d->evp, err)) < 0)
        return r;
    start(d);
    if (d->failed < 0)
        return fail_start(d, err);
    *out = oci_steal(&d);
    return 0;
}

void oci_digester_update(oci_digester *d, const void *p, size_t n)
{
    if (d->over)
        start(d);
    if (d->failed < 0 || n == 0)
        return;
    if (d->ops->init != NULL)
        d->ops->update(d->state, p, n);
    else if (!oci_evp_update(d->evp, p, n))
        d->failed = OCI_E_INTERNAL;
}

bool oci_digester_has_gain(const oci_digester *d)
{
    return d->ops == OCI_SHA_NI;
}

void oci_digester_update_two(oci_digester *a, oci_span p, oci_digester *b, oci_span q)
{
    if (a->over)
        start(a);
    if (b->over)
        start(b);
    if (oci_digester_has_gain(a) && oci_digester_has_gain(b) && a->failed == 0 && b->failed == 0 && p.len > 0 &&
        q.len > 0) {
        oci_sha_ni_update_two(a->state, p, b->state, q);
        return;
    }
    oci_digester_update(a, p.data, p.len);
    oci_digester_update(b, q.data, q.len);
}

int oci_digester_final(oci_digester *d, oci_digest *out, oci_error *err)
{
    oci_digest digest = { .alg = d->alg, .len = d->ops->len };
    int r = 0;

    if (d->over)
        start(d);
    if (d->failed == 0 && d->ops->init != NULL)
        d->ops->final(d->state, digest.bytes);
    else if (d->failed == 0 && !oci_evp_final(d->evp, digest.bytes))
        d->failed = OCI_E_INTERNAL;
    if (d->failed < 0)
        r = fail_start(d, err);
    else
        *out = digest;
    d->over = true;
    return r;
}

void oci_digester_reset(oci_digester *d)
{
    d->over = true;
}

void oci_digester_free(oci_digester *d)
{
    if (d == NULL)
        return;
    oci_evp_free(d->evp);
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
