/* SPDX-License-Identifier: Apache-2.0 */
#include "spec.h"

#include <string.h>

const oci_pair *oci_annotations_find(const oci_annotations *a, const char *key, size_t n)
{
    for (size_t i = 0; a != NULL && i < a->count; i++)
        if (a->items[i].key_len == n && memcmp(a->items[i].key, key, n) == 0)
            return &a->items[i];
    return NULL;
}

const char *oci_annotations_get(const oci_annotations *a, const char *key)
{
    const oci_pair *p = oci_annotations_find(a, key, strlen(key));

    return p != NULL ? p->value : NULL;
}
