/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What directories get in the end, when nothing more changes in them. The records are walked like the tree they stand
 * for, the deepest first, with one descriptor: down by name without following, up by "..". A directory that is not the
 * one that was recorded is none of ours.
 */
#include "applier.h"

#include <errno.h>
#include <fcntl.h>

#include "base/event.h"
#include "base/fail.h"

struct settling {
    oci_applier *a;
    int fd; /* the directory of the record the walk is at; owned unless it is the root */
    uint32_t at;
};

static void leave(struct settling *s)
{
    if (s->fd != s->a->root.fd)
        oci_closep_(&s->fd);
    s->fd = s->a->root.fd;
}

static bool is_dir(const struct stat *st, const oci_dir *dir)
{
    return st->st_dev == dir->dev && st->st_ino == dir->ino;
}

/* Goes down to the record ref. 1, or 0 when the directory is gone. */
static int enter(struct settling *s, uint32_t ref, oci_error *err)
{
    const oci_dir *dir = oci_dirs_at(s->a->dirs, ref);
    OCI_AUTO_FD int fd = -1;
    struct stat st;
    int r = oci_entry_stat(s->fd, dir->name, &st, err);

    if (r <= 0 || !S_ISDIR(st.st_mode) || !is_dir(&st, dir))
        return r < 0 ? r : 0;
    r = oci_entry_open_dir(s->fd, dir->name, &fd, err);
    if (r < 0)
        return r;
    if (fstat(fd, &st) < 0)
        return oci_fail_errno(err, "look at the directory '%s'", dir->name);
    if (!is_dir(&st, dir))
        return oci_fail(err, OCI_E_CONFLICT, "the directory '%s' was replaced", dir->name);
    leave(s);
    s->fd = oci_steal_fd(&fd);
    s->at = ref;
    return 1;
}

static int settle(oci_applier *a, int fd, const oci_dir *dir, oci_error *err)
{
    if (dir->reset) {
        int r = oci_meta_default_dir(a, fd, err);

        if (r < 0)
            return r;
    }
    if (dir->set_mode && fchmod(fd, dir->mode) < 0) {
        if (!oci_means_unsupported(errno))
            return oci_fail_errno(err, "set the mode of a directory");
        a->left_out.modes++;
    }
    return dir->settle ? oci_meta_time(a, fd, dir->mtime, dir->mtime_nsec, err) : 0;
}

/* Settles the directory the walk is at and goes up. The way up is opened first: without its mode it may be barred. */
static int go_up(struct settling *s, oci_error *err)
{
    const oci_dir *dir = oci_dirs_at(s->a->dirs, s->at), *above = oci_dirs_at(s->a->dirs, dir->parent);
    OCI_AUTO_FD int up = -1;
    struct stat st;
    int r = oci_dir_open_up(s->fd, &up, err);

    if (r < 0)
        return r;
    if (fstat(up, &st) < 0)
        return oci_fail_errno(err, "look at the directory above '%s'", dir->name);
    if (!is_dir(&st, above))
        return oci_fail(err, OCI_E_CONFLICT, "the directory '%s' was moved", dir->name);
    r = oci_wrap(err, settle(s->a, s->fd, dir, err), "'%s'", dir->name);
    if (r < 0)
        return r;
    leave(s);
    if (dir->parent != OCI_DIRS_ROOT)
        s->fd = oci_steal_fd(&up);
    s->at = dir->parent;
    return 0;
}

/* Goes down to the first of the records from ref on that is still there; 0 when there is none. */
static int enter_next(struct settling *s, uint32_t ref, oci_error *err)
{
    int r = 0;

    for (; r == 0 && ref != OCI_DIRS_NONE; ref = oci_dirs_at(s->a->dirs, ref)->next) {
        r = oci_check_cancelled(s->a->events, err);
        if (r == 0)
            r = enter(s, ref, err);
    }
    return r;
}

int oci_settle_dirs(oci_applier *a, oci_error *err)
{
    struct settling s = { .a = a, .fd = a->root.fd, .at = OCI_DIRS_ROOT };
    uint32_t next = oci_dirs_at(a->dirs, OCI_DIRS_ROOT)->first;
    int r;

    for (;;) {
        r = enter_next(&s, next, err);
        if (r > 0) {
            next = oci_dirs_at(a->dirs, s.at)->first;
            continue;
        }
        if (r < 0 || s.at == OCI_DIRS_ROOT)
            break;
        next = oci_dirs_at(a->dirs, s.at)->next;
        r = go_up(&s, err);
        if (r < 0)
            break;
    }
    leave(&s);
    return r < 0 ? r : settle(a, a->root.fd, oci_dirs_at(a->dirs, OCI_DIRS_ROOT), err);
}
