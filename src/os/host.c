/* SPDX-License-Identifier: Apache-2.0 */
#include "os.h"

#include <errno.h>
#include <fcntl.h>

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
