/* SPDX-License-Identifier: Apache-2.0 */
#include "os.h"

#include <errno.h>
#include <fcntl.h>

#include "base/event.h"
#include "base/fail.h"

int oci_open_host_dir(int dirfd, const char *path, int *fd, oci_error *err)
{
    int r = openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

    if (r < 0 && errno == ENOENT)
        return oci_fail(err, OCI_E_NOT_FOUND, "'%s' is not there", path);
    if (r < 0 && errno == ENOTDIR)
        return oci_fail(err, OCI_E_INVALID, "'%s' is not a directory", path);
    if (r < 0)
        return oci_fail_errno(err, "open '%s'", path);
    *fd = r;
    return 0;
}

int oci_open_host_file(int dirfd, const char *path, const oci_events *events, int *fd, struct stat *st, oci_error *err)
{
    OCI_AUTO_FD int file = -1;
    int r;

    for (;;) {
        file =
            path[0] == '\0' ? fcntl(dirfd, F_DUPFD_CLOEXEC, 0) : openat(dirfd, path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
        if (file >= 0 || errno != EINTR)
            break;
        r = oci_check_cancelled(events, err);
        if (r < 0)
            return r;
    }
    if (file < 0 && errno == ENOENT)
        return oci_fail(err, OCI_E_NOT_FOUND, "'%s' is not there", path);
    if (file < 0 && errno == ENOTDIR)
        return oci_fail(err, OCI_E_NOT_FOUND, "'%s': what is no directory is on the way", path);
    if (file < 0 || fstat(file, st) < 0)
        return oci_fail_errno(err, "open '%s'", path);
    *fd = oci_steal_fd(&file);
    return 0;
}

int oci_nameless_file(const char *dir, int *fd, oci_error *err)
{
    /* The directory is closed last: the name of the file, if it has one, is taken away there. */
    OCI_AUTO_FD int dirfd = -1;
    OCI_AUTO(oci_tmpfile) file = NULL;
    int r = oci_open_host_dir(AT_FDCWD, dir, &dirfd, err);

    if (r == 0)
        r = oci_tmpfile_new(dirfd, &file, err);
    if (r < 0)
        return r;
    *fd = fcntl(oci_tmpfile_fd(file), F_DUPFD_CLOEXEC, 0);
    return *fd < 0 ? oci_fail_errno(err, "keep a temporary file") : 0;
}
