/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/text.h"
#include "spec.h"

/* The grammar of RFC 3986 appendix A, from the scheme to the fragment. Text is cut at its delimiters first, so each
 * part is a run of allowed characters; only the host in brackets has a shape of its own. */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* unreserved and sub-delims */
static bool is_plain(char c)
{
    return is_letter(c) || is_digit(c) || (c != '\0' && strchr("-._~!$&'()*+,;=", c) != NULL);
}

/* Whether s[0..n) holds plain characters, escapes and those of more only. */
static bool is_run(const char *s, size_t n, const char *more)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i] == '%') {
            if (n - i < 3 || oci_hex_digit(s[i + 1]) < 0 || oci_hex_digit(s[i + 2]) < 0)
                return false;
            i += 2;
        } else if (!is_plain(s[i]) && (s[i] == '\0' || strchr(more, s[i]) == NULL)) {
            return false;
        }
    }
    return true;
}

/* The length of the scheme, 0 when no colon ends one. */
static size_t scheme_length(const char *s)
{
    size_t n = 0;

    if (!is_letter(s[0]))
        return 0;
    while (is_letter(s[n]) || is_digit(s[n]) || s[n] == '+' || s[n] == '-' || s[n] == '.')
        n++;
    return s[n] == ':' ? n : 0;
}

/* What stands between the brackets: an IPv6 address by its characters, or "v" and a version for later ones. */
static bool is_literal(const char *s, size_t n)
{
    if (n > 0 && (s[0] == 'v' || s[0] == 'V')) {
        size_t i = 1;

        while (i < n && oci_hex_digit(s[i]) >= 0)
            i++;
        return i > 1 && i + 1 < n && s[i] == '.' && memchr(s, '%', n) == NULL && is_run(s + i + 1, n - i - 1, ":");
    }
    for (size_t i = 0; i < n; i++)
        if (oci_hex_digit(s[i]) < 0 && s[i] != ':' && s[i] != '.')
            return false;
    return n >= 2 && memchr(s, ':', n) != NULL;
}

static bool is_authority(const char *s, size_t n)
{
    const char *at = memchr(s, '@', n), *colon;

    if (at != NULL) {
        size_t user = (size_t)(at - s);

        if (!is_run(s, user, ":"))
            return false;
        s += user + 1;
        n -= user + 1;
    }
    if (n > 0 && s[0] == '[') {
        const char *close = memchr(s, ']', n);
        size_t host;

        if (close == NULL || !is_literal(s + 1, (size_t)(close - s) - 1))
            return false;
        host = (size_t)(close - s) + 1;
        s += host;
        n -= host;
        if (n > 0 && s[0] != ':')
            return false;
    }
    colon = memchr(s, ':', n);
    if (colon != NULL) {
        for (const char *p = colon + 1; p < s + n; p++)
            if (!is_digit(*p))
                return false;
        n = (size_t)(colon - s);
    }
    return is_run(s, n, "");
}

bool oci_uri_is_wellformed(const char *s)
{
    size_t n = scheme_length(s);

    if (n == 0)
        return false;
    s += n + 1;
    if (s[0] == '/' && s[1] == '/') {
        s += 2;
        n = strcspn(s, "/?#");
        if (!is_authority(s, n))
            return false;
        s += n;
    }
    n = strcspn(s, "?#");
    if (!is_run(s, n, ":@/"))
        return false;
    s += n;
    if (*s == '?') {
        n = strcspn(++s, "#");
        if (!is_run(s, n, ":@/?"))
            return false;
        s += n;
    }
    return *s == '\0' || is_run(s + 1, strlen(s + 1), ":@/?");
}
