/* SPDX-License-Identifier: Apache-2.0 */
#include "alloc.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "num.h"

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

static int refuses(void)
{
    if (fail_at == 0 || --fail_at > 0)
        return 0;
    failed = 1;
    errno = ENOMEM;
    return 1;
}

void *oci_alloc(size_t n)
{
    return refuses() ? NULL : malloc(n > 0 ? n : 1);
}

void *oci_calloc(size_t count, size_t size)
{
    if (refuses())
        return NULL;
    return count > 0 && size > 0 ? calloc(count, size) : calloc(1, 1);
}

void *oci_realloc_array(void *p, size_t count, size_t size)
{
    size_t bytes;

    if (!oci_mul_size(count, size, &bytes)) {
        errno = ENOMEM;
        return NULL;
    }
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
