/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"
#include "spec.h"

static int check_media_type(oci_decode *d, const void *field)
{
    return oci_check_own_type(d, *(const char *const *)field, OCI_MEDIA_MANIFEST, "manifest.media-type.value");
}

static int check_artifact_type(oci_decode *d, const void *field)
{
    return oci_check_type_name(d, *(const char *const *)field, "manifest.artifact-type.rfc6838");
}

static const oci_field fields[] = {
    { .name = "schemaVersion",
      .kind = OCI_FIELD_FIXED,
      .presence = OCI_REQUIRED,
      .fixed = 2,
      .required_rule = "manifest.schema-version.required",
      .type_rule = "manifest.schema-version.value" },
    OCI_FIELD_WITH(oci_manifest, "mediaType", media_type, OCI_FIELD_STRING, OCI_OPTIONAL, .check = check_media_type,
                   .type_rule = "manifest.media-type.value"),
    OCI_FIELD_WITH(oci_manifest, "artifactType", artifact_type, OCI_FIELD_STRING, OCI_OPTIONAL,
                   .check = check_artifact_type, .type_rule = "manifest.artifact-type.rfc6838"),
    OCI_FIELD_WITH(oci_manifest, "config", config, OCI_FIELD_OBJECT, OCI_REQUIRED, .sub = &oci_descriptor_type,
                   .required_rule = "manifest.config.required", .type_rule = "manifest.config.descriptor"),
    OCI_FIELD_WITH(oci_manifest, "layers", layers, OCI_FIELD_OBJECTS, OCI_REQUIRED,
                   .count_offset = offsetof(oci_manifest, n_layers), .sub = &oci_descriptor_type,
                   .required_rule = "manifest.layers.required", .type_rule = "manifest.layers.required",
                   .null_rule = "manifest.layers.required"),
    OCI_FIELD_WITH(oci_manifest, "subject", subject, OCI_FIELD_OBJECT, OCI_OPTIONAL, .sub = &oci_descriptor_type,
                   .type_rule = "manifest.subject.descriptor"),
    OCI_FIELD_WITH(oci_manifest, "annotations", annotations, OCI_FIELD_STRING_MAP, OCI_OPTIONAL,
                   .type_rule = "manifest.annotations.rules"),
    /* A document that is an index as well would be read in two ways by two readers. */
    { .name = "manifests", .presence = OCI_FORBIDDEN, .type_rule = "manifest.media-type.compatible" },
    { .name = "fsLayers", .presence = OCI_FORBIDDEN, .type_rule = "manifest.media-type.compatible" },
};

static int check_manifest(oci_decode *d, void *object)
{
    const oci_manifest *m = object;

    if (m->artifact_type != NULL || oci_media_type_info(m->config->media_type).kind != OCI_MEDIA_EMPTY)
        return 0;
    return oci_decode_problem_at(d, "artifactType", OCI_NO_INDEX, OCI_E_INVALID,
                                 "manifest.artifact-type.required-for-empty-config",
                                 "artifactType is missing and the config is the empty one");
}

const oci_type oci_manifest_type = {
    .what = "image manifest",
    .size = sizeof(oci_manifest),
    .fields = fields,
    .n_fields = sizeof fields / sizeof fields[0],
    .unknown_offset = offsetof(oci_manifest, unknown),
    .check = check_manifest,
};

int oci_manifest_parse(const void *json, size_t n, const oci_limits *limits, oci_manifest **out, oci_error *err)
{
    const oci_decode_options options = { .limits = limits };
    void *d;
    int r = oci_decode_document(&oci_manifest_type, json, n, &options, &d, err);

    if (r < 0)
        return r;
    *out = d;
    return 0;
}

int oci_manifest_print(const oci_manifest *d, oci_buf *out, oci_error *err)
{
    return oci_encode_document(&oci_manifest_type, d, OCI_PRINT_COMPACT, out, err);
}

void oci_manifest_free(oci_manifest *d)
{
    oci_decoded_free(d);
}
