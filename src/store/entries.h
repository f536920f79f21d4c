/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STORE_ENTRIES_H
#define OCI_STORE_ENTRIES_H
/*
 * The entries of an index.json by their names. To find those of a name costs what they are, not what the index is, and
 * so do edits.
 */
#include <oci-image/document.h>

#include "base/cleanup.h"

typedef struct oci_entries oci_entries;

/* Borrows index. Gives. */
int oci_entries_new(const oci_index *index, oci_entries **out, oci_error *err);
void oci_entries_free(oci_entries *e);
OCI_DEFINE_AUTO(oci_entries);

/* The next entry that is called name (NULL: that has no name), in order; NULL at the end. Start with *at = 0; the
 * entries must not change meanwhile. */
const oci_descriptor *oci_entries_next(const oci_entries *e, const char *name, size_t *at);
/* Makes d (borrowed), which is called name (or NULL), the only entry of that name; with beside, or without a name, the
 * only one of that name and digest. The first that gives way has its place; otherwise it is the last. */
int oci_entries_set(oci_entries *e, const char *name, const oci_descriptor *d, bool beside, oci_error *err);
/* Takes out the entries of that name (or NULL) and, unless it is NULL, that digest. Whether there were any. */
bool oci_entries_delete(oci_entries *e, const char *name, const char *digest);
/* What there is now, in order. The list is given, what is in it is borrowed. */
int oci_entries_list(const oci_entries *e, const oci_descriptor ***list, size_t *count, oci_error *err);

#endif
