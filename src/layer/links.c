/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Hard links. The target is a name like any other: resolved inside the root, not followed at its end. One that is not
 * there yet may still come later in the layer, so the link waits until the layer has ended.
 */
#include "applier.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "base/fail.h"

struct target {
    int dirfd;
    const char *base;
    struct stat dir, st;
};

/* The directory above the target. Many links of a file often stand together, in the directory that entries go to. */
static int open_dir(oci_applier *a, const char *path, struct target *out, oci_error *err)
{
    int r;

    if (oci_place_is_at_hand(a, path, &out->base)) {
        out->dir = a->parent.st;
        out->dirfd = fcntl(a->parent.fd, F_DUPFD_CLOEXEC, 0);
        return out->dirfd >= 0 ? 0 : oci_fail_errno(err, "duplicate a descriptor");
    }
    r = oci_root_open_parent(&a->root, path, NULL, &out->dirfd, &out->base, err);
    if (r == 0 && fstat(out->dirfd, &out->dir) < 0)
        return oci_fail_errno(err, "look at the directory above '%s'", out->base);
    return r;
}

/* 1 found, 0 not there. */
static int find_target(oci_applier *a, const char *path, struct target *out, oci_error *err)
{
    int r;

    if (path == NULL || path[0] == '\0')
        return oci_fail(err, OCI_E_INVALID, "a hard link to the root cannot be");
    r = open_dir(a, path, out, err);
    if (r == OCI_E_NOT_FOUND || r == OCI_E_INVALID)
        return 0;
    if (r < 0)
        return r;
    r = oci_entry_stat(out->dirfd, out->base, &out->st, err);
    if (r > 0 && S_ISDIR(out->st.st_mode))
        return oci_fail(err, OCI_E_INVALID, "the hard link leads to '%s', which is a directory", path);
    return r;
}

static int fail_missing(const char *target, oci_error *err)
{
    return oci_fail(err, OCI_E_INVALID, "the hard link leads to '%s', which is not there", target);
}

/* The file at target once more, for file systems that have no hard links. The two will not change together, which no
 * layer ever asks for. */
static int copy(oci_applier *a, const oci_place *p, const struct target *target, oci_error *err)
{
    uint64_t left = a->limits.max_size - a->bytes, before = left;
    const oci_copy_options o = { .events = a->events, .budget = &left };
    int r = oci_stand_in_check_link(a, p, &target->st, true, err);

    if (r < 0)
        return r;
    r = oci_entry_copy(target->dirfd, target->base, p->dirfd, p->base, &o, err);
    a->bytes += before - left;
    a->stats.bytes += before - left;
    a->left_out.links += r == 0;
    return r < 0 ? r : oci_facts_again(a->facts, &target->st, p->dirfd, p->base, err);
}

static int link_or_copy(oci_applier *a, const oci_place *p, const struct target *target, oci_error *err)
{
    oci_error why = OCI_ERROR_INIT;
    int r = oci_entry_link(target->dirfd, target->base, p->dirfd, p->base, &why);

    if (r < 0 && (oci_means_unsupported(why.sys_errno) || why.sys_errno == EMLINK))
        return copy(a, p, target, err);
    if (r < 0 && err != NULL)
        *err = why;
    if (r == 0)
        oci_facts_linked(a->facts, &target->st);
    return r;
}

static int link_to(oci_applier *a, oci_place *p, const struct target *target, const char *path, oci_error *err)
{
    int r;

    if (oci_is_same_file(&p->dir, &target->dir) && strcmp(p->base, target->base) == 0)
        return oci_fail(err, OCI_E_INVALID, "the hard link leads to itself");
    r = oci_stand_in_check_link(a, p, &target->st, false, err);
    if (r < 0)
        return r;
    r = link_or_copy(a, p, target, err);
    if (r == OCI_E_EXISTS) {
        r = oci_place_clear(a, p, err);
        if (r == 0)
            r = link_or_copy(a, p, target, err);
    }
    /* What was cleared away was a directory with the target in it. */
    if (r == OCI_E_NOT_FOUND)
        return fail_missing(path, err);
    return r < 0 ? r : oci_place_made(a, p, err);
}

int oci_apply_link(oci_applier *a, const oci_tar_entry *e, oci_error *err)
{
    oci_place place;
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
            r = oci_late_add(&a->late, e->name, e->link, err);
        oci_made_forget(&a->made, &place.dir, place.base);
    }
    oci_closep_(&target.dirfd);
    return r;
}

/* ---- those that wait ---- */

static int link_late(void *ctx, const oci_late_link *late, oci_error *err)
{
    oci_applier *a = ctx;
    oci_place place;
    struct target target = { .dirfd = -1 };
    int r = oci_place_find(a, late->name, &place, err);

    if (r == 0 && oci_place_is_made(a, &place.dir, place.base)) {
        r = oci_place_look(&place, err);
        if (r == 0 && place.there)
            return 0; /* a later entry has taken the name */
    }
    if (r == 0)
        r = find_target(a, late->target, &target, err);
    if (r == 0)
        r = fail_missing(late->target, err);
    else if (r > 0)
        r = link_to(a, &place, &target, late->target, err);
    oci_closep_(&target.dirfd);
    return r;
}

int oci_apply_late_links(oci_applier *a, oci_error *err)
{
    return oci_late_make(&a->late, link_late, a, err);
}
