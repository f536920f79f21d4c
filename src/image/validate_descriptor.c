/* SPDX-License-Identifier: Apache-2.0 */
/* Rules of descriptor.md and of platforms (image-index.md) that need no other document. */
#include "validation.h"

#include <stdio.h>
#include <string.h>

#include "base/num.h"
#include "base/text.h"

/* ---- platforms ---- */

/* The values that Go has for GOARCH and GOOS. */
static const char *const architectures[] = {
    "386",     "amd64",  "amd64p32", "arm",      "armbe",     "arm64",       "arm64be", "loong64",
    "mips",    "mipsle", "mips64",   "mips64le", "mips64p32", "mips64p32le", "ppc",     "ppc64",
    "ppc64le", "riscv",  "riscv64",  "s390",     "s390x",     "sparc",       "sparc64", "wasm",
};
static const char *const systems[] = {
    "aix",   "android", "darwin", "dragonfly", "freebsd", "hurd",    "illumos", "ios",     "js",
    "linux", "nacl",    "netbsd", "openbsd",   "plan9",   "solaris", "wasip1",  "windows", "zos",
};

static bool is_one_of(const char *s, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(s, list[i]) == 0)
            return true;
    return false;
}

/* "v8" and "v8.1" with a first number from least to most. */
static bool is_version(const char *s, const char *prefix, const char *suffix, uint64_t least, uint64_t most)
{
    size_t before = strlen(prefix), n = strlen(s), after = strlen(suffix);
    uint64_t number, minor;
    const char *dot;

    if (!oci_starts_with(s, prefix) || !oci_ends_with(s, suffix) || n < before + after)
        return false;
    s += before;
    n -= before + after;
    dot = memchr(s, '.', n);
    if (dot != NULL && !oci_parse_u64(dot + 1, n - (size_t)(dot + 1 - s), 99, &minor))
        return false;
    return oci_parse_u64(s, dot != NULL ? (size_t)(dot - s) : n, most, &number) && number >= least;
}

/* Whether the table of variants has the architecture, and then the variant. */
static bool is_variant(const char *architecture, const char *variant, bool later)
{
    bool plain = strchr(variant, '.') == NULL;

    if (strcmp(architecture, "arm") == 0)
        return plain && is_version(variant, "v", "", 5, 8);
    if (strcmp(architecture, "arm64") == 0)
        return later ? is_version(variant, "v", "", 8, 9) : strcmp(variant, "v8") == 0;
    if (!later)
        return true;
    if (strcmp(architecture, "amd64") == 0)
        return plain && is_version(variant, "v", "", 1, 4);
    if (strcmp(architecture, "ppc64le") == 0)
        return plain && is_version(variant, "power", "", 8, 99);
    if (strcmp(architecture, "riscv64") == 0)
        return plain && is_version(variant, "rva", "u64", 20, 99);
    return true;
}

/* BuildKit calls the platform of what is no image "unknown", and nobody is to run it. */
static oci_told told_of(const oci_node *n, const char *value)
{
    return n->is_attestation && strcmp(value, "unknown") == 0 ? OCI_TOLD_INFO : OCI_TOLD_RULE;
}

static void check_architecture(oci_node *n, oci_pointer *at, const char *architecture, const char *rule)
{
    size_t before = oci_pointer_add(at, "architecture", OCI_NO_INDEX);
    const char *better, *variant;

    if (architecture[0] == '\0')
        oci_tell(n, rule, OCI_TOLD_RULE, at->text, "the architecture is empty");
    else if (oci_platform_alias(architecture, &better, &variant))
        oci_tell(n, rule, OCI_TOLD_RULE, at->text, "the architecture is called '%s', not '%s'", better, architecture);
    else if (!is_one_of(architecture, architectures, sizeof architectures / sizeof *architectures))
        oci_tell(n, rule, told_of(n, architecture), at->text, "'%s' is no architecture that Go knows", architecture);
    oci_pointer_cut(at, before);
}

