/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_RECORD_H
#define OCI_IMAGE_RECORD_H
/*
 * oci-image.json: what a bundle was unpacked from and how, for whoever compares the tree with its image or makes a
 * layer of what has changed in it.
 */
#include <oci-image/unpack.h>

#define OCI_RECORD_FILE "oci-image.json"

/* Appends the record. o is complete: nothing is left to defaults that depend on the caller. */
int oci_record_print(const oci_image *i, const oci_unpack_options *o, oci_buf *out, oci_error *err);

#endif
