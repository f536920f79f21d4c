/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_LAYER_REWRITE_H
#define OCI_LAYER_REWRITE_H
/* What the two ways of writing an archive anew share. */
#include "pack.h"
#include "tar/tar.h"

/* Whether a component of name begins like a whiteout: unpacking would take it for one or refuse it. */
bool oci_pack_is_reserved(const char *name);
/* Shows every entry to use (may be NULL), which may read its data; OCI_E_INVALID at the first that makes no valid
 * layer. */
typedef int oci_pack_use(void *ctx, oci_tar_reader *reader, const oci_tar_entry *e, oci_error *err);
int oci_pack_each(oci_tar_reader *reader, const oci_pack_options *o, oci_pack_use *use, void *ctx, oci_error *err);
/* OCI_E_LIMIT when the holes of sparse files have made too many bytes of what was read from tar. */
int oci_pack_check_growth(const oci_pack_options *o, const oci_reader *tar, uint64_t bytes, oci_error *err);

/* gather.c: oci_pack_tar where all has to be known before anything can be written. */
int oci_pack_gathered(oci_reader *tar, int tmpfd, const oci_pack_options *o, oci_writer *dst, oci_error *err);

#endif
