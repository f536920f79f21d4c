/* SPDX-License-Identifier: Apache-2.0 */
#include "arena.h"

#include <stdalign.h>
#include <string.h>

#include "alloc.h"
#include "num.h"

enum { FIRST_BLOCK = 4096 - 64, LARGEST_BLOCK = 256 * 1024 };

struct block {
    struct block *next;
    size_t used, size;
    alignas(max_align_t) unsigned char bytes[];
};

struct oci_arena {
    struct block *blocks; /* the one that is being filled first */
    size_t limit, total;
};

oci_arena *oci_arena_new(size_t limit)
{
    oci_arena *a = oci_calloc(1, sizeof *a);

    if (a != NULL)
        a->limit = limit;
    return a;
}

static struct block *add_block(oci_arena *a, size_t n)
{
    size_t size = a->blocks != NULL ? 2 * a->blocks->size : FIRST_BLOCK;
    size_t bytes;
    struct block *b;

    if (size > LARGEST_BLOCK)
        size = LARGEST_BLOCK;
    if (size < n)
        size = n;
    if (!oci_add_size(sizeof *b, size, &bytes))
        return NULL;
    b = oci_alloc(bytes);
    if (b == NULL)
        return NULL;
    b->used = 0;
    b->size = size;
    b->next = a->blocks;
    a->blocks = b;
    return b;
}

void *oci_arena_alloc(oci_arena *a, size_t n)
{
    struct block *b = a->blocks;
    size_t rounded, total;
    void *p;

    if (!oci_add_size(n, alignof(max_align_t) - 1, &rounded))
        return NULL;
    rounded -= rounded % alignof(max_align_t);
    if (!oci_add_size(a->total, rounded, &total) || (a->limit > 0 && total > a->limit))
        return NULL;
    if (b == NULL || b->size - b->used < rounded) {
        b = add_block(a, rounded);
        if (b == NULL)
            return NULL;
    }
    p = b->bytes + b->used;
    b->used += rounded;
    a->total = total;
    return memset(p, 0, rounded);
}

void *oci_arena_array(oci_arena *a, size_t count, size_t size)
{
    size_t bytes;

    return oci_mul_size(count, size, &bytes) ? oci_arena_alloc(a, bytes) : NULL;
}

char *oci_arena_strndup(oci_arena *a, const char *s, size_t n)
{
    size_t bytes;
    char *copy = oci_add_size(n, 1, &bytes) ? oci_arena_alloc(a, bytes) : NULL;

    if (copy != NULL && n > 0)
        memcpy(copy, s, n);
    return copy;
}

void oci_arena_free(oci_arena *a)
{
    if (a == NULL)
        return;
    while (a->blocks != NULL) {
        struct block *next = a->blocks->next;

        oci_free(a->blocks);
        a->blocks = next;
    }
    oci_free(a);
}
