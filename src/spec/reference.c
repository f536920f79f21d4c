/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/alloc.h"
#include "base/fail.h"
#include "base/text.h"
#include "spec.h"

static const struct {
    const char *prefix;
    oci_transport transport;
} transports[] = {
    { "oci:", OCI_TRANSPORT_OCI },
    { "oci-archive:", OCI_TRANSPORT_OCI_ARCHIVE },
    { "docker-archive:", OCI_TRANSPORT_DOCKER_ARCHIVE },
};

/* The parts of a reference as places in its text; name and digest may be NULL. */
struct parts {
    oci_transport transport;
    const char *path, *name, *digest;
    size_t path_len, name_len;
};

static const char *cut_transport(const char *text, oci_transport *transport)
{
    for (size_t i = 0; i < sizeof transports / sizeof transports[0]; i++)
        if (oci_starts_with(text, transports[i].prefix)) {
            *transport = transports[i].transport;
            return text + strlen(transports[i].prefix);
        }
    return text;
}

/* Whether the '@' at at can only be a part of the path: a slash follows it before any colon. */
static bool is_in_path(const char *text, const char *at)
{
    const char *colon = strchr(text, ':'), *slash = strchr(at, '/');

    return slash != NULL && (colon == NULL || (at < colon && slash < colon));
}

/* Finds the digest behind the last '@' and sets *end to where the rest ends. */
static int cut_digest(const char *text, struct parts *p, const char **end, oci_error *err)
{
    const char *at = strrchr(text, '@');
    oci_error why = OCI_ERROR_INIT;
    int r;

    *end = text + strlen(text);
    if (at == NULL || is_in_path(text, at))
        return 0;
    r = oci_digest_validate(at + 1, strlen(at + 1), &why);
    if (r < 0 && r != OCI_E_UNSUPPORTED)
        return oci_fail(err, OCI_E_USAGE, "what follows the @ is no digest: %s", why.msg);
    p->digest = at + 1;
    *end = at;
    return 0;
}

static int split(const char *text, bool (*exists)(void *ctx, const char *path), void *ctx, struct parts *p,
                 oci_error *err)
{
    const char *rest = text, *end, *colon;
    bool whole = exists != NULL && exists(ctx, text);
    int r;

    if (!whole) {
        rest = cut_transport(text, &p->transport);
        whole = exists != NULL && rest != text && exists(ctx, rest);
    }
    p->path = rest;
    p->path_len = strlen(rest);
    if (whole && p->path_len > 0)
        return 0;
    r = cut_digest(rest, p, &end, err);
    if (r < 0)
        return r;
    colon = memchr(rest, ':', (size_t)(end - rest));
    p->path_len = (size_t)((colon != NULL ? colon : end) - rest);
    if (p->path_len == 0)
        return oci_fail(err, OCI_E_USAGE, "the path is missing");
    if (colon == NULL)
        return 0;
    p->name = colon + 1;
    p->name_len = (size_t)(end - p->name);
    if (p->name_len == 0)
        return oci_fail(err, OCI_E_USAGE, "the name after the colon is empty");
    return 0;
}

int oci_reference_parse(const char *text, bool (*exists)(void *ctx, const char *path), void *ctx, oci_reference **out,
                        oci_error *err)
{
    OCI_AUTO(oci_reference) ref = NULL;
    struct parts p = { .transport = OCI_TRANSPORT_ANY };
    int r = split(text, exists, ctx, &p, err);

    if (r < 0)
        return oci_wrap(err, r, "image reference '%s'", text);
    ref = oci_calloc(1, sizeof *ref);
    if (ref == NULL)
        return oci_fail_nomem(err);
    ref->transport = p.transport;
    ref->path = oci_strndup(p.path, p.path_len);
    ref->name = p.name != NULL ? oci_strndup(p.name, p.name_len) : NULL;
    ref->digest = p.digest != NULL ? oci_strdup(p.digest) : NULL;
    if (ref->path == NULL || (p.name != NULL && ref->name == NULL) || (p.digest != NULL && ref->digest == NULL))
        return oci_fail_nomem(err);
    *out = oci_steal(&ref);
    return 0;
}

void oci_reference_free(oci_reference *r)
{
    if (r == NULL)
        return;
    oci_free(r->path);
    oci_free(r->name);
    oci_free(r->digest);
    oci_free(r);
}

/* The length of the run of [A-Za-z0-9] at s. */
static size_t alphanum_length(const char *s)
{
    size_t n = 0;

    while ((s[n] >= 'a' && s[n] <= 'z') || (s[n] >= 'A' && s[n] <= 'Z') || (s[n] >= '0' && s[n] <= '9'))
        n++;
    return n;
}

bool oci_ref_name_is_wellformed(const char *name)
{
    /* Components are joined by "/" and made of runs joined by separators, so a run follows each of either. */
    for (;;) {
        size_t n = alphanum_length(name);

        if (n == 0)
            return false;
        name += n;
        if (*name == '\0')
            return true;
        if (strchr("/-._:@+", *name) == NULL)
            return false;
        name += oci_starts_with(name, "--") ? 2 : 1;
    }
}

/* A name as Docker takes it apart: [HOST/]PATH[:TAG]. */
struct docker_name {
    const char *host, *path, *tag;
    size_t host_len, path_len, tag_len;
};

static bool is_text(const char *s, size_t n, const char *text)
{
    return strlen(text) == n && memcmp(s, text, n) == 0;
}

static struct docker_name read_docker_name(const char *name)
{
    static const char hub[] = "docker.io", library[] = "library/";
    const char *slash = strchr(name, '/'), *last = strrchr(name, '/');
    const char *tag = strchr(last != NULL ? last : name, ':');
    size_t first = slash != NULL ? (size_t)(slash - name) : 0;
    struct docker_name d = { .host = hub, .path = name, .tag = "latest", .host_len = sizeof hub - 1, .tag_len = 6 };

    /* The first part is a host when it looks like one. */
    if (memchr(name, '.', first) != NULL || memchr(name, ':', first) != NULL || is_text(name, first, "localhost")) {
        if (!is_text(name, first, "index.docker.io")) {
            d.host = name;
            d.host_len = first;
        }
        d.path = slash + 1;
    }
    if (tag != NULL) {
        d.tag = tag + 1;
        d.tag_len = strlen(d.tag);
    }
    d.path_len = (tag != NULL ? (size_t)(tag - d.path) : strlen(d.path));
    if (is_text(d.host, d.host_len, hub) && oci_starts_with(d.path, library) &&
        memchr(d.path + sizeof library - 1, '/', d.path_len - (sizeof library - 1)) == NULL) {
        d.path += sizeof library - 1;
        d.path_len -= sizeof library - 1;
    }
    return d;
}

static bool equal(const char *a, size_t a_len, const char *b, size_t b_len)
{
    return a_len == b_len && memcmp(a, b, a_len) == 0;
}

bool oci_is_same_docker_name(const char *a, const char *b)
{
    const struct docker_name x = read_docker_name(a), y = read_docker_name(b);

    return equal(x.host, x.host_len, y.host, y.host_len) && equal(x.path, x.path_len, y.path, y.path_len) &&
           equal(x.tag, x.tag_len, y.tag, y.tag_len);
}
