/* SPDX-License-Identifier: Apache-2.0 */
#include "made.h"

#include <string.h>

#include "base/fail.h"
#include "tar/tar.h"

/* 0 for a name that no directory can hold. */
static size_t length_of(const char *name)
{
    size_t n = strnlen(name, OCI_TAR_NAME_MAX + 1);

    return n <= OCI_TAR_NAME_MAX ? n : 0;
}

static oci_key key_of(const oci_table *made, const struct stat *dir, const char *name, size_t n)
{
    return oci_table_key(made, dir->st_dev, dir->st_ino, name, n);
}

int oci_made_set(oci_table *made, const struct stat *dir, const char *name, oci_made_kind kind, oci_made_kind *before,
                 oci_error *err)
{
    size_t n = length_of(name);
    oci_key key;

    if (n == 0)
        return oci_fail(err, OCI_E_INVALID, "a name of more than %d bytes", OCI_TAR_NAME_MAX);
    key = key_of(made, dir, name, n);
    if (before != NULL)
        *before = (oci_made_kind)oci_table_get(made, key);
    return oci_table_set(made, key, kind) < 0 ? oci_fail_nomem(err) : 0;
}

oci_made_kind oci_made_get(const oci_table *made, const struct stat *dir, const char *name)
{
    size_t n = length_of(name);

    return n > 0 ? (oci_made_kind)oci_table_get(made, key_of(made, dir, name, n)) : OCI_MADE_NOT;
}

void oci_made_forget(oci_table *made, const struct stat *dir, const char *name)
{
    size_t n = length_of(name);

    if (n > 0)
        oci_table_remove(made, key_of(made, dir, name, n));
}
