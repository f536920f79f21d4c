/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_CMD_REPORT_FORMAT_H
#define OCI_CMD_REPORT_FORMAT_H
/*
 * What prints the findings of a validation. A format is a function in a file report_NAME.c and a row of
 * cli_report_formats; --format, the help and the completions follow from the table.
 *
 * Printers see an array and not a report, so that their tests can make one by hand.
 */
#include <stdio.h>

#include <oci-image/validate.h>

struct cli_report_view {
    const oci_finding *const *findings; /* in the order of the walk */
    size_t n;
    size_t errors, warnings, infos; /* of each severity in the array */
    size_t ignored;                 /* findings that the options say do not count; they are not in the array */
    oci_severity fail_on;           /* findings of this severity and above make the command fail */
    const char *const *subjects;    /* what was validated, as the user typed it */
    size_t n_subjects;
    const char *spec; /* "1.0", "1.1" or "head" */
    bool color;       /* for people on a terminal */
    bool quiet;       /* --quiet: errors alone, no summary */
};

struct cli_report_format {
    const char *name;
    /* 0 or OCI_E_NOMEM; failed writes are found when out is closed. */
    int (*print)(FILE *out, const struct cli_report_view *view);
};

/* The first one is the default; ends with a NULL name. */
extern const struct cli_report_format cli_report_formats[];
/* The names, for the option table. */
extern const char *const cli_report_format_names[];

int cli_report_text(FILE *out, const struct cli_report_view *view);
int cli_report_json(FILE *out, const struct cli_report_view *view);

/* "error", "warning", "info". */
const char *cli_severity_name(oci_severity severity);

#endif
