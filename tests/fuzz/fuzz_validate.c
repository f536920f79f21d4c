/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The first byte is what follows: '0' to '4' a document, '5' a layer. What the parser of unpacking refuses has an error
 * under every version, and findings have places.
 */
#include <string.h>

#include <oci-image/validate.h>

#include "image/report.h"
#include "spec/spec.h"
#include "stream/stream.h"

#include "fuzz.h"

static const oci_type *const types[] = { &oci_layout_file_type, &oci_index_type, &oci_manifest_type, &oci_config_type,
                                         &oci_descriptor_type };

static void check_findings(const oci_report *r, bool in_document)
{
    for (size_t i = 0; i < oci_report_count(r); i++) {
        const oci_finding *f = oci_report_finding(r, i);

        FUZZ_CHECK(f->rule != NULL && f->text != NULL && f->text[0] != '\0');
        FUZZ_CHECK(!in_document || i == OCI_REPORT_MAX || (f->line > 0 && f->column > 0 && f->excerpt != NULL));
        FUZZ_CHECK(f->excerpt == NULL || f->caret <= strlen(f->excerpt));
    }
}

static void check_document(int kind, const uint8_t *data, size_t size, oci_spec_version spec)
{
    const oci_validate_options o = { .spec = spec };
    const oci_decode_options plain = { .report = NULL };
    OCI_AUTO(oci_report) report = NULL;
    void *object = NULL;
    int parsed = oci_decode_document(types[kind], (const char *)data, size, &plain, &object, NULL);

    oci_decoded_free(object);
    FUZZ_CHECK(oci_report_new(&o, &report, NULL) == 0);
    FUZZ_CHECK(oci_validate_document(report, (oci_document_kind)kind, "input", data, size, NULL) == 0);
    FUZZ_CHECK(parsed == 0 || spec == OCI_SPEC_1_0 || oci_report_count_of(report, OCI_SEVERITY_ERROR) > 0);
    check_findings(report, true);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OCI_AUTO(oci_report) report = NULL;
    OCI_AUTO(oci_reader) reader = NULL;

    if (size == 0 || data[0] < '0' || data[0] > '5')
        return 0;
    if (data[0] < '5') {
        for (int spec = OCI_SPEC_1_0; spec <= OCI_SPEC_HEAD; spec++)
            check_document(data[0] - '0', data + 1, size - 1, (oci_spec_version)spec);
        return 0;
    }
    FUZZ_CHECK(oci_report_new(NULL, &report, NULL) == 0);
    FUZZ_CHECK(oci_reader_from_memory(data + 1, size - 1, &reader, NULL) == 0);
    FUZZ_CHECK(oci_validate_layer(report, "input", reader, NULL) == 0);
    check_findings(report, false);
    return 0;
}
