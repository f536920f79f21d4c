/* SPDX-License-Identifier: Apache-2.0 */
#include "made.h"

#include <string.h>

#include "base/fail.h"
#include "tar/tar.h"

struct key {
    uint64_t dev, ino;
    char name[OCI_TAR_NAME_MAX + 1];
};

/* The length of the key, 0 for a name that no directory can hold. */
static size_t make_key(struct key *key, const struct stat *dir, const char *name)
{
    size_t n = strnlen(name, sizeof key->name);

    if (n == sizeof key->name)
        return 0;
    key->dev = dir->st_dev;
    key->ino = dir->st_ino;
    memcpy(key->name, name, n);
    return offsetof(struct key, name) + n;
}

int oci_made_set(oci_map *made, const struct stat *dir, const char *name, oci_made_kind kind, oci_made_kind *before,
                 oci_error *err)
{
    oci_made_kind old = oci_made_get(made, dir, name);
    struct key key;
    size_t n = make_key(&key, dir, name);

    if (n == 0)
        return oci_fail(err, OCI_E_INVALID, "a name of more than %d bytes", OCI_TAR_NAME_MAX);
    if (oci_map_set(made, &key, n, (void *)(uintptr_t)kind) < 0)
        return oci_fail_nomem(err);
    if (before != NULL)
        *before = old;
    return 0;
}

oci_made_kind oci_made_get(const oci_map *made, const struct stat *dir, const char *name)
{
    struct key key;
    size_t n = make_key(&key, dir, name);
    void *value;

    return n > 0 && oci_map_get(made, &key, n, &value) ? (oci_made_kind)(uintptr_t)value : OCI_MADE_NOT;
}

void oci_made_forget(oci_map *made, const struct stat *dir, const char *name)
{
    struct key key;
    size_t n = make_key(&key, dir, name);

    if (n > 0)
        oci_map_remove(made, &key, n);
}
