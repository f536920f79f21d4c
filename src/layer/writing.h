/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_LAYER_WRITING_H
#define OCI_LAYER_WRITING_H
/* What everything that writes layers has in common: owners and times that were asked for, limits, and what to tell of
 * entries that were changed or left out. */
#include "pack.h"
#include "tar/tar.h"

typedef enum oci_mended {
    OCI_LEFT_SOCKET,
    OCI_LEFT_RESERVED,
    OCI_LEFT_UNKNOWN,
    OCI_LEFT_ROOT,
    OCI_LEFT_TWICE,
    OCI_MENDED_ABSOLUTE,
    OCI_MENDED_DOTS,
    OCI_N_MENDED
} oci_mended;

typedef struct oci_writing {
    const oci_pack_options *o;
    oci_tar_writer *tar;
    uint64_t entries, bytes;
    struct {
        uint64_t count;
        char *first; /* the name of the first */
    } mended[OCI_N_MENDED];
} oci_writing;

/* o and dst are borrowed as long as the writing lives. */
int oci_writing_new(oci_writing *w, const oci_pack_options *o, oci_writer *dst, oci_error *err);
/* Writes an entry with the owner and time that were asked for; the data of a file follows with oci_tar_writer_data. */
int oci_writing_entry(oci_writing *w, const oci_tar_entry *e, oci_error *err);
/* An entry was left out, or changed. */
int oci_writing_leave_out(oci_writing *w, oci_mended why, const char *name, oci_error *err);
/* Writes the end of the archive and tells what was mended. */
int oci_writing_finish(oci_writing *w, oci_error *err);
void oci_writing_free(oci_writing *w);

/* Counts one entry more; OCI_E_LIMIT when it is one too many. */
int oci_pack_count(const oci_pack_options *o, uint64_t *entries, oci_error *err);

#endif
