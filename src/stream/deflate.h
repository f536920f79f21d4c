/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STREAM_DEFLATE_H
#define OCI_STREAM_DEFLATE_H
/* gzip by libdeflate, which compresses three to four times as fast as zlib, to other bytes; for builds that have it. */
#include "codec.h"

#ifdef OCI_HAVE_DEFLATE
extern const oci_encoder oci_libdeflate_encoder;
#define OCI_LIBDEFLATE_ENCODER &oci_libdeflate_encoder
#else
#define OCI_LIBDEFLATE_ENCODER NULL
#endif

#endif
