/* SPDX-License-Identifier: Apache-2.0 */
#include "lexeme.h"

#include "base/buf.h"
#include "base/text.h"
#include "base/utf8.h"

enum { FIRST_HIGH = 0xd800, FIRST_LOW = 0xdc00, LAST_LOW = 0xdfff };

bool oci_json_is_noncharacter(uint32_t code)
{
    return (code >= 0xfdd0 && code <= 0xfdef) || (code & 0xfffe) == 0xfffe;
}

#define NO_UTF8      "considerations.json.utf8"
#define NO_CHARACTER "considerations.json.no-surrogates"

/* rule is NULL for what is no JSON at all. */
static int refuse(oci_json_lexeme *out, const char *rule, const char *problem)
{
    out->rule = rule;
    out->problem = problem;
    return OCI_E_INVALID;
}

/* A character that stands for itself, neither a quote nor a backslash. */
static int read_character(const char *s, size_t n, size_t *at, oci_json_lexeme *out)
{
    uint32_t code;
    size_t len = oci_utf8_decode(s + *at, n - *at, &code);

    if (len == 0)
        return refuse(out, NO_UTF8, "invalid UTF-8");
    if (code < 0x20)
        return refuse(out, NULL, "control character in a string");
    if (oci_json_is_noncharacter(code))
        return refuse(out, NO_CHARACTER, "Unicode noncharacter in a string");
    *at += len;
    return 0;
}

/* The four digits of \uXXXX from s[at] on. */
static bool read_hex(const char *s, size_t n, size_t at, uint32_t *code)
{
    uint32_t value = 0;

    if (n - at < 4)
        return false;
    for (size_t i = 0; i < 4; i++) {
        int digit = oci_hex_digit(s[at + i]);

        if (digit < 0)
            return false;
        value = value << 4 | (uint32_t)digit;
    }
    *code = value;
    return true;
}

/* s[*at] is the 'u' of an escape; reads both halves of a surrogate pair. */
static int read_unicode(const char *s, size_t n, size_t *at, uint32_t *code, oci_json_lexeme *out)
{
    size_t here = *at + 1;
    uint32_t low = 0;

    if (!read_hex(s, n, here, code))
        return refuse(out, NULL, "\\u without four hexadecimal digits");
    here += 4;
    if (*code >= FIRST_HIGH && *code <= LAST_LOW) {
        bool paired = *code < FIRST_LOW && n - here >= 2 && s[here] == '\\' && s[here + 1] == 'u' &&
                      read_hex(s, n, here + 2, &low) && low >= FIRST_LOW && low <= LAST_LOW;

        if (!paired)
            return refuse(out, NO_CHARACTER, "lone surrogate in a string");
        *code = 0x10000 + ((*code - FIRST_HIGH) << 10) + (low - FIRST_LOW);
        here += 6;
    }
    if (oci_json_is_noncharacter(*code))
        return refuse(out, NO_CHARACTER, "Unicode noncharacter in a string");
    *at = here;
    return 0;
}

/* s[*at] is what follows a backslash. */
static int read_escape(const char *s, size_t n, size_t *at, oci_buf *scratch, oci_json_lexeme *out)
{
    char bytes[4];
    uint32_t code;
    int r;

    if (*at == n)
        return refuse(out, NULL, "string without an end");
    switch (s[*at]) {
    case '"':
    case '\\':
    case '/':
        code = (unsigned char)s[*at];
        break;
    case 'b':
        code = '\b';
        break;
    case 'f':
        code = '\f';
        break;
    case 'n':
        code = '\n';
        break;
    case 'r':
        code = '\r';
        break;
    case 't':
        code = '\t';
        break;
    case 'u':
        r = read_unicode(s, n, at, &code, out);
        if (r < 0)
            return r;
        return oci_buf_append(scratch, bytes, oci_utf8_encode(code, bytes), NULL);
    default:
        return refuse(out, NULL, "unknown escape in a string");
    }
    ++*at;
    return oci_buf_append(scratch, bytes, oci_utf8_encode(code, bytes), NULL);
}

int oci_json_read_string(const char *s, size_t n, size_t *at, oci_buf *scratch, oci_json_lexeme *out)
{
    size_t run = ++*at; /* where the piece begins that is not in scratch yet */
    bool escaped = false;
    int r;

    scratch->len = 0;
    for (;;) {
        unsigned char c = *at < n ? (unsigned char)s[*at] : '\0';

        if (c >= 0x20 && c < 0x80 && c != '"' && c != '\\') {
            ++*at;
            continue;
        }
        if (*at == n)
            return refuse(out, NULL, "string without an end");
        if (c == '"')
            break;
        if (c != '\\') {
            r = read_character(s, n, at, out);
        } else {
            r = oci_buf_append(scratch, s + run, *at - run, NULL);
            ++*at;
            if (r == 0)
                r = read_escape(s, n, at, scratch, out);
            run = *at;
            escaped = true;
        }
        if (r < 0)
            return r;
    }
    if (escaped) {
        r = oci_buf_append(scratch, s + run, *at - run, NULL);
        if (r < 0)
            return r;
    }
    *out = (oci_json_lexeme) { .text = escaped ? scratch->data : s + run, .len = escaped ? scratch->len : *at - run };
    ++*at;
    return 0;
}
