/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Owners, modes, extended attributes and times, in this order: a change of owner clears set-id bits and capabilities,
 * and everything changes times. By descriptor where there can be one, otherwise by (dirfd, base) without following.
 *
 * Every call counts when there are hundreds of thousands of files, and nearly all are made with the right owner and
 * mode. So what a new thing must have is assumed, only what differs is set, and in the end it is looked at: where the
 * assumption was wrong (set-gid directories, access control lists, odd file systems), the rest is set then.
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

static int look(const struct subject *s, struct stat *st, oci_error *err)
{
    int r;

    if (s->fd >= 0)
        return fstat(s->fd, st) < 0 ? oci_fail_errno(err, "look at what was made") : 0;
    r = oci_entry_stat(s->dirfd, s->base, st, err);
    return r == 0 ? oci_fail(err, OCI_E_CONFLICT, "it is gone") : r < 0 ? r : 0;
}

/* ---- owners ---- */

/* 1 when the owner is the one of the policy, 0 when that is somebody in its place or cannot be set. st is what the
 * subject has, and has afterwards. */
static int set_owner(oci_applier *a, const struct subject *s, uint32_t uid, uint32_t gid, struct stat *st,
                     oci_error *err)
{
    oci_error why = OCI_ERROR_INIT;
    oci_owner host;
    int r = oci_ident_owner(&a->ident, uid, gid, &host, err);

    if (r < 0 || !host.chown || (st->st_uid == host.uid && st->st_gid == host.gid))
        return r < 0 ? r : !host.other;
    if (s->fd < 0)
        r = oci_entry_chown(s->dirfd, s->base, host.uid, host.gid, &why);
    else if (fchown(s->fd, host.uid, host.gid) < 0)
        r = oci_fail_errno(&why, "give it to %u:%u", host.uid, host.gid);
    if (r == 0) {
        st->st_uid = host.uid;
        st->st_gid = host.gid;
        if (!S_ISDIR(st->st_mode))
            st->st_mode &= ~(mode_t)(S_ISUID | S_ISGID);
        return !host.other;
    }
    if (!oci_means_unsupported(why.sys_errno))
        return oci_fail_as(err, &why);
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

/* st is what the subject has, and has afterwards. */
static int set_mode(oci_applier *a, const struct subject *s, mode_t mode, struct stat *st, oci_error *err)
{
    oci_error why = OCI_ERROR_INIT;
    int r = 0;

    if ((st->st_mode & 07777) == mode)
        return 0;
    if (s->fd >= 0 && fchmod(s->fd, mode) < 0)
        r = oci_fail_errno(&why, "set the mode %04o", (unsigned)mode);
    else if (s->fd < 0)
        r = oci_entry_chmod(s->dirfd, s->base, mode, &why);
    if (r < 0 && !oci_means_unsupported(why.sys_errno))
        return oci_fail_as(err, &why);
    if (r == 0)
        st->st_mode = (st->st_mode & S_IFMT) | mode;
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

    if (r < 0 && !oci_means_unsupported(why.sys_errno))
        return oci_fail_as(err, &why);
    a->left_out.times += r < 0;
    return 0;
}

/* ---- all together ---- */

static int set_owner_and_mode(oci_applier *a, const struct subject *s, const oci_tar_entry *e, struct stat *st,
                              oci_error *err)
{
    int r = set_owner(a, s, e->uid, e->gid, st, err);

    if (r < 0 || e->type == OCI_TAR_SYMLINK)
        return r < 0 ? r : 0;
    return set_mode(a, s, mode_for(e->mode, r > 0), st, err);
}

/* What a new thing has that was made with that mode. */
static struct stat assume(const oci_applier *a, mode_t mode)
{
    return (struct stat) { .st_mode = mode & a->umask, .st_uid = a->ident.uid, .st_gid = a->ident.gid };
}

/* Looks at what was made of an entry without attributes; what is not as it was assumed to be is set again. With them a
 * mode that differs may be one that they have set themselves, as access control lists do. */
static int finish(oci_applier *a, const struct subject *s, const oci_tar_entry *e, const oci_left_out *before,
                  struct stat *st, oci_error *err)
{
    const struct stat assumed = *st;
    int r = look(s, st, err);

    if (r < 0 || (st->st_uid == assumed.st_uid && st->st_gid == assumed.st_gid &&
                  (e->type == OCI_TAR_SYMLINK || (st->st_mode & 07777) == (assumed.st_mode & 07777))))
        return r;
    a->left_out.owners = before->owners;
    a->left_out.modes = before->modes;
    r = set_owner_and_mode(a, s, e, st, err);
    return r < 0 ? r : look(s, st, err);
}

mode_t oci_meta_new_mode(const oci_tar_entry *e)
{
    return e->mode & 0777;
}

int oci_meta_file(oci_applier *a, int fd, bool inherits, const oci_tar_entry *e, struct stat *st, oci_error *err)
{
    const struct subject s = { .fd = fd };
    const bool plain = e->n_xattrs == 0 && !inherits && a->ident.policy != OCI_OWNER_RECORD;
    const oci_left_out before = a->left_out;
    int r = 0;

    /* Attributes would suffer from a change of the owner behind them, so nothing is assumed then. */
    if (plain)
        *st = assume(a, oci_meta_new_mode(e));
    else
        r = look(&s, st, err);
    if (r == 0)
        r = set_owner_and_mode(a, &s, e, st, err);
    if (r == 0 && inherits)
        r = clear_xattrs(a, fd, e, err);
    if (r == 0 && !plain)
        r = set_xattrs(a, &s, e, err);
    if (r == 0)
        r = oci_meta_time(a, fd, e->mtime, e->mtime_nsec, err);
    if (r < 0)
        return r;
    return plain ? finish(a, &s, e, &before, st, err) : look(&s, st, err);
}

/* Whether what is made in the directory of the entry inherits an access control list. */
static bool bequeaths(const oci_applier *a, const oci_tar_entry *e)
{
    for (size_t i = 0; i < e->n_xattrs; i++)
        if (strcmp(e->xattrs[i].name, "system.posix_acl_default") == 0 && travels(a, e->xattrs[i].name))
            return true;
    return false;
}

int oci_meta_dir(oci_applier *a, int fd, oci_dir *dir, bool clean, const oci_tar_entry *e, struct stat *st,
                 oci_error *err)
{
    const struct subject s = { .fd = fd };
    int r = set_owner(a, &s, e->uid, e->gid, st, err);

    dir->mode = e->mode;
    dir->set_mode = (e->mode & 0700) != 0700;
    dir->inherited = bequeaths(a, e);
    if (r >= 0)
        r = set_mode(a, &s, e->mode | 0700, st, err);
    if (r == 0 && !clean)
        r = clear_xattrs(a, fd, e, err);
    return r < 0 ? r : set_xattrs(a, &s, e, err);
}

int oci_meta_default_dir(oci_applier *a, int fd, oci_error *err)
{
    const struct subject s = { .fd = fd };
    struct stat st;
    int r = look(&s, &st, err);

    if (r == 0)
        r = set_owner(a, &s, 0, 0, &st, err);
    if (r >= 0)
        r = set_mode(a, &s, 0755, &st, err);
    return r < 0 ? r : oci_fd_clear_xattrs(fd, NULL, 0, err);
}

int oci_meta_node(oci_applier *a, int dirfd, const char *base, const oci_tar_entry *e, struct stat *st, oci_error *err)
{
    const struct subject s = { -1, dirfd, base };
    const bool plain = e->n_xattrs == 0 && e->type == OCI_TAR_SYMLINK;
    const oci_left_out before = a->left_out;
    int r = 0;

    if (plain)
        *st = assume(a, 0);
    else
        r = look(&s, st, err);
    if (r == 0)
        r = set_owner_and_mode(a, &s, e, st, err);
    if (r == 0)
        r = set_xattrs(a, &s, e, err);
    if (r == 0)
        r = set_entry_time(a, dirfd, base, e, err);
    if (r < 0)
        return r;
    return plain ? finish(a, &s, e, &before, st, err) : look(&s, st, err);
}
