/* SPDX-License-Identifier: Apache-2.0 */
#include "map.h"

#include <stdint.h>
#include <string.h>

#include <oci-image/error.h>

#include "alloc.h"
#include "hash.h"
#include "num.h"

/* Open addressing with linear probing and removal by shifting back: no tombstones, so the cost stays flat. */
struct slot {
    uint64_t hash;
    size_t len;
    char *key; /* NULL: free */
    void *value;
};

struct oci_map {
    struct slot *slots;
    size_t cap; /* a power of two, or 0 */
    size_t count;
    uint64_t seed[2];
};

oci_map *oci_map_new(void)
{
    oci_map *m = oci_calloc(1, sizeof *m);

    if (m != NULL)
        oci_hash_seed(m->seed);
    return m;
}

void oci_map_clear(oci_map *m)
{
    for (size_t i = 0; i < m->cap; i++) {
        oci_free(m->slots[i].key);
        m->slots[i].key = NULL;
    }
    m->count = 0;
}

void oci_map_free(oci_map *m)
{
    if (m == NULL)
        return;
    oci_map_clear(m);
    oci_free(m->slots);
    oci_free(m);
}

/* The slot of the key, or the free one where it would go. The table is never full. */
static struct slot *find(const oci_map *m, uint64_t hash, const void *key, size_t n)
{
    size_t i = (size_t)hash & (m->cap - 1);

    for (;; i = (i + 1) & (m->cap - 1)) {
        struct slot *s = &m->slots[i];

        if (s->key == NULL || (s->hash == hash && s->len == n && (n == 0 || memcmp(s->key, key, n) == 0)))
            return s;
    }
}

static int grow(oci_map *m)
{
    oci_map bigger = *m;

    if (!oci_mul_size(m->cap > 0 ? m->cap : 8, 2, &bigger.cap))
        return OCI_E_NOMEM;
    bigger.slots = oci_calloc(bigger.cap, sizeof *bigger.slots);
    if (bigger.slots == NULL)
        return OCI_E_NOMEM;
    for (size_t i = 0; i < m->cap; i++) {
        size_t at = (size_t)m->slots[i].hash & (bigger.cap - 1);

        if (m->slots[i].key == NULL)
            continue;
        while (bigger.slots[at].key != NULL)
            at = (at + 1) & (bigger.cap - 1);
        bigger.slots[at] = m->slots[i];
    }
    oci_free(m->slots);
    *m = bigger;
    return 0;
}

int oci_map_set(oci_map *m, const void *key, size_t n, void *value)
{
    uint64_t hash = oci_siphash(m->seed, key, n);
    struct slot *s;

    if (m->count >= m->cap / 2 && grow(m) < 0)
        return OCI_E_NOMEM;
    s = find(m, hash, key, n);
    if (s->key != NULL) {
        s->value = value;
        return 0;
    }
    s->key = oci_strndup(key, n);
    if (s->key == NULL)
        return OCI_E_NOMEM;
    s->hash = hash;
    s->len = n;
    s->value = value;
    m->count++;
    return 1;
}

bool oci_map_get(const oci_map *m, const void *key, size_t n, void **value)
{
    struct slot *s;

    if (m->count == 0)
        return false;
    s = find(m, oci_siphash(m->seed, key, n), key, n);
    if (s->key == NULL)
        return false;
    if (value != NULL)
        *value = s->value;
    return true;
}

bool oci_map_remove(oci_map *m, const void *key, size_t n)
{
    struct slot *s;
    size_t hole, i;

    if (m->count == 0)
        return false;
    s = find(m, oci_siphash(m->seed, key, n), key, n);
    if (s->key == NULL)
        return false;
    oci_free(s->key);
    hole = (size_t)(s - m->slots);
    for (i = (hole + 1) & (m->cap - 1); m->slots[i].key != NULL; i = (i + 1) & (m->cap - 1)) {
        size_t home = (size_t)m->slots[i].hash & (m->cap - 1);

        /* It may move back unless its home lies cyclically between the hole and itself. */
        if (((i - home) & (m->cap - 1)) >= ((i - hole) & (m->cap - 1))) {
            m->slots[hole] = m->slots[i];
            hole = i;
        }
    }
    m->slots[hole].key = NULL;
    m->count--;
    return true;
}

size_t oci_map_count(const oci_map *m)
{
    return m->count;
}

bool oci_map_next(const oci_map *m, size_t *at, const void **key, size_t *n, void **value)
{
    for (; *at < m->cap; (*at)++) {
        const struct slot *s = &m->slots[*at];

        if (s->key == NULL)
            continue;
        if (key != NULL)
            *key = s->key;
        if (n != NULL)
            *n = s->len;
        if (value != NULL)
            *value = s->value;
        (*at)++;
        return true;
    }
    return false;
}
