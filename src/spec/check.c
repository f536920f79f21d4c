/* SPDX-License-Identifier: Apache-2.0 */
#include "check.h"

#include <string.h>

#include "base/text.h"
#include "base/time.h"

int oci_check_type_name(oci_decode *d, const char *type, const char *rule)
{
    if (oci_media_type_is_wellformed(type))
        return 0;
    return oci_decode_problem(d, OCI_E_INVALID, rule, "'%s' is no media type", type);
}

int oci_check_own_type(oci_decode *d, const char *type, oci_media_kind kind, const char *rule)
{
    if (oci_media_type_info(type).kind == kind)
        return 0;
    return oci_decode_problem(d, OCI_E_INVALID, rule, "'%s' is not the media type of such a document", type);
}

int oci_check_time(oci_decode *d, const char *time, const char *rule)
{
    if (oci_time_parse_rfc3339(time, strlen(time), NULL, NULL))
        return 0;
    return oci_decode_problem(d, OCI_E_INVALID, rule, "'%s' is no RFC 3339 date-time", time);
}

int oci_check_digest(oci_decode *d, const char *text, size_t n, oci_digest *out)
{
    static const struct {
        const char *prefix, *rule;
    } registered[] = { { "sha256:", "digest.sha256.encoded" }, { "sha512:", "digest.sha512.encoded" } };
    const char *rule = NULL;
    oci_error why = OCI_ERROR_INIT;

    if (oci_digest_parse(text, n, out, &why) == 0)
        return 0;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < sizeof registered / sizeof registered[0]; i++)
        if (oci_starts_with(text, registered[i].prefix))
            rule = registered[i].rule;
    /* Only the registered algorithms have rules beyond the grammar. */
    if (rule == NULL && oci_digest_is_wellformed(text, n))
        return 0;
    return oci_decode_problem(d, OCI_E_INVALID, rule != NULL ? rule : "digest.grammar", "%s", why.msg);
}
