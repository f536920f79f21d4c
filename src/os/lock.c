/* SPDX-License-Identifier: Apache-2.0 */
#include "os.h"

#include <errno.h>
#include <sys/file.h>

#include "base/event.h"
#include "base/fail.h"

int oci_lock(int fd, bool exclusive, const oci_events *events, oci_error *err)
{
    const int how = exclusive ? LOCK_EX : LOCK_SH;

    if (flock(fd, how | LOCK_NB) == 0)
        return 0;
    oci_progress(events, "waiting for others", 0, 0);
    while (flock(fd, how) < 0) {
        int r;

        if (errno != EINTR)
            return oci_fail_errno(err, "lock the directory or file");
        r = oci_check_cancelled(events, err);
        if (r < 0)
            return r;
    }
    return 0;
}
