/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_DIGEST_ALG_H
#define OCI_DIGEST_ALG_H
/* The registry of algorithms, for the inside of this module. */
#include <oci-image/digest.h>

/* What was registered as alg, or NULL. An algorithm without callbacks (init is NULL) is one of libcrypto's. */
const oci_digest_ops *oci_digest_alg_ops(oci_digest_alg alg);

/* Whether d is of a registered algorithm and has the length of its hashes. */
bool oci_digest_is_sound(const oci_digest *d);

/* Whether name[0..n) fits "algorithm" of the grammar. */
bool oci_digest_alg_name_is_wellformed(const char *name, size_t n);

#endif
