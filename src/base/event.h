/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_EVENT_H
#define OCI_BASE_EVENT_H
/* Talking to the caller through oci_events; events and each of its members may be NULL. */
#include <oci-image/common.h>
#include <oci-image/error.h>

/* One line, made printable like the text of an error. */
void oci_warn(const oci_events *events, const char *fmt, ...) OCI_PRINTF(2, 3);
void oci_progress(const oci_events *events, const char *what, uint64_t done, uint64_t total);
/* OCI_E_CANCELLED when the caller wants to stop. */
int oci_check_cancelled(const oci_events *events, oci_error *err);

#endif
