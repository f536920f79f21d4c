/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TAR_XATTR_H
#define OCI_TAR_XATTR_H
/*
 * Extended attributes of one entry, from pax records: SCHILY.xattr.NAME=value, or LIBARCHIVE.xattr.NAME=value with the
 * name in URL encoding and the value in base64. Names and values point into the text of the records, which is changed
 * in place: a name needs a NUL behind it, and decoding only makes things shorter.
 */
#include "tar.h"

enum { OCI_TAR_XATTRS_MAX = 1024, OCI_TAR_XATTR_NAME_MAX = 255 };

/* Who wins where a name comes more than once: the higher rank, and of equals the later one. */
typedef enum oci_tar_xattr_rank {
    OCI_TAR_XATTR_GLOBAL,
    OCI_TAR_XATTR_LIBARCHIVE,
    OCI_TAR_XATTR_SCHILY
} oci_tar_xattr_rank;

typedef struct oci_tar_xattrs {
    oci_tar_xattr *items;
    size_t count, cap;
    struct {
        oci_tar_xattr_rank *items; /* of each attribute */
        size_t count, cap;
    } ranks;
} oci_tar_xattrs;

void oci_tar_xattrs_clear(oci_tar_xattrs *x);
void oci_tar_xattrs_free(oci_tar_xattrs *x);
/* Makes x what from is, all of it of the rank of a global header. The texts are shared. */
int oci_tar_xattrs_inherit(oci_tar_xattrs *x, const oci_tar_xattrs *from, oci_error *err);
/* name is what follows the prefix; behind both name and value there is one byte more (the "=", the newline). */
int oci_tar_xattrs_add_schily(oci_tar_xattrs *x, char *name, size_t n, oci_span value, oci_error *err);
int oci_tar_xattrs_add_libarchive(oci_tar_xattrs *x, char *name, size_t n, char *value, size_t value_len,
                                  oci_error *err);

#endif
