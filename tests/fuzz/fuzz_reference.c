/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a reference are its text again, in order; a platform is printed as it is read. */
#include <string.h>

#include "base/buf.h"
#include "spec/spec.h"

#include "fuzz.h"

static const char *transport_prefix(oci_transport transport)
{
    switch (transport) {
    case OCI_TRANSPORT_OCI:
        return "oci:";
    case OCI_TRANSPORT_OCI_ARCHIVE:
        return "oci-archive:";
    case OCI_TRANSPORT_DOCKER_ARCHIVE:
        return "docker-archive:";
    case OCI_TRANSPORT_ANY:
        break;
    }
    return "";
}

static void check_reference(const char *text)
{
    OCI_AUTO_BUF oci_buf joined = OCI_BUF_INIT;
    OCI_AUTO(oci_reference) ref = NULL;
    oci_error err = OCI_ERROR_INIT;

    if (oci_reference_parse(text, NULL, NULL, &ref, &err) < 0) {
        FUZZ_CHECK(err.code == OCI_E_USAGE && err.msg[0] != '\0');
        return;
    }
    FUZZ_CHECK(ref->path[0] != '\0');
    FUZZ_CHECK(ref->name == NULL || ref->name[0] != '\0');
    FUZZ_CHECK(ref->digest == NULL || oci_digest_is_wellformed(ref->digest, strlen(ref->digest)));
    FUZZ_CHECK(oci_buf_printf(&joined, &err, "%s%s%s%s%s%s", transport_prefix(ref->transport), ref->path,
                              ref->name != NULL ? ":" : "", ref->name != NULL ? ref->name : "",
                              ref->digest != NULL ? "@" : "", ref->digest != NULL ? ref->digest : "") == 0);
    FUZZ_CHECK(strcmp(joined.data, text) == 0);
}

static void check_platform(const char *text)
{
    OCI_AUTO(oci_platform) p = NULL;
    OCI_AUTO(oci_platform) again = NULL;
    char first[256], second[256];

    if (oci_platform_parse(text, &p, NULL) < 0 || oci_platform_format(p, first, sizeof first) == sizeof first - 1)
        return;
    FUZZ_CHECK(oci_platform_parse(first, &again, NULL) == 0);
    oci_platform_format(again, second, sizeof second);
    FUZZ_CHECK(strcmp(first, second) == 0);
    FUZZ_CHECK(oci_platform_matches(p, p) == oci_platform_matches(p, again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    OCI_AUTO_BUF oci_buf text = OCI_BUF_INIT;

    FUZZ_CHECK(oci_buf_append(&text, data, size, NULL) == 0 && oci_buf_putc(&text, '\0', NULL) == 0);
    check_reference(text.data);
    check_platform(text.data);
    oci_ref_name_is_wellformed(text.data);
    oci_uri_is_wellformed(text.data);
    return 0;
}
