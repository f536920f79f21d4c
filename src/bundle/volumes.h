/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BUNDLE_VOLUMES_H
#define OCI_BUNDLE_VOLUMES_H
/*
 * Config.Volumes of an image as a list of mounts (image-spec conversion.md "Optional Fields").
 *
 * config.json names the directories of OCI_VOLUMES_BIND and whoever unpacks makes and fills them, both from this list.
 */
#include <oci-image/common.h>
#include <oci-image/document.h>
#include <oci-image/error.h>

#include "base/cleanup.h"

typedef struct oci_volume {
    char *destination; /* in the container: absolute, without empty, "." and ".." components, never "/" */
    char source[32];   /* in the bundle: "volumes/0", "volumes/1"... */
} oci_volume;

typedef struct oci_volume_list {
    oci_volume *items; /* parents before what is below them, each destination once */
    size_t count, cap;
} oci_volume_list;

/* The directory of the bundle that holds the sources. */
#define OCI_VOLUMES_DIR "volumes"

/* The volumes of c. Keys that are relative, mean "/" or lie in /proc or /sys are left out with a warning; events may be
 * NULL. Gives: oci_volume_list_free. */
int oci_volume_list_new(const oci_config *c, const oci_events *events, oci_volume_list **out, oci_error *err);
void oci_volume_list_free(oci_volume_list *list);
OCI_DEFINE_AUTO(oci_volume_list);

#endif
