/* SPDX-License-Identifier: Apache-2.0 */
#include "dirs.h"

#include <string.h>

#include "base/fail.h"
#include "base/table.h"
#include "base/vec.h"

struct oci_dirs {
    struct {
        oci_dir *items;
        size_t count, cap;
    } all;
    oci_table by_number; /* device and inode to the index plus one */
    uint32_t free;       /* a list of unused records, linked by next */
};

uint32_t oci_dirs_find(const oci_dirs *d, const struct stat *st)
{
    uint32_t found = oci_table_get(&d->by_number, oci_table_number_key(st->st_ino, st->st_dev));

    return found != 0 ? (uint32_t)(found - 1) : OCI_DIRS_NONE;
}

oci_dir *oci_dirs_at(oci_dirs *d, uint32_t ref)
{
    return &d->all.items[ref];
}

size_t oci_dirs_count(const oci_dirs *d)
{
    return d->by_number.count;
}

/* ---- the tree ---- */

static void attach(oci_dirs *d, uint32_t ref, uint32_t parent)
{
    oci_dir *dir = oci_dirs_at(d, ref), *above = oci_dirs_at(d, parent);

    dir->parent = parent;
    dir->prev = OCI_DIRS_NONE;
    dir->next = above->first;
    if (above->first != OCI_DIRS_NONE)
        oci_dirs_at(d, above->first)->prev = ref;
    above->first = ref;
}

static void detach(oci_dirs *d, uint32_t ref)
{
    oci_dir *dir = oci_dirs_at(d, ref);

    if (dir->prev != OCI_DIRS_NONE)
        oci_dirs_at(d, dir->prev)->next = dir->next;
    else
        oci_dirs_at(d, dir->parent)->first = dir->next;
    if (dir->next != OCI_DIRS_NONE)
        oci_dirs_at(d, dir->next)->prev = dir->prev;
}

static uint32_t deepest_first(oci_dirs *d, uint32_t ref)
{
    while (oci_dirs_at(d, ref)->first != OCI_DIRS_NONE)
        ref = oci_dirs_at(d, ref)->first;
    return ref;
}

/* Forgets a record that has nothing below it. */
static void forget(oci_dirs *d, uint32_t ref)
{
    oci_dir *dir = oci_dirs_at(d, ref);

    detach(d, ref);
    oci_table_remove(&d->by_number, oci_table_number_key(dir->ino, dir->dev));
    oci_free(dir->name);
    *dir = (oci_dir) { .next = d->free };
    d->free = ref;
}

void oci_dirs_drop(oci_dirs *d, uint32_t ref)
{
    uint32_t at;

    do {
        at = deepest_first(d, ref);
        forget(d, at);
    } while (at != ref);
}

/* ---- adding ---- */

static int add_record(oci_dirs *d, const struct stat *st, char *name, uint32_t *out, oci_error *err)
{
    oci_dir dir = {
        .dev = st->st_dev,
        .ino = st->st_ino,
        .name = name,
        .mtime = st->st_mtim.tv_sec,
        .mtime_nsec = (uint32_t)st->st_mtim.tv_nsec,
        .mode = st->st_mode & 07777,
        .inherited = true,
        .parent = OCI_DIRS_NONE,
        .first = OCI_DIRS_NONE,
        .prev = OCI_DIRS_NONE,
        .next = OCI_DIRS_NONE,
    };
    uint32_t ref = d->free != OCI_DIRS_NONE ? d->free : (uint32_t)d->all.count;

    if (ref == OCI_DIRS_NONE - 1)
        return oci_fail(err, OCI_E_LIMIT, "too many directories");
    if (ref == d->all.count && !OCI_VEC_PUSH(&d->all, (oci_dir) { .next = OCI_DIRS_NONE }))
        return oci_fail_nomem(err);
    if (oci_table_set(&d->by_number, oci_table_number_key(st->st_ino, st->st_dev), ref + 1) < 0) {
        /* An unused record at the end is as good as one in the list. */
        if (d->free == OCI_DIRS_NONE)
            d->all.count--;
        return oci_fail_nomem(err);
    }
    if (d->free != OCI_DIRS_NONE)
        d->free = oci_dirs_at(d, ref)->next;
    *oci_dirs_at(d, ref) = dir;
    *out = ref;
    return 0;
}

int oci_dirs_add(oci_dirs *d, uint32_t parent, const char *name, const struct stat *st, uint32_t *out, oci_error *err)
{
    uint32_t old = oci_dirs_find(d, st), ref = OCI_DIRS_NONE;
    OCI_AUTO_MEM char *copy = oci_strdup(name);
    int r;

    if (copy == NULL)
        return oci_fail_nomem(err);
    if (old == OCI_DIRS_ROOT)
        return oci_fail(err, OCI_E_UNSAFE, "'%s' is the root itself", name);
    if (old != OCI_DIRS_NONE)
        oci_dirs_drop(d, old);
    r = add_record(d, st, copy, &ref, err);
    if (r < 0)
        return r;
    copy = NULL;
    attach(d, ref, parent);
    *out = ref;
    return 0;
}

int oci_dirs_new(const struct stat *root, oci_dirs **out, oci_error *err)
{
    OCI_AUTO(oci_dirs) d = oci_calloc(1, sizeof *d);
    uint32_t ref = OCI_DIRS_NONE;
    int r;

    if (d == NULL)
        return oci_fail_nomem(err);
    d->free = OCI_DIRS_NONE;
    oci_table_init(&d->by_number);
    r = add_record(d, root, NULL, &ref, err);
    if (r < 0)
        return r;
    *out = oci_steal(&d);
    return 0;
}

void oci_dirs_free(oci_dirs *d)
{
    if (d == NULL)
        return;
    for (size_t i = 0; i < d->all.count; i++)
        oci_free(d->all.items[i].name);
    oci_free(d->all.items);
    oci_table_free(&d->by_number);
    oci_free(d);
}

/* ---- hiding ---- */

/* What becomes of a directory whose subdirectories have been judged. */
static void judge(oci_dirs *d, uint32_t ref, uint32_t layer)
{
    oci_dir *dir = oci_dirs_at(d, ref);

    if (dir->made != layer && dir->used != layer && dir->first == OCI_DIRS_NONE) {
        forget(d, ref);
        return;
    }
    dir->hid = layer;
    if (dir->made != layer) {
        dir->reset = true;
        dir->set_mode = false;
        dir->settle = true;
        dir->mtime = 0;
        dir->mtime_nsec = 0;
        dir->made = layer;
    }
}

void oci_dirs_hide(oci_dirs *d, uint32_t ref, uint32_t layer, bool only_below)
{
    uint32_t at = deepest_first(d, ref);

    while (at != ref) {
        uint32_t next = oci_dirs_at(d, at)->next, parent = oci_dirs_at(d, at)->parent;

        judge(d, at, layer);
        at = next != OCI_DIRS_NONE ? deepest_first(d, next) : parent;
    }
    if (!only_below && ref != OCI_DIRS_ROOT)
        judge(d, ref, layer);
    else
        oci_dirs_at(d, ref)->hid = layer;
}
