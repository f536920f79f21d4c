/* SPDX-License-Identifier: Apache-2.0 */
/* Where an entry goes, and the records of the directories on the way there. */
#include "applier.h"

#include <string.h>

#include "base/fail.h"
#include "base/vec.h"
#include "plan.h"

/* ---- which directory is this? ---- */

/* A directory on the way up to one that has a record. */
struct step {
    struct stat st;
    char name[OCI_TAR_NAME_MAX + 1];
};

struct climb {
    struct step *items;
    size_t count, cap;
};

/* Whether name in dirfd is the directory st. */
static int is_named(int dirfd, const char *name, const struct stat *st, oci_error *err)
{
    struct stat found;
    int r = oci_entry_stat(dirfd, name, &found, err);

    return r <= 0 ? r : oci_is_same_file(&found, st);
}

/* Cuts the last component off path and copies it; empty when there is none that can be a name. */
static void take_component(oci_span *path, char out[OCI_TAR_NAME_MAX + 1])
{
    const char *text = path->data;
    size_t end = path->len, start;

    for (start = end; start > 0 && text[start - 1] != '/'; start--)
        ;
    path->len = start > 0 ? start - 1 : 0;
    out[0] = '\0';
    if (end == start || end - start > OCI_TAR_NAME_MAX)
        return;
    memcpy(out, text + start, end - start);
    out[end - start] = '\0';
}

/* Finds the name under which up has the directory st. guess comes from the path and is right unless that led through a
 * symbolic link. */
static int find_name(int up, const struct stat *st, struct step *step, oci_error *err)
{
    oci_names names = { 0 };
    int r = step->name[0] != '\0' ? is_named(up, step->name, st, err) : 0;

    if (r != 0)
        return r < 0 ? r : 0;
    r = oci_dir_names(up, false, &names, err);
    for (size_t i = 0; r == 0 && i < names.count; i++) {
        if (strlen(names.items[i].text) > OCI_TAR_NAME_MAX)
            continue;
        r = is_named(up, names.items[i].text, st, err);
        if (r > 0)
            memcpy(step->name, names.items[i].text, strlen(names.items[i].text) + 1);
    }
    oci_names_free(&names);
    if (r == 0)
        return oci_fail(err, OCI_E_CONFLICT, "a directory has no name above it");
    return r < 0 ? r : 0;
}

/* Goes up from the directory fd until one has a record, noting what was passed. */
static int climb(oci_applier *a, int fd, oci_span path, const struct stat *st, struct climb *way, uint32_t *ref,
                 oci_error *err)
{
    struct stat at = *st, above;
    OCI_AUTO_FD int held = -1;

    while ((*ref = oci_dirs_find(a->dirs, &at)) == OCI_DIRS_NONE) {
        struct step step = { .st = at };
        int up = -1, r = oci_dir_open_up(held >= 0 ? held : fd, &up, err);

        if (r < 0)
            return r;
        oci_closep_(&held);
        held = up;
        if (fstat(up, &above) < 0)
            return oci_fail_errno(err, "look at a directory");
        if (oci_is_same_file(&above, &at))
            return oci_fail(err, OCI_E_UNSAFE, "a directory is not below the root");
        take_component(&path, step.name);
        r = find_name(up, &at, &step, err);
        if (r < 0)
            return r;
        if (!OCI_VEC_PUSH(way, step))
            return oci_fail_nomem(err);
        at = above;
    }
    return 0;
}

static int learn(oci_applier *a, int fd, oci_span path, const struct stat *st, uint32_t *ref, oci_error *err)
{
    struct climb way = { 0 };
    int r = climb(a, fd, path, st, &way, ref, err);

    while (r == 0 && way.count > 0) {
        const struct step *step = &way.items[--way.count];

        r = oci_dirs_add(a->dirs, *ref, step->name, &step->st, ref, err);
    }
    oci_free(way.items);
    return r;
}

int oci_place_touch(oci_applier *a, int fd, oci_span path, const struct stat *st, uint32_t *ref, oci_error *err)
{
    int r = learn(a, fd, path, st, ref, err);

    if (r == 0)
        oci_dirs_at(a->dirs, *ref)->settle = true;
    return r;
}

/* Whether the layer that is being applied has made the directory of this record, and with it all there is in it. */
static bool is_own(const oci_applier *a, uint32_t ref)
{
    return ref != OCI_DIRS_NONE && oci_dirs_at(a->dirs, ref)->born == a->layer;
}

/* ---- directories that are missing ---- */

/* Before a directory is made in dirfd: the time that dirfd has now is the one it keeps. */
static int before_parent(void *ctx, int dirfd, oci_error *err)
{
    struct stat st;
    uint32_t ref;

    if (fstat(dirfd, &st) < 0)
        return oci_fail_errno(err, "look at a directory");
    return oci_place_touch(ctx, dirfd, (oci_span) { 0 }, &st, &ref, err);
}

