/* SPDX-License-Identifier: Apache-2.0 */
#include "files.h"

#include <errno.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/cleanup.h"
#include "base/fail.h"

/* The size that was looked at is the end, also of a file that grows. */
static int read_from_root(void *ctx, const char *path, uint64_t limit, oci_buf *out, oci_error *err)
{
    OCI_AUTO_FD int fd = -1;
    struct stat st;
    size_t end;
    int r = oci_root_open_file(ctx, path, &fd, &st, err);

    if (r < 0)
        return r;
    if ((uint64_t)st.st_size > limit)
        return oci_fail(err, OCI_E_LIMIT, "/%s of the image is larger than %llu bytes", path,
                        (unsigned long long)limit);
    r = oci_buf_reserve(out, (size_t)st.st_size, err);
    if (r < 0)
        return r;
    end = out->len + (size_t)st.st_size;
    while (out->len < end) {
        ssize_t n = read(fd, out->data + out->len, end - out->len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return oci_fail_errno(err, "read /%s of the image", path);
        if (n == 0)
            break;
        out->len += (size_t)n;
    }
    return 0;
}

oci_bundle_files oci_files_of_root(oci_root *root)
{
    return (oci_bundle_files) { .ctx = root, .read = read_from_root };
}
