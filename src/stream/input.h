/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_STREAM_INPUT_H
#define OCI_STREAM_INPUT_H
/*
 * The input side of a stage that does not consume span by span: bytes are looked at first and skipped when used. They
 * are copied only where a look must reach across spans.
 */
#include "stream.h"

enum { OCI_INPUT_PEEK = 512 };

typedef struct oci_input {
    oci_reader *src;
    uint64_t consumed;
    oci_span held; /* in head; comes before span */
    oci_span span; /* what is left of the last span of src */
    unsigned char head[OCI_INPUT_PEEK];
} oci_input;

/* The next bytes in one piece: at least n (at most OCI_INPUT_PEEK), fewer only before the end; with n 0 what is at
 * hand, without reading. Borrowed until the next call. */
int oci_input_peek(oci_input *in, size_t n, oci_span *out, oci_error *err);
/* Consumes n bytes of what the last peek has shown. */
void oci_input_skip(oci_input *in, size_t n);

#endif
