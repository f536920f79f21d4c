/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_TEXT_H
#define OCI_BASE_TEXT_H
/* Small things with text. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool oci_starts_with(const char *s, const char *prefix);
bool oci_ends_with(const char *s, const char *suffix);
/* ASCII only, whatever the locale. */
bool oci_equal_nocase(const char *a, const char *b);

/* The value of a hexadecimal digit in either case, -1 for anything else. */
int oci_hex_digit(char c);
/* Writes 2 * n lower-case digits and a NUL. */
void oci_hex_encode(const void *p, size_t n, char *out);
/* Reads exactly 2 * n lower-case digits; false on anything else. */
bool oci_hex_decode(const char *s, size_t len, void *out, size_t n);

/* The characters that n bytes become, padding included; 0 when there are too many to count. */
size_t oci_base64_length(size_t n);
/* Writes oci_base64_length(n) characters of RFC 4648 section 4 and a NUL. */
void oci_base64_encode(const void *p, size_t n, char *out);
/* The bytes that n characters of padded base64 hold at most. */
size_t oci_base64_max(size_t n);
/* RFC 4648 section 4, strictly: padded, no other characters, unused bits zero. out holds oci_base64_max(n) bytes. */
bool oci_base64_decode(const char *s, size_t n, void *out, size_t *len);

#endif
