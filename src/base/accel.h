/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_ACCEL_H
#define OCI_BASE_ACCEL_H
/* What does faster what something else does as well: libraries, instructions of the processor. */
#include <stdbool.h>

/* Whether it is used where it is there: unless the environment says OCI_IMAGE_ACCEL=none, which is how tests see
 * the other path. */
bool oci_accelerates(void);

#endif
