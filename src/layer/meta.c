/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owners, modes, extended attributes and times, in this order: a change of owner clears set-id bits and capabilities,
 * and everything changes times. By descriptor where there can be one, otherwise by (dirfd, base) without following.
 */
#include "applier.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "base/fail.h"
#include "plan.h"

/* What the attributes are set on. */
struct subject {
    int fd; /* -1: an entry that cannot be opened */
    int dirfd;
    const char *base;
};

/* ---- owners ---- */

/* 1 when the owner is the one of the policy, 0 when that is somebody in its place or cannot be set. */
static int set_owner(oci_applier *a, const struct subject *s, uint32_t uid, uint32_t gid, oci_error *err)
{
    oci_error why = OCI_ERROR_INIT;
    oci_owner host;
    int r = oci_ident_owner(&a->ident, uid, gid, &host, err);

    if (r < 0 || !host.chown)
        return r < 0 ? r : !host.other;
    if (s->fd < 0)
        r = oci_entry_chown(s->dirfd, s->base, host.uid, host.gid, &why);
    else if (fchown(s->fd, host.uid, host.gid) < 0)
        r = oci_fail_errno(&why, "give it to %u:%u", host.uid, host.gid);
    if (r == 0)
        return !host.other;
    if (!oci_means_unsupported(why.sys_errno)) {
        if (err != NULL)
            *err = why;
        return r;
    }
    a->left_out.owners++;
    return 0;
}

/* ---- extended attributes ---- */

static bool travels(const oci_applier *a, const char *name)
{
    return !a->options.no_xattrs && oci_xattr_travels(name);
}

static int set_xattr(oci_applier *a, const struct subject *s, const char *name, const void *value, size_t n,
                     oci_error *err)
{
    int r = s->fd >= 0 ? oci_fd_set_xattr(s->fd, name, value, n, err)
                       : oci_entry_set_xattr(s->dirfd, s->base, name, value, n, err);

    if (r == 0)
        a->left_out.xattrs++;
    return r <= 0 ? r : oci_facts_xattr(a->facts, name, value, n, err);
}

/* Under OCI_OWNER_RECORD: the owner in the image. Symbolic links cannot have such attributes. */
static int record_owner(oci_applier *a, const struct subject *s, const oci_tar_entry *e, oci_error *err)
{
    unsigned char record[OCI_IDENT_RECORD_MAX];
    size_t n = oci_ident_record(e->uid, e->gid, record);

    if (a->ident.policy != OCI_OWNER_RECORD || a->options.no_xattrs || e->type == OCI_TAR_SYMLINK || n == 0)
        return 0;
    return set_xattr(a, s, OCI_IDENT_ATTRIBUTE, record, n, err);
}

static int set_xattrs(oci_applier *a, const struct subject *s, const oci_tar_entry *e, oci_error *err)
{
    int r = 0;

    for (size_t i = 0; r == 0 && i < e->n_xattrs; i++)
        if (travels(a, e->xattrs[i].name))
            r = set_xattr(a, s, e->xattrs[i].name, e->xattrs[i].value.data, e->xattrs[i].value.len, err);
    return r < 0 ? r : record_owner(a, s, e, err);
}

/* Removes the attributes that the entry does not have: those the directory had before, or what a new file got from a
 * default access control list of the directory above. */
static int clear_xattrs(const oci_applier *a, int fd, const oci_tar_entry *e, oci_error *err)
{
    OCI_AUTO_MEM const char **kept = oci_realloc_array(NULL, e->n_xattrs, sizeof *kept);
    size_t n = 0;

    if (kept == NULL)
        return oci_fail_nomem(err);
    for (size_t i = 0; i < e->n_xattrs; i++)
        if (travels(a, e->xattrs[i].name))
            kept[n++] = e->xattrs[i].name;
    return oci_fd_clear_xattrs(fd, kept, n, err);
}

/* ---- modes ---- */

