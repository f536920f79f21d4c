/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_LAYER_VIEW_H
#define OCI_LAYER_VIEW_H
/*
 * The merged view of layers without unpacking them: plans carried out on names in memory instead of a directory. It
 * knows what lies where and which entry of which layer it came from; contents are read from the layer again.
 *
 *     oci_view_new -> oci_view_apply for each layer -> oci_view_find
 */
#include <oci-image/common.h>
#include <oci-image/error.h>
#include <oci-image/stream.h>

#include "base/cleanup.h"
#include "tar/tar.h"

typedef struct oci_view oci_view;

/* Where the content of a file is. */
typedef struct oci_view_file {
    uint32_t layer; /* from 0 */
    uint64_t entry; /* of the layer, from 0 */
    uint64_t size;
} oci_view_file;

/* limits and events (may be NULL) are borrowed as long as the view lives. Gives. */
int oci_view_new(const oci_limits *limits, const oci_events *events, oci_view **out, oci_error *err);
void oci_view_free(oci_view *v);
OCI_DEFINE_AUTO(oci_view);

/* Carries out the next layer, whose stream is borrowed and read to its end. Refuses what oci_applier_apply refuses for
 * the sake of names. After a failure the view is of no use. */
int oci_view_apply(oci_view *v, oci_reader *layer, oci_error *err);
/* The same entry by entry, for those who have read them: a layer begins, has entries, of which name, stored_name, type,
 * link and size count, and ends. */
void oci_view_begin_layer(oci_view *v);
int oci_view_entry(oci_view *v, const oci_tar_entry *e, oci_error *err);
int oci_view_end_layer(oci_view *v, oci_error *err);
/* Whether it has had more entries, with directories made for them, than the limit. */
bool oci_view_is_full(const oci_view *v);

/* Whether anything is at the path, whose links are followed but for the last component. OCI_E_UNSAFE as below. */
int oci_view_has(oci_view *v, const char *path, bool *out, oci_error *err);
/* Finds a regular file, following links inside the view to the end. OCI_E_NOT_FOUND when it is not there, OCI_E_INVALID
 * when it or something on the way is of another type, OCI_E_UNSAFE when more than 40 links are met. */
int oci_view_find(oci_view *v, const char *path, oci_view_file *out, oci_error *err);

/* Calls each with every name, in no order of meaning: for tests and those who list. path is normal ("a/b"), link the
 * target of a symbolic link or NULL, file a number that all hard links of a file share. */
int oci_view_each(oci_view *v,
                  int (*each)(void *ctx, const char *path, oci_tar_type type, const char *link, uint32_t file,
                              oci_error *err),
                  void *ctx, oci_error *err);

#endif
