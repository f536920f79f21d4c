/* SPDX-License-Identifier: Apache-2.0 */
#include "libcrypto.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/fail.h"
#include "base/library.h"

#define FUNCTIONS(F)                                                                                                   \
    F(ERR_set_mark)                                                                                                    \
    F(ERR_pop_to_mark)                                                                                                 \
    F(OPENSSL_init_crypto)                                                                                             \
    F(EVP_MD_fetch)                                                                                                    \
    F(EVP_MD_free)                                                                                                     \
    F(EVP_MD_CTX_new)                                                                                                  \
    F(EVP_MD_CTX_free)                                                                                                 \
    F(EVP_DigestInit_ex2)                                                                                              \
    F(EVP_DigestUpdate)                                                                                                \
    F(EVP_DigestFinal_ex)
OCI_LIBRARY(libcrypto, "libcrypto", OCI_LIBCRYPTO_NAME, FUNCTIONS)

static const char *const names[] = {
    [OCI_DIGEST_SHA256] = "SHA2-256",
    [OCI_DIGEST_SHA384] = "SHA2-384",
    [OCI_DIGEST_SHA512] = "SHA2-512",
};

static _Atomic(EVP_MD *) fetched[sizeof names / sizeof *names];

/* What fails here leaves nothing in the error queue, which belongs to the program around us. */
static EVP_MD *fetch(const char *name)
{
    EVP_MD *md;

    libcrypto.ERR_set_mark();
    /* Reading the system's configuration file costs more than hashing a manifest, and what it says must not change
     * digests. Where the program has initialised libcrypto before, this does nothing. */
    libcrypto.OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    md = libcrypto.EVP_MD_fetch(NULL, name, NULL);
    libcrypto.ERR_pop_to_mark();
    return md;
}

static int find_md(oci_digest_alg alg, const EVP_MD **out, oci_error *err)
{
    EVP_MD *md, *expected = NULL;

    if (alg == OCI_DIGEST_NONE || alg >= sizeof names / sizeof *names)
        return oci_fail(err, OCI_E_UNSUPPORTED, "libcrypto has no digest algorithm number %u", alg);
    md = atomic_load_explicit(&fetched[alg], memory_order_acquire);
    if (md == NULL) {
        md = fetch(names[alg]);
        if (md == NULL)
            return oci_fail(err, OCI_E_IO, "libcrypto does not give %s", oci_digest_alg_name(alg));
        if (!atomic_compare_exchange_strong(&fetched[alg], &expected, md)) {
            /* Another thread was faster. */
            libcrypto.EVP_MD_free(md);
            md = expected;
        }
    }
    *out = md;
    return 0;
}

struct oci_evp {
    const EVP_MD *md;
    EVP_MD_CTX *ctx;
};

int oci_evp_new(oci_digest_alg alg, oci_evp **out, oci_error *err)
{
    OCI_AUTO_MEM oci_evp *e = NULL;
    const EVP_MD *md = NULL;
    int r = libcrypto_load(err);

    if (r == 0)
        r = find_md(alg, &md, err);
    if (r < 0)
        return r;
    e = oci_alloc(sizeof *e);
    if (e == NULL)
        return oci_fail_nomem(err);
    *e = (oci_evp) { md, libcrypto.EVP_MD_CTX_new() };
    if (e->ctx == NULL)
        return oci_fail_nomem(err);
    *out = oci_steal(&e);
    return 0;
}

bool oci_evp_start(oci_evp *e)
{
    return libcrypto.EVP_DigestInit_ex2(e->ctx, e->md, NULL) == 1;
}

bool oci_evp_update(oci_evp *e, const void *p, size_t n)
{
    return libcrypto.EVP_DigestUpdate(e->ctx, p, n) == 1;
}

bool oci_evp_final(oci_evp *e, uint8_t *out)
{
    return libcrypto.EVP_DigestFinal_ex(e->ctx, out, NULL) == 1;
}

void oci_evp_free(oci_evp *e)
{
    if (e == NULL)
        return;
    libcrypto.EVP_MD_CTX_free(e->ctx);
    oci_free(e);
}
