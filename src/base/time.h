/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_TIME_H
#define OCI_BASE_TIME_H
/* Points in time as text. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether s is an RFC 3339 date-time: lower-case t and z and second 60 are allowed, a blank for the T is not. sec and
 * nsec (may be NULL) are set to the time since 1970-01-01T00:00:00Z. */
bool oci_time_parse_rfc3339(const char *s, size_t n, int64_t *sec, uint32_t *nsec);
enum { OCI_TIME_TEXT = 32 };
/* "YYYY-MM-DDThh:mm:ssZ" and a NUL; false for years outside 0 to 9999. */
bool oci_time_format_rfc3339(int64_t sec, char out[OCI_TIME_TEXT]);

#endif
