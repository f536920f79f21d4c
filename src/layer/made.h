/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_LAYER_MADE_H
#define OCI_LAYER_MADE_H
/*
 * What the layer that is being applied has made: whiteouts spare it, wherever in the layer they stand. A name is known
 * by the directory it is in (device and inode) and its last component, because one place can be reached by many paths.
 * Names in directories that the layer has made itself need not be remembered (oci_dir.born).
 */
#include <sys/stat.h>

#include <oci-image/common.h>
#include <oci-image/error.h>

#include "base/table.h"

typedef enum oci_made_kind {
    OCI_MADE_NOT,     /* it is of a lower layer, or absent */
    OCI_MADE_PARENT,  /* made because something below it needed it */
    OCI_MADE_BY_ENTRY /* the layer has an entry for it */
} oci_made_kind;

/* before (may be NULL) is set to what it was. name has at most OCI_TAR_NAME_MAX bytes. */
int oci_made_set(oci_table *made, const struct stat *dir, const char *name, oci_made_kind kind, oci_made_kind *before,
                 oci_error *err);
oci_made_kind oci_made_get(const oci_table *made, const struct stat *dir, const char *name);
void oci_made_forget(oci_table *made, const struct stat *dir, const char *name);

#endif
