/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_CLEANUP_H
#define OCI_BASE_CLEANUP_H
/*
 * Cleanup at the end of a scope.
 *
 *     OCI_AUTO(oci_reader) r = NULL;      an oci_reader *, freed by oci_reader_free
 *     OCI_AUTO_FD int fd = -1;            closed
 *     OCI_AUTO_BUF oci_buf b = OCI_BUF_INIT;
 *     return oci_steal(&r);               gives the pointer away
 *
 * A module makes its type known with OCI_DEFINE_AUTO(oci_reader) in the header that declares oci_reader_free to others
 * inside the library.
 */
#include <errno.h>
#include <unistd.h>

#include <oci-image/common.h>

#include "alloc.h"

#define OCI_DEFINE_AUTO_WITH(type, free_function)                                                                      \
    static inline void type##_freep_(type **p)                                                                         \
    {                                                                                                                  \
        if (*p)                                                                                                        \
            free_function(*p);                                                                                         \
        *p = NULL;                                                                                                     \
    }                                                                                                                  \
    typedef int type##_auto_needs_semicolon_

#define OCI_DEFINE_AUTO(type) OCI_DEFINE_AUTO_WITH(type, type##_free)

#define OCI_AUTO(type) __attribute__((cleanup(type##_freep_))) type *

static inline void oci_freep_(void *p)
{
    oci_free(*(void **)p);
}
/* For plain memory: OCI_AUTO_MEM char *s = oci_strdup(...); */
#define OCI_AUTO_MEM __attribute__((cleanup(oci_freep_)))

static inline void oci_closep_(int *fd)
{
    if (*fd >= 0) {
        int saved = errno;

        close(*fd);
        errno = saved;
    }
}
#define OCI_AUTO_FD __attribute__((cleanup(oci_closep_)))

#define OCI_AUTO_BUF __attribute__((cleanup(oci_buf_free)))

/* The pointer (or descriptor) in *p, which no longer owns it. */
#define oci_steal(p)                                                                                                   \
    __extension__({                                                                                                    \
        __typeof__(*(p)) s_ = *(p);                                                                                    \
        *(p) = NULL;                                                                                                   \
        s_;                                                                                                            \
    })

static inline int oci_steal_fd(int *fd)
{
    int r = *fd;

    *fd = -1;
    return r;
}

#endif
