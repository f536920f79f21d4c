/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_IMAGE_TEXT_H
#define OCI_IMAGE_TEXT_H
/*
 * Showing text from outside. Names in an image may hold anything: bytes that are no UTF-8, and characters that a
 * terminal acts on.
 */
#include <oci-image/common.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The length of the well-formed UTF-8 sequence (RFC 3629) at s[0..n), 0 when there is none; *code is set when it is not
 * NULL. */
OCI_API size_t oci_utf8_decode(const char *s, size_t n, uint32_t *code);
/* Copies s to out as one printable line and a NUL: control characters and invalid bytes become \xNN, a backslash stays.
 * Cut at a character and ended by "..." when cap (at least 1; 4 * n + 1 always suffices) is too small. Returns the
 * length written. */
OCI_API size_t oci_utf8_escape(const char *s, size_t n, char *out, size_t cap);

#ifdef __cplusplus
}
#endif
#endif
