/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_UNPACK_H
#define OCI_IMAGE_UNPACK_H
/*
 * From a checked image to a runtime bundle: BUNDLE/rootfs and BUNDLE/config.json (runtime-spec bundle.md).
 */
#include <oci-image/bundle.h>
#include <oci-image/common.h>
#include <oci-image/error.h>
#include <oci-image/image.h>
#include <oci-image/layer.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct oci_unpack_options {
    oci_apply_options apply;
    oci_bundle_options bundle;
    const oci_events *events;
    const oci_limits *limits;
    bool rootless;          /* for a container without root; implied unless the caller is root */
    bool rootfs_only;       /* the destination is the root file system itself, without config.json */
    bool verify_first;      /* read and check every layer before anything is written */
    const char *image_name; /* what the user called it, for oci-image.json; or NULL */
} oci_unpack_options;

/* Unpacks into the directory bundle (relative to dirfd, borrowed), which must not exist or be an empty directory
 * (OCI_E_EXISTS). Everything is built in a directory beside it, private to the caller, and renamed when all is well; on
 * failure that directory is removed and bundle is as it was. */
OCI_API int oci_unpack(oci_image *i, int dirfd, const char *bundle, const oci_unpack_options *o, oci_error *err);

#ifdef __cplusplus
}
#endif
#endif
