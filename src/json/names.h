/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_JSON_NAMES_H
#define OCI_JSON_NAMES_H
/*
 * The names of the objects that are open while a text is read, to find those that occur twice. They are sorted when
 * their object ends: no hash that an enemy could fill with collisions, and 32 bytes for a name.
 */
#include "base/arena.h"
#include "json.h"

typedef struct oci_json_name {
    const char *text;
    size_t len;
    size_t offset; /* in the source */
} oci_json_name;

typedef struct oci_json_names {
    oci_json_name *items; /* those of outer objects first */
    size_t count, cap;
    oci_arena *copies; /* of names that are not in the source as they are, or NULL */
} oci_json_names;

/* is_source: the text lives as long as the names do and need not be copied. OCI_E_NOMEM. *kept is the name that lives
 * on until its object is closed. */
int oci_json_names_add(oci_json_names *names, const oci_json_name *name, bool is_source, const char **kept);
/* Forgets the names from first on, those of the object that ends. False when two are equal: *twice is then the second
 * one that comes first in the text. */
bool oci_json_names_close(oci_json_names *names, size_t first, oci_json_name *twice);
void oci_json_names_free(oci_json_names *names);

#endif
