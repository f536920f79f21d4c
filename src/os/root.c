/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Paths inside a root: one call of openat2 where the kernel has it and no symbolic link is met. Of a few links and a
 * short path the kernel can be made to go through 60000 components, so that walk.c follows links, and counts.
 */
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>

#include "base/fail.h"
#include "sys.h"
#include "walk.h"

/* How often a resolution that was disturbed by a rename starts again. The kernel reports any rename on the machine, the
 * walk only those of its own directories. */
enum { TRIES = 128 };

/* What every descriptor gets; O_PATH allows nothing else beside it. */
static int complete_flags(int flags)
{
    return flags | O_CLOEXEC | ((flags & O_PATH) != 0 ? 0 : O_NONBLOCK | O_NOCTTY);
}

static int open_by_kernel(const oci_root *root, const char *path, int flags)
{
    int fd = -1;

    for (int i = 0; i < TRIES; i++) {
        fd = oci_sys_openat2(root->fd, path, flags, RESOLVE_IN_ROOT | RESOLVE_NO_SYMLINKS);
        if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
            break;
    }
    return fd >= 0 ? fd : -errno;
}

static int open_by_walk(oci_root *root, const char *path, int flags, oci_walk_maker *maker)
{
    int fd = -EAGAIN;

    for (int i = 0; i < TRIES && fd == -EAGAIN; i++)
        fd = oci_walk_open(root, path, flags, maker);
    return fd;
}

/* A descriptor or a negative errno. */
static int open_inside(oci_root *root, const char *path, int flags)
{
    int fd;

    flags = complete_flags(flags);
    if (path[0] == '\0')
        path = ".";
    if (!root->walk) {
        fd = open_by_kernel(root, path, flags);
        switch (fd) {
        case -ENOSYS:
        case -EPERM:
            root->walk = true;
            break;
        case -EAGAIN:
        case -ELOOP:
            break;
        default:
            return fd;
        }
    }
    return open_by_walk(root, path, flags, NULL);
}

static int fail_path(oci_error *err, int number, const char *path)
{
    switch (number) {
    case OCI_WALK_TOO_FAR:
        return oci_fail(err, OCI_E_LIMIT, "the symbolic links of '%s', and of paths before it, are followed too far",
                        path);
    case ENOENT:
        return oci_fail(err, OCI_E_NOT_FOUND, "'%s' is not there", path);
    case ENOTDIR:
        return oci_fail(err, OCI_E_INVALID, "'%s' is not a directory, or lies below something that is not a directory",
                        path);
    case ENAMETOOLONG:
        return oci_fail(err, OCI_E_INVALID, "'%s': a name on the way is too long", path);
    case ELOOP:
        return oci_fail(err, OCI_E_UNSAFE,
                        "'%s' goes through too many symbolic links, or one that must not be followed", path);
    case EXDEV:
        return oci_fail(err, OCI_E_UNSAFE, "'%s' leads out of the root", path);
    case EAGAIN:
        return oci_fail(err, OCI_E_CONFLICT, "'%s': directories are moved all the time", path);
    default:
        errno = number;
        return oci_fail_errno(err, "open '%s'", path);
    }
}

int oci_root_open(oci_root *root, const char *path, int flags, int *fd, oci_error *err)
{
    int r;

    if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE)
        return oci_fail(err, OCI_E_INTERNAL, "'%s' cannot be made by opening it", path);
    r = open_inside(root, path, flags);
    if (r < 0)
        return fail_path(err, -r, path);
    *fd = r;
    return 0;
}

int oci_root_open_file(oci_root *root, const char *path, int *fd, struct stat *st, oci_error *err)
{
    /* Opening a device may do things, so that the file is looked at before it is opened; what the second resolution
     * finds is looked at again. */
    const int flags[] = { O_PATH, O_RDONLY };
    OCI_AUTO_FD int file = -1;
    struct stat info;

    for (size_t i = 0; i < sizeof flags / sizeof *flags; i++) {
        oci_closep_(&file);
        file = open_inside(root, path, flags[i]);
        if (file < 0)
            return fail_path(err, -file, path);
        if (fstat(file, &info) < 0)
            return oci_fail_errno(err, "look at '%s'", path);
        if (!S_ISREG(info.st_mode))
            return oci_fail(err, OCI_E_INVALID, "'%s' is not a regular file", path);
    }
    if (st != NULL)
        *st = info;
    *fd = oci_steal_fd(&file);
    return 0;
}

int oci_root_open_parent(oci_root *root, const char *path, const oci_make_parents *make, int *dirfd, const char **base,
                         oci_error *err)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash != NULL ? slash + 1 : path;
    OCI_AUTO_MEM char *parent = oci_strndup(path, slash != NULL ? (size_t)(slash - path) : 0);
    int flags = O_PATH | O_DIRECTORY, fd, r;

    if (parent == NULL)
        return oci_fail_nomem(err);
    r = oci_check_component(name, err);
    if (r < 0)
        return r;
    fd = open_inside(root, parent, flags);
    if (fd == -ENOENT && make != NULL) {
        oci_walk_maker maker = { .make = make, .err = err };

        fd = open_by_walk(root, parent, complete_flags(flags), &maker);
        if (fd == -ECANCELED)
            return maker.refused;
    }
    if (fd < 0)
        return fail_path(err, -fd, parent);
    *dirfd = fd;
    *base = name;
    return 0;
}
