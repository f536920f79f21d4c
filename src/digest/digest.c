/* SPDX-License-Identifier: Apache-2.0 */
#include <oci-image/digest.h>

#include <string.h>

#include "alg.h"
#include "base/fail.h"
#include "base/hash.h"
#include "base/text.h"

/* How much of a text that is no digest is shown. */
enum { SHOWN = 160 };

static int shown(size_t n)
{
    return n < SHOWN ? (int)n : SHOWN;
}

static bool is_encoded_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '=' || c == '_' ||
           c == '-';
}

bool oci_digest_is_wellformed(const char *s, size_t n)
{
    const char *colon = n > 0 ? memchr(s, ':', n) : NULL;

    if (colon == NULL || colon + 1 == s + n || !oci_digest_alg_name_is_wellformed(s, (size_t)(colon - s)))
        return false;
    for (const char *p = colon + 1; p < s + n; p++)
        if (!is_encoded_char(*p))
            return false;
    return true;
}

int oci_digest_parse(const char *s, size_t n, oci_digest *out, oci_error *err)
{
    const char *colon = n > 0 ? memchr(s, ':', n) : NULL;
    oci_digest d = { 0 };
    size_t digits;

    if (colon == NULL)
        return oci_fail(err, OCI_E_INVALID, "'%.*s' is not a digest: it has no ':'", shown(n), s);
    digits = n - (size_t)(colon + 1 - s);
    if (digits == 0)
        return oci_fail(err, OCI_E_INVALID, "'%.*s' is not a digest: it ends after the ':'", shown(n), s);
    d.alg = oci_digest_alg_find(s, (size_t)(colon - s));
    if (d.alg == OCI_DIGEST_NONE) {
        if (!oci_digest_is_wellformed(s, n))
            return oci_fail(err, OCI_E_INVALID, "'%.*s' is not a digest: it does not fit the grammar", shown(n), s);
        return oci_fail(err, OCI_E_UNSUPPORTED, "digest '%.*s': algorithm '%.*s' is not supported", shown(n), s,
                        shown((size_t)(colon - s)), s);
    }
    d.len = (uint8_t)oci_digest_alg_len(d.alg);
    if (digits != (size_t)2 * d.len)
        return oci_fail(err, OCI_E_SIZE, "digest '%.*s': %s has %d digits, not %zu", shown(n), s,
                        oci_digest_alg_name(d.alg), 2 * d.len, digits);
    if (!oci_hex_decode(colon + 1, digits, d.bytes, d.len))
        return oci_fail(err, OCI_E_INVALID, "digest '%.*s': %s has only the digits 0-9 and a-f", shown(n), s,
                        oci_digest_alg_name(d.alg));
    *out = d;
    return 0;
}

int oci_digest_validate(const char *s, size_t n, oci_error *err)
{
    oci_digest ignored;

    return oci_digest_parse(s, n, &ignored, err);
}

int oci_digest_from_raw(oci_digest_alg alg, const void *bytes, size_t n, oci_digest *out, oci_error *err)
{
    size_t len = oci_digest_alg_len(alg);
    oci_digest d = { .alg = alg, .len = (uint8_t)len };

    if (len == 0)
        return oci_fail(err, OCI_E_UNSUPPORTED, "digest algorithm number %u is not registered", alg);
    if (n != len)
        return oci_fail(err, OCI_E_SIZE, "a %s hash has %zu bytes, not %zu", oci_digest_alg_name(alg), len, n);
    memcpy(d.bytes, bytes, n);
    *out = d;
    return 0;
}

size_t oci_digest_encoded(const oci_digest *d, char *out, size_t cap)
{
    size_t digits = (size_t)2 * d->len;

    if (!oci_digest_is_sound(d) || cap <= digits)
        return 0;
    oci_hex_encode(d->bytes, d->len, out);
    return digits;
}

size_t oci_digest_format(const oci_digest *d, char *out, size_t cap)
{
    const char *name = oci_digest_alg_name(d->alg);
    size_t len = name != NULL ? strlen(name) : 0;

    if (!oci_digest_is_sound(d) || cap <= len + 1 + (size_t)2 * d->len)
        return 0;
    memcpy(out, name, len);
    out[len] = ':';
    return len + 1 + oci_digest_encoded(d, out + len + 1, cap - len - 1);
}

int oci_digest_compare(const oci_digest *a, const oci_digest *b)
{
    int order = (a->alg > b->alg) - (a->alg < b->alg);

    if (order == 0)
        order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);
    return order != 0 ? order : (a->len > b->len) - (a->len < b->len);
}

bool oci_digest_equal(const oci_digest *a, const oci_digest *b)
{
    return oci_digest_compare(a, b) == 0;
}

uint64_t oci_digest_hash(const oci_digest *d, uint64_t seed)
{
    const uint64_t seeds[2] = { seed, d->alg };

    return oci_siphash(seeds, d->bytes, d->len);
}
