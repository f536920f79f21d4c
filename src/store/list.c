/* SPDX-License-Identifier: Apache-2.0 */
/* Blobs of a store that does not have them in order. */
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/vec.h"
#include "store.h"

int oci_blob_list_add(void *list, const oci_digest *d, uint64_t size, oci_error *err)
{
    return OCI_VEC_PUSH((oci_blob_list *)list, (oci_listed_blob) { *d, size }) ? 0 : oci_fail_nomem(err);
}

static int compare(const void *a, const void *b)
{
    const oci_digest *x = &((const oci_listed_blob *)a)->digest, *y = &((const oci_listed_blob *)b)->digest;
    int order = strcmp(oci_digest_alg_name(x->alg), oci_digest_alg_name(y->alg));

    return order != 0 ? order : memcmp(x->bytes, y->bytes, x->len);
}

int oci_blob_list_each(oci_blob_list *list, oci_each_blob *each, void *ctx, oci_error *err)
{
    int r = 0;

    if (list->count > 1)
        qsort(list->items, list->count, sizeof *list->items, compare);
    for (size_t i = 0; r == 0 && i < list->count; i++)
        r = each(ctx, &list->items[i].digest, list->items[i].size, err);
    oci_free(list->items);
    *list = (oci_blob_list) { 0 };
    return r;
}
