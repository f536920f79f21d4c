/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file in the making has no name at all where the file system can do that and /proc is there to give it one later;
 * elsewhere it has a dot-name that garbage collection knows.
 */
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "base/fail.h"
#include "sys.h"

enum { NAME_TRIES = 100, TEMPORARY_NAME = sizeof OCI_TMP_PREFIX + OCI_RANDOM_TEXT };

struct oci_tmpfile {
    int dirfd; /* borrowed */
    int fd;
    char name[TEMPORARY_NAME]; /* "" while it has none */
};

/* Whether a nameless file can get a name. */
static bool proc_shows(int fd)
{
    char path[OCI_PROC_FD_TEXT];
    struct stat a, b;

    oci_proc_fd_path(fd, path);
    return fstat(fd, &a) == 0 && stat(path, &b) == 0 && oci_is_same_file(&a, &b);
}

static void choose_name(char name[TEMPORARY_NAME])
{
    char random[OCI_RANDOM_TEXT];

    oci_random_text(random);
    snprintf(name, TEMPORARY_NAME, "%s%s", OCI_TMP_PREFIX, random);
}

static int open_named(oci_tmpfile *t, oci_error *err)
{
    for (int i = 0; i < NAME_TRIES; i++) {
        char name[TEMPORARY_NAME];

        choose_name(name);
        t->fd = openat(t->dirfd, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (t->fd >= 0) {
            memcpy(t->name, name, sizeof name);
            return 0;
        }
        if (errno != EEXIST)
            break;
    }
    return oci_fail_errno(err, "create a temporary file");
}

int oci_tmpfile_new(int dirfd, oci_tmpfile **out, oci_error *err)
{
    OCI_AUTO(oci_tmpfile) t = oci_calloc(1, sizeof *t);
    int r;

    if (t == NULL)
        return oci_fail_nomem(err);
    t->dirfd = dirfd;
    t->fd = openat(dirfd, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (t->fd < 0 || !proc_shows(t->fd)) {
        oci_closep_(&t->fd);
        r = open_named(t, err);
        if (r < 0)
            return r;
    }
    *out = oci_steal(&t);
    return 0;
}

int oci_tmpfile_fd(const oci_tmpfile *t)
{
    return t->fd;
}

/* 0, or -1 and errno, as all below. */
static int link_nameless(const oci_tmpfile *t, const char *name)
{
    char path[OCI_PROC_FD_TEXT];

    oci_proc_fd_path(t->fd, path);
    return linkat(AT_FDCWD, path, t->dirfd, name, AT_SYMLINK_FOLLOW);
}

int oci_tmpfile_clone(oci_tmpfile *t, int fd, oci_error *err)
{
    if (ioctl(t->fd, FICLONE, fd) == 0)
        return 1;
    switch (errno) {
    case ENOSPC:
    case EDQUOT:
    case EIO:
        return oci_fail_errno(err, "share the blocks of a file");
    default:
        return 0; /* so many file systems, so many ways to say no */
    }
}

/* Gives the nameless file a temporary name. */
static int name_temporarily(oci_tmpfile *t)
{
    int r = -1;

    for (int i = 0; i < NAME_TRIES && r < 0; i++) {
        char name[TEMPORARY_NAME];

        choose_name(name);
        r = link_nameless(t, name);
        if (r == 0)
            memcpy(t->name, name, sizeof name);
        else if (errno != EEXIST)
            break;
    }
    return r;
}

/* For file systems that have neither links nor exclusive renaming: somebody may come between the two calls, and then
 * loses what has that name. */
static int rename_if_free(oci_tmpfile *t, const char *name)
{
    struct stat st;

    if (fstatat(t->dirfd, name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    if (errno != ENOENT || renameat(t->dirfd, t->name, t->dirfd, name) < 0)
        return -1;
    t->name[0] = '\0';
    return 0;
}

static int give_free_name(oci_tmpfile *t, const char *name)
{
    int r;

    if (t->name[0] == '\0')
        return link_nameless(t, name);
    r = oci_sys_renameat2(t->dirfd, t->name, name, RENAME_NOREPLACE);
    if (r == 0)
        t->name[0] = '\0';
    else if (oci_means_unsupported(errno))
        /* The temporary name is removed with the rest of t. */
        r = linkat(t->dirfd, t->name, t->dirfd, name, 0);
    if (r < 0 && oci_means_unsupported(errno))
        r = rename_if_free(t, name);
    return r;
}

static int give_name(oci_tmpfile *t, const char *name, bool replace)
{
    if (t->name[0] == '\0' || !replace) {
        if (give_free_name(t, name) == 0)
            return 0;
        if (errno == EEXIST && !replace)
            return 0;
        if (errno != EEXIST || name_temporarily(t) < 0)
            return -1;
    }
    if (renameat(t->dirfd, t->name, t->dirfd, name) < 0)
        return -1;
    t->name[0] = '\0';
    return 0;
}

int oci_tmpfile_publish(oci_tmpfile *taken, const char *name, mode_t mode, bool replace, bool sync, oci_error *err)
{
    OCI_AUTO(oci_tmpfile) t = taken;
    int r = oci_check_component(name, err);

    if (r < 0)
        return r;
    if (fchmod(t->fd, mode) < 0 && !oci_means_unsupported(errno))
        return oci_fail_errno(err, "set the mode of '%s'", name);
    if (sync) {
        r = oci_fsync(t->fd, err);
        if (r < 0)
            return oci_wrap(err, r, "'%s'", name);
    }
    if (give_name(t, name, replace) < 0)
        return oci_fail_entry(err, "put in place", name);
    return sync ? oci_wrap(err, oci_fsync_dir(t->dirfd, err), "the directory of '%s'", name) : 0;
}

void oci_tmpfile_free(oci_tmpfile *t)
{
    int saved = errno;

    if (t == NULL)
        return;
    oci_closep_(&t->fd);
    if (t->name[0] != '\0')
        unlinkat(t->dirfd, t->name, 0);
    oci_free(t);
    errno = saved;
}
