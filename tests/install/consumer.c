/* SPDX-License-Identifier: Apache-2.0 */
/* What a program outside of this tree looks like: it names a digest and looks for a layout. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include <oci-image/oci-image.h>

int main(void)
{
    oci_error err = OCI_ERROR_INIT;
    oci_layout *layout = NULL;
    oci_digest digest;
    char text[OCI_DIGEST_MAX_TEXT];

    if (oci_digest_of(OCI_DIGEST_SHA256, "abc", 3, &digest, &err) < 0)
        return 1;
    oci_digest_format(&digest, text, sizeof text);
    puts(text);
    if (oci_layout_open(AT_FDCWD, "no such layout", NULL, &layout, &err) != OCI_E_NOT_FOUND || err.msg[0] == '\0')
        return 1;
    return strcmp(oci_image_version(), OCI_IMAGE_VERSION) != 0;
}
