/* SPDX-License-Identifier: Apache-2.0 */
#include "libcrypto.h"

#include <stdatomic.h>

#include "base/fail.h"
#include "base/library.h"

int oci_libcrypto_load(const oci_libcrypto **out, oci_error *err)
{
#ifdef OCI_LINK_LIBCRYPTO
#define ITSELF(name) name,
    static const oci_libcrypto functions = { OCI_LIBCRYPTO_FUNCTIONS(ITSELF) };
#undef ITSELF

    (void)err;
    *out = &functions;
    return 0;
#else
#define NAME(name) #name,
    static const char *const names[] = { OCI_LIBCRYPTO_FUNCTIONS(NAME) };
#undef NAME
    static oci_libcrypto functions;
    static oci_library library = {
        .name = "libcrypto",
        .file = OCI_LIBCRYPTO_NAME,
        .functions = names,
        .table = &functions,
        .n = sizeof names / sizeof *names,
        .lock = PTHREAD_MUTEX_INITIALIZER,
    };

    *out = &functions;
    return oci_library_load(&library, err);
#endif
}

static const char *const names[] = {
    [OCI_DIGEST_SHA256] = "SHA2-256",
    [OCI_DIGEST_SHA384] = "SHA2-384",
    [OCI_DIGEST_SHA512] = "SHA2-512",
};

static _Atomic(EVP_MD *) fetched[sizeof names / sizeof *names];

/* What fails here leaves nothing in the error queue, which belongs to the program around us. */
static EVP_MD *fetch(const oci_libcrypto *lib, const char *name)
{
    EVP_MD *md;

    lib->ERR_set_mark();
    /* Reading the system's configuration file costs more than hashing a manifest, and what it says must not change
     * digests. Where the program has initialised libcrypto before, this does nothing. */
    lib->OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL);
    md = lib->EVP_MD_fetch(NULL, name, NULL);
    lib->ERR_pop_to_mark();
    return md;
}

int oci_libcrypto_md(oci_digest_alg alg, const EVP_MD **out, oci_error *err)
{
    const oci_libcrypto *lib;
    EVP_MD *md, *expected = NULL;
    int r = oci_libcrypto_load(&lib, err);

    if (r < 0)
        return r;
    if (alg == OCI_DIGEST_NONE || alg >= sizeof names / sizeof *names)
        return oci_fail(err, OCI_E_UNSUPPORTED, "libcrypto has no digest algorithm number %u", alg);
    md = atomic_load_explicit(&fetched[alg], memory_order_acquire);
    if (md == NULL) {
        md = fetch(lib, names[alg]);
        if (md == NULL)
            return oci_fail(err, OCI_E_IO, "libcrypto does not give %s", oci_digest_alg_name(alg));
        if (!atomic_compare_exchange_strong(&fetched[alg], &expected, md)) {
            /* Another thread was faster. */
            lib->EVP_MD_free(md);
            md = expected;
        }
    }
    *out = md;
    return 0;
}
