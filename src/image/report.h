/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_SRC_REPORT_H
#define OCI_IMAGE_SRC_REPORT_H
/* Inside of a report: how findings get into it. */
#include <oci-image/validate.h>

#include "base/cleanup.h"

OCI_DEFINE_AUTO(oci_report);

/* Findings that one report, or one layer, holds; the rest is counted. */
enum { OCI_REPORT_MAX = 10000 };

typedef enum oci_told {
    OCI_TOLD_RULE,    /* with the severity of the rule, less when the version asked for does not have it yet */
    OCI_TOLD_REFUSED, /* an error in every version: this cannot be unpacked */
    OCI_TOLD_WARNING, /* at most a warning */
    OCI_TOLD_INFO     /* information */
} oci_told;

/* Adds a finding. id is a rule; f says where it is (rule, severity and text are set here) and is copied. order is the
 * number of its document or blob in the walk. OCI_E_NOMEM. */
int oci_report_add(oci_report *r, const char *id, oci_told told, const oci_finding *f, size_t order, const char *fmt,
                   ...) OCI_PRINTF(6, 7);
/* Adds those of another report, which has the same options, in their order. */
int oci_report_append(oci_report *r, const oci_report *other);
/* Puts the findings from first on into the order of the walk; those of one order stay as they were told. */
void oci_report_sort(oci_report *r, size_t first);
/* Tells where in its text the findings of one document are, those of that order from first on: fills in line, column,
 * excerpt and caret. */
int oci_report_locate(oci_report *r, size_t first, size_t order, const char *text, size_t n);
/* The same for one finding whose offset is known. */
int oci_report_place(oci_report *r, size_t i, const char *text, size_t n, size_t offset);

const oci_validate_options *oci_report_options(const oci_report *r);
bool oci_report_is_spec(const oci_report *r, oci_spec_version least);

#endif
