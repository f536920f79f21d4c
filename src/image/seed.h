/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_SEED_H
#define OCI_IMAGE_SEED_H
/* Directories for the volumes of a bundle. */
#include <oci-image/document.h>
#include <oci-image/error.h>

#include "os/ident.h"

typedef struct oci_seed_options {
    const oci_events *events; /* or NULL */
    uint64_t budget;          /* bytes of files that may be copied */
    const oci_ident *ident;
} oci_seed_options;

/* Makes the directory OCI_VOLUMES_DIR in bundle, with one directory for each volume of c, filled with what the finished
 * root file system rootfs has there: content, owner, mode, attributes and times. Nothing is made without volumes. */
int oci_seed_volumes(const oci_config *c, int rootfs, int bundle, const oci_seed_options *o, oci_error *err);

#endif
