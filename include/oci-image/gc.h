/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_GC_H
#define OCI_IMAGE_GC_H
/*
 * Removing what nothing leads to. Everything that index.json refers to stays, and what that refers to in turn: entries
 * of indexes, configurations, layers, subjects, and whatever else in a document names a digest. So does a manifest in
 * the store whose subject stays (a referrer), and a blob that is young, with all it refers to: another tool may be
 * about to name it. A document that is not there refers to nothing that could be known.
 *
 * The layout is locked exclusively meanwhile, so that no transaction has anything in the making.
 */
#include <oci-image/common.h>
#include <oci-image/digest.h>
#include <oci-image/error.h>
#include <oci-image/layout.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct oci_gc_options {
    const oci_limits *limits; /* or NULL */
    const oci_events *events; /* or NULL */
    uint64_t grace;           /* seconds since its last change in which a blob or a temporary file is young */
    bool dry_run;             /* remove nothing, tell what would be */
    bool ignore_damaged;      /* warn of documents that cannot be read, and go on as if they referred to nothing */
    /* Called for each blob that goes; may be NULL. */
    void (*removing)(void *ctx, const oci_digest *d, uint64_t size);
    void *ctx;
} oci_gc_options;

typedef struct oci_gc_sum {
    uint64_t count, bytes;
} oci_gc_sum;

typedef struct oci_gc_result {
    oci_gc_sum kept;      /* what is referred to */
    oci_gc_sum young;     /* what is not, but too young to go */
    oci_gc_sum removed;   /* blobs */
    oci_gc_sum temporary; /* files and directories that were never finished; of directories bytes are not counted */
} oci_gc_result;

/* Fails before anything is removed when a document that is there cannot be read or is not what its digest says (unless
 * ignore_damaged). OCI_E_USAGE for a layout that shares its blobs: others may need them. o may be NULL. */
OCI_API int oci_layout_gc(oci_layout *l, const oci_gc_options *o, oci_gc_result *out, oci_error *err);
/* Removes these blobs, all or none. OCI_E_NOT_FOUND when one is not there; OCI_E_CONFLICT, unless force is set, when
 * index.json leads to one. Of o, limits, events and ignore_damaged count. */
OCI_API int oci_layout_remove_blobs(oci_layout *l, const oci_digest *digests, size_t n, bool force,
                                    const oci_gc_options *o, oci_error *err);

#ifdef __cplusplus
}
#endif
#endif
