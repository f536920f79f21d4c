/* SPDX-License-Identifier: Apache-2.0 */
#include <inttypes.h>
#include <string.h>

#include "check.h"
#include "spec.h"

/* ---- platform ---- */

static const oci_field platform_fields[] = {
    OCI_FIELD_WITH(oci_platform, "architecture", architecture, OCI_FIELD_STRING, OCI_REQUIRED,
                   .required_rule = "platform.architecture.required", .type_rule = "platform.architecture.required"),
    OCI_FIELD_WITH(oci_platform, "os", os, OCI_FIELD_STRING, OCI_REQUIRED, .required_rule = "platform.os.required",
                   .type_rule = "platform.os.required"),
    OCI_FIELD_WITH(oci_platform, "os.version", os_version, OCI_FIELD_STRING, OCI_OPTIONAL,
                   .type_rule = "platform.os-version.string"),
    OCI_FIELD_WITH(oci_platform, "os.features", os_features, OCI_FIELD_STRINGS, OCI_OPTIONAL,
                   .type_rule = "platform.os-features.array"),
    OCI_FIELD_WITH(oci_platform, "variant", variant, OCI_FIELD_STRING, OCI_OPTIONAL,
                   .type_rule = "platform.variant.produce"),
    OCI_FIELD_WITH(oci_platform, "features", features, OCI_FIELD_STRINGS, OCI_OPTIONAL,
                   .type_rule = "platform.features.reserved"),
};

const oci_type oci_platform_type = {
    .what = "platform",
    .size = sizeof(oci_platform),
    .fields = platform_fields,
    .n_fields = sizeof platform_fields / sizeof platform_fields[0],
    .unknown_offset = offsetof(oci_platform, unknown),
};

/* ---- descriptor ---- */

static int check_media_type(oci_decode *d, const void *field)
{
    return oci_check_type_name(d, *(const char *const *)field, "descriptor.media-type.rfc6838");
}

static int check_artifact_type(oci_decode *d, const void *field)
{
    return oci_check_type_name(d, *(const char *const *)field, "descriptor.artifact-type.rfc6838");
}

static int check_digest(oci_decode *d, const void *field)
{
    const char *text = *(const char *const *)field;
    oci_digest digest;

    return oci_check_digest(d, text, strlen(text), &digest);
}

static int check_urls(oci_decode *d, const void *field)
{
    const oci_strings *urls = field;

    for (size_t i = 0; i < urls->count; i++)
        if (!oci_uri_is_wellformed(urls->items[i])) {
            int r = oci_decode_problem_at(d, NULL, i, OCI_E_INVALID, "descriptor.urls.rfc3986",
                                          "'%s' is no absolute URI", urls->items[i]);

            if (r < 0)
                return r;
        }
    return 0;
}

static const oci_field descriptor_fields[] = {
    OCI_FIELD_WITH(oci_descriptor, "mediaType", media_type, OCI_FIELD_STRING, OCI_REQUIRED, .check = check_media_type,
                   .required_rule = "descriptor.media-type.required", .type_rule = "descriptor.media-type.string"),
    OCI_FIELD_WITH(oci_descriptor, "digest", digest_text, OCI_FIELD_STRING, OCI_REQUIRED, .check = check_digest,
                   .required_rule = "descriptor.digest.required", .type_rule = "descriptor.digest.conforms"),
    OCI_FIELD_WITH(oci_descriptor, "size", size, OCI_FIELD_U63, OCI_REQUIRED,
                   .required_rule = "descriptor.size.required", .type_rule = "descriptor.size.int64",
                   .negative_rule = "descriptor.size.non-negative"),
    OCI_FIELD_WITH(oci_descriptor, "urls", urls, OCI_FIELD_STRINGS, OCI_OPTIONAL, .check = check_urls,
                   .type_rule = "descriptor.urls.array"),
    OCI_FIELD_WITH(oci_descriptor, "annotations", annotations, OCI_FIELD_STRING_MAP, OCI_OPTIONAL,
                   .type_rule = "descriptor.annotations.rules"),
    OCI_FIELD_WITH(oci_descriptor, "data", data, OCI_FIELD_BASE64, OCI_OPTIONAL,
                   .count_offset = offsetof(oci_descriptor, has_data), .type_rule = "descriptor.data.base64"),
    OCI_FIELD_WITH(oci_descriptor, "platform", platform, OCI_FIELD_OBJECT, OCI_OPTIONAL, .sub = &oci_platform_type,
                   .type_rule = "platform.architecture.required"),
    OCI_FIELD_WITH(oci_descriptor, "artifactType", artifact_type, OCI_FIELD_STRING, OCI_OPTIONAL,
                   .check = check_artifact_type, .type_rule = "descriptor.artifact-type.rfc6838"),
};