static int after_parent(void *ctx, int dirfd, const char *base, int fd, oci_error *err)
{
    oci_applier *a = ctx;
    struct stat above, st;
    uint32_t parent, ref;
    oci_dir *dir;
    int r;

    /* The names of entries have been looked at; this one may come from a symbolic link that leads nowhere. */
    if (oci_whiteout_of(base, strlen(base)) != OCI_WHITEOUT_NONE)
        return oci_fail(err, OCI_E_INVALID, "a symbolic link leads to '%s', which is the name of a whiteout", base);
    if (fstat(dirfd, &above) < 0 || fstat(fd, &st) < 0)
        return oci_fail_errno(err, "look at the directory '%s'", base);
    st.st_mtim = (struct timespec) { 0 };
    parent = oci_dirs_find(a->dirs, &above);
    if (parent == OCI_DIRS_NONE)
        return oci_fail(err, OCI_E_INTERNAL, "the directory above '%s' is not known", base);
    r = oci_dirs_add(a->dirs, parent, base, &st, &ref, err);
    if (r < 0)
        return r;
    dir = oci_dirs_at(a->dirs, ref);
    dir->born = dir->made = a->layer;
    dir->implied = true;
    dir->settle = true;
    dir->inherited = false;
    oci_dirs_at(a->dirs, parent)->used = a->layer;
    r = oci_apply_count(a, err);
    if (r == 0)
        r = oci_meta_default_dir(a, fd, err);
    if (r == 0)
        r = oci_facts_other(a->facts, &st, base, err);
    if (r < 0 || is_own(a, parent))
        return r;
    return oci_made_set(&a->made, &above, base, OCI_MADE_PARENT, NULL, err);
}

/* ---- places ---- */

static int open_parent(oci_applier *a, const char *path, oci_span parent, oci_error *err)
{
    const oci_make_parents make = { .ctx = a, .before = before_parent, .made = after_parent };
    oci_parent *p = &a->parent;
    const char *base;
    int r;

    oci_place_forget(a);
    oci_closep_(&p->fd);
    p->fd = -1;
    r = oci_root_open_parent(&a->root, path, &make, &p->fd, &base, err);
    if (r < 0)
        return r;
    if (fstat(p->fd, &p->st) < 0)
        return oci_fail_errno(err, "look at the directory above '%s'", base);
    r = oci_place_touch(a, p->fd, parent, &p->st, &p->ref, err);
    p->path.len = 0;
    if (r == 0)
        r = oci_buf_append(&p->path, parent.data, parent.len, err);
    if (a->stand_in.shadow != NULL)
        p->hidden = oci_shadow_below(a->stand_in.shadow, parent.data, parent.len);
    p->valid = r == 0;
    return r;
}

/* The path of the directory above and, behind it, the name there. */
static oci_span split(const char *path, const char **base)
{
    const char *slash = strrchr(path, '/');

    *base = slash != NULL ? slash + 1 : path;
    return (oci_span) { path, slash != NULL ? (size_t)(slash - path) : 0 };
}

static bool is_parent(const oci_parent *p, oci_span path)
{
    return p->valid && p->path.len == path.len && memcmp(p->path.data, path.data, path.len) == 0;
}

bool oci_place_is_at_hand(const oci_applier *a, const char *path, const char **base)
{
    return is_parent(&a->parent, split(path, base));
}

int oci_place_find(oci_applier *a, const char *path, oci_place *out, oci_error *err)
{
    const char *base;
    const oci_span parent = split(path, &base);
    int r = is_parent(&a->parent, parent) ? 0 : open_parent(a, path, parent, err);

    if (r < 0)
        return r;
    *out = (oci_place) {
        .dirfd = a->parent.fd,
        .path = path,
        .base = base,
        .dir = a->parent.st,
        .ref = a->parent.ref,
        .hidden = a->parent.hidden,
    };
    return 0;
}

int oci_place_look(oci_place *p, oci_error *err)
{
    int r;

    if (p->looked)
        return 0;
    r = oci_entry_stat(p->dirfd, p->base, &p->st, err);
    if (r < 0)
        return r;
    p->looked = true;
    p->there = r > 0;
    return 0;
}

/* The descriptor stays for whoever is at that place. */
void oci_place_forget(oci_applier *a)
{
    a->parent.valid = false;
}

void oci_place_meet(oci_applier *a, oci_place *p, uint32_t ref)
{
    if (is_own(a, p->ref) && (ref == OCI_DIRS_NONE || !oci_dirs_at(a->dirs, ref)->implied))
        p->again = true;
}

int oci_place_clear(oci_applier *a, oci_place *p, oci_error *err)
{
    uint32_t ref;
    int r = oci_place_look(p, err);

    if (r < 0 || !p->there)
        return r;
    oci_place_forget(a);
    r = oci_entry_remove(p->dirfd, p->base, err);
    if (r < 0)
        return r;
    ref = S_ISDIR(p->st.st_mode) ? oci_dirs_find(a->dirs, &p->st) : OCI_DIRS_NONE;
    oci_place_meet(a, p, ref);
    if (ref != OCI_DIRS_NONE)
        oci_dirs_drop(a->dirs, ref);
    p->there = false;
    return 0;
}

int oci_place_made(oci_applier *a, const oci_place *p, oci_error *err)
{
    oci_made_kind before = p->again ? OCI_MADE_BY_ENTRY : OCI_MADE_NOT;
    int r = is_own(a, p->ref) ? 0 : oci_made_set(&a->made, &p->dir, p->base, OCI_MADE_BY_ENTRY, &before, err);

    if (r < 0)
        return r;
    oci_dirs_at(a->dirs, p->ref)->used = a->layer;
    if (before == OCI_MADE_BY_ENTRY)
        a->left_out.duplicates++;
    return 0;
}

bool oci_place_is_made(const oci_applier *a, const struct stat *dir, const char *name)
{
    return is_own(a, oci_dirs_find(a->dirs, dir)) || oci_made_get(&a->made, dir, name) != OCI_MADE_NOT;
}
