/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_LIBRARY_H
#define OCI_BASE_LIBRARY_H
/*
 * Libraries that are loaded when they are needed: to be linked to them would cost every start of every program. The one
 * file that calls a library lists the functions it calls,
 *
 *     #define FUNCTIONS(F) F(inflate) F(inflateEnd)
 *     OCI_LIBRARY(zlib, "zlib", OCI_ZLIB_NAME, FUNCTIONS)
 *
 * and has zlib.inflate and so on, once zlib_load has succeeded. That loads the library for the rest of the process,
 * unless it is there already. OCI_E_IO when it cannot be loaded, or has not all of the functions; that is tried again
 * the next time. In a program that can load nothing (OCI_LINK_LIBRARIES) all libraries are linked.
 */
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

int oci_library_load(oci_library *l, oci_error *err);

#define OCI_LIBRARY_MEMBER(function) __typeof__(function) *function;
#define OCI_LIBRARY_ITSELF(function) function,
#define OCI_LIBRARY_TEXT(function)   #function,

#ifdef OCI_LINK_LIBRARIES

#define OCI_LIBRARY(table, name, file, functions)                                                                      \
    static const struct {                                                                                              \
        functions(OCI_LIBRARY_MEMBER)                                                                                  \
    } table = { functions(OCI_LIBRARY_ITSELF) };                                                                       \
    static inline int table##_load(oci_error *err)                                                                     \
    {                                                                                                                  \
        (void)err;                                                                                                     \
        return 0;                                                                                                      \
    }

#else

#define OCI_LIBRARY(table, name, file, functions)                                                                      \
    static struct {                                                                                                    \
        functions(OCI_LIBRARY_MEMBER)                                                                                  \
    } table;                                                                                                           \
    static int table##_load(oci_error *err)                                                                            \
    {                                                                                                                  \
        static const char *const texts[] = { functions(OCI_LIBRARY_TEXT) };                                            \
        static oci_library library = {                                                                                 \
            name, file, texts, &table, sizeof texts / sizeof *texts, PTHREAD_MUTEX_INITIALIZER, false                  \
        };                                                                                                             \
        return oci_library_load(&library, err);                                                                        \
    }

#endif

#endif
