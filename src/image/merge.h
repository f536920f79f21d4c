/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_SRC_MERGE_H
#define OCI_IMAGE_SRC_MERGE_H
/* An index of several platforms in the making: what a name means, and what joins it. */
#include <oci-image/document.h>
#include <oci-image/layout.h>

#include "base/cleanup.h"
#include "store/entries.h"

typedef struct oci_merge oci_merge;

/* The manifests of all indexes that one copier makes: each costs some KiB until the commit, and any number of names of
 * a small layout can lead to one index of many. */
enum { OCI_MAX_JOINED = 100000 };

/* Begins with the manifests that name (borrowed) means in the layout l, which is borrowed and where a transaction is
 * held: those of an index, a single one, or the entries of a flat list; with nothing when it means nothing. entries are
 * those of l, or NULL to begin anew. room (borrowed; or NULL) is how many manifests may still join, which several that
 * are alive at once have in common. Gives; OCI_E_LIMIT, as of what adds, when there is no more. */
int oci_merge_new(oci_layout *l, const oci_entries *entries, const char *name, const oci_limits *limits, size_t *room,
                  oci_merge **out, oci_error *err);
void oci_merge_free(oci_merge *m);
OCI_DEFINE_AUTO(oci_merge);
/* Adds a manifest (copied) in place of that for the same platform, whose attestations go with it, or at the end. */
int oci_merge_add(oci_merge *m, const oci_descriptor *d, oci_error *err);
/* Takes out the manifests for p (or NULL) or of that digest (or NULL). OCI_E_NOT_FOUND. */
int oci_merge_remove(oci_merge *m, const oci_platform *p, const char *digest, oci_error *err);
/* Stores the index and has t give it the name. For a commit (oci_txn_at_commit): entries are those of the layout then,
 * and what was added joins what the name means there, unless something was taken out: OCI_E_CONFLICT when it means
 * something else than before. annotations (or NULL) are set over those that it has. */
int oci_merge_set(oci_merge *m, oci_txn *t, const oci_entries *entries, const oci_annotations *annotations,
                  oci_error *err);

/* d with the platform that the configuration of its manifest in s tells, unless it has one or there is none to tell.
 * platform and config (given) are what it borrows from. */
int oci_tell_platform(oci_store *s, const oci_limits *limits, oci_descriptor *d, oci_platform *platform,
                      oci_config **config, oci_error *err);

#endif
