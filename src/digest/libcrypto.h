/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_DIGEST_LIBCRYPTO_H
#define OCI_DIGEST_LIBCRYPTO_H
/*
 * libcrypto's hashes. The library is loaded when the first of them is asked for: it takes three times as long to be
 * loaded and made ready as everything else that a short command does, and where the processor has instructions for
 * SHA-256 most commands need nothing of it.
 */
#include <oci-image/digest.h>

typedef struct oci_evp oci_evp;

/* Gives a hash of a built-in algorithm that begins with oci_evp_start, any number of times. OCI_E_IO when it cannot be
 * had, OCI_E_UNSUPPORTED for any other algorithm. */
int oci_evp_new(oci_digest_alg alg, oci_evp **out, oci_error *err);
/* False when libcrypto fails, as the next two. */
bool oci_evp_start(oci_evp *e);
bool oci_evp_update(oci_evp *e, const void *p, size_t n);
bool oci_evp_final(oci_evp *e, uint8_t *out);
void oci_evp_free(oci_evp *e);

#endif
