/* SPDX-License-Identifier: Apache-2.0 */
#include "lexeme.h"

#include <string.h>

#include "base/num.h"

/* 2^1024 - 2^970, halfway between the largest double and the next power of two: what lies below is rounded to a finite
 * number, the rest to infinity. */
static const char first_infinite[] =
    "1797693134862315807937289714053034150799341327100378269361737789804449682927647509466490179775872070"
    "9633028641669288791094655554785194040263065748867150582068190890200070838367627385484581771153176447"
    "5730270069855571366959622842914819860834936475292719074168444365510704342711559699508093042880177904"
    "174497792";
enum { FIRST_INFINITE_DIGITS = sizeof first_infinite - 1 };

/* The pieces of a number: MANTISSA digits with or without a point, and an exponent. */
struct pieces {
    const char *mantissa;
    size_t mantissa_len;
    size_t whole; /* digits before the point */
    const char *exponent;
    size_t exponent_len;
    bool exponent_negative;
};

static size_t count_digits(const char *s, size_t n, size_t at)
{
    size_t count = 0;

    while (at + count < n && s[at + count] >= '0' && s[at + count] <= '9')
        count++;
    return count;
}

/* The power of ten above the number when its first significant digit is the one at position first of the mantissa. */
static int64_t magnitude_of(const struct pieces *p, size_t first)
{
    /* Larger than any shift that the digits of a text in memory can make up for. */
    static const uint64_t huge = (uint64_t)1 << 61;
    int64_t shift = first < p->whole ? (int64_t)(p->whole - first) : -(int64_t)(first - p->whole - 1);
    size_t zeros = 0;
    uint64_t exponent = 0;

    while (zeros < p->exponent_len && p->exponent[zeros] == '0')
        zeros++;
    if (zeros < p->exponent_len && !oci_parse_u64(p->exponent + zeros, p->exponent_len - zeros, huge, &exponent))
        exponent = huge;
    return p->exponent_negative ? shift - (int64_t)exponent : shift + (int64_t)exponent;
}

/* Decided on the digits, because strtod follows the locale. */
static bool is_finite(const struct pieces *p)
{
    size_t first = 0, limit = 0;
    int64_t magnitude;

    while (first < p->mantissa_len && (p->mantissa[first] == '0' || p->mantissa[first] == '.'))
        first++;
    if (first == p->mantissa_len)
        return true; /* zero */
    magnitude = magnitude_of(p, first);
    if (magnitude != FIRST_INFINITE_DIGITS)
        return magnitude < FIRST_INFINITE_DIGITS;
    for (size_t i = first; i < p->mantissa_len && limit < FIRST_INFINITE_DIGITS; i++) {
        if (p->mantissa[i] == '.')
            continue;
        if (p->mantissa[i] != first_infinite[limit])
            return p->mantissa[i] < first_infinite[limit];
        limit++;
    }
    return limit < FIRST_INFINITE_DIGITS;
}

static bool is_64_bits(const char *s, size_t n)
{
    int64_t i;
    uint64_t u;

    return s[0] == '-' ? oci_parse_i64(s, n, &i) : oci_parse_u64(s, n, UINT64_MAX, &u);
}

static int refuse(oci_json_lexeme *out, const char *problem)
{
    out->problem = problem;
    return OCI_E_INVALID;
}

/* The grammar of RFC 8259 section 6; *at ends behind the number or at the byte that breaks it. */
static int split(const char *s, size_t n, size_t *at, struct pieces *p, oci_json_lexeme *out)
{
    size_t digits;

    if (s[*at] == '-')
        ++*at;
    p->mantissa = s + *at;
    p->whole = count_digits(s, n, *at);
    if (p->whole == 0)
        return refuse(out, "number without a digit");
    if (p->whole > 1 && s[*at] == '0')
        return refuse(out, "number with a leading zero");
    *at += p->whole;
    if (*at < n && s[*at] == '.') {
        ++*at;
        digits = count_digits(s, n, *at);
        if (digits == 0)
            return refuse(out, "number without a digit after its point");
        *at += digits;
    }
    p->mantissa_len = (size_t)(s + *at - p->mantissa);
    if (*at < n && (s[*at] == 'e' || s[*at] == 'E')) {
        ++*at;
        if (*at < n && (s[*at] == '+' || s[*at] == '-'))
            p->exponent_negative = s[(*at)++] == '-';
        digits = count_digits(s, n, *at);
        if (digits == 0)
            return refuse(out, "number without a digit in its exponent");
        p->exponent = s + *at;
        p->exponent_len = digits;
        *at += digits;
    }
    return 0;
}

int oci_json_read_number(const char *s, size_t n, size_t *at, oci_json_lexeme *out)
{
    struct pieces p = { 0 };
    size_t start = *at;
    int r = split(s, n, at, &p, out);

    if (r < 0)
        return r;
    *out = (oci_json_lexeme) { .text = s + start,
                               .len = *at - start,
                               .is_integer = p.mantissa_len == p.whole && p.exponent_len == 0 };
    if (out->is_integer ? is_64_bits(out->text, out->len) : is_finite(&p))
        return 0;
    *at = start;
    out->rule = "considerations.json.i-json";
    return refuse(out, out->is_integer ? "integer that does not fit 64 bits" : "number that is too large for a double");
}
