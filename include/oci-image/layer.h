/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_LAYER_H
#define OCI_IMAGE_LAYER_H
/*
 * Layers: applying uncompressed tar streams to a directory (image-spec layer.md).
 *
 * Every access happens below the root descriptor; symbolic links in the image mean places inside it. Layers are applied
 * in order with oci_applier_apply, then oci_applier_finish sets what can only be set at the end. A failed applier
 * leaves the directory half made: unpack into a scratch directory and rename it when all is well (oci_unpack does).
 */
#include <oci-image/common.h>
#include <oci-image/error.h>
#include <oci-image/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct oci_applier oci_applier;

/* size container ids from container on are host ids from host on. */
typedef struct oci_id_map {
    uint32_t container, host, size;
} oci_id_map;

typedef enum oci_owner_policy {
    OCI_OWNER_AUTO,   /* keep for root, squash otherwise */
    OCI_OWNER_KEEP,   /* the image's ids, through the id maps if there are some; ids outside of the maps are an error */
    OCI_OWNER_MAP,    /* like KEEP, ids outside of the maps become the caller's */
    OCI_OWNER_SQUASH, /* everything belongs to the caller */
    OCI_OWNER_RECORD  /* the caller's, and the image's ids in the attribute user.rootlesscontainers */
} oci_owner_policy;

typedef struct oci_apply_options {
    const oci_limits *limits; /* or NULL; borrowed as long as the applier lives, like all here */
    const oci_events *events; /* or NULL */
    oci_owner_policy owner;
    const oci_id_map *uid_maps, *gid_maps;
    size_t n_uid_maps, n_gid_maps;
    bool rootless;      /* devices become empty files; what needs privilege is left out with one warning a kind */
    bool no_xattrs;     /* extended attributes are left out */
    bool keep_dirlinks; /* a directory entry over a symbolic link to a directory keeps the link */
    bool snapshot;      /* remember what oci_applier_write_mtree needs */
} oci_apply_options;

typedef struct oci_apply_stats {
    uint64_t entries;  /* tar entries read */
    uint64_t bytes;    /* of regular files, also of those that were not written */
    uint64_t removed;  /* names removed by whiteouts; a tree that went whole counts once */
    uint64_t shadowed; /* regular files that were not written, because a later layer replaces or hides them */
} oci_apply_stats;

/* rootfd is a directory, borrowed as long as the applier lives. o may be NULL. Gives. */
OCI_API int oci_applier_new(int rootfd, const oci_apply_options *o, oci_applier **out, oci_error *err);
/* Applies one layer; reads the stream to its end, past the end of the archive. layer is borrowed. stats may be NULL. */
OCI_API int oci_applier_apply(oci_applier *a, oci_reader *layer, oci_apply_stats *stats, oci_error *err);
/* Sets directory modes and times and tells what was left out. */
OCI_API int oci_applier_finish(oci_applier *a, oci_error *err);
/* Writes what the tree is as mtree(5) text, in order of names: type, owner, mode, time, size, links, SHA-256 digests of
 * files and extended attributes as they were set. Nothing is read from files: the digests are those of what was
 * written. w is borrowed and not finished. Best called after the last layer and before oci_applier_finish, which may
 * bar an ordinary user's way into directories; the text is the same. OCI_E_USAGE without the option snapshot. */
OCI_API int oci_applier_write_mtree(oci_applier *a, oci_writer *w, oci_error *err);
OCI_API void oci_applier_free(oci_applier *a);

#ifdef __cplusplus
}
#endif
#endif
