/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BUNDLE_SUBID_H
#define OCI_BUNDLE_SUBID_H
/* The text of /etc/subuid and /etc/subgid (subuid(5)): lines "OWNER:FIRST:COUNT", OWNER a name or a number. */
#include <oci-image/bundle.h>

/* Appends the ranges of the owner to *maps, as container ids from 1 on; the first map is own as 0. user may be NULL. No
 * map when there is no range. The caller frees *maps with oci_free, also after a failure. */
int oci_subid_maps(oci_span text, uint32_t owner, const char *user, uint32_t own, oci_id_map **maps, size_t *count,
                   oci_error *err);
/* The same of the file name in the directory etc, of any size. One that is not there or cannot be read sets nothing
 * aside. */
int oci_subid_read(int etc, const char *name, uint32_t owner, const char *user, uint32_t own, oci_id_map **maps,
                   size_t *count, oci_error *err);

#endif
