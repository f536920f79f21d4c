/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STREAM_FOREIGN_H
#define OCI_STREAM_FOREIGN_H
/* Compressions that no layer has but that tarballs come in; libarchive decodes them. */
#include "stream.h"

/* The name of what the data that begins with head (OCI_INPUT_PEEK bytes, or all there are) is; NULL when it is none of
 * them. */
const char *oci_foreign_name(oci_span head);
/* Takes src; name is one that oci_foreign_name gave, max_ratio is not 0. */
int oci_reader_decode_foreign(oci_reader *src, const char *name, uint32_t max_ratio, oci_reader **out, oci_error *err);

#endif
