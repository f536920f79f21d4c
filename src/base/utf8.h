/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_UTF8_H
#define OCI_BASE_UTF8_H
/* UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <oci-image/text.h> /* oci_utf8_decode, oci_utf8_escape */

bool oci_utf8_is_valid(const char *s, size_t n);
/* Writes the sequence of code (not a surrogate, at most U+10FFFF) to out[4]; returns its length. */
size_t oci_utf8_encode(uint32_t code, char out[4]);

#endif
