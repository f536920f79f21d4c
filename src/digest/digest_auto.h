/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_DIGEST_DIGEST_AUTO_H
#define OCI_DIGEST_DIGEST_AUTO_H
/* The types of digest.h for OCI_AUTO. */
#include <oci-image/digest.h>

#include "base/cleanup.h"

OCI_DEFINE_AUTO(oci_digester);
OCI_DEFINE_AUTO(oci_verifier);
OCI_DEFINE_AUTO(oci_digest_set);

#endif