/* Without the owner it was meant for, a set-id program would run as somebody else. */
static mode_t mode_for(uint32_t mode, bool owned)
{
    return owned ? mode : mode & ~(mode_t)(S_ISUID | S_ISGID);
}

static int set_mode(oci_applier *a, const struct subject *s, mode_t mode, oci_error *err)
{
    oci_error why = OCI_ERROR_INIT;
    int r = 0;

    if (s->fd >= 0 && fchmod(s->fd, mode) < 0)
        r = oci_fail_errno(&why, "set the mode %04o", (unsigned)mode);
    else if (s->fd < 0)
        r = oci_entry_chmod(s->dirfd, s->base, mode, &why);
    if (r < 0 && !oci_means_unsupported(why.sys_errno)) {
        if (err != NULL)
            *err = why;
        return r;
    }
    a->left_out.modes += r < 0;
    return 0;
}

/* ---- times ---- */

int oci_meta_time(oci_applier *a, int fd, int64_t sec, uint32_t nsec, oci_error *err)
{
    const struct timespec time = { .tv_sec = (time_t)sec, .tv_nsec = nsec };
    const struct timespec times[2] = { time, time };

    if (futimens(fd, times) == 0)
        return 0;
    if (!oci_means_unsupported(errno))
        return oci_fail_errno(err, "set the time");
    a->left_out.times++;
    return 0;
}

static int set_entry_time(oci_applier *a, int dirfd, const char *base, const oci_tar_entry *e, oci_error *err)
{
    oci_error why = OCI_ERROR_INIT;
    int r = oci_entry_set_mtime(dirfd, base, e->mtime, e->mtime_nsec, &why);

    if (r < 0 && !oci_means_unsupported(why.sys_errno)) {
        if (err != NULL)
            *err = why;
        return r;
    }
    a->left_out.times += r < 0;
    return 0;
}

/* ---- all together ---- */

int oci_meta_file(oci_applier *a, int fd, const oci_tar_entry *e, oci_error *err)
{
    const struct subject s = { .fd = fd };
    int r = set_owner(a, &s, e->uid, e->gid, err);

    if (r >= 0)
        r = set_mode(a, &s, mode_for(e->mode, r > 0), err);
    if (r == 0)
        r = clear_xattrs(a, fd, e, err);
    if (r == 0)
        r = set_xattrs(a, &s, e, err);
    return r < 0 ? r : oci_meta_time(a, fd, e->mtime, e->mtime_nsec, err);
}

int oci_meta_dir(oci_applier *a, int fd, oci_dir *dir, const oci_tar_entry *e, oci_error *err)
{
    const struct subject s = { .fd = fd };
    int r = set_owner(a, &s, e->uid, e->gid, err);

    dir->mode = e->mode;
    dir->set_mode = (e->mode & 0700) != 0700;
    if (r >= 0)
        r = set_mode(a, &s, e->mode | 0700, err);
    if (r == 0)
        r = clear_xattrs(a, fd, e, err);
    return r < 0 ? r : set_xattrs(a, &s, e, err);
}

int oci_meta_default_dir(oci_applier *a, int fd, oci_error *err)
{
    const struct subject s = { .fd = fd };
    int r = set_owner(a, &s, 0, 0, err);

    if (r >= 0)
        r = set_mode(a, &s, 0755, err);
    return r < 0 ? r : oci_fd_clear_xattrs(fd, NULL, 0, err);
}

int oci_meta_node(oci_applier *a, int dirfd, const char *base, const oci_tar_entry *e, oci_error *err)
{
    const struct subject s = { -1, dirfd, base };
    int r = set_owner(a, &s, e->uid, e->gid, err);

    if (r >= 0)
        r = e->type != OCI_TAR_SYMLINK ? set_mode(a, &s, mode_for(e->mode, r > 0), err) : 0;
    if (r == 0)
        r = set_xattrs(a, &s, e, err);
    return r < 0 ? r : set_entry_time(a, dirfd, base, e, err);
}
