/* SPDX-License-Identifier: Apache-2.0 */
/* A directory in the making stands beside its goal, so that one rename puts it in place. */
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/fail.h"
#include "sys.h"

enum {
    NAME_TRIES = 100,
    /* What of the goal's name fits between the dot and the ending. */
    GOAL_PART = NAME_MAX - 1 - (sizeof OCI_TMP_PREFIX - 1) - (OCI_RANDOM_TEXT - 1),
};

struct oci_tmpdir {
    int parent;
    int fd;
    bool over_empty;         /* the goal was an empty directory at the start */
    char *path;              /* of the goal as it was given, for messages */
    char *goal;              /* its last component */
    char name[NAME_MAX + 1]; /* "" when there is nothing to remove */
};

/* Fails with OCI_E_EXISTS unless the directory can be replaced by renaming another over it. */
static int check_empty(oci_tmpdir *t, int fd, oci_error *err)
{
    oci_dir_id parent, goal;
    const struct dirent *entry;
    DIR *stream;
    int more;

    if (oci_dir_id_of(t->parent, &parent) < 0 || oci_dir_id_of(fd, &goal) < 0)
        return oci_fail_errno(err, "look at '%s'", t->path);
    if (!oci_dir_id_same_mount(&parent, &goal))
        return oci_fail(err, OCI_E_EXISTS, "'%s' is a mount point and cannot be replaced", t->path);
    stream = oci_dir_stream(fd);
    if (stream == NULL)
        return oci_fail_errno(err, "read '%s'", t->path);
    more = oci_dir_stream_next(stream, &entry);
    closedir(stream);
    if (more < 0)
        return oci_fail_errno(err, "read '%s'", t->path);
    return more > 0 ? oci_fail(err, OCI_E_EXISTS, "'%s' is there and not empty", t->path) : 0;
}

static int check_goal(oci_tmpdir *t, oci_error *err)
{
    OCI_AUTO_FD int fd = openat(t->parent, t->goal, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

    if (fd >= 0) {
        t->over_empty = true;
        return check_empty(t, fd, err);
    }
    switch (errno) {
    case ENOENT:
        return 0;
    case ENOTDIR:
    case ELOOP:
        return oci_fail(err, OCI_E_EXISTS, "'%s' is there and not a directory", t->path);
    case ENAMETOOLONG:
        return oci_fail(err, OCI_E_USAGE, "the name '%s' is too long", t->goal);
    default:
        return oci_fail_errno(err, "open the directory '%s'", t->path);
    }
}

static int make_directory(oci_tmpdir *t, oci_error *err)
{
    for (int i = 0; i < NAME_TRIES; i++) {
        char name[NAME_MAX + 1], random[OCI_RANDOM_TEXT];

        oci_random_text(random);
        snprintf(name, sizeof name, ".%.*s%s%s", GOAL_PART, t->goal, OCI_TMP_PREFIX, random);
        if (mkdirat(t->parent, name, 0700) == 0) {
            memcpy(t->name, name, sizeof name);
            return oci_entry_open_dir(t->parent, name, &t->fd, err);
        }
        if (errno != EEXIST)
            break;
    }
    return oci_fail_errno(err, "make a directory beside '%s'", t->path);
}

/* What a directory hands on to all that is made in it must not come from the goal's neighbourhood: the set-group-ID bit
 * and default ACLs. */
static int inherit_nothing(oci_tmpdir *t, oci_error *err)
{
    static const char *const lists[] = { "system.posix_acl_default", "system.posix_acl_access" };

    for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
        if (fremovexattr(t->fd, lists[i]) < 0 && errno != ENODATA && errno != ENOTSUP)
            return oci_fail_errno(err, "remove the inherited ACL of '%s'", t->name);
    return fchmod(t->fd, 0700) < 0 && !oci_means_unsupported(errno)
               ? oci_fail_errno(err, "set the mode of '%s'", t->name)
               : 0;
}

int oci_tmpdir_new(int dirfd, const char *path, oci_tmpdir **out, oci_error *err)
{
    OCI_AUTO(oci_tmpdir) t = oci_calloc(1, sizeof *t);
    int r;

    if (t == NULL)
        return oci_fail_nomem(err);
    t->parent = t->fd = -1;
    t->path = oci_strdup(path);
    r = t->path != NULL ? oci_open_goal(dirfd, path, &t->parent, &t->goal, err) : oci_fail_nomem(err);
    if (r == 0)
        r = check_goal(t, err);
    if (r == 0)
        r = make_directory(t, err);
    if (r == 0)
        r = inherit_nothing(t, err);
    if (r < 0)
        return r;
    *out = oci_steal(&t);
    return 0;
}

int oci_tmpdir_fd(const oci_tmpdir *t)
{
    return t->fd;
}

/* 0, or -1 and errno. */
static int rename_to_goal(oci_tmpdir *t)
{
    if (!t->over_empty) {
        if (oci_sys_renameat2(t->parent, t->name, t->goal, RENAME_NOREPLACE) == 0)
            return 0;
        if (!oci_means_unsupported(errno))
            return -1;
    }
    /* A directory can only take the place of nothing or of an empty directory. */
    return renameat(t->parent, t->name, t->parent, t->goal);
}

int oci_tmpdir_place(oci_tmpdir *t, mode_t mode, bool sync, oci_error *err)
{
    int r = 0;

    if (fchmod(t->fd, mode) < 0 && !oci_means_unsupported(errno))
        return oci_fail_errno(err, "set the mode of '%s'", t->path);
    if (sync)
        r = oci_fsync(t->fd, err);
    if (r < 0)
        return oci_wrap(err, r, "'%s'", t->path);
    if (rename_to_goal(t) < 0) {
        if (errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR)
            return oci_fail(err, OCI_E_EXISTS, "'%s' was made by somebody else meanwhile", t->path);
        return oci_fail_errno(err, "put '%s' in place", t->path);
    }
    t->name[0] = '\0';
    return sync ? oci_wrap(err, oci_fsync(t->parent, err), "the directory above '%s'", t->path) : 0;
}

int oci_tmpdir_publish(oci_tmpdir *taken, mode_t mode, bool sync, oci_error *err)
{
    OCI_AUTO(oci_tmpdir) t = taken;

    return oci_tmpdir_place(t, mode, sync, err);
}

int oci_tmpdir_open_goal(const oci_tmpdir *t, int *fd, oci_error *err)
{
    return oci_entry_open_dir(t->parent, t->goal, fd, err);
}

void oci_tmpdir_free(oci_tmpdir *t)
{
    int saved = errno;

    if (t == NULL)
        return;
    oci_closep_(&t->fd);
    if (t->name[0] != '\0')
        oci_entry_remove(t->parent, t->name, NULL);
    oci_closep_(&t->parent);
    oci_free(t->path);
    oci_free(t->goal);
    oci_free(t);
    errno = saved;
}