/* Whether the digest is that of p[0..n); one of an algorithm that is not known counts as right. */
static int has_digest(oci_decode *d, const char *rule, const oci_digest *digest, const void *p, size_t n, bool *out)
{
    oci_error why = OCI_ERROR_INIT;
    oci_digest got;
    int r;

    *out = true;
    if (digest->alg == OCI_DIGEST_NONE)
        return 0;
    r = oci_digest_of(digest->alg, p, n, &got, &why);
    if (r < 0)
        return r == OCI_E_NOMEM ? r : oci_decode_problem_at(d, "digest", OCI_NO_INDEX, r, rule, "%s", why.msg);
    *out = oci_digest_equal(&got, digest);
    return 0;
}

/* The empty descriptor of manifest.md stands for the two bytes "{}" and nothing else. */
static int check_empty(oci_decode *d, const oci_descriptor *desc)
{
    static const char payload[] = { '{', '}' };
    bool same;
    int r;

    if (oci_media_type_info(desc->media_type).kind != OCI_MEDIA_EMPTY)
        return 0;
    if (desc->size != sizeof payload)
        return oci_decode_problem_at(d, "size", OCI_NO_INDEX, OCI_E_INVALID, "empty.payload",
                                     "the size of empty content is 2, not %" PRIu64, desc->size);
    r = has_digest(d, "empty.payload", &desc->digest, payload, sizeof payload, &same);
    if (r == 0 && !same)
        r = oci_decode_problem_at(d, "digest", OCI_NO_INDEX, OCI_E_INVALID, "empty.payload",
                                  "'%s' is not the digest of empty content", desc->digest_text);
    return r;
}

static int check_data(oci_decode *d, const oci_descriptor *desc)
{
    bool same;
    int r;

    if (!desc->has_data)
        return 0;
    if (desc->data.len != desc->size)
        return oci_decode_problem_at(d, "data", OCI_NO_INDEX, OCI_E_SIZE, "descriptor.data.identical",
                                     "embedded content has %zu bytes, not %" PRIu64, desc->data.len, desc->size);
    r = has_digest(d, "descriptor.data.identical", &desc->digest, desc->data.data, desc->data.len, &same);
    if (r == 0 && !same)
        r = oci_decode_problem_at(d, "data", OCI_NO_INDEX, OCI_E_DIGEST, "descriptor.data.identical",
                                  "embedded content does not have the digest '%s'", desc->digest_text);
    return r;
}

static int check_descriptor(oci_decode *d, void *object)
{
    oci_descriptor *desc = object;
    int r;

    if (oci_digest_parse(desc->digest_text, strlen(desc->digest_text), &desc->digest, NULL) < 0)
        desc->digest = (oci_digest) { .alg = OCI_DIGEST_NONE };
    r = check_empty(d, desc);
    return r < 0 ? r : check_data(d, desc);
}

const oci_type oci_descriptor_type = {
    .what = "descriptor",
    .size = sizeof(oci_descriptor),
    .fields = descriptor_fields,
    .n_fields = sizeof descriptor_fields / sizeof descriptor_fields[0],
    .unknown_offset = offsetof(oci_descriptor, unknown),
    .check = check_descriptor,
};
