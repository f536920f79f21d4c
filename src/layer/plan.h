/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_LAYER_PLAN_H
#define OCI_LAYER_PLAN_H
/*
 * What an entry of a layer asks for, decided from the entry alone and without a single system call (image-spec
 * layer.md, "Applying Changesets" and "Whiteouts"). How it meets what is on the disk is for apply.c.
 */
#include <oci-image/common.h>
#include <oci-image/error.h>

#include "tar/tar.h"

typedef enum oci_action {
    OCI_ACTION_SKIP,     /* nothing: a left-over of AUFS, or a type this library does not know */
    OCI_ACTION_ROOT,     /* the attributes of the root itself */
    OCI_ACTION_WHITEOUT, /* hide one name of a directory */
    OCI_ACTION_OPAQUE,   /* hide everything below a directory */
    OCI_ACTION_PUT       /* the entry itself */
} oci_action;

/* dir and base are borrowed from the name of the entry. */
typedef struct oci_plan {
    oci_action action;
    oci_span dir;     /* the path of the directory that is meant, len 0 for the root */
    const char *base; /* WHITEOUT: the name to hide; PUT: the last component; otherwise NULL */
} oci_plan;

/* OCI_E_INVALID for whiteouts that name nothing or a directory of their own, and for entries that cannot be the root.
 */
int oci_plan_entry(const oci_tar_entry *e, oci_plan *out, oci_error *err);

/* Whether an extended attribute is about what it is set on; what overlay file systems and rootless tools keep in
 * attributes is about another tree. */
bool oci_xattr_travels(const char *name);

/* ---- whiteout.c: names ---- */

typedef enum oci_whiteout_kind {
    OCI_WHITEOUT_NONE,     /* an ordinary name */
    OCI_WHITEOUT_NAME,     /* .wh.NAME */
    OCI_WHITEOUT_OPAQUE,   /* .wh..wh..opq and nothing else */
    OCI_WHITEOUT_RESERVED, /* .wh..wh.*: AUFS kept its own things there; hidden, without effect */
    OCI_WHITEOUT_BAD       /* .wh. with nothing to hide, or with "." or ".." */
} oci_whiteout_kind;

/* What the n bytes of one component mean. */
oci_whiteout_kind oci_whiteout_of(const char *name, size_t n);
enum { OCI_WHITEOUT_PREFIX = 4 /* the length of ".wh." */ };

#endif
