/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_ALLOC_H
#define OCI_BASE_ALLOC_H
/*
 * The only way to memory. All functions return NULL when there is none; nothing aborts.
 */
#include <stddef.h>

void *oci_alloc(size_t n) __attribute__((malloc)); /* n 0 gives a unique pointer */
/* For what may be filled but mostly is not: asks for no large pages, which cost all of it when a byte is touched. */
void *oci_alloc_sparse(size_t n) __attribute__((malloc));
void *oci_calloc(size_t count, size_t size) __attribute__((malloc));
/* Grows or shrinks to count items of size bytes; refuses products that overflow. */
void *oci_realloc_array(void *p, size_t count, size_t size);
char *oci_strdup(const char *s);
char *oci_strndup(const char *s, size_t n); /* copies exactly n bytes and adds a NUL */
void oci_free(void *p);                     /* keeps errno */

/* For tests: the n-th allocation from now on fails (1 is the next), 0 switches off. Thread-local. */
void oci_alloc_fail_at(unsigned long n);
/* For tests: whether the failure asked for has happened. */
int oci_alloc_failed(void);

#endif
