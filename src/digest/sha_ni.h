/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_DIGEST_SHA_NI_H
#define OCI_DIGEST_SHA_NI_H
/*
 * SHA-256 (FIPS 180-4) by the instructions that x86 processors have for it; for builds that can have it. A single hash
 * is as fast as libcrypto's, which uses the same instructions. But each of them waits for the one before, and in that
 * time the processor can do another hash: a second one of the same bytes costs nothing, and one of other bytes little.
 */
#include <oci-image/digest.h>

#ifdef OCI_HAVE_SHA_NI
extern const oci_digest_ops oci_sha_ni;
#define OCI_SHA_NI &oci_sha_ni
/* Whether this processor has the instructions, they compute what they should, and they are wanted. */
bool oci_sha_ni_is_usable(void);
/* Gives p to the state a of oci_sha_ni and q to the state b; as far as they are of one length together. */
void oci_sha_ni_update_two(void *a, oci_span p, void *b, oci_span q);
#else
#define OCI_SHA_NI NULL
static inline bool oci_sha_ni_is_usable(void)
{
    return false;
}
static inline void oci_sha_ni_update_two(void *a, oci_span p, void *b, oci_span q)
{
    (void)a, (void)b, (void)p, (void)q;
}
#endif

#endif
