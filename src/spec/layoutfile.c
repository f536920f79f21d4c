/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "base/num.h"
#include "base/text.h"
#include "spec.h"

/* "1.x.y": another major version may lay out anything anywhere. */
static int check_version(oci_decode *d, const void *field)
{
    const char *version = *(const char *const *)field, *minor = version + 2;
    const char *dot = oci_starts_with(version, "1.") ? strchr(minor, '.') : NULL;
    uint64_t number;

    if (dot != NULL && oci_parse_u64(minor, (size_t)(dot - minor), UINT32_MAX, &number) &&
        oci_parse_u64(dot + 1, strlen(dot + 1), UINT32_MAX, &number))
        return 0;
    return oci_decode_problem(d, OCI_E_UNSUPPORTED, "layout.oci-layout.version-value",
                              "layout version '%s' is not 1.0.0", version);
}

static const oci_field fields[] = {
    OCI_FIELD_WITH(oci_layout_file, "imageLayoutVersion", version, OCI_FIELD_STRING, OCI_REQUIRED,
                   .check = check_version, .required_rule = "layout.oci-layout.version-present",
                   .type_rule = "layout.oci-layout.version-string"),
};

const oci_type oci_layout_file_type = {
    .what = "layout file",
    .size = sizeof(oci_layout_file),
    .fields = fields,
    .n_fields = sizeof fields / sizeof fields[0],
    .unknown_offset = SIZE_MAX,
};

int oci_layout_file_parse(const void *json, size_t n, const oci_limits *limits, oci_layout_file **out, oci_error *err)
{
    const oci_decode_options options = { .limits = limits };
    void *d;
    int r = oci_decode_document(&oci_layout_file_type, json, n, &options, &d, err);

    if (r < 0)
        return r;
    *out = d;
    return 0;
}

void oci_layout_file_free(oci_layout_file *d)
{
    oci_decoded_free(d);
}
