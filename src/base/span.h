/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_SPAN_H
#define OCI_BASE_SPAN_H
#include <oci-image/common.h>

/* What is left of a span without its first n bytes, which it has. */
static inline oci_span oci_span_behind(oci_span span, size_t n)
{
    return n > 0 ? (oci_span) { (const char *)span.data + n, span.len - n } : span;
}

#endif
