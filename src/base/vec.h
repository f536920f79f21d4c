/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_VEC_H
#define OCI_BASE_VEC_H
/*
 * Growing arrays in the form { T *items; size_t count, cap; }.
 *
 *     struct { int *items; size_t count, cap; } v = { 0 };
 *     if (!OCI_VEC_PUSH(&v, 7)) return oci_fail_nomem(err);
 *     oci_free(v.items);
 */
#include <stdbool.h>
#include <stddef.h>

#include "alloc.h"
#include "num.h"

/* Appends a copy of the value; false when there is no memory. */
#define OCI_VEC_PUSH(v, ...)                                                                                           \
    (oci_vec_grow_((void **)&(v)->items, (v)->count, &(v)->cap, sizeof *(v)->items)                                    \
         ? ((v)->items[(v)->count++] = (__VA_ARGS__), true)                                                            \
         : false)

static inline bool oci_vec_grow_(void **items, size_t count, size_t *cap, size_t size)
{
    size_t bigger;
    void *p;

    if (count < *cap)
        return true;
    if (!oci_add_size(*cap, *cap / 2 + 8, &bigger))
        return false;
    p = oci_realloc_array(*items, bigger, size);
    if (p == NULL)
        return false;
    *items = p;
    *cap = bigger;
    return true;
}

#endif
