/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Files that need not be written, because a later layer replaces or hides them. In place of each there is one more name
 * of a single empty file. So names and types are at every moment what they would be otherwise, and nothing that meets
 * them, be it a whiteout, a link, a path or an error, comes out differently; only contents and attributes are wanting.
 * That nobody wants them is foreseen from names (shadow.h) and proved in the end: the file has no name any more.
 */
#include "applier.h"

#include <string.h>

#include "base/fail.h"

enum { MODE = 0600 /* nobody is going to see it */ };

void oci_applier_foresee(oci_applier *a, const oci_shadow *shadow)
{
    a->stand_in.shadow = shadow;
}

static bool is_hidden(const oci_applier *a, const oci_place *p)
{
    return p->hidden > a->layer || oci_shadow_of(a->stand_in.shadow, p->path, strlen(p->path)) > a->layer;
}

/* What is left out is told with a number, which such files belong to. */
static bool leaves_nothing_out(const oci_left_out *out)
{
    return out->xattrs == 0 && out->owners == 0 && out->modes == 0 && out->times == 0;
}

bool oci_stand_in_will_do(const oci_applier *a, const oci_place *p, const oci_tar_entry *e)
{
    return a->stand_in.shadow != NULL && !a->stand_in.off && e->type == OCI_TAR_FILE && !e->sparse &&
           e->n_xattrs == 0 && a->ident.policy != OCI_OWNER_RECORD && leaves_nothing_out(&a->left_out) &&
           is_hidden(a, p);
}

/* ---- the file ---- */

static int unlink_open_file(int dirfd, bool *gone, oci_error *err)
{
    OCI_AUTO_FD int fd = -1;
    oci_names names = { 0 };
    struct stat st;
    int r = oci_entry_create_file(dirfd, "file", MODE, &fd, err);

    if (r == 0)
        r = oci_entry_remove(dirfd, "file", err);
    if (r == 0 && fstat(fd, &st) < 0)
        r = oci_fail_errno(err, "look at a file");
    if (r == 0)
        r = oci_dir_names(dirfd, false, &names, err);
    if (r == 0)
        *gone = st.st_nlink == 0 && names.count == 0;
    oci_names_free(&names);
    return r;
}

/* Whether a file that is open is gone when its last name is, as far as anybody can see: file systems of networks and of
 * programs give it another one, in the way of whoever removes the directory. Tried in a directory of that name, which
 * is free. */
static int names_are_counted(int dirfd, const char *name, oci_error *err)
{
    OCI_AUTO_FD int fd = -1;
    bool gone = false;
    int r = oci_entry_mkdir(dirfd, name, &fd, err);

    if (r == 0)
        r = unlink_open_file(fd, &gone, err);
    if (r == 0)
        r = oci_entry_remove(dirfd, name, err);
    return r < 0 ? r : gone;
}

/* The first name of a new file. That of before, if any, must have none. */
static int make(oci_stand_in *s, const oci_place *p, oci_error *err)
{
    int r = s->fd < 0 ? names_are_counted(p->dirfd, p->base, err) : 1;

    if (r > 0 && s->fd >= 0) {
        if (fstat(s->fd, &s->st) < 0)
            return oci_fail_errno(err, "look at a file");
        r = s->st.st_nlink == 0;
    }
    if (r <= 0)
        return r;
    oci_closep_(&s->fd);
    s->fd = -1;
    r = oci_entry_create_file(p->dirfd, p->base, MODE, &s->fd, err);
    if (r < 0)
        return r;
    return fstat(s->fd, &s->st) < 0 ? oci_fail_errno(err, "look at a file") : 1;
}

int oci_stand_in_put(oci_applier *a, oci_place *p, oci_error *err)
{
    oci_stand_in *s = &a->stand_in;
    int r = s->fd >= 0 ? oci_entry_link_fd(s->fd, p->dirfd, p->base, err) : 0;

    if (r != 0)
        return r;
    r = oci_place_clear(a, p, err);
    if (r == 0 && s->fd >= 0)
        r = oci_entry_link_fd(s->fd, p->dirfd, p->base, err);
    if (r == 0)
        r = make(s, p, err);
    s->off = r == 0;
    return r;
}

/* ---- being wrong ---- */

static int fail_missing(oci_applier *a, oci_error *err)
{
    a->stand_in.missing = true;
    return oci_fail(err, OCI_E_CONFLICT, "a file that was left out is needed");
}

int oci_stand_in_check_link(oci_applier *a, const oci_place *p, const struct stat *st, bool copy, oci_error *err)
{
    const oci_stand_in *s = &a->stand_in;

    /* A copy would count towards the ceiling. */
    if (s->fd < 0 || !oci_is_same_file(&s->st, st) || (!copy && is_hidden(a, p)))
        return 0;
    return fail_missing(a, err);
}

int oci_stand_in_finish(oci_applier *a, oci_error *err)
{
    oci_stand_in *s = &a->stand_in;

    if (s->fd < 0)
        return 0;
    if (fstat(s->fd, &s->st) < 0)
        return oci_fail_errno(err, "look at a file");
    return s->st.st_nlink > 0 ? fail_missing(a, err) : 0;
}
