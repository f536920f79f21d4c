/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BUNDLE_IDMAP_H
#define OCI_BUNDLE_IDMAP_H
/*
 * The user namespace that a configuration asks for (runtime-spec config-linux.md "User namespace mappings").
 */
#include <oci-image/bundle.h>
#include <oci-image/common.h>
#include <oci-image/error.h>

typedef struct oci_id_maps {
    const oci_id_map *items; /* borrowed from the options, or own */
    size_t count;
    oci_id_map own; /* the caller's id as 0, when the options have no maps */
} oci_id_maps;

typedef struct oci_userns {
    bool wanted;
    bool inside; /* the caller is in it */
    /* Without newgidmap the kernel lets a caller map its own group only after setgroups was given up. */
    bool no_setgroups;
    oci_id_maps uids, gids; /* empty when not wanted */
} oci_userns;

/* There is a user namespace when the options are rootless or hold maps. OCI_E_USAGE for maps that oci_id_maps_check
 * refuses, and for maps of one kind only. *out must stay where it is: it may point into itself. */
int oci_userns_init(oci_userns *out, const oci_bundle_options *o, oci_error *err);
/* Whether the container can use the id. Without a user namespace it can use all. */
bool oci_userns_has_uid(const oci_userns *u, uint32_t uid);
bool oci_userns_has_gid(const oci_userns *u, uint32_t gid);

#endif
