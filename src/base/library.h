/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_LIBRARY_H
#define OCI_BASE_LIBRARY_H
/* Libraries that are loaded when they are needed: to be linked to them would cost every start of every program. */
#include <oci-image/common.h>
#include <oci-image/error.h>

#include <pthread.h>

typedef struct oci_library {
    const char *name; /* what messages call it */
    const char *file;
    const char *const *functions; /* the names of n functions, and the pointers to them, once they are loaded */
    void *table;
    size_t n;
    pthread_mutex_t lock; /* PTHREAD_MUTEX_INITIALIZER */
    bool loaded;
} oci_library;

/* Loads the library for the rest of the process, unless it is there already. OCI_E_IO when it cannot be loaded, which
 * is tried again the next time; OCI_E_UNSUPPORTED where it has not all of the functions. */
int oci_library_load(oci_library *l, oci_error *err);

#endif
