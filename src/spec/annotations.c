/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include <oci-image/descriptor.h>

const char *oci_annotations_get(const oci_annotations *a, const char *key)
{
    size_t n = strlen(key);

    for (size_t i = 0; a != NULL && i < a->count; i++)
        if (a->items[i].key_len == n && memcmp(a->items[i].key, key, n) == 0)
            return a->items[i].value;
    return NULL;
}
