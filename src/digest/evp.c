/* SPDX-License-Identifier: Apache-2.0 */
#include "evp.h"

#include <stdatomic.h>

#include <openssl/crypto.h>
#include <openssl/err.h>

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

    ERR_set_mark();
    /* Reading the system's configuration file costs more than hashing a manifest, and what it says must not change
     * digests. Where the program has initialised libcrypto before, this does nothing. */
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    md = EVP_MD_fetch(NULL, name, NULL);
    ERR_pop_to_mark();
    return md;
}

const EVP_MD *oci_evp_md(oci_digest_alg alg)
{
    EVP_MD *md, *expected = NULL;

    if (alg == OCI_DIGEST_NONE || alg >= sizeof names / sizeof *names)
        return NULL;
    md = atomic_load_explicit(&fetched[alg], memory_order_acquire);
    if (md != NULL)
        return md;
    md = fetch(names[alg]);
    if (md == NULL || atomic_compare_exchange_strong(&fetched[alg], &expected, md))
        return md;
    /* Another thread was faster. */
    EVP_MD_free(md);
    return expected;
}