static void check_os(oci_node *n, oci_pointer *at, const char *os, const char *rule)
{
    size_t before = oci_pointer_add(at, "os", OCI_NO_INDEX);

    if (os[0] == '\0')
        oci_tell(n, rule, OCI_TOLD_RULE, at->text, "the os is empty");
    else if (strcmp(os, "macos") == 0)
        oci_tell(n, rule, OCI_TOLD_RULE, at->text, "the os is called 'darwin', not 'macos'");
    else if (!is_one_of(os, systems, sizeof systems / sizeof *systems))
        oci_tell(n, rule, told_of(n, os), at->text, "'%s' is no system that Go knows", os);
    oci_pointer_cut(at, before);
}

static void check_variant(oci_node *n, oci_pointer *at, const oci_platform *p, const char *rule)
{
    bool later = oci_report_is_spec(n->report, OCI_SPEC_1_1);
    size_t before = oci_pointer_add(at, "variant", OCI_NO_INDEX);
    char better[64];

    snprintf(better, sizeof better, "v%s", p->variant);
    if (is_variant(p->architecture, p->variant, later))
        ;
    else if (is_variant(p->architecture, better, later))
        oci_tell(n, rule, OCI_TOLD_RULE, at->text, "the variant is called '%s', not '%s'", better, p->variant);
    else
        oci_tell(n, rule, OCI_TOLD_RULE, at->text, "'%s' is no variant of %s in the table", p->variant,
                 p->architecture);
    oci_pointer_cut(at, before);
}

void oci_check_platform_values(oci_node *n, oci_pointer *at, const oci_platform *p, const oci_platform_rules *rules)
{
    check_architecture(n, at, p->architecture, rules->architecture);
    check_os(n, at, p->os, rules->os);
    if (p->variant != NULL && p->variant[0] != '\0')
        check_variant(n, at, p, rules->variant);
    for (size_t i = 0; strcmp(p->os, "windows") == 0 && i < p->os_features.count; i++) {
        size_t before = oci_pointer_add(at, "os.features", i);

        if (strcmp(p->os_features.items[i], "win32k") != 0)
            oci_tell(n, rules->features, OCI_TOLD_RULE, at->text, "'%s' is no feature of Windows that is defined",
                     p->os_features.items[i]);
        oci_pointer_cut(at, before);
    }
}

static void check_platform(oci_node *n, oci_pointer *at, const oci_descriptor *d)
{
    static const oci_platform_rules rules = { "platform.architecture.goarch-produce", "platform.os.goos-produce",
                                              "platform.variant.produce", "platform.os-features.windows-produce" };
    const oci_platform *p = d->platform;
    bool was = n->is_attestation;

    n->is_attestation = was || oci_annotations_get(d->annotations, "vnd.docker.reference.type") != NULL;
    oci_check_platform_values(n, at, p, &rules);
    n->is_attestation = was;
    if (p->features.count > 0) {
        size_t before = oci_pointer_add(at, "features", OCI_NO_INDEX);

        oci_tell(n, "platform.features.reserved", OCI_TOLD_RULE, at->text, "the member is reserved and has no meaning");
        oci_pointer_cut(at, before);
    }
}

/* ---- digests ---- */

static bool is_hex(const char *s)
{
    return strspn(s, "0123456789abcdef") == strlen(s);
}

void oci_check_digest_rules(oci_node *n, oci_pointer *at, const char *text, const oci_digest *digest)
{
    static const char blake3[] = "blake3:";
    bool is_blake3 = oci_report_is_spec(n->report, OCI_SPEC_HEAD) && oci_starts_with(text, blake3);
    const char *encoded = text + strlen(blake3);

    if (is_blake3 && (strlen(encoded) != 64 || !is_hex(encoded)))
        oci_tell(n, "digest.blake3.encoded", OCI_TOLD_RULE, at->text, "'%s' does not have 64 digits 0-9 and a-f", text);
    else if (!oci_starts_with(text, "sha256:") && !oci_starts_with(text, "sha512:"))
        oci_tell(n, "digest.unrecognized.accept", OCI_TOLD_RULE, at->text,
                 digest->alg != OCI_DIGEST_NONE ? "the algorithm of '%s' is not registered"
                                                : "content with the digest '%s' cannot be verified here",
                 text);
}

/* ---- media types ---- */

