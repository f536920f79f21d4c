/* SPDX-License-Identifier: Apache-2.0 */
#include "accel.h"

#include <stdlib.h>
#include <string.h>

bool oci_accelerates(void)
{
    const char *wanted = secure_getenv("OCI_IMAGE_ACCEL");

    return wanted == NULL || strcmp(wanted, "none") != 0;
}
