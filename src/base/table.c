/* SPDX-License-Identifier: Apache-2.0 */
/* Open addressing with linear probing and removal by shifting back, as in map.c. */
#include "table.h"

#include <string.h>

#include <oci-image/error.h>

#include "alloc.h"
#include "hash.h"
#include "num.h"

enum { SMALLEST = 64 };
enum { RUN = 8 /* numbers that lie side by side */ };

void oci_table_init(oci_table *t)
{
    *t = (oci_table) { 0 };
    oci_hash_seed(t->seed);
}

void oci_table_free(oci_table *t)
{
    oci_free(t->slots);
    t->slots = NULL;
    t->cap = t->count = 0;
}

oci_key oci_table_key(const oci_table *t, uint64_t a, uint64_t b, const void *p, size_t n)
{
    const uint64_t seed[2] = { t->seed[0] ^ a, t->seed[1] ^ b };
    uint64_t hash[2];

    oci_siphash_128(seed, p, n, hash);
    return (oci_key) { hash[0], (uint32_t)hash[1] };
}

oci_key oci_table_number_key(uint64_t a, uint64_t b)
{
    /* Short runs, each somewhere else: long ones that met would make every search pass through all of them. */
    uint64_t run = (a / RUN ^ b * UINT64_C(0xff51afd7ed558ccd)) * UINT64_C(0x9e3779b97f4a7c15);

    run = (run ^ run >> 32) * UINT64_C(0x9e3779b97f4a7c15);
    return (oci_key) { (run ^ run >> 32) + a % RUN, (uint32_t)a };
}

static bool is_key(const struct oci_table_slot *s, oci_key key)
{
    return s->place == key.place && s->rest == key.rest;
}

/* The slot of the key, or the free one where it would go. The table is never full. */
static struct oci_table_slot *find(const oci_table *t, oci_key key)
{
    size_t i = (size_t)key.place & (t->cap - 1);

    while (t->slots[i].value != 0 && !is_key(&t->slots[i], key))
        i = (i + 1) & (t->cap - 1);
    return &t->slots[i];
}

static int grow(oci_table *t)
{
    oci_table bigger = *t;

    if (!oci_mul_size(t->cap > 0 ? t->cap : SMALLEST / 2, 2, &bigger.cap))
        return OCI_E_NOMEM;
    bigger.slots = oci_calloc(bigger.cap, sizeof *bigger.slots);
    if (bigger.slots == NULL)
        return OCI_E_NOMEM;
    for (size_t i = 0; i < t->cap; i++)
        if (t->slots[i].value != 0)
            *find(&bigger, (oci_key) { t->slots[i].place, t->slots[i].rest }) = t->slots[i];
    oci_free(t->slots);
    *t = bigger;
    return 0;
}

uint32_t oci_table_get(const oci_table *t, oci_key key)
{
    return t->count > 0 ? find(t, key)->value : 0;
}

uint32_t *oci_table_at(oci_table *t, oci_key key)
{
    struct oci_table_slot *s;

    /* Four fifths full at most. */
    if (t->count >= t->cap - t->cap / 5 && grow(t) < 0)
        return NULL;
    s = find(t, key);
    if (s->value == 0) {
        t->count++;
        s->place = key.place;
        s->rest = key.rest;
    }
    return &s->value;
}

int oci_table_set(oci_table *t, oci_key key, uint32_t value)
{
    uint32_t *at = oci_table_at(t, key);

    if (at == NULL)
        return OCI_E_NOMEM;
    *at = value;
    return 0;
}

void oci_table_remove(oci_table *t, oci_key key)
{
    struct oci_table_slot *s;
    size_t hole, i;

    if (t->count == 0)
        return;
    s = find(t, key);
    if (s->value == 0)
        return;
    hole = (size_t)(s - t->slots);
    for (i = (hole + 1) & (t->cap - 1); t->slots[i].value != 0; i = (i + 1) & (t->cap - 1)) {
        size_t home = (size_t)t->slots[i].place & (t->cap - 1);

        /* It may move back unless its home lies cyclically between the hole and itself. */
        if (((i - home) & (t->cap - 1)) >= ((i - hole) & (t->cap - 1))) {
            t->slots[hole] = t->slots[i];
            hole = i;
        }
    }
    t->slots[hole].value = 0;
    t->count--;
}

void oci_table_clear(oci_table *t)
{
    /* After one large use, many small ones shall not have to clear all of it each time. */
    if (t->cap > SMALLEST && t->count < t->cap / 8)
        oci_table_free(t);
    else if (t->count > 0)
        memset(t->slots, 0, t->cap * sizeof *t->slots);
    t->count = 0;
}
