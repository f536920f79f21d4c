/* SPDX-License-Identifier: Apache-2.0 */
#include "text.h"

#include <string.h>

bool oci_starts_with(const char *s, const char *prefix)
{
    return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool oci_ends_with(const char *s, const char *suffix)
{
    size_t n = strlen(s), m = strlen(suffix);

    return n >= m && strcmp(s + n - m, suffix) == 0;
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool oci_equal_nocase(const char *a, const char *b)
{
    while (*a != '\0' && lower(*a) == lower(*b)) {
        a++;
        b++;
    }
    return lower(*a) == lower(*b);
}

void oci_hex_encode(const void *p, size_t n, char *out)
{
    static const char digits[] = "0123456789abcdef";
    const unsigned char *bytes = p;

    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    out[2 * n] = '\0';
}

int oci_hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static int lower_digit(char c)
{
    return c >= 'A' && c <= 'F' ? -1 : oci_hex_digit(c);
}

bool oci_hex_decode(const char *s, size_t len, void *out, size_t n)
{
    unsigned char *bytes = out;

    if (len % 2 != 0 || len / 2 != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        int high = lower_digit(s[2 * i]), low = lower_digit(s[2 * i + 1]);

        if (high < 0 || low < 0)
            return false;
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    return true;
}

size_t oci_base64_length(size_t n)
{
    size_t groups = n / 3 + (n % 3 != 0);

    return groups <= (SIZE_MAX - 1) / 4 ? groups * 4 : 0;
}

void oci_base64_encode(const void *p, size_t n, char *out)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *bytes = p;

    for (size_t i = 0; i < n; i += 3) {
        size_t have = n - i < 3 ? n - i : 3;
        uint32_t bits = (uint32_t)bytes[i] << 16;

        if (have > 1)
            bits |= (uint32_t)bytes[i + 1] << 8;
        if (have > 2)
            bits |= bytes[i + 2];
        for (size_t k = 0; k < 4; k++)
            *out++ = k <= have ? digits[bits >> (18 - 6 * k) & 63] : '=';
    }
    *out = '\0';
}

static int base64_value(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

size_t oci_base64_max(size_t n)
{
    return n / 4 * 3;
}

bool oci_base64_decode(const char *s, size_t n, void *out, size_t *len)
{
    unsigned char *bytes = out;
    size_t used = 0;

    if (n % 4 != 0)
        return false;
    for (size_t i = 0; i < n; i += 4) {
        size_t padding = i + 4 < n ? 0 : (size_t)(s[i + 3] == '=') + (s[i + 3] == '=' && s[i + 2] == '=');
        uint32_t bits = 0;

        for (size_t k = 0; k < 4 - padding; k++) {
            int value = base64_value(s[i + k]);

            if (value < 0)
                return false;
            bits |= (uint32_t)value << (18 - 6 * k);
        }
        if ((bits & ((UINT32_C(1) << (8 * padding)) - 1)) != 0)
            return false;
        for (size_t k = 0; k < 3 - padding; k++)
            bytes[used++] = (unsigned char)(bits >> (16 - 8 * k));
    }
    *len = used;
    return true;
}
