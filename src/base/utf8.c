/* SPDX-License-Identifier: Apache-2.0 */
#include "utf8.h"

#include <stdio.h>
#include <string.h>

static bool is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

size_t oci_utf8_decode(const char *s, size_t n, uint32_t *code)
{
    const unsigned char *p = (const unsigned char *)s;
    uint32_t value;
    size_t len;

    if (n == 0)
        return 0;
    if (p[0] < 0x80) {
        value = p[0];
        len = 1;
    } else if (p[0] >= 0xc2 && p[0] <= 0xdf && n >= 2 && is_tail(p[1])) {
        value = (p[0] & 0x1fU) << 6 | (p[1] & 0x3fU);
        len = 2;
    } else if ((p[0] & 0xf0) == 0xe0 && n >= 3 && is_tail(p[1]) && is_tail(p[2])) {
        value = (p[0] & 0x0fU) << 12 | (p[1] & 0x3fU) << 6 | (p[2] & 0x3fU);
        if (value < 0x800 || (value >= 0xd800 && value <= 0xdfff))
            return 0;
        len = 3;
    } else if (p[0] >= 0xf0 && p[0] <= 0xf4 && n >= 4 && is_tail(p[1]) && is_tail(p[2]) && is_tail(p[3])) {
        value = (p[0] & 0x07U) << 18 | (p[1] & 0x3fU) << 12 | (p[2] & 0x3fU) << 6 | (p[3] & 0x3fU);
        if (value < 0x10000 || value > 0x10ffff)
            return 0;
        len = 4;
    } else {
        return 0;
    }
    if (code != NULL)
        *code = value;
    return len;
}

bool oci_utf8_is_valid(const char *s, size_t n)
{
    while (n > 0) {
        size_t len = oci_utf8_decode(s, n, NULL);

        if (len == 0)
            return false;
        s += len;
        n -= len;
    }
    return true;
}

size_t oci_utf8_encode(uint32_t code, char out[4])
{
    if (code < 0x80) {
        out[0] = (char)code;
        return 1;
    }
    if (code < 0x800) {
        out[0] = (char)(0xc0 | code >> 6);
        out[1] = (char)(0x80 | (code & 0x3f));
        return 2;
    }
    if (code < 0x10000) {
        out[0] = (char)(0xe0 | code >> 12);
        out[1] = (char)(0x80 | (code >> 6 & 0x3f));
        out[2] = (char)(0x80 | (code & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | code >> 18);
    out[1] = (char)(0x80 | (code >> 12 & 0x3f));
    out[2] = (char)(0x80 | (code >> 6 & 0x3f));
    out[3] = (char)(0x80 | (code & 0x3f));
    return 4;
}

/* Whether a terminal may act on the character: C0, DEL, C1, and the marks that turn the direction of text. */
static bool is_control(uint32_t code)
{
    return code < 0x20 || (code >= 0x7f && code <= 0x9f) || code == 0x2028 || code == 0x2029 || code == 0x200e ||
           code == 0x200f || (code >= 0x202a && code <= 0x202e) || (code >= 0x2066 && code <= 0x2069);
}

size_t oci_utf8_escape(const char *s, size_t n, char *out, size_t cap)
{
    static const char more[] = "...";
    size_t used = 0, safe = 0;

    while (n > 0) {
        char piece[4 * 4 + 1];
        uint32_t code = 0;
        size_t len = oci_utf8_decode(s, n, &code);
        size_t step = len > 0 ? len : 1;
        size_t add;

        if (len > 0 && !is_control(code)) {
            memcpy(piece, s, len);
            add = len;
        } else {
            add = 0;
            for (size_t i = 0; i < step; i++)
                add += (size_t)snprintf(piece + add, sizeof piece - add, "\\x%02x", (unsigned char)s[i]);
        }
        if (used + add + 1 > cap) {
            size_t room = cap >= sizeof more ? sizeof more - 1 : 0;

            memcpy(out + safe, more, room);
            out[safe + room] = '\0';
            return safe + room;
        }
        memcpy(out + used, piece, add);
        used += add;
        if (used + sizeof more <= cap)
            safe = used;
        s += step;
        n -= step;
    }
    out[used] = '\0';
    return used;
}
