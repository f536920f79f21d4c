/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BUNDLE_FILES_H
#define OCI_BUNDLE_FILES_H
/* The files of the image that names are looked up in: those of a directory, or whatever else the caller has. */
#include <oci-image/bundle.h>

#include "os/os.h"

/* The files of a root file system, which is borrowed as long as they are used. */
oci_bundle_files oci_files_of_root(oci_root *root);

#endif
