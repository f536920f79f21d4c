/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_FAIL_H
#define OCI_BASE_FAIL_H
/*
 * Making errors. All functions return the code, so that "return oci_fail(...)" is one line; err may be NULL. Text from
 * outside (names, values) is made printable on the way in: control bytes and invalid UTF-8 become \xNN.
 */
#include <oci-image/error.h>

/* Sets code and text. */
int oci_fail(oci_error *err, int code, const char *fmt, ...) OCI_PRINTF(3, 4);
/* From errno: OCI_E_PERM for EPERM, EACCES and EROFS, OCI_E_NOMEM for ENOMEM, otherwise OCI_E_IO; the text is followed
 * by
 * ": " and the system's. Not for "not found": say that with oci_fail where it is the answer. */
int oci_fail_errno(oci_error *err, const char *fmt, ...) OCI_PRINTF(2, 3);
int oci_fail_nomem(oci_error *err);
/* What has failed before, or was kept back. */
int oci_fail_as(oci_error *err, const oci_error *why);
/* Puts "context: " before the text that is there; r is returned. Does nothing when r is not negative. */
int oci_wrap(oci_error *err, int r, const char *fmt, ...) OCI_PRINTF(3, 4);

#endif
