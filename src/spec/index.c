/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "spec.h"

static int check_media_type(oci_decode *d, const void *field)
{
    return oci_check_own_type(d, *(const char *const *)field, OCI_MEDIA_INDEX, "index.media-type.value");
}

static int check_artifact_type(oci_decode *d, const void *field)
{
    return oci_check_type_name(d, *(const char *const *)field, "index.artifact-type.rfc6838");
}

static const oci_field fields[] = {
    { .name = "schemaVersion",
      .kind = OCI_FIELD_FIXED,
      .presence = OCI_REQUIRED,
      .fixed = 2,
      .required_rule = "index.schema-version.required",
      .type_rule = "index.schema-version.value" },
    OCI_FIELD_WITH(oci_index, "mediaType", media_type, OCI_FIELD_STRING, OCI_OPTIONAL, .check = check_media_type,
                   .type_rule = "index.media-type.value"),
    OCI_FIELD_WITH(oci_index, "artifactType", artifact_type, OCI_FIELD_STRING, OCI_OPTIONAL,
                   .check = check_artifact_type, .type_rule = "index.artifact-type.rfc6838"),
    OCI_FIELD_WITH(oci_index, "manifests", manifests, OCI_FIELD_OBJECTS, OCI_REQUIRED,
                   .count_offset = offsetof(oci_index, n_manifests), .sub = &oci_descriptor_type,
                   .required_rule = "index.manifests.required", .type_rule = "index.manifests.required",
                   .null_rule = "index.manifests.required"),
    OCI_FIELD_WITH(oci_index, "subject", subject, OCI_FIELD_OBJECT, OCI_OPTIONAL, .sub = &oci_descriptor_type,
                   .type_rule = "index.subject.descriptor"),
    OCI_FIELD_WITH(oci_index, "annotations", annotations, OCI_FIELD_STRING_MAP, OCI_OPTIONAL,
                   .type_rule = "index.annotations.rules"),
    /* A document that is a manifest as well would be read in two ways by two readers. */
    { .name = "config", .presence = OCI_FORBIDDEN, .type_rule = "index.media-type.compatible" },
    { .name = "layers", .presence = OCI_FORBIDDEN, .type_rule = "index.media-type.compatible" },
    { .name = "fsLayers", .presence = OCI_FORBIDDEN, .type_rule = "index.media-type.compatible" },
};

const oci_type oci_index_type = {
    .what = "image index",
    .size = sizeof(oci_index),
    .fields = fields,
    .n_fields = sizeof fields / sizeof fields[0],
    .unknown_offset = offsetof(oci_index, unknown),
};

int oci_index_parse(const void *json, size_t n, const oci_limits *limits, oci_index **out, oci_error *err)
{
    const oci_decode_options options = { .limits = limits };
    void *d;
    int r = oci_decode_document(&oci_index_type, json, n, &options, &d, err);

    if (r < 0)
        return r;
    *out = d;
    return 0;
}

int oci_index_print(const oci_index *d, oci_buf *out, oci_error *err)
{
    return oci_encode_document(&oci_index_type, d, OCI_PRINT_COMPACT, out, err);
}

void oci_index_free(oci_index *d)
{
    oci_decoded_free(d);
}
