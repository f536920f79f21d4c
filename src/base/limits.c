/* SPDX-License-Identifier: Apache-2.0 */
#include <oci-image/common.h>

oci_limits oci_limits_resolve(const oci_limits *in)
{
    oci_limits l = in != NULL ? *in : (oci_limits) { 0 };

    if (l.max_size == 0)
        l.max_size = UINT64_C(1) << 40;
    if (l.max_entries == 0)
        l.max_entries = 10000000;
    if (l.max_ratio == 0)
        l.max_ratio = 2048;
    if (l.max_depth == 0)
        l.max_depth = 64;
    if (l.max_document == 0)
        l.max_document = UINT64_C(4) << 20;
    return l;
}
