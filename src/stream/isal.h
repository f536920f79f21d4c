/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STREAM_ISAL_H
#define OCI_STREAM_ISAL_H
/* gzip by ISA-L, two to three times as fast as by zlib; for builds that have it. */
#include "codec.h"

#ifdef OCI_HAVE_ISAL
extern const oci_decoder oci_isal_decoder;
#define OCI_ISAL_DECODER &oci_isal_decoder
#else
#define OCI_ISAL_DECODER NULL
#endif

#endif
