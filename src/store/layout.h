/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STORE_LAYOUT_H
#define OCI_STORE_LAYOUT_H
/* Inside of a layout: what its parts (layout.c, txn.c) share. */
#include <oci-image/layout.h>
#include <oci-image/mediatype.h>

struct oci_layout {
    int fd; /* the directory */
    oci_store *store;
    oci_index *index;
    oci_limits limits;
    const oci_events *events;
    bool sync, read_only;
};

/* Whether the annotation key of d is value. Annotations may hold NUL bytes, so that a comparison as C strings could be
 * deceived. */
bool oci_entry_has(const oci_descriptor *d, const char *key, const char *value);
/* index.json as it is now. Gives. */
int oci_layout_read_index(oci_layout *l, oci_index **out, oci_error *err);
/* Writes the file name in dirfd whole or not at all; what was there gives way. */
int oci_layout_replace_file(oci_layout *l, int dirfd, const char *name, const void *p, size_t n, oci_error *err);

#endif
