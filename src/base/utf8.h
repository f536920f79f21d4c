/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_UTF8_H
#define OCI_BASE_UTF8_H
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The length of the well-formed sequence at s[0..n), 0 when there is none; *code is set when it is not NULL. */
size_t oci_utf8_decode(const char *s, size_t n, uint32_t *code);
bool oci_utf8_is_valid(const char *s, size_t n);
/* Writes the sequence of code (not a surrogate, at most U+10FFFF) to out[4]; returns its length. */
size_t oci_utf8_encode(uint32_t code, char out[4]);
/* Copies s to out as one printable line and a NUL: control characters and invalid bytes become \xNN, a backslash stays.
 * Cut at a character and ended by "..." when cap (at least 1) is too small. Returns the length written. */
size_t oci_utf8_escape(const char *s, size_t n, char *out, size_t cap);

#endif
