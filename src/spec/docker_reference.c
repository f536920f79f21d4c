/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names of images as Docker and its successors read them (distribution, package reference):
 *
 *     [DOMAIN/]PATH[:TAG]      the first component is a DOMAIN when it has a dot or a colon, a capital, or is localhost
 */
#include <string.h>

#include "base/buf.h"
#include "base/fail.h"
#include "spec.h"

enum { NAME_MAX_LENGTH = 255, TAG_MAX_LENGTH = 128, ID_LENGTH = 64 };

static bool is_lower_or_digit(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_letter_or_digit(char c)
{
    return is_lower_or_digit(c) || (c >= 'A' && c <= 'Z');
}

/* The length of the separator at s: one of "." "_" "__", or any number of "-". */
static size_t separator_length(const char *s)
{
    if (s[0] == '-')
        return strspn(s, "-");
    if (s[0] == '_')
        return s[1] == '_' ? 2 : 1;
    return s[0] == '.';
}

/* Components joined by "/", each of runs of [a-z0-9] joined by separators. */
static bool is_path(const char *s, size_t n)
{
    const char *end = s + n;

    for (;;) {
        if (s == end || !is_lower_or_digit(*s))
            return false;
        while (s < end && is_lower_or_digit(*s))
            s++;
        if (s == end)
            return true;
        if (*s == '/') {
            s++;
            continue;
        }
        n = separator_length(s);
        if (n == 0)
            return false;
        s += n < (size_t)(end - s) ? n : (size_t)(end - s);
    }
}

static bool is_tag(const char *s)
{
    size_t n = 0;

    while (is_letter_or_digit(s[n]) || s[n] == '_' || (n > 0 && (s[n] == '.' || s[n] == '-')))
        n++;
    return n > 0 && n <= TAG_MAX_LENGTH && s[n] == '\0';
}

/* Host names, joined by dots, and perhaps a port. */
static bool is_domain(const char *s, size_t n)
{
    const char *colon = memchr(s, ':', n);
    size_t host = colon != NULL ? (size_t)(colon - s) : n;

    for (size_t i = 0; i < host; i++)
        if (!is_letter_or_digit(s[i]) && !((s[i] == '.' || s[i] == '-') && i > 0 && i + 1 < host && s[i - 1] != '.' &&
                                           (s[i] == '-' || is_letter_or_digit(s[i + 1]))))
            return false;
    for (size_t i = host + 1; i < n; i++)
        if (s[i] < '0' || s[i] > '9')
            return false;
    return host > 0 && (colon == NULL || host + 1 < n);
}

/* The length of the domain in front, 0 for none. */
static size_t domain_length(const char *name)
{
    size_t n = strcspn(name, "/");
    bool tells = n == strlen("localhost") && memcmp(name, "localhost", n) == 0;

    if (name[n] == '\0')
        return 0;
    for (size_t i = 0; i < n; i++)
        tells = tells || name[i] == '.' || name[i] == ':' || (name[i] >= 'A' && name[i] <= 'Z');
    return tells ? n : 0;
}

static bool is_id(const char *name)
{
    return strlen(name) == ID_LENGTH && strspn(name, "0123456789abcdef") == ID_LENGTH;
}

int oci_docker_reference(const char *name, oci_buf *out, oci_error *err)
{
    const size_t domain = domain_length(name);
    const char *path = domain > 0 ? name + domain + 1 : name, *colon = strchr(path, ':');
    const size_t n = colon != NULL ? (size_t)(colon - path) : strlen(path);
    const bool docker = domain == 0 || (domain == strlen("docker.io") && memcmp(name, "docker.io", domain) == 0) ||
                        (domain == strlen("index.docker.io") && memcmp(name, "index.docker.io", domain) == 0);

    if ((domain > 0 && !is_domain(name, domain)) || !is_path(path, n) || (colon != NULL && !is_tag(colon + 1)) ||
        is_id(name) || domain + n > NAME_MAX_LENGTH)
        return oci_fail(err, OCI_E_USAGE, "'%s' cannot be the name of an image in Docker's format", name);
    out->len = 0;
    return oci_buf_printf(out, err, "%.*s/%s%.*s:%s", docker ? (int)strlen("docker.io") : (int)domain,
                          docker ? "docker.io" : name, docker && memchr(path, '/', n) == NULL ? "library/" : "", (int)n,
                          path, colon != NULL ? colon + 1 : "latest");
}
