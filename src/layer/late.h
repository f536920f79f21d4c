/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_LAYER_LATE_H
#define OCI_LAYER_LATE_H
/*
 * Hard links whose target was not there yet: they wait until the layer has ended. Links can wait for links, so each
 * chain is made from its end.
 */
#include <oci-image/common.h>
#include <oci-image/error.h>

#include "base/map.h"

typedef struct oci_late_link {
    char *name, *target; /* normal forms */
    bool done;
} oci_late_link;

typedef struct oci_late_links {
    oci_late_link *items;
    size_t count, cap;
    size_t bytes;     /* of all names together */
    oci_map *by_name; /* name to index plus one; the last of equal names */
} oci_late_links;

int oci_late_init(oci_late_links *l, oci_error *err);
/* Also for one that is all zero. */
void oci_late_clear(oci_late_links *l);
/* OCI_E_LIMIT when the names of all are larger than 64 MiB. */
int oci_late_add(oci_late_links *l, const char *name, const char *target, oci_error *err);
/* Calls make for each link that is the last of its name, those that others wait for first, and forgets all. */
int oci_late_make(oci_late_links *l, int (*make)(void *ctx, const oci_late_link *link, oci_error *err), void *ctx,
                  oci_error *err);
void oci_late_forget(oci_late_links *l);

#endif
