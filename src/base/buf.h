/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_BASE_BUF_H
#define OCI_BASE_BUF_H
/* Filling an oci_buf (common.h). A failed call leaves the contents as they were. */
#include <oci-image/common.h>
#include <oci-image/error.h>

int oci_buf_append(oci_buf *buf, const void *p, size_t n, oci_error *err);
int oci_buf_puts(oci_buf *buf, const char *s, oci_error *err);
int oci_buf_putc(oci_buf *buf, char c, oci_error *err);
/* n in base (2 to 10), with zeros in front to at least width digits, of which there are 20 at most: for texts of which
 * there are too many for printf. */
int oci_buf_put_number(oci_buf *buf, uint64_t n, unsigned base, unsigned width, oci_error *err);
int oci_buf_printf(oci_buf *buf, oci_error *err, const char *fmt, ...) OCI_PRINTF(3, 4);
/* Makes room for n more bytes and a NUL; they may then be written at buf->data + buf->len and added to len. */
int oci_buf_reserve(oci_buf *buf, size_t n, oci_error *err);

#endif
