/* SPDX-License-Identifier: Apache-2.0 */
#include "xattr.h"

#include <string.h>

#include "base/fail.h"
#include "base/text.h"
#include "base/vec.h"

void oci_tar_xattrs_clear(oci_tar_xattrs *x)
{
    x->count = x->ranks.count = 0;
}

void oci_tar_xattrs_free(oci_tar_xattrs *x)
{
    oci_free(x->items);
    oci_free(x->ranks.items);
    *x = (oci_tar_xattrs) { 0 };
}

static int add(oci_tar_xattrs *x, oci_tar_xattr attribute, oci_tar_xattr_rank rank, oci_error *err)
{
    for (size_t i = 0; i < x->count; i++) {
        if (strcmp(x->items[i].name, attribute.name) != 0)
            continue;
        if (rank >= x->ranks.items[i]) {
            x->items[i] = attribute;
            x->ranks.items[i] = rank;
        }
        return 0;
    }
    if (x->count == OCI_TAR_XATTRS_MAX)
        return oci_fail(err, OCI_E_LIMIT, "more than %d extended attributes", OCI_TAR_XATTRS_MAX);
    return OCI_VEC_PUSH(x, attribute) && OCI_VEC_PUSH(&x->ranks, rank) ? 0 : oci_fail_nomem(err);
}

int oci_tar_xattrs_inherit(oci_tar_xattrs *x, const oci_tar_xattrs *from, oci_error *err)
{
    oci_tar_xattrs_clear(x);
    /* No name is there twice, so nothing has to be looked for: this is done for every entry. */
    for (size_t i = 0; i < from->count; i++)
        if (!OCI_VEC_PUSH(x, from->items[i]) || !OCI_VEC_PUSH(&x->ranks, OCI_TAR_XATTR_GLOBAL))
            return oci_fail_nomem(err);
    return 0;
}

static int add_checked(oci_tar_xattrs *x, char *name, size_t n, oci_span value, oci_tar_xattr_rank rank, oci_error *err)
{
    if (n == 0)
        return oci_fail(err, OCI_E_INVALID, "an extended attribute without a name");
    if (n > OCI_TAR_XATTR_NAME_MAX)
        return oci_fail(err, OCI_E_INVALID, "the name of an extended attribute has %zu bytes, more than %d", n,
                        OCI_TAR_XATTR_NAME_MAX);
    if (memchr(name, '\0', n) != NULL)
        return oci_fail(err, OCI_E_INVALID, "the name of an extended attribute has a NUL byte");
    name[n] = '\0';
    return add(x, (oci_tar_xattr) { name, value }, rank, err);
}

int oci_tar_xattrs_add_schily(oci_tar_xattrs *x, char *name, size_t n, oci_span value, oci_error *err)
{
    return add_checked(x, name, n, value, OCI_TAR_XATTR_SCHILY, err);
}

/* Returns the new length; a "%" without two digits behind it stands for itself. */
static size_t url_decode(char *s, size_t n)
{
    size_t used = 0;

    for (size_t i = 0; i < n; i++) {
        int high = s[i] == '%' && n - i > 2 ? oci_hex_digit(s[i + 1]) : -1;
        int low = high >= 0 ? oci_hex_digit(s[i + 2]) : -1;

        if (low >= 0) {
            s[used++] = (char)(high << 4 | low);
            i += 2;
        } else {
            s[used++] = s[i];
        }
    }
    return used;
}

/* In place: the decoder has read four characters before it writes what they mean. libarchive leaves the padding out. */
static bool base64_decode(char *s, size_t n, size_t *len)
{
    size_t whole = n - n % 4, used;
    char last[4] = { '=', '=', '=', '=' };
    unsigned char tail[3];
    size_t tail_len = 0;

    if (n > whole && whole > 0 && s[whole - 1] == '=')
        return false;
    if (!oci_base64_decode(s, whole, s, &used))
        return false;
    if (n > whole) {
        memcpy(last, s + whole, n - whole);
        if (n - whole == 1 || !oci_base64_decode(last, sizeof last, tail, &tail_len))
            return false;
        memcpy(s + used, tail, tail_len);
    }
    *len = used + tail_len;
    return true;
}

int oci_tar_xattrs_add_libarchive(oci_tar_xattrs *x, char *name, size_t n, char *value, size_t value_len,
                                  oci_error *err)
{
    size_t decoded;

    if (!base64_decode(value, value_len, &decoded))
        return oci_fail(err, OCI_E_INVALID, "the extended attribute '%.*s' is not in base64",
                        n < OCI_TAR_XATTR_NAME_MAX ? (int)n : OCI_TAR_XATTR_NAME_MAX, name);
    return add_checked(x, name, url_decode(name, n), (oci_span) { value, decoded }, OCI_TAR_XATTR_LIBARCHIVE, err);
}
