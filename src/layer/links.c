/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hard links. The target is a name like any other: resolved inside the root, not followed at its end. One that is not
 * there yet may still come later in the layer, so the link waits until the layer has ended.
 */
#include "applier.h"

#include <string.h>

#include "base/fail.h"
#include "base/vec.h"

/* Bytes of names that may wait. */
enum { MAX_LATE_BYTES = 64 * 1024 * 1024 };

struct target {
    int dirfd;
    const char *base;
    struct stat dir, st;
};

/* 1 found, 0 not there. */
static int find_target(oci_applier *a, const char *path, struct target *out, oci_error *err)
{
    int r;

    if (path == NULL || path[0] == '\0')
        return oci_fail(err, OCI_E_INVALID, "a hard link to the root cannot be");
    r = oci_root_open_parent(&a->root, path, NULL, &out->dirfd, &out->base, err);
    if (r == OCI_E_NOT_FOUND || r == OCI_E_INVALID)
        return 0;
    if (r < 0)
        return r;
    if (fstat(out->dirfd, &out->dir) < 0)
        return oci_fail_errno(err, "look at the directory above '%s'", out->base);
    r = oci_entry_stat(out->dirfd, out->base, &out->st, err);
    if (r > 0 && S_ISDIR(out->st.st_mode))
        return oci_fail(err, OCI_E_INVALID, "the hard link leads to '%s', which is a directory", path);
    return r;
}

static int fail_missing(const char *target, oci_error *err)
{
    return oci_fail(err, OCI_E_INVALID, "the hard link leads to '%s', which is not there", target);
}

static int link_to(oci_applier *a, oci_place *p, const struct target *target, const char *path, oci_error *err)
{
    int r;

    if (p->dir.st_dev == target->dir.st_dev && p->dir.st_ino == target->dir.st_ino &&
        strcmp(p->base, target->base) == 0)
        return oci_fail(err, OCI_E_INVALID, "the hard link leads to itself");
    r = oci_place_clear(a, p, err);
    if (r == 0)
        r = oci_entry_link(target->dirfd, target->base, p->dirfd, p->base, err);
    /* What was cleared away was a directory with the target in it. */
    if (r == OCI_E_NOT_FOUND)
        return fail_missing(path, err);
    return r < 0 ? r : oci_place_made(a, p, err);
}

/* ---- those that wait ---- */

/* Remembers the link, which has an empty place now. */
static int postpone(oci_applier *a, const char *name, const char *target, oci_error *err)
{
    OCI_AUTO_MEM char *name_copy = oci_strdup(name);
    OCI_AUTO_MEM char *target_copy = oci_strdup(target);
    size_t bytes = strlen(name) + strlen(target) + sizeof(oci_late_link);

    if (name_copy == NULL || target_copy == NULL)
        return oci_fail_nomem(err);
    if (bytes > MAX_LATE_BYTES - a->late.bytes)
        return oci_fail(err, OCI_E_LIMIT, "too many hard links come before their targets");
    if (!OCI_VEC_PUSH(&a->late, (oci_late_link) { name_copy, target_copy, false }))
        return oci_fail_nomem(err);
    name_copy = target_copy = NULL;
    a->late.bytes += bytes;
    if (oci_map_set(a->late.by_name, name, strlen(name), (void *)(uintptr_t)a->late.count) < 0)
        return oci_fail_nomem(err);
    return 0;
}

int oci_apply_link(oci_applier *a, const oci_tar_entry *e, oci_error *err)
{
    OCI_AUTO_PLACE oci_place place = OCI_PLACE_INIT;
    struct target target = { .dirfd = -1 };
    int r = find_target(a, e->link, &target, err), found = r;

    if (r >= 0)
        r = oci_place_find(a, e->name, &place, err);
    if (r == 0 && found > 0) {
        r = link_to(a, &place, &target, e->link, err);
    } else if (r == 0) {
        /* What is there goes now: a later entry of that name shall stay. */
        r = oci_place_clear(a, &place, err);
        if (r == 0)
            r = postpone(a, e->name, e->link, err);
        oci_made_forget(a->made, &place.dir, place.base);
    }
    oci_closep_(&target.dirfd);
    return r;
}

static int link_late(oci_applier *a, const oci_late_link *late, oci_error *err)
{
    OCI_AUTO_PLACE oci_place place = OCI_PLACE_INIT;
    struct target target = { .dirfd = -1 };
    int r = oci_place_find(a, late->name, &place, err);

    if (r == 0 && oci_made_get(a->made, &place.dir, place.base) != OCI_MADE_NOT)
        return 0; /* a later entry has taken the name */
    if (r == 0)
        r = find_target(a, late->target, &target, err);
    if (r == 0)
        r = fail_missing(late->target, err);
    else if (r > 0)
        r = link_to(a, &place, &target, late->target, err);
    oci_closep_(&target.dirfd);
    return r;
}

/* The index of the link that waits under that name, or of none: the count. */
static size_t find_late(const oci_applier *a, const char *name)
{
    void *value;

    return oci_map_get(a->late.by_name, name, strlen(name), &value) ? (uintptr_t)value - 1 : a->late.count;
}

/* Links can wait for links: the chain is followed to its end and made from there. stack has room for all of them. */
static int link_chain(oci_applier *a, size_t start, size_t *stack, oci_error *err)
{
    size_t n = 0;
    int r = 0;

    for (size_t at = start; at < a->late.count && !a->late.items[at].done;
         at = find_late(a, a->late.items[at].target)) {
        a->late.items[at].done = true;
        stack[n++] = at;
    }
    while (r == 0 && n > 0) {
        const oci_late_link *late = &a->late.items[stack[--n]];

        if (find_late(a, late->name) == stack[n])
            r = oci_wrap(err, link_late(a, late, err), "'%s'", late->name);
    }
    return r;
}

int oci_apply_late_links(oci_applier *a, oci_error *err)
{
    OCI_AUTO_MEM size_t *stack = NULL;
    int r = 0;

    if (a->late.count == 0)
        return 0;
    stack = oci_realloc_array(NULL, a->late.count, sizeof *stack);
    if (stack == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; r == 0 && i < a->late.count; i++)
        r = link_chain(a, i, stack, err);
    oci_apply_forget_late_links(a);
    return r;
}

void oci_apply_forget_late_links(oci_applier *a)
{
    for (size_t i = 0; i < a->late.count; i++) {
        oci_free(a->late.items[i].name);
        oci_free(a->late.items[i].target);
    }
    oci_free(a->late.items);
    a->late.items = NULL;
    a->late.count = a->late.cap = a->late.bytes = 0;
    if (a->late.by_name != NULL)
        oci_map_clear(a->late.by_name);
}
