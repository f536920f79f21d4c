/* SPDX-License-Identifier: Apache-2.0 */
#include "volumes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/event.h"
#include "base/fail.h"
#include "base/text.h"
#include "base/vec.h"

/* The normal form of an absolute path: "/a/b", and "" for the root. It is never longer than the path. Caller frees. */
static char *clean_path(const char *path)
{
    char *clean = oci_alloc(strlen(path) + 1);
    size_t used = 0;

    if (clean == NULL)
        return NULL;
    while (*path != '\0') {
        size_t n = strcspn(path, "/");

        if (n == 2 && path[0] == '.' && path[1] == '.') {
            while (used > 0 && clean[--used] != '/')
                ;
        } else if (n > 0 && !(n == 1 && path[0] == '.')) {
            clean[used++] = '/';
            memcpy(clean + used, path, n);
            used += n;
        }
        path += n;
        path += *path == '/';
    }
    clean[used] = '\0';
    return clean;
}

static bool is_in(const char *path, const char *dir)
{
    size_t n = strlen(dir);

    return oci_starts_with(path, dir) && (path[n] == '\0' || path[n] == '/');
}

/* Why a volume cannot be mounted there, or NULL. A file system of the image's over /proc or /sys would let it stand in
 * for the kernel's answers, which security modules rely on: runtimes refuse it. */
static const char *refusal(const char *destination)
{
    if (destination[0] == '\0')
        return "it is the root";
    if (is_in(destination, "/proc") || is_in(destination, "/sys"))
        return "it is in a file system of the kernel";
    return NULL;
}

static int add_volume(oci_volume_list *list, const char *key, const oci_events *events, oci_error *err)
{
    OCI_AUTO_MEM char *destination = NULL;
    const char *why;

    if (key[0] != '/') {
        oci_warn(events, "volume '%s' is left out: it is not absolute", key);
        return 0;
    }
    destination = clean_path(key);
    if (destination == NULL)
        return oci_fail_nomem(err);
    why = refusal(destination);
    if (why != NULL) {
        oci_warn(events, "volume '%s' is left out: %s", key, why);
        return 0;
    }
    if (!OCI_VEC_PUSH(list, (oci_volume) { .destination = destination }))
        return oci_fail_nomem(err);
    oci_steal(&destination);
    return 0;
}

static int by_destination(const void *a, const void *b)
{
    return strcmp(((const oci_volume *)a)->destination, ((const oci_volume *)b)->destination);
}

/* In the order of bytes a path comes after all of its parents. */
static void sort_and_number(oci_volume_list *list)
{
    size_t kept = 0;

    if (list->count == 0)
        return;
    qsort(list->items, list->count, sizeof *list->items, by_destination);
    for (size_t i = 1; i < list->count; i++) {
        if (by_destination(&list->items[kept], &list->items[i]) == 0)
            oci_free(list->items[i].destination);
        else
            list->items[++kept] = list->items[i];
    }
    list->count = kept + 1;
    for (size_t i = 0; i < list->count; i++)
        snprintf(list->items[i].source, sizeof list->items[i].source, OCI_VOLUMES_DIR "/%zu", i);
}

int oci_volume_list_new(const oci_config *c, const oci_events *events, oci_volume_list **out, oci_error *err)
{
    OCI_AUTO(oci_volume_list) list = oci_calloc(1, sizeof *list);

    if (list == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; i < c->volumes.count; i++) {
        int r = add_volume(list, c->volumes.items[i], events, err);

        if (r < 0)
            return r;
    }
    sort_and_number(list);
    *out = oci_steal(&list);
    return 0;
}

void oci_volume_list_free(oci_volume_list *list)
{
    if (list == NULL)
        return;
    for (size_t i = 0; i < list->count; i++)
        oci_free(list->items[i].destination);
    oci_free(list->items);
    oci_free(list);
}
