/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STREAM_ACCEL_H
#define OCI_STREAM_ACCEL_H
/* Libraries that do faster what another one does as well. */
#include <stdbool.h>

/* Whether they are used where there are any: unless the environment says OCI_IMAGE_ACCEL=none, which is how tests see
 * the other path. */
bool oci_accelerates(void);

#endif
