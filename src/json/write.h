/* SPDX-License-Identifier: Apache-2.0 */
#ifndef OCI_JSON_WRITE_H
#define OCI_JSON_WRITE_H
/*
 * Writing JSON piece by piece. The first failure is kept and makes the calls after it do nothing, so that only the
 * result of the end is looked at.
 */
#include "json.h"

typedef struct oci_json_writer {
    oci_buf *out;
    oci_error *err;
    size_t start; /* out->len at the beginning: a failed writer takes everything back */
    size_t depth;
    int result;
    oci_print_style style;
    bool empty; /* nothing is in the innermost object or array */
} oci_json_writer;

/* Borrows both. */
oci_json_writer oci_json_writer_new(oci_print_style style, oci_buf *out, oci_error *err);
void oci_json_write_begin(oci_json_writer *w, char bracket); /* '{' or '[' */
void oci_json_write_end(oci_json_writer *w, char bracket);
void oci_json_write_item(oci_json_writer *w);                   /* before each item of an array */
void oci_json_write_name(oci_json_writer *w, const char *name); /* before each value of an object */
void oci_json_write_string(oci_json_writer *w, const char *s, size_t n);
void oci_json_write_text(oci_json_writer *w, const char *s); /* a number or word */
void oci_json_write_value(oci_json_writer *w, const oci_value *v);
/* The result; ends the text. */
int oci_json_writer_finish(oci_json_writer *w);

#endif
