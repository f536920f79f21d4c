/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_UNPACK_H
#define OCI_IMAGE_UNPACK_H
/*
 * From a checked image to a runtime bundle (runtime-spec bundle.md):
 *
 *     rootfs/         the layers
 *     config.json     what a runtime is told
 *     volumes/        directories for the image's volumes, with OCI_VOLUMES_BIND
 *     bundle.mtree    what was unpacked, as mtree(5) text
 *     oci-image.json  from which image, and how
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
    oci_apply_options apply; /* its snapshot is not looked at */
    oci_bundle_options bundle;
    const oci_events *events;
    const oci_limits *limits;
    unsigned jobs;     /* layers that are decompressed ahead of their use; 0: one per processor; 1: without threads */
    bool rootless;     /* for a container without root; implied unless the caller is root */
    bool rootfs_only;  /* the destination is the root file system itself, without config.json */
    bool no_mtree;     /* without bundle.mtree */
    bool verify_first; /* read and check every layer before anything is written */
    /* Write also the files that a layer above replaces or hides, as far as that is seen beforehand. The result is the
     * same, and with jobs 1 nothing is seen. */
    bool no_shadow_filter;
    const char *image_name; /* what the user called it, for oci-image.json when it is UTF-8; or NULL */
    oci_apply_stats *stats; /* what was done, in all layers of the (last) image, set on success; or NULL */
} oci_unpack_options;

/* Unpacks into the directory bundle (relative to dirfd, borrowed), which must not exist or be an empty directory
 * (OCI_E_EXISTS). Everything is built in a directory beside it, private to the caller, and renamed when all is well; on
 * failure that directory is removed and bundle is as it was. */
OCI_API int oci_unpack(oci_image *i, int dirfd, const char *bundle, const oci_unpack_options *o, oci_error *err);

/* The same for every platform that which means (see oci_resolve_each): bundle becomes a directory of bundles called
 * OS-ARCHITECTURE[-VARIANT], all of them or nothing. The limits hold for each. */
OCI_API int oci_unpack_platforms(oci_layout *l, const oci_resolve_options *which, int dirfd, const char *bundle,
                                 const oci_unpack_options *o, oci_error *err);

/* Appends the config.json of an image to json without unpacking it. Users are looked up in the root file system rootfd
 * (borrowed), or with -1 in the layers, which are then read. Rootless is implied unless the caller is root. o may be
 * NULL; its files are not looked at. Errors as of oci_bundle_config and oci_image_open_layer. */
OCI_API int oci_runtime_config(oci_image *i, int rootfd, const oci_bundle_options *o, oci_buf *json, oci_error *err);

#ifdef __cplusplus
}
#endif
#endif
