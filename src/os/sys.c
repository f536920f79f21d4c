/* SPDX-License-Identifier: Apache-2.0 */
#include "sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/text.h"
#include "os.h"

/* Numbers that older headers lack. Since 424 all architectures share them, but for alpha, which goes without. */
#if !defined SYS_fchmodat2 && !defined __alpha__
#define SYS_fchmodat2 452
#endif
#if !defined SYS_setxattrat && !defined __alpha__
#define SYS_setxattrat 463
#endif

int oci_sys_openat2(int dirfd, const char *path, int flags, uint64_t resolve)
{
    struct open_how how = { .flags = (unsigned)flags, .resolve = resolve };

    return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof how);
}

int oci_sys_renameat2(int dirfd, const char *from, const char *to, unsigned flags)
{
    return (int)syscall(SYS_renameat2, dirfd, from, dirfd, to, flags);
}

int oci_sys_setxattrat(int dirfd, const char *base, const char *name, const void *value, size_t n)
{
#ifdef SYS_setxattrat
    /* struct xattr_args of linux/xattr.h, which is younger than the libraries we build with. */
    struct {
        uint64_t value;
        uint32_t size;
        uint32_t flags;
    } args = { (uintptr_t)value, (uint32_t)n, 0 };

    if (n > UINT32_MAX) {
        errno = E2BIG;
        return -1;
    }
    return (int)syscall(SYS_setxattrat, dirfd, base, AT_SYMLINK_NOFOLLOW, name, &args, sizeof args);
#else
    (void)dirfd, (void)base, (void)name, (void)value, (void)n;
    errno = ENOSYS;
    return -1;
#endif
}

int oci_sys_chmod_path_fd(int fd, mode_t mode)
{
    char path[OCI_PROC_FD_TEXT];

#ifdef SYS_fchmodat2
    if (syscall(SYS_fchmodat2, fd, "", mode, AT_EMPTY_PATH) == 0)
        return 0;
    if (errno != ENOSYS && errno != EPERM)
        return -1;
#endif
    oci_proc_fd_path(fd, path);
    return chmod(path, mode);
}

void oci_proc_fd_path(int fd, char out[OCI_PROC_FD_TEXT])
{
    snprintf(out, OCI_PROC_FD_TEXT, "/proc/self/fd/%d", fd);
}

int oci_dir_id_of(int fd, oci_dir_id *id)
{
    struct statx x;
    struct stat st;

    if (fstat(fd, &st) < 0)
        return -1;
    id->dev = st.st_dev;
    id->ino = st.st_ino;
    id->mount = 0;
    if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &x) == 0 && (x.stx_mask & STATX_MNT_ID) != 0)
        id->mount = x.stx_mnt_id;
    return 0;
}

bool oci_dir_id_same(const oci_dir_id *a, const oci_dir_id *b)
{
    return a->dev == b->dev && a->ino == b->ino && a->mount == b->mount;
}

bool oci_dir_id_same_mount(const oci_dir_id *a, const oci_dir_id *b)
{
    /* A btrfs subvolume has a device number of its own without being a mount, so that the mounts are the better
     * witness. */
    return a->mount != 0 && b->mount != 0 ? a->mount == b->mount : a->dev == b->dev;
}

DIR *oci_dir_stream(int fd)
{
    OCI_AUTO_FD int again = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *stream = again >= 0 ? fdopendir(again) : NULL;

    if (stream != NULL)
        oci_steal_fd(&again);
    return stream;
}

int oci_dir_stream_next(DIR *stream, const struct dirent **entry)
{
    do {
        errno = 0;
        *entry = readdir(stream);
        if (*entry == NULL)
            return errno == 0 ? 0 : -1;
    } while (strcmp((*entry)->d_name, ".") == 0 || strcmp((*entry)->d_name, "..") == 0);
    return 1;
}

int oci_check_component(const char *name, oci_error *err)
{
    if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || strchr(name, '/') != NULL)
        return oci_fail(err, OCI_E_UNSAFE, "'%s' is not the name of an entry of a directory", name);
    return 0;
}

int oci_fail_entry(oci_error *err, const char *verb, const char *base)
{
    switch (errno) {
    case EEXIST:
        return oci_fail(err, OCI_E_EXISTS, "%s '%s': it is already there", verb, base);
    case ENOENT:
        return oci_fail(err, OCI_E_NOT_FOUND, "%s '%s': it is not there", verb, base);
    case ENOTDIR:
    case ELOOP:
        return oci_fail(err, OCI_E_INVALID, "%s '%s': it is not a directory", verb, base);
    case ENAMETOOLONG:
        return oci_fail(err, OCI_E_INVALID, "%s '%s': the name is too long", verb, base);
    default:
        return oci_fail_errno(err, "%s '%s'", verb, base);
    }
}

void oci_random_text(char out[OCI_RANDOM_TEXT])
{
    uint64_t seed[2];

    /* The names need to be different, not secret. */
    oci_hash_seed(seed);
    oci_hex_encode(seed, OCI_RANDOM_TEXT / 2, out);
}

int oci_fsync_dir(int fd, oci_error *err)
{
    OCI_AUTO_FD int dir = openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (dir < 0)
        return oci_fail_errno(err, "open a directory to write it to the disk");
    return oci_fsync(dir, err);
}
