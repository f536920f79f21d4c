/* SPDX-License-Identifier: Apache-2.0 */
#include "digest_auto.h"

#include <string.h>

#include "alg.h"
#include "base/alloc.h"
#include "base/fail.h"
#include "base/vec.h"

/* Sorted by encoded text, then algorithm, without doubles. All encodings are hexadecimal, so the order of the bytes is
 * the order of the texts. */
struct oci_digest_set {
    oci_digest *items;
    size_t count, cap;
};

int oci_digest_set_new(oci_digest_set **out, oci_error *err)
{
    oci_digest_set *set = oci_calloc(1, sizeof *set);

    if (set == NULL)
        return oci_fail_nomem(err);
    *out = set;
    return 0;
}

void oci_digest_set_free(oci_digest_set *set)
{
    if (set == NULL)
        return;
    oci_free(set->items);
    oci_free(set);
}

static int compare(const oci_digest *a, const oci_digest *b)
{
    int order = memcmp(a->bytes, b->bytes, a->len < b->len ? a->len : b->len);

    if (order == 0)
        order = (a->len > b->len) - (a->len < b->len);
    return order != 0 ? order : (a->alg > b->alg) - (a->alg < b->alg);
}

/* Where d is or would be. */
static size_t position(const oci_digest_set *set, const oci_digest *d)
{
    size_t low = 0, high = set->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare(&set->items[middle], d) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const oci_digest_set *set, size_t i, const oci_digest *d)
{
    return i < set->count && oci_digest_equal(&set->items[i], d);
}

static int check(const oci_digest *d, oci_error *err)
{
    if (!oci_digest_is_sound(d))
        return oci_fail(err, OCI_E_USAGE, "not a digest of a registered algorithm");
    return 0;
}

int oci_digest_set_add(oci_digest_set *set, const oci_digest *d, oci_error *err)
{
    int r = check(d, err);
    size_t i;

    if (r < 0)
        return r;
    i = position(set, d);
    if (is_at(set, i, d))
        return 0;
    if (!OCI_VEC_PUSH(set, *d))
        return oci_fail_nomem(err);
    memmove(&set->items[i + 1], &set->items[i], (set->count - 1 - i) * sizeof *d);
    set->items[i] = *d;
    return 0;
}

int oci_digest_set_remove(oci_digest_set *set, const oci_digest *d, oci_error *err)
{
    int r = check(d, err);
    size_t i;

    if (r < 0)
        return r;
    i = position(set, d);
    if (is_at(set, i, d)) {
        set->count--;
        memmove(&set->items[i], &set->items[i + 1], (set->count - i) * sizeof *d);
    }
    return 0;
}

size_t oci_digest_set_count(const oci_digest_set *set)
{
    return set->count;
}

const oci_digest *oci_digest_set_at(const oci_digest_set *set, size_t i)
{
    return i < set->count ? &set->items[i] : NULL;
}

/* The i-th digit of the encoded text. */
static char digit(const oci_digest *d, size_t i)
{
    return "0123456789abcdef"[i % 2 == 0 ? d->bytes[i / 2] >> 4 : d->bytes[i / 2] & 15];
}

/* How the first n characters of the encoded text compare with s[0..n). */
static int compare_prefix(const oci_digest *d, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (i == (size_t)2 * d->len)
            return -1;
        if (digit(d, i) != s[i])
            return (unsigned char)digit(d, i) < (unsigned char)s[i] ? -1 : 1;
    }
    return 0;
}

/* The first digest whose encoded text begins with s or comes after it. */
static size_t first_with_prefix(const oci_digest_set *set, const char *s, size_t n)
{
    size_t low = 0, high = set->count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;

        if (compare_prefix(&set->items[middle], s, n) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* What begins with the prefix lies together; of that run, those of another algorithm than the wanted one do not count.
 * Digests that are exactly the prefix come first and win together: two of them are ambiguous. */
static int find(const oci_digest_set *set, oci_digest_alg alg, const char *prefix, size_t n, const oci_digest **out)
{
    const oci_digest *found = NULL;

    for (size_t i = first_with_prefix(set, prefix, n); i < set->count; i++) {
        const oci_digest *d = &set->items[i];

        if (compare_prefix(d, prefix, n) != 0)
            break;
        if (alg != OCI_DIGEST_NONE && d->alg != alg)
            continue;
        if (found != NULL && (size_t)2 * found->len == n && d->len > found->len)
            break;
        if (found != NULL)
            return OCI_E_AMBIGUOUS;
        found = d;
    }
    if (found == NULL)
        return OCI_E_NOT_FOUND;
    *out = found;
    return 0;
}

int oci_digest_set_lookup(const oci_digest_set *set, const char *s, size_t n, oci_digest *out, oci_error *err)
{
    const char *colon = n > 0 ? memchr(s, ':', n) : NULL;
    const char *prefix = colon != NULL ? colon + 1 : s;
    size_t len = n - (size_t)(prefix - s);
    oci_digest_alg alg = colon != NULL ? oci_digest_alg_find(s, (size_t)(colon - s)) : OCI_DIGEST_NONE;
    int shown = n < OCI_DIGEST_MAX_TEXT ? (int)n : OCI_DIGEST_MAX_TEXT;
    const oci_digest *found = NULL;
    int r = OCI_E_NOT_FOUND;

    if (len > 0 && (colon == NULL || alg != OCI_DIGEST_NONE))
        r = find(set, alg, prefix, len, &found);
    if (r == OCI_E_AMBIGUOUS)
        return oci_fail(err, r, "more than one digest begins with '%.*s'", shown, s);
    if (r < 0)
        return oci_fail(err, r, "no digest begins with '%.*s'", shown, s);
    *out = *found;
    return 0;
}

/* The digits that two encoded texts have in common at their beginnings. */
static size_t common(const oci_digest *a, const oci_digest *b)
{
    size_t shorter = (size_t)2 * (a->len < b->len ? a->len : b->len), i = 0;

    while (i < shorter && digit(a, i) == digit(b, i))
        i++;
    return i;
}

/* How many digits tell the i-th digest from its neighbours, and so from all others; 0 when no number does, because it
 * is the same hash under two algorithms. */
static size_t telling_digits(const oci_digest_set *set, size_t i)
{
    const oci_digest *d = &set->items[i];
    size_t len = (size_t)2 * d->len, need = 1;

    for (size_t k = i > 0 ? i - 1 : i + 1; k <= i + 1 && k < set->count; k += 2) {
        size_t same = common(d, &set->items[k]);

        if (same == len && set->items[k].len == d->len)
            return 0;
        if (same + 1 > need)
            need = same + 1;
    }
    /* The whole encoded part is enough, even where a longer one begins with it. */
    return need < len ? need : len;
}

int oci_digest_set_short(const oci_digest_set *set, size_t i, size_t min, char *out, size_t cap, oci_error *err)
{
    const oci_digest *d = oci_digest_set_at(set, i);
    char text[OCI_DIGEST_MAX_TEXT];
    const char *code = text;
    size_t len, need;

    if (d == NULL)
        return oci_fail(err, OCI_E_USAGE, "a set of %zu digests has no number %zu", set->count, i);
    len = oci_digest_format(d, text, sizeof text);
    need = telling_digits(set, i);
    if (need > 0) {
        code = strchr(text, ':') + 1;
        len = (size_t)2 * d->len;
        if (min > need)
            need = min;
        if (len > need)
            len = need;
    }
    if (cap <= len)
        return oci_fail(err, OCI_E_USAGE, "a short code of %zu characters does not fit into %zu bytes", len, cap);
    memcpy(out, code, len);
    out[len] = '\0';
    return 0;
}
