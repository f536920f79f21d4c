/* SPDX-License-Identifier: Apache-2.0 */
/* Owners, times and extended attributes. */
#include "os.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/xattr.h>

#include "base/fail.h"
#include "sys.h"

enum { LIST_MAX = 64 * 1024 /* the kernel's XATTR_LIST_MAX */ };

bool oci_means_unsupported(int number)
{
    return number == EPERM || number == ENOTSUP || number == ENOSYS || number == EINVAL || number == EOVERFLOW;
}

/* Of attributes that are not for us, some kernels say so in another way. */
static bool means_unsupported(int number)
{
    return oci_means_unsupported(number) || number == EACCES;
}

static int set_or_remove(int fd, const char *name, const void *value, size_t n)
{
    return value != NULL ? fsetxattr(fd, name, value, n, 0) : fremovexattr(fd, name);
}

/* user.* attributes need write permission by mode even for the owner, who may well have a read-only file: the mode is
 * opened for the moment. value NULL removes. 0, or -1 and errno. */
static int change_xattr(int fd, const char *name, const void *value, size_t n)
{
    struct stat st;
    int r = set_or_remove(fd, name, value, n);

    if (r == 0 || errno != EACCES)
        return r;
    if (fstat(fd, &st) < 0 || (st.st_mode & 0200) != 0 || fchmod(fd, (st.st_mode & 07777) | 0200) < 0) {
        errno = EACCES;
        return -1;
    }
    r = set_or_remove(fd, name, value, n);
    if (fchmod(fd, st.st_mode & 07777) < 0)
        return -1;
    return r;
}

static int set_result(int r, const char *name, oci_error *err)
{
    if (r == 0)
        return 1;
    return means_unsupported(errno) ? 0 : oci_fail_errno(err, "set the extended attribute '%s'", name);
}

int oci_fd_set_xattr(int fd, const char *name, const void *value, size_t n, oci_error *err)
{
    return set_result(change_xattr(fd, name, value != NULL ? value : "", n), name, err);
}

int oci_entry_set_xattr(int dirfd, const char *base, const char *name, const void *value, size_t n, oci_error *err)
{
    OCI_AUTO_FD int fd = -1;
    char path[OCI_PROC_FD_TEXT];
    int r = oci_check_component(base, err);

    if (r < 0)
        return r;
    if (oci_sys_setxattrat(dirfd, base, name, value, n) == 0)
        return 1;
    if (errno != ENOSYS && !means_unsupported(errno))
        return oci_wrap(err, oci_fail_entry(err, "set an attribute of", base), "'%s'", name);
    fd = openat(dirfd, base, O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0)
        return oci_fail_entry(err, "open", base);
    /* Leads to what the descriptor is of, be it a link, and no further. */
    oci_proc_fd_path(fd, path);
    r = setxattr(path, name, value, n, 0);
    if (r < 0 && errno == ENOENT)
        return 0; /* no /proc */
    return oci_wrap(err, set_result(r, name, err), "'%s'", base);
}

static bool is_kept(const char *name, const char *const *kept, size_t n_kept)
{
    for (size_t i = 0; i < n_kept; i++)
        if (strcmp(name, kept[i]) == 0)
            return true;
    return false;
}

int oci_fd_clear_xattrs(int fd, const char *const *kept, size_t n_kept, oci_error *err)
{
    OCI_AUTO_MEM char *names = NULL;
    ssize_t n = flistxattr(fd, NULL, 0);

    if (n == 0 || (n < 0 && errno == ENOTSUP))
        return 0;
    names = oci_alloc(LIST_MAX);
    if (names == NULL)
        return oci_fail_nomem(err);
    n = flistxattr(fd, names, LIST_MAX);
    if (n < 0)
        return oci_fail_errno(err, "list the extended attributes");
    for (const char *name = names; name < names + n; name += strlen(name) + 1) {
        if (is_kept(name, kept, n_kept) || change_xattr(fd, name, NULL, 0) == 0)
            continue;
        /* Labels that the system itself put there are not ours to remove. */
        if (errno != ENODATA && !means_unsupported(errno))
            return oci_fail_errno(err, "remove the extended attribute '%s'", name);
    }
    return 0;
}

int oci_entry_chown(int dirfd, const char *base, uint32_t uid, uint32_t gid, oci_error *err)
{
    int r = oci_check_component(base, err);

    if (r < 0)
        return r;
    /* The system would read it as "leave it as it is". */
    if (uid == UINT32_MAX || gid == UINT32_MAX)
        return oci_fail(err, OCI_E_INVALID, "'%s' cannot belong to %u:%u", base, uid, gid);
    if (fchownat(dirfd, base, uid, gid, AT_SYMLINK_NOFOLLOW) < 0)
        return oci_fail_errno(err, "give '%s' to %u:%u", base, uid, gid);
    return 0;
}

int oci_entry_set_mtime(int dirfd, const char *base, int64_t sec, uint32_t nsec, oci_error *err)
{
    struct timespec times[2];
    int r = oci_check_component(base, err);

    if (r < 0)
        return r;
    times[0].tv_sec = (time_t)sec;
    times[0].tv_nsec = (long)nsec;
    times[1] = times[0];
    /* Beyond a second lie numbers that mean "now" and "leave it". */
    if ((int64_t)times[0].tv_sec != sec || nsec > 999999999)
        return oci_fail(err, OCI_E_INVALID, "'%s' cannot have the time %lld s and %u ns", base, (long long)sec, nsec);
    if (utimensat(dirfd, base, times, AT_SYMLINK_NOFOLLOW) < 0)
        return oci_fail_errno(err, "set the time of '%s'", base);
    return 0;
}
