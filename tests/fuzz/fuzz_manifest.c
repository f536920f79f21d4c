/* SPDX-License-Identifier: Apache-2.0 */
/* What parses prints, and what was printed parses and prints the same. */
#include <string.h>

#include "spec/spec.h"

#include "fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const oci_limits wide = { .max_document = UINT64_C(1) << 32 }; /* for texts that printing made longer */
    OCI_AUTO_BUF oci_buf first = OCI_BUF_INIT, second = OCI_BUF_INIT;
    OCI_AUTO(oci_manifest) d = NULL;
    OCI_AUTO(oci_manifest) again = NULL;
    oci_error err = OCI_ERROR_INIT;

    if (oci_manifest_parse(data, size, NULL, &d, &err) < 0) {
        FUZZ_CHECK(err.code < 0 && err.msg[0] != '\0' && d == NULL);
        return 0;
    }
    FUZZ_CHECK(oci_manifest_print(d, &first, &err) == 0);
    FUZZ_CHECK(oci_manifest_parse(first.data, first.len, &wide, &again, &err) == 0);
    FUZZ_CHECK(oci_manifest_print(again, &second, &err) == 0);
    FUZZ_CHECK(first.len == second.len && memcmp(first.data, second.data, first.len) == 0);
    return 0;
}
