/* SPDX-License-Identifier: Apache-2.0 */
#include "scan.h"

int oci_json_lint(const char *s, size_t n, const oci_limits *limits, oci_json_place *place, oci_error *err)
{
    OCI_AUTO(oci_json_scanner) sc = NULL;
    oci_json_token token;
    int r = oci_json_scanner_new(s, n, limits, &sc, err);

    if (r < 0) {
        if (place != NULL)
            *place = (oci_json_place) { .line = 1, .column = 1 };
        return r;
    }
    do {
        r = oci_json_scanner_next(sc, &token, err);
    } while (r > 0);
    if (r < 0 && place != NULL)
        *place = oci_json_scanner_place(sc);
    return r;
}
