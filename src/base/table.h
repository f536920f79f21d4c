/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_TABLE_H
#define OCI_BASE_TABLE_H
/*
 * A table of a great many small facts: numbers by what they are of, in 16 bytes each and without an allocation for
 * each. What they are of is not kept but hashed, under a seed that nobody knows, to 96 bits, which no two things of a
 * lifetime have in common.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct oci_key {
    uint64_t place;
    uint32_t rest;
} oci_key;

struct oci_table_slot {
    uint64_t place;
    uint32_t rest;
    uint32_t value; /* 0: free */
};

typedef struct oci_table {
    struct oci_table_slot *slots;
    size_t cap, count; /* cap is a power of two, or 0 */
    uint64_t seed[2];
} oci_table;

void oci_table_init(oci_table *t);
/* Also for one that is all zero. */
void oci_table_free(oci_table *t);

/* The key of what n bytes and two numbers describe. */
oci_key oci_table_key(const oci_table *t, uint64_t a, uint64_t b, const void *p, size_t n);
/* The key of two numbers themselves, which nobody may be able to choose: where a follows on another, the slots mostly
 * lie side by side. */
oci_key oci_table_number_key(uint64_t a, uint64_t b);
/* The number under the key, 0 when there is none. */
uint32_t oci_table_get(const oci_table *t, oci_key key);
/* value is not 0. OCI_E_NOMEM. */
int oci_table_set(oci_table *t, oci_key key, uint32_t value);
/* Where the number under the key is, or is going to be: 0 means none, and has to be replaced before anything else is
 * done with the table. NULL when there is no memory. */
uint32_t *oci_table_at(oci_table *t, oci_key key);
/* Absent is success. */
void oci_table_remove(oci_table *t, oci_key key);
/* Forgets everything; memory is kept when it was needed this time, or is little. */
void oci_table_clear(oci_table *t);

#endif
