/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_DIGEST_LIBCRYPTO_H
#define OCI_DIGEST_LIBCRYPTO_H
/*
 * libcrypto's hashes. The library is loaded when the first of them is asked for: it takes three times as long to be
 * loaded and made ready as everything else that a short command does, and where the processor has instructions for
 * SHA-256 most commands need nothing of it. A program that can load nothing is linked to it (OCI_LINK_LIBCRYPTO).
 */
#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <oci-image/digest.h>

/* What is called of it. */
#define OCI_LIBCRYPTO_FUNCTIONS(F)                                                                                     \
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

typedef struct oci_libcrypto {
#define OCI_LIBCRYPTO_MEMBER(name) __typeof__(name) *name;
    OCI_LIBCRYPTO_FUNCTIONS(OCI_LIBCRYPTO_MEMBER)
#undef OCI_LIBCRYPTO_MEMBER
} oci_libcrypto;

/* Lends it, the same each time. OCI_E_IO when it cannot be loaded. */
int oci_libcrypto_load(const oci_libcrypto **out, oci_error *err);

/* Lends its implementation of a built-in algorithm. OCI_E_IO when it cannot be had, OCI_E_UNSUPPORTED for any other. */
int oci_libcrypto_md(oci_digest_alg alg, const EVP_MD **out, oci_error *err);

#endif
