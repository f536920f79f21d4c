/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_LAYER_PACK_H
#define OCI_LAYER_PACK_H
/*
 * Making layers: from a tree, or from a tar archive that is kept, or written anew in a normal form. What comes out is
 * a valid layer without whiteouts; names that would be whiteouts are refused.
 */
#include <oci-image/common.h>
#include <oci-image/error.h>
#include <oci-image/stream.h>

typedef struct oci_pack_options {
    oci_limits limits;        /* resolved */
    const oci_events *events; /* or NULL */
    bool set_owner;           /* all belongs to uid and gid */
    uint32_t uid, gid;
    const int64_t *latest; /* or NULL: later times become this one, in seconds since 1970 */
    bool sort;             /* an archive is written in the order of its names; a tree always is */
    bool mend;             /* what would be refused is changed or left out, with a warning */
    bool *mendable;        /* set when something is refused that could be mended; or NULL */
} oci_pack_options;

/* Whether an archive has to be written anew. */
bool oci_pack_rewrites(const oci_pack_options *o);

/* Reads the archive to its end and refuses what is no valid layer: absolute names and "..", names that are there twice
 * or reserved for whiteouts, types that nobody knows. */
int oci_pack_check(oci_reader *tar, const oci_pack_options *o, oci_error *err);
/* Writes the archive anew to dst, which is not finished. What it holds is kept in a temporary file in the directory
 * tmpfd (borrowed) where the order changes or names have to be settled. */
int oci_pack_tar(oci_reader *tar, int tmpfd, const oci_pack_options *o, oci_writer *dst, oci_error *err);
/* Writes the tree below the directory fd (borrowed) to dst, which is not finished: names sorted, owners as numbers,
 * hard links and extended attributes kept, sockets left out with a warning. OCI_E_CONFLICT when it changes meanwhile.
 */
int oci_pack_tree(int fd, const oci_pack_options *o, oci_writer *dst, oci_error *err);

#endif
