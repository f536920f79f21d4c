/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_OS_IDENT_H
#define OCI_OS_IDENT_H
/*
 * Whose files are whose: from the ids in an image to the ids on this system, under one of the owner policies of
 * layer.h. A plain value; nothing to free.
 */
#include <oci-image/layer.h>

typedef struct oci_ident {
    oci_owner_policy policy;               /* never OCI_OWNER_AUTO */
    const oci_id_map *uid_maps, *gid_maps; /* borrowed as long as this is used */
    size_t n_uid_maps, n_gid_maps;
    uint32_t uid, gid; /* the caller's effective ids */
} oci_ident;

/* What to do with one entry. */
typedef struct oci_owner {
    bool chown; /* false: what the caller makes belongs to the right one already */
    uint32_t uid, gid;
    bool other; /* one of them stands in for an id outside of the maps */
} oci_owner;

/* OCI_E_USAGE for a map that is empty, passes 4294967294 or overlaps another, be it inside the container or outside;
 * what says of which ids they are. */
int oci_id_maps_check(const char *what, const oci_id_map *maps, size_t n, oci_error *err);
/* What OCI_OWNER_AUTO means for the caller; any other policy is itself. */
oci_owner_policy oci_owner_policy_settle(oci_owner_policy policy);
/* From the owner and the maps of the options. OCI_E_USAGE for a map that is empty, passes 4294967294 or overlaps
 * another, be it inside the container or outside. */
int oci_ident_init(oci_ident *out, const oci_apply_options *o, oci_error *err);
/* Without maps of a kind, its ids are the system's. OCI_E_INVALID for the id 4294967295 and, with OCI_OWNER_KEEP, for
 * ids outside of the maps. */
int oci_ident_owner(const oci_ident *ident, uint32_t uid, uint32_t gid, oci_owner *out, oci_error *err);

/* The attribute of OCI_OWNER_RECORD: a protocol buffers message with uid as field 1 and gid as field 2. */
#define OCI_IDENT_ATTRIBUTE "user.rootlesscontainers"
enum { OCI_IDENT_RECORD_MAX = 12 };
/* Returns the length of the message; 0 for 0:0, which needs no record since the caller is the container's root. */
size_t oci_ident_record(uint32_t uid, uint32_t gid, unsigned char out[OCI_IDENT_RECORD_MAX]);

#endif
