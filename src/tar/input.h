/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_TAR_INPUT_H
#define OCI_TAR_INPUT_H
/*
 * The source of an archive, cut into blocks and pieces. What lies inside one span of the source is never copied.
 * Everything given out is borrowed until the next call.
 */
#include "header.h"

typedef struct oci_tar_input {
    oci_reader *source; /* borrowed */
    oci_span span;      /* the source's, what is left of it */
    uint64_t position;  /* bytes given out so far */
    bool ended;
    unsigned char block[OCI_TAR_BLOCK_SIZE];
} oci_tar_input;

/* At most max bytes, at least one; len 0 is the end of the source. */
int oci_tar_input_some(oci_tar_input *in, uint64_t max, oci_span *out, oci_error *err);
/* The next block; *len is less than OCI_TAR_BLOCK_SIZE only where the source ends. */
int oci_tar_input_block(oci_tar_input *in, const unsigned char **out, size_t *len, oci_error *err);
/* Passes over n bytes; *missing is what the source did not have of them. */
int oci_tar_input_skip(oci_tar_input *in, uint64_t n, uint64_t *missing, oci_error *err);
/* Appends n bytes to out; *missing as above. */
int oci_tar_input_append(oci_tar_input *in, size_t n, oci_buf *out, uint64_t *missing, oci_error *err);

#endif
