/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_LIBRARY_H
#define OCI_BASE_LIBRARY_H
/* Libraries that are loaded when they are needed: to be linked to them would cost every start of every program. */
#include <oci-image/common.h>
#include <oci-image/error.h>

/* Loads the library for the rest of the process and fills table, n pointers to functions that have these names. name is
 * what messages call the library. OCI_E_UNSUPPORTED where it, or one of the functions, is not there. */
int oci_library_load(const char *name, const char *file, size_t n, const char *const functions[], void *table,
                     oci_error *err);

#endif
