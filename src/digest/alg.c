/* SPDX-License-Identifier: Apache-2.0 */
#include "alg.h"

#include <stdatomic.h>
#include <string.h>

#include "base/fail.h"
#include "sha_ni.h"

static const oci_digest_ops sha256 = { .name = "sha256", .len = 32 };
static const oci_digest_ops sha384 = { .name = "sha384", .len = 48 };
static const oci_digest_ops sha512 = { .name = "sha512", .len = 64 };

enum { MAX_ALGS = 64 };

/*
 * The algorithm number n is slots[n - 1]. Slots are filled from the front and never emptied or changed, so readers need
 * no lock: the first empty slot ends the table. A slot is taken by exchanging NULL, after every slot before it was seen
 * to hold another name; whoever loses the exchange compares with the winner and goes on.
 */
static _Atomic(const oci_digest_ops *) slots[MAX_ALGS] = {
    [OCI_DIGEST_SHA256 - 1] = &sha256,
    [OCI_DIGEST_SHA384 - 1] = &sha384,
    [OCI_DIGEST_SHA512 - 1] = &sha512,
};

const oci_digest_ops *oci_digest_alg_ops(oci_digest_alg alg)
{
    if (alg == OCI_DIGEST_SHA256 && oci_sha_ni_is_usable())
        return OCI_SHA_NI;
    return alg >= 1 && alg <= MAX_ALGS ? atomic_load_explicit(&slots[alg - 1], memory_order_acquire) : NULL;
}

static bool is_component_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool oci_digest_alg_name_is_wellformed(const char *name, size_t n)
{
    bool in_component = false;

    for (size_t i = 0; i < n; i++) {
        if (is_component_char(name[i]))
            in_component = true;
        else if (in_component && (name[i] == '+' || name[i] == '.' || name[i] == '_' || name[i] == '-'))
            in_component = false;
        else
            return false;
    }
    return in_component;
}

static int check_ops(const oci_digest_ops *ops, oci_error *err)
{
    size_t n = ops != NULL && ops->name != NULL ? strnlen(ops->name, OCI_DIGEST_MAX_NAME) : 0;

    if (n == 0)
        return oci_fail(err, OCI_E_INVALID, "a digest algorithm needs a name");
    if (n == OCI_DIGEST_MAX_NAME)
        return oci_fail(err, OCI_E_INVALID, "name of digest algorithm '%.*s...' is longer than %d bytes", (int)n,
                        ops->name, OCI_DIGEST_MAX_NAME - 1);
    if (!oci_digest_alg_name_is_wellformed(ops->name, n))
        return oci_fail(err, OCI_E_INVALID, "'%s' is not the name of a digest algorithm", ops->name);
    if (ops->len == 0 || ops->len > OCI_DIGEST_MAX_BYTES)
        return oci_fail(err, OCI_E_INVALID, "digest algorithm '%s': a hash has 1 to %d bytes, not %u", ops->name,
                        OCI_DIGEST_MAX_BYTES, ops->len);
    if (ops->init == NULL || ops->update == NULL || ops->final == NULL || ops->free == NULL)
        return oci_fail(err, OCI_E_INVALID, "digest algorithm '%s': a callback is missing", ops->name);
    return 0;
}

int oci_digest_alg_register(const oci_digest_ops *ops, oci_digest_alg *out, oci_error *err)
{
    int r = check_ops(ops, err);

    if (r < 0)
        return r;
    for (size_t i = 0; i < MAX_ALGS; i++) {
        const oci_digest_ops *there = NULL;

        if (atomic_compare_exchange_strong(&slots[i], &there, ops)) {
            *out = (oci_digest_alg)(i + 1);
            return 0;
        }
        if (strcmp(there->name, ops->name) == 0)
            return oci_fail(err, OCI_E_EXISTS, "digest algorithm '%s' is registered already", ops->name);
    }
    return oci_fail(err, OCI_E_LIMIT, "digest algorithm '%s': %d are registered already", ops->name, MAX_ALGS);
}

oci_digest_alg oci_digest_alg_find(const char *name, size_t n)
{
    const oci_digest_ops *ops;

    for (oci_digest_alg alg = 1; (ops = oci_digest_alg_ops(alg)) != NULL; alg++)
        if (strlen(ops->name) == n && memcmp(ops->name, name, n) == 0)
            return alg;
    return OCI_DIGEST_NONE;
}

const char *oci_digest_alg_name(oci_digest_alg alg)
{
    const oci_digest_ops *ops = oci_digest_alg_ops(alg);

    return ops != NULL ? ops->name : NULL;
}

size_t oci_digest_alg_len(oci_digest_alg alg)
{
    const oci_digest_ops *ops = oci_digest_alg_ops(alg);

    return ops != NULL ? ops->len : 0;
}

bool oci_digest_is_sound(const oci_digest *d)
{
    return d->len > 0 && d->len == oci_digest_alg_len(d->alg);
}

bool oci_digest_alg_available(oci_digest_alg alg)
{
    return oci_digest_alg_ops(alg) != NULL;
}
