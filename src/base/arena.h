/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_ARENA_H
#define OCI_BASE_ARENA_H
/*
 * Memory that is freed all at once: the documents live in arenas, and the error path of a decoder is "drop the arena".
 */
#include <stddef.h>

typedef struct oci_arena oci_arena;

/* limit bounds the sum of what is asked for (0: no bound). NULL when there is no memory. */
oci_arena *oci_arena_new(size_t limit);
/* n bytes set to zero, aligned for anything; NULL when there is no memory or the limit is passed. */
void *oci_arena_alloc(oci_arena *a, size_t n);
/* count items of size bytes; NULL also when the product overflows. */
void *oci_arena_array(oci_arena *a, size_t count, size_t size);
/* Copies n bytes and adds a NUL. */
char *oci_arena_strndup(oci_arena *a, const char *s, size_t n);
void oci_arena_free(oci_arena *a);

#endif
