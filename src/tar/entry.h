/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TAR_ENTRY_H
#define OCI_TAR_ENTRY_H
/* From a header, and what came before it, to an entry. This is where headers that disagree are refused. */
#include "pax.h"

/* Memory that is used again for each entry. */
typedef struct oci_tar_build {
    const oci_events *events; /* or NULL */
    bool resolve;             /* names with ".." */

    /* Headers that wait for their entry. */
    bool has_records, has_long_name, has_long_link;
    oci_buf records, long_name, long_link;

    oci_tar_pax pax; /* what records and global headers say together */
    oci_tar_entry entry;
    oci_buf stored_name, name, link; /* its texts */
} oci_tar_build;

/* Forgets the headers that waited. */
void oci_tar_build_clear(oci_tar_build *b);
void oci_tar_build_free(oci_tar_build *b);
/* Gives b->entry its type and name, from h and b->pax. */
int oci_tar_build_name(oci_tar_build *b, const oci_tar_header *h, oci_error *err);
/* Gives it everything else. Maps of sparse files are read from in, which ends the life of h. *stored is how many bytes
 * of data the archive has for the entry, whatever its type. */
int oci_tar_build_entry(oci_tar_build *b, const oci_tar_header *h, oci_tar_input *in, uint64_t *stored, oci_error *err);

#endif
