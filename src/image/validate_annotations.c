/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of annotations.md: keys and the values of those that image-spec defines. */
#include "validation.h"

#include <string.h>

#include "base/buf.h"
#include "base/text.h"
#include "base/time.h"

#define IMAGE_PREFIX "org.opencontainers.image."

/* ---- grammars ---- */

static bool is_alphanum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

/* "com.example.key": labels with a dot between them, nothing but letters, digits and - . _ / */
static bool is_reverse_domain(const char *key)
{
    size_t n = strcspn(key, "./");

    return n > 0 && key[n] == '.' && key[n + 1] != '\0' &&
           strspn(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._/") == strlen(key);
}

/* The length of the separator at s: one of -._:@+ or "--". */
static size_t separator(const char *s)
{
    if (s[0] == '-' && s[1] == '-')
        return 2;
    return s[0] != '\0' && strchr("-._:@+", s[0]) != NULL ? 1 : 0;
}

/* ref ::= component ("/" component)*, component ::= alphanum (separator alphanum)* (annotations.md). */
static bool is_ref_name(const char *s)
{
    for (;;) {
        size_t n = 0;

        if (!is_alphanum(*s))
            return false;
        while (is_alphanum(*s))
            s++;
        if (*s == '\0')
            return true;
        n = *s == '/' ? 1 : separator(s);
        if (n == 0)
            return false;
        s += n;
    }
}

static bool is_url(const char *s)
{
    return oci_uri_is_wellformed(s) && strstr(s, "://") != NULL;
}

/* The length of a license or exception name of SPDX, "+" at its end included. */
static size_t spdx_name(const char *s)
{
    size_t n = 0;

    while (is_alphanum(s[n]) || s[n] == '-' || s[n] == '.' || s[n] == ':')
        n++;
    return n > 0 && s[n] == '+' ? n + 1 : n;
}

static bool is_word(const char *s, size_t n, const char *word)
{
    return n == strlen(word) && memcmp(s, word, n) == 0;
}

static bool is_operator(const char *s, size_t n)
{
    return is_word(s, n, "AND") || is_word(s, n, "OR") || is_word(s, n, "WITH");
}

/* Names and operators in turn, parentheses balanced (SPDX annex on license expressions). */
static bool is_spdx(const char *s)
{
    bool want_name = true;
    size_t open = 0;

    for (;;) {
        size_t n;

        s += strspn(s, " ");
        if (*s == '\0')
            return !want_name && open == 0;
        if (*s == '(' && want_name) {
            open++;
            s++;
            continue;
        }
        if (*s == ')' && !want_name && open > 0) {
            open--;
            s++;
            continue;
        }
        n = spdx_name(s);
        if (n == 0 || is_operator(s, n) == want_name)
            return false;
        want_name = !want_name;
        s += n;
    }
}

static bool is_digest(const char *s)
{
    oci_error why = OCI_ERROR_INIT;
    int r = oci_digest_validate(s, strlen(s), &why);

    return r == 0 || (r == OCI_E_UNSUPPORTED && oci_digest_is_wellformed(s, strlen(s)));
}

/* Lower-case path components, a registry before them if it has a dot or port, a tag and a digest behind. */
static bool is_reference(const char *s)
{
    const char *at = strchr(s, '@');
    size_t n = at != NULL ? (size_t)(at - s) : strlen(s);

    if (n == 0 || s[0] == '/' || s[n - 1] == '/' || (at != NULL && !is_digest(at + 1)))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!is_alphanum(s[i]) && strchr("-._:/", s[i]) == NULL)
            return false;
    return true;
}

static bool is_fully_qualified(const char *s)
{
    size_t n = strcspn(s, "/");

    return s[n] == '/' && (memchr(s, '.', n) != NULL || memchr(s, ':', n) != NULL || is_word(s, n, "localhost"));
}

/* ---- values ---- */

static void check_created(oci_node *n, const char *pointer, const char *value)
{
    if (!oci_time_parse_rfc3339(value, strlen(value), NULL, NULL))
        oci_tell(n, "annotations.created.rfc3339", OCI_TOLD_RULE, pointer, "'%s' is no RFC 3339 date-time", value);
}

static void check_url(oci_node *n, const char *pointer, const char *value)
{
    if (!is_url(value))
        oci_tell(n, "annotations.urls", OCI_TOLD_RULE, pointer, "'%s' is no URL", value);
}

static void check_licenses(oci_node *n, const char *pointer, const char *value)
{
    if (!is_spdx(value))
        oci_tell(n, "annotations.licenses.spdx", OCI_TOLD_RULE, pointer, "'%s' is no SPDX license expression", value);
}

