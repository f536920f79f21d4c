/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_NUM_H
#define OCI_BASE_NUM_H
/*
 * Arithmetic that cannot wrap, and strict reading of numbers. Everything returns whether it could be done and leaves
 * out untouched when it could not.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline bool oci_add_size(size_t a, size_t b, size_t *out)
{
    size_t r;

    if (__builtin_add_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}

static inline bool oci_mul_size(size_t a, size_t b, size_t *out)
{
    size_t r;

    if (__builtin_mul_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}

static inline bool oci_add_u64(uint64_t a, uint64_t b, uint64_t *out)
{
    uint64_t r;

    if (__builtin_add_overflow(a, b, &r))
        return false;
    *out = r;
    return true;
}

/* Decimal digits only, no sign, no blanks, at most max; the whole of s[0..n). */
bool oci_parse_u64(const char *s, size_t n, uint64_t max, uint64_t *out);
/* The same with an optional leading '-'. */
bool oci_parse_i64(const char *s, size_t n, int64_t *out);

#endif
