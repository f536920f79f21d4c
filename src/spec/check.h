/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_SPEC_CHECK_H
#define OCI_SPEC_CHECK_H
/* Rules that several documents share, as field checks and parts of them. */
#include <oci-image/mediatype.h>

#include "json/codec.h"

/* The value is a media type by RFC 6838; otherwise rule is broken at the place that is being decoded. */
int oci_check_type_name(oci_decode *d, const char *type, const char *rule);
/* The value is a media type of that kind, Docker's included. */
int oci_check_own_type(oci_decode *d, const char *type, oci_media_kind kind, const char *rule);
/* The value is a date-time by RFC 3339. */
int oci_check_time(oci_decode *d, const char *time, const char *rule);
/* Reads a digest at the place that is being decoded. One that fits the grammar, of an algorithm that image-spec does
 * not register and this library cannot read, is no problem: *out is then all zero. */
int oci_check_digest(oci_decode *d, const char *text, size_t n, oci_digest *out);

#endif
