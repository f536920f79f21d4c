/* SPDX-License-Identifier: Apache-2.0 */
#include <errno.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fail.h"
#include "image.h"
#include "os/os.h"

int oci_default_dir(int fd, const oci_ident *ident, oci_error *err)
{
    const struct timespec times[2] = { { 0 }, { 0 } };
    oci_owner owner;
    int r = oci_ident_owner(ident, 0, 0, &owner, err);

    if (r == 0 && owner.chown && fchown(fd, owner.uid, owner.gid) < 0 && !oci_means_unsupported(errno))
        r = oci_fail_errno(err, "give a directory to %u:%u", owner.uid, owner.gid);
    if (r == 0 && fchmod(fd, 0755) < 0 && !oci_means_unsupported(errno))
        r = oci_fail_errno(err, "set the mode of a directory");
    if (r == 0 && futimens(fd, times) < 0 && !oci_means_unsupported(errno))
        r = oci_fail_errno(err, "set the time of a directory");
    return r;
}
