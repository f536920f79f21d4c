/* SPDX-License-Identifier: Apache-2.0 */
#include "tar.h"

#include <string.h>

#include "base/fail.h"

/* As much of a name as a message should hold. */
static int shown(size_t n)
{
    return n < 200 ? (int)n : 200;
}

static bool is_up(const char *part, size_t len)
{
    return len == 2 && part[0] == '.' && part[1] == '.';
}

static int check_component(const char *name, size_t n, const char *part, size_t len, oci_error *err)
{
    if (is_up(part, len))
        return oci_fail(err, OCI_E_UNSAFE, "the name '%.*s' has a '..' in it", shown(n), name);
    if (len > OCI_TAR_NAME_MAX)
        return oci_fail(err, OCI_E_INVALID, "the name '%.*s' has a component of %zu bytes, more than %d", shown(n),
                        name, len, OCI_TAR_NAME_MAX);
    return 0;
}

/* The length without the last component. */
static size_t cut_last(const char *out, size_t used)
{
    while (used > 0 && out[used - 1] != '/')
        used--;
    return used > 0 ? used - 1 : 0;
}

static int settle(const char *name, size_t n, bool resolve, char *out, size_t *out_len, oci_error *err)
{
    size_t used = 0, len;

    if (n == 0)
        return oci_fail(err, OCI_E_INVALID, "the name is empty");
    if (memchr(name, '\0', n) != NULL)
        return oci_fail(err, OCI_E_INVALID, "the name '%.*s' goes on after a NUL byte", shown(n), name);
    for (size_t at = 0; at < n; at += len + 1) {
        const char *part = name + at;
        const char *slash = memchr(part, '/', n - at);
        int r;

        len = slash != NULL ? (size_t)(slash - part) : n - at;
        if (len == 0 || (len == 1 && part[0] == '.'))
            continue;
        if (resolve && is_up(part, len)) {
            used = cut_last(out, used);
            continue;
        }
        r = check_component(name, n, part, len, err);
        if (r < 0)
            return r;
        if (used + (used > 0) + len > OCI_TAR_PATH_MAX)
            return oci_fail(err, OCI_E_INVALID, "the name '%.*s' has more than %d bytes", shown(n), name,
                            OCI_TAR_PATH_MAX);
        if (used > 0)
            out[used++] = '/';
        memcpy(out + used, part, len);
        used += len;
    }
    out[used] = '\0';
    *out_len = used;
    return 0;
}

int oci_tar_name_normalise(const char *name, size_t n, char *out, size_t *out_len, oci_error *err)
{
    return settle(name, n, false, out, out_len, err);
}

int oci_tar_name_resolve(const char *name, size_t n, char *out, size_t *out_len, oci_error *err)
{
    return settle(name, n, true, out, out_len, err);
}
