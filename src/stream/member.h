/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STREAM_MEMBER_H
#define OCI_STREAM_MEMBER_H
/* The members of gzip (RFC 1952) that we write, whoever makes or reads the DEFLATE data in them. */
#include "codec.h"

enum { OCI_MEMBER_HEADER = 20, OCI_MEMBER_TRAILER = 8 };

/* Makes a whole member of the n bytes of DEFLATE data at out + OCI_MEMBER_HEADER, which stand for size bytes with the
 * CRC-32 sum, and returns its length. There is room for the trailer. */
size_t oci_member_close(unsigned char *out, size_t n, uint32_t sum, size_t size);

extern const oci_outline oci_member_outline;

#endif
