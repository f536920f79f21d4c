/* SPDX-License-Identifier: Apache-2.0 */
#include "alloc.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "num.h"

enum { LARGE = 2 * 1024 * 1024 /* bytes of a large page, on most machines */ };

static _Thread_local unsigned long fail_at;
static _Thread_local int failed;

void oci_alloc_fail_at(unsigned long n)
{
    fail_at = n;
    failed = 0;
}

int oci_alloc_failed(void)
{
    return failed;
}

/* Large pages where they are to be had: to touch a page for the first time can cost more than all that is done with it,
 * on virtual machines above all. */
static void *large_alloc(size_t n)
{
    void *p;

    if (n > SIZE_MAX - LARGE) {
        errno = ENOMEM;
        return NULL;
    }
    p = aligned_alloc(LARGE, (n + LARGE - 1) & ~(size_t)(LARGE - 1));
    if (p != NULL)
        madvise(p, n, MADV_HUGEPAGE);
    return p;
}

static int refuses(void)
{
    if (fail_at == 0 || --fail_at > 0)
        return 0;
    failed = 1;
    errno = ENOMEM;
    return 1;
}

void *oci_alloc_sparse(size_t n)
{
    return refuses() ? NULL : malloc(n > 0 ? n : 1);
}

void *oci_alloc(size_t n)
{
    if (n < LARGE)
        return oci_alloc_sparse(n);
    return refuses() ? NULL : large_alloc(n);
}

void *oci_calloc(size_t count, size_t size)
{
    size_t bytes;
    void *p;

    if (refuses())
        return NULL;
    if (!oci_mul_size(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    if (bytes < LARGE)
        return calloc(bytes > 0 ? bytes : 1, 1);
    p = large_alloc(bytes);
    return p == NULL ? NULL : memset(p, 0, bytes);
}

void *oci_realloc_array(void *p, size_t count, size_t size)
{
    size_t bytes;

    if (!oci_mul_size(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
    if (p == NULL)
        return oci_alloc(bytes);
    return refuses() ? NULL : realloc(p, bytes > 0 ? bytes : 1);
}

char *oci_strndup(const char *s, size_t n)
{
    size_t bytes;
    char *copy;

    if (!oci_add_size(n, 1, &bytes))
        return NULL;
    copy = oci_alloc(bytes);
    if (copy == NULL)
        return NULL;
    if (n > 0)
        memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

char *oci_strdup(const char *s)
{
    return oci_strndup(s, strlen(s));
}

void oci_free(void *p)
{
    int saved = errno;

    free(p);
    errno = saved;
}
