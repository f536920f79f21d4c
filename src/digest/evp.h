/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_DIGEST_EVP_H
#define OCI_DIGEST_EVP_H
/* The way to libcrypto's hashes. */
#include <openssl/evp.h>

#include <oci-image/digest.h>

/* libcrypto's implementation of a built-in algorithm, NULL where it has none. Fetched once, borrowed for ever. */
const EVP_MD *oci_evp_md(oci_digest_alg alg);

#endif
