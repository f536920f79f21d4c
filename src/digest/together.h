/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_DIGEST_TOGETHER_H
#define OCI_DIGEST_TOGETHER_H
/* Two hashes of the same bytes, which cost no more than one where sha_ni.h is usable. */
#include <oci-image/digest.h>

void oci_digester_update_both(oci_digester *a, oci_digester *b, const void *p, size_t n);

/* oci_verifier_update in two steps, for whoever wants to hash later: n more bytes have come, and the bytes. The latter
 * may be given in other pieces, and to another hash too (also, or NULL). */
int oci_verifier_admit(oci_verifier *v, size_t n, oci_error *err);
void oci_verifier_hash(oci_verifier *v, const void *p, size_t n, oci_digester *also);

#endif
