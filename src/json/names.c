/* SPDX-License-Identifier: Apache-2.0 */
#include "names.h"

#include <stdlib.h>
#include <string.h>

#include "base/vec.h"

int oci_json_names_add(oci_json_names *names, const oci_json_name *name, bool is_source, const char **kept)
{
    oci_json_name own = *name;

    if (!is_source) {
        if (names->copies == NULL)
            names->copies = oci_arena_new(0);
        own.text = names->copies != NULL ? oci_arena_strndup(names->copies, name->text, name->len) : NULL;
        if (own.text == NULL)
            return OCI_E_NOMEM;
    }
    if (!OCI_VEC_PUSH(names, own))
        return OCI_E_NOMEM;
    *kept = own.text;
    return 0;
}

/* Shorter names first, then by bytes; equal ones in the order of the text. */
static int compare(const void *a, const void *b)
{
    const oci_json_name *x = a, *y = b;
    int c;

    if (x->len != y->len)
        return x->len < y->len ? -1 : 1;
    c = memcmp(x->text, y->text, x->len);
    if (c != 0)
        return c;
    return x->offset < y->offset ? -1 : x->offset > y->offset;
}

bool oci_json_names_close(oci_json_names *names, size_t first, oci_json_name *twice)
{
    const oci_json_name *found = NULL;
    size_t count = names->count - first;

    if (count > 1)
        qsort(names->items + first, count, sizeof *names->items, compare);
    for (size_t i = first + 1; i < names->count; i++) {
        const oci_json_name *before = &names->items[i - 1], *name = &names->items[i];

        if (before->len == name->len && memcmp(before->text, name->text, name->len) == 0 &&
            (found == NULL || name->offset < found->offset))
            found = name;
    }
    if (found != NULL)
        *twice = *found;
    names->count = first;
    return found == NULL;
}

void oci_json_names_free(oci_json_names *names)
{
    oci_arena_free(names->copies);
    oci_free(names->items);
}
