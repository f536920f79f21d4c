/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_DIGEST_TOGETHER_H
#define OCI_DIGEST_TOGETHER_H
/* Two hashes at the same time, where sha_ni.h is usable: of the same bytes they cost no more than one, of others
 * little. */
#include <oci-image/digest.h>

/* Whether this one and another of its algorithm gain by it. */
bool oci_digester_has_gain(const oci_digester *d);
/* Gives p to a and q to b. */
void oci_digester_update_two(oci_digester *a, oci_span p, oci_digester *b, oci_span q);

/* oci_verifier_update in two steps, for whoever wants to hash later: n more bytes have come, and the bytes. The latter
 * may be given in other pieces, by another thread at another time, and while also hashes with (or NULL). */
int oci_verifier_admit(oci_verifier *v, size_t n, oci_error *err);
void oci_verifier_hash(oci_verifier *v, oci_span bytes, oci_digester *also, oci_span with);
/* Whether its hash and another of the same algorithm gain by being computed together. */
bool oci_verifier_has_gain(const oci_verifier *v);

#endif
