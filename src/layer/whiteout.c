/* SPDX-License-Identifier: Apache-2.0 */
#include "plan.h"

#include <string.h>

static bool is(const char *name, size_t n, const char *other)
{
    return n == strlen(other) && memcmp(name, other, n) == 0;
}

static bool begins(const char *name, size_t n, const char *prefix)
{
    return n >= strlen(prefix) && memcmp(name, prefix, strlen(prefix)) == 0;
}

oci_whiteout_kind oci_whiteout_of(const char *name, size_t n)
{
    if (!begins(name, n, ".wh."))
        return OCI_WHITEOUT_NONE;
    /* The longer names come first: read as plain whiteouts they would hide files that nobody named. */
    if (is(name, n, ".wh..wh..opq"))
        return OCI_WHITEOUT_OPAQUE;
    if (begins(name, n, ".wh..wh."))
        return OCI_WHITEOUT_RESERVED;
    if (is(name, n, ".wh.") || is(name, n, ".wh..") || is(name, n, ".wh..."))
        return OCI_WHITEOUT_BAD;
    return OCI_WHITEOUT_NAME;
}
