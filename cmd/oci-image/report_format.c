/* SPDX-License-Identifier: Apache-2.0 */
#include "report_format.h"

const struct cli_report_format cli_report_formats[] = {
    { "text", cli_report_text },
    { "json", cli_report_json },
    { NULL, NULL },
};

const char *const cli_report_format_names[] = { "text", "json", NULL };

const char *cli_severity_name(oci_severity severity)
{
    switch (severity) {
    case OCI_SEVERITY_ERROR:
        return "error";
    case OCI_SEVERITY_WARNING:
        return "warning";
    case OCI_SEVERITY_INFO:
        break;
    }
    return "info";
}
