/* SPDX-License-Identifier: Apache-2.0 */
#include <oci-image/version.h>

const char *oci_image_version(void)
{
    return OCI_IMAGE_VERSION;
}
