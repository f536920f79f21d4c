/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_MAP_H
#define OCI_BASE_MAP_H
/*
 * A map from byte strings to pointers, in no order. The hash is seeded per map, so that hostile keys cannot make it
 * slow. Keys are copied; values belong to the caller.
 */
#include <stdbool.h>
#include <stddef.h>

#include "cleanup.h"

typedef struct oci_map oci_map;

oci_map *oci_map_new(void); /* NULL when there is no memory */
void oci_map_free(oci_map *m);
/* Sets key to value: 1 when the key is new, 0 when its value was replaced, OCI_E_NOMEM. */
int oci_map_set(oci_map *m, const void *key, size_t n, void *value);
/* Whether key is there; *value (may be NULL) is set when it is. */
bool oci_map_get(const oci_map *m, const void *key, size_t n, void **value);
/* Whether key was there. */
bool oci_map_remove(oci_map *m, const void *key, size_t n);
size_t oci_map_count(const oci_map *m);
/* Forgets everything, keeps the memory of the table. */
void oci_map_clear(oci_map *m);
/* Start with *at = 0; false at the end. The map must not change meanwhile. Any of the outputs may be NULL. */
bool oci_map_next(const oci_map *m, size_t *at, const void **key, size_t *n, void **value);

OCI_DEFINE_AUTO(oci_map);

#endif
