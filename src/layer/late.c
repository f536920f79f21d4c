/* SPDX-License-Identifier: Apache-2.0 */
#include "late.h"

#include <string.h>

#include "base/alloc.h"
#include "base/cleanup.h"
#include "base/fail.h"
#include "base/vec.h"

/* Bytes of names that may wait. */
enum { MAX_BYTES = 64 * 1024 * 1024 };

int oci_late_init(oci_late_links *l, oci_error *err)
{
    *l = (oci_late_links) { .by_name = oci_map_new() };
    return l->by_name != NULL ? 0 : oci_fail_nomem(err);
}

void oci_late_forget(oci_late_links *l)
{
    for (size_t i = 0; i < l->count; i++) {
        oci_free(l->items[i].name);
        oci_free(l->items[i].target);
    }
    oci_free(l->items);
    l->items = NULL;
    l->count = l->cap = l->bytes = 0;
    if (l->by_name != NULL)
        oci_map_clear(l->by_name);
}

void oci_late_clear(oci_late_links *l)
{
    oci_late_forget(l);
    oci_map_free(l->by_name);
    l->by_name = NULL;
}

int oci_late_add(oci_late_links *l, const char *name, const char *target, oci_error *err)
{
    OCI_AUTO_MEM char *name_copy = oci_strdup(name);
    OCI_AUTO_MEM char *target_copy = oci_strdup(target);
    size_t bytes = strlen(name) + strlen(target) + sizeof(oci_late_link);

    if (name_copy == NULL || target_copy == NULL)
        return oci_fail_nomem(err);
    if (bytes > MAX_BYTES - l->bytes)
        return oci_fail(err, OCI_E_LIMIT, "too many hard links come before their targets");
    if (!OCI_VEC_PUSH(l, (oci_late_link) { name_copy, target_copy, false }))
        return oci_fail_nomem(err);
    name_copy = target_copy = NULL;
    l->bytes += bytes;
    if (oci_map_set(l->by_name, name, strlen(name), (void *)(uintptr_t)l->count) < 0)
        return oci_fail_nomem(err);
    return 0;
}

/* The index of the link that waits under that name, or of none: the count. */
static size_t find(const oci_late_links *l, const char *name)
{
    void *value;

    return oci_map_get(l->by_name, name, strlen(name), &value) ? (uintptr_t)value - 1 : l->count;
}

/* Follows the chain to its end and makes it from there. stack has room for all of them. */
static int make_chain(oci_late_links *l, size_t start, size_t *stack,
                      int (*make)(void *ctx, const oci_late_link *link, oci_error *err), void *ctx, oci_error *err)
{
    size_t n = 0;
    int r = 0;

    for (size_t at = start; at < l->count && !l->items[at].done; at = find(l, l->items[at].target)) {
        l->items[at].done = true;
        stack[n++] = at;
    }
    while (r == 0 && n > 0) {
        const oci_late_link *link = &l->items[stack[--n]];

        if (find(l, link->name) == stack[n])
            r = oci_wrap(err, make(ctx, link, err), "'%s'", link->name);
    }
    return r;
}

int oci_late_make(oci_late_links *l, int (*make)(void *ctx, const oci_late_link *link, oci_error *err), void *ctx,
                  oci_error *err)
{
    OCI_AUTO_MEM size_t *stack = NULL;
    int r = 0;

    if (l->count == 0)
        return 0;
    stack = oci_realloc_array(NULL, l->count, sizeof *stack);
    if (stack == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; r == 0 && i < l->count; i++)
        r = make_chain(l, i, stack, make, ctx, err);
    oci_late_forget(l);
    return r;
}