static const char *rule_of_docker(oci_media_kind kind)
{
    switch (kind) {
    case OCI_MEDIA_INDEX:
        return "media.compat.docker-manifest-list";
    case OCI_MEDIA_MANIFEST:
        return "media.compat.docker-manifest";
    case OCI_MEDIA_CONFIG:
        return "media.compat.docker-config";
    case OCI_MEDIA_LAYER:
    case OCI_MEDIA_OTHER:
    case OCI_MEDIA_DESCRIPTOR:
    case OCI_MEDIA_LAYOUT:
    case OCI_MEDIA_EMPTY:
        break;
    }
    return "media.compat.docker-layer";
}

void oci_check_media_type_rules(oci_node *n, oci_pointer *at, const char *media_type)
{
    oci_media_info info = oci_media_type_info(media_type);
    size_t before = oci_pointer_add(at, "mediaType", OCI_NO_INDEX);

    if (info.docker && !n->is_docker)
        oci_tell(n, rule_of_docker(info.kind), OCI_TOLD_RULE, at->text, "'%s' is a type of Docker", media_type);
    if (info.nondistributable)
        oci_tell(n, "media.nondist-deprecated", OCI_TOLD_RULE, at->text, "'%s' is deprecated", media_type);
    if (info.compression == OCI_COMPRESSION_ZSTD && !oci_report_is_spec(n->report, OCI_SPEC_1_1))
        oci_tell(n, "layer.media.zstd", OCI_TOLD_RULE, at->text, "'%s' came with image-spec 1.1", media_type);
    if (info.kind == OCI_MEDIA_EMPTY)
        oci_tell_later(n, OCI_SPEC_1_1, at->text, "the empty descriptor");
    oci_pointer_cut(at, before);
}

/* Schemes are compared without regard to case (RFC 3986 section 3.1). */
static bool is_http(const char *url)
{
    char scheme[8];

    snprintf(scheme, sizeof scheme, "%.*s", (int)strcspn(url, ":"), url);
    return oci_equal_nocase(scheme, "http") || oci_equal_nocase(scheme, "https");
}

static void check_member(oci_node *n, oci_pointer *at, const char *name, bool there)
{
    size_t before = oci_pointer_add(at, name, OCI_NO_INDEX);

    if (there)
        oci_tell_later(n, OCI_SPEC_1_1, at->text, name);
    oci_pointer_cut(at, before);
}

void oci_check_descriptor_rules(oci_node *n, oci_pointer *at, const oci_descriptor *d)
{
    size_t before;

    oci_check_media_type_rules(n, at, d->media_type);
    before = oci_pointer_add(at, "digest", OCI_NO_INDEX);
    oci_check_digest_rules(n, at, d->digest_text, &d->digest);
    oci_pointer_cut(at, before);
    for (size_t i = 0; i < d->urls.count; i++) {
        before = oci_pointer_add(at, "urls", i);

        if (oci_uri_is_wellformed(d->urls.items[i]) && !is_http(d->urls.items[i]))
            oci_tell(n, "descriptor.urls.http-scheme", OCI_TOLD_RULE, at->text, "'%s' is not fetched by http or https",
                     d->urls.items[i]);
        oci_pointer_cut(at, before);
    }
    check_member(n, at, "data", d->has_data);
    check_member(n, at, "artifactType", d->artifact_type != NULL);
    oci_check_annotation_rules(n, at, d->annotations);
    if (d->platform != NULL) {
        before = oci_pointer_add(at, "platform", OCI_NO_INDEX);
        check_platform(n, at, d);
        oci_pointer_cut(at, before);
    }
}

void oci_check_has_platform(oci_node *n, const oci_pointer *at, const oci_descriptor *d, const char *rule)
{
    oci_pointer pointer = *at;

    oci_media_info info = oci_media_type_info(d->media_type);

    oci_pointer_add(&pointer, "platform", OCI_NO_INDEX);
    if (info.kind == OCI_MEDIA_MANIFEST && !info.docker && d->artifact_type == NULL && d->platform == NULL)
        oci_tell(n, rule, OCI_TOLD_RULE, pointer.text, "the descriptor of a manifest has no platform");
}