static void check_ref_name(oci_node *n, const char *pointer, const char *value)
{
    static const char chars[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:@/+";

    if (strspn(value, chars) != strlen(value))
        oci_tell(n, "annotations.ref-name.charset", OCI_TOLD_RULE, pointer,
                 "the name '%s' has characters that names should not have", value);
    else if (!is_ref_name(value))
        oci_tell(n, "annotations.ref-name.grammar", OCI_TOLD_RULE, pointer, "the name '%s' does not fit the grammar",
                 value);
}

static void check_base_digest(oci_node *n, const char *pointer, const char *value)
{
    if (!is_digest(value))
        oci_tell(n, "annotations.base-digest.digest", OCI_TOLD_RULE, pointer, "'%s' is no digest", value);
}

static void check_base_name(oci_node *n, const char *pointer, const char *value)
{
    if (!is_reference(value))
        oci_tell(n, "annotations.base-name.format", OCI_TOLD_RULE, pointer, "'%s' is no reference", value);
    else if (!is_fully_qualified(value))
        oci_tell(n, "annotations.base-name.fully-qualified", OCI_TOLD_RULE, pointer, "'%s' names no registry", value);
}

/* What image-spec defines below its prefix; NULL for free texts. */
static const struct {
    const char *name;
    void (*check)(oci_node *n, const char *pointer, const char *value);
} known[] = {
    { "created", check_created },
    { "authors", NULL },
    { "url", check_url },
    { "documentation", check_url },
    { "source", check_url },
    { "version", NULL },
    { "revision", NULL },
    { "vendor", NULL },
    { "licenses", check_licenses },
    { "ref.name", check_ref_name },
    { "title", NULL },
    { "description", NULL },
    { "base.digest", check_base_digest },
    { "base.name", check_base_name },
    /* These are made of a configuration (conversion.md). */
    { "os", NULL },
    { "architecture", NULL },
    { "variant", NULL },
    { "os.version", NULL },
    { "os.features", NULL },
    { "author", NULL },
    { "exposedPorts", NULL },
    { "stopSignal", NULL },
};

static void check_image_key(oci_node *n, const char *pointer, const oci_pair *pair)
{
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(pair->key + strlen(IMAGE_PREFIX), known[i].name) == 0) {
            if (known[i].check != NULL)
                known[i].check(n, pointer, pair->value);
            return;
        }
    oci_tell(n, "annotations.reserved-oci-image", OCI_TOLD_RULE, pointer, "image-spec defines no key '%s'", pair->key);
}

static bool is_reserved(const char *key)
{
    return oci_starts_with(key, "org.opencontainers.");
}

static void check_pair(oci_node *n, const char *pointer, const oci_pair *pair)
{
    if (oci_starts_with(pair->key, IMAGE_PREFIX))
        check_image_key(n, pointer, pair);
    else if (is_reserved(pair->key) && strcmp(pair->key, "org.opencontainers.referrers."
                                                         "filtersApplied") != 0)
        oci_tell(n, "annotations.reserved-oci", OCI_TOLD_RULE, pointer, "no OCI specification defines the key '%s'",
                 pair->key);
    else if (!is_reverse_domain(pair->key))
        oci_tell(n, "annotations.reverse-domain", OCI_TOLD_RULE, pointer,
                 "the key '%s' is not in reverse domain notation", pair->key);
}

void oci_check_annotation_rules(oci_node *n, oci_pointer *at, const oci_annotations *a)
{
    size_t before = oci_pointer_add(at, "annotations", OCI_NO_INDEX);

    for (size_t i = 0; a != NULL && i < a->count && n->failed == 0; i++) {
        OCI_AUTO_BUF oci_buf pointer = OCI_BUF_INIT;

        n->failed = oci_pointer_of_key(&pointer, at->text, a->items[i].key);
        if (n->failed == 0)
            check_pair(n, pointer.data, &a->items[i]);
    }
    if (oci_annotations_get(a, IMAGE_PREFIX "base.name") != NULL &&
        oci_annotations_get(a, IMAGE_PREFIX "base.digest") == NULL) {
        oci_pointer_add(at, IMAGE_PREFIX "base.digest", OCI_NO_INDEX);
        oci_tell(n, "annotations.base-name.with-digest", OCI_TOLD_RULE, at->text,
                 "base.name stands without base.digest");
    }
    oci_pointer_cut(at, before);
}

void oci_check_label_rules(oci_node *n, const oci_annotations *labels)
{
    for (size_t i = 0; labels != NULL && i < labels->count && n->failed == 0; i++) {
        OCI_AUTO_BUF oci_buf pointer = OCI_BUF_INIT;

        n->failed = oci_pointer_of_key(&pointer, "/config/Labels", labels->items[i].key);
        if (n->failed == 0 && is_reserved(labels->items[i].key))
            check_pair(n, pointer.data, &labels->items[i]);
    }
}
