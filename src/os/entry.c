/* SPDX-License-Identifier: Apache-2.0 */
/* Entries by (dirfd, base): made exclusively, looked at and opened without following. */
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/sysmacros.h>

#include "base/buf.h"
#include "base/fail.h"
#include "sys.h"

/* What the kernel's device numbers hold; it cuts larger ones silently. */
enum { MAX_MAJOR = (1 << 12) - 1, MAX_MINOR = (1 << 20) - 1 };

int oci_entry_stat(int dirfd, const char *base, struct stat *st, oci_error *err)
{
    struct stat found;
    int r = oci_check_component(base, err);

    if (r < 0)
        return r;
    if (fstatat(dirfd, base, &found, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT) < 0)
        return errno == ENOENT ? 0 : oci_fail_entry(err, "look at", base);
    *st = found;
    return 1;
}

int oci_entry_create_file(int dirfd, const char *base, mode_t mode, int *fd, oci_error *err)
{
    int r = oci_check_component(base, err);

    if (r < 0)
        return r;
    r = openat(dirfd, base, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, mode);
    if (r < 0)
        return oci_fail_entry(err, "create", base);
    *fd = r;
    return 0;
}

int oci_entry_mkdir(int dirfd, const char *base, int *fd, oci_error *err)
{
    int r = oci_check_component(base, err);

    if (r < 0)
        return r;
    if (mkdirat(dirfd, base, 0700) < 0)
        return oci_fail_entry(err, "make the directory", base);
    return oci_entry_open_dir(dirfd, base, fd, err);
}

int oci_entry_symlink(int dirfd, const char *base, const char *target, oci_error *err)
{
    int r = oci_check_component(base, err);

    if (r < 0)
        return r;
    if (target[0] == '\0')
        return oci_fail(err, OCI_E_INVALID, "the symbolic link '%s' leads to an empty name", base);
    if (symlinkat(target, dirfd, base) < 0)
        return oci_fail_entry(err, "make the symbolic link", base);
    return 0;
}

int oci_entry_mknod(int dirfd, const char *base, mode_t type, uint32_t major, uint32_t minor, oci_error *err)
{
    int r = oci_check_component(base, err);

    if (r < 0)
        return r;
    if (major > MAX_MAJOR || minor > MAX_MINOR)
        return oci_fail(err, OCI_E_INVALID, "the device '%s' has the number %u:%u, but the largest is %d:%d", base,
                        major, minor, MAX_MAJOR, MAX_MINOR);
    if (mknodat(dirfd, base, (type & S_IFMT) | 0600, makedev(major, minor)) < 0)
        return oci_fail_entry(err, "make the device or pipe", base);
    return 0;
}

int oci_entry_link(int fromfd, const char *from, int dirfd, const char *base, oci_error *err)
{
    int r = oci_check_component(from, err);

    if (r == 0)
        r = oci_check_component(base, err);
    if (r < 0)
        return r;
    if (linkat(fromfd, from, dirfd, base, 0) == 0)
        return 0;
    if (errno == ENOENT)
        return oci_fail(err, OCI_E_NOT_FOUND, "link '%s' to '%s': '%s' is not there", base, from, from);
    return oci_fail_entry(err, "make the hard link", base);
}

int oci_entry_link_fd(int fd, int dirfd, const char *base, oci_error *err)
{
    char path[OCI_PROC_FD_TEXT];
    int r = oci_check_component(base, err);

    if (r < 0)
        return r;
    oci_proc_fd_path(fd, path);
    if (linkat(AT_FDCWD, path, dirfd, base, AT_SYMLINK_FOLLOW) == 0)
        return 1;
    switch (errno) {
    case EEXIST:
    case ENOENT:
    case EXDEV:
    case EMLINK:
    case EACCES:
        return 0;
    default:
        return oci_means_unsupported(errno) ? 0 : oci_fail_entry(err, "make the hard link", base);
    }
}

int oci_entry_read_link(int dirfd, const char *base, oci_buf *out, oci_error *err)
{
    char target[PATH_MAX];
    ssize_t n;
    int r = oci_check_component(base, err);

    if (r < 0)
        return r;
    n = readlinkat(dirfd, base, target, sizeof target);
    if (n < 0 && errno == EINVAL)
        return oci_fail(err, OCI_E_INVALID, "'%s' is not a symbolic link", base);
    if (n < 0)
        return oci_fail_entry(err, "read the symbolic link", base);
    if ((size_t)n == sizeof target)
        return oci_fail(err, OCI_E_INVALID, "the symbolic link '%s' is too long", base);
    return oci_buf_append(out, target, (size_t)n, err);
}

int oci_entry_open_path(int dirfd, const char *base, int *fd, struct stat *st, oci_error *err)
{
    OCI_AUTO_FD int entry = -1;
    int r = oci_check_component(base, err);

    if (r < 0)
        return r;
    entry = openat(dirfd, base, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (entry < 0 || fstat(entry, st) < 0)
        return oci_fail_entry(err, "look at", base);
    *fd = oci_steal_fd(&entry);
    return 0;
}

int oci_entry_open_dir(int dirfd, const char *base, int *fd, oci_error *err)
{
    int r = oci_check_component(base, err);

    if (r < 0)
        return r;
    r = openat(dirfd, base, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (r < 0)
        return oci_fail_entry(err, "open the directory", base);
    *fd = r;
    return 0;
}

int oci_dir_open_up(int fd, int *up, oci_error *err)
{
    int r = openat(fd, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (r < 0)
        return oci_fail_errno(err, "open the directory above");
    *up = r;
    return 0;
}

int oci_entry_chmod(int dirfd, const char *base, mode_t mode, oci_error *err)
{
    OCI_AUTO_FD int fd = -1;
    struct stat st;
    int r = oci_entry_open_path(dirfd, base, &fd, &st, err);

    if (r < 0)
        return r;
    if (S_ISLNK(st.st_mode))
        return oci_fail(err, OCI_E_UNSUPPORTED, "the symbolic link '%s' has no mode", base);
    return oci_sys_chmod_path_fd(fd, mode) < 0 ? oci_fail_entry(err, "set the mode of", base) : 0;
}
